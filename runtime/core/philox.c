/* philox.c: Philox 4x32-10, random numbers as a function of a counter and a key, and the shuffle made of them.
 *
 * Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011. The known answers of its authors'
 * library (Random123) are the test. Integers only: the same order of the data on every platform.
 *
 * A stream is keyed by the run's seed; its counter holds a running number, what the stream is for, and which one of its
 * kind (the epoch of a shuffle, the row of a made-up source). */
#include "core.h"

static void philox_round(uint32_t c[4], const uint32_t k[2]) {
  uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
  c[0] = (uint32_t)(p1 >> 32) ^ c[1] ^ k[0];
  c[1] = (uint32_t)p1;
  c[2] = (uint32_t)(p0 >> 32) ^ c[3] ^ k[1];
  c[3] = (uint32_t)p0;
}

void nnrt_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t k[2] = {key[0], key[1]};
  for (int i = 0; i < 4; i++) out[i] = counter[i];
  for (int round = 0; round < 10; round++) {
    philox_round(out, k);
    k[0] += 0x9E3779B9u; /* golden ratio */
    k[1] += 0xBB67AE85u; /* sqrt(3) - 1 */
  }
}

void nnrt_random_start(nnrt_random *r, uint64_t seed, uint32_t what, uint64_t number) {
  *r = (nnrt_random){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                     .counter = {0, what, (uint32_t)number, (uint32_t)(number >> 32)}};
}

uint32_t nnrt_random_bits(nnrt_random *r) {
  if (r->left == 0) {
    nnrt_philox(r->counter, r->key, r->word);
    r->counter[0]++;
    r->left = 4;
  }
  return r->word[4 - r->left--];
}

/* Multiply and shift; the few words that would favour small results are drawn again (Lemire, "Fast Random Integer
 * Generation in an Interval", ACM TOMACS 29(1), 2019). */
uint32_t nnrt_random_below(nnrt_random *r, uint32_t n) {
  uint64_t product = (uint64_t)nnrt_random_bits(r) * n;
  if ((uint32_t)product < n) {
    uint32_t unfair = (0u - n) % n;
    while ((uint32_t)product < unfair) product = (uint64_t)nnrt_random_bits(r) * n;
  }
  return (uint32_t)(product >> 32);
}

/* Fisher-Yates, from the front; element i is exchanged with one of i … n-1. */
void nnrt_random_shuffle(nnrt_random *r, uint32_t *order, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) order[i] = i;
  for (uint32_t i = 0; i + 1 < n; i++) {
    uint32_t j = i + nnrt_random_below(r, n - i), kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
}
