/* nnrt_simd.h: vectors. The only file with intrinsics; emitted kernels include it and say what is in elementwise.def.
 *
 * A type is named by its tag: f32x16 is 16 floats; f32 f64 i32 i64 u32 u8 f16 bf16 in widths 2, 4, 8, 16. boolx16 is a
 * mask for 16 lanes (opaque: &, | and ^ work on it). Functions are <tag>_<name>; scalars have them too (f32_floor).
 * Meaning is that of MIDDLE.md 3.1 and the same bits at any width: fma is one rounding, float to integer truncates and
 * saturates (NaN gives 0), integers wrap, division of integers is floor division and 0 by 0, a shift by the width or
 * more shifts everything out. f16 and bf16 are bits; arithmetic on them is done in f32 by who prints it.
 *
 * NNRT_V4 (AVX-512) and NNRT_V3 (AVX2, FMA) before the #include allow the instructions of that x86-64 level in the
 * functions of its width (16 lanes of 4 bytes, 8 lanes of 4 bytes and narrower ones), whatever the compiler's flags
 * say; who calls those must carry the target too (NNRT_KERNEL_V4). Both may stand in one file. AArch64 needs no macro.
 * Without any of them every function is complete, by lane loops. */
#ifndef NNRT_SIMD_H
#define NNRT_SIMD_H

/* ---- intrinsics: before the numerics, which gcc would note at each of its thousands of functions (two fifths of the
 * time that this file takes to read); they are inlined into functions of ours, whose numerics hold ---- */
#if defined(__x86_64__) && defined(NNRT_V4)
#define NNRT_X86_V4 1
#endif
#if defined(__x86_64__) && (defined(NNRT_V3) || defined(NNRT_V4))
#define NNRT_X86_V3 1
#endif
#if defined(NNRT_X86_V3)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* ---- numerics: what `cc -ffp-contract=off -fno-math-errno -fno-trapping-math` says, for the rest of the file ---- */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off", "no-math-errno", "no-trapping-math")
#endif
#pragma GCC diagnostic ignored "-Wpsabi" /* every function here is inlined: no vector crosses a call */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized" /* a tile at an edge fills, and reads, part of a local array */
#endif

#include "nnrt.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* ---- targets ---- */
#if defined(NNRT_X86_V3)
#define NNRT_TARGET_V3 __attribute__((target("avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt")))
#else
#define NNRT_TARGET_V3
#endif
#if defined(NNRT_X86_V4)
#define NNRT_TARGET_V4                                                                                                 \
  __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt")))
#else
#define NNRT_TARGET_V4 NNRT_TARGET_V3
#endif
#if defined(NNRT_X86_V3) || defined(__FMA__) || defined(__aarch64__) || defined(__riscv_fdiv)
#define NNRT_HARD_FMA 1 /* of floats */
#define NNRT_HARD_FMA_F64 1
#elif defined(__ARM_FEATURE_FMA)
#define NNRT_HARD_FMA 1
#if __ARM_FP & 8
#define NNRT_HARD_FMA_F64 1
#endif
#endif

#define NNRT_INLINE static inline __attribute__((always_inline, unused))
/* How kernels are declared. They stay functions of their own: for profiles, and because arenas change their types
 * between kernels. */
#define NNRT_KERNEL_V4 __attribute__((noinline)) NNRT_TARGET_V4
#define NNRT_KERNEL_V3 __attribute__((noinline)) NNRT_TARGET_V3
#define NNRT_KERNEL_NEON __attribute__((noinline))
#define NNRT_KERNEL_GENERIC __attribute__((noinline))
#define NNRT_INLINE_V4 inline __attribute__((always_inline)) NNRT_TARGET_V4
#define NNRT_INLINE_V3 inline __attribute__((always_inline)) NNRT_TARGET_V3
#define NNRT_INLINE_NEON inline __attribute__((always_inline))
#define NNRT_INLINE_GENERIC inline __attribute__((always_inline))

/* The functions of W lanes with elements of S bytes: the smallest level whose registers hold them. */
#define NNRT_FN_2_1 NNRT_INLINE NNRT_TARGET_V3
#define NNRT_FN_2_2 NNRT_INLINE NNRT_TARGET_V3
#define NNRT_FN_2_4 NNRT_INLINE NNRT_TARGET_V3
#define NNRT_FN_2_8 NNRT_INLINE NNRT_TARGET_V3
#define NNRT_FN_4_1 NNRT_INLINE NNRT_TARGET_V3
#define NNRT_FN_4_2 NNRT_INLINE NNRT_TARGET_V3
#define NNRT_FN_4_4 NNRT_INLINE NNRT_TARGET_V3
#define NNRT_FN_4_8 NNRT_INLINE NNRT_TARGET_V3
#define NNRT_FN_8_1 NNRT_INLINE NNRT_TARGET_V3
#define NNRT_FN_8_2 NNRT_INLINE NNRT_TARGET_V3
#define NNRT_FN_8_4 NNRT_INLINE NNRT_TARGET_V3
#define NNRT_FN_8_8 NNRT_INLINE NNRT_TARGET_V4
#define NNRT_FN_16_1 NNRT_INLINE NNRT_TARGET_V4
#define NNRT_FN_16_2 NNRT_INLINE NNRT_TARGET_V4
#define NNRT_FN_16_4 NNRT_INLINE NNRT_TARGET_V4
#define NNRT_FN_16_8 NNRT_INLINE NNRT_TARGET_V4
#define NNRT_FN(W, S) NNRT_FN_##W##_##S

#define NNRT_REPEAT_2(x) x, x
#define NNRT_REPEAT_4(x) x, x, x, x
#define NNRT_REPEAT_8(x) NNRT_REPEAT_4(x), NNRT_REPEAT_4(x)
#define NNRT_REPEAT_16(x) NNRT_REPEAT_8(x), NNRT_REPEAT_8(x)
#define NNRT_COUNT_2 0, 1
#define NNRT_COUNT_4 0, 1, 2, 3
#define NNRT_COUNT_8 NNRT_COUNT_4, 4, 5, 6, 7
#define NNRT_COUNT_16 NNRT_COUNT_8, 8, 9, 10, 11, 12, 13, 14, 15

