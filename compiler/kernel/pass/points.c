/* points.c: Points (values at a point of a group's space) become expressions of the kernel IR, scalar or `lanes` wide
 * along one axis. All schedules generate their bodies through here, so vector code and scalar code round alike.
 *
 * A value is built once for one setting of the axes it depends on (version[] counts the settings) and one enclosing
 * guard, and served again while the block that holds its let is in scope. Reads under a guard that does not hold are
 * redirected to element 0 (scalar) or masked (vector); the guard then selects the fill value, so nothing outside an
 * array is read. */
#include "../lower/group.h"

#include <ctype.h>

enum { AXES = RANK_MAX * 3, RESULTS = 16, DEPTH_LET = 3 }; /* bits of what a point depends on: axes, then results */

void point_gen_init(PointGen *gen, Program *p, Call *call) {
  *gen = (PointGen){.program = p, .arena = p->arena, .call = call, .vector_axis = -1, .lanes = 1};
  intern_init(&gen->memo, p->arena);
  intern_init(&gen->uses, p->arena);
  intern_init(&gen->axes, p->arena);
}

void point_axis(PointGen *gen, int axis, Expr *index) {
  const Expr *old = gen->axis[axis];
  bool same = old && old->kind == E_const && index->kind == E_const && old->value.i == index->value.i;
  gen->axis[axis] = index;
  if (same) return; /* a row of one vector: what its phases have in common is computed once */
  gen->version[axis] = ++gen->clock;
}

void point_result(PointGen *gen, int phase, Expr *value) {
  gen->result[phase] = value;
  gen->version[AXES + phase] = ++gen->clock;
}

/* ---- parameters ---- */
static const char *buffer_name(PointGen *gen, const char *name) {
  char text[40];
  size_t n = 0;
  if (!isalpha((unsigned char)name[0])) text[n++] = 'p';
  for (const char *c = name; *c && n + 1 < sizeof text; ++c) text[n++] = isalnum((unsigned char)*c) ? *c : '_';
  text[n] = 0;
  const Kernel *k = gen->call->kernel;
  const char *result = arena_strdup(gen->arena, text);
  for (int i = 0, copy = 1; i < k->params.n; ++i)
    if (!strcmp(k->params.at[i]->name, result)) {
      result = arena_printf(gen->arena, "%s_%d", text, ++copy);
      i = -1;
    }
  return result;
}

/* What is known of its address: whole slots lie at multiples of 64, parts where they lie in them, in every turn. */
static int slot_align(const Slot *slot) {
  int64_t steps = 64;
  for (; slot; slot = slot->parent) steps |= slot->parent_offset | slot->turn_stride;
  return (int)(steps & -steps);
}

Buffer *point_buffer(PointGen *gen, Slot *slot, bool written) {
  Kernel *k = gen->call->kernel;
  for (int i = 0; i < gen->call->args.n; ++i)
    if (gen->call->args.at[i] == slot) {
      k->params.at[i]->written |= written;
      return k->params.at[i];
    }
  vec_push(gen->arena, gen->call->args, slot);
  Buffer *b = kernel_param(gen->arena, k, buffer_name(gen, slot->name), slot->dtype, shape_count(slot->shape), written);
  b->align = slot_align(slot);
  (written ? &k->bytes_written : &k->bytes_read)[0] += slot->bytes;
  return b;
}

/* ---- index maps ---- */
/* Quotients round down, and index arithmetic of the IR knows numbers from 0 only: a dividend that may be negative (of a
 * reversed axis) is raised by whole divisors first. */
static Expr *atom_expr(PointGen *gen, const Term *t) {
  Arena *a = gen->arena;
  if (t->kind == ATOM_axis) return gen->axis[t->axis];
  int64_t raise = t->of->lo < 0 ? (t->by - 1 - t->of->lo) / t->by : 0;
  Expr *x = expr_add(a, affine_expr(gen, t->of), expr_index(a, raise * t->by));
  return t->kind == ATOM_mod ? expr_imod(a, x, t->by) : expr_add(a, expr_idiv(a, x, t->by), expr_index(a, -raise));
}

