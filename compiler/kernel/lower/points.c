/* points.c: the value of a node at a point of a cluster's space, as a hash-consed expression (Point) whose leaves are
 * loads with affine indices. Views vanish here: reading y = view(x) at i is reading x at the view's index map of i
 * (MIDDLE.md 1.1). A node that another cluster stores becomes a load; a map becomes an operation on its operands'
 * points. */
#include "lower.h"

typedef const Affine *const *Index;

static Point *point_intern(Cluster *c, Arena *arena, const Point *key) {
  Point plain = *key;
  plain.node = NULL;
  void **slot = intern_slot(&c->memo, &plain, sizeof plain);
  if (!*slot) {
    Point *p = NEW(arena, Point);
    *p = *key;
    *slot = p;
  }
  return *slot;
}

/* Points are compared as bytes, so every one starts from zeroed memory. */
static Point point_blank(PointKind kind, const Node *n) {
  Point p;
  memset(&p, 0, sizeof p);
  p.kind = kind;
  p.dtype = n->dtype;
  p.node = n;
  return p;
}

static Point *point_number(Lowering *l, Cluster *c, const Node *n, DType dtype, double value) {
  Point p = point_blank(P_const, n);
  p.dtype = dtype;
  if (dtype_is_float(dtype))
    p.value.f = value;
  else
    p.value.i = (int64_t)value;
  return point_intern(c, l->arena, &p);
}

static Point *point_load(Lowering *l, Cluster *c, const Node *n, Slot *slot, const Affine *index) {
  Point p = point_blank(P_load, n);
  p.slot = slot;
  p.index = index;
  return point_intern(c, l->arena, &p);
}

void point_value(const Lowering *l, Point *p, const Tensor *t) {
  Tensor one = {t->dtype, {0, {0}}, t->data};
  const Value *v = value_of_tensor(l->arena, &one);
  if (v->f)
    p->value.f = v->f[0];
  else
    p->value.i = v->i[0];
}

static Point *point_const(Lowering *l, Cluster *c, const Node *n, Index index) {
  const Tensor *t = n->attr->value;
  int bytes = dtype_info[n->dtype].bytes;
  int64_t count = shape_count(n->shape);
  bool same = true;
  for (int64_t i = 1; same && i < count; ++i) same = !memcmp(t->data, (const char *)t->data + i * bytes, (size_t)bytes);
  if (!same || count == 0) {
    cluster_load(l, c, n);
    return point_load(l, c, n, l->slot[n->id], affine_linear(&c->set, n->shape, index));
  }
  Point p = point_blank(P_const, n);
  point_value(l, &p, t);
  return point_intern(c, l->arena, &p);
}

static Point *point_guard(Lowering *l, Cluster *c, const Node *n, Point *inside, const Affine *index, int64_t lo,
                          int64_t hi, int64_t stride, double fill) {
  bool always = index->lo >= lo && index->hi < hi && stride == 1;
  if (always) return inside;
  if (index->hi < lo || index->lo >= hi) return point_number(l, c, n, n->dtype, fill);
  Point p = point_blank(P_guard, n);
  p.index = index;
  p.lo = lo;
  p.hi = hi;
  p.stride = stride;
  p.nargs = 1;
  p.arg[0] = inside;
  if (dtype_is_float(n->dtype))
    p.value.f = fill;
  else
    p.value.i = (int64_t)fill;
  return point_intern(c, l->arena, &p);
}

/* The place in a dimension of the operand where a guard holds: 0 where there is one only. */
static const Affine *place_in(Cluster *c, const Node *x, int dim, const Affine *place) {
  return x->shape.dim[dim] == 1 ? affine_const(&c->set, 0) : place;
}

