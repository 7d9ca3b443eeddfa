/* checkpoint.c: all of a run in one safetensors file, written while it goes on: every state (parameters, what
 * optimizers keep, buffers, the seed and the counters of draws) as tensors by their names, and what else the run holds
 * as notes in the header's __metadata__. docs/program.md lists the notes; resume.c reads them.
 *
 * A checkpoint is due after a step (every so many, or so long after the one before), after a step that ended an epoch,
 * when the steps of a phase are over, and when a signal ends the run: always between two calls, so that the states and
 * run->place fit. Before it is written, the log and the files of `write` are flushed to the disk: their lengths are
 * among the notes. replace.c keeps the older generations whole. Buffers are made before the first step. */
#include "host.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */
/* The bits of an element of any dtype, the same whatever the machine's order of bytes. */
uint64_t nnrt_checkpoint_bits(int dtype, const void *at) {
  uint64_t u64;
  uint32_t u32;
  uint16_t u16;
  switch (nnrt_dtype_bytes(dtype)) {
  case 8: return memcpy(&u64, at, sizeof u64), u64;
  case 4: return memcpy(&u32, at, sizeof u32), u32;
  case 2: return memcpy(&u16, at, sizeof u16), u16;
  default: return *(const unsigned char *)at;
  }
}

void nnrt_checkpoint_set(int dtype, void *at, uint64_t number) {
  const uint32_t u32 = (uint32_t)number;
  const uint16_t u16 = (uint16_t)number;
  const unsigned char u8 = (unsigned char)number;
  switch (nnrt_dtype_bytes(dtype)) {
  case 8: memcpy(at, &number, sizeof number); break;
  case 4: memcpy(at, &u32, sizeof u32); break;
  case 2: memcpy(at, &u16, sizeof u16); break;
  default: memcpy(at, &u8, sizeof u8);
  }
}

/* ---- notes: ,"KIND.NAME":"…" ---- */
static void note_key(nnrt_keeper *k, int *n, const char *kind, const char *name) {
  *n = nnrt_text(k->notes, (int)k->notes_room, *n, ",\"%s.", kind);
  *n = nnrt_json_text(k->notes, (int)k->notes_room, *n, name);
  *n = nnrt_text(k->notes, (int)k->notes_room, *n, "\":\"");
}

