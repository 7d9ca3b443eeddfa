/* fashion_dropout: compiled from models/fashion_dropout.lua by nnc 0.1 for x86-64-v4. Do not edit: change the model.
 * Build: cc -O3 FILE.c -lnnrt -lz -lm -pthread
 * The results have the same bits with any compiler, optimisation, processor and number of threads. */
#define NNRT_V4
#include "nnrt.h"
#include "nnrt_simd.h"
#include <stdio.h>

/* The arenas, in bytes. */
#define PARAMS_BYTES 1077312
#define STATE_BYTES 2155136
#define SCRATCH_BYTES 2130688

/* one of the four words of Philox 4x32-10 (Salmon et al., SC 2011); counter c0 .. c3, key k0, k1 */
static NNRT_INLINE_V4 u32x16 philox_u32x16(u32x16 word, u32x16 c0, u32x16 c1, u32x16 c2, u32x16 c3, u32x16 k0,
    u32x16 k1) {
  u32x16 w0 = c0;
  u32x16 w1 = c1;
  u32x16 w2 = c2;
  u32x16 w3 = c3;
  u32x16 a = k0;
  u32x16 b = k1;
  for (int64_t round = 0; round < 10; ++round) {
    const u32x16 h0 = u32x16_mulhi(w0, u32x16_set1(0xd2511f53u));
    const u32x16 l0 = w0 * 0xd2511f53u;
    const u32x16 h1 = u32x16_mulhi(w2, u32x16_set1(0xcd9e8d57u));
    const u32x16 l1 = w2 * 0xcd9e8d57u;
    w0 = (h1 ^ w1) ^ a;
    w1 = l1;
    w2 = (h0 ^ w3) ^ b;
    w3 = l0;
    a = a + 0x9e3779b9u;
    b = b + 0xbb67ae85u;
  }
  const u32x16 low = u32x16_where(u32x16_eq(word, u32x16_set1(0u)), w0, w1);
  const u32x16 high = u32x16_where(u32x16_eq(word, u32x16_set1(2u)), w2, w3);
  return u32x16_where(u32x16_lt(word, u32x16_set1(2u)), low, high);
}

/* e^x; 0 where the result would be subnormal (below -87.33654) */
static NNRT_INLINE_V4 f32x16 exp_f32x16(f32x16 x) {
  const f32x16 t = f32x16_fma(x, f32x16_set1(1.442695f), f32x16_set1(12582912.0f));
  const f32x16 n = t - 12582912.0f;
  const f32x16 r = f32x16_fma(n, f32x16_set1(-1.4286068e-06f), f32x16_fma(n, f32x16_set1(-0.69314575f), x));
  f32x16 p = f32x16_set1(0.0013839401f);
  p = f32x16_fma(p, r, f32x16_set1(0.008367072f));
  p = f32x16_fma(p, r, f32x16_set1(0.04166774f));
  p = f32x16_fma(p, r, f32x16_set1(0.16666539f));
  p = f32x16_fma(p, r, f32x16_set1(0.49999997f));
  const f32x16 y = f32x16_fma(r, f32x16_fma(r, p, f32x16_set1(1.0f)), f32x16_set1(1.0f));
  const f32x16 scaled = f32x16_bits_i32x16(i32x16_add(i32x16_bits_f32x16(y),
      i32x16_shl(i32x16_bits_f32x16(t), i32x16_set1(23))));
  return f32x16_where(f32x16_le(x, f32x16_set1(88.72283f)),
      f32x16_where(f32x16_lt(x, f32x16_set1(-87.33654f)), f32x16_set1(0.0f), scaled), x * f32x16_set1(INFINITY));
}

/* y >= 0 with the sign of x */
static NNRT_INLINE_V4 f32x16 sign_f32x16(f32x16 y, f32x16 x) {
  return f32x16_bits_i32x16(i32x16_bits_f32x16(y) ^ (i32x16_bits_f32x16(x) & INT32_MIN));
}

/* an odd polynomial below 0.92, then 1 - e^-p(x) */
static NNRT_INLINE_V4 f32x16 erf_f32x16(f32x16 x) {
  const f32x16 a = f32x16_abs(x);
  const f32x16 z = a * a;
  f32x16 p = f32x16_set1(7.9938625e-05f);
  p = f32x16_fma(p, z, f32x16_set1(-0.00080493145f));
  p = f32x16_fma(p, z, f32x16_set1(0.005192382f));
  p = f32x16_fma(p, z, f32x16_set1(-0.026855728f));
  p = f32x16_fma(p, z, f32x16_set1(0.11283626f));
  p = f32x16_fma(p, z, f32x16_set1(-0.3761263f));
  p = f32x16_fma(p, z, f32x16_set1(0.12837917f));
  const f32x16 near = f32x16_fma(p, a, a);
  const f32x16 c = f32x16_where(f32x16_lt(f32x16_set1(4.0f), a), f32x16_set1(4.0f), a);
  f32x16 q = f32x16_set1(5.2421075e-07f);
  q = f32x16_fma(q, c, f32x16_set1(1.4283813e-05f));
  q = f32x16_fma(q, c, f32x16_set1(-0.00039657077f));
  q = f32x16_fma(q, c, f32x16_set1(0.004053135f));
  q = f32x16_fma(q, c, f32x16_set1(-0.024894744f));
  q = f32x16_fma(q, c, f32x16_set1(0.10801157f));
  q = f32x16_fma(q, c, f32x16_set1(0.6335436f));
  q = f32x16_fma(q, c, f32x16_set1(1.1294341f));
  q = f32x16_fma(q, c, f32x16_set1(-0.00016041163f));
  const f32x16 far = 1.0f - exp_f32x16(-q);
  return sign_f32x16(f32x16_where(f32x16_lt(a, f32x16_set1(0.92f)), near, far), x);
}

/* e^x; 0 where the result would be subnormal (below -87.33654) */
static NNRT_INLINE_V4 float exp_f32(float x) {
  const float t = f32_fma(x, 1.442695f, 12582912.0f);
  const float n = t - 12582912.0f;
  const float r = f32_fma(n, -1.4286068e-06f, f32_fma(n, -0.69314575f, x));
  float p = 0.0013839401f;
  p = f32_fma(p, r, 0.008367072f);
  p = f32_fma(p, r, 0.04166774f);
  p = f32_fma(p, r, 0.16666539f);
  p = f32_fma(p, r, 0.49999997f);
  const float y = f32_fma(r, f32_fma(r, p, 1.0f), 1.0f);
  const float scaled = f32_bits_i32(i32_add(i32_bits_f32(y), i32_shl(i32_bits_f32(t), 23)));
  return x <= 88.72283f ? (x < -87.33654f ? 0.0f : scaled) : x * INFINITY;
}

/* e log 2 + log(1 + g + g_low), g in -1/3 .. 1/3; the sum's rounding error is carried along */
static NNRT_INLINE_V4 float log_end_f32(float g, float g_low, float e) {
  float p = 0.117207065f;
  p = f32_fma(p, g, -0.12884937f);
  p = f32_fma(p, g, 0.10823002f);
  p = f32_fma(p, g, -0.12187576f);
  p = f32_fma(p, g, 0.14298926f);
  p = f32_fma(p, g, -0.16680093f);
  p = f32_fma(p, g, 0.19999765f);
  p = f32_fma(p, g, -0.24999811f);
  p = f32_fma(p, g, 0.33333334f);
  const float z = g * g;
  const float low = f32_fma(z, f32_fma(g, p, -0.5f), f32_fma(e, 1.4286068e-06f, g_low));
  const float whole = e * 0.69314575f;
  const float sum = whole + g;
  return sum + (g - (sum - whole) + low);
}

/* x = 2^e m with m in 2/3 .. 4/3; subnormals are scaled first */
static NNRT_INLINE_V4 float log_f32(float x) {
  const bool small = x < 1.1754944e-38f;
  const float v = small ? x * 8388608.0f : x;
  const int32_t b = i32_sub(i32_bits_f32(v), 1059760811);
  const int32_t whole = b & -8388608;
  const float g = f32_bits_i32(i32_sub(i32_bits_f32(v), whole)) - 1.0f;
  const float e = f32_from_i32(i32_shr(b, 23)) + (small ? -23.0f : 0.0f);
  const float y = x < INFINITY ? log_end_f32(g, 0.0f, e) : x;
  return x == 0.0f ? -INFINITY : (x < 0.0f ? NAN : y);
}

/* sin(r + t + k pi/2), r in -pi/4 .. pi/4, t far below r */
static NNRT_INLINE_V4 float sincos_end_f32(float r, float t, int32_t k) {
  const float z = r * r;
  float s = 2.8372474e-06f;
  s = f32_fma(s, z, -0.00019853498f);
  s = f32_fma(s, z, 0.00833338f);
  s = f32_fma(s, z, -0.16666667f);
  const float sine = r + f32_fma(r * z, s, f32_fma(z * -0.5f, t, t));
  float c = -2.8974125e-07f;
  c = f32_fma(c, z, 2.4822968e-05f);
  c = f32_fma(c, z, -0.0013888982f);
  c = f32_fma(c, z, 0.041666668f);
  const float h = f32_fma(z, -0.5f, 1.0f);
  const float cosine = h + (f32_fma(z, -0.5f, 1.0f - h) + f32_fma(z * z, c, -(r * t)));
  const float y = (k & 1) == 0 ? sine : cosine;
  return f32_bits_i32(i32_bits_f32(y) ^ i32_shl(k & 2, 30));
}

/* sin(x + shift pi/2) for x > 2^15 by Payne and Hanek: 96 bits of 2/pi times the mantissa, modulo 4 */
static NNRT_INLINE_V4 float sincos_huge_f32_one(float x, int32_t shift) {
  _Alignas(64) uint32_t word[8];
  word[0] = 0u;
  word[1] = 0xa2f9836eu;
  word[2] = 0x4e441529u;
  word[3] = 0xfc2757d1u;
  word[4] = 0xf534ddc0u;
  word[5] = 0xdb629599u;
  word[6] = 0x3c439041u;
  word[7] = 0xfe5163abu;
  const uint32_t b = u32_bits_f32(x);
  const uint32_t mantissa = (b & 0x7fffffu) | 0x800000u;
  const uint32_t place = u32_minimum(u32_shr(b, 23u), 254u) - 120u;
  const int64_t j = i64_from_u32(u32_shr(place, 5u));
  const uint32_t up = place & 31u;
  const uint32_t down = 32u - up;
  const uint32_t w0 = u32_shl(word[j], up) | u32_shr(word[j + 1], down);
  const uint32_t w1 = u32_shl(word[j + 1], up) | u32_shr(word[j + 2], down);
  const uint32_t w2 = u32_shl(word[j + 2], up) | u32_shr(word[j + 3], down);
  const uint32_t above = u32_mulhi(mantissa, w2);
  const uint32_t middle = mantissa * w1 + above;
  const uint32_t carry = middle < above ? 1u : 0u;
  const uint32_t high = mantissa * w0 + u32_mulhi(mantissa, w1) + carry;
  const uint32_t k = u32_shr(high + 0x20000000u, 30u);
  const uint32_t rest = high - u32_shl(k, 30u);
  const bool below = i32_bits_u32(rest) < 0;
  const uint32_t h = below ? u32_not(rest) + (middle == 0u ? 1u : 0u) : rest;
  const uint32_t l = below ? 0u - middle : middle;
  const float f0 = (f32_bits_u32(u32_shr(h, 6u) + 0x4b000000u) - 8388608.0f) * 5.9604645e-08f;
  const uint32_t bits1 = u32_shl(h & 63u, 17u) | u32_shr(l, 15u);
  const float f1 = (f32_bits_u32(bits1 + 0x4b000000u) - 8388608.0f) * 7.1054274e-15f;
  const float f2 = (f32_bits_u32((l & 32767u) + 0x4b000000u) - 8388608.0f) * 2.1684043e-19f;
  const float s = f0 + f1;
  const float e = f1 - (s - f0) + f2;
  const float r = s * 1.5707964f;
  const float t = f32_fma(s, 1.5707964f, -r) + f32_fma(s, -4.371139e-08f, e * 1.5707964f);
  const float turned = below ? -r : r;
  return sincos_end_f32(turned, below ? -t : t, i32_add(i32_bits_u32(k), shift));
}

/* sin(|x| + shift pi/2): Cody and Waite in three pieces up to 2^15; beyond it lane by lane */
static NNRT_INLINE_V4 float sincos_f32(float x, int32_t shift) {
  const float a = f32_abs(x);
  const float q = f32_fma(a, 0.63661975f, 12582912.0f);
  const float n = q - 12582912.0f;
  const float r0 = f32_fma(n, -1.5707964f, a);
  const float w = n * -4.371139e-08f;
  const float w_low = f32_fma(n, -4.371139e-08f, -w);
  const float r = r0 - w;
  const float v = r - r0;
  const float lost = r0 - (r - v) - (w + v);
  const float t = f32_fma(n, 1.7151245e-15f, lost - w_low);
  const float y = sincos_end_f32(r, t, i32_add(i32_bits_f32(q), shift));
  _Alignas(64) float arg[1];
  _Alignas(64) float value[1];
  arg[0] = a;
  value[0] = y;
  for (int64_t l = 0; l < 1; ++l) {
    const float one = arg[l];
    if (32768.0f < one) {
      value[l] = sincos_huge_f32_one(one, shift);
    }
  }
  return a < INFINITY ? value[0] : a - a;
}

static NNRT_INLINE_V4 float cos_f32(float x) {
  return sincos_f32(x, 1);
}

/* e^x - 1 = 2 (h e^r + (h - 1/2) - h), h = 2^(n-1), r = x - n log 2 in two pieces */
static NNRT_INLINE_V4 float expm1_f32(float x) {
  const float c = x < -18.0f ? -18.0f : x;
  const float t = f32_fma(c, 1.442695f, 12582912.0f);
  const float n = t - 12582912.0f;
  const float r0 = f32_fma(n, -0.69314575f, c);
  const float r = f32_fma(n, -1.4286068e-06f, r0);
  const float s = f32_fma(n, -1.4286068e-06f, r0 - r);
  float p = 0.0013839401f;
  p = f32_fma(p, r, 0.008367072f);
  p = f32_fma(p, r, 0.04166774f);
  p = f32_fma(p, r, 0.16666539f);
  p = f32_fma(p, r, 0.49999997f);
  const float h = f32_bits_i32(i32_shl(i32_add(i32_bits_f32(t), 126), 23));
  const float down = h - 0.5f;
  const float sum = f32_fma(r, h, down);
  const float lost = f32_fma(r, h, down - sum);
  const float y = (sum + f32_fma(f32_fma(r * r, p, s), h, lost)) * 2.0f;
  const float near = f32_abs(x) < 2.9802322e-08f ? x : y;
  return x <= 88.72283f ? near : x * INFINITY;
}

/* y >= 0 with the sign of x */
static NNRT_INLINE_V4 float sign_f32(float y, float x) {
  return f32_bits_i32(i32_bits_f32(y) ^ (i32_bits_f32(x) & INT32_MIN));
}

/* an odd polynomial below 0.92, then 1 - e^-p(x) */
static NNRT_INLINE_V4 float erf_f32(float x) {
  const float a = f32_abs(x);
  const float z = a * a;
  float p = 7.9938625e-05f;
  p = f32_fma(p, z, -0.00080493145f);
  p = f32_fma(p, z, 0.005192382f);
  p = f32_fma(p, z, -0.026855728f);
  p = f32_fma(p, z, 0.11283626f);
  p = f32_fma(p, z, -0.3761263f);
  p = f32_fma(p, z, 0.12837917f);
  const float near = f32_fma(p, a, a);
  const float c = 4.0f < a ? 4.0f : a;
  float q = 5.2421075e-07f;
  q = f32_fma(q, c, 1.4283813e-05f);
  q = f32_fma(q, c, -0.00039657077f);
  q = f32_fma(q, c, 0.004053135f);
  q = f32_fma(q, c, -0.024894744f);
  q = f32_fma(q, c, 0.10801157f);
  q = f32_fma(q, c, 0.6335436f);
  q = f32_fma(q, c, 1.1294341f);
  q = f32_fma(q, c, -0.00016041163f);
  const float far = 1.0f - exp_f32(-q);
  return sign_f32(a < 0.92f ? near : far, x);
}

/* models/fashion_dropout.lua:8  nn.Linear(784, width), nn.GELU(), nn.Dropout(0.2),
 * models/fashion_dropout.lua:9  nn.Linear(width, width), nn.GELU(), nn.Dropout(0.2),
 * models/fashion_dropout.lua:10  nn.Linear(width, 10),
 * models/fashion_dropout.lua:18  local optimizer = nn.AdamW {
 * models/fashion_dropout.lua:28  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return... */
static NNRT_KERNEL_V4 void linear(const uint32_t *restrict nnrt_seed, float *restrict p1_weight,
    float *restrict p1_bias, float *restrict p4_weight, float *restrict p4_bias, float *restrict p7_weight,
    float *restrict p7_bias, int32_t *restrict optimizer_0_step, int32_t *restrict validate_rows,
    uint32_t *restrict nnrt_calls_train, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(98, thread), u_end = nnrt_hi(98, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 200704); j += 16) {
      const u32x16 element = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
      const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
      const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0x8cf06a07u),
          u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.071428575f;
      f32x16_store(&p1_weight[j], v - 0.035714287f);
    }
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    for (int64_t j = 0; j < 256; j += 16) {
      const u32x16 element = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
      const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
      const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0x226576b6u),
          u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.071428575f;
      f32x16_store(&p1_bias[j], v - 0.035714287f);
    }
  }
  for (int64_t u = nnrt_lo(32, thread), u_end = nnrt_hi(32, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 65536); j += 16) {
      const u32x16 element = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
      const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
      const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0xfee73fe7u),
          u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.125f;
      f32x16_store(&p4_weight[j], v - 0.0625f);
    }
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    for (int64_t j = 0; j < 256; j += 16) {
      const u32x16 element = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
      const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
      const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0xd04964cau),
          u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.125f;
      f32x16_store(&p4_bias[j], v - 0.0625f);
    }
  }
  for (int64_t u = nnrt_lo(2, thread), u_end = nnrt_hi(2, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 2560); j += 16) {
      const u32x16 element = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
      const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
      const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0x4e4659c8u),
          u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.125f;
      f32x16_store(&p7_weight[j], v - 0.0625f);
    }
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    const u32x16 element = u32x16_from_i32x16(i32x16_lane());
    const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
    const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
    const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0xe3274a42u),
        u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
    const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.125f;
    f32x16_store_mask(p7_bias, v - 0.0625f, boolx16_mask(10));
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    optimizer_0_step[0] = 0;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    validate_rows[0] = 0;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    nnrt_calls_train[0] = 0u;
  }
}

/* models/fashion_dropout.lua:18  local optimizer = nn.AdamW { */
static NNRT_KERNEL_V4 void adamw(float *restrict optimizer_0_exp_avg_1_weight, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(98, thread), u_end = nnrt_hi(98, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 200704); j += 16) {
      f32x16_store(&optimizer_0_exp_avg_1_weight[j], f32x16_set1(0.0f));
    }
  }
}

/* models/fashion_dropout.lua:18  local optimizer = nn.AdamW { */
static NNRT_KERNEL_V4 void adamw_2(float *restrict optimizer_0_exp_avg_1_bias, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    for (int64_t j = 0; j < 256; j += 16) {
      f32x16_store(&optimizer_0_exp_avg_1_bias[j], f32x16_set1(0.0f));
    }
  }
}

/* models/fashion_dropout.lua:18  local optimizer = nn.AdamW { */
static NNRT_KERNEL_V4 void adamw_3(float *restrict optimizer_0_exp_avg_4_weight, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(32, thread), u_end = nnrt_hi(32, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 65536); j += 16) {
      f32x16_store(&optimizer_0_exp_avg_4_weight[j], f32x16_set1(0.0f));
    }
  }
}

/* models/fashion_dropout.lua:18  local optimizer = nn.AdamW { */
static NNRT_KERNEL_V4 void adamw_4(float *restrict optimizer_0_exp_avg_7_weight, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(2, thread), u_end = nnrt_hi(2, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 2560); j += 16) {
      f32x16_store(&optimizer_0_exp_avg_7_weight[j], f32x16_set1(0.0f));
    }
  }
}

/* models/fashion_dropout.lua:18  local optimizer = nn.AdamW { */
static NNRT_KERNEL_V4 void adamw_5(float *restrict optimizer_0_exp_avg_7_bias, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16_store_mask(optimizer_0_exp_avg_7_bias, f32x16_set1(0.0f), boolx16_mask(10));
  }
}

/* models/fashion_dropout.lua:28  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return... */
static NNRT_KERNEL_V4 void evaluate(double *restrict validate_sum_accuracy, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    validate_sum_accuracy[0] = 0.0;
  }
}

/* models/fashion_dropout.lua:28  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return... */
static NNRT_KERNEL_V4 void evaluate_2(float *restrict validate_accuracy, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    validate_accuracy[0] = 0.0f;
  }
}

