/* bits.c: the arithmetic that "the same bits" stands on, alone: one tile of a matrix product with edges, a polynomial
 * exp, sums and maxima over lanes, square root and division into the subnormals, each written with runtime/nnrt_simd.h
 * at W lanes (1, 4, 8, 16).
 *
 * tests/bits/bits.sh builds it by every compiler at hand, at several levels, widths and processors; all must print the
 * same line of hashes. That the results are right as well is checked here: products against a plain chain of fmaf, sums
 * and maxima against the order in words (element r in lane r mod 16, lanes joined by halving), exp against libm in
 * double, sqrt and divide against double. Inputs hold NaN, infinities, -0 and subnormals; a hash takes every NaN for
 * the same, since sign and payload are not promised. */
#include <stdio.h>
#include <stdlib.h>

#ifndef W
#define W 16
#endif
#if defined(NNRT_V4)
#define KERNEL static NNRT_KERNEL_V4
#define INLINE static NNRT_INLINE_V4
#elif defined(NNRT_V3)
#define KERNEL static NNRT_KERNEL_V3
#define INLINE static NNRT_INLINE_V3
#else
#define KERNEL static NNRT_KERNEL_GENERIC
#define INLINE static NNRT_INLINE_GENERIC
#endif
#include "nnrt_simd.h"

/* ---- one name for each operation at W lanes ---- */
#if W == 1
typedef float F;
typedef uint32_t U;
typedef bool B;
#define f_load(p) (*(p))
#define f_store(p, v) (*(p) = (v))
#define f_set1(x) ((F)(x))
#define f_fma f32_fma
#define f_where(m, a, b) ((m) ? (a) : (b))
#define f_lt(a, b) ((a) < (b))
#define f_eq(a, b) ((a) == (b))
#define b_or(a, b) ((a) || (b))
#define b_not(a) (!(a))
INLINE U f_bits(F v) {
  U u;
  return memcpy(&u, &v, 4), u;
}
INLINE F f_of_bits(U u) {
  F v;
  return memcpy(&v, &u, 4), v;
}
#else
#define PASTE3(a, b, c) a##b##c
#define PASTE(a, b, c) PASTE3(a, b, c)
typedef PASTE(f32x, W, ) F;
typedef PASTE(u32x, W, ) U;
typedef PASTE(boolx, W, ) B;
#define f_load PASTE(f32x, W, _load)
#define f_store PASTE(f32x, W, _store)
#define f_set1 PASTE(f32x, W, _set1)
#define f_fma PASTE(f32x, W, _fma)
#define f_where PASTE(f32x, W, _where)
#define f_lt PASTE(f32x, W, _lt)
#define f_eq PASTE(f32x, W, _eq)
#define b_or(a, b) ((a) | (b))
#define b_not PASTE(boolx, W, _not)
#define f_bits(v) ((U)(v))
#define f_of_bits(u) ((F)(u))
#endif

/* ---- the tile: MR rows by NV vectors of named accumulators, as the kernels have them ---- */
#define VECTORS_2(X, r) X(r, 0) X(r, 1)
#define VECTORS_3(X, r) X(r, 0) X(r, 1) X(r, 2)
#define VECTORS_4(X, r) X(r, 0) X(r, 1) X(r, 2) X(r, 3)
#define ROWS_4(X) X(0) X(1) X(2) X(3)
#define ROWS_6(X) ROWS_4(X) X(4) X(5)
#define ROWS_8(X) ROWS_6(X) X(6) X(7)
#define ROWS_14(X) ROWS_8(X) X(8) X(9) X(10) X(11) X(12) X(13)
#if W == 16
enum { MR = 14, NV = 2 };
#define ROWS ROWS_14
#define VECTORS VECTORS_2
#elif W == 8
enum { MR = 6, NV = 2 };
#define ROWS ROWS_6
#define VECTORS VECTORS_2
#elif W == 4
enum { MR = 8, NV = 3 };
#define ROWS ROWS_8
#define VECTORS VECTORS_3
#else
enum { MR = 4, NV = 4 };
#define ROWS ROWS_4
#define VECTORS VECTORS_4
#endif
enum { NR = NV * W };

