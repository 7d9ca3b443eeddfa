/* test_dot.c: emitted matrix products against their meaning, bit for bit: random shapes and layouts, edges of every
 * tile, NaN, infinities, -0 and subnormals in the operands, slices and pieces of k, one and three threads, every
 * machine that this host can run (and scalar code), C and LLVM. What lies behind an output must stay as it was.
 *
 * f16 and bf16: the operands widened, the chain of f32 fmas, one rounding (MIDDLE.md 3.1), in numbers whose products
 * fill an f32 so that another order or a rounding in between shows.
 *
 * A hyperbolic tangent has no exact reference: there the sum below it is exact, and machines must agree to the bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dot_case.h"
#include "half.h"

enum { TOGETHER = 12, RANDOM = 48, SAMPLES = 4000 };

static uint64_t seed = 0x2545F4914F6CDD1Du;
static int64_t below(int64_t n) {
  seed ^= seed >> 12;
  seed ^= seed << 25;
  seed ^= seed >> 27;
  return (int64_t)((seed * 0x2545F4914F6CDD1Du) >> 33) % n;
}

/* Edges by name: vectors and their rests, tiles of one row more, packing by any of its ways, blocks, pieces, slices. */
static const DotCase edges[] = {
    {0, 1, 17, 5, false, false, false, ENDING_relu, DT_f32, false},
    {0, 5, 1, 9, false, false, false, ENDING_relu, DT_f32, false},
    {0, 3, 3, 5, false, false, false, ENDING_relu, DT_f32, false},
    {0, 7, 9, 1, false, true, false, ENDING_relu, DT_f32, false},
    {0, 13, 17, 19, true, true, false, ENDING_none, DT_f32, false},
    {0, 14, 32, 16, false, true, false, ENDING_relu, DT_f32, false},
    {0, 15, 33, 15, false, true, false, ENDING_relu, DT_f32, false},
    {0, 128, 10, 64, false, true, false, ENDING_relu, DT_f32, false},
    {0, 29, 31, 37, false, false, false, ENDING_turned, DT_f32, false},
    {0, 64, 48, 33, true, false, false, ENDING_turned, DT_f32, false},
    {0, 40, 100, 1024, false, true, false, ENDING_relu, DT_f32, false},
    {0, 60, 1024, 80, false, false, false, ENDING_relu, DT_f32, false},
    {0, 1024, 100, 80, true, false, false, ENDING_none, DT_f32, false},
    {0, 520, 90, 1100, false, false, false, ENDING_none, DT_f32, false},
    {8, 60, 20, 2600, false, true, false, ENDING_relu, DT_f32, false},
    {8, 70, 45, 6000, false, false, true, ENDING_none, DT_f32, false},
    {0, 20, 40, 2048, true, false, false, ENDING_relu, DT_f32, false},
    {2, 37, 19, 5000, false, true, false, ENDING_relu, DT_f32, false},
    {0, 12, 35, 4100, false, false, false, ENDING_turned, DT_f32, false},
    {3, 17, 21, 40, true, true, false, ENDING_tanh_residual, DT_f32, false},
    {3, 30, 35, 20, false, true, true, ENDING_tanh_residual, DT_f32, false},
    {0, 33, 45, 50, false, true, false, ENDING_relu, DT_f64, false},
    {0, 50, 120, 30, false, false, false, ENDING_relu, DT_f32, true},
    {2, 19, 150, 40, true, true, false, ENDING_none, DT_f64, true},
    {4, 9, 23, 11, true, false, false, ENDING_none, DT_f64, false},
    {0, 21, 18, 2100, true, true, false, ENDING_none, DT_f64, false},
    {0, 3, 5, 4, false, false, false, ENDING_relu, DT_bf16, false}, /* the plain nest */
    {0, 7, 9, 1, false, true, false, ENDING_relu, DT_f16, false},
    {0, 13, 17, 19, true, true, false, ENDING_none, DT_bf16, false},
    {0, 15, 33, 15, false, true, false, ENDING_relu, DT_f16, false},
    {0, 128, 10, 64, false, true, false, ENDING_relu, DT_bf16, false},
    {0, 29, 31, 37, false, false, false, ENDING_turned, DT_f16, false},
    {0, 520, 90, 1100, false, false, false, ENDING_none, DT_bf16, false}, /* pieces of k */
    {0, 20, 40, 2048, true, false, false, ENDING_relu, DT_f16, false},    /* slices of k */
    {2, 37, 19, 5000, false, true, false, ENDING_relu, DT_bf16, false},
    {8, 60, 20, 2600, false, true, true, ENDING_none, DT_f16, false},
    {0, 50, 120, 30, false, false, false, ENDING_relu, DT_bf16, true},
};
enum { EDGES = sizeof edges / sizeof *edges };

