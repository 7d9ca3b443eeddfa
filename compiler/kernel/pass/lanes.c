/* lanes.c: where the lanes of a vector along one axis stand in index maps, and loads of lanes that do not lie side by
 * side: two apart (pooling, a slice with a step), each element several times (the gradient of pooling, upsampling),
 * from several rows (the phases of a strided convolution put together), backwards.
 *
 * A quotient or remainder of the axis is the same in every vector but for a constant where vectors start at multiples
 * of the divisor: x / 2 of lanes 16 k … 16 k + 15 is 8 k + (0, 0, 1, 1, …, 7, 7). The offsets are then known here, and
 *
 *   the elements at p + offset  =  shuffles of up to four contiguous loads that cover the offsets
 *
 * Nothing is read below the least or above the greatest offset of a lane that is on: a load at the end of what is
 * needed is moved back to end there, or has a mask where less than a vector is needed. */
#include "../lower/group.h"

enum { SEGMENTS = 4 };

/* ---- offsets ---- */
/* The map at lane 0 modulo `by`, or its value when by is 0; false: it differs from vector to vector. */
static bool first_lane(const VectorAxis *v, const Affine *a, int64_t by, int64_t *value) {
  int64_t sum = a->c0, rest;
  for (int i = 0; i < a->n; ++i) {
    const Term *t = &a->term[i];
    bool axis = t->kind == ATOM_axis && t->axis == v->axis;
    if (by && t->coef % by == 0) continue;
    if (axis && (v->every == VECTOR_AT_ZERO || (by && v->every && t->coef * v->every % by == 0))) continue;
    if (t->kind != ATOM_mod || !first_lane(v, t->of, t->by, &rest)) return false;
    sum += t->coef * rest;
  }
  *value = by ? floor_mod(sum, by) : sum;
  return true;
}

static bool atom_offsets(const VectorAxis *v, const Term *t, int64_t *offset) {
  int64_t rest;
  if (t->kind == ATOM_axis) {
    for (int l = 0; l < v->lanes; ++l) offset[l] = t->axis == v->axis ? l : 0;
    return true;
  }
  if (!vector_offsets(v, t->of, offset)) return false;
  if (!(affine_axes(t->of) >> v->axis & 1)) return true;
  if (!first_lane(v, t->of, t->by, &rest)) return false;
  for (int l = 0; l < v->lanes; ++l)
    offset[l] = t->kind == ATOM_div ? floor_div(rest + offset[l], t->by) : floor_mod(rest + offset[l], t->by) - rest;
  return true;
}

bool vector_offsets(const VectorAxis *v, const Affine *index, int64_t *offset) {
  int64_t atom[LANES_MAX];
  for (int l = 0; l < v->lanes; ++l) offset[l] = 0;
  for (int i = 0; i < index->n; ++i) {
    if (!atom_offsets(v, &index->term[i], atom)) return false;
    for (int l = 0; l < v->lanes; ++l) offset[l] += index->term[i].coef * atom[l];
  }
  return true;
}

bool vector_values(const VectorAxis *v, const Affine *index, int64_t by, int64_t *value) {
  int64_t first;
  if (!first_lane(v, index, by, &first) || !vector_offsets(v, index, value)) return false;
  for (int l = 0; l < v->lanes; ++l) value[l] = by ? floor_mod(first + value[l], by) : first + value[l];
  return true;
}

static bool offsets_step(const VectorAxis *v, const int64_t *offset, int64_t step) {
  for (int l = 0; l < v->lanes; ++l)
    if (offset[l] != step * l) return false;
  return true;
}

bool vector_contiguous(const VectorAxis *v, const Affine *index) {
  int64_t offset[LANES_MAX];
  return vector_offsets(v, index, offset) && offsets_step(v, offset, 1);
}

bool vector_uniform(const VectorAxis *v, const Affine *index) {
  int64_t offset[LANES_MAX];
  return vector_offsets(v, index, offset) && offsets_step(v, offset, 0);
}

