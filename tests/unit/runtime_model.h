/* runtime_model.h: a model written by hand as nnc would emit one, and what the tests of the runtime share: files in a
 * folder of their own, a run of nnrt_main with its outputs caught.
 *
 * Sources: train (x u8 [1,2,2] and a label), test, and extra (for a function of two sources). Functions: train
 * (batches), twin (train and extra), count (no source), validate (a whole pass, batches of 250 or single rows). Their
 * step functions record what they were given in `seen`. */
#ifndef NNC_TEST_RUNTIME_MODEL_H
#define NNC_TEST_RUNTIME_MODEL_H

#include "host/host.h"

#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { TRAIN_BATCH = 256, TEST_BATCH = 250, SEEN_MAX = 4096 };
enum { F_TRAIN, F_TWIN, F_COUNT, F_VALIDATE, FUNCS };

/* ---- what the step functions saw ---- */
static struct Seen {
  int calls[FUNCS], n, raise_at, raise_call; /* SIGINT in a call of train; in a call of whatever function */
  struct SeenCall {
    int func, rows, first, last, epoch;
    double lr, total, value;
    uint32_t row; /* the number in the first row's pixels */
  } call[SEEN_MAX];
  unsigned char *visited;  /* by number of a row, when set: how often train saw it */
  uint32_t order[1 << 16]; /* the first rows that train saw */
  int norder;
  size_t heap_second, heap_last; /* bytes in use at the second and the last call of train */
  uint64_t sum;                  /* over all bytes that train saw */
} seen;

/* ---- memory layout: params w f32 [2,3]; state calls i64, rows i64, sum f32, seed u32 [2]; scratch i64 [threads] ----
 */
enum {
  AT_CALLS = 0,
  AT_ROWS = 8,
  AT_SUM = 16,
  AT_SEED = 64,
  STATE_BYTES = 128,
  PARAMS_BYTES = 64,
  SCRATCH_BYTES = 256
};
enum {
  IN_X = 0,
  IN_Y = 1024,
  IN_LR = 1280,
  IN_FIRST = 1284,
  IN_LAST = 1285,
  IN_EPOCH = 1288,
  IN_TOTAL = 1292,
  IN_VALUE = 1296,
  IN_EXTRA = 1344,
  IN_BYTES = 1600
};
enum { OUT_LOSS = 0, OUT_CALLS = 8, OUT_STOP = 16, OUT_BYTES = 64 };

static uint32_t row_number(const unsigned char *x) { return x[0] | (uint32_t)x[1] << 8 | (uint32_t)x[2] << 16; }

static float f32_at(const unsigned char *at) {
  float x;
  memcpy(&x, at, sizeof x);
  return x;
}

static void seen_add(const nnrt_memory *m, int func, int rows, double value) {
  seen.calls[func]++;
  if (seen.n == SEEN_MAX) return;
  seen.call[seen.n++] = (struct SeenCall){func,
                                          rows,
                                          m->input[IN_FIRST],
                                          m->input[IN_LAST],
                                          (int)f32_at(m->input + IN_EPOCH),
                                          f32_at(m->input + IN_LR),
                                          f32_at(m->input + IN_TOTAL),
                                          value,
                                          row_number(m->input + IN_X)};
  if (seen.n == seen.raise_call) raise(SIGINT);
}

static void train_record(const nnrt_memory *m) {
  struct mallinfo2 heap = mallinfo2();
  size_t used = heap.uordblks + heap.hblkhd;
  if (seen.calls[F_TRAIN] == 1) seen.heap_second = used;
  seen.heap_last = used;
  for (int r = 0; r < TRAIN_BATCH; r++) {
    uint32_t number = row_number(m->input + IN_X + 4 * r);
    if (seen.norder < 1 << 16) seen.order[seen.norder++] = number;
    if (seen.visited) seen.visited[number]++;
  }
}

