/* parse_module.c: a whole Module from text: states with their initial graphs, hypers, sources, functions with their
 * variants, phases, checkpoints. References between them (a function's sources, an input's hyper, a metric's output)
 * are checked at the end, when everything is known. The inverse of module_print. */
#include "parse.h"

#include <math.h>

static State *parse_state(Parser *p) {
  const char *name = parser_string(p, "a name");
  State *s = module_state(p->module, name, DT_f32, (Shape){0}, false, (Loc){0});
  if (map_get(&p->states, name)) user_error(parser_loc(p), MSG_parse_twice, name);
  s->saved = false;
  while (!parser_is(p, T_mark, ":")) {
    if (parser_take(p, T_word, "alias"))
      vec_push(p->arena, s->aliases, parser_string(p, "a name"));
    else if (parser_take(p, T_word, "trained"))
      s->trained = true;
    else if (parser_take(p, T_word, "saved"))
      s->saved = true;
    else
      parser_expected(p, "':'");
  }
  parser_type(p, &s->dtype, &s->shape);
  s->loc = parser_place(p);
  parser_line(p);
  map_put(&p->states, name, s);
  return s;
}

static void parse_init(Parser *p, State *s) {
  Loc here = parser_loc(p);
  Graph *g = s->init = parse_graph(p);
  const Node *value = g->outputs.n == 1 && !strcmp(g->outputs.at[0].name, "value") ? g->outputs.at[0].node : NULL;
  if (!value || g->inputs.n || g->assigns.n || value->dtype != s->dtype || !shape_equal(value->shape, s->shape))
    user_error(here, MSG_parse_init, s->name, dtype_info[s->dtype].name, shape_text(p->arena, s->shape));
}

static void parse_hyper(Parser *p) {
  Hyper *h = NEW(p->arena, Hyper);
  h->name = parser_string(p, "a name");
  parser_need(p, T_word, "value");
  parser_need(p, T_mark, "=");
  h->value = parser_double(p);
  parser_need(p, T_word, "min");
  parser_need(p, T_mark, "=");
  h->min = parser_double(p);
  parser_need(p, T_word, "max");
  parser_need(p, T_mark, "=");
  h->max = parser_double(p);
  h->integer = parser_take(p, T_word, "integer");
  if (parser_take(p, T_word, "help")) h->help = parser_string(p, "a text");
  h->loc = parser_place(p);
  parser_line(p);
  vec_push(p->arena, p->module->hypers, h);
}

static int64_t keyed_integer(Parser *p, const char *key, int64_t low, int64_t high) {
  parser_need(p, T_word, key);
  parser_need(p, T_mark, "=");
  return parser_integer(p, low, high);
}

static double keyed_double(Parser *p, double low, double high) { /* after the key */
  parser_need(p, T_mark, "=");
  Loc loc = parser_loc(p);
  double x = parser_double(p);
  if (!(x >= low && x <= high)) user_error(loc, MSG_parse_number, text_f64(p->arena, x));
  return x;
}

static void parse_source_options(Parser *p, Source *s) {
  s->to = 1;
  for (;;) {
    if (parser_take(p, T_word, "shuffle"))
      s->shuffle = true;
    else if (parser_take(p, T_word, "drop_last"))
      s->drop_last = true;
    else if (parser_take(p, T_word, "pad"))
      s->pad = true;
    else if (parser_take(p, T_word, "rate"))
      s->rate = keyed_double(p, 0, 1);
    else if (parser_is(p, T_word, "split"))
      s->split_seed = keyed_integer(p, "split", 0, INT64_MAX);
    else if (parser_take(p, T_word, "from"))
      s->from = keyed_double(p, 0, 1);
    else if (parser_take(p, T_word, "to"))
      s->to = keyed_double(p, 0, 1);
    else if (parser_is(p, T_word, "record"))
      s->record = keyed_integer(p, "record", 1, INT32_MAX);
    else if (parser_is(p, T_word, "skip"))
      s->skip = keyed_integer(p, "skip", 0, INT64_MAX);
    else if (parser_is(p, T_word, "stride"))
      s->stride = keyed_integer(p, "stride", 1, INT32_MAX);
    else if (parser_is(p, T_word, "separator"))
      s->separator = (int)keyed_integer(p, "separator", 1, 127);
    else if (parser_is(p, T_word, "hertz"))
      s->hertz = keyed_integer(p, "hertz", 1, INT32_MAX);
    else if (parser_take(p, T_word, "missing"))
      s->fills = true, s->missing = keyed_double(p, -INFINITY, INFINITY);
    else if (parser_take(p, T_word, "stateful"))
      s->stateful = true;
    else if (parser_take(p, T_word, "vocabulary"))
      s->vocabulary = parser_string(p, "a text");
    else
      return;
  }
}

