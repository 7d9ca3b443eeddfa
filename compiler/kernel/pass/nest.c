/* nest.c: loop nests of map, row and column groups, and what they share: collapsing of axes, the parallel loop, vector
 * and scalar modes, reductions' steps.
 *
 * Two neighbouring axes collapse when every index map walks them with one stride: then the inner axis runs over both
 * and the outer stays at 0. The order of reductions comes from the group and is realised exactly; nothing here changes
 * a bit.
 *
 *   map     for u parallel { for i by W { writes } rest }          rows.c     one row a unit, lanes along the row
 *   columns.c  a block of columns a unit, rows ascending           serial.c   code for any other reduction
 *   scan.c     running sums, by rows or by columns
 */
#include "nest.h"

#include <math.h>

enum { BLOCK_ELEMENTS = 2048, UNITS_WANTED = 64 };

/* ---- collapsing ---- */
static bool axis_in_division(const Affine *a, int axis) {
  for (int i = 0; i < a->n; ++i) {
    const Term *t = &a->term[i];
    if (t->kind == ATOM_axis) continue;
    for (int j = 0; j < t->of->n; ++j)
      if (t->of->term[j].kind == ATOM_axis && t->of->term[j].axis == axis) return true;
    if (axis_in_division(t->of, axis)) return true;
  }
  return false;
}

static int64_t coefficient(const Affine *a, int axis) {
  for (int i = 0; i < a->n; ++i)
    if (a->term[i].kind == ATOM_axis && a->term[i].axis == axis) return a->term[i].coef;
  return 0;
}

static bool affine_collapses(const Affine *a, int outer, int inner, int64_t extent) {
  return !axis_in_division(a, outer) && !axis_in_division(a, inner) &&
         coefficient(a, outer) == coefficient(a, inner) * extent;
}

typedef struct AxisPair {
  int outer, inner;
  int64_t extent;
} AxisPair;

static bool keeps_apart(const Point *p, const void *context) {
  const AxisPair *pair = context;
  return p->index && !affine_collapses(p->index, pair->outer, pair->inner, pair->extent);
}

static bool point_collapses(const Point *p, int outer, int inner, int64_t extent) {
  return !point_any(p, keeps_apart, &(AxisPair){outer, inner, extent});
}

static bool group_collapses(const Group *g, int outer, int inner, int64_t extent) {
  for (int i = 0; i < g->phases.n; ++i)
    if (!point_collapses(g->phases.at[i].element, outer, inner, extent) ||
        !point_collapses(g->phases.at[i].factor, outer, inner, extent))
      return false;
  for (int i = 0; i < g->writes.n; ++i)
    if (!affine_collapses(g->writes.at[i].index, outer, inner, extent) ||
        !point_collapses(g->writes.at[i].value, outer, inner, extent) ||
        !point_collapses(g->writes.at[i].row, outer, inner, extent))
      return false;
  return true;
}

static void collapse(Nest *nest) {
  const Group *g = nest->group;
  for (int part = 0; part < 2; ++part) {
    int first = part ? g->kept : 0, last = (part ? g->naxes : g->kept) - 1, inner = last;
    for (int outer = last - 1; outer >= first; --outer) {
      if (!group_collapses(g, outer, inner, nest->extent[inner])) {
        inner = outer;
        continue;
      }
      nest->extent[inner] *= nest->extent[outer];
      nest->extent[outer] = 1;
    }
  }
}

/* ---- the nest ---- */
static void note_dtype(Nest *nest, DType t) {
  int lanes = nest->program->machine->lanes[t];
  if (t != DT_bool && t != DT_u8 && lanes < nest->lanes) nest->lanes = lanes > 0 ? lanes : 1;
}

