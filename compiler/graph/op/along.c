/* along.c: cumsum and argsort: along one dimension, which stays.
 *
 * Laws: cumsum is one chain in ascending order (MIDDLE.md 3.2), integers wrap; its adjoint is itself from the other
 * end. argsort is stable, so equal elements keep their order (-0 equals 0); every NaN comes after every number. It
 * has no gradient: the sorted values are a gather by it, whose rule does the rest. */
#include "op.h"

#include <stdlib.h>

static void check_along(const Graph *g, Node *n) {
  const Node *x = node_in(n, 0);
  infer_axes(g, n, x, &(Axes){1, {n->attr->dim}});
  if (x->dtype == DT_bool) user_error(n->loc, MSG_op_dtype, op_info[n->op].name, "numbers", "bool");
  n->dtype = x->dtype;
  n->shape = x->shape;
}

/* Elements of a line are `inner` apart; there are outer * inner lines. */
typedef struct Lines {
  int64_t outer, n, inner;
} Lines;

static Lines lines_of(const Node *n) {
  Lines l = {1, n->shape.dim[n->attr->dim], 1};
  for (int d = 0; d < n->attr->dim; ++d) l.outer *= n->shape.dim[d];
  for (int d = n->attr->dim + 1; d < n->shape.rank; ++d) l.inner *= n->shape.dim[d];
  return l;
}

static int64_t line_start(const Lines *l, int64_t line) { return line / l->inner * l->n * l->inner + line % l->inner; }

/* ---- cumsum ---- */

void infer_cumsum(const Graph *g, Node *n) { check_along(g, n); }

void grad_cumsum(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  Axes along = {1, {y->attr->dim}};
  if (want[0]) dx[0] = graph_reverse(g, graph_cumsum(g, graph_reverse(g, dy, along), y->attr->dim), along);
}

void eval_cumsum(const Eval *e, const Node *n, Value *y) {
  const Value *x = eval_in(e, n, 0);
  Lines l = lines_of(n);
  for (int64_t line = 0; line < l.outer * l.inner; ++line) {
    double f = 0;
    uint64_t i = 0;
    for (int64_t k = 0, at = line_start(&l, line); k < l.n; ++k, at += l.inner)
      if (y->f)
        y->f[at] = f += x->f[at];
      else
        y->i[at] = dtype_wrap(y->dtype, (int64_t)(i += (uint64_t)x->i[at]));
  }
}

/* ---- argsort ---- */

void infer_argsort(const Graph *g, Node *n) {
  check_along(g, n);
  if (n->shape.dim[n->attr->dim] > INT32_MAX)
    user_error(n->loc, MSG_shape_large, "argsort", node_text(g->arena, node_in(n, 0)));
  n->dtype = DT_i32;
}

void grad_argsort(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  (void)g, (void)y, (void)dy, (void)want, (void)dx;
}

typedef struct Key {
  double f;
  int64_t i, position;
} Key;

static int key_compare(const void *a, const void *b) {
  const Key *x = a, *y = b;
  bool x_nan = x->f != x->f, y_nan = y->f != y->f;
  if (x_nan != y_nan) return x_nan ? 1 : -1;
  if (x->f != y->f && !x_nan) return x->f < y->f ? -1 : 1;
  if (x->i != y->i) return x->i < y->i ? -1 : 1;
  return x->position < y->position ? -1 : 1;
}

void eval_argsort(const Eval *e, const Node *n, Value *y) {
  const Value *x = eval_in(e, n, 0);
  Lines l = lines_of(n);
  Key *key = NEW_N(e->arena, Key, l.n);
  for (int64_t line = 0; line < l.outer * l.inner; ++line) {
    int64_t start = line_start(&l, line);
    for (int64_t k = 0; k < l.n; ++k) {
      int64_t at = start + k * l.inner;
      key[k] = (Key){x->f ? x->f[at] : 0, x->i ? x->i[at] : 0, k};
    }
    qsort(key, (size_t)l.n, sizeof *key, key_compare);
    for (int64_t k = 0; k < l.n; ++k) y->i[start + k * l.inner] = key[k].position;
  }
}
