/* show.c: to whom a run tells what happens: the person who watches (progress.c), the log (log.c), TensorBoard
 * (events.c), the curves (plot.c). The schedule tells of calls, steps and epochs here, once.
 *
 * What cannot be written (a full disk) does not end the run: the weights are worth more. The user is told when it
 * happens, and at the end the exit code is 1. */
#include "host.h"

#include <string.h>

int nnrt_show_open(nnrt_run *run) {
  NNRT_TRY(nnrt_log_open(run));
  if (run->options.bench >= 0) return NNRT_GOOD;
  NNRT_TRY(nnrt_events_open(run));
  NNRT_TRY(nnrt_grids_open(run));
  return nnrt_plot_open(run);
}

/* ---- failures ---- */
static void show_lost(nnrt_run *run, const char *what) {
  char line[1400];
  nnrt_progress_clear(&run->progress);
  nnrt_text(line, sizeof line, 0, "%s; the run goes on", what);
  nnrt_say(run->model, line);
}

static void sink_watch(nnrt_run *run, nnrt_sink *s) {
  char text[NNRT_PATH_MAX + 128];
  if (!s->failed || s->told) return;
  nnrt_text(text, sizeof text, 0, "%s %s: is incomplete: %s", s->flag, s->path, strerror(s->failed));
  show_lost(run, text);
  s->told = true;
}

/* The next picture replaces the file as a whole: only the last one has to succeed. */
static void show_picture(nnrt_run *run) {
  nnrt_error error = {0};
  if (!nnrt_plot_write(&error, run) || run->plot.told) return;
  show_lost(run, error.text);
  run->plot.told = true;
}

/* ---- what happens ---- */
/* At any time between two calls or batches: what waited long enough is written. */
static void show_tick(nnrt_run *run) {
  if (!run->log.buffer && !run->events.sink.buffer) return;
  double now = nnrt_seconds();
  nnrt_sink_tick(&run->log, now);
  nnrt_sink_tick(&run->events.sink, now);
  sink_watch(run, &run->log);
  sink_watch(run, &run->events.sink);
}

/* The function was called as often as its act says; seconds: of a pass. */
void nnrt_show_call(nnrt_run *run, int func, double seconds) {
  const nnrt_entry *e = &run->entries[func];
  nnrt_log_call(&run->log, run->step, run->epoch, e);
  nnrt_events_call(&run->events, run->step, e);
  nnrt_plot_call(run, e, func);
  nnrt_grids_call(&run->grids, e, func);
  nnrt_progress_call(&run->progress, e, func, seconds);
  show_tick(run);
}

/* A pass has come to a row. */
void nnrt_show_pass(nnrt_run *run, const nnrt_func *func, int64_t row, int64_t rows) {
  nnrt_progress_pass(&run->progress, func, row, rows);
  show_tick(run);
}

void nnrt_show_step(nnrt_run *run, int64_t rows) {
  nnrt_progress_step(&run->progress, run->step, run->epoch, rows);
  if (nnrt_plot_due(run, false)) show_picture(run);
}

void nnrt_show_epoch(nnrt_run *run) {
  nnrt_progress_epoch(&run->progress, run->epoch);
  nnrt_sink_flush(&run->log);
  nnrt_sink_flush(&run->events.sink);
  show_tick(run);
  if (nnrt_plot_due(run, true)) show_picture(run);
}

/* With a checkpoint: what was told up to here is on the disk. */
void nnrt_show_sync(nnrt_run *run) {
  nnrt_sink_sync(&run->log);
  nnrt_sink_sync(&run->events.sink);
}

/* The first failure is the one that is handed on. */
int nnrt_show_close(nnrt_error *error, nnrt_run *run) {
  nnrt_error ignored;
  int status = nnrt_sink_close(error, &run->log);
  int other = nnrt_sink_close(status ? &ignored : error, &run->events.sink);
  status = status ? status : other;
  other = nnrt_plot_write(status ? &ignored : error, run);
  nnrt_plot_free(run);
  nnrt_grids_free(&run->grids);
  return status ? status : other;
}
