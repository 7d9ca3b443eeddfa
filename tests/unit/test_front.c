/* test_front.c: what the language means, from Lua text to numbers: each case is the body of a function, traced by
 * front_load in f64 and run by the reference evaluator; expected values are closed forms worked out by hand or by the
 * plain C beside them. Also: sorted pairs, the same module from the same text, sizes of variants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "front/front.h"

static const char *model_path(void) {
  static char path[256];
  snprintf(path, sizeof path, NNC_BUILD_DIR "/test_front_%d.lua", (int)getpid());
  return path;
}

/* setjmp stands in a function of its own, without locals that it could spoil. */
static Module *load_guarded(Arena *arena, const FrontOptions *options) {
  if (setjmp(*diag_guard())) return NULL;
  return front_load(arena, options);
}

static Module *load(Arena *arena, const char *text) {
  assert_true(file_write(model_path(), text, strlen(text)));
  FrontOptions options = {.path = model_path(), .float_dtype = DT_f64};
  Module *m = load_guarded(arena, &options);
  remove(model_path());
  if (!m) fail_msg("the model was refused:\n%s", text);
  return m;
}

/* ---- running: states start at their initial values and take what is assigned ---- */
typedef struct Machine {
  Arena *arena;
  Module *m;
  Value **state;
  double total_steps;
} Machine;

static Value *machine_state(void *context, const State *s) { return ((Machine *)context)->state[s->id]; }

static Value *machine_input(void *context, const Input *input) {
  Machine *machine = context;
  Value *v = value_new(machine->arena, input->dtype, input->shape);
  double x = input->kind == INPUT_hyper ? machine->m->hypers.at[input->hyper]->value : machine->total_steps;
  if (input->kind == INPUT_value && input->value) return value_of_tensor(machine->arena, input->value);
  if (v->f) v->f[0] = x;
  return v;
}

static Env machine_env(Machine *machine) {
  return (Env){.arena = machine->arena, .state = machine_state, .input = machine_input, .context = machine};
}

static Machine machine_new(Arena *arena, Module *m) {
  Machine machine = {arena, m, NEW_N(arena, Value *, m->states.n), 10};
  Env env = machine_env(&machine);
  for (int i = 0; i < m->states.n; ++i) {
    const State *s = m->states.at[i];
    machine.state[i] = value_new(arena, s->dtype, s->shape);
  }
  env.context = &machine;
  for (int i = 0; i < m->states.n; ++i)
    if (m->states.at[i]->init)
      machine.state[i] = graph_eval(m->states.at[i]->init, &env)[m->states.at[i]->init->outputs.at[0].node->id];
  return machine;
}

static Value *machine_run(Machine *machine, const Graph *g, const char *output) {
  Env env = machine_env(machine);
  Value **values = graph_eval(g, &env), *result = NULL;
  for (int i = 0; i < g->assigns.n; ++i)
    machine->state[g->assigns.at[i]->attr->state->id] = values[g->assigns.at[i]->id];
  for (int i = 0; i < g->outputs.n; ++i)
    if (!strcmp(g->outputs.at[i].name, output)) result = values[g->outputs.at[i].node->id];
  return result;
}

static double element(const Value *v, int64_t i) { return v->f ? v->f[i] : (double)v->i[i]; }

/* ---- cases: the body of a function that returns y ---- */
typedef struct Case {
  const char *body;
  const char *shape; /* with the dtype */
  int n;
  double want[12];
} Case;

