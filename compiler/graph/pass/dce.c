/* dce.c: drops what no output and no assign reads: nodes, values of control nodes that nothing takes, carries that only
 * feed themselves, operands that no subgraph reads. graph_rebuild walks only live nodes, so for plain nodes a rebuild
 * is all. Inputs of a function that nothing reads keep their place in graph->inputs (the caller's view of the function
 * does not change), without a node; those of subgraphs go.
 *
 * A carry that each turn hands on as it is becomes a captured operand, and a uniform constant that a subgraph captures
 * is written out in it, where it folds with what reads it. So frozen weights in a loop are seen to be the same in every
 * turn. */
#include "uniform.h"

typedef struct Pruning {
  bool **taken;   /* by id of the old graph: which values of a control node are taken */
  int **number;   /* by id: the value's number in the new node, or -1 */
  Node ***direct; /* by id: what stands for the value in the new graph without a result node, or NULL */
} Pruning;

/* What one control node keeps. */
typedef struct Keep {
  const Node *node;
  int skip;                     /* operands before those of the inputs */
  bool *output, *input, *fixed; /* fixed: a carry that does not change */
} Keep;

/* ---- what is needed ---- */
static void mark_inputs(const Graph *sub, const bool *output, bool *input) {
  Arena *own = arena_new();
  bool *live = NEW_N(own, bool, sub->nodes.n + 1);
  for (int k = 0; k < sub->outputs.n; ++k) live[sub->outputs.at[k].node->id] |= output[k];
  for (int id = sub->nodes.n - 1; id >= 0; --id) {
    const Node *n = sub->nodes.at[id];
    for (int i = 0; live[id] && i < n->nin; ++i) live[node_in(n, i)->id] = true;
    for (int k = 0; live[id] && n->op == OP_input && k < sub->inputs.n; ++k)
      input[k] |= sub->inputs.at[k] == n->attr->input;
  }
  arena_free(own);
}

static bool hands_on(const Graph *body, int k) {
  const Node *n = body->outputs.at[k].node;
  return n->op == OP_input && n->attr->input == body->inputs.at[k];
}

static void mark_needed(Keep *k) {
  const Attr *a = k->node->attr;
  bool loop = k->node->op == OP_scan || k->node->op == OP_while, all = true;
  if (k->node->op == OP_while) mark_inputs(a->other, &all, k->input);
  for (bool again = true; again;) {
    again = false;
    mark_inputs(a->body, k->output, k->input);
    for (int c = 0; loop && c < a->carries; ++c) {
      again |= k->input[c] != k->output[c];
      k->input[c] = k->output[c] = k->input[c] || k->output[c];
    }
  }
  if (k->node->op == OP_cond) mark_inputs(a->other, k->output, k->input);
  for (int c = 0; loop && c < a->carries; ++c) k->fixed[c] = k->output[c] && hands_on(a->body, c);
}

/* ---- the new subgraphs ---- */
typedef struct Written {
  const Graph *sub;
  const Node *const *operand; /* by input: what a constant is written out for, or NULL */
} Written;

static Node *write_constants(Graph *to, const Node *n, Node *const *in, void *context) {
  const Written *w = context;
  for (int k = 0; n->op == OP_input && k < w->sub->inputs.n; ++k)
    if (w->sub->inputs.at[k] == n->attr->input && w->operand[k])
      return uniform_node(to, uniform_of(w->operand[k]), n->shape, n->loc);
  return graph_copy_node(to, n, in);
}

/* order: the inputs that stay, as they will stand. */
static Graph *pruned_subgraph(const Keep *k, const Graph *sub, int n, const int *order, const Node *const *operand) {
  Graph part = *sub;
  Written w = {sub, operand};
  memset(&part.outputs, 0, sizeof part.outputs);
  memset(&part.inputs, 0, sizeof part.inputs);
  for (int i = 0; i < sub->outputs.n; ++i)
    if (sub != k->node->attr->other || k->node->op == OP_cond
            ? k->output[i] && !(k->fixed[i] && i < k->node->attr->carries)
            : true)
      vec_push(sub->arena, part.outputs, sub->outputs.at[i]);
  for (int i = 0; i < n; ++i) vec_push(sub->arena, part.inputs, sub->inputs.at[order[i]]);
  return pass_dce(graph_rebuild(&part, write_constants, &w));
}

