/* test_npy.c: arrays of NumPy, from the files that NumPy wrote (tests/oracle/npy.py has the formula of their numbers):
 * every type, version and way of packing; rows of tensors, from a file that PyTorch's safetensors wrote; damaged and
 * foreign files are refused by name, byte and what was expected. */
#include "stream_case.h"

#define NPY NNC_SOURCE_DIR "/tests/oracle/npy/"
static nnrt_field fields[] = {{"x", NNRT_f32, 2, {2, 3}}, {"y", NNRT_i64, 0, {0}}};
static const char *const arrays[] = {path, NPY "labels.npy"};
static nnrt_source source = {.name = "train",
                             .kind = "npy",
                             .nfields = 1,
                             .fields = fields,
                             .nfiles = 1,
                             .files = arrays,
                             .batch = 2,
                             .rows = -1};

static void as(const char *kind, int nfields) { /* what is open was opened as another kind */
  nnrt_stream_close(&stream);
  source.kind = kind;
  source.nfields = nfields;
}
static void opens(const char *data) { source_opens(&source, data, 5); }
static void fails(const char *data, const char *message) { source_fails(&source, data, message); }
static double number(int kind, int i) {
  int n = i * 7 % 23;
  return kind == 'b' ? i * 7 % 2 : kind == 'u' ? n : kind == 'i' ? n - 5 : (n - 5) / 4.0;
}
static void rows_are(int kind) {
  static unsigned char rows[5 * 6 * 8];
  int dtype = fields[0].dtype, bytes = nnrt_dtype_bytes(dtype);
  if (nnrt_stream_rows(&error, &stream, 0, 0, 0, 0, 5, rows)) fail_msg("%s", error.text);
  for (int i = 0; i < 30; i++) assert_true(nnrt_element(dtype, rows + i * bytes) == number(kind, i));
}

static void every_type_is_read(void **state) {
  (void)state;
  static const struct {
    const char *file;
    int dtype, wider;
  } cases[] = {{"b1", NNRT_bool, NNRT_f32},    {"i1", NNRT_i32, NNRT_bf16},      {"u1", NNRT_u8, NNRT_i32},
               {"i2", NNRT_i32, NNRT_f32},     {"u2", NNRT_u32, NNRT_i64},       {"i4", NNRT_i32, NNRT_f64},
               {"u4", NNRT_u32, NNRT_f64},     {"i8", NNRT_i64, NNRT_i64},       {"f2", NNRT_f16, NNRT_f32},
               {"f4", NNRT_f32, NNRT_f64},     {"f8", NNRT_f64, NNRT_f64},       {"big_f4", NNRT_f32, NNRT_f64},
               {"big_i8", NNRT_i64, NNRT_i64}, {"version2", NNRT_f32, NNRT_f32}, {"version3", NNRT_f32, NNRT_f32}};
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
    for (int wide = 0; wide < 2; wide++) {
      char file[256];
      int kind = !strncmp(cases[k].file, "big_", 4) ? cases[k].file[4] : cases[k].file[0];
      snprintf(file, sizeof file, NPY "%s.npy", cases[k].file);
      fields[0].dtype = wide ? cases[k].wider : cases[k].dtype;
      opens(file);
      rows_are(kind == 'v' ? 'f' : kind);
    }
  fields[0].dtype = NNRT_f32;
}

static void archives_are_read(void **state) {
  (void)state;
  static const char *const archives[] = {NPY "stored.npz", NPY "deflated.npz"};
  as("npz", 2);
  source.classes = 3;
  for (int k = 0; k < 2; k++) {
    int64_t labels[5];
    opens(archives[k]);
    rows_are('f');
    assert_int_equal(nnrt_stream_rows(&error, &stream, 1, 0, 0, 0, 5, (unsigned char *)labels), 0);
    for (int i = 0; i < 5; i++) assert_int_equal(labels[i], i % 3);
    source.classes = 2;
    fails(archives[k], "npz: y.npy: label 2 in row 2 (byte ");
    source.classes = 3;
    fields[1].name = "z";
    fails(archives[k], "has no array z.npy; it has: x.npy, y.npy");
    fields[1].name = "y";
  }
  as("npy", 1);
  source.classes = 0;
}

