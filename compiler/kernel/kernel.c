/* kernel.c: builders of the kernel IR: expressions, statements, buffers, kernels, slots.
 *
 * Schedules (kernel/pass/) and the parser make every Expr and Stmt through these. Types are inferred here (expr_infer),
 * so a tree that was built has fitting types; kernel_verify checks it all again. Only index arithmetic (i64 scalars) is
 * folded, since on floats x + 0 is not x (-0) and everything that can change a bit was decided before.
 * Invariants of folded index sums: constants stand on the right, c + c, x + 0, x * 1 and x * 0 do not occur, and
 * x - c is x + (-c). Expressions may be shared between statements: nothing here changes one that exists. */
#include "kernel.h"

/* ---- types of elementwise rows ---- */
const char *expr_infer(Op op, int n, Expr *const *args, Type *type) {
  if (!op_is_elementwise(op)) return "is not an elementwise op";
  const OpInfo *info = &op_info[op];
  if (n != info->operands) return "has the wrong number of operands";
  for (int i = 1; i < n; ++i)
    if (args[i]->type.lanes != args[0]->type.lanes) return "has operands with different lanes";
  if (info->domain == 'X') return "needs the type that it goes to";
  int first = info->domain == 'W';
  if (first && args[0]->type.dtype != DT_bool) return "needs a bool first";
  for (int i = first; i < n; ++i)
    if (args[i]->type.dtype != args[first]->type.dtype) return "has operands of different dtypes";
  if (!op_domain_takes(info->domain, args[first]->type.dtype)) return "does not take this dtype";
  if (op == OP_mulhi && args[0]->type.dtype != DT_u32) return "takes u32 only";
  *type = info->domain == 'C' ? type_of(DT_bool, args[0]->type.lanes) : args[first]->type;
  return NULL;
}

/* ---- leaves ---- */
static Expr *expr_new(Arena *a, ExprKind kind, Type type) {
  Expr *e = NEW(a, Expr);
  e->kind = kind;
  e->type = type;
  return e;
}

Expr *expr_int(Arena *a, Type type, int64_t value) {
  Expr *e = expr_new(a, E_const, type);
  if (dtype_is_float(type.dtype))
    e->value.f = (double)value;
  else
    e->value.i = value;
  return e;
}

Expr *expr_const(Arena *a, Type type, double value) {
  if (type.dtype == DT_bool) return expr_int(a, type, value != 0);
  if (!dtype_is_float(type.dtype)) return expr_int(a, type, (int64_t)value);
  Expr *e = expr_new(a, E_const, type);
  e->value.f = type.dtype == DT_f32 ? (double)(float)value : value;
  return e;
}

Expr *expr_index(Arena *a, int64_t value) { return expr_int(a, type_of(DT_i64, 1), value); }

Expr *expr_var(Arena *a, const Var *var) {
  Expr *e = expr_new(a, E_var, var->type);
  e->var = var;
  return e;
}

Expr *expr_lane(Arena *a, int lanes) { return expr_new(a, E_lane, type_of(DT_i32, lanes)); }

Expr *expr_lanes(Arena *a, int lanes, const int64_t *value) {
  Expr *e = expr_lane(a, lanes);
  int *lane = NEW_N(a, int, lanes);
  bool counts = true;
  for (int l = 0; l < lanes; ++l) {
    lane[l] = (int)value[l];
    counts = counts && value[l] == l;
  }
  e->lane = counts ? NULL : lane;
  return e;
}

/* ---- folding of index arithmetic ---- */
static bool is_index(const Expr *e) { return e->type.dtype == DT_i64 && e->type.lanes == 1; }
static bool is_fixed(const Expr *e) { return e->kind == E_const && is_index(e); }
static bool is_row(const Expr *e, Op op) { return e->kind == E_op && e->op == op; }

static Expr *op_raw(Arena *a, Op op, Type type, int n, Expr *const *args) {
  Expr *e = expr_new(a, E_op, type);
  e->op = op;
  e->nargs = n;
  for (int i = 0; i < n; ++i) e->arg[i] = args[i];
  return e;
}

static Expr *index_op(Arena *a, Op op, Expr *x, Expr *y) {
  return op_raw(a, op, type_of(DT_i64, 1), 2, (Expr *[]){x, y});
}

