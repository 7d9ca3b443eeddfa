/* nest.h: private to the schedules of map, row and column groups: one loop nest under construction. */
#ifndef NNC_NEST_H
#define NNC_NEST_H

#include "../lower/group.h"

typedef struct Nest {
  Program *program;
  Arena *arena;
  const Group *group;
  Call call;
  PointGen gen;
  int64_t extent[RANK_MAX * 3]; /* after collapsing: the inner axis has the product, the outer one 1 */
  int lanes;                    /* of the machine for the dtypes at hand */
  int step;                     /* elements of a vector that are used: fewer than lanes only in maps, see nest.c */
} Nest;

/* A unit's columns: vectors side by side along a kept axis. */
typedef struct NestColumns {
  int axis, vectors;
  Expr *base;   /* first column */
  int64_t rest; /* lanes of the last vector; 0: all */
} NestColumns;
typedef void NestColumnsBody(Nest *nest, Block *body, const NestColumns *columns, void *context);

void nest_init(Nest *nest, Program *p, const Group *g);
void nest_done(Nest *nest, Block body, Calls *calls);
int nest_axis(const Nest *nest, bool reduced, int *count); /* innermost axis with extent > 1, or -1; their number */
int nest_kept(const Nest *nest, int except, int *axes);    /* kept axes with extent > 1, but for one; their number */
bool nest_vectorises(const Nest *nest, int axis);          /* all elements and full writes along it */
/* Opens `for u parallel` over the axes in `axes` (row-major) times `blocks`; sets the axes; *block is the block number
 * (NULL: not wanted). Returns the loop's body. */
Block *nest_units(Nest *nest, Block *body, int n, const int *axes, int64_t blocks, Expr **block);
/* One point of the kept axes: the outer ones until there are enough units, the others in loops inside. */
Block *nest_points(Nest *nest, Block *body);
/* Axes first … end - 1 from the row-major number of a point of them. */
void nest_set_axes(Nest *nest, Block *body, int first, int end, Expr *number);
Block *nest_loop(Nest *nest, Block *body, const char *name, Expr *lo, Expr *hi, int64_t step, Expr **var); /* serial */
Block *nest_section(Nest *nest, Block *body, bool apart);
void nest_section_end(Nest *nest, Block *body, Block *section);
void nest_scalar(Nest *nest, Block *body); /* scalar code from here on, appended to body */
void nest_vector(Nest *nest, Block *body, Block *hoist, int axis, int lanes, Expr *mask);
Expr *nest_start(Nest *nest, const Reduction *r, int lanes); /* neutral element */
Expr *nest_step(Nest *nest, const Reduction *r, Expr *acc);  /* acc with this point's element */
Expr *nest_join(Nest *nest, Op op, Expr *x, Expr *y);        /* two partial results */
/* Chains that go over the elements one by one: sums and the like, and the place of the best so far with what it is. */
typedef struct NestChain {
  Var *acc, *best; /* best: of argmax and argmin, whose acc is the place */
} NestChain;
NestChain nest_chain(Nest *nest, Block *body, const Reduction *r, int lanes);
/* This point's element, whose number in the row is `number`. */
void nest_advance(Nest *nest, Block *body, const Reduction *r, const NestChain *chain, Expr *number);
/* Loops over the reduced axes, row-major, those of `axis` by `step`; *number: of the element. */
Block *nest_reduced(Nest *nest, Block *body, int axis, int step, Expr **number);
int nest_stage(const Nest *nest, int first); /* phases first … end - 1 use no result of each other: returns end */
/* The value of a phase: the joined chain, rounded to its dtype, under a name. */
Expr *nest_round(Nest *nest, Block *body, int phase, Expr *chain);
bool nest_is_arg(Op op);
Expr *nest_bind(Nest *nest, Block *body, const char *name, Expr *value, Var **mutable_var);
/* Joins parts[0 … n-1] (each `width` elements wide) by halving in place (MIDDLE.md 3.2); scalar when lanes is 1. */
void nest_halve(Nest *nest, Block *body, Op op, const Buffer *parts, int64_t n, int64_t width, int lanes);

/* columns.c: `for u parallel` over the axes times the blocks of up to `vectors` vectors along `axis`; `each` writes the
 * code for full blocks and for the last one. */
void nest_column_blocks(Nest *nest, Block *body, int n, const int *axes, int axis, int vectors, NestColumnsBody *each,
                        void *context);
void nest_column(Nest *nest, Block *body, Block *hoist, const NestColumns *c, int v); /* vector code for vector v */

void nest_rows(Nest *nest, Block *body); /* rows.c: vector code along the reduced axis */
bool nest_rows_apart(const Nest *nest);  /* one row of several chunks: two kernels, nest_rows_split */
void nest_rows_split(Nest *nest, Calls *calls);
void nest_columns(Nest *nest, Block *body); /* columns.c: vector code along a kept axis */
void nest_serial(Nest *nest, Block *body);  /* serial.c: code for any reduction */
void nest_scan(Nest *nest, Block *body);    /* scan.c: running sums */
#endif
