/* tables.c: the tables of nnrt.h (states, hypers, sources, entries, phases, the model) as typed constants, described
 * once and printed by both printers: C as designated initialisers, LLVM as aggregates.
 *
 * A Record is the layout of one struct of nnrt.h, field by field in its order; the C compiler checks it by name, and
 * tests/unit/test_emit.c compares it with offsetof. Invariants: a table stands after those it points to; names are
 * unique in the file. A file with several kernel sets has all tables once per set. */
#include "print.h"

#define RECORD(name, ...)                                                                                              \
  static const RecordField name##_fields[] = {__VA_ARGS__};                                                            \
  static const Record name##_record = {"nnrt_" #name, sizeof name##_fields / sizeof name##_fields[0], name##_fields};
RECORD(state, {"name", FIELD_text}, {"dtype", FIELD_dtype}, {"rank", FIELD_int}, {"dim", FIELD_dims},
       {"trained", FIELD_int}, {"saved", FIELD_int}, {"offset", FIELD_i64}, {"naliases", FIELD_int},
       {"aliases", FIELD_table})
RECORD(hyper, {"name", FIELD_text}, {"value", FIELD_f64}, {"min", FIELD_f64}, {"max", FIELD_f64},
       {"integer", FIELD_int}, {"help", FIELD_text})
RECORD(field, {"name", FIELD_text}, {"dtype", FIELD_dtype}, {"rank", FIELD_int}, {"dim", FIELD_dims})
RECORD(stored, {"type", FIELD_text}, {"big", FIELD_int}, {"at", FIELD_i64})
RECORD(heading, {"name", FIELD_text}, {"field", FIELD_int}, {"at", FIELD_i64}, {"ncategories", FIELD_int},
       {"categories", FIELD_table})
RECORD(source, {"name", FIELD_text}, {"kind", FIELD_text}, {"nfields", FIELD_int}, {"fields", FIELD_table},
       {"nfiles", FIELD_int}, {"files", FIELD_table}, {"batch", FIELD_int}, {"shuffle", FIELD_int}, {"rows", FIELD_i64},
       {"classes", FIELD_i64}, {"values", FIELD_table}, {"drop_last", FIELD_int}, {"pad", FIELD_int},
       {"rate", FIELD_f64}, {"from", FIELD_f64}, {"to", FIELD_f64}, {"split_seed", FIELD_i64}, {"stored", FIELD_table},
       {"record", FIELD_i64}, {"skip", FIELD_i64}, {"stride", FIELD_i64}, {"nheadings", FIELD_int},
       {"separator", FIELD_int}, {"headings", FIELD_table}, {"fills", FIELD_int}, {"missing", FIELD_f64},
       {"stateful", FIELD_int}, {"vocabulary", FIELD_text}, {"hertz", FIELD_i64}, {"reader", FIELD_symbol})
RECORD(input, {"name", FIELD_text}, {"kind", FIELD_source}, {"dtype", FIELD_dtype}, {"count", FIELD_i64},
       {"offset", FIELD_i64}, {"source", FIELD_int}, {"field", FIELD_int}, {"hyper", FIELD_int}, {"value", FIELD_table})
RECORD(output, {"name", FIELD_text}, {"dtype", FIELD_dtype}, {"count", FIELD_i64}, {"offset", FIELD_i64},
       {"rank", FIELD_int}, {"dim", FIELD_dims})
RECORD(variant, {"rows", FIELD_int}, {"step", FIELD_code}, {"ninputs", FIELD_int}, {"noutputs", FIELD_int},
       {"inputs", FIELD_table}, {"outputs", FIELD_table}, {"input_bytes", FIELD_i64}, {"output_bytes", FIELD_i64},
       {"alone", FIELD_int}, {"profiled", FIELD_code})
RECORD(func, {"name", FIELD_text}, {"whole_pass", FIELD_int}, {"nsources", FIELD_int}, {"sources", FIELD_table},
       {"nvariants", FIELD_int}, {"variants", FIELD_table})
