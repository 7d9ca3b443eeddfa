/* half.h: f16 and bf16 by their definition, for tests: no bit tricks shared with the compiler or the runtime. A format
 * has `digits` significant bits, values are multiples of `least`, and what rounds to more than `most` is infinite. */
#ifndef NNC_TEST_HALF_H
#define NNC_TEST_HALF_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct HalfForm {
  int digits, fraction; /* fraction: stored bits */
  double least, most;
} HalfForm;
static const HalfForm half_f16 = {11, 10, 0x1p-24, 65504}, half_bf16 = {8, 7, 0x1p-133, 0x1.fep127};

/* Nearest, ties to even: rint in the default mode. */
static inline double half_round(const HalfForm *f, double x) {
  if (!isfinite(x) || x == 0) return x;
  int exponent;
  frexp(x, &exponent);
  double unit = fmax(ldexp(1, exponent - f->digits), f->least), y = rint(x / unit) * unit;
  return fabs(y) > f->most ? copysign(INFINITY, x) : y;
}

static inline double half_value(const HalfForm *f, uint16_t bits) {
  int top = 15 - f->fraction, exponent = bits >> f->fraction & ((1 << top) - 1);
  double fraction = bits & ((1 << f->fraction) - 1), sign = bits >> 15 ? -1 : 1;
  if (exponent == (1 << top) - 1) return fraction != 0 ? NAN : sign * INFINITY;
  if (exponent) fraction += ldexp(1, f->fraction);
  return sign * fraction * f->least * ldexp(1, exponent ? exponent - 1 : 0);
}

static inline uint16_t half_bits_of(const HalfForm *f, double x) {
  uint16_t sign = signbit(x) ? 0x8000 : 0, infinity = (uint16_t)(((1 << (15 - f->fraction)) - 1) << f->fraction);
  if (isnan(x)) return (uint16_t)(infinity | 1 << (f->fraction - 1));
  x = fabs(half_round(f, x));
  if (isinf(x)) return (uint16_t)(sign | infinity);
  int exponent = 1;
  double units = x / f->least;
  for (; units >= ldexp(1, f->fraction + 1); units /= 2) ++exponent;
  if (units < ldexp(1, f->fraction)) return (uint16_t)(sign | (int)units);
  return (uint16_t)(sign | exponent << f->fraction | ((int)units - (1 << f->fraction)));
}
#endif
