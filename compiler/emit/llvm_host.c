/* llvm_host.c: step functions as LLVM text: addresses of slots, calls, barriers, loops and branches. A loop's number of
 * turns lies in an alloca of the entry block, as every mutable does; addresses that move with it are made anew in its
 * body. */
#include "llvm.h"

#include <inttypes.h>

static const Type pointer = {(DType)DT_pointer, 1}, i64 = {DT_i64, 1}, none = {DT_bool, 0};
static const Operand thread = {{(DType)DT_pointer, 1}, "%thread"};

/* ---- addresses ---- */
static const char *turn_name(Printer *l, const Var *turn) { return FORMAT("%%%s.at", ll_name_get(l, turn)); }

static const char *moved(Printer *l, const char *at, const Slot *slot) {
  for (; slot; slot = slot->parent) {
    if (!slot->turn) continue;
    Operand t = ll_new(l, i64, FORMAT("load i64, ptr %s", turn_name(l, slot->turn)));
    Operand by = ll_binary(l, "mul", t, ll_number(l, i64, slot->turn_stride));
    at = ll_new(l, pointer, FORMAT("getelementptr inbounds i8, ptr %s, i64 %s", at, by.name)).name;
  }
  return at;
}

static const char *slot_name(Printer *l, const Slot *slot) {
  int64_t offset;
  bool fixed = slot->home == HOME_constant;
  const Slot *root = slot_root((Slot *)slot, &offset);
  const char *base = fixed ? FORMAT("@%s", constant_name(l->sheet, root)) : FORMAT("%%%s", home_name[slot->home]);
  if (fixed && !slot->parent) return base;
  if (!ll_name_get(l, slot)) {
    if (!fixed) offset = slot->offset;
    const char *at = ll_new(l, pointer, FORMAT("getelementptr inbounds i8, ptr %s, i64 %" PRId64, base, offset)).name;
    ll_name_put(l, slot, moved(l, at, slot));
  }
  return ll_name_get(l, slot);
}

static bool moves_with(const Slot *s, const Var *turn) {
  for (; s; s = s->parent)
    if (turn ? s->turn == turn : s->turn != NULL) return true;
  return false;
}

/* Addresses of what stays (turn NULL), or of what moves with this loop. All come before the calls, since those of
 * serial kernels open blocks. */
static void addresses_emit(Printer *l, const Block *b, const Var *turn) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    for (int k = 0; k < s->args.n; ++k)
      if (moves_with(s->args.at[k], turn) == (turn != NULL)) slot_name(l, s->args.at[k]);
    if (turn && s->kind == S_for) continue;
    addresses_emit(l, &s->body, turn);
    addresses_emit(l, &s->other, turn);
  }
}

/* ---- statements ---- */
enum { MARK_WAIT = -1, MARK_END = -2 }; /* NNRT_MARK_… of nnrt.h */

static void mark_emit(Printer *l, int64_t site) {
  if (l->profiled) text_printf(l->out, "  call void @nnrt_mark(ptr %%memory, ptr %%thread, i64 %" PRId64 ")\n", site);
}

static void barrier_emit(Printer *l) {
  if (l->alone) return;
  mark_emit(l, MARK_WAIT);
  text_puts(l->out, "  call void @nnrt_barrier(ptr %thread)\n");
}

static void call_emit(Printer *l, const Stmt *s) {
  bool serial = kernel_is_serial(s->kernel);
  Operand *args = NEW_N(l->arena, Operand, s->args.n + 1);
  for (int i = 0; i < s->args.n; ++i) args[i] = (Operand){pointer, slot_name(l, s->args.at[i])};
  args[s->args.n] = thread;
  int n = ++l->last;
  if (serial) ll_branch(l, "%first", "on", "off", n);
  if (l->profiled) mark_emit(l, site_add(l->sheet, s));
  ll_call(l, none, FORMAT("@%s", sheet_name(l->sheet, s->kernel, s->kernel->name)), s->args.n + !serial, args);
  if (serial) ll_jump(l, "off", "off", n);
}