RECORD(given, {"name", FIELD_text}, {"value", FIELD_table})
RECORD(write, {"path", FIELD_text}, {"output", FIELD_int})
RECORD(kept, {"name", FIELD_text}, {"state", FIELD_int})
RECORD(rename, {"from", FIELD_text}, {"to", FIELD_text})
RECORD(act, {"kind", FIELD_int}, {"func", FIELD_int}, {"times", FIELD_int}, {"every", FIELD_int},
       {"when_func", FIELD_int}, {"when_output", FIELD_int}, {"ninputs", FIELD_int}, {"nwrites", FIELD_int},
       {"nkept", FIELD_int}, {"nrenames", FIELD_int}, {"inputs", FIELD_table}, {"writes", FIELD_table},
       {"path", FIELD_text}, {"kept", FIELD_table}, {"renames", FIELD_table})
RECORD(phase, {"by_epochs", FIELD_int}, {"count", FIELD_f64}, {"count_hyper", FIELD_int}, {"nbefore", FIELD_int},
       {"nstep", FIELD_int}, {"neach_epoch", FIELD_int}, {"nafter", FIELD_int}, {"before", FIELD_table},
       {"step", FIELD_table}, {"each_epoch", FIELD_table}, {"after", FIELD_table}, {"stop_func", FIELD_int},
       {"stop_output", FIELD_int})
RECORD(checkpoint, {"every", FIELD_int}, {"by_epochs", FIELD_int}, {"keep", FIELD_int}, {"best_func", FIELD_int},
       {"best_output", FIELD_int}, {"best_least", FIELD_int})
RECORD(model, {"name", FIELD_text}, {"source", FIELD_text}, {"compiler", FIELD_text}, {"hash", FIELD_u64},
       {"params_bytes", FIELD_i64}, {"state_bytes", FIELD_i64}, {"scratch_bytes", FIELD_i64},
       {"max_threads", FIELD_int}, {"nstates", FIELD_int}, {"nhypers", FIELD_int}, {"nsources", FIELD_int},
       {"nfuncs", FIELD_int}, {"nphases", FIELD_int}, {"states", FIELD_table}, {"hypers", FIELD_table},
       {"sources", FIELD_table}, {"funcs", FIELD_table}, {"phases", FIELD_table}, {"init", FIELD_code},
       {"seed_offset", FIELD_i64}, {"ntraps", FIELD_int}, {"traps", FIELD_table}, {"trap_offset", FIELD_i64},
       {"checkpoint", FIELD_table}, {"nsites", FIELD_int}, {"sites", FIELD_table})
RECORD(site, {"kernel", FIELD_text}, {"from", FIELD_text}, {"line", FIELD_text}, {"flops", FIELD_i64},
       {"reads", FIELD_i64}, {"writes", FIELD_i64})
RECORD(traced, {"name", FIELD_text}, {"dtype", FIELD_dtype}, {"rank", FIELD_int}, {"dim", FIELD_dims},
       {"memory", FIELD_int}, {"kind", FIELD_int})
RECORD(trap, {"step", FIELD_code}, {"op", FIELD_text}, {"kernel", FIELD_text}, {"at", FIELD_text}, {"line", FIELD_text},
       {"infinite", FIELD_int}, {"ntensors", FIELD_int}, {"first", FIELD_int}, {"tensors", FIELD_table})
static const RecordField text_field[] = {{NULL, FIELD_text}}, int_field[] = {{NULL, FIELD_int}};
static const RecordField data_field[] = {{NULL, FIELD_table}};
static const Record text_record = {"char *", 1, text_field}, int_record = {"int", 1, int_field};
static const Record data_record = {"void *", 1, data_field};

static const Record *const records[] = {
    &state_record, &hyper_record,  &field_record,   &stored_record, &heading_record,    &source_record,
    &input_record, &output_record, &variant_record, &func_record,   &given_record,      &write_record,
    &kept_record,  &rename_record, &act_record,     &phase_record,  &checkpoint_record, &model_record,
    &site_record,  &traced_record, &trap_record};
const Record *record_at(int i) { return i < (int)(sizeof records / sizeof records[0]) ? records[i] : NULL; }

/* ---- building ---- */
typedef struct Build {
  Sheet *sheet;
  Arena *arena;
  const Program *program;
  Tables *tables;
} Build;

