/* test_elementwise.c: every row of elementwise.def: its value against a formula of its own (long double, or by hand for
 * integers), first and second derivative against central differences, for odd, unit and rank-0 shapes; and the laws at
 * points where a difference says nothing: ties, zeros, NaN. A row that no table below covers fails. */
#include "harness.h"

/* ---- floats: a formula for each row, and where its operands are taken from ---- */

typedef struct Real {
  Op op;
  double low[3], high[3];
  long double (*formula)(long double a, long double b, long double c);
  bool steps; /* piecewise constant: no gradient at all */
} Real;

#define FORMULA(name, expression)                                                                                      \
  static long double real_##name(long double a, long double b, long double c) {                                        \
    (void)a, (void)b, (void)c;                                                                                         \
    return expression;                                                                                                 \
  }
FORMULA(neg, 0 - a)
FORMULA(abs, sqrtl(a *a))
FORMULA(sign, a / sqrtl(a * a))
FORMULA(sqrt, expl(0.5L * logl(a)))
FORMULA(rsqrt, expl(-0.5L * logl(a)))
FORMULA(exp, powl(2.718281828459045235360287471352662498L, a))
FORMULA(expm1, 2 * sinhl(a / 2) * expl(a / 2))
FORMULA(log, 2 * atanhl((a - 1) / (a + 1)))
FORMULA(log1p, 2 * atanhl(a / (a + 2)))
FORMULA(sin, cosl(a - 1.570796326794896619231321691639751442L))
FORMULA(cos, 1 - 2 * sinl(a / 2) * sinl(a / 2))
FORMULA(tanh, 1 - 2 / (expl(2 * a) + 1))
FORMULA(floor, a - fmodl(a, 1) - (a < 0 ? 1 : 0))
FORMULA(add, a + b)
FORMULA(sub, a - b)
FORMULA(mul, a *b)
FORMULA(div, a / b)
FORMULA(mod, fmodl(a, b) + (fmodl(a, b) < 0 ? b : 0))
FORMULA(pow, expl(b *logl(a)))
FORMULA(maximum, (a + b + fabsl(a - b)) / 2)
FORMULA(minimum, (a + b - fabsl(a - b)) / 2)
FORMULA(fma, a *b + c)

/* Abramowitz and Stegun 7.1.6: 2/sqrt(pi) exp(-a^2) sum of 2^n a^(2n+1) / (1 * 3 * … * (2n + 1)) */
static long double real_erf(long double a, long double b, long double c) {
  (void)b, (void)c;
  long double term = a, sum = 0;
  for (int n = 1; n < 80; ++n) {
    sum += term;
    term *= 2 * a * a / (2 * n + 1);
  }
  return 1.128379167095512573896158903121545172L * expl(-a * a) * sum;
}

static const Real reals[] = {
    {OP_neg, {-2}, {2}, real_neg, false},
    {OP_abs, {-2}, {2}, real_abs, false},
    {OP_sign, {-2}, {2}, real_sign, true},
    {OP_sqrt, {0.3}, {3}, real_sqrt, false},
    {OP_rsqrt, {0.3}, {3}, real_rsqrt, false},
    {OP_exp, {-2}, {2}, real_exp, false},
    {OP_expm1, {-2}, {2}, real_expm1, false},
    {OP_log, {0.3}, {3}, real_log, false},
    {OP_log1p, {-0.6}, {2}, real_log1p, false},
    {OP_sin, {-4}, {4}, real_sin, false},
    {OP_cos, {-4}, {4}, real_cos, false},
    {OP_tanh, {-2}, {2}, real_tanh, false},
    {OP_erf, {-2}, {2}, real_erf, false},
    {OP_floor, {-3}, {3}, real_floor, true},
    {OP_add, {-2, -2}, {2, 2}, real_add, false},
    {OP_sub, {-2, -2}, {2, 2}, real_sub, false},
    {OP_mul, {-2, -2}, {2, 2}, real_mul, false},
    {OP_div, {-2, 0.5}, {2, 2}, real_div, false},
    {OP_mod, {-3, 0.7}, {3, 1.3}, real_mod, false},
    {OP_pow, {0.4, -2}, {2, 2}, real_pow, false},
    {OP_maximum, {-2, -2}, {2, 2}, real_maximum, false},
    {OP_minimum, {-2, -2}, {2, 2}, real_minimum, false},
    {OP_fma, {-2, -2, -2}, {2, 2, 2}, real_fma, false},
};
enum { REALS = sizeof reals / sizeof *reals };