#define OPEN(r, v) F c##r##_##v = f_load(c + (r)*ldc + (v)*W);
#define STEP(r, v) c##r##_##v = f_fma(a##r, b##v, c##r##_##v);
#define CLOSE(r, v) f_store(c + (r)*ldc + (v)*W, c##r##_##v);
#define OPEN_ROW(r) VECTORS(OPEN, r)
#define STEP_ROW(r)                                                                                                    \
  F a##r = f_set1(a[k * MR + (r)]);                                                                                    \
  VECTORS(STEP, r)
#define CLOSE_ROW(r) VECTORS(CLOSE, r)
#define LOAD_B(r, v) F b##v = f_load(b + k * NR + (v)*W);

/* c[MR,NR] += a[kc,MR]^T b[kc,NR], an fma chain over k for each element */
KERNEL void tile(int kc, const float *a, const float *b, float *c, int ldc) {
  ROWS(OPEN_ROW)
  for (int k = 0; k < kc; k++) {
    VECTORS(LOAD_B, 0)
    ROWS(STEP_ROW)
  }
  ROWS(CLOSE_ROW)
}

enum { M = 150, N = 106, K = 301, KC = 128 };
static float a[M * K], b[K * N], c[M * N], packed_a[(M / MR + 1) * MR * KC], packed_b[(N / NR + 1) * NR * KC],
    edge[MR * NR];

static void pack(int k0, int kc) {
  for (int m = 0; m < M; m += MR)
    for (int k = 0; k < kc; k++)
      for (int i = 0; i < MR; i++) packed_a[m * KC + k * MR + i] = m + i < M ? a[(m + i) * K + k0 + k] : 0;
  for (int n = 0; n < N; n += NR)
    for (int k = 0; k < kc; k++)
      for (int j = 0; j < NR; j++) packed_b[n * KC + k * NR + j] = n + j < N ? b[(k0 + k) * N + n + j] : 0;
}

/* A tile that sticks out goes through a buffer: its padding lanes belong to outputs that are thrown away. */
static void tile_at(int kc, int m, int n) {
  const float *pa = packed_a + m * KC, *pb = packed_b + n * KC;
  if (m + MR <= M && n + NR <= N) {
    tile(kc, pa, pb, c + m * N + n, N);
    return;
  }
  for (int i = 0; i < MR; i++)
    for (int j = 0; j < NR; j++) edge[i * NR + j] = m + i < M && n + j < N ? c[(m + i) * N + n + j] : 0;
  tile(kc, pa, pb, edge, NR);
  for (int i = 0; i < MR && m + i < M; i++)
    for (int j = 0; j < NR && n + j < N; j++) c[(m + i) * N + n + j] = edge[i * NR + j];
}

static void product(void) {
  memset(c, 0, sizeof c);
  for (int k0 = 0; k0 < K; k0 += KC) {
    int kc = K - k0 < KC ? K - k0 : KC;
    pack(k0, kc);
    for (int n = 0; n < N; n += NR)
      for (int m = 0; m < M; m += MR) tile_at(kc, m, n);
  }
}

/* ---- exp: round by a magic number, reduce by two constants, Horner by fma, exponent into the bits ---- */
INLINE F f_exp(F x) {
  const F low = f_set1(-87.33654f), high = f_set1(88.72283f), magic = f_set1(0x1.8p23f);
  F y = f_where(f_lt(x, low), low, x);
  y = f_where(f_lt(high, y), high, y);
  F t = f_fma(y, f_set1(0x1.715476p0f), magic), n = t - magic;
  F r = f_fma(n, f_set1(-0x1.7f7d1cp-20f), f_fma(n, f_set1(-0x1.62e4p-1f), y));
  F p = f_fma(f_set1(0x1.6850e4p-10f), r, f_set1(0x1.123bccp-7f));
  p = f_fma(p, r, f_set1(0x1.555b98p-5f));
  p = f_fma(p, r, f_set1(0x1.55548ep-3f));
  p = f_fma(p, r, f_set1(0x1.fffff8p-2f));
  p = f_fma(p, r, f_set1(1));
  p = f_fma(p, r, f_set1(1));
  p = f_of_bits(f_bits(p) + (f_bits(t) << 23));
  p = f_where(f_lt(x, low), f_set1(0), p);
  p = f_where(f_lt(high, x), f_set1(HUGE_VALF), p);
  return f_where(f_eq(x, x), p, x);
}