static Point *point_pad(Lowering *l, int ci, const Node *n, Index index) {
  Cluster *c = l->clusters.at[ci];
  const Node *x = n->in[0];
  const Affine *inner[RANK_MAX], *shifted[RANK_MAX];
  for (int d = 0; d < n->shape.rank; ++d) {
    shifted[d] = affine_add(&c->set, index[d], affine_const(&c->set, -n->attr->low[d]));
    inner[d] = place_in(c, x, d, affine_div(&c->set, shifted[d], n->attr->step[d] + 1));
  }
  for (int d = 0; d < x->shape.rank; ++d)
    if (x->shape.dim[d] == 0) return point_number(l, c, n, n->dtype, n->attr->fill);
  Point *p = point_of(l, ci, x, inner);
  for (int d = n->shape.rank - 1; d >= 0; --d) {
    int64_t stride = n->attr->step[d] + 1;
    p = point_guard(l, c, n, p, shifted[d], 0, (x->shape.dim[d] - 1) * stride + 1, stride, n->attr->fill);
  }
  return p;
}

/* What unwindow sums over the insides of its windows: x at position (i - t * dilation) / stride where that is one, else
 * 0. `index` has the places i of the result, then the t. */
Point *point_unwindow(Lowering *l, int ci, const Node *n, Index index) {
  Cluster *c = l->clusters.at[ci];
  const Node *x = n->in[0];
  const Attr *a = n->attr;
  const Affine *inner[RANK_MAX], *shifted[RANK_MAX];
  memcpy(inner, index, sizeof(inner[0]) * (size_t)x->shape.rank);
  for (int k = 0; k < a->axes.n; ++k) {
    const Affine *inside = affine_scale(&c->set, index[n->shape.rank + k], -a->dilation[k]);
    shifted[k] = affine_add(&c->set, index[a->axes.at[k]], inside);
    inner[a->axes.at[k]] = place_in(c, x, a->axes.at[k], affine_div(&c->set, shifted[k], a->step[k]));
  }
  Point *p = point_of(l, ci, x, inner);
  for (int k = a->axes.n - 1; k >= 0; --k) {
    int64_t last = (x->shape.dim[a->axes.at[k]] - 1) * a->step[k];
    p = point_guard(l, c, n, p, shifted[k], 0, last + 1, a->step[k], 0);
  }
  return p;
}

static Point *point_op(Lowering *l, Cluster *c, const Node *n, Op op, DType dtype, int nargs, Point *const *arg) {
  Point p = point_blank(P_op, n);
  p.op = op;
  p.dtype = dtype;
  p.nargs = nargs;
  for (int i = 0; i < nargs; ++i) p.arg[i] = arg[i];
  return point_intern(c, l->arena, &p);
}

static Point *point_index(Lowering *l, Cluster *c, const Node *n, DType dtype, const Affine *index) {
  Point p = point_blank(P_index, n);
  p.dtype = dtype;
  p.index = index;
  return point_intern(c, l->arena, &p);
}

/* Operand k serves rows start_k … start_k + size_k - 1: nested selects from the last operand inwards. */
static Point *point_concat(Lowering *l, int ci, const Node *n, Index index) {
  Cluster *c = l->clusters.at[ci];
  int dim = n->attr->dim;
  int64_t start = n->shape.dim[dim];
  Point *result = NULL;
  for (int k = n->nin - 1; k >= 0; --k) {
    const Node *x = node_in(n, k);
    int64_t size = x->shape.dim[dim];
    const Affine *inner[RANK_MAX];
    start -= size;
    if (size == 0 || index[dim]->lo >= start + size || index[dim]->hi < start) continue;
    memcpy(inner, index, sizeof(inner[0]) * (size_t)n->shape.rank);
    inner[dim] = place_in(c, x, dim, affine_add(&c->set, index[dim], affine_const(&c->set, -start)));
    Point *part = point_of(l, ci, x, inner);
    part = point_guard(l, c, n, part, index[dim], start, start + size, 1, 0);
    if (result) {
      DType t = n->shape.dim[dim] <= INT32_MAX ? DT_i32 : DT_i64; /* i32: as many lanes as f32 */
      Point *before[2] = {point_index(l, c, n, t, index[dim]), point_number(l, c, n, t, (double)(start + size))};
      Point *choice[3] = {point_op(l, c, n, OP_lt, DT_bool, 2, before), part, result};
      part = point_op(l, c, n, OP_where, n->dtype, 3, choice);
    }
    result = part;
  }
  return result ? result : point_number(l, c, n, n->dtype, 0);
}

