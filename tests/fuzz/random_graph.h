/* random_graph.h: valid random functions over the whole op table, for the fuzzers. */
#ifndef NNC_RANDOM_GRAPH_H
#define NNC_RANDOM_GRAPH_H

#include "graph/graph.h"

typedef struct RandomOptions {
  int nodes;      /* at most so many before gradients: 60 */
  bool gradients; /* ask for gradients in a third of the functions */
  bool half;      /* f16 too */
  bool bfloat;    /* bf16 too */
} RandomOptions;

/* A module of `count` functions g<first> … of one variant each, made from the seed alone: the function with number i is
 * the same in every batch. Inputs are INPUT_value with their data as default; states have a constant `init`. */
Module *random_module(Arena *arena, uint64_t seed, int first, int count, RandomOptions options);
#endif
