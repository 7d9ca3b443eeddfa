/* test_structural.c: every row of ops.def: its value against index arithmetic written out here, first and second
 * derivative against central differences, over odd, unit and rank-0 shapes. A row without a case fails.
 *
 * A case gives the shapes of its inputs, a builder, and `at`: the element of y at index i, from the inputs' elements.
 */
#include "harness.h"

typedef double At(const int64_t *i, const Value *const *x);
typedef struct Case {
  Op op;
  const char *label;
  int nx;
  Shape shape[X_MAX];
  Node *(*make)(Graph *g, Node *const *x);
  Shape result;
  At *at;
  int gradients; /* inputs that have one; -1: differences do not apply */
} Case;

#define MAKE(name, expression)                                                                                         \
  static Node *make_##name(Graph *g, Node *const *x) {                                                                 \
    (void)g, (void)x;                                                                                                  \
    return expression;                                                                                                 \
  }
#define AT(name, expression)                                                                                           \
  static double at_##name(const int64_t *i, const Value *const *x) {                                                   \
    (void)i, (void)x;                                                                                                  \
    return expression;                                                                                                 \
  }
#define X(k, index) (x[k]->f[index])
#define D64(...) ((const int64_t[]){__VA_ARGS__})

static Node *indices(Graph *g, int n, const int32_t *at, int rank, int64_t d0, int64_t d1) {
  Tensor t = {DT_i32, {rank, {d0, d1}}, (void *)at};
  (void)n;
  return graph_const_tensor(g, &t, (Loc){0});
}

/* ---- movement ---- */
MAKE(reshape, graph_reshape(g, x[0], shape_of(3, (int64_t)5, (int64_t)1, (int64_t)3)))
AT(reshape, X(0, i[0] * 3 + i[2]))
MAKE(reshape_scalar, graph_reshape(g, x[0], shape_of(0)))
AT(reshape_scalar, X(0, 0))
MAKE(transpose, graph_transpose(g, x[0], (Axes){3, {2, 0, 1}}))
AT(transpose, X(0, i[1] * 15 + i[2] * 5 + i[0]))
MAKE(transpose_scalar, graph_transpose(g, x[0], (Axes){0}))
MAKE(broadcast, graph_broadcast(g, x[0], shape_of(3, (int64_t)3, (int64_t)2, (int64_t)5)))
AT(broadcast, X(0, i[0] * 5 + i[2]))
MAKE(broadcast_scalar, graph_broadcast(g, x[0], shape_of(2, (int64_t)3, (int64_t)1)))
MAKE(broadcast_to, graph_broadcast_to(g, x[0], shape_of(3, (int64_t)2, (int64_t)3, (int64_t)4)))
AT(broadcast_to, X(0, i[1]))
MAKE(slice, graph_slice(g, x[0], D64(1, 0), D64(7, 3), D64(3, 2)))
AT(slice, X(0, (1 + 3 * i[0]) * 3 + 2 * i[1]))
MAKE(slice_one, graph_slice(g, x[0], D64(2), D64(3), D64(4)))
AT(slice_one, X(0, 2))
MAKE(pad, graph_pad(g, x[0], D64(1, 0), D64(2, 1), D64(2, 0), 7))
AT(pad, i[0] >= 1 && (i[0] - 1) % 3 == 0 && (i[0] - 1) / 3 < 3 && i[1] < 2 ? X(0, (i[0] - 1) / 3 * 2 + i[1]) : 7)
MAKE(pad_scalar, graph_pad(g, x[0], D64(0), D64(0), D64(0), 1))
MAKE(concat, graph_concat(g, 3, (Node *[]){x[0], x[1], x[0]}, 1))
AT(concat, i[1] < 3 ? X(0, i[0] * 3 + i[1]) : i[1] < 4 ? X(1, i[0]) : X(0, i[0] * 3 + i[1] - 4))
MAKE(concat_five, graph_concat(g, 5, (Node *[]){x[0], x[1], x[2], x[0], x[1]}, 0))
AT(concat_five, i[0] < 2   ? X(0, i[0])
                : i[0] < 3 ? X(1, 0)
                : i[0] < 6 ? X(2, i[0] - 3)
                : i[0] < 8 ? X(0, i[0] - 6)
                           : X(1, 0))
MAKE(reverse, graph_reverse(g, x[0], (Axes){2, {0, 2}}))
AT(reverse, X(0, (2 - i[0]) * 10 + i[1] * 5 + 4 - i[2]))

