/* random_graph.c: makes valid functions from the op table: all elementwise rows, movement, reductions, dots in every
 * layout of axes, cumsum, argsort, gather and scatter with indices in range, random bits, casts, states with assigns,
 * and gradients.
 *
 * A function grows node by node from a pool. Each item of the pool carries a bound on its magnitude, by which values
 * are kept tame: what would leave the ordinary range of f32 is scaled down first, arguments of log, sqrt, div and pow
 * are moved away from their poles. So a difference between two back ends is a bug and not a matter of condition. One
 * function in eight has NaN, Inf, -0 and subnormals among its data. Shapes are small, with 1, odd numbers and rank 0,
 * and now and then long enough for vectors and their tails. Everything follows from (seed, number of the function). */
#include "random_gen.h"

#include <math.h>

/* ---- dice ---- */
static uint64_t next(Gen *g) { /* splitmix64 */
  uint64_t z = g->random += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}
int below(Gen *g, int n) { return (int)(next(g) % (uint64_t)n); }
bool chance(Gen *g, int percent) { return below(g, 100) < percent; }
static double uniform(Gen *g, double lo, double hi) { return lo + (hi - lo) * ((double)(next(g) >> 11) * 0x1p-53); }

int64_t pick_dim(Gen *g) {
  static const int dims[] = {1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 7, 8, 9, 16, 17, 17, 33, 70, 130};
  return dims[below(g, (int)(sizeof dims / sizeof *dims))];
}

Shape pick_shape(Gen *g) {
  Shape s = {.rank = (int[]){0, 1, 1, 2, 2, 2, 3, 3, 4}[below(g, 9)]};
  int64_t count = 1;
  for (int d = 0; d < s.rank; ++d) {
    s.dim[d] = pick_dim(g);
    if (count * s.dim[d] > 2400) s.dim[d] = 1 + below(g, 2);
    count *= s.dim[d];
  }
  return s;
}

static DType pick_float_dtype(Gen *g) {
  int k = below(g, 20);
  if (k == 0 && g->options.half) return DT_f16;
  if (k == 1 && g->options.bfloat) return DT_bf16;
  return k < 5 ? DT_f64 : DT_f32;
}

DType pick_dtype(Gen *g) {
  static const DType others[] = {DT_i32, DT_i32, DT_i64, DT_u32, DT_u8, DT_bool};
  return chance(g, 75) ? pick_float_dtype(g) : others[below(g, 6)];
}

/* ---- the pool ---- */
Loc here(Gen *g) { return (Loc){.file = "fuzz.lua", .line = g->number + 1}; }

double dtype_mag(DType t) {
  static const double mags[DTYPE_COUNT] = {
      [DT_i32] = 0x1p31, [DT_i64] = 0x1p63, [DT_u32] = 0x1p32, [DT_u8] = 255, [DT_bool] = 1};
  return dtype_is_float(t) ? INFINITY : mags[t];
}

Item put(Gen *g, Node *n, double mag) {
  Item item = {n, fmin(mag, dtype_mag(n->dtype))};
  vec_push(g->arena, g->pool, item);
  return item;
}

static double hard_value(Gen *g) {
  static const double values[] = {NAN, INFINITY, -INFINITY, -0.0, 0.0, 1e-41, -3e-39, 1000, -1000, 0.5};
  return values[below(g, (int)(sizeof values / sizeof *values))];
}

static Tensor *random_tensor(Gen *g, DType dtype, Shape shape, double lo, double hi) {
  Value *v = value_new(g->arena, dtype, shape);
  for (int64_t i = 0; i < shape_count(shape); ++i) {
    double x = uniform(g, lo, hi);
    if (v->f)
      v->f[i] = g->hard && chance(g, 5) ? hard_value(g)
                : chance(g, 6)          ? (double)below(g, 3) - 1
                                        : x; /* zeros and ones are met often */
    else
      v->i[i] = (int64_t)floor(x);
  }
  return tensor_of_value(g->arena, v);
}

static double leaf_limit(DType t) { return dtype_is_float(t) ? 2 : t == DT_bool ? 2 : t == DT_u8 ? 256 : 100; }
static double leaf_low(DType t) { return dtype_is_float(t) ? -2 : t == DT_i32 || t == DT_i64 ? -100 : 0; }

static Node *input_node(Gen *g, DType dtype, Shape shape, double lo, double hi) {
  Body *inside = body_leave(g);
  if (inside) return body_enter(g, inside, input_node(g, dtype, shape, lo, hi));
  Input *input = NEW(g->arena, Input);
  const char *name = arena_printf(g->arena, "x%d", g->inputs++);
  *input = (Input){.kind = INPUT_value,
                   .name = name,
                   .dtype = dtype,
                   .shape = shape,
                   .source = -1,
                   .field = -1,
                   .hyper = -1,
                   .value = random_tensor(g, dtype, shape, lo, hi),
                   .loc = here(g)};
  return graph_input(g->g, input);
}

