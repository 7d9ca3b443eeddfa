/* bundle.c: whole C files. A file is a head (what it is, how to build it, the arenas), one kernel set per machine, and
 * main, which takes the first set that the processor can run; --standalone puts the runtime's sources in as well.
 *
 * The runtime is embedded into nnc when nnc is built (emit.cmake, from the list runtime/standalone.txt), so an output
 * does not depend on where nnc is installed. An #include "file" of an embedded file becomes that file: a header the
 * first time, a .def each time; #includes of the system stay. Feature macros (_GNU_SOURCE) go to the top, where alone
 * they work. */
#include "print.h"
#include "standalone.h"

#include <ctype.h>
#include <inttypes.h>

/* ---- kernel sets ---- */
const char *set_word(const Program *p) {
  return p->machine->simd_macro ? p->machine->simd_macro + strlen("NNRT_") : "GENERIC";
}

static bool set_is_generic(const Program *p) { return !strcmp(set_word(p), "GENERIC"); }

/* "", or "_v4" where a file has several. */
static const char *set_suffix(Arena *arena, const Program *p, int n) {
  if (n == 1) return "";
  char *suffix = arena_printf(arena, "_%s", identifier_of(arena, set_is_generic(p) ? p->machine->name : set_word(p)));
  for (char *c = suffix; *c; ++c) *c = (char)tolower((unsigned char)*c);
  return suffix;
}

const char *scratch_define(Arena *arena, const char *suffix) {
  char *name = arena_printf(arena, "SCRATCH_BYTES%s", suffix);
  for (char *c = name; *c; ++c) *c = (char)toupper((unsigned char)*c);
  return name;
}

/* ---- head ---- */
static void head_emit(Sheet *s, int n, const Program *const *sets, bool standalone) {
  const Module *m = sets[0]->module;
  Text machines;
  text_init(&machines, s->arena);
  for (int i = 0; i < n; ++i) text_printf(&machines, "%s%s", i ? ", " : "", sets[i]->machine->name);
  const char *link = standalone ? "-lm -pthread" : link_text(sets[0]);
  c_comment(s, arena_printf(s->arena,
                            "%s: compiled from %s by %s for %s. Do not edit: change the model.\n"
                            "Build: cc -O3 %sFILE.c %s\n%s",
                            m->name, m->file ? m->file : "text", s->options->compiler, text_str(&machines),
                            s->options->header ? "PROGRAM.c " : "", link, promise_text(sets[0])));
}

static void sets_define(Sheet *s, int n, const Program *const *sets) {
  for (int i = 0; i < n; ++i)
    if (!set_is_generic(sets[i])) text_printf(s->out, "#define NNRT_%s\n", set_word(sets[i]));
}

static void arenas_emit(Sheet *s, int n, const Program *const *sets) {
  text_puts(s->out, "\n/* The arenas, in bytes. */\n");
  text_printf(s->out, "#define PARAMS_BYTES %" PRId64 "\n", sets[0]->params_bytes);
  text_printf(s->out, "#define STATE_BYTES %" PRId64 "\n", sets[0]->state_bytes);
  for (int i = 0; i < n; ++i)
    text_printf(s->out, "#define %s %" PRId64 "\n", scratch_define(s->arena, set_suffix(s->arena, sets[i], n)),
                sets[i]->scratch_bytes);
  text_puts(s->out, "\n");
}

/* ---- main ---- */
static void refusal_emit(Sheet *s, const Program *p) {
  if (set_is_generic(p)) return;
  text_printf(s->out,
              "  if (!NNRT_RUNS_%s) {\n"
              "    fputs(\"%s: compiled for %s, which this processor is not (nnc --cpu says which)\\n\", stderr);\n"
              "    return 1;\n"
              "  }\n",
              set_word(p), model_name(s), p->machine->name);
}

static void main_emit(Sheet *s, int n, const Program *const *sets, const char *const *models) {
  text_puts(s->out, "int main(int argc, char **argv) {\n");
  if (n == 1) refusal_emit(s, sets[0]);
  for (int i = 0; i < n - 1; ++i)
    text_printf(s->out, "  if (NNRT_CPU_%s) return nnrt_main(&%s, argc, argv);\n", set_word(sets[i]), models[i]);
  text_printf(s->out, "  return nnrt_main(&%s, argc, argv);\n}\n", models[n - 1]);
}

static void sets_emit(Sheet *s, int n, const Program *const *sets) {
  const char **models = NEW_N(s->arena, const char *, n);
  Library *library = s->options->header ? library_new(s, n, sets) : NULL;
  arenas_emit(s, n, sets);
  for (int i = 0; i < n; ++i) {
    s->program = sets[i];
    s->suffix = set_suffix(s->arena, sets[i], n);
    if (n > 1) text_printf(s->out, "/* ---- for %s ---- */\n\n", sets[i]->machine->name);
    c_kernels(s);
    const Tables *tables = tables_build(s);
    c_tables(s, tables);
    models[i] = tables->at[tables->n - 1]->name;
  }
  s->suffix = "";
  if (library)
    library_emit(library, n, sets, models);
  else if (!s->options->no_main)
    main_emit(s, n, sets, models);
}

