/* scan.c: running sums along the last axis of a group, each one chain in ascending order (MIDDLE.md 3.2), with what is
 * computed from them at the same point. Phases that use each other advance together, since each reads the others at its
 * own point only. Where a kept axis is contiguous (cumsum over any dimension but the last) the vector runs along it:
 *
 *   for u parallel { acc_v = 0; for r { for v { acc_v += element(r, column v); writes } } }       a block of columns
 *   for u parallel { acc = 0; for r { acc += element(r); writes } }                               one line
 */
#include "nest.h"

enum { VECTORS_MAX = 2, PHASES_MAX = 16 };

/* The axis of the running sum and its loop; the group has none when the dimension is 1. */
static Block *scan_loop(Nest *nest, Block *body) {
  const Group *g = nest->group;
  Expr *r;
  if (g->naxes == g->kept) return body;
  body = nest_loop(nest, body, "r", expr_index(nest->arena, 0), expr_index(nest->arena, nest->extent[g->kept]), 1, &r);
  point_axis(&nest->gen, g->kept, r);
  return body;
}

static void start(Nest *nest, Block *body, int lanes, Var **acc) {
  const Group *g = nest->group;
  for (int p = 0; p < g->phases.n; ++p)
    nest_bind(nest, body, "acc", nest_start(nest, &g->phases.at[p], lanes), &acc[p]);
}

/* At one point, in the mode that is set. */
static void advance(Nest *nest, Block *body, Var *const *acc) {
  Arena *a = nest->arena;
  const Group *g = nest->group;
  for (int p = 0; p < g->phases.n; ++p) {
    Expr *next = nest_step(nest, &g->phases.at[p], expr_var(a, acc[p]));
    vec_push(a, *body, stmt_set(a, acc[p], next));
    point_result(&nest->gen, p, nest_round(nest, body, p, expr_var(a, acc[p])));
  }
  point_writes(&nest->gen, g, g->naxes > g->kept);
}

static void columns(Nest *nest, Block *body, const NestColumns *c, void *context) {
  Var *acc[VECTORS_MAX][PHASES_MAX];
  (void)context;
  for (int v = 0; v < c->vectors; ++v) start(nest, body, nest->lanes, acc[v]);
  Block *loop = scan_loop(nest, body);
  for (int v = 0; v < c->vectors; ++v) {
    nest_column(nest, loop, loop, c, v);
    advance(nest, loop, acc[v]);
  }
}

static void line(Nest *nest, Block *body) {
  Var *acc[PHASES_MAX];
  int axes[RANK_MAX * 3], n = nest_kept(nest, -1, axes);
  body = nest_units(nest, body, n, axes, 1, NULL);
  start(nest, body, 1, acc);
  Block *loop = scan_loop(nest, body);
  nest_scalar(nest, loop);
  advance(nest, loop, acc);
}

void nest_scan(Nest *nest, Block *body) {
  int axes[RANK_MAX * 3], count, axis = nest_axis(nest, false, &count), n = nest_kept(nest, axis, axes);
  nest->gen.results_outside = false; /* a result changes from point to point */
  if (nest_vectorises(nest, axis))
    nest_column_blocks(nest, body, n, axes, axis, VECTORS_MAX, columns, NULL);
  else
    line(nest, body);
}
