/* scatter.c: source rows added to, or put in the place of, rows of a tensor that is in place already. Every row takes
 * its sources in ascending order, so columns are cut over the threads and never the sources: the result does not depend
 * on the number of threads. The vector runs along the innermost dimension, which source and tensor share; a unit is a
 * block of columns as wide as leaves work for the threads.
 *
 *   for u parallel                                  one point of the dims that are not picked, or a block of columns
 *     for i ascending { row = clamp(index[i]); for v { y[row, column v] = y[row, column v] + source[i, column v] } } */
#include "nest.h"

enum { VECTORS_MAX = 4, UNITS_WANTED = 16 };

/* Axes of the sources: those along which the place of a row's elements does not vary. */
static bool picks(const Nest *nest, int axis) {
  bool simple;
  return affine_stride(nest->group->writes.at[0].index, axis, &simple) == 0;
}

static Block *sources(Nest *nest, Block *body) {
  Arena *a = nest->arena;
  for (int i = 0; i < nest->group->naxes; ++i) {
    Expr *var;
    if (nest->extent[i] == 1 || !picks(nest, i)) continue;
    body = nest_loop(nest, body, "i", expr_index(a, 0), expr_index(a, nest->extent[i]), 1, &var);
    point_axis(&nest->gen, i, var);
  }
  return body;
}

/* Start of the row, less the columns. */
static Expr *row_start(Nest *nest, Block *body) {
  const Write *w = &nest->group->writes.at[0];
  nest_scalar(nest, body);
  Expr *row = point_row(&nest->gen, w->row, w->count);
  return nest_bind(nest, body, "row", expr_mul(nest->arena, row, w->stride), NULL);
}

static void put(Nest *nest, Block *body, Expr *row) {
  Arena *a = nest->arena;
  const Write *w = &nest->group->writes.at[0];
  PointGen *gen = &nest->gen;
  Buffer *y = point_buffer(gen, w->slot, true);
  Expr *value = point_expr(gen, w->value), *at = expr_add(a, affine_expr(gen, w->index), row);
  value = expr_cast(a, value, y->dtype, false);
  if (value->type.lanes != gen->lanes) value = expr_splat(a, value, gen->lanes);
  if (w->add) value = expr_op2(a, OP_add, expr_load(a, y, at, gen->lanes, gen->mask), value);
  vec_push(a, *body, stmt_store(a, y, at, value, gen->mask));
}

static void columns(Nest *nest, Block *body, const NestColumns *c, void *context) {
  (void)context;
  Block *loop = sources(nest, body);
  Expr *row = row_start(nest, loop);
  for (int v = 0; v < c->vectors; ++v) {
    nest_column(nest, loop, loop, c, v);
    put(nest, loop, row);
  }
}

static int64_t units(const Nest *nest, int n, const int *axes) {
  int64_t count = 1;
  for (int i = 0; i < n; ++i) count *= nest->extent[axes[i]];
  return count;
}

static void scatter_kernel(Program *p, const Group *g, Calls *calls) {
  Nest nest;
  Block body = {0};
  int axes[RANK_MAX * 3], n = 0, axis = -1, vectors = VECTORS_MAX;
  nest_init(&nest, p, g);
  for (int i = 0; i < g->naxes; ++i)
    if (nest.extent[i] > 1 && !picks(&nest, i)) axes[n++] = axis = i;
  if (nest_vectorises(&nest, axis)) {
    --n;
    while (vectors > 1 && units(&nest, n, axes) * nest.extent[axis] < (int64_t)UNITS_WANTED * vectors * nest.lanes)
      vectors /= 2;
    nest_column_blocks(&nest, &body, n, axes, axis, vectors, columns, NULL);
  } else {
    Block *unit = nest_units(&nest, &body, n, axes, 1, NULL);
    unit = sources(&nest, unit);
    Expr *row = row_start(&nest, unit);
    nest_scalar(&nest, unit);
    put(&nest, unit, row);
  }
  nest_done(&nest, body, calls);
}

/* 16-bit sums grow in f32 scratch and are rounded once, at the end (MIDDLE.md 3.1). */
void schedule_scatter(Program *p, const Group *g, Calls *calls) {
  const Write *w = &g->writes.at[0];
  if (!w->add || dtype_chain(w->slot->dtype) == w->slot->dtype) {
    scatter_kernel(p, g, calls);
    return;
  }
  Group wide = *g;
  wide.writes.at = NEW(p->arena, Write);
  wide.writes.at[0] = *w;
  wide.writes.at[0].slot = slot_widened(p, w->slot, g->loc);
  call_convert(p, w->slot, wide.writes.at[0].slot, calls);
  scatter_kernel(p, &wide, calls);
  call_convert(p, wide.writes.at[0].slot, w->slot, calls);
}
