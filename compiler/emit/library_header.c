/* library_header.c: the header of a model as a library. Its reader is a user with a C, C++ or Python program of their
 * own: every function says what it takes, with shapes, and what it gives; nothing of nnrt.h is needed. */
#include "library.h"

#include <inttypes.h>
#include <math.h>

/* ---- comments ---- */
static const char *source_name(const Library *l, int source) { return l->program->module->sources.at[source]->name; }

static const char *typed(Library *l, const Argument *a) { /* "u8 [rows,28,28]" */
  return arena_printf(l->arena, "%s %s", dtype_info[a->input->dtype].name, a->shape);
}

static const char *field_about(Library *l, const Argument *a) {
  const Source *s = l->program->module->sources.at[a->input->source];
  const Field *f = &s->fields.at[a->input->field];
  bool labels = s->classes > 0 && !f->shape.rank && !dtype_is_float(f->dtype) && f->dtype != DT_bool;
  const char *range = labels ? arena_printf(l->arena, ", each from 0 to %" PRId64, s->classes - 1) : "";
  return arena_printf(l->arena, "%s: %s of the data \"%s\"%s", typed(l, a), f->name, s->name, range);
}

static const char *value_about(Library *l, const Argument *a) {
  const Tensor *value = a->input->value;
  if (library_is_array(a))
    return arena_printf(l->arena, "%s%s", typed(l, a), value ? "; NULL: the model's default" : "");
  if (!value) return "a single value";
  Value *v = value_of_tensor(l->arena, value);
  const char *number = v->f ? text_f64(l->arena, v->f[0]) : arena_printf(l->arena, "%" PRId64, v->i[0]);
  return arena_printf(l->arena, "a single value; the model's default is %s", number);
}

static const char *argument_about(Library *l, const Argument *a) {
  switch (a->input->kind) {
  case INPUT_field: return field_about(l, a);
  case INPUT_weight: return arena_printf(l->arena, "%s: 1 for a row, 0 for filling; NULL: all are rows", typed(l, a));
  case INPUT_value: return value_about(l, a);
  case INPUT_first: return "not 0: the first batch of a pass";
  case INPUT_last: return "not 0: the last batch of a pass";
  default: return "passes over the data that are complete";
  }
}

static const char *rows_about(Library *l, const Func *f) {
  const char *text = "";
  for (int v = 0; v < f->variants.n; ++v)
    text = arena_printf(l->arena, "%s%s%d", text, v ? " or " : "", f->variants.at[v].rows);
  return arena_printf(l->arena, "%s, the rows of the batch", text);
}

static const char *sources_text(Library *l, const Func *f) {
  const char *text = "";
  for (int i = 0; i < f->sources.n; ++i)
    text = arena_printf(l->arena, "%s%s\"%s\"", text, i ? " and " : "", source_name(l, f->sources.at[i]));
  return text;
}

static const char *entry_about(Library *l, const Entry *e) {
  const Func *f = e->func;
  const char *of = f->sources.n ? arena_printf(l->arena, " on a batch of %s", sources_text(l, f)) : "";
  const char *training = f->training ? ", in training mode" : "";
  const char *at = f->loc.file ? arena_printf(l->arena, " (%s:%d)", f->loc.file, f->loc.line) : "";
  const char *pass =
      f->whole_pass ? "\n * The results are means over all rows since the batch that was the first." : "";
  return arena_printf(l->arena, "One call of %s%s%s%s.%s", comment_safe(l->arena, f->name), at, of, training, pass);
}

static void about_line(Library *l, const char *name, const char *about) {
  text_printf(l->sheet->out, " *   %-12s %s\n", name, comment_safe(l->arena, about));
}

static void entry_comment(Library *l, const Entry *e) {
  Text *out = l->sheet->out;
  text_printf(out, "/* %s\n", entry_about(l, e));
  if (e->rows) about_line(l, "rows", rows_about(l, e->func));
  for (int i = 0; i < e->arguments.n; ++i)
    about_line(l, e->arguments.at[i].name, argument_about(l, &e->arguments.at[i]));
  if (e->results.n) about_line(l, "outputs", "the results; may be NULL");
  text_puts(out, " */\n");
}

/* ---- parts ---- */
/* Of a type whose name in C is another one's. */
static const char *bits_about(Library *l, DType dtype) {
  bool plain = dtype != DT_bool && dtype != DT_f16 && dtype != DT_bf16;
  return plain ? "" : arena_printf(l->arena, " /* %s */", dtype_info[dtype].name);
}

