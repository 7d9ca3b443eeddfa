/* progress.c: what a person watching sees on standard error: one line that is redrawn when that is a terminal, else
 * plain lines, every few seconds at first and more and more rarely; the ends of epochs stay, unless there are too many.
 *
 * Outputs of steps are shown as their mean since the last line, outputs of evaluations as they are. What is called
 * accuracy is printed as percent. The line fits the window as wide as it is at that moment: what matters least is left
 * out. At the end, on standard output, the table of epochs (epochs.c). Everything has a fixed size: nothing is
 * allocated, and a line is one write. */
#include "host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PROGRESS_REDRAW 0.1 /* seconds between two states of the redrawn line */
#define PROGRESS_RATE 1.0   /* samples/s are counted over at least so many seconds */
#define PROGRESS_STAY 1.0   /* seconds between two ends of epochs that stay on a terminal */
#define PROGRESS_LINE 5.0   /* seconds between two plain lines, … */
#define PROGRESS_SHARE 0.05 /* … later this share of the time since the start, … */
#define PROGRESS_MOST 60.0  /* … but at most this */
enum { PROGRESS_TEXT = 640, PROGRESS_EPOCHS = 20 };

/* ---- what is shown ---- */
bool nnrt_shown_passes(const nnrt_progress *p, const nnrt_shown *s) { return p->model->funcs[s->func].whole_pass; }

static const nnrt_output *shown_output(const nnrt_progress *p, const nnrt_shown *s) {
  return &p->model->funcs[s->func].variants[0].outputs[s->output];
}

/* "loss" when there is one function of steps, else "critic.loss". */
int nnrt_shown_name(const nnrt_progress *p, const nnrt_shown *s, char *to, int size) {
  int n = 0;
  if (p->several || nnrt_shown_passes(p, s)) {
    n = nnrt_name_text(to, size, n, p->model->funcs[s->func].name);
    n = nnrt_text(to, size, n, ".");
  }
  return nnrt_name_text(to, size, n, shown_output(p, s)->name);
}

int nnrt_shown_value(const nnrt_progress *p, const nnrt_shown *s, double value, char *to, int size) {
  const nnrt_output *output = shown_output(p, s);
  if (!strcmp(output->name, "accuracy") && !isnan(value)) return nnrt_text(to, size, 0, "%.2f %%", 100 * value);
  double a = fabs(value);
  if (isnan(value)) return nnrt_text(to, size, 0, "nan"); /* printf tells its sign, which differs by machine */
  if (!nnrt_dtype_is_float(output->dtype) && a < 1e15 && a == floor(a)) return nnrt_text(to, size, 0, "%.0f", value);
  return nnrt_text(to, size, 0, a == 0 || (a >= 1e-3 && a < 1e5) ? a < 10 ? "%.4f" : "%.1f" : "%.3e", value);
}

static void shown_add(nnrt_progress *p, int func) {
  const nnrt_variant *v = &p->model->funcs[func].variants[0];
  for (int i = 0; i < v->noutputs && p->nshown < NNRT_SHOWN_MAX; i++)
    if (nnrt_output_watched(&v->outputs[i])) p->shown[p->nshown++] = (nnrt_shown){.func = func, .output = i};
}

/* Steps first, then evaluations. */
static void shown_choose(nnrt_progress *p) {
  int steps = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int f = 0; f < p->model->nfuncs; f++)
      if ((p->model->funcs[f].whole_pass != 0) == pass) shown_add(p, f), steps += !pass;
  p->several = steps > 1;
}

