/* move.c: reshape, transpose, broadcast, slice, pad, concat, reverse: elements go elsewhere, none is computed.
 *
 * The family is closed under differentiation: slice and pad are each other's adjoint (which is why pad has interior
 * padding: it is the adjoint of a strided slice), transpose and reverse are their own kind, broadcast's is a sum,
 * concat's are slices. All but reshape, pad and concat are evaluated as one strided walk over the operand. */
#include "op.h"

/* y[i] = x[base + sum stride[d] * i[d]] */
static void eval_strided(const Value *x, Value *y, int64_t base, const int64_t *stride) {
  Walk w = {.shape = y->shape, .at = base};
  memcpy(w.stride, stride, sizeof w.stride);
  for (int64_t k = 0, count = shape_count(y->shape); k < count; ++k, walk_next(&w)) value_copy(y, k, x, w.at);
}

/* The other way: y[base + sum stride[d] * i[d]] = x[i] */
static void place_strided(const Value *x, Value *y, int64_t base, const int64_t *stride) {
  Walk w = {.shape = x->shape, .at = base};
  memcpy(w.stride, stride, sizeof w.stride);
  for (int64_t k = 0, count = shape_count(x->shape); k < count; ++k, walk_next(&w)) value_copy(y, w.at, x, k);
}

/* ---- reshape ---- */

void infer_reshape(const Graph *g, Node *n) {
  const Node *a = node_in(n, 0);
  n->dtype = a->dtype;
  n->shape = attr_shape(n->attr);
  double count = 1; /* the shape is not checked yet: int64_t might overflow */
  for (int d = 0; d < n->shape.rank; ++d) count *= (double)n->shape.dim[d];
  if (count == (double)shape_count(a->shape)) return;
  note_operands(g, n);
  user_error(n->loc, MSG_reshape_count, node_text(g->arena, a), shape_text(g->arena, n->shape),
             (long long)shape_count(a->shape), count > 0x1p62 || count < 0 ? -1ll : (long long)count);
}

void grad_reshape(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  if (want[0]) dx[0] = graph_reshape(g, dy, node_in(y, 0)->shape);
}

void eval_reshape(const Eval *e, const Node *n, Value *y) {
  Shape shape = y->shape;
  *y = *eval_in(e, n, 0);
  y->shape = shape;
}

/* ---- transpose ---- */

void infer_transpose(const Graph *g, Node *n) {
  const Node *a = node_in(n, 0);
  const Axes *axes = &n->attr->axes;
  infer_axes(g, n, a, axes);
  if (axes->n != a->shape.rank) user_error(n->loc, MSG_transpose_axes, node_text(g->arena, a), axes->n, a->shape.rank);
  n->dtype = a->dtype;
  n->shape.rank = axes->n;
  for (int d = 0; d < axes->n; ++d) n->shape.dim[d] = a->shape.dim[axes->at[d]];
}

void grad_transpose(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  Axes inverse = {.n = y->attr->axes.n};
  for (int d = 0; d < inverse.n; ++d) inverse.at[y->attr->axes.at[d]] = d;
  if (want[0]) dx[0] = graph_transpose(g, dy, inverse);
}

void eval_transpose(const Eval *e, const Node *n, Value *y) {
  int64_t of[RANK_MAX], stride[RANK_MAX] = {0};
  shape_strides(eval_in(e, n, 0)->shape, of);
  for (int d = 0; d < n->shape.rank; ++d) stride[d] = of[n->attr->axes.at[d]];
  eval_strided(eval_in(e, n, 0), y, 0, stride);
}

/* ---- broadcast: equal rank with dims equal or 1, or rank 0 to anything ---- */

void infer_broadcast(const Graph *g, Node *n) {
  const Node *a = node_in(n, 0);
  n->dtype = a->dtype;
  n->shape = attr_shape(n->attr);
  bool fits = a->shape.rank == 0 || a->shape.rank == n->shape.rank;
  for (int d = 0; fits && d < a->shape.rank; ++d) fits = a->shape.dim[d] == 1 || a->shape.dim[d] == n->shape.dim[d];
  if (fits) return;
  note_operands(g, n);
  user_error(n->loc, MSG_broadcast_shape, node_text(g->arena, a), shape_text(g->arena, n->shape));
}

