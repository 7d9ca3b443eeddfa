/* bench.c: --bench N: the time of a step, without data and schedule around it.
 *
 * The first function of the first phase's step runs on one batch that stays in its block: some calls to warm up, then N
 * that are timed one by one. The state goes on changing as in training, so the arithmetic is the real one. Prints one
 * JSON line; times in milliseconds. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

enum { BENCH_WARM_UP = 5 };

static int bench_compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void bench_print(const nnrt_run *run, const nnrt_func *func, const double *times, int64_t n) {
  char name[2048];
  nnrt_json_text(name, sizeof name, 0, run->model->name);
  double median = n % 2 ? times[n / 2] : (times[n / 2 - 1] + times[n / 2]) / 2, p90 = times[(n * 9 + 9) / 10 - 1];
  printf(
      "{\"bench\":\"%s\",\"func\":\"%s\",\"steps\":%lld,\"threads\":%d,\"batch\":%d,\"median_ms\":%.6g,\"min_ms\":%.6g,"
      "\"p90_ms\":%.6g,\"text\":\"median %.6g ms a step\"}\n",
      name, func->name, (long long)n, run->threads, func->variants[0].rows, 1e3 * median, 1e3 * times[0], 1e3 * p90,
      1e3 * median);
}

int nnrt_bench(nnrt_run *run) {
  int f = nnrt_phase_leader(&run->phases[0])->func;
  nnrt_values_put(run, nnrt_phase_leader(&run->phases[0]));
  nnrt_entry *e = &run->entries[f];
  int64_t n = run->options.bench, most = INT64_MAX / (int64_t)sizeof(double);
  double *times;
  unsigned char *block;
  nnrt_batch batch = {0};
  NNRT_TRY(nnrt_prefetch_take(&run->error, &run->prefetch, e, &batch, &block));
  NNRT_TRY(nnrt_alloc(&run->error, &times, (n < most ? n : most) * (int64_t)sizeof *times, "the times"));
  nnrt_memory memory = run->memory;
  memory.input = block;
  memory.output = e->output;
  int64_t done = -BENCH_WARM_UP;
  for (double start = nnrt_seconds(); done < n && !nnrt_signalled(); done++) {
    nnrt_variant_run(run, &e->func->variants[0], &memory);
    double now = nnrt_seconds();
    if (done >= 0) times[done] = now - start;
    start = now;
  }
  if (done > 0) {
    qsort(times, (size_t)done, sizeof *times, bench_compare);
    bench_print(run, e->func, times, done);
  }
  free(times);
  return nnrt_signalled() ? nnrt_fail(&run->error, 128 + nnrt_signalled(), "stopped by a signal") : NNRT_GOOD;
}
