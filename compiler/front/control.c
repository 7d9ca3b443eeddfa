/* control.c: bodies. scan, while_loop, cond, vmap, checkpoint and custom_gradient run a Lua function of the model in a
 * trace of its own, whose graph becomes the subgraph of a control node (graph/op/control.c).
 *
 * What a body reads from outside becomes an input of it: tensors of the traces around (captured), states (captured, or
 * a carry when the body assigns them: LANGUAGE.md, idea 3), the number of the turn when it draws random numbers. The
 * library (prelude/control.lua) takes trees apart and checks them; here a body is opened, gets its carries and rows,
 * and is closed into a node, whose values come back as tensors of the trace around it.
 *
 *   core.body(what, loops, length) … core.bind(x, row) … core.close_scan / close_while / close_cond / close_checkpoint
 */
#include "vm.h"

/* ---- inputs ---- */
static Node *bound_new(Trace *t, BoundClass class, Node *outer, DType dtype, Shape shape, State *s, bool hidden,
                       const char *name) {
  if (!name) name = s ? s->name : outer->name;
  Node *inner = graph_bound(t->graph, name, dtype, shape, outer->loc);
  inner->name = name;
  vec_push(t->graph->arena, t->bound, ((Bound){class, outer, inner, s, hidden}));
  return inner;
}

Node *body_capture(Trace *t, Node *outer, State *s) {
  for (int i = 0; i < t->bound.n; ++i)
    if (t->bound.at[i].class == BOUND_captured && t->bound.at[i].outer == outer && t->bound.at[i].state == s)
      return t->bound.at[i].inner;
  return bound_new(t, BOUND_captured, outer, outer->dtype, outer->shape, s, s != NULL, NULL);
}

/* i32: the number of this turn of the loop t: a row of 0, 1, …, or a carry that counts. */
static Node *turn_index(Trace *t) {
  for (int i = 0; i < t->bound.n; ++i)
    if (t->bound.at[i].hidden && !t->bound.at[i].state && t->bound.at[i].class != BOUND_captured)
      return t->bound.at[i].inner;
  Graph *g = t->parent->graph;
  if (t->length)
    return bound_new(t, BOUND_row, graph_iota(g, t->length, t->loc), DT_i32, (Shape){0}, NULL, true, "turn");
  Node *zero = graph_const(g, DT_i32, 0, t->loc);
  return bound_new(t, BOUND_carry, zero, DT_i32, (Shape){0}, NULL, true, "turn");
}

/* Turns of nested loops are one number: the outer one times the length of the inner one, plus the inner one; where the
 * inner length is not known, a large odd factor stands for it. */
Node *body_turn(lua_State *L, Trace *t) {
  static const uint32_t far_apart = 2654435761u;
  Front *f = front_of(L);
  if (t->kind != TRACE_body) return trace_literal(f, DT_u32, 0, place_here(L));
  if (t->turn) return t->turn;
  Trace *inner = f->trace;
  f->trace = t->parent;
  Node *outer = body_turn(L, t->parent);
  f->trace = inner;
  Graph *g = t->graph;
  bool outermost = t->parent->kind != TRACE_body;
  Node *base = outermost && t->loops ? NULL : body_capture(t, outer, NULL);
  if (!t->loops) return t->turn = base;
  Node *index = graph_cast(g, turn_index(t), DT_u32);
  if (!base) return t->turn = index;
  uint32_t factor = t->length ? (uint32_t)t->length : far_apart;
  Node *scaled = graph_op2(g, OP_mul, base, graph_const(g, DT_u32, factor, index->loc));
  return t->turn = graph_op2(g, OP_add, scaled, index);
}

/* ---- opening ---- */
static Trace *body_here(lua_State *L) {
  Trace *t = front_of(L)->trace;
  if (t->kind != TRACE_body) bug("the library: no body is open");
  return t;
}

