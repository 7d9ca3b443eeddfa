/* dot.c: the one product: y[batch.., m.., n..] = sum over k.. of a * b, where `batch` and `batch_b` list the dimensions
 * that are walked together, `axes` and `axes_b` those that are summed, in that order; m.. are the other dimensions of
 * a, n.. those of b, ascending. Matrix products, convolutions (over a window) and attention are all this op.
 *
 * It is bilinear and its gradient is two dots of the same kind with axes permuted by a transpose, so every order
 * closes. */
#include "op.h"

static void check_lists(const Graph *g, const Node *n, const Axes *la, const Axes *lb) {
  const Node *a = node_in(n, 0), *b = node_in(n, 1);
  if (la->n != lb->n) {
    note_operands(g, n);
    user_error(n->loc, MSG_dot_dims, node_text(g->arena, a), node_text(g->arena, b), la->n, lb->n);
  }
  for (int k = 0; k < la->n; ++k) {
    int64_t na = a->shape.dim[la->at[k]], nb = b->shape.dim[lb->at[k]];
    if (na == nb) continue;
    note_operands(g, n);
    user_error(n->loc, MSG_dot_sizes, node_text(g->arena, a), la->at[k] + 1, node_text(g->arena, b), lb->at[k] + 1,
               (long long)na, (long long)nb);
  }
}

/* Both lists one after the other: for the check that no dimension is named twice. */
static Axes joined(const Graph *g, const Node *n, const Node *x, const Axes *first, const Axes *second) {
  Axes all = *first;
  if (first->n + second->n > x->shape.rank)
    user_error(n->loc, MSG_dot_dims, node_text(g->arena, x), "its lists", x->shape.rank, first->n + second->n);
  for (int k = 0; k < second->n; ++k) all.at[all.n++] = second->at[k];
  infer_axes(g, n, x, &all);
  return all;
}

void infer_dot(const Graph *g, Node *n) {
  const Node *a = node_in(n, 0), *b = node_in(n, 1);
  const Attr *at = n->attr;
  Axes used_a = joined(g, n, a, &at->batch, &at->axes), used_b = joined(g, n, b, &at->batch_b, &at->axes_b);
  check_lists(g, n, &at->batch, &at->batch_b);
  check_lists(g, n, &at->axes, &at->axes_b);
  if (a->dtype != b->dtype)
    user_error(n->loc, MSG_elementwise_dtype, "dot", node_text(g->arena, a), node_text(g->arena, b));
  if (!dtype_is_float(a->dtype)) user_error(n->loc, MSG_op_dtype, "dot", "floats", dtype_info[a->dtype].name);
  Axes m = axes_without(a->shape.rank, &used_a), free_b = axes_without(b->shape.rank, &used_b);
  if (at->batch.n + m.n + free_b.n > RANK_MAX)
    user_error(n->loc, MSG_rank_large, "dot", RANK_MAX, node_text(g->arena, a));
  n->dtype = a->dtype;
  for (int k = 0; k < at->batch.n; ++k) n->shape.dim[n->shape.rank++] = a->shape.dim[at->batch.at[k]];
  for (int k = 0; k < m.n; ++k) n->shape.dim[n->shape.rank++] = a->shape.dim[m.at[k]];
  for (int k = 0; k < free_b.n; ++k) n->shape.dim[n->shape.rank++] = b->shape.dim[free_b.at[k]];
}

static Axes range(int from, int n) {
  Axes r = {.n = n};
  for (int k = 0; k < n; ++k) r.at[k] = from + k;
  return r;
}

static Axes used_axes(const Axes *batch, const Axes *contract) {
  Axes used = *batch;
  for (int k = 0; k < contract->n; ++k) used.at[used.n++] = contract->at[k];
  return used;
}

/* Contribution to operand x (lists batch_x, axes_x) from dy and the other operand z (batch_z, axes_z). dy is
 * [batch.., m.., n..]; `from` is where z's free dims stand in it. dot(dy, z) over them gives [batch.., free of x..,
 * contracted dims of z, ascending], which is x with its dims permuted. */