/* Every thread adds up its rows, thread 0 the threads: loss is the mean byte; w[0] counts calls. */
static void step_train(const nnrt_memory *m, const nnrt_thread *t) {
  int64_t *part = (int64_t *)(void *)m->scratch, sum = 0;
  for (int64_t i = nnrt_lo(4 * TRAIN_BATCH, t); i < nnrt_hi(4 * TRAIN_BATCH, t); i++) sum += m->input[IN_X + i];
  part[t->id] = sum;
  nnrt_barrier(t);
  if (t->id == 0) {
    sum = 0;
    for (int i = 0; i < t->count; i++) sum += part[i];
    float loss = (float)sum / (4 * TRAIN_BATCH), *w = (float *)(void *)m->params;
    int64_t *calls = (int64_t *)(void *)(m->state + AT_CALLS);
    w[0] += 1;
    ++*calls;
    memcpy(m->output + OUT_LOSS, &loss, sizeof loss);
    memcpy(m->output + OUT_CALLS, calls, sizeof *calls);
    m->output[OUT_STOP] = *calls >= 3;
    train_record(m);
    seen.sum += (uint64_t)sum;
    seen_add(m, F_TRAIN, TRAIN_BATCH, loss);
    if (seen.raise_at && seen.calls[F_TRAIN] == seen.raise_at) raise(SIGINT);
  }
  nnrt_barrier(t);
}

static void step_twin(const nnrt_memory *m, const nnrt_thread *t) {
  if (t->id == 0) seen_add(m, F_TWIN, TRAIN_BATCH, row_number(m->input + IN_EXTRA));
}

static void step_count(const nnrt_memory *m, const nnrt_thread *t) {
  if (t->id) return;
  seen_add(m, F_COUNT, 0, f32_at(m->input + IN_VALUE));
  double value = seen.calls[F_COUNT] % 2;
  memcpy(m->output, &value, sizeof value);
}

/* As nn.evaluate does: sums over the pass in the state, the mean at its last call. */
static void validate_rows(const nnrt_memory *m, int n) {
  int64_t *rows = (int64_t *)(void *)(m->state + AT_ROWS);
  float *sum = (float *)(void *)(m->state + AT_SUM);
  if (m->input[IN_FIRST]) *rows = 0, *sum = 0;
  *rows += n;
  for (int i = 0; i < n; i++) *sum += m->input[IN_Y + i];
  float mean = *sum / (float)*rows, accuracy = 0.8931f;
  memcpy(m->output, &mean, sizeof mean);
  memcpy(m->output + 8, rows, sizeof *rows);
  memcpy(m->output + 16, &accuracy, sizeof accuracy);
  seen_add(m, F_VALIDATE, n, mean);
}
static void step_validate(const nnrt_memory *m, const nnrt_thread *t) {
  if (t->id == 0) validate_rows(m, TEST_BATCH);
}
static void step_validate_one(const nnrt_memory *m, const nnrt_thread *t) {
  if (t->id == 0) validate_rows(m, 1);
}

static void step_init(const nnrt_memory *m, const nnrt_thread *t) {
  uint32_t seed[2];
  memcpy(seed, m->state + AT_SEED, sizeof seed);
  for (int i = t->id; i < 6; i += t->count) ((float *)(void *)m->params)[i] = (float)(seed[0] + seed[1]) + (float)i / 4;
}

/* ---- tables ---- */
static const nnrt_state states[] = {
    {.name = "0.weight", .dtype = NNRT_f32, .rank = 2, .dim = {2, 3}, .trained = 1, .saved = 1, .offset = 0},
    {.name = "calls", .dtype = NNRT_i64, .rank = 0, .trained = 0, .saved = 1, .offset = AT_CALLS},
    {.name = "v.rows", .dtype = NNRT_i64, .offset = AT_ROWS},
    {.name = "v.sum", .dtype = NNRT_f32, .offset = AT_SUM},
    {.name = "nnrt.seed", .dtype = NNRT_u32, .rank = 1, .dim = {2}, .trained = 0, .saved = 0, .offset = AT_SEED},
};
static const nnrt_hyper hypers[] = {{"lr", 0.5, 0, 10, 0, "learning rate"}, {"depth", 3, 1, 8, 1, NULL}};
static const nnrt_field fields[] = {{"x", NNRT_u8, 3, {1, 2, 2}}, {"y", NNRT_u8, 0, {0}}};
static const char *const files[] = {"no-images", "no-labels"};
static const nnrt_source sources[] = {
    {.name = "train",
     .kind = "random",
     .nfields = 2,
     .fields = fields,
     .batch = TRAIN_BATCH,
     .shuffle = 1,
     .rows = 245760,
     .classes = 10},
    {.name = "test",
     .kind = "random",
     .nfields = 2,
     .fields = fields,
     .batch = TEST_BATCH,
     .shuffle = 0,
     .rows = 1003,
     .classes = 10},
    {.name = "extra",
     .kind = "idx",
     .nfields = 2,
     .fields = fields,
     .nfiles = 2,
     .files = files,
     .batch = TRAIN_BATCH,
     .shuffle = 1,
     .rows = -1,
     .classes = 10},
};
#define SCALARS(source)                                                                                                \
  {"lr", NNRT_INPUT_HYPER, NNRT_f32, 1, IN_LR, -1, -1, 0, NULL},                                                       \
      {"first", NNRT_INPUT_FIRST, NNRT_bool, 1, IN_FIRST, source, -1, -1, NULL},                                       \
      {"last", NNRT_INPUT_LAST, NNRT_bool, 1, IN_LAST, source, -1, -1, NULL},                                          \
      {"epoch", NNRT_INPUT_EPOCH, NNRT_f32, 1, IN_EPOCH, -1, -1, -1, NULL}, {                                          \
    "total_steps", NNRT_INPUT_TOTAL_STEPS, NNRT_f32, 1, IN_TOTAL, -1, -1, -1, NULL                                     \
  }
