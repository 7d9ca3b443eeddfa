/* program.c: sources and functions become the Module (phases: driver.c). The library (prelude/program.lua) reads and
 * checks the user's tables; here is what it builds with, and the tracing of one function at one batch size.
 *
 * Order: names first (names of states are paths from `model`, and stand in messages and kernels), then sources,
 * functions and their variants, phases, and at the end program_finish: only states that a function or `model` reaches
 * stay, numbered in the order of construction. Hidden states: nnrt.seed, nnrt.calls.<function>. */
#include "vm.h"

/* ---- states' names ---- */
static int program_name_state(lua_State *L) { /* (state, name): the first name counts, later ones are aliases */
  Front *f = front_of(L);
  Handle *h = handle_test(L, 1);
  const char *name = arena_strdup(f->arena, luaL_checkstring(L, 2));
  State *s = h && h->state ? h->state : NULL;
  if (!s) return 0;
  State *other = map_get(&f->names, name);
  if (other == s) return 0;
  if (other) {
    diag_note(other->loc, MSG_state_made, shape_text(f->arena, other->shape));
    diag_note(s->loc, MSG_state_made, shape_text(f->arena, s->shape));
    front_fail(L, place_call(L), MSG_name_twice, name, "", "", "");
  }
  map_put(&f->names, name, s);
  for (int i = 0; i < f->named.n; ++i)
    if (f->named.at[i] == s) {
      vec_push(f->arena, s->aliases, name);
      return 0;
    }
  vec_push(f->arena, f->named, s);
  s->name = name;
  return 0;
}

/* Those without a path: buffer.0, buffer.1, … in the order of construction. */
static int program_name_rest(lua_State *L) {
  Front *f = front_of(L);
  int count = 0;
  for (int i = 0; i < f->module->states.n; ++i) {
    State *s = f->module->states.at[i];
    bool named = s == f->module->seed;
    for (int k = 0; k < f->named.n && !named; ++k) named = f->named.at[k] == s;
    if (!named) s->name = arena_printf(f->arena, "buffer.%d", count++);
  }
  return 0;
}

/* ---- sources: { name, kind, batch, shuffle, …, fields = { { name, dtype, shape, file, value } } } ---- */
int64_t field_integer(lua_State *L, int index, const char *key, int64_t otherwise) {
  int64_t i = lua_getfield(L, index, key) == LUA_TNUMBER ? (int64_t)lua_tointeger(L, -1) : otherwise;
  lua_pop(L, 1);
  return i;
}

const char *field_string(lua_State *L, int index, const char *key) {
  const char *s =
      lua_getfield(L, index, key) == LUA_TSTRING ? arena_strdup(front_of(L)->arena, lua_tostring(L, -1)) : NULL;
  lua_pop(L, 1);
  return s;
}

static double field_number(lua_State *L, int index, const char *key, double otherwise) {
  double x = lua_getfield(L, index, key) == LUA_TNUMBER ? lua_tonumber(L, -1) : otherwise;
  lua_pop(L, 1);
  return x;
}

static bool field_boolean(lua_State *L, int index, const char *key) {
  lua_getfield(L, index, key);
  bool is = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}

/* All rows of one field of a table: a constant of the file. */
static void source_value(lua_State *L, Source *s, const char *name) {
  const Handle *h = handle_test(L, -1);
  if (!h || !h->node || h->node->op != OP_const || !h->node->shape.rank)
    front_fail(L, s->loc, MSG_table_value, name, h && h->node ? place_text(front_of(L), h->node) : value_kind(L, -1),
               "", "");
  vec_push(front_of(L)->arena, s->values, h->node->attr->value);
}

static void source_field(lua_State *L, Source *s) { /* the field is on the top */
  Front *f = front_of(L);
  int index = lua_gettop(L);
  Field field = {.name = field_string(L, index, "name")};
  const char *file = field_string(L, index, "file");
  lua_getfield(L, index, "dtype");
  field.dtype = (DType)value_dtype(L, -1, s->kind);
  lua_pop(L, 1);
  lua_getfield(L, index, "shape");
  field.shape = value_shape(L, lua_gettop(L), s->kind, false);
  lua_pop(L, 1);
  vec_push(f->arena, s->fields, field);
  if (file) vec_push(f->arena, s->files, file);
  Stored stored = {field_string(L, index, "stored"), field_boolean(L, index, "big"), field_integer(L, index, "at", 0)};
  if (stored.type) vec_push(f->arena, s->stored, stored);
  if (lua_getfield(L, index, "value") != LUA_TNIL) source_value(L, s, field.name);
  lua_pop(L, 1);
}

