/* scan.c: the gradient of scan (MIDDLE.md 4.3): a scan the other way round, over the values that the forward one kept.
 *
 *   forward   c[t+1], r[t] = body(c[t], x[t], p)
 *   reverse   dc[t] = (d body / d c)^T (dc[t+1], dr[t]), dx[t] and dp likewise, dp summed over the turns
 *
 * Its body is the forward body once more, the gradient rules of that, and then every node that the forward scan kept
 * (Attr.kept) replaced by the row that was kept: what is not needed any more is dropped by the pass dce, here and in
 * the forward scan. A gradient that is a product (or a sum of products) of things of one turn is not summed turn by
 * turn: its factors come out as rows, and one product over turns and rows follows the scan. So do rows that are added
 * to a table (scatter) and sums of what comes out already (biases). That is exact algebra, chosen by the form of the
 * graph alone; the order of the sum is then the product's. A frugal scan does so only with rows that stand outside
 * anyway. Of an independent scan (nn.vmap) all gradients come out as
 * rows and are summed behind it, so that it stays independent. The result is a scan, so a second derivative is the same
 * again. */
#include "op.h"

typedef VEC(Node *) Nodes;
enum { CARRY, ROW, CAPTURED };

typedef struct Reverse {
  Graph *g, *b;      /* where the scan is, the new body */
  const Node *scan;  /* the forward one */
  const Graph *body; /* its body */
  Node *const *dy;
  Loc loc;
  int carries, rows, inputs; /* of the forward body */
  int first_kept;            /* its first kept output; before it carries, results */
  bool *reached;             /* by input: gets a gradient */
  bool *alive;               /* by carry: its cotangent may differ from zero */
  Node **value;              /* forward nodes in b, by id */
  Nodes in[3];               /* operands of the new scan by class */
  Nodes out[2];              /* nodes of b that are its values: carries, results */
  Nodes row;                 /* nodes of b that stand for in[ROW] */
  VEC(int) class_of;         /* by input of b */
  Node **kept_row;           /* by kept output of the forward body: its row in b */
  Nodes factor, factor_rows; /* of sums over the turns: nodes of b, and their rows outside once the scan is there */
} Reverse;

static Shape row_shape(const Node *stack) {
  Shape s = {.rank = stack->shape.rank - 1};
  memcpy(s.dim, stack->shape.dim + 1, sizeof s.dim - sizeof *s.dim);
  return s;
}

/* A new operand of the scan under construction; gives the input that stands for it. */
static Node *take(Reverse *r, int class, const char *name, Node *operand) {
  Arena *arena = r->b->arena;
  Node *n = graph_bound(r->b, name, operand->dtype, class == ROW ? row_shape(operand) : operand->shape, operand->loc);
  vec_push(arena, r->in[class], operand);
  vec_push(arena, r->class_of, class);
  if (class == ROW) vec_push(arena, r->row, n);
  return n;
}

/* "d_h" for what belongs to h. */
static const char *d_name(const Reverse *r, const char *name) { return arena_printf(r->b->arena, "d_%s", name); }

static const char *node_name(const Node *n) { return n->name ? n->name : op_info[n->op].name; }

/* The operand outside for a row inside, or NULL. */
static Node *row_operand(const Reverse *r, const Node *row) {
  for (int i = 0; i < r->row.n; ++i)
    if (r->row.at[i] == row) return r->in[ROW].at[i];
  return NULL;
}

/* ---- which carries take part ---- */
static void mark_reached(Reverse *r, const bool *want) {
  int values = control_values(r->scan);
  bool *of = NEW_N(r->b->arena, bool, r->inputs + 1), *depends = NEW_N(r->b->arena, bool, values + 1);
  for (int k = 0; k < r->inputs; ++k) of[k] = want[k];
  control_depends(r->scan, of, true, depends);
  for (int k = 0; k < r->inputs; ++k)
    r->reached[k] = k < r->carries ? depends[k] && dtype_is_float(r->body->inputs.at[k]->dtype) : want[k];
}

/* The node in b of output k of the forward body. */
static Node *forward_output(const Reverse *r, int k) { return r->value[r->body->outputs.at[k].node->id]; }

