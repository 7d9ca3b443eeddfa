/* batch_rules.c: for each op, what it is over many rows at once. The rows are a new first dimension [B, …] of some
 * operands and of the result; the others are the same for every row. Each rule gives, row by row, what n gives.
 *
 *   mul x, c (x [B,4], c [4])        mul x, broadcast(c)
 *   sum x axes=[0]                   sum x axes=[1]
 *   dot a, b, both with rows         one more batch dimension in front
 *   dot a, b, only one with rows     they are a free dimension, then a transpose in front: no copy, an index map
 *   gather x, index with rows        one table of B * D rows, index = clamped index + D * row
 *
 * To add a rule: a function from Widening to Node and a row in `rules`. An op without one keeps its loop, which is what
 * nn.vmap is defined as (LANGUAGE.md, row 31). Ops whose order of summation is part of their meaning must keep it. */
#include "../op/op.h"
#include "batch.h"

typedef struct Widening {
  Graph *to;
  const Node *n;
  Node *const *in;
  const bool *of;
  int64_t size;
} Widening;

/* ---- shapes ---- */
Shape batch_shape(Shape s, int64_t size) {
  memmove(s.dim + 1, s.dim, sizeof s.dim - sizeof *s.dim);
  s.dim[0] = size;
  s.rank++;
  return s;
}

Node *batch_to_front(Graph *to, Node *x, int dim) {
  Axes axes = {.n = x->shape.rank};
  for (int d = 0; d < axes.n; ++d) axes.at[d] = d == 0 ? dim : d <= dim ? d - 1 : d;
  return transpose_if(to, x, axes);
}

Node *batch_from_front(Graph *to, Node *x, int dim) {
  Axes axes = {.n = x->shape.rank};
  for (int d = 0; d < axes.n; ++d) axes.at[d] = d == dim ? 0 : d < dim ? d + 1 : d;
  return transpose_if(to, x, axes);
}

Node *batch_rows(Graph *to, Node *x, int64_t size) {
  if (x->shape.rank >= RANK_MAX) return NULL;
  if (x->shape.rank == 0) return graph_broadcast(to, x, batch_shape(x->shape, size));
  Node *one = graph_reshape(to, x, batch_shape(x->shape, 1));
  return size == 1 ? one : graph_broadcast(to, one, batch_shape(x->shape, size));
}

/* x, which has one element for each row, at every element of [B, …]. */
static Node *along_rows(Graph *to, Node *x, Shape shape) {
  Shape ones = shape;
  for (int d = 1; d < ones.rank; ++d) ones.dim[d] = 1;
  Node *column = reshape_if(to, x, ones);
  return shape_equal(ones, shape) ? column : graph_broadcast(to, column, shape);
}

Node *batch_choose(Graph *to, Node *rows, Node *a, Node *b) {
  return graph_op3(to, OP_where, along_rows(to, rows, a->shape), a, b);
}

static Node *with_rows(const Widening *w, int i) { return w->of[i] ? w->in[i] : batch_rows(w->to, w->in[i], w->size); }

static Axes one_further(const Axes *axes) {
  Axes s = {.n = axes->n};
  for (int i = 0; i < axes->n; ++i) s.at[i] = axes->at[i] + 1;
  return s;
}

/* ---- elementwise, and what hands its operand on ---- */
static Node *rows_of_map(const Widening *w) {
  Node *in[3];
  for (int i = 0; i < w->n->nin; ++i) in[i] = with_rows(w, i);
  return graph_add(w->to, w->n->op, w->n->nin, in, w->n->attr, w->n->loc);
}

/* ---- movement ---- */
static Node *rows_of_reshape(const Widening *w) {
  return reshape_if(w->to, w->in[0], batch_shape(w->n->shape, w->size));
}

static Node *rows_of_transpose(const Widening *w) {
  Axes axes = one_further(&w->n->attr->axes);
  for (int d = axes.n++; d > 0; --d) axes.at[d] = axes.at[d - 1];
  axes.at[0] = 0;
  return graph_transpose(w->to, w->in[0], axes);
}

static Node *rows_of_broadcast(const Widening *w) {
  Shape shape = batch_shape(w->n->shape, w->size);
  if (w->in[0]->shape.rank == 1 && shape.rank > 1) return along_rows(w->to, w->in[0], shape);
  return graph_broadcast(w->to, w->in[0], shape);
}

/* The limits of slice and pad with those of the new dimension in front. */
static Attr box_of(const Widening *w, int64_t high, int64_t step) {
  Attr a = *w->n->attr;
  memmove(a.low + 1, a.low, sizeof a.low - sizeof *a.low);
  memmove(a.high + 1, a.high, sizeof a.high - sizeof *a.high);
  memmove(a.step + 1, a.step, sizeof a.step - sizeof *a.step);
  a.low[0] = 0, a.high[0] = high, a.step[0] = step;
  return a;
}

