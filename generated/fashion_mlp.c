/* fashion_mlp: compiled from models/fashion_mlp.lua by nnc 0.1 for x86-64-v4. Do not edit: change the model.
 * Build: cc -O3 FILE.c -lnnrt -lz -lm -pthread
 * The results have the same bits with any compiler, optimisation, processor and number of threads. */
#define NNRT_V4
#include "nnrt.h"
#include "nnrt_simd.h"
#include <stdio.h>

/* The arenas, in bytes. */
#define PARAMS_BYTES 2678848
#define STATE_BYTES 5358144
#define SCRATCH_BYTES 3950464

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

/* models/fashion_mlp.lua:6  nn.Linear(784, 512), nn.ReLU(), */
static NNRT_KERNEL_V4 void linear(const uint32_t *restrict nnrt_seed, float *restrict p1_weight,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(196, thread), u_end = nnrt_hi(196, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 401408); j += 16) {
      const u32x16 element = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
      const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
      const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0x8cf06a07u),
          u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.071428575f;
      f32x16_store(&p1_weight[j], v - 0.035714287f);
    }
  }
}

/* models/fashion_mlp.lua:6  nn.Linear(784, 512), nn.ReLU(),
 * models/fashion_mlp.lua:7  nn.Linear(512, 512), nn.ReLU(),
 * models/fashion_mlp.lua:8  nn.Linear(512, 10),
 * models/fashion_mlp.lua:18  train    = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn....
 * models/fashion_mlp.lua:19  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return nn.... */
static NNRT_KERNEL_V4 void linear_2(const uint32_t *restrict nnrt_seed, float *restrict p1_bias,
    float *restrict p3_bias, float *restrict p5_weight, float *restrict p5_bias, int32_t *restrict optimizer_0_step,
    int32_t *restrict validate_rows, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    for (int64_t j = 0; j < 512; j += 16) {
      const u32x16 element = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
      const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
      const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0x226576b6u),
          u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.071428575f;
      f32x16_store(&p1_bias[j], v - 0.035714287f);
    }
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    for (int64_t j = 0; j < 512; j += 16) {
      const u32x16 element = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
      const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
      const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0xe0f289dcu),
          u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.088388346f;
      f32x16_store(&p3_bias[j], v - 0.044194173f);
    }
  }
  for (int64_t u = nnrt_lo(3, thread), u_end = nnrt_hi(3, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 5120); j += 16) {
      const u32x16 element = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
      const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
      const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0x92510e56u),
          u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.088388346f;
      f32x16_store(&p5_weight[j], v - 0.044194173f);
    }
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    const u32x16 element = u32x16_from_i32x16(i32x16_lane());
    const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
    const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
    const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0x60d27da3u),
        u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
    const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.088388346f;
    f32x16_store_mask(p5_bias, v - 0.044194173f, boolx16_mask(10));
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    optimizer_0_step[0] = 0;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    validate_rows[0] = 0;
  }
}

/* models/fashion_mlp.lua:7  nn.Linear(512, 512), nn.ReLU(), */
static NNRT_KERNEL_V4 void linear_3(const uint32_t *restrict nnrt_seed, float *restrict p3_weight,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(128, thread), u_end = nnrt_hi(128, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 262144); j += 16) {
      const u32x16 element = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
      const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
      const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0x85b569abu),
          u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f * 0.088388346f;
      f32x16_store(&p3_weight[j], v - 0.044194173f);
    }
  }
}

/* models/fashion_mlp.lua:18  train    = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.... */
static NNRT_KERNEL_V4 void adam(float *restrict optimizer_0_exp_avg_1_weight, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(196, thread), u_end = nnrt_hi(196, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 401408); j += 16) {
      f32x16_store(&optimizer_0_exp_avg_1_weight[j], f32x16_set1(0.0f));
    }
  }
}

/* models/fashion_mlp.lua:18  train    = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.... */
static NNRT_KERNEL_V4 void adam_2(float *restrict optimizer_0_exp_avg_1_bias, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    for (int64_t j = 0; j < 512; j += 16) {
      f32x16_store(&optimizer_0_exp_avg_1_bias[j], f32x16_set1(0.0f));
    }
  }
}

/* models/fashion_mlp.lua:18  train    = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.... */
static NNRT_KERNEL_V4 void adam_3(float *restrict optimizer_0_exp_avg_3_weight, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(128, thread), u_end = nnrt_hi(128, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 262144); j += 16) {
      f32x16_store(&optimizer_0_exp_avg_3_weight[j], f32x16_set1(0.0f));
    }
  }
}

/* models/fashion_mlp.lua:18  train    = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.... */
static NNRT_KERNEL_V4 void adam_4(float *restrict optimizer_0_exp_avg_5_weight, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(3, thread), u_end = nnrt_hi(3, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 5120); j += 16) {
      f32x16_store(&optimizer_0_exp_avg_5_weight[j], f32x16_set1(0.0f));
    }
  }
}

/* models/fashion_mlp.lua:18  train    = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.... */
static NNRT_KERNEL_V4 void adam_5(float *restrict optimizer_0_exp_avg_5_bias, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16_store_mask(optimizer_0_exp_avg_5_bias, f32x16_set1(0.0f), boolx16_mask(10));
  }
}

/* models/fashion_mlp.lua:19  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return nn.... */
static NNRT_KERNEL_V4 void evaluate(double *restrict validate_sum_accuracy, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    validate_sum_accuracy[0] = 0.0;
  }
}

/* models/fashion_mlp.lua:19  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return nn.... */
static NNRT_KERNEL_V4 void evaluate_2(float *restrict validate_accuracy, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    validate_accuracy[0] = 0.0f;
  }
}

/* models/fashion_mlp.lua:16  data     = { train = nn.data.fashion_mnist { split = "train", batch = 128, shuffle =... */
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

/* 1.weight as 16 panels of 32 columns
 * models/fashion_mlp.lua:6  nn.Linear(784, 512), nn.ReLU(), */
static NNRT_KERNEL_V4 void pack_1_weight(const float *restrict p1_weight, float *restrict p1_weight_panels,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(64, thread), u_end = nnrt_hi(64, thread); u < u_end; ++u) {
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

/* [128,784] x [784,512]: panels of 32 columns, tiles of 8 rows
 * models/fashion_mlp.lua:6  nn.Linear(784, 512), nn.ReLU(), */
static NNRT_KERNEL_V4 void linear_relu(const float *restrict fashion_mnist, const float *restrict p1_weight_panels,
    const float *restrict p1_bias, float *restrict relu, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(256, thread), u_end = nnrt_hi(256, thread); u < u_end; ++u) {
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
      for (int64_t j = 0; j < 32; j += 16) {
        const f32x16 c = f32x16_load(&part[r * 32 + j]);
        const f32x16 p1_bias_2 = f32x16_load(&p1_bias[panel * 32 + j]);
        const f32x16 v = c + p1_bias_2;
        f32x16_store(&relu[row * 512 + panel * 32 + j],
            f32x16_where(f32x16_le(v, f32x16_set1(0.0f)), f32x16_set1(0.0f), v));
      }
    }
  }
}

/* 3.weight as 16 panels of 32 columns
 * models/fashion_mlp.lua:7  nn.Linear(512, 512), nn.ReLU(), */
static NNRT_KERNEL_V4 void pack_3_weight(const float *restrict p3_weight, float *restrict p3_weight_panels,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(32, thread), u_end = nnrt_hi(32, thread); u < u_end; ++u) {
    const int64_t chunk = u % 2;
    const int64_t panel = u / 2;
    const int64_t k_lo = chunk * 256;
    const int64_t k_hi = i64_minimum(k_lo + 256, 512);
    const int64_t from = panel * 16384;
    const int64_t to = panel * 16384;
    for (int64_t k = k_lo; k < k_hi; k += 16) {
      for (int64_t j = 0; j < 32; j += 16) {
        f32x16_transpose(&p3_weight_panels[to + j + k * 32], 32, &p3_weight[from + j * 512 + k], 512);
      }
    }
  }
}

/* [128,512] x [512,512]: panels of 32 columns, tiles of 8 rows
 * models/fashion_mlp.lua:7  nn.Linear(512, 512), nn.ReLU(), */
static NNRT_KERNEL_V4 void linear_relu_2(const float *restrict relu, const float *restrict p3_weight_panels,
    const float *restrict p3_bias, float *restrict relu_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(256, thread), u_end = nnrt_hi(256, thread); u < u_end; ++u) {
    const int64_t tile = u % 16;
    const int64_t panel = u / 16;
    _Alignas(64) float part[256];
    const int64_t wide = panel * 16384;
    const int64_t narrow = tile * 4096;
    f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0}, c4b = {0},
        c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0};
    for (int64_t k = 0; k < 512; ++k) {
      const f32x16 b_a = f32x16_load(&p3_weight_panels[wide + k * 32]);
      const f32x16 b_b = f32x16_load(&p3_weight_panels[wide + k * 32 + 16]);
      const f32x16 x0 = f32x16_set1(relu[narrow + k]);
      c0a = f32x16_fma(x0, b_a, c0a);
      c0b = f32x16_fma(x0, b_b, c0b);
      const f32x16 x1 = f32x16_set1(relu[narrow + k + 512]);
      c1a = f32x16_fma(x1, b_a, c1a);
      c1b = f32x16_fma(x1, b_b, c1b);
      const f32x16 x2 = f32x16_set1(relu[narrow + k + 1024]);
      c2a = f32x16_fma(x2, b_a, c2a);
      c2b = f32x16_fma(x2, b_b, c2b);
      const f32x16 x3 = f32x16_set1(relu[narrow + k + 1536]);
      c3a = f32x16_fma(x3, b_a, c3a);
      c3b = f32x16_fma(x3, b_b, c3b);
      const f32x16 x4 = f32x16_set1(relu[narrow + k + 2048]);
      c4a = f32x16_fma(x4, b_a, c4a);
      c4b = f32x16_fma(x4, b_b, c4b);
      const f32x16 x5 = f32x16_set1(relu[narrow + k + 2560]);
      c5a = f32x16_fma(x5, b_a, c5a);
      c5b = f32x16_fma(x5, b_b, c5b);
      const f32x16 x6 = f32x16_set1(relu[narrow + k + 3072]);
      c6a = f32x16_fma(x6, b_a, c6a);
      c6b = f32x16_fma(x6, b_b, c6b);
      const f32x16 x7 = f32x16_set1(relu[narrow + k + 3584]);
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
        const f32x16 p3_bias_2 = f32x16_load(&p3_bias[panel * 32 + j]);
        const f32x16 v = c + p3_bias_2;
        f32x16_store(&relu_2[row * 512 + panel * 32 + j],
            f32x16_where(f32x16_le(v, f32x16_set1(0.0f)), f32x16_set1(0.0f), v));
      }
    }
  }
}

/* 5.weight as 1 panel of 16 columns
 * models/fashion_mlp.lua:8  nn.Linear(512, 10), */
static NNRT_KERNEL_V4 void pack_5_weight(const float *restrict p5_weight, float *restrict p5_weight_panels,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(2, thread), u_end = nnrt_hi(2, thread); u < u_end; ++u) {
    const int64_t k_lo = u * 256;
    const int64_t k_hi = i64_minimum(k_lo + 256, 512);
    for (int64_t k = k_lo; k < k_hi; k += 8) {
      f32x8_transpose(&p5_weight_panels[k * 16], 16, &p5_weight[k], 512);
    }
    for (int64_t k = k_lo; k < k_hi; ++k) {
      for (int64_t j = 8; j < 10; ++j) {
        p5_weight_panels[j + k * 16] = p5_weight[j * 512 + k];
      }
      for (int64_t j = 10; j < 16; ++j) {
        p5_weight_panels[j + k * 16] = 0.0f;
      }
    }
  }
}

/* [128,512] x [512,10]: panels of 16 columns, tiles of 16 rows
 * models/fashion_mlp.lua:8  nn.Linear(512, 10), */
