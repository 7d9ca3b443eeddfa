/* random_compare.c: the evaluator's results with a bound on what rounding may change in them.
 *
 * The evaluator rounds at every node as emitted code does, so elementwise + - * / sqrt and comparisons agree to the
 * bit. What may differ are the inexact nodes: sums and products have another order, functions of math.ir an error of
 * some ulps. How far such an error carries is found by experiment: the graph is rebuilt with noise of a few ulps behind
 * each inexact node (relative to the sum of absolute terms where terms may cancel), evaluated several times, and the
 * largest change of each element, times a margin, is its slack. An element beside a jump (floor, compare, argmax) that
 * noise can push over gets the jump as its slack. */
#include "random_compare.h"

#include <math.h>

enum { MARGIN = 8 };

typedef struct Noise {
  uint64_t random;
} Noise;

/* ---- what states and inputs hold ---- */
typedef struct World {
  Arena *arena;
  const Module *m;
} World;

static Value *world_input(void *context, const Input *input) {
  World *w = context;
  return input->value ? value_of_tensor(w->arena, input->value) : value_new(w->arena, input->dtype, input->shape);
}

static Value *world_state(void *context, const State *state) {
  World *w = context;
  if (state == w->m->seed) {
    Value *v = value_new(w->arena, state->dtype, state->shape);
    for (int64_t i = 0; i < shape_count(state->shape); ++i) v->i[i] = 1234 + i;
    return v;
  }
  if (!state->init) return value_new(w->arena, state->dtype, state->shape);
  Env env = {.arena = w->arena, .state = world_state, .input = world_input, .context = w, .round = true};
  return graph_eval(state->init, &env)[state->init->outputs.at[0].node->id];
}

bool state_is_of(const State *s, const Graph *g) {
  size_t n = strlen(g->name);
  return strncmp(s->name, g->name, n) == 0 && s->name[n] == '.';
}

Value *value_of_bytes(Arena *arena, DType dtype, Shape shape, const void *bytes) {
  Tensor t = {.dtype = dtype,
              .shape = shape,
              .data = arena_alloc(arena, (size_t)shape_count(shape) * (size_t)dtype_info[dtype].bytes)};
  memcpy(t.data, bytes, (size_t)shape_count(shape) * (size_t)dtype_info[dtype].bytes);
  return value_of_tensor(arena, &t);
}

/* ---- noise ---- */
static double unit_of(DType t) {
  return t == DT_f64 ? 0x1p-53 : t == DT_f16 ? 0x1p-11 : t == DT_bf16 ? 0x1p-8 : 0x1p-24;
}

/* Terms that may cancel: the noise is relative to the sum of their absolute values. Else NULL: to the result. */
static Node *absolute_terms(Graph *to, const Node *n, Node *const *in) {
  Node *absolute[3];
  if (n->op != OP_dot && n->op != OP_sum && n->op != OP_cumsum && n->op != OP_scatter && n->op != OP_unwindow &&
      n->op != OP_mod)
    return NULL;
  bool chain = n->op != OP_mod; /* 16-bit terms grow in f32: their sum need not fit the dtype */
  for (int i = 0; i < n->nin; ++i) {
    absolute[i] = dtype_is_float(in[i]->dtype) ? graph_op1(to, OP_abs, in[i]) : in[i];
    if (chain && dtype_is_float(in[i]->dtype)) absolute[i] = graph_cast(to, absolute[i], dtype_chain(in[i]->dtype));
  }
  /* a - b * floor(a / b): two terms of about |a|, at most |a| + |b| */
  if (n->op == OP_mod) return graph_op2(to, OP_add, absolute[0], absolute[1]);
  return graph_add(to, n->op, n->nin, absolute, n->attr, n->loc);
}

static bool is_inexact(const Node *n) {
  if (!dtype_is_float(n->dtype)) return false;
  switch (n->op) {
  case OP_dot:
  case OP_sum:
  case OP_prod:
  case OP_cumsum:
  case OP_scatter:
  case OP_unwindow:
  case OP_rsqrt:
  case OP_fma: /* the evaluator rounds twice */
  case OP_mod: return true;
  case OP_cast: return true; /* i64 to f32, f64 to f16 */
  default: return op_is_elementwise(n->op) && op_info[n->op].math;
  }
}

