/* random_compare.h: what the evaluator says that a function gives, and how far a back end may be from it. */
#ifndef NNC_RANDOM_COMPARE_H
#define NNC_RANDOM_COMPARE_H

#include "graph/graph.h"

/* One tensor that a call leaves behind: an output, or a state of this function ("g7.s0" of "g7"). */
typedef struct Result {
  const char *name;
  const Value *value;
  const double *slack; /* per element: the distance that rounding explains */
} Result;

typedef struct Reference {
  int n;
  Result *at;
} Reference;

/* Outputs in order, then the function's states in the order of the module. `runs` noisy evaluations give the slack. */
Reference *reference_make(Arena *arena, const Module *m, const Graph *g, int runs);
/* As the evaluator says: within the slack. `exact`: equal, zeros of either sign and NaNs alike. NULL or what differs.
 */
const char *reference_differs(Arena *arena, const Reference *r, int k, const Value *got, bool exact);
bool state_is_of(const State *s, const Graph *g);
Value *value_of_bytes(Arena *arena, DType dtype, Shape shape, const void *bytes);
#endif