static NNRT_KERNEL_V4 void linear_4(const float *restrict relu, const float *restrict p5_weight_panels,
    float *restrict linear, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(8, thread), u_end = nnrt_hi(8, thread); u < u_end; ++u) {
    _Alignas(64) float part[256];
    const int64_t narrow = u * 8192;
    f32x16 c0a = {0}, c1a = {0}, c2a = {0}, c3a = {0}, c4a = {0}, c5a = {0}, c6a = {0}, c7a = {0}, c8a = {0}, c9a = {0},
        c10a = {0}, c11a = {0}, c12a = {0}, c13a = {0}, c14a = {0}, c15a = {0};
    for (int64_t k = 0; k < 512; ++k) {
      const f32x16 b_a = f32x16_load(&p5_weight_panels[k * 16]);
      const f32x16 x0 = f32x16_set1(relu[narrow + k]);
      c0a = f32x16_fma(x0, b_a, c0a);
      const f32x16 x1 = f32x16_set1(relu[narrow + k + 512]);
      c1a = f32x16_fma(x1, b_a, c1a);
      const f32x16 x2 = f32x16_set1(relu[narrow + k + 1024]);
      c2a = f32x16_fma(x2, b_a, c2a);
      const f32x16 x3 = f32x16_set1(relu[narrow + k + 1536]);
      c3a = f32x16_fma(x3, b_a, c3a);
      const f32x16 x4 = f32x16_set1(relu[narrow + k + 2048]);
      c4a = f32x16_fma(x4, b_a, c4a);
      const f32x16 x5 = f32x16_set1(relu[narrow + k + 2560]);
      c5a = f32x16_fma(x5, b_a, c5a);
      const f32x16 x6 = f32x16_set1(relu[narrow + k + 3072]);
      c6a = f32x16_fma(x6, b_a, c6a);
      const f32x16 x7 = f32x16_set1(relu[narrow + k + 3584]);
      c7a = f32x16_fma(x7, b_a, c7a);
      const f32x16 x8 = f32x16_set1(relu[narrow + k + 4096]);
      c8a = f32x16_fma(x8, b_a, c8a);
      const f32x16 x9 = f32x16_set1(relu[narrow + k + 4608]);
      c9a = f32x16_fma(x9, b_a, c9a);
      const f32x16 x10 = f32x16_set1(relu[narrow + k + 5120]);
      c10a = f32x16_fma(x10, b_a, c10a);
      const f32x16 x11 = f32x16_set1(relu[narrow + k + 5632]);
      c11a = f32x16_fma(x11, b_a, c11a);
      const f32x16 x12 = f32x16_set1(relu[narrow + k + 6144]);
      c12a = f32x16_fma(x12, b_a, c12a);
      const f32x16 x13 = f32x16_set1(relu[narrow + k + 6656]);
      c13a = f32x16_fma(x13, b_a, c13a);
      const f32x16 x14 = f32x16_set1(relu[narrow + k + 7168]);
      c14a = f32x16_fma(x14, b_a, c14a);
      const f32x16 x15 = f32x16_set1(relu[narrow + k + 7680]);
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
    const int64_t row_first = u * 16;
    for (int64_t r = 0; r < 16; ++r) {
      const int64_t row = row_first + r;
      const f32x16 c = f32x16_load(&part[r * 16]);
      f32x16_store_mask(&linear[row * 10], c, boolx16_mask(10));
    }
  }
}

/* models/fashion_mlp.lua:12  local function loss(b) return nn.cross_entropy(net(b.x), b.y) end */
static NNRT_KERNEL_V4 void cross_entropy(const float *linear, const float *restrict p5_bias, const uint8_t *restrict y,
    float *restrict cross_entropy, float *grad_cross_entropy, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(128, thread), u_end = nnrt_hi(128, thread); u < u_end; ++u) {
    f32x16 acc = f32x16_set1(-INFINITY);
    const f32x16 linear_2 = f32x16_load_mask(&linear[u * 10], boolx16_mask(10));
    const f32x16 p5_bias_2 = f32x16_load_mask(p5_bias, boolx16_mask(10));
    const f32x16 v = linear_2 + p5_bias_2;
    acc = f32x16_where(boolx16_mask(10), f32x16_maximum(acc, v), acc);
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_maximum(f32x8_load(lanes), f32x8_load(&lanes[8]));
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_maximum(f32x4_load(lanes), f32x4_load(&lanes[4]));
    const float max = f32_maximum(f32_maximum(f32x4_extract(half_2, 0), f32x4_extract(half_2, 2)),
        f32_maximum(f32x4_extract(half_2, 1), f32x4_extract(half_2, 3)));
    f32x16 acc_2 = {0}, acc_3 = {0};
    const uint8_t y_2 = y[u];
    const int32_t v_2 = i32_from_u8(y_2);
    const boolx16 v_3 = i32x16_eq(i32x16_lane(), i32x16_set1(v_2));
    const f32x16 v_4 = v - max;
    acc_2 = f32x16_where(boolx16_mask(10), acc_2 + f32x16_where(v_3, v_4, f32x16_set1(0.0f)), acc_2);
    const f32x16 v_5 = exp_f32x16(v_4);
    acc_3 = f32x16_where(boolx16_mask(10), acc_3 + v_5, acc_3);
    _Alignas(64) float lanes_2[16];
    f32x16_store(lanes_2, acc_2);
    const f32x8 half_3 = f32x8_load(lanes_2) + f32x8_load(&lanes_2[8]);
    f32x8_store(lanes_2, half_3);
    const f32x4 half_4 = f32x4_load(lanes_2) + f32x4_load(&lanes_2[4]);
    _Alignas(64) float lanes_3[16];
    f32x16_store(lanes_3, acc_3);
    const f32x8 half_5 = f32x8_load(lanes_3) + f32x8_load(&lanes_3[8]);
    f32x8_store(lanes_3, half_5);
    const f32x4 half_6 = f32x4_load(lanes_3) + f32x4_load(&lanes_3[4]);
    const float sum = f32x4_extract(half_4, 0) + f32x4_extract(half_4, 2)
        + (f32x4_extract(half_4, 1) + f32x4_extract(half_4, 3));
    const float sum_2 = f32x4_extract(half_6, 0) + f32x4_extract(half_6, 2)
        + (f32x4_extract(half_6, 1) + f32x4_extract(half_6, 3));
    cross_entropy[u] = log_f32(sum_2) - sum;
    const float grad_cross_entropy_2 = 0.0078125f / sum_2;
    f32x16_store_mask(&grad_cross_entropy[u * 10], grad_cross_entropy_2 * v_5
        + f32x16_where(v_3, f32x16_set1(-0.0078125f), f32x16_set1(0.0f)), boolx16_mask(10));
  }
}

/* models/fashion_mlp.lua:12  local function loss(b) return nn.cross_entropy(net(b.x), b.y) end */
static NNRT_KERNEL_V4 void cross_entropy_2(const float *restrict cross_entropy, float *restrict loss,
    const nnrt_thread *thread) {
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
}

/* [128,10] x [10,512]: panels of 32 columns, tiles of 13 rows
 * models/fashion_mlp.lua:7  nn.Linear(512, 512), nn.ReLU(),
 * models/fashion_mlp.lua:8  nn.Linear(512, 10), */
static NNRT_KERNEL_V4 void linear_relu_3(const float *restrict grad_cross_entropy, const float *restrict p5_weight,
    const float *restrict relu, float *restrict grad_linear, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(16, thread), u_end = nnrt_hi(16, thread); u < u_end; ++u) {
    _Alignas(64) float part[416];
    for (int64_t tile = 0; tile < 10; ++tile) {
      if (tile < 8) {
        const int64_t wide = u * 32;
        const int64_t narrow = (tile * 12 + i64_minimum(tile, 8)) * 10;
        f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
            c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0},
            c9a = {0}, c9b = {0}, c10a = {0}, c10b = {0}, c11a = {0}, c11b = {0}, c12a = {0}, c12b = {0};
        for (int64_t k = 0; k < 10; ++k) {
          const f32x16 b_a = f32x16_load(&p5_weight[wide + k * 512]);
          const f32x16 b_b = f32x16_load(&p5_weight[wide + k * 512 + 16]);
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
          const f32x16 b_a = f32x16_load(&p5_weight[wide + k * 512]);
          const f32x16 b_b = f32x16_load(&p5_weight[wide + k * 512 + 16]);
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
        for (int64_t j = 0; j < 32; j += 16) {
          const f32x16 c = f32x16_load(&part[r * 32 + j]);
          const f32x16 relu_2 = f32x16_load(&relu[row * 512 + u * 32 + j]);
          f32x16_store(&grad_linear[row * 512 + u * 32 + j],
              f32x16_where(f32x16_le(relu_2, f32x16_set1(0.0f)), f32x16_set1(0.0f), c));
        }
      }
    }
  }
}

/* [128,512] x [512,512]: panels of 32 columns, tiles of 8 rows
 * models/fashion_mlp.lua:6  nn.Linear(784, 512), nn.ReLU(),
 * models/fashion_mlp.lua:7  nn.Linear(512, 512), nn.ReLU(), */
static NNRT_KERNEL_V4 void linear_relu_4(const float *restrict grad_linear, const float *restrict p3_weight,
    const float *restrict relu, float *restrict grad_linear_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(256, thread), u_end = nnrt_hi(256, thread); u < u_end; ++u) {
    const int64_t tile = u % 16;
    const int64_t panel = u / 16;
    _Alignas(64) float part[256];
    const int64_t wide = panel * 32;
    const int64_t narrow = tile * 4096;
    f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0}, c4b = {0},
        c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0};
    for (int64_t k = 0; k < 512; ++k) {
      const f32x16 b_a = f32x16_load(&p3_weight[wide + k * 512]);
      const f32x16 b_b = f32x16_load(&p3_weight[wide + k * 512 + 16]);
      const f32x16 x0 = f32x16_set1(grad_linear[narrow + k]);
      c0a = f32x16_fma(x0, b_a, c0a);
      c0b = f32x16_fma(x0, b_b, c0b);
      const f32x16 x1 = f32x16_set1(grad_linear[narrow + k + 512]);
      c1a = f32x16_fma(x1, b_a, c1a);
      c1b = f32x16_fma(x1, b_b, c1b);
      const f32x16 x2 = f32x16_set1(grad_linear[narrow + k + 1024]);
      c2a = f32x16_fma(x2, b_a, c2a);
      c2b = f32x16_fma(x2, b_b, c2b);
      const f32x16 x3 = f32x16_set1(grad_linear[narrow + k + 1536]);
      c3a = f32x16_fma(x3, b_a, c3a);
      c3b = f32x16_fma(x3, b_b, c3b);
      const f32x16 x4 = f32x16_set1(grad_linear[narrow + k + 2048]);
      c4a = f32x16_fma(x4, b_a, c4a);
      c4b = f32x16_fma(x4, b_b, c4b);
      const f32x16 x5 = f32x16_set1(grad_linear[narrow + k + 2560]);
      c5a = f32x16_fma(x5, b_a, c5a);
      c5b = f32x16_fma(x5, b_b, c5b);
      const f32x16 x6 = f32x16_set1(grad_linear[narrow + k + 3072]);
      c6a = f32x16_fma(x6, b_a, c6a);
      c6b = f32x16_fma(x6, b_b, c6b);
      const f32x16 x7 = f32x16_set1(grad_linear[narrow + k + 3584]);
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
        const f32x16 relu_2 = f32x16_load(&relu[row * 512 + panel * 32 + j]);
        f32x16_store(&grad_linear_2[row * 512 + panel * 32 + j],
            f32x16_where(f32x16_le(relu_2, f32x16_set1(0.0f)), f32x16_set1(0.0f), c));
      }
    }
  }
}

/* models/fashion_mlp.lua:18  train    = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.... */
static NNRT_KERNEL_V4 void adam_6(const float *restrict lr, int32_t *restrict optimizer_0_step,
    const float *restrict total_steps, float *restrict adam, float *restrict adam_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const float lr_2 = lr[0];
    const int32_t optimizer_0_step_2 = optimizer_0_step[0];
    const float v = f32_from_i32(optimizer_0_step_2);
    const float total_steps_2 = total_steps[0];
    const float v_2 = cos_f32(f32_minimum(v / total_steps_2, 1.0f) * 3.1415927f);
    const float v_3 = v + 1.0f;
    const float v_4 = lr_2 * ((v_2 + 1.0f) * 0.5f) / expm1_f32(v_3 * -0.105360515f);
    const float v_5 = f32_sqrt(-expm1_f32(v_3 * -0.0010005003f));
    adam[0] = v_4;
    adam_2[0] = 1.0f / v_5;
    optimizer_0_step[0] = i32_add(optimizer_0_step_2, 1);
  }
}

