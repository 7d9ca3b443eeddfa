/* plot.c: --plot FILE.svg: the curves of a run (curve.c) as a picture that any browser shows, in a light and a dark
 * dress, whichever the reader's screen wants: one file, no script, no font of its own.
 *
 * Panels stand below each other over the same steps: losses (what has "loss" in its name) in one, outputs between 0 and
 * 1 in another, every other name in one of its own. A colour is a function, the same in all panels; its second output
 * in a panel is dashed. A panel whose values are positive and span more than PLOT_LOG_SPAN has a logarithmic axis.
 *
 * The text is made in a buffer that was allocated before the first step and replaces the file as a whole (replace.c):
 * after each epoch, in a run without epochs every PLOT_SECONDS, but never for more than a twentieth of the time; and at
 * the end, however it comes. There are no times in it: two runs with the same bits draw the same picture. */
#include "host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PLOT_LOG_SPAN 50.0
#define PLOT_UNIT_LEAST 0.05 /* what never rises above it (a learning rate) is not drawn among accuracies */
#define PLOT_SECONDS 10.0
#define PLOT_SHARE 20 /* times as long as drawing took, it is not drawn again */
enum {
  PLOT_WIDE = 860,
  PLOT_LEFT = 72,
  PLOT_RIGHT = 836,
  PLOT_HEAD = 64,  /* above the first panel */
  PLOT_HIGH = 210, /* of the box of a panel */
  PLOT_ABOVE = 30, /* its title */
  PLOT_BELOW = 46, /* its steps */
  PLOT_ROW = 18,   /* of a legend */
  PLOT_DOTS = 40,  /* curves of fewer points have dots */
  PLOT_COLOURS = 8,
  PLOT_DASHES = 4,
  PLOT_ROOM = 1 << 14 /* of the text, besides as much a curve */
};

typedef struct nnrt_panel {
  char title[128];
  int kind, n, curves[NNRT_CURVES_MAX];
  nnrt_axis y;
} nnrt_panel;
enum { PANEL_LOSS, PANEL_UNIT, PANEL_OTHER };

typedef struct nnrt_drawing {
  const nnrt_run *run;
  const nnrt_curves *curves;
  char *to;
  int size, n;
  nnrt_axis x;
  nnrt_panel panels[NNRT_CURVES_MAX];
  int npanels;
} nnrt_drawing;

#define DRAW(...) d->n = nnrt_text(d->to, d->size, d->n, __VA_ARGS__)

/* ---- points ---- */
/* The point that is being made counts when it is of half of its calls: the mean of a few would stand out. */
static int curve_points(const nnrt_curve *c) {
  return c->n + (c->gathered > 0 && (!c->n || 2 * c->gathered >= c->calls));
}
static nnrt_point curve_point(const nnrt_curve *c, int i) { return i < c->n ? c->points[i] : nnrt_curve_open(c); }

static bool curve_range(const nnrt_curve *c, double *low, double *high) { /* widens it by what can be drawn */
  bool any = false;
  for (int i = 0; i < curve_points(c); i++) {
    double value = (double)curve_point(c, i).value;
    if (!isfinite(value)) continue;
    if (!(value >= *low)) *low = value;
    if (!(value <= *high)) *high = value;
    any = true;
  }
  return any;
}

/* ---- panels ---- */
static const char *curve_output(const nnrt_drawing *d, int curve) {
  const nnrt_curve *c = &d->curves->at[curve];
  return d->run->model->funcs[c->func].variants[0].outputs[c->output].name;
}

static int panel_kind(const nnrt_drawing *d, int curve) {
  double low = NAN, high = NAN;
  if (strstr(curve_output(d, curve), "loss")) return PANEL_LOSS;
  bool any = curve_range(&d->curves->at[curve], &low, &high);
  return any && low >= 0 && high <= 1 && high > PLOT_UNIT_LEAST ? PANEL_UNIT : PANEL_OTHER;
}

static void panel_add(nnrt_drawing *d, int curve) {
  static const char *const many[] = {"losses", "metrics"};
  int kind = panel_kind(d, curve), i = 0;
  char name[sizeof d->panels[0].title];
  nnrt_name_text(name, sizeof name, 0, curve_output(d, curve));
  for (; i < d->npanels; i++)
    if (d->panels[i].kind == kind && (kind != PANEL_OTHER || !strcmp(d->panels[i].title, name))) break;
  nnrt_panel *p = &d->panels[i];
  if (i == d->npanels) {
    *p = (nnrt_panel){.kind = kind};
    memcpy(p->title, name, sizeof name);
    d->npanels++;
  }
  if (strcmp(p->title, name)) nnrt_text(p->title, sizeof p->title, 0, "%s", many[kind]);
  p->curves[p->n++] = curve;
}