static const Case cases[] = {
    /* literals, dtypes, broadcasting */
    {"y = nn.iota(3) + 1", "i32 [3]", 3, {1, 2, 3}},
    {"y = nn.iota(3) * 0.5", "f64 [3]", 3, {0, 0.5, 1}},
    {"y = nn.iota(3) / 2", "f64 [3]", 3, {0, 0.5, 1}},
    {"y = (nn.iota(5) - 2) // 2", "i32 [5]", 5, {-1, -1, 0, 0, 1}},
    {"y = (nn.iota(5) - 2) % 3", "i32 [5]", 5, {1, 2, 0, 1, 2}},
    {"y = nn.constant { 1, 2 } + nn.constant({ 0.5, 0.25 }, 'f32')", "f32 [2]", 2, {1.5, 2.25}},
    {"y = nn.constant({ 1 }, 'f32') + nn.constant { 0.5 }", "f64 [1]", 1, {1.5}},
    {"y = nn.constant({ 250 }, 'u8') - 1", "u8 [1]", 1, {249}},
    {"y = nn.constant({ 250 }, 'u8') - 300", "i32 [1]", 1, {-50}},
    {"y = nn.iota(2):reshape { 2, 1 } * 10 + nn.iota(3)", "i32 [2,3]", 6, {0, 1, 2, 10, 11, 12}},
    {"y = nn.constant { 1.5, -2 } ^ 3", "f64 [2]", 2, {3.375, -8}},
    {"y = nn.constant { 4, 9 } ^ 0.5", "f64 [2]", 2, {2, 3}},
    {"y = 2 ^ nn.constant { 1.0, 3.0 }", "f64 [2]", 2, {2, 8}},
    {"y = nn.constant { true, false } | nn.constant { false, false }", "bool [2]", 2, {1, 0}},
    {"y = nn.constant { 3 } << 2", "i32 [1]", 1, {12}},
    {"y = -nn.constant { 1.5 }", "f64 [1]", 1, {-1.5}},
    {"y = nn.iota(4):ge(2)", "bool [4]", 4, {0, 0, 1, 1}},
    {"y = ~nn.iota(4):ne(2)", "bool [4]", 4, {0, 0, 1, 0}},
    {"y = nn.where(nn.iota(3):gt(1), 7, nn.iota(3))", "i32 [3]", 3, {0, 1, 7}},
    {"y = nn.maximum(nn.iota(3), 1)", "i32 [3]", 3, {1, 1, 2}},
    /* movement: dimensions and positions from 1, ends inclusive */
    {"y = nn.iota(6):reshape { 2, -1 }", "i32 [2,3]", 6, {0, 1, 2, 3, 4, 5}},
    {"y = nn.iota(6):reshape({ 2, 3 }):transpose(1, 2)", "i32 [3,2]", 6, {0, 3, 1, 4, 2, 5}},
    {"y = nn.iota(6):slice(1, 2, 4)", "i32 [3]", 3, {1, 2, 3}},
    {"y = nn.iota(6):slice(1, -3, -1)", "i32 [3]", 3, {3, 4, 5}},
    {"y = nn.iota(6):slice(1, 1, 6, 2)", "i32 [3]", 3, {0, 2, 4}},
    {"y = nn.iota(6):reshape({ 2, 3 })[2]", "i32 [3]", 3, {3, 4, 5}},
    {"y = nn.iota(6):reshape({ 2, 3 }):select(2, -1)", "i32 [2]", 2, {2, 5}},
    {"y = nn.iota(2):pad(1, 1, 2, 9)", "i32 [5]", 5, {9, 0, 1, 9, 9}},
    {"y = nn.iota(3):reverse(1)", "i32 [3]", 3, {2, 1, 0}},
    {"y = nn.concat { nn.iota(2), nn.iota(1) }", "i32 [3]", 3, {0, 1, 0}},
    {"y = nn.stack({ nn.iota(2), nn.iota(2) + 5 }, 2)", "i32 [2,2]", 4, {0, 5, 1, 6}},
    {"y = nn.iota(2):reshape({ 2, 1 }):broadcast { 2, 2 }", "i32 [2,2]", 4, {0, 0, 1, 1}},
    /* reductions */
    {"y = nn.iota(6):reshape({ 2, 3 }):sum(2)", "i32 [2]", 2, {3, 12}},
    {"y = nn.iota(6):reshape({ 2, 3 }):sum(-1, true)", "i32 [2,1]", 2, {3, 12}},
    {"y = nn.iota(6):reshape({ 2, 3 }):max { 1, 2 }", "i32 []", 1, {5}},
    {"y = nn.iota(6):mean()", "f64 []", 1, {2.5}},
    {"y = nn.iota(4):lt(1):mean()", "f64 []", 1, {0.25}},
    {"y = nn.constant({ 3, 9, 9 }):argmax()", "i32 []", 1, {1}},
    {"y = nn.constant({ { 1, 4 }, { 3, 2 } }):argmin(1)", "i32 [2]", 2, {0, 1}},
    {"y = nn.constant({ 1.0, 2.0, 6.0 }):var()", "f64 []", 1, {14.0 / 3}},
    {"y = nn.constant({ 1.0, 2.0, 6.0 }):var(1, false, true)", "f64 []", 1, {7}},
    {"y = nn.constant({ 3.0, 4.0 }):norm()", "f64 []", 1, {5}},
    /* products and indices */
    {"y = nn.constant({ { 1.0, 2.0 } }):matmul(nn.constant { { 3.0 }, { 5.0 } })", "f64 [1,1]", 1, {13}},
    {"y = nn.linear(nn.constant { { 1.0, 2.0 } }, nn.constant { { 1.0, 0.0 }, { 3.0, 4.0 } }, nn.constant { 10.0, 20.0 "
     "})",
     "f64 [1,2]",
     2,
     {11, 31}},
    {"y = nn.dot(nn.constant { { 1.0, 2.0 } }, nn.constant { { 3.0, 4.0 }, { 5.0, 6.0 } }, 2, 1)",
     "f64 [1,2]",
     2,
     {13, 16}},
    {"y = (nn.iota(3) * 10):gather(1, nn.constant { 2, 0 })", "i32 [2]", 2, {20, 0}},
    {"y = nn.iota(6):reshape({ 2, 3 }):take_along(2, nn.constant { { 2 }, { 0 } })", "i32 [2,1]", 2, {2, 3}},
    {"y = nn.zeros({ 3 }):scatter(1, nn.constant { 1, 1 }, nn.constant { 2.0, 3.0 })", "f64 [3]", 3, {0, 5, 0}},
    {"y = nn.zeros({ 3 }):scatter(1, nn.constant { 1, 1 }, nn.constant { 2.0, 3.0 }, 'set')", "f64 [3]", 3, {0, 3, 0}},
    {"y = nn.constant({ true, false, true }):cumsum(1)", "i32 [3]", 3, {1, 1, 2}},
    {"y = nn.constant({ 3, 1, 2 }):argsort()", "i32 [3]", 3, {1, 2, 0}},
    {"local v, at = nn.constant({ 3, 1, 2 }):sort(1, true); y = v * 10 + at", "i32 [3]", 3, {30, 22, 11}},
    /* draws: what holds for every seed, or for all but one in very many */
    {"y = nn.random.permutation(50):sort():eq(nn.iota(50)):min()", "i32 []", 1, {1}},
    {"y = nn.random.permutation(50):eq(nn.random.permutation(50)):min()", "i32 []", 1, {0}},
    {"local n = nn.bincount(nn.random.integers({ 20000 }, -3, 6) + 3, 10); y = (n - 2000):abs():lt(250):min()",
     "i32 []",
     1,
     {1}},
    {"local p = nn.constant { 0.1, 0.2, 0.7 }; local n = nn.bincount(nn.random.categorical(p:log(), 20000), 3); y = (n "
     "/ "
     "20000 - p):abs():lt(0.02):min()",
     "i32 []",
     1,
     {1}},
    {"local g = nn.random.gumbel { 20000 }; y = (g:mean() - 0.5772157):abs():lt(0.05):cast('i32') + (g:var() - "
     "math.pi ^ 2 / 6):abs():lt(0.15):cast('i32')",
     "i32 []",
     1,
     {2}},
    {"local e = nn.random.exponential { 20000 }; y = (e:mean() - 1):abs():lt(0.04):cast('i32') + e:ge(0):min()",
     "i32 []",
     1,
     {2}},
    {"y = nn.random.bernoulli({ 20000 }, 0.3):mean():sub(0.3):abs():lt(0.02):cast('i32')", "i32 []", 1, {1}},
    /* functions of the library */
    {"y = nn.constant({ -1.0, 0.0, 2.0 }):relu()", "f64 [3]", 3, {0, 0, 2}},
    {"y = nn.constant({ -2.0, 4.0 }):leaky_relu(0.5)", "f64 [2]", 2, {-1, 4}},
    {"y = nn.constant({ 0.0, 1.0986122886681098 }):sigmoid()", "f64 [2]", 2, {0.5, 0.75}},
    {"y = nn.constant({ 0.0, 800.0 }):softplus()", "f64 [2]", 2, {0.6931471805599453, 800}},
    {"y = nn.constant({ -0.6931471805599453, 2.0 }):elu(2)", "f64 [2]", 2, {-1, 2}},
    {"y = nn.constant({ 0.0, 1.0986122886681098 }):softmax()", "f64 [2]", 2, {0.25, 0.75}},
    {"y = nn.constant({ 1000.0, 1000.0 }):logsumexp()", "f64 []", 1, {1000.6931471805599}},
    {"y = nn.cross_entropy(nn.constant { { 0.0, 0.0 }, { 1000.0, 0.0 } }, nn.constant { 1, 0 })",
     "f64 []",
     1,
     {0.34657359027997264}},
    {"y = nn.mse_loss(nn.constant { 1.0, 3.0 }, nn.constant { 0.0, 1.0 })", "f64 []", 1, {2.5}},
    {"y = nn.accuracy(nn.constant { { 0.0, 1.0 }, { 1.0, 0.0 }, { 5.0, 5.0 } }, nn.constant { 1, 1, 0 })",
     "f64 []",
     1,
     {2.0 / 3}},
    /* gradients */
    {"local x = nn.constant { 1.0, 2.0 }; y = nn.grad((x ^ 3):sum(), x)", "f64 [2]", 2, {3, 12}},
    {"local x = nn.constant { 2.0 }; local g = nn.grad((x ^ 3):sum(), x); y = nn.grad(g:sum(), x)", "f64 [1]", 1, {12}},
    {"local x = nn.constant { -1.0, 0.0, 2.0 }; y = nn.grad(x:relu():sum(), x)", "f64 [3]", 3, {0, 0, 1}},
    {"local x, z = nn.ones { 2 }, nn.ones { 2 }; y = nn.grad(x:sum(), { z }, { unused = 'zero' })[1]",
     "f64 [2]",
     2,
     {0, 0}},
    {"local x = nn.ones { 2 }; y = nn.grad(x * 3, x, { cotangent = nn.constant { 1.0, 10.0 } })",
     "f64 [2]",
     2,
     {3, 30}},
    {"local x = nn.ones { 2 }; y = nn.grad((x * nn.stop_gradient(x * 5)):sum(), x)", "f64 [2]", 2, {5, 5}},
    /* trees and Lua itself */
    {"local v, back = nn.ravel { b = nn.constant { 3.0 }, a = nn.constant { { 1.0, 2.0 } } }; y = v + back(v).b:sum()",
     "f64 [3]",
     3,
     {4, 5, 6}},
    {"y = nn.map(nn.add, { p = nn.ones { 2 } }, 4).p", "f64 [2]", 2, {5, 5}},
    {"local s = '' for k in pairs { c = 1, a = 1, [2] = 1, b = 1, [1.5] = 1 } do s = s .. k end; y = nn.full({}, s == "
     "'1.52abc' and 1 or 0)",
     "i32 []",
     1,
     {1}},
    {"y = nn.full({}, nn.training() and 1 or 0) + nn.with({ mode = 'train' }, function() return nn.training() and 10 "
     "or 0 end)",
     "i32 []",
     1,
     {10}},
};