/* models/fashion_dropout.lua:25  data     = { train = nn.data.fashion_mnist { split = "train", batch = 128, shuff... */
static NNRT_KERNEL_V4 void fashion_mnist(const uint8_t *restrict x, float *restrict fashion_mnist,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(49, thread), u_end = nnrt_hi(49, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 100352); j += 16) {
      const u8x16 x_2 = u8x16_load(&x[j]);
      f32x16_store(&fashion_mnist[j], f32x16_from_u8x16(x_2) / 255.0f);
    }
  }
}

/* 1.weight as 8 panels of 32 columns
 * models/fashion_dropout.lua:8  nn.Linear(784, width), nn.GELU(), nn.Dropout(0.2), */
static NNRT_KERNEL_V4 void pack_1_weight(const float *restrict p1_weight, float *restrict p1_weight_panels,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(32, thread), u_end = nnrt_hi(32, thread); u < u_end; ++u) {
    const int64_t chunk = u % 4;
    const int64_t panel = u / 4;
    const int64_t k_lo = chunk * 256;
    const int64_t k_hi = i64_minimum(k_lo + 256, 784);
    const int64_t from = panel * 25088;
    const int64_t to = panel * 25088;
    for (int64_t k = k_lo; k < k_hi; k += 16) {
      for (int64_t j = 0; j < 32; j += 16) {
        f32x16_transpose(&p1_weight_panels[to + j + k * 32], 32, &p1_weight[from + j * 784 + k], 784);
      }
    }
  }
}

/* [128,784] x [784,256]: panels of 32 columns, tiles of 8 rows
 * models/fashion_dropout.lua:8  nn.Linear(784, width), nn.GELU(), nn.Dropout(0.2), */
static NNRT_KERNEL_V4 void linear_gelu_dropout(const float *restrict fashion_mnist,
    const float *restrict p1_weight_panels, const float *restrict p1_bias, const uint32_t *restrict nnrt_seed,
    const uint32_t *restrict nnrt_calls_train, float *restrict linear, float *restrict gelu, float *restrict dropout,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(128, thread), u_end = nnrt_hi(128, thread); u < u_end; ++u) {
    const int64_t tile = u % 16;
    const int64_t panel = u / 16;
    _Alignas(64) float part[256];
    const int64_t wide = panel * 25088;
    const int64_t narrow = tile * 6272;
    f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0}, c4b = {0},
        c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0};
    for (int64_t k = 0; k < 784; ++k) {
      const f32x16 b_a = f32x16_load(&p1_weight_panels[wide + k * 32]);
      const f32x16 b_b = f32x16_load(&p1_weight_panels[wide + k * 32 + 16]);
      const f32x16 x0 = f32x16_set1(fashion_mnist[narrow + k]);
      c0a = f32x16_fma(x0, b_a, c0a);
      c0b = f32x16_fma(x0, b_b, c0b);
      const f32x16 x1 = f32x16_set1(fashion_mnist[narrow + k + 784]);
      c1a = f32x16_fma(x1, b_a, c1a);
      c1b = f32x16_fma(x1, b_b, c1b);
      const f32x16 x2 = f32x16_set1(fashion_mnist[narrow + k + 1568]);
      c2a = f32x16_fma(x2, b_a, c2a);
      c2b = f32x16_fma(x2, b_b, c2b);
      const f32x16 x3 = f32x16_set1(fashion_mnist[narrow + k + 2352]);
      c3a = f32x16_fma(x3, b_a, c3a);
      c3b = f32x16_fma(x3, b_b, c3b);
      const f32x16 x4 = f32x16_set1(fashion_mnist[narrow + k + 3136]);
      c4a = f32x16_fma(x4, b_a, c4a);
      c4b = f32x16_fma(x4, b_b, c4b);
      const f32x16 x5 = f32x16_set1(fashion_mnist[narrow + k + 3920]);
      c5a = f32x16_fma(x5, b_a, c5a);
      c5b = f32x16_fma(x5, b_b, c5b);
      const f32x16 x6 = f32x16_set1(fashion_mnist[narrow + k + 4704]);
      c6a = f32x16_fma(x6, b_a, c6a);
      c6b = f32x16_fma(x6, b_b, c6b);
      const f32x16 x7 = f32x16_set1(fashion_mnist[narrow + k + 5488]);
      c7a = f32x16_fma(x7, b_a, c7a);
      c7b = f32x16_fma(x7, b_b, c7b);
    }
    f32x16_store(part, c0a);
    f32x16_store(&part[16], c0b);
    f32x16_store(&part[32], c1a);
    f32x16_store(&part[48], c1b);
    f32x16_store(&part[64], c2a);
    f32x16_store(&part[80], c2b);
    f32x16_store(&part[96], c3a);
    f32x16_store(&part[112], c3b);
    f32x16_store(&part[128], c4a);
    f32x16_store(&part[144], c4b);
    f32x16_store(&part[160], c5a);
    f32x16_store(&part[176], c5b);
    f32x16_store(&part[192], c6a);
    f32x16_store(&part[208], c6b);
    f32x16_store(&part[224], c7a);
    f32x16_store(&part[240], c7b);
    const int64_t row_first = tile * 8;
    for (int64_t r = 0; r < 8; ++r) {
      const int64_t row = row_first + r;
      const uint32_t nnrt_seed_2 = nnrt_seed[0];
      const uint32_t nnrt_seed_3 = nnrt_seed[1];
      const uint32_t nnrt_calls_train_2 = nnrt_calls_train[0];
      for (int64_t j = 0; j < 32; j += 16) {
        const f32x16 c = f32x16_load(&part[r * 32 + j]);
        const f32x16 p1_bias_2 = f32x16_load(&p1_bias[panel * 32 + j]);
        const f32x16 v = c + p1_bias_2;
        const f32x16 v_2 = erf_f32x16(v * 0.70710677f);
        const u32x16 element = u32_from_i64(row * 256 + panel * 32 + j) + u32x16_from_i32x16(i32x16_lane());
        const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
        const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
        const u32x16 r_2 = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(nnrt_calls_train_2),
            u32x16_set1(0xa397f6d9u), u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
        const boolx16 v_3 = f32x16_le(f32x16_set1(0.2f), f32x16_from_u32x16(u32x16_shr(r_2, u32x16_set1(8u)))
            * 5.9604645e-08f);
        const f32x16 v_4 = f32x16_where(v_3, v * 0.5f * (v_2 + 1.0f) * 1.25f, f32x16_set1(0.0f));
        f32x16_store(&linear[row * 256 + panel * 32 + j], v);
        f32x16_store(&gelu[row * 256 + panel * 32 + j], v_2);
        f32x16_store(&dropout[row * 256 + panel * 32 + j], v_4);
      }
    }
  }
}

/* 4.weight as 8 panels of 32 columns
 * models/fashion_dropout.lua:9  nn.Linear(width, width), nn.GELU(), nn.Dropout(0.2), */
static NNRT_KERNEL_V4 void pack_4_weight(const float *restrict p4_weight, float *restrict p4_weight_panels,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(8, thread), u_end = nnrt_hi(8, thread); u < u_end; ++u) {
    const int64_t from = u * 8192;
    const int64_t to = u * 8192;
    for (int64_t k = 0; k < 256; k += 16) {
      for (int64_t j = 0; j < 32; j += 16) {
        f32x16_transpose(&p4_weight_panels[to + j + k * 32], 32, &p4_weight[from + j * 256 + k], 256);
      }
    }
  }
}

/* [128,256] x [256,256]: panels of 32 columns, tiles of 8 rows
 * models/fashion_dropout.lua:9  nn.Linear(width, width), nn.GELU(), nn.Dropout(0.2), */
static NNRT_KERNEL_V4 void linear_gelu_dropout_2(const float *restrict dropout, const float *restrict p4_weight_panels,
    const float *restrict p4_bias, const uint32_t *restrict nnrt_seed, const uint32_t *restrict nnrt_calls_train,
    float *restrict linear, float *restrict gelu, float *restrict dropout_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(64, thread), u_end = nnrt_hi(64, thread); u < u_end; ++u) {
    const int64_t part_of_block = u % 8;
    const int64_t panel = u / 8;
    const int64_t tile_first = part_of_block * 2;
    const int64_t tile_end = tile_first + 2;
    _Alignas(64) float part[256];
    for (int64_t tile = tile_first; tile < tile_end; ++tile) {
      const int64_t wide = panel * 8192;
      const int64_t narrow = tile * 2048;
      f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
          c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0};
      for (int64_t k = 0; k < 256; ++k) {
        const f32x16 b_a = f32x16_load(&p4_weight_panels[wide + k * 32]);
        const f32x16 b_b = f32x16_load(&p4_weight_panels[wide + k * 32 + 16]);
        const f32x16 x0 = f32x16_set1(dropout[narrow + k]);
        c0a = f32x16_fma(x0, b_a, c0a);
        c0b = f32x16_fma(x0, b_b, c0b);
        const f32x16 x1 = f32x16_set1(dropout[narrow + k + 256]);
        c1a = f32x16_fma(x1, b_a, c1a);
        c1b = f32x16_fma(x1, b_b, c1b);
        const f32x16 x2 = f32x16_set1(dropout[narrow + k + 512]);
        c2a = f32x16_fma(x2, b_a, c2a);
        c2b = f32x16_fma(x2, b_b, c2b);
        const f32x16 x3 = f32x16_set1(dropout[narrow + k + 768]);
        c3a = f32x16_fma(x3, b_a, c3a);
        c3b = f32x16_fma(x3, b_b, c3b);
        const f32x16 x4 = f32x16_set1(dropout[narrow + k + 1024]);
        c4a = f32x16_fma(x4, b_a, c4a);
        c4b = f32x16_fma(x4, b_b, c4b);
        const f32x16 x5 = f32x16_set1(dropout[narrow + k + 1280]);
        c5a = f32x16_fma(x5, b_a, c5a);
        c5b = f32x16_fma(x5, b_b, c5b);
        const f32x16 x6 = f32x16_set1(dropout[narrow + k + 1536]);
        c6a = f32x16_fma(x6, b_a, c6a);
        c6b = f32x16_fma(x6, b_b, c6b);
        const f32x16 x7 = f32x16_set1(dropout[narrow + k + 1792]);
        c7a = f32x16_fma(x7, b_a, c7a);
        c7b = f32x16_fma(x7, b_b, c7b);
      }
      f32x16_store(part, c0a);
      f32x16_store(&part[16], c0b);
      f32x16_store(&part[32], c1a);
      f32x16_store(&part[48], c1b);
      f32x16_store(&part[64], c2a);
      f32x16_store(&part[80], c2b);
      f32x16_store(&part[96], c3a);
      f32x16_store(&part[112], c3b);
      f32x16_store(&part[128], c4a);
      f32x16_store(&part[144], c4b);
      f32x16_store(&part[160], c5a);
      f32x16_store(&part[176], c5b);
      f32x16_store(&part[192], c6a);
      f32x16_store(&part[208], c6b);
      f32x16_store(&part[224], c7a);
      f32x16_store(&part[240], c7b);
      const int64_t row_first = tile * 8;
      for (int64_t r = 0; r < 8; ++r) {
        const int64_t row = row_first + r;
        const uint32_t nnrt_seed_2 = nnrt_seed[0];
        const uint32_t nnrt_seed_3 = nnrt_seed[1];
        const uint32_t nnrt_calls_train_2 = nnrt_calls_train[0];
        for (int64_t j = 0; j < 32; j += 16) {
          const f32x16 c = f32x16_load(&part[r * 32 + j]);
          const f32x16 p4_bias_2 = f32x16_load(&p4_bias[panel * 32 + j]);
          const f32x16 v = c + p4_bias_2;
          const f32x16 v_2 = erf_f32x16(v * 0.70710677f);
          const u32x16 element = u32_from_i64(row * 256 + panel * 32 + j) + u32x16_from_i32x16(i32x16_lane());
          const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
          const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
          const u32x16 r_2 = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(nnrt_calls_train_2),
              u32x16_set1(0xce4a7fb3u), u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
          const boolx16 v_3 = f32x16_le(f32x16_set1(0.2f), f32x16_from_u32x16(u32x16_shr(r_2, u32x16_set1(8u)))
              * 5.9604645e-08f);
          const f32x16 v_4 = f32x16_where(v_3, v * 0.5f * (v_2 + 1.0f) * 1.25f, f32x16_set1(0.0f));
          f32x16_store(&linear[row * 256 + panel * 32 + j], v);
          f32x16_store(&gelu[row * 256 + panel * 32 + j], v_2);
          f32x16_store(&dropout_2[row * 256 + panel * 32 + j], v_4);
        }
      }
    }
  }
}

/* 7.weight as 1 panel of 16 columns
 * models/fashion_dropout.lua:10  nn.Linear(width, 10), */
static NNRT_KERNEL_V4 void pack_7_weight(const float *restrict p7_weight, float *restrict p7_weight_panels,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    for (int64_t k = 0; k < 256; k += 8) {
      f32x8_transpose(&p7_weight_panels[k * 16], 16, &p7_weight[k], 256);
    }
    for (int64_t k = 0; k < 256; ++k) {
      for (int64_t j = 8; j < 10; ++j) {
        p7_weight_panels[j + k * 16] = p7_weight[j * 256 + k];
      }
      for (int64_t j = 10; j < 16; ++j) {
        p7_weight_panels[j + k * 16] = 0.0f;
      }
    }
  }
}

/* [128,256] x [256,10]: panels of 16 columns, tiles of 16 rows
 * models/fashion_dropout.lua:10  nn.Linear(width, 10), */
static NNRT_KERNEL_V4 void linear_2(const float *restrict dropout, const float *restrict p7_weight_panels,
    float *restrict linear, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(4, thread), u_end = nnrt_hi(4, thread); u < u_end; ++u) {
    const int64_t tile_first = u * 2;
    const int64_t tile_end = tile_first + 2;
    _Alignas(64) float part[256];
    for (int64_t tile = tile_first; tile < tile_end; ++tile) {
      const int64_t narrow = tile * 4096;
      f32x16 c0a = {0}, c1a = {0}, c2a = {0}, c3a = {0}, c4a = {0}, c5a = {0}, c6a = {0}, c7a = {0}, c8a = {0},
          c9a = {0}, c10a = {0}, c11a = {0}, c12a = {0}, c13a = {0}, c14a = {0}, c15a = {0};
      for (int64_t k = 0; k < 256; ++k) {
        const f32x16 b_a = f32x16_load(&p7_weight_panels[k * 16]);
        const f32x16 x0 = f32x16_set1(dropout[narrow + k]);
        c0a = f32x16_fma(x0, b_a, c0a);
        const f32x16 x1 = f32x16_set1(dropout[narrow + k + 256]);
        c1a = f32x16_fma(x1, b_a, c1a);
        const f32x16 x2 = f32x16_set1(dropout[narrow + k + 512]);
        c2a = f32x16_fma(x2, b_a, c2a);
        const f32x16 x3 = f32x16_set1(dropout[narrow + k + 768]);
        c3a = f32x16_fma(x3, b_a, c3a);
        const f32x16 x4 = f32x16_set1(dropout[narrow + k + 1024]);
        c4a = f32x16_fma(x4, b_a, c4a);
        const f32x16 x5 = f32x16_set1(dropout[narrow + k + 1280]);
        c5a = f32x16_fma(x5, b_a, c5a);
        const f32x16 x6 = f32x16_set1(dropout[narrow + k + 1536]);
        c6a = f32x16_fma(x6, b_a, c6a);
        const f32x16 x7 = f32x16_set1(dropout[narrow + k + 1792]);
        c7a = f32x16_fma(x7, b_a, c7a);
        const f32x16 x8 = f32x16_set1(dropout[narrow + k + 2048]);
        c8a = f32x16_fma(x8, b_a, c8a);
        const f32x16 x9 = f32x16_set1(dropout[narrow + k + 2304]);
        c9a = f32x16_fma(x9, b_a, c9a);
        const f32x16 x10 = f32x16_set1(dropout[narrow + k + 2560]);
        c10a = f32x16_fma(x10, b_a, c10a);
        const f32x16 x11 = f32x16_set1(dropout[narrow + k + 2816]);
        c11a = f32x16_fma(x11, b_a, c11a);
        const f32x16 x12 = f32x16_set1(dropout[narrow + k + 3072]);
        c12a = f32x16_fma(x12, b_a, c12a);
        const f32x16 x13 = f32x16_set1(dropout[narrow + k + 3328]);
        c13a = f32x16_fma(x13, b_a, c13a);
        const f32x16 x14 = f32x16_set1(dropout[narrow + k + 3584]);
        c14a = f32x16_fma(x14, b_a, c14a);
        const f32x16 x15 = f32x16_set1(dropout[narrow + k + 3840]);
        c15a = f32x16_fma(x15, b_a, c15a);
      }
      f32x16_store(part, c0a);
      f32x16_store(&part[16], c1a);
      f32x16_store(&part[32], c2a);
      f32x16_store(&part[48], c3a);
      f32x16_store(&part[64], c4a);
      f32x16_store(&part[80], c5a);
      f32x16_store(&part[96], c6a);
      f32x16_store(&part[112], c7a);
      f32x16_store(&part[128], c8a);
      f32x16_store(&part[144], c9a);
      f32x16_store(&part[160], c10a);
      f32x16_store(&part[176], c11a);
      f32x16_store(&part[192], c12a);
      f32x16_store(&part[208], c13a);
      f32x16_store(&part[224], c14a);
      f32x16_store(&part[240], c15a);
      const int64_t row_first = tile * 16;
      for (int64_t r = 0; r < 16; ++r) {
        const int64_t row = row_first + r;
        const f32x16 c = f32x16_load(&part[r * 16]);
        f32x16_store_mask(&linear[row * 10], c, boolx16_mask(10));
      }
    }
  }
}

/* models/fashion_dropout.lua:15  return nn.cross_entropy(scores, b.y), { accuracy = nn.accuracy(scores, b.y) } */
static NNRT_KERNEL_V4 void cross_entropy_accuracy(const float *linear, const float *restrict p7_bias,
    const uint8_t *restrict y, float *restrict cross_entropy, int32_t *restrict accuracy, float *grad_cross_entropy,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(128, thread), u_end = nnrt_hi(128, thread); u < u_end; ++u) {
    _Alignas(64) float lanes[16];
    _Alignas(64) float parts[1];
    for (int64_t i = 0; i < 16; ++i) {
      lanes[i] = -INFINITY;
    }
    for (int64_t r = 0; r < 10; ++r) {
      const int64_t lane = r % 10 % 16;
      const float linear_2 = linear[u * 10 + r];
      const float p7_bias_2 = p7_bias[r];
      const float scores = linear_2 + p7_bias_2;
      lanes[lane] = f32_maximum(lanes[lane], scores);
      if ((r % 10 == 9) || (r == 9)) {
        for (int64_t i = 0; i < 8; ++i) {
          lanes[i] = f32_maximum(lanes[i], lanes[i + 8]);
        }
        for (int64_t i = 0; i < 4; ++i) {
          lanes[i] = f32_maximum(lanes[i], lanes[i + 4]);
        }
        for (int64_t i = 0; i < 2; ++i) {
          lanes[i] = f32_maximum(lanes[i], lanes[i + 2]);
        }
        lanes[0] = f32_maximum(lanes[0], lanes[1]);
        parts[r / 10] = lanes[0];
        for (int64_t i = 0; i < 16; ++i) {
          lanes[i] = -INFINITY;
        }
      }
    }
    const float max = parts[0];
    _Alignas(64) float lanes_2[16];
    _Alignas(64) float parts_2[1];
    for (int64_t i = 0; i < 16; ++i) {
      lanes_2[i] = 0.0f;
    }
    for (int64_t r = 0; r < 10; ++r) {
      const int64_t lane = r % 10 % 16;
      const uint8_t y_2 = y[u];
      const bool v = i32_from_i64(r) == i32_from_u8(y_2);
      const float linear_2 = linear[u * 10 + r];
      const float p7_bias_2 = p7_bias[r];
      const float scores = linear_2 + p7_bias_2;
      const float v_2 = scores - max;
      lanes_2[lane] = lanes_2[lane] + (v ? v_2 : 0.0f);
      if ((r % 10 == 9) || (r == 9)) {
        for (int64_t i = 0; i < 8; ++i) {
          lanes_2[i] = lanes_2[i] + lanes_2[i + 8];
        }
        for (int64_t i = 0; i < 4; ++i) {
          lanes_2[i] = lanes_2[i] + lanes_2[i + 4];
        }
        for (int64_t i = 0; i < 2; ++i) {
          lanes_2[i] = lanes_2[i] + lanes_2[i + 2];
        }
        lanes_2[0] = lanes_2[0] + lanes_2[1];
        parts_2[r / 10] = lanes_2[0];
        for (int64_t i = 0; i < 16; ++i) {
          lanes_2[i] = 0.0f;
        }
      }
    }
    const float sum = parts_2[0];
    _Alignas(64) float lanes_3[16];
    _Alignas(64) float parts_3[1];
    for (int64_t i = 0; i < 16; ++i) {
      lanes_3[i] = 0.0f;
    }
    for (int64_t r = 0; r < 10; ++r) {
      const int64_t lane = r % 10 % 16;
      const float linear_2 = linear[u * 10 + r];
      const float p7_bias_2 = p7_bias[r];
      const float scores = linear_2 + p7_bias_2;
      const float v = scores - max;
      const float v_2 = exp_f32(v);
      lanes_3[lane] = lanes_3[lane] + v_2;
      if ((r % 10 == 9) || (r == 9)) {
        for (int64_t i = 0; i < 8; ++i) {
          lanes_3[i] = lanes_3[i] + lanes_3[i + 8];
        }
        for (int64_t i = 0; i < 4; ++i) {
          lanes_3[i] = lanes_3[i] + lanes_3[i + 4];
        }
        for (int64_t i = 0; i < 2; ++i) {
          lanes_3[i] = lanes_3[i] + lanes_3[i + 2];
        }
        lanes_3[0] = lanes_3[0] + lanes_3[1];
        parts_3[r / 10] = lanes_3[0];
        for (int64_t i = 0; i < 16; ++i) {
          lanes_3[i] = 0.0f;
        }
      }
    }
    const float sum_2 = parts_3[0];
    float best = -INFINITY;
    int32_t position = 0;
    for (int64_t r = 0; r < 10; ++r) {
      const float linear_2 = linear[u * 10 + r];
      const float p7_bias_2 = p7_bias[r];
      const float scores = linear_2 + p7_bias_2;
      const bool take = ((best < scores) || (bool_not(scores == scores) && (best == best))) || (r == 0);
      best = take ? scores : best;
      position = take ? i32_from_i64(r) : position;
    }
    cross_entropy[u] = log_f32(sum_2) - sum;
    accuracy[u] = position;
    for (int64_t r = 0; r < 10; ++r) {
      const float linear_2 = linear[u * 10 + r];
      const float p7_bias_2 = p7_bias[r];
      const float scores = linear_2 + p7_bias_2;
      const float v = scores - max;
      const float v_2 = exp_f32(v);
      const uint8_t y_2 = y[u];
      const bool v_3 = i32_from_i64(r) == i32_from_u8(y_2);
      grad_cross_entropy[u * 10 + r] = 0.0078125f / sum_2 * v_2 + (v_3 ? -0.0078125f : 0.0f);
    }
  }
}

