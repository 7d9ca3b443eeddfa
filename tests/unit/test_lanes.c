/* test_lanes.c: where the lanes of vectors stand in index maps, against plain arithmetic at every vector of a small
 * space; and loads of lanes that lie apart, run by kernel_eval.h on arrays that end where the lanes' elements do: it
 * aborts when anything outside is read. */
#include "caught.h"
#include "drawn_affine.h"
#include "kernel_eval.h"

enum { INNER = 48, OUTER = 5, LANES = 16, TRIES = 20000 };

/* Axis 0 and axis 1, along which the vectors go, scaled, shifted, divided and put together. */
static const Affine *drawn_map(AffineSet *set, int steps) {
  static const int64_t divisors[] = {2, 3, 4, 5, 8, 12, 16, 48};
  const Affine *map = affine_add(set, affine_axis(set, 1), affine_scale(set, affine_axis(set, 0), draw(2) * 48));
  for (int i = 0; i < steps; ++i) {
    int64_t by = divisors[draw(8)];
    switch (draw(5)) {
    case 0: map = affine_div(set, map, by); break;
    case 1: map = affine_mod(set, map, by); break;
    case 2: map = affine_scale(set, map, draw(5) - 2); break;
    case 3: map = affine_add(set, map, affine_const(set, draw(7) - 3)); break;
    default: map = affine_add(set, affine_div(set, map, by), affine_scale(set, affine_mod(set, map, by), draw(30)));
    }
  }
  return map;
}

typedef struct Vector {
  VectorAxis axis;
  AffineSet set;
} Vector;

static void drawn_vector(Vector *v, Arena *arena) {
  int lanes = 4 << draw(3), every = draw(4) ? lanes : lanes / 3 * 3;
  bool one = draw(4) == 0;
  affine_init(&v->set, arena, 2, (int64_t[]){OUTER, one ? every : INNER});
  v->axis = (VectorAxis){1, lanes, one ? VECTOR_AT_ZERO : every};
}

/* Where the vector after this one starts. */
static int64_t next_start(const Vector *v, int64_t start) {
  return v->axis.every == VECTOR_AT_ZERO ? INNER : start + v->axis.every;
}

static void check_offsets(const Vector *v, const Affine *map, const int64_t *offset, int64_t by, const int64_t *value) {
  for (int64_t i = 0; i < OUTER; ++i)
    for (int64_t start = 0; start < INNER; start = next_start(v, start))
      for (int l = 0; l < v->axis.lanes; ++l) {
        int64_t first = map_at(map, (int64_t[]){i, start}), here = map_at(map, (int64_t[]){i, start + l});
        if (offset) assert_int_equal(here - first, offset[l]);
        if (value) assert_int_equal(by ? here - quotient(here, by) * by : here, value[l]);
      }
}

static void test_offsets(void **unused) {
  int known = 0, divided = 0, valued = 0;
  (void)unused;
  for (int i = 0; i < TRIES; ++i) {
    Arena *arena = arena_new();
    Vector v;
    int64_t offset[LANES], value[LANES], by = draw(3) ? 1 + draw(4) : 0;
    drawn_vector(&v, arena);
    const Affine *map = drawn_map(&v.set, (int)draw(4));
    bool offsets = vector_offsets(&v.axis, map, offset), values = vector_values(&v.axis, map, by, value);
    check_offsets(&v, map, offsets ? offset : NULL, by, values ? value : NULL);
    known += offsets;
    valued += values && map->n;
    for (int t = 0; offsets && t < map->n; ++t) divided += map->term[t].kind != ATOM_axis;
    arena_free(arena);
  }
  assert_in_range(known, TRIES / 2, TRIES);
  assert_in_range(divided, TRIES / 8, 4 * TRIES);
  assert_in_range(valued, TRIES / 20, TRIES);
}

/* ---- loads ---- */
static uint64_t drawn_off(int lanes) { return draw(2) ? (uint64_t)draw((int64_t)1 << lanes) : 0; }

/* Least and greatest offset of lanes that are on. */
static bool range_on(int lanes, const int64_t *offset, uint64_t off, int64_t *least, int64_t *most) {
  bool any = false;
  for (int l = 0; l < lanes; ++l) {
    if (off >> l & 1) continue;
    *least = any && *least < offset[l] ? *least : offset[l];
    *most = any && *most > offset[l] ? *most : offset[l];
    any = true;
  }
  return any;
}

static void check_load(Arena *arena, const Vector *v, const Affine *map, const int64_t *offset, uint64_t off) {
  int64_t least = 0, most = 0;
  int lanes = v->axis.lanes;
  if (!range_on(lanes, offset, off, &least, &most)) return;
  int64_t n = most - least + 1;
  Kernel *k = kernel_new(arena, "load");
  Buffer *x = kernel_param(arena, k, "x", DT_f32, n, false), *y = kernel_param(arena, k, "y", DT_f32, lanes, true);
  Expr *value = vector_load(arena, &k->body, &v->axis, x, map, expr_index(arena, -least), off, NULL);
  vec_push(arena, k->body, stmt_store(arena, y, expr_index(arena, 0), value, NULL));
  union EvalLane *from = calloc((size_t)n, sizeof *from), to[LANES];
  for (int64_t i = 0; i < n; ++i) from[i].f = (double)i;
  eval_kernel(k, (union EvalLane *[]){from, to});
  for (int l = 0; l < lanes; ++l)
    if (!(off >> l & 1)) assert_true(to[l].f == (double)(offset[l] - least));
  free(from);
}

static void test_loads(void **unused) {
  int loads = 0;
  (void)unused;
  for (int i = 0; i < TRIES; ++i) {
    Arena *arena = arena_new();
    Vector v;
    int64_t offset[LANES];
    drawn_vector(&v, arena);
    const Affine *map = drawn_map(&v.set, (int)draw(4));
    if (vector_offsets(&v.axis, map, offset) && vector_shuffles(&v.axis, map)) {
      check_load(arena, &v, map, offset, drawn_off(v.axis.lanes));
      ++loads;
    }
    arena_free(arena);
  }
  assert_in_range(loads, TRIES / 4, TRIES);
}

static void test_far_apart(void **unused) {
  (void)unused;
  Arena *arena = arena_new();
  AffineSet set;
  affine_init(&set, arena, 1, (int64_t[]){64});
  VectorAxis at = {0, 16, 16}, anywhere = {0, 16, 0};
  int64_t offset[LANES];
  assert_true(vector_shuffles(&at, affine_scale(&set, affine_axis(&set, 0), 5)));
  assert_false(vector_shuffles(&at, affine_scale(&set, affine_axis(&set, 0), 6)));
  assert_false(vector_shuffles(&anywhere, affine_scale(&set, affine_axis(&set, 0), 2)));
  assert_false(vector_offsets(&at, affine_div(&set, affine_axis(&set, 0), 3), offset));
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_offsets), cmocka_unit_test(test_loads),
                                     cmocka_unit_test(test_far_apart)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
