/* test_schedule.c: the driver's grammar: for each of some programs the sequence of calls, written out by hand from
 * LANGUAGE.md, section 4. A call leaves its function's letter and the number of the first row that it got: `t` takes
 * source S (6 rows, batches of 2), `u` source T (3 rows, batches of 2: a pass has one), `w` both, `g` none, `v` is a
 * pass over T (a batch and a single row), `p` takes P (5 rows, padded to batches of 2) and adds the rows it counted. */
#include "runtime_model.h"

static char calls[4096];
static int g_calls;

static void note(const char *format, ...) {
  va_list list;
  size_t n = strlen(calls);
  va_start(list, format);
  vsnprintf(calls + n, sizeof calls - n, format, list);
  va_end(list);
}

/* Blocks: x at 0, the second source's at 64, the weights or the value at 128. Outputs of g: odd, n at 64. */
static int row_at(const nnrt_memory *m, int offset) {
  int32_t row;
  memcpy(&row, m->input + offset, sizeof row);
  return row;
}
static void step_t(const nnrt_memory *m, const nnrt_thread *t) {
  if (!t->id) note("t%d ", row_at(m, 0));
}
static void step_u(const nnrt_memory *m, const nnrt_thread *t) {
  if (!t->id) note("u%d ", row_at(m, 0));
}
static void step_w(const nnrt_memory *m, const nnrt_thread *t) {
  if (!t->id) note("w%d,%d ", row_at(m, 0), row_at(m, 64));
}
static void step_v(const nnrt_memory *m, const nnrt_thread *t) {
  if (!t->id) note("v%d ", row_at(m, 0));
}
static void step_p(const nnrt_memory *m, const nnrt_thread *t) {
  if (!t->id) note("p%d/%g ", row_at(m, 0), (double)f32_at(m->input + 128) + (double)f32_at(m->input + 132));
}
static void step_g(const nnrt_memory *m, const nnrt_thread *t) {
  if (t->id) return;
  float odd = (float)(++g_calls % 2), n = (float)g_calls, value = f32_at(m->input + 128);
  memcpy(m->output, &odd, sizeof odd);
  memcpy(m->output + 64, &n, sizeof n);
  m->output[128] = g_calls >= 3;
  if (value == 1)
    note("g ");
  else
    note("g(%g) ", (double)value);
}

/* ---- the model ---- */
enum { T, U, W, G, V, P, CASE_FUNCS };
static const int32_t numbers[6] = {0, 1, 2, 3, 4, 5};
static const void *const number_values[] = {numbers};
static const nnrt_field number_field[] = {{"x", NNRT_i32, 0, {0}}};
#define SOURCE(n, ...)                                                                                                 \
  { .kind = "table", .nfields = 1, .fields = number_field, .values = number_values, .rows = (n), __VA_ARGS__ }
static const nnrt_source case_sources[] = {
    SOURCE(6, .name = "S", .batch = 2),
    SOURCE(3, .name = "T", .batch = 2),
    SOURCE(5, .name = "P", .batch = 2, .pad = 1),
};
#define TAKES(n, at, of)                                                                                               \
  {                                                                                                                    \
    .name = "x", .kind = NNRT_INPUT_FIELD, .dtype = NNRT_i32, .count = (n), .offset = (at), .source = (of),            \
    .hyper = -1                                                                                                        \
  }
static const float one = 1;
static const nnrt_input
    on_s[] = {TAKES(2, 0, 0)},
    on_t[] = {TAKES(2, 0, 1)}, on_t_one[] = {TAKES(1, 0, 1)}, on_s_t[] = {TAKES(2, 0, 0), TAKES(2, 64, 1)},
    on_p[] = {TAKES(2, 0, 2),
              {.name = "weight", .kind = NNRT_INPUT_WEIGHT, .dtype = NNRT_f32, .count = 2, .offset = 128, .source = 2}},
    on_value[] = {{.name = "value",
                   .kind = NNRT_INPUT_VALUE,
                   .dtype = NNRT_f32,
                   .count = 1,
                   .offset = 128,
                   .source = -1,
                   .value = &one}};
