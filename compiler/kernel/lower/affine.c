/* affine.c: index maps c0 + sum coef * atom, atoms being axes or quotients and remainders of other maps by constants
 * (MIDDLE.md 1.1). Views compose by substitution; what reshapes leave behind disappears here whenever extents nest:
 *
 *   (a*m + b) div m = a,  (a*m + b) mod m = b           for 0 <= b < m
 *   (g*A + s) div (g*m) = A div m                        for 0 <= s < g
 *   m*(a div m) + (a mod m) = a
 *
 * Division is floor division, so the first two hold for negative A too. Hash-consed: the interned bytes are the terms.
 */
#include "affine.h"

#include <stdlib.h>

enum { TERMS_MAX = 64 };

/* A map under construction. */
typedef struct Sum {
  int64_t c0;
  int n;
  Term term[TERMS_MAX];
} Sum;

void affine_init(AffineSet *set, Arena *arena, int naxes, const int64_t *extent) {
  *set = (AffineSet){.arena = arena, .naxes = naxes};
  intern_init(&set->table, arena);
  for (int i = 0; i < naxes; ++i) set->extent[i] = extent[i];
}

static int64_t gcd(int64_t a, int64_t b) {
  a = a < 0 ? -a : a;
  while (b) {
    int64_t t = a % b;
    a = b;
    b = t;
  }
  return a;
}

static int term_compare(const Term *a, const Term *b) {
  if (a->kind != b->kind) return (int)a->kind - (int)b->kind;
  if (a->axis != b->axis) return a->axis - b->axis;
  if (a->by != b->by) return a->by < b->by ? -1 : 1;
  /* atoms over maps: compare the maps themselves, never their addresses, so that output does not depend on them */
  if (a->of == b->of) return 0;
  if (a->of->c0 != b->of->c0) return a->of->c0 < b->of->c0 ? -1 : 1;
  if (a->of->n != b->of->n) return a->of->n - b->of->n;
  for (int i = 0; i < a->of->n; ++i) {
    int order = term_compare(&a->of->term[i], &b->of->term[i]);
    if (order) return order;
    if (a->of->term[i].coef != b->of->term[i].coef) return a->of->term[i].coef < b->of->term[i].coef ? -1 : 1;
  }
  return 0;
}

static void sum_add_term(Sum *sum, Term t, int64_t factor) {
  t.coef *= factor;
  if (!t.coef) return;
  int i = 0;
  while (i < sum->n && term_compare(&sum->term[i], &t) < 0) ++i;
  if (i < sum->n && term_compare(&sum->term[i], &t) == 0) {
    sum->term[i].coef += t.coef;
    if (sum->term[i].coef) return;
    memmove(&sum->term[i], &sum->term[i + 1], sizeof(Term) * (size_t)(sum->n - i - 1));
    sum->n--;
    return;
  }
  if (sum->n == TERMS_MAX) bug("an index map has more than %d terms", TERMS_MAX);
  memmove(&sum->term[i + 1], &sum->term[i], sizeof(Term) * (size_t)(sum->n - i));
  sum->term[i] = t;
  sum->n++;
}

static void sum_add(Sum *sum, const Affine *a, int64_t factor) {
  sum->c0 += factor * a->c0;
  for (int i = 0; i < a->n; ++i) sum_add_term(sum, a->term[i], factor);
}

static void atom_range(const AffineSet *set, const Term *t, int64_t *lo, int64_t *hi) {
  if (t->kind == ATOM_axis) {
    *lo = 0;
    *hi = set->extent[t->axis] - 1;
  } else if (t->kind == ATOM_div) {
    *lo = floor_div(t->of->lo, t->by);
    *hi = floor_div(t->of->hi, t->by);
  } else {
    *lo = 0;
    *hi = t->by - 1;
  }
}

static void sum_range(const AffineSet *set, const Sum *sum, int64_t *lo, int64_t *hi) {
  *lo = *hi = sum->c0;
  for (int i = 0; i < sum->n; ++i) {
    int64_t l, h, c = sum->term[i].coef;
    atom_range(set, &sum->term[i], &l, &h);
    *lo += c > 0 ? c * l : c * h;
    *hi += c > 0 ? c * h : c * l;
  }
}

/* c*m*(a div m) + c*(a mod m) = c*a */
static bool sum_recombine(Sum *sum) {
  for (int i = 0; i < sum->n; ++i)
    for (int j = 0; sum->term[i].kind == ATOM_div && j < sum->n; ++j) {
      Term d = sum->term[i], r = sum->term[j];
      if (r.kind != ATOM_mod || r.of != d.of || r.by != d.by || d.coef != r.coef * d.by) continue;
      sum_add_term(sum, d, -1);
      sum_add_term(sum, r, -1);
      sum_add(sum, d.of, r.coef);
      return true;
    }
  return false;
}

