/* serial.c: code for any reduction: gathers along the row, argmax, reduced axes that do not collapse, machines with one
 * lane. Realises the same Order as the vector schedules: an array of L lanes, chunk results, both joined by halving.
 *
 *   for u parallel                          one point of the kept axes
 *     stage: for r… { lanes[r mod L] = op(lanes[r mod L], element); at the end of a chunk: parts[r div Q] = halved
 * lanes }
 *
 * Where the innermost reduced axis is whole vectors of W (the images of batch norm's channels), r goes by W and W lanes
 * that stand side by side take a step: a vector never lies across two rows, chunks or ends of L, since W divides them.
 */
#include "nest.h"

enum { PHASES_MAX = 16 };

typedef struct Serial {
  Nest *nest;
  int64_t n; /* reduced elements */
  int axis;  /* the innermost reduced one */
  int width; /* W; 1: scalar code */
  Expr *r;   /* number of the current element, or the first of a vector */
} Serial;

/* Loops over the reduced axes, row-major, the innermost by `step`. */
static Block *reduced_loops(Serial *s, Block *body, int step) {
  Nest *nest = s->nest;
  Arena *a = nest->arena;
  s->r = expr_index(a, 0);
  for (int i = nest->group->kept; i < nest->group->naxes; ++i) {
    if (nest->extent[i] == 1) continue;
    Expr *var;
    body = nest_loop(nest, body, "r", expr_index(a, 0), expr_index(a, nest->extent[i]), i == s->axis ? step : 1, &var);
    point_axis(&nest->gen, i, var);
    s->r = expr_add(a, expr_mul(a, s->r, nest->extent[i]), var);
  }
  return body;
}

/* argmax, argmin: the first of the best; NaN is better than any number. */
static void arg_phase(Serial *s, Block *body, int phase) {
  Nest *nest = s->nest;
  Arena *a = nest->arena;
  const Reduction *r = &nest->group->phases.at[phase];
  Var *best, *position;
  Reduction start = *r;
  start.op = r->op == OP_argmax ? OP_max : OP_min;
  start.dtype = start.chain = r->element->dtype;
  Expr *value = nest_bind(nest, body, "best", nest_start(nest, &start, 1), &best);
  Expr *at = nest_bind(nest, body, "position", expr_int(a, type_of(r->dtype, 1), 0), &position);
  Block *loop = reduced_loops(s, body, 1);
  nest_scalar(nest, loop);
  Expr *e = nest_bind(nest, loop, "e", point_expr(&nest->gen, r->element), NULL);
  Expr *better = r->op == OP_argmax ? expr_op2(a, OP_lt, value, e) : expr_op2(a, OP_lt, e, value);
  if (dtype_is_float(start.dtype)) {
    Expr *nan = expr_op1(a, OP_not, expr_op2(a, OP_eq, e, e));
    better = expr_op2(a, OP_or, better, expr_op2(a, OP_and, nan, expr_op2(a, OP_eq, value, value)));
  }
  Expr *first = expr_op2(a, OP_eq, s->r, expr_index(a, 0)); /* a row of -Inf has its first element as the best */
  Expr *take = nest_bind(nest, loop, "take", expr_op2(a, OP_or, better, first), NULL); /* selects: no branch to guess */
  vec_push(a, *loop, stmt_set(a, best, expr_op3(a, OP_where, take, e, value)));
  vec_push(a, *loop, stmt_set(a, position, expr_op3(a, OP_where, take, expr_cast(a, s->r, r->dtype, false), at)));
  point_result(&nest->gen, phase, at);
}

static Expr *lane_sum(Nest *nest, Block *body, const Reduction *r, Buffer *lanes) {
  nest_halve(nest, body, r->op, lanes, r->order.lanes, 1, 1);
  return expr_load(nest->arena, lanes, expr_index(nest->arena, 0), 1, NULL);
}

static void clear_lanes(Nest *nest, Block *body, const Reduction *r, Buffer *lanes) {
  Expr *i;
  Arena *a = nest->arena;
  Block *loop = nest_loop(nest, body, "i", expr_index(a, 0), expr_index(a, r->order.lanes), 1, &i);
  vec_push(a, *loop, stmt_store(a, lanes, i, nest_start(nest, r, 1), NULL));
}