static void foreign_files_are_refused(void **state) {
  (void)state;
  fails(NPY "fortran.npy", "fortran.npy: is in Fortran's order");
  fails(NPY "complex.npy", "complex.npy: its header has \"'<c8'");
  fails(NPY "complex.npy", "one of b1 i1 u1 i2 u2 i4 u4 i8 f2 f4 f8 was expected");
  fails(NPY "scalar.npy", "is one number, shape (), and has no rows");
  fails(NPY "f8.npy", "its numbers are f64; the field x is f32, which cannot hold them");
  fails(NPY "labels.npy", "its numbers are i64");
  fields[0].dim[1] = 2;
  fails(NPY "f4.npy", "its rows are [2,3]; the field x has rows of [2,2]");
  fields[0].dim[1] = 3;
  put("PK\3\4and what then follows", 24);
  fails(NULL, "no .npy file of version 1.0 to 3.0: it begins with 50 4b 03");
  char quote[10 + 4096 + 24]; /* of the longest header the last byte is a quote: nothing behind it is read */
  memset(quote, ' ', sizeof quote);
  memcpy(quote, "\x93NUMPY\x01\x00\x00\x10{'descr':", 19);
  quote[10 + 4095] = '\'';
  put(quote, sizeof quote);
  fails(NULL, "a type of numbers such as '<f4' was expected");
  put("PK\3\4and what then follows", 24);
  as("npz", 1);
  fails(NULL, "no .npz file, or truncated");
  as("npy", 2);
  source.nfiles = 2;
  fails(NPY "f4.npy," NPY "u1.npy", "u1.npy: its rows are [2,3]; the field y has rows of []");
  as("npy", 1);
  source.nfiles = 1;
}

static size_t take(const char *from, unsigned char *to, size_t room) {
  FILE *in = fopen(from, "rb");
  assert_non_null(in);
  size_t n = fread(to, 1, room, in);
  fclose(in);
  return n;
}

/* Wherever a file ends it is refused; so is one with more. */
static void truncated_files_are_refused(void **state) {
  (void)state;
  static const char *const whole[] = {NPY "f4.npy", NPY "stored.npz", NPY "deflated.npz", NPY "rows.safetensors"};
  unsigned char bytes[2048];
  for (int k = 0; k < 4; k++) {
    size_t n = take(whole[k], bytes, sizeof bytes);
    as(k == 3 ? "safetensors" : k ? "npz" : "npy", k ? 2 : 1);
    assert_true(n < sizeof bytes);
    for (size_t i = 0; i < n; i++) {
      put(bytes, i);
      fails(NULL, path);
    }
    put(bytes, n);
    opens(NULL);
  }
  as("npy", 1);
  size_t n = take(whole[0], bytes, sizeof bytes);
  put(bytes, n - 1);
  fails(NULL, "truncated: its header promises 5 rows of 24 bytes, and 119 bytes are there, from byte 128 on");
  put(bytes, n + 4);
  fails(NULL, "there is more data behind its rows");
}

/* A bit turned in a member is found by its checksum, or by what stands in the way of reading it. */
static void damaged_archives_are_refused(void **state) {
  (void)state;
  static const char *const archives[] = {NPY "stored.npz", NPY "deflated.npz"};
  unsigned char bytes[2048];
  size_t n = 0;
  as("npz", 2);
  for (int k = 0; k < 2; k++) {
    n = take(archives[k], bytes, sizeof bytes);
    for (size_t i = 60; i < n; i++) {
      bytes[i] ^= 4;
      put(bytes, n);
      if (!source_open(&source, NULL)) rows_are('f');
      bytes[i] ^= 4;
    }
  }
  bytes[100] ^= 255;
  put(bytes, n);
  fails(NULL, "broken gzip data");
  n = take(archives[0], bytes, sizeof bytes);
  memset(bytes + n - 22 - 2 * 51 + 20, 255,
         8); /* the sizes of the first of two entries, of five letters, are elsewhere */
  put(bytes, n);
  fails(NULL, "a member of 4 GiB or more (zip64), which is not read, in the directory at byte ");
  as("npy", 1);
}

/* The fields' names are the tensors'; i1, which no field asks for, does no harm. */
static void tensors_are_read(void **state) {
  (void)state;
  static const char file[] = NPY "rows.safetensors";
  int64_t labels[5];
  as("safetensors", 2);
  source.classes = 3;
  opens(file);
  rows_are('f');
  assert_int_equal(nnrt_stream_rows(&error, &stream, 1, 0, 0, 0, 5, (unsigned char *)labels), 0);
  for (int i = 0; i < 5; i++) assert_int_equal(labels[i], i % 3);
  source.classes = 2;
  fails(file, "rows.safetensors: y: label 2 in row 2 (byte ");
  as("safetensors", 1);
  source.classes = 0;
  fields[0].name = "half";
  opens(file); /* bf16 to f32 */
  rows_are('f');
  fields[0].name = "y";
  fails(file, "rows.safetensors: y: its numbers are i64; the field y is f32, which cannot hold them");
  fields[0].name = "z";
  fails(file, "rows.safetensors: has no tensor z; it has: y, x, half, i1");
  fields[0].name = "x";
  fields[0].dim[1] = 2;
  fails(file, "rows.safetensors: x: its rows are [2,3]; the field x has rows of [2,2]");
  fields[0].dim[1] = 3;
  fails(NPY "stored.npz", "stored.npz: is an archive (.npz), no safetensors file");
  fails(NPY "f4.npy", "f4.npy: not a safetensors file");
  as("npy", 1);
}

