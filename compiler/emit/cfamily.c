/* cfamily.c: a Program's kernels as C text; other languages of the family differ by the words of dialects.def. Step
 * functions are in chost.c, whole files in bundle.c.
 *
 * Printers print and never choose: a statement of the IR is a statement of C, an elementwise row is its template.
 * Expressions are printed with the parentheses that they need and those that -Wparentheses asks for. An i64 scalar is
 * index arithmetic when it is made of loop variables and constants only, or stands in an index; it never overflows and
 * is printed with bare signs, while data wraps through functions (i32_add). */
#include "print.h"

#include <inttypes.h>
#include <math.h>

typedef struct Words {
#define WORD(name, c) const char *name;
#include "dialects.def"
#undef WORD
} Words;
static const Words words_c = {
#define WORD(name, c) .name = c,
#include "dialects.def"
#undef WORD
};

typedef struct Printer {
  Sheet *sheet;
  const Words *words;
  Text line;     /* the statement in the making */
  bool in_index; /* inside an index: i64 arithmetic cannot overflow */
  Used used;
  Scope scope;
  Intern indices; /* Vars that hold index arithmetic */
} Printer;

/* How strongly C binds. */
enum { ANY, TERNARY = 3, BIT_OR = 6, BIT_XOR, BIT_AND, EQUALITY, RELATION, SHIFT, SUM, PRODUCT, UNARY, PRIMARY };

static void expr_print(Printer *c, const Expr *e, int least);

/* ---- lines ---- */
static void line_end(Printer *c) {
  c_line(c->sheet, text_str(&c->line));
  c->line.n = 0;
  c->line.mid_line = false;
}

/* ---- names and types ---- */

static const char *tag_of(Printer *c, Type t) {
  const char *name = dtype_info[t.dtype].name;
  return t.lanes == 1 ? name : arena_printf(c->sheet->arena, "%sx%d", name, t.lanes);
}

static const char *type_text(Printer *c, Type t) {
  if (t.lanes > 1) return tag_of(c, t);
  return t.dtype == DT_bool ? "bool" : dtype_info[t.dtype].c;
}

/* ---- constants ---- */
static const char *scalar_text(Printer *c, const Expr *e) {
  DType t = e->type.dtype;
  if (t == DT_f16 || t == DT_bf16) return arena_printf(c->sheet->arena, "0x%04" PRIx32, half_bits(t, e->value.f));
  return dtype_is_float(t) ? c_float(c->sheet->arena, t, e->value.f) : c_integer(c->sheet->arena, t, e->value.i);
}

static void const_print(Printer *c, const Expr *e, int least) {
  const char *text = scalar_text(c, e);
  bool wrap = e->type.lanes > 1, brackets = !wrap && *text == '-' && least > UNARY;
  if (wrap) text_printf(&c->line, "%s_set1", tag_of(c, e->type));
  text_printf(&c->line, wrap || brackets ? "(%s)" : "%s", text);
}

/* ---- elementwise rows ---- */
/* Is this i64 scalar made of loop variables and constants alone? */
static bool is_index(Printer *c, const Expr *e) {
  if (e->type.dtype != DT_i64 || e->type.lanes != 1) return false;
  if (e->kind == E_const) return true;
  if (e->kind == E_var) return *intern_slot(&c->indices, &e->var, sizeof e->var) != NULL;
  bool row = e->kind == E_op && (e->op == OP_add || e->op == OP_sub || e->op == OP_mul || e->op == OP_maximum ||
                                 e->op == OP_minimum || e->op == OP_where);
  if (!row && e->kind != E_idiv && e->kind != E_imod) return false;
  for (int i = row && e->op == OP_where; i < e->nargs; ++i)
    if (!is_index(c, e->arg[i])) return false;
  return true;
}

/* The form of the template that this expression takes. */
static const char *row_form(Printer *c, const Expr *e) {
  const char *form = op_info[e->op].c, *other = strstr(form, "||");
  char domain = op_info[e->op].domain;
  DType t = e->type.dtype;
  bool second = domain == 'C' || domain == 'W'
                    ? e->arg[0]->type.lanes > 1
                    : dtype_is_integer(t) && (t != DT_u32 || e->op == OP_div) && !c->in_index && !is_index(c, e);
  return !other ? form : second ? other + 2 : arena_strndup(c->sheet->arena, form, (size_t)(other - form));
}

