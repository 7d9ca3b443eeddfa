/* main.c: options and the five calls: load, graph passes, lower and plan, emit, report. One straight line from a model
 * to its output; whatever fails on the way prints its own diagnostic and jumps to main (diag_guard).
 *
 * Exit codes: 0 good, 1 the model or its data is wrong or a check failed, 2 wrong usage, 3 a bug of ours. */
#include "emit/emit.h"
#include "front/front.h"

#include <errno.h>
#include <stdlib.h>

#ifndef NNC_VERSION
#define NNC_VERSION "nnc 0.1"
#endif

typedef struct Options {
  const char *model, *output;
  const char *dump, *stop_after;
  const char *cpu, *blas;
  const char *only; /* names of functions, with commas between */
  const char *page; /* of --report=FILE */
  bool report, check, standalone, library, verify, trap, profile;
  int max_threads; /* 0: as kernel_lower has it */
  VEC(FrontDefine) defines;
  FrontOptions front;
} Options;

/* ---- the list of passes, for --dump, --stop-after and --passes ---- */
typedef struct PassRow {
  const char *name, *what;
  Graph *(*run)(Graph *);
} PassRow;

static const PassRow graph_passes[] = {
#define GRAPH_PASS(name, what) {#name, what, pass_##name},
#include "graph/passes.def"
#undef GRAPH_PASS
};
enum { GRAPH_PASSES = sizeof graph_passes / sizeof graph_passes[0] };

static const PassRow later_passes[] = {
    {"front", "load the model: the graph as traced, gradients included", NULL},
    {"lower", "group nodes by index maps and schedule them as kernels", NULL},
    {"share", "equal kernels become one", NULL},
    {"order", "order the calls by live memory and set barriers", NULL},
    {"join", "small kernels of one barrier interval become one", NULL},
    {"memory", "give every slot its offset", NULL},
};

static const char help[] =
    "usage: nnc MODEL -o OUTPUT [options]\n"
    "\n"
    "MODEL is a model file (.lua), the text of a module (.graph) or of a program or kernels (.kernel), as --dump\n"
    "prints them.\n"
    "OUTPUT's ending says what comes out: .c (C), .ll (LLVM IR), .s, .o, .bc (through LLVM), otherwise an executable.\n"
    "\n"
    "  -o FILE             where the output goes\n"
    "  -D NAME=VALUE       set an nn.arg of the model\n"
    "  --float=DTYPE       the default float dtype: f32 (default), f64, f16 or bf16\n"
    "  --cpu=NAME          the machine to emit for: native (default), x86-64-v4, x86-64-v3, neon, scalar, …;\n"
    "                      with --standalone a list, one kernel set each\n"
    "  --max-threads=N     how many threads the program may run on: 1 to 1024 (default 16)\n"
    "  --blas=openblas     large matrix products through OpenBLAS, the rest as always; bits are then OpenBLAS's own\n"
    "  --standalone        one C file that plain `cc -O3 FILE -lm` builds\n"
    "  --lib               a library for programs of your own: FILE.c without main, and FILE.h\n"
    "  --only=NAME[,NAME]  these functions alone: no other code, state or data\n"
    "  --trap              the program looks at what every operation makes, and stops at the first NaN or infinity "
    "that\n"
    "                      reaches a state or an output: it names the operation, the line, what went in (slow)\n"
    "  --watch[=GLOB]      the program prints norms of weights, gradients, updates: nn.train's `watch` everywhere\n"
    "  --profile           the program can say what each of its kernels takes: its flag --profile\n"
    "  --report            parameters, work, kernels, arenas, what holds the peak\n"
    "  --report=FILE.html  the same as a page: the graph, the arena over time, the cost of each line of the model\n"
    "  --check             the model's gradients against central differences in f64\n"
    "  --dump=PASS         print the program after PASS (see --passes); with --stop-after nothing else is done\n"
    "  --stop-after=PASS   stop there\n"
    "  --verify            check the program's invariants after each pass\n"
    "  --fast              also apply rewrite rules that change rounding\n"
    "  --ops               the reference of all ops\n"
    "  --passes            the list of passes, in order\n"
    "  --help, --version\n"
    "\n"
    "Where to begin: share/doc/nnc/docs/tutorial.md; models are in share/nnc/models. The program that comes out has a\n"
    "--help of its own.\n";

