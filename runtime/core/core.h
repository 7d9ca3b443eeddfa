/* core.h: the freestanding part of the runtime: no libc, no heap, no state. Every host needs it, a microcontroller too.
 *
 * fma.c: fused multiply-add where the processor has none. floats.c: the floating-point environment and the check of
 * what the bits rest on. philox.c: counter-based random numbers (the runtime needs them for shuffling only: random
 * tensors are computed by the emitted program itself). */
#ifndef NNRT_CORE_H
#define NNRT_CORE_H

#include <stdint.h>

/* ---- fma.c: the software forms behind nnrt_fmaf and nnrt_fma; right on every processor ---- */
float nnrt_soft_fmaf(float a, float b, float c);
double nnrt_soft_fma(double a, double b, double c);

/* ---- floats.c ---- */
uint64_t nnrt_floats_enter(void); /* subnormals kept, rounding to nearest even; gives what was there before */
void nnrt_floats_leave(uint64_t before);
const char *nnrt_floats_check(void); /* NULL, or what of the arithmetic does not hold in this build */

/* ---- philox.c ---- */
typedef struct nnrt_random {
  uint32_t key[2], counter[4], word[4];
  int left; /* words of `word` that are not used yet */
} nnrt_random;

void nnrt_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
/* A stream of its own for each (seed, what, number): one shuffle, the made-up values of one row. */
void nnrt_random_start(nnrt_random *r, uint64_t seed, uint32_t what, uint64_t number);
uint32_t nnrt_random_bits(nnrt_random *r);
uint32_t nnrt_random_below(nnrt_random *r, uint32_t n);                /* uniform on 0 … n-1; n > 0 */
void nnrt_random_shuffle(nnrt_random *r, uint32_t *order, uint32_t n); /* order becomes a permutation of 0 … n-1 */
#endif
