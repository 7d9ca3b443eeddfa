/* llvm_rows.c: values of the LLVM printer: types, constants, instructions, and rows: short programs of instructions, in
 * the form of the LLVM column of elementwise.def. Conversions are such rows too, chosen by both dtypes. */
#include "llvm.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* ---- types and constants ---- */
const char *ll_type(Printer *l, Type t) {
  static const char *const own[] = {"half", "ptr", "[8 x i64]"};
  const char *name = t.dtype == DT_bool      ? "i1"
                     : t.dtype < DTYPE_COUNT ? dtype_info[t.dtype].llvm
                                             : own[t.dtype - DTYPE_COUNT];
  return t.lanes == 1 ? name : t.lanes ? FORMAT("<%d x %s>", t.lanes, name) : "void";
}

const char *ll_suffix(Printer *l, Type t) {
  bool real = t.dtype == DT_f32 || t.dtype == DT_f64;
  const char *name = real ? dtype_info[t.dtype].name : ll_type(l, type_of(t.dtype, 1));
  return t.lanes == 1 ? name : FORMAT("v%d%s", t.lanes, name);
}

const char *ll_scalar(Printer *l, DType dtype, double f, int64_t i) {
  uint64_t bits;
  if (dtype == DT_bool) return i ? "true" : "false";
  if (!dtype_is_float(dtype)) return FORMAT("%" PRId64, dtype == DT_u32 ? (int64_t)(int32_t)(uint32_t)i : i);
  if (dtype_is_half(dtype)) return FORMAT("%u", (unsigned)half_bits(dtype, f));
  if (dtype == DT_f32) f = (double)(float)f;
  memcpy(&bits, &f, sizeof bits);
  return FORMAT("0x%016" PRIX64, bits);
}

const char *ll_operands(Printer *l, int n, const Operand *v) {
  Text text;
  text_init(&text, l->arena);
  for (int i = 0; i < n; ++i) {
    text_printf(&text, "%s%s", i ? ", " : "", ll_type(l, v[i].type));
    if (v[i].name) text_printf(&text, " %s", v[i].name);
  }
  return text_str(&text);
}

Operand ll_const(Printer *l, Type t, double f, int64_t i) {
  Operand each[LANES_MAX];
  bool zero = dtype_is_float(t.dtype) ? f == 0 && !signbit(f) : i == 0;
  for (int k = 0; k < t.lanes; ++k) each[k] = (Operand){type_of(t.dtype, 1), ll_scalar(l, t.dtype, f, i)};
  if (t.lanes == 1) return each[0];
  return (Operand){t, zero ? "zeroinitializer" : FORMAT("<%s>", ll_operands(l, t.lanes, each))};
}

Operand ll_number(Printer *l, Type t, int64_t i) { return ll_const(l, t, (double)i, i); }

Operand ll_numbers(Printer *l, int n, const int *x) {
  Operand each[LANES_MAX];
  for (int k = 0; k < n; ++k) each[k] = ll_number(l, type_of(DT_i32, 1), x ? x[k] : k);
  return n == 1 ? each[0] : (Operand){type_of(DT_i32, n), FORMAT("<%s>", ll_operands(l, n, each))};
}

/* ---- instructions ---- */
Operand ll_new(Printer *l, Type t, const char *text) {
  Operand v = {t, t.lanes ? FORMAT("%%.%d", ++l->last) : NULL};
  text_printf(l->out, "  %s%s%s\n", v.name ? v.name : "", v.name ? " = " : "", text);
  return v;
}

Operand ll_list(Printer *l, Type t, const char *op, int n, const Operand *v) {
  return ll_new(l, t, FORMAT("%s %s", op, ll_operands(l, n, v)));
}

Operand ll_binary(Printer *l, const char *op, Operand a, Operand b) {
  Type t = strstr(op, "cmp ") ? type_of(DT_bool, a.type.lanes) : a.type;
  return ll_new(l, t, FORMAT("%s %s %s, %s", op, ll_type(l, a.type), a.name, b.name));
}

void ll_declare(Printer *l, Type t, const char *name, int n, const Operand *v) {
  Operand *types = NEW_N(l->arena, Operand, n);
  for (int i = 0; i < n; ++i) types[i].type = v[i].type;
  const char *line = FORMAT("declare %s %s(%s)", ll_type(l, t), name, ll_operands(l, n, types));
  if (!map_get(&l->intrinsics, line)) map_put(&l->intrinsics, line, (void *)line);
}

Operand ll_call(Printer *l, Type t, const char *name, int n, const Operand *v) {
  if (!strncmp(name, "@llvm.", 6)) ll_declare(l, t, name, n, v);
  return ll_new(l, t, FORMAT("call %s %s(%s)", ll_type(l, t), name, ll_operands(l, n, v)));
}