/* models/fashion_mlp.lua:6  nn.Linear(784, 512), nn.ReLU(),
 * models/fashion_mlp.lua:7  nn.Linear(512, 512), nn.ReLU(),
 * models/fashion_mlp.lua:8  nn.Linear(512, 10),
 * models/fashion_mlp.lua:18  train    = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.... */
static NNRT_KERNEL_V4 void linear_adam(const float *restrict grad_cross_entropy,
    float *restrict optimizer_0_exp_avg_5_bias, float *restrict optimizer_0_exp_avg_sq_5_bias, float *restrict p5_bias,
    const float *restrict adam, const float *restrict adam_2, const float *restrict grad_linear,
    float *restrict optimizer_0_exp_avg_3_bias, float *restrict optimizer_0_exp_avg_sq_3_bias, float *restrict p3_bias,
    const float *restrict grad_linear_2, float *restrict optimizer_0_exp_avg_1_bias,
    float *restrict optimizer_0_exp_avg_sq_1_bias, float *restrict p1_bias, const nnrt_thread *thread) {
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
    const f32x16 optimizer_0_exp_avg_5_bias_2 = f32x16_load_mask(optimizer_0_exp_avg_5_bias, boolx16_mask(10));
    const f32x16 v = optimizer_0_exp_avg_5_bias_2 * 0.9f + sum * 0.1f;
    const f32x16 optimizer_0_exp_avg_sq_5_bias_2 = f32x16_load_mask(optimizer_0_exp_avg_sq_5_bias, boolx16_mask(10));
    const f32x16 v_2 = optimizer_0_exp_avg_sq_5_bias_2 * 0.999f + sum * sum * 0.001f;
    const f32x16 p5_bias_2 = f32x16_load_mask(p5_bias, boolx16_mask(10));
    const float adam_3 = adam[0];
    const float adam_4 = adam_2[0];
    const f32x16 v_3 = v * adam_3 / (f32x16_sqrt(v_2) * adam_4 + 1e-08f);
    f32x16_store_mask(optimizer_0_exp_avg_5_bias, v, boolx16_mask(10));
    f32x16_store_mask(optimizer_0_exp_avg_sq_5_bias, v_2, boolx16_mask(10));
    f32x16_store_mask(p5_bias, p5_bias_2 + v_3, boolx16_mask(10));
  }
  for (int64_t u = nnrt_lo(8, thread), u_end = nnrt_hi(8, thread); u < u_end; ++u) {
    const int64_t column = u * 64;
    _Alignas(64) float parts[128];
    for (int64_t c = 0; c < 2; ++c) {
      f32x16 acc = {0}, acc_2 = {0}, acc_3 = {0}, acc_4 = {0};
      for (int64_t r = c * 64; r < c * 64 + 64; ++r) {
        const f32x16 grad_linear_3 = f32x16_load(&grad_linear[column + r * 512]);
        acc = acc + grad_linear_3;
        const f32x16 grad_linear_4 = f32x16_load(&grad_linear[column + r * 512 + 16]);
        acc_2 = acc_2 + grad_linear_4;
        const f32x16 grad_linear_5 = f32x16_load(&grad_linear[column + r * 512 + 32]);
        acc_3 = acc_3 + grad_linear_5;
        const f32x16 grad_linear_6 = f32x16_load(&grad_linear[column + r * 512 + 48]);
        acc_4 = acc_4 + grad_linear_6;
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
    const f32x16 optimizer_0_exp_avg_3_bias_2 = f32x16_load(&optimizer_0_exp_avg_3_bias[column]);
    const f32x16 v = optimizer_0_exp_avg_3_bias_2 * 0.9f + sum * 0.1f;
    const f32x16 optimizer_0_exp_avg_sq_3_bias_2 = f32x16_load(&optimizer_0_exp_avg_sq_3_bias[column]);
    const f32x16 v_2 = optimizer_0_exp_avg_sq_3_bias_2 * 0.999f + sum * sum * 0.001f;
    const f32x16 p3_bias_2 = f32x16_load(&p3_bias[column]);
    const float adam_3 = adam[0];
    const float adam_4 = adam_2[0];
    const f32x16 v_3 = v * adam_3 / (f32x16_sqrt(v_2) * adam_4 + 1e-08f);
    f32x16_store(&optimizer_0_exp_avg_3_bias[column], v);
    f32x16_store(&optimizer_0_exp_avg_sq_3_bias[column], v_2);
    f32x16_store(&p3_bias[column], p3_bias_2 + v_3);
    const f32x16 optimizer_0_exp_avg_3_bias_3 = f32x16_load(&optimizer_0_exp_avg_3_bias[column + 16]);
    const f32x16 v_4 = optimizer_0_exp_avg_3_bias_3 * 0.9f + sum_2 * 0.1f;
    const f32x16 optimizer_0_exp_avg_sq_3_bias_3 = f32x16_load(&optimizer_0_exp_avg_sq_3_bias[column + 16]);
    const f32x16 v_5 = optimizer_0_exp_avg_sq_3_bias_3 * 0.999f + sum_2 * sum_2 * 0.001f;
    const f32x16 p3_bias_3 = f32x16_load(&p3_bias[column + 16]);
    const f32x16 v_6 = v_4 * adam_3 / (f32x16_sqrt(v_5) * adam_4 + 1e-08f);
    f32x16_store(&optimizer_0_exp_avg_3_bias[column + 16], v_4);
    f32x16_store(&optimizer_0_exp_avg_sq_3_bias[column + 16], v_5);
    f32x16_store(&p3_bias[column + 16], p3_bias_3 + v_6);
    const f32x16 optimizer_0_exp_avg_3_bias_4 = f32x16_load(&optimizer_0_exp_avg_3_bias[column + 32]);
    const f32x16 v_7 = optimizer_0_exp_avg_3_bias_4 * 0.9f + sum_3 * 0.1f;
    const f32x16 optimizer_0_exp_avg_sq_3_bias_4 = f32x16_load(&optimizer_0_exp_avg_sq_3_bias[column + 32]);
    const f32x16 v_8 = optimizer_0_exp_avg_sq_3_bias_4 * 0.999f + sum_3 * sum_3 * 0.001f;
    const f32x16 p3_bias_4 = f32x16_load(&p3_bias[column + 32]);
    const f32x16 v_9 = v_7 * adam_3 / (f32x16_sqrt(v_8) * adam_4 + 1e-08f);
    f32x16_store(&optimizer_0_exp_avg_3_bias[column + 32], v_7);
    f32x16_store(&optimizer_0_exp_avg_sq_3_bias[column + 32], v_8);
    f32x16_store(&p3_bias[column + 32], p3_bias_4 + v_9);
    const f32x16 optimizer_0_exp_avg_3_bias_5 = f32x16_load(&optimizer_0_exp_avg_3_bias[column + 48]);
    const f32x16 v_10 = optimizer_0_exp_avg_3_bias_5 * 0.9f + sum_4 * 0.1f;
    const f32x16 optimizer_0_exp_avg_sq_3_bias_5 = f32x16_load(&optimizer_0_exp_avg_sq_3_bias[column + 48]);
    const f32x16 v_11 = optimizer_0_exp_avg_sq_3_bias_5 * 0.999f + sum_4 * sum_4 * 0.001f;
    const f32x16 p3_bias_5 = f32x16_load(&p3_bias[column + 48]);
    const f32x16 v_12 = v_10 * adam_3 / (f32x16_sqrt(v_11) * adam_4 + 1e-08f);
    f32x16_store(&optimizer_0_exp_avg_3_bias[column + 48], v_10);
    f32x16_store(&optimizer_0_exp_avg_sq_3_bias[column + 48], v_11);
    f32x16_store(&p3_bias[column + 48], p3_bias_5 + v_12);
  }
  for (int64_t u = nnrt_lo(8, thread), u_end = nnrt_hi(8, thread); u < u_end; ++u) {
    const int64_t column = u * 64;
    _Alignas(64) float parts[128];
    for (int64_t c = 0; c < 2; ++c) {
      f32x16 acc = {0}, acc_2 = {0}, acc_3 = {0}, acc_4 = {0};
      for (int64_t r = c * 64; r < c * 64 + 64; ++r) {
        const f32x16 grad_linear_3 = f32x16_load(&grad_linear_2[column + r * 512]);
        acc = acc + grad_linear_3;
        const f32x16 grad_linear_4 = f32x16_load(&grad_linear_2[column + r * 512 + 16]);
        acc_2 = acc_2 + grad_linear_4;
        const f32x16 grad_linear_5 = f32x16_load(&grad_linear_2[column + r * 512 + 32]);
        acc_3 = acc_3 + grad_linear_5;
        const f32x16 grad_linear_6 = f32x16_load(&grad_linear_2[column + r * 512 + 48]);
        acc_4 = acc_4 + grad_linear_6;
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
    const f32x16 optimizer_0_exp_avg_1_bias_2 = f32x16_load(&optimizer_0_exp_avg_1_bias[column]);
    const f32x16 v = optimizer_0_exp_avg_1_bias_2 * 0.9f + sum * 0.1f;
    const f32x16 optimizer_0_exp_avg_sq_1_bias_2 = f32x16_load(&optimizer_0_exp_avg_sq_1_bias[column]);
    const f32x16 v_2 = optimizer_0_exp_avg_sq_1_bias_2 * 0.999f + sum * sum * 0.001f;
    const f32x16 p1_bias_2 = f32x16_load(&p1_bias[column]);
    const float adam_3 = adam[0];
    const float adam_4 = adam_2[0];
    const f32x16 v_3 = v * adam_3 / (f32x16_sqrt(v_2) * adam_4 + 1e-08f);
    f32x16_store(&optimizer_0_exp_avg_1_bias[column], v);
    f32x16_store(&optimizer_0_exp_avg_sq_1_bias[column], v_2);
    f32x16_store(&p1_bias[column], p1_bias_2 + v_3);
    const f32x16 optimizer_0_exp_avg_1_bias_3 = f32x16_load(&optimizer_0_exp_avg_1_bias[column + 16]);
    const f32x16 v_4 = optimizer_0_exp_avg_1_bias_3 * 0.9f + sum_2 * 0.1f;
    const f32x16 optimizer_0_exp_avg_sq_1_bias_3 = f32x16_load(&optimizer_0_exp_avg_sq_1_bias[column + 16]);
    const f32x16 v_5 = optimizer_0_exp_avg_sq_1_bias_3 * 0.999f + sum_2 * sum_2 * 0.001f;
    const f32x16 p1_bias_3 = f32x16_load(&p1_bias[column + 16]);
    const f32x16 v_6 = v_4 * adam_3 / (f32x16_sqrt(v_5) * adam_4 + 1e-08f);
    f32x16_store(&optimizer_0_exp_avg_1_bias[column + 16], v_4);
    f32x16_store(&optimizer_0_exp_avg_sq_1_bias[column + 16], v_5);
    f32x16_store(&p1_bias[column + 16], p1_bias_3 + v_6);
    const f32x16 optimizer_0_exp_avg_1_bias_4 = f32x16_load(&optimizer_0_exp_avg_1_bias[column + 32]);
    const f32x16 v_7 = optimizer_0_exp_avg_1_bias_4 * 0.9f + sum_3 * 0.1f;
    const f32x16 optimizer_0_exp_avg_sq_1_bias_4 = f32x16_load(&optimizer_0_exp_avg_sq_1_bias[column + 32]);
    const f32x16 v_8 = optimizer_0_exp_avg_sq_1_bias_4 * 0.999f + sum_3 * sum_3 * 0.001f;
    const f32x16 p1_bias_4 = f32x16_load(&p1_bias[column + 32]);
    const f32x16 v_9 = v_7 * adam_3 / (f32x16_sqrt(v_8) * adam_4 + 1e-08f);
    f32x16_store(&optimizer_0_exp_avg_1_bias[column + 32], v_7);
    f32x16_store(&optimizer_0_exp_avg_sq_1_bias[column + 32], v_8);
    f32x16_store(&p1_bias[column + 32], p1_bias_4 + v_9);
    const f32x16 optimizer_0_exp_avg_1_bias_5 = f32x16_load(&optimizer_0_exp_avg_1_bias[column + 48]);
    const f32x16 v_10 = optimizer_0_exp_avg_1_bias_5 * 0.9f + sum_4 * 0.1f;
    const f32x16 optimizer_0_exp_avg_sq_1_bias_5 = f32x16_load(&optimizer_0_exp_avg_sq_1_bias[column + 48]);
    const f32x16 v_11 = optimizer_0_exp_avg_sq_1_bias_5 * 0.999f + sum_4 * sum_4 * 0.001f;
    const f32x16 p1_bias_5 = f32x16_load(&p1_bias[column + 48]);
    const f32x16 v_12 = v_10 * adam_3 / (f32x16_sqrt(v_11) * adam_4 + 1e-08f);
    f32x16_store(&optimizer_0_exp_avg_1_bias[column + 48], v_10);
    f32x16_store(&optimizer_0_exp_avg_sq_1_bias[column + 48], v_11);
    f32x16_store(&p1_bias[column + 48], p1_bias_5 + v_12);
  }
}

/* [10,128] x [128,512]: panels of 32 columns, tiles of 10 rows
 * models/fashion_mlp.lua:8  nn.Linear(512, 10),
 * models/fashion_mlp.lua:18  train    = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.... */
static NNRT_KERNEL_V4 void linear_adam_2(const float *restrict grad_cross_entropy, const float *restrict relu,
    float *restrict optimizer_0_exp_avg_5_weight, float *restrict optimizer_0_exp_avg_sq_5_weight,
    float *restrict p5_weight, const float *restrict adam, const float *restrict adam_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(16, thread), u_end = nnrt_hi(16, thread); u < u_end; ++u) {
    _Alignas(64) float part[320];
    const int64_t wide = u * 32;
    f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0}, c4b = {0},
        c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0}, c9a = {0}, c9b = {0};
    for (int64_t k = 0; k < 128; ++k) {
      const f32x16 b_a = f32x16_load(&relu[wide + k * 512]);
      const f32x16 b_b = f32x16_load(&relu[wide + k * 512 + 16]);
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
      const float adam_3 = adam[0];
      const float adam_4 = adam_2[0];
      for (int64_t j = 0; j < 32; j += 16) {
        const f32x16 c = f32x16_load(&part[r * 32 + j]);
        const f32x16 optimizer_0_exp_avg_5_weight_2 = f32x16_load(&optimizer_0_exp_avg_5_weight[r * 512 + u * 32 + j]);
        const f32x16 v = optimizer_0_exp_avg_5_weight_2 * 0.9f + c * 0.1f;
        const f32x16 optimizer_0_exp_avg_sq_5_weight_2 = f32x16_load(&optimizer_0_exp_avg_sq_5_weight[r * 512 + u * 32
            + j]);
        const f32x16 v_2 = optimizer_0_exp_avg_sq_5_weight_2 * 0.999f + c * c * 0.001f;
        const f32x16 p5_weight_2 = f32x16_load(&p5_weight[r * 512 + u * 32 + j]);
        const f32x16 v_3 = v * adam_3 / (f32x16_sqrt(v_2) * adam_4 + 1e-08f);
        f32x16_store(&optimizer_0_exp_avg_5_weight[r * 512 + u * 32 + j], v);
        f32x16_store(&optimizer_0_exp_avg_sq_5_weight[r * 512 + u * 32 + j], v_2);
        f32x16_store(&p5_weight[r * 512 + u * 32 + j], p5_weight_2 + v_3);
      }
    }
  }
}