/* models/fashion_dropout.lua:9  nn.Linear(width, width), nn.GELU(), nn.Dropout(0.2),
 * models/fashion_dropout.lua:10  nn.Linear(width, 10),
 * models/fashion_dropout.lua:15  return nn.cross_entropy(scores, b.y), { accuracy = nn.accuracy(scores, b.y) }
 * models/fashion_dropout.lua:27  train    = nn.train { on = "train", loss = loss, optimizer = optimizer, clip_nor... */
static NNRT_KERNEL_V4 void cross_entropy(const float *restrict cross_entropy, float *restrict loss,
    const int32_t *restrict accuracy, const uint8_t *restrict y, float *restrict accuracy_2,
    const float *restrict grad_cross_entropy, float *restrict linear, float *restrict train,
    const float *restrict p7_weight, const uint32_t *restrict nnrt_seed, const uint32_t *restrict nnrt_calls_train,
    const float *linear_2, const float *restrict gelu, float *grad_linear, const float *restrict dropout,
    float *restrict grad_7_weight, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    for (int64_t r = 0; r < 128; r += 16) {
      const f32x16 cross_entropy_2 = f32x16_load(&cross_entropy[r]);
      acc = acc + cross_entropy_2;
    }
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    loss[0] = sum * 0.0078125f;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    for (int64_t r = 0; r < 128; r += 16) {
      const i32x16 accuracy_3 = i32x16_load(&accuracy[r]);
      const u8x16 y_2 = u8x16_load(&y[r]);
      acc = acc + f32x16_from_boolx16(i32x16_eq(accuracy_3, i32x16_from_u8x16(y_2)));
    }
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    accuracy_2[0] = sum * 0.0078125f;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    _Alignas(64) float parts[32];
    for (int64_t c = 0; c < 2; ++c) {
      f32x16 acc = {0};
      for (int64_t r = c * 64; r < c * 64 + 64; ++r) {
        const f32x16 grad_cross_entropy_2 = f32x16_load_mask(&grad_cross_entropy[r * 10], boolx16_mask(10));
        acc = acc + grad_cross_entropy_2;
      }
      f32x16_store(&parts[c * 16], acc);
    }
    f32x16_store(parts, f32x16_load(parts) + f32x16_load(&parts[16]));
    const f32x16 sum = f32x16_load(parts);
    f32x16_store_mask(linear, sum, boolx16_mask(10));
    f32x16_store_mask(train, sum * sum, boolx16_mask(10));
  }
  for (int64_t u = nnrt_lo(8, thread), u_end = nnrt_hi(8, thread); u < u_end; ++u) {
    _Alignas(64) float part[416];
    for (int64_t tile = 0; tile < 10; ++tile) {
      if (tile < 8) {
        const int64_t wide = u * 32;
        const int64_t narrow = (tile * 12 + i64_minimum(tile, 8)) * 10;
        f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
            c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0},
            c9a = {0}, c9b = {0}, c10a = {0}, c10b = {0}, c11a = {0}, c11b = {0}, c12a = {0}, c12b = {0};
        for (int64_t k = 0; k < 10; ++k) {
          const f32x16 b_a = f32x16_load(&p7_weight[wide + k * 256]);
          const f32x16 b_b = f32x16_load(&p7_weight[wide + k * 256 + 16]);
          const f32x16 x0 = f32x16_set1(grad_cross_entropy[narrow + k]);
          c0a = f32x16_fma(x0, b_a, c0a);
          c0b = f32x16_fma(x0, b_b, c0b);
          const f32x16 x1 = f32x16_set1(grad_cross_entropy[narrow + k + 10]);
          c1a = f32x16_fma(x1, b_a, c1a);
          c1b = f32x16_fma(x1, b_b, c1b);
          const f32x16 x2 = f32x16_set1(grad_cross_entropy[narrow + k + 20]);
          c2a = f32x16_fma(x2, b_a, c2a);
          c2b = f32x16_fma(x2, b_b, c2b);
          const f32x16 x3 = f32x16_set1(grad_cross_entropy[narrow + k + 30]);
          c3a = f32x16_fma(x3, b_a, c3a);
          c3b = f32x16_fma(x3, b_b, c3b);
          const f32x16 x4 = f32x16_set1(grad_cross_entropy[narrow + k + 40]);
          c4a = f32x16_fma(x4, b_a, c4a);
          c4b = f32x16_fma(x4, b_b, c4b);
          const f32x16 x5 = f32x16_set1(grad_cross_entropy[narrow + k + 50]);
          c5a = f32x16_fma(x5, b_a, c5a);
          c5b = f32x16_fma(x5, b_b, c5b);
          const f32x16 x6 = f32x16_set1(grad_cross_entropy[narrow + k + 60]);
          c6a = f32x16_fma(x6, b_a, c6a);
          c6b = f32x16_fma(x6, b_b, c6b);
          const f32x16 x7 = f32x16_set1(grad_cross_entropy[narrow + k + 70]);
          c7a = f32x16_fma(x7, b_a, c7a);
          c7b = f32x16_fma(x7, b_b, c7b);
          const f32x16 x8 = f32x16_set1(grad_cross_entropy[narrow + k + 80]);
          c8a = f32x16_fma(x8, b_a, c8a);
          c8b = f32x16_fma(x8, b_b, c8b);
          const f32x16 x9 = f32x16_set1(grad_cross_entropy[narrow + k + 90]);
          c9a = f32x16_fma(x9, b_a, c9a);
          c9b = f32x16_fma(x9, b_b, c9b);
          const f32x16 x10 = f32x16_set1(grad_cross_entropy[narrow + k + 100]);
          c10a = f32x16_fma(x10, b_a, c10a);
          c10b = f32x16_fma(x10, b_b, c10b);
          const f32x16 x11 = f32x16_set1(grad_cross_entropy[narrow + k + 110]);
          c11a = f32x16_fma(x11, b_a, c11a);
          c11b = f32x16_fma(x11, b_b, c11b);
          const f32x16 x12 = f32x16_set1(grad_cross_entropy[narrow + k + 120]);
          c12a = f32x16_fma(x12, b_a, c12a);
          c12b = f32x16_fma(x12, b_b, c12b);
        }
        f32x16_store(part, c0a);
        f32x16_store(&part[16], c0b);
        f32x16_store(&part[32], c1a);
        f32x16_store(&part[48], c1b);
        f32x16_store(&part[64], c2a);
        f32x16_store(&part[80], c2b);
        f32x16_store(&part[96], c3a);
        f32x16_store(&part[112], c3b);
        f32x16_store(&part[128], c4a);
        f32x16_store(&part[144], c4b);
        f32x16_store(&part[160], c5a);
        f32x16_store(&part[176], c5b);
        f32x16_store(&part[192], c6a);
        f32x16_store(&part[208], c6b);
        f32x16_store(&part[224], c7a);
        f32x16_store(&part[240], c7b);
        f32x16_store(&part[256], c8a);
        f32x16_store(&part[272], c8b);
        f32x16_store(&part[288], c9a);
        f32x16_store(&part[304], c9b);
        f32x16_store(&part[320], c10a);
        f32x16_store(&part[336], c10b);
        f32x16_store(&part[352], c11a);
        f32x16_store(&part[368], c11b);
        f32x16_store(&part[384], c12a);
        f32x16_store(&part[400], c12b);
      } else {
        const int64_t wide = u * 32;
        const int64_t narrow = (tile * 12 + i64_minimum(tile, 8)) * 10;
        f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
            c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0},
            c9a = {0}, c9b = {0}, c10a = {0}, c10b = {0}, c11a = {0}, c11b = {0};
        for (int64_t k = 0; k < 10; ++k) {
          const f32x16 b_a = f32x16_load(&p7_weight[wide + k * 256]);
          const f32x16 b_b = f32x16_load(&p7_weight[wide + k * 256 + 16]);
          const f32x16 x0 = f32x16_set1(grad_cross_entropy[narrow + k]);
          c0a = f32x16_fma(x0, b_a, c0a);
          c0b = f32x16_fma(x0, b_b, c0b);
          const f32x16 x1 = f32x16_set1(grad_cross_entropy[narrow + k + 10]);
          c1a = f32x16_fma(x1, b_a, c1a);
          c1b = f32x16_fma(x1, b_b, c1b);
          const f32x16 x2 = f32x16_set1(grad_cross_entropy[narrow + k + 20]);
          c2a = f32x16_fma(x2, b_a, c2a);
          c2b = f32x16_fma(x2, b_b, c2b);
          const f32x16 x3 = f32x16_set1(grad_cross_entropy[narrow + k + 30]);
          c3a = f32x16_fma(x3, b_a, c3a);
          c3b = f32x16_fma(x3, b_b, c3b);
          const f32x16 x4 = f32x16_set1(grad_cross_entropy[narrow + k + 40]);
          c4a = f32x16_fma(x4, b_a, c4a);
          c4b = f32x16_fma(x4, b_b, c4b);
          const f32x16 x5 = f32x16_set1(grad_cross_entropy[narrow + k + 50]);
          c5a = f32x16_fma(x5, b_a, c5a);
          c5b = f32x16_fma(x5, b_b, c5b);
          const f32x16 x6 = f32x16_set1(grad_cross_entropy[narrow + k + 60]);
          c6a = f32x16_fma(x6, b_a, c6a);
          c6b = f32x16_fma(x6, b_b, c6b);
          const f32x16 x7 = f32x16_set1(grad_cross_entropy[narrow + k + 70]);
          c7a = f32x16_fma(x7, b_a, c7a);
          c7b = f32x16_fma(x7, b_b, c7b);
          const f32x16 x8 = f32x16_set1(grad_cross_entropy[narrow + k + 80]);
          c8a = f32x16_fma(x8, b_a, c8a);
          c8b = f32x16_fma(x8, b_b, c8b);
          const f32x16 x9 = f32x16_set1(grad_cross_entropy[narrow + k + 90]);
          c9a = f32x16_fma(x9, b_a, c9a);
          c9b = f32x16_fma(x9, b_b, c9b);
          const f32x16 x10 = f32x16_set1(grad_cross_entropy[narrow + k + 100]);
          c10a = f32x16_fma(x10, b_a, c10a);
          c10b = f32x16_fma(x10, b_b, c10b);
          const f32x16 x11 = f32x16_set1(grad_cross_entropy[narrow + k + 110]);
          c11a = f32x16_fma(x11, b_a, c11a);
          c11b = f32x16_fma(x11, b_b, c11b);
        }
        f32x16_store(part, c0a);
        f32x16_store(&part[16], c0b);
        f32x16_store(&part[32], c1a);
        f32x16_store(&part[48], c1b);
        f32x16_store(&part[64], c2a);
        f32x16_store(&part[80], c2b);
        f32x16_store(&part[96], c3a);
        f32x16_store(&part[112], c3b);
        f32x16_store(&part[128], c4a);
        f32x16_store(&part[144], c4b);
        f32x16_store(&part[160], c5a);
        f32x16_store(&part[176], c5b);
        f32x16_store(&part[192], c6a);
        f32x16_store(&part[208], c6b);
        f32x16_store(&part[224], c7a);
        f32x16_store(&part[240], c7b);
        f32x16_store(&part[256], c8a);
        f32x16_store(&part[272], c8b);
        f32x16_store(&part[288], c9a);
        f32x16_store(&part[304], c9b);
        f32x16_store(&part[320], c10a);
        f32x16_store(&part[336], c10b);
        f32x16_store(&part[352], c11a);
        f32x16_store(&part[368], c11b);
      }
      const int64_t rows = tile < 8 ? 13 : 12;
      const int64_t row_first = tile * 12 + i64_minimum(tile, 8);
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t row = row_first + r;
        const uint32_t nnrt_seed_2 = nnrt_seed[0];
        const uint32_t nnrt_seed_3 = nnrt_seed[1];
        const uint32_t nnrt_calls_train_2 = nnrt_calls_train[0];
        for (int64_t j = 0; j < 32; j += 16) {
          const f32x16 c = f32x16_load(&part[r * 32 + j]);
          const u32x16 element = u32_from_i64(row * 256 + u * 32 + j) + u32x16_from_i32x16(i32x16_lane());
          const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
          const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
          const u32x16 r_2 = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(nnrt_calls_train_2),
              u32x16_set1(0xce4a7fb3u), u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
          const boolx16 v = f32x16_le(f32x16_set1(0.2f), f32x16_from_u32x16(u32x16_shr(r_2, u32x16_set1(8u)))
              * 5.9604645e-08f);
          const f32x16 grad_gelu = f32x16_where(v, c, f32x16_set1(0.0f)) * 1.25f;
          const f32x16 linear_3 = f32x16_load(&linear_2[row * 256 + u * 32 + j]);
          const f32x16 v_2 = linear_3 * 0.70710677f;
          const f32x16 v_3 = exp_f32x16(-(v_2 * v_2)) * 1.1283792f;
          const f32x16 v_4 = grad_gelu * (linear_3 * 0.5f) * v_3 * 0.70710677f;
          const f32x16 gelu_2 = f32x16_load(&gelu[row * 256 + u * 32 + j]);
          const f32x16 grad_linear_2 = v_4 + grad_gelu * (gelu_2 + 1.0f) * 0.5f;
          f32x16_store(&grad_linear[row * 256 + u * 32 + j], grad_linear_2);
        }
      }
    }
  }
  for (int64_t u = nnrt_lo(8, thread), u_end = nnrt_hi(8, thread); u < u_end; ++u) {
    _Alignas(64) float part[320];
    const int64_t wide = u * 32;
    f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0}, c4b = {0},
        c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0}, c9a = {0}, c9b = {0};
    for (int64_t k = 0; k < 128; ++k) {
      const f32x16 b_a = f32x16_load(&dropout[wide + k * 256]);
      const f32x16 b_b = f32x16_load(&dropout[wide + k * 256 + 16]);
      const f32x16 x0 = f32x16_set1(grad_cross_entropy[k * 10]);
      c0a = f32x16_fma(x0, b_a, c0a);
      c0b = f32x16_fma(x0, b_b, c0b);
      const f32x16 x1 = f32x16_set1(grad_cross_entropy[k * 10 + 1]);
      c1a = f32x16_fma(x1, b_a, c1a);
      c1b = f32x16_fma(x1, b_b, c1b);
      const f32x16 x2 = f32x16_set1(grad_cross_entropy[k * 10 + 2]);
      c2a = f32x16_fma(x2, b_a, c2a);
      c2b = f32x16_fma(x2, b_b, c2b);
      const f32x16 x3 = f32x16_set1(grad_cross_entropy[k * 10 + 3]);
      c3a = f32x16_fma(x3, b_a, c3a);
      c3b = f32x16_fma(x3, b_b, c3b);
      const f32x16 x4 = f32x16_set1(grad_cross_entropy[k * 10 + 4]);
      c4a = f32x16_fma(x4, b_a, c4a);
      c4b = f32x16_fma(x4, b_b, c4b);
      const f32x16 x5 = f32x16_set1(grad_cross_entropy[k * 10 + 5]);
      c5a = f32x16_fma(x5, b_a, c5a);
      c5b = f32x16_fma(x5, b_b, c5b);
      const f32x16 x6 = f32x16_set1(grad_cross_entropy[k * 10 + 6]);
      c6a = f32x16_fma(x6, b_a, c6a);
      c6b = f32x16_fma(x6, b_b, c6b);
      const f32x16 x7 = f32x16_set1(grad_cross_entropy[k * 10 + 7]);
      c7a = f32x16_fma(x7, b_a, c7a);
      c7b = f32x16_fma(x7, b_b, c7b);
      const f32x16 x8 = f32x16_set1(grad_cross_entropy[k * 10 + 8]);
      c8a = f32x16_fma(x8, b_a, c8a);
      c8b = f32x16_fma(x8, b_b, c8b);
      const f32x16 x9 = f32x16_set1(grad_cross_entropy[k * 10 + 9]);
      c9a = f32x16_fma(x9, b_a, c9a);
      c9b = f32x16_fma(x9, b_b, c9b);
    }
    f32x16_store(part, c0a);
    f32x16_store(&part[16], c0b);
    f32x16_store(&part[32], c1a);
    f32x16_store(&part[48], c1b);
    f32x16_store(&part[64], c2a);
    f32x16_store(&part[80], c2b);
    f32x16_store(&part[96], c3a);
    f32x16_store(&part[112], c3b);
    f32x16_store(&part[128], c4a);
    f32x16_store(&part[144], c4b);
    f32x16_store(&part[160], c5a);
    f32x16_store(&part[176], c5b);
    f32x16_store(&part[192], c6a);
    f32x16_store(&part[208], c6b);
    f32x16_store(&part[224], c7a);
    f32x16_store(&part[240], c7b);
    f32x16_store(&part[256], c8a);
    f32x16_store(&part[272], c8b);
    f32x16_store(&part[288], c9a);
    f32x16_store(&part[304], c9b);
    for (int64_t r = 0; r < 10; ++r) {
      for (int64_t j = 0; j < 32; j += 16) {
        const f32x16 c = f32x16_load(&part[r * 32 + j]);
        f32x16_store(&grad_7_weight[r * 256 + u * 32 + j], c);
      }
    }
  }
}

/* models/fashion_dropout.lua:9  nn.Linear(width, width), nn.GELU(), nn.Dropout(0.2),
 * models/fashion_dropout.lua:27  train    = nn.train { on = "train", loss = loss, optimizer = optimizer, clip_nor... */
static NNRT_KERNEL_V4 void linear_train(const float *restrict grad_linear, float *restrict linear,
    float *restrict train, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(4, thread), u_end = nnrt_hi(4, thread); u < u_end; ++u) {
    const int64_t column = u * 64;
    _Alignas(64) float parts[128];
    for (int64_t c = 0; c < 2; ++c) {
      f32x16 acc = {0}, acc_2 = {0}, acc_3 = {0}, acc_4 = {0};
      for (int64_t r = c * 64; r < c * 64 + 64; ++r) {
        const f32x16 grad_linear_2 = f32x16_load(&grad_linear[column + r * 256]);
        acc = acc + grad_linear_2;
        const f32x16 grad_linear_3 = f32x16_load(&grad_linear[column + r * 256 + 16]);
        acc_2 = acc_2 + grad_linear_3;
        const f32x16 grad_linear_4 = f32x16_load(&grad_linear[column + r * 256 + 32]);
        acc_3 = acc_3 + grad_linear_4;
        const f32x16 grad_linear_5 = f32x16_load(&grad_linear[column + r * 256 + 48]);
        acc_4 = acc_4 + grad_linear_5;
      }
      f32x16_store(&parts[c * 64], acc);
      f32x16_store(&parts[c * 64 + 16], acc_2);
      f32x16_store(&parts[c * 64 + 32], acc_3);
      f32x16_store(&parts[c * 64 + 48], acc_4);
    }
    for (int64_t j = 0; j < 64; j += 16) {
      f32x16_store(&parts[j], f32x16_load(&parts[j]) + f32x16_load(&parts[j + 64]));
    }
    const f32x16 sum = f32x16_load(parts);
    const f32x16 sum_2 = f32x16_load(&parts[16]);
    const f32x16 sum_3 = f32x16_load(&parts[32]);
    const f32x16 sum_4 = f32x16_load(&parts[48]);
    f32x16_store(&linear[column], sum);
    f32x16_store(&train[column], sum * sum);
    f32x16_store(&linear[column + 16], sum_2);
    f32x16_store(&train[column + 16], sum_2 * sum_2);
    f32x16_store(&linear[column + 32], sum_3);
    f32x16_store(&train[column + 32], sum_3 * sum_3);
    f32x16_store(&linear[column + 48], sum_4);
    f32x16_store(&train[column + 48], sum_4 * sum_4);
  }
}

