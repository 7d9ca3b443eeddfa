/* fuzz_text.c: mutated texts never crash the compiler: texts of graphs (parser, verifier, passes, printer) and of
 * programs (parser, verifier, passes, both printers) in this process, Lua models through the nnc binary. Texts of
 * programs that nobody mutated give the same text and the same C again.
 *
 *   fuzz_text [--seconds N | --minutes M | --count TEXTS] [--seed S] [--nnc PATH] [--keep DIR]
 *
 * Seeds of the mutation are the .graph files of tests/golden, tests/fuzz/cases and tests/fuzz/modules (whole programs
 * with phases), random modules, these as programs after each pass, and the .lua files of models, tests/errors and
 * tests/train/driver. Good ends are success and a diagnostic (exit codes 0, 1, 2); a signal, an internal error (3) or
 * more than twenty seconds are bad, and the text that did it is kept. Texts are tried in chunks in a child process; a
 * chunk that dies is tried again one by one. The binary is $NNC or --nnc; without one its half is skipped, with a
 * line. A count is that of graph texts; a quarter as many texts of programs go with them, and a model for each 600. */
#define _POSIX_C_SOURCE 200809L
#include "emit/emit.h"
#include "random_graph.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 64, SECONDS_EACH = 20, EXIT_BUG = 3 };

typedef struct Sample {
  const char *name;
  char *text;
  size_t n;
} Sample;
typedef VEC(Sample) Samples;

typedef struct Fuzz {
  Arena *arena;
  uint64_t random;
  const char *nnc, *keep, *folder;
  double seconds;
  int count; /* 0: seconds say how many */
  int tried, bad;
  int (*try)(const char *text); /* of run_part: the exit code that a text gives */
  const char *ending;
} Fuzz;

static uint64_t next(Fuzz *f) {
  uint64_t z = f->random += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}
static size_t below(Fuzz *f, size_t n) { return n ? (size_t)(next(f) % n) : 0; }

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- samples ---- */
static void add_sample(Fuzz *f, Samples *s, const char *name, const char *text, size_t n) {
  Sample sample = {arena_strdup(f->arena, name), arena_alloc(f->arena, n + 1), n};
  memcpy(sample.text, text, n);
  vec_push(f->arena, *s, sample);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const Sample *)a)->name, ((const Sample *)b)->name);
}

static void add_folder(Fuzz *f, Samples *s, const char *folder, const char *ending) {
  const char *path = arena_printf(f->arena, "%s/%s", NNC_SOURCE_DIR, folder);
  DIR *dir = opendir(path);
  int first = s->n;
  for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
    size_t n = strlen(e->d_name), m = strlen(ending), bytes;
    if (n < m || strcmp(e->d_name + n - m, ending) != 0) continue;
    char *text = file_read(f->arena, arena_printf(f->arena, "%s/%s", path, e->d_name), &bytes);
    if (text && bytes > 0) add_sample(f, s, e->d_name, text, bytes);
  }
  if (dir) closedir(dir);
  if (s->n > first) qsort(s->at + first, (size_t)(s->n - first), sizeof *s->at, by_name);
}

static void add_random(Fuzz *f, Samples *s, int count) {
  RandomOptions options = {.nodes = 25, .gradients = true, .half = true, .bfloat = true};
  for (int i = 0; i < count; ++i) {
    Text text;
    text_init(&text, f->arena);
    module_print(&text, random_module(f->arena, 5, i, 1, options));
    add_sample(f, s, "random", text_str(&text), text.n);
  }
}

static void run_graph_passes(Module *m) {
  for (int i = 0; i < m->funcs.n; ++i)
    for (int v = 0; v < m->funcs.at[i]->variants.n; ++v) {
      Graph *g = m->funcs.at[i]->variants.at[v].graph;
#define GRAPH_PASS(name, what) g = pass_##name(g);
#include "graph/passes.def"
#undef GRAPH_PASS
      graph_verify(g);
      m->funcs.at[i]->variants.at[v].graph = g;
    }
}

static void run_passes(Program *p, Stage until) {
  static void (*const passes[])(Program *) = {NULL, pass_share, pass_order, pass_join, pass_memory};
  while (p->stage < until) passes[p->stage + 1](p);
}

