/* blas.c: dot_blas: a matrix product as calls of a BLAS (machine->blas, runtime/blas), which a user may ask for in the
 * place of our own kernels:
 *
 *   for u parallel                        batch, slice of k, block of rows, block of columns
 *     call nnrt_sgemm(rows, columns, depth, a[…], …, b[…], …, c[…], …)
 *
 * then the epilogue in a kernel of its own (dot_join), unless it is no more than a store. Every call is one thread's,
 * so the library never needs threads of its own. Blocks follow from the shape alone: the calls, and with them the bits,
 * are the same for any number of threads, though the library's bits are its own. Slices of k keep their meaning
 * (MIDDLE.md 3.2): they are what gives long chains with few outputs to several threads.
 *
 * Taken are products that are plain matrices with one stride of 1 and are large enough: below that the library's own
 * packing and its call cost more than it wins. */
#include "dot.h"

enum {
  SIDE_LEAST = 32,           /* of each extent */
  WORK_LEAST = 64 * 64 * 64, /* rows * columns * depth */
  BLOCK = 128,
  BLOCK_LARGE = 256, /* the library packs both sides of a call, (1/rows + 1/columns) of its work */
  UNITS_WANTED = 16,
};

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* A matrix [lines, depth] that BLAS can read, either way round; its integers are 32 bits wide. */
static bool is_matrix(const DotSide *s, int64_t lines, int64_t depth) {
  if (s->line > INT32_MAX || s->depth > INT32_MAX || lines > INT32_MAX || depth > INT32_MAX) return false;
  return (s->depth == 1 && s->line >= depth) || (s->line == 1 && s->depth >= lines);
}

static bool is_worth_it(const DotPlan *d) {
  if (d->rows < SIDE_LEAST || d->columns < SIDE_LEAST || d->slice < SIDE_LEAST) return false;
  return (double)d->rows * (double)d->columns * (double)d->depth >= WORK_LEAST;
}

/* The place of the result when the library can write it there itself: one write, of the product as it is. */
static bool is_plain_store(const Group *g, const DotPlan *d, DotSide *to) {
  const Write *w = &g->writes.at[0];
  if (g->writes.n != 1 || d->slices > 1 || w->value->kind != P_result || w->slot->dtype != d->dtype) return false;
  *to = (DotSide){.slot = w->slot, .offset = w->index->c0};
  bool simple = true, all = true;
  for (int i = 0; i < d->nbatch; ++i, all &= simple) to->batch[i] = affine_stride(w->index, i, &simple);
  to->line = affine_stride(w->index, d->row_axis, &simple);
  all &= simple;
  to->depth = affine_stride(w->index, d->column_axis, &simple);
  return all && simple && to->depth == 1 && to->line >= d->columns && to->line <= INT32_MAX;
}

static DotSide side_of_slices(const DotPlan *d, Slot *slot) {
  DotSide to = {.slot = slot, .line = d->columns, .depth = 1};
  int64_t count = d->rows * d->columns;
  for (int i = d->nbatch - 1; i >= 0; --i) {
    to.batch[i] = count;
    count *= d->batch_extent[i];
  }
  to.group = count; /* from slice to slice */
  return to;
}

/* Nearly equal blocks of about `size`, a multiple of 16 long but for the last. */
static int64_t block_of(int64_t extent, int64_t size) {
  int64_t blocks = (extent + size / 2) / size;
  return blocks < 2 ? extent : ceil_div(ceil_div(extent, blocks), 16) * 16;
}

static void choose_blocks(const DotPlan *d, int64_t *rows, int64_t *columns) {
  for (int64_t size = BLOCK_LARGE; size >= BLOCK; size /= 2) {
    *rows = block_of(d->rows, size);
    *columns = block_of(d->columns, size);
    if (d->batch * d->slices * ceil_div(d->rows, *rows) * ceil_div(d->columns, *columns) >= UNITS_WANTED) return;
  }
}

/* The first index of block number `block`, and how many there are in it. */
typedef struct Extent {
  Expr *first, *count;
} Extent;

