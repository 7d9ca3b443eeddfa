/* test_batch.c: the passes batch and hoist. A scan is the definition of nn.vmap: for each op the widened graph gives
 * the values of the scan, to the bit where nothing is summed in another order (and the evaluator sums in one order).
 * Where there is no rule, or widening would not end or would not fit, the scan stays. Products leave loops, and nothing
 * else changes. */
#include "harness.h"

typedef Node *Make(Graph *b, Node *x, Node *w);

enum { ROWS = 5 };

#define S(...) ((Shape){sizeof((int64_t[]){__VA_ARGS__}) / 8, {__VA_ARGS__}})
static const Loc here = {"batch.lua", 1, NULL};
static const Axes none = {0};

static void put(Graph *g, const char *name, Node *n) {
  Output o = {arena_printf(g->arena, "%s.%d", name, g->outputs.n), n, here};
  vec_push(g->arena, g->outputs, o);
}

static Node *number(Graph *g, double x) { return graph_const(g, DT_f64, x, here); }
static Node *filled(Graph *g, const Node *like, double x) { return graph_like(g, like, x); }
static Node *index_of(Graph *g, Node *x) { /* -6 … 6: out of range on both sides */
  return graph_cast(g, graph_op2(g, OP_mul, x, filled(g, x, 3)), DT_i32);
}
static Node *part(Graph *g, Node *x, int64_t low, int64_t high) { /* along the first dimension */
  int64_t from[RANK_MAX] = {low}, to[RANK_MAX] = {high};
  for (int d = 1; d < x->shape.rank; ++d) to[d] = x->shape.dim[d];
  return graph_slice(g, x, from, to, NULL);
}
static Node *sum_all(Graph *g, Node *x) {
  Axes all = {.n = x->shape.rank};
  for (int d = 0; d < all.n; ++d) all.at[d] = d;
  return graph_reduce(g, OP_sum, x, all);
}

/* ---- bodies: x [2,3] is a row, w [3,4] is captured ---- */
static Node *make_map(Graph *b, Node *x, Node *w) {
  return graph_op3(b, OP_where, graph_op2(b, OP_lt, x, filled(b, x, 0)), graph_op1(b, OP_exp, x),
                   graph_broadcast_to(b, part(b, graph_transpose(b, w, (Axes){2, {1, 0}}), 0, 1), x->shape));
}
static Node *make_captured(Graph *b, Node *x, Node *w) { return (void)x, graph_op1(b, OP_exp, w); }
static Node *make_iota(Graph *b, Node *x, Node *w) {
  return (void)w,
         graph_op2(b, OP_add, graph_broadcast_to(b, graph_cast(b, graph_iota(b, 3, here), DT_f64), x->shape), x);
}
static Node *make_reshape(Graph *b, Node *x, Node *w) { return (void)w, graph_reshape(b, x, S(3, 1, 2)); }
static Node *make_transpose(Graph *b, Node *x, Node *w) { return (void)w, graph_transpose(b, x, (Axes){2, {1, 0}}); }
static Node *make_broadcast(Graph *b, Node *x, Node *w) {
  return (void)w, graph_broadcast(b, graph_reshape(b, x, S(2, 1, 3)), S(2, 4, 3));
}
static Node *make_scalar(Graph *b, Node *x, Node *w) { return graph_broadcast(b, sum_all(b, x), w->shape); }
static Node *make_slice(Graph *b, Node *x, Node *w) {
  return (void)w, graph_slice(b, x, (int64_t[]){1, 0}, (int64_t[]){2, 3}, (int64_t[]){1, 2});
}
static Node *make_pad(Graph *b, Node *x, Node *w) {
  return (void)w, graph_pad(b, x, (int64_t[]){1, 0}, (int64_t[]){0, 2}, (int64_t[]){1, 0}, 7);
}
static Node *make_concat(Graph *b, Node *x, Node *w) {
  Node *in[3] = {graph_transpose(b, x, (Axes){2, {1, 0}}), w, w};
  return graph_concat(b, 3, in, 1);
}
static Node *make_reverse(Graph *b, Node *x, Node *w) { return (void)w, graph_reverse(b, x, (Axes){1, {1}}); }
#define REDUCE(name, op, axes)                                                                                         \
  static Node *make_##name(Graph *b, Node *x, Node *w) { return (void)w, graph_reduce(b, op, x, axes); }
