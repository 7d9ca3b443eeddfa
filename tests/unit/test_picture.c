/* test_picture.c: the PNG files of picture.c, taken apart: magic number, chunks and their sums, the stream unpacked by
 * zlib where it is installed (else the stored blocks by the few lines here), and every pixel. */
#include "host/host.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#if defined(__has_include)
#if __has_include(<zlib.h>)
#include <zlib.h>
#define HAVE_ZLIB 1
#endif
#endif

static uint32_t u32_at(const unsigned char *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The body of the chunk `name`, whose length goes to n; checks all sums and that nothing follows the end. */
static const unsigned char *chunk(const unsigned char *file, int64_t bytes, const char *name, uint32_t *n) {
  const unsigned char *found = NULL;
  int64_t at = 8;
  assert_memory_equal(file, "\x89PNG\r\n\x1a\n", 8);
  while (at < bytes) {
    uint32_t length = u32_at(file + at);
    assert_true(at + 12 + length <= bytes);
#ifdef HAVE_ZLIB
    assert_int_equal(u32_at(file + at + 8 + length), crc32(0, file + at + 4, length + 4));
#endif
    if (!memcmp(file + at + 4, name, 4)) found = file + at + 8, *n = length;
    if (!memcmp(file + at + 4, "IEND", 4)) assert_int_equal(at + 12 + length, bytes);
    at += 12 + length;
  }
  assert_non_null(found);
  return found;
}

static void unpack(const unsigned char *from, uint32_t n, unsigned char *to, int64_t bytes) {
#ifdef HAVE_ZLIB
  uLongf got = (uLongf)bytes;
  assert_int_equal(uncompress(to, &got, from, n), Z_OK);
  assert_int_equal(got, bytes);
#else
  int64_t at = 2, done = 0;
  for (int last = 0; !last;) {
    int length = from[at + 1] | from[at + 2] << 8;
    last = from[at] & 1;
    memcpy(to + done, from + at + 5, (size_t)length);
    at += 5 + length, done += length;
  }
  assert_true(done == bytes && at + 4 == (int64_t)n);
#endif
}

/* Draws, and gives the lines (a filter byte and the pixels each). */
static unsigned char *drawn(const nnrt_output *o, const void *at, uint32_t *wide, uint32_t *high, int *channels) {
  int64_t room = 0;
  uint32_t n = 0;
  assert_int_equal(nnrt_picture_room(o, &room), 0);
  unsigned char *file = malloc((size_t)room);
  int64_t bytes = nnrt_picture_draw(o, at, file, room);
  const unsigned char *head = chunk(file, bytes, "IHDR", &n);
  assert_int_equal(n, 13);
  *wide = u32_at(head), *high = u32_at(head + 4), *channels = head[9] == 2 ? 3 : 1;
  assert_true(head[8] == 8 && (head[9] == 0 || head[9] == 2) && !head[10] && !head[11] && !head[12]);
  int64_t lines = (int64_t)*high * (1 + (int64_t)*wide * *channels);
  unsigned char *to = malloc((size_t)lines);
  const unsigned char *packed = chunk(file, bytes, "IDAT", &n);
  unpack(packed, n, to, lines);
  free(file);
  return to;
}

static void one_picture_has_no_frame(void **state) {
  (void)state;
  const float x[6] = {0, 1, 0.5f, -3, 7, 0.1f};
  const nnrt_output o = {.dtype = NNRT_f32, .count = 6, .rank = 2, .dim = {2, 3}};
  uint32_t wide, high;
  int channels;
  unsigned char *lines = drawn(&o, x, &wide, &high, &channels);
  assert_true(wide == 3 && high == 2 && channels == 1);
  assert_memory_equal(lines, ((const unsigned char[]){0, 0, 255, 128, 0, 0, 255, 26}), 8);
  free(lines);
}

/* Ten pictures of 3 by 2 in three colours: eight in the first row, two pixels around each. */
static void several_lie_in_a_grid(void **state) {
  (void)state;
  unsigned char x[10 * 3 * 2 * 3];
  for (int i = 0; i < (int)sizeof x; i++) x[i] = (unsigned char)(i + 1);
  const nnrt_output o = {.dtype = NNRT_u8, .count = sizeof x, .rank = 4, .dim = {10, 3, 2, 3}};
  uint32_t wide, high;
  int channels;
  unsigned char *lines = drawn(&o, x, &wide, &high, &channels);
  assert_true(wide == 8 * 5 + 2 && high == 2 * 4 + 2 && channels == 3);
  int lit = 0;
  for (uint32_t y = 0; y < high; y++)
    for (uint32_t k = 0; k < wide; k++)
      for (int c = 0; c < 3; c++) {
        int row = (int)y - 2, column = (int)k - 2, i = row / 4 * 8 + column / 5, wanted = 0;
        bool inside = row >= 0 && column >= 0 && row % 4 < 2 && column % 5 < 3 && i < 10;
        if (inside) wanted = ((i * 3 + c) * 2 + row % 4) * 3 + column % 5 + 1;
        assert_int_equal(lines[y * (1 + wide * 3) + 1 + k * 3 + (uint32_t)c], wanted);
        lit += inside;
      }
  assert_int_equal(lit, sizeof x);
  free(lines);
}

/* More bytes than one stored block holds, and a NaN. */
static void large_ones_take_several_blocks(void **state) {
  (void)state;
  enum { SIDE = 400 };
  double *x = malloc(SIDE * SIDE * sizeof *x);
  for (int i = 0; i < SIDE * SIDE; i++) x[i] = i % 256 / 255.0;
  x[0] = 0.0 / 0.0;
  const nnrt_output o = {.dtype = NNRT_f64, .count = SIDE * SIDE, .rank = 3, .dim = {1, SIDE, SIDE}};
  uint32_t wide, high;
  int channels;
  unsigned char *lines = drawn(&o, x, &wide, &high, &channels);
  for (int y = 0; y < SIDE; y++)
    for (int k = 0; k < SIDE; k++) assert_int_equal(lines[y * (SIDE + 1) + 1 + k], y || k ? (y * SIDE + k) % 256 : 0);
  free(lines);
  free(x);
}

static void what_is_too_large_is_refused(void **state) {
  (void)state;
  const nnrt_output o = {.dtype = NNRT_u8, .rank = 2, .dim = {1 << 16, 1 << 16}};
  int64_t room;
  assert_int_not_equal(nnrt_picture_room(&o, &room), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_picture_has_no_frame),
      cmocka_unit_test(several_lie_in_a_grid),
      cmocka_unit_test(large_ones_take_several_blocks),
      cmocka_unit_test(what_is_too_large_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