/* Index values stay far below 2^63 (shapes end at 2^40 elements), but text may hold anything: wrap, do not trap. */
static int64_t wrap_add(int64_t x, int64_t y) { return (int64_t)((uint64_t)x + (uint64_t)y); }
static int64_t wrap_mul(int64_t x, int64_t y) { return (int64_t)((uint64_t)x * (uint64_t)y); }

static Expr *fold_add(Arena *a, Expr *x, Expr *y) {
  if (is_fixed(x) && !is_fixed(y)) return fold_add(a, y, x);
  if (is_fixed(x)) return expr_index(a, wrap_add(x->value.i, y->value.i));
  if (is_fixed(y) && y->value.i == 0) return x;
  if (is_row(x, OP_add) && is_fixed(x->arg[1])) { /* (z + c) + y: the constant moves out */
    Expr *c = x->arg[1];
    return is_fixed(y) ? fold_add(a, x->arg[0], expr_index(a, wrap_add(c->value.i, y->value.i)))
                       : fold_add(a, fold_add(a, x->arg[0], y), c);
  }
  if (is_row(y, OP_add) && is_fixed(y->arg[1])) return fold_add(a, fold_add(a, x, y->arg[0]), y->arg[1]);
  return index_op(a, OP_add, x, y);
}

static Expr *fold_mul(Arena *a, Expr *x, Expr *y) {
  if (is_fixed(x) && !is_fixed(y)) return fold_mul(a, y, x);
  if (!is_fixed(y)) return index_op(a, OP_mul, x, y);
  int64_t c = y->value.i;
  if (is_fixed(x) || c == 0) return expr_index(a, c ? wrap_mul(x->value.i, c) : 0);
  if (c == 1) return x;
  if (is_row(x, OP_mul) && is_fixed(x->arg[1]))
    return fold_mul(a, x->arg[0], expr_index(a, wrap_mul(x->arg[1]->value.i, c)));
  if (is_row(x, OP_add) && is_fixed(x->arg[1])) /* (z + d) * c: the constant moves out */
    return fold_add(a, fold_mul(a, x->arg[0], y), expr_index(a, wrap_mul(x->arg[1]->value.i, c)));
  return index_op(a, OP_mul, x, y);
}

static Expr *fold_least(Arena *a, Op op, Expr *x, Expr *y) {
  if (!is_fixed(x) || !is_fixed(y)) return index_op(a, op, x, y);
  return (x->value.i < y->value.i) == (op == OP_minimum) ? x : y;
}

static Expr *fold_index(Arena *a, Op op, Expr *x, Expr *y) {
  switch (op) {
  case OP_add: return fold_add(a, x, y);
  case OP_mul: return fold_mul(a, x, y);
  case OP_sub:
    if (is_fixed(y)) return fold_add(a, x, expr_index(a, wrap_mul(y->value.i, -1)));
    return index_op(a, OP_sub, x, y);
  case OP_minimum:
  case OP_maximum: return fold_least(a, op, x, y);
  default: return NULL;
  }
}

/* ---- inner expressions ---- */
Expr *expr_op(Arena *a, Op op, int n, Expr *const *args) {
  Type type;
  const char *problem = expr_infer(op, n, args, &type);
  if (problem) bug("kernel: %s %s", op_info[op].name, problem);
  if (n == 2 && is_index(args[0]) && is_index(args[1])) {
    Expr *folded = fold_index(a, op, args[0], args[1]);
    if (folded) return folded;
  }
  return op_raw(a, op, type, n, args);
}

Expr *expr_op1(Arena *a, Op op, Expr *x) { return expr_op(a, op, 1, (Expr *[]){x}); }
Expr *expr_op2(Arena *a, Op op, Expr *x, Expr *y) { return expr_op(a, op, 2, (Expr *[]){x, y}); }
Expr *expr_op3(Arena *a, Op op, Expr *x, Expr *y, Expr *z) { return expr_op(a, op, 3, (Expr *[]){x, y, z}); }
Expr *expr_add(Arena *a, Expr *x, Expr *y) { return expr_op2(a, OP_add, x, y); }
Expr *expr_mul(Arena *a, Expr *x, int64_t factor) { return expr_op2(a, OP_mul, x, expr_index(a, factor)); }