static void note_point(Nest *nest, const Point *p) {
  if (!p) return;
  point_count(&nest->gen, p);
  VEC(const Point *) todo = {0};
  Intern seen;
  intern_init(&seen, nest->arena);
  vec_push(nest->arena, todo, p);
  while (todo.n) {
    const Point *q = todo.at[--todo.n];
    void **slot = intern_slot(&seen, &q, sizeof q);
    if (*slot) continue;
    *slot = nest;
    note_dtype(nest, q->dtype);
    for (int i = 0; i < q->nargs; ++i) vec_push(nest->arena, todo, q->arg[i]);
  }
}

void nest_init(Nest *nest, Program *p, const Group *g) {
  *nest = (Nest){.program = p, .arena = p->arena, .group = g, .lanes = 64};
  nest->call.kernel = kernel_new(p->arena, g->name);
  point_gen_init(&nest->gen, p, &nest->call);
  nest->gen.results_outside = true;
  for (int i = 0; i < g->naxes; ++i) {
    nest->extent[i] = g->extent[i];
    point_axis(&nest->gen, i, expr_index(p->arena, 0));
  }
  for (int i = 0; i < g->phases.n; ++i) {
    note_point(nest, g->phases.at[i].element);
    note_point(nest, g->phases.at[i].factor);
  }
  for (int i = 0; i < g->writes.n; ++i) {
    note_point(nest, g->writes.at[i].value);
    if (g->writes.at[i].row) point_count(&nest->gen, g->writes.at[i].row); /* scalar code: its dtypes set no width */
  }
  if (nest->lanes == 64) nest->lanes = p->machine->lanes[DT_f32] > 0 ? p->machine->lanes[DT_f32] : 1;
  nest->step = nest->lanes;
  collapse(nest);
}

/* Floating-point operations at one point, each shared value once. */
static int64_t point_flops(Intern *seen, const Point *p) {
  void **slot = intern_slot(seen, &p, sizeof p);
  if (*slot) return 0;
  *slot = seen;
  int64_t n = p->kind == P_op && dtype_is_float(p->dtype) && p->op != OP_where && p->op != OP_cast;
  for (int i = 0; i < p->nargs; ++i) n += point_flops(seen, p->arg[i]);
  return n;
}

static int64_t group_flops(Arena *arena, const Group *g) {
  Intern seen;
  int64_t kept = 1, all = 1, n = 0;
  intern_init(&seen, arena);
  for (int i = 0; i < g->naxes; ++i) {
    kept *= i < g->kept ? g->extent[i] : 1;
    all *= g->extent[i];
  }
  for (int i = 0; i < g->phases.n; ++i)
    n += all * (point_flops(&seen, g->phases.at[i].element) + (g->phases.at[i].factor ? 2 : 1));
  for (int i = 0; i < g->writes.n; ++i)
    n += (g->writes.at[i].full ? all : kept) * point_flops(&seen, g->writes.at[i].value);
  return n;
}

void nest_done(Nest *nest, Block body, Calls *calls) {
  nest->call.kernel->flops = group_flops(nest->arena, nest->group);
  nest->call.kernel->body = body;
  vec_push(nest->arena, *calls, nest->call);
}

int nest_axis(const Nest *nest, bool reduced, int *count) {
  int axis = -1;
  *count = 0;
  for (int i = reduced ? nest->group->kept : 0; i < (reduced ? nest->group->naxes : nest->group->kept); ++i)
    if (nest->extent[i] > 1) {
      axis = i;
      ++*count;
    }
  return axis;
}

int nest_kept(const Nest *nest, int except, int *axes) {
  int n = 0;
  for (int i = 0; i < nest->group->kept; ++i)
    if (nest->extent[i] > 1 && i != except) axes[n++] = i;
  return n;
}

/* Every schedule starts its vectors at multiples of what they hold, the only one of a short axis at 0. */
static int vector_every(const Nest *nest, int axis) {
  return nest->extent[axis] <= nest->step ? VECTOR_AT_ZERO : nest->step;
}

