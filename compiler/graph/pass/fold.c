/* fold.c: evaluates nodes whose operands are constants, and brings constants into one form.
 *
 * Needs and keeps a verified graph. Only ops whose result IEEE 754 or integer arithmetic determines are evaluated: the
 * host's exp, log and sin differ from ours (math.ir), sums of floats have an order that lowering fixes, and fma, mod
 * and pow round inside. So folding never changes a bit. The evaluator does the arithmetic, rounding at every node (f64
 * arithmetic and one rounding to f32, f16 or bf16 is exact for + - * / sqrt). States and inputs are never constants.
 *
 * Form: a constant with equal elements becomes `const []`, broadcast; `full(2) * full(3)` then costs one multiplication
 * of scalars here, whatever its shape. Other constants are evaluated up to FOLD_MAX elements and never grow.
 *
 *   a = const 2 f32 [] ; b = broadcast a [3] ; c = mul b b [3]    ->    c = broadcast(const 4) [3] */
#include "uniform.h"

#include <math.h>

/* ---- what may be evaluated ---- */
static bool float_op_is_exact(Op op) {
  switch (op) {
  case OP_neg:
  case OP_abs:
  case OP_sign:
  case OP_sqrt:
  case OP_floor:
  case OP_add:
  case OP_sub:
  case OP_mul:
  case OP_div:
  case OP_maximum:
  case OP_minimum:
  case OP_lt:
  case OP_le:
  case OP_eq:
  case OP_where:
  case OP_bitcast: return true;
  default: return false;
  }
}

/* Casts that round twice on some way (f64 to f16 through f32, i64 to f32 through f64) fold when they round nothing. */
static bool cast_is_exact(const Node *n, const Node *a) {
  DType from = a->dtype, to = n->dtype;
  bool twice = ((to == DT_f16 || to == DT_bf16) && from != DT_f32) || (from == DT_i64 && to == DT_f32);
  if (!twice) return true;
  const Tensor *value = uniform_of(a);
  double x, limit = to == DT_bf16 ? 256 : 2048;
  return value && tensor_number(value, &x) && x == floor(x) && fabs(x) <= limit;
}

static bool op_is_exact(const Node *n, Node *const *in) {
  if (n->op == OP_cast) return cast_is_exact(n, in[0]);
  DType t = n->op == OP_where ? n->dtype : in[0]->dtype;
  return !dtype_is_float(t) || float_op_is_exact(n->op);
}

/* A constant whose elements are there one by one. */
static const Tensor *tensor_of(const Node *n) { return n->op == OP_const ? n->attr->value : NULL; }

/* ---- evaluation of one node on constants, by the evaluator ---- */
static const Tensor *evaluate(Arena *arena, const Node *n, int nin, const Tensor *const *in) {
  Graph *g = graph_new(arena, "fold");
  Node *operand[3], *y;
  for (int i = 0; i < nin; ++i) operand[i] = graph_const_tensor(g, in[i], n->loc);
  if (n->op == OP_cast)
    y = graph_cast(g, operand[0], n->dtype);
  else if (n->op == OP_bitcast)
    y = graph_bitcast(g, operand[0], n->dtype);
  else
    y = graph_add(g, n->op, nin, operand, n->attr, n->loc);
  Env env = {.arena = arena, .round = true};
  Value **values = graph_eval(g, &env);
  return tensor_of_value(arena, values[y->id]);
}

static bool all_uniform(int nin, Node *const *in, const Tensor **value) {
  for (int i = 0; i < nin; ++i)
    if ((value[i] = uniform_of(in[i])) == NULL) return false;
  return true;
}

/* `value` spread over `shape`, element by element. */
static const Tensor *tensor_spread(Arena *arena, const Tensor *value, Shape shape) {
  Tensor *t = tensor_new(arena, value->dtype, shape);
  size_t bytes = (size_t)dtype_info[t->dtype].bytes;
  for (int64_t i = 0; i < shape_count(shape); ++i) memcpy((char *)t->data + (size_t)i * bytes, value->data, bytes);
  return t;
}

static Node *fold_elementwise(Graph *to, const Node *n, Node *const *in) {
  const Tensor *value[3];
  if (!op_is_exact(n, in)) return NULL;
  if (all_uniform(n->nin, in, value)) {
    for (int i = 0; i < n->nin; ++i) value[i] = tensor_first(to->arena, value[i]);
    return uniform_node(to, evaluate(to->arena, n, n->nin, value), n->shape, n->loc);
  }
  if (shape_count(n->shape) > FOLD_MAX) return NULL;
  for (int i = 0; i < n->nin; ++i)
    if (!tensor_of(in[i]) && !uniform_of(in[i])) return NULL;
  for (int i = 0; i < n->nin; ++i)
    value[i] = tensor_of(in[i]) ? tensor_of(in[i]) : tensor_spread(to->arena, uniform_of(in[i]), n->shape);
  return graph_const_tensor(to, evaluate(to->arena, n, n->nin, value), n->loc);
}

/* ---- movement: of a uniform constant it only changes the shape ---- */
static bool fill_is(DType dtype, double fill, const Tensor *scalar) {
  double x;
  if (!tensor_number(scalar, &x) || !dtype_is_float(dtype)) return tensor_is_number(scalar, fill);
  return (isnan(x) && isnan(fill)) || tensor_is_number(scalar, fill);
}

static bool concat_is_uniform(const Node *n, Node *const *in) {
  const Tensor *first = uniform_of(in[0]);
  for (int i = 1; first && i < n->nin; ++i) {
    const Tensor *next = uniform_of(in[i]);
    if (!next || memcmp(first->data, next->data, (size_t)dtype_info[n->dtype].bytes) != 0) return false;
  }
  return first != NULL;
}

