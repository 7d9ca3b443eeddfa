/* show.h: to whom a run tells what happens: log, event files, curves, progress. A part of host.h. */
#ifndef NNRT_SHOW_H
#define NNRT_SHOW_H

#include "data.h"

#include <stdio.h>

/* ---- sink.c: a file that grows while the run goes on ---- */
typedef struct nnrt_sink {
  const char *flag, *path;
  unsigned char *buffer; /* NULL: none */
  int descriptor;
  int failed;                  /* errno of the first failed write */
  int told;                    /* of that failure */
  int64_t used, room, written; /* written: bytes of the file that are there */
  double flushed;
} nnrt_sink;
int nnrt_sink_open(nnrt_error *error, nnrt_sink *s, const char *flag, const char *path, int more, int64_t room);
void *nnrt_sink_room(nnrt_sink *s, int64_t n);
void nnrt_sink_flush(nnrt_sink *s);
void nnrt_sink_tick(nnrt_sink *s, double now); /* flushes what has waited */
void nnrt_sink_sync(nnrt_sink *s);             /* to the disk */
int nnrt_sink_close(nnrt_error *error, nnrt_sink *s);

/* ---- log.c: JSON Lines ---- */
int nnrt_log_open(nnrt_run *run);
void nnrt_log_call(nnrt_sink *log, int64_t step, int64_t epoch, const nnrt_entry *entry);

/* ---- events.c: TensorBoard ---- */
typedef struct nnrt_events {
  nnrt_sink sink;
  nnrt_crc crc;
  unsigned char *record; /* the one that is being made, in the sink's buffer */
  char path[NNRT_PATH_MAX];
} nnrt_events;
int nnrt_events_open(nnrt_run *run);
void nnrt_events_call(nnrt_events *e, int64_t step, const nnrt_entry *entry);

/* ---- curve.c, axis.c, plot.c: curves of outputs, and their picture ---- */
enum { NNRT_CURVES_MAX = 12, NNRT_CURVE_POINTS = 256, NNRT_CURVE_NAME = 512, NNRT_TICKS_MAX = 24 };
typedef struct nnrt_point {
  double step;
  float value;
} nnrt_point;
typedef struct nnrt_curve {
  int func, output, n;
  int64_t calls, gathered; /* calls of a point; of the one that is being made so far */
  double steps, sum;       /* over these */
  nnrt_point points[NNRT_CURVE_POINTS];
} nnrt_curve;
typedef struct nnrt_curves {
  int n;
  nnrt_curve at[NNRT_CURVES_MAX];
} nnrt_curves;
bool nnrt_output_watched(const nnrt_output *output);
int nnrt_curves_open(nnrt_run *run);
void nnrt_curve_add(nnrt_curve *c, int64_t step, double value);
nnrt_point nnrt_curve_open(const nnrt_curve *c);
int nnrt_curve_name(const nnrt_run *run, const nnrt_curve *c, char to[NNRT_CURVE_NAME]);
int64_t nnrt_curves_room(const nnrt_run *run); /* of all of them as text */
int nnrt_curve_text(const nnrt_curve *c, char *to, int size, int n);

typedef struct nnrt_axis {
  double low, high, ticks[NNRT_TICKS_MAX];
  int n, decimals;
  bool log;
} nnrt_axis;
void nnrt_axis_linear(nnrt_axis *a, double low, double high, int n, bool whole);
void nnrt_axis_log(nnrt_axis *a, double low, double high);
double nnrt_axis_place(const nnrt_axis *a, double x);
int nnrt_axis_label(const nnrt_axis *a, int tick, char *to, int size);

typedef struct nnrt_plot {
  char *text; /* NULL: no --plot */
  int size, ready, told;
  double drawn_at, took;
} nnrt_plot;
int nnrt_plot_open(nnrt_run *run);
void nnrt_plot_call(nnrt_run *run, const nnrt_entry *entry, int func);
bool nnrt_plot_due(const nnrt_run *run, bool epoch);
int nnrt_plot_write(nnrt_error *error, nnrt_run *run);
void nnrt_plot_free(nnrt_run *run);