#define FIELDS(source, n)                                                                                              \
  {"x", NNRT_INPUT_FIELD, NNRT_u8, 4 * (n), IN_X, source, 0, -1, NULL}, {                                              \
    "y", NNRT_INPUT_FIELD, NNRT_u8, n, IN_Y, source, 1, -1, NULL                                                       \
  }
static const float given_value = 2.5f;
static const nnrt_input train_inputs[] = {FIELDS(0, TRAIN_BATCH), SCALARS(0)};
static const nnrt_input twin_inputs[] = {
    FIELDS(0, TRAIN_BATCH), {"z", NNRT_INPUT_FIELD, NNRT_u8, TRAIN_BATCH, IN_EXTRA, 2, 1, -1, NULL}, SCALARS(0)};
static const nnrt_input count_inputs[] = {{"value", NNRT_INPUT_VALUE, NNRT_f32, 1, IN_VALUE, -1, -1, -1, &given_value},
                                          SCALARS(-1)};
static const nnrt_input test_inputs[] = {FIELDS(1, TEST_BATCH), SCALARS(1)};
static const nnrt_input test_inputs_one[] = {FIELDS(1, 1), SCALARS(1)};
static const nnrt_output train_outputs[] = {
    {.name = "loss", .dtype = NNRT_f32, .count = 1, .offset = OUT_LOSS},
    {.name = "calls", .dtype = NNRT_i64, .count = 1, .offset = OUT_CALLS},
    {.name = "stop", .dtype = NNRT_bool, .count = 1, .offset = OUT_STOP},
};
static const nnrt_output count_outputs[] = {
    {.name = "odd", .dtype = NNRT_f64, .count = 1, .offset = 0},
};
static const nnrt_output test_outputs[] = {
    {.name = "mean", .dtype = NNRT_f32, .count = 1, .offset = 0},
    {.name = "rows", .dtype = NNRT_i64, .count = 1, .offset = 8},
    {.name = "accuracy", .dtype = NNRT_f32, .count = 1, .offset = 16},
};
#define LENGTH(a) ((int)(sizeof(a) / sizeof(a)[0]))
static const nnrt_variant train_variants[] = {
    {TRAIN_BATCH, step_train, LENGTH(train_inputs), 3, train_inputs, train_outputs, IN_BYTES, OUT_BYTES, 0, NULL}};
static const nnrt_variant twin_variants[] = {
    {TRAIN_BATCH, step_twin, LENGTH(twin_inputs), 0, twin_inputs, NULL, IN_BYTES, 0, 0, NULL}};
static const nnrt_variant count_variants[] = {
    {0, step_count, LENGTH(count_inputs), 1, count_inputs, count_outputs, IN_BYTES, 8, 0, NULL}};
static const nnrt_variant test_variants[] = {
    {TEST_BATCH, step_validate, LENGTH(test_inputs), 3, test_inputs, test_outputs, IN_BYTES, OUT_BYTES, 0, NULL},
    {1, step_validate_one, LENGTH(test_inputs_one), 3, test_inputs_one, test_outputs, IN_BYTES, OUT_BYTES, 0, NULL}};
