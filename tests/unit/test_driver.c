/* test_driver.c: nnrt_main on a model written by hand: counts of iterations, phases, epochs, order of the data, inputs,
 * logs, evaluation, weights, signals. What is expected follows from the numbers of rows and LANGUAGE.md's section on
 * the driver. */
#include "runtime_model.h"

#include <sys/syscall.h>
#include <time.h>

/* The log must be JSON of the promised form. */
static void each_epoch_visits_all_batches(void **state) {
  (void)state;
  assert_int_equal(RUN(&model, "--epochs", "1", "--log", in_folder("log"), "--quiet"), 0);
  assert_int_equal(seen.calls[F_TRAIN], 960); /* 245,760 rows at 256 */
  const char *log = file_get("log");
  assert_int_equal(lines_with(log, "\n"), 961);
  assert_int_equal(lines_with(log, "\"func\":\"train\""), 960);
  assert_non_null(strstr(log, "{\"step\":1,\"epoch\":0,\"func\":\"train\",\"loss\":"));
  assert_non_null(
      strstr(log, ",\"calls\":960,\"stop\":true}\n{\"step\":960,\"epoch\":0,\"func\":\"validate\",\"mean\":"));
  assert_int_equal(seen.calls[F_VALIDATE], 4 + 3); /* 1003 rows: 4 batches of 250 and 3 single rows */
  assert_non_null(strstr(log, ",\"rows\":1003,\"accuracy\":0.893100023}"));
  assert_string_equal(file_get("out"), "");
  assert_string_equal(file_get("err"), "");
}

static void passes_are_exact_and_in_order(void **state) {
  (void)state;
  numbered_rows("ti", "tl", 1003);
  char data[256];
  snprintf(data, sizeof data, "test=%s,%s", in_folder("ti"), in_folder("tl"));
  assert_int_equal(RUN(&model, "--epochs", "2", "--data", data, "--quiet", "--log", in_folder("log")), 0);
  int at = 0, rows = 0;
  while (seen.call[at].func != F_VALIDATE) at++;
  for (int i = 0; i < 7; i++) {
    const struct SeenCall *c = &seen.call[at + i];
    assert_int_equal(c->func, F_VALIDATE);
    assert_int_equal(c->row, rows);
    assert_int_equal(c->first, i == 0);
    assert_int_equal(c->last, i == 6);
    rows += c->rows;
  }
  assert_int_equal(rows, 1003);
  double mean = (100 * 45 + 0 + 1 + 2) / 1003.0; /* labels are i mod 10 */
  assert_true(fabs(seen.call[at + 6].value - mean) < 1e-5);
  assert_int_equal(seen.calls[F_VALIDATE], 14);
}

static void hypers_and_places_reach_the_step(void **state) {
  (void)state;
  assert_int_equal(RUN(&model, "--epochs=2", "--lr", "0.25", "--quiet"), 0);
  int train = 0;
  for (int i = 0; i < seen.n; i++) {
    const struct SeenCall *c = &seen.call[i];
    assert_true(c->lr == 0.25);
    assert_true(c->total == 1920);
    if (c->func != F_TRAIN) continue;
    assert_int_equal(c->first, train % 960 == 0);
    assert_int_equal(c->last, train % 960 == 959);
    assert_int_equal(c->epoch, train / 960);
    train++;
  }
  assert_int_equal(train, 1920);
  assert_int_equal(seen.heap_second, seen.heap_last); /* no step allocates */
}

static void steps_end_the_run(void **state) {
  (void)state;
  assert_int_equal(RUN(&model, "--steps", "50", "--quiet", "--log", in_folder("log")), 0);
  assert_int_equal(seen.calls[F_TRAIN], 50);
  assert_int_equal(seen.calls[F_VALIDATE], 0);
  assert_true(seen.call[0].total == 50);
  assert_int_equal(RUN(&model, "--epochs", "3", "--steps", "960", "--quiet"), 0); /* ends with an epoch, not the last */
  assert_int_equal(seen.calls[F_VALIDATE], 0);
  assert_int_equal(RUN(&model, "--epochs", "1", "--steps", "960", "--quiet"), 0); /* completes the phase */
  assert_int_equal(seen.calls[F_VALIDATE], 7);
  assert_int_equal(RUN(&model, "--steps", "0", "--quiet"), 0);
  assert_int_equal(seen.n, 0);
}

