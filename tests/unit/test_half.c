/* test_half.c: sums, running sums, products and scatters of f16 and bf16 to the bit: elements widen exactly,
 * accumulators and partial results are f32 in the order that the shape gives (MIDDLE.md 3.2), and the node rounds once.
 * The expected bits come from loops over f32 here and from half.h; the elements' sums do not fit an f32, so a rounding
 * too many, or another order, shows. test_dot.c has the tiled products. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dot_case.h"
#include "half.h"

typedef enum Kind { ROWS, COLUMNS, ALL, PRODUCT, VECTOR, SCATTER, RUNNING } Kind;

typedef struct Case {
  Kind kind;
  DType dtype;
  int64_t rows, columns;
} Case;

/* Rests of vectors, 16 and 64 lanes, several chunks of a row, several chunks of columns. */
static const Case cases[] = {
    {ROWS, DT_bf16, 5, 40},      {ROWS, DT_f16, 3, 1037},    {ROWS, DT_bf16, 2, 70001}, {COLUMNS, DT_f16, 7, 33},
    {COLUMNS, DT_bf16, 5000, 9}, {COLUMNS, DT_f16, 200, 64}, {ALL, DT_bf16, 30, 41},    {ALL, DT_bf16, 300, 301},
    {PRODUCT, DT_f16, 4, 50},    {VECTOR, DT_bf16, 1, 900},  {VECTOR, DT_f16, 1, 2500}, {SCATTER, DT_bf16, 3, 37},
    {SCATTER, DT_f16, 2, 5},     {RUNNING, DT_bf16, 3, 200}, {RUNNING, DT_f16, 1, 70},
};
enum { CASES = sizeof cases / sizeof *cases, SOURCES = 300 };

static const HalfForm *form_of(DType t) { return t == DT_f16 ? &half_f16 : &half_bf16; }

/* ---- the programs ---- */
static Node *case_graph(Graph *g, const Case *c) {
  Node *x = dot_input(g, "x", c->dtype, shape_of(2, c->rows, c->columns));
  if (c->kind == VECTOR) return graph_matmul(g, x, dot_input(g, "v", c->dtype, shape_of(2, c->columns, (int64_t)1)));
  if (c->kind == SCATTER) {
    Node *index = dot_input(g, "index", DT_i32, shape_of(1, (int64_t)SOURCES));
    Node *in[] = {x, index, dot_input(g, "v", c->dtype, shape_of(2, (int64_t)SOURCES, c->columns))};
    return graph_add(g, OP_scatter, 3, in, &(Attr){.dim = 0}, dot_loc);
  }
  if (c->kind == RUNNING) return graph_add(g, OP_cumsum, 1, &x, &(Attr){.dim = 1}, dot_loc);
  Axes axes = c->kind == ALL ? (Axes){2, {0, 1}} : (Axes){1, {c->kind == COLUMNS ? 0 : 1}};
  return graph_reduce(g, c->kind == PRODUCT ? OP_prod : OP_sum, x, axes);
}

static Program *program_of_cases(Arena *arena, const Machine *machine) {
  Module *m = module_new(arena);
  m->name = "product";
  m->file = "half.lua";
  for (int i = 0; i < CASES; ++i) {
    Func *f = NEW(arena, Func);
    f->name = arena_printf(arena, "step_%d", i);
    Graph *g = graph_new(arena, f->name);
    Output out = {"y", case_graph(g, &cases[i]), dot_loc};
    vec_push(arena, g->outputs, out);
    Variant v = {0, pass_views(g)};
    vec_push(arena, f->variants, v);
    vec_push(arena, m->funcs, f);
  }
  Program *p = kernel_lower(m, machine, arena);
  pass_share(p);
  pass_order(p);
  pass_memory(p);
  program_verify(p);
  return p;
}

/* ---- data ---- */
static uint32_t seed;
static uint32_t draw(void) { return seed = seed * 1664525u + 1013904223u; }

static void fill_input(const Case *c, const Slot *s, unsigned char *at) {
  for (int64_t j = 0; j < shape_count(s->shape); ++j) {
    double x = ((double)(draw() >> 8) * 0x1p-23 - 1) * ldexp(1, (int)(draw() >> 28));
    if (c->kind == PRODUCT) x = 1 + (double)(draw() >> 8) * 0x1p-26 - 0x1p-3;
    if (s->dtype == DT_i32)
      ((int32_t *)at)[j] = (int32_t)(draw() >> 8) % (int32_t)c->rows;
    else
      ((uint16_t *)at)[j] = half_bits_of(form_of(c->dtype), x);
  }
}

static float *widened(const Case *c, const DotRun *r, const char *name, int64_t n) {
  const uint16_t *bits = dot_data(r, name);
  float *x = malloc((size_t)n * sizeof *x);
  for (int64_t i = 0; i < n; ++i) x[i] = (float)half_value(form_of(c->dtype), bits[i]);
  return x;
}

/* ---- what is expected ---- */
static float join(float a, float b, bool product) { return product ? a * b : a + b; }

static void halve(float *x, int64_t n, bool product) {
  for (int64_t h; n > 1; n = h) {
    h = (n + 1) / 2;
    for (int64_t i = 0; i < n - h; ++i) x[i] = join(x[i], x[i + h], product);
  }
}

