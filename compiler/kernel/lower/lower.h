/* lower.h: private to kernel/lower/. How one Graph is cut into groups.
 *
 * A *root* is a node that ends up in memory or is computed by a loop of its own: reduce, cumsum, argsort, dot, scatter;
 * and maps that must be stored (assigned, output, operand of a dot, table of a gather, read by several groups and not
 * cheap). Everything else is composed into its readers: views become index maps, maps become expressions (points.c). A
 * group is a set of roots over one loop space that share a kernel; groups.c chooses them, lower.c writes them out as
 * Groups. */
#ifndef NNC_LOWER_H
#define NNC_LOWER_H

#include "affine.h"

typedef struct Root {
  const Node *node;
  Slot *slot;        /* destination; NULL: none yet (a scratch slot is made when another group reads it) */
  bool copy;         /* an extra write of a node that lives elsewhere: it is not the node's home */
  const Node *fills; /* a copy that a scatter starts from, in the memory of this scatter; NULL: none */
  int group;
} Root;

/* A group under construction. Its space: the dims of one node, each an axis or of extent 1. */
typedef struct Cluster {
  GroupKind kind;
  Shape space; /* map: the shape; row, column, scan, sort: the operand; dot: batch, m, n, k; scatter: the source */
  bool reduced[RANK_MAX * 3];
  int axis[RANK_MAX * 3]; /* axis of each dim of the space, -1 for extent 1; kept axes first */
  int64_t space_dim[RANK_MAX * 3];
  int space_rank;
  int naxes, kept;
  AffineSet set;
  VEC(int) roots;          /* indices in Lowering.roots, in topological order */
  uint64_t *ancestors;     /* bit i: cluster i must run before */
  VEC(const Node *) loads; /* stored nodes of other clusters and leaves that its points read */
  Intern memo;             /* (node, index) -> Point */
  bool misaligned;         /* set by point_of: a result of this cluster was read at another point than its own */
  bool dropped;
} Cluster;

typedef struct Lowering {
  Arena *arena; /* a part of the program's, cleared whenever the choice of groups starts anew */
  Program *program;
  Host *host;
  Block *block; /* where calls go: the host's body or that of a loop or branch */
  const Graph *graph;
  Slot *const *bound; /* of a subgraph: the slot of each of its inputs */
  Slot ***value;      /* by id of a control node: the slots of its values */
  int *uses;          /* by node id: readers */
  VEC(Root) roots;
  VEC(Cluster *) clusters;
  int *root_of; /* by node id: index in roots, or -1 */
  bool *must;   /* by node id: has to be stored */
  Slot **slot;  /* by node id: where it is stored (leaves: from the start), or NULL */
  int words;    /* of an ancestors bit set */
  bool again;   /* `must` has grown while roots were placed: start anew */
  int *user;    /* by node id: the cluster that composed this map into its points; USER_NONE, USER_MANY */
  int states;
  Slot **state_slot;  /* by state id */
  Slot **output_slot; /* by position in graph->outputs */
  bool *settled;      /* by state id: the new value goes through scratch, since old readers come after it */
} Lowering;
enum { USER_NONE = -1, USER_MANY = -2 };

static inline bool is_scatter(const Node *n) { return n->op == OP_scatter || n->op == OP_scatter_set; }

/* A node that its cluster computes as a phase: along reduced axes, or along one axis that its result keeps. */
static inline bool is_along(const Node *n) { return op_info[n->op].family == FAMILY_ALONG; }
static inline OpFamily family(const Node *n) { return n->op == OP_unwindow ? FAMILY_REDUCE : op_info[n->op].family; }
static inline bool is_phase(const Node *n) { return family(n) == FAMILY_REDUCE || is_along(n); }
static inline Axes phase_axes(const Node *n) { return is_along(n) ? (Axes){1, {n->attr->dim}} : n->attr->axes; }

static inline bool is_control(const Node *n) { return family(n) == FAMILY_CONTROL && n->op != OP_result; }

/* Leaves that have memory of their own. */
static inline bool in_memory(const Node *n) {
  return n->op == OP_input || n->op == OP_state || n->op == OP_const || n->op == OP_result;
}
static inline bool is_leaf(const Node *n) { return in_memory(n) || n->op == OP_iota; }