/* [512,128] x [128,512]: panels of 32 columns, tiles of 14 rows
 * models/fashion_mlp.lua:7  nn.Linear(512, 512), nn.ReLU(),
 * models/fashion_mlp.lua:18  train    = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.... */
static NNRT_KERNEL_V4 void linear_adam_3(const float *restrict grad_linear, const float *restrict relu,
    float *restrict optimizer_0_exp_avg_3_weight, float *restrict optimizer_0_exp_avg_sq_3_weight,
    float *restrict p3_weight, const float *restrict adam, const float *restrict adam_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(304, thread), u_end = nnrt_hi(304, thread); u < u_end; ++u) {
    const int64_t part_of_block = u % 19;
    const int64_t panel = u / 19;
    const int64_t tile_first = part_of_block * 2;
    const int64_t tile_end = i64_minimum(tile_first + 2, 37);
    _Alignas(64) float part[448];
    for (int64_t tile = tile_first; tile < tile_end; ++tile) {
      if (tile < 31) {
        const int64_t wide = panel * 32;
        const int64_t narrow = tile * 13 + i64_minimum(tile, 31);
        f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
            c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0},
            c9a = {0}, c9b = {0}, c10a = {0}, c10b = {0}, c11a = {0}, c11b = {0}, c12a = {0}, c12b = {0}, c13a = {0},
            c13b = {0};
        for (int64_t k = 0; k < 128; ++k) {
          const f32x16 b_a = f32x16_load(&relu[wide + k * 512]);
          const f32x16 b_b = f32x16_load(&relu[wide + k * 512 + 16]);
          const f32x16 x0 = f32x16_set1(grad_linear[narrow + k * 512]);
          c0a = f32x16_fma(x0, b_a, c0a);
          c0b = f32x16_fma(x0, b_b, c0b);
          const f32x16 x1 = f32x16_set1(grad_linear[narrow + k * 512 + 1]);
          c1a = f32x16_fma(x1, b_a, c1a);
          c1b = f32x16_fma(x1, b_b, c1b);
          const f32x16 x2 = f32x16_set1(grad_linear[narrow + k * 512 + 2]);
          c2a = f32x16_fma(x2, b_a, c2a);
          c2b = f32x16_fma(x2, b_b, c2b);
          const f32x16 x3 = f32x16_set1(grad_linear[narrow + k * 512 + 3]);
          c3a = f32x16_fma(x3, b_a, c3a);
          c3b = f32x16_fma(x3, b_b, c3b);
          const f32x16 x4 = f32x16_set1(grad_linear[narrow + k * 512 + 4]);
          c4a = f32x16_fma(x4, b_a, c4a);
          c4b = f32x16_fma(x4, b_b, c4b);
          const f32x16 x5 = f32x16_set1(grad_linear[narrow + k * 512 + 5]);
          c5a = f32x16_fma(x5, b_a, c5a);
          c5b = f32x16_fma(x5, b_b, c5b);
          const f32x16 x6 = f32x16_set1(grad_linear[narrow + k * 512 + 6]);
          c6a = f32x16_fma(x6, b_a, c6a);
          c6b = f32x16_fma(x6, b_b, c6b);
          const f32x16 x7 = f32x16_set1(grad_linear[narrow + k * 512 + 7]);
          c7a = f32x16_fma(x7, b_a, c7a);
          c7b = f32x16_fma(x7, b_b, c7b);
          const f32x16 x8 = f32x16_set1(grad_linear[narrow + k * 512 + 8]);
          c8a = f32x16_fma(x8, b_a, c8a);
          c8b = f32x16_fma(x8, b_b, c8b);
          const f32x16 x9 = f32x16_set1(grad_linear[narrow + k * 512 + 9]);
          c9a = f32x16_fma(x9, b_a, c9a);
          c9b = f32x16_fma(x9, b_b, c9b);
          const f32x16 x10 = f32x16_set1(grad_linear[narrow + k * 512 + 10]);
          c10a = f32x16_fma(x10, b_a, c10a);
          c10b = f32x16_fma(x10, b_b, c10b);
          const f32x16 x11 = f32x16_set1(grad_linear[narrow + k * 512 + 11]);
          c11a = f32x16_fma(x11, b_a, c11a);
          c11b = f32x16_fma(x11, b_b, c11b);
          const f32x16 x12 = f32x16_set1(grad_linear[narrow + k * 512 + 12]);
          c12a = f32x16_fma(x12, b_a, c12a);
          c12b = f32x16_fma(x12, b_b, c12b);
          const f32x16 x13 = f32x16_set1(grad_linear[narrow + k * 512 + 13]);
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
        const int64_t narrow = tile * 13 + i64_minimum(tile, 31);
        f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
            c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0},
            c9a = {0}, c9b = {0}, c10a = {0}, c10b = {0}, c11a = {0}, c11b = {0}, c12a = {0}, c12b = {0};
        for (int64_t k = 0; k < 128; ++k) {
          const f32x16 b_a = f32x16_load(&relu[wide + k * 512]);
          const f32x16 b_b = f32x16_load(&relu[wide + k * 512 + 16]);
          const f32x16 x0 = f32x16_set1(grad_linear[narrow + k * 512]);
          c0a = f32x16_fma(x0, b_a, c0a);
          c0b = f32x16_fma(x0, b_b, c0b);
          const f32x16 x1 = f32x16_set1(grad_linear[narrow + k * 512 + 1]);
          c1a = f32x16_fma(x1, b_a, c1a);
          c1b = f32x16_fma(x1, b_b, c1b);
          const f32x16 x2 = f32x16_set1(grad_linear[narrow + k * 512 + 2]);
          c2a = f32x16_fma(x2, b_a, c2a);
          c2b = f32x16_fma(x2, b_b, c2b);
          const f32x16 x3 = f32x16_set1(grad_linear[narrow + k * 512 + 3]);
          c3a = f32x16_fma(x3, b_a, c3a);
          c3b = f32x16_fma(x3, b_b, c3b);
          const f32x16 x4 = f32x16_set1(grad_linear[narrow + k * 512 + 4]);
          c4a = f32x16_fma(x4, b_a, c4a);
          c4b = f32x16_fma(x4, b_b, c4b);
          const f32x16 x5 = f32x16_set1(grad_linear[narrow + k * 512 + 5]);
          c5a = f32x16_fma(x5, b_a, c5a);
          c5b = f32x16_fma(x5, b_b, c5b);
          const f32x16 x6 = f32x16_set1(grad_linear[narrow + k * 512 + 6]);
          c6a = f32x16_fma(x6, b_a, c6a);
          c6b = f32x16_fma(x6, b_b, c6b);
          const f32x16 x7 = f32x16_set1(grad_linear[narrow + k * 512 + 7]);
          c7a = f32x16_fma(x7, b_a, c7a);
          c7b = f32x16_fma(x7, b_b, c7b);
          const f32x16 x8 = f32x16_set1(grad_linear[narrow + k * 512 + 8]);
          c8a = f32x16_fma(x8, b_a, c8a);
          c8b = f32x16_fma(x8, b_b, c8b);
          const f32x16 x9 = f32x16_set1(grad_linear[narrow + k * 512 + 9]);
          c9a = f32x16_fma(x9, b_a, c9a);
          c9b = f32x16_fma(x9, b_b, c9b);
          const f32x16 x10 = f32x16_set1(grad_linear[narrow + k * 512 + 10]);
          c10a = f32x16_fma(x10, b_a, c10a);
          c10b = f32x16_fma(x10, b_b, c10b);
          const f32x16 x11 = f32x16_set1(grad_linear[narrow + k * 512 + 11]);
          c11a = f32x16_fma(x11, b_a, c11a);
          c11b = f32x16_fma(x11, b_b, c11b);
          const f32x16 x12 = f32x16_set1(grad_linear[narrow + k * 512 + 12]);
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
      const int64_t rows = tile < 31 ? 14 : 13;
      const int64_t row_first = tile * 13 + i64_minimum(tile, 31);
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t row = row_first + r;
        const int64_t ahead = i64_minimum(row + 28, 511);
        const float adam_3 = adam[0];
        const float adam_4 = adam_2[0];
        for (int64_t j = 0; j < 32; j += 16) {
          const f32x16 c = f32x16_load(&part[r * 32 + j]);
          nnrt_prefetch_line(&optimizer_0_exp_avg_3_weight[ahead * 512 + panel * 32 + j]);
          nnrt_prefetch_line(&optimizer_0_exp_avg_sq_3_weight[ahead * 512 + panel * 32 + j]);
          nnrt_prefetch_line(&p3_weight[ahead * 512 + panel * 32 + j]);
          const f32x16 optimizer_0_exp_avg_3_weight_2 = f32x16_load(&optimizer_0_exp_avg_3_weight[row * 512 + panel * 32
              + j]);
          const f32x16 v = optimizer_0_exp_avg_3_weight_2 * 0.9f + c * 0.1f;
          const f32x16 optimizer_0_exp_avg_sq_3_weight_2 = f32x16_load(&optimizer_0_exp_avg_sq_3_weight[row * 512
              + panel * 32 + j]);
          const f32x16 v_2 = optimizer_0_exp_avg_sq_3_weight_2 * 0.999f + c * c * 0.001f;
          const f32x16 p3_weight_2 = f32x16_load(&p3_weight[row * 512 + panel * 32 + j]);
          const f32x16 v_3 = v * adam_3 / (f32x16_sqrt(v_2) * adam_4 + 1e-08f);
          f32x16_store(&optimizer_0_exp_avg_3_weight[row * 512 + panel * 32 + j], v);
          f32x16_store(&optimizer_0_exp_avg_sq_3_weight[row * 512 + panel * 32 + j], v_2);
          f32x16_store(&p3_weight[row * 512 + panel * 32 + j], p3_weight_2 + v_3);
        }
      }
    }
  }
}