/* ---- the order of the data ---- */
enum { ROWS = 2600 }; /* 10 batches; 40 rows of each pass are dropped */
static uint32_t orders[3][2 * 10 * TRAIN_BATCH];

static void run_on_rows(int k, const char *seed, const char *threads, const char *shuffle) {
  char data[256];
  snprintf(data, sizeof data, "train=%s,%s", in_folder("i"), in_folder("l"));
  assert_int_equal(
      RUN(&model, "--data", data, "--epochs", "2", "--quiet", "--seed", seed, "--threads", threads, shuffle), 0);
  assert_int_equal(seen.norder, 2 * 10 * TRAIN_BATCH);
  memcpy(orders[k], seen.order, sizeof orders[k]);
}

static void shuffles_are_permutations_from_the_seed(void **state) {
  (void)state;
  numbered_rows("i", "l", ROWS);
  run_on_rows(0, "7", "2", "--quiet");
  for (int epoch = 0; epoch < 2; epoch++) {
    char visited[ROWS] = {0};
    for (int i = 0; i < 10 * TRAIN_BATCH; i++) {
      uint32_t row = orders[0][epoch * 10 * TRAIN_BATCH + i];
      assert_true(row < ROWS && !visited[row]);
      visited[row] = 1;
    }
  }
  assert_memory_not_equal(orders[0], orders[0] + 10 * TRAIN_BATCH, 4 * 10 * TRAIN_BATCH);
  run_on_rows(1, "7", "1", "--quiet");
  assert_memory_equal(orders[0], orders[1], sizeof orders[0]);
  run_on_rows(2, "8", "1", "--quiet");
  assert_memory_not_equal(orders[0], orders[2], sizeof orders[0]);
  run_on_rows(2, "7", "1", "--no-shuffle");
  for (int i = 0; i < 10 * TRAIN_BATCH; i++) assert_int_equal(orders[2][i], i);
  assert_memory_equal(orders[2], orders[2] + 10 * TRAIN_BATCH, 4 * 10 * TRAIN_BATCH);
}

static void any_number_of_threads_gives_the_same_log(void **state) {
  (void)state;
  static char first[1 << 20];
  for (int threads = 1; threads <= 5; threads++) {
    char count[8];
    snprintf(count, sizeof count, "%d", threads);
    assert_int_equal(
        RUN(&model, "--steps", "300", "--seed", "3", "--threads", count, "--log", in_folder("log"), "--quiet"), 0);
    if (threads == 1) strcpy(first, file_get("log"));
    assert_string_equal(file_get("log"), first);
  }
}

/* ---- phases ---- */
#define ACT(f) ((nnrt_act){.func = (f), .times = -1, .every = -1, .when_func = -1, .when_output = -1})

static void acts_repeat_skip_and_ask(void **state) {
  (void)state;
  nnrt_act step[] = {ACT(F_COUNT), ACT(F_TRAIN), ACT(F_TRAIN)};
  step[1].times = 3;                                    /* in every step */
  step[1].when_func = F_COUNT, step[1].when_output = 0; /* when count's output is odd */
  step[2].every = 4;
  const nnrt_act before = ACT(F_VALIDATE), after = ACT(F_COUNT);
  const nnrt_phase phase = {.count = 10,
                            .count_hyper = -1,
                            .nbefore = 1,
                            .before = &before,
                            .nstep = 3,
                            .step = step,
                            .nafter = 1,
                            .after = &after,
                            .stop_func = -1,
                            .stop_output = -1};
  nnrt_model m = model;
  m.nphases = 1, m.phases = &phase;
  assert_int_equal(RUN(&m, "--quiet", "--log", in_folder("log")), 0);
  assert_int_equal(seen.calls[F_COUNT], 11);
  assert_int_equal(seen.calls[F_TRAIN], 3 * 5 + 2); /* odd counts: 1 3 5 7 9; steps 4 and 8 */
  assert_int_equal(seen.call[0].func, F_VALIDATE);
  assert_int_equal(seen.call[seen.n - 1].func, F_COUNT);
  assert_true(seen.call[7].func == F_COUNT && seen.call[7].value == 2.5);
  assert_int_equal(lines_with(file_get("log"), "\n"), 1 + 10 + 5 + 2 + 1);
}