static const char *program_text(const Program *p) {
  Text text;
  text_init(&text, p->arena);
  program_print(&text, p);
  return text_str(&text);
}

static const char *program_c(const Program *p, bool llvm) {
  Text text;
  text_init(&text, p->arena);
  (llvm ? emit_llvm : emit_c)(&text, p, &(EmitOptions){.compiler = "nnc"});
  return text_str(&text);
}

/* setjmp stands in a function of its own, without locals that it could spoil. */
static Program *parse_guarded(Arena *arena, const char *text) {
  if (setjmp(*diag_guard())) return NULL;
  return program_parse(arena, "sample.kernel", text, NULL);
}

/* The text of a random program after one of the passes, which must give the same program again. */
static void add_program(Fuzz *f, Samples *s, int seed) {
  RandomOptions options = {.nodes = 20, .gradients = true, .half = true, .bfloat = true};
  const Machine *machine = machine_find(seed % 2 ? "x86-64-v3" : "scalar");
  Module *m = random_module(f->arena, 11, seed, 1, options);
  run_graph_passes(m);
  Program *p = kernel_lower(m, machine, f->arena);
  run_passes(p, (Stage)(seed % 5));
  const char *text = program_text(p);
  Program *again = parse_guarded(f->arena, text);
  bool same = again && !strcmp(text, program_text(again));
  run_passes(p, STAGE_memory);
  if (again) run_passes(again, STAGE_memory);
  for (int llvm = 0; llvm < 2; ++llvm) same = same && !strcmp(program_c(p, llvm), program_c(again, llvm));
  if (!same) printf("FAIL the text of random program %d is another program\n", seed), ++f->bad;
  add_sample(f, s, "program", text, strlen(text));
}

/* ---- mutation ---- */
typedef struct Mutant {
  char at[1 << 17];
  size_t n;
} Mutant;

static void buffer_splice(Mutant *b, size_t at, size_t cut, const char *with, size_t n) {
  if (at > b->n) at = b->n;
  if (cut > b->n - at) cut = b->n - at;
  if (b->n - cut + n >= sizeof b->at) return;
  memmove(b->at + at + n, b->at + at + cut, b->n - at - cut);
  memcpy(b->at + at, with, n);
  b->n += n - cut;
}

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* The word or number around or after a random place. */
static void pick_word(Fuzz *f, const char *text, size_t n, size_t *at, size_t *length) {
  size_t i = below(f, n);
  while (i < n && !is_word(text[i])) ++i;
  while (i > 0 && is_word(text[i - 1])) --i;
  *at = i;
  for (*length = 0; i + *length < n && is_word(text[i + *length]);) ++*length;
}

static void mutate_number(Fuzz *f, Mutant *b) {
  static const char *const numbers[] = {
      "0",     "1",    "-1",  "2147483647", "4294967296", "-9223372036854775808", "99999999999999999999",
      "1e308", "0.5",  "nan", "inf",        "-0",         "1099511627776",        "3",
      "7",     "\"\"", "{}",  "nil"};
  size_t at = below(f, b->n), n = 0;
  while (at < b->n && (b->at[at] < '0' || b->at[at] > '9')) ++at;
  while (at + n < b->n && b->at[at + n] >= '0' && b->at[at + n] <= '9') ++n;
  const char *with = numbers[below(f, sizeof numbers / sizeof *numbers)];
  buffer_splice(b, at, n, with, strlen(with));
}

