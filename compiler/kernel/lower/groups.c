/* groups.c: which nodes share a kernel (MIDDLE.md 1.2). Nodes are taken in order; each root joins the cluster where it
 * saves memory traffic, or opens one. A join is tried for real: the root's point is built in the cluster's space and
 * refused when a result would be read elsewhere than at its own point, or when a cycle between clusters would follow.
 *
 *   reduce   joins a row or column cluster over the same space that it reads from or shares loads with
 *   cumsum   likewise, among clusters along the same axis of the same space
 *   map      joins a row or column cluster or a product whose result it reads (epilogue), else a map over the same
 * space
 *   dot, argsort, scatter  open their own; a scatter that cannot take the memory of the tensor it starts from has a map
 *            in front of it that fills its own
 *
 * Maps that are not roots are composed into every reader. One that several clusters would compute and that is not cheap
 * becomes a root, and the choice starts again; the set of roots only grows, so this ends. No choice here changes a bit,
 * since each value is rounded at its node wherever it is computed. */
#include "lower.h"

#include <limits.h>

enum { STREAMS_MAX = 16, WRITES_MAX = 8, SIBLINGS_MAX = 64, TURN_DEPTH = 8 };

static bool is_root(const Lowering *l, const Node *n) {
  return is_phase(n) || n->op == OP_dot || is_scatter(n) || is_control(n) || l->must[n->id];
}

/* ---- clusters ---- */
static bool bit(const uint64_t *set, int i) { return set[i / 64] >> (i % 64) & 1; }

bool cluster_before(const Lowering *l, int first, int second) { return bit(l->clusters.at[second]->ancestors, first); }

void cluster_after(Lowering *l, int ci, int dep) {
  if (ci == dep || cluster_before(l, dep, ci)) return;
  const uint64_t *more = l->clusters.at[dep]->ancestors;
  for (int i = 0; i < l->clusters.n; ++i) {
    if (i != ci && !cluster_before(l, ci, i)) continue;
    uint64_t *set = l->clusters.at[i]->ancestors;
    for (int w = 0; w < l->words; ++w) set[w] |= more[w];
    set[dep / 64] |= (uint64_t)1 << (dep % 64);
  }
}

/* Scratch of a size that is not known yet (slot_finish). */
static Slot *slot_new(Lowering *l) {
  Slot *s = NEW(l->arena, Slot);
  s->home = HOME_scratch;
  return s;
}

void cluster_load(Lowering *l, Cluster *c, const Node *n) {
  for (int i = 0; i < c->loads.n; ++i)
    if (c->loads.at[i] == n) return;
  vec_push(l->arena, c->loads, n);
  if (n->op == OP_result) {
    l->slot[n->id] = control_value_slot(l, n);
  } else if (!l->slot[n->id] && n->op == OP_const) {
    l->slot[n->id] =
        program_slot(l->program, HOME_constant, n->name ? n->name : "constant", n->dtype, n->shape, n->loc);
    l->slot[n->id]->value = n->attr->value;
  } else if (!l->slot[n->id]) {
    l->slot[n->id] = slot_new(l);
    int root = l->root_of[n->id];
    if (root >= 0) l->roots.at[root].slot = l->slot[n->id];
  }
}

int cluster_of(const Lowering *l, const Node *n) {
  int root = l->root_of[n->id];
  return root < 0 ? -1 : l->roots.at[root].group;
}

static int cluster_new(Lowering *l, GroupKind kind) {
  Cluster *c = NEW(l->arena, Cluster);
  c->kind = kind;
  c->ancestors = NEW_N(l->arena, uint64_t, l->words);
  vec_push(l->arena, l->clusters, c);
  return l->clusters.n - 1;
}

/* What follows a product may have its dims in another order (NCHW behind a convolution): result dim d of n, which is
 * reached from the product by maps and transposes alone, is dim turn.at[d] of it. False: it is not so. */
