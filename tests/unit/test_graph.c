/* test_graph.c: building, what each infer_<op> refuses, autodiff's structure (paths, fan-out, slices), rebuilding,
 * verifying, and the evaluator's hooks. Values and derivatives of single ops are in tests/ops/. */
#include "caught.h"

#include <math.h>

static const Loc here = {"m.lua", 7, NULL};

static Node *scalar(Graph *g, double x) { return graph_const(g, DT_f32, x, here); }
static Node *zeros(Graph *g, Shape shape) { return graph_full(g, DT_f32, shape, 0, here); }
static int count_ops(const Graph *g, Op op) {
  int n = 0;
  for (int id = 0; id < g->nodes.n; ++id) n += g->nodes.at[id]->op == op;
  return n;
}

/* ---- shapes ---- */

static void test_shapes(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Shape a = shape_of(3, (int64_t)4, (int64_t)1, (int64_t)3), b = shape_of(2, (int64_t)5, (int64_t)1), r;
  assert_true(shape_broadcast(a, b, &r));
  assert_string_equal(shape_text(arena, r), "[4,5,3]");
  assert_false(shape_broadcast(a, shape_of(1, (int64_t)2), &r));
  assert_true(shape_broadcast(shape_of(0), a, &r) && shape_equal(r, a));
  assert_int_equal(shape_count(shape_of(0)), 1);
  assert_string_equal(shape_text(arena, shape_of(0)), "[]");
  int64_t stride[RANK_MAX];
  shape_strides(a, stride);
  assert_true(stride[0] == 3 && stride[1] == 3 && stride[2] == 1);
  arena_free(arena);
}

/* ---- what is refused, and in which words ---- */

typedef struct Bad {
  void (*run)(Graph *g);
  const char *text;
} Bad;
#define BAD(name, ...)                                                                                                 \
  static void bad_##name(Graph *g) { __VA_ARGS__; }
#define S(...) ((Shape){sizeof((int64_t[]){__VA_ARGS__}) / 8, {__VA_ARGS__}})
#define D64(...) ((const int64_t[]){__VA_ARGS__})

BAD(add_shape, graph_op2(g, OP_add, zeros(g, S(2, 3)), zeros(g, S(3, 2))))
BAD(add_dtype, graph_op2(g, OP_add, scalar(g, 1), graph_const(g, DT_i32, 1, here)))
BAD(exp_int, graph_op1(g, OP_exp, graph_const(g, DT_i32, 1, here)))
BAD(and_float, graph_op2(g, OP_and, scalar(g, 1), scalar(g, 1)))
BAD(where_cond, graph_op3(g, OP_where, scalar(g, 1), scalar(g, 1), scalar(g, 1)))
BAD(add_bool, graph_op2(g, OP_add, graph_const(g, DT_bool, 1, here), graph_const(g, DT_bool, 1, here)))
BAD(mulhi, graph_op2(g, OP_mulhi, graph_const(g, DT_i32, 1, here), graph_const(g, DT_i32, 1, here)))
BAD(bitcast, graph_bitcast(g, scalar(g, 1), DT_f64))
BAD(bitcast_bool, graph_bitcast(g, graph_const(g, DT_u8, 1, here), DT_bool))
BAD(reshape, graph_reshape(g, zeros(g, S(2, 3)), S(4)))
BAD(reshape_zero, graph_reshape(g, zeros(g, S(2, 3)), S(0)))
BAD(transpose_twice, graph_transpose(g, zeros(g, S(2, 3)), (Axes){2, {1, 1}}))
BAD(transpose_few, graph_transpose(g, zeros(g, S(2, 3)), (Axes){1, {1}}))
BAD(broadcast, graph_broadcast_to(g, zeros(g, S(2, 3)), S(2, 4)))
BAD(broadcast_rank, graph_broadcast(g, zeros(g, S(3)), S(2, 3)))
BAD(slice_range, graph_slice(g, zeros(g, S(5)), D64(2), D64(6), NULL))
BAD(slice_empty, graph_slice(g, zeros(g, S(5)), D64(2), D64(2), NULL))
BAD(slice_step, graph_slice(g, zeros(g, S(5)), D64(0), D64(5), D64(0)))
BAD(pad, graph_pad(g, zeros(g, S(5)), D64(-1), D64(0), NULL, 0))
BAD(window_large, graph_window(g, zeros(g, S(5)), (Axes){1, {0}}, D64(3), D64(1), D64(3)))
BAD(window_zero, graph_window(g, zeros(g, S(5)), (Axes){1, {0}}, D64(0), D64(1), D64(1)))
BAD(window_twice, graph_window(g, zeros(g, S(5)), (Axes){2, {0, 0}}, D64(1, 1), D64(1, 1), D64(1, 1)))
BAD(window_dims, graph_window(g, zeros(g, S(2, 2, 2, 2, 2, 2, 2)), (Axes){2, {0, 1}}, D64(1, 1), D64(1, 1), D64(1, 1)))
BAD(unwindow_size, graph_unwindow(g, zeros(g, S(3, 2)), (Axes){1, {0}}, D64(2), D64(2), D64(1), D64(8)))
BAD(unwindow_scalar, graph_unwindow(g, scalar(g, 1), (Axes){1, {0}}, D64(2), D64(2), D64(1), D64(8)))
BAD(unwindow_bool,
    graph_unwindow(g, graph_full(g, DT_bool, S(3, 2), 1, here), (Axes){1, {0}}, D64(2), D64(1), D64(1), D64(4)))