static const int on_train[] = {0}, on_both[] = {0, 2}, on_test[] = {1};
static const nnrt_func funcs[] = {
    {"train", 0, 1, on_train, 1, train_variants},
    {"twin", 0, 2, on_both, 1, twin_variants},
    {"count", 0, 0, NULL, 1, count_variants},
    {"validate", 1, 1, on_test, 2, test_variants},
};
static const nnrt_model model = {.name = "tiny",
                                 .source = "tiny.lua",
                                 .compiler = "by hand",
                                 .hash = 0x1234,
                                 .params_bytes = PARAMS_BYTES,
                                 .state_bytes = STATE_BYTES,
                                 .scratch_bytes = SCRATCH_BYTES,
                                 .max_threads = 16,
                                 .nstates = LENGTH(states),
                                 .nhypers = LENGTH(hypers),
                                 .nsources = LENGTH(sources),
                                 .nfuncs = FUNCS,
                                 .states = states,
                                 .hypers = hypers,
                                 .sources = sources,
                                 .funcs = funcs,
                                 .init = step_init,
                                 .seed_offset = AT_SEED};

/* ---- files ---- */
static char folder[64];
static const char *in_folder(const char *name) {
  static char path[8][160];
  static int next;
  next = (next + 1) % 8;
  snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
  return path[next];
}
static int folder_make(void **state) {
  (void)state;
  strcpy(folder, "/tmp/nnrt_test_XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}
static int folder_remove(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command);
}

static void file_put(const char *name, const void *bytes, size_t n) {
  FILE *out = fopen(in_folder(name), "wb");
  assert_non_null(out);
  assert_int_equal(fwrite(bytes, 1, n, out), n);
  assert_int_equal(fclose(out), 0);
}

/* The text of a file; until the next call. */
static char *file_get(const char *name) {
  static char *text;
  free(text);
  text = NULL;
  FILE *in = fopen(in_folder(name), "rb");
  if (!in) return NULL;
  text = calloc(1, 1 << 20);
  size_t n = fread(text, 1, (1 << 20) - 1, in);
  (void)n;
  fclose(in);
  return text;
}

/* Images whose first three bytes are the row's number, labels number mod 10; as IDX. */
static inline void numbered_rows(const char *images, const char *labels, int n) {
  unsigned char *x = calloc(1, 16 + 4 * (size_t)n), *y = calloc(1, 8 + (size_t)n);
  const unsigned char size[4] = {0, (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n};
  memcpy(x, (unsigned char[]){0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2}, 16);
  memcpy(x + 4, size, 4);
  memcpy(y, (unsigned char[]){0, 0, 8, 1}, 4);
  memcpy(y + 4, size, 4);
  for (int i = 0; i < n; i++) {
    x[16 + 4 * i] = (unsigned char)i, x[17 + 4 * i] = (unsigned char)(i >> 8), x[18 + 4 * i] = (unsigned char)(i >> 16);
    y[8 + i] = (unsigned char)(i % 10);
  }
  file_put(images, x, 16 + 4 * (size_t)n);
  file_put(labels, y, 8 + (size_t)n);
  free(x);
  free(y);
}

/* ---- running: standard output and error go to the files "out" and "err" of the folder ---- */
static int redirect(int descriptor, const char *name) {
  fflush(NULL);
  int kept = dup(descriptor), file = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  dup2(file, descriptor);
  close(file);
  return kept;
}
static void redirect_back(int descriptor, int kept) {
  fflush(NULL);
  dup2(kept, descriptor);
  close(kept);
}
static int run_args(const nnrt_model *m, int argc, const char **argv) {
  unsigned char *visited = seen.visited;
  int raise_at = seen.raise_at, raise_call = seen.raise_call;
  memset(&seen, 0, sizeof seen);
  seen.visited = visited;
  seen.raise_at = raise_at;
  seen.raise_call = raise_call;
  int out = redirect(1, "out"), err = redirect(2, "err"), status = nnrt_main(m, argc, (char **)argv);
  redirect_back(1, out);
  redirect_back(2, err);
  return status;
}
#define RUN(m, ...)                                                                                                    \
  run_args((m), (int)(sizeof((const char *[]){"tiny", __VA_ARGS__}) / sizeof(char *)),                                 \
           (const char *[]){"tiny", __VA_ARGS__})

static inline int lines_with(const char *text, const char *word) {
  int n = 0;
  for (const char *at = text; at && (at = strstr(at, word)); at += strlen(word)) n++;
  return n;
}
#endif
