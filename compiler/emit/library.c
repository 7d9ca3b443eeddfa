/* library.c: what the interface of a model as a library is made of (nnc --lib): entries with their arguments and
 * results, the hypers that an entry reads, where everything lies in a context.
 *
 * Arguments are what the caller has to know: fields of the batch, weights of its rows, values of nn.input, first, last
 * and epoch; hypers and the number of steps are set apart. Names of the interface are given before all others of the
 * file, and are words of neither C nor C++. */
#include "library.h"

#include <ctype.h>
#include <inttypes.h>

/* ---- names ---- */
static bool is_cpp_word(const char *name) {
  static const char *const words[] = {
      "alignas",  "alignof",  "and",     "and_eq",        "bitand",      "bitor",     "catch",  "char16_t",
      "char32_t", "class",    "compl",   "concept",       "const_cast",  "decltype",  "delete", "explicit",
      "export",   "friend",   "mutable", "namespace",     "new",         "noexcept",  "not",    "not_eq",
      "nullptr",  "operator", "or",      "or_eq",         "private",     "protected", "public", "requires",
      "template", "this",     "throw",   "try",           "typeid",      "typename",  "using",  "virtual",
      "wchar_t",  "xor",      "xor_eq",  "static_assert", "thread_local"};
  for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
    if (!strcmp(name, words[i])) return true;
  return false;
}

/* A parameter or member, unique in `taken`. */
static const char *member_name(Library *l, Map *taken, const char *wanted) {
  const char *plain = identifier_of(l->arena, wanted);
  if (is_cpp_word(plain)) plain = arena_printf(l->arena, "%s_", plain);
  const char *name = plain;
  for (int i = 2; map_get(taken, name); ++i) name = arena_printf(l->arena, "%s_%d", plain, i);
  map_put(taken, name, (void *)name);
  return name;
}

static const char *global_name(Library *l, const char *wanted) {
  return sheet_name(l->sheet, arena_strdup(l->arena, wanted), wanted);
}

static const char *prefixed(Library *l, const char *name) { return arena_printf(l->arena, "%s_%s", l->model, name); }

static const char *upper_case(Arena *arena, const char *text) {
  char *s = arena_strdup(arena, text);
  for (char *c = s; *c; ++c) *c = (char)toupper((unsigned char)*c);
  return s;
}

static void reserve_names(Library *l) {
  static const char *const names[] = {"context", "create", "size",        "init_at",   "destroy", "error",     "init",
                                      "save",    "load",   "state_names", "get_state", "state",   "vocabulary"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) global_name(l, prefixed(l, names[i]));
}

/* ---- shapes over variants: what differs is told by the number of rows ---- */
static const Graph *variant_graph(const Func *f, int v) { return f->variants.at[v].graph; }

static const char *dim_text(Library *l, const Func *f, const Shape *const *shape, int d) {
  int64_t size = shape[0]->dim[d], factor = f->variants.at[0].rows ? size / f->variants.at[0].rows : 0;
  bool same = true, rows = true;
  for (int v = 0; v < f->variants.n; ++v) {
    same &= shape[v]->dim[d] == size;
    rows &= shape[v]->dim[d] == factor * f->variants.at[v].rows;
  }
  if (same) return arena_printf(l->arena, "%" PRId64, size);
  if (rows) return factor == 1 ? "rows" : arena_printf(l->arena, "%" PRId64 "*rows", factor);
  return arena_printf(l->arena, "%" PRId64 " with %d rows", size, f->variants.at[0].rows);
}

static const char *shapes_text(Library *l, const Func *f, const Shape *const *shape) {
  const char *text = "";
  for (int d = 0; d < shape[0]->rank; ++d)
    text = arena_printf(l->arena, "%s%s%s", text, d ? "," : "", dim_text(l, f, shape, d));
  return arena_printf(l->arena, "[%s]", text);
}

/* ---- entries ---- */
static bool is_argument(const Input *in) {
  return in->kind != INPUT_hyper && in->kind != INPUT_total_steps && in->kind != INPUT_bound;
}

