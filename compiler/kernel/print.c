/* print.c: kernels and functions as text (MIDDLE.md 2.2), which parse.c reads back; print_program.c has the rest of a
 * program.
 *
 *   kernel linear_relu(x: f32[100352], w: f32[401408], y: f32[65536] written)
 *     about "y [128,512] = relu(x . w)"
 *     block "x:matmul(w)" at "model.lua":17
 *       for u in 0..160 parallel
 *         let i0: i64 = u % 10 * 13
 *         var c: f32x16 = f32x16(0)
 *         for k in 0..784
 *           set c = fma(splat<16>(load f32 x[i0 * 784 + k]), load f32x16 w[k * 16], c)
 *         store f32x16 y[i0 * 512] = maximum(c, f32x16(0)) mask mask<16>(10)
 *
 * A routine of the runtime is called as `call nnrt_sgemm(64, 512, 784, x[i0 * 784], 784, 1, …)`, by its row in abi.def.
 * Blocks are indented by two spaces. A constant is written type(value); a bare number is an i64 scalar, as all indices
 * are; `/` and `%` are E_idiv and E_imod; add, sub and mul stand between their operands, the other rows in front.
 * What is printed parses to a tree that prints the same; nothing is folded on the way. */
#include "parse.h"

#include <inttypes.h>

enum { PRECEDENCE_SUM = 1, PRECEDENCE_PRODUCT, PRECEDENCE_PRIMARY };

static void print_expr(Text *out, const Expr *e, int least);
static void print_block(Text *out, const Block *b);

static void print_type(Text *out, Type t) {
  text_puts(out, dtype_info[t.dtype].name);
  if (t.lanes != 1) text_printf(out, "x%d", t.lanes);
}

void print_quoted(Text *out, const char *s) {
  text_puts(out, "\"");
  for (char c[3] = {0}; s && *s; ++s) {
    bool escaped = *s == '"' || *s == '\\' || *s == '\n';
    c[0] = escaped ? '\\' : *s;
    c[1] = !escaped ? 0 : *s == '\n' ? 'n' : *s;
    text_puts(out, c);
  }
  text_puts(out, "\"");
}

void print_loc(Text *out, Loc loc) {
  print_quoted(out, loc.file);
  text_printf(out, ":%d", loc.line);
  if (!loc.via) return;
  text_puts(out, " via ");
  print_quoted(out, loc.via);
}

/* ---- expressions ---- */
static void print_const(Text *out, const Expr *e) {
  bool bare = e->type.dtype == DT_i64 && e->type.lanes == 1;
  if (!bare) print_type(out, e->type);
  if (!bare) text_puts(out, "(");
  if (!dtype_is_float(e->type.dtype))
    text_printf(out, "%" PRId64, e->value.i);
  else if (e->type.dtype == DT_f32)
    text_puts(out, text_f32(out->arena, (float)e->value.f));
  else
    text_puts(out, text_f64(out->arena, e->value.f));
  if (!bare) text_puts(out, ")");
}

static void print_args(Text *out, const Expr *e) {
  text_puts(out, "(");
  for (int i = 0; i < e->nargs; ++i) {
    if (i) text_puts(out, ", ");
    print_expr(out, expr_arg(e, i), 0);
  }
  text_puts(out, ")");
}

/* x + -3 reads better as x - 3; a difference with a constant on the right is therefore printed as sub(x, 3). */
static bool is_number(const Expr *e) { return e->kind == E_const && e->type.dtype == DT_i64 && e->type.lanes == 1; }
static bool is_negative(const Expr *e) { return is_number(e) && e->value.i < 0 && e->value.i != INT64_MIN; }

static const char *infix(const Expr *e, int *precedence) {
  *precedence = PRECEDENCE_PRODUCT;
  if (e->kind == E_idiv) return " / ";
  if (e->kind == E_imod) return " % ";
  if (e->kind != E_op) return NULL;
  if (e->op == OP_mul) return " * ";
  *precedence = PRECEDENCE_SUM;
  if (e->op == OP_add) return is_negative(e->arg[1]) ? " - " : " + ";
  return e->op == OP_sub && !is_number(e->arg[1]) ? " - " : NULL;
}