static State *state_new(Gen *g, DType dtype, Shape shape) {
  const char *name = arena_printf(g->arena, "g%d.s%d", g->number, g->states++);
  State *s = module_state(g->m, name, dtype, shape, dtype == DT_f32 && chance(g, 50), here(g));
  s->init = graph_new(g->arena, name);
  Node *value =
      graph_const_tensor(s->init, random_tensor(g, dtype, shape, leaf_low(dtype), leaf_limit(dtype)), here(g));
  Output out = {.name = "value", .node = value, .loc = here(g)};
  vec_push(g->arena, s->init->outputs, out);
  vec_push(g->arena, g->mine, s);
  return s;
}

static Node *state_node(Gen *g, State *s) {
  Body *inside = body_leave(g);
  if (inside) return body_enter(g, inside, state_node(g, s));
  return graph_state(g->g, s, here(g));
}

Item make_leaf(Gen *g, DType t, Shape shape) {
  double limit = leaf_limit(t);
  switch (below(g, 10)) {
  case 0:
  case 1:
  case 2: return put(g, state_node(g, state_new(g, t, shape)), limit);
  case 3: return put(g, graph_full(g->g, t, shape, floor(uniform(g, leaf_low(t), limit) * 4) / 4, here(g)), limit);
  case 4: return put(g, graph_const_tensor(g->g, random_tensor(g, t, shape, leaf_low(t), limit), here(g)), limit);
  default: return put(g, input_node(g, t, shape, leaf_low(t), limit), limit);
  }
}

Item pick(Gen *g) { return g->pool.at[below(g, g->pool.n)]; }

Item pick_where(Gen *g, bool (*fits)(DType)) {
  int start = below(g, g->pool.n);
  for (int k = 0; k < g->pool.n; ++k) {
    Item item = g->pool.at[(start + k) % g->pool.n];
    if (fits(item.n->dtype)) return item;
  }
  DType t = fits(DT_f32) ? DT_f32 : fits(DT_i32) ? DT_i32 : DT_bool;
  return make_leaf(g, t, pick_shape(g));
}

/* ---- taming ---- */
Node *scaled(Gen *g, Node *n, double factor) { return graph_op2(g->g, OP_mul, n, graph_like(g->g, n, factor)); }

Item tame(Gen *g, Item a, double limit) {
  if (a.mag <= limit || !dtype_is_float(a.n->dtype)) return a;
  if (a.mag > 1e4) return put(g, graph_op1(g->g, OP_tanh, a.n), 1);
  return put(g, scaled(g, a.n, limit / a.mag), limit);
}

/* |a| + away: far from the poles at 0 */
static Node *positive(Gen *g, Node *a, double away) {
  return graph_op2(g->g, OP_add, graph_op1(g->g, OP_abs, a), graph_like(g->g, a, away));
}

/* ---- making an item fit a dtype and a shape ---- */
Item cast_item(Gen *g, Item a, DType t) {
  if (a.n->dtype == t) return a;
  if (dtype_is_float(t)) a = tame(g, a, 1e4);
  double mag = a.mag;
  Node *n = graph_cast(g->g, a.n, t);
  if (!dtype_is_float(t)) return put(g, n, dtype_is_float(a.n->dtype) ? fmin(mag, dtype_mag(t)) : dtype_mag(t));
  Item item = put(g, n, mag);
  return mag > 1e4 ? put(g, scaled(g, n, 1 / mag), 1) : item;
}

static Axes all_axes(int rank) {
  Axes axes = {.n = rank};
  for (int d = 0; d < rank; ++d) axes.at[d] = d;
  return axes;
}

Node *fit_shape(Gen *g, Node *n, Shape shape) {
  Shape joined;
  if (shape_equal(n->shape, shape)) return n;
  if (n->shape.rank == 0) return graph_broadcast(g->g, n, shape);
  if (shape_count(n->shape) == shape_count(shape)) return graph_reshape(g->g, n, shape);
  if (shape_broadcast(n->shape, shape, &joined) && shape_equal(joined, shape))
    return graph_broadcast_to(g->g, n, shape);
  if (n->dtype == DT_bool) return graph_cast(g->g, fit_shape(g, graph_cast(g->g, n, DT_u8), shape), DT_bool);
  Node *one = graph_reduce(g->g, chance(g, 50) ? OP_max : OP_min, n, all_axes(n->shape.rank));
  return shape.rank ? graph_broadcast(g->g, one, shape) : one;
}

Item operand(Gen *g, DType t, Shape shape) {
  int start = below(g, g->pool.n);
  for (int k = 0; k < g->pool.n; ++k) {
    Item item = g->pool.at[(start + k) % g->pool.n];
    if (item.n->dtype == t && shape_equal(item.n->shape, shape)) return item;
  }
  if (chance(g, 40)) return make_leaf(g, t, shape);
  Item a = cast_item(g, pick(g), t);
  return put(g, fit_shape(g, a.n, shape), a.mag);
}