void grad_broadcast(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  const Node *a = node_in(y, 0);
  Axes repeated = {0};
  for (int d = 0; d < y->shape.rank; ++d)
    if (a->shape.rank == 0 || a->shape.dim[d] != y->shape.dim[d]) repeated.at[repeated.n++] = d;
  if (want[0]) dx[0] = reshape_if(g, repeated.n ? graph_reduce(g, OP_sum, dy, repeated) : dy, a->shape);
}

void eval_broadcast(const Eval *e, const Node *n, Value *y) {
  const Value *x = eval_in(e, n, 0);
  int64_t of[RANK_MAX], stride[RANK_MAX] = {0};
  shape_strides(x->shape, of);
  for (int d = 0; d < x->shape.rank; ++d) stride[d] = x->shape.dim[d] == 1 ? 0 : of[d];
  eval_strided(x, y, 0, stride);
}

/* ---- slice: y[i] = x[low + i * step] while low + i * step < high ---- */

void infer_slice(const Graph *g, Node *n) {
  const Node *a = node_in(n, 0);
  const Attr *at = n->attr;
  n->dtype = a->dtype;
  n->shape.rank = a->shape.rank;
  for (int d = 0; d < a->shape.rank; ++d) {
    if (at->low[d] < 0 || at->high[d] > a->shape.dim[d] || at->low[d] >= at->high[d])
      user_error(n->loc, MSG_slice_range, node_text(g->arena, a), d + 1, (long long)at->low[d] + 1,
                 (long long)at->high[d], (long long)a->shape.dim[d]);
    if (at->step[d] < 1) user_error(n->loc, MSG_slice_step, node_text(g->arena, a), d + 1, (long long)at->step[d]);
    n->shape.dim[d] = (at->high[d] - at->low[d] - 1) / at->step[d] + 1;
  }
}

void grad_slice(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  const Attr *at = y->attr;
  int64_t high[RANK_MAX] = {0}, interior[RANK_MAX] = {0};
  for (int d = 0; d < y->shape.rank; ++d) {
    interior[d] = y->shape.dim[d] == 1 ? 0 : at->step[d] - 1;
    high[d] = node_in(y, 0)->shape.dim[d] - (at->low[d] + (y->shape.dim[d] - 1) * (interior[d] + 1) + 1);
  }
  if (want[0]) dx[0] = graph_pad(g, dy, at->low, high, interior, 0);
}

void eval_slice(const Eval *e, const Node *n, Value *y) {
  int64_t of[RANK_MAX], stride[RANK_MAX] = {0}, base = 0;
  shape_strides(eval_in(e, n, 0)->shape, of);
  for (int d = 0; d < n->shape.rank; ++d) {
    base += n->attr->low[d] * of[d];
    stride[d] = n->attr->step[d] * of[d];
  }
  eval_strided(eval_in(e, n, 0), y, base, stride);
}

/* ---- pad: y[low + i * (interior + 1)] = x[i], `fill` elsewhere ---- */

void infer_pad(const Graph *g, Node *n) {
  const Node *a = node_in(n, 0);
  const Attr *at = n->attr;
  n->dtype = a->dtype;
  n->shape.rank = a->shape.rank;
  for (int d = 0; d < a->shape.rank; ++d) {
    if (at->low[d] < 0 || at->high[d] < 0 || at->step[d] < 0)
      user_error(n->loc, MSG_pad_negative, node_text(g->arena, a), d + 1, (long long)at->low[d], (long long)at->high[d],
                 (long long)at->step[d]);
    double size = (double)at->low[d] + (double)at->high[d] + (double)a->shape.dim[d] * (1 + (double)at->step[d]);
    if (size > 0x1p40) user_error(n->loc, MSG_shape_large, "pad", node_text(g->arena, a));
    n->shape.dim[d] = at->low[d] + (a->shape.dim[d] - 1) * (at->step[d] + 1) + 1 + at->high[d];
  }
}