static void run_case(const Case *c) {
  Arena *arena = arena_new();
  char *text =
      arena_printf(arena,
                   "local nn = require 'nn'\nlocal f = nn.func { function()\nlocal y\n%s\nreturn { y = y }\nend }\n"
                   "return nn.program { name = 'case', f = f, run = { steps = 1, step = f } }\n",
                   c->body);
  Machine machine = machine_new(arena, load(arena, text));
  Value *y = machine_run(&machine, machine.m->funcs.at[0]->variants.at[0].graph, "y");
  assert_non_null(y);
  const char *shape = arena_printf(arena, "%s %s", dtype_info[y->dtype].name, shape_text(arena, y->shape));
  if (strcmp(shape, c->shape)) fail_msg("%s: gives %s, expected %s", c->body, shape, c->shape);
  assert_int_equal(shape_count(y->shape), c->n);
  for (int i = 0; i < c->n; ++i)
    if (fabs(element(y, i) - c->want[i]) > 1e-12 * (1 + fabs(c->want[i])))
      fail_msg("%s: element %d is %.17g, expected %.17g", c->body, i, element(y, i), c->want[i]);
  arena_free(arena);
}

static void test_cases(void **unused) {
  (void)unused;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) run_case(&cases[i]);
}

/* ---- optimizers: a quadratic a/2 (w - c)^2 in one dimension, against the formulas in plain C ---- */
static double quadratic_gradient(double w) { return 3 * (w - 0.5); }

