/* batch.c: a scan whose turns are independent (nn.vmap) becomes its body over all rows at once (batch_rules.c).
 *
 *   %2 = scan %0, %1 rows=1 independent=1 { y = tanh(w x) }    ->    y = tanh(dot(x, w)) over [B, …]
 *
 * The scan is the definition and this is the same values: elementwise ops, movement and choices to the bit, sums and
 * products in the order that the wider shape has. What depends on nothing that differs from row to row is done once.
 * Control inside: a scan stays one, with rows of its carries and results; a cond by a bool for each row becomes both
 * branches and `where`; a while with a test for each row goes on until no row does, and rows that have stopped keep
 * their carries. A branch or body that might not end where the model would not have gone (it holds a while, and is now
 * run for every row) keeps the scan, as do ops without a rule and ranks above RANK_MAX. */
#include "batch.h"

typedef struct Values { /* of a control node of the old graph */
  Node **at;
  bool *of;
} Values;

typedef struct Rows {
  Graph *to;
  int64_t size;
} Rows;

static Values values_new(Arena *arena, int n) {
  return (Values){NEW_N(arena, Node *, n + 1), NEW_N(arena, bool, n + 1)};
}

static bool holds_while(const Graph *g) {
  for (int id = 0; g && id < g->nodes.n; ++id) {
    const Node *n = g->nodes.at[id];
    if (n->op == OP_while || holds_while(n->attr->body) || holds_while(n->attr->other)) return true;
  }
  return false;
}

/* ---- subgraphs ---- */
static Node **bind_inputs(Graph *g, const Graph *like, const bool *of, int64_t size) {
  Node **bound = NEW_N(g->arena, Node *, like->inputs.n + 1);
  for (int k = 0; k < like->inputs.n; ++k) {
    const Input *i = like->inputs.at[k];
    bound[k] = graph_bound(g, i->name, i->dtype, of[k] ? batch_shape(i->shape, size) : i->shape, i->loc);
  }
  return bound;
}

static bool fits(const Graph *g, const bool *of) {
  for (int k = 0; k < g->inputs.n; ++k)
    if (of[k] && g->inputs.at[k]->shape.rank >= RANK_MAX) return false;
  return true;
}

static void give(Graph *g, const Output *like, Node *n) {
  Output o = *like;
  o.node = n;
  vec_push(g->arena, g->outputs, o);
}

/* A subgraph over rows, whose output k has rows where `wanted` says so (and nowhere else). */
static Graph *rows_of_subgraph(const Graph *from, int64_t size, const bool *of, const bool *wanted) {
  Graph *g = graph_new(from->arena, from->name);
  Values v = values_new(g->arena, from->outputs.n);
  if (!fits(from, of) || !batch_graph(g, from, size, bind_inputs(g, from, of, size), of, v.at, v.of)) return NULL;
  for (int k = 0; k < from->outputs.n; ++k) {
    Node *n = wanted[k] && !v.of[k] ? batch_rows(g, v.at[k], size) : v.at[k];
    if (!n) return NULL;
    give(g, &from->outputs.at[k], n);
  }
  return g;
}

/* ---- scan in a scan ---- */
/* The operands as the new scan takes them: carries with rows where they get any, arrays of rows with the turns first.
 */
static Node **scan_operands(const Rows *r, const Node *n, Node *const *in, const bool *of, const bool *carried) {
  Node **operand = NEW_N(r->to->arena, Node *, n->nin + 1);
  for (int i = 0; i < n->nin; ++i) {
    bool row = i >= n->attr->carries && i < n->attr->carries + n->attr->rows;
    operand[i] = in[i];
    if (row && of[i]) operand[i] = batch_from_front(r->to, in[i], 1);
    if (i < n->attr->carries && carried[i] && !of[i]) operand[i] = batch_rows(r->to, in[i], r->size);
    if (!operand[i]) return NULL;
  }
  return operand;
}

