/* sandbox.c: the Lua state that a model file runs in, its limits, and the files that it may load.
 *
 * A model is untrusted input to the compiler: it may fail, but it may not touch the machine, run for ever, fill the
 * memory, or depend on anything but its own text; globals.c says what it may call. Memory comes from the run's arena
 * through size classes; instructions and calls are counted by a hook, and going over a limit leaves Lua by the
 * diagnostics' own jump, which pcall cannot catch. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "vm.h"

#include <errno.h>
#include <stdlib.h>

/* CALL_STEPS: what a call costs in instructions, as functions in C are not counted within. */
enum { MEMORY_MAX = 512 << 20, HOOK_STEP = 100000, CALL_STEPS = 50 };
static const long long STEPS_MAX = 2000000000;
static const size_t CHURN_MAX = (size_t)64 << 30;

/* ---- memory: multiples of 16 up to 1 KiB, then powers of two; freed blocks are kept by class ---- */
static int size_class(size_t n, size_t *bytes) {
  if (n <= 1024) {
    int c = (int)((n + 15) / 16);
    *bytes = (size_t)c * 16;
    return c;
  }
  int c = 65;
  size_t size = 2048;
  for (; size < n; size *= 2) ++c;
  *bytes = size;
  return c;
}

static void *sandbox_take(Front *f, size_t n) {
  size_t bytes;
  int c = size_class(n, &bytes);
  if (f->live + bytes > MEMORY_MAX) { /* Lua collects garbage and asks again; the second no unwinds its stack */
    if (f->L) f->exhausted = place_line(f->L);
    return NULL;
  }
  f->live += bytes;
  f->churn += bytes;
  void *p = f->free_list[c];
  if (!p) return arena_alloc(f->arena, bytes);
  memcpy(&f->free_list[c], p, sizeof(void *));
  return p;
}

static void sandbox_give(Front *f, void *p, size_t n) {
  size_t bytes;
  int c = size_class(n, &bytes);
  f->live -= bytes;
  memcpy(p, &f->free_list[c], sizeof(void *));
  f->free_list[c] = p;
}

static void *sandbox_alloc(void *context, void *p, size_t old, size_t n) {
  Front *f = context;
  if (!p) return n ? sandbox_take(f, n) : NULL;
  if (!n) {
    if (old) sandbox_give(f, p, old);
    return NULL;
  }
  size_t had, want;
  if (size_class(old, &had) == size_class(n, &want)) return p;
  void *fresh = sandbox_take(f, n);
  if (!fresh) return n <= had ? p : NULL; /* Lua counts on shrinking never to fail */
  memcpy(fresh, p, old < n ? old : n);
  sandbox_give(f, p, old);
  return fresh;
}

void sandbox_out_of_memory(Front *f) {
  user_error(f->exhausted.file ? f->exhausted : (Loc){f->options->path, 0, NULL}, MSG_sandbox_memory, MEMORY_MAX >> 20);
}

/* Counts work that is done in C, where no hook runs, as if it were instructions. */
void sandbox_charge(lua_State *L, long long steps) {
  Front *f = front_of(L);
  f->steps += steps;
  if (f->steps > STEPS_MAX || f->churn > CHURN_MAX) user_error(place_call(L), MSG_sandbox_steps);
}

static void sandbox_hook(lua_State *L, lua_Debug *ar) {
  sandbox_charge(L, ar->event == LUA_HOOKCOUNT ? HOOK_STEP : CALL_STEPS);
}

/* ---- errors that Lua raises: uncaught ones become diagnostics while the stack still stands ---- */

/* Cuts the "model.lua:5: " that Lua puts in front: the diagnostic says the place itself. */
static const char *without_place(const char *text) {
  for (const char *p = strchr(text, ':'); p; p = strchr(p + 1, ':')) {
    char *end;
    strtol(p + 1, &end, 10);
    if (end > p + 1 && end[0] == ':' && end[1] == ' ') return end + 2;
  }
  return text;
}

static int error_line(const char *text) {
  for (const char *p = strchr(text, ':'); p; p = strchr(p + 1, ':')) {
    char *end;
    long line = strtol(p + 1, &end, 10);
    if (end > p + 1 && end[0] == ':' && end[1] == ' ') return (int)line;
  }
  return 0;
}

/* Where in the library the error rose: the nearest Lua function is one of its chunks ("=nn/optim"). NULL: in the model.
 */
static const char *library_place(lua_State *L) {
  lua_Debug ar;
  for (int level = 0; lua_getstack(L, level, &ar); ++level) {
    lua_getinfo(L, "Sl", &ar);
    if (*ar.what == 'C') continue;
    return ar.source[0] == '=' ? lua_pushfstring(L, "%s.lua:%d", ar.short_src, ar.currentline) : NULL;
  }
  return NULL;
}

int sandbox_handler(lua_State *L) {
  const char *text = lua_tostring(L, 1);
  Loc loc = place_call(L);
  place_notes(L);
  if (!text) user_error(loc, MSG_lua_error_value, value_kind(L, 1));
  const char *library = library_place(L);
  if (library) user_error(loc, MSG_lua_error_library, without_place(text), library);
  user_error(loc, MSG_lua_error, without_place(text));
}