KERNEL void exp_all(int n, const float *x, float *y) {
  for (int i = 0; i < n; i += W) f_store(y + i, f_exp(f_load(x + i)));
}

KERNEL void divide_all(int n, const float *x, float *y) { /* y = x / (sqrt|x| + 1e-8) */
  for (int i = 0; i < n; i++) y[i] = x[i] / (sqrtf(x[i] < 0 ? -x[i] : x[i]) + 1e-8f);
}

/* ---- sums and maxima: 16 lanes, whatever W is ---- */
enum { LANES = 16 };
static float larger(float x, float y) { return x > y || x != x ? x : y; } /* NaN stays; of equals the second */

KERNEL float sum_all(const float *x, int n) {
  F part[LANES / W];
  float lane[LANES];
  for (int j = 0; j < LANES / W; j++) part[j] = f_set1(0);
  int i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int j = 0; j < LANES / W; j++) part[j] = part[j] + f_load(x + i + j * W);
  memcpy(lane, part, sizeof lane);
  for (int j = 0; i + j < n; j++) lane[j] += x[i + j];
  for (int half = LANES / 2; half; half /= 2)
    for (int j = 0; j < half; j++) lane[j] += lane[j + half];
  return lane[0];
}

KERNEL float max_all(const float *x, int n) {
  F part[LANES / W];
  float lane[LANES];
  for (int j = 0; j < LANES / W; j++) part[j] = f_set1(-HUGE_VALF);
  int i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int j = 0; j < LANES / W; j++) {
      F v = f_load(x + i + j * W);
      part[j] = f_where(b_or(f_lt(v, part[j]), b_not(f_eq(part[j], part[j]))), part[j], v);
    }
  memcpy(lane, part, sizeof lane);
  for (int j = 0; i + j < n; j++) lane[j] = larger(lane[j], x[i + j]);
  for (int half = LANES / 2; half; half /= 2)
    for (int j = 0; j < half; j++) lane[j] = larger(lane[j], lane[j + half]);
  return lane[0];
}

/* ---- inputs, hashes, checks ---- */
static uint32_t seed = 12345;
static float draw(void) {
  seed = seed * 1664525u + 1013904223u;
  return (float)(int32_t)seed * 0x1p-31f;
}

static uint64_t hash;
static void hash_start(void) { hash = 14695981039346656037u; }
static void hash_floats(const float *x, int n) {
  for (int i = 0; i < n; i++) {
    uint32_t u = 0x7FC00000;
    if (x[i] == x[i]) memcpy(&u, x + i, 4);
    hash = (hash ^ u) * 1099511628211u;
  }
}

static void check(bool right, const char *what, int at, double got, double wanted) {
  if (right) return;
  printf("wrong: %s at %d: %.9g, %.9g is right\n", what, at, got, wanted);
  exit(1);
}
static bool same(float x, float y) { return memcmp(&x, &y, 4) == 0 || (x != x && y != y); }

static void test_product(void) {
  for (int i = 0; i < M * K; i++) a[i] = draw();
  for (int i = 0; i < K * N; i++) b[i] = draw();
  a[5 * K + 9] = NAN, a[77 * K + 290] = HUGE_VALF, b[17 * N + 33] = -0.f, b[130 * N + 104] = 1e-40f;
  for (int k = 0; k < K; k++) a[20 * K + k] *= 1e-38f; /* a row whose products are subnormal */
  product();
  for (int m = 0; m < M; m++)
    for (int n = 0; n < N; n++) {
      float chain = 0;
      for (int k = 0; k < K; k++) chain = fmaf(a[m * K + k], b[k * N + n], chain);
      check(same(c[m * N + n], chain), "product", m * N + n, c[m * N + n], chain);
    }
  hash_start(), hash_floats(c, M * N), printf("product %08x", (unsigned)hash);
}

