/* resume.c: --resume: a run goes on from a checkpoint (checkpoint.c) to the same bits as one that never stopped.
 *
 * First, before anything is opened or allocated, the file is read: it must be whole (its sum), of this model (name,
 * states, functions, sources, the program's hash), and of a seed that is not contradicted; what the command line does
 * not say again (seed, hypers, --epochs, --steps, --no-shuffle) comes from it. When all is open, the states are read,
 * and the places of the schedule and of the sources, the functions' latest values and the lengths of the log and of the
 * files of `write` are put back. A file that cannot be used gives way to FILE.1, FILE.2 …, and the user is told. */
#include "host.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOTE_NUMBERS = 5, RESUME_GENERATIONS = 100 };

/* ---- notes ---- */
bool nnrt_resume_note(const nnrt_run *run, const char *kind, const char *name, char *to, int size) {
  char key[512];
  nnrt_text(key, sizeof key, 0, "%s.%s", kind, name);
  return nnrt_weights_note(&run->resume.reader, key, to, size);
}

/* How many numbers the note has; -1: there is no such note, or it holds something else. */
static int note_read(const nnrt_run *run, const char *kind, const char *name, int64_t *to) {
  char text[256], *at = text, *end;
  int n = 0;
  if (!nnrt_resume_note(run, kind, name, text, sizeof text)) return -1;
  for (; n < NOTE_NUMBERS && *at; n++, at = end) {
    to[n] = strtoll(at, &end, 10);
    if (end == at) return -1;
  }
  return n;
}

static int note_absent(nnrt_run *run, const char *kind, const char *name) {
  return nnrt_fail(&run->error, NNRT_FAILED,
                   "%s: is of another model or program: it does not tell of %s \"%s\" as this one does",
                   run->resume.path, strcmp(kind, "nnrt") ? kind : "note", name);
}

static int note_need(nnrt_run *run, const char *kind, const char *name, int n, int64_t *to) {
  return note_read(run, kind, name, to) == n ? NNRT_GOOD : note_absent(run, kind, name);
}

static int note_float(nnrt_run *run, const char *kind, const char *name, double *to) {
  char text[64] = "", *end;
  bool there = nnrt_resume_note(run, kind, name, text, sizeof text);
  *to = strtod(text, &end);
  if (there && *text && !*end) return NNRT_GOOD;
  return note_absent(run, kind, name);
}

int64_t nnrt_resume_number(const nnrt_run *run, const char *kind, const char *name) {
  int64_t numbers[NOTE_NUMBERS] = {0};
  return run->resumed && note_read(run, kind, name, numbers) == 1 && numbers[0] > 0 ? numbers[0] : 0;
}

static double number_double(int64_t number) {
  double x;
  nnrt_checkpoint_set(NNRT_f64, &x, (uint64_t)number);
  return x;
}

/* ---- is it a checkpoint of this program? ---- */
static int resume_names(nnrt_run *run) {
  const nnrt_model *m = run->model;
  int64_t numbers[NOTE_NUMBERS];
  double value;
  for (int i = 0; i < m->nhypers; i++) NNRT_TRY(note_float(run, "hyper", m->hypers[i].name, &value));
  for (int i = 0; i < m->nsources; i++) NNRT_TRY(note_need(run, "source", m->sources[i].name, 3, numbers));
  for (int i = 0; i < m->nfuncs; i++) NNRT_TRY(note_need(run, "func", m->funcs[i].name, 3, numbers));
  NNRT_TRY(note_need(run, "nnrt", "hash", 1, numbers));
  if ((uint64_t)numbers[0] == m->hash) return NNRT_GOOD;
  return nnrt_fail(&run->error, NNRT_FAILED,
                   "%s: is of another version of the model: it was written by the program %016" PRIx64
                   ", and this one is %016" PRIx64 " (--version), whose states and functions have the same names",
                   run->resume.path, (uint64_t)numbers[0], m->hash);
}

static int resume_match(nnrt_run *run) {
  nnrt_resume *z = &run->resume;
  char name[256];
  int64_t version[NOTE_NUMBERS];
  NNRT_TRY(nnrt_weights_verify(&z->reader));
  if (note_read(run, "nnrt", "checkpoint", version) != 1 || version[0] != 1)
    return nnrt_fail(&run->error, NNRT_FAILED, "%s: is a checkpoint of a form that this program does not know",
                     z->path);
  if (!nnrt_resume_note(run, "nnrt", "model", name, sizeof name) || strcmp(name, run->model->name))
    return nnrt_fail(&run->error, NNRT_FAILED, "%s: is of the model %s; this program's is %s", z->path, name,
                     run->model->name);
  z->weights = (nnrt_weights){.model = run->model, .memory = &run->memory};
  NNRT_TRY(nnrt_weights_all(&run->error, &z->weights));
  NNRT_TRY(nnrt_weights_match(&z->reader, &z->weights));
  return resume_names(run);
}