static bool turned_from(const Node *n, const Node *dot, int depth, Axes *turn) {
  if (n == dot) {
    *turn = (Axes){.n = n->shape.rank};
    for (int d = 0; d < turn->n; ++d) turn->at[d] = d;
    return true;
  }
  if (depth == 0 || is_leaf(n) || n->shape.rank != dot->shape.rank) return false;
  if (n->op == OP_transpose) {
    Axes inner;
    if (!turned_from(n->in[0], dot, depth - 1, &inner)) return false;
    turn->n = inner.n;
    for (int d = 0; d < turn->n; ++d) turn->at[d] = inner.at[n->attr->axes.at[d]];
    return true;
  }
  for (int i = 0; op_is_elementwise(n->op) && i < n->nin; ++i)
    if (turned_from(n->in[i], dot, depth - 1, turn)) return true;
  return false;
}

/* Index of a map behind a product at the product's point, whatever the order of its dims. */
static bool turned_index(Lowering *l, int ci, const Node *n, const Affine **index) {
  Cluster *c = l->clusters.at[ci];
  const Node *dot = c->roots.n ? l->roots.at[c->roots.at[0]].node : NULL;
  const Affine *own[RANK_MAX];
  Axes turn;
  if (c->kind != GROUP_dot || dot->op != OP_dot || n == dot || !turned_from(n, dot, TURN_DEPTH, &turn)) return false;
  cluster_index(l, ci, dot, false, own);
  for (int d = 0; d < turn.n; ++d) index[d] = own[turn.at[d]];
  return true;
}

/* The value that a root writes, and where: at every point of the space (full) or once per kept point. */
Point *root_point(Lowering *l, int ci, const Root *r, bool *full, const Affine **linear) {
  Cluster *c = l->clusters.at[ci];
  const Affine *index[RANK_MAX];
  int64_t kept = 1;
  for (int d = 0; d < c->space_rank; ++d) kept *= c->reduced[d] ? 1 : c->space_dim[d];
  *full = c->kept != c->naxes && shape_count(r->node->shape) != kept;
  if (*full || !turned_index(l, ci, r->node, index)) cluster_index(l, ci, r->node, *full, index);
  *linear = affine_linear(&c->set, r->node->shape, index);
  return point_of(l, ci, r->node, index);
}

/* Reductions carry their element instead of their own value. Clusters may hold operands of different ranks and orders
 * of dims: the k-th kept (reduced) dim that is not 1 runs along the k-th kept (reduced) axis. */
Point *reduce_element(Lowering *l, int ci, const Node *n) {
  Cluster *c = l->clusters.at[ci];
  ReduceSpace s = reduce_space(n);
  const Affine *index[RANK_MAX];
  int next[2] = {0, c->kept};
  for (int d = 0; d < s.rank; ++d)
    index[d] = s.dim[d] == 1 ? affine_const(&c->set, 0) : affine_axis(&c->set, next[s.reduced[d]]++);
  return n->op == OP_unwindow ? point_unwindow(l, ci, n, index) : point_of(l, ci, n->in[0], index);
}

static void build_root(Lowering *l, int ci, const Root *r) {
  bool full;
  const Affine *linear;
  if (is_control(r->node)) {
    for (int i = 0; i < r->node->nin; ++i)
      if (!control_start(r->node, i)) cluster_load(l, l->clusters.at[ci], control_base(l, node_in(r->node, i)));
    return;
  }
  if (r->copy || (!is_phase(r->node) && r->node->op != OP_dot && !is_scatter(r->node))) {
    root_point(l, ci, r, &full, &linear);
  } else if (is_phase(r->node)) {
    reduce_element(l, ci, r->node);
  } else if (r->node->op == OP_dot) {
    Group g = {0};
    dot_space(l, l->clusters.at[ci], r->node, &g);
  } else {
    Write w = {0};
    scatter_write(l, ci, r->node, &w);
  }
}

static bool divides(const Point *p, const void *unused) {
  (void)unused;
  for (int i = 0; p->index && i < p->index->n; ++i)
    if (p->index->term[i].kind != ATOM_axis) return true;
  return false;
}

static int streams(const Cluster *c) {
  int n = 0;
  for (int i = 0; i < c->loads.n; ++i) n += shape_count(c->loads.at[i]->shape) > 1;
  return n;
}