static void panel_axis(const nnrt_drawing *d, nnrt_panel *p) {
  double low = NAN, high = NAN;
  for (int i = 0; i < p->n; i++) curve_range(&d->curves->at[p->curves[i]], &low, &high);
  if (isnan(low)) low = 0, high = 1;
  if (p->kind != PANEL_UNIT && low > 0 && high / low > PLOT_LOG_SPAN)
    nnrt_axis_log(&p->y, low, high);
  else
    nnrt_axis_linear(&p->y, low, high, 5, true);
}

/* From 0 on, or from where the curves begin, late in a run that was resumed without them. */
static void steps_axis(nnrt_drawing *d) {
  double first = INFINITY, last = d->run->step > 0 ? (double)d->run->step : 1;
  for (int i = 0; i < d->curves->n; i++)
    if (curve_points(&d->curves->at[i])) first = fmin(first, curve_point(&d->curves->at[i], 0).step);
  nnrt_axis_linear(&d->x, first > last / 2 && first < last ? first : 0, last, 8, false);
}

static void panels_make(nnrt_drawing *d) {
  for (int kind = PANEL_LOSS; kind <= PANEL_OTHER; kind++)
    for (int i = 0; i < d->curves->n; i++)
      if (curve_points(&d->curves->at[i]) && panel_kind(d, i) == kind) panel_add(d, i);
  for (int i = 0; i < d->npanels; i++) panel_axis(d, &d->panels[i]);
  steps_axis(d);
}

/* ---- what a curve looks like ---- */
static int curve_colour(const nnrt_drawing *d, int curve) { /* functions in the order of the curves */
  int colour = 0;
  for (int i = 1; i <= curve; i++) colour += d->curves->at[i].func != d->curves->at[i - 1].func;
  return colour % PLOT_COLOURS;
}

static int curve_dash(const nnrt_drawing *d, const nnrt_panel *p, int at) {
  int dash = 0;
  for (int i = 0; i < at; i++) dash += d->curves->at[p->curves[i]].func == d->curves->at[p->curves[at]].func;
  return dash % PLOT_DASHES;
}

static void draw_style(nnrt_drawing *d) {
  static const char *const dresses[2][4 + PLOT_COLOURS] = {
      {"#fff", "#e3e7ee", "#1d2430", "#667085", "#2f6fde", "#d9731a", "#26935a", "#8e57c9", "#d1404d", "#1690a3",
       "#93683c", "#7b8494"},
      {"#171c25", "#2c3442", "#e6e9ef", "#98a2b3", "#7aa7f7", "#f0a35e", "#5fcf92", "#bb93ea", "#f2808a", "#5fd0e0",
       "#c9a27a", "#b4bccb"}};
  DRAW("<style>path{fill:none}.l{stroke-width:1.7;stroke-linejoin:round;stroke-linecap:round}.p{stroke-width:5;"
       "stroke-linecap:round}.b{font-weight:650}.k1{stroke-dasharray:7 5}.k2{stroke-dasharray:2 "
       "5}.k3{stroke-dasharray:9 4 2 4}\n");
  for (int dark = 0; dark < 2; dark++) {
    const char *const *dress = dresses[dark];
    if (dark) DRAW("@media (prefers-color-scheme:dark){");
    DRAW(".f{fill:%s}.g{stroke:%s}text{fill:%s}.s{fill:%s}", dress[0], dress[1], dress[2], dress[3]);
    for (int i = 0; i < PLOT_COLOURS; i++) DRAW(".c%d{stroke:%s}", i, dress[4 + i]);
    DRAW(dark ? "}</style>\n" : "\n");
  }
}

/* ---- texts ---- */
static void draw_name(nnrt_drawing *d, const char *name) { /* XML */
  for (; *name; name++) {
    const char *entity = *name == '&' ? "&amp;" : *name == '<' ? "&lt;" : *name == '>' ? "&gt;" : NULL;
    if (entity)
      DRAW("%s", entity);
    else
      DRAW("%c", *name);
  }
}

static int legend_name(const nnrt_drawing *d, int curve, char *to, int size) {
  const nnrt_curve *c = &d->curves->at[curve];
  char name[NNRT_CURVE_NAME];
  nnrt_curve_name(d->run, c, name);
  double last = (double)curve_point(c, curve_points(c) - 1).value;
  int n = nnrt_name_text(to, size < 96 ? size : 96, 0, name);
  if (isnan(last)) return nnrt_text(to, size, n, " nan");
  return nnrt_text(to, size, n, fabs(last) < 1e5 && fabs(last) >= 1e4 ? " %.0f" : " %.4g", last);
}

