/* print_program.c: a whole program as text, which parse_program.c reads back: its module as graph/print.c gives it,
 * then
 *
 *   program machine "x86-64-v4" after memory threads 16 params 2678784 state 5357824 scratch 9437184
 *   slot 0.weight.1: f32[512,784] in params at 0 state "0.weight" from "model.lua":5
 *   slot h.7: f32[128,512] in scratch at 4096 reuse z.6 from "model.lua":17
 *   slot half.8: f32[64,512] in scratch at 4096 part of h.7 + 0
 *   slot c.9: f32[2] in constant value 0x3f800000 0x40000000
 *   …functions and kernels (print.c)…
 *   host "train_128" func "train" rows 128 input 102400 output 64 scratch 9437184 least 9400000
 *     inputs x.3 = $0, y.4 = $1
 *     outputs loss.5
 *     call linear_relu(x.3, 0.weight.1, h.7)
 *     barrier
 *
 * A slot is called name.number, numbers from 0 in order; $k is input k of the host's graph. Kernels of one name (before
 * pass_share) are told apart as name@2, name@3. Constants are their elements' bits. Loops and branches of the hosts are
 * numbered: `for 0 of 10`, `if 1 flag.4 … else`, `repeat 2 … while flag.5 …`; a slot may live within one, and move
 * with the turns of a loop: `part of x.3 + 0 turn 0 * 256`. */
#include "parse.h"
#include "pass/plan.h"

#include <inttypes.h>

const char *const home_name[] = {"params", "state", "scratch", "output", "input", "constant", NULL};
const char *const stage_names[] = {"lower", "share", "order", "join", "memory", NULL};

/* Loops and branches of the hosts, numbered from 0 as they stand. */
typedef VEC(const Stmt *) Compounds;

static void find_compounds(Arena *arena, Compounds *all, const Block *b) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    if (!is_compound(s)) continue;
    vec_push(arena, *all, s);
    find_compounds(arena, all, &s->body);
    find_compounds(arena, all, &s->other);
  }
}

static int compound_number(const Compounds *all, const Stmt *s, const Var *var) {
  for (int i = 0; i < all->n; ++i)
    if (all->at[i] == s || (var && all->at[i]->var == var)) return i;
  return -1;
}

/* What the text of one program needs to know of the whole. */
typedef struct Printing {
  Text *out;
  const Program *program;
  Compounds compounds;
} Printing;

static bool is_plain(const char *s) {
  if (!s || !*s) return false;
  for (; *s; ++s)
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.", *s)) return false;
  return true;
}

static void print_ref(Text *out, const Slot *s) {
  is_plain(s->name) ? text_puts(out, s->name) : print_quoted(out, s->name);
  text_printf(out, ".%d", s->id);
}

/* ---- slots ---- */
static void print_value(Text *out, const Tensor *t) {
  int bytes = dtype_info[t->dtype].bytes;
  text_puts(out, " value");
  for (int64_t i = 0; i < shape_count(t->shape); ++i) {
    const unsigned char *at = (const unsigned char *)t->data + i * bytes;
    uint64_t bits = 0;
    uint16_t two;
    uint32_t four;
    if (bytes == 1) bits = *at;
    if (bytes == 2) bits = (memcpy(&two, at, 2), two);
    if (bytes == 4) bits = (memcpy(&four, at, 4), four);
    if (bytes == 8) memcpy(&bits, at, 8);
    text_printf(out, " 0x%" PRIx64, bits);
  }
}

static void print_slot(const Printing *x, const Slot *s) {
  Text *out = x->out;
  text_puts(out, "slot ");
  print_ref(out, s);
  text_printf(out, ": %s%s in %s", dtype_info[s->dtype].name, shape_text(out->arena, s->shape), home_name[s->home]);
  if (s->offset) text_printf(out, " at %" PRId64, s->offset);
  if (s->state) text_puts(out, " state "), print_quoted(out, s->state->name);
  if (s->parent) {
    text_puts(out, " part of ");
    print_ref(out, s->parent);
    text_printf(out, " + %" PRId64, s->parent_offset);
  }
  if (s->turn) text_printf(out, " turn %d * %" PRId64, compound_number(&x->compounds, NULL, s->turn), s->turn_stride);
  if (s->within) text_printf(out, " within %d", compound_number(&x->compounds, s->within, NULL));
  if (s->bytes != shape_count(s->shape) * dtype_info[s->dtype].bytes) text_printf(out, " bytes %" PRId64, s->bytes);
  if (s->reuse) text_puts(out, " reuse "), print_ref(out, s->reuse);
  if (s->key) text_puts(out, " key "), print_quoted(out, s->key);
  if (s->value) print_value(out, s->value);
  if (s->loc.file) text_puts(out, " from "), print_loc(out, s->loc);
  text_puts(out, "\n");
}

