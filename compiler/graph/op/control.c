/* control.c: scan, while, cond, checkpoint and custom: nodes with subgraphs and several values, which `result` takes
 * one by one. Their builders, types and evaluation; gradients are in scan.c and branch.c.
 *
 * A subgraph is a Graph of its own. Its inputs (INPUT_bound) stand for the control node's operands, one each, in order;
 * it reads no state and assigns none: the front turns states that a body assigns into carries, and states that it reads
 * into captured operands. So a body is a pure function, and every pass may treat it as a small graph. */
#include "op.h"

/* ---- what a node gives ---- */
/* The graph whose outputs are the values, or NULL: custom. */
static const Graph *values_graph(const Node *c) { return c->attr->body; }

int control_values(const Node *c) {
  if (c->op == OP_custom || c->op == OP_while) return c->attr->carries;
  return values_graph(c)->outputs.n;
}

void control_value(const Node *c, int k, DType *dtype, Shape *shape) {
  const Node *value = c->op == OP_custom ? node_in(c, k) : values_graph(c)->outputs.at[k].node;
  *dtype = value->dtype;
  *shape = value->shape;
  if (c->op != OP_scan || k < c->attr->carries) return;
  memmove(shape->dim + 1, shape->dim, sizeof shape->dim - sizeof *shape->dim);
  shape->dim[0] = c->attr->high[0];
  shape->rank++;
}

static bool is_type(const Node *n, DType dtype, Shape shape) {
  return n->dtype == dtype && shape_equal(n->shape, shape);
}

static _Noreturn void malformed(const Node *n, const char *what) {
  user_error(n->loc, MSG_control_form, op_info[n->op].name, what);
}

/* Input k of a subgraph takes operand k + skip; rows take a part of theirs. */
static void check_inputs(const Node *n, const Graph *sub, int skip) {
  if (!sub) malformed(n, "no subgraph");
  if (sub->inputs.n != n->nin - skip) malformed(n, "its subgraph has not one input per operand");
  if (sub->assigns.n) malformed(n, "its subgraph assigns a state");
  for (int k = 0; k < sub->leaves.n; ++k)
    if (sub->leaves.at[k]->op == OP_state) malformed(n, "its subgraph reads a state");
  for (int k = 0; k < sub->inputs.n; ++k) {
    const Input *in = sub->inputs.at[k];
    const Node *x = node_in(n, k + skip);
    Shape row = x->shape;
    bool rows = n->op == OP_scan && k >= n->attr->carries && k < n->attr->carries + n->attr->rows;
    if (rows && (x->shape.rank < 1 || x->shape.dim[0] != n->attr->high[0])) malformed(n, "an operand has other rows");
    if (rows) {
      memmove(row.dim, row.dim + 1, sizeof row.dim - sizeof *row.dim);
      row.rank--;
    }
    if (in->kind != INPUT_bound || in->dtype != x->dtype || !shape_equal(in->shape, row))
      malformed(n, "an operand is not of its input's type");
  }
}

static void check_carries(const Node *n) {
  const Attr *a = n->attr;
  if (a->carries < 0 || a->rows < 0 || a->kept < 0 || a->carries + a->rows > n->nin ||
      a->carries + a->kept > a->body->outputs.n)
    malformed(n, "carries, rows and kept values do not fit its operands and values");
  for (int k = 0; k < a->carries; ++k)
    if (!is_type(a->body->outputs.at[k].node, node_in(n, k)->dtype, node_in(n, k)->shape))
      malformed(n, "a carry changes its type");
}

/* A control node itself is no tensor: a bool that nothing reads but `result`. */
static void infer_control(Node *n) {
  n->dtype = DT_bool;
  n->shape = (Shape){0};
}

