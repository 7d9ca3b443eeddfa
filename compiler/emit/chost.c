/* chost.c: step functions in C: which kernel when, on which pieces of the arenas, with barriers, loops and branches
 * between. Pointers stand at the top of the function; those that move with a loop at the top of its body. */
#include "print.h"

#include <inttypes.h>

typedef struct HostNames {
  const char *barrier; /* the statement; NULL: one thread runs the function */
  bool profiled;
  Map taken;
  Intern names; /* Slot -> pointer variable */
} HostNames;

/* "+ t * 60": how the address moves with the loops around. */
static const char *turns_text(Sheet *s, const Slot *slot) {
  const char *text = "";
  for (; slot; slot = slot->parent)
    if (slot->turn)
      text = arena_printf(s->arena, "%s %c %s * %" PRId64, text, slot->turn_stride < 0 ? '-' : '+', slot->turn->name,
                          slot->turn_stride < 0 ? -slot->turn_stride : slot->turn_stride);
  return text;
}

static const char *slot_pointer(Sheet *s, HostNames *h, const Slot *slot) {
  if (slot->home == HOME_constant && !slot->parent) return constant_name(s, slot);
  void **name = intern_slot(&h->names, &slot, sizeof slot);
  if (*name) return *name;
  const char *plain = identifier_of(s->arena, slot->name ? slot->name : home_name[slot->home]), *made = plain;
  for (int i = 2; map_get(&h->taken, made) || map_get(&s->names, made); ++i)
    made = arena_printf(s->arena, "%s_%d", plain, i);
  map_put(&h->taken, made, (void *)made);
  name = intern_slot(&h->names, &slot, sizeof slot);
  *name = (void *)made;
  bool fixed = slot->home == HOME_constant;
  const char *constant = slot->home == HOME_input || fixed ? "const " : "", *type = dtype_info[slot->dtype].c;
  int64_t offset;
  const Slot *root = slot_root((Slot *)slot, &offset);
  const char *base = fixed ? arena_printf(s->arena, "(const char *)%s", constant_name(s, root))
                           : arena_printf(s->arena, "memory->%s", home_name[slot->home]);
  const char *line = arena_printf(s->arena, "%s%s *%s = (%s%s *)(%s + %" PRId64 "%s);", constant, type, made, constant,
                                  type, base, fixed ? offset : slot->offset, turns_text(s, slot));
  text_printf(s->out, "%s /* %s */\n", line, shape_text(s->arena, slot->shape));
  return made;
}

static void mark_emit(Sheet *s, const HostNames *h, const char *site) {
  if (h->profiled) text_printf(s->out, "nnrt_mark(memory, thread, %s);\n", site);
}

static void call_emit(Sheet *s, HostNames *h, const Stmt *call) {
  Text line;
  text_init(&line, s->arena);
  bool serial = kernel_is_serial(call->kernel), braces = serial && h->profiled;
  if (braces) text_puts(s->out, "if (thread->id == 0) {\n");
  s->out->indent += braces;
  if (h->profiled) mark_emit(s, h, arena_printf(s->arena, "%d", site_add(s, call)));
  if (serial && !braces) text_puts(&line, "if (thread->id == 0) ");
  text_printf(&line, "%s(", sheet_name(s, call->kernel, call->kernel->name));
  for (int i = 0; i < call->args.n; ++i)
    text_printf(&line, "%s%s", i ? ", " : "", slot_pointer(s, h, call->args.at[i]));
  text_printf(&line, "%s%s);", serial || !call->args.n ? "" : ", ", serial ? "" : "thread");
  c_line(s, text_str(&line));
  s->out->indent -= braces;
  if (braces) text_puts(s->out, "}\n");
}

static void barrier_emit(Sheet *s, const HostNames *h) {
  if (!h->barrier) return;
  mark_emit(s, h, "NNRT_MARK_WAIT");
  c_line(s, h->barrier);
}

static void host_comment(Sheet *s, const Host *h, bool profiled) {
  if (profiled) return c_comment(s, "The same, which notes when each call begins (--profile).");
  const char *name = h->func ? h->func->name : h->name;
  const char *rows = h->rows ? arena_printf(s->arena, " on %d rows", h->rows) : "";
  const char *who = h->alone ? "It is too little work to share: one thread runs it." : "Every thread runs it.";
  c_comment(s, arena_printf(s->arena, "One call of %s%s. %s", name, rows, who));
}