/* ---- elementwise ---- */
static bool takes_float(DType t) { return dtype_is_float(t); }
static bool takes_number(DType t) { return t != DT_bool; }
static bool takes_integer(DType t) { return dtype_is_integer(t); }
static bool takes_discrete(DType t) { return !dtype_is_float(t); }
static bool takes_any(DType t) { return t < DTYPE_COUNT; }
static bool takes_u32(DType t) { return t == DT_u32; }

static void make_unary(Gen *g, Op op, Item a) {
  bool real = dtype_is_float(a.n->dtype);
  double mag = a.mag;
  if (op == OP_exp || op == OP_expm1) a = tame(g, a, 4), mag = 60;
  if (op == OP_sin || op == OP_cos) a = tame(g, a, 1e4), mag = 1;
  if (op == OP_tanh || op == OP_erf || op == OP_sign) mag = 1;
  if (op == OP_log1p) a = tame(g, a, 1e4), a.n = graph_op1(g->g, OP_abs, a.n), mag = 10;
  if (op == OP_log || op == OP_sqrt || op == OP_rsqrt) {
    a = tame(g, a, 1e4);
    a.n = positive(g, a.n, 0.1), mag = op == OP_sqrt ? 101 : 10;
  }
  if (op == OP_floor) mag += 1;
  put(g, graph_op1(g->g, op, a.n), real ? mag : dtype_mag(a.n->dtype));
}

static double binary_mag(Op op, double a, double b) {
  switch (op) {
  case OP_add:
  case OP_sub: return a + b;
  case OP_mul: return a * b;
  case OP_div: return a / 0.3;
  case OP_pow: return 300;
  default: return fmax(a, b) + 1;
  }
}

static void make_binary(Gen *g, Op op, Item a) {
  bool real = dtype_is_float(a.n->dtype);
  if (real) a = tame(g, a, op == OP_pow ? 4 : 100);
  Item b = operand(g, a.n->dtype, a.n->shape);
  if (real) b = tame(g, b, op == OP_pow ? 3 : 100);
  if (real && (op == OP_div || op == OP_mod)) b.n = positive(g, b.n, op == OP_div ? 0.3 : 0.7);
  if (real && op == OP_pow) a.n = positive(g, a.n, 0.2);
  if (chance(g, 50) && op != OP_div && op != OP_mod && op != OP_pow) {
    Item swap = a;
    a = b, b = swap;
  }
  put(g, graph_op2(g->g, op, a.n, b.n), op_info[op].domain == 'C' ? 1 : real ? binary_mag(op, a.mag, b.mag) : INFINITY);
}

static void make_ternary(Gen *g, Op op) {
  Item a = pick_where(g, op == OP_fma ? takes_float : takes_any);
  if (op == OP_fma) a = tame(g, a, 30);
  Item b = operand(g, a.n->dtype, a.n->shape), c = operand(g, op == OP_fma ? a.n->dtype : DT_bool, a.n->shape);
  if (op == OP_fma) {
    b = tame(g, b, 30), c = tame(g, c, 30);
    put(g, graph_op3(g->g, OP_fma, a.n, b.n, c.n), a.mag * b.mag + c.mag);
  } else {
    put(g, graph_op3(g->g, OP_where, c.n, a.n, b.n), fmax(a.mag, b.mag));
  }
}

static void make_bitcast(Gen *g) { /* to integers only: a float from any bits would be anything */
  Item a = pick_where(g, takes_number);
  if (dtype_is_float(a.n->dtype) && (g->hard || isinf(a.mag))) return; /* the bits of a NaN are not promised */
  int bytes = dtype_info[a.n->dtype].bytes;
  if (bytes == 4)
    put(g, graph_bitcast(g->g, a.n, chance(g, 50) ? DT_i32 : DT_u32), INFINITY);
  else if (bytes == 8)
    put(g, graph_bitcast(g->g, a.n, DT_i64), INFINITY);
}

static void make_elementwise(Gen *g) {
  Op op = (Op)below(g, OP_FIRST_STRUCTURAL);
  if (op == OP_bitcast) {
    make_bitcast(g);
    return;
  }
  if (op == OP_cast) {
    cast_item(g, pick(g), pick_dtype(g));
    return;
  }
  if (op == OP_where || op == OP_fma) {
    make_ternary(g, op);
    return;
  }
  bool (*fits)(DType) = takes_any;
  switch (op_info[op].domain) {
  case 'F': fits = takes_float; break;
  case 'N': fits = takes_number; break;
  case 'I': fits = op == OP_mulhi ? takes_u32 : takes_integer; break;
  case 'L': fits = takes_discrete; break;
  default: break;
  }
  if (op == OP_mulhi) cast_item(g, pick_where(g, takes_integer), DT_u32);
  Item a = pick_where(g, fits);
  if (op_info[op].operands == 1)
    make_unary(g, op, a);
  else
    make_binary(g, op, a);
}

