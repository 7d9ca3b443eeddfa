/* random_gen.h: the state of the generator of random functions, and what its parts call: random_graph.c (everything
 * that is one node) and random_control.c (bodies of loops and branches). Private to these two. */
#ifndef NNC_RANDOM_GEN_H
#define NNC_RANDOM_GEN_H

#include "random_graph.h"

typedef struct Item {
  Node *n;
  double mag; /* |value| <= mag; INFINITY: unknown */
} Item;
typedef VEC(Item) Pool;

/* A subgraph under construction. Leaves that it wants are made outside and captured. */
typedef struct Body {
  struct Body *outer;
  Graph *g;
  Pool pool;                     /* of the graph that is not being built: the outer one, or while it is left, its own */
  VEC(Node *) operand, captured; /* outside and inside */
  Node *turn;                    /* u32: a number of the turn, or NULL */
} Body;

typedef struct Gen {
  Arena *arena;
  Module *m;
  Graph *g;
  Body *body; /* whose graph is being built; NULL: the function's */
  RandomOptions options;
  uint64_t random;
  int number, inputs, states, depth;
  uint32_t places;
  bool hard; /* NaN, Inf, -0 and subnormals among the data */
  Pool pool;
  VEC(State *) mine;
} Gen;

/* ---- random_graph.c ---- */
int below(Gen *g, int n);
bool chance(Gen *g, int percent);
int64_t pick_dim(Gen *g);
Shape pick_shape(Gen *g);
DType pick_dtype(Gen *g);
Loc here(Gen *g);
double dtype_mag(DType t);
Item put(Gen *g, Node *n, double mag); /* into the pool */
Item pick(Gen *g);
Item pick_where(Gen *g, bool (*fits)(DType));
Item make_leaf(Gen *g, DType t, Shape shape);
Node *scaled(Gen *g, Node *n, double factor);
Item tame(Gen *g, Item a, double limit);
Item cast_item(Gen *g, Item a, DType t);
Node *fit_shape(Gen *g, Node *n, Shape shape);
Item operand(Gen *g, DType t, Shape shape);
void make_something(Gen *g);
void make_gradients(Gen *g);

/* ---- random_control.c ---- */
Body *body_leave(Gen *g);                         /* to the graph around; NULL: there is none */
Node *body_enter(Gen *g, Body *b, Node *operand); /* back; the input that stands for a node of the graph around */
void make_control(Gen *g);
#endif