static void stop_metrics_end_phases_and_hypers_count(void **state) {
  (void)state;
  const nnrt_act train = ACT(F_TRAIN), count = ACT(F_COUNT);
  const nnrt_phase phases[] = {{.by_epochs = 1,
                                .count = 5,
                                .count_hyper = -1,
                                .nstep = 1,
                                .step = &train,
                                .nafter = 1,
                                .after = &count,
                                .stop_func = F_TRAIN,
                                .stop_output = 2},
                               {.count_hyper = 1, .nstep = 1, .step = &count, .stop_func = -1, .stop_output = -1}};
  nnrt_model m = model;
  m.nphases = 2, m.phases = phases;
  assert_int_equal(RUN(&m, "--quiet", "--depth", "4"), 0);
  assert_int_equal(seen.calls[F_TRAIN], 3); /* its output `stop` is set from the third call on */
  assert_int_equal(seen.calls[F_COUNT], 1 + 4);
  assert_int_equal(RUN(&m, "--quiet", "--steps", "3"), 0); /* the third step completes phase 1; no step of phase 2 */
  assert_int_equal(seen.calls[F_COUNT], 1);
}

static void two_sources_advance_apart(void **state) {
  (void)state;
  numbered_rows("i", "l", ROWS);
  numbered_rows("ei", "el", 600); /* two batches a pass, beside ten */
  char data[256], extra[256];
  snprintf(data, sizeof data, "train=%s,%s", in_folder("i"), in_folder("l"));
  snprintf(extra, sizeof extra, "extra=%s,%s", in_folder("ei"), in_folder("el"));
  const nnrt_act step[] = {ACT(F_TWIN), ACT(F_TRAIN)};
  const nnrt_phase phase = {
      .by_epochs = 1, .count = 3, .count_hyper = -1, .nstep = 2, .step = step, .stop_func = -1, .stop_output = -1};
  nnrt_model m = model;
  m.nphases = 1, m.phases = &phase;
  assert_int_equal(RUN(&m, "--quiet", "--no-shuffle", "--data", data, "--data", extra), 0);
  assert_int_equal(seen.calls[F_TWIN], 15); /* each step takes two batches of `train`: an epoch is five steps */
  for (int i = 0; i < 15; i++) {
    assert_int_equal(seen.call[2 * i].row, 512 * (i % 5));
    assert_int_equal(seen.call[2 * i + 1].row, 512 * (i % 5) + 256);
    /* the label of the first row of extra's batch: 0, or 256 mod 10 */
    assert_int_equal((uint32_t)seen.call[2 * i].value & 255, i % 2 ? 6 : 0);
  }
}

/* ---- what is refused before the first step ---- */
static void bad_runs_are_refused(void **state) {
  (void)state;
  numbered_rows("i", "l", 100);
  char data[256];
  snprintf(data, sizeof data, "train=%s,%s", in_folder("i"), in_folder("l"));
  assert_int_equal(RUN(&model, "--data", data), 1);
  assert_non_null(strstr(file_get("err"), "data train: has 100 rows; a batch of train takes 256"));
  snprintf(data, sizeof data, "train=%s", in_folder("i"));
  assert_int_equal(RUN(&model, "--data", data), 1);
  assert_non_null(strstr(file_get("err"), "1 files were given; it has 2 fields"));
  const nnrt_act act = ACT(F_TWIN);
  const nnrt_phase phase = {
      .count = 2, .count_hyper = -1, .nstep = 1, .step = &act, .stop_func = -1, .stop_output = -1};
  nnrt_model m = model;
  m.nphases = 1, m.phases = &phase;
  assert_int_equal(RUN(&m, "--quiet"), 1);
  assert_non_null(strstr(file_get("err"), "data extra: no-images: cannot be opened: No such file"));
  assert_int_equal(RUN(&m, "--epochs", "2"), 2);
  assert_non_null(strstr(file_get("err"), "--epochs: no phase of this program counts epochs"));
  assert_int_equal(RUN(&model, "--log", in_folder("nowhere/log")), 1);
  assert_non_null(strstr(file_get("err"), "cannot be written: No such file"));
  assert_int_equal(seen.n, 0);
}

