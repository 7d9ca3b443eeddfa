/* prelude.c: runs the library, the files of front/prelude, which the build embeds (embed.cmake), and closes it: every
 * Lua function of `nn` and every method becomes a C closure that knows its public name (place.c says why).
 *
 * Each file is a chunk called with (nn, core). Names that `nn` does not have raise an error with the nearest one. */
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

static int missing_name(lua_State *L) { /* upvalue 1: "nn", "nn.data" … */
  Front *f = front_of(L);
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : value_kind(L, 2);
  VEC(const char *) names = {0};
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
    if (lua_type(L, -2) == LUA_TSTRING) vec_push(f->arena, names, lua_tostring(L, -2));
  const char *near = diag_nearest(name, names.at, names.n);
  front_fail(L, place_call(L), MSG_nn_unknown, lua_tostring(L, lua_upvalueindex(1)), name,
             near ? arena_printf(f->arena, " (did you mean %s.%s?)", lua_tostring(L, lua_upvalueindex(1)), near) : "",
             "");
}

static int sealed(lua_State *L) {
  front_fail(L, place_call(L), MSG_nn_sealed, lua_tostring(L, lua_upvalueindex(1)), "", "", "");
}

static void seal(lua_State *L, const char *name) { /* the table on the top */
  lua_newtable(L);
  lua_pushstring(L, name);
  lua_pushcclosure(L, missing_name, 1);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_pushcclosure(L, sealed, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
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
  static const char *const inner[] = {"data", "random", "init"};
  for (int i = 0; i < 3; ++i) {
    lua_getfield(L, nn, inner[i]);
    seal(L, arena_printf(front_of(L)->arena, "nn.%s", inner[i]));
    lua_pop(L, 1);
  }
  lua_settop(L, nn);
  seal(L, "nn");
}