/* ---- reductions; values are distinct, so each extreme is one element ---- */
static double reduced(Op op, const double *v, int n) {
  double r = op == OP_sum ? 0 : op == OP_prod ? 1 : v[0];
  for (int k = 0; k < n; ++k) {
    if (op == OP_sum) r += v[k];
    if (op == OP_prod) r *= v[k];
    if (op == OP_max) r = fmax(r, v[k]);
    if (op == OP_min) r = fmin(r, v[k]);
  }
  return r;
}
/* [3,2,5] over dims 0 and 2 */
static double over_02(Op op, const int64_t *i, const Value *const *x) {
  double v[15];
  for (int k = 0; k < 15; ++k) v[k] = X(0, k / 5 * 10 + i[0] * 5 + k % 5);
  return reduced(op, v, 15);
}
#define REDUCTION(name)                                                                                                \
  MAKE(name, graph_reduce(g, OP_##name, x[0], (Axes){2, {2, 0}}))                                                      \
  AT(name, over_02(OP_##name, i, x))                                                                                   \
  MAKE(name##_one, graph_reduce(g, OP_##name, x[0], (Axes){1, {1}}))                                                   \
  AT(name##_one, X(0, i[0]))                                                                                           \
  MAKE(name##_all, graph_reduce(g, OP_##name, x[0], (Axes){1, {0}}))                                                   \
  AT(name##_all, reduced(OP_##name, x[0]->f, (int)x[0]->shape.dim[0]))                                                 \
  MAKE(name##_none, graph_reduce(g, OP_##name, x[0], (Axes){0}))
REDUCTION(sum)
REDUCTION(prod)
REDUCTION(max)
REDUCTION(min)
AT(same, X(0, 0))
MAKE(argmax, graph_cast(g, graph_reduce(g, OP_argmax, x[0], (Axes){1, {0}}), DT_f64))
MAKE(argmin, graph_cast(g, graph_reduce(g, OP_argmin, x[0], (Axes){1, {0}}), DT_f64))
static double position(const int64_t *i, const Value *const *x, double sign) {
  int best = 0;
  for (int k = 1; k < 5; ++k)
    if (sign * X(0, k * 3 + i[0]) > sign * X(0, best * 3 + i[0])) best = k;
  return best;
}
AT(argmax, position(i, x, 1))
AT(argmin, position(i, x, -1))

/* ---- dot ---- */
static const Axes none = {0};
MAKE(dot, graph_dot(g, x[0], x[1], none, none, (Axes){1, {1}}, (Axes){1, {1}}))
static double sum_products(const Value *a, int64_t from_a, int64_t step_a, const Value *b, int64_t from_b,
                           int64_t step_b, int n) {
  double sum = 0;
  for (int k = 0; k < n; ++k) sum += a->f[from_a + k * step_a] * b->f[from_b + k * step_b];
  return sum;
}
AT(dot, sum_products(x[0], i[0] * 5, 1, x[1], i[1] * 5, 1, 5))
MAKE(dot_outer, graph_dot(g, x[0], x[1], none, none, none, none))
AT(dot_outer, X(0, i[0]) * X(1, i[1]))
MAKE(dot_inner, graph_dot(g, x[0], x[1], none, none, (Axes){1, {0}}, (Axes){1, {0}}))
AT(dot_inner, sum_products(x[0], 0, 1, x[1], 0, 1, 3))
MAKE(dot_scalar, graph_dot(g, x[0], x[1], none, none, none, none))
AT(dot_scalar, X(0, 0) * X(1, 0))
/* a [k1=2, batch=3, m=4, k2=5], b [n=2, k2=5, k1=2, batch=3]: y [3, 4, 2], two contracted dims in crossed order */
MAKE(dot_general, graph_dot(g, x[0], x[1], (Axes){1, {1}}, (Axes){1, {3}}, (Axes){2, {3, 0}}, (Axes){2, {1, 2}}))
static double at_dot_general(const int64_t *i, const Value *const *x) {
  double sum = 0;
  for (int k1 = 0; k1 < 2; ++k1)
    for (int k2 = 0; k2 < 5; ++k2)
      sum += X(0, ((k1 * 3 + i[0]) * 4 + i[1]) * 5 + k2) * X(1, ((i[2] * 5 + k2) * 2 + k1) * 3 + i[0]);
  return sum;
}
MAKE(matmul, graph_matmul(g, x[0], x[1]))
AT(matmul, sum_products(x[0], i[0] * 5, 1, x[1], i[1], 2, 5))
AT(matvec, sum_products(x[0], i[0] * 5, 1, x[1], 0, 1, 5))
AT(vecmat, sum_products(x[0], 0, 1, x[1], i[0], 2, 5))
/* [2,1,3,5] x [4,5,2]: y [2,4,3,2] */
AT(matmul_batch, sum_products(x[0], (i[0] * 3 + i[2]) * 5, 1, x[1], i[1] * 10 + i[3], 2, 5))
/* [5] x [4,5,2]: y [4,2] */
AT(vecmat_batch, sum_products(x[0], 0, 1, x[1], i[0] * 10 + i[1], 2, 5))

/* ---- gather and scatter: repeated rows, and numbers out of range, which mean the first or the last row ---- */
static const int32_t picks[6] = {3, 0, 3, -2, 1, 99};
static const int row_of[6] = {3, 0, 3, 0, 1, 3};
MAKE(gather, graph_gather(g, x[0], indices(g, 6, picks, 2, 2, 3), 1))
AT(gather, X(0, (i[0] * 4 + row_of[i[1] * 3 + i[2]]) * 2 + i[3]))
MAKE(gather_scalar, graph_gather(g, x[0], indices(g, 1, picks, 0, 0, 0), 0))
AT(gather_scalar, X(0, 3))
MAKE(scatter, graph_scatter(g, x[0], indices(g, 6, picks, 1, 6, 0), x[1], 1))
static double at_scatter(const int64_t *i, const Value *const *x) {
  double sum = X(0, (i[0] * 4 + i[1]) * 2 + i[2]);
  for (int k = 0; k < 6; ++k)
    if (row_of[k] == i[1]) sum += X(1, (i[0] * 6 + k) * 2 + i[2]);
  return sum;
}
MAKE(scatter_scalar, graph_scatter(g, x[0], indices(g, 1, picks, 0, 0, 0), x[1], 0))
AT(scatter_scalar, X(0, i[0]) + (i[0] == 3 ? X(1, 0) : 0))

static const int32_t distinct[3] = {2, 0, 1}, one_row[1] = {2};
MAKE(scatter_set, graph_scatter_set(g, x[0], indices(g, 6, picks, 1, 6, 0), x[1], 1))
static double at_scatter_set(const int64_t *i, const Value *const *x) {
  double value = X(0, (i[0] * 4 + i[1]) * 2 + i[2]);
  for (int k = 0; k < 6; ++k)
    if (row_of[k] == i[1]) value = X(1, (i[0] * 6 + k) * 2 + i[2]);
  return value;
}
MAKE(scatter_set_square, graph_scatter_set(g, x[0], indices(g, 6, picks, 2, 2, 3), x[1], 0))
static double at_scatter_set_square(const int64_t *i, const Value *const *x) {
  double value = X(0, i[0] * 2 + i[1]);
  for (int k = 0; k < 6; ++k)
    if (row_of[k] == i[0]) value = X(1, k * 2 + i[1]);
  return value;
}
MAKE(scatter_set_distinct, graph_scatter_set(g, x[0], indices(g, 3, distinct, 1, 3, 0), x[1], 0))
AT(scatter_set_distinct, X(1, i[0] == 2 ? 0 : i[0] == 0 ? 1 : 2))
MAKE(scatter_set_row, graph_scatter_set(g, x[0], indices(g, 1, one_row, 1, 1, 0), x[1], 0))
AT(scatter_set_row, i[0] == 2 ? X(1, i[1]) : X(0, i[0] * 3 + i[1]))
MAKE(scatter_set_scalar, graph_scatter_set(g, x[0], indices(g, 1, picks, 0, 0, 0), x[1], 0))
AT(scatter_set_scalar, i[0] == 3 ? X(1, 0) : X(0, i[0]))

/* ---- along a dimension ---- */
static double sum_along(const Value *x, int64_t from, int64_t step, int64_t last) {
  double sum = 0;
  for (int64_t k = 0; k <= last; ++k) sum += x->f[from + k * step];
  return sum;
}
MAKE(cumsum_0, graph_cumsum(g, x[0], 0))
MAKE(cumsum_1, graph_cumsum(g, x[0], 1))
MAKE(cumsum_3, graph_cumsum(g, x[0], 3))
AT(cumsum_vector, sum_along(x[0], 0, 1, i[0]))
AT(cumsum_rows, sum_along(x[0], i[0] * 5, 1, i[1]))
AT(cumsum_columns, sum_along(x[0], i[1], 5, i[0]))
AT(cumsum_middle, sum_along(x[0], i[0] * 10 + i[2], 5, i[1]))
AT(cumsum_unit, X(0, i[0] * 2 + i[2]))
AT(cumsum_last, sum_along(x[0], (i[0] * 3 + i[2]) * 2, 1, i[3]))
/* the element that has i elements before it, smaller ones or equal ones to the left */
static int position_along(const Value *x, int64_t from, int64_t step, int n, int64_t i) {
  for (int k = 0; k < n; ++k) {
    int before = 0;
    for (int j = 0; j < n; ++j) {
      double a = x->f[from + j * step], b = x->f[from + k * step];
      before += a < b || (a == b && j < k);
    }
    if (before == i) return k;
  }
  return -1;
}
MAKE(argsort_0, graph_cast(g, graph_argsort(g, x[0], 0), DT_f64))
MAKE(argsort_1, graph_cast(g, graph_argsort(g, x[0], 1), DT_f64))
AT(argsort_vector, position_along(x[0], 0, 1, 7, i[0]))
AT(argsort_rows, position_along(x[0], i[0] * 5, 1, 5, i[1]))
AT(argsort_columns, position_along(x[0], i[1], 5, 3, i[0]))
AT(argsort_middle, position_along(x[0], i[0] * 10 + i[2], 5, 2, i[1]))
AT(argsort_one, 0)
/* sort is argsort and a gather */
MAKE(sorted, graph_gather(g, x[0], graph_argsort(g, x[0], 0), 0))
AT(sorted, X(0, position_along(x[0], 0, 1, 7, i[0])))

/* ---- leaves and effects, each in an expression that can be differentiated around it ---- */
MAKE(const,
     graph_op2(g, OP_mul, x[0], graph_const_tensor(g, &(Tensor){DT_f64, {1, {3}}, (double[]){2, 3, 5}}, (Loc){0})))
AT(const, X(0, i[0]) * (i[0] == 0 ? 2 : i[0] == 1 ? 3 : 5))
MAKE(input, graph_op1(g, OP_exp, x[0]))
AT(input, (double)expl(X(0, i[0])))
static State zero_state = {.name = "s", .dtype = DT_f64, .shape = {1, {3}}};
MAKE(state, graph_op2(g, OP_add, x[0], graph_state(g, &zero_state, (Loc){0})))
AT(state, X(0, i[0]))
MAKE(iota, graph_op2(g, OP_mul, x[0], graph_cast(g, graph_iota(g, 3, (Loc){0}), DT_f64)))
AT(iota, X(0, i[0]) * (double)i[0])
MAKE(assign, graph_op1(g, OP_exp, graph_assign(g, &zero_state, x[0], (Loc){0})))
AT(assign, (double)expl(X(0, i[0])))
MAKE(again, graph_op1(g, OP_again, graph_op1(g, OP_exp, x[0])))
MAKE(all_mean, graph_op1(g, OP_all_mean, graph_op1(g, OP_exp, x[0])))
MAKE(stop_gradient, graph_op1(g, OP_stop_gradient, graph_op1(g, OP_exp, x[0])))
AT(stop_gradient, (double)expl(X(0, i[0])))

/* ---- window: x [7,2,6], dimension 3 by 2s with dilation 3, dimension 1 by 3s in steps of 2; one column uncovered ----
 */
static const Axes windowed = {2, {2, 0}};
MAKE(window, graph_window(g, x[0], windowed, D64(2, 3), D64(1, 2), D64(3, 1)))
AT(window, X(0, ((i[0] * 2 + i[4]) * 2 + i[1]) * 6 + i[2] + i[3] * 3))
MAKE(window_apart, graph_window(g, x[0], (Axes){1, {0}}, D64(2), D64(3), D64(1)))
AT(window_apart, X(0, i[0] * 3 + i[1]))
MAKE(unwindow, graph_unwindow(g, x[0], windowed, D64(2, 3), D64(1, 2), D64(3, 1), D64(6, 8)))
static double at_unwindow(const int64_t *i, const Value *const *x) {
  double sum = 0;
  for (int o = 0; o < 3; ++o)
    for (int t = 0; t < 3; ++t)
      for (int p = 0; p < 3; ++p)
        for (int u = 0; u < 2; ++u)
          if (o * 2 + t == i[0] && p + u * 3 == i[2]) sum += X(0, (((o * 2 + i[1]) * 3 + p) * 2 + u) * 3 + t);
  return sum;
}
MAKE(unwindow_apart, graph_unwindow(g, x[0], (Axes){1, {0}}, D64(2), D64(3), D64(1), D64(7)))
AT(unwindow_apart, i[0] % 3 < 2 && i[0] < 5 ? X(0, i[0] / 3 * 2 + i[0] % 3) : 0)

#define S0                                                                                                             \
  {                                                                                                                    \
    0, { 0 }                                                                                                           \
  }
#define S1(a)                                                                                                          \
  {                                                                                                                    \
    1, { a }                                                                                                           \
  }
#define S2(a, b)                                                                                                       \
  {                                                                                                                    \
    2, { a, b }                                                                                                        \
  }
#define S3(a, b, c)                                                                                                    \
  {                                                                                                                    \
    3, { a, b, c }                                                                                                     \
  }
#define S4(a, b, c, d)                                                                                                 \
  {                                                                                                                    \
    4, { a, b, c, d }                                                                                                  \
  }
#define REDUCTION_CASES(name)                                                                                          \
  {OP_##name, #name, 1, {S3(3, 2, 5)}, make_##name, S1(2), at_##name, 1},                                              \
      {OP_##name, #name " of one", 1, {S2(3, 1)}, make_##name##_one, S1(3), at_##name##_one, 1},                       \
      {OP_##name, #name " of 1", 1, {S1(1)}, make_##name##_all, S0, at_##name##_all, 1},                               \
      {OP_##name, #name " of 2", 1, {S1(2)}, make_##name##_all, S0, at_##name##_all, 1},                               \
      {OP_##name, #name " of 7", 1, {S1(7)}, make_##name##_all, S0, at_##name##_all, 1},                               \
      {OP_##name, #name " of 8", 1, {S1(8)}, make_##name##_all, S0, at_##name##_all, 1}, {                             \
    OP_##name, #name " of a scalar", 1, {S0}, make_##name##_none, S0, at_same, 1                                       \
  }

static const Case cases[] = {
    {OP_reshape, "reshape", 1, {S2(3, 5)}, make_reshape, S3(5, 1, 3), at_reshape, 1},
    {OP_reshape, "reshape to a scalar", 1, {S2(1, 1)}, make_reshape_scalar, S0, at_reshape_scalar, 1},
    {OP_transpose, "transpose", 1, {S3(2, 3, 5)}, make_transpose, S3(5, 2, 3), at_transpose, 1},
    {OP_transpose, "transpose of a scalar", 1, {S0}, make_transpose_scalar, S0, at_same, 1},
    {OP_broadcast, "broadcast", 1, {S3(3, 1, 5)}, make_broadcast, S3(3, 2, 5), at_broadcast, 1},
    {OP_broadcast, "broadcast of a scalar", 1, {S0}, make_broadcast_scalar, S2(3, 1), at_same, 1},
    {OP_broadcast, "broadcast_to", 1, {S2(3, 1)}, make_broadcast_to, S3(2, 3, 4), at_broadcast_to, 1},
    {OP_slice, "slice", 1, {S2(8, 3)}, make_slice, S2(2, 2), at_slice, 1},
    {OP_slice, "slice of one element", 1, {S1(5)}, make_slice_one, S1(1), at_slice_one, 1},
    {OP_pad, "pad", 1, {S2(3, 2)}, make_pad, S2(10, 3), at_pad, 1},
    {OP_pad, "pad of a scalar", 1, {S0}, make_pad_scalar, S0, at_same, 1},
    {OP_concat, "concat", 2, {S2(2, 3), S2(2, 1)}, make_concat, S2(2, 7), at_concat, 2},
    {OP_concat, "concat of five", 3, {S1(2), S1(1), S1(3)}, make_concat_five, S1(9), at_concat_five, 3},
    {OP_reverse, "reverse", 1, {S3(3, 2, 5)}, make_reverse, S3(3, 2, 5), at_reverse, 1},
    {OP_window, "window", 1, {S3(7, 2, 6)}, make_window, {5, {3, 2, 3, 2, 3}}, at_window, 1},
    {OP_window, "window with gaps", 1, {S1(7)}, make_window_apart, S2(2, 2), at_window_apart, 1},
    {OP_unwindow, "unwindow", 1, {{5, {3, 2, 3, 2, 3}}}, make_unwindow, S3(8, 2, 6), at_unwindow, 1},
    {OP_unwindow, "unwindow with gaps", 1, {S2(2, 2)}, make_unwindow_apart, S1(7), at_unwindow_apart, 1},
    REDUCTION_CASES(sum),
    REDUCTION_CASES(prod),
    REDUCTION_CASES(max),
    REDUCTION_CASES(min),
    {OP_argmax, "argmax", 1, {S2(5, 3)}, make_argmax, S1(3), at_argmax, 0},
    {OP_argmin, "argmin", 1, {S2(5, 3)}, make_argmin, S1(3), at_argmin, 0},
    {OP_dot, "dot", 2, {S2(3, 5), S2(2, 5)}, make_dot, S2(3, 2), at_dot, 2},
    {OP_dot, "dot of units", 2, {S2(1, 5), S2(1, 5)}, make_dot, S2(1, 1), at_dot, 2},
    {OP_dot, "outer dot", 2, {S1(3), S1(2)}, make_dot_outer, S2(3, 2), at_dot_outer, 2},
    {OP_dot, "inner dot", 2, {S1(3), S1(3)}, make_dot_inner, S0, at_dot_inner, 2},
    {OP_dot, "dot of scalars", 2, {S0, S0}, make_dot_scalar, S0, at_dot_scalar, 2},
    {OP_dot, "general dot", 2, {S4(2, 3, 4, 5), S4(2, 5, 2, 3)}, make_dot_general, S3(3, 4, 2), at_dot_general, 2},
    {OP_dot, "matmul", 2, {S2(3, 5), S2(5, 2)}, make_matmul, S2(3, 2), at_matmul, 2},
    {OP_dot, "matmul by a vector", 2, {S2(3, 5), S1(5)}, make_matmul, S1(3), at_matvec, 2},
    {OP_dot, "matmul of a vector", 2, {S1(5), S2(5, 2)}, make_matmul, S1(2), at_vecmat, 2},
    {OP_dot, "matmul of batches", 2, {S4(2, 1, 3, 5), S3(4, 5, 2)}, make_matmul, S4(2, 4, 3, 2), at_matmul_batch, 2},
    {OP_dot, "matmul of a vector by a batch", 2, {S1(5), S3(4, 5, 2)}, make_matmul, S2(4, 2), at_vecmat_batch, 2},
    {OP_gather, "gather", 1, {S3(3, 4, 2)}, make_gather, S4(3, 2, 3, 2), at_gather, 1},
    {OP_gather, "gather of one", 1, {S1(4)}, make_gather_scalar, S0, at_gather_scalar, 1},
    {OP_scatter, "scatter", 2, {S3(3, 4, 2), S3(3, 6, 2)}, make_scatter, S3(3, 4, 2), at_scatter, 2},
    {OP_scatter, "scatter of one", 2, {S1(4), S0}, make_scatter_scalar, S1(4), at_scatter_scalar, 2},
    {OP_scatter_set, "scatter_set", 2, {S3(3, 4, 2), S3(3, 6, 2)}, make_scatter_set, S3(3, 4, 2), at_scatter_set, 2},
    {OP_scatter_set,
     "scatter_set by a matrix",
     2,
     {S2(4, 2), S3(2, 3, 2)},
     make_scatter_set_square,
     S2(4, 2),
     at_scatter_set_square,
     2},
    {OP_scatter_set,
     "scatter_set of all",
     2,
     {S1(3), S1(3)},
     make_scatter_set_distinct,
     S1(3),
     at_scatter_set_distinct,
     2},
    {OP_scatter_set,
     "scatter_set of a row",
     2,
     {S2(4, 3), S2(1, 3)},
     make_scatter_set_row,
     S2(4, 3),
     at_scatter_set_row,
     2},
    {OP_scatter_set, "scatter_set of one", 2, {S1(4), S0}, make_scatter_set_scalar, S1(4), at_scatter_set_scalar, 2},
    {OP_cumsum, "cumsum", 1, {S1(7)}, make_cumsum_0, S1(7), at_cumsum_vector, 1},
    {OP_cumsum, "cumsum of rows", 1, {S2(3, 5)}, make_cumsum_1, S2(3, 5), at_cumsum_rows, 1},
    {OP_cumsum, "cumsum of columns", 1, {S2(3, 5)}, make_cumsum_0, S2(3, 5), at_cumsum_columns, 1},
    {OP_cumsum, "cumsum in the middle", 1, {S3(3, 2, 5)}, make_cumsum_1, S3(3, 2, 5), at_cumsum_middle, 1},
    {OP_cumsum, "cumsum of four dimensions", 1, {S4(2, 1, 3, 2)}, make_cumsum_3, S4(2, 1, 3, 2), at_cumsum_last, 1},
    {OP_cumsum, "cumsum of a unit", 1, {S3(3, 1, 2)}, make_cumsum_1, S3(3, 1, 2), at_cumsum_unit, 1},
    {OP_argsort, "argsort", 1, {S1(7)}, make_argsort_0, S1(7), at_argsort_vector, 0},
    {OP_argsort, "argsort of rows", 1, {S2(3, 5)}, make_argsort_1, S2(3, 5), at_argsort_rows, 0},
    {OP_argsort, "argsort of columns", 1, {S2(3, 5)}, make_argsort_0, S2(3, 5), at_argsort_columns, 0},
    {OP_argsort, "argsort in the middle", 1, {S3(3, 2, 5)}, make_argsort_1, S3(3, 2, 5), at_argsort_middle, 0},
    {OP_argsort, "argsort of a unit", 1, {S2(3, 1)}, make_argsort_1, S2(3, 1), at_argsort_one, 0},
    {OP_argsort, "sort", 1, {S1(7)}, make_sorted, S1(7), at_sorted, 1},
    {OP_const, "const", 1, {S1(3)}, make_const, S1(3), at_const, 1},
    {OP_input, "input", 1, {S1(3)}, make_input, S1(3), at_input, 1},
    {OP_state, "state", 1, {S1(3)}, make_state, S1(3), at_state, 1},
    {OP_iota, "iota", 1, {S1(3)}, make_iota, S1(3), at_iota, 1},
    {OP_assign, "assign", 1, {S1(3)}, make_assign, S1(3), at_assign, 1},
    {OP_again, "again", 1, {S1(3)}, make_again, S1(3), at_assign, 1},
    {OP_all_mean, "all_mean", 1, {S1(3)}, make_all_mean, S1(3), at_assign, 1},
    {OP_stop_gradient, "stop_gradient", 1, {S1(3)}, make_stop_gradient, S1(3), at_stop_gradient, -1},
};
enum { CASES = sizeof cases / sizeof *cases };

static void check_value(Trial *t, const Case *c) {
  const Value *y = trial_eval(t, t->arena)[t->y->id], *x[X_MAX] = {t->value[0], t->value[1], t->value[2]};
  int64_t stride[RANK_MAX], index[RANK_MAX];
  if (!shape_equal(t->y->shape, c->result)) fail_msg("%s: shape %s", c->label, shape_text(t->arena, t->y->shape));
  shape_strides(c->result, stride);
  for (int64_t k = 0; k < shape_count(c->result); ++k) {
    for (int d = 0; d < c->result.rank; ++d) index[d] = k / stride[d] % c->result.dim[d];
    check_close(t, "value", y->f[k], c->at(index, x), 1e-13);
  }
}

/* A product of many elements has a tame derivative only near 1; and elements must not meet within a difference. */
static void tame(Trial *t) {
  int n = 0;
  for (int k = 0; k < t->nx; ++k)
    for (int64_t i = 0; i < shape_count(t->x[k]->shape); ++i, ++n)
      t->value[k]->f[i] = (n % 2 ? 1 : -1) * (0.6 + 0.05 * ((n * 7) % 17) + 0.01 * random_unit());
}

static void test_cases(void **state) {
  (void)state;
  for (int k = 0; k < CASES; ++k) {
    Trial t;
    trial_begin(&t, cases[k].label, cases[k].nx, cases[k].shape);
    tame(&t);
    t.y = cases[k].make(t.g, t.x);
    check_value(&t, &cases[k]);
    int with_gradient = cases[k].gradients < 0 ? -1 : check_derivatives(&t);
    if (with_gradient != cases[k].gradients) fail_msg("%s: %d gradients", t.label, with_gradient);
    trial_end(&t);
  }
}

/* The same again with the result squared: second derivatives that are not zero for the linear ops. */
static void test_squares(void **state) {
  (void)state;
  for (int k = 0; k < CASES; ++k) {
    if (cases[k].gradients < 1) continue;
    Trial t;
    trial_begin(&t, cases[k].label, cases[k].nx, cases[k].shape);
    tame(&t);
    Node *y = cases[k].make(t.g, t.x);
    t.y = graph_op2(t.g, OP_mul, y, y);
    check_derivatives(&t);
    trial_end(&t);
  }
}

/* d/dx sum(x * stop_gradient(exp x)) is exp x; behind stop_gradient alone there is nothing. */
static void test_stop_gradient(void **state) {
  (void)state;
  Trial t;
  Node *g;
  trial_begin(&t, "stop_gradient", 1, (Shape[]){{1, {3}}});
  Node *stopped = make_stop_gradient(t.g, t.x);
  Axes all = {1, {0}};
  t.y = graph_reduce(t.g, OP_sum, graph_op2(t.g, OP_mul, t.x[0], stopped), all);
  graph_gradient(t.g, t.y, NULL, 1, t.x, &g);
  Value **v = trial_eval(&t, t.arena);
  for (int k = 0; k < 3; ++k) check_close(&t, "gradient", v[g->id]->f[k], (double)expl(t.value[0]->f[k]), 1e-15);
  graph_gradient(t.g, graph_reduce(t.g, OP_sum, stopped, all), NULL, 1, t.x, &g);
  assert_null(g);
  trial_end(&t);
}

/* Products with one and with two zeros: exact, where g * prod / x would be NaN. */
static void test_prod_zeros(void **state) {
  (void)state;
  for (int zeros = 1; zeros <= 2; ++zeros)
    for (int64_t n = 2; n <= 9; ++n) {
      Trial t;
      trial_begin(&t, "prod with zeros", 1, (Shape[]){{1, {n}}});
      tame(&t);
      for (int z = 0; z < zeros; ++z) t.value[0]->f[z] = 0;
      t.y = graph_reduce(t.g, OP_prod, t.x[0], (Axes){1, {0}});
      check_derivatives(&t);
      trial_end(&t);
    }
}

/* Ties: the first extreme, in row-major order over the reduced dims, takes all. NaN is the extreme. */
static void test_extreme_ties(void **state) {
  (void)state;
  const double x[2][2][3] = {{{1, 5, 2}, {0, 3, 3}}, {{5, 5, NAN}, {3, 1, NAN}}};
  Trial t;
  Node *g;
  trial_begin(&t, "max", 1, (Shape[]){{3, {2, 2, 3}}});
  memcpy(t.value[0]->f, x, sizeof x);
  Node *head = graph_slice(t.g, t.x[0], D64(0, 0, 0), D64(2, 2, 2), NULL);
  Node *y = graph_reduce(t.g, OP_max, head, (Axes){2, {0, 2}});
  t.y = graph_reduce(t.g, OP_sum, y, (Axes){1, {0}});
  graph_gradient(t.g, t.y, NULL, 1, t.x, &g);
  Node *nan = graph_reduce(t.g, OP_min, t.x[0], (Axes){1, {2}});
  Node *at = graph_reduce(t.g, OP_argmin, t.x[0], (Axes){1, {2}});
  Value **v = trial_eval(&t, t.arena);
  const double expected[12] = {0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
  assert_memory_equal(v[g->id]->f, expected, sizeof expected);
  assert_true(v[nan->id]->f[0] == 1 && isnan(v[nan->id]->f[2]) && isnan(v[nan->id]->f[3]));
  assert_true(v[at->id]->i[0] == 0 && v[at->id]->i[2] == 2 && v[at->id]->i[3] == 2);
  trial_end(&t);
}

/* Equal elements keep their order, zeros of either sign are equal, NaN comes last; integers order as they are. */
static void test_argsort_order(void **state) {
  (void)state;
  const double x[8] = {2, NAN, 0.0, -0.0, -INFINITY, 2, INFINITY, -NAN};
  const int64_t expected[8] = {4, 2, 3, 0, 5, 6, 1, 7};
  Trial t;
  trial_begin(&t, "argsort", 1, (Shape[]){{1, {8}}});
  memcpy(t.value[0]->f, x, sizeof x);
  Node *y = graph_argsort(t.g, t.x[0], 0);
  const int64_t whole[4] = {INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MAX};
  Node *z = graph_argsort(t.g, graph_const_tensor(t.g, &(Tensor){DT_i64, {1, {4}}, (void *)whole}, (Loc){0}), 0);
  t.y = y;
  Value **v = trial_eval(&t, t.arena);
  assert_memory_equal(v[y->id]->i, expected, sizeof expected);
  assert_memory_equal(v[z->id]->i, ((const int64_t[]){1, 2, 0, 3}), sizeof whole);
  trial_end(&t);
}

/* Integers wrap in a running sum. */
static void test_cumsum_wraps(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Graph *g = graph_new(arena, "cumsum");
  const int32_t x[3] = {INT32_MAX, 1, 5};
  Node *y = graph_cumsum(g, graph_const_tensor(g, &(Tensor){DT_i32, {1, {3}}, (void *)x}, (Loc){0}), 0);
  Value *v = graph_eval(g, &(Env){.arena = arena})[y->id];
  assert_true(v->i[0] == INT32_MAX && v->i[1] == INT32_MIN && v->i[2] == INT32_MIN + 5);
  arena_free(arena);
}

/* ---- random: the published vector (Random123: philox 4x32-10, counter 0, key 0), and Philox written out once more
 * ---- */

static void philox_again(uint32_t key0, uint32_t key1, uint32_t w[4]) {
  for (int round = 0; round < 10; ++round) {
    uint64_t a = 0xD2511F53ull * w[0], b = 0xCD9E8D57ull * w[2];
    uint32_t w1 = w[1], w3 = w[3];
    w[0] = (uint32_t)(b / 4294967296u) ^ w1 ^ (key0 + (uint32_t)round * 0x9E3779B9u);
    w[1] = (uint32_t)b;
    w[2] = (uint32_t)(a / 4294967296u) ^ w3 ^ (key1 + (uint32_t)round * 0xBB67AE85u);
    w[3] = (uint32_t)a;
  }
}

static Value *draw(Arena *arena, uint32_t s0, uint32_t s1, uint32_t calls, uint32_t turn, uint32_t place, Shape shape) {
  Graph *g = graph_new(arena, "random");
  Node *seed = graph_const_tensor(g, &(Tensor){DT_u32, {1, {2}}, (uint32_t[]){s0, s1}}, (Loc){0});
  Node *count = graph_const_tensor(g, &(Tensor){DT_u32, {0}, &calls}, (Loc){0});
  Node *turns = graph_const_tensor(g, &(Tensor){DT_u32, {0}, &turn}, (Loc){0});
  Node *y = graph_random(g, seed, count, turns, shape, place, (Loc){0});
  return graph_eval(g, &(Env){.arena = arena})[y->id];
}

static void test_random(void **state) {
  (void)state;
  Arena *arena = arena_new();
  const uint32_t known[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  Value *v = draw(arena, 0, 0, 0, 0, 0, (Shape){1, {64}});
  for (int k = 0; k < 4; ++k) assert_int_equal(v->i[16 * k], known[k]);
  v = draw(arena, 7, 0xdeadbeef, 12, 99, 0x80000001, (Shape){2, {5, 41}});
  for (uint32_t e = 0; e < 205; ++e) {
    uint32_t w[4] = {e / 64 * 16 + e % 16, 99, 12, 0x80000001};
    philox_again(7, 0xdeadbeef, w);
    assert_int_equal(v->i[e], w[e / 16 % 4]);
  }
  v = draw(arena, 0, 0, 0, 0, 0, (Shape){0});
  assert_int_equal(v->i[0], known[0]);
  arena_free(arena);
}

static void test_every_row(void **state) {
  (void)state;
  for (int op = OP_FIRST_STRUCTURAL; op < OP_COUNT; ++op) {
    bool found = op == OP_random || op_info[op].family == FAMILY_CONTROL; /* test_control.c */
    for (int k = 0; k < CASES; ++k) found |= cases[k].op == (Op)op;
    if (!found) fail_msg("no test of the row '%s'", op_info[op].name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_row),     cmocka_unit_test(test_cases),         cmocka_unit_test(test_squares),
      cmocka_unit_test(test_prod_zeros),    cmocka_unit_test(test_extreme_ties),  cmocka_unit_test(test_random),
      cmocka_unit_test(test_stop_gradient), cmocka_unit_test(test_argsort_order), cmocka_unit_test(test_cumsum_wraps),
  };
  if (setjmp(*diag_guard())) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