/* Does input k of the forward body reach output j? */
static bool body_reaches(const Reverse *r, int k, int j) {
  bool *reached = NEW_N(r->b->arena, bool, r->body->nodes.n + 1);
  for (int id = 0; id < r->body->nodes.n; ++id) {
    const Node *n = r->body->nodes.at[id];
    reached[id] = n->op == OP_input ? n->attr->input == r->body->inputs.at[k] : node_depends(n, reached, true);
  }
  return reached[r->body->outputs.at[j].node->id];
}

static void mark_alive(Reverse *r) {
  int values = r->body->outputs.n;
  for (int k = 0; k < r->carries; ++k) r->alive[k] = r->dy[k] != NULL;
  for (bool again = true; again;) {
    again = false;
    for (int k = 0; k < r->carries; ++k)
      for (int j = 0; !r->alive[k] && r->reached[k] && j < values; ++j)
        if ((j < r->carries ? r->alive[j] : r->dy[j] != NULL) && body_reaches(r, k, j)) again = r->alive[k] = true;
  }
}

/* ---- the forward body in the new one ---- */
static Node *kept_value(const Reverse *r, int k) { return graph_result(r->g, (Node *)r->scan, k); }

static void bind_forward(Reverse *r) {
  Node **in = NEW_N(r->b->arena, Node *, r->inputs + 1);
  for (int k = 0; k < r->inputs; ++k) {
    const char *name = r->body->inputs.at[k]->name;
    Node *operand = node_in(r->scan, k);
    if (k >= r->carries)
      in[k] = take(r, k < r->carries + r->rows ? ROW : CAPTURED, name, operand);
    else if (operand->shape.rank < RANK_MAX)
      in[k] = NULL;
    else
      user_error(r->loc, MSG_rank_large, "the gradient of scan", RANK_MAX - 1, node_text(r->g->arena, operand));
  }
  for (int k = r->first_kept; k < r->body->outputs.n; ++k) {
    const Node *n = r->body->outputs.at[k].node;
    Node *row = r->kept_row[k] = take(r, ROW, node_name(n), kept_value(r, k));
    for (int c = 0; n->op == OP_input && c < r->carries; ++c)
      if (r->body->inputs.at[c] == n->attr->input) in[c] = row;
  }
  r->value = graph_inline(r->b, r->body, in);
}

/* ---- gradients within the body ---- */
/* Fills grads by input of the forward body; NULL where none. */
static void body_gradients(Reverse *r, Node *const *dcarry, Node **grads) {
  Arena *arena = r->b->arena;
  VEC(Node *) ys = {0}, dys = {0}, xs = {0};
  VEC(int) which = {0};
  for (int k = 0; k < r->body->outputs.n; ++k) {
    Node *dy = k < r->carries ? dcarry[k] : NULL;
    if (k >= r->carries && r->dy[k]) dy = take(r, ROW, d_name(r, node_name(r->body->outputs.at[k].node)), r->dy[k]);
    if (!dy) continue;
    vec_push(arena, ys, forward_output(r, k));
    vec_push(arena, dys, dy);
  }
  for (int k = 0; k < r->inputs; ++k) {
    if (!r->reached[k]) continue;
    Node *x = NULL;
    for (int id = 0; !x && id < r->body->nodes.n; ++id)
      if (r->body->nodes.at[id]->op == OP_input && r->body->nodes.at[id]->attr->input == r->body->inputs.at[k])
        x = r->value[id];
    if (!x) continue; /* the body does not read it */
    vec_push(arena, xs, x);
    vec_push(arena, which, k);
  }
  Node **found = NEW_N(arena, Node *, xs.n + 1);
  graph_gradients(r->b, ys.n, ys.at, dys.at, xs.n, xs.at, found);
  for (int i = 0; i < xs.n; ++i) grads[which.at[i]] = found[i];
}

/* ---- the new body, with what was kept in the place of what computes it ---- */
/* By id of the body so far: the kept row that stands for the node, or NULL. */
static Node *replace_kept(Graph *to, const Node *n, Node *const *in, void *context) {
  Node *const *kept = context;
  return kept[n->id] ? graph_input(to, kept[n->id]->attr->input) : graph_copy_node(to, n, in);
}

