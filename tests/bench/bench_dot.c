/* bench_dot.c: matrix products as nnc emits them, packing included, by gcc, clang and LLVM: share of this core's FMA
 * peak, which is measured again around every product, since the clock drifts. About a thousand outputs of each are
 * compared with the chain of fmas. Convolutions are counted by what the mathematics needs (dX does more: it multiplies
 * zeros at the border).
 *
 *   bench_dot [COMPILER …]      gcc, clang-14, clang-19, llvm; default: those that are there
 */
#include "../unit/conv_case.h"

#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Twelve independent chains: two fmas a cycle with a latency of four, and some to spare. */
#define CHAINS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
__attribute__((noinline, target("avx512f"))) static float chains_512(long n) {
  __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f), sum = b;
#define START(i) __m512 c##i = _mm512_set1_ps(i);
  CHAINS(START)
  for (long k = 0; k < n; ++k) {
#define STEP(i) c##i = _mm512_fmadd_ps(a, c##i, b);
    CHAINS(STEP)
  }
#define END(i) sum = _mm512_add_ps(sum, c##i);
  CHAINS(END)
  return _mm512_reduce_add_ps(sum);
}

/* GFLOP/s of the kind of vectors that the machine has. */
static double peak(const Machine *m, DType dtype) {
  double best = 1e9;
  static volatile float sink;
  for (int i = 0; i < 20; ++i) {
    double t = seconds();
    sink = sink + chains_512(20000);
    t = seconds() - t;
    if (t < best) best = t;
  }
  return 2.0 * 20000 * 12 * m->lanes[dtype] / best * 1e-9;
}

typedef struct Row {
  const char *what;
  DotCase c;
} Row;

static const Row rows[] = {
    {"layer 1, W[n,k]", {0, 128, 512, 784, false, true, false, ENDING_relu, DT_f32, false}},
    {"layer 2, W[n,k]", {0, 128, 512, 512, false, true, false, ENDING_relu, DT_f32, false}},
    {"layer 3, W[n,k]", {0, 128, 10, 512, false, true, false, ENDING_relu, DT_f32, false}},
    {"dW1", {0, 512, 784, 128, true, false, false, ENDING_none, DT_f32, false}},
    {"dW2", {0, 512, 512, 128, true, false, false, ENDING_none, DT_f32, false}},
    {"dW3", {0, 10, 512, 128, true, false, false, ENDING_none, DT_f32, false}},
    {"dX3", {0, 128, 512, 10, false, false, false, ENDING_none, DT_f32, false}},
    {"dX2", {0, 128, 512, 512, false, false, false, ENDING_none, DT_f32, false}},
    {"square", {0, 1024, 1024, 1024, false, false, false, ENDING_none, DT_f32, false}},
    {"square, W[n,k]", {0, 1008, 1024, 1024, false, true, false, ENDING_relu, DT_f32, false}},
    {"attention QK^T", {12, 256, 256, 64, false, true, false, ENDING_none, DT_f32, false}},
    {"attention PV", {12, 256, 64, 256, false, false, false, ENDING_none, DT_f32, false}},
    {"small", {64, 32, 32, 32, false, false, false, ENDING_none, DT_f32, false}},
    {"long k", {0, 512, 1024, 8192, false, true, false, ENDING_none, DT_f32, false}},
    {"slices of k", {0, 64, 512, 4096, true, false, false, ENDING_none, DT_f32, false}},
    {"f64", {0, 128, 512, 784, false, true, false, ENDING_relu, DT_f64, false}},
};

static void fill(const DotRun *r, DotCase c) {
  for (int i = 0; i < r->host->inputs.n; ++i) {
    const Slot *s = r->host->inputs.at[i];
    unsigned char *at = (unsigned char *)r->memory.input + s->offset;
    for (int64_t j = 0; j < shape_count(s->shape); ++j) {
      double x = (double)((j * 37 + i * 11) % 101) * 0.01 - 0.5;
      if (c.dtype == DT_f32)
        ((float *)at)[j] = (float)x;
      else
        ((double *)at)[j] = x;
    }
  }
}

static int64_t wrong(const DotRun *r, const DotCase *c) {
  int64_t bad = 0, batch = c->batch ? c->batch : 1, count = batch * c->m * c->n, step = count / 1000 + 1;
  for (int64_t e = 0; e < count; e += step) {
    int64_t b = e / (c->m * c->n), i = e / c->n % c->m, j = e % c->n;
    bool same;
    if (c->dtype == DT_f32) {
      float y = dot_chain_f32(c, dot_data(r, "a"), dot_data(r, "w"), b, i, j);
      if (c->ending == ENDING_relu) y += ((const float *)dot_data(r, "bias"))[j], y = y <= 0 ? 0 : y;
      same = y == ((const float *)dot_result(r))[e];
    } else {
      double y = dot_chain_f64(c, dot_data(r, "a"), dot_data(r, "w"), b, i, j);
      if (c->ending == ENDING_relu) y += ((const double *)dot_data(r, "bias"))[j], y = y <= 0 ? 0 : y;
      same = y == ((const double *)dot_result(r))[e];
    }
    bad += !same;
  }
  return bad;
}

static double best_time(const DotRun *r, double flops) {
  const nnrt_thread one = {0, 1, NULL};
  int runs = (int)(2e10 / flops) + 3, at_once = flops < 4e6 ? 20 : 1;
  double best = 1e9;
  if (runs > 400) runs = 400;
  for (int i = 0; i < runs; ++i) {
    double t = seconds();
    for (int k = 0; k < at_once; ++k) r->step(&r->memory, &one);
    t = (seconds() - t) / at_once;
    if (t < best) best = t;
  }
  return best;
}

typedef struct ConvRow {
  const char *what;
  ConvCase c; /* n, c, h, o, k, stride, dilation, pad */
} ConvRow;

