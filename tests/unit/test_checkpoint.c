/* test_checkpoint.c: checkpoints of the model of runtime_model.h: a signal in any call of a run, also within a pass of
 * an evaluation, and the run goes on with the call that came next; what is wrong with a file is found wherever it is,
 * and named; older generations are kept and used. What is expected is the run that was not stopped, or follows from
 * the flags. */
#include "runtime_model.h"

#include <sys/syscall.h>

/* Two batches a pass; 7 calls an evaluation (4 batches of 250 and 3 single rows); count is called twice after the
 * second epoch, since train gave no zero: 7 + 2 * (2 * 3 + 7) + 2 + 2 * 7 calls. */
enum { WHOLE = 49 };
static char data[256], tested[256];
static const nnrt_act act_validate = {.func = F_VALIDATE, .times = 1, .every = 1, .when_func = -1, .when_output = -1};
static const nnrt_act act_epoch[] = {{.func = F_VALIDATE, .times = 1, .every = 1, .when_func = -1, .when_output = -1},
                                     {.func = F_COUNT, .times = 2, .every = 2, .when_func = F_TRAIN, .when_output = 0}};
static const nnrt_act act_after = {.func = F_VALIDATE, .times = 2, .every = 1, .when_func = -1, .when_output = -1};
static const nnrt_act act_steps[] = {{.func = F_TRAIN, .times = 1, .every = 1, .when_func = -1, .when_output = -1},
                                     {.func = F_COUNT, .times = 2, .every = 1, .when_func = F_TRAIN, .when_output = 1}};
static const nnrt_phase phase = {.by_epochs = 1,
                                 .count = 2,
                                 .count_hyper = -1,
                                 .nbefore = 1,
                                 .before = &act_validate,
                                 .nstep = 2,
                                 .step = act_steps,
                                 .neach_epoch = 2,
                                 .each_epoch = act_epoch,
                                 .nafter = 1,
                                 .after = &act_after,
                                 .stop_func = -1,
                                 .stop_output = -1};

static nnrt_model small_model(void) {
  nnrt_model m = model;
  numbered_rows("i", "l", 600);
  numbered_rows("ti", "tl", 1003);
  snprintf(data, sizeof data, "train=%s,%s", in_folder("i"), in_folder("l"));
  snprintf(tested, sizeof tested, "test=%s,%s", in_folder("ti"), in_folder("tl"));
  m.nphases = 1, m.phases = &phase;
  return m;
}
#define RUN_SMALL(m, ...)                                                                                              \
  RUN((m), "--quiet", "--data", data, "--data", tested, "--log", in_folder("log"), "--checkpoint", in_folder("c"),     \
      __VA_ARGS__)

static void remove_all(void) {
  static const char *const names[] = {"log", "c", "c.1", "c.2", "c.3", "c.4", "c.new"};
  for (int i = 0; i < LENGTH(names); i++) unlink(in_folder(names[i]));
}

/* ---- signals ---- */
static void a_signal_in_any_call_changes_nothing(void **state) {
  (void)state;
  static struct SeenCall whole[WHOLE], parts[2 * WHOLE];
  static char log[1 << 16];
  nnrt_model m = small_model();
  remove_all();
  assert_int_equal(RUN_SMALL(&m, "--threads", "2"), 0);
  assert_int_equal(seen.n, WHOLE);
  memcpy(whole, seen.call, sizeof whole);
  strcpy(log, file_get("log"));
  for (int k = 1; k <= WHOLE; k++) {
    remove_all();
    seen.raise_call = k;
    assert_int_equal(RUN_SMALL(&m, "--threads", "2"), 130);
    seen.raise_call = 0;
    int n = seen.n;
    assert_true(n >= k && n <= WHOLE);
    memcpy(parts, seen.call, (size_t)n * sizeof *parts);
    assert_int_equal(RUN_SMALL(&m, "--resume"), 0);
    assert_int_equal(n + seen.n, WHOLE);
    memcpy(parts + n, seen.call, (size_t)seen.n * sizeof *parts);
    for (int i = 0; i < WHOLE; i++)
      if (memcmp(&parts[i], &whole[i], sizeof *whole) && parts[i].func != F_COUNT)
        fail_msg("signal in call %d: call %d is %d at row %u, not %d at row %u", k, i + 1, parts[i].func, parts[i].row,
                 whole[i].func, whole[i].row);
    if (strcmp(file_get("log"), log)) fail_msg("signal in call %d: the log is\n%s\nnot\n%s", k, file_get("log"), log);
  }
}

/* ---- files ---- */
static size_t bytes_get(const char *name, unsigned char *to, size_t room) {
  FILE *in = fopen(in_folder(name), "rb");
  assert_non_null(in);
  size_t n = fread(to, 1, room, in);
  fclose(in);
  return n;
}

