/* llvm.h: private to the LLVM printer: llvm.c prints memory, statements, functions and tables; llvm_rows.c values,
 * conversions and elementwise rows; llvm_host.c step functions. */
#ifndef NNC_EMIT_LLVM_H
#define NNC_EMIT_LLVM_H

#include "print.h"

typedef struct Printer {
  Sheet *sheet;
  Arena *arena;
  Text *out;
  int last;       /* number of the newest value or label */
  bool alone;     /* one thread runs the host function that is printed: barriers are nothing */
  bool profiled;  /* it notes when each of its calls begins */
  Intern values;  /* Var of a let or parameter, Slot -> its name; absent: an alloca of its name */
  Map locals;     /* variables of the function that have their alloca */
  Map intrinsics; /* declaration -> itself */
  Map strings;    /* text -> global */
  Used used;
} Printer;

#define FORMAT(...) arena_printf(l->arena, __VA_ARGS__)

/* Types that only LLVM text has: half is met between two conversions, dims is an nnrt_field's. No lanes: void. */
enum { DT_half = DTYPE_COUNT, DT_pointer, DT_dims };

/* An SSA value or a constant, as an operand: its name stands for no value where it is NULL. */
typedef struct Operand {
  Type type;
  const char *name;
} Operand;

/* ---- llvm.c ---- */
Operand ll_expr(Printer *l, const Expr *e);
void ll_name_put(Printer *l, const void *object, const char *name);
const char *ll_name_get(Printer *l, const void *object);
/* Labels are a word and the number of their statement. After a branch the text goes on at `yes`; jump goes to a label,
 * and the text goes on at `next`. */
void ll_branch(Printer *l, const char *condition, const char *yes, const char *no, int n);
void ll_jump(Printer *l, const char *label, const char *next, int n);

void ll_host(Printer *l, const Host *h, bool profiled); /* llvm_host.c */

/* ---- llvm_rows.c ---- */
const char *ll_type(Printer *l, Type t);
const char *ll_suffix(Printer *l, Type t); /* of an intrinsic: v16f32, f32 */
const char *ll_scalar(Printer *l, DType dtype, double f, int64_t i);
const char *ll_operands(Printer *l, int n, const Operand *v); /* "float %.1, i32 3"; no name: "float" */
Operand ll_const(Printer *l, Type t, double f, int64_t i);
Operand ll_number(Printer *l, Type t, int64_t i);
Operand ll_numbers(Printer *l, int n, const int *x); /* i32; x may be NULL: 0, 1, … */
/* Instructions, which print a line: text as it is; op with a list of typed operands; op with one type for both. */
Operand ll_new(Printer *l, Type t, const char *text);
Operand ll_list(Printer *l, Type t, const char *op, int n, const Operand *v);
Operand ll_binary(Printer *l, const char *op, Operand a, Operand b);
void ll_declare(Printer *l, Type t, const char *name, int n, const Operand *v); /* once a module */
Operand ll_call(Printer *l, Type t, const char *name, int n, const Operand *v); /* declares what starts with "@llvm." */
Operand ll_splat(Printer *l, Operand scalar, int lanes);
Operand ll_cast(Printer *l, Operand v, DType to);
Operand ll_op(Printer *l, const Expr *e);
#endif