static bool deps_allow(Lowering *l, int ci, int from) {
  Cluster *c = l->clusters.at[ci];
  for (int i = from; i < c->loads.n; ++i) {
    int dep = cluster_of(l, c->loads.at[i]);
    if (dep >= 0 && dep != ci && cluster_before(l, ci, dep)) return false;
  }
  return true;
}

/* Puts root ri into cluster ci if that is allowed, which may read `most` arrays; leaves everything as it was otherwise.
 */
static bool join_reading(Lowering *l, int ci, int ri, int most) {
  Cluster *c = l->clusters.at[ci];
  Root *r = &l->roots.at[ri];
  const int loads = c->loads.n;
  bool scalar = (c->kind == GROUP_map && c->naxes == 0) || c->kind == GROUP_control;
  r->group = ci;
  vec_push(l->arena, c->roots, ri);
  c->misaligned = false;
  intern_init(&c->memo, l->arena); /* the memo may hold a load of this root */
  build_root(l, ci, r);
  bool good =
      !c->misaligned && deps_allow(l, ci, loads) && (scalar || (streams(c) <= most && c->roots.n <= WRITES_MAX));
  if (good && c->kind == GROUP_dot && r->node->op != OP_dot) {
    bool full;
    const Affine *linear;
    good = !point_any(root_point(l, ci, r, &full, &linear), divides, NULL) && linear->n == c->kept;
  }
  if (good) {
    for (int i = 0; i < c->loads.n; ++i) {
      int dep = cluster_of(l, c->loads.at[i]);
      if (dep >= 0) cluster_after(l, ci, dep);
    }
    return true;
  }
  c->roots.n--;
  c->loads.n = loads;
  r->group = -1;
  intern_init(&c->memo, l->arena);
  return false;
}

static bool join(Lowering *l, int ci, int ri) { return join_reading(l, ci, ri, STREAMS_MAX); }

static bool same_space(const Cluster *a, const Cluster *b) {
  if (a->naxes != b->naxes || a->kept != b->kept) return false;
  for (int i = 0; i < a->naxes; ++i)
    if (a->set.extent[i] != b->set.extent[i]) return false;
  return true;
}

/* The very same dims, and the same ones reduced: a value at every point of one is a value at that point of the other.
 */
static bool equal_space(const Cluster *a, const Cluster *b) {
  if (a->space_rank != b->space_rank) return false;
  for (int d = 0; d < a->space_rank; ++d)
    if (a->space_dim[d] != b->space_dim[d] || a->reduced[d] != b->reduced[d]) return false;
  return true;
}

static bool shares_loads(const Cluster *a, const Cluster *b) {
  for (int i = 0; i < a->loads.n; ++i)
    for (int j = 0; j < b->loads.n; ++j)
      if (a->loads.at[i] == b->loads.at[j] && shape_count(a->loads.at[i]->shape) > 1) return true;
  return false;
}

static bool reads_from(const Lowering *l, const Cluster *c, int other) {
  for (int i = 0; i < c->loads.n; ++i)
    if (cluster_of(l, c->loads.at[i]) == other) return true;
  return false;
}

/* Can maps of r's size stand in this cluster at all? */
static bool fits(const Cluster *c, const Cluster *alone) {
  int64_t kept = 1, all = 1, own = 1;
  for (int i = 0; i < c->naxes; ++i) {
    kept *= i < c->kept ? c->set.extent[i] : 1;
    all *= c->set.extent[i];
  }
  for (int i = 0; i < alone->naxes; ++i) own *= alone->set.extent[i];
  if (c->kind == GROUP_row) return own == kept || own == all;
  if (c->kind == GROUP_column || c->kind == GROUP_dot) return own == kept;
  if (c->kind == GROUP_scan) return own == all;
  return c->kind == GROUP_map && same_space(c, alone);
}

/* ---- expressions that read too much ---- */
/* Arrays that n's expression reads, shared ones counted each time; memo holds count + 1. */
static int arrays_read(const Lowering *l, const Node *n, int *memo) {
  if (memo[n->id]) return memo[n->id] - 1;
  int sum = 0;
  bool stored = is_leaf(n) || l->must[n->id] || (!op_is_elementwise(n->op) && family(n) != FAMILY_MOVE);
  for (int i = 0; !stored && i < n->nin; ++i) sum += arrays_read(l, node_in(n, i), memo);
  if (stored) sum = shape_count(n->shape) > 1;
  if (sum > 10000) sum = 10000;
  memo[n->id] = sum + 1;
  return sum;
}

