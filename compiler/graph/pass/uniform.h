/* uniform.h: constants as the passes see them: a tensor whose elements are all one value is `const []` broadcast to its
 * shape (fold.c brings other constants into this form). A scalar here is a Tensor with one element. */
#ifndef NNC_UNIFORM_H
#define NNC_UNIFORM_H

#include "../graph.h"

enum { FOLD_MAX = 1 << 14 }; /* elements: larger constants are left to the program */

const Tensor *uniform_of(const Node *n); /* the one value of a uniform constant, or NULL */
Node *uniform_node(Graph *to, const Tensor *scalar, Shape shape, Loc loc);
bool tensor_bits_equal(const Tensor *a, const Tensor *b);   /* dtype and elements; shapes may differ */
bool tensor_is_number(const Tensor *scalar, double value);  /* exactly, and -0 is not 0 for floats */
bool tensor_number(const Tensor *scalar, double *value);    /* false when a double does not hold it */
Tensor *tensor_new(Arena *arena, DType dtype, Shape shape); /* zeroed */
const Tensor *tensor_first(Arena *arena, const Tensor *t);  /* its first element, as rank 0 */

/* fold.c: the constant that n is with operands `in` (nodes of `to`), or NULL. Used by views.c and simplify.c too. */
Node *fold_node(Graph *to, const Node *n, Node *const *in);
#endif
