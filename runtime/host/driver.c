/* driver.c: nnrt_main, the whole life of a built program: flags, arithmetic check, data, arenas, threads, initial
 * values, the schedule, and the end in the right order, whatever failed.
 *
 * Everything is allocated and opened before the first step; what cannot work is refused there. The run's result is the
 * exit code: 0, 1 (something failed: one line on standard error says what), 2 (the command line is wrong), 128 +
 * signal. SIGINT and SIGTERM let the step finish and end the run cleanly (a checkpoint and weights are written if they
 * are asked for); a second one ends the process at once. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- signals: the only state outside nnrt_run ---- */
static volatile sig_atomic_t signal_seen;

int nnrt_signalled(void) { return signal_seen; }

/* A second one, of the same kind (SA_RESETHAND) or of the other, ends the process. */
static void signal_note(int number) {
  if (signal_seen) {
    signal(number, SIG_DFL);
    raise(number);
  }
  signal_seen = number;
}

/* The first two are noted. SIGXFSZ (RLIMIT_FSIZE) and SIGPIPE (who read our output or log is gone) would end the
 * process, and with it weights that are not saved yet; ignored, they are errors of write, which are told. */
enum { SIGNALS = 4, SIGNALS_NOTED = 2 };
static const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGXFSZ, SIGPIPE};

static void signals_catch(struct sigaction before[SIGNALS]) {
  struct sigaction note = {.sa_handler = signal_note, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  sigemptyset(&note.sa_mask);
  signal_seen = 0;
  for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], i < SIGNALS_NOTED ? &note : &ignore, &before[i]);
  if (before[0].sa_handler == SIG_IGN) sigaction(SIGINT, &before[0], NULL); /* nohup, a shell's background job */
}

static void signals_release(const struct sigaction before[SIGNALS]) {
  for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &before[i], NULL);
}

/* ---- standard input, output and error ---- */
/* One that is closed (>&-) would be the next file that is opened, and what is said to the user would go into that. What
 * stands there instead can be neither read nor written, as if it were closed. */
static void standard_open(void) {
  for (int descriptor = 0; descriptor <= STDERR_FILENO; descriptor++)
    if (fcntl(descriptor, F_GETFD) < 0) (void)!open("/dev/null", descriptor ? O_RDONLY : O_WRONLY);
}

/* Is everything that was printed where it should be? */
static int standard_end(nnrt_error *error, int status) {
  errno = 0;
  if ((!fflush(stdout) && !ferror(stdout)) || status) return status;
  return nnrt_fail(error, NNRT_FAILED, "standard output: cannot be written%s%s", errno ? ": " : "",
                   errno ? strerror(errno) : "");
}

/* ---- set up ---- */
static int sources_open(nnrt_run *run, int whole) {
  const nnrt_model *m = run->model;
  char *need;
  int status = NNRT_GOOD;
  NNRT_TRY(nnrt_alloc(&run->error, &need, m->nsources, "the sources"));
  nnrt_schedule_needs(run, whole, need);
  for (int i = 0; i < m->nsources && !status; i++) {
    nnrt_stream *s = &run->streams[i];
    if (!need[i] || s->reader.format) continue;
    *s = (nnrt_stream){.source = &m->sources[i],
                       .index = i,
                       .seed = run->options.seed,
                       .tokens = run->tokens,
                       .shuffle = m->sources[i].shuffle && !run->options.no_shuffle};
    status = nnrt_stream_open(&run->error, s, run->options.data[i]);
  }
  free(need);
  return status;
}

/* A run that ends within its first epoch does not open what only later calls would read; --bench no more than its own.
 */
static int data_open(nnrt_run *run) {
  const nnrt_model *m = run->model;
  NNRT_TRY(nnrt_alloc(&run->error, &run->streams, m->nsources * (int64_t)sizeof *run->streams, "the sources"));
  NNRT_TRY(nnrt_alloc(&run->error, &run->cursors, m->nsources * (int64_t)sizeof *run->cursors, "the sources"));
  NNRT_TRY(sources_open(run, 0));
  for (int f = 0; f < m->nfuncs; f++) NNRT_TRY(nnrt_entries_check(run, f));
  if (run->options.bench >= 0 || !nnrt_schedule_whole(run)) {
    run->planned_steps = run->limit >= 0 ? run->limit : run->options.bench;
    return NNRT_GOOD;
  }
  NNRT_TRY(sources_open(run, 1));
  for (int f = 0; f < m->nfuncs; f++) NNRT_TRY(nnrt_entries_check(run, f));
  return nnrt_schedule_count(run);
}

