/* random_judge.c: judges a module in a child process, so that a crash is a verdict too.
 *
 * In order: the text parses back to itself; each pass keeps the evaluator's values; lowering, planning and both
 * printers accept it; the C text, with its dead scratch filled with NaN at each barrier (poison.h), compiles, runs, and
 * agrees with the evaluator within what rounding explains; three threads give the bits of one; the LLVM program, for
 * another machine and without poison, gives the bits of the C program. The programs are linked with harness.c. The
 * child leaves its finding in <folder>/why: the function's number in a line, then words.
 */
#define _POSIX_C_SOURCE 200809L
#include "random_judge.h"
#include "poison.h"
#include "random_compare.h"

#include "emit/emit.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOISY_RUNS = 4, NOISY_RUNS_MORE = 48 };

const char *const verdict_text[VERDICT_COUNT] = {
#define V(name, what) what,
    VERDICTS(V)
#undef V
};
const char *const verdict_word[VERDICT_COUNT] = {
#define V(name, what) #name,
    VERDICTS(V)
#undef V
};

static const char *const left_behind[] = {"why",      "p.c",    "p.ll",   "p.o",      "c.run",
                                          "llvm.run", "c1.out", "c3.out", "llvm.out", "log"};

static const char *path_of(Arena *arena, const Judge *j, const char *name) {
  return arena_printf(arena, "%s/%s", j->folder, name);
}

static void finding(Arena *arena, const Judge *j, int func, const char *why) {
  const char *text = arena_printf(arena, "%d\n%s\n", func, why);
  file_write(path_of(arena, j, "why"), text, strlen(text));
}

/* ---- text and passes ---- */
static Verdict judge_text(Arena *arena, const Judge *j, const Module *m) {
  Text first, second;
  text_init(&first, arena), text_init(&second, arena);
  module_print(&first, m);
  Module *back = module_parse(arena, "fuzz.graph", text_str(&first));
  module_verify(back);
  module_print(&second, back);
  if (strcmp(text_str(&first), text_str(&second)) == 0) return VERDICT_good;
  file_write(path_of(arena, j, "log"), text_str(&second), second.n);
  finding(arena, j, -1, "printed, parsed and printed again gives another text");
  return VERDICT_text;
}

/* Rules flagged NEAR rewrite pow and cos; pass convolution makes one sum of a sum of sums. */
static bool has_near_rules(const Graph *g) {
  for (int i = 0; g && i < g->nodes.n; ++i) {
    const Node *n = g->nodes.at[i];
    if (n->op == OP_pow || n->op == OP_cos || n->op == OP_unwindow) return true;
    if (has_near_rules(n->attr->body) || has_near_rules(n->attr->other)) return true;
  }
  return false;
}

typedef struct PassRow {
  const char *name;
  Graph *(*run)(Graph *);
} PassRow;
static const PassRow passes[] = {
#define GRAPH_PASS(name, what) {#name, pass_##name},
#include "graph/passes.def"
#undef GRAPH_PASS
};
enum { PASSES = sizeof passes / sizeof *passes };

static Verdict judge_pass(Arena *arena, const Judge *j, const Module *m, int func, const Reference *before, bool near,
                          const char *pass) {
  const Graph *g = m->funcs.at[func]->variants.at[0].graph;
  const Reference *after = reference_make(arena, m, g, 0);
  graph_verify(g);
  const char *why = after->n == before->n ? NULL : "another number of results";
  for (int k = 0; k < after->n && !why; ++k) why = reference_differs(arena, before, k, after->at[k].value, !near);
  if (!why) return VERDICT_good;
  finding(arena, j, func, arena_printf(arena, "after %s: %s", pass, why));
  return VERDICT_passes;
}

static Verdict judge_passes(Arena *arena, const Judge *j, Module *m) {
  for (int i = 0; i < m->funcs.n; ++i) {
    Variant *v = &m->funcs.at[i]->variants.at[0];
    const Reference *before = reference_make(arena, m, v->graph, has_near_rules(v->graph) ? NOISY_RUNS : 0);
    bool near = has_near_rules(v->graph);
    for (int round = 0; round < 2; ++round)
      for (int p = 0; p < PASSES; ++p) {
        diag_pass(passes[p].name);
        v->graph = graph_run(v->graph, passes[p].run);
        if (near && p + 1 < PASSES) continue; /* the slack is that of the graph before */
        Verdict verdict = judge_pass(arena, j, m, i, before, near, passes[p].name);
        if (verdict != VERDICT_good) return verdict;
      }
  }
  return VERDICT_good;
}

/* ---- programs ---- */
static void finding_log(Arena *arena, const Judge *j, const char *what) {
  size_t bytes;
  const char *log = file_read(arena, path_of(arena, j, "log"), &bytes);
  finding(arena, j, -1, arena_printf(arena, "%s: %.600s", what, log ? log : ""));
}

