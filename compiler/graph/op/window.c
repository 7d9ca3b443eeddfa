/* window.c: window and unwindow. A window makes a sliding view: dimension d, of the k-th place in `axes`, with size_k,
 * stride_k and dilation_k, is replaced by the positions of the window, and its inside is appended as a new last
 * dimension, in the order of the list:
 *
 *   y[.., o_k, .., t_1 .. t_K] = x[.., o_k * stride_k + t_k * dilation_k, ..]      o_k < (n_k - reach_k) / stride_k + 1
 *
 * where reach_k = (size_k - 1) * dilation_k + 1; what a stride leaves uncovered at the end is not read. Padding is a
 * `pad` in front. A convolution is a `dot` over t and the channels, pooling a reduction over t. unwindow is the adjoint
 * and has the same attributes and the extents n_k in `high`: y[.., i, ..] is the sum, t ascending, of all x[.., o, ..,
 * t] with o * stride + t * dilation = i. Both are linear and each is the other's gradient, so every order closes. */
#include "op.h"

static bool fits(const Attr *at, int k, int64_t extent) {
  return at->size[k] >= 1 && at->step[k] >= 1 && at->dilation[k] >= 1 && at->size[k] <= extent &&
         (at->size[k] == 1 || at->dilation[k] <= (extent - 1) / (at->size[k] - 1));
}

static int64_t positions(const Attr *at, int k, int64_t extent) {
  return (extent - 1 - (at->size[k] - 1) * at->dilation[k]) / at->step[k] + 1;
}

static void check_fit(const Graph *g, const Node *n, int k, int64_t extent) {
  const Attr *at = n->attr;
  if (fits(at, k, extent)) return;
  note_operands(g, n);
  user_error(n->loc, MSG_window_fit, op_info[n->op].name, (long long)at->size[k], (long long)at->step[k],
             (long long)at->dilation[k], at->axes.at[k] + 1, (long long)extent, node_text(g->arena, node_in(n, 0)));
}

void infer_window(const Graph *g, Node *n) {
  const Node *x = node_in(n, 0);
  const Axes *axes = &n->attr->axes;
  infer_axes(g, n, x, axes);
  if (x->shape.rank + axes->n > RANK_MAX)
    user_error(n->loc, MSG_rank_large, "window", RANK_MAX, node_text(g->arena, x));
  n->dtype = x->dtype;
  n->shape = x->shape;
  for (int k = 0; k < axes->n; ++k) {
    int d = axes->at[k];
    check_fit(g, n, k, x->shape.dim[d]);
    n->shape.dim[d] = positions(n->attr, k, x->shape.dim[d]);
    n->shape.dim[n->shape.rank++] = n->attr->size[k];
  }
}

void infer_unwindow(const Graph *g, Node *n) {
  const Node *x = node_in(n, 0);
  const Axes *axes = &n->attr->axes;
  Node base = {.dtype = x->dtype, .shape = x->shape};
  base.shape.rank -= axes->n;
  if (x->dtype == DT_bool) user_error(n->loc, MSG_op_dtype, "unwindow", "numbers", "bool");
  if (base.shape.rank < 0) user_error(n->loc, MSG_window_rank, node_text(g->arena, x), axes->n);
  infer_axes(g, n, &base, axes);
  n->dtype = x->dtype;
  n->shape = base.shape;
  for (int k = 0; k < axes->n; ++k) {
    int d = axes->at[k];
    int64_t extent = n->attr->high[k], inside = x->shape.dim[base.shape.rank + k];
    check_fit(g, n, k, extent);
    if (inside != n->attr->size[k] || x->shape.dim[d] != positions(n->attr, k, extent)) {
      note_operands(g, n);
      user_error(n->loc, MSG_unwindow_size, node_text(g->arena, x), d + 1, (long long)positions(n->attr, k, extent),
                 (long long)n->attr->size[k]);
    }
    n->shape.dim[d] = extent;
  }
}

void grad_window(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  const Attr *at = y->attr;
  int64_t extent[RANK_MAX] = {0};
  for (int k = 0; k < at->axes.n; ++k) extent[k] = node_in(y, 0)->shape.dim[at->axes.at[k]];
  if (want[0]) dx[0] = graph_unwindow(g, dy, at->axes, at->size, at->step, at->dilation, extent);
}

void grad_unwindow(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  const Attr *at = y->attr;
  if (want[0]) dx[0] = graph_window(g, dy, at->axes, at->size, at->step, at->dilation);
}

/* A walk over the points of the windowed side, with the offset of each in the plain side. */
static Walk walk_windows(const Node *n, Shape windows, Shape plain) {
  const Attr *at = n->attr;
  Walk w = {.shape = windows};
  int64_t of[RANK_MAX];
  shape_strides(plain, of);
  for (int d = 0; d < plain.rank; ++d) w.stride[d] = of[d];
  for (int k = 0; k < at->axes.n; ++k) {
    w.stride[at->axes.at[k]] = of[at->axes.at[k]] * at->step[k];
    w.stride[plain.rank + k] = of[at->axes.at[k]] * at->dilation[k];
  }
  return w;
}

void eval_window(const Eval *e, const Node *n, Value *y) {
  const Value *x = eval_in(e, n, 0);
  Walk w = walk_windows(n, y->shape, x->shape);
  for (int64_t k = 0, count = shape_count(y->shape); k < count; ++k, walk_next(&w)) value_copy(y, k, x, w.at);
}

void eval_unwindow(const Eval *e, const Node *n, Value *y) {
  const Value *x = eval_in(e, n, 0);
  Walk w = walk_windows(n, x->shape, y->shape);
  for (int64_t k = 0, count = shape_count(y->shape); k < count; ++k)
    if (y->f)
      y->f[k] = 0;
    else
      y->i[k] = 0;
  for (int64_t k = 0, count = shape_count(x->shape); k < count; ++k, walk_next(&w))
    if (y->f)
      y->f[w.at] += x->f[k];
    else
      y->i[w.at] = dtype_wrap(y->dtype, (int64_t)((uint64_t)y->i[w.at] + (uint64_t)x->i[k]));
}