static Point *point_gather(Lowering *l, int ci, const Node *n, Index index) {
  Cluster *c = l->clusters.at[ci];
  const Node *table = n->in[0], *rows = n->in[1];
  int dim = n->attr->dim, after = rows->shape.rank;
  const Affine *at[RANK_MAX];
  for (int d = 0; d < table->shape.rank; ++d)
    at[d] = d < dim ? index[d] : d == dim ? affine_const(&c->set, 0) : index[d + after - 1];
  int64_t stride[RANK_MAX];
  shape_strides(table->shape, stride);
  int root = l->root_of[table->id];
  if (root >= 0 && l->roots.at[root].group == ci) c->misaligned = true; /* any row may be read: it must be complete */
  cluster_load(l, c, table);
  Point p = point_blank(P_load, n);
  p.slot = l->slot[table->id];
  p.index = affine_linear(&c->set, table->shape, at);
  p.nargs = 1;
  p.arg[0] = point_of(l, ci, rows, index + dim);
  p.stride = stride[dim];
  p.count = table->shape.dim[dim];
  return point_intern(c, l->arena, &p);
}

static Point *point_random(Lowering *l, int ci, const Node *n, Index index) {
  Cluster *c = l->clusters.at[ci];
  const Affine *zero = affine_const(&c->set, 0), *one = affine_const(&c->set, 1);
  Point p = point_blank(P_random, n);
  int calls = n->in[1]->shape.rank, turns = n->in[2]->shape.rank, leading = calls > turns ? calls : turns;
  Shape draw = {.rank = n->shape.rank - leading};
  memcpy(draw.dim, n->shape.dim + leading, sizeof *draw.dim * (size_t)draw.rank);
  p.index = affine_linear(&c->set, draw, index + leading);
  p.place = n->attr->place;
  p.nargs = 4;
  p.arg[0] = point_of(l, ci, n->in[0], &zero);
  p.arg[1] = point_of(l, ci, n->in[0], &one);
  p.arg[2] = point_of(l, ci, n->in[1], index);
  p.arg[3] = point_of(l, ci, n->in[2], index);
  return point_intern(c, l->arena, &p);
}

/* Index of the operand of a view, at `index` of its result. */
static void view_index(Cluster *c, const Node *n, Index index, const Affine **inner) {
  const Node *x = n->in[0];
  const Attr *a = n->attr;
  if (n->op == OP_reshape) {
    affine_delinear(&c->set, x->shape, affine_linear(&c->set, n->shape, index), inner);
    return;
  }
  for (int d = 0; d < x->shape.rank; ++d) inner[d] = index[d];
  if (n->op == OP_transpose)
    for (int d = 0; d < n->shape.rank; ++d) inner[a->axes.at[d]] = index[d];
  if (n->op == OP_broadcast)
    for (int d = 0; d < x->shape.rank; ++d)
      if (x->shape.dim[d] == 1) inner[d] = affine_const(&c->set, 0);
  if (n->op == OP_slice)
    for (int d = 0; d < x->shape.rank; ++d)
      inner[d] = affine_add(&c->set, affine_scale(&c->set, index[d], a->step[d]), affine_const(&c->set, a->low[d]));
  if (n->op == OP_window)
    for (int k = 0; k < a->axes.n; ++k) {
      int d = a->axes.at[k];
      const Affine *inside = affine_scale(&c->set, index[x->shape.rank + k], a->dilation[k]);
      inner[d] = affine_add(&c->set, affine_scale(&c->set, index[d], a->step[k]), inside);
    }
  if (n->op == OP_reverse)
    for (int i = 0; i < a->axes.n; ++i) {
      int d = a->axes.at[i];
      inner[d] = affine_add(&c->set, affine_const(&c->set, x->shape.dim[d] - 1), affine_scale(&c->set, index[d], -1));
    }
}

