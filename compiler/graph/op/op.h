/* op.h: the three functions of every op, private to graph/. A structural row OP(name, …) of ops.def declares
 * infer_<name>, grad_<name> and eval_<name>, which stand side by side in the file of its family; a missing one is a
 * link error. The elementwise rows share three functions, which elementwise.c makes from elementwise.def.
 *
 *   infer  sets n->dtype and n->shape from n->op, operands and attributes, or raises a user error
 *   grad   dx[i] = contribution of dy (the gradient of y) to operand i, where want[i]; NULL stays "none". The rows of
 * the family CONTROL have several values: their dy is an array, one per value, NULL where none eval   fills y
 * (allocated with y's dtype and shape) from e->values, in f64 and exact integers */
#ifndef NNC_GRAPH_OP_H
#define NNC_GRAPH_OP_H

#include "../graph.h"

typedef struct Eval {
  const Env *env;
  Arena *arena;
  Value **values;   /* by node id */
  Value ***several; /* by node id: the values of control nodes */
} Eval;
static inline const Value *eval_in(const Eval *e, const Node *n, int i) { return e->values[node_in(n, i)->id]; }

typedef void Infer(const Graph *g, Node *n);
typedef void Grad(Graph *g, Node *y, Node *dy, const bool *want, Node **dx);
typedef void ControlGrad(Graph *g, Node *y, Node *const *dy, const bool *want, Node **dx);
typedef void Evaluate(const Eval *e, const Node *n, Value *y);

Infer infer_elementwise;
Grad grad_elementwise;
Evaluate eval_elementwise;
#define GRAD_TYPE_LEAF Grad
#define GRAD_TYPE_MOVE Grad
#define GRAD_TYPE_REDUCE Grad
#define GRAD_TYPE_ALONG Grad
#define GRAD_TYPE_DOT Grad
#define GRAD_TYPE_INDEX Grad
#define GRAD_TYPE_EFFECT Grad
#define GRAD_TYPE_CONTROL ControlGrad
#define OP(name, family, operands, attributes, law)                                                                    \
  Infer infer_##name;                                                                                                  \
  GRAD_TYPE_##family grad_##name;                                                                                      \
  Evaluate eval_##name;
#include "../../ops/ops.def"
#undef OP

typedef struct OpRules {
  Infer *infer;
  Grad *grad;
  Evaluate *eval;
  ControlGrad *control; /* instead of grad */
} OpRules;
extern const OpRules op_rules[OP_COUNT];

void infer_node(const Graph *g, Node *n);           /* infer_<op>, then what holds for every node */
bool op_differentiable(const Node *n, int operand); /* floats on both ends, and the row has a gradient there */
static inline bool op_is_control(Op op) { return op_info[op].family == FAMILY_CONTROL && op != OP_result; }
/* Does n depend on what is marked among the nodes before it, by a differentiable path (or any)? reached: by node id. */
bool node_depends(const Node *n, const bool *reached, bool differentiable);

/* ---- shared by the families (op.c) ---- */
Shape attr_shape(const Attr *attr);                                              /* rank and high */
void infer_axes(const Graph *g, const Node *n, const Node *a, const Axes *axes); /* in range, none twice */
Axes axes_without(int rank, const Axes *axes);                                   /* the other dims, ascending */
bool axes_has(const Axes *axes, int dim);
_Noreturn void infer_shapes_differ(const Graph *g, const Node *n, const Node *a, const Node *b);
Node *reshape_if(Graph *g, Node *n, Shape shape); /* n itself when nothing changes: gradients stay small */
Node *transpose_if(Graph *g, Node *n, Axes permutation);
void note_operands(const Graph *g, const Node *n); /* notes for the next error: where each operand was made */

/* ---- values (value.c) ---- */
double dtype_round(DType dtype, double x);     /* to the nearest value of a float dtype, by way of f32 for f16, bf16 */
int64_t dtype_wrap(DType dtype, int64_t x);    /* to the range of an integer dtype, modulo 2^width; bool: lowest bit */
int64_t dtype_saturate(DType dtype, double x); /* float to integer: truncates, saturates, NaN gives 0 */
uint64_t element_bits(DType dtype, double f, int64_t i); /* the bits of an element in memory */
void element_of_bits(DType dtype, uint64_t bits, double *f, int64_t *i);
static inline void value_copy(Value *y, int64_t to, const Value *x, int64_t from) {
  if (y->f)
    y->f[to] = x->f[from];
  else
    y->i[to] = x->i[from];
}

/* A walk over the points of `shape` in row-major order, with the offset `at` of each in a strided array. */
typedef struct Walk {
  Shape shape;
  int64_t stride[RANK_MAX], index[RANK_MAX];
  int64_t at;
} Walk;
void walk_next(Walk *w);
Value *value_permute(Arena *arena, const Value *x, const Axes *axes); /* dense transposed copy */
#endif
