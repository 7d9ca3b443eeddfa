/* test_tokens.c: vocabularies of pieces: texts are cut as the encoder of tests/oracle/bpe.py cuts them, from all three
 * kinds of files, and come back as they were; rows of a text are windows of its tokens; damaged files are refused with
 * the byte, what was found and what was expected. */
#include "stream_case.h"

#define BPE NNC_SOURCE_DIR "/tests/oracle/bpe/"
enum { SIZE = 304, TEXT_MAX = 1 << 12 };
static nnrt_tokens *tokens;

static void opens(const char *file, int size) {
  nnrt_tokens_close(tokens);
  error = (nnrt_error){0};
  if (nnrt_tokens_open(&error, &tokens, file, size)) fail_msg("%s", error.text);
}

/* ---- texts ---- */
static int text_back(const int32_t *of, int64_t n, char *to) {
  bool begins = true;
  int length = 0;
  for (int64_t i = 0; i < n; i++) length += nnrt_tokens_text(tokens, of[i], &begins, to + length);
  return length;
}

/* The tokens are those of the list; what they say is the text, unless a character was unknown. */
static void cut_is(const char *text, int n, char *list) {
  static char back[TEXT_MAX];
  int32_t *of;
  int64_t count, i = 0;
  if (nnrt_tokens_of(&error, tokens, text, n, &of, &count)) fail_msg("%s", error.text);
  for (char *word = strtok(list, " \n"); word; word = strtok(NULL, " \n"), i++)
    if (i >= count || of[i] != atoi(word))
      fail_msg("token %d of %s is %d, not %s", (int)i, text, i < count ? of[i] : -1, word);
  assert_int_equal(i, count);
  int length = text_back(of, count, back);
  if (length != n || memcmp(back, text, (size_t)n)) fail_msg("'%.*s' comes back as '%.*s'", n, text, length, back);
  free(of);
}

static void a_line_is_cut(char *line, const char *name, const char *file) {
  char text[TEXT_MAX], *hex = line + strlen(name) + 1, *list = strchr(hex, '\t');
  int n = 0;
  assert_non_null(list);
  for (unsigned byte; hex < list; hex += 2, n++) {
    assert_int_equal(sscanf(hex, "%2x", &byte), 1);
    text[n] = (char)byte;
  }
  text[n] = 0;
  opens(file, SIZE);
  cut_is(text, n, list + 1);
}

static void texts_are_cut_as_by_the_oracle(void **state) {
  (void)state;
  static char line[1 << 14];
  char file[256], name[32];
  int count = 0;
  FILE *cases = fopen(BPE "cases.tsv", "r");
  assert_non_null(cases);
  while (fgets(line, sizeof line, cases)) {
    if (*line == '#') continue;
    assert_int_equal(sscanf(line, "%31s", name), 1);
    snprintf(file, sizeof file, BPE "%s", name);
    if (!strcmp(name, "scores.txt")) {
      static char again[sizeof line];
      strcpy(again, line);
      a_line_is_cut(again, name, BPE "plain.bin");
    }
    a_line_is_cut(line, name, file);
    count++;
  }
  fclose(cases);
  assert_int_equal(count, 76);
}

static void what_is_no_text_is_left_out(void **state) {
  (void)state;
  char to[64];
  bool begins = true;
  opens(BPE "scores.txt", SIZE);
  const int32_t of[] = {1, 259 + 4 /* " the" */, 2, 259 + 4, 3 + 'A', 0, 259 + 5, -1, SIZE};
  int n = text_back(of, 9, to);
  assert_int_equal(n, 9); /* a mark is a beginning, too */
  assert_memory_equal(to, "thetheAin", 9);
  assert_int_equal(nnrt_tokens_text(tokens, 2, &begins, to), 0);
  assert_true(begins);
  assert_int_equal(nnrt_tokens_longest(tokens), 6);
}

/* ---- rows of a text ---- */
static void rows_are_windows(void **state) {
  (void)state;
  static nnrt_field fields[] = {{"x", NNRT_i32, 1, {4}}, {"y", NNRT_i32, 1, {4}}};
  static const char *const paths[] = {path};
  const nnrt_source source = {.name = "t",
                              .kind = "text",
                              .nfields = 2,
                              .fields = fields,
                              .nfiles = 1,
                              .files = paths,
                              .batch = 1,
                              .rows = -1,
                              .stride = 2};
  const char text[] = "the aaab and the end of it\nabab the in an abab";
  int32_t *of, row[4];
  int64_t n;
  put(text, sizeof text - 1);
  opens(BPE "ranks.txt", SIZE);
  assert_int_equal(nnrt_tokens_of(&error, tokens, text, sizeof text - 1, &of, &n), 0);
  nnrt_stream_close(&stream);
  stream = (nnrt_stream){.source = &source, .tokens = tokens};
  if (nnrt_stream_open(&error, &stream, NULL)) fail_msg("%s", error.text);
  assert_int_equal(stream.rows, (n - 5) / 2 + 1);
  for (int64_t i = 0; i < stream.rows; i++)
    for (int field = 0; field < 2; field++) {
      assert_int_equal(nnrt_stream_rows(&error, &stream, field, 0, 0, i, 1, (unsigned char *)row), 0);
      assert_memory_equal(row, of + 2 * i + field, sizeof row);
    }
  nnrt_stream_close(&stream);
  put(text, 5);
  assert_int_equal(nnrt_stream_open(&error, &stream, NULL), NNRT_FAILED);
  free(of);
}