static DotCase random_case(void) {
  static const int64_t near[] = {3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 100};
  DotCase c = {.batch = below(3) ? 0 : 1 + below(4), .k = 1 + below(90)};
  c.m = below(2) ? near[below(sizeof near / sizeof *near)] : 1 + below(60);
  c.n = below(2) ? near[below(sizeof near / sizeof *near)] : 1 + below(60);
  c.a_turned = below(2);
  c.b_turned = below(2);
  c.shared = c.batch && !below(3);
  c.ending = (Ending)below(ENDING_COUNT);
  c.dtype = below(4) ? DT_f32 : DT_f64;
  if (c.m > 2 && c.n > 2 && c.ending != ENDING_tanh_residual && !below(3)) c.dtype = below(2) ? DT_f16 : DT_bf16;
  c.spread = !below(6);
  return c;
}

static double random_value(bool wild) {
  static const double odd[] = {INFINITY, -INFINITY, NAN, -0.0, 1e-40, -3e-42, 3e38, -2e38};
  if (wild && !below(150)) return odd[below(sizeof odd / sizeof *odd)];
  return (double)(below(2001) - 1000) / 512.0;
}

static void fill(const DotRun *r, DType dtype, uint64_t start, bool wild) {
  seed = start;
  for (int i = 0; i < r->host->inputs.n; ++i) {
    const Slot *s = r->host->inputs.at[i];
    unsigned char *at = (unsigned char *)r->memory.input + s->offset;
    for (int64_t j = 0; j < shape_count(s->shape); ++j) {
      if (half_of(dtype))
        ((uint16_t *)at)[j] = half_bits_of(half_of(dtype), random_value(wild) * ldexp(1, (int)below(16) - 8));
      else if (dtype == DT_f32)
        ((float *)at)[j] = (float)random_value(wild);
      else
        ((double *)at)[j] = random_value(wild);
    }
  }
}

/* ---- what y[b, i, j] is ---- */
static double rounded(DType dtype, double x) {
  if (half_of(dtype)) return half_round(half_of(dtype), (double)(float)x);
  return dtype == DT_f32 ? (double)(float)x : x;
}

/* An operand as the chain reads it: 16 bits widened to f32. */
static const void *operand(const DotCase *c, const DotRun *r, const char *name, void **owned) {
  const void *data = dot_data(r, name);
  *owned = NULL;
  for (int i = 0; half_of(c->dtype) && i < r->host->inputs.n; ++i) {
    const Slot *s = r->host->inputs.at[i];
    if (strcmp(s->name, name)) continue;
    float *wide = *owned = malloc((size_t)shape_count(s->shape) * sizeof *wide);
    for (int64_t j = 0; j < shape_count(s->shape); ++j) wide[j] = (float)element(c->dtype, data, j);
    data = wide;
  }
  return data;
}

static double expected(const DotCase *c, const DotRun *r, const void *a, const void *w, int64_t b, int64_t i,
                       int64_t j) {
  double y = c->dtype == DT_f64 ? dot_chain_f64(c, a, w, b, i, j) : (double)dot_chain_f32(c, a, w, b, i, j);
  y = rounded(c->dtype, y);
  if (c->ending == ENDING_none || c->ending == ENDING_turned) return y;
  y = rounded(c->dtype, y + element(c->dtype, dot_data(r, "bias"), j)); /* exact in f64, then one rounding */
  if (c->ending == ENDING_relu) return y <= 0 ? 0 : y;
  y = rounded(c->dtype, tanh(y));
  return rounded(c->dtype, y + element(c->dtype, dot_data(r, "residual"), (b * c->m + i) * c->n + j));
}

static bool equal(const DotCase *c, double x, double y) {
  if (isnan(x) || isnan(y)) return isnan(x) && isnan(y);
  if (c->ending == ENDING_tanh_residual) return x == y || fabs(x - y) <= 4e-7 * (1 + fabs(x));
  return x == y && signbit(x) == signbit(y);
}

