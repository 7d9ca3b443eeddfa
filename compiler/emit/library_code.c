/* library_code.c: the functions of a model as a library, at the end of its C file: each hands its arguments as a list
 * to runtime/host/library.c, which does the work. */
#include "library.h"

#include <inttypes.h>

static void line(Library *l, const char *text) { c_line(l->sheet, text); }

#define FORMAT(...) arena_printf(l->arena, __VA_ARGS__)

static void layout_emit(Library *l) {
  Text *out = l->sheet->out;
  text_puts(out, "/* ==== the library: the header says what each function is for ==== */\n\n");
  text_printf(out, "_Static_assert(NNRT_LIBRARY_HEAD == %d, \"nnc and nnrt.h are of different versions\");\n\n",
              LIBRARY_HEAD);
  if (l->entries.n) {
    text_printf(out, "static const int64_t %s[] = {\n", l->outputs);
    for (int i = 0; i < l->entries.n; ++i) text_printf(out, "  %" PRId64 ",\n", l->output[i]);
    text_puts(out, "};\n\n");
  }
  text_printf(out,
              "static const nnrt_layout %s = {\n  .bytes = %s_BYTES,\n  .latest = %" PRId64 ",\n  .hypers = %" PRId64
              ",\n  .params = %" PRId64 ",\n  .state = %" PRId64 ",\n  .scratch = %" PRId64 ",\n  .input = %" PRId64
              ",\n",
              l->layout, l->upper, l->latest, l->values, l->params, l->state, l->scratch, l->input);
  if (l->entries.n) text_printf(out, "  .outputs = %s,\n", l->outputs);
  text_puts(out, "};\n\n");
}

/* The model whose kernels this processor runs, NULL when none does. */
static void choice_emit(Library *l, int n, const Program *const *sets, const char *const *models) {
  Text *out = l->sheet->out;
  text_printf(out, "/* The kernels that this processor runs, or NULL. */\nstatic const nnrt_model *%s(void) {\n",
              l->chosen);
  for (int i = 0; i < n - 1; ++i) text_printf(out, "  if (NNRT_CPU_%s) return &%s;\n", set_word(sets[i]), models[i]);
  const char *last = set_word(sets[n - 1]);
  if (strcmp(last, "GENERIC"))
    text_printf(out, "  return NNRT_RUNS_%s ? &%s : NULL;\n}\n\n", last, models[n - 1]);
  else
    text_printf(out, "  return &%s;\n}\n\n", models[n - 1]);
}

/* One that hands its parameters on: `head` with names, `call` the expression that is its result. */
static void shell_emit(Library *l, const char *head, const char *call) {
  line(l, FORMAT("%s {", head));
  ++l->sheet->out->indent;
  line(l, FORMAT("%s;", call));
  --l->sheet->out->indent;
  text_puts(l->sheet->out, "}\n\n");
}

static void life_emit(Library *l) {
  const char *m = l->model, *choice = l->chosen, *layout = l->layout;
  shell_emit(l, FORMAT("size_t %s_size(void)", m), FORMAT("return %s_BYTES", l->upper));
  shell_emit(l, FORMAT("%s_context *%s_create(int threads)", m, m),
             FORMAT("return (%s_context *)nnrt_library_create(%s(), &%s, threads)", m, choice, layout));
  shell_emit(l, FORMAT("%s_context *%s_init_at(void *memory, size_t bytes, int threads)", m, m),
             FORMAT("return (%s_context *)nnrt_library_place(%s(), &%s, memory, bytes, threads)", m, choice, layout));
  shell_emit(l, FORMAT("void %s_destroy(%s_context *context)", m, m), "nnrt_library_destroy((nnrt_library *)context)");
  shell_emit(l, FORMAT("const char *%s_error(const %s_context *context)", m, m),
             FORMAT("return nnrt_library_error((const nnrt_library *)context, %s())", choice));
  shell_emit(l, FORMAT("int %s_init(%s_context *context, uint64_t seed)", m, m),
             "return nnrt_library_init((nnrt_library *)context, seed)");
}

static void setters_emit(Library *l) {
  for (int i = 0; i < l->hypers.n; ++i)
    shell_emit(l, FORMAT("int %s(%s_context *context, double value)", l->setters.at[i], l->model),
               FORMAT("return nnrt_library_hyper((nnrt_library *)context, %d, value)", l->hypers.at[i]));
  if (l->total_steps)
    shell_emit(l, FORMAT("int %s_set_total_steps(%s_context *context, int64_t steps)", l->model, l->model),
               "return nnrt_library_total_steps((nnrt_library *)context, steps)");
}

