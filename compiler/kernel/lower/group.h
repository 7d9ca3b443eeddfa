/* group.h: what lowering hands to the schedules in kernel/pass/: index maps (Affine), values at a point of a loop space
 * (Point), and groups of nodes that become one kernel. All that can change a bit is fixed here, by shape only
 * (MIDDLE.md 3.2): which nodes share a group never changes bits (each value is rounded at its node); the Order of every
 * reduction does. Nothing here may read the machine. */
#ifndef NNC_GROUP_H
#define NNC_GROUP_H

#include "../kernel.h"

/* ---- Affine: c0 + sum coef * atom over the axes of a group; hash-consed, so equal maps are equal pointers ---- */
typedef enum AtomKind { ATOM_axis, ATOM_div, ATOM_mod } AtomKind;
typedef struct Affine Affine;
typedef struct Term {
  int64_t coef;
  AtomKind kind;
  int axis;         /* ATOM_axis */
  const Affine *of; /* ATOM_div, ATOM_mod */
  int64_t by;       /* > 0 */
} Term;
struct Affine {
  int64_t c0;
  int64_t lo, hi; /* range over the group's axes, inclusive */
  int n;
  Term term[]; /* sorted; coefficients not 0 */
};
/* Of ATOM_div and ATOM_mod: rounded down, also below 0; b > 0. */
static inline int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }
static inline int64_t floor_mod(int64_t a, int64_t b) { return a - floor_div(a, b) * b; }

/* ---- Point: the value of a node at a point of the group's space, after all views were composed away ---- */
typedef enum PointKind {
  P_const,  /* value */
  P_load,   /* slot[index (+ stride * clamp(arg0, 0, count - 1) when nargs is 1: gather)] */
  P_op,     /* elementwise row on args (cast, bitcast to dtype) */
  P_index,  /* the affine index itself, as an integer of dtype (iota) */
  P_random, /* u32 word of Philox for element `index`; arg0, arg1: seed words, arg2: calls, arg3: turn; place */
  P_guard,  /* lo <= index < hi (and index mod `stride` == 0 when stride > 1): arg0, else the constant `value` */
  P_result, /* the result of phase number `phase` of this group, or the product of a dot */
} PointKind;

typedef struct Point Point;
struct Point {
  PointKind kind;
  DType dtype;
  Op op;
  int nargs;
  Point *arg[4];
  union {
    double f;
    int64_t i;
  } value;
  Slot *slot;
  const Affine *index;
  int64_t lo, hi, stride, count;
  uint32_t place;
  int phase;
  const Node *node; /* for the line and the name; not part of the identity */
};

/* Does the test hold for p, or for a point that it is computed from? Each is looked at once, however often it is
 * shared. NULL: no point. */
typedef bool PointTest(const Point *p, const void *context);
bool point_any(const Point *p, PointTest *test, const void *context);

/* ---- Order (MIDDLE.md 3.2) ---- */
typedef struct Order {
  int64_t chunk; /* Q */
  int lanes;     /* L: 1, 16 or 64 */
} Order;

typedef struct Reduction {
  Op op;          /* OP_sum, OP_prod, OP_max, OP_min, OP_argmax, OP_argmin, OP_cumsum, OP_argsort, OP_dot */
  Point *element; /* over kept and reduced axes */
  Point *factor;  /* OP_dot: the chain is acc = fma(element, factor, acc) */
  Order order;
  DType dtype; /* of the result */
  DType chain; /* of accumulators and partial results: dtype_chain; of max, min and positions: dtype */
  const Node *node;
} Reduction;

typedef struct Write {
  Slot *slot;
  const Affine *index;
  Point *value;
  bool full; /* at every point of kept x reduced axes; else once per point of the kept axes */
  /* A scatter's: slot[index + stride * clamp(row, 0, count - 1)], added to or replaced; `index` does not vary along the
   * axes of the sources, which are walked in ascending order. Otherwise row is NULL. */
  Point *row;
  int64_t stride, count;
  bool add;
} Write;

/* scan: phases are running sums along the last axis, which their results keep; all writes are full. sort: one phase,
 * argsort along the last axis; one write. scatter: one write, over the axes of the source. control: a
 * loop or branch, whose subgraphs are lowered on their own (control.c); it never becomes a Group. */
typedef enum GroupKind {
  GROUP_map,
  GROUP_row,
  GROUP_column,
  GROUP_dot,
  GROUP_scan,
  GROUP_sort,
  GROUP_scatter,
  GROUP_control
} GroupKind;

/* An operand of a dot: slot[offset + sum stride[axis] * i_axis]; no guards, no arithmetic. */
typedef struct Operand {
  Slot *slot;
  int64_t offset;
  int64_t stride[RANK_MAX * 3];
} Operand;

/* Axes are numbered: kept axes first (map, row, column) or batch, m, n, k (dot), with extents; extents of 1 are gone.
 */
typedef struct Group {
  GroupKind kind;
  const char *name; /* of the kernel to be made */
  int naxes, kept;  /* kept = naxes when nothing is reduced */
  int64_t extent[RANK_MAX * 3];
  int nb, nm, nn, nk; /* dot: counts of axes, in this order; naxes = nb + nm + nn + nk, kept = nb + nm + nn */
  Operand a, b;       /* dot */
  int slices;         /* dot: S; Reduction order is {ceil(k/S) rounded up to 16, 1}; or `lanes` when min(m, n) <= 2 */
  Order dot_order;
  DType dot_dtype;
  VEC(Reduction) phases; /* row, column; in order, a later one may use results of earlier ones; dot: its one */
  VEC(Write) writes;
  VEC(const Node *) members;
  Loc loc; /* of the first member, for the report */
} Group;