/* ---- types ---- */
typedef uint16_t nnrt_f16, nnrt_bf16;
#define NNRT_TYPE(name, E, W) typedef E name __attribute__((vector_size(sizeof(E) * W)));
#define NNRT_TYPES(W)                                                                                                  \
  NNRT_TYPE(f32x##W, float, W)                                                                                         \
  NNRT_TYPE(f64x##W, double, W)                                                                                        \
  NNRT_TYPE(f16x##W, nnrt_f16, W)                                                                                      \
  NNRT_TYPE(bf16x##W, nnrt_bf16, W)                                                                                    \
  NNRT_TYPE(i32x##W, int32_t, W)                                                                                       \
  NNRT_TYPE(i64x##W, int64_t, W)                                                                                       \
  NNRT_TYPE(u32x##W, uint32_t, W)                                                                                      \
  NNRT_TYPE(u8x##W, uint8_t, W)                                                                                        \
  NNRT_TYPE(nnrt_u64x##W, uint64_t, W)                                                                                 \
  NNRT_TYPE(nnrt_m1x##W, int8_t, W)                                                                                    \
  NNRT_TYPE(nnrt_m2x##W, int16_t, W)                                                                                   \
  NNRT_TYPE(nnrt_m4x##W, int32_t, W)                                                                                   \
  NNRT_TYPE(nnrt_m8x##W, int64_t, W)
NNRT_TYPES(2)
NNRT_TYPES(4)
NNRT_TYPES(8)
NNRT_TYPES(16)
typedef i32x2 boolx2;
typedef i32x4 boolx4;
typedef i32x8 boolx8;
#if defined(NNRT_X86_V4)
typedef __mmask16 boolx16; /* bit l is lane l; elsewhere a mask is lanes of 0 and -1 */
#else
typedef i32x16 boolx16;
#endif

/* ---- masks: wide<S> gives lanes of S bytes, 0 or -1; narrow<S> takes them back ---- */
#define NNRT_WIDE(W, S)                                                                                                \
  NNRT_FN(W, S) nnrt_m##S##x##W nnrt_wide##S##x##W(boolx##W m) { return __builtin_convertvector(m, nnrt_m##S##x##W); } \
  NNRT_FN(W, S) boolx##W nnrt_narrow##S##x##W(nnrt_m##S##x##W m) { return __builtin_convertvector(m, i32x##W); }
#define NNRT_WIDES(W) NNRT_WIDE(W, 1) NNRT_WIDE(W, 2) NNRT_WIDE(W, 4) NNRT_WIDE(W, 8)
NNRT_WIDES(2)
NNRT_WIDES(4)
NNRT_WIDES(8)
#if defined(NNRT_X86_V4)
NNRT_FN(16, 1) nnrt_m1x16 nnrt_wide1x16(boolx16 m) { return (nnrt_m1x16)_mm_movm_epi8(m); }
NNRT_FN(16, 1) boolx16 nnrt_narrow1x16(nnrt_m1x16 m) { return _mm_movepi8_mask((__m128i)m); }
NNRT_FN(16, 2) nnrt_m2x16 nnrt_wide2x16(boolx16 m) { return (nnrt_m2x16)_mm256_movm_epi16(m); }
NNRT_FN(16, 2) boolx16 nnrt_narrow2x16(nnrt_m2x16 m) { return _mm256_movepi16_mask((__m256i)m); }
NNRT_FN(16, 4) nnrt_m4x16 nnrt_wide4x16(boolx16 m) { return (nnrt_m4x16)_mm512_movm_epi32(m); }
NNRT_FN(16, 4) boolx16 nnrt_narrow4x16(nnrt_m4x16 m) { return _mm512_movepi32_mask((__m512i)m); }
NNRT_FN(16, 8) nnrt_m8x16 nnrt_wide8x16(boolx16 m) { return __builtin_convertvector(nnrt_wide4x16(m), nnrt_m8x16); }
NNRT_FN(16, 8) boolx16 nnrt_narrow8x16(nnrt_m8x16 m) { return nnrt_narrow4x16(__builtin_convertvector(m, nnrt_m4x16)); }
#else
NNRT_WIDES(16)
#endif

/* ---- any element: memory, splat, one lane, choice ---- */
/* The line at p, which will be needed soon, into the second-level cache. Any address is allowed. */
NNRT_INLINE void nnrt_prefetch_line(const void *p) { __builtin_prefetch(p, 0, 2); }
#define NNRT_MEMORY(t, E, W, S)                                                                                        \
  NNRT_FN(W, S) t##x##W t##x##W##_load(const E *p) {                                                                   \
    t##x##W v;                                                                                                         \
    memcpy(&v, p, sizeof v);                                                                                           \
    return v;                                                                                                          \
  }                                                                                                                    \
  NNRT_FN(W, S) void t##x##W##_store(E *p, t##x##W v) { memcpy(p, &v, sizeof v); }                                     \
  NNRT_FN(W, S) t##x##W t##x##W##_set1(E x) { return (t##x##W){NNRT_REPEAT_##W(x)}; }                                  \
  NNRT_FN(W, S) E t##x##W##_extract(t##x##W v, int lane) { return v[lane]; }
/* Lanes that are off are neither read nor written. */
#define NNRT_MEMORY_MASK(t, E, W, S)                                                                                   \
  NNRT_FN(W, S) t##x##W t##x##W##_load_mask(const E *p, boolx##W m) {                                                  \
    nnrt_m##S##x##W on = nnrt_wide##S##x##W(m);                                                                        \
    t##x##W v = {0};                                                                                                   \
    for (int l = 0; l < W; l++)                                                                                        \
      if (on[l]) v[l] = p[l];                                                                                          \
    return v;                                                                                                          \
  }                                                                                                                    \
  NNRT_FN(W, S) void t##x##W##_store_mask(E *p, t##x##W v, boolx##W m) {                                               \
    nnrt_m##S##x##W on = nnrt_wide##S##x##W(m);                                                                        \
    for (int l = 0; l < W; l++)                                                                                        \
      if (on[l]) p[l] = v[l];                                                                                          \
  }
#define NNRT_WHERE(t, W, S)                                                                                            \
  NNRT_FN(W, S) t##x##W t##x##W##_where(boolx##W m, t##x##W a, t##x##W b) {                                            \
    nnrt_m##S##x##W on = nnrt_wide##S##x##W(m);                                                                        \
    return (t##x##W)((on & (nnrt_m##S##x##W)a) | (~on & (nnrt_m##S##x##W)b));                                          \
  }
#define NNRT_COMPARE(t, W, S)                                                                                          \
  NNRT_FN(W, S) boolx##W t##x##W##_lt(t##x##W a, t##x##W b) { return nnrt_narrow##S##x##W(a < b); }                    \
  NNRT_FN(W, S) boolx##W t##x##W##_le(t##x##W a, t##x##W b) { return nnrt_narrow##S##x##W(a <= b); }                   \
  NNRT_FN(W, S) boolx##W t##x##W##_eq(t##x##W a, t##x##W b) { return nnrt_narrow##S##x##W(a == b); }

#define NNRT_MEMORIES(W)                                                                                               \
  NNRT_MEMORY(f32, float, W, 4)                                                                                        \
  NNRT_MEMORY(f64, double, W, 8)                                                                                       \
  NNRT_MEMORY(f16, nnrt_f16, W, 2)                                                                                     \
  NNRT_MEMORY(bf16, nnrt_bf16, W, 2)                                                                                   \
  NNRT_MEMORY(i32, int32_t, W, 4)                                                                                      \
  NNRT_MEMORY(i64, int64_t, W, 8)                                                                                      \
  NNRT_MEMORY(u32, uint32_t, W, 4)                                                                                     \
  NNRT_MEMORY(u8, uint8_t, W, 1)                                                                                       \
  NNRT_MEMORY_MASK(f16, nnrt_f16, W, 2)                                                                                \
  NNRT_MEMORY_MASK(bf16, nnrt_bf16, W, 2)                                                                              \
  NNRT_WHERE(f16, W, 2)                                                                                                \
  NNRT_WHERE(bf16, W, 2)                                                                                               \
  NNRT_WHERE(u8, W, 1)                                                                                                 \
  NNRT_COMPARE(u8, W, 1)
NNRT_MEMORIES(2)
NNRT_MEMORIES(4)
NNRT_MEMORIES(8)
NNRT_MEMORIES(16)

/* Vectors of W elements of S bytes: lane l is that of a and b side by side which the list's number l says. */
#if defined(__clang__)
#define NNRT_SHUFFLE(W, S, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define NNRT_SHUFFLE(W, S, a, b, ...) __builtin_shuffle(a, b, (nnrt_m##S##x##W){__VA_ARGS__})
#endif

/* The rest by width; a section below replaces what it does better. */
#define NNRT_MASKED_4(W)                                                                                               \
  NNRT_MEMORY_MASK(f32, float, W, 4) NNRT_MEMORY_MASK(i32, int32_t, W, 4) NNRT_MEMORY_MASK(u32, uint32_t, W, 4)
#define NNRT_MASKED_8(W) NNRT_MEMORY_MASK(f64, double, W, 8) NNRT_MEMORY_MASK(i64, int64_t, W, 8)
#define NNRT_MASKED_1(W) NNRT_MEMORY_MASK(u8, uint8_t, W, 1)
#define NNRT_CHOICE_4(W)                                                                                               \
  NNRT_WHERE(f32, W, 4)                                                                                                \
  NNRT_WHERE(i32, W, 4)                                                                                                \
  NNRT_WHERE(u32, W, 4) NNRT_COMPARE(f32, W, 4) NNRT_COMPARE(i32, W, 4) NNRT_COMPARE(u32, W, 4)
#define NNRT_CHOICE_8(W) NNRT_WHERE(f64, W, 8) NNRT_WHERE(i64, W, 8) NNRT_COMPARE(f64, W, 8) NNRT_COMPARE(i64, W, 8)

NNRT_MASKED_1(2)
NNRT_MASKED_1(4)
NNRT_MASKED_1(8)
NNRT_MASKED_4(2)
NNRT_MASKED_8(2)
NNRT_MASKED_8(16)
NNRT_CHOICE_4(2)
NNRT_CHOICE_4(4)
NNRT_CHOICE_8(2)
NNRT_CHOICE_8(8)
NNRT_CHOICE_8(16)

#if defined(NNRT_X86_V4)
#define NNRT_V4_CHOICE(t, V, suffix, blend, compare)                                                                   \
  NNRT_FN(16, 4) t t##_where(boolx16 m, t a, t b) { return (t)_mm512_mask_blend_##blend(m, (V)b, (V)a); }              \
  NNRT_FN(16, 4) boolx16 t##_lt(t a, t b) { return compare(suffix, LT, a, b); }                                        \
  NNRT_FN(16, 4) boolx16 t##_le(t a, t b) { return compare(suffix, LE, a, b); }                                        \
  NNRT_FN(16, 4) boolx16 t##_eq(t a, t b) { return compare(suffix, EQ, a, b); }
#define NNRT_V4_FLOATS(suffix, how, a, b) _mm512_cmp_##suffix##_mask((__m512)a, (__m512)b, _CMP_##how##_OQ)
#define NNRT_V4_INTEGERS(suffix, how, a, b) _mm512_cmp_##suffix##_mask((__m512i)a, (__m512i)b, _MM_CMPINT_##how)
NNRT_V4_CHOICE(f32x16, __m512, ps, ps, NNRT_V4_FLOATS)
NNRT_V4_CHOICE(i32x16, __m512i, epi32, epi32, NNRT_V4_INTEGERS)
NNRT_V4_CHOICE(u32x16, __m512i, epu32, epi32, NNRT_V4_INTEGERS)
#define NNRT_V4_MEMORY_MASK(t, E, V, suffix)                                                                           \
  NNRT_FN(16, 4) t t##_load_mask(const E *p, boolx16 m) { return (t)_mm512_maskz_loadu_##suffix(m, p); }               \
  NNRT_FN(16, 4) void t##_store_mask(E *p, t v, boolx16 m) { _mm512_mask_storeu_##suffix(p, m, (V)v); }
NNRT_V4_MEMORY_MASK(f32x16, float, __m512, ps)
NNRT_V4_MEMORY_MASK(i32x16, int32_t, __m512i, epi32)
NNRT_V4_MEMORY_MASK(u32x16, uint32_t, __m512i, epi32)
NNRT_FN(16, 1) u8x16 u8x16_load_mask(const uint8_t *p, boolx16 m) { return (u8x16)_mm_maskz_loadu_epi8(m, p); }
NNRT_FN(16, 1) void u8x16_store_mask(uint8_t *p, u8x16 v, boolx16 m) { _mm_mask_storeu_epi8(p, m, (__m128i)v); }
NNRT_FN(8, 8) f64x8 f64x8_load_mask(const double *p, boolx8 m) {
  return (f64x8)_mm512_maskz_loadu_pd(_mm256_movepi32_mask((__m256i)m), p);
}
NNRT_FN(8, 8) void f64x8_store_mask(double *p, f64x8 v, boolx8 m) {
  _mm512_mask_storeu_pd(p, _mm256_movepi32_mask((__m256i)m), (__m512d)v);
}
NNRT_FN(8, 8) i64x8 i64x8_load_mask(const int64_t *p, boolx8 m) {
  return (i64x8)_mm512_maskz_loadu_epi64(_mm256_movepi32_mask((__m256i)m), p);
}
NNRT_FN(8, 8) void i64x8_store_mask(int64_t *p, i64x8 v, boolx8 m) {
  _mm512_mask_storeu_epi64(p, _mm256_movepi32_mask((__m256i)m), (__m512i)v);
}
#else
NNRT_CHOICE_4(16)
NNRT_MASKED_4(16)
NNRT_MASKED_8(8)
NNRT_MASKED_1(16)
#endif

#if defined(NNRT_X86_V3)
#define NNRT_V3_MASK(t, E, W, S, bits, suffix, P, I, V)                                                                \
  NNRT_FN(W, S) t t##_load_mask(const E *p, boolx##W m) {                                                              \
    return (t)_mm##bits##_maskload_##suffix((const P *)p, (I)nnrt_wide##S##x##W(m));                                   \
  }                                                                                                                    \
  NNRT_FN(W, S) void t##_store_mask(E *p, t v, boolx##W m) {                                                           \
    _mm##bits##_maskstore_##suffix((P *)p, (I)nnrt_wide##S##x##W(m), (V)v);                                            \
  }
NNRT_V3_MASK(f32x8, float, 8, 4, 256, ps, float, __m256i, __m256)
NNRT_V3_MASK(i32x8, int32_t, 8, 4, 256, epi32, int, __m256i, __m256i)
NNRT_V3_MASK(u32x8, uint32_t, 8, 4, 256, epi32, int, __m256i, __m256i)
NNRT_V3_MASK(f64x4, double, 4, 8, 256, pd, double, __m256i, __m256d)
NNRT_V3_MASK(i64x4, int64_t, 4, 8, 256, epi64, long long, __m256i, __m256i)
NNRT_V3_MASK(f32x4, float, 4, 4, , ps, float, __m128i, __m128)
NNRT_V3_MASK(i32x4, int32_t, 4, 4, , epi32, int, __m128i, __m128i)
NNRT_V3_MASK(u32x4, uint32_t, 4, 4, , epi32, int, __m128i, __m128i)
#define NNRT_V3_WHERE(t, W, S, suffix, V)                                                                              \
  NNRT_FN(W, S) t t##_where(boolx##W m, t a, t b) {                                                                    \
    return (t)_mm256_blendv_##suffix((V)b, (V)a, (V)nnrt_wide##S##x##W(m));                                            \
  }
NNRT_V3_WHERE(f32x8, 8, 4, ps, __m256)
NNRT_V3_WHERE(i32x8, 8, 4, ps, __m256)
NNRT_V3_WHERE(u32x8, 8, 4, ps, __m256)
NNRT_V3_WHERE(f64x4, 4, 8, pd, __m256d)
NNRT_V3_WHERE(i64x4, 4, 8, pd, __m256d)
#else
NNRT_MASKED_4(4)
NNRT_MASKED_4(8)
NNRT_MASKED_8(4)
NNRT_WHERE(f32, 8, 4)
NNRT_WHERE(i32, 8, 4)
NNRT_WHERE(u32, 8, 4)
NNRT_WHERE(f64, 4, 8)
NNRT_WHERE(i64, 4, 8)
#endif
NNRT_COMPARE(f32, 8, 4)
NNRT_COMPARE(i32, 8, 4)
NNRT_COMPARE(u32, 8, 4)
NNRT_COMPARE(f64, 4, 8)
NNRT_COMPARE(i64, 4, 8)

/* ---- masks as values; in memory a bool is a byte, 0 or 1 ---- */
#define NNRT_BOOLS(W)                                                                                                  \
  NNRT_FN(W, 4) boolx##W boolx##W##_mask(int64_t n) { /* lanes below n */                                              \
    i32x##W lane = {NNRT_COUNT_##W};                                                                                   \
    return i32x##W##_lt(lane, i32x##W##_set1((int32_t)(n < W ? n : W)));                                               \
  }                                                                                                                    \
  NNRT_FN(W, 4) i32x##W i32x##W##_lane(void) { return (i32x##W){NNRT_COUNT_##W}; }                                     \
  NNRT_FN(W, 1) boolx##W boolx##W##_of_bytes(u8x##W v) { return nnrt_narrow1x##W(v != 0); }                            \
  NNRT_FN(W, 1) u8x##W boolx##W##_to_bytes(boolx##W m) { return (u8x##W)(nnrt_wide1x##W(m) & 1); }                     \
  NNRT_FN(W, 1) boolx##W boolx##W##_load(const uint8_t *p) { return boolx##W##_of_bytes(u8x##W##_load(p)); }           \
  NNRT_FN(W, 1) void boolx##W##_store(uint8_t *p, boolx##W v) { u8x##W##_store(p, boolx##W##_to_bytes(v)); }           \
  NNRT_FN(W, 1) boolx##W boolx##W##_load_mask(const uint8_t *p, boolx##W m) {                                          \
    return boolx##W##_of_bytes(u8x##W##_load_mask(p, m));                                                              \
  }                                                                                                                    \
  NNRT_FN(W, 1) void boolx##W##_store_mask(uint8_t *p, boolx##W v, boolx##W m) {                                       \
    u8x##W##_store_mask(p, boolx##W##_to_bytes(v), m);                                                                 \
  }                                                                                                                    \
  NNRT_FN(W, 4) boolx##W boolx##W##_set1(bool x) { return nnrt_narrow4x##W(i32x##W##_set1(-(int32_t)x)); }             \
  NNRT_FN(W, 4) bool boolx##W##_extract(boolx##W m, int lane) { return nnrt_wide4x##W(m)[lane] != 0; }                 \
  NNRT_FN(W, 4) boolx##W boolx##W##_not(boolx##W m) { return (boolx##W) ~m; }                                          \
  NNRT_FN(W, 4) boolx##W boolx##W##_eq(boolx##W a, boolx##W b) { return (boolx##W) ~(a ^ b); }                         \
  NNRT_FN(W, 4) boolx##W boolx##W##_le(boolx##W a, boolx##W b) { return (boolx##W)(~a | b); }                          \
  NNRT_FN(W, 4) boolx##W boolx##W##_lt(boolx##W a, boolx##W b) { return (boolx##W)(~a & b); }                          \
  NNRT_FN(W, 4) boolx##W boolx##W##_where(boolx##W m, boolx##W a, boolx##W b) { return (boolx##W)((m & a) | (~m & b)); }
NNRT_BOOLS(2)
NNRT_BOOLS(4)
NNRT_BOOLS(8)
NNRT_BOOLS(16)
NNRT_INLINE bool bool_not(bool a) { return !a; }

/* ---- floats ---- */
/* Scalars. B: unsigned integer of the same size, SF: suffix of the compiler's builtin. */
#define NNRT_FLOAT(t, E, B, SF)                                                                                        \
  NNRT_INLINE B t##_to_bits(E a) {                                                                                     \
    B b;                                                                                                               \
    memcpy(&b, &a, sizeof b);                                                                                          \
    return b;                                                                                                          \
  }                                                                                                                    \
  NNRT_INLINE E t##_of_bits(B b) {                                                                                     \
    E a;                                                                                                               \
    memcpy(&a, &b, sizeof a);                                                                                          \
    return a;                                                                                                          \
  }                                                                                                                    \
  NNRT_INLINE E t##_abs(E a) { return t##_of_bits(t##_to_bits(a) & ((B)-1 >> 1)); }                                    \
  NNRT_INLINE E t##_sign(E a) { return a > 0 ? 1 : a < 0 ? -1 : a; }                                                   \
  NNRT_INLINE E t##_sqrt(E a) { return __builtin_sqrt##SF(a); }                                                        \
  NNRT_INLINE E t##_rsqrt(E a) { return 1 / __builtin_sqrt##SF(a); }                                                   \
  NNRT_INLINE E t##_floor(E a) { return __builtin_floor##SF(a); }                                                      \
  NNRT_INLINE E t##_mod(E a, E b) { return a - b * __builtin_floor##SF(a / b); }                                       \
  NNRT_INLINE E t##_maximum(E a, E b) { return a > b || a != a ? a : b; }                                              \
  NNRT_INLINE E t##_minimum(E a, E b) { return a < b || a != a ? a : b; }
NNRT_FLOAT(f32, float, uint32_t, f)
NNRT_FLOAT(f64, double, uint64_t, )
#if defined(NNRT_HARD_FMA)
NNRT_INLINE NNRT_TARGET_V3 float f32_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#else
NNRT_INLINE float f32_fma(float a, float b, float c) { return nnrt_fmaf(a, b, c); }
#endif
#if defined(NNRT_HARD_FMA_F64)
NNRT_INLINE NNRT_TARGET_V3 double f64_fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
NNRT_INLINE double f64_fma(double a, double b, double c) { return nnrt_fma(a, b, c); }
#endif

#define NNRT_LANES(t, W, S, name, from, value)                                                                         \
  NNRT_FN(W, S) t##x##W t##x##W##_##name(from) {                                                                       \
    t##x##W y;                                                                                                         \
    for (int l = 0; l < W; l++) y[l] = value;                                                                          \
    return y;                                                                                                          \
  }
#define NNRT_FLOAT_SIGNS(t, W, S)                                                                                      \
  NNRT_FN(W, S) t##x##W t##x##W##_abs(t##x##W a) {                                                                     \
    nnrt_m##S##x##W sign = (nnrt_m##S##x##W)(-(t##x##W){0});                                                           \
    return (t##x##W)((nnrt_m##S##x##W)a & ~sign);                                                                      \
  }                                                                                                                    \
  NNRT_FN(W, S) t##x##W t##x##W##_sign(t##x##W a) {                                                                    \
    t##x##W zero = {0}, one = {NNRT_REPEAT_##W(1)};                                                                    \
    t##x##W y = t##x##W##_where(t##x##W##_lt(a, zero), -one, a);                                                       \
    return t##x##W##_where(t##x##W##_lt(zero, a), one, y);                                                             \
  }                                                                                                                    \
  NNRT_FN(W, S) t##x##W t##x##W##_rsqrt(t##x##W a) { return 1 / t##x##W##_sqrt(a); }                                   \
  NNRT_FN(W, S) t##x##W t##x##W##_mod(t##x##W a, t##x##W b) { return a - b * t##x##W##_floor(a / b); }
