/* views.c: composes movement ops and brings them into one form, so that equal views are equal nodes (cse) and lowering
 * sees short chains.
 *
 * Needs a verified graph; changes no bit: elements are only moved, or the same op is done on fewer of them. The form:
 *   - a movement of the same kind twice is one (reshape, transpose, slice, pad of equal fill, reverse, broadcast,
 * concat)
 *   - slices stand as far inside as they can: below broadcast, transpose, reverse, pad, concat, and below an
 * elementwise op that nothing else reads (fewer elements are computed)
 *   - broadcasts stand as far outside as they can: above transpose, and above an elementwise op whose operands are all
 *     broadcast from one shape (a learning rate is worked out once, not once an element)
 *   - one element is broadcast from rank 0; a transpose that only moves dimensions of 1 is a reshape
 *   - a dot names the dimensions of a transposed operand itself, where that keeps the order of its result
 * Each rewrite moves a slice inwards or a broadcast outwards or removes a node, so rounds end. Reductions are left
 * alone: their order is part of their meaning.
 *
 *   b = broadcast x [4,3] (of [1,3]) ; c = slice b [0:4:2, 1:3]    ->    s = slice x [0:1, 1:3] ; c = broadcast s [2,2]
 */
#include "uniform.h"

enum { ROUNDS = 32 };

typedef struct Views {
  const int *uses; /* of the graph that is read, by node id */
  bool changed;
} Views;

typedef struct Cut {
  int64_t low[RANK_MAX], high[RANK_MAX], step[RANK_MAX];
} Cut;

static Cut cut_of(const Node *n) {
  Cut c;
  memcpy(c.low, n->attr->low, sizeof c.low);
  memcpy(c.high, n->attr->high, sizeof c.high);
  memcpy(c.step, n->attr->step, sizeof c.step);
  return c;
}

/* ---- builders that leave out what does nothing ---- */
static Node *make_broadcast(Graph *to, Node *x, Shape shape) {
  return shape_equal(x->shape, shape) ? x : graph_broadcast(to, x, shape);
}

static Node *make_reshape(Graph *to, Node *x, Shape shape) {
  return shape_equal(x->shape, shape) ? x : graph_reshape(to, x, shape);
}

static Node *make_slice(Graph *to, Node *x, const Cut *c) {
  Shape s = x->shape;
  bool whole = true;
  for (int d = 0; d < s.rank; ++d) {
    s.dim[d] = (c->high[d] - c->low[d] + c->step[d] - 1) / c->step[d];
    whole = whole && s.dim[d] == x->shape.dim[d];
  }
  if (whole) return x;
  const Tensor *value = uniform_of(x);
  return value ? uniform_node(to, value, s, x->loc) : graph_slice(to, x, c->low, c->high, c->step);
}

static Node *make_elementwise(Graph *to, const Node *like, Node *const *in) {
  if (like->op == OP_cast) return graph_cast(to, in[0], like->dtype);
  if (like->op == OP_bitcast) return graph_bitcast(to, in[0], like->dtype);
  return graph_add(to, like->op, like->nin, in, NULL, like->loc);
}

static bool same_rank_broadcast(const Node *a) {
  return a->op == OP_broadcast && a->in[0]->shape.rank == a->shape.rank;
}
static bool scalar_broadcast(const Node *a) { return a->op == OP_broadcast && a->in[0]->shape.rank == 0; }

/* ---- reshape, transpose, broadcast, reverse ---- */
static Node *view_reshape(Graph *to, const Node *n, Node *a) {
  if (a->op == OP_reshape) return make_reshape(to, a->in[0], n->shape);
  if (scalar_broadcast(a)) return make_broadcast(to, a->in[0], n->shape);
  return NULL;
}

/* Are the dimensions above 1 still in their order? */
static bool order_is_kept(const Axes *permutation, const Node *a) {
  int last = -1;
  for (int d = 0; d < permutation->n; ++d) {
    int from = permutation->at[d];
    if (a->shape.dim[from] == 1) continue;
    if (from < last) return false;
    last = from;
  }
  return true;
}

static Node *view_transpose(Graph *to, const Node *n, Node *a) {
  const Axes *p = &n->attr->axes;
  if (scalar_broadcast(a)) return make_broadcast(to, a->in[0], n->shape);
  if (order_is_kept(p, a)) return make_reshape(to, a, n->shape);
  if (same_rank_broadcast(a)) return make_broadcast(to, graph_transpose(to, a->in[0], *p), n->shape);
  if (a->op != OP_transpose) return NULL;
  Axes composed = {.n = p->n};
  for (int d = 0; d < p->n; ++d) composed.at[d] = a->attr->axes.at[p->at[d]];
  return graph_transpose(to, a->in[0], composed);
}