/* However the path is written: a table that the user has is worth more than a run. */
static void data_are_not_written_over(void **state) {
  (void)state;
  static const char *const flags[] = {"--log", "--save", "--checkpoint"};
  char data[256], other[200];
  numbered_rows("i", "l", 600);
  snprintf(data, sizeof data, "train=%s,%s", in_folder("i"), in_folder("l"));
  snprintf(other, sizeof other, "%s/..%s/l", folder, strrchr(folder, '/'));
  for (int i = 0; i < LENGTH(flags); i++) {
    assert_int_equal(RUN(&model, "--data", data, flags[i], other), 2);
    if (!strstr(file_get("err"), "would write over a file of the data train")) fail_msg("%s", file_get("err"));
  }
  assert_int_equal(RUN(&model, "--data", data, "--steps", "1", "--quiet"), 0);
}

static void folders_stand_for_their_files(void **state) {
  (void)state;
  numbered_rows("no-images", "no-labels", 300);
  char data[256];
  const nnrt_act act = ACT(F_TWIN);
  const nnrt_phase phase = {
      .count = 2, .count_hyper = -1, .nstep = 1, .step = &act, .stop_func = -1, .stop_output = -1};
  nnrt_model m = model;
  m.nphases = 1, m.phases = &phase;
  snprintf(data, sizeof data, "extra=%s", folder);
  assert_int_equal(RUN(&m, "--quiet", "--data", data), 0);
  assert_int_equal(seen.calls[F_TWIN], 2);
}

/* ---- weights ---- */
static void weights_go_out_and_in(void **state) {
  (void)state;
  assert_int_equal(RUN(&model, "--steps", "5", "--seed", "40", "--quiet", "--save", in_folder("w")), 0);
  const unsigned char *file = (const unsigned char *)file_get("w");
  int header = file[0] | file[1] << 8;
  assert_int_equal((8 + header) % 64, 0);
  assert_non_null(
      strstr((const char *)file + 8, "\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}"));
  assert_non_null(
      strstr((const char *)file + 8, "\"calls\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[24,32]}"));
  assert_null(strstr((const char *)file + 8, "nnrt.seed"));
  assert_true(f32_at(file + 8 + header) == 45 &&
              f32_at(file + 8 + header + 20) == 41.25f); /* seed + 5 steps; seed + 5/4 */
  assert_int_equal(RUN(&model, "--steps", "1", "--quiet", "--init", in_folder("w"), "--log", in_folder("log")), 0);
  assert_non_null(strstr(file_get("log"), "\"calls\":6,"));
}

/* What cannot be written at the end is refused before the first step; a device is not replaced by a file. */
static void a_file_that_cannot_be_saved_is_refused_first(void **state) {
  (void)state;
  struct stat about;
  char pipe[512];
  snprintf(pipe, sizeof pipe, "%s", in_folder("pipe"));
  assert_int_equal(mkfifo(pipe, 0600), 0);
  seen.calls[F_TRAIN] = 0;
  assert_int_equal(RUN(&model, "--steps", "5", "--quiet", "--save", pipe), 1);
  assert_int_equal(seen.calls[F_TRAIN], 0);
  assert_int_equal(stat(pipe, &about), 0);
  assert_true(S_ISFIFO(about.st_mode));
  assert_int_equal(RUN(&model, "--steps", "5", "--quiet", "--save", in_folder("absent/w")), 1);
  assert_int_equal(seen.calls[F_TRAIN], 0);
}

