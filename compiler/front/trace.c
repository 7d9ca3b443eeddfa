/* trace.c: the graph being built, and what belongs to it: versions of states, random draws, mode.
 *
 * While the file runs, nodes go to the top graph (constants, hypers and what is computed from them). nn.program then
 * traces each function: its Lua body runs once for every batch size and leaves a Graph. Tensors of the top graph are
 * copied in when they are used, with what they depend on; tensors of another function are an error. States are read by
 * version: an assign makes the next one, later reads of the same trace see it (LANGUAGE.md, idea 1).
 *
 * Random bits are a pure function of (seed, function, its calls, place, element): the call counter of a function is a
 * state "nnrt.calls.<function>" that each call moves on by one. An initial value has the place of its state's name, so
 * inserting a layer leaves the others as they were. */
#include "vm.h"

enum { NODES_MAX = 1 << 20 };

Trace *trace_new(Front *f, TraceKind kind, const char *name) {
  Trace *t = NEW(f->arena, Trace);
  t->kind = kind;
  t->name = arena_strdup(f->arena, name);
  t->graph = graph_new(f->arena, name);
  t->root = t;
  intern_init(&t->literals, f->arena);
  return t;
}

/* ---- constants of the top graph, hypers, expressions of them ---- */
static void mark_needed(const Graph *g, const Node *n, bool *need) {
  need[n->id] = true;
  for (int id = n->id; id >= 0; --id)
    for (int i = 0; need[id] && i < g->nodes.at[id]->nin; ++i) need[node_in(g->nodes.at[id], i)->id] = true;
}

static Node *import_one(lua_State *L, Trace *t, const Node *n) {
  Front *f = front_of(L);
  if (n->op == OP_input && t->kind == TRACE_init) user_error(place_call(L), MSG_init_input, place_text(f, n));
  if (n->op == OP_input && t->kind == TRACE_rule) user_error(place_call(L), MSG_rule_captures, place_text(f, n));
  if (n->op == OP_input) return graph_input(t->graph, n->attr->input);
  Node **in = NEW_N(f->arena, Node *, n->nin + 1);
  for (int i = 0; i < n->nin; ++i) in[i] = t->imported.at[node_in(n, i)->id];
  return graph_copy_node(t->graph, n, in);
}

static void mark_compared(Trace *t, const Node *n) { /* it is used after all */
  for (int k = 0; k < t->compared.n; ++k)
    if (t->compared.at[k] == n) t->compared.at[k] = t->compared.at[--t->compared.n];
}

static Node *trace_import(lua_State *L, Trace *t, Node *n) {
  Front *f = front_of(L);
  mark_compared(f->top, n);
  while (t->imported.n < f->top->graph->nodes.n) vec_push(f->arena, t->imported, NULL);
  if (t->imported.at[n->id]) return t->imported.at[n->id];
  bool *need = NEW_N(f->arena, bool, n->id + 1);
  mark_needed(f->top->graph, n, need);
  for (int id = 0; id <= n->id; ++id)
    if (need[id] && !t->imported.at[id]) t->imported.at[id] = import_one(L, t, f->top->graph->nodes.at[id]);
  return t->imported.at[n->id];
}

Node *trace_reach(lua_State *L, Trace *t, Trace *from, Node *n) {
  if (from == t) return n;
  if (t->kind != TRACE_body) return from == front_of(L)->top ? trace_import(L, t, n) : NULL;
  Node *outer = trace_reach(L, t->parent, from, n);
  return outer ? body_capture(t, outer, NULL) : NULL;
}

void trace_set_version(Front *f, Trace *t, State *s, Node *value) {
  while (t->version.n <= s->id) vec_push(f->arena, t->version, NULL);
  t->version.at[s->id] = value;
}

Node *trace_version(lua_State *L, Trace *t, State *s) {
  Front *f = front_of(L);
  if (t->version.n > s->id && t->version.at[s->id]) return t->version.at[s->id];
  Node *n;
  if (t->kind == TRACE_body) {
    n = body_capture(t, trace_version(L, t->parent, s), s);
  } else {
    n = graph_state(t->graph, s, s->loc.line ? s->loc : place_here(L)); /* seed and counters are made nowhere */
    n->name = s->name;
  }
  trace_set_version(f, t, s, n);
  return n;
}

