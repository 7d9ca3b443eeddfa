/* autodiff.c: reverse mode on the graph (MIDDLE.md section 4). graph_gradient walks the nodes between xs and y once,
 * from y backwards, and adds the nodes of each primitive's rule (grad_<op>). The result is ordinary graph, so a
 * gradient of a gradient is the same walk again.
 *
 * Laws: only nodes on a differentiable path from an x to y get anything (frozen weights cost nothing). Contributions to
 * a node are summed by a left fold in descending order of the consumer's number, which is the order in which the walk
 * meets them; numbers are order of creation, so the fold is the same after any pass that only removes nodes. Slices of
 * one node that cover it side by side become one concat instead of sums of padded pieces. What is added carries the
 * line of the node whose derivative it is. The gradients of a control node's values meet at the node, whose rule gets
 * them together (op/scan.c, op/branch.c). */
#include "../op/op.h"

/* One consumer's share of a node's gradient; slices are not padded until it is known that they must be. */
typedef struct Share {
  Node *gradient;
  Node *slice; /* the OP_slice node that consumed it, or NULL: `gradient` has the node's shape */
} Share;
typedef VEC(Share) Shares;

typedef struct Walking {
  Graph *g;
  int ny;         /* nodes above the last y do not matter */
  bool *reached;  /* depends on some x by a differentiable path */
  Shares *shares; /* by node id */
  Node ***dys;    /* by id of a control node: the gradient of each of its values; NULL: none has one */
} Walking;

static void mark_reached(Walking *w, int n, Node *const *xs) {
  for (int k = 0; k < n; ++k)
    if (xs[k]->id <= w->ny) w->reached[xs[k]->id] = true;
  for (int id = 0; id <= w->ny; ++id)
    if (!w->reached[id]) w->reached[id] = node_depends(w->g->nodes.at[id], w->reached, true);
}

bool graph_reaches(const Graph *g, const Node *x, const Node *y) {
  Arena *own = arena_new();
  bool *reached = NEW_N(own, bool, y->id + 1);
  for (int id = 0; id <= y->id; ++id)
    reached[id] = g->nodes.at[id] == x || node_depends(g->nodes.at[id], reached, true);
  bool found = reached[y->id];
  arena_free(own);
  return found;
}

static Node *padded(Graph *g, Share s) {
  Node *dx = NULL;
  if (!s.slice) return s.gradient;
  op_rules[OP_slice].grad(g, s.slice, s.gradient, &(bool){true}, &dx);
  return dx;
}

/* The dimension along which a slice takes a part of x (steps of 1), or -1 when it cuts more than one, or none. */
static int cut_dim(const Node *slice) {
  int dim = -1;
  const Shape *s = &node_in(slice, 0)->shape;
  for (int d = 0; d < s->rank; ++d) {
    if (slice->attr->step[d] != 1 && slice->shape.dim[d] > 1) return -1;
    if (slice->shape.dim[d] == s->dim[d]) continue;
    if (dim >= 0) return -1;
    dim = d;
  }
  return dim;
}

/* The one dimension that all shares cut, or -1. */
static int common_cut(const Shares *shares) {
  int dim = -1;
  for (int k = 0; k < shares->n; ++k) {
    int cut = shares->at[k].slice ? cut_dim(shares->at[k].slice) : -1;
    if (cut < 0 || (k > 0 && cut != dim)) return -1;
    dim = cut;
  }
  return dim;
}

/* All shares side by side along one dimension, each element once: their concat; else NULL. */
static Node *joined(Graph *g, const Node *x, const Shares *shares) {
  int dim = shares->n > 1 ? common_cut(shares) : -1;
  if (dim < 0) return NULL;
  Node **parts = NEW_N(g->arena, Node *, shares->n);
  int64_t next = 0;
  for (int found = 0; found < shares->n; ++found) {
    int k = 0;
    while (k < shares->n && shares->at[k].slice->attr->low[dim] != next) ++k;
    if (k == shares->n) return NULL;
    parts[found] = shares->at[k].gradient;
    next += parts[found]->shape.dim[dim];
  }
  return next == x->shape.dim[dim] ? graph_concat(g, shares->n, parts, dim) : NULL;
}

static Node *folded(Graph *g, const Node *x, const Shares *shares) {
  if (shares->n == 0) return NULL;
  Node *sum = joined(g, x, shares);
  if (sum) return sum;
  sum = padded(g, shares->at[0]);
  for (int k = 1; k < shares->n; ++k) sum = graph_op2(g, OP_add, sum, padded(g, shares->at[k]));
  return sum;
}

/* The gradient of one value of a control node waits there for the others. */
static void hand_over(Walking *w, Node *result, Node *dy) {
  Node *c = node_in(result, 0), ***dys = &w->dys[c->id];
  if (!*dys) *dys = NEW_N(w->g->arena, Node *, control_values(c) + 1);
  Node **sum = &(*dys)[result->attr->dim];
  *sum = *sum ? graph_op2(w->g, OP_add, *sum, dy) : dy;
}