static bool is_same(const Input *a, const Input *b) {
  return a->kind == b->kind && !strcmp(a->name, b->name) && (a->kind == INPUT_value || a->source == b->source);
}

static const Host *host_of(const Program *p, const Func *f, int rows) {
  for (int i = 0; i < p->hosts.n; ++i)
    if (p->hosts.at[i]->func == f && p->hosts.at[i]->rows == rows) return p->hosts.at[i];
  bug("emit: %s has no step function for %d rows", f->name, rows);
}

/* The input of variant v that is like `in`, or `in` itself where that variant does not read it. */
static const Input *input_of_variant(const Library *l, const Func *f, int v, const Input *in) {
  const Host *h = host_of(l->program, f, f->variants.at[v].rows);
  for (int i = 0; i < h->inputs.n; ++i)
    if (is_same(h->inputs.at[i]->input, in)) return h->inputs.at[i]->input;
  return in;
}

static void argument_add(Library *l, Entry *e, Map *taken, const Input *in) {
  const Func *f = e->func;
  const Shape **shape = NEW_N(l->arena, const Shape *, f->variants.n);
  for (int i = 0; i < e->arguments.n; ++i)
    if (is_same(e->arguments.at[i].input, in)) return;
  for (int v = 0; v < f->variants.n; ++v) shape[v] = &input_of_variant(l, f, v, in)->shape;
  bool several = f->sources.n > 1 && in->source >= 0 && in->kind != INPUT_value;
  const char *source = several ? l->program->module->sources.at[in->source]->name : "";
  const char *wanted = arena_printf(l->arena, "%s%s%s", source, several ? "_" : "", in->name);
  vec_push(l->arena, e->arguments, ((Argument){member_name(l, taken, wanted), shapes_text(l, f, shape), in}));
}

static void hyper_add(Library *l, int hyper) {
  for (int i = 0; i < l->hypers.n; ++i)
    if (l->hypers.at[i] == hyper) return;
  const char *name = identifier_of(l->arena, l->program->module->hypers.at[hyper]->name);
  vec_push(l->arena, l->hypers, hyper);
  vec_push(l->arena, l->setters, global_name(l, prefixed(l, arena_printf(l->arena, "set_%s", name))));
}

static void entry_inputs(Library *l, Entry *e) {
  static const char *const own[] = {"context", "rows", "outputs", "given", "status"};
  Map taken;
  map_init(&taken, l->arena);
  for (size_t i = 0; i < sizeof own / sizeof *own; ++i) map_put(&taken, own[i], (void *)own[i]);
  for (int v = 0; v < e->func->variants.n; ++v) {
    const Host *h = host_of(l->program, e->func, e->func->variants.at[v].rows);
    for (int i = 0; i < h->inputs.n; ++i) {
      const Input *in = h->inputs.at[i]->input;
      if (is_argument(in)) argument_add(l, e, &taken, in);
      if (in->kind == INPUT_hyper) hyper_add(l, in->hyper);
      l->total_steps |= in->kind == INPUT_total_steps;
    }
  }
}

static void entry_results(Library *l, Entry *e) {
  const Func *f = e->func;
  const Graph *g = variant_graph(f, 0);
  Map taken;
  map_init(&taken, l->arena);
  for (int i = 0; i < g->outputs.n; ++i) {
    const Output *o = &g->outputs.at[i];
    const Shape **shape = NEW_N(l->arena, const Shape *, f->variants.n);
    for (int v = 0; v < f->variants.n; ++v) shape[v] = &variant_graph(f, v)->outputs.at[i].node->shape;
    vec_push(l->arena, e->results, ((Result){member_name(l, &taken, o->name), shapes_text(l, f, shape), o}));
  }
}

static void entry_add(Library *l, const Func *f) {
  Entry e = {.func = f};
  e.name = global_name(l, prefixed(l, identifier_of(l->arena, f->name)));
  e.outputs = global_name(l, arena_printf(l->arena, "%s_outputs", e.name));
  e.rows = f->sources.n ? global_name(l, upper_case(l->arena, arena_printf(l->arena, "%s_rows", e.name))) : NULL;
  entry_inputs(l, &e);
  entry_results(l, &e);
  vec_push(l->arena, l->entries, e);
}