bool nest_vectorises(const Nest *nest, int axis) {
  const Group *g = nest->group;
  bool results = axis < g->kept; /* along a reduced axis a result is one scalar */
  if (axis < 0 || nest->lanes < 2) return false;
  VectorAxis v = {axis, nest->lanes, vector_every(nest, axis)};
  for (int i = 0; i < g->phases.n; ++i) {
    const Reduction *r = &g->phases.at[i];
    if (!point_vectorises(r->element, &v, results) || (r->factor && !point_vectorises(r->factor, &v, results)))
      return false;
  }
  for (int i = 0; i < g->writes.n; ++i) {
    const Write *w = &g->writes.at[i];
    if (!w->full && axis >= g->kept) continue;
    if (!point_vectorises(w->value, &v, results) || !vector_contiguous(&v, w->index)) return false;
  }
  return true;
}

Block *nest_loop(Nest *nest, Block *body, const char *name, Expr *lo, Expr *hi, int64_t step, Expr **var) {
  if (lo->kind == E_const && hi->kind == E_const && hi->value.i > lo->value.i && hi->value.i - lo->value.i <= step) {
    *var = lo; /* once */
    return body;
  }
  Var *v = var_new(nest->arena, name, type_of(DT_i64, 1));
  Stmt *loop = stmt_for(nest->arena, FOR_serial, v, lo, hi, step);
  vec_push(nest->arena, *body, loop);
  *var = expr_var(nest->arena, v);
  return &loop->body;
}

/* A loop that hoists into `body` is built apart and appended after what it hoisted. */
Block *nest_section(Nest *nest, Block *body, bool apart) { return apart ? NEW(nest->arena, Block) : body; }

void nest_section_end(Nest *nest, Block *body, Block *section) {
  for (int i = 0; section != body && i < section->n; ++i) vec_push(nest->arena, *body, section->at[i]);
}

Block *nest_units(Nest *nest, Block *body, int n, const int *axes, int64_t blocks, Expr **block) {
  Arena *a = nest->arena;
  int64_t units = blocks;
  for (int i = 0; i < n; ++i) units *= nest->extent[axes[i]];
  Var *u = var_new(a, "u", type_of(DT_i64, 1));
  Stmt *loop = stmt_for(a, FOR_parallel, u, expr_index(a, 0), expr_index(a, units), 1);
  vec_push(a, *body, loop);
  Expr *rest = expr_var(a, u);
  if (block)
    *block = blocks == 1       ? expr_index(a, 0)
             : units == blocks ? rest
                               : nest_bind(nest, &loop->body, "block", expr_imod(a, rest, blocks), NULL);
  rest = expr_idiv(a, rest, blocks);
  for (int i = n - 1; i >= 0; --i) {
    Expr *index = i == 0 ? rest : expr_imod(a, rest, nest->extent[axes[i]]);
    if (n > 1 || blocks > 1) index = nest_bind(nest, &loop->body, "i", index, NULL);
    point_axis(&nest->gen, axes[i], index);
    rest = expr_idiv(a, rest, nest->extent[axes[i]]);
  }
  return &loop->body;
}

void nest_set_axes(Nest *nest, Block *body, int first, int end, Expr *number) {
  Arena *a = nest->arena;
  int axes[RANK_MAX * 3], n = 0;
  for (int i = first; i < end; ++i)
    if (nest->extent[i] > 1) axes[n++] = i;
  Expr *rest = number;
  for (int i = n - 1; i >= 0; --i) {
    Expr *index = i == 0 ? rest : expr_imod(a, rest, nest->extent[axes[i]]);
    point_axis(&nest->gen, axes[i], n == 1 ? index : nest_bind(nest, body, "i", index, NULL));
    rest = expr_idiv(a, rest, nest->extent[axes[i]]);
  }
}

void nest_scalar(Nest *nest, Block *body) { nest_vector(nest, body, NULL, -1, 1, NULL); }