Node *trace_state(lua_State *L, State *s, const char *what) {
  Front *f = front_of(L);
  TraceKind kind = f->trace->root->kind;
  if (kind != TRACE_func) {
    diag_note(s->loc, MSG_state_made, shape_text(f->arena, s->shape));
    if (kind == TRACE_rule) user_error(place_call(L), MSG_rule_captures, s->name);
    front_fail(L, place_call(L), kind == TRACE_init ? MSG_init_state : MSG_state_outside, what, "", "", "");
  }
  return trace_version(L, f->trace, s);
}

/* A body's assign is a carry of it; a state that nn.functional_call holds only changes its version. */
void trace_assign(Front *f, Trace *t, State *s, Node *value, Loc loc) {
  bool held = t->substituted.n > s->id && t->substituted.at[s->id];
  if (t->kind == TRACE_body && !held) {
    while (t->assigned.n <= s->id) vec_push(f->arena, t->assigned, false);
    t->assigned.at[s->id] = true;
  } else if (!held) {
    value = graph_assign(t->graph, s, value, loc);
  }
  trace_set_version(f, t, s, value);
}

Node *trace_node(lua_State *L, Handle *h, const char *what) {
  Front *f = front_of(L);
  if (f->trace->graph->nodes.n > NODES_MAX) user_error(place_call(L), MSG_graph_large, NODES_MAX);
  if (h->state) return trace_state(L, h->state, what);
  Node *n = trace_reach(L, f->trace, h->trace, h->node);
  if (n) return n;
  diag_note(h->loc, MSG_made_here, place_text(f, h->node));
  front_fail(L, place_call(L), MSG_tensor_escaped, what, place_text(f, h->node), h->trace->name, f->trace->name);
}

Node *trace_literal(Front *f, DType dtype, double value, Loc loc) {
  struct {
    double value;
    int64_t dtype;
  } key = {value, dtype};
  Node **slot = (Node **)intern_slot(&f->trace->literals, &key, sizeof key);
  if (!*slot) *slot = graph_const(f->trace->graph, dtype, value, loc);
  return *slot;
}

/* ---- states ---- */
State *trace_state_new(Front *f, const char *name, DType dtype, Shape shape, bool trained, Loc loc) {
  return module_state(f->module, name, dtype, shape, trained, loc);
}

static Node *full_node(Front *f, Node *scalar, Shape shape) {
  return shape.rank && !scalar->shape.rank ? graph_broadcast(f->trace->graph, scalar, shape) : scalar;
}

static void check_init(lua_State *L, const State *s, const Node *value) {
  Front *f = front_of(L);
  if (value->dtype == s->dtype && shape_equal(value->shape, s->shape)) return;
  front_fail(L, s->loc, MSG_init_value, dtype_info[s->dtype].name, shape_text(f->arena, s->shape), place_text(f, value),
             "");
}

/* Calls init (a function of the shape at the index given) in a trace of its own. What a function draws in f32 is
 * rounded to the state's float dtype. */
static void init_graph(lua_State *L, State *s, int init) {
  Front *f = front_of(L);
  Trace *outer = f->trace, *t = trace_new(f, TRACE_init, "init");
  f->trace = t;
  Node *value;
  if (lua_isfunction(L, init)) {
    lua_pushvalue(L, init);
    lua_createtable(L, s->shape.rank, 0);
    for (int d = 0; d < s->shape.rank; ++d) {
      lua_pushinteger(L, s->shape.dim[d]);
      lua_rawseti(L, -2, d + 1);
    }
    lua_call(L, 1, 1);
    if (lua_type(L, -1) == LUA_TNUMBER)
      value = full_node(f, trace_literal(f, s->dtype, lua_tonumber(L, -1), s->loc), s->shape);
    else
      value = value_node(L, lua_gettop(L), "the initial value");
    if (dtype_is_float(value->dtype) && dtype_is_float(s->dtype)) value = graph_cast(t->graph, value, s->dtype);
    lua_pop(L, 1);
  } else if (handle_test(L, init)) {
    value = value_node(L, init, "the initial value");
  } else {
    double number = lua_isnoneornil(L, init) ? 0 : lua_tonumber(L, init);
    value = full_node(f, trace_literal(f, s->dtype, number, s->loc), s->shape);
  }
  check_init(L, s, value);
  vec_push(f->arena, t->graph->outputs, ((Output){"value", value, s->loc}));
  s->init = t->graph;
  f->trace = outer;
}

