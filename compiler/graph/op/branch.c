/* branch.c: the gradients of cond, checkpoint and custom; that of while is an error that says what to use instead.
 *
 *   cond        a cond on the same bool; each branch computes its forward part again, then its gradients
 *   checkpoint  the body once more on `again(operand)`, which is the operand under another name, so that no pass shares
 *               the second computation with the first, and its gradients
 *   custom      what the rule says. Its second derivative differentiates the rule, not the function: nothing here looks
 *               at how the values were computed (MIDDLE.md 4.2) */
#include "op.h"

/* ---- cond ---- */
/* A branch that gives the gradients: inputs are the captured operands, then the cotangents that there are. */
static Graph *reverse_branch(const Graph *g, const Graph *branch, const Node *y, Node *const *dy, const bool *want,
                             const bool *any) {
  Graph *b = graph_new(g->arena, branch->name);
  int n = branch->inputs.n, values = branch->outputs.n, ny = 0, nx = 0;
  Node **in = NEW_N(g->arena, Node *, n + 1), **ys = NEW_N(g->arena, Node *, values + 1);
  Node **dys = NEW_N(g->arena, Node *, values + 1), **xs = NEW_N(g->arena, Node *, n + 1);
  for (int k = 0; k < n; ++k) {
    const Input *i = branch->inputs.at[k];
    in[k] = graph_bound(b, i->name, i->dtype, i->shape, i->loc);
  }
  Node **map = graph_inline(b, branch, in);
  for (int k = 0; k < values; ++k) {
    if (!dy[k]) continue;
    ys[ny] = map[branch->outputs.at[k].node->id];
    dys[ny++] = graph_bound(b, "dy", dy[k]->dtype, dy[k]->shape, y->loc);
  }
  for (int k = 0; k < n; ++k)
    if (want[k + 1]) xs[nx++] = in[k];
  Node **grads = NEW_N(g->arena, Node *, nx + 1);
  graph_gradients(b, ny, ys, dys, nx, xs, grads);
  for (int k = 0, i = 0; k < n; ++k) {
    if (!want[k + 1]) continue;
    Node *dx = grads[i] ? grads[i] : graph_like(b, xs[i], 0);
    Output o = {arena_printf(g->arena, "d.%d", k), dx, y->loc};
    if (any[k]) vec_push(g->arena, b->outputs, o);
    ++i;
  }
  return b;
}

/* Captured operands that any value with a cotangent depends on, in either branch. */
static void mark_any(const Graph *g, const Node *y, Node *const *dy, const bool *want, bool *any) {
  int values = control_values(y);
  bool *of = NEW_N(g->arena, bool, y->nin + 1), *depends = NEW_N(g->arena, bool, values + 1);
  for (int k = 1; k < y->nin; ++k) {
    if (!want[k]) continue;
    memset(of, 0, sizeof *of * (size_t)y->nin);
    of[k] = true;
    control_depends(y, of, true, depends);
    for (int v = 0; v < values; ++v) any[k - 1] |= depends[v] && dy[v];
  }
}

void grad_cond(Graph *g, Node *y, Node *const *dy, const bool *want, Node **dx) {
  int values = control_values(y), n = 0;
  bool *any = NEW_N(g->arena, bool, y->nin + 1);
  Node **captured = NEW_N(g->arena, Node *, y->nin + values + 1);
  mark_any(g, y, dy, want, any);
  for (int k = 1; k < y->nin; ++k) captured[n++] = node_in(y, k);
  for (int v = 0; v < values; ++v)
    if (dy[v]) captured[n++] = dy[v];
  Graph *body = reverse_branch(g, y->attr->body, y, dy, want, any);
  Graph *other = reverse_branch(g, y->attr->other, y, dy, want, any);
  if (!body->outputs.n) return;
  Node *cond = graph_cond(g, node_in(y, 0), body, other, n, captured, y->loc);
  for (int k = 1, i = 0; k < y->nin; ++k)
    if (want[k] && any[k - 1]) dx[k] = graph_result(g, cond, i++);
}

/* ---- checkpoint ---- */
void grad_checkpoint(Graph *g, Node *y, Node *const *dy, const bool *want, Node **dx) {
  const Graph *body = y->attr->body;
  int ny = 0, nx = 0;
  Node **in = NEW_N(g->arena, Node *, y->nin + 1), **xs = NEW_N(g->arena, Node *, y->nin + 1);
  Node **ys = NEW_N(g->arena, Node *, body->outputs.n + 1), **dys = NEW_N(g->arena, Node *, body->outputs.n + 1);
  for (int k = 0; k < y->nin; ++k) {
    Node *x = node_in(y, k);
    in[k] = graph_add(g, OP_again, 1, &x, &(Attr){.place = (uint32_t)g->nodes.n}, x->loc);
    if (want[k]) xs[nx++] = in[k];
  }
  Node **map = graph_inline(g, body, in);
  for (int k = 0; k < body->outputs.n; ++k) {
    if (!dy[k]) continue;
    ys[ny] = map[body->outputs.at[k].node->id];
    dys[ny++] = dy[k];
  }
  Node **grads = NEW_N(g->arena, Node *, nx + 1);
  graph_gradients(g, ny, ys, dys, nx, xs, grads);
  for (int k = 0, i = 0; k < y->nin; ++k)
    if (want[k]) dx[k] = grads[i++];
}

/* ---- custom, while, result ---- */
void grad_custom(Graph *g, Node *y, Node *const *dy, const bool *want, Node **dx) {
  int values = y->attr->carries, arguments = y->attr->rows;
  Node **given = NEW_N(g->arena, Node *, arguments + 1);
  if (!y->attr->rule) bug("custom: its rule is gone");
  y->attr->rule->gradient(y->attr->rule->context, g, y, dy, given);
  for (int i = 0; i < arguments; ++i)
    if (want[values + i]) dx[values + i] = given[i];
}

void grad_while(Graph *g, Node *y, Node *const *dy, const bool *want, Node **dx) {
  (void)dy, (void)want, (void)dx;
  if (g->at && g->at->line != y->loc.line) diag_note(y->loc, MSG_first_here);
  user_error(y->loc, MSG_grad_while);
}

void grad_result(Graph *g, Node *y, Node *const *dy, const bool *want, Node **dx) {
  (void)g, (void)dy, (void)want, (void)dx;
  bug("%%%d: the gradient of a control node's value goes to the node (autodiff.c)", y->id);
}