#define NNRT_FLOAT_EXTREMES(t, W, S)                                                                                   \
  NNRT_FN(W, S) t##x##W t##x##W##_maximum(t##x##W a, t##x##W b) {                                                      \
    return t##x##W##_where(nnrt_narrow##S##x##W((a > b) | (a != a)), a, b);                                            \
  }                                                                                                                    \
  NNRT_FN(W, S) t##x##W t##x##W##_minimum(t##x##W a, t##x##W b) {                                                      \
    return t##x##W##_where(nnrt_narrow##S##x##W((a < b) | (a != a)), a, b);                                            \
  }
#define NNRT_FLOAT_LANES(t, W, S)                                                                                      \
  NNRT_LANES(t, W, S, sqrt, t##x##W a, t##_sqrt(a[l]))                                                                 \
  NNRT_LANES(t, W, S, floor, t##x##W a, t##_floor(a[l]))                                                               \
  NNRT_FN(W, S) t##x##W t##x##W##_fma(t##x##W a, t##x##W b, t##x##W c) {                                               \
    t##x##W y;                                                                                                         \
    for (int l = 0; l < W; l++) y[l] = t##_fma(a[l], b[l], c[l]);                                                      \
    return y;                                                                                                          \
  }

/* sqrt, floor, fma in one instruction each; max(a, b) of x86 is a > b ? a : b. */
#define NNRT_X86_FLOAT(t, W, S, bits, suffix, V, floor_of)                                                             \
  NNRT_FN(W, S) t t##_sqrt(t a) { return (t)_mm##bits##_sqrt_##suffix((V)a); }                                         \
  NNRT_FN(W, S) t t##_floor(t a) { return (t)floor_of((V)a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }              \
  NNRT_FN(W, S) t t##_fma(t a, t b, t c) { return (t)_mm##bits##_fmadd_##suffix((V)a, (V)b, (V)c); }
#define NNRT_X86_EXTREMES(t, W, S, bits, suffix, V)                                                                    \
  NNRT_FN(W, S) t t##_maximum(t a, t b) {                                                                              \
    return t##_where(nnrt_narrow##S##x##W(a != a), a, (t)_mm##bits##_max_##suffix((V)a, (V)b));                        \
  }                                                                                                                    \
  NNRT_FN(W, S) t t##_minimum(t a, t b) {                                                                              \
    return t##_where(nnrt_narrow##S##x##W(a != a), a, (t)_mm##bits##_min_##suffix((V)a, (V)b));                        \
  }

