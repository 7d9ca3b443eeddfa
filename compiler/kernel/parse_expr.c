/* parse_expr.c: reads the text form's tokens, types and expressions (parse.c reads the rest; print.c is the grammar).
 *
 * Nothing is folded, so a tree prints again as it was read. Types are checked as far as building the tree needs it,
 * with the place; kernel_problem checks the whole afterwards. Every error is the user's, with file and line. */
#include "parse.h"

#include <errno.h>
#include <stdlib.h>

enum { DEPTH_MAX = 200 };
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
static const char digits[] = "0123456789";

/* ---- lines ---- */
Loc parse_loc(const Parser *p) { return (Loc){p->file, p->line, NULL}; }

/* Goes to the next line that holds anything but a comment; false at the end. */
bool parse_next_line(Parser *p) {
  while (*p->next) {
    p->at = p->next;
    p->end = p->at + strcspn(p->at, "\n");
    p->next = *p->end ? p->end + 1 : p->end;
    p->line++;
    int spaces = (int)strspn(p->at, " ");
    p->at += spaces;
    if (p->at == p->end || *p->at == '#' || *p->at == '\r') continue;
    if (spaces % 2 || *p->at == '\t') parse_invalid(p, "blocks are indented by two spaces a level");
    p->indent = spaces / 2;
    return true;
  }
  p->indent = -1;
  return false;
}

static void skip_blanks(Parser *p) {
  while (p->at < p->end && strchr(" \t\r", *p->at)) ++p->at;
  if (p->at < p->end && *p->at == '#') p->at = p->end;
}

_Noreturn void parse_expected(Parser *p, const char *what) {
  skip_blanks(p);
  int n = (int)(p->end - p->at);
  const char *found = n ? arena_strndup(p->arena, p->at, (size_t)(n > 24 ? 24 : n)) : "the end of the line";
  user_error(parse_loc(p), MSG_kernel_text_expected, what, found);
}

_Noreturn void parse_invalid(Parser *p, const char *problem) { user_error(parse_loc(p), MSG_kernel_text, problem); }

void parse_enter(Parser *p) {
  if (++p->depth > DEPTH_MAX) parse_invalid(p, "nested too deeply");
}

/* ---- tokens ---- */
bool parse_sign(Parser *p, const char *sign) {
  skip_blanks(p);
  size_t n = strlen(sign);
  if ((size_t)(p->end - p->at) < n || strncmp(p->at, sign, n)) return false;
  p->at += n;
  return true;
}

void parse_need(Parser *p, const char *sign) {
  if (!parse_sign(p, sign)) parse_expected(p, arena_printf(p->arena, "'%s'", sign));
}

static size_t word_length(const Parser *p) {
  if (p->at >= p->end || !*p->at || !strchr(letters, *p->at)) return 0;
  size_t n = 1;
  while (p->at + n < p->end && p->at[n] && (strchr(letters, p->at[n]) || strchr(digits, p->at[n]))) ++n;
  return n;
}

const char *parse_word(Parser *p) {
  skip_blanks(p);
  size_t n = word_length(p);
  if (!n) return NULL;
  p->at += n;
  return arena_strndup(p->arena, p->at - n, n);
}

const char *parse_name(Parser *p) {
  const char *word = parse_word(p);
  if (!word) parse_expected(p, "a name");
  return word;
}

bool parse_keyword(Parser *p, const char *word) {
  skip_blanks(p);
  size_t n = word_length(p);
  if (n != strlen(word) || strncmp(p->at, word, n)) return false;
  p->at += n;
  return true;
}

int64_t parse_int(Parser *p) {
  if (p->types && parse_keyword(p, "lanes")) return p->types->f.lanes;
  skip_blanks(p);
  const char *start = p->at, *first = start + (p->at < p->end && *start == '-');
  if (first >= p->end || !strchr(digits, *first) || !*first) parse_expected(p, "a number");
  char *stop;
  errno = 0;
  int64_t value = strtoll(start, &stop, first[0] == '0' && first[1] == 'x' ? 16 : 10);
  if (errno) parse_invalid(p, "a number does not fit 64 bits");
  p->at = stop;
  return value;
}

const char *parse_string(Parser *p) {
  parse_need(p, "\"");
  char *s = arena_alloc(p->arena, (size_t)(p->end - p->at) + 1), *to = s;
  for (; p->at < p->end && *p->at != '"'; ++p->at) {
    if (*p->at == '\\' && p->at + 1 < p->end) {
      ++p->at;
      *to++ = *p->at == 'n' ? '\n' : *p->at;
    } else {
      *to++ = *p->at;
    }
  }
  parse_need(p, "\"");
  return s;
}

