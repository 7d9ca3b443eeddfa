/* curve.c: how scalar outputs went over a run, in constant memory: what --plot draws (plot.c) and checkpoints keep.
 *
 * A curve is at most NNRT_CURVE_POINTS points, each the mean over equally many calls, at their mean step. When all are
 * taken, neighbours become one and every further point is of twice as many calls: a run of any length has between half
 * of the points and all of them, evenly over its calls. A mean with a NaN or an infinity in it is none: a gap. */
#include "host.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINT_TEXT = 48, CURVE_HEAD = 160 }; /* a point as text, at most; what stands before the points */

/* Outputs that people watch: numbers, which flags are not, by names without a dot (gradient.0.weight: one of many). */
bool nnrt_output_watched(const nnrt_output *o) {
  return o->count == 1 && o->dtype != NNRT_bool && !strchr(o->name, '.');
}

/* Steps first, then evaluations. */
static void curves_choose(nnrt_curves *c, const nnrt_model *m) {
  for (int pass = 0; pass < 2; pass++)
    for (int f = 0; f < m->nfuncs; f++) {
      const nnrt_variant *v = &m->funcs[f].variants[0];
      for (int i = 0; i < v->noutputs && c->n < NNRT_CURVES_MAX; i++)
        if ((m->funcs[f].whole_pass != 0) == pass && nnrt_output_watched(&v->outputs[i]))
          c->at[c->n++] = (nnrt_curve){.func = f, .output = i, .calls = 1};
    }
}

/* ---- as text, in checkpoints ---- */
int nnrt_curve_name(const nnrt_run *run, const nnrt_curve *c, char to[NNRT_CURVE_NAME]) {
  const nnrt_func *f = &run->model->funcs[c->func];
  return nnrt_text(to, NNRT_CURVE_NAME, 0, "%s.%s", f->name, f->variants[0].outputs[c->output].name);
}

int64_t nnrt_curves_room(const nnrt_run *run) {
  return run->curves ? run->curves->n * (int64_t)(CURVE_HEAD + NNRT_CURVE_POINTS * POINT_TEXT + 6 * NNRT_CURVE_NAME)
                     : 0;
}

int nnrt_curve_text(const nnrt_curve *c, char *to, int size, int n) {
  n = nnrt_text(to, size, n, "%d %" PRId64 " %" PRId64 " %.17g %.17g", c->n, c->calls, c->gathered, c->steps, c->sum);
  for (int i = 0; i < c->n; i++)
    n = nnrt_text(to, size, n, " %.17g %.9g", c->points[i].step, (double)c->points[i].value);
  return n;
}

static bool curve_read(nnrt_curve *c, const char *text) {
  char *end = NULL;
  double head[5], pair[2];
  for (int i = 0; i < 5; i++, text = end) {
    head[i] = strtod(text, &end);
    if (end == text) return false;
  }
  if (!(head[0] >= 0 && head[0] < NNRT_CURVE_POINTS && head[1] >= 1 && head[1] < 0x1p62)) return false;
  if (!(head[2] >= 0 && head[2] < head[1])) return false;
  for (int i = 0; i < (int)head[0]; i++) {
    for (int k = 0; k < 2; k++, text = end) {
      pair[k] = strtod(text, &end);
      if (end == text) return false;
    }
    c->points[i] = (nnrt_point){pair[0], (float)pair[1]};
  }
  c->n = (int)head[0], c->calls = (int64_t)head[1], c->gathered = (int64_t)head[2];
  c->steps = head[3], c->sum = head[4];
  return true;
}

/* A checkpoint of a run without --plot has no curves: they begin where it goes on. */
static int curves_resume(nnrt_run *run) {
  char key[NNRT_CURVE_NAME], *text;
  int size = CURVE_HEAD + NNRT_CURVE_POINTS * POINT_TEXT;
  NNRT_TRY(nnrt_alloc(&run->error, &text, size, "the curves"));
  for (int i = 0; i < run->curves->n; i++) {
    nnrt_curve *c = &run->curves->at[i], read = *c;
    nnrt_curve_name(run, c, key);
    if (nnrt_resume_note(run, "curve", key, text, size) && curve_read(&read, text)) *c = read;
  }
  free(text);
  return NNRT_GOOD;
}

/* ---- the run ---- */
int nnrt_curves_open(nnrt_run *run) {
  if (!run->options.plot || run->options.bench >= 0) return NNRT_GOOD;
  NNRT_TRY(nnrt_alloc(&run->error, &run->curves, sizeof *run->curves, "the curves"));
  curves_choose(run->curves, run->model);
  return run->resumed ? curves_resume(run) : NNRT_GOOD;
}

static void curve_halve(nnrt_curve *c) {
  for (int i = 0; i < NNRT_CURVE_POINTS / 2; i++) {
    const nnrt_point *a = &c->points[2 * i], *b = a + 1;
    c->points[i] = (nnrt_point){(a->step + b->step) / 2, (float)(((double)a->value + (double)b->value) / 2)};
  }
  c->n = NNRT_CURVE_POINTS / 2;
  c->calls *= 2;
}

void nnrt_curve_add(nnrt_curve *c, int64_t step, double value) {
  c->steps += (double)step;
  c->sum += value;
  if (++c->gathered < c->calls) return;
  c->points[c->n++] = nnrt_curve_open(c);
  c->steps = c->sum = 0;
  c->gathered = 0;
  if (c->n == NNRT_CURVE_POINTS) curve_halve(c);
}

/* The point that is being made of calls so far. */
nnrt_point nnrt_curve_open(const nnrt_curve *c) {
  double n = (double)c->gathered;
  return (nnrt_point){c->steps / n, (float)(c->sum / n)};
}
