/* rows.c: reductions along the innermost axis with explicit lanes (MIDDLE.md 3.2): element r of a chunk goes to virtual
 * lane r mod L, a lane adds ascending, lanes join by halving, chunks join by halving. With vectors of W elements the L
 * lanes are L / W registers; a rest shorter than L goes to the first lanes only (masked: the other lanes keep their
 * value).
 *
 *   for u parallel                         one row
 *     stage: for r by L { acc_j = op(acc_j, element(r + j W)) } rest; join        phases that do not use each other
 *     writes of the row; for r by W { full writes } rest
 */
#include "nest.h"

enum { REGISTERS_MAX = 64, PHASES_MAX = 16 };

typedef struct Lanes {
  int n;     /* registers: L / W */
  int width; /* W */
  Var *acc[PHASES_MAX][REGISTERS_MAX];
} Lanes;

static Expr *var_expr(Nest *nest, Var *v) { return expr_var(nest->arena, v); }

static void step_lane(Nest *nest, Block *body, int axis, Expr *at, int first, int end, Lanes *lanes, int j,
                      Expr *mask) {
  Arena *a = nest->arena;
  point_axis(&nest->gen, axis, expr_add(a, at, expr_index(a, (int64_t)j * lanes->width)));
  nest_vector(nest, body, nest->gen.hoist, axis, lanes->width, mask);
  for (int p = first; p < end; ++p) {
    Expr *acc = var_expr(nest, lanes->acc[p][j]);
    Expr *next = nest_step(nest, &nest->group->phases.at[p], acc);
    if (mask) next = expr_op3(a, OP_where, mask, next, acc);
    vec_push(a, *body, stmt_set(a, lanes->acc[p][j], next));
  }
}

/* Elements lo … lo + n - 1 (n known) into the lanes. */
static void accumulate(Nest *nest, Block *body, int axis, Expr *lo, int64_t n, int first, int end, Lanes *lanes) {
  Arena *a = nest->arena;
  int64_t step = (int64_t)lanes->n * lanes->width, full = n / step * step, rest = n - full;
  if (full) {
    Expr *r;
    Block *section = nest_section(nest, body, full > step);
    Block *loop = nest_loop(nest, section, "r", lo, expr_add(a, lo, expr_index(a, full)), step, &r);
    for (int j = 0; j < lanes->n; ++j) step_lane(nest, loop, axis, r, first, end, lanes, j, NULL);
    nest_section_end(nest, body, section);
  }
  Expr *at = expr_add(a, lo, expr_index(a, full));
  for (int j = 0; j * lanes->width < rest; ++j) {
    int64_t left = rest - (int64_t)j * lanes->width;
    Expr *mask = left >= lanes->width ? NULL : expr_mask(a, expr_index(a, left), lanes->width);
    step_lane(nest, body, axis, at, first, end, lanes, j, mask);
  }
}

/* The lanes of one register joined by halving: l += l + W/2, … through a small array, the last four by themselves. */
static Expr *join_register(Nest *nest, Block *body, const Reduction *r, Expr *v) {
  Arena *a = nest->arena;
  int w = v->type.lanes;
  if (w > 4) {
    Buffer *halves = buffer_local(a, "lanes", r->chain, w);
    vec_push(a, *body, stmt_local(a, halves));
    for (; w > 4; w /= 2) {
      vec_push(a, *body, stmt_store(a, halves, expr_index(a, 0), v, NULL));
      Expr *low = expr_load(a, halves, expr_index(a, 0), w / 2, NULL);
      v = nest_join(nest, r->op, low, expr_load(a, halves, expr_index(a, w / 2), w / 2, NULL));
      v = nest_bind(nest, body, "half", v, NULL);
    }
  }
  Expr *lane[4];
  for (int i = 0; i < w; ++i) lane[i] = expr_extract(a, v, i);
  for (; w > 1; w /= 2)
    for (int i = 0; i < w / 2; ++i) lane[i] = nest_join(nest, r->op, lane[i], lane[i + w / 2]);
  return lane[0];
}

