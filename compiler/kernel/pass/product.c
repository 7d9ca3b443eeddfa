/* product.c: schedule_dot: a matrix product becomes packing kernels (panels.c) and one tiled kernel, as tile.c plans:
 *
 *   for u parallel                                   batch, slice of k, block, panel, tiles
 *     local part[rows x width]
 *     for tile                                       when a unit has several
 *       if panel < full { if tile < tall … }         at most four bodies, each written out:
 *         var c0a … : vectors = 0                      row 0 vector a, …
 *         for k { let b_a, b_b; let x0; set c0a = fma(x0, b_a, c0a) … }          a loop an axis of k
 *         store part
 *       for r, for j by lanes { epilogue of part[r, j] }
 *
 * Accumulators are named variables, since compilers keep those in registers (an array costs 10 %). The way through
 * `part` costs under 1 % and lets the epilogue be one small loop at any width and for any writes. With slices the
 * chains go to scratch [slice, batch, row, column], and a second kernel joins them by halving and runs the epilogue. */
#include "dot.h"

/* ---- building ---- */
void dot_build_init(DotBuild *d, Program *p, const Group *g, const DotPlan *plan, const char *name) {
  *d = (DotBuild){.program = p, .arena = p->arena, .group = g, .plan = plan};
  d->call.kernel = kernel_new(p->arena, name);
  point_gen_init(&d->gen, p, &d->call);
  d->gen.call = &d->call;
  for (int i = 0; i < g->naxes; ++i) point_axis(&d->gen, i, expr_index(p->arena, 0));
}

Expr *dot_let(DotBuild *d, Block *body, const char *name, Expr *value) {
  if (value->kind == E_var || value->kind == E_const) return value;
  Var *v = var_new(d->arena, name, value->type);
  vec_push(d->arena, *body, stmt_let(d->arena, v, value));
  return expr_var(d->arena, v);
}

Block *dot_loop(DotBuild *d, Block *body, const char *name, Expr *lo, Expr *hi, int64_t step, Expr **var) {
  Var *v = var_new(d->arena, name, type_of(DT_i64, 1));
  Stmt *loop = stmt_for(d->arena, FOR_serial, v, lo, hi, step);
  vec_push(d->arena, *body, loop);
  *var = expr_var(d->arena, v);
  return &loop->body;
}

Expr *dot_min(DotBuild *d, Expr *x, int64_t most) {
  return expr_op2(d->arena, OP_minimum, x, expr_index(d->arena, most));
}

Block *dot_units(DotBuild *d, uint32_t batch_mask, int n, const int64_t *extent, const char *const *name,
                 Expr **index) {
  Arena *a = d->arena;
  int64_t count[RANK_MAX * 3 + 8], units = 1;
  Expr **target[RANK_MAX * 3 + 8];
  const char *label[RANK_MAX * 3 + 8];
  int total = 0;
  for (int i = 0; i < d->plan->nbatch; ++i) {
    d->batch[i] = expr_index(a, 0);
    if (!(batch_mask >> i & 1)) continue;
    count[total] = d->plan->batch_extent[i], label[total] = "batch", target[total++] = &d->batch[i];
  }
  for (int i = 0; i < n; ++i) count[total] = extent[i], label[total] = name[i], target[total++] = &index[i];
  for (int i = 0; i < total; ++i) units *= count[i];
  Var *u = var_new(a, "u", type_of(DT_i64, 1));
  Stmt *loop = stmt_for(a, FOR_parallel, u, expr_index(a, 0), expr_index(a, units), 1);
  vec_push(a, d->call.kernel->body, loop);
  Expr *rest = expr_var(a, u);
  for (int i = total - 1; i >= 0; --i) {
    units /= count[i];
    Expr *x = units == 1 ? rest : expr_imod(a, rest, count[i]);
    *target[i] = count[i] == 1 ? expr_index(a, 0) : dot_let(d, &loop->body, label[i], x);
    rest = expr_idiv(a, rest, count[i]);
  }
  return &loop->body;
}