static bool moves(const Slot *slot) {
  for (; slot; slot = slot->parent)
    if (slot->turn) return true;
  return false;
}

static bool moves_with(const Slot *slot, const Var *turn) {
  for (; slot; slot = slot->parent)
    if (slot->turn == turn) return true;
  return false;
}

/* Loop variables of nested loops have names of their own, which no pointer takes. */
static void host_turns(const Block *b, HostNames *h, Arena *arena) {
  for (int i = 0; i < b->n; ++i) {
    Stmt *st = b->at[i];
    if (st->kind == S_for) {
      const char *name = "t";
      for (int k = 2; map_get(&h->taken, name); ++k) name = arena_printf(arena, "t_%d", k);
      map_put(&h->taken, name, (void *)name);
      st->var->name = name;
    }
    host_turns(&st->body, h, arena);
    host_turns(&st->other, h, arena);
  }
}

/* Pointers to what the statements use: at the top of the function what stays (turn NULL), at the top of a loop's body
 * what moves with it. */
static void pointers_emit(Sheet *s, HostNames *h, const Block *b, const Var *turn) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *st = b->at[i];
    for (int k = 0; k < st->args.n; ++k)
      if (turn ? moves_with(st->args.at[k], turn) : !moves(st->args.at[k])) slot_pointer(s, h, st->args.at[k]);
    if (turn && st->kind == S_for) continue; /* it may move with that loop, too: declared there */
    pointers_emit(s, h, &st->body, turn);
    pointers_emit(s, h, &st->other, turn);
  }
}

static void block_emit(Sheet *s, HostNames *h, const Block *b);

static void braces_emit(Sheet *s, HostNames *h, const Block *b) {
  ++s->out->indent;
  block_emit(s, h, b);
  --s->out->indent;
}

static void loop_emit(Sheet *s, HostNames *h, const Stmt *st) {
  const char *t = st->var->name;
  text_printf(s->out, "for (int64_t %s = 0; %s < %" PRId64 "; ++%s) {\n", t, t, st->hi->value.i, t);
  ++s->out->indent;
  pointers_emit(s, h, &st->body, st->var);
  block_emit(s, h, &st->body);
  --s->out->indent;
  text_puts(s->out, "}\n");
}

static void while_emit(Sheet *s, HostNames *h, const Stmt *st) {
  text_puts(s->out, "for (;;) {\n");
  braces_emit(s, h, &st->body);
  text_printf(s->out, "  if (!*%s) break;\n", slot_pointer(s, h, st->args.at[0]));
  braces_emit(s, h, &st->other);
  text_puts(s->out, "}\n");
}

static void branch_emit(Sheet *s, HostNames *h, const Stmt *st) {
  text_printf(s->out, "if (*%s) {\n", slot_pointer(s, h, st->args.at[0]));
  braces_emit(s, h, &st->body);
  if (st->other.n) text_puts(s->out, "} else {\n");
  braces_emit(s, h, &st->other);
  text_puts(s->out, "}\n");
}

static void block_emit(Sheet *s, HostNames *h, const Block *b) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *st = b->at[i];
    switch (st->kind) {
    case S_call: call_emit(s, h, st); break;
    case S_barrier: barrier_emit(s, h); break;
    case S_for: loop_emit(s, h, st); break;
    case S_while: while_emit(s, h, st); break;
    case S_if: branch_emit(s, h, st); break;
    default: bug("emit: statement kind %d in a host function", (int)st->kind);
    }
  }
}

void c_host(Sheet *s, const Host *host, const char *barrier, bool profiled) {
  HostNames h = {.barrier = host->alone ? NULL : barrier, .profiled = profiled};
  map_init(&h.taken, s->arena);
  intern_init(&h.names, s->arena);
  host_comment(s, host, profiled);
  text_printf(s->out, "static void %s(const nnrt_memory *memory, const nnrt_thread *thread) {\n",
              host_name(s, host, profiled));
  ++s->out->indent;
  host_turns(&host->body, &h, s->arena);
  pointers_emit(s, &h, &host->body, NULL);
  if (!h.names.n && !profiled) text_puts(s->out, "(void)memory;\n");
  if (!host->body.n && !profiled) text_puts(s->out, "(void)thread;\n");
  text_puts(s->out, "\n");
  block_emit(s, &h, &host->body);
  mark_emit(s, &h, "NNRT_MARK_END");
  --s->out->indent;
  text_puts(s->out, "}\n\n");
}