/* Of what n's expression is made of the part that reads most arrays; NULL: all of it is stored. */
static const Node *widest_part(const Lowering *l, const Node *n, int *memo) {
  const Node *most = NULL;
  for (int i = 0; i < n->nin; ++i) {
    const Node *x = node_in(n, i);
    if (is_leaf(x) || l->must[x->id] || (!op_is_elementwise(x->op) && family(x) != FAMILY_MOVE)) continue;
    if (!most || arrays_read(l, x, memo) > arrays_read(l, most, memo)) most = x;
  }
  return most;
}

/* A root that reads more arrays than a kernel should: a part of it that reads at most three quarters as many will be
 * stored, unless what this round has found so far is enough. It may have no part: a concat of many stored arrays. */
static void store_a_part(Lowering *l, const Node *root) {
  int *memo = NEW_N(l->arena, int, l->graph->nodes.n + 1), all = 0;
  for (int i = 0; i < root->nin; ++i) all += arrays_read(l, node_in(root, i), memo);
  if (l->again && all <= STREAMS_MAX) return;
  const Node *part = NULL;
  for (const Node *n = widest_part(l, root, memo); n; n = widest_part(l, n, memo)) {
    part = n;
    if (arrays_read(l, n, memo) <= STREAMS_MAX * 3 / 4) break;
  }
  if (part) l->must[part->id] = l->again = true;
}

/* A root that opens a cluster has to stand there, this round at least. */
static void join_own(Lowering *l, int ci, int ri) {
  if (join(l, ci, ri)) return;
  store_a_part(l, l->roots.at[ri].node);
  if (!join_reading(l, ci, ri, INT_MAX)) bug("node %d cannot be computed on its own", l->roots.at[ri].node->id);
}

/* The cluster that r was given alone is dropped when a better place is found. */
static void place(Lowering *l, int ri, int alone, bool (*wanted)(const Lowering *, const Cluster *, int)) {
  Cluster *own = l->clusters.at[alone];
  join_own(l, alone, ri);
  if (l->again) return;            /* no more than what else has to be stored is asked in this round */
  if (l->program->trapped) return; /* one operation a kernel: trap.c */
  for (int ci = alone - 1, tries = 0; ci >= 0 && tries < SIBLINGS_MAX; --ci) {
    const Cluster *c = l->clusters.at[ci];
    if (c->dropped || !wanted(l, own, ci)) continue;
    ++tries;
    own->roots.n = 0;
    l->roots.at[ri].group = -1;
    if (join(l, ci, ri)) {
      own->dropped = true;
      return;
    }
    l->roots.at[ri].group = alone;
    vec_push(l->arena, own->roots, ri);
  }
}

static bool wanted_reduce(const Lowering *l, const Cluster *own, int ci) {
  const Cluster *c = l->clusters.at[ci];
  if (c->kind == GROUP_scan && !equal_space(c, own)) return false;
  return c->kind == own->kind && c->kind != GROUP_map && same_space(c, own) &&
         (shares_loads(c, own) || reads_from(l, own, ci));
}

static bool wanted_never(const Lowering *l, const Cluster *own, int ci) {
  (void)l, (void)own, (void)ci;
  return false;
}

static bool wanted_producer(const Lowering *l, const Cluster *own, int ci) {
  const Cluster *c = l->clusters.at[ci];
  bool open = c->kind != GROUP_scatter && c->kind != GROUP_sort && c->kind != GROUP_map;
  return open && reads_from(l, own, ci) && fits(c, own);
}

static bool wanted_sibling(const Lowering *l, const Cluster *own, int ci) {
  const Cluster *c = l->clusters.at[ci];
  if (c->roots.n && l->roots.at[c->roots.at[0]].fills) return false; /* it may be left out in the end */
  return c->kind == GROUP_map && fits(c, own) && (own->naxes == 0 || shares_loads(c, own) || reads_from(l, own, ci));
}