/* ---- damaged files ---- */
static void fails(const char *file, int size, const char *message) {
  nnrt_tokens *none = tokens;
  error = (nnrt_error){0};
  assert_int_equal(nnrt_tokens_open(&error, &none, file, size), NNRT_FAILED);
  assert_null(none);
  if (!strstr(error.text, message) || !strstr(error.text, file))
    fail_msg("\"%s\" was expected in: %s", message, error.text);
}

static void bad_lines_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"a\nb\n", "the end behind 2 tokens of 3 at byte 4; a token was expected"},
      {"a\nb\nc\nd\n", "more behind token 2, the last at byte 6; the end was expected"},
      {"a\n\nc\n", "a line without a token at byte 2; one token a line was expected"},
      {"a\nb\\q\nc\n", "another escape at byte 3; \\n, \\t, \\r, \\\\ or \\xHH was expected"},
      {"a\nb\\x0\nc\n", "another escape at byte 3"},
      {"a\nb\tc\nc\n", "no score at byte 4; a number up to the end of the line was expected"},
      {"a\nb\t1 2\nc\n", "no score at byte 4"},
      {"a\nb\tinf\nc\n", "no score at byte 4"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    put(cases[i].text, strlen(cases[i].text));
    fails(path, 3, cases[i].message);
  }
  put("a\r\n\\x62\t-1\r\nc", 13);
  opens(path, 3);
  fails("/nowhere/t.bin", 3, "cannot be opened");
}

static void bad_binaries_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    int n;
    const char *message;
  } cases[] = {
      {"\1\0", 2, "the end at byte 2; the bytes of the longest piece was expected"},
      {"\0\0\0\0", 4, "a longest piece of 0 bytes at byte 0; 1 to 4096 was expected"},
      {"\1\0\0\0\0\0\0\0", 8, "the end in front of token 0 of 2 at byte 8; a score and a length was expected"},
      {"\1\0\0\0\0\0\x80\x7F\1\0\0\0a", 13, "a score that is not finite at byte 4; a number was expected"},
      {"\1\0\0\0\0\0\0\0\2\0\0\0ab", 14, "token 0 has 2 bytes at byte 8; 1 to those of the longest piece was expected"},
      {"\1\0\0\0\0\0\0\0\0\0\0\0", 12, "token 0 has 0 bytes at byte 8"},
      {"\2\0\0\0\0\0\0\0\1\0\0\0a\0\0\0\0\2\0\0\0b", 22,
       "the end within token 1 of 2 at byte 22; all of it was expected"},
      {"\1\0\0\0\0\0\0\0\1\0\0\0a\0\0\0\0\1\0\0\0bc", 23,
       "more behind token 1, the last at byte 22; the end was expected"},
  };
  char file[160];
  snprintf(file, sizeof file, "%s.bin", path);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    put(cases[i].bytes, (size_t)cases[i].n);
    assert_int_equal(rename(path, file), 0);
    fails(file, 2, cases[i].message);
  }
  unlink(file);
}

static void a_character_that_is_nowhere_is_named(void **state) {
  (void)state;
  int32_t *of;
  int64_t n;
  put("a\nb\n", 4);
  opens(path, 2);
  assert_int_equal(nnrt_tokens_of(&error, tokens, "ab\xC3\xA9", 4, &of, &n), NNRT_FAILED);
  assert_non_null(strstr(error.text, "has neither '\xC3\xA9', the character at byte 2, nor its bytes, nor <unk>"));
  put("a\n<unk>\n", 8);
  opens(path, 2);
  assert_int_equal(nnrt_tokens_of(&error, tokens, "a\xC3\xA9", 3, &of, &n), 0);
  assert_int_equal(n, 2);
  assert_int_equal(of[1], 1);
  free(of);
  nnrt_tokens_close(tokens);
  tokens = NULL;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_are_cut_as_by_the_oracle),
      cmocka_unit_test(what_is_no_text_is_left_out),
      cmocka_unit_test(rows_are_windows),
      cmocka_unit_test(bad_lines_are_refused),
      cmocka_unit_test(bad_binaries_are_refused),
      cmocka_unit_test(a_character_that_is_nowhere_is_named),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
