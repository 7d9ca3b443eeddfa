/* test_control.c: scan, while, cond, checkpoint and custom: values against loops written out here, first and second
 * derivatives against central differences, the same values after every graph pass, and text that reads back.
 *
 * A case builds y from inputs x (f64) and says in `value` what y is, element by element, computed by plain C. */
#include "harness.h"

typedef struct Case {
  const char *label;
  int nx;
  Shape shape[X_MAX];
  Node *(*make)(Graph *g, Node *const *x);
  void (*value)(const Value *const *x, double *y); /* NULL: derivatives and passes alone */
  int gradients;                                   /* inputs that have one */
} Case;

#define S(...) ((Shape){sizeof((int64_t[]){__VA_ARGS__}) / 8, {__VA_ARGS__}})
static const Shape scalar = {0};
static const Loc here = {"control.lua", 1, NULL};

static void put(Graph *body, const char *name, Node *n) {
  Output o = {arena_printf(body->arena, "%s.%d", name, body->outputs.n), n, here};
  vec_push(body->arena, body->outputs, o);
}

static Node *number(Graph *g, double x) { return graph_const(g, DT_f64, x, here); }
static Node *bound(Graph *b, const char *name, Shape s) { return graph_bound(b, name, DT_f64, s, here); }
static Node *matvec(Graph *g, Node *a, Node *x) { return graph_matmul(g, a, x); }

/* ---- scan: h' = tanh(W h + x_t), results h' * x_t ---- */
static Node *recurrence(Graph *g, Node *const *x, bool reverse, int result) {
  Graph *b = graph_new(g->arena, "body");
  Node *h = bound(b, "h", S(2)), *row = bound(b, "x", S(2)), *w = bound(b, "w", S(2, 2));
  Node *next = graph_op1(b, OP_tanh, graph_op2(b, OP_add, matvec(b, w, h), row));
  put(b, "carry", next);
  put(b, "row", graph_op2(b, OP_mul, next, row));
  Node *scan = graph_scan(g, b, 3, (Node *[]){x[0], x[1], x[2]}, 1, 1, 5, reverse, here);
  return graph_result(g, scan, result);
}

static void recurrence_value(const Value *const *x, bool reverse, double *last, double *rows) {
  double h[2] = {x[0]->f[0], x[0]->f[1]};
  for (int i = 0; i < 5; ++i) {
    int t = reverse ? 4 - i : i;
    double next[2];
    for (int k = 0; k < 2; ++k) next[k] = tanh(x[2]->f[2 * k] * h[0] + x[2]->f[2 * k + 1] * h[1] + x[1]->f[2 * t + k]);
    for (int k = 0; k < 2; ++k) {
      h[k] = next[k];
      if (rows) rows[2 * t + k] = h[k] * x[1]->f[2 * t + k];
      if (last) last[k] = h[k];
    }
  }
}

static Node *make_last(Graph *g, Node *const *x) { return recurrence(g, x, false, 0); }
static void value_last(const Value *const *x, double *y) { recurrence_value(x, false, y, NULL); }
static Node *make_rows(Graph *g, Node *const *x) { return recurrence(g, x, false, 1); }
static void value_rows(const Value *const *x, double *y) { recurrence_value(x, false, NULL, y); }
static Node *make_reverse(Graph *g, Node *const *x) { return recurrence(g, x, true, 1); }
static void value_reverse(const Value *const *x, double *y) { recurrence_value(x, true, NULL, y); }
static Node *make_reverse_last(Graph *g, Node *const *x) { return recurrence(g, x, true, 0); }
static void value_reverse_last(const Value *const *x, double *y) { recurrence_value(x, true, y, NULL); }

/* Two carries that change places, without rows; one turn or several. */
static Node *swapped(Graph *g, Node *const *x, int64_t length) {
  Graph *b = graph_new(g->arena, "body");
  Node *p = bound(b, "p", S(3)), *q = bound(b, "q", S(3));
  put(b, "carry", q);
  put(b, "carry", graph_op2(b, OP_mul, p, graph_op1(b, OP_sin, q)));
  Node *scan = graph_scan(g, b, 2, (Node *[]){x[0], x[1]}, 2, 0, length, false, here);
  return graph_op2(g, OP_add, graph_result(g, scan, 0), graph_result(g, scan, 1));
}