/* ---- hosts ---- */
static void print_inputs(Text *out, const Host *h) {
  for (int i = 0; i < h->inputs.n; ++i) {
    int number = 0;
    while (h->graph && number < h->graph->inputs.n && h->graph->inputs.at[number] != h->inputs.at[i]->input) ++number;
    text_puts(out, i ? ", " : "inputs ");
    print_ref(out, h->inputs.at[i]);
    text_printf(out, " = $%d", number);
  }
  if (h->inputs.n) text_puts(out, "\n");
}

static void print_refs(Text *out, const char *before, int n, Slot *const *slots, const char *behind) {
  text_puts(out, before);
  for (int i = 0; i < n; ++i) {
    if (i) text_puts(out, ", ");
    print_ref(out, slots[i]);
  }
  text_puts(out, behind);
}

/* The name of a kernel of p, with its number among those of that name when it is not the first. */
static const char *kernel_label(Text *out, const Program *p, const Kernel *k) {
  int copy = 1;
  for (int i = 0; p && i < p->kernels.n && p->kernels.at[i] != k; ++i) copy += !strcmp(p->kernels.at[i]->name, k->name);
  return copy > 1 ? arena_printf(out->arena, "%s@%d", k->name, copy) : k->name;
}

static void print_statements(const Printing *x, const Block *b);

static void print_compound(const Printing *x, const Stmt *s) {
  Text *out = x->out;
  text_printf(out, "%s %d",
              s->kind == S_for  ? "for"
              : s->kind == S_if ? "if"
                                : "repeat",
              compound_number(&x->compounds, s, NULL));
  if (s->kind == S_for) text_printf(out, " of %" PRId64, s->hi->value.i);
  if (s->kind == S_if) text_puts(out, " "), print_ref(out, s->args.at[0]);
  if (s->frame) text_puts(out, " frame "), print_ref(out, s->frame);
  if (s->loc.file) text_puts(out, " from "), print_loc(out, s->loc);
  text_puts(out, "\n");
  print_statements(x, &s->body);
  if (s->kind == S_while) text_puts(out, "while "), print_ref(out, s->args.at[0]), text_puts(out, "\n");
  if (s->kind == S_if && s->other.n) text_puts(out, "else\n");
  print_statements(x, &s->other);
}

static void print_statements(const Printing *x, const Block *b) {
  x->out->indent++;
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    if (s->kind == S_call)
      print_refs(x->out, arena_printf(x->out->arena, "call %s(", kernel_label(x->out, x->program, s->kernel)),
                 s->args.n, s->args.at, ")\n");
    else if (s->kind == S_barrier)
      text_puts(x->out, "barrier\n");
    else
      print_compound(x, s);
  }
  x->out->indent--;
}

static void print_host(const Printing *x, const Host *h) {
  Text *out = x->out;
  text_puts(out, "\nhost ");
  print_quoted(out, h->name);
  if (h->func) text_puts(out, " func "), print_quoted(out, h->func->name), text_printf(out, " rows %d", h->rows);
  if (h->alone) text_puts(out, " alone");
  text_printf(out, " input %" PRId64 " output %" PRId64 " scratch %" PRId64 " least %" PRId64 "\n", h->input_bytes,
              h->output_bytes, h->scratch_bytes, h->lower_bound);
  out->indent++;
  print_inputs(out, h);
  if (h->outputs.n) print_refs(out, "outputs ", h->outputs.n, h->outputs.at, "\n");
  out->indent--;
  print_statements(x, &h->body);
}

void program_print(Text *out, const Program *p) {
  Printing x = {.out = out, .program = p};
  for (int i = 0; i < p->hosts.n; ++i) find_compounds(out->arena, &x.compounds, &p->hosts.at[i]->body);
  if (p->module) module_print(out, p->module);
  text_puts(out, "\nprogram machine ");
  print_quoted(out, p->machine ? p->machine->name : "scalar");
  if (p->machine && p->machine->blas) text_puts(out, " blas "), print_quoted(out, p->machine->blas);
  text_printf(out, " after %s threads %d params %" PRId64 " state %" PRId64 " scratch %" PRId64 "\n",
              stage_names[p->stage], p->max_threads, p->params_bytes, p->state_bytes, p->scratch_bytes);
  for (int i = 0; i < p->slots.n; ++i) print_slot(&x, p->slots.at[i]);
  for (int i = 0; i < p->math.n; ++i) text_puts(out, "\n"), kernel_print(out, p->math.at[i]);
  for (int i = 0; i < p->kernels.n; ++i)
    text_puts(out, "\n"), print_kernel(out, p->kernels.at[i], kernel_label(out, p, p->kernels.at[i]));
  for (int i = 0; i < p->hosts.n; ++i) print_host(&x, p->hosts.at[i]);
}
