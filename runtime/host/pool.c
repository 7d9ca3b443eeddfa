/* pool.c: the thread pool. A step is one SPMD function: all threads of the pool run it, each with its number, and meet
 * at barriers; loops cut their range by nnrt_lo and nnrt_hi. So the pool is little more than its barrier.
 *
 * The barrier is a counter and a phase. Who comes last resets the counter and advances the phase; the others spin on
 * the phase for some 20 microseconds and then sleep. With more threads than usable processors nobody spins: two
 * spinners on one core cost a time slice at every barrier (measured: 4 ms against 80 ns).
 *
 * Between steps the workers wait at the same barrier for the next one: a run is (set the job, barrier, work, barrier).
 * The job is written by thread 0 alone, before the first barrier and after the second, so no other order is needed. */
#include "host.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POOL_SPIN_SECONDS 20e-6
enum { POOL_LINE = 64 }; /* bytes that processors pass on as one */

struct nnrt_pool {
  _Alignas(POOL_LINE) atomic_uint arrived;
  _Alignas(POOL_LINE) atomic_uint phase;
  _Alignas(POOL_LINE) atomic_int sleepers;
  _Alignas(POOL_LINE) nnrt_step *step; /* the job; NULL: go home */
  const nnrt_memory *memory;
  unsigned count;
  int spin, gate; /* gate, under the lock: 0 wait, 1 all threads are there, -1 some could not be started */
  pthread_mutex_t lock;
  pthread_cond_t wake;
  struct pool_worker {
    pthread_t handle;
    nnrt_thread view; /* what it is to the step function */
  } * workers;        /* by number; 0 is the caller's thread */
};

int nnrt_usable_cpus(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (!sched_getaffinity(0, sizeof set, &set) && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n > 0 ? (int)n : 1;
}

/* ---- the barrier ---- */
static void pool_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

/* The clock is asked every 64 looks: a barrier that is nearly complete never asks it. */
static bool pool_spin(nnrt_pool *p, unsigned phase) {
  double until = 0;
  for (unsigned i = 1; p->spin; i++) {
    if (atomic_load_explicit(&p->phase, memory_order_acquire) != phase) return true;
    pool_pause();
    if (i % 64) continue;
    double now = nnrt_seconds();
    if (until == 0)
      until = now + POOL_SPIN_SECONDS;
    else if (now > until)
      break;
  }
  return false;
}

/* `sleepers` is raised before `phase` is read, and `phase` advanced before `sleepers` is read, both sequentially
 * consistent: either the sleeper sees the new phase or the other side sees the sleeper. */
static void pool_sleep(nnrt_pool *p, unsigned phase) {
  pthread_mutex_lock(&p->lock);
  atomic_fetch_add(&p->sleepers, 1);
  while (atomic_load(&p->phase) == phase) pthread_cond_wait(&p->wake, &p->lock);
  atomic_fetch_sub(&p->sleepers, 1);
  pthread_mutex_unlock(&p->lock);
}

static void pool_wake(nnrt_pool *p) {
  pthread_mutex_lock(&p->lock);
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->lock);
}

static void pool_meet(nnrt_pool *p) {
  unsigned phase = atomic_load_explicit(&p->phase, memory_order_relaxed); /* cannot advance before we arrive */
  if (atomic_fetch_add_explicit(&p->arrived, 1, memory_order_acq_rel) + 1 == p->count) {
    atomic_store_explicit(&p->arrived, 0, memory_order_relaxed);
    atomic_store(&p->phase, phase + 1);
    if (atomic_load(&p->sleepers)) pool_wake(p);
  } else if (!pool_spin(p, phase)) {
    pool_sleep(p, phase);
  }
}

void nnrt_barrier(const nnrt_thread *thread) {
  if (thread->pool) pool_meet(thread->pool);
}

/* ---- workers ---- */
static int pool_gate(nnrt_pool *p) {
  pthread_mutex_lock(&p->lock);
  while (!p->gate) pthread_cond_wait(&p->wake, &p->lock);
  int gate = p->gate;
  pthread_mutex_unlock(&p->lock);
  return gate;
}

static void *pool_worker_main(void *argument) {
  const nnrt_thread *view = argument;
  nnrt_pool *p = view->pool;
  nnrt_floats_enter();
  if (pool_gate(p) < 0) return NULL;
  for (;;) {
    pool_meet(p);
    if (!p->step) return NULL;
    p->step(p->memory, view);
    pool_meet(p);
  }
}

static bool pool_worker_start(nnrt_pool *p, int id) {
  p->workers[id].view = (nnrt_thread){id, (int)p->count, p};
  return !pthread_create(&p->workers[id].handle, NULL, pool_worker_main, &p->workers[id].view);
}

/* Workers take no signals: these are the business of the thread that called nnrt_main. */
static int pool_workers_start(nnrt_pool *p) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int started = 1;
  while (started < (int)p->count && pool_worker_start(p, started)) started++;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_mutex_lock(&p->lock);
  p->gate = started == (int)p->count ? 1 : -1;
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->lock);
  return started;
}

static void pool_free(nnrt_pool *p, int started) {
  for (int i = 1; i < started; i++) pthread_join(p->workers[i].handle, NULL);
  pthread_cond_destroy(&p->wake);
  pthread_mutex_destroy(&p->lock);
  free(p->workers);
  free(p);
}

int nnrt_pool_start(nnrt_error *error, nnrt_pool **pool, int threads) {
  *pool = NULL;
  if (threads <= 1) return NNRT_GOOD;
  nnrt_pool *p;
  NNRT_TRY(nnrt_alloc(error, &p, sizeof *p, "the thread pool"));
  p->count = (unsigned)threads;
  p->spin = threads <= nnrt_usable_cpus();
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->wake, NULL);
  p->workers = calloc((size_t)threads, sizeof *p->workers);
  int started = p->workers ? pool_workers_start(p) : 1;
  if (started == threads) return *pool = p, NNRT_GOOD;
  pool_free(p, started);
  return nnrt_fail(error, NNRT_FAILED, "the system gives only %d of %d threads", started, threads);
}

void nnrt_pool_run(nnrt_pool *p, nnrt_step *step, const nnrt_memory *memory) {
  nnrt_thread thread = {0, p ? (int)p->count : 1, p};
  if (!p) {
    step(memory, &thread);
    return;
  }
  p->step = step;
  p->memory = memory;
  pool_meet(p);
  step(memory, &thread);
  pool_meet(p);
}

void nnrt_pool_stop(nnrt_pool *p) {
  if (!p) return;
  p->step = NULL;
  pool_meet(p);
  pool_free(p, (int)p->count);
}