/* ---- types ---- */
static bool is_placeholder(const ParseTypes *types, const char *word, Type *type) {
  if (!types || !*word || word[1]) return false;
  switch (*word) {
  case 'f': *type = types->f; return true;
  case 'i': *type = types->i; return true;
  case 'u': *type = types->u; return true;
  case 'm': *type = types->m; return true;
  default: return false;
  }
}

bool parse_type_word(Parser *p, const char *word, Type *type) {
  if (is_placeholder(p->types, word, type)) return true;
  size_t n = strlen(word), tail = n;
  while (tail > 0 && strchr(digits, word[tail - 1])) --tail;
  int whole = dtype_find(word);
  if (whole >= 0) {
    *type = type_of((DType)whole, 1);
    return true;
  }
  if (tail == n || tail < 2 || word[tail - 1] != 'x') return false;
  int dtype = dtype_find(arena_strndup(p->arena, word, tail - 1));
  long lanes = n - tail > 3 ? 0 : strtol(word + tail, NULL, 10);
  if (dtype < 0) return false;
  if (lanes < 2 || lanes > LANES_MAX || (lanes & (lanes - 1))) parse_invalid(p, "lanes must be 2, 4, 8, 16, 32 or 64");
  *type = type_of((DType)dtype, (int)lanes);
  return true;
}

Type parse_type(Parser *p) {
  const char *start = p->at, *word = parse_word(p);
  Type type;
  if (word && parse_type_word(p, word, &type)) return type;
  p->at = start;
  parse_expected(p, "a type");
}

const Buffer *parse_buffer(Parser *p) {
  const char *start = p->at, *word = parse_name(p);
  const Name *name = map_get(&p->names, word);
  if (name && name->buffer) return name->buffer;
  p->at = start;
  parse_expected(p, "a buffer");
}

/* ---- expressions ---- */
static Expr *node(Parser *p, ExprKind kind, Type type, int n, Expr *const *args) {
  Expr *e = NEW(p->arena, Expr);
  e->kind = kind;
  e->type = type;
  e->nargs = n;
  for (int i = 0; i < n && i < 3; ++i) e->arg[i] = args[i];
  if (n <= 3) return e;
  e->more = NEW_N(p->arena, Expr *, n);
  for (int i = 0; i < n; ++i) e->more[i] = args[i];
  return e;
}

static Expr *op_node(Parser *p, Op op, int n, Expr *const *args) {
  Type type;
  const char *problem = expr_infer(op, n, args, &type);
  if (problem) parse_invalid(p, arena_printf(p->arena, "%s %s", op_info[op].name, problem));
  Expr *e = node(p, E_op, type, n, args);
  e->op = op;
  return e;
}

enum { ARGS_MAX = 16 };

static int parse_args(Parser *p, Expr *args[ARGS_MAX]) {
  int n = 0;
  parse_need(p, "(");
  if (parse_sign(p, ")")) return 0;
  do {
    if (n == ARGS_MAX) parse_invalid(p, "more than 16 operands");
    args[n++] = parse_expr(p);
  } while (parse_sign(p, ","));
  parse_need(p, ")");
  return n;
}

static Expr *parse_operand(Parser *p) {
  Expr *args[ARGS_MAX];
  if (parse_args(p, args) != 1) parse_invalid(p, "one operand is needed");
  return args[0];
}

static bool integer_fits(DType t, int64_t value) {
  if (t == DT_i64) return true;
  if (t == DT_bool) return value == 0 || value == 1;
  int bits = 8 * dtype_info[t].bytes;
  bool has_sign = dtype_info[t].kind == KIND_SIGNED;
  int64_t most = ((int64_t)1 << (has_sign ? bits - 1 : bits)) - 1;
  return value <= most && value >= (has_sign ? -most - 1 : 0);
}

static Expr *parse_constant(Parser *p, Type type) {
  Expr *e;
  parse_need(p, "(");
  if (dtype_is_float(type.dtype)) {
    skip_blanks(p);
    char *stop;
    double value = p->at < p->end ? strtod(p->at, &stop) : 0;
    if (p->at == p->end || stop == p->at || stop > p->end) parse_expected(p, "a number");
    p->at = stop;
    e = expr_const(p->arena, type, value);
  } else {
    int64_t value = parse_int(p);
    if (!integer_fits(type.dtype, value)) parse_invalid(p, "a constant does not fit its type");
    e = expr_int(p->arena, type, value);
  }
  parse_need(p, ")");
  return e;
}

