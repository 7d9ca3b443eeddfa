/* panels.c: packing of the operands of a product, each in a kernel of its own that fills a scratch slot.
 *
 * The wide side becomes panels [batch, panel, k, columns of the panel], so that the tile reads it front to back; the
 * last panel is as wide as its vectors, its padding columns hold zeros and belong to outputs that nobody stores. k is
 * never padded. The narrow side becomes tiles [batch, tile, k, rows of a tile padded to a vector]; rows of padding are
 * whatever lies there and are not read. Where k is contiguous in memory, blocks of lanes x lanes are transposed in
 * registers; rests go element by element. Batch axes along which the source does not move are packed once. */
#include "dot.h"

enum { UNITS_WANTED = 32, CHUNK = 256 }; /* of k; a multiple of every machine's lanes */

typedef struct Packing {
  DotBuild build;
  const DotSide *from; /* the operand as it lies */
  DotSide to;
  const Buffer *source, *target;
  int64_t lanes, depth, lines; /* lines: columns or rows of the whole operand; depth: of the innermost axis of k */
  Expr *k_lo, *k_hi;           /* of this unit */
  int nouter;                  /* axes of k outside that; a unit is at one point of them */
  int64_t outer_extent[RANK_MAX], outer_stride[RANK_MAX], outers;
  Expr *outer; /* its number */
} Packing;

static uint32_t moving_axes(const DotPlan *plan, const DotSide *side) {
  uint32_t mask = 0;
  for (int i = 0; i < plan->nbatch; ++i) mask |= (side->batch[i] != 0 ? 1u : 0u) << i;
  return mask;
}

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

const char *dot_pack_key(Arena *a, const DotPlan *plan, bool wide) {
  const DotSide *s = wide ? &plan->wide : &plan->narrow;
  Text t;
  text_init(&t, a);
  text_printf(&t, "slot %d + %lld: line %lld k %lld", s->slot->id, (long long)s->offset, (long long)s->line,
              (long long)s->depth);
  for (int i = 0; i < plan->nk - 1; ++i)
    text_printf(&t, " outer %lld x %lld", (long long)plan->k_extent[i], (long long)s->outer[i]);
  for (int i = 0; i < plan->nbatch; ++i)
    if (s->batch[i]) text_printf(&t, " batch %lld x %lld", (long long)plan->batch_extent[i], (long long)s->batch[i]);
  if (wide)
    text_printf(&t, " -> [%lld, %lld] in panels of %lld", (long long)plan->depth, (long long)plan->columns,
                (long long)plan->width);
  else
    text_printf(&t, " -> [%lld, %lld] in %lld tiles", (long long)plan->depth, (long long)plan->rows,
                (long long)plan->tiles);
  return text_str(&t);
}

/* The slot and the strides of what will be written; `size` elements for one batch. */
static DotSide packed_side(Program *p, const Group *g, const DotPlan *plan, const DotSide *from, int64_t size,
                           bool wide) {
  DotSide to = {.line = 1};
  int64_t count = size;
  for (int i = plan->nbatch - 1; i >= 0; --i) {
    if (!from->batch[i]) continue;
    to.batch[i] = count;
    count *= plan->batch_extent[i];
  }
  const char *name = arena_printf(p->arena, "%s_%s", from->slot->name, wide ? "panels" : "tiles");
  to.slot = program_slot(p, HOME_scratch, name, plan->dtype, shape_of(1, count), g->loc);
  to.slot->key = dot_pack_key(p->arena, plan, wide);
  return to;
}

/* The axes of k as this operand has them: neighbours that it walks with one stride are one. */
static void outer_axes(Packing *x, const DotPlan *plan) {
  int64_t stride = x->from->depth;
  x->depth = plan->k_extent[plan->nk - 1];
  x->outers = 1;
  x->nouter = 0;
  for (int i = plan->nk - 2; i >= 0; --i) {
    if (!x->nouter && x->from->outer[i] == stride * x->depth) {
      x->depth *= plan->k_extent[i];
      continue;
    }
    x->outer_extent[x->nouter] = plan->k_extent[i];
    x->outer_stride[x->nouter++] = x->from->outer[i];
    x->outers *= plan->k_extent[i];
  }
}

