/* test_blas.c: matrix products through OpenBLAS (nnc --blas=openblas), as C and through LLVM, on 1 to 5 threads:
 *
 * - of small integers, where every order of sums is exact: each output equals the sum, so no element is missed or read
 *   twice, at odd sizes, in every layout and with batches, slices of k and epilogues;
 * - of reals: within the bound that holds for any order of sums, k u / (1 - k u) sum |a w| (Higham 2002, section 3.5);
 * - NaN and infinity reach what depends on them and nothing else;
 * - the bits are the same for any number of threads and from both printers;
 * - what OpenBLAS cannot take, or what is too small, stays with the generated kernels. */
#ifdef NNC_BLAS_LINK
#define DOT_LIBRARIES NNC_BLAS_LINK " -lm"
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dot_case.h"

#ifdef NNC_BLAS_LINK
typedef struct BlasCase {
  DotCase c;
  bool taken; /* by OpenBLAS */
} BlasCase;

static const BlasCase cases[] = {
    {{0, 128, 512, 784, false, true, false, ENDING_relu, DT_f32, false}, true},
    {{0, 37, 65, 129, false, false, false, ENDING_none, DT_f32, false}, true},
    {{0, 129, 83, 67, true, false, false, ENDING_none, DT_f32, false}, true},
    {{0, 97, 301, 45, false, true, false, ENDING_turned, DT_f32, false}, true},
    {{0, 255, 33, 131, true, true, false, ENDING_tanh_residual, DT_f32, false}, true},
    {{0, 700, 530, 33, true, true, false, ENDING_relu, DT_f32, false}, true},
    {{3, 65, 77, 91, false, false, false, ENDING_none, DT_f32, false}, true},
    {{3, 65, 77, 91, true, true, false, ENDING_relu, DT_f32, false}, true},
    {{5, 61, 93, 47, false, true, true, ENDING_none, DT_f32, false}, true},
    {{2, 70, 66, 59, false, false, true, ENDING_turned, DT_f32, false}, true},
    {{0, 64, 48, 3001, true, false, false, ENDING_none, DT_f32, false}, true}, /* slices of k */
    {{0, 50, 90, 4111, false, true, false, ENDING_relu, DT_f32, false}, true},
    {{2, 36, 50, 3001, false, true, false, ENDING_relu, DT_f32, false}, true}, /* with a batch */
    {{0, 67, 131, 71, false, true, false, ENDING_relu, DT_f64, false}, true},
    {{2, 133, 65, 63, true, false, false, ENDING_none, DT_f64, false}, true},
    {{0, 128, 10, 512, false, true, false, ENDING_relu, DT_f32, false}, false},  /* 10 columns */
    {{0, 40, 40, 40, false, false, false, ENDING_none, DT_f32, false}, false},   /* little work */
    {{0, 128, 128, 128, false, false, false, ENDING_none, DT_f32, true}, false}, /* no stride of 1 */
    {{2, 70, 66, 59, true, false, true, ENDING_turned, DT_f32, false}, false},   /* rows of two axes */
};
enum { CASES = sizeof cases / sizeof *cases };

typedef enum Fill { FILL_integers, FILL_reals, FILL_wild } Fill;

static uint64_t seed;
static int64_t below(int64_t n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (int64_t)(seed >> 33) % n;
}

static double value_of(Fill kind) {
  if (kind == FILL_integers) return (double)(below(17) - 8);
  if (kind == FILL_wild && !below(4000)) return below(2) ? NAN : INFINITY;
  return (double)(below(200001) - 100000) / 65537.0;
}

static void fill(const DotRun *r, DType dtype, Fill kind, uint64_t start) {
  seed = start;
  for (int i = 0; i < r->host->inputs.n; ++i) {
    const Slot *s = r->host->inputs.at[i];
    unsigned char *at = (unsigned char *)r->memory.input + s->offset;
    for (int64_t j = 0, n = shape_count(s->shape); j < n; ++j) {
      if (dtype == DT_f32)
        ((float *)at)[j] = (float)value_of(kind);
      else
        ((double *)at)[j] = value_of(kind);
    }
  }
}

/* The product's element with the sum of magnitudes behind the bound. */
static long double product(const DotCase *c, const DotRun *r, int64_t b, int64_t i, int64_t j, long double *magnitude) {
  const void *a = dot_data(r, "a"), *w = dot_data(r, "w");
  int64_t a_start = b * c->m * c->k, w_start = c->shared ? 0 : b * c->k * c->n, step = c->spread ? 2 : 1;
  long double sum = 0;
  *magnitude = 0;
  for (int64_t k = 0; k < c->k; ++k) {
    int64_t at = a_start + (c->a_turned ? k * c->m + i : i * c->k + k);
    int64_t wt = w_start + (c->b_turned ? j * c->k + k : k * c->n + j);
    long double term = (long double)element(c->dtype, a, at * step) * element(c->dtype, w, wt * step);
    sum += term;
    *magnitude += fabsl(term);
  }
  return sum;
}