/* headings = { { name, field, at, categories = { … } }, … } */
static void source_headings(lua_State *L, Source *s) {
  Arena *arena = front_of(L)->arena;
  int count = lua_getfield(L, 1, "headings") == LUA_TTABLE ? (int)luaL_len(L, -1) : 0;
  for (int i = 1; i <= count; ++i) {
    lua_geti(L, -1, i);
    int index = lua_gettop(L);
    Heading h = {.name = field_string(L, index, "name"), .at = field_integer(L, index, "at", 0)};
    h.field = (int)field_integer(L, index, "field", 0);
    lua_getfield(L, index, "categories");
    for (int k = 1, of = lua_istable(L, -1) ? (int)luaL_len(L, -1) : 0; k <= of; ++k) {
      lua_geti(L, -1, k);
      vec_push(arena, h.categories, arena_strdup(arena, lua_tostring(L, -1)));
      lua_pop(L, 1);
    }
    vec_push(arena, s->headings, h);
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

static void source_fields(lua_State *L, Source *s) { /* and the files that are not one field's */
  lua_getfield(L, 1, "fields");
  for (int i = 1, n = (int)luaL_len(L, -1); i <= n; ++i) {
    lua_geti(L, -1, i);
    source_field(L, s);
    lua_pop(L, 1);
  }
  if (lua_getfield(L, 1, "files") == LUA_TTABLE)
    for (int i = 1, n = (int)luaL_len(L, -1); i <= n; ++i) {
      lua_geti(L, -1, i);
      vec_push(front_of(L)->arena, s->files, arena_strdup(front_of(L)->arena, lua_tostring(L, -1)));
      lua_pop(L, 1);
    }
  lua_pop(L, 2);
}

static int program_source(lua_State *L) { /* -> index from 0 */
  Front *f = front_of(L);
  Source *s = NEW(f->arena, Source);
  Object *object = place_object(L, 1);
  s->name = field_string(L, 1, "name");
  s->kind = field_string(L, 1, "kind");
  s->batch = (int)field_integer(L, 1, "batch", 1);
  s->rows = field_integer(L, 1, "all_rows", field_integer(L, 1, "rows", -1));
  s->classes = field_integer(L, 1, "classes", 0);
  s->loc = object ? object->loc : place_here(L);
  s->shuffle = field_boolean(L, 1, "shuffle");
  s->drop_last = field_boolean(L, 1, "drop_last");
  s->pad = field_boolean(L, 1, "pad");
  s->rate = field_number(L, 1, "rate", 0);
  s->from = field_number(L, 1, "from", 0);
  s->to = field_number(L, 1, "to", 1);
  s->split_seed = field_integer(L, 1, "split_seed", 0);
  s->vocabulary = field_string(L, 1, "vocabulary");
  s->record = field_integer(L, 1, "record", 0);
  s->skip = field_integer(L, 1, "skip", 0);
  s->stride = field_integer(L, 1, "stride", 0);
  s->hertz = field_integer(L, 1, "hertz", 0);
  s->stateful = field_boolean(L, 1, "stateful");
  s->separator = (int)field_integer(L, 1, "separator", 0);
  s->missing = field_number(L, 1, "missing", 0);
  s->fills = lua_getfield(L, 1, "missing") == LUA_TNUMBER;
  lua_pop(L, 1);
  source_fields(L, s);
  source_headings(L, s);
  vec_push(f->arena, f->module->sources, s);
  lua_pushinteger(L, f->module->sources.n - 1);
  return 1;
}

/* ---- what a batch is made of, in the current function ---- */
static int program_field(lua_State *L) { /* (source, field, rows) -> the raw field [rows, …] */
  Front *f = front_of(L);
  int source = (int)luaL_checkinteger(L, 1), field = (int)luaL_checkinteger(L, 2);
  const Source *s = f->module->sources.at[source];
  const Field *of = &s->fields.at[field];
  Shape shape = {.rank = of->shape.rank + 1, .dim = {luaL_checkinteger(L, 3)}};
  for (int d = 0; d < of->shape.rank; ++d) shape.dim[d + 1] = of->shape.dim[d];
  Input *input = NEW(f->arena, Input);
  *input = (Input){INPUT_field, of->name, of->dtype, shape, source, field, -1, NULL, s->loc};
  handle_push(L, graph_input(f->trace->graph, input));
  return 1;
}

static int program_weight(lua_State *L) { /* (source, rows) -> f32 [rows] */
  Front *f = front_of(L);
  int source = (int)luaL_checkinteger(L, 1);
  Shape shape = shape_of(1, (int64_t)luaL_checkinteger(L, 2));
  Input *input = NEW(f->arena, Input);
  *input = (Input){INPUT_weight, "weight", DT_f32, shape, source, -1, -1, NULL, f->module->sources.at[source]->loc};
  handle_push(L, graph_input(f->trace->graph, input));
  return 1;
}

static int program_moment(lua_State *L) { /* (source, "first" | "last" | "epoch") -> f32 scalar */
  static const char *const names[] = {"first", "last", "epoch", NULL};
  static const InputKind kinds[] = {INPUT_first, INPUT_last, INPUT_epoch};
  Front *f = front_of(L);
  int source = (int)luaL_checkinteger(L, 1), which = luaL_checkoption(L, 2, NULL, names);
  Input *input = NEW(f->arena, Input);
  *input = (Input){kinds[which], names[which], DT_f32, {0}, source, -1, -1, NULL, f->module->sources.at[source]->loc};
  handle_push(L, graph_input(f->trace->graph, input));
  return 1;
}

/* ---- functions ---- */
static int program_func(lua_State *L) { /* (object, name, training, whole pass, list of sources) -> index from 0 */
  Front *f = front_of(L);
  Func *func = NEW(f->arena, Func);
  Object *object = place_object(L, 1);
  func->name = arena_strdup(f->arena, luaL_checkstring(L, 2));
  func->training = lua_toboolean(L, 3);
  func->whole_pass = lua_toboolean(L, 4);
  func->loc = object ? object->loc : place_here(L);
  for (int i = 1, n = (int)luaL_len(L, 5); i <= n; ++i) {
    lua_geti(L, 5, i);
    vec_push(f->arena, func->sources, (int)lua_tointeger(L, -1));
    lua_pop(L, 1);
  }
  vec_push(f->arena, f->module->funcs, func);
  lua_pushinteger(L, f->module->funcs.n - 1);
  return 1;
}

/* The function's result, at the top of the stack: a table of named outputs, or nothing. */
static void func_outputs(lua_State *L, const Func *func, Trace *t) {
  Front *f = front_of(L);
  if (lua_isnil(L, -1)) return;
  if (!lua_istable(L, -1) || place_object(L, -1))
    front_fail(L, func->loc, MSG_func_result, func->name, value_kind(L, -1), "", "");
  VEC(const char *) names = {0};
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) front_fail(L, func->loc, MSG_func_output_name, func->name, "", "", "");
    int at = names.n;
    vec_push(f->arena, names, arena_strdup(f->arena, lua_tostring(L, -2)));
    for (; at > 0 && strcmp(names.at[at - 1], names.at[at]) > 0; --at) {
      const char *swap = names.at[at];
      names.at[at] = names.at[at - 1];
      names.at[at - 1] = swap;
    }
  }
  for (int i = 0; i < names.n; ++i) {
    lua_getfield(L, -1, names.at[i]);
    if (!handle_test(L, -1) && lua_type(L, -1) != LUA_TNUMBER)
      front_fail(L, func->loc, MSG_func_output, func->name, names.at[i], value_kind(L, -1), "");
    Node *n = value_node(L, lua_gettop(L), func->name);
    vec_push(f->arena, t->graph->outputs, ((Output){names.at[i], n, n->loc}));
    lua_pop(L, 1);
  }
}