/* ---- options ---- */
static const char *const option_names[] = {"--float", "--cpu",     "--blas",       "--standalone", "--report",
                                           "--check", "--dump",    "--stop-after", "--passes",     "--ops",
                                           "--help",  "--version", "--fast",       "--verify",     "--max-threads",
                                           "--lib",   "--only",    "--trap",       "--profile",    "--watch"};

static bool ends_with(const char *s, const char *end) {
  size_t n = strlen(s), m = strlen(end);
  return n >= m && !strcmp(s + n - m, end);
}

static const char *option_value(const char *arg, const char *name) {
  size_t n = strlen(name);
  return !strncmp(arg, name, n) && arg[n] == '=' ? arg + n + 1 : NULL;
}

static _Noreturn void unknown_option(Arena *arena, const char *arg) {
  const char *stem = arena_strndup(arena, arg, strcspn(arg, "="));
  const char *near = diag_nearest(stem, option_names, sizeof option_names / sizeof option_names[0]);
  usage_error(MSG_option_unknown, arg, near ? arena_printf(arena, "; did you mean %s?", near) : "");
}

static bool pass_known(const char *name) {
  for (int i = 0; i < GRAPH_PASSES; ++i)
    if (!strcmp(graph_passes[i].name, name)) return true;
  for (size_t i = 0; i < sizeof later_passes / sizeof later_passes[0]; ++i)
    if (!strcmp(later_passes[i].name, name)) return true;
  return false;
}

static const char *pass_option(const char *name) {
  if (!pass_known(name)) usage_error(MSG_option_pass, name);
  return name;
}

static DType float_option(const char *name) {
  int t = dtype_find(name);
  if (t < 0 || !dtype_is_float((DType)t)) usage_error(MSG_option_float, name);
  return (DType)t;
}

static const char *blas_option(const char *name) {
  if (strcmp(name, "openblas")) usage_error(MSG_option_blas, name);
  return name;
}

static const char *page_option(const char *path) {
  if (!ends_with(path, ".html")) usage_error(MSG_option_page, path);
  return path;
}

static int threads_option(const char *text) {
  char *end;
  long n = strtol(text, &end, 10);
  if (*end || n < 1 || n > 1024) usage_error(MSG_option_threads, text);
  return (int)n;
}

static bool print_option(const char *arg);

static bool plain_option(Options *o, const char *arg) {
  if (!strcmp(arg, "--standalone"))
    o->standalone = true;
  else if (!strcmp(arg, "--lib"))
    o->library = true;
  else if (!strcmp(arg, "--report"))
    o->report = true;
  else if (!strcmp(arg, "--check"))
    o->check = true;
  else if (!strcmp(arg, "--verify"))
    o->verify = true;
  else if (!strcmp(arg, "--trap"))
    o->trap = true;
  else if (!strcmp(arg, "--profile"))
    o->profile = true;
  else if (!strcmp(arg, "--watch"))
    o->front.watch = "*";
  else if (!strcmp(arg, "--fast"))
    rules_fast(true);
  else
    return false;
  return true;
}

static bool value_option(Options *o, const char *arg) {
  const char *value;
  if ((value = option_value(arg, "--dump")))
    o->dump = pass_option(value);
  else if ((value = option_value(arg, "--stop-after")))
    o->stop_after = pass_option(value);
  else if ((value = option_value(arg, "--report")))
    o->page = page_option(value);
  else if ((value = option_value(arg, "--cpu")))
    o->cpu = value;
  else if ((value = option_value(arg, "--watch")))
    o->front.watch = value;
  else if ((value = option_value(arg, "--only")))
    o->only = value;
  else if ((value = option_value(arg, "--blas")))
    o->blas = blas_option(value);
  else if ((value = option_value(arg, "--max-threads")))
    o->max_threads = threads_option(value);
  else if ((value = option_value(arg, "--float")))
    o->front.float_dtype = float_option(value);
  else
    return false;
  return true;
}

static const char *next_argument(int argc, char **argv, int *i) {
  if (*i + 1 >= argc) usage_error(MSG_option_argument, argv[*i]);
  return argv[++*i];
}

static FrontDefine define_option(Arena *arena, const char *text) {
  size_t n = strcspn(text, "=");
  if (!n) usage_error(MSG_option_define, text);
  return (FrontDefine){arena_strndup(arena, text, n), text[n] ? text + n + 1 : NULL};
}

