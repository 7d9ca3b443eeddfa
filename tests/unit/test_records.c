/* test_records.c: files of records: rows across files, numbers of every kind in both orders of bytes, CIFAR-10; what is
 * refused, with the byte; tables that do not fit; and a file that changes under a run. */
#include "stream_case.h"

#include <sys/stat.h>

static const nnrt_field pixel_fields[] = {{"y", NNRT_u8, 0, {0}}, {"x", NNRT_u8, 2, {2, 2}}};
static const nnrt_stored pixel_stored[] = {{"u8", 0, 0}, {"u8", 0, 1}};
static const nnrt_source pixels = {.name = "train",
                                   .kind = "records",
                                   .nfields = 2,
                                   .fields = pixel_fields,
                                   .nfiles = 1,
                                   .files = files,
                                   .batch = 2,
                                   .rows = -1,
                                   .classes = 10,
                                   .stored = pixel_stored,
                                   .record = 5};

static const unsigned char *row_bytes(int field, int64_t first, int64_t n) {
  static unsigned char to[4096];
  memset(to, 0xEE, sizeof to);
  if (nnrt_stream_rows(&error, &stream, field, 0, 0, first, n, to)) fail_msg("%s", error.text);
  return to;
}

static const unsigned char three[] = {3, 1, 2, 3, 4, 9, 11, 12, 13, 14, 0, 250, 251, 252, 253};

static void rows_are_read(void **state) {
  (void)state;
  put(three, sizeof three);
  for (int packed = 0; packed < 2; packed++) {
    source_opens(&pixels, NULL, 3);
    assert_memory_equal(row_bytes(0, 0, 3), ((unsigned char[]){3, 9, 0}), 3);
    assert_memory_equal(row_bytes(1, 1, 2), ((unsigned char[]){11, 12, 13, 14, 250, 251, 252, 253}), 8);
    pack();
  }
}

/* --data: the rows of one file after those of the other, none of an empty one; a folder. */
static void files_follow_each_other(void **state) {
  (void)state;
  char other[160], list[600];
  snprintf(other, sizeof other, "%s/other", folder);
  put(three, 10);
  assert_int_equal(rename(path, other), 0);
  put(three, sizeof three);
  snprintf(list, sizeof list, "%s,/dev/null,%s", other, path);
  assert_int_equal(source_open(&pixels, list), NNRT_FAILED);
  assert_non_null(strstr(error.text, "/dev/null: is not a regular file"));
  snprintf(list, sizeof list, "%s,%s,%s", other, path, other);
  source_opens(&pixels, list, 7);
  assert_memory_equal(row_bytes(0, 0, 7), ((unsigned char[]){3, 9, 3, 9, 0, 3, 9}), 7);
  assert_memory_equal(row_bytes(1, 4, 2), ((unsigned char[]){250, 251, 252, 253, 1, 2, 3, 4}), 8);
  source_opens(&pixels, folder, 3); /* its file `file` */
  put("", 0);
  snprintf(list, sizeof list, "%s,%s", path, other);
  source_opens(&pixels, list, 2);
  assert_memory_equal(row_bytes(0, 0, 2), ((unsigned char[]){3, 9}), 2);
  unlink(other);
}

/* Of the whole, every third row: parts of a split and the files' rows go together. */
static void parts_are_disjoint(void **state) {
  (void)state;
  unsigned char bytes[100][5], seen[100] = {0};
  for (int i = 0; i < 100; i++) memset(bytes[i], i % 10, 5), bytes[i][1] = (unsigned char)i;
  put(bytes, sizeof bytes);
  nnrt_source part = pixels;
  part.split_seed = 3;
  for (int k = 0; k < 2; k++) {
    part.from = k ? 0.6 : 0, part.to = k ? 1 : 0.6;
    source_opens(&part, NULL, k ? 40 : 60);
    for (int i = 0; i < stream.rows; i++) assert_int_equal(seen[row_bytes(1, i, 1)[0]]++, 0);
  }
}

/* Which rows are in a part is drawn by the split's seed: of 100 rows 60, of which a like share comes from the first 60
 * (36, with a deviation of 2.4); another seed draws others; within a part rows are in order. */