static void mutate_once(Fuzz *f, Mutant *b, const Sample *other) {
  char bytes[4] = {(char)next(f), (char)next(f), "()[]{}=:,\"'%@#-\n\0"[below(f, 17)], 0};
  size_t at = below(f, b->n), n = 1 + below(f, 40), from, length;
  char piece[40];
  switch (below(f, 10)) {
  case 0: buffer_splice(b, at, 1, bytes, 1); break;
  case 1: buffer_splice(b, at, 0, bytes + 2, 1); break;
  case 2: buffer_splice(b, at, n, "", 0); break;
  case 3: /* a stretch of itself again */
    from = below(f, b->n);
    if (n > b->n - from) n = b->n - from;
    memcpy(piece, b->at + from, n);
    buffer_splice(b, at, 0, piece, n);
    break;
  case 4:
  case 5: mutate_number(f, b); break;
  case 6: /* another word of another text */
    pick_word(f, other->text, other->n, &from, &length);
    pick_word(f, b->at, b->n, &at, &n);
    buffer_splice(b, at, n, other->text + from, length);
    break;
  case 7: /* a stretch of another text */
    from = below(f, other->n);
    length = 1 + below(f, 200);
    buffer_splice(b, at, below(f, 60), other->text + from, from + length > other->n ? other->n - from : length);
    break;
  case 8: /* a whole line goes */
    while (at > 0 && b->at[at - 1] != '\n') --at;
    for (n = 0; at + n < b->n && b->at[at + n] != '\n';) ++n;
    buffer_splice(b, at, n + 1, "", 0);
    break;
  default: b->n = 1 + below(f, b->n); break; /* the end is missing */
  }
}

static void mutate(Fuzz *f, Mutant *b, const Samples *s) {
  const Sample *sample = &s->at[below(f, (size_t)s->n)];
  b->n = sample->n < sizeof b->at ? sample->n : sizeof b->at - 1;
  memcpy(b->at, sample->text, b->n);
  for (size_t i = 1 + below(f, 5); i > 0; --i) mutate_once(f, b, &s->at[below(f, (size_t)s->n)]);
  b->at[b->n] = 0;
}

static void keep_text(Fuzz *f, const Mutant *b, const char *what, const char *ending) {
  const char *path = arena_printf(f->arena, "%s/fuzz-text-%d%s", f->keep, ++f->bad, ending);
  if (!file_write(path, b->at, b->n)) perror(path);
  printf("FAIL %s: kept as %s\n", what, path);
  fflush(stdout);
}

/* ---- texts of graphs and programs, in a child ---- */
static void limit_memory(void) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  struct rlimit most = {(rlim_t)3 << 30, (rlim_t)3 << 30};
  setrlimit(RLIMIT_AS, &most);
#endif
}

static int try_graph(const char *text) {
  Arena *arena = arena_new();
  volatile int code = 0;
  if (setjmp(*diag_guard()) == 0) {
    Module *m = module_parse(arena, "fuzz.graph", text);
    module_verify(m);
    run_graph_passes(m);
    Text out;
    text_init(&out, arena);
    module_print(&out, m);
  } else {
    code = diag_exit_code();
  }
  arena_free(arena);
  return code;
}

static int try_program(const char *text) {
  Arena *arena = arena_new();
  volatile int code = 0;
  if (setjmp(*diag_guard()) == 0) {
    Program *p = program_parse(arena, "fuzz.kernel", text, machine_find("x86-64-v3"));
    program_text(p);
    run_passes(p, STAGE_memory);
    program_verify(p);
    for (int llvm = 0; llvm < 2; ++llvm) program_c(p, llvm);
  } else {
    code = diag_exit_code();
  }
  arena_free(arena);
  return code;
}

static _Noreturn void text_child(Fuzz *f, const Samples *s, int count) {
  static Mutant b;
  FILE *nowhere = fopen("/dev/null", "w");
  diag_stream(nowhere ? nowhere : stderr);
  limit_memory();
  alarm(count == 1 ? SECONDS_EACH : SECONDS_EACH * 6);
  for (int i = 0; i < count; ++i) {
    mutate(f, &b, s);
    if (f->try(b.at) == EXIT_BUG) _exit(EXIT_BUG);
  }
  _exit(0);
}

static bool text_chunk_fails(Fuzz *f, const Samples *s, int count) {
  int status = 0;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) text_child(f, s, count);
  if (child < 0) return false;
  waitpid(child, &status, 0);
  return !WIFEXITED(status) || WEXITSTATUS(status) == EXIT_BUG;
}

static void text_chunk(Fuzz *f, const Samples *s) {
  static Mutant b;
  bool fails = text_chunk_fails(f, s, CHUNK);
  for (int i = 0; i < CHUNK; ++i) {
    Fuzz before = *f;
    mutate(f, &b, s); /* the child's copy made the same one */
    ++f->tried;
    if (fails && text_chunk_fails(&before, s, 1)) keep_text(f, &b, "text", f->ending);
  }
}