static void run_optimizer(const char *lua, double (*reference)(int step, double w, double g)) {
  Arena *arena = arena_new();
  char *text = arena_printf(
      arena,
      "local nn = require 'nn'\nlocal w = nn.parameter({ 1 }, 2)\n"
      "local train = nn.train { optimizer = %s, loss = function() return (1.5 * (w - 0.5) ^ 2):sum() end }\n"
      "return nn.program { name = 'case', model = { w = w }, train = train, steps = 10 }\n",
      lua);
  Machine machine = machine_new(arena, load(arena, text));
  double w = 2;
  int at = -1;
  for (int i = 0; i < machine.m->states.n; ++i)
    if (!strcmp(machine.m->states.at[i]->name, "w")) at = i;
  assert_true(at >= 0);
  for (int step = 0; step < 10; ++step) {
    Value *loss = machine_run(&machine, machine.m->funcs.at[0]->variants.at[0].graph, "loss");
    assert_true(fabs(loss->f[0] - 1.5 * (w - 0.5) * (w - 0.5)) < 1e-12);
    w = reference(step, w, quadratic_gradient(w));
    if (fabs(machine.state[at]->f[0] - w) > 1e-10)
      fail_msg("%s: after step %d w is %.17g, expected %.17g", lua, step, machine.state[at]->f[0], w);
  }
  arena_free(arena);
}

