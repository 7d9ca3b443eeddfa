/* trap.c: --trap: behind each kernel a call that looks at what it wrote and read (nnrt_range: smallest, largest, how
 * many NaN and infinities), and the table from which the runtime names the operation that made the first NaN.
 *
 * A trapped program is lowered without fusion (groups.c, stored.c): one operation a kernel, so that a kernel's output
 * is an operation's, and states take their new versions at the end, so that what an operation read is still there when
 * it is looked at. Neither changes a bit: every value is rounded at its node wherever it is computed. What is seen lies
 * in one piece of the state arena, TRAP_RANGE numbers a tensor, the output of an operation before its operands. The
 * kernels of the checks are serial and touch no common bytes, so pass/order and pass/memory treat them like any other;
 * a tensor lives until it has been looked at. */
#include "lower.h"

#include <math.h>

enum { TRAP_TENSORS = 16 }; /* of one operation; what a concat of more reads is not shown */

/* ---- what an operation is ---- */
static bool is_infinite(const Point *p, const void *unused) {
  (void)unused;
  return (p->kind == P_const || p->kind == P_guard) && dtype_is_float(p->dtype) && isinf(p->value.f);
}

/* Does an infinite constant stand in it (a mask, the padding of a max pool)? */
static bool holds_infinity(const Group *g, const Write *w) {
  bool any = point_any(w->value, is_infinite, NULL);
  for (int i = 0; i < g->phases.n; ++i)
    any = any || point_any(g->phases.at[i].element, is_infinite, NULL) ||
          point_any(g->phases.at[i].factor, is_infinite, NULL);
  return any;
}

static const char *operation_name(const Write *w, const Node *n) {
  if (w->value->kind == P_load && !w->row) return "copy";
  return op_info[w->value->kind == P_op ? w->value->op : n->op].name;
}

/* ---- the check ---- */
static void trap_add(Arena *arena, Trap *t, Slot *slot) {
  for (int i = 0; i < t->tensors.n; ++i)
    if (t->tensors.at[i] == slot) return;
  if (t->tensors.n < TRAP_TENSORS) vec_push(arena, t->tensors, slot);
}

/* The output, then what the group's calls read of memory that was there before them: neither packed copies nor what
 * slices of a product left. */
static void trap_tensors(Arena *arena, Trap *t, Slot *out, const Calls *calls, int slots) {
  vec_push(arena, t->tensors, out);
  for (int c = 0; c < calls->n; ++c)
    for (int i = 0; i < calls->at[c].args.n; ++i)
      if (calls->at[c].args.at[i]->id < slots && !calls->at[c].kernel->params.at[i]->written)
        trap_add(arena, t, calls->at[c].args.at[i]);
}

static RoutineArg trap_number(Arena *a, int64_t value) { return (RoutineArg){NULL, expr_index(a, value)}; }

/* Operands first: they are kept as they were when the output was seen to be bad for the first time. */
static Kernel *trap_kernel(Program *p, const Trap *t) {
  Arena *a = p->arena;
  Kernel *k = kernel_new(a, "trap");
  k->comment = "smallest, largest, NaN and infinities of an output and of the operands that it was made from";
  Buffer *tensor[TRAP_TENSORS];
  for (int i = 0; i < t->tensors.n; ++i) {
    const Slot *s = t->tensors.at[i];
    tensor[i] = kernel_param(a, k, i ? "operand" : "output", s->dtype, shape_count(s->shape), false);
  }
  Buffer *seen = kernel_param(a, k, "seen", DT_f64, (int64_t)t->tensors.n * TRAP_RANGE, true);
  for (int i = t->tensors.n - 1; i >= 0; --i) {
    const RoutineArg passed[] = {trap_number(a, tensor[i]->dtype),
                                 trap_number(a, tensor[i]->count),
                                 {tensor[i], expr_index(a, 0)},
                                 trap_number(a, i),
                                 {seen, expr_index(a, 0)}};
    vec_push(a, k->body, stmt_routine(a, "nnrt_range", sizeof passed / sizeof *passed, passed));
  }
  kernel_finish(p, k);
  return k;
}

static Slot *trap_seen(Program *p, Trap *t) {
  const int64_t numbers = (int64_t)t->tensors.n * TRAP_RANGE;
  Slot *all = p->trap_seen, *s = program_slot(p, HOME_state, "seen", DT_f64, shape_of(1, numbers), t->loc);
  t->first = (int)(shape_count(all->shape) / TRAP_RANGE);
  s->parent = all;
  s->parent_offset = all->bytes;
  all->shape.dim[0] += numbers;
  all->bytes += s->bytes;
  return s;
}

static void trap_write(Lowering *l, const Group *g, const Write *w, const Calls *calls, int slots) {
  Program *p = l->program;
  if (!dtype_is_float(w->slot->dtype)) return;
  const Node *n = g->members.at[0];
  Trap *t = NEW(l->arena, Trap);
  *t = (Trap){.host = l->host, .op = operation_name(w, n), .loc = n->loc, .infinite = holds_infinity(g, w)};
  t->made_by = l->block->at[l->block->n - 1];
  trap_tensors(l->arena, t, w->slot, calls, slots);
  Stmt *s = NEW(l->arena, Stmt);
  s->kind = S_call;
  s->kernel = trap_kernel(p, t);
  s->loc = n->loc;
  for (int i = 0; i < t->tensors.n; ++i) vec_push(l->arena, s->args, t->tensors.at[i]);
  vec_push(l->arena, s->args, trap_seen(p, t));
  vec_push(l->arena, p->kernels, (Kernel *)s->kernel);
  vec_push(l->arena, p->traps, t);
  vec_push(l->arena, *l->block, s);
}

void trap_group(Lowering *l, const Group *g, const Calls *calls, int slots) {
  int writes = g->writes.n;
  if (writes > 1) bug("a trapped kernel has %d outputs", writes);
  for (int i = 0; i < writes; ++i) trap_write(l, g, &g->writes.at[i], calls, slots);
}

void trap_start(Program *p) {
  p->trapped = true;
  p->trap_seen = program_slot(p, HOME_state, "seen", DT_f64, shape_of(1, 0), (Loc){0});
}