#if defined(NNRT_X86_V4)
NNRT_X86_FLOAT(f32x16, 16, 4, 512, ps, __m512, _mm512_roundscale_ps)
NNRT_X86_FLOAT(f64x8, 8, 8, 512, pd, __m512d, _mm512_roundscale_pd)
NNRT_X86_EXTREMES(f64x8, 8, 8, 512, pd, __m512d)
NNRT_FN(16, 4) f32x16 f32x16_maximum(f32x16 a, f32x16 b) {
  __mmask16 nan = _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q);
  return (f32x16)_mm512_mask_mov_ps(_mm512_max_ps((__m512)a, (__m512)b), nan, (__m512)a);
}
NNRT_FN(16, 4) f32x16 f32x16_minimum(f32x16 a, f32x16 b) {
  __mmask16 nan = _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q);
  return (f32x16)_mm512_mask_mov_ps(_mm512_min_ps((__m512)a, (__m512)b), nan, (__m512)a);
}
#else
NNRT_FLOAT_LANES(f32, 16, 4)
NNRT_FLOAT_LANES(f64, 8, 8)
NNRT_FLOAT_EXTREMES(f32, 16, 4)
NNRT_FLOAT_EXTREMES(f64, 8, 8)
#endif
#if defined(NNRT_X86_V3)
NNRT_X86_FLOAT(f32x8, 8, 4, 256, ps, __m256, _mm256_round_ps)
NNRT_X86_FLOAT(f64x4, 4, 8, 256, pd, __m256d, _mm256_round_pd)
NNRT_X86_FLOAT(f32x4, 4, 4, , ps, __m128, _mm_round_ps)
NNRT_X86_FLOAT(f64x2, 2, 8, , pd, __m128d, _mm_round_pd)
NNRT_X86_EXTREMES(f32x8, 8, 4, 256, ps, __m256)
NNRT_X86_EXTREMES(f64x4, 4, 8, 256, pd, __m256d)
NNRT_X86_EXTREMES(f32x4, 4, 4, , ps, __m128)
NNRT_X86_EXTREMES(f64x2, 2, 8, , pd, __m128d)
#else
NNRT_FLOAT_LANES(f32, 8, 4)
NNRT_FLOAT_LANES(f64, 4, 8)
NNRT_FLOAT_EXTREMES(f32, 8, 4)
NNRT_FLOAT_EXTREMES(f64, 4, 8)
NNRT_FLOAT_EXTREMES(f32, 4, 4)
NNRT_FLOAT_EXTREMES(f64, 2, 8)
#if defined(__aarch64__)
#define NNRT_NEON_FLOAT(t, W, S, suffix, V)                                                                            \
  NNRT_FN(W, S) t t##_sqrt(t a) { return (t)vsqrtq_##suffix((V)a); }                                                   \
  NNRT_FN(W, S) t t##_floor(t a) { return (t)vrndmq_##suffix((V)a); }                                                  \
  NNRT_FN(W, S) t t##_fma(t a, t b, t c) { return (t)vfmaq_##suffix((V)c, (V)a, (V)b); }
