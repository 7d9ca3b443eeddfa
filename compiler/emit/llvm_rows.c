/* llvm_rows.c: values of the LLVM printer: types and constants, instructions, conversions, and the elementwise rows,
 * which are the instruction rows of elementwise.def; only conversions and mulhi are spelled out here. f16 and bf16 are
 * widened to f32 for arithmetic and the result is rounded once. */
#include "llvm.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* ---- values and types ---- */

static const char *new_value(Printer *l) { return FORMAT("%%.%d", ++l->last); }

const char *ll_type_text(Printer *l, Type t) {
  const char *name = t.dtype == DT_bool ? "i1" : dtype_info[t.dtype].llvm;
  return t.lanes == 1 ? name : FORMAT("<%d x %s>", t.lanes, name);
}

static bool is_half(DType t) { return t == DT_f16 || t == DT_bf16; }

/* The suffix of an intrinsic: v16f32, f32. */
const char *ll_suffix_text(Printer *l, Type t) {
  const char *kind = dtype_is_float(t.dtype) && !is_half(t.dtype) ? "f" : "i";
  int bits = t.dtype == DT_bool ? 1 : 8 * dtype_info[t.dtype].bytes;
  return t.lanes == 1 ? FORMAT("%s%d", kind, bits) : FORMAT("v%d%s%d", t.lanes, kind, bits);
}

Type ll_retyped(Type t, DType dtype) { return type_of(dtype, t.lanes); }

const char *ll_scalar_const(Printer *l, DType dtype, double f, int64_t i) {
  uint64_t bits;
  if (dtype == DT_bool) return i ? "true" : "false";
  if (!dtype_is_float(dtype)) return FORMAT("%" PRId64, dtype == DT_u32 ? (int64_t)(int32_t)(uint32_t)i : i);
  if (is_half(dtype)) return FORMAT("%u", (unsigned)half_bits(dtype, f));
  if (dtype == DT_f32) f = (double)(float)f;
  memcpy(&bits, &f, sizeof bits);
  return FORMAT("0x%016" PRIX64, bits);
}

const char *ll_const_text(Printer *l, Type t, double f, int64_t i) {
  const char *one = ll_scalar_const(l, t.dtype, f, i);
  if (t.lanes == 1) return one;
  if (dtype_is_float(t.dtype) ? f == 0 && !signbit(f) : i == 0) return "zeroinitializer";
  Text text;
  text_init(&text, l->arena);
  for (int k = 0; k < t.lanes; ++k)
    text_printf(&text, "%s%s %s", k ? ", " : "<", ll_type_text(l, type_of(t.dtype, 1)), one);
  return FORMAT("%s>", text_str(&text));
}

const char *ll_number(Printer *l, Type t, int64_t i) { return ll_const_text(l, t, (double)i, i); }

const char *ll_lane_numbers(Printer *l, int lanes, int first, int step) {
  Text text;
  text_init(&text, l->arena);
  for (int k = 0; k < lanes; ++k) text_printf(&text, "%si32 %d", k ? ", " : "<", first + k * step);
  return FORMAT("%s>", text_str(&text));
}

/* ---- instructions ---- */
void ll_line(Printer *l, const char *text) { text_printf(l->out, "  %s\n", text); }

const char *ll_instruction(Printer *l, const char *text) {
  const char *v = new_value(l);
  text_printf(l->out, "  %s = %s\n", v, text);
  return v;
}

static const char *unary(Printer *l, const char *op, Type t, const char *a) {
  return ll_instruction(l, FORMAT("%s %s %s", op, ll_type_text(l, t), a));
}

const char *ll_binary(Printer *l, const char *op, Type t, const char *a, const char *b) {
  return ll_instruction(l, FORMAT("%s %s %s, %s", op, ll_type_text(l, t), a, b));
}

const char *ll_convert(Printer *l, const char *op, Type from, Type to, const char *a) {
  return ll_instruction(l, FORMAT("%s %s %s to %s", op, ll_type_text(l, from), a, ll_type_text(l, to)));
}

