/* kernel.h: the loop-nest IR (Kernel IR, MIDDLE.md section 7.1) and the Program: kernels, host functions, memory.
 *
 * Flow: kernel/lower/ turns each Graph into groups (lower/group.h: meaning, decides bits); kernel/pass/ turns groups
 * into the kernels of this file (machine: decides speed), orders them, sets barriers and offsets; emit/ prints a
 * Program. Printers print and never choose: after the passes each for has its kind, each value its lanes, each slot its
 * offset. Invariants (kernel_verify): types fit, names are defined before use, vectors are no wider than the machine's,
 * no barrier inside a kernel, parallel loops only at the top level of a kernel body, index expressions are i64 scalars.
 */
#ifndef NNC_KERNEL_H
#define NNC_KERNEL_H

#include "../graph/graph.h"

/* ---- the machine, as data (rows in pass/machine.c) ---- */
typedef struct Machine {
  const char *name;       /* "x86-64-v4" */
  int lanes[DTYPE_COUNT]; /* elements in a vector register */
  int vregs;              /* vector registers */
  bool hard_fma, masks;   /* fma in hardware; masked loads and stores in hardware */
  int fma_per_cycle, fma_latency;
  int64_t l1, l2, l3;     /* bytes, per core (l3: shared) */
  const char *gcc_target; /* for #pragma GCC target: "avx512f,avx512bw,…"; NULL: none */
  const char *llvm_cpu, *llvm_features, *triple;
  const char *simd_macro; /* what nnrt_simd.h is told: "NNRT_V4" */
  const char *blas;       /* library that large matrix products go to ("openblas"), NULL: none. It chooses its own order
                             of sums, so this alone of the machine's data changes bits */
} Machine;
const Machine *machine_find(const char *name); /* NULL when unknown; "native" asks the host */
const Machine *machine_at(int i);              /* NULL past the end */

/* ---- types and values ---- */
enum { LANES_MAX = 64 };
typedef struct Type {
  DType dtype; /* DT_bool with lanes > 1 is a mask */
  int lanes;   /* 1: scalar */
} Type;

typedef struct Var {
  const char *name; /* unique within its function after kernel_finish */
  Type type;
} Var;

typedef enum Space { SPACE_arena, SPACE_local } Space;

/* Memory as a kernel sees it: a parameter (arena) or a local array on the stack (at most 16 KB). */
typedef struct Buffer {
  const char *name;
  DType dtype;
  int64_t count; /* elements */
  Space space;
  int align; /* bytes that are guaranteed for element 0: 64 for slots, or less */
  bool written;
  int alias; /* index of the earlier parameter that is the same memory, or -1: then it is restrict/noalias */
} Buffer;

typedef struct Expr Expr;
typedef struct Stmt Stmt;
typedef struct Kernel Kernel;
typedef struct Slot Slot;

typedef enum ExprKind {
  E_const, /* value; splat over the lanes */
  E_var,   /* var */
  E_load, /* buffer[arg0 … arg0 + lanes - 1]; arg1 (may be NULL) a mask: lanes that are off are not read and give 0 */
  E_op,   /* an elementwise row on args of equal lanes; cast and bitcast go to `type` */
  E_splat,   /* scalar arg0 over the lanes */
  E_lane,    /* i32 lane[0], lane[1], …; 0, 1, …, lanes - 1 when lane is NULL */
  E_shuffle, /* lane l is element lane[l] of arg0 and arg1 side by side; vectors of one type, not of bool */
  E_mask,    /* lane < arg0 (i64 scalar): bool x lanes */
  E_idiv,    /* index arithmetic, i64 scalars that are never negative: arg0 / arg1, arg1 a constant > 0 */
  E_imod,    /* arg0 % arg1, likewise */
  E_extract, /* lane number value.i of vector arg0, as a scalar */
  E_call,    /* a math function (callee) on args */
} ExprKind;