Operand ll_splat(Printer *l, Operand scalar, int lanes) {
  Type t = type_of(scalar.type.dtype, lanes), index = type_of(DT_i64, 1);
  if (lanes == 1) return scalar;
  Operand poison = {t, "poison"}, first = {type_of(DT_i32, lanes), "zeroinitializer"};
  Operand one = ll_list(l, t, "insertelement", 3, (Operand[]){poison, scalar, ll_number(l, index, 0)});
  return ll_list(l, t, "shufflevector", 3, (Operand[]){one, poison, first});
}

/* ---- rows ---- */
enum { ROW_MAX = 16, WORDS_MAX = 5, WORD_MAX = 24 };
typedef struct Row {
  Operand arg[3], result[ROW_MAX];
  Type to; /* r: of the row's value */
} Row;

/* "%0", "$3"; no name: the word is a number. */
static Operand row_value(const Row *r, const char *word) {
  return *word == '%' ? r->arg[word[1] - '0'] : *word == '$' ? r->result[atoi(word + 1)] : (Operand){0};
}

/* A number is of the type of the operand beside it, or of the row's value: "last", "-1". */
static Operand row_number(Printer *l, const char *word, Type t) {
  int bits = t.dtype == DT_bool ? 1 : 8 * dtype_info[t.dtype].bytes;
  return ll_number(l, t, *word == 'b' ? bits : *word == 'l' ? bits - 1 : atoi(word));
}

/* "f32", "half", "r": what a conversion converts to; lanes 0: the word is no type. */
static Type row_type(const Row *r, const char *word) {
  int dtype = strcmp(word, "half") ? dtype_find(word) : DT_half;
  return *word == 'r' ? r->to : type_of((DType)dtype, dtype < 0 ? 0 : r->to.lanes);
}

static Operand row_instruction(Printer *l, const Row *r, int n, const char (*word)[WORD_MAX]) {
  bool compare = strstr(word[0], "cmp") != NULL, select = !strcmp(word[0], "select");
  const char *op = compare ? FORMAT("%s %s", word[0], word[1]) : word[0];
  Type to = row_type(r, word[n - 1]), type = r->to;
  Operand v[3];
  int first = compare ? 2 : 1, count = n - first - (to.lanes > 0);
  for (int i = 0; i < count; ++i) {
    v[i] = row_value(r, word[first + i]);
    if (v[i].name && (i || !select)) type = v[i].type;
  }
  for (int i = 0; i < count; ++i)
    if (!v[i].name) v[i] = row_number(l, word[first + i], type);
  const char *from = ll_suffix(l, type);
  if (*op == '@' && to.lanes) return ll_call(l, to, FORMAT("%s.%s.%s", op, ll_suffix(l, to), from), count, v);
  if (*op == '@') return ll_call(l, type, strncmp(op, "@llvm", 5) ? op : FORMAT("%s.%s", op, from), count, v);
  if (to.lanes) return ll_new(l, to, FORMAT("%s %s %s to %s", op, ll_type(l, type), v[0].name, ll_type(l, to)));
  return count == 2 ? ll_binary(l, op, v[0], v[1]) : ll_list(l, type, op, count, v);
}

static Operand row_run(Printer *l, Row *r, const char *row) {
  int n = 0;
  if (!*row) return (Operand){r->to, r->arg[0].name};
  while (row) {
    char w[WORDS_MAX][WORD_MAX];
    int words = sscanf(row, "%23[^ ;|] %23[^ ;|] %23[^ ;|] %23[^ ;|] %23[^ ;|]", w[0], w[1], w[2], w[3], w[4]);
    r->result[n++] = row_instruction(l, r, words, (const char(*)[WORD_MAX])w);
    row += strcspn(row, ";|");
    row = *row == ';' ? row + strlen("; ") : NULL;
  }
  return r->result[n - 1];
}

/* f16 and bf16 go through f32. */
Operand ll_cast(Printer *l, Operand v, DType to) {
  DType from = v.type.dtype;
  Row r = {.arg = {v}, .to = type_of(to, v.type.lanes)};
  if (from == to) return v;
  if ((dtype_is_half(from) && to != DT_f32) || (dtype_is_half(to) && from != DT_f32))
    return ll_cast(l, ll_cast(l, v, DT_f32), to);
  return row_run(l, &r, cast_row(from, to));
}

Operand ll_op(Printer *l, const Expr *e) {
  Row r = {.to = e->type};
  for (int i = 0; i < e->nargs; ++i) r.arg[i] = ll_expr(l, e->arg[i]);
  DType from = r.arg[e->op == OP_where].type.dtype, to = e->type.dtype;
  bool soft = e->op == OP_fma && !l->sheet->program->machine->hard_fma;
  if (e->op == OP_cast) return ll_cast(l, r.arg[0], to);
  if (soft) return row_run(l, &r, from == DT_f64 ? "@nnrt_fma %0 %1 %2" : "@nnrt_fmaf %0 %1 %2");
  return row_run(l, &r, e->op == OP_bitcast ? bitcast_row(from, to) : op_row(e->op, from));
}