/* What else a header may say of x, f32 of [5,2,3] at bytes 0 to 120. */
static void broken_tensors_are_refused(void **state) {
  (void)state;
#define TENSOR(dtype, shape, places) "\"x\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" places "}"
  static const struct {
    const char *header, *message;
  } cases[] = {
      {"{" TENSOR("F32", "[5,2,3]", "[0,120]") "," TENSOR("F32", "[5,2,3]", "[0,120]") "}",
       "x: stands in the file twice"},
      {"{" TENSOR("F8_E4M3", "[5,24]", "[0,120]") "}", "x: its numbers are F8_E4M3, which is not read"},
      {"{" TENSOR("F32", "[]", "[0,120]") "}", "x: is one number, shape (), and has no rows"},
      {"{" TENSOR("F32", "[6,2,3]", "[0,120]") "}", "x: truncated: its header promises 6 rows of 24 bytes, and 120"},
      {"{" TENSOR("F32", "[4,2,3]", "[0,120]") "}", "x: there is more data behind its rows"},
      {"{" TENSOR("F32", "[5,2,3]", "[0,124]") "}", "overlap or leave out bytes at byte 124 of 120"},
      {"{" TENSOR("F32", "[5,2,3]", "[120,0]") "}", "overlap or leave out bytes at byte 0 of 120"},
      {"{" TENSOR("F32", "[5,9007199254740993,9007199254740993]", "[0,120]") "}", "dimension 2 of its shape is 900"},
      {"{" TENSOR("F32", "[5,0]", "[0,120]") "}", "x: dimension 2 of its shape is 0"},
      {"{" TENSOR("F32", "[5,2,3]", "[0,120]"), "header is broken"},
  };
  as("safetensors", 1);
  fields[0].name = "x";
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    unsigned char bytes[1024] = {(unsigned char)strlen(cases[k].header)};
    memcpy(bytes + 8, cases[k].header, bytes[0]);
    put(bytes, 8u + bytes[0] + 120);
    fails(NULL, cases[k].message);
  }
  as("npy", 1);
}

static void headers_are_parsed_strictly(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"{'descr': '<f4', 'shape': (5, 2, 3)}", "'descr', 'fortran_order' and 'shape' in front of it was expected"},
      {"{'descr': '<f4', 'descr': '<f4', 'shape': (5, 2, 3)}",
       "at byte 27; one of 'descr', 'fortran_order' and 'shape'"},
      {"{'descr': [('a', '<f4')], 'fortran_order': False}", "a type of numbers such as '<f4' was expected"},
      {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (5, 2, 3)}", "at byte 44; True or False"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (5, -2, 3)}", "a size or ')'"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (5, 99999999999999999, 3)}", "a smaller size"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (5, 999999999999999, 999999999999999)}",
       "dimension 2 of its shape is 999999999999999"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (5, 0, 3)}", "dimension 2 of its shape is 0"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (5, 2, 3", "',' or ')' was expected"},
      {"", "'{' was expected"},
  };
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    unsigned char bytes[512] = "\x93NUMPY\1\0";
    size_t n = strlen(cases[k].text);
    bytes[8] = (unsigned char)n;
    memcpy(bytes + 10, cases[k].text, n);
    put(bytes, 10 + n + 120);
    fails(NULL, cases[k].message);
  }
}

static int npy_end(void **state) {
  nnrt_stream_close(&stream);
  return folder_remove(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_type_is_read),
      cmocka_unit_test(archives_are_read),
      cmocka_unit_test(foreign_files_are_refused),
      cmocka_unit_test(truncated_files_are_refused),
      cmocka_unit_test(damaged_archives_are_refused),
      cmocka_unit_test(headers_are_parsed_strictly),
      cmocka_unit_test(tensors_are_read),
      cmocka_unit_test(broken_tensors_are_refused),
  };
  return cmocka_run_group_tests(tests, folder_make, npy_end);
}
