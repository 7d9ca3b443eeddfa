/* regression: compiled from models/regression.lua by nnc 0.1 for x86-64-v4. Do not edit: change the model.
 * Build: cc -O3 FILE.c -lnnrt -lz -lm -pthread
 * The results have the same bits with any compiler, optimisation, processor and number of threads. */
#define NNRT_V4
#include "nnrt.h"
#include "nnrt_simd.h"
#include <stdio.h>

/* The arenas, in bytes. */
#define PARAMS_BYTES 128
#define STATE_BYTES 320
#define SCRATCH_BYTES 1856

static _Alignas(64) const float constant_9[2] = {
  3.0f, 0.5f,
};

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

/* e log 2 + log(1 + g + g_low), g in -1/3 .. 1/3; the sum's rounding error is carried along */
static NNRT_INLINE_V4 f32x16 log_end_f32x16(f32x16 g, f32x16 g_low, f32x16 e) {
  f32x16 p = f32x16_set1(0.117207065f);
  p = f32x16_fma(p, g, f32x16_set1(-0.12884937f));
  p = f32x16_fma(p, g, f32x16_set1(0.10823002f));
  p = f32x16_fma(p, g, f32x16_set1(-0.12187576f));
  p = f32x16_fma(p, g, f32x16_set1(0.14298926f));
  p = f32x16_fma(p, g, f32x16_set1(-0.16680093f));
  p = f32x16_fma(p, g, f32x16_set1(0.19999765f));
  p = f32x16_fma(p, g, f32x16_set1(-0.24999811f));
  p = f32x16_fma(p, g, f32x16_set1(0.33333334f));
  const f32x16 z = g * g;
  const f32x16 low = f32x16_fma(z, f32x16_fma(g, p, f32x16_set1(-0.5f)),
      f32x16_fma(e, f32x16_set1(1.4286068e-06f), g_low));
  const f32x16 whole = e * 0.69314575f;
  const f32x16 sum = whole + g;
  return sum + (g - (sum - whole) + low);
}

/* x = 2^e m with m in 2/3 .. 4/3; subnormals are scaled first */
static NNRT_INLINE_V4 f32x16 log_f32x16(f32x16 x) {
  const boolx16 small = f32x16_lt(x, f32x16_set1(1.1754944e-38f));
  const f32x16 v = f32x16_where(small, x * 8388608.0f, x);
  const i32x16 b = i32x16_sub(i32x16_bits_f32x16(v), i32x16_set1(1059760811));
  const i32x16 whole = b & -8388608;
  const f32x16 g = f32x16_bits_i32x16(i32x16_sub(i32x16_bits_f32x16(v), whole)) - 1.0f;
  const f32x16 e = f32x16_from_i32x16(i32x16_shr(b, i32x16_set1(23)))
      + f32x16_where(small, f32x16_set1(-23.0f), f32x16_set1(0.0f));
  const f32x16 y = f32x16_where(f32x16_lt(x, f32x16_set1(INFINITY)), log_end_f32x16(g, f32x16_set1(0.0f), e), x);
  return f32x16_where(f32x16_eq(x, f32x16_set1(0.0f)), f32x16_set1(-INFINITY),
      f32x16_where(f32x16_lt(x, f32x16_set1(0.0f)), f32x16_set1(NAN), y));
}

