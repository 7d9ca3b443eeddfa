/* convolution.c: the sum over windows of a product becomes a product over windows, so that no column matrix is made.
 *
 * Needs a graph in the form of pass views. What it finds is the input gradient of a convolution, or a transposed
 * convolution: y = unwindow(dot(u, v)), where the positions o are dimensions of u and the insides t of v, whole or
 * sliced (the adjoint of padding). With stride 1
 *
 *   y[i] = sum_t sum_c u[i - t * dilation, c] v[t, c] = sum_{c, t} window(pad(u))[i, t, c] reverse(v)[t, c]
 *
 * and with stride s the results i = s q + p of each phase p are such a convolution of stride 1 with every s-th t of v;
 * the s phases are then put side by side and interleaved (MIDDLE.md 2.1). The order of k is that of the product, then
 * t. The zeros of the padding meet all of v: an Inf or NaN in v (a weight) makes NaN at the border too.
 * Left alone: a stride with a dilation, more than 8 phases. Windows that do not overlap are a sum of one term each:
 * unwindow is then a movement, of a product or of anything else (the gradient of pooling).
 *
 *   c = dot u [n,o,c] v [c,t] ; y = unwindow c size t    ->    w = window (pad u) ; y = dot (reverse v) w, transposed
 */
#include "../op/op.h"

enum { PHASES_MAX = 8 };

typedef struct Readers {
  int *count;
  const Node **only; /* the one reader, when there is one */
} Readers;

/* One match: y = slice?(unwindow(transpose?(dot))). */
typedef struct Match {
  Graph *to;
  const Node *unwindow;
  Node *dot, *u, *v;
  const Axes *batch_u, *batch_v, *k_u, *k_v;
  int position[RANK_MAX], inside[RANK_MAX]; /* of the k-th window: dim of u, dim of v */
  int place[RANK_MAX];                      /* of the result's dim: dim of the new product */
  int64_t low[RANK_MAX], size[RANK_MAX];    /* of the k-th window: the part of the result that is wanted */
  int phase[RANK_MAX];
  Loc loc;
} Match;

/* ---- matching ---- */

/* Which operand of the dot its result's dim comes from (0, 1; -1: a batch), and the dim there. */
static int dot_source(const Node *dot, int dim, int *from) {
  const Attr *at = dot->attr;
  dim -= at->batch.n;
  if (dim < 0) return -1;
  for (int side = 0; side < 2; ++side) {
    const Axes *batch = side ? &at->batch_b : &at->batch, *k = side ? &at->axes_b : &at->axes;
    for (int d = 0; d < dot->in[side]->shape.rank; ++d) {
      if (axes_has(batch, d) || axes_has(k, d)) continue;
      *from = d;
      if (dim-- == 0) return side;
    }
  }
  return -1;
}

static bool worthwhile(const Attr *at) {
  bool overlap = false;
  int64_t phases = 1;
  for (int k = 0; k < at->axes.n; ++k) {
    overlap |= at->step[k] < at->size[k];
    phases *= at->step[k];
    if (phases > PHASES_MAX || (at->step[k] > 1 && at->dilation[k] > 1)) return false;
  }
  return overlap;
}

/* The result's dims that are no windows' insides, as dims of dot(v, u) over windows of u. */
static int new_place(const Match *m, int dim, int side_v) {
  int from = 0, side = dot_source(m->dot, dim, &from), place = m->dot->attr->batch.n;
  if (side < 0) return dim;
  const Axes *batch = side == side_v ? m->batch_v : m->batch_u, *k = side == side_v ? m->k_v : m->k_u;
  if (side != side_v) place += m->v->shape.rank - m->batch_v->n - m->k_v->n - m->unwindow->attr->axes.n;
  for (int d = 0; d < from; ++d) {
    bool inside = false;
    for (int i = 0; side == side_v && i < m->unwindow->attr->axes.n; ++i) inside |= m->inside[i] == d;
    place += !axes_has(batch, d) && !axes_has(k, d) && !inside;
  }
  return place;
}

/* A transpose, or the reshape that stands for one which moves dims of 1 only: result dim d is dim turn[d] of the dot.
 */
static Node *turned_dot(Node *a, Axes *turn) {
  Node *dot = a->op == OP_transpose || a->op == OP_reshape ? a->in[0] : a;
  int next[2] = {0, 0}; /* the dims of 1, the others */
  *turn = (Axes){.n = a->shape.rank};
  if (a->op == OP_transpose) *turn = a->attr->axes;
  for (int d = 0; a->op == OP_reshape && d < turn->n; ++d) {
    int *from = &next[a->shape.dim[d] > 1];
    while (*from < dot->shape.rank && (dot->shape.dim[*from] > 1) != (a->shape.dim[d] > 1)) ++*from;
    if (*from == dot->shape.rank || dot->shape.dim[*from] != a->shape.dim[d]) return NULL;
    turn->at[d] = (*from)++;
  }
  for (int d = 0; a == dot && d < turn->n; ++d) turn->at[d] = d;
  return dot->op == OP_dot && dot->shape.rank == turn->n ? dot : NULL;
}