static int64_t place(const DotCase *c, int64_t b, int64_t i, int64_t j) {
  return c->ending == ENDING_turned ? (b * c->n + j) * c->m + i : (b * c->m + i) * c->n + j;
}

static void check_values(const DotCase *c, const DotRun *r, const char *what) {
  int64_t batch = c->batch ? c->batch : 1, count = batch * c->m * c->n, step = count * c->k / 40000000 + 1;
  void *owned_a, *owned_w;
  const void *a = operand(c, r, "a", &owned_a), *w = operand(c, r, "w", &owned_w);
  for (int64_t e = 0; e<count; e += count> SAMPLES ? step : 1) {
    int64_t b = e / (c->m * c->n), i = e / c->n % c->m, j = e % c->n;
    double want = expected(c, r, a, w, b, i, j), got = element(c->dtype, dot_result(r), place(c, b, i, j));
    if (!equal(c, want, got))
      fail_msg("%s %s: %lld x [%lld,%lld] x [%lld,%lld] turned %d %d, spread %d, ending %d: y[%lld,%lld,%lld] is %.9g, "
               "not %.9g",
               what, dtype_info[c->dtype].name, (long long)c->batch, (long long)c->m, (long long)c->k, (long long)c->k,
               (long long)c->n, c->a_turned, c->b_turned, c->spread, c->ending, (long long)b, (long long)i,
               (long long)j, got, want);
  }
  free(owned_a);
  free(owned_w);
  const unsigned char *end = r->memory.output + r->host->output_bytes;
  for (const unsigned char *p = end; p < r->memory.output + dot_rounded(r->host->output_bytes); ++p)
    if (*p != 0xff) fail_msg("%s: a byte behind the output was written", what);
}

/* ---- runs ---- */

static void run_case(const DotCase *c, const DotLibrary *l, int i, uint64_t start, uint64_t *hash, const char *what) {
  for (int threads = 1; threads <= 3; threads += 2) {
    DotRun r;
    dot_open(&r, l, i);
    fill(&r, c->dtype, start, i % 3 == 0);
    dot_run(&r, threads);
    uint64_t h = result_hash(c, &r);
    if (!*hash || h != *hash) check_values(c, &r, what);
    if (*hash) assert_true(*hash == h);
    *hash = h;
    dot_close(&r);
  }
}

static char directory[] = "/tmp/test_dot_XXXXXX";

/* All cases, TOGETHER in one program, on one machine by one compiler; hash[i]: of case i, 0 before the first machine.
 */
static void run_all(int n, const DotCase *cases, uint64_t *hash, const Machine *m, const char *compiler) {
  const char *flags = strcmp(compiler, "llvm") ? "-O1 -w" : "";
  for (int first = 0; first < n; first += TOGETHER) {
    int count = n - first < TOGETHER ? n - first : TOGETHER;
    DotLibrary l;
    assert_true(dot_load(&l, directory, count, cases + first, m, compiler, flags));
    char what[64];
    snprintf(what, sizeof what, "%s, %s", m->name, compiler);
    for (int i = 0; i < count; ++i)
      run_case(&cases[first + i], &l, i, 77u + (uint64_t)(first + i), &hash[first + i], what);
    dot_unload(&l);
  }
}

static void run_machines(int n, const DotCase *cases) {
  uint64_t hash[EDGES + RANDOM] = {0};
  const Machine *native = machine_find("native");
  run_all(n, cases, hash, native, "cc");
  if (!strcmp(native->name, "x86-64-v4")) run_all(n, cases, hash, machine_find("x86-64-v3"), "cc");
  if (strcmp(native->name, "scalar")) run_all(n, cases, hash, machine_find("scalar"), "cc");
  if (emit_has_llvm())
    run_all(n, cases, hash, native, "llvm");
  else
    print_message("SKIPPED in part: built without LLVM\n");
}

static void test_edges(void **state) {
  (void)state;
  run_machines(EDGES, edges);
}

static void test_random(void **state) {
  (void)state;
  DotCase cases[RANDOM];
  seed = 20250611;
  for (int i = 0; i < RANDOM; ++i) cases[i] = random_case();
  run_machines(RANDOM, cases);
}

int main(void) {
  if (!mkdtemp(directory)) return 1;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_edges), cmocka_unit_test(test_random)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", directory);
  return system(command) ? 1 : failed;
}