/* ---- movement ---- */
static void make_reshape(Gen *g) {
  Item a = pick(g);
  int64_t rest = shape_count(a.n->shape);
  Shape s = {0};
  while (s.rank < 4 && (rest > 1 || chance(g, 30))) {
    int64_t d = 1 + below(g, 9);
    if (rest % d != 0) d = chance(g, 40) ? rest : 1;
    if (s.rank == 3) d = rest;
    s.dim[s.rank++] = d;
    rest /= d;
  }
  put(g, graph_reshape(g->g, a.n, rest == 1 ? s : a.n->shape), a.mag);
}

static Axes shuffled(Gen *g, int rank) {
  Axes axes = all_axes(rank);
  for (int d = rank - 1; d > 0; --d) {
    int k = below(g, d + 1), t = axes.at[d];
    axes.at[d] = axes.at[k], axes.at[k] = t;
  }
  return axes;
}

static void make_transpose(Gen *g) {
  Item a = pick(g);
  put(g, graph_transpose(g->g, a.n, shuffled(g, a.n->shape.rank)), a.mag);
}

static void make_broadcast(Gen *g) {
  Item a = pick(g);
  Shape s = a.n->shape;
  int64_t room = 3000 / shape_count(s);
  if (s.rank < 5 && chance(g, 60)) { /* a new dimension */
    int at = below(g, s.rank + 1);
    for (int d = s.rank++; d > at; --d) s.dim[d] = s.dim[d - 1];
    s.dim[at] = 1;
  }
  Node *n = graph_reshape(g->g, a.n, s);
  for (int d = 0; d < s.rank; ++d) {
    int64_t size = pick_dim(g);
    if (s.dim[d] == 1 && size <= room) s.dim[d] = size, room /= size;
  }
  put(g, graph_broadcast(g->g, n, s), a.mag);
}

static void make_slice(Gen *g) {
  Item a = pick(g);
  int64_t low[RANK_MAX] = {0}, high[RANK_MAX] = {0}, step[RANK_MAX] = {0};
  for (int d = 0; d < a.n->shape.rank; ++d) {
    int size = (int)a.n->shape.dim[d];
    low[d] = chance(g, 50) ? 0 : below(g, size);
    high[d] = chance(g, 40) ? size : low[d] + 1 + below(g, size - (int)low[d]);
    step[d] = chance(g, 70) ? 1 : 1 + below(g, 3);
  }
  put(g, graph_slice(g->g, a.n, low, high, step), a.mag);
}

static void make_pad(Gen *g) {
  Item a = pick(g);
  int64_t low[RANK_MAX] = {0}, high[RANK_MAX] = {0}, inside[RANK_MAX] = {0};
  if (shape_count(a.n->shape) > 600) return;
  for (int d = 0; d < a.n->shape.rank; ++d) {
    low[d] = chance(g, 50) ? 0 : below(g, 3);
    high[d] = chance(g, 50) ? 0 : below(g, 3);
    inside[d] = chance(g, 80) ? 0 : below(g, 3);
  }
  double fill = chance(g, 60) ? 0 : 1;
  put(g, graph_pad(g->g, a.n, low, high, inside, fill), fmax(a.mag, 1));
}

static void make_concat(Gen *g) {
  Item a = pick(g);
  if (a.n->shape.rank == 0 || shape_count(a.n->shape) > 900) return;
  int dim = below(g, a.n->shape.rank), n = 1 + below(g, 4);
  Node *in[5] = {a.n};
  double mag = a.mag;
  for (int i = 1; i < n; ++i) {
    Shape s = a.n->shape;
    if (chance(g, 50)) s.dim[dim] = 1 + below(g, 5);
    Item b = chance(g, 20) ? a : operand(g, a.n->dtype, s);
    in[i] = b.n, mag = fmax(mag, b.mag);
  }
  put(g, graph_concat(g->g, n, in, dim), mag);
}

static void make_reverse(Gen *g) {
  Item a = pick(g);
  Axes dims = {0};
  for (int d = 0; d < a.n->shape.rank; ++d)
    if (chance(g, 50)) dims.at[dims.n++] = d;
  put(g, graph_reverse(g->g, a.n, dims), a.mag);
}

/* Up to three windowed dimensions, in any order: overlapping, side by side, with gaps, with a rest that is not covered.
 */
