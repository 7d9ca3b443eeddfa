/* random_control.c: random loops and branches: scans with carries, rows and captured operands, forward and in reverse,
 * scans whose turns are independent (nn.vmap), loops with a run-time count, branches; one level inside another.
 *
 * A body is made like a function, from a pool of its own that starts with its carries and rows. Leaves are made outside
 * and captured. Carries of floats stay within CARRY, so that a loop neither explodes nor hides its errors; a loop's
 * count is integer data of at most TURNS. */
#include "random_gen.h"

#include <math.h>

enum { CARRY = 4, TURNS = 5, LENGTH = 9, DEPTH = 2 };

/* ---- bodies ---- */
static void pools_swap(Gen *g, Body *b) {
  Pool pool = g->pool;
  g->pool = b->pool;
  b->pool = pool;
}

Body *body_leave(Gen *g) {
  Body *b = g->body;
  if (!b) return NULL;
  pools_swap(g, b);
  Graph *inner = g->g;
  g->g = b->g, b->g = inner;
  g->body = b->outer;
  return b;
}

static void body_return(Gen *g, Body *b) {
  pools_swap(g, b);
  Graph *outer = g->g;
  g->g = b->g, b->g = outer;
  g->body = b;
}

static Node *capture(Gen *g, Node *operand) {
  Body *b = g->body;
  for (int i = 0; i < b->operand.n; ++i)
    if (b->operand.at[i] == operand) return b->captured.at[i];
  Node *n = graph_bound(g->g, "captured", operand->dtype, operand->shape, here(g));
  vec_push(g->arena, b->operand, operand);
  vec_push(g->arena, b->captured, n);
  return n;
}

Node *body_enter(Gen *g, Body *b, Node *operand) {
  body_return(g, b);
  return capture(g, operand);
}

static Body *body_open(Gen *g, const char *name) {
  Body *b = NEW(g->arena, Body);
  b->g = graph_new(g->arena, name);
  b->outer = g->body;
  body_return(g, b);
  ++g->depth;
  return b;
}

static Graph *body_close(Gen *g) {
  Graph *made = g->g;
  body_leave(g);
  --g->depth;
  return made;
}

static void give(Gen *g, const char *name, Node *n) {
  Output o = {arena_printf(g->arena, "%s.%d", name, g->g->outputs.n), n, here(g)};
  vec_push(g->arena, g->g->outputs, o);
}

/* A tensor of the pool around, captured. */
static void capture_some(Gen *g, int n) {
  while (n-- > 0) {
    Body *b = body_leave(g);
    Item a = pick(g);
    Node *inner = body_enter(g, b, a.n);
    put(g, inner, a.mag);
  }
}

static void fill_body(Gen *g, int nodes) {
  capture_some(g, 1 + below(g, 2));
  for (int target = g->g->nodes.n + nodes; g->g->nodes.n < target;) make_something(g);
  if (g->options.gradients && chance(g, 12)) make_gradients(g);
}

/* ---- carries and results ---- */
static double carry_limit(DType t) { return dtype_is_float(t) ? CARRY : dtype_mag(t); }

/* Something of the body in the carry's type, often mixed with the carry as it came. */
static Node *next_carry(Gen *g, Node *carry) {
  int recent = g->pool.n > 6 && chance(g, 60) ? 6 : g->pool.n;
  Item a = cast_item(g, g->pool.at[g->pool.n - 1 - below(g, recent)], carry->dtype);
  a = tame(g, put(g, fit_shape(g, a.n, carry->shape), a.mag), carry_limit(carry->dtype));
  if (carry->dtype == DT_bool || chance(g, 35)) return a.n;
  if (!dtype_is_float(carry->dtype)) return graph_op2(g->g, OP_add, a.n, carry);
  return graph_op2(g->g, OP_add, scaled(g, a.n, 0.5), scaled(g, carry, 0.5));
}

static Item small_item(Gen *g) {
  Item a = pick(g);
  return shape_count(a.n->shape) <= 300 ? a : make_leaf(g, DT_f32, (Shape){.rank = 1, .dim = {1 + below(g, 9)}});
}

static Item pick_carry(Gen *g) {
  Item a = small_item(g);
  return tame(g, a, carry_limit(a.n->dtype));
}