/* The layers of LeNet (batch 64) and of ResNet-20 on CIFAR-10 (batch 32): forward, by the input, by the weight. */
static const ConvRow conv_rows[] = {
    {"LeNet conv1", {64, 1, 28, 16, 5, 1, 1, 0, CONV_y}},
    {"LeNet conv1 dW", {64, 1, 28, 16, 5, 1, 1, 0, CONV_dw}},
    {"LeNet conv2", {64, 16, 12, 32, 5, 1, 1, 0, CONV_y}},
    {"LeNet conv2 dX", {64, 16, 12, 32, 5, 1, 1, 0, CONV_dx}},
    {"LeNet conv2 dW", {64, 16, 12, 32, 5, 1, 1, 0, CONV_dw}},
    {"ResNet 16x32", {32, 16, 32, 16, 3, 1, 1, 1, CONV_y}},
    {"ResNet 16x32 dX", {32, 16, 32, 16, 3, 1, 1, 1, CONV_dx}},
    {"ResNet 16x32 dW", {32, 16, 32, 16, 3, 1, 1, 1, CONV_dw}},
    {"ResNet 32x16", {32, 32, 16, 32, 3, 1, 1, 1, CONV_y}},
    {"ResNet 32x16 dX", {32, 32, 16, 32, 3, 1, 1, 1, CONV_dx}},
    {"ResNet 32x16 dW", {32, 32, 16, 32, 3, 1, 1, 1, CONV_dw}},
    {"ResNet 64x8", {32, 64, 8, 64, 3, 1, 1, 1, CONV_y}},
    {"ResNet 64x8 dX", {32, 64, 8, 64, 3, 1, 1, 1, CONV_dx}},
    {"ResNet 64x8 dW", {32, 64, 8, 64, 3, 1, 1, 1, CONV_dw}},
    {"ResNet strided", {32, 16, 32, 32, 3, 2, 1, 1, CONV_y}},
};

static void bench_conv(const char *directory, const char *compiler, const ConvRow *row, const Machine *m) {
  DotLibrary l = {.arena = arena_new()};
  DotRun r;
  const ConvCase *c = &row->c;
  l.program = conv_program(l.arena, 1, c, m);
  if (dot_open_program(&l, directory, compiler,
                       strcmp(compiler, "llvm") ? "-O3 -march=native -ffp-contract=off" : "")) {
    dot_open(&r, &l, 0);
    double flops = conv_flops(c);
    conv_fill(&r);
    dot_run(&r, 1);
    int64_t bad = conv_wrong(c, &r, 1000);
    double before = peak(m, DT_f32), t = best_time(&r, flops), after = peak(m, DT_f32);
    double most = before > after ? before : after, rate = flops / t * 1e-9;
    printf("%-8s %-17s %2lld x %3lld,%3lld,%3lld -> %3lld  %9.1f us %6.1f GFLOP/s %5.1f %% of %.0f, %d kernels%s\n",
           compiler, row->what, (long long)c->n, (long long)c->c, (long long)c->h, (long long)c->h, (long long)c->o,
           t * 1e6, rate, 100 * rate / most, most, l.program->kernels.n, bad ? "  WRONG" : "");
    dot_close(&r);
  }
  fflush(stdout);
  dot_unload(&l);
}

static void bench(const char *directory, const char *compiler, const Row *row, const Machine *m) {
  DotLibrary l;
  DotRun r;
  const DotCase *c = &row->c;
  const char *flags = strcmp(compiler, "llvm") ? "-O3 -march=native -ffp-contract=off" : "";
  if (dot_load(&l, directory, 1, c, m, compiler, flags)) {
    dot_open(&r, &l, 0);
    double flops = 2.0 * (double)((c->batch ? c->batch : 1) * c->m * c->n * c->k);
    fill(&r, *c);
    dot_run(&r, 1);
    int64_t bad = wrong(&r, c);
    double before = peak(m, c->dtype), t = best_time(&r, flops), after = peak(m, c->dtype);
    double most = before > after ? before : after, rate = flops / t * 1e-9;
    printf("%-8s %-17s %3lld x %4lld,%4lld,%4lld  %9.1f us %6.1f GFLOP/s %5.1f %% of %.0f, %d kernels%s\n", compiler,
           row->what, (long long)c->batch, (long long)c->m, (long long)c->n, (long long)c->k, t * 1e6, rate,
           100 * rate / most, most, l.program->kernels.n, bad ? "  WRONG" : "");
    dot_close(&r);
  }
  fflush(stdout);
  dot_unload(&l);
}

int main(int argc, char **argv) {
  static const char *const known[] = {"gcc", "clang-14", "clang-19", "llvm"};
  const Machine *m = machine_find("native");
  char directory[] = "/tmp/bench_dot_XXXXXX";
  if (!m || m->lanes[DT_f32] != 16 || !mkdtemp(directory)) {
    puts("SKIPPED: needs a processor with AVX-512");
    return 77;
  }
  int n = argc > 1 ? argc - 1 : 4;
  for (int i = 0; i < n; ++i) {
    const char *compiler = argc > 1 ? argv[i + 1] : known[i];
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null", compiler);
    if (strcmp(compiler, "llvm") ? system(command) != 0 : !emit_has_llvm()) continue;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; ++k) bench(directory, compiler, &rows[k], m);
    for (size_t k = 0; k < sizeof conv_rows / sizeof *conv_rows; ++k) bench_conv(directory, compiler, &conv_rows[k], m);
  }
  char command[128];
  snprintf(command, sizeof command, "rm -r %s", directory);
  return system(command) ? 1 : 0;
}
#else
int main(void) {
  puts("SKIPPED: needs a processor with AVX-512");
  return 77;
}
#endif