const char *ll_choose(Printer *l, const char *mask, Type t, const char *a, const char *b) {
  return ll_instruction(l, FORMAT("select %s %s, %s %s, %s %s", ll_type_text(l, ll_retyped(t, DT_bool)), mask,
                                  ll_type_text(l, t), a, ll_type_text(l, t), b));
}

void ll_declare(Printer *l, const char *declaration) {
  if (!map_get(&l->intrinsics, declaration)) map_put(&l->intrinsics, declaration, (void *)declaration);
}

static const char *intrinsic(Printer *l, const char *name, Type t, int n, const char *const *args) {
  const char *type = ll_type_text(l, t), *full = FORMAT("%s.%s", name, ll_suffix_text(l, t));
  Text params, types;
  text_init(&params, l->arena);
  text_init(&types, l->arena);
  for (int i = 0; i < n; ++i) {
    text_printf(&params, "%s%s %s", i ? ", " : "", type, args[i]);
    text_printf(&types, "%s%s", i ? ", " : "", type);
  }
  ll_declare(l, FORMAT("declare %s %s(%s)", type, full, text_str(&types)));
  return ll_instruction(l, FORMAT("call %s %s(%s)", type, full, text_str(&params)));
}

const char *ll_splat(Printer *l, Type t, const char *scalar) {
  if (t.lanes == 1) return scalar;
  const char *vector = ll_type_text(l, t), *element = ll_type_text(l, type_of(t.dtype, 1));
  const char *one = ll_instruction(l, FORMAT("insertelement %s poison, %s %s, i64 0", vector, element, scalar));
  return ll_instruction(
      l, FORMAT("shufflevector %s %s, %s poison, <%d x i32> zeroinitializer", vector, one, vector, t.lanes));
}

/* ---- conversion ---- */
/* f32 to bf16: nearest-even by adding half of the last place, less one when its bit is 0. */
static const char *to_bf16(Printer *l, Type f32, const char *a) {
  Type u = ll_retyped(f32, DT_u32);
  const char *bits = ll_convert(l, "bitcast", f32, u, a);
  const char *shifted = ll_binary(l, "lshr", u, bits, ll_number(l, u, 16));
  const char *odd = ll_binary(l, "and", u, shifted, ll_number(l, u, 1));
  const char *half = ll_binary(l, "add", u, bits, ll_number(l, u, 0x7fff));
  const char *top = ll_binary(l, "lshr", u, ll_binary(l, "add", u, half, odd), ll_number(l, u, 16));
  const char *nan = ll_binary(l, "fcmp uno", f32, a, a);
  return ll_convert(l, "trunc", u, ll_retyped(f32, DT_bf16), ll_choose(l, nan, u, ll_number(l, u, 0x7fc0), top));
}

/* 16-bit floats, which are i16 here, from and to f32. */
static const char *narrow(Printer *l, Type f32, DType to, const char *a) {
  if (to == DT_bf16) return to_bf16(l, f32, a);
  const char *half = f32.lanes == 1 ? "half" : FORMAT("<%d x half>", f32.lanes);
  const char *cut = ll_instruction(l, FORMAT("fptrunc %s %s to %s", ll_type_text(l, f32), a, half));
  return ll_instruction(l, FORMAT("bitcast %s %s to %s", half, cut, ll_type_text(l, ll_retyped(f32, to))));
}

static const char *widen(Printer *l, Type from, Type f32, const char *a) {
  Type u = ll_retyped(f32, DT_u32);
  if (from.dtype == DT_bf16) {
    const char *high = ll_binary(l, "shl", u, ll_convert(l, "zext", from, u, a), ll_number(l, u, 16));
    return ll_convert(l, "bitcast", u, f32, high);
  }
  const char *half = f32.lanes == 1 ? "half" : FORMAT("<%d x half>", f32.lanes);
  const char *same = ll_instruction(l, FORMAT("bitcast %s %s to %s", ll_type_text(l, from), a, half));
  return ll_instruction(l, FORMAT("fpext %s %s to %s", half, same, ll_type_text(l, f32)));
}