/* One chain in one chunk needs no array. */
static void chain_phase(Serial *s, Block *body, int phase) {
  Nest *nest = s->nest;
  Arena *a = nest->arena;
  const Reduction *r = &nest->group->phases.at[phase];
  Var *acc;
  Expr *value = nest_bind(nest, body, "acc", nest_start(nest, r, 1), &acc);
  Block *loop = reduced_loops(s, body, 1);
  nest_scalar(nest, loop);
  Expr *next = nest_step(nest, r, value); /* before vec_push: it appends to the loop itself */
  vec_push(a, *loop, stmt_set(a, acc, next));
  point_result(&nest->gen, phase, nest_round(nest, body, phase, value));
}

static void lanes_phase(Serial *s, Block *body, int phase) {
  Nest *nest = s->nest;
  Arena *a = nest->arena;
  const Reduction *r = &nest->group->phases.at[phase];
  int64_t q = r->order.chunk, count = (s->n + q - 1) / q;
  Buffer *lanes = buffer_local(a, "lanes", r->chain, r->order.lanes),
         *parts = buffer_local(a, "parts", r->chain, count);
  vec_push(a, *body, stmt_local(a, lanes));
  vec_push(a, *body, stmt_local(a, parts));
  clear_lanes(nest, body, r, lanes);
  Block *loop = reduced_loops(s, body, s->width);
  nest_vector(nest, loop, NULL, s->axis, s->width, NULL);
  Expr *number = nest_bind(nest, loop, "number", s->r, NULL);
  Expr *in_chunk = expr_imod(a, number, q);
  Expr *lane = nest_bind(nest, loop, "lane", expr_imod(a, in_chunk, r->order.lanes), NULL);
  Expr *acc = expr_load(a, lanes, lane, s->width, NULL);
  Expr *next = nest_step(nest, r, acc);
  vec_push(a, *loop, stmt_store(a, lanes, lane, next, NULL));
  Expr *ends = expr_op2(a, OP_eq, in_chunk, expr_index(a, q - s->width));
  ends = expr_op2(a, OP_or, ends, expr_op2(a, OP_eq, number, expr_index(a, s->n - s->width)));
  Stmt *flush = stmt_if(a, ends);
  vec_push(a, *loop, flush);
  Expr *sum = lane_sum(nest, &flush->body, r, lanes);
  vec_push(a, flush->body, stmt_store(a, parts, expr_idiv(a, number, q), sum, NULL));
  clear_lanes(nest, &flush->body, r, lanes);
  nest_halve(nest, body, r->op, parts, count, 1, 1);
  Expr *whole = expr_load(a, parts, expr_index(a, 0), 1, NULL);
  point_result(&nest->gen, phase, nest_round(nest, body, phase, whole));
}

/* W where every phase and the full writes go by vectors along the innermost reduced axis, and W divides all there is */
static int vector_width(const Serial *s) {
  const Nest *nest = s->nest;
  const Group *g = nest->group;
  int width = nest->lanes;
  if (!nest_vectorises(nest, s->axis) || nest->extent[s->axis] % width) return 1;
  for (int p = 0; p < g->phases.n; ++p) {
    Order order = g->phases.at[p].order;
    if (order.lanes % width || order.chunk % width) return 1;
  }
  return width;
}

void nest_serial(Nest *nest, Block *body) {
  const Group *g = nest->group;
  int count;
  Serial s = {.nest = nest, .n = 1, .axis = nest_axis(nest, true, &count)};
  bool full = false;
  for (int i = g->kept; i < g->naxes; ++i) s.n *= nest->extent[i];
  for (int i = 0; i < g->writes.n; ++i) full |= g->writes.at[i].full;
  s.width = vector_width(&s);
  body = nest_points(nest, body);
  for (int p = 0; p < g->phases.n; ++p) {
    const Reduction *r = &g->phases.at[p];
    if (nest_is_arg(r->op))
      arg_phase(&s, body, p);
    else if (r->order.lanes == 1 && s.n <= r->order.chunk)
      chain_phase(&s, body, p);
    else
      lanes_phase(&s, body, p);
  }
  nest_scalar(nest, body);
  point_writes(&nest->gen, g, false);
  if (!full) return;
  body = reduced_loops(&s, body, s.width);
  nest_vector(nest, body, NULL, s.axis, s.width, NULL);
  point_writes(&nest->gen, g, true);
}