static void name_outputs(Reverse *r) {
  for (int class = 0; class < 2; ++class)
    for (int i = 0; i < r->out[class].n; ++i) {
      Output o = {arena_printf(r->b->arena, class ? "row.%d" : "carry.%d", i), r->out[class].at[i], r->loc};
      vec_push(r->b->arena, r->b->outputs, o);
    }
}

/* A scan's inputs are carries, rows, captured; they were taken in another order. */
static void sort_inputs(Reverse *r, Graph *made) {
  VEC(Input *) sorted = {0};
  for (int class = 0; class < 3; ++class)
    for (int i = 0; i < made->inputs.n; ++i)
      if (r->class_of.at[i] == class) vec_push(made->arena, sorted, made->inputs.at[i]);
  for (int i = 0; i < made->inputs.n; ++i) made->inputs.at[i] = sorted.at[i];
}

static Graph *finish_body(Reverse *r) {
  Node **kept = NEW_N(r->b->arena, Node *, r->b->nodes.n + 1);
  for (int k = r->first_kept; k < r->body->outputs.n; ++k) kept[forward_output(r, k)->id] = r->kept_row[k];
  name_outputs(r);
  Graph *made = graph_rebuild(r->b, replace_kept, kept);
  sort_inputs(r, made);
  return made;
}

static Node *make_scan(Reverse *r) {
  const Attr *a = r->scan->attr;
  Nodes in = {0};
  Graph *made = finish_body(r);
  for (int class = 0; class < 3; ++class)
    for (int i = 0; i < r->in[class].n; ++i) vec_push(r->g->arena, in, r->in[class].at[i]);
  Node *scan = graph_scan(r->g, made, in.n, in.at, r->in[CARRY].n, r->in[ROW].n, a->high[0], !a->reverse, r->loc);
  ((Attr *)scan->attr)->independent = a->independent && r->in[CARRY].n == 0;
  ((Attr *)scan->attr)->frugal = a->frugal;
  return scan;
}

/* ---- sums over the turns, after the scan ---- */
/* The rows outside that `n` of b is part of: rows that the scan reads anyway, or a result of its own. */
static Node *factor_rows(Reverse *r, Node *n) {
  for (int k = r->first_kept; k < r->body->outputs.n; ++k)
    if (forward_output(r, k) == n) n = r->kept_row[k];
  Node *operand = row_operand(r, n);
  if (operand) return operand;
  for (int i = 0; i < r->factor.n; ++i)
    if (r->factor.at[i] == n) return r->factor_rows.at[i];
  vec_push(r->b->arena, r->factor, n);
  vec_push(r->b->arena, r->factor_rows, NULL);
  vec_push(r->b->arena, r->out[1], n);
  return NULL;
}

static bool is_factor(const Reverse *r, const Node *n) {
  bool same_each_turn = n->op == OP_const || (n->op == OP_input && !row_operand(r, n));
  return n->shape.rank < RANK_MAX && !same_each_turn;
}

/* Do its rows stand outside anyway? */
static bool has_rows(const Reverse *r, const Node *n) {
  for (int k = r->first_kept; k < r->body->outputs.n; ++k)
    if (forward_output(r, k) == n) return true;
  for (int i = 0; i < r->factor.n; ++i)
    if (r->factor.at[i] == n) return true;
  return row_operand(r, n) != NULL;
}

static bool is_zeros(const Node *n) {
  while (n->op == OP_broadcast || n->op == OP_reshape) n = node_in(n, 0);
  const Tensor *t = n->attr->value;
  int64_t bytes = t ? shape_count(t->shape) * dtype_info[t->dtype].bytes : 0;
  for (int64_t i = 0; i < bytes; ++i)
    if (((const char *)t->data)[i]) return false;
  return n->op == OP_const;
}

/* How the sum of n over the turns is made of rows. */
typedef enum SumForm {
  SUM_none,     /* turn by turn */
  SUM_operands, /* n of the sums of its operands */
  SUM_dot,      /* one product over the turns too */
  SUM_scatter,  /* all rows added to one table */
  SUM_reduce,   /* one sum over the turns too, of rows that are there */
  SUM_itself    /* of its own rows */
} SumForm;

static bool finds_sum(const Reverse *r, const Node *n);

