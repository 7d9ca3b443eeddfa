/* test_math.c: the functions of math.ir, run by walking their trees (kernel_eval.h), against libm in f64 and long
 * double: samples of every binade with bounds in ulp (the exhaustive figures are tests/bench/ulp's), special values,
 * equal bits for every number of lanes, and Philox against the published test vectors of Random123. */
#include "kernel_eval.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static Arena *arena;
static Program program;

static uint64_t mix(uint64_t z) { /* splitmix64 */
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static double double_of(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static double run(Op op, DType t, double x, double y) {
  EvalValue args[2] = {{.type = type_of(t, 1)}, {.type = type_of(t, 1)}}, result;
  args[0].lane[0].f = x;
  args[1].lane[0].f = y;
  eval_function(math_instance(&program, op, type_of(t, 1)), args, &result);
  return result.lane[0].f;
}

/* Distance in units in the last place of `want` in the format of t. */
static double ulps(DType t, long double y, long double want) {
  int e, bits = t == DT_f32 ? 24 : 53, low = t == DT_f32 ? -149 : -1074;
  frexpl(want, &e);
  e = e - bits < low ? low : e - bits;
  return (double)(fabsl(y - want) / ldexpl(1, e));
}

typedef struct Row {
  Op op;
  long double (*reference)(long double);
  double bound32, bound64;
} Row;
static const Row rows[] = {{OP_exp, expl, 1, 1},         {OP_expm1, expm1l, 1.2, 1.2}, {OP_log, logl, 1, 1},
                           {OP_log1p, log1pl, 1.2, 1.2}, {OP_tanh, tanhl, 1.5, 2},     {OP_erf, erfl, 1.5, 1.2},
                           {OP_sin, sinl, 1, 1},         {OP_cos, cosl, 1, 1}};
enum { ROWS = sizeof rows / sizeof *rows, SAMPLES = 6000 };

static void check_sample(const Row *row, DType t, double x) {
  long double want = row->reference(x);
  double y = run(row->op, t, x, 0), most = t == DT_f32 ? (double)FLT_MAX : DBL_MAX,
         least = t == DT_f32 ? (double)FLT_MIN : DBL_MIN;
  if (want != want) {
    assert_true(y != y);
  } else if (fabsl(want) > most) {
    assert_true(isinf(y) && (y > 0) == (want > 0));
  } else if (row->op == OP_exp && fabsl(want) < least) {
    assert_true(y == 0);
  } else {
    double off = ulps(t, y, want), bound = t == DT_f32 ? row->bound32 : row->bound64;
    if (off > bound) fail_msg("%s(%a) = %a: %g ulp", op_info[row->op].name, x, y, off);
  }
}

/* Half of the samples are any bits, half lie where the functions do something. */
static void test_samples(void **state) {
  (void)state;
  for (int r = 0; r < ROWS; ++r)
    for (uint64_t i = 0; i < SAMPLES; ++i) {
      uint64_t z = mix(i * ROWS + (uint64_t)r);
      uint32_t near = (uint32_t)(z & 0x807fffff) | (uint32_t)(127 - 20 + z % 28) << 23;
      check_sample(&rows[r], DT_f32, float_of(i & 1 ? near : (uint32_t)(z >> 32)));
      uint64_t near64 = (z & 0x800fffffffffffffu) | (1023 - 40 + mix(z) % 51) << 52;
      check_sample(&rows[r], DT_f64, double_of(i & 1 ? near64 : mix(z)));
    }
}

/* What is not finite, the zeros, the subnormals and the borders must come out exactly. */
static void same(Op op, double x, double want) {
  for (DType t = DT_f32; t <= DT_f64; ++t) {
    double y = run(op, t, x, 0);
    bool equal = want != want ? y != y : y == want && !signbit(y) == !signbit(want);
    if (!equal) fail_msg("%s_%s(%a) = %a, not %a", op_info[op].name, dtype_info[t].name, x, y, want);
  }
}

static void test_special_values(void **state) {
  (void)state;
  const double inf = INFINITY;
  const struct {
    Op op;
    double x, want;
  } table[] = {
      {OP_exp, 0, 1},         {OP_exp, -0.0, 1},     {OP_exp, inf, inf},   {OP_exp, -inf, 0},    {OP_expm1, 0, 0},
      {OP_expm1, -0.0, -0.0}, {OP_expm1, inf, inf},  {OP_expm1, -inf, -1}, {OP_log, 1, 0},       {OP_log, 0, -inf},
      {OP_log, -0.0, -inf},   {OP_log, -1, NAN},     {OP_log, inf, inf},   {OP_log, -inf, NAN},  {OP_log1p, 0, 0},
      {OP_log1p, -0.0, -0.0}, {OP_log1p, -1, -inf},  {OP_log1p, -2, NAN},  {OP_log1p, inf, inf}, {OP_log1p, -inf, NAN},
      {OP_tanh, 0, 0},        {OP_tanh, -0.0, -0.0}, {OP_tanh, inf, 1},    {OP_tanh, -inf, -1},  {OP_tanh, 100, 1},
      {OP_erf, 0, 0},         {OP_erf, -0.0, -0.0},  {OP_erf, inf, 1},     {OP_erf, -inf, -1},   {OP_erf, -50, -1},
      {OP_sin, 0, 0},         {OP_sin, -0.0, -0.0},  {OP_sin, inf, NAN},   {OP_sin, -inf, NAN},  {OP_cos, 0, 1},
      {OP_cos, -0.0, 1},      {OP_cos, inf, NAN},    {OP_cos, -inf, NAN}};
  for (int r = 0; r < ROWS; ++r) same(rows[r].op, NAN, NAN);
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) same(table[i].op, table[i].x, table[i].want);
}

static void test_subnormals_and_borders(void **state) {
  (void)state;
  static const float edge[] = {
      0x1p-149f,   0x1.8p-140f,   0x1p-126f,     0x1p-127f,     0x1p-25f,    0x1p-24f,   0.625f,     0.92f,     4,
      88.72283f,   88.72284f,     -87.33654f,    -87.33655f,    -17.3287f,   32768,      32768.004f, 0x1p100f,  FLT_MAX,
      16367173e8f, 0x1.6ac5b2p1f, 0x1.921fb6p0f, 0x1.921fb4p0f, 0.99999994f, 1.0000001f, 1.3333334f, 0.6666667f};
  for (int r = 0; r < ROWS; ++r)
    for (size_t i = 0; i < sizeof edge / sizeof *edge; ++i)
      for (int sign = 1; sign >= -1; sign -= 2) {
        check_sample(&rows[r], DT_f32, sign * (double)edge[i]);
        check_sample(&rows[r], DT_f64, sign * (double)edge[i]);
      }
  static const double edge64[] = {
      0x1p-1074, 0x1p-1022,      709.782712893384, 709.7827128933841, -708.3964185322641,  -708.3964185322642, 0x1p-54,
      0x1p30,    0x1.0000001p30, 0x1p300,          DBL_MAX,           5319372648326541e255};
  for (int r = 0; r < ROWS; ++r)
    for (size_t i = 0; i < sizeof edge64 / sizeof *edge64; ++i)
      for (int sign = 1; sign >= -1; sign -= 2) check_sample(&rows[r], DT_f64, sign * edge64[i]);
}

/* ---- pow ---- */
static void check_pow(DType t, double x, double y) {
  long double want = powl(x, y);
  double got = run(OP_pow, t, x, y), most = t == DT_f32 ? (double)FLT_MAX : DBL_MAX;
  bool good;
  if (want != want)
    good = got != got;
  else if (fabsl(want) > most || want == 0)
    good = (want == 0 ? got == 0 : isinf(got)) && !signbit(got) == !signbit(want);
  else
    good = ulps(t, got, want) <= 1.2;
  if (!good) fail_msg("pow_%s(%a, %a) = %a, not %La", dtype_info[t].name, x, y, got, want);
}

static void test_pow_special_values(void **state) {
  (void)state;
  static const double value[] = {
      0,     -0.0,  1,      -1,       2,        -2,       0.5,       -0.5,     3,         -3,  2.5,      -2.5,     1e30,
      -1e30, 1e-30, -1e-30, 16777216, 16777215, -8388607, 8388607.5, INFINITY, -INFINITY, NAN, 0x1p-149, -0x1p-149};
  enum { N = sizeof value / sizeof *value };
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) {
      check_pow(DT_f32, (float)value[i], (float)value[j]);
      check_pow(DT_f64, value[i], value[j]);
    }
}

