/* dce.c: drops what no output and no assign reads. graph_rebuild walks only live nodes, so a rebuild without rewriting
 * is the pass. Inputs that nothing reads keep their place in graph->inputs (the caller's view of the function does not
 * change), without a node. */
#include "../graph.h"

Graph *pass_dce(Graph *g) { return graph_rebuild(g, NULL, NULL); }