static void note_numbers(nnrt_keeper *k, int *n, const char *kind, const char *name, int count,
                         const int64_t *numbers) {
  note_key(k, n, kind, name);
  for (int i = 0; i < count; i++)
    *n = nnrt_text(k->notes, (int)k->notes_room, *n, i ? " %" PRId64 : "%" PRId64, numbers[i]);
  *n = nnrt_text(k->notes, (int)k->notes_room, *n, "\"");
}
static void note_double(nnrt_keeper *k, int *n, const char *kind, const char *name, double x) {
  note_key(k, n, kind, name);
  *n = nnrt_text(k->notes, (int)k->notes_room, *n, "%.17g\"", x);
}
#define NOTE(kind, name, ...)                                                                                          \
  note_numbers(k, n, kind, name, (int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                      \
               (const int64_t[]){__VA_ARGS__})

static void notes_run(nnrt_run *run, nnrt_keeper *k, int *n) {
  const nnrt_options *o = &run->options;
  const nnrt_course *c = &run->course;
  note_key(k, n, "nnrt", "model");
  *n = nnrt_json_text(k->notes, (int)k->notes_room, *n, run->model->name);
  *n = nnrt_text(k->notes, (int)k->notes_room, *n, "\"");
  NOTE("nnrt", "checkpoint", 1);
  NOTE("nnrt", "hash", (int64_t)run->model->hash);
  NOTE("nnrt", "flags", (int64_t)o->seed, o->no_shuffle, o->epochs, o->steps);
  NOTE("nnrt", "steps", run->step, run->epoch, run->planned_steps);
  NOTE("nnrt", "place", run->place.phase, run->place.list, run->place.act, run->place.time, run->place.row);
  NOTE("nnrt", "course", c->steps, c->epochs, c->passes, c->finished);
  note_double(k, n, "nnrt", "best", k->best);
  NOTE("nnrt", "best_calls", k->best_calls);
  NOTE("nnrt", "log", run->log.written);
  NOTE("nnrt", "run", k->run);
  for (int i = 0; i < run->model->nhypers; i++) note_double(k, n, "hyper", run->model->hypers[i].name, o->hypers[i]);
}

static void notes_data(nnrt_run *run, nnrt_keeper *k, int *n) {
  for (int i = 0; i < run->model->nsources; i++)
    NOTE("source", run->model->sources[i].name, run->cursors[i].epoch, run->cursors[i].row, run->streams[i].rows);
  for (int i = 0; i < run->nwriters; i++)
    if (run->writers[i].kind != NNRT_WRITE_PICTURE && strcmp(run->writers[i].path, "-"))
      NOTE("write", run->writers[i].path, run->writers[i].rows);
}

/* Of each function: calls, the variant of the latest (-1: none), how many calls its sums hold; of each scalar output
 * the latest value, which METRICs read, and the sum. */
static void notes_functions(nnrt_run *run, nnrt_keeper *k, int *n) {
  char name[512];
  for (int f = 0; f < run->model->nfuncs; f++) {
    const nnrt_entry *e = &run->entries[f];
    NOTE("func", e->func->name, e->calls, e->latest ? e->latest - e->func->variants : -1, e->gathered);
    for (int i = 0; e->latest && i < e->latest->noutputs; i++) {
      const nnrt_output *o = &e->latest->outputs[i];
      if (o->count != 1) continue;
      nnrt_text(name, sizeof name, 0, "%s.%s", e->func->name, o->name);
      NOTE("output", name, (int64_t)nnrt_checkpoint_bits(o->dtype, e->output + o->offset),
           (int64_t)nnrt_checkpoint_bits(NNRT_f64, &e->sums[i]));
    }
  }
}

/* They stand last: who looks for a short note finds it before. */
static void notes_curves(nnrt_run *run, nnrt_keeper *k, int *n) {
  char name[NNRT_CURVE_NAME];
  for (int i = 0; run->curves && i < run->curves->n; i++) {
    nnrt_curve_name(run, &run->curves->at[i], name);
    note_key(k, n, "curve", name);
    *n = nnrt_curve_text(&run->curves->at[i], k->notes, (int)k->notes_room, *n);
    *n = nnrt_text(k->notes, (int)k->notes_room, *n, "\"");
  }
}

/* ---- what the program does: another schedule or other data are another run, though functions are the same ---- */
static void sum_numbers(nnrt_crc *crc, int n, const int64_t *numbers) {
  for (int i = 0; i < n; i++) {
    unsigned char bytes[8];
    nnrt_low_put(bytes, (uint64_t)numbers[i], 8);
    nnrt_crc_add(crc, bytes, 8);
  }
}
#define SUM(...)                                                                                                       \
  sum_numbers(crc, (int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]){__VA_ARGS__})

/* The values that an act gives to its function; one that no function reads any more does not count. */
static void sum_given(nnrt_crc *crc, const nnrt_model *m, const nnrt_act *a) {
  for (int k = 0; k < a->ninputs; k++) {
    const nnrt_variant *v = &m->funcs[a->func].variants[0];
    for (int i = 0; i < v->ninputs; i++) {
      const nnrt_input *in = &v->inputs[i];
      const unsigned char *at = a->inputs[k].value;
      if (in->kind != NNRT_INPUT_VALUE || strcmp(in->name, a->inputs[k].name)) continue;
      for (int64_t j = 0; j < in->count; j++, at += nnrt_dtype_bytes(in->dtype))
        SUM(i, (int64_t)nnrt_checkpoint_bits(in->dtype, at));
    }
  }
}

static void sum_list(nnrt_crc *crc, const nnrt_model *m, const nnrt_phase *ph, int list) {
  int n;
  const nnrt_act *acts = nnrt_phase_list(ph, list, &n);
  SUM(n);
  for (int i = 0; i < n; i++) {
    const nnrt_act *a = &acts[i];
    SUM(a->kind, a->func, a->times, a->every, a->when_func, a->when_output, a->nwrites);
    if (a->kind == NNRT_ACT_CALL) sum_given(crc, m, a);
    if (a->path) nnrt_crc_add(crc, a->path, (int64_t)strlen(a->path));
    for (int k = 0; k < a->nwrites; k++) {
      SUM(a->writes[k].output);
      nnrt_crc_add(crc, a->writes[k].path, (int64_t)strlen(a->writes[k].path));
    }
  }
}