static void test_pow_samples(void **state) {
  (void)state;
  for (uint64_t i = 0; i < SAMPLES; ++i) {
    uint64_t z = mix(i), w = mix(z);
    float x = float_of((uint32_t)z), y = float_of((uint32_t)(z >> 32));
    if (i & 1) { /* near 1, or moderate; exponents that keep the result in range */
      x = (float)ldexp(1 + (double)(w & 0xffffff) / 0x1p24, (int)(w >> 40) % 3 - 1);
      y = (float)ldexp((double)(int32_t)(w >> 32) / 0x1p31, (int)(i >> 1) % 9);
    }
    check_pow(DT_f32, x, y);
    double base = ldexp(1 + (double)(z & 0xfffffffffffff) / 0x1p52, (int)(w % 21) - 10),
           power = (double)(int64_t)w / 0x1p63;
    check_pow(DT_f64, base, ldexp(power, (int)(i % 8)));
  }
}

/* ---- lanes ---- */
static void check_lanes(Op op, DType t, int lanes, uint64_t seed) {
  EvalValue x = {.type = type_of(t, lanes)}, args[2], wide;
  for (int l = 0; l < lanes; ++l) {
    uint64_t z = mix(seed + (uint64_t)l);
    x.lane[l].f = l % 4 == 3 ? (double)float_of((uint32_t)z) : ldexp((double)(int64_t)z / 0x1p63, (int)(z % 40) - 20);
    if (t == DT_f32) x.lane[l].f = (float)x.lane[l].f;
  }
  args[0] = args[1] = x;
  eval_function(math_instance(&program, op, type_of(t, lanes)), args, &wide);
  assert_int_equal(wide.type.lanes, lanes);
  for (int l = 0; l < lanes; ++l) {
    double one = run(op, t, x.lane[l].f, x.lane[l].f);
    assert_true(one != one ? wide.lane[l].f != wide.lane[l].f : !memcmp(&one, &wide.lane[l].f, sizeof one));
  }
}

