/* epilogue.c: what follows a product in the tile that has just been computed: every row of it by vectors, with the
 * values of the group's writes (bias and activation, a mask, an optimizer's step).
 *
 * State that is written there in place was last touched a step ago, so it lies in the third-level cache or in memory,
 * and a tile's rows of it are short pieces far apart, which no hardware foresees. While one tile is written, the pieces
 * of the one after the next are fetched into the second level (not the first, which the product's panels fill): Adam on
 * 512 x 784 weights, 1.49 times the floor of a whole step without, 1.23 with. */
#include "dot.h"

static void epilogue_at(const Epilogue *e, Block *body, Block *hoist, Expr *from, Expr *start, Expr *j, Expr *mask) {
  DotBuild *d = e->build;
  Expr *value = expr_load(d->arena, e->source, expr_add(d->arena, from, j), e->lanes, NULL);
  e->finish(d, body, hoist, dot_let(d, body, "c", value), expr_add(d->arena, start, j), mask, e->context);
}

/* All columns of a panel in one row: full vectors, then a masked rest in the panel that has it. */
static void epilogue_row(const Epilogue *e, Block *row, Expr *from, Expr *panel) {
  DotBuild *d = e->build;
  Arena *a = d->arena;
  const DotPlan *plan = d->plan;
  int64_t rest = plan->columns % e->lanes, whole = plan->columns - rest,
          edge = plan->columns - plan->full * plan->width;
  Expr *start = expr_mul(a, panel, plan->width), *most = expr_index(a, plan->width), *j = expr_index(a, 0);
  if (edge && plan->full) {
    Expr *left = expr_op2(a, OP_sub, expr_index(a, whole), start);
    most = dot_let(d, row, "columns", dot_min(d, left, plan->width));
  } else if (edge) {
    most = expr_index(a, whole);
  }
  if (most->kind == E_const && most->value.i == e->lanes) {
    epilogue_at(e, row, row, from, start, j, NULL);
  } else if (most->kind != E_const || most->value.i > 0) {
    Var *v = var_new(a, "j", type_of(DT_i64, 1));
    Stmt *loop = stmt_for(a, FOR_serial, v, j, most, e->lanes);
    epilogue_at(e, &loop->body, row, from, start, expr_var(a, v), NULL);
    vec_push(a, *row, loop); /* after what was hoisted out of it */
  }
  if (!rest) return;
  Expr *mask = expr_mask(a, expr_index(a, rest), e->lanes);
  j = expr_index(a, edge - rest);
  if (!plan->full) {
    epilogue_at(e, row, row, from, start, j, mask);
    return;
  }
  Stmt *last = stmt_if(a, expr_op2(a, OP_eq, panel, expr_index(a, plan->full)));
  epilogue_at(e, &last->body, row, from, start, j, mask);
  vec_push(a, *row, last);
}

/* Whether rows further on should be fetched: those of state, when they are more than a few tiles. */
static bool fetches(const Epilogue *e) {
  const DotBuild *d = e->build;
  if (e->finish != dot_writes || e->lanes == 1 || d->plan->rows < 4 * dot_tile_rows(d->plan)) return false;
  for (int i = 0; i < d->group->writes.n; ++i)
    if (d->group->writes.at[i].slot->state) return true;
  return false;
}

void dot_epilogue(const Epilogue *e, Block *body, Expr *panel, Expr *first_row, Expr *count) {
  DotBuild *d = e->build;
  Arena *a = d->arena;
  Expr *r;
  Block *loop = dot_loop(d, body, "r", expr_index(a, 0), count, 1, &r);
  Expr *row = dot_let(d, loop, "row", expr_add(a, first_row, r));
  if (fetches(e)) {
    Expr *later = expr_add(a, row, expr_index(a, 2 * dot_tile_rows(d->plan)));
    d->ahead = dot_let(d, loop, "ahead", dot_min(d, later, d->plan->rows - 1));
  }
  point_axis(&d->gen, d->plan->row_axis, row);
  epilogue_row(e, loop, expr_mul(a, r, d->plan->width), panel);
}

void dot_writes(DotBuild *d, Block *body, Block *hoist, Expr *value, Expr *column, Expr *mask, void *context) {
  (void)context;
  PointGen *gen = &d->gen;
  gen->body = body;
  gen->hoist = body == hoist || value->type.lanes == 1 ? NULL : hoist; /* scalar code: all values vary */
  gen->lanes = value->type.lanes;
  gen->vector_axis = gen->lanes > 1 ? d->plan->column_axis : -1;
  gen->mask = mask;
  point_axis(gen, d->plan->column_axis, column);
  point_result(gen, 0, dot_let(d, body, "c", expr_cast(d->arena, value, d->group->dot_dtype, false)));
  if (d->ahead && !mask) point_fetch(gen, d->group, d->plan->row_axis, d->ahead);
  point_writes(gen, d->group, false);
}

static int point_lanes(const Program *p, Intern *seen, const Point *point, int lanes) {
  void **slot = intern_slot(seen, &point, sizeof point);
  if (*slot) return lanes;
  *slot = seen;
  int most = p->machine->lanes[point->dtype];
  if (point->dtype != DT_bool && most < lanes) lanes = most > 0 ? most : 1;
  for (int i = 0; i < point->nargs; ++i) lanes = point_lanes(p, seen, point->arg[i], lanes);
  return lanes;
}

int dot_write_lanes(const Program *p, const Group *g, const DotPlan *plan) {
  int lanes = plan->lanes;
  Intern seen;
  intern_init(&seen, p->arena);
  for (int i = 0; i < g->writes.n; ++i) {
    const Write *w = &g->writes.at[i];
    VectorAxis v = {plan->column_axis, lanes, 0};
    if (!vector_contiguous(&v, w->index) || !point_vectorises(w->value, &v, true)) return 1;
    lanes = point_lanes(p, &seen, w->value, lanes);
  }
  return lanes;
}

void dot_count_writes(DotBuild *d) {
  for (int i = 0; i < d->group->writes.n; ++i) point_count(&d->gen, d->group->writes.at[i].value);
}