Expr *dot_base(DotBuild *d, const DotSide *side) {
  Expr *at = expr_index(d->arena, side->offset);
  for (int i = 0; i < d->plan->nbatch; ++i)
    at = expr_add(d->arena, at, expr_mul(d->arena, d->batch[i], side->batch[i]));
  return at;
}

/* The first row of a tile: `tall` tiles of base + 1 rows come first. */
Expr *dot_tile_first(DotBuild *d, Expr *tile) {
  Expr *row = expr_mul(d->arena, tile, d->plan->base);
  return d->plan->tall ? expr_add(d->arena, row, dot_min(d, tile, d->plan->tall)) : row;
}

/* ---- the tile ---- */
typedef struct Tile {
  DotBuild *build;
  const Buffer *wide, *narrow;
  Buffer *part;
  Expr *panel, *tile;
  Expr *lo, *hi; /* of k */
  Expr *first;   /* row of part where this tile starts */
  bool resume;   /* chains go on from what part holds */
} Tile;

typedef struct TileKind {
  int rows, vectors;
  int64_t pitch; /* of the wide side, from k to k */
  Expr *mask;    /* of the last vector's loads, or NULL */
} TileKind;

static Expr *part_index(const Tile *t, int64_t row, int vector) {
  const DotPlan *plan = t->build->plan;
  Arena *a = t->build->arena;
  return expr_add(a, expr_mul(a, t->first, plan->width),
                  expr_index(a, row * plan->width + (int64_t)vector * plan->lanes));
}

static void tile_start(const Tile *t, Block *body, const TileKind *kind, Var *(*acc)[4]) {
  Arena *a = t->build->arena;
  const DotPlan *plan = t->build->plan;
  for (int r = 0; r < kind->rows; ++r)
    for (int v = 0; v < kind->vectors; ++v) {
      acc[r][v] = var_new(a, arena_printf(a, "c%d%c", r, 'a' + v), type_of(plan->dtype, plan->lanes));
      Expr *start =
          t->resume ? expr_load(a, t->part, part_index(t, r, v), plan->lanes, NULL) : expr_const(a, acc[r][v]->type, 0);
      vec_push(a, *body, stmt_var(a, acc[r][v], start));
    }
}

/* One step of k: the vectors of the wide side, then row by row its element of the narrow side in all lanes. */
static void tile_step(const Tile *t, Block *body, const TileKind *kind, Var *(*acc)[4], Expr *wide, Expr *narrow) {
  DotBuild *d = t->build;
  Arena *a = d->arena;
  const DotPlan *plan = d->plan;
  Expr *b[4];
  for (int v = 0; v < kind->vectors; ++v) {
    Expr *at = expr_add(a, wide, expr_index(a, v * plan->lanes * plan->wide.line));
    Expr *mask = v == kind->vectors - 1 ? kind->mask : NULL;
    b[v] = dot_let(d, body, arena_printf(a, "b_%c", 'a' + v), expr_load(a, t->wide, at, plan->lanes, mask));
  }
  for (int r = 0; r < kind->rows; ++r) {
    Expr *x = expr_load(a, t->narrow, expr_add(a, narrow, expr_index(a, r * plan->narrow.line)), 1, NULL);
    x = dot_let(d, body, arena_printf(a, "x%d", r), expr_splat(a, x, plan->lanes));
    for (int v = 0; v < kind->vectors; ++v)
      vec_push(a, *body, stmt_set(a, acc[r][v], expr_op3(a, OP_fma, x, b[v], expr_var(a, acc[r][v]))));
  }
}

/* Where both sides are at one point of the loops over k. */
typedef struct Place {
  Expr *wide, *narrow;
} Place;

static Place place_outer(const Tile *t, Block *body, const TileKind *kind, Place at, int axis, Expr *index) {
  Arena *a = t->build->arena;
  const DotPlan *plan = t->build->plan;
  const DotSide *w = &plan->wide;
  int64_t wide = w->packed ? w->outer[axis] / w->depth * kind->pitch : w->outer[axis];
  at.wide = dot_let(t->build, body, "wide", expr_add(a, at.wide, expr_mul(a, index, wide)));
  at.narrow = dot_let(t->build, body, "narrow", expr_add(a, at.narrow, expr_mul(a, index, plan->narrow.outer[axis])));
  return at;
}