BAD(concat_none, graph_add(g, OP_concat, 0, NULL, NULL, here))
BAD(concat_shape, graph_concat(g, 2, (Node *[]){zeros(g, S(2, 3)), zeros(g, S(3, 3))}, 1))
BAD(concat_dim, graph_concat(g, 1, (Node *[]){zeros(g, S(2, 3))}, 2))
BAD(concat_dtype, graph_concat(g, 2, (Node *[]){zeros(g, S(2)), graph_iota(g, 2, here)}, 0))
BAD(sum_axis, graph_reduce(g, OP_sum, zeros(g, S(2, 3)), (Axes){1, {2}}))
BAD(sum_twice, graph_reduce(g, OP_sum, zeros(g, S(2, 3)), (Axes){2, {0, 0}}))
BAD(sum_bool, graph_reduce(g, OP_sum, graph_full(g, DT_bool, S(2), 1, here), (Axes){1, {0}}))
BAD(argmax_two, graph_reduce(g, OP_argmax, zeros(g, S(2, 3)), (Axes){2, {0, 1}}))
BAD(matmul, graph_matmul(g, zeros(g, S(32, 128)), zeros(g, S(64, 10))))
BAD(matmul_scalar, graph_matmul(g, scalar(g, 1), zeros(g, S(64, 10))))
BAD(matmul_batch, graph_matmul(g, zeros(g, S(2, 3, 4)), zeros(g, S(3, 4, 5))))
BAD(dot_sizes, graph_dot(g, zeros(g, S(3)), zeros(g, S(4)), (Axes){0}, (Axes){0}, (Axes){1, {0}}, (Axes){1, {0}}))
BAD(dot_lists, graph_dot(g, zeros(g, S(3)), zeros(g, S(3)), (Axes){0}, (Axes){0}, (Axes){1, {0}}, (Axes){0}))
BAD(dot_twice,
    graph_dot(g, zeros(g, S(3, 3)), zeros(g, S(3, 3)), (Axes){1, {0}}, (Axes){1, {0}}, (Axes){1, {0}}, (Axes){1, {1}}))
BAD(dot_int, graph_matmul(g, graph_iota(g, 3, here), graph_iota(g, 3, here)))
BAD(dot_dtype, graph_matmul(g, zeros(g, S(3)), graph_iota(g, 3, here)))
BAD(gather_index, graph_gather(g, zeros(g, S(3)), zeros(g, S(3)), 0))
BAD(gather_dim, graph_gather(g, zeros(g, S(3)), graph_iota(g, 3, here), 1))
BAD(scatter, graph_scatter(g, zeros(g, S(3, 2)), graph_iota(g, 3, here), zeros(g, S(3, 3)), 0))
BAD(gather_rank, graph_gather(g, zeros(g, S(1, 1, 1, 1, 1, 1, 1)), graph_full(g, DT_i32, S(1, 1, 1), 0, here), 0))
BAD(random, graph_random(g, scalar(g, 1), scalar(g, 1), scalar(g, 1), S(3), 0, here))
BAD(iota, graph_iota(g, 0, here))
BAD(large, graph_full(g, DT_f32, S(1 << 20, 1 << 20, 1 << 20), 0, here))
BAD(grad_shape, Node *dx; graph_gradient(g, zeros(g, S(2)), NULL, 1, &g->nodes.at[0], &dx))
BAD(grad_int, Node *i = graph_const(g, DT_i32, 1, here); Node * dx; graph_gradient(g, i, NULL, 1, &i, &dx))
BAD(grad_of_int, Node *i = graph_const(g, DT_i32, 1, here); Node * dx;
    graph_gradient(g, graph_cast(g, i, DT_f32), NULL, 1, &i, &dx))
