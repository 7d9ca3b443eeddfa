/* ops.c: the property tables of element types and ops, made from dtype.def, elementwise.def, cast.def and ops.def, and
 * the search for a name in them. Every room reads these tables; none repeats what they say.
 *
 * Invariants: rows stand in the order of the enums in ops.h, because both come from the same files. An elementwise row
 * whose C column is MATH has no spelling of its own (`c` and `llvm` are NULL): it is a function of math.ir. */
#include "ops.h"

#include <stddef.h>
#include <string.h>

#define DTYPE(name, bytes, kind, c, llvm, safetensors) {#name, bytes, KIND_##kind, c, llvm, safetensors},
const DTypeInfo dtype_info[DTYPE_COUNT] = {
#include "dtype.def"
};
#undef DTYPE

enum { DOMAIN_F = 'F', DOMAIN_N = 'N', DOMAIN_I = 'I', DOMAIN_L = 'L', DOMAIN_C = 'C', DOMAIN_W = 'W', DOMAIN_X = 'X' };

/* MATH is a null pointer, a template is text: their types tell the two apart in a constant expression. */
#define MATH ((void *)0)
#define ELEMENTWISE(name, domain, operands, law, c, llvm)                                                              \
  {#name, FAMILY_ELEMENTWISE, DOMAIN_##domain, operands, law, NULL, c, llvm, _Generic((c), void *: true, default: false)},
#define EW1(name, domain, law, value, ga, c, llvm) ELEMENTWISE(name, domain, 1, law, c, llvm)
#define EW2(name, domain, law, value, ga, gb, c, llvm) ELEMENTWISE(name, domain, 2, law, c, llvm)
#define EW3(name, domain, law, value, ga, gb, gc, c, llvm) ELEMENTWISE(name, domain, 3, law, c, llvm)
#define OP(name, family, operands, attributes, law)                                                                    \
  {#name, FAMILY_##family, 0, operands, law, attributes, NULL, NULL, false},
const OpInfo op_info[OP_COUNT] = {
#include "elementwise.def"
#include "ops.def"
};

int dtype_find(const char *name) {
  for (int t = 0; t < DTYPE_COUNT; ++t)
    if (strcmp(dtype_info[t].name, name) == 0) return t;
  return -1;
}

int op_find(const char *name) {
  for (int op = 0; op < OP_COUNT; ++op)
    if (strcmp(op_info[op].name, name) == 0) return op;
  return -1;
}

bool op_domain_takes(char domain, DType t) {
  switch (domain) {
  case 'F': return dtype_is_float(t);
  case 'N': return t != DT_bool;
  case 'I': return dtype_is_integer(t);
  case 'L': return !dtype_is_float(t);
  default: return true;
  }
}

/* ---- rows of LLVM instructions ---- */
/* Of "floats||signed||unsigned"; a form that is missing is the one before it. Text that follows "||" is another form.
 */
const char *op_row(Op op, DType t) {
  const char *form = op_info[op].llvm;
  int skip = dtype_is_float(t) ? 0 : dtype_info[t].kind == KIND_SIGNED ? 1 : 2;
  for (const char *next; skip > 0 && (next = strstr(form, "||")); --skip) form = next + 2;
  return form;
}

/* A bool is one bit in a value and one byte in any other dtype of its size. */
const char *bitcast_row(DType from, DType to) {
  bool same = !strcmp(dtype_info[from].llvm, dtype_info[to].llvm) && from != DT_bool && to != DT_bool;
  return same ? "" : from == DT_bool ? "zext %0 r" : to == DT_bool ? "trunc %0 r" : "bitcast %0 r";
}

static bool cast_fits(const char *place, DType t, DType other) {
  static const char *const kinds[] = {"float", "signed", "unsigned", "bool"};
  int bytes = dtype_info[t].bytes, others = dtype_info[other].bytes;
  if (!strcmp(place, "narrower")) return bytes < others;
  if (!strcmp(place, "same")) return bytes == others;
  if (!strcmp(place, "integer")) return dtype_is_integer(t);
  return !strcmp(place, "any") || !strcmp(place, dtype_info[t].name) || !strcmp(place, kinds[dtype_info[t].kind]);
}

const char *cast_row(DType from, DType to) {
  static const struct {
    const char *from, *to, *row;
  } rows[] = {
#define CAST(from, to, row) {#from, #to, row},
#include "cast.def"
#undef CAST
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
    if (cast_fits(rows[i].from, from, to) && cast_fits(rows[i].to, to, from)) return rows[i].row;
  return NULL; /* the last row takes any pair */
}