void infer_scan(const Graph *g, Node *n) {
  if (n->attr->high[0] < 1) malformed(n, "its length is below 1");
  if (n->attr->carries < 0 || n->attr->rows < 0) malformed(n, "a count below 0");
  check_inputs(n, n->attr->body, 0);
  check_carries(n);
  for (int k = n->attr->carries; k < n->attr->body->outputs.n; ++k)
    if (n->attr->body->outputs.at[k].node->shape.rank == RANK_MAX)
      user_error(n->loc, MSG_rank_large, "scan", RANK_MAX, node_text(g->arena, n->attr->body->outputs.at[k].node));
  infer_control(n);
}

void infer_while(const Graph *g, Node *n) {
  (void)g;
  check_inputs(n, n->attr->body, 0);
  check_inputs(n, n->attr->other, 0);
  check_carries(n);
  if (n->attr->body->outputs.n != n->attr->carries) malformed(n, "its body gives more than carries");
  if (n->attr->other->outputs.n != 1 || !is_type(n->attr->other->outputs.at[0].node, DT_bool, (Shape){0}))
    malformed(n, "its test is not one bool");
  infer_control(n);
}

void infer_cond(const Graph *g, Node *n) {
  (void)g;
  const Graph *a = n->attr->body, *b = n->attr->other;
  if (n->nin < 1 || !is_type(node_in(n, 0), DT_bool, (Shape){0})) malformed(n, "its first operand is not a bool");
  check_inputs(n, a, 1);
  check_inputs(n, b, 1);
  if (a->outputs.n != b->outputs.n) malformed(n, "its branches give different numbers of values");
  for (int k = 0; k < a->outputs.n; ++k)
    if (!is_type(a->outputs.at[k].node, b->outputs.at[k].node->dtype, b->outputs.at[k].node->shape))
      malformed(n, "its branches give values of different types");
  infer_control(n);
}

void infer_checkpoint(const Graph *g, Node *n) {
  (void)g;
  check_inputs(n, n->attr->body, 0);
  infer_control(n);
}

void infer_custom(const Graph *g, Node *n) {
  (void)g;
  if (n->attr->carries < 0 || n->attr->rows < 0 || n->attr->carries + n->attr->rows > n->nin)
    malformed(n, "operands are missing");
  infer_control(n);
}

void infer_result(const Graph *g, Node *n) {
  const Node *c = node_in(n, 0);
  (void)g;
  if (!op_is_control(c->op)) malformed(n, "its operand is no control node");
  if (n->attr->dim < 0 || n->attr->dim >= control_values(c)) malformed(n, "its operand has no such value");
  control_value(c, n->attr->dim, &n->dtype, &n->shape);
}

/* ---- builders ---- */
Node *graph_bound(Graph *body, const char *name, DType dtype, Shape shape, Loc loc) {
  Input *in = NEW(body->arena, Input);
  *in = (Input){INPUT_bound, name ? name : "x", dtype, shape, -1, -1, -1, NULL, loc};
  return graph_input(body, in);
}

Node *graph_result(Graph *g, Node *control, int k) {
  return graph_add(g, OP_result, 1, &control, &(Attr){.dim = k}, control->loc);
}

/* What the reverse pass would rather read than compute again (MIDDLE.md 4.3): products, reductions, heavy rows,
 * gathered rows, values of inner loops. */
static bool worth_keeping(const Node *n) {
  OpFamily family = op_info[n->op].family;
  if (n->shape.rank >= RANK_MAX) return false;
  switch (n->op) {
  case OP_exp:
  case OP_expm1:
  case OP_log:
  case OP_log1p:
  case OP_tanh:
  case OP_erf:
  case OP_pow:
  case OP_div:
  case OP_sqrt:
  case OP_rsqrt:
  case OP_sin:
  case OP_cos:
  case OP_result: return true;
  default: return family == FAMILY_DOT || family == FAMILY_REDUCE || family == FAMILY_ALONG || family == FAMILY_INDEX;
  }
}

