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

static Block *reduced_loops(Serial *s, Block *body, int step) {
  return nest_reduced(s->nest, body, s->axis, step, &s->r);
}

static void arg_phase(Serial *s, Block *body, int phase) {
  Nest *nest = s->nest;
  const Reduction *r = &nest->group->phases.at[phase];
  NestChain chain = nest_chain(nest, body, r, 1);
  Block *loop = reduced_loops(s, body, 1);
  nest_scalar(nest, loop);
  nest_advance(nest, loop, r, &chain, s->r);
  point_result(&nest->gen, phase, expr_var(nest->arena, chain.acc));
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
  const Reduction *r = &nest->group->phases.at[phase];
  NestChain chain = nest_chain(nest, body, r, 1);
  Block *loop = reduced_loops(s, body, 1);
  nest_scalar(nest, loop);
  nest_advance(nest, loop, r, &chain, s->r);
  point_result(&nest->gen, phase, nest_round(nest, body, phase, expr_var(nest->arena, chain.acc)));
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
    if (nest_is_arg(g->phases.at[p].op)) return 1;
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