static void put_int(Build *b, Table *t, int64_t i) { vec_push(b->arena, t->cells, (Cell){.i = i}); }
static void put_named(Build *b, Table *t, int64_t i, const char *name) {
  vec_push(b->arena, t->cells, ((Cell){.i = i, .text = name}));
}
static void put_f64(Build *b, Table *t, double f) { vec_push(b->arena, t->cells, (Cell){.f = f}); }
static void put_text(Build *b, Table *t, const char *s) { vec_push(b->arena, t->cells, (Cell){.text = s}); }
static void put_shape(Build *b, Table *t, const Shape *s) { vec_push(b->arena, t->cells, (Cell){.shape = s}); }
static void put_table(Build *b, Table *t, const Table *to) { vec_push(b->arena, t->cells, (Cell){.table = to}); }
static void put_code(Build *b, Table *t, const Host *h) { vec_push(b->arena, t->cells, (Cell){.host = h}); }
static void put_profiled(Build *b, Table *t, const Host *h) {
  vec_push(b->arena, t->cells, ((Cell){.host = host_is_profiled(b->sheet, h) ? h : NULL, .i = 1}));
}

static Table *table_new(Build *b, const Record *record, const char *name, int rows) {
  Table *t = NEW(b->arena, Table);
  t->record = record;
  t->rows = rows;
  t->name = sheet_name(b->sheet, t, arena_printf(b->arena, "%s_%s", model_name(b->sheet), name));
  return t;
}

/* A table joins the list when its rows are complete; an empty one is a null pointer. */
static const Table *table_done(Build *b, Table *t) {
  int64_t cells = t->raw ? 0 : (int64_t)t->rows * t->record->n;
  if (t->cells.n != cells) bug("emit: table %s has %d cells, not %lld", t->name, t->cells.n, (long long)cells);
  if (!t->rows) return NULL;
  vec_push(b->arena, *b->tables, t);
  return t;
}

static const Slot *state_slot(const Program *p, const State *state) {
  for (int i = 0; i < p->slots.n; ++i)
    if (p->slots.at[i]->state == state && !p->slots.at[i]->parent) return p->slots.at[i];
  return NULL;
}

static const Table *build_raw(Build *b, const char *name, const Tensor *value) {
  Table *t = table_new(b, NULL, name, 1);
  t->raw = value;
  return table_done(b, t);
}

static const Table *build_texts(Build *b, const char *name, int n, const char *const *texts) {
  Table *t = table_new(b, &text_record, name, n);
  for (int i = 0; i < n; ++i) put_text(b, t, texts[i]);
  return table_done(b, t);
}

static const Table *build_states(Build *b) {
  const Module *m = b->program->module;
  Table *t = table_new(b, &state_record, "states", m->states.n);
  for (int i = 0; i < m->states.n; ++i) {
    const State *s = m->states.at[i];
    const Slot *slot = state_slot(b->program, s);
    if (!slot) bug("emit: state %s has no memory", s->name);
    const Table *aliases = build_texts(b, arena_printf(b->arena, "%s_aliases", s->name), s->aliases.n, s->aliases.at);
    put_text(b, t, s->name);
    put_int(b, t, s->dtype);
    put_int(b, t, s->shape.rank);
    put_shape(b, t, &s->shape);
    put_int(b, t, s->trained);
    put_int(b, t, s->saved);
    put_int(b, t, slot->offset);
    put_int(b, t, s->aliases.n);
    put_table(b, t, aliases);
  }
  return table_done(b, t);
}

static const Table *build_hypers(Build *b) {
  const Module *m = b->program->module;
  Table *t = table_new(b, &hyper_record, "hypers", m->hypers.n);
  for (int i = 0; i < m->hypers.n; ++i) {
    const Hyper *h = m->hypers.at[i];
    put_text(b, t, h->name);
    put_f64(b, t, h->value);
    put_f64(b, t, h->min);
    put_f64(b, t, h->max);
    put_int(b, t, h->integer);
    put_text(b, t, h->help);
  }
  return table_done(b, t);
}

static const Table *build_fields(Build *b, const Source *s) {
  Table *t = table_new(b, &field_record, arena_printf(b->arena, "%s_fields", s->name), s->fields.n);
  for (int i = 0; i < s->fields.n; ++i) {
    const Field *f = &s->fields.at[i];
    put_text(b, t, f->name);
    put_int(b, t, f->dtype);
    put_int(b, t, f->shape.rank);
    put_shape(b, t, &f->shape);
  }
  return table_done(b, t);
}