static void print_infix(Text *out, const Expr *e, const char *sign, int precedence, int least) {
  if (precedence < least) text_puts(out, "(");
  print_expr(out, e->arg[0], precedence);
  text_puts(out, sign);
  if (e->kind == E_op && e->op == OP_add && is_negative(e->arg[1]))
    text_printf(out, "%" PRId64, -e->arg[1]->value.i);
  else
    print_expr(out, e->arg[1], precedence + 1);
  if (precedence < least) text_puts(out, ")");
}

static void print_prefix(Text *out, const Expr *e) {
  text_puts(out, op_info[e->op].name);
  if (e->op == OP_cast || e->op == OP_bitcast) text_printf(out, "<%s>", dtype_info[e->type.dtype].name);
  print_args(out, e);
}

static void print_load(Text *out, const Expr *e) {
  text_puts(out, "load ");
  print_type(out, e->type);
  text_printf(out, " %s[", e->buffer->name);
  print_expr(out, e->arg[0], 0);
  text_puts(out, "]");
  if (e->nargs < 2 || !e->arg[1]) return;
  text_puts(out, " mask ");
  print_expr(out, e->arg[1], PRECEDENCE_PRIMARY);
}

static void print_lanes(Text *out, const Expr *e, const char *open, const char *close) {
  text_puts(out, open);
  for (int l = 0; l < e->type.lanes; ++l) text_printf(out, l ? ", %d" : "%d", e->lane[l]);
  text_puts(out, close);
}

static void print_leaf(Text *out, const Expr *e) {
  switch (e->kind) {
  case E_const: print_const(out, e); return;
  case E_var: text_puts(out, e->var->name); return;
  case E_load: print_load(out, e); return;
  case E_lane:
    text_printf(out, "lane<%d>", e->type.lanes);
    if (e->lane) print_lanes(out, e, "(", ")");
    return;
  case E_shuffle: print_lanes(out, e, "shuffle<", ">"); break;
  case E_splat: text_printf(out, "splat<%d>", e->type.lanes); break;
  case E_mask: text_printf(out, "mask<%d>", e->type.lanes); break;
  case E_extract: text_printf(out, "extract<%" PRId64 ">", e->value.i); break;
  case E_call: text_printf(out, "call %s", e->callee->name); break;
  default: print_prefix(out, e); return;
  }
  print_args(out, e);
}

static void print_expr(Text *out, const Expr *e, int least) {
  int precedence;
  const char *sign = infix(e, &precedence);
  if (sign)
    print_infix(out, e, sign, precedence, least);
  else
    print_leaf(out, e);
}

/* ---- statements ---- */
static void print_for(Text *out, const Stmt *s) {
  text_printf(out, "for %s in ", s->var->name);
  print_expr(out, s->lo, PRECEDENCE_SUM);
  text_puts(out, "..");
  print_expr(out, s->hi, PRECEDENCE_SUM);
  if (s->step != 1) text_printf(out, " step %" PRId64, s->step);
  if (s->for_kind == FOR_parallel) text_puts(out, " parallel");
  if (s->for_kind == FOR_unrolled) text_puts(out, " unrolled");
  if (s->unroll) text_printf(out, " by %d", s->unroll);
}

static void print_bind(Text *out, const Stmt *s, const char *word) {
  text_printf(out, "%s %s", word, s->var->name);
  if (s->kind != S_set) {
    text_puts(out, ": ");
    print_type(out, s->var->type);
  }
  text_puts(out, " = ");
  print_expr(out, s->expr, 0);
}

static void print_store(Text *out, const Stmt *s) {
  text_puts(out, "store ");
  print_type(out, s->expr->type);
  text_printf(out, " %s[", s->buffer->name);
  print_expr(out, s->index, 0);
  text_puts(out, "] = ");
  print_expr(out, s->expr, 0);
  if (!s->mask) return;
  text_puts(out, " mask ");
  print_expr(out, s->mask, PRECEDENCE_PRIMARY);
}

static void print_prefetch(Text *out, const Stmt *s) {
  text_printf(out, "prefetch %s[", s->buffer->name);
  print_expr(out, s->index, 0);
  text_puts(out, "]");
}

static void print_strided(Text *out, const Buffer *b, const Expr *index, const Expr *stride) {
  text_printf(out, "%s[", b->name);
  print_expr(out, index, 0);
  text_puts(out, "; ");
  print_expr(out, stride, 0);
  text_puts(out, "]");
}

static void print_transpose(Text *out, const Stmt *s) {
  text_printf(out, "transpose %d ", s->lanes);
  print_strided(out, s->buffer, s->index, s->stride);
  text_puts(out, " = ");
  print_strided(out, s->source, s->source_index, s->source_stride);
}

