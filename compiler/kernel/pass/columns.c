/* columns.c: reductions over outer axes only: rows ascend, the vector runs along the innermost kept axis. Order
 * (MIDDLE.md 3.2): chunks of Q rows, one chain in each, chunks joined by halving. Places of maxima are chains too, in
 * rows of one chunk; so are rows of two elements, whatever axis they lie along. A unit is a block of up to four
 * vectors of columns, so that each row of it is whole cache lines.
 *
 *   for u parallel                         one block of columns
 *     stage: for chunk { acc = start; for r { acc_v = op(acc_v, element(r, column v)) }; parts[chunk] = acc } halve
 *     writes of the columns
 */
#include "nest.h"

enum { VECTORS_MAX = 4, PHASES_MAX = 16, PART_BYTES = 16384 };

typedef struct Columns {
  Nest *nest;
  const NestColumns *block;
  int vectors;  /* of the block */
  int64_t rows; /* reduced elements */
  Expr *result[PHASES_MAX][VECTORS_MAX];
} Columns;

void nest_column(Nest *nest, Block *body, Block *hoist, const NestColumns *c, int v) {
  Arena *a = nest->arena;
  Expr *mask = c->rest && v == c->vectors - 1 ? expr_mask(a, expr_index(a, c->rest), nest->lanes) : NULL;
  point_axis(&nest->gen, c->axis, expr_add(a, c->base, expr_index(a, (int64_t)v * nest->lanes)));
  nest_vector(nest, body, hoist, c->axis, nest->lanes, mask);
}

void nest_column_blocks(Nest *nest, Block *body, int n, const int *axes, int axis, int vectors, NestColumnsBody *each,
                        void *context) {
  Arena *a = nest->arena;
  int64_t columns = nest->extent[axis], width = (int64_t)vectors * nest->lanes;
  int64_t full = columns / width, blocks = (columns + width - 1) / width, rest = columns - full * width;
  NestColumns whole = {.axis = axis, .vectors = vectors};
  NestColumns last = {.axis = axis, .rest = rest % nest->lanes, .base = expr_index(a, full * width)};
  Expr *index;
  last.vectors = (int)((rest + nest->lanes - 1) / nest->lanes);
  body = nest_units(nest, body, n, axes, blocks, &index);
  if (!full) {
    each(nest, body, &last, context);
    return;
  }
  whole.base = nest_bind(nest, body, "column", expr_mul(a, index, width), NULL);
  if (!rest) {
    each(nest, body, &whole, context);
    return;
  }
  Stmt *choice = stmt_if(a, expr_op2(a, OP_lt, index, expr_index(a, full)));
  vec_push(a, *body, choice);
  each(nest, &choice->body, &whole, context);
  each(nest, &choice->other, &last, context);
}

static void set_results(Columns *c, int phases, int v) {
  for (int p = 0; p < phases; ++p) point_result(&c->nest->gen, p, c->result[p][v]);
}

/* Rows lo … hi - 1 of phases first … end - 1 (NULL: all rows) into fresh accumulators. */
static void chunk(Columns *c, Block *body, Expr *lo, Expr *hi, int first, int end, NestChain chain[][VECTORS_MAX]) {
  Nest *nest = c->nest;
  Expr *r;
  Block *loop = body;
  for (int p = first; p < end; ++p)
    for (int v = 0; v < c->vectors; ++v) chain[p][v] = nest_chain(nest, body, &nest->group->phases.at[p], nest->lanes);
  if (lo) {
    loop = nest_loop(nest, body, "r", lo, hi, 1, &r);
    nest_set_axes(nest, loop, nest->group->kept, nest->group->naxes, r);
  } else {
    loop = nest_reduced(nest, body, -1, 1, &r);
  }
  for (int v = 0; v < c->vectors; ++v) {
    nest_column(nest, loop, loop, c->block, v);
    set_results(c, first, v);
    for (int p = first; p < end; ++p) nest_advance(nest, loop, &nest->group->phases.at[p], &chain[p][v], r);
  }
}