static const Table *build_values(Build *b, const Source *s) {
  Table *t = table_new(b, &data_record, arena_printf(b->arena, "%s_values", s->name), s->values.n);
  for (int i = 0; i < s->values.n; ++i)
    put_table(b, t, build_raw(b, arena_printf(b->arena, "%s_%s", s->name, s->fields.at[i].name), s->values.at[i]));
  return table_done(b, t);
}

static const Table *build_stored(Build *b, const Source *s) {
  Table *t = table_new(b, &stored_record, arena_printf(b->arena, "%s_stored", s->name), s->stored.n);
  for (int i = 0; i < s->stored.n; ++i) {
    put_text(b, t, s->stored.at[i].type);
    put_int(b, t, s->stored.at[i].big);
    put_int(b, t, s->stored.at[i].at);
  }
  return table_done(b, t);
}

static const Table *build_headings(Build *b, const Source *s) {
  Table *t = table_new(b, &heading_record, arena_printf(b->arena, "%s_headings", s->name), s->headings.n);
  for (int i = 0; i < s->headings.n; ++i) {
    const Heading *h = &s->headings.at[i];
    const char *name = arena_printf(b->arena, "%s_%s_categories", s->name, h->name);
    const Table *categories = build_texts(b, name, h->categories.n, h->categories.at);
    put_text(b, t, h->name);
    put_int(b, t, h->field);
    put_int(b, t, h->at);
    put_int(b, t, h->categories.n);
    put_table(b, t, categories);
  }
  return table_done(b, t);
}

static void put_part(Build *b, Table *t, const Source *s) { /* zeros when it is all of the rows */
  bool part = s->from > 0 || s->to < 1;
  put_f64(b, t, part ? s->from : 0);
  put_f64(b, t, part ? s->to : 0);
  put_int(b, t, part ? s->split_seed : 0);
}

static const Table *build_sources(Build *b) {
  const Module *m = b->program->module;
  Table *t = table_new(b, &source_record, "sources", m->sources.n);
  for (int i = 0; i < m->sources.n; ++i) {
    const Source *s = m->sources.at[i];
    const Table *fields = build_fields(b, s), *values = build_values(b, s), *stored = build_stored(b, s);
    const Table *files = build_texts(b, arena_printf(b->arena, "%s_files", s->name), s->files.n, s->files.at);
    const Table *headings = build_headings(b, s);
    put_text(b, t, s->name);
    put_text(b, t, s->kind);
    put_int(b, t, s->fields.n);
    put_table(b, t, fields);
    put_int(b, t, s->files.n);
    put_table(b, t, files);
    put_int(b, t, s->batch);
    put_int(b, t, s->shuffle);
    put_int(b, t, s->rows);
    put_int(b, t, s->classes);
    put_table(b, t, values);
    put_int(b, t, s->drop_last);
    put_int(b, t, s->pad);
    put_f64(b, t, s->rate);
    put_part(b, t, s);
    put_table(b, t, stored);
    put_int(b, t, s->record);
    put_int(b, t, s->skip);
    put_int(b, t, s->stride);
    put_int(b, t, s->headings.n);
    put_int(b, t, s->separator);
    put_table(b, t, headings);
    put_int(b, t, s->fills);
    put_f64(b, t, s->missing);
    put_int(b, t, s->stateful);
    put_text(b, t, s->vocabulary);
    put_int(b, t, s->hertz);
    put_text(b, t, part_reader(s));
  }
  return table_done(b, t);
}

/* ---- entries ---- */
static const Table *build_value(Build *b, const Host *h, const Input *in) {
  if (in->kind != INPUT_value || !in->value) return NULL;
  return build_raw(b, arena_printf(b->arena, "%s_%s", h->name, in->name), in->value);
}