enum { COUNT = 4096 };
static float x[COUNT + 16], y[COUNT];

static void test_exp(void) {
  for (int i = 0; i < COUNT; i++) x[i] = draw() * (i % 7 == 0 ? 110.f : 12.f);
  const float special[] = {0, -0.f, 1e-42f, -1e-42f, -87.3f, 88.7f, 200, -200, HUGE_VALF, -HUGE_VALF, NAN};
  memcpy(x + 40, special, sizeof special);
  exp_all(COUNT, x, y);
  for (int i = 0; i < COUNT; i++) {
    double right = exp((double)x[i]);
    bool inside = x[i] > -87.33f && x[i] < 88.72f;
    if (inside) check(fabs(y[i] - right) <= 2.4e-7 * right, "exp", i, y[i], right);
    if (x[i] != x[i]) check(y[i] != y[i], "exp of NaN", i, y[i], x[i]);
    if (x[i] > 89) check(y[i] == HUGE_VALF, "exp of a large number", i, y[i], right);
    if (x[i] < -88) check(y[i] == 0, "exp of a small number", i, y[i], 0);
  }
  hash_start(), hash_floats(y, COUNT), printf(" exp %08x", (unsigned)hash);
}

static float sum_in_words(const float *v, int n, bool maximum) {
  float lane[LANES];
  for (int j = 0; j < LANES; j++) lane[j] = maximum ? -HUGE_VALF : 0;
  for (int i = 0; i < n; i++) lane[i % LANES] = maximum ? larger(lane[i % LANES], v[i]) : lane[i % LANES] + v[i];
  for (int half = LANES / 2; half; half /= 2)
    for (int j = 0; j < half; j++) lane[j] = maximum ? larger(lane[j], lane[j + half]) : lane[j] + lane[j + half];
  return lane[0];
}

static void test_lanes(void) {
  for (int i = 0; i < COUNT + 16; i++) x[i] = draw() * (i % 3 ? 1.f : 1e4f);
  x[2] = -0.f, x[4000] = NAN;
  uint64_t sums, maxima;
  hash_start(), sums = maxima = hash;
  for (int n = 1; n < COUNT; n += 37) {
    const float *v = x + n % 5; /* misaligned */
    float sum = sum_all(v, n), max = max_all(v, n);
    check(same(sum, sum_in_words(v, n, false)), "sum", n, sum, sum_in_words(v, n, false));
    check(same(max, sum_in_words(v, n, true)), "max", n, max, sum_in_words(v, n, true));
    hash = sums, hash_floats(&sum, 1), sums = hash;
    hash = maxima, hash_floats(&max, 1), maxima = hash;
  }
  printf(" sum %08x max %08x", (unsigned)sums, (unsigned)maxima);
}

static void test_divide(void) {
  hash_start();
  for (int scale = 0; scale < 3; scale++) { /* the last two reach into the subnormals */
    for (int i = 0; i < COUNT; i++) x[i] = draw() * (scale == 0 ? 1e3f : scale == 1 ? 1e-36f : 1e-40f);
    x[7] = 0, x[8] = -0.f, x[9] = HUGE_VALF, x[10] = NAN;
    divide_all(COUNT, x, y);
    for (int i = 0; i < COUNT; i++) {
      float root = (float)sqrt(fabs((double)x[i])), below = root + 1e-8f, right = (float)((double)x[i] / (double)below);
      bool normal = fabsf(right) > 1.2e-38f; /* below, double rounds twice */
      if (normal || x[i] != x[i]) check(same(y[i], right), "divide", i, y[i], right);
    }
    hash_floats(y, COUNT);
  }
  printf(" divide %08x\n", (unsigned)hash);
}

int main(void) {
  test_product();
  test_exp();
  test_lanes();
  test_divide();
  return 0;
}