Expr *affine_expr(PointGen *gen, const Affine *index) {
  Arena *a = gen->arena;
  Expr *sum = expr_index(a, 0);
  for (int i = 0; i < index->n; ++i)
    sum = expr_add(a, sum, expr_mul(a, atom_expr(gen, &index->term[i]), index->term[i].coef));
  return expr_add(a, sum, expr_index(a, index->c0));
}

uint32_t affine_axes(const Affine *index) {
  uint32_t mask = 0;
  for (int i = 0; i < index->n; ++i)
    mask |= index->term[i].kind == ATOM_axis ? 1u << index->term[i].axis : affine_axes(index->term[i].of);
  return mask;
}

int64_t affine_stride(const Affine *index, int axis, bool *simple) {
  int64_t stride = 0;
  *simple = true;
  for (int i = 0; i < index->n; ++i) {
    const Term *t = &index->term[i];
    if (t->kind == ATOM_axis && t->axis == axis) stride = t->coef;
    if (t->kind != ATOM_axis && affine_axes(t->of) >> axis & 1) *simple = false;
  }
  return stride;
}

static uint64_t point_axes(PointGen *gen, const Point *p) {
  void **known = intern_slot(&gen->axes, &p, sizeof p);
  if (*known) return (uint64_t)((uintptr_t)*known >> 1);
  uint64_t mask = p->index ? affine_axes(p->index) : 0;
  if (p->kind == P_result) mask |= (uint64_t)1 << (AXES + p->phase);
  for (int i = 0; i < p->nargs; ++i) mask |= point_axes(gen, p->arg[i]);
  *intern_slot(&gen->axes, &p, sizeof p) = (void *)(((uintptr_t)mask << 1) | 1);
  return mask;
}

bool point_depends(PointGen *gen, const Point *p, int axis) { return point_axes(gen, p) >> axis & 1; }

static bool is_vector_result(const Point *p, const void *context) {
  const PointGen *gen = context;
  return p->kind == P_result && gen->result[p->phase]->type.lanes > 1;
}

/* Does the value differ from lane to lane? */
static bool varies(PointGen *gen, const Point *p) {
  if (gen->lanes == 1) return false;
  uint64_t mask = point_axes(gen, p);
  return mask >> gen->vector_axis & 1 || (mask >> AXES && point_any(p, is_vector_result, gen));
}

/* ---- what goes by vectors ---- */
static bool is_result(const Point *p, const void *context) {
  (void)context;
  return p->kind == P_result;
}

static bool mentions(const Point *p, const void *axis) {
  return p->index && affine_axes(p->index) >> *(const int *)axis & 1;
}

typedef struct Along {
  const VectorAxis *vector;
  bool results;
} Along;

/* Lanes in which a guard that differs from lane to lane holds. */
typedef struct GuardLanes {
  uint64_t off; /* never */
  bool open;    /* in the others it has to be asked whether its index is between lo and hi */
} GuardLanes;

/* False: it has to be asked lane by lane whether the stride divides the index. */
static bool guard_lanes(const VectorAxis *v, const Point *p, GuardLanes *g) {
  int64_t value[LANES_MAX];
  *g = (GuardLanes){0};
  if (vector_values(v, p->index, 0, value)) {
    for (int l = 0; l < v->lanes; ++l)
      if (value[l] < p->lo || value[l] >= p->hi || value[l] % p->stride) g->off |= (uint64_t)1 << l;
    return true;
  }
  g->open = p->index->lo < p->lo || p->index->hi >= p->hi;
  if (p->stride == 1) return vector_offsets(v, p->index, value);
  if (!vector_values(v, p->index, p->stride, value)) return false;
  for (int l = 0; l < v->lanes; ++l)
    if (value[l]) g->off |= (uint64_t)1 << l;
  return true;
}

typedef struct Guarded {
  const VectorAxis *vector;
  const Point *guard;
  bool open;
} Guarded;

