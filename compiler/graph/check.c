/* check.c: what `nnc --check` runs: the gradients that a model asked for, against central differences in f64.
 *
 * Reads a Module as the front made it (graph->asked still lists the gradients) and evaluates without rounding: states
 * at their initial values, inputs made up but plausible (floats in [-1, 1], pixels, labels within their classes). For
 * each record, d (cotangent . y) / d x is compared element by element: every element of an x of up to 64, else the
 * largest gradient and elements spread evenly, at most 64, as many as the cost of one evaluation allows. Only what lies
 * between x and y is evaluated again. Constants for the derivative are constants here too: the cotangent and every
 * stop_gradient keep their first value.
 *
 * Kinks (relu, max, floor) have no derivative at a point: an element is judged only when the differences at two step
 * sizes agree; steps shrink three times, then it counts as skipped. What the differences leave in doubt (rounding,
 * 2 eps |f| / h, and their disagreement) must be below the bound too, and is taken off the error before it is judged.
 * Errors are relative to the larger of both values, or to a thirtieth of the tensor's largest gradient where that is
 * more: the differences of a tiny gradient are noise. */
#include "graph.h"

#include <float.h>
#include <math.h>

static const double ERROR_MAX = 1e-6;
static const double AGREE = 3e-7;  /* relative difference of two step sizes */
static const double BUDGET = 1e10; /* multiply-adds, about, for the samples of one module */
static const double STEPS[] = {1e-3, 2e-4, 2e-5, 2e-6};
enum { NSTEPS = 4, SAMPLES_MIN = 8, SAMPLES_MAX = 64, EVALUATIONS = 5 /* about, for one element */ };

typedef struct MadeUp {
  const Input *input;
  Value *value;
} MadeUp;

typedef struct Check {
  Arena *arena;
  const Module *m;
  Text *report;
  Value **states; /* by State.id; NULL: not yet worked out */
  VEC(MadeUp) inputs;
  uint64_t random;
  double cost; /* of one sample of every large x, in multiply-adds */
  int records;
  bool good;
} Check;

