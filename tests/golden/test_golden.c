/* test_golden.c: text in, text out. Each file of tests/golden/ (not *.c) begins with a line `# RUN: <kind> [words]`,
 * goes on with the input, and ends with `# EXPECT:` and the text that must come out. `golden_golden --bless` rewrites
 * what stands below EXPECT; read the diff before you commit it.
 *
 * To add a kind: a row in `kinds` below, with a function from text to text. It runs under a diagnostic guard, so an
 * error is an output too (the message). Comment lines of the input start with `#` and are handed on as they are. */
#include <dirent.h>
#include <stdlib.h>

#include "emit/emit.h"

#ifndef NNC_SOURCE_DIR
#define NNC_SOURCE_DIR "."
#endif

typedef struct Case {
  Arena *arena;
  const char *file;  /* name in the folder */
  const char *words; /* of the RUN line, behind the kind */
  const char *input; /* what stands between RUN and EXPECT */
} Case;

typedef void Kind(Text *out, const Case *c);

/* ---- kinds ---- */
typedef Graph *Pass(Graph *g);
static const struct Named {
  const char *name;
  Pass *pass;
} passes[] = {
#define GRAPH_PASS(name, what) {#name, pass_##name},
#include "graph/passes.def"
#undef GRAPH_PASS
};

static Pass *pass_find(const char *name) {
  for (size_t i = 0; i < sizeof passes / sizeof *passes; ++i)
    if (strcmp(passes[i].name, name) == 0) return passes[i].pass;
  bug("RUN: there is no pass '%s'", name);
}

static const char *word_next(Arena *arena, const char **text) {
  const char *at = *text + strspn(*text, " \t"), *end = at + strcspn(at, " \t\n");
  *text = end;
  return end > at ? arena_strndup(arena, at, (size_t)(end - at)) : NULL;
}

/* `# RUN: pass fold simplify`: the passes in this order, on every function */
static void run_pass(Text *out, const Case *c) {
  Module *m = module_parse(c->arena, c->file, c->input);
  const char *words = c->words;
  module_verify(m);
  for (const char *name; (name = word_next(c->arena, &words)) != NULL;)
    for (int i = 0; i < m->funcs.n; ++i) {
      Variant *v = &m->funcs.at[i]->variants.at[0];
      diag_pass(name);
      v->graph = graph_run(v->graph, pass_find(name));
      graph_verify(v->graph);
    }
  for (int i = 0; i < m->funcs.n; ++i) graph_print(out, m->funcs.at[i]->variants.at[0].graph);
}

/* `# RUN: module`: parsed and printed, whole */
static void run_module(Text *out, const Case *c) { module_print(out, module_parse(c->arena, c->file, c->input)); }

/* A program whose `init` calls each kernel of a text, on scratch memory of its own. */
static Program *program_of(const Case *c, const Machine *machine) {
  Arena *a = c->arena;
  Kernels *kernels = kernels_parse(a, c->file, c->input);
  Program *p = NEW(a, Program);
  Host *init = NEW(a, Host);
  *p = (Program){.arena = a, .module = module_new(a), .machine = machine, .max_threads = 4};
  p->module->name = "golden";
  init->name = "init";
  vec_push(a, p->hosts, init);
  for (int i = 0; i < kernels->n; ++i) {
    Kernel *k = kernels->at[i];
    kernel_verify(k, machine);
    if (k->result.lanes) {
      vec_push(a, p->math, k);
      continue;
    }
    vec_push(a, p->kernels, k);
    Stmt *call = NEW(a, Stmt), *barrier = NEW(a, Stmt);
    call->kind = S_call;
    call->kernel = k;
    barrier->kind = S_barrier;
    for (int j = 0; j < k->params.n; ++j) {
      const Buffer *b = k->params.at[j];
      Slot *slot = program_slot(p, HOME_scratch, b->name, b->dtype, shape_of(1, b->count), (Loc){0});
      slot->offset = p->scratch_bytes;
      p->scratch_bytes += (slot->bytes + 63) / 64 * 64;
      vec_push(a, call->args, slot);
    }
    vec_push(a, init->body, call);
    vec_push(a, init->body, barrier);
  }
  return p;
}

/* `# RUN: c x86-64-v4`, `# RUN: llvm scalar`: a text of kernels as a whole program, printed for a machine */
static void run_emit(Text *out, const Case *c, void (*emit)(Text *, const Program *, const EmitOptions *)) {
  const char *words = c->words, *name = word_next(c->arena, &words);
  const Machine *machine = name ? machine_find(name) : NULL;
  if (!machine) bug("RUN: there is no machine '%s'", name ? name : "");
  emit(out, program_of(c, machine), &(EmitOptions){.compiler = "nnc", .no_main = true});
}
static void run_c(Text *out, const Case *c) { run_emit(out, c, emit_c); }
static void run_llvm(Text *out, const Case *c) { run_emit(out, c, emit_llvm); }