/* nnc model.lua -o model.lua, or a module beside it: the text is worth more than what is made of it. */
static void check_output(const Options *o) {
  static const char *const texts[] = {".lua", ".graph", ".kernel"};
  bool model = o->output && !strcmp(o->output, o->model);
  for (size_t i = 0; o->output && i < sizeof texts / sizeof texts[0]; ++i)
    model = model || ends_with(o->output, texts[i]);
  if (model) usage_error(MSG_option_output, o->output);
}

/* False: an option that only prints was given, and nothing is left to do. */
static bool parse_options(Arena *arena, Options *o, int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    const char *arg = argv[i];
    if (print_option(arg)) return false;
    if (!strcmp(arg, "-o"))
      o->output = next_argument(argc, argv, &i);
    else if (!strncmp(arg, "-D", 2))
      vec_push(arena, o->defines, define_option(arena, arg[2] ? arg + 2 : next_argument(argc, argv, &i)));
    else if (plain_option(o, arg) || value_option(o, arg))
      continue;
    else if (arg[0] == '-')
      unknown_option(arena, arg);
    else if (o->model)
      usage_error(MSG_option_second_model, o->model, arg);
    else
      o->model = arg;
  }
  if (!o->model) usage_error(MSG_option_no_model);
  if (!o->output && !o->report && !o->page && !o->check && !o->dump && !o->stop_after)
    usage_error(MSG_option_no_output);
  check_output(o);
  if (o->library && o->output && !ends_with(o->output, ".c")) usage_error(MSG_option_library, o->output);
  if (o->library && o->profile) usage_error(MSG_option_library_profile);
  return true;
}

/* ---- what only prints ---- */
/* docs/ops.md is this text. */
static void print_ops(void) {
  static const char *const family[] = {"elementwise", "leaf",     "movement", "reduction", "along a dimension",
                                       "product",     "indexing", "effect",   "control"};
  puts("# The primitives of the graph\n\nMade by `nnc --ops` from the tables in `compiler/ops/`.");
  for (int f = 0; f < (int)(sizeof family / sizeof family[0]); ++f) {
    printf("\n## %c%s\n\n| op | operands | attributes | meaning |\n| --- | --- | --- | --- |\n", family[f][0] - 32,
           family[f] + 1);
    for (int op = 0; op < OP_COUNT; ++op) {
      const OpInfo *info = &op_info[op];
      if ((int)info->family != f) continue;
      printf(info->operands < 0 ? "| %s | any |" : "| %s | %d |", info->name, info->operands);
      printf(" %s | %s |\n", info->attributes ? info->attributes : "", info->law);
    }
  }
}

static void print_passes(void) {
  printf("%-10s %s\n", later_passes[0].name, later_passes[0].what);
  for (int i = 0; i < GRAPH_PASSES; ++i) printf("%-10s %s\n", graph_passes[i].name, graph_passes[i].what);
  for (size_t i = 1; i < sizeof later_passes / sizeof later_passes[0]; ++i)
    printf("%-10s %s\n", later_passes[i].name, later_passes[i].what);
}

static bool print_option(const char *arg) {
  if (!strcmp(arg, "--help"))
    fputs(help, stdout);
  else if (!strcmp(arg, "--version"))
    puts(NNC_VERSION);
  else if (!strcmp(arg, "--ops"))
    print_ops();
  else if (!strcmp(arg, "--passes"))
    print_passes();
  else
    return false;
  return true;
}

/* ---- the way through ---- */
/* True when the run ends here: --stop-after named this pass. */
static bool after(const Options *o, Arena *arena, const char *pass, const Module *m, const Program *p) {
  if (o->dump && !strcmp(o->dump, pass)) {
    Text text;
    text_init(&text, arena);
    if (p)
      program_print(&text, p);
    else
      module_print(&text, m);
    fputs(text_str(&text), stdout);
  }
  if (o->verify && strcmp(pass, "lower"))
    p ? program_verify(p) : module_verify(m); /* lower: names are not unique yet */
  return o->stop_after && !strcmp(o->stop_after, pass);
}