/* Not within reach of a kink, where differences are wrong. */
static bool smooth(Op op, double a, double b) {
  double q = op == OP_mod ? a / b : a;
  switch (op) {
  case OP_abs:
  case OP_sign: return fabs(a) > 0.05;
  case OP_floor:
  case OP_mod: return fabs(q - round(q)) > 0.05;
  case OP_maximum:
  case OP_minimum: return fabs(a - b) > 0.05;
  default: return true;
  }
}

static void draw(Trial *t, const Real *r) {
  for (int64_t i = 0; i < shape_count(t->x[0]->shape); ++i) {
    double at[3] = {0, 0, 0};
    do {
      for (int k = 0; k < t->nx; ++k) at[k] = random_in(r->low[k], r->high[k]);
    } while (!smooth(r->op, at[0], at[1]));
    for (int k = 0; k < t->nx; ++k) t->value[k]->f[i] = at[k];
  }
}

static void check_real(const Real *r, Shape shape) {
  Trial t;
  int nx = op_info[r->op].operands;
  trial_begin(&t, op_info[r->op].name, nx, (Shape[]){shape, shape, shape});
  draw(&t, r);
  t.y = graph_add(t.g, r->op, nx, t.x, NULL, (Loc){0});
  Value *y = trial_eval(&t, t.arena)[t.y->id];
  for (int64_t i = 0; i < shape_count(shape); ++i) {
    double at[3] = {0, 0, 0};
    for (int k = 0; k < nx; ++k) at[k] = t.value[k]->f[i];
    check_close(&t, "value", y->f[i], (double)r->formula(at[0], at[1], at[2]), 1e-14);
  }
  int with_gradient = check_derivatives(&t);
  assert_int_equal(with_gradient, r->steps ? 0 : nx);
  trial_end(&t);
}

static const Shape shapes[] = {{2, {3, 5}}, {3, {1, 4, 1}}, {0, {0}}};

static void test_reals(void **state) {
  (void)state;
  for (int k = 0; k < REALS; ++k)
    for (int s = 0; s < 3; ++s) check_real(&reals[k], shapes[s]);
}

/* ---- integers, bool and comparisons: results by hand ---- */

typedef struct Whole {
  Op op;
  DType dtype;
  int64_t a, b, y;
} Whole;