static const struct Row {
  const char *name;
  Kind *run;
} kinds[] = {{"pass", run_pass}, {"module", run_module}, {"c", run_c}, {"llvm", run_llvm}};

/* ---- running one file ---- */
static Kind *kind_find(const char *name) {
  for (size_t i = 0; name && i < sizeof kinds / sizeof *kinds; ++i)
    if (strcmp(kinds[i].name, name) == 0) return kinds[i].run;
  bug("RUN: there is no kind '%s'", name ? name : "");
}

static void append_stream(Text *out, FILE *stream) {
  char line[512];
  rewind(stream);
  while (fgets(line, sizeof line, stream)) text_puts(out, line);
}

static const char *run_case(Case *c, const char *kind) {
  Text out;
  FILE *messages = tmpfile();
  text_init(&out, c->arena);
  diag_stream(messages ? messages : stderr);
  if (setjmp(*diag_guard()) == 0) kind_find(kind)(&out, c);
  diag_stream(stderr);
  if (messages) append_stream(&out, messages), fclose(messages);
  return text_str(&out);
}

static void show_difference(const char *file, const char *want, const char *got) {
  int line = 1;
  size_t at = 0, start = 0;
  while (want[at] && want[at] == got[at])
    if (want[at++] == '\n') ++line, start = at;
  int w = (int)strcspn(want + start, "\n"), g = (int)strcspn(got + start, "\n");
  printf("FAIL %s: line %d of the output\n  expected: %.*s\n  got:      %.*s\n", file, line, w, want + start, g,
         got + start);
}

/* Whole text = head (RUN line and input), then "# EXPECT:\n", then what is expected. */
static bool run_file(const char *file, bool bless) {
  Arena *arena = arena_new();
  size_t bytes;
  const char *path = arena_printf(arena, "%s/tests/golden/%s", NNC_SOURCE_DIR, file);
  char *text = file_read(arena, path, &bytes);
  char *mark = text ? strstr(text, "# EXPECT:") : NULL;
  if (!text || strncmp(text, "# RUN:", 6) != 0 || !mark) {
    printf("FAIL %s: no '# RUN:' at the start or no '# EXPECT:'\n", file);
    arena_free(arena);
    return false;
  }
  const char *words = text + 6, *kind = word_next(arena, &words), *rest = words + strcspn(words, "\n");
  Case c = {.arena = arena, .file = file};
  c.words = arena_strndup(arena, words, (size_t)(rest - words));
  c.input = arena_strndup(arena, rest, (size_t)(mark - rest));
  const char *got = run_case(&c, kind), *want = strchr(mark, '\n') ? strchr(mark, '\n') + 1 : "";
  bool good = strcmp(want, got) == 0;
  if (!good && bless) {
    const char *whole = arena_printf(arena, "%.*s# EXPECT:\n%s", (int)(mark - text), text, got);
    good = file_write(path, whole, strlen(whole));
    printf("blessed %s\n", file);
  } else if (!good) {
    show_difference(file, want, got);
  }
  arena_free(arena);
  return good;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

int main(int argc, char **argv) {
  bool bless = argc > 1 && strcmp(argv[1], "--bless") == 0;
  const char *only = argc > 1 && !bless ? argv[1] : NULL;
  Arena *arena = arena_new();
  VEC(char *) files = {0};
  DIR *folder = opendir(NNC_SOURCE_DIR "/tests/golden");
  for (struct dirent *e; folder && (e = readdir(folder)) != NULL;) {
    const char *dot = strrchr(e->d_name, '.');
    if (dot && e->d_name[0] != '.' && strcmp(dot, ".c") != 0 && strcmp(dot, ".sh") != 0 && strcmp(dot, ".md") != 0)
      vec_push(arena, files, arena_strdup(arena, e->d_name));
  }
  if (folder) closedir(folder);
  if (files.n > 0) qsort(files.at, (size_t)files.n, sizeof *files.at, by_name);
  int bad = 0, ran = 0;
  for (int i = 0; i < files.n; ++i) {
    if (only && strstr(files.at[i], only) == NULL) continue;
    ++ran;
    bad += !run_file(files.at[i], bless);
  }
  printf("golden: %d files, %d differ\n", ran, bad);
  arena_free(arena);
  return bad || ran == 0 ? 1 : 0;
}