static Node *fold_move(Graph *to, const Node *n, Node *const *in) {
  if (n->op == OP_unwindow) return NULL; /* a sum */
  const Tensor *value = uniform_of(in[0]);
  if (n->op == OP_concat) return concat_is_uniform(n, in) ? uniform_node(to, value, n->shape, n->loc) : NULL;
  if (value) {
    if (n->op == OP_broadcast && in[0]->op == OP_const && in[0]->shape.rank == 0) return NULL; /* already so */
    if (n->op == OP_pad && !fill_is(n->dtype, n->attr->fill, value)) return NULL;
    return uniform_node(to, value, n->shape, n->loc);
  }
  value = tensor_of(in[0]);
  bool grows = n->op == OP_pad || n->op == OP_broadcast || n->op == OP_window;
  if (!value || grows || shape_count(value->shape) > FOLD_MAX) return NULL;
  return graph_const_tensor(to, evaluate(to->arena, n, 1, &value), n->loc);
}

/* ---- reductions ---- */
/* n equal floats add up exactly in any order when every multiple of x up to n * x is representable. */
static bool sum_is_exact(DType dtype, double x, double n) {
  int exponent, bits = dtype == DT_f64 ? 53 : dtype == DT_f16 ? 11 : dtype == DT_bf16 ? 8 : 24;
  if (x == 0) return !signbit(x);
  if (!isfinite(x)) return false;
  double mantissa = fabs(frexp(x, &exponent)); /* in [0.5, 1) */
  while (mantissa != floor(mantissa)) mantissa *= 2;
  double high = fabs(x) * n;
  return mantissa * n <= ldexp(1, bits) && high < (dtype == DT_f16 ? 65504 : 1e38) && fabs(x) > 1e-4;
}

static Node *fold_uniform_reduce(Graph *to, const Node *n, const Node *a, const Tensor *value) {
  double x, count = (double)(shape_count(a->shape) / shape_count(n->shape));
  switch (n->op) {
  case OP_max:
  case OP_min: return uniform_node(to, value, n->shape, n->loc);
  case OP_argmax:
  case OP_argmin: return graph_full(to, n->dtype, n->shape, 0, n->loc);
  case OP_prod: return tensor_is_number(value, 1) ? uniform_node(to, value, n->shape, n->loc) : NULL;
  default: break;
  }
  if (!tensor_number(value, &x)) return NULL;
  if (dtype_is_float(n->dtype) ? !sum_is_exact(n->dtype, x, count) : fabs(x * count) >= 0x1p31) return NULL;
  if (dtype_info[n->dtype].bytes == 1 && x * count > 255) return NULL;
  return graph_full(to, n->dtype, n->shape, x * count, n->loc);
}

static Node *fold_reduce(Graph *to, const Node *n, Node *const *in) {
  const Tensor *value = uniform_of(in[0]);
  if (value) return fold_uniform_reduce(to, n, in[0], value);
  value = tensor_of(in[0]);
  bool ordered = (n->op == OP_sum || n->op == OP_prod) && dtype_is_float(n->dtype);
  if (!value || ordered || shape_count(value->shape) > FOLD_MAX) return NULL;
  return graph_const_tensor(to, evaluate(to->arena, n, 1, &value), n->loc);
}

/* ---- along a dimension ---- */
/* A dimension of 1 is its own sum, but for the sign of a zero, and is in order. */
static Node *fold_along(Graph *to, const Node *n, Node *const *in) {
  if (n->shape.dim[n->attr->dim] == 1)
    return n->op == OP_cumsum ? in[0] : graph_full(to, n->dtype, n->shape, 0, n->loc);
  const Tensor *value = tensor_of(in[0]);
  bool ordered = n->op == OP_cumsum && dtype_is_float(n->dtype);
  if (!value || ordered || shape_count(value->shape) > FOLD_MAX) return NULL;
  return graph_const_tensor(to, evaluate(to->arena, n, 1, &value), n->loc);
}

static Node *fold_leaf(Graph *to, const Node *n) {
  if (n->op == OP_iota && n->shape.dim[0] == 1) return graph_full(to, n->dtype, n->shape, 0, n->loc);
  if (n->op != OP_const || n->shape.rank == 0) return NULL;
  const Tensor *value = n->attr->value;
  size_t bytes = (size_t)dtype_info[n->dtype].bytes;
  for (int64_t i = 1; i < shape_count(n->shape); ++i)
    if (memcmp(value->data, (const char *)value->data + (size_t)i * bytes, bytes) != 0) return NULL;
  return uniform_node(to, value, n->shape, n->loc);
}

Node *fold_node(Graph *to, const Node *n, Node *const *in) {
  switch (op_info[n->op].family) {
  case FAMILY_ELEMENTWISE: return fold_elementwise(to, n, in);
  case FAMILY_LEAF: return fold_leaf(to, n);
  case FAMILY_MOVE: return fold_move(to, n, in);
  case FAMILY_REDUCE: return fold_reduce(to, n, in);
  case FAMILY_ALONG: return fold_along(to, n, in);
  case FAMILY_INDEX:
    return n->op == OP_gather && uniform_of(in[0]) ? uniform_node(to, uniform_of(in[0]), n->shape, n->loc) : NULL;
  default: return NULL;
  }
}

static Node *fold(Graph *to, const Node *n, Node *const *in, void *context) {
  (void)context;
  Node *folded = fold_node(to, n, in);
  return folded ? folded : graph_copy_node(to, n, in);
}

Graph *pass_fold(Graph *g) { return graph_rebuild(g, fold, NULL); }