static void swapped_value(const Value *const *x, int length, double *y) {
  for (int k = 0; k < 3; ++k) {
    double p = x[0]->f[k], q = x[1]->f[k];
    for (int t = 0; t < length; ++t) {
      double next = p * sin(q);
      p = q;
      q = next;
    }
    y[k] = p + q;
  }
}

static Node *make_swap(Graph *g, Node *const *x) { return swapped(g, x, 4); }
static void value_swap(const Value *const *x, double *y) { swapped_value(x, 4, y); }
static Node *make_once(Graph *g, Node *const *x) { return swapped(g, x, 1); }
static void value_once(const Value *const *x, double *y) { swapped_value(x, 1, y); }

/* A captured matrix that meets rows alone, and one that meets nothing that changes: sums over turns of both kinds. */
static Node *make_captured(Graph *g, Node *const *x) {
  Graph *b = graph_new(g->arena, "body");
  Node *acc = bound(b, "acc", scalar), *row = bound(b, "x", S(2)), *w = bound(b, "w", S(3, 2)),
       *v = bound(b, "v", S(3));
  Node *product = graph_op2(b, OP_mul, matvec(b, w, row), graph_op1(b, OP_exp, v));
  put(b, "carry", graph_op2(b, OP_add, acc, graph_reduce(b, OP_sum, product, (Axes){1, {0}})));
  Node *in[4] = {number(g, 0.5), x[0], x[1], x[2]};
  return graph_result(g, graph_scan(g, b, 4, in, 1, 1, 4, false, here), 0);
}

static void value_captured(const Value *const *x, double *y) {
  *y = 0.5;
  for (int t = 0; t < 4; ++t)
    for (int k = 0; k < 3; ++k)
      *y += (x[1]->f[2 * k] * x[0]->f[2 * t] + x[1]->f[2 * k + 1] * x[0]->f[2 * t + 1]) * exp(x[2]->f[k]);
}

/* A scan in a scan: y = sum over i of the product over j of (a_ij + c). */
static Node *make_nested(Graph *g, Node *const *x) {
  Graph *inner = graph_new(g->arena, "inner"), *outer = graph_new(g->arena, "outer");
  Node *p = bound(inner, "p", scalar), *a = bound(inner, "a", scalar), *c = bound(inner, "c", scalar);
  put(inner, "carry", graph_op2(inner, OP_mul, p, graph_op2(inner, OP_add, a, c)));
  Node *sum = bound(outer, "sum", scalar), *row = bound(outer, "row", S(3)), *shift = bound(outer, "c", scalar);
  Node *scan = graph_scan(outer, inner, 3, (Node *[]){number(outer, 1), row, shift}, 1, 1, 3, false, here);
  put(outer, "carry", graph_op2(outer, OP_add, sum, graph_result(outer, scan, 0)));
  return graph_result(g, graph_scan(g, outer, 3, (Node *[]){number(g, 0), x[0], x[1]}, 1, 1, 2, false, here), 0);
}

static void value_nested(const Value *const *x, double *y) {
  *y = 0;
  for (int i = 0; i < 2; ++i) {
    double p = 1;
    for (int j = 0; j < 3; ++j) p *= x[0]->f[3 * i + j] + x[1]->f[0];
    *y += p;
  }
}

/* ---- cond: x > 0 ? x * y : sin(y) + x ---- */
static Node *branch(Graph *g, Node *const *x) {
  Graph *a = graph_new(g->arena, "then"), *b = graph_new(g->arena, "else");
  Node *x1 = bound(a, "x", scalar), *y1 = bound(a, "y", scalar), *x2 = bound(b, "x", scalar),
       *y2 = bound(b, "y", scalar);
  put(a, "value", graph_op2(a, OP_mul, x1, y1));
  put(b, "value", graph_op2(b, OP_add, graph_op1(b, OP_sin, y2), x2));
  Node *positive = graph_op2(g, OP_lt, number(g, 0), x[0]);
  return graph_result(g, graph_cond(g, positive, a, b, 2, (Node *[]){x[0], x[1]}, here), 0);
}

