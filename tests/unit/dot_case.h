/* dot_case.h: one matrix product as a whole program, for test_dot.c and bench_dot.c: module, emitted C or LLVM, a
 * shared object made by a compiler, data, a run on any number of threads, and the chain of fmas that every output must
 * equal.
 *
 *   y[b, m, n] = relu(sum_k a[b, m, k] * w[b, k, n] + bias[n])   a and w stored either way round; EPILOGUE_none: no
 * more than the sum
 */
#ifndef NNC_TEST_DOT_CASE_H
#define NNC_TEST_DOT_CASE_H

#include "emit/emit.h"
#include "half.h"
#include "nnrt.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef DOT_LIBRARIES
#define DOT_LIBRARIES "-lm" /* what the shared object of the products links */
#endif

typedef enum Ending { ENDING_none, ENDING_relu, ENDING_tanh_residual, ENDING_turned, ENDING_COUNT } Ending;

typedef struct DotCase {
  int64_t batch, m, n, k;  /* batch 0: none */
  bool a_turned, b_turned; /* a is [k, m] in memory; w is [n, k] */
  bool shared;             /* w without the batch */
  Ending ending;
  DType dtype;
  bool spread; /* every second element of the last dim of a and w */
} DotCase;

/* Several products, compiled together. */
typedef struct DotLibrary {
  Arena *arena;
  Program *program;
  void *handle;
  const nnrt_model *model;
} DotLibrary;

/* One of them with its data. */
typedef struct DotRun {
  Host *host;
  nnrt_step *step;
  nnrt_memory memory;
} DotRun;

static const Loc dot_loc = {"dot.lua", 1, NULL};

static inline Shape dot_shape(int64_t batch, int64_t rows, int64_t columns, bool turned) {
  Shape s = {0};
  if (batch) s.dim[s.rank++] = batch;
  s.dim[s.rank++] = turned ? columns : rows;
  s.dim[s.rank++] = turned ? rows : columns;
  return s;
}

static inline Node *dot_input(Graph *g, const char *name, DType dtype, Shape shape) {
  Input *in = NEW(g->arena, Input);
  *in = (Input){INPUT_value, name, dtype, shape, -1, -1, -1, NULL, dot_loc};
  return graph_input(g, in);
}

static inline Node *dot_turn(Graph *g, Node *x) { /* the last two dims swapped */
  Axes order = {.n = x->shape.rank};
  for (int d = 0; d < order.n; ++d) order.at[d] = d;
  order.at[order.n - 2] = order.n - 1;
  order.at[order.n - 1] = order.n - 2;
  return graph_transpose(g, x, order);
}

static inline Node *dot_operand(Graph *g, const DotCase *c, const char *name, Shape s) {
  if (!c->spread) return dot_input(g, name, c->dtype, s);
  int64_t low[RANK_MAX] = {0}, step[RANK_MAX] = {1, 1, 1};
  s.dim[s.rank - 1] *= 2;
  step[s.rank - 1] = 2;
  return graph_slice(g, dot_input(g, name, c->dtype, s), low, s.dim, step);
}

static inline Node *dot_graph(Graph *g, const DotCase *c) {
  Node *a = dot_operand(g, c, "a", dot_shape(c->batch, c->m, c->k, c->a_turned));
  Node *w = dot_operand(g, c, "w", dot_shape(c->shared ? 0 : c->batch, c->k, c->n, c->b_turned));
  if (c->a_turned) a = dot_turn(g, a);
  if (c->b_turned) w = dot_turn(g, w);
  Node *y = graph_matmul(g, a, w);
  if (c->ending == ENDING_none) return y;
  if (c->ending == ENDING_turned) return dot_turn(g, y);
  Node *bias = dot_input(g, "bias", c->dtype, shape_of(1, c->n));
  y = graph_op2(g, OP_add, y, graph_broadcast_to(g, bias, y->shape));
  if (c->ending == ENDING_relu) {
    Node *zero = graph_like(g, y, 0);
    return graph_op3(g, OP_where, graph_op2(g, OP_le, y, zero), zero, y);
  }
  Node *residual = dot_input(g, "residual", c->dtype, y->shape);
  return graph_op2(g, OP_add, graph_op1(g, OP_tanh, y), residual);
}

static inline Module *dot_module(Arena *arena) {
  Module *m = module_new(arena);
  m->name = "product";
  m->file = "dot.lua";
  return m;
}