static Node *rows_of_slice(const Widening *w) {
  Attr a = box_of(w, w->size, 1);
  return graph_slice(w->to, w->in[0], a.low, a.high, a.step);
}

static Node *rows_of_pad(const Widening *w) {
  Attr a = box_of(w, 0, 0);
  return graph_pad(w->to, w->in[0], a.low, a.high, a.step, a.fill);
}

static Node *rows_of_concat(const Widening *w) {
  Node **in = NEW_N(w->to->arena, Node *, w->n->nin);
  for (int i = 0; i < w->n->nin; ++i) in[i] = with_rows(w, i);
  return graph_concat(w->to, w->n->nin, in, w->n->attr->dim + 1);
}

static Node *rows_of_axes(const Widening *w) { /* reverse, reductions, windows (whose insides stay the last) */
  Attr a = *w->n->attr;
  a.axes = one_further(&a.axes);
  return graph_add(w->to, w->n->op, 1, w->in, &a, w->n->loc);
}

static Node *rows_along(const Widening *w) {
  return graph_add(w->to, w->n->op, 1, w->in, &(Attr){.dim = w->n->attr->dim + 1}, w->n->loc);
}

/* ---- products ---- */
static Axes rows_and(const Axes *axes) {
  Axes s = one_further(axes);
  for (int d = s.n++; d > 0; --d) s.at[d] = s.at[d - 1];
  s.at[0] = 0;
  return s;
}

static Node *rows_of_dot(const Widening *w) {
  const Attr *at = w->n->attr;
  Node *a = w->in[0], *b = w->in[1];
  if (w->of[0] && w->of[1])
    return graph_dot(w->to, a, b, rows_and(&at->batch), rows_and(&at->batch_b), one_further(&at->axes),
                     one_further(&at->axes_b));
  int batch = at->batch.n, free_a = node_in(w->n, 0)->shape.rank - batch - at->axes.n;
  int free_b = node_in(w->n, 1)->shape.rank - batch - at->axes.n;
  if (w->of[0]) {
    Node *y = graph_dot(w->to, a, b, one_further(&at->batch), at->batch_b, one_further(&at->axes), at->axes_b);
    return batch_to_front(w->to, y, batch);
  }
  if (free_b == 0) { /* a product commutes: [batch, rows, free of a] needs no transpose without a batch */
    Node *y = graph_dot(w->to, b, a, one_further(&at->batch_b), at->batch, one_further(&at->axes_b), at->axes);
    return batch_to_front(w->to, y, batch);
  }
  Node *y = graph_dot(w->to, a, b, at->batch, one_further(&at->batch_b), at->axes, one_further(&at->axes_b));
  return batch_to_front(w->to, y, batch + free_a);
}

/* ---- indices ---- */
/* Indices [B, I…] into tables of D rows that lie one after the other: each stays within the table of its own row. */
static Node *index_in_all(const Widening *w, int64_t rows) {
  Node *index = w->in[1];
  Graph *to = w->to;
  if (w->size * rows > INT32_MAX) index = graph_cast(to, index, DT_i64);
  Node *within = graph_op2(to, OP_maximum, graph_op2(to, OP_minimum, index, graph_like(to, index, (double)(rows - 1))),
                           graph_like(to, index, 0));
  Node *row = graph_cast(to, graph_iota(to, w->size, w->n->loc), index->dtype);
  Node *start = graph_op2(to, OP_mul, row, graph_like(to, row, (double)rows));
  return graph_op2(to, OP_add, within, along_rows(to, start, index->shape));
}

/* [B, A…, D, R…] as [B * D, A…, R…], and back. */
static Node *tables_joined(const Widening *w, Node *x, int dim) {
  x = batch_from_front(w->to, x, dim); /* [A…, B, D, R…] */
  x = batch_to_front(w->to, x, dim + 1);
  x = batch_to_front(w->to, x, dim + 1); /* [B, D, A…, R…] */
  Shape s = {.rank = x->shape.rank - 1, .dim = {x->shape.dim[0] * x->shape.dim[1]}};
  memcpy(s.dim + 1, x->shape.dim + 2, sizeof *s.dim * (size_t)(s.rank - 1));
  return graph_reshape(w->to, x, s);
}

static Node *tables_parted(const Widening *w, Node *x, int dim) {
  Shape s = batch_shape(x->shape, w->size);
  s.dim[1] = x->shape.dim[0] / w->size;
  x = graph_reshape(w->to, x, s); /* [B, D, A…, R…] */
  x = batch_from_front(w->to, x, dim + 1);
  x = batch_from_front(w->to, x, dim + 1); /* [A…, B, D, R…] */
  return batch_to_front(w->to, x, dim);
}