/* All of k: a loop an axis. A part of it that may start and end anywhere: one loop over the outer axes' points, and of
 * each what lies in the part. */
static Block *tile_loops(const Tile *t, Block *body, const TileKind *kind, Place *at) {
  DotBuild *d = t->build;
  Arena *a = d->arena;
  const DotPlan *plan = d->plan;
  int inner = plan->nk - 1;
  int64_t n = plan->k_extent[inner];
  Expr *k, *lo = t->lo, *hi = t->hi, *q;
  bool whole = lo->kind == E_const && hi->kind == E_const && lo->value.i == 0 && hi->value.i == plan->depth;
  for (int i = 0; whole && i < inner; ++i) {
    body = dot_loop(d, body, "k", expr_index(a, 0), expr_index(a, plan->k_extent[i]), 1, &q);
    *at = place_outer(t, body, kind, *at, i, q);
  }
  if (whole) lo = expr_index(a, 0), hi = expr_index(a, n);
  if (!whole && inner) {
    Expr *end = expr_idiv(a, expr_add(a, hi, expr_index(a, n - 1)), n);
    body = dot_loop(d, body, "row_of_k", dot_let(d, body, "first_of_k", expr_idiv(a, lo, n)),
                    dot_let(d, body, "end_of_k", end), 1, &q);
    Expr *start = dot_let(d, body, "k_start", expr_mul(a, q, n)), *rest = q;
    for (int i = inner - 1; i >= 0; --i) {
      Expr *index = i == 0 ? rest : expr_imod(a, rest, plan->k_extent[i]);
      *at = place_outer(t, body, kind, *at, i, dot_let(d, body, "i", index));
      rest = expr_idiv(a, rest, plan->k_extent[i]);
    }
    lo = dot_let(d, body, "lo", expr_op2(a, OP_maximum, expr_op2(a, OP_sub, lo, start), expr_index(a, 0)));
    hi = dot_let(d, body, "hi", dot_min(d, expr_op2(a, OP_sub, hi, start), n));
  }
  body = dot_loop(d, body, "k", lo, hi, 1, &k);
  at->wide = expr_add(a, at->wide, expr_mul(a, k, kind->pitch));
  at->narrow = expr_add(a, at->narrow, expr_mul(a, k, plan->narrow.depth));
  return body;
}

static void tile_body(const Tile *t, Block *body, const TileKind *kind) {
  DotBuild *d = t->build;
  Arena *a = d->arena;
  const DotPlan *plan = d->plan;
  Var *acc[16][4];
  Expr *wide = expr_add(a, dot_base(d, &plan->wide), expr_mul(a, t->panel, plan->wide.group));
  Expr *narrow = dot_base(d, &plan->narrow);
  narrow = expr_add(a, narrow,
                    plan->narrow.group ? expr_mul(a, t->tile, plan->narrow.group)
                                       : expr_mul(a, dot_tile_first(d, t->tile), plan->narrow.line));
  Place at = {dot_let(d, body, "wide", wide), dot_let(d, body, "narrow", narrow)};
  tile_start(t, body, kind, acc);
  Block *loop = tile_loops(t, body, kind, &at);
  tile_step(t, loop, kind, acc, at.wide, at.narrow);
  for (int r = 0; r < kind->rows; ++r)
    for (int v = 0; v < kind->vectors; ++v)
      vec_push(a, *body, stmt_store(a, t->part, part_index(t, r, v), expr_var(a, acc[r][v]), NULL));
}

/* The body for the tall tiles and for the others. */
static void tile_heights(const Tile *t, Block *body, TileKind kind) {
  Arena *a = t->build->arena;
  const DotPlan *plan = t->build->plan;
  kind.rows = (int)dot_tile_rows(plan);
  if (!plan->tall) {
    tile_body(t, body, &kind);
    return;
  }
  Stmt *choice = stmt_if(a, expr_op2(a, OP_lt, t->tile, expr_index(a, plan->tall)));
  vec_push(a, *body, choice);
  tile_body(t, &choice->body, &kind);
  kind.rows = (int)plan->base;
  tile_body(t, &choice->other, &kind);
}

