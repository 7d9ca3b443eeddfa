/* test_fma.c: the software fma against the C library's (which uses the processor's where there is one), on random,
 * close and special operands, bit for bit; and the floating-point environment: what is set is cleared, found by the
 * check, put back. */
#include "core/core.h"
#include "nnrt.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint64_t word = 88172645463325252u;
static uint64_t random_bits(void) { /* xorshift64 */
  word ^= word << 13;
  word ^= word >> 7;
  return word ^= word << 17;
}

static float f32_of(uint32_t u) {
  float x;
  memcpy(&x, &u, sizeof x);
  return x;
}
static double f64_of(uint64_t u) {
  double x;
  memcpy(&x, &u, sizeof x);
  return x;
}

static void check_f32(float a, float b, float c) {
  volatile float va = a, vb = b, vc = c;
  float want = fmaf(va, vb, vc), got = nnrt_soft_fmaf(a, b, c), chosen = nnrt_fmaf(a, b, c);
  if (want != want && got != got && chosen != chosen) return;
  if (memcmp(&want, &got, sizeof want) || memcmp(&want, &chosen, sizeof want))
    fail_msg("fmaf(%a, %a, %a) is %a; soft %a, chosen %a", a, b, c, want, got, chosen);
}

static void check_f64(double a, double b, double c) {
  volatile double va = a, vb = b, vc = c;
  double want = fma(va, vb, vc), got = nnrt_soft_fma(a, b, c), chosen = nnrt_fma(a, b, c);
  if (want != want && got != got && chosen != chosen) return;
  if (memcmp(&want, &got, sizeof want) || memcmp(&want, &chosen, sizeof want))
    fail_msg("fma(%a, %a, %a) is %a; soft %a, chosen %a", a, b, c, want, got, chosen);
}

/* Any bits; then sparse mantissas whose sum lies close to the middle of two floats: there rounding twice goes wrong. */
static void f32_is_rounded_once(void **state) {
  (void)state;
  for (int i = 0; i < 2000000; i++)
    check_f32(f32_of((uint32_t)random_bits()), f32_of((uint32_t)random_bits()), f32_of((uint32_t)random_bits()));
  for (int i = 0; i < 4000000; i++) {
    uint64_t r = random_bits();
    uint32_t ea = 100 + (r & 31), eb = 100 + (r >> 5 & 31);
    int ec = (int)(ea + eb) - 127 + (int)(r >> 10 & 63) - 31;
    uint32_t a = ea << 23 | (uint32_t)(r >> 16 & 3) << 21 | (uint32_t)(r >> 18 & 15), sign = (uint32_t)(r >> 31 & 1)
                                                                                             << 31;
    uint32_t b = eb << 23 | (uint32_t)(r >> 22 & 7) << 20 | (uint32_t)(r >> 25 & 3), c = (uint32_t)(ec < 1 ? 1 : ec)
                                                                                         << 23;
    check_f32(f32_of(a | sign), f32_of(b), f32_of(c | (uint32_t)(r >> 32 & 1) << 22 | (uint32_t)(r >> 33 & 1)));
  }
}

static void f64_is_rounded_once(void **state) {
  (void)state;
  for (int i = 0; i < 2000000; i++) check_f64(f64_of(random_bits()), f64_of(random_bits()), f64_of(random_bits()));
  for (int i = 0; i < 4000000; i++) { /* close exponents: cancellation, and sticky bits at every distance */
    uint64_t r = random_bits(), s = random_bits();
    int ea = 1023 + (int)(r & 63) - 32, eb = 1023 + (int)(r >> 6 & 63) - 32;
    int ec = ea + eb - 1023 + (int)((r >> 12) % 240) - 120;
    uint64_t mask = i & 1 ? (1ull << 52) - 1 : 0x8000000000003u; /* dense, sparse */
    check_f64(f64_of((uint64_t)ea << 52 | (s & mask) | (s & 1ull << 63)),
              f64_of((uint64_t)eb << 52 | (random_bits() & mask)), f64_of((uint64_t)ec << 52 | (random_bits() & mask)));
  }
}

