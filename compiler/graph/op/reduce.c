/* reduce.c: sum, prod, max, min, argmax, argmin over a list of dimensions, which are dropped from the shape.
 *
 * Laws: max and min are NaN when any element is; arg* gives the first position of the extreme element (the first NaN
 * when there is one, so that it agrees with max); the gradient of max and min goes to that first position whole, as in
 * PyTorch's max(dim); prod's gradient is right when elements are zero, because it never divides. */
#include "op.h"

static void check_axes(const Graph *g, Node *n) {
  const Node *a = node_in(n, 0);
  infer_axes(g, n, a, &n->attr->axes);
  if (a->dtype == DT_bool) user_error(n->loc, MSG_op_dtype, op_info[n->op].name, "numbers", "bool");
  Axes kept = axes_without(a->shape.rank, &n->attr->axes);
  n->dtype = a->dtype;
  n->shape.rank = kept.n;
  for (int k = 0; k < kept.n; ++k) n->shape.dim[k] = a->shape.dim[kept.at[k]];
}

static void check_position(const Graph *g, Node *n) {
  check_axes(g, n);
  if (n->attr->axes.n != 1)
    user_error(n->loc, MSG_reduce_none, op_info[n->op].name, node_text(g->arena, node_in(n, 0)), n->attr->axes.n);
  n->dtype = DT_i32;
}

void infer_sum(const Graph *g, Node *n) { check_axes(g, n); }
void infer_prod(const Graph *g, Node *n) { check_axes(g, n); }
void infer_max(const Graph *g, Node *n) { check_axes(g, n); }
void infer_min(const Graph *g, Node *n) { check_axes(g, n); }
void infer_argmax(const Graph *g, Node *n) { check_position(g, n); }
void infer_argmin(const Graph *g, Node *n) { check_position(g, n); }

/* ---- values: the operand as dense rows [kept, reduced] ---- */

typedef struct Rows {
  const Value *x;
  int64_t rows, n;
} Rows;

static Rows rows_of(const Eval *e, const Node *n) {
  const Value *x = eval_in(e, n, 0);
  Axes order = axes_without(x->shape.rank, &n->attr->axes), reduced = {0};
  for (int d = 0; d < x->shape.rank; ++d)
    if (axes_has(&n->attr->axes, d)) reduced.at[reduced.n++] = d;
  for (int k = 0; k < reduced.n; ++k) order.at[order.n++] = reduced.at[k];
  int64_t rows = shape_count(n->shape);
  return (Rows){value_permute(e->arena, x, &order), rows, shape_count(x->shape) / rows};
}

void eval_sum(const Eval *e, const Node *n, Value *y) {
  Rows r = rows_of(e, n);
  for (int64_t row = 0; row < r.rows; ++row) {
    double f = 0;
    uint64_t i = 0;
    for (int64_t k = row * r.n; k < (row + 1) * r.n; ++k)
      if (y->f)
        f += r.x->f[k];
      else
        i += (uint64_t)r.x->i[k];
    if (y->f)
      y->f[row] = f;
    else
      y->i[row] = dtype_wrap(y->dtype, (int64_t)i);
  }
}

void eval_prod(const Eval *e, const Node *n, Value *y) {
  Rows r = rows_of(e, n);
  for (int64_t row = 0; row < r.rows; ++row) {
    double f = 1;
    uint64_t i = 1;
    for (int64_t k = row * r.n; k < (row + 1) * r.n; ++k)
      if (y->f)
        f *= r.x->f[k];
      else
        i *= (uint64_t)r.x->i[k];
    if (y->f)
      y->f[row] = f;
    else
      y->i[row] = dtype_wrap(y->dtype, (int64_t)i);
  }
}

/* Where in x, a dense array, the extreme element of a row begins; sign is 1 for the largest, -1 for the smallest. */
static int64_t extreme(const Value *x, int64_t from, int64_t n, int sign) {
  int64_t best = from;
  for (int64_t k = from + 1; k < from + n; ++k) {
    if (x->i) {
      if (sign > 0 ? x->i[k] > x->i[best] : x->i[k] < x->i[best]) best = k;
    } else {
      double a = x->f[k], b = x->f[best];
      if (b == b && (a != a || (sign > 0 ? a > b : a < b))) best = k;
    }
  }
  return best;
}

static void eval_extreme(const Eval *e, const Node *n, Value *y, int sign) {
  Rows r = rows_of(e, n);
  for (int64_t row = 0; row < r.rows; ++row) value_copy(y, row, r.x, extreme(r.x, row * r.n, r.n, sign));
}

static void eval_position(const Eval *e, const Node *n, Value *y, int sign) {
  Rows r = rows_of(e, n);
  for (int64_t row = 0; row < r.rows; ++row) y->i[row] = extreme(r.x, row * r.n, r.n, sign) - row * r.n;
}

void eval_max(const Eval *e, const Node *n, Value *y) { eval_extreme(e, n, y, 1); }
void eval_min(const Eval *e, const Node *n, Value *y) { eval_extreme(e, n, y, -1); }
void eval_argmax(const Eval *e, const Node *n, Value *y) { eval_position(e, n, y, 1); }
void eval_argmin(const Eval *e, const Node *n, Value *y) { eval_position(e, n, y, -1); }

/* ---- gradients ---- */

void grad_sum(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  if (want[0]) dx[0] = graph_unreduce(g, dy, node_in(y, 0)->shape, y->attr->axes);
}

/* x [any] as rows [K, n], n the reduced elements in row-major order; `back` undoes it. */
typedef struct Matrix {
  Axes order;     /* kept dims, then reduced ones */
  Shape permuted; /* x's shape in that order */
  Shape rows;     /* [K, n] */
} Matrix;