static bool rows_of_scan(const Rows *r, const Node *n, Node *const *in, const bool *of, Values *v) {
  int values = control_values(n);
  bool *inside = NEW_N(r->to->arena, bool, n->nin + 1);
  control_depends(n, of, false, v->of);
  for (int i = 0; i < n->nin; ++i) inside[i] = i < n->attr->carries ? v->of[i] : of[i];
  Attr attr = *n->attr;
  attr.body = rows_of_subgraph(n->attr->body, r->size, inside, v->of);
  Node **operand = scan_operands(r, n, in, of, v->of);
  if (!attr.body || !operand) return false;
  for (int k = attr.carries; k < values; ++k)
    if (attr.body->outputs.at[k].node->shape.rank >= RANK_MAX) return false;
  Node *scan = graph_add(r->to, OP_scan, n->nin, operand, &attr, n->loc);
  for (int k = 0; k < values; ++k) {
    v->at[k] = graph_result(r->to, scan, k);
    if (k >= attr.carries && v->of[k]) v->at[k] = batch_to_front(r->to, v->at[k], 1);
  }
  return true;
}

/* ---- cond ---- */
static bool rows_of_branches(const Rows *r, const Node *n, Node *const *in, const bool *of, Values *v) {
  int values = control_values(n);
  Values a = values_new(r->to->arena, values), b = values_new(r->to->arena, values);
  if (holds_while(n->attr->body) || holds_while(n->attr->other)) return false;
  if (!batch_graph(r->to, n->attr->body, r->size, in + 1, of + 1, a.at, a.of)) return false;
  if (!batch_graph(r->to, n->attr->other, r->size, in + 1, of + 1, b.at, b.of)) return false;
  for (int k = 0; k < values; ++k) {
    Node *x = a.of[k] ? a.at[k] : batch_rows(r->to, a.at[k], r->size);
    Node *y = b.of[k] ? b.at[k] : batch_rows(r->to, b.at[k], r->size);
    if (!x || !y) return false;
    v->at[k] = batch_choose(r->to, in[0], x, y);
    v->of[k] = true;
  }
  return true;
}

static bool rows_of_cond(const Rows *r, const Node *n, Node *const *in, const bool *of, Values *v) {
  if (of[0]) return rows_of_branches(r, n, in, of, v);
  Attr attr = *n->attr;
  control_depends(n, of, false, v->of);
  attr.body = rows_of_subgraph(n->attr->body, r->size, of + 1, v->of);
  attr.other = rows_of_subgraph(n->attr->other, r->size, of + 1, v->of);
  if (!attr.body || !attr.other) return false;
  Node *cond = graph_add(r->to, OP_cond, n->nin, in, &attr, n->loc);
  for (int k = 0; k < control_values(n); ++k) v->at[k] = graph_result(r->to, cond, k);
  return true;
}

/* ---- while ---- */
static Node **carries_with_rows(const Rows *r, const Node *n, Node *const *in, const bool *of, const bool *inside) {
  Node **operand = NEW_N(r->to->arena, Node *, n->nin + 2);
  for (int i = 0; i < n->nin; ++i) {
    operand[i] = inside[i] && !of[i] ? batch_rows(r->to, in[i], r->size) : in[i];
    if (!operand[i]) return NULL;
  }
  return operand;
}

/* Does any row go on? */
static Graph *any_row(const Graph *test, Node *const *bound, int carries, int n) {
  Graph *g = graph_new(test->arena, test->name);
  Node *go = NULL;
  for (int k = 0; k < n; ++k) {
    Node *x = graph_bound(g, bound[k]->attr->input->name, bound[k]->dtype, bound[k]->shape, bound[k]->loc);
    if (k == carries) go = x;
  }
  Node *any = graph_reduce(g, OP_max, graph_cast(g, go, DT_u8), (Axes){1, {0}});
  give(g, &test->outputs.at[0], graph_cast(g, any, DT_bool));
  return g;
}