static Expr *join_lanes(Nest *nest, Block *body, int phase, Lanes *lanes) {
  const Reduction *r = &nest->group->phases.at[phase];
  Expr *v[REGISTERS_MAX];
  for (int j = 0; j < lanes->n; ++j) v[j] = var_expr(nest, lanes->acc[phase][j]);
  for (int n = lanes->n; n > 1; n /= 2)
    for (int j = 0; j < n / 2; ++j) v[j] = nest_join(nest, r->op, v[j], v[j + n / 2]);
  return join_register(nest, body, r, nest_bind(nest, body, "acc", v[0], NULL));
}

static void start_lanes(Nest *nest, Block *body, int first, int end, Lanes *lanes) {
  const Group *g = nest->group;
  lanes->width = nest->lanes;
  if (lanes->width > g->phases.at[first].order.lanes) lanes->width = g->phases.at[first].order.lanes;
  lanes->n = g->phases.at[first].order.lanes / lanes->width;
  for (int p = first; p < end; ++p)
    for (int j = 0; j < lanes->n; ++j)
      nest_bind(nest, body, "acc", nest_start(nest, &g->phases.at[p], lanes->width), &lanes->acc[p][j]);
}

/* One chunk: lanes from their start, joined; results[p] scalar. */
static void chunk(Nest *nest, Block *body, int axis, Expr *lo, int64_t n, int first, int end, Expr **results) {
  Lanes lanes;
  start_lanes(nest, body, first, end, &lanes);
  Block *outer_hoist = nest->gen.hoist;
  nest->gen.hoist = body;
  accumulate(nest, body, axis, lo, n, first, end, &lanes);
  nest->gen.hoist = outer_hoist;
  for (int p = first; p < end; ++p) results[p] = join_lanes(nest, body, p, &lanes);
}

/* Rows of more than one chunk: partial results to an array, whole chunks in a loop, the last one apart. */
static void chunks(Nest *nest, Block *body, int axis, int64_t n, int first, int end, Expr **results) {
  Arena *a = nest->arena;
  const Group *g = nest->group;
  int64_t q = g->phases.at[first].order.chunk, whole = n / q, count = (n + q - 1) / q;
  Buffer *parts[PHASES_MAX];
  for (int p = first; p < end; ++p) {
    parts[p] = buffer_local(a, "parts", g->phases.at[p].chain, count);
    vec_push(a, *body, stmt_local(a, parts[p]));
  }
  Expr *c;
  Block *loop = nest_loop(nest, body, "c", expr_index(a, 0), expr_index(a, whole), 1, &c);
  chunk(nest, loop, axis, expr_mul(a, c, q), q, first, end, results);
  for (int p = first; p < end; ++p) vec_push(a, *loop, stmt_store(a, parts[p], c, results[p], NULL));
  if (count > whole) {
    Stmt *last = stmt_block(a, (Loc){NULL, 0, NULL}, NULL);
    vec_push(a, *body, last);
    chunk(nest, &last->body, axis, expr_index(a, whole * q), n - whole * q, first, end, results);
    for (int p = first; p < end; ++p)
      vec_push(a, last->body, stmt_store(a, parts[p], expr_index(a, whole), results[p], NULL));
  }
  for (int p = first; p < end; ++p) {
    nest_halve(nest, body, g->phases.at[p].op, parts[p], count, 1, 1);
    results[p] = expr_load(a, parts[p], expr_index(a, 0), 1, NULL);
  }
}

/* One long row (a norm over all parameters, the sum of everything) would keep one thread busy: its chunks become the
 * units of a kernel of their own, and a second one joins them. The Order is the same. */
bool nest_rows_apart(const Nest *nest) {
  const Group *g = nest->group;
  int count, axis = nest_axis(nest, true, &count);
  for (int i = 0; i < g->kept; ++i)
    if (nest->extent[i] > 1) return false;
  for (int i = 0; i < g->writes.n; ++i)
    if (g->writes.at[i].full) return false;
  return nest->extent[axis] > g->phases.at[0].order.chunk && nest_stage(nest, 0) == g->phases.n;
}

