/* verify.c: the invariants of kernels, one kernel at a time (the program's are in verify_program.c).
 *
 * kernel_problem finds the first breach and says it in words; the parser makes a user error of it, kernel_verify a bug.
 * Checked: every type is what the operands give; names are unique, defined before use and in scope; sets go to mutable
 * variables; stores go to written buffers; vectors are no wider than the machine's; parallel loops stand at the top
 * level and run from 0 by 1 to a constant; stores outside them occur only in kernels without parallel loops (those run
 * on thread 0 alone); local arrays hold at most 16 KB; kernels hold no call, barrier or return, and functions end
 * with their return. */
#include "kernel.h"

enum { LOCAL_BYTES_MAX = 16384, DEPTH_MAX = 1000 };

typedef enum Seen { SEEN_no, SEEN_let, SEEN_var, SEEN_loop, SEEN_buffer, SEEN_gone } Seen;

typedef struct Check {
  Arena *arena;
  const Kernel *kernel;
  const Machine *machine;
  Intern seen; /* pointer to Var or Buffer -> a Seen cell */
  Map names;   /* every name of the kernel */
  VEC(Seen *) scope;
  bool function, serial, parallel; /* parallel: inside a parallel loop */
  const char *problem;
  const Stmt *at, *current;
} Check;

static void fail(Check *c, const char *format, const char *a, const char *b) {
  if (c->problem) return;
  c->problem = arena_printf(c->arena, format, a, b);
  c->at = c->current;
}

static Seen *seen_cell(Check *c, const void *p) {
  void **slot = intern_slot(&c->seen, &p, sizeof p);
  if (!*slot) *slot = NEW(c->arena, Seen);
  return *slot;
}

static void define(Check *c, const void *p, const char *name, Seen as) {
  Seen *cell = seen_cell(c, p);
  if (*cell == SEEN_gone && as == SEEN_loop) { /* one variable may run several loops, one after the other */
    *cell = as;
    vec_push(c->arena, c->scope, cell);
    return;
  }
  if (*cell != SEEN_no) fail(c, "%s is defined twice%s", name, "");
  if (map_get(&c->names, name)) fail(c, "the name %s is taken%s", name, "");
  map_put(&c->names, name, cell);
  *cell = as;
  vec_push(c->arena, c->scope, cell);
}

static void scope_leave(Check *c, int n) {
  while (c->scope.n > n) *c->scope.at[--c->scope.n] = SEEN_gone;
}

static bool in_scope(Check *c, const void *p) {
  Seen s = *seen_cell(c, p);
  return s != SEEN_no && s != SEEN_gone;
}

/* ---- expressions ---- */
static bool type_equal(Type a, Type b) { return a.dtype == b.dtype && a.lanes == b.lanes; }
static bool type_is_index(Type t) { return t.dtype == DT_i64 && t.lanes == 1; }

static void check_type(Check *c, Type t) {
  if (t.dtype < 0 || t.dtype >= DTYPE_COUNT || t.lanes < 1 || t.lanes > LANES_MAX || (t.lanes & (t.lanes - 1)))
    fail(c, "%s%s", "lanes must be 1, 2, 4, … 64", "");
  else if (c->machine && t.lanes > 1 && t.lanes > c->machine->lanes[t.dtype])
    fail(c, "a vector of %s is wider than the registers of %s", dtype_info[t.dtype].name, c->machine->name);
}

static void check_index(Check *c, const Expr *e, const char *what) {
  if (!e || !type_is_index(e->type)) fail(c, "%s must be an i64 scalar%s", what, "");
}

static void check_mask(Check *c, const Expr *mask, int lanes) {
  if (mask && !type_equal(mask->type, type_of(DT_bool, lanes)))
    fail(c, "%s%s", "a mask must be bool with the lanes of the access", "");
}

static void check_load(Check *c, const Expr *e) {
  if (!in_scope(c, e->buffer)) return fail(c, "%s is not defined here%s", e->buffer->name, "");
  if (e->buffer->dtype != e->type.dtype) fail(c, "load of %s as %s", e->buffer->name, dtype_info[e->type.dtype].name);
  check_index(c, e->arg[0], "an index");
  check_mask(c, e->nargs > 1 ? e->arg[1] : NULL, e->type.lanes);
}