REDUCE(sum, OP_sum, ((Axes){1, {0}}))
REDUCE(prod, OP_prod, ((Axes){2, {1, 0}}))
REDUCE(max, OP_max, ((Axes){1, {1}}))
REDUCE(min, OP_min, ((Axes){2, {0, 1}}))
REDUCE(argmax, OP_argmax, ((Axes){1, {1}}))
REDUCE(argmin, OP_argmin, ((Axes){1, {0}}))

static Node *make_cumsum(Graph *b, Node *x, Node *w) { return (void)w, graph_cumsum(b, x, 1); }
static Node *make_argsort(Graph *b, Node *x, Node *w) { return (void)w, graph_argsort(b, x, 1); }
static const Attr windows = {.axes = {2, {1, 0}}, .size = {2, 2}, .step = {1, 1}, .dilation = {1, 1}, .high = {3, 2}};
static Node *make_window(Graph *b, Node *x, Node *w) { return (void)w, graph_add(b, OP_window, 1, &x, &windows, here); }
static Node *make_unwindow(Graph *b, Node *x, Node *w) {
  Node *y = make_window(b, x, w);
  return graph_add(b, OP_unwindow, 1, &y, &windows, here);
}

/* products: rows on both sides, on the first, on the second with and without free dimensions; with batches */
static Node *make_both(Graph *b, Node *x, Node *w) {
  return (void)w, graph_dot(b, x, graph_op1(b, OP_sin, x), none, none, (Axes){1, {1}}, (Axes){1, {1}});
}
static Node *make_both_batch(Graph *b, Node *x, Node *w) {
  return (void)w,
         graph_dot(b, x, graph_op1(b, OP_sin, x), (Axes){1, {0}}, (Axes){1, {0}}, (Axes){1, {1}}, (Axes){1, {1}});
}
static Node *make_first(Graph *b, Node *x, Node *w) {
  return graph_dot(b, x, w, none, none, (Axes){1, {1}}, (Axes){1, {0}});
}
static Node *make_first_batch(Graph *b, Node *x, Node *w) {
  return graph_dot(b, x, w, (Axes){1, {1}}, (Axes){1, {0}}, none, none);
}
static Node *make_second(Graph *b, Node *x, Node *w) {
  return graph_dot(b, w, x, none, none, (Axes){1, {0}}, (Axes){1, {1}});
}
static Node *make_second_batch(Graph *b, Node *x, Node *w) {
  return graph_dot(b, w, x, (Axes){1, {0}}, (Axes){1, {1}}, none, none);
}
static Node *make_vector(Graph *b, Node *x, Node *w) {
  return graph_dot(b, w, graph_reduce(b, OP_sum, x, (Axes){1, {0}}), none, none, (Axes){1, {0}}, (Axes){1, {0}});
}
static Node *make_vector_batch(Graph *b, Node *x, Node *w) {
  Node *v = graph_reduce(b, OP_sum, x, (Axes){1, {0}});
  return graph_dot(b, w, v, (Axes){1, {0}}, (Axes){1, {0}}, none, none);
}

