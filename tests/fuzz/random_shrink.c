/* random_shrink.c: edits a failing function step by step and keeps an edit when the failure stays:
 *   1. fewer outputs, no assigns   2. a node cut off: an input with the value that it had (in a subgraph: ones), or one
 * of its operands   3. a size that occurs, everywhere replaced by a smaller one   4. what nothing reads, dropped (dce)
 * Each candidate is a new Module, built through graph_add under a diagnostic guard: edits that make no valid graph are
 * refused there. So a failure of sixty nodes ends as a text of a few lines. */
#include "random_shrink.h"

typedef struct Edit {
  int output;      /* keep this output only; -1: all */
  bool no_assigns; /* and no assign */
  const Graph *in; /* where cut and bypass are */
  int cut;         /* id of the node that becomes an input; -1: none */
  const Value *cut_value;
  int bypass, operand;   /* id of the node that becomes its operand; -1: none */
  int64_t size, smaller; /* every dimension of `size` becomes `smaller`; 0: none */
  bool drop;             /* what nothing reads */
} Edit;
static const Edit no_edit = {.output = -1, .cut = -1, .bypass = -1};

typedef struct Copy {
  Arena *arena;
  const Module *from;
  Module *to;
  const Edit *edit;
  Map states; /* new states by name */
  int fresh;
} Copy;

/* ---- sizes ---- */
static int64_t size_edited(const Edit *e, int64_t n) { return e->size > 0 && n == e->size ? e->smaller : n; }

static Shape shape_edited(const Edit *e, Shape s) {
  for (int d = 0; d < s.rank; ++d) s.dim[d] = size_edited(e, s.dim[d]);
  return s;
}

/* The first elements, over and over: enough for a failing case. */
static Tensor *tensor_edited(Copy *c, const Tensor *t) {
  Shape s = shape_edited(c->edit, t->shape);
  if (shape_equal(s, t->shape)) return (Tensor *)t;
  Tensor *small = NEW(c->arena, Tensor);
  size_t bytes = (size_t)dtype_info[t->dtype].bytes;
  *small = (Tensor){.dtype = t->dtype, .shape = s, .data = arena_alloc(c->arena, (size_t)shape_count(s) * bytes)};
  for (int64_t i = 0; i < shape_count(s); ++i)
    memcpy((char *)small->data + (size_t)i * bytes, (const char *)t->data + (size_t)(i % shape_count(t->shape)) * bytes,
           bytes);
  return small;
}

static Attr attr_edited(Copy *c, const Node *n) {
  Attr a = *n->attr;
  for (int d = 0; d < RANK_MAX; ++d) {
    a.high[d] = n->op == OP_pad ? a.high[d] : size_edited(c->edit, a.high[d]);
    if (n->op == OP_slice && a.low[d] >= a.high[d] && a.high[d] > 0) a.low[d] = a.high[d] - 1;
  }
  if (a.value) a.value = tensor_edited(c, a.value);
  return a;
}

/* ---- copying one node into the candidate ---- */
static State *state_edited(Copy *c, State *s) {
  State *copy = map_get(&c->states, s->name);
  if (copy) return copy;
  Shape shape = s == c->from->seed ? s->shape : shape_edited(c->edit, s->shape);
  copy = module_state(c->to, s->name, s->dtype, shape, s->trained, s->loc);
  copy->saved = s->saved;
  if (s == c->from->seed) c->to->seed = copy;
  copy->init = s->init;
  const Node *value = s->init ? s->init->outputs.at[0].node : NULL;
  if (value && value->op == OP_const && !shape_equal(copy->shape, s->shape)) {
    copy->init = graph_new(c->arena, s->init->name);
    Output out = {.name = "value", .loc = s->loc};
    out.node = graph_const_tensor(copy->init, tensor_edited(c, value->attr->value), s->loc);
    vec_push(c->arena, copy->init->outputs, out);
  }
  map_put(&c->states, s->name, copy);
  return copy;
}