void grad_pad(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  const Attr *at = y->attr;
  int64_t high[RANK_MAX] = {0}, step[RANK_MAX] = {0};
  for (int d = 0; d < y->shape.rank; ++d) {
    step[d] = at->step[d] + 1;
    high[d] = at->low[d] + (node_in(y, 0)->shape.dim[d] - 1) * step[d] + 1;
  }
  if (want[0]) dx[0] = graph_slice(g, dy, at->low, high, step);
}

void eval_pad(const Eval *e, const Node *n, Value *y) {
  int64_t of[RANK_MAX], stride[RANK_MAX] = {0}, base = 0;
  shape_strides(y->shape, of);
  for (int d = 0; d < n->shape.rank; ++d) {
    base += n->attr->low[d] * of[d];
    stride[d] = (n->attr->step[d] + 1) * of[d];
  }
  int64_t fill = y->i ? dtype_wrap(y->dtype, dtype_saturate(y->dtype, n->attr->fill)) : 0;
  for (int64_t k = 0, count = shape_count(y->shape); k < count; ++k)
    if (y->f)
      y->f[k] = dtype_round(y->dtype, n->attr->fill);
    else
      y->i[k] = fill;
  place_strided(eval_in(e, n, 0), y, base, stride);
}

/* ---- concat ---- */

void infer_concat(const Graph *g, Node *n) {
  if (n->nin < 1) user_error(n->loc, MSG_concat_none);
  const Node *a = node_in(n, 0);
  int dim = n->attr->dim;
  infer_axes(g, n, a, &(Axes){1, {dim}});
  n->dtype = a->dtype;
  n->shape = a->shape;
  for (int i = 1; i < n->nin; ++i) {
    const Node *b = node_in(n, i);
    if (b->dtype != a->dtype)
      user_error(n->loc, MSG_elementwise_dtype, "concat", node_text(g->arena, a), node_text(g->arena, b));
    bool fits = b->shape.rank == a->shape.rank;
    for (int d = 0; fits && d < a->shape.rank; ++d) fits = d == dim || b->shape.dim[d] == a->shape.dim[d];
    if (!fits) {
      note_operands(g, n);
      user_error(n->loc, MSG_concat_shape, dim + 1, node_text(g->arena, a), node_text(g->arena, b));
    }
    n->shape.dim[dim] += b->shape.dim[dim];
  }
}

void grad_concat(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  int dim = y->attr->dim;
  int64_t low[RANK_MAX] = {0}, high[RANK_MAX], step[RANK_MAX];
  for (int d = 0; d < RANK_MAX; ++d) {
    step[d] = 1;
    high[d] = y->shape.dim[d];
  }
  for (int i = 0; i < y->nin; ++i, low[dim] = high[dim]) {
    high[dim] = low[dim] + node_in(y, i)->shape.dim[dim];
    if (want[i]) dx[i] = graph_slice(g, dy, low, high, step);
  }
}

void eval_concat(const Eval *e, const Node *n, Value *y) {
  int64_t stride[RANK_MAX] = {0}, base = 0;
  shape_strides(y->shape, stride);
  for (int i = 0; i < n->nin; ++i) {
    place_strided(eval_in(e, n, i), y, base, stride);
    base += eval_in(e, n, i)->shape.dim[n->attr->dim] * stride[n->attr->dim];
  }
}

/* ---- reverse ---- */

void infer_reverse(const Graph *g, Node *n) {
  infer_axes(g, n, node_in(n, 0), &n->attr->axes);
  n->dtype = node_in(n, 0)->dtype;
  n->shape = node_in(n, 0)->shape;
}

void grad_reverse(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  if (want[0]) dx[0] = graph_reverse(g, dy, y->attr->axes);
}

void eval_reverse(const Eval *e, const Node *n, Value *y) {
  int64_t stride[RANK_MAX] = {0}, base = 0;
  shape_strides(y->shape, stride);
  for (int k = 0; k < n->attr->axes.n; ++k) {
    int d = n->attr->axes.at[k];
    base += (y->shape.dim[d] - 1) * stride[d];
    stride[d] = -stride[d];
  }
  eval_strided(eval_in(e, n, 0), y, base, stride);
}