static const nnrt_output g_outputs[] = {{.name = "odd", .dtype = NNRT_f32, .count = 1},
                                        {.name = "n", .dtype = NNRT_f32, .count = 1, .offset = 64},
                                        {.name = "third", .dtype = NNRT_bool, .count = 1, .offset = 128}};
#define VARIANT(r, code, in)                                                                                           \
  { .rows = (r), .step = (code), .ninputs = LENGTH(in), .inputs = (in), .input_bytes = 192, .output_bytes = 192 }
static const nnrt_variant t_is[] = {VARIANT(2, step_t, on_s)}, u_is[] = {VARIANT(2, step_u, on_t)},
                          w_is[] = {VARIANT(2, step_w, on_s_t)}, p_is[] = {VARIANT(2, step_p, on_p)},
                          v_is[] = {VARIANT(2, step_v, on_t), VARIANT(1, step_v, on_t_one)},
                          g_is[] = {{.step = step_g,
                                     .ninputs = 1,
                                     .inputs = on_value,
                                     .noutputs = 3,
                                     .outputs = g_outputs,
                                     .input_bytes = 192,
                                     .output_bytes = 192}};
static const int s_only[] = {0}, t_only[] = {1}, s_and_t[] = {0, 1}, p_only[] = {2};
static const nnrt_func case_funcs[] = {
    {"train", 0, 1, s_only, 1, t_is}, {"u", 0, 1, t_only, 1, u_is},        {"w", 0, 2, s_and_t, 1, w_is},
    {"g", 0, 0, NULL, 1, g_is},       {"validate", 1, 1, t_only, 2, v_is}, {"p", 0, 1, p_only, 1, p_is},
};

/* ---- programs ---- */
#define CALL(f, ...)                                                                                                   \
  { .func = (f), .when_func = -1, __VA_ARGS__ }
#define ACTS(list, ...)                                                                                                \
  .n##list = LENGTH(((const nnrt_act[]){__VA_ARGS__})), .list = (const nnrt_act[]) { __VA_ARGS__ }
#define PHASE(...)                                                                                                     \
  { .stop_func = -1, __VA_ARGS__ }
#define UNTIL(output, ...)                                                                                             \
  { .stop_func = G, .stop_output = (output), __VA_ARGS__ }
#define EPOCHS(n) .by_epochs = 1, .count = (n), .count_hyper = -1
#define STEPS(n) .count = (n), .count_hyper = -1

static void expect_flag(int nphases, const nnrt_phase *phases, const char *flag, const char *value,
                        const char *wanted) {
  nnrt_model m = model;
  m.sources = case_sources, m.nsources = LENGTH(case_sources);
  m.funcs = case_funcs, m.nfuncs = CASE_FUNCS;
  m.phases = phases, m.nphases = nphases;
  calls[0] = 0, g_calls = 0;
  int status = RUN(&m, "--quiet", flag, value);
  if (status) fail_msg("status %d: %s", status, file_get("err"));
  if (*calls) calls[strlen(calls) - 1] = 0;
  assert_string_equal(calls, wanted);
}
static void expect(int nphases, const nnrt_phase *phases, const char *wanted) {
  expect_flag(nphases, phases, "--threads", "2", wanted);
}

static void without_a_run_train_then_validate(void **state) {
  (void)state;
  expect(0, NULL, "t0 t2 t4 v0 v2");
}

static void lists_stand_around_the_steps(void **state) {
  (void)state;
  const nnrt_phase p[] = {PHASE(EPOCHS(2), ACTS(before, CALL(V)), ACTS(step, CALL(T)), ACTS(each_epoch, CALL(G)),
                                ACTS(after, CALL(U), CALL(V)))};
  expect(1, p, "v0 v2 t0 t2 t4 g t0 t2 t4 g u0 v0 v2");
}

