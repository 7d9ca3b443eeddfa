/* floats.c: the floating-point environment that the same-bits promise needs, and a check that this build has it.
 *
 * Subnormals are kept (no flush to zero on input or output) and rounding is to nearest even. Both are switches of the
 * processor, per thread, and a library that was linked with -ffast-math may have turned them at start: so every thread
 * of the runtime sets them when it starts, and a call from a foreign program puts back what it found.
 *
 * The check computes on values that the compiler cannot see (volatile), because compilers may ignore the pragmas that
 * forbid contraction, and an emulator or a processor may not do what its manual says. */
#include "../nnrt.h"
#include "core.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

/* ---- the switches: where they are, and which bits must be 0 ---- */
#if defined(__SSE__)
/* MXCSR: 15 flush results to zero, 14-13 rounding, 6 subnormal operands are zero */
enum { FLOATS_CLEAR = 1 << 15 | 3 << 13 | 1 << 6 };
static uint64_t floats_read(void) { return __builtin_ia32_stmxcsr(); }
static void floats_write(uint64_t word) { __builtin_ia32_ldmxcsr((unsigned)word); }
#elif defined(__aarch64__)
/* FPCR: 24 flush to zero, 23-22 rounding, 19 flush f16 to zero, 1-0 flush operands, alternate handling */
enum { FLOATS_CLEAR = 1 << 24 | 3 << 22 | 1 << 19 | 3 };
static uint64_t floats_read(void) {
  uint64_t word;
  __asm__ volatile("mrs %0, fpcr" : "=r"(word));
  return word;
}
static void floats_write(uint64_t word) { __asm__ volatile("msr fpcr, %0" : : "r"(word) : "memory"); }
#elif defined(__arm__) && defined(__ARM_FP)
/* FPSCR: 24 flush to zero, 23-22 rounding, 19 flush f16 to zero */
enum { FLOATS_CLEAR = 1 << 24 | 3 << 22 | 1 << 19 };
static uint64_t floats_read(void) {
  uint32_t word;
  __asm__ volatile("vmrs %0, fpscr" : "=r"(word));
  return word;
}
static void floats_write(uint64_t word) { __asm__ volatile("vmsr fpscr, %0" : : "r"((uint32_t)word) : "memory"); }
#elif defined(__riscv_flen)
/* frm: 0 is nearest even; there is no flushing */
enum { FLOATS_CLEAR = 7 };
static uint64_t floats_read(void) {
  unsigned long word;
  __asm__ volatile("frrm %0" : "=r"(word));
  return word;
}
static void floats_write(uint64_t word) { __asm__ volatile("fsrm %0" : : "r"((unsigned long)word) : "memory"); }
#else
enum { FLOATS_CLEAR = 0 }; /* no switches that we know of; the check below still looks at what they would do */
static uint64_t floats_read(void) { return 0; }
static void floats_write(uint64_t word) { (void)word; }
#endif

uint64_t nnrt_floats_enter(void) {
  uint64_t before = floats_read();
  floats_write(before & ~(uint64_t)FLOATS_CLEAR);
  return before;
}

void nnrt_floats_leave(uint64_t before) { floats_write(before); }

/* ---- the check ---- */
static float floats_hidden(float x) {
  volatile float hide = x;
  return hide;
}
static double floats_hidden_f64(double x) {
  volatile double hide = x;
  return hide;
}

/* (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24 rounds to 1 + 2^-11: contracted, the 2^-24 would be left over. f64 alike. */
static int check_contraction(void) {
  float a = floats_hidden(1 + 0x1p-12f), c = floats_hidden(-(1 + 0x1p-11f));
  double x = floats_hidden_f64(1 + 0x1p-27), z = floats_hidden_f64(-(1 + 0x1p-26));
  return floats_hidden(a * a + c) == 0 && floats_hidden_f64(x * x + z) == 0;
}

static int check_subnormals(void) {
  float least = floats_hidden(0x1p-149f), normal = floats_hidden(0x1p-126f);
  double least_double = floats_hidden_f64(0x1p-1074), normal_double = floats_hidden_f64(0x1p-1022);
  return floats_hidden(least + least) == floats_hidden(0x1p-148f) && floats_hidden(normal * 0.5f) > 0 &&
         floats_hidden(least * 0x1p100f) > 0 && floats_hidden_f64(least_double + least_double) > least_double &&
         floats_hidden_f64(normal_double * 0.5) > 0;
}

/* Half a unit goes to the even neighbour, three quarters away from zero, on both sides of zero. */
static int check_rounding(void) {
  float one = floats_hidden(1), minus = floats_hidden(-1), next = floats_hidden(1 + 0x1p-23f),
        half = floats_hidden(0x1p-24f), more = floats_hidden(0x1.8p-24f);
  double one_double = floats_hidden_f64(1), half_double = floats_hidden_f64(0x1p-53);
  return floats_hidden(one + half) == one && floats_hidden(next + half) == floats_hidden(1 + 0x1p-22f) &&
         floats_hidden(one + more) == next && floats_hidden(minus - half) == minus &&
         floats_hidden(minus - more) == -next && floats_hidden_f64(one_double + half_double) == one_double;
}

/* `once`: the sum lies just below the middle of two floats, and at the middle when it is rounded to double first. */
static int check_fma(void) {
  float a = floats_hidden(1 + 0x1p-12f), c = floats_hidden(-(1 + 0x1p-11f));
  float tiny = nnrt_fmaf(floats_hidden(0x1p-60f), floats_hidden(1), floats_hidden(1 + 0x1p-23f));
  float once = nnrt_fmaf(floats_hidden(1 + 0x1p-15f), floats_hidden(0x1p-24f - 0x1p-39f), floats_hidden(1 + 0x1p-23f));
  double x = floats_hidden_f64(1 + 0x1p-27), z = floats_hidden_f64(-(1 + 0x1p-26));
  return nnrt_fmaf(a, a, c) == 0x1p-24f && tiny == 1 + 0x1p-23f && once == 1 + 0x1p-23f && nnrt_fma(x, x, z) == 0x1p-54;
}

const char *nnrt_floats_check(void) {
  if (!check_subnormals()) return "subnormal numbers are flushed to zero (is something linked with -ffast-math?)";
  if (!check_rounding()) return "arithmetic does not round to nearest even";
  if (!check_contraction()) return "the compiler fused a product and a sum (build with -ffp-contract=off)";
  if (!check_fma()) return "fused multiply-add is not rounded once";
  return 0;
}