static void place_map(Lowering *l, int ri, bool apart) {
  const Node *n = l->roots.at[ri].node;
  int alone = cluster_new(l, GROUP_map);
  Cluster *own = l->clusters.at[alone];
  cluster_space(l, own, n->shape.rank, n->shape.dim, NULL);
  if (apart) {
    if (!join_reading(l, alone, ri, INT_MAX)) bug("node %d cannot be copied", n->id);
    return;
  }
  place(l, ri, alone, wanted_producer);
  if (own->dropped || l->again) return;
  own->roots.n = 0;
  l->roots.at[ri].group = -1;
  own->loads.n = 0;
  place(l, ri, alone, wanted_sibling);
}

static void add_root(Lowering *l, const Node *n, Slot *slot, bool copy) {
  Root r = {n, slot, copy, NULL, -1};
  vec_push(l->arena, l->roots, r);
  if (!copy) {
    l->root_of[n->id] = l->roots.n - 1;
    l->roots.at[l->roots.n - 1].slot = l->slot[n->id];
  }
}

/* The map that writes a scatter's x into the scatter's memory; or, when x lies there already, who wrote it. */
static int place_start(Lowering *l, const Node *scatter) {
  const Node *x = scatter->in[0], *base = scatter_base(l, x);
  if (l->slot[base->id] == l->slot[scatter->id]) return cluster_of(l, base);
  add_root(l, x, l->slot[scatter->id], true);
  l->roots.at[l->roots.n - 1].fills = scatter;
  int ci = cluster_new(l, GROUP_map);
  cluster_space(l, l->clusters.at[ci], x->shape.rank, x->shape.dim, NULL);
  join_own(l, ci, l->roots.n - 1);
  return ci;
}

static void place_scatter(Lowering *l, int ri) {
  const Node *n = l->roots.at[ri].node;
  Shape source = n->in[2]->shape;
  int ci = cluster_new(l, GROUP_scatter);
  cluster_space(l, l->clusters.at[ci], source.rank, source.dim, NULL);
  if (!l->slot[n->id]) l->slot[n->id] = slot_new(l);
  l->roots.at[ri].slot = l->slot[n->id];
  join_own(l, ci, ri);
  int before = place_start(l, n);
  if (before >= 0) cluster_after(l, ci, before);
}

static void place_phase(Lowering *l, int ri) {
  const Node *n = l->roots.at[ri].node;
  ReduceSpace s = reduce_space(n);
  GroupKind kind = n->op == OP_argsort         ? GROUP_sort
                   : is_along(n)               ? GROUP_scan
                   : order_reduce(n).lanes > 1 ? GROUP_row
                                               : GROUP_column;
  int alone = cluster_new(l, kind);
  cluster_space(l, l->clusters.at[alone], s.rank, s.dim, s.reduced);
  place(l, ri, alone, kind == GROUP_sort ? wanted_never : wanted_reduce);
}

static void place_control(Lowering *l, int ri) {
  int alone = cluster_new(l, GROUP_control);
  affine_init(&l->clusters.at[alone]->set, l->arena, 0, NULL);
  join(l, alone, ri);
}

static void place_root(Lowering *l, int ri) {
  const Node *n = l->roots.at[ri].node;
  if (is_phase(n))
    place_phase(l, ri);
  else if (is_scatter(n))
    place_scatter(l, ri);
  else if (is_control(n))
    place_control(l, ri);
  else if (n->op == OP_dot)
    join(l, cluster_new(l, GROUP_dot), ri);
  else
    place_map(l, ri, false);
}

/* ---- assigns and outputs: a value is computed into its destination where it can be ---- */
static bool can_live_there(const Lowering *l, const Node *n) {
  return !is_leaf(n) && n->op != OP_assign && n->op != OP_stop_gradient && n->op != OP_again && !l->slot[n->id];
}

static const Node *assigned_home(const Lowering *l, const Node *assign) {
  const Node *v = assign->in[0];
  while (v->op == OP_assign || v->op == OP_stop_gradient) v = v->in[0];
  const Node *flat = v;
  while (flat->op == OP_reshape) flat = flat->in[0];
  if (is_scatter(flat)) v = flat;
  return can_live_there(l, v) ? v : assign;
}