/* [512,128] x [128,784]: panels of 48 columns, tiles of 8 rows
 * models/fashion_mlp.lua:6  nn.Linear(784, 512), nn.ReLU(),
 * models/fashion_mlp.lua:18  train    = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.... */
static NNRT_KERNEL_V4 void linear_adam_4(const float *restrict grad_linear, const float *restrict fashion_mnist,
    float *restrict optimizer_0_exp_avg_1_weight, float *restrict optimizer_0_exp_avg_sq_1_weight,
    float *restrict p1_weight, const float *restrict adam, const float *restrict adam_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(544, thread), u_end = nnrt_hi(544, thread); u < u_end; ++u) {
    const int64_t part_of_block = u % 32;
    const int64_t panel = u / 32;
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
          const f32x16 x0 = f32x16_set1(grad_linear[narrow + k * 512]);
          c0a = f32x16_fma(x0, b_a, c0a);
          c0b = f32x16_fma(x0, b_b, c0b);
          c0c = f32x16_fma(x0, b_c, c0c);
          const f32x16 x1 = f32x16_set1(grad_linear[narrow + k * 512 + 1]);
          c1a = f32x16_fma(x1, b_a, c1a);
          c1b = f32x16_fma(x1, b_b, c1b);
          c1c = f32x16_fma(x1, b_c, c1c);
          const f32x16 x2 = f32x16_set1(grad_linear[narrow + k * 512 + 2]);
          c2a = f32x16_fma(x2, b_a, c2a);
          c2b = f32x16_fma(x2, b_b, c2b);
          c2c = f32x16_fma(x2, b_c, c2c);
          const f32x16 x3 = f32x16_set1(grad_linear[narrow + k * 512 + 3]);
          c3a = f32x16_fma(x3, b_a, c3a);
          c3b = f32x16_fma(x3, b_b, c3b);
          c3c = f32x16_fma(x3, b_c, c3c);
          const f32x16 x4 = f32x16_set1(grad_linear[narrow + k * 512 + 4]);
          c4a = f32x16_fma(x4, b_a, c4a);
          c4b = f32x16_fma(x4, b_b, c4b);
          c4c = f32x16_fma(x4, b_c, c4c);
          const f32x16 x5 = f32x16_set1(grad_linear[narrow + k * 512 + 5]);
          c5a = f32x16_fma(x5, b_a, c5a);
          c5b = f32x16_fma(x5, b_b, c5b);
          c5c = f32x16_fma(x5, b_c, c5c);
          const f32x16 x6 = f32x16_set1(grad_linear[narrow + k * 512 + 6]);
          c6a = f32x16_fma(x6, b_a, c6a);
          c6b = f32x16_fma(x6, b_b, c6b);
          c6c = f32x16_fma(x6, b_c, c6c);
          const f32x16 x7 = f32x16_set1(grad_linear[narrow + k * 512 + 7]);
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
          const f32x16 x0 = f32x16_set1(grad_linear[narrow + k * 512]);
          c0a = f32x16_fma(x0, b_a, c0a);
          const f32x16 x1 = f32x16_set1(grad_linear[narrow + k * 512 + 1]);
          c1a = f32x16_fma(x1, b_a, c1a);
          const f32x16 x2 = f32x16_set1(grad_linear[narrow + k * 512 + 2]);
          c2a = f32x16_fma(x2, b_a, c2a);
          const f32x16 x3 = f32x16_set1(grad_linear[narrow + k * 512 + 3]);
          c3a = f32x16_fma(x3, b_a, c3a);
          const f32x16 x4 = f32x16_set1(grad_linear[narrow + k * 512 + 4]);
          c4a = f32x16_fma(x4, b_a, c4a);
          const f32x16 x5 = f32x16_set1(grad_linear[narrow + k * 512 + 5]);
          c5a = f32x16_fma(x5, b_a, c5a);
          const f32x16 x6 = f32x16_set1(grad_linear[narrow + k * 512 + 6]);
          c6a = f32x16_fma(x6, b_a, c6a);
          const f32x16 x7 = f32x16_set1(grad_linear[narrow + k * 512 + 7]);
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
        const int64_t ahead = i64_minimum(row + 16, 511);
        const int64_t columns = i64_minimum(784 - panel * 48, 48);
        const float adam_3 = adam[0];
        const float adam_4 = adam_2[0];
        for (int64_t j = 0; j < columns; j += 16) {
          const f32x16 c = f32x16_load(&part[r * 48 + j]);
          nnrt_prefetch_line(&optimizer_0_exp_avg_1_weight[ahead * 784 + panel * 48 + j]);
          nnrt_prefetch_line(&optimizer_0_exp_avg_sq_1_weight[ahead * 784 + panel * 48 + j]);
          nnrt_prefetch_line(&p1_weight[ahead * 784 + panel * 48 + j]);
          const f32x16 optimizer_0_exp_avg_1_weight_2 = f32x16_load(&optimizer_0_exp_avg_1_weight[row * 784 + panel * 48
              + j]);
          const f32x16 v = optimizer_0_exp_avg_1_weight_2 * 0.9f + c * 0.1f;
          const f32x16 optimizer_0_exp_avg_sq_1_weight_2 = f32x16_load(&optimizer_0_exp_avg_sq_1_weight[row * 784
              + panel * 48 + j]);
          const f32x16 v_2 = optimizer_0_exp_avg_sq_1_weight_2 * 0.999f + c * c * 0.001f;
          const f32x16 p1_weight_2 = f32x16_load(&p1_weight[row * 784 + panel * 48 + j]);
          const f32x16 v_3 = v * adam_3 / (f32x16_sqrt(v_2) * adam_4 + 1e-08f);
          f32x16_store(&optimizer_0_exp_avg_1_weight[row * 784 + panel * 48 + j], v);
          f32x16_store(&optimizer_0_exp_avg_sq_1_weight[row * 784 + panel * 48 + j], v_2);
          f32x16_store(&p1_weight[row * 784 + panel * 48 + j], p1_weight_2 + v_3);
        }
      }
    }
  }
}

/* models/fashion_mlp.lua:17  test  = nn.data.fashion_mnist { split = "test",  batch = 250 } }, */
static NNRT_KERNEL_V4 void fashion_mnist_2(const uint8_t *restrict x, float *restrict fashion_mnist,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(96, thread), u_end = nnrt_hi(96, thread); u < u_end; ++u) {
    const int64_t lo = u * 2048;
    for (int64_t j = lo; j < i64_minimum(lo + 2048, 196000); j += 16) {
      const u8x16 x_2 = u8x16_load(&x[j]);
      f32x16_store(&fashion_mnist[j], f32x16_from_u8x16(x_2) / 255.0f);
    }
  }
}

/* [250,784] x [784,512]: panels of 32 columns, tiles of 10 rows
 * models/fashion_mlp.lua:6  nn.Linear(784, 512), nn.ReLU(), */
static NNRT_KERNEL_V4 void linear_relu_5(const float *restrict fashion_mnist, const float *restrict p1_weight_panels,
    const float *restrict p1_bias, float *restrict relu, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(416, thread), u_end = nnrt_hi(416, thread); u < u_end; ++u) {
    const int64_t part_of_block = u % 13;
    const int64_t panel = u / 13 % 16;
    const int64_t block = u / 13 / 16;
    const int64_t tile = block * 13 + part_of_block;
    _Alignas(64) float part[320];
    if (tile < 16) {
      const int64_t wide = panel * 25088;
      const int64_t narrow = (tile * 9 + i64_minimum(tile, 16)) * 784;
      f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
          c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0}, c9a = {0},
          c9b = {0};
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
        const f32x16 x8 = f32x16_set1(fashion_mnist[narrow + k + 6272]);
        c8a = f32x16_fma(x8, b_a, c8a);
        c8b = f32x16_fma(x8, b_b, c8b);
        const f32x16 x9 = f32x16_set1(fashion_mnist[narrow + k + 7056]);
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
    } else {
      const int64_t wide = panel * 25088;
      const int64_t narrow = (tile * 9 + i64_minimum(tile, 16)) * 784;
      f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0},
          c4b = {0}, c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0};
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
        const f32x16 x8 = f32x16_set1(fashion_mnist[narrow + k + 6272]);
        c8a = f32x16_fma(x8, b_a, c8a);
        c8b = f32x16_fma(x8, b_b, c8b);
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
    }
    const int64_t rows = tile < 16 ? 10 : 9;
    const int64_t row_first = tile * 9 + i64_minimum(tile, 16);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t row = row_first + r;
      for (int64_t j = 0; j < 32; j += 16) {
        const f32x16 c = f32x16_load(&part[r * 32 + j]);
        const f32x16 p1_bias_2 = f32x16_load(&p1_bias[panel * 32 + j]);
        const f32x16 v = c + p1_bias_2;
        f32x16_store(&relu[row * 512 + panel * 32 + j],
            f32x16_where(f32x16_le(v, f32x16_set1(0.0f)), f32x16_set1(0.0f), v));
      }
    }
  }
}

/* [250,512] x [512,512]: panels of 32 columns, tiles of 10 rows
 * models/fashion_mlp.lua:7  nn.Linear(512, 512), nn.ReLU(), */