static int program_trace(lua_State *L) { /* (func, rows, body): body() -> outputs */
  Front *f = front_of(L);
  Func *func = f->module->funcs.at[luaL_checkinteger(L, 1)];
  Trace *t = trace_new(f, TRACE_func, func->name), *outer = f->trace;
  t->training = func->training;
  f->trace = t;
  lua_settop(L, 3);
  lua_call(L, 0, 1);
  func_outputs(L, func, t);
  trace_finish(L, t);
  f->trace = outer;
  vec_push(f->arena, func->variants, ((Variant){(int)lua_tointeger(L, 2), t->graph}));
  return 0;
}

static int program_output(lua_State *L) { /* (func, name) -> index of the output, or nil and the list of names */
  const Graph *g = front_of(L)->module->funcs.at[luaL_checkinteger(L, 1)]->variants.at[0].graph;
  const char *name = luaL_checkstring(L, 2);
  lua_createtable(L, g->outputs.n, 0);
  for (int i = 0; i < g->outputs.n; ++i) {
    lua_pushstring(L, g->outputs.at[i].name);
    lua_rawseti(L, -2, i + 1);
    if (strcmp(g->outputs.at[i].name, name)) continue;
    lua_pushinteger(L, i);
    lua_pushinteger(L, shape_count(g->outputs.at[i].node->shape));
    return 2;
  }
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

static int program_end(lua_State *L) { /* (name): nil means the file's */
  Front *f = front_of(L);
  const char *path = f->options->path, *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
  const char *dot = strrchr(base, '.');
  const char *name = lua_isnoneornil(L, 1) ? arena_strndup(f->arena, base, dot ? (size_t)(dot - base) : strlen(base))
                                           : arena_strdup(f->arena, luaL_checkstring(L, 1));
  f->module->name = name;
  f->finished = true;
  return 0;
}

static int program_named(lua_State *L) {
  Front *f = front_of(L);
  const Handle *h = handle_test(L, 1);
  for (int i = 0; i < f->named.n; ++i)
    if (h && f->named.at[i] == h->state) return lua_pushboolean(L, 1), 1;
  return 0;
}

/* What was named so far lies in `model`, or in `model` and `state`. */
static int program_model_named(lua_State *L) {
  Front *f = front_of(L);
  f->model_states = f->named.n;
  return 0;
}

static int program_kept(lua_State *L) {
  Front *f = front_of(L);
  f->kept_states = f->named.n;
  return 0;
}

static int program_running(lua_State *L) {
  lua_pushboolean(L, front_of(L)->finished);
  return 1;
}

void program_core(lua_State *L) { /* stack: core */
  static const luaL_Reg functions[] = {{"name_state", program_name_state},
                                       {"name_rest", program_name_rest},
                                       {"model_named", program_model_named},
                                       {"kept", program_kept},
                                       {"source", program_source},
                                       {"field", program_field},
                                       {"moment", program_moment},
                                       {"weight", program_weight},
                                       {"func", program_func},
                                       {"trace", program_trace},
                                       {"output", program_output},
                                       {"named", program_named},
                                       {"finish", program_end},
                                       {"finished", program_running},
                                       {NULL, NULL}};
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  driver_core(L);
  lua_setfield(L, -2, "program");
}

/* ---- the end: which states stay ---- */
static void mark_states(const Graph *g, bool *keep) {
  for (int id = 0; g && id < g->nodes.n; ++id)
    if (g->nodes.at[id]->attr->state) keep[g->nodes.at[id]->attr->state->id] = true;
}

/* Model files hold what lies in `model`; checkpoints hold every state. */
static void save_model_only(Front *f) {
  bool *in_model = NEW_N(f->arena, bool, f->module->states.n + 1);
  for (int i = 0; i < f->model_states; ++i) in_model[f->named.at[i]->id] = true;
  for (int i = 0; i < f->module->states.n; ++i)
    if (!in_model[i]) f->module->states.at[i]->saved = false;
}

void program_finish(lua_State *L) {
  Front *f = front_of(L);
  Module *m = f->module;
  trace_check_compared(f->top);
  bool *keep = NEW_N(f->arena, bool, m->states.n + 1);
  keep[m->seed->id] = true;
  for (int i = 0; i < f->kept_states; ++i) keep[f->named.at[i]->id] = true;
  save_model_only(f);
  for (int i = 0; i < m->funcs.n; ++i)
    for (int v = 0; v < m->funcs.at[i]->variants.n; ++v) mark_states(m->funcs.at[i]->variants.at[v].graph, keep);
  driver_states(m, keep);
  int n = 0;
  for (int i = 0; i < m->states.n; ++i) {
    State *s = m->states.at[i];
    if (!keep[i]) continue;
    m->states.at[n] = s;
    s->id = n++;
    trace_place_init(f, s);
  }
  m->states.n = n;
  module_verify(m);
}
