/* test_show.c: what stands behind --tensorboard, --plot and the progress: CRC-32C against published sums, when files
 * are written, curves in constant memory against means by hand, marks of axes, the thinned table of epochs, names that
 * can be shown. */
#include "host/host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LENGTH(a) ((int)(sizeof(a) / sizeof(a)[0]))

static void crc_32c_is_castagnoli(void **state) { /* RFC 3720, B.4, and the check value of the catalogues */
  (void)state;
  unsigned char bytes[32];
  nnrt_crc crc;
  nnrt_crc_start_c(&crc);
  nnrt_crc_add(&crc, "123456789", 9);
  assert_true(nnrt_crc_sum(&crc) == 0xE3069283u);
  static const struct {
    int first, step;
    uint32_t sum;
  } cases[] = {{0, 0, 0x8A9136AAu}, {0xFF, 0, 0x62A8AB43u}, {0, 1, 0x46DD794Eu}, {31, -1, 0x113FDB5Cu}};
  for (int i = 0; i < LENGTH(cases); i++) {
    for (int k = 0; k < 32; k++) bytes[k] = (unsigned char)(cases[i].first + k * cases[i].step);
    nnrt_crc_again(&crc);
    nnrt_crc_add(&crc, bytes, sizeof bytes);
    assert_true(nnrt_crc_sum(&crc) == cases[i].sum);
  }
}

/* ---- files that grow ---- */
static int64_t file_bytes(const char *path) {
  struct stat about;
  return stat(path, &about) ? -1 : (int64_t)about.st_size;
}

static void what_was_told_is_written_after_a_second(void **state) {
  (void)state;
  char path[] = "/tmp/nnrt_show_XXXXXX";
  nnrt_error error = {0};
  nnrt_sink s = {0};
  close(mkstemp(path));
  assert_int_equal(nnrt_sink_open(&error, &s, "--log", path, 0, 16), 0);
  memcpy(nnrt_sink_room(&s, 10), "0123456789", 10);
  s.used += 10;
  nnrt_sink_tick(&s, s.flushed + 0.9);
  assert_int_equal(file_bytes(path), 0);
  nnrt_sink_tick(&s, s.flushed + 1.1);
  assert_int_equal(file_bytes(path), 10);
  for (int i = 0; i < 2; i++) { /* a full buffer is written, too */
    memcpy(nnrt_sink_room(&s, 9), "abcdefghi", 9);
    s.used += 9;
  }
  assert_int_equal(file_bytes(path), 19);
  assert_int_equal(nnrt_sink_close(&error, &s), 0);
  assert_int_equal(file_bytes(path), 28);
  unlink(path);
}

/* ---- curves ---- */
static void
curves_of_any_length_are_even(void **state) { /* values 3 k - 1 at steps 2 k: means are those of their steps */
  (void)state;
  static const int lengths[] = {1, 255, 256, 257, 511, 512, 100000};
  for (int i = 0; i < LENGTH(lengths); i++) {
    nnrt_curve *c = calloc(1, sizeof *c);
    c->calls = 1;
    for (int k = 1; k <= lengths[i]; k++) nnrt_curve_add(c, 2 * k, 3 * k - 1);
    int64_t calls = 1;
    while (lengths[i] >= NNRT_CURVE_POINTS * calls) calls *= 2;
    assert_true(c->calls == calls);
    assert_int_equal(c->n, lengths[i] / calls);
    assert_true(c->gathered == lengths[i] % calls);
    for (int k = 0; k < c->n; k++) {
      double middle = (double)calls * k + (double)(calls + 1) / 2;
      assert_true(c->points[k].step == 2 * middle);
      assert_true(fabs((double)c->points[k].value - (3 * middle - 1)) < 1e-6 * middle);
    }
    free(c);
  }
}

static void what_is_no_number_is_a_gap(void **state) {
  (void)state;
  nnrt_curve *c = calloc(1, sizeof *c);
  c->calls = 1;
  for (int k = 0; k < 512; k++) nnrt_curve_add(c, k, k == 100 ? NAN : k == 300 ? INFINITY : 1);
  for (int k = 0; k < c->n; k++) assert_true(isfinite(c->points[k].value) == (k != 25 && k != 75));
  assert_int_equal(c->n, 128);
  free(c);
}

/* ---- axes ---- */
static const char *labels(const nnrt_axis *a) {
  static char text[512];
  char label[64];
  int n = 0;
  text[0] = 0;
  for (int i = 0; i < a->n; i++) {
    nnrt_axis_label(a, i, label, sizeof label);
    n = nnrt_text(text, sizeof text, n, i ? " %s" : "%s", label);
  }
  return text;
}

