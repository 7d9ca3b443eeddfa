/* test_rules.c: every rule of rules.def on numbers. Both sides are built as graphs over inputs, for every dtype that
 * the rule's ops and guard allow, and evaluated with rounding on the cross product of hard values (NaN, Inf, -0,
 * subnormals, extremes of integers) and on random ones. EXACT must agree in every bit (NaN payloads apart), NEAR within
 * a few ulps and in all that is not finite, FAST within 1e-6 on ordinary values. A set of wrong rules shows that the
 * checker sees them, and each rule is shown to be taken by pass_simplify without changing values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "graph/pass/rules.h"
#include "graph/pass/uniform.h"

typedef struct Typing {
  DType value;          /* dtype of what is compared */
  DType var[RULE_VARS]; /* DTYPE_COUNT: not met */
} Typing;

/* ---- typing a pattern ---- */
static bool domain_takes(Op op, DType t) {
  switch (op_info[op].domain) {
  case 'F': return dtype_is_float(t);
  case 'N': return t != DT_bool;
  case 'I': return op == OP_mulhi ? t == DT_u32 : dtype_is_integer(t);
  case 'L': return !dtype_is_float(t);
  default: return true;
  }
}

static bool number_fits(const Pattern *p, DType t) {
  if (p->truth) return t == DT_bool;
  if (dtype_is_float(t)) return true;
  return p->value == floor(p->value) && (p->value >= 0 || dtype_info[t].kind == KIND_SIGNED);
}

static bool type_pattern(const Pattern *p, DType expected, Typing *t) {
  if (p->kind == PAT_number) return number_fits(p, expected);
  if (p->kind == PAT_var) {
    if (t->var[p->var] == DTYPE_COUNT) t->var[p->var] = expected;
    return t->var[p->var] == expected;
  }
  bool compares = op_info[p->op].domain == 'C', chooses = op_info[p->op].domain == 'W';
  if (compares ? expected != DT_bool : !domain_takes(p->op, expected)) return false;
  for (int i = 0; i < p->n; ++i)
    if (!type_pattern(p->arg[i], compares ? t->value : chooses && i == 0 ? DT_bool : expected, t)) return false;
  return true;
}

static bool type_rule(const Rule *r, DType value, DType root, Typing *t) {
  t->value = value;
  for (int i = 0; i < RULE_VARS; ++i) t->var[i] = DTYPE_COUNT;
  if (!type_pattern(r->from, root, t) || !type_pattern(r->to, root, t)) return false;
  return r->nvars == 0 || r->text->guard(t->var[0]);
}

/* ---- values ---- */
static const double hard_floats[] = {0.0,      -0.0, 1,     -1,    2,     0.5,      -3.25,     7.0, 1e-40,
                                     -1.5e-41, 1e30, -3e38, 1e300, 65504, INFINITY, -INFINITY, NAN, 0.1};
static const int64_t hard_integers[] = {0,   1,   -1,  2,   3,         -7,        31,        32,
                                        127, 128, 255, 256, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
enum { HARD = 16, HARD_FLOATS = 18, RANDOM = 200 };

static uint64_t seed = 7;
static double draw(void) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(seed >> 11) * 0x1p-53;
}

static int hard_count(DType t) { return dtype_is_float(t) ? HARD_FLOATS : t == DT_bool ? 2 : HARD; }

static void set_hard(Value *v, int64_t at, int which) {
  if (v->f)
    v->f[at] = hard_floats[which];
  else
    v->i[at] = hard_integers[which];
}

static void set_random(Value *v, int64_t at, bool ordinary) {
  if (v->f)
    v->f[at] = ordinary ? 0.5 + 1.5 * draw() : ldexp(draw() - 0.5, (int)(draw() * 40) - 20);
  else
    v->i[at] = (int64_t)(draw() * (ordinary ? 100 : 1e10)) - (ordinary ? 0 : 5000000000);
}

/* Rounds or wraps each element to its dtype by way of a cast to itself in memory. */
static Value *settle(Arena *arena, Value *v) { return value_of_tensor(arena, tensor_of_value(arena, v)); }

typedef struct Side {
  Arena *arena;
  Input *input[RULE_VARS];
  Value *value[RULE_VARS];
  int n;
} Side;