static void run_graph_pass(Module *m, const PassRow *pass) {
  diag_pass(pass->name);
  for (int i = 0; i < m->states.n; ++i)
    if (m->states.at[i]->init) m->states.at[i]->init = graph_run(m->states.at[i]->init, pass->run);
  for (int i = 0; i < m->funcs.n; ++i)
    for (int v = 0; v < m->funcs.at[i]->variants.n; ++v)
      m->funcs.at[i]->variants.at[v].graph = graph_run(m->funcs.at[i]->variants.at[v].graph, pass->run);
}

static int check(Arena *arena, const Module *m) {
  Text text;
  text_init(&text, arena);
  bool good = module_check(&text, m);
  fputs(text_str(&text), stdout);
  return good ? 0 : 1;
}

/* The passes that p has not been through; NULL when --stop-after named one. */
static Program *plan(const Options *o, Arena *arena, Program *p) {
  static const struct {
    const char *name;
    void (*run)(Program *);
  } passes[] = {[STAGE_lower] = {"lower", NULL},
                [STAGE_share] = {"share", pass_share},
                [STAGE_order] = {"order", pass_order},
                [STAGE_join] = {"join", pass_join},
                [STAGE_memory] = {"memory", pass_memory}};
  if (o->max_threads) p->max_threads = o->max_threads;
  if (after(o, arena, passes[p->stage].name, p->module, p)) return NULL;
  while (p->stage < STAGE_memory) {
    Stage next = (Stage)(p->stage + 1);
    diag_pass(passes[next].name);
    passes[next].run(p);
    if (after(o, arena, passes[next].name, p->module, p)) return NULL;
  }
  return p;
}

/* A machine that has the library too. */
static const Machine *machine_with(Arena *arena, const Machine *m, const char *blas) {
  Machine *with = NEW(arena, Machine);
  *with = *m;
  with->blas = blas;
  return with;
}

/* `--cpu=a,b`: one Program each, for --standalone. */
static int machines(Arena *arena, const char *list, const char *blas, const Machine **found, int most) {
  int n = 0;
  for (const char *p = list; *p;) {
    size_t length = strcspn(p, ",");
    const char *name = arena_strndup(arena, p, length);
    if (n == most) usage_error(MSG_option_cpu_count, most);
    found[n] = machine_find(name);
    if (!found[n]) usage_error(MSG_option_cpu, name);
    found[n] = machine_with(arena, found[n], blas);
    ++n;
    p += length + (p[length] == ',');
  }
  return n;
}

/* ---- output ---- */
static void write_text(const char *path, Text *text) {
  if (!file_write(path, text_str(text), text->n))
    user_error((Loc){path, 0, NULL}, MSG_file_unwritable, strerror(errno));
}

