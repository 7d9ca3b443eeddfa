/* test_idx.c: the reader of IDX files: what it takes, in every type of elements, plain and packed; and that each kind
 * of broken or foreign file is refused by a message with the file, the byte and what was expected. */
#include "file_case.h"
#include "host/host.h"

static size_t take(unsigned char *to, size_t room) {
  FILE *in = fopen(path, "rb");
  assert_non_null(in);
  size_t n = fread(to, 1, room, in);
  fclose(in);
  return n;
}

static nnrt_error error;
static nnrt_column column;
static int64_t rows;
static int read_as(const nnrt_field *field, int64_t classes) {
  free(column.at);
  error = (nnrt_error){0};
  return nnrt_idx_read(&error, path, field, classes, &column, &rows);
}
static void read_fails(const nnrt_field *field, const char *message) {
  assert_int_equal(read_as(field, 10), NNRT_FAILED);
  assert_null(column.at);
  if (strncmp(error.text, path, strlen(path))) fail_msg("the file is not named: %s", error.text);
  if (!strstr(error.text, message)) fail_msg("\"%s\" was expected in: %s", message, error.text);
}

static const nnrt_field image = {"x", NNRT_u8, 3, {1, 2, 3}}, label = {"y", NNRT_u8, 0, {0}};
static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0,   0,   0,   2,   0,   0,
                                       0, 3, 1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255};
static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 4, 3, 9, 0, 7};

static void rows_are_read(void **state) {
  (void)state;
  put(images, sizeof images);
  assert_int_equal(read_as(&image, 10), 0); /* [1,2,3] takes rows of 2x3 */
  assert_int_equal(rows, 2);
  assert_int_equal(column.row_bytes, 6);
  assert_memory_equal(column.at, images + 16, 12);
  put(labels, sizeof labels);
  assert_int_equal(read_as(&label, 10), 0);
  assert_int_equal(rows, 4);
  assert_memory_equal(column.at, labels + 8, 4);
}

static void packed_files_are_read(void **state) {
  (void)state;
  put(images, sizeof images);
  pack();
  if (read_as(&image, 0)) fail_msg("%s", error.text);
  assert_int_equal(rows, 2);
  assert_memory_equal(column.at, images + 16, 12);
}

/* -2, 1 and 100 in each type, most significant byte first. */
static void all_types_widen_without_loss(void **state) {
  (void)state;
  static const struct {
    unsigned char code, size, bytes[24];
  } files[] = {
      {0x09, 1, {0xFE, 1, 100}},
      {0x0B, 2, {0xFF, 0xFE, 0, 1, 0, 100}},
      {0x0C, 4, {0xFF, 0xFF, 0xFF, 0xFE, 0, 0, 0, 1, 0, 0, 0, 100}},
      {0x0D, 4, {0xC0, 0, 0, 0, 0x3F, 0x80, 0, 0, 0x42, 0xC8, 0, 0}},
      {0x0E, 8, {0xC0, 0, 0, 0, 0, 0, 0, 0, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0x40, 0x59, 0, 0, 0, 0, 0, 0}},
  };
  static const int may[5][9] = {/* f32 f64 f16 bf16 i32 i64 u32 u8 bool */
                                {1, 1, 1, 1, 1, 1, 0, 0, 0},
                                {1, 1, 0, 0, 1, 1, 0, 0, 0},
                                {0, 1, 0, 0, 1, 1, 0, 0, 0},
                                {1, 1, 0, 0, 0, 0, 0, 0, 0},
                                {0, 1, 0, 0, 0, 0, 0, 0, 0}};
  for (int f = 0; f < 5; f++) {
    unsigned char file[64] = {0, 0, files[f].code, 1, 0, 0, 0, 3};
    memcpy(file + 8, files[f].bytes, 3u * files[f].size);
    put(file, 8 + 3u * files[f].size);
    for (int dtype = 0; dtype < 9; dtype++) {
      const nnrt_field field = {"z", dtype, 0, {0}};
      if (!may[f][dtype]) {
        read_fails(&field, "which cannot hold them");
        continue;
      }
      if (read_as(&field, 0)) fail_msg("%s", error.text);
      int bytes = nnrt_dtype_bytes(dtype);
      assert_true(nnrt_element(dtype, column.at) == -2 && nnrt_element(dtype, column.at + bytes) == 1 &&
                  nnrt_element(dtype, column.at + 2 * bytes) == 100);
    }
  }
}

static void bytes_widen_to_every_number(void **state) {
  (void)state;
  unsigned char file[8 + 256] = {0, 0, 8, 1, 0, 0, 1, 0};
  for (int i = 0; i < 256; i++) file[8 + i] = (unsigned char)i;
  put(file, sizeof file);
  for (int dtype = 0; dtype < NNRT_bool; dtype++) {
    const nnrt_field field = {"z", dtype, 0, {0}};
    if (read_as(&field, 0)) fail_msg("%s", error.text);
    for (int i = 0; i < 256; i++) assert_true(nnrt_element(dtype, column.at + i * nnrt_dtype_bytes(dtype)) == i);
  }
}