static int core_body(lua_State *L) { /* (what, loops?, length?) */
  Front *f = front_of(L);
  Trace *parent = f->trace, *t = trace_new(f, TRACE_body, luaL_checkstring(L, 1));
  t->parent = parent;
  t->root = parent->root;
  t->loc = place_here(L);
  t->training = parent->training;
  t->key = parent->key;
  t->key_trace = parent->key_trace;
  t->loops = lua_toboolean(L, 2);
  t->length = lua_isnoneornil(L, 3) ? 0 : (int64_t)luaL_checkinteger(L, 3);
  f->trace = t;
  return 0;
}

/* (x, row, name?): x of the trace around (a tensor, a state or a number) is a carry, or an array of rows. */
static int core_bind(lua_State *L) {
  Front *f = front_of(L);
  Trace *t = body_here(L);
  bool row = lua_toboolean(L, 2);
  f->trace = t->parent;
  Node *outer = value_node(L, 1, t->name);
  f->trace = t;
  Shape shape = outer->shape;
  if (row) {
    memmove(shape.dim, shape.dim + 1, sizeof shape.dim - sizeof *shape.dim);
    shape.rank--;
  }
  const char *name = lua_isnoneornil(L, 3) ? NULL : arena_strdup(f->arena, luaL_checkstring(L, 3));
  handle_push(L, bound_new(t, row ? BOUND_row : BOUND_carry, outer, outer->dtype, shape, NULL, false, name));
  return 1;
}

static int core_turn(lua_State *L) {
  handle_push(L, turn_index(body_here(L)));
  return 1;
}

/* Leaves the body open: its node is made when the other one (while_loop's body, cond's second branch) is closed. */
static int core_leave(lua_State *L) {
  Front *f = front_of(L);
  Trace *t = body_here(L);
  trace_check_compared(t);
  f->trace = t->parent;
  lua_pushlightuserdata(L, t);
  return 1;
}

/* ---- closing ---- */
typedef VEC(Node *) Nodes;
typedef VEC(State *) States;

static void push_output(Trace *t, const char *name, Node *n) {
  Output o = {arena_printf(t->graph->arena, "%s.%d", name, t->graph->outputs.n), n, n->loc};
  vec_push(t->graph->arena, t->graph->outputs, o);
}

/* Every tensor of the list at `index` becomes an output. */
static int list_outputs(lua_State *L, Trace *t, int index, const char *name) {
  int n = lua_isnoneornil(L, index) ? 0 : (int)luaL_len(L, index);
  for (int i = 1; i <= n; ++i) {
    lua_geti(L, index, i);
    push_output(t, name, value_node(L, lua_gettop(L), t->name));
    lua_pop(L, 1);
  }
  return n;
}

static void add_states(Front *f, const Trace *t, States *states) {
  for (int id = 0; id < t->assigned.n; ++id) {
    if (!t->assigned.at[id]) continue;
    bool known = false;
    for (int i = 0; i < states->n; ++i) known |= states->at[i]->id == id;
    if (!known) vec_push(f->arena, *states, f->module->states.at[id]);
  }
}

static Bound *state_bound(Trace *t, const State *s) {
  for (int i = 0; i < t->bound.n; ++i)
    if (t->bound.at[i].state == s) return &t->bound.at[i];
  return NULL;
}

/* States that the body assigns: their inputs (made if it never read them) are of class `class`. */
static void state_inputs(lua_State *L, Trace *t, const States *states, BoundClass class) {
  for (int i = 0; i < states->n; ++i) {
    State *s = states->at[i];
    Bound *b = state_bound(t, s);
    if (!b) {
      Node *outer = trace_version(L, t->parent, s);
      Node *inner = bound_new(t, class, outer, outer->dtype, outer->shape, s, true, NULL);
      bool set = t->version.n > s->id && t->version.at[s->id];
      if (!set) trace_set_version(front_of(L), t, s, inner);
    } else {
      b->class = class;
    }
  }
}

