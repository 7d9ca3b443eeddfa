/* dot.h: private to the schedule of matrix products: what tile.c decides, what panels.c packs, what product.c writes
 * out.
 *
 * A product is C[b, row, column] = sum over k of narrow[b, row, k] * wide[b, k, column]. Columns are the vector axis:
 * n, or m when that suits the operands better, so `wide` is B or A. A *tile* is up to 16 rows by up to 4 vectors that
 * stay in registers for the whole chain over k; a *panel* is the columns of one tile; rows are cut into tiles of two
 * heights that differ by one, so that no row is padded or computed twice. */
#ifndef NNC_DOT_H
#define NNC_DOT_H

#include "../lower/group.h"

/* One operand: element (line, k) of batch b is slot[offset + batch . b + group * (number of its tile or panel) +
 * line * (line within that, or from 0 when group is 0) + outer . (k's outer axes) + depth * (its innermost one)]. A
 * convolution reads its windows so, in place: rows of an image, steps of the kernel's rows and columns. */
typedef struct DotSide {
  Slot *slot;
  int64_t offset, line, depth, group;
  int64_t outer[RANK_MAX];
  int64_t batch[RANK_MAX * 3];
  int64_t edge_depth; /* depth of the last panel when that is narrower */
  bool packed;        /* k is one axis of `depth` (or edge_depth) */
} DotSide;

typedef struct DotPlan {
  DType dtype; /* of the operands as the tile reads them, of chains and partial results: f32 or f64 */
  int lanes;   /* of the product's vectors */
  int nbatch;  /* the group's batch axes, and those of m and n that are neither rows nor columns */
  int batch_axis[RANK_MAX * 3];
  int64_t batch_extent[RANK_MAX * 3];
  int64_t batch, rows, columns, depth;
  int row_axis, column_axis; /* of the group */
  int nk;                    /* axes of k, the outermost first; depth is their product */
  int64_t k_extent[RANK_MAX];
  DotSide narrow, wide; /* as they are read; packed ones are of scratch slots */
  bool pack_narrow, pack_wide;

  int vectors;               /* of a panel */
  int64_t width;             /* columns of a panel */
  int64_t panels, full;      /* full panels come first; panels is full or full + 1 */
  int edge_vectors;          /* of the panel that is not full; 0 when all are */
  int64_t tiles, base, tall; /* the first `tall` tiles have base + 1 rows, the others base */
  int64_t blocks, per_block; /* blocks of tiles whose rows stay in L2 while all panels pass */
  int64_t per_unit;          /* tiles in one unit of work */
  int64_t slices, slice;     /* chains, each `slice` long but the last (meaning: MIDDLE.md 3.2) */
  int64_t depth_block;       /* k is cut for the sake of L2; a multiple of nothing, changes no bit */
  double cycles;             /* estimate by which plans are compared */
} DotPlan;

/* tile.c: a pure function of machine and group. */
DotPlan dot_plan(const Machine *m, const Group *g);
/* Its sides alone, with these axes as rows and columns, one of m and one of n. */
DotPlan dot_sides(const Machine *m, const Group *g, int row_axis, int column_axis);
int64_t dot_tile_rows(const DotPlan *plan);                    /* of the taller tiles */
int64_t dot_tile_pitch(const DotPlan *plan, const Machine *m); /* elements between the k of a packed tile of rows */

/* widen.c: 16-bit operands become f32 in scratch (exactly); a.slot and b.slot are changed to that. */
void dot_widen(Program *p, Group *g, Calls *calls);

/* panels.c: append the packing kernel and change the side to what it wrote. Equal keys: equal contents (for sharing).
 */
void dot_pack_wide(Program *p, const Group *g, DotPlan *plan, Calls *calls);
void dot_pack_narrow(Program *p, const Group *g, DotPlan *plan, Calls *calls);
const char *dot_pack_key(Arena *a, const DotPlan *plan, bool wide);

/* blas.c: the product as calls of a library; false: the shape is not worth it, or not one that it takes. */
bool dot_blas(Program *p, const Group *g, const char *name, Calls *calls);

/* product.c: pieces that panels.c and blas.c need too */
typedef struct DotBuild {
  Program *program;
  Arena *arena;
  const Group *group;
  const DotPlan *plan;
  Call call;
  PointGen gen;
  Expr *batch[RANK_MAX * 3]; /* index of each batch axis */
  Expr *ahead;               /* the row whose state dot_writes fetches; NULL: none */
} DotBuild;
void dot_build_init(DotBuild *d, Program *p, const Group *g, const DotPlan *plan, const char *name);
/* `for u parallel` over the batch axes (all, or those of mask) times the n extents; index[i] gets the i-th number. */
Block *dot_units(DotBuild *d, uint32_t batch_mask, int n, const int64_t *extent, const char *const *name, Expr **index);
Block *dot_loop(DotBuild *d, Block *body, const char *name, Expr *lo, Expr *hi, int64_t step, Expr **var);
Expr *dot_let(DotBuild *d, Block *body, const char *name, Expr *value);
Expr *dot_min(DotBuild *d, Expr *x, int64_t most);
Expr *dot_tile_first(DotBuild *d, Expr *tile);    /* its first row: the `tall` tiles of base + 1 rows come first */
Expr *dot_base(DotBuild *d, const DotSide *side); /* offset + batch . b */
const char *dot_text(Arena *a, const Group *g);   /* for comments: "3 times [m,k] x [k,n]" */
/* [slice, batch, row, column] in scratch */
Slot *dot_slices_slot(Program *p, const Group *g, const DotPlan *plan, const char *name);
/* Appends the kernel that sums the slices of k in such a slot and runs the epilogue. */
void dot_join(Program *p, const Group *g, const DotPlan *plan, const char *name, Slot *slot, Calls *calls);

/* epilogue.c */
/* The values of a row's columns from `column` on, under `mask` (NULL: all lanes); lets that do not vary along the
 * columns go to `hoist`. */
typedef void Finish(DotBuild *d, Block *body, Block *hoist, Expr *value, Expr *column, Expr *mask, void *context);

typedef struct Epilogue {
  DotBuild *build;
  const Buffer *source; /* product at source[row * width + column within the panel] */
  int lanes;            /* of the writes */
  Finish *finish;
  void *context;
} Epilogue;

/* Rows first_row … first_row + count - 1, which stand in `source` from 0 on, and the columns of the panel. */
void dot_epilogue(const Epilogue *e, Block *body, Expr *panel, Expr *first_row, Expr *count);
Finish dot_writes; /* the group's own writes */
/* Lanes that all dtypes of the writes allow; 1 when an access does not step by 1 along the vector axis. */
int dot_write_lanes(const Program *p, const Group *g, const DotPlan *plan);
void dot_count_writes(DotBuild *d); /* announces the uses of their values */
#endif