static void every_counts_steps_and_epochs(void **state) {
  (void)state;
  const nnrt_phase steps[] = {PHASE(STEPS(5), ACTS(step, CALL(T), CALL(G, .every = 2)))};
  expect(1, steps, "t0 t2 g t4 t0 g t2");
  const nnrt_phase epochs[] = {PHASE(EPOCHS(3), ACTS(step, CALL(T)), ACTS(each_epoch, CALL(G, .every = 2), CALL(U)))};
  expect(1, epochs, "t0 t2 t4 u0 t0 t2 t4 g u0 t0 t2 t4 u0");
}

/* Five calls a step, three batches a pass: the epoch ends with the step that finishes the pass. */
static void an_epoch_is_a_pass_of_the_leading_source(void **state) {
  (void)state;
  const nnrt_phase two[] = {PHASE(EPOCHS(2), ACTS(step, CALL(T, .times = 2), CALL(G)), ACTS(each_epoch, CALL(U)))};
  expect(1, two, "t0 t2 g t4 t0 g u0 t2 t4 g u0");
  const nnrt_phase seven[] = {
      PHASE(EPOCHS(4), ACTS(step, CALL(T, .times = 7)), ACTS(each_epoch, CALL(G, .every = 3), CALL(U)))};
  expect(1, seven, "t0 t2 t4 t0 t2 t4 t0 u0 t2 t4 t0 t2 t4 t0 t2 g u0");
}

static void sources_advance_apart_and_wrap(void **state) {
  (void)state;
  const nnrt_phase both[] = {PHASE(STEPS(4), ACTS(step, CALL(W)))};
  expect(1, both, "w0,0 w2,0 w4,0 w0,0");
  const nnrt_phase shared[] = {PHASE(EPOCHS(2), ACTS(step, CALL(T), CALL(W)), ACTS(each_epoch, CALL(G)))};
  expect(1, shared, "t0 w2,0 t4 w0,0 g t2 w4,0 g");
}

/* A pass of nn.evaluate leaves the places of the sources alone. */
static void passes_do_not_disturb(void **state) {
  (void)state;
  const nnrt_phase p[] = {PHASE(STEPS(3), ACTS(step, CALL(U), CALL(V), CALL(T)))};
  expect(1, p, "u0 v0 v2 t0 u0 v0 v2 t2 u0 v0 v2 t4");
}

static void when_asks_the_latest_call(void **state) {
  (void)state;
  nnrt_act step[] = {CALL(T), CALL(G), CALL(U)};
  step[0].when_func = step[2].when_func = G, step[0].when_output = step[2].when_output = 0;
  const nnrt_phase p[] = {PHASE(STEPS(4), .nstep = 3, .step = step)};
  expect(1, p, "g u0 t0 g g u0 t2 g"); /* never called: zero */
}

static void stop_is_looked_at_after_every_list(void **state) {
  (void)state;
  const nnrt_phase in_steps[] = {
      UNTIL(2, STEPS(10), ACTS(step, CALL(T), CALL(G)), ACTS(each_epoch, CALL(U)), ACTS(after, CALL(V)))};
  expect(1, in_steps, "t0 g t2 g t4 g v0 v2"); /* the epoch that ends with the stop is not one more list */
  const nnrt_phase in_epochs[] = {
      UNTIL(2, EPOCHS(9), ACTS(step, CALL(T)), ACTS(each_epoch, CALL(G)), ACTS(after, CALL(V)))};
  expect(1, in_epochs, "t0 t2 t4 g t0 t2 t4 g t0 t2 t4 g v0 v2");
  const nnrt_phase in_before[] = {UNTIL(0, STEPS(9), ACTS(before, CALL(G)), ACTS(step, CALL(T)), ACTS(after, CALL(U)))};
  expect(1, in_before, "g u0");
}

static void stop_is_looked_at_before_the_first_list(void **state) {
  (void)state;
  const nnrt_phase p[] = {PHASE(STEPS(1), ACTS(step, CALL(G))),
                          UNTIL(0, STEPS(9), ACTS(before, CALL(U)), ACTS(step, CALL(T)), ACTS(after, CALL(V))),
                          PHASE(STEPS(1), ACTS(step, CALL(U)))};
  expect(3, p, "g v0 v2 u0");
}