static int shell(const char *command) {
  int status = system(command);
  return status == -1 ? 127 : WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* As nnc plans a program, though every function has its barriers: they are all small, and would be left to one thread.
 */
static Program *plan(Arena *arena, Module *m, const char *machine) {
  const Machine *found = machine_find(machine);
  if (!found) bug("no machine '%s'", machine);
  diag_pass("lower");
  Program *p = kernel_lower(m, found, arena);
  diag_pass("share"), pass_share(p);
  diag_pass("order"), pass_order(p);
  diag_pass("join"), pass_join(p);
  for (int i = 0; i < p->hosts.n; ++i) p->hosts.at[i]->alone = false;
  diag_pass("memory"), pass_memory(p);
  diag_pass("verify"), program_verify(p);
  diag_pass("emit");
  return p;
}

static const EmitOptions emit_options = {.compiler = "nnc fuzz"};

static Verdict build_c(Arena *arena, const Judge *j, Module *m) {
  Text text;
  text_init(&text, arena);
  Program *p = plan(arena, m, j->machine_c);
  program_poison(p, 0);
  diag_pass("verify"), program_verify(p);
  emit_c(&text, p, &emit_options);
  file_write(path_of(arena, j, "p.c"), text_str(&text), text.n);
  const char *command = arena_printf(arena,
                                     "cc -std=c17 %s -w -I%s/runtime %s/p.c %s -o %s/c.run -lm -lpthread "
                                     ">%s/log 2>&1",
                                     j->level, NNC_SOURCE_DIR, j->folder, j->harness, j->folder, j->folder);
  if (shell(command) == 0) return VERDICT_good;
  finding_log(arena, j, "cc");
  return VERDICT_cc;
}

static Verdict build_llvm(Arena *arena, const Judge *j, Module *m) {
  Text text;
  text_init(&text, arena);
  Program *p = plan(arena, m, j->machine_llvm);
  emit_llvm(&text, p, &emit_options);
  file_write(path_of(arena, j, "p.ll"), text_str(&text), text.n);
  emit_object(text_str(&text), path_of(arena, j, "p.o"), OBJECT_object, p->machine, j->llvm_quick);
  const char *command = arena_printf(arena, "cc %s/p.o %s -o %s/llvm.run -lm -lpthread >%s/log 2>&1", j->folder,
                                     j->harness, j->folder, j->folder);
  if (shell(command) == 0) return VERDICT_good;
  finding_log(arena, j, "linking");
  return VERDICT_object;
}

static const char *run_program(Arena *arena, const Judge *j, const char *program, const char *out, int threads) {
  const char *command = arena_printf(arena, "timeout 120 %s/%s %s/%s %d >%s/log 2>&1", j->folder, program, j->folder,
                                     out, threads, j->folder);
  int code = shell(command);
  if (code == 0) return NULL;
  size_t bytes;
  char *log = file_read(arena, path_of(arena, j, "log"), &bytes);
  return arena_printf(arena, "%s with %d threads: exit %d: %.300s", program, threads, code, log ? log : "");
}

/* ---- results ---- */
typedef struct Blob {
  const char *at;
  size_t n, read;
} Blob;

static Blob blob_open(Arena *arena, const Judge *j, const char *name) {
  Blob b = {0};
  b.at = file_read(arena, path_of(arena, j, name), &b.n);
  return b;
}

static Value *blob_value(Arena *arena, Blob *b, const Value *like) {
  size_t bytes = (size_t)shape_count(like->shape) * (size_t)dtype_info[like->dtype].bytes;
  if (b->read + bytes > b->n) return NULL;
  b->read += bytes;
  return value_of_bytes(arena, like->dtype, like->shape, b->at + b->read - bytes);
}

static bool same_bits(const Value *a, const Value *b) {
  for (int64_t i = 0; i < shape_count(a->shape); ++i) {
    if (a->i ? a->i[i] == b->i[i] : memcmp(&a->f[i], &b->f[i], sizeof(double)) == 0) continue;
    if (!a->f || a->f[i] == a->f[i] || b->f[i] == b->f[i]) return false; /* NaN is one value */
  }
  return true;
}

typedef struct Compared {
  Arena *arena;
  const Judge *judge;
  Module *m;
  Reference **reference; /* by function */
} Compared;

static const char *value_differs(const Compared *c, int func, int k, const Value *got) {
  const char *why = reference_differs(c->arena, c->reference[func], k, got, false);
  if (!why) return NULL;
  const Graph *g = c->m->funcs.at[func]->variants.at[0].graph;
  return reference_differs(c->arena, reference_make(c->arena, c->m, g, NOISY_RUNS_MORE), k, got, false);
}

/* The results of `name` against the evaluator (`other` NULL) or bit for bit against those of `other`. */
static bool results_agree(const Compared *c, const char *name, const char *other) {
  Blob blob = blob_open(c->arena, c->judge, name), second = {0};
  if (other) second = blob_open(c->arena, c->judge, other);
  for (int f = 0; f < c->m->funcs.n; ++f)
    for (int k = 0; k < c->reference[f]->n; ++k) {
      const Result *want = &c->reference[f]->at[k];
      Value *got = blob_value(c->arena, &blob, want->value),
            *twin = other ? blob_value(c->arena, &second, want->value) : NULL;
      const char *why = !got || (other && !twin) ? "results are missing" : NULL;
      if (!why && other && !same_bits(got, twin)) why = arena_printf(c->arena, "%s: bits differ", want->name);
      if (!why && !other) why = value_differs(c, f, k, got);
      if (!why) continue;
      finding(c->arena, c->judge, f, why);
      return false;
    }
  if (blob.read == blob.n) return true;
  finding(c->arena, c->judge, -1, "there are more results than expected");
  return false;
}

static Verdict judge_c(const Compared *c) {
  Verdict verdict = build_c(c->arena, c->judge, c->m);
  if (verdict != VERDICT_good) return verdict;
  const char *why = run_program(c->arena, c->judge, "c.run", "c1.out", 1);
  if (!why) why = run_program(c->arena, c->judge, "c.run", "c3.out", 3);
  if (why) {
    finding(c->arena, c->judge, -1, why);
    return VERDICT_run;
  }
  if (!results_agree(c, "c1.out", NULL)) return VERDICT_value;
  return results_agree(c, "c3.out", "c1.out") ? VERDICT_good : VERDICT_threads;
}

static Verdict judge_llvm(const Compared *c) {
  if (c->judge->c_only || !emit_has_llvm()) return VERDICT_good;
  Verdict verdict = build_llvm(c->arena, c->judge, c->m);
  if (verdict != VERDICT_good) return verdict;
  const char *why = run_program(c->arena, c->judge, "llvm.run", "llvm.out", 3);
  if (why) {
    finding(c->arena, c->judge, -1, why);
    return VERDICT_object_run;
  }
  return results_agree(c, "llvm.out", "c1.out") ? VERDICT_good : VERDICT_bits;
}

static Verdict judge_module(Arena *arena, const Judge *j, Module *m) {
  module_verify(m);
  Verdict verdict = judge_text(arena, j, m);
  if (verdict == VERDICT_good) verdict = judge_passes(arena, j, m);
  if (verdict != VERDICT_good || j->evaluator_only) return verdict;
  Compared c = {.arena = arena, .judge = j, .m = m, .reference = NEW_N(arena, Reference *, m->funcs.n)};
  for (int f = 0; f < m->funcs.n; ++f)
    c.reference[f] = reference_make(arena, m, m->funcs.at[f]->variants.at[0].graph, NOISY_RUNS);
  verdict = judge_c(&c);
  return verdict == VERDICT_good ? judge_llvm(&c) : verdict;
}

/* ---- the child ---- */
static _Noreturn void judge_child(const Judge *j, Module *m) {
  Arena *arena = arena_new();
  alarm(j->seconds);
  FILE *messages = fopen(path_of(arena, j, "log"), "w+");
  diag_stream(messages ? messages : stderr);
  Verdict verdict = VERDICT_compiler;
  if (setjmp(*diag_guard()) == 0) {
    verdict = judge_module(arena, j, m);
  } else if (messages) {
    char text[2000];
    rewind(messages);
    text[fread(text, 1, sizeof text - 1, messages)] = 0;
    finding(arena, j, -1, text);
    verdict = VERDICT_compiler;
  }
  fflush(NULL);
  _exit(verdict);
}

int judge_start(const Judge *j, Module *m) {
  fflush(NULL);
  int child = (int)fork();
  if (child == 0) judge_child(j, m);
  if (child < 0) bug("cannot start a process");
  return child;
}

Verdict judge_verdict(int status) {
  return WIFEXITED(status) && WEXITSTATUS(status) < VERDICT_COUNT ? (Verdict)WEXITSTATUS(status) : VERDICT_crash;
}

const char *judge_why(Arena *arena, const Judge *j, int *func) {
  size_t bytes;
  char *text = file_read(arena, path_of(arena, j, "why"), &bytes);
  *func = -1;
  if (!text) return "no finding was written";
  char *end;
  *func = (int)strtol(text, &end, 10);
  return end + strspn(end, "\n");
}

void judge_clean(const Judge *j) {
  Arena *arena = arena_new();
  for (size_t i = 0; i < sizeof left_behind / sizeof *left_behind; ++i) unlink(path_of(arena, j, left_behind[i]));
  arena_free(arena);
}