static void packing_init(Packing *x, Program *p, const Group *g, const DotPlan *plan, const DotSide *from, DotSide to,
                         int64_t lines) {
  dot_build_init(&x->build, p, g, plan, arena_printf(p->arena, "pack_%s", from->slot->name));
  x->from = from;
  x->to = to;
  x->lanes = plan->lanes;
  x->lines = lines;
  outer_axes(x, plan);
  x->source = point_buffer(&x->build.gen, from->slot, false);
  x->target = point_buffer(&x->build.gen, to.slot, true);
}

/* for u over batch, `groups` panels or tiles, chunks of k. */
static Block *open_packing(Packing *x, int64_t groups, const char *name, Expr **group) {
  DotBuild *d = &x->build;
  Arena *a = d->arena;
  uint32_t mask = moving_axes(d->plan, x->from);
  int64_t units = groups, chunk = x->depth;
  for (int i = 0; i < d->plan->nbatch; ++i) units *= mask >> i & 1 ? d->plan->batch_extent[i] : 1;
  units *= x->outers;
  if (units < UNITS_WANTED && x->depth >= 2 * CHUNK) chunk = CHUNK;
  int64_t extent[] = {groups, x->outers, ceil_div(x->depth, chunk)};
  Expr *index[3];
  Block *body = dot_units(d, mask, 3, extent, (const char *[]){name, "outer", "chunk"}, index);
  *group = index[0];
  x->outer = index[1];
  index[1] = index[2];
  x->k_lo = dot_let(d, body, "k_lo", expr_mul(a, index[1], chunk));
  x->k_hi = expr_index(a, x->depth);
  if (extent[2] > 1)
    x->k_hi = dot_let(d, body, "k_hi", dot_min(d, expr_add(a, x->k_lo, expr_index(a, chunk)), x->depth));
  return body;
}

/* Where the unit's point of the outer axes starts in the source; in the target it follows from the pitch. */
static Expr *outer_source(Packing *x) {
  Arena *a = x->build.arena;
  Expr *at = expr_index(a, 0), *rest = x->outer;
  for (int i = 0; i < x->nouter; ++i) {
    Expr *index = i == x->nouter - 1 ? rest : expr_imod(a, rest, x->outer_extent[i]);
    at = expr_add(a, at, expr_mul(a, index, x->outer_stride[i]));
    rest = expr_idiv(a, rest, x->outer_extent[i]);
  }
  return at;
}

static Expr *at(Packing *x, Expr *base, Expr *line, int64_t line_stride, Expr *k, int64_t k_stride) {
  Arena *a = x->build.arena;
  return expr_add(a, expr_add(a, base, expr_mul(a, line, line_stride)), expr_mul(a, k, k_stride));
}

/* Where one panel or tile lies: source at its first line, target, and the target's distance from k to k. */
typedef struct Piece {
  Expr *source, *target;
  int64_t pitch;
} Piece;

static Piece piece_at(Packing *x, Block *body, Piece p) {
  DotBuild *d = &x->build;
  if (x->outers > 1)
    p.target = dot_let(d, body, "to", expr_add(d->arena, p.target, expr_mul(d->arena, x->outer, x->depth * p.pitch)));
  return p;
}

/* Elements one by one: lines lo … hi - 1 of the piece, k from k_lo to k_hi; zeros up to line `padded`. */
static void pack_elements(Packing *x, Block *body, const Piece *p, Expr *k_lo, Expr *k_hi, Expr *lo, Expr *hi,
                          int64_t padded) {
  DotBuild *d = &x->build;
  Arena *a = d->arena;
  Expr *k, *j;
  Block *loop = dot_loop(d, body, "k", k_lo, k_hi, 1, &k);
  bool empty = lo->kind == E_const && hi->kind == E_const && lo->value.i == hi->value.i;
  Block none = {0}, *inner = empty ? &none : dot_loop(d, loop, "j", lo, hi, 1, &j);
  if (empty) j = lo;
  Expr *value = expr_load(a, x->source, at(x, p->source, j, x->from->line, k, x->from->depth), 1, NULL);
  vec_push(a, *inner, stmt_store(a, x->target, at(x, p->target, j, 1, k, p->pitch), value, NULL));
  if (!padded) return;
  inner = dot_loop(d, loop, "j", hi, expr_index(a, padded), 1, &j);
  Expr *zero = expr_const(a, type_of(d->plan->dtype, 1), 0);
  vec_push(a, *inner, stmt_store(a, x->target, at(x, p->target, j, 1, k, p->pitch), zero, NULL));
}

