/* effect.c: assign and stop_gradient: the value goes through unchanged; what differs is what else it means.
 *
 * assign gives its state a new version. A later read in the model is this node (SSA), so gradients flow through it as
 * through any identity; the last assign of each state is stored when the function ends (Graph.assigns). stop_gradient
 * is not differentiable in its operand (op_differentiable), so autodiff never asks for its gradient. again keeps what a
 * checkpoint computes a second time apart from the first: its place is a number of its own, and no pass removes it. The
 * programs that nnc makes run as one process, where the mean over processes is the value. */
#include "op.h"

void infer_assign(const Graph *g, Node *n) {
  const Node *a = node_in(n, 0);
  const State *s = n->attr->state;
  if (!s) bug("assign: no State");
  n->dtype = a->dtype;
  n->shape = a->shape;
  if (s->dtype == a->dtype && shape_equal(s->shape, a->shape)) return;
  note_operands(g, n);
  user_error(n->loc, MSG_assign_shape, s->name, dtype_info[s->dtype].name, shape_text(g->arena, s->shape),
             dtype_info[a->dtype].name, shape_text(g->arena, a->shape));
}

void grad_assign(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  (void)g, (void)y;
  if (want[0]) dx[0] = dy;
}

void eval_assign(const Eval *e, const Node *n, Value *y) { *y = *eval_in(e, n, 0); }

static void infer_same(Node *n) {
  n->dtype = node_in(n, 0)->dtype;
  n->shape = node_in(n, 0)->shape;
}

void infer_stop_gradient(const Graph *g, Node *n) {
  (void)g;
  infer_same(n);
}

void grad_stop_gradient(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  (void)g, (void)y, (void)dy, (void)want, (void)dx;
}

void eval_stop_gradient(const Eval *e, const Node *n, Value *y) { *y = *eval_in(e, n, 0); }

void infer_again(const Graph *g, Node *n) {
  (void)g;
  infer_same(n);
}

void grad_again(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) { grad_assign(g, y, dy, want, dx); }
void eval_again(const Eval *e, const Node *n, Value *y) { *y = *eval_in(e, n, 0); }

void infer_all_mean(const Graph *g, Node *n) {
  (void)g;
  infer_same(n);
}

void grad_all_mean(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  if (want[0]) dx[0] = graph_op1(g, y->op, dy);
}

void eval_all_mean(const Eval *e, const Node *n, Value *y) { *y = *eval_in(e, n, 0); }