void nnrt_progress_start(nnrt_progress *p, nnrt_run *run) {
  const char *kind = getenv("TERM");
  *p = (nnrt_progress){.model = run->model,
                       .grids = &run->grids,
                       .quiet = run->options.quiet != 0,
                       .first = run->step,
                       .steps = run->step,
                       .total_steps = run->planned_steps,
                       .epoch = run->epoch,
                       .epochs = run->planned_epochs};
  p->terminal = isatty(STDERR_FILENO) && kind && strcmp(kind, "dumb") != 0;
  p->start = p->drawn_at = p->stayed_at = p->epoch_start = p->rated_at = nnrt_seconds();
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

/* ---- the line ---- */
typedef struct nnrt_line { /* how much of it is shown */
  int metrics;
  bool words, rate, epoch, total;
} nnrt_line;

static int duration_text(char *to, int size, double seconds) {
  long long s = seconds < 1e9 ? (long long)(seconds + 0.5) : 1000000000;
  if (s < 3600) return nnrt_text(to, size, 0, "%lld:%02lld", s / 60, s % 60);
  return nnrt_text(to, size, 0, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

/* Of steps the mean since the last line or, when nothing came since, what that one told; of evaluations the value. */
static double shown_now(const nnrt_progress *p, const nnrt_shown *s) {
  if (nnrt_shown_passes(p, s)) return s->value;
  return s->count > 0 ? s->sum / (double)s->count : s->told;
}

/* At most `most` of them; whole: of the epoch. */
static int line_metrics(const nnrt_progress *p, char *to, int size, int n, int most, bool whole) {
  char name[128], value[64];
  for (int i = 0; i < p->nshown && most > 0; i++) {
    const nnrt_shown *s = &p->shown[i];
    if (!s->seen || (whole && !s->epoch_count)) continue;
    double mean = whole && !nnrt_shown_passes(p, s) ? s->epoch_sum / (double)s->epoch_count : shown_now(p, s);
    nnrt_shown_name(p, s, name, sizeof name);
    nnrt_shown_value(p, s, mean, value, sizeof value);
    n = nnrt_text(to, size, n, "  %s %s", name, value);
    most--;
  }
  return n;
}

static int line_place(const nnrt_progress *p, const nnrt_line *l, char *to, int size, double now) {
  char number[32], left[32];
  int n = 0;
  if (p->epochs > 0 && l->epoch)
    n = nnrt_text(to, size, n, l->words ? "epoch %lld/%lld  step " : "%lld/%lld  ", (long long)p->epoch + 1,
                  (long long)p->epochs);
  else if (l->words)
    n = nnrt_text(to, size, n, "step ");
  n = nnrt_text(to, size, n, "%s", nnrt_grouped(number, p->steps));
  if (p->total_steps > 0 && l->total) n = nnrt_text(to, size, n, "/%s", nnrt_grouped(number, p->total_steps));
  n = line_metrics(p, to, size, n, l->metrics, false);
  if (p->passing) n = nnrt_text(to, size, n, "  %s %d %%", p->passing, p->passed);
  if (p->rate > 0 && l->rate && !p->passing)
    n = nnrt_text(to, size, n, "  %s samples/s", nnrt_grouped(number, (int64_t)p->rate));
  if (p->steps >= p->total_steps || p->steps <= p->first) return n;
  duration_text(left, sizeof left,
                (now - p->start) / (double)(p->steps - p->first) * (double)(p->total_steps - p->steps));
  return nnrt_text(to, size, n, l->words ? "  %s left" : "  -%s", left);
}

/* Of a line's characters the first `columns`: its bytes. */
static int line_cut(const char *line, int columns) {
  int n = 0;
  for (; line[n] && columns > 0; columns--) n += nnrt_character(line + n) ? nnrt_character(line + n) : 1;
  return n;
}

static int window_columns(const nnrt_progress *p) {
  struct winsize window;
  if (!p->terminal) return PROGRESS_TEXT;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) || !window.ws_col) return 80;
  return window.ws_col;
}

/* Left out in this order: samples/s, metrics from the last to the second, words, the epoch, the steps in all, the first
 * metric. */
static int line_fit(const nnrt_progress *p, char *line, int size, double now) {
  nnrt_line l = {p->nshown, true, true, true, true};
  int columns = window_columns(p) - 1;
  for (;;) {
    int n = line_place(p, &l, line, size, now);
    if (!line[line_cut(line, columns)]) return n;
    if (l.rate)
      l.rate = false;
    else if (l.metrics > 1)
      l.metrics--;
    else if (l.words)
      l.words = false;
    else if (l.epoch)
      l.epoch = false;
    else if (l.total)
      l.total = false;
    else if (l.metrics)
      l.metrics = 0;
    else
      return line_cut(line, columns);
  }
}

static void line_write(nnrt_progress *p, const char *line, int n, bool stays) {
  char out[PROGRESS_TEXT + 16];
  int m = nnrt_text(out, sizeof out, 0, p->terminal ? "\r%.*s\033[K%s" : "%.*s%s", n, line,
                    stays || !p->terminal ? "\n" : "");
  nnrt_write_all(STDERR_FILENO, out, m);
  p->drawn = p->terminal && !stays;
}

/* Something else is going to be written to the terminal. */
void nnrt_progress_clear(nnrt_progress *p) {
  if (p->drawn) nnrt_write_all(STDERR_FILENO, "\r\033[K", 4);
  p->drawn = 0;
}

/* An error message comes next: the line stays above it. */
void nnrt_progress_leave(nnrt_progress *p) {
  if (p->drawn) nnrt_write_all(STDERR_FILENO, "\n", 1);
  p->drawn = 0;
}

/* Rows of steps by the time that was not spent in evaluations, which counts when they are over. */
static void progress_rate(nnrt_progress *p, double now) {
  if (p->passing) return;
  double spent = now - p->rated_at - (p->evaluating - p->rated_evaluating);
  if (p->rated_rows > 0 && spent < PROGRESS_RATE) return;
  if (spent > 0) p->rate = (double)(p->rows_seen - p->rated_rows) / spent;
  if (spent < PROGRESS_RATE) return;
  p->rated_at = now;
  p->rated_rows = p->rows_seen;
  p->rated_evaluating = p->evaluating;
}

static void progress_draw(nnrt_progress *p, double now) {
  char line[PROGRESS_TEXT];
  progress_rate(p, now);
  line_write(p, line, line_fit(p, line, sizeof line, now), false);
  for (int i = 0; i < p->nshown; i++) {
    nnrt_shown *s = &p->shown[i];
    s->told = shown_now(p, s);
    s->sum = 0;
    s->count = 0;
  }
  p->drawn_at = now;
}

static double progress_interval(const nnrt_progress *p, double now) {
  double share = PROGRESS_SHARE * (now - p->start);
  return share < PROGRESS_LINE ? PROGRESS_LINE : share > PROGRESS_MOST ? PROGRESS_MOST : share;
}

/* Tables of outputs, as rarely as plain lines: at the end of an epoch or, when that takes too long, within it. The end
 * of the run has its own. */
static void progress_grids(nnrt_progress *p, double now, bool epoch) {
  double interval = progress_interval(p, now), since = now - (p->grids_at > 0 ? p->grids_at : p->start);
  bool over = p->total_steps > 0 && p->steps >= p->total_steps;
  if (p->quiet || over || !nnrt_grids_wait(p->grids)) return;
  if (epoch ? p->grids_at > 0 && since < interval : since < (p->epochs > 0 ? 2 : 1) * interval) return;
  nnrt_progress_clear(p);
  nnrt_grids_print(p->grids, p->model, p->steps, stderr);
  p->grids_at = now;
}

void nnrt_progress_step(nnrt_progress *p, int64_t step, int64_t epoch, int64_t rows) {
  p->steps = step;
  p->epoch = epoch;
  p->rows_seen += rows;
  if (p->quiet) return;
  double now = nnrt_seconds();
  if (now - p->drawn_at >= (p->terminal ? PROGRESS_REDRAW : progress_interval(p, now))) progress_draw(p, now);
  progress_grids(p, now, false);
}

/* Within a pass of an evaluation, which may take long. */
void nnrt_progress_pass(nnrt_progress *p, const nnrt_func *func, int64_t row, int64_t rows) {
  double now = p->quiet || !p->terminal ? p->drawn_at : nnrt_seconds();
  if (now - p->drawn_at < PROGRESS_REDRAW) return;
  p->passing = func->name;
  p->passed = (int)(100 * row / rows);
  progress_draw(p, now);
  p->passing = NULL;
}

/* ---- epochs ---- */
/* Left out in this order: samples/s, seconds, metrics from the last to the second. */
static int epoch_line(const nnrt_progress *p, char *line, int size, double seconds, double rate) {
  char number[32];
  int columns = window_columns(p) - 1;
  for (int out = 0;; out++) {
    int most = out > 2 ? p->nshown - (out - 2) : p->nshown;
    int n = nnrt_text(line, size, 0, "epoch %lld", (long long)p->epoch + 1);
    if (p->epochs > 0) n = nnrt_text(line, size, n, "/%lld", (long long)p->epochs);
    n = line_metrics(p, line, size, n, most, true);
    if (out < 1) n = nnrt_text(line, size, n, "  %s samples/s", nnrt_grouped(number, (int64_t)rate));
    if (out < 2) n = nnrt_text(line, size, n, "  %.2f s", seconds);
    int cut = line_cut(line, columns);
    if (!line[cut] || most <= 1) return cut;
  }
}

/* Of many short epochs not every one is worth a line. */
static bool epoch_stays(const nnrt_progress *p, double now) {
  bool last = p->epochs > 0 && p->epoch + 1 >= p->epochs;
  double since = now - p->stayed_at;
  return last || p->table.seen <= PROGRESS_EPOCHS || since >= (p->terminal ? PROGRESS_STAY : progress_interval(p, now));
}

static void epoch_tell(nnrt_progress *p, double seconds, double now) {
  char line[PROGRESS_TEXT];
  bool stays = epoch_stays(p, now);
  double training = seconds - (p->evaluating - p->epoch_evaluating);
  if (p->quiet || (!stays && !(p->terminal && now - p->drawn_at >= PROGRESS_REDRAW))) return;
  double rate = training > 0 ? (double)(p->rows_seen - p->epoch_rows) / training : 0;
  line_write(p, line, epoch_line(p, line, sizeof line, seconds, rate), stays);
  if (stays) p->stayed_at = now;
  p->drawn_at = now;
}

void nnrt_progress_epoch(nnrt_progress *p, int64_t epoch) {
  double now = nnrt_seconds(), seconds = now - p->epoch_start;
  p->epoch = epoch;
  nnrt_table_add(p, seconds);
  epoch_tell(p, seconds, now);
  progress_grids(p, now, true);
  for (int i = 0; i < p->nshown; i++) {
    nnrt_shown *s = &p->shown[i];
    s->told = s->epoch_count && !nnrt_shown_passes(p, s) ? s->epoch_sum / (double)s->epoch_count : s->value;
    s->sum = s->epoch_sum = 0;
    s->count = s->epoch_count = 0;
  }
  p->epoch_start = now;
  p->epoch_rows = p->rows_seen;
  p->epoch_evaluating = p->evaluating;
}

/* ---- the end ---- */
/* What no row of the table tells: of a run without epochs the latest values. */
static void end_metrics(const nnrt_progress *p) {
  char name[128], value[64];
  bool any = false;
  for (int i = 0; i < p->nshown; i++) {
    const nnrt_shown *s = &p->shown[i];
    if (!s->seen || !s->epoch_count) continue;
    bool mean = p->table.seen && !nnrt_shown_passes(p, s);
    nnrt_shown_name(p, s, name, sizeof name);
    nnrt_shown_value(p, s, mean ? s->epoch_sum / (double)s->epoch_count : s->value, value, sizeof value);
    if (!any) printf("%s", p->table.seen ? "\nsince then:" : "at the end:");
    printf("  %s %s", name, value);
    any = true;
  }
  if (any) printf("\n");
}

void nnrt_progress_end(nnrt_progress *p, const char *why) {
  double seconds = nnrt_seconds() - p->start;
  char number[32];
  if (p->quiet) return;
  nnrt_progress_clear(p);
  if (p->table.seen) nnrt_table_print(p);
  end_metrics(p);
  bool tables = nnrt_grids_wait(p->grids);
  if (tables) printf("\n");
  nnrt_grids_print(p->grids, p->model, p->steps, stdout);
  printf("%s%s steps in %.2f s", p->table.seen || tables ? "\n" : "", nnrt_grouped(number, p->steps - p->first),
         seconds);
  if (p->evaluating > 0) printf(": %.2f s of training, %.2f s of evaluation", seconds - p->evaluating, p->evaluating);
  printf("%s%s\n", why ? "; " : "", why ? why : "");
  fflush(stdout);
}