static void store_parts(Columns *c, Block *body, Buffer **parts, Expr *row, int first, int end,
                        NestChain chain[][VECTORS_MAX]) {
  Arena *a = c->nest->arena;
  int64_t width = (int64_t)c->vectors * c->nest->lanes;
  for (int p = first; p < end; ++p)
    for (int v = 0; v < c->vectors; ++v) {
      Expr *at = expr_add(a, expr_mul(a, row, width), expr_index(a, (int64_t)v * c->nest->lanes));
      vec_push(a, *body, stmt_store(a, parts[p], at, expr_var(a, chain[p][v].acc), NULL));
    }
}

static void chunks(Columns *c, Block *body, int64_t q, int first, int end) {
  Nest *nest = c->nest;
  Arena *a = nest->arena;
  int64_t whole = c->rows / q, count = (c->rows + q - 1) / q, width = (int64_t)c->vectors * nest->lanes;
  Buffer *parts[PHASES_MAX];
  NestChain chain[PHASES_MAX][VECTORS_MAX];
  Expr *k;
  for (int p = first; p < end; ++p) {
    parts[p] = buffer_local(a, "parts", nest->group->phases.at[p].chain, count * width);
    vec_push(a, *body, stmt_local(a, parts[p]));
  }
  Block *loop = nest_loop(nest, body, "c", expr_index(a, 0), expr_index(a, whole), 1, &k);
  chunk(c, loop, expr_mul(a, k, q), expr_add(a, expr_mul(a, k, q), expr_index(a, q)), first, end, chain);
  store_parts(c, loop, parts, k, first, end, chain);
  if (count > whole) {
    Stmt *last = stmt_block(a, (Loc){NULL, 0, NULL}, NULL);
    vec_push(a, *body, last);
    chunk(c, &last->body, expr_index(a, whole * q), expr_index(a, c->rows), first, end, chain);
    store_parts(c, &last->body, parts, expr_index(a, whole), first, end, chain);
  }
  for (int p = first; p < end; ++p) {
    nest_halve(nest, body, nest->group->phases.at[p].op, parts[p], count, width, nest->lanes);
    for (int v = 0; v < c->vectors; ++v)
      c->result[p][v] = expr_load(a, parts[p], expr_index(a, (int64_t)v * nest->lanes), nest->lanes, NULL);
  }
}

static void block(Nest *nest, Block *body, const NestColumns *columns, void *context) {
  Columns *c = context;
  const Group *g = nest->group;
  c->block = columns;
  c->vectors = columns->vectors;
  for (int first = 0, end; first < g->phases.n; first = end) {
    end = nest_stage(nest, first);
    int64_t q = g->phases.at[first].order.chunk;
    if (c->rows > q) {
      chunks(c, body, q, first, end);
    } else {
      NestChain chain[PHASES_MAX][VECTORS_MAX];
      chunk(c, body, NULL, NULL, first, end, chain);
      for (int p = first; p < end; ++p)
        for (int v = 0; v < c->vectors; ++v) c->result[p][v] = expr_var(nest->arena, chain[p][v].acc);
    }
    for (int p = first; p < end; ++p)
      for (int v = 0; v < c->vectors; ++v) c->result[p][v] = nest_round(nest, body, p, c->result[p][v]);
  }
  for (int v = 0; v < c->vectors; ++v) {
    nest_column(nest, body, body, c->block, v);
    set_results(c, g->phases.n, v);
    point_writes(&nest->gen, g, false);
  }
}

/* Vectors in a block: four, fewer where the partial results of its chunks would not fit the stack. */
static int block_vectors(const Nest *nest, int64_t rows) {
  int vectors = VECTORS_MAX;
  for (int p = 0; p < nest->group->phases.n; ++p) {
    const Reduction *r = &nest->group->phases.at[p];
    int64_t parts = (rows + r->order.chunk - 1) / r->order.chunk;
    int64_t bytes = parts * nest->lanes * dtype_info[r->chain].bytes;
    while (vectors > 1 && bytes * vectors > PART_BYTES) vectors /= 2;
  }
  return vectors;
}

void nest_columns(Nest *nest, Block *body) {
  int axes[RANK_MAX * 3], count, axis = nest_axis(nest, false, &count), n = nest_kept(nest, axis, axes);
  Columns c = {.nest = nest, .rows = 1};
  for (int i = nest->group->kept; i < nest->group->naxes; ++i) c.rows *= nest->extent[i];
  nest_column_blocks(nest, body, n, axes, axis, block_vectors(nest, c.rows), block, &c);
}