static void check_op(Check *c, const Expr *e) {
  Type type = e->type;
  const char *problem = NULL;
  if (e->op == OP_cast || e->op == OP_bitcast) {
    Type from = e->nargs == 1 ? e->arg[0]->type : type_of(DT_f32, 0);
    if (from.lanes != type.lanes) problem = "has other lanes than its operand";
    if (e->op == OP_bitcast && dtype_info[from.dtype].bytes != dtype_info[type.dtype].bytes)
      problem = "changes the size of an element";
  } else {
    problem = expr_infer(e->op, e->nargs, e->arg, &type);
    if (!problem && !type_equal(type, e->type)) problem = "has another type than its operands give";
  }
  if (problem) fail(c, "%s %s", op_info[e->op].name, problem);
}

static void check_call(Check *c, const Expr *e) {
  const Kernel *f = e->callee;
  if (!f->result.lanes) return fail(c, "%s is a kernel, not a function%s", f->name, "");
  if (!type_equal(f->result, e->type)) fail(c, "the call of %s has another type than it returns%s", f->name, "");
  if (f->scalars.n != e->nargs) return fail(c, "%s is called with the wrong number of values%s", f->name, "");
  for (int i = 0; i < e->nargs; ++i)
    if (!type_equal(f->scalars.at[i]->type, expr_arg(e, i)->type))
      fail(c, "%s is called with a value of the wrong type%s", f->name, "");
}

static void check_quotient(Check *c, const Expr *e) {
  check_index(c, e->arg[0], "what is divided");
  if (e->nargs != 2 || e->arg[1]->kind != E_const || !type_is_index(e->arg[1]->type) || e->arg[1]->value.i <= 0)
    fail(c, "%s%s", "an index is divided by something else than a positive number", "");
}

static void check_shuffle(Check *c, const Expr *e) {
  if (!e->lane || e->type.dtype == DT_bool || e->type.lanes < 2 || e->nargs != 2 ||
      !type_equal(e->arg[0]->type, e->type) || !type_equal(e->arg[1]->type, e->type))
    return fail(c, "%s%s", "shuffle takes two vectors of its type, which are not of bool", "");
  for (int l = 0; l < e->type.lanes; ++l)
    if (e->lane[l] < 0 || e->lane[l] >= 2 * e->type.lanes)
      fail(c, "%s%s", "shuffle takes lanes that its operands have", "");
}

static void check_kind(Check *c, const Expr *e) {
  switch (e->kind) {
  case E_const: return;
  case E_var:
    if (!in_scope(c, e->var)) fail(c, "%s is not defined here%s", e->var->name, "");
    if (!type_equal(e->var->type, e->type)) fail(c, "%s is used as another type%s", e->var->name, "");
    return;
  case E_load: check_load(c, e); return;
  case E_op: check_op(c, e); return;
  case E_splat:
    if (!type_equal(e->arg[0]->type, type_of(e->type.dtype, 1)))
      fail(c, "%s%s", "splat takes a scalar of its dtype", "");
    return;
  case E_lane:
    if (e->type.dtype != DT_i32) fail(c, "%s%s", "lane numbers are i32", "");
    return;
  case E_shuffle: check_shuffle(c, e); return;
  case E_mask:
    check_index(c, e->arg[0], "the count of a mask");
    if (e->type.dtype != DT_bool) fail(c, "%s%s", "a mask is bool", "");
    return;
  case E_idiv:
  case E_imod: check_quotient(c, e); return;
  case E_extract:
    if (!type_equal(e->type, type_of(e->arg[0]->type.dtype, 1)) || e->value.i < 0 ||
        e->value.i >= e->arg[0]->type.lanes)
      fail(c, "%s%s", "extract takes a lane that is there", "");
    return;
  case E_call: check_call(c, e); return;
  }
  fail(c, "%s%s", "an expression of unknown kind", "");
}

static void check_expr(Check *c, const Expr *e, int depth) {
  if (c->problem) return;
  if (depth > DEPTH_MAX) return fail(c, "%s%s", "an expression is nested too deeply", "");
  for (int i = 0; i < e->nargs; ++i) {
    if (!expr_arg(e, i) && !(e->kind == E_load && i == 1)) return fail(c, "%s%s", "an operand is missing", "");
    if (expr_arg(e, i)) check_expr(c, expr_arg(e, i), depth + 1);
  }
  check_type(c, e->type);
  if (!c->problem) check_kind(c, e);
}

/* ---- statements ---- */
static void check_block(Check *c, const Block *b, bool top);