/* A read of what only the guard keeps inside the array, in lanes where it may not hold, that is no masked load. */
static bool reads_outside(const Point *p, const void *context) {
  const Guarded *g = context;
  if (p->kind != P_load || (p->index->lo >= 0 && p->index->hi < shape_count(p->slot->shape))) return false;
  uint32_t axes = affine_axes(p->index);
  if (axes >> g->vector->axis & 1) return g->open && !vector_contiguous(g->vector, p->index);
  return axes & affine_axes(g->guard->index);
}

static bool forbids_load(const Point *p, const Along *along) {
  const VectorAxis *v = along->vector;
  bool bytes = p->slot->dtype == DT_bool; /* masks are not shuffled */
  if (!vector_uniform(v, p->index) && !vector_contiguous(v, p->index) && (bytes || !vector_shuffles(v, p->index)))
    return true;
  if (!p->nargs) return false; /* a gather reads one row at a time: its row must be the same in all lanes */
  return point_any(p->arg[0], mentions, &v->axis) || (along->results && point_any(p->arg[0], is_result, NULL));
}

static bool forbids_guard(const Point *p, const VectorAxis *v) {
  GuardLanes lanes;
  if (!(affine_axes(p->index) >> v->axis & 1)) return false;
  if (vector_uniform(v, p->index) || !guard_lanes(v, p, &lanes)) return true;
  return point_any(p->arg[0], reads_outside, &(Guarded){v, p, lanes.open});
}

static bool forbids_vectors(const Point *p, const void *context) {
  const Along *along = context;
  int64_t offset[LANES_MAX];
  switch (p->kind) {
  case P_load: return forbids_load(p, along);
  case P_guard: return forbids_guard(p, along->vector);
  case P_index:
  case P_random: return !vector_offsets(along->vector, p->index, offset);
  default: return false;
  }
}

bool point_vectorises(const Point *p, const VectorAxis *v, bool results) {
  return !point_any(p, forbids_vectors, &(Along){v, results});
}

static VectorAxis vector_of(const PointGen *gen) { return (VectorAxis){gen->vector_axis, gen->lanes, gen->every}; }

/* ---- memo ---- */
typedef struct MemoKey {
  const Point *point;
  const Expr *guard, *guard_mask;
  uint64_t off;
} MemoKey;

typedef struct MemoEntry {
  Expr *expr;
  const Block *block;
  uint64_t made;
} MemoEntry;

static uint64_t changed(PointGen *gen, const Point *p) {
  uint64_t mask = point_axes(gen, p), latest = 0;
  for (int i = 0; i < AXES + RESULTS; ++i)
    if (mask >> i & 1 && gen->version[i] > latest) latest = gen->version[i];
  return latest;
}

static MemoEntry *memo_slot(PointGen *gen, const Point *p) {
  MemoKey key;
  memset(&key, 0, sizeof key);
  key.point = p;
  key.guard = gen->guard;
  key.guard_mask = gen->guard_mask;
  key.off = gen->off;
  void **slot = intern_slot(&gen->memo, &key, sizeof key);
  if (!*slot) *slot = NEW(gen->arena, MemoEntry);
  return *slot;
}

void point_count(PointGen *gen, const Point *p) {
  void **slot = intern_slot(&gen->uses, &p, sizeof p);
  uintptr_t n = (uintptr_t)*slot + 1;
  *slot = (void *)n;
  for (int i = 0; n == 1 && i < p->nargs; ++i) point_count(gen, p->arg[i]);
}

static int uses(PointGen *gen, const Point *p) { return (int)(uintptr_t)*intern_slot(&gen->uses, &p, sizeof p); }

static int depth(const Expr *e) {
  int most = 0;
  if (e->kind == E_var || e->kind == E_const) return 0;
  for (int i = 0; i < e->nargs && e->kind != E_load; ++i) {
    int d = depth(expr_arg(e, i));
    if (d > most) most = d;
  }
  return most + 1;
}

static Expr *bind(PointGen *gen, Block *block, const char *name, Expr *value) {
  Var *v = var_new(gen->arena, name, value->type);
  vec_push(gen->arena, *block, stmt_let(gen->arena, v, value));
  return expr_var(gen->arena, v);
}