static void spread_control(Walking *w, Node *c, Node *const *dys) {
  bool *want = NEW_N(w->g->arena, bool, c->nin + 1);
  Node **dx = NEW_N(w->g->arena, Node *, c->nin + 1);
  for (int i = 0; i < c->nin; ++i) {
    const Node *x = node_in(c, i);
    bool argument = c->op != OP_custom || (i >= c->attr->carries && i < c->attr->carries + c->attr->rows);
    want[i] = w->reached[x->id] && dtype_is_float(x->dtype) && argument;
  }
  op_rules[c->op].control(w->g, c, dys, want, dx);
  for (int i = 0; i < c->nin; ++i)
    if (want[i] && dx[i]) vec_push(w->g->arena, w->shares[node_in(c, i)->id], ((Share){dx[i], NULL}));
}

/* The rule of node y, given its whole gradient: one more share for each operand on the way. */
static void spread(Walking *w, Node *y, Node *dy) {
  if (y->op == OP_result) {
    hand_over(w, y, dy);
    return;
  }
  Arena *arena = w->g->arena;
  bool few_want[3] = {false, false, false}, *want = y->nin > 3 ? NEW_N(arena, bool, y->nin) : few_want;
  Node *few[3] = {NULL, NULL, NULL}, **dx = y->nin > 3 ? NEW_N(arena, Node *, y->nin) : few;
  bool any = false;
  for (int i = 0; i < y->nin; ++i) any |= want[i] = w->reached[node_in(y, i)->id] && op_differentiable(y, i);
  if (!any) return;
  if (y->op == OP_slice) {
    vec_push(arena, w->shares[node_in(y, 0)->id], ((Share){dy, y}));
    return;
  }
  op_rules[y->op].grad(w->g, y, dy, want, dx);
  for (int i = 0; i < y->nin; ++i)
    if (want[i] && dx[i]) vec_push(arena, w->shares[node_in(y, i)->id], ((Share){dx[i], NULL}));
}

static void check(const Graph *g, const Node *y, const Node *cotangent, int n, Node *const *xs, Loc loc) {
  if (!dtype_is_float(y->dtype)) user_error(loc, MSG_grad_float, dtype_info[y->dtype].name, node_text(g->arena, y));
  if (!cotangent && shape_count(y->shape) != 1) {
    diag_note(y->loc, MSG_made_here, node_text(g->arena, y));
    user_error(loc, MSG_grad_scalar, node_text(g->arena, y));
  }
  if (cotangent && (cotangent->dtype != y->dtype || !shape_equal(cotangent->shape, y->shape)))
    user_error(loc, MSG_grad_cotangent, node_text(g->arena, y), node_text(g->arena, cotangent));
  for (int k = 0; k < n; ++k)
    if (!dtype_is_float(xs[k]->dtype))
      user_error(loc, MSG_grad_float, dtype_info[xs[k]->dtype].name, node_text(g->arena, xs[k]));
}

static void record(Graph *g, Node *y, Node *cotangent, int n, Node *const *xs, Node **gradients, Loc loc) {
  Asked asked = {.y = y, .cotangent = cotangent, .n = n, .loc = loc};
  asked.xs = NEW_N(g->arena, Node *, n + 1);
  asked.gradients = NEW_N(g->arena, Node *, n + 1);
  for (int k = 0; k < n; ++k) {
    asked.xs[k] = xs[k];
    asked.gradients[k] = gradients[k];
  }
  vec_push(g->arena, g->asked, asked);
}

/* What emitted code calls it: "grad_relu", "grad_1.weight". Nodes that were there before keep what they are called. */
static void entitle(const Walking *w, const Node *x, Node *dx) {
  if (dx->id > w->ny && !dx->name) dx->name = arena_printf(w->g->arena, "grad_%s", node_title(w->g->arena, x));
}

void graph_gradients(Graph *g, int ny, Node *const *ys, Node *const *cotangents, int n, Node *const *xs,
                     Node **gradients) {
  const Loc *outer = g->at;
  Walking w = {.g = g, .ny = -1};
  for (int k = 0; k < ny; ++k)
    if (ys[k]->id > w.ny) w.ny = ys[k]->id;
  w.reached = NEW_N(g->arena, bool, w.ny + 2);
  w.shares = (Shares *)arena_alloc(g->arena, sizeof(Shares) * (size_t)(w.ny + 2));
  w.dys = NEW_N(g->arena, Node **, w.ny + 2);
  Node **whole = NEW_N(g->arena, Node *, w.ny + 2);
  mark_reached(&w, n, xs);
  for (int k = 0; k < ny; ++k)
    if (w.reached[ys[k]->id]) vec_push(g->arena, w.shares[ys[k]->id], ((Share){cotangents[k], NULL}));
  for (int id = w.ny; id >= 0; --id) {
    Node *node = g->nodes.at[id];
    Loc line = node->loc;
    g->at = &line;
    whole[id] = folded(g, node, &w.shares[id]);
    if (whole[id]) entitle(&w, node, whole[id]), spread(&w, node, whole[id]);
    if (w.dys[id]) spread_control(&w, node, w.dys[id]);
  }
  g->at = outer;
  for (int k = 0; k < n; ++k) gradients[k] = xs[k]->id <= w.ny ? whole[xs[k]->id] : NULL;
}

void graph_gradient(Graph *g, Node *y, Node *cotangent, int n, Node *const *xs, Node **gradients) {
  Loc loc = g->at ? *g->at : y->loc;
  check(g, y, cotangent, n, xs, loc);
  Node *dy = cotangent ? cotangent : graph_like(g, y, 1);
  graph_gradients(g, 1, &y, &dy, n, xs, gradients);
  record(g, y, cotangent, n, xs, gradients, loc);
}