/* ---- where things lie ---- */
enum { LINE = 64 };

static int64_t place(Library *l, int64_t bytes) {
  int64_t at = l->bytes;
  l->bytes += (bytes + LINE - 1) / LINE * LINE;
  return at;
}

static int64_t output_bytes(const Program *p, const Func *f) {
  int64_t most = 0;
  for (int i = 0; i < p->hosts.n; ++i)
    if (p->hosts.at[i]->func == f && p->hosts.at[i]->output_bytes > most) most = p->hosts.at[i]->output_bytes;
  return most;
}

static void places_choose(Library *l, int n, const Program *const *sets) {
  const Program *p = l->program;
  int64_t scratch = 0, input = 0;
  for (int i = 0; i < n; ++i)
    if (sets[i]->scratch_bytes > scratch) scratch = sets[i]->scratch_bytes;
  for (int i = 0; i < p->hosts.n; ++i)
    if (p->hosts.at[i]->input_bytes > input) input = p->hosts.at[i]->input_bytes;
  l->bytes = LIBRARY_HEAD;
  l->latest = place(l, 8 * (int64_t)p->module->funcs.n);
  l->values = place(l, 8 * (int64_t)p->module->hypers.n);
  l->params = place(l, p->params_bytes);
  l->state = place(l, p->state_bytes);
  l->scratch = place(l, scratch);
  l->input = place(l, input);
  l->output = NEW_N(l->arena, int64_t, p->module->funcs.n + 1);
  for (int i = 0; i < p->module->funcs.n; ++i) l->output[i] = place(l, output_bytes(p, p->module->funcs.at[i]));
}

Library *library_new(Sheet *s, int n, const Program *const *sets) {
  Library *l = NEW(s->arena, Library);
  *l = (Library){.sheet = s, .arena = s->arena, .program = sets[0], .model = model_name(s)};
  l->upper = upper_case(s->arena, l->model);
  const Module *m = l->program->module;
  reserve_names(l);
  for (int i = m->sources.n - 1; i >= 0; --i)
    if (m->sources.at[i]->vocabulary) l->vocabulary = m->sources.at[i]->vocabulary;
  for (int i = 0; i < m->funcs.n; ++i) entry_add(l, m->funcs.at[i]);
  if (l->total_steps) global_name(l, prefixed(l, "set_total_steps"));
  l->layout = global_name(l, prefixed(l, "layout"));
  l->outputs = global_name(l, prefixed(l, "layout_outputs"));
  l->chosen = global_name(l, prefixed(l, "chosen"));
  places_choose(l, n, sets);
  return l;
}

/* ---- what a function looks like, in both files ---- */
const char *library_type(DType dtype) { return dtype == DT_f16 || dtype == DT_bf16 ? "uint16_t" : dtype_info[dtype].c; }

bool library_is_array(const Argument *a) {
  InputKind kind = a->input->kind;
  return kind == INPUT_field || kind == INPUT_weight || (kind == INPUT_value && a->input->shape.rank);
}

static const char *argument_type(Library *l, const Argument *a) {
  if (library_is_array(a)) return arena_printf(l->arena, "const %s *", library_type(a->input->dtype));
  if (a->input->kind == INPUT_value) return arena_printf(l->arena, "%s ", library_type(a->input->dtype));
  return a->input->kind == INPUT_epoch ? "int64_t " : "int ";
}

const char *library_signature(Library *l, const Entry *e) {
  Text t;
  text_init(&t, l->arena);
  text_printf(&t, "int %s(%s_context *context", e->name, l->model);
  if (e->rows) text_puts(&t, ", int rows");
  for (int i = 0; i < e->arguments.n; ++i)
    text_printf(&t, ", %s%s", argument_type(l, &e->arguments.at[i]), e->arguments.at[i].name);
  if (e->results.n) text_printf(&t, ", %s *outputs", e->outputs);
  text_puts(&t, ")");
  return arena_strdup(l->arena, text_str(&t));
}
