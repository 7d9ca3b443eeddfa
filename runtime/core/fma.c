/* fma.c: a*b + c with one rounding, for processors that have no such instruction (and for emitted code that was told
 * nothing about its processor). Both are exact for every input: numbers, subnormals, infinities; a NaN gives a NaN.
 *
 * f32: the product of two floats is exact in double (48 bits). Adding c may be inexact; the error of that sum (Knuth's
 * TwoSum) says in which direction. Rounding the sum to odd keeps that direction in its last bit, and since 53 >= 24 + 2
 * the final rounding to float then is the right one (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums:
 * proved algorithms using rounding to odd", IEEE TC 57(4), 2008). Simply rounding the double sum is wrong for some.
 * f64: the product has 106 bits; product and c are aligned in 128 bits with a sticky last bit, then rounded once.
 *
 * Contraction must be off in this file: the compiler may not fuse what computes the fusing. */
#include "../nnrt.h"
#include "core.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#if defined(__FMA__) || defined(__aarch64__) || defined(__ARM_FEATURE_FMA) || defined(__riscv_fdiv)
#define NNRT_FMA_HARD 1
#endif

/* ---- f32 ---- */
typedef union nnrt_bits {
  double f;
  uint64_t u;
} nnrt_bits;

float nnrt_soft_fmaf(float a, float b, float c) {
  double p = (double)a * b, q = c;
  nnrt_bits t = {.f = p + q};
  double bb = t.f - p, error = (p - (t.f - bb)) + (q - bb);
  if (error != 0 && t.f - t.f == 0 && !(t.u & 1)) {
    if ((error > 0) == (t.f > 0))
      t.u++; /* towards the error: away from zero */
    else
      t.u--;
  }
  return (float)t.f;
}

/* ---- f64: 128 bits as two halves, since not every target has a 128-bit integer ---- */
typedef struct nnrt_wide {
  uint64_t hi, lo;
} nnrt_wide;

static nnrt_wide wide_product(uint64_t a, uint64_t b) {
  uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
  uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)middle;
  return (nnrt_wide){a1 * b1 + (middle >> 32) + (other >> 32), other << 32 | (uint32_t)low};
}

static nnrt_wide wide_left(nnrt_wide x, int n) { /* 0 < n < 128 */
  if (n >= 64) return (nnrt_wide){x.lo << (n - 64), 0};
  return (nnrt_wide){x.hi << n | x.lo >> (64 - n), x.lo << n};
}

/* To the right by n >= 0; any 1 that falls out stays as the last bit. */
static nnrt_wide wide_right_sticky(nnrt_wide x, int n) {
  if (n == 0) return x;
  if (n >= 128) return (nnrt_wide){0, (x.hi | x.lo) != 0};
  if (n == 64) return (nnrt_wide){0, x.hi | (x.lo != 0)};
  if (n > 64) return (nnrt_wide){0, x.hi >> (n - 64) | ((x.hi << (128 - n) | x.lo) != 0)};
  return (nnrt_wide){x.hi >> n, x.hi << (64 - n) | x.lo >> n | (x.lo << (64 - n) != 0)};
}

static int wide_less(nnrt_wide x, nnrt_wide y) { return x.hi < y.hi || (x.hi == y.hi && x.lo < y.lo); }
static nnrt_wide wide_sum(nnrt_wide x, nnrt_wide y) {
  uint64_t lo = x.lo + y.lo;
  return (nnrt_wide){x.hi + y.hi + (lo < x.lo), lo};
}
static nnrt_wide wide_difference(nnrt_wide x, nnrt_wide y) {
  return (nnrt_wide){x.hi - y.hi - (x.lo < y.lo), x.lo - y.lo};
}

/* A finite double other than 0 is m * 2^e with 2^52 <= m < 2^53. */
static int fma_parts(double x, uint64_t *m) {
  nnrt_bits bits = {.f = x};
  int e = (int)(bits.u >> 52 & 0x7FF);
  *m = bits.u & 0xFFFFFFFFFFFFFu;
  if (e) return *m |= 1ull << 52, e - 1075;
  for (e = -1074; *m < 1ull << 52; e--) *m <<= 1;
  return e;
}

/* m * 2^e, m > 0, rounded to nearest even. */
static double fma_round(int negative, nnrt_wide m, int e) {
  for (; !(m.hi >> 63); e--) m = wide_left(m, 1);
  int top = e + 127;                              /* the value lies in 2^top … 2^(top+1) */
  int keep = top >= -1022 ? 53 : 53 + 1022 + top; /* significant bits of the result */
  nnrt_bits r = {.u = 0};
  if (top > 1023)
    r.u = 0x7FF0000000000000u;
  else if (keep >= 0) {
    uint64_t q = wide_right_sticky(m, 126 - keep).lo; /* the bits, then half, then whether there is more */
    uint64_t up = (q & 3) == 3 || (q & 7) == 6;
    r.u = (q >> 2) + up; /* a carry moves into the exponent as it should, to infinity as well */
    if (keep == 53) r.u += (uint64_t)(top + 1022) << 52;
  }
  r.u |= (uint64_t)negative << 63;
  return r.f;
}

static int fma_negative(double x) { return (int)((nnrt_bits){.f = x}.u >> 63); }

double nnrt_soft_fma(double a, double b, double c) {
  if (a - a != 0 || b - b != 0 || a == 0 || b == 0) return a * b + c; /* exact, or not a number at all */
  if (c - c != 0) return c + c;
  if (c == 0) return a * b; /* one rounding; keeps the sign of a product that rounds to zero */
  uint64_t ma, mb, mc;
  int ep = fma_parts(a, &ma) + fma_parts(b, &mb) - 20, ec = fma_parts(c, &mc) - 73;
  nnrt_wide p = wide_left(wide_product(ma, mb), 20); /* highest bit 124 or 125; of c: 125 */
  nnrt_wide q = wide_left((nnrt_wide){0, mc}, 73);
  int np = fma_negative(a) != fma_negative(b), nc = fma_negative(c), e = ep > ec ? ep : ec;
  p = wide_right_sticky(p, e - ep);
  q = wide_right_sticky(q, e - ec);
  if (np == nc) return fma_round(np, wide_sum(p, q), e);
  if (wide_less(q, p)) return fma_round(np, wide_difference(p, q), e);
  if (wide_less(p, q)) return fma_round(nc, wide_difference(q, p), e);
  return 0.0;
}

/* ---- what emitted programs call ---- */
#if defined(NNRT_FMA_HARD)
float nnrt_fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
double nnrt_fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
float nnrt_fmaf(float a, float b, float c) { return nnrt_soft_fmaf(a, b, c); }
double nnrt_fma(double a, double b, double c) { return nnrt_soft_fma(a, b, c); }
#endif
