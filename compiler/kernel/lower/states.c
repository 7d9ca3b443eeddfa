/* states.c: readers of a state's old version come before the cluster that writes the new one in its memory. */
#include "lower.h"

typedef struct Place {
  const Slot *slot;
  const Affine *index;
} Place;

static bool reads_elsewhere(const Point *p, const void *context) {
  const Place *place = context;
  return p->kind == P_load && p->slot == place->slot && (p->index != place->index || p->nargs);
}

bool point_reads_only_at(const Point *p, const Slot *slot, const Affine *index) {
  return !point_any(p, reads_elsewhere, &(Place){slot, index});
}

/* Within the writing cluster the old version may be read only at the point that is written: by its maps, by the
 * reductions of a row, which end before the row is written, and by running sums, which read a point before they write
 * there. */
static bool own_reads_allow(Lowering *l, int ci, const Root *writer) {
  Cluster *c = l->clusters.at[ci];
  bool full, reads = false;
  const Affine *linear;
  for (int i = 0; i < c->loads.n; ++i) reads |= l->slot[c->loads.at[i]->id] == writer->slot;
  if (!reads) return true;
  if (c->kind == GROUP_scatter || c->kind == GROUP_control) return false;
  root_point(l, ci, writer, &full, &linear);
  for (int i = 0; i < c->roots.n; ++i) {
    const Root *r = &l->roots.at[c->roots.at[i]];
    const Affine *other;
    bool f;
    if (!r->copy && is_phase(r->node)) {
      bool along = c->kind == GROUP_row || c->kind == GROUP_scan;
      if (!point_reads_only_at(reduce_element(l, ci, r->node), writer->slot, along ? linear : NULL)) return false;
    } else if (r->copy || r->node->op != OP_dot) {
      const Point *value = root_point(l, ci, r, &f, &other); /* sets f */
      if (!point_reads_only_at(value, writer->slot, f == full ? linear : NULL)) return false;
    } else {
      Group g = {0};
      dot_space(l, c, r->node, &g);
      if (g.a.slot == writer->slot || g.b.slot == writer->slot) return false;
    }
  }
  return true;
}

/* The state of this graph whose memory the slot is, or -1. */
static int state_of_slot(const Lowering *l, const Slot *slot) {
  for (int i = 0; slot && i < l->states; ++i)
    if (l->state_slot[i] == slot) return i;
  return -1;
}

/* The clusters that read the state in this slot run before the cluster ci that writes there. false: one must come
 * after. */
static bool readers_before(Lowering *l, int ci, const Slot *slot) {
  for (int k = 0; k < l->clusters.n; ++k) {
    const Cluster *c = l->clusters.at[k];
    if (c->dropped || k == ci) continue;
    for (int i = 0; i < c->loads.n; ++i) {
      const Node *n = c->loads.at[i];
      if (n->op != OP_state || l->slot[n->id] != slot) continue;
      if (cluster_before(l, ci, k)) return false;
      cluster_after(l, ci, k);
    }
  }
  return true;
}

/* Loops and branches that write a state themselves. */
static bool order_controls(Lowering *l) {
  for (int i = 0; i < l->graph->assigns.n; ++i) {
    const Node *assign = l->graph->assigns.at[i];
    int state = assign->attr->state->id;
    if (!control_updates(l, assign) || readers_before(l, cluster_of(l, assign->in[0]), l->state_slot[state])) continue;
    l->settled[state] = true;
    return false;
  }
  return true;
}

bool order_states(Lowering *l) {
  for (int ri = 0; ri < l->roots.n; ++ri) {
    Root *r = &l->roots.at[ri];
    int state = state_of_slot(l, r->slot);
    if (state < 0) continue;
    bool good = own_reads_allow(l, r->group, r) && readers_before(l, r->group, r->slot);
    if (!good && l->settled[state]) bug("no order of kernels lets state %s be written", r->slot->name);
    if (!good) {
      l->settled[state] = true;
      return false;
    }
  }
  return order_controls(l);
}