/* Each arena is one allocation. */
static int arenas_allocate(nnrt_run *run) {
  const nnrt_model *m = run->model;
  NNRT_TRY(nnrt_alloc(&run->error, &run->memory.params, m->params_bytes, "the parameters"));
  NNRT_TRY(nnrt_alloc(&run->error, &run->memory.state, m->state_bytes, "the state"));
  NNRT_TRY(nnrt_alloc(&run->error, &run->memory.scratch, m->scratch_bytes, "the scratch arena"));
  return NNRT_GOOD;
}

static int values_initialise(nnrt_run *run) {
  const nnrt_model *m = run->model;
  if (run->resumed) return nnrt_resume_restore(run);
  uint32_t seed[2] = {(uint32_t)run->options.seed, (uint32_t)(run->options.seed >> 32)};
  if (m->seed_offset >= 0) memcpy(run->memory.state + m->seed_offset, seed, sizeof seed);
  if (m->init) nnrt_pool_run(run->pool, m->init, &run->memory);
  if (m->init) NNRT_TRY(nnrt_trap_check(run, m->init, "the initial values"));
  if (run->options.init) NNRT_TRY(nnrt_weights_begin(run));
  return NNRT_GOOD;
}

static int run_prepare(nnrt_run *run) {
  const char *broken = nnrt_floats_check();
  if (broken)
    return nnrt_fail(&run->error, NNRT_FAILED, "this build cannot keep its promise of equal bits: %s", broken);
  NNRT_TRY(nnrt_resume_open(run));
  NNRT_TRY(nnrt_predict_plan(run));
  NNRT_TRY(nnrt_words_open(run));
  NNRT_TRY(nnrt_entries_build(run));
  NNRT_TRY(nnrt_schedule_plan(run));
  NNRT_TRY(data_open(run));
  NNRT_TRY(nnrt_files_apart(run));
  NNRT_TRY(arenas_allocate(run));
  nnrt_entries_constants(run);
  run->threads = (int)run->options.threads;
  NNRT_TRY(nnrt_pool_start(&run->error, &run->pool, run->threads));
  NNRT_TRY(nnrt_profile_prepare(run));
  run->prefetch.streams = run->streams;
  run->prefetch.entries = run->entries;
  run->prefetch.nentries = run->model->nfuncs;
  NNRT_TRY(nnrt_prefetch_start(&run->error, &run->prefetch));
  NNRT_TRY(values_initialise(run));
  if (run->options.bench < 0 && !run->options.profile) NNRT_TRY(nnrt_writers_open(run));
  if (run->options.save) NNRT_TRY(nnrt_weights_possible(&run->error, run->model, run->options.save));
  NNRT_TRY(nnrt_curves_open(run));
  NNRT_TRY(nnrt_checkpoint_prepare(run));
  NNRT_TRY(nnrt_predict_open(run));
  return nnrt_show_open(run);
}

/* ---- the run ---- */
/* What a run leaves, also one that a signal ended: weights are saved even where a checkpoint could not be. */
static int run_keep(nnrt_run *run, int status) {
  const char *path = run->options.save;
  int kept = status >= 128 ? nnrt_checkpoint_signal(run) : NNRT_GOOD;
  nnrt_error late = {0};
  int saved = path ? nnrt_weights_save(&late, run->model, &run->memory, path, NULL) : NNRT_GOOD;
  if (saved && !kept) run->error = late;
  return kept ? kept : saved ? saved : status;
}

/* A resumed run takes --steps and --epochs from its checkpoint: that nothing was left to do is easily a surprise. */
static void tell_over(const nnrt_run *run) {
  char text[160];
  nnrt_text(text, sizeof text, 0, "the run was over after step %lld: a larger --steps or --epochs makes it longer",
            (long long)run->step);
  nnrt_say(run->model, text);
}

