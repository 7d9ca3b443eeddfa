/* library.c: a compiled model as a library (nnc --lib): a context instead of a run. The emitted functions hand their
 * arguments here as a list; the caller's loop is what schedule.c is to a program.
 *
 * A context is one block of memory, laid out by the compiler (nnrt_layout): this head, what was called last, hypers,
 * the three arenas, one input block that all functions share, one output block a function. The block comes from the
 * caller or from nnrt_library_create; besides it there is only the thread pool. Every call writes its whole input
 * block: the batch, the hypers as they are set now, values or their defaults.
 *
 * Invariants: nothing is global, so contexts do not know of each other; a call that fails has changed no state; the
 * caller's floating-point environment is given back. */
#include "host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct nnrt_library {
  const nnrt_model *model;
  const nnrt_layout *layout;
  nnrt_memory memory; /* without blocks */
  unsigned char *input;
  const nnrt_variant **latest; /* by function; NULL: not called yet */
  double *hypers, total_steps; /* total_steps: negative when not set */
  nnrt_pool *pool;
  bool owned, ready; /* owned: the memory is ours to free; ready: states have values */
  nnrt_error error;
};
_Static_assert(sizeof(struct nnrt_library) <= NNRT_LIBRARY_HEAD, "the head of a context has outgrown its place");

/* ---- its life ---- */
static bool library_possible(const nnrt_model *m, int threads) {
  return m && threads >= 0 && threads <= m->max_threads && !nnrt_floats_check();
}

static int library_threads(const nnrt_model *m, int threads) {
  int usable = nnrt_usable_cpus();
  return threads ? threads : usable < m->max_threads ? usable : m->max_threads;
}

nnrt_library *nnrt_library_place(const nnrt_model *m, const nnrt_layout *at, void *memory, size_t bytes, int threads) {
  unsigned char *base = memory;
  if (!library_possible(m, threads) || !memory || (uintptr_t)memory % 64 || bytes < (size_t)at->bytes) return NULL;
  memset(base, 0, (size_t)at->params); /* the head, `latest` and hypers */
  nnrt_library *l = memory;
  *l = (nnrt_library){.model = m, .layout = at, .input = base + at->input, .total_steps = -1};
  l->memory = (nnrt_memory){.params = base + at->params, .state = base + at->state, .scratch = base + at->scratch};
  l->latest = (const nnrt_variant **)(void *)(base + at->latest);
  l->hypers = (double *)(void *)(base + at->hypers);
  for (int i = 0; i < m->nhypers; i++) l->hypers[i] = m->hypers[i].value;
  return nnrt_pool_start(&l->error, &l->pool, library_threads(m, threads)) ? NULL : l;
}

nnrt_library *nnrt_library_create(const nnrt_model *m, const nnrt_layout *layout, int threads) {
  nnrt_error error;
  void *memory;
  if (!library_possible(m, threads) || nnrt_alloc_raw(&error, &memory, layout->bytes, "the context")) return NULL;
  nnrt_library *l = nnrt_library_place(m, layout, memory, (size_t)layout->bytes, threads);
  if (l)
    l->owned = true;
  else
    free(memory);
  return l;
}

void nnrt_library_destroy(nnrt_library *l) {
  if (!l) return;
  nnrt_pool_stop(l->pool);
  l->pool = NULL;
  if (l->owned) free(l);
}

const char *nnrt_library_error(const nnrt_library *l, const nnrt_model *m) {
  if (l) return l->error.text;
  if (!m) return "there is no context: this processor is not one that the model was compiled for (nnc --cpu)";
  const char *broken = nnrt_floats_check();
  if (broken) return broken;
  return "there is no context: its memory is not to be had, not aligned to 64 bytes or too small, or there are not so "
         "many threads";
}

