/* nnrt_convert.h: conversions between element types, a part of nnrt_simd.h, which includes it. Truncating, saturating,
 * NaN gives 0 (elementwise.def, cast); f16 and bf16 round to nearest even; the same bits at any width. */
#ifndef NNRT_CONVERT_H
#define NNRT_CONVERT_H

/* ---- conversion ---- */
#define NNRT_CONVERT_LANES(to, from, W, S)                                                                             \
  NNRT_FN(W, S) to##x##W to##x##W##_from_##from##x##W(from##x##W v) { return __builtin_convertvector(v, to##x##W); }
/* Float to integer: what is outside is taken off before the conversion, whose result would be undefined. */
#define NNRT_SATURATE_LANES(to, from, W, S, low, high, least, most)                                                    \
  NNRT_FN(W, S) to##x##W to##x##W##_from_##from##x##W(from##x##W v) {                                                  \
    from##x##W zero = {0};                                                                                             \
    boolx##W below = from##x##W##_lt(v, zero + low), inside = from##x##W##_lt(v, zero + high);                         \
    boolx##W above = from##x##W##_le(zero + high, v);                                                                  \
    from##x##W safe = from##x##W##_where(boolx##W##_lt(below, inside), v, zero);                                       \
    to##x##W y = __builtin_convertvector(safe, to##x##W);                                                              \
    y = to##x##W##_where(above, to##x##W##_set1(most), y);                                                             \
    return to##x##W##_where(below, to##x##W##_set1(least), y);                                                         \
  }
#define NNRT_BOOL_LANES(t, W, S)                                                                                       \
  NNRT_FN(W, S) t##x##W t##x##W##_from_boolx##W(boolx##W m) {                                                          \
    return __builtin_convertvector(nnrt_wide##S##x##W(m) & 1, t##x##W);                                                \
  }                                                                                                                    \
  NNRT_FN(W, S) boolx##W boolx##W##_from_##t##x##W(t##x##W v) { return nnrt_narrow##S##x##W(v != 0); }
#define NNRT_BITS_LANES(to, from, W, S)                                                                                \
  NNRT_FN(W, S) to##x##W to##x##W##_bits_##from##x##W(from##x##W v) { return (to##x##W)v; }
/* 16-bit floats by way of f32, to and from everything else. */
#define NNRT_BY_F32_LANES(t, h, W, S)                                                                                  \
  NNRT_FN(W, S) t##x##W t##x##W##_from_##h##x##W(h##x##W v) {                                                          \
    return t##x##W##_from_f32x##W(f32x##W##_from_##h##x##W(v));                                                        \
  }                                                                                                                    \
  NNRT_FN(W, S) h##x##W h##x##W##_from_##t##x##W(t##x##W v) {                                                          \
    return h##x##W##_from_f32x##W(f32x##W##_from_##t##x##W(v));                                                        \
  }

/* Scalars. */
#define NNRT_CONVERT(to, TE, from, FE)                                                                                 \
  NNRT_INLINE TE to##_from_##from(FE v) { return (TE)v; }
#define NNRT_SATURATE(to, TE, from, FE, low, high, least, most)                                                        \
  NNRT_INLINE TE to##_from_##from(FE v) { return v < low ? least : v < high ? (TE)v : v >= high ? most : 0; }
#define NNRT_BOOL(t, E)                                                                                                \
  NNRT_INLINE E t##_from_bool(bool m) { return m; }                                                                    \
  NNRT_INLINE bool bool_from_##t(E v) { return v != 0; }
#define NNRT_BITS(to, TE, from, FE)                                                                                    \
  NNRT_INLINE TE to##_bits_##from(FE v) {                                                                              \
    TE y;                                                                                                              \
    memcpy(&y, &v, sizeof y);                                                                                          \
    return y;                                                                                                          \
  }
#define NNRT_BY_F32(t, E, h)                                                                                           \
  NNRT_INLINE E t##_from_##h(nnrt_##h v) { return t##_from_f32(f32_from_##h(v)); }                                     \
  NNRT_INLINE nnrt_##h h##_from_##t(E v) { return h##_from_f32(f32_from_##t(v)); }

