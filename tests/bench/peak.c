/* peak.c: what the arithmetic of this machine can do, measured beside what is compared with it (clocks drift within an
 * hour).
 *
 *   cc -O2 -pthread peak.c -o peak && ./peak THREADS [SECONDS]      prints f32 GFLOP/s of all threads together
 *
 * Twelve independent chains of fused multiply-adds in named vector registers: more than latency times ports on any core
 * so far. The widest of AVX-512, AVX2 and (elsewhere) 128-bit vectors that the processor has. Each thread is bound to a
 * processor of its own; the best of the intervals counts, because a peak is a property of the machine and everything
 * that disturbs it only makes it smaller. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* x = x * a + b converges to 1: no overflow, no subnormals. `body` runs 12 of them on vectors of `lanes` floats. */
#define CHAINS(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11)
#define DEFINE(name, lanes, target, statement)                                                                         \
  typedef float name##_vector __attribute__((vector_size(lanes * 4)));                                                 \
  target __attribute__((noinline)) static float name(long n) {                                                         \
    name##_vector a = (name##_vector){0} + 0.75f, b = (name##_vector){0} + 0.25f;                                      \
    CHAINS(START_##name)                                                                                               \
    for (long i = 0; i < n; i++) {                                                                                     \
      CHAINS(statement)                                                                                                \
    }                                                                                                                  \
    name##_vector sum = (name##_vector){0};                                                                            \
    CHAINS(ADD)                                                                                                        \
    return sum[0];                                                                                                     \
  }
#define ADD(i) sum += c##i;
#if defined(__x86_64__)
#define START_fma512(i) fma512_vector c##i = a + i;
#define START_fma256(i) fma256_vector c##i = a + i;
#define FMA_X86(i) __asm__ volatile("vfmadd213ps %2, %1, %0" : "+v"(c##i) : "v"(a), "v"(b));
DEFINE(fma512, 16, __attribute__((target("avx512f"))), FMA_X86)
DEFINE(fma256, 8, __attribute__((target("avx2,fma"))), FMA_X86)
#else
#define START_fma128(i) fma128_vector c##i = a + i;
#define FMA_ANY(i)                                                                                                     \
  __asm__ volatile("" : "+w"(c##i));                                                                                   \
  c##i = c##i * a + b;
DEFINE(fma128, 4, , FMA_ANY)
#endif

typedef struct Kind {
  const char *name;
  int lanes;
  float (*run)(long);
} Kind;

static Kind kind_best(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return (Kind){"AVX-512", 16, fma512};
  if (__builtin_cpu_supports("fma")) return (Kind){"AVX2", 8, fma256};
  fprintf(stderr, "peak: no FMA here\n");
  exit(77);
#else
  return (Kind){"128-bit", 4, fma128};
#endif
}

enum { INTERVALS = 12, MAX_THREADS = 64 };
static pthread_barrier_t together;
static Kind kind;
static long repeats;
static double begin[MAX_THREADS][INTERVALS], end[MAX_THREADS][INTERVALS];
static volatile float sink;

static void *work(void *argument) {
  int id = (int)(long)argument;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(id, &one);
  sched_setaffinity(0, sizeof one, &one);
  for (int k = 0; k < INTERVALS; k++) {
    pthread_barrier_wait(&together);
    begin[id][k] = now();
    sink = kind.run(repeats);
    end[id][k] = now();
  }
  return NULL;
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  double seconds = argc > 2 ? atof(argv[2]) : 0.3;
  if (threads < 1 || threads > MAX_THREADS) return 2;
  kind = kind_best();
  double t = now();
  sink = kind.run(1 << 20);
  repeats = (long)((1 << 20) * seconds / INTERVALS / (now() - t)) + 1;
  pthread_barrier_init(&together, NULL, (unsigned)threads);
  pthread_t thread[MAX_THREADS];
  for (long id = 1; id < threads; id++) pthread_create(&thread[id], NULL, work, (void *)id);
  work((void *)0L);
  for (int id = 1; id < threads; id++) pthread_join(thread[id], NULL);
  double best = 0;
  for (int k = 0; k < INTERVALS; k++) {
    double from = begin[0][k], to = end[0][k];
    for (int id = 1; id < threads; id++) {
      if (begin[id][k] < from) from = begin[id][k];
      if (end[id][k] > to) to = end[id][k];
    }
    double rate = 12.0 * 2 * kind.lanes * (double)repeats * threads / (to - from) / 1e9;
    if (rate > best) best = rate;
  }
  printf("%.1f GFLOP/s %s\n", best, kind.name);
  return 0;
}