static inline void dot_func(Module *m, Graph *g) {
  Func *f = NEW(m->arena, Func);
  f->name = g->name;
  Variant v = {0, g};
  vec_push(m->arena, f->variants, v);
  vec_push(m->arena, m->funcs, f);
}

static inline Program *dot_planned(Module *m, const Machine *machine) {
  Program *p = kernel_lower(m, machine, m->arena);
  for (int i = 0; i < p->kernels.n; ++i) kernel_verify(p->kernels.at[i], machine);
  pass_share(p);
  pass_order(p);
  pass_memory(p);
  program_verify(p);
  return p;
}

static inline Program *dot_program(Arena *arena, int n, const DotCase *cases, const Machine *machine) {
  Module *m = dot_module(arena);
  for (int i = 0; i < n; ++i) {
    Graph *g = graph_new(arena, arena_printf(arena, "step_%d", i));
    Output out = {"y", dot_graph(g, &cases[i]), dot_loc};
    vec_push(arena, g->outputs, out);
    dot_func(m, pass_views(g));
  }
  return dot_planned(m, machine);
}

/* Threads meet here; emitted code calls it by this name. The pool of a thread is what they share. */
static const char *const dot_barrier = "#include <pthread.h>\n"
                                       "#include \"nnrt.h\"\n"
                                       "void nnrt_barrier(const nnrt_thread *t);\n"
                                       "void nnrt_barrier(const nnrt_thread *t) {\n"
                                       "  if (t->pool) pthread_barrier_wait((pthread_barrier_t *)t->pool);\n"
                                       "}\n";

static inline void *dot_compile(const char *directory, Program *p, const char *compiler, const char *flags) {
  Arena *arena = p->arena;
  Text text;
  text_init(&text, arena);
  EmitOptions options = {.compiler = "nnc", .no_main = true};
  bool llvm = !strcmp(compiler, "llvm");
  (llvm ? emit_llvm : emit_c)(&text, p, &options);
  const char *source = arena_printf(arena, "%s/dot.c", directory), *object = arena_printf(arena, "%s/dot.o", directory);
  const char *barrier = arena_printf(arena, "%s/barrier.c", directory);
  static int count;
  const char *library = arena_printf(arena, "%s/dot_%d.so", directory, ++count);
  file_write(barrier, dot_barrier, strlen(dot_barrier));
  if (llvm)
    emit_object(text_str(&text), object, OBJECT_object, p->machine, false);
  else
    file_write(source, text_str(&text), text.n);
  const char *command = arena_printf(arena,
                                     "%s -std=gnu17 %s -I" NNC_SOURCE_DIR "/runtime -fPIC -shared %s %s " NNC_SOURCE_DIR
                                     "/runtime/core/fma.c -o %s " DOT_LIBRARIES,
                                     llvm ? "cc" : compiler, flags, llvm ? object : source, barrier, library);
  if (system(command)) {
    fprintf(stderr, "failed: %s\n", command);
    return NULL;
  }
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) fprintf(stderr, "%s\n", dlerror());
  unlink(library);
  return handle;
}

static inline int64_t dot_rounded(int64_t bytes) { return (bytes + 4096) / 4096 * 4096; }

static inline void *dot_block(int64_t bytes) {
  void *p = NULL;
  return posix_memalign(&p, 4096, (size_t)dot_rounded(bytes)) ? NULL : p;
}

static inline bool dot_open_program(DotLibrary *l, const char *directory, const char *compiler, const char *flags) {
  l->handle = dot_compile(directory, l->program, compiler, flags);
  l->model = l->handle ? dlsym(l->handle, "product_model") : NULL;
  return l->model != NULL;
}

static inline bool dot_load(DotLibrary *l, const char *directory, int n, const DotCase *cases, const Machine *machine,
                            const char *compiler, const char *flags) {
  *l = (DotLibrary){.arena = arena_new()};
  l->program = dot_program(l->arena, n, cases, machine);
  return dot_open_program(l, directory, compiler, flags);
}

static inline void dot_unload(DotLibrary *l) {
  if (l->handle) dlclose(l->handle);
  arena_free(l->arena);
}

/* Memory for product i; scratch and output hold NaN. */
static inline void dot_open(DotRun *r, const DotLibrary *l, int i) {
  *r = (DotRun){.host = l->program->hosts.at[i + 1],
                .step = l->model->funcs[i].variants[0].step}; /* the first is init */
  r->memory.scratch = dot_block(l->program->scratch_bytes);
  r->memory.output = dot_block(r->host->output_bytes);
  r->memory.input = dot_block(r->host->input_bytes);
  memset(r->memory.scratch, 0xff, (size_t)l->program->scratch_bytes);
  memset(r->memory.output, 0xff, (size_t)dot_rounded(r->host->output_bytes));
}