static Node *input_new(Copy *c, Graph *to, const char *name, const Tensor *value, Loc loc) {
  Input *input = NEW(c->arena, Input);
  *input = (Input){.kind = INPUT_value,
                   .name = name,
                   .dtype = value->dtype,
                   .shape = value->shape,
                   .source = -1,
                   .field = -1,
                   .hyper = -1,
                   .value = value,
                   .loc = loc};
  return graph_input(to, input);
}

static Graph *subgraph_edited(Copy *c, const Graph *g);

static Node *node_edited(Graph *to, const Graph *from, const Node *n, Node *const *in, Copy *c) {
  bool here = from == c->edit->in;
  if (here && n->id == c->edit->cut && !c->edit->cut_value) return graph_like(to, n, 1);
  if (here && n->id == c->edit->cut)
    return input_new(c, to, arena_printf(c->arena, "cut%d_%d", n->id, c->fresh++),
                     tensor_of_value(c->arena, c->edit->cut_value), n->loc);
  if (here && n->id == c->edit->bypass) return in[c->edit->operand];
  if (n->op == OP_input) return input_new(c, to, n->attr->input->name, tensor_edited(c, n->attr->input->value), n->loc);
  if (n->op == OP_state) return graph_state(to, state_edited(c, n->attr->state), n->loc);
  if (n->op == OP_assign) return graph_assign(to, state_edited(c, n->attr->state), in[0], n->loc);
  Attr attr = attr_edited(c, n);
  if (attr.body) attr.body = subgraph_edited(c, attr.body);
  if (attr.other) attr.other = subgraph_edited(c, attr.other);
  return graph_add(to, n->op, n->nin, in, &attr, n->loc);
}

/* Inputs and outputs stay as many as they are: a control node counts them. */
static Graph *subgraph_edited(Copy *c, const Graph *g) {
  Graph *to = graph_new(c->arena, g->name);
  bool *live = NEW_N(c->arena, bool, g->nodes.n + 1);
  Node **map = NEW_N(c->arena, Node *, g->nodes.n + 1);
  for (int k = 0; k < g->inputs.n; ++k) {
    Input *in = NEW(c->arena, Input);
    *in = *g->inputs.at[k];
    in->shape = shape_edited(c->edit, in->shape);
    Node *n = graph_input(to, in);
    for (int id = 0; id < g->nodes.n; ++id)
      if (g->nodes.at[id]->op == OP_input && g->nodes.at[id]->attr->input == g->inputs.at[k]) map[id] = n;
  }
  for (int k = 0; k < g->outputs.n; ++k) live[g->outputs.at[k].node->id] = true;
  for (int id = g->nodes.n - 1; id >= 0; --id)
    for (int i = 0; live[id] && i < g->nodes.at[id]->nin; ++i) live[node_in(g->nodes.at[id], i)->id] = true;
  for (int id = 0; id < g->nodes.n; ++id) {
    const Node *n = g->nodes.at[id];
    Node **in = NEW_N(c->arena, Node *, n->nin + 1);
    for (int i = 0; i < n->nin; ++i) in[i] = map[node_in(n, i)->id];
    if (!map[id] && live[id]) map[id] = node_edited(to, g, n, in, c);
  }
  for (int k = 0; k < g->outputs.n; ++k) {
    Output o = g->outputs.at[k];
    o.node = map[o.node->id];
    vec_push(c->arena, to->outputs, o);
  }
  return to;
}

