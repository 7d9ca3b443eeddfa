/* report.c: nnc --report: what a step costs and where its memory goes, in tables to read.
 *
 * Everything is said of the program as planned: parameters; for each host function its operations and bytes moved, its
 * kernels with the model's lines that they come from; the arenas; the peak of scratch against its lower bound, and the
 * largest tensors that are alive at the peak, with the lines that made them. Bytes moved count each argument of a call
 * once where it is read and once where it is written, unless the kernel's schedule counted more. */
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TENSORS_SHOWN = 8, LINES_SHOWN = 6 };

/* ---- numbers ---- */
const char *bytes_text(Arena *arena, int64_t n) {
  static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double x = (double)n;
  int i = 0;
  for (; x >= 1024 && i < 4; ++i) x /= 1024;
  return arena_printf(arena, i ? "%.2f %s" : "%.0f %s", x, unit[i]);
}

const char *count_text(Arena *arena, int64_t n) {
  static const char *const unit[] = {" ", " K", " M", " G", " T", " P"};
  double x = (double)n;
  int i = 0;
  for (; x >= 1000 && i < 5; ++i) x /= 1000;
  return arena_printf(arena, i ? "%.2f%s" : "%.0f%s", x, unit[i]);
}

/* "1,234,567" */
const char *grouped(Arena *arena, int64_t n) {
  char *plain = arena_printf(arena, "%" PRId64, n);
  int length = (int)strlen(plain), at = 0;
  char *out = arena_alloc(arena, (size_t)(2 * length + 1));
  for (int i = 0; i < length; ++i) {
    if (i && (length - i) % 3 == 0 && plain[i - 1] != '-') out[at++] = ',';
    out[at++] = plain[i];
  }
  return out;
}

/* "model.lua:12, 17, 23": the file once for each run of lines of it. */
const char *lines_text(Arena *arena, const Kernel *k) {
  const char *text = "";
  for (int i = 0; i < k->locs.n && i < LINES_SHOWN; ++i) {
    Loc loc = k->locs.at[i];
    if (!loc.file || loc.line <= 0) continue; /* made by no line of the model */
    bool again = i && k->locs.at[i - 1].file && !strcmp(loc.file, k->locs.at[i - 1].file);
    text = again ? arena_printf(arena, "%s, %d", text, loc.line)
                 : arena_printf(arena, "%s%s%s:%d", text, *text ? ", " : "", loc.file, loc.line);
  }
  return k->locs.n > LINES_SHOWN ? arena_printf(arena, "%s, … (%d lines)", text, k->locs.n) : text;
}

/* ---- costs ---- */
/* Which buffers a kernel loads from and stores to. */
typedef struct Touched {
  const Kernel *kernel;
  bool *loaded, *stored; /* by parameter */
} Touched;

static void touch(const Touched *t, const Buffer *b, bool *flags) {
  for (int i = 0; i < t->kernel->params.n; ++i)
    if (t->kernel->params.at[i] == b) flags[i] = true;
}

static void touch_loads(const Touched *t, const Expr *e) {
  if (!e) return;
  if (e->kind == E_load) touch(t, e->buffer, t->loaded);
  for (int i = 0; i < e->nargs; ++i) touch_loads(t, expr_arg(e, i));
}

static void touch_stmt(void *context, Stmt *s, int depth) {
  (void)depth;
  const Touched *t = context;
  Expr *expr[STMT_EXPRS_MAX];
  int n = stmt_exprs(s, expr);
  for (int i = 0; i < n; ++i) touch_loads(t, expr[i]);
  if (s->kind == S_store || s->kind == S_transpose) touch(t, s->buffer, t->stored);
  if (s->kind == S_transpose) touch(t, s->source, t->loaded);
  for (int i = 0; i < s->passed.n; ++i)
    if (s->passed.at[i].buffer)
      touch(t, s->passed.at[i].buffer, s->routine->operands[i] == 'w' ? t->stored : t->loaded);
}

Costs call_costs(Arena *arena, const Stmt *s) {
  const Kernel *k = s->kernel;
  Touched t = {k, NEW_N(arena, bool, k->params.n + 1), NEW_N(arena, bool, k->params.n + 1)};
  Costs c = {.flops = k->flops};
  block_walk(&k->body, 0, touch_stmt, &t);
  for (int i = 0; i < s->args.n; ++i) {
    c.reads += t.loaded[i] ? s->args.at[i]->bytes : 0;
    c.writes += t.stored[i] ? s->args.at[i]->bytes : 0;
  }
  if (k->bytes_read > c.reads) c.reads = k->bytes_read; /* the schedule knows that it reads something again */
  if (k->bytes_written > c.writes) c.writes = k->bytes_written;
  return c;
}