static NNRT_KERNEL_V4 void linear_relu_6(const float *restrict relu, const float *restrict p3_weight_panels,
    const float *restrict p3_bias, float *restrict relu_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(400, thread), u_end = nnrt_hi(400, thread); u < u_end; ++u) {
    const int64_t tile = u % 25;
    const int64_t panel = u / 25;
    _Alignas(64) float part[320];
    const int64_t wide = panel * 16384;
    const int64_t narrow = tile * 5120;
    f32x16 c0a = {0}, c0b = {0}, c1a = {0}, c1b = {0}, c2a = {0}, c2b = {0}, c3a = {0}, c3b = {0}, c4a = {0}, c4b = {0},
        c5a = {0}, c5b = {0}, c6a = {0}, c6b = {0}, c7a = {0}, c7b = {0}, c8a = {0}, c8b = {0}, c9a = {0}, c9b = {0};
    for (int64_t k = 0; k < 512; ++k) {
      const f32x16 b_a = f32x16_load(&p3_weight_panels[wide + k * 32]);
      const f32x16 b_b = f32x16_load(&p3_weight_panels[wide + k * 32 + 16]);
      const f32x16 x0 = f32x16_set1(relu[narrow + k]);
      c0a = f32x16_fma(x0, b_a, c0a);
      c0b = f32x16_fma(x0, b_b, c0b);
      const f32x16 x1 = f32x16_set1(relu[narrow + k + 512]);
      c1a = f32x16_fma(x1, b_a, c1a);
      c1b = f32x16_fma(x1, b_b, c1b);
      const f32x16 x2 = f32x16_set1(relu[narrow + k + 1024]);
      c2a = f32x16_fma(x2, b_a, c2a);
      c2b = f32x16_fma(x2, b_b, c2b);
      const f32x16 x3 = f32x16_set1(relu[narrow + k + 1536]);
      c3a = f32x16_fma(x3, b_a, c3a);
      c3b = f32x16_fma(x3, b_b, c3b);
      const f32x16 x4 = f32x16_set1(relu[narrow + k + 2048]);
      c4a = f32x16_fma(x4, b_a, c4a);
      c4b = f32x16_fma(x4, b_b, c4b);
      const f32x16 x5 = f32x16_set1(relu[narrow + k + 2560]);
      c5a = f32x16_fma(x5, b_a, c5a);
      c5b = f32x16_fma(x5, b_b, c5b);
      const f32x16 x6 = f32x16_set1(relu[narrow + k + 3072]);
      c6a = f32x16_fma(x6, b_a, c6a);
      c6b = f32x16_fma(x6, b_b, c6b);
      const f32x16 x7 = f32x16_set1(relu[narrow + k + 3584]);
      c7a = f32x16_fma(x7, b_a, c7a);
      c7b = f32x16_fma(x7, b_b, c7b);
      const f32x16 x8 = f32x16_set1(relu[narrow + k + 4096]);
      c8a = f32x16_fma(x8, b_a, c8a);
      c8b = f32x16_fma(x8, b_b, c8b);
      const f32x16 x9 = f32x16_set1(relu[narrow + k + 4608]);
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
    const int64_t row_first = tile * 10;
    for (int64_t r = 0; r < 10; ++r) {
      const int64_t row = row_first + r;
      for (int64_t j = 0; j < 32; j += 16) {
        const f32x16 c = f32x16_load(&part[r * 32 + j]);
        const f32x16 p3_bias_2 = f32x16_load(&p3_bias[panel * 32 + j]);
        const f32x16 v = c + p3_bias_2;
        f32x16_store(&relu_2[row * 512 + panel * 32 + j],
            f32x16_where(f32x16_le(v, f32x16_set1(0.0f)), f32x16_set1(0.0f), v));
      }
    }
  }
}

/* [250,512] x [512,10]: panels of 16 columns, tiles of 16 rows
 * models/fashion_mlp.lua:8  nn.Linear(512, 10), */
static NNRT_KERNEL_V4 void linear_5(const float *restrict relu, const float *restrict p5_weight_panels,
    float *restrict linear, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(16, thread), u_end = nnrt_hi(16, thread); u < u_end; ++u) {
    _Alignas(64) float part[256];
    if (u < 10) {
      const int64_t narrow = (u * 15 + i64_minimum(u, 10)) * 512;
      f32x16 c0a = {0}, c1a = {0}, c2a = {0}, c3a = {0}, c4a = {0}, c5a = {0}, c6a = {0}, c7a = {0}, c8a = {0},
          c9a = {0}, c10a = {0}, c11a = {0}, c12a = {0}, c13a = {0}, c14a = {0}, c15a = {0};
      for (int64_t k = 0; k < 512; ++k) {
        const f32x16 b_a = f32x16_load(&p5_weight_panels[k * 16]);
        const f32x16 x0 = f32x16_set1(relu[narrow + k]);
        c0a = f32x16_fma(x0, b_a, c0a);
        const f32x16 x1 = f32x16_set1(relu[narrow + k + 512]);
        c1a = f32x16_fma(x1, b_a, c1a);
        const f32x16 x2 = f32x16_set1(relu[narrow + k + 1024]);
        c2a = f32x16_fma(x2, b_a, c2a);
        const f32x16 x3 = f32x16_set1(relu[narrow + k + 1536]);
        c3a = f32x16_fma(x3, b_a, c3a);
        const f32x16 x4 = f32x16_set1(relu[narrow + k + 2048]);
        c4a = f32x16_fma(x4, b_a, c4a);
        const f32x16 x5 = f32x16_set1(relu[narrow + k + 2560]);
        c5a = f32x16_fma(x5, b_a, c5a);
        const f32x16 x6 = f32x16_set1(relu[narrow + k + 3072]);
        c6a = f32x16_fma(x6, b_a, c6a);
        const f32x16 x7 = f32x16_set1(relu[narrow + k + 3584]);
        c7a = f32x16_fma(x7, b_a, c7a);
        const f32x16 x8 = f32x16_set1(relu[narrow + k + 4096]);
        c8a = f32x16_fma(x8, b_a, c8a);
        const f32x16 x9 = f32x16_set1(relu[narrow + k + 4608]);
        c9a = f32x16_fma(x9, b_a, c9a);
        const f32x16 x10 = f32x16_set1(relu[narrow + k + 5120]);
        c10a = f32x16_fma(x10, b_a, c10a);
        const f32x16 x11 = f32x16_set1(relu[narrow + k + 5632]);
        c11a = f32x16_fma(x11, b_a, c11a);
        const f32x16 x12 = f32x16_set1(relu[narrow + k + 6144]);
        c12a = f32x16_fma(x12, b_a, c12a);
        const f32x16 x13 = f32x16_set1(relu[narrow + k + 6656]);
        c13a = f32x16_fma(x13, b_a, c13a);
        const f32x16 x14 = f32x16_set1(relu[narrow + k + 7168]);
        c14a = f32x16_fma(x14, b_a, c14a);
        const f32x16 x15 = f32x16_set1(relu[narrow + k + 7680]);
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
    } else {
      const int64_t narrow = (u * 15 + i64_minimum(u, 10)) * 512;
      f32x16 c0a = {0}, c1a = {0}, c2a = {0}, c3a = {0}, c4a = {0}, c5a = {0}, c6a = {0}, c7a = {0}, c8a = {0},
          c9a = {0}, c10a = {0}, c11a = {0}, c12a = {0}, c13a = {0}, c14a = {0};
      for (int64_t k = 0; k < 512; ++k) {
        const f32x16 b_a = f32x16_load(&p5_weight_panels[k * 16]);
        const f32x16 x0 = f32x16_set1(relu[narrow + k]);
        c0a = f32x16_fma(x0, b_a, c0a);
        const f32x16 x1 = f32x16_set1(relu[narrow + k + 512]);
        c1a = f32x16_fma(x1, b_a, c1a);
        const f32x16 x2 = f32x16_set1(relu[narrow + k + 1024]);
        c2a = f32x16_fma(x2, b_a, c2a);
        const f32x16 x3 = f32x16_set1(relu[narrow + k + 1536]);
        c3a = f32x16_fma(x3, b_a, c3a);
        const f32x16 x4 = f32x16_set1(relu[narrow + k + 2048]);
        c4a = f32x16_fma(x4, b_a, c4a);
        const f32x16 x5 = f32x16_set1(relu[narrow + k + 2560]);
        c5a = f32x16_fma(x5, b_a, c5a);
        const f32x16 x6 = f32x16_set1(relu[narrow + k + 3072]);
        c6a = f32x16_fma(x6, b_a, c6a);
        const f32x16 x7 = f32x16_set1(relu[narrow + k + 3584]);
        c7a = f32x16_fma(x7, b_a, c7a);
        const f32x16 x8 = f32x16_set1(relu[narrow + k + 4096]);
        c8a = f32x16_fma(x8, b_a, c8a);
        const f32x16 x9 = f32x16_set1(relu[narrow + k + 4608]);
        c9a = f32x16_fma(x9, b_a, c9a);
        const f32x16 x10 = f32x16_set1(relu[narrow + k + 5120]);
        c10a = f32x16_fma(x10, b_a, c10a);
        const f32x16 x11 = f32x16_set1(relu[narrow + k + 5632]);
        c11a = f32x16_fma(x11, b_a, c11a);
        const f32x16 x12 = f32x16_set1(relu[narrow + k + 6144]);
        c12a = f32x16_fma(x12, b_a, c12a);
        const f32x16 x13 = f32x16_set1(relu[narrow + k + 6656]);
        c13a = f32x16_fma(x13, b_a, c13a);
        const f32x16 x14 = f32x16_set1(relu[narrow + k + 7168]);
        c14a = f32x16_fma(x14, b_a, c14a);
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
    }
    const int64_t rows = u < 10 ? 16 : 15;
    const int64_t row_first = u * 15 + i64_minimum(u, 10);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t row = row_first + r;
      const f32x16 c = f32x16_load(&part[r * 16]);
      f32x16_store_mask(&linear[row * 10], c, boolx16_mask(10));
    }
  }
}

/* models/fashion_mlp.lua:12  local function loss(b) return nn.cross_entropy(net(b.x), b.y) end
 * models/fashion_mlp.lua:19  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return nn.... */
static NNRT_KERNEL_V4 void accuracy_cross_entropy(const float *restrict linear, const float *restrict p5_bias,
    const uint8_t *restrict y, int32_t *restrict accuracy, float *restrict cross_entropy, const float *restrict first,
    int32_t *restrict validate_rows, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(250, thread), u_end = nnrt_hi(250, thread); u < u_end; ++u) {
    float best = -INFINITY;
    int32_t position = 0;
    for (int64_t r = 0; r < 10; ++r) {
      const float linear_2 = linear[u * 10 + r];
      const float p5_bias_2 = p5_bias[r];
      const float v = linear_2 + p5_bias_2;
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
      const float p5_bias_2 = p5_bias[r];
      const float v = linear_2 + p5_bias_2;
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
      const float p5_bias_2 = p5_bias[r];
      const float v = linear_2 + p5_bias_2;
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
      const float p5_bias_2 = p5_bias[r];
      const float v = linear_2 + p5_bias_2;
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
    validate_rows[0] = i32_add(0.0f < first_2 ? 0 : validate_rows_2, 250);
  }
}

/* models/fashion_mlp.lua:12  local function loss(b) return nn.cross_entropy(net(b.x), b.y) end
 * models/fashion_mlp.lua:19  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return nn.... */
static NNRT_KERNEL_V4 void accuracy_evaluate(const int32_t *restrict accuracy, const uint8_t *restrict y,
    const float *restrict first, double *restrict validate_sum_accuracy, const int32_t *restrict validate_rows,
    float *restrict validate_accuracy, float *restrict accuracy_2, const float *restrict cross_entropy,
    double *restrict validate_sum_loss, float *restrict validate_loss, float *restrict loss,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x8 acc = {0}, acc_2 = {0};
    for (int64_t r = 0; r < 240; r += 16) {
      const i32x8 accuracy_3 = i32x8_load(&accuracy[r]);
      const u8x8 y_2 = u8x8_load(&y[r]);
      acc = acc + f32x8_from_boolx8(i32x8_eq(accuracy_3, i32x8_from_u8x8(y_2)));
      const i32x8 accuracy_4 = i32x8_load(&accuracy[r + 8]);
      const u8x8 y_3 = u8x8_load(&y[r + 8]);
      acc_2 = acc_2 + f32x8_from_boolx8(i32x8_eq(accuracy_4, i32x8_from_u8x8(y_3)));
    }
    const i32x8 accuracy_3 = i32x8_load(&accuracy[240]);
    const u8x8 y_2 = u8x8_load(&y[240]);
    acc = acc + f32x8_from_boolx8(i32x8_eq(accuracy_3, i32x8_from_u8x8(y_2)));
    const i32x8 accuracy_4 = i32x8_load_mask(&accuracy[248], boolx8_mask(2));
    const u8x8 y_3 = u8x8_load_mask(&y[248], boolx8_mask(2));
    acc_2 = f32x8_where(boolx8_mask(2), acc_2 + f32x8_from_boolx8(i32x8_eq(accuracy_4, i32x8_from_u8x8(y_3))), acc_2);
    const f32x8 acc_3 = acc + acc_2;
    _Alignas(64) float lanes[8];
    f32x8_store(lanes, acc_3);
    const f32x4 half = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half, 0) + f32x4_extract(half, 2)
        + (f32x4_extract(half, 1) + f32x4_extract(half, 3));
    const float first_2 = first[0];
    const double validate_sum_accuracy_2 = validate_sum_accuracy[0];
    const double v = (0.0f < first_2 ? 0.0 : validate_sum_accuracy_2) + f64_from_f32(sum / 250.0f) * 250.0;
    const int32_t validate_rows_2 = validate_rows[0];
    const float v_2 = f32_from_f64(v / f64_from_i32(validate_rows_2));
    validate_sum_accuracy[0] = v;
    validate_accuracy[0] = v_2;
    accuracy_2[0] = v_2;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x8 acc = {0}, acc_2 = {0};
    for (int64_t r = 0; r < 240; r += 16) {
      const f32x8 cross_entropy_2 = f32x8_load(&cross_entropy[r]);
      acc = acc + cross_entropy_2;
      const f32x8 cross_entropy_3 = f32x8_load(&cross_entropy[r + 8]);
      acc_2 = acc_2 + cross_entropy_3;
    }
    const f32x8 cross_entropy_2 = f32x8_load(&cross_entropy[240]);
    acc = acc + cross_entropy_2;
    const f32x8 cross_entropy_3 = f32x8_load_mask(&cross_entropy[248], boolx8_mask(2));
    acc_2 = f32x8_where(boolx8_mask(2), acc_2 + cross_entropy_3, acc_2);
    const f32x8 acc_3 = acc + acc_2;
    _Alignas(64) float lanes[8];
    f32x8_store(lanes, acc_3);
    const f32x4 half = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half, 0) + f32x4_extract(half, 2)
        + (f32x4_extract(half, 1) + f32x4_extract(half, 3));
    const float first_2 = first[0];
    const double validate_sum_loss_2 = validate_sum_loss[0];
    const double v = (0.0f < first_2 ? 0.0 : validate_sum_loss_2) + f64_from_f32(sum / 250.0f) * 250.0;
    const int32_t validate_rows_2 = validate_rows[0];
    const float v_2 = f32_from_f64(v / f64_from_i32(validate_rows_2));
    validate_sum_loss[0] = v;
    validate_loss[0] = v_2;
    loss[0] = v_2;
  }
}

