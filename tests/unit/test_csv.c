/* test_csv.c: tables as text: columns by name, numbers, categories, quotes (RFC 4180), what is missing; refusals with
 * the line and the column; real tables against numbers read by the C library. */
#include "stream_case.h"

#include <math.h>

static const char *const sexes[] = {"M", "F", "a \"b\", c"};
static const nnrt_field fields[] = {{"x", NNRT_f32, 1, {5}}, {"y", NNRT_i32, 0, {0}}};
static const nnrt_heading headings[] = {
    {"b", 0, 0, 0, NULL}, {"sex", 0, 1, 3, sexes}, {"a b", 0, 4, 0, NULL}, {"label", 1, 0, 0, NULL}};
static nnrt_source source = {.name = "train",
                             .kind = "csv",
                             .nfields = 2,
                             .fields = fields,
                             .nfiles = 1,
                             .files = files,
                             .batch = 2,
                             .rows = -1,
                             .classes = 10,
                             .nheadings = 4,
                             .headings = headings,
                             .separator = ','};

static void fails(const char *text, const char *message) { /* text NULL: of what is there */
  if (text) put(text, strlen(text));
  source_fails(&source, NULL, message);
}
static void opens(const char *text, int64_t rows) {
  put(text, strlen(text));
  source_opens(&source, NULL, rows);
}
static void row_is(int64_t row, const float x[5], int32_t y) {
  float got[5];
  int32_t label;
  assert_int_equal(nnrt_stream_rows(&error, &stream, 0, 0, 0, row, 1, (unsigned char *)got), 0);
  assert_int_equal(nnrt_stream_rows(&error, &stream, 1, 0, 0, row, 1, (unsigned char *)&label), 0);
  for (int i = 0; i < 5; i++) assert_true(got[i] == x[i]);
  assert_int_equal(label, y);
}

#define QUOTED                                                                                                         \
  "\"label\",\"unused\",sex,\"a b\",b\r\n\"3\",\"two\r\nlines, \"\"quoted\"\"\",\"F\",\"0.5\",\"-1e3\"\r\n"            \
  "\"9\",,\"M\",7,\"2\"\r\n"
static void columns_are_taken_by_name(void **state) {
  (void)state;
  for (int k = 0; k < 4;
       k++) { /* ends of lines, a mark of UTF-8, quotes where none are needed, no end of the last line */
    static const char *const texts[] = {"label,unused,sex,a b,b\n3,x,F,0.5,-1e3\n\n9, ,M, 7 ,2\n",
                                        "label,unused,sex,a b,b\r\n3,x,F,0.5,-1e3\r\n9,,M,7,2\r\n\r\n",
                                        "\xEF\xBB\xBFlabel,unused,sex,a b,b\n3,x,F,0.5,-1000\n9,,M,7,2", QUOTED};
    opens(texts[k], 2);
    row_is(0, (float[]){-1000, 0, 1, 0, 0.5f}, 3);
    row_is(1, (float[]){2, 1, 0, 0, 7}, 9);
  }
  opens("label,b,sex,a b\n1,1,\"a \"\"b\"\", c\",2\n", 1);
  row_is(0, (float[]){1, 0, 0, 1, 2}, 1);
  opens("label,b,sex,a b\n", 0);
  source.separator = '\t';
  opens("label\tb\tsex\ta b\n1\t1\tM\t2\n", 1);
  row_is(0, (float[]){1, 1, 0, 0, 2}, 1);
  source.separator = ',';
}

static void what_is_missing_has_a_number(void **state) {
  (void)state;
  source.fills = 1, source.missing = 4;
  opens("label,b,sex,a b\n,?,M,NA\n", 1);
  row_is(0, (float[]){4, 1, 0, 0, 4}, 4);
  opens("label,b,sex,a b\n1,NAN,M,-nan\n1,inf,M,-Infinity\n", 2);
  row_is(0, (float[]){4, 1, 0, 0, 4}, 1);
  row_is(1, (float[]){INFINITY, 1, 0, 0, -INFINITY}, 1); /* as they stand there */
  source.fills = 0;
  fails("label,b,sex,a b\n1,NAN,M,2\n", "line 2, column b: 'NAN' is missing");
  fails("label,b,sex,a b\n1,1,M,2\n1,,M,2\n", "file: line 3, column b: '' is missing");
  fails("label,b,sex,a b\n1,NA,M,2\n", "line 2, column b: 'NA' is missing");
}

