/* dots.c: a product as a loop space: batch, m, n and k axes with the strides of both operands. Neighbouring axes of one
 * class that both operands walk with one stride become one axis, so that [B,T,D] x [E,D] is one product of B*T rows.
 * The order of k is the attribute's order, row-major; collapsing keeps it. A window of a stored (padded) image is a
 * strided operand like any other: that is the whole of a convolution here. */
#include "lower.h"

typedef struct DotAxis {
  int64_t extent, a, b; /* strides in the operands */
  int class;            /* 0 batch, 1 m, 2 n, 3 k */
} DotAxis;

typedef struct DotAxes {
  int n;
  DotAxis at[RANK_MAX * 3];
} DotAxes;

static bool listed(Axes axes, int d) {
  for (int i = 0; i < axes.n; ++i)
    if (axes.at[i] == d) return true;
  return false;
}

static void push(DotAxes *axes, int class, int64_t extent, int64_t a, int64_t b) {
  if (extent == 1) return;
  DotAxis *last = axes->n ? &axes->at[axes->n - 1] : NULL;
  if (last && last->class == class && last->a == a * extent && last->b == b * extent) {
    last->extent *= extent;
    last->a = a;
    last->b = b;
    return;
  }
  axes->at[axes->n++] = (DotAxis){extent, a, b, class};
}

static DotAxes dot_axes(const Node *n, const int64_t *sa, const int64_t *sb) {
  const Attr *t = n->attr;
  Shape a = n->in[0]->shape, b = n->in[1]->shape;
  DotAxes axes = {0};
  for (int i = 0; i < t->batch.n; ++i) push(&axes, 0, a.dim[t->batch.at[i]], sa[t->batch.at[i]], sb[t->batch_b.at[i]]);
  for (int d = 0; d < a.rank; ++d)
    if (!listed(t->batch, d) && !listed(t->axes, d)) push(&axes, 1, a.dim[d], sa[d], 0);
  for (int d = 0; d < b.rank; ++d)
    if (!listed(t->batch_b, d) && !listed(t->axes_b, d)) push(&axes, 2, b.dim[d], 0, sb[d]);
  for (int i = 0; i < t->axes.n; ++i) push(&axes, 3, a.dim[t->axes.at[i]], sa[t->axes.at[i]], sb[t->axes_b.at[i]]);
  return axes;
}

static void operand(Lowering *l, Cluster *c, const Node *n, Operand *o, int64_t *stride) {
  const Node *base;
  if (!operand_plain(l, n, &base, stride, &o->offset)) bug("operand %d of a product is not plain", n->id);
  cluster_load(l, c, base);
  o->slot = l->slot[base->id];
}

void dot_space(Lowering *l, Cluster *c, const Node *n, Group *g) {
  int64_t sa[RANK_MAX], sb[RANK_MAX], dim[RANK_MAX * 3], size[4] = {1, 1, 1, 1};
  bool reduced[RANK_MAX * 3];
  int count[4] = {0};
  operand(l, c, n->in[0], &g->a, sa);
  operand(l, c, n->in[1], &g->b, sb);
  DotAxes axes = dot_axes(n, sa, sb);
  for (int i = 0; i < axes.n; ++i) {
    DotAxis *x = &axes.at[i];
    dim[i] = x->extent;
    reduced[i] = x->class == 3;
    count[x->class]++;
    size[x->class] *= x->extent;
    g->a.stride[i] = x->a;
    g->b.stride[i] = x->b;
  }
  if (!c->set.arena) cluster_space(l, c, axes.n, dim, reduced);
  g->nb = count[0];
  g->nm = count[1];
  g->nn = count[2];
  g->nk = count[3];
  g->dot_dtype = n->dtype;
  g->dot_order = order_dot(size[0], size[1], size[2], size[3], &g->slices);
}
