/* ulp.c: the largest errors of math.ir's functions, in units in the last place of the correctly rounded result.
 *
 * Usage: ulp [--step N] [--only exp] [--threads N]   (step 1, the default: every float there is)
 * Prints the instances of one lane as C (here, by the spellings of elementwise.def: the product's printers are not
 * used), compiles them with cc, and compares each result with libm in twice the precision: f32 functions of one operand
 * over all 2^32 floats against f64, pow on a dense sample; f64 functions on samples against long double. Results that
 * are exact by definition (NaN, infinities, zeros, signs) must be so; where exp and its like flush to zero because the
 * result would be subnormal, the flushed values are counted apart. */
#define _DEFAULT_SOURCE
#include "kernel/kernel.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* ---- a small printer of functions of one lane ---- */
static const char *c_expr(Arena *a, const Expr *e);

static const char *c_constant(Arena *a, const Expr *e) {
  if (!dtype_is_float(e->type.dtype))
    return arena_printf(a, "((%s)%lldLL)", dtype_info[e->type.dtype].c, (long long)e->value.i);
  if (e->value.f != e->value.f) return "NAN";
  if (isinf(e->value.f)) return e->value.f < 0 ? "(-INFINITY)" : "INFINITY";
  return arena_printf(a, "((%s)%a)", dtype_info[e->type.dtype].c, e->value.f);
}

/* Integer sums and products wrap: they go through the unsigned type. */
static const char *c_wrapping(Arena *a, const Expr *e, const char *x, const char *y) {
  char sign = e->op == OP_add ? '+' : e->op == OP_sub ? '-' : '*';
  const char *t = dtype_info[e->type.dtype].c, *u = dtype_info[e->type.dtype].bytes == 8 ? "uint64_t" : "uint32_t";
  return arena_printf(a, "((%s)((%s)%s %c (%s)%s))", t, u, x, sign, u, y);
}

static const char *c_infix(Op op) {
  switch (op) {
  case OP_add: return "+";
  case OP_sub: return "-";
  case OP_mul: return "*";
  case OP_div: return "/";
  case OP_lt: return "<";
  case OP_le: return "<=";
  case OP_eq: return "==";
  case OP_and: return "&";
  case OP_or: return "|";
  case OP_xor: return "^";
  default: return NULL;
  }
}

/* The other rows are functions of nnrt_simd.h: f32_fma, u32_from_f32, i32_bits_f32. */
static const char *c_op(Arena *a, const Expr *e) {
  const char *x[3] = {0}, *to = dtype_info[e->type.dtype].name, *from = dtype_info[e->arg[0]->type.dtype].name;
  for (int i = 0; i < e->nargs; ++i) x[i] = c_expr(a, e->arg[i]);
  bool wraps = e->op == OP_add || e->op == OP_sub || e->op == OP_mul;
  if (wraps && dtype_is_integer(e->type.dtype)) return c_wrapping(a, e, x[0], x[1]);
  if (c_infix(e->op)) return arena_printf(a, "(%s %s %s)", x[0], c_infix(e->op), x[1]);
  if (e->op == OP_where) return arena_printf(a, "(%s ? %s : %s)", x[0], x[1], x[2]);
  if (e->op == OP_neg && dtype_is_float(e->type.dtype)) return arena_printf(a, "(-%s)", x[0]);
  if (e->op == OP_neg) return arena_printf(a, "((%s)(0 - (uint64_t)%s))", dtype_info[e->type.dtype].c, x[0]);
  if (e->op == OP_cast) return arena_printf(a, "%s_from_%s(%s)", to, from, x[0]);
  if (e->op == OP_bitcast) return arena_printf(a, "%s_bits_%s(%s)", to, from, x[0]);
  const char *name = arena_printf(a, "%s_%s(%s", from, op_info[e->op].name, x[0]);
  for (int i = 1; i < e->nargs; ++i) name = arena_printf(a, "%s, %s", name, x[i]);
  return arena_printf(a, "%s)", name);
}

