/* drive.c: every function of small.h, as a user calls it; C and C++. Exit code 0 when all holds, else a line for each
 * that does not. `drive log` prints the outputs of a training as the program's log has them; `drive threads` trains two
 * contexts on two threads, `drive often` makes and ends 100. What is expected is said by the model's own arithmetic
 * (small.lua), by equality of two ways, or by the program's log (embed.sh). */
#include "small.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;
static void check(int holds, const char *what) {
  if (!holds) printf("FAILED: %s\n", what), failures++;
}

static float x[64][5];
static int32_t label[64];
static void data_make(void) {
  for (int i = 0; i < 64; ++i) {
    label[i] = i * 7 % 3;
    for (int k = 0; k < 5; ++k) x[i][k] = (float)((i * 31 + k * 17) % 64) / 64;
  }
}

/* ---- a training as the program does it: 3 epochs of 4 batches, small_init_2 behind each, a pass over 42 rows ---- */
static int validate(small_context *c, small_validate_outputs *v) {
  int status = 0;
  for (int row = 0; row < 42 && !status; row += row + 20 <= 42 ? 20 : 1)
    status = small_validate(c, row + 20 <= 42 ? 20 : 1, x[row], label + row, row == 0, v);
  return status;
}

static int epoch_run(small_context *c, int epoch, int print) {
  small_train_outputs t;
  small_validate_outputs v;
  for (int b = 0; b < 4; ++b) {
    if (small_train(c, 16, x[16 * b], label + 16 * b, &t) || small_init_2(c, 2.0f, NULL, 3, NULL)) return 1;
    if (print) printf("%d train %.9g\n", 4 * epoch + b + 1, (double)t.loss);
  }
  if (validate(c, &v)) return 1;
  if (print) printf("%d validate %.9g %.9g\n", 4 * epoch + 4, (double)v.entropy, (double)v.loss);
  return 0;
}

static int train(small_context *c, int print) {
  int status = small_init(c, 7) || small_set_total_steps(c, 12);
  for (int epoch = 0; epoch < 3 && !status; ++epoch) status = epoch_run(c, epoch, print);
  return status;
}

static void *train_thread(void *context) { return train((small_context *)context, 0) ? context : NULL; }

/* All states of two contexts are the same bytes. */
static int same_states(small_context *a, small_context *b) {
  for (const char *const *name = small_state_names(); *name; ++name) {
    small_state s, t;
    if (small_get_state(a, *name, &s) || small_get_state(b, *name, &t)) return 0;
    size_t bytes = (size_t)s.count * (strcmp(s.dtype, "f64") && strcmp(s.dtype, "i64") ? 4 : 8);
    if (memcmp(s.data, t.data, bytes)) return 0;
  }
  return 1;
}

static void check_threads(void) {
  small_context *c[3];
  pthread_t thread[2];
  void *failed[2];
  for (int i = 0; i < 3; ++i) c[i] = small_create(i == 1 ? 2 : 1);
  for (int i = 0; i < 2; ++i) pthread_create(&thread[i], NULL, train_thread, c[i]);
  for (int i = 0; i < 2; ++i) pthread_join(thread[i], &failed[i]);
  check(!failed[0] && !failed[1] && !train(c[2], 0), "two contexts on two threads");
  check(same_states(c[0], c[2]) && same_states(c[1], c[2]), "the states of contexts on other threads are the same");
  for (int i = 0; i < 3; ++i) small_destroy(c[i]);
}

static void check_often(void) {
  for (int i = 0; i < 100; ++i) {
    small_context *c = small_create(1 + i % 2);
    small_predict_outputs o;
    check(c && !small_init(c, (uint64_t)i) && !small_predict(c, 4, x[0], &o), "create, init, predict");
    small_destroy(c);
  }
}

/* ---- results ---- */
static void check_calls(small_context *c) {
  small_predict_outputs p;
  small_both_outputs b;
  small_weighted_outputs w;
  small_init_2_outputs i;
  const float weight[8] = {1, 0, 1, 0, 0, 0, 0, 1}, offset[5] = {1, 2, 3, 4, 5};
  check(!small_init(c, 3), "init");
  check(!small_predict(c, 4, x[0], &p), "predict");
  for (int r = 0; r < 4; ++r)
    for (int k = 0; k < 3; ++k) check(p.logits[3 * r + k] <= p.logits[3 * r + p.best[r]], "best is the largest logit");
  double sum = 0, mean = 0;
  for (int r = 0; r < 16; ++r)
    for (int k = 0; k < 5; ++k) sum += (double)x[r][k] - (r < 4 ? (double)x[r + 8][k] : 0);
  check(!small_both(c, 16, x[0], x[8], 5, 1, &b), "both");
  check(fabs(sum - (double)b.sum) < 1e-4 && b.epoch == 5 && b.last == 1, "both: fields of two sources, epoch, last");
  for (int r = 0; r < 8; ++r)
    for (int k = 0; k < 5; ++k) mean += (double)(weight[r] * x[r][k]) / 15;
  check(!small_weighted(c, 8, weight, x[0], &w) && w.rows == 3 && fabs(mean - (double)w.mean) < 1e-6, "weights");
  check(!small_weighted(c, 8, NULL, x[0], &w) && w.rows == 8, "no weights: all are rows");
  check(!small_init_2(c, 0.5f, offset, (int64_t)1 << 40, &i) && i.shift[4] == 2.5f, "inputs by address");
  check(i.count == (int64_t)1 << 41 && i.half == 0x3E00 && !i.large && i.steps == 2, "outputs of every kind");
  check(!small_init_2(c, 2.0f, NULL, 1, &i) && i.shift[4] == 3.5f && i.large == 1, "an input's default");
  check(!small_set_every(c, 4) && !small_init_2(c, 0, NULL, 1, &i) && i.steps == 4, "a hyper holds from then on");
}