void nest_vector(Nest *nest, Block *body, Block *hoist, int axis, int lanes, Expr *mask) {
  nest->gen.body = body;
  nest->gen.hoist = hoist;
  nest->gen.vector_axis = axis;
  nest->gen.lanes = lanes;
  nest->gen.every = lanes > 1 ? vector_every(nest, axis) : 0;
  nest->gen.mask = mask;
}

Expr *nest_bind(Nest *nest, Block *body, const char *name, Expr *value, Var **mutable_var) {
  if (!mutable_var && (value->kind == E_var || value->kind == E_const)) return value;
  Var *v = var_new(nest->arena, name, value->type);
  Stmt *s = mutable_var ? stmt_var(nest->arena, v, value) : stmt_let(nest->arena, v, value);
  vec_push(nest->arena, *body, s);
  if (mutable_var) *mutable_var = v;
  return expr_var(nest->arena, v);
}

/* ---- reductions ---- */
bool nest_is_arg(Op op) { return op == OP_argmax || op == OP_argmin; }

static int64_t integer_limit(DType t, bool largest) {
  switch (t) {
  case DT_i64: return largest ? INT64_MAX : INT64_MIN;
  case DT_i32: return largest ? INT32_MAX : INT32_MIN;
  case DT_u32: return largest ? UINT32_MAX : 0;
  case DT_u8: return largest ? UINT8_MAX : 0;
  default: return largest;
  }
}

Expr *nest_start(Nest *nest, const Reduction *r, int lanes) {
  Type type = type_of(r->chain, lanes);
  bool largest = r->op == OP_min;
  if (r->op == OP_max || r->op == OP_min)
    return dtype_is_float(r->chain) ? expr_const(nest->arena, type, largest ? INFINITY : -INFINITY)
                                    : expr_int(nest->arena, type, integer_limit(r->chain, largest));
  int one = r->op == OP_prod;
  return dtype_is_float(r->chain) ? expr_const(nest->arena, type, one) : expr_int(nest->arena, type, one);
}

Expr *nest_join(Nest *nest, Op op, Expr *x, Expr *y) {
  Op row = op == OP_prod ? OP_mul : op == OP_max ? OP_maximum : op == OP_min ? OP_minimum : OP_add;
  return expr_op2(nest->arena, row, x, y);
}

static Expr *chain_operand(Nest *nest, const Reduction *r, const Point *point, int lanes) {
  return expr_splat(nest->arena, expr_cast(nest->arena, point_expr(&nest->gen, point), r->chain, false), lanes);
}

Expr *nest_step(Nest *nest, const Reduction *r, Expr *acc) {
  Arena *a = nest->arena;
  int lanes = acc->type.lanes;
  Expr *e = chain_operand(nest, r, r->element, lanes);
  if (r->op != OP_dot) return nest_join(nest, r->op, acc, e);
  Expr *f = chain_operand(nest, r, r->factor, lanes);
  if (dtype_is_float(r->chain)) return expr_op3(a, OP_fma, e, f, acc);
  return expr_op2(a, OP_add, acc, expr_op2(a, OP_mul, e, f));
}

NestChain nest_chain(Nest *nest, Block *body, const Reduction *r, int lanes) {
  NestChain chain = {NULL, NULL};
  if (!nest_is_arg(r->op)) {
    nest_bind(nest, body, "acc", nest_start(nest, r, lanes), &chain.acc);
    return chain;
  }
  Reduction value = *r;
  value.op = r->op == OP_argmax ? OP_max : OP_min;
  value.dtype = value.chain = r->element->dtype;
  nest_bind(nest, body, "best", nest_start(nest, &value, lanes), &chain.best);
  nest_bind(nest, body, "position", expr_int(nest->arena, type_of(r->dtype, lanes), 0), &chain.acc);
  return chain;
}