/* Not graph_rebuild: shapes may change here. Only what the kept outputs and assigns reach is copied. */
static Graph *graph_edited(Copy *c, const Graph *g) {
  const Edit *e = c->edit;
  Graph *to = graph_new(c->arena, g->name);
  bool *live = NEW_N(c->arena, bool, g->nodes.n + 1);
  Node **map = NEW_N(c->arena, Node *, g->nodes.n + 1);
  for (int k = 0; k < g->outputs.n; ++k)
    if (e->output < 0 || e->output == k) live[g->outputs.at[k].node->id] = true;
  for (int k = 0; k < g->assigns.n && !e->no_assigns; ++k) live[g->assigns.at[k]->id] = true;
  for (int id = g->nodes.n - 1; id >= 0; --id)
    for (int i = 0; live[id] && i < g->nodes.at[id]->nin; ++i) live[node_in(g->nodes.at[id], i)->id] = true;
  for (int id = 0; id < g->nodes.n; ++id) {
    const Node *n = g->nodes.at[id];
    if (!live[id]) continue;
    Node **in = NEW_N(c->arena, Node *, n->nin + 1);
    for (int i = 0; i < n->nin; ++i) in[i] = map[node_in(n, i)->id];
    map[id] = node_edited(to, g, n, in, c);
  }
  for (int k = 0; k < g->outputs.n; ++k) {
    Output o = g->outputs.at[k];
    if (e->output >= 0 && e->output != k) continue;
    o.node = map[o.node->id];
    vec_push(c->arena, to->outputs, o);
  }
  return to;
}

static FILE *silence(void) {
  FILE *nowhere = fopen("/dev/null", "w");
  diag_stream(nowhere ? nowhere : stderr);
  return nowhere;
}

/* The candidate, or NULL when the edit makes no valid function. */
static Module *module_edited(Arena *arena, const Module *m, int func, const Edit *e) {
  Copy c = {.arena = arena, .from = m, .edit = e};
  const Func *f = m->funcs.at[func];
  c.to = module_new(arena);
  c.to->name = m->name, c.to->file = m->file;
  map_init(&c.states, arena);
  Module *volatile result = NULL;
  FILE *nowhere = silence();
  if (setjmp(*diag_guard()) == 0) {
    if (m->seed) state_edited(&c, m->seed);
    Func *copy = NEW(arena, Func);
    *copy = *f;
    Variant variant = {.graph = graph_rebuild(graph_edited(&c, f->variants.at[0].graph), NULL, NULL)};
    if (e->drop) variant.graph = graph_run(variant.graph, pass_dce);
    copy->variants.at = NULL, copy->variants.n = copy->variants.cap = 0;
    vec_push(arena, copy->variants, variant);
    vec_push(arena, c.to->funcs, copy);
    module_verify(c.to);
    result = c.to;
  }
  diag_stream(stderr);
  if (nowhere) fclose(nowhere);
  return result;
}

Module *module_single(Arena *arena, const Module *m, int func) { return module_edited(arena, m, func, &no_edit); }

/* ---- the search ---- */
typedef struct Search {
  Arena *arena;
  Fails *fails;
  void *context;
  int budget;
  Module *best;
} Search;

static const Graph *best_graph(const Search *s) { return s->best->funcs.at[0]->variants.at[0].graph; }

static bool attempt(Search *s, const Edit *e) {
  if (s->budget-- <= 0) return false;
  Module *m = module_edited(s->arena, s->best, 0, e);
  if (!m || !s->fails(s->context, m)) return false;
  s->best = m;
  return true;
}

static void shrink_outputs(Search *s) {
  for (int i = 0; i < best_graph(s)->outputs.n && best_graph(s)->outputs.n > 1; ++i) {
    Edit e = no_edit;
    e.output = i, e.no_assigns = true;
    if (attempt(s, &e)) return;
  }
  Edit e = no_edit;
  e.no_assigns = true;
  if (best_graph(s)->assigns.n > 0) attempt(s, &e);
  for (int i = 0; i < best_graph(s)->outputs.n && best_graph(s)->outputs.n > 1; ++i) {
    e = no_edit, e.output = i;
    if (attempt(s, &e)) return;
  }
}

typedef struct Values {
  Arena *arena;
  const Module *m;
} Values;
static Value *values_input(void *context, const Input *input) {
  return value_of_tensor(((Values *)context)->arena, input->value);
}
static Value *values_state(void *context, const State *state) {
  Values *v = context;
  if (!state->init) { /* the seed, as everywhere in these tests */
    Value *seed = value_new(v->arena, state->dtype, state->shape);
    for (int64_t i = 0; i < shape_count(state->shape); ++i) seed->i[i] = 1234 + i;
    return seed;
  }
  Env env = {.arena = v->arena, .state = values_state, .input = values_input, .context = v, .round = true};
  return graph_eval(state->init, &env)[state->init->outputs.at[0].node->id];
}