static double first, second; /* moments of the references */

static double sgd_plain(int step, double w, double g) { return (void)step, w - 0.1 * g; }
static double sgd_nesterov(int step, double w, double g) {
  g += 0.01 * w;
  first = step ? 0.9 * first + g : g;
  return w - 0.1 * (g + 0.9 * first);
}
static double adam_with(int step, double w, double g, double lr) {
  if (!step) first = second = 0;
  first = 0.9 * first + 0.1 * g;
  second = 0.999 * second + 0.001 * g * g;
  double m = first / (1 - pow(0.9, step + 1)), v = second / (1 - pow(0.999, step + 1));
  return w - lr * m / (sqrt(v) + 1e-8);
}
static double adam_plain(int step, double w, double g) { return adam_with(step, w, g, 0.1); }
static double adam_decay(int step, double w, double g) { return adam_with(step, w, g + 0.2 * w, 0.1); }
static double adamw(int step, double w, double g) { return adam_with(step, w * (1 - 0.1 * 0.2), g, 0.1); }
static double adam_cosine(int step, double w, double g) {
  return adam_with(step, w, g, 0.05 * (1 + cos(acos(-1) * step / 10)));
}
static double sgd_warmup(int step, double w, double g) { return w - 0.1 * (step < 4 ? (step + 1) / 4.0 : 1) * g; }
static double sgd_steps(int step, double w, double g) { return w - 0.1 * pow(0.5, step / 3) * g; }
static double sgd_clipped(int step, double w, double g) {
  return (void)step, w - 0.1 * g * fmin(1, 0.5 / (fabs(g) + 1e-6));
}

static void test_optimizers(void **unused) {
  (void)unused;
  run_optimizer("nn.SGD { w, lr = 0.1 }", sgd_plain);
  run_optimizer("nn.SGD { w, lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.01 }", sgd_nesterov);
  run_optimizer("nn.Adam { w, lr = 0.1 }", adam_plain);
  run_optimizer("nn.Adam { w, lr = 0.1, weight_decay = 0.2 }", adam_decay);
  run_optimizer("nn.AdamW { w, lr = 0.1, weight_decay = 0.2 }", adamw);
  run_optimizer("nn.Adam { w, lr = nn.cosine(nn.hyper('lr', 0.1)) }", adam_cosine);
  run_optimizer("nn.SGD { w, lr = nn.warmup(0.1, 4) }", sgd_warmup);
  run_optimizer("nn.SGD { w, lr = nn.step_decay(0.1, { every = 3, factor = 0.5 }) }", sgd_steps);
  run_optimizer("nn.SGD { w, lr = 0.1 }, clip_norm = 0.5", sgd_clipped);
}

/* ---- programs ---- */
static const char digits[] =
    "local nn = require 'nn'\nlocal net = nn.Sequential { nn.Flatten(), nn.Linear(784, 4), nn.Dropout(0.5) }\n"
    "local function loss(b) return nn.cross_entropy(net(b.x), b.y) end\n"
    "return nn.program { name = 'digits', model = { net = net, twin = net }, epochs = nn.hyper('epochs', 3),\n"
    "  data = { train = nn.data.mnist { batch = 7 }, test = nn.data.mnist { split = 'test', batch = %d } },\n"
    "  train = nn.train { on = 'train', loss = loss, optimizer = nn.Adam { net } },\n"
    "  validate = nn.evaluate { on = 'test', loss = loss } }\n";