static Node *dot_adjoint(Graph *g, Node *dy, Node *z, int from, int rank, const Axes *batch_x, const Axes *axes_x,
                         const Axes *batch_z, const Axes *axes_z) {
  Axes used_z = used_axes(batch_z, axes_z), used_x = used_axes(batch_x, axes_x);
  Axes free_z = axes_without(z->shape.rank, &used_z), free_x = axes_without(rank, &used_x);
  Node *d = graph_dot(g, dy, z, range(0, batch_x->n), *batch_z, range(from, free_z.n), free_z);
  Axes to = {.n = rank};
  for (int k = 0; k < batch_x->n; ++k) to.at[batch_x->at[k]] = k;
  for (int k = 0; k < free_x.n; ++k) to.at[free_x.at[k]] = batch_x->n + k;
  for (int k = 0; k < axes_x->n; ++k) {
    int before = 0; /* z's contracted dims that stand in front of the k-th */
    for (int j = 0; j < axes_z->n; ++j) before += axes_z->at[j] < axes_z->at[k];
    to.at[axes_x->at[k]] = batch_x->n + free_x.n + before;
  }
  return transpose_if(g, d, to);
}

void grad_dot(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  Node *a = node_in(y, 0), *b = node_in(y, 1);
  const Attr *at = y->attr;
  int batch = at->batch.n, m = a->shape.rank - batch - at->axes.n;
  if (want[0])
    dx[0] = dot_adjoint(g, dy, b, batch + m, a->shape.rank, &at->batch, &at->axes, &at->batch_b, &at->axes_b);
  if (want[1]) dx[1] = dot_adjoint(g, dy, a, batch, b->shape.rank, &at->batch_b, &at->axes_b, &at->batch, &at->axes);
}

/* Dense, as [batch, free, contracted in the order of the list] or [batch, contracted, free]. */
static const double *arranged(const Eval *e, const Value *x, const Axes *batch, const Axes *contract, bool free_last) {
  Axes used = used_axes(batch, contract), rest = axes_without(x->shape.rank, &used);
  Axes order = used_axes(batch, free_last ? contract : &rest);
  order = used_axes(&order, free_last ? &rest : contract);
  return value_permute(e->arena, x, &order)->f;
}

static int64_t extent(Shape s, const Axes *axes) {
  int64_t count = 1;
  for (int k = 0; k < axes->n; ++k) count *= s.dim[axes->at[k]];
  return count;
}

/* Inner products of two rows with `n` neighbouring columns of v, k ascending in each: side by side they do not wait for
 * each other. */
enum { DOT_COLUMNS = 8 };
static void dot_columns(const double *u0, const double *u1, const double *v, int64_t count, int64_t pitch, int n,
                        double *y0, double *y1) {
  double sum0[DOT_COLUMNS] = {0}, sum1[DOT_COLUMNS] = {0};
  for (int64_t k = 0; n < DOT_COLUMNS && k < count; ++k)
    for (int j = 0; j < n; ++j) sum0[j] += u0[k] * v[k * pitch + j], sum1[j] += u1[k] * v[k * pitch + j];
  for (int64_t k = 0; n == DOT_COLUMNS && k < count; ++k) {
    const double a = u0[k], b = u1[k], *row = v + k * pitch;
    for (int j = 0; j < DOT_COLUMNS; ++j) sum0[j] += a * row[j], sum1[j] += b * row[j];
  }
  for (int j = 0; j < n; ++j) y0[j] = sum0[j], y1[j] = sum1[j];
}

void eval_dot(const Eval *e, const Node *n, Value *y) {
  const Value *a = eval_in(e, n, 0), *b = eval_in(e, n, 1);
  const Attr *at = n->attr;
  const double *pa = arranged(e, a, &at->batch, &at->axes, false);
  const double *pb = arranged(e, b, &at->batch_b, &at->axes_b, true);
  int64_t count = extent(a->shape, &at->axes), batch = extent(a->shape, &at->batch);
  int64_t rows = shape_count(a->shape) / (count * batch), columns = shape_count(b->shape) / (count * batch);
  for (int64_t p = 0; p < batch; ++p)
    for (int64_t j = 0; j < columns; j += DOT_COLUMNS)
      for (int64_t i = 0; i < rows; i += 2) {
        int64_t row = p * rows + i, next = i + 1 < rows ? row + 1 : row;
        int width = (int)(columns - j < DOT_COLUMNS ? columns - j : DOT_COLUMNS);
        dot_columns(pa + row * count, pa + next * count, pb + p * count * columns + j, count, columns, width,
                    y->f + row * columns + j, y->f + next * columns + j);
      }
}