static const Whole wholes[] = {
    {OP_neg, DT_i32, 5, 0, -5},
    {OP_neg, DT_i32, INT32_MIN, 0, INT32_MIN},
    {OP_neg, DT_u8, 1, 0, 255},
    {OP_abs, DT_i32, -7, 0, 7},
    {OP_sign, DT_i32, -7, 0, -1},
    {OP_add, DT_i32, INT32_MAX, 1, INT32_MIN},
    {OP_add, DT_u8, 250, 10, 4},
    {OP_add, DT_i64, INT64_MAX, 1, INT64_MIN},
    {OP_sub, DT_u32, 0, 1, 4294967295},
    {OP_mul, DT_i32, 65536, 65536, 0},
    {OP_mul, DT_i64, INT64_MIN, -1, INT64_MIN},
    {OP_mul, DT_u32, 4294967295, 4294967295, 1},
    {OP_div, DT_i32, -7, 2, -4},
    {OP_div, DT_i32, 7, -2, -4},
    {OP_div, DT_i32, -8, 2, -4},
    {OP_div, DT_i32, 7, 0, 0},
    {OP_div, DT_i32, INT32_MIN, -1, INT32_MIN},
    {OP_div, DT_i64, INT64_MIN, -1, INT64_MIN},
    {OP_mod, DT_i32, -7, 2, 1},
    {OP_mod, DT_i32, 7, -2, -1},
    {OP_mod, DT_i32, 7, 0, 0},
    {OP_mod, DT_i64, INT64_MIN, -1, 0},
    {OP_maximum, DT_i32, -3, 2, 2},
    {OP_minimum, DT_u32, 3, 4294967295, 3},
    {OP_lt, DT_i32, -1, 0, 1},
    {OP_lt, DT_u32, 4294967295, 0, 0},
    {OP_le, DT_i32, 2, 2, 1},
    {OP_eq, DT_bool, 1, 0, 0},
    {OP_and, DT_i32, 12, 10, 8},
    {OP_and, DT_bool, 1, 0, 0},
    {OP_or, DT_i32, 12, 10, 14},
    {OP_or, DT_bool, 1, 0, 1},
    {OP_xor, DT_u8, 12, 10, 6},
    {OP_xor, DT_bool, 1, 1, 0},
    {OP_not, DT_i32, 0, 0, -1},
    {OP_not, DT_u8, 1, 0, 254},
    {OP_not, DT_bool, 1, 0, 0},
    {OP_not, DT_bool, 0, 0, 1},
    {OP_shl, DT_i32, 1, 31, INT32_MIN},
    {OP_shl, DT_u32, 3, 31, 2147483648},
    {OP_shl, DT_i32, 1, 32, 0},
    {OP_shl, DT_u8, 1, 8, 0},
    {OP_shl, DT_i64, 1, 63, INT64_MIN},
    {OP_shr, DT_i32, -8, 1, -4},
    {OP_shr, DT_i32, -1, 40, -1},
    {OP_shr, DT_i32, 8, 32, 0},
    {OP_shr, DT_u32, 4294967295, 31, 1},
    {OP_shr, DT_u32, 4294967295, 32, 0},
    {OP_mulhi, DT_u32, 4294967295, 4294967295, 4294967294},
    {OP_mulhi, DT_u32, 65536, 65536, 1},
};
enum { WHOLES = sizeof wholes / sizeof *wholes };

static Node *whole_const(Graph *g, DType dtype, int64_t x) {
  Value *v = value_new(g->arena, dtype, (Shape){0});
  v->i[0] = x;
  return graph_const_tensor(g, tensor_of_value(g->arena, v), (Loc){0});
}

static void test_wholes(void **state) {
  (void)state;
  Arena *arena = arena_new();
  for (int k = 0; k < WHOLES; ++k) {
    const Whole *w = &wholes[k];
    Graph *g = graph_new(arena, "wholes");
    Node *in[2] = {whole_const(g, w->dtype, w->a), whole_const(g, w->dtype, w->b)};
    Node *y = graph_add(g, w->op, op_info[w->op].operands, in, NULL, (Loc){0});
    int64_t got = graph_eval(g, &(Env){.arena = arena})[y->id]->i[0];
    if (got != w->y)
      fail_msg("%s %s %lld %lld: %lld, expected %lld", op_info[w->op].name, dtype_info[w->dtype].name, (long long)w->a,
               (long long)w->b, (long long)got, (long long)w->y);
    bool compares = op_info[w->op].domain == 'C';
    assert_int_equal(y->dtype, compares ? DT_bool : w->dtype);
  }
  arena_free(arena);
}