static const char *value_name(PointGen *gen, const Point *p) {
  if (p->kind == P_load) return buffer_name(gen, p->slot->name);
  if (p->node && p->node->name && p->kind == P_op) return buffer_name(gen, p->node->name);
  return p->kind == P_op ? "v" : p->kind == P_index ? "i" : "r";
}

/* ---- building ---- */
static Expr *build(PointGen *gen, const Point *p);

Expr *point_expr(PointGen *gen, const Point *p) {
  MemoEntry *entry = memo_slot(gen, p);
  bool in_scope = entry->block == gen->body || (gen->hoist && entry->block == gen->hoist);
  if (entry->expr && in_scope && entry->made >= changed(gen, p)) return entry->expr;
  Block *body = gen->body;
  bool hoisted =
      gen->hoist && !varies(gen, p) && p->kind != P_result && (gen->results_outside || !(point_axes(gen, p) >> AXES));
  if (hoisted) gen->body = gen->hoist;
  Expr *e = build(gen, p);
  bool plain = e->kind == E_var || e->kind == E_const;
  if (!plain && (uses(gen, p) > 1 || hoisted || p->kind == P_load || p->kind == P_random || depth(e) > DEPTH_LET))
    e = bind(gen, gen->body, value_name(gen, p), e);
  *entry = (MemoEntry){e, gen->body, gen->clock};
  gen->body = body;
  return e;
}

/* The affine value in each lane, as an integer of dtype. */
static Expr *index_value(PointGen *gen, const Affine *index, DType dtype) {
  Arena *a = gen->arena;
  VectorAxis v = vector_of(gen);
  int64_t offset[LANES_MAX];
  bool lanes = gen->lanes > 1 && affine_axes(index) >> gen->vector_axis & 1 && !vector_uniform(&v, index);
  Expr *first = affine_expr(gen, index);
  bool zero = first->kind == E_const && first->value.i == 0;
  if (first->kind == E_const)
    first = expr_int(a, type_of(dtype, 1), first->value.i);
  else if (dtype != DT_i64)
    first = expr_cast(a, first, dtype, false);
  if (!lanes) return first;
  if (!vector_offsets(&v, index, offset)) bug("an index differs from vector to vector");
  Expr *lane = expr_lanes(a, gen->lanes, offset);
  if (dtype != DT_i32) lane = expr_cast(a, lane, dtype, false);
  return zero ? lane : expr_op2(a, OP_add, expr_splat(a, first, gen->lanes), lane);
}

static Expr *both(PointGen *gen, Expr *x, Expr *y) {
  if (!x || !y) return x ? x : y;
  int lanes = x->type.lanes > y->type.lanes ? x->type.lanes : y->type.lanes;
  return expr_op2(gen->arena, OP_and, expr_splat(gen->arena, x, lanes), expr_splat(gen->arena, y, lanes));
}

Expr *point_row(PointGen *gen, const Point *row, int64_t count) {
  Arena *a = gen->arena;
  Expr *i = point_expr(gen, row);
  if (i->type.dtype != DT_i64) i = expr_cast(a, i, DT_i64, false);
  Expr *low = expr_op2(a, OP_maximum, i, expr_index(a, 0));
  return expr_op2(a, OP_minimum, low, expr_index(a, count - 1));
}

/* Lanes that are off, by what is known here. */
static uint64_t lanes_off(const PointGen *gen) {
  const Expr *n = gen->mask && gen->mask->kind == E_mask ? gen->mask->arg[0] : NULL;
  if (!n) return gen->off;
  if (n->kind != E_const) bug("the lanes of a mask are not known");
  return gen->off | ~(((uint64_t)1 << n->value.i) - 1);
}

static Expr *build_load(PointGen *gen, const Point *p) {
  Arena *a = gen->arena;
  Buffer *b = point_buffer(gen, p->slot, false);
  Expr *index = affine_expr(gen, p->index);
  VectorAxis v = vector_of(gen);
  bool scalar = gen->lanes == 1 || !(affine_axes(p->index) >> gen->vector_axis & 1) || vector_uniform(&v, p->index);
  if (p->nargs) index = expr_add(a, index, expr_mul(a, point_row(gen, p->arg[0], p->count), p->stride));
  if (scalar) {
    if (gen->guard) index = expr_op3(a, OP_where, gen->guard, index, expr_index(a, 0));
    return expr_load(a, b, index, 1, NULL);
  }
  Expr *guard = gen->guard ? expr_splat(a, gen->guard, gen->lanes) : NULL;
  if (!vector_contiguous(&v, p->index)) return vector_load(a, gen->body, &v, b, p->index, index, lanes_off(gen), guard);
  return expr_load(a, b, index, gen->lanes, both(gen, both(gen, gen->mask, gen->guard_mask), guard));
}