static void check_for(Check *c, const Stmt *s, bool top) {
  check_index(c, s->lo, "the start of a loop");
  check_index(c, s->hi, "the end of a loop");
  if (s->step <= 0) fail(c, "the step of the loop over %s is not positive%s", s->var->name, "");
  if (!type_is_index(s->var->type)) fail(c, "the loop variable %s is not an i64 scalar%s", s->var->name, "");
  if (s->for_kind == FOR_parallel) {
    if (!top || c->function)
      fail(c, "the parallel loop over %s is not at the top level of a kernel%s", s->var->name, "");
    if (s->lo->kind != E_const || s->hi->kind != E_const || s->lo->value.i != 0 || s->step != 1)
      fail(c, "the parallel loop over %s does not run from 0 by 1 to a constant%s", s->var->name, "");
  }
  int mark = c->scope.n;
  define(c, s->var, s->var->name, SEEN_loop);
  if (s->for_kind == FOR_parallel) c->parallel = true;
  check_block(c, &s->body, false);
  if (s->for_kind == FOR_parallel) c->parallel = false;
  scope_leave(c, mark);
}

static void check_bind(Check *c, const Stmt *s) {
  if (!type_equal(s->var->type, s->expr->type)) fail(c, "%s gets a value of another type%s", s->var->name, "");
  if (s->kind != S_set) {
    define(c, s->var, s->var->name, s->kind == S_var ? SEEN_var : SEEN_let);
  } else if (*seen_cell(c, s->var) != SEEN_var) {
    fail(c, "%s is set, but is not a mutable variable of this place%s", s->var->name, "");
  }
}

static void check_target(Check *c, const Buffer *b) {
  if (!in_scope(c, b)) fail(c, "%s is not defined here%s", b->name, "");
  if (!b->written) fail(c, "%s is stored to, but not marked written%s", b->name, "");
  if (!c->serial && !c->parallel && b->space == SPACE_arena)
    fail(c, "%s is stored to outside the parallel loop%s", b->name, "");
}

static void check_store(Check *c, const Stmt *s) {
  check_target(c, s->buffer);
  if (s->buffer->dtype != s->expr->type.dtype)
    fail(c, "store of %s to %s", dtype_info[s->expr->type.dtype].name, s->buffer->name);
  check_index(c, s->index, "an index");
  check_mask(c, s->mask, s->expr->type.lanes);
}

static void check_prefetch(Check *c, const Stmt *s) {
  if (!in_scope(c, s->buffer)) fail(c, "%s is not defined here%s", s->buffer->name, "");
  check_index(c, s->index, "an index");
}

static void check_transpose(Check *c, const Stmt *s) {
  check_target(c, s->buffer);
  if (!in_scope(c, s->source)) fail(c, "%s is not defined here%s", s->source->name, "");
  if (s->buffer->dtype != s->source->dtype) fail(c, "transpose of %s to %s", s->source->name, s->buffer->name);
  if (s->lanes < 2) fail(c, "%s%s", "a transpose needs at least 2 lanes", "");
  check_type(c, type_of(s->buffer->dtype, s->lanes));
  check_index(c, s->index, "an index");
  check_index(c, s->source_index, "an index");
  check_index(c, s->stride, "a stride");
  check_index(c, s->source_stride, "a stride");
}

static void check_routine(Check *c, const Stmt *s) {
  const char *kind = s->routine->operands;
  if (c->function) fail(c, "%s is called in a function%s", s->routine->name, "");
  if (s->passed.n != (int)strlen(kind))
    return fail(c, "%s is called with too few or too many operands%s", s->routine->name, "");
  for (int i = 0; i < s->passed.n; ++i) {
    const Buffer *b = s->passed.at[i].buffer;
    check_index(c, s->passed.at[i].value, b ? "an index" : "an operand of a routine");
    if (!b != (kind[i] == 'i'))
      return fail(c, "%s gets an address for a number, or the reverse%s", s->routine->name, "");
    if (!b) continue;
    if (b->dtype != s->routine->dtype && kind[i] != 'a')
      fail(c, "%s gets %s of another dtype", s->routine->name, b->name);
    if (kind[i] == 'w')
      check_target(c, b);
    else if (!in_scope(c, b))
      fail(c, "%s is not defined here%s", b->name, "");
  }
}

static void check_local(Check *c, const Buffer *b) {
  if (b->space != SPACE_local) fail(c, "%s is declared, but is no local array%s", b->name, "");
  if (b->count < 1 || b->count > LOCAL_BYTES_MAX / dtype_info[b->dtype].bytes)
    fail(c, "the local array %s does not hold 1 to 16384 bytes%s", b->name, "");
  define(c, b, b->name, SEEN_buffer);
}

static void check_inner(Check *c, const Block *b, bool top) {
  int mark = c->scope.n;
  check_block(c, b, top);
  scope_leave(c, mark);
}

