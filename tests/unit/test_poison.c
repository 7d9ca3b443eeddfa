/* test_poison.c: whole models, step after step, give the same bits when dead scratch is NaN (tests/fuzz/poison.h).
 *
 * Each model is compiled twice, as nnc does it and with poison at each barrier, and both are run in this process on
 * made-up data: init, then every function in turn. Scratch is all zero before each call of the one, all NaN before each
 * call of the other. After every call parameters, states and outputs must be equal byte for byte. The same comparison
 * must fail for lives cut short by one barrier. The fuzzer does the same for random graphs, with threads. */
#include "../fuzz/poison.h"
#include "caught.h"
#include "emit/emit.h"
#include "front/front.h"
#include "nnrt.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { ROUNDS = 5 };

static const char *const folder = NNC_BUILD_DIR "/test_poison";

/* ---- compiling ---- */
typedef Graph *Pass(Graph *);
static Pass *const passes[] = {
#define GRAPH_PASS(name, what) pass_##name,
#include "graph/passes.def"
#undef GRAPH_PASS
};

static void run_passes(Module *m) {
  for (size_t k = 0; k < sizeof passes / sizeof *passes; ++k) {
    for (int i = 0; i < m->states.n; ++i)
      if (m->states.at[i]->init) m->states.at[i]->init = passes[k](m->states.at[i]->init);
    for (int i = 0; i < m->funcs.n; ++i)
      for (int v = 0; v < m->funcs.at[i]->variants.n; ++v)
        m->funcs.at[i]->variants.at[v].graph = passes[k](m->funcs.at[i]->variants.at[v].graph);
  }
}

/* poison -1: none; 0: what is dead; 1: what is dead one barrier later */
static Program *plan(Arena *arena, const char *path, int poison) {
  Module *m = front_load(arena, &(FrontOptions){.path = path, .float_dtype = DT_f32});
  run_passes(m);
  Program *p = kernel_lower(m, machine_find("native"), arena);
  pass_share(p);
  pass_order(p);
  pass_join(p);
  pass_memory(p);
  if (poison >= 0) program_poison(p, poison);
  if (poison <= 0) program_verify(p);
  return p;
}

static const char support[] = "#include <nnrt.h>\n#include <math.h>\n"
                              "void nnrt_barrier(const nnrt_thread *t) { (void)t; }\n"
                              "float nnrt_fmaf(float a, float b, float c) { return fmaf(a, b, c); }\n"
                              "double nnrt_fma(double a, double b, double c) { return fma(a, b, c); }\n";

typedef struct Built {
  void *library;
  const nnrt_model *model;
} Built;

static Built build(Arena *arena, const char *path, int poison) {
  Program *p = plan(arena, path, poison);
  const char *stem = arena_printf(arena, "%s/%s_%d", folder, p->module->name, poison + 1);
  Text text;
  text_init(&text, arena);
  emit_c(&text, p, &(EmitOptions){.compiler = "nnc", .no_main = true});
  text_puts(&text, support);
  assert_true(file_write(arena_printf(arena, "%s.c", stem), text_str(&text), text.n));
  const char *command =
      arena_printf(arena, "cc -std=c17 -O1 -w -shared -fPIC -march=native -I%s/runtime -o %s.so %s.c -lm",
                   NNC_SOURCE_DIR, stem, stem);
  assert_int_equal(system(command), 0);
  Built b = {.library = dlopen(arena_printf(arena, "%s.so", stem), RTLD_NOW | RTLD_LOCAL)};
  if (!b.library) fail_msg("%s", dlerror());
  b.model = dlsym(b.library, arena_printf(arena, "%s_model", p->module->name));
  assert_non_null(b.model);
  return b;
}

/* ---- running ---- */
static const int dtype_bytes[] = {4, 8, 2, 2, 4, 8, 4, 1, 1};

static unsigned char *memory_new(int64_t bytes) {
  unsigned char *m = aligned_alloc(64, (size_t)(bytes + 127) / 64 * 64);
  assert_non_null(m);
  memset(m, 0, (size_t)bytes);
  return m;
}

static void put_number(unsigned char *at, int dtype, double x) {
  float f = (float)x;
  int32_t i = (int32_t)x;
  int64_t l = i;
  switch (dtype) {
  case NNRT_f32: memcpy(at, &f, 4); break;
  case NNRT_f64: memcpy(at, &x, 8); break;
  case NNRT_i64: memcpy(at, &l, 8); break;
  case NNRT_i32:
  case NNRT_u32: memcpy(at, &i, 4); break;
  case NNRT_u8: *at = (unsigned char)i; break;
  default: fail_msg("an input of a dtype that this test does not make");
  }
}

/* Labels (integers, one a row) are below 8; other integers, pixels, are bytes. */
static double field_number(const nnrt_input *in, int rows, uint64_t *random) {
  *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
  uint64_t bits = *random >> 33;
  if (in->dtype == NNRT_f32 || in->dtype == NNRT_f64) return (double)(bits % 1000) / 1000;
  return (double)(in->count == rows ? bits % 8 : bits % 256);
}