/* Entries from the title on, in as many rows as they need; draws: false only counts the rows. */
static int draw_legend(nnrt_drawing *d, const nnrt_panel *p, int y, bool draws) {
  char text[128];
  int at = PLOT_LEFT + 24 + 8 * nnrt_characters(p->title), left = at, rows = 1;
  for (int i = 0; i < p->n; i++) {
    legend_name(d, p->curves[i], text, sizeof text);
    int wide = 44 + 7 * nnrt_characters(text);
    if (at > left && at + wide > PLOT_RIGHT) at = left, rows++;
    if (draws) {
      int row = y + PLOT_ROW * (rows - 1);
      DRAW("<path class=\"l c%d k%d\" d=\"M%d %dh22\"/><text class=\"s\" x=\"%d\" y=\"%d\">",
           curve_colour(d, p->curves[i]), curve_dash(d, p, i), at, row - 4, at + 28, row);
      draw_name(d, text);
      DRAW("</text>\n");
    }
    at += wide;
  }
  return rows;
}

static void draw_head(nnrt_drawing *d) {
  const nnrt_run *run = d->run;
  char number[32], line[160], name[128];
  int n = nnrt_text(line, sizeof line, 0, "seed %llu", (unsigned long long)run->options.seed);
  for (int i = 0; i < run->model->nhypers && n < 110; i++)
    n = nnrt_text(line, sizeof line, n, " \u00b7 %s %g", run->model->hypers[i].name, run->options.hypers[i]);
  DRAW("<text class=\"b\" font-size=\"16\" x=\"24\" y=\"30\">");
  nnrt_name_text(name, sizeof name, 0, run->model->name);
  draw_name(d, name);
  DRAW("</text><text class=\"s\" x=\"24\" y=\"49\">");
  draw_name(d, line);
  DRAW("</text>\n<text class=\"s\" text-anchor=\"end\" x=\"%d\" y=\"30\">%s %s", PLOT_RIGHT,
       nnrt_grouped(number, run->step), run->step == 1 ? "step" : "steps");
  if (run->epoch > 0) DRAW(", %s %s", nnrt_grouped(number, run->epoch), run->epoch == 1 ? "epoch" : "epochs");
  DRAW("</text>\n");
}

/* ---- a panel ---- */
static double x_of(const nnrt_drawing *d, double step) {
  return PLOT_LEFT + (PLOT_RIGHT - PLOT_LEFT) * nnrt_axis_place(&d->x, step);
}

static double y_of(const nnrt_panel *p, int bottom, double value) {
  return bottom - PLOT_HIGH * nnrt_axis_place(&p->y, value);
}

static void draw_axes(nnrt_drawing *d, const nnrt_panel *p, int bottom) {
  char label[64];
  for (int i = 0; i < p->y.n; i++) {
    double y = y_of(p, bottom, p->y.ticks[i]);
    nnrt_axis_label(&p->y, i, label, sizeof label);
    DRAW("<path class=\"g\" d=\"M%d %.1fH%d\"/><text class=\"s\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%s</text>\n",
         PLOT_LEFT, y, PLOT_RIGHT, PLOT_LEFT - 9, y + 4, label);
  }
  for (int i = 0; i < d->x.n; i++) {
    double x = x_of(d, d->x.ticks[i]);
    nnrt_axis_label(&d->x, i, label, sizeof label);
    DRAW(
        "<path class=\"g\" d=\"M%.1f %dV%d\"/><text class=\"s\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>\n",
        x, bottom - PLOT_HIGH, bottom + 5, x, bottom + 20, label);
  }
}

/* A line through the points, broken where one cannot be drawn; few points are marked. */
static void draw_curve(nnrt_drawing *d, const nnrt_panel *p, int at, int bottom) {
  const nnrt_curve *c = &d->curves->at[p->curves[at]];
  int colour = curve_colour(d, p->curves[at]), points = curve_points(c);
  for (int dots = 0; dots <= (points < PLOT_DOTS); dots++) {
    bool on = false;
    DRAW("<path class=\"%c c%d", dots ? 'p' : 'l', colour);
    if (!dots) DRAW(" k%d", curve_dash(d, p, at));
    DRAW("\" d=\"");
    for (int i = 0; i < points; i++) {
      nnrt_point point = curve_point(c, i);
      bool drawn = isfinite(point.value);
      if (drawn)
        DRAW("%c%.1f %.1f%s", on && !dots ? 'L' : 'M', x_of(d, point.step), y_of(p, bottom, (double)point.value),
             dots ? "h0" : "");
      on = drawn;
    }
    DRAW("\"/>\n");
  }
}