/* ---- the runtime's files ---- */
typedef struct Merge {
  Sheet *sheet;
  Text *out;
  bool *done; /* by index in standalone_files */
} Merge;

static const char *base_name(const char *path) { return strrchr(path, '/') ? strrchr(path, '/') + 1 : path; }

static int file_find(const char *name, size_t n) {
  for (int i = 0; i < standalone_count; ++i) {
    const char *base = base_name(standalone_files[i].path);
    if (strlen(base) == n && !strncmp(base, name, n)) return i;
  }
  return -1;
}

static bool is_feature_macro(const char *line, size_t n) {
  static const char define[] = "#define _";
  const char *end = line + strcspn(line, " \t\n");
  return n > sizeof define && !strncmp(line, define, sizeof define - 1) && end < line + n && strstr(line, "_SOURCE") &&
         strstr(line, "_SOURCE") < line + n;
}

/* The index of the embedded file that this line includes, or -1. */
static int included_file(const char *line) {
  static const char include[] = "#include \"";
  if (strncmp(line, include, sizeof include - 1)) return -1;
  const char *name = line + sizeof include - 1;
  size_t n = strcspn(name, "\"\n");
  for (size_t i = n; i > 0; --i)
    if (name[i - 1] == '/') return file_find(name + i, n - i);
  return file_find(name, n);
}

static void file_merge(Merge *m, int i) {
  const StandaloneFile *f = &standalone_files[i];
  bool again = strstr(f->path, ".def") != NULL;
  if (m->done[i] && !again) return;
  m->done[i] = true;
  if (!again) text_printf(m->out, "\n/* ==== %s ==== */\n", f->path);
  for (const char *line = f->text; *line;) {
    size_t n = strcspn(line, "\n");
    int file = included_file(line);
    if (file >= 0)
      file_merge(m, file);
    else if (!is_feature_macro(line, n))
      text_puts(m->out, arena_printf(m->sheet->arena, "%.*s\n", (int)n, line));
    line += n + (line[n] == '\n');
  }
}

/* The C files: for a library those up to library.c, which a program does without. */
static void parts_merge(Merge *m) {
  int library = file_find("library.c", strlen("library.c"));
  int last = m->sheet->options->header ? library : standalone_count - 1;
  for (int i = 0; i <= last; ++i) {
    if (i == library && i != last) continue;
    const char *path = standalone_files[i].path;
    if (strstr(path, ".c") && !strstr(path, ".cmake")) file_merge(m, i);
  }
}

/* Each feature macro of any part, once. */
static void features_emit(Sheet *s) {
  Map seen;
  map_init(&seen, s->arena);
  for (int i = 0; i < standalone_count; ++i)
    for (const char *line = standalone_files[i].text; *line;) {
      size_t n = strcspn(line, "\n");
      const char *text = is_feature_macro(line, n) ? arena_strndup(s->arena, line, n) : NULL;
      if (text && !map_get(&seen, text)) text_printf(s->out, "%s\n", text);
      if (text) map_put(&seen, text, (void *)text);
      line += n + (line[n] == '\n');
    }
}

/* ---- files ---- */
static void own_includes(Sheet *s, int n, const Program *const *sets) {
  if (s->options->header)
    text_printf(s->out, "#include \"%s\"\n", s->options->header);
  else if (n == 1 && !set_is_generic(sets[0]) && !s->options->no_main)
    text_puts(s->out, "#include <stdio.h>\n");
}

void emit_c_sets(Text *out, int n, const Program *const *programs, const EmitOptions *o) {
  Sheet s;
  sheet_init(&s, out, o);
  s.program = programs[0];
  head_emit(&s, n, programs, false);
  sets_define(&s, n, programs);
  text_puts(out, "#include \"nnrt.h\"\n#include \"nnrt_simd.h\"\n");
  own_includes(&s, n, programs);
  sets_emit(&s, n, programs);
}

void emit_c(Text *out, const Program *p, const EmitOptions *o) { emit_c_sets(out, 1, &p, o); }

void emit_standalone(Text *out, int n, const Program *const *programs, const EmitOptions *o) {
  Sheet s;
  sheet_init(&s, out, o);
  s.program = programs[0];
  parts_refuse(programs[0]);
  Merge m = {&s, out, NEW_N(s.arena, bool, standalone_count + 1)};
  int simd = file_find("nnrt_simd.h", strlen("nnrt_simd.h"));
  if (simd < 0) limit((Loc){0}, MSG_standalone_missing);
  head_emit(&s, n, programs, true);
  features_emit(&s);
  sets_define(&s, n, programs);
  file_merge(&m, simd);
  own_includes(&s, n, programs);
  text_printf(out, "\n/* ==== %s ==== */\n", model_name(&s));
  sets_emit(&s, n, programs);
  parts_merge(&m);
}