/* `lines` lines (a multiple of lanes) from `first` on, with k contiguous: transposes, then the k that are left over. */
static void pack_transposed(Packing *x, Block *body, const Piece *p, int64_t first, int64_t lines, int64_t lanes) {
  DotBuild *d = &x->build;
  Arena *a = d->arena;
  Expr *k, *j = expr_index(a, first);
  int64_t whole = x->depth - x->depth % lanes, end = first + lines;
  Expr *k_end = whole < x->depth ? dot_min(d, x->k_hi, whole) : x->k_hi;
  Block *loop = dot_loop(d, body, "k", x->k_lo, k_end, lanes, &k);
  if (lines > lanes) loop = dot_loop(d, loop, "j", j, expr_index(a, end), lanes, &j);
  Expr *target = at(x, p->target, j, 1, k, p->pitch), *source = at(x, p->source, j, x->from->line, k, 1);
  vec_push(a, *loop,
           stmt_transpose(a, (int)lanes, x->target, target, expr_index(a, p->pitch), x->source, source,
                          expr_index(a, x->from->line)));
  if (whole == x->depth) return;
  Expr *tail = expr_op2(a, OP_maximum, x->k_lo, expr_index(a, whole));
  pack_elements(x, body, p, tail, x->k_hi, expr_index(a, first), expr_index(a, end), 0);
}

/* `lines` lines (a multiple of lanes) from `first` on that are contiguous: copied vector by vector. */
static void pack_copied(Packing *x, Block *body, const Piece *p, int64_t first, int64_t lines, int64_t lanes) {
  DotBuild *d = &x->build;
  Arena *a = d->arena;
  Expr *k;
  Block *loop = dot_loop(d, body, "k", x->k_lo, x->k_hi, 1, &k);
  for (int64_t i = first; i < first + lines; i += lanes) {
    Expr *j = expr_index(a, i), *source = at(x, p->source, j, 1, k, x->from->depth);
    Expr *value = expr_load(a, x->source, source, (int)lanes, NULL);
    vec_push(a, *loop, stmt_store(a, x->target, at(x, p->target, j, 1, k, p->pitch), value, NULL));
  }
}

/* `lines` lines of a piece, padded with zeros to `padded`: as many as whole vectors hold, the rest by halves of vectors
 * down to four lanes, then one by one. */
static void pack_lines(Packing *x, Block *body, const Piece *whole, int64_t lines, int64_t padded) {
  Arena *a = x->build.arena;
  Piece piece = piece_at(x, body, *whole), *p = &piece;
  int64_t done = 0;
  bool vectors = x->from->depth == 1 || x->from->line == 1;
  for (int64_t lanes = x->lanes; vectors && lanes >= 4; lanes /= 2) {
    int64_t part = (lines - done) / lanes * lanes;
    if (!part) continue;
    (x->from->depth == 1 ? pack_transposed : pack_copied)(x, body, p, done, part, lanes);
    done += part;
  }
  if (done < padded)
    pack_elements(x, body, p, x->k_lo, x->k_hi, expr_index(a, done), expr_index(a, lines), padded > lines ? padded : 0);
}

static void packing_done(Packing *x, const char *comment, Calls *calls) {
  x->build.call.kernel->comment = comment;
  vec_push(x->build.arena, *calls, x->build.call);
}

/* ---- the wide side ---- */
static void side_pack(const DotPlan *plan, DotSide *to, int64_t pitch) {
  to->packed = true;
  to->depth = pitch;
  for (int i = plan->nk - 2; i >= 0; --i) to->outer[i] = (pitch *= plan->k_extent[i + 1]);
}

static void wide_in_place(DotPlan *plan) {
  plan->wide.group = plan->width * plan->wide.line;
  plan->wide.edge_depth = plan->wide.depth;
}