/* FILE.h beside FILE.c. */
static void write_header(Arena *arena, const Options *o, int n, const Program *const *set, EmitOptions *options) {
  const char *path = arena_printf(arena, "%.*s.h", (int)strlen(o->output) - 2, o->output), *slash = strrchr(path, '/');
  Text text;
  text_init(&text, arena);
  options->header = slash ? slash + 1 : path;
  if (strspn(options->header, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-") !=
      strlen(options->header))
    usage_error(MSG_option_library_name, o->output);
  emit_library_header(&text, n, set, options);
  write_text(path, &text);
}

static void emit(Arena *arena, const Options *o, int n, Program *const *program) {
  EmitOptions options = {.compiler = NNC_VERSION, .source_lines = true, .alone = o->standalone, .profile = o->profile};
  const Program *p = program[0];
  const Program *set[8];
  Text text;
  text_init(&text, arena);
  for (int i = 0; i < n; ++i) set[i] = program[i];
  if (o->library) write_header(arena, o, n, set, &options);
  if (o->standalone) {
    if (!ends_with(o->output, ".c")) usage_error(MSG_option_standalone, o->output);
    emit_standalone(&text, n, set, &options);
    write_text(o->output, &text);
  } else if (ends_with(o->output, ".c")) {
    emit_c(&text, p, &options);
    write_text(o->output, &text);
  } else if (ends_with(o->output, ".ll") || ends_with(o->output, ".s") || ends_with(o->output, ".o") ||
             ends_with(o->output, ".bc")) {
    emit_llvm(&text, p, &options);
    if (ends_with(o->output, ".ll"))
      write_text(o->output, &text);
    else
      emit_object(text_str(&text), o->output,
                  ends_with(o->output, ".s")   ? OBJECT_assembly
                  : ends_with(o->output, ".o") ? OBJECT_object
                                               : OBJECT_bitcode,
                  p->machine, false);
  } else {
    emit_c(&text, p, &options);
    emit_executable(arena, text_str(&text), o->output, emit_parts(p));
  }
}

static const char *read_text(Arena *arena, const char *path) {
  size_t bytes;
  const char *text = file_read(arena, path, &bytes);
  if (!text) user_error((Loc){path, 0, NULL}, MSG_file_unreadable, strerror(errno));
  return text;
}

static Module *load(Arena *arena, const Options *o) {
  bool text = ends_with(o->model, ".graph");
  Module *m = text ? module_parse(arena, o->model, read_text(arena, o->model)) : front_load(arena, &o->front);
  if (o->only) module_only(m, o->only);
  if (o->library) module_library(m);
  return m;
}

static int finish(Arena *arena, const Options *o, int n, Program *const *program) {
  if (o->report) {
    Text text;
    text_init(&text, arena);
    program_report(&text, program[0]);
    fputs(text_str(&text), stdout);
  }
  if (o->page) {
    Text text;
    text_init(&text, arena);
    program_page(&text, program[0]);
    write_text(o->page, &text);
  }
  diag_pass("emit");
  if (o->output) emit(arena, o, n, program);
  return 0;
}

/* The text of a program names its machine; kernels alone are for that of --cpu. */
static int compile_text(Arena *arena, const Options *o) {
  const Machine *machine;
  if (o->check) usage_error(MSG_option_text, "--check", o->model);
  if (o->blas) usage_error(MSG_option_text, "--blas", o->model);
  if (o->only) usage_error(MSG_option_text, "--only", o->model);
  if (o->library) usage_error(MSG_option_text, "--lib", o->model);
  if (o->trap) usage_error(MSG_option_text, "--trap", o->model);
  if (o->front.watch) usage_error(MSG_option_text, "--watch", o->model);
  if (machines(arena, o->cpu ? o->cpu : "native", o->blas, &machine, 1) != 1) usage_error(MSG_option_cpu, "");
  Program *p = program_parse(arena, o->model, read_text(arena, o->model), machine);
  if (o->cpu && p->machine != machine) usage_error(MSG_option_text, "--cpu", o->model);
  p = plan(o, arena, p);
  if (p) program_verify(p);
  return p ? finish(arena, o, 1, &p) : 0;
}

static int compile(Arena *arena, Options *o) {
  enum { SETS_MAX = 8 };
  const Machine *machine[SETS_MAX];
  Program *program[SETS_MAX];
  if (ends_with(o->model, ".kernel")) return compile_text(arena, o);
  const char *cpu = o->cpu ? o->cpu : o->standalone ? "x86-64-v4,x86-64-v3,scalar" : "native";
  if (o->blas && o->standalone) usage_error(MSG_option_blas_standalone, o->blas);
  int n = machines(arena, cpu, o->blas, machine, SETS_MAX);
  if (n > 1 && !o->standalone) usage_error(MSG_option_cpu_sets);
  Module *m = load(arena, o);
  if (after(o, arena, "front", m, NULL)) return 0;
  if (o->check) return check(arena, m);
  for (int i = 0; i < GRAPH_PASSES; ++i) {
    run_graph_pass(m, &graph_passes[i]);
    if (after(o, arena, graph_passes[i].name, m, NULL)) return 0;
  }
  diag_pass("lower");
  Program *(*lower)(Module *, const Machine *, Arena *) = o->trap ? kernel_lower_trapped : kernel_lower;
  for (int i = 0; i < n; ++i)
    if (!(program[i] = plan(o, arena, lower(m, machine[i], arena)))) return 0;
  return finish(arena, o, n, program);
}

int main(int argc, char **argv) {
  memory_settle();
  Arena *arena = arena_new();
  Options o = {.front = {.float_dtype = DT_f32}};
  int code = 0;
  if (setjmp(*diag_guard()) == 0) {
    if (parse_options(arena, &o, argc, argv)) {
      o.front.path = o.model;
      o.front.defines = o.defines.at;
      o.front.ndefines = o.defines.n;
      code = compile(arena, &o);
    }
  } else {
    code = diag_exit_code();
  }
  arena_free(arena);
  return code;
}