static Costs costs_sum(Costs a, Costs b) { return (Costs){a.flops + b.flops, a.reads + b.reads, a.writes + b.writes}; }

static Costs costs_times(Costs c, int64_t n) { return (Costs){c.flops * n, c.reads * n, c.writes * n}; }

/* A loop counts as often as it turns, where that is known (while: once); a branch counts both ways. */
Costs block_costs(Arena *arena, const Block *b, int *calls, int *barriers) {
  Costs sum = {0};
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    *barriers += s->kind == S_barrier;
    *calls += s->kind == S_call;
    if (s->kind == S_call) sum = costs_sum(sum, call_costs(arena, s));
    Costs inside =
        costs_sum(block_costs(arena, &s->body, calls, barriers), block_costs(arena, &s->other, calls, barriers));
    sum = costs_sum(sum, costs_times(inside, s->kind == S_for ? s->hi->value.i : 1));
  }
  return sum;
}

/* ---- sections ---- */
/* "predict; left out: train, validate" */
static const char *functions_text(Arena *a, const Module *m) {
  const char *text = "";
  for (int i = 0; i < m->funcs.n; ++i) text = arena_printf(a, "%s%s%s", text, i ? ", " : "", m->funcs.at[i]->name);
  for (int i = 0; i < m->left_out.n; ++i)
    text = arena_printf(a, "%s%s%s", text, i ? ", " : "; left out: ", m->left_out.at[i]);
  return text;
}

static void report_head(Text *out, const Program *p) {
  Arena *a = out->arena;
  const Module *m = p->module;
  int tensors = 0;
  int64_t elements = 0, others = 0;
  for (int i = 0; m && i < m->states.n; ++i) {
    const State *s = m->states.at[i];
    if (s->trained) {
      ++tensors;
      elements += shape_count(s->shape);
    } else {
      others += shape_count(s->shape);
    }
  }
  text_printf(out, "model       %s (%s)\n", m && m->name ? m->name : "?", m && m->file ? m->file : "?");
  const char *blas = p->machine && p->machine->blas ? arena_printf(a, " with %s", p->machine->blas) : "";
  text_printf(out, "machine     %s%s, at most %d threads\n", p->machine ? p->machine->name : "?", blas, p->max_threads);
  text_printf(out, "parameters  %s in %d tensors; %s elements of other state\n", grouped(a, elements), tensors,
              grouped(a, others));
  if (m && m->left_out.n) text_printf(out, "functions   %s\n", functions_text(a, m));
  text_printf(out, "kernels     %d, and %d instances of elementary functions\n", p->kernels.n, p->math.n);
}

static void report_arenas(Text *out, const Program *p) {
  Arena *a = out->arena;
  int64_t total = p->params_bytes + p->state_bytes + p->scratch_bytes;
  text_puts(out, "\nmemory\n");
  text_printf(out, "  parameters  %14s bytes  %12s\n", grouped(a, p->params_bytes), bytes_text(a, p->params_bytes));
  text_printf(out, "  state       %14s bytes  %12s\n", grouped(a, p->state_bytes), bytes_text(a, p->state_bytes));
  text_printf(out, "  scratch     %14s bytes  %12s\n", grouped(a, p->scratch_bytes), bytes_text(a, p->scratch_bytes));
  text_printf(out, "  together    %14s bytes  %12s\n", grouped(a, total), bytes_text(a, total));
}

static void report_call(Text *out, const Stmt *s) {
  Arena *a = out->arena;
  Costs c = call_costs(a, s);
  text_printf(out, "  %-32s %10s %12s %12s  %s\n", s->kernel->name, count_text(a, c.flops), bytes_text(a, c.reads),
              bytes_text(a, c.writes), lines_text(a, s->kernel));
  if (s->kernel->comment) text_printf(out, "      %s\n", s->kernel->comment);
}

static void report_block(Text *out, const Block *b) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    if (s->kind == S_barrier) text_puts(out, "  ---- barrier\n");
    if (s->kind == S_call) report_call(out, s);
    if (!is_compound(s)) continue;
    if (s->kind == S_for)
      text_printf(out, "  %" PRId64 " times:  (%s)\n", s->hi->value.i, loc_text(out->arena, s->loc));
    if (s->kind != S_for)
      text_printf(out, "  %s:  (%s)\n", s->kind == S_if ? "if" : "while", loc_text(out->arena, s->loc));
    out->indent++;
    report_block(out, &s->body);
    if (s->kind != S_for) text_puts(out, s->kind == S_if ? "  else:\n" : "  do:\n");
    report_block(out, &s->other);
    out->indent--;
  }
}