/* One call of init. Every thread runs it. */
static void init(const nnrt_memory *memory, const nnrt_thread *thread) {
  uint32_t *nnrt_seed = (uint32_t *)(memory->state + 0); /* [2] */
  float *p1_weight = (float *)(memory->params + 0); /* [512,784] */
  float *p1_bias = (float *)(memory->params + 1605632); /* [512] */
  float *p3_bias = (float *)(memory->params + 2656256); /* [512] */
  float *p5_weight = (float *)(memory->params + 2658304); /* [10,512] */
  float *p5_bias = (float *)(memory->params + 2678784); /* [10] */
  int32_t *optimizer_0_step = (int32_t *)(memory->state + 64); /* [] */
  int32_t *validate_rows = (int32_t *)(memory->state + 5357824); /* [] */
  float *p3_weight = (float *)(memory->params + 1607680); /* [512,512] */
  float *optimizer_0_exp_avg_1_weight = (float *)(memory->state + 128); /* [512,784] */
  float *optimizer_0_exp_avg_sq_1_weight = (float *)(memory->state + 1605760); /* [512,784] */
  float *optimizer_0_exp_avg_1_bias = (float *)(memory->state + 3211392); /* [512] */
  float *optimizer_0_exp_avg_sq_1_bias = (float *)(memory->state + 3213440); /* [512] */
  float *optimizer_0_exp_avg_3_weight = (float *)(memory->state + 3215488); /* [512,512] */
  float *optimizer_0_exp_avg_sq_3_weight = (float *)(memory->state + 4264064); /* [512,512] */
  float *optimizer_0_exp_avg_3_bias = (float *)(memory->state + 5312640); /* [512] */
  float *optimizer_0_exp_avg_sq_3_bias = (float *)(memory->state + 5314688); /* [512] */
  float *optimizer_0_exp_avg_5_weight = (float *)(memory->state + 5316736); /* [10,512] */
  float *optimizer_0_exp_avg_sq_5_weight = (float *)(memory->state + 5337216); /* [10,512] */
  float *optimizer_0_exp_avg_5_bias = (float *)(memory->state + 5357696); /* [10] */
  float *optimizer_0_exp_avg_sq_5_bias = (float *)(memory->state + 5357760); /* [10] */
  double *validate_sum_accuracy = (double *)(memory->state + 5357888); /* [] */
  float *validate_accuracy = (float *)(memory->state + 5357952); /* [] */
  double *validate_sum_loss = (double *)(memory->state + 5358016); /* [] */
  float *validate_loss = (float *)(memory->state + 5358080); /* [] */

  linear(nnrt_seed, p1_weight, thread);
  linear_2(nnrt_seed, p1_bias, p3_bias, p5_weight, p5_bias, optimizer_0_step, validate_rows, thread);
  linear_3(nnrt_seed, p3_weight, thread);
  adam(optimizer_0_exp_avg_1_weight, thread);
  adam(optimizer_0_exp_avg_sq_1_weight, thread);
  adam_2(optimizer_0_exp_avg_1_bias, thread);
  adam_2(optimizer_0_exp_avg_sq_1_bias, thread);
  adam_3(optimizer_0_exp_avg_3_weight, thread);
  adam_3(optimizer_0_exp_avg_sq_3_weight, thread);
  adam_2(optimizer_0_exp_avg_3_bias, thread);
  adam_2(optimizer_0_exp_avg_sq_3_bias, thread);
  adam_4(optimizer_0_exp_avg_5_weight, thread);
  adam_4(optimizer_0_exp_avg_sq_5_weight, thread);
  adam_5(optimizer_0_exp_avg_5_bias, thread);
  adam_5(optimizer_0_exp_avg_sq_5_bias, thread);
  evaluate(validate_sum_accuracy, thread);
  evaluate_2(validate_accuracy, thread);
  evaluate(validate_sum_loss, thread);
  evaluate_2(validate_loss, thread);
}

/* One call of train on 128 rows. Every thread runs it. */
static void train_128(const nnrt_memory *memory, const nnrt_thread *thread) {
  const uint8_t *x = (const uint8_t *)(memory->input + 0); /* [128,1,28,28] */
  float *fashion_mnist_3 = (float *)(memory->scratch + 2654464); /* [128,1,28,28] */
  float *p1_weight = (float *)(memory->params + 0); /* [512,784] */
  float *p1_weight_panels = (float *)(memory->scratch + 0); /* [401408] */
  float *p1_bias = (float *)(memory->params + 1605632); /* [512] */
  float *relu = (float *)(memory->scratch + 3056128); /* [128,512] */
  float *p3_weight = (float *)(memory->params + 1607680); /* [512,512] */
  float *p3_weight_panels = (float *)(memory->scratch + 1605632); /* [262144] */
  float *p3_bias = (float *)(memory->params + 2656256); /* [512] */
  float *relu_2 = (float *)(memory->scratch + 256); /* [128,512] */
  float *p5_weight = (float *)(memory->params + 2658304); /* [10,512] */
  float *p5_weight_panels = (float *)(memory->scratch + 262656); /* [8192] */
  float *linear_6 = (float *)(memory->scratch + 787712); /* [128,10] */
  float *p5_bias = (float *)(memory->params + 2678784); /* [10] */
  const uint8_t *y = (const uint8_t *)(memory->input + 100352); /* [128] */
  float *cross_entropy_3 = (float *)(memory->scratch + 262400); /* [128] */
  float *grad_cross_entropy = (float *)(memory->scratch + 787712); /* [128,10] */
  float *loss = (float *)(memory->output + 0); /* [] */
  float *grad_linear = (float *)(memory->scratch + 262912); /* [128,512] */
  float *grad_linear_2 = (float *)(memory->scratch + 525312); /* [128,512] */
  const float *lr = (const float *)(memory->input + 100544); /* [] */
  int32_t *optimizer_0_step = (int32_t *)(memory->state + 64); /* [] */
  const float *total_steps = (const float *)(memory->input + 100480); /* [] */
  float *adam_7 = (float *)(memory->scratch + 0); /* [] */
  float *adam_8 = (float *)(memory->scratch + 64); /* [] */
  float *optimizer_0_exp_avg_5_bias = (float *)(memory->state + 5357696); /* [10] */
  float *optimizer_0_exp_avg_sq_5_bias = (float *)(memory->state + 5357760); /* [10] */
  float *optimizer_0_exp_avg_3_bias = (float *)(memory->state + 5312640); /* [512] */
  float *optimizer_0_exp_avg_sq_3_bias = (float *)(memory->state + 5314688); /* [512] */
  float *optimizer_0_exp_avg_1_bias = (float *)(memory->state + 3211392); /* [512] */
  float *optimizer_0_exp_avg_sq_1_bias = (float *)(memory->state + 3213440); /* [512] */
  float *optimizer_0_exp_avg_5_weight = (float *)(memory->state + 5316736); /* [10,512] */
  float *optimizer_0_exp_avg_sq_5_weight = (float *)(memory->state + 5337216); /* [10,512] */
  float *optimizer_0_exp_avg_3_weight = (float *)(memory->state + 3215488); /* [512,512] */
  float *optimizer_0_exp_avg_sq_3_weight = (float *)(memory->state + 4264064); /* [512,512] */
  float *optimizer_0_exp_avg_1_weight = (float *)(memory->state + 128); /* [512,784] */
  float *optimizer_0_exp_avg_sq_1_weight = (float *)(memory->state + 1605760); /* [512,784] */

  fashion_mnist(x, fashion_mnist_3, thread);
  pack_1_weight(p1_weight, p1_weight_panels, thread);
  nnrt_barrier(thread);
  linear_relu(fashion_mnist_3, p1_weight_panels, p1_bias, relu, thread);
  pack_3_weight(p3_weight, p3_weight_panels, thread);
  nnrt_barrier(thread);
  linear_relu_2(relu, p3_weight_panels, p3_bias, relu_2, thread);
  pack_5_weight(p5_weight, p5_weight_panels, thread);
  nnrt_barrier(thread);
  linear_4(relu_2, p5_weight_panels, linear_6, thread);
  nnrt_barrier(thread);
  cross_entropy(linear_6, p5_bias, y, cross_entropy_3, grad_cross_entropy, thread);
  nnrt_barrier(thread);
  cross_entropy_2(cross_entropy_3, loss, thread);
  linear_relu_3(grad_cross_entropy, p5_weight, relu_2, grad_linear, thread);
  nnrt_barrier(thread);
  linear_relu_4(grad_linear, p3_weight, relu, grad_linear_2, thread);
  adam_6(lr, optimizer_0_step, total_steps, adam_7, adam_8, thread);
  nnrt_barrier(thread);
  linear_adam(grad_cross_entropy, optimizer_0_exp_avg_5_bias, optimizer_0_exp_avg_sq_5_bias, p5_bias, adam_7, adam_8,
      grad_linear, optimizer_0_exp_avg_3_bias, optimizer_0_exp_avg_sq_3_bias, p3_bias, grad_linear_2,
      optimizer_0_exp_avg_1_bias, optimizer_0_exp_avg_sq_1_bias, p1_bias, thread);
  linear_adam_2(grad_cross_entropy, relu_2, optimizer_0_exp_avg_5_weight, optimizer_0_exp_avg_sq_5_weight, p5_weight,
      adam_7, adam_8, thread);
  linear_adam_3(grad_linear, relu, optimizer_0_exp_avg_3_weight, optimizer_0_exp_avg_sq_3_weight, p3_weight, adam_7,
      adam_8, thread);
  linear_adam_4(grad_linear_2, fashion_mnist_3, optimizer_0_exp_avg_1_weight, optimizer_0_exp_avg_sq_1_weight,
      p1_weight, adam_7, adam_8, thread);
}

