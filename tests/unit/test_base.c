/* test_base.c: arenas, vectors, maps, interning, text, exact float text, files, diagnostics. */
#include "caught.h"

#include <math.h>
#include <stdlib.h>

static void test_arena(void **state) {
  (void)state;
  Arena *arena = arena_new();
  for (size_t n = 0; n < 3000; n += 7) {
    unsigned char *p = arena_alloc(arena, n);
    assert_int_equal((uintptr_t)p % 16, 0);
    for (size_t k = 0; k < n; ++k) {
      assert_int_equal(p[k], 0);
      p[k] = 0xff;
    }
  }
  unsigned char *large = arena_alloc(arena, 10 << 20);
  assert_int_equal(large[(10 << 20) - 1], 0);
  assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
  assert_string_equal(arena_printf(arena, "%s-%d", "x", 42), "x-42");
  Arena *part = arena_part(arena), *inner = arena_part(part);
  assert_string_equal(arena_strdup(inner, "inner"), "inner");
  arena_clear(part); /* and inner with it */
  assert_string_equal(arena_strdup(part, "again"), "again");
  arena_free(arena); /* and part with it: LeakSanitizer counts */
}

static void test_vec(void **state) {
  (void)state;
  Arena *arena = arena_new();
  VEC(int) v = {0};
  for (int k = 0; k < 1000; ++k) vec_push(arena, v, k * k);
  assert_int_equal(v.n, 1000);
  for (int k = 0; k < 1000; ++k) assert_int_equal(v.at[k], k * k);
  arena_free(arena);
}

static void test_map(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Map map;
  int value[500];
  map_init(&map, arena);
  assert_null(map_get(&map, "0"));
  for (int k = 0; k < 500; ++k) map_put(&map, arena_printf(arena, "%d", k), &value[k]);
  for (int k = 0; k < 500; ++k) {
    assert_ptr_equal(map_get(&map, arena_printf(arena, "%d", k)), &value[k]);
    assert_string_equal(map.slots[k].key, arena_printf(arena, "%d", k)); /* order of insertion */
  }
  map_put(&map, "7", &value[8]);
  assert_int_equal(map.n, 500);
  assert_ptr_equal(map_get(&map, "7"), &value[8]);
  arena_free(arena);
}

static void test_intern(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Intern table;
  int value[300];
  intern_init(&table, arena);
  for (int k = 0; k < 300; ++k) {
    void **slot = intern_slot(&table, &k, sizeof k);
    assert_null(*slot);
    *slot = &value[k];
  }
  for (int k = 0; k < 300; ++k) assert_ptr_equal(*intern_slot(&table, &k, sizeof k), &value[k]);
  assert_true(hash_bytes("", 0) == 0xcbf29ce484222325u); /* FNV-1a, as published */
  assert_true(hash_bytes("a", 1) == 0xaf63dc4c8601ec8cu);
  arena_free(arena);
}

static void test_text(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Text t;
  text_init(&t, arena);
  text_puts(&t, "a\n");
  ++t.indent;
  text_printf(&t, "b%d\nc\n", 1);
  text_puts(&t, "d");
  text_puts(&t, "e\n");
  assert_string_equal(text_str(&t), "a\n  b1\n  c\n  de\n");
  arena_free(arena);
}

/* Shortest text that reads back to the same number, over many magnitudes. */
static void test_float_text(void **state) {
  (void)state;
  Arena *arena = arena_new();
  assert_string_equal(text_f64(arena, 0.1), "0.1");
  assert_string_equal(text_f64(arena, -0.0), "-0");
  assert_string_equal(text_f32(arena, 0.1f), "0.1");
  assert_string_equal(text_f64(arena, (double)0.1f), "0.10000000149011612");
  assert_string_equal(text_f64(arena, INFINITY), "inf");
  assert_string_equal(text_f64(arena, -INFINITY), "-inf");
  assert_string_equal(text_f32(arena, NAN), "nan");
  uint64_t bits = 1;
  for (int k = 0; k < 2000; ++k) {
    double x;
    bits = bits * 6364136223846793005u + 1442695040888963407u;
    memcpy(&x, &bits, sizeof x);
    if (!isfinite(x)) continue;
    assert_true(strtod(text_f64(arena, x), NULL) == x);
    assert_true(strtof(text_f32(arena, (float)x), NULL) == (float)x);
  }
  arena_free(arena);
}

static void test_file(void **state) {
  (void)state;
  Arena *arena = arena_new();
  const char *path = NNC_BUILD_DIR "/test_base.tmp";
  size_t n = 0;
  char bytes[5000];
  for (int k = 0; k < 5000; ++k) bytes[k] = (char)(k * 31);
  assert_true(file_write(path, bytes, sizeof bytes));
  char *read = file_read(arena, path, &n);
  assert_int_equal(n, sizeof bytes);
  assert_memory_equal(read, bytes, n);
  remove(path);
  assert_null(file_read(arena, path, &n));
  assert_false(file_write(NNC_BUILD_DIR "/no/such/folder/x", bytes, 1));
  arena_free(arena);
}

/* ---- diagnostics ---- */

static const char source[] = "one\ntwo\nlocal z = x:matmul(y)\n";

static void raise_user(void *context) {
  (void)context;
  diag_source("m.lua", source, sizeof source - 1);
  diag_note((Loc){"m.lua", 2, NULL}, MSG_made_here, "x [3,4]");
  user_error((Loc){"m.lua", 3, "nn.Linear"}, MSG_elementwise_shape, "add", "x [3,4]", "y [4,3]");
}
static void raise_limit(void *context) {
  (void)context;
  limit((Loc){NULL, 0, NULL}, MSG_op_dtype, "dot", "floats", "i32");
}
static void raise_bug(void *context) {
  (void)context;
  diag_pass("fold");
  bug("lost %d", 3);
}

static void test_voices(void **state) {
  (void)state;
  Caught c;
  catch_error(&c, raise_user, NULL);
  assert_int_equal(c.code, 1);
  assert_contains(c.text, "m.lua:3: add: shapes differ: x [3,4] and y [4,3]\n");
  assert_contains(c.text, "local z = x:matmul(y)");
  assert_contains(c.text, "nn.Linear");
  assert_contains(c.text, "m.lua:2: note: x [3,4] was made here");
  catch_error(&c, raise_limit, NULL);
  assert_int_equal(c.code, 1);
  assert_contains(c.text, "not supported yet: dot: takes floats, not i32");
  assert_null(strstr(c.text, "note")); /* notes belong to one error */
  catch_error(&c, raise_bug, NULL);
  assert_int_equal(c.code, 3);
  assert_contains(c.text, "fold: lost 3");
  diag_pass(NULL);
}

static void test_nearest(void **state) {
  (void)state;
  const char *const words[] = {"batch", "shuffle", "split"};
  assert_string_equal(diag_nearest("shufle", words, 3), "shuffle");
  assert_string_equal(diag_nearest("bacth", words, 3), "batch");
  assert_null(diag_nearest("momentum", words, 3));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_arena),  cmocka_unit_test(test_vec),    cmocka_unit_test(test_map),
      cmocka_unit_test(test_intern), cmocka_unit_test(test_text),   cmocka_unit_test(test_float_text),
      cmocka_unit_test(test_file),   cmocka_unit_test(test_voices), cmocka_unit_test(test_nearest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