BAD(grad_cotangent, Node *y = zeros(g, S(2)); Node * dx; graph_gradient(g, y, zeros(g, S(3)), 1, &y, &dx))
static State small = {.name = "w", .dtype = DT_f32, .shape = {1, {3}}};
BAD(assign, graph_assign(g, &small, zeros(g, S(4)), here))

static const Bad bads[] = {
    {bad_add_shape, "add: shapes differ: f32 [2,3] and f32 [3,2]"},
    {bad_add_dtype, "add: dtypes differ: f32 [] and i32 []"},
    {bad_exp_int, "exp: takes floats, not i32"},
    {bad_and_float, "and: takes integers and bool, not f32"},
    {bad_where_cond, "where: takes a bool condition, not f32"},
    {bad_add_bool, "add: takes floats and integers, not bool"},
    {bad_mulhi, "mulhi: takes u32, not i32"},
    {bad_bitcast, "bitcast: element sizes differ: f32 [] to f64 (4 and 8 bytes)"},
    {bad_bitcast_bool, "bitcast: takes numbers, not bool"},
    {bad_reshape, "reshape: numbers of elements differ: f32 [2,3] to [4] (6 and 4)"},
    {bad_reshape_zero, "reshape: numbers of elements differ: f32 [2,3] to [0] (6 and 0)"},
    {bad_transpose_twice, "transpose: dimension 2 is named twice: f32 [2,3]"},
    {bad_transpose_few, "transpose: needs each dimension once: f32 [2,3] by 1 of 2 dimensions"},
    {bad_broadcast, "broadcast: does not fit: f32 [2,3] to [2,4]"},
    {bad_broadcast_rank, "broadcast: does not fit: f32 [3] to [2,3]"},
    {bad_slice_range, "slice: range does not fit: f32 [5], dimension 1 from 3 to 6 (of 5)"},
    {bad_slice_empty, "slice: range does not fit: f32 [5], dimension 1 from 3 to 2 (of 5)"},
    {bad_slice_step, "slice: the step must be at least 1: f32 [5], dimension 1 by 0"},
    {bad_pad, "pad: amounts must not be negative: f32 [5], dimension 1 by -1, 0, 0"},
    {bad_window_large, "window: a window of 3 by steps of 1 with dilation 3 does not fit dimension 1 (of 5): f32 [5]"},
    {bad_window_zero, "window: a window of 0 by steps of 1 with dilation 1 does not fit dimension 1 (of 5): f32 [5]"},
    {bad_window_twice, "window: dimension 1 is named twice: f32 [5]"},
    {bad_window_dims, "window: more than 8 dimensions: f32 [2,2,2,2,2,2,2]"},
    {bad_unwindow_size,
     "unwindow: f32 [3,2] does not come from such a window: dimension 1 must be 4, the window's inside 2"},
    {bad_unwindow_scalar,
     "unwindow: the last dimensions are the insides of the windows: f32 [] has less than 1 and one each"},
    {bad_unwindow_bool, "unwindow: takes numbers, not bool"},
    {bad_concat_none, "concat: nothing to join"},
    {bad_concat_shape, "concat: shapes differ outside dimension 2: f32 [2,3] and f32 [3,3]"},
    {bad_concat_dim, "concat: no dimension 3: f32 [2,3]"},
    {bad_concat_dtype, "concat: dtypes differ: f32 [2] and i32 [2]"},
    {bad_sum_axis, "sum: no dimension 3: f32 [2,3]"},
    {bad_sum_twice, "sum: dimension 1 is named twice: f32 [2,3]"},
    {bad_sum_bool, "sum: takes numbers, not bool"},
    {bad_argmax_two, "argmax: needs one dimension: f32 [2,3] by 2"},
    {bad_matmul, "matmul: inner sizes differ: f32 [32,128] x f32 [64,10] (128 vs 64)"},
    {bad_matmul_scalar, "matmul: needs at least one dimension: f32 [] x f32 [64,10]"},
    {bad_matmul_batch, "matmul: batch dimensions do not broadcast: f32 [2,3,4] x f32 [3,4,5]"},
    {bad_dot_sizes, "dot: sizes differ: f32 [3], dimension 1, and f32 [4], dimension 1 (3 and 4)"},
    {bad_dot_lists, "dot: lists of dimensions differ in length: f32 [3] and f32 [3] (1 and 0)"},
    {bad_dot_twice, "dot: dimension 1 is named twice: f32 [3,3]"},
    {bad_dot_int, "dot: takes floats, not i32"},
    {bad_dot_dtype, "dot: dtypes differ: f32 [3] and i32 [3]"},
    {bad_gather_index, "gather: the index must be i32 or i64: f32 [3]"},
    {bad_gather_dim, "gather: no dimension 2: f32 [3]"},
    {bad_scatter, "scatter: the source must be [3,2]: f32 [3,3]"},
    {bad_gather_rank, "gather: more than 8 dimensions: f32 [1,1,1,1,1,1,1]"},
    {bad_random, "random: needs a seed u32 [2] and a count u32 []: f32 [] and f32 []"},
    {bad_iota, "iota: a dimension must be at least 1: [0]"},
    {bad_large, "broadcast: more than 2^40 elements: [1048576,1048576,1048576]"},
    {bad_grad_shape, "grad: needs a scalar or a cotangent: f32 [2]"},
    {bad_grad_int, "grad: takes floats, not i32: i32 []"},
    {bad_grad_of_int, "grad: takes floats, not i32: i32 []"},
    {bad_grad_cotangent, "grad: the cotangent must be like the output: f32 [2] and f32 [3]"},
    {bad_assign, "assign: the state 'w' is f32 [3], the value f32 [4]"},
};

