/* test_prefetch.c: batches are those that were asked for, at every pace, with right and wrong guesses; and when the
 * thread that reads them is woken by its caller, when it wakes by itself, and when it is not asked at all. The clock is
 * the test's own: only its callers and a reading of rows (`cost`) let it go on. */
#include "host/host.h"

#include <setjmp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static _Atomic double ticked;
static atomic_int wakes; /* of the thread */
static nnrt_prefetch prefetch;

static double own_seconds(void) { return ticked; }

static int counted_signal(pthread_cond_t *condition) {
  if (condition == &prefetch.asked) wakes++;
  return pthread_cond_signal(condition);
}

#define nnrt_seconds own_seconds
#define pthread_cond_signal counted_signal
#include "../../runtime/host/prefetch.c"
#undef nnrt_seconds
#undef pthread_cond_signal

/* ---- a source of ROWS rows: each is its own number; reading takes `cost` seconds ---- */
enum { ROWS = 1 << 20, BATCH = 4 };
static double cost;
static atomic_int reading, reads, slow; /* now, so far; microseconds that one takes besides */
static atomic_bool overlap;

static int rows_open(nnrt_error *error, nnrt_reader *r) {
  (void)error;
  r->rows = ROWS;
  return NNRT_GOOD;
}
static int rows_read(nnrt_error *error, nnrt_reader *r, int field, int64_t row, int64_t n, unsigned char *to) {
  (void)r, (void)field;
  if (reading++) overlap = true;
  reads++;
  if (slow) usleep((useconds_t)slow);
  ticked = ticked + cost;
  if (cost > 1e-4) usleep(1); /* time for the others */
  reading--;
  if (row == ROWS - BATCH) return nnrt_fail(error, NNRT_FAILED, "rows.bin: the end");
  for (int32_t i = 0; i < n; i++) memcpy(to + 4 * i, &(int32_t){(int32_t)row + i}, 4);
  return NNRT_GOOD;
}
static void rows_close(nnrt_reader *r) { (void)r; }

static const nnrt_format rows_format = {"rows", NNRT_FILES_NONE, false, rows_open, rows_read, rows_close};
static const nnrt_field rows_field = {"x", NNRT_i32, 0, {0}};
static const nnrt_source source = {.name = "rows",
                                   .kind = "rows",
                                   .nfields = 1,
                                   .fields = &rows_field,
                                   .batch = BATCH,
                                   .rows = -1,
                                   .reader = &rows_format};
static const nnrt_input input = {"x", NNRT_INPUT_FIELD, NNRT_i32, BATCH, 0, 0, 0, -1, NULL};
static const nnrt_variant variant = {.rows = BATCH, .ninputs = 1, .inputs = &input, .input_bytes = 4 * BATCH};
static const nnrt_func func = {
    .name = "f", .nsources = 1, .sources = (const int[]){0}, .nvariants = 1, .variants = &variant};

/* ---- entries on it ---- */
enum { ENTRIES = 4 };
static nnrt_stream stream;
static nnrt_entry entries[ENTRIES];
static unsigned char memory[ENTRIES][2][4 * BATCH];
static unsigned char *blocks[ENTRIES][2];

static int begin(double clock) {
  nnrt_error error = {0};
  ticked = clock;
  wakes = 0;
  stream = (nnrt_stream){.source = &source};
  assert_int_equal(nnrt_stream_open(&error, &stream, NULL), NNRT_GOOD);
  for (int i = 0; i < ENTRIES; i++) {
    for (int side = 0; side < 2; side++) blocks[i][side] = memory[i][side];
    entries[i] = (nnrt_entry){.func = &func, .blocks = blocks[i]};
  }
  prefetch = (nnrt_prefetch){.streams = &stream, .entries = entries, .nentries = ENTRIES};
  return nnrt_prefetch_start(&error, &prefetch);
}
static void end(void) {
  nnrt_prefetch_stop(&prefetch);
  nnrt_stream_close(&stream);
}
static int end_of_failed(void **state) {
  (void)state;
  end(); /* does nothing after the first time */
  return 0;
}

static nnrt_batch batch_at(int64_t row) { return (nnrt_batch){.place[0].row = row}; }

