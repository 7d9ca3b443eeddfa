/* simplify.c: rewrites nodes to cheaper equal ones: the rules of rules.def, and the structural ones that text cannot
 * say.
 *
 * Needs a verified graph; keeps dtype, shape and, without --fast, every bit (NaN payloads and the sign of a zero that
 * is a sum over one element apart). One round walks the nodes in order, operands first; a rewritten node is looked at
 * again until no rule takes it. Rounds, each with a pass_cse behind it so that equal operands are one node, follow
 * until nothing changes. Laws (after LuaJIT's fold): a rewrite keeps dtype and shape, never makes a node dearer, never
 * moves a read across an assign (SSA: there is none to move). Constants go to the right first, so rules name them there
 * only.
 *
 *   b = mul a one ; c = sub b zero ; d = reshape c [3] (of [3])    ->    a */
#include "rules.h"
#include "uniform.h"

#include <math.h>
#include <stdlib.h>

enum { ROUNDS = 16 };

typedef struct Simplify {
  Rules *rules;
  bool changed;
} Simplify;

/* ---- casts ---- */
typedef struct FloatForm {
  int mantissa, exponent; /* bits */
} FloatForm;

static FloatForm float_form(DType t) {
  if (t == DT_f64) return (FloatForm){53, 11};
  if (t == DT_f32) return (FloatForm){24, 8};
  return t == DT_f16 ? (FloatForm){11, 5} : (FloatForm){8, 8};
}

/* Does `to` hold every value of `from`? */
static bool dtype_holds(DType to, DType from) {
  if (to == from || from == DT_bool) return true;
  if (to == DT_bool) return false;
  int bits = 8 * dtype_info[from].bytes - (dtype_info[from].kind == KIND_SIGNED);
  if (dtype_is_float(to) && dtype_is_float(from)) {
    FloatForm t = float_form(to), f = float_form(from);
    return t.mantissa >= f.mantissa && t.exponent >= f.exponent;
  }
  if (dtype_is_float(to)) return float_form(to).mantissa >= bits && float_form(to).exponent >= 8;
  if (dtype_is_float(from)) return false;
  if (dtype_info[from].kind == KIND_SIGNED && dtype_info[to].kind != KIND_SIGNED) return false;
  return 8 * dtype_info[to].bytes - (dtype_info[to].kind == KIND_SIGNED) >= bits;
}

/* cast(cast(x)) loses nothing in the middle. An integer that passed through a float would saturate where the direct
 * cast wraps, so those two stay unless the integer is a bool. */
static Node *simplify_cast(Graph *to, const Node *n, Node *a) {
  if (a->dtype == n->dtype) return a;
  if (a->op != OP_cast) return NULL;
  DType from = a->in[0]->dtype;
  bool saturates = dtype_is_float(a->dtype) && !dtype_is_float(from) && !dtype_is_float(n->dtype) && from != DT_bool;
  if (!dtype_holds(a->dtype, from) || saturates) return NULL;
  return graph_cast(to, a->in[0], n->dtype);
}

static Node *simplify_bitcast(Graph *to, const Node *n, Node *a) {
  if (a->dtype == n->dtype) return a;
  return a->op == OP_bitcast ? graph_bitcast(to, a->in[0], n->dtype) : NULL;
}

/* x / 2^k = x * 2^-k, exactly, when both are normal numbers of the dtype. */
static Node *simplify_div(Graph *to, const Node *n, Node *const *in) {
  const Tensor *divisor = uniform_of(in[1]);
  double d;
  int k;
  if (!divisor || !dtype_is_float(n->dtype) || !tensor_number(divisor, &d)) return NULL;
  if (!isfinite(d) || fabs(frexp(d, &k)) != 0.5) return NULL;
  if (abs(k - 1) >= (1 << (float_form(n->dtype).exponent - 1)) - 2) return NULL;
  Node *factor = graph_full(to, n->dtype, n->shape, 1 / d, n->loc);
  return graph_op2(to, OP_mul, in[0], factor);
}

/* ---- movement that moves nothing ---- */
static bool slice_is_whole(const Node *n, const Node *a) {
  return shape_equal(n->shape, a->shape); /* equal sizes leave no room for another start or step */
}

static Node *simplify_reverse(Graph *to, const Node *n, Node *a) {
  Axes dims = {0};
  for (int i = 0; i < n->attr->axes.n; ++i)
    if (a->shape.dim[n->attr->axes.at[i]] > 1) dims.at[dims.n++] = n->attr->axes.at[i];
  if (dims.n == n->attr->axes.n) return NULL;
  return dims.n == 0 ? a : graph_reverse(to, a, dims);
}