/* ---- the schedules: a group becomes a kernel and its call's arguments (pass/<name>.c) ---- */
typedef struct Call {
  Kernel *kernel;
  VEC(Slot *) args; /* one per kernel->params */
} Call;
typedef VEC(Call) Calls;

/* GROUP_map, GROUP_row, GROUP_column, GROUP_scan */
void schedule_nest(Program *p, const Group *g, Calls *calls);
/* GROUP_dot with any number of axes of each class (a convolution has k = channels and both steps of its window; which m
 * and n are rows and columns, the schedule chooses): packing kernels and the tiled product.
 * Returns false when the shape asks for the plain nest: the group is its own reduction too, and schedule_nest takes it.
 */
bool schedule_dot(Program *p, const Group *g, Calls *calls);
void schedule_sort(Program *p, const Group *g, Calls *calls);
void schedule_scatter(Program *p, const Group *g, Calls *calls);
/* pass/widen.c: a scratch slot for the f32 of a 16-bit one; the kernel that converts one slot's elements to another's.
 */
Slot *slot_widened(Program *p, Slot *from, Loc loc);
void call_convert(Program *p, Slot *from, Slot *to, Calls *calls);

/* ---- lanes in index maps, and loads of lanes that do not lie side by side (pass/lanes.c) ---- */
enum { VECTOR_AT_ZERO = -1 };
typedef struct VectorAxis {
  int axis, lanes;
  int every; /* vectors start at multiples of it (0: anywhere), or all at 0 (VECTOR_AT_ZERO) */
} VectorAxis;
/* What the lanes add to the map's value at lane 0; false: that differs from vector to vector. */
bool vector_offsets(const VectorAxis *v, const Affine *index, int64_t *offset);
/* The map's value modulo `by`, or as it is when by is 0, in each lane; false: not the same in every vector. */
bool vector_values(const VectorAxis *v, const Affine *index, int64_t by, int64_t *value);
bool vector_contiguous(const VectorAxis *v, const Affine *index); /* offsets 0, 1, 2, … */
bool vector_uniform(const VectorAxis *v, const Affine *index);    /* offsets 0, 0, 0, … */
bool vector_shuffles(const VectorAxis *v, const Affine *index);   /* vector_load can do it */
/* b[first + offset of each lane], first being the map at lane 0, by loads that become lets of `body`. Lanes in `off`
 * (bit l: lane l) have any value; nothing is read where `only` (NULL: no condition) is off. */
Expr *vector_load(Arena *a, Block *body, const VectorAxis *v, const Buffer *b, const Affine *index, Expr *first,
                  uint64_t off, Expr *only);

/* ---- points to expressions (pass/points.c): used by all schedules ---- */
typedef struct PointGen {
  Program *program;
  Arena *arena;
  Call *call;   /* kernel under construction and its arguments; slots become parameters on first use */
  Block *body;  /* where lets and stores are appended */
  Block *hoist; /* an enclosing block, inside the loops of all axes but the vector axis: lets of values that do
                   not vary along the vector axis go there; NULL: they go to body */
  Expr *axis[RANK_MAX * 3]; /* index expression (i64 scalar) of each axis; the first lane's for the vector axis */
  int vector_axis;          /* -1: scalar code */
  int lanes;                /* 1: scalar code */
  int every;                /* of VectorAxis; 0: no shuffled loads */
  Expr *mask;               /* lanes that are on (NULL: all) */
  Expr *result[16];         /* value of P_result by phase, with `lanes` lanes or scalar (then it is splat on use) */
  bool results_outside; /* results are defined in hoist or further out, so what depends on them may be hoisted too */
  Expr *guard;          /* private: scalar condition and lanes under which the current subtree is read */
  Expr *guard_mask;
  uint64_t off;                               /* private: lanes in which a guard never holds */
  uint64_t version[RANK_MAX * 3 + 16], clock; /* private: what the memo may still serve */
  Intern memo, uses, axes;
} PointGen;
void point_gen_init(PointGen *gen, Program *p, Call *call);
/* Sets the index expression of an axis; values that depend on it will be computed anew. */
void point_axis(PointGen *gen, int axis, Expr *index);
void point_result(PointGen *gen, int phase, Expr *value);      /* likewise for a result */
Buffer *point_buffer(PointGen *gen, Slot *slot, bool written); /* the parameter that stands for slot */
Expr *affine_expr(PointGen *gen, const Affine *index);         /* i64 scalar, at the first lane */
uint32_t affine_axes(const Affine *index);                     /* bit d: axis d stands in it */
/* The axis' coefficient; *simple false: it stands inside a quotient or remainder. */
int64_t affine_stride(const Affine *index, int axis, bool *simple);
/* The value, `lanes` wide, or scalar when it does not vary along the vector axis (expr_splat it). Values that are used
 * more than once become lets. They are served again until their axes change (point_axis) or body and hoist do. */
Expr *point_expr(PointGen *gen, const Point *point);
Expr *point_row(PointGen *gen, const Point *row, int64_t count); /* clamp(row, 0, count - 1), i64 scalar */
void point_count(PointGen *gen,
                 const Point *point); /* announces a use: call for all roots before the first point_expr */
void point_writes(PointGen *gen, const Group *g,
                  bool full); /* all writes of that kind: every value first, then the stores */
/* Prefetches the states that g writes, with another index of one axis. */
void point_fetch(PointGen *gen, const Group *g, int axis, Expr *index);
/* Every load can be made `lanes` wide along the axis and nothing needs lane loops; results: those of phases differ
 * along it. */
bool point_vectorises(const Point *point, const VectorAxis *v, bool results);
bool point_depends(PointGen *gen, const Point *point, int axis);
#endif