/* ---- what the command line does not say again ---- */
static int adopt_flags(nnrt_run *run) {
  nnrt_options *o = &run->options;
  int64_t flags[NOTE_NUMBERS];
  NNRT_TRY(note_need(run, "nnrt", "flags", 4, flags));
  uint64_t seed = (uint64_t)flags[0];
  if (o->seed_given && o->seed != seed)
    return nnrt_fail(&run->error, NNRT_USAGE, "--seed %" PRIu64 ": the run of %s has the seed %" PRIu64, o->seed,
                     run->resume.path, seed);
  if (o->no_shuffle && !flags[1])
    return nnrt_fail(&run->error, NNRT_USAGE, "--no-shuffle: the run of %s shuffles", run->resume.path);
  o->seed = seed;
  o->no_shuffle = flags[1];
  if (o->epochs < 0) o->epochs = flags[2];
  if (o->steps < 0) o->steps = flags[3];
  for (int i = 0; i < run->model->nhypers; i++) {
    double value;
    NNRT_TRY(note_float(run, "hyper", run->model->hypers[i].name, &value));
    if (!o->hyper_given[i]) o->hypers[i] = value;
  }
  return NNRT_GOOD;
}

/* ---- which file ---- */
static int resume_file(nnrt_run *run) {
  nnrt_resume *z = &run->resume;
  z->reader = (nnrt_weights_reader){.error = &run->error, .path = z->path};
  int status = nnrt_weights_open(&z->reader);
  if (!status) status = resume_match(run);
  if (!status) status = adopt_flags(run);
  if (status) nnrt_resume_free(run);
  run->resumed = !status;
  return status;
}

/* The older ones, when the newest cannot be used. */
static int resume_older(nnrt_run *run, const char *target) {
  nnrt_error first = run->error;
  char text[1400];
  for (int i = 1; i < RESUME_GENERATIONS; i++) {
    nnrt_text(run->resume.path, sizeof run->resume.path, 0, "%s.%d", target, i);
    if (access(run->resume.path, F_OK)) continue;
    int status = resume_file(run);
    if (status == NNRT_USAGE) return status;
    if (status) continue;
    nnrt_text(text, sizeof text, 0, "%s; going on from the older %s", first.text, run->resume.path);
    nnrt_say(run->model, text);
    return NNRT_GOOD;
  }
  run->error = first;
  return first.status;
}

static bool resume_nothing(const char *target) {
  char older[NNRT_PATH_MAX];
  nnrt_text(older, sizeof older, 0, "%s.1", target);
  return access(target, F_OK) && errno == ENOENT && access(older, F_OK);
}

int nnrt_resume_open(nnrt_run *run) {
  char target[NNRT_PATH_MAX], text[NNRT_PATH_MAX + 64];
  const char *given = run->options.resume, *path = given ? given : nnrt_checkpoint_path(run);
  if (!run->options.resuming || run->options.bench >= 0) return NNRT_GOOD;
  int failed = nnrt_links_follow(path, target);
  if (failed) return nnrt_fail(&run->error, NNRT_FAILED, "%s: cannot be opened: %s", path, strerror(failed));
  if (!given && resume_nothing(target)) {
    if (!nnrt_trains(&run->options))
      return nnrt_fail(&run->error, NNRT_FAILED, "--resume: there is no checkpoint %s", path);
    nnrt_text(text, sizeof text, 0, "there is no checkpoint %s: the run begins", path);
    nnrt_say(run->model, text);
    return NNRT_GOOD;
  }
  nnrt_text(run->resume.path, sizeof run->resume.path, 0, "%s", target);
  int status = resume_file(run);
  return status == NNRT_FAILED ? resume_older(run, target) : status;
}

void nnrt_resume_free(nnrt_run *run) {
  nnrt_weights_close(&run->resume.reader);
  free(run->resume.weights.at);
  run->resume.weights.at = NULL;
}

/* ---- back into the run ---- */
static int restore_place(nnrt_run *run) {
  int64_t steps[NOTE_NUMBERS], place[NOTE_NUMBERS], course[NOTE_NUMBERS], sum[NOTE_NUMBERS];
  NNRT_TRY(note_need(run, "nnrt", "steps", 3, steps));
  NNRT_TRY(note_need(run, "nnrt", "place", 5, place));
  NNRT_TRY(note_need(run, "nnrt", "course", 4, course));
  NNRT_TRY(note_need(run, "nnrt", "run", 1, sum));
  if (sum[0] != nnrt_checkpoint_run(run))
    return nnrt_fail(&run->error, NNRT_FAILED,
                     "%s: is of another version of the program, whose `run` or `data` say something else",
                     run->resume.path);
  bool fits = steps[0] >= 0 && place[0] >= 0 && place[0] < run->nphases && place[1] >= 0 && place[1] < 4;
  int n = 0;
  if (fits) nnrt_phase_list(&run->phases[place[0]], (int)place[1], &n);
  if (!fits || place[2] < 0 || place[2] > n || place[3] < 0 || place[3] > INT32_MAX || place[4] < 0)
    return nnrt_fail(&run->error, NNRT_FAILED, "%s: is of another schedule: this program has no such place",
                     run->resume.path);
  run->step = steps[0], run->epoch = steps[1];
  run->place = (nnrt_position){(int)place[0], (int)place[1], (int)place[2], (int)place[3], place[4]};
  run->course.steps = course[0], run->course.epochs = course[1];
  run->course.passes = course[2], run->course.finished = course[3];
  return NNRT_GOOD;
}