/* Comparisons of floats: NaN compares false; -0 equals 0. */
static void test_compare(void **state) {
  (void)state;
  const struct {
    double a, b;
    int lt, le, eq;
  } rows[] = {{1, 2, 1, 1, 0}, {2, 2, 0, 1, 1}, {-0.0, 0, 0, 1, 1}, {NAN, 1, 0, 0, 0}, {NAN, NAN, 0, 0, 0}};
  Arena *arena = arena_new();
  for (int k = 0; k < 5; ++k) {
    Graph *g = graph_new(arena, "compare");
    Node *a = graph_const(g, DT_f64, rows[k].a, (Loc){0}), *b = graph_const(g, DT_f64, rows[k].b, (Loc){0});
    Node *lt = graph_op2(g, OP_lt, a, b), *le = graph_op2(g, OP_le, a, b), *eq = graph_op2(g, OP_eq, a, b);
    Value **v = graph_eval(g, &(Env){.arena = arena});
    assert_int_equal(v[lt->id]->i[0], rows[k].lt);
    assert_int_equal(v[le->id]->i[0], rows[k].le);
    assert_int_equal(v[eq->id]->i[0], rows[k].eq);
  }
  arena_free(arena);
}

/* ---- where, cast, bitcast ---- */

static void test_where(void **state) {
  (void)state;
  for (int s = 0; s < 3; ++s) {
    Trial t;
    trial_begin(&t, "where", 2, (Shape[]){shapes[s], shapes[s]});
    for (int64_t i = 0; i < shape_count(shapes[s]); ++i) /* away from the jump at 0 */
      if (fabs(t.value[0]->f[i]) < 0.05) t.value[0]->f[i] = 0.5;
    Node *positive = graph_op2(t.g, OP_lt, graph_like(t.g, t.x[0], 0), graph_op1(t.g, OP_sin, t.x[0]));
    t.y = graph_op3(t.g, OP_where, positive, graph_op2(t.g, OP_mul, t.x[0], t.x[1]), graph_op1(t.g, OP_exp, t.x[1]));
    Value *y = trial_eval(&t, t.arena)[t.y->id];
    for (int64_t i = 0; i < shape_count(shapes[s]); ++i) {
      double a = t.value[0]->f[i], b = t.value[1]->f[i];
      check_close(&t, "value", y->f[i], a > 0 ? a * b : (double)expl(b), 1e-15);
    }
    check_derivatives(&t);
    trial_end(&t);
  }
}

typedef struct Conversion {
  DType from, to;
  double f; /* when `from` is a float */
  int64_t i;
  double f_out;
  int64_t i_out;
} Conversion;

static void check_conversion(Op op, const Conversion *c) {
  Arena *arena = arena_new();
  Graph *g = graph_new(arena, "convert");
  Node *x = dtype_is_float(c->from) ? graph_const(g, c->from, c->f, (Loc){0}) : whole_const(g, c->from, c->i);
  Node *y = op == OP_cast ? graph_cast(g, x, c->to) : graph_bitcast(g, x, c->to);
  Value *v = graph_eval(g, &(Env){.arena = arena, .round = true})[y->id];
  assert_int_equal(y->dtype, c->to);
  if (v->f && !(v->f[0] == c->f_out || (isnan(v->f[0]) && isnan(c->f_out))))
    fail_msg("%s: %.17g, expected %.17g", op_info[op].name, v->f[0], c->f_out);
  if (v->i && v->i[0] != c->i_out)
    fail_msg("%s to %s: %lld, expected %lld", op_info[op].name, dtype_info[c->to].name, (long long)v->i[0],
             (long long)c->i_out);
  arena_free(arena);
}

