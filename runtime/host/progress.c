/* progress.c: what a person watching sees, on standard error: one line that is redrawn when that is a terminal, else a
 * plain line every few seconds and after each epoch; at the end, on standard output, a table of the epochs.
 *
 * Outputs of steps are shown as their mean since the last line (in the table: over the epoch), outputs of evaluations
 * as they are. What is called accuracy is printed as percent. Everything has a fixed size: nothing is allocated, and a
 * line is one write. */
#include "host.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PROGRESS_REDRAW 0.1 /* seconds between two states of the redrawn line */
#define PROGRESS_LINE 5.0   /* seconds between two plain lines */
enum { PROGRESS_TEXT = 512 };

/* ---- what is shown ---- */
static bool shown_is_evaluation(const nnrt_progress *p, const nnrt_shown *s) {
  return p->model->funcs[s->func].whole_pass;
}
static const char *shown_output(const nnrt_progress *p, const nnrt_shown *s) {
  return p->model->funcs[s->func].variants[0].outputs[s->output].name;
}

/* "loss" when there is one function of steps, else "critic.loss". */
static int shown_name(const nnrt_progress *p, const nnrt_shown *s, char *to, int size) {
  if (!p->several && !shown_is_evaluation(p, s)) return nnrt_text(to, size, 0, "%s", shown_output(p, s));
  return nnrt_text(to, size, 0, "%s.%s", p->model->funcs[s->func].name, shown_output(p, s));
}

static int shown_value(const nnrt_progress *p, const nnrt_shown *s, double value, char *to, int size) {
  if (!strcmp(shown_output(p, s), "accuracy") && !isnan(value)) return nnrt_text(to, size, 0, "%.2f %%", 100 * value);
  double a = fabs(value);
  if (isnan(value)) return nnrt_text(to, size, 0, "nan"); /* printf tells its sign, which differs by machine */
  return nnrt_text(to, size, 0, a == 0 || (a >= 1e-3 && a < 1e5) ? a < 10 ? "%.4f" : "%.1f" : "%.3e", value);
}

/* Names with a dot (gradient.0.weight: one of many) are for the log alone. */
static void shown_add(nnrt_progress *p, int func) {
  const nnrt_variant *v = &p->model->funcs[func].variants[0];
  for (int i = 0; i < v->noutputs && p->nshown < NNRT_SHOWN_MAX; i++)
    if (v->outputs[i].count == 1 && !strchr(v->outputs[i].name, '.'))
      p->shown[p->nshown++] = (nnrt_shown){.func = func, .output = i};
}

/* Steps first, then evaluations. */
static void shown_choose(nnrt_progress *p) {
  int steps = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int f = 0; f < p->model->nfuncs; f++)
      if ((p->model->funcs[f].whole_pass != 0) == pass) shown_add(p, f), steps += !pass;
  p->several = steps > 1;
}

void nnrt_progress_start(nnrt_progress *p, const nnrt_run *run) {
  struct winsize window;
  *p = (nnrt_progress){.model = run->model,
                       .quiet = run->options.quiet != 0,
                       .first = run->step,
                       .steps = run->step,
                       .total_steps = run->planned_steps,
                       .epochs = run->planned_epochs,
                       .columns = 80};
  p->terminal = isatty(STDERR_FILENO);
  if (p->terminal && !ioctl(STDERR_FILENO, TIOCGWINSZ, &window) && window.ws_col > 20) p->columns = window.ws_col;
  p->start = p->drawn_at = p->lined_at = p->epoch_start = nnrt_seconds();
  shown_choose(p);
}

void nnrt_progress_call(nnrt_progress *p, const nnrt_entry *entry, int func, double seconds) {
  p->evaluating += seconds;
  for (int i = 0; i < p->nshown; i++) {
    nnrt_shown *s = &p->shown[i];
    if (s->func != func || !entry->latest) continue;
    const nnrt_output *o = &entry->latest->outputs[s->output];
    s->value = nnrt_element(o->dtype, entry->output + o->offset);
    s->sum += entry->sums[s->output];
    s->epoch_sum += entry->sums[s->output];
    s->count += entry->gathered;
    s->epoch_count += entry->gathered;
    s->seen = 1;
  }
}