/* The first of the best; NaN is better than any number. */
static void arg_advance(Nest *nest, Block *body, const Reduction *r, const NestChain *chain, Expr *number) {
  Arena *a = nest->arena;
  int lanes = chain->acc->type.lanes;
  Expr *value = expr_var(a, chain->best), *at = expr_var(a, chain->acc);
  Expr *e = nest_bind(nest, body, "e", expr_splat(a, point_expr(&nest->gen, r->element), lanes), NULL);
  Expr *better = r->op == OP_argmax ? expr_op2(a, OP_lt, value, e) : expr_op2(a, OP_lt, e, value);
  if (dtype_is_float(chain->best->type.dtype)) {
    Expr *nan = expr_op1(a, OP_not, expr_op2(a, OP_eq, e, e));
    better = expr_op2(a, OP_or, better, expr_op2(a, OP_and, nan, expr_op2(a, OP_eq, value, value)));
  }
  Expr *first = expr_op2(a, OP_eq, number, expr_index(a, 0)); /* a row of -Inf has its first element as the best */
  Expr *take = expr_op2(a, OP_or, better, expr_splat(a, first, lanes));
  take = nest_bind(nest, body, "take", take, NULL); /* selects: no branch to guess */
  Expr *here = expr_splat(a, expr_cast(a, number, r->dtype, false), lanes);
  vec_push(a, *body, stmt_set(a, chain->best, expr_op3(a, OP_where, take, e, value)));
  vec_push(a, *body, stmt_set(a, chain->acc, expr_op3(a, OP_where, take, here, at)));
}

void nest_advance(Nest *nest, Block *body, const Reduction *r, const NestChain *chain, Expr *number) {
  if (nest_is_arg(r->op)) {
    arg_advance(nest, body, r, chain, number);
    return;
  }
  Expr *next =
      nest_step(nest, r, expr_var(nest->arena, chain->acc)); /* before vec_push: it appends to the body itself */
  vec_push(nest->arena, *body, stmt_set(nest->arena, chain->acc, next));
}

Block *nest_reduced(Nest *nest, Block *body, int axis, int step, Expr **number) {
  Arena *a = nest->arena;
  *number = expr_index(a, 0);
  for (int i = nest->group->kept; i < nest->group->naxes; ++i) {
    if (nest->extent[i] == 1) continue;
    Expr *var;
    body = nest_loop(nest, body, "r", expr_index(a, 0), expr_index(a, nest->extent[i]), i == axis ? step : 1, &var);
    point_axis(&nest->gen, i, var);
    *number = expr_add(a, expr_mul(a, *number, nest->extent[i]), var);
  }
  return body;
}

Expr *nest_round(Nest *nest, Block *body, int phase, Expr *chain) {
  const Reduction *r = &nest->group->phases.at[phase];
  return nest_bind(nest, body, op_info[r->op].name, expr_cast(nest->arena, chain, r->dtype, false), NULL);
}

typedef struct Phases {
  int first, end;
} Phases;

static bool is_result_of(const Point *p, const void *context) {
  const Phases *phases = context;
  return p->kind == P_result && p->phase >= phases->first && p->phase < phases->end;
}

static bool uses_result(const Point *p, int first, int end) {
  return point_any(p, is_result_of, &(Phases){first, end});
}

int nest_stage(const Nest *nest, int first) {
  int end = first + 1;
  const Group *g = nest->group;
  while (end < g->phases.n && !uses_result(g->phases.at[end].element, first, end)) ++end;
  return end;
}

void nest_halve(Nest *nest, Block *body, Op op, const Buffer *parts, int64_t n, int64_t width, int lanes) {
  Arena *a = nest->arena;
  for (int64_t h; n > 1; n = h) {
    h = (n + 1) / 2;
    Expr *i, *j;
    Block *rows = nest_loop(nest, body, "i", expr_index(a, 0), expr_index(a, n - h), 1, &i);
    Block *inner = nest_loop(nest, rows, "j", expr_index(a, 0), expr_index(a, width), lanes, &j);
    Expr *at = expr_add(a, expr_mul(a, i, width), j);
    Expr *x = expr_load(a, parts, at, lanes, NULL);
    Expr *y = expr_load(a, parts, expr_add(a, at, expr_index(a, h * width)), lanes, NULL);
    vec_push(a, *inner, stmt_store(a, parts, at, nest_join(nest, op, x, y), NULL));
  }
}

