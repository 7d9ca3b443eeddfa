/* test_affine.c: index maps against plain arithmetic. Random maps are built by the constructors (which simplify) and,
 * side by side, evaluated at every point of a small space; the value of the map at the point must be the same, within
 * its range. */
#include "drawn_affine.h"

#include <cmocka.h>
#include <setjmp.h>
#include <stdarg.h>

enum { AXES = 3, STEPS = 6, POINTS_MAX = 512 };

/* A map and what it should be at each point. */
typedef struct Pair {
  const Affine *map;
  int64_t value[POINTS_MAX];
} Pair;

static int points_of(const int64_t *extent, int64_t point[][AXES]) {
  int n = 0;
  for (int64_t i = 0; i < extent[0]; ++i)
    for (int64_t j = 0; j < extent[1]; ++j)
      for (int64_t k = 0; k < extent[2]; ++k, ++n) {
        point[n][0] = i;
        point[n][1] = j;
        point[n][2] = k;
      }
  return n;
}

static void combine(AffineSet *set, Pair *to, const Pair *other, int n) {
  static const int64_t divisors[] = {1, 2, 3, 4, 6, 7, 12, 28};
  int64_t by = divisors[draw(8)], c = draw(9) - 4;
  int op = (int)draw(5);
  to->map = op == 0   ? affine_add(set, to->map, other->map)
            : op == 1 ? affine_scale(set, to->map, c)
            : op == 2 ? affine_div(set, to->map, by)
            : op == 3 ? affine_mod(set, to->map, by)
                      : affine_add(set, affine_scale(set, to->map, by), other->map);
  for (int p = 0; p < n; ++p) {
    int64_t v = to->value[p], q = quotient(v, by);
    to->value[p] = op == 0   ? v + other->value[p]
                   : op == 1 ? c * v
                   : op == 2 ? q
                   : op == 3 ? v - q * by
                             : by * v + other->value[p];
  }
}

static void test_random_maps(void **unused) {
  static int64_t point[POINTS_MAX][AXES];
  static Pair pair[2];
  (void)unused;
  for (int round = 0; round < 3000; ++round) {
    Arena *arena = arena_new();
    AffineSet set;
    int64_t extent[AXES] = {1 + draw(7), 1 + draw(7), 1 + draw(8)};
    affine_init(&set, arena, AXES, extent);
    int n = points_of(extent, point);
    for (int k = 0; k < 2; ++k) {
      int axis = (int)draw(AXES);
      pair[k].map = affine_axis(&set, axis);
      for (int p = 0; p < n; ++p) pair[k].value[p] = point[p][axis];
    }
    for (int step = 0; step < STEPS; ++step) combine(&set, &pair[step % 2], &pair[1 - step % 2], n);
    for (int k = 0; k < 2; ++k)
      for (int p = 0; p < n; ++p) {
        assert_int_equal(map_at(pair[k].map, point[p]), pair[k].value[p]);
        assert_true(pair[k].map->lo <= pair[k].value[p] && pair[k].value[p] <= pair[k].map->hi);
      }
    arena_free(arena);
  }
}

/* Reshapes that nest leave no division: [4,6,7] read as [24,7], [4,42], [168] and back. */
static void test_nesting_reshapes(void **unused) {
  (void)unused;
  Arena *arena = arena_new();
  AffineSet set;
  int64_t extent[AXES] = {4, 6, 7};
  affine_init(&set, arena, AXES, extent);
  Shape fine = {3, {4, 6, 7}}, merged[3] = {{2, {24, 7}}, {2, {4, 42}}, {1, {168}}};
  const Affine *axis[AXES] = {affine_axis(&set, 0), affine_axis(&set, 1), affine_axis(&set, 2)}, *index[RANK_MAX],
               *back[RANK_MAX];
  for (int i = 0; i < 3; ++i) {
    affine_delinear(&set, merged[i], affine_linear(&set, fine, axis), index);
    for (int d = 0; d < merged[i].rank; ++d)
      for (int t = 0; t < index[d]->n; ++t) assert_int_equal(index[d]->term[t].kind, ATOM_axis);
    affine_delinear(&set, fine, affine_linear(&set, merged[i], index), back);
    for (int d = 0; d < 3; ++d) assert_ptr_equal(back[d], axis[d]);
  }
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_maps), cmocka_unit_test(test_nesting_reshapes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
