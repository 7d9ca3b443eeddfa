/* peak.c: what this machine can do at most with the threads of a pool, measured beside what is compared with it: clocks
 * and neighbours change within an hour.
 *
 * Arithmetic: each thread runs twelve independent chains of fused multiply-adds of f32 in vector registers, more than
 * latency times ports on any core so far, in the widest of AVX-512, AVX2 and (elsewhere) 128-bit vectors that the
 * processor has. Memory: each thread does a += s * b on its part of two arrays that fit no cache, so that three numbers
 * move for each that is counted as two read and one written (no line is fetched only to be overwritten). The best of
 * many short intervals counts: a peak is a property of the machine, and what disturbs it only makes it smaller. */
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PEAK_CHAINS = 12, PEAK_INTERVALS = 96, PEAK_PARTS = 8 };
#define PEAK_LEAST ((int64_t)64 << 20)
#define PEAK_MOST ((int64_t)128 << 20)

typedef float peak_vector __attribute__((vector_size(16)));
typedef struct nnrt_peak_job {
  int64_t repeats; /* arithmetic: of the chains */
  int64_t at, n;   /* memory: vectors of each array: those of an interval */
  peak_vector *a, *b;
} nnrt_peak_job;

/* ---- arithmetic ---- */
/* x = x * a + b goes to 1: no overflow, no subnormals. `name` runs the chains on vectors of `lanes` floats. */
#define PEAK_EACH(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11)
#define PEAK_START(i) peak_wide c##i = a + (float)i;
#define PEAK_SUM(i) sum += c##i;
#define PEAK_DEFINE(name, lanes, target, STEP)                                                                         \
  target __attribute__((noinline)) static float name(int64_t n) {                                                      \
    typedef float peak_wide __attribute__((vector_size(4 * (lanes))));                                                 \
    peak_wide a = (peak_wide){0} + 0.75f, b = (peak_wide){0} + 0.25f, sum = {0};                                       \
    PEAK_EACH(PEAK_START)                                                                                              \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      PEAK_EACH(STEP)                                                                                                  \
    }                                                                                                                  \
    PEAK_EACH(PEAK_SUM)                                                                                                \
    return sum[0];                                                                                                     \
  }
#if defined(__x86_64__)
#define PEAK_STEP_X86(i) __asm__ volatile("vfmadd213ps %2, %1, %0" : "+v"(c##i) : "v"(a), "v"(b));
PEAK_DEFINE(peak_fma512, 16, __attribute__((target("avx512f"))), PEAK_STEP_X86)
PEAK_DEFINE(peak_fma256, 8, __attribute__((target("avx2,fma"))), PEAK_STEP_X86)
#elif defined(__aarch64__)
#define PEAK_STEP_ARM(i) __asm__ volatile("fmla %0.4s, %1.4s, %2.4s" : "+w"(c##i) : "w"(b), "w"(b));
PEAK_DEFINE(peak_fma128, 4, , PEAK_STEP_ARM)
#endif
#define PEAK_STEP_ANY(i) c##i = c##i * a + b;
PEAK_DEFINE(peak_plain, 4, , PEAK_STEP_ANY)

typedef struct nnrt_peak_kind {
  int lanes;
  float (*run)(int64_t n);
} nnrt_peak_kind;

static nnrt_peak_kind peak_kind(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return (nnrt_peak_kind){16, peak_fma512};
  if (__builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2")) return (nnrt_peak_kind){8, peak_fma256};
#elif defined(__aarch64__)
  return (nnrt_peak_kind){4, peak_fma128};
#endif
  return (nnrt_peak_kind){4, peak_plain};
}

static void peak_compute(const nnrt_memory *memory, const nnrt_thread *thread) {
  const nnrt_peak_job *job = (const void *)memory->input;
  volatile float sink = peak_kind().run(job->repeats);
  (void)sink, (void)thread;
}

/* ---- memory ---- */
static void peak_move(const nnrt_memory *memory, const nnrt_thread *thread) {
  const nnrt_peak_job *job = (const void *)memory->input;
  int64_t end = job->at + job->n * (thread->id + 1) / thread->count;
  for (int64_t i = job->at + job->n * thread->id / thread->count; i < end; i++) job->a[i] += 0.5f * job->b[i];
}

/* Four times what the largest cache holds, in both arrays together. */
static int64_t peak_array(void) {
  int64_t bytes = PEAK_LEAST;
#ifdef _SC_LEVEL3_CACHE_SIZE
  bytes = 4 * (int64_t)sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  bytes = bytes < PEAK_LEAST ? PEAK_LEAST : bytes > PEAK_MOST ? PEAK_MOST : bytes;
  return bytes / 2 / (int64_t)sizeof(peak_vector);
}

/* ---- both ---- */
static double peak_time(nnrt_pool *pool, nnrt_step *step, const nnrt_peak_job *job) {
  nnrt_memory memory = {.input = (const void *)job};
  double start = nnrt_seconds();
  nnrt_pool_run(pool, step, &memory);
  return nnrt_seconds() - start;
}

/* Intervals of the memory go round its parts: each is out of the caches when it comes again. */
static double peak_best(nnrt_pool *pool, nnrt_step *step, nnrt_peak_job *job) {
  double best = 0;
  for (int i = 0; i < PEAK_INTERVALS; i++) {
    job->at = i % PEAK_PARTS * job->n;
    double time = peak_time(pool, step, job);
    if (!i || time < best) best = time;
  }
  return best;
}

/* Operations a second of all threads together; `seconds` in all. */
double nnrt_peak_flops(nnrt_pool *pool, int threads, double seconds) {
  nnrt_peak_job job = {.repeats = 1 << 10};
  double once = peak_best(pool, peak_compute, &job);
  job.repeats = (int64_t)((double)job.repeats * seconds / PEAK_INTERVALS / once) + 1;
  return 2.0 * PEAK_CHAINS * peak_kind().lanes * (double)job.repeats * threads / peak_best(pool, peak_compute, &job);
}

/* Bytes a second of all threads together; 0 when there is no memory to measure it with. */
double nnrt_peak_bytes(nnrt_pool *pool) {
  nnrt_peak_job job = {.n = peak_array() / PEAK_PARTS};
  nnrt_error none = {0};
  int64_t bytes = job.n * (int64_t)sizeof *job.a;
  double best = 0;
  if (!nnrt_alloc(&none, &job.a, PEAK_PARTS * bytes, "a") && !nnrt_alloc(&none, &job.b, PEAK_PARTS * bytes, "b"))
    best = 3 * (double)bytes / peak_best(pool, peak_move, &job);
  free(job.a);
  free(job.b);
  return best;
}
