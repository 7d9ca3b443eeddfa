/* llvm.c: a Program as LLVM IR text, in a subset that has been stable for long (opaque pointers, plain instructions, a
 * dozen intrinsics), with its tables: a whole program, like the C text and with the same bits.
 *
 * The printer keeps no state but numbers: every mutable variable and loop variable is an alloca of the entry block
 * (sroa makes registers of them), every for is head, body and exit, a let is the SSA value of its expression.
 * Elementwise rows are the instruction rows of elementwise.def; only conversions and mulhi are spelled out here. No
 * fast-math flag and no loop metadata stand anywhere, subnormals are kept, and fma is llvm.fma, or nnrt_fmaf where the
 * machine has none. f16 and bf16 are widened to f32 for arithmetic and the result is rounded once. In memory a bool is
 * a byte. */
#include "print.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct Printer {
  Sheet *sheet;
  Arena *arena;
  Text *out;
  int last;       /* number of the newest value or label */
  Intern values;  /* Var of a let or parameter -> its value; absent: an alloca of its name */
  Intern slots;   /* Vars and Buffers that have their alloca */
  Map intrinsics; /* declaration -> itself */
  Map strings;    /* text -> global */
  Used used;
} Printer;

static const char *expr_value(Printer *l, const Expr *e);

/* ---- values and types ---- */
#define FORMAT(...) arena_printf(l->arena, __VA_ARGS__)

static const char *new_value(Printer *l) { return FORMAT("%%.%d", ++l->last); }

static const char *type_text(Printer *l, Type t) {
  const char *name = t.dtype == DT_bool ? "i1" : dtype_info[t.dtype].llvm;
  return t.lanes == 1 ? name : FORMAT("<%d x %s>", t.lanes, name);
}

/* The suffix of an intrinsic: v16f32, f32. */
static const char *suffix_text(Printer *l, Type t) {
  const char *kind = t.dtype == DT_bf16 ? "bf" : dtype_is_float(t.dtype) ? "f" : "i";
  int bits = t.dtype == DT_bool ? 1 : 8 * dtype_info[t.dtype].bytes;
  return t.lanes == 1 ? FORMAT("%s%d", kind, bits) : FORMAT("v%d%s%d", t.lanes, kind, bits);
}

static bool is_half(DType t) { return t == DT_f16 || t == DT_bf16; }
static Type retyped(Type t, DType dtype) { return type_of(dtype, t.lanes); }

static const char *scalar_const(Printer *l, DType dtype, double f, int64_t i) {
  uint64_t bits;
  if (dtype == DT_bool) return i ? "true" : "false";
  if (!dtype_is_float(dtype)) return FORMAT("%" PRId64, dtype == DT_u32 ? (int64_t)(int32_t)(uint32_t)i : i);
  if (is_half(dtype)) return FORMAT(dtype == DT_f16 ? "0xH%04X" : "0xR%04X", (unsigned)half_bits(dtype, f));
  if (dtype == DT_f32) f = (double)(float)f;
  memcpy(&bits, &f, sizeof bits);
  return FORMAT("0x%016" PRIX64, bits);
}

static const char *const_text(Printer *l, Type t, double f, int64_t i) {
  const char *one = scalar_const(l, t.dtype, f, i);
  if (t.lanes == 1) return one;
  Text text;
  text_init(&text, l->arena);
  for (int k = 0; k < t.lanes; ++k)
    text_printf(&text, "%s%s %s", k ? ", " : "<", type_text(l, type_of(t.dtype, 1)), one);
  return FORMAT("%s>", text_str(&text));
}

static const char *number(Printer *l, Type t, int64_t i) { return const_text(l, t, (double)i, i); }

static const char *lane_numbers(Printer *l, int lanes, int first, int step) {
  Text text;
  text_init(&text, l->arena);
  for (int k = 0; k < lanes; ++k) text_printf(&text, "%si32 %d", k ? ", " : "<", first + k * step);
  return FORMAT("%s>", text_str(&text));
}

/* ---- instructions ---- */
static void line(Printer *l, const char *text) { text_printf(l->out, "  %s\n", text); }

static const char *instruction(Printer *l, const char *text) {
  const char *v = new_value(l);
  text_printf(l->out, "  %s = %s\n", v, text);
  return v;
}

static const char *unary(Printer *l, const char *op, Type t, const char *a) {
  return instruction(l, FORMAT("%s %s %s", op, type_text(l, t), a));
}

static const char *binary(Printer *l, const char *op, Type t, const char *a, const char *b) {
  return instruction(l, FORMAT("%s %s %s, %s", op, type_text(l, t), a, b));
}

static const char *convert(Printer *l, const char *op, Type from, Type to, const char *a) {
  return instruction(l, FORMAT("%s %s %s to %s", op, type_text(l, from), a, type_text(l, to)));
}

static const char *choose(Printer *l, const char *mask, Type t, const char *a, const char *b) {
  return instruction(l, FORMAT("select %s %s, %s %s, %s %s", type_text(l, retyped(t, DT_bool)), mask, type_text(l, t),
                               a, type_text(l, t), b));
}