static void state_outputs(Trace *t, const States *states) {
  for (int i = 0; i < states->n; ++i) push_output(t, "state", t->version.at[states->at[i]->id]);
}

/* The order of the inputs: carries of the model, of states, of turns; rows; captured. */
static int bound_rank(const Bound *b, const States *states) {
  if (b->class == BOUND_carry && b->state) {
    for (int i = 0; i < states->n; ++i)
      if (states->at[i] == b->state) return 1 + i;
  }
  if (b->class == BOUND_carry) return b->hidden ? 1 + states->n : 0;
  return states->n + (b->class == BOUND_row ? 2 : 3);
}

static void sort_inputs(Trace *t, const States *states) {
  for (int i = 1; i < t->bound.n; ++i) {
    Bound b = t->bound.at[i];
    Input *in = t->graph->inputs.at[i];
    int k = i;
    for (; k > 0 && bound_rank(&t->bound.at[k - 1], states) > bound_rank(&b, states); --k) {
      t->bound.at[k] = t->bound.at[k - 1];
      t->graph->inputs.at[k] = t->graph->inputs.at[k - 1];
    }
    t->bound.at[k] = b;
    t->graph->inputs.at[k] = in;
  }
}

static int count_class(const Trace *t, BoundClass class) {
  int n = 0;
  for (int i = 0; i < t->bound.n; ++i) n += t->bound.at[i].class == class;
  return n;
}

static Node **outer_operands(Front *f, const Trace *t) {
  Node **in = NEW_N(f->arena, Node *, t->bound.n + 1);
  for (int i = 0; i < t->bound.n; ++i) in[i] = t->bound.at[i].outer;
  return in;
}

static void push_results(lua_State *L, Node *node, int first, int n) { /* a list */
  Front *f = front_of(L);
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; ++i) {
    handle_push(L, graph_result(f->trace->graph, node, first + i));
    lua_rawseti(L, -2, i + 1);
  }
}

static void assign_results(lua_State *L, Node *node, int first, const States *states) {
  Front *f = front_of(L);
  for (int i = 0; i < states->n; ++i)
    trace_assign(f, f->trace, states->at[i], graph_result(f->trace->graph, node, first + i), node->loc);
}

/* The counter of turns of a while_loop is a carry that goes up. */
static void count_turns(Trace *t) {
  for (int i = 0; i < t->bound.n; ++i) {
    Bound *b = &t->bound.at[i];
    if (b->class != BOUND_carry || !b->hidden || b->state) continue;
    Graph *g = t->graph;
    push_output(t, "turn", graph_op2(g, OP_add, b->inner, graph_const(g, DT_i32, 1, b->inner->loc)));
  }
}

static int core_close_scan(
    lua_State *L) { /* (next carries, results, length, reverse, "independent" or "frugal"?) -> lasts, stacks */
  Front *f = front_of(L);
  Trace *t = body_here(L);
  Loc loc = place_here(L);
  int64_t length = luaL_checkinteger(L, 3);
  const char *kind = luaL_optstring(L, 5, "");
  bool independent = !strcmp(kind, "independent");
  States states = {0};
  trace_check_compared(t);
  int carries = list_outputs(L, t, 1, "carry");
  add_states(f, t, &states);
  if (states.n && independent) front_fail(L, place_call(L), MSG_vmap_assign, states.at[0]->name, "", "", "");
  state_inputs(L, t, &states, BOUND_carry);
  state_outputs(t, &states);
  int results = list_outputs(L, t, 2, "row");
  sort_inputs(t, &states);
  f->trace = t->parent;
  Node *scan = graph_scan(f->trace->graph, t->graph, t->bound.n, outer_operands(f, t), carries + states.n,
                          count_class(t, BOUND_row), length, lua_toboolean(L, 4), loc);
  ((Attr *)scan->attr)->independent = independent;
  ((Attr *)scan->attr)->frugal = !strcmp(kind, "frugal");
  push_results(L, scan, 0, carries);
  push_results(L, scan, carries + states.n, results);
  assign_results(L, scan, carries, &states);
  return 2;
}