static unsigned char *make_input(const nnrt_model *m, const nnrt_variant *v, int round) {
  unsigned char *block = memory_new(v->input_bytes);
  uint64_t random = (uint64_t)round + 1;
  for (int i = 0; i < v->ninputs; ++i) {
    const nnrt_input *in = &v->inputs[i];
    unsigned char *at = block + in->offset;
    if (in->kind == NNRT_INPUT_VALUE) {
      assert_non_null(in->value);
      memcpy(at, in->value, (size_t)(in->count * dtype_bytes[in->dtype]));
      continue;
    }
    for (int64_t k = 0; k < in->count; ++k)
      put_number(at + k * dtype_bytes[in->dtype], in->dtype,
                 in->kind == NNRT_INPUT_FIELD         ? field_number(in, v->rows, &random)
                 : in->kind == NNRT_INPUT_HYPER       ? m->hypers[in->hyper].value
                 : in->kind == NNRT_INPUT_TOTAL_STEPS ? 100
                                                      : 0);
  }
  return block;
}

typedef struct Run {
  Built built;
  nnrt_memory memory;
  int fill; /* of scratch before each call */
} Run;

static Run run_new(Built b, int fill) {
  const nnrt_model *m = b.model;
  int64_t output = 0;
  for (int f = 0; f < m->nfuncs; ++f)
    for (int v = 0; v < m->funcs[f].nvariants; ++v)
      if (m->funcs[f].variants[v].output_bytes > output) output = m->funcs[f].variants[v].output_bytes;
  Run r = {.built = b, .fill = fill};
  r.memory = (nnrt_memory){.params = memory_new(m->params_bytes),
                           .state = memory_new(m->state_bytes),
                           .scratch = memory_new(m->scratch_bytes),
                           .output = memory_new(output)};
  if (m->seed_offset >= 0) r.memory.state[m->seed_offset] = 7;
  return r;
}

static void run_call(Run *r, nnrt_step *step, const unsigned char *input) {
  r->memory.input = input;
  memset(r->memory.scratch, r->fill, (size_t)r->built.model->scratch_bytes);
  step(&r->memory, &(nnrt_thread){.id = 0, .count = 1, .pool = NULL});
}

static void run_free(Run *r) {
  free(r->memory.params), free(r->memory.state), free(r->memory.scratch), free(r->memory.output);
  dlclose(r->built.library);
}

static bool outputs_equal(const nnrt_variant *v, const Run *a, const Run *b) {
  bool equal = true;
  for (int i = 0; i < v->noutputs; ++i)
    equal &= !memcmp(a->memory.output + v->outputs[i].offset, b->memory.output + v->outputs[i].offset,
                     (size_t)(v->outputs[i].count * dtype_bytes[v->outputs[i].dtype]));
  return equal;
}

static bool states_equal(const Run *a, const Run *b) {
  const nnrt_model *m = a->built.model;
  return !memcmp(a->memory.params, b->memory.params, (size_t)m->params_bytes) &&
         !memcmp(a->memory.state, b->memory.state, (size_t)m->state_bytes);
}

static bool call_agrees(Run *a, Run *b, int func, int variant, int round) {
  const nnrt_variant *v = &a->built.model->funcs[func].variants[variant];
  unsigned char *input = make_input(a->built.model, v, round);
  run_call(a, v->step, input);
  run_call(b, b->built.model->funcs[func].variants[variant].step, input);
  free(input);
  return outputs_equal(v, a, b) && states_equal(a, b);
}

/* Every function in turn, a few times over. */
static bool model_agrees(const char *path, int poison) {
  Arena *arena = arena_new();
  Run plain = run_new(build(arena, path, -1), 0), poisoned = run_new(build(arena, path, poison), 0xff);
  const nnrt_model *m = plain.built.model;
  assert_int_equal(m->scratch_bytes, poisoned.built.model->scratch_bytes);
  run_call(&plain, m->init, NULL);
  run_call(&poisoned, poisoned.built.model->init, NULL);
  bool agrees = states_equal(&plain, &poisoned);
  for (int round = 0; round < ROUNDS; ++round)
    for (int f = 0; f < m->nfuncs; ++f)
      for (int v = 0; v < m->funcs[f].nvariants; ++v) agrees &= call_agrees(&plain, &poisoned, f, v, round);
  run_free(&plain), run_free(&poisoned);
  arena_free(arena);
  return agrees;
}

static const char *const models[] = {"models/regression.lua", "models/embedding.lua", "models/fashion_dropout.lua",
                                     "models/fashion_mlp.lua", "tests/train/fashion_small.lua"};
enum { MODELS = sizeof models / sizeof *models };

static void compare(int poison, bool wanted) {
  mkdir(folder, 0777);
  for (int i = 0; i < MODELS; ++i) {
    Arena *arena = arena_new();
    const char *path = arena_printf(arena, "%s/%s", NNC_SOURCE_DIR, models[i]);
    if (model_agrees(path, poison) != wanted) fail_msg("%s: the bits %s", models[i], wanted ? "differ" : "are equal");
    arena_free(arena);
  }
}

static void dead_memory_is_not_read(void **state) {
  (void)state;
  compare(0, true);
}

static void lives_cut_short_are_found(void **state) {
  (void)state;
  compare(1, false);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(dead_memory_is_not_read),
                                     cmocka_unit_test(lives_cut_short_are_found)};
  if (setjmp(*diag_guard())) return diag_exit_code();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