static void turns_declare(Printer *l, const Block *b, int *turns) {
  for (int i = 0; i < b->n; ++i) {
    if (b->at[i]->kind == S_for) {
      ll_name_put(l, b->at[i]->var, FORMAT("turn.%d", ++*turns));
      text_printf(l->out, "  %s = alloca i64\n", turn_name(l, b->at[i]->var));
    }
    turns_declare(l, &b->at[i]->body, turns);
    turns_declare(l, &b->at[i]->other, turns);
  }
}

static void block_emit(Printer *l, const Block *b);

static void loop_emit(Printer *l, const Stmt *s) {
  const char *t = turn_name(l, s->var);
  int n = ++l->last;
  text_printf(l->out, "  store i64 0, ptr %s\n", t);
  ll_jump(l, "turn", "turn", n);
  addresses_emit(l, &s->body, s->var);
  block_emit(l, &s->body);
  Operand next = ll_binary(l, "add", ll_new(l, i64, FORMAT("load i64, ptr %s", t)), ll_number(l, i64, 1));
  text_printf(l->out, "  store i64 %s, ptr %s\n", next.name, t);
  Operand more = ll_new(l, i64, FORMAT("icmp slt i64 %s, %" PRId64, next.name, s->hi->value.i));
  text_printf(l->out, "  br i1 %s, label %%turn.%d, label %%done.%d\ndone.%d:\n", more.name, n, n, n);
}

static const char *flag_value(Printer *l, const Stmt *s) {
  Operand byte = ll_new(l, i64, FORMAT("load i8, ptr %s", slot_name(l, s->args.at[0])));
  return ll_new(l, i64, FORMAT("icmp ne i8 %s, 0", byte.name)).name;
}

static void while_emit(Printer *l, const Stmt *s) {
  int n = ++l->last;
  ll_jump(l, "test", "test", n);
  block_emit(l, &s->body);
  ll_branch(l, flag_value(l, s), "body", "done", n);
  block_emit(l, &s->other);
  ll_jump(l, "test", "done", n);
}

static void if_emit(Printer *l, const Stmt *s) {
  int n = ++l->last;
  ll_branch(l, flag_value(l, s), "then", "else", n);
  block_emit(l, &s->body);
  ll_jump(l, "done", "else", n);
  block_emit(l, &s->other);
  ll_jump(l, "done", "done", n);
}

static void block_emit(Printer *l, const Block *b) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    if (s->kind == S_call) call_emit(l, s);
    if (s->kind == S_barrier) barrier_emit(l);
    if (s->kind == S_for) loop_emit(l, s);
    if (s->kind == S_while) while_emit(l, s);
    if (s->kind == S_if) if_emit(l, s);
  }
}

void ll_host(Printer *l, const Host *h, bool profiled) {
  int turns = 0;
  l->last = 0;
  l->alone = h->alone;
  l->profiled = profiled;
  intern_init(&l->values, l->arena);
  text_printf(l->out, "define internal void @%s(ptr noalias readonly %%memory, ptr %%thread) #2 {\n",
              host_name(l->sheet, h, profiled));
  for (int i = 0; i < HOME_constant; ++i)
    text_printf(l->out,
                "  %%%s.at = getelementptr inbounds %%nnrt_memory, ptr %%memory, i32 0, i32 %d\n"
                "  %%%s = load ptr, ptr %%%s.at\n",
                home_name[i], i, home_name[i], home_name[i]);
  text_puts(l->out, "  %id = load i32, ptr %thread\n  %first = icmp eq i32 %id, 0\n");
  turns_declare(l, &h->body, &turns);
  addresses_emit(l, &h->body, NULL);
  block_emit(l, &h->body);
  mark_emit(l, MARK_END);
  text_puts(l->out, "  ret void\n}\n\n");
}
