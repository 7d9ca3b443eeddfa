/* rebuild.c: how a pass makes a new graph from an old one. Nodes are never changed: the live ones are visited in order,
 * and for each a rewrite (or a plain copy) gives the node of the new graph that stands for it.
 *
 * Invariants: what stands for a node has its dtype and shape; inputs keep their order and number even when nothing
 * reads them any more (they are the function's signature); the record of asked gradients is dropped. */
#include "op/op.h"

Node *graph_copy_node(Graph *to, const Node *n, Node *const *in) {
  Node *copy = graph_add(to, n->op, n->nin, in, n->attr, n->loc);
  copy->name = n->name;
  return copy;
}

static void mark_live(const Graph *g, bool *live) {
  for (int k = 0; k < g->outputs.n; ++k) live[g->outputs.at[k].node->id] = true;
  for (int k = 0; k < g->assigns.n; ++k) live[g->assigns.at[k]->id] = true;
  for (int id = g->nodes.n - 1; id >= 0; --id) {
    const Node *n = g->nodes.at[id];
    for (int i = 0; live[id] && i < n->nin; ++i) live[node_in(n, i)->id] = true;
  }
}

static Node *rewritten(Graph *to, const Node *n, Node *const *map, Rewrite *rewrite, void *context) {
  Node *few[3] = {NULL, NULL, NULL}, **in = n->nin > 3 ? NEW_N(to->arena, Node *, n->nin) : few;
  for (int i = 0; i < n->nin; ++i) in[i] = map[node_in(n, i)->id];
  Node *r = rewrite ? rewrite(to, n, in, context) : graph_copy_node(to, n, in);
  if (r->dtype != n->dtype || !shape_equal(r->shape, n->shape))
    bug("%%%d (%s) %s %s became %s", n->id, op_info[n->op].name, dtype_info[n->dtype].name,
        shape_text(to->arena, n->shape), node_text(to->arena, r));
  return r;
}

Graph *graph_rebuild(const Graph *g, Rewrite *rewrite, void *context) {
  Graph *to = graph_new(g->arena, g->name);
  bool *live = NEW_N(g->arena, bool, g->nodes.n + 1);
  Node **map = NEW_N(g->arena, Node *, g->nodes.n + 1);
  mark_live(g, live);
  for (int k = 0; k < g->inputs.n; ++k) vec_push(to->arena, to->inputs, g->inputs.at[k]);
  for (int id = 0; id < g->nodes.n; ++id)
    if (live[id]) map[id] = rewritten(to, g->nodes.at[id], map, rewrite, context);
  for (int k = 0; k < g->outputs.n; ++k) {
    Output o = g->outputs.at[k];
    o.node = map[o.node->id];
    vec_push(to->arena, to->outputs, o);
  }
  for (int k = 0; k < g->assigns.n; ++k)
    if (k >= to->assigns.n || to->assigns.at[k] != map[g->assigns.at[k]->id])
      bug("the assign of state '%s' was lost", g->assigns.at[k]->attr->state->name);
  return to;
}

void graph_use_counts(const Graph *g, int *uses) {
  for (int id = 0; id < g->nodes.n; ++id) uses[id] = 0;
  for (int id = 0; id < g->nodes.n; ++id)
    for (int i = 0; i < g->nodes.at[id]->nin; ++i) ++uses[node_in(g->nodes.at[id], i)->id];
  for (int k = 0; k < g->outputs.n; ++k) ++uses[g->outputs.at[k].node->id];
  for (int k = 0; k < g->assigns.n; ++k) ++uses[g->assigns.at[k]->id];
}

/* ---- passes and subgraphs ---- */
typedef struct Running {
  Graph *(*pass)(Graph *);
} Running;

static Node *run_inside(Graph *to, const Node *n, Node *const *in, void *context) {
  const Running *r = context;
  if (!n->attr->body) return graph_copy_node(to, n, in);
  Attr attr = *n->attr;
  attr.body = graph_run(attr.body, r->pass);
  if (attr.other) attr.other = graph_run(attr.other, r->pass);
  Node *copy = graph_add(to, n->op, n->nin, in, &attr, n->loc);
  copy->name = n->name;
  return copy;
}

Graph *graph_run(Graph *g, Graph *(*pass)(Graph *)) {
  bool control = false;
  for (int id = 0; id < g->nodes.n; ++id) control |= g->nodes.at[id]->attr->body != NULL;
  if (control) g = graph_rebuild(g, run_inside, &(Running){pass});
  return pass(g);
}