static Value *read_input(void *context, const Input *input) {
  Side *s = context;
  for (int i = 0; i < s->n; ++i)
    if (s->input[i] == input) return s->value[i];
  return NULL;
}

static Side *make_values(Arena *arena, const Rule *r, const Typing *t) {
  Side *s = NEW(arena, Side);
  bool ordinary = r->text->flag == RULE_FAST;
  int64_t cross = 1;
  for (int i = 0; i < r->nvars; ++i) cross *= ordinary ? 1 : hard_count(t->var[i]);
  Shape shape = shape_of(1, (int64_t)(cross + RANDOM));
  s->arena = arena, s->n = r->nvars;
  int64_t stride = 1;
  for (int i = 0; i < s->n; ++i) {
    Value *v = value_new(arena, t->var[i], shape);
    for (int64_t at = 0; at < shape.dim[0]; ++at) {
      if (!ordinary && at < cross)
        set_hard(v, at, (int)(at / stride % hard_count(t->var[i])));
      else
        set_random(v, at, ordinary);
    }
    stride *= hard_count(t->var[i]);
    s->value[i] = settle(arena, v);
    s->input[i] = NEW(arena, Input);
    *s->input[i] = (Input){.kind = INPUT_value,
                           .name = arena_printf(arena, "v%d", i),
                           .dtype = t->var[i],
                           .shape = shape,
                           .source = -1,
                           .field = -1,
                           .hyper = -1};
  }
  return s;
}

static Graph *make_graph(Side *s, const Pattern *p, DType root) {
  Graph *g = graph_new(s->arena, "rule");
  Node *binding[RULE_VARS] = {0}, *like;
  for (int i = 0; i < s->n; ++i) {
    binding[i] = graph_input(g, s->input[i]);
  }
  like = s->n ? binding[0] : graph_full(g, root, shape_of(1, (int64_t)3), 0, (Loc){0});
  Output out = {.name = "y", .node = pattern_build(g, p, binding, root, like)};
  vec_push(s->arena, g->outputs, out);
  return g;
}

static Value *run(Side *s, const Graph *g) {
  Env env = {.arena = s->arena, .input = read_input, .context = s, .round = true};
  return graph_eval(g, &env)[g->outputs.at[0].node->id];
}

/* ---- comparing ---- */
static bool same_float(double a, double b, DType t, RuleFlag flag) {
  static const double eps[DTYPE_COUNT] = {
      [DT_f32] = 0x1p-24, [DT_f64] = 0x1p-53, [DT_f16] = 0x1p-11, [DT_bf16] = 0x1p-8};
  static const double least[DTYPE_COUNT] = {
      [DT_f32] = 0x1p-126, [DT_f64] = 0x1p-1022, [DT_f16] = 0x1p-14, [DT_bf16] = 0x1p-126};
  if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
  if (a == b) return flag != RULE_EXACT || !signbit(a) == !signbit(b);
  if (flag == RULE_EXACT || !isfinite(a) || !isfinite(b)) return false;
  double tolerance = flag == RULE_NEAR ? 6 * eps[t] : fmax(1e-6, 16 * eps[t]);
  return fabs(a - b) <= tolerance * fmax(fabs(a), fabs(b)) + 6 * least[t] * (flag == RULE_NEAR);
}

static bool same_value(const Value *a, const Value *b, RuleFlag flag) {
  if (a->dtype != b->dtype || !shape_equal(a->shape, b->shape)) return false;
  for (int64_t i = 0; i < shape_count(a->shape); ++i)
    if (a->f ? !same_float(a->f[i], b->f[i], a->dtype, flag) : a->i[i] != b->i[i]) return false;
  return true;
}

static int graph_cost(const Graph *g) {
  int cost = 0;
  for (int i = 0; i < g->nodes.n; ++i)
    if (op_is_elementwise(g->nodes.at[i]->op)) cost += op_cost(g->nodes.at[i]->op);
  return cost;
}