/* indices */
static Node *fixed_index(Graph *b) {
  return graph_op2(b, OP_sub, graph_iota(b, 4, here), graph_full(b, DT_i32, S(4), 1, here)); /* -1 … 2 */
}
static Node *make_gather_table(Graph *b, Node *x, Node *w) { return (void)w, graph_gather(b, x, fixed_index(b), 1); }
static Node *make_gather_index(Graph *b, Node *x, Node *w) { return graph_gather(b, w, index_of(b, x), 1); }
static Node *make_gather_first(Graph *b, Node *x, Node *w) { return graph_gather(b, w, index_of(b, x), 0); }
static Node *make_gather_both(Graph *b, Node *x, Node *w) { return (void)w, graph_gather(b, x, index_of(b, x), 1); }
static Node *make_gather_both_first(Graph *b, Node *x, Node *w) {
  return (void)w, graph_gather(b, x, index_of(b, sum_all(b, x)), 0);
}
static Node *make_scatter_source(Graph *b, Node *x, Node *w) {
  Node *source = graph_gather(b, x, fixed_index(b), 1); /* [2,4] */
  return (void)w, graph_scatter(b, filled(b, x, 1), fixed_index(b), source, 1);
}
static Node *make_scatter_table(Graph *b, Node *x, Node *w) {
  Node *ones = graph_full(b, DT_f64, S(2, 4), 0.25, here);
  return (void)w, graph_scatter(b, x, fixed_index(b), ones, 1);
}
static Node *make_scatter_index(Graph *b, Node *x, Node *w) { /* w [3,4], index [2,3] along dimension 1 */
  Node *source = graph_broadcast_to(b, graph_op1(b, OP_sin, x), S(3, 2, 3));
  return graph_scatter(b, w, index_of(b, x), source, 1);
}
static Node *make_set_index(Graph *b, Node *x, Node *w) {
  Node *source = graph_broadcast_to(b, graph_op1(b, OP_sin, x), S(3, 2, 3));
  return graph_add(b, OP_scatter_set, 3, (Node *[]){w, index_of(b, x), source}, &(Attr){.dim = 1}, here);
}
static Node *make_scatter_first(Graph *b, Node *x, Node *w) {
  Node *source = graph_broadcast(b, number(b, 0.5), S(2, 3, 4));
  return graph_scatter(b, w, index_of(b, x), source, 0);
}

/* random: a number of the turn that differs from row to row, one that does not, an array of them */
static Node *draw(Graph *b, Node *turn, Shape shape) {
  Tensor seed = {.dtype = DT_u32, .shape = S(2), .data = (uint32_t[]){3, 9}};
  return graph_random(b, graph_const_tensor(b, &seed, here), graph_const(b, DT_u32, 2, here), turn, shape, 77, here);
}
static Node *make_random(Graph *b, Node *x, Node *w) {
  return (void)w, draw(b, graph_cast(b, index_of(b, sum_all(b, x)), DT_u32), S(3, 50));
}
static Node *make_random_same(Graph *b, Node *x, Node *w) {
  return (void)w, (void)x, draw(b, graph_const(b, DT_u32, 5, here), S(3));
}
static Node *make_random_array(Graph *b, Node *x, Node *w) {
  return (void)w, draw(b, graph_cast(b, index_of(b, x), DT_u32), S(2, 3, 7));
}

/* control inside */
static Node *make_scan(Graph *b, Node *x, Node *w) { /* rows of x and of w along the same turns; carries get rows */
  Graph *in = graph_new(b->arena, "inner");
  Node *c = graph_bound(in, "c", DT_f64, S(4), here), *count = graph_bound(in, "n", DT_f64, S(4), here);
  Node *wt = graph_bound(in, "w", DT_f64, S(4), here), *xt = graph_bound(in, "x", DT_f64, S(2), here);
  Node *next = graph_op2(in, OP_add, graph_op2(in, OP_mul, c, wt), graph_broadcast(in, sum_all(in, xt), S(4)));
  put(in, "carry", graph_op1(in, OP_tanh, next));
  put(in, "carry", graph_op2(in, OP_add, count, wt)); /* the same in every row */
  put(in, "row", graph_op2(in, OP_mul, next, count));
  put(in, "row", wt);
  Node *zero = graph_full(b, DT_f64, S(4), 0, here);
  Node *operand[4] = {zero, zero, w, graph_transpose(b, x, (Axes){2, {1, 0}})};
  Node *scan = graph_scan(b, in, 4, operand, 2, 2, 3, true, here), *sum = NULL;
  for (int k = 0; k < 4; ++k) {
    Node *value = graph_result(b, scan, k);
    Node *all = k < 2 ? graph_broadcast_to(b, value, S(3, 4)) : value;
    sum = sum ? graph_op2(b, OP_add, sum, all) : all;
  }
  return sum;
}