NNRT_NEON_FLOAT(f32x4, 4, 4, f32, float32x4_t)
NNRT_NEON_FLOAT(f64x2, 2, 8, f64, float64x2_t)
#else
NNRT_FLOAT_LANES(f32, 4, 4)
NNRT_FLOAT_LANES(f64, 2, 8)
#endif
#endif
NNRT_FLOAT_LANES(f32, 2, 4)
NNRT_FLOAT_LANES(f64, 16, 8)
NNRT_FLOAT_EXTREMES(f32, 2, 4)
NNRT_FLOAT_EXTREMES(f64, 16, 8)
#define NNRT_FLOATS(W) NNRT_FLOAT_SIGNS(f32, W, 4) NNRT_FLOAT_SIGNS(f64, W, 8)
NNRT_FLOATS(2)
NNRT_FLOATS(4)
NNRT_FLOATS(8)
NNRT_FLOATS(16)

/* ---- integers ---- */
/* Scalars. U: the unsigned type in which they wrap; bits: their width. */
#define NNRT_INTEGER(t, E, U, bits)                                                                                    \
  NNRT_INLINE E t##_neg(E a) { return (E)(0 - (U)a); }                                                                 \
  NNRT_INLINE E t##_add(E a, E b) { return (E)((U)a + (U)b); }                                                         \
  NNRT_INLINE E t##_sub(E a, E b) { return (E)((U)a - (U)b); }                                                         \
  NNRT_INLINE E t##_mul(E a, E b) { return (E)((U)a * (U)b); }                                                         \
  NNRT_INLINE E t##_not(E a) { return (E)~a; }                                                                         \
  NNRT_INLINE E t##_maximum(E a, E b) { return a > b ? a : b; }                                                        \
  NNRT_INLINE E t##_minimum(E a, E b) { return a < b ? a : b; }                                                        \
  NNRT_INLINE E t##_shl(E a, E b) { return (U)b < bits ? (E)((U)a << b) : 0; }
