/* test_pool.c: the thread pool and its barrier: who runs, in what order, with fewer and with more threads than
 * processors, after pauses long enough for sleep, and under the thread sanitizer. */
#include "host/host.h"

#include <sched.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = 9 };
static nnrt_pool *start(int threads) {
  nnrt_error error = {0};
  nnrt_pool *pool;
  if (nnrt_pool_start(&error, &pool, threads)) fail_msg("%s", error.text);
  return pool;
}

/* Plain memory on purpose: only the barriers order it, so the sanitizer sees a barrier that does not. */
static struct Slots {
  long value[MOST][16]; /* a cache line each */
  int phases, bad, pause_at;
  int64_t covered[1000];
} slots;

/* In each phase a thread writes its slot and, past a barrier, reads all the others'. */
static void phases(const nnrt_memory *memory, const nnrt_thread *t) {
  (void)memory;
  for (long phase = 1; phase <= slots.phases; phase++) {
    if (slots.pause_at == t->id && phase % 8 == 3) usleep(300); /* the others go to sleep */
    slots.value[t->id][0] = phase;
    nnrt_barrier(t);
    for (int i = 0; i < t->count; i++)
      if (slots.value[i][0] != phase) __atomic_store_n(&slots.bad, 1, __ATOMIC_RELAXED);
    nnrt_barrier(t);
  }
}

static void barriers_order_memory(void **state) {
  (void)state;
  for (int threads = 1; threads <= MOST; threads += threads < 4 ? 1 : 5) {
    nnrt_pool *pool = start(threads);
    bool crowded = threads > nnrt_usable_cpus();
    memset(&slots, 0, sizeof slots);
    slots.phases = crowded ? 200 : 5000;
    slots.pause_at = -1;
    for (int run = 0; run < 3; run++) nnrt_pool_run(pool, phases, NULL);
    slots.phases = 40;
    slots.pause_at = 0;
    nnrt_pool_run(pool, phases, NULL);
    slots.pause_at = threads - 1;
    nnrt_pool_run(pool, phases, NULL);
    nnrt_pool_stop(pool);
    assert_int_equal(slots.bad, 0);
  }
}

/* Ranges cut by nnrt_lo and nnrt_hi cover everything once, and are within one of each other. */
static void cover(const nnrt_memory *memory, const nnrt_thread *t) {
  int64_t n = *(const int64_t *)(const void *)memory->input, lo = nnrt_lo(n, t), hi = nnrt_hi(n, t);
  for (int64_t i = lo; i < hi; i++) slots.covered[i]++;
  if (hi - lo < n / t->count || hi - lo > n / t->count + 1) __atomic_store_n(&slots.bad, 1, __ATOMIC_RELAXED);
}

static void ranges_cover_all_once(void **state) {
  (void)state;
  static const int64_t sizes[] = {0, 1, 2, 3, 7, 64, 999, 1000};
  memset(&slots, 0, sizeof slots);
  for (int threads = 1; threads <= 5; threads++) {
    nnrt_pool *pool = start(threads);
    for (int k = 0; k < 8; k++) {
      memset(slots.covered, 0, sizeof slots.covered);
      nnrt_memory memory = {.input = (const unsigned char *)&sizes[k]};
      nnrt_pool_run(pool, cover, &memory);
      for (int64_t i = 0; i < 1000; i++) assert_int_equal(slots.covered[i], i < sizes[k]);
    }
    nnrt_pool_stop(pool);
  }
  assert_int_equal(slots.bad, 0);
}

static void who(const nnrt_memory *memory, const nnrt_thread *t) {
  (void)memory;
  slots.value[t->id][0]++;
  slots.value[t->id][1] = t->count;
}

static void every_thread_runs_every_job(void **state) {
  (void)state;
  memset(&slots, 0, sizeof slots);
  nnrt_pool *pool = start(3);
  for (int run = 0; run < 500; run++) {
    nnrt_pool_run(pool, who, NULL);
    if (run % 100 == 0) usleep(1000); /* workers sleep between steps as well */
  }
  nnrt_pool_stop(pool);
  for (int i = 0; i < 3; i++) assert_true(slots.value[i][0] == 500 && slots.value[i][1] == 3);
}

static void alone(const nnrt_memory *memory, const nnrt_thread *t) {
  (void)memory;
  assert_int_equal(t->id, 0);
  assert_int_equal(t->count, 1);
  assert_null(t->pool);
  nnrt_barrier(t);
  slots.value[0][0]++;
}

static void one_thread_is_a_direct_call(void **state) {
  (void)state;
  memset(&slots, 0, sizeof slots);
  nnrt_pool *pool = start(1);
  assert_null(pool);
  nnrt_pool_run(pool, alone, NULL);
  nnrt_pool_stop(pool);
  assert_int_equal(slots.value[0][0], 1);
}

static void pools_start_and_stop_again(void **state) {
  (void)state;
  for (int i = 0; i < 40; i++) {
    nnrt_pool *pool = start(1 + i % 4);
    if (i % 3) nnrt_pool_run(pool, who, NULL);
    nnrt_pool_stop(pool);
  }
}

#if defined(__linux__)
static void the_affinity_mask_limits(void **state) {
  (void)state;
  cpu_set_t before, one;
  assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
  assert_int_equal(nnrt_usable_cpus(), CPU_COUNT(&before));
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
    if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  int usable = nnrt_usable_cpus();
  nnrt_pool *pool = start(2); /* two threads on one processor: nobody spins, so this ends soon */
  memset(&slots, 0, sizeof slots);
  slots.phases = 500;
  slots.pause_at = -1;
  double begin = nnrt_seconds();
  nnrt_pool_run(pool, phases, NULL);
  double seconds = nnrt_seconds() - begin;
  nnrt_pool_stop(pool);
  assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
  assert_int_equal(usable, 1);
  assert_int_equal(slots.bad, 0);
  assert_true(seconds < 2); /* 1000 barriers; a time slice for each would be 4 s */
}
#else
static void the_affinity_mask_limits(void **state) { (void)state, assert_true(nnrt_usable_cpus() >= 1); }
#endif

static void count_threads(const nnrt_memory *memory, const nnrt_thread *t) {
  (void)memory;
  if (t->id == 0) slots.phases = t->count;
  nnrt_barrier(t);
}

/* What is too little work to share is called as by a program of one thread. */
static void a_variant_may_be_left_alone(void **state) {
  (void)state;
  nnrt_run run = {.pool = start(3)};
  nnrt_variant variant = {.step = count_threads};
  nnrt_variant_run(&run, &variant, NULL);
  assert_int_equal(slots.phases, 3);
  variant.alone = 1;
  nnrt_variant_run(&run, &variant, NULL);
  assert_int_equal(slots.phases, 1);
  nnrt_pool_stop(run.pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(barriers_order_memory),       cmocka_unit_test(ranges_cover_all_once),
      cmocka_unit_test(every_thread_runs_every_job), cmocka_unit_test(one_thread_is_a_direct_call),
      cmocka_unit_test(pools_start_and_stop_again),  cmocka_unit_test(the_affinity_mask_limits),
      cmocka_unit_test(a_variant_may_be_left_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