static Matrix matrix_of(const Node *x, const Axes *reduced) {
  Matrix m = {.order = axes_without(x->shape.rank, reduced), .rows = {2, {1, 1}}};
  int kept = m.order.n;
  for (int d = 0; d < x->shape.rank; ++d)
    if (axes_has(reduced, d)) m.order.at[m.order.n++] = d;
  m.permuted.rank = m.order.n;
  for (int k = 0; k < m.order.n; ++k) {
    m.permuted.dim[k] = x->shape.dim[m.order.at[k]];
    m.rows.dim[k < kept ? 0 : 1] *= m.permuted.dim[k];
  }
  return m;
}

static Node *matrix_to(Graph *g, const Matrix *m, Node *x) {
  return reshape_if(g, transpose_if(g, x, m->order), m->rows);
}

static Node *matrix_back(Graph *g, const Matrix *m, Node *rows) {
  Axes inverse = {.n = m->order.n};
  for (int k = 0; k < m->order.n; ++k) inverse.at[m->order.at[k]] = k;
  return transpose_if(g, reshape_if(g, rows, m->permuted), inverse);
}

/* where(iota == position of the extreme, dy, 0), over [kept.., n]: the kept dims stay apart, since those of a window's
 * view do not merge; the reduced ones are one, as argmax takes them. */
static Node *extreme_adjoint(Graph *g, Node *y, Node *dy, Op position) {
  Node *x = node_in(y, 0);
  Matrix m = matrix_of(x, &y->attr->axes);
  int kept = y->shape.rank;
  int64_t n = m.rows.dim[1];
  Shape flat = y->shape, one = y->shape;
  flat.dim[flat.rank++] = n, one.dim[one.rank++] = 1;
  Node *rows = reshape_if(g, transpose_if(g, x, m.order), flat);
  Node *at = graph_reduce(g, position, rows, (Axes){1, {kept}});
  Shape last = {.rank = kept + 1};
  for (int d = 0; d <= kept; ++d) last.dim[d] = d == kept ? n : 1;
  Node *number = graph_broadcast_to(g, graph_reshape(g, graph_iota(g, n, y->loc), last), flat);
  Node *here = graph_op2(g, OP_eq, number, graph_broadcast_to(g, graph_reshape(g, at, one), flat));
  Node *spread = graph_broadcast_to(g, reshape_if(g, dy, one), flat);
  Node *masked = graph_op3(g, OP_where, here, spread, graph_like(g, spread, 0));
  Axes inverse = {.n = m.order.n};
  for (int k = 0; k < m.order.n; ++k) inverse.at[m.order.at[k]] = k;
  return transpose_if(g, reshape_if(g, masked, m.permuted), inverse);
}

void grad_max(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  if (want[0]) dx[0] = extreme_adjoint(g, y, dy, OP_argmax);
}

void grad_min(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  if (want[0]) dx[0] = extreme_adjoint(g, y, dy, OP_argmin);
}

void grad_argmax(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  (void)g, (void)y, (void)dy, (void)want, (void)dx;
}
void grad_argmin(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) { grad_argmax(g, y, dy, want, dx); }

/* [K, n] padded with ones at the end to an even n. */
static Node *padded_even(Graph *g, Node *x) {
  int64_t none[RANK_MAX] = {0}, high[RANK_MAX] = {0, x->shape.dim[1] % 2};
  return high[1] ? graph_pad(g, x, none, high, none, 1) : x;
}

static Node *part(Graph *g, Node *x, int64_t low, int64_t high, int64_t step) {
  int64_t from[RANK_MAX] = {0, low}, to[RANK_MAX] = {x->shape.dim[0], high}, by[RANK_MAX] = {1, step};
  return graph_slice(g, x, from, to, by);
}

/* dx_i = dy * product of all x_j with j != i, for rows [K, n], without a division (zeros) in O(n) work: a tree of
 * products. Upwards, level l + 1 holds the products of neighbours of level l. Downwards, what lies outside a pair's
 * left child is what lies outside the pair, times the right child, and the other way round. */
static Node *exclusive_product(Graph *g, Node *x, Node *dy) {
  Node *level[64];
  int depth = 0;
  int64_t k = x->shape.dim[0];
  for (; x->shape.dim[1] > 1; ++depth) {
    level[depth] = padded_even(g, x);
    int64_t n = level[depth]->shape.dim[1];
    x = graph_op2(g, OP_mul, part(g, level[depth], 0, n, 2), part(g, level[depth], 1, n, 2));
  }
  Node *outside = reshape_if(g, dy, shape_of(2, k, (int64_t)1));
  while (depth-- > 0) {
    int64_t n = level[depth]->shape.dim[1];
    Shape pairs = shape_of(3, k, n / 2, (int64_t)2);
    if (outside->shape.dim[1] > n / 2) outside = part(g, outside, 0, n / 2, 1);
    Node *both = graph_broadcast(g, graph_reshape(g, outside, shape_of(3, k, n / 2, (int64_t)1)), pairs);
    Node *sibling = graph_reverse(g, graph_reshape(g, level[depth], pairs), (Axes){1, {2}});
    outside = graph_reshape(g, graph_op2(g, OP_mul, both, sibling), shape_of(2, k, n));
  }
  return outside;
}

void grad_prod(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  Node *x = node_in(y, 0);
  if (!want[0]) return;
  Matrix m = matrix_of(x, &y->attr->axes);
  Node *rows = exclusive_product(g, matrix_to(g, &m, x), dy);
  if (rows->shape.dim[1] > m.rows.dim[1]) rows = part(g, rows, 0, m.rows.dim[1], 1);
  dx[0] = matrix_back(g, &m, rows);
}
