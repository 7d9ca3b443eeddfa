/* test_text.c: texts as rows of tokens: windows, parts, lanes and shuffles against the tokens that the test itself
 * wrote; what is refused, with the byte and the line; and a file that changes under a run. */
#include "stream_case.h"

static nnrt_field fields[] = {{"x", NNRT_i32, 1, {3}}, {"y", NNRT_i32, 1, {3}}};
static nnrt_source source;

static void text(int64_t length, int64_t stride, const char *vocabulary) {
  fields[0].dim[0] = fields[1].dim[0] = length;
  source = (nnrt_source){.name = "train",
                         .kind = "text",
                         .nfields = 2,
                         .fields = fields,
                         .nfiles = 1,
                         .files = files,
                         .batch = 2,
                         .rows = -1,
                         .stride = stride,
                         .vocabulary = vocabulary};
}

static void opens(int64_t rows) { source_opens(&source, NULL, rows); }
static void fails(const char *message) {
  source_fails(&source, NULL, message);
  assert_non_null(strstr(error.text, path));
}

/* The rows of places first … first + n - 1 of a pass, as numbers. */
static const int32_t *row_tokens(int field, int64_t epoch, int64_t first, int64_t n) {
  static int32_t to[4096];
  memset(to, 0xEE, sizeof to);
  if (nnrt_stream_rows(&error, &stream, field, 0, epoch, first, n, (unsigned char *)to)) fail_msg("%s", error.text);
  return to;
}
/* … as letters, for a text of bytes. */
static const char *row_text(int field, int64_t epoch, int64_t first, int64_t n) {
  static char letters[64];
  const int32_t *tokens = row_tokens(field, epoch, first, n);
  int64_t count = n * fields[0].dim[0];
  for (int64_t i = 0; i < count; i++) letters[i] = (char)tokens[i];
  letters[count] = 0;
  return letters;
}

static void windows_follow_each_other(void **state) {
  (void)state;
  put("abcdefghij", 10);
  text(3, 3, "");
  opens(3); /* the tenth byte is the last one to be foretold */
  assert_string_equal(row_text(0, 0, 0, 3), "abcdefghi");
  assert_string_equal(row_text(1, 0, 0, 3), "bcdefghij");
  text(3, 1, "");
  opens(7);
  assert_string_equal(row_text(0, 0, 6, 1), "ghi");
  assert_string_equal(row_text(1, 0, 6, 1), "hij");
  text(3, 5, "");
  opens(2);
  assert_string_equal(row_text(0, 0, 0, 2), "abcfgh");
  text(9, 9, "");
  opens(1);
  pack();
  text(3, 3, "");
  opens(3);
  assert_string_equal(row_text(1, 0, 0, 3), "bcdefghij");
  put("\0\xFF\x80\n", 4);
  opens(1);
  assert_memory_equal(row_tokens(0, 0, 0, 1), ((int32_t[]){0, 255, 128}), 12);
}

/* Characters of one to four bytes, several of the reader's chunks and marks of them. */
static void characters_are_counted_from_the_vocabulary(void **state) {
  (void)state;
  enum { MOST = 30000 };
  static const char *const characters[] = {"a", "ä", "€", "\n", "𝄞", "z", "ß"};
  static int32_t tokens[MOST];
  static char bytes[4 * MOST];
  size_t n = 0;
  uint32_t draw = 1;
  for (int i = 0; i < MOST; i++) {
    draw = draw * 1664525 + 1013904223;
    tokens[i] = (int32_t)((draw >> 16) % 7);
    memcpy(bytes + n, characters[tokens[i]], strlen(characters[tokens[i]]));
    n += strlen(characters[tokens[i]]);
  }
  put(bytes, n);
  text(37, 11, "aä€\n𝄞zß");
  opens((MOST - 1 - 37) / 11 + 1);
  for (int64_t row = 0; row < stream.rows; row += 7) {
    assert_memory_equal(row_tokens(0, 0, row, 1), tokens + 11 * row, 37 * 4);
    assert_memory_equal(row_tokens(1, 0, row, 1), tokens + 11 * row + 1, 37 * 4);
  }
  assert_memory_equal(row_tokens(1, 0, stream.rows - 1, 1), tokens + 11 * (stream.rows - 1) + 1, 37 * 4);
  source.from = 0.25, source.to = 0.5;
  opens((MOST / 4 - 1 - 37) / 11 + 1);
  assert_memory_equal(row_tokens(0, 0, 5, 1), tokens + MOST / 4 + 55, 37 * 4);
}

static void parts_have_no_token_in_common(void **state) {
  (void)state;
  put("abcdefghijklmnopqrst", 20);
  text(3, 3, "");
  source.from = 0, source.to = 0.7;
  opens(4); /* a … n: the last row ends before n, which it foretells */
  assert_string_equal(row_text(1, 0, 3, 1), "klm");
  source.from = 0.7, source.to = 1;
  opens(1);
  assert_string_equal(row_text(0, 0, 0, 1), "opq");
  assert_string_equal(row_text(1, 0, 0, 1), "pqr");
  source.from = 0.9;
  fails("has 2 tokens in this part; a row takes 3 and the one that follows");
}