static const char *c_call(Arena *a, const Expr *e) {
  Text out;
  text_init(&out, a);
  text_printf(&out, "%s(", e->callee->name);
  for (int i = 0; i < e->nargs; ++i) text_printf(&out, "%s%s", i ? ", " : "", c_expr(a, expr_arg(e, i)));
  text_puts(&out, ")");
  return text_str(&out);
}

static const char *c_expr(Arena *a, const Expr *e) {
  switch (e->kind) {
  case E_const: return c_constant(a, e);
  case E_var: return e->var->name;
  case E_load: return arena_printf(a, "%s[%s]", e->buffer->name, c_expr(a, e->arg[0]));
  case E_op: return c_op(a, e);
  case E_call: return c_call(a, e);
  default: fprintf(stderr, "ulp: an expression that functions of one lane do not have\n"); exit(1);
  }
}

static void c_block(Text *out, const Block *b) {
  Arena *a = out->arena;
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    switch (s->kind) {
    case S_let:
    case S_var:
      text_printf(out, "%s %s = %s;\n", dtype_info[s->var->type.dtype].c, s->var->name, c_expr(a, s->expr));
      break;
    case S_set: text_printf(out, "%s = %s;\n", s->var->name, c_expr(a, s->expr)); break;
    case S_store: text_printf(out, "%s[%s] = %s;\n", s->buffer->name, c_expr(a, s->index), c_expr(a, s->expr)); break;
    case S_local:
      text_printf(out, "%s %s[%d];\n", dtype_info[s->local_buffer->dtype].c, s->local_buffer->name,
                  (int)s->local_buffer->count);
      break;
    case S_return: text_printf(out, "return %s;\n", c_expr(a, s->expr)); break;
    case S_for:
      text_printf(out, "for (int64_t %s = %s; %s < %s; %s += %d) {\n", s->var->name, c_expr(a, s->lo), s->var->name,
                  c_expr(a, s->hi), s->var->name, (int)s->step);
      c_block(out, &s->body);
      text_puts(out, "}\n");
      break;
    case S_if:
      text_printf(out, "if (%s) {\n", c_expr(a, s->expr));
      c_block(out, &s->body);
      text_puts(out, "}\n");
      break;
    default: fprintf(stderr, "ulp: a statement that math functions do not have\n"); exit(1);
    }
  }
}

static void c_function(Text *out, const Kernel *k) {
  text_printf(out, "static inline %s %s(", dtype_info[k->result.dtype].c, k->name);
  for (int i = 0; i < k->scalars.n; ++i)
    text_printf(out, "%s%s %s", i ? ", " : "", dtype_info[k->scalars.at[i]->type.dtype].c, k->scalars.at[i]->name);
  text_puts(out, ") {\n");
  c_block(out, &k->body);
  text_puts(out, "}\n");
}