/* What either body reads is an input of both, in one order. */
static void unite(Trace *a, Trace *b) {
  for (int i = 0; i < a->bound.n; ++i) {
    Bound x = a->bound.at[i];
    int at = -1;
    for (int k = i; k < b->bound.n && at < 0; ++k) {
      const Bound *y = &b->bound.at[k];
      bool own = x.class == BOUND_carry && !x.hidden; /* the model's carries: by their place */
      if (x.class == y->class && x.state == y->state && x.hidden == y->hidden && (own || x.outer == y->outer)) at = k;
    }
    if (at < 0) {
      bound_new(b, x.class, x.outer, x.inner->dtype, x.inner->shape, x.state, x.hidden, x.inner->name);
      at = b->bound.n - 1;
    }
    Bound found = b->bound.at[at];
    Input *in = b->graph->inputs.at[at];
    for (int k = at; k > i; --k) {
      b->bound.at[k] = b->bound.at[k - 1];
      b->graph->inputs.at[k] = b->graph->inputs.at[k - 1];
    }
    b->bound.at[i] = found;
    b->graph->inputs.at[i] = in;
  }
}

static void unite_both(Trace *a, Trace *b, const States *states) {
  unite(a, b); /* b has all of a's, in a's order, and then its own */
  unite(b, a);
  sort_inputs(a, states);
  sort_inputs(b, states);
}

static int core_close_while(lua_State *L) { /* (test, continue, next carries) -> lasts; test: a body that was left */
  Front *f = front_of(L);
  Trace *t = body_here(L), *test = lua_touserdata(L, 1);
  Loc loc = place_here(L);
  States states = {0};
  trace_check_compared(t);
  int carries = list_outputs(L, t, 3, "carry");
  add_states(f, test, &states);
  if (states.n) front_fail(L, place_call(L), MSG_test_assign, states.at[0]->name, "", "", "");
  add_states(f, t, &states);
  state_inputs(L, t, &states, BOUND_carry);
  for (int i = 0; i < test->bound.n; ++i)
    for (int k = 0; k < states.n; ++k)
      if (test->bound.at[i].state == states.at[k]) test->bound.at[i].class = BOUND_carry;
  state_outputs(t, &states);
  count_turns(t);
  unite_both(test, t, &states);
  f->trace = t->parent;
  int all = count_class(t, BOUND_carry);
  Node *loop = graph_while(f->trace->graph, test->graph, t->graph, t->bound.n, outer_operands(f, t), all, loc);
  push_results(L, loop, 0, carries);
  assign_results(L, loop, carries, &states);
  return 1;
}

static int core_output(lua_State *L) { /* (tensor): one output of the open body, checked to be a bool scalar by Lua */
  Trace *t = body_here(L);
  push_output(t, "test", value_node(L, 1, t->name));
  return 0;
}

static int core_close_cond(lua_State *L) { /* (predicate, body of the first branch, its results, results) -> results */
  Front *f = front_of(L);
  Trace *b = body_here(L), *a = lua_touserdata(L, 2);
  Loc loc = place_here(L);
  States states = {0};
  trace_check_compared(b);
  f->trace = a;
  int results = list_outputs(L, a, 3, "value");
  f->trace = b;
  list_outputs(L, b, 4, "value");
  add_states(f, a, &states);
  add_states(f, b, &states);
  state_inputs(L, a, &states, BOUND_captured);
  state_inputs(L, b, &states, BOUND_captured);
  state_outputs(a, &states);
  state_outputs(b, &states);
  unite_both(a, b, &states);
  f->trace = b->parent;
  Node *p = value_node(L, 1, "nn.cond");
  Node *cond = graph_cond(f->trace->graph, p, a->graph, b->graph, a->bound.n, outer_operands(f, a), loc);
  push_results(L, cond, 0, results);
  assign_results(L, cond, results, &states);
  return 1;
}

