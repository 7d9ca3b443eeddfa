/* ops.h: the enums and property tables that come from dtype.def, elementwise.def, cast.def and ops.def.
 */
#ifndef NNC_OPS_H
#define NNC_OPS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum DTypeKind { KIND_FLOAT, KIND_SIGNED, KIND_UNSIGNED, KIND_BOOL } DTypeKind;

typedef enum DType {
#define DTYPE(name, bytes, kind, c, llvm, st) DT_##name,
#include "dtype.def"
#undef DTYPE
  DTYPE_COUNT
} DType;

typedef struct DTypeInfo {
  const char *name;
  int bytes;
  DTypeKind kind;
  const char *c, *llvm, *safetensors;
} DTypeInfo;
extern const DTypeInfo dtype_info[DTYPE_COUNT];
static inline bool dtype_is_float(DType t) { return dtype_info[t].kind == KIND_FLOAT; }
static inline bool dtype_is_half(DType t) { return t == DT_f16 || t == DT_bf16; }
/* What sums and products of many elements are accumulated in: 16-bit floats widen exactly, the chain is f32, and the
 * result is rounded once (MIDDLE.md 3.1). */
static inline DType dtype_chain(DType t) { return dtype_is_half(t) ? DT_f32 : t; }
static inline bool dtype_is_integer(DType t) {
  return dtype_info[t].kind == KIND_SIGNED || dtype_info[t].kind == KIND_UNSIGNED;
}
int dtype_find(const char *name); /* -1 when there is none */

typedef enum Op {
#define EW1(name, domain, law, value, ga, c, llvm) OP_##name,
#define EW2(name, domain, law, value, ga, gb, c, llvm) OP_##name,
#define EW3(name, domain, law, value, ga, gb, gc, c, llvm) OP_##name,
#include "elementwise.def"
#undef EW1
#undef EW2
#undef EW3
  OP_FIRST_STRUCTURAL,
  OP_before_structural = OP_FIRST_STRUCTURAL - 1, /* so that the first structural op takes its number */
#define OP(name, family, operands, attributes, law) OP_##name,
#include "ops.def"
#undef OP
  OP_COUNT
} Op;

typedef enum OpFamily {
  FAMILY_ELEMENTWISE,
  FAMILY_LEAF,
  FAMILY_MOVE,
  FAMILY_REDUCE,
  FAMILY_ALONG,
  FAMILY_DOT,
  FAMILY_INDEX,
  FAMILY_EFFECT,
  FAMILY_CONTROL
} OpFamily;

typedef struct OpInfo {
  const char *name;
  OpFamily family;
  char domain;            /* elementwise: F N I L C W X; else 0 */
  int operands;           /* -1: a list */
  const char *law;        /* documentation */
  const char *attributes; /* structural */
  const char *c, *llvm;   /* elementwise: spelling templates; NULL for MATH */
  bool math;              /* a function of math.ir */
} OpInfo;
extern const OpInfo op_info[OP_COUNT];
int op_find(const char *name);              /* -1 when there is none */
bool op_domain_takes(char domain, DType t); /* may an operand of a row of that domain be of dtype t? */
/* LLVM: the row of an elementwise op on values of dtype t; of a cast; of a bitcast. "": the operand is the value. */
const char *op_row(Op op, DType t);
const char *cast_row(DType from, DType to);
const char *bitcast_row(DType from, DType to);
static inline bool op_is_elementwise(Op op) { return op < OP_FIRST_STRUCTURAL; }
#endif
