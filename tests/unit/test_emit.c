/* test_emit.c: both printers against the reference evaluator, bit for bit: every elementwise row that is no math
 * function, for every dtype it takes, with 1, 4, 8 and 16 lanes, on special values (NaN, infinities, zeros of both
 * signs, subnormals, extremes); casts between all dtypes; every statement and every other expression of the kernel IR.
 *
 * A Program is built by hand through kernel.h's builders, printed, compiled by each compiler that is installed (C: the
 * vector levels that this processor has, and the generic lane loops; LLVM: in process), loaded and run. What the
 * evaluator rounds differently by design (fma, mod, rsqrt on f32: more than one rounding, or exactly one) has its
 * formula here. */
#define _POSIX_C_SOURCE 200809L
#include "emit/emit.h"
#include "nnrt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { SPECIALS = 24, COUNT = SPECIALS * SPECIALS }; /* all pairs; 576 is a multiple of 16 */

/* ---- building ---- */
typedef struct World {
  Arena *arena;
  Program *program;
  Host *host;
  Machine machine;
} World;

static void world_init(World *w) {
  Arena *a = arena_new();
  *w = (World){.arena = a, .program = NEW(a, Program), .host = NEW(a, Host), .machine = *machine_find("native")};
  for (int t = 0; t < DTYPE_COUNT; ++t)
    w->machine.lanes[t] = 16; /* more than fits: registers are the compilers' affair here */
  w->machine.hard_fma = true;
  *w->program = (Program){.arena = a, .module = module_new(a), .machine = &w->machine, .max_threads = 4};
  w->program->module->name = "test";
  w->program->module->file = "test.lua";
  w->host->name = "init";
  vec_push(a, w->program->hosts, w->host);
}

static Slot *world_slot(World *w, const char *name, DType dtype, int64_t count) {
  Slot *s = program_slot(w->program, HOME_scratch, name, dtype, shape_of(1, count), (Loc){0});
  s->offset = w->program->scratch_bytes;
  w->program->scratch_bytes += (s->bytes + 63) / 64 * 64;
  return s;
}

static void world_call(World *w, Kernel *k, int n, Slot *const *slots) {
  kernel_finish(w->program, k);
  kernel_verify(k, &w->machine);
  vec_push(w->arena, w->program->kernels, k);
  Stmt *call = NEW(w->arena, Stmt), *barrier = NEW(w->arena, Stmt);
  call->kind = S_call;
  call->kernel = k;
  barrier->kind = S_barrier;
  for (int i = 0; i < n; ++i) vec_push(w->arena, call->args, slots[i]);
  vec_push(w->arena, w->host->body, call);
  vec_push(w->arena, w->host->body, barrier);
}

/* ---- compiling and running ---- */
static const char *const folder = NNC_BUILD_DIR "/test_emit";

static void file_put(const char *path, const char *text) {
  if (!file_write(path, text, strlen(text))) fail_msg("%s cannot be written", path);
}

/* What an emitted program needs of the runtime; glibc's fmaf is exact. */
static const char support[] = "#include <math.h>\n#include <nnrt.h>\n"
                              "void nnrt_barrier(const nnrt_thread *t) { (void)t; }\n"
                              "float nnrt_fmaf(float a, float b, float c) { return fmaf(a, b, c); }\n"
                              "double nnrt_fma(double a, double b, double c) { return fma(a, b, c); }\n";

static bool run_command(Arena *arena, const char *command) {
  const char *log = arena_printf(arena, "%s/log", folder);
  int status = system(arena_printf(arena, "%s > %s 2>&1", command, log));
  size_t n = 0;
  char *said = file_read(arena, log, &n);
  if (status || n) print_error("%s\n%.4000s\n", command, said ? said : "");
  return status == 0 && n == 0; /* a warning is a failure */
}

static const char *link_object(World *w, const char *object, const char *name) {
  const char *so = arena_printf(w->arena, "%s/%s.so", folder, name);
  file_put(arena_printf(w->arena, "%s/support.c", folder), support);
  bool good = run_command(w->arena, arena_printf(w->arena, "cc -shared -fPIC -I%s/runtime -o %s %s %s/support.c -lm",
                                                 NNC_SOURCE_DIR, so, object, folder));
  assert_true(good);
  return so;
}