static const Table *build_inputs(Build *b, const Host *h) {
  Table *t = table_new(b, &input_record, arena_printf(b->arena, "%s_inputs", h->name), h->inputs.n);
  for (int i = 0; i < h->inputs.n; ++i) {
    const Slot *slot = h->inputs.at[i];
    const Input *in = slot->input;
    const Table *value = build_value(b, h, in);
    put_text(b, t, in->name);
    put_int(b, t, in->kind);
    put_int(b, t, in->dtype);
    put_int(b, t, shape_count(in->shape));
    put_int(b, t, slot->offset);
    put_int(b, t, in->kind != INPUT_value && in->kind != INPUT_hyper ? in->source : -1);
    put_int(b, t, in->kind == INPUT_field ? in->field : -1);
    put_int(b, t, in->kind == INPUT_hyper ? in->hyper : -1);
    put_table(b, t, value);
  }
  return table_done(b, t);
}

static const Table *build_outputs(Build *b, const Host *h) {
  Table *t = table_new(b, &output_record, arena_printf(b->arena, "%s_outputs", h->name), h->outputs.n);
  for (int i = 0; i < h->outputs.n; ++i) {
    const Slot *slot = h->outputs.at[i];
    put_text(b, t, h->graph && i < h->graph->outputs.n ? h->graph->outputs.at[i].name : slot->name);
    put_int(b, t, slot->dtype);
    put_int(b, t, shape_count(slot->shape));
    put_int(b, t, slot->offset);
    put_int(b, t, slot->shape.rank);
    put_shape(b, t, &slot->shape);
  }
  return table_done(b, t);
}

static const Host *host_of(const Program *p, const Func *f, int rows) {
  for (int i = 0; i < p->hosts.n; ++i)
    if (p->hosts.at[i]->func == f && p->hosts.at[i]->rows == rows) return p->hosts.at[i];
  return NULL;
}

static const Table *build_variants(Build *b, const Func *f) {
  Table *t = table_new(b, &variant_record, arena_printf(b->arena, "%s_variants", f->name), f->variants.n);
  for (int i = 0; i < f->variants.n; ++i) {
    const Host *h = host_of(b->program, f, f->variants.at[i].rows);
    if (!h) bug("emit: %s has no step function for %d rows", f->name, f->variants.at[i].rows);
    const Table *inputs = build_inputs(b, h), *outputs = build_outputs(b, h);
    put_int(b, t, h->rows);
    put_code(b, t, h);
    put_int(b, t, h->inputs.n);
    put_int(b, t, h->outputs.n);
    put_table(b, t, inputs);
    put_table(b, t, outputs);
    put_int(b, t, h->input_bytes);
    put_int(b, t, h->output_bytes);
    put_int(b, t, h->alone);
    put_profiled(b, t, h);
  }
  return table_done(b, t);
}

static const Table *build_func_sources(Build *b, const Func *f) {
  Table *t = table_new(b, &int_record, arena_printf(b->arena, "%s_sources", f->name), f->sources.n);
  for (int i = 0; i < f->sources.n; ++i) put_int(b, t, f->sources.at[i]);
  return table_done(b, t);
}

static const Table *build_funcs(Build *b) {
  const Module *m = b->program->module;
  Table *t = table_new(b, &func_record, "funcs", m->funcs.n);
  for (int i = 0; i < m->funcs.n; ++i) {
    const Func *f = m->funcs.at[i];
    const Table *sources = build_func_sources(b, f), *variants = build_variants(b, f);
    put_text(b, t, f->name);
    put_int(b, t, f->whole_pass);
    put_int(b, t, f->sources.n);
    put_table(b, t, sources);
    put_int(b, t, f->variants.n);
    put_table(b, t, variants);
  }
  return table_done(b, t);
}

/* ---- the driver ---- */
static const Table *build_given(Build *b, const char *name, const Act *act) {
  Table *t = table_new(b, &given_record, arena_printf(b->arena, "%s_inputs", name), act->inputs.n);
  for (int i = 0; i < act->inputs.n; ++i) {
    const ActInput *in = &act->inputs.at[i];
    const Table *value = build_raw(b, arena_printf(b->arena, "%s_%s", name, in->name), in->value);
    put_text(b, t, in->name);
    put_table(b, t, value);
  }
  return table_done(b, t);
}

static const Table *build_writes(Build *b, const char *name, const Act *act) {
  Table *t = table_new(b, &write_record, arena_printf(b->arena, "%s_writes", name), act->writes.n);
  for (int i = 0; i < act->writes.n; ++i) {
    put_text(b, t, act->writes.at[i].path);
    put_int(b, t, act->writes.at[i].output);
  }
  return table_done(b, t);
}

