/* globals.c: what Lua code may call: the base functions that the sandbox replaces, and the two environments.
 *
 * The library (prelude/) runs in Lua's own global table, model files in a copy of it with copies of math, string and
 * table: what a model writes over is its own. Methods of strings come from the tables of whoever calls them. The
 * library's pairs takes tables as they are; a model's knows __pairs.
 *
 * Left out are io, os, debug, coroutine, load; string functions that take a pattern (a pattern can backtrack for ever
 * inside C, where no hook runs); finalizers (hooks are off in them). Addresses never become text and tables are walked
 * in sorted order: same source, same output. What loops in C counts as if it were instructions (sandbox_charge). */
#include "vm.h"

#include <stdlib.h>

enum { REPEAT_MAX = 16 << 20, LIST_MAX = 100000000 };

/* pcall and xpcall of the base library, but the front's own stacks are put back when an error passes through. */
static int guarded(lua_State *L) {
  Front *f = front_of(L);
  Trace *trace = f->trace;
  int located = f->located.n;
  f->steps += 200; /* what a caught error costs, in instructions */
  luaL_checkany(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  f->trace = trace;
  f->located.n = located;
  return lua_gettop(L);
}

/* ---- base functions that are replaced ---- */
static int sandbox_setmetatable(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
  static const char *const refused[] = {"__gc", "__mode"};
  for (int i = 0; lua_istable(L, 2) && i < 2; ++i) {
    lua_pushstring(L, refused[i]);
    if (lua_rawget(L, 2) != LUA_TNIL) user_error(place_call(L), MSG_sandbox_metafield, refused[i]);
    lua_pop(L, 1);
  }
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return luaL_error(L, "cannot change a protected metatable");
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

/* As tostring, without addresses. */
static int sandbox_tostring(lua_State *L) {
  luaL_checkany(L, 1);
  int type = lua_type(L, 1);
  if (type == LUA_TTABLE || type == LUA_TUSERDATA) {
    Object *object = place_object(L, 1);
    if (object) return lua_pushstring(L, object->kind), 1;
    if (luaL_callmeta(L, 1, "__tostring")) return 1;
  }
  if (type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA || type == LUA_TLIGHTUSERDATA)
    return lua_pushstring(L, lua_typename(L, type)), 1;
  luaL_tolstring(L, 1, NULL);
  return 1;
}

static int sandbox_print(lua_State *L) {
  int n = lua_gettop(L);
  for (int i = 1; i <= n; ++i) {
    lua_pushcfunction(L, sandbox_tostring);
    lua_pushvalue(L, i);
    lua_call(L, 1, 1);
    fprintf(stderr, "%s%s", i > 1 ? "\t" : "", lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  fputc('\n', stderr);
  return 0;
}

static int sandbox_rep(lua_State *L) {
  size_t n, separator = 0;
  luaL_checklstring(L, 1, &n);
  lua_Integer times = luaL_checkinteger(L, 2);
  luaL_optlstring(L, 3, "", &separator);
  if (times > 0 && (size_t)times > REPEAT_MAX / (n + separator + 1))
    user_error(place_call(L), MSG_sandbox_repeat, REPEAT_MAX >> 20);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

static int sandbox_format(lua_State *L) {
  const char *format = luaL_checkstring(L, 1);
  for (const char *p = strchr(format, '%'); p; p = strchr(p + 2, '%')) {
    while (p[1] && strchr("-+ #0123456789.", p[1])) ++p;
    if (p[1] == 'p') user_error(place_call(L), MSG_sandbox_missing, "string.format's %p");
    if (!p[1]) break;
  }
  for (int i = 2, n = lua_gettop(L); i <= n; ++i) {
    if (lua_type(L, i) == LUA_TNUMBER || lua_type(L, i) == LUA_TSTRING) continue;
    lua_pushcfunction(L, sandbox_tostring);
    lua_pushvalue(L, i);
    lua_call(L, 1, 1);
    lua_replace(L, i);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

/* string.find with plain text only. At worst the whole pattern is compared at every place, 64 bytes a step. */
static int sandbox_find(lua_State *L) {
  size_t n, pattern;
  lua_Integer from = luaL_optinteger(L, 3, 1);
  luaL_checklstring(L, 1, &n);
  luaL_checklstring(L, 2, &pattern);
  if (n > pattern) sandbox_charge(L, (long long)((double)(n - pattern) * (double)pattern / 64));
  lua_settop(L, 2);
  lua_pushinteger(L, from);
  lua_pushboolean(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 4, 2);
  return 2;
}

/* Functions of table: their loops run in C, where no hook counts, so lengths are bounded first and the work is charged.
 * What appends or takes the last element is no loop; a sort of n compares about 20 n times, five steps each. */
static int sandbox_table(lua_State *L) {
  const char *name = lua_tostring(L, lua_upvalueindex(2));
  bool ends = !strcmp(name, "insert") ? lua_gettop(L) < 3 : !strcmp(name, "remove") && lua_gettop(L) < 2;
  lua_Integer n = lua_istable(L, 1) ? luaL_len(L, 1) : 0;
  if (n > LIST_MAX) user_error(place_call(L), MSG_sandbox_steps);
  for (int i = 2; i <= lua_gettop(L); ++i) {
    if (!lua_isinteger(L, i)) continue;
    lua_Integer at = lua_tointeger(L, i);
    if (at > LIST_MAX || at < -LIST_MAX) user_error(place_call(L), MSG_sandbox_steps);
  }
  if (!ends && n > 0) sandbox_charge(L, !strcmp(name, "sort") ? 100 * n : n);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int sandbox_randomseed(lua_State *L) {
  luaL_checkany(L, 1); /* without one Lua would take the time */
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}

/* ---- pairs and next in sorted order ---- */
typedef struct Key {
  int rank; /* numbers, strings, false, true, then objects */
  double number;
  const char *text;
  size_t n;
  int index; /* in the list on the stack */
} Key;

static Key key_of(lua_State *L, int index) {
  Key k = {.rank = 5};
  Object *object;
  switch (lua_type(L, index)) {
  case LUA_TNUMBER: k.rank = 0, k.number = lua_tonumber(L, index); break;
  case LUA_TSTRING: k.rank = 1, k.text = lua_tolstring(L, index, &k.n); break;
  case LUA_TBOOLEAN: k.rank = 2, k.number = lua_toboolean(L, index); break;
  case LUA_TTABLE:
  case LUA_TUSERDATA:
    object = place_object(L, index);
    if (object)
      k.rank = 3, k.number = object->id;
    else if (handle_test(L, index))
      k.rank = 3, k.number = handle_test(L, index)->serial;
    break;
  default: break;
  }
  if (k.rank > 3) user_error(place_call(L), MSG_pairs_key, value_kind(L, index));
  return k;
}

static int key_compare(const void *x, const void *y) {
  const Key *a = x, *b = y;
  if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
  if (a->rank != 1) return a->number < b->number ? -1 : a->number > b->number;
  int c = memcmp(a->text, b->text, a->n < b->n ? a->n : b->n);
  return c ? c : a->n < b->n ? -1 : a->n > b->n;
}

static int pairs_step(lua_State *L) {
  lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
  for (;;) {
    lua_pushinteger(L, ++i);
    lua_copy(L, -1, lua_upvalueindex(2));
    lua_pop(L, 1);
    if (lua_rawgeti(L, lua_upvalueindex(1), i) == LUA_TNIL) return 1;
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 1) != LUA_TNIL) return 2;
    lua_pop(L, 2);
  }
}

/* Pushes the list of the keys of the table at index 1, sorted. */
static void push_sorted_keys(lua_State *L) {
  int n = 0, list;
  lua_newtable(L);
  list = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_rawseti(L, list, ++n);
  }
  sandbox_charge(L, 100LL * n); /* as a sort */
  Key *keys = lua_newuserdatauv(L, sizeof(Key) * (size_t)(n + 1), 0);
  for (int i = 0; i < n; ++i) {
    lua_rawgeti(L, list, i + 1);
    keys[i] = key_of(L, -1);
    keys[i].index = i + 1;
    lua_pop(L, 1); /* the table keeps it alive */
  }
  qsort(keys, (size_t)n, sizeof *keys, key_compare);
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; ++i) {
    lua_rawgeti(L, list, keys[i].index);
    lua_rawseti(L, -2, i + 1);
  }
  lua_replace(L, list);
  lua_settop(L, list);
}

static int raw_pairs(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  push_sorted_keys(L);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, pairs_step, 2);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

int globals_pairs(lua_State *L) {
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") == LUA_TNIL) return raw_pairs(L);
  lua_pushvalue(L, 1);
  lua_call(L, 1, 3);
  return 3;
}

/* The least key above the one given: the same order as pairs. */
static int sandbox_next(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  bool first = lua_isnil(L, 2), found = false;
  Key after = {0}, least = {0};
  if (!first) after = key_of(L, 2);
  lua_pushnil(L); /* 3: the least key */
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    sandbox_charge(L, 10);
    Key k = key_of(L, -2);
    if (!first && key_compare(&k, &after) <= 0) continue;
    if (found && key_compare(&k, &least) >= 0) continue;
    least = k;
    found = true;
    lua_pushvalue(L, -2);
    lua_replace(L, 3);
  }
  if (!found) return lua_pushnil(L), 1;
  lua_settop(L, 3);
  lua_pushvalue(L, 3);
  lua_rawget(L, 1);
  return 2;
}

/* ---- what is left out is named when it is asked for ---- */
static int missing_global(lua_State *L) {
  static const char *const left_out[] = {"io",       "os",   "debug",  "coroutine",  "utf8",   "package",       "load",
                                         "loadfile", "warn", "dofile", "loadstring", "module", "collectgarbage"};
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  const char *name = lua_tostring(L, 2);
  for (size_t i = 0; i < sizeof left_out / sizeof *left_out; ++i)
    if (!strcmp(name, left_out[i])) user_error(place_call(L), MSG_sandbox_missing, name);
  return 0;
}

static int missing_string(lua_State *L) {
  static const char *const left_out[] = {"match", "gmatch", "gsub", "dump", "pack", "unpack", "packsize"};
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  const char *name = lua_tostring(L, 2);
  for (size_t i = 0; i < sizeof left_out / sizeof *left_out; ++i)
    if (!strcmp(name, left_out[i]))
      user_error(place_call(L), MSG_sandbox_missing, lua_pushfstring(L, "string.%s", name));
  return 0;
}

static void lock(lua_State *L, lua_CFunction index) { /* the table at the top gets a metatable */
  lua_newtable(L);
  lua_pushcfunction(L, index);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}

/* table.name = closure(function over the old one and its name) */
static void wrap(lua_State *L, const char *name, lua_CFunction function) {
  lua_getfield(L, -1, name);
  lua_pushstring(L, name);
  lua_pushcclosure(L, function, 2);
  lua_setfield(L, -2, name);
}

static void drop(lua_State *L, const char *const *names) {
  for (; *names; ++names) {
    lua_pushnil(L);
    lua_setfield(L, -2, *names);
  }
}

static void globals_base(lua_State *L) {
  static const luaL_Reg base[] = {{"require", sandbox_require},
                                  {"setmetatable", sandbox_setmetatable},
                                  {"tostring", sandbox_tostring},
                                  {"print", sandbox_print},
                                  {"pairs", raw_pairs},
                                  {"next", sandbox_next},
                                  {NULL, NULL}};
  static const char *const dropped[] = {"dofile", "loadfile", "load", "collectgarbage", "warn", NULL};
  lua_pushglobaltable(L);
  drop(L, dropped);
  luaL_setfuncs(L, base, 0);
  wrap(L, "pcall", guarded);
  wrap(L, "xpcall", guarded);
  lua_pop(L, 1);
}

static void globals_string(lua_State *L) {
  static const char *const dropped[] = {"match", "gmatch", "gsub", "dump", "pack", "unpack", "packsize", NULL};
  lua_getglobal(L, "string");
  drop(L, dropped);
  wrap(L, "rep", sandbox_rep);
  wrap(L, "format", sandbox_format);
  wrap(L, "find", sandbox_find);
  lua_pop(L, 1);
}

/* ---- the model's own copies ---- */
static void push_copy(lua_State *L, const char *name) { /* of a global table; "_G": of all */
  lua_getglobal(L, name);
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, -3);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_settable(L, -4);
  }
  lua_remove(L, -2);
}

/* A method of a string is looked for in the string table of the code that asks: a model's, or the library's. */
static int string_method(lua_State *L) { /* upvalues: both tables */
  lua_Debug ar;
  bool model = lua_getstack(L, 1, &ar) && lua_getinfo(L, "S", &ar) && *ar.source == '@';
  lua_settop(L, 2);
  lua_gettable(L, lua_upvalueindex(model ? 1 : 2));
  return 1;
}

static void string_methods(lua_State *L) { /* the model's string table is on the top */
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushvalue(L, -3);
  lua_getglobal(L, "string");
  lua_pushcclosure(L, string_method, 2);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
}

static void globals_model(lua_State *L) {
  push_copy(L, "_G");
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "_G");
  lua_pushcfunction(L, globals_pairs);
  lua_setfield(L, -2, "pairs");
  push_copy(L, "math");
  lua_setfield(L, -2, "math");
  push_copy(L, "table");
  lua_setfield(L, -2, "table");
  push_copy(L, "string");
  lock(L, missing_string);
  string_methods(L);
  lua_setfield(L, -2, "string");
  lock(L, missing_global);
  lua_setfield(L, LUA_REGISTRYINDEX, "environment");
}

void globals_open(lua_State *L) {
  static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},
                                       {"math", luaopen_math},
                                       {"string", luaopen_string},
                                       {"table", luaopen_table},
                                       {NULL, NULL}};
  static const char *const lists[] = {"concat", "insert", "move", "remove", "sort", "unpack", NULL};
  for (const luaL_Reg *l = libraries; l->name; ++l) {
    luaL_requiref(L, l->name, l->func, 1);
    lua_pop(L, 1);
  }
  globals_base(L);
  globals_string(L);
  lua_getglobal(L, "table");
  for (const char *const *name = lists; *name; ++name) wrap(L, *name, sandbox_table);
  lua_pop(L, 1);
  lua_getglobal(L, "math");
  lua_getfield(L, -1, "randomseed"); /* Lua starts from address and time */
  lua_pushinteger(L, 0);
  lua_call(L, 1, 0);
  wrap(L, "randomseed", sandbox_randomseed);
  lua_pop(L, 1);
  lua_newtable(L);
  lua_setfield(L, LUA_REGISTRYINDEX, "loaded");
  globals_model(L);
}