static double draw(Check *c) { /* in [0, 1): splitmix64 */
  uint64_t z = c->random += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* ---- states and inputs ---- */
static Value *check_state(void *context, const State *state);
static Value *check_input(void *context, const Input *input);

static Env check_env(Check *c, Arena *arena) {
  return (Env){.arena = arena, .state = check_state, .input = check_input, .context = c};
}

static Value *check_state(void *context, const State *state) {
  Check *c = context;
  if (c->states[state->id]) return c->states[state->id];
  Value *value = value_new(c->arena, state->dtype, state->shape);
  if (state == c->m->seed) {
    for (int64_t i = 0; i < shape_count(state->shape); ++i) value->i[i] = 1234 + i;
  } else if (state->init) {
    Env env = check_env(c, c->arena);
    value = graph_eval(state->init, &env)[state->init->outputs.at[0].node->id];
  }
  return c->states[state->id] = value;
}

/* Pixels are u8 fields with dimensions; other integers are labels or tokens. */
static double made_up_integer(Check *c, const Input *input) {
  const Source *source = input->source >= 0 ? c->m->sources.at[input->source] : NULL;
  if (input->dtype == DT_u8 && source && source->fields.at[input->field].shape.rank > 0) return floor(draw(c) * 256);
  return floor(draw(c) * (source && source->classes > 0 ? (double)source->classes : 10));
}

static double made_up(Check *c, const Input *input) {
  switch (input->kind) {
  case INPUT_hyper: return c->m->hypers.at[input->hyper]->value;
  case INPUT_first:
  case INPUT_last: return 0;
  case INPUT_epoch:
  case INPUT_weight: return 1;
  case INPUT_total_steps: return 100;
  default: break;
  }
  if (dtype_is_float(input->dtype)) return 2 * draw(c) - 1;
  if (input->dtype == DT_bool) return draw(c) < 0.5;
  return made_up_integer(c, input);
}

static Value *check_input(void *context, const Input *input) {
  Check *c = context;
  for (int i = 0; i < c->inputs.n; ++i)
    if (c->inputs.at[i].input == input) return c->inputs.at[i].value;
  Value *value = input->value ? value_of_tensor(c->arena, input->value) : NULL;
  if (!value) {
    value = value_new(c->arena, input->dtype, input->shape);
    for (int64_t i = 0; i < shape_count(input->shape); ++i) {
      double x = made_up(c, input);
      if (value->f)
        value->f[i] = x;
      else
        value->i[i] = (int64_t)x;
    }
  }
  MadeUp made = {input, value};
  vec_push(c->arena, c->inputs, made);
  return value;
}

/* ---- one record: y as a function of one x, all else fixed ---- */
typedef struct Cone {
  Check *c;
  Graph *graph;         /* what y needs, nothing else */
  Node **node;          /* in `graph`, by id in the function's graph; NULL outside */
  Value **given;        /* of `graph`, by its ids: what does not depend on x, and x */
  Value **base;         /* of the function's graph, by its ids */
  const Value *weights; /* the cotangent, or NULL: 1 */
  int y;                /* id in the function's graph */
  Value *x;             /* the variable */
  double middle;        /* the function's value at the point */
  double size;          /* sum of |weights * y|: what rounding noise is relative to */
} Cone;

static Node *cone_node(Graph *to, const Node *n, Node *const *in, void *context) {
  Cone *k = context;
  return k->node[n->id] = graph_copy_node(to, n, in);
}

static Cone *cone_new(Check *c, const Graph *g, const Asked *asked, Value **base) {
  Cone *k = NEW(c->arena, Cone);
  k->c = c, k->base = base, k->y = asked->y->id;
  k->node = NEW_N(c->arena, Node *, g->nodes.n);
  k->weights = asked->cotangent ? base[asked->cotangent->id] : NULL;
  Output y = {.name = "y", .node = asked->y, .loc = asked->loc};
  Graph cut = *g;
  cut.outputs.at = &y, cut.outputs.n = cut.outputs.cap = 1;
  cut.assigns.n = 0;
  k->graph = graph_rebuild(&cut, cone_node, k);
  const Value *value = base[k->y];
  for (int64_t i = 0; i < shape_count(value->shape); ++i)
    k->size += fabs(value->f[i] * (k->weights ? k->weights->f[i] : 1));
  return k;
}

static bool cone_depends(const Cone *k, const Node *n) { /* operands come first: theirs are settled */
  for (int i = 0; n->op != OP_stop_gradient && i < n->nin; ++i)
    if (!k->given[node_in(n, i)->id] || k->given[node_in(n, i)->id] == k->x) return true;
  return false;
}

/* Reads x as the variable; false when y does not need it. */
static bool cone_vary(Cone *k, const Graph *g, const Node *x) {
  if (!k->node[x->id]) return false;
  k->x = value_new(k->c->arena, x->dtype, x->shape);
  memcpy(k->x->f, k->base[x->id]->f, (size_t)shape_count(x->shape) * sizeof *k->x->f);
  k->given = NEW_N(k->c->arena, Value *, k->graph->nodes.n);
  for (int i = 0; i < g->nodes.n; ++i) {
    const Node *n = k->node[i];
    if (n && (g->nodes.at[i] == x || !cone_depends(k, n))) k->given[n->id] = g->nodes.at[i] == x ? k->x : k->base[i];
  }
  return true;
}

static double cone_value(const Cone *k) {
  Arena *arena = arena_new();
  Env env = check_env(k->c, arena);
  env.given = k->given;
  const Value *y = graph_eval(k->graph, &env)[k->node[k->y]->id];
  double sum = 0;
  for (int64_t i = 0; i < shape_count(y->shape); ++i) sum += y->f[i] * (k->weights ? k->weights->f[i] : 1);
  arena_free(arena);
  return sum;
}

/* Of one evaluation of what depends on x. */
static double cone_cost(const Cone *k) {
  double cost = 0;
  for (int i = 0; i < k->graph->nodes.n; ++i) {
    const Node *n = k->graph->nodes.at[i];
    double inner = 1;
    if (k->given[n->id]) continue;
    for (int d = 0; n->op == OP_dot && d < n->attr->axes.n; ++d)
      inner *= (double)n->in[0]->shape.dim[n->attr->axes.at[d]];
    cost += inner * (double)shape_count(n->shape);
  }
  return cost;
}

/* ---- elements ---- */
typedef struct Tally {
  int checked, skipped;
  double error;  /* the largest */
  double beyond; /* the largest that is left without what is in doubt */
} Tally;

typedef struct Difference {
  double slope; /* of the secant through both sides */
  double bend;  /* right slope minus left slope: shrinks with h where f is smooth, stays at a kink */
} Difference;

static Difference central_difference(const Cone *k, int64_t i, double h) {
  double *x = &k->x->f[i], x0 = *x, high = x0 + h, low = x0 - h;
  *x = high;
  double up = cone_value(k);
  *x = low;
  double down = cone_value(k);
  *x = x0;
  return (Difference){(up - down) / (high - low), (up - k->middle) / (high - x0) - (k->middle - down) / (x0 - low)};
}

static double largest3(double a, double b, double c) { return fmax(fabs(a), fmax(fabs(b), fabs(c))); }

/* Two steps that agree give a derivative without their h^2 term (Richardson); none that agree, or a bend that stays: a
 * kink. */
static void check_element(const Cone *k, int64_t i, double analytic, double least, Tally *t) {
  double unit = fmax(1, fabs(k->x->f[i]));
  Difference before = {0, 0}, d;
  for (int s = 0; s < NSTEPS; ++s, before = d) {
    double h = STEPS[s] * unit, noise = 8 * DBL_EPSILON * k->size / h;
    d = central_difference(k, i, h);
    double scale = largest3(d.slope, before.slope, least), gap = fabs(d.slope - before.slope);
    if (s == 0 || !(gap <= AGREE * scale + noise)) continue;
    if (fabs(d.bend) > 0.5 * fabs(before.bend) && fabs(d.bend) > AGREE * scale + 4 * noise) continue;
    double ratio = STEPS[s - 1] / STEPS[s], limit = d.slope + (d.slope - before.slope) / (ratio * ratio - 1);
    double error = fabs(analytic - limit), unit_of_error = largest3(analytic, limit, least), doubt = noise / 4 + gap;
    if (doubt > ERROR_MAX * unit_of_error) continue; /* too coarse to judge by */
    t->error = fmax(t->error, error / unit_of_error);
    t->beyond = fmax(t->beyond, (error - doubt) / unit_of_error);
    ++t->checked;
    return;
  }
  if (isfinite(before.slope) && isfinite(analytic))
    ++t->skipped;
  else
    ++t->checked, t->error = t->beyond = INFINITY;
}

static const char *tensor_name(const Check *c, const Node *x) {
  if (x->op == OP_state) return x->attr->state->name;
  if (x->op == OP_input) return x->attr->input->name;
  return x->name ? x->name : arena_printf(c->arena, "%%%d", x->id);
}

static int64_t largest_element(const Value *v) {
  int64_t largest = 0;
  for (int64_t i = 1; i < shape_count(v->shape); ++i)
    if (fabs(v->f[i]) > fabs(v->f[largest])) largest = i;
  return largest;
}

/* Every element when there are few; else the largest gradient and one of each of `samples` - 1 equal parts, at a place
 * that moves from try to try by the golden ratio, so that rows and columns of a matrix are met evenly too. A part whose
 * element lies at a kink gets two more tries. */
static Tally check_elements(const Cone *k, const Value *gradient, int samples) {
  int64_t count = shape_count(gradient->shape), largest = largest_element(gradient);
  double least = fmax(0.03 * fabs(gradient->f[largest]), DBL_MIN);
  Tally t = {0};
  bool all = count <= SAMPLES_MAX;
  if (!all) check_element(k, largest, gradient->f[largest], least, &t);
  for (int64_t i = 0; all && i < count; ++i) check_element(k, i, gradient->f[i], least, &t);
  int tries = 0;
  for (int s = 0; !all && s < samples - 1; ++s)
    for (int before = t.checked, end = tries + 3; t.checked == before && tries < end; ++tries) {
      double place = fmod(tries * 0.6180339887498949, 1), part = (double)count / (samples - 1);
      int64_t i = (int64_t)(part * (s + place));
      check_element(k, i, gradient->f[i], least, &t);
    }
  return t;
}

static void check_tensor(Check *c, Cone *k, const char *func, const Node *x, const Value *gradient, int samples) {
  k->middle = cone_value(k);
  Tally t = check_elements(k, gradient, samples);
  bool good = t.beyond <= ERROR_MAX;
  c->good = c->good && good, ++c->records;
  text_printf(c->report, "%s: %s %s: %d of %lld elements checked, %d skipped, max relative error %.2g%s\n", func,
              tensor_name(c, x), shape_text(c->arena, x->shape), t.checked, (long long)shape_count(x->shape), t.skipped,
              t.error, good ? t.checked ? "" : "  (no derivative at any sample)" : "  WRONG");
}

/* ---- functions ---- */
typedef struct Plan {
  const Func *func;
  const Asked *asked;
  Cone *cone;
  Value **base;
} Plan;
typedef VEC(Plan) Plans;

static void plan_func(Check *c, const Func *f, Plans *plans) {
  const Graph *g = f->variants.n ? f->variants.at[0].graph : NULL;
  if (!g || g->asked.n == 0) return;
  Env env = check_env(c, c->arena);
  Value **base = graph_eval(g, &env);
  for (int i = 0; i < g->asked.n; ++i) {
    const Asked *asked = &g->asked.at[i];
    Plan plan = {.func = f, .asked = asked, .cone = cone_new(c, g, asked, base), .base = base};
    vec_push(c->arena, *plans, plan);
    for (int x = 0; x < asked->n; ++x)
      if (shape_count(asked->xs[x]->shape) > SAMPLES_MAX && cone_vary(plan.cone, g, asked->xs[x]))
        c->cost += cone_cost(plan.cone) * EVALUATIONS;
  }
}

static void run_plan(Check *c, const Plan *p, int samples) {
  const Graph *g = p->func->variants.at[0].graph;
  for (int i = 0; i < p->asked->n; ++i) {
    const Node *x = p->asked->xs[i], *gradient = p->asked->gradients[i];
    if (!gradient || !cone_vary(p->cone, g, x)) continue;
    check_tensor(c, p->cone, p->func->name, x, p->base[gradient->id], samples);
  }
}

bool module_check(Text *report, const Module *m) {
  Check c = {.arena = arena_new(), .m = m, .report = report, .random = 1, .good = true};
  c.states = NEW_N(c.arena, Value *, m->states.n);
  Plans plans = {0};
  for (int i = 0; i < m->funcs.n; ++i) plan_func(&c, m->funcs.at[i], &plans);
  double samples = BUDGET / fmax(c.cost, 1);
  samples = fmin(fmax(samples, SAMPLES_MIN), SAMPLES_MAX);
  for (int i = 0; i < plans.n; ++i) run_plan(&c, &plans.at[i], (int)samples);
  if (c.records == 0) text_puts(report, "no function takes a gradient: nothing to check\n");
  arena_free(c.arena);
  return c.good;
}