/* Counts of steps and epochs are left out: a run may become longer. */
int64_t nnrt_checkpoint_run(const nnrt_run *run) {
  nnrt_crc sum, *crc = &sum;
  nnrt_crc_start(crc);
  for (int i = 0; i < run->nphases; i++) {
    const nnrt_phase *ph = &run->phases[i];
    SUM(ph->by_epochs, ph->stop_func, ph->stop_output);
    for (int list = 0; list < 4; list++) sum_list(crc, run->model, ph, list);
  }
  for (int i = 0; i < run->model->nsources; i++) {
    const nnrt_source *s = &run->model->sources[i];
    SUM(s->batch, s->shuffle, s->drop_last, s->pad, s->split_seed, s->stride, s->stateful,
        (int64_t)nnrt_checkpoint_bits(NNRT_f64, &s->rate), (int64_t)nnrt_checkpoint_bits(NNRT_f64, &s->from),
        (int64_t)nnrt_checkpoint_bits(NNRT_f64, &s->to));
  }
  return nnrt_crc_sum(crc);
}

/* ---- before the first step ---- */
const char *nnrt_checkpoint_path(nnrt_run *run) {
  if (run->options.checkpoint) return run->options.checkpoint;
  nnrt_keeper *k = &run->keeper;
  nnrt_text(k->own_path, sizeof k->own_path, 0, "%s.checkpoint.safetensors", run->model->name);
  return k->own_path;
}

static int64_t notes_bound(const nnrt_run *run) {
  enum { NUMBERS = 160, ESCAPED = 6 }; /* a note's numbers; one character of a name */
  const nnrt_model *m = run->model;
  int64_t n = 16 * NUMBERS + ESCAPED * (int64_t)strlen(m->name) + nnrt_curves_room(run);
  for (int i = 0; i < m->nhypers; i++) n += NUMBERS + ESCAPED * (int64_t)strlen(m->hypers[i].name);
  for (int i = 0; i < m->nsources; i++) n += NUMBERS + ESCAPED * (int64_t)strlen(m->sources[i].name);
  for (int i = 0; i < run->nwriters; i++) n += NUMBERS + ESCAPED * (int64_t)strlen(run->writers[i].path);
  for (int f = 0; f < m->nfuncs; f++) {
    const nnrt_variant *v = &m->funcs[f].variants[0];
    int64_t name = ESCAPED * (int64_t)strlen(m->funcs[f].name);
    n += NUMBERS + name;
    for (int i = 0; i < v->noutputs; i++) n += NUMBERS + name + ESCAPED * (int64_t)strlen(v->outputs[i].name);
  }
  return n;
}

bool nnrt_checkpoint_wanted(const nnrt_run *run) {
  const nnrt_options *o = &run->options;
  return o->bench < 0 && !o->profile && nnrt_trains(o) && (o->checkpoint || o->every.kind || run->model->checkpoint);
}

int nnrt_checkpoint_generations(const nnrt_run *run) {
  const nnrt_checkpoint *asked = run->model->checkpoint;
  int64_t most = INT32_MAX, keep = run->options.keep;
  return keep > 0 ? (int)(keep < most ? keep : most) : asked && asked->keep ? asked->keep : 2;
}

static void keeper_plan(nnrt_run *run) {
  nnrt_keeper *k = &run->keeper;
  const nnrt_checkpoint *asked = run->model->checkpoint;
  k->every = run->options.every;
  if (!k->every.kind && asked && asked->by_epochs) k->every = (nnrt_every){NNRT_EVERY_EPOCH, 1};
  if (!k->every.kind && asked && asked->every) k->every = (nnrt_every){NNRT_EVERY_STEPS, asked->every};
  if (!k->every.kind) k->every = (nnrt_every){NNRT_EVERY_SECONDS, 600};
  k->keep = nnrt_checkpoint_generations(run);
  k->written_at = nnrt_seconds();
  k->written_step = -1;
  k->run = nnrt_checkpoint_run(run);
  if (!run->resumed) k->best = NAN;
}