static void results_near_zero_are_rounded_once(void **state) {
  (void)state;
  for (int i = 0; i < 2000000; i++) {
    uint64_t r = random_bits();
    uint64_t a = (uint64_t)(400 + (r & 255)) << 52 | (random_bits() >> 12),
             b = (uint64_t)(400 + (r >> 8 & 255)) << 52 | (random_bits() >> 12);
    check_f64(f64_of(a), f64_of(b), f64_of(random_bits() >> (11 + (r >> 16 & 31)) | (r >> 40 & 1) << 63));
    uint32_t fa = (uint32_t)(40 + (r & 31)) << 23 | (uint32_t)(random_bits() >> 41),
             fb = (uint32_t)(40 + (r >> 8 & 31)) << 23 | (uint32_t)(random_bits() >> 41);
    check_f32(f32_of(fa), f32_of(fb),
              f32_of((uint32_t)(random_bits() >> (40 + (r >> 16 & 15))) | (uint32_t)(r >> 40 & 1) << 31));
  }
}

static void special_values_in_all_places(void **state) {
  (void)state;
  static const double specials[] = {0,
                                    1,
                                    1.5,
                                    0x1p-1074,
                                    0x1p-1022,
                                    0x1.fffffffffffffp-1023,
                                    0x1.fffffffffffffp1023,
                                    0x1p1023,
                                    INFINITY,
                                    0x1p-537,
                                    0x1p-538,
                                    0x1p511,
                                    0x1p512,
                                    0x1p-149,
                                    0x1p-126,
                                    0x1.fffffep127,
                                    0x1p-75,
                                    0x1p-74,
                                    0x1p63,
                                    0x1p64,
                                    NAN,
                                    3,
                                    1e-300,
                                    0x1.0000000000001p0,
                                    0x1.000002p0,
                                    0x1p-24,
                                    0x1p-53};
  enum { N = 2 * sizeof specials / sizeof specials[0] };
  double x[N];
  for (int i = 0; i < N; i++) x[i] = i % 2 ? -specials[i / 2] : specials[i / 2];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      for (int k = 0; k < N; k++) {
        check_f64(x[i], x[j], x[k]);
        check_f32((float)x[i], (float)x[j], (float)x[k]);
      }
}

#if defined(__SSE__)
static unsigned floats_word(void) { return __builtin_ia32_stmxcsr(); }
static void floats_set(unsigned bits) { __builtin_ia32_ldmxcsr(bits); }
static const unsigned switches[] = {1u << 15, 1u << 6, 1u << 13, 2u << 13, 3u << 13};
static void the_environment_is_set_checked_and_restored(void **state) {
  (void)state;
  unsigned normal = floats_word() & ~(1u << 15 | 3u << 13 | 1u << 6 | 0x3Fu);
  assert_null(nnrt_floats_check());
  for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
    floats_set(normal | switches[i]);
    const char *broken = nnrt_floats_check();
    uint64_t before = nnrt_floats_enter();
    const char *mended = nnrt_floats_check();
    nnrt_floats_leave(before);
    unsigned after = floats_word();
    floats_set(normal);
    assert_non_null(broken);
    assert_null(mended);
    assert_int_equal(after & ~0x3Fu, normal | switches[i]); /* but for the sticky exception flags */
  }
}
#else
static void the_environment_is_set_checked_and_restored(void **state) {
  (void)state;
  nnrt_floats_leave(nnrt_floats_enter());
  assert_null(nnrt_floats_check());
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(f32_is_rounded_once),
      cmocka_unit_test(f64_is_rounded_once),
      cmocka_unit_test(results_near_zero_are_rounded_once),
      cmocka_unit_test(special_values_in_all_places),
      cmocka_unit_test(the_environment_is_set_checked_and_restored),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