typedef struct Run {
  Graph *g;
  const Bad *bad;
} Run;
static void run_bad(void *context) {
  Run *r = context;
  r->bad->run(r->g);
}

static void test_refused(void **state) {
  (void)state;
  Arena *arena = arena_new();
  for (size_t k = 0; k < sizeof bads / sizeof *bads; ++k) {
    Caught c;
    catch_error(&c, run_bad, &(Run){graph_new(arena, "bad"), &bads[k]});
    assert_int_equal(c.code, 1);
    assert_contains(c.text, "m.lua:7: ");
    assert_contains(c.text, bads[k].text);
  }
  arena_free(arena);
}

/* The user's name, and where the operand was made. */
static void run_named(void *context) {
  Graph *g = context;
  Node *h = zeros(g, S(2, 3));
  h->name = "h";
  h->loc.line = 3;
  graph_add(g, OP_add, 2, (Node *[]){h, zeros(g, S(3))}, NULL, here);
}
static void test_notes(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Caught c;
  catch_error(&c, run_named, graph_new(arena, "named"));
  assert_contains(c.text, "m.lua:7: add: shapes differ: h [2,3] and f32 [3]");
  assert_contains(c.text, "m.lua:3: note: h [2,3] was made here");
  arena_free(arena);
}

/* ---- building ---- */

static void test_leaves(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Graph *g = graph_new(arena, "leaves");
  Module *m = module_new(arena);
  State *a = module_state(m, "a", DT_f32, S(3), true, here), *b = module_state(m, "b", DT_f32, S(3), false, here);
  Input x = {INPUT_value, "x", DT_f32, S(3), -1, -1, -1, NULL, here};
  assert_ptr_equal(graph_input(g, &x), graph_input(g, &x));
  assert_int_equal(g->inputs.n, 1);
  assert_ptr_equal(graph_state(g, a, here), graph_state(g, a, here));
  Node *first = graph_assign(g, b, graph_state(g, a, here), here);
  graph_assign(g, a, first, here);
  Node *last = graph_assign(g, b, graph_op1(g, OP_neg, first), here);
  assert_int_equal(g->assigns.n, 2); /* in the order of states; the last one of each */
  assert_ptr_equal(g->assigns.at[0]->attr->state, a);
  assert_ptr_equal(g->assigns.at[1], last);
  graph_verify(g);
  arena_free(arena);
}