static const char *saturate(Printer *l, Type from, Type to, const char *a) {
  const char *name = FORMAT("@llvm.fpto%si.sat.%s.%s", dtype_info[to.dtype].kind == KIND_SIGNED ? "s" : "u",
                            ll_suffix_text(l, to), ll_suffix_text(l, from));
  ll_declare(l, FORMAT("declare %s %s(%s)", ll_type_text(l, to), name, ll_type_text(l, from)));
  return ll_instruction(l, FORMAT("call %s %s(%s %s)", ll_type_text(l, to), name, ll_type_text(l, from), a));
}

static const char *resize(Printer *l, Type from, Type to, const char *a) {
  int have = dtype_info[from.dtype].bytes, want = dtype_info[to.dtype].bytes;
  if (have == want) return a;
  return ll_convert(l,
                    want < have                                  ? "trunc"
                    : dtype_info[from.dtype].kind == KIND_SIGNED ? "sext"
                                                                 : "zext",
                    from, to, a);
}

static const char *cast(Printer *l, Type from, Type to, const char *a) {
  Type f32 = ll_retyped(from, DT_f32);
  bool real = dtype_is_float(from.dtype);
  if (from.dtype == to.dtype) return a;
  if (is_half(from.dtype)) return cast(l, f32, to, widen(l, from, f32, a));
  if (is_half(to.dtype) && from.dtype != DT_f32) return cast(l, f32, to, cast(l, from, f32, a));
  if (is_half(to.dtype)) return narrow(l, f32, to.dtype, a);
  if (to.dtype == DT_bool) return ll_binary(l, real ? "fcmp une" : "icmp ne", from, a, ll_number(l, from, 0));
  if (real && !dtype_is_float(to.dtype)) return saturate(l, from, to, a);
  if (real)
    return ll_convert(l, dtype_info[from.dtype].bytes < dtype_info[to.dtype].bytes ? "fpext" : "fptrunc", from, to, a);
  if (dtype_is_float(to.dtype))
    return ll_convert(l, dtype_info[from.dtype].kind == KIND_SIGNED ? "sitofp" : "uitofp", from, to, a);
  return from.dtype == DT_bool ? ll_convert(l, "zext", from, to, a) : resize(l, from, to, a);
}

static const char *bitcast(Printer *l, Type from, Type to, const char *a) {
  if (from.dtype == DT_bool) return ll_convert(l, "zext", from, to, a);
  if (to.dtype == DT_bool) return ll_convert(l, "trunc", from, to, a);
  if (!strcmp(dtype_info[from.dtype].llvm, dtype_info[to.dtype].llvm)) return a;
  return ll_convert(l, "bitcast", from, to, a);
}

/* ---- elementwise rows ---- */
enum { ROW_MAX = 16 };
typedef struct Row {
  const char *arg[3], *result[ROW_MAX];
  Type arg_type[3], result_type[ROW_MAX];
  Type value; /* of numbers */
} Row;

/* "%0", "$3", "last", "-1": its text; *type is set unless it is a number. */
static const char *row_operand(Printer *l, const Row *r, const char *word, Type *type) {
  if (*word == '%') return *type = r->arg_type[word[1] - '0'], r->arg[word[1] - '0'];
  int64_t k = strtoll(word + (*word == '$'), NULL, 10);
  if (*word == '$') return *type = r->result_type[k], r->result[k];
  int bits = 8 * dtype_info[r->value.dtype].bytes;
  return ll_number(l, r->value, *word == 'b' ? bits : *word == 'l' ? bits - 1 : k);
}

static void row_instruction(Printer *l, Row *r, int at, int n, char *const *words) {
  const char *op = words[0], *v[3] = {0};
  bool compare = !strcmp(op, "icmp") || !strcmp(op, "fcmp"), select = !strcmp(op, "select");
  Type type = r->value, mask;
  int first = compare ? 2 : 1, operands = n - first;
  for (int i = operands - 1; i >= 0; --i) v[i] = row_operand(l, r, words[first + i], select && !i ? &mask : &type);
  r->result_type[at] = compare ? ll_retyped(type, DT_bool) : type;
  if (select) {
    r->result[at] = ll_choose(l, v[0], type, v[1], v[2]);
  } else if (!strcmp(op, "sext")) {
    r->result_type[at] = r->value;
    r->result[at] = ll_convert(l, op, type, r->value, v[0]);
  } else if (*op == '@') {
    r->result[at] = intrinsic(l, op, type, operands, v);
  } else if (operands == 1) {
    r->result[at] = unary(l, op, type, v[0]);
  } else {
    r->result[at] = ll_binary(l, compare ? FORMAT("%s %s", op, words[1]) : op, type, v[0], v[1]);
  }
}