void dot_pack_wide(Program *p, const Group *g, DotPlan *plan, Calls *calls) {
  if (!plan->pack_wide) {
    wide_in_place(plan);
    return;
  }
  Packing x;
  Arena *a = p->arena;
  DotSide from = plan->wide;
  int64_t edge_width = (int64_t)plan->edge_vectors * plan->lanes;
  DotSide to = packed_side(p, g, plan, &from, plan->depth * (plan->full * plan->width + edge_width), true);
  side_pack(plan, &to, plan->width);
  to.edge_depth = edge_width;
  to.group = plan->depth * plan->width;
  packing_init(&x, p, g, plan, &from, to, plan->columns);
  Expr *panel;
  Block *body = open_packing(&x, plan->panels, "panel", &panel), *edge = body;
  DotBuild *d = &x.build;
  Piece piece = {.pitch = plan->width};
  piece.source = expr_add(a, dot_base(d, &from), expr_mul(a, panel, plan->width * from.line));
  piece.source = expr_add(a, piece.source, outer_source(&x));
  piece.target = expr_add(a, dot_base(d, &to), expr_mul(a, panel, to.group));
  piece.source = dot_let(d, body, "from", piece.source);
  piece.target = dot_let(d, body, "to", piece.target);
  if (plan->full && plan->edge_vectors) {
    Stmt *choice = stmt_if(a, expr_op2(a, OP_lt, panel, expr_index(a, plan->full)));
    vec_push(a, *body, choice);
    body = &choice->body;
    edge = &choice->other;
  }
  if (plan->full) pack_lines(&x, body, &piece, plan->width, plan->width);
  piece.pitch = edge_width;
  if (plan->edge_vectors) pack_lines(&x, edge, &piece, plan->columns - plan->full * plan->width, edge_width);
  packing_done(&x,
               arena_printf(a, "%s as %lld panel%s of %lld columns", from.slot->name, (long long)plan->panels,
                            plan->panels == 1 ? "" : "s", (long long)plan->width),
               calls);
  plan->wide = to;
}

/* ---- the narrow side ---- */

/* Tiles differ in height by one and start anywhere. Whole blocks of `pitch` rows are transposed where they stay inside
 * the operand (rows beyond the tile go to its padding); the last tiles go element by element. */
void dot_pack_narrow(Program *p, const Group *g, DotPlan *plan, Calls *calls) {
  if (!plan->pack_narrow) return;
  Packing x;
  Arena *a = p->arena;
  DotSide from = plan->narrow;
  int64_t pitch = dot_tile_pitch(plan, p->machine), rows = dot_tile_rows(plan), safe = 0;
  DotSide to = packed_side(p, g, plan, &from, plan->tiles * plan->depth * pitch, false);
  side_pack(plan, &to, pitch);
  to.group = plan->depth * pitch;
  packing_init(&x, p, g, plan, &from, to, plan->rows);
  Expr *tile;
  Block *body = open_packing(&x, plan->tiles, "tile", &tile), *rest = body;
  DotBuild *d = &x.build;
  Piece piece = {.pitch = pitch};
  Expr *row = dot_let(d, body, "row", dot_tile_first(d, tile));
  piece.source = expr_add(a, dot_base(d, &from), expr_mul(a, row, from.line));
  piece.source = dot_let(d, body, "from", expr_add(a, piece.source, outer_source(&x)));
  piece.target = dot_let(d, body, "to", expr_add(a, dot_base(d, &to), expr_mul(a, tile, to.group)));
  bool fast = plan->lanes > 1 && (from.depth == 1 || from.line == 1);
  if (fast) safe = plan->rows - pitch; /* last first row of a tile whose block stays inside */
  if (fast && safe >= 0) {
    Stmt *choice = stmt_if(a, expr_op2(a, OP_le, row, expr_index(a, safe)));
    vec_push(a, *body, choice);
    pack_lines(&x, &choice->body, &piece, pitch, pitch);
    rest = &choice->other;
  }
  Expr *height = expr_index(a, plan->base);
  if (plan->tall)
    height = expr_op3(a, OP_where, expr_op2(a, OP_lt, tile, expr_index(a, plan->tall)), expr_index(a, rows), height);
  piece = piece_at(&x, rest, piece);
  pack_elements(&x, rest, &piece, x.k_lo, x.k_hi, expr_index(a, 0), dot_let(d, rest, "height", height), 0);
  packing_done(&x,
               arena_printf(a, "%s as %lld tile%s of %lld rows", from.slot->name, (long long)plan->tiles,
                            plan->tiles == 1 ? "" : "s", (long long)rows),
               calls);
  plan->narrow = to;
}
