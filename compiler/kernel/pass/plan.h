/* plan.h: what pass/order, pass/memory, the program's verifier and the report share: who uses which bytes when.
 *
 * A Plan lists the calls of one block, which is the body of a host function or of a loop or branch in it, in their
 * order; each use is a byte range of a root slot (a slot without parent). Different roots never overlap, whatever their
 * homes, except through `reuse`, which pass/memory grants. A loop or branch counts as one call of the block around it,
 * which uses what its calls use; what lives within it (Slot.within) is planned with its own block and lies in its
 * frame. */
#ifndef NNC_PLAN_H
#define NNC_PLAN_H

#include "../kernel.h"

typedef struct Use {
  int root;               /* index in Plan.root */
  int64_t lo, hi;         /* bytes of the root: lo … hi - 1, of what moves in the first turn */
  int64_t all_lo, all_hi; /* likewise, over all turns */
  bool written;
  uint64_t moves; /* how the range moves with loops around (the slot's turns and strides), 0: it stays */
} Use;

typedef struct PlanCall {
  Stmt *stmt;
  VEC(Use) uses;
  bool serial;  /* thread 0 alone runs it; never a loop or branch */
  int interval; /* barriers before it */
} PlanCall;

typedef struct Plan {
  Arena *arena;
  const Stmt *within; /* the loop or branch, or NULL: the host function */
  VEC(PlanCall) calls;
  VEC(Slot *) roots;
  int intervals;
} Plan;

void plan_read(Plan *plan, Arena *arena, const Block *block, const Stmt *within);
static inline bool is_compound(const Stmt *s) { return s->kind == S_for || s->kind == S_while || s->kind == S_if; }
/* Do the two touch common bytes in some turn of the loops around? */
static inline bool uses_meet(const Use *a, const Use *b) {
  if (a->root != b->root) return false;
  return a->moves == b->moves ? a->lo < b->hi && b->lo < a->hi : a->all_lo < b->all_hi && b->all_lo < a->all_hi;
}
/* Is it memory that the plan of this block places? */
static inline bool is_placed(const Plan *plan, const Slot *root) {
  return root->home == HOME_scratch && root->within == plan->within;
}

/* Does every thread meet the others at its very end? A loop's test, which is read behind the last barrier, does not. */
bool ends_in_barrier(const Stmt *s);

void hosts_alone(Program *p); /* alone.c: marks the hosts that one thread runs */

/* The root whose memory root r may take by Slot.reuse: both whole slots in scratch, of one size. -1: none. */
int plan_reuse(const Plan *plan, int r);

/* The life of a root slot in scratch, in barrier intervals, both ends included. */
typedef struct Life {
  Slot *slot;
  int64_t bytes, offset; /* bytes: multiple of 64 */
  int first, last;
} Life;
typedef VEC(Life) Lives;

int64_t lives_bound(Arena *arena, const Lives *lives, int intervals); /* largest sum of live bytes */
/* What a packing may need for a bound: 1.02 times it above 1 MB, 1.05 below. Stagger stays within it. */
int64_t lives_bar(int64_t bound);
/* Sets offsets; together[i * n + j] says that one kernel walks i and j (NULL: none). Returns the bytes needed. */
int64_t lives_pack(Arena *arena, Lives *lives, int intervals, const bool *together);
#endif