static int draw_panel(nnrt_drawing *d, const nnrt_panel *p, int top) { /* where the next one begins */
  int rows = draw_legend(d, p, 0, false), bottom = top + PLOT_ABOVE + PLOT_ROW * (rows - 1) + PLOT_HIGH;
  DRAW("<text class=\"b\" x=\"%d\" y=\"%d\">", PLOT_LEFT, top + 14);
  draw_name(d, p->title);
  DRAW("</text>\n");
  draw_legend(d, p, top + 14, true);
  draw_axes(d, p, bottom);
  for (int i = 0; i < p->n; i++) draw_curve(d, p, i, bottom);
  DRAW("<text class=\"s\" text-anchor=\"end\" x=\"%d\" y=\"%d\">step</text>\n", PLOT_RIGHT, bottom + 36);
  return bottom + PLOT_BELOW;
}

static int panel_height(nnrt_drawing *d, const nnrt_panel *p) {
  return PLOT_ABOVE + PLOT_HIGH + PLOT_BELOW + PLOT_ROW * (draw_legend(d, p, 0, false) - 1);
}

/* The picture as text; its bytes, or -1 when there is no room. */
static int plot_text(const nnrt_run *run, char *to, int size) {
  nnrt_drawing drawing = {.run = run, .curves = run->curves, .to = to, .size = size}, *d = &drawing;
  int high = PLOT_HEAD, y = PLOT_HEAD;
  panels_make(d);
  for (int i = 0; i < d->npanels; i++) high += panel_height(d, &d->panels[i]);
  if (!d->npanels) high += PLOT_BELOW;
  DRAW("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-size=\"12\" "
       "font-family=\"system-ui,'DejaVu Sans',sans-serif\">\n",
       PLOT_WIDE, high, PLOT_WIDE, high);
  draw_style(d);
  DRAW("<rect class=\"f\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", PLOT_WIDE, high);
  draw_head(d);
  for (int i = 0; i < d->npanels; i++) y = draw_panel(d, &d->panels[i], y);
  if (!d->npanels) DRAW("<text class=\"s\" x=\"24\" y=\"%d\">nothing was told yet</text>\n", PLOT_HEAD + 20);
  DRAW("</svg>\n");
  return d->n < size - 1 ? d->n : -1;
}

/* ---- the file ---- */
int nnrt_plot_open(nnrt_run *run) {
  nnrt_plot *p = &run->plot;
  if (!run->curves) return NNRT_GOOD;
  p->size = PLOT_ROOM * (1 + run->curves->n);
  NNRT_TRY(nnrt_alloc(&run->error, &p->text, p->size, "--plot"));
  p->drawn_at = nnrt_seconds();
  NNRT_TRY(nnrt_replace_possible(&run->error, run->options.plot));
  p->ready = 1;
  return NNRT_GOOD;
}

void nnrt_plot_call(nnrt_run *run, const nnrt_entry *entry, int func) {
  for (int i = 0; run->curves && entry->latest && i < run->curves->n; i++)
    if (run->curves->at[i].func == func)
      nnrt_curve_add(&run->curves->at[i], run->step, nnrt_entry_mean(entry, run->curves->at[i].output));
}

int nnrt_plot_write(nnrt_error *error, nnrt_run *run) {
  nnrt_plot *p = &run->plot;
  nnrt_replacement r;
  if (!p->ready) return NNRT_GOOD;
  double start = nnrt_seconds();
  int n = plot_text(run, p->text, p->size);
  if (n < 0)
    return nnrt_fail(error, NNRT_FAILED, "%s: the picture is larger than %d bytes", run->options.plot, p->size);
  int status = nnrt_replace_begin(error, &r, run->options.plot);
  if (!status) status = nnrt_replace_end(error, &r, nnrt_write_all(r.descriptor, p->text, n));
  p->drawn_at = nnrt_seconds();
  p->took = p->drawn_at - start;
  return status;
}

/* epoch: one has just ended. */
bool nnrt_plot_due(const nnrt_run *run, bool epoch) {
  const nnrt_plot *p = &run->plot;
  if (!p->ready) return false;
  double since = nnrt_seconds() - p->drawn_at;
  return since >= PLOT_SHARE * p->took && (epoch || since >= PLOT_SECONDS);
}

void nnrt_plot_free(nnrt_run *run) {
  free(run->plot.text);
  free(run->curves);
}
