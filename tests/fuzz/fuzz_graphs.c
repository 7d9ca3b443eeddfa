/* fuzz_graphs.c: random functions through the whole compiler, in batches.
 *
 *   fuzz_graphs [--graphs N] [--seed S] [--first K] [--minutes M] [--batch B] [--jobs J] [--keep DIR]
 *               [--evaluator-only | --c-only] [--reports N] [--no-shrink] [FILE.graph …]
 *
 * A batch is one Module with one function per graph, so that one run of cc serves many; random_judge.c says what must
 * hold. When a batch fails, the function at fault is found, judged alone, made smaller by random_shrink.c, and written
 * to DIR (or the working directory) as text that `fuzz_graphs FILE.graph` and nnc read. Function K of seed S is always
 * the same one. Exit code 1: something failed. */
#define _POSIX_C_SOURCE 200809L
#include "random_graph.h"
#include "random_judge.h"
#include "random_shrink.h"

#include "emit/emit.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS_MAX = 16, SHRINK_BUDGET = 400, JUDGE_SECONDS = 600 };

typedef struct Options {
  int graphs, first, batch, jobs;
  uint64_t seed;
  double minutes;
  const char *keep, *scratch, *harness;
  bool evaluator_only, c_only;
  const char *machine[3];
  int machines;
  int failures, reports; /* found; to stop at */
  int loops, branches;   /* that the graphs had, subgraphs included */
  bool no_shrink;
} Options;

/* ---- set up ---- */
static const char *number_argument(int argc, char **argv, int *i) {
  if (*i + 1 < argc) return argv[++*i];
  fprintf(stderr, "fuzz_graphs: %s needs a value\n", argv[*i]);
  exit(2);
}

static void parse_options(Options *o, int argc, char **argv, int *files) {
  for (int i = 1; i < argc; ++i) {
    const char *a = argv[i];
    if (!strcmp(a, "--graphs") || !strcmp(a, "--count"))
      o->graphs = atoi(number_argument(argc, argv, &i));
    else if (!strcmp(a, "--seed"))
      o->seed = strtoull(number_argument(argc, argv, &i), NULL, 10);
    else if (!strcmp(a, "--first"))
      o->first = atoi(number_argument(argc, argv, &i));
    else if (!strcmp(a, "--minutes"))
      o->minutes = atof(number_argument(argc, argv, &i));
    else if (!strcmp(a, "--batch"))
      o->batch = atoi(number_argument(argc, argv, &i));
    else if (!strcmp(a, "--jobs"))
      o->jobs = atoi(number_argument(argc, argv, &i));
    else if (!strcmp(a, "--keep"))
      o->keep = number_argument(argc, argv, &i);
    else if (!strcmp(a, "--evaluator-only"))
      o->evaluator_only = true;
    else if (!strcmp(a, "--reports"))
      o->reports = atoi(number_argument(argc, argv, &i));
    else if (!strcmp(a, "--no-shrink"))
      o->no_shrink = true;
    else if (!strcmp(a, "--c-only"))
      o->c_only = true;
    else if (a[0] != '-')
      argv[1 + (*files)++] = argv[i];
    else {
      fprintf(stderr, "fuzz_graphs: unknown option %s\n", a);
      exit(2);
    }
  }
  if (o->batch < 1) o->batch = 1;
  o->jobs = o->jobs < 1 ? 1 : o->jobs > JOBS_MAX ? JOBS_MAX : o->jobs;
}

/* The machines that this host can run; C and LLVM take different ones, so that widths are compared too. */
static void find_machines(Options *o) {
  const Machine *native = machine_find("native");
  o->machine[o->machines++] = "native";
  if (native && strncmp(native->name, "x86-64-v4", 9) == 0) o->machine[o->machines++] = "x86-64-v3";
  if (machine_find("scalar")) o->machine[o->machines++] = "scalar";
}

static void build_harness(Arena *arena, Options *o) {
  char template[] = "/tmp/nnc-fuzz-XXXXXX";
  const char *base = getenv("TMPDIR");
  char *folder = base ? arena_printf(arena, "%s/nnc-fuzz-XXXXXX", base) : template;
  if (!mkdtemp(folder)) {
    perror("fuzz_graphs: temporary folder");
    exit(1);
  }
  o->scratch = arena_strdup(arena, folder);
  o->harness = arena_printf(arena, "%s/harness.o", folder);
  if (o->evaluator_only) return;
  const char *command = arena_printf(arena, "cc -std=c17 -O1 -Wall -I%s/runtime -c %s/tests/fuzz/harness.c -o %s",
                                     NNC_SOURCE_DIR, NNC_SOURCE_DIR, o->harness);
  if (system(command) != 0) exit(1);
}