static void test_cast(void **state) {
  (void)state;
  const Conversion rows[] = {
      {DT_f64, DT_i32, 2.9, 0, 0, 2},
      {DT_f64, DT_i32, -2.9, 0, 0, -2},
      {DT_f64, DT_i32, 1e10, 0, 0, INT32_MAX},
      {DT_f64, DT_i32, -INFINITY, 0, 0, INT32_MIN},
      {DT_f64, DT_i32, NAN, 0, 0, 0},
      {DT_f64, DT_i64, 1e300, 0, 0, INT64_MAX},
      {DT_f64, DT_u8, -3, 0, 0, 0},
      {DT_f64, DT_u8, 300, 0, 0, 255},
      {DT_f64, DT_u32, 4294967295.0, 0, 0, 4294967295},
      {DT_f64, DT_bool, 0.25, 0, 0, 1},
      {DT_f64, DT_bool, -0.0, 0, 0, 0},
      {DT_i32, DT_u8, 0, -1, 0, 255},
      {DT_i32, DT_u32, 0, -1, 0, 4294967295},
      {DT_i64, DT_i32, 0, 4294967297, 0, 1},
      {DT_i32, DT_bool, 0, 256, 0, 1},
      {DT_bool, DT_f32, 0, 1, 1, 0},
      {DT_u32, DT_f32, 0, 16777217, 16777216, 0},
      {DT_f64, DT_f32, 0.1, 0, 0x1.99999ap-4, 0},
      {DT_f32, DT_bf16, 1.00390625, 0, 1, 0},        /* half way: to positive */
      {DT_f32, DT_bf16, 1.01171875, 0, 1.015625, 0}, /* half way: to positive */
      {DT_f32, DT_f16, 65519, 0, 65504, 0},
      {DT_f32, DT_f16, 65520, 0, INFINITY, 0},
      {DT_f32, DT_f16, 0x1p-25, 0, 0, 0},
      {DT_f32, DT_f16, 0x1.8p-25, 0, 0x1p-24, 0},
      {DT_f32, DT_f16, 2049, 0, 2048, 0},
      {DT_f32, DT_f16, NAN, 0, NAN, 0},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; ++k) check_conversion(OP_cast, &rows[k]);
}

static void test_bitcast(void **state) {
  (void)state;
  const Conversion rows[] = {
      {DT_f32, DT_u32, 1, 0, 0, 0x3f800000},
      {DT_f32, DT_i32, -1, 0, 0, (int32_t)0xbf800000},
      {DT_u32, DT_f32, 0, 0x40490fdb, 0x1.921fb6p+1, 0},
      {DT_i64, DT_f64, 0, 0x4000000000000000, 2, 0},
      {DT_f16, DT_bf16, 1.5, 0, 0.125, 0}, /* 0x3e00 */
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; ++k) check_conversion(OP_bitcast, &rows[k]);
}

/* A cast to a narrower float and back is differentiated as the identity: the evaluator without rounding agrees. */
static void test_cast_gradient(void **state) {
  (void)state;
  for (int s = 0; s < 3; ++s) {
    Trial t;
    trial_begin(&t, "cast", 1, &shapes[s]);
    t.y = graph_cast(t.g, graph_op1(t.g, OP_exp, graph_cast(t.g, t.x[0], DT_f32)), DT_f64);
    check_derivatives(&t);
    trial_end(&t);
  }
}

/* ---- laws at kinks ---- */

typedef struct Kink {
  Op op;
  double a, b;   /* operands */
  double da, db; /* expected gradients, incoming 1 */
} Kink;