static void parts_are_drawn_by_their_seed(void **state) {
  (void)state;
  unsigned char bytes[100][5] = {{0}}, drawn[2][60];
  for (int i = 0; i < 100; i++) bytes[i][1] = (unsigned char)i;
  put(bytes, sizeof bytes);
  nnrt_source part = pixels;
  part.to = 0.6;
  for (int k = 0; k < 2; k++) {
    int first = 0;
    part.split_seed = 3 + k;
    source_opens(&part, NULL, 60);
    for (int i = 0; i < 60; i++) {
      drawn[k][i] = row_bytes(1, i, 1)[0];
      first += drawn[k][i] < 60;
      assert_true(!i || drawn[k][i - 1] < drawn[k][i]);
    }
    assert_in_range(first, 36 - 12, 36 + 12);
  }
  assert_memory_not_equal(drawn[0], drawn[1], sizeof drawn[0]);
}

/* -2, 1 and 100 as numbers of each kind, in a record with a gap in front, behind a head of 3 bytes. */
static void numbers_of_every_kind(void **state) {
  (void)state;
  static const struct {
    const char *type;
    int dtype, size;
    unsigned char little[24];
  } kinds[] = {
      {"i8", NNRT_i32, 1, {0xFE, 1, 100}},
      {"i16", NNRT_i32, 2, {0xFE, 0xFF, 1, 0, 100, 0}},
      {"i32", NNRT_i32, 4, {0xFE, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0, 100, 0, 0, 0}},
      {"i64", NNRT_i64, 8, {0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0, 0, 0, 0, 0, 100}},
      {"f16", NNRT_f16, 2, {0, 0xC0, 0, 0x3C, 0x40, 0x56}},
      {"bf16", NNRT_bf16, 2, {0, 0xC0, 0x80, 0x3F, 0xC8, 0x42}},
      {"f32", NNRT_f32, 4, {0, 0, 0, 0xC0, 0, 0, 0x80, 0x3F, 0, 0, 0xC8, 0x42}},
      {"f64", NNRT_f64, 8, {0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0x59, 0x40}},
  };
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
    for (int big = 0; big < 2; big++) {
      unsigned char file[64] = "heaDgap";
      int size = kinds[k].size;
      for (int i = 0; i < 3 * size; i++) file[7 + i] = kinds[k].little[big ? i / size * size + size - 1 - i % size : i];
      put(file, 7 + 3u * (unsigned)size);
      const nnrt_field field = {"z", kinds[k].dtype, 1, {3}};
      const nnrt_stored stored = {kinds[k].type, big, 4};
      nnrt_source source = pixels;
      source.nfields = 1, source.fields = &field, source.stored = &stored, source.skip = 3,
      source.record = 4 + 3 * size;
      source_opens(&source, NULL, 1);
      const unsigned char *row = row_bytes(0, 0, 1);
      int bytes = nnrt_dtype_bytes(kinds[k].dtype);
      assert_true(nnrt_element(kinds[k].dtype, row) == -2 && nnrt_element(kinds[k].dtype, row + bytes) == 1 &&
                  nnrt_element(kinds[k].dtype, row + 2 * bytes) == 100);
    }
}

static void whole_numbers_of_64_bits_keep_every_bit(void **state) {
  (void)state;
  const nnrt_field field = {"z", NNRT_i64, 0, {0}};
  const nnrt_stored stored = {"i64", 1, 0};
  nnrt_source source = pixels;
  source.nfields = 1, source.fields = &field, source.stored = &stored, source.record = 8, source.classes = 0;
  put("\x01\x23\x45\x67\x89\xAB\xCD\xEF", 8);
  source_opens(&source, NULL, 1);
  assert_true(*(const int64_t *)(const void *)row_bytes(0, 0, 1) == INT64_C(0x0123456789ABCDEF));
}