static const char initializers[] = "nnc.initializers"; /* in the registry: State * -> function, number, tensor or nil */

static int state_make(lua_State *L, const char *what, bool trained) {
  Front *f = front_of(L);
  lua_settop(L, 4);
  Loc loc = place_here(L);
  if (f->trace->kind != TRACE_top) front_fail(L, place_call(L), MSG_state_inside, what, "", "", "");
  Shape shape = value_shape(L, 1, what, false);
  int dtype = value_dtype(L, 3, what);
  int type = lua_type(L, 2);
  if (type != LUA_TNIL && type != LUA_TNUMBER && type != LUA_TFUNCTION && !handle_test(L, 2))
    front_fail(L, place_call(L), MSG_init_kind, what, value_kind(L, 2), "", "");
  DType natural = f->options->float_dtype;
  Handle *h = handle_test(L, 2);
  if (dtype < 0 && h && h->node) natural = h->node->dtype;
  State *s = trace_state_new(f, arena_printf(f->arena, "buffer.%d", f->module->states.n),
                             dtype < 0 ? natural : (DType)dtype, shape, trained, loc);
  if (trained && !dtype_is_float(s->dtype))
    front_fail(L, place_call(L), MSG_parameter_dtype, dtype_info[s->dtype].name, "", "", "");
  if (lua_istable(L, 4) && lua_getfield(L, 4, "saved") == LUA_TBOOLEAN) s->saved = lua_toboolean(L, -1);
  init_graph(L, s, 2);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, initializers);
  lua_pushvalue(L, 2);
  lua_rawsetp(L, -2, s);
  handle_push_state(L, s);
  return 1;
}

static int core_parameter(lua_State *L) { return state_make(L, "nn.parameter", true); }
static int core_buffer(lua_State *L) { return state_make(L, "nn.buffer", false); }

static Handle *state_argument(lua_State *L, int index, const char *what) {
  Handle *h = handle_test(L, index);
  if (!h || !h->state) front_fail(L, place_call(L), MSG_state_wanted, what, value_kind(L, index), "", "");
  return h;
}

/* What a state was given as its initial value: nn.Stack draws it again for each layer. */
static int core_initializer(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, initializers);
  lua_rawgetp(L, -1, state_argument(L, 1, "nn.initial")->state);
  return 1;
}

static int core_assign(lua_State *L) {
  Front *f = front_of(L);
  State *s = state_argument(L, 1, "nn.assign")->state;
  Loc loc = place_here(L);
  trace_state(L, s, "nn.assign");
  Operand o = value_operand(L, 2, "nn.assign");
  f->trace->graph->at = &loc;
  Node *value = o.node ? o.node : full_node(f, trace_literal(f, s->dtype, o.value, loc), s->shape);
  f->trace->graph->at = NULL;
  if (value->dtype != s->dtype || !shape_equal(value->shape, s->shape)) {
    diag_note(s->loc, MSG_state_made, shape_text(f->arena, s->shape));
    diag_note(value->loc, MSG_made_here, place_text(f, value));
    place_notes(L);
    user_error(place_call(L), MSG_assign_shape, s->name, dtype_info[s->dtype].name, shape_text(f->arena, s->shape),
               dtype_info[value->dtype].name, shape_text(f->arena, value->shape));
  }
  trace_assign(f, f->trace, s, value, loc);
  return 0;
}