static void outputs_declare(Library *l, const Entry *e) {
  Text *out = l->sheet->out;
  if (!e->results.n) return;
  text_printf(out, "typedef struct %s {\n", e->outputs);
  for (int i = 0; i < e->results.n; ++i) {
    const Result *r = &e->results.at[i];
    const char *type = library_type(r->output->node->dtype), *dtype = dtype_info[r->output->node->dtype].name;
    if (r->output->node->shape.rank)
      text_printf(out, "  const %s *%s; /* %s %s, in the context: until the next call of this function */\n", type,
                  r->name, dtype, r->shape);
    else
      text_printf(out, "  %s %s;%s\n", type, r->name, bits_about(l, r->output->node->dtype));
  }
  text_printf(out, "} %s;\n\n", e->outputs);
}

static void entry_declare(Library *l, const Entry *e) {
  Text *out = l->sheet->out;
  text_printf(out, "/* ---- %s ---- */\n", comment_safe(l->arena, e->func->name));
  if (e->rows) text_printf(out, "enum { %s = %d }; /* rows of a batch */\n\n", e->rows, e->func->variants.at[0].rows);
  outputs_declare(l, e);
  entry_comment(l, e);
  c_line(l->sheet, arena_printf(l->arena, "%s;", library_signature(l, e)));
  text_puts(out, "\n");
}

static const char *hyper_about(Library *l, const Hyper *h) {
  Arena *a = l->arena;
  const char *low = h->min > -INFINITY ? arena_printf(a, "; at least %s", text_f64(a, h->min)) : "";
  const char *high = h->max < INFINITY ? arena_printf(a, "; at most %s", text_f64(a, h->max)) : "";
  return arena_printf(a, "%s%s%s: %s unless set%s%s%s", h->name, h->help ? ", " : "", h->help ? h->help : "",
                      text_f64(a, h->value), low, high, h->integer ? "; a whole number" : "");
}

static void setters_declare(Library *l) {
  Text *out = l->sheet->out;
  if (l->hypers.n || l->total_steps) text_puts(out, "/* ---- values that hold from the next call on ---- */\n");
  for (int i = 0; i < l->hypers.n; ++i) {
    const Hyper *h = l->program->module->hypers.at[l->hypers.at[i]];
    c_comment(l->sheet, hyper_about(l, h));
    text_printf(out, "int %s(%s_context *context, double value);\n\n", l->setters.at[i], l->model);
  }
  if (!l->total_steps) return;
  text_puts(out,
            "/* How many steps the whole training takes: a schedule runs over them. To be set before the first. */\n");
  text_printf(out, "int %s_set_total_steps(%s_context *context, int64_t steps);\n\n", l->model, l->model);
}

/* The example in the head: the first function that trains, or the first one. */
static const Entry *entry_shown(const Library *l) {
  for (int i = 0; i < l->entries.n; ++i)
    if (l->entries.at[i].func->training) return &l->entries.at[i];
  return &l->entries.at[0];
}

static const char *call_shown(Library *l, const Entry *e) {
  const char *text = arena_printf(l->arena, "%s(context%s%s", e->name, e->rows ? ", " : "", e->rows ? e->rows : "");
  for (int i = 0; i < e->arguments.n; ++i) text = arena_printf(l->arena, "%s, %s", text, e->arguments.at[i].name);
  return arena_printf(l->arena, "%s%s)", text, e->results.n ? ", &outputs" : "");
}

static void head_declare(Library *l) {
  Text *out = l->sheet->out;
  const Module *m = l->program->module;
  const EmitOptions *o = l->sheet->options;
  const Entry *e = l->entries.n ? entry_shown(l) : NULL;
  text_printf(out, "/* %s: the model %s as a library, from %s by %s. Do not edit: change the model.\n", o->header,
              comment_safe(l->arena, m->name), m->file ? comment_safe(l->arena, m->file) : "text", o->compiler);
  text_printf(out, " * The functions are in the C file beside it: cc -O3 PROGRAM.c %.*s.c %s\n *\n",
              (int)strlen(o->header) - 2, o->header, o->alone ? "-lm -pthread" : link_text(l->program));
  text_printf(out, " *   %s_context *context = %s_create(1); // NULL: %s_error(NULL) says why\n", l->model, l->model,
              l->model);
  text_printf(out, " *   %s_init(context, 7);\n", l->model);
  if (l->total_steps) text_printf(out, " *   %s_set_total_steps(context, 1000);\n", l->model);
  if (e && e->results.n) text_printf(out, " *   %s outputs;\n", e->outputs);
  if (e) text_printf(out, " *   if (%s) puts(%s_error(context));\n", call_shown(l, e), l->model);
  text_printf(out, " *   %s_save(context, \"weights.safetensors\");\n *   %s_destroy(context);\n *\n", l->model,
              l->model);
  text_puts(
      out,
      " * A function that returns int gives 0, or something else when it failed: then the text of _error says why,\n"
      " * and no state has changed. Nothing here prints or ends the process. There are no globals: contexts do\n"
      " * not know of each other, and each may be used by one thread at a time. Arrays are dense, the last\n"
      " * dimension varies fastest; bools are 0 and 1 in a uint8_t, f16 and bf16 their bits in a uint16_t. */\n");
}