/* Is the rule right for these dtypes? */
static bool check_typed(const Rule *r, const Typing *t, DType root) {
  Arena *arena = arena_new();
  Side *s = make_values(arena, r, t);
  Graph *from = make_graph(s, r->from, root);
  bool good = same_value(run(s, from), run(s, make_graph(s, r->to, root)), r->text->flag);
  if (!good) fprintf(stderr, "  '%s' -> '%s' differ for %s\n", r->text->from, r->text->to, dtype_info[t->value].name);
  arena_free(arena);
  return good;
}

/* Does pass_simplify take it (or do better), keeping the values? */
static bool taken_typed(const Rule *r, const Typing *t, DType root) {
  Arena *arena = arena_new();
  Side *s = make_values(arena, r, t);
  Graph *from = make_graph(s, r->from, root);
  Value *before = run(s, from);
  int cost = graph_cost(from);
  rules_fast(r->text->flag == RULE_FAST);
  Graph *to = pass_simplify(from);
  rules_fast(false);
  graph_verify(to);
  RuleFlag flag = r->text->flag == RULE_EXACT ? RULE_NEAR : r->text->flag; /* other rules may have joined in */
  bool good = graph_cost(to) < cost && same_value(before, run(s, to), flag);
  if (!good) fprintf(stderr, "  '%s' is not applied to %s\n", r->text->from, dtype_info[t->value].name);
  arena_free(arena);
  return good;
}

typedef bool Checker(const Rule *r, const Typing *t, DType root);

/* Over all dtypes; how many fitted goes to *typed. */
static bool over_dtypes(const Rule *r, Checker *checker, int *typed) {
  bool good = true;
  *typed = 0;
  for (int value = 0; value < DTYPE_COUNT; ++value) {
    DType roots[2] = {(DType)value, DT_bool};
    for (int k = 0; k < (value == DT_bool ? 1 : 2); ++k) {
      Typing t;
      if (!type_rule(r, (DType)value, roots[k], &t)) continue;
      ++*typed;
      good = checker(r, &t, roots[k]) && good;
    }
  }
  return good;
}

static void every_rule(Checker *checker) {
  Arena *arena = arena_new();
  Rules *rules = rules_parse(arena);
  assert_int_equal(rules->all.n, rule_text_count);
  int wrong = 0;
  for (int i = 0; i < rules->all.n; ++i) {
    int typed;
    if (!over_dtypes(rules->all.at[i], checker, &typed)) ++wrong;
    if (typed == 0) print_error("'%s' fits no dtype\n", rules->all.at[i]->text->from);
    assert_true(typed > 0);
  }
  arena_free(arena);
  assert_int_equal(wrong, 0);
}

static void rules_hold(void **state) {
  (void)state;
  every_rule(check_typed);
}

static void rules_are_taken(void **state) {
  (void)state;
  every_rule(taken_typed);
}

static bool any(DType t) { return t < DTYPE_COUNT; }

static void wrong_rules_are_seen(void **state) {
  (void)state;
  static const RuleText wrong[] = {
      {"x * 2", "x", RULE_EXACT, any, "any"},
      {"x + 0", "x", RULE_EXACT, any, "any"},
      {"x - x", "0", RULE_EXACT, any, "any"},
      {"x == x", "true", RULE_EXACT, any, "any"},
      {"0 - x", "-x", RULE_EXACT, any, "any"},
      {"abs(-x)", "abs(x)", RULE_EXACT, any, "any"},
      {"~(x < y)", "y <= x", RULE_EXACT, any, "any"},
      {"maximum(maximum(x, y), x)", "maximum(x, y)", RULE_EXACT, any, "any"},
      {"pow(x, 3)", "x * x", RULE_NEAR, any, "any"},
      {"exp(x) * exp(y)", "exp(x * y)", RULE_FAST, any, "any"},
      {"-x / -y", "x / y", RULE_EXACT, any, "any"},
      {"where(c, x, y)", "where(c, y, x)", RULE_EXACT, any, "any"},
  };
  Arena *arena = arena_new();
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    int typed;
    if (over_dtypes(rule_parse(arena, &wrong[i]), check_typed, &typed)) fail_msg("not seen: %s", wrong[i].from);
    assert_true(typed > 0);
  }
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rules_hold), cmocka_unit_test(rules_are_taken),
                                     cmocka_unit_test(wrong_rules_are_seen)};
  return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