static int form_precedence(const char *form) {
  if (form[0] == '-') return UNARY;
  if (strncmp(form, "%0 ", 3)) return PRIMARY;
  switch (form[3]) {
  case '+':
  case '-': return SUM;
  case '*':
  case '/': return PRODUCT;
  case '<': return RELATION;
  case '=': return EQUALITY;
  case '&': return BIT_AND;
  case '|': return BIT_OR;
  case '^': return BIT_XOR;
  default: return TERNARY;
  }
}

/* The least binding of operand i: brackets also where gcc and clang warn without them. */
static int operand_least(int precedence, int i) {
  switch (precedence) {
  case PRIMARY: return ANY;
  case UNARY: return PRIMARY;
  case SUM:
  case PRODUCT: return precedence + (i > 0);
  case RELATION:
  case EQUALITY: return SUM;
  case TERNARY: return EQUALITY;
  default: return UNARY;
  }
}

/* Beside a vector, a scalar stands for itself: x * 0.5f. */
static bool is_bare(const Expr *e, const Expr *beside) {
  bool vector = beside->kind != E_const && beside->kind != E_splat && dtype_info[e->type.dtype].bytes >= 4;
  bool finite = e->kind == E_const && (!dtype_is_float(e->type.dtype) || isfinite(e->value.f));
  return e->type.lanes > 1 && vector && (finite || e->kind == E_splat);
}

static void operand_print(Printer *c, const Expr *e, int i, int precedence) {
  const Expr *x = e->arg[i];
  bool sign = precedence != PRIMARY && precedence != UNARY && precedence != TERNARY && x->type.dtype != DT_bool;
  int least = operand_least(precedence, i);
  if (e->op == OP_add && e->type.dtype == DT_i64 && precedence == SUM) least = SUM; /* a + (b + c) of indices */
  if (sign && is_bare(x, e->arg[1 - i])) {
    if (x->kind == E_splat)
      expr_print(c, x->arg[0], least);
    else
      text_puts(&c->line, scalar_text(c, x));
  } else {
    expr_print(c, x, least);
  }
}

static void template_print(Printer *c, const Expr *e, const char *form) {
  int precedence = form_precedence(form);
  char one[2] = {0};
  for (const char *f = form; *f; ++f) {
    one[0] = *f;
    if (*f != '%')
      text_puts(&c->line, one);
    else if (*++f == 't')
      text_puts(&c->line, tag_of(c, e->arg[0]->type));
    else if (*f == 'r')
      text_puts(&c->line, tag_of(c, e->type));
    else
      operand_print(c, e, *f - '0', precedence);
  }
}

/* i + -1 of indices is i - 1. */
static bool subtracts(const Expr *e) {
  const Expr *y = e->op == OP_add && e->type.dtype == DT_i64 ? e->arg[1] : NULL;
  return y && y->kind == E_const && y->type.lanes == 1 && y->value.i < 0 && y->value.i > INT64_MIN;
}

/* The form of a row of one lane where it is not the table's; NULL: it is. */
static const char *scalar_form(const Printer *c, const Expr *e) {
  if (e->type.lanes > 1) return NULL;
  if (e->op == OP_fma && !c->sheet->program->machine->hard_fma)
    return e->type.dtype == DT_f64 ? "nnrt_fma(%0, %1, %2)" : "nnrt_fmaf(%0, %1, %2)";
  if (e->type.dtype != DT_bool) return NULL;
  return e->op == OP_and ? "%0 && %1" : e->op == OP_or ? "%0 || %1" : NULL; /* clang warns of & and | of conditions */
}

static void row_print(Printer *c, const Expr *e, int least) {
  const char *own = scalar_form(c, e), *form = own ? own : row_form(c, e);
  Expr positive, difference = *e;
  if (!strncmp(form, "%0 + %1", 7) && subtracts(e)) {
    positive = *e->arg[1];
    positive.value.i = -positive.value.i;
    difference.arg[1] = &positive;
    form = "%0 - %1";
    e = &difference;
  }
  bool brackets = form_precedence(form) < least;
  if (brackets) text_puts(&c->line, "(");
  template_print(c, e, form);
  if (brackets) text_puts(&c->line, ")");
}