/* [128,256] x [256,256]: panels of 32 columns, tiles of 8 rows
 * models/fashion_dropout.lua:8  nn.Linear(784, width), nn.GELU(), nn.Dropout(0.2),
 * models/fashion_dropout.lua:9  nn.Linear(width, width), nn.GELU(), nn.Dropout(0.2), */
static NNRT_KERNEL_V4 void linear_3(const float *restrict grad_linear, const float *restrict p4_weight,
    const uint32_t *restrict nnrt_seed, const uint32_t *restrict nnrt_calls_train, const float *linear,
    const float *restrict gelu, float *grad_linear_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(64, thread), u_end = nnrt_hi(64, thread); u < u_end; ++u) {
    const int64_t part_of_block = u % 8;
    const int64_t panel = u / 8;
    const int64_t tile_first = part_of_block * 2;
    const int64_t tile_end = tile_first + 2;
    _Alignas(64) float part[256];
    for (int64_t tile = tile_first; tile < tile_end; ++tile) {
      const int64_t wide = panel * 32;
      const int64_t narrow = tile * 2048;
      f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
          c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0};
      for (int64_t k = 0; k < 256; ++k) {
        const f32x16 b_a = f32x16_load(&p4_weight[wide + k * 256]);
        const f32x16 b_b = f32x16_load(&p4_weight[wide + k * 256 + 16]);
        const f32x16 x0 = f32x16_set1(grad_linear[narrow + k]);
        c0a = f32x16_fma(x0, b_a, c0a);
        c0b = f32x16_fma(x0, b_b, c0b);
        const f32x16 x1 = f32x16_set1(grad_linear[narrow + k + 256]);
        c1a = f32x16_fma(x1, b_a, c1a);
        c1b = f32x16_fma(x1, b_b, c1b);
        const f32x16 x2 = f32x16_set1(grad_linear[narrow + k + 512]);
        c2a = f32x16_fma(x2, b_a, c2a);
        c2b = f32x16_fma(x2, b_b, c2b);
        const f32x16 x3 = f32x16_set1(grad_linear[narrow + k + 768]);
        c3a = f32x16_fma(x3, b_a, c3a);
        c3b = f32x16_fma(x3, b_b, c3b);
        const f32x16 x4 = f32x16_set1(grad_linear[narrow + k + 1024]);
        c4a = f32x16_fma(x4, b_a, c4a);
        c4b = f32x16_fma(x4, b_b, c4b);
        const f32x16 x5 = f32x16_set1(grad_linear[narrow + k + 1280]);
        c5a = f32x16_fma(x5, b_a, c5a);
        c5b = f32x16_fma(x5, b_b, c5b);
        const f32x16 x6 = f32x16_set1(grad_linear[narrow + k + 1536]);
        c6a = f32x16_fma(x6, b_a, c6a);
        c6b = f32x16_fma(x6, b_b, c6b);
        const f32x16 x7 = f32x16_set1(grad_linear[narrow + k + 1792]);
        c7a = f32x16_fma(x7, b_a, c7a);
        c7b = f32x16_fma(x7, b_b, c7b);
      }
      f32x16_store(part, c0a);
      f32x16_store(&part[16], c0b);
      f32x16_store(&part[32], c1a);
      f32x16_store(&part[48], c1b);
      f32x16_store(&part[64], c2a);
      f32x16_store(&part[80], c2b);
      f32x16_store(&part[96], c3a);
      f32x16_store(&part[112], c3b);
      f32x16_store(&part[128], c4a);
      f32x16_store(&part[144], c4b);
      f32x16_store(&part[160], c5a);
      f32x16_store(&part[176], c5b);
      f32x16_store(&part[192], c6a);
      f32x16_store(&part[208], c6b);
      f32x16_store(&part[224], c7a);
      f32x16_store(&part[240], c7b);
      const int64_t row_first = tile * 8;
      for (int64_t r = 0; r < 8; ++r) {
        const int64_t row = row_first + r;
        const uint32_t nnrt_seed_2 = nnrt_seed[0];
        const uint32_t nnrt_seed_3 = nnrt_seed[1];
        const uint32_t nnrt_calls_train_2 = nnrt_calls_train[0];
        for (int64_t j = 0; j < 32; j += 16) {
          const f32x16 c = f32x16_load(&part[r * 32 + j]);
          const u32x16 element = u32_from_i64(row * 256 + panel * 32 + j) + u32x16_from_i32x16(i32x16_lane());
          const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
          const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
          const u32x16 r_2 = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(nnrt_calls_train_2),
              u32x16_set1(0xa397f6d9u), u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
          const boolx16 v = f32x16_le(f32x16_set1(0.2f), f32x16_from_u32x16(u32x16_shr(r_2, u32x16_set1(8u)))
              * 5.9604645e-08f);
          const f32x16 grad_gelu = f32x16_where(v, c, f32x16_set1(0.0f)) * 1.25f;
          const f32x16 linear_2 = f32x16_load(&linear[row * 256 + panel * 32 + j]);
          const f32x16 v_2 = linear_2 * 0.70710677f;
          const f32x16 v_3 = exp_f32x16(-(v_2 * v_2)) * 1.1283792f;
          const f32x16 v_4 = grad_gelu * (linear_2 * 0.5f) * v_3 * 0.70710677f;
          const f32x16 gelu_2 = f32x16_load(&gelu[row * 256 + panel * 32 + j]);
          const f32x16 grad_linear_3 = v_4 + grad_gelu * (gelu_2 + 1.0f) * 0.5f;
          f32x16_store(&grad_linear_2[row * 256 + panel * 32 + j], grad_linear_3);
        }
      }
    }
  }
}

/* [256,128] x [128,256]: panels of 32 columns, tiles of 14 rows
 * models/fashion_dropout.lua:9  nn.Linear(width, width), nn.GELU(), nn.Dropout(0.2), */
static NNRT_KERNEL_V4 void linear_4(const float *restrict grad_linear, const float *restrict dropout,
    float *restrict grad_4_weight, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(80, thread), u_end = nnrt_hi(80, thread); u < u_end; ++u) {
    const int64_t part_of_block = u % 10;
    const int64_t panel = u / 10;
    const int64_t tile_first = part_of_block * 2;
    const int64_t tile_end = i64_minimum(tile_first + 2, 19);
    _Alignas(64) float part[448];
    for (int64_t tile = tile_first; tile < tile_end; ++tile) {
      if (tile < 9) {
        const int64_t wide = panel * 32;
        const int64_t narrow = tile * 13 + i64_minimum(tile, 9);
        f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
            c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0},
            c9a = {0}, c9b = {0}, c10a = {0}, c10b = {0}, c11a = {0}, c11b = {0}, c12a = {0}, c12b = {0}, c13a = {0},
            c13b = {0};
        for (int64_t k = 0; k < 128; ++k) {
          const f32x16 b_a = f32x16_load(&dropout[wide + k * 256]);
          const f32x16 b_b = f32x16_load(&dropout[wide + k * 256 + 16]);
          const f32x16 x0 = f32x16_set1(grad_linear[narrow + k * 256]);
          c0a = f32x16_fma(x0, b_a, c0a);
          c0b = f32x16_fma(x0, b_b, c0b);
          const f32x16 x1 = f32x16_set1(grad_linear[narrow + k * 256 + 1]);
          c1a = f32x16_fma(x1, b_a, c1a);
          c1b = f32x16_fma(x1, b_b, c1b);
          const f32x16 x2 = f32x16_set1(grad_linear[narrow + k * 256 + 2]);
          c2a = f32x16_fma(x2, b_a, c2a);
          c2b = f32x16_fma(x2, b_b, c2b);
          const f32x16 x3 = f32x16_set1(grad_linear[narrow + k * 256 + 3]);
          c3a = f32x16_fma(x3, b_a, c3a);
          c3b = f32x16_fma(x3, b_b, c3b);
          const f32x16 x4 = f32x16_set1(grad_linear[narrow + k * 256 + 4]);
          c4a = f32x16_fma(x4, b_a, c4a);
          c4b = f32x16_fma(x4, b_b, c4b);
          const f32x16 x5 = f32x16_set1(grad_linear[narrow + k * 256 + 5]);
          c5a = f32x16_fma(x5, b_a, c5a);
          c5b = f32x16_fma(x5, b_b, c5b);
          const f32x16 x6 = f32x16_set1(grad_linear[narrow + k * 256 + 6]);
          c6a = f32x16_fma(x6, b_a, c6a);
          c6b = f32x16_fma(x6, b_b, c6b);
          const f32x16 x7 = f32x16_set1(grad_linear[narrow + k * 256 + 7]);
          c7a = f32x16_fma(x7, b_a, c7a);
          c7b = f32x16_fma(x7, b_b, c7b);
          const f32x16 x8 = f32x16_set1(grad_linear[narrow + k * 256 + 8]);
          c8a = f32x16_fma(x8, b_a, c8a);
          c8b = f32x16_fma(x8, b_b, c8b);
          const f32x16 x9 = f32x16_set1(grad_linear[narrow + k * 256 + 9]);
          c9a = f32x16_fma(x9, b_a, c9a);
          c9b = f32x16_fma(x9, b_b, c9b);
          const f32x16 x10 = f32x16_set1(grad_linear[narrow + k * 256 + 10]);
          c10a = f32x16_fma(x10, b_a, c10a);
          c10b = f32x16_fma(x10, b_b, c10b);
          const f32x16 x11 = f32x16_set1(grad_linear[narrow + k * 256 + 11]);
          c11a = f32x16_fma(x11, b_a, c11a);
          c11b = f32x16_fma(x11, b_b, c11b);
          const f32x16 x12 = f32x16_set1(grad_linear[narrow + k * 256 + 12]);
          c12a = f32x16_fma(x12, b_a, c12a);
          c12b = f32x16_fma(x12, b_b, c12b);
          const f32x16 x13 = f32x16_set1(grad_linear[narrow + k * 256 + 13]);
          c13a = f32x16_fma(x13, b_a, c13a);
          c13b = f32x16_fma(x13, b_b, c13b);
        }
        f32x16_store(part, c0a);
        f32x16_store(&part[16], c0b);
        f32x16_store(&part[32], c1a);
        f32x16_store(&part[48], c1b);
        f32x16_store(&part[64], c2a);
        f32x16_store(&part[80], c2b);
        f32x16_store(&part[96], c3a);
        f32x16_store(&part[112], c3b);
        f32x16_store(&part[128], c4a);
        f32x16_store(&part[144], c4b);
        f32x16_store(&part[160], c5a);
        f32x16_store(&part[176], c5b);
        f32x16_store(&part[192], c6a);
        f32x16_store(&part[208], c6b);
        f32x16_store(&part[224], c7a);
        f32x16_store(&part[240], c7b);
        f32x16_store(&part[256], c8a);
        f32x16_store(&part[272], c8b);
        f32x16_store(&part[288], c9a);
        f32x16_store(&part[304], c9b);
        f32x16_store(&part[320], c10a);
        f32x16_store(&part[336], c10b);
        f32x16_store(&part[352], c11a);
        f32x16_store(&part[368], c11b);
        f32x16_store(&part[384], c12a);
        f32x16_store(&part[400], c12b);
        f32x16_store(&part[416], c13a);
        f32x16_store(&part[432], c13b);
      } else {
        const int64_t wide = panel * 32;
        const int64_t narrow = tile * 13 + i64_minimum(tile, 9);
        f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
            c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0},
            c9a = {0}, c9b = {0}, c10a = {0}, c10b = {0}, c11a = {0}, c11b = {0}, c12a = {0}, c12b = {0};
        for (int64_t k = 0; k < 128; ++k) {
          const f32x16 b_a = f32x16_load(&dropout[wide + k * 256]);
          const f32x16 b_b = f32x16_load(&dropout[wide + k * 256 + 16]);
          const f32x16 x0 = f32x16_set1(grad_linear[narrow + k * 256]);
          c0a = f32x16_fma(x0, b_a, c0a);
          c0b = f32x16_fma(x0, b_b, c0b);
          const f32x16 x1 = f32x16_set1(grad_linear[narrow + k * 256 + 1]);
          c1a = f32x16_fma(x1, b_a, c1a);
          c1b = f32x16_fma(x1, b_b, c1b);
          const f32x16 x2 = f32x16_set1(grad_linear[narrow + k * 256 + 2]);
          c2a = f32x16_fma(x2, b_a, c2a);
          c2b = f32x16_fma(x2, b_b, c2b);
          const f32x16 x3 = f32x16_set1(grad_linear[narrow + k * 256 + 3]);
          c3a = f32x16_fma(x3, b_a, c3a);
          c3b = f32x16_fma(x3, b_b, c3b);
          const f32x16 x4 = f32x16_set1(grad_linear[narrow + k * 256 + 4]);
          c4a = f32x16_fma(x4, b_a, c4a);
          c4b = f32x16_fma(x4, b_b, c4b);
          const f32x16 x5 = f32x16_set1(grad_linear[narrow + k * 256 + 5]);
          c5a = f32x16_fma(x5, b_a, c5a);
          c5b = f32x16_fma(x5, b_b, c5b);
          const f32x16 x6 = f32x16_set1(grad_linear[narrow + k * 256 + 6]);
          c6a = f32x16_fma(x6, b_a, c6a);
          c6b = f32x16_fma(x6, b_b, c6b);
          const f32x16 x7 = f32x16_set1(grad_linear[narrow + k * 256 + 7]);
          c7a = f32x16_fma(x7, b_a, c7a);
          c7b = f32x16_fma(x7, b_b, c7b);
          const f32x16 x8 = f32x16_set1(grad_linear[narrow + k * 256 + 8]);
          c8a = f32x16_fma(x8, b_a, c8a);
          c8b = f32x16_fma(x8, b_b, c8b);
          const f32x16 x9 = f32x16_set1(grad_linear[narrow + k * 256 + 9]);
          c9a = f32x16_fma(x9, b_a, c9a);
          c9b = f32x16_fma(x9, b_b, c9b);
          const f32x16 x10 = f32x16_set1(grad_linear[narrow + k * 256 + 10]);
          c10a = f32x16_fma(x10, b_a, c10a);
          c10b = f32x16_fma(x10, b_b, c10b);
          const f32x16 x11 = f32x16_set1(grad_linear[narrow + k * 256 + 11]);
          c11a = f32x16_fma(x11, b_a, c11a);
          c11b = f32x16_fma(x11, b_b, c11b);
          const f32x16 x12 = f32x16_set1(grad_linear[narrow + k * 256 + 12]);
          c12a = f32x16_fma(x12, b_a, c12a);
          c12b = f32x16_fma(x12, b_b, c12b);
        }
        f32x16_store(part, c0a);
        f32x16_store(&part[16], c0b);
        f32x16_store(&part[32], c1a);
        f32x16_store(&part[48], c1b);
        f32x16_store(&part[64], c2a);
        f32x16_store(&part[80], c2b);
        f32x16_store(&part[96], c3a);
        f32x16_store(&part[112], c3b);
        f32x16_store(&part[128], c4a);
        f32x16_store(&part[144], c4b);
        f32x16_store(&part[160], c5a);
        f32x16_store(&part[176], c5b);
        f32x16_store(&part[192], c6a);
        f32x16_store(&part[208], c6b);
        f32x16_store(&part[224], c7a);
        f32x16_store(&part[240], c7b);
        f32x16_store(&part[256], c8a);
        f32x16_store(&part[272], c8b);
        f32x16_store(&part[288], c9a);
        f32x16_store(&part[304], c9b);
        f32x16_store(&part[320], c10a);
        f32x16_store(&part[336], c10b);
        f32x16_store(&part[352], c11a);
        f32x16_store(&part[368], c11b);
        f32x16_store(&part[384], c12a);
        f32x16_store(&part[400], c12b);
      }
      const int64_t rows = tile < 9 ? 14 : 13;
      const int64_t row_first = tile * 13 + i64_minimum(tile, 9);
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t row = row_first + r;
        for (int64_t j = 0; j < 32; j += 16) {
          const f32x16 c = f32x16_load(&part[r * 32 + j]);
          f32x16_store(&grad_4_weight[row * 256 + panel * 32 + j], c);
        }
      }
    }
  }
}

/* models/fashion_dropout.lua:8  nn.Linear(784, width), nn.GELU(), nn.Dropout(0.2),
 * models/fashion_dropout.lua:27  train    = nn.train { on = "train", loss = loss, optimizer = optimizer, clip_nor... */
static NNRT_KERNEL_V4 void linear_train_2(const float *restrict grad_linear, float *restrict linear,
    float *restrict train, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(4, thread), u_end = nnrt_hi(4, thread); u < u_end; ++u) {
    const int64_t column = u * 64;
    _Alignas(64) float parts[128];
    for (int64_t c = 0; c < 2; ++c) {
      f32x16 acc = {0}, acc_2 = {0}, acc_3 = {0}, acc_4 = {0};
      for (int64_t r = c * 64; r < c * 64 + 64; ++r) {
        const f32x16 grad_linear_2 = f32x16_load(&grad_linear[column + r * 256]);
        acc = acc + grad_linear_2;
        const f32x16 grad_linear_3 = f32x16_load(&grad_linear[column + r * 256 + 16]);
        acc_2 = acc_2 + grad_linear_3;
        const f32x16 grad_linear_4 = f32x16_load(&grad_linear[column + r * 256 + 32]);
        acc_3 = acc_3 + grad_linear_4;
        const f32x16 grad_linear_5 = f32x16_load(&grad_linear[column + r * 256 + 48]);
        acc_4 = acc_4 + grad_linear_5;
      }
      f32x16_store(&parts[c * 64], acc);
      f32x16_store(&parts[c * 64 + 16], acc_2);
      f32x16_store(&parts[c * 64 + 32], acc_3);
      f32x16_store(&parts[c * 64 + 48], acc_4);
    }
    for (int64_t j = 0; j < 64; j += 16) {
      f32x16_store(&parts[j], f32x16_load(&parts[j]) + f32x16_load(&parts[j + 64]));
    }
    const f32x16 sum = f32x16_load(parts);
    const f32x16 sum_2 = f32x16_load(&parts[16]);
    const f32x16 sum_3 = f32x16_load(&parts[32]);
    const f32x16 sum_4 = f32x16_load(&parts[48]);
    f32x16_store(&linear[column], sum);
    f32x16_store(&train[column], sum * sum);
    f32x16_store(&linear[column + 16], sum_2);
    f32x16_store(&train[column + 16], sum_2 * sum_2);
    f32x16_store(&linear[column + 32], sum_3);
    f32x16_store(&train[column + 32], sum_3 * sum_3);
    f32x16_store(&linear[column + 48], sum_4);
    f32x16_store(&train[column + 48], sum_4 * sum_4);
  }
}

/* [256,128] x [128,784]: panels of 48 columns, tiles of 8 rows
 * models/fashion_dropout.lua:8  nn.Linear(784, width), nn.GELU(), nn.Dropout(0.2), */
