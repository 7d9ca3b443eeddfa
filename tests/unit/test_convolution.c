/* test_convolution.c: emitted convolutions and their gradients against their meaning, bit for bit: strides, dilation,
 * padding, odd sizes, one channel, slices of k that end inside a row, one and three threads, every machine that this
 * host can run (and scalar code), C and LLVM; and that none of them writes windows to memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conv_case.h"

/* n, c, h, o, k, stride, dilation, pad */
static const ConvCase cases[] = {
    {2, 3, 9, 5, 3, 1, 1, 1, CONV_y},    {2, 3, 9, 5, 3, 1, 1, 1, CONV_dx},    {2, 3, 9, 5, 3, 1, 1, 1, CONV_dw},
    {1, 16, 33, 16, 3, 1, 1, 1, CONV_y}, {1, 16, 33, 16, 3, 1, 1, 1, CONV_dx}, {3, 16, 33, 16, 3, 1, 1, 1, CONV_dw},
    {3, 1, 28, 6, 5, 1, 1, 2, CONV_y},   {3, 1, 28, 6, 5, 1, 1, 0, CONV_dw},   {2, 33, 8, 40, 3, 1, 1, 1, CONV_y},
    {2, 33, 8, 40, 3, 1, 1, 1, CONV_dx}, {2, 33, 8, 40, 3, 1, 1, 1, CONV_dw},  {2, 4, 15, 7, 3, 2, 1, 1, CONV_y},
    {2, 4, 15, 7, 3, 2, 1, 1, CONV_dw},  {2, 4, 17, 7, 3, 1, 2, 2, CONV_y},    {2, 4, 17, 7, 3, 1, 2, 2, CONV_dx},
    {2, 4, 17, 7, 3, 1, 2, 1, CONV_dw},  {2, 5, 6, 9, 1, 1, 1, 0, CONV_y},     {2, 5, 6, 9, 1, 1, 1, 0, CONV_dw},
    {9, 4, 17, 5, 3, 1, 1, 0, CONV_dw},  {1, 70, 5, 35, 3, 1, 1, 2, CONV_y},
};
enum { CASES = sizeof cases / sizeof *cases };

static char directory[] = "/tmp/test_convolution_XXXXXX";

static void run_case(const DotLibrary *l, int i, const char *what) {
  for (int threads = 1; threads <= 3; threads += 2) {
    DotRun r;
    dot_open(&r, l, i);
    conv_fill(&r);
    dot_run(&r, threads);
    int64_t bad = conv_wrong(&cases[i], &r, 4000);
    if (bad) fail_msg("%s, case %d, %d threads: %lld elements are wrong", what, i, threads, (long long)bad);
    dot_close(&r);
  }
}

static void run_all(const char *machine, const char *compiler) {
  const Machine *m = machine_find(machine);
  DotLibrary l = {.arena = arena_new()};
  l.program = conv_program(l.arena, CASES, cases, m);
  assert_true(dot_open_program(&l, directory, compiler, strcmp(compiler, "llvm") ? "-O1 -w" : ""));
  char what[64];
  snprintf(what, sizeof what, "%s, %s", m->name, compiler);
  for (int i = 0; i < CASES; ++i) run_case(&l, i, what);
  dot_unload(&l);
}

static void test_bits(void **state) {
  (void)state;
  const char *native = machine_find("native")->name;
  run_all("native", "cc");
  if (!strcmp(native, "x86-64-v4")) run_all("x86-64-v3", "cc");
  if (strcmp(native, "scalar")) run_all("scalar", "cc");
  if (emit_has_llvm()) run_all("native", "llvm");
}

/* Scratch is the padded image, packed weights and gradients, partial results: never K * K times the image. */
static void test_no_columns(void **state) {
  (void)state;
  for (int part = CONV_y; part <= CONV_dw; ++part) {
    Arena *arena = arena_new();
    ConvCase v = {8, 16, 32, 32, 5, 1, 1, 2, (ConvPart)part};
    Program *p = conv_program(arena, 1, &v, machine_find("x86-64-v4"));
    int64_t images = 4 * v.n * (v.c + v.o) * (v.h + 4) * (v.h + 4);
    if (p->scratch_bytes > 2 * images) fail_msg("part %d needs %lld bytes", part, (long long)p->scratch_bytes);
    arena_free(arena);
  }
}

int main(void) {
  if (!mkdtemp(directory)) return 1;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_bits), cmocka_unit_test(test_no_columns)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", directory);
  return system(command) ? 1 : failed;
}