/* sin(r + t + k pi/2), r in -pi/4 .. pi/4, t far below r */
static NNRT_INLINE_V4 f32x16 sincos_end_f32x16(f32x16 r, f32x16 t, i32x16 k) {
  const f32x16 z = r * r;
  f32x16 s = f32x16_set1(2.8372474e-06f);
  s = f32x16_fma(s, z, f32x16_set1(-0.00019853498f));
  s = f32x16_fma(s, z, f32x16_set1(0.00833338f));
  s = f32x16_fma(s, z, f32x16_set1(-0.16666667f));
  const f32x16 sine = r + f32x16_fma(r * z, s, f32x16_fma(z * -0.5f, t, t));
  f32x16 c = f32x16_set1(-2.8974125e-07f);
  c = f32x16_fma(c, z, f32x16_set1(2.4822968e-05f));
  c = f32x16_fma(c, z, f32x16_set1(-0.0013888982f));
  c = f32x16_fma(c, z, f32x16_set1(0.041666668f));
  const f32x16 h = f32x16_fma(z, f32x16_set1(-0.5f), f32x16_set1(1.0f));
  const f32x16 cosine = h + (f32x16_fma(z, f32x16_set1(-0.5f), 1.0f - h) + f32x16_fma(z * z, c, -(r * t)));
  const f32x16 y = f32x16_where(i32x16_eq(k & 1, i32x16_set1(0)), sine, cosine);
  return f32x16_bits_i32x16(i32x16_bits_f32x16(y) ^ i32x16_shl(k & 2, i32x16_set1(30)));
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
static NNRT_INLINE_V4 f32x16 sincos_f32x16(f32x16 x, int32_t shift) {
  const f32x16 a = f32x16_abs(x);
  const f32x16 q = f32x16_fma(a, f32x16_set1(0.63661975f), f32x16_set1(12582912.0f));
  const f32x16 n = q - 12582912.0f;
  const f32x16 r0 = f32x16_fma(n, f32x16_set1(-1.5707964f), a);
  const f32x16 w = n * -4.371139e-08f;
  const f32x16 w_low = f32x16_fma(n, f32x16_set1(-4.371139e-08f), -w);
  const f32x16 r = r0 - w;
  const f32x16 v = r - r0;
  const f32x16 lost = r0 - (r - v) - (w + v);
  const f32x16 t = f32x16_fma(n, f32x16_set1(1.7151245e-15f), lost - w_low);
  const f32x16 y = sincos_end_f32x16(r, t, i32x16_add(i32x16_bits_f32x16(q), i32x16_set1(shift)));
  _Alignas(64) float arg[16];
  _Alignas(64) float value[16];
  f32x16_store(arg, a);
  f32x16_store(value, y);
  for (int64_t l = 0; l < 16; ++l) {
    const float one = arg[l];
    if (32768.0f < one) {
      value[l] = sincos_huge_f32_one(one, shift);
    }
  }
  return f32x16_where(f32x16_lt(a, f32x16_set1(INFINITY)), f32x16_load(value), a - a);
}

static NNRT_INLINE_V4 f32x16 cos_f32x16(f32x16 x) {
  return sincos_f32x16(x, 1);
}

/* y >= 0 with the sign of x */
static NNRT_INLINE_V4 f32x16 sign_f32x16(f32x16 y, f32x16 x) {
  return f32x16_bits_i32x16(i32x16_bits_f32x16(y) ^ (i32x16_bits_f32x16(x) & INT32_MIN));
}

static NNRT_INLINE_V4 f32x16 sin_f32x16(f32x16 x) {
  return sign_f32x16(sincos_f32x16(x, 0), x);
}

/* one of the four words of Philox 4x32-10 (Salmon et al., SC 2011); counter c0 .. c3, key k0, k1 */
static NNRT_INLINE_V4 uint32_t philox_u32(uint32_t word, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3,
    uint32_t k0, uint32_t k1) {
  uint32_t w0 = c0;
  uint32_t w1 = c1;
  uint32_t w2 = c2;
  uint32_t w3 = c3;
  uint32_t a = k0;
  uint32_t b = k1;
  for (int64_t round = 0; round < 10; ++round) {
    const uint32_t h0 = u32_mulhi(w0, 0xd2511f53u);
    const uint32_t l0 = w0 * 0xd2511f53u;
    const uint32_t h1 = u32_mulhi(w2, 0xcd9e8d57u);
    const uint32_t l1 = w2 * 0xcd9e8d57u;
    w0 = (h1 ^ w1) ^ a;
    w1 = l1;
    w2 = (h0 ^ w3) ^ b;
    w3 = l0;
    a = a + 0x9e3779b9u;
    b = b + 0xbb67ae85u;
  }
  const uint32_t low = word == 0u ? w0 : w1;
  const uint32_t high = word == 2u ? w2 : w3;
  return word < 2u ? low : high;
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

/* models/regression.lua:5  local weight = nn.parameter({ 2 }, nn.init.normal(0, 0.1))
 * models/regression.lua:6  local offset = nn.parameter({})
 * models/regression.lua:17  local optimizer = nn.SGD { weight, offset, lr = nn.step_decay(0.05, { every = 400, fa... */
static NNRT_KERNEL_V4 void mul_2(const uint32_t *restrict nnrt_seed, float *restrict weight, float *restrict offset,
    int32_t *restrict optimizer_0_step, float *restrict optimizer_0_momentum_buffer_weight,
    float *restrict optimizer_0_momentum_buffer_offset, uint32_t *restrict nnrt_calls_train,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    const u32x16 element = u32x16_from_i32x16(i32x16_lane());
    const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
    const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
    const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0xd6254ca4u),
        u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
    const f32x16 v = 1.0f - f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f;
    const u32x16 element_2 = u32x16_from_i32x16(i32x16_lane());
    const u32x16 word_2 = u32x16_shr(element_2, u32x16_set1(4u)) & 3u;
    const u32x16 counter_2 = u32x16_shr(element_2, u32x16_set1(6u)) * 16u + (element_2 & 15u);
    const u32x16 r_2 = philox_u32x16(word_2, counter_2, u32x16_set1(0u), u32x16_set1(0u), u32x16_set1(0x6025f08du),
        u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
    const f32x16 v_2 = f32x16_from_u32x16(u32x16_shr(r_2, u32x16_set1(8u))) * 5.9604645e-08f * 6.2831855f;
    const f32x16 v_3 = f32x16_sqrt(log_f32x16(v) * -2.0f) * cos_f32x16(v_2);
    f32x16_store_mask(weight, v_3 * 0.1f, boolx16_mask(2));
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    offset[0] = 0.0f;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    optimizer_0_step[0] = 0;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16_store_mask(optimizer_0_momentum_buffer_weight, f32x16_set1(0.0f), boolx16_mask(2));
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    optimizer_0_momentum_buffer_offset[0] = 0.0f;
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    nnrt_calls_train[0] = 0u;
  }
}

/* models/regression.lua:5  local weight = nn.parameter({ 2 }, nn.init.normal(0, 0.1))
 * models/regression.lua:27  return { distance = ((weight - truth):norm() ^ 2 + (offset + 1) ^ 2):sqrt(), weight =... */
static NNRT_KERNEL_V4 void norm_sqrt(const float *restrict weight, const float *restrict truth,
    const float *restrict offset, float *restrict distance, float *restrict weight_2, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    const f32x16 weight_3 = f32x16_load_mask(weight, boolx16_mask(2));
    const f32x16 truth_2 = f32x16_load_mask(truth, boolx16_mask(2));
    const f32x16 v = weight_3 - truth_2;
    acc = f32x16_where(boolx16_mask(2), acc + v * v, acc);
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    const float v_2 = f32_sqrt(sum);
    const float offset_2 = offset[0];
    const float v_3 = offset_2 + 1.0f;
    distance[0] = f32_sqrt(v_2 * v_2 + v_3 * v_3);
  }
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const f32x16 weight_3 = f32x16_load_mask(weight, boolx16_mask(2));
    f32x16_store_mask(weight_2, weight_3, boolx16_mask(2));
  }
}