static Node *simplify_move(Graph *to, const Node *n, Node *const *in) {
  bool same = shape_equal(n->shape, in[0]->shape);
  switch (n->op) {
  case OP_reshape:
  case OP_broadcast:
  case OP_pad: return same ? in[0] : NULL;
  case OP_slice: return slice_is_whole(n, in[0]) ? in[0] : NULL;
  case OP_concat: return n->nin == 1 ? in[0] : NULL;
  case OP_reverse: return simplify_reverse(to, n, in[0]);
  case OP_transpose:
    for (int d = 0; d < n->shape.rank; ++d)
      if (n->attr->axes.at[d] != d) return NULL;
    return in[0];
  default: return NULL;
  }
}

/* ---- reductions ---- */
static bool axes_have(Axes axes, int d) {
  for (int i = 0; i < axes.n; ++i)
    if (axes.at[i] == d) return true;
  return false;
}

/* max over `outer` of (max over `inner` of x) as one list of dimensions of x. */
static Axes axes_join(Axes inner, Axes outer, int rank) {
  Axes joined = {0};
  for (int d = 0, kept = 0; d < rank; ++d) {
    if (axes_have(inner, d) || axes_have(outer, kept)) joined.at[joined.n++] = d;
    if (!axes_have(inner, d)) ++kept;
  }
  return joined;
}

static Node *simplify_largest(Graph *to, const Node *n, Node *a) {
  if (a->op == n->op) {
    Node *x = a->in[0];
    return graph_reduce(to, n->op, x, axes_join(a->attr->axes, n->attr->axes, x->shape.rank));
  }
  if (a->op != OP_broadcast || a->in[0]->shape.rank != a->shape.rank) return NULL;
  Node *reduced = graph_reduce(to, n->op, a->in[0], n->attr->axes);
  return shape_equal(reduced->shape, n->shape) ? reduced : graph_broadcast(to, reduced, n->shape);
}

static Node *simplify_reduce(Graph *to, const Node *n, Node *a) {
  bool position = n->op == OP_argmax || n->op == OP_argmin;
  if (shape_count(n->shape) == shape_count(a->shape)) {
    if (position) return graph_full(to, n->dtype, n->shape, 0, n->loc);
    return shape_equal(a->shape, n->shape) ? a : graph_reshape(to, a, n->shape);
  }
  return n->op == OP_max || n->op == OP_min ? simplify_largest(to, n, a) : NULL;
}

/* ---- one node ---- */
static Node *structural(Graph *to, const Node *n, Node *const *in) {
  Node *folded = fold_node(to, n, in);
  if (folded) return folded;
  switch (n->op) {
  case OP_cast: return simplify_cast(to, n, in[0]);
  case OP_bitcast: return simplify_bitcast(to, n, in[0]);
  case OP_div: return simplify_div(to, n, in);
  case OP_stop_gradient: return in[0]; /* gradients are made before the passes run */
  default: break;
  }
  if (op_info[n->op].family == FAMILY_MOVE) return simplify_move(to, n, in);
  if (op_info[n->op].family == FAMILY_REDUCE) return simplify_reduce(to, n, in[0]);
  return NULL;
}

static Node *apply_rule(const Simplify *s, Graph *to, Node *n) {
  Node *binding[RULE_VARS];
  for (int i = 0; i < s->rules->by_op[n->op].n; ++i)
    if (rule_match(s->rules->by_op[n->op].at[i], n, binding))
      return rule_build(to, s->rules->by_op[n->op].at[i], binding, n);
  return NULL;
}

static Node *copy_constants_right(Simplify *s, Graph *to, const Node *n, Node *const *in) {
  if (!op_is_elementwise(n->op) || !op_commutes(n->op) || !uniform_of(in[0]) || uniform_of(in[1]))
    return graph_copy_node(to, n, in);
  Node *swapped[3] = {in[1], in[0], n->nin > 2 ? in[2] : NULL};
  s->changed = true;
  return graph_copy_node(to, n, swapped);
}

static Node *simplify(Graph *to, const Node *n, Node *const *in, void *context) {
  Simplify *s = context;
  Node *y = structural(to, n, in);
  if (y) {
    s->changed = true;
    if (!y->name && y->id == to->nodes.n - 1) y->name = n->name;
    return y;
  }
  y = copy_constants_right(s, to, n, in);
  for (Node *next; op_is_elementwise(y->op) && (next = apply_rule(s, to, y)) != NULL; y = next) {
    s->changed = true;
    if (!next->name && next->id == to->nodes.n - 1) next->name = n->name;
  }
  return y;
}

Graph *pass_simplify(Graph *g) {
  Simplify s = {.rules = rules_parse(g->arena)};
  for (int round = 0; round < ROUNDS; ++round) {
    s.changed = false;
    g = pass_cse(graph_rebuild(g, simplify, &s));
    if (!s.changed) break;
  }
  return g;
}
