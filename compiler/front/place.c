/* place.c: which line of the model is running, and through which library function.
 *
 * Every node carries a place. Walking the Lua stack outwards, the first of these decides:
 *   - a frame of the user's code (a chunk loaded from a file): its current line;
 *   - a call on behalf of a library object (a layer's forward, an optimizer's update): the line that made the object,
 * so that the kernels of a network say `nn.Linear(512, 512)` and not where the loss calls it. Library functions are
 * reached through C closures (place_enter): a Lua function called in tail position would replace the user's frame, a C
 * function leaves it standing. The closure also knows the public name, which becomes Loc.via.
 *
 * Errors use place_call: the line that was running, whatever the object; where things were made is told in notes. */
#include "vm.h"

static const char objects_key = 0; /* registry: weak table from library objects to Object */

void front_fail(lua_State *L, Loc loc, MsgId id, const char *a, const char *b, const char *c, const char *d) {
  place_notes(L);
  user_error(loc, id, a, b, c, d);
}

/* The stable spelling of the path of the chunk, or NULL for the library's own. */
static const char *user_file(Front *f, const lua_Debug *ar) {
  return ar->source[0] == '@' ? map_get(&f->sources, ar->source + 1) : NULL;
}

/* lua_getstack counts from the top each time, so a walk costs the square of its length: of a stack that overflowed only
 * the ends are looked at. */
enum { STACK_END = 100 };

static int stack_depth(lua_State *L) {
  lua_Debug ar;
  int low = 0, high = 1;
  while (lua_getstack(L, high, &ar)) low = high, high *= 2;
  while (low + 1 < high) {
    int middle = low + (high - low) / 2;
    if (lua_getstack(L, middle, &ar))
      low = middle;
    else
      high = middle;
  }
  return high;
}

/* The level after this one that is looked at. */
static int level_next(lua_State *L, int level) {
  if (++level != STACK_END) return level;
  int outer = stack_depth(L) - STACK_END;
  return outer > level ? outer : level;
}

static Loc place_find(lua_State *L, bool objects) {
  Front *f = front_of(L);
  Loc here = {NULL, 0, NULL};
  int depth = f->located.n;
  lua_Debug ar;
  for (int level = 0; lua_getstack(L, level, &ar); level = level_next(L, level)) {
    lua_getinfo(L, "Slf", &ar);
    lua_CFunction c = lua_tocfunction(L, -1);
    if (c == place_enter) {
      lua_getupvalue(L, -1, 2);
      here.via = lua_touserdata(L, -1);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if ((c == place_at || c == place_module_call || c == place_rule) && depth > 0) {
      Loc object = f->located.at[--depth];
      if (objects && object.file) return object;
    }
    here.file = user_file(f, &ar);
    here.line = ar.currentline;
    if (here.file) return here;
  }
  here.file = f->options->path;
  here.line = 0;
  return here;
}

Loc place_here(lua_State *L) { return place_find(L, true); }
Loc place_call(lua_State *L) { return place_find(L, false); }

Loc place_line(lua_State *L) {
  lua_Debug ar;
  for (int level = 0; lua_getstack(L, level, &ar); level = level_next(L, level)) {
    lua_getinfo(L, "Sl", &ar);
    const char *file = user_file(front_of(L), &ar);
    if (file) return (Loc){file, ar.currentline, NULL};
  }
  return (Loc){NULL, 0, NULL};
}

void place_notes(lua_State *L) {
  Front *f = front_of(L);
  lua_Debug ar;
  int seen = 0, last = -1;
  for (int level = 0; seen < 4 && lua_getstack(L, level, &ar); level = level_next(L, level)) {
    lua_getinfo(L, "Sl", &ar);
    const char *file = user_file(f, &ar);
    if (!file || ar.currentline == last) continue;
    last = ar.currentline;
    if (seen++) diag_note((Loc){file, ar.currentline, NULL}, MSG_called_here);
  }
}

/* ---- names of tensors: the user's local that holds it ---- */
static const char *local_holding(lua_State *L, lua_Debug *ar, const void *tensor) {
  const char *name, *found = NULL;
  for (int i = 1; (name = lua_getlocal(L, ar, i)); ++i) {
    if (lua_touserdata(L, -1) == tensor && name[0] != '(') found = name;
    lua_pop(L, 1);
  }
  lua_getinfo(L, "f", ar);
  for (int i = 1; !found && (name = lua_getupvalue(L, -1, i)); ++i) {
    if (lua_touserdata(L, -1) == tensor) found = name;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return found;
}

void place_name(lua_State *L, int index, Handle *h) {
  Front *f = front_of(L);
  if (!h->node || h->node->name || h->trace != f->trace) return;
  const void *tensor = lua_touserdata(L, index);
  lua_Debug ar;
  for (int level = 0; level < 12 && lua_getstack(L, level, &ar); ++level) {
    lua_getinfo(L, "S", &ar);
    if (!user_file(f, &ar)) continue;
    const char *name = local_holding(L, &ar, tensor);
    if (name) h->node->name = arena_strdup(f->arena, name);
    return;
  }
}

/* ---- calls into the library ---- */
int place_enter(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static void objects_table(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &objects_key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &objects_key);
}

Object *place_object(lua_State *L, int index) {
  if (!lua_istable(L, index)) return NULL;
  lua_pushvalue(L, index);
  objects_table(L);
  lua_insert(L, -2);
  lua_rawget(L, -2);
  Object *object = lua_touserdata(L, -1);
  lua_pop(L, 2);
  return object;
}

Object *place_register(lua_State *L, int index, const char *kind) {
  Front *f = front_of(L);
  Object *object = NEW(f->arena, Object);
  object->id = f->objects++;
  object->loc = place_here(L);
  object->kind = arena_strdup(f->arena, kind);
  object->loc.via = object->kind;
  lua_pushvalue(L, index);
  objects_table(L);
  lua_insert(L, -2);
  lua_pushlightuserdata(L, object);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  return object;
}

static int call_located(lua_State *L, Loc loc) { /* the function and its arguments are on the stack from 1 */
  Front *f = front_of(L);
  int depth = f->located.n;
  vec_push(f->arena, f->located, loc);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  f->located.n = depth;
  return lua_gettop(L);
}

int place_at(lua_State *L) {
  Object *object = place_object(L, 1);
  lua_remove(L, 1);
  return call_located(L, object ? object->loc : (Loc){NULL, 0, NULL});
}

int place_rule(lua_State *L) { return call_located(L, front_of(L)->rule); }

/* A module that the user wrote himself (nn.Module { forward = … }) has lines of its own. */
int place_module_call(lua_State *L) {
  Object *object = place_object(L, 1);
  Loc loc = {NULL, 0, NULL};
  if (object && strcmp(object->kind, "nn.Module")) loc = object->loc;
  if (lua_getfield(L, 1, "forward") != LUA_TFUNCTION)
    user_error(place_call(L), MSG_module_forward, object ? object->kind : "nn.Module", value_kind(L, -1));
  lua_insert(L, 1);
  return call_located(L, loc);
}