/* ---- refused ---- */
static void truncated_files_are_refused_wherever_they_end(void **state) {
  (void)state;
  char message[64];
  for (size_t n = 0; n < sizeof images; n++) {
    put(images, n);
    snprintf(message, sizeof message, "truncated: it ends at byte %zu", n);
    read_fails(&image, message);
  }
  assert_non_null(strstr(error.text, "in row 1 of 2; its header promises 28 bytes"));
}

static void packed_files_are_refused_wherever_they_end(void **state) {
  (void)state;
  unsigned char packed[256];
  put(images, sizeof images);
  pack();
  size_t n = take(packed, sizeof packed);
  for (size_t k = 2; k < n; k++) {
    put(packed, k);
    assert_int_equal(read_as(&image, 10), NNRT_FAILED);
    assert_non_null(strstr(error.text, path));
  }
  packed[n - 6] ^= 1; /* of its checksum */
  put(packed, n);
  read_fails(&image, ": incorrect data check");
  put(packed, n / 2 + 6);
  read_fails(&image, ": unexpected end of file");
}

static void foreign_files_are_refused(void **state) {
  (void)state;
  unsigned char file[sizeof images + 8];
  put("PK\3\4and so on", 14);
  read_fails(&image, "not an IDX file: it begins with bytes 50 4b 03 04");
  memcpy(file, images, sizeof images);
  file[2] = 0x0A;
  put(file, sizeof images);
  read_fails(&image, "byte 2 is 0a, which is no element type of IDX");
  memcpy(file, images, sizeof images);
  file[3] = 0;
  put(file, sizeof images);
  read_fails(&image, "byte 3 is 0; a rank from 1 to 8");
  file[3] = 200;
  put(file, sizeof images);
  read_fails(&image, "byte 3 is 200");
  memcpy(file, images, sizeof images);
  file[sizeof images] = 7;
  put(file, sizeof images + 1);
  read_fails(&image, "there is more data after its 2 rows, at byte 28");
}

static void other_shapes_are_refused(void **state) {
  (void)state;
  const nnrt_field square = {"x", NNRT_u8, 2, {3, 2}}, flat = {"x", NNRT_u8, 1, {6}};
  put(images, sizeof images);
  read_fails(&square, "its rows are [2,3] (bytes 8 to 15); the field x has rows of [3,2]");
  read_fails(&flat, "its rows are [2,3]");
  read_fails(&label, "the field y has rows of []");
  put(labels, sizeof labels);
  read_fails(&image, "its rows are []");
}

static void absurd_sizes_are_refused_without_asking_for_memory(void **state) {
  (void)state;
  unsigned char file[sizeof images];
  memcpy(file, images, sizeof images);
  memset(file + 4, 0xFF, 4);
  put(file, sizeof file);
  read_fails(&image, "more than 1073741824 bytes");
  memset(file + 4, 0xFF, 12);
  put(file, sizeof file);
  read_fails(&image, "more than 1073741824 bytes");
  memcpy(file, images, sizeof images);
  memset(file + 8, 0, 4);
  put(file, sizeof file);
  read_fails(&image, "dim 1 at byte 8 is 0");
  memset(file + 4, 0, 4); /* no rows, but of a size that overflows */
  memset(file + 8, 0xFF, 8);
  put(file, sizeof file);
  read_fails(&image, "more than 1073741824 bytes");
}

static void labels_are_below_the_classes(void **state) {
  (void)state;
  put(labels, sizeof labels);
  assert_int_equal(read_as(&label, 9), NNRT_FAILED);
  assert_non_null(strstr(error.text, "label 9 in row 1 (byte 9); there are 9 classes, 0 to 8"));
  const unsigned char negative[] = {0, 0, 9, 1, 0, 0, 0, 2, 1, 0xFF};
  const nnrt_field wide = {"y", NNRT_i32, 0, {0}};
  put(negative, sizeof negative);
  read_fails(&wide, "label -1 in row 1 (byte 9)");
}

static void what_cannot_be_opened_is_named(void **state) {
  (void)state;
  unlink(path);
  read_fails(&image, "cannot be opened: No such file or directory");
  char hint[256];
  error = (nnrt_error){0};
  assert_non_null(
      strstr(nnrt_file_missing("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz", hint, sizeof hint),
             "install the Debian package dataset-fashion-mnist"));
  assert_string_equal(nnrt_file_missing("/home/x/train", hint, sizeof hint), "");
  assert_int_equal(nnrt_idx_read(&error, folder, &image, 0, &column, &rows), NNRT_FAILED);
  assert_non_null(strstr(error.text, "is not a regular file"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_read),
      cmocka_unit_test(packed_files_are_read),
      cmocka_unit_test(all_types_widen_without_loss),
      cmocka_unit_test(bytes_widen_to_every_number),
      cmocka_unit_test(truncated_files_are_refused_wherever_they_end),
      cmocka_unit_test(packed_files_are_refused_wherever_they_end),
      cmocka_unit_test(foreign_files_are_refused),
      cmocka_unit_test(other_shapes_are_refused),
      cmocka_unit_test(absurd_sizes_are_refused_without_asking_for_memory),
      cmocka_unit_test(labels_are_below_the_classes),
      cmocka_unit_test(what_cannot_be_opened_is_named),
  };
  int failed = cmocka_run_group_tests(tests, folder_make, folder_remove);
  free(column.at);
  return failed;
}