static const Affine *sum_intern(AffineSet *set, Sum *sum) {
  while (sum_recombine(sum)) {}
  size_t bytes = sizeof(Affine) + sizeof(Term) * (size_t)sum->n;
  Affine *fresh = arena_alloc(set->arena, bytes);
  fresh->c0 = sum->c0;
  fresh->n = sum->n;
  for (int i = 0; i < sum->n; ++i) {
    Term *t = &fresh->term[i]; /* field by field: padding stays zero, since its bytes are part of the key */
    t->coef = sum->term[i].coef;
    t->kind = sum->term[i].kind;
    t->axis = sum->term[i].axis;
    t->of = sum->term[i].of;
    t->by = sum->term[i].by;
  }
  sum_range(set, sum, &fresh->lo, &fresh->hi);
  void **slot = intern_slot(&set->table, fresh, bytes);
  if (!*slot) *slot = fresh;
  return *slot;
}

const Affine *affine_const(AffineSet *set, int64_t c) {
  Sum sum = {.c0 = c};
  return sum_intern(set, &sum);
}

const Affine *affine_axis(AffineSet *set, int axis) {
  Sum sum = {0};
  if (set->extent[axis] > 1) sum_add_term(&sum, (Term){.coef = 1, .kind = ATOM_axis, .axis = axis}, 1);
  return sum_intern(set, &sum);
}

const Affine *affine_add(AffineSet *set, const Affine *a, const Affine *b) {
  Sum sum = {0};
  sum_add(&sum, a, 1);
  sum_add(&sum, b, 1);
  return sum_intern(set, &sum);
}

const Affine *affine_scale(AffineSet *set, const Affine *a, int64_t factor) {
  Sum sum = {0};
  if (factor) sum_add(&sum, a, factor);
  return sum_intern(set, &sum);
}

/* Splits a into g * big + small, big having the terms whose coefficients g divides. */
static void split(const Affine *a, int64_t g, Sum *big, Sum *small) {
  *big = *small = (Sum){0};
  big->c0 = floor_div(a->c0, g);
  small->c0 = a->c0 - g * big->c0;
  for (int i = 0; i < a->n; ++i) {
    Term t = a->term[i];
    if (t.coef % g == 0) {
      t.coef /= g;
      sum_add_term(big, t, 1);
    } else {
      sum_add_term(small, t, 1);
    }
  }
}

static bool within(const AffineSet *set, const Sum *sum, int64_t bound) {
  int64_t lo, hi;
  sum_range(set, sum, &lo, &hi);
  return lo >= 0 && hi < bound;
}

/* The largest g < by with a = g*A + s, 0 <= s < g and g dividing by; 1 when there is none. */
static int64_t nesting(const AffineSet *set, const Affine *a, int64_t by) {
  int64_t best = 1;
  for (int i = 0; i < a->n; ++i) {
    int64_t g = gcd(a->term[i].coef, by);
    Sum big, small;
    if (g <= best) continue;
    split(a, g, &big, &small);
    if (within(set, &small, g)) best = g;
  }
  return best;
}

static const Affine *atom(AffineSet *set, AtomKind kind, const Affine *of, int64_t by) {
  Sum sum = {0};
  sum_add_term(&sum, (Term){.coef = 1, .kind = kind, .of = of, .by = by}, 1);
  return sum_intern(set, &sum);
}

const Affine *affine_div(AffineSet *set, const Affine *a, int64_t by) {
  if (by == 1) return a;
  Sum big, small;
  split(a, by, &big, &small);
  if (within(set, &small, by)) return sum_intern(set, &big);
  const Affine *rest = sum_intern(set, &small), *whole = sum_intern(set, &big);
  int64_t g = nesting(set, rest, by);
  if (g > 1) {
    split(rest, g, &big, &small);
    return affine_add(set, whole, affine_div(set, sum_intern(set, &big), by / g));
  }
  if (rest->n == 1 && rest->c0 == 0 && rest->term[0].coef == 1 && rest->term[0].kind == ATOM_div)
    return affine_add(set, whole, affine_div(set, rest->term[0].of, by * rest->term[0].by));
  return affine_add(set, whole, atom(set, ATOM_div, rest, by));
}

const Affine *affine_mod(AffineSet *set, const Affine *a, int64_t by) {
  if (by == 1) return affine_const(set, 0);
  Sum big, small;
  split(a, by, &big, &small);
  const Affine *rest = sum_intern(set, &small);
  if (within(set, &small, by)) return rest;
  int64_t g = nesting(set, rest, by);
  if (g > 1) {
    split(rest, g, &big, &small);
    const Affine *high = affine_scale(set, affine_mod(set, sum_intern(set, &big), by / g), g);
    return affine_add(set, high, sum_intern(set, &small));
  }
  return atom(set, ATOM_mod, rest, by);
}

const Affine *affine_linear(AffineSet *set, Shape shape, const Affine *const *index) {
  int64_t stride[RANK_MAX];
  shape_strides(shape, stride);
  const Affine *linear = affine_const(set, 0);
  for (int d = 0; d < shape.rank; ++d) linear = affine_add(set, linear, affine_scale(set, index[d], stride[d]));
  return linear;
}

void affine_delinear(AffineSet *set, Shape shape, const Affine *linear, const Affine **index) {
  int64_t stride[RANK_MAX];
  shape_strides(shape, stride);
  for (int d = 0; d < shape.rank; ++d) {
    const Affine *q = affine_div(set, linear, stride[d]);
    index[d] = shape.dim[d] == 1 ? affine_const(set, 0) : d == 0 ? q : affine_mod(set, q, shape.dim[d]);
  }
}