/* 2^30 f32 are 4 GiB, for which the numbers of a zip archive have no room. */
static void a_large_archive_is_refused_first(void **state) {
  (void)state;
  nnrt_model m = model;
  nnrt_state large[8];
  assert_true(m.nstates <= LENGTH(large));
  memcpy(large, m.states, (size_t)m.nstates * sizeof *large);
  m.states = large;
  seen.calls[F_TRAIN] = 0;
  large[0].dim[0] = (INT64_C(1) << 30) / large[0].dim[1];
  assert_int_equal(RUN(&m, "--steps", "5", "--quiet", "--save", in_folder("large.npz")), 1);
  assert_int_equal(seen.calls[F_TRAIN], 0);
  assert_non_null(strstr(file_get("err"), "large.npz: an .npz archive has at most 4 GiB and 65535 arrays"));
}

/* With `bytes` of numbers. */
static int init_from(const char *header, int bytes) {
  unsigned char file[1024] = {0};
  size_t n = strlen(header);
  file[0] = (unsigned char)n, file[1] = (unsigned char)(n >> 8);
  memcpy(file + 8, header, n);
  file_put("bad", file, 8 + n + (size_t)bytes);
  return RUN(&model, "--steps", "1", "--quiet", "--init", in_folder("bad"));
}

static void foreign_weights_are_refused(void **state) {
  (void)state;
  static const struct {
    int bytes; /* of numbers */
    const char *header, *message;
  } cases[] = {
      {32, "{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]}}",
       "0.weight is [3,2]; the model's is [2,3]"},
      {32, "{\"0.weight\":{\"dtype\":\"F64\",\"shape\":[2,3],\"data_offsets\":[0,48]}}",
       "0.weight is F64; the model's is F32"},
      {24, "{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}",
       "has no calls, which the model needs"},
      {32,
       "{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
       "\"calls\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[16,24]}}",
       "its tensors overlap or leave out bytes at byte 24 of 32"},
      {36,
       "{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
       "\"calls\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[24,32]}}",
       "its tensors overlap or leave out bytes at byte 32 of 36"},
      {32,
       "{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
       "\"calls\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[24,32]}} {}",
       "header is broken at byte 131: the end was expected"},
      {32, "{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[24,48]}}",
       "0.weight lies at bytes 24 to 48 of 32"},
      {32, "{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,20]}}",
       "0.weight lies at bytes 0 to 20"},
      {32, "{\"1.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}",
       "has 1.weight, which the model has not"},
      {32, "{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3]}}", "header is broken"},
      {32, "[]", "header is broken at byte 8"},
  };
  for (int i = 0; i < LENGTH(cases); i++) {
    assert_int_equal(init_from(cases[i].header, cases[i].bytes), 1);
    if (!strstr(file_get("err"), cases[i].message)) fail_msg("%s: %s", cases[i].message, file_get("err"));
  }
  assert_int_equal(init_from("{\"__metadata__\":{\"a\":\"\\u0041\"}, "
                             "\"0.weight\":{\"shape\":[2,3],\"dtype\":\"F32\",\"data_offsets\":[8,32]} ,"
                             "\"calls\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}",
                             32),
                   0);
  file_put("bad", "\x1\x0\x0\x0\x0\x0\x0\x7f{", 9);
  assert_int_equal(RUN(&model, "--steps", "1", "--quiet", "--init", in_folder("bad")), 1);
  assert_non_null(strstr(file_get("err"), "not a safetensors file"));
}

/* ---- the end of runs ---- */
static void signals_let_the_step_finish(void **state) {
  (void)state;
  seen.raise_at = 5;
  assert_int_equal(RUN(&model, "--log", in_folder("log"), "--save", in_folder("saved")), 130);
  seen.raise_at = 0;
  assert_int_equal(seen.calls[F_TRAIN], 5);
  assert_int_equal(lines_with(file_get("log"), "\n"), 5);
  assert_non_null(file_get("saved"));
  assert_non_null(strstr(file_get("err"), "stopped by a signal after step 5"));
}

static void plain_progress_has_epochs_and_a_table(void **state) {
  (void)state;
  assert_int_equal(RUN(&model, "--epochs", "2"), 0);
  const char *err = file_get("err");
  assert_int_equal(lines_with(err, "epoch 1/2  train.loss "), 1);
  assert_int_equal(lines_with(err, "epoch 2/2  train.loss "), 1);
  assert_int_equal(lines_with(err, "validate.accuracy 89.31 %"), 2);
  assert_null(strchr(err, '\r'));
  const char *out = file_get("out");
  assert_int_equal(lines_with(out, "89.31 %"), 2);
  assert_non_null(strstr(out, "1,920 steps in "));
}