static NNRT_KERNEL_V4 void linear_5(const float *restrict grad_linear, const float *restrict fashion_mnist,
    float *restrict grad_1_weight, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(272, thread), u_end = nnrt_hi(272, thread); u < u_end; ++u) {
    const int64_t part_of_block = u % 16;
    const int64_t panel = u / 16;
    const int64_t tile_first = part_of_block * 2;
    const int64_t tile_end = tile_first + 2;
    _Alignas(64) float part[384];
    for (int64_t tile = tile_first; tile < tile_end; ++tile) {
      if (panel < 16) {
        const int64_t wide = panel * 48;
        const int64_t narrow = tile * 8;
        f32x16 c0a = {0}, c0b = {0}, c0c = {0}, c1a = {0}, c1b = {0}, c1c = {0}, c2a = {0}, c2b = {0}, c2c = {0},
            c3a = {0}, c3b = {0}, c3c = {0}, c4a = {0}, c4b = {0}, c4c = {0}, c5a = {0}, c5b = {0}, c5c = {0},
            c6a = {0}, c6b = {0}, c6c = {0}, c7a = {0}, c7b = {0}, c7c = {0};
        for (int64_t k = 0; k < 128; ++k) {
          const f32x16 b_a = f32x16_load(&fashion_mnist[wide + k * 784]);
          const f32x16 b_b = f32x16_load(&fashion_mnist[wide + k * 784 + 16]);
          const f32x16 b_c = f32x16_load(&fashion_mnist[wide + k * 784 + 32]);
          const f32x16 x0 = f32x16_set1(grad_linear[narrow + k * 256]);
          c0a = f32x16_fma(x0, b_a, c0a);
          c0b = f32x16_fma(x0, b_b, c0b);
          c0c = f32x16_fma(x0, b_c, c0c);
          const f32x16 x1 = f32x16_set1(grad_linear[narrow + k * 256 + 1]);
          c1a = f32x16_fma(x1, b_a, c1a);
          c1b = f32x16_fma(x1, b_b, c1b);
          c1c = f32x16_fma(x1, b_c, c1c);
          const f32x16 x2 = f32x16_set1(grad_linear[narrow + k * 256 + 2]);
          c2a = f32x16_fma(x2, b_a, c2a);
          c2b = f32x16_fma(x2, b_b, c2b);
          c2c = f32x16_fma(x2, b_c, c2c);
          const f32x16 x3 = f32x16_set1(grad_linear[narrow + k * 256 + 3]);
          c3a = f32x16_fma(x3, b_a, c3a);
          c3b = f32x16_fma(x3, b_b, c3b);
          c3c = f32x16_fma(x3, b_c, c3c);
          const f32x16 x4 = f32x16_set1(grad_linear[narrow + k * 256 + 4]);
          c4a = f32x16_fma(x4, b_a, c4a);
          c4b = f32x16_fma(x4, b_b, c4b);
          c4c = f32x16_fma(x4, b_c, c4c);
          const f32x16 x5 = f32x16_set1(grad_linear[narrow + k * 256 + 5]);
          c5a = f32x16_fma(x5, b_a, c5a);
          c5b = f32x16_fma(x5, b_b, c5b);
          c5c = f32x16_fma(x5, b_c, c5c);
          const f32x16 x6 = f32x16_set1(grad_linear[narrow + k * 256 + 6]);
          c6a = f32x16_fma(x6, b_a, c6a);
          c6b = f32x16_fma(x6, b_b, c6b);
          c6c = f32x16_fma(x6, b_c, c6c);
          const f32x16 x7 = f32x16_set1(grad_linear[narrow + k * 256 + 7]);
          c7a = f32x16_fma(x7, b_a, c7a);
          c7b = f32x16_fma(x7, b_b, c7b);
          c7c = f32x16_fma(x7, b_c, c7c);
        }
        f32x16_store(part, c0a);
        f32x16_store(&part[16], c0b);
        f32x16_store(&part[32], c0c);
        f32x16_store(&part[48], c1a);
        f32x16_store(&part[64], c1b);
        f32x16_store(&part[80], c1c);
        f32x16_store(&part[96], c2a);
        f32x16_store(&part[112], c2b);
        f32x16_store(&part[128], c2c);
        f32x16_store(&part[144], c3a);
        f32x16_store(&part[160], c3b);
        f32x16_store(&part[176], c3c);
        f32x16_store(&part[192], c4a);
        f32x16_store(&part[208], c4b);
        f32x16_store(&part[224], c4c);
        f32x16_store(&part[240], c5a);
        f32x16_store(&part[256], c5b);
        f32x16_store(&part[272], c5c);
        f32x16_store(&part[288], c6a);
        f32x16_store(&part[304], c6b);
        f32x16_store(&part[320], c6c);
        f32x16_store(&part[336], c7a);
        f32x16_store(&part[352], c7b);
        f32x16_store(&part[368], c7c);
      } else {
        const int64_t wide = panel * 48;
        const int64_t narrow = tile * 8;
        f32x16 c0a = {0}, c1a = {0}, c2a = {0}, c3a = {0}, c4a = {0}, c5a = {0}, c6a = {0}, c7a = {0};
        for (int64_t k = 0; k < 128; ++k) {
          const f32x16 b_a = f32x16_load(&fashion_mnist[wide + k * 784]);
          const f32x16 x0 = f32x16_set1(grad_linear[narrow + k * 256]);
          c0a = f32x16_fma(x0, b_a, c0a);
          const f32x16 x1 = f32x16_set1(grad_linear[narrow + k * 256 + 1]);
          c1a = f32x16_fma(x1, b_a, c1a);
          const f32x16 x2 = f32x16_set1(grad_linear[narrow + k * 256 + 2]);
          c2a = f32x16_fma(x2, b_a, c2a);
          const f32x16 x3 = f32x16_set1(grad_linear[narrow + k * 256 + 3]);
          c3a = f32x16_fma(x3, b_a, c3a);
          const f32x16 x4 = f32x16_set1(grad_linear[narrow + k * 256 + 4]);
          c4a = f32x16_fma(x4, b_a, c4a);
          const f32x16 x5 = f32x16_set1(grad_linear[narrow + k * 256 + 5]);
          c5a = f32x16_fma(x5, b_a, c5a);
          const f32x16 x6 = f32x16_set1(grad_linear[narrow + k * 256 + 6]);
          c6a = f32x16_fma(x6, b_a, c6a);
          const f32x16 x7 = f32x16_set1(grad_linear[narrow + k * 256 + 7]);
          c7a = f32x16_fma(x7, b_a, c7a);
        }
        f32x16_store(part, c0a);
        f32x16_store(&part[48], c1a);
        f32x16_store(&part[96], c2a);
        f32x16_store(&part[144], c3a);
        f32x16_store(&part[192], c4a);
        f32x16_store(&part[240], c5a);
        f32x16_store(&part[288], c6a);
        f32x16_store(&part[336], c7a);
      }
      const int64_t row_first = tile * 8;
      for (int64_t r = 0; r < 8; ++r) {
        const int64_t row = row_first + r;
        const int64_t columns = i64_minimum(784 - panel * 48, 48);
        for (int64_t j = 0; j < columns; j += 16) {
          const f32x16 c = f32x16_load(&part[r * 48 + j]);
          f32x16_store(&grad_1_weight[row * 784 + panel * 48 + j], c);
        }
      }
    }
  }
}

/* models/fashion_dropout.lua:27  train    = nn.train { on = "train", loss = loss, optimizer = optimizer, clip_nor... */
static NNRT_KERNEL_V4 void train(const float *restrict grad_1_weight, float *restrict parts,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(13, thread), u_end = nnrt_hi(13, thread); u < u_end; ++u) {
    if (u < 12) {
      f32x16 acc = {0}, acc_2 = {0}, acc_3 = {0}, acc_4 = {0};
      for (int64_t r = u * 16384; r < u * 16384 + 16384; r += 64) {
        const f32x16 grad_1_weight_2 = f32x16_load(&grad_1_weight[r]);
        acc = acc + grad_1_weight_2 * grad_1_weight_2;
        const f32x16 grad_1_weight_3 = f32x16_load(&grad_1_weight[r + 16]);
        acc_2 = acc_2 + grad_1_weight_3 * grad_1_weight_3;
        const f32x16 grad_1_weight_4 = f32x16_load(&grad_1_weight[r + 32]);
        acc_3 = acc_3 + grad_1_weight_4 * grad_1_weight_4;
        const f32x16 grad_1_weight_5 = f32x16_load(&grad_1_weight[r + 48]);
        acc_4 = acc_4 + grad_1_weight_5 * grad_1_weight_5;
      }
      const f32x16 acc_5 = acc + acc_3 + (acc_2 + acc_4);
      _Alignas(64) float lanes[16];
      f32x16_store(lanes, acc_5);
      const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
      f32x8_store(lanes, half);
      const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
      parts[u] = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
          + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    } else {
      f32x16 acc = {0}, acc_2 = {0}, acc_3 = {0}, acc_4 = {0};
      for (int64_t r = 196608; r < 200704; r += 64) {
        const f32x16 grad_1_weight_2 = f32x16_load(&grad_1_weight[r]);
        acc = acc + grad_1_weight_2 * grad_1_weight_2;
        const f32x16 grad_1_weight_3 = f32x16_load(&grad_1_weight[r + 16]);
        acc_2 = acc_2 + grad_1_weight_3 * grad_1_weight_3;
        const f32x16 grad_1_weight_4 = f32x16_load(&grad_1_weight[r + 32]);
        acc_3 = acc_3 + grad_1_weight_4 * grad_1_weight_4;
        const f32x16 grad_1_weight_5 = f32x16_load(&grad_1_weight[r + 48]);
        acc_4 = acc_4 + grad_1_weight_5 * grad_1_weight_5;
      }
      const f32x16 acc_5 = acc + acc_3 + (acc_2 + acc_4);
      _Alignas(64) float lanes[16];
      f32x16_store(lanes, acc_5);
      const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
      f32x8_store(lanes, half);
      const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
      parts[u] = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
          + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    }
  }
}

/* models/fashion_dropout.lua:8  nn.Linear(784, width), nn.GELU(), nn.Dropout(0.2),
 * models/fashion_dropout.lua:18  local optimizer = nn.AdamW {
 * models/fashion_dropout.lua:27  train    = nn.train { on = "train", loss = loss, optimizer = optimizer, clip_nor... */
static NNRT_KERNEL_V4 void train_join(float *restrict parts, float *restrict train, const float *restrict grad_4_weight,
    float *restrict train_2, const float *restrict grad_7_weight, float *restrict train_3,
    int32_t *restrict optimizer_0_step, const float *restrict lr, const float *restrict total_steps,
    uint32_t *restrict nnrt_calls_train, float *restrict adamw, float *restrict adamw_2, float *restrict adamw_3,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    for (int64_t i = 0; i < 6; ++i) {
      parts[i] = parts[i] + parts[i + 7];
    }
    for (int64_t i = 0; i < 3; ++i) {
      parts[i] = parts[i] + parts[i + 4];
    }
    for (int64_t i = 0; i < 2; ++i) {
      parts[i] = parts[i] + parts[i + 2];
    }
    parts[0] = parts[0] + parts[1];
    const float sum = parts[0];
    train[0] = sum;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16 acc = {0}, acc_2 = {0}, acc_3 = {0}, acc_4 = {0};
    for (int64_t r = 0; r < 65536; r += 64) {
      const f32x16 grad_4_weight_2 = f32x16_load(&grad_4_weight[r]);
      acc = acc + grad_4_weight_2 * grad_4_weight_2;
      const f32x16 grad_4_weight_3 = f32x16_load(&grad_4_weight[r + 16]);
      acc_2 = acc_2 + grad_4_weight_3 * grad_4_weight_3;
      const f32x16 grad_4_weight_4 = f32x16_load(&grad_4_weight[r + 32]);
      acc_3 = acc_3 + grad_4_weight_4 * grad_4_weight_4;
      const f32x16 grad_4_weight_5 = f32x16_load(&grad_4_weight[r + 48]);
      acc_4 = acc_4 + grad_4_weight_5 * grad_4_weight_5;
    }
    const f32x16 acc_5 = acc + acc_3 + (acc_2 + acc_4);
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc_5);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    train_2[0] = sum;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16 acc = {0}, acc_2 = {0}, acc_3 = {0}, acc_4 = {0};
    for (int64_t r = 0; r < 2560; r += 64) {
      const f32x16 grad_7_weight_2 = f32x16_load(&grad_7_weight[r]);
      acc = acc + grad_7_weight_2 * grad_7_weight_2;
      const f32x16 grad_7_weight_3 = f32x16_load(&grad_7_weight[r + 16]);
      acc_2 = acc_2 + grad_7_weight_3 * grad_7_weight_3;
      const f32x16 grad_7_weight_4 = f32x16_load(&grad_7_weight[r + 32]);
      acc_3 = acc_3 + grad_7_weight_4 * grad_7_weight_4;
      const f32x16 grad_7_weight_5 = f32x16_load(&grad_7_weight[r + 48]);
      acc_4 = acc_4 + grad_7_weight_5 * grad_7_weight_5;
    }
    const f32x16 acc_5 = acc + acc_3 + (acc_2 + acc_4);
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc_5);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    train_3[0] = sum;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const int32_t optimizer_0_step_2 = optimizer_0_step[0];
    const float v = f32_from_i32(optimizer_0_step_2);
    const float lr_2 = lr[0];
    const float v_2 = v + 1.0f;
    const float total_steps_2 = total_steps[0];
    const float v_3 = f32_minimum(f32_maximum(v - 200.0f, 0.0f) / f32_maximum(total_steps_2 - 200.0f, 1.0f), 1.0f);
    const float v_4 = (cos_f32(v_3 * 3.1415927f) + 1.0f) * 0.5f;
    const float v_5 = v < 200.0f ? lr_2 * (v_2 / 200.0f) : lr_2 * v_4;
    const float v_6 = f32_sqrt(-expm1_f32(v_2 * -0.0010005003f));
    const uint32_t nnrt_calls_train_2 = nnrt_calls_train[0];
    adamw[0] = v_5;
    adamw_2[0] = v_5 / expm1_f32(v_2 * -0.105360515f);
    adamw_3[0] = 1.0f / v_6;
    optimizer_0_step[0] = i32_add(optimizer_0_step_2, 1);
    nnrt_calls_train[0] = nnrt_calls_train_2 + 1u;
  }
}

/* models/fashion_dropout.lua:27  train    = nn.train { on = "train", loss = loss, optimizer = optimizer, clip_nor... */
static NNRT_KERNEL_V4 void train_2(const float *restrict train, float *restrict train_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    for (int64_t r = 0; r < 256; r += 16) {
      const f32x16 train_3 = f32x16_load(&train[r]);
      acc = acc + train_3;
    }
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    train_2[0] = sum;
  }
}

/* models/fashion_dropout.lua:18  local optimizer = nn.AdamW {
 * models/fashion_dropout.lua:27  train    = nn.train { on = "train", loss = loss, optimizer = optimizer, clip_nor... */
static NNRT_KERNEL_V4 void train_adamw(const float *restrict train, const float *restrict train_2,
    const float *restrict train_3, const float *restrict train_4, const float *restrict train_5,
    const float *restrict train_6, float *restrict train_7, float *restrict optimizer_0_exp_avg_7_bias,
    const float *restrict linear, float *restrict optimizer_0_exp_avg_sq_7_bias, float *restrict p7_bias,
    const float *restrict adamw, const float *restrict adamw_2, const float *restrict adamw_3,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    const f32x16 train_8 = f32x16_load_mask(train, boolx16_mask(10));
    acc = f32x16_where(boolx16_mask(10), acc + train_8, acc);
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    const float train_9 = train_2[0];
    const float train_10 = train_3[0];
    const float train_11 = train_4[0];
    const float train_12 = train_5[0];
    const float train_13 = train_6[0];
    const float v = train_9 + train_10 + train_11 + train_12 + train_13;
    const float v_2 = 1.0f / (f32_sqrt(v + sum) + 1e-06f);
    train_7[0] = v_2;
    const f32x16 optimizer_0_exp_avg_7_bias_2 = f32x16_load_mask(optimizer_0_exp_avg_7_bias, boolx16_mask(10));
    const f32x16 linear_2 = f32x16_load_mask(linear, boolx16_mask(10));
    const float v_3 = f32_minimum(v_2, 1.0f);
    const f32x16 v_4 = linear_2 * v_3;
    const f32x16 v_5 = optimizer_0_exp_avg_7_bias_2 * 0.9f + v_4 * 0.1f;
    const f32x16 optimizer_0_exp_avg_sq_7_bias_2 = f32x16_load_mask(optimizer_0_exp_avg_sq_7_bias, boolx16_mask(10));
    const f32x16 v_6 = optimizer_0_exp_avg_sq_7_bias_2 * 0.999f + v_4 * v_4 * 0.001f;
    const f32x16 p7_bias_2 = f32x16_load_mask(p7_bias, boolx16_mask(10));
    const float adamw_4 = adamw[0];
    const float v_7 = adamw_4 * 0.01f;
    const float adamw_5 = adamw_2[0];
    const float adamw_6 = adamw_3[0];
    const f32x16 v_8 = v_5 * adamw_5 / (f32x16_sqrt(v_6) * adamw_6 + 1e-08f);
    const f32x16 v_9 = p7_bias_2 - p7_bias_2 * v_7 + v_8;
    f32x16_store_mask(optimizer_0_exp_avg_7_bias, v_5, boolx16_mask(10));
    f32x16_store_mask(optimizer_0_exp_avg_sq_7_bias, v_6, boolx16_mask(10));
    f32x16_store_mask(p7_bias, v_9, boolx16_mask(10));
  }
}

/* models/fashion_dropout.lua:18  local optimizer = nn.AdamW { */
static NNRT_KERNEL_V4 void adamw_6(float *restrict optimizer_0_exp_avg_1_weight, const float *restrict grad_1_weight,
    const float *restrict train, float *restrict optimizer_0_exp_avg_sq_1_weight, float *restrict p1_weight,
    const float *restrict adamw, const float *restrict adamw_2, const float *restrict adamw_3,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(98, thread), u_end = nnrt_hi(98, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    const float train_2 = train[0];
    const float v = f32_minimum(train_2, 1.0f);
    const float adamw_4 = adamw[0];
    const float v_2 = adamw_4 * 0.01f;
    const float adamw_5 = adamw_2[0];
    const float adamw_6 = adamw_3[0];
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 200704); j += 16) {
      const f32x16 optimizer_0_exp_avg_1_weight_2 = f32x16_load(&optimizer_0_exp_avg_1_weight[j]);
      const f32x16 grad_1_weight_2 = f32x16_load(&grad_1_weight[j]);
      const f32x16 v_3 = grad_1_weight_2 * v;
      const f32x16 v_4 = optimizer_0_exp_avg_1_weight_2 * 0.9f + v_3 * 0.1f;
      const f32x16 optimizer_0_exp_avg_sq_1_weight_2 = f32x16_load(&optimizer_0_exp_avg_sq_1_weight[j]);
      const f32x16 v_5 = optimizer_0_exp_avg_sq_1_weight_2 * 0.999f + v_3 * v_3 * 0.001f;
      const f32x16 p1_weight_2 = f32x16_load(&p1_weight[j]);
      const f32x16 v_6 = v_4 * adamw_5 / (f32x16_sqrt(v_5) * adamw_6 + 1e-08f);
      const f32x16 v_7 = p1_weight_2 - p1_weight_2 * v_2 + v_6;
      f32x16_store(&optimizer_0_exp_avg_1_weight[j], v_4);
      f32x16_store(&optimizer_0_exp_avg_sq_1_weight[j], v_5);
      f32x16_store(&p1_weight[j], v_7);
    }
  }
}

/* models/fashion_dropout.lua:18  local optimizer = nn.AdamW { */
static NNRT_KERNEL_V4 void adamw_7(float *restrict optimizer_0_exp_avg_1_bias, const float *restrict linear,
    const float *restrict train, float *restrict optimizer_0_exp_avg_sq_1_bias, float *restrict p1_bias,
    const float *restrict adamw, const float *restrict adamw_2, const float *restrict adamw_3,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const float train_2 = train[0];
    const float v = f32_minimum(train_2, 1.0f);
    const float adamw_4 = adamw[0];
    const float v_2 = adamw_4 * 0.01f;
    const float adamw_5 = adamw_2[0];
    const float adamw_6 = adamw_3[0];
    for (int64_t j = 0; j < 256; j += 16) {
      const f32x16 optimizer_0_exp_avg_1_bias_2 = f32x16_load(&optimizer_0_exp_avg_1_bias[j]);
      const f32x16 linear_2 = f32x16_load(&linear[j]);
      const f32x16 v_3 = linear_2 * v;
      const f32x16 v_4 = optimizer_0_exp_avg_1_bias_2 * 0.9f + v_3 * 0.1f;
      const f32x16 optimizer_0_exp_avg_sq_1_bias_2 = f32x16_load(&optimizer_0_exp_avg_sq_1_bias[j]);
      const f32x16 v_5 = optimizer_0_exp_avg_sq_1_bias_2 * 0.999f + v_3 * v_3 * 0.001f;
      const f32x16 p1_bias_2 = f32x16_load(&p1_bias[j]);
      const f32x16 v_6 = v_4 * adamw_5 / (f32x16_sqrt(v_5) * adamw_6 + 1e-08f);
      const f32x16 v_7 = p1_bias_2 - p1_bias_2 * v_2 + v_6;
      f32x16_store(&optimizer_0_exp_avg_1_bias[j], v_4);
      f32x16_store(&optimizer_0_exp_avg_sq_1_bias[j], v_5);
      f32x16_store(&p1_bias[j], v_7);
    }
  }
}

/* models/fashion_dropout.lua:18  local optimizer = nn.AdamW { */
static NNRT_KERNEL_V4 void adamw_8(float *restrict optimizer_0_exp_avg_4_weight, const float *restrict grad_4_weight,
    const float *restrict train, float *restrict optimizer_0_exp_avg_sq_4_weight, float *restrict p4_weight,
    const float *restrict adamw, const float *restrict adamw_2, const float *restrict adamw_3,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(32, thread), u_end = nnrt_hi(32, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    const float train_2 = train[0];
    const float v = f32_minimum(train_2, 1.0f);
    const float adamw_4 = adamw[0];
    const float v_2 = adamw_4 * 0.01f;
    const float adamw_5 = adamw_2[0];
    const float adamw_6 = adamw_3[0];
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 65536); j += 16) {
      const f32x16 optimizer_0_exp_avg_4_weight_2 = f32x16_load(&optimizer_0_exp_avg_4_weight[j]);
      const f32x16 grad_4_weight_2 = f32x16_load(&grad_4_weight[j]);
      const f32x16 v_3 = grad_4_weight_2 * v;
      const f32x16 v_4 = optimizer_0_exp_avg_4_weight_2 * 0.9f + v_3 * 0.1f;
      const f32x16 optimizer_0_exp_avg_sq_4_weight_2 = f32x16_load(&optimizer_0_exp_avg_sq_4_weight[j]);
      const f32x16 v_5 = optimizer_0_exp_avg_sq_4_weight_2 * 0.999f + v_3 * v_3 * 0.001f;
      const f32x16 p4_weight_2 = f32x16_load(&p4_weight[j]);
      const f32x16 v_6 = v_4 * adamw_5 / (f32x16_sqrt(v_5) * adamw_6 + 1e-08f);
      const f32x16 v_7 = p4_weight_2 - p4_weight_2 * v_2 + v_6;
      f32x16_store(&optimizer_0_exp_avg_4_weight[j], v_4);
      f32x16_store(&optimizer_0_exp_avg_sq_4_weight[j], v_5);
      f32x16_store(&p4_weight[j], v_7);
    }
  }
}