struct Expr {
  ExprKind kind;
  Type type;
  Op op;
  int nargs;
  Expr *arg[3];
  Expr **more; /* E_call with more than 3 operands: all of them (arg holds the first three too); otherwise NULL */
  union {
    double f;  /* float dtypes */
    int64_t i; /* integers, bool, E_extract */
  } value;
  const Var *var;
  const Buffer *buffer;
  const Kernel *callee;
  const int *lane; /* E_lane, E_shuffle: one a lane */
};

static inline Expr *expr_arg(const Expr *e, int i) { return e->more ? e->more[i] : e->arg[i]; }

/* A routine of the runtime that kernels may call: a row of runtime/abi.def. */
typedef struct Routine {
  const char *name;
  DType dtype; /* of the elements at its addresses */
  const char
      *operands; /* a letter each: i an i64, r an address that is read (a: of elements of any dtype), w written */
} Routine;
const Routine *routine_find(const char *name); /* routine.c; NULL: none is called so */

typedef struct RoutineArg {
  const Buffer *buffer; /* the address of buffer[value]; NULL: value itself */
  Expr *value;          /* i64 scalar */
} RoutineArg;

typedef VEC(Stmt *) Block;

typedef enum ForKind { FOR_serial, FOR_parallel, FOR_unrolled } ForKind;

typedef enum StmtKind {
  S_for,   /* for var in lo … hi - 1 by step: body. parallel: lo = 0, step = 1, hi a constant; cut over the threads */
  S_let,   /* var = expr, never changes */
  S_var,   /* mutable var = expr */
  S_set,   /* var = expr */
  S_store, /* buffer[index … ] = expr, mask (may be NULL): lanes that are off are not written */
  S_prefetch,  /* buffer[index] will be needed soon, from the second-level cache; changes no value */
  S_transpose, /* L x L block, L = lanes: buffer[index + i * stride + j] = source[source_index + j * source_stride + i]
                */
  S_if,        /* expr (bool scalar): body else other */
  S_local,     /* declares local_buffer; contents undefined */
  S_routine,   /* a call of a routine of the runtime, with `passed` */
  S_block,     /* body made from the model's line loc; `text` says what ("x:matmul(w) + b -> relu") */
  S_call,      /* host functions: kernel with args (slots). Also there: S_for (serial, a scan) and S_if by args[0] */
  S_while,     /* host functions: body; as long as args[0] (a bool) then holds: other, body */
  S_barrier,   /* host functions */
  S_return,    /* math functions: expr */
} StmtKind;

struct Stmt {
  StmtKind kind;
  ForKind for_kind;
  int unroll; /* FOR_unrolled: the whole loop is written out by pass/unroll; 0 otherwise */
  Var *var;
  Expr *lo, *hi; /* S_for; i64 scalars */
  int64_t step;
  Expr *expr; /* let, var, set, if, store, return */
  const Buffer *buffer;
  Expr *index, *mask;
  const Buffer *source; /* transpose */
  Expr *source_index;
  Expr *stride, *source_stride;
  int lanes; /* transpose */
  Buffer *local_buffer;
  const Routine *routine;
  VEC(RoutineArg) passed; /* routine: one per letter of its operands */
  Block body, other;
  Loc loc;
  const char *text;
  const Kernel *kernel; /* call */
  VEC(Slot *) args;     /* call; if and while of host functions: the bool */
  Slot *frame;          /* if, for, while of host functions: the memory of the slots that live in it, or NULL */
};

/* A kernel: all threads call it; its parallel loops cut their range. Or a math function (result.lanes > 0). */
struct Kernel {
  const char *name;    /* "linear_relu_1" */
  const char *comment; /* what it computes, with shapes; one line */
  VEC(Buffer *) params;
  VEC(Var *) scalars; /* parameters by value (math functions: all of them) */
  Type result;        /* math functions; lanes 0: void */
  Block body;
  VEC(Loc) locs;                            /* the model's lines that it came from, ascending, no repeats */
  int64_t flops, bytes_read, bytes_written; /* a call, for the report */
};