static void phases_follow_each_other(void **state) {
  (void)state;
  const nnrt_phase p[] = {PHASE(STEPS(1), ACTS(step, CALL(T)), ACTS(after, CALL(G))),
                          PHASE(EPOCHS(2), ACTS(step, CALL(T)), ACTS(each_epoch, CALL(U)))};
  expect(2, p, "t0 g t2 t4 u0 t0 t2 t4 u0"); /* the pass that phase 1 began ends in phase 2 */
  const nnrt_phase none[] = {PHASE(STEPS(0), ACTS(before, CALL(G)), ACTS(step, CALL(T)), ACTS(after, CALL(U)))};
  expect(1, none, "u0");
}

static void flags_change_counts(void **state) {
  (void)state;
  const nnrt_phase p[] = {PHASE(STEPS(1), ACTS(step, CALL(G))),
                          PHASE(EPOCHS(2), ACTS(step, CALL(T)), ACTS(each_epoch, CALL(U)), ACTS(after, CALL(V)))};
  expect_flag(2, p, "--epochs", "1", "g t0 t2 t4 u0 v0 v2");
  expect_flag(2, p, "--steps", "5", "g t0 t2 t4 u0 t0 v0 v2"); /* cut short, it still ends by `after` */
  expect_flag(2, p, "--steps", "1", "g");                      /* the second phase does not begin */
  const nnrt_phase counted[] = {PHASE(.count_hyper = 1, ACTS(step, CALL(G)))};
  expect_flag(1, counted, "--depth", "4", "g g g g");
}

static void acts_bring_their_inputs(void **state) {
  (void)state;
  static const float two = 2;
  static const nnrt_given given[] = {{"value", &two}};
  const nnrt_phase p[] = {
      PHASE(STEPS(2), ACTS(step, CALL(G), CALL(G, .ninputs = 1, .inputs = given)), ACTS(after, CALL(G)))};
  expect(1, p, "g g(2) g g(2) g");
  expect_flag(1, p, "--g.value", "0.5", "g(0.5) g(2) g(0.5) g(2) g(0.5)");
}

static void padded_batches_say_what_they_hold(void **state) {
  (void)state;
  const nnrt_phase p[] = {PHASE(EPOCHS(2), ACTS(step, CALL(P)), ACTS(each_epoch, CALL(G)))};
  expect(1, p, "p0/2 p2/2 p4/1 g p0/2 p2/2 p4/1 g");
}

/* ---- nn.save, nn.load in a list; the log of several calls ---- */
static void states_are_saved_and_loaded_by_their_names_there(void **state) {
  (void)state;
  static const nnrt_kept kept[] = {{"w", 0}};
  static const nnrt_rename renames[] = {{"w", "0.weight"}}, wrong[] = {{"w.", "x."}};
  nnrt_act save = {
      .kind = NNRT_ACT_SAVE, .func = -1, .when_func = -1, .path = in_folder("kept"), .nkept = 1, .kept = kept};
  nnrt_act load = {.kind = NNRT_ACT_LOAD, .func = -1, .when_func = -1, .path = in_folder("kept")};
  static const nnrt_kept weight[] = {{"0.weight", 0}};
  load.nkept = 1, load.kept = weight, load.nrenames = 1, load.renames = renames;
  const nnrt_act train = CALL(F_TRAIN);
  nnrt_phase p[] = {PHASE(STEPS(3), .nstep = 1, .step = &train, .nafter = 1, .after = &save),
                    PHASE(STEPS(2), .nbefore = 1, .before = &load, .nstep = 1, .step = &train)};
  nnrt_model m = model;
  m.nphases = 2, m.phases = p;
  assert_int_equal(RUN(&m, "--quiet", "--seed", "40", "--save", in_folder("end")), 0);
  const unsigned char *file = (const unsigned char *)file_get("kept");
  assert_non_null(strstr((const char *)file + 8, "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}"));
  assert_true(f32_at(file + 8 + (file[0] | file[1] << 8)) == 43); /* the seed and three steps */
  file = (const unsigned char *)file_get("end");
  assert_true(f32_at(file + 8 + (file[0] | file[1] << 8)) == 45);
  p[1] = p[0], p[1].nafter = 0, p[1].nbefore = 1, p[1].before = &load;
  p[0].nafter = 0;
  load.renames = wrong;
  assert_int_equal(RUN(&m, "--quiet"), 1);
  assert_non_null(strstr(file_get("err"), "kept: has w, which the model has not"));
  load.nrenames = 0, load.path = in_folder("nothing");
  assert_int_equal(RUN(&m, "--quiet"), 1);
  assert_non_null(strstr(file_get("err"), "nothing: cannot be opened"));
}