/* The carries of a row stay as they are once its test has failed; whether it goes on is one more carry. */
static bool rows_of_masked_while(const Rows *r, const Node *n, Node *const *in, const bool *of, Values *v) {
  const Attr *a = n->attr;
  int carries = a->carries;
  Arena *arena = r->to->arena;
  bool *inside = NEW_N(arena, bool, n->nin + 1), go_of;
  if (holds_while(a->body) || holds_while(a->other)) return false;
  for (int i = 0; i < n->nin; ++i) inside[i] = i < carries || of[i];
  Node **operand = carries_with_rows(r, n, in, of, inside), *go, *next_go;
  if (!operand || !fits(a->body, inside)) return false;
  if (!batch_graph(r->to, a->other, r->size, operand, inside, &go, &go_of)) return false;
  Graph *body = graph_new(arena, a->body->name);
  Node **all = NEW_N(arena, Node *, n->nin + 1), **bound = bind_inputs(body, a->body, inside, r->size);
  Node *going = graph_bound(body, "go_on", DT_bool, go->shape, go->loc);
  Values next = values_new(arena, n->nin);
  if (!batch_graph(body, a->body, r->size, bound, inside, next.at, next.of)) return false;
  for (int k = 0; k < carries; ++k) {
    Node *x = next.of[k] ? next.at[k] : batch_rows(body, next.at[k], r->size);
    next.at[k] = batch_choose(body, going, x, bound[k]);
    give(body, &a->body->outputs.at[k], next.at[k]);
  }
  for (int i = carries; i < n->nin; ++i) next.at[i] = bound[i];
  if (!batch_graph(body, a->other, r->size, next.at, inside, &next_go, &go_of)) return false;
  Output like = {"go_on", NULL, n->loc};
  give(body, &like, next_go);
  for (int i = n->nin; i > carries; --i) { /* the new carry stands behind the others */
    operand[i] = operand[i - 1];
    all[i] = bound[i - 1];
    body->inputs.at[i] = body->inputs.at[i - 1];
  }
  operand[carries] = go, all[carries] = going, body->inputs.at[carries] = going->attr->input;
  for (int k = 0; k < carries; ++k) all[k] = bound[k];
  Graph *test = any_row(a->other, all, carries, n->nin + 1);
  Node *loop = graph_while(r->to, test, body, n->nin + 1, operand, carries + 1, n->loc);
  for (int k = 0; k < carries; ++k) v->at[k] = graph_result(r->to, loop, k), v->of[k] = true;
  return true;
}

static bool rows_of_while(const Rows *r, const Node *n, Node *const *in, const bool *of, Values *v) {
  bool *inside = NEW_N(r->to->arena, bool, n->nin + 1), test_of = false;
  control_depends(n, of, false, v->of);
  for (int i = 0; i < n->nin; ++i) inside[i] = i < n->attr->carries ? v->of[i] : of[i];
  Graph *probe = graph_new(r->to->arena, "probe");
  Node *go;
  if (!fits(n->attr->other, inside) ||
      !batch_graph(probe, n->attr->other, r->size, bind_inputs(probe, n->attr->other, inside, r->size), inside, &go,
                   &test_of))
    return false;
  if (test_of) return rows_of_masked_while(r, n, in, of, v);
  Attr attr = *n->attr;
  attr.body = rows_of_subgraph(n->attr->body, r->size, inside, v->of);
  attr.other = rows_of_subgraph(n->attr->other, r->size, inside, &test_of);
  Node **operand = carries_with_rows(r, n, in, of, inside);
  if (!attr.body || !attr.other || !operand) return false;
  Node *loop = graph_add(r->to, OP_while, n->nin, operand, &attr, n->loc);
  for (int k = 0; k < n->attr->carries; ++k) v->at[k] = graph_result(r->to, loop, k);
  return true;
}

/* ---- a whole graph ---- */
typedef struct Walk {
  Rows rows;
  const Graph *from;
  Node **map;
  bool *of;
  Values *values; /* by id of a control node that became something else */
} Walk;

static bool control_rows(Walk *w, const Node *n, Node *const *in, const bool *of) {
  Values *v = &w->values[n->id];
  *v = values_new(w->rows.to->arena, control_values(n));
  w->of[n->id] = true;
  switch (n->op) {
  case OP_scan: return rows_of_scan(&w->rows, n, in, of, v);
  case OP_cond: return rows_of_cond(&w->rows, n, in, of, v);
  case OP_while: return rows_of_while(&w->rows, n, in, of, v);
  default: return false; /* checkpoint and custom went with pass inline */
  }
}