static void keep(Graph *body, const char *what, Node *n) {
  Output o = {arena_printf(body->arena, "%s.%d", what, body->outputs.n), n, n->loc};
  vec_push(body->arena, body->outputs, o);
}

static Node *bound_node(Graph *body, int k) {
  Node *n = graph_input(body, body->inputs.at[k]);
  return n;
}

/* Kept values: each carry as it comes in, then what is worth keeping, in order. */
static int keep_values(Graph *body, int carries) {
  int before = body->outputs.n, nodes = body->nodes.n;
  for (int k = 0; k < carries; ++k)
    if (body->inputs.at[k]->shape.rank < RANK_MAX) keep(body, "carry", bound_node(body, k));
  for (int id = 0; id < nodes; ++id)
    if (worth_keeping(body->nodes.at[id])) keep(body, "kept", body->nodes.at[id]);
  return body->outputs.n - before;
}

Node *graph_scan(Graph *g, Graph *body, int n, Node *const *in, int carries, int rows, int64_t length, bool reverse,
                 Loc loc) {
  Attr attr = {.body = body, .carries = carries, .rows = rows, .high = {length}, .reverse = reverse};
  attr.kept = keep_values(body, carries);
  return graph_add(g, OP_scan, n, in, &attr, loc);
}

Node *graph_while(Graph *g, Graph *test, Graph *body, int n, Node *const *in, int carries, Loc loc) {
  return graph_add(g, OP_while, n, in, &(Attr){.body = body, .other = test, .carries = carries}, loc);
}

Node *graph_cond(Graph *g, Node *predicate, Graph *body, Graph *other, int n, Node *const *captured, Loc loc) {
  Node **in = NEW_N(g->arena, Node *, n + 1);
  in[0] = predicate;
  for (int i = 0; i < n; ++i) in[i + 1] = captured[i];
  return graph_add(g, OP_cond, n + 1, in, &(Attr){.body = body, .other = other}, loc);
}

Node *graph_checkpoint(Graph *g, Graph *body, int n, Node *const *captured, Loc loc) {
  return graph_add(g, OP_checkpoint, n, captured, &(Attr){.body = body}, loc);
}

Node *graph_custom(Graph *g, const Custom *rule, int values, int arguments, int n, Node *const *in, Loc loc) {
  return graph_add(g, OP_custom, n, in, &(Attr){.rule = rule, .carries = values, .rows = arguments}, loc);
}

Node **graph_inline(Graph *g, const Graph *from, Node *const *in) {
  Node **map = NEW_N(g->arena, Node *, from->nodes.n + 1);
  const Loc *at = g->at;
  g->at = NULL; /* copies keep their lines */
  for (int id = 0; id < from->nodes.n; ++id) {
    const Node *n = from->nodes.at[id];
    if (n->op == OP_input) {
      for (int k = 0; k < from->inputs.n; ++k)
        if (from->inputs.at[k] == n->attr->input) map[id] = in[k];
      continue;
    }
    Node *few[3] = {NULL, NULL, NULL}, **operand = n->nin > 3 ? NEW_N(g->arena, Node *, n->nin) : few;
    for (int i = 0; i < n->nin; ++i) operand[i] = map[node_in(n, i)->id];
    map[id] = graph_copy_node(g, n, operand);
  }
  g->at = at;
  return map;
}

/* ---- dependence ---- */
/* Outputs of sub that depend on the inputs marked in `of`. */
static void graph_depends(const Graph *sub, const bool *of, bool differentiable, bool *outputs) {
  Arena *own = arena_new();
  bool *reached = NEW_N(own, bool, sub->nodes.n + 1);
  for (int id = 0; id < sub->nodes.n; ++id) {
    const Node *n = sub->nodes.at[id];
    for (int k = 0; n->op == OP_input && k < sub->inputs.n; ++k)
      if (sub->inputs.at[k] == n->attr->input) reached[id] = of[k] && (!differentiable || dtype_is_float(n->dtype));
    if (n->op != OP_input) reached[id] = node_depends(n, reached, differentiable);
  }
  for (int k = 0; k < sub->outputs.n; ++k) outputs[k] = reached[sub->outputs.at[k].node->id];
  arena_free(own);
}