static Node *view_broadcast(Graph *to, const Node *n, Node *a) {
  if (same_rank_broadcast(a) || scalar_broadcast(a)) return make_broadcast(to, a->in[0], n->shape);
  if (shape_count(n->shape) == 1) return make_reshape(to, a, n->shape);
  if (shape_count(a->shape) > 1 || a->shape.rank == 0) return NULL;
  while (a->op == OP_reshape) a = a->in[0];
  return make_broadcast(to, make_reshape(to, a, (Shape){0}), n->shape);
}

static bool axes_have(const Axes *axes, int d) {
  for (int i = 0; i < axes->n; ++i)
    if (axes->at[i] == d) return true;
  return false;
}

static Node *view_reverse(Graph *to, const Node *n, Node *a) {
  if (scalar_broadcast(a)) return a;
  bool twice = a->op == OP_reverse, repeated = same_rank_broadcast(a);
  if (!twice && !repeated) return NULL;
  Node *x = a->in[0];
  Axes dims = {0};
  for (int d = 0; d < n->shape.rank; ++d) {
    bool turn = axes_have(&n->attr->axes, d) != (twice && axes_have(&a->attr->axes, d));
    if (turn && x->shape.dim[d] > 1) dims.at[dims.n++] = d;
  }
  Node *turned = dims.n ? graph_reverse(to, x, dims) : x;
  return make_broadcast(to, turned, n->shape);
}

/* ---- slice ---- */
static Node *slice_of_slice(Graph *to, const Node *n, Node *a) {
  Cut outer = cut_of(n), c = cut_of(a);
  for (int d = 0; d < n->shape.rank; ++d) {
    c.low[d] += outer.low[d] * c.step[d];
    c.step[d] *= outer.step[d];
    c.high[d] = c.low[d] + (n->shape.dim[d] - 1) * c.step[d] + 1;
  }
  return make_slice(to, a->in[0], &c);
}

static Node *slice_of_broadcast(Graph *to, const Node *n, Node *a) {
  if (scalar_broadcast(a)) return make_broadcast(to, a->in[0], n->shape);
  Cut c = cut_of(n);
  for (int d = 0; d < n->shape.rank; ++d)
    if (a->in[0]->shape.dim[d] == 1) c.low[d] = 0, c.high[d] = 1, c.step[d] = 1;
  return make_broadcast(to, make_slice(to, a->in[0], &c), n->shape);
}

static Node *slice_of_transpose(Graph *to, const Node *n, Node *a) {
  Cut outer = cut_of(n), c = outer;
  for (int d = 0; d < n->shape.rank; ++d) {
    int from = a->attr->axes.at[d];
    c.low[from] = outer.low[d], c.high[from] = outer.high[d], c.step[from] = outer.step[d];
  }
  return graph_transpose(to, make_slice(to, a->in[0], &c), a->attr->axes);
}

static Node *slice_of_reverse(Graph *to, const Node *n, Node *a) {
  Cut c = cut_of(n);
  for (int d = 0; d < n->shape.rank; ++d) {
    if (!axes_have(&a->attr->axes, d)) continue;
    int64_t last = c.low[d] + (n->shape.dim[d] - 1) * c.step[d], size = a->shape.dim[d];
    c.high[d] = size - c.low[d], c.low[d] = size - 1 - last;
  }
  return graph_reverse(to, make_slice(to, a->in[0], &c), a->attr->axes);
}

/* Inside the padding only, outside it only, or what is left of both; steps and interior padding stay as they are. */
static Node *slice_of_pad(Graph *to, const Node *n, Node *a) {
  Node *x = a->in[0];
  Cut inner = cut_of(n), pad = {0};
  bool outside = false, padded = false;
  for (int d = 0; d < n->shape.rank; ++d) {
    if (n->attr->step[d] != 1 || a->attr->step[d] != 0) return NULL;
    int64_t low = n->attr->low[d] - a->attr->low[d], high = n->attr->high[d] - a->attr->low[d], size = x->shape.dim[d];
    inner.low[d] = low > 0 ? low : 0, inner.high[d] = high < size ? high : size;
    pad.low[d] = low < 0 ? -low : 0, pad.high[d] = high > size ? high - size : 0;
    outside = outside || inner.low[d] >= inner.high[d];
    padded = padded || pad.low[d] || pad.high[d];
  }
  if (outside) return graph_full(to, n->dtype, n->shape, a->attr->fill, n->loc);
  Node *cut = make_slice(to, x, &inner);
  if (cut == x && padded && shape_equal(n->shape, a->shape)) return NULL;
  return padded ? graph_pad(to, cut, pad.low, pad.high, pad.step, a->attr->fill) : cut;
}