static Node *make_cond(Graph *b, Node *predicate, Node *x, bool loop) {
  Graph *yes = graph_new(b->arena, "then"), *no = graph_new(b->arena, "else"), *test = graph_new(b->arena, "test");
  Node *x1 = graph_bound(yes, "x", DT_f64, x->shape, here), *x2 = graph_bound(no, "x", DT_f64, x->shape, here);
  put(yes, "value", graph_op1(yes, OP_exp, x1));
  Node *constant = filled(no, x2, 3);
  if (loop) { /* doubled until above 10 */
    Graph *body = graph_new(b->arena, "body");
    Node *c = graph_bound(body, "c", DT_f64, x->shape, here), *t = graph_bound(test, "c", DT_f64, x->shape, here);
    put(body, "carry", graph_op2(body, OP_add, c, c));
    put(test, "test", graph_op2(test, OP_lt, graph_reduce(test, OP_max, t, (Axes){2, {0, 1}}), number(test, 10)));
    constant = graph_result(no, graph_while(no, test, body, 1, &constant, 1, here), 0);
  }
  put(no, "value", constant);
  return graph_result(b, graph_cond(b, predicate, yes, no, 1, &x, here), 0);
}
static Node *make_cond_rows(Graph *b, Node *x, Node *w) {
  return (void)w, make_cond(b, graph_op2(b, OP_lt, sum_all(b, x), number(b, 0)), x, false);
}
static Node *make_cond_same(Graph *b, Node *x, Node *w) {
  return make_cond(b, graph_op2(b, OP_lt, sum_all(b, w), number(b, 100)), x, false);
}
static Node *make_cond_loop(Graph *b, Node *x, Node *w) {
  return (void)w, make_cond(b, graph_op2(b, OP_lt, sum_all(b, x), number(b, 0)), x, true);
}

/* c = c + x while n < limit; n counts */
static Node *make_while(Graph *b, Node *limit, Node *x) {
  Graph *test = graph_new(b->arena, "test"), *body = graph_new(b->arena, "body");
  Graph *both[2] = {test, body};
  Node *c[2], *n[2], *l[2], *y[2];
  for (int i = 0; i < 2; ++i) {
    c[i] = graph_bound(both[i], "c", DT_f64, x->shape, here);
    n[i] = graph_bound(both[i], "n", DT_i32, (Shape){0}, here);
    l[i] = graph_bound(both[i], "limit", DT_i32, (Shape){0}, here);
    y[i] = graph_bound(both[i], "x", DT_f64, x->shape, here);
  }
  put(test, "test", graph_op2(test, OP_lt, n[0], l[0]));
  put(body, "carry", graph_op2(body, OP_add, c[1], y[1]));
  put(body, "carry", graph_op2(body, OP_add, n[1], graph_const(body, DT_i32, 1, here)));
  Node *in[4] = {filled(b, x, 0.5), graph_const(b, DT_i32, 0, here), limit, x};
  return graph_while(b, test, body, 4, in, 2, here);
}
static Node *make_loop(Graph *b, Node *limit, Node *x) {
  Node *loop = make_while(b, limit, x);
  Node *count = graph_cast(b, graph_result(b, loop, 1), DT_f64);
  return graph_op2(b, OP_mul, graph_result(b, loop, 0), graph_broadcast(b, count, x->shape));
}
static Node *make_while_rows(Graph *b, Node *x, Node *w) {
  return (void)w, make_loop(b, index_of(b, sum_all(b, x)), x);
}
static Node *make_while_same(Graph *b, Node *x, Node *w) {
  return make_loop(b, graph_cast(b, graph_op1(b, OP_abs, graph_reduce(b, OP_max, w, (Axes){2, {0, 1}})), DT_i32), x);
}

/* Two turns that each add how often a while by rows turned: a count that reads no row, of a loop whose end does. */
static Node *make_while_in_scan(Graph *b, Node *x, Node *w) {
  Graph *in = graph_new(b->arena, "inner");
  Node *sum = graph_bound(in, "sum", DT_i32, (Shape){0}, here),
       *limit = graph_bound(in, "limit", DT_i32, (Shape){0}, here);
  Node *y = graph_bound(in, "x", DT_f64, x->shape, here);
  Node *count = graph_result(in, make_while(in, limit, y), 1);
  put(in, "carry", graph_op2(in, OP_add, sum, count));
  Node *operand[3] = {graph_const(b, DT_i32, 0, here), index_of(b, sum_all(b, x)), x};
  Node *total = graph_result(b, graph_scan(b, in, 3, operand, 1, 0, 2, false, here), 0);
  return (void)w, graph_cast(b, total, DT_f64);
}