/* values: NULL in a subgraph */
static bool shrink_node(Search *s, const Graph *g, const Node *n, Value **values) {
  Edit e = no_edit;
  bool leaf = op_info[n->op].family == FAMILY_LEAF || n->op == OP_assign || n->attr->body;
  if (!values && n->op == OP_broadcast && node_in(n, 0)->op == OP_const) return false;
  e.in = g;
  if (!leaf) {
    e.cut = n->id, e.cut_value = values ? values[n->id] : NULL;
    if (attempt(s, &e)) return true;
  }
  for (int k = 0; k < n->nin; ++k) {
    const Node *x = node_in(n, k);
    if (x->dtype != n->dtype || !shape_equal(x->shape, n->shape)) continue;
    e = no_edit, e.in = g, e.bypass = n->id, e.operand = k;
    if (attempt(s, &e)) return true;
  }
  return false;
}

static bool shrink_inside(Search *s, const Graph *g) {
  for (int i = 0; g && i < g->nodes.n && s->budget > 0; ++i) {
    const Node *n = g->nodes.at[g->nodes.n - 1 - i];
    if (shrink_inside(s, n->attr->body) || shrink_inside(s, n->attr->other) || shrink_node(s, g, n, NULL)) return true;
  }
  return false;
}

/* From the last node to the first: cutting late nodes' operands removes most. Starts over with new ids after a success.
 */
static bool shrink_nodes(Search *s) {
  Values world = {s->arena, s->best};
  Env env = {.arena = s->arena, .state = values_state, .input = values_input, .context = &world, .round = true};
  const Graph *g = best_graph(s);
  Value **values = graph_eval(g, &env);
  for (int i = 0; i < g->nodes.n && s->budget > 0; ++i)
    if (shrink_node(s, g, g->nodes.at[g->nodes.n - 1 - i], values)) return true;
  for (int i = 0; i < g->nodes.n && s->budget > 0; ++i) {
    const Node *n = g->nodes.at[g->nodes.n - 1 - i];
    if (shrink_inside(s, n->attr->body) || shrink_inside(s, n->attr->other)) return true;
  }
  return false;
}

static int64_t largest_below(const Graph *g, int64_t limit) {
  int64_t most = 1;
  for (int i = 0; g && i < g->nodes.n; ++i) {
    const Attr *a = g->nodes.at[i]->attr;
    int64_t inside = a->body ? largest_below(a->body, limit) : 1;
    if (inside > most) most = inside;
    for (int d = 0; d < g->nodes.at[i]->shape.rank; ++d) {
      int64_t n = g->nodes.at[i]->shape.dim[d];
      if (n < limit && n > most) most = n;
    }
  }
  return most;
}

static bool shrink_sizes(Search *s) {
  for (int64_t size = largest_below(best_graph(s), INT64_MAX); size > 1; size = largest_below(best_graph(s), size)) {
    const int64_t smaller[] = {1, 2, 3, size / 2, size - 1};
    for (int k = 0; k < 5; ++k) {
      Edit e = no_edit;
      e.size = size, e.smaller = smaller[k];
      if (smaller[k] < size && attempt(s, &e)) return true;
    }
  }
  return false;
}

Module *module_shrink(Arena *arena, const Module *m, Fails *fails, void *context, int budget) {
  Search s = {.arena = arena, .fails = fails, .context = context, .budget = budget, .best = (Module *)m};
  Edit drop = no_edit;
  drop.drop = true;
  shrink_outputs(&s);
  attempt(&s, &drop);
  while (s.budget > 0 && shrink_nodes(&s)) {}
  while (s.budget > 0 && shrink_sizes(&s)) {}
  while (s.budget > 0 && shrink_nodes(&s)) {}
  attempt(&s, &drop);
  Module *clean = module_single(arena, s.best, 0); /* without states and inputs that nothing reads any more */
  return clean && fails(context, clean) ? clean : s.best;
}
