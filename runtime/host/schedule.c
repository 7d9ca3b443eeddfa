/* schedule.c: the driver of LANGUAGE.md, section 4: phases, lists of calls, epochs, stop metrics.
 *
 * A phase runs `before` once, then `step` again and again, `each_epoch` whenever the first source of the first function
 * of `step` has finished a pass, and `after` once. It ends when its count of steps or epochs is reached or its stop
 * metric is not zero, which is looked at before the first and after every list of calls. A model without phases has
 * one: train for one epoch, validate after it. One that only predicts (nnc --only=predict) has none.
 *
 * --steps ends the whole run after that many steps. The phase that it cuts short ends as one whose count is reached
 * does: its `after` (what was kept is restored, results are measured and saved) is called, an epoch that is not the
 * phase's last gets no `each_epoch`, and no further phase begins. A signal ends the run after the list of calls that it
 * came in, or within a pass of an evaluation.
 *
 * run->place says at any time which call comes next, and the loops go on from it: a run that is resumed begins there
 * (resume.c). Within a list of calls it is the act, within an act its time, within a pass the row. */
#include "host.h"

#include <math.h>
#include <string.h>

/* ---- what the phases are ---- */
static int func_find(const nnrt_model *m, const char *name) {
  for (int i = 0; i < m->nfuncs; i++)
    if (!strcmp(m->funcs[i].name, name)) return i;
  return -1;
}

static void default_phase(nnrt_run *run) {
  const nnrt_model *m = run->model;
  int train = func_find(m, "train"), validate = func_find(m, "validate");
  nnrt_act act = {.func = train < 0 ? 0 : train, .times = 1, .every = 1, .when_func = -1, .when_output = -1};
  run->default_acts[0] = run->default_acts[1] = act;
  run->default_acts[1].func = validate;
  run->default_phase = (nnrt_phase){.by_epochs = m->nfuncs && m->funcs[act.func].nsources,
                                    .count = 1,
                                    .count_hyper = -1,
                                    .nstep = m->nfuncs > 0,
                                    .step = &run->default_acts[0],
                                    .neach_epoch = validate >= 0,
                                    .each_epoch = &run->default_acts[1],
                                    .stop_func = -1,
                                    .stop_output = -1};
  run->phases = &run->default_phase;
  run->nphases = 1;
}

const nnrt_act *nnrt_phase_list(const nnrt_phase *ph, int list, int *n) {
  const nnrt_act *const acts[] = {ph->before, ph->step, ph->each_epoch, ph->after};
  const int counts[] = {ph->nbefore, ph->nstep, ph->neach_epoch, ph->nafter};
  *n = counts[list];
  return acts[list];
}

const nnrt_act *nnrt_phase_leader(const nnrt_phase *ph) {
  for (int i = 0; i < ph->nstep; i++)
    if (ph->step[i].kind == NNRT_ACT_CALL) return &ph->step[i];
  return NULL;
}

static const nnrt_func *phase_first(const nnrt_run *run, const nnrt_phase *ph) {
  return &run->model->funcs[nnrt_phase_leader(ph)->func];
}

static int phase_check(nnrt_run *run, const nnrt_phase *ph) {
  int n;
  for (int list = 0; list < 4; list++) {
    const nnrt_act *acts = nnrt_phase_list(ph, list, &n);
    for (int i = 0; i < n; i++)
      if (acts[i].kind == NNRT_ACT_CALL) NNRT_TRY(nnrt_values_check(run, &acts[i]));
  }
  if (!nnrt_phase_leader(ph)) return nnrt_fail(&run->error, NNRT_FAILED, "a phase has no step");
  const nnrt_func *first = phase_first(run, ph);
  if (ph->by_epochs && (!first->nsources || first->whole_pass))
    return nnrt_fail(&run->error, NNRT_FAILED, "a phase counts epochs, but its first function %s takes no batches",
                     first->name);
  return NNRT_GOOD;
}

/* No phase, and nothing but functions that --predict calls. */
bool nnrt_only_predicts(const nnrt_model *m) {
  bool all = !m->nphases && m->nfuncs > 0;
  for (int f = 0; f < m->nfuncs; f++) all = all && nnrt_predict_fits(&m->funcs[f]);
  return all;
}