static void tile_widths(const Tile *t, Block *body) {
  Arena *a = t->build->arena;
  const DotPlan *plan = t->build->plan;
  int64_t rest = plan->columns % plan->lanes;
  TileKind kind = {.vectors = plan->vectors, .pitch = plan->wide.depth}, edge = kind;
  edge.vectors = plan->edge_vectors;
  edge.pitch = plan->wide.edge_depth;
  if (rest && !plan->pack_wide) edge.mask = expr_mask(a, expr_index(a, rest), plan->lanes);
  bool same = plan->edge_vectors == plan->vectors && !edge.mask;
  if (!plan->edge_vectors || (same && plan->full)) {
    tile_heights(t, body, kind);
  } else if (!plan->full) {
    tile_heights(t, body, edge);
  } else {
    Stmt *choice = stmt_if(a, expr_op2(a, OP_lt, t->panel, expr_index(a, plan->full)));
    vec_push(a, *body, choice);
    tile_heights(t, &choice->body, kind);
    tile_heights(t, &choice->other, edge);
  }
}

/* ---- the kernel of the product ---- */
typedef struct Partial {
  const Buffer *buffer; /* [slice, batch, row, column] */
  Expr *chain;          /* where this slice and batch start */
} Partial;

/* A chain's partial result. */
static void finish_partial(DotBuild *d, Block *body, Block *hoist, Expr *value, Expr *column, Expr *mask,
                           void *context) {
  (void)hoist;
  const Partial *partial = context;
  Expr *row = expr_mul(d->arena, d->gen.axis[d->plan->row_axis], d->plan->columns);
  Expr *index = expr_add(d->arena, expr_add(d->arena, partial->chain, row), column);
  vec_push(d->arena, *body, stmt_store(d->arena, partial->buffer, index, value, mask));
}

typedef struct Unit {
  Expr *slice, *block, *panel, *part;
  Expr *first, *end; /* tiles */
  Expr *lo, *hi;     /* k */
} Unit;

static Block *open_units(DotBuild *d, Unit *unit) {
  const DotPlan *plan = d->plan;
  Arena *a = d->arena;
  int64_t parts = (plan->per_block + plan->per_unit - 1) / plan->per_unit;
  const int64_t extent[] = {plan->slices, plan->blocks, plan->panels, parts};
  bool one = plan->blocks == 1 && plan->per_unit == 1;
  const char *const name[] = {"slice", "block", "panel", one ? "tile" : "part_of_block"};
  Expr *index[4];
  Block *body = dot_units(d, ~0u, 4, extent, name, index);
  for (int i = 0; i < plan->nbatch; ++i) point_axis(&d->gen, plan->batch_axis[i], d->batch[i]);
  unit->slice = index[0];
  unit->block = index[1];
  unit->panel = index[2];
  unit->first = expr_add(a, expr_mul(a, index[1], plan->per_block), expr_mul(a, index[3], plan->per_unit));
  unit->lo = expr_index(a, 0);
  unit->hi = expr_index(a, plan->depth);
  if (plan->slices > 1) {
    unit->lo = dot_let(d, body, "k_first", expr_mul(a, unit->slice, plan->slice));
    unit->hi = dot_let(d, body, "k_end", dot_min(d, expr_add(a, unit->lo, expr_index(a, plan->slice)), plan->depth));
  }
  unit->first = dot_let(d, body, plan->per_unit == 1 ? "tile" : "tile_first", unit->first);
  unit->end = expr_add(a, unit->first, expr_index(a, plan->per_unit));
  if (plan->per_unit == 1) return body;
  bool ragged = parts * plan->per_unit > plan->per_block;
  Expr *block_end = expr_mul(a, expr_add(a, unit->block, expr_index(a, 1)), plan->per_block);
  if (ragged && plan->blocks > 1) unit->end = expr_op2(a, OP_minimum, unit->end, block_end);
  if ((ragged && plan->blocks == 1) || plan->blocks * plan->per_block > plan->tiles)
    unit->end = dot_min(d, unit->end, plan->tiles);
  unit->end = dot_let(d, body, "tile_end", unit->end);
  return body;
}