/* X(to, type, from, type) for each pair that C's own conversion does. */
#define NNRT_PLAIN_PAIRS(X)                                                                                            \
  X(f32, float, f64, double)                                                                                           \
  X(f32, float, i32, int32_t)                                                                                          \
  X(f32, float, i64, int64_t)                                                                                          \
  X(f32, float, u32, uint32_t)                                                                                         \
  X(f32, float, u8, uint8_t)                                                                                           \
  X(f64, double, f32, float)                                                                                           \
  X(f64, double, i32, int32_t)                                                                                         \
  X(f64, double, i64, int64_t)                                                                                         \
  X(f64, double, u32, uint32_t)                                                                                        \
  X(f64, double, u8, uint8_t)                                                                                          \
  X(i32, int32_t, i64, int64_t)                                                                                        \
  X(i32, int32_t, u32, uint32_t)                                                                                       \
  X(i32, int32_t, u8, uint8_t)                                                                                         \
  X(i64, int64_t, i32, int32_t)                                                                                        \
  X(i64, int64_t, u32, uint32_t)                                                                                       \
  X(i64, int64_t, u8, uint8_t)                                                                                         \
  X(u32, uint32_t, i32, int32_t)                                                                                       \
  X(u32, uint32_t, i64, int64_t)                                                                                       \
  X(u32, uint32_t, u8, uint8_t)                                                                                        \
  X(u8, uint8_t, i32, int32_t)                                                                                         \
  X(u8, uint8_t, i64, int64_t)                                                                                         \
  X(u8, uint8_t, u32, uint32_t)
NNRT_PLAIN_PAIRS(NNRT_CONVERT)
#define NNRT_SATURATED(X, f, E)                                                                                        \
  X(i32, int32_t, f, E, (E)-0x1p31, (E)0x1p31, INT32_MIN, INT32_MAX)                                                   \
  X(i64, int64_t, f, E, (E)-0x1p63, (E)0x1p63, INT64_MIN, INT64_MAX)                                                   \
  X(u32, uint32_t, f, E, (E)0, (E)0x1p32, 0, UINT32_MAX)                                                               \
  X(u8, uint8_t, f, E, (E)0, (E)0x1p8, 0, UINT8_MAX)
NNRT_SATURATED(NNRT_SATURATE, f32, float)
NNRT_SATURATED(NNRT_SATURATE, f64, double)
NNRT_BOOL(f32, float)
NNRT_BOOL(f64, double)
NNRT_BOOL(i32, int32_t)
NNRT_BOOL(i64, int64_t)
NNRT_BOOL(u32, uint32_t)
NNRT_BOOL(u8, uint8_t)
NNRT_BITS(i32, int32_t, f32, float)
NNRT_BITS(u32, uint32_t, f32, float)
NNRT_BITS(f32, float, i32, int32_t)
NNRT_BITS(f32, float, u32, uint32_t)
NNRT_BITS(i32, int32_t, u32, uint32_t)
NNRT_BITS(u32, uint32_t, i32, int32_t)
NNRT_BITS(i64, int64_t, f64, double)
NNRT_BITS(f64, double, i64, int64_t)
NNRT_BITS(f16, nnrt_f16, bf16, nnrt_bf16)
NNRT_BITS(bf16, nnrt_bf16, f16, nnrt_f16)