/* ---- lines ---- */
static int duration_text(char *to, int size, double seconds) {
  long long s = (long long)(seconds + 0.5);
  if (s < 3600) return nnrt_text(to, size, 0, "%lld:%02lld", s / 60, s % 60);
  return nnrt_text(to, size, 0, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

static int line_metrics(nnrt_progress *p, char *to, int size, int n, bool whole_epoch) {
  char name[128], value[64];
  for (int i = 0; i < p->nshown; i++) {
    nnrt_shown *s = &p->shown[i];
    if (!s->seen || (whole_epoch && !s->epoch_count)) continue;
    double mean = whole_epoch ? s->epoch_sum / (double)s->epoch_count : s->sum / (double)s->count, shown = s->value;
    if (!shown_is_evaluation(p, s) && (whole_epoch ? s->epoch_count : s->count) > 0) shown = mean;
    shown_name(p, s, name, sizeof name);
    shown_value(p, s, shown, value, sizeof value);
    n = nnrt_text(to, size, n, "  %s %s", name, value);
  }
  return n;
}

static void line_write(nnrt_progress *p, char *line, int n, bool stays) {
  char out[PROGRESS_TEXT + 16];
  if (p->terminal && n > p->columns - 1) n = p->columns - 1;
  int m = nnrt_text(out, sizeof out, 0, p->terminal ? "\r%.*s\033[K%s" : "%.*s%s", n, line,
                    stays || !p->terminal ? "\n" : "");
  nnrt_write_all(STDERR_FILENO, out, m);
  p->drawn = p->terminal && !stays;
}

static void progress_draw(nnrt_progress *p, int64_t step, int64_t epoch, double now) {
  char line[PROGRESS_TEXT], number[32], left[32];
  double spent = now - p->drawn_at, rate = spent > 0 ? (double)(p->rows_seen - p->drawn_rows) / spent : 0;
  int n = 0;
  if (p->epochs > 0)
    n = nnrt_text(line, sizeof line, n, "epoch %lld/%lld  ", (long long)epoch + 1, (long long)p->epochs);
  n = nnrt_text(line, sizeof line, n, "step %s", nnrt_grouped(number, step));
  if (p->total_steps > 0) n = nnrt_text(line, sizeof line, n, "/%s", nnrt_grouped(number, p->total_steps));
  n = line_metrics(p, line, sizeof line, n, false);
  if (rate > 0) n = nnrt_text(line, sizeof line, n, "  %s samples/s", nnrt_grouped(number, (int64_t)rate));
  if (step < p->total_steps && step > p->first) {
    duration_text(left, sizeof left, (now - p->start) / (double)(step - p->first) * (double)(p->total_steps - step));
    n = nnrt_text(line, sizeof line, n, "  %s left", left);
  }
  line_write(p, line, n, false);
  for (int i = 0; i < p->nshown; i++) p->shown[i].sum = 0, p->shown[i].count = 0;
  p->drawn_at = now;
  p->drawn_rows = p->rows_seen;
}

void nnrt_progress_step(nnrt_progress *p, int64_t step, int64_t epoch, int64_t rows) {
  p->steps = step;
  p->rows_seen += rows;
  if (p->quiet) return;
  double now = nnrt_seconds();
  if (now - p->drawn_at >= (p->terminal ? PROGRESS_REDRAW : PROGRESS_LINE)) progress_draw(p, step, epoch, now);
}

/* ---- epochs ---- */
static void table_add(nnrt_progress *p, int64_t epoch, double seconds) {
  struct nnrt_table_row *row = &p->rows[p->nrows++ % NNRT_TABLE_ROWS];
  row->epoch = epoch;
  row->seconds = seconds;
  for (int i = 0; i < p->nshown; i++) {
    const nnrt_shown *s = &p->shown[i];
    row->seen[i] = s->epoch_count > 0;
    row->value[i] = shown_is_evaluation(p, s) || !s->epoch_count ? s->value : s->epoch_sum / (double)s->epoch_count;
  }
}

void nnrt_progress_epoch(nnrt_progress *p, int64_t epoch) {
  double now = nnrt_seconds(), seconds = now - p->epoch_start;
  char line[PROGRESS_TEXT], number[32];
  table_add(p, epoch, seconds);
  if (!p->quiet) {
    int n = nnrt_text(line, sizeof line, 0, "epoch %lld", (long long)epoch + 1);
    if (p->epochs > 0) n = nnrt_text(line, sizeof line, n, "/%lld", (long long)p->epochs);
    n = line_metrics(p, line, sizeof line, n, true);
    int64_t rate = seconds > 0 ? (int64_t)((double)(p->rows_seen - p->epoch_rows) / seconds) : 0;
    n = nnrt_text(line, sizeof line, n, "  %s samples/s  %.2f s", nnrt_grouped(number, rate), seconds);
    line_write(p, line, n, true);
  }
  for (int i = 0; i < p->nshown; i++) {
    nnrt_shown *s = &p->shown[i];
    s->sum = s->epoch_sum = 0;
    s->count = s->epoch_count = 0;
    if (shown_is_evaluation(p, s)) s->seen = 0;
  }
  p->epoch_start = p->drawn_at = nnrt_seconds();
  p->epoch_rows = p->drawn_rows = p->rows_seen;
}

/* ---- the end ---- */
static bool table_has(const nnrt_progress *p, int column) {
  for (int i = 0; i < p->nrows && i < NNRT_TABLE_ROWS; i++)
    if (p->rows[i].seen[column]) return true;
  return false;
}

static void table_head(const nnrt_progress *p, int width[NNRT_SHOWN_MAX]) {
  char name[128];
  printf("\nepoch");
  for (int i = 0; i < p->nshown; i++) {
    width[i] = shown_name(p, &p->shown[i], name, sizeof name);
    if (width[i] < 9) width[i] = 9;
    if (table_has(p, i)) printf("  %*s", width[i], name);
  }
  printf("  seconds\n");
}

static void table_print(const nnrt_progress *p) {
  int width[NNRT_SHOWN_MAX], first = p->nrows > NNRT_TABLE_ROWS ? p->nrows - NNRT_TABLE_ROWS : 0;
  char value[64];
  table_head(p, width);
  if (first) printf("  ...  (%d epochs before)\n", first);
  for (int i = first; i < p->nrows; i++) {
    const struct nnrt_table_row *row = &p->rows[i % NNRT_TABLE_ROWS];
    printf("%5lld", (long long)row->epoch + 1);
    for (int k = 0; k < p->nshown; k++) {
      value[0] = 0;
      if (row->seen[k]) shown_value(p, &p->shown[k], row->value[k], value, sizeof value);
      if (table_has(p, k)) printf("  %*s", width[k], value);
    }
    printf("  %7.2f\n", row->seconds);
  }
}

void nnrt_progress_end(nnrt_progress *p, const char *why) {
  double seconds = nnrt_seconds() - p->start;
  char number[32], line[PROGRESS_TEXT];
  if (p->quiet) return;
  if (p->drawn) nnrt_write_all(STDERR_FILENO, "\n", 1);
  if (p->nrows) table_print(p);
  if (line_metrics(p, line, sizeof line, 0, true)) printf("%s%s\n", p->nrows ? "\nsince then:  " : "", line + 2);
  printf("%s%s steps in %.2f s", p->nrows ? "\n" : "", nnrt_grouped(number, p->steps - p->first), seconds);
  if (p->evaluating > 0) printf(": %.2f s of training, %.2f s of evaluation", seconds - p->evaluating, p->evaluating);
  printf("%s%s\n", why ? "; " : "", why ? why : "");
  fflush(stdout);
}