static int pick_windows(Gen *g, Shape s, Axes *dims, int64_t *size, int64_t *stride, int64_t *dilation) {
  Axes order = shuffled(g, s.rank);
  int64_t count = shape_count(s);
  *dims = (Axes){0};
  for (int i = 0; i < order.n && dims->n < 3 && s.rank + dims->n < 7; ++i) {
    int d = order.at[i], k = dims->n;
    if (chance(g, 40)) continue;
    dilation[k] = chance(g, 70) ? 1 : 1 + below(g, 3);
    int most = (int)((s.dim[d] - 1) / dilation[k]) + 1;
    size[k] = 1 + below(g, most < 5 ? most : 5);
    stride[k] = chance(g, 45) ? 1 : chance(g, 40) ? size[k] : 1 + below(g, 4);
    if (count * size[k] / stride[k] > 6000) continue;
    count = count * size[k] / stride[k];
    dims->at[dims->n++] = d;
  }
  return dims->n;
}

static void make_window(Gen *g) {
  Item a = pick(g);
  Axes dims;
  int64_t size[RANK_MAX], stride[RANK_MAX], dilation[RANK_MAX], extent[RANK_MAX] = {0};
  if (g->hard) return; /* pass convolution pads: its zeros meet an Inf that no window would */
  if (!pick_windows(g, a.n->shape, &dims, size, stride, dilation)) return;
  Node *y = graph_window(g->g, a.n, dims, size, stride, dilation);
  if (a.n->dtype == DT_bool || chance(g, 50)) {
    put(g, y, a.mag);
    return;
  }
  double terms = 1;
  a = tame(g, chance(g, 50) ? (Item){y, a.mag} : operand(g, a.n->dtype, y->shape), 100);
  for (int k = 0; k < dims.n; ++k) {
    int64_t rest = below(g, (int)stride[k]);
    terms *= (double)size[k];
    extent[k] = (y->shape.dim[dims.at[k]] - 1) * stride[k] + (size[k] - 1) * dilation[k] + 1 + rest;
  }
  y = graph_unwindow(g->g, a.n, dims, size, stride, dilation, extent);
  put(g, y, dtype_is_float(y->dtype) ? a.mag * terms : INFINITY);
}

/* ---- reductions and products ---- */
static void make_reduce(Gen *g) {
  static const Op ops[] = {OP_sum, OP_sum, OP_sum, OP_max, OP_min, OP_prod, OP_argmax, OP_argmin};
  Op op = ops[below(g, 8)];
  Item a = pick_where(g, takes_number);
  Axes dims = {0};
  int rank = a.n->shape.rank;
  bool position = op == OP_argmax || op == OP_argmin;
  if (position && rank == 0) return;
  for (int d = 0; d < rank; ++d)
    if (chance(g, 50)) dims.at[dims.n++] = d;
  if (position) dims.n = 1, dims.at[0] = below(g, rank);
  double count = 1;
  for (int i = 0; i < dims.n; ++i) count *= (double)a.n->shape.dim[dims.at[i]];
  if (op == OP_prod && dtype_is_float(a.n->dtype))
    a.n = graph_op1(g->g, OP_tanh, a.n), a.mag = 1;
  else
    a = tame(g, a, 1e3);
  double mag = op == OP_sum ? a.mag * count : position ? count : a.mag;
  put(g, graph_reduce(g->g, op, a.n, dims), dtype_is_float(a.n->dtype) || position ? mag : INFINITY);
}

static void make_cumsum(Gen *g) {
  Item a = tame(g, pick_where(g, takes_number), 1e3);
  if (a.n->shape.rank == 0) return;
  int dim = below(g, a.n->shape.rank);
  double mag = a.mag * (double)a.n->shape.dim[dim];
  put(g, graph_cumsum(g->g, a.n, dim), dtype_is_float(a.n->dtype) ? mag : INFINITY);
}

/* The positions, the sorted elements (of a vector), or the ranks: positions of the positions. */
static void make_sort(Gen *g) {
  Item a = pick_where(g, takes_number);
  if (a.n->shape.rank == 0) return;
  int dim = below(g, a.n->shape.rank);
  if (chance(g, 30)) { /* with many equal elements */
    Item whole = tame(g, a, 3);
    a.n = dtype_is_float(whole.n->dtype) ? graph_op1(g->g, OP_floor, whole.n) : whole.n;
  }
  Node *at = graph_argsort(g->g, a.n, dim);
  if (a.n->shape.rank == 1 && chance(g, 60))
    put(g, graph_gather(g->g, a.n, at, 0), fmax(a.mag, 4));
  else
    put(g, chance(g, 30) ? graph_argsort(g->g, at, dim) : at, (double)a.n->shape.dim[dim]);
}