static SumForm sum_form(const Reverse *r, const Node *n) {
  bool factor[3] = {false}, independent = r->scan->attr->independent, frugal = r->scan->attr->frugal;
  for (int i = 0; i < n->nin && i < 3; ++i)
    factor[i] = is_factor(r, node_in(n, i)) && (!frugal || has_rows(r, node_in(n, i)));
  switch (n->op) {
  case OP_transpose:
  case OP_reshape:
  case OP_neg:
  case OP_add:
    if (!independent || finds_sum(r, n)) return SUM_operands;
    break;
  case OP_dot:
    if (factor[0] && factor[1]) return SUM_dot;
    break;
  case OP_scatter:
    if (is_zeros(node_in(n, 0)) && factor[1] && factor[2]) return SUM_scatter;
    break;
  case OP_sum:
    if (factor[0] && has_rows(r, node_in(n, 0))) return SUM_reduce;
    break;
  default: break;
  }
  return independent && n->shape.rank < RANK_MAX ? SUM_itself : SUM_none;
}

static bool finds_sum(const Reverse *r, const Node *n) {
  bool found = false;
  for (int i = 0; i < n->nin; ++i) {
    SumForm form = sum_form(r, node_in(n, i));
    found |= form != SUM_none && form != SUM_itself;
  }
  return found;
}

static bool is_sum_of_rows(const Reverse *r, const Node *n) {
  SumForm form = sum_form(r, n);
  bool is = form != SUM_none;
  for (int i = 0; form == SUM_operands && i < n->nin; ++i) is &= is_sum_of_rows(r, node_in(n, i));
  return is;
}

static void collect_factors(Reverse *r, Node *n) {
  SumForm form = sum_form(r, n);
  for (int i = 0; i < n->nin && form != SUM_itself; ++i) {
    if (form == SUM_operands) collect_factors(r, node_in(n, i));
    if (form == SUM_dot || form == SUM_reduce || (form == SUM_scatter && i > 0)) factor_rows(r, node_in(n, i));
  }
  if (form == SUM_itself) factor_rows(r, n);
}

static Axes shifted(const Axes *axes, bool turns) {
  Axes s = {.n = axes->n + turns};
  for (int i = 0; i < axes->n; ++i) s.at[i + turns] = axes->at[i] + 1;
  return s;
}

/* Zeros, index [T, I…], source [T, A…, I…, R…], whose turns go to where the index stands: [A…, T, I…, R…]. */
static Node *scatter_over_turns(Reverse *r, const Node *n) {
  int dim = n->attr->dim;
  const Node *x = node_in(n, 0);
  Node *source = factor_rows(r, node_in(n, 2));
  Axes order = {.n = source->shape.rank};
  for (int d = 0; d < order.n; ++d) order.at[d] = d == dim ? 0 : d < dim ? d + 1 : d;
  Node *zeros = graph_full(r->g, x->dtype, x->shape, 0, n->loc);
  return graph_scatter(r->g, zeros, factor_rows(r, node_in(n, 1)), transpose_if(r->g, source, order), dim);
}

static Node *sum_over_turns(Reverse *r, Node *n) {
  const Attr *a = n->attr;
  Node *in[2];
  switch (sum_form(r, n)) {
  case SUM_dot:
    return graph_dot(r->g, factor_rows(r, node_in(n, 0)), factor_rows(r, node_in(n, 1)), shifted(&a->batch, false),
                     shifted(&a->batch_b, false), shifted(&a->axes, true), shifted(&a->axes_b, true));
  case SUM_scatter: return scatter_over_turns(r, n);
  case SUM_reduce: return graph_reduce(r->g, OP_sum, factor_rows(r, node_in(n, 0)), shifted(&a->axes, true));
  case SUM_operands:
    for (int i = 0; i < n->nin; ++i) in[i] = sum_over_turns(r, node_in(n, i));
    return graph_add(r->g, n->op, n->nin, in, a, n->loc);
  default: return graph_reduce(r->g, OP_sum, factor_rows(r, n), (Axes){1, {0}});
  }
}