/* models/fashion_dropout.lua:18  local optimizer = nn.AdamW { */
static NNRT_KERNEL_V4 void adamw_9(float *restrict optimizer_0_exp_avg_7_weight, const float *restrict grad_7_weight,
    const float *restrict train, float *restrict optimizer_0_exp_avg_sq_7_weight, float *restrict p7_weight,
    const float *restrict adamw, const float *restrict adamw_2, const float *restrict adamw_3,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(2, thread), u_end = nnrt_hi(2, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    const float train_2 = train[0];
    const float v = f32_minimum(train_2, 1.0f);
    const float adamw_4 = adamw[0];
    const float v_2 = adamw_4 * 0.01f;
    const float adamw_5 = adamw_2[0];
    const float adamw_6 = adamw_3[0];
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 2560); j += 16) {
      const f32x16 optimizer_0_exp_avg_7_weight_2 = f32x16_load(&optimizer_0_exp_avg_7_weight[j]);
      const f32x16 grad_7_weight_2 = f32x16_load(&grad_7_weight[j]);
      const f32x16 v_3 = grad_7_weight_2 * v;
      const f32x16 v_4 = optimizer_0_exp_avg_7_weight_2 * 0.9f + v_3 * 0.1f;
      const f32x16 optimizer_0_exp_avg_sq_7_weight_2 = f32x16_load(&optimizer_0_exp_avg_sq_7_weight[j]);
      const f32x16 v_5 = optimizer_0_exp_avg_sq_7_weight_2 * 0.999f + v_3 * v_3 * 0.001f;
      const f32x16 p7_weight_2 = f32x16_load(&p7_weight[j]);
      const f32x16 v_6 = v_4 * adamw_5 / (f32x16_sqrt(v_5) * adamw_6 + 1e-08f);
      const f32x16 v_7 = p7_weight_2 - p7_weight_2 * v_2 + v_6;
      f32x16_store(&optimizer_0_exp_avg_7_weight[j], v_4);
      f32x16_store(&optimizer_0_exp_avg_sq_7_weight[j], v_5);
      f32x16_store(&p7_weight[j], v_7);
    }
  }
}

/* models/fashion_dropout.lua:26  test  = nn.data.fashion_mnist { split = "test",  batch = 256 } },   -- 39 batche... */
static NNRT_KERNEL_V4 void fashion_mnist_2(const uint8_t *restrict x, float *restrict fashion_mnist,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(98, thread), u_end = nnrt_hi(98, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 200704); j += 16) {
      const u8x16 x_2 = u8x16_load(&x[j]);
      f32x16_store(&fashion_mnist[j], f32x16_from_u8x16(x_2) / 255.0f);
    }
  }
}

/* [256,784] x [784,256]: panels of 32 columns, tiles of 8 rows
 * models/fashion_dropout.lua:8  nn.Linear(784, width), nn.GELU(), nn.Dropout(0.2), */
static NNRT_KERNEL_V4 void linear_gelu(const float *restrict fashion_mnist, const float *restrict p1_weight_panels,
    const float *restrict p1_bias, float *restrict gelu, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(256, thread), u_end = nnrt_hi(256, thread); u < u_end; ++u) {
    const int64_t part_of_block = u % 16;
    const int64_t panel = u / 16 % 8;
    const int64_t block = u / 16 / 8;
    const int64_t tile = block * 16 + part_of_block;
    _Alignas(64) float part[256];
    const int64_t wide = panel * 25088;
    const int64_t narrow = tile * 6272;
    f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0}, c4b = {0},
        c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0};
    for (int64_t k = 0; k < 784; ++k) {
      const f32x16 b_a = f32x16_load(&p1_weight_panels[wide + k * 32]);
      const f32x16 b_b = f32x16_load(&p1_weight_panels[wide + k * 32 + 16]);
      const f32x16 x0 = f32x16_set1(fashion_mnist[narrow + k]);
      c0a = f32x16_fma(x0, b_a, c0a);
      c0b = f32x16_fma(x0, b_b, c0b);
      const f32x16 x1 = f32x16_set1(fashion_mnist[narrow + k + 784]);
      c1a = f32x16_fma(x1, b_a, c1a);
      c1b = f32x16_fma(x1, b_b, c1b);
      const f32x16 x2 = f32x16_set1(fashion_mnist[narrow + k + 1568]);
      c2a = f32x16_fma(x2, b_a, c2a);
      c2b = f32x16_fma(x2, b_b, c2b);
      const f32x16 x3 = f32x16_set1(fashion_mnist[narrow + k + 2352]);
      c3a = f32x16_fma(x3, b_a, c3a);
      c3b = f32x16_fma(x3, b_b, c3b);
      const f32x16 x4 = f32x16_set1(fashion_mnist[narrow + k + 3136]);
      c4a = f32x16_fma(x4, b_a, c4a);
      c4b = f32x16_fma(x4, b_b, c4b);
      const f32x16 x5 = f32x16_set1(fashion_mnist[narrow + k + 3920]);
      c5a = f32x16_fma(x5, b_a, c5a);
      c5b = f32x16_fma(x5, b_b, c5b);
      const f32x16 x6 = f32x16_set1(fashion_mnist[narrow + k + 4704]);
      c6a = f32x16_fma(x6, b_a, c6a);
      c6b = f32x16_fma(x6, b_b, c6b);
      const f32x16 x7 = f32x16_set1(fashion_mnist[narrow + k + 5488]);
      c7a = f32x16_fma(x7, b_a, c7a);
      c7b = f32x16_fma(x7, b_b, c7b);
    }
    f32x16_store(part, c0a);
    f32x16_store(&part[16], c0b);
    f32x16_store(&part[32], c1a);
    f32x16_store(&part[48], c1b);
    f32x16_store(&part[64], c2a);
    f32x16_store(&part[80], c2b);
    f32x16_store(&part[96], c3a);
    f32x16_store(&part[112], c3b);
    f32x16_store(&part[128], c4a);
    f32x16_store(&part[144], c4b);
    f32x16_store(&part[160], c5a);
    f32x16_store(&part[176], c5b);
    f32x16_store(&part[192], c6a);
    f32x16_store(&part[208], c6b);
    f32x16_store(&part[224], c7a);
    f32x16_store(&part[240], c7b);
    const int64_t row_first = tile * 8;
    for (int64_t r = 0; r < 8; ++r) {
      const int64_t row = row_first + r;
      for (int64_t j = 0; j < 32; j += 16) {
        const f32x16 c = f32x16_load(&part[r * 32 + j]);
        const f32x16 p1_bias_2 = f32x16_load(&p1_bias[panel * 32 + j]);
        const f32x16 v = c + p1_bias_2;
        const f32x16 v_2 = v * 0.5f * (erf_f32x16(v * 0.70710677f) + 1.0f);
        f32x16_store(&gelu[row * 256 + panel * 32 + j], v_2);
      }
    }
  }
}

/* [256,256] x [256,256]: panels of 32 columns, tiles of 8 rows
 * models/fashion_dropout.lua:9  nn.Linear(width, width), nn.GELU(), nn.Dropout(0.2), */
static NNRT_KERNEL_V4 void linear_gelu_2(const float *restrict gelu, const float *restrict p4_weight_panels,
    const float *restrict p4_bias, float *restrict gelu_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(128, thread), u_end = nnrt_hi(128, thread); u < u_end; ++u) {
    const int64_t part_of_block = u % 16;
    const int64_t panel = u / 16;
    const int64_t tile_first = part_of_block * 2;
    const int64_t tile_end = tile_first + 2;
    _Alignas(64) float part[256];
    for (int64_t tile = tile_first; tile < tile_end; ++tile) {
      const int64_t wide = panel * 8192;
      const int64_t narrow = tile * 2048;
      f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
          c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0};
      for (int64_t k = 0; k < 256; ++k) {
        const f32x16 b_a = f32x16_load(&p4_weight_panels[wide + k * 32]);
        const f32x16 b_b = f32x16_load(&p4_weight_panels[wide + k * 32 + 16]);
        const f32x16 x0 = f32x16_set1(gelu[narrow + k]);
        c0a = f32x16_fma(x0, b_a, c0a);
        c0b = f32x16_fma(x0, b_b, c0b);
        const f32x16 x1 = f32x16_set1(gelu[narrow + k + 256]);
        c1a = f32x16_fma(x1, b_a, c1a);
        c1b = f32x16_fma(x1, b_b, c1b);
        const f32x16 x2 = f32x16_set1(gelu[narrow + k + 512]);
        c2a = f32x16_fma(x2, b_a, c2a);
        c2b = f32x16_fma(x2, b_b, c2b);
        const f32x16 x3 = f32x16_set1(gelu[narrow + k + 768]);
        c3a = f32x16_fma(x3, b_a, c3a);
        c3b = f32x16_fma(x3, b_b, c3b);
        const f32x16 x4 = f32x16_set1(gelu[narrow + k + 1024]);
        c4a = f32x16_fma(x4, b_a, c4a);
        c4b = f32x16_fma(x4, b_b, c4b);
        const f32x16 x5 = f32x16_set1(gelu[narrow + k + 1280]);
        c5a = f32x16_fma(x5, b_a, c5a);
        c5b = f32x16_fma(x5, b_b, c5b);
        const f32x16 x6 = f32x16_set1(gelu[narrow + k + 1536]);
        c6a = f32x16_fma(x6, b_a, c6a);
        c6b = f32x16_fma(x6, b_b, c6b);
        const f32x16 x7 = f32x16_set1(gelu[narrow + k + 1792]);
        c7a = f32x16_fma(x7, b_a, c7a);
        c7b = f32x16_fma(x7, b_b, c7b);
      }
      f32x16_store(part, c0a);
      f32x16_store(&part[16], c0b);
      f32x16_store(&part[32], c1a);
      f32x16_store(&part[48], c1b);
      f32x16_store(&part[64], c2a);
      f32x16_store(&part[80], c2b);
      f32x16_store(&part[96], c3a);
      f32x16_store(&part[112], c3b);
      f32x16_store(&part[128], c4a);
      f32x16_store(&part[144], c4b);
      f32x16_store(&part[160], c5a);
      f32x16_store(&part[176], c5b);
      f32x16_store(&part[192], c6a);
      f32x16_store(&part[208], c6b);
      f32x16_store(&part[224], c7a);
      f32x16_store(&part[240], c7b);
      const int64_t row_first = tile * 8;
      for (int64_t r = 0; r < 8; ++r) {
        const int64_t row = row_first + r;
        for (int64_t j = 0; j < 32; j += 16) {
          const f32x16 c = f32x16_load(&part[r * 32 + j]);
          const f32x16 p4_bias_2 = f32x16_load(&p4_bias[panel * 32 + j]);
          const f32x16 v = c + p4_bias_2;
          const f32x16 v_2 = v * 0.5f * (erf_f32x16(v * 0.70710677f) + 1.0f);
          f32x16_store(&gelu_2[row * 256 + panel * 32 + j], v_2);
        }
      }
    }
  }
}

/* [256,256] x [256,10]: panels of 16 columns, tiles of 16 rows
 * models/fashion_dropout.lua:10  nn.Linear(width, 10), */
static NNRT_KERNEL_V4 void linear_6(const float *restrict gelu, const float *restrict p7_weight_panels,
    float *restrict linear, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(8, thread), u_end = nnrt_hi(8, thread); u < u_end; ++u) {
    const int64_t tile_first = u * 2;
    const int64_t tile_end = tile_first + 2;
    _Alignas(64) float part[256];
    for (int64_t tile = tile_first; tile < tile_end; ++tile) {
      const int64_t narrow = tile * 4096;
      f32x16 c0a = {0}, c1a = {0}, c2a = {0}, c3a = {0}, c4a = {0}, c5a = {0}, c6a = {0}, c7a = {0}, c8a = {0},
          c9a = {0}, c10a = {0}, c11a = {0}, c12a = {0}, c13a = {0}, c14a = {0}, c15a = {0};
      for (int64_t k = 0; k < 256; ++k) {
        const f32x16 b_a = f32x16_load(&p7_weight_panels[k * 16]);
        const f32x16 x0 = f32x16_set1(gelu[narrow + k]);
        c0a = f32x16_fma(x0, b_a, c0a);
        const f32x16 x1 = f32x16_set1(gelu[narrow + k + 256]);
        c1a = f32x16_fma(x1, b_a, c1a);
        const f32x16 x2 = f32x16_set1(gelu[narrow + k + 512]);
        c2a = f32x16_fma(x2, b_a, c2a);
        const f32x16 x3 = f32x16_set1(gelu[narrow + k + 768]);
        c3a = f32x16_fma(x3, b_a, c3a);
        const f32x16 x4 = f32x16_set1(gelu[narrow + k + 1024]);
        c4a = f32x16_fma(x4, b_a, c4a);
        const f32x16 x5 = f32x16_set1(gelu[narrow + k + 1280]);
        c5a = f32x16_fma(x5, b_a, c5a);
        const f32x16 x6 = f32x16_set1(gelu[narrow + k + 1536]);
        c6a = f32x16_fma(x6, b_a, c6a);
        const f32x16 x7 = f32x16_set1(gelu[narrow + k + 1792]);
        c7a = f32x16_fma(x7, b_a, c7a);
        const f32x16 x8 = f32x16_set1(gelu[narrow + k + 2048]);
        c8a = f32x16_fma(x8, b_a, c8a);
        const f32x16 x9 = f32x16_set1(gelu[narrow + k + 2304]);
        c9a = f32x16_fma(x9, b_a, c9a);
        const f32x16 x10 = f32x16_set1(gelu[narrow + k + 2560]);
        c10a = f32x16_fma(x10, b_a, c10a);
        const f32x16 x11 = f32x16_set1(gelu[narrow + k + 2816]);
        c11a = f32x16_fma(x11, b_a, c11a);
        const f32x16 x12 = f32x16_set1(gelu[narrow + k + 3072]);
        c12a = f32x16_fma(x12, b_a, c12a);
        const f32x16 x13 = f32x16_set1(gelu[narrow + k + 3328]);
        c13a = f32x16_fma(x13, b_a, c13a);
        const f32x16 x14 = f32x16_set1(gelu[narrow + k + 3584]);
        c14a = f32x16_fma(x14, b_a, c14a);
        const f32x16 x15 = f32x16_set1(gelu[narrow + k + 3840]);
        c15a = f32x16_fma(x15, b_a, c15a);
      }
      f32x16_store(part, c0a);
      f32x16_store(&part[16], c1a);
      f32x16_store(&part[32], c2a);
      f32x16_store(&part[48], c3a);
      f32x16_store(&part[64], c4a);
      f32x16_store(&part[80], c5a);
      f32x16_store(&part[96], c6a);
      f32x16_store(&part[112], c7a);
      f32x16_store(&part[128], c8a);
      f32x16_store(&part[144], c9a);
      f32x16_store(&part[160], c10a);
      f32x16_store(&part[176], c11a);
      f32x16_store(&part[192], c12a);
      f32x16_store(&part[208], c13a);
      f32x16_store(&part[224], c14a);
      f32x16_store(&part[240], c15a);
      const int64_t row_first = tile * 16;
      for (int64_t r = 0; r < 16; ++r) {
        const int64_t row = row_first + r;
        const f32x16 c = f32x16_load(&part[r * 16]);
        f32x16_store_mask(&linear[row * 10], c, boolx16_mask(10));
      }
    }
  }
}

/* models/fashion_dropout.lua:15  return nn.cross_entropy(scores, b.y), { accuracy = nn.accuracy(scores, b.y) }
 * models/fashion_dropout.lua:28  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return... */
static NNRT_KERNEL_V4 void accuracy_cross_entropy(const float *restrict linear, const float *restrict p7_bias,
    const uint8_t *restrict y, int32_t *restrict accuracy, float *restrict cross_entropy, const float *restrict first,
    int32_t *restrict validate_rows, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(256, thread), u_end = nnrt_hi(256, thread); u < u_end; ++u) {
    float best = -INFINITY;
    int32_t position = 0;
    for (int64_t r = 0; r < 10; ++r) {
      const float linear_2 = linear[u * 10 + r];
      const float p7_bias_2 = p7_bias[r];
      const float v = linear_2 + p7_bias_2;
      const bool take = ((best < v) || (bool_not(v == v) && (best == best))) || (r == 0);
      best = take ? v : best;
      position = take ? i32_from_i64(r) : position;
    }
    _Alignas(64) float lanes[16];
    _Alignas(64) float parts[1];
    for (int64_t i = 0; i < 16; ++i) {
      lanes[i] = -INFINITY;
    }
    for (int64_t r = 0; r < 10; ++r) {
      const int64_t lane = r % 10 % 16;
      const float linear_2 = linear[u * 10 + r];
      const float p7_bias_2 = p7_bias[r];
      const float v = linear_2 + p7_bias_2;
      lanes[lane] = f32_maximum(lanes[lane], v);
      if ((r % 10 == 9) || (r == 9)) {
        for (int64_t i = 0; i < 8; ++i) {
          lanes[i] = f32_maximum(lanes[i], lanes[i + 8]);
        }
        for (int64_t i = 0; i < 4; ++i) {
          lanes[i] = f32_maximum(lanes[i], lanes[i + 4]);
        }
        for (int64_t i = 0; i < 2; ++i) {
          lanes[i] = f32_maximum(lanes[i], lanes[i + 2]);
        }
        lanes[0] = f32_maximum(lanes[0], lanes[1]);
        parts[r / 10] = lanes[0];
        for (int64_t i = 0; i < 16; ++i) {
          lanes[i] = -INFINITY;
        }
      }
    }
    const float max = parts[0];
    _Alignas(64) float lanes_2[16];
    _Alignas(64) float parts_2[1];
    for (int64_t i = 0; i < 16; ++i) {
      lanes_2[i] = 0.0f;
    }
    for (int64_t r = 0; r < 10; ++r) {
      const int64_t lane = r % 10 % 16;
      const uint8_t y_2 = y[u];
      const float linear_2 = linear[u * 10 + r];
      const float p7_bias_2 = p7_bias[r];
      const float v = linear_2 + p7_bias_2;
      const float v_2 = v - max;
      lanes_2[lane] = lanes_2[lane] + (i32_from_i64(r) == i32_from_u8(y_2) ? v_2 : 0.0f);
      if ((r % 10 == 9) || (r == 9)) {
        for (int64_t i = 0; i < 8; ++i) {
          lanes_2[i] = lanes_2[i] + lanes_2[i + 8];
        }
        for (int64_t i = 0; i < 4; ++i) {
          lanes_2[i] = lanes_2[i] + lanes_2[i + 4];
        }
        for (int64_t i = 0; i < 2; ++i) {
          lanes_2[i] = lanes_2[i] + lanes_2[i + 2];
        }
        lanes_2[0] = lanes_2[0] + lanes_2[1];
        parts_2[r / 10] = lanes_2[0];
        for (int64_t i = 0; i < 16; ++i) {
          lanes_2[i] = 0.0f;
        }
      }
    }
    const float sum = parts_2[0];
    _Alignas(64) float lanes_3[16];
    _Alignas(64) float parts_3[1];
    for (int64_t i = 0; i < 16; ++i) {
      lanes_3[i] = 0.0f;
    }
    for (int64_t r = 0; r < 10; ++r) {
      const int64_t lane = r % 10 % 16;
      const float linear_2 = linear[u * 10 + r];
      const float p7_bias_2 = p7_bias[r];
      const float v = linear_2 + p7_bias_2;
      const float v_2 = v - max;
      lanes_3[lane] = lanes_3[lane] + exp_f32(v_2);
      if ((r % 10 == 9) || (r == 9)) {
        for (int64_t i = 0; i < 8; ++i) {
          lanes_3[i] = lanes_3[i] + lanes_3[i + 8];
        }
        for (int64_t i = 0; i < 4; ++i) {
          lanes_3[i] = lanes_3[i] + lanes_3[i + 4];
        }
        for (int64_t i = 0; i < 2; ++i) {
          lanes_3[i] = lanes_3[i] + lanes_3[i + 2];
        }
        lanes_3[0] = lanes_3[0] + lanes_3[1];
        parts_3[r / 10] = lanes_3[0];
        for (int64_t i = 0; i < 16; ++i) {
          lanes_3[i] = 0.0f;
        }
      }
    }
    const float sum_2 = parts_3[0];
    accuracy[u] = position;
    cross_entropy[u] = log_f32(sum_2) - sum;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const float first_2 = first[0];
    const int32_t validate_rows_2 = validate_rows[0];
    validate_rows[0] = i32_add(0.0f < first_2 ? 0 : validate_rows_2, 256);
  }
}