static bool walk_node(Walk *w, const Node *n) {
  Arena *arena = w->rows.to->arena;
  if (n->op == OP_result && w->values[n->in[0]->id].at) {
    w->map[n->id] = w->values[n->in[0]->id].at[n->attr->dim];
    w->of[n->id] = w->values[n->in[0]->id].of[n->attr->dim];
    return true;
  }
  Node *few[3] = {NULL, NULL, NULL}, **in = n->nin > 3 ? NEW_N(arena, Node *, n->nin) : few;
  bool few_of[3] = {false, false, false}, *of = n->nin > 3 ? NEW_N(arena, bool, n->nin) : few_of, any = false;
  for (int i = 0; i < n->nin; ++i) {
    in[i] = w->map[node_in(n, i)->id];
    any |= of[i] = w->of[node_in(n, i)->id];
  }
  if (any && op_info[n->op].family == FAMILY_CONTROL) return control_rows(w, n, in, of);
  w->of[n->id] = any;
  w->map[n->id] = any ? batch_node(w->rows.to, n, in, of, w->rows.size) : graph_copy_node(w->rows.to, n, in);
  return w->map[n->id] != NULL;
}

bool batch_graph(Graph *to, const Graph *from, int64_t size, Node *const *in, const bool *of, Node **outputs,
                 bool *of_outputs) {
  Walk w = {{to, size}, from, NULL, NULL, NULL};
  w.map = NEW_N(to->arena, Node *, from->nodes.n + 1);
  w.of = NEW_N(to->arena, bool, from->nodes.n + 1);
  w.values = NEW_N(to->arena, Values, from->nodes.n + 1);
  for (int id = 0; id < from->nodes.n; ++id) {
    const Node *n = from->nodes.at[id];
    for (int k = 0; n->op == OP_input && k < from->inputs.n; ++k)
      if (from->inputs.at[k] == n->attr->input) w.map[id] = in[k], w.of[id] = of[k];
    if (n->op != OP_input && !walk_node(&w, n)) return false;
  }
  for (int k = 0; k < from->outputs.n; ++k) {
    outputs[k] = w.map[from->outputs.at[k].node->id];
    of_outputs[k] = w.of[from->outputs.at[k].node->id];
  }
  return true;
}

/* ---- the pass ---- */
typedef struct Batch {
  Node ***values; /* by id of an independent scan that went: its values */
} Batch;

static Node **scan_values(Graph *to, const Node *n, Node *const *in) {
  const Attr *a = n->attr;
  int values = control_values(n);
  Values v = values_new(to->arena, values);
  bool *of = NEW_N(to->arena, bool, n->nin + 1);
  for (int i = 0; i < a->rows; ++i) of[i] = true;
  if (!batch_graph(to, a->body, a->high[0], in, of, v.at, v.of)) return NULL;
  for (int k = 0; k < values; ++k) {
    if (!v.of[k]) v.at[k] = batch_rows(to, v.at[k], a->high[0]);
    if (!v.at[k]) return NULL;
  }
  return v.at;
}

static Node *widened(Graph *to, const Node *n, Node *const *in, void *context) {
  Batch *b = context;
  if (n->op == OP_result && b->values[n->in[0]->id]) return b->values[n->in[0]->id][n->attr->dim];
  if (n->op == OP_scan && n->attr->independent && n->attr->carries == 0) b->values[n->id] = scan_values(to, n, in);
  return b->values[n->id] ? graph_const(to, DT_bool, 0, n->loc) : graph_copy_node(to, n, in);
}

Graph *pass_batch(Graph *g) {
  Batch b = {NEW_N(g->arena, Node **, g->nodes.n + 1)};
  bool any = false;
  for (int id = 0; id < g->nodes.n; ++id) any |= g->nodes.at[id]->attr->independent;
  return any ? pass_dce(graph_rebuild(g, widened, &b)) : g;
}
