/* elementwise.c: infer, gradient and value of all elementwise rows, made from elementwise.def: the value column becomes
 * a C function on doubles and one on int64_t, the gradient column a function that adds nodes.
 *
 * Invariants: operands and result have one shape (no implicit broadcasting), so gradients need no shape logic. Operands
 * have one dtype, but for where's condition. The words of the gradient column are macros at the end of this file: they
 * stand for graph builders, not for libm, whose functions of the same names the value column uses at its start. */
#include "op.h"

#include <math.h>

/* ---- values ---- */

static int64_t wrapping(uint64_t x) {
  int64_t i;
  memcpy(&i, &x, sizeof i);
  return i;
}
static double real_negate(double a) { return -a; }
static double real_add(double a, double b) { return a + b; }
static double real_subtract(double a, double b) { return a - b; }
static double real_multiply(double a, double b) { return a * b; }
static double real_divide(double a, double b) { return a / b; }
static double real_modulo(double a, double b) { return a - b * floor(a / b); }
static double real_maximum(double a, double b) { return a > b || a != a ? a : b; }
static double real_minimum(double a, double b) { return a < b || a != a ? a : b; }
static int64_t integer_negate(int64_t a) { return wrapping(0 - (uint64_t)a); }
static int64_t integer_add(int64_t a, int64_t b) { return wrapping((uint64_t)a + (uint64_t)b); }
static int64_t integer_subtract(int64_t a, int64_t b) { return wrapping((uint64_t)a - (uint64_t)b); }
static int64_t integer_multiply(int64_t a, int64_t b) { return wrapping((uint64_t)a * (uint64_t)b); }
static int64_t integer_divide(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return integer_negate(a); /* INT64_MIN / -1 has no value in C */
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
static int64_t integer_modulo(int64_t a, int64_t b) {
  return b == 0 ? 0 : integer_subtract(a, integer_multiply(b, integer_divide(a, b)));
}
static int64_t integer_maximum(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t integer_minimum(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t shift_left(DType t, int64_t a, int64_t b) {
  return b < 0 || b >= 8 * dtype_info[t].bytes ? 0 : wrapping((uint64_t)a << b);
}
static int64_t shift_right(DType t, int64_t a, int64_t b) {
  if (b < 0 || b >= 8 * dtype_info[t].bytes) return a < 0 ? -1 : 0;
  return a < 0 ? ~(~a >> b) : a >> b; /* C leaves shifts of negative numbers open */
}

#define GENERIC(name) _Generic((a), double : real_##name, default : integer_##name)
#define NEGATE(a) GENERIC(negate)(a)
#define ADD(a, b) GENERIC(add)(a, b)
#define SUBTRACT(a, b) GENERIC(subtract)(a, b)
#define MULTIPLY(a, b) GENERIC(multiply)(a, b)
#define DIVIDE(a, b) GENERIC(divide)(a, b)
#define MODULO(a, b) GENERIC(modulo)(a, b)
#define MAXIMUM(a, b) GENERIC(maximum)(a, b)
#define MINIMUM(a, b) GENERIC(minimum)(a, b)
#define SHIFT_LEFT(a, b) shift_left(t, a, b)
#define SHIFT_RIGHT(a, b) shift_right(t, a, b)
#define MULTIPLY_HIGH(a, b) wrapping((uint64_t)(a) * (uint64_t)(b) >> 32)

/* One function per row and kind of number. `t` is the dtype of operand 0, for the width of shifts. */
#define REAL(name, result, value)                                                                                      \
  static result real_##name##_row(double a, double b, double c) {                                                      \
    (void)a, (void)b, (void)c;                                                                                         \
    return value;                                                                                                      \
  }
#define INTEGER(name, value)                                                                                           \
  static int64_t integer_##name##_row(DType t, int64_t a, int64_t b, int64_t c) {                                      \
    (void)t, (void)a, (void)b, (void)c;                                                                                \
    return value;                                                                                                      \
  }
#define VALUE_F(name, value) REAL(name, double, value)
#define VALUE_N(name, value) REAL(name, double, value) INTEGER(name, value)
#define VALUE_I(name, value) INTEGER(name, value)
#define VALUE_L(name, value) INTEGER(name, value)
#define VALUE_C(name, value) REAL(name, int64_t, value) INTEGER(name, value)
#define VALUE_W(name, value) REAL(name, double, value) INTEGER(name, value)
#define VALUE_X(name, value)
#define EW1(name, domain, law, value, ga, c, llvm) VALUE_##domain(name, value)
#define EW2(name, domain, law, value, ga, gb, c, llvm) VALUE_##domain(name, value)
#define EW3(name, domain, law, value, ga, gb, gc, c, llvm) VALUE_##domain(name, value)
#include "../../ops/elementwise.def"
#undef EW1
#undef EW2
#undef EW3

typedef struct Row {
  double (*real)(double a, double b, double c);
  int64_t (*compare)(double a, double b, double c); /* floats to bool */
  int64_t (*integer)(DType t, int64_t a, int64_t b, int64_t c);
} Row;
#define ROW_F(name)                                                                                                    \
  { real_##name##_row, NULL, NULL }
#define ROW_N(name)                                                                                                    \
  { real_##name##_row, NULL, integer_##name##_row }
#define ROW_I(name)                                                                                                    \
  { NULL, NULL, integer_##name##_row }
#define ROW_L(name)                                                                                                    \
  { NULL, NULL, integer_##name##_row }
#define ROW_C(name)                                                                                                    \
  { NULL, real_##name##_row, integer_##name##_row }
#define ROW_W(name)                                                                                                    \
  { real_##name##_row, NULL, integer_##name##_row }
#define ROW_X(name)                                                                                                    \
  { NULL, NULL, NULL }
#define EW1(name, domain, law, value, ga, c, llvm) ROW_##domain(name),
#define EW2(name, domain, law, value, ga, gb, c, llvm) ROW_##domain(name),
#define EW3(name, domain, law, value, ga, gb, gc, c, llvm) ROW_##domain(name),
static const Row rows[OP_FIRST_STRUCTURAL] = {
#include "../../ops/elementwise.def"
};
#undef EW1
#undef EW2
#undef EW3

static void eval_convert(const Node *n, const Value *x, Value *y) {
  for (int64_t k = 0, count = shape_count(y->shape); k < count; ++k) {
    double f = x->f ? x->f[k] : (double)x->i[k], f_out = f;
    int64_t i = x->i ? x->i[k] : 0, i_out;
    if (n->op == OP_bitcast)
      element_of_bits(y->dtype, element_bits(x->dtype, f, i), &f_out, &i_out);
    else if (y->dtype == DT_bool)
      i_out = f != 0;
    else if (!y->f)
      i_out = x->f ? dtype_saturate(y->dtype, f) : dtype_wrap(y->dtype, i);
    if (y->f)
      y->f[k] = f_out;
    else
      y->i[k] = i_out;
  }
}

static void eval_where(const Value *c, const Value *a, const Value *b, Value *y) {
  for (int64_t k = 0, count = shape_count(y->shape); k < count; ++k) value_copy(y, k, c->i[k] ? a : b, k);
}

void eval_elementwise(const Eval *e, const Node *n, Value *y) {
  const Value *in[3] = {eval_in(e, n, 0), NULL, NULL};
  for (int i = 1; i < 3; ++i) in[i] = i < n->nin ? eval_in(e, n, i) : in[0];
  const Row *row = &rows[n->op];
  int64_t count = shape_count(y->shape);
  if (op_info[n->op].domain == 'X')
    eval_convert(n, in[0], y);
  else if (op_info[n->op].domain == 'W')
    eval_where(in[0], in[1], in[2], y);
  else if (y->f)
    for (int64_t k = 0; k < count; ++k) y->f[k] = row->real(in[0]->f[k], in[1]->f[k], in[2]->f[k]);
  else if (in[0]->f)
    for (int64_t k = 0; k < count; ++k) y->i[k] = row->compare(in[0]->f[k], in[1]->f[k], in[2]->f[k]);
  else
    for (int64_t k = 0; k < count; ++k)
      y->i[k] = dtype_wrap(y->dtype, row->integer(in[0]->dtype, in[0]->i[k], in[1]->i[k], in[2]->i[k]));
}

/* ---- infer ---- */

static const char *domain_text(char domain) {
  switch (domain) {
  case 'F': return "floats";
  case 'N': return "floats and integers";
  case 'I': return "integers";
  case 'L': return "integers and bool";
  default: return "any dtype";
  }
}

static void infer_convert(const Graph *g, Node *n) {
  const Node *a = node_in(n, 0);
  DType to = n->attr->dtype;
  if (n->op == OP_bitcast && (a->dtype == DT_bool || to == DT_bool))
    user_error(n->loc, MSG_op_dtype, "bitcast", "numbers", "bool");
  if (n->op == OP_bitcast && dtype_info[a->dtype].bytes != dtype_info[to].bytes)
    user_error(n->loc, MSG_cast_size, node_text(g->arena, a), dtype_info[to].name, dtype_info[a->dtype].bytes,
               dtype_info[to].bytes);
  n->dtype = to;
}

static void check_dtypes(const Graph *g, const Node *n, int first) {
  const Node *a = node_in(n, first);
  const char *name = op_info[n->op].name;
  for (int i = first + 1; i < n->nin; ++i) {
    const Node *b = node_in(n, i);
    if (b->dtype == a->dtype) continue;
    note_operands(g, n);
    user_error(n->loc, MSG_elementwise_dtype, name, node_text(g->arena, a), node_text(g->arena, b));
  }
  if (!op_domain_takes(op_info[n->op].domain, a->dtype))
    user_error(n->loc, MSG_op_dtype, name, domain_text(op_info[n->op].domain), dtype_info[a->dtype].name);
}

void infer_elementwise(const Graph *g, Node *n) {
  char domain = op_info[n->op].domain;
  const Node *a = node_in(n, 0);
  if (domain == 'W' && a->dtype != DT_bool)
    user_error(n->loc, MSG_op_dtype, "where", "a bool condition", dtype_info[a->dtype].name);
  if (n->op == OP_mulhi && a->dtype != DT_u32)
    user_error(n->loc, MSG_op_dtype, "mulhi", "u32", dtype_info[a->dtype].name);
  for (int i = 1; i < n->nin; ++i)
    if (!shape_equal(a->shape, node_in(n, i)->shape)) infer_shapes_differ(g, n, a, node_in(n, i));
  check_dtypes(g, n, domain == 'W' ? 1 : 0);
  n->shape = a->shape;
  n->dtype = domain == 'C' ? DT_bool : domain == 'W' ? node_in(n, 1)->dtype : a->dtype;
  if (domain == 'X') infer_convert(g, n);
}

/* ---- gradients: the words of the gradient column, over `to`, the graph, and `g`, the incoming gradient ---- */

#define NONE NULL
#define real(x) graph_like(to, g, x)
#define zero real(0)
#define one real(1)
#define two real(2)
#define half real(0.5)
#define neg(a) graph_op1(to, OP_neg, a)
#define exp(a) graph_op1(to, OP_exp, a)
#define log(a) graph_op1(to, OP_log, a)
#define sin(a) graph_op1(to, OP_sin, a)
#define cos(a) graph_op1(to, OP_cos, a)
#define floor(a) graph_op1(to, OP_floor, a)
#define sign(a) graph_op1(to, OP_sign, a)
#define add(a, b) graph_op2(to, OP_add, a, b)
#define sub(a, b) graph_op2(to, OP_sub, a, b)
#define mul(a, b) graph_op2(to, OP_mul, a, b)
#define div(a, b) graph_op2(to, OP_div, a, b)
#define pow(a, b) graph_op2(to, OP_pow, a, b)
#define eq(a, b) graph_op2(to, OP_eq, a, b)
#define lt(a, b) graph_op2(to, OP_lt, a, b)
#define le(a, b) graph_op2(to, OP_le, a, b)
#define both(a, b) graph_op2(to, OP_and, a, b)
#define where(a, b, c) graph_op3(to, OP_where, a, b, c)
#define cast_back(g, a) graph_cast(to, g, a->dtype)

#define GRADIENT(name, ga, gb, gc)                                                                                     \
  static void gradient_##name(Graph *to, Node *y, Node *g, const bool *want, Node **dx) {                              \
    Node *a = node_in(y, 0), *b = y->in[1], *c = y->in[2];                                                             \
    (void)to, (void)g, (void)a, (void)b, (void)c;                                                                      \
    if (want[0]) dx[0] = ga;                                                                                           \
    if (b && want[1]) dx[1] = gb;                                                                                      \
    if (c && want[2]) dx[2] = gc;                                                                                      \
  }
#define EW1(name, domain, law, value, ga, c, llvm) GRADIENT(name, ga, NULL, NULL)
#define EW2(name, domain, law, value, ga, gb, c, llvm) GRADIENT(name, ga, gb, NULL)
#define EW3(name, domain, law, value, ga, gb, gc, c, llvm) GRADIENT(name, ga, gb, gc)
#include "../../ops/elementwise.def"
#undef EW1
#undef EW2
#undef EW3

static Grad *const gradients[OP_FIRST_STRUCTURAL] = {
#define EW1(name, domain, law, value, ga, c, llvm) gradient_##name,
#define EW2(name, domain, law, value, ga, gb, c, llvm) gradient_##name,
#define EW3(name, domain, law, value, ga, gb, gc, c, llvm) gradient_##name,
#include "../../ops/elementwise.def"
};

void grad_elementwise(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {
  gradients[y->op](g, y, dy, want, dx);
}
