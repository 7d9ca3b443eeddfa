/* epochs.c: the table of epochs that ends a run's progress (progress.c): means of steps over the epoch, values of
 * evaluations, seconds.
 *
 * It has a fixed number of rows: when they are taken, only every 5th epoch stays, later every 10th, 50th, 100th …, and
 * always the first and the latest. On a terminal, columns that do not fit are left to the log. */
#include "host.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { TABLE_EDGE = 5 + 2 + 7 }; /* epoch, seconds */

static bool row_stays(const nnrt_table *t, int i) {
  return t->rows[i].epoch == t->first || (t->rows[i].epoch + 1) % t->stride == 0;
}

/* What stays of the first n rows moves together. */
static void table_thin(nnrt_table *t) {
  t->stride *= t->five ? 2 : 5;
  t->five = !t->five;
  int kept = 0;
  for (int i = 0; i < t->n; i++)
    if (row_stays(t, i)) t->rows[kept++] = t->rows[i];
  t->n = kept;
}

void nnrt_table_add(nnrt_progress *p, double seconds) {
  nnrt_table *t = &p->table;
  if (!t->seen++) t->first = p->epoch, t->stride = 1;
  if (t->n && !row_stays(t, t->n - 1)) t->n--; /* it was the latest */
  if (t->n == NNRT_TABLE_ROWS) table_thin(t);
  struct nnrt_table_row *row = &t->rows[t->n++];
  *row = (struct nnrt_table_row){.epoch = p->epoch, .seconds = seconds};
  for (int i = 0; i < p->nshown; i++) {
    const nnrt_shown *s = &p->shown[i];
    row->seen[i] = s->epoch_count > 0;
    row->value[i] = nnrt_shown_passes(p, s) || !s->epoch_count ? s->value : s->epoch_sum / (double)s->epoch_count;
  }
}

/* ---- printing ---- */
static bool table_has(const nnrt_table *t, int column) {
  for (int i = 0; i < t->n; i++)
    if (t->rows[i].seen[column]) return true;
  return false;
}

/* Widths of the columns that are printed, 0 of the others; how many were left out. */
static int table_widths(const nnrt_progress *p, int width[NNRT_SHOWN_MAX]) {
  struct winsize window;
  char name[128];
  int room =
      isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) && window.ws_col ? window.ws_col : 1 << 20;
  int wide = TABLE_EDGE, left_out = 0;
  for (int i = 0; i < p->nshown; i++) {
    width[i] = 0;
    if (!table_has(&p->table, i)) continue;
    nnrt_shown_name(p, &p->shown[i], name, sizeof name);
    int n = nnrt_characters(name);
    if (n < 9) n = 9;
    if (wide + 2 + n <= room || wide == TABLE_EDGE)
      wide += 2 + n, width[i] = n;
    else
      left_out++;
  }
  return left_out;
}

static void table_head(const nnrt_progress *p, const int *width) {
  char name[128];
  printf("\nepoch");
  for (int i = 0; i < p->nshown; i++) {
    nnrt_shown_name(p, &p->shown[i], name, sizeof name);
    if (width[i]) printf("  %*s%s", width[i] - nnrt_characters(name), "", name);
  }
  printf("  seconds\n");
}

void nnrt_table_print(const nnrt_progress *p) {
  const nnrt_table *t = &p->table;
  int width[NNRT_SHOWN_MAX], left_out = table_widths(p, width);
  char value[64];
  table_head(p, width);
  for (int i = 0; i < t->n; i++) {
    const struct nnrt_table_row *row = &t->rows[i];
    printf("%5lld", (long long)row->epoch + 1);
    for (int k = 0; k < p->nshown; k++) {
      value[0] = 0;
      if (row->seen[k]) nnrt_shown_value(p, &p->shown[k], row->value[k], value, sizeof value);
      if (width[k]) printf("  %*s", width[k], value);
    }
    printf("  %7.2f\n", row->seconds);
  }
  if (t->stride > 1) printf("(of %lld epochs the first, every %dth and the latest)\n", (long long)t->seen, t->stride);
  if (left_out) printf("(%d more %s: --log tells all)\n", left_out, left_out == 1 ? "column" : "columns");
}