static void declare(Printer *l, const char *declaration) {
  if (!map_get(&l->intrinsics, declaration)) map_put(&l->intrinsics, declaration, (void *)declaration);
}

static const char *intrinsic(Printer *l, const char *name, Type t, int n, const char *const *args) {
  const char *type = type_text(l, t), *full = FORMAT("%s.%s", name, suffix_text(l, t));
  Text params, types;
  text_init(&params, l->arena);
  text_init(&types, l->arena);
  for (int i = 0; i < n; ++i) {
    text_printf(&params, "%s%s %s", i ? ", " : "", type, args[i]);
    text_printf(&types, "%s%s", i ? ", " : "", type);
  }
  declare(l, FORMAT("declare %s %s(%s)", type, full, text_str(&types)));
  return instruction(l, FORMAT("call %s %s(%s)", type, full, text_str(&params)));
}

static const char *splat(Printer *l, Type t, const char *scalar) {
  if (t.lanes == 1) return scalar;
  const char *vector = type_text(l, t), *element = type_text(l, type_of(t.dtype, 1));
  const char *one = instruction(l, FORMAT("insertelement %s poison, %s %s, i64 0", vector, element, scalar));
  return instruction(
      l, FORMAT("shufflevector %s %s, %s poison, <%d x i32> zeroinitializer", vector, one, vector, t.lanes));
}

/* ---- conversion ---- */
/* f32 to bf16 by integers: nearest-even by adding half of the last place, less one when its bit is 0. */
static const char *to_bf16(Printer *l, Type f32, const char *a) {
  Type u = retyped(f32, DT_u32);
  const char *bits = convert(l, "bitcast", f32, u, a), *half = type_text(l, retyped(f32, DT_bf16));
  const char *odd = binary(l, "and", u, binary(l, "lshr", u, bits, number(l, u, 16)), number(l, u, 1));
  const char *sum = binary(l, "add", u, binary(l, "add", u, bits, number(l, u, 0x7fff)), odd);
  const char *nan = binary(l, "fcmp uno", f32, a, a);
  const char *top = choose(l, nan, u, number(l, u, 0x7fc0), binary(l, "lshr", u, sum, number(l, u, 16)));
  const char *narrow = f32.lanes == 1 ? "i16" : FORMAT("<%d x i16>", f32.lanes);
  const char *cut = instruction(l, FORMAT("trunc %s %s to %s", type_text(l, u), top, narrow));
  return instruction(l, FORMAT("bitcast %s %s to %s", narrow, cut, half));
}

static const char *saturate(Printer *l, Type from, Type to, const char *a) {
  const char *name = FORMAT("@llvm.fpto%si.sat.%s.%s", dtype_info[to.dtype].kind == KIND_SIGNED ? "s" : "u",
                            suffix_text(l, to), suffix_text(l, from));
  declare(l, FORMAT("declare %s %s(%s)", type_text(l, to), name, type_text(l, from)));
  return instruction(l, FORMAT("call %s %s(%s %s)", type_text(l, to), name, type_text(l, from), a));
}

static const char *resize(Printer *l, Type from, Type to, const char *a) {
  int have = dtype_info[from.dtype].bytes, want = dtype_info[to.dtype].bytes;
  if (have == want) return a;
  return convert(l, want < have ? "trunc" : dtype_info[from.dtype].kind == KIND_SIGNED ? "sext" : "zext", from, to, a);
}

static const char *cast(Printer *l, Type from, Type to, const char *a) {
  Type f32 = retyped(from, DT_f32);
  bool real = dtype_is_float(from.dtype);
  if (from.dtype == to.dtype) return a;
  if (is_half(from.dtype)) return cast(l, f32, to, convert(l, "fpext", from, f32, a));
  if (is_half(to.dtype) && from.dtype != DT_f32) return cast(l, f32, to, cast(l, from, f32, a));
  if (to.dtype == DT_bf16) return to_bf16(l, f32, a);
  if (to.dtype == DT_bool) return binary(l, real ? "fcmp une" : "icmp ne", from, a, number(l, from, 0));
  if (real && !dtype_is_float(to.dtype)) return saturate(l, from, to, a);
  if (real)
    return convert(l, dtype_info[from.dtype].bytes < dtype_info[to.dtype].bytes ? "fpext" : "fptrunc", from, to, a);
  if (dtype_is_float(to.dtype))
    return convert(l, dtype_info[from.dtype].kind == KIND_SIGNED ? "sitofp" : "uitofp", from, to, a);
  return from.dtype == DT_bool ? convert(l, "zext", from, to, a) : resize(l, from, to, a);
}

static const char *bitcast(Printer *l, Type from, Type to, const char *a) {
  if (from.dtype == DT_bool) return convert(l, "zext", from, to, a);
  if (to.dtype == DT_bool) return convert(l, "trunc", from, to, a);
  if (!strcmp(dtype_info[from.dtype].llvm, dtype_info[to.dtype].llvm)) return a;
  return convert(l, "bitcast", from, to, a);
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
  return number(l, r->value, *word == 'b' ? bits : *word == 'l' ? bits - 1 : k);
}