static void check_stmt(Check *c, const Stmt *s, bool top) {
  switch (s->kind) {
  case S_for: check_for(c, s, top); return;
  case S_let:
  case S_var:
  case S_set: check_bind(c, s); return;
  case S_store: check_store(c, s); return;
  case S_prefetch: check_prefetch(c, s); return;
  case S_transpose: check_transpose(c, s); return;
  case S_routine: check_routine(c, s); return;
  case S_if:
    if (!type_equal(s->expr->type, type_of(DT_bool, 1))) fail(c, "%s%s", "a condition must be a bool scalar", "");
    check_inner(c, &s->body, false);
    check_inner(c, &s->other, false);
    return;
  case S_local: check_local(c, s->local_buffer); return;
  case S_block: check_inner(c, &s->body, top); return;
  case S_return:
    if (!c->function || !top) fail(c, "%s%s", "a return stands only at the end of a function", "");
    if (!type_equal(s->expr->type, c->kernel->result))
      fail(c, "%s returns another type than it says%s", c->kernel->name, "");
    return;
  case S_call:
  case S_while:
  case S_barrier: break;
  }
  fail(c, "%s%s", "calls and barriers belong to host functions", "");
}

/* The fields that a kind of statement needs. */
static bool is_complete(const Stmt *s) {
  switch (s->kind) {
  case S_for: return s->var && s->lo && s->hi;
  case S_let:
  case S_var:
  case S_set: return s->var && s->expr;
  case S_store: return s->buffer && s->index && s->expr;
  case S_prefetch: return s->buffer && s->index;
  case S_transpose: return s->buffer && s->source && s->index && s->stride && s->source_index && s->source_stride;
  case S_if:
  case S_return: return s->expr != NULL;
  case S_local: return s->local_buffer != NULL;
  case S_routine: return s->routine != NULL && s->passed.n <= ROUTINE_ARGS_MAX;
  default: return true;
  }
}

static void check_block(Check *c, const Block *b, bool top) {
  for (int i = 0; i < b->n && !c->problem; ++i) {
    const Stmt *s = c->current = b->at[i];
    if (!is_complete(s)) return fail(c, "%s%s", "a statement lacks a part", "");
    Expr *expr[STMT_EXPRS_MAX];
    int n = stmt_exprs(s, expr);
    for (int j = 0; j < n; ++j) check_expr(c, expr[j], 0);
    if (!c->problem) check_stmt(c, s, top);
  }
}

/* ---- heads ---- */
static void check_params(Check *c) {
  const Kernel *k = c->kernel;
  if (c->function && k->params.n) fail(c, "the function %s takes a buffer%s", k->name, "");
  for (int i = 0; i < k->params.n; ++i) {
    const Buffer *b = k->params.at[i];
    if (b->space != SPACE_arena || b->count < 1) fail(c, "the parameter %s is no piece of an arena%s", b->name, "");
    if (b->align < dtype_info[b->dtype].bytes || (b->align & (b->align - 1)))
      fail(c, "the parameter %s has no valid alignment%s", b->name, "");
    if (b->alias >= i || (b->alias >= 0 && k->params.at[b->alias]->alias >= 0))
      fail(c, "the parameter %s is an alias of none before it%s", b->name, "");
    define(c, b, b->name, SEEN_buffer);
  }
  for (int i = 0; i < k->scalars.n; ++i) {
    check_type(c, k->scalars.at[i]->type);
    define(c, k->scalars.at[i], k->scalars.at[i]->name, SEEN_let);
  }
}

const char *kernel_problem(Arena *arena, const Kernel *k, const Machine *m, const Stmt **at) {
  Check c = {.arena = arena, .kernel = k, .machine = m, .function = k->result.lanes > 0};
  intern_init(&c.seen, arena);
  map_init(&c.names, arena);
  c.serial = kernel_is_serial(k);
  check_params(&c);
  check_block(&c, &k->body, true);
  c.current = NULL;
  if (c.function && (!k->body.n || k->body.at[k->body.n - 1]->kind != S_return))
    fail(&c, "the function %s does not end with its return%s", k->name, "");
  if (at) *at = c.at;
  return c.problem;
}

void kernel_verify(const Kernel *k, const Machine *m) {
  char text[512] = "";
  Arena *arena = arena_new();
  const char *problem = kernel_problem(arena, k, m, NULL);
  if (problem) snprintf(text, sizeof text, "%s", problem);
  arena_free(arena); /* before bug, which does not come back */
  if (*text) bug("kernel %s: %s", k->name, text);
}