/* b gets a's batch and contracted dimensions, some of its own, in any order. */
static void make_dot(Gen *g) {
  Item a = tame(g, pick_where(g, takes_float), 8);
  Axes batch = {0}, k = {0}, batch_b = {0}, k_b = {0}, order = shuffled(g, a.n->shape.rank);
  Shape s = {0};
  int source[RANK_MAX]; /* of b's dimension d, before shuffling: dim of a, or -1 */
  for (int i = 0; i < order.n; ++i) {
    int d = order.at[i], role = below(g, 5);
    if (role == 0 && batch.n < 2)
      batch.at[batch.n++] = d;
    else if (role <= 2)
      k.at[k.n++] = d;
    else
      continue;
    source[s.rank] = d;
    s.dim[s.rank++] = a.n->shape.dim[d];
  }
  for (int extra = below(g, 3); extra > 0 && s.rank < 5; --extra) {
    int64_t size = pick_dim(g);
    if (size * shape_count(s) > 4000 || size * shape_count(a.n->shape) > 20000) continue;
    source[s.rank] = -1;
    s.dim[s.rank++] = size;
  }
  Axes at = shuffled(g, s.rank);
  Shape shape = {.rank = s.rank};
  int where[RANK_MAX] = {0}; /* dimension of b that stands for a's dimension */
  for (int d = 0; d < s.rank; ++d) {
    shape.dim[d] = s.dim[at.at[d]];
    if (source[at.at[d]] >= 0) where[source[at.at[d]]] = d;
  }
  batch_b.n = batch.n, k_b.n = k.n;
  for (int i = 0; i < batch.n; ++i) batch_b.at[i] = where[batch.at[i]];
  for (int i = 0; i < k.n; ++i) k_b.at[i] = where[k.at[i]];
  double terms = 1, out = (double)shape_count(shape) * (double)shape_count(a.n->shape);
  for (int i = 0; i < k.n; ++i) terms *= (double)a.n->shape.dim[k.at[i]];
  for (int i = 0; i < batch.n; ++i) out /= (double)a.n->shape.dim[batch.at[i]];
  if (out / terms / terms > 6000 || a.n->shape.rank + s.rank - batch.n - 2 * k.n > 6) return;
  Item b = tame(g, operand(g, a.n->dtype, shape), 8);
  bool swap = chance(g, 50);
  Node *y =
      swap ? graph_dot(g->g, b.n, a.n, batch_b, batch, k_b, k) : graph_dot(g->g, a.n, b.n, batch, batch_b, k, k_b);
  put(g, y, a.mag * b.mag * terms);
}

/* A convolution as models have them: padded, windowed, in groups or not, the result's channels moved to their place. */
static void make_convolution(Gen *g) {
  if (g->hard) return;
  int64_t n = 1 + below(g, 3), groups = chance(g, 75) ? 1 : 2, c = 1 + below(g, 4), o = 1 + below(g, 6),
          none[RANK_MAX] = {0};
  Shape s = {5, {n, groups, c, 3 + below(g, 7), 3 + (chance(g, 20) ? below(g, 30) : below(g, 9))}};
  DType t = chance(g, 85) ? DT_f32 : DT_f64;
  Item x = tame(g, operand(g, t, s), 4);
  int64_t low[RANK_MAX] = {0}, high[RANK_MAX] = {0}, size[2], stride[2], dilation[2], terms = c;
  Shape w = {5, {groups, o, c, 0, 0}};
  for (int k = 0; k < 2; ++k) {
    low[3 + k] = below(g, 3), high[3 + k] = below(g, 3);
    size[k] = w.dim[3 + k] = 1 + below(g, 3), terms *= size[k];
    dilation[k] = chance(g, 80) || size[k] > 2 ? 1 : 2;
    stride[k] = chance(g, 60) ? 1 : 1 + below(g, 3);
  }
  Node *y = chance(g, 70) ? graph_pad(g->g, x.n, low, high, none, 0) : x.n;
  y = graph_window(g->g, y, (Axes){2, {3, 4}}, size, stride, dilation); /* [n, g, c, h, w, kh, kw] */
  Item weight = tame(g, operand(g, t, w), 4);
  Axes k = {3, {2, 3, 4}}, k_y = {3, {2, 5, 6}};
  y = graph_dot(g->g, weight.n, y, (Axes){1, {0}}, (Axes){1, {1}}, k, k_y); /* [g, o, n, h, w] */
  put(g, chance(g, 70) ? graph_transpose(g->g, y, (Axes){5, {2, 0, 1, 3, 4}}) : y, x.mag * weight.mag * (double)terms);
}

/* ---- indices ---- */
static Node *index_node(Gen *g, Shape shape, int64_t limit) {
  DType t = chance(g, 80) ? DT_i32 : DT_i64;
  if (chance(g, 70)) return input_node(g, t, shape, 0, (double)limit);
  Item a = cast_item(g, pick(g), t); /* mod brings any integer into range */
  return graph_op2(g->g, OP_mod, fit_shape(g, a.n, shape), graph_full(g->g, t, shape, (double)limit, here(g)));
}