/* How many terms a chain adds, at least: n terms of one size err by up to (n - 1) units of their sum, all to one side
 * (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., eq. 4.6). */
static double chain_terms(const Node *n, Node *const *in) {
  double count = (double)shape_count(n->shape);
  if (count < 1) return 1;
  if (n->op == OP_sum) return (double)shape_count(in[0]->shape) / count;
  if (n->op == OP_cumsum) return (double)n->shape.dim[n->attr->dim];
  if (n->op == OP_dot) return sqrt((double)shape_count(in[0]->shape) * (double)shape_count(in[1]->shape) / count);
  return 1;
}

/* A scatter's chains differ in length: one that adds n terms has the noise of four units (noise_node) and of n / 2
 * besides, where a scatter of ones says n. */
static Node *scatter_size(Graph *to, const Node *n, Node *const *in, Node *terms) {
  Node *zeros = graph_full(to, DT_f64, in[0]->shape, 0, n->loc),
       *ones = graph_full(to, DT_f64, in[2]->shape, 1, n->loc);
  Node *count = graph_scatter(to, zeros, in[1], ones, n->attr->dim);
  Node *times =
      graph_op2(to, OP_add, graph_like(to, count, 1), graph_op2(to, OP_mul, count, graph_like(to, count, 0.125)));
  return graph_op2(to, OP_mul, terms, times);
}

/* Several units of rounding, or `units` if that is more. */
static Node *noise_node(Graph *to, Noise *noise, const Node *like, DType unit, double units) {
  Tensor t = {.dtype = DT_f64, .shape = like->shape};
  int64_t count = shape_count(like->shape);
  double *x = NEW_N(to->arena, double, count);
  for (int64_t i = 0; i < count; ++i) {
    noise->random = noise->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    double u = (double)(noise->random >> 11) * 0x1p-52 - 1; /* in [-1, 1) */
    x[i] = fmax(4, units) * unit_of(unit) * (u < 0 ? u - 0.25 : u + 0.25);
  }
  t.data = x;
  return graph_const_tensor(to, &t, like->loc);
}

static Rewrite add_noise;

/* A control node with noise in its subgraphs: the same in every turn. */
static Node *add_noise_inside(Graph *to, const Node *n, Node *const *in, void *context) {
  Attr attr = *n->attr;
  attr.body = graph_rebuild(attr.body, add_noise, context);
  if (attr.other) attr.other = graph_rebuild(attr.other, add_noise, context);
  return graph_add(to, n->op, n->nin, in, &attr, n->loc);
}

/* y + |terms| * noise, worked out in f64. The chain of a 16-bit sum rounds in f32; what the one rounding at the node
 * makes of that is at most a unit of the result. */
static Node *add_noise(Graph *to, const Node *n, Node *const *in, void *context) {
  if (n->attr->body) return add_noise_inside(to, n, in, context);
  Node *y = graph_copy_node(to, n, in);
  if (!is_inexact(n)) return y;
  Node *terms = absolute_terms(to, n, in);
  Node *wide = graph_cast(to, y, DT_f64), *size = graph_cast(to, terms ? terms : y, DT_f64);
  if (n->op == OP_scatter) size = scatter_size(to, n, in, size);
  bool chain = (terms && n->op != OP_mod) || n->op == OP_prod;
  double units = chain_terms(n, in) / MARGIN * 4; /* |noise| is a quarter of it at least, and its effect times MARGIN */
  Node *shift =
      graph_op2(to, OP_mul, size, noise_node(to, context, y, chain ? dtype_chain(y->dtype) : y->dtype, units));
  if (chain && dtype_chain(y->dtype) != y->dtype)
    shift = graph_op2(to, OP_add, shift, graph_op2(to, OP_mul, wide, noise_node(to, context, y, y->dtype, 1)));
  return graph_cast(to, graph_op2(to, OP_add, wide, shift), n->dtype);
}

/* ---- results ---- */
static int result_count(const Module *m, const Graph *g) {
  int n = g->outputs.n;
  for (int i = 0; i < m->states.n; ++i) n += state_is_of(m->states.at[i], g);
  return n;
}

