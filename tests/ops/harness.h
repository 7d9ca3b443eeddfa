/* harness.h: what the tests of ops share: random tensors, a graph over f64 inputs, its value by the evaluator, and the
 * check of first and second derivatives against central differences.
 *
 * For y = f(x…) and fixed random weights w, v…:  L = sum(w * y), its gradients g_k = dL/dx_k, M = sum_k sum(v_k * g_k),
 * and M's gradients. L's differences check the first derivative, M's the second. Differences are those of fourth order
 * (five points), whose own error is about 1e-12 for the functions here; the bound is 1e-6 relative. */
#ifndef NNC_TEST_OPS_HARNESS_H
#define NNC_TEST_OPS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "graph/graph.h"

#include <math.h>

enum { X_MAX = 3 };

typedef struct Trial {
  const char *label;
  Arena *arena;
  Graph *g;
  int nx;
  Input input[X_MAX];
  Node *x[X_MAX];
  Value *value[X_MAX]; /* of the inputs */
  Node *y;
} Trial;

static uint64_t random_state = 0x9E3779B97F4A7C15u;
static inline double random_unit(void) { /* xorshift64*, in (0, 1) */
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return ((double)((random_state * 0x2545F4914F6CDD1Du) >> 12) + 0.5) / 0x1p52;
}
static inline double random_in(double low, double high) { return low + (high - low) * random_unit(); }

static inline Value *trial_input(void *context, const Input *input) {
  Trial *t = context;
  return t->value[input - t->input];
}

static inline void trial_begin(Trial *t, const char *label, int nx, const Shape *shapes) {
  *t = (Trial){.label = label, .arena = arena_new(), .nx = nx};
  t->g = graph_new(t->arena, label);
  for (int k = 0; k < nx; ++k) {
    t->input[k] = (Input){INPUT_value, "x", DT_f64, shapes[k], -1, -1, -1, NULL, {label, 1, NULL}};
    t->x[k] = graph_input(t->g, &t->input[k]);
    t->value[k] = value_new(t->arena, DT_f64, shapes[k]);
    for (int64_t i = 0; i < shape_count(shapes[k]); ++i) t->value[k]->f[i] = random_in(-2, 2);
  }
}

static inline void trial_end(Trial *t) { arena_free(t->arena); }

static inline Value **trial_eval(Trial *t, Arena *arena) {
  Env env = {.arena = arena, .input = trial_input, .context = t};
  return graph_eval(t->g, &env);
}

/* A scalar of the graph at the current inputs. */
static inline double trial_scalar(Trial *t, const Node *n) {
  Arena *arena = arena_new();
  double f = trial_eval(t, arena)[n->id]->f[0];
  arena_free(arena);
  return f;
}

static inline Node *weighted_sum(Trial *t, Node *n) {
  Value *w = value_new(t->arena, DT_f64, n->shape);
  for (int64_t i = 0; i < shape_count(n->shape); ++i) w->f[i] = random_in(0.5, 1.5);
  Node *product = graph_op2(t->g, OP_mul, n, graph_const_tensor(t->g, tensor_of_value(t->arena, w), n->loc));
  Axes all = {.n = n->shape.rank};
  for (int d = 0; d < n->shape.rank; ++d) all.at[d] = d;
  return graph_reduce(t->g, OP_sum, product, all);
}

static inline double difference(Trial *t, const Node *scalar, double *x, double h) {
  double at = *x, f[4];
  const double offset[4] = {-2, -1, 1, 2};
  for (int k = 0; k < 4; ++k) {
    *x = at + offset[k] * h;
    f[k] = trial_scalar(t, scalar);
  }
  *x = at;
  return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

static inline void check_close(const Trial *t, const char *what, double got, double expected, double bound) {
  double scale = fmax(1e-2, fmax(fabs(got), fabs(expected)));
  if (!(fabs(got - expected) <= bound * scale))
    fail_msg("%s: %s: %.17g, expected %.17g", t->label, what, got, expected);
}

/* Gradients of `scalar` with respect to all inputs against differences; fills g[] (NULL: does not depend). */
static inline void check_gradient(Trial *t, const char *what, Node *scalar, Node **g) {
  graph_gradient(t->g, scalar, NULL, t->nx, t->x, g);
  graph_verify(t->g);
  Arena *arena = arena_new();
  Value **values = trial_eval(t, arena);
  for (int k = 0; k < t->nx; ++k) {
    if (g[k]) assert_true(shape_equal(g[k]->shape, t->x[k]->shape) && g[k]->dtype == DT_f64);
    for (int64_t i = 0; i < shape_count(t->x[k]->shape); ++i) {
      double expected = difference(t, scalar, &t->value[k]->f[i], 1e-3);
      check_close(t, what, g[k] ? values[g[k]->id]->f[i] : 0, expected, 1e-6);
    }
  }
  arena_free(arena);
}

/* First and second derivatives of t->y; returns how many inputs have a gradient. */
static inline int check_derivatives(Trial *t) {
  Node *first[X_MAX] = {NULL}, *second[X_MAX] = {NULL}, *m = NULL;
  int some = 0;
  check_gradient(t, "first derivative", weighted_sum(t, t->y), first);
  for (int k = 0; k < t->nx; ++k) {
    if (!first[k]) continue;
    ++some;
    Node *share = weighted_sum(t, first[k]);
    m = m ? graph_op2(t->g, OP_add, m, share) : share;
  }
  if (m) check_gradient(t, "second derivative", m, second);
  return some;
}
#endif
