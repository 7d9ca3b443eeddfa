/* random_shrink.h: makes a failing function smaller while it still fails. */
#ifndef NNC_RANDOM_SHRINK_H
#define NNC_RANDOM_SHRINK_H

#include "graph/graph.h"

typedef bool Fails(void *context, const Module *m);

/* m has one function. At most `budget` calls of `fails`; candidates live in `arena`. */
Module *module_shrink(Arena *arena, const Module *m, Fails *fails, void *context, int budget);
Module *module_single(Arena *arena, const Module *m, int func); /* a copy with that function and what it uses */
#endif