/* The inputs that stay, by class: carries that change, rows, captured ones and carries that do not. */
static int input_order(const Keep *k, const Node *const *operand, int *order, int *carries, int *rows) {
  const Attr *a = k->node->attr;
  int n = 0, loop = k->node->op == OP_cond ? 0 : a->carries, row_end = loop + (k->node->op == OP_scan ? a->rows : 0);
  for (int i = 0; i < loop; ++i)
    if (k->input[i] && !k->fixed[i]) order[n++] = i;
  *carries = n;
  for (int i = loop; i < row_end; ++i)
    if (k->input[i]) order[n++] = i;
  *rows = n - *carries;
  for (int i = 0; i < a->body->inputs.n; ++i)
    if (k->input[i] && (i >= row_end || (i < loop && k->fixed[i])) && !operand[i]) order[n++] = i;
  return n;
}

static Node *prune_control(Graph *to, const Node *n, Node *const *in, Pruning *p) {
  const Attr *a = n->attr;
  int inputs = a->body->inputs.n, values = a->body->outputs.n, kept = 0;
  Keep k = {.node = n, .skip = n->op == OP_cond};
  k.output = p->taken[n->id];
  k.input = NEW_N(to->arena, bool, inputs + 1);
  k.fixed = NEW_N(to->arena, bool, inputs + values + 1);
  mark_needed(&k);
  Attr attr = *a;
  const Node **operand = NEW_N(to->arena, const Node *, inputs + 1);
  int *order = NEW_N(to->arena, int, inputs + 1), loop = n->op == OP_cond ? 0 : a->carries;
  for (int i = 0; i < inputs; ++i) {
    bool captured = i >= loop + (n->op == OP_scan ? a->rows : 0) || (i < loop && k.fixed[i]);
    if (captured && uniform_of(in[i + k.skip])) operand[i] = in[i + k.skip];
  }
  int count = input_order(&k, operand, order, &attr.carries, &attr.rows);
  if (n->op == OP_cond) attr.carries = attr.rows = 0;
  attr.body = pruned_subgraph(&k, a->body, count, order, operand);
  if (a->other) attr.other = pruned_subgraph(&k, a->other, count, order, operand);
  Node **operands = NEW_N(to->arena, Node *, count + 2);
  if (k.skip) operands[0] = in[0];
  for (int i = 0; i < count; ++i) operands[i + k.skip] = in[order[i] + k.skip];
  p->number[n->id] = NEW_N(to->arena, int, values + 1);
  p->direct[n->id] = NEW_N(to->arena, Node *, values + 1);
  for (int v = 0, next = 0; v < values; ++v) {
    bool fixed = v < loop && k.fixed[v];
    if (fixed) p->direct[n->id][v] = in[v];
    p->number[n->id][v] = k.output[v] && !fixed ? next++ : -1;
    kept += k.output[v] && v >= values - a->kept;
  }
  attr.kept = kept;
  Node *copy = graph_add(to, n->op, count + k.skip, operands, &attr, n->loc);
  copy->name = n->name;
  return copy;
}

/* ---- the pass ---- */
static Node *prune(Graph *to, const Node *n, Node *const *in, void *context) {
  Pruning *p = context;
  if (n->attr->body && n->op != OP_checkpoint) return prune_control(to, n, in, p);
  if (n->op != OP_result || !p->number[n->in[0]->id]) return graph_copy_node(to, n, in);
  int id = n->in[0]->id;
  Node *direct = p->direct[id][n->attr->dim];
  if (direct) return direct;
  Node *copy = graph_add(to, OP_result, 1, in, &(Attr){.dim = p->number[id][n->attr->dim]}, n->loc);
  copy->name = n->name;
  return copy;
}

static bool has_control(const Graph *g) {
  for (int id = 0; id < g->nodes.n; ++id)
    if (g->nodes.at[id]->attr->body) return true;
  return false;
}

Graph *pass_dce(Graph *g) {
  g = graph_rebuild(g, NULL, NULL);
  if (!has_control(g)) return g;
  Pruning p = {NEW_N(g->arena, bool *, g->nodes.n + 1), NEW_N(g->arena, int *, g->nodes.n + 1),
               NEW_N(g->arena, Node **, g->nodes.n + 1)};
  for (int id = 0; id < g->nodes.n; ++id) {
    const Node *n = g->nodes.at[id];
    if (n->attr->body) p.taken[id] = NEW_N(g->arena, bool, control_values(n) + 1);
    if (n->op == OP_result && p.taken[n->in[0]->id]) p.taken[n->in[0]->id][n->attr->dim] = true;
  }
  return graph_rebuild(g, prune, &p);
}