static const Table *build_kept(Build *b, const char *name, const Act *act) {
  Table *t = table_new(b, &kept_record, arena_printf(b->arena, "%s_states", name), act->tree.n);
  for (int i = 0; i < act->tree.n; ++i) {
    put_text(b, t, act->tree.at[i].name);
    put_int(b, t, act->tree.at[i].state->id);
  }
  return table_done(b, t);
}

static const Table *build_renames(Build *b, const char *name, const Act *act) {
  Table *t = table_new(b, &rename_record, arena_printf(b->arena, "%s_renames", name), act->renames.n);
  for (int i = 0; i < act->renames.n; ++i) {
    put_text(b, t, act->renames.at[i].from);
    put_text(b, t, act->renames.at[i].to);
  }
  return table_done(b, t);
}

static void put_act(Build *b, Table *t, const char *name, const Act *act) {
  static const char *const kinds[] = {NULL, "NNRT_ACT_SAVE", "NNRT_ACT_LOAD"};
  const Table *const parts[] = {build_given(b, name, act), build_writes(b, name, act)};
  const Table *const files[] = {build_kept(b, name, act), build_renames(b, name, act)};
  const int counts[] = {act->inputs.n, act->writes.n, act->tree.n, act->renames.n};
  put_named(b, t, act->kind, kinds[act->kind]);
  put_int(b, t, act->func);
  put_int(b, t, act->times);
  put_int(b, t, act->every);
  put_int(b, t, act->when_func);
  put_int(b, t, act->when_output);
  for (int i = 0; i < 4; ++i) put_int(b, t, counts[i]);
  for (int i = 0; i < 2; ++i) put_table(b, t, parts[i]);
  put_text(b, t, act->path);
  for (int i = 0; i < 2; ++i) put_table(b, t, files[i]);
}

static const Table *build_acts(Build *b, int phase, const char *when, const Acts *acts) {
  const char *name = arena_printf(b->arena, "phase_%d_%s", phase + 1, when);
  Table *t = table_new(b, &act_record, name, acts->n);
  for (int i = 0; i < acts->n; ++i) put_act(b, t, arena_printf(b->arena, "%s_%d", name, i + 1), &acts->at[i]);
  return table_done(b, t);
}

static const Table *build_phases(Build *b) {
  const Module *m = b->program->module;
  Table *t = table_new(b, &phase_record, "phases", m->phases.n);
  for (int i = 0; i < m->phases.n; ++i) {
    const Phase *p = m->phases.at[i];
    const Table *acts[4] = {build_acts(b, i, "before", &p->before), build_acts(b, i, "step", &p->step),
                            build_acts(b, i, "each_epoch", &p->each_epoch), build_acts(b, i, "after", &p->after)};
    put_int(b, t, p->by_epochs);
    put_f64(b, t, p->count.value);
    put_int(b, t, p->count.hyper);
    put_int(b, t, p->before.n);
    put_int(b, t, p->step.n);
    put_int(b, t, p->each_epoch.n);
    put_int(b, t, p->after.n);
    for (int k = 0; k < 4; ++k) put_table(b, t, acts[k]);
    put_int(b, t, p->stop_func);
    put_int(b, t, p->stop_output);
  }
  return table_done(b, t);
}

/* ---- what a trapped program looks at ---- */
static const Table *build_traced(Build *b, const Trap *trap, int number) {
  Table *t = table_new(b, &traced_record, arena_printf(b->arena, "trap_%d", number), trap->tensors.n);
  for (int i = 0; i < trap->tensors.n; ++i) {
    int64_t offset;
    const Slot *s = trap->tensors.at[i];
    put_text(b, t, s->name ? s->name : home_name[s->home]);
    put_int(b, t, s->dtype);
    put_int(b, t, s->shape.rank);
    put_shape(b, t, &s->shape);
    put_int(b, t, slot_root((Slot *)s, &offset)->id);
    put_int(b, t, s->home);
  }
  return table_done(b, t);
}