/* 7 windows in batches of 2: lanes of 3, the last window is left out. */
static void lanes_go_on_from_batch_to_batch(void **state) {
  (void)state;
  put("abcdefghijklmno", 15);
  text(2, 2, "");
  source.stateful = 1;
  opens(6);
  assert_string_equal(row_text(0, 0, 0, 2), "abgh");
  assert_string_equal(row_text(0, 0, 2, 2), "cdij");
  assert_string_equal(row_text(0, 0, 4, 2), "efkl");
  assert_string_equal(row_text(1, 0, 4, 2), "fglm");
  assert_string_equal(row_text(0, 1, 0, 2), "abgh");
}

static void shuffles_take_every_window_once(void **state) {
  (void)state;
  char bytes[201], first[101];
  for (int i = 0; i < 201; i++) bytes[i] = (char)i;
  put(bytes, sizeof bytes);
  text(2, 2, "");
  source.shuffle = 1;
  opens(100);
  for (int epoch = 0; epoch < 2; epoch++) {
    char seen[100] = {0};
    int moved = 0;
    for (int i = 0; i < 100; i++) {
      int32_t at = row_tokens(0, epoch, i, 1)[0];
      assert_true(at % 2 == 0 && !seen[at / 2]++);
      moved += epoch ? first[i] != at / 2 : at / 2 != i;
      if (!epoch) first[i] = (char)(at / 2);
    }
    assert_true(moved > 80);
  }
}

static void foreign_texts_are_refused(void **state) {
  (void)state;
  text(3, 3, "abc\n");
  put("abc\nab\nx", 8);
  fails("'x' at byte 7 (line 3) is no character of the vocabulary");
  put("abc\r\n", 5);
  fails("the byte 0d at byte 3 (line 1)");
  put("ab\xC3\xA4", 4);
  fails("the byte c3 at byte 2");
  text(3, 3, "abä");
  put("abab€", 7);
  fails("'€' at byte 4 (line 1)");
  put("abab\xC3", 5); /* ends within a character */
  fails("the byte c3 at byte 4");
  put("aba\xA4\xA4\xA4\xA4\xA4\xA4", 9);
  fails("the byte 61 at byte 2");
  put("aba", 3);
  fails("has 3 tokens; a row takes 3 and the one that follows");
  put("", 0);
  fails("has 0 tokens");
  unlink(path);
  fails("cannot be opened: No such file");
}

static void a_text_that_changes_ends_the_run(void **state) {
  (void)state;
  int32_t row[3];
  for (int several = 0; several < 2; several++) {
    put("abababababab", 12);
    text(3, 3, several ? "abä" : "ab");
    opens(3);
    put("ababxxxxxxxx", 12);
    assert_int_equal(nnrt_stream_rows(&error, &stream, 0, 0, 0, 1, 1, (unsigned char *)row), NNRT_FAILED);
    assert_non_null(strstr(error.text, "is another text than when it was opened, at byte 4"));
    put("abab", 4);
    assert_int_equal(nnrt_stream_rows(&error, &stream, 0, 0, 0, 1, 1, (unsigned char *)row), NNRT_FAILED);
    assert_non_null(strstr(error.text, "ends before byte 5; it had 12 when it was opened"));
  }
}

/* Rows of a real text against its bytes, read by the C library. */
static void shakespeare(void **state) {
  (void)state;
  static const char real[] = NNC_SOURCE_DIR "/../shared/data/text/tinyshakespeare.txt";
  static const char *const real_files[] = {real};
  static const char vocabulary[] = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  static char bytes[1115394];
  FILE *in = fopen(real, "rb");
  if (!in) {
    printf("SKIPPED: %s is not there\n", real);
    skip();
  }
  assert_int_equal(fread(bytes, 1, sizeof bytes, in), sizeof bytes);
  fclose(in);
  text(64, 64, vocabulary);
  source.files = real_files;
  opens((1115394 - 1 - 64) / 64 + 1);
  for (int64_t row = 0; row < stream.rows; row += 97)
    for (int field = 0; field < 2; field++) {
      const int32_t *tokens = row_tokens(field, 0, row, 1);
      for (int i = 0; i < 64; i++) assert_int_equal(vocabulary[tokens[i]], bytes[64 * row + field + i]);
    }
}

static int text_end(void **state) {
  nnrt_stream_close(&stream);
  return folder_remove(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(windows_follow_each_other),        cmocka_unit_test(characters_are_counted_from_the_vocabulary),
      cmocka_unit_test(parts_have_no_token_in_common),    cmocka_unit_test(lanes_go_on_from_batch_to_batch),
      cmocka_unit_test(shuffles_take_every_window_once),  cmocka_unit_test(foreign_texts_are_refused),
      cmocka_unit_test(a_text_that_changes_ends_the_run), cmocka_unit_test(shakespeare),
  };
  return cmocka_run_group_tests(tests, folder_make, text_end);
}