static int core_close_checkpoint(lua_State *L) { /* (results) -> results */
  Front *f = front_of(L);
  Trace *t = body_here(L);
  Loc loc = place_here(L);
  States states = {0};
  trace_check_compared(t);
  int results = list_outputs(L, t, 1, "value");
  add_states(f, t, &states);
  state_outputs(t, &states);
  f->trace = t->parent;
  Node *c = graph_checkpoint(f->trace->graph, t->graph, t->bound.n, outer_operands(f, t), loc);
  push_results(L, c, 0, results);
  assign_results(L, c, results, &states);
  return 1;
}

/* ---- nn.functional_call: versions of states, put aside and put back ---- */
static int core_substitute(lua_State *L) { /* (states, values, f) -> new values, f's results… */
  Front *f = front_of(L);
  Trace *t = f->trace;
  int n = (int)luaL_len(L, 1);
  State **states = NEW_N(f->arena, State *, n + 1);
  Node **before = NEW_N(f->arena, Node *, n + 1), **value = NEW_N(f->arena, Node *, n + 1);
  for (int i = 0; i < n; ++i) {
    lua_geti(L, 1, i + 1);
    states[i] = handle_test(L, -1)->state;
    lua_geti(L, 2, i + 1);
    value[i] = value_node(L, lua_gettop(L), "nn.functional_call");
    lua_pop(L, 2);
    before[i] = t->version.n > states[i]->id ? t->version.at[states[i]->id] : NULL;
    while (t->substituted.n <= states[i]->id) vec_push(f->arena, t->substituted, 0);
  }
  for (int i = 0; i < n; ++i) {
    trace_set_version(f, t, states[i], value[i]);
    t->substituted.at[states[i]->id]++;
  }
  lua_settop(L, 3);
  lua_call(L, 0, LUA_MULTRET);
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; ++i) {
    handle_push(L, t->version.at[states[i]->id]);
    lua_rawseti(L, -2, i + 1);
    t->substituted.at[states[i]->id]--;
    t->version.at[states[i]->id] = before[i];
  }
  lua_replace(L, 2);
  return lua_gettop(L) - 1;
}

/* ---- nn.custom_gradient ---- */
typedef struct Rule {
  Front *front;
  int function; /* in the registry: (list of operands' tensors, list of cotangents) -> list of gradients or false */
  Trace *trace; /* where it was made */
} Rule;