typedef struct Loop {
  VEC(Item) in;      /* operands: carries, rows */
  VEC(Node *) bound; /* what stands for them inside */
  int carries;
  VEC(Node *) operand; /* all */
} Loop;

static void bind(Gen *g, Loop *l, Item outside, bool row) {
  Shape s = outside.n->shape;
  if (row) {
    memmove(s.dim, s.dim + 1, sizeof s.dim - sizeof *s.dim);
    s.rank--;
  }
  Node *n = graph_bound(g->g, row ? "row" : "carry", outside.n->dtype, s, here(g));
  double mag = !row && dtype_is_float(outside.n->dtype) ? CARRY : outside.mag;
  put(g, n, row ? mag : carry_limit(n->dtype));
  vec_push(g->arena, l->bound, n);
}

static void all_operands(Gen *g, Loop *l, const Body *b) {
  for (int i = 0; i < l->in.n; ++i) vec_push(g->arena, l->operand, l->in.at[i].n);
  for (int i = 0; i < b->operand.n; ++i) vec_push(g->arena, l->operand, b->operand.at[i]);
}

/* ---- scan ---- */
static Item pick_rows(Gen *g, int64_t *length) {
  Item a = pick(g);
  if (!*length && a.n->shape.rank > 0 && a.n->shape.dim[0] <= LENGTH) *length = a.n->shape.dim[0];
  if (!*length) *length = 1 + below(g, TURNS);
  if (a.n->shape.rank > 0 && a.n->shape.dim[0] == *length) return a;
  Shape s = {.rank = 1 + below(g, 3), .dim = {*length}};
  for (int d = 1; d < s.rank; ++d) s.dim[d] = 1 + below(g, 7);
  return operand(g, pick_dtype(g), s);
}

static int give_results(Gen *g, int wanted, int64_t length, double *mag) {
  int n = 0;
  for (int tries = 0; tries < 8 && n < wanted; ++tries) {
    int recent = g->pool.n > 5 && chance(g, 70) ? 5 : g->pool.n;
    Item a = g->pool.at[g->pool.n - 1 - below(g, recent)];
    if (shape_count(a.n->shape) * length > 3000 || a.n->shape.rank > 5) continue;
    give(g, "result", a.n);
    mag[n++] = a.mag;
  }
  return n;
}

static void make_scan(Gen *g) {
  Loop l = {0};
  bool independent = chance(g, 40);
  int64_t length = 0;
  int rows = below(g, 3) + independent, results;
  double mag[3];
  l.carries = independent ? 0 : chance(g, 15) ? 0 : 1 + below(g, 2);
  for (int i = 0; i < l.carries; ++i) vec_push(g->arena, l.in, pick_carry(g));
  for (int i = 0; i < rows; ++i) vec_push(g->arena, l.in, pick_rows(g, &length));
  if (!length) length = 1 + below(g, TURNS);
  Item index = {graph_iota(g->g, length, here(g)), LENGTH};
  if (rows == 0 || chance(g, 40)) vec_push(g->arena, l.in, index);
  Body *b = body_open(g, "body");
  for (int i = 0; i < l.in.n; ++i) bind(g, &l, l.in.at[i], i >= l.carries);
  if (l.in.n > 0 && l.in.at[l.in.n - 1].n == index.n) b->turn = graph_cast(g->g, l.bound.at[l.in.n - 1], DT_u32);
  fill_body(g, 3 + below(g, 10));
  for (int i = 0; i < l.carries; ++i) give(g, "carry", next_carry(g, l.bound.at[i]));
  results = give_results(g, l.carries ? below(g, 3) : 1 + below(g, 2), length, mag);
  all_operands(g, &l, b);
  Graph *body = body_close(g);
  if (l.carries + results == 0) return;
  Node *scan =
      graph_scan(g->g, body, l.operand.n, l.operand.at, l.carries, l.in.n - l.carries, length, chance(g, 30), here(g));
  if (independent) ((Attr *)scan->attr)->independent = true; /* as the front does */
  for (int k = 0; k < l.carries + results; ++k) {
    Node *value = graph_result(g->g, scan, k);
    put(g, value, k < l.carries ? carry_limit(value->dtype) : mag[k - l.carries]);
  }
}