/* Values of the fields' types with equal numbers of rows. */
static bool values_fit(const Source *s) {
  bool fits = s->values.n == s->fields.n;
  for (int k = 0; k < s->values.n && fits; ++k) {
    const Tensor *t = s->values.at[k];
    const Field *f = &s->fields.at[k];
    fits =
        t->dtype == f->dtype && t->shape.rank == f->shape.rank + 1 && t->shape.dim[0] == s->values.at[0]->shape.dim[0];
    for (int d = 0; d < f->shape.rank && fits; ++d) fits = t->shape.dim[d + 1] == f->shape.dim[d];
  }
  return fits;
}

/* The tokens of a window, and those that follow them. */
static bool text_fits(const Module *m, const Source *s) {
  bool fits = s->files.n == 1 && s->fields.n == 2 && (s->vocabulary || module_tokens(m)) && s->stride > 0;
  for (int k = 0; k < s->fields.n && fits; ++k)
    fits = s->fields.at[k].dtype == DT_i32 && s->fields.at[k].shape.rank == 1 &&
           s->fields.at[k].shape.dim[0] == s->fields.at[0].shape.dim[0];
  return fits;
}

/* Each column gives elements of a field: one, or in a field of floats one for each of its categories. */
static bool columns_fit(const Source *s) {
  bool fits = s->headings.n > 0 && s->separator;
  for (int k = 0; k < s->headings.n && fits; ++k) {
    const Heading *h = &s->headings.at[k];
    fits = h->field < s->fields.n && h->at < shape_count(s->fields.at[h->field].shape);
  }
  return fits;
}

/* An image or a sound, and perhaps the class of its folder, whose names may be given. */
static bool folder_fits(const Source *s, bool images) {
  if (s->files.n != 1 || s->fields.n < 1 || s->fields.n > 2 || s->headings.n > s->fields.n - 1) return false;
  const Field *x = &s->fields.at[0], *y = &s->fields.at[1];
  bool colours = x->shape.rank == 3 && (x->shape.dim[0] == 1 || x->shape.dim[0] == 3);
  bool fits = images ? x->dtype == DT_u8 && colours && !s->hertz : x->dtype == DT_f32 && x->shape.rank == 1 && s->hertz;
  if (s->fields.n == 2) fits = fits && y->dtype == DT_i32 && !y->shape.rank && s->classes > 0;
  for (int k = 0; k < s->headings.n; ++k)
    fits = fits && s->headings.at[k].field == 1 && s->headings.at[k].categories.n == s->classes;
  return fits;
}

/* The files, values and fields that the reader of its kind takes for granted. */
static void check_source(const Module *m, const Source *s, Loc here) {
  bool table = !strcmp(s->kind, "table"), each = !strcmp(s->kind, "idx") || !strcmp(s->kind, "npy");
  bool csv = !strcmp(s->kind, "csv"), bpe = !strcmp(s->kind, "bpe"), tensors = !strcmp(s->kind, "safetensors");
  bool one = csv || bpe || tensors || !strcmp(s->kind, "npz");
  bool records = !strcmp(s->kind, "records"), text = !strcmp(s->kind, "text");
  bool images = !strcmp(s->kind, "images"), folder = images || !strcmp(s->kind, "wav");
  bool fits = s->from < s->to && (table ? values_fit(s) : !s->values.n) && s->stored.n == (records ? s->fields.n : 0);
  fits = fits && (text ? text_fits(m, s) : !s->stateful && !s->stride);
  fits = fits && (records ? s->files.n > 0 && s->record > 0 : !s->record && !s->skip);
  fits = fits && (folder ? folder_fits(s, images) : !s->hertz);
  if (!records && !text && !folder) fits = fits && s->files.n == (each ? s->fields.n : one);
  fits = fits && (!bpe || (!module_tokens(m) && !s->fields.n && s->classes > 0 && s->classes <= INT32_MAX));
  fits = fits && (csv ? columns_fit(s) : (folder || !s->headings.n) && !s->separator);
  if (!fits) user_error(here, MSG_parse_source, s->name);
}