static Extent extent_of(DotBuild *d, Block *body, Expr *block, int64_t size, int64_t all, const char *first,
                        const char *count) {
  Arena *a = d->arena;
  Extent x = {dot_let(d, body, first, expr_mul(a, block, size)), expr_index(a, size < all ? size : all)};
  if (size < all && all % size)
    x.count = dot_let(d, body, count, dot_min(d, expr_op2(a, OP_sub, expr_index(a, all), x.first), size));
  return x;
}

static RoutineArg number(Expr *value) { return (RoutineArg){NULL, value}; }

static RoutineArg place(DotBuild *d, const DotSide *s, bool written, Expr *line, Expr *depth) {
  Arena *a = d->arena;
  Expr *at = expr_add(a, expr_mul(a, line, s->line), expr_mul(a, depth, s->depth));
  return (RoutineArg){point_buffer(&d->gen, s->slot, written), expr_add(a, dot_base(d, s), at)};
}

static void blas_kernel(Program *p, const Group *g, const DotPlan *plan, const char *name, const DotSide *to,
                        Calls *calls) {
  DotBuild d;
  Arena *a = p->arena;
  int64_t rows, columns;
  dot_build_init(&d, p, g, plan, name);
  choose_blocks(plan, &rows, &columns);
  const int64_t extent[] = {plan->slices, ceil_div(plan->rows, rows), ceil_div(plan->columns, columns)};
  static const char *const label[] = {"slice", "row_block", "column_block"};
  Expr *index[3];
  Block *body = dot_units(&d, ~0u, 3, extent, label, index);
  Extent k = extent_of(&d, body, index[0], plan->slice, plan->depth, "k_first", "depth");
  Extent row = extent_of(&d, body, index[1], rows, plan->rows, "row", "rows");
  Extent column = extent_of(&d, body, index[2], columns, plan->columns, "column", "columns");
  RoutineArg c = place(&d, to, true, row.first, column.first);
  c.value = expr_add(a, c.value, expr_mul(a, index[0], to->group));
  const RoutineArg passed[] = {number(row.count),
                               number(column.count),
                               number(k.count),
                               place(&d, &plan->narrow, false, row.first, k.first),
                               number(expr_index(a, plan->narrow.line)),
                               number(expr_index(a, plan->narrow.depth)),
                               place(&d, &plan->wide, false, column.first, k.first),
                               number(expr_index(a, plan->wide.depth)),
                               number(expr_index(a, plan->wide.line)),
                               c,
                               number(expr_index(a, to->line))};
  const char *routine = plan->dtype == DT_f64 ? "nnrt_dgemm" : "nnrt_sgemm";
  vec_push(a, *body, stmt_routine(a, routine, sizeof passed / sizeof *passed, passed));
  d.call.kernel->flops = 2 * plan->batch * plan->rows * plan->columns * plan->depth;
  d.call.kernel->comment = arena_printf(a, "%s by %s, blocks of %lld x %lld", dot_text(a, g), p->machine->blas,
                                        (long long)rows, (long long)columns);
  vec_push(a, *calls, d.call);
}

bool dot_blas(Program *p, const Group *g, const char *name, Calls *calls) {
  if (g->nm != 1 || g->nn != 1 || g->nk != 1) return false;
  DotPlan plan = dot_sides(p->machine, g, g->nb, g->nb + 1);
  DotSide to;
  if (!is_worth_it(&plan) || !is_matrix(&plan.narrow, plan.rows, plan.depth) ||
      !is_matrix(&plan.wide, plan.columns, plan.depth))
    return false;
  if (is_plain_store(g, &plan, &to)) {
    blas_kernel(p, g, &plan, name, &to, calls);
    return true;
  }
  Slot *product = dot_slices_slot(p, g, &plan, name);
  to = side_of_slices(&plan, product);
  blas_kernel(p, g, &plan, name, &to, calls);
  dot_join(p, g, &plan, name, product, calls);
  return true;
}
