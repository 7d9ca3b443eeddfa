/* harness.c: the driver that fuzz_graphs links emitted programs with, instead of libnnrt: `program OUT THREADS`.
 *
 * It stands in for nnrt_main: runs `init`, then every function once on fresh memory, with its inputs at their defaults,
 * and writes to OUT, function by function: the output block's tensors, then the states whose names begin with the
 * function's name and a dot, in the order of the tables, without gaps. Scratch and output are filled with 0xff first,
 * so what is read before it is written shows; guard bytes behind every arena must survive, and so must other functions'
 * states. The barrier here is a plain one, so that a fault of the pool is not taken for one of the compiler. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nnrt.h"

enum { GUARD = 256, MAX_THREADS = 16 };

struct nnrt_pool {
  pthread_barrier_t barrier;
};

void nnrt_barrier(const nnrt_thread *thread) {
  if (thread->pool) pthread_barrier_wait(&thread->pool->barrier);
}
float nnrt_fmaf(float a, float b, float c) { return fmaf(a, b, c); }
double nnrt_fma(double a, double b, double c) { return fma(a, b, c); }

static const int dtype_bytes[] = {4, 8, 2, 2, 4, 8, 4, 1, 1}; /* the order of nnrt_dtype */

static void fail(const char *what, const char *name) {
  fprintf(stderr, "harness: %s: %s\n", name, what);
  exit(9);
}

static unsigned char *arena_make(int64_t bytes, int fill) {
  size_t n = (size_t)bytes + GUARD;
  unsigned char *at = aligned_alloc(64, (n + 63) / 64 * 64);
  if (!at) fail("no memory", "arena");
  memset(at, fill, (size_t)bytes);
  memset(at + bytes, 0xa5, GUARD);
  return at;
}

static void arena_check(const unsigned char *at, int64_t bytes, const char *what, const char *func) {
  for (int i = 0; i < GUARD; ++i)
    if (at[bytes + i] != 0xa5) fail(what, func);
}

typedef struct Job {
  nnrt_step *step;
  nnrt_memory memory;
  nnrt_thread thread;
} Job;

static void *job_run(void *job) {
  Job *j = job;
  j->step(&j->memory, &j->thread);
  return NULL;
}

static void run_threads(nnrt_step *step, const nnrt_memory *memory, int threads) {
  struct nnrt_pool pool;
  pthread_t handle[MAX_THREADS];
  Job job[MAX_THREADS];
  pthread_barrier_init(&pool.barrier, NULL, (unsigned)threads);
  for (int i = 0; i < threads; ++i)
    job[i] = (Job){step, *memory, {.id = i, .count = threads, .pool = threads > 1 ? &pool : NULL}};
  for (int i = 1; i < threads; ++i)
    if (pthread_create(&handle[i], NULL, job_run, &job[i])) fail("no thread", "harness");
  job_run(&job[0]);
  for (int i = 1; i < threads; ++i) pthread_join(handle[i], NULL);
  pthread_barrier_destroy(&pool.barrier);
}

static int64_t state_bytes(const nnrt_state *s) {
  int64_t n = dtype_bytes[s->dtype];
  for (int d = 0; d < s->rank; ++d) n *= s->dim[d];
  return n;
}

static int is_of(const nnrt_state *s, const nnrt_func *f) {
  size_t n = strlen(f->name);
  return strncmp(s->name, f->name, n) == 0 && s->name[n] == '.';
}

static const unsigned char *state_at(const nnrt_state *s, const nnrt_memory *m) {
  return (s->trained ? m->params : m->state) + s->offset;
}

static unsigned char *make_input(const nnrt_variant *v, const char *func) {
  unsigned char *input = arena_make(v->input_bytes, 0xff);
  for (int i = 0; i < v->ninputs; ++i) {
    const nnrt_input *in = &v->inputs[i];
    if (!in->value) fail("an input has no default", func);
    memcpy(input + in->offset, in->value, (size_t)(in->count * dtype_bytes[in->dtype]));
  }
  return input;
}

static void write_results(FILE *out, const nnrt_model *model, const nnrt_func *f, const nnrt_memory *m,
                          const nnrt_memory *start) {
  const nnrt_variant *v = &f->variants[0];
  for (int i = 0; i < v->noutputs; ++i) {
    const nnrt_output *o = &v->outputs[i];
    fwrite(m->output + o->offset, (size_t)dtype_bytes[o->dtype], (size_t)o->count, out);
  }
  for (int i = 0; i < model->nstates; ++i) {
    const nnrt_state *s = &model->states[i];
    size_t bytes = (size_t)state_bytes(s);
    if (is_of(s, f))
      fwrite(state_at(s, m), 1, bytes, out);
    else if (memcmp(state_at(s, m), state_at(s, start), bytes) != 0)
      fail("another function's state changed", f->name);
  }
}

static void run_func(FILE *out, const nnrt_model *model, const nnrt_func *f, const nnrt_memory *start, int threads) {
  const nnrt_variant *v = &f->variants[0];
  unsigned char *input = make_input(v, f->name);
  nnrt_memory m = {.params = arena_make(model->params_bytes, 0),
                   .state = arena_make(model->state_bytes, 0),
                   .scratch = arena_make(model->scratch_bytes, 0xff),
                   .output = arena_make(v->output_bytes, 0xff),
                   .input = input};
  memcpy(m.params, start->params, (size_t)model->params_bytes);
  memcpy(m.state, start->state, (size_t)model->state_bytes);
  run_threads(v->step, &m, threads);
  arena_check(m.params, model->params_bytes, "wrote behind the parameters", f->name);
  arena_check(m.state, model->state_bytes, "wrote behind the state", f->name);
  arena_check(m.scratch, model->scratch_bytes, "wrote behind the scratch", f->name);
  arena_check(m.output, v->output_bytes, "wrote behind the outputs", f->name);
  arena_check(input, v->input_bytes, "wrote behind the inputs", f->name);
  write_results(out, model, f, &m, start);
  free(m.params), free(m.state), free(m.scratch), free(m.output), free(input);
}

int nnrt_main(const nnrt_model *model, int argc, char **argv) {
  FILE *out = argc == 3 ? fopen(argv[1], "wb") : NULL;
  int threads = argc == 3 ? atoi(argv[2]) : 0;
  if (!out || threads < 1 || threads > MAX_THREADS) fail("usage: program OUT THREADS", model->name);
  nnrt_memory start = {.params = arena_make(model->params_bytes, 0),
                       .state = arena_make(model->state_bytes, 0),
                       .scratch = arena_make(model->scratch_bytes, 0xff),
                       .output = arena_make(0, 0),
                       .input = arena_make(0, 0)};
  const uint32_t seed[2] = {1234, 1235};
  if (model->seed_offset >= 0) memcpy(start.state + model->seed_offset, seed, sizeof seed);
  run_threads(model->init, &start, threads);
  for (int i = 0; i < model->nfuncs; ++i) run_func(out, model, &model->funcs[i], &start, threads);
  if (fclose(out) != 0) fail("cannot write", argv[1]);
  return 0;
}