/* ---- the whole ---- */
static void reverse_init(Reverse *r, Graph *g, Node *y, Node *const *dy, const bool *want) {
  const Attr *a = y->attr;
  *r = (Reverse){.g = g, .scan = y, .body = a->body, .dy = dy, .carries = a->carries, .rows = a->rows};
  r->loc = g->at ? *g->at : y->loc;
  r->b = graph_new(g->arena, a->body->name);
  r->inputs = a->body->inputs.n;
  r->first_kept = a->body->outputs.n - a->kept;
  r->reached = NEW_N(g->arena, bool, r->inputs + 1);
  r->alive = NEW_N(g->arena, bool, r->carries + 1);
  r->kept_row = NEW_N(g->arena, Node *, a->body->outputs.n + 1);
  mark_reached(r, want);
  mark_alive(r);
}

/* The value of the scan that will be dx[k]; ROWS: a sum of rows, made after it; NONE. */
enum { NONE = -1, ROWS = -2 };

static void next_carries(Reverse *r, Node *const *dcarry, Node *const *grads, int *value) {
  for (int k = 0; k < r->carries; ++k) {
    if (!dcarry[k]) continue;
    value[k] = r->out[0].n;
    vec_push(r->b->arena, r->out[0], grads[k] ? grads[k] : graph_like(r->b, dcarry[k], 0));
  }
}

static void sum_carried(Reverse *r, int k, Node *grad, int *value) {
  Node *sum =
      take(r, CARRY, d_name(r, r->body->inputs.at[k]->name), graph_full(r->g, grad->dtype, grad->shape, 0, r->loc));
  value[k] = r->out[0].n;
  vec_push(r->b->arena, r->out[0], graph_op2(r->b, OP_add, sum, grad));
}

/* Sums of rows first, as long as one finds rows that another one wants too. */
static void sum_captured(Reverse *r, Node *const *grads, const bool *want, int *value) {
  int first = r->carries + r->rows;
  for (bool again = true; again;) {
    again = false;
    for (int k = first; k < r->inputs; ++k) {
      if (!want[k] || !grads[k] || value[k] != NONE || !is_sum_of_rows(r, grads[k])) continue;
      collect_factors(r, grads[k]);
      value[k] = ROWS;
      again = true;
    }
  }
  for (int k = first; k < r->inputs; ++k)
    if (want[k] && grads[k] && value[k] == NONE) sum_carried(r, k, grads[k], value);
}

static void gather_values(Reverse *r, Node *const *dcarry, Node *const *grads, const bool *want, int *value) {
  for (int k = 0; k < r->inputs; ++k) value[k] = NONE;
  next_carries(r, dcarry, grads, value);
  sum_captured(r, grads, want, value);
  for (int k = r->carries; k < r->carries + r->rows; ++k)
    if (want[k] && grads[k]) {
      value[k] = r->out[1].n;
      vec_push(r->b->arena, r->out[1], grads[k]);
    }
}

void grad_scan(Graph *g, Node *y, Node *const *dy, const bool *want, Node **dx) {
  Reverse r;
  reverse_init(&r, g, y, dy, want);
  Node **dcarry = NEW_N(g->arena, Node *, r.carries + 1), **grads = NEW_N(g->arena, Node *, r.inputs + 1);
  int *value = NEW_N(g->arena, int, r.inputs + 1);
  bind_forward(&r);
  for (int k = 0; k < r.carries; ++k) {
    Node *like = node_in(y, k);
    if (!r.reached[k] || !r.alive[k]) continue;
    dcarry[k] = take(&r, CARRY, d_name(&r, r.body->inputs.at[k]->name),
                     dy[k] ? dy[k] : graph_full(g, like->dtype, like->shape, 0, r.loc));
  }
  body_gradients(&r, dcarry, grads);
  gather_values(&r, dcarry, grads, want, value);
  Node *scan = make_scan(&r);
  int carries = r.in[CARRY].n;
  for (int i = 0; i < r.factor.n; ++i)
    for (int k = 0; k < r.out[1].n; ++k)
      if (r.out[1].at[k] == r.factor.at[i]) r.factor_rows.at[i] = graph_result(g, scan, carries + k);
  for (int k = 0; k < r.inputs; ++k) {
    bool row = k >= r.carries && k < r.carries + r.rows;
    if (!want[k] || value[k] == NONE) continue;
    dx[k] = value[k] == ROWS ? sum_over_turns(&r, grads[k]) : graph_result(g, scan, value[k] + (row ? carries : 0));
  }
}
