/* value.c: elements as the reference evaluator holds them: doubles for every float dtype, int64_t for integers and
 * bool. Here is what depends on the width of a dtype: rounding, wrapping, saturation, the bits in memory; tensors to
 * values and back; and the strided walk on which movement, reduction and products rest.
 *
 * f16 and bf16 are rounded by way of f32 (nearest-even twice), because emitted code computes them in f32
 * (MIDDLE.md 3.1). */
#include "op.h"

#include <float.h>
#include <math.h>

static uint32_t bits_of_float(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static float float_of_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* Nearest-even by adding half of the last kept bit, less one when that bit is 0. */
static uint16_t bf16_of_float(float x) {
  uint32_t bits = bits_of_float(x);
  if (x != x) return (uint16_t)((bits >> 16) | 0x40);
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/* f16: 1 sign, 5 exponent (bias 15), 10 fraction. The scaled value is an exact multiple of the last place, so rint,
 * which rounds to nearest-even, does all the work; a carry into the exponent comes out right by itself. */
static uint16_t f16_of_float(float x) {
  uint16_t sign = (uint16_t)(bits_of_float(x) >> 16 & 0x8000);
  double a = fabs((double)x);
  if (x != x) return sign | 0x7e00;
  if (a >= 65520) return sign | 0x7c00;
  int e = a < 0x1p-14 ? -14 : ilogb(a);
  int64_t q = (int64_t)rint(ldexp(a, 10 - e)); /* in units of 2^(e - 10); below 2^10 only when subnormal */
  return (uint16_t)(sign | (q + ((int64_t)(e + 14) << 10)));
}

static double double_of_f16(uint16_t bits) {
  int e = bits >> 10 & 31, fraction = bits & 1023;
  double a = e == 31 ? (fraction ? NAN : INFINITY) : e == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024, e - 25);
  return bits & 0x8000 ? -a : a;
}

double dtype_round(DType dtype, double x) {
  switch (dtype) {
  case DT_f32: return (double)(float)x;
  case DT_f16: return double_of_f16(f16_of_float((float)x));
  case DT_bf16: return (double)float_of_bits((uint32_t)bf16_of_float((float)x) << 16);
  default: return x;
  }
}

int64_t dtype_wrap(DType dtype, int64_t x) {
  switch (dtype) {
  case DT_i32: return (int64_t)(((uint64_t)x + 0x80000000u) & 0xffffffffu) - 0x80000000ll;
  case DT_u32: return (int64_t)((uint64_t)x & 0xffffffffu);
  case DT_u8: return x & 0xff;
  case DT_bool: return x & 1;
  default: return x;
  }
}

int64_t dtype_saturate(DType dtype, double x) {
  if (x != x) return 0;
  if (dtype == DT_i64) return x >= 0x1p63 ? INT64_MAX : x < -0x1p63 ? INT64_MIN : (int64_t)x;
  int width = 8 * dtype_info[dtype].bytes;
  bool is_signed = dtype_info[dtype].kind == KIND_SIGNED;
  double low = is_signed ? -ldexp(1, width - 1) : 0, high = ldexp(1, is_signed ? width - 1 : width) - 1;
  return (int64_t)(x < low ? low : x > high ? high : x);
}

uint64_t element_bits(DType dtype, double f, int64_t i) {
  uint64_t bits;
  switch (dtype) {
  case DT_f64: memcpy(&bits, &f, sizeof bits); return bits;
  case DT_f32: return bits_of_float((float)f);
  case DT_f16: return f16_of_float((float)f);
  case DT_bf16: return bf16_of_float((float)f);
  case DT_i64: return (uint64_t)i;
  default: return (uint64_t)i & ((1ull << 8 * dtype_info[dtype].bytes) - 1);
  }
}

void element_of_bits(DType dtype, uint64_t bits, double *f, int64_t *i) {
  switch (dtype) {
  case DT_f64: memcpy(f, &bits, sizeof bits); break;
  case DT_f32: *f = (double)float_of_bits((uint32_t)bits); break;
  case DT_f16: *f = double_of_f16((uint16_t)bits); break;
  case DT_bf16: *f = (double)float_of_bits((uint32_t)bits << 16); break;
  case DT_i64: memcpy(i, &bits, sizeof bits); break;
  default: *i = dtype_wrap(dtype, (int64_t)bits);
  }
}

Value *value_new(Arena *arena, DType dtype, Shape shape) {
  Value *v = NEW(arena, Value);
  v->dtype = dtype;
  v->shape = shape;
  if (dtype_is_float(dtype))
    v->f = NEW_N(arena, double, shape_count(shape));
  else
    v->i = NEW_N(arena, int64_t, shape_count(shape));
  return v;
}

/* Elements lie in memory in the byte order of the host; copying through an integer of the element's size keeps that. */
static uint64_t load_bits(const void *p, int bytes) {
  uint8_t b1;
  uint16_t b2;
  uint32_t b4;
  uint64_t b8;
  switch (bytes) {
  case 1: memcpy(&b1, p, 1); return b1;
  case 2: memcpy(&b2, p, 2); return b2;
  case 4: memcpy(&b4, p, 4); return b4;
  default: memcpy(&b8, p, 8); return b8;
  }
}

static void store_bits(void *p, int bytes, uint64_t bits) {
  uint8_t b1 = (uint8_t)bits;
  uint16_t b2 = (uint16_t)bits;
  uint32_t b4 = (uint32_t)bits;
  switch (bytes) {
  case 1: memcpy(p, &b1, 1); break;
  case 2: memcpy(p, &b2, 2); break;
  case 4: memcpy(p, &b4, 4); break;
  default: memcpy(p, &bits, 8);
  }
}

Value *value_of_tensor(Arena *arena, const Tensor *t) {
  Value *v = value_new(arena, t->dtype, t->shape);
  int bytes = dtype_info[t->dtype].bytes;
  int64_t count = shape_count(t->shape), unused_i;
  double unused_f;
  for (int64_t k = 0; k < count; ++k)
    element_of_bits(t->dtype, load_bits((const char *)t->data + k * bytes, bytes), v->f ? &v->f[k] : &unused_f,
                    v->i ? &v->i[k] : &unused_i);
  return v;
}

Tensor *tensor_of_value(Arena *arena, const Value *v) {
  Tensor *t = NEW(arena, Tensor);
  int bytes = dtype_info[v->dtype].bytes;
  int64_t count = shape_count(v->shape);
  t->dtype = v->dtype;
  t->shape = v->shape;
  t->data = arena_alloc(arena, (size_t)(count * bytes));
  for (int64_t k = 0; k < count; ++k)
    store_bits((char *)t->data + k * bytes, bytes, element_bits(v->dtype, v->f ? v->f[k] : 0, v->i ? v->i[k] : 0));
  return t;
}

void walk_next(Walk *w) {
  for (int d = w->shape.rank - 1; d >= 0; --d) {
    w->at += w->stride[d];
    if (++w->index[d] < w->shape.dim[d]) return;
    w->at -= w->stride[d] * w->shape.dim[d];
    w->index[d] = 0;
  }
}

Value *value_permute(Arena *arena, const Value *x, const Axes *axes) {
  Walk w = {.shape = {.rank = axes->n}};
  int64_t stride[RANK_MAX];
  shape_strides(x->shape, stride);
  for (int d = 0; d < axes->n; ++d) {
    w.shape.dim[d] = x->shape.dim[axes->at[d]];
    w.stride[d] = stride[axes->at[d]];
  }
  Value *y = value_new(arena, x->dtype, w.shape);
  for (int64_t k = 0, count = shape_count(w.shape); k < count; ++k, walk_next(&w)) value_copy(y, k, x, w.at);
  return y;
}