static int plan_own(nnrt_run *run) {
  bool asked = run->options.bench >= 0 || run->options.profile;
  if (run->nphases) return NNRT_GOOD;
  if (nnrt_only_predicts(run->model) && !asked)
    return nnrt_fail(&run->error, NNRT_USAGE,
                     "this program only predicts: of which rows? Give --predict FILE, and of "
                     "which weights: --init FILE");
  default_phase(run);
  return NNRT_GOOD;
}

int nnrt_schedule_plan(nnrt_run *run) {
  int counting = 0;
  NNRT_TRY(nnrt_values_read(run));
  run->phases = run->model->phases;
  run->nphases = run->model->nphases;
  if (!nnrt_trains(&run->options))
    NNRT_TRY(nnrt_eval_plan(run));
  else
    NNRT_TRY(plan_own(run));
  for (int i = 0; i < run->nphases; i++) {
    NNRT_TRY(phase_check(run, &run->phases[i]));
    counting += run->phases[i].by_epochs != 0;
  }
  run->limit = run->options.steps;
  if (run->options.epochs >= 0 && counting != 1)
    return nnrt_fail(&run->error, NNRT_USAGE,
                     counting ? "--epochs: %d phases of this program count epochs, so it is not clear which is meant"
                              : "--epochs: no phase of this program counts epochs (--steps limits the run)",
                     counting);
  return NNRT_GOOD;
}

/* ---- how long it will be ---- */
static int phase_count(nnrt_run *run, const nnrt_phase *ph, int64_t *count) {
  double value = ph->count_hyper >= 0 ? run->options.hypers[ph->count_hyper] : ph->count;
  if (ph->by_epochs && run->options.epochs >= 0) value = (double)run->options.epochs;
  if (!(value >= 0) || value != floor(value) || value > 0x1p53)
    return nnrt_fail(&run->error, NNRT_USAGE, "a phase of %g %s: a whole number is needed", value,
                     ph->by_epochs ? "epochs" : "steps");
  *count = (int64_t)value;
  return NNRT_GOOD;
}

/* Passes of the phase's leading source in a step, in batches: {critic, times = 5} takes five. */
static double phase_batches(const nnrt_run *run, const nnrt_phase *ph) {
  int source = phase_first(run, ph)->sources[0];
  double batches = 0;
  for (int i = 0; i < ph->nstep; i++) {
    const nnrt_act *a = &ph->step[i];
    if (a->kind != NNRT_ACT_CALL) continue;
    const nnrt_func *f = &run->model->funcs[a->func];
    for (int k = 0; k < f->nsources && !f->whole_pass; k++)
      if (f->sources[k] == source) batches += (a->times > 0 ? a->times : 1.0) / (a->every > 0 ? a->every : 1);
  }
  return batches > 0 ? batches : 1;
}

static double phase_epoch_steps(const nnrt_run *run, const nnrt_phase *ph) {
  const nnrt_func *first = phase_first(run, ph);
  int64_t n = nnrt_batch_rows(run, first, &first->variants[0], 0);
  return (double)nnrt_stream_batches(&run->streams[first->sources[0]], n) / phase_batches(run, ph);
}

int nnrt_schedule_count(nnrt_run *run) {
  double steps = 0;
  int64_t count = 0;
  run->planned_epochs = 0;
  for (int i = 0; i < run->nphases; i++) {
    const nnrt_phase *ph = &run->phases[i];
    NNRT_TRY(phase_count(run, ph, &count));
    if (ph->by_epochs) run->planned_epochs += count;
    steps += ceil(ph->by_epochs ? (double)count * phase_epoch_steps(run, ph) : (double)count);
  }
  if (steps > 0x1p53) steps = 0x1p53;
  run->planned_steps = run->limit >= 0 && (double)run->limit < steps ? run->limit : (int64_t)steps;
  return NNRT_GOOD;
}