static bool match_dot(Match *m, Node *a) {
  const Attr *at = m->unwindow->attr;
  Axes turn;
  m->dot = turned_dot(a, &turn);
  if (!m->dot || !worthwhile(at)) return false;
  int rank = m->unwindow->shape.rank, side_v = -1;
  for (int k = 0; k < at->axes.n; ++k) {
    int p = at->axes.at[k], i = rank + k;
    int side_u = dot_source(m->dot, turn.at[p], &m->position[k]);
    int side = dot_source(m->dot, turn.at[i], &m->inside[k]);
    if (side < 0 || side_u != 1 - side || (k && side != side_v)) return false;
    side_v = side;
  }
  const Attr *d = m->dot->attr;
  m->u = m->dot->in[1 - side_v], m->v = m->dot->in[side_v];
  m->batch_u = side_v ? &d->batch : &d->batch_b, m->k_u = side_v ? &d->axes : &d->axes_b;
  m->batch_v = side_v ? &d->batch_b : &d->batch, m->k_v = side_v ? &d->axes_b : &d->axes;
  for (int i = 0; i < rank; ++i) m->place[i] = new_place(m, turn.at[i], side_v);
  return m->u->shape.rank + at->axes.n <= RANK_MAX && m->k_u->n + at->axes.n <= RANK_MAX && rank < RANK_MAX;
}

/* The part that is wanted: all, or a slice in steps of 1 that cuts windowed dimensions only. */
static bool match_part(Match *m, const Node *slice) {
  const Node *whole = m->unwindow;
  const Axes *axes = &whole->attr->axes;
  for (int d = 0; slice && d < slice->shape.rank; ++d)
    if (slice->attr->step[d] != 1 || (slice->shape.dim[d] != whole->shape.dim[d] && !axes_has(axes, d))) return false;
  for (int k = 0; k < axes->n; ++k) {
    m->low[k] = slice ? slice->attr->low[axes->at[k]] : 0;
    m->size[k] = (slice ? slice : whole)->shape.dim[axes->at[k]];
  }
  return true;
}

/* ---- building ---- */
static Node *along(Graph *g, Node *x, int dim, int64_t low, int64_t high, int64_t step) {
  int64_t from[RANK_MAX] = {0}, to[RANK_MAX], by[RANK_MAX];
  for (int d = 0; d < x->shape.rank; ++d) to[d] = x->shape.dim[d], by[d] = 1;
  from[dim] = low, to[dim] = high, by[dim] = step;
  bool whole = low == 0 && high == x->shape.dim[dim] && step == 1;
  return whole ? x : graph_slice(g, x, from, to, by);
}

/* low and high zeros around x along dim; negative amounts cut. NULL: nothing of x is left. */
static Node *padded(Graph *g, Node *x, int dim, int64_t low, int64_t high) {
  int64_t cut_low = low < 0 ? -low : 0, size = x->shape.dim[dim], cut_high = high < 0 ? -high : 0;
  int64_t before[RANK_MAX] = {0}, after[RANK_MAX] = {0};
  if (cut_low + cut_high >= size) return NULL;
  x = along(g, x, dim, cut_low, size - cut_high, 1);
  before[dim] = low + cut_low, after[dim] = high + cut_high;
  return before[dim] || after[dim] ? graph_pad(g, x, before, after, NULL, 0) : x;
}

static Node *zeros(const Match *m) {
  Shape s = m->unwindow->shape;
  for (int k = 0; k < m->unwindow->attr->axes.n; ++k) {
    int64_t step = m->unwindow->attr->step[k];
    s.dim[m->unwindow->attr->axes.at[k]] = (m->size[k] - m->phase[k] + step - 1) / step;
  }
  return graph_full(m->to, m->unwindow->dtype, s, 0, m->loc);
}

/* The results i = step * q + phase of every window's dimension. */
static Node *one_phase(const Match *m) {
  const Attr *at = m->unwindow->attr;
  Graph *g = m->to;
  Axes dims = {.n = at->axes.n}, k_u = *m->k_u, k_v = *m->k_v, turned = {0};
  int64_t size[RANK_MAX], one[RANK_MAX];
  Node *u = m->u, *v = m->v;
  for (int k = 0; k < at->axes.n; ++k) {
    int64_t s = at->step[k], d = at->dilation[k], start = m->low[k] + m->phase[k];
    int64_t results = (m->size[k] - m->phase[k] + s - 1) / s, first = start % s;
    size[k] = (at->size[k] - first + s - 1) / s, one[k] = 1;
    if (first >= at->size[k]) return zeros(m);
    int64_t low = (size[k] - 1) * d - start / s, all = results + (size[k] - 1) * d;
    u = padded(g, u, m->position[k], low, all - low - u->shape.dim[m->position[k]]);
    if (!u) return zeros(m);
    v = along(g, v, m->inside[k], first, at->size[k], s);
    if (size[k] > 1) turned.at[turned.n++] = m->inside[k];
    dims.at[k] = m->position[k];
    k_u.at[k_u.n++] = m->u->shape.rank + k, k_v.at[k_v.n++] = m->inside[k];
  }
  if (turned.n) v = graph_reverse(g, v, turned);
  u = graph_window(g, u, dims, size, one, at->dilation);
  Axes place = {.n = m->unwindow->shape.rank};
  for (int i = 0; i < place.n; ++i) place.at[i] = m->place[i];
  return transpose_if(g, graph_dot(g, v, u, *m->batch_v, *m->batch_u, k_v, k_u), place);
}

