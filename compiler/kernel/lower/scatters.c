/* scatters.c: scatters among the clusters. A scatter is a cluster over the space of its source, which is composed into
 * it as its index is; it writes into memory that holds what it starts from, x. That x is there is the work of a cluster
 * in front of it, its start, a map over x's space (groups.c places both); or nobody's, when x lies there already:
 *   - the scatter is assigned to the state that is x, or to one that another scatter before it works on (scatter_share)
 *   - x lies in scratch and dies (scatters_in_place)
 * So a cache or a ring costs the rows that are written. */
#include "lower.h"

/* The cluster's space is the source's: outer dims of x, dims of the index, inner dims of x. */
void scatter_write(Lowering *l, int ci, const Node *n, Write *w) {
  Cluster *c = l->clusters.at[ci];
  const Affine *index[RANK_MAX], *at[RANK_MAX];
  int dim = n->attr->dim, picked = n->in[1]->shape.rank;
  int64_t stride[RANK_MAX];
  cluster_index(l, ci, n->in[2], false, index);
  for (int d = 0; d < n->shape.rank; ++d)
    at[d] = d < dim ? index[d] : d == dim ? affine_const(&c->set, 0) : index[d + picked - 1];
  shape_strides(n->shape, stride);
  w->index = affine_linear(&c->set, n->shape, at);
  w->value = point_of(l, ci, n->in[2], index);
  w->row = point_of(l, ci, n->in[1], index + dim);
  w->stride = stride[dim];
  w->count = n->shape.dim[dim];
  w->add = n->op == OP_scatter;
}

/* What x's elements lie in, when x is a view in the same order. */
const Node *scatter_base(const Lowering *l, const Node *x) {
  while ((x->op == OP_reshape || x->op == OP_assign || x->op == OP_stop_gradient) && l->root_of[x->id] < 0)
    x = x->in[0];
  return x;
}

/* Scatters after scatters all work in the memory of the last one, when nothing else reads what is between them. */
void scatter_share(Lowering *l, const Node *last) {
  for (const Node *n = last, *x; is_scatter(n); n = x) {
    for (x = n->in[0]; x->op == OP_reshape || x->op == OP_assign || x->op == OP_stop_gradient; x = x->in[0])
      if (l->uses[x->id] != 1) return;
    if (!is_scatter(x) || l->uses[x->id] != 1 || l->slot[x->id]) return;
    l->slot[x->id] = l->slot[last->id];
  }
}

static bool loads_node(const Cluster *c, const Node *n) {
  for (int i = 0; i < c->loads.n; ++i)
    if (c->loads.at[i] == n) return true;
  return false;
}

/* Scratch of this graph's own: not where a state or a carry of a loop lives, nor where an output goes. */
static bool is_scratch(const Lowering *l, const Slot *slot) {
  for (int i = 0; i < l->states; ++i)
    if (l->state_slot[i] == slot) return false;
  for (int i = 0; i < l->graph->outputs.n; ++i)
    if (l->output_slot[i] == slot) return false;
  return slot->home == HOME_scratch;
}

/* May all others that read x, which lies in scratch, run before cluster `last`, which overwrites it? */
static bool readers_before(const Lowering *l, const Node *x, int last, int start) {
  for (int ci = 0; ci < l->clusters.n; ++ci) {
    const Cluster *c = l->clusters.at[ci];
    if (c->dropped || ci == start || !loads_node(c, x)) continue;
    if (ci == last || cluster_before(l, last, ci)) return false;
  }
  return true;
}

/* The scatter whose start is root `fill` takes the memory of x when x dies there, and the start is left out: writing
 * one row of a large tensor costs one row. Runs once all orders are known to exist, and only adds orders that do. */
static void scatter_in_place(Lowering *l, const Root *fill) {
  const Node *x = fill->node, *y = fill->fills;
  int from = l->root_of[x->id], last = cluster_of(l, y);
  if (from < 0 || l->roots.at[from].copy) return;
  Slot *slot = l->roots.at[from].slot;
  if (!slot || slot->parent || slot == fill->slot || !is_scratch(l, slot) || !is_scratch(l, fill->slot)) return;
  if (!readers_before(l, x, last, fill->group)) return;
  for (int ci = 0; ci < l->clusters.n; ++ci)
    if (!l->clusters.at[ci]->dropped && ci != fill->group && loads_node(l->clusters.at[ci], x))
      cluster_after(l, last, ci);
  cluster_after(l, last, cluster_of(l, x));
  l->clusters.at[fill->group]->dropped = true;
  slot_finish(l, slot, x);
  slot_finish(l, fill->slot, y);
  slot->parent = fill->slot;
}

void scatters_in_place(Lowering *l) {
  for (int i = 0; i < l->roots.n; ++i)
    if (l->roots.at[i].fills) scatter_in_place(l, &l->roots.at[i]);
}
