/* conv_case.h: one convolution, or one of its gradients, as a whole program, for test_convolution.c and bench_dot.c,
 * and the chain of fmas that every result must equal.
 *
 *   y [N,O,P,P] = sum over (c, r, s) of w [O,C,K,K] * x [N,C,H,H] padded, in steps of `stride`
 *   dx          = the same of dy padded and w reversed, over (o, r, s)           stride 1
 *   dw [O,C,K,K] = sum over (n, p, q) of dy * x padded, in slices fixed by the shape */
#ifndef NNC_TEST_CONV_CASE_H
#define NNC_TEST_CONV_CASE_H

#include "dot_case.h"

typedef enum ConvPart { CONV_y, CONV_dx, CONV_dw } ConvPart;

typedef struct ConvCase {
  int64_t n, c, h, o, k, stride, dilation, pad;
  ConvPart part;
} ConvCase;

static inline int64_t conv_places(const ConvCase *v) {
  return (v->h + 2 * v->pad - (v->k - 1) * v->dilation - 1) / v->stride + 1;
}

static inline double conv_flops(const ConvCase *v) {
  int64_t p = conv_places(v);
  return 2.0 * (double)(v->n * v->o * p * p * v->c * v->k * v->k);
}

static inline Node *conv_forward(Graph *g, const ConvCase *v, Node *x, Node *w) {
  int64_t around[RANK_MAX] = {0, 0, v->pad, v->pad}, size[] = {v->k, v->k}, stride[] = {v->stride, v->stride};
  int64_t dilation[] = {v->dilation, v->dilation};
  Axes none = {0};
  if (v->pad) x = graph_pad(g, x, around, around, NULL, 0);
  x = graph_window(g, x, (Axes){2, {2, 3}}, size, stride, dilation);
  Node *y = graph_dot(g, w, x, none, none, (Axes){3, {1, 2, 3}}, (Axes){3, {1, 4, 5}});
  return graph_transpose(g, y, (Axes){4, {1, 0, 2, 3}});
}

static inline Graph *conv_graph(Arena *arena, const char *name, const ConvCase *v) {
  Graph *g = graph_new(arena, name);
  Node *x = dot_input(g, "x", DT_f32, shape_of(4, v->n, v->c, v->h, v->h));
  Node *w = dot_input(g, "w", DT_f32, shape_of(4, v->o, v->c, v->k, v->k));
  Node *y = conv_forward(g, v, x, w), *in[2] = {x, w}, *dx[2];
  if (v->part != CONV_y) {
    graph_gradient(g, y, dot_input(g, "dy", DT_f32, y->shape), 2, in, dx);
    y = dx[v->part == CONV_dw];
  }
  Output out = {"y", y, dot_loc};
  vec_push(arena, g->outputs, out);
  return pass_convolution(pass_views(g));
}

static inline Program *conv_program(Arena *arena, int n, const ConvCase *cases, const Machine *machine) {
  Module *m = dot_module(arena);
  for (int i = 0; i < n; ++i) dot_func(m, conv_graph(arena, arena_printf(arena, "step_%d", i), &cases[i]));
  return dot_planned(m, machine);
}

/* ---- the meaning ---- */
static inline float conv_at(const float *x, int64_t channels, int64_t h, int64_t n, int64_t c, int64_t i, int64_t j) {
  return i < 0 || j < 0 || i >= h || j >= h ? 0 : x[((n * channels + c) * h + i) * h + j];
}

static inline float conv_y(const ConvCase *v, const float *x, const float *w, int64_t n, int64_t o, int64_t p,
                           int64_t q) {
  float sum = 0;
  for (int64_t c = 0; c < v->c; ++c)
    for (int64_t r = 0; r < v->k; ++r)
      for (int64_t s = 0; s < v->k; ++s)
        sum = fmaf(conv_at(x, v->c, v->h, n, c, p * v->stride + r * v->dilation - v->pad,
                           q * v->stride + s * v->dilation - v->pad),
                   w[((o * v->c + c) * v->k + r) * v->k + s], sum);
  return sum;
}

static inline float conv_dx(const ConvCase *v, const float *dy, const float *w, int64_t n, int64_t c, int64_t i,
                            int64_t j) {
  float sum = 0;
  for (int64_t o = 0; o < v->o; ++o)
    for (int64_t r = v->k - 1; r >= 0; --r)
      for (int64_t s = v->k - 1; s >= 0; --s)
        sum = fmaf(conv_at(dy, v->o, conv_places(v), n, o, i + v->pad - r * v->dilation, j + v->pad - s * v->dilation),
                   w[((o * v->c + c) * v->k + r) * v->k + s], sum);
  return sum;
}

static inline float conv_dw(const ConvCase *v, const float *dy, const float *x, int64_t o, int64_t c, int64_t r,
                            int64_t s) {
  int64_t places = conv_places(v), length;
  DotCase d = {.m = v->o, .n = v->c * v->k * v->k, .k = v->n * places * places};
  int64_t slices = dot_slices(&d, &length);
  float sum[16];
  for (int64_t l = 0; l < slices; ++l) {
    sum[l] = 0;
    for (int64_t k = l * length; k < d.k && k < (l + 1) * length; ++k) {
      int64_t n = k / places / places, p = k / places % places, q = k % places;
      sum[l] = fmaf(conv_at(dy, v->o, places, n, o, p, q),
                    conv_at(x, v->c, v->h, n, c, p * v->stride + r * v->dilation - v->pad,
                            q * v->stride + s * v->dilation - v->pad),
                    sum[l]);
    }
  }
  for (int64_t h = slices / 2; h; h /= 2)
    for (int64_t l = 0; l < h; ++l) sum[l] += sum[l + h];
  return sum[0];
}

static inline int64_t conv_count(const ConvCase *v) {
  int64_t p = conv_places(v);
  return v->part == CONV_y    ? v->n * v->o * p * p
         : v->part == CONV_dx ? v->n * v->c * v->h * v->h
                              : v->o * v->c * v->k * v->k;
}

/* Element e of the result. */
static inline float conv_expected(const ConvCase *v, const DotRun *run, int64_t e) {
  const float *x = dot_data(run, "x"), *w = dot_data(run, "w"), *dy = dot_data(run, "dy");
  int64_t rows = v->part == CONV_y ? conv_places(v) : v->part == CONV_dx ? v->h : v->k;
  int64_t channels = v->part == CONV_y ? v->o : v->c;
  int64_t j = e % rows, i = e / rows % rows, c = e / rows / rows % channels, n = e / rows / rows / channels;
  if (v->part == CONV_y) return conv_y(v, x, w, n, c, i, j);
  return v->part == CONV_dx ? conv_dx(v, dy, w, n, c, i, j) : conv_dw(v, dy, x, n, c, i, j);
}

/* Number of wrong elements among about `most`. */
static inline int64_t conv_wrong(const ConvCase *v, const DotRun *run, int64_t most) {
  int64_t bad = 0, count = conv_count(v), step = count / most + 1;
  for (int64_t e = 0; e < count; e += step) bad += conv_expected(v, run, e) != ((const float *)dot_result(run))[e];
  return bad;
}

static inline void conv_fill(const DotRun *r) {
  for (int i = 0; i < r->host->inputs.n; ++i) {
    const Slot *s = r->host->inputs.at[i];
    float *at = (float *)(void *)((unsigned char *)(uintptr_t)r->memory.input + s->offset);
    for (int64_t j = 0; j < shape_count(s->shape); ++j) at[j] = (float)((j * 37 + i * 11) % 101) * 0.01f - 0.5f;
  }
}
#endif
