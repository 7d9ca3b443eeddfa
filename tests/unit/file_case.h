/* file_case.h: for tests of readers: one folder a program with a file in it, `path`, made from bytes and packed by
 * gzip(1), not by the library under test. */
#ifndef FILE_CASE_H
#define FILE_CASE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[128];
static int folder_make(void **state) {
  (void)state;
  strcpy(folder, "/tmp/nnrt_test_XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/file", folder);
  return 0;
}
static int folder_remove(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static void put(const void *bytes, size_t n) {
  FILE *out = fopen(path, "wb");
  assert_non_null(out);
  assert_int_equal(fwrite(bytes, 1, n, out), n);
  fclose(out);
}
static inline void pack(void) {
  char command[600];
  snprintf(command, sizeof command, "gzip -c %s > %s.gz && mv %s.gz %s", path, path, path, path);
  assert_int_equal(system(command), 0);
}
#endif