/* Elements x[0], x[stride], … (times v[…] by fma when it is given): chunks, lanes, both joined by halving. */
static float ordered(const float *x, int64_t stride, int64_t n, int64_t chunk, int lanes, const float *v,
                     bool product) {
  float part[128], lane[64];
  int64_t count = 0;
  for (int64_t first = 0; first < n; first += chunk, ++count) {
    for (int l = 0; l < lanes; ++l) lane[l] = product;
    for (int64_t i = first; i < n && i < first + chunk; ++i) {
      float *to = &lane[(i - first) % lanes];
      *to = v ? fmaf(x[i * stride], v[i], *to) : join(*to, x[i * stride], product);
    }
    halve(lane, lanes, product);
    part[count] = lane[0];
  }
  halve(part, count, product);
  return part[0];
}

static float expected(const Case *c, const float *x, const float *v, const int32_t *index, int64_t i) {
  int64_t n = c->kind == ALL ? c->rows * c->columns : c->columns, whole = n <= 65536 ? n : 16384;
  int lanes = n < 1024 ? 16 : 64;
  if (c->kind == COLUMNS)
    return ordered(x + i, c->columns, c->rows, c->rows > 4096 ? (c->rows + 63) / 64 : 64, 1, NULL, false);
  if (c->kind == RUNNING) return ordered(x + i / n * n, 1, i % n + 1, n, 1, NULL, false);
  if (c->kind != SCATTER) return ordered(x + i * n, 1, n, whole, lanes, v, c->kind == PRODUCT);
  float sum = x[i];
  for (int64_t s = 0; s < SOURCES; ++s)
    if (index[s] == i / c->columns) sum += v[s * c->columns + i % c->columns];
  return sum;
}

static void check_case(const DotLibrary *l, int at, int threads, const char *what) {
  const Case *c = &cases[at];
  DotRun r;
  dot_open(&r, l, at);
  seed = 100 + (uint32_t)at;
  for (int i = 0; i < r.host->inputs.n; ++i)
    fill_input(c, r.host->inputs.at[i], (unsigned char *)r.memory.input + r.host->inputs.at[i]->offset);
  dot_run(&r, threads);
  int64_t extra = c->kind == VECTOR ? c->columns : SOURCES * c->columns;
  float *x = widened(c, &r, "x", c->rows * c->columns);
  float *v = c->kind == VECTOR || c->kind == SCATTER ? widened(c, &r, "v", extra) : NULL;
  const uint16_t *got = dot_result(&r);
  for (int64_t i = 0; i < shape_count(r.host->outputs.at[0]->shape); ++i) {
    float chain = expected(c, x, v, dot_data(&r, "index"), i);
    uint16_t want = half_bits_of(form_of(c->dtype), (double)chain);
    if (got[i] != want)
      fail_msg("%s, %d threads: case %d element %lld: %04x, not %04x (%.9g)", what, threads, at, (long long)i, got[i],
               want, (double)chain);
  }
  free(x);
  free(v);
  dot_close(&r);
}

static char directory[] = "/tmp/test_half_XXXXXX";

static void run_machine(const char *machine, const char *compiler) {
  DotLibrary l = {.arena = arena_new()};
  l.program = program_of_cases(l.arena, machine_find(machine));
  const char *flags = strcmp(compiler, "llvm") ? "-O1 -w -ffp-contract=off" : "";
  l.handle = dot_compile(directory, l.program, compiler, flags);
  l.model = l.handle ? dlsym(l.handle, "product_model") : NULL;
  assert_non_null(l.model);
  for (int i = 0; i < CASES; ++i)
    for (int threads = 1; threads <= 3; threads += 2) check_case(&l, i, threads, machine);
  dot_unload(&l);
}

static void test_c(void **state) {
  (void)state;
  run_machine("native", "cc");
}

static void test_scalar(void **state) {
  (void)state;
  run_machine("scalar", "cc");
}

static void test_llvm(void **state) {
  (void)state;
  if (!emit_has_llvm()) skip();
  run_machine("native", "llvm");
}

/* half.h against numbers from the definitions of IEEE 754 binary16 and of bfloat16. */
static void test_half_itself(void **state) {
  (void)state;
  assert_int_equal(half_bits_of(&half_f16, 1), 0x3c00);
  assert_int_equal(half_bits_of(&half_f16, 65519), 0x7bff);
  assert_int_equal(half_bits_of(&half_f16, 65520), 0x7c00);
  assert_int_equal(half_bits_of(&half_f16, -0x1p-24), 0x8001);
  assert_int_equal(half_bits_of(&half_bf16, 1 + 0x1p-8), 0x3f80);
  assert_int_equal(half_bits_of(&half_bf16, 1 + 0x1.8p-7), 0x3f82);
  for (uint32_t b = 0; b < 0x10000; ++b) {
    double f = half_value(&half_f16, (uint16_t)b), g = half_value(&half_bf16, (uint16_t)b);
    if (!isnan(f)) assert_int_equal(half_bits_of(&half_f16, f), b);
    if (!isnan(g)) assert_int_equal(half_bits_of(&half_bf16, g), b);
  }
}

int main(void) {
  if (!mkdtemp(directory)) return 1;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_half_itself), cmocka_unit_test(test_c),
                                     cmocka_unit_test(test_scalar), cmocka_unit_test(test_llvm)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", directory);
  return system(command) ? 1 : failed;
}
