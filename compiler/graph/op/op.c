/* op.c: the table from op to its three functions, the checks that hold for every node, and the small helpers that the
 * families share. The table is made from the .def files, so a row without its functions does not link. */
#include "op.h"

const OpRules op_rules[OP_COUNT] = {
#define EW1(name, domain, law, value, ga, c, llvm) {infer_elementwise, grad_elementwise, eval_elementwise, NULL},
#define EW2(name, domain, law, value, ga, gb, c, llvm) EW1(name, domain, law, value, ga, c, llvm)
#define EW3(name, domain, law, value, ga, gb, gc, c, llvm) EW1(name, domain, law, value, ga, c, llvm)
#include "../../ops/elementwise.def"
#undef EW1
#undef EW2
#undef EW3
#define RULES_LEAF(name) {infer_##name, grad_##name, eval_##name, NULL},
#define RULES_MOVE RULES_LEAF
#define RULES_REDUCE RULES_LEAF
#define RULES_ALONG RULES_LEAF
#define RULES_DOT RULES_LEAF
#define RULES_INDEX RULES_LEAF
#define RULES_EFFECT RULES_LEAF
#define RULES_CONTROL(name) {infer_##name, NULL, eval_##name, grad_##name},
#define OP(name, family, operands, attributes, law) RULES_##family(name)
#include "../../ops/ops.def"
#undef OP
};

/* The gradient columns as text: "NONE" says that no gradient passes to that operand. */
static const char *const gradient_text[OP_FIRST_STRUCTURAL][3] = {
#define EW1(name, domain, law, value, ga, c, llvm) {#ga, "NONE", "NONE"},
#define EW2(name, domain, law, value, ga, gb, c, llvm) {#ga, #gb, "NONE"},
#define EW3(name, domain, law, value, ga, gb, gc, c, llvm) {#ga, #gb, #gc},
#include "../../ops/elementwise.def"
#undef EW1
#undef EW2
#undef EW3
};

bool op_differentiable(const Node *n, int operand) {
  if (!dtype_is_float(n->dtype) || !dtype_is_float(node_in(n, operand)->dtype)) return false;
  if (op_is_elementwise(n->op)) return strcmp(gradient_text[n->op][operand], "NONE") != 0;
  return n->op != OP_stop_gradient;
}

bool node_depends(const Node *n, const bool *reached, bool differentiable) {
  if (n->op == OP_result) { /* control nodes are marked when any value may depend: ask which */
    const Node *c = node_in(n, 0);
    if (!reached[c->id] || (differentiable && !dtype_is_float(n->dtype))) return false;
    Arena *own = arena_new();
    bool *of = NEW_N(own, bool, c->nin + 1), *values = NEW_N(own, bool, control_values(c) + 1);
    for (int i = 0; i < c->nin; ++i) of[i] = reached[node_in(c, i)->id];
    control_depends(c, of, differentiable, values);
    bool depends = values[n->attr->dim];
    arena_free(own);
    return depends;
  }
  for (int i = 0; i < n->nin; ++i)
    if (reached[node_in(n, i)->id] && (!differentiable || op_is_control(n->op) || op_differentiable(n, i))) return true;
  return false;
}

static void check_shape(const Graph *g, const Node *n) {
  const char *name = op_info[n->op].name;
  double count = 1;
  if (n->shape.rank < 0 || n->shape.rank > RANK_MAX) bug("%s: rank %d", name, n->shape.rank);
  for (int d = 0; d < n->shape.rank; ++d) {
    if (n->shape.dim[d] < 1) user_error(n->loc, MSG_shape_dim, name, shape_text(g->arena, n->shape));
    count *= (double)n->shape.dim[d];
  }
  if (count > 0x1p40) user_error(n->loc, MSG_shape_large, name, shape_text(g->arena, n->shape));
}

void infer_node(const Graph *g, Node *n) {
  const OpInfo *info = &op_info[n->op];
  if (info->operands >= 0 && n->nin != info->operands) bug("%s: %d operands", info->name, n->nin);
  op_rules[n->op].infer(g, n);
  check_shape(g, n);
}

Shape attr_shape(const Attr *attr) {
  Shape s = {.rank = attr->rank};
  if (s.rank < 0 || s.rank > RANK_MAX) bug("a shape of rank %d", s.rank);
  for (int d = 0; d < s.rank; ++d) s.dim[d] = attr->high[d];
  return s;
}

bool axes_has(const Axes *axes, int dim) {
  for (int k = 0; k < axes->n; ++k)
    if (axes->at[k] == dim) return true;
  return false;
}

Axes axes_without(int rank, const Axes *axes) {
  Axes rest = {0};
  for (int d = 0; d < rank; ++d)
    if (!axes_has(axes, d)) rest.at[rest.n++] = d;
  return rest;
}

void infer_axes(const Graph *g, const Node *n, const Node *a, const Axes *axes) {
  const char *name = op_info[n->op].name;
  if (axes->n < 0 || axes->n > RANK_MAX) bug("%s: a list of %d dimensions", name, axes->n);
  for (int k = 0; k < axes->n; ++k) {
    Axes before = {.n = k};
    memcpy(before.at, axes->at, sizeof before.at);
    if (axes->at[k] < 0 || axes->at[k] >= a->shape.rank) {
      note_operands(g, n);
      user_error(n->loc, MSG_axis_range, name, axes->at[k] + 1, node_text(g->arena, a));
    }
    if (axes_has(&before, axes->at[k]))
      user_error(n->loc, MSG_axis_twice, name, axes->at[k] + 1, node_text(g->arena, a));
  }
}

void note_operands(const Graph *g, const Node *n) {
  for (int i = 0; i < n->nin && i < 4; ++i) {
    const Node *x = node_in(n, i);
    bool same_line = x->loc.file && n->loc.file && x->loc.line == n->loc.line && !strcmp(x->loc.file, n->loc.file);
    if (x->loc.file && !same_line) diag_note(x->loc, MSG_made_here, node_text(g->arena, x));
  }
}

_Noreturn void infer_shapes_differ(const Graph *g, const Node *n, const Node *a, const Node *b) {
  note_operands(g, n);
  user_error(n->loc, MSG_elementwise_shape, op_info[n->op].name, node_text(g->arena, a), node_text(g->arena, b));
}

Node *reshape_if(Graph *g, Node *n, Shape shape) {
  return shape_equal(n->shape, shape) ? n : graph_reshape(g, n, shape);
}

Node *transpose_if(Graph *g, Node *n, Axes permutation) {
  for (int d = 0; d < permutation.n; ++d)
    if (permutation.at[d] != d) return graph_transpose(g, n, permutation);
  return n;
}