static bool same(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static void test_kinks(void **state) {
  (void)state;
  const Kink rows[] = {
      {OP_maximum, 1, 1, 0.5, 0.5}, {OP_maximum, NAN, 1, 1, 1}, {OP_minimum, 2, 2, 0.5, 0.5},
      {OP_minimum, 1, NAN, 1, 1},   {OP_pow, 0, 0, 0, 0},       {OP_pow, 0, 2, 0, 0},
      {OP_pow, 0, 1, 1, 0},         {OP_pow, 3, 0, 0, log(3)},  {OP_abs, 0, 0, 0, 0},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; ++k) {
    Trial t;
    Node *g[2] = {NULL, NULL};
    trial_begin(&t, op_info[rows[k].op].name, op_info[rows[k].op].operands, (Shape[]){{0}, {0}});
    t.value[0]->f[0] = rows[k].a;
    if (t.nx > 1) t.value[1]->f[0] = rows[k].b;
    t.y = graph_add(t.g, rows[k].op, t.nx, t.x, NULL, (Loc){0});
    graph_gradient(t.g, t.y, NULL, t.nx, t.x, g);
    Value **v = trial_eval(&t, t.arena);
    if (!same(v[g[0]->id]->f[0], rows[k].da) || (g[1] && !same(v[g[1]->id]->f[0], rows[k].db)))
      fail_msg("%s(%g, %g): wrong gradient", t.label, rows[k].a, rows[k].b);
    trial_end(&t);
  }
}

/* d2/da2 of a^b at a = 0 is b (b - 1) 0^(b - 2): 0 for b = 1 and b = 3, 2 for b = 2; never NaN from what was not
 * selected. */
static void test_pow_at_zero(void **state) {
  (void)state;
  const double exponent[] = {0, 1, 2, 3}, expected[] = {0, 0, 2, 0};
  for (int k = 0; k < 4; ++k) {
    Trial t;
    Node *first, *second;
    trial_begin(&t, "pow", 2, (Shape[]){{0}, {0}});
    t.value[0]->f[0] = 0;
    t.value[1]->f[0] = exponent[k];
    t.y = graph_op2(t.g, OP_pow, t.x[0], t.x[1]);
    graph_gradient(t.g, t.y, NULL, 1, t.x, &first);
    graph_gradient(t.g, first, NULL, 1, t.x, &second);
    assert_true(same(trial_scalar(&t, second), expected[k]));
    trial_end(&t);
  }
}

static void test_values_at_kinks(void **state) {
  (void)state;
  const struct {
    Op op;
    double a, b, y;
    int sign; /* of a zero: expected signbit */
  } rows[] = {
      {OP_maximum, NAN, 1, NAN, 0},  {OP_maximum, 1, NAN, NAN, 0}, {OP_maximum, -0.0, 0.0, 0, 0},
      {OP_maximum, 0.0, -0.0, 0, 1}, {OP_minimum, NAN, 1, NAN, 0}, {OP_minimum, 1, NAN, NAN, 0},
      {OP_abs, -0.0, 0, 0, 0},       {OP_sign, NAN, 0, NAN, 0},    {OP_mod, 5, 0, NAN, 0},
      {OP_div, 1, 0, INFINITY, 0},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; ++k) {
    Trial t;
    trial_begin(&t, op_info[rows[k].op].name, op_info[rows[k].op].operands, (Shape[]){{0}, {0}});
    t.value[0]->f[0] = rows[k].a;
    if (t.nx > 1) t.value[1]->f[0] = rows[k].b;
    t.y = graph_add(t.g, rows[k].op, t.nx, t.x, NULL, (Loc){0});
    double y = trial_scalar(&t, t.y);
    if (!same(y, rows[k].y) || (y == 0 && signbit(y) != (rows[k].sign != 0)))
      fail_msg("%s(%g, %g) is %g", t.label, rows[k].a, rows[k].b, y);
    trial_end(&t);
  }
}

/* ---- no row without a test ---- */

static bool covered(Op op) {
  for (int k = 0; k < REALS; ++k)
    if (reals[k].op == op) return true;
  for (int k = 0; k < WHOLES; ++k)
    if (wholes[k].op == op && !strchr("FN", op_info[op].domain)) return true;
  return op == OP_where || op == OP_cast || op == OP_bitcast;
}

static void test_every_row(void **state) {
  (void)state;
  for (int op = 0; op < OP_FIRST_STRUCTURAL; ++op) {
    if (!covered((Op)op)) fail_msg("no test of the row '%s'", op_info[op].name);
    bool integers = false;
    for (int k = 0; k < WHOLES; ++k) integers |= wholes[k].op == (Op)op;
    if (strchr("NILC", op_info[op].domain) && !integers) fail_msg("no integer test of the row '%s'", op_info[op].name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_row),   cmocka_unit_test(test_reals),           cmocka_unit_test(test_wholes),
      cmocka_unit_test(test_compare),     cmocka_unit_test(test_where),           cmocka_unit_test(test_cast),
      cmocka_unit_test(test_bitcast),     cmocka_unit_test(test_cast_gradient),   cmocka_unit_test(test_kinks),
      cmocka_unit_test(test_pow_at_zero), cmocka_unit_test(test_values_at_kinks),
  };
  if (setjmp(*diag_guard())) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