static void push_list(lua_State *L, int n, Node *const *at) {
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; ++i) {
    handle_push(L, at[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

static void check_rule_gradient(lua_State *L, Node *y, int i, const Node *dx) {
  Front *f = front_of(L);
  const Node *x = node_in(y, y->attr->carries + i);
  if (dx->dtype == x->dtype && shape_equal(dx->shape, x->shape)) return;
  diag_note(x->loc, MSG_made_here, place_text(f, x));
  user_error(y->loc, MSG_rule_gradient, i + 1, place_text(f, dx), place_text(f, x));
}

/* Runs the model's backward function in the graph that the gradient is built in: that of the current trace, or one that
 * the gradient of a loop is making, which gets a trace for the time. */
static void rule_gradient(void *context, Graph *g, Node *y, Node *const *dy, Node **dx) {
  const Rule *rule = context;
  Front *f = rule->front;
  lua_State *L = f->asking;
  Trace *outer = f->trace;
  if (outer->graph != g) {
    f->trace = trace_new(f, TRACE_rule, "the backward function of nn.custom_gradient");
    f->trace->graph = g;
    f->trace->training = outer->training;
  }
  const Loc *at = g->at;
  int values = y->attr->carries, arguments = y->attr->rows, top = lua_gettop(L);
  Node **cotangent = NEW_N(f->arena, Node *, values + 1), **all = NEW_N(f->arena, Node *, y->nin + 1);
  for (int i = 0; i < values; ++i) cotangent[i] = dy[i] ? dy[i] : graph_like(g, node_in(y, i), 0);
  for (int i = 0; i < y->nin; ++i) all[i] = node_in(y, i);
  g->at = NULL;
  f->rule = y->loc;
  lua_pushcfunction(L, place_rule);
  lua_rawgeti(L, LUA_REGISTRYINDEX, rule->function);
  push_list(L, y->nin, all);
  push_list(L, values, cotangent);
  lua_call(L, 3, 1);
  for (int i = 0; i < arguments; ++i) {
    lua_geti(L, -1, i + 1);
    Handle *h = handle_test(L, -1);
    dx[i] = h ? trace_node(L, h, "nn.custom_gradient") : NULL;
    if (dx[i]) check_rule_gradient(L, y, i, dx[i]);
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  g->at = at;
  f->trace = outer;
}

static int core_custom(lua_State *L) { /* (values, arguments, residuals, function) -> values */
  Front *f = front_of(L);
  Nodes in = {0};
  int count[3];
  for (int list = 0; list < 3; ++list) {
    count[list] = (int)luaL_len(L, list + 1);
    for (int i = 1; i <= count[list]; ++i) {
      lua_geti(L, list + 1, i);
      vec_push(f->arena, in, value_node(L, lua_gettop(L), "nn.custom_gradient"));
      lua_pop(L, 1);
    }
  }
  Rule *rule = NEW(f->arena, Rule);
  Custom *custom = NEW(f->arena, Custom);
  lua_settop(L, 4);
  *rule = (Rule){f, luaL_ref(L, LUA_REGISTRYINDEX), f->trace};
  *custom = (Custom){rule_gradient, rule};
  Node *n = graph_custom(f->trace->graph, custom, count[0], count[1], in.n, in.at, place_here(L));
  push_results(L, n, 0, count[0]);
  return 1;
}

/* ---- the law of gradients in bodies ---- */
void body_check_gradient(lua_State *L, Trace *t, Node *y, Node *x) {
  Front *f = front_of(L);
  const Bound *from = NULL;
  for (int i = 0; i < t->bound.n; ++i)
    if (t->bound.at[i].inner == x && t->bound.at[i].class == BOUND_captured) from = &t->bound.at[i];
  if (!from) return;
  for (int i = 0; i < t->bound.n; ++i) {
    const Bound *b = &t->bound.at[i];
    if (b == from || b->class != BOUND_captured || b->outer->id <= from->outer->id || b->outer == from->outer) continue;
    if (!graph_reaches(t->parent->graph, from->outer, b->outer) || !graph_reaches(t->graph, b->inner, y)) continue;
    diag_note(b->outer->loc, MSG_made_here, place_text(f, b->outer));
    diag_note(from->outer->loc, MSG_made_here, place_text(f, from->outer));
    front_fail(L, place_call(L), MSG_grad_outside, place_text(f, y), place_text(f, x), place_text(f, b->outer), "");
  }
}

static int core_all_mean(lua_State *L) {
  Front *f = front_of(L);
  Node *x = value_node(L, 1, "nn.all_mean");
  handle_push(L, graph_add(f->trace->graph, OP_all_mean, 1, &x, NULL, place_here(L)));
  return 1;
}

void control_core(lua_State *L) { /* stack: core */
  static const luaL_Reg functions[] = {{"body", core_body},
                                       {"bind", core_bind},
                                       {"turn", core_turn},
                                       {"leave", core_leave},
                                       {"output", core_output},
                                       {"close_scan", core_close_scan},
                                       {"close_while", core_close_while},
                                       {"close_cond", core_close_cond},
                                       {"close_checkpoint", core_close_checkpoint},
                                       {"substitute", core_substitute},
                                       {"custom", core_custom},
                                       {"all_mean", core_all_mean},
                                       {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