/* ---- the program's memory ---- */
/* Constants apart, in the order of the fields of nnrt_memory, which have the same names. */
typedef enum Home { HOME_params, HOME_state, HOME_scratch, HOME_output, HOME_input, HOME_constant } Home;
extern const char *const home_name[]; /* ends with NULL */

/* A piece of memory of the program. Offsets are set by pass/memory. */
struct Slot {
  int id;
  const char *name; /* for reports and argument comments: "h1", "0.weight" */
  DType dtype;
  Shape shape;
  int64_t bytes;
  Home home;
  int64_t offset;      /* in bytes, from the start of its arena; multiple of 64 for scratch, params, state */
  State *state;        /* HOME_params, HOME_state */
  Input *input;        /* HOME_input */
  const Tensor *value; /* HOME_constant: printed as a static const array */
  Slot *parent; /* part of another slot (rows of a scan, what lives in a loop): offset is parent's + parent_offset … */
  int64_t parent_offset;
  const Var *turn; /* … + turn_stride bytes times this loop's variable, which `offset` leaves out; NULL: no loop */
  int64_t turn_stride;
  const Stmt *within; /* the loop or branch in which it lives, or NULL: the host function */
  /* Set by lowering, or NULL: a slot of equal size whose memory this one may take, because the kernel that first writes
   * this one reads `reuse` last, each element before it writes the same element. pass/memory shares them when `reuse`
   * dies there, and marks the kernel's parameters as aliases. */
  Slot *reuse;
  /* What a packed copy of an operand holds (pass/panels.c), or NULL. Slots of equal keys in one host have equal
   * contents as long as the operand is not written between: one packing call would do for both. */
  const char *key;
  Loc loc; /* where its tensor was made */
};

/* One variant of a Func, as a host function: S_call, S_barrier (later: S_for, S_if). */
typedef struct Host {
  const char *name; /* "train_128"; "init" */
  Func *func;       /* NULL for init */
  int rows;
  bool alone;   /* one thread runs it: pass/alone.c */
  Graph *graph; /* the optimised graph it came from */
  Block body;
  VEC(Slot *) inputs;  /* HOME_input, one per Input that is read; offsets within the function's input block */
  VEC(Slot *) outputs; /* HOME_output, in the order of graph->outputs */
  int64_t input_bytes, output_bytes;
  int64_t scratch_bytes; /* what this function needs; the arena is the largest */
  int64_t lower_bound;   /* largest sum of live scratch bytes */
} Host;

/* What a trapped program looks at behind a call: the output of one operation, then what it read (lower/trap.c). */
enum { TRAP_RANGE = 5 }; /* numbers that are kept of each: nnrt_range */
typedef struct Trap {
  const Host *host;
  const Stmt *made_by; /* the call */
  const char *op;
  Loc loc;
  bool infinite;       /* an infinite constant stands in it */
  VEC(Slot *) tensors; /* the output, the operands */
  int first;           /* of its ranges in Program.trap_seen */
} Trap;

/* The last pass that a program went through. */
typedef enum Stage { STAGE_lower, STAGE_share, STAGE_order, STAGE_join, STAGE_memory } Stage;

typedef struct Program {
  Arena *arena;
  Module *module;
  const Machine *machine;
  VEC(Kernel *) math; /* instances of math.ir functions, callees before callers */
  VEC(Kernel *) kernels;
  VEC(Host *) hosts; /* init first */
  VEC(Slot *) slots;
  int64_t params_bytes, state_bytes, scratch_bytes;
  const Stmt *within; /* while lowering: where new slots live */
  int max_threads;    /* 16 */
  bool trapped;       /* --trap: one operation a kernel, and each is looked at */
  VEC(Trap *) traps;  /* in the order of the calls */
  Slot *trap_seen;    /* what they saw last */
  Stage stage;        /* STAGE_memory: offsets are set */
  const char *text;   /* the file, when it was read from its text: what is wrong with it is the user's mistake then */
} Program;