static Node *make_gradient(Graph *b, Node *x, Node *w) { /* of a sample's loss, with respect to what all share */
  Node *y = sum_all(b, graph_op1(b, OP_tanh, make_first(b, x, w))), *g;
  graph_gradient(b, y, NULL, 1, &w, &g);
  return g;
}

static Graph *body_of(Arena *arena, Make *make, Shape row, Shape captured) {
  Graph *b = graph_new(arena, "body");
  Node *x = graph_bound(b, "x", DT_f64, row, here), *w = graph_bound(b, "w", DT_f64, captured, here);
  put(b, "row", make(b, x, w));
  return b;
}

static Node *vmap(Graph *g, Graph *body, Node *rows, Node *captured) {
  Node *scan = graph_scan(g, body, 2, (Node *[]){rows, captured}, 0, 1, rows->shape.dim[0], false, here);
  ((Attr *)scan->attr)->independent = true; /* as the front does */
  return graph_result(g, scan, 0);
}
static Node *make_vmap(Graph *b, Node *x, Node *w) { /* over the rows [3] of x */
  Graph *in = graph_new(b->arena, "inner");
  Node *row = graph_bound(in, "x", DT_f64, S(3), here), *v = graph_bound(in, "w", DT_f64, w->shape, here);
  put(in, "row", graph_dot(in, row, v, none, none, (Axes){1, {0}}, (Axes){1, {0}}));
  return vmap(b, in, x, w);
}
static Node *make_rank(Graph *b, Node *x, Node *w) { /* a view of eight dimensions has no room for one more */
  Node *y = graph_reshape(b, x, S(1, 1, 1, 1, 1, 1, 2, 3));
  return (void)w, graph_reshape(b, graph_op1(b, OP_exp, y), S(6));
}

static const struct Case {
  const char *label;
  Make *make;
  bool stays;
} cases[] = {
    {"map", make_map, false},
    {"captured alone", make_captured, false},
    {"iota", make_iota, false},
    {"reshape", make_reshape, false},
    {"transpose", make_transpose, false},
    {"broadcast", make_broadcast, false},
    {"broadcast of rank 0", make_scalar, false},
    {"slice", make_slice, false},
    {"pad", make_pad, false},
    {"concat", make_concat, false},
    {"reverse", make_reverse, false},
    {"sum", make_sum, false},
    {"prod", make_prod, false},
    {"max", make_max, false},
    {"min", make_min, false},
    {"argmax", make_argmax, false},
    {"argmin", make_argmin, false},
    {"dot of two rows", make_both, false},
    {"dot of two rows, batched", make_both_batch, false},
    {"dot, rows first", make_first, false},
    {"dot, rows first, batched", make_first_batch, false},
    {"dot, rows second", make_second, false},
    {"dot, rows second, batched", make_second_batch, false},
    {"dot with a vector", make_vector, false},
    {"dot with a vector, batched", make_vector_batch, false},
    {"gather from rows", make_gather_table, false},
    {"gather by rows", make_gather_index, false},
    {"gather by rows, first", make_gather_first, false},
    {"gather from rows by rows", make_gather_both, false},
    {"gather from rows by rows, first", make_gather_both_first, false},
    {"scatter of rows", make_scatter_source, false},
    {"scatter into rows", make_scatter_table, false},
    {"scatter by rows", make_scatter_index, false},
    {"scatter by rows, first", make_scatter_first, false},
    {"scatter_set by rows", make_set_index, false},
    {"cumsum", make_cumsum, false},
    {"argsort", make_argsort, false},
    {"window", make_window, false},
    {"unwindow", make_unwindow, false},
    {"random by rows", make_random, false},
    {"random, the same", make_random_same, false},
    {"random, an array of turns", make_random_array, false},
    {"scan", make_scan, false},
    {"cond by rows", make_cond_rows, false},
    {"cond by one", make_cond_same, false},
    {"cond with a loop in it", make_cond_loop, true},
    {"while by rows", make_while_rows, false},
    {"while by one", make_while_same, false},
    {"while by rows in a scan", make_while_in_scan, false},
    {"gradient", make_gradient, false},
    {"vmap in vmap", make_vmap, false},
    {"eight dimensions", make_rank, true},
};
enum { CASES = sizeof cases / sizeof *cases };