/* k in pieces: all tiles of the unit pass over one piece of the panel, which stays in L2, before the next. */
static void unit_in_pieces(DotBuild *d, Block *body, const Unit *unit, Tile tile, const Epilogue *e) {
  const DotPlan *plan = d->plan;
  Arena *a = d->arena;
  Expr *i, *piece, *row = dot_let(d, body, "row_first", dot_tile_first(d, unit->first));
  Expr *rows = dot_let(d, body, "rows", expr_op2(a, OP_sub, dot_tile_first(d, unit->end), row));
  Block *clear = dot_loop(d, body, "i", expr_index(a, 0), expr_mul(a, rows, plan->width), plan->lanes, &i);
  vec_push(a, *clear, stmt_store(a, tile.part, i, expr_const(a, type_of(plan->dtype, plan->lanes), 0), NULL));
  Block *pieces = dot_loop(d, body, "piece", unit->lo, unit->hi, plan->depth_block, &piece);
  tile.lo = piece;
  Expr *end = expr_add(a, piece, expr_index(a, plan->depth_block));
  tile.hi = dot_let(d, pieces, "piece_end", expr_op2(a, OP_minimum, end, unit->hi));
  Block *loop = dot_loop(d, pieces, "tile", unit->first, unit->end, 1, &tile.tile);
  tile.first = dot_let(d, loop, "at", expr_op2(a, OP_sub, dot_tile_first(d, tile.tile), row));
  tile.resume = true;
  tile_widths(&tile, loop);
  dot_epilogue(e, body, unit->panel, row, rows);
}

static void unit_at_once(DotBuild *d, Block *body, const Unit *unit, Tile tile, const Epilogue *e) {
  const DotPlan *plan = d->plan;
  Arena *a = d->arena;
  tile.tile = unit->first;
  if (plan->per_unit > 1) body = dot_loop(d, body, "tile", unit->first, unit->end, 1, &tile.tile);
  tile.first = expr_index(a, 0);
  tile_widths(&tile, body);
  Expr *rows = expr_index(a, plan->base);
  if (plan->tall) {
    Expr *tall = expr_op2(a, OP_lt, tile.tile, expr_index(a, plan->tall));
    rows = dot_let(d, body, "rows", expr_op3(a, OP_where, tall, expr_index(a, plan->base + 1), rows));
  }
  dot_epilogue(e, body, unit->panel, dot_let(d, body, "row_first", dot_tile_first(d, tile.tile)), rows);
}

static void partial_init(DotBuild *d, Block *body, Partial *to, Slot *slot, Expr *slice) {
  const DotPlan *plan = d->plan;
  to->buffer = point_buffer(&d->gen, slot, true);
  to->chain = slice;
  for (int i = 0; i < plan->nbatch; ++i)
    to->chain = expr_add(d->arena, expr_mul(d->arena, to->chain, plan->batch_extent[i]), d->batch[i]);
  to->chain = dot_let(d, body, "chain", expr_mul(d->arena, to->chain, plan->rows * plan->columns));
}