/* ---- memory and the rest of the expressions ---- */
static void index_print(Printer *c, const Expr *index) {
  bool before = c->in_index;
  c->in_index = true;
  expr_print(c, index, ANY);
  c->in_index = before;
}

static bool is_zero(const Expr *e) { return e->kind == E_const && !dtype_is_float(e->type.dtype) && e->value.i == 0; }

static void address_print(Printer *c, const Buffer *b, const Expr *index) {
  const char *name = scope_name(&c->scope, b);
  if (is_zero(index)) {
    text_puts(&c->line, name);
    return;
  }
  text_printf(&c->line, "&%s[", name);
  index_print(c, index);
  text_puts(&c->line, "]");
}

static void load_print(Printer *c, const Expr *e, int least) {
  const Expr *mask = e->nargs > 1 ? e->arg[1] : NULL;
  if (e->type.lanes > 1) {
    text_printf(&c->line, mask ? "%s_load_mask(" : "%s_load(", tag_of(c, e->type));
    address_print(c, e->buffer, e->arg[0]);
    if (mask) text_puts(&c->line, ", ");
    if (mask) expr_print(c, mask, ANY);
    text_puts(&c->line, ")");
    return;
  }
  bool brackets = mask && least > TERNARY;
  if (brackets) text_puts(&c->line, "(");
  if (mask) expr_print(c, mask, BIT_OR);
  text_printf(&c->line, mask ? " ? %s[" : "%s[", scope_name(&c->scope, e->buffer));
  index_print(c, e->arg[0]);
  text_puts(&c->line, mask ? "] : 0" : "]");
  if (brackets) text_puts(&c->line, ")");
}

static void quotient_print(Printer *c, const Expr *e, int least) {
  bool before = c->in_index;
  c->in_index = true;
  if (PRODUCT < least) text_puts(&c->line, "(");
  expr_print(c, e->arg[0], PRODUCT);
  text_puts(&c->line, e->kind == E_idiv ? " / " : " % ");
  expr_print(c, e->arg[1], UNARY);
  if (PRODUCT < least) text_puts(&c->line, ")");
  c->in_index = before;
}

static void mask_print(Printer *c, const Expr *e, int least) {
  bool scalar = e->type.lanes == 1, brackets = scalar && RELATION < least;
  text_puts(&c->line, !scalar    ? arena_printf(c->sheet->arena, "%s_mask(", tag_of(c, e->type))
                      : brackets ? "(0 < "
                                 : "0 < ");
  index_print(c, e->arg[0]);
  if (!scalar || brackets) text_puts(&c->line, ")");
}

static void call_print(Printer *c, const Expr *e) {
  text_printf(&c->line, "%s(", sheet_name(c->sheet, e->callee, e->callee->name));
  for (int i = 0; i < e->nargs; ++i) {
    if (i) text_puts(&c->line, ", ");
    expr_print(c, expr_arg(e, i), ANY);
  }
  text_puts(&c->line, ")");
}

static void lanes_print(Printer *c, const Expr *e, const char *open, const char *close) {
  text_puts(&c->line, open);
  for (int l = 0; l < e->type.lanes; ++l) text_printf(&c->line, l ? ", %d" : "%d", e->lane[l]);
  text_puts(&c->line, close);
}

static void expr_print(Printer *c, const Expr *e, int least) {
  switch (e->kind) {
  case E_const: const_print(c, e, least); return;
  case E_var: text_puts(&c->line, scope_name(&c->scope, e->var)); return;
  case E_load: load_print(c, e, least); return;
  case E_op: row_print(c, e, least); return;
  case E_idiv:
  case E_imod: quotient_print(c, e, least); return;
  case E_mask: mask_print(c, e, least); return;
  case E_call: call_print(c, e); return;
  case E_lane:
    if (e->lane)
      lanes_print(c, e, arena_printf(c->sheet->arena, "((%s){", tag_of(c, e->type)), "})");
    else
      text_printf(&c->line, e->type.lanes > 1 ? "%s_lane()" : "0", tag_of(c, e->type));
    return;
  case E_shuffle:
    text_printf(&c->line, "NNRT_SHUFFLE(%d, %d, ", e->type.lanes, dtype_info[e->type.dtype].bytes);
    expr_print(c, e->arg[0], ANY);
    text_puts(&c->line, ", ");
    expr_print(c, e->arg[1], ANY);
    lanes_print(c, e, ", ", ")");
    return;
  case E_splat: text_printf(&c->line, "%s_set1(", tag_of(c, e->type)); break;
  case E_extract: text_printf(&c->line, "%s_extract(", tag_of(c, e->arg[0]->type)); break;
  }
  expr_print(c, e->arg[0], ANY);
  if (e->kind == E_extract) text_printf(&c->line, ", %" PRId64, e->value.i);
  text_puts(&c->line, ")");
}