static void damaged_tables_are_refused(void **state) {
  (void)state;
#define HEAD "label,b,sex,a b\n"
  fails("label,b,sex\n1,1,M\n", "its first line names no column 'a b'; it has label, b, sex");
  fails("label;b;sex;a b\n1;1;M;2\n", "its first line names no column 'b'; it has label;b;sex;a b");
  fails("label,b,sex,a b,b\n", "line 1, column b: 'b' stands in the header twice");
  fails(HEAD "1,1,M\n", "line 2 has 3 columns; the first one has 4");
  fails(HEAD "1,1,M,2,\n", "line 2 has 5 columns");
  fails(HEAD "\n\n1,1.5x,M,2\n", "line 4, column b: '1.5x' is no number");
  fails(HEAD "1,1e39,M,2\n", "line 2, column b: '1e39' is too large for the field");
  fails(HEAD "1,1,M,-1e999\n", "column a b: '-1e999' is too large");
  fails("label,b,sex,a b,u\n1,1,M,2,\"x\ny\n\"\n1,zz,M,2,\n", "line 5, column b: 'zz' is no number");
  fails(HEAD "1.5,1,M,2\n", "line 2, column label: '1.5' is no whole number that fits");
  fails(HEAD "10,1,M,2\n", "line 2, column label: '10' is no label");
  fails(HEAD "-1,1,M,2\n", "line 2, column label: '-1' is no label: there are 10 classes, 0 to 9");
  fails(HEAD "1,1,X,2\n", "line 2, column sex: 'X' is none of the categories");
  fails(HEAD "1,1,\"M,2\n", "line 2: a quote that does not end");
  fails(HEAD "1,1,\"M\"x,2\n", "line 2: a column goes on behind its quotes, with 'x'");
  fails(HEAD "1,\"\n\n\",M,2\n1,1,M,2\n", "line 2, column b: '?\?' is no number");
  fails("label,b,sex\r1,1,\x1b[31mM\r", "names no column 'sex'; it has label, b, sex?1, 1, ?[31mM");
  fails(HEAD "1,1,\"M\n\",2\n", "line 2, column sex");
  fails("", "names no column 'b'");
  put("label,b\0,sex", 12);
  fails(NULL, "is no text: it has a byte 00 at byte 7");
  unlink(path);
  fails(NULL, "cannot be opened: No such file");
}

static void tables_that_do_not_fit_are_refused(void **state) {
  (void)state;
  static const nnrt_heading bad[] = {
      {"b", 0, 5, 0, NULL}, {"b", 2, 0, 0, NULL}, {"b", 0, 3, 3, sexes}, {"b", 1, 1, 3, sexes}};
  for (int i = 0; i < 4; i++) {
    nnrt_source of = source;
    of.headings = &bad[i], of.nheadings = 1;
    put("b\n1\n", 4);
    source_fails(&of, NULL, "the column b does not fit into a field");
  }
}

/* abalone: a letter, seven numbers, the rings; every number against scanf. */
static void abalone(void **state) {
  (void)state;
  static const char real[] = NNC_SOURCE_DIR "/../shared/data/tabular/abalone.csv";
  static const char *const letters[] = {"M", "F", "I"};
  char line[256], name[8][64], letter;
  FILE *in = fopen(real, "r");
  if (!in) {
    printf("SKIPPED: %s is not there\n", real);
    skip();
  }
  assert_non_null(fgets(line, sizeof line, in));
  char *at = strtok(line, ",\n");
  for (int i = 0; i < 8; i++, at = strtok(NULL, ",\n")) snprintf(name[i], sizeof name[i], "%s", at);
  const nnrt_field of[] = {{"x", NNRT_f64, 1, {10}}, {"sex", NNRT_i32, 0, {0}}};
  nnrt_heading columns[9] = {{name[0], 0, 0, 3, letters}};
  for (int i = 1; i < 8; i++) columns[i] = (nnrt_heading){name[i], 0, i + 2, 0, NULL};
  columns[8] = (nnrt_heading){name[0], 1, 0, 3, letters};
  const char *const real_files[] = {real};
  nnrt_source table = source;
  table.fields = of, table.headings = columns, table.nheadings = 9, table.files = real_files, table.classes = 0;
  if (source_open(&table, NULL)) fail_msg("%s", error.text);
  assert_int_equal(stream.rows, 4177);
  for (int64_t row = 0; row < 4177; row++) {
    double x[10], y[7];
    int32_t sex;
    assert_int_equal(
        fscanf(in, " %c,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%*d", &letter, &y[0], &y[1], &y[2], &y[3], &y[4], &y[5], &y[6]), 8);
    nnrt_stream_rows(&error, &stream, 0, 0, 0, row, 1, (unsigned char *)x);
    nnrt_stream_rows(&error, &stream, 1, 0, 0, row, 1, (unsigned char *)&sex);
    assert_int_equal(letters[sex][0], letter);
    for (int i = 0; i < 3; i++) assert_true(x[i] == (i == sex));
    assert_memory_equal(x + 3, y, sizeof y);
  }
  fclose(in);
  nnrt_stream_close(&stream); /* of tables on this function's stack */
}

static int csv_end(void **state) {
  nnrt_stream_close(&stream);
  return folder_remove(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_are_taken_by_name),
      cmocka_unit_test(what_is_missing_has_a_number),
      cmocka_unit_test(damaged_tables_are_refused),
      cmocka_unit_test(tables_that_do_not_fit_are_refused),
      cmocka_unit_test(abalone),
  };
  return cmocka_run_group_tests(tests, folder_make, csv_end);
}