static void takes(nnrt_entry *e, int64_t row) {
  nnrt_error error = {0};
  nnrt_batch b = batch_at(row);
  unsigned char *block;
  if (nnrt_prefetch_take(&error, &prefetch, e, &b, &block)) fail_msg("%s", error.text);
  for (int32_t i = 0; i < BATCH; i++) assert_memory_equal(block + 4 * i, &(int32_t){(int32_t)row + i}, 4);
}
static void asks(nnrt_entry *e, int64_t row) {
  nnrt_batch b = batch_at(row);
  nnrt_prefetch_ask(&prefetch, e, &b);
}

/* Under the lock: is it so within ten seconds? */
static bool ready(void) { return entries[0].state == BATCH_READY; }
static bool awake(void) { return !prefetch.nap; }
static bool comes(bool (*what)(void)) {
  for (int i = 0; i < 10000; i++) {
    pthread_mutex_lock(&prefetch.lock);
    bool is = what();
    pthread_mutex_unlock(&prefetch.lock);
    if (is) return true;
    usleep(1000);
  }
  return false;
}

static double real_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
#define LONG_AFTER (real_seconds() + 1e6) /* a nap of that clock ends only when somebody ends it */
#define LONG_BEFORE 10.0                  /* and one of this clock at once */

/* Takes batches and asks for the next ones every `every` seconds: how often does the third order wake the thread? By
 * then the pace is known. */
static int wakes_of_third(double every, double seconds) {
  int before = 0;
  cost = seconds;
  assert_int_equal(begin(LONG_AFTER), NNRT_GOOD);
  for (int step = 0; step < 3; step++) {
    takes(&entries[0], BATCH * step);
    ticked = ticked + every;
    before = wakes;
    asks(&entries[0], BATCH * (step + 1));
    if (wakes > before) assert_true(comes(ready));
  }
  int woken = wakes - before;
  end();
  return woken;
}

static void even_steps_wake_nobody(void **state) {
  (void)state;
  assert_int_equal(wakes_of_third(2e-3, 2e-5), 0);
  assert_int_equal(wakes_of_third(1e-2, 1e-3), 0);
}

static void other_steps_wake_the_thread(void **state) {
  (void)state;
  assert_int_equal(wakes_of_third(5e-4, 2e-5), 1); /* short steps */
  assert_int_equal(wakes_of_third(1e-1, 2e-5), 1); /* so long that waking is nothing */
  assert_int_equal(wakes_of_third(2e-3, 1e-3), 1); /* reading takes half of it */
}

/* Read in less than 5 microseconds: in the step, not by the thread. */
static void quick_batches_wake_nobody(void **state) {
  (void)state;
  assert_int_equal(wakes_of_third(1e-3, 1e-6), 0);
  assert_int_equal(wakes_of_third(1e-4, 1e-6), 0);
  assert_int_equal(begin(LONG_AFTER), NNRT_GOOD);
  takes(&entries[0], 0);
  asks(&entries[0], BATCH);
  assert_int_equal(entries[0].state, BATCH_NONE);
  end();
}

/* Two orders at a pace of two milliseconds: the thread naps, with the batch at 2 * BATCH ready. */
static void nap_begins(double clock) {
  cost = 2e-5;
  assert_int_equal(begin(clock), NNRT_GOOD);
  for (int step = 0; step < 2; step++) {
    takes(&entries[0], BATCH * step);
    ticked = ticked + 2e-3;
    asks(&entries[0], BATCH * (step + 1));
    assert_true(comes(ready));
  }
}

static void who_needs_a_batch_that_is_not_begun_reads_it(void **state) {
  (void)state;
  nap_begins(LONG_AFTER);
  takes(&entries[0], 2 * BATCH);
  int before = wakes;
  asks(&entries[0], 3 * BATCH);
  assert_int_equal(wakes, before);
  takes(&entries[0], 3 * BATCH); /* which ends the nap */
  assert_int_equal(wakes, before + 1);
  assert_true(comes(awake));
  asks(&entries[0], 4 * BATCH);
  assert_true(comes(ready));
  takes(&entries[0], 9 * BATCH); /* what nobody expected */
  takes(&entries[1], 9 * BATCH);
  end();
}