/* ---- building (kernel.c) ---- */
static inline Type type_of(DType dtype, int lanes) { return (Type){dtype, lanes}; }
/* What an elementwise row gives (*type), or what is wrong with its operands, as text that follows the op's name; NULL:
 * good. */
const char *expr_infer(Op op, int n, Expr *const *args, Type *type);
Expr *expr_index(Arena *a, int64_t value);           /* i64 constant */
Expr *expr_const(Arena *a, Type type, double value); /* of the type's class */
Expr *expr_int(Arena *a, Type type, int64_t value);  /* integers, exact */
Expr *expr_var(Arena *a, const Var *var);
Expr *expr_load(Arena *a, const Buffer *b, Expr *index, int lanes, Expr *mask);
Expr *expr_op(Arena *a, Op op, int n,
              Expr *const *args); /* type inferred; folds constant index arithmetic: x + 0, x * 1, c + c */
Expr *expr_op1(Arena *a, Op op, Expr *x);
Expr *expr_op2(Arena *a, Op op, Expr *x, Expr *y);
Expr *expr_op3(Arena *a, Op op, Expr *x, Expr *y, Expr *z);
Expr *expr_add(Arena *a, Expr *x, Expr *y); /* i64 index arithmetic, folded */
Expr *expr_mul(Arena *a, Expr *x, int64_t factor);
Expr *expr_idiv(Arena *a, Expr *x, int64_t by);
Expr *expr_imod(Arena *a, Expr *x, int64_t by);
Expr *expr_cast(Arena *a, Expr *x, DType to, bool bits);
Expr *expr_splat(Arena *a, Expr *x, int lanes); /* x itself when lanes is 1; constants become wide constants */
Expr *expr_lane(Arena *a, int lanes);
Expr *expr_lanes(Arena *a, int lanes, const int64_t *value); /* likewise with these numbers */
/* lane[l] of x and y, as many as they have; x itself when that is x. */
Expr *expr_shuffle(Arena *a, Expr *x, Expr *y, const int *lane);
Expr *expr_mask(Arena *a, Expr *n, int lanes);
Expr *expr_extract(Arena *a, Expr *x, int lane);
Expr *expr_call(Arena *a, const Kernel *callee, int n, Expr *const *args);
Var *var_new(Arena *a, const char *name, Type type);
Buffer *buffer_local(Arena *a, const char *name, DType dtype, int64_t count);
Stmt *stmt_for(Arena *a, ForKind kind, Var *var, Expr *lo, Expr *hi, int64_t step); /* fill ->body */
Stmt *stmt_let(Arena *a, Var *var, Expr *value);
Stmt *stmt_var(Arena *a, Var *var, Expr *value);
Stmt *stmt_set(Arena *a, Var *var, Expr *value);
Stmt *stmt_store(Arena *a, const Buffer *b, Expr *index, Expr *value, Expr *mask);
Stmt *stmt_prefetch(Arena *a, const Buffer *b, Expr *index);
Stmt *stmt_transpose(Arena *a, int lanes, const Buffer *dst, Expr *index, Expr *stride, const Buffer *src,
                     Expr *src_index, Expr *src_stride);
Stmt *stmt_if(Arena *a, Expr *condition); /* fill ->body and ->other */
Stmt *stmt_local(Arena *a, Buffer *b);
Stmt *stmt_routine(Arena *a, const char *name, int n, const RoutineArg *passed);
Stmt *stmt_block(Arena *a, Loc loc, const char *text);
Kernel *kernel_new(Arena *a, const char *name);
Buffer *kernel_param(Arena *a, Kernel *k, const char *name, DType dtype, int64_t count, bool written);
Slot *program_slot(Program *p, Home home, const char *name, DType dtype, Shape shape, Loc loc);
Slot *slot_root(Slot *s, int64_t *offset); /* the slot that s is a part of; offset: in it, in bytes (pass/plan.c) */
/* Makes variable names unique, replaces rows marked MATH by calls of instances (added to p->math) and spells out that
 * f16 and bf16 are computed in f32. */