/* models/regression.lua:11  local y = 3 * x:sin() + 0.5 * x - 1 + noise * nn.random.normal { n } */
static NNRT_KERNEL_V4 void sin_sub_normal(const uint32_t *restrict nnrt_seed, const uint32_t *restrict nnrt_calls_train,
    float *restrict sin, float *restrict sub, float *restrict normal, float *restrict normal_2,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    const uint32_t nnrt_calls_train_2 = nnrt_calls_train[0];
    for (int64_t j = 0; j < 64; j += 16) {
      const u32x16 element = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word = u32x16_shr(element, u32x16_set1(4u)) & 3u;
      const u32x16 counter = u32x16_shr(element, u32x16_set1(6u)) * 16u + (element & 15u);
      const u32x16 r = philox_u32x16(word, counter, u32x16_set1(0u), u32x16_set1(nnrt_calls_train_2),
          u32x16_set1(0xa397f6d9u), u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v = f32x16_from_u32x16(u32x16_shr(r, u32x16_set1(8u))) * 5.9604645e-08f - 0.5f;
      const f32x16 x = v * 6.0f;
      const f32x16 v_2 = sin_f32x16(x);
      const u32x16 element_2 = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word_2 = u32x16_shr(element_2, u32x16_set1(4u)) & 3u;
      const u32x16 counter_2 = u32x16_shr(element_2, u32x16_set1(6u)) * 16u + (element_2 & 15u);
      const u32x16 r_2 = philox_u32x16(word_2, counter_2, u32x16_set1(0u), u32x16_set1(nnrt_calls_train_2),
          u32x16_set1(0xce4a7fb3u), u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v_3 = 1.0f - f32x16_from_u32x16(u32x16_shr(r_2, u32x16_set1(8u))) * 5.9604645e-08f;
      const u32x16 element_3 = u32_from_i64(j) + u32x16_from_i32x16(i32x16_lane());
      const u32x16 word_3 = u32x16_shr(element_3, u32x16_set1(4u)) & 3u;
      const u32x16 counter_3 = u32x16_shr(element_3, u32x16_set1(6u)) * 16u + (element_3 & 15u);
      const u32x16 r_3 = philox_u32x16(word_3, counter_3, u32x16_set1(0u), u32x16_set1(nnrt_calls_train_2),
          u32x16_set1(0x5c99b445u), u32x16_set1(nnrt_seed_2), u32x16_set1(nnrt_seed_3));
      const f32x16 v_4 = f32x16_from_u32x16(u32x16_shr(r_3, u32x16_set1(8u))) * 5.9604645e-08f * 6.2831855f;
      f32x16_store(&sin[j], v_2);
      f32x16_store(&sub[j], v_2 * 3.0f + x * 0.5f - 1.0f);
      f32x16_store(&normal[j], f32x16_sqrt(log_f32x16(v_3) * -2.0f));
      f32x16_store(&normal_2[j], cos_f32x16(v_4));
    }
  }
}

/* models/regression.lua:12  return nn.stack({ x:sin(), x }, 2), y                                            -- [... */
static NNRT_KERNEL_V4 void concat_2(const float *restrict sin, const uint32_t *restrict nnrt_seed,
    const uint32_t *restrict nnrt_calls_train, float *restrict features, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(64, thread), u_end = nnrt_hi(64, thread); u < u_end; ++u) {
    const boolx16 inside = i32x16_eq(((i32x16){1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), i32x16_set1(1));
    const float sin_2 = sin[u];
    const boolx16 inside_2 = i32x16_eq(((i32x16){0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), i32x16_set1(1));
    const uint32_t nnrt_seed_2 = nnrt_seed[0];
    const uint32_t nnrt_seed_3 = nnrt_seed[1];
    const uint32_t nnrt_calls_train_2 = nnrt_calls_train[0];
    const uint32_t element = u32_from_i64(u);
    const uint32_t word = u32_shr(element, 4u) & 3u;
    const uint32_t counter = u32_shr(element, 6u) * 16u + (element & 15u);
    const uint32_t r = philox_u32(word, counter, 0u, nnrt_calls_train_2, 0xa397f6d9u, nnrt_seed_2, nnrt_seed_3);
    const float v = f32_from_u32(u32_shr(r, 8u)) * 5.9604645e-08f - 0.5f;
    const f32x16 features_2 = f32x16_where(i32x16_lt(i32x16_lane(), i32x16_set1(1)),
        f32x16_where(inside, f32x16_set1(sin_2), f32x16_set1(0.0f)),
        f32x16_where(inside_2, f32x16_set1(v * 6.0f), f32x16_set1(0.0f)));
    f32x16_store_mask(&features[u * 2], features_2, boolx16_mask(2));
  }
}

/* models/regression.lua:21  return nn.mse_loss(predict(features), y) */
static NNRT_KERNEL_V4 void mse_loss(const float *restrict add, const float *restrict sub, const float *restrict noise,
    const float *restrict normal, const float *restrict normal_2, float *restrict loss, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    const float noise_2 = noise[0];
    for (int64_t r = 0; r < 64; r += 16) {
      const f32x16 add_2 = f32x16_load(&add[r]);
      const f32x16 sub_2 = f32x16_load(&sub[r]);
      const f32x16 normal_3 = f32x16_load(&normal[r]);
      const f32x16 normal_4 = f32x16_load(&normal_2[r]);
      const f32x16 v = add_2 - (sub_2 + noise_2 * (normal_3 * normal_4));
      acc = acc + v * v;
    }
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    loss[0] = sum * 0.015625f;
  }
}

/* models/regression.lua:10  local x = (nn.random.uniform { n } - 0.5) * 6                                    -- [n]
 * models/regression.lua:15  local function predict(features) return features:matmul(weight) + offset end
 * models/regression.lua:17  local optimizer = nn.SGD { weight, offset, lr = nn.step_decay(0.05, { every = 400, fa...
 * models/regression.lua:21  return nn.mse_loss(predict(features), y) */
static NNRT_KERNEL_V4 void sgd_uniform(int32_t *restrict optimizer_0_step, uint32_t *restrict nnrt_calls_train,
    float *restrict sgd, const float *restrict features, const float *restrict weight, const float *restrict offset,
    const float *restrict sub, const float *restrict noise, const float *restrict normal,
    const float *restrict normal_2, float *restrict add, float *restrict grad_mse_loss, const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    const int32_t optimizer_0_step_2 = optimizer_0_step[0];
    const float v = f32_floor(f32_from_i32(optimizer_0_step_2) / 400.0f) * -1.2039728f;
    const uint32_t nnrt_calls_train_2 = nnrt_calls_train[0];
    sgd[0] = exp_f32(v);
    optimizer_0_step[0] = i32_add(optimizer_0_step_2, 1);
    nnrt_calls_train[0] = nnrt_calls_train_2 + 1u;
  }
  for (int64_t u = nnrt_lo(64, thread), u_end = nnrt_hi(64, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    const f32x16 features_2 = f32x16_load_mask(&features[u * 2], boolx16_mask(2));
    const f32x16 weight_2 = f32x16_load_mask(weight, boolx16_mask(2));
    acc = f32x16_where(boolx16_mask(2), f32x16_fma(features_2, weight_2, acc), acc);
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float dot = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    const float offset_2 = offset[0];
    const float v = dot + offset_2;
    const float sub_2 = sub[u];
    const float noise_2 = noise[0];
    const float normal_3 = normal[u];
    const float normal_4 = normal_2[u];
    const float v_2 = v - (sub_2 + noise_2 * (normal_3 * normal_4));
    const float v_3 = v_2 * 0.015625f;
    add[u] = v;
    grad_mse_loss[u] = v_3 + v_3;
  }
}

/* models/regression.lua:15  local function predict(features) return features:matmul(weight) + offset end
 * models/regression.lua:17  local optimizer = nn.SGD { weight, offset, lr = nn.step_decay(0.05, { every = 400, fa... */
static NNRT_KERNEL_V4 void sum_sgd(const float *restrict grad_mse_loss,
    float *restrict optimizer_0_momentum_buffer_offset, float *restrict offset, const float *restrict sgd,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(1, thread), u_end = nnrt_hi(1, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    for (int64_t r = 0; r < 64; r += 16) {
      const f32x16 grad_mse_loss_2 = f32x16_load(&grad_mse_loss[r]);
      acc = acc + grad_mse_loss_2;
    }
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float sum = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    const float optimizer_0_momentum_buffer_offset_2 = optimizer_0_momentum_buffer_offset[0];
    const float v = optimizer_0_momentum_buffer_offset_2 * 0.9f + sum;
    const float offset_2 = offset[0];
    const float sgd_2 = sgd[0];
    const float v_2 = offset_2 + v * -(sgd_2 * 0.05f);
    optimizer_0_momentum_buffer_offset[0] = v;
    offset[0] = v_2;
  }
}

/* models/regression.lua:15  local function predict(features) return features:matmul(weight) + offset end
 * models/regression.lua:17  local optimizer = nn.SGD { weight, offset, lr = nn.step_decay(0.05, { every = 400, fa... */
static NNRT_KERNEL_V4 void dot_sgd(const float *restrict grad_mse_loss, const float *restrict features,
    float *restrict optimizer_0_momentum_buffer_weight, float *restrict weight, const float *restrict sgd,
    const nnrt_thread *thread) {
  for (int64_t u = nnrt_lo(2, thread), u_end = nnrt_hi(2, thread); u < u_end; ++u) {
    f32x16 acc = {0};
    for (int64_t r = 0; r < 64; r += 16) {
      const f32x16 grad_mse_loss_2 = f32x16_load(&grad_mse_loss[r]);
      const f32x16 features_2 = f32x16_load(&features[u + r * 2]);
      const f32x16 features_3 = f32x16_load(&features[u + r * 2 + 15]);
      const f32x16 features_4 = NNRT_SHUFFLE(16, 4, features_2, features_3, 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23,
          25, 27, 29, 31);
      acc = f32x16_fma(grad_mse_loss_2, features_4, acc);
    }
    _Alignas(64) float lanes[16];
    f32x16_store(lanes, acc);
    const f32x8 half = f32x8_load(lanes) + f32x8_load(&lanes[8]);
    f32x8_store(lanes, half);
    const f32x4 half_2 = f32x4_load(lanes) + f32x4_load(&lanes[4]);
    const float dot = f32x4_extract(half_2, 0) + f32x4_extract(half_2, 2)
        + (f32x4_extract(half_2, 1) + f32x4_extract(half_2, 3));
    const float optimizer_0_momentum_buffer_weight_2 = optimizer_0_momentum_buffer_weight[u];
    const float v = optimizer_0_momentum_buffer_weight_2 * 0.9f + dot;
    const float weight_2 = weight[u];
    const float sgd_2 = sgd[0];
    const float v_2 = weight_2 + v * -(sgd_2 * 0.05f);
    optimizer_0_momentum_buffer_weight[u] = v;
    weight[u] = v_2;
  }
}

/* One call of init. Every thread runs it. */
static void init(const nnrt_memory *memory, const nnrt_thread *thread) {
  uint32_t *nnrt_seed = (uint32_t *)(memory->state + 0); /* [2] */
  float *weight = (float *)(memory->params + 0); /* [2] */
  float *offset = (float *)(memory->params + 64); /* [] */
  int32_t *optimizer_0_step = (int32_t *)(memory->state + 64); /* [] */
  float *optimizer_0_momentum_buffer_weight = (float *)(memory->state + 128); /* [2] */
  float *optimizer_0_momentum_buffer_offset = (float *)(memory->state + 192); /* [] */
  uint32_t *nnrt_calls_train = (uint32_t *)(memory->state + 256); /* [] */

  mul_2(nnrt_seed, weight, offset, optimizer_0_step, optimizer_0_momentum_buffer_weight,
      optimizer_0_momentum_buffer_offset, nnrt_calls_train, thread);
}

/* One call of check. It is too little work to share: one thread runs it. */
static void check(const nnrt_memory *memory, const nnrt_thread *thread) {
  float *weight = (float *)(memory->params + 0); /* [2] */
  float *offset = (float *)(memory->params + 64); /* [] */
  float *distance = (float *)(memory->output + 0); /* [] */
  float *weight_2 = (float *)(memory->output + 64); /* [2] */

  norm_sqrt(weight, constant_9, offset, distance, weight_2, thread);
}

/* One call of train. It is too little work to share: one thread runs it. */
static void train(const nnrt_memory *memory, const nnrt_thread *thread) {
  uint32_t *nnrt_seed = (uint32_t *)(memory->state + 0); /* [2] */
  uint32_t *nnrt_calls_train = (uint32_t *)(memory->state + 256); /* [] */
  float *sin = (float *)(memory->scratch + 512); /* [64] */
  float *sub = (float *)(memory->scratch + 768); /* [64] */
  float *normal = (float *)(memory->scratch + 1024); /* [64] */
  float *normal_2 = (float *)(memory->scratch + 1280); /* [64] */
  float *features = (float *)(memory->scratch + 0); /* [64,2] */
  int32_t *optimizer_0_step = (int32_t *)(memory->state + 64); /* [] */
  float *sgd = (float *)(memory->scratch + 1792); /* [] */
  float *weight = (float *)(memory->params + 0); /* [2] */
  float *offset = (float *)(memory->params + 64); /* [] */
  const float *noise = (const float *)(memory->input + 0); /* [] */
  float *add = (float *)(memory->scratch + 512); /* [64] */
  float *grad_mse_loss = (float *)(memory->scratch + 1536); /* [64] */
  float *loss = (float *)(memory->output + 0); /* [] */
  float *optimizer_0_momentum_buffer_weight = (float *)(memory->state + 128); /* [2] */
  float *optimizer_0_momentum_buffer_offset = (float *)(memory->state + 192); /* [] */

  sin_sub_normal(nnrt_seed, nnrt_calls_train, sin, sub, normal, normal_2, thread);
  concat_2(sin, nnrt_seed, nnrt_calls_train, features, thread);
  sgd_uniform(optimizer_0_step, nnrt_calls_train, sgd, features, weight, offset, sub, noise, normal, normal_2, add,
      grad_mse_loss, thread);
  mse_loss(add, sub, noise, normal, normal_2, loss, thread);
  dot_sgd(grad_mse_loss, features, optimizer_0_momentum_buffer_weight, weight, sgd, thread);
  sum_sgd(grad_mse_loss, optimizer_0_momentum_buffer_offset, offset, sgd, thread);
}

static const nnrt_state regression_states[] = {
  {.name = "nnrt.seed", .dtype = NNRT_u32, .rank = 1, .dim = {2}},
  {.name = "weight", .dtype = NNRT_f32, .rank = 1, .dim = {2}, .trained = 1, .saved = 1},
  {.name = "offset", .dtype = NNRT_f32, .trained = 1, .saved = 1, .offset = 64},
  {.name = "optimizer.0.step", .dtype = NNRT_i32, .offset = 64},
  {.name = "optimizer.0.momentum_buffer.weight", .dtype = NNRT_f32, .rank = 1, .dim = {2}, .offset = 128},
  {.name = "optimizer.0.momentum_buffer.offset", .dtype = NNRT_f32, .offset = 192},
  {.name = "nnrt.calls.train", .dtype = NNRT_u32, .offset = 256},
};

static const nnrt_hyper regression_hypers[] = {
  {.name = "noise", .value = 0.1, .max = INFINITY, .help = "standard deviation of the noise"},
};

static const nnrt_output regression_check_outputs[] = {
  {.name = "distance", .dtype = NNRT_f32, .count = 1},
  {.name = "weight", .dtype = NNRT_f32, .count = 2, .offset = 64, .rank = 1, .dim = {2}},
};

static const nnrt_variant regression_check_variants[] = {
  {.step = check, .noutputs = 2, .outputs = regression_check_outputs, .output_bytes = 128, .alone = 1},
};

static const nnrt_input regression_train_inputs[] = {
  {.name = "noise", .kind = NNRT_INPUT_HYPER, .dtype = NNRT_f32, .count = 1, .source = -1, .field = -1},
};

static const nnrt_output regression_train_outputs[] = {
  {.name = "loss", .dtype = NNRT_f32, .count = 1},
};

static const nnrt_variant regression_train_variants[] = {
  {.step = train, .ninputs = 1, .noutputs = 1, .inputs = regression_train_inputs, .outputs = regression_train_outputs,
      .input_bytes = 64, .output_bytes = 64, .alone = 1},
};

static const nnrt_func regression_funcs[] = {
  {.name = "check", .nvariants = 1, .variants = regression_check_variants},
  {.name = "train", .nvariants = 1, .variants = regression_train_variants},
};

static const nnrt_act regression_phase_1_step[] = {
  {.func = 1, .times = 1, .every = 1, .when_func = -1, .when_output = -1},
  {.times = 1, .every = 100, .when_func = -1, .when_output = -1},
};

static const nnrt_phase regression_phases[] = {
  {.count = 1000.0, .count_hyper = -1, .nstep = 2, .step = regression_phase_1_step, .stop_func = -1, .stop_output = -1},
};

static const nnrt_model regression_model = {
  .name = "regression",
  .source = "models/regression.lua",
  .compiler = "nnc 0.1",
  .hash = 0x8b5eb9b942629ad0,
  .params_bytes = PARAMS_BYTES,
  .state_bytes = STATE_BYTES,
  .scratch_bytes = SCRATCH_BYTES,
  .max_threads = 16,
  .nstates = 7,
  .nhypers = 1,
  .nfuncs = 2,
  .nphases = 1,
  .states = regression_states,
  .hypers = regression_hypers,
  .funcs = regression_funcs,
  .phases = regression_phases,
  .init = init,
};

int main(int argc, char **argv) {
  if (!NNRT_RUNS_V4) {
    fputs("regression: compiled for x86-64-v4, which this processor is not (nnc --cpu says which)\n", stderr);
    return 1;
  }
  return nnrt_main(&regression_model, argc, argv);
}
