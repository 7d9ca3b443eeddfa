/* scatter.c: y = x with source rows added. Every target adds its sources in ascending order, so columns are cut over
 * the threads and never the sources: the result does not depend on the number of threads.
 *
 *   for u parallel { copy x to y }          (left out when y takes x's memory)
 *   for (outer, inner) parallel { for i ascending { y[outer, index[i], inner] += source[outer, i, inner] } } */
#include "../lower/group.h"

typedef struct Extents {
  int64_t outer, rows, inner, sources; /* x is [outer, rows, inner], the source [outer, sources, inner] */
} Extents;

static Extents scatter_extents(const Group *g) {
  Extents e = {1, g->scatter_shape[0].dim[g->scatter_dim], 1, shape_count(g->scatter_shape[1])};
  for (int d = 0; d < g->scatter_shape[0].rank; ++d) {
    if (d < g->scatter_dim) e.outer *= g->scatter_shape[0].dim[d];
    if (d > g->scatter_dim) e.inner *= g->scatter_shape[0].dim[d];
  }
  return e;
}

static Expr *loop(Arena *a, Block **body, ForKind kind, const char *name, int64_t n) {
  Var *v = var_new(a, name, type_of(DT_i64, 1));
  Stmt *s = stmt_for(a, kind, v, expr_index(a, 0), expr_index(a, n), 1);
  vec_push(a, **body, s);
  *body = &s->body;
  return expr_var(a, v);
}

static void copy_kernel(Program *p, const Group *g, Calls *calls) {
  Call call = {.kernel = kernel_new(p->arena, "copy")};
  PointGen gen;
  point_gen_init(&gen, p, &call);
  Block *body = &call.kernel->body;
  Expr *i = loop(p->arena, &body, FOR_parallel, "i", shape_count(g->scatter_shape[0]));
  Buffer *x = point_buffer(&gen, g->a.slot, false), *y = point_buffer(&gen, g->writes.at[0].slot, true);
  vec_push(p->arena, *body, stmt_store(p->arena, y, i, expr_load(p->arena, x, i, 1, NULL), NULL));
  vec_push(p->arena, *calls, call);
}

static Expr *target_row(Program *p, Buffer *index, Expr *i, int64_t rows) {
  Arena *a = p->arena;
  Expr *row = expr_load(a, index, i, 1, NULL);
  if (row->type.dtype != DT_i64) row = expr_cast(a, row, DT_i64, false);
  row = expr_op2(a, OP_maximum, row, expr_index(a, 0));
  return expr_op2(a, OP_minimum, row, expr_index(a, rows - 1));
}

static void add_kernel(Program *p, const Group *g, Slot *target, Calls *calls) {
  Arena *a = p->arena;
  Extents e = scatter_extents(g);
  Call call = {.kernel = kernel_new(a, g->name)};
  PointGen gen;
  point_gen_init(&gen, p, &call);
  Buffer *index = point_buffer(&gen, g->scatter_index, false), *source = point_buffer(&gen, g->b.slot, false);
  Buffer *y = point_buffer(&gen, target, true);
  Block *body = &call.kernel->body;
  Expr *u = loop(a, &body, FOR_parallel, "u", e.outer * e.inner);
  Expr *outer = expr_idiv(a, u, e.inner), *inner = expr_imod(a, u, e.inner);
  Expr *i = loop(a, &body, FOR_serial, "i", e.sources);
  Expr *from = expr_add(a, expr_mul(a, expr_add(a, expr_mul(a, outer, e.sources), i), e.inner), inner);
  Expr *row = target_row(p, index, i, e.rows);
  Expr *to = expr_add(a, expr_mul(a, expr_add(a, expr_mul(a, outer, e.rows), row), e.inner), inner);
  Expr *term = expr_cast(a, expr_load(a, source, from, 1, NULL), y->dtype, false);
  Expr *sum = expr_op2(a, OP_add, expr_load(a, y, to, 1, NULL), term);
  vec_push(a, *body, stmt_store(a, y, to, sum, NULL));
  vec_push(a, *calls, call);
}

/* 16-bit sums grow in f32 scratch and are rounded once, at the end (MIDDLE.md 3.1). */
void schedule_scatter(Program *p, const Group *g, Calls *calls) {
  Slot *x = g->a.slot, *y = g->writes.at[0].slot;
  if (dtype_chain(y->dtype) == y->dtype) {
    if (x != y) copy_kernel(p, g, calls);
    add_kernel(p, g, y, calls);
    return;
  }
  Slot *wide = slot_widened(p, y, g->loc);
  call_convert(p, x, wide, calls);
  add_kernel(p, g, wide, calls);
  call_convert(p, wide, y, calls);
}