NNRT_INLINE float f32_from_bf16(nnrt_bf16 v) { return f32_of_bits((uint32_t)v << 16); }
NNRT_INLINE nnrt_bf16 bf16_from_f32(float v) {
  uint32_t bits = f32_to_bits(v); /* nearest-even: add half of the last place, less one when its bit is 0 */
  return v != v ? 0x7fc0 : (nnrt_bf16)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
NNRT_INLINE float f32_from_f16(nnrt_f16 v) {
  uint32_t sign = (uint32_t)(v & 0x8000) << 16, exponent = v >> 10 & 31, fraction = v & 1023;
  if (exponent == 0) return f32_of_bits(sign | f32_to_bits((float)fraction * 0x1p-24f));
  return f32_of_bits(sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13);
}
NNRT_INLINE nnrt_f16 f16_from_f32(float v) {
  float a = f32_abs(v);
  uint32_t sign = f32_to_bits(v) >> 16 & 0x8000, bits = f32_to_bits(a);
  if (v != v) return 0x7e00;
  if (a >= 65520) return (nnrt_f16)(sign | 0x7c00);
  if (a < 0x1p-14f) return (nnrt_f16)(sign | (f32_to_bits(a + 0.5f) - f32_to_bits(0.5f))); /* the sum rounds to 2^-24 */
  return (nnrt_f16)(sign | (((bits + 0xfff + (bits >> 13 & 1)) >> 13) - (112 << 10)));
}
#define NNRT_HALF(h)                                                                                                   \
  NNRT_BY_F32(f64, double, h)                                                                                          \
  NNRT_BY_F32(i32, int32_t, h)                                                                                         \
  NNRT_BY_F32(i64, int64_t, h)                                                                                         \
  NNRT_BY_F32(u32, uint32_t, h) NNRT_BY_F32(u8, uint8_t, h) NNRT_BY_F32(bool, bool, h)
NNRT_HALF(f16)
NNRT_HALF(bf16)
NNRT_BY_F32(f16, nnrt_f16, bf16)

/* Vectors. */
#define NNRT_CONVERSIONS(W)                                                                                            \
  NNRT_CONVERT_LANES(f32, f64, W, 8)                                                                                   \
  NNRT_CONVERT_LANES(f32, i32, W, 4)                                                                                   \
  NNRT_CONVERT_LANES(f32, i64, W, 8)                                                                                   \
  NNRT_CONVERT_LANES(f32, u32, W, 4)                                                                                   \
  NNRT_CONVERT_LANES(f64, f32, W, 8)                                                                                   \
  NNRT_CONVERT_LANES(f64, i32, W, 8)                                                                                   \
  NNRT_CONVERT_LANES(f64, i64, W, 8)                                                                                   \
  NNRT_CONVERT_LANES(f64, u32, W, 8)                                                                                   \
  NNRT_CONVERT_LANES(f64, u8, W, 8)                                                                                    \
  NNRT_CONVERT_LANES(i32, i64, W, 8)                                                                                   \
  NNRT_CONVERT_LANES(i32, u32, W, 4)                                                                                   \
  NNRT_CONVERT_LANES(i32, u8, W, 4)                                                                                    \
  NNRT_CONVERT_LANES(i64, i32, W, 8)                                                                                   \
  NNRT_CONVERT_LANES(i64, u32, W, 8)                                                                                   \
  NNRT_CONVERT_LANES(i64, u8, W, 8)                                                                                    \
  NNRT_CONVERT_LANES(u32, i32, W, 4)                                                                                   \
  NNRT_CONVERT_LANES(u32, i64, W, 8)                                                                                   \
  NNRT_CONVERT_LANES(u32, u8, W, 4)                                                                                    \
  NNRT_CONVERT_LANES(u8, i32, W, 4)                                                                                    \
  NNRT_CONVERT_LANES(u8, i64, W, 8)                                                                                    \
  NNRT_CONVERT_LANES(u8, u32, W, 4)                                                                                    \
  NNRT_SATURATE_LANES(i32, f32, W, 4, -0x1p31f, 0x1p31f, INT32_MIN, INT32_MAX)                                         \
  NNRT_SATURATE_LANES(i64, f32, W, 8, -0x1p63f, 0x1p63f, INT64_MIN, INT64_MAX)                                         \
  NNRT_SATURATE_LANES(u32, f32, W, 4, 0.0f, 0x1p32f, 0, UINT32_MAX)                                                    \
  NNRT_SATURATE_LANES(u8, f32, W, 4, 0.0f, 0x1p8f, 0, UINT8_MAX)                                                       \
  NNRT_SATURATE_LANES(i32, f64, W, 8, -0x1p31, 0x1p31, INT32_MIN, INT32_MAX)                                           \
  NNRT_SATURATE_LANES(i64, f64, W, 8, -0x1p63, 0x1p63, INT64_MIN, INT64_MAX)                                           \
  NNRT_SATURATE_LANES(u32, f64, W, 8, 0.0, 0x1p32, 0, UINT32_MAX)                                                      \
  NNRT_SATURATE_LANES(u8, f64, W, 8, 0.0, 0x1p8, 0, UINT8_MAX)                                                         \
  NNRT_BOOL_LANES(f32, W, 4)                                                                                           \
  NNRT_BOOL_LANES(f64, W, 8)                                                                                           \
  NNRT_BOOL_LANES(i32, W, 4)                                                                                           \
  NNRT_BOOL_LANES(i64, W, 8)                                                                                           \
  NNRT_BOOL_LANES(u32, W, 4)                                                                                           \
  NNRT_BOOL_LANES(u8, W, 1)                                                                                            \
  NNRT_BITS_LANES(i32, f32, W, 4)                                                                                      \
  NNRT_BITS_LANES(u32, f32, W, 4)                                                                                      \
  NNRT_BITS_LANES(f32, i32, W, 4)                                                                                      \
  NNRT_BITS_LANES(f32, u32, W, 4)                                                                                      \
  NNRT_BITS_LANES(i32, u32, W, 4)                                                                                      \
  NNRT_BITS_LANES(u32, i32, W, 4)                                                                                      \
  NNRT_BITS_LANES(i64, f64, W, 8)                                                                                      \
  NNRT_BITS_LANES(f64, i64, W, 8)                                                                                      \
  NNRT_BITS_LANES(f16, bf16, W, 2)                                                                                     \
  NNRT_BITS_LANES(bf16, f16, W, 2)                                                                                     \
  NNRT_FN(W, 4) f32x##W f32x##W##_from_bf16x##W(bf16x##W v) {                                                          \
    return (f32x##W)(__builtin_convertvector(v, u32x##W) << 16);                                                       \
  }                                                                                                                    \
  NNRT_FN(W, 4) bf16x##W bf16x##W##_from_f32x##W(f32x##W v) {                                                          \
    u32x##W bits = (u32x##W)v, nan = (u32x##W)(v != v);                                                                \
    bits = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;                                                                   \
    return __builtin_convertvector((bits & ~nan) | (nan & 0x7fc0), bf16x##W);                                          \
  }
#define NNRT_F16_LANES(W)                                                                                              \
  NNRT_FN(W, 4) f32x##W f32x##W##_from_f16x##W(f16x##W v) {                                                            \
    f32x##W y;                                                                                                         \
    for (int l = 0; l < W; l++) y[l] = f32_from_f16(v[l]);                                                             \
    return y;                                                                                                          \
  }                                                                                                                    \
  NNRT_FN(W, 4) f16x##W f16x##W##_from_f32x##W(f32x##W v) {                                                            \
    f16x##W y;                                                                                                         \
    for (int l = 0; l < W; l++) y[l] = f16_from_f32(v[l]);                                                             \
    return y;                                                                                                          \
  }
