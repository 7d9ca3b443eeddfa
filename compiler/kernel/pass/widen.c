/* widen.c: f16 and bf16 operands of a tiled product are widened to f32 in scratch before it, each element once, so that
 * the tile is that of f32: its chains are f32 (MIDDLE.md 3.1), and no conversion stands in the loop over k, where a
 * broadcast operand would pay one per element and panel.
 *
 *   for u parallel { for j by lanes { x_f32[j] = cast<f32>(x[j]) } } */
#include "dot.h"

enum { BLOCK = 4096 }; /* elements of a unit; a multiple of every machine's lanes */

static void convert(Program *p, const Buffer *x, const Buffer *y, Block *body, Expr *at, int lanes, Expr *mask) {
  Expr *value = expr_cast(p->arena, expr_load(p->arena, x, at, lanes, mask), y->dtype, false);
  vec_push(p->arena, *body, stmt_store(p->arena, y, at, value, mask));
}

void call_convert(Program *p, Slot *from, Slot *to, Calls *calls) {
  Arena *a = p->arena;
  int64_t n = shape_count(from->shape);
  int most = p->machine->lanes[from->dtype], lanes = n < most ? 1 : most;
  const char *verb = to->dtype == dtype_chain(to->dtype) ? "widen" : "narrow";
  Call call = {.kernel = kernel_new(a, arena_printf(a, "%s_%s", verb, from->name))};
  PointGen gen;
  point_gen_init(&gen, p, &call);
  Buffer *x = point_buffer(&gen, from, false), *y = point_buffer(&gen, to, true);
  Var *u = var_new(a, "u", type_of(DT_i64, 1)), *j = var_new(a, "j", type_of(DT_i64, 1)),
      *lo = var_new(a, "lo", u->type);
  int64_t whole = n / lanes * lanes, units = (n + BLOCK - 1) / BLOCK;
  Stmt *units_loop = stmt_for(a, FOR_parallel, u, expr_index(a, 0), expr_index(a, units), 1);
  Block *body = &units_loop->body;
  vec_push(a, *body, stmt_let(a, lo, expr_mul(a, expr_var(a, u), BLOCK)));
  Expr *end = expr_add(a, expr_var(a, lo), expr_index(a, BLOCK));
  end = expr_op2(a, OP_minimum, end, expr_index(a, whole));
  Stmt *loop = stmt_for(a, FOR_serial, j, expr_var(a, lo), end, lanes);
  convert(p, x, y, &loop->body, expr_var(a, j), lanes, NULL);
  vec_push(a, *body, loop);
  if (whole < n) {
    Stmt *last = stmt_if(a, expr_op2(a, OP_eq, expr_var(a, u), expr_index(a, units - 1)));
    convert(p, x, y, &last->body, expr_index(a, whole), lanes, expr_mask(a, expr_index(a, n - whole), lanes));
    vec_push(a, *body, last);
  }
  vec_push(a, call.kernel->body, units_loop);
  call.kernel->comment = arena_printf(a, "%s as %s", from->name, dtype_info[to->dtype].name);
  vec_push(a, *calls, call);
}

Slot *slot_widened(Program *p, Slot *from, Loc loc) {
  const char *name = arena_printf(p->arena, "%s_f32", from->name);
  return program_slot(p, HOME_scratch, name, dtype_chain(from->dtype), from->shape, loc);
}

void dot_widen(Program *p, Group *g, Calls *calls) {
  Slot *a = g->a.slot, *b = g->b.slot;
  if (a->dtype == dtype_chain(a->dtype)) return;
  g->a.slot = slot_widened(p, a, g->loc);
  call_convert(p, a, g->a.slot, calls);
  if (b != a) {
    g->b.slot = slot_widened(p, b, g->loc);
    call_convert(p, b, g->b.slot, calls);
  } else {
    g->b.slot = g->a.slot;
  }
}