static void report_calls(Text *out, const Host *h) {
  text_printf(out, "  %-32s %10s %12s %12s  %s\n", "kernel", "FLOP", "reads", "writes", "from");
  report_block(out, &h->body);
}

/* ---- the peak ---- */
typedef struct Live {
  const Slot *slot;
  int first, last;
} Live;

/* Root slots in scratch with the barrier intervals of their life. */
static int live_read(const Plan *plan, Live *live) {
  for (int r = 0; r < plan->roots.n; ++r) live[r] = (Live){plan->roots.at[r], -1, -1};
  for (int c = 0; c < plan->calls.n; ++c)
    for (int u = 0; u < plan->calls.at[c].uses.n; ++u) {
      Live *l = &live[plan->calls.at[c].uses.at[u].root];
      if (l->first < 0) l->first = plan->calls.at[c].interval;
      l->last = plan->calls.at[c].interval;
    }
  int n = 0;
  for (int r = 0; r < plan->roots.n; ++r)
    if (is_placed(plan, live[r].slot)) live[n++] = live[r];
  return n;
}

static bool is_live(const Live *l, int interval) { return l->first <= interval && interval <= l->last; }

/* Slots that share memory (Slot.reuse) count once. */
static bool is_shared(const Live *live, int n, int i, int interval) {
  for (int j = 0; j < n; ++j)
    if (j != i && live[i].slot->reuse == live[j].slot && is_live(&live[j], interval) &&
        live[i].slot->offset == live[j].slot->offset)
      return true;
  return false;
}

static int peak_interval(const Plan *plan, const Live *live, int n) {
  int64_t most = -1;
  int at = 0;
  for (int t = 0; t < plan->intervals; ++t) {
    int64_t sum = 0;
    for (int i = 0; i < n; ++i)
      if (is_live(&live[i], t) && !is_shared(live, n, i, t)) sum += live[i].slot->bytes;
    if (sum > most) {
      most = sum;
      at = t;
    }
  }
  return at;
}

static int live_compare(const void *pa, const void *pb) {
  const Slot *a = ((const Live *)pa)->slot, *b = ((const Live *)pb)->slot;
  if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
  return a->id - b->id;
}

static void report_tensors(Text *out, const Live *live, int n) {
  Arena *a = out->arena;
  for (int i = 0; i < n && i < TENSORS_SHOWN; ++i) {
    const Slot *s = live[i].slot;
    const char *shape = arena_printf(a, "%s%s", dtype_info[s->dtype].name, shape_text(a, s->shape));
    text_printf(out, "    %-28s %-20s %12s  %s\n", s->name ? s->name : "", shape, bytes_text(a, s->bytes),
                loc_text(a, s->loc));
  }
  if (n > TENSORS_SHOWN) text_printf(out, "    and %d more\n", n - TENSORS_SHOWN);
}

static void report_peak(Text *out, const Host *h) {
  Plan plan;
  plan_read(&plan, out->arena, &h->body, NULL);
  Live *live = NEW_N(out->arena, Live, plan.roots.n + 1);
  int n = live_read(&plan, live), at = peak_interval(&plan, live, n), kept = 0;
  for (int i = 0; i < n; ++i)
    if (is_live(&live[i], at) && !is_shared(live, n, i, at)) live[kept++] = live[i];
  qsort(live, (size_t)kept, sizeof *live, live_compare);
  double ratio = h->lower_bound ? (double)h->scratch_bytes / (double)h->lower_bound : 1;
  text_printf(out, "  scratch %s bytes, lower bound %s (ratio %.4f)", grouped(out->arena, h->scratch_bytes),
              grouped(out->arena, h->lower_bound), ratio);
  text_puts(out, kept ? "; alive at the peak:\n" : "\n");
  report_tensors(out, live, kept);
}

static void report_host(Text *out, const Host *h) {
  Arena *a = out->arena;
  int calls = 0, barriers = 0;
  Costs c = block_costs(a, &h->body, &calls, &barriers);
  text_printf(out, "\n%s: %d kernel calls, %d barriers%s, %sFLOP, %s read, %s written a call\n", h->name, calls,
              barriers, h->alone ? " (too little work to share: one thread runs it)" : "", count_text(a, c.flops),
              bytes_text(a, c.reads), bytes_text(a, c.writes));
  text_printf(out, "  input %s, output %s\n", bytes_text(a, h->input_bytes), bytes_text(a, h->output_bytes));
  report_peak(out, h);
  report_calls(out, h);
}

void program_report(Text *out, const Program *p) {
  report_head(out, p);
  report_arenas(out, p);
  for (int i = 0; i < p->hosts.n; ++i) report_host(out, p->hosts.at[i]);
}