/* The result of a phase or product of this cluster can be read at its own point only. */
static Point *own_result(Lowering *l, int ci, const Node *n, Index index) {
  Cluster *c = l->clusters.at[ci];
  const Affine *own[RANK_MAX];
  cluster_index(l, ci, n, is_along(n), own);
  for (int d = 0; d < n->shape.rank; ++d) c->misaligned |= own[d] != index[d];
  Point p = point_blank(P_result, n);
  for (int i = 0, phase = 0; i < c->roots.n; ++i) {
    const Root *r = &l->roots.at[c->roots.at[i]];
    if (r->copy) continue;
    if (r->node == n) p.phase = phase;
    phase += is_phase(r->node);
  }
  return point_intern(c, l->arena, &p);
}

static Point *point_view(Lowering *l, int ci, const Node *n, Index index) {
  const Affine *inner[RANK_MAX];
  view_index(l->clusters.at[ci], n, index, inner);
  return point_of(l, ci, n->in[0], inner);
}

static Point *point_map(Lowering *l, int ci, const Node *n, Index index) {
  Point *arg[3] = {NULL, NULL, NULL};
  l->user[n->id] = l->user[n->id] == USER_NONE || l->user[n->id] == ci ? ci : USER_MANY;
  for (int i = 0; i < n->nin; ++i) arg[i] = point_of(l, ci, n->in[i], index);
  return point_op(l, l->clusters.at[ci], n, n->op, n->dtype, n->nin, arg);
}

static Point *point_compute(Lowering *l, int ci, const Node *n, Index index) {
  Cluster *c = l->clusters.at[ci];
  if (op_is_elementwise(n->op)) return point_map(l, ci, n, index);
  switch (n->op) {
  case OP_const: return point_const(l, c, n, index);
  case OP_iota: return point_index(l, c, n, DT_i32, index[0]);
  case OP_random: return point_random(l, ci, n, index);
  case OP_pad: return point_pad(l, ci, n, index);
  case OP_concat: return point_concat(l, ci, n, index);
  case OP_gather: return point_gather(l, ci, n, index);
  case OP_assign:
  case OP_again:
  case OP_all_mean:
  case OP_stop_gradient: return point_of(l, ci, n->in[0], index);
  case OP_reshape:
  case OP_transpose:
  case OP_broadcast:
  case OP_slice:
  case OP_window:
  case OP_reverse: return point_view(l, ci, n, index);
  default: return own_result(l, ci, n, index);
  }
}

/* Stored by another cluster, or a leaf: it is read from memory. */
static bool stored_elsewhere(const Lowering *l, int ci, const Node *n) {
  if (n->op == OP_input || n->op == OP_state) return true;
  int root = l->root_of[n->id];
  return root >= 0 && l->roots.at[root].group != ci;
}

typedef struct PointKey {
  const Node *node;
  const Affine *index[RANK_MAX];
} PointKey;

Point *point_of(Lowering *l, int ci, const Node *n, const Affine *const *index) {
  Cluster *c = l->clusters.at[ci];
  PointKey key;
  memset(&key, 0, sizeof key);
  key.node = n;
  for (int d = 0; d < n->shape.rank; ++d) key.index[d] = index[d];
  void **memo = intern_slot(&c->memo, &key, sizeof key);
  if (*memo) return *memo;
  Point *p;
  if (stored_elsewhere(l, ci, n)) {
    cluster_load(l, c, n);
    p = point_load(l, c, n, l->slot[n->id], affine_linear(&c->set, n->shape, index));
  } else {
    p = point_compute(l, ci, n, index);
  }
  *intern_slot(&c->memo, &key, sizeof key) = p; /* the table may have moved */
  return p;
}

