/* prelude.c: runs the library, the files of front/prelude, which the build embeds (embed.cmake), and closes it: every
 * Lua function of `nn` and every method becomes a C closure that knows its public name (place.c says why).
 *
 * Each file is a chunk called with (nn, core). Models get a view of `nn`: what they raw-set in it is theirs alone, the
 * library goes on with its own table. Names that `nn` does not have raise an error with the nearest one. */
#include "vm.h"

typedef struct PreludeFile {
  const char *name;
  const unsigned char *text;
  size_t n;
} PreludeFile;
extern const PreludeFile prelude_files[];
extern const int prelude_count;

/* Wraps the functions in the table at the index; what lies in its tables too, down to the depth given. */
static void wrap_table(lua_State *L, int index, const char *prefix, int depth) {
  Front *f = front_of(L);
  luaL_checkstack(L, 8, NULL);
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) continue;
    const char *key = lua_tostring(L, -2);
    if (lua_istable(L, -1) && depth > 0) {
      wrap_table(L, lua_gettop(L), arena_printf(f->arena, "%s%s.", prefix, key), depth - 1);
    } else if (lua_isfunction(L, -1) && !lua_iscfunction(L, -1)) {
      lua_pushvalue(L, -2);
      lua_pushvalue(L, -2);
      lua_pushlightuserdata(L, arena_printf(f->arena, "%s%s", prefix, key));
      lua_pushcclosure(L, place_enter, 2);
      lua_settable(L, index);
    }
  }
}

/* ---- views: upvalue 1 is the name ("nn", "nn.data" …), 2 the table behind ---- */
static int view_index(lua_State *L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
  Front *f = front_of(L);
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : value_kind(L, 2);
  VEC(const char *) names = {0};
  for (; lua_next(L, lua_upvalueindex(2)); lua_pop(L, 1))
    if (lua_type(L, -2) == LUA_TSTRING) vec_push(f->arena, names, lua_tostring(L, -2));
  const char *near = diag_nearest(name, names.at, names.n);
  front_fail(L, place_call(L), MSG_nn_unknown, lua_tostring(L, lua_upvalueindex(1)), name,
             near ? arena_printf(f->arena, " (did you mean %s.%s?)", lua_tostring(L, lua_upvalueindex(1)), near) : "",
             "");
}

static int view_pairs(lua_State *L) {
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(2));
  return globals_pairs(L);
}

static int sealed(lua_State *L) {
  front_fail(L, place_call(L), MSG_nn_sealed, lua_tostring(L, lua_upvalueindex(1)), "", "", "");
}

static void view_event(lua_State *L, const char *event, const char *name, lua_CFunction function) {
  lua_pushstring(L, name);
  lua_pushvalue(L, -3);
  lua_pushcclosure(L, function, 2);
  lua_setfield(L, -2, event);
}

static void push_view(lua_State *L, const char *name) { /* in place of the table on the top */
  lua_newtable(L);
  view_event(L, "__index", name, view_index);
  view_event(L, "__newindex", name, sealed);
  view_event(L, "__pairs", name, view_pairs);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_newtable(L);
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
  lua_replace(L, -2);
}

/* Pushes what models get of the table `nn` at the index. */
static void push_public(lua_State *L, int nn) {
  lua_newtable(L);
  int copy = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, nn);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    if (lua_istable(L, -1)) push_view(L, arena_printf(front_of(L)->arena, "nn.%s", lua_tostring(L, -2)));
    lua_rawset(L, copy);
  }
  push_view(L, "nn");
}

static void run_file(lua_State *L, const PreludeFile *file, int nn) {
  if (luaL_loadbufferx(L, (const char *)file->text, file->n, lua_pushfstring(L, "=nn/%s", file->name), "t") != LUA_OK)
    bug("the library: %s", lua_tostring(L, -1));
  lua_pushvalue(L, nn);
  lua_pushvalue(L, nn + 1);
  lua_call(L, 2, 0);
  lua_settop(L, nn + 1);
}

void prelude_open(lua_State *L) {
  lua_newtable(L);
  int nn = lua_gettop(L);
  core_open(L);
  for (int i = 0; i < prelude_count; ++i) run_file(L, &prelude_files[i], nn);
  wrap_table(L, nn, "nn.", 1);
  lua_getfield(L, nn + 1, "methods");
  wrap_table(L, nn + 2, "nn.", 0);
  push_public(L, nn);
  lua_replace(L, nn);
  lua_settop(L, nn);
}