static Expr *index_quotient(Arena *a, ExprKind kind, Expr *x, int64_t by) {
  if (!is_index(x) || by <= 0) bug("kernel: an index is divided by %lld", (long long)by);
  Expr *e = expr_new(a, kind, type_of(DT_i64, 1));
  e->nargs = 2;
  e->arg[0] = x;
  e->arg[1] = expr_index(a, by);
  return e;
}

Expr *expr_idiv(Arena *a, Expr *x, int64_t by) {
  if (by == 1) return x;
  if (is_fixed(x) && by > 0 && x->value.i >= 0) return expr_index(a, x->value.i / by);
  if (by > 0 && is_row(x, OP_mul) && is_fixed(x->arg[1]) && x->arg[1]->value.i % by == 0)
    return expr_mul(a, x->arg[0], x->arg[1]->value.i / by);
  return index_quotient(a, E_idiv, x, by);
}

Expr *expr_imod(Arena *a, Expr *x, int64_t by) {
  if (by == 1) return expr_index(a, 0);
  if (is_fixed(x) && by > 0 && x->value.i >= 0) return expr_index(a, x->value.i % by);
  if (by > 0 && is_row(x, OP_mul) && is_fixed(x->arg[1]) && x->arg[1]->value.i % by == 0) return expr_index(a, 0);
  return index_quotient(a, E_imod, x, by);
}

Expr *expr_cast(Arena *a, Expr *x, DType to, bool bits) {
  if (x->type.dtype == to) return x;
  if (bits && dtype_info[x->type.dtype].bytes != dtype_info[to].bytes)
    bug("kernel: bitcast of %s to %s", dtype_info[x->type.dtype].name, dtype_info[to].name);
  return op_raw(a, bits ? OP_bitcast : OP_cast, type_of(to, x->type.lanes), 1, &x);
}

Expr *expr_load(Arena *a, const Buffer *b, Expr *index, int lanes, Expr *mask) {
  Expr *e = expr_new(a, E_load, type_of(b->dtype, lanes));
  e->buffer = b;
  e->nargs = mask ? 2 : 1;
  e->arg[0] = index;
  e->arg[1] = mask;
  return e;
}

Expr *expr_splat(Arena *a, Expr *x, int lanes) {
  if (x->type.lanes == lanes) return x;
  if (x->type.lanes != 1) bug("kernel: splat of %d lanes to %d", x->type.lanes, lanes);
  Expr *e = expr_new(a, x->kind == E_const ? E_const : E_splat, type_of(x->type.dtype, lanes));
  e->value = x->value;
  if (e->kind == E_const) return e;
  e->nargs = 1;
  e->arg[0] = x;
  return e;
}

Expr *expr_mask(Arena *a, Expr *n, int lanes) {
  Expr *e = expr_new(a, E_mask, type_of(DT_bool, lanes));
  e->nargs = 1;
  e->arg[0] = n;
  return e;
}

Expr *expr_extract(Arena *a, Expr *x, int lane) {
  if (x->type.lanes == 1 && lane == 0) return x;
  if (lane < 0 || lane >= x->type.lanes) bug("kernel: lane %d of %d", lane, x->type.lanes);
  Expr *e = expr_new(a, E_extract, type_of(x->type.dtype, 1));
  e->nargs = 1;
  e->arg[0] = x;
  e->value.i = lane;
  return e;
}

Expr *expr_shuffle(Arena *a, Expr *x, Expr *y, const int *lane) {
  int lanes = x->type.lanes, *own = NEW_N(a, int, lanes);
  bool same = true;
  for (int l = 0; l < lanes; ++l) {
    own[l] = lane[l];
    same = same && lane[l] == l;
  }
  if (same) return x;
  Expr *e = expr_new(a, E_shuffle, x->type);
  e->nargs = 2;
  e->arg[0] = x;
  e->arg[1] = y;
  e->lane = own;
  return e;
}

Expr *expr_call(Arena *a, const Kernel *callee, int n, Expr *const *args) {
  if (n != callee->scalars.n) bug("kernel: %s is called with %d values", callee->name, n);
  Expr *e = expr_new(a, E_call, callee->result);
  e->callee = callee;
  e->nargs = n;
  for (int i = 0; i < n && i < 3; ++i) e->arg[i] = args[i];
  if (n > 3) {
    e->more = NEW_N(a, Expr *, n);
    for (int i = 0; i < n; ++i) e->more[i] = args[i];
  }
  return e;
}