static Node *slice_of_concat(Graph *to, const Node *n, Node *a) {
  int d = a->attr->dim;
  int64_t start = 0;
  for (int i = 0; i < a->nin; ++i) {
    Node *part = node_in(a, i);
    int64_t size = part->shape.dim[d];
    if (n->attr->low[d] >= start && n->attr->high[d] <= start + size) {
      Cut c = cut_of(n);
      c.low[d] -= start, c.high[d] -= start;
      return make_slice(to, part, &c);
    }
    start += size;
  }
  return NULL;
}

static Node *slice_of_elementwise(Graph *to, const Node *n, Node *a) {
  Cut c = cut_of(n);
  Node *in[3];
  for (int i = 0; i < a->nin; ++i) in[i] = make_slice(to, a->in[i], &c);
  return make_elementwise(to, a, in);
}

static Node *view_slice(const Views *v, Graph *to, const Node *n, Node *a) {
  switch (a->op) {
  case OP_slice: return slice_of_slice(to, n, a);
  case OP_broadcast: return same_rank_broadcast(a) || scalar_broadcast(a) ? slice_of_broadcast(to, n, a) : NULL;
  case OP_transpose: return slice_of_transpose(to, n, a);
  case OP_reverse: return slice_of_reverse(to, n, a);
  case OP_pad: return slice_of_pad(to, n, a);
  case OP_concat: return slice_of_concat(to, n, a);
  default: break;
  }
  bool alone = v->uses[n->in[0]->id] == 1 && n->in[0]->op == a->op;
  return alone && op_is_elementwise(a->op) ? slice_of_elementwise(to, n, a) : NULL;
}

/* ---- pad, concat ---- */
/* Inner: element i at l + i * q; outer: at l' + i * q'. Together: at (l' + l * q') + i * (q * q'). */
static Node *view_pad(Graph *to, const Node *n, Node *a) {
  if (a->op != OP_pad || memcmp(&n->attr->fill, &a->attr->fill, sizeof(double)) != 0) return NULL;
  Cut p = cut_of(a);
  for (int d = 0; d < n->shape.rank; ++d) {
    int64_t q = n->attr->step[d] + 1;
    p.low[d] = n->attr->low[d] + p.low[d] * q;
    p.high[d] = n->attr->high[d] + p.high[d] * q;
    p.step[d] = (p.step[d] + 1) * q - 1;
  }
  return graph_pad(to, a->in[0], p.low, p.high, p.step, n->attr->fill);
}

/* Slices of one tensor that lie side by side along `dim`, as one slice. */
static Node *concat_of_slices(Graph *to, const Node *n, Node *const *in) {
  int dim = n->attr->dim;
  Cut all = cut_of(in[0]);
  for (int i = 0; i < n->nin; ++i) {
    if (in[i]->op != OP_slice || in[i]->in[0] != in[0]->in[0]) return NULL;
    Cut c = cut_of(in[i]);
    for (int d = 0; d < n->shape.rank; ++d) {
      if (c.step[d] != 1 && (d == dim || c.step[d] != all.step[d])) return NULL;
      if (d == dim ? i > 0 && c.low[d] != all.high[d] : c.low[d] != all.low[d] || c.high[d] != all.high[d]) return NULL;
    }
    all.high[dim] = c.high[dim];
  }
  return make_slice(to, in[0]->in[0], &all);
}

static Node *concat_of_concats(Graph *to, const Node *n, Node *const *in) {
  int count = 0, nested = 0;
  for (int i = 0; i < n->nin; ++i) {
    bool inner = in[i]->op == OP_concat && in[i]->attr->dim == n->attr->dim;
    nested += inner;
    count += inner ? in[i]->nin : 1;
  }
  if (nested == 0) return NULL;
  Node **flat = NEW_N(to->arena, Node *, count);
  count = 0;
  for (int i = 0; i < n->nin; ++i) {
    bool inner = in[i]->op == OP_concat && in[i]->attr->dim == n->attr->dim;
    for (int k = 0; k < (inner ? in[i]->nin : 1); ++k) flat[count++] = inner ? node_in(in[i], k) : in[i];
  }
  return graph_concat(to, count, flat, n->attr->dim);
}