/* One call of validate on 250 rows. Every thread runs it. */
static void validate_250(const nnrt_memory *memory, const nnrt_thread *thread) {
  const uint8_t *x = (const uint8_t *)(memory->input + 0); /* [250,1,28,28] */
  float *fashion_mnist_3 = (float *)(memory->scratch + 2654464); /* [250,1,28,28] */
  float *p1_weight = (float *)(memory->params + 0); /* [512,784] */
  float *p1_weight_panels = (float *)(memory->scratch + 0); /* [401408] */
  float *p1_bias = (float *)(memory->params + 1605632); /* [512] */
  float *relu = (float *)(memory->scratch + 3438464); /* [250,512] */
  float *p3_weight = (float *)(memory->params + 1607680); /* [512,512] */
  float *p3_weight_panels = (float *)(memory->scratch + 1605632); /* [262144] */
  float *p3_bias = (float *)(memory->params + 2656256); /* [512] */
  float *relu_2 = (float *)(memory->scratch + 2654464); /* [250,512] */
  float *p5_weight = (float *)(memory->params + 2658304); /* [10,512] */
  float *p5_weight_panels = (float *)(memory->scratch + 3166720); /* [8192] */
  float *linear_6 = (float *)(memory->scratch + 0); /* [250,10] */
  float *p5_bias = (float *)(memory->params + 2678784); /* [10] */
  const uint8_t *y = (const uint8_t *)(memory->input + 196032); /* [250] */
  int32_t *accuracy = (int32_t *)(memory->scratch + 10048); /* [250] */
  float *cross_entropy_3 = (float *)(memory->scratch + 11072); /* [250] */
  const float *first = (const float *)(memory->input + 196288); /* [] */
  int32_t *validate_rows = (int32_t *)(memory->state + 5357824); /* [] */
  double *validate_sum_accuracy = (double *)(memory->state + 5357888); /* [] */
  float *validate_accuracy = (float *)(memory->state + 5357952); /* [] */
  float *accuracy_2 = (float *)(memory->output + 0); /* [] */
  double *validate_sum_loss = (double *)(memory->state + 5358016); /* [] */
  float *validate_loss = (float *)(memory->state + 5358080); /* [] */
  float *loss = (float *)(memory->output + 64); /* [] */

  fashion_mnist_2(x, fashion_mnist_3, thread);
  pack_1_weight(p1_weight, p1_weight_panels, thread);
  nnrt_barrier(thread);
  linear_relu_5(fashion_mnist_3, p1_weight_panels, p1_bias, relu, thread);
  pack_3_weight(p3_weight, p3_weight_panels, thread);
  nnrt_barrier(thread);
  linear_relu_6(relu, p3_weight_panels, p3_bias, relu_2, thread);
  pack_5_weight(p5_weight, p5_weight_panels, thread);
  nnrt_barrier(thread);
  linear_5(relu_2, p5_weight_panels, linear_6, thread);
  nnrt_barrier(thread);
  accuracy_cross_entropy(linear_6, p5_bias, y, accuracy, cross_entropy_3, first, validate_rows, thread);
  nnrt_barrier(thread);
  accuracy_evaluate(accuracy, y, first, validate_sum_accuracy, validate_rows, validate_accuracy, accuracy_2,
      cross_entropy_3, validate_sum_loss, validate_loss, loss, thread);
}

static const nnrt_state fashion_mlp_states[] = {
  {.name = "nnrt.seed", .dtype = NNRT_u32, .rank = 1, .dim = {2}},
  {.name = "1.weight", .dtype = NNRT_f32, .rank = 2, .dim = {512, 784}, .trained = 1, .saved = 1},
  {.name = "1.bias", .dtype = NNRT_f32, .rank = 1, .dim = {512}, .trained = 1, .saved = 1, .offset = 1605632},
  {.name = "3.weight", .dtype = NNRT_f32, .rank = 2, .dim = {512, 512}, .trained = 1, .saved = 1, .offset = 1607680},
  {.name = "3.bias", .dtype = NNRT_f32, .rank = 1, .dim = {512}, .trained = 1, .saved = 1, .offset = 2656256},
  {.name = "5.weight", .dtype = NNRT_f32, .rank = 2, .dim = {10, 512}, .trained = 1, .saved = 1, .offset = 2658304},
  {.name = "5.bias", .dtype = NNRT_f32, .rank = 1, .dim = {10}, .trained = 1, .saved = 1, .offset = 2678784},
  {.name = "optimizer.0.step", .dtype = NNRT_i32, .offset = 64},
  {.name = "optimizer.0.exp_avg.1.weight", .dtype = NNRT_f32, .rank = 2, .dim = {512, 784}, .offset = 128},
  {.name = "optimizer.0.exp_avg_sq.1.weight", .dtype = NNRT_f32, .rank = 2, .dim = {512, 784}, .offset = 1605760},
  {.name = "optimizer.0.exp_avg.1.bias", .dtype = NNRT_f32, .rank = 1, .dim = {512}, .offset = 3211392},
  {.name = "optimizer.0.exp_avg_sq.1.bias", .dtype = NNRT_f32, .rank = 1, .dim = {512}, .offset = 3213440},
  {.name = "optimizer.0.exp_avg.3.weight", .dtype = NNRT_f32, .rank = 2, .dim = {512, 512}, .offset = 3215488},
  {.name = "optimizer.0.exp_avg_sq.3.weight", .dtype = NNRT_f32, .rank = 2, .dim = {512, 512}, .offset = 4264064},
  {.name = "optimizer.0.exp_avg.3.bias", .dtype = NNRT_f32, .rank = 1, .dim = {512}, .offset = 5312640},
  {.name = "optimizer.0.exp_avg_sq.3.bias", .dtype = NNRT_f32, .rank = 1, .dim = {512}, .offset = 5314688},
  {.name = "optimizer.0.exp_avg.5.weight", .dtype = NNRT_f32, .rank = 2, .dim = {10, 512}, .offset = 5316736},
  {.name = "optimizer.0.exp_avg_sq.5.weight", .dtype = NNRT_f32, .rank = 2, .dim = {10, 512}, .offset = 5337216},
  {.name = "optimizer.0.exp_avg.5.bias", .dtype = NNRT_f32, .rank = 1, .dim = {10}, .offset = 5357696},
  {.name = "optimizer.0.exp_avg_sq.5.bias", .dtype = NNRT_f32, .rank = 1, .dim = {10}, .offset = 5357760},
  {.name = "validate.rows", .dtype = NNRT_i32, .offset = 5357824},
  {.name = "validate.sum.accuracy", .dtype = NNRT_f64, .offset = 5357888},
  {.name = "validate.accuracy", .dtype = NNRT_f32, .offset = 5357952},
  {.name = "validate.sum.loss", .dtype = NNRT_f64, .offset = 5358016},
  {.name = "validate.loss", .dtype = NNRT_f32, .offset = 5358080},
};

static const nnrt_hyper fashion_mlp_hypers[] = {
  {.name = "lr", .value = 0.001, .min = -INFINITY, .max = INFINITY},
};

static const nnrt_field fashion_mlp_test_fields[] = {
  {.name = "x", .dtype = NNRT_u8, .rank = 3, .dim = {1, 28, 28}},
  {.name = "y", .dtype = NNRT_u8},
};

static const char *const fashion_mlp_test_files[] = {
  "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz",
  "/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz",
};

static const nnrt_field fashion_mlp_train_fields[] = {
  {.name = "x", .dtype = NNRT_u8, .rank = 3, .dim = {1, 28, 28}},
  {.name = "y", .dtype = NNRT_u8},
};

static const char *const fashion_mlp_train_files[] = {
  "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz",
  "/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz",
};

static const nnrt_source fashion_mlp_sources[] = {
  {.name = "test", .kind = "idx", .nfields = 2, .fields = fashion_mlp_test_fields, .nfiles = 2,
      .files = fashion_mlp_test_files, .batch = 250, .rows = 10000, .classes = 10},
  {.name = "train", .kind = "idx", .nfields = 2, .fields = fashion_mlp_train_fields, .nfiles = 2,
      .files = fashion_mlp_train_files, .batch = 128, .shuffle = 1, .rows = 60000, .classes = 10},
};

static const int fashion_mlp_train_sources[] = {
  1,
};

static const nnrt_input fashion_mlp_train_128_inputs[] = {
  {.name = "x", .kind = NNRT_INPUT_FIELD, .dtype = NNRT_u8, .count = 100352, .source = 1, .hyper = -1},
  {.name = "y", .kind = NNRT_INPUT_FIELD, .dtype = NNRT_u8, .count = 128, .offset = 100352, .source = 1, .field = 1,
      .hyper = -1},
  {.name = "total_steps", .kind = NNRT_INPUT_TOTAL_STEPS, .dtype = NNRT_f32, .count = 1, .offset = 100480, .source = -1,
      .field = -1, .hyper = -1},
  {.name = "lr", .kind = NNRT_INPUT_HYPER, .dtype = NNRT_f32, .count = 1, .offset = 100544, .source = -1, .field = -1},
};

static const nnrt_output fashion_mlp_train_128_outputs[] = {
  {.name = "loss", .dtype = NNRT_f32, .count = 1},
};

static const nnrt_variant fashion_mlp_train_variants[] = {
  {.rows = 128, .step = train_128, .ninputs = 4, .noutputs = 1, .inputs = fashion_mlp_train_128_inputs,
      .outputs = fashion_mlp_train_128_outputs, .input_bytes = 100608, .output_bytes = 64},
};

static const int fashion_mlp_validate_sources[] = {
  0,
};

static const nnrt_input fashion_mlp_validate_250_inputs[] = {
  {.name = "x", .kind = NNRT_INPUT_FIELD, .dtype = NNRT_u8, .count = 196000, .hyper = -1},
  {.name = "y", .kind = NNRT_INPUT_FIELD, .dtype = NNRT_u8, .count = 250, .offset = 196032, .field = 1, .hyper = -1},
  {.name = "first", .kind = NNRT_INPUT_FIRST, .dtype = NNRT_f32, .count = 1, .offset = 196288, .field = -1,
      .hyper = -1},
};

static const nnrt_output fashion_mlp_validate_250_outputs[] = {
  {.name = "accuracy", .dtype = NNRT_f32, .count = 1},
  {.name = "loss", .dtype = NNRT_f32, .count = 1, .offset = 64},
};

static const nnrt_variant fashion_mlp_validate_variants[] = {
  {.rows = 250, .step = validate_250, .ninputs = 3, .noutputs = 2, .inputs = fashion_mlp_validate_250_inputs,
      .outputs = fashion_mlp_validate_250_outputs, .input_bytes = 196352, .output_bytes = 128},
};

static const nnrt_func fashion_mlp_funcs[] = {
  {.name = "train", .nsources = 1, .sources = fashion_mlp_train_sources, .nvariants = 1,
      .variants = fashion_mlp_train_variants},
  {.name = "validate", .whole_pass = 1, .nsources = 1, .sources = fashion_mlp_validate_sources, .nvariants = 1,
      .variants = fashion_mlp_validate_variants},
};

static const nnrt_act fashion_mlp_phase_1_step[] = {
  {.times = 1, .every = 1, .when_func = -1, .when_output = -1},
};

static const nnrt_act fashion_mlp_phase_1_each_epoch[] = {
  {.func = 1, .times = 1, .every = 1, .when_func = -1, .when_output = -1},
};

static const nnrt_phase fashion_mlp_phases[] = {
  {.by_epochs = 1, .count = 10.0, .count_hyper = -1, .nstep = 1, .neach_epoch = 1, .step = fashion_mlp_phase_1_step,
      .each_epoch = fashion_mlp_phase_1_each_epoch, .stop_func = -1, .stop_output = -1},
};

static const nnrt_model fashion_mlp_model = {
  .name = "fashion_mlp",
  .source = "models/fashion_mlp.lua",
  .compiler = "nnc 0.1",
  .hash = 0xf2b6e028b83ac731,
  .params_bytes = PARAMS_BYTES,
  .state_bytes = STATE_BYTES,
  .scratch_bytes = SCRATCH_BYTES,
  .max_threads = 16,
  .nstates = 25,
  .nhypers = 1,
  .nsources = 2,
  .nfuncs = 2,
  .nphases = 1,
  .states = fashion_mlp_states,
  .hypers = fashion_mlp_hypers,
  .sources = fashion_mlp_sources,
  .funcs = fashion_mlp_funcs,
  .phases = fashion_mlp_phases,
  .init = init,
};

int main(int argc, char **argv) {
  if (!NNRT_RUNS_V4) {
    fputs("fashion_mlp: compiled for x86-64-v4, which this processor is not (nnc --cpu says which)\n", stderr);
    return 1;
  }
  return nnrt_main(&fashion_mlp_model, argc, argv);
}