static int independent_scans(const Graph *g) {
  int n = 0;
  for (int id = 0; g && id < g->nodes.n; ++id) {
    const Attr *a = g->nodes.at[id]->attr;
    n += a->independent + independent_scans(a->body) + independent_scans(a->other);
  }
  return n;
}

static void check_same(const Trial *t, const Value *a, const Value *b) {
  assert_true(a->dtype == b->dtype && shape_equal(a->shape, b->shape));
  for (int64_t i = 0; i < shape_count(a->shape); ++i) {
    double x = a->f ? a->f[i] : (double)a->i[i], y = b->f ? b->f[i] : (double)b->i[i];
    if (x != y) fail_msg("%s: element %lld is %.17g, the scan gives %.17g", t->label, (long long)i, y, x);
  }
}

static void check_rows_differ(const Trial *t, const Value *v) { /* else the case would show nothing */
  int64_t row = shape_count(v->shape) / ROWS;
  bool same = true;
  for (int64_t i = row; i < shape_count(v->shape); ++i)
    same &= v->f ? v->f[i] == v->f[i - row] : v->i[i] == v->i[i - row];
  if (same && !strstr(t->label, "alone") && !strstr(t->label, "the same")) fail_msg("%s: rows are alike", t->label);
}

static void test_rules(void **state) {
  (void)state;
  for (int k = 0; k < CASES; ++k) {
    Trial t;
    trial_begin(&t, cases[k].label, 2, (Shape[]){{3, {ROWS, 2, 3}}, {2, {3, 4}}});
    put(t.g, "y", vmap(t.g, body_of(t.arena, cases[k].make, S(2, 3), S(3, 4)), t.x[0], t.x[1]));
    graph_verify(t.g);
    const Value *before = trial_eval(&t, t.arena)[t.g->outputs.at[0].node->id];
    check_rows_differ(&t, before);
    t.g = graph_run(graph_run(t.g, pass_inline), pass_batch);
    graph_verify(t.g);
    if (!independent_scans(t.g) != !cases[k].stays) fail_msg("%s: %d scans left", t.label, independent_scans(t.g));
    check_same(&t, before, trial_eval(&t, t.arena)[t.g->outputs.at[0].node->id]);
    trial_end(&t);
  }
}

/* The second derivative of one function by rows of the identity: a matrix, against the one by single products. */
static Node *cubic(Graph *g, Node *x, Node *w) { /* sum tanh(x w) x0 */
  Node *y = graph_op1(g, OP_tanh, graph_dot(g, x, w, none, none, (Axes){1, {0}}, (Axes){1, {0}}));
  return graph_op2(g, OP_mul, sum_all(g, y), sum_all(g, graph_op2(g, OP_mul, x, x)));
}
static Node *make_product(Graph *b, Node *v, Node *both) { /* Hessian times v; both: x [3] above w [3,4], in columns */
  Node *x = graph_reshape(b, graph_slice(b, both, (int64_t[]){0, 0}, (int64_t[]){3, 1}, NULL), S(3));
  Node *w = graph_slice(b, both, (int64_t[]){0, 1}, (int64_t[]){3, 5}, NULL), *g, *h;
  graph_gradient(b, cubic(b, x, w), NULL, 1, &x, &g);
  graph_gradient(b, graph_dot(b, g, v, none, none, (Axes){1, {0}}, (Axes){1, {0}}), NULL, 1, &x, &h);
  return h;
}