static void expect_refused(const nnrt_model *m, const char *what, size_t at) {
  if (RUN_SMALL(m, "--resume", in_folder("bad")) != 1 || !strstr(file_get("err"), "/bad: ") || seen.n)
    fail_msg("%s at byte %zu: %d calls, %s", what, at, seen.n, file_get("err"));
}

static void damage_is_found_wherever_it_is(void **state) {
  (void)state;
  static unsigned char good[1 << 14], bad[1 << 14];
  nnrt_model m = small_model();
  remove_all();
  assert_int_equal(RUN_SMALL(&m, "--epochs", "1"), 0);
  size_t n = bytes_get("c", good, sizeof good);
  assert_true(n > 500 && n < sizeof good - 1);
  for (size_t at = 0; at < n; at++) {
    memcpy(bad, good, n);
    bad[at] ^= (unsigned char)(1u << at % 8);
    file_put("bad", bad, n);
    expect_refused(&m, "a flipped bit", at);
  }
  for (size_t at = 0; at < n; at += 61) {
    file_put("bad", good, at);
    expect_refused(&m, "cut off", at);
  }
  memcpy(bad, good, n);
  bad[n] = 0;
  file_put("bad", bad, n + 1);
  expect_refused(&m, "a byte too many", n);
}

static void generations_are_kept_and_used(void **state) {
  (void)state;
  static unsigned char bytes[1 << 14];
  nnrt_model m = small_model();
  char older[256];
  remove_all();
  assert_int_equal(RUN_SMALL(&m, "--checkpoint-every", "1", "--checkpoint-keep", "3"), 0);
  for (int i = 0; i < 4; i++) {
    snprintf(older, sizeof older, i ? "c.%d" : "c", i);
    const char *text = file_get(older);
    assert_int_equal(text != NULL, i < 3);
    char steps[64];
    snprintf(steps, sizeof steps, "\"nnrt.steps\":\"%d ", 4 - i);
    if (text && !strstr(text + 8, steps)) fail_msg("%s is not of step %d", older, 4 - i);
  }
  size_t n = bytes_get("c", bytes, sizeof bytes);
  file_put("c", bytes, n - 1);
  unlink(in_folder("c.1"));
  assert_int_equal(RUN_SMALL(&m, "--resume"), 0);
  const char *err = file_get("err");
  assert_non_null(strstr(err, "/c: is damaged or cut off"));
  assert_non_null(strstr(err, "/c.2\n"));
  assert_int_equal(seen.calls[F_TRAIN], 2);
}