/* "floats||signed||unsigned": a form that is missing is the one before it. */
static char *row_form(Printer *l, const char *forms, DType t) {
  int skip = dtype_is_float(t) ? 0 : dtype_info[t].kind == KIND_SIGNED ? 1 : 2;
  for (const char *next; skip > 0 && (next = strstr(forms, "||")); --skip) forms = next + 2;
  const char *end = strstr(forms, "||");
  return arena_strndup(l->arena, forms, end ? (size_t)(end - forms) : strlen(forms));
}

static const char *row_run(Printer *l, Row *r, char *form) {
  int at = 0;
  for (char *next; form; form = next, ++at) {
    char *words[6];
    int n = 0;
    next = strstr(form, "; ");
    if (next) *next = 0, next += 2;
    for (char *word = form; word && n < 6; ++n) {
      char *space = strchr(word, ' ');
      if (space) *space = 0;
      words[n] = word;
      word = space ? space + 1 : NULL;
    }
    row_instruction(l, r, at, n, words);
  }
  return r->result[at - 1];
}

static const char *soft_fma(Printer *l, Type t, const char *const *args) {
  const char *one = ll_type_text(l, type_of(t.dtype, 1)), *name = t.dtype == DT_f64 ? "@nnrt_fma" : "@nnrt_fmaf";
  const char *y = "poison";
  for (int lane = 0; lane < t.lanes; ++lane) {
    const char *x[3];
    for (int i = 0; i < 3; ++i)
      x[i] = t.lanes == 1
                 ? args[i]
                 : ll_instruction(l, FORMAT("extractelement %s %s, i64 %d", ll_type_text(l, t), args[i], lane));
    const char *z =
        ll_instruction(l, FORMAT("call %s %s(%s %s, %s %s, %s %s)", one, name, one, x[0], one, x[1], one, x[2]));
    y = t.lanes == 1
            ? z
            : ll_instruction(l, FORMAT("insertelement %s %s, %s %s, i64 %d", ll_type_text(l, t), y, one, z, lane));
  }
  return y;
}

static const char *mulhi(Printer *l, Type t, const char *a, const char *b) {
  Type wide = ll_retyped(t, DT_i64);
  const char *x = ll_convert(l, "zext", t, wide, a), *y = ll_convert(l, "zext", t, wide, b);
  const char *product = ll_binary(l, "mul", wide, x, y);
  return ll_convert(l, "trunc", wide, t, ll_binary(l, "lshr", wide, product, ll_number(l, wide, 32)));
}

const char *ll_op_value(Printer *l, const Expr *e) {
  Row r = {.value = e->arg[e->op == OP_where]->type};
  bool wide = is_half(r.value.dtype) && e->op != OP_where && e->op != OP_cast && e->op != OP_bitcast;
  for (int i = 0; i < e->nargs; ++i) {
    r.arg[i] = ll_expr_value(l, e->arg[i]);
    r.arg_type[i] = e->arg[i]->type;
    if (!wide) continue;
    r.arg[i] = cast(l, r.arg_type[i], ll_retyped(r.value, DT_f32), r.arg[i]);
    r.arg_type[i] = ll_retyped(r.value, DT_f32);
  }
  if (e->op == OP_cast) return cast(l, r.arg_type[0], e->type, r.arg[0]);
  if (e->op == OP_bitcast) return bitcast(l, r.arg_type[0], e->type, r.arg[0]);
  if (e->op == OP_mulhi) return mulhi(l, e->type, r.arg[0], r.arg[1]);
  if (wide) r.value.dtype = DT_f32;
  bool soft = e->op == OP_fma && !l->sheet->program->machine->hard_fma;
  const char *y = soft ? soft_fma(l, r.value, r.arg) : row_run(l, &r, row_form(l, op_info[e->op].llvm, r.value.dtype));
  return wide && e->type.dtype != DT_bool ? cast(l, r.value, e->type, y) : y;
}