static void guard_open(Library *l) {
  Text *out = l->sheet->out;
  text_printf(out, "#ifndef %s_LIBRARY_H\n#define %s_LIBRARY_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n",
              l->upper, l->upper);
  text_puts(out, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
}

static void life_declare(Library *l) {
  Text *out = l->sheet->out;
  const char *m = l->model;
  text_puts(out, "/* ---- a context: the parameters, all other state, and the memory of a step ---- */\n");
  text_printf(out, "typedef struct %s_context %s_context;\n\n", m, m);
  text_printf(
      out,
      "/* Made here, with its threads: 1 to %d, or 0 for as many as there are processors. NULL: it could not be\n"
      " * made. The results are the same for any number. */\n%s_context *%s_create(int threads);\n\n",
      l->program->max_threads, m, m);
  text_printf(out,
              "/* Or in the caller's memory: %s_BYTES, at an address that 64 divides. Besides it only the threads\n"
              " * beyond the first take memory. */\n",
              l->upper);
  text_printf(out, "#define %s_BYTES %" PRId64 "\nsize_t %s_size(void);\n", l->upper, l->bytes, m);
  text_printf(out, "%s_context *%s_init_at(void *memory, size_t bytes, int threads);\n\n", m, m);
  text_printf(out,
              "/* Ends its threads, and frees its memory unless that is the caller's. NULL is allowed. */\n"
              "void %s_destroy(%s_context *context);\n\n",
              m, m);
  text_printf(out,
              "/* The text of the latest failure; \"\" when there was none. Of NULL: why there is no context. */\n"
              "const char *%s_error(const %s_context *context);\n\n",
              m, m);
  text_printf(
      out,
      "/* Initial values from a seed, as the program's --seed gives them; what was learnt is lost. Comes first. */\n"
      "int %s_init(%s_context *context, uint64_t seed);\n\n",
      m, m);
}

static void states_declare(Library *l) {
  Text *out = l->sheet->out;
  const char *m = l->model;
  text_puts(out, "/* ---- states ---- */\n");
  text_printf(
      out,
      "/* The model's weights to a safetensors file (names and layouts are PyTorch's), and from one. */\n"
      "int %s_save(%s_context *context, const char *path);\nint %s_load(%s_context *context, const char *path);\n\n",
      m, m, m, m);
  text_printf(
      out,
      "typedef struct %s_state {\n"
      "  const char *name;  /* as in PyTorch's state_dict */\n"
      "  const char *dtype; /* \"f32\", \"f64\", \"f16\", \"bf16\", \"i32\", \"i64\", \"u32\", \"u8\" or \"bool\" */\n"
      "  int rank;\n  int64_t shape[8], count; /* count: of its elements */\n"
      "  void *data;        /* in the context; may be read and written between two calls */\n"
      "  int trained;       /* a parameter, else a buffer, an optimizer's moment or a counter */\n"
      "  int saved;         /* save and load hold it */\n} %s_state;\n\n",
      m, m);
  text_printf(out,
              "/* The names of all states, NULL behind the last. Together they are all that a training carries on. */\n"
              "const char *const *%s_state_names(void);\n\n",
              m);
  text_printf(out,
              "/* One of them; NULL for `state`: is there one of this name? */\nint %s_get_state(%s_context *context, "
              "const char *name, %s_state *state);\n\n",
              m, m, m);
}

static void vocabulary_declare(Library *l) {
  if (!l->vocabulary) return;
  text_printf(l->sheet->out,
              "/* What the tokens are: the characters of 0, 1, … in UTF-8, or \"\": they are bytes. */\n"
              "const char *%s_vocabulary(void);\n\n",
              l->model);
}

void emit_library_header(Text *out, int n, const Program *const *sets, const EmitOptions *o) {
  Sheet s;
  sheet_init(&s, out, o);
  s.program = sets[0];
  Library *l = library_new(&s, n, sets);
  head_declare(l);
  guard_open(l);
  life_declare(l);
  setters_declare(l);
  for (int i = 0; i < l->entries.n; ++i) entry_declare(l, &l->entries.at[i]);
  vocabulary_declare(l);
  states_declare(l);
  text_puts(out, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
}