void kernel_finish(Program *p, Kernel *k);

/* ---- walking (walk.c) ---- */
enum { ROUTINE_ARGS_MAX = 16, STMT_EXPRS_MAX = 8 + ROUTINE_ARGS_MAX };
int stmt_exprs(const Stmt *s, Expr *expr[STMT_EXPRS_MAX]); /* the expressions that stand in s itself; their count */
/* Every statement, outer before inner, with its depth (0: top level). */
void block_walk(const Block *b, int depth, void (*visit)(void *context, Stmt *s, int depth), void *context);
bool kernel_is_serial(const Kernel *k); /* no parallel loop: thread 0 alone runs it */
bool program_calls_blas(const Program *p);

/* ---- S_transpose in registers (transpose.c), for printers that have no function for it ---- */
enum { TRANSPOSE_MAX = 16 };
/* Lane j of a shuffle is element lane[j] of the rows first and second side by side. */
typedef struct Shuffle {
  int first, second, lane[TRANSPOSE_MAX];
} Shuffle;
/* n rows of n elements are transposed by log2(n) steps. Each makes new rows of the old ones: row i by this shuffle. */
Shuffle transpose_shuffle(int n, int bytes, int step, int i);

/* ---- text, verifier ---- */
void kernel_print(Text *out, const Kernel *k);
void program_print(Text *out, const Program *p); /* after its module: what program_parse reads */
typedef VEC(Kernel *) Kernels;
Kernels *kernels_parse(Arena *arena, const char *file, const char *text); /* kernels and functions of a text */
/* A whole program as program_print gives it; or kernels alone, as the program of an empty module for `machine` (which
 * is NULL where the text has to name its own). User errors name file and line. */
Program *program_parse(Arena *arena, const char *file, const char *text, const Machine *machine);
/* What is wrong with a kernel, as text, and the statement where (*at: NULL for the head); NULL: nothing. m may be NULL.
 */
const char *kernel_problem(Arena *arena, const Kernel *k, const Machine *m, const Stmt **at);
void kernel_verify(const Kernel *k, const Machine *m); /* bug() when there is one */
/* All kernels; calls against parameters; nothing read before it is written; and, once planned: lives that share memory,
 * written bytes that another call of one barrier interval touches, parameters that overlap without being aliases. */
void program_verify(const Program *p);

/* ---- math.ir (math.c): the instance for (op, dtype, lanes), made on first use with what it calls ---- */
const Kernel *math_instance(Program *p, Op op, Type type);
/* A function by its name in math.ir. Of no op: philox (word, c0, c1, c2, c3, k0, k1), u32 x lanes. */
const Kernel *math_named(Program *p, const char *name, Type type);

/* ---- the way through the room (one public function a file) ---- */
Program *kernel_lower(Module *m, const Machine *machine,
                      Arena *arena); /* lower/lower.c: slots, groups, kernels in dependence order */
Program *kernel_lower_trapped(Module *m, const Machine *machine, Arena *arena); /* likewise, for --trap */
void pass_share(Program *p);  /* pass/share.c: equal kernels become one; names become unique */
void pass_order(Program *p);  /* pass/order.c: order of calls by live bytes, then barriers */
void pass_join(Program *p);   /* pass/join.c: small kernels of one interval become one */
void pass_memory(Program *p); /* pass/memory.c: offsets of all slots, arena sizes */

/* ---- what calls cost (report.c) ---- */
typedef struct Costs {
  int64_t flops, reads, writes; /* reads, writes: bytes */
} Costs;
Costs call_costs(Arena *arena, const Stmt *call);
const char *lines_text(Arena *arena, const Kernel *k); /* the model's lines: "model.lua:12, 17" */
void program_report(Text *out, const Program *p);      /* --report */
void program_page(Text *out, const Program *p);        /* page/page.c: --report=FILE.html */
#endif
