/* nnrt_transpose.h: blocks of L x L elements turned over, a part of nnrt_simd.h, which includes it:
 * dst[i * ds + j] = src[j * ss + i] for i, j below the width, in registers where there are enough. */
#ifndef NNRT_TRANSPOSE_H
#define NNRT_TRANSPOSE_H

#define NNRT_TRANSPOSE_LOOPS(t, E, W, S)                                                                               \
  NNRT_FN(W, S) void t##x##W##_transpose(E *dst, int64_t ds, const E *src, int64_t ss) {                               \
    for (int i = 0; i < W; i++)                                                                                        \
      for (int j = 0; j < W; j++) dst[i * ds + j] = src[j * ss + i];                                                   \
  }
#define NNRT_TRANSPOSES_OF(W)                                                                                          \
  NNRT_TRANSPOSE_LOOPS(f64, double, W, 8)                                                                              \
  NNRT_TRANSPOSE_LOOPS(i64, int64_t, W, 8)                                                                             \
  NNRT_TRANSPOSE_LOOPS(f16, nnrt_f16, W, 2)                                                                            \
  NNRT_TRANSPOSE_LOOPS(bf16, nnrt_bf16, W, 2)                                                                          \
  NNRT_TRANSPOSE_LOOPS(u8, uint8_t, W, 1) NNRT_TRANSPOSE_LOOPS(bool, uint8_t, W, 1)
NNRT_TRANSPOSES_OF(2)
NNRT_TRANSPOSES_OF(4)
NNRT_TRANSPOSES_OF(8)
NNRT_TRANSPOSES_OF(16)
#define NNRT_TRANSPOSES_4(W)                                                                                           \
  NNRT_TRANSPOSE_LOOPS(f32, float, W, 4)                                                                               \
  NNRT_TRANSPOSE_LOOPS(i32, int32_t, W, 4) NNRT_TRANSPOSE_LOOPS(u32, uint32_t, W, 4)
/* The same for i32 and u32 through the functions for f32: moves keep all bits. */
#define NNRT_TRANSPOSES_BY_F32(W)                                                                                      \
  NNRT_FN(W, 4) void i32x##W##_transpose(int32_t *dst, int64_t ds, const int32_t *src, int64_t ss) {                   \
    f32x##W##_transpose((float *)dst, ds, (const float *)src, ss);                                                     \
  }                                                                                                                    \
  NNRT_FN(W, 4) void u32x##W##_transpose(uint32_t *dst, int64_t ds, const uint32_t *src, int64_t ss) {                 \
    f32x##W##_transpose((float *)dst, ds, (const float *)src, ss);                                                     \
  }
NNRT_TRANSPOSES_4(2)

#if defined(NNRT_X86_V4)
/* Rows r, of which pairs are interleaved by 1, then by 2 elements within each 128 bits, then 128 bits by 128 bits. */
#define NNRT_STEP_1(i)                                                                                                 \
  t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);                                                                           \
  t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
#define NNRT_PAIRS_2(way, a, b) (__m512) _mm512_unpack##way##_pd((__m512d)a, (__m512d)b)
#define NNRT_STEP_2(i)                                                                                                 \
  r[i] = NNRT_PAIRS_2(lo, t[i], t[i + 2]);                                                                             \
  r[i + 1] = NNRT_PAIRS_2(hi, t[i], t[i + 2]);                                                                         \
  r[i + 2] = NNRT_PAIRS_2(lo, t[i + 1], t[i + 3]);                                                                     \
  r[i + 3] = NNRT_PAIRS_2(hi, t[i + 1], t[i + 3]);
#define NNRT_STEP_3(i)                                                                                                 \
  t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);                                                                   \
  t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);                                                               \
  t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);                                                          \
  t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
#define NNRT_STEP_4(i)                                                                                                 \
  _mm512_storeu_ps(dst + (i)*ds, _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88));                                          \
  _mm512_storeu_ps(dst + (i + 4) * ds, _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88));                               \
  _mm512_storeu_ps(dst + (i + 8) * ds, _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd));                                    \
  _mm512_storeu_ps(dst + (i + 12) * ds, _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd));