static void the_log_has_means_over_the_calls(void **state) {
  (void)state;
  const nnrt_phase p[] = {PHASE(STEPS(2), ACTS(step, CALL(G, .times = 4)))};
  expect_flag(1, p, "--log", in_folder("log"), "g g g g g g g g");
  assert_string_equal(file_get("log"), "{\"step\":1,\"epoch\":0,\"func\":\"g\",\"odd\":0.5,\"n\":2.5,\"third\":0.5}\n"
                                       "{\"step\":2,\"epoch\":0,\"func\":\"g\",\"odd\":0.5,\"n\":6.5,\"third\":1}\n");
}

/* ---- write ---- */
static void outputs_go_to_files(void **state) {
  (void)state;
  char npy[160], text[160];
  strcpy(npy, in_folder("n.npy"));
  strcpy(text, in_folder("n.txt"));
  const nnrt_write writes[] = {{npy, 1}, {text, 0}};
  const nnrt_phase p[] = {PHASE(STEPS(3), ACTS(step, CALL(G, .nwrites = 2, .writes = writes)), ACTS(after, CALL(G)))};
  expect(1, p, "g g g g");
  const unsigned char *file = (const unsigned char *)file_get("n.npy");
  assert_memory_equal(file, "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 67);
  assert_true(file[127] == '\n' && f32_at(file + 128) == 1 && f32_at(file + 136) == 3);
  assert_string_equal(file_get("n.txt"), "1\n0\n1\n");
  char nowhere[160];
  strcpy(nowhere, in_folder("nowhere/n.npy"));
  const nnrt_write lost[] = {{nowhere, 1}};
  const nnrt_phase q[] = {PHASE(STEPS(3), ACTS(step, CALL(G, .nwrites = 1, .writes = lost)))};
  nnrt_model m = model;
  m.sources = case_sources, m.nsources = LENGTH(case_sources), m.funcs = case_funcs, m.nfuncs = CASE_FUNCS;
  m.phases = q, m.nphases = 1;
  calls[0] = 0;
  assert_int_equal(RUN(&m, "--quiet"), 1);
  assert_non_null(strstr(file_get("err"), "nowhere/n.npy: cannot be written: No such file"));
  assert_string_equal(calls, ""); /* before the first step */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_run_train_then_validate),
      cmocka_unit_test(lists_stand_around_the_steps),
      cmocka_unit_test(every_counts_steps_and_epochs),
      cmocka_unit_test(an_epoch_is_a_pass_of_the_leading_source),
      cmocka_unit_test(sources_advance_apart_and_wrap),
      cmocka_unit_test(passes_do_not_disturb),
      cmocka_unit_test(when_asks_the_latest_call),
      cmocka_unit_test(stop_is_looked_at_after_every_list),
      cmocka_unit_test(stop_is_looked_at_before_the_first_list),
      cmocka_unit_test(phases_follow_each_other),
      cmocka_unit_test(flags_change_counts),
      cmocka_unit_test(acts_bring_their_inputs),
      cmocka_unit_test(padded_batches_say_what_they_hold),
      cmocka_unit_test(states_are_saved_and_loaded_by_their_names_there),
      cmocka_unit_test(the_log_has_means_over_the_calls),
      cmocka_unit_test(outputs_go_to_files),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
