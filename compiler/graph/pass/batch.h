/* batch.h: what the passes batch and hoist share: a node, or a graph, done for many rows at once. */
#ifndef NNC_BATCH_H
#define NNC_BATCH_H

#include "../graph.h"

/* batch_rules.c: n for `size` rows: in[i] stands in `to` for its operand, with the rows as a new first dimension where
 * of[i]; so does the result. At least one of[i]. NULL: there is no rule, or a rank or size would be too large. */
Node *batch_node(Graph *to, const Node *n, Node *const *in, const bool *of, int64_t size);
/* x for each row alike: [size, …]; NULL: its rank is too large. */
Node *batch_rows(Graph *to, Node *x, int64_t size);
Node *batch_choose(Graph *to, Node *rows, Node *a, Node *b); /* where, by a bool for each row */
Shape batch_shape(Shape s, int64_t size);
Node *batch_to_front(Graph *to, Node *x, int dim); /* dimension dim becomes the first, the others keep their order */
Node *batch_from_front(Graph *to, Node *x, int dim);

/* batch.c: the outputs of `from` for inputs `in`, likewise; of_outputs: which have rows in front. */
bool batch_graph(Graph *to, const Graph *from, int64_t size, Node *const *in, const bool *of, Node **outputs,
                 bool *of_outputs);
#endif