static void test_lanes(void **state) {
  (void)state;
  static const int lanes[] = {2, 4, 8, 16};
  for (int i = 0; i < 4; ++i)
    for (uint64_t seed = 0; seed < 40; ++seed)
      for (DType t = DT_f32; t <= DT_f64; ++t) {
        for (int r = 0; r < ROWS; ++r) check_lanes(rows[r].op, t, lanes[i], 1000 * seed);
        check_lanes(OP_pow, t, lanes[i], 1000 * seed);
      }
}

static void test_instances(void **state) {
  (void)state;
  const Kernel *k = math_instance(&program, OP_exp, type_of(DT_f32, 8));
  assert_string_equal(k->name, "exp_f32x8");
  assert_ptr_equal(k, math_instance(&program, OP_exp, type_of(DT_f32, 8)));
  for (int i = 0; i < program.math.n; ++i) { /* callees before callers, names unique */
    kernel_verify(program.math.at[i], NULL);
    for (int j = 0; j < i; ++j) assert_string_not_equal(program.math.at[i]->name, program.math.at[j]->name);
  }
}

/* ---- Philox: kat_vectors of Random123 (Salmon et al.), philox4x32 10 ---- */
static void test_philox(void **state) {
  (void)state;
  static const uint32_t vectors[3][10] = {{0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                                          {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
                                           0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
                                          {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0,
                                           0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}};
  for (int v = 0; v < 3; ++v)
    for (int word = 0; word < 4; ++word) {
      EvalValue args[7] = {0}, result;
      for (int i = 0; i < 7; ++i) {
        args[i].type = type_of(DT_u32, 4);
        for (int l = 0; l < 4; ++l) args[i].lane[l].i = i ? vectors[v][i - 1] : (uint32_t)word;
      }
      const Kernel *k = math_named(&program, "philox", type_of(DT_u32, 4));
      eval_function(k, args, &result);
      for (int l = 0; l < 4; ++l) assert_int_equal(result.lane[l].i, vectors[v][6 + word]);
    }
}

static int setup(void **state) {
  (void)state;
  arena = arena_new();
  program = (Program){.arena = arena};
  return 0;
}

static int teardown(void **state) {
  (void)state;
  arena_free(arena);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_samples),
                                     cmocka_unit_test(test_special_values),
                                     cmocka_unit_test(test_subnormals_and_borders),
                                     cmocka_unit_test(test_pow_special_values),
                                     cmocka_unit_test(test_pow_samples),
                                     cmocka_unit_test(test_lanes),
                                     cmocka_unit_test(test_instances),
                                     cmocka_unit_test(test_philox)};
  if (setjmp(*diag_guard())) return diag_exit_code();
  return cmocka_run_group_tests(tests, setup, teardown);
}
