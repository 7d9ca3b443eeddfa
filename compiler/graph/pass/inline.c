/* inline.c: nodes that only gradients look at go: a checkpoint becomes the nodes of its body, a custom gradient its
 * values. What the reverse pass computes again stays apart from it, since it hangs on `again` nodes. Runs first, and
 * drops what nothing reads any more, so that no later pass works on values that only a gradient would have kept.
 *
 *   %2 = checkpoint %0 { y = tanh(x) } ; %3 = result %2 value=0    ->    %3 = tanh %0 */
#include "../graph.h"

typedef struct Inline {
  Node ***values; /* by id of a control node of the old graph: its values in the new one */
} Inline;

static Node **checkpoint_values(Graph *to, const Node *n, Node *const *in) {
  const Graph *body = n->attr->body;
  Node **map = graph_inline(to, body, in), **values = NEW_N(to->arena, Node *, body->outputs.n + 1);
  for (int k = 0; k < body->outputs.n; ++k) values[k] = map[body->outputs.at[k].node->id];
  return values;
}

static Node *inlined(Graph *to, const Node *n, Node *const *in, void *context) {
  Inline *w = context;
  if (n->op == OP_result && w->values[n->in[0]->id]) return w->values[n->in[0]->id][n->attr->dim];
  if (n->op == OP_checkpoint) w->values[n->id] = checkpoint_values(to, n, in);
  if (n->op == OP_custom) {
    w->values[n->id] = NEW_N(to->arena, Node *, n->nin + 1);
    for (int i = 0; i < n->nin; ++i) w->values[n->id][i] = in[i];
  }
  if (n->op != OP_checkpoint && n->op != OP_custom) return graph_copy_node(to, n, in);
  return graph_const(to, DT_bool, 0, n->loc); /* nothing reads it */
}

Graph *pass_inline(Graph *g) {
  Inline w = {NEW_N(g->arena, Node **, g->nodes.n + 1)};
  return pass_dce(graph_rebuild(g, inlined, &w));
}