/* points.c */
void point_value(const Lowering *l, Point *p, const Tensor *t); /* the number of a P_const: t's first element */
Point *point_of(Lowering *l, int cluster, const Node *n, const Affine *const *index);
/* Index of `n`, a node of as many elements as the cluster's kept (or whole) space, at the space's point. */
void cluster_index(Lowering *l, int cluster, const Node *n, bool full, const Affine **index);
Point *point_unwindow(Lowering *l, int cluster, const Node *n, const Affine *const *index);
/* Can a dot read n in place from the memory of `base`? Then its strides by dim of n, and its offset. */
bool operand_plain(Lowering *l, const Node *n, const Node **base, int64_t *stride, int64_t *offset);
void cluster_space(Lowering *l, Cluster *c, int rank, const int64_t *dim, const bool *reduced);

/* groups.c */
void groups_choose(Lowering *l);
void cluster_load(Lowering *l, Cluster *c, const Node *n);
bool cluster_before(const Lowering *l, int first, int second);    /* must `first` run before `second`? */
void dot_space(Lowering *l, Cluster *c, const Node *n, Group *g); /* axes, operands, counts */
Point *reduce_element(Lowering *l, int cluster, const Node *n);
int cluster_of(const Lowering *l, const Node *n);      /* the cluster that stores or computes n, or -1 */
void cluster_after(Lowering *l, int cluster, int dep); /* dep must run before */
Point *root_point(Lowering *l, int cluster, const Root *r, bool *full, const Affine **linear);

/* stored.c: these set l->must */
void must_be_stored(Lowering *l);
bool store_shared_maps(Lowering *l); /* after the choice; true: there are more roots, choose again */

/* states.c */
bool order_states(Lowering *l); /* false: a state cannot take its new version in place (l->settled); choose again */
bool point_reads_only_at(const Point *p, const Slot *slot, const Affine *index); /* NULL index: not at all */

/* scatters.c */
void scatter_write(Lowering *l, int cluster, const Node *n, Write *w); /* all of w but its slot */
const Node *scatter_base(const Lowering *l,
                         const Node *x); /* what x's elements lie in, when x is a view in that order */
void scatter_share(Lowering *l,
                   const Node *last); /* gives the slot of `last` to the scatters that only it goes on from */
void scatters_in_place(Lowering *l);

/* control.c */
Slot *control_value_slot(Lowering *l, const Node *result);
const Node *control_start(const Node *control, int operand);      /* the one number that a carry begins with, or NULL */
const Node *control_base(const Lowering *l, const Node *operand); /* whose memory, as it lies there, is the operand */
bool control_updates(const Lowering *l, const Node *assign);      /* the loop or branch writes the state itself */
void control_lower(Lowering *l, const Node *control);

/* trap.c */
void trap_start(Program *p); /* before its functions are lowered */
/* Looks at what the calls of the group, which stand at the end of l->block, wrote and read; slots: how many there were
 * before the group was scheduled. */
void trap_group(Lowering *l, const Group *g, const Calls *calls, int slots);

/* lower.c */
void slot_finish(Lowering *l, Slot *s, const Node *n); /* a slot that was given while placing gets its size */
void lower_group(Lowering *l, const Group *g);         /* its kernels, and calls of them at the end of l->block */
/* Lowers g into block; states: how many state_slots there are. */
void lower_graph(const Lowering *around, Block *block, const Graph *g, int states, Slot **state_slots, Slot **outputs,
                 Slot *const *bound);

/* orders.c */
/* What a reduction walks: the operand's dims, some reduced; unwindow: its result's, then the insides, which are
 * reduced. */
typedef struct ReduceSpace {
  int rank;
  int64_t dim[RANK_MAX];
  bool reduced[RANK_MAX];
} ReduceSpace;
ReduceSpace reduce_space(const Node *n);
Order order_reduce(const Node *n);
Order order_along(int64_t n);
Order order_dot(int64_t batch, int64_t m, int64_t n, int64_t k, int *slices);
#endif