static void test_hessian(void **state) {
  (void)state;
  Trial t;
  trial_begin(&t, "Hessian", 1, (Shape[]){{2, {3, 5}}});
  Tensor eye = {.dtype = DT_f64, .shape = S(3, 3), .data = (double[]){1, 0, 0, 0, 1, 0, 0, 0, 1}};
  put(t.g, "h", vmap(t.g, body_of(t.arena, make_product, S(3), S(3, 5)), graph_const_tensor(t.g, &eye, here), t.x[0]));
  Node *x = graph_reshape(t.g, graph_slice(t.g, t.x[0], (int64_t[]){0, 0}, (int64_t[]){3, 1}, NULL), S(3)), *g, *row;
  Node *w = graph_slice(t.g, t.x[0], (int64_t[]){0, 1}, (int64_t[]){3, 5}, NULL);
  graph_gradient(t.g, cubic(t.g, x, w), NULL, 1, &x, &g);
  for (int64_t i = 0; i < 3; ++i) { /* the dense one: the gradient of each component */
    graph_gradient(t.g, graph_reshape(t.g, part(t.g, g, i, i + 1), (Shape){0}), NULL, 1, &x, &row);
    put(t.g, "row", row);
  }
  t.g = graph_run(graph_run(t.g, pass_inline), pass_batch);
  assert_int_equal(independent_scans(t.g), 0);
  Value **v = trial_eval(&t, t.arena);
  const Value *h = v[t.g->outputs.at[0].node->id];
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      check_close(&t, "Hessian", h->f[3 * i + j], v[t.g->outputs.at[1 + i].node->id]->f[j], 1e-13);
  trial_end(&t);
}

/* Gradients through vmap, by differences, once more after the passes: bodies with a captured matrix, a table by index
 * and a recurrence. The scans that they make are independent too, so nothing is left of them. */
static Node *make_layer(Graph *b, Node *x, Node *w) {
  Node *bias = graph_reduce(b, OP_sum, w, (Axes){1, {0}});
  Node *y = graph_op2(b, OP_add, make_first(b, x, w), graph_broadcast_to(b, bias, S(2, 4)));
  return graph_op1(b, OP_tanh, y);
}
static Node *make_embedding(Graph *b, Node *x, Node *w) {
  Node *index = index_of(b, graph_op1(b, OP_floor, x));
  return graph_op2(b, OP_mul, graph_gather(b, w, index, 0),
                   graph_broadcast(b, graph_reshape(b, graph_op1(b, OP_sin, x), S(2, 3, 1)), S(2, 3, 4)));
}

static void test_gradients(void **state) {
  (void)state;
  Make *const makes[] = {make_layer, make_embedding, make_scan, make_vmap, make_cond_same};
  for (size_t k = 0; k < sizeof makes / sizeof *makes; ++k) {
    Trial t;
    trial_begin(&t, "gradient of vmap", 2, (Shape[]){{3, {ROWS, 2, 3}}, {2, {3, 4}}});
    t.y = vmap(t.g, body_of(t.arena, makes[k], S(2, 3), S(3, 4)), t.x[0], t.x[1]);
    int n = check_derivatives(&t);
    if (n != (makes[k] == make_cond_same ? 1 : 2)) fail_msg("body %d: %d gradients", (int)k, n);
    Node *g[2];
    graph_gradient(t.g, weighted_sum(&t, t.y), NULL, 2, t.x, g);
    Value **before = trial_eval(&t, t.arena);
    for (int i = 0; i < 2; ++i)
      if (g[i]) put(t.g, "g", g[i]);
    Graph *old = t.g;
    t.g = graph_run(graph_run(graph_run(t.g, pass_inline), pass_batch), pass_hoist);
    assert_int_equal(independent_scans(t.g), 0);
    Value **after = trial_eval(&t, t.arena);
    for (int o = 0; o < old->outputs.n; ++o) {
      const Value *a = before[old->outputs.at[o].node->id], *b = after[t.g->outputs.at[o].node->id];
      for (int64_t i = 0; i < shape_count(a->shape); ++i) check_close(&t, "after the passes", b->f[i], a->f[i], 1e-13);
    }
    trial_end(&t);
  }
}

/* ---- hoist ---- */
/* h' = tanh(w x + u h + exp(b)), and its gradients: in each loop one product, that of what changes from turn to turn.
 */
static void products_in_loops(const Graph *g, int *most, int *exps) {
  for (int id = 0; id < g->nodes.n; ++id) {
    const Graph *body = g->nodes.at[id]->attr->body;
    int n = 0;
    for (int i = 0; body && i < body->nodes.n; ++i) {
      n += body->nodes.at[i]->op == OP_dot;
      *exps += body->nodes.at[i]->op == OP_exp;
    }
    if (n > *most) *most = n;
  }
}