static Node *view_concat(Graph *to, const Node *n, Node *const *in) {
  Node *y = in[0]->op == OP_slice ? concat_of_slices(to, n, in) : NULL;
  return y ? y : concat_of_concats(to, n, in);
}

/* ---- elementwise and dot ---- */
/* Every operand a uniform constant or broadcast from one smaller shape, and not all constants (those fold). */
static Node *elementwise_of_broadcasts(Graph *to, const Node *n, Node *const *in) {
  const Node *from = NULL;
  for (int i = 0; i < n->nin; ++i) {
    if (uniform_of(in[i])) continue;
    if (in[i]->op != OP_broadcast || (from && !shape_equal(from->shape, in[i]->in[0]->shape))) return NULL;
    from = in[i]->in[0];
  }
  if (!from || shape_count(from->shape) == shape_count(n->shape)) return NULL;
  Node *small[3];
  for (int i = 0; i < n->nin; ++i) {
    const Tensor *value = uniform_of(in[i]);
    small[i] = value ? uniform_node(to, value, from->shape, in[i]->loc) : in[i]->in[0];
  }
  return graph_broadcast(to, make_elementwise(to, n, small), n->shape);
}

/* The result's free dimensions are those of the operand in order: they must come in the same order from x. */
static bool free_order_is_kept(const Node *a, const Axes *batch, const Axes *contracted) {
  int last = -1;
  for (int d = 0; d < a->shape.rank; ++d) {
    if (axes_have(batch, d) || axes_have(contracted, d)) continue;
    if (a->attr->axes.at[d] < last) return false;
    last = a->attr->axes.at[d];
  }
  return true;
}

static bool absorb_transpose(Node **operand, Axes *batch, Axes *contracted) {
  Node *a = *operand;
  if (a->op != OP_transpose || !free_order_is_kept(a, batch, contracted)) return false;
  for (int i = 0; i < batch->n; ++i) batch->at[i] = a->attr->axes.at[batch->at[i]];
  for (int i = 0; i < contracted->n; ++i) contracted->at[i] = a->attr->axes.at[contracted->at[i]];
  *operand = a->in[0];
  return true;
}

static Node *view_dot(Graph *to, const Node *n, Node *const *in) {
  Node *a = in[0], *b = in[1];
  Axes batch = n->attr->batch, batch_b = n->attr->batch_b, k = n->attr->axes, k_b = n->attr->axes_b;
  bool first = absorb_transpose(&a, &batch, &k), second = absorb_transpose(&b, &batch_b, &k_b);
  return first || second ? graph_dot(to, a, b, batch, batch_b, k, k_b) : NULL;
}

/* ---- the pass ---- */
static Node *view(const Views *v, Graph *to, const Node *n, Node *const *in) {
  switch (n->op) {
  case OP_reshape: return view_reshape(to, n, in[0]);
  case OP_transpose: return view_transpose(to, n, in[0]);
  case OP_broadcast: return view_broadcast(to, n, in[0]);
  case OP_reverse: return view_reverse(to, n, in[0]);
  case OP_slice: return view_slice(v, to, n, in[0]);
  case OP_pad: return view_pad(to, n, in[0]);
  case OP_concat: return view_concat(to, n, in);
  case OP_dot: return view_dot(to, n, in);
  default: return op_is_elementwise(n->op) ? elementwise_of_broadcasts(to, n, in) : NULL;
  }
}

static Node *views(Graph *to, const Node *n, Node *const *in, void *context) {
  Views *v = context;
  Node *y = view(v, to, n, in);
  if (!y) return graph_copy_node(to, n, in);
  v->changed = true;
  if (!y->name && y->id == to->nodes.n - 1) y->name = n->name;
  return y;
}

Graph *pass_views(Graph *g) {
  for (int round = 0; round < ROUNDS; ++round) {
    int *uses = NEW_N(g->arena, int, g->nodes.n + 1);
    graph_use_counts(g, uses);
    Views v = {.uses = uses};
    g = pass_cse(graph_rebuild(g, views, &v));
    if (!v.changed) break;
  }
  return g;
}