/* ---- maps ---- */
/* Splits the axes for the parallel loop: the first ones until there are enough units; the others loop inside. */
static int parallel_axes(const Nest *nest, int vector_axis, int *axes, int *total, int64_t *units) {
  int n = 0;
  *total = 0;
  *units = 1;
  for (int i = 0; i < nest->group->kept; ++i) {
    if (i == vector_axis || nest->extent[i] == 1) continue;
    axes[(*total)++] = i;
    if (*units >= UNITS_WANTED) continue;
    *units *= nest->extent[i];
    n = *total;
  }
  return n;
}

static Block *serial_axes(Nest *nest, Block *body, int first, int total, const int *axes) {
  for (int i = first; i < total; ++i) {
    Expr *var;
    body =
        nest_loop(nest, body, "i", expr_index(nest->arena, 0), expr_index(nest->arena, nest->extent[axes[i]]), 1, &var);
    point_axis(&nest->gen, axes[i], var);
  }
  return body;
}

/* 4 or 8 elements where vectors hold 16 go by a vector of their own length: no mask, and a masked store of half a
 * vector would delay the load of the next row, which lies in its other half. */
static bool fills_vector(const Nest *nest, int64_t n) { return n >= 4 && n < nest->lanes && !(n & (n - 1)); }

static void map_vector(Nest *nest, Block *body, int axis) {
  Arena *a = nest->arena;
  int axes[RANK_MAX * 3], total, w = nest->step;
  int64_t units, n = nest->extent[axis], full = n / w * w, piece = BLOCK_ELEMENTS / w * w;
  int parallel = parallel_axes(nest, axis, axes, &total, &units);
  int64_t blocks = units < UNITS_WANTED ? (n + piece - 1) / piece : 1;
  Expr *block, *at;
  body = nest_units(nest, body, parallel, axes, blocks, &block);
  body = serial_axes(nest, body, parallel, total, axes);
  Expr *lo = blocks == 1 ? expr_index(a, 0) : nest_bind(nest, body, "lo", expr_mul(a, block, piece), NULL);
  Expr *hi = blocks == 1 ? expr_index(a, full)
                         : expr_op2(a, OP_minimum, expr_add(a, lo, expr_index(a, piece)), expr_index(a, full));
  if (full) {
    Block *section = nest_section(nest, body, true);
    Block *loop = nest_loop(nest, section, "j", lo, hi, w, &at);
    point_axis(&nest->gen, axis, at);
    nest_vector(nest, loop, body, axis, nest->lanes,
                w < nest->lanes ? expr_mask(a, expr_index(a, w), nest->lanes) : NULL);
    point_writes(&nest->gen, nest->group, false);
    nest_section_end(nest, body, section);
  }
  if (n == full) return;
  if (blocks > 1) {
    Stmt *last = stmt_if(a, expr_op2(a, OP_eq, block, expr_index(a, blocks - 1)));
    vec_push(a, *body, last);
    body = &last->body;
  }
  bool fills = fills_vector(nest, n - full);
  point_axis(&nest->gen, axis, expr_index(a, full));
  nest_vector(nest, body, NULL, axis, fills ? (int)(n - full) : nest->lanes,
              fills ? NULL : expr_mask(a, expr_index(a, n - full), nest->lanes));
  point_writes(&nest->gen, nest->group, false);
}