static Expr *parse_load(Parser *p) {
  Type type = parse_type(p);
  const Buffer *buffer = parse_buffer(p);
  if (buffer->dtype != type.dtype) parse_invalid(p, "a load has another dtype than its buffer");
  parse_need(p, "[");
  Expr *args[2] = {parse_expr(p), NULL};
  parse_need(p, "]");
  if (parse_keyword(p, "mask")) args[1] = parse_primary(p);
  Expr *e = node(p, E_load, type, args[1] ? 2 : 1, args);
  e->buffer = buffer;
  return e;
}

static const Kernel *find_callee(Parser *p, const char *name) {
  const Kernel *callee = map_get(&p->functions, name);
  if (!callee && p->types && p->types->callee) callee = p->types->callee(p->types->context, name);
  if (!callee) parse_invalid(p, arena_printf(p->arena, "no function is called %s", name));
  return callee;
}

static Expr *parse_call(Parser *p) {
  const Kernel *callee = find_callee(p, parse_name(p));
  Expr *args[ARGS_MAX];
  int n = parse_args(p, args);
  if (!callee->result.lanes) parse_invalid(p, "a kernel is called like a function");
  if (n != callee->scalars.n) parse_invalid(p, "a function is called with the wrong number of values");
  Expr *e = node(p, E_call, callee->result, n, args);
  e->callee = callee;
  return e;
}

static int parse_lanes(Parser *p) {
  parse_need(p, "<");
  int64_t lanes = parse_int(p);
  parse_need(p, ">");
  if (lanes < 1 || lanes > LANES_MAX || (lanes & (lanes - 1)))
    parse_invalid(p, "lanes must be 1, 2, 4, 8, 16, 32 or 64");
  return (int)lanes;
}

static Expr *parse_cast(Parser *p, Op op) {
  parse_need(p, "<");
  Type to = parse_type(p);
  parse_need(p, ">");
  Expr *x = parse_operand(p);
  if (op == OP_bitcast && dtype_info[to.dtype].bytes != dtype_info[x->type.dtype].bytes)
    parse_invalid(p, "bitcast changes the size of an element");
  Expr *e = node(p, E_op, type_of(to.dtype, x->type.lanes), 1, &x);
  e->op = op;
  return e;
}

/* Up to `close`; their number. */
static int parse_numbers(Parser *p, int number[LANES_MAX], const char *close) {
  int n = 0;
  do {
    int64_t value = parse_int(p);
    if (n == LANES_MAX || !integer_fits(DT_i32, value)) parse_invalid(p, "a list of lanes is too long or too large");
    number[n++] = (int)value;
  } while (parse_sign(p, ","));
  parse_need(p, close);
  return n;
}

static const int *own_numbers(Parser *p, const int *number, int n) {
  int *own = NEW_N(p->arena, int, n);
  memcpy(own, number, sizeof *own * (size_t)n);
  return own;
}

/* lane<16>, lane<4>(0, 0, 1, 1) */
static Expr *parse_lane(Parser *p) {
  int number[LANES_MAX];
  Expr *e = node(p, E_lane, type_of(DT_i32, parse_lanes(p)), 0, NULL);
  if (!parse_sign(p, "(")) return e;
  if (parse_numbers(p, number, ")") != e->type.lanes) parse_invalid(p, "a list of lanes has another length");
  e->lane = own_numbers(p, number, e->type.lanes);
  return e;
}

/* shuffle<0, 2, 4, 6>(x, y) */
static Expr *parse_shuffle(Parser *p) {
  int number[LANES_MAX];
  Expr *args[ARGS_MAX];
  parse_need(p, "<");
  int n = parse_numbers(p, number, ">");
  if (parse_args(p, args) != 2 || args[0]->type.lanes != n || args[1]->type.lanes != n)
    parse_invalid(p, "a shuffle takes two vectors of its lanes");
  Expr *e = node(p, E_shuffle, args[0]->type, 2, args);
  e->lane = own_numbers(p, number, n);
  return e;
}