static const Tensor *parse_typed(Parser *p) { /* [1,2] : i32[2] */
  Elements elements = {0};
  DType dtype;
  Shape shape;
  parser_elements(p, &elements);
  parser_type(p, &dtype, &shape);
  return elements_tensor(p, &elements, dtype, shape);
}

static void parse_stored(Parser *p, Source *s) { /* behind the field's type */
  Stored stored = {.type = parser_string(p, "a type")};
  stored.big = parser_take(p, T_word, "big");
  stored.at = keyed_integer(p, "at", 0, INT32_MAX);
  vec_push(p->arena, s->stored, stored);
}

static void parse_heading(Parser *p, Source *s) {
  Heading h = {.name = parser_string(p, "a name")};
  h.field = (int)keyed_integer(p, "field", 0, INT32_MAX);
  h.at = keyed_integer(p, "at", 0, INT32_MAX);
  while (parser_take(p, T_word, "category")) vec_push(p->arena, h.categories, parser_string(p, "a text"));
  vec_push(p->arena, s->headings, h);
}

static void parse_source(Parser *p) {
  Source *s = NEW(p->arena, Source);
  Loc here = parser_loc(p);
  s->name = parser_string(p, "a name");
  parser_need(p, T_word, "kind");
  s->kind = parser_string(p, "a kind");
  s->batch = (int)keyed_integer(p, "batch", 1, INT32_MAX);
  s->rows = keyed_integer(p, "rows", -1, INT64_MAX);
  s->classes = keyed_integer(p, "classes", 0, INT64_MAX);
  parse_source_options(p, s);
  s->loc = parser_place(p);
  parser_line(p);
  while (!parser_take(p, T_word, "end")) {
    Field f = {0};
    if (parser_take(p, T_word, "field")) {
      f.name = parser_string(p, "a name");
      parser_type(p, &f.dtype, &f.shape);
      vec_push(p->arena, s->fields, f);
      if (parser_take(p, T_word, "stored")) parse_stored(p, s);
    } else if (parser_take(p, T_word, "file")) {
      vec_push(p->arena, s->files, parser_string(p, "a path"));
    } else if (parser_take(p, T_word, "column")) {
      parse_heading(p, s);
    } else if (parser_take(p, T_word, "values")) {
      vec_push(p->arena, s->values, parse_typed(p));
    } else {
      parser_expected(p, "'field', 'file', 'column', 'values' or 'end'");
    }
    parser_line(p);
  }
  check_source(p->module, s, here);
  parser_line(p);
  vec_push(p->arena, p->module->sources, s);
}

static int find_func(const Module *m, const char *name) {
  for (int k = 0; k < m->funcs.n; ++k)
    if (!strcmp(m->funcs.at[k]->name, name)) return k;
  return -1;
}

static void parse_func(Parser *p) {
  Func *f = NEW(p->arena, Func);
  int64_t sources[RANK_MAX];
  f->name = parser_string(p, "a name");
  if (find_func(p->module, f->name) >= 0) user_error(parser_loc(p), MSG_parse_twice, f->name);
  f->training = parser_take(p, T_word, "training");
  f->whole_pass = parser_take(p, T_word, "whole_pass");
  parser_need(p, T_word, "sources");
  parser_need(p, T_mark, "=");
  int n = parser_list(p, sources, 0, p->module->sources.n - 1);
  for (int k = 0; k < n; ++k) vec_push(p->arena, f->sources, (int)sources[k]);
  f->loc = parser_place(p);
  parser_line(p);
  while (!parser_take(p, T_word, "end")) {
    Variant v = {0};
    parser_need(p, T_word, "variant");
    v.rows = (int)keyed_integer(p, "rows", 0, INT32_MAX);
    parser_line(p);
    v.graph = parse_graph(p);
    vec_push(p->arena, f->variants, v);
  }
  if (f->variants.n == 0) parser_expected(p, "a variant");
  parser_line(p);
  vec_push(p->arena, p->module->funcs, f);
}

/* ---- phases ---- */