/* Quotients of the axis by 3 go by vectors of which 15 elements in 16 are used, and so on: whole multiples. */
static bool map_fits(Nest *nest, int axis) {
  static const int divisors[] = {1, 3, 5, 7};
  for (size_t i = 0; i < sizeof divisors / sizeof *divisors; ++i) {
    nest->step = nest->lanes / divisors[i] * divisors[i];
    if (nest->step > 1 && nest_vectorises(nest, axis)) return true;
  }
  nest->step = nest->lanes;
  return false;
}

Block *nest_points(Nest *nest, Block *body) {
  int axes[RANK_MAX * 3], total;
  int64_t units;
  int parallel = parallel_axes(nest, -1, axes, &total, &units);
  body = nest_units(nest, body, parallel, axes, 1, NULL);
  return serial_axes(nest, body, parallel, total, axes);
}

static void map_scalar(Nest *nest, Block *body) {
  body = nest_points(nest, body);
  nest_scalar(nest, body);
  point_writes(&nest->gen, nest->group, false);
}

static bool rows_fit(const Nest *nest) {
  int reduced, along = nest_axis(nest, true, &reduced);
  for (int i = 0; i < nest->group->phases.n; ++i)
    if (nest->group->phases.at[i].order.lanes == 1 || nest_is_arg(nest->group->phases.at[i].op)) return false;
  return reduced == 1 && nest_vectorises(nest, along);
}

static int64_t reduced_count(const Nest *nest) {
  int64_t rows = 1;
  for (int i = nest->group->kept; i < nest->group->naxes; ++i) rows *= nest->extent[i];
  return rows;
}

/* Two elements in two lanes, joined, are what one chain makes of them (start + a) + b: no start is a -0 or a NaN, and
 * with it nothing changes b. Products that are added are rounded once in a chain and twice in lanes. */
static bool rows_are_pairs(const Nest *nest) {
  bool fit = reduced_count(nest) == 2;
  for (int i = 0; i < nest->group->phases.n; ++i) fit = fit && nest->group->phases.at[i].op != OP_dot;
  for (int i = 0; i < nest->group->writes.n; ++i) fit = fit && !nest->group->writes.at[i].full;
  return fit;
}

static bool columns_fit(Nest *nest) {
  int kept, across = nest_axis(nest, false, &kept);
  int64_t rows = reduced_count(nest);
  bool pairs = rows_are_pairs(nest);
  for (int i = 0; i < nest->group->phases.n; ++i) {
    const Reduction *r = &nest->group->phases.at[i];
    bool arg = nest_is_arg(r->op); /* its result is the same in any order of the lanes */
    if (arg ? r->element->dtype == DT_bool || rows > r->order.chunk : r->order.lanes > 1 && !pairs) return false;
  }
  int lanes = nest->lanes;
  if (kept && fills_vector(nest, nest->extent[across])) nest->lanes = nest->step = (int)nest->extent[across];
  if (kept && nest_vectorises(nest, across)) return true;
  nest->lanes = nest->step = lanes;
  return false;
}

void schedule_nest(Program *p, const Group *g, Calls *calls) {
  Nest nest;
  Block body = {0};
  int count;
  nest_init(&nest, p, g);
  int axis = nest_axis(&nest, false, &count);
  if (g->kind == GROUP_scan) {
    nest_scan(&nest, &body);
    nest_done(&nest, body, calls);
    return;
  }
  if (rows_are_pairs(&nest) && columns_fit(&nest)) {
    nest_columns(&nest, &body);
    nest_done(&nest, body, calls);
    return;
  }
  if (g->phases.n && rows_fit(&nest) && nest_rows_apart(&nest)) {
    nest_rows_split(&nest, calls);
    return;
  }
  if (g->phases.n && rows_fit(&nest))
    nest_rows(&nest, &body);
  else if (g->phases.n && columns_fit(&nest))
    nest_columns(&nest, &body);
  else if (g->phases.n)
    nest_serial(&nest, &body);
  else if (map_fits(&nest, axis))
    map_vector(&nest, &body, axis);
  else
    map_scalar(&nest, &body);
  nest_done(&nest, body, calls);
}