static void damaged_files_are_refused(void **state) {
  (void)state;
  nnrt_source headed = pixels;
  char message[160];
  for (unsigned n = 0; n < sizeof three; n++) {
    put(three, n);
    snprintf(message, sizeof message, "file: truncated: it ends at byte %u, in record %u, of whose 5 bytes it has %u",
             n, n / 5, n % 5);
    if (n % 5)
      source_fails(&pixels, NULL, message);
    else
      source_opens(&pixels, NULL, n / 5);
  }
  headed.skip = 16;
  put(three, sizeof three);
  source_fails(&headed, NULL, "truncated: it ends at byte 15, in the 16 before its first record");
  unsigned char bad[sizeof three];
  memcpy(bad, three, sizeof three);
  bad[10] = 10;
  put(bad, sizeof bad);
  source_fails(&pixels, NULL, "label 10 in row 2 (byte 10); there are 10 classes, 0 to 9");
  unlink(path);
  source_fails(&pixels, NULL, "cannot be opened: No such file");
}

static void tables_that_do_not_fit_are_refused(void **state) {
  (void)state;
  static const nnrt_stored bad[][2] = {{{"u8", 0, 0}, {"u8", 0, 2}},
                                       {{"u8", 0, 5}, {"u8", 0, 1}},
                                       {{"i8", 0, 0}, {"u8", 0, 1}},
                                       {{"u8", 0, 0}, {"u7", 0, 1}},
                                       {{"u8", 0, 0}, {"u8", 0, INT64_C(1) << 62}}};
  put(three, sizeof three);
  for (int i = 0; i < 5; i++) {
    nnrt_source source = pixels;
    source.stored = bad[i];
    source_fails(&source, NULL, "does not lie within a record of 5 bytes as");
  }
}

static void a_file_that_changes_ends_the_run(void **state) {
  (void)state;
  unsigned char row[8], bad[sizeof three];
  put(three, sizeof three);
  source_opens(&pixels, NULL, 3);
  memset(bad, 77, sizeof bad);
  put(bad, sizeof bad);
  assert_int_equal(nnrt_stream_rows(&error, &stream, 0, 0, 0, 1, 1, row), NNRT_FAILED);
  assert_non_null(strstr(error.text, "label 77 in row 1 (byte 5)"));
  put(three, 7);
  assert_int_equal(nnrt_stream_rows(&error, &stream, 1, 0, 0, 1, 1, row), NNRT_FAILED);
  assert_non_null(strstr(error.text, "ends before byte 8; it had 15 when it was opened"));
}

/* The labels of the first ten test images are printed in many places; the images against the file, read by C. */
static void cifar(void **state) {
  (void)state;
  static const char real[] = NNC_SOURCE_DIR "/../shared/data/cifar10/test_1000.bin";
  static const char *const real_files[] = {real};
  static const nnrt_field real_fields[] = {{"y", NNRT_u8, 0, {0}}, {"x", NNRT_u8, 3, {3, 32, 32}}};
  static unsigned char bytes[3073];
  FILE *in = fopen(real, "rb");
  if (!in) {
    printf("SKIPPED: %s is not there\n", real);
    skip();
  }
  nnrt_source source = pixels;
  source.files = real_files, source.fields = real_fields, source.record = 3073;
  source_opens(&source, NULL, 1000);
  assert_memory_equal(row_bytes(0, 0, 10), ((unsigned char[]){3, 8, 8, 0, 6, 6, 1, 6, 3, 1}), 10);
  for (int row = 0; row < 1000; row++) {
    assert_int_equal(fread(bytes, 1, sizeof bytes, in), sizeof bytes);
    assert_memory_equal(row_bytes(1, row, 1), bytes + 1, 3072);
  }
  fclose(in);
}

static int records_end(void **state) {
  nnrt_stream_close(&stream);
  return folder_remove(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_read),
      cmocka_unit_test(files_follow_each_other),
      cmocka_unit_test(parts_are_disjoint),
      cmocka_unit_test(parts_are_drawn_by_their_seed),
      cmocka_unit_test(numbers_of_every_kind),
      cmocka_unit_test(whole_numbers_of_64_bits_keep_every_bit),
      cmocka_unit_test(damaged_files_are_refused),
      cmocka_unit_test(tables_that_do_not_fit_are_refused),
      cmocka_unit_test(a_file_that_changes_ends_the_run),
      cmocka_unit_test(cifar),
  };
  return cmocka_run_group_tests(tests, folder_make, records_end);
}