static const Node *assign_of(const Graph *g, const State *s) {
  for (int i = 0; i < g->assigns.n; ++i)
    if (g->assigns.at[i]->attr->state == s) return g->assigns.at[i];
  return NULL;
}

static void evaluate(Arena *arena, const Module *m, const Graph *g, const Value **into) {
  World world = {arena, m};
  Env env = {.arena = arena, .state = world_state, .input = world_input, .context = &world, .round = true};
  Value **values = graph_eval(g, &env);
  int n = 0;
  for (int i = 0; i < g->outputs.n; ++i) into[n++] = values[g->outputs.at[i].node->id];
  for (int i = 0; i < m->states.n; ++i) {
    const State *s = m->states.at[i];
    const Node *assign = assign_of(g, s);
    if (state_is_of(s, g)) into[n++] = assign ? values[assign->id] : world_state(&world, s);
  }
}

static double element(const Value *v, int64_t i) { return v->f ? v->f[i] : (double)v->i[i]; }

static void widen(double *slack, const Value *base, const Value *noisy) {
  for (int64_t i = 0; i < shape_count(base->shape); ++i) {
    double a = element(base, i), b = element(noisy, i);
    double change = a == b || (isnan(a) && isnan(b)) ? 0 : fabs(a - b);
    if (isnan(change)) change = INFINITY;
    slack[i] = fmax(slack[i], MARGIN * change);
  }
}

static double *least_slack(Arena *arena, const Value *v) {
  double *slack = NEW_N(arena, double, shape_count(v->shape) + 1);
  for (int64_t i = 0; v->f && i < shape_count(v->shape); ++i) {
    double least = v->dtype == DT_f64 ? 1e-300 : v->dtype == DT_f16 ? 0x1p-24 : 0x1p-126;
    slack[i] = isfinite(v->f[i]) ? 2 * unit_of(v->dtype) * fabs(v->f[i]) + least : 0;
  }
  return slack;
}

Reference *reference_make(Arena *arena, const Module *m, const Graph *g, int runs) {
  Reference *r = NEW(arena, Reference);
  r->n = result_count(m, g);
  r->at = NEW_N(arena, Result, r->n + 1);
  const Value **value = NEW_N(arena, const Value *, r->n + 1);
  double **slack = NEW_N(arena, double *, r->n + 1);
  evaluate(arena, m, g, value);
  for (int k = 0; k < r->n; ++k) slack[k] = least_slack(arena, value[k]);
  Noise noise = {.random = 99};
  for (int run = 0; run < runs; ++run) {
    const Value **noisy = NEW_N(arena, const Value *, r->n + 1);
    evaluate(arena, m, graph_rebuild(g, add_noise, &noise), noisy);
    for (int k = 0; k < r->n; ++k) widen(slack[k], value[k], noisy[k]);
  }
  int n = 0;
  for (int i = 0; i < g->outputs.n; ++i) r->at[n++].name = g->outputs.at[i].name;
  for (int i = 0; i < m->states.n; ++i)
    if (state_is_of(m->states.at[i], g)) r->at[n++].name = m->states.at[i]->name;
  for (int k = 0; k < r->n; ++k) r->at[k].value = value[k], r->at[k].slack = slack[k];
  return r;
}

static bool element_fits(double want, double got, double slack) {
  if (want == got || (isnan(want) && isnan(got)) || slack == INFINITY) return true;
  return fabs(want - got) <= slack;
}

const char *reference_differs(Arena *arena, const Reference *r, int k, const Value *got, bool exact) {
  const Result *want = &r->at[k];
  if (got->dtype != want->value->dtype || !shape_equal(got->shape, want->value->shape))
    return arena_printf(arena, "%s: another dtype or shape", want->name);
  for (int64_t i = 0; i < shape_count(got->shape); ++i) {
    bool same = got->i ? got->i[i] == want->value->i[i] : false;
    if (same || element_fits(element(want->value, i), element(got, i), exact ? 0 : want->slack[i])) continue;
    return arena_printf(arena, "%s %s %s element %lld: %.17g, the evaluator says %.17g +- %.3g", want->name,
                        dtype_info[got->dtype].name, shape_text(arena, got->shape), (long long)i, element(got, i),
                        element(want->value, i), want->slack[i]);
  }
  return NULL;
}