#define NNRT_SIGNED(t, E, U, bits)                                                                                     \
  NNRT_INTEGER(t, E, U, bits)                                                                                          \
  NNRT_INLINE E t##_abs(E a) { return a < 0 ? t##_neg(a) : a; }                                                        \
  NNRT_INLINE E t##_sign(E a) { return (a > 0) - (a < 0); }                                                            \
  NNRT_INLINE E t##_shr(E a, E b) { return a >> ((U)b < bits ? b : bits - 1); }                                        \
  NNRT_INLINE E t##_div(E a, E b) {                                                                                    \
    if (b == 0) return 0;                                                                                              \
    if (b == -1) return t##_neg(a); /* the least number over -1 has no value in C */                                   \
    return a / b - (a % b != 0 && (a < 0) != (b < 0));                                                                 \
  }                                                                                                                    \
  NNRT_INLINE E t##_mod(E a, E b) {                                                                                    \
    if (b == 0 || b == -1) return 0;                                                                                   \
    E r = a % b;                                                                                                       \
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;                                                                   \
  }
#define NNRT_UNSIGNED(t, E, bits)                                                                                      \
  NNRT_INTEGER(t, E, E, bits)                                                                                          \
  NNRT_INLINE E t##_abs(E a) { return a; }                                                                             \
  NNRT_INLINE E t##_sign(E a) { return a != 0; }                                                                       \
  NNRT_INLINE E t##_shr(E a, E b) { return b < bits ? (E)(a >> b) : 0; }                                               \
  NNRT_INLINE E t##_div(E a, E b) { return b == 0 ? 0 : (E)(a / b); }                                                  \
  NNRT_INLINE E t##_mod(E a, E b) { return b == 0 ? 0 : (E)(a % b); }