static int parse_func_name(Parser *p) {
  if (p->token.kind != T_string) parser_expected(p, "a function's name");
  int func = find_func(p->module, p->token.text);
  if (func < 0) parser_unknown(p, "function");
  parser_next(p);
  return func;
}

static void parse_metric(Parser *p, const char *key, int *func, int *output) {
  *func = *output = -1;
  if (!parser_take(p, T_word, key)) return;
  *func = parse_func_name(p);
  int n = p->module->funcs.at[*func]->variants.at[0].graph->outputs.n;
  *output = (int)keyed_integer(p, "output", 0, n - 1);
}

/* NULL when a pass found that nothing reads it. */
static const Input *find_value(const Graph *g, const char *name) {
  for (int k = 0; k < g->inputs.n; ++k)
    if (g->inputs.at[k]->kind == INPUT_value && !strcmp(g->inputs.at[k]->name, name)) return g->inputs.at[k];
  return NULL;
}

static void parse_given(Parser *p, const Graph *g, Act *act) {
  ActInput given = {.name = parser_string(p, "an input's name")};
  const Input *input = find_value(g, given.name);
  Loc loc = parser_loc(p);
  given.value = parse_typed(p);
  if (input && (input->dtype != given.value->dtype || !shape_equal(input->shape, given.value->shape)))
    user_error(loc, MSG_parse_input, given.name);
  vec_push(p->arena, act->inputs, given);
}

static void parse_call(Parser *p, Act *act) {
  const Graph *g = p->module->funcs.at[act->func]->variants.at[0].graph;
  for (;;) {
    if (parser_take(p, T_word, "input")) {
      parse_given(p, g, act);
    } else if (parser_take(p, T_word, "write")) {
      ActWrite write = {.path = parser_string(p, "a path")};
      write.output = (int)keyed_integer(p, "output", 0, g->outputs.n - 1);
      vec_push(p->arena, act->writes, write);
    } else {
      return;
    }
  }
}

static void parse_file(Parser *p, Act *act) {
  for (;;) {
    if (parser_take(p, T_word, "tree")) {
      ActState kept = {.name = parser_string(p, "a name")};
      kept.state = map_get(&p->states, p->token.text ? p->token.text : "");
      if (!kept.state) parser_unknown(p, "state");
      parser_string(p, "a state's name");
      vec_push(p->arena, act->tree, kept);
    } else if (act->kind == ACT_load && parser_take(p, T_word, "rename")) {
      ActRename rename = {.from = parser_string(p, "a name")};
      rename.to = parser_string(p, "a name");
      vec_push(p->arena, act->renames, rename);
    } else {
      return;
    }
  }
}

static Act parse_act(Parser *p) {
  Act act = {.func = -1,
             .kind = parser_take(p, T_word, "save")   ? ACT_save
                     : parser_take(p, T_word, "load") ? ACT_load
                                                      : ACT_call};
  if (act.kind == ACT_call)
    act.func = parse_func_name(p);
  else
    act.path = parser_string(p, "a path");
  act.times = (int)keyed_integer(p, "times", 1, INT32_MAX);
  act.every = (int)keyed_integer(p, "every", 1, INT32_MAX);
  parse_metric(p, "when", &act.when_func, &act.when_output);
  if (act.kind == ACT_call)
    parse_call(p, &act);
  else
    parse_file(p, &act);
  return act;
}

static void parse_phase(Parser *p) {
  Phase *ph = NEW(p->arena, Phase);
  ph->by_epochs = parser_take(p, T_word, "epochs");
  if (!ph->by_epochs) parser_need(p, T_word, "steps");
  parser_need(p, T_mark, "=");
  ph->count = (Count){parser_double(p), -1};
  if (parser_is(p, T_word, "hyper")) ph->count.hyper = (int)keyed_integer(p, "hyper", 0, p->module->hypers.n - 1);
  parse_metric(p, "stop", &ph->stop_func, &ph->stop_output);
  parser_line(p);
  while (!parser_take(p, T_word, "end")) {
    if (parser_take(p, T_word, "before"))
      vec_push(p->arena, ph->before, parse_act(p));
    else if (parser_take(p, T_word, "step"))
      vec_push(p->arena, ph->step, parse_act(p));
    else if (parser_take(p, T_word, "each_epoch"))
      vec_push(p->arena, ph->each_epoch, parse_act(p));
    else if (parser_take(p, T_word, "after"))
      vec_push(p->arena, ph->after, parse_act(p));
    else
      parser_expected(p, "'before', 'step', 'each_epoch', 'after' or 'end'");
    parser_line(p);
  }
  parser_line(p);
  vec_push(p->arena, p->module->phases, ph);
}