/* Runs the program's init as `threads` threads one after the other (no barrier is crossed within a kernel). */
static void run_init(World *w, const char *so, int threads, unsigned char *memory) {
  void *library = dlopen(so, RTLD_NOW | RTLD_LOCAL);
  if (!library) fail_msg("%s", dlerror());
  const nnrt_model *model = dlsym(library, "test_model");
  assert_non_null(model);
  assert_string_equal(model->name, "test");
  assert_int_equal(model->scratch_bytes, w->program->scratch_bytes);
  for (int i = 0; i < threads; ++i)
    model->init(&(nnrt_memory){.params = memory, .state = memory, .scratch = memory, .output = memory, .input = memory},
                &(nnrt_thread){.id = i, .count = threads});
  dlclose(library);
}

typedef struct Way {
  const char *name, *cc, *macro, *flags;
  bool (*here)(void);
} Way;
static bool always(void) { return true; }
#if defined(__x86_64__)
static bool has_v3(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}
static bool has_v4(void) {
  return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}
#else
static bool has_v3(void) { return false; }
static bool has_v4(void) { return false; }
#endif
static const Way ways[] = {
    {"gcc_v4", "gcc", "NNRT_V4", "-O3", has_v4},           {"gcc_v3", "gcc", "NNRT_V3", "-O2", has_v3},
    {"gcc_generic", "gcc", "NNRT_GENERIC", "-O1", always}, {"clang_v4", "clang", "NNRT_V4", "-O2", has_v4},
    {"clang19_v3", "clang-19", "NNRT_V3", "-O1", has_v3},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static bool is_installed(Arena *arena, const char *cc) {
  return system(arena_printf(arena, "command -v %s > /dev/null 2>&1", cc)) == 0;
}

/* -Wno-psabi: vectors here are also longer than registers, and gcc notes that its ABI for them changed once. */
static const char *compile_c(World *w, const Way *way) {
  Text text;
  text_init(&text, w->arena);
  w->machine.simd_macro = way->macro;
  emit_c(&text, w->program, &(EmitOptions){.compiler = "nnc", .no_main = true});
  const char *c = arena_printf(w->arena, "%s/%s.c", folder, way->name),
             *o = arena_printf(w->arena, "%s/%s.o", folder, way->name);
  file_put(c, text_str(&text));
  assert_true(run_command(
      w->arena,
      arena_printf(w->arena, "%s -std=c17 %s -Wall -Wextra -Wshadow -Wno-psabi -fPIC -I%s/runtime -c -o %s %s", way->cc,
                   way->flags, NNC_SOURCE_DIR, o, c)));
  return link_object(w, o, way->name);
}

static const char *compile_llvm(World *w) {
  Text text;
  text_init(&text, w->arena);
  emit_llvm(&text, w->program, &(EmitOptions){.compiler = "nnc", .no_main = true});
  const char *o = arena_printf(w->arena, "%s/llvm.o", folder);
  file_put(arena_printf(w->arena, "%s/llvm.ll", folder), text_str(&text));
  emit_object(text_str(&text), o, OBJECT_object, &w->machine);
  return link_object(w, o, "llvm");
}

typedef void Judge(World *w, const char *way, const unsigned char *memory);

static void run_so(World *w, const char *name, const char *so, const unsigned char *before, int threads, Judge *judge) {
  size_t n = (size_t)w->program->scratch_bytes;
  unsigned char *memory = aligned_alloc(64, (n + 63) / 64 * 64);
  assert_non_null(memory);
  memcpy(memory, before, n);
  run_init(w, so, threads, memory);
  judge(w, name, memory);
  free(memory);
}

static void run_all(World *w, const unsigned char *before, int threads, Judge *judge) {
  mkdir(folder, 0777);
  for (int i = 0; i < WAYS; ++i) {
    if (!ways[i].here() || !is_installed(w->arena, ways[i].cc))
      print_message("skipped: %s: the compiler or the processor's level is not here\n", ways[i].name);
    else
      run_so(w, ways[i].name, compile_c(w, &ways[i]), before, threads, judge);
  }
  if (emit_has_llvm())
    run_so(w, "llvm", compile_llvm(w), before, threads, judge);
  else
    print_message("skipped: llvm: this build has no LLVM\n");
}

/* ---- special values ---- */
static double special_float(int i) {
  static const double values[SPECIALS] = {0.0,     -0.0,     1.0,      -1.0,      0.5,          -0.5,  1.5,    2.0,
                                          -2.5,    3.0,      INFINITY, -INFINITY, NAN,          1e-45, -1e-40, FLT_MIN,
                                          FLT_MAX, -FLT_MAX, 1e10,     -1e10,     2147483648.0, 255.5, 9.3e18, 1e-3};
  return values[i];
}

static int64_t special_integer(DType t, int i) {
  static const int64_t values[SPECIALS] = {
      0,     1,     -1,     2, -2, 7, -7, 31, 32, 33, 63, 64, 255, 256, 127, -128, INT32_MAX, INT32_MIN, INT32_MAX - 1,
      65536, 12345, -12345, 8, 3};
  if (t == DT_i64 && i == 16) return INT64_MAX;
  if (t == DT_i64 && i == 17) return INT64_MIN;
  if (t == DT_i64 && i == 18) return 1ll << 40;
  return values[i];
}

/* Operand number k of element e: all pairs of specials, a third one mixed in. */
static int special_at(int k, int e) { return k == 0 ? e / SPECIALS : k == 1 ? e % SPECIALS : (e * 7 + 3) % SPECIALS; }

static Tensor *special_tensor(Arena *arena, DType t, int k) {
  Value *v = value_new(arena, t, shape_of(1, (int64_t)COUNT));
  for (int e = 0; e < COUNT; ++e) {
    if (dtype_is_float(t))
      v->f[e] = special_float(special_at(k, e));
    else
      v->i[e] = t == DT_bool ? special_at(k, e) & 1 : special_integer(t, special_at(k, e));
  }
  return tensor_of_value(arena, v);
}

/* ---- rows ---- */
typedef struct Case {
  Op op;
  DType from, to;
  int lanes;
  Slot *slot;
  const Tensor *expected;
} Case;
static struct {
  VEC(Case) all;
  Slot *operand[3][DTYPE_COUNT];
  const Tensor *value[3][DTYPE_COUNT];
} rows;

static double rounded(DType t, double x) { return t == DT_f64 ? x : (double)(float)x; }

/* Rows whose roundings the evaluator does not follow: in f32 (also for f16 and bf16, which are computed there). */
static bool by_formula(Op op, DType t) {
  return dtype_is_float(t) && t != DT_f64 && (op == OP_fma || op == OP_mod || op == OP_rsqrt);
}

static const Tensor *formula(Arena *arena, Op op, DType t) {
  Value *x[3], *y = value_new(arena, t, shape_of(1, (int64_t)COUNT));
  for (int k = 0; k < 3; ++k) x[k] = value_of_tensor(arena, rows.value[k][t]);
  for (int e = 0; e < COUNT; ++e) {
    double a = x[0]->f[e], b = x[1]->f[e], c = x[2]->f[e];
    if (op == OP_fma) y->f[e] = (double)fmaf((float)a, (float)b, (float)c);
    if (op == OP_mod) y->f[e] = rounded(DT_f32, a - rounded(DT_f32, b * floor(rounded(DT_f32, a / b))));
    if (op == OP_rsqrt) y->f[e] = rounded(DT_f32, 1 / rounded(DT_f32, sqrt(a)));
  }
  return tensor_of_value(arena, y);
}

static const Tensor *evaluate(Arena *arena, Op op, DType from, DType to) {
  if (by_formula(op, from)) return formula(arena, op, from);
  Graph *g = graph_new(arena, "row");
  Node *in[3];
  int n = op_info[op].operands;
  for (int k = 0; k < n; ++k)
    in[k] = graph_const_tensor(g, rows.value[k][op == OP_where && k == 0 ? DT_bool : from], (Loc){0});
  Attr attr = {.dtype = to};
  Node *y = graph_add(g, op, n, in, &attr, (Loc){0});
  return tensor_of_value(arena, graph_eval(g, &(Env){.arena = arena, .round = true})[y->id]);
}

static bool takes(Op op, DType t) {
  switch (op_info[op].domain) {
  case 'F': return dtype_is_float(t);
  case 'N': return t != DT_bool;
  case 'I': return op == OP_mulhi ? t == DT_u32 : dtype_is_integer(t);
  case 'L': return !dtype_is_float(t);
  default: return true;
  }
}

static void row_add(World *w, Op op, DType from, DType to, int lanes) {
  Arena *a = w->arena;
  int n = op_info[op].operands;
  Kernel *k = kernel_new(
      a, arena_printf(a, "%s_%s_%s_%d", op_info[op].name, dtype_info[from].name, dtype_info[to].name, lanes));
  Var *i = var_new(a, "i", type_of(DT_i64, 1));
  Stmt *loop = stmt_for(a, FOR_parallel, i, expr_index(a, 0), expr_index(a, COUNT / lanes), 1);
  Expr *at = expr_mul(a, expr_var(a, i), lanes), *args[3];
  Slot *slots[4];
  for (int j = 0; j < n; ++j) {
    DType t = op == OP_where && j == 0 ? DT_bool : from;
    slots[j] = rows.operand[j][t];
    args[j] = expr_load(a, kernel_param(a, k, "x", t, COUNT, false), at, lanes, NULL);
  }
  slots[n] = world_slot(w, "y", to, COUNT);
  Expr *y = op == OP_cast || op == OP_bitcast ? expr_cast(a, args[0], to, op == OP_bitcast) : expr_op(a, op, n, args);
  vec_push(a, loop->body, stmt_store(a, kernel_param(a, k, "y", to, COUNT, true), at, y, NULL));
  vec_push(a, k->body, loop);
  world_call(w, k, n + 1, slots);
  vec_push(a, rows.all, ((Case){op, from, to, lanes, slots[n], evaluate(a, op, from, to)}));
}

/* bf16 is left out: the front refuses it, and LLVM 19 calls __truncsfbf2, which gcc 12's library lacks. */
static void rows_of(World *w, Op op, int lanes) {
  for (int t = 0; t < DTYPE_COUNT; ++t) {
    if (t == DT_bf16) continue;
    if (op == OP_cast || op == OP_bitcast) {
      for (int to = 0; to < DTYPE_COUNT; ++to)
        if (to != t && to != DT_bf16 &&
            (op == OP_cast || (dtype_info[t].bytes == dtype_info[to].bytes && t != DT_bool && to != DT_bool)))
          row_add(w, op, t, to, lanes);
    } else if (takes(op, t)) {
      row_add(w, op, t, op_info[op].domain == 'C' ? DT_bool : t, lanes);
    }
  }
}

/* Equal, NaN being one value. */
static bool same_element(DType t, const unsigned char *a, const unsigned char *b, int64_t e) {
  int bytes = dtype_info[t].bytes;
  uint64_t x = 0, y = 0;
  memcpy(&x, a + e * bytes, (size_t)bytes);
  memcpy(&y, b + e * bytes, (size_t)bytes);
  if (x == y || !dtype_is_float(t)) return x == y;
  uint64_t infinity = t == DT_f64 ? 0x7ff0000000000000 : t == DT_f32 ? 0x7f800000 : t == DT_f16 ? 0x7c00 : 0x7f80;
  uint64_t sign = 1ull << (8 * bytes - 1);
  return (x & (sign - 1)) > infinity && (y & (sign - 1)) > infinity;
}

static void judge_rows(World *w, const char *way, const unsigned char *memory) {
  int wrong = 0;
  (void)w;
  for (int i = 0; i < rows.all.n; ++i) {
    const Case *c = &rows.all.at[i];
    for (int e = 0; e < COUNT; ++e) {
      if (same_element(c->to, memory + c->slot->offset, c->expected->data, e)) continue;
      uint64_t got = 0, want = 0;
      memcpy(&got, memory + c->slot->offset + e * dtype_info[c->to].bytes, (size_t)dtype_info[c->to].bytes);
      memcpy(&want, (const char *)c->expected->data + e * dtype_info[c->to].bytes, (size_t)dtype_info[c->to].bytes);
      if (++wrong <= 20)
        print_error("%s: %s %s -> %s x%d, element %d (specials %d %d %d): %llx, expected %llx\n", way,
                    op_info[c->op].name, dtype_info[c->from].name, dtype_info[c->to].name, c->lanes, e,
                    special_at(0, e), special_at(1, e), special_at(2, e), (unsigned long long)got,
                    (unsigned long long)want);
      break;
    }
  }
  print_message("%s: %d of %d rows differ\n", way, wrong, rows.all.n);
  assert_int_equal(wrong, 0);
}

static void test_rows(void **state) {
  (void)state;
  World w;
  world_init(&w);
  if (setjmp(*diag_guard())) fail_msg("a diagnostic");
  for (int k = 0; k < 3; ++k)
    for (int t = 0; t < DTYPE_COUNT; ++t) {
      rows.value[k][t] = special_tensor(w.arena, t, k);
      rows.operand[k][t] = world_slot(&w, "x", t, COUNT);
    }
  static const int lanes[] = {1, 4, 8, 16};
  for (int l = 0; l < 4; ++l)
    for (int op = 0; op < OP_FIRST_STRUCTURAL; ++op)
      if (!op_info[op].math) rows_of(&w, op, lanes[l]);
  unsigned char *before = arena_alloc(w.arena, (size_t)w.program->scratch_bytes);
  for (int k = 0; k < 3; ++k)
    for (int t = 0; t < DTYPE_COUNT; ++t)
      memcpy(before + rows.operand[k][t]->offset, rows.value[k][t]->data, (size_t)(COUNT * dtype_info[t].bytes));
  run_all(&w, before, 3, judge_rows);
  arena_free(w.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