/* ---- while: the first carry counts up to a captured number below TURNS ---- */
static Node *pick_count(Gen *g) {
  Item a = cast_item(g, pick(g), DT_i32);
  Node *n = fit_shape(g, a.n, (Shape){0});
  return graph_op2(g->g, OP_mod, n, graph_const(g->g, DT_i32, TURNS, here(g)));
}

static Graph *while_test(Gen *g, const Loop *l, int limit) {
  Graph *test = graph_new(g->arena, "test");
  Node *counter = NULL, *end = NULL;
  for (int i = 0; i < l->operand.n; ++i) {
    const Node *x = l->operand.at[i];
    Node *n = graph_bound(test, "tested", x->dtype, x->shape, here(g));
    if (i == 0) counter = n;
    if (i == l->in.n + limit) end = n;
  }
  Output o = {"test", graph_op2(test, OP_lt, counter, end), here(g)};
  vec_push(g->arena, test->outputs, o);
  return test;
}

static void make_while(Gen *g) {
  Loop l = {.carries = 2 + below(g, 2)};
  Item start = {graph_const(g->g, DT_i32, 0, here(g)), TURNS};
  Node *count = pick_count(g);
  vec_push(g->arena, l.in, start);
  for (int i = 1; i < l.carries; ++i) vec_push(g->arena, l.in, pick_carry(g));
  Body *b = body_open(g, "body");
  for (int i = 0; i < l.in.n; ++i) bind(g, &l, l.in.at[i], false);
  capture(g, count);
  if (chance(g, 50)) b->turn = graph_cast(g->g, l.bound.at[0], DT_u32);
  fill_body(g, 3 + below(g, 8));
  give(g, "carry", graph_op2(g->g, OP_add, l.bound.at[0], graph_const(g->g, DT_i32, 1, here(g))));
  for (int i = 1; i < l.carries; ++i) give(g, "carry", next_carry(g, l.bound.at[i]));
  all_operands(g, &l, b);
  Graph *body = body_close(g);
  Graph *test = while_test(g, &l, 0);
  Node *loop = graph_while(g->g, test, body, l.operand.n, l.operand.at, l.carries, here(g));
  for (int k = 0; k < l.carries; ++k) { /* no gradient goes through it */
    Node *value = graph_result(g->g, loop, k);
    put(g, graph_add(g->g, OP_stop_gradient, 1, &value, NULL, here(g)), carry_limit(value->dtype));
  }
}

/* ---- cond ---- */
static Node *pick_predicate(Gen *g) {
  Item a = pick(g);
  Node *n = a.n->dtype == DT_bool ? a.n : graph_op2(g->g, OP_lt, a.n, graph_like(g->g, a.n, 0.5));
  return fit_shape(g, n, (Shape){0});
}

static void make_cond(Gen *g) {
  Node *p = pick_predicate(g);
  double mag[3];
  Body *a = body_open(g, "then");
  fill_body(g, 1 + below(g, 6));
  int values = give_results(g, 1 + below(g, 2), 1, mag);
  Graph *then = body_close(g);
  Body *b = body_open(g, "else");
  for (int i = 0; i < a->operand.n; ++i) put(g, capture(g, a->operand.at[i]), INFINITY);
  fill_body(g, 1 + below(g, 6));
  for (int k = 0; k < values; ++k) {
    const Node *like = then->outputs.at[k].node;
    Item v = chance(g, 30) ? pick(g) : g->pool.at[g->pool.n - 1];
    v = cast_item(g, v, like->dtype);
    give(g, "result", fit_shape(g, v.n, like->shape));
    mag[k] = fmax(mag[k], v.mag);
  }
  Graph *other = body_close(g);
  for (int i = a->operand.n; i < b->operand.n; ++i)
    graph_bound(then, "captured", b->operand.at[i]->dtype, b->operand.at[i]->shape, here(g));
  if (values == 0) return;
  Node *cond = graph_cond(g->g, p, then, other, b->operand.n, b->operand.at, here(g));
  for (int k = 0; k < values; ++k) put(g, graph_result(g->g, cond, k), mag[k]);
}

void make_control(Gen *g) {
  int kind = below(g, 10);
  if (g->depth >= DEPTH) return;
  if (kind < 6)
    make_scan(g);
  else if (kind < 8)
    make_while(g);
  else
    make_cond(g);
}