static const State *state_named(const Module *m, const char *name) {
  for (int i = 0; i < m->states.n; ++i)
    if (!strcmp(m->states.at[i]->name, name)) return m->states.at[i];
  fail_msg("no state '%s'", name);
  return NULL;
}

/* 3 does not divide the 10,000 test rows, so one-row batches finish the pass; 250 does. */
static void test_variants(void **unused) {
  (void)unused;
  Arena *arena = arena_new();
  Module *m = load(arena, arena_printf(arena, digits, 3));
  const Func *train = m->funcs.at[0], *validate = m->funcs.at[1];
  assert_string_equal(train->name, "train");
  assert_true(train->training && !train->whole_pass && !validate->training && validate->whole_pass);
  assert_int_equal(train->variants.n, 1);
  assert_int_equal(train->variants.at[0].rows, 7);
  assert_int_equal(validate->variants.n, 2);
  assert_int_equal(validate->variants.at[1].rows, 1);
  assert_int_equal(load(arena, arena_printf(arena, digits, 250))->funcs.at[1]->variants.n, 1);
  const Phase *p = m->phases.at[0];
  assert_true(p->by_epochs && p->count.hyper == 0 && p->step.n == 1 && p->each_epoch.n == 1);
  arena_free(arena);
}

static void test_names(void **unused) {
  (void)unused;
  Arena *arena = arena_new();
  const Module *m = load(arena, arena_printf(arena, digits, 250));
  const State *weight = state_named(m, "net.1.weight"), *moment = state_named(m, "optimizer.0.exp_avg.net.1.weight");
  assert_int_equal(weight->aliases.n, 1);
  assert_string_equal(weight->aliases.at[0], "twin.1.weight");
  assert_true(weight->trained && weight->saved && !moment->trained && !moment->saved);
  assert_true(weight->shape.dim[0] == 4 && weight->shape.dim[1] == 784);
  assert_true(state_named(m, "net.1.bias")->id > weight->id); /* the order of construction */
  assert_true(moment->id > state_named(m, "net.1.bias")->id);
  state_named(m, "nnrt.calls.train"); /* dropout draws in training; evaluation has none */
  for (int i = 0; i < m->states.n; ++i) assert_string_not_equal(m->states.at[i]->name, "nnrt.calls.validate");
  arena_free(arena);
}

static void test_same_text_same_module(void **unused) {
  (void)unused;
  Arena *arena = arena_new();
  Text once, again;
  text_init(&once, arena);
  text_init(&again, arena);
  module_print(&once, load(arena, arena_printf(arena, digits, 3)));
  module_print(&again, load(arena, arena_printf(arena, digits, 3)));
  assert_string_equal(text_str(&once), text_str(&again));
  arena_free(arena);
}

/* Draws: in the range, not all alike, another set at the next call, and equal under one key. */
static void test_draws(void **unused) {
  (void)unused;
  Arena *arena = arena_new();
  Module *m = load(arena, "local nn = require 'nn'\nlocal f = nn.func { function()\n"
                          "local function d() return nn.random.uniform { 1000 } end\n"
                          "return { u = d(), n = nn.random.normal { 1000 }, a = nn.with({ key = 5 }, d), b = nn.with({ "
                          "key = 5 }, d) }\nend }\n"
                          "return nn.program { f = f, run = { steps = 1, step = f } }\n");
  Machine machine = machine_new(arena, m);
  const Graph *g = m->funcs.at[0]->variants.at[0].graph;
  Value *u = machine_run(&machine, g, "u"), *next = machine_run(&machine, g, "u");
  Value *n = machine_run(&machine, g, "n"), *a = machine_run(&machine, g, "a"), *b = machine_run(&machine, g, "b");
  double mean = 0, mean_n = 0, square_n = 0;
  int same = 0;
  for (int i = 0; i < 1000; ++i) {
    assert_true(u->f[i] >= 0 && u->f[i] < 1 && a->f[i] == b->f[i]);
    same += u->f[i] == next->f[i];
    mean += u->f[i] / 1000;
    mean_n += n->f[i] / 1000;
    square_n += n->f[i] * n->f[i] / 1000;
  }
  assert_int_equal(same, 0);
  assert_true(fabs(mean - 0.5) < 0.05 && fabs(mean_n) < 0.16 && fabs(square_n - 1) < 0.25); /* five deviations */
  arena_free(arena);
}