static void test_hoist(void **state) {
  (void)state;
  Trial t;
  Node *g[3];
  trial_begin(&t, "recurrence", 3, (Shape[]){{3, {7, 2, 3}}, {2, {4, 3}}, {2, {4, 4}}});
  Graph *b = graph_new(t.arena, "body");
  Node *h = graph_bound(b, "h", DT_f64, S(2, 4), here), *x = graph_bound(b, "x", DT_f64, S(2, 3), here);
  Node *w = graph_bound(b, "w", DT_f64, S(4, 3), here), *u = graph_bound(b, "u", DT_f64, S(4, 4), here);
  Node *c = graph_bound(b, "b", DT_f64, S(4), here);
  Node *bias = graph_broadcast_to(b, graph_op1(b, OP_exp, c), S(2, 4));
  Node *wx = graph_dot(b, x, w, none, none, (Axes){1, {1}}, (Axes){1, {1}});
  Node *uh = graph_dot(b, h, u, none, none, (Axes){1, {1}}, (Axes){1, {1}});
  Node *next = graph_op1(b, OP_tanh, graph_op2(b, OP_add, graph_op2(b, OP_add, wx, uh), bias));
  put(b, "carry", next);
  put(b, "row", next);
  Node *start = graph_full(t.g, DT_f64, S(2, 4), 0.1, here);
  Node *largest = graph_reduce(t.g, OP_max, t.x[1], (Axes){1, {1}});
  Node *fixed = graph_add(t.g, OP_stop_gradient, 1, &largest, NULL, here);
  Node *scan = graph_scan(t.g, b, 5, (Node *[]){start, t.x[0], t.x[1], t.x[2], fixed}, 1, 1, 7, false, here);
  graph_gradient(t.g, weighted_sum(&t, graph_result(t.g, scan, 1)), NULL, 3, t.x, g);
  for (int i = 0; i < 3; ++i) put(t.g, "g", g[i]);
  put(t.g, "last", graph_result(t.g, scan, 0));
  Value **before = trial_eval(&t, t.arena);
  Graph *old = t.g;
  int products = 0, exps = 0;
  t.g = graph_run(t.g, pass_inline);
  products_in_loops(t.g, &products, &exps);
  assert_int_equal(products, 2);
  assert_int_equal(exps, 1);
  t.g = graph_run(t.g, pass_hoist);
  graph_verify(t.g);
  products = exps = 0;
  products_in_loops(t.g, &products, &exps);
  assert_int_equal(products, 1);
  assert_int_equal(exps, 0);
  Value **after = trial_eval(&t, t.arena);
  for (int o = 0; o < old->outputs.n; ++o)
    check_same(&t, before[old->outputs.at[o].node->id], after[t.g->outputs.at[o].node->id]);
  trial_end(&t);
}

/* One element a row and many columns: [T, 2000] in front of the loop would be 2000 times what it reads. It stays. */
static void test_hoist_large(void **state) {
  (void)state;
  Trial t;
  trial_begin(&t, "large", 2, (Shape[]){{2, {7, 1}}, {2, {2000, 1}}});
  Graph *b = graph_new(t.arena, "body");
  Node *h = graph_bound(b, "h", DT_f64, (Shape){0}, here), *x = graph_bound(b, "x", DT_f64, S(1), here);
  Node *w = graph_bound(b, "w", DT_f64, S(2000, 1), here);
  Node *y = graph_dot(b, w, x, none, none, (Axes){1, {1}}, (Axes){1, {0}});
  put(b, "carry", graph_op2(b, OP_add, h, graph_reduce(b, OP_max, y, (Axes){1, {0}})));
  Node *scan = graph_add(t.g, OP_scan, 3, (Node *[]){number(t.g, 0), t.x[0], t.x[1]},
                         &(Attr){.body = b, .carries = 1, .rows = 1, .high = {7}}, here);
  put(t.g, "y", graph_result(t.g, scan, 0));
  int products = 0, exps = 0;
  products_in_loops(graph_run(t.g, pass_hoist), &products, &exps);
  assert_int_equal(products, 1);
  trial_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rules), cmocka_unit_test(test_hessian),     cmocka_unit_test(test_gradients),
      cmocka_unit_test(test_hoist), cmocka_unit_test(test_hoist_large),
  };
  if (setjmp(*diag_guard())) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
