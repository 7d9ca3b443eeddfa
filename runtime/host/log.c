/* log.c: --log FILE: JSON Lines, one object for each time that the schedule comes to a function:
 *
 *   {"step":1,"epoch":0,"func":"train","loss":2.31415367}
 *   {"step":468,"epoch":0,"func":"validate","loss":0.4182317,"accuracy":0.8493}
 *
 * step counts from 1 (0: before the first), epoch from 0; then every scalar output by its name, of several calls
 * ({ f, times = 5 }) the mean; one that is called step, epoch or func goes by FUNC.NAME. Numbers read back to the same
 * bits (%.9g for f32, %.17g for f64); NaN and infinities are the texts "nan", "inf", "-inf", since JSON has none. There
 * are no times in it: two runs with the same bits write the same file.
 *
 * Lines gather in a buffer (sink.c), written when it is full, after each epoch, once a second, and at the end. */
#include "host.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { LOG_LINE_MAX = 1 << 15, LOG_VALUE_MAX = 32 };

/* A name as a JSON string. */
static int log_name(char *to, int at, const char *name) {
  at = nnrt_text(to, LOG_LINE_MAX, at, "\"");
  at = nnrt_json_text(to, LOG_LINE_MAX, at, name);
  return nnrt_text(to, LOG_LINE_MAX, at, "\"");
}

/* An output's name; behind its function's where every line has a member of that name. */
static int log_output(char *to, int at, const nnrt_func *func, const nnrt_output *o) {
  static const char *const taken[] = {"step", "epoch", "func"};
  char name[512];
  bool plain = true;
  for (int i = 0; i < 3; i++) plain = plain && strcmp(o->name, taken[i]) != 0;
  if (plain) return log_name(to, at, o->name);
  nnrt_text(name, sizeof name, 0, "%s.%s", func->name, o->name);
  return log_name(to, at, name);
}

/* Bytes that the line of a function may take: what it cannot hold is refused before the first step. */
static int log_line_check(nnrt_error *error, const nnrt_func *func) {
  char name[LOG_LINE_MAX];
  int64_t bytes = 256;
  for (int i = 0; i < func->variants[0].noutputs; i++)
    if (func->variants[0].outputs[i].count == 1)
      bytes += log_output(name, 0, func, &func->variants[0].outputs[i]) + LOG_VALUE_MAX;
  if (bytes <= LOG_LINE_MAX) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_FAILED, "--log: the outputs of %s need lines of %lld bytes, %d are supported",
                   func->name, (long long)bytes, LOG_LINE_MAX);
}

/* A run that is resumed, or trains nothing, goes on behind the first `kept` bytes; in a file that is not there or empty
 * it begins. */
int nnrt_log_open(nnrt_run *run) {
  const char *path = run->options.log;
  int64_t kept = nnrt_trains(&run->options) ? nnrt_resume_number(run, "nnrt", "log") : nnrt_eval_logged(run);
  struct stat about;
  if (!path) return NNRT_GOOD;
  for (int f = 0; f < run->model->nfuncs; f++) NNRT_TRY(log_line_check(&run->error, &run->model->funcs[f]));
  NNRT_TRY(nnrt_sink_open(&run->error, &run->log, "--log", path, kept ? 0 : O_TRUNC, 2 * LOG_LINE_MAX));
  if (!kept || fstat(run->log.descriptor, &about) || !about.st_size) return NNRT_GOOD;
  run->log.written = kept;
  return nnrt_file_cut(&run->error, path, run->log.descriptor, kept);
}

/* One call's value reads back to its bits; several have a mean, of the output's float or f64. */
static int log_value(const nnrt_entry *entry, int output, char *to, int size) {
  const nnrt_output *o = &entry->latest->outputs[output];
  if (entry->gathered <= 1) return nnrt_element_text(to, size, o->dtype, entry->output + o->offset);
  double mean = nnrt_entry_mean(entry, output);
  float single = (float)mean;
  if (o->dtype == NNRT_f32) return nnrt_element_text(to, size, NNRT_f32, &single);
  return nnrt_element_text(to, size, NNRT_f64, &mean);
}

void nnrt_log_call(nnrt_sink *log, int64_t step, int64_t epoch, const nnrt_entry *entry) {
  if (!log->buffer || !entry->latest) return;
  char *line = nnrt_sink_room(log, LOG_LINE_MAX);
  int n =
      nnrt_text(line, LOG_LINE_MAX, 0, "{\"step\":%lld,\"epoch\":%lld,\"func\":", (long long)step, (long long)epoch);
  n = log_name(line, n, entry->func->name);
  for (int i = 0; i < entry->latest->noutputs && n < LOG_LINE_MAX - 256; i++) {
    const nnrt_output *o = &entry->latest->outputs[i];
    if (o->count != 1) continue;
    n = nnrt_text(line, LOG_LINE_MAX, n, ",");
    n = log_output(line, n, entry->func, o);
    n = nnrt_text(line, LOG_LINE_MAX, n, ":");
    n += log_value(entry, i, line + n, LOG_LINE_MAX - n);
  }
  log->used += nnrt_text(line, LOG_LINE_MAX, n, "}\n");
}