/* ---- which data it reads ---- */
static void acts_need(const nnrt_run *run, const nnrt_phase *ph, int list, char *need) {
  int n;
  const nnrt_act *acts = nnrt_phase_list(ph, list, &n);
  for (int i = 0; i < n; i++)
    for (int k = 0; acts[i].kind == NNRT_ACT_CALL && k < run->model->funcs[acts[i].func].nsources; k++)
      need[run->model->funcs[acts[i].func].sources[k]] = 1;
}

void nnrt_schedule_needs(const nnrt_run *run, int whole, char *need) {
  for (int i = 0; i < (whole ? run->nphases : 1); i++)
    for (int list = 0; list < 4; list++) {
      bool called = list < 2 || (list == 3 && run->options.bench < 0);
      if (whole || called) acts_need(run, &run->phases[i], list, need);
    }
}

/* Not the whole schedule is run when --steps ends it within, or at the end of, an epoch that is not the only one. The
 * sources of the first phase's steps are open by now. */
int nnrt_schedule_whole(const nnrt_run *run) {
  const nnrt_phase *ph = &run->phases[0];
  if (run->resumed) return 1;
  double count = ph->count_hyper >= 0 ? run->options.hypers[ph->count_hyper] : ph->count;
  if (ph->by_epochs && run->options.epochs >= 0) count = (double)run->options.epochs;
  if (run->limit < 0) return 1;
  bool paced = phase_first(run, ph)->nsources;
  double epoch = paced ? phase_epoch_steps(run, ph) : INFINITY;
  double all = ph->by_epochs ? count * epoch : count;
  return (double)run->limit > epoch || (double)run->limit >= all;
}

/* ---- running it ---- */
static int act_call(nnrt_run *run, const nnrt_act *a) {
  nnrt_entry *e = &run->entries[a->func];
  double start = e->func->whole_pass ? nnrt_seconds() : 0;
  nnrt_values_put(run, a);
  for (; run->place.time < (a->times > 0 ? a->times : 1); run->place.time++) {
    NNRT_TRY(nnrt_entry_call(run, a->func));
    nnrt_entry_gather(e);
    NNRT_TRY(nnrt_writers_call(run, a));
  }
  run->place.time = 0;
  nnrt_show_call(run, a->func, start > 0 ? nnrt_seconds() - start : 0);
  nnrt_entry_forget(e);
  return NNRT_GOOD;
}

static int act_run(nnrt_run *run, const nnrt_act *a) {
  switch (a->kind) {
  case NNRT_ACT_SAVE:
    if (run->options.profile) return NNRT_GOOD; /* it overwrites nothing */
    return nnrt_weights_save(&run->error, run->model, &run->memory, a->path, a);
  case NNRT_ACT_LOAD: return nnrt_weights_load(&run->error, run->model, &run->memory, a->path, a);
  default: return act_call(run, a);
  }
}

/* Steps or epochs went from `before` to `now` (0 and 0 in lists that do not count): `every` is due at its multiples. */
static bool act_due(const nnrt_run *run, const nnrt_act *a, int64_t before, int64_t now) {
  if (run->place.row > 0) return true; /* it has begun */
  if (now > 0 && a->every > 1 && now / a->every == before / a->every) return false;
  return a->when_func < 0 || nnrt_metric(run, a->when_func, a->when_output) != 0;
}

static int acts_run(nnrt_run *run, const nnrt_phase *ph, int64_t before, int64_t now) {
  int n;
  const nnrt_act *acts = nnrt_phase_list(ph, run->place.list, &n);
  for (; run->place.act < n; run->place.act++)
    if (act_due(run, &acts[run->place.act], before, now)) NNRT_TRY(act_run(run, &acts[run->place.act]));
  if (nnrt_signalled())
    return nnrt_fail(&run->error, 128 + nnrt_signalled(), "stopped by a signal after step %lld", (long long)run->step);
  return NNRT_GOOD;
}

static void place_list(nnrt_run *run, int list) {
  run->place = (nnrt_position){.phase = run->place.phase, .list = list};
}

/* Has something of the list been done? */
static bool place_within(const nnrt_run *run) { return run->place.act > 0 || run->place.row > 0; }