/* A carry depends on what it starts from and on what its next value depends on: grown until nothing changes. */
static void loop_depends(const Node *c, const bool *of, bool differentiable, bool *values) {
  const Graph *body = c->attr->body;
  Arena *own = arena_new();
  bool *in = NEW_N(own, bool, body->inputs.n + 1), *out = NEW_N(own, bool, body->outputs.n + 1);
  memcpy(in, of, sizeof *in * (size_t)body->inputs.n);
  for (bool again = true; again;) {
    again = false;
    graph_depends(body, in, differentiable, out);
    for (int k = 0; k < c->attr->carries; ++k) {
      again |= out[k] && !in[k];
      in[k] |= out[k];
    }
  }
  /* Where the test depends, so does the number of turns, and with it every carry. */
  bool turns = false;
  if (c->op == OP_while && !differentiable) graph_depends(c->attr->other, in, false, &turns);
  for (int k = 0; k < control_values(c); ++k) values[k] = k < c->attr->carries ? in[k] || turns : out[k];
  arena_free(own);
}

void control_depends(const Node *c, const bool *of, bool differentiable, bool *values) {
  int n = control_values(c);
  for (int k = 0; k < n; ++k) values[k] = false;
  if (c->op == OP_scan || c->op == OP_while) {
    loop_depends(c, of, differentiable, values);
  } else if (c->op == OP_checkpoint) {
    graph_depends(c->attr->body, of, differentiable, values);
  } else if (c->op == OP_cond) {
    bool *other = NEW_N(c->attr->body->arena, bool, n + 1);
    graph_depends(c->attr->body, of + 1, differentiable, values);
    graph_depends(c->attr->other, of + 1, differentiable, other);
    for (int k = 0; k < n; ++k) values[k] |= other[k] || (of[0] && !differentiable);
  } else {
    bool any = false;
    for (int i = differentiable ? n : 0; i < n + c->attr->rows; ++i) any |= of[i];
    for (int k = 0; k < n; ++k) values[k] = any;
  }
}

/* ---- evaluation ---- */
typedef struct Bound {
  const Graph *graph;
  Value **values;
} Bound;

static Value *bound_value(void *context, const Input *input) {
  const Bound *b = context;
  for (int k = 0; k < b->graph->inputs.n; ++k)
    if (b->graph->inputs.at[k] == input) return b->values[k];
  bug("a subgraph reads an input that it does not have");
}

static Value *copied(Arena *arena, const Value *v) {
  Value *copy = value_new(arena, v->dtype, v->shape);
  for (int64_t i = 0, n = shape_count(v->shape); i < n; ++i) value_copy(copy, i, v, i);
  return copy;
}

/* The outputs of sub for these inputs, in `arena`; what is computed on the way is freed. */
static void call(const Eval *e, const Graph *sub, Value **in, Arena *arena, Value **out) {
  Arena *own = arena_new();
  Bound bound = {sub, in};
  Env env = {.arena = own, .input = bound_value, .context = &bound, .round = e->env->round};
  Value **values = graph_eval(sub, &env);
  for (int k = 0; k < sub->outputs.n; ++k) out[k] = copied(arena, values[sub->outputs.at[k].node->id]);
  arena_free(own);
}

static Value **operands(const Eval *e, const Node *n, int skip) {
  Value **in = NEW_N(e->arena, Value *, n->nin + 1);
  for (int i = skip; i < n->nin; ++i) in[i - skip] = e->values[node_in(n, i)->id];
  return in;
}