static void destinations(Lowering *l) {
  const Graph *g = l->graph;
  for (int i = 0; i < g->assigns.n; ++i) {
    const Node *a = g->assigns.at[i];
    State *s = a->attr->state;
    if (control_updates(l, a)) continue;
    const Node *home = assigned_home(l, a);
    if (l->settled[s->id] && !is_scatter(home)) home = a;
    l->must[home->id] = true;
    if (l->settled[s->id]) continue;
    l->slot[home->id] = l->state_slot[s->id];
    scatter_share(l, home);
  }
  for (int i = 0; i < g->outputs.n; ++i) {
    const Node *n = g->outputs.at[i].node;
    if (!can_live_there(l, n)) continue;
    l->slot[n->id] = l->output_slot[i];
    l->must[n->id] = true;
    scatter_share(l, n);
  }
}

static void place_copies(Lowering *l) {
  const Graph *g = l->graph;
  for (int i = 0; i < g->assigns.n; ++i) {
    State *s = g->assigns.at[i]->attr->state;
    if (!l->settled[s->id]) continue;
    add_root(l, g->assigns.at[i], l->state_slot[s->id], true);
    place_map(l, l->roots.n - 1, true);
  }
  for (int i = 0; i < g->outputs.n; ++i) {
    if (l->slot[g->outputs.at[i].node->id] == l->output_slot[i]) continue;
    add_root(l, g->outputs.at[i].node, l->output_slot[i], true);
    place_map(l, l->roots.n - 1, false);
  }
}

/* ---- the whole choice ---- */
static void start(Lowering *l) {
  const Graph *g = l->graph;
  arena_clear(l->arena); /* each time some root is added: to keep every attempt would take their number squared */
  memset(&l->roots, 0, sizeof l->roots);
  memset(&l->clusters, 0, sizeof l->clusters);
  l->again = false;
  l->words = (g->nodes.n * 2 + g->outputs.n + g->assigns.n) / 64 + 2;
  for (int i = 0; i < g->nodes.n; ++i) {
    l->root_of[i] = -1;
    l->user[i] = USER_NONE;
    if (l->slot[i] && g->nodes.at[i]->op != OP_input && g->nodes.at[i]->op != OP_state &&
        g->nodes.at[i]->op != OP_const)
      l->slot[i] = NULL;
  }
}

/* Slots that were given while joins were tried go back: only what another cluster reads in the end is stored. */
static void forget_loads(Lowering *l) {
  for (int i = 0; i < l->roots.n; ++i) {
    Root *r = &l->roots.at[i];
    if (r->copy || is_scatter(r->node) || !r->slot || r->slot->bytes) continue; /* bytes: a destination */
    r->slot = l->slot[r->node->id] = NULL;
  }
  for (int ci = 0; ci < l->clusters.n; ++ci) l->clusters.at[ci]->loads.n = 0;
}

/* Points once more, each cluster complete: fills `user` with what is composed where. */
static void rebuild_points(Lowering *l) {
  forget_loads(l);
  for (int i = 0; i < l->graph->nodes.n; ++i) l->user[i] = USER_NONE;
  for (int ci = 0; ci < l->clusters.n; ++ci) {
    Cluster *c = l->clusters.at[ci];
    intern_init(&c->memo, l->arena);
    for (int i = 0; !c->dropped && i < c->roots.n; ++i) build_root(l, ci, &l->roots.at[c->roots.at[i]]);
  }
}

void groups_choose(Lowering *l) {
  for (;;) {
    start(l);
    destinations(l);
    must_be_stored(l);
    for (int i = 0; i < l->graph->nodes.n; ++i) {
      const Node *n = l->graph->nodes.at[i];
      if (n->op == OP_result) l->root_of[i] = l->root_of[n->in[0]->id];
      if (!is_root(l, n) || n->op == OP_input || n->op == OP_state || n->op == OP_result) continue;
      add_root(l, n, NULL, false);
      place_root(l, l->roots.n - 1);
    }
    if (l->again) continue;
    place_copies(l);
    if (l->again) continue;
    rebuild_points(l);
    if (store_shared_maps(l)) continue;
    if (order_states(l)) break;
  }
  scatters_in_place(l);
}