/* ---- entries ---- */
static const char *given_text(Library *l, const Argument *a) {
  static const char *const kinds[] = {"FIELD", "VALUE", "HYPER", "FIRST", "LAST", "EPOCH", "TOTAL_STEPS", "WEIGHT"};
  const Input *in = a->input;
  const char *value = library_is_array(a)       ? FORMAT(".at = %s", a->name)
                      : in->kind == INPUT_value ? FORMAT(".at = &%s", a->name)
                      : in->kind == INPUT_epoch ? FORMAT(".number = (double)%s", a->name)
                                                : FORMAT(".number = %s != 0", a->name);
  const char *source = in->source > 0 ? FORMAT(".source = %d, ", in->source) : "";
  return FORMAT("{.name = %s, .kind = NNRT_INPUT_%s, %s%s},", c_string(l->arena, in->name), kinds[in->kind], source,
                value);
}

static void given_emit(Library *l, const Entry *e) {
  Text *out = l->sheet->out;
  if (!e->arguments.n) return;
  text_puts(out, "const nnrt_argument given[] = {\n");
  ++out->indent;
  for (int i = 0; i < e->arguments.n; ++i) line(l, given_text(l, &e->arguments.at[i]));
  --out->indent;
  text_puts(out, "};\n");
}

static void results_emit(Library *l, const Entry *e, int func) {
  for (int i = 0; i < e->results.n; ++i) {
    const Result *r = &e->results.at[i];
    const char *value = FORMAT("nnrt_library_output((nnrt_library *)context, %d, %d)", func, i);
    if (!r->output->node->shape.rank) value = FORMAT("*(const %s *)%s", library_type(r->output->node->dtype), value);
    line(l, FORMAT("outputs->%s = %s;", r->name, value));
  }
}

static void entry_emit(Library *l, const Entry *e, int func) {
  Text *out = l->sheet->out;
  const char *rows = e->rows ? "rows" : "0", *given = e->arguments.n ? "given" : "NULL";
  const char *call =
      FORMAT("nnrt_library_call((nnrt_library *)context, %d, %s, %s, %d)", func, rows, given, e->arguments.n);
  line(l, FORMAT("%s {", library_signature(l, e)));
  ++out->indent;
  given_emit(l, e);
  if (e->results.n) {
    line(l, FORMAT("const int status = %s;", call));
    text_puts(out, "if (status || !outputs) return status;\n");
    results_emit(l, e, func);
    text_puts(out, "return 0;\n");
  } else {
    line(l, FORMAT("return %s;", call));
  }
  --out->indent;
  text_puts(out, "}\n\n");
}

/* ---- states ---- */
static void names_emit(Library *l) {
  Text *out = l->sheet->out;
  const Module *m = l->program->module;
  text_printf(out, "const char *const *%s_state_names(void) {\n  static const char *const names[] = {\n", l->model);
  out->indent += 2;
  for (int i = 0; i < m->states.n; ++i) line(l, FORMAT("%s,", c_string(l->arena, m->states.at[i]->name)));
  text_puts(out, "NULL,\n");
  out->indent -= 2;
  text_puts(out, "  };\n  return names;\n}\n\n");
}

static void states_emit(Library *l) {
  const char *m = l->model;
  static const char *const files[] = {"save", "load"};
  for (int i = 0; i < 2; ++i)
    shell_emit(l, FORMAT("int %s_%s(%s_context *context, const char *path)", m, files[i], m),
               FORMAT("return nnrt_library_%s((nnrt_library *)context, path)", files[i]));
  names_emit(l);
  text_printf(l->sheet->out,
              "int %s_get_state(%s_context *context, const char *name, %s_state *state) {\n"
              "  void *data;\n"
              "  const char *dtype;\n"
              "  const nnrt_state *s = nnrt_library_state((nnrt_library *)context, name, &data, &dtype);\n"
              "  if (!s || !state) return !s;\n"
              "  *state = (%s_state){.name = s->name, .dtype = dtype, .rank = s->rank, .count = 1, .data = data,\n"
              "      .trained = s->trained, .saved = s->saved};\n"
              "  for (int i = 0; i < s->rank; ++i) state->count *= state->shape[i] = s->dim[i];\n"
              "  return 0;\n}\n",
              m, m, m, m);
}

void library_emit(Library *l, int n, const Program *const *sets, const char *const *models) {
  layout_emit(l);
  choice_emit(l, n, sets, models);
  life_emit(l);
  setters_emit(l);
  for (int i = 0; i < l->entries.n; ++i) entry_emit(l, &l->entries.at[i], i);
  if (l->vocabulary)
    shell_emit(l, FORMAT("const char *%s_vocabulary(void)", l->model),
               FORMAT("return %s", c_string(l->arena, l->vocabulary)));
  states_emit(l);
}