static void row_instruction(Printer *l, Row *r, int at, int n, char *const *words) {
  const char *op = words[0], *v[3] = {0};
  bool compare = !strcmp(op, "icmp") || !strcmp(op, "fcmp"), select = !strcmp(op, "select");
  Type type = r->value, mask;
  int first = compare ? 2 : 1, operands = n - first;
  for (int i = operands - 1; i >= 0; --i) v[i] = row_operand(l, r, words[first + i], select && !i ? &mask : &type);
  r->result_type[at] = compare ? retyped(type, DT_bool) : type;
  if (select) {
    r->result[at] = choose(l, v[0], type, v[1], v[2]);
  } else if (!strcmp(op, "sext")) {
    r->result_type[at] = r->value;
    r->result[at] = convert(l, op, type, r->value, v[0]);
  } else if (*op == '@') {
    r->result[at] = intrinsic(l, op, type, operands, v);
  } else if (operands == 1) {
    r->result[at] = unary(l, op, type, v[0]);
  } else {
    r->result[at] = binary(l, compare ? FORMAT("%s %s", op, words[1]) : op, type, v[0], v[1]);
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
  const char *one = type_text(l, type_of(t.dtype, 1)), *name = t.dtype == DT_f64 ? "@nnrt_fma" : "@nnrt_fmaf";
  const char *y = "poison";
  for (int lane = 0; lane < t.lanes; ++lane) {
    const char *x[3];
    for (int i = 0; i < 3; ++i)
      x[i] = t.lanes == 1 ? args[i]
                          : instruction(l, FORMAT("extractelement %s %s, i64 %d", type_text(l, t), args[i], lane));
    const char *z =
        instruction(l, FORMAT("call %s %s(%s %s, %s %s, %s %s)", one, name, one, x[0], one, x[1], one, x[2]));
    y = t.lanes == 1 ? z
                     : instruction(l, FORMAT("insertelement %s %s, %s %s, i64 %d", type_text(l, t), y, one, z, lane));
  }
  return y;
}

static const char *mulhi(Printer *l, Type t, const char *a, const char *b) {
  Type wide = retyped(t, DT_i64);
  const char *x = convert(l, "zext", t, wide, a), *y = convert(l, "zext", t, wide, b);
  const char *product = binary(l, "mul", wide, x, y);
  return convert(l, "trunc", wide, t, binary(l, "lshr", wide, product, number(l, wide, 32)));
}

static const char *op_value(Printer *l, const Expr *e) {
  Row r = {.value = e->arg[e->op == OP_where]->type};
  bool widen = is_half(r.value.dtype) && e->op != OP_where && e->op != OP_cast && e->op != OP_bitcast;
  for (int i = 0; i < e->nargs; ++i) {
    r.arg[i] = expr_value(l, e->arg[i]);
    r.arg_type[i] = e->arg[i]->type;
    if (!widen) continue;
    r.arg[i] = cast(l, r.arg_type[i], retyped(r.value, DT_f32), r.arg[i]);
    r.arg_type[i] = retyped(r.value, DT_f32);
  }
  if (e->op == OP_cast) return cast(l, r.arg_type[0], e->type, r.arg[0]);
  if (e->op == OP_bitcast) return bitcast(l, r.arg_type[0], e->type, r.arg[0]);
  if (e->op == OP_mulhi) return mulhi(l, e->type, r.arg[0], r.arg[1]);
  if (widen) r.value.dtype = DT_f32;
  bool soft = e->op == OP_fma && !l->sheet->program->machine->hard_fma;
  const char *y = soft ? soft_fma(l, r.value, r.arg) : row_run(l, &r, row_form(l, op_info[e->op].llvm, r.value.dtype));
  return widen && e->type.dtype != DT_bool ? cast(l, r.value, e->type, y) : y;
}

/* ---- memory ---- */
static const char *buffer_value(Printer *l, const Buffer *b) {
  return FORMAT("%%%s", identifier_of(l->arena, b->name));
}

static const char *address(Printer *l, const Buffer *b, const char *index) {
  return instruction(
      l, FORMAT("getelementptr inbounds %s, ptr %s, i64 %s", dtype_info[b->dtype].llvm, buffer_value(l, b), index));
}

/* bool lives in memory as bytes. */
static Type memory_type(Type t) { return t.dtype == DT_bool ? retyped(t, DT_u8) : t; }

static const char *load_from(Printer *l, Type t, const char *p, const char *mask) {
  Type in = memory_type(t);
  const char *type = type_text(l, in), *lanes = type_text(l, retyped(t, DT_bool)), *v;
  int align = dtype_info[in.dtype].bytes;
  if (mask && t.lanes > 1) {
    const char *name = FORMAT("@llvm.masked.load.%s.p0", suffix_text(l, in));
    declare(l, FORMAT("declare %s %s(ptr, i32, %s, %s)", type, name, lanes, type));
    v = instruction(
        l, FORMAT("call %s %s(ptr %s, i32 %d, %s %s, %s zeroinitializer)", type, name, p, align, lanes, mask, type));
  } else {
    if (mask) p = instruction(l, FORMAT("select i1 %s, ptr %s, ptr @nnc.zero", mask, p));
    v = instruction(l, FORMAT("load %s, ptr %s, align %d", type, p, align));
  }
  return t.dtype == DT_bool ? binary(l, "icmp ne", in, v, number(l, in, 0)) : v;
}

static void store_to(Printer *l, Type t, const char *v, const char *p, const char *mask) {
  Type in = memory_type(t);
  const char *type = type_text(l, in), *lanes = type_text(l, retyped(t, DT_bool));
  int align = dtype_info[in.dtype].bytes;
  if (t.dtype == DT_bool) v = convert(l, "zext", t, in, v);
  if (mask && t.lanes > 1) {
    const char *name = FORMAT("@llvm.masked.store.%s.p0", suffix_text(l, in));
    declare(l, FORMAT("declare void %s(%s, ptr, i32, %s)", name, type, lanes));
    return line(l, FORMAT("call void %s(%s %s, ptr %s, i32 %d, %s %s)", name, type, v, p, align, lanes, mask));
  }
  int label = ++l->last;
  if (mask) text_printf(l->out, "  br i1 %s, label %%on.%d, label %%off.%d\non.%d:\n", mask, label, label, label);
  line(l, FORMAT("store %s %s, ptr %s, align %d", type, v, p, align));
  if (mask) text_printf(l->out, "  br label %%off.%d\noff.%d:\n", label, label);
}

static const char *load_value(Printer *l, const Expr *e) {
  const char *p = address(l, e->buffer, expr_value(l, e->arg[0]));
  return load_from(l, e->type, p, e->nargs > 1 && e->arg[1] ? expr_value(l, e->arg[1]) : NULL);
}

static const char *mask_value(Printer *l, const Expr *e) {
  Type t = retyped(e->type, DT_i32), index = type_of(DT_i64, 1);
  const char *n = expr_value(l, e->arg[0]), *most = number(l, index, e->type.lanes);
  const char *least = choose(l, binary(l, "icmp slt", index, n, most), index, n, most);
  const char *count = splat(l, t, convert(l, "trunc", index, type_of(DT_i32, 1), least));
  return binary(l, "icmp slt", t, t.lanes == 1 ? "0" : lane_numbers(l, t.lanes, 0, 1), count);
}

static const char *call_value(Printer *l, const Expr *e) {
  Text args;
  text_init(&args, l->arena);
  for (int i = 0; i < e->nargs; ++i) {
    const Expr *x = expr_arg(e, i);
    text_printf(&args, "%s%s %s", i ? ", " : "", type_text(l, x->type), expr_value(l, x));
  }
  return instruction(l, FORMAT("call %s @%s(%s)", type_text(l, e->type),
                               sheet_name(l->sheet, e->callee, e->callee->name), text_str(&args)));
}

static const char *var_value(Printer *l, const Var *v) {
  const char *value = *intern_slot(&l->values, &v, sizeof v);
  return value ? value
               : instruction(l, FORMAT("load %s, ptr %%%s", type_text(l, v->type), identifier_of(l->arena, v->name)));
}

static const char *expr_value(Printer *l, const Expr *e) {
  Type index = type_of(DT_i64, 1);
  switch (e->kind) {
  case E_const: return const_text(l, e->type, e->value.f, e->value.i);
  case E_var: return var_value(l, e->var);
  case E_load: return load_value(l, e);
  case E_op: return op_value(l, e);
  case E_splat: return splat(l, e->type, expr_value(l, e->arg[0]));
  case E_lane: return e->type.lanes == 1 ? "0" : lane_numbers(l, e->type.lanes, 0, 1);
  case E_mask: return mask_value(l, e);
  case E_idiv:
  case E_imod: {
    const char *a = expr_value(l, e->arg[0]);
    return binary(l, e->kind == E_idiv ? "udiv" : "urem", index, a, expr_value(l, e->arg[1]));
  }
  case E_extract:
    return instruction(l, FORMAT("extractelement %s %s, i64 %" PRId64, type_text(l, e->arg[0]->type),
                                 expr_value(l, e->arg[0]), e->value.i));
  case E_call: return call_value(l, e);
  }
  bug("emit: expression kind %d", (int)e->kind);
}

/* ---- transposes in registers ---- */
/* Element of the concatenation of two rows that lane j of a step takes. Unpack: units of `unit` elements of both rows
 * alternate, from the lower or upper half of each group of `group` elements (128 bits). Blocks: every second group. */
static int unpack_lane(int j, int lanes, int group, int unit, int upper) {
  int p = j % group, from = j - p + (upper ? group / 2 : 0) + p / (2 * unit) * unit + p % unit;
  return p / unit % 2 ? lanes + from : from;
}

static int block_lane(int j, int group, int odd) { return (2 * (j / group) + odd) * group + j % group; }

static const char *shuffle(Printer *l, Type t, const char *a, const char *b, int group, int unit, int second) {
  Text mask;
  text_init(&mask, l->arena);
  for (int j = 0; j < t.lanes; ++j)
    text_printf(&mask, "%si32 %d", j ? ", " : "<",
                unit ? unpack_lane(j, t.lanes, group, unit, second) : block_lane(j, group, second));
  const char *type = type_text(l, t);
  return instruction(l,
                     FORMAT("shufflevector %s %s, %s %s, <%d x i32> %s>", type, a, type, b, t.lanes, text_str(&mask)));
}

/* First each group x group block in itself, then the blocks among the rows. */
static void transpose_rows(Printer *l, Type t, const char **row) {
  const char *next[16];
  int n = t.lanes, group = 16 / dtype_info[t.dtype].bytes;
  if (group > n) group = n;
  for (int unit = 1; unit < group; unit *= 2) {
    for (int i = 0; i < n; ++i) {
      int first = i - i % (2 * unit) + i % (2 * unit) / 2;
      next[i] = shuffle(l, t, row[first], row[first + unit], group, unit, i % 2);
    }
    memcpy(row, next, sizeof next);
  }
  for (int done = group; done < n; done *= 2) {
    int blocks = n / group;
    for (int i = 0; i < n; ++i) {
      int at = i / group, pair = at % (blocks / 2) * 2 * group + i % group;
      next[i] = shuffle(l, t, row[pair], row[pair + group], group, 0, at >= blocks / 2);
    }
    memcpy(row, next, sizeof next);
  }
}

static void transpose_print(Printer *l, const Stmt *s) {
  Type t = memory_type(type_of(s->buffer->dtype, s->lanes)), index = type_of(DT_i64, 1);
  const char *row[16], *to = expr_value(l, s->index), *stride = expr_value(l, s->stride);
  const char *from = expr_value(l, s->source_index), *source_stride = expr_value(l, s->source_stride);
  for (int i = 0; i < s->lanes; ++i) {
    const char *offset = binary(l, "mul", index, source_stride, number(l, index, i));
    row[i] = load_from(l, t, address(l, s->source, binary(l, "add", index, from, offset)), NULL);
  }
  transpose_rows(l, t, row);
  for (int i = 0; i < s->lanes; ++i) {
    const char *offset = binary(l, "mul", index, stride, number(l, index, i));
    store_to(l, t, row[i], address(l, s->buffer, binary(l, "add", index, to, offset)), NULL);
  }
}

/* ---- statements ---- */
static void block_print(Printer *l, const Block *b);

static void bind(Printer *l, const Var *v, const char *value) {
  *intern_slot(&l->values, &v, sizeof v) = (void *)value;
}
static void label(Printer *l, const char *name, int n) { text_printf(l->out, "%s.%d:\n", name, n); }

static void for_print(Printer *l, const Stmt *s) {
  const char *name = identifier_of(l->arena, s->var->name), *lo, *hi;
  if (s->for_kind == FOR_parallel) {
    lo = instruction(l, FORMAT("call i64 @nnrt_lo(i64 %" PRId64 ", ptr %%thread)", s->hi->value.i));
    hi = instruction(l, FORMAT("call i64 @nnrt_hi(i64 %" PRId64 ", ptr %%thread)", s->hi->value.i));
  } else {
    lo = expr_value(l, s->lo);
    hi = expr_value(l, s->hi);
  }
  int n = ++l->last;
  line(l, FORMAT("store i64 %s, ptr %%%s", lo, name));
  line(l, FORMAT("br label %%head.%d", n));
  label(l, "head", n);
  const char *i = instruction(l, FORMAT("load i64, ptr %%%s", name));
  const char *more = instruction(l, FORMAT("icmp slt i64 %s, %s", i, hi));
  line(l, FORMAT("br i1 %s, label %%body.%d, label %%exit.%d", more, n, n));
  label(l, "body", n);
  bind(l, s->var, i);
  block_print(l, &s->body);
  const char *next = instruction(l, FORMAT("add nsw i64 %s, %" PRId64, i, s->step));
  line(l, FORMAT("store i64 %s, ptr %%%s", next, name));
  line(l, FORMAT("br label %%head.%d", n));
  label(l, "exit", n);
}

static void if_print(Printer *l, const Stmt *s) {
  const char *condition = expr_value(l, s->expr);
  int n = ++l->last;
  line(l, FORMAT("br i1 %s, label %%then.%d, label %%else.%d", condition, n, n));
  label(l, "then", n);
  block_print(l, &s->body);
  line(l, FORMAT("br label %%end.%d", n));
  label(l, "else", n);
  block_print(l, &s->other);
  line(l, FORMAT("br label %%end.%d", n));
  label(l, "end", n);
}

static void store_print(Printer *l, const Stmt *s) {
  const char *p = address(l, s->buffer, expr_value(l, s->index)), *v = expr_value(l, s->expr);
  store_to(l, s->expr->type, v, p, s->mask ? expr_value(l, s->mask) : NULL);
}

static void stmt_print(Printer *l, const Stmt *s) {
  switch (s->kind) {
  case S_for: for_print(l, s); return;
  case S_let:
    if (is_used(&l->used, s->var)) bind(l, s->var, expr_value(l, s->expr));
    return;
  case S_var:
  case S_set: {
    const char *v = expr_value(l, s->expr);
    line(l, FORMAT("store %s %s, ptr %%%s", type_text(l, s->var->type), v, identifier_of(l->arena, s->var->name)));
    return;
  }
  case S_store: store_print(l, s); return;
  case S_transpose: transpose_print(l, s); return;
  case S_if: if_print(l, s); return;
  case S_block:
    if (s->loc.file) line(l, FORMAT("; %s:%d %s", s->loc.file, s->loc.line, s->text ? s->text : ""));
    block_print(l, &s->body);
    return;
  case S_local: return;
  case S_return: line(l, FORMAT("ret %s %s", type_text(l, s->expr->type), expr_value(l, s->expr))); return;
  case S_call:
  case S_barrier: bug("emit: a host statement in a kernel");
  }
}

static void block_print(Printer *l, const Block *b) {
  for (int i = 0; i < b->n; ++i) stmt_print(l, b->at[i]);
}

/* ---- functions ---- */
static void alloca_print(void *context, Stmt *s, int depth) {
  (void)depth;
  Printer *l = context;
  bool variable = s->kind == S_var || s->kind == S_for;
  const void *object = variable ? (const void *)s->var : s->kind == S_local ? (const void *)s->local_buffer : NULL;
  void **slot = object ? intern_slot(&l->slots, &object, sizeof object) : NULL;
  if (!slot || *slot) return;
  *slot = l;
  if (variable)
    line(l, FORMAT("%%%s = alloca %s", identifier_of(l->arena, s->var->name), type_text(l, s->var->type)));
  else
    line(l, FORMAT("%s = alloca [%" PRId64 " x %s], align %d", buffer_value(l, s->local_buffer), s->local_buffer->count,
                   dtype_info[s->local_buffer->dtype].llvm, s->local_buffer->align));
}

static void printer_reset(Printer *l, const Kernel *k) {
  l->last = 0;
  intern_init(&l->values, l->arena);
  intern_init(&l->slots, l->arena);
  used_init(&l->used, l->arena, k);
}

static const char *params_text(Printer *l, const Kernel *k) {
  Text text;
  text_init(&text, l->arena);
  for (int i = 0; i < k->params.n; ++i) {
    const Buffer *b = k->params.at[i];
    text_printf(&text, "%sptr%s%s align %d %s", i ? ", " : "", buffer_is_restrict(k, i) ? " noalias" : "",
                b->written ? "" : " readonly", b->align, buffer_value(l, b));
  }
  for (int i = 0; i < k->scalars.n; ++i) {
    const Var *v = k->scalars.at[i];
    const char *name = FORMAT("%%%s", identifier_of(l->arena, v->name));
    text_printf(&text, "%s%s %s", text.n ? ", " : "", type_text(l, v->type), name);
    bind(l, v, name);
  }
  if (!k->result.lanes && !kernel_is_serial(k)) text_printf(&text, "%sptr %%thread", text.n ? ", " : "");
  return text_str(&text);
}

static void kernel_emit(Printer *l, const Kernel *k) {
  bool function = k->result.lanes > 0;
  printer_reset(l, k);
  if (k->comment) text_printf(l->out, "; %s\n", k->comment);
  for (int i = 0; i < k->locs.n; ++i) text_printf(l->out, "; %s:%d\n", k->locs.at[i].file, k->locs.at[i].line);
  text_printf(l->out, "define internal %s @%s(%s) #%d {\n", function ? type_text(l, k->result) : "void",
              sheet_name(l->sheet, k, k->name), params_text(l, k), function ? 1 : 0);
  block_walk(&k->body, 0, alloca_print, l);
  block_print(l, &k->body);
  text_puts(l->out, function ? "}\n\n" : "  ret void\n}\n\n");
}

/* ---- host functions ---- */
static const char *slot_value(Printer *l, const Slot *slot) {
  static const char *const home[] = {[HOME_params] = "params",
                                     [HOME_state] = "state",
                                     [HOME_scratch] = "scratch",
                                     [HOME_input] = "input",
                                     [HOME_output] = "output"};
  if (slot->home == HOME_constant) return FORMAT("@%s", sheet_name(l->sheet, slot, FORMAT("constant_%d", slot->id)));
  void **value = intern_slot(&l->values, &slot, sizeof slot);
  if (*value) return *value;
  return *value = (void *)instruction(
             l, FORMAT("getelementptr inbounds i8, ptr %%%s, i64 %" PRId64, home[slot->home], slot->offset));
}

static void call_emit(Printer *l, const Stmt *s) {
  bool serial = kernel_is_serial(s->kernel);
  Text args;
  text_init(&args, l->arena);
  for (int i = 0; i < s->args.n; ++i) text_printf(&args, "%sptr %s", i ? ", " : "", slot_value(l, s->args.at[i]));
  if (!serial) text_printf(&args, "%sptr %%thread", args.n ? ", " : "");
  int n = ++l->last;
  if (serial) text_printf(l->out, "  br i1 %%first, label %%on.%d, label %%off.%d\non.%d:\n", n, n, n);
  line(l, FORMAT("call void @%s(%s)", sheet_name(l->sheet, s->kernel, s->kernel->name), text_str(&args)));
  if (serial) text_printf(l->out, "  br label %%off.%d\noff.%d:\n", n, n);
}

static void host_emit(Printer *l, const Host *h) {
  static const char *const home[] = {"params", "state", "scratch", "output", "input"}; /* the order of nnrt_memory */
  l->last = 0;
  intern_init(&l->values, l->arena);
  text_printf(l->out, "define internal void @%s(ptr noalias readonly %%memory, ptr %%thread) #2 {\n",
              sheet_name(l->sheet, h, h->name));
  for (int i = 0; i < 5; ++i) {
    text_printf(l->out, "  %%%s.at = getelementptr inbounds %%nnrt_memory, ptr %%memory, i32 0, i32 %d\n", home[i], i);
    text_printf(l->out, "  %%%s = load ptr, ptr %%%s.at\n", home[i], home[i]);
  }
  text_puts(l->out, "  %id = load i32, ptr %thread\n  %first = icmp eq i32 %id, 0\n");
  for (int i = 0; i < h->body.n; ++i) /* all addresses first: calls of serial kernels open blocks */
    for (int k = 0; k < h->body.at[i]->args.n; ++k) slot_value(l, h->body.at[i]->args.at[k]);
  for (int i = 0; i < h->body.n; ++i)
    if (h->body.at[i]->kind == S_call)
      call_emit(l, h->body.at[i]);
    else
      line(l, "call void @nnrt_barrier(ptr %thread)");
  text_puts(l->out, "  ret void\n}\n\n");
}

/* ---- constants and tables ---- */
static const char *bytes_text(Printer *l, const void *data, size_t n) {
  Text text;
  text_init(&text, l->arena);
  for (size_t i = 0; i < n; ++i) {
    unsigned char c = ((const unsigned char *)data)[i];
    text_printf(&text, c == '"' || c == '\\' || c < 32 || c > 126 ? "\\%02X" : "%c", c);
  }
  return text_str(&text);
}

/* Elements as the host's bytes: LLVM objects are made for little-endian machines, as is every host of nnc. */
static void array_emit(Printer *l, const char *name, const Tensor *t) {
  size_t n = (size_t)shape_count(t->shape) * (size_t)dtype_info[t->dtype].bytes;
  text_printf(l->out, "@%s = internal constant [%zu x i8] c\"%s\", align 64\n", name, n, bytes_text(l, t->data, n));
}

static const char *string_value(Printer *l, const char *s) {
  const char *name = map_get(&l->strings, s);
  if (name) return name;
  name = FORMAT("@nnc.text.%d", l->strings.n);
  map_put(&l->strings, s, (void *)name);
  return name;
}

static const char *cell_value(Printer *l, FieldKind kind, const Cell *c) {
  Text text;
  switch (kind) {
  case FIELD_int:
  case FIELD_dtype:
  case FIELD_source: return FORMAT("i32 %" PRId64, c->i);
  case FIELD_i64:
  case FIELD_u64: return FORMAT("i64 %" PRId64, c->i);
  case FIELD_f64: return FORMAT("double %s", scalar_const(l, DT_f64, c->f, 0));
  case FIELD_text: return c->text ? FORMAT("ptr %s", string_value(l, c->text)) : "ptr null";
  case FIELD_table: return c->table ? FORMAT("ptr @%s", c->table->name) : "ptr null";
  case FIELD_code: return c->host ? FORMAT("ptr @%s", sheet_name(l->sheet, c->host, c->host->name)) : "ptr null";
  case FIELD_dims:
    text_init(&text, l->arena);
    for (int i = 0; i < RANK_MAX; ++i)
      text_printf(&text, "%si64 %" PRId64, i ? ", " : "[8 x i64] [", i < c->shape->rank ? c->shape->dim[i] : 0);
    return FORMAT("%s]", text_str(&text));
  }
  return NULL;
}

static const char *row_value(Printer *l, const Record *r, const Cell *cells) {
  Text text;
  if (!r->fields[0].name) return cell_value(l, r->fields[0].kind, cells);
  text_init(&text, l->arena);
  for (int i = 0; i < r->n; ++i) text_printf(&text, "%s%s", i ? ", " : "", cell_value(l, r->fields[i].kind, &cells[i]));
  return FORMAT("%%%s { %s }", r->type, text_str(&text));
}

static const char *record_type(Printer *l, const Record *r) {
  if (r->fields[0].name) return FORMAT("%%%s", r->type);
  return r->fields[0].kind == FIELD_text ? "ptr" : "i32";
}

static void table_emit(Printer *l, const Table *t) {
  if (t->raw) return array_emit(l, t->name, t->raw);
  text_printf(l->out, "@%s = %sconstant ", t->name, t->exported ? "" : "internal ");
  if (t->single) {
    text_printf(l->out, "%s\n", row_value(l, t->record, t->cells.at));
    return;
  }
  text_printf(l->out, "[%d x %s] [", t->rows, record_type(l, t->record));
  for (int i = 0; i < t->rows; ++i)
    text_printf(l->out, "%s%s", i ? ", " : "", row_value(l, t->record, &t->cells.at[i * t->record->n]));
  text_puts(l->out, "]\n");
}

static void record_emit(Printer *l, const Record *r) {
  static const char *const types[] = {
      [FIELD_int] = "i32",  [FIELD_dtype] = "i32",     [FIELD_source] = "i32", [FIELD_i64] = "i64",
      [FIELD_u64] = "i64",  [FIELD_f64] = "double",    [FIELD_text] = "ptr",   [FIELD_table] = "ptr",
      [FIELD_code] = "ptr", [FIELD_dims] = "[8 x i64]"};
  text_printf(l->out, "%%%s = type { ", r->type);
  for (int i = 0; i < r->n; ++i) text_printf(l->out, "%s%s", i ? ", " : "", types[r->fields[i].kind]);
  text_puts(l->out, " }\n");
}

static void tables_emit(Printer *l) {
  const Tables *tables = tables_build(l->sheet);
  for (int i = 0; i < tables->n; ++i) table_emit(l, tables->at[i]);
  for (int i = 0; i < l->strings.n; ++i) {
    const char *s = l->strings.slots[i].key;
    text_printf(l->out, "%s = private unnamed_addr constant [%zu x i8] c\"%s\\00\"\n",
                (char *)l->strings.slots[i].value, strlen(s) + 1, bytes_text(l, s, strlen(s)));
  }
  if (!l->sheet->options->no_main)
    text_printf(l->out,
                "\ndefine i32 @main(i32 %%argc, ptr %%argv) #2 {\n"
                "  %%code = call i32 @nnrt_main(ptr @%s, i32 %%argc, ptr %%argv)\n  ret i32 %%code\n}\n",
                tables->at[tables->n - 1]->name);
}

/* ---- the module ---- */
static void runtime_emit(Printer *l) {
  static const char *const declarations[] = {
#define NNRT(result, name, parameters, llvm) llvm,
#include "../../runtime/abi.def"
#undef NNRT
  };
  for (size_t i = 0; i < sizeof declarations / sizeof *declarations; ++i) text_printf(l->out, "%s\n", declarations[i]);
  static const char *const part[2][2] = {{"lo", "%id"}, {"hi", "%next"}};
  for (int i = 0; i < 2; ++i)
    text_printf(l->out,
                "\ndefine internal i64 @nnrt_%s(i64 %%count, ptr %%thread) #1 {\n"
                "  %%id.32 = load i32, ptr %%thread\n"
                "  %%at = getelementptr inbounds i8, ptr %%thread, i64 4\n"
                "  %%threads.32 = load i32, ptr %%at\n"
                "  %%id = sext i32 %%id.32 to i64\n"
                "  %%threads = sext i32 %%threads.32 to i64\n"
                "  %%next = add i64 %%id, 1\n"
                "  %%product = mul i64 %%count, %s\n"
                "  %%part = sdiv i64 %%product, %%threads\n"
                "  ret i64 %%part\n}\n",
                part[i][0], part[i][1]);
  text_puts(l->out, "\n");
}

static void attributes_emit(Printer *l, const Machine *m) {
  static const char *const kinds[] = {"noinline", "alwaysinline", ""};
  int bits = m->lanes[DT_f32] * 32 < 128 ? 128 : m->lanes[DT_f32] * 32;
  for (int i = 0; i < 3; ++i) {
    text_printf(l->out, "attributes #%d = { %s nounwind \"denormal-fp-math\"=\"ieee,ieee\"", i, kinds[i]);
    if (m->llvm_cpu) text_printf(l->out, " \"target-cpu\"=\"%s\"", m->llvm_cpu);
    if (m->llvm_features && *m->llvm_features) text_printf(l->out, " \"target-features\"=\"%s\"", m->llvm_features);
    text_printf(l->out, " \"prefer-vector-width\"=\"%d\" \"min-legal-vector-width\"=\"%d\" }\n", bits, bits);
  }
}

void emit_llvm(Text *out, const Program *p, const EmitOptions *o) {
  Sheet s;
  sheet_init(&s, out, o);
  s.program = p;
  Printer l = {.sheet = &s, .arena = s.arena, .out = out};
  map_init(&l.intrinsics, s.arena);
  map_init(&l.strings, s.arena);
  text_printf(out, "; %s: compiled from %s by %s for %s\n", p->module->name, p->module->file ? p->module->file : "text",
              o->compiler, p->machine->name);
  if (p->machine->triple) text_printf(out, "target triple = \"%s\"\n\n", p->machine->triple);
  text_puts(out, "%nnrt_memory = type { ptr, ptr, ptr, ptr, ptr }\n");
  for (int i = 0; record_at(i); ++i) record_emit(&l, record_at(i));
  text_puts(out, "@nnc.zero = internal constant i64 0\n");
  for (int i = 0; i < p->slots.n; ++i) {
    const Slot *slot = p->slots.at[i];
    if (slot->home == HOME_constant) array_emit(&l, slot_value(&l, slot) + 1, slot->value);
  }
  runtime_emit(&l);
  for (int i = 0; i < p->math.n; ++i) kernel_emit(&l, p->math.at[i]);
  for (int i = 0; i < p->kernels.n; ++i) kernel_emit(&l, p->kernels.at[i]);
  for (int i = 0; i < p->hosts.n; ++i) host_emit(&l, p->hosts.at[i]);
  tables_emit(&l);
  text_puts(out, "\n");
  for (int i = 0; i < l.intrinsics.n; ++i) text_printf(out, "%s\n", l.intrinsics.slots[i].key);
  attributes_emit(&l, p->machine);
}