/* Whoever reads it: also what the thread begins with while the caller waits for the other one. */
static void no_batch_is_read_twice(void **state) {
  (void)state;
  cost = 1e-3;
  assert_int_equal(begin(LONG_AFTER), NNRT_GOOD);
  for (int step = 0; step < 20; step++) {
    int before = reads;
    slow = 5000;
    asks(&entries[0], BATCH * step);
    asks(&entries[1], BATCH * step);
    if (step % 2) usleep(1000); /* the thread has begun with the first one */
    takes(&entries[1], BATCH * step);
    takes(&entries[0], BATCH * step);
    assert_int_equal(reads, before + 2);
  }
  slow = 0;
  end();
}

static void a_nap_ends_by_itself(void **state) {
  (void)state;
  nap_begins(real_seconds() + 0.3);
  takes(&entries[0], 2 * BATCH);
  asks(&entries[0], 3 * BATCH);
  assert_true(comes(ready));
  end();
}

static void who_was_not_asked_in_a_nap_is_woken_by_the_next_order(void **state) {
  (void)state;
  nap_begins(LONG_BEFORE);
  takes(&entries[0], 2 * BATCH);
  assert_true(comes(awake));
  int before = wakes;
  asks(&entries[0], 3 * BATCH);
  assert_int_equal(wakes, before + 1);
  assert_true(comes(ready));
  end();
}

/* Paces, guesses, costs and entries at random: the right rows, and never two that read. */
static void random_calls(double clock, int steps) {
  static const double paces[] = {1e-5, 2e-3, 2e-3, 2e-3, 1e-2, 1}, costs[] = {1e-6, 1e-6, 2e-5, 2e-5, 1e-3};
  int64_t at[ENTRIES] = {0};
  cost = 0;
  assert_int_equal(begin(clock), NNRT_GOOD);
  for (int step = 0; step < steps; step++) {
    int i = rand() % 3 ? 0 : rand() % ENTRIES;
    if (rand() % 16 == 0) at[i] = rand() % (ROWS - 2 * BATCH);
    takes(&entries[i], at[i]);
    pthread_mutex_lock(&prefetch.lock); /* `cost` is the reading thread's */
    if (!prefetch_first(&prefetch, BATCH_FILLING)) cost = costs[rand() % 5];
    pthread_mutex_unlock(&prefetch.lock);
    ticked = ticked + paces[rand() % 6];
    at[i] = (at[i] + BATCH) % (ROWS - 2 * BATCH);
    if (rand() % 8) asks(&entries[i], at[i]);
  }
  end();
  assert_false(overlap);
}

static void batches_are_those_that_were_asked_for(void **state) {
  (void)state;
  srand(1);
  for (int i = 0; i < 20; i++) random_calls(LONG_BEFORE, 1000);
  for (int i = 0; i < 20; i++) random_calls(LONG_AFTER, 1000);
}

static void what_cannot_be_read_is_told_by_who_takes_it(void **state) {
  (void)state;
  for (int asked = 0; asked < 2; asked++) {
    nnrt_error error = {0};
    nnrt_batch b = batch_at(ROWS - BATCH);
    unsigned char *block;
    nap_begins(LONG_AFTER);
    takes(&entries[0], 2 * BATCH);
    if (asked) nnrt_prefetch_ask(&prefetch, &entries[0], &b);
    assert_int_equal(nnrt_prefetch_take(&error, &prefetch, &entries[0], &b, &block), NNRT_FAILED);
    assert_string_equal(error.text, "data rows: rows.bin: the end");
    takes(&entries[0], 0);
    end();
  }
}

#define TEST(name) cmocka_unit_test_teardown(name, end_of_failed)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(even_steps_wake_nobody),
      TEST(other_steps_wake_the_thread),
      TEST(quick_batches_wake_nobody),
      TEST(who_needs_a_batch_that_is_not_begun_reads_it),
      TEST(no_batch_is_read_twice),
      TEST(a_nap_ends_by_itself),
      TEST(who_was_not_asked_in_a_nap_is_woken_by_the_next_order),
      TEST(batches_are_those_that_were_asked_for),
      TEST(what_cannot_be_read_is_told_by_who_takes_it),
  };
  alarm(300); /* a thread that nobody wakes */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