static Node *make_cond(Graph *g, Node *const *x) {
  Node *negative[2] = {graph_op1(g, OP_neg, x[0]), x[1]};
  return graph_op2(g, OP_mul, branch(g, x), branch(g, negative));
}

static double branch_value(double x, double y) { return x > 0 ? x * y : sin(y) + x; }
static void value_cond(const Value *const *x, double *y) {
  *y = branch_value(x[0]->f[0], x[1]->f[0]) * branch_value(-x[0]->f[0], x[1]->f[0]);
}

/* A cond in a scan: the carry grows or shrinks by its sign. */
static Node *make_cond_in_scan(Graph *g, Node *const *x) {
  Graph *b = graph_new(g->arena, "body");
  Node *c = bound(b, "c", scalar), *row = bound(b, "x", scalar);
  put(b, "carry", graph_op2(b, OP_sub, branch(b, (Node *[]){c, row}), number(b, 0.7)));
  return graph_result(g, graph_scan(g, b, 2, (Node *[]){x[0], x[1]}, 1, 1, 4, false, here), 0);
}

static void value_cond_in_scan(const Value *const *x, double *y) {
  *y = x[0]->f[0];
  for (int t = 0; t < 4; ++t) *y = branch_value(*y, x[1]->f[t]) - 0.7;
}

/* ---- while: doubled until it is above 10 ---- */
static Node *make_while(Graph *g, Node *const *x) {
  Graph *test = graph_new(g->arena, "test"), *b = graph_new(g->arena, "body");
  Node *t = bound(test, "c", scalar), *c = bound(b, "c", scalar);
  put(test, "test", graph_op2(test, OP_le, t, number(test, 10)));
  put(b, "carry", graph_op2(b, OP_add, c, c));
  return graph_result(g, graph_while(g, test, b, 1, (Node *[]){graph_op1(g, OP_abs, x[0])}, 1, here), 0);
}

static void value_while(const Value *const *x, double *y) {
  for (*y = fabs(x[0]->f[0]); *y <= 10; *y += *y) {}
}

/* ---- checkpoint ---- */
static Node *make_checkpoint(Graph *g, Node *const *x) {
  Graph *b = graph_new(g->arena, "body");
  Node *p = bound(b, "p", S(3)), *q = bound(b, "q", S(3));
  put(b, "value", graph_op1(b, OP_tanh, graph_op2(b, OP_mul, p, q)));
  put(b, "value", graph_op1(b, OP_exp, p));
  Node *c = graph_checkpoint(g, b, 2, (Node *[]){x[0], x[1]}, here);
  return graph_op2(g, OP_mul, graph_result(g, c, 0), graph_result(g, c, 1));
}

static void value_checkpoint(const Value *const *x, double *y) {
  for (int k = 0; k < 3; ++k) y[k] = tanh(x[0]->f[k] * x[1]->f[k]) * exp(x[0]->f[k]);
}

static const Case cases[] = {
    {"last carry", 3, {{1, {2}}, {2, {5, 2}}, {2, {2, 2}}}, make_last, value_last, 3},
    {"results", 3, {{1, {2}}, {2, {5, 2}}, {2, {2, 2}}}, make_rows, value_rows, 3},
    {"reverse", 3, {{1, {2}}, {2, {5, 2}}, {2, {2, 2}}}, make_reverse, value_reverse, 3},
    {"reverse last", 3, {{1, {2}}, {2, {5, 2}}, {2, {2, 2}}}, make_reverse_last, value_reverse_last, 3},
    {"swap", 2, {{1, {3}}, {1, {3}}}, make_swap, value_swap, 2},
    {"one turn", 2, {{1, {3}}, {1, {3}}}, make_once, value_once, 2},
    {"captured", 3, {{2, {4, 2}}, {2, {3, 2}}, {1, {3}}}, make_captured, value_captured, 3},
    {"nested", 2, {{2, {2, 3}}, {0, {0}}}, make_nested, value_nested, 2},
    {"cond", 2, {{0, {0}}, {0, {0}}}, make_cond, value_cond, 2},
    {"cond in scan", 2, {{0, {0}}, {1, {4}}}, make_cond_in_scan, value_cond_in_scan, 2},
    {"while", 1, {{0, {0}}}, make_while, value_while, -1},
    {"checkpoint", 2, {{1, {3}}, {1, {3}}}, make_checkpoint, value_checkpoint, 2},
};
enum { CASES = sizeof cases / sizeof *cases };