void cluster_space(Lowering *l, Cluster *c, int rank, const int64_t *dim, const bool *reduced) {
  int64_t extent[RANK_MAX * 3];
  c->space_rank = rank;
  c->naxes = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (int d = 0; d < rank; ++d) {
      c->space_dim[d] = dim[d];
      c->reduced[d] = reduced && reduced[d];
      if (c->reduced[d] != (pass == 1)) continue;
      c->axis[d] = dim[d] == 1 ? -1 : c->naxes;
      if (dim[d] != 1) extent[c->naxes++] = dim[d];
    }
    if (pass == 0) c->kept = c->naxes;
  }
  affine_init(&c->set, l->arena, c->naxes, extent);
  intern_init(&c->memo, l->arena);
}

/* Row-major position over the kept dims (or all dims) of the space, cut into n's own dims. */
void cluster_index(Lowering *l, int ci, const Node *n, bool full, const Affine **index) {
  Cluster *c = l->clusters.at[ci];
  const Affine *linear = affine_const(&c->set, 0);
  for (int d = 0; d < c->space_rank; ++d) {
    if (c->reduced[d] && !full) continue;
    linear = affine_scale(&c->set, linear, c->space_dim[d]);
    if (c->axis[d] >= 0) linear = affine_add(&c->set, linear, affine_axis(&c->set, c->axis[d]));
  }
  affine_delinear(&c->set, n->shape, linear, index);
}

static bool is_identity(Op op) {
  return op == OP_stop_gradient || op == OP_assign || op == OP_again || op == OP_all_mean;
}

static bool is_plain_view(Op op) {
  return op == OP_reshape || op == OP_transpose || op == OP_broadcast || op == OP_slice || op == OP_reverse ||
         op == OP_window || is_identity(op);
}

bool operand_plain(Lowering *l, const Node *n, const Node **base, int64_t *stride, int64_t *offset) {
  Cluster c = {0};
  int rank = n->shape.rank;
  cluster_space(l, &c, rank, n->shape.dim, NULL);
  const Affine *index[RANK_MAX], *inner[RANK_MAX];
  for (int d = 0; d < rank; ++d) {
    index[d] = c.axis[d] < 0 ? affine_const(&c.set, 0) : affine_axis(&c.set, c.axis[d]);
    stride[d] = 0;
  }
  while (is_plain_view(n->op) && l->root_of[n->id] < 0 && !l->must[n->id]) {
    if (!is_identity(n->op)) {
      view_index(&c, n, index, inner);
      memcpy(index, inner, sizeof index);
    }
    n = n->in[0];
  }
  *base = n;
  const Affine *linear = affine_linear(&c.set, n->shape, index);
  *offset = linear->c0;
  for (int i = 0; i < linear->n; ++i) {
    if (linear->term[i].kind != ATOM_axis) return false;
    for (int d = 0; d < rank; ++d)
      if (c.axis[d] == linear->term[i].axis) stride[d] = linear->term[i].coef;
  }
  return true;
}

/* ---- walks ---- */
static bool any_unseen(Intern *seen, const Point *p, PointTest *test, const void *context) {
  void **slot = intern_slot(seen, &p, sizeof p);
  if (*slot) return false;
  *slot = seen;
  if (test(p, context)) return true;
  for (int i = 0; i < p->nargs; ++i)
    if (any_unseen(seen, p->arg[i], test, context)) return true;
  return false;
}

bool point_any(const Point *p, PointTest *test, const void *context) {
  if (!p) return false;
  if (!p->nargs) return test(p, context);
  Arena *arena = arena_new();
  Intern seen;
  intern_init(&seen, arena);
  bool any = any_unseen(&seen, p, test, context);
  arena_free(arena);
  return any;
}