int nnrt_library_init(nnrt_library *l, uint64_t seed) {
  if (!l) return NNRT_FAILED;
  const nnrt_model *m = l->model;
  uint32_t words[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  memset(l->memory.params, 0, (size_t)m->params_bytes);
  memset(l->memory.state, 0, (size_t)m->state_bytes);
  if (m->seed_offset >= 0) memcpy(l->memory.state + m->seed_offset, words, sizeof words);
  uint64_t floats = nnrt_floats_enter();
  if (m->init) nnrt_pool_run(l->pool, m->init, &l->memory);
  nnrt_floats_leave(floats);
  l->ready = true;
  return NNRT_GOOD;
}

/* ---- what holds for all calls ---- */
int nnrt_library_hyper(nnrt_library *l, int hyper, double value) {
  if (!l) return NNRT_FAILED;
  const nnrt_hyper *h = &l->model->hypers[hyper];
  if (!(value >= h->min && value <= h->max))
    return nnrt_fail(&l->error, NNRT_USAGE, "%s: %g is not between %g and %g", h->name, value, h->min, h->max);
  if (h->integer && value != floor(value))
    return nnrt_fail(&l->error, NNRT_USAGE, "%s: %g is no whole number", h->name, value);
  l->hypers[hyper] = value;
  return NNRT_GOOD;
}

int nnrt_library_total_steps(nnrt_library *l, int64_t steps) {
  if (!l) return NNRT_FAILED;
  if (steps < 0) return nnrt_fail(&l->error, NNRT_USAGE, "total_steps: %lld is negative", (long long)steps);
  l->total_steps = (double)steps;
  return NNRT_GOOD;
}

/* ---- a call ---- */
typedef struct library_call {
  nnrt_library *library;
  const nnrt_func *func;
  const nnrt_argument *given;
  int n;
} library_call;

static const nnrt_argument *argument_find(const library_call *c, const nnrt_input *in) {
  for (int i = 0; i < c->n; i++)
    if (c->given[i].kind == in->kind && !strcmp(c->given[i].name, in->name) &&
        (in->kind == NNRT_INPUT_VALUE || c->given[i].source == in->source))
      return &c->given[i];
  return NULL;
}

/* Labels out of range would be taken for others. */
static int labels_check(const library_call *c, const nnrt_input *in, const unsigned char *at) {
  const nnrt_source *s = &c->library->model->sources[in->source];
  const nnrt_field *field = &s->fields[in->field];
  int bytes = nnrt_dtype_bytes(in->dtype);
  char what[256];
  if (!nnrt_field_labels(field, s->classes)) return NNRT_GOOD;
  nnrt_text(what, sizeof what, 0, "%s: %s", c->func->name, in->name);
  for (int64_t i = 0; i < in->count; i++)
    NNRT_TRY(nnrt_label_check(&c->library->error, what, field, s->classes, at + i * bytes, i, i * bytes));
  return NNRT_GOOD;
}

static int input_missing(const library_call *c, const nnrt_input *in, const char *why) {
  return nnrt_fail(&c->library->error, NNRT_USAGE, "%s: %s %s", c->func->name, in->name, why);
}

static int array_put(const library_call *c, const nnrt_input *in, unsigned char *to) {
  const nnrt_argument *given = argument_find(c, in);
  const void *at = given && given->at ? given->at : in->value;
  if (!at) return input_missing(c, in, in->kind == NNRT_INPUT_VALUE ? "is NULL and has no default" : "is NULL");
  if (in->kind == NNRT_INPUT_FIELD) NNRT_TRY(labels_check(c, in, at));
  memcpy(to, at, (size_t)(in->count * nnrt_dtype_bytes(in->dtype)));
  return NNRT_GOOD;
}

static void number_put(const nnrt_input *in, unsigned char *to, double value) {
  int bytes = nnrt_dtype_bytes(in->dtype);
  for (int64_t i = 0; i < in->count; i++) nnrt_element_set(in->dtype, to + i * bytes, value);
}

static int input_put(const library_call *c, const nnrt_input *in, unsigned char *to) {
  const nnrt_argument *given = argument_find(c, in);
  switch (in->kind) {
  case NNRT_INPUT_FIELD:
  case NNRT_INPUT_VALUE: return array_put(c, in, to);
  case NNRT_INPUT_WEIGHT:
    if (given && given->at) return array_put(c, in, to);
    number_put(in, to, 1);
    return NNRT_GOOD;
  case NNRT_INPUT_HYPER: number_put(in, to, c->library->hypers[in->hyper]); return NNRT_GOOD;
  case NNRT_INPUT_TOTAL_STEPS:
    if (c->library->total_steps < 0) return input_missing(c, in, "is not set: a schedule runs over the whole training");
    number_put(in, to, c->library->total_steps);
    return NNRT_GOOD;
  default: number_put(in, to, given ? given->number : 0); return NNRT_GOOD;
  }
}

/* The variant for a batch of so many rows. */
static int variant_find(nnrt_library *l, const nnrt_func *f, int rows, const nnrt_variant **variant) {
  char known[256];
  int n = nnrt_text(known, sizeof known, 0, "%s: a batch of %d rows; it was compiled for", f->name, rows);
  for (int v = 0; v < f->nvariants; v++) {
    *variant = &f->variants[v];
    if (f->variants[v].rows == rows) return NNRT_GOOD;
    n = nnrt_text(known, sizeof known, n, v ? " or %d" : " %d", f->variants[v].rows);
  }
  return nnrt_fail(&l->error, NNRT_USAGE, "%s", known);
}

int nnrt_library_call(nnrt_library *l, int func, int rows, const nnrt_argument *given, int n) {
  if (!l) return NNRT_FAILED;
  const library_call call = {l, &l->model->funcs[func], given, n};
  const nnrt_variant *variant = NULL;
  if (!l->ready)
    return nnrt_fail(&l->error, NNRT_USAGE, "%s: the states have no values yet: %s_init(context, seed) comes first",
                     call.func->name, l->model->name);
  NNRT_TRY(variant_find(l, call.func, rows, &variant));
  for (int i = 0; i < variant->ninputs; i++)
    NNRT_TRY(input_put(&call, &variant->inputs[i], l->input + variant->inputs[i].offset));
  nnrt_memory memory = l->memory;
  memory.input = l->input;
  memory.output = (unsigned char *)l + l->layout->outputs[func];
  uint64_t floats = nnrt_floats_enter();
  nnrt_pool_run(variant->alone ? NULL : l->pool, variant->step, &memory);
  nnrt_floats_leave(floats);
  l->latest[func] = variant;
  return NNRT_GOOD;
}

const void *nnrt_library_output(const nnrt_library *l, int func, int output) {
  return (const unsigned char *)l + l->layout->outputs[func] + l->latest[func]->outputs[output].offset;
}

/* ---- states ---- */
/* A file holds the weights alone: what a training carries on besides has its values from init. */
static int file_possible(nnrt_library *l, const char *what, const char *path) {
  if (!path) return nnrt_fail(&l->error, NNRT_USAGE, "%s: no path", what);
  if (l->ready) return NNRT_GOOD;
  return nnrt_fail(&l->error, NNRT_USAGE, "%s: %s_init(context, seed) comes first", what, l->model->name);
}

int nnrt_library_save(nnrt_library *l, const char *path) {
  if (!l) return NNRT_FAILED;
  NNRT_TRY(file_possible(l, "save", path));
  return nnrt_weights_save(&l->error, l->model, &l->memory, path, NULL);
}

int nnrt_library_load(nnrt_library *l, const char *path) {
  if (!l) return NNRT_FAILED;
  NNRT_TRY(file_possible(l, "load", path));
  return nnrt_weights_load(&l->error, l->model, &l->memory, path, NULL);
}

const nnrt_state *nnrt_library_state(nnrt_library *l, const char *name, void **data, const char **dtype) {
  if (!l) return NULL;
  for (int i = 0; name && i < l->model->nstates; i++) {
    const nnrt_state *s = &l->model->states[i];
    if (strcmp(s->name, name)) continue;
    *data = (s->trained ? l->memory.params : l->memory.state) + s->offset;
    *dtype = nnrt_dtype_name(s->dtype);
    return s;
  }
  nnrt_fail(&l->error, NNRT_USAGE, "there is no state %s", name ? name : "NULL");
  return NULL;
}