static int restore_sources(nnrt_run *run) {
  int64_t source[NOTE_NUMBERS];
  for (int i = 0; i < run->model->nsources; i++) {
    const char *name = run->model->sources[i].name;
    const nnrt_stream *s = &run->streams[i];
    NNRT_TRY(note_need(run, "source", name, 3, source));
    if (s->reader.format && source[2] && s->rows != source[2])
      return nnrt_fail(&run->error, NNRT_FAILED, "data %s: has %lld rows; it had %lld when %s was written", name,
                       (long long)s->rows, (long long)source[2], run->resume.path);
    run->cursors[i] = (nnrt_cursor){source[0], source[1]};
    if (source[0] < 0 || source[1] < 0 || (source[1] && !nnrt_stream_fits(s, source[1], 1)))
      return nnrt_fail(&run->error, NNRT_FAILED, "%s: the place in the data %s does not exist", run->resume.path, name);
  }
  return NNRT_GOOD;
}

static int restore_outputs(nnrt_run *run, nnrt_entry *e) {
  char name[512];
  int64_t bits[NOTE_NUMBERS];
  for (int i = 0; i < e->latest->noutputs; i++) {
    const nnrt_output *o = &e->latest->outputs[i];
    if (o->count != 1) continue;
    nnrt_text(name, sizeof name, 0, "%s.%s", e->func->name, o->name);
    NNRT_TRY(note_need(run, "output", name, 2, bits));
    nnrt_checkpoint_set(o->dtype, e->output + o->offset, (uint64_t)bits[0]);
    e->sums[i] = number_double(bits[1]);
  }
  return NNRT_GOOD;
}

static int restore_functions(nnrt_run *run) {
  int64_t func[NOTE_NUMBERS];
  for (int f = 0; f < run->model->nfuncs; f++) {
    nnrt_entry *e = &run->entries[f];
    NNRT_TRY(note_need(run, "func", e->func->name, 3, func));
    if (func[1] < -1 || func[1] >= e->func->nvariants)
      return nnrt_fail(&run->error, NNRT_FAILED, "%s: there is no such variant of %s", run->resume.path, e->func->name);
    e->calls = func[0];
    e->gathered = func[2];
    e->latest = func[1] < 0 ? NULL : &e->func->variants[func[1]];
    if (e->latest) NNRT_TRY(restore_outputs(run, e));
  }
  return NNRT_GOOD;
}

/* Schedules of a model that knows how long the run is follow another length from here on. */
static int restore_length(nnrt_run *run) {
  const nnrt_model *m = run->model;
  int64_t steps[NOTE_NUMBERS];
  bool reads = false;
  char text[256], a[32], b[32];
  for (int f = 0; f < m->nfuncs; f++)
    for (int i = 0; i < m->funcs[f].variants[0].ninputs; i++)
      reads = reads || m->funcs[f].variants[0].inputs[i].kind == NNRT_INPUT_TOTAL_STEPS;
  NNRT_TRY(note_need(run, "nnrt", "steps", 3, steps));
  if (!reads || steps[2] == run->planned_steps) return NNRT_GOOD;
  nnrt_text(text, sizeof text, 0,
            "the run was planned for %s steps and is now for %s: the model's schedules follow that from step %lld on",
            nnrt_grouped(a, steps[2]), nnrt_grouped(b, run->planned_steps), (long long)run->step);
  nnrt_say(run->model, text);
  return NNRT_GOOD;
}

static int restore_best(nnrt_run *run) {
  int64_t best[NOTE_NUMBERS];
  NNRT_TRY(note_float(run, "nnrt", "best", &run->keeper.best));
  NNRT_TRY(note_need(run, "nnrt", "best_calls", 1, best));
  run->keeper.best_calls = best[0];
  return NNRT_GOOD;
}

/* Of a run that trains nothing: the states, and for the log where they are from. */
static int restore_steps(nnrt_run *run) {
  int64_t steps[NOTE_NUMBERS];
  NNRT_TRY(note_need(run, "nnrt", "steps", 3, steps));
  run->step = steps[0], run->epoch = steps[1];
  run->resumed = false;
  return NNRT_GOOD;
}

int nnrt_resume_restore(nnrt_run *run) {
  NNRT_TRY(nnrt_weights_take(&run->resume.reader, &run->resume.weights));
  if (!nnrt_trains(&run->options)) return restore_steps(run);
  NNRT_TRY(restore_place(run));
  NNRT_TRY(restore_sources(run));
  NNRT_TRY(restore_functions(run));
  NNRT_TRY(restore_length(run));
  return restore_best(run);
}
