/* llvm.h: private to the LLVM printer: llvm.c prints memory, statements, functions and tables; llvm_rows.c values,
 * conversions and elementwise rows. Functions return the name of the SSA value that holds the result. */
#ifndef NNC_EMIT_LLVM_H
#define NNC_EMIT_LLVM_H

#include "print.h"

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

#define FORMAT(...) arena_printf(l->arena, __VA_ARGS__)

const char *ll_expr_value(Printer *l, const Expr *e); /* llvm.c */

/* llvm_rows.c */
const char *ll_type_text(Printer *l, Type t);
const char *ll_suffix_text(Printer *l, Type t);
Type ll_retyped(Type t, DType dtype);
const char *ll_scalar_const(Printer *l, DType dtype, double f, int64_t i);
const char *ll_const_text(Printer *l, Type t, double f, int64_t i);
const char *ll_number(Printer *l, Type t, int64_t i);
const char *ll_lane_numbers(Printer *l, int lanes, int first, int step);
void ll_line(Printer *l, const char *text);
const char *ll_instruction(Printer *l, const char *text);
const char *ll_binary(Printer *l, const char *op, Type t, const char *a, const char *b);
const char *ll_convert(Printer *l, const char *op, Type from, Type to, const char *a);
const char *ll_choose(Printer *l, const char *mask, Type t, const char *a, const char *b);
void ll_declare(Printer *l, const char *declaration);
const char *ll_splat(Printer *l, Type t, const char *scalar);
const char *ll_op_value(Printer *l, const Expr *e);
#endif