/* The clock of the thread that runs the program: a call of train takes a hundredth of a second. */
static _Thread_local bool clock_counts;
int clock_gettime(clockid_t clock, struct timespec *to) {
  if (!clock_counts) return (int)syscall(SYS_clock_gettime, clock, to);
  to->tv_sec = seen.calls[F_TRAIN] / 100;
  to->tv_nsec = seen.calls[F_TRAIN] % 100 * 10000000;
  return 0;
}

static void plain_progress_tells_rate_and_time_left(void **state) {
  (void)state;
  clock_counts = true;
  int status = RUN(&model, "--epochs", "2", "--steps", "1500");
  clock_counts = false;
  assert_int_equal(status, 0);
  const char *err = file_get("err"), *first = strstr(err, "epoch 1/2  step 500/1,500  train.loss ");
  assert_non_null(first);
  first = strstr(first, "  25,600 samples/s  0:10 left\nepoch 1/2  train.loss "); /* 500 steps of 256 rows in 5 s */
  assert_non_null(first);
  assert_non_null(strstr(first, "  25,600 samples/s  9.60 s\nepoch 2/2  step 1,460/1,500  "));
  assert_int_equal(lines_with(err, " left\n"), 2);
  assert_non_null(strstr(file_get("out"), "1,500 steps in 15.00 s"));
}

/* Of steps the mean of the epoch: rows 0 to 255 and 256 to 511 have the bytes (k, 0, 0, 0) and (k, 1, 0, 0). */
static void the_table_has_means_of_epochs(void **state) {
  (void)state;
  char data[256];
  numbered_rows("i", "l", 600);
  snprintf(data, sizeof data, "train=%s,%s", in_folder("i"), in_folder("l"));
  assert_int_equal(RUN(&model, "--epochs", "2", "--no-shuffle", "--data", data), 0);
  assert_true(seen.call[0].value == 31.875 && seen.call[1].value == 32.125);
  assert_int_equal(lines_with(file_get("out"), "    32.0  "), 2);
}

static void bench_prints_one_line_of_json(void **state) {
  (void)state;
  assert_int_equal(RUN(&model, "--bench", "20", "--quiet", "--threads", "2"), 0);
  assert_int_equal(seen.calls[F_TRAIN], 25);
  const char *out = file_get("out");
  assert_int_equal(lines_with(out, "\n"), 1);
  assert_non_null(
      strstr(out, "{\"bench\":\"tiny\",\"func\":\"train\",\"steps\":20,\"threads\":2,\"batch\":256,\"median_ms\":"));
  for (int i = 1; i < 25; i++) assert_true(seen.call[i].value == seen.call[0].value); /* one resident batch */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_epoch_visits_all_batches),
      cmocka_unit_test(passes_are_exact_and_in_order),
      cmocka_unit_test(hypers_and_places_reach_the_step),
      cmocka_unit_test(steps_end_the_run),
      cmocka_unit_test(shuffles_are_permutations_from_the_seed),
      cmocka_unit_test(any_number_of_threads_gives_the_same_log),
      cmocka_unit_test(acts_repeat_skip_and_ask),
      cmocka_unit_test(stop_metrics_end_phases_and_hypers_count),
      cmocka_unit_test(two_sources_advance_apart),
      cmocka_unit_test(bad_runs_are_refused),
      cmocka_unit_test(data_are_not_written_over),
      cmocka_unit_test(folders_stand_for_their_files),
      cmocka_unit_test(weights_go_out_and_in),
      cmocka_unit_test(a_file_that_cannot_be_saved_is_refused_first),
      cmocka_unit_test(a_large_archive_is_refused_first),
      cmocka_unit_test(foreign_weights_are_refused),
      cmocka_unit_test(signals_let_the_step_finish),
      cmocka_unit_test(plain_progress_has_epochs_and_a_table),
      cmocka_unit_test(plain_progress_tells_rate_and_time_left),
      cmocka_unit_test(the_table_has_means_of_epochs),
      cmocka_unit_test(bench_prints_one_line_of_json),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