/* ---- statements ---- */
static void block_print(Printer *c, const Block *b);

static void braces_print(Printer *c, const Block *b) {
  text_puts(&c->line, " {");
  line_end(c);
  int mark = c->scope.open.n;
  ++c->sheet->out->indent;
  block_print(c, b);
  --c->sheet->out->indent;
  c->scope.open.n = mark;
}

static void for_print(Printer *c, const Stmt *s) {
  Arena *a = c->sheet->arena;
  int mark = c->scope.open.n;
  const char *name = scope_declare(&c->scope, s->var, s->var->name, false), *index = c->words->index;
  *intern_slot(&c->indices, &s->var, sizeof s->var) = c;
  if (s->for_kind == FOR_parallel) {
    const char *count = arena_printf(a, "%" PRId64, s->hi->value.i);
    const char *end = scope_declare(&c->scope, s, arena_printf(a, "%s_end", name), true);
    text_printf(&c->line, "for (%s %s = %s, %s = %s; %s < %s; ++%s)", index, name, arena_printf(a, c->words->lo, count),
                end, arena_printf(a, c->words->hi, count), name, end, name);
  } else {
    if (s->for_kind == FOR_unrolled) c_line(c->sheet, "NNRT_UNROLL");
    text_printf(&c->line, "for (%s %s = ", index, name);
    index_print(c, s->lo);
    text_printf(&c->line, "; %s < ", name);
    bool before = c->in_index;
    c->in_index = true;
    expr_print(c, s->hi, SUM);
    c->in_index = before;
    text_printf(&c->line, s->step == 1 ? "; ++%s)" : "; %s += %" PRId64 ")", name, s->step);
  }
  braces_print(c, &s->body);
  c->scope.open.n = mark;
  c_line(c->sheet, "}");
}

static void bind_print(Printer *c, const Stmt *s) {
  if (s->kind == S_let && !is_used(&c->used, s->var)) return;
  if (s->kind == S_let && is_index(c, s->expr)) *intern_slot(&c->indices, &s->var, sizeof s->var) = c;
  if (s->kind == S_set) {
    text_printf(&c->line, "%s = ", scope_name(&c->scope, s->var));
    expr_print(c, s->expr, ANY);
  } else {
    text_printf(&c->line, "%s%s ", s->kind == S_let ? "const " : "", type_text(c, s->var->type));
    size_t at = c->line.n; /* the value is printed before its name is visible */
    expr_print(c, s->expr, ANY);
    const char *value = arena_strdup(c->sheet->arena, text_str(&c->line) + at);
    c->line.n = at;
    text_printf(&c->line, "%s = %s", scope_declare(&c->scope, s->var, s->var->name, false), value);
  }
  text_puts(&c->line, ";");
  line_end(c);
}

/* A variable that starts at zero: several in a row are one declaration. */
static bool is_zero_var(const Stmt *s) {
  if (s->kind != S_var || s->expr->kind != E_const || s->expr->type.dtype == DT_bool) return false;
  return dtype_is_float(s->expr->type.dtype) ? s->expr->value.f == 0 && !signbit(s->expr->value.f)
                                             : s->expr->value.i == 0;
}

static int zero_vars_print(Printer *c, const Block *b, int first) {
  Type t = b->at[first]->var->type;
  int i = first;
  text_printf(&c->line, "%s ", type_text(c, t));
  for (; i < b->n && is_zero_var(b->at[i]) && b->at[i]->var->type.dtype == t.dtype &&
         b->at[i]->var->type.lanes == t.lanes;
       ++i)
    text_printf(&c->line, "%s%s = %s", i > first ? ", " : "",
                scope_declare(&c->scope, b->at[i]->var, b->at[i]->var->name, false),
                t.lanes > 1 ? "{0}" : scalar_text(c, b->at[i]->expr));
  text_puts(&c->line, ";");
  line_end(c);
  return i;
}

