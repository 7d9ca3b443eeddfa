/* affine.h: building index maps over the axes of one group (lower/affine.c). Every operation simplifies with intervals,
 * so that a division which the shapes make exact never reaches a loop. Equal maps are equal pointers within one
 * AffineSet. */
#ifndef NNC_AFFINE_H
#define NNC_AFFINE_H

#include "group.h"

typedef struct AffineSet {
  Arena *arena;
  Intern table;
  int naxes;
  int64_t extent[RANK_MAX * 3];
} AffineSet;

void affine_init(AffineSet *set, Arena *arena, int naxes, const int64_t *extent);
const Affine *affine_const(AffineSet *set, int64_t c);
const Affine *affine_axis(AffineSet *set, int axis); /* the constant 0 when its extent is 1 */
const Affine *affine_add(AffineSet *set, const Affine *a, const Affine *b);
const Affine *affine_scale(AffineSet *set, const Affine *a, int64_t factor);
const Affine *affine_div(AffineSet *set, const Affine *a, int64_t by); /* floor; by > 0 */
const Affine *affine_mod(AffineSet *set, const Affine *a, int64_t by);
/* Row-major position of index[0 … rank-1] in a dense array, and the way back. */
const Affine *affine_linear(AffineSet *set, Shape shape, const Affine *const *index);
void affine_delinear(AffineSet *set, Shape shape, const Affine *linear, const Affine **index);
#endif