/* ---- model files ---- */
static const char deep_text[] = "C stack overflow"; /* Lua's words */

/* What stands before the Lua of a file, as lua itself skips it: a byte order mark, and a first line that begins with #.
 * The line's end stays, so that lines keep their numbers. */
static size_t text_begin(const char *text, size_t n) {
  size_t at = n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
  if (at < n && text[at] == '#')
    while (at < n && text[at] != '\n') ++at;
  return at;
}

/* The line where a text is nested too deeply for the parser, which does not say it: that of the shortest part, in whole
 * lines, that is. */
static int deep_line(lua_State *L, const char *text, size_t n) {
  VEC(size_t) end = {0}; /* of each line */
  for (size_t i = 0; i < n; ++i)
    if (text[i] == '\n' || i + 1 == n) vec_push(front_of(L)->arena, end, i + 1);
  int low = 0, high = end.n - 1; /* high: deep */
  while (low < high) {
    int middle = low + (high - low) / 2;
    luaL_loadbufferx(L, text, end.at[middle], "=", "t");
    const char *why = lua_tostring(L, -1);
    if (why && strstr(why, deep_text))
      high = middle;
    else
      low = middle + 1;
    lua_pop(L, 1);
  }
  return high + 1;
}

/* The chunk's name is "@path": place.c takes it for the user's code. Its globals are the model's. */
void sandbox_load(Front *f, const char *path, Loc from) {
  size_t n;
  char *text = file_read(f->arena, path, &n);
  if (!text) user_error(from, MSG_model_unreadable, path, strerror(errno));
  char *stable = map_get(&f->sources, path);
  if (!stable) map_put(&f->sources, path, stable = arena_strdup(f->arena, path));
  diag_source(stable, text, n);
  lua_State *L = f->L;
  size_t begin = text_begin(text, n);
  int status = luaL_loadbufferx(L, text + begin, n - begin, arena_printf(f->arena, "@%s", path), "t");
  if (status == LUA_ERRMEM) f->exhausted = (Loc){stable, 0, NULL}, sandbox_out_of_memory(f);
  if (status == LUA_OK) {
    lua_getfield(L, LUA_REGISTRYINDEX, "environment");
    lua_setupvalue(L, -2, 1);
    return;
  }
  const char *why = lua_tostring(L, -1);
  if (n && text[0] == '\x1b') user_error((Loc){stable, 0, NULL}, MSG_lua_binary);
  int line = strcmp(why, deep_text) ? error_line(why) : deep_line(L, text + begin, n - begin);
  user_error((Loc){stable, line, NULL}, MSG_lua_syntax, without_place(why));
}

/* "layers.block" is layers/block.lua beside the model. NULL: a name that could lead out of that folder. */
static const char *module_path(Front *f, const char *name) {
  if (!*name || strstr(name, "..") || *name == '.' || strlen(name) > 200) return NULL;
  const char *model = f->options->path, *slash = strrchr(model, '/');
  char *relative = arena_strdup(f->arena, name);
  for (char *p = relative; *p; ++p) {
    if (*p == '.') *p = '/';
    if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_' || *p == '/'))
      return NULL;
  }
  if (*relative == '/') return NULL;
  return arena_printf(f->arena, "%.*s%s.lua", slash ? (int)(slash - model + 1) : 0, model, relative);
}

/* Does the file, whatever links lead to it, lie in the model's folder or below? One that is not there is told later. */
static bool module_inside(const Front *f, const char *path) {
  const char *model = f->options->path, *slash = strrchr(model, '/');
  char *folder = realpath(slash ? arena_strndup(f->arena, model, (size_t)(slash - model + 1)) : ".", NULL);
  char *file = realpath(path, NULL);
  size_t n = folder ? strlen(folder) : 0;
  if (n && folder[n - 1] == '/') --n; /* the root */
  bool inside = !file || (folder && !strncmp(file, folder, n) && file[n] == '/');
  free(folder);
  free(file);
  return inside;
}

int sandbox_require(lua_State *L) {
  Front *f = front_of(L);
  const char *name = luaL_checkstring(L, 1);
  lua_getfield(L, LUA_REGISTRYINDEX, "loaded");
  if (lua_getfield(L, -1, name) != LUA_TNIL) {
    if (lua_islightuserdata(L, -1)) user_error(place_call(L), MSG_require_cycle, name);
    return 1;
  }
  const char *path = module_path(f, name);
  if (!path) user_error(place_call(L), MSG_require_name, name);
  if (!module_inside(f, path)) user_error(place_call(L), MSG_require_outside, path);
  lua_pushlightuserdata(L, f); /* while it runs */
  lua_setfield(L, -3, name);
  sandbox_load(f, path, place_call(L));
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
  lua_pushvalue(L, -1);
  lua_setfield(L, -4, name);
  return 1;
}

lua_State *sandbox_new(Front *f) {
  lua_State *L = lua_newstate(sandbox_alloc, f);
  if (!L) sandbox_out_of_memory(f);
  *(Front **)lua_getextraspace(L) = f;
  lua_sethook(L, sandbox_hook, LUA_MASKCOUNT | LUA_MASKCALL, HOOK_STEP);
  return L;
}