static void store_print(Printer *c, const Stmt *s) {
  if (s->expr->type.lanes > 1) {
    text_printf(&c->line, s->mask ? "%s_store_mask(" : "%s_store(", tag_of(c, s->expr->type));
    address_print(c, s->buffer, s->index);
    text_puts(&c->line, ", ");
    expr_print(c, s->expr, ANY);
    if (s->mask) text_puts(&c->line, ", ");
    if (s->mask) expr_print(c, s->mask, ANY);
    text_puts(&c->line, ");");
  } else {
    if (s->mask) text_puts(&c->line, "if (");
    if (s->mask) expr_print(c, s->mask, ANY);
    text_printf(&c->line, s->mask ? ") %s[" : "%s[", scope_name(&c->scope, s->buffer));
    index_print(c, s->index);
    text_puts(&c->line, "] = ");
    expr_print(c, s->expr, ANY);
    text_puts(&c->line, ";");
  }
  line_end(c);
}

static void prefetch_print(Printer *c, const Stmt *s) {
  text_puts(&c->line, "nnrt_prefetch_line(");
  address_print(c, s->buffer, s->index);
  text_puts(&c->line, ");");
  line_end(c);
}

static void transpose_print(Printer *c, const Stmt *s) {
  text_printf(&c->line, "%s_transpose(", tag_of(c, type_of(s->buffer->dtype, s->lanes)));
  address_print(c, s->buffer, s->index);
  text_puts(&c->line, ", ");
  index_print(c, s->stride);
  text_puts(&c->line, ", ");
  address_print(c, s->source, s->source_index);
  text_puts(&c->line, ", ");
  index_print(c, s->source_stride);
  text_puts(&c->line, ");");
  line_end(c);
}

static void routine_print(Printer *c, const Stmt *s) {
  text_printf(&c->line, "%s(", s->routine->name);
  for (int i = 0; i < s->passed.n; ++i) {
    const RoutineArg *x = &s->passed.at[i];
    if (i) text_puts(&c->line, ", ");
    if (x->buffer)
      address_print(c, x->buffer, x->value);
    else
      index_print(c, x->value);
  }
  text_puts(&c->line, ");");
  line_end(c);
}

static void if_print(Printer *c, const Stmt *s) {
  text_puts(&c->line, "if (");
  expr_print(c, s->expr, ANY);
  text_puts(&c->line, ")");
  braces_print(c, &s->body);
  if (s->other.n) {
    text_puts(&c->line, "} else");
    braces_print(c, &s->other);
  }
  c_line(c->sheet, "}");
}

static const char *model_text(Sheet *s, Loc loc, const char *text) {
  const char *line = source_line(s, loc), *shown = text && *text ? text : line ? line : "";
  return loc.file ? arena_printf(s->arena, "%s:%d%s%s", loc.file, loc.line, *shown ? "  " : "", shown) : shown;
}

static void stmt_print(Printer *c, const Stmt *s) {
  switch (s->kind) {
  case S_for: for_print(c, s); return;
  case S_let:
  case S_var:
  case S_set: bind_print(c, s); return;
  case S_store: store_print(c, s); return;
  case S_prefetch: prefetch_print(c, s); return;
  case S_transpose: transpose_print(c, s); return;
  case S_routine: routine_print(c, s); return;
  case S_if: if_print(c, s); return;
  case S_block:
    c_comment(c->sheet, model_text(c->sheet, s->loc, s->text));
    block_print(c, &s->body);
    return;
  case S_local:
    text_printf(&c->line, c->words->local, arena_printf(c->sheet->arena, "%d", s->local_buffer->align));
    text_printf(&c->line, "%s %s[%" PRId64 "];", dtype_info[s->local_buffer->dtype].c,
                scope_declare(&c->scope, s->local_buffer, s->local_buffer->name, false), s->local_buffer->count);
    line_end(c);
    return;
  case S_return:
    text_puts(&c->line, "return ");
    expr_print(c, s->expr, ANY);
    text_puts(&c->line, ";");
    line_end(c);
    return;
  case S_call:
  case S_while:
  case S_barrier: bug("emit: a host statement in a kernel");
  }
}

