/* test_emit.c: both printers against the reference evaluator, bit for bit: every elementwise row that is no math
 * function, for every dtype it takes, with 1, 4, 8 and 16 lanes, on special values (NaN, infinities, zeros of both
 * signs, subnormals, extremes); casts between all dtypes; every statement and every other expression of the kernel IR.
 *
 * A Program is built by hand through kernel.h's builders, printed, compiled by each compiler that is installed (C: the
 * vector levels that this processor has, and the generic lane loops; LLVM: in process), loaded and run. What the
 * evaluator rounds differently by design (fma, mod, rsqrt on f32: more than one rounding, or exactly one) has its
 * formula here. */
#define EMIT_FOLDER "test_emit"
#include "emit_ways.h"

#include <float.h>
#include <math.h>

/* ---- special values ---- */
enum { SPECIALS = 24, COUNT = SPECIALS * SPECIALS }; /* all pairs; 576 is a multiple of 16 */

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

static void rows_of(World *w, Op op, int lanes) {
  for (int t = 0; t < DTYPE_COUNT; ++t) {
    if (op == OP_cast || op == OP_bitcast) {
      for (int to = 0; to < DTYPE_COUNT; ++to)
        if (to != t &&
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