int nnrt_checkpoint_prepare(nnrt_run *run) {
  nnrt_keeper *k = &run->keeper;
  if (!nnrt_checkpoint_wanted(run)) return NNRT_GOOD;
  keeper_plan(run);
  const char *path = nnrt_checkpoint_path(run);
  nnrt_text(k->best_path, sizeof k->best_path, 0, "%s.best", path);
  k->weights = (nnrt_weights){.model = run->model, .memory = &run->memory};
  NNRT_TRY(nnrt_weights_all(&run->error, &k->weights));
  k->notes_room = notes_bound(run);
  k->header_room = nnrt_weights_room(&k->weights) + k->notes_room;
  NNRT_TRY(nnrt_alloc(&run->error, &k->notes, k->notes_room, "the checkpoints"));
  NNRT_TRY(nnrt_alloc(&run->error, &k->header, k->header_room, "the checkpoints"));
  NNRT_TRY(nnrt_replace_possible(&run->error, path));
  k->path = path;
  return NNRT_GOOD;
}

void nnrt_checkpoint_free(nnrt_run *run) {
  free(run->keeper.weights.at);
  free(run->keeper.notes);
  free(run->keeper.header);
}

/* ---- during the run ---- */
static int checkpoint_write(nnrt_run *run, const char *path, int keep) {
  nnrt_keeper *k = &run->keeper;
  nnrt_replacement r;
  int n = 0;
  nnrt_show_sync(run);
  nnrt_writers_sync(run);
  notes_run(run, k, &n);
  notes_data(run, k, &n);
  notes_functions(run, k, &n);
  notes_curves(run, k, &n);
  if (n >= k->notes_room - 1)
    return nnrt_fail(&run->error, NNRT_FAILED, "%s: no room for the notes of a checkpoint", path);
  NNRT_TRY(nnrt_replace_begin(&run->error, &r, path));
  r.keep = keep;
  int failed = nnrt_weights_write(r.descriptor, &k->weights, k->notes, k->header, k->header_room, &k->crc);
  return nnrt_replace_end(&run->error, &r, failed);
}

static int checkpoint_newest(nnrt_run *run) {
  nnrt_keeper *k = &run->keeper;
  NNRT_TRY(checkpoint_write(run, k->path, k->keep));
  k->written_at = nnrt_seconds();
  k->written_step = run->step;
  k->written_place = run->place;
  return NNRT_GOOD;
}

/* A metric that is not a number is never the best. */
static int checkpoint_best(nnrt_run *run) {
  nnrt_keeper *k = &run->keeper;
  const nnrt_checkpoint *asked = run->model->checkpoint;
  if (!asked || asked->best_func < 0) return NNRT_GOOD;
  const nnrt_entry *e = &run->entries[asked->best_func];
  if (e->calls == k->best_calls) return NNRT_GOOD;
  double value = nnrt_metric(run, asked->best_func, asked->best_output);
  bool better = isnan(k->best) ? !isnan(value) : asked->best_least ? value < k->best : value > k->best;
  k->best_calls = e->calls;
  if (!better) return NNRT_GOOD;
  k->best = value;
  return checkpoint_write(run, k->best_path, 1);
}

int nnrt_checkpoint_step(nnrt_run *run, bool epoch) {
  const nnrt_keeper *k = &run->keeper;
  if (!k->path) return NNRT_GOOD;
  NNRT_TRY(checkpoint_best(run));
  bool due = k->every.kind == NNRT_EVERY_EPOCH   ? epoch
             : k->every.kind == NNRT_EVERY_STEPS ? run->step % k->every.n == 0
                                                 : nnrt_seconds() - k->written_at >= (double)k->every.n;
  return due ? checkpoint_newest(run) : NNRT_GOOD;
}

int nnrt_checkpoint_phase(nnrt_run *run) {
  const nnrt_keeper *k = &run->keeper;
  const nnrt_position *a = &k->written_place, *b = &run->place;
  bool there = k->written_step == run->step && a->phase == b->phase && a->list == b->list && a->act == b->act;
  return k->path && !there ? checkpoint_newest(run) : NNRT_GOOD;
}

int nnrt_checkpoint_signal(nnrt_run *run) {
  char *text = run->error.text;
  if (!run->keeper.path) return NNRT_GOOD;
  NNRT_TRY(checkpoint_newest(run));
  nnrt_text(text, sizeof run->error.text, (int)strlen(text), "; --resume goes on from %s", run->keeper.path);
  return NNRT_GOOD;
}
