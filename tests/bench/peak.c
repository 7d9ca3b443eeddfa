/* peak.c: the FMA peak of this machine as the runtime measures it (runtime/host/peak.c), beside what is compared with
 * it.
 *
 *   cc -O2 -pthread peak.c -lnnrt -lz -lm -o peak && ./peak THREADS [SECONDS]      f32 GFLOP/s of all threads together
 */
#include "../../runtime/host/host.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  nnrt_error error = {0};
  nnrt_pool *pool;
  if (threads < 1) return NNRT_USAGE;
  if (nnrt_pool_start(&error, &pool, threads)) return fprintf(stderr, "peak: %s\n", error.text), NNRT_FAILED;
  printf("%.1f GFLOP/s\n", nnrt_peak_flops(pool, threads, argc > 2 ? atof(argv[2]) : 0.3) / 1e9);
  nnrt_pool_stop(pool);
  return NNRT_GOOD;
}
