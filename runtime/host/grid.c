/* grid.c: outputs that are many of a kind, by their names COLUMN.ROW (gradient.0.weight), as a table a function:
 *
 *   step 1,404, means of 468 calls of train:
 *                 weight   gradient     update      ratio
 *   0.weight       19.91     0.1324    0.01872  0.0009404
 *
 * It is what a person sees of nn.train's `watch`: a table of means since the one before, with the lines of progress
 * though not as often, and at the end. Rows are in the order of the model's states, then by name; columns as below,
 * then as they come. All memory is there before the first step. */
#include "host.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRID_COLUMN_WIDTH = 11, GRID_TEXT = 512, GRID_NAME = 128 };
static const char *const grid_first[] = {"weight", "gradient", "update", "ratio"};

struct nnrt_cell {
  const char *row;
  int output, column, place; /* place: of the state of that name */
  double sum;
};

/* ---- which there are ---- */
/* Where the name of its row begins, or NULL: it belongs to none. */
static const char *grid_row(const nnrt_output *o) {
  const char *dot = o->count == 1 && o->dtype != NNRT_bool ? strchr(o->name, '.') : NULL;
  return dot && dot > o->name && dot[1] ? dot + 1 : NULL;
}

/* Gives the column of that name its number, also a new one; -1: there are too many. */
static int grid_column(nnrt_grid *g, const char *name, int length) {
  for (int i = 0; i < g->columns; i++)
    if (g->column[i].length == length && !memcmp(g->column[i].name, name, (size_t)length)) return i;
  if (g->columns == NNRT_GRID_COLUMNS) return -1;
  g->column[g->columns] = (nnrt_grid_column){name, length};
  return g->columns++;
}

static void grid_first_columns(nnrt_grid *g, const nnrt_variant *v) {
  for (int k = 0; k < (int)(sizeof grid_first / sizeof *grid_first); k++)
    for (int i = 0; i < v->noutputs; i++) {
      const char *row = grid_row(&v->outputs[i]);
      size_t length = strlen(grid_first[k]);
      if (row && (size_t)(row - 1 - v->outputs[i].name) == length && !memcmp(v->outputs[i].name, grid_first[k], length))
        grid_column(g, grid_first[k], (int)length);
    }
}

static int grid_place(const nnrt_model *m, const char *row) {
  for (int i = 0; i < m->nstates; i++)
    if (!strcmp(m->states[i].name, row)) return i;
  return INT_MAX;
}

static int cell_compare(const void *a, const void *b) {
  const nnrt_cell *x = a, *y = b;
  if (x->place != y->place) return x->place < y->place ? -1 : 1;
  int rows = strcmp(x->row, y->row);
  return rows ? rows : x->column - y->column;
}

static int grid_open(nnrt_run *run, nnrt_grid *g, const nnrt_variant *v) {
  NNRT_TRY(nnrt_alloc(&run->error, &g->cells, v->noutputs * (int64_t)sizeof *g->cells, "the table of outputs"));
  grid_first_columns(g, v);
  for (int i = 0; i < v->noutputs; i++) {
    const char *row = grid_row(&v->outputs[i]);
    int column = row ? grid_column(g, v->outputs[i].name, (int)(row - 1 - v->outputs[i].name)) : -1;
    if (column < 0) continue;
    g->cells[g->n++] = (nnrt_cell){.row = row, .output = i, .column = column, .place = grid_place(run->model, row)};
    int width = nnrt_characters(row);
    if (width > g->width) g->width = width < GRID_NAME ? width : GRID_NAME - 1;
  }
  if (g->n) qsort(g->cells, (size_t)g->n, sizeof *g->cells, cell_compare);
  return NNRT_GOOD;
}

int nnrt_grids_open(nnrt_run *run) {
  nnrt_grids *all = &run->grids;
  if (run->options.quiet || !nnrt_trains(&run->options)) return NNRT_GOOD;
  NNRT_TRY(nnrt_alloc(&run->error, &all->at, run->model->nfuncs * (int64_t)sizeof *all->at, "tables of outputs"));
  for (; all->n < run->model->nfuncs; all->n++)
    NNRT_TRY(grid_open(run, &all->at[all->n], &run->model->funcs[all->n].variants[0]));
  return NNRT_GOOD;
}

void nnrt_grids_free(nnrt_grids *all) {
  for (int i = 0; i < all->n; i++) free(all->at[i].cells);
  free(all->at);
}

/* ---- what happens ---- */
void nnrt_grids_call(nnrt_grids *all, const nnrt_entry *entry, int func) {
  if (!all->n || !entry->latest) return;
  nnrt_grid *g = &all->at[func];
  for (int i = 0; i < g->n; i++) g->cells[i].sum += entry->sums[g->cells[i].output];
  g->calls += entry->gathered;
}

/* ---- the tables ---- */
static void grid_head(const nnrt_grid *g, FILE *to) {
  fprintf(to, "%*s", g->width, "");
  for (int i = 0; i < g->columns; i++) fprintf(to, "%*.*s", GRID_COLUMN_WIDTH, g->column[i].length, g->column[i].name);
  fputs("\n", to);
}

/* The row that begins at cell i; -> the next one. */
static int grid_line(const nnrt_grid *g, int i, FILE *to) {
  char line[GRID_TEXT], name[GRID_NAME];
  const char *row = g->cells[i].row;
  nnrt_name_text(name, sizeof name, 0, row);
  int pad = g->width - nnrt_characters(name), n = nnrt_text(line, sizeof line, 0, "%s%*s", name, pad > 0 ? pad : 0, "");
  for (int column = 0; column < g->columns; column++) {
    const nnrt_cell *c = &g->cells[i];
    bool there = i < g->n && c->column == column && !strcmp(c->row, row);
    double mean = there ? c->sum / (double)g->calls : 0;
    if (!there || isnan(mean)) /* printf tells the sign of a NaN, which differs by machine */
      n = nnrt_text(line, sizeof line, n, "%*s", GRID_COLUMN_WIDTH, there ? "nan" : "");
    else
      n = nnrt_text(line, sizeof line, n, "%*.4g", GRID_COLUMN_WIDTH, mean);
    i += there;
  }
  fprintf(to, "%s\n", line);
  return i;
}

static void grid_print(nnrt_grid *g, const char *func, int64_t step, FILE *to) {
  char steps[32], calls[32], name[GRID_NAME];
  if (!g->n || !g->calls) return;
  nnrt_name_text(name, sizeof name, 0, func);
  fprintf(to, "step %s, means of %s calls of %s:\n", nnrt_grouped(steps, step), nnrt_grouped(calls, g->calls), name);
  grid_head(g, to);
  for (int i = 0; i < g->n;) i = grid_line(g, i, to);
  for (int i = 0; i < g->n; i++) g->cells[i].sum = 0;
  g->calls = 0;
}

bool nnrt_grids_wait(const nnrt_grids *all) {
  for (int i = 0; i < all->n; i++)
    if (all->at[i].n && all->at[i].calls) return true;
  return false;
}

void nnrt_grids_print(nnrt_grids *all, const nnrt_model *model, int64_t step, FILE *to) {
  for (int i = 0; i < all->n; i++) grid_print(&all->at[i], model->funcs[i].name, step, to);
}