/* ---- the measuring program, as C text ---- */
static const char harness[] =
    "#define _GNU_SOURCE\n"
    "#include <stdio.h>\n#include <stdlib.h>\n#include <pthread.h>\n"
    "typedef struct { double worst, at, at2; uint64_t wrong, flushed, n; double wrong_at, wrong_at2; } Result;\n"
    "/* distance in ulps of the format with `bits` of mantissa and least exponent `low` */\n"
    "static long double ulps(long double y, long double want, int bits, int low) {\n"
    "  int e; frexpl(want, &e); e -= bits; if (e < low) e = low;\n"
    "  return fabsl(y - want) / ldexpl(1, e); }\n"
    "/* exact: both NaN, both the same infinity, or equal zeros with equal signs; 2: an ordinary value */\n"
    "static int special(long double y, long double want, long double most) {\n"
    "  if (want != want) return y != y;\n"
    "  if (isinf(want) || fabsl(want) >= most) return isinf(y) && (y > 0) == (want > 0);\n"
    "  if (want == 0) return y == 0 && !signbit(y) == !signbit(want);\n"
    "  return 2; }\n"
    "static void judge(Result *r, double x, double x2, double y, long double want, int single, int flushes) {\n"
    "  long double most = single ? 0x1.ffffffp127L : 0x1.fffffffffffff8p1023L, least = single ? 0x1p-126L : "
    "0x1p-1022L;\n"
    "  int s = special(y, want, most); r->n++;\n"
    "  if (flushes && y == 0 && fabsl(want) < least) { r->flushed++; return; }\n"
    "  if (s == 0 && !(want != 0 && fabsl(want) < (single ? 0x1p-149L : 0x1p-1074L))) { r->wrong++; r->wrong_at = x; "
    "r->wrong_at2 = x2; return; }\n"
    "  if (s == 1) return;\n"
    "  double u = (double)(single ? ulps(y, want, 24, -149) : ulps(y, want, 53, -1074));\n"
    "  if (!(u <= r->worst)) { r->worst = u; r->at = x; r->at2 = x2; } }\n"
    "static uint64_t step; static int threads;\n"
    "typedef struct { int id; Result r; int which; } Job;\n"
    "static float f32_at(uint32_t b) { float x; memcpy(&x, &b, 4); return x; }\n"
    "static double f64_at(uint64_t b) { double x; memcpy(&x, &b, 8); return x; }\n"
    "static uint64_t mix(uint64_t z) { z += 0x9e3779b97f4a7c15u; z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u; z = (z ^ z "
    ">> 27) * 0x94d049bb133111ebu; return z ^ z >> 31; }\n"
    "static void *run(void *p);\n"
    "static void all(int which, const char *name) {\n"
    "  Job job[64]; pthread_t t[64]; Result sum = {0};\n"
    "  for (int i = 0; i < threads; i++) { memset(&job[i], 0, sizeof job[i]); job[i].id = i; job[i].which = which; "
    "pthread_create(&t[i], 0, run, &job[i]); }\n"
    "  for (int i = 0; i < threads; i++) { pthread_join(t[i], 0); Result *r = &job[i].r;\n"
    "    if (r->worst > sum.worst || r->worst != r->worst) { sum.worst = r->worst; sum.at = r->at; sum.at2 = r->at2; "
    "}\n"
    "    if (r->wrong) { sum.wrong_at = r->wrong_at; sum.wrong_at2 = r->wrong_at2; }\n"
    "    sum.wrong += r->wrong; sum.flushed += r->flushed; sum.n += r->n; }\n"
    "  printf(\"%-10s %12llu values, %5.3f ulp at %.9g\", name, (unsigned long long)sum.n, sum.worst, sum.at);\n"
    "  if (!strncmp(name, \"pow\", 3)) printf(\" ^ %.9g\", sum.at2);\n"
    "  printf(\", flushed %llu, wrong %llu\", (unsigned long long)sum.flushed, (unsigned long long)sum.wrong);\n"
    "  if (sum.wrong) printf(\" (%.9g, %.9g)\", sum.wrong_at, sum.wrong_at2);\n"
    "  printf(\"\\n\"); fflush(stdout); }\n";