/* A condition that is known in every lane. */
static Expr *lanes_on(PointGen *gen, uint64_t off) {
  Arena *a = gen->arena;
  int64_t on[LANES_MAX];
  for (int l = 0; l < gen->lanes; ++l) on[l] = !(off >> l & 1);
  Expr *number = expr_lanes(a, gen->lanes, on);
  return expr_op2(a, OP_eq, number, expr_int(a, number->type, 1));
}

/* lo <= at < hi, as far as it is not known; NULL: it is. */
static Expr *guard_range(PointGen *gen, const Point *p, Expr *at) {
  Arena *a = gen->arena;
  Expr *holds = NULL;
  if (p->index->lo < p->lo) holds = expr_op2(a, OP_le, expr_int(a, at->type, p->lo), at);
  if (p->index->hi >= p->hi) holds = both(gen, holds, expr_op2(a, OP_lt, at, expr_int(a, at->type, p->hi)));
  return holds;
}

static Expr *guard_scalar(PointGen *gen, const Point *p) {
  Arena *a = gen->arena;
  Expr *at = index_value(gen, p->index, DT_i64), *holds = guard_range(gen, p, at);
  if (p->stride == 1) return holds;
  Expr *rest = expr_op2(a, OP_mod, at, expr_int(a, at->type, p->stride));
  return both(gen, holds, expr_op2(a, OP_eq, rest, expr_int(a, at->type, 0)));
}

static Expr *guard_vector(PointGen *gen, const Point *p, uint64_t *off) {
  VectorAxis v = vector_of(gen);
  GuardLanes lanes;
  if (!guard_lanes(&v, p, &lanes)) bug("a guard differs from vector to vector");
  Expr *holds = lanes.open ? guard_range(gen, p, index_value(gen, p->index, DT_i32)) : NULL;
  *off = lanes.off;
  return lanes.off || !holds ? both(gen, holds, lanes_on(gen, lanes.off)) : holds;
}

static Expr *build_guard(PointGen *gen, const Point *p) {
  Arena *a = gen->arena;
  bool lanes = gen->lanes > 1 && affine_axes(p->index) >> gen->vector_axis & 1;
  Expr *outer = gen->guard, *outer_mask = gen->guard_mask;
  uint64_t outer_off = gen->off, off = 0;
  Expr *holds = lanes ? guard_vector(gen, p, &off) : guard_scalar(gen, p);
  holds = bind(gen, !lanes && gen->hoist ? gen->hoist : gen->body, "inside", holds); /* hoisted reads need it too */
  if (lanes)
    gen->guard_mask = both(gen, outer_mask, holds);
  else
    gen->guard = both(gen, outer, holds);
  gen->off |= off;
  Expr *inside = point_expr(gen, p->arg[0]);
  gen->guard = outer;
  gen->guard_mask = outer_mask;
  gen->off = outer_off;
  int width = inside->type.lanes > holds->type.lanes ? inside->type.lanes : holds->type.lanes;
  Type type = type_of(p->dtype, width);
  Expr *fill = dtype_is_float(p->dtype) ? expr_const(a, type, p->value.f) : expr_int(a, type, p->value.i);
  return expr_op3(a, OP_where, expr_splat(a, holds, width), expr_splat(a, inside, width), fill);
}