/* ---- what is on the disk after a power cut: the C library's calls, noted ---- */
static char order[1 << 10]; /* F, D: a file, a folder is flushed; R: one is renamed */
static void order_add(char what) {
  size_t n = strlen(order);
  if (n + 1 < sizeof order) order[n] = what;
}
int fsync(int file) {
  struct stat about;
  order_add(!fstat(file, &about) && S_ISDIR(about.st_mode) ? 'D' : 'F');
  return (int)syscall(SYS_fsync, file);
}
int rename(const char *from, const char *to) {
  order_add('R');
  return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

static void files_are_flushed_around_the_new_name(void **state) {
  (void)state;
  nnrt_model m = small_model();
  remove_all();
  memset(order, 0, sizeof order);
  assert_int_equal(RUN_SMALL(&m, "--checkpoint-every", "1", "--checkpoint-keep", "1", "--save", in_folder("w")), 0);
  for (int i = 0; i < 6; i++) /* four steps; before `after` there is one already; the weights */
    if (strncmp(order + 3 * i, i < 5 ? "FRD" : "", 3)) fail_msg("%s, not FRD for each of five files", order);
  memset(order, 0, sizeof order);
  assert_int_equal(RUN_SMALL(&m, "--resume", "--steps", "4", "--save", in_folder("w.npz")), 0);
  assert_string_equal(order, "FRDFRD"); /* a checkpoint before `after`, an archive */
}

/* ---- of what ---- */
static void expect_foreign(const nnrt_model *m, const char *message) {
  assert_int_equal(RUN_SMALL(m, "--resume"), 1);
  if (!strstr(file_get("err"), message)) fail_msg("%s: %s", message, file_get("err"));
  assert_int_equal(seen.n, 0);
}

static void checkpoints_of_other_models_are_refused(void **state) {
  (void)state;
  nnrt_model m = small_model(), other = m;
  nnrt_state changed[LENGTH(states)];
  remove_all();
  assert_int_equal(RUN_SMALL(&m, "--epochs", "1", "--checkpoint-keep", "1"), 0);
  other.name = "other";
  expect_foreign(&other, "/c: is of the model tiny; this program's is other");
  other = m, other.states = changed;
  memcpy(changed, states, sizeof changed);
  changed[0].dim[0] = 3, changed[0].dim[1] = 2;
  expect_foreign(&other, "0.weight is [2,3]; the model's is [3,2]");
  memcpy(changed, states, sizeof changed);
  changed[0].dtype = NNRT_u32;
  expect_foreign(&other, "0.weight is F32; the model's is U32");
  memcpy(changed, states, sizeof changed);
  changed[0].name = "1.weight";
  expect_foreign(&other, "has 0.weight, which the model has not");
  nnrt_phase twice = phase;
  twice.nbefore = 0;
  other = m, other.phases = &twice;
  expect_foreign(&other, "/c: is of another version of the program, whose `run` or `data`");
  other = m, other.hash = 0x4321;
  expect_foreign(&other, "the program 0000000000001234, and this one is 0000000000004321");
}

static void flags_that_contradict_are_refused(void **state) {
  (void)state;
  nnrt_model m = small_model();
  remove_all();
  assert_int_equal(RUN_SMALL(&m, "--seed", "7", "--lr", "0.25", "--epochs", "1"), 0);
  assert_int_equal(RUN_SMALL(&m, "--resume", "--seed", "8"), 2);
  assert_non_null(strstr(file_get("err"), "--seed 8: the run of "));
  assert_int_equal(RUN_SMALL(&m, "--resume", "--no-shuffle"), 2);
  numbered_rows("i", "l", 601);
  assert_int_equal(RUN_SMALL(&m, "--resume"), 1);
  assert_non_null(strstr(file_get("err"), "data train: has 601 rows; it had 600 when "));
  numbered_rows("i", "l", 600);
  file_put("log", "{}\n", 3);
  assert_int_equal(RUN_SMALL(&m, "--resume"), 1);
  assert_non_null(strstr(file_get("err"), "log: has 3 bytes; "));
  assert_int_equal(seen.n, 0);
}

/* What is not said again is as it was; with more epochs the run goes on, and who reads its length is told. */
static void flags_come_from_the_checkpoint(void **state) {
  (void)state;
  nnrt_model m = small_model();
  remove_all();
  assert_int_equal(RUN_SMALL(&m, "--seed", "7", "--lr", "0.25", "--epochs", "1"), 0);
  assert_int_equal(RUN_SMALL(&m, "--resume", "--seed", "7"), 0);
  assert_int_equal(seen.n, 14); /* `after` again */
  assert_true(seen.call[0].lr == 0.25);
  assert_non_null(
      strstr(file_get("err"), "the run was over after step 2: a larger --steps or --epochs makes it longer"));
  assert_int_equal(RUN_SMALL(&m, "--resume", "--epochs", "3"), 0);
  assert_int_equal(seen.calls[F_TRAIN], 4);
  assert_true(seen.call[0].lr == 0.25 && seen.call[0].total == 6 && seen.call[0].epoch == 1);
  assert_non_null(strstr(file_get("err"), "planned for 2 steps and is now for 6"));
  assert_int_equal(RUN_SMALL(&m, "--resume", "--lr", "0.5", "--epochs", "4"), 0);
  assert_true(seen.call[0].lr == 0.5 && seen.calls[F_TRAIN] == 2);
}

static void without_a_checkpoint_the_run_begins(void **state) {
  (void)state;
  nnrt_model m = small_model();
  remove_all();
  assert_int_equal(RUN_SMALL(&m, "--resume", "--epochs", "1"), 0);
  assert_non_null(strstr(file_get("err"), "/c: the run begins"));
  assert_int_equal(seen.calls[F_TRAIN], 2);
  assert_int_equal(RUN_SMALL(&m, "--resume", in_folder("absent")), 1);
  assert_non_null(strstr(file_get("err"), "absent: cannot be opened: No such file"));
  assert_int_equal(RUN(&m, "--checkpoint", in_folder("nowhere/c")), 1);
  assert_non_null(strstr(file_get("err"), "nowhere/c: cannot be written: No such file"));
  assert_int_equal(seen.n, 0);
}

/* A checkpoint's weights are weights. */
static void weights_come_from_a_checkpoint(void **state) {
  (void)state;
  nnrt_model m = small_model();
  remove_all();
  assert_int_equal(RUN_SMALL(&m, "--epochs", "1"), 0);
  assert_int_equal(RUN(&model, "--quiet", "--init", in_folder("c"), "--steps", "1", "--log", in_folder("log")), 0);
  assert_non_null(strstr(file_get("log"), "\"calls\":3,"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_signal_in_any_call_changes_nothing),
      cmocka_unit_test(damage_is_found_wherever_it_is),
      cmocka_unit_test(generations_are_kept_and_used),
      cmocka_unit_test(checkpoints_of_other_models_are_refused),
      cmocka_unit_test(files_are_flushed_around_the_new_name),
      cmocka_unit_test(flags_that_contradict_are_refused),
      cmocka_unit_test(flags_come_from_the_checkpoint),
      cmocka_unit_test(without_a_checkpoint_the_run_begins),
      cmocka_unit_test(weights_come_from_a_checkpoint),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