static void failed(small_context *c, int status, const char *text) {
  if (!status || !strstr(small_error(c), text))
    printf("FAILED: %d \"%s\", not \"%s\"\n", status, small_error(c), text), failures++;
}

static void check_errors(small_context *c) {
  small_predict_outputs p;
  small_train_outputs t;
  small_state s;
  int32_t wrong[16] = {0, 1, 2, 3};
  failed(c, small_predict(c, 4, x[0], &p),
         "predict: the states have no values yet: small_init(context, seed) comes first");
  failed(c, small_save(c, "never"), "save: small_init(context, seed) comes first");
  check(!small_init(c, 3), "init");
  failed(c, small_predict(c, 5, x[0], &p), "predict: a batch of 5 rows; it was compiled for 4");
  failed(c, small_validate(c, 2, x[0], label, 1, NULL), "validate: a batch of 2 rows; it was compiled for 20 or 1");
  failed(c, small_predict(c, 4, NULL, &p), "predict: new is NULL");
  failed(c, small_train(c, 16, x[0], label, &t), "train: total_steps is not set");
  failed(c, small_train(c, 16, x[0], wrong, &t), "train: class: label 3 in row 3");
  failed(c, small_set_lr(c, 1.5), "lr: 1.5 is not between 0 and 1");
  failed(c, small_set_lr(c, NAN), "lr: nan is not between");
  failed(c, small_set_every(c, 0), "every: 0 is not between 1 and");
  failed(c, small_set_total_steps(c, -1), "total_steps: -1 is negative");
  failed(c, small_load(c, "absent.safetensors"), "absent.safetensors");
  failed(c, small_load(c, NULL), "no path");
  failed(c, small_save(c, "no/such/folder/file"), "no/such/folder/file");
  failed(c, small_get_state(c, "weight", &s), "there is no state weight");
  failed(c, small_get_state(c, "weight", NULL), "there is no state weight");
  check(!small_get_state(c, "0.weight", NULL), "a state that is there");
  check(small_predict(NULL, 4, x[0], &p) && small_init(NULL, 1) && small_load(NULL, "file"), "no context");
}

/* ---- contexts in the caller's memory ---- */
static void check_placed(void) {
  static unsigned char memory[SMALL_BYTES + 192];
  unsigned char *at = memory + (64 - (uintptr_t)memory % 64);
  memset(memory, 0xA5, sizeof memory);
  check(small_size() == SMALL_BYTES, "size");
  check(!small_init_at(at, SMALL_BYTES - 1, 1) && !small_init_at(at + 8, SMALL_BYTES, 1) && !small_init_at(NULL, 0, 1),
        "memory that does not do");
  check(!small_create(-1) && !small_create(17) && strstr(small_error(NULL), "there is no context"),
        "threads that do not do");
  small_context *placed = small_init_at(at, SMALL_BYTES, 1), *made = small_create(0);
  check(placed && made && !train(placed, 0) && !train(made, 0) && same_states(placed, made),
        "placed and made are the same");
  for (int i = 0; i < 64; ++i) check(at[SMALL_BYTES + i] == 0xA5, "nothing is written behind a context");
  small_destroy(placed);
  small_destroy(made);
  small_destroy(NULL);
}

/* ---- weights, and all states ---- */
static void check_states(small_context *a) {
  small_context *b = small_create(2);
  small_state s, t;
  unsigned char first[320];
  check(!train(a, 0) && !small_save(a, "trained.safetensors"), "save");
  check(!small_init(b, 1) && !small_load(b, "trained.safetensors"), "load");
  check(!small_get_state(a, "0.weight", &s) && !small_get_state(b, "0.weight", &t), "0.weight");
  check(s.rank == 2 && s.shape[0] == 16 && s.shape[1] == 5 && s.count == 80 && !strcmp(s.dtype, "f32"), "its shape");
  check(s.trained && s.saved && !strcmp(s.name, "0.weight") && !memcmp(s.data, t.data, 320),
        "weights go through a file");
  check(!same_states(a, b), "the optimizer's state does not");
  check(!small_init(b, 7) && memcmp(t.data, s.data, 320), "init forgets what was loaded");
  memcpy(first, t.data, sizeof first);
  check(!small_init(b, 7 + ((uint64_t)1 << 32)) && memcmp(t.data, first, sizeof first), "a seed has 64 bits");
  for (const char *const *name = small_state_names(); *name; ++name) {
    check(!small_get_state(a, *name, &s) && !small_get_state(b, *name, &t), *name);
    memcpy(t.data, s.data, (size_t)s.count * (strcmp(s.dtype, "f64") && strcmp(s.dtype, "i64") ? 4 : 8));
  }
  check(!small_set_total_steps(b, 12) && !epoch_run(a, 3, 0) && !epoch_run(b, 3, 0) && same_states(a, b),
        "a training goes on from its states, to the bit");
  small_destroy(b);
}

int main(int argc, char **argv) {
  small_context *c = small_create(1);
  data_make();
  if (!c) return puts(small_error(NULL)), 1;
  if (argc > 1 && !strcmp(argv[1], "log"))
    failures += train(c, 1) || small_save(c, "library.safetensors");
  else if (argc > 1 && !strcmp(argv[1], "threads"))
    check_threads();
  else if (argc > 1 && !strcmp(argv[1], "often"))
    check_often();
  else {
    check_errors(c);
    check_calls(c);
    check_placed();
    check_states(c);
  }
  small_destroy(c);
  return failures != 0;
}
