/* test_philox_shuffle.c: Philox against the known answers that its authors publish with Random123 (kat_vectors); the
 * draw below n and the shuffle against what uniform means, by chi-squared; permutations are whole and depend on all of
 * their key. */
#include "core/core.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void philox_gives_the_published_words(void **state) {
  (void)state;
  static const struct {
    uint32_t counter[4], key[2], words[4];
  } known[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    uint32_t words[4];
    nnrt_philox(known[i].counter, known[i].key, words);
    assert_memory_equal(words, known[i].words, sizeof words);
  }
}

/* A stream is the words of consecutive counters, in order. */
static void a_stream_is_its_counters(void **state) {
  (void)state;
  nnrt_random r;
  nnrt_random_start(&r, 0x0123456789abcdefu, 77, 0x1122334455667788u);
  for (uint32_t block = 0; block < 3; block++) {
    uint32_t counter[4] = {block, 77, 0x55667788, 0x11223344}, key[2] = {0x89abcdef, 0x01234567}, words[4];
    nnrt_philox(counter, key, words);
    for (int i = 0; i < 4; i++) assert_int_equal(nnrt_random_bits(&r), words[i]);
  }
}

static double chi_squared(const long *count, int n, double expected) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += ((double)count[i] - expected) * ((double)count[i] - expected) / expected;
  return sum;
}

static void draws_below_n_are_uniform(void **state) {
  (void)state;
  nnrt_random r;
  for (uint32_t n = 1; n <= 12; n++) {
    long count[12] = {0};
    nnrt_random_start(&r, n, 1, 0);
    for (int i = 0; i < 120000; i++) {
      uint32_t k = nnrt_random_below(&r, n);
      assert_true(k < n);
      count[k]++;
    }
    assert_true(chi_squared(count, (int)n, 120000.0 / n) < 40); /* 11 degrees of freedom pass 40 once in 30,000 times */
  }
  nnrt_random_start(&r, 3, 1, 0); /* n = 3 * 2^30: taking words mod n would favour the lower third two to one */
  long low = 0;
  for (int i = 0; i < 90000; i++) low += nnrt_random_below(&r, 3u << 30) < 1u << 30;
  assert_true(labs(low - 30000) < 6 * 142); /* standard deviation sqrt(90000 * 2 / 9) = 141.4 */
}

/* All 24 orders of four things, equally often. */
static void shuffles_are_uniform(void **state) {
  (void)state;
  long count[256] = {0}, seen[24];
  int n = 0;
  for (int i = 0; i < 48000; i++) {
    nnrt_random r;
    uint32_t order[4];
    nnrt_random_start(&r, 5, 2, (uint64_t)i);
    nnrt_random_shuffle(&r, order, 4);
    count[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
  }
  for (int i = 0; i < 256; i++)
    if (count[i]) assert_true(n < 24), seen[n++] = count[i];
  assert_int_equal(n, 24);
  assert_true(chi_squared(seen, 24, 2000) < 60); /* 23 degrees of freedom pass 60 once in 30,000 times */
}

enum { ROWS = 60000 };
static uint32_t first[ROWS], second[ROWS];

static void shuffle(uint32_t *order, uint64_t seed, uint32_t what, uint64_t epoch) {
  nnrt_random r;
  nnrt_random_start(&r, seed, what, epoch);
  nnrt_random_shuffle(&r, order, ROWS);
}

static long places_shared(void) {
  long same = 0;
  for (int i = 0; i < ROWS; i++) same += first[i] == second[i];
  return same;
}

static void shuffles_are_permutations_of_seed_source_and_epoch(void **state) {
  (void)state;
  static char visited[ROWS];
  shuffle(first, 7, 1, 0);
  memset(visited, 0, sizeof visited);
  for (int i = 0; i < ROWS; i++) {
    assert_true(first[i] < ROWS && !visited[first[i]]);
    visited[first[i]] = 1;
  }
  shuffle(second, 7, 1, 0);
  assert_int_equal(places_shared(), ROWS);
  static const uint64_t other[][3] = {{8, 1, 0}, {7, 2, 0}, {7, 1, 1}, {7ull << 32, 1, 0}, {7, 1, 1ull << 32}};
  for (int i = 0; i < 5; i++) { /* two unrelated orders share one place on average */
    shuffle(second, other[i][0], (uint32_t)other[i][1], other[i][2]);
    assert_true(places_shared() < 15);
  }
  nnrt_random r;
  nnrt_random_start(&r, 1, 1, 1);
  second[0] = 9;
  nnrt_random_shuffle(&r, second, 0);
  assert_int_equal(second[0], 9);
  nnrt_random_shuffle(&r, second, 1);
  assert_int_equal(second[0], 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(philox_gives_the_published_words),
      cmocka_unit_test(a_stream_is_its_counters),
      cmocka_unit_test(draws_below_n_are_uniform),
      cmocka_unit_test(shuffles_are_uniform),
      cmocka_unit_test(shuffles_are_permutations_of_seed_source_and_epoch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