static void check_values(const Trial *t, const Case *c, const Value *got) {
  double *expected = NEW_N(t->arena, double, shape_count(got->shape) + 1);
  c->value((const Value *const *)t->value, expected);
  for (int64_t k = 0; k < shape_count(got->shape); ++k) check_close(t, "value", got->f[k], expected[k], 1e-13);
}

static void test_values_and_derivatives(void **state) {
  (void)state;
  for (int k = 0; k < CASES; ++k) {
    Trial t;
    trial_begin(&t, cases[k].label, cases[k].nx, cases[k].shape);
    t.y = cases[k].make(t.g, t.x);
    graph_verify(t.g);
    check_values(&t, &cases[k], trial_eval(&t, t.arena)[t.y->id]);
    int some = cases[k].gradients < 0 ? -1 : check_derivatives(&t);
    if (some != cases[k].gradients) fail_msg("%s: %d gradients", t.label, some);
    trial_end(&t);
  }
}

/* ---- passes: values and gradients stay what they were, to the bit ---- */
static Graph *(*const passes[])(Graph *) = {
#define GRAPH_PASS(name, what) pass_##name,
#include "graph/passes.def"
#undef GRAPH_PASS
};

static void test_passes(void **state) {
  (void)state;
  for (int k = 0; k < CASES; ++k) {
    Trial t;
    Node *g[X_MAX] = {NULL};
    trial_begin(&t, cases[k].label, cases[k].nx, cases[k].shape);
    t.y = cases[k].make(t.g, t.x);
    if (cases[k].gradients > 0) graph_gradient(t.g, weighted_sum(&t, t.y), NULL, t.nx, t.x, g);
    put(t.g, "y", t.y);
    for (int i = 0; i < t.nx; ++i)
      if (g[i]) put(t.g, "g", g[i]);
    Value **before = trial_eval(&t, t.arena);
    Graph *old = t.g;
    for (size_t p = 0; p < sizeof passes / sizeof *passes; ++p) {
      t.g = graph_run(t.g, passes[p]);
      graph_verify(t.g);
      Value **after = trial_eval(&t, t.arena);
      for (int o = 0; o < old->outputs.n; ++o) {
        const Value *a = before[old->outputs.at[o].node->id], *b = after[t.g->outputs.at[o].node->id];
        for (int64_t i = 0; i < shape_count(a->shape); ++i) check_close(&t, "after a pass", b->f[i], a->f[i], 1e-14);
      }
    }
    trial_end(&t);
  }
}

/* ---- custom: the second derivative is that of the rule, which here is wrong on purpose: d(x^2) = 3 x dy ---- */
static void three_x(void *context, Graph *g, Node *y, Node *const *dy, Node **dx) {
  (void)context;
  Node *x = node_in(y, 1);
  dx[0] = graph_op2(g, OP_mul, dy[0], graph_op2(g, OP_mul, number(g, 3), x));
}