/* y and how far the program's may lie from it: each operation of the epilogue rounds once; tanh is within 4 ulp
 * (tests/unit/test_math.c) and passes no error on enlarged. */
static double expected(const DotCase *c, const DotRun *r, int64_t b, int64_t i, int64_t j, double *bound) {
  double u = c->dtype == DT_f32 ? 0x1p-24 : 0x1p-53, k = (double)c->k;
  long double magnitude, y = product(c, r, b, i, j, &magnitude);
  *bound = k * u / (1 - k * u) * (double)magnitude;
  if (c->ending == ENDING_none || c->ending == ENDING_turned) return (double)y;
  y += element(c->dtype, dot_data(r, "bias"), j);
  *bound += u * (fabs((double)y) + *bound);
  if (c->ending == ENDING_relu) return y <= 0 ? 0 : (double)y;
  y = tanhl(y) + element(c->dtype, dot_data(r, "residual"), (b * c->m + i) * c->n + j);
  *bound += 8 * u + u * (fabs((double)y) + *bound);
  return (double)y;
}

static bool is_right(double want, double got, double bound, Fill kind, Ending ending) {
  if (isnan(want)) return isnan(got);
  if (isinf(want)) return got == want;
  return kind == FILL_integers && ending != ENDING_tanh_residual ? got == want : fabs(got - want) <= bound;
}

static void check_values(const DotCase *c, const DotRun *r, Fill kind, const char *what) {
  int64_t batch = c->batch ? c->batch : 1;
  for (int64_t e = 0; e < batch * c->m * c->n; ++e) {
    int64_t b = e / (c->m * c->n), i = e / c->n % c->m, j = e % c->n;
    double bound, want = expected(c, r, b, i, j, &bound);
    double got = element(c->dtype, dot_result(r), c->ending == ENDING_turned ? (b * c->n + j) * c->m + i : e);
    if (!is_right(want, got, bound, kind, c->ending))
      fail_msg("%s: %lld x [%lld,%lld] x [%lld,%lld] turned %d %d, ending %d: y[%lld,%lld,%lld] is %.9g, not %.9g",
               what, (long long)c->batch, (long long)c->m, (long long)c->k, (long long)c->k, (long long)c->n,
               c->a_turned, c->b_turned, c->ending, (long long)b, (long long)i, (long long)j, got, want);
  }
}

static void run_case(const DotLibrary *l, int i, Fill kind, uint64_t *hash, const char *what) {
  for (int threads = 1; threads <= 5; threads += threads < 3 ? 1 : 2) {
    DotRun r;
    dot_open(&r, l, i);
    fill(&r, cases[i].c.dtype, kind, 1000u + (uint64_t)i);
    dot_run(&r, threads);
    uint64_t h = result_hash(&cases[i].c, &r);
    if (!*hash) check_values(&cases[i].c, &r, kind, what);
    if (*hash && h != *hash) fail_msg("%s: case %d has other bits on %d threads", what, i, threads);
    *hash = h;
    dot_close(&r);
  }
}

static char directory[] = "/tmp/test_blas_XXXXXX";

static bool calls_routine(const Host *h) {
  for (int i = 0; i < h->body.n; ++i) {
    const Stmt *s = h->body.at[i];
    Program one = {0};
    if (s->kind != S_call) continue;
    Kernel *kernel[] = {(Kernel *)s->kernel};
    one.kernels.at = kernel;
    one.kernels.n = 1;
    if (program_calls_blas(&one)) return true;
  }
  return false;
}

static void test_products(void **state) {
  (void)state;
  Machine machine = *machine_find("native");
  machine.blas = "openblas";
  DotCase list[CASES];
  uint64_t hash[3][CASES] = {{0}};
  for (int i = 0; i < CASES; ++i) list[i] = cases[i].c;
  for (int way = 0; way < 2; ++way) {
    const char *compiler = way ? "llvm" : "cc";
    if (way && !emit_has_llvm()) {
      print_message("SKIPPED in part: built without LLVM\n");
      break;
    }
    DotLibrary l;
    assert_true(dot_load(&l, directory, CASES, list, &machine, compiler, way ? "" : "-O1 -Wall -Wextra"));
    for (int i = 0; i < CASES; ++i) {
      if (calls_routine(l.program->hosts.at[i + 1]) != cases[i].taken)
        fail_msg("case %d: OpenBLAS %s called", i, cases[i].taken ? "is not" : "is");
      for (int kind = FILL_integers; kind <= FILL_wild; ++kind) run_case(&l, i, (Fill)kind, &hash[kind][i], compiler);
    }
    dot_unload(&l);
  }
}

int main(void) {
  if (!mkdtemp(directory)) return 1;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_products)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", directory);
  return system(command) ? 1 : failed;
}
#else
int main(void) {
  puts("SKIPPED: OpenBLAS (libopenblas-pthread-dev) is not installed");
  return 77;
}
#endif