static Judge judge_for(Arena *arena, const Options *o, const char *slot, int number) {
  Judge j = {.harness = o->harness, .seconds = JUDGE_SECONDS, .evaluator_only = o->evaluator_only, .c_only = o->c_only};
  j.folder = arena_printf(arena, "%s/%s", o->scratch, slot);
  j.level = number % 4 ? "-O0" : "-O1"; /* most of the time would be the compilers' */
  j.llvm_quick = number % 4 != 2;
  j.machine_c = o->machine[number % o->machines], j.machine_llvm = o->machine[(number + 1) % o->machines];
  if (system(arena_printf(arena, "mkdir -p %s", j.folder)) != 0) exit(1);
  return j;
}

/* ---- a failure ---- */
typedef struct Wanted {
  const Judge *judge;
  Verdict verdict;
  char gist[48];
} Wanted;

/* Letters of the finding's start: what a refusal or a crash is told from another one by. Other findings name elements.
 */
static void gist_of(const Judge *j, Verdict verdict, char gist[48]) {
  Arena *arena = arena_new();
  int func, n = 0;
  const char *why = judge_why(arena, j, &func);
  for (; *why && n < 47 && (verdict == VERDICT_compiler || verdict == VERDICT_run); ++why)
    if (*why < '0' || *why > '9') gist[n++] = *why;
  gist[n] = 0;
  arena_free(arena);
}

static Verdict judge_now(const Judge *j, Module *m) {
  int status = 0;
  judge_clean(j);
  waitpid(judge_start(j, m), &status, 0);
  return judge_verdict(status);
}

static bool still_fails(void *context, const Module *m) {
  Wanted *w = context;
  char gist[48];
  if (judge_now(w->judge, (Module *)m) != w->verdict) return false;
  gist_of(w->judge, w->verdict, gist);
  return strcmp(gist, w->gist) == 0;
}

static void write_failure(Arena *arena, const Options *o, const Module *m, Verdict verdict, const char *title,
                          const char *why) {
  Text text;
  text_init(&text, arena);
  text_printf(&text, "# %s: %s\n# ", title, verdict_text[verdict]);
  for (const char *c = why; *c; ++c) text_printf(&text, *c == '\n' && c[1] ? "\n# " : "%c", *c);
  text_puts(&text, "\n");
  module_print(&text, m);
  const char *path = arena_printf(arena, "%s/%s-%s.graph", o->keep, verdict_word[verdict], title);
  if (!file_write(path, text_str(&text), text.n)) perror(path);
  printf("  written to %s\n", path);
}

static void report_failure(Options *o, Module *m, const char *title, int number) {
  Arena *arena = arena_new();
  Judge j = judge_for(arena, o, "single", number);
  time_t began = time(NULL);
  Verdict verdict = judge_now(&j, m);
  int func;
  if (verdict == VERDICT_good) {
    printf("FAIL %s: only in its batch, not alone\n", title);
  } else {
    printf("FAIL %s (C for %s, LLVM for %s): %s: %s\n", title, j.machine_c, j.machine_llvm, verdict_text[verdict],
           judge_why(arena, &j, &func));
    fflush(stdout);
    j.seconds = 10 + 10 * (unsigned)(time(NULL) - began); /* a smaller one may have a loop without an end */
    Wanted wanted = {.judge = &j, .verdict = verdict};
    gist_of(&j, verdict, wanted.gist);
    Module *small = o->no_shrink ? m : module_shrink(arena, m, still_fails, &wanted, SHRINK_BUDGET);
    judge_now(&j, small);
    write_failure(arena, o, small, verdict, title, judge_why(arena, &j, &func));
  }
  judge_clean(&j);
  fflush(stdout);
  arena_free(arena);
}

static Module *make_module(Arena *arena, const Options *o, int first, int count) {
  RandomOptions options = {.nodes = 60, .gradients = true, .half = true, .bfloat = true};
  return random_module(arena, o->seed, first, count, options);
}

/* Which functions of a failed batch fail alone? */
static void report_batch(Options *o, const Judge *j, Verdict verdict, int first, int count, int number) {
  Arena *arena = arena_new();
  int func;
  const char *why = judge_why(arena, j, &func);
  printf("batch %d … %d: %s: %s\n", first, first + count - 1, verdict_text[verdict], why);
  for (int i = 0; i < count && o->failures < o->reports; ++i) {
    Arena *each = arena_new();
    Judge single = judge_for(each, o, "single", number);
    Module *m = make_module(each, o, first + i, 1);
    if (judge_now(&single, m) != VERDICT_good) {
      ++o->failures;
      report_failure(o, make_module(each, o, first + i, 1),
                     arena_printf(arena, "%llu-%d", (unsigned long long)o->seed, first + i), number);
    }
    arena_free(each);
  }
  if (o->failures == 0) ++o->failures;
  arena_free(arena);
}