static bool course_ends(const nnrt_run *run, const nnrt_course *c) {
  const nnrt_phase *ph = c->phase;
  if (ph->stop_func >= 0 && nnrt_metric(run, ph->stop_func, ph->stop_output) != 0) return true;
  return (ph->by_epochs ? c->epochs : c->steps) >= c->count;
}

static bool course_limited(const nnrt_run *run) { return run->limit >= 0 && run->step >= run->limit; }

/* A step may finish several passes at once; then they are counted, and `each_epoch` is called once. */
static void course_count(nnrt_run *run, nnrt_course *c) {
  int64_t more = run->cursors[c->leading].epoch - c->passes;
  bool complete = c->phase->by_epochs ? c->epochs + more >= c->count : c->steps >= c->count;
  c->cut = course_limited(run) && !complete;
  if (c->cut) return;
  c->passes += more;
  c->epochs += more;
  c->finished = more;
  run->epoch += more - 1;
  place_list(run, 2);
}

static int course_epoch(nnrt_run *run, nnrt_course *c) {
  NNRT_TRY(acts_run(run, c->phase, c->epochs - c->finished, c->epochs));
  nnrt_show_epoch(run);
  run->epoch++;
  return NNRT_GOOD;
}

static int course_step(nnrt_run *run, nnrt_course *c) {
  if (run->place.list == 1) {
    if (!place_within(run)) run->step++, c->steps++;
    c->finished = 0;
    NNRT_TRY(acts_run(run, c->phase, c->steps - 1, c->steps));
    nnrt_show_step(run, c->rows);
    bool stop = c->phase->stop_func >= 0 && nnrt_metric(run, c->phase->stop_func, c->phase->stop_output) != 0;
    if (!stop && c->leading >= 0 && run->cursors[c->leading].epoch > c->passes) course_count(run, c);
  }
  if (c->cut) return NNRT_GOOD;
  if (run->place.list == 2) NNRT_TRY(course_epoch(run, c));
  place_list(run, 1);
  return nnrt_checkpoint_step(run, c->finished > 0);
}

/* The last checkpoint of a phase stands before its `after`: a run that is resumed with more steps goes on there. */
static int course_run(nnrt_run *run, nnrt_course *c) {
  if (run->place.list == 0) {
    if (place_within(run) || !course_ends(run, c)) NNRT_TRY(acts_run(run, c->phase, 0, 0));
    place_list(run, 1);
  }
  while (run->place.list < 3 && !c->cut) {
    bool begun = run->place.list == 2 || place_within(run);
    if (!begun && (course_ends(run, c) || course_limited(run))) break;
    nnrt_profile_begin(run);
    NNRT_TRY(course_step(run, c));
    NNRT_TRY(nnrt_profile_step(run));
  }
  if (run->place.list < 3) {
    NNRT_TRY(nnrt_checkpoint_phase(run));
    place_list(run, 3);
  }
  return acts_run(run, c->phase, 0, 0);
}

/* In a phase that a checkpoint left, counts stay as they are. */
static int course_begin(nnrt_run *run, bool resumed) {
  nnrt_course *c = &run->course;
  c->phase = &run->phases[run->place.phase];
  const nnrt_func *first = phase_first(run, c->phase);
  const nnrt_act *leader = nnrt_phase_leader(c->phase);
  c->leading = first->nsources && !first->whole_pass ? first->sources[0] : -1;
  c->rows = 0;
  c->cut = false;
  if (c->leading >= 0)
    c->rows = nnrt_batch_rows(run, first, &first->variants[0], 0) * (leader->times > 0 ? leader->times : 1);
  if (!resumed) {
    c->steps = c->epochs = c->finished = 0;
    c->passes = c->leading >= 0 ? run->cursors[c->leading].epoch : 0;
  }
  return phase_count(run, c->phase, &c->count);
}

int nnrt_schedule_run(nnrt_run *run) {
  bool resumed = run->resumed;
  for (; run->place.phase < run->nphases && (resumed || !course_limited(run)); run->place.phase++) {
    NNRT_TRY(course_begin(run, resumed));
    NNRT_TRY(course_run(run, &run->course));
    place_list(run, 0);
    resumed = false;
  }
  return NNRT_GOOD;
}