/* models/fashion_dropout.lua:15  return nn.cross_entropy(scores, b.y), { accuracy = nn.accuracy(scores, b.y) }
 * models/fashion_dropout.lua:28  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return... */
static NNRT_KERNEL_V4 void accuracy_evaluate(const int32_t *restrict accuracy, const uint8_t *restrict y,
    const float *restrict first, double *restrict validate_sum_accuracy, const int32_t *restrict validate_rows,
    float *restrict validate_accuracy, float *restrict accuracy_2, const float *restrict cross_entropy,
    double *restrict validate_sum_loss, float *restrict validate_loss, float *restrict loss,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x8 acc = {0}, acc_2 = {0};
    for (int64_t r = 0; r < 256; r += 16) {
      const i32x8 accuracy_3 = i32x8_load(&accuracy[r]);
      const u8x8 y_2 = u8x8_load(&y[r]);
      acc = acc + f32x8_from_boolx8(i32x8_eq(accuracy_3, i32x8_from_u8x8(y_2)));
      const i32x8 accuracy_4 = i32x8_load(&accuracy[r + 8]);
      const u8x8 y_3 = u8x8_load(&y[r + 8]);
      acc_2 = acc_2 + f32x8_from_boolx8(i32x8_eq(accuracy_4, i32x8_from_u8x8(y_3)));
    }
    const f32x8 acc_3 = acc + acc_2;
    _Alignas(64) float lanes[8];
    f32x8_store(lanes, acc_3);
    const f32x4 half = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half, 0) + f32x4_extract(half, 2)
        + (f32x4_extract(half, 1) + f32x4_extract(half, 3));
    const float first_2 = first[0];
    const double validate_sum_accuracy_2 = validate_sum_accuracy[0];
    const double v = (0.0f < first_2 ? 0.0 : validate_sum_accuracy_2) + f64_from_f32(sum * 0.00390625f) * 256.0;
    const int32_t validate_rows_2 = validate_rows[0];
    const float v_2 = f32_from_f64(v / f64_from_i32(validate_rows_2));
    validate_sum_accuracy[0] = v;
    validate_accuracy[0] = v_2;
    accuracy_2[0] = v_2;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x8 acc = {0}, acc_2 = {0};
    for (int64_t r = 0; r < 256; r += 16) {
      const f32x8 cross_entropy_2 = f32x8_load(&cross_entropy[r]);
      acc = acc + cross_entropy_2;
      const f32x8 cross_entropy_3 = f32x8_load(&cross_entropy[r + 8]);
      acc_2 = acc_2 + cross_entropy_3;
    }
    const f32x8 acc_3 = acc + acc_2;
    _Alignas(64) float lanes[8];
    f32x8_store(lanes, acc_3);
    const f32x4 half = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half, 0) + f32x4_extract(half, 2)
        + (f32x4_extract(half, 1) + f32x4_extract(half, 3));
    const float first_2 = first[0];
    const double validate_sum_loss_2 = validate_sum_loss[0];
    const double v = (0.0f < first_2 ? 0.0 : validate_sum_loss_2) + f64_from_f32(sum * 0.00390625f) * 256.0;
    const int32_t validate_rows_2 = validate_rows[0];
    const float v_2 = f32_from_f64(v / f64_from_i32(validate_rows_2));
    validate_sum_loss[0] = v;
    validate_loss[0] = v_2;
    loss[0] = v_2;
  }
}

/* models/fashion_dropout.lua:26  test  = nn.data.fashion_mnist { split = "test",  batch = 256 } },   -- 39 batche... */
static NNRT_KERNEL_V4 void fashion_mnist_3(const uint8_t *restrict x, float *restrict fashion_mnist,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    for (int64_t j = 0; j < 784; j += 16) {
      const u8x16 x_2 = u8x16_load(&x[j]);
      f32x16_store(&fashion_mnist[j], f32x16_from_u8x16(x_2) / 255.0f);
    }
  }
}

/* models/fashion_dropout.lua:8  nn.Linear(784, width), nn.GELU(), nn.Dropout(0.2), */
static NNRT_KERNEL_V4 void linear_gelu_3(const float *restrict fashion_mnist, const float *restrict p1_weight,
    const float *restrict p1_bias, float *restrict gelu, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(256, thread), u_end = nnrt_hi(256, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    for (int64_t r = 0; r < 784; r += 16) {
      const f32x16 fashion_mnist_2 = f32x16_load(&fashion_mnist[r]);
      const f32x16 p1_weight_2 = f32x16_load(&p1_weight[u * 784 + r]);
      acc = f32x16_fma(fashion_mnist_2, p1_weight_2, acc);
    }
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float dot = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    const float p1_bias_2 = p1_bias[u];
    const float v = dot + p1_bias_2;
    const float v_2 = v * 0.5f * (erf_f32(v * 0.70710677f) + 1.0f);
    gelu[u] = v_2;
  }
}

/* models/fashion_dropout.lua:9  nn.Linear(width, width), nn.GELU(), nn.Dropout(0.2), */
static NNRT_KERNEL_V4 void linear_gelu_4(const float *restrict gelu, const float *restrict p4_weight,
    const float *restrict p4_bias, float *restrict gelu_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(256, thread), u_end = nnrt_hi(256, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    for (int64_t r = 0; r < 256; r += 16) {
      const f32x16 gelu_3 = f32x16_load(&gelu[r]);
      const f32x16 p4_weight_2 = f32x16_load(&p4_weight[u * 256 + r]);
      acc = f32x16_fma(gelu_3, p4_weight_2, acc);
    }
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float dot = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    const float p4_bias_2 = p4_bias[u];
    const float v = dot + p4_bias_2;
    const float v_2 = v * 0.5f * (erf_f32(v * 0.70710677f) + 1.0f);
    gelu_2[u] = v_2;
  }
}

/* models/fashion_dropout.lua:10  nn.Linear(width, 10),
 * models/fashion_dropout.lua:28  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return... */
static NNRT_KERNEL_V4 void linear_7(const float *restrict gelu, const float *restrict p7_weight, float *restrict linear,
    const float *restrict first, int32_t *restrict validate_rows, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(10, thread), u_end = nnrt_hi(10, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    for (int64_t r = 0; r < 256; r += 16) {
      const f32x16 gelu_2 = f32x16_load(&gelu[r]);
      const f32x16 p7_weight_2 = f32x16_load(&p7_weight[u * 256 + r]);
      acc = f32x16_fma(gelu_2, p7_weight_2, acc);
    }
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float dot = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    linear[u] = dot;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const float first_2 = first[0];
    const int32_t validate_rows_2 = validate_rows[0];
    validate_rows[0] = i32_add(0.0f < first_2 ? 0 : validate_rows_2, 1);
  }
}

/* models/fashion_dropout.lua:15  return nn.cross_entropy(scores, b.y), { accuracy = nn.accuracy(scores, b.y) }
 * models/fashion_dropout.lua:28  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return... */
static NNRT_KERNEL_V4 void accuracy_cross_entropy_evaluate(const float *restrict linear, const float *restrict p7_bias,
    const uint8_t *restrict y, const float *restrict first, double *restrict validate_sum_accuracy,
    const int32_t *restrict validate_rows, double *restrict validate_sum_loss, float *restrict validate_accuracy,
    float *restrict validate_loss, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    float best = -INFINITY;
    int32_t position = 0;
    for (int64_t r = 0; r < 10; ++r) {
      const float linear_2 = linear[r];
      const float p7_bias_2 = p7_bias[r];
      const float v = linear_2 + p7_bias_2;
      const bool take = ((best < v) || (bool_not(v == v) && (best == best))) || (r == 0);
      best = take ? v : best;
      position = take ? i32_from_i64(r) : position;
    }
    _Alignas(64) float lanes[16];
    _Alignas(64) float parts[1];
    for (int64_t i = 0; i < 16; ++i) {
      lanes[i] = -INFINITY;
    }
    for (int64_t r = 0; r < 10; ++r) {
      const int64_t lane = r % 10 % 16;
      const float linear_2 = linear[r];
      const float p7_bias_2 = p7_bias[r];
      const float v = linear_2 + p7_bias_2;
      lanes[lane] = f32_maximum(lanes[lane], v);
      if ((r % 10 == 9) || (r == 9)) {
        for (int64_t i = 0; i < 8; ++i) {
          lanes[i] = f32_maximum(lanes[i], lanes[i + 8]);
        }
        for (int64_t i = 0; i < 4; ++i) {
          lanes[i] = f32_maximum(lanes[i], lanes[i + 4]);
        }
        for (int64_t i = 0; i < 2; ++i) {
          lanes[i] = f32_maximum(lanes[i], lanes[i + 2]);
        }
        lanes[0] = f32_maximum(lanes[0], lanes[1]);
        parts[r / 10] = lanes[0];
        for (int64_t i = 0; i < 16; ++i) {
          lanes[i] = -INFINITY;
        }
      }
    }
    const float max = parts[0];
    _Alignas(64) float lanes_2[16];
    _Alignas(64) float parts_2[1];
    for (int64_t i = 0; i < 16; ++i) {
      lanes_2[i] = 0.0f;
    }
    for (int64_t r = 0; r < 10; ++r) {
      const int64_t lane = r % 10 % 16;
      const uint8_t y_2 = y[0];
      const int32_t v = i32_from_u8(y_2);
      const float linear_2 = linear[r];
      const float p7_bias_2 = p7_bias[r];
      const float v_2 = linear_2 + p7_bias_2;
      const float v_3 = v_2 - max;
      lanes_2[lane] = lanes_2[lane] + (i32_from_i64(r) == v ? v_3 : 0.0f);
      if ((r % 10 == 9) || (r == 9)) {
        for (int64_t i = 0; i < 8; ++i) {
          lanes_2[i] = lanes_2[i] + lanes_2[i + 8];
        }
        for (int64_t i = 0; i < 4; ++i) {
          lanes_2[i] = lanes_2[i] + lanes_2[i + 4];
        }
        for (int64_t i = 0; i < 2; ++i) {
          lanes_2[i] = lanes_2[i] + lanes_2[i + 2];
        }
        lanes_2[0] = lanes_2[0] + lanes_2[1];
        parts_2[r / 10] = lanes_2[0];
        for (int64_t i = 0; i < 16; ++i) {
          lanes_2[i] = 0.0f;
        }
      }
    }
    const float sum = parts_2[0];
    _Alignas(64) float lanes_3[16];
    _Alignas(64) float parts_3[1];
    for (int64_t i = 0; i < 16; ++i) {
      lanes_3[i] = 0.0f;
    }
    for (int64_t r = 0; r < 10; ++r) {
      const int64_t lane = r % 10 % 16;
      const float linear_2 = linear[r];
      const float p7_bias_2 = p7_bias[r];
      const float v = linear_2 + p7_bias_2;
      const float v_2 = v - max;
      lanes_3[lane] = lanes_3[lane] + exp_f32(v_2);
      if ((r % 10 == 9) || (r == 9)) {
        for (int64_t i = 0; i < 8; ++i) {
          lanes_3[i] = lanes_3[i] + lanes_3[i + 8];
        }
        for (int64_t i = 0; i < 4; ++i) {
          lanes_3[i] = lanes_3[i] + lanes_3[i + 4];
        }
        for (int64_t i = 0; i < 2; ++i) {
          lanes_3[i] = lanes_3[i] + lanes_3[i + 2];
        }
        lanes_3[0] = lanes_3[0] + lanes_3[1];
        parts_3[r / 10] = lanes_3[0];
        for (int64_t i = 0; i < 16; ++i) {
          lanes_3[i] = 0.0f;
        }
      }
    }
    const float sum_2 = parts_3[0];
    const float first_2 = first[0];
    const bool v = 0.0f < first_2;
    const double validate_sum_accuracy_2 = validate_sum_accuracy[0];
    const uint8_t y_2 = y[0];
    const int32_t v_2 = i32_from_u8(y_2);
    const double v_3 = (v ? 0.0 : validate_sum_accuracy_2) + f64_from_f32(f32_from_bool(position == v_2));
    const int32_t validate_rows_2 = validate_rows[0];
    const double v_4 = f64_from_i32(validate_rows_2);
    const double validate_sum_loss_2 = validate_sum_loss[0];
    const double v_5 = (v ? 0.0 : validate_sum_loss_2) + f64_from_f32(log_f32(sum_2) - sum);
    validate_sum_accuracy[0] = v_3;
    validate_accuracy[0] = f32_from_f64(v_3 / v_4);
    validate_sum_loss[0] = v_5;
    validate_loss[0] = f32_from_f64(v_5 / v_4);
  }
}

/* models/fashion_dropout.lua:28  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return... */
static NNRT_KERNEL_V4 void evaluate_3(const float *restrict validate_accuracy, const float *restrict validate_loss,
    float *restrict accuracy, float *restrict loss, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const float validate_accuracy_2 = validate_accuracy[0];
    const float validate_loss_2 = validate_loss[0];
    accuracy[0] = validate_accuracy_2;
    loss[0] = validate_loss_2;
  }
}

/* One call of init. Every thread runs it. */
static void init(const nnrt_memory *memory, const nnrt_thread *thread) {
  uint32_t *nnrt_seed = (uint32_t *)(memory->state + 0); /* [2] */
  float *p1_weight = (float *)(memory->params + 0); /* [256,784] */
  float *p1_bias = (float *)(memory->params + 802816); /* [256] */
  float *p4_weight = (float *)(memory->params + 803840); /* [256,256] */
  float *p4_bias = (float *)(memory->params + 1065984); /* [256] */
  float *p7_weight = (float *)(memory->params + 1067008); /* [10,256] */
  float *p7_bias = (float *)(memory->params + 1077248); /* [10] */
  int32_t *optimizer_0_step = (int32_t *)(memory->state + 64); /* [] */
  int32_t *validate_rows = (int32_t *)(memory->state + 2154752); /* [] */
  uint32_t *nnrt_calls_train = (uint32_t *)(memory->state + 2155072); /* [] */
  float *optimizer_0_exp_avg_1_weight = (float *)(memory->state + 128); /* [256,784] */
  float *optimizer_0_exp_avg_sq_1_weight = (float *)(memory->state + 802944); /* [256,784] */
  float *optimizer_0_exp_avg_1_bias = (float *)(memory->state + 1605760); /* [256] */
  float *optimizer_0_exp_avg_sq_1_bias = (float *)(memory->state + 1606784); /* [256] */
  float *optimizer_0_exp_avg_4_weight = (float *)(memory->state + 1607808); /* [256,256] */
  float *optimizer_0_exp_avg_sq_4_weight = (float *)(memory->state + 1869952); /* [256,256] */
  float *optimizer_0_exp_avg_4_bias = (float *)(memory->state + 2132096); /* [256] */
  float *optimizer_0_exp_avg_sq_4_bias = (float *)(memory->state + 2133120); /* [256] */
  float *optimizer_0_exp_avg_7_weight = (float *)(memory->state + 2134144); /* [10,256] */
  float *optimizer_0_exp_avg_sq_7_weight = (float *)(memory->state + 2144384); /* [10,256] */
  float *optimizer_0_exp_avg_7_bias = (float *)(memory->state + 2154624); /* [10] */
  float *optimizer_0_exp_avg_sq_7_bias = (float *)(memory->state + 2154688); /* [10] */
  double *validate_sum_accuracy = (double *)(memory->state + 2154816); /* [] */
  float *validate_accuracy = (float *)(memory->state + 2154880); /* [] */
  double *validate_sum_loss = (double *)(memory->state + 2154944); /* [] */
  float *validate_loss = (float *)(memory->state + 2155008); /* [] */

  linear(nnrt_seed, p1_weight, p1_bias, p4_weight, p4_bias, p7_weight, p7_bias, optimizer_0_step, validate_rows,
      nnrt_calls_train, thread);
  adamw(optimizer_0_exp_avg_1_weight, thread);
  adamw(optimizer_0_exp_avg_sq_1_weight, thread);
  adamw_2(optimizer_0_exp_avg_1_bias, thread);
  adamw_2(optimizer_0_exp_avg_sq_1_bias, thread);
  adamw_3(optimizer_0_exp_avg_4_weight, thread);
  adamw_3(optimizer_0_exp_avg_sq_4_weight, thread);
  adamw_2(optimizer_0_exp_avg_4_bias, thread);
  adamw_2(optimizer_0_exp_avg_sq_4_bias, thread);
  adamw_4(optimizer_0_exp_avg_7_weight, thread);
  adamw_4(optimizer_0_exp_avg_sq_7_weight, thread);
  adamw_5(optimizer_0_exp_avg_7_bias, thread);
  adamw_5(optimizer_0_exp_avg_sq_7_bias, thread);
  evaluate(validate_sum_accuracy, thread);
  evaluate_2(validate_accuracy, thread);
  evaluate(validate_sum_loss, thread);
  evaluate_2(validate_loss, thread);
}