NNRT_CONVERSIONS(2)
NNRT_CONVERSIONS(4)
NNRT_CONVERSIONS(8)
NNRT_CONVERSIONS(16)
NNRT_CONVERT_LANES(f32, u8, 2, 4)
NNRT_CONVERT_LANES(f32, u8, 4, 4)
NNRT_F16_LANES(2)
NNRT_F16_LANES(4)
#if defined(NNRT_X86_V4)
NNRT_FN(16, 4) f32x16 f32x16_from_u8x16(u8x16 v) {
  return (f32x16)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32((__m128i)v));
}
NNRT_FN(16, 4) f32x16 f32x16_from_f16x16(f16x16 v) { return (f32x16)_mm512_cvtph_ps((__m256i)v); }
NNRT_FN(16, 4) f16x16 f16x16_from_f32x16(f32x16 v) {
  return (f16x16)_mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#else
NNRT_CONVERT_LANES(f32, u8, 16, 4)
NNRT_F16_LANES(16)
#endif
#if defined(NNRT_X86_V3)
NNRT_FN(8, 4) f32x8 f32x8_from_u8x8(u8x8 v) {
  long long bytes;
  memcpy(&bytes, &v, sizeof bytes);
  return (f32x8)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bytes)));
}
NNRT_FN(8, 4) f32x8 f32x8_from_f16x8(f16x8 v) { return (f32x8)_mm256_cvtph_ps((__m128i)v); }
NNRT_FN(8, 4) f16x8 f16x8_from_f32x8(f32x8 v) { return (f16x8)_mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT); }
#else
NNRT_CONVERT_LANES(f32, u8, 8, 4)
NNRT_F16_LANES(8)
#endif
#define NNRT_HALVES_OF(h, W)                                                                                           \
  NNRT_BY_F32_LANES(f64, h, W, 8)                                                                                      \
  NNRT_BY_F32_LANES(i32, h, W, 4)                                                                                      \
  NNRT_BY_F32_LANES(i64, h, W, 8)                                                                                      \
  NNRT_BY_F32_LANES(u32, h, W, 4) NNRT_BY_F32_LANES(u8, h, W, 4) NNRT_BY_F32_LANES(bool, h, W, 4)
#define NNRT_HALVES(W) NNRT_HALVES_OF(f16, W) NNRT_HALVES_OF(bf16, W) NNRT_BY_F32_LANES(f16, bf16, W, 4)
NNRT_HALVES(2)
NNRT_HALVES(4)
NNRT_HALVES(8)
NNRT_HALVES(16)
#endif