static void print_routine(Text *out, const Stmt *s) {
  text_printf(out, "call %s(", s->routine->name);
  for (int i = 0; i < s->passed.n; ++i) {
    const RoutineArg *x = &s->passed.at[i];
    if (i) text_puts(out, ", ");
    if (x->buffer) text_printf(out, "%s[", x->buffer->name);
    print_expr(out, x->value, 0);
    if (x->buffer) text_puts(out, "]");
  }
  text_puts(out, ")");
}

static void print_buffer(Text *out, const Buffer *b) {
  text_printf(out, "%s: %s[%" PRId64 "]", b->name, dtype_info[b->dtype].name, b->count);
  if (b->align != 64) text_printf(out, " align %d", b->align);
}

static void print_if(Text *out, const Stmt *s) {
  text_puts(out, "if ");
  print_expr(out, s->expr, 0);
  text_puts(out, "\n");
  print_block(out, &s->body);
  if (!s->other.n) return;
  text_puts(out, "else\n");
  print_block(out, &s->other);
}

static void print_model_block(Text *out, const Stmt *s) {
  text_puts(out, "block ");
  print_quoted(out, s->text);
  if (!s->loc.file) return;
  text_puts(out, " at ");
  print_loc(out, s->loc);
}

static void print_head(Text *out, const Stmt *s) {
  switch (s->kind) {
  case S_for: print_for(out, s); return;
  case S_let: print_bind(out, s, "let"); return;
  case S_var: print_bind(out, s, "var"); return;
  case S_set: print_bind(out, s, "set"); return;
  case S_store: print_store(out, s); return;
  case S_prefetch: print_prefetch(out, s); return;
  case S_transpose: print_transpose(out, s); return;
  case S_local: text_puts(out, "local "), print_buffer(out, s->local_buffer); return;
  case S_routine: print_routine(out, s); return;
  case S_block: print_model_block(out, s); return;
  case S_call: /* of hosts: print_program.c */
  case S_barrier:
  case S_while: return;
  case S_return: text_puts(out, "return "), print_expr(out, s->expr, 0); return;
  case S_if: break;
  }
}

static void print_block(Text *out, const Block *b) {
  out->indent++;
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    if (s->kind == S_if) {
      print_if(out, s);
      continue;
    }
    print_head(out, s);
    text_puts(out, "\n");
    print_block(out, &s->body);
    if (s->kind == S_while) {
      text_puts(out, "do\n");
      print_block(out, &s->other);
    }
  }
  out->indent--;
}

/* ---- kernels, functions ---- */
static void print_params(Text *out, const Kernel *k) {
  text_puts(out, "(");
  for (int i = 0; i < k->params.n; ++i) {
    const Buffer *b = k->params.at[i];
    if (i) text_puts(out, ", ");
    print_buffer(out, b);
    if (b->written) text_puts(out, " written");
    if (b->alias >= 0) text_printf(out, " alias %d", b->alias);
  }
  for (int i = 0; i < k->scalars.n; ++i) {
    text_printf(out, "%s%s: ", i || k->params.n ? ", " : "", k->scalars.at[i]->name);
    print_type(out, k->scalars.at[i]->type);
  }
  text_puts(out, ")");
}

static void print_facts(Text *out, const Kernel *k) {
  out->indent++;
  if (k->comment) text_puts(out, "about "), print_quoted(out, k->comment), text_puts(out, "\n");
  for (int i = 0; i < k->locs.n; ++i) text_puts(out, "from "), print_loc(out, k->locs.at[i]), text_puts(out, "\n");
  if (k->flops || k->bytes_read || k->bytes_written)
    text_printf(out, "costs flops %" PRId64 " reads %" PRId64 " writes %" PRId64 "\n", k->flops, k->bytes_read,
                k->bytes_written);
  out->indent--;
}

void kernel_print(Text *out, const Kernel *k) { print_kernel(out, k, k->name); }

void print_kernel(Text *out, const Kernel *k, const char *name) {
  text_printf(out, "%s %s", k->result.lanes ? "function" : "kernel", name);
  print_params(out, k);
  if (k->result.lanes) {
    text_puts(out, " -> ");
    print_type(out, k->result);
  }
  text_puts(out, "\n");
  print_facts(out, k);
  print_block(out, &k->body);
}