static void product_kernel(Program *p, const Group *g, const DotPlan *plan, const char *name, Slot *slot,
                           Calls *calls) {
  DotBuild d;
  Arena *a = p->arena;
  dot_build_init(&d, p, g, plan, name);
  d.call.kernel->flops = 2 * plan->batch * plan->rows * plan->columns * plan->depth;
  Tile tile = {.build = &d};
  tile.narrow = point_buffer(&d.gen, plan->narrow.slot, false);
  tile.wide = point_buffer(&d.gen, plan->wide.slot, false);
  Unit unit;
  Block *body = open_units(&d, &unit);
  bool pieces = plan->depth_block < plan->slice;
  tile.part = buffer_local(a, "part", plan->dtype, dot_tile_rows(plan) * (pieces ? plan->per_unit : 1) * plan->width);
  vec_push(a, *body, stmt_local(a, tile.part));
  tile.panel = unit.panel;
  tile.lo = unit.lo;
  tile.hi = unit.hi;
  Partial partial;
  Epilogue e = {&d, tile.part, plan->lanes, finish_partial, &partial};
  if (slot) {
    partial_init(&d, body, &partial, slot, unit.slice);
  } else {
    e.lanes = dot_write_lanes(p, g, plan);
    e.finish = dot_writes;
    dot_count_writes(&d);
  }
  (pieces ? unit_in_pieces : unit_at_once)(&d, body, &unit, tile, &e);
  vec_push(a, *calls, d.call);
}

Slot *dot_slices_slot(Program *p, const Group *g, const DotPlan *plan, const char *name) {
  Shape shape = {0};
  if (plan->slices > 1) shape.dim[shape.rank++] = plan->slices;
  if (plan->batch > 1) shape.dim[shape.rank++] = plan->batch;
  shape.dim[shape.rank++] = plan->rows;
  shape.dim[shape.rank++] = plan->columns;
  const char *what = arena_printf(p->arena, plan->slices > 1 ? "%s_slices" : "%s_product", name);
  return program_slot(p, HOME_scratch, what, plan->dtype, shape, g->loc);
}

/* ---- slices: p[i] += p[i + h] for h = S/2, S/4, … (MIDDLE.md 3.2), then the writes; a row a unit ---- */
typedef struct Join {
  DotBuild *build;
  const Buffer *partial;
  Block *row;
  Expr *at; /* of the row in slice 0 */
  int lanes;
} Join;

static void join_at(Join *j, Block *body, Expr *column, Expr *mask) {
  DotBuild *d = j->build;
  Arena *a = d->arena;
  const DotPlan *plan = d->plan;
  Expr *sum[64];
  int64_t n = plan->slices;
  for (int64_t s = 0; s < n; ++s) {
    Expr *at = expr_add(a, expr_add(a, j->at, column), expr_index(a, s * plan->batch * plan->rows * plan->columns));
    sum[s] = dot_let(d, body, arena_printf(a, "p%d", (int)s), expr_load(a, j->partial, at, j->lanes, mask));
  }
  for (int64_t h = (n + 1) / 2; n > 1; n = h, h = (n + 1) / 2)
    for (int64_t s = 0; s < n - h; ++s) sum[s] = dot_let(d, body, "sum", expr_op2(a, OP_add, sum[s], sum[s + h]));
  dot_writes(d, body, j->row, sum[0], column, mask, NULL);
}

void dot_join(Program *p, const Group *g, const DotPlan *plan, const char *name, Slot *slot, Calls *calls) {
  DotBuild d;
  Arena *a = p->arena;
  dot_build_init(&d, p, g, plan, arena_printf(a, plan->slices > 1 ? "%s_join" : "%s_epilogue", name));
  d.call.kernel->comment = plan->slices > 1
                               ? arena_printf(a, "sum of %lld slices of k, then what follows", (long long)plan->slices)
                               : "what follows the product";
  d.call.kernel->flops = (plan->slices - 1) * plan->batch * plan->rows * plan->columns;
  Join j = {.build = &d, .partial = point_buffer(&d.gen, slot, false), .lanes = dot_write_lanes(p, g, plan)};
  dot_count_writes(&d);
  Expr *row;
  j.row = dot_units(&d, ~0u, 1, &plan->rows, (const char *[]){"row"}, &row);
  for (int i = 0; i < plan->nbatch; ++i) point_axis(&d.gen, plan->batch_axis[i], d.batch[i]);
  point_axis(&d.gen, plan->row_axis, row);
  j.at = expr_index(a, 0);
  for (int i = 0; i < plan->nbatch; ++i) j.at = expr_add(a, expr_mul(a, j.at, plan->batch_extent[i]), d.batch[i]);
  j.at = expr_mul(a, expr_add(a, expr_mul(a, j.at, plan->rows), row), plan->columns);
  j.at = dot_let(&d, j.row, "at", j.at);
  int64_t rest = plan->columns % j.lanes, whole = plan->columns - rest;
  if (whole) {
    Var *v = var_new(a, "j", type_of(DT_i64, 1));
    Stmt *loop = stmt_for(a, FOR_serial, v, expr_index(a, 0), expr_index(a, whole), j.lanes);
    join_at(&j, &loop->body, expr_var(a, v), NULL);
    vec_push(a, *j.row, loop);
  }
  if (rest) join_at(&j, j.row, expr_index(a, whole), expr_mask(a, expr_index(a, rest), j.lanes));
  vec_push(a, *calls, d.call);
}