/* splat<16>(x), lane<16>, shuffle<…>(x, y), mask<16>(n), extract<3>(x); NULL when word is none of these */
static Expr *parse_lane_form(Parser *p, const char *word) {
  if (!strcmp(word, "lane")) return parse_lane(p);
  if (!strcmp(word, "shuffle")) return parse_shuffle(p);
  if (!strcmp(word, "splat")) {
    int lanes = parse_lanes(p);
    Expr *x = parse_operand(p);
    if (lanes == 1 && p->types) return x; /* a text that is generic over lanes, at one lane */
    return node(p, E_splat, type_of(x->type.dtype, lanes), 1, &x);
  }
  if (!strcmp(word, "mask")) {
    int lanes = parse_lanes(p);
    Expr *x = parse_operand(p);
    return node(p, E_mask, type_of(DT_bool, lanes), 1, &x);
  }
  if (strcmp(word, "extract")) return NULL;
  parse_need(p, "<");
  int64_t lane = parse_int(p);
  parse_need(p, ">");
  Expr *x = parse_operand(p), *e = node(p, E_extract, type_of(x->type.dtype, 1), 1, &x);
  e->value.i = lane;
  return e;
}

static bool comes_next(Parser *p, char c) {
  skip_blanks(p);
  return p->at < p->end && *p->at == c;
}

/* What starts with a word and goes on with < or (. */
static Expr *parse_form(Parser *p, const char *word) {
  Type type;
  if (!strcmp(word, "cast")) return parse_cast(p, OP_cast);
  if (!strcmp(word, "bitcast")) return parse_cast(p, OP_bitcast);
  Expr *form = parse_lane_form(p, word);
  if (form) return form;
  int op = op_find(word);
  if (op >= 0 && op_is_elementwise((Op)op)) {
    Expr *args[ARGS_MAX];
    int n = parse_args(p, args);
    return op_node(p, (Op)op, n, args);
  }
  if (parse_type_word(p, word, &type)) return parse_constant(p, type);
  parse_invalid(p, arena_printf(p->arena, "%s is no op and no type", word));
}

static Expr *parse_named(Parser *p, const char *word) {
  if (!strcmp(word, "load")) return parse_load(p);
  if (!strcmp(word, "call")) return parse_call(p);
  if (p->types && !strcmp(word, "lanes")) return expr_index(p->arena, p->types->f.lanes);
  if (comes_next(p, '(') || comes_next(p, '<')) return parse_form(p, word);
  const Name *name = map_get(&p->names, word);
  if (!name || !name->var) parse_invalid(p, arena_printf(p->arena, "no variable is called %s", word));
  return expr_var(p->arena, name->var);
}

Expr *parse_primary(Parser *p) {
  parse_enter(p);
  Expr *e;
  const char *word = parse_word(p);
  if (word) {
    e = parse_named(p, word);
  } else if (parse_sign(p, "(")) {
    e = parse_expr(p);
    parse_need(p, ")");
  } else {
    e = expr_index(p->arena, parse_int(p));
  }
  p->depth--;
  return e;
}

static bool is_number(const Expr *e) { return e->kind == E_const && e->type.dtype == DT_i64 && e->type.lanes == 1; }

static Expr *quotient(Parser *p, ExprKind kind, Expr *x, Expr *y) {
  if (x->type.dtype != DT_i64 || x->type.lanes != 1 || !is_number(y) || y->value.i <= 0)
    parse_invalid(p, "only an index is divided, and only by a positive number");
  return node(p, kind, x->type, 2, (Expr *[]){x, y});
}

static Expr *parse_product(Parser *p) {
  Expr *x = parse_primary(p);
  for (;;) {
    if (parse_sign(p, "*"))
      x = op_node(p, OP_mul, 2, (Expr *[]){x, parse_primary(p)});
    else if (parse_sign(p, "/"))
      x = quotient(p, E_idiv, x, parse_primary(p));
    else if (parse_sign(p, "%"))
      x = quotient(p, E_imod, x, parse_primary(p));
    else
      return x;
  }
}

/* x - 3 is the sum of x and -3: the form that index arithmetic is folded to. */
static Expr *difference(Parser *p, Expr *x, Expr *y) {
  if (!is_number(y) || y->value.i == INT64_MIN) return op_node(p, OP_sub, 2, (Expr *[]){x, y});
  return op_node(p, OP_add, 2, (Expr *[]){x, expr_index(p->arena, -y->value.i)});
}

Expr *parse_expr(Parser *p) {
  parse_enter(p);
  Expr *x = parse_product(p);
  for (;;) {
    if (parse_sign(p, "+"))
      x = op_node(p, OP_add, 2, (Expr *[]){x, parse_product(p)});
    else if (parse_sign(p, "-"))
      x = difference(p, x, parse_product(p));
    else
      break;
  }
  p->depth--;
  return x;
}