/* Phases of the k-th window and those after it, interleaved. */
static Node *phases(Match *m, int k) {
  const Attr *at = m->unwindow->attr;
  Graph *g = m->to;
  if (k == at->axes.n) return one_phase(m);
  int64_t step = at->step[k], rows = (m->size[k] + step - 1) / step;
  int dim = at->axes.at[k];
  Node *part[PHASES_MAX];
  for (m->phase[k] = 0; m->phase[k] < step; ++m->phase[k]) {
    if (m->phase[k] >= m->size[k]) return NULL; /* fewer results than phases: not worth it */
    Node *y = phases(m, k + 1);
    if (!y || step == 1) return y;
    y = padded(g, y, dim, 0, rows - y->shape.dim[dim]);
    Shape s = y->shape;
    for (int d = s.rank++; d > dim; --d) s.dim[d] = s.dim[d - 1];
    s.dim[dim + 1] = 1;
    part[m->phase[k]] = graph_reshape(g, y, s);
  }
  Node *y = graph_concat(g, (int)step, part, dim + 1);
  Shape s = m->unwindow->shape;
  for (int d = 0; d < s.rank; ++d) s.dim[d] = y->shape.dim[d > dim ? d + 1 : d];
  s.dim[dim] = rows * step;
  return along(g, graph_reshape(g, y, s), dim, 0, m->size[k], 1);
}

/* ---- windows that do not overlap ---- */

/* Each element of the result has one window at most: x [.., o, .., t] with t filled up to the stride, then o and t side
 * by side as one dimension, filled up or cut to the extent. */
static Node *rearranged(Graph *g, const Node *n, Node *x) {
  const Attr *at = n->attr;
  int rank = n->shape.rank, count = at->axes.n;
  Axes order = {0};
  Shape merged = n->shape;
  if (rank + count > RANK_MAX) return NULL;
  for (int k = 0; k < count; ++k) {
    if (at->step[k] < at->size[k] || (at->size[k] > 1 && at->dilation[k] > 1)) return NULL;
    x = padded(g, x, rank + k, 0, at->step[k] - at->size[k]);
    merged.dim[at->axes.at[k]] = x->shape.dim[at->axes.at[k]] * at->step[k];
  }
  for (int d = 0; d < rank; ++d) {
    order.at[order.n++] = d;
    for (int k = 0; k < count; ++k)
      if (at->axes.at[k] == d) order.at[order.n++] = rank + k;
  }
  x = graph_reshape(g, transpose_if(g, x, order), merged);
  for (int k = 0; k < count; ++k) {
    int d = at->axes.at[k];
    x = padded(g, x, d, 0, n->shape.dim[d] - x->shape.dim[d]);
  }
  return x;
}

/* ---- the pass ---- */
static bool is_part(const Node *n) {
  for (int d = 0; n && n->op == OP_slice && d < n->shape.rank; ++d)
    if (n->attr->step[d] != 1) return false;
  return n && n->op == OP_slice;
}

static Node *convolution(Graph *to, const Node *n, Node *const *in, void *context) {
  const Readers *r = context;
  bool part = is_part(n) && in[0]->op == OP_unwindow && r->count[n->in[0]->id] == 1;
  bool whole = n->op == OP_unwindow && !(r->count[n->id] == 1 && is_part(r->only[n->id]));
  Match m = {.to = to, .unwindow = part ? in[0] : n, .loc = n->loc};
  Node *a = part ? in[0]->in[0] : in[0], *y = NULL;
  if ((part || whole) && match_part(&m, part ? n : NULL) && match_dot(&m, a)) y = phases(&m, 0);
  if (!y && n->op == OP_unwindow) y = rearranged(to, n, in[0]);
  return y ? y : graph_copy_node(to, n, in);
}

static Readers readers_of(const Graph *g) {
  Readers r = {NEW_N(g->arena, int, g->nodes.n + 1), NEW_N(g->arena, const Node *, g->nodes.n + 1)};
  graph_use_counts(g, r.count);
  for (int id = 0; id < g->nodes.n; ++id)
    for (int i = 0; i < g->nodes.at[id]->nin; ++i) r.only[node_in(g->nodes.at[id], i)->id] = g->nodes.at[id];
  return r;
}

Graph *pass_convolution(Graph *g) {
  Readers r = readers_of(g);
  Graph *to = graph_rebuild(g, convolution, &r);
  return pass_views(to);
}