/* ---- the schedule ---- */
const char *dot_text(Arena *a, const Group *g) {
  int64_t size[4] = {1, 1, 1, 1}; /* batch, m, n, k: products of their axes */
  for (int i = 0; i < g->naxes; ++i) size[(i >= g->nb) + (i >= g->nb + g->nm) + (i >= g->kept)] *= g->extent[i];
  const char *times = size[0] > 1 ? arena_printf(a, "%lld times ", (long long)size[0]) : "";
  return arena_printf(a, "%s[%lld,%lld] x [%lld,%lld]", times, (long long)size[1], (long long)size[3],
                      (long long)size[3], (long long)size[2]);
}

/* Left to the plain nest: integers, matrices times vectors (another order), outer products. */
static bool is_tiled(const Group *g) {
  if (!dtype_is_float(g->dot_dtype)) return false;
  if (g->a.slot->dtype != g->dot_dtype || g->b.slot->dtype != g->dot_dtype) return false;
  if (!g->nm || !g->nn || !g->nk || g->dot_order.lanes > 1) return false;
  int64_t depth = 1;
  for (int i = g->kept; i < g->naxes; ++i) depth *= g->extent[i];
  return depth > 4;
}

/* What packing has made one axis of k is walked as one. */
static void collapse_depth(DotPlan *plan) {
  for (int i = plan->nk - 2; i >= 0; --i) {
    bool inner = i == plan->nk - 2;
    int64_t wide = inner ? plan->wide.depth : plan->wide.outer[i + 1], n = plan->k_extent[i + 1];
    int64_t narrow = inner ? plan->narrow.depth : plan->narrow.outer[i + 1];
    if (plan->wide.outer[i] != wide * n || plan->narrow.outer[i] != narrow * n) continue;
    plan->k_extent[i] *= n;
    if (!inner) plan->wide.outer[i] = wide, plan->narrow.outer[i] = narrow;
    for (int k = i + 1; k < plan->nk - 1; ++k) {
      plan->k_extent[k] = plan->k_extent[k + 1];
      plan->wide.outer[k] = plan->wide.outer[k + 1];
      plan->narrow.outer[k] = plan->narrow.outer[k + 1];
    }
    --plan->nk;
  }
}

bool schedule_dot(Program *p, const Group *group, Calls *calls) {
  if (!is_tiled(group)) return false;
  Arena *a = p->arena;
  Group wide = *group, *g = &wide;
  const char *name = g->name ? g->name : "dot";
  dot_widen(p, g, calls);
  if (p->machine->blas && dot_blas(p, g, name, calls)) return true;
  DotPlan plan = dot_plan(p->machine, g);
  const char *comment =
      arena_printf(a, "%s: panels of %lld columns, tiles of %lld rows%s", dot_text(a, g), (long long)plan.width,
                   (long long)dot_tile_rows(&plan), plan.column_axis < plan.row_axis ? " (of the transpose)" : "");
  dot_pack_wide(p, g, &plan, calls);
  dot_pack_narrow(p, g, &plan, calls);
  collapse_depth(&plan);
  Slot *partial = plan.slices > 1 ? dot_slices_slot(p, g, &plan, name) : NULL;
  product_kernel(p, g, &plan, name, partial, calls);
  calls->at[calls->n - 1].kernel->comment = comment;
  if (partial) dot_join(p, g, &plan, name, partial, calls);
  return true;
}