static void test_place(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Graph *g = graph_new(arena, "place");
  Node *a = scalar(g, 1);
  Loc other = {"m.lua", 9, "nn.Linear"};
  g->at = &other;
  assert_int_equal(graph_op1(g, OP_exp, a)->loc.line, 9);
  g->at = NULL;
  assert_int_equal(graph_op1(g, OP_exp, a)->loc.line, 7);
  arena_free(arena);
}

static void run_foreign(void *context) {
  Arena *arena = context;
  Graph *a = graph_new(arena, "a"), *b = graph_new(arena, "b");
  graph_op1(b, OP_exp, scalar(a, 1));
}
static void test_foreign_operand(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Caught c;
  catch_error(&c, run_foreign, arena);
  assert_int_equal(c.code, 3);
  assert_contains(c.text, "exp: operand 0 is not a node of graph 'b'");
  arena_free(arena);
}

/* ---- autodiff ---- */

static void test_gradient_paths(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Graph *g = graph_new(arena, "paths");
  Node *x = scalar(g, 3), *w = scalar(g, 5), *frozen = scalar(g, 7), *dx[3];
  Node *y = graph_op2(g, OP_mul, graph_op2(g, OP_mul, x, w), graph_op1(g, OP_exp, frozen));
  int before = g->nodes.n;
  graph_gradient(g, y, NULL, 1, &w, dx);
  assert_int_equal(g->nodes.n - before, 3); /* 1, 1 * exp(frozen), that * x: nothing for x and frozen */
  Node *floored = graph_op1(g, OP_floor, x);
  graph_gradient(g, floored, NULL, 2, (Node *[]){x, y}, dx);
  assert_true(!dx[0] && !dx[1]); /* a step; and a node that comes after y */
  graph_gradient(g, y, NULL, 2, (Node *[]){y, x}, dx);
  assert_true(dx[0] && dx[1]); /* y itself is an x: its gradient is the cotangent */
  assert_int_equal(g->asked.n, 3);
  assert_ptr_equal(g->asked.at[2].y, y);
  assert_ptr_equal(g->asked.at[2].xs[1], x);
  assert_ptr_equal(g->asked.at[2].gradients[1], dx[1]);
  arena_free(arena);
}

static void test_gradient_lines(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Graph *g = graph_new(arena, "lines");
  Node *x = scalar(g, 3), *dx;
  Node *a = graph_add(g, OP_exp, 1, &x, NULL, (Loc){"m.lua", 20, "nn.Tanh"});
  Node *y = graph_add(g, OP_sin, 1, &a, NULL, (Loc){"m.lua", 30, NULL});
  graph_gradient(g, y, NULL, 1, &x, &dx);
  assert_int_equal(dx->loc.line, 20);
  assert_string_equal(dx->loc.via, "nn.Tanh");
  assert_int_equal(dx->in[0]->loc.line, 30);
  assert_null(g->at);
  arena_free(arena);
}

/* Contributions are folded from the left, the latest consumer's first. */
static void test_fan_out(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Graph *g = graph_new(arena, "fan-out");
  Node *x = zeros(g, S(4)), *dx;
  Node *a = graph_op1(g, OP_sin, x), *b = graph_op1(g, OP_cos, x), *c = graph_op1(g, OP_exp, x);
  Node *y = graph_op2(g, OP_add, graph_op2(g, OP_add, a, b), c);
  graph_gradient(g, y, graph_like(g, y, 1), 1, &x, &dx);
  assert_true(dx->op == OP_add && dx->in[0]->op == OP_add);
  assert_ptr_equal(dx->in[0]->in[0]->in[1], c);   /* g * exp x */
  assert_int_equal(dx->in[0]->in[1]->op, OP_neg); /* -(g * sin x) */
  assert_int_equal(dx->in[1]->in[1]->op, OP_cos); /* g * cos x */
  arena_free(arena);
}

