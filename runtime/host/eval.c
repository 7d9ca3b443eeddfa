/* eval.c: runs that train nothing: --eval calls every function that evaluates (nn.evaluate) once, --predict one
 * function over the rows of a file (predict.c).
 *
 * Both are schedules of their own: one phase without a step, whose `after` is the calls. So sources are opened, batches
 * filled, outputs logged and signals heeded as always. Weights come from --init or --resume; nothing of the program's
 * schedule is called, no checkpoint is written, and --log adds its lines to what the file holds. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool nnrt_trains(const nnrt_options *o) { return !o->eval && !o->predict; }

/* ---- flags that go together ---- */
static int eval_contradict(nnrt_error *error, const char *flag, const char *mode) {
  return nnrt_fail(error, NNRT_USAGE, "--%s does not go with --%s", flag, mode);
}

/* At most one of the things that a run may be instead of training; and with it nothing that only training does. */
int nnrt_modes_check(nnrt_error *error, const nnrt_options *o, const nnrt_model *m) {
  const char *mode = NULL;
  const struct {
    const char *flag;
    bool given;
  } modes[] = {{"bench", o->bench >= 0}, {"eval", o->eval}, {"predict", o->predict}, {"profile", o->profile}},
    train[] = {{"epochs", o->epochs >= 0}, /* a profile has these two */
               {"steps", o->steps >= 0},
               {"save", o->save},
               {"checkpoint", o->checkpoint && !o->resuming},
               {"checkpoint-every", o->every.kind},
               {"checkpoint-keep", o->keep > 0},
               {"tensorboard", o->tensorboard},
               {"plot", o->plot},
               {"log", o->log && o->bench >= 0}, /* the others have these two */
               {"resume", o->resuming && o->bench >= 0}};
  const struct {
    const char *flag, *mode;
    bool given;
  } needs[] = {{"predict-with", "predict", o->predict_with},
               {"output", "predict", o->output},
               {"profile-steps", "profile", o->profile_steps > 0}};
  for (int i = 0; i < 4; i++) {
    if (!modes[i].given) continue;
    if (mode) return eval_contradict(error, modes[i].flag, mode);
    mode = modes[i].flag;
  }
  for (int i = 0; i < 3; i++)
    if (needs[i].given && (!mode || strcmp(mode, needs[i].mode)))
      return nnrt_fail(error, NNRT_USAGE, "--%s goes with --%s", needs[i].flag, needs[i].mode);
  if (o->profile && !m->nsites)
    return nnrt_fail(error, NNRT_USAGE,
                     "--profile: this program does not note what its kernels take: compile %s with nnc --profile",
                     m->source ? m->source : "its model");
  for (int i = o->profile ? 2 : 0; mode && i < (int)(sizeof train / sizeof *train); i++)
    if (train[i].given) return eval_contradict(error, train[i].flag, mode);
  if (nnrt_trains(o) || !o->init == !!o->resuming) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_USAGE, "--%s: of which weights? Give --init FILE, or --resume%s", mode,
                   o->init ? ", not both" : "");
}

/* ---- the schedule ---- */
static int eval_none(nnrt_run *run) {
  const nnrt_model *m = run->model;
  return nnrt_fail(&run->error, NNRT_USAGE,
                   "--eval: this model has no function that evaluates: write one into %s, such as validate = "
                   "nn.evaluate { on = \"%s\", loss = loss }",
                   m->source ? m->source : "it", m->nsources ? m->sources[m->nsources - 1].name : "test");
}

int nnrt_eval_plan(nnrt_run *run) {
  const nnrt_model *m = run->model;
  nnrt_options *o = &run->options;
  int n = 0;
  NNRT_TRY(nnrt_alloc(&run->error, &run->asked, m->nfuncs * (int64_t)sizeof *run->asked, "the functions"));
  for (int f = 0; f < m->nfuncs; f++)
    if (m->funcs[f].whole_pass && m->funcs[f].nsources)
      run->asked[n++] = (nnrt_act){.func = f, .times = 1, .every = 1, .when_func = -1, .when_output = -1};
  if (!n) return eval_none(run);
  run->default_phase = (nnrt_phase){.count_hyper = -1,
                                    .nstep = 1,
                                    .step = run->asked,
                                    .nafter = n,
                                    .after = run->asked,
                                    .stop_func = -1,
                                    .stop_output = -1};
  run->phases = &run->default_phase;
  run->nphases = 1;
  o->epochs = o->steps = -1; /* those of a checkpoint */
  o->quiet = 1;
  return NNRT_GOOD;
}

/* Behind what the file of --log holds already: that may be a training run's. */
int64_t nnrt_eval_logged(const nnrt_run *run) {
  struct stat about;
  bool there = run->options.log && !stat(run->options.log, &about) && S_ISREG(about.st_mode);
  return there ? (int64_t)about.st_size : 0;
}

/* ---- what came out: "validate.accuracy 0.8948", as METRICs are written ---- */
int nnrt_eval_print(const nnrt_run *run) {
  char text[64];
  for (int i = 0; i < run->default_phase.nafter; i++) {
    const nnrt_entry *e = &run->entries[run->asked[i].func];
    for (int k = 0; e->latest && k < e->latest->noutputs; k++) {
      const nnrt_output *out = &e->latest->outputs[k];
      if (out->count != 1) continue;
      nnrt_element_text(text, sizeof text, out->dtype, e->output + out->offset);
      printf("%s.%s %s\n", e->func->name, out->name, text);
    }
  }
  return NNRT_GOOD;
}