static Shape index_shape(Gen *g) {
  Shape s = {.rank = below(g, 3)};
  for (int d = 0; d < s.rank; ++d) s.dim[d] = chance(g, 10) ? 33 : 1 + below(g, 7);
  return s;
}

static Shape indexed_shape(Shape x, int dim, Shape index) {
  Shape s = {0};
  for (int d = 0; d < dim; ++d) s.dim[s.rank++] = x.dim[d];
  for (int d = 0; d < index.rank; ++d) s.dim[s.rank++] = index.dim[d];
  for (int d = dim + 1; d < x.rank; ++d) s.dim[s.rank++] = x.dim[d];
  return s;
}

static void make_gather(Gen *g) {
  Item x = pick(g);
  if (x.n->shape.rank == 0 || shape_count(x.n->shape) > 900) return;
  int dim = below(g, x.n->shape.rank);
  Node *index = index_node(g, index_shape(g), x.n->shape.dim[dim]);
  if (shape_count(indexed_shape(x.n->shape, dim, index->shape)) > 8000) return;
  put(g, graph_gather(g->g, x.n, index, dim), x.mag);
}

/* x with rows of something added or replaced; NULL node: x does not suit. */
static Item scattered(Gen *g, Item x) {
  Item none = {NULL, 0};
  if (x.n->shape.rank == 0 || shape_count(x.n->shape) > 900) return none;
  int dim = below(g, x.n->shape.rank);
  Node *index = index_node(g, index_shape(g), x.n->shape.dim[dim]);
  Shape s = indexed_shape(x.n->shape, dim, index->shape);
  if (shape_count(s) > 4000) return none;
  bool add = x.n->dtype != DT_bool && chance(g, 50);
  Item source = tame(g, operand(g, x.n->dtype, s), 10);
  double mag = add ? x.mag + source.mag * (double)shape_count(index->shape) : fmax(x.mag, source.mag);
  Node *y = (add ? graph_scatter : graph_scatter_set)(g->g, x.n, index, source.n, dim);
  return put(g, y, dtype_is_float(x.n->dtype) ? mag : INFINITY);
}

static void make_scatter(Gen *g) {
  scattered(g, tame(g, pick_where(g, chance(g, 50) ? takes_number : takes_any), 100));
}

/* ---- leaves and effects ---- */
static void make_random_leaf(Gen *g) { make_leaf(g, pick_dtype(g), pick_shape(g)); }

static void make_iota(Gen *g) {
  int64_t n = pick_dim(g);
  put(g, graph_iota(g->g, n, here(g)), (double)n);
}

/* u32 bits, and most often the floats in [0, 1) that a model makes of them */
static void make_bits(Gen *g) {
  Node *seed = state_node(g, g->m->seed);
  Node *calls =
      chance(g, 50) ? graph_const(g->g, DT_u32, below(g, 5), here(g)) : state_node(g, state_new(g, DT_u32, (Shape){0}));
  Node *turn = g->body && g->body->turn ? g->body->turn : chance(g, 50) ? graph_const(g->g, DT_u32, 0, here(g)) : calls;
  Shape shape = pick_shape(g), leading = shape;
  if (shape.rank > 0 && chance(g, 30)) { /* a draw for each of many turns */
    leading.rank = 1 + below(g, shape.rank);
    turn = cast_item(g, operand(g, DT_i32, leading), DT_u32).n;
  }
  Node *bits = graph_random(g->g, seed, calls, turn, shape, g->places++, here(g));
  if (chance(g, 20)) {
    put(g, bits, 0x1p32);
    return;
  }
  Node *eight = graph_like(g->g, bits, 8);
  Node *whole = graph_cast(g->g, graph_op2(g->g, OP_shr, bits, eight), pick_float_dtype(g) == DT_f64 ? DT_f64 : DT_f32);
  put(g, scaled(g, whole, 0x1p-24), 1);
}

static void make_assign(Gen *g) {
  if (g->mine.n == 0 || g->body) return;
  State *s = g->mine.at[below(g, g->mine.n)];
  Item value = tame(g, operand(g, s->dtype, s->shape), 100);
  put(g, graph_assign(g->g, s, value.n, here(g)), value.mag);
}

/* Rows of a state replaced, once or twice, and the state assigned: what caches do. */
static void make_cache(Gen *g) {
  if (g->mine.n == 0 || g->body) return;
  State *s = g->mine.at[below(g, g->mine.n)];
  Item x = {graph_state(g->g, s, here(g)), leaf_limit(s->dtype)};
  for (int i = 1 + below(g, 2); i > 0 && x.n; --i) {
    x = scattered(g, x);
    if (x.n && chance(g, 20))
      x.n = graph_reshape(g->g, graph_reshape(g->g, x.n, shape_of(1, shape_count(s->shape))), s->shape);
  }
  if (x.n && x.mag < 1e5) put(g, graph_assign(g->g, s, x.n, here(g)), x.mag);
}

