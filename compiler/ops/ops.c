/* ops.c: the property tables of element types and ops, made from dtype.def, elementwise.def and ops.def, and the search
 * for a name in them. Every room reads these tables; none repeats what they say.
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