static const struct Function {
  const char *name;
  Op op;
  bool flushes;
} functions[] = {{"exp", OP_exp, true},      {"expm1", OP_expm1, false}, {"log", OP_log, false},
                 {"log1p", OP_log1p, false}, {"tanh", OP_tanh, false},   {"erf", OP_erf, false},
                 {"sin", OP_sin, false},     {"cos", OP_cos, false},     {"pow", OP_pow, false}};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static void write_cases(Text *out) {
  for (int i = 0; i < FUNCTIONS; ++i) {
    const char *name = functions[i].name;
    bool two = functions[i].op == OP_pow;
    text_printf(out, "static void run_%s_f32(Job *j) {\n", name);
    if (two)
      text_puts(
          out,
          "for (uint64_t i = j->id; i < ((uint64_t)1 << 31) / step; i += threads) { float x = "
          "f32_at((uint32_t)mix(i)), y = f32_at((uint32_t)(mix(i) >> 32));\n"
          "if (i & 1) { x = f32_at((uint32_t)(mix(i) & 0x3fffff) + (i & 2 ? 0x3f600000u : 0x3f000000u + (uint32_t)(i & "
          "12) * 0x400000u)); y = (float)(ldexp((double)(int32_t)(mix(i) >> 32), -31 + (int)(i >> 2 & 15))); }\n"
          "judge(&j->r, x, y, pow_f32(x, y), powl(x, y), 1, 0); } }\n");
    else
      text_printf(out,
                  "for (uint64_t i = j->id * step; i < (uint64_t)1 << 32; i += step * threads) { float x = "
                  "f32_at((uint32_t)i);\n"
                  "judge(&j->r, x, 0, %s_f32(x), %s((double)x), 1, %d); } }\n",
                  name, name, functions[i].flushes);
    text_printf(out, "static void run_%s_f64(Job *j) {\n", name);
    text_puts(out, "for (uint64_t i = j->id; i < ((uint64_t)1 << 26) / step; i += threads) { uint64_t b = mix(i);\n"
                   "if (i & 1) b = (b & 0x800fffffffffffffu) | (uint64_t)(1023 - 40 + mix(b) % 52) << 52;\n double x = "
                   "f64_at(b);\n");
    if (two)
      text_puts(out, "double y = (i & 2) ? f64_at(mix(b)) : ldexp((double)(int64_t)mix(b), -63 + (int)(i >> 2 & 15)); "
                     "judge(&j->r, x, y, pow_f64(x, y), powl(x, y), 0, 0); } }\n");
    else
      text_printf(out, "judge(&j->r, x, 0, %s_f64(x), %sl(x), 0, %d); } }\n", name, name, functions[i].flushes);
  }
  text_puts(out, "static void *run(void *p) { Job *j = p; switch (j->which) {\n");
  for (int i = 0; i < FUNCTIONS; ++i)
    text_printf(out, "case %d: run_%s_f32(j); break; case %d: run_%s_f64(j); break;\n", 2 * i, functions[i].name,
                2 * i + 1, functions[i].name);
  text_puts(out, "} return 0; }\n");
}

static void write_main(Text *out, const char *only) {
  text_puts(
      out, "int main(int argc, char **argv) { (void)argc; step = strtoull(argv[1], 0, 10); threads = atoi(argv[2]);\n");
  for (int i = 0; i < 2 * FUNCTIONS; ++i) {
    const char *name = arena_printf(out->arena, "%s_%s", functions[i / 2].name, i % 2 ? "f64" : "f32");
    if (!only || strstr(name, only)) text_printf(out, "all(%d, \"%s\");\n", i, name);
  }
  text_puts(out, "return 0; }\n");
}

static void write_program(Text *out, const char *only) {
  Program p = {.arena = out->arena};
  for (int i = 0; i < 2 * FUNCTIONS; ++i) math_instance(&p, functions[i / 2].op, type_of(i % 2 ? DT_f64 : DT_f32, 1));
  text_puts(out, "#include \"nnrt_simd.h\"\n");
  for (int i = 0; i < p.math.n; ++i) c_function(out, p.math.at[i]);
  text_puts(out, harness);
  write_cases(out);
  write_main(out, only);
}

static int measure(Arena *arena, const Text *program, const char *step, const char *threads) {
  char folder[] = "/tmp/nnc_ulp_XXXXXX";
  if (!mkdtemp(folder)) return 1;
  const char *source = arena_printf(arena, "%s/ulp.c", folder);
  if (!file_write(source, program->at, program->n)) return 1;
  int status =
      system(arena_printf(arena, "cc -O3 -march=native -ffp-contract=off -w -I%s/runtime %s -o %s/ulp -lm -lpthread",
                          NNC_SOURCE_DIR, source, folder));
  if (!status) status = system(arena_printf(arena, "%s/ulp %s %s", folder, step, threads));
  if (system(arena_printf(arena, "rm -rf %s", folder))) status = 1;
  return status != 0;
}

int main(int argc, char **argv) {
  static const char *only, *step = "1", *threads = "2";
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--step")) step = argv[i + 1];
    if (!strcmp(argv[i], "--only")) only = argv[i + 1];
    if (!strcmp(argv[i], "--threads")) threads = argv[i + 1];
  }
  static Text out;
  text_init(&out, arena_new());
  if (setjmp(*diag_guard())) return diag_exit_code();
  write_program(&out, only);
  int status = measure(out.arena, &out, step, threads);
  arena_free(out.arena);
  return status;
}