/* ---- batches, `jobs` at a time ---- */
typedef struct Worker {
  Arena *arena;
  Judge judge;
  int child, first, count, number;
} Worker;

static void count_control(Options *o, const Graph *g) {
  for (int i = 0; g && i < g->nodes.n; ++i) {
    const Node *n = g->nodes.at[i];
    if (n->op == OP_cond) ++o->branches;
    if (n->op == OP_scan || n->op == OP_while) ++o->loops;
    count_control(o, n->attr->body), count_control(o, n->attr->other);
  }
}

static void worker_start(Options *o, Worker *s, int slot, int number, int first, int count) {
  s->arena = arena_new();
  s->judge = judge_for(s->arena, o, arena_printf(s->arena, "slot%d", slot), number);
  s->first = first, s->count = count, s->number = number;
  judge_clean(&s->judge);
  Module *m = make_module(s->arena, o, first, count);
  for (int i = 0; i < count; ++i) count_control(o, m->funcs.at[i]->variants.at[0].graph);
  s->child = judge_start(&s->judge, m);
}

static void worker_finish(Options *o, Worker *s, int status) {
  Verdict verdict = judge_verdict(status);
  s->child = 0;
  if (verdict != VERDICT_good) report_batch(o, &s->judge, verdict, s->first, s->count, s->number);
  judge_clean(&s->judge);
  arena_free(s->arena);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool more(const Options *o, int done, double start) {
  if (o->failures >= o->reports) return false;
  return o->minutes > 0 ? now() - start < 60 * o->minutes : done < o->graphs;
}

static int run_batches(Options *o, double start) {
  Worker slot[JOBS_MAX] = {0};
  int made = 0, number = o->first / o->batch, running = 0;
  for (;;) {
    for (int i = 0; i < o->jobs && more(o, made, start); ++i) {
      if (slot[i].child) continue;
      int count = o->minutes > 0 || o->graphs - made > o->batch ? o->batch : o->graphs - made;
      worker_start(o, &slot[i], i, number++, o->first + made, count);
      made += count, ++running;
    }
    if (running == 0) return made;
    int status = 0, child = (int)waitpid(-1, &status, 0);
    for (int i = 0; i < o->jobs; ++i)
      if (slot[i].child == child) worker_finish(o, &slot[i], status), --running;
  }
}

static void run_file(Options *o, const char *path) {
  Arena *arena = arena_new();
  size_t bytes;
  char *text = file_read(arena, path, &bytes);
  if (!text || setjmp(*diag_guard()) != 0) {
    fprintf(stderr, "fuzz_graphs: cannot read %s\n", path);
    ++o->failures;
    return;
  }
  for (int number = 0; number < o->machines; ++number) {
    Judge j = judge_for(arena, o, "file", number);
    j.llvm_quick = false;
    Verdict verdict = judge_now(&j, module_parse(arena, path, text));
    int func;
    printf("%s (C for %s, LLVM for %s): %s\n", path, j.machine_c, j.machine_llvm, verdict_text[verdict]);
    if (verdict != VERDICT_good) ++o->failures, printf("  %s\n  kept: %s\n", judge_why(arena, &j, &func), j.folder);
  }
  arena_free(arena);
}

int main(int argc, char **argv) {
  Arena *arena = arena_new();
  Options o = {.graphs = 200, .batch = 40, .jobs = 2, .seed = 1, .keep = ".", .reports = 3};
  int files = 0;
  double start = now();
  parse_options(&o, argc, argv, &files);
  find_machines(&o);
  build_harness(arena, &o);
  for (int i = 0; i < files; ++i) run_file(&o, argv[1 + i]);
  int made = files ? files : run_batches(&o, start);
  printf("fuzz_graphs: %d graphs (%d loops, %d branches) from seed %llu, %d failures, %.1f s; machines:", made, o.loops,
         o.branches, (unsigned long long)o.seed, o.failures, now() - start);
  for (int i = 0; i < o.machines; ++i) printf(" %s", o.machine[i]);
  printf("; LLVM: %s\n", o.evaluator_only || o.c_only ? "not asked"
                         : emit_has_llvm()            ? "yes"
                                                      : "NOT BUILT IN, skipped");
  if (o.failures == 0 || files == 0) {
    if (system(arena_printf(arena, "rm -rf %s", o.scratch)) != 0) perror(o.scratch);
  }
  arena_free(arena);
  return o.failures ? 1 : 0;
}
