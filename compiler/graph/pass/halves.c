/* halves.c: scatter and cumsum of f16 and bf16 become those of f32 between casts: every chain of sums is f32 from its
 * first element to its last, and each result is rounded once (MIDDLE.md 3.1). Reductions and products keep their dtype
 * here, since their kernels have chains of their own (Reduction.chain, dot_widen).
 *
 *   %2 = cumsum %0 : bf16[5]    ->    %1 = cast %0 : f32[5] ; %2 = cumsum %1 : f32[5] ; %3 = cast %2 : bf16[5] */
#include "../graph.h"

static Node *widened(Graph *to, const Node *n, Node *const *in, void *context) {
  (void)context;
  bool sums = n->op == OP_cumsum || n->op == OP_scatter;
  if (!sums || dtype_chain(n->dtype) == n->dtype) return graph_copy_node(to, n, in);
  Node *wide[3];
  for (int i = 0; i < n->nin; ++i)
    wide[i] = in[i]->dtype == n->dtype ? graph_cast(to, in[i], dtype_chain(n->dtype)) : in[i];
  Node *sum = graph_add(to, n->op, n->nin, wide, n->attr, n->loc);
  sum->name = n->name;
  return graph_cast(to, sum, n->dtype);
}

Graph *pass_halves(Graph *g) { return graph_rebuild(g, widened, NULL); }
