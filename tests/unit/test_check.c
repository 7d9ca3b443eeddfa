/* test_check.c: `nnc --check` finds right gradients right and wrong ones wrong. A right record is made by
 * graph_gradient; then its gradient is replaced by another node, which must be reported. Kinks, stop_gradient,
 * cotangents, dtypes of labels and a parameter that is not reached are met on the way. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "graph/graph.h"

typedef struct World {
  Arena *arena;
  Module *m;
  Graph *g;
  Node *x, *w, *b; /* [4,3] input, [3,5] and [5] states */
} World;

static const Loc nowhere = {"check.lua", 1, NULL};

static Node *state_node(World *s, const char *name, Shape shape) {
  State *state = module_state(s->m, name, DT_f32, shape, true, nowhere);
  Tensor *t = NEW(s->arena, Tensor);
  float *data = NEW_N(s->arena, float, shape_count(shape));
  for (int64_t i = 0; i < shape_count(shape); ++i) data[i] = (float)sin(1.0 + (double)(i * 7 % 11));
  *t = (Tensor){.dtype = DT_f32, .shape = shape, .data = data};
  state->init = graph_new(s->arena, name);
  Output out = {.name = "value", .node = graph_const_tensor(state->init, t, nowhere)};
  vec_push(s->arena, state->init->outputs, out);
  return graph_state(s->g, state, nowhere);
}

static World *world_new(void) {
  Arena *arena = arena_new();
  World *s = NEW(arena, World);
  Input *input = NEW(arena, Input);
  s->arena = arena, s->m = module_new(arena), s->g = graph_new(arena, "train");
  s->m->name = "check";
  *input = (Input){.kind = INPUT_value,
                   .name = "x",
                   .dtype = DT_f32,
                   .shape = shape_of(2, (int64_t)4, (int64_t)3),
                   .source = -1,
                   .field = -1,
                   .hyper = -1};
  s->x = graph_input(s->g, input);
  s->w = state_node(s, "w", shape_of(2, (int64_t)3, (int64_t)5));
  s->b = state_node(s, "b", shape_of(1, (int64_t)5));
  Func *f = NEW(arena, Func);
  Variant v = {.rows = 0, .graph = s->g};
  f->name = "train";
  vec_push(arena, f->variants, v);
  vec_push(arena, s->m->funcs, f);
  return s;
}

/* relu(x @ w + b): [4,5] */
static Node *layer(World *s) {
  Node *z = graph_op2(s->g, OP_add, graph_matmul(s->g, s->x, s->w),
                      graph_broadcast_to(s->g, s->b, shape_of(2, (int64_t)4, (int64_t)5)));
  Node *zero = graph_like(s->g, z, 0);
  return graph_op3(s->g, OP_where, graph_op2(s->g, OP_le, z, zero), zero, z);
}

static Node *total(World *s, Node *y) { return graph_reduce(s->g, OP_sum, y, (Axes){.n = 2, .at = {0, 1}}); }

static bool report(World *s, Text *text) {
  text_init(text, s->arena);
  return module_check(text, s->m);
}

static void right_gradients_hold(void **state) {
  (void)state;
  World *s = world_new();
  Node *h = layer(s), *xs[3] = {s->x, s->w, s->b}, *gradients[3];
  Node *y = total(s, graph_op2(s->g, OP_mul, graph_op1(s->g, OP_tanh, h), graph_op1(s->g, OP_exp, h)));
  graph_gradient(s->g, y, NULL, 3, xs, gradients);
  Text text;
  assert_true(report(s, &text));
  assert_non_null(strstr(text_str(&text), "train: w [3,5]: 15 of 15 elements checked, 0 skipped"));
  assert_non_null(strstr(text_str(&text), "train: x [4,3]: 12 of 12"));
  assert_non_null(strstr(text_str(&text), "train: b [5]: 5 of 5"));
  arena_free(s->arena);
}

static void wrong_gradient_is_seen(void **state) {
  (void)state;
  World *s = world_new();
  Node *gradients[2], *xs[2] = {s->w, s->b};
  graph_gradient(s->g, total(s, graph_op1(s->g, OP_tanh, layer(s))), NULL, 2, xs, gradients);
  Node *right = s->g->asked.at[0].gradients[1];
  s->g->asked.at[0].gradients[1] = graph_op2(s->g, OP_mul, right, graph_like(s->g, right, 1.00001));
  Text text;
  assert_false(report(s, &text));
  const char *good = strstr(text_str(&text), "train: w [3,5]: 15 of 15");
  assert_non_null(good);
  assert_true(strstr(good, "WRONG") > strchr(good, '\n')); /* the first WRONG is on a later line */
  const char *line = strstr(text_str(&text), "train: b [5]");
  assert_non_null(line);
  assert_non_null(strstr(line, "WRONG"));
  arena_free(s->arena);
}

static void cotangent_and_stop_are_constants(void **state) {
  (void)state;
  World *s = world_new();
  Node *h = layer(s), *gradient, *in[1] = {graph_op1(s->g, OP_exp, h)};
  Node *stopped = graph_add(s->g, OP_stop_gradient, 1, in, NULL, nowhere);
  Node *y = graph_op2(s->g, OP_mul, h, stopped);
  graph_gradient(s->g, y, graph_op1(s->g, OP_sin, h), 1, &s->w, &gradient);
  Text text;
  assert_true(report(s, &text));
  assert_non_null(strstr(text_str(&text), "15 of 15 elements checked, 0 skipped"));
  arena_free(s->arena);
}

/* where(b <= b0, 0, b - b0) at b0: its difference quotient is 1/2 at every step, its derivative by rule 0. Half of the
 * elements stand there; they must be skipped, the others are checked. */
static void kinks_are_skipped(void **state) {
  (void)state;
  World *s = world_new();
  const Tensor *start = s->b->attr->state->init->outputs.at[0].node->attr->value;
  Tensor *moved = NEW(s->arena, Tensor);
  float *data = NEW_N(s->arena, float, 5), at[5];
  memcpy(at, start->data, sizeof at);
  for (int i = 0; i < 5; ++i) data[i] = at[i] - (i % 2 ? 0.5f : 0);
  *moved = (Tensor){.dtype = DT_f32, .shape = start->shape, .data = data};
  Node *far = graph_op2(s->g, OP_sub, s->b, graph_const_tensor(s->g, moved, nowhere)), *zero = graph_like(s->g, far, 0);
  Node *relu = graph_op3(s->g, OP_where, graph_op2(s->g, OP_le, far, zero), zero, far), *gradient;
  graph_gradient(s->g, graph_reduce(s->g, OP_sum, graph_op1(s->g, OP_tanh, relu), (Axes){.n = 1, .at = {0}}), NULL, 1,
                 &s->b, &gradient);
  Text text;
  assert_true(report(s, &text));
  assert_non_null(strstr(text_str(&text), "2 of 5 elements checked, 3 skipped"));
  arena_free(s->arena);
}

static void nothing_to_check(void **state) {
  (void)state;
  World *s = world_new();
  Text text;
  assert_true(report(s, &text));
  assert_string_equal(text_str(&text), "no function takes a gradient: nothing to check\n");
  arena_free(s->arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(right_gradients_hold), cmocka_unit_test(wrong_gradient_is_seen),
                                     cmocka_unit_test(cotangent_and_stop_are_constants),
                                     cmocka_unit_test(kinks_are_skipped), cmocka_unit_test(nothing_to_check)};
  return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