/* Row t of x, sharing its memory. */
static Value *row_of(Arena *arena, const Value *x, int64_t t) {
  Value *row = NEW(arena, Value);
  *row = *x;
  memmove(row->shape.dim, x->shape.dim + 1, sizeof row->shape.dim - sizeof *row->shape.dim);
  row->shape.rank--;
  int64_t n = shape_count(row->shape);
  row->f = x->f ? x->f + t * n : NULL;
  row->i = x->i ? x->i + t * n : NULL;
  return row;
}

void eval_scan(const Eval *e, const Node *n, Value *y) {
  (void)y;
  const Attr *a = n->attr;
  int values = control_values(n);
  Value **all = NEW_N(e->arena, Value *, values + 1), **in = operands(e, n, 0);
  Value **turn_in = NEW_N(e->arena, Value *, n->nin + 1);
  for (int k = a->carries; k < values; ++k) {
    DType dtype;
    Shape shape;
    control_value(n, k, &dtype, &shape);
    all[k] = value_new(e->arena, dtype, shape);
  }
  memcpy(turn_in, in, sizeof *in * (size_t)n->nin);
  Arena *held = NULL;
  for (int64_t i = 0; i < a->high[0]; ++i) {
    int64_t t = a->reverse ? a->high[0] - 1 - i : i;
    Arena *arena = arena_new();
    Value **out = NEW_N(arena, Value *, values + 1);
    for (int k = a->carries; k < a->carries + a->rows; ++k) turn_in[k] = row_of(arena, in[k], t);
    call(e, a->body, turn_in, arena, out);
    for (int k = a->carries; k < values; ++k)
      for (int64_t j = 0, count = shape_count(out[k]->shape); j < count; ++j)
        value_copy(all[k], t * count + j, out[k], j);
    for (int k = 0; k < a->carries; ++k) turn_in[k] = out[k];
    if (held) arena_free(held);
    held = arena;
  }
  for (int k = 0; k < a->carries; ++k) all[k] = copied(e->arena, turn_in[k]);
  if (held) arena_free(held);
  e->several[n->id] = all;
}

void eval_while(const Eval *e, const Node *n, Value *y) {
  (void)y;
  Value **in = operands(e, n, 0), **all = NEW_N(e->arena, Value *, n->attr->carries + 1);
  Arena *held = NULL;
  for (;;) {
    Arena *arena = arena_new();
    Value *go[1], **out = NEW_N(arena, Value *, n->attr->carries + 1);
    call(e, n->attr->other, in, arena, go);
    bool more = go[0]->i[0] != 0;
    if (more) {
      call(e, n->attr->body, in, arena, out);
      memcpy(in, out, sizeof *in * (size_t)n->attr->carries);
    }
    if (more && held) arena_free(held);
    if (more)
      held = arena;
    else
      arena_free(arena);
    if (!more) break;
  }
  for (int k = 0; k < n->attr->carries; ++k) all[k] = copied(e->arena, in[k]);
  if (held) arena_free(held);
  e->several[n->id] = all;
}

void eval_cond(const Eval *e, const Node *n, Value *y) {
  (void)y;
  const Graph *taken = eval_in(e, n, 0)->i[0] ? n->attr->body : n->attr->other;
  e->several[n->id] = NEW_N(e->arena, Value *, taken->outputs.n + 1);
  call(e, taken, operands(e, n, 1), e->arena, e->several[n->id]);
}

void eval_checkpoint(const Eval *e, const Node *n, Value *y) {
  (void)y;
  e->several[n->id] = NEW_N(e->arena, Value *, n->attr->body->outputs.n + 1);
  call(e, n->attr->body, operands(e, n, 0), e->arena, e->several[n->id]);
}

void eval_custom(const Eval *e, const Node *n, Value *y) {
  (void)y;
  e->several[n->id] = operands(e, n, 0);
}

void eval_result(const Eval *e, const Node *n, Value *y) { *y = *e->several[node_in(n, 0)->id][n->attr->dim]; }