NNRT_SIGNED(i32, int32_t, uint32_t, 32)
NNRT_SIGNED(i64, int64_t, uint64_t, 64)
NNRT_UNSIGNED(u32, uint32_t, 32)
NNRT_UNSIGNED(u8, uint8_t, 8)
NNRT_INLINE uint32_t u32_mulhi(uint32_t a, uint32_t b) { return (uint32_t)((uint64_t)a * b >> 32); }

/* U: vector in which they wrap. */
#define NNRT_INTEGER_LANES(t, U, W, S, bits)                                                                           \
  NNRT_FN(W, S) t##x##W t##x##W##_neg(t##x##W a) { return (t##x##W)(0 - (U##x##W)a); }                                 \
  NNRT_FN(W, S) t##x##W t##x##W##_add(t##x##W a, t##x##W b) { return (t##x##W)((U##x##W)a + (U##x##W)b); }             \
  NNRT_FN(W, S) t##x##W t##x##W##_sub(t##x##W a, t##x##W b) { return (t##x##W)((U##x##W)a - (U##x##W)b); }             \
  NNRT_FN(W, S) t##x##W t##x##W##_mul(t##x##W a, t##x##W b) { return (t##x##W)((U##x##W)a * (U##x##W)b); }             \
  NNRT_FN(W, S) t##x##W t##x##W##_not(t##x##W a) { return ~a; }                                                        \
  NNRT_FN(W, S) t##x##W t##x##W##_maximum(t##x##W a, t##x##W b) { return t##x##W##_where(t##x##W##_lt(b, a), a, b); }  \
  NNRT_FN(W, S) t##x##W t##x##W##_minimum(t##x##W a, t##x##W b) { return t##x##W##_where(t##x##W##_lt(a, b), a, b); }  \
  NNRT_FN(W, S) t##x##W t##x##W##_shl(t##x##W a, t##x##W b) {                                                          \
    U##x##W inside = (U##x##W)((U##x##W)b < bits);                                                                     \
    return (t##x##W)((U##x##W)a << ((U##x##W)b & (bits - 1)) & inside);                                                \
  }                                                                                                                    \
  NNRT_LANES(t, W, S, div, NNRT_TWO(t##x##W), t##_div(a[l], b[l]))                                                     \
  NNRT_LANES(t, W, S, mod, NNRT_TWO(t##x##W), t##_mod(a[l], b[l]))
#define NNRT_TWO(v) v a, v b
#define NNRT_SIGNED_LANES(t, U, W, S, bits)                                                                            \
  NNRT_INTEGER_LANES(t, U, W, S, bits)                                                                                 \
  NNRT_FN(W, S) t##x##W t##x##W##_abs(t##x##W a) {                                                                     \
    t##x##W sign = a >> (bits - 1);                                                                                    \
    return (t##x##W)(((U##x##W)a ^ (U##x##W)sign) - (U##x##W)sign);                                                    \
  }                                                                                                                    \
  NNRT_FN(W, S) t##x##W t##x##W##_sign(t##x##W a) {                                                                    \
    return (a >> (bits - 1)) | (t##x##W)((U##x##W)(0 - (U##x##W)a) >> (bits - 1));                                     \
  }                                                                                                                    \
  NNRT_FN(W, S) t##x##W t##x##W##_shr(t##x##W a, t##x##W b) {                                                          \
    U##x##W outside = (U##x##W)((U##x##W)b >= bits);                                                                   \
    return a >> (t##x##W)(((U##x##W)b | outside) & (bits - 1));                                                        \
  }
#define NNRT_UNSIGNED_LANES(t, W, S, bits)                                                                             \
  NNRT_INTEGER_LANES(t, t, W, S, bits)                                                                                 \
  NNRT_FN(W, S) t##x##W t##x##W##_abs(t##x##W a) { return a; }                                                         \
  NNRT_FN(W, S) t##x##W t##x##W##_sign(t##x##W a) { return (t##x##W)(a != 0) & 1; }                                    \
  NNRT_FN(W, S) t##x##W t##x##W##_shr(t##x##W a, t##x##W b) { return a >> (b & (bits - 1)) & (t##x##W)(b < bits); }
#define NNRT_INTEGERS(W)                                                                                               \
  NNRT_SIGNED_LANES(i32, u32, W, 4, 32)                                                                                \
  NNRT_SIGNED_LANES(i64, nnrt_u64, W, 8, 64)                                                                           \
  NNRT_UNSIGNED_LANES(u32, W, 4, 32)                                                                                   \
  NNRT_UNSIGNED_LANES(u8, W, 1, 8)
NNRT_INTEGERS(2)
NNRT_INTEGERS(4)
NNRT_INTEGERS(8)
NNRT_INTEGERS(16)

/* Products of even and of odd lanes, then their upper halves side by side. */
#define NNRT_X86_MULHI(t, W, bits, V, or_of, and_of)                                                                   \
  NNRT_FN(W, 4) t t##_mulhi(t a, t b) {                                                                                \
    V even = _mm##bits##_mul_epu32((V)a, (V)b);                                                                        \
    V odd = _mm##bits##_mul_epu32(_mm##bits##_srli_epi64((V)a, 32), _mm##bits##_srli_epi64((V)b, 32));                 \
    V high = _mm##bits##_set1_epi64x((long long)0xffffffff00000000);                                                   \
    return (t)or_of(_mm##bits##_srli_epi64(even, 32), and_of(odd, high));                                              \
  }
#if defined(NNRT_X86_V4)
#define _mm512_set1_epi64x _mm512_set1_epi64
NNRT_X86_MULHI(u32x16, 16, 512, __m512i, _mm512_or_si512, _mm512_and_si512)
#undef _mm512_set1_epi64x
#else
NNRT_LANES(u32, 16, 4, mulhi, NNRT_TWO(u32x16), u32_mulhi(a[l], b[l]))
#endif
#if defined(NNRT_X86_V3)
NNRT_X86_MULHI(u32x8, 8, 256, __m256i, _mm256_or_si256, _mm256_and_si256)
NNRT_X86_MULHI(u32x4, 4, , __m128i, _mm_or_si128, _mm_and_si128)
#else
NNRT_LANES(u32, 8, 4, mulhi, NNRT_TWO(u32x8), u32_mulhi(a[l], b[l]))
#if defined(__aarch64__)
NNRT_FN(4, 4) u32x4 u32x4_mulhi(u32x4 a, u32x4 b) {
  uint64x2_t low = vmull_u32(vget_low_u32((uint32x4_t)a), vget_low_u32((uint32x4_t)b));
  uint64x2_t high = vmull_high_u32((uint32x4_t)a, (uint32x4_t)b);
  return (u32x4)vuzp2q_u32(vreinterpretq_u32_u64(low), vreinterpretq_u32_u64(high));
}
#else
NNRT_LANES(u32, 4, 4, mulhi, NNRT_TWO(u32x4), u32_mulhi(a[l], b[l]))
#endif
#endif
NNRT_LANES(u32, 2, 4, mulhi, NNRT_TWO(u32x2), u32_mulhi(a[l], b[l]))

#include "nnrt_convert.h"
#include "nnrt_transpose.h"

/* ---- NNRT_RUNS_<level>: may its kernels run here? NNRT_CPU_<level>: are they the ones to take? ---- */
#if defined(__x86_64__)
#define NNRT_RUNS_V3 (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
#define NNRT_RUNS_V4                                                                                                   \
  (NNRT_RUNS_V3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&                          \
   __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
#define NNRT_CPU_V3 NNRT_RUNS_V3
#define NNRT_CPU_V4 NNRT_RUNS_V4
#define NNRT_CPU_NEON 0
#else /* lane loops: right anywhere, but no reason to prefer them */
#define NNRT_RUNS_V3 1
#define NNRT_RUNS_V4 1
#define NNRT_CPU_V3 0
#define NNRT_CPU_V4 0
#if defined(__aarch64__)
#define NNRT_CPU_NEON 1
#else
#define NNRT_CPU_NEON 0
#endif
#endif
#define NNRT_RUNS_NEON 1
#define NNRT_CPU_GENERIC 1

#if defined(__clang__)
#define NNRT_UNROLL _Pragma("unroll")
#else
#define NNRT_UNROLL _Pragma("GCC unroll 64")
#endif
#endif