#define NNRT_EACH_OF_4(X) X(0) X(1) X(2) X(3)
NNRT_FN(16, 4) void f32x16_transpose(float *dst, int64_t ds, const float *src, int64_t ss) {
  __m512 r[16], t[16];
  for (int j = 0; j < 16; j++) r[j] = _mm512_loadu_ps(src + j * ss);
  /* clang-format off */
  NNRT_STEP_1(0) NNRT_STEP_1(2) NNRT_STEP_1(4) NNRT_STEP_1(6) NNRT_STEP_1(8) NNRT_STEP_1(10) NNRT_STEP_1(12) NNRT_STEP_1(14)
  NNRT_STEP_2(0) NNRT_STEP_2(4) NNRT_STEP_2(8) NNRT_STEP_2(12)
  NNRT_EACH_OF_4(NNRT_STEP_3)
  NNRT_EACH_OF_4(NNRT_STEP_4)
  /* clang-format on */
}
NNRT_TRANSPOSES_BY_F32(16)
#else
NNRT_TRANSPOSES_4(16)
#endif

#if defined(NNRT_X86_V3)
#define NNRT_HALF_STEP_1(i)                                                                                            \
  t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);                                                                           \
  t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
#define NNRT_HALF_STEP_2(i)                                                                                            \
  r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);                                                                      \
  r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);                                                                  \
  r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);                                                              \
  r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
#define NNRT_HALF_STEP_3(i)                                                                                            \
  _mm256_storeu_ps(dst + (i)*ds, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));                                        \
  _mm256_storeu_ps(dst + (i + 4) * ds, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
NNRT_FN(8, 4) void f32x8_transpose(float *dst, int64_t ds, const float *src, int64_t ss) {
  __m256 r[8], t[8];
  for (int j = 0; j < 8; j++) r[j] = _mm256_loadu_ps(src + j * ss);
  NNRT_HALF_STEP_1(0)
  NNRT_HALF_STEP_1(2)
  NNRT_HALF_STEP_1(4)
  NNRT_HALF_STEP_1(6)
  NNRT_HALF_STEP_2(0)
  NNRT_HALF_STEP_2(4) NNRT_HALF_STEP_3(0) NNRT_HALF_STEP_3(1) NNRT_HALF_STEP_3(2) NNRT_HALF_STEP_3(3)
}
NNRT_FN(4, 4) void f32x4_transpose(float *dst, int64_t ds, const float *src, int64_t ss) {
  __m128 r0 = _mm_loadu_ps(src), r1 = _mm_loadu_ps(src + ss), r2 = _mm_loadu_ps(src + 2 * ss);
  __m128 r3 = _mm_loadu_ps(src + 3 * ss);
  _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
  _mm_storeu_ps(dst, r0);
  _mm_storeu_ps(dst + ds, r1);
  _mm_storeu_ps(dst + 2 * ds, r2);
  _mm_storeu_ps(dst + 3 * ds, r3);
}
NNRT_TRANSPOSES_BY_F32(8)
NNRT_TRANSPOSES_BY_F32(4)
#elif defined(__aarch64__)
NNRT_FN(4, 4) void f32x4_transpose(float *dst, int64_t ds, const float *src, int64_t ss) {
  float32x4_t r0 = (float32x4_t)f32x4_load(src), r1 = (float32x4_t)f32x4_load(src + ss);
  float32x4_t r2 = (float32x4_t)f32x4_load(src + 2 * ss), r3 = (float32x4_t)f32x4_load(src + 3 * ss);
  float64x2_t t0 = vreinterpretq_f64_f32(vtrn1q_f32(r0, r1)), t1 = vreinterpretq_f64_f32(vtrn2q_f32(r0, r1));
  float64x2_t t2 = vreinterpretq_f64_f32(vtrn1q_f32(r2, r3)), t3 = vreinterpretq_f64_f32(vtrn2q_f32(r2, r3));
  f32x4_store(dst, (f32x4)vreinterpretq_f32_f64(vtrn1q_f64(t0, t2)));
  f32x4_store(dst + ds, (f32x4)vreinterpretq_f32_f64(vtrn1q_f64(t1, t3)));
  f32x4_store(dst + 2 * ds, (f32x4)vreinterpretq_f32_f64(vtrn2q_f64(t0, t2)));
  f32x4_store(dst + 3 * ds, (f32x4)vreinterpretq_f32_f64(vtrn2q_f64(t1, t3)));
}
NNRT_TRANSPOSES_BY_F32(4)
NNRT_TRANSPOSES_4(8)
#else
NNRT_TRANSPOSES_4(4)
NNRT_TRANSPOSES_4(8)
#endif
#endif
