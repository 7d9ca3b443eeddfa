/* index.c: gather, scatter and scatter_set along one dimension, by indices that are data.
 *
 * With x [A.., D, B..] and index [I..]:  gather gives y [A.., I.., B..] with y[a, i, b] = x[a, index[i], b]; scatter
 * adds source [A.., I.., B..] to a copy of x, sources in ascending order for each target; scatter_set replaces instead,
 * so that the last source of a row wins. An index out of range means row 0 or the last one, in all, so that gather and
 * scatter stay each other's exact adjoint. */
#include "op.h"

static Shape gathered_shape(const Graph *g, const Node *n) {
  const Node *x = node_in(n, 0), *index = node_in(n, 1);
  const char *name = op_info[n->op].name;
  Shape s = {0};
  infer_axes(g, n, x, &(Axes){1, {n->attr->dim}});
  if (index->dtype != DT_i32 && index->dtype != DT_i64)
    user_error(n->loc, MSG_gather_index, name, node_text(g->arena, index));
  if (x->shape.rank - 1 + index->shape.rank > RANK_MAX)
    user_error(n->loc, MSG_rank_large, name, RANK_MAX, node_text(g->arena, x));
  for (int d = 0; d < n->attr->dim; ++d) s.dim[s.rank++] = x->shape.dim[d];
  for (int d = 0; d < index->shape.rank; ++d) s.dim[s.rank++] = index->shape.dim[d];
  for (int d = n->attr->dim + 1; d < x->shape.rank; ++d) s.dim[s.rank++] = x->shape.dim[d];
  return s;
}

/* x as [outer, rows, inner]; index as a list of `picks` rows. */
typedef struct Rows {
  int64_t outer, rows, inner, picks;
} Rows;

static Rows rows_of(const Node *n) {
  const Node *x = node_in(n, 0);
  Rows r = {1, x->shape.dim[n->attr->dim], 1, shape_count(node_in(n, 1)->shape)};
  for (int d = 0; d < n->attr->dim; ++d) r.outer *= x->shape.dim[d];
  for (int d = n->attr->dim + 1; d < x->shape.rank; ++d) r.inner *= x->shape.dim[d];
  return r;
}

static int64_t clamped(int64_t i, int64_t rows) { return i < 0 ? 0 : i >= rows ? rows - 1 : i; }

/* ---- gather ---- */

void infer_gather(const Graph *g, Node *n) {
  n->dtype = node_in(n, 0)->dtype;
  n->shape = gathered_shape(g, n);
}

void grad_gather(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  Node *x = node_in(y, 0);
  if (want[0]) dx[0] = graph_scatter(g, graph_like(g, x, 0), node_in(y, 1), dy, y->attr->dim);
}

void eval_gather(const Eval *e, const Node *n, Value *y) {
  const Value *x = eval_in(e, n, 0), *index = eval_in(e, n, 1);
  Rows r = rows_of(n);
  int64_t to = 0;
  for (int64_t o = 0; o < r.outer; ++o)
    for (int64_t p = 0; p < r.picks; ++p) {
      int64_t from = (o * r.rows + clamped(index->i[p], r.rows)) * r.inner;
      for (int64_t i = 0; i < r.inner; ++i) value_copy(y, to++, x, from + i);
    }
}

/* ---- scatter ---- */

static void infer_target(const Graph *g, Node *n) {
  const Node *x = node_in(n, 0), *source = node_in(n, 2);
  Shape expected = gathered_shape(g, n);
  if (x->dtype != source->dtype)
    user_error(n->loc, MSG_elementwise_dtype, "scatter", node_text(g->arena, x), node_text(g->arena, source));
  if (!shape_equal(expected, source->shape)) {
    note_operands(g, n);
    user_error(n->loc, MSG_scatter_shape, shape_text(g->arena, expected), node_text(g->arena, source));
  }
  n->dtype = x->dtype;
  n->shape = x->shape;
}

void infer_scatter(const Graph *g, Node *n) {
  if (node_in(n, 0)->dtype == DT_bool) user_error(n->loc, MSG_op_dtype, "scatter", "numbers", "bool");
  infer_target(g, n);
}

void grad_scatter(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  if (want[0]) dx[0] = dy;
  if (want[2]) dx[2] = graph_gather(g, dy, node_in(y, 1), y->attr->dim);
}

static void value_add(Value *y, int64_t to, const Value *x, int64_t from) {
  if (y->f)
    y->f[to] += x->f[from];
  else
    y->i[to] = dtype_wrap(y->dtype, (int64_t)((uint64_t)y->i[to] + (uint64_t)x->i[from]));
}

/* The target with each element of the source put to its row, in order. */
static void eval_rows(const Eval *e, const Node *n, Value *y, void (*put)(Value *, int64_t, const Value *, int64_t)) {
  const Value *x = eval_in(e, n, 0), *index = eval_in(e, n, 1), *source = eval_in(e, n, 2);
  Rows r = rows_of(n);
  int64_t from = 0;
  for (int64_t k = 0, count = shape_count(y->shape); k < count; ++k) value_copy(y, k, x, k);
  for (int64_t o = 0; o < r.outer; ++o)
    for (int64_t p = 0; p < r.picks; ++p) {
      int64_t to = (o * r.rows + clamped(index->i[p], r.rows)) * r.inner;
      for (int64_t i = 0; i < r.inner; ++i, ++from) put(y, to + i, source, from);
    }
}

void eval_scatter(const Eval *e, const Node *n, Value *y) { eval_rows(e, n, y, value_add); }

/* ---- scatter_set ---- */

void infer_scatter_set(const Graph *g, Node *n) { infer_target(g, n); }

/* Was source i the one that stayed? Of the numbers of the sources, written into their rows alike, each row keeps that
 * of its last one. bool of the source's shape; NULL: there is one source only. */
static Node *stayed(Graph *g, Node *y) {
  Node *index = node_in(y, 1), *source = node_in(y, 2);
  int64_t picks = shape_count(index->shape), rows = y->shape.dim[y->attr->dim];
  Shape beside = {.rank = source->shape.rank};
  if (picks == 1) return NULL;
  Node *number = reshape_if(g, graph_iota(g, picks, y->loc), index->shape);
  Node *last = graph_scatter_set(g, graph_full(g, DT_i32, shape_of(1, rows), 0, y->loc), index, number, 0);
  Node *mine = graph_op2(g, OP_eq, graph_gather(g, last, index, 0), number);
  for (int d = 0; d < beside.rank; ++d) {
    int k = d - y->attr->dim;
    beside.dim[d] = k >= 0 && k < index->shape.rank ? index->shape.dim[k] : 1;
  }
  return graph_broadcast(g, reshape_if(g, mine, beside), source->shape);
}

void grad_scatter_set(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  Node *index = node_in(y, 1), *source = node_in(y, 2);
  int dim = y->attr->dim;
  if (want[0]) dx[0] = graph_scatter_set(g, dy, index, graph_like(g, source, 0), dim);
  if (!want[2]) return;
  Node *here = stayed(g, y), *ds = graph_gather(g, dy, index, dim);
  dx[2] = here ? graph_op3(g, OP_where, here, ds, graph_like(g, ds, 0)) : ds;
}

void eval_scatter_set(const Eval *e, const Node *n, Value *y) { eval_rows(e, n, y, value_copy); }
