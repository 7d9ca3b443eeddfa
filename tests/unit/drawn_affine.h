/* drawn_affine.h: what tests of index maps share: drawn numbers, and the value of a map at a point by plain arithmetic
 * of its own. */
#ifndef NNC_DRAWN_AFFINE_H
#define NNC_DRAWN_AFFINE_H

#include "../../compiler/kernel/lower/affine.h"

static uint64_t state = 88172645463325252u;
static int64_t draw(int64_t n) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (int64_t)(state % (uint64_t)n);
}

static int64_t quotient(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int64_t map_at(const Affine *a, const int64_t *point) {
  int64_t sum = a->c0;
  for (int i = 0; i < a->n; ++i) {
    const Term *t = &a->term[i];
    int64_t x = t->kind == ATOM_axis ? point[t->axis] : map_at(t->of, point), q = t->by ? quotient(x, t->by) : 0;
    sum += t->coef * (t->kind == ATOM_axis ? x : t->kind == ATOM_div ? q : x - q * t->by);
  }
  return sum;
}
#endif