/* Element e is word (e div 16) mod 4 of the block at counter (e div 64) * 16 + e mod 16 (MIDDLE.md 1.3). */
static Expr *build_random(PointGen *gen, const Point *p) {
  Arena *a = gen->arena;
  Expr *e = index_value(gen, p->index, DT_u32), *given[4];
  int lanes = e->type.lanes;
  for (int i = 0; i < 4; ++i) {
    given[i] = point_expr(gen, p->arg[i]);
    if (given[i]->type.lanes > lanes) lanes = given[i]->type.lanes;
  }
  e = bind(gen, gen->body, "element", expr_splat(a, e, lanes));
  Type t = e->type;
  Expr *block = expr_op2(a, OP_mul, expr_op2(a, OP_shr, e, expr_int(a, t, 6)), expr_int(a, t, 16));
  Expr *counter = expr_op2(a, OP_add, block, expr_op2(a, OP_and, e, expr_int(a, t, 15)));
  Expr *word = expr_op2(a, OP_and, expr_op2(a, OP_shr, e, expr_int(a, t, 4)), expr_int(a, t, 3));
  Expr *args[7] = {bind(gen, gen->body, "word", word), bind(gen, gen->body, "counter", counter),
                   expr_splat(a, given[3], lanes),     expr_splat(a, given[2], lanes),
                   expr_int(a, t, p->place),           expr_splat(a, given[0], lanes),
                   expr_splat(a, given[1], lanes)};
  return expr_call(a, math_named(gen->program, "philox", t), 7, args);
}

static Expr *build_op(PointGen *gen, const Point *p) {
  Arena *a = gen->arena;
  Expr *arg[3];
  int lanes = 1;
  for (int i = 0; i < p->nargs; ++i) {
    arg[i] = point_expr(gen, p->arg[i]);
    if (arg[i]->type.lanes > lanes) lanes = arg[i]->type.lanes;
  }
  if (p->op == OP_cast || p->op == OP_bitcast) return expr_cast(a, arg[0], p->dtype, p->op == OP_bitcast);
  for (int i = 0; i < p->nargs; ++i) arg[i] = arg[i]->type.lanes == lanes ? arg[i] : expr_splat(a, arg[i], lanes);
  return expr_op(a, p->op, p->nargs, arg);
}

static Expr *build(PointGen *gen, const Point *p) {
  Type scalar = type_of(p->dtype, 1);
  switch (p->kind) {
  case P_const:
    return dtype_is_float(p->dtype) ? expr_const(gen->arena, scalar, p->value.f)
                                    : expr_int(gen->arena, scalar, p->value.i);
  case P_load: return build_load(gen, p);
  case P_op: return build_op(gen, p);
  case P_index: return index_value(gen, p->index, p->dtype);
  case P_random: return build_random(gen, p);
  case P_guard: return build_guard(gen, p);
  case P_result: return gen->result[p->phase];
  }
  bug("a point of unknown kind %d", (int)p->kind);
}

void point_fetch(PointGen *gen, const Group *g, int axis, Expr *index) {
  Expr *here = gen->axis[axis];
  gen->axis[axis] = index; /* its version stays: no value is built there */
  for (int i = 0; i < g->writes.n; ++i) {
    const Write *w = &g->writes.at[i];
    if (!w->slot->state) continue;
    Buffer *b = point_buffer(gen, w->slot, true);
    vec_push(gen->arena, *gen->body, stmt_prefetch(gen->arena, b, affine_expr(gen, w->index)));
  }
  gen->axis[axis] = here;
}

void point_writes(PointGen *gen, const Group *g, bool full) {
  int n = g->writes.n;
  Expr **value = NEW_N(gen->arena, Expr *, n + 1);
  for (int i = 0; i < n; ++i)
    if (g->writes.at[i].full == full) value[i] = point_expr(gen, g->writes.at[i].value);
  for (int i = 0; i < n; ++i) {
    const Write *w = &g->writes.at[i];
    if (w->full != full) continue;
    VectorAxis axis = vector_of(gen);
    bool vector = gen->lanes > 1 && vector_contiguous(&axis, w->index);
    Expr *v = vector ? expr_splat(gen->arena, value[i], gen->lanes) : value[i];
    Buffer *b = point_buffer(gen, w->slot, true);
    vec_push(gen->arena, *gen->body,
             stmt_store(gen->arena, b, affine_expr(gen, w->index), v, vector ? gen->mask : NULL));
  }
}