static int core_value(lua_State *L) {
  Handle *h = handle_test(L, 1);
  if (!h) front_fail(L, place_call(L), MSG_operand_kind, "nn.value", value_kind(L, 1), "", "");
  handle_push(L, trace_node(L, h, "nn.value"));
  return 1;
}

/* ---- random draws ---- */
static uint32_t place_hash(Front *f, const char *name, int draw) {
  const char *text = arena_printf(f->arena, "%s#%d", name, draw);
  uint64_t h = hash_bytes(text, strlen(text));
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu; /* short names differ in few bits: spread them */
  return (uint32_t)(h >> 32);
}

static State *calls_state(Front *f, const char *function) {
  State *s = map_get(&f->calls, function);
  if (s) return s;
  Loc nowhere = {f->options->path, 0, NULL};
  s = trace_state_new(f, arena_printf(f->arena, "nnrt.calls.%s", function), DT_u32, (Shape){0}, false, nowhere);
  s->saved = false;
  s->init = graph_new(f->arena, "init");
  vec_push(f->arena, s->init->outputs, ((Output){"value", graph_const(s->init, DT_u32, 0, nowhere), nowhere}));
  map_put(&f->calls, function, s);
  return s;
}

Node *trace_bits(lua_State *L, Shape shape, const char *what) {
  Front *f = front_of(L);
  Trace *t = f->trace, *root = t->root;
  Loc loc = place_here(L);
  if (root->still) front_fail(L, place_call(L), MSG_random_still, root->still, "", "", "");
  if (root->kind == TRACE_top || root->kind == TRACE_rule)
    front_fail(L, place_call(L), MSG_random_outside, what, "", "", "");
  Node *seed = trace_version(L, t, f->module->seed), *turn = body_turn(L, t), *calls;
  uint32_t place;
  if (t->key) {
    calls = trace_reach(L, t, t->key_trace, t->key);
    place = place_hash(f, "nn.with key", root->key_draws++);
  } else if (root->kind == TRACE_init) {
    calls = trace_literal(f, DT_u32, 0, loc);
    place = (uint32_t)root->draws++; /* trace_place_init puts the state's name in */
  } else {
    root->calls = calls_state(f, root->name);
    calls = trace_version(L, t, root->calls);
    place = place_hash(f, root->name, root->draws++);
  }
  return graph_random(t->graph, seed, calls, turn, shape, place, loc);
}

/* core.without_draws(what, f) -> what f returns: f is called again in the built program and must give the same. */
static int core_without_draws(lua_State *L) {
  Front *f = front_of(L);
  Trace *root = f->trace->root;
  const char *before = root->still;
  root->still = arena_strdup(f->arena, luaL_checkstring(L, 1));
  lua_call(L, 0, LUA_MULTRET);
  root->still = before;
  return lua_gettop(L) - 1;
}

typedef struct Placing {
  Front *front;
  const char *name;
} Placing;

static Node *place_draw(Graph *to, const Node *n, Node *const *in, void *context) {
  Placing *p = context;
  if (n->op != OP_random) return graph_copy_node(to, n, in);
  return graph_random(to, in[0], in[1], in[2], n->shape, place_hash(p->front, p->name, (int)n->attr->place), n->loc);
}

void trace_place_init(Front *f, State *s) {
  if (s->init) s->init = graph_rebuild(s->init, place_draw, &(Placing){f, arena_printf(f->arena, "init %s", s->name)});
}

/* nn.initial(state): its initial value, drawn anew in the function that asks. */
static int core_initial(lua_State *L) {
  Front *f = front_of(L);
  State *s = state_argument(L, 1, "nn.initial")->state;
  if (f->trace->root->kind != TRACE_func) front_fail(L, place_call(L), MSG_state_outside, "nn.initial", "", "", "");
  const Graph *g = s->init;
  Node **made = NEW_N(f->arena, Node *, g->nodes.n);
  for (int id = 0; id < g->nodes.n; ++id) {
    const Node *n = g->nodes.at[id];
    Node *in[3] = {NULL, NULL, NULL}, **all = n->nin > 3 ? NEW_N(f->arena, Node *, n->nin) : in;
    for (int i = 0; i < n->nin; ++i) all[i] = made[node_in(n, i)->id];
    if (n->op == OP_state)
      made[id] = trace_version(L, f->trace, n->attr->state);
    else if (n->op == OP_random)
      made[id] = trace_bits(L, n->shape, "nn.initial");
    else
      made[id] = graph_copy_node(f->trace->graph, n, all);
  }
  handle_push(L, made[g->outputs.at[0].node->id]);
  return 1;
}