static void make_stop(Gen *g) {
  Item a = pick(g);
  Node *in[1] = {a.n};
  put(g, graph_add(g->g, OP_stop_gradient, 1, in, NULL, here(g)), a.mag);
}

static const struct Production {
  int weight;
  void (*make)(Gen *g);
} productions[] = {
    {30, make_elementwise}, {4, make_reshape},     {4, make_transpose},   {6, make_broadcast}, {5, make_slice},
    {3, make_pad},          {3, make_concat},      {2, make_reverse},     {8, make_reduce},    {7, make_dot},
    {3, make_gather},       {3, make_scatter},     {4, make_random_leaf}, {1, make_iota},      {2, make_bits},
    {3, make_cumsum},       {3, make_sort},        {2, make_cache},       {3, make_assign},    {1, make_stop},
    {5, make_window},       {4, make_convolution}, {5, make_control},
};

void make_something(Gen *g) {
  int total = 0, k = 0;
  for (size_t i = 0; i < sizeof productions / sizeof *productions; ++i) total += productions[i].weight;
  for (int left = below(g, total); left >= productions[k].weight; ++k) left -= productions[k].weight;
  productions[k].make(g);
}

/* ---- gradients ---- */
void make_gradients(Gen *g) {
  Item y = tame(g, pick_where(g, takes_float), 10);
  Node *xs[3], *gradients[3], *cotangent = NULL;
  int n = 0;
  for (int tries = 0; tries < 12 && n < 3; ++tries) {
    Item x = pick_where(g, takes_float);
    bool known = x.n == y.n;
    for (int i = 0; i < n; ++i) known = known || xs[i] == x.n;
    if (!known && (x.n->op == OP_state || x.n->op == OP_input || chance(g, 20))) xs[n++] = x.n;
  }
  if (n == 0) return;
  if (chance(g, 50))
    cotangent = graph_like(g->g, y.n, 1);
  else
    y.n = graph_reduce(g->g, OP_sum, y.n, all_axes(y.n->shape.rank));
  graph_gradient(g->g, y.n, cotangent, n, xs, gradients);
  for (int i = 0; i < n; ++i)
    if (gradients[i]) put(g, gradients[i], INFINITY);
}

/* ---- functions ---- */
/* What nothing reads is an output, the latest first, six at most; or the last node. */
static void choose_outputs(Gen *g) {
  int *uses = NEW_N(g->arena, int, g->g->nodes.n);
  graph_use_counts(g->g, uses);
  for (int i = g->g->nodes.n - 1; i >= 0 && g->g->outputs.n < 6; --i) {
    Node *n = g->g->nodes.at[i];
    if (uses[i] > 0 || n->op == OP_const || n->attr->body) continue;
    Output out = {.name = arena_printf(g->arena, "y%d", g->g->outputs.n), .node = n, .loc = here(g)};
    vec_push(g->arena, g->g->outputs, out);
  }
}

static Graph *random_graph(Gen *g) {
  g->g = graph_new(g->arena, arena_printf(g->arena, "g%d", g->number));
  bool gradients = g->options.gradients && chance(g, 35);
  g->hard = chance(g, 12);
  int target = 3 + below(g, (gradients ? g->options.nodes / 2 : g->options.nodes - 8) - 3);
  for (int i = 1 + below(g, 3); i > 0; --i) make_leaf(g, chance(g, 80) ? DT_f32 : pick_dtype(g), pick_shape(g));
  while (g->g->nodes.n < target) make_something(g);
  if (gradients) make_gradients(g);
  for (int i = below(g, 4); gradients && i > 0; --i) make_something(g);
  choose_outputs(g);
  return g->g;
}

static void random_func(Arena *arena, Module *m, uint64_t seed, int number, RandomOptions options) {
  Gen gen = {.arena = arena, .m = m, .options = options, .number = number};
  gen.random = seed * UINT64_C(0x2545f4914f6cdd1d) + (uint64_t)number * UINT64_C(0xd1342543de82ef95);
  gen.places = (uint32_t)number * 64;
  Variant variant = {.rows = 0, .graph = random_graph(&gen)};
  Func *f = NEW(arena, Func);
  f->name = variant.graph->name;
  f->loc = here(&gen);
  vec_push(arena, f->variants, variant);
  vec_push(arena, m->funcs, f);
}

Module *random_module(Arena *arena, uint64_t seed, int first, int count, RandomOptions options) {
  Module *m = module_new(arena);
  m->name = "fuzz", m->file = "fuzz.lua";
  if (!m->seed) m->seed = module_state(m, "nnrt.seed", DT_u32, shape_of(1, (int64_t)2), false, (Loc){0});
  for (int i = 0; i < count; ++i) random_func(arena, m, seed, first + i, options);
  return m;
}