static void parse_checkpoint(Parser *p) {
  Checkpoint *c = NEW(p->arena, Checkpoint);
  c->every = (int)keyed_integer(p, "every", 0, INT32_MAX);
  c->keep = (int)keyed_integer(p, "keep", 0, INT32_MAX);
  c->by_epochs = parser_take(p, T_word, "epochs");
  parse_metric(p, "best", &c->best_func, &c->best_output);
  c->best_least = parser_take(p, T_word, "least");
  parser_line(p);
  p->module->checkpoint = c;
}

/* ---- the whole ---- */

/* An input's numbers name things that exist and are of its shape's kind. */
static void check_input(const Parser *p, const Input *input, Loc loc) {
  const Module *m = p->module;
  bool fits = input->source < m->sources.n && input->hyper < m->hypers.n;
  if (input->kind == INPUT_field)
    fits = fits && input->source >= 0 && input->field >= 0 && input->field < m->sources.at[input->source]->fields.n;
  if (input->kind == INPUT_hyper) fits = fits && input->hyper >= 0;
  if (input->kind == INPUT_first || input->kind == INPUT_last || input->kind == INPUT_weight)
    fits = fits && input->source >= 0;
  if (!fits) user_error(loc, MSG_parse_input, input->name);
}

/* Initial values may read the seed and nothing else. */
static void check_init(const Parser *p, const State *s) {
  for (int id = 0; s->init && id < s->init->nodes.n; ++id) {
    const Node *n = s->init->nodes.at[id];
    if (n->attr->state && n->attr->state != p->module->seed)
      user_error((Loc){p->file, 0, NULL}, MSG_parse_init_state, s->name, n->attr->state->name);
  }
}

static void check_references(const Parser *p) {
  Loc loc = {p->file, 0, NULL};
  for (int k = 0; k < p->module->states.n; ++k) check_init(p, p->module->states.at[k]);
  for (int k = 0; k < p->module->funcs.n; ++k)
    for (int v = 0; v < p->module->funcs.at[k]->variants.n; ++v) {
      const Graph *g = p->module->funcs.at[k]->variants.at[v].graph;
      for (int i = 0; i < g->inputs.n; ++i) check_input(p, g->inputs.at[i], loc);
    }
}

static void parse_part(Parser *p) {
  if (parser_take(p, T_word, "state")) {
    State *s = parse_state(p);
    if (parser_is(p, T_word, "graph")) parse_init(p, s);
  } else if (parser_take(p, T_word, "seed")) {
    p->module->seed = map_get(&p->states, parser_string(p, "a state's name"));
    const State *s = p->module->seed;
    if (!s || s->dtype != DT_u32 || s->shape.rank != 1 || s->shape.dim[0] != 2)
      user_error(parser_loc(p), MSG_parse_seed);
    parser_line(p);
  } else if (parser_take(p, T_word, "hyper")) {
    parse_hyper(p);
  } else if (parser_take(p, T_word, "source")) {
    parse_source(p);
  } else if (parser_take(p, T_word, "func")) {
    parse_func(p);
  } else if (parser_take(p, T_word, "phase")) {
    parse_phase(p);
  } else if (parser_take(p, T_word, "checkpoint")) {
    parse_checkpoint(p);
  } else {
    parser_expected(p, "'state', 'seed', 'hyper', 'source', 'func', 'phase' or 'checkpoint'");
  }
}

Module *module_parse(Arena *arena, const char *file, const char *text) {
  Parser p = {.arena = arena, .file = arena_strdup(arena, file), .at = text, .line = 1, .module = module_new(arena)};
  map_init(&p.states, arena);
  parser_next(&p);
  while (p.token.kind == T_line) parser_next(&p);
  parser_need(&p, T_word, "module");
  p.module->name = parser_string(&p, "a name");
  if (parser_take(&p, T_word, "file")) p.module->file = parser_string(&p, "a path");
  parser_line(&p);
  while (p.token.kind != T_end) parse_part(&p);
  check_references(&p);
  return p.module;
}