static void block_print(Printer *c, const Block *b) {
  for (int i = 0; i < b->n;) {
    bool zeros = is_zero_var(b->at[i]);
    if (!zeros) stmt_print(c, b->at[i]);
    i = zeros ? zero_vars_print(c, b, i) : i + 1;
  }
}

/* ---- functions ---- */
static void printer_init(Printer *c, Sheet *s, const Kernel *k) {
  *c = (Printer){.sheet = s, .words = &words_c};
  text_init(&c->line, s->arena);
  intern_init(&c->indices, s->arena);
  scope_init(&c->scope, s->arena, k, &s->constants);
  used_init(&c->used, s->arena, k);
}

static void kernel_head(Printer *c, const Kernel *k) {
  text_printf(&c->line, c->words->kernel, set_word(c->sheet->program));
  text_printf(&c->line, "%s(", sheet_name(c->sheet, k, k->name));
  for (int i = 0; i < k->params.n; ++i) {
    const Buffer *b = k->params.at[i];
    text_printf(&c->line, "%s%s%s %s%s", i ? ", " : "", b->written ? "" : "const ", dtype_info[b->dtype].c,
                buffer_is_restrict(k, i) ? c->words->restricted : c->words->unrestricted,
                scope_declare(&c->scope, b, b->name, true));
  }
  if (!kernel_is_serial(k)) text_printf(&c->line, "%s%s", k->params.n ? ", " : "", c->words->thread);
  text_puts(&c->line, kernel_is_serial(k) && !k->params.n ? "void)" : ")");
}

static void function_head(Printer *c, const Kernel *k) {
  text_printf(&c->line, c->words->function, set_word(c->sheet->program));
  text_printf(&c->line, "%s %s(", type_text(c, k->result), sheet_name(c->sheet, k, k->name));
  for (int i = 0; i < k->scalars.n; ++i) {
    const Var *v = k->scalars.at[i];
    text_printf(&c->line, "%s%s %s", i ? ", " : "", type_text(c, v->type), scope_declare(&c->scope, v, v->name, true));
  }
  text_puts(&c->line, k->scalars.n ? ")" : "void)");
}

static void kernel_comment(Sheet *s, const Kernel *k) {
  Text text;
  text_init(&text, s->arena);
  if (k->comment) text_puts(&text, k->comment);
  for (int i = 0; i < k->locs.n; ++i) {
    if (text.n) text_puts(&text, "\n");
    text_puts(&text, model_text(s, k->locs.at[i], NULL));
  }
  c_comment(s, text_str(&text));
}

static void kernel_emit(Sheet *s, const Kernel *k) {
  Printer c;
  printer_init(&c, s, k);
  kernel_comment(s, k);
  if (k->result.lanes)
    function_head(&c, k);
  else
    kernel_head(&c, k);
  text_puts(&c.line, " {");
  line_end(&c);
  ++s->out->indent;
  for (int i = 0; i < k->params.n; ++i)
    if (!is_used(&c.used, k->params.at[i])) text_printf(s->out, "(void)%s;\n", scope_name(&c.scope, k->params.at[i]));
  block_print(&c, &k->body);
  --s->out->indent;
  text_puts(s->out, "}\n\n");
}

void c_kernels(Sheet *s) {
  const Program *p = s->program;
  for (int i = 0; i < p->slots.n; ++i) {
    const Slot *slot = p->slots.at[i];
    if (slot->home == HOME_constant && !slot->parent) c_array(s, constant_name(s, slot), slot->value);
  }
  for (int i = 0; i < p->math.n; ++i) kernel_emit(s, p->math.at[i]);
  for (int i = 0; i < p->kernels.n; ++i) kernel_emit(s, p->kernels.at[i]);
  s->sites.n = 0;
  for (int i = 0; i < p->hosts.n; ++i) {
    c_host(s, p->hosts.at[i], words_c.barrier, false);
    if (host_is_profiled(s, p->hosts.at[i])) c_host(s, p->hosts.at[i], words_c.barrier, true);
  }
}