/* ---- Lua models, by the binary ---- */
static _Noreturn void exec_nnc(const Fuzz *f, const char *model, const char *output) {
  int nowhere = open("/dev/null", O_RDWR);
  for (int i = 0; i < 3; ++i) dup2(nowhere, i);
  limit_memory();
  alarm(SECONDS_EACH);
  execl(f->nnc, f->nnc, model, "-o", output, (char *)NULL);
  _exit(127);
}

static void lua_one(Fuzz *f, const Samples *s) {
  static Mutant b;
  char model[600], output[600];
  snprintf(model, sizeof model, "%s/model.lua", f->folder), snprintf(output, sizeof output, "%s/model.c", f->folder);
  mutate(f, &b, s);
  if (!file_write(model, b.at, b.n)) return;
  ++f->tried;
  int status = 0;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) exec_nnc(f, model, output);
  if (child < 0) return;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) < EXIT_BUG) return;
  char what[80];
  snprintf(what, sizeof what, WIFEXITED(status) ? "model, exit code %d" : "model, signal %d",
           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  keep_text(f, &b, what, ".lua");
}

/* So many of a part's mutants, or as many as a third of the time has room for. */
static void run_part(Fuzz *f, const char *title, const Samples *s, void (*one)(Fuzz *, const Samples *), int count) {
  double end = now() + f->seconds / 3;
  f->tried = 0;
  while ((f->count ? f->tried < count : now() < end) && f->bad < 8) one(f, s);
  printf("fuzz_text: %d mutated %s from %d samples\n", f->tried, title, s->n);
  fflush(stdout);
}

static void run_lua(Fuzz *f) {
  Samples s = {0};
  add_folder(f, &s, "models", ".lua");
  add_folder(f, &s, "tests/errors", ".lua");
  add_folder(f, &s, "tests/train/driver", ".lua");
  if (!f->nnc || access(f->nnc, X_OK) != 0 || s.n == 0) {
    printf("fuzz_text: SKIPPED models: %s\n", s.n == 0 ? "there are none" : "no nnc binary (NNC or --nnc)");
    return;
  }
  char folder[] = "/tmp/nnc-fuzz-XXXXXX";
  if (!(f->folder = mkdtemp(folder))) return;
  run_part(f, "models", &s, lua_one, f->count / 600);
  unlink(arena_printf(f->arena, "%s/model.lua", folder)), unlink(arena_printf(f->arena, "%s/model.c", folder));
  rmdir(folder);
}

int main(int argc, char **argv) {
  Fuzz f = {.arena = arena_new(), .random = 1, .nnc = getenv("NNC"), .keep = ".", .seconds = 20};
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--seconds"))
      f.seconds = atof(argv[i + 1]);
    else if (!strcmp(argv[i], "--minutes"))
      f.seconds = 60 * atof(argv[i + 1]);
    else if (!strcmp(argv[i], "--count"))
      f.count = atoi(argv[i + 1]);
    else if (!strcmp(argv[i], "--seed"))
      f.random = strtoull(argv[i + 1], NULL, 10);
    else if (!strcmp(argv[i], "--nnc"))
      f.nnc = argv[i + 1];
    else if (!strcmp(argv[i], "--keep"))
      f.keep = argv[i + 1];
    else
      return fprintf(stderr, "fuzz_text: unknown option %s\n", argv[i]), 2;
  }
  Samples graphs = {0};
  add_folder(&f, &graphs, "tests/golden", ".graph");
  add_folder(&f, &graphs, "tests/fuzz/cases", ".graph");
  add_folder(&f, &graphs, "tests/fuzz/modules", ".graph");
  add_random(&f, &graphs, 20);
  f.try = try_graph, f.ending = ".graph";
  run_part(&f, "graph texts", &graphs, text_chunk, f.count);
  Samples programs = {0};
  for (int seed = 0; seed < 40; ++seed) add_program(&f, &programs, seed);
  f.try = try_program, f.ending = ".kernel";
  run_part(&f, "program texts", &programs, text_chunk, f.count / 4);
  run_lua(&f);
  arena_free(f.arena);
  return f.bad ? 1 : 0;
}