/* ---- the context of a trace ---- */
static void with_option(lua_State *L, Trace *t) { /* key at -2, value at -1 */
  Front *f = front_of(L);
  const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
  if (!strcmp(key, "mode")) {
    const char *mode = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
    if (strcmp(mode, "train") && strcmp(mode, "eval"))
      front_fail(L, place_call(L), MSG_mode_unknown, "nn.with", mode, "", "");
    t->training = !strcmp(mode, "train");
  } else if (!strcmp(key, "key")) {
    Node *n = value_node(L, lua_gettop(L), "nn.with");
    if (n->shape.rank) front_fail(L, place_call(L), MSG_key_scalar, place_text(f, n), "", "", "");
    t->key = graph_cast(t->graph, n, DT_u32);
    t->key_trace = t;
    t->root->key_draws = 0;
  } else if (!strcmp(key, "autocast")) {
    limit(place_call(L), MSG_unsupported, "nn.with { autocast = … }");
  } else {
    static const char *const known[] = {"mode", "key", "autocast"};
    const char *near = diag_nearest(key, known, 3);
    front_fail(L, place_call(L), MSG_field_unknown, "nn.with", key,
               near ? arena_printf(f->arena, " (did you mean '%s'?)", near) : "", "");
  }
}

static int core_with(lua_State *L) {
  Front *f = front_of(L);
  Trace *t = f->trace, saved = *t;
  int key_draws = t->root->key_draws;
  if (!lua_istable(L, 1)) front_fail(L, place_call(L), MSG_table_wanted, "nn.with", value_kind(L, 1), "", "");
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) with_option(L, t);
  lua_remove(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  t->training = saved.training;
  t->key = saved.key;
  t->key_trace = saved.key_trace;
  t->root->key_draws = key_draws;
  return lua_gettop(L);
}

static int core_training(lua_State *L) {
  lua_pushboolean(L, front_of(L)->trace->training);
  return 1;
}

/* ---- laws that hold for a whole trace ---- */
void trace_check_compared(Trace *t) {
  if (!t->compared.n) return;
  int *uses = NEW_N(t->graph->arena, int, t->graph->nodes.n);
  for (int id = 0; id < t->graph->nodes.n; ++id)
    for (int i = 0; i < t->graph->nodes.at[id]->nin; ++i) uses[node_in(t->graph->nodes.at[id], i)->id]++;
  for (int k = 0; k < t->graph->outputs.n; ++k) uses[t->graph->outputs.at[k].node->id]++;
  for (int k = 0; k < t->compared.n; ++k) {
    const Node *n = t->compared.at[k];
    if (!uses[n->id]) user_error(n->loc, MSG_compare_unused, op_info[n->op].name);
  }
}

void trace_finish(lua_State *L, Trace *t) {
  Front *f = front_of(L);
  trace_check_compared(t);
  if (!t->calls) return;
  Loc loc = place_here(L);
  Node *calls = trace_version(L, t, t->calls);
  graph_assign(t->graph, t->calls, graph_op2(t->graph, OP_add, calls, trace_literal(f, DT_u32, 1, loc)), loc);
}

void trace_core(lua_State *L) {
  static const luaL_Reg functions[] = {{"parameter", core_parameter},
                                       {"buffer", core_buffer},
                                       {"assign", core_assign},
                                       {"value", core_value},
                                       {"without_draws", core_without_draws},
                                       {"initial", core_initial},
                                       {"initializer", core_initializer},
                                       {"with", core_with},
                                       {"training", core_training},
                                       {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