static inline void dot_close(DotRun *r) {
  free(r->memory.scratch);
  free(r->memory.output);
  free((void *)r->memory.input);
}

static inline const void *dot_data(const DotRun *r, const char *name) {
  for (int i = 0; i < r->host->inputs.n; ++i)
    if (!strcmp(r->host->inputs.at[i]->name, name)) return r->memory.input + r->host->inputs.at[i]->offset;
  return NULL;
}

static inline const void *dot_result(const DotRun *r) { return r->memory.output + r->host->outputs.at[0]->offset; }

typedef struct DotThread {
  const DotRun *run;
  nnrt_thread thread;
} DotThread;

static inline void *dot_thread(void *context) {
  DotThread *t = context;
  t->run->step(&t->run->memory, &t->thread);
  return NULL;
}

static inline void dot_run(const DotRun *r, int threads) {
  pthread_barrier_t barrier;
  pthread_t id[16];
  DotThread t[16];
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  for (int i = 0; i < threads; ++i) {
    t[i] = (DotThread){r, {i, threads, threads > 1 ? (nnrt_pool *)&barrier : NULL}};
    if (i) pthread_create(&id[i], NULL, dot_thread, &t[i]);
  }
  dot_thread(&t[0]);
  for (int i = 1; i < threads; ++i) pthread_join(id[i], NULL);
  pthread_barrier_destroy(&barrier);
}

/* ---- the meaning: fma chains from +0, k ascending, in slices fixed by the shape that are joined by halving ---- */
static inline int64_t dot_slices(const DotCase *c, int64_t *length) {
  int64_t batch = c->batch ? c->batch : 1, slices = 1, m = c->m, n = c->n;
  if (c->shared) m *= batch, batch = 1;
  if (batch * ((m + 127) / 128) * ((n + 127) / 128) < 8 && c->k >= 2048)
    while (2 * slices <= (c->k / 1024 < 16 ? c->k / 1024 : 16)) slices *= 2;
  *length = slices > 1 ? ((c->k + slices - 1) / slices + 15) / 16 * 16 : c->k;
  return slices;
}

#define DOT_CHAIN(name, T, FMA)                                                                                        \
  static inline T name(const DotCase *c, const T *a, const T *w, int64_t b, int64_t i, int64_t j) {                    \
    int64_t length, slices = dot_slices(c, &length), step = c->spread ? 2 : 1;                                         \
    T sum[16];                                                                                                         \
    a += b * c->m * c->k * step;                                                                                       \
    w += c->shared ? 0 : b * c->k * c->n * step;                                                                       \
    for (int64_t s = 0; s < slices; ++s) {                                                                             \
      sum[s] = 0;                                                                                                      \
      for (int64_t k = s * length; k < c->k && k < (s + 1) * length; ++k) {                                            \
        T x = a[step * (c->a_turned ? k * c->m + i : i * c->k + k)];                                                   \
        sum[s] = FMA(x, w[step * (c->b_turned ? j * c->k + k : k * c->n + j)], sum[s]);                                \
      }                                                                                                                \
    }                                                                                                                  \
    for (int64_t h = slices / 2; h; h /= 2)                                                                            \
      for (int64_t s = 0; s < h; ++s) sum[s] += sum[s + h];                                                            \
    return sum[0];                                                                                                     \
  }
DOT_CHAIN(dot_chain_f32, float, fmaf)
DOT_CHAIN(dot_chain_f64, double, fma)

static inline const HalfForm *half_of(DType t) { return t == DT_f16 ? &half_f16 : t == DT_bf16 ? &half_bf16 : NULL; }

static inline double element(DType dtype, const void *data, int64_t i) {
  if (half_of(dtype)) return half_value(half_of(dtype), ((const uint16_t *)data)[i]);
  return dtype == DT_f32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

/* Of an output, any NaN alike: machines and emitters must agree. */
static inline uint64_t result_hash(const DotCase *c, const DotRun *r) {
  int64_t count = (c->batch ? c->batch : 1) * c->m * c->n;
  uint64_t h = 0;
  for (int64_t i = 0; i < count; ++i) {
    double x = element(c->dtype, dot_result(r), i);
    if (isnan(x)) x = -12345.678;
    h = h * 0x100000001b3u + hash_bytes(&x, sizeof x);
  }
  return h;
}

#endif