/* ---- statements ---- */
static Stmt *stmt_new(Arena *a, StmtKind kind) {
  Stmt *s = NEW(a, Stmt);
  s->kind = kind;
  return s;
}

Var *var_new(Arena *a, const char *name, Type type) {
  Var *v = NEW(a, Var);
  v->name = name;
  v->type = type;
  return v;
}

Buffer *buffer_local(Arena *a, const char *name, DType dtype, int64_t count) {
  Buffer *b = NEW(a, Buffer);
  *b = (Buffer){
      .name = name, .dtype = dtype, .count = count, .space = SPACE_local, .align = 64, .written = true, .alias = -1};
  return b;
}

Stmt *stmt_for(Arena *a, ForKind kind, Var *var, Expr *lo, Expr *hi, int64_t step) {
  Stmt *s = stmt_new(a, S_for);
  s->for_kind = kind;
  s->var = var;
  s->lo = lo;
  s->hi = hi;
  s->step = step;
  return s;
}

static Stmt *stmt_bind(Arena *a, StmtKind kind, Var *var, Expr *value) {
  Stmt *s = stmt_new(a, kind);
  s->var = var;
  s->expr = value;
  return s;
}

Stmt *stmt_let(Arena *a, Var *var, Expr *value) { return stmt_bind(a, S_let, var, value); }
Stmt *stmt_var(Arena *a, Var *var, Expr *value) { return stmt_bind(a, S_var, var, value); }
Stmt *stmt_set(Arena *a, Var *var, Expr *value) { return stmt_bind(a, S_set, var, value); }

Stmt *stmt_store(Arena *a, const Buffer *b, Expr *index, Expr *value, Expr *mask) {
  Stmt *s = stmt_bind(a, S_store, NULL, value);
  s->buffer = b;
  s->index = index;
  s->mask = mask;
  return s;
}

Stmt *stmt_prefetch(Arena *a, const Buffer *b, Expr *index) {
  Stmt *s = stmt_new(a, S_prefetch);
  s->buffer = b;
  s->index = index;
  return s;
}

Stmt *stmt_transpose(Arena *a, int lanes, const Buffer *dst, Expr *index, Expr *stride, const Buffer *src,
                     Expr *src_index, Expr *src_stride) {
  Stmt *s = stmt_new(a, S_transpose);
  s->lanes = lanes;
  s->buffer = dst;
  s->index = index;
  s->stride = stride;
  s->source = src;
  s->source_index = src_index;
  s->source_stride = src_stride;
  return s;
}

Stmt *stmt_if(Arena *a, Expr *condition) { return stmt_bind(a, S_if, NULL, condition); }

Stmt *stmt_local(Arena *a, Buffer *b) {
  Stmt *s = stmt_new(a, S_local);
  s->local_buffer = b;
  return s;
}

Stmt *stmt_routine(Arena *a, const char *name, int n, const RoutineArg *passed) {
  Stmt *s = stmt_new(a, S_routine);
  s->routine = routine_find(name);
  if (!s->routine) bug("there is no routine %s", name);
  for (int i = 0; i < n; ++i) vec_push(a, s->passed, passed[i]);
  return s;
}

Stmt *stmt_block(Arena *a, Loc loc, const char *text) {
  Stmt *s = stmt_new(a, S_block);
  s->loc = loc;
  s->text = text;
  return s;
}

/* ---- kernels and slots ---- */
Kernel *kernel_new(Arena *a, const char *name) {
  Kernel *k = NEW(a, Kernel);
  k->name = name;
  return k;
}

Buffer *kernel_param(Arena *a, Kernel *k, const char *name, DType dtype, int64_t count, bool written) {
  Buffer *b = NEW(a, Buffer);
  *b = (Buffer){.name = name, .dtype = dtype, .count = count, .align = 64, .written = written, .alias = -1};
  vec_push(a, k->params, b);
  return b;
}

Slot *program_slot(Program *p, Home home, const char *name, DType dtype, Shape shape, Loc loc) {
  Slot *s = NEW(p->arena, Slot);
  s->id = p->slots.n;
  s->name = name;
  s->dtype = dtype;
  s->shape = shape;
  s->bytes = shape_count(shape) * dtype_info[dtype].bytes;
  s->home = home;
  s->within = p->within;
  s->loc = loc;
  vec_push(p->arena, p->slots, s);
  return s;
}