/* ---- contiguous loads that cover offsets ---- */
typedef struct Segment {
  int64_t start;
  int count; /* of elements; as many as lanes: no mask */
} Segment;

/* The next offset that is not below `from`; false: there is none. */
static bool next_offset(int n, const int64_t *offset, int64_t from, int64_t *next) {
  bool any = false;
  for (int l = 0; l < n; ++l)
    if (offset[l] >= from && (!any || offset[l] < *next)) {
      *next = offset[l];
      any = true;
    }
  return any;
}

/* From the least offset upwards; SEGMENTS + 1: too many. */
static int segments(int n, const int64_t *offset, Segment *segment) {
  int64_t least = offset[0], most = offset[0], at = 0;
  int count = 0;
  for (int l = 1; l < n; ++l) {
    if (offset[l] < least) least = offset[l];
    if (offset[l] > most) most = offset[l];
  }
  for (int64_t from = least; next_offset(n, offset, from, &at); from = at + n, ++count) {
    if (count == SEGMENTS) return SEGMENTS + 1;
    int64_t left = most - at + 1;
    if (left < n && most + 1 - n >= least) at = most + 1 - n;
    segment[count] = (Segment){at, left < n && at + left > most ? (int)left : n};
  }
  return count;
}

bool vector_shuffles(const VectorAxis *v, const Affine *index) {
  int64_t offset[LANES_MAX];
  Segment segment[SEGMENTS];
  return v->every && vector_offsets(v, index, offset) && segments(v->lanes, offset, segment) <= SEGMENTS;
}

/* Lanes that are off take the element of one that is on; false: all are off. */
static bool clamp_lanes(int n, int64_t *offset, uint64_t off) {
  int on = 0;
  while (on < n && off >> on & 1) ++on;
  for (int l = 0; l < n && on < n; ++l) {
    if (off >> l & 1)
      offset[l] = offset[on];
    else
      on = l;
  }
  return on < n;
}

static Expr *segment_load(Arena *a, Block *body, const Buffer *b, Expr *first, Segment s, int lanes, Expr *only) {
  Expr *mask = s.count < lanes ? expr_mask(a, expr_index(a, s.count), lanes) : NULL;
  if (only) mask = mask ? expr_op2(a, OP_and, mask, only) : only;
  Expr *load = expr_load(a, b, expr_add(a, first, expr_index(a, s.start)), lanes, mask);
  Var *v = var_new(a, b->name, load->type);
  vec_push(a, *body, stmt_let(a, v, load));
  return expr_var(a, v);
}

/* The loads one after the other: each shuffle puts the lanes of one more beside those that are there. */
Expr *vector_load(Arena *a, Block *body, const VectorAxis *v, const Buffer *b, const Affine *index, Expr *first,
                  uint64_t off, Expr *only) {
  int64_t offset[LANES_MAX];
  Segment segment[SEGMENTS];
  Expr *value = NULL;
  int n = v->lanes, lane[LANES_MAX];
  if (!vector_offsets(v, index, offset)) bug("a load's lanes differ from vector to vector");
  if (!clamp_lanes(n, offset, off)) return expr_int(a, type_of(b->dtype, n), 0);
  int count = segments(n, offset, segment);
  if (count > SEGMENTS) bug("a load's lanes lie too far apart");
  for (int k = 0; k < count; ++k) {
    Expr *load = segment_load(a, body, b, first, segment[k], n, only);
    for (int l = 0; l < n; ++l) {
      bool here = offset[l] >= segment[k].start && offset[l] < segment[k].start + n;
      bool before = k > 0 && offset[l] < segment[k - 1].start + n;
      if (k == 0)
        lane[l] = here ? (int)(offset[l] - segment[k].start) : 0;
      else
        lane[l] = before && k > 1 ? l : before ? lane[l] : here ? n + (int)(offset[l] - segment[k].start) : 0;
    }
    if (k > 0) value = expr_shuffle(a, value, load, lane);
    if (k == 0) value = load;
  }
  return count == 1 ? expr_shuffle(a, value, value, lane) : value;
}