static void marks_are_round(void **state) {
  (void)state;
  static const struct {
    double low, high;
    int n;
    bool whole;
    const char *labels;
  } cases[] = {{0.27, 1.84, 5, true, "0 0.5 1.0 1.5 2.0"},
               {0.8557, 0.8751, 5, true, "0.855 0.860 0.865 0.870 0.875 0.880"},
               {0, 1404, 8, false, "0 200 400 600 800 1,000 1,200 1,400"},
               {0, 2.5e6, 8, false, "0 500,000 1,000,000 1,500,000 2,000,000 2,500,000"},
               {-13.1, 17.4, 5, true, "-20 -10 0 10 20"},
               {5, 5, 5, true, "4.4 4.6 4.8 5.0 5.2 5.4 5.6"},
               {0, 0, 5, true, "-1.0 -0.5 0 0.5 1.0"},
               {-3e-9, 4e-9, 5, true, "-4e-9 -2e-9 0 2e-9 4e-9"},
               {1e30, 3e38, 5, true, "0 1e38 2e38 3e38"}};
  nnrt_axis a;
  for (int i = 0; i < LENGTH(cases); i++) {
    nnrt_axis_linear(&a, cases[i].low, cases[i].high, cases[i].n, cases[i].whole);
    assert_string_equal(labels(&a), cases[i].labels);
    assert_true(a.low <= cases[i].low && a.high >= cases[i].high);
  }
  nnrt_axis_log(&a, 0.0053, 1.1);
  assert_string_equal(labels(&a), "0.005 0.01 0.02 0.05 0.1 0.2 0.5 1");
  nnrt_axis_log(&a, 1e-10, 100);
  assert_string_equal(labels(&a), "1e-10 1e-8 1e-6 0.0001 0.01 1 100");
  assert_true(fabs(nnrt_axis_place(&a, sqrt(1e-10 * 100)) - 0.5) < 1e-12);
  nnrt_axis_linear(&a, 2, 4, 5, false);
  assert_true(nnrt_axis_place(&a, 2.5) == 0.25);
}

/* ---- the table of epochs ---- */
static void the_table_keeps_round_epochs(void **state) {
  (void)state;
  nnrt_progress *p = calloc(1, sizeof *p);
  for (int epoch = 0; epoch < 1000; epoch++) {
    p->epoch = epoch;
    nnrt_table_add(p, epoch);
    const nnrt_table *t = &p->table;
    int stride = epoch < 64 ? 1 : epoch < 315 ? 5 : epoch < 630 ? 10 : 50;
    if (t->stride != stride) fail_msg("after epoch %d every %dth stays, not every %dth", epoch + 1, t->stride, stride);
    assert_int_equal(t->rows[0].epoch, 0);
    assert_int_equal(t->rows[t->n - 1].epoch, epoch);
    for (int i = 1; i + 1 < t->n; i++) assert_int_equal((t->rows[i].epoch + 1) % stride, 0);
    for (int i = 0; i < t->n; i++) assert_true(t->rows[i].seconds == (double)t->rows[i].epoch);
  }
  free(p);
}

/* ---- names ---- */
static void names_can_be_shown(void **state) {
  (void)state;
  static const struct {
    const char *name, *shown;
  } cases[] = {{"loss", "loss"},
               {"\xce\xb8.\xe2\x82\xac\xf0\x9f\x98\x80", "\xce\xb8.\xe2\x82\xac\xf0\x9f\x98\x80"},
               {"a\nb\x1b[31m", "a?b?[31m"},
               {"\xff\xc0\x80\xed\xa0\x80", "??????"},
               {"cut\xe2\x82", "cut??"}};
  char to[64];
  for (int i = 0; i < LENGTH(cases); i++) {
    nnrt_name_text(to, sizeof to, 0, cases[i].name);
    assert_string_equal(to, cases[i].shown);
  }
  assert_int_equal(nnrt_name_text(to, 5, 0, "abc\xe2\x82\xac"), 3); /* never half of a character */
  assert_string_equal(to, "abc");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crc_32c_is_castagnoli),
      cmocka_unit_test(what_was_told_is_written_after_a_second),
      cmocka_unit_test(curves_of_any_length_are_even),
      cmocka_unit_test(what_is_no_number_is_a_gap),
      cmocka_unit_test(marks_are_round),
      cmocka_unit_test(the_table_keeps_round_epochs),
      cmocka_unit_test(names_can_be_shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