/* One call of train on 128 rows. Every thread runs it. */
static void train_128(const nnrt_memory *memory, const nnrt_thread *thread) {
  const uint8_t *x = (const uint8_t *)(memory->input + 0); /* [128,1,28,28] */
  float *fashion_mnist_4 = (float *)(memory->scratch + 803072); /* [128,1,28,28] */
  float *p1_weight = (float *)(memory->params + 0); /* [256,784] */
  float *p1_weight_panels = (float *)(memory->scratch + 0); /* [200704] */
  float *p1_bias = (float *)(memory->params + 802816); /* [256] */
  uint32_t *nnrt_seed = (uint32_t *)(memory->state + 0); /* [2] */
  uint32_t *nnrt_calls_train = (uint32_t *)(memory->state + 2155072); /* [] */
  float *linear_8 = (float *)(memory->scratch + 1466880); /* [128,256] */
  float *gelu = (float *)(memory->scratch + 1598208); /* [128,256] */
  float *dropout = (float *)(memory->scratch + 1729536); /* [128,256] */
  float *p4_weight = (float *)(memory->params + 803840); /* [256,256] */
  float *p4_weight_panels = (float *)(memory->scratch + 1204480); /* [65536] */
  float *p4_bias = (float *)(memory->params + 1065984); /* [256] */
  float *linear_9 = (float *)(memory->scratch + 0); /* [128,256] */
  float *gelu_2 = (float *)(memory->scratch + 131584); /* [128,256] */
  float *dropout_2 = (float *)(memory->scratch + 262912); /* [128,256] */
  float *p7_weight = (float *)(memory->params + 1067008); /* [10,256] */
  float *p7_weight_panels = (float *)(memory->scratch + 394240); /* [4096] */
  float *linear_10 = (float *)(memory->scratch + 1204480); /* [128,10] */
  float *p7_bias = (float *)(memory->params + 1077248); /* [10] */
  const uint8_t *y = (const uint8_t *)(memory->input + 100352); /* [128] */
  float *cross_entropy_2 = (float *)(memory->scratch + 131072); /* [128] */
  int32_t *accuracy = (int32_t *)(memory->scratch + 1209600); /* [128] */
  float *grad_cross_entropy = (float *)(memory->scratch + 1204480); /* [128,10] */
  float *loss = (float *)(memory->output + 64); /* [] */
  float *accuracy_2 = (float *)(memory->output + 0); /* [] */
  float *linear_11 = (float *)(memory->scratch + 802816); /* [10] */
  float *train_3 = (float *)(memory->scratch + 802880); /* [10] */
  float *grad_linear = (float *)(memory->scratch + 0); /* [128,256] */
  float *grad_7_weight = (float *)(memory->scratch + 1860608); /* [10,256] */
  float *linear_12 = (float *)(memory->scratch + 1870848); /* [256] */
  float *train_4 = (float *)(memory->scratch + 1871872); /* [256] */
  float *grad_linear_2 = (float *)(memory->scratch + 1466880); /* [128,256] */
  float *grad_4_weight = (float *)(memory->scratch + 1204480); /* [256,256] */
  float *linear_13 = (float *)(memory->scratch + 1597952); /* [256] */
  float *train_5 = (float *)(memory->scratch + 1598976); /* [256] */
  float *grad_1_weight = (float *)(memory->scratch + 0); /* [256,784] */
  float *parts = (float *)(memory->scratch + 1466624); /* [13] */
  float *train_6 = (float *)(memory->scratch + 1466688); /* [] */
  float *train_7 = (float *)(memory->scratch + 1466752); /* [] */
  float *train_8 = (float *)(memory->scratch + 1466816); /* [] */
  int32_t *optimizer_0_step = (int32_t *)(memory->state + 64); /* [] */
  const float *lr = (const float *)(memory->input + 100544); /* [] */
  const float *total_steps = (const float *)(memory->input + 100480); /* [] */
  float *adamw_10 = (float *)(memory->scratch + 1466880); /* [] */
  float *adamw_11 = (float *)(memory->scratch + 1466944); /* [] */
  float *adamw_12 = (float *)(memory->scratch + 1467008); /* [] */
  float *train_9 = (float *)(memory->scratch + 1467072); /* [] */
  float *train_10 = (float *)(memory->scratch + 1467136); /* [] */
  float *train_11 = (float *)(memory->scratch + 1466624); /* [] */
  float *optimizer_0_exp_avg_7_bias = (float *)(memory->state + 2154624); /* [10] */
  float *optimizer_0_exp_avg_sq_7_bias = (float *)(memory->state + 2154688); /* [10] */
  float *optimizer_0_exp_avg_1_weight = (float *)(memory->state + 128); /* [256,784] */
  float *optimizer_0_exp_avg_sq_1_weight = (float *)(memory->state + 802944); /* [256,784] */
  float *optimizer_0_exp_avg_1_bias = (float *)(memory->state + 1605760); /* [256] */
  float *optimizer_0_exp_avg_sq_1_bias = (float *)(memory->state + 1606784); /* [256] */
  float *optimizer_0_exp_avg_4_weight = (float *)(memory->state + 1607808); /* [256,256] */
  float *optimizer_0_exp_avg_sq_4_weight = (float *)(memory->state + 1869952); /* [256,256] */
  float *optimizer_0_exp_avg_4_bias = (float *)(memory->state + 2132096); /* [256] */
  float *optimizer_0_exp_avg_sq_4_bias = (float *)(memory->state + 2133120); /* [256] */
  float *optimizer_0_exp_avg_7_weight = (float *)(memory->state + 2134144); /* [10,256] */
  float *optimizer_0_exp_avg_sq_7_weight = (float *)(memory->state + 2144384); /* [10,256] */

  fashion_mnist(x, fashion_mnist_4, thread);
  pack_1_weight(p1_weight, p1_weight_panels, thread);
  nnrt_barrier(thread);
  linear_gelu_dropout(fashion_mnist_4, p1_weight_panels, p1_bias, nnrt_seed, nnrt_calls_train, linear_8, gelu, dropout,
      thread);
  pack_4_weight(p4_weight, p4_weight_panels, thread);
  nnrt_barrier(thread);
  linear_gelu_dropout_2(dropout, p4_weight_panels, p4_bias, nnrt_seed, nnrt_calls_train, linear_9, gelu_2, dropout_2,
      thread);
  pack_7_weight(p7_weight, p7_weight_panels, thread);
  nnrt_barrier(thread);
  linear_2(dropout_2, p7_weight_panels, linear_10, thread);
  nnrt_barrier(thread);
  cross_entropy_accuracy(linear_10, p7_bias, y, cross_entropy_2, accuracy, grad_cross_entropy, thread);
  nnrt_barrier(thread);
  cross_entropy(cross_entropy_2, loss, accuracy, y, accuracy_2, grad_cross_entropy, linear_11, train_3, p7_weight,
      nnrt_seed, nnrt_calls_train, linear_9, gelu_2, grad_linear, dropout_2, grad_7_weight, thread);
  nnrt_barrier(thread);
  linear_train(grad_linear, linear_12, train_4, thread);
  linear_3(grad_linear, p4_weight, nnrt_seed, nnrt_calls_train, linear_8, gelu, grad_linear_2, thread);
  linear_4(grad_linear, dropout, grad_4_weight, thread);
  nnrt_barrier(thread);
  linear_train_2(grad_linear_2, linear_13, train_5, thread);
  linear_5(grad_linear_2, fashion_mnist_4, grad_1_weight, thread);
  nnrt_barrier(thread);
  train(grad_1_weight, parts, thread);
  nnrt_barrier(thread);
  train_join(parts, train_6, grad_4_weight, train_7, grad_7_weight, train_8, optimizer_0_step, lr, total_steps,
      nnrt_calls_train, adamw_10, adamw_11, adamw_12, thread);
  train_2(train_5, train_9, thread);
  train_2(train_4, train_10, thread);
  nnrt_barrier(thread);
  train_adamw(train_3, train_6, train_9, train_7, train_10, train_8, train_11, optimizer_0_exp_avg_7_bias, linear_11,
      optimizer_0_exp_avg_sq_7_bias, p7_bias, adamw_10, adamw_11, adamw_12, thread);
  nnrt_barrier(thread);
  adamw_6(optimizer_0_exp_avg_1_weight, grad_1_weight, train_11, optimizer_0_exp_avg_sq_1_weight, p1_weight, adamw_10,
      adamw_11, adamw_12, thread);
  adamw_7(optimizer_0_exp_avg_1_bias, linear_13, train_11, optimizer_0_exp_avg_sq_1_bias, p1_bias, adamw_10, adamw_11,
      adamw_12, thread);
  adamw_8(optimizer_0_exp_avg_4_weight, grad_4_weight, train_11, optimizer_0_exp_avg_sq_4_weight, p4_weight, adamw_10,
      adamw_11, adamw_12, thread);
  adamw_7(optimizer_0_exp_avg_4_bias, linear_12, train_11, optimizer_0_exp_avg_sq_4_bias, p4_bias, adamw_10, adamw_11,
      adamw_12, thread);
  adamw_9(optimizer_0_exp_avg_7_weight, grad_7_weight, train_11, optimizer_0_exp_avg_sq_7_weight, p7_weight, adamw_10,
      adamw_11, adamw_12, thread);
}

/* One call of validate on 256 rows. Every thread runs it. */
static void validate_256(const nnrt_memory *memory, const nnrt_thread *thread) {
  const uint8_t *x = (const uint8_t *)(memory->input + 0); /* [256,1,28,28] */
  float *fashion_mnist_4 = (float *)(memory->scratch + 0); /* [256,1,28,28] */
  float *p1_weight = (float *)(memory->params + 0); /* [256,784] */
  float *p1_weight_panels = (float *)(memory->scratch + 803072); /* [200704] */
  float *p1_bias = (float *)(memory->params + 802816); /* [256] */
  float *gelu = (float *)(memory->scratch + 1606144); /* [256,256] */
  float *p4_weight = (float *)(memory->params + 803840); /* [256,256] */
  float *p4_weight_panels = (float *)(memory->scratch + 1868544); /* [65536] */
  float *p4_bias = (float *)(memory->params + 1065984); /* [256] */
  float *gelu_2 = (float *)(memory->scratch + 0); /* [256,256] */
  float *p7_weight = (float *)(memory->params + 1067008); /* [10,256] */
  float *p7_weight_panels = (float *)(memory->scratch + 262400); /* [4096] */
  float *linear_8 = (float *)(memory->scratch + 279040); /* [256,10] */
  float *p7_bias = (float *)(memory->params + 1077248); /* [10] */
  const uint8_t *y = (const uint8_t *)(memory->input + 200704); /* [256] */
  int32_t *accuracy = (int32_t *)(memory->scratch + 0); /* [256] */
  float *cross_entropy_2 = (float *)(memory->scratch + 1024); /* [256] */
  const float *first = (const float *)(memory->input + 200960); /* [] */
  int32_t *validate_rows = (int32_t *)(memory->state + 2154752); /* [] */
  double *validate_sum_accuracy = (double *)(memory->state + 2154816); /* [] */
  float *validate_accuracy = (float *)(memory->state + 2154880); /* [] */
  float *accuracy_2 = (float *)(memory->output + 0); /* [] */
  double *validate_sum_loss = (double *)(memory->state + 2154944); /* [] */
  float *validate_loss = (float *)(memory->state + 2155008); /* [] */
  float *loss = (float *)(memory->output + 64); /* [] */

  fashion_mnist_2(x, fashion_mnist_4, thread);
  pack_1_weight(p1_weight, p1_weight_panels, thread);
  nnrt_barrier(thread);
  linear_gelu(fashion_mnist_4, p1_weight_panels, p1_bias, gelu, thread);
  pack_4_weight(p4_weight, p4_weight_panels, thread);
  nnrt_barrier(thread);
  linear_gelu_2(gelu, p4_weight_panels, p4_bias, gelu_2, thread);
  pack_7_weight(p7_weight, p7_weight_panels, thread);
  nnrt_barrier(thread);
  linear_6(gelu_2, p7_weight_panels, linear_8, thread);
  nnrt_barrier(thread);
  accuracy_cross_entropy(linear_8, p7_bias, y, accuracy, cross_entropy_2, first, validate_rows, thread);
  nnrt_barrier(thread);
  accuracy_evaluate(accuracy, y, first, validate_sum_accuracy, validate_rows, validate_accuracy, accuracy_2,
      cross_entropy_2, validate_sum_loss, validate_loss, loss, thread);
}

/* One call of validate on 1 rows. Every thread runs it. */
static void validate_1(const nnrt_memory *memory, const nnrt_thread *thread) {
  const uint8_t *x = (const uint8_t *)(memory->input + 0); /* [1,1,28,28] */
  float *fashion_mnist_4 = (float *)(memory->scratch + 0); /* [1,1,28,28] */
  float *p1_weight = (float *)(memory->params + 0); /* [256,784] */
  float *p1_bias = (float *)(memory->params + 802816); /* [256] */
  float *gelu = (float *)(memory->scratch + 3136); /* [1,256] */
  float *p4_weight = (float *)(memory->params + 803840); /* [256,256] */
  float *p4_bias = (float *)(memory->params + 1065984); /* [256] */
  float *gelu_2 = (float *)(memory->scratch + 0); /* [1,256] */
  float *p7_weight = (float *)(memory->params + 1067008); /* [10,256] */
  float *linear_8 = (float *)(memory->scratch + 1024); /* [1,10] */
  const float *first = (const float *)(memory->input + 896); /* [] */
  int32_t *validate_rows = (int32_t *)(memory->state + 2154752); /* [] */
  float *p7_bias = (float *)(memory->params + 1077248); /* [10] */
  const uint8_t *y = (const uint8_t *)(memory->input + 832); /* [1] */
  double *validate_sum_accuracy = (double *)(memory->state + 2154816); /* [] */
  double *validate_sum_loss = (double *)(memory->state + 2154944); /* [] */
  float *validate_accuracy = (float *)(memory->state + 2154880); /* [] */
  float *validate_loss = (float *)(memory->state + 2155008); /* [] */
  float *accuracy = (float *)(memory->output + 0); /* [] */
  float *loss = (float *)(memory->output + 64); /* [] */

  fashion_mnist_3(x, fashion_mnist_4, thread);
  nnrt_barrier(thread);
  linear_gelu_3(fashion_mnist_4, p1_weight, p1_bias, gelu, thread);
  nnrt_barrier(thread);
  linear_gelu_4(gelu, p4_weight, p4_bias, gelu_2, thread);
  nnrt_barrier(thread);
  linear_7(gelu_2, p7_weight, linear_8, first, validate_rows, thread);
  nnrt_barrier(thread);
  accuracy_cross_entropy_evaluate(linear_8, p7_bias, y, first, validate_sum_accuracy, validate_rows, validate_sum_loss,
      validate_accuracy, validate_loss, thread);
  nnrt_barrier(thread);
  evaluate_3(validate_accuracy, validate_loss, accuracy, loss, thread);
}

static const nnrt_state fashion_dropout_states[] = {
  {.name = "nnrt.seed", .dtype = NNRT_u32, .rank = 1, .dim = {2}},
  {.name = "1.weight", .dtype = NNRT_f32, .rank = 2, .dim = {256, 784}, .trained = 1, .saved = 1},
  {.name = "1.bias", .dtype = NNRT_f32, .rank = 1, .dim = {256}, .trained = 1, .saved = 1, .offset = 802816},
  {.name = "4.weight", .dtype = NNRT_f32, .rank = 2, .dim = {256, 256}, .trained = 1, .saved = 1, .offset = 803840},
  {.name = "4.bias", .dtype = NNRT_f32, .rank = 1, .dim = {256}, .trained = 1, .saved = 1, .offset = 1065984},
  {.name = "7.weight", .dtype = NNRT_f32, .rank = 2, .dim = {10, 256}, .trained = 1, .saved = 1, .offset = 1067008},
  {.name = "7.bias", .dtype = NNRT_f32, .rank = 1, .dim = {10}, .trained = 1, .saved = 1, .offset = 1077248},
  {.name = "optimizer.0.step", .dtype = NNRT_i32, .offset = 64},
  {.name = "optimizer.0.exp_avg.1.weight", .dtype = NNRT_f32, .rank = 2, .dim = {256, 784}, .offset = 128},
  {.name = "optimizer.0.exp_avg_sq.1.weight", .dtype = NNRT_f32, .rank = 2, .dim = {256, 784}, .offset = 802944},
  {.name = "optimizer.0.exp_avg.1.bias", .dtype = NNRT_f32, .rank = 1, .dim = {256}, .offset = 1605760},
  {.name = "optimizer.0.exp_avg_sq.1.bias", .dtype = NNRT_f32, .rank = 1, .dim = {256}, .offset = 1606784},
  {.name = "optimizer.0.exp_avg.4.weight", .dtype = NNRT_f32, .rank = 2, .dim = {256, 256}, .offset = 1607808},
  {.name = "optimizer.0.exp_avg_sq.4.weight", .dtype = NNRT_f32, .rank = 2, .dim = {256, 256}, .offset = 1869952},
  {.name = "optimizer.0.exp_avg.4.bias", .dtype = NNRT_f32, .rank = 1, .dim = {256}, .offset = 2132096},
  {.name = "optimizer.0.exp_avg_sq.4.bias", .dtype = NNRT_f32, .rank = 1, .dim = {256}, .offset = 2133120},
  {.name = "optimizer.0.exp_avg.7.weight", .dtype = NNRT_f32, .rank = 2, .dim = {10, 256}, .offset = 2134144},
  {.name = "optimizer.0.exp_avg_sq.7.weight", .dtype = NNRT_f32, .rank = 2, .dim = {10, 256}, .offset = 2144384},
  {.name = "optimizer.0.exp_avg.7.bias", .dtype = NNRT_f32, .rank = 1, .dim = {10}, .offset = 2154624},
  {.name = "optimizer.0.exp_avg_sq.7.bias", .dtype = NNRT_f32, .rank = 1, .dim = {10}, .offset = 2154688},
  {.name = "validate.rows", .dtype = NNRT_i32, .offset = 2154752},
  {.name = "validate.sum.accuracy", .dtype = NNRT_f64, .offset = 2154816},
  {.name = "validate.accuracy", .dtype = NNRT_f32, .offset = 2154880},
  {.name = "validate.sum.loss", .dtype = NNRT_f64, .offset = 2154944},
  {.name = "validate.loss", .dtype = NNRT_f32, .offset = 2155008},
  {.name = "nnrt.calls.train", .dtype = NNRT_u32, .offset = 2155072},
};

static const nnrt_hyper fashion_dropout_hypers[] = {
  {.name = "lr", .value = 0.002, .max = INFINITY, .help = "the largest learning rate"},
  {.name = "epochs", .value = 5.0, .min = -INFINITY, .max = INFINITY, .integer = 1},
};

static const nnrt_field fashion_dropout_test_fields[] = {
  {.name = "x", .dtype = NNRT_u8, .rank = 3, .dim = {1, 28, 28}},
  {.name = "y", .dtype = NNRT_u8},
};

static const char *const fashion_dropout_test_files[] = {
  "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz",
  "/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz",
};

static const nnrt_field fashion_dropout_train_fields[] = {
  {.name = "x", .dtype = NNRT_u8, .rank = 3, .dim = {1, 28, 28}},
  {.name = "y", .dtype = NNRT_u8},
};

static const char *const fashion_dropout_train_files[] = {
  "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz",
  "/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz",
};

static const nnrt_source fashion_dropout_sources[] = {
  {.name = "test", .kind = "idx", .nfields = 2, .fields = fashion_dropout_test_fields, .nfiles = 2,
      .files = fashion_dropout_test_files, .batch = 256, .rows = 10000, .classes = 10},
  {.name = "train", .kind = "idx", .nfields = 2, .fields = fashion_dropout_train_fields, .nfiles = 2,
      .files = fashion_dropout_train_files, .batch = 128, .shuffle = 1, .rows = 60000, .classes = 10},
};

static const int fashion_dropout_train_sources[] = {
  1,
};

static const nnrt_input fashion_dropout_train_128_inputs[] = {
  {.name = "x", .kind = NNRT_INPUT_FIELD, .dtype = NNRT_u8, .count = 100352, .source = 1, .hyper = -1},
  {.name = "y", .kind = NNRT_INPUT_FIELD, .dtype = NNRT_u8, .count = 128, .offset = 100352, .source = 1, .field = 1,
      .hyper = -1},
  {.name = "total_steps", .kind = NNRT_INPUT_TOTAL_STEPS, .dtype = NNRT_f32, .count = 1, .offset = 100480, .source = -1,
      .field = -1, .hyper = -1},
  {.name = "lr", .kind = NNRT_INPUT_HYPER, .dtype = NNRT_f32, .count = 1, .offset = 100544, .source = -1, .field = -1},
};

static const nnrt_output fashion_dropout_train_128_outputs[] = {
  {.name = "accuracy", .dtype = NNRT_f32, .count = 1},
  {.name = "loss", .dtype = NNRT_f32, .count = 1, .offset = 64},
};

static const nnrt_variant fashion_dropout_train_variants[] = {
  {.rows = 128, .step = train_128, .ninputs = 4, .noutputs = 2, .inputs = fashion_dropout_train_128_inputs,
      .outputs = fashion_dropout_train_128_outputs, .input_bytes = 100608, .output_bytes = 128},
};

static const int fashion_dropout_validate_sources[] = {
  0,
};

static const nnrt_input fashion_dropout_validate_256_inputs[] = {
  {.name = "x", .kind = NNRT_INPUT_FIELD, .dtype = NNRT_u8, .count = 200704, .hyper = -1},
  {.name = "y", .kind = NNRT_INPUT_FIELD, .dtype = NNRT_u8, .count = 256, .offset = 200704, .field = 1, .hyper = -1},
  {.name = "first", .kind = NNRT_INPUT_FIRST, .dtype = NNRT_f32, .count = 1, .offset = 200960, .field = -1,
      .hyper = -1},
};

static const nnrt_output fashion_dropout_validate_256_outputs[] = {
  {.name = "accuracy", .dtype = NNRT_f32, .count = 1},
  {.name = "loss", .dtype = NNRT_f32, .count = 1, .offset = 64},
};

static const nnrt_input fashion_dropout_validate_1_inputs[] = {
  {.name = "x", .kind = NNRT_INPUT_FIELD, .dtype = NNRT_u8, .count = 784, .hyper = -1},
  {.name = "y", .kind = NNRT_INPUT_FIELD, .dtype = NNRT_u8, .count = 1, .offset = 832, .field = 1, .hyper = -1},
  {.name = "first", .kind = NNRT_INPUT_FIRST, .dtype = NNRT_f32, .count = 1, .offset = 896, .field = -1, .hyper = -1},
};

static const nnrt_output fashion_dropout_validate_1_outputs[] = {
  {.name = "accuracy", .dtype = NNRT_f32, .count = 1},
  {.name = "loss", .dtype = NNRT_f32, .count = 1, .offset = 64},
};

static const nnrt_variant fashion_dropout_validate_variants[] = {
  {.rows = 256, .step = validate_256, .ninputs = 3, .noutputs = 2, .inputs = fashion_dropout_validate_256_inputs,
      .outputs = fashion_dropout_validate_256_outputs, .input_bytes = 201024, .output_bytes = 128},
  {.rows = 1, .step = validate_1, .ninputs = 3, .noutputs = 2, .inputs = fashion_dropout_validate_1_inputs,
      .outputs = fashion_dropout_validate_1_outputs, .input_bytes = 960, .output_bytes = 128},
};

static const nnrt_func fashion_dropout_funcs[] = {
  {.name = "train", .nsources = 1, .sources = fashion_dropout_train_sources, .nvariants = 1,
      .variants = fashion_dropout_train_variants},
  {.name = "validate", .whole_pass = 1, .nsources = 1, .sources = fashion_dropout_validate_sources, .nvariants = 2,
      .variants = fashion_dropout_validate_variants},
};

static const nnrt_act fashion_dropout_phase_1_step[] = {
  {.times = 1, .every = 1, .when_func = -1, .when_output = -1},
};

static const nnrt_act fashion_dropout_phase_1_each_epoch[] = {
  {.func = 1, .times = 1, .every = 1, .when_func = -1, .when_output = -1},
};

static const nnrt_phase fashion_dropout_phases[] = {
  {.by_epochs = 1, .count = 5.0, .count_hyper = 1, .nstep = 1, .neach_epoch = 1, .step = fashion_dropout_phase_1_step,
      .each_epoch = fashion_dropout_phase_1_each_epoch, .stop_func = -1, .stop_output = -1},
};

static const nnrt_model fashion_dropout_model = {
  .name = "fashion_dropout",
  .source = "models/fashion_dropout.lua",
  .compiler = "nnc 0.1",
  .hash = 0x74c753c3599d8665,
  .params_bytes = PARAMS_BYTES,
  .state_bytes = STATE_BYTES,
  .scratch_bytes = SCRATCH_BYTES,
  .max_threads = 16,
  .nstates = 26,
  .nhypers = 2,
  .nsources = 2,
  .nfuncs = 2,
  .nphases = 1,
  .states = fashion_dropout_states,
  .hypers = fashion_dropout_hypers,
  .sources = fashion_dropout_sources,
  .funcs = fashion_dropout_funcs,
  .phases = fashion_dropout_phases,
  .init = init,
};

int main(int argc, char **argv) {
  if (!NNRT_RUNS_V4) {
    fputs("fashion_dropout: compiled for x86-64-v4, which this processor is not (nnc --cpu says which)\n", stderr);
    return 1;
  }
  return nnrt_main(&fashion_dropout_model, argc, argv);
}