static void parts_kernel(Nest *nest, Block *body, int axis, Slot **parts) {
  Arena *a = nest->arena;
  const Group *g = nest->group;
  int64_t n = nest->extent[axis], q = g->phases.at[0].order.chunk, whole = n / q;
  Expr *results[PHASES_MAX], *c;
  Block *units = nest_units(nest, body, 0, NULL, (n + q - 1) / q, &c);
  Block *branch[2] = {units, NULL};
  if (whole * q < n) {
    Stmt *choice = stmt_if(a, expr_op2(a, OP_lt, c, expr_index(a, whole)));
    vec_push(a, *units, choice);
    branch[0] = &choice->body;
    branch[1] = &choice->other;
  }
  for (int k = 0; k < 2 && branch[k]; ++k) {
    chunk(nest, branch[k], axis, k ? expr_index(a, whole * q) : expr_mul(a, c, q), k ? n - whole * q : q, 0,
          g->phases.n, results);
    for (int p = 0; p < g->phases.n; ++p)
      vec_push(a, *branch[k], stmt_store(a, point_buffer(&nest->gen, parts[p], true), c, results[p], NULL));
  }
}

static void join_kernel(Nest *nest, Block *body, Slot **parts) {
  Arena *a = nest->arena;
  const Group *g = nest->group;
  body = nest_units(nest, body, 0, NULL, 1, NULL);
  for (int p = 0; p < g->phases.n; ++p) {
    Buffer *b = point_buffer(&nest->gen, parts[p], true);
    nest_halve(nest, body, g->phases.at[p].op, b, parts[p]->shape.dim[0], 1, 1);
    point_result(&nest->gen, p, nest_round(nest, body, p, expr_load(a, b, expr_index(a, 0), 1, NULL)));
  }
  nest_scalar(nest, body);
  point_writes(&nest->gen, g, false);
}

void nest_rows_split(Nest *nest, Calls *calls) {
  const Group *g = nest->group;
  Slot *parts[PHASES_MAX];
  int count, axis = nest_axis(nest, true, &count);
  int64_t n = nest->extent[axis], q = g->phases.at[0].order.chunk;
  for (int p = 0; p < g->phases.n; ++p)
    parts[p] =
        program_slot(nest->program, HOME_scratch, "parts", g->phases.at[p].chain, shape_of(1, (n + q - 1) / q), g->loc);
  Block body = {0}, joining = {0};
  parts_kernel(nest, &body, axis, parts);
  nest_done(nest, body, calls);
  Nest join;
  nest_init(&join, nest->program, g);
  join.call.kernel->name = arena_printf(nest->arena, "%s_join", g->name);
  join_kernel(&join, &joining, parts);
  nest_done(&join, joining, calls);
  calls->at[calls->n - 1].kernel->flops = 0; /* counted with the chunks */
}

static void full_writes(Nest *nest, Block *body, int axis) {
  Arena *a = nest->arena;
  int w = nest->lanes;
  int64_t n = nest->extent[axis], full = n / w * w;
  bool any = false;
  for (int i = 0; i < nest->group->writes.n; ++i) any |= nest->group->writes.at[i].full;
  if (!any) return;
  if (full) {
    Expr *r;
    Block *section = nest_section(nest, body, full > w);
    Block *loop = nest_loop(nest, section, "r", expr_index(a, 0), expr_index(a, full), w, &r);
    point_axis(&nest->gen, axis, r);
    nest_vector(nest, loop, body, axis, w, NULL);
    point_writes(&nest->gen, nest->group, true);
    nest_section_end(nest, body, section);
  }
  if (n == full) return;
  point_axis(&nest->gen, axis, expr_index(a, full));
  nest_vector(nest, body, body, axis, w, expr_mask(a, expr_index(a, n - full), w));
  point_writes(&nest->gen, nest->group, true);
}

void nest_rows(Nest *nest, Block *body) {
  const Group *g = nest->group;
  int axes[RANK_MAX * 3], n = nest_kept(nest, -1, axes), count, axis = nest_axis(nest, true, &count);
  Expr *results[PHASES_MAX];
  body = nest_units(nest, body, n, axes, 1, NULL);
  for (int first = 0, end; first < g->phases.n; first = end) {
    end = nest_stage(nest, first);
    nest->gen.hoist = body;
    if (nest->extent[axis] <= g->phases.at[first].order.chunk)
      chunk(nest, body, axis, expr_index(nest->arena, 0), nest->extent[axis], first, end, results);
    else
      chunks(nest, body, axis, nest->extent[axis], first, end, results);
    for (int p = first; p < end; ++p) point_result(&nest->gen, p, nest_round(nest, body, p, results[p]));
  }
  nest_scalar(nest, body);
  point_writes(&nest->gen, g, false);
  full_writes(nest, body, axis);
}