static void test_custom(void **state) {
  (void)state;
  static const Custom rule = {three_x, NULL};
  Trial t;
  Node *first, *second;
  trial_begin(&t, "custom", 1, (Shape[]){{0, {0}}});
  Node *square = graph_op2(t.g, OP_mul, t.x[0], t.x[0]);
  Node *c = graph_custom(t.g, &rule, 1, 1, 2, (Node *[]){square, t.x[0]}, here);
  Node *y = graph_result(t.g, c, 0);
  graph_gradient(t.g, y, NULL, 1, t.x, &first);
  graph_gradient(t.g, first, NULL, 1, t.x, &second);
  Value **v = trial_eval(&t, t.arena);
  double x = t.value[0]->f[0];
  check_close(&t, "value", v[y->id]->f[0], x * x, 1e-15);
  check_close(&t, "first", v[first->id]->f[0], 3 * x, 1e-15);
  check_close(&t, "second", v[second->id]->f[0], 3, 1e-15);
  trial_end(&t);
}

/* The same rule inside a scan and a cond, whose gradients are graphs of their own. */
static void test_custom_inside(void **state) {
  (void)state;
  static const Custom rule = {three_x, NULL};
  Trial t;
  Node *first;
  trial_begin(&t, "custom in scan", 1, (Shape[]){{0, {0}}});
  Graph *b = graph_new(t.arena, "body");
  Node *c = bound(b, "c", scalar), *square = graph_op2(b, OP_mul, c, c);
  put(b, "carry", graph_result(b, graph_custom(b, &rule, 1, 1, 2, (Node *[]){square, c}, here), 0));
  Node *y = graph_result(t.g, graph_scan(t.g, b, 1, t.x, 1, 0, 3, false, here), 0);
  graph_gradient(t.g, y, NULL, 1, t.x, &first);
  Value **v = trial_eval(&t, t.arena);
  double x = t.value[0]->f[0];
  check_close(&t, "value", v[y->id]->f[0], pow(x, 8), 1e-14);
  check_close(&t, "first", v[first->id]->f[0], 27 * x * x * x * x * x * x * x, 1e-14); /* 3 x^4 * 3 x^2 * 3 x */
  trial_end(&t);
}

/* What the reverse pass does not read is neither kept nor computed: no results but those that are read. */
static int results_of_scans(const Graph *g) {
  int n = 0;
  for (int id = 0; id < g->nodes.n; ++id)
    if (g->nodes.at[id]->op == OP_scan) n += control_values(g->nodes.at[id]);
  return n;
}

static void test_frozen(void **state) {
  (void)state;
  Trial t;
  trial_begin(&t, "frozen", 3, (Shape[]){{1, {2}}, {2, {5, 2}}, {2, {2, 2}}});
  put(t.g, "y", make_last(t.g, t.x));
  Graph *g = graph_run(graph_run(t.g, pass_inline), pass_dce);
  assert_int_equal(results_of_scans(g), 1);
  trial_end(&t);
}

/* A carry that is handed on as it is becomes a captured operand, and its value what it started from. */
static void test_fixed_carry(void **state) {
  (void)state;
  Trial t;
  trial_begin(&t, "fixed", 2, (Shape[]){{1, {2}}, {1, {2}}});
  Graph *b = graph_new(t.arena, "body");
  Node *w = bound(b, "w", S(2)), *h = bound(b, "h", S(2));
  put(b, "carry", w);
  put(b, "carry", graph_op1(b, OP_sin, graph_op2(b, OP_add, h, w)));
  Node *scan = graph_scan(t.g, b, 2, t.x, 2, 0, 3, false, here);
  put(t.g, "w", graph_result(t.g, scan, 0));
  put(t.g, "h", graph_result(t.g, scan, 1));
  Graph *g = graph_run(t.g, pass_dce);
  assert_true(g->outputs.at[0].node->op == OP_input);
  for (int id = 0; id < g->nodes.n; ++id)
    if (g->nodes.at[id]->op == OP_scan) assert_int_equal(g->nodes.at[id]->attr->carries, 1);
  trial_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values_and_derivatives), cmocka_unit_test(test_passes), cmocka_unit_test(test_custom),
      cmocka_unit_test(test_custom_inside),          cmocka_unit_test(test_frozen), cmocka_unit_test(test_fixed_carry),
  };
  if (setjmp(*diag_guard())) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