/* ---- grid.c: tables of outputs that are many of a kind ---- */
enum { NNRT_GRID_COLUMNS = 8 };
typedef struct nnrt_cell nnrt_cell;
typedef struct nnrt_grid_column {
  const char *name;
  int length;
} nnrt_grid_column;
typedef struct nnrt_grid { /* of one function; n = 0: it has none */
  int n, columns, width;   /* width: of the names of rows */
  nnrt_grid_column column[NNRT_GRID_COLUMNS];
  nnrt_cell *cells;
  int64_t calls; /* since it was printed */
} nnrt_grid;
typedef struct nnrt_grids {
  int n;
  nnrt_grid *at; /* by function */
} nnrt_grids;
int nnrt_grids_open(nnrt_run *run);
void nnrt_grids_call(nnrt_grids *all, const nnrt_entry *entry, int func);
bool nnrt_grids_wait(const nnrt_grids *all); /* is there anything to print? */
void nnrt_grids_print(nnrt_grids *all, const nnrt_model *model, int64_t step, FILE *to);
void nnrt_grids_free(nnrt_grids *all);

/* ---- progress.c, epochs.c ---- */
enum { NNRT_SHOWN_MAX = 12, NNRT_TABLE_ROWS = 64 };
typedef struct nnrt_shown { /* a scalar output that is shown: of a step its mean, of an evaluation its value */
  int func, output, seen;
  double sum, epoch_sum, value, told; /* told: by the latest line */
  int64_t count, epoch_count;
} nnrt_shown;
typedef struct nnrt_table {
  int n, stride, five; /* epochs that stay are a stride apart; five: it becomes twice as long next, else five times */
  int64_t seen, first; /* epochs in all, the first one's number */
  struct nnrt_table_row {
    int64_t epoch;
    double seconds, value[NNRT_SHOWN_MAX];
    int seen[NNRT_SHOWN_MAX];
  } rows[NNRT_TABLE_ROWS];
} nnrt_table;
typedef struct nnrt_progress {
  int quiet, terminal, drawn, nshown, several;
  const nnrt_model *model;
  nnrt_grids *grids;
  nnrt_shown shown[NNRT_SHOWN_MAX];
  nnrt_table table;
  double start, drawn_at, stayed_at, epoch_start; /* stayed_at: when the latest end of an epoch was told */
  double grids_at;                                /* when the tables were printed; 0: never */
  double evaluating, epoch_evaluating;            /* seconds spent in passes; when the epoch began */
  double rate, rated_at, rated_evaluating;        /* samples/s, since when they are counted */
  int64_t first, steps, total_steps, epoch, epochs;
  int64_t rows_seen, epoch_rows, rated_rows;
  const char *passing; /* the function whose pass goes on, or NULL */
  int passed;          /* percent of it */
} nnrt_progress;
void nnrt_progress_start(nnrt_progress *p, nnrt_run *run);
void nnrt_progress_call(nnrt_progress *p, const nnrt_entry *entry, int func, double seconds);
void nnrt_progress_pass(nnrt_progress *p, const nnrt_func *func, int64_t row, int64_t rows);
void nnrt_progress_step(nnrt_progress *p, int64_t step, int64_t epoch, int64_t rows);
void nnrt_progress_epoch(nnrt_progress *p, int64_t epoch);
void nnrt_progress_clear(nnrt_progress *p);
void nnrt_progress_leave(nnrt_progress *p);
void nnrt_progress_end(nnrt_progress *p, const char *why);
bool nnrt_shown_passes(const nnrt_progress *p, const nnrt_shown *s);
int nnrt_shown_name(const nnrt_progress *p, const nnrt_shown *s, char *to, int size);
int nnrt_shown_value(const nnrt_progress *p, const nnrt_shown *s, double value, char *to, int size);
void nnrt_table_add(nnrt_progress *p, double seconds);
void nnrt_table_print(const nnrt_progress *p);

/* ---- show.c ---- */
int nnrt_show_open(nnrt_run *run);
void nnrt_show_call(nnrt_run *run, int func, double seconds);
void nnrt_show_pass(nnrt_run *run, const nnrt_func *func, int64_t row, int64_t rows);
void nnrt_show_step(nnrt_run *run, int64_t rows);
void nnrt_show_epoch(nnrt_run *run);
void nnrt_show_sync(nnrt_run *run);
int nnrt_show_close(nnrt_error *error, nnrt_run *run);
#endif