/* [B, I…, A…, R…] as [B, A…, I…, R…], or the other way: `n` dimensions move over `over` ones. */
static Node *block_moved(Graph *to, Node *x, int n, int over) {
  Axes axes = {.n = x->shape.rank};
  for (int d = 0; d < axes.n; ++d) axes.at[d] = d == 0 || d > n + over ? d : d <= over ? d + n : d - over;
  return transpose_if(to, x, axes);
}

static Node *rows_of_gather(const Widening *w) {
  int dim = w->n->attr->dim, index_rank = node_in(w->n, 1)->shape.rank;
  if (!w->of[1]) return graph_gather(w->to, w->in[0], w->in[1], dim + 1);
  if (!w->of[0]) return batch_to_front(w->to, graph_gather(w->to, w->in[0], w->in[1], dim), dim);
  Node *index = index_in_all(w, node_in(w->n, 0)->shape.dim[dim]);
  Node *y = graph_gather(w->to, tables_joined(w, w->in[0], dim), index, 0);
  return block_moved(w->to, y, index_rank, dim);
}

/* Sources in ascending order for each target, as before: those of one row stay together. */
static Node *scatter_like(const Widening *w, Node *x, Node *index, Node *source, int dim) {
  return graph_add(w->to, w->n->op, 3, (Node *[]){x, index, source}, &(Attr){.dim = dim}, w->n->loc);
}

static Node *rows_of_scatter(const Widening *w) {
  int dim = w->n->attr->dim, index_rank = node_in(w->n, 1)->shape.rank;
  Node *x = with_rows(w, 0), *source = with_rows(w, 2);
  if (!w->of[1]) return scatter_like(w, x, w->in[1], source, dim + 1);
  Node *index = index_in_all(w, node_in(w->n, 0)->shape.dim[dim]);
  Node *y = scatter_like(w, tables_joined(w, x, dim), index, block_moved(w->to, source, dim, index_rank), 0);
  return tables_parted(w, y, dim);
}

/* ---- random: each row draws its own numbers where its turn (or its count of calls) differs ---- */
static Node *rows_of_random(const Widening *w) {
  Node *lead[2];
  if (w->of[0]) return NULL; /* a seed for each row: no model has that */
  for (int i = 0; i < 2; ++i) lead[i] = w->in[i + 1]->shape.rank ? with_rows(w, i + 1) : w->in[i + 1];
  return graph_random(w->to, w->in[0], lead[0], lead[1], batch_shape(w->n->shape, w->size), w->n->attr->place,
                      w->n->loc);
}

/* ---- the table ---- */
typedef Node *Rule(const Widening *w);
static Rule *const rules[OP_COUNT] = {
    [OP_reshape] = rows_of_reshape,
    [OP_transpose] = rows_of_transpose,
    [OP_broadcast] = rows_of_broadcast,
    [OP_slice] = rows_of_slice,
    [OP_pad] = rows_of_pad,
    [OP_concat] = rows_of_concat,
    [OP_reverse] = rows_of_axes,
    [OP_sum] = rows_of_axes,
    [OP_prod] = rows_of_axes,
    [OP_max] = rows_of_axes,
    [OP_min] = rows_of_axes,
    [OP_argmax] = rows_of_axes,
    [OP_argmin] = rows_of_axes,
    [OP_dot] = rows_of_dot,
    [OP_gather] = rows_of_gather,
    [OP_scatter] = rows_of_scatter,
    [OP_random] = rows_of_random,
    [OP_again] = rows_of_map,
    [OP_all_mean] = rows_of_map,
    [OP_window] = rows_of_axes,
    [OP_unwindow] = rows_of_axes,
    [OP_cumsum] = rows_along,
    [OP_argsort] = rows_along,
    [OP_scatter_set] = rows_of_scatter,
    [OP_stop_gradient] = rows_of_map,
};

static bool small_enough(Shape s, int64_t size) {
  return s.rank < RANK_MAX && (double)shape_count(s) * (double)size <= 0x1p40;
}

Node *batch_node(Graph *to, const Node *n, Node *const *in, const bool *of, int64_t size) {
  Rule *rule = op_is_elementwise(n->op) ? rows_of_map : rules[n->op];
  bool fits = rule && small_enough(n->shape, size);
  for (int i = 0; i < n->nin; ++i) fits &= small_enough(node_in(n, i)->shape, size);
  if (!fits) return NULL;
  const Loc *at = to->at;
  to->at = &n->loc;
  Node *y = rule(&(Widening){to, n, in, of, size});
  to->at = at;
  if (y && y->id == to->nodes.n - 1) y->name = n->name;
  return y;
}