/* Slices that cover a node side by side: one concat, no pad; otherwise sums of pads. */
static void test_slices(void **state) {
  (void)state;
  Arena *arena = arena_new();
  for (int covered = 0; covered < 2; ++covered) {
    Graph *g = graph_new(arena, "slices");
    Node *x = zeros(g, S(2, 6)), *part[3], *dx;
    const int64_t low[] = {2, 0, 4}, high[] = {4, 2, covered ? 6 : 5};
    for (int k = 0; k < 3; ++k)
      part[k] = graph_op1(g, OP_exp, graph_slice(g, x, D64(0, low[k]), D64(2, high[k]), NULL));
    Node *y = graph_concat(g, 3, part, 1);
    graph_gradient(g, y, graph_like(g, y, 1), 1, &x, &dx);
    assert_int_equal(count_ops(g, OP_pad), covered ? 0 : 3);
    assert_int_equal(dx->op, covered ? OP_concat : OP_add);
    assert_true(shape_equal(dx->shape, x->shape));
    const Value *v = graph_eval(g, &(Env){.arena = arena})[dx->id];
    for (int k = 0; k < 12; ++k) assert_true(v->f[k] == (k % 6 == 5 && !covered ? 0 : 1));
  }
  arena_free(arena);
}

/* Weights stay in PyTorch's layout: d/dW of x W^T is one dot without a transpose. */
static void test_linear_gradient(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Graph *g = graph_new(arena, "linear");
  Node *x = zeros(g, S(8, 5)), *w = zeros(g, S(3, 5)), *dx[2];
  Node *y = graph_dot(g, x, w, (Axes){0}, (Axes){0}, (Axes){1, {1}}, (Axes){1, {1}});
  graph_gradient(g, y, graph_like(g, y, 1), 2, (Node *[]){x, w}, dx);
  assert_int_equal(count_ops(g, OP_transpose), 0);
  assert_true(dx[0]->op == OP_dot && dx[1]->op == OP_dot);
  arena_free(arena);
}

/* ---- rebuilding ---- */

static Node *drop_neg_neg(Graph *to, const Node *n, Node *const *in, void *context) {
  ++*(int *)context;
  return n->op == OP_neg && in[0]->op == OP_neg ? in[0]->in[0] : graph_copy_node(to, n, in);
}

static void test_rebuild(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Graph *g = graph_new(arena, "rebuild");
  Module *m = module_new(arena);
  State *s = module_state(m, "s", DT_f32, S(3), true, here);
  Input unread = {INPUT_value, "z", DT_f32, S(3), -1, -1, -1, NULL, here};
  graph_input(g, &unread);
  Node *x = graph_state(g, s, here), *twice = graph_op1(g, OP_neg, graph_op1(g, OP_neg, x));
  twice->name = "t";
  Node *y = graph_op2(g, OP_add, twice, x);
  y->name = "y";
  graph_op1(g, OP_exp, y); /* dead */
  graph_assign(g, s, y, here);
  vec_push(arena, g->outputs, ((Output){"y", y, here}));
  int visited = 0, uses[16];
  graph_use_counts(g, uses);
  assert_int_equal(uses[x->id], 2);
  assert_int_equal(uses[y->id], 3);
  Graph *r = graph_rebuild(g, drop_neg_neg, &visited);
  graph_verify(r);
  assert_int_equal(visited, 5); /* state, neg, neg, add, assign: not the dead ones */
  assert_int_equal(r->inputs.n, 1);
  assert_int_equal(r->assigns.n, 1);
  assert_string_equal(r->outputs.at[0].node->name, "y");
  assert_int_equal(r->outputs.at[0].node->in[0]->op, OP_state);
  arena_free(arena);
}

static Node *wrong_shape(Graph *to, const Node *n, Node *const *in, void *context) {
  (void)in, (void)context;
  return graph_const(to, n->dtype, 0, n->loc);
}
static void run_wrong_rebuild(void *context) {
  Graph *g = graph_new(context, "wrong");
  vec_push(g->arena, g->outputs, ((Output){"y", zeros(g, S(2)), here}));
  graph_rebuild(g, wrong_shape, NULL);
}
static void test_rebuild_keeps_types(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Caught c;
  catch_error(&c, run_wrong_rebuild, arena);
  assert_int_equal(c.code, 3);
  arena_free(arena);
}

/* ---- verifying: each invariant broken by hand ---- */