/* PyTorch's Linear: U(-1/sqrt(in), 1/sqrt(in)); inserting a layer leaves initial values of others as they were. */
static void test_initial_values(void **unused) {
  (void)unused;
  Arena *arena = arena_new();
  static const char text[] = "local nn = require 'nn'\nlocal net = { %s last = nn.Linear(64, 50) }\n"
                             "local f = nn.func { function() return { y = net.last.weight:sum() } end }\n"
                             "return nn.program { model = net, f = f, run = { steps = 1, step = f } }\n";
  Module *m = load(arena, arena_printf(arena, text, "")),
         *longer = load(arena, arena_printf(arena, text, "early = nn.Linear(3, 3),"));
  Machine one = machine_new(arena, m), two = machine_new(arena, longer);
  const Value *w = one.state[state_named(m, "last.weight")->id], *v = two.state[state_named(longer, "last.weight")->id];
  double largest = 0, square = 0;
  for (int i = 0; i < 3200; ++i) {
    assert_true(w->f[i] == v->f[i]);
    largest = fmax(largest, fabs(w->f[i]));
    square += w->f[i] * w->f[i] / 3200;
  }
  assert_true(largest <= 0.125 && largest > 0.12);
  assert_true(fabs(square / (0.125 * 0.125 / 3) - 1) < 0.1);
  arena_free(arena);
}

/* What a model does to its globals and to its view of nn is its own affair: the library makes the same module. */
static void test_globals_are_the_models(void **unused) {
  (void)unused;
  Arena *arena = arena_new();
  static const char text[] =
      "local nn = require 'nn'; %s\n"
      "local net = nn.Sequential { nn.Linear(4, 3), nn.ReLU(), nn.Dropout(0.5), nn.Linear(3, 2) }\n"
      "local function loss(b) return nn.cross_entropy(net(b.x), b.y) end\n"
      "return nn.program { name = 'm', model = net, train = nn.train { on = 'd', loss = loss, optimizer = nn.Adam { "
      "net } },\n  data = { d = nn.data.random { x = { 4 }, y = { dtype = 'i32' }, rows = 9, classes = 2, batch = 3 } "
      "} }\n";
  static const char vandal[] =
      "local raw = rawset; for k in pairs(string) do string[k] = nil end; for k in pairs(table) do table[k] = error "
      "end "
      "for k in pairs(math) do math[k] = false end; for k in pairs(_G) do if k ~= '_G' then _G[k] = nil end end "
      "raw(nn, 'linear', 1) raw(nn.init, 'uniform', 2) raw(nn.random, 'bernoulli', 3)";
  Text plain, changed;
  text_init(&plain, arena);
  text_init(&changed, arena);
  module_print(&plain, load(arena, arena_printf(arena, text, "")));
  module_print(&changed, load(arena, arena_printf(arena, text, vandal)));
  assert_string_equal(text_str(&plain), text_str(&changed));
  arena_free(arena);
}

/* The methods of a string are its caller's: a model's additions are found, the library keeps its own. */
static void test_string_methods(void **unused) {
  (void)unused;
  Arena *arena = arena_new();
  Module *m = load(arena, "local nn = require 'nn'; function string.twice(s) return s .. s end\n"
                          "function string.format() return 'mine' end\n"
                          "assert(('a'):twice() == 'aa' and ('%d'):format(1) == 'mine' and _G.string == string)\n"
                          "local n = 0; for k in pairs(nn) do n = n + 1 end; assert(n > 100 and nn.random.normal)\n"
                          "local f = nn.func { function() return { y = 1 } end }\n"
                          "return nn.program { f = f, run = { steps = 1, step = f } }\n");
  assert_int_equal(m->funcs.n, 1);
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases),
                                     cmocka_unit_test(test_optimizers),
                                     cmocka_unit_test(test_variants),
                                     cmocka_unit_test(test_names),
                                     cmocka_unit_test(test_draws),
                                     cmocka_unit_test(test_initial_values),
                                     cmocka_unit_test(test_globals_are_the_models),
                                     cmocka_unit_test(test_string_methods),
                                     cmocka_unit_test(test_same_text_same_module)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