static const Table *build_traps(Build *b) {
  const Program *p = b->program;
  Table *t = table_new(b, &trap_record, "traps", p->traps.n);
  for (int i = 0; i < p->traps.n; ++i) {
    const Trap *trap = p->traps.at[i];
    const Table *tensors = build_traced(b, trap, i);
    put_code(b, t, trap->host);
    put_text(b, t, trap->op);
    put_text(b, t, trap->made_by->kernel->name);
    put_text(b, t, loc_text(b->arena, trap->loc));
    put_text(b, t, source_line(b->sheet, trap->loc));
    put_int(b, t, trap->infinite);
    put_int(b, t, trap->tensors.n);
    put_int(b, t, trap->first);
    put_table(b, t, tensors);
  }
  return table_done(b, t);
}

/* ---- the calls of profiled steps, which the printer has numbered ---- */
static const Table *build_sites(Build *b) {
  const Sheet *s = b->sheet;
  Table *t = table_new(b, &site_record, "sites", s->sites.n);
  for (int i = 0; i < s->sites.n; ++i) {
    const Stmt *call = s->sites.at[i];
    const Kernel *k = call->kernel;
    Costs c = call_costs(b->arena, call);
    put_text(b, t, k->name);
    put_text(b, t, lines_text(b->arena, k));
    put_text(b, t, k->locs.n ? source_line(b->sheet, k->locs.at[0]) : NULL);
    put_int(b, t, c.flops);
    put_int(b, t, c.reads);
    put_int(b, t, c.writes);
  }
  return table_done(b, t);
}

static const Table *build_checkpoint(Build *b) {
  const Checkpoint *c = b->program->module->checkpoint;
  Table *t = table_new(b, &checkpoint_record, "checkpoint", c ? 1 : 0);
  t->single = true;
  for (int i = 0; c && i < 6; ++i)
    put_int(b, t, (const int[]){c->every, c->by_epochs, c->keep, c->best_func, c->best_output, c->best_least}[i]);
  return table_done(b, t);
}

/* ---- the model ---- */
static const Host *init_host(const Program *p) {
  for (int i = 0; i < p->hosts.n; ++i)
    if (!p->hosts.at[i]->func) return p->hosts.at[i];
  return NULL;
}

static void build_model(Build *b) {
  const Program *p = b->program;
  const Module *m = p->module;
  const Slot *seed = m->seed ? state_slot(p, m->seed) : NULL;
  const Table *states = build_states(b), *hypers = build_hypers(b), *sources = build_sources(b);
  const Table *funcs = build_funcs(b), *phases = build_phases(b), *traps = build_traps(b),
              *checkpoint = build_checkpoint(b), *sites = build_sites(b);
  Table *t = table_new(b, &model_record, "model", 1);
  t->single = true;
  t->exported = b->sheet->options->no_main;
  put_text(b, t, m->name);
  put_text(b, t, m->file);
  put_text(b, t, b->sheet->options->compiler);
  put_int(b, t, (int64_t)program_hash(p));
  put_named(b, t, p->params_bytes, "PARAMS_BYTES");
  put_named(b, t, p->state_bytes, "STATE_BYTES");
  put_named(b, t, p->scratch_bytes, scratch_define(b->arena, b->sheet->suffix));
  put_int(b, t, p->max_threads);
  const int counts[] = {m->states.n, m->hypers.n, m->sources.n, m->funcs.n, m->phases.n};
  for (int i = 0; i < 5; ++i) put_int(b, t, counts[i]);
  const Table *const parts[] = {states, hypers, sources, funcs, phases};
  for (int i = 0; i < 5; ++i) put_table(b, t, parts[i]);
  put_code(b, t, init_host(p));
  put_int(b, t, seed ? seed->offset : -1);
  put_int(b, t, p->traps.n);
  put_table(b, t, traps);
  put_int(b, t, p->trap_seen ? p->trap_seen->offset : 0);
  put_table(b, t, checkpoint);
  put_int(b, t, b->sheet->sites.n);
  put_table(b, t, sites);
  table_done(b, t);
}

Tables *tables_build(Sheet *s) {
  Build b = {.sheet = s, .arena = s->arena, .program = s->program, .tables = NEW(s->arena, Tables)};
  build_model(&b);
  return b.tables;
}