typedef struct Broken {
  Arena *arena;
  int how;
} Broken;
static void run_broken(void *context) {
  Broken *b = context;
  Graph *g = graph_new(b->arena, "broken");
  Node *x = zeros(g, S(3)), *y = graph_op1(g, OP_exp, x);
  if (b->how == 0) y->shape.dim[0] = 4;
  if (b->how == 1) y->dtype = DT_f64;
  if (b->how == 2) y->id = 0;
  if (b->how == 3) y->in[0] = y;
  if (b->how == 4) vec_push(b->arena, g->outputs, ((Output){"y", NULL, here}));
  if (b->how == 5) g->nodes.at[0] = y;
  if (b->how == 6) graph_add(g, OP_state, 0, NULL, &(Attr){.state = &small}, here);
  if (b->how == 6) graph_add(g, OP_state, 0, NULL, &(Attr){.state = &small}, here);
  graph_verify(g);
}
static void test_verify(void **state) {
  (void)state;
  Arena *arena = arena_new();
  for (int how = 0; how < 8; ++how) {
    Caught c;
    catch_error(&c, run_broken, &(Broken){arena, how});
    assert_int_equal(c.code, how == 7 ? 0 : 3);
  }
  arena_free(arena);
}

/* ---- the evaluator's hooks ---- */

static Value *give_three(void *context, const State *s) {
  Value *v = value_new(context, s->dtype, s->shape);
  for (int64_t k = 0; k < shape_count(s->shape); ++k) v->f[k] = 0.1;
  return v;
}

static void test_eval_hooks(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Graph *g = graph_new(arena, "hooks");
  Node *x = graph_state(g, &small, here), *y = graph_op2(g, OP_add, x, x), *z = graph_op2(g, OP_mul, y, y);
  Env env = {.arena = arena, .state = give_three, .context = arena};
  Value **v = graph_eval(g, &env);
  assert_true(v[z->id]->f[2] == 0.2 * 0.2);
  env.round = true;
  v = graph_eval(g, &env);
  assert_true(v[x->id]->f[0] == (double)0.1f && v[z->id]->f[0] == (double)(0.2f * 0.2f));
  Value *five = value_new(arena, DT_f32, S(3));
  for (int k = 0; k < 3; ++k) five->f[k] = 5;
  env.given = NEW_N(arena, Value *, g->nodes.n);
  env.given[y->id] = five;
  v = graph_eval(g, &env);
  assert_true(v[z->id]->f[1] == 25 && v[x->id]->f[1] == (double)0.1f);
  arena_free(arena);
}

/* Every value of f16 and bf16 survives memory; what lies between goes to the nearer, ties to even. */
static void test_narrow_floats(void **state) {
  (void)state;
  Arena *arena = arena_new();
  static uint16_t bits[65536];
  for (int k = 0; k < 65536; ++k) bits[k] = (uint16_t)k;
  for (int t = DT_f16; t <= DT_bf16; ++t) {
    Tensor all = {(DType)t, S(65536), bits};
    Value *v = value_of_tensor(arena, &all);
    const uint16_t *back = tensor_of_value(arena, v)->data;
    for (int k = 0; k < 65536; ++k) assert_true(back[k] == k || isnan(v->f[k]));
    int top = t == DT_f16 ? 0x7bff : 0x7f7f; /* the largest finite one */
    for (int k = 0; k < top; ++k) {
      Value *middle = value_new(arena, (DType)t, (Shape){0});
      middle->f[0] = (v->f[k] + v->f[k + 1]) / 2;
      assert_int_equal(*(uint16_t *)tensor_of_value(arena, middle)->data, k + k % 2);
    }
  }
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shapes),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_notes),
      cmocka_unit_test(test_leaves),
      cmocka_unit_test(test_place),
      cmocka_unit_test(test_foreign_operand),
      cmocka_unit_test(test_gradient_paths),
      cmocka_unit_test(test_gradient_lines),
      cmocka_unit_test(test_fan_out),
      cmocka_unit_test(test_slices),
      cmocka_unit_test(test_linear_gradient),
      cmocka_unit_test(test_rebuild),
      cmocka_unit_test(test_rebuild_keeps_types),
      cmocka_unit_test(test_verify),
      cmocka_unit_test(test_eval_hooks),
      cmocka_unit_test(test_narrow_floats),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