static int run_train(nnrt_run *run) {
  char why[64] = "";
  bool resumed = run->options.resuming && run->step > 0 && nnrt_trains(&run->options);
  int64_t from = run->step;
  nnrt_progress_start(&run->progress, run);
  int status = nnrt_schedule_run(run);
  if (status >= 128) nnrt_text(why, sizeof why, 0, "stopped by a signal");
  run->progress.steps = run->step; /* the one in which a signal came is done, too */
  if (status == NNRT_GOOD || status >= 128) nnrt_progress_end(&run->progress, why[0] ? why : NULL);
  nnrt_progress_leave(&run->progress);
  if (status == NNRT_GOOD && resumed && run->step == from) tell_over(run);
  return status == NNRT_GOOD || status >= 128 ? run_keep(run, status) : status;
}

static int run_profile(nnrt_run *run) {
  run->progress.quiet = 1;
  int status = nnrt_schedule_run(run);
  return status == NNRT_OVER || status == NNRT_GOOD ? nnrt_profile_end(run) : status;
}

static int run_asked(nnrt_run *run) {
  if (run->options.bench >= 0) return nnrt_bench(run);
  if (run->options.profile) return run_profile(run);
  int status = run_train(run);
  return status || !run->options.eval ? status : nnrt_eval_print(run);
}

static void run_end(nnrt_run *run) {
  nnrt_prefetch_stop(&run->prefetch);
  nnrt_pool_stop(run->pool);
  for (int i = 0; run->streams && i < run->model->nsources; i++) nnrt_stream_close(&run->streams[i]);
  nnrt_values_free(run);
  nnrt_tokens_close(run->tokens);
  nnrt_entries_free(run);
  nnrt_checkpoint_free(run);
  nnrt_resume_free(run);
  nnrt_profile_free(run);
  nnrt_predict_free(run);
  free(run->asked);
  free(run->streams);
  free(run->cursors);
  free(run->memory.params);
  free(run->memory.state);
  free(run->memory.scratch);
}

static int run_whole(nnrt_run *run) {
  int status = run_prepare(run);
  if (!status) status = run_asked(run);
  status = nnrt_predict_close(run, status);
  nnrt_error late = {0}, earlier = run->error;
  if (nnrt_writers_close(run)) {
    if (status)
      run->error = earlier;
    else
      status = run->error.status;
  }
  if (nnrt_show_close(&late, run) && !status) run->error = late, status = late.status;
  run_end(run);
  return status;
}

/* ---- what the command line asks for ---- */
static const char *program_name(int argc, char **argv, const nnrt_model *model) {
  if (argc < 1 || !argv[0] || !argv[0][0]) return model->name;
  const char *slash = strrchr(argv[0], '/');
  return slash && slash[1] ? slash + 1 : argv[0];
}

static bool inform(const nnrt_model *model, const nnrt_options *o, const char *program) {
  if (o->help)
    nnrt_help_print(model, program);
  else if (o->version)
    nnrt_version_print(model);
  else if (o->list_parameters)
    nnrt_parameters_print(model);
  else
    return false;
  return true;
}

static int report(const nnrt_run *run, int status, const char *program) {
  char line[1400];
  int n = 0;
  if (status == NNRT_GOOD || (status >= 128 && run->options.quiet)) return status;
  n = nnrt_text(line, sizeof line, n, "%s: %s\n", program, run->error.text);
  if (status == NNRT_USAGE)
    n = nnrt_text(line, sizeof line, n, "usage: %s %s ... (--help lists all flags)\n", program,
                  nnrt_only_predicts(run->model)
                      ? "--predict FILE --init FILE [-o FILE] [--threads N]"
                      : "[--epochs N] [--steps N] [--seed N] [--threads N] [--data NAME=PATH]");
  nnrt_write_all(2, line, n);
  return status;
}

int nnrt_main(const nnrt_model *model, int argc, char **argv) {
  const char *program = program_name(argc, argv, model);
  struct sigaction before[SIGNALS];
  nnrt_error error = {0};
  nnrt_run *run;
  standard_open();
  if (nnrt_alloc(&error, &run, sizeof *run, "the run")) return NNRT_FAILED;
  uint64_t floats = nnrt_floats_enter();
  run->model = model;
  int status = nnrt_options_read(&run->error, &run->options, model, argc, argv);
  if (!status && !inform(model, &run->options, program)) {
    signals_catch(before);
    status = run_whole(run);
    signals_release(before);
  }
  status = report(run, standard_end(&run->error, status), program);
  nnrt_options_free(&run->options);
  free(run);
  nnrt_floats_leave(floats);
  return status;
}
