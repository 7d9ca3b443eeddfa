/* graph.h: the tensor graph (Graph IR, DESIGN.md section 4): SSA nodes with dtype, static shape, attributes and the
 * model's line; functions; states; and the Module, which is a whole program as the front hands it over.
 *
 * Flow: the front builds a Module through graph_* builders; graph/pass/ rewrites each Graph; kernel/lower/ reads it.
 * Invariants (graph_verify checks them): nodes stand in topological order (operands before users), every operand is of
 * the same Graph, shape and dtype are what infer_<op> gives, no implicit broadcasting, at most one live OP_assign chain
 * per state. A node is never changed after it was added; passes build new graphs (graph_rebuild). */
#ifndef NNC_GRAPH_H
#define NNC_GRAPH_H

#include "../base/base.h"
#include "../ops/ops.h"

enum { RANK_MAX = 8 };

typedef struct Shape {
  int rank;
  int64_t dim[RANK_MAX];
} Shape;

/* A list of dimensions, counted from 0. */
typedef struct Axes {
  int n;
  int at[RANK_MAX];
} Axes;

/* A dense row-major value, elements stored in their dtype (bool: one byte; f16 and bf16: their 16 bits). */
typedef struct Tensor {
  DType dtype;
  Shape shape;
  void *data;
} Tensor;

typedef struct Node Node;
typedef struct Graph Graph;
typedef struct State State;
typedef struct Input Input;
typedef struct Custom Custom;

/* Attributes; an op uses the fields that its row in ops.def names, the others are zero. */
typedef struct Attr {
  Axes axes;              /* transpose: permutation (result dim d is operand dim at[d]); reduce, reverse: dims;
                             dot: contracted dims of a; window: dims */
  Axes axes_b;            /* dot: contracted dims of b, in the order of `axes` */
  Axes batch, batch_b;    /* dot: batch dims of a and of b */
  int64_t low[RANK_MAX];  /* slice: start; pad: low */
  int64_t high[RANK_MAX]; /* slice: stop (exclusive); pad: high; unwindow: extent of the k-th of `axes` */
  int64_t step[RANK_MAX]; /* slice: step >= 1; pad: interior >= 0; window: stride >= 1 of the k-th of `axes` */
  int64_t size[RANK_MAX], dilation[RANK_MAX]; /* window, unwindow: of the k-th of `axes` */
  int dim;                                    /* concat, gather, scatter, scatter_set, cumsum, argsort */
  double fill;                                /* pad: the value outside */
  int rank;                                   /* reshape, broadcast, random: number of dims of the shape in `high` */
  DType dtype;                                /* cast, bitcast: of the result */
  uint32_t place;                             /* random: hash of (function, draw's place in the trace) */
  State *state;                               /* state, assign */
  Input *input;                               /* input */
  Tensor *value;                              /* const (rank 0 mostly; any shape is allowed) */
  Graph *body, *other; /* control: subgraphs; their inputs are INPUT_bound, one per operand (cond: from the second) */
  int carries, rows;   /* scan, while: operands of each class, in this order; custom: values, arguments */
  int kept;            /* scan: its last stacked values, which nothing but a gradient reads (op/scan.c) */
  bool reverse;        /* scan: from the last row to the first */
  bool independent;    /* scan: its turns may run at once (nn.vmap) */
  bool frugal;         /* scan: nothing of the size of all turns is made beside its rows and results (checkpoint) */
  const Custom *rule;  /* custom: how its gradient is made; NULL after the gradients were built */
} Attr;

/* The gradient of a `custom` node: dx[i] for each of its n arguments, given dy of each value (NULL: none). Called while
 * the graph is built, with y's operands at hand; nodes are added to g. */
struct Custom {
  void (*gradient)(void *context, Graph *g, Node *y, Node *const *dy, Node **dx);
  void *context;
};

struct Node {
  int id; /* index in graph->nodes */
  Op op;
  DType dtype;
  Shape shape;
  int nin;
  Node *in[3];
  Node **more;      /* concat: all nin operands, in[] holds the first three too; otherwise NULL */
  const Attr *attr; /* never NULL */
  Loc loc;
  const char *name; /* the user's name for it when known ("h"), or NULL */
};
static inline Node *node_in(const Node *n, int i) { return n->more ? n->more[i] : n->in[i]; }

/* What the driver hands in at each call. */
typedef enum InputKind {
  INPUT_field,       /* a field of a batch: source and field say which */
  INPUT_value,       /* nn.input: set by a flag, the C API or an act; has a default */
  INPUT_hyper,       /* nn.hyper: read once at start */
  INPUT_first,       /* f32 0 or 1: the first batch of a pass of `source` */
  INPUT_last,        /* f32 0 or 1: the last batch of a pass */
  INPUT_epoch,       /* f32: epochs that are complete */
  INPUT_total_steps, /* f32: steps that the whole run will take (schedules) */
  INPUT_weight,      /* f32 [batch]: 1 for a row of `source`, 0 where the batch is padded */
  INPUT_bound,       /* of a subgraph: what the control node's operand gives it */
} InputKind;

struct Input {
  InputKind kind;
  const char *name; /* "x", "lr" */
  DType dtype;
  Shape shape;         /* with the batch in front for INPUT_field */
  int source, field;   /* index in Module.sources and in its fields; -1 when neither */
  int hyper;           /* index in Module.hypers; -1 */
  const Tensor *value; /* INPUT_value: default, or NULL */
  Loc loc;
};

struct State {
  int id;           /* index in Module.states: order of construction */
  const char *name; /* "0.weight"; unique in the module */
  DType dtype;
  Shape shape;
  bool trained; /* parameter: arena `params`; else arena `state` */
  bool saved;   /* part of model files */
  Graph *init;  /* one output "value", no inputs; reads only `nnrt.seed` */
  Loc loc;
  VEC(const char *) aliases;
};

typedef struct Output {
  const char *name;
  Node *node;
  Loc loc;
} Output;

/* One call of graph_gradient, kept so that `nnc --check` can compare it with central differences: gradients[i] is
 * d (cotangent . y) / d xs[i], NULL where y does not depend on xs[i]. Valid for the graph as it was built: passes and
 * graph_rebuild drop the record. */
typedef struct Asked {
  Node *y, *cotangent; /* cotangent NULL: y is scalar and stands for itself */
  int n;
  Node **xs, **gradients;
  Loc loc;
} Asked;

struct Graph {
  Arena *arena;
  const char *name; /* "train" */
  VEC(Node *) nodes;
  VEC(Input *) inputs; /* each has exactly one OP_input node or none */
  VEC(Output) outputs;
  VEC(Node *) assigns; /* the last OP_assign of each state that the function assigns, in state order */
  VEC(Node *) leaves;  /* the OP_input and OP_state nodes: graph_input and graph_state look here */
  const Loc *at;       /* not NULL: the line that every added node and every error gets, whatever its builder says (the
                          front sets it to the model's line around a call; autodiff to that of the differentiated node) */
  VEC(Asked) asked;    /* the gradients that were asked, in order; filled by graph_gradient */
};

/* ---- the Module: a program as the front hands it over ---- */
typedef struct Field {
  const char *name; /* "x" */
  DType dtype;      /* as it lies in the file: u8 */
  Shape shape;      /* of one row: [1,28,28]; [] for a label */
} Field;

typedef struct Stored { /* a field in the records of a file */
  const char *type;     /* of its numbers there: "u8", "i16", … */
  bool big;             /* they begin with their highest byte */
  int64_t at;           /* its first byte in a record */
} Stored;

typedef struct Heading { /* a column of a table in a file, and the element of a field that it gives or begins with */
  const char *name;
  int field;
  int64_t at;
  VEC(const char *) categories; /* its texts; none: numbers */
} Heading;

typedef struct Source {
  const char *name; /* key in data = { … }: "train" */
  const char *kind; /* "idx", "text", … (files); "table" (values in the program); "random" (made up); "bpe": no rows,
                       the file of the program's tokens, of which there are `classes` */
  VEC(Field) fields;
  /* one per field (idx), one after the other (records), one (text, csv), a folder (images, wav) */
  VEC(const char *) files;
  VEC(Stored) stored;    /* one per field (records) */
  int64_t record, skip;  /* records: bytes of one, and of each file before its first */
  int64_t stride;        /* text: tokens from the beginning of a row to that of the next */
  VEC(Heading) headings; /* csv; images, wav: one, whose categories are the names of the classes' folders */
  int separator;         /* csv: between columns */
  bool fills;            /* csv: what has no number in it is `missing`, and not refused */
  double missing;
  bool stateful;              /* row b of a batch goes on where row b of the batch before it stopped */
  VEC(const Tensor *) values; /* one per field (table): [all rows, …] */
  int batch;
  bool shuffle;
  bool drop_last;     /* passes of nn.evaluate leave out what full batches do */
  bool pad;           /* the last batch of a pass is filled with zeros; b.weight tells rows from filling */
  double rate;        /* Poisson sampling: the probability of each row to be in a batch of at most `batch`; 0: none */
  double from, to;    /* nn.data.split: a part of the rows, permuted by split_seed and cut there; 0 to 1: all */
  int64_t split_seed; /* its own, so that another --seed does not move rows between parts */
  int64_t rows;       /* of all parts together; known at compile time, else -1 */
  int64_t classes;    /* labels must be below it; 0: unchecked */
  const char *vocabulary; /* of tokens: "" bytes, else the characters of 0, 1, … in UTF-8; NULL: they are numbers, and
                             those of a text are the program's */
  int64_t hertz;          /* wav: samples a second */
  Loc loc;
} Source;

typedef struct Vocabulary { /* what the tokens of a function are; neither: numbers */
  const char *characters;
  bool in_file; /* the program's source of kind "bpe" */
} Vocabulary;

typedef struct Hyper {
  const char *name;
  double value, min, max; /* -inf and inf when not given */
  bool integer;
  const char *help; /* or NULL */
  Loc loc;
} Hyper;

typedef struct Variant {
  int rows; /* batch rows of this variant; 0 when the function takes no source */
  Graph *graph;
} Variant;

typedef struct Func {
  const char *name;      /* "train" */
  bool training;         /* mode = "train" */
  bool whole_pass;       /* nn.evaluate: one call is a pass over the source */
  VEC(int) sources;      /* indices in Module.sources, in the order of `on` */
  VEC(Variant) variants; /* [batch] first; evaluating functions also [1] unless the batch divides the rows */
  Loc loc;
} Func;

typedef enum ActKind { ACT_call, ACT_save, ACT_load } ActKind;

typedef struct ActInput { /* inputs = { name = value } of an act */
  const char *name;       /* of an INPUT_value of the function */
  const Tensor *value;
} ActInput;

typedef struct ActWrite { /* write = { output = path } */
  const char *path;       /* FILE.npy, FILE.txt, FILE.png, or "-" */
  int output;             /* of the function */
} ActWrite;

typedef struct ActState { /* a state of the tree of nn.save or nn.load, under its name in the file */
  const char *name;
  State *state;
} ActState;

typedef struct ActRename { /* nn.load: names of the file to names of the tree; one that ends in "." stands for a
                              beginning */
  const char *from, *to;
} ActRename;

typedef struct Act {
  ActKind kind;
  int func;                   /* call: index in Module.funcs; else -1 */
  int times, every;           /* 1 when not given */
  int when_func, when_output; /* METRIC; -1 when not given */
  VEC(ActInput) inputs;
  VEC(ActWrite) writes;
  const char *path;   /* save, load */
  VEC(ActState) tree; /* save, load: none stands for the whole model */
  VEC(ActRename) renames;
} Act;
typedef VEC(Act) Acts;

typedef struct Count {
  double value;
  int hyper; /* index in Module.hypers, or -1: value */
} Count;

typedef struct Phase {
  bool by_epochs; /* else by steps */
  Count count;
  Acts before, step, each_epoch, after;
  int stop_func, stop_output; /* METRIC; -1 */
} Phase;

typedef struct Checkpoint {   /* nn.program's checkpoint */
  int every, keep;            /* every: steps; 0: not given */
  bool by_epochs;             /* every = "epoch" */
  int best_func, best_output; /* METRIC; -1 */
  bool best_least;            /* the smallest is the best */
} Checkpoint;

typedef struct Module {
  Arena *arena;
  const char *name; /* "fashion_mlp" */
  const char *file; /* "models/fashion_mlp.lua" */
  VEC(State *) states;
  VEC(Hyper *) hypers;
  VEC(Source *) sources;
  VEC(Func *) funcs;
  VEC(Phase *) phases;
  const Checkpoint *checkpoint; /* or NULL */
  State *seed;                  /* "nnrt.seed", u32 [2]; read by OP_random */
  VEC(const char *) left_out;   /* functions that --only left out */
} Module;

Module *module_new(Arena *arena);
State *module_state(Module *m, const char *name, DType dtype, Shape shape, bool trained, Loc loc); /* appended */
bool source_is_tokens(const Source *s);                                                            /* of kind "bpe" */
const Source *module_tokens(const Module *m); /* that source, or NULL */
Vocabulary module_vocabulary(const Module *m, const Func *func);
/* select.c: only these functions ("a,b") and what they use; without a driver, whose caller hands in the batches. */
void module_only(Module *m, const char *names);
void module_library(Module *m);

/* ---- shapes ---- */
Shape shape_of(int rank, ...); /* dims as int64_t (cast them!) */
int64_t shape_count(Shape s);  /* product of the dims; 1 for rank 0 */
bool shape_equal(Shape a, Shape b);
void shape_strides(Shape s, int64_t stride[RANK_MAX]); /* row-major, in elements */
bool shape_broadcast(Shape a, Shape b, Shape *result); /* NumPy's rule; false when they do not fit */
const char *shape_text(Arena *arena, Shape s);         /* "[128,10]" */
/* What a reader of emitted code would call it: its name, the library function that made it ("relu"), or its op. */
const char *node_title(Arena *arena, const Node *n);
const char *node_text(Arena *arena, const Node *n); /* "h [32,128]" or "f32 [32,128]": for messages */

/* ---- building: every builder infers, folds nothing, and reports user errors at `g->loc`-free explicit loc ---- */
Graph *graph_new(Arena *arena, const char *name);
/* The one way in: infers shape and dtype by the op's infer_<op>, checks, appends. attr may be NULL; it is copied. */
Node *graph_add(Graph *g, Op op, int nin, Node *const *in, const Attr *attr, Loc loc);
/* Shorthands; the location is that of `like` or of the first operand (so gradients inherit the forward's line). */
Node *graph_op1(Graph *g, Op op, Node *a);
Node *graph_op2(Graph *g, Op op, Node *a, Node *b); /* same shape and dtype */
Node *graph_op3(Graph *g, Op op, Node *a, Node *b, Node *c);
Node *graph_const(Graph *g, DType dtype, double value, Loc loc);             /* rank 0 */
Node *graph_const_tensor(Graph *g, const Tensor *value, Loc loc);            /* copied */
Node *graph_full(Graph *g, DType dtype, Shape shape, double value, Loc loc); /* const + broadcast */
Node *graph_like(Graph *g, const Node *like, double value);                  /* same dtype and shape, all `value` */
Node *graph_cast(Graph *g, Node *a, DType dtype);                            /* a itself when it has that dtype */
Node *graph_bitcast(Graph *g, Node *a, DType dtype);
Node *graph_input(Graph *g, Input *input);
Node *graph_state(Graph *g, State *state, Loc loc); /* the version at entry; one node per state */
Node *graph_assign(Graph *g, State *state, Node *value, Loc loc);
Node *graph_iota(Graph *g, int64_t n, Loc loc); /* i32 [n]: 0 … n-1 */
/* u32 bits; seed u32 [2], calls and turn u32 [], or of dimensions that lead those of the shape: a draw for each */
Node *graph_random(Graph *g, Node *seed, Node *calls, Node *turn, Shape shape, uint32_t place, Loc loc);
Node *graph_reshape(Graph *g, Node *a, Shape shape);
Node *graph_transpose(Graph *g, Node *a, Axes permutation);
Node *graph_broadcast(Graph *g, Node *a, Shape shape); /* equal rank, dims equal or 1; rank 0 to anything is allowed */
Node *graph_broadcast_to(Graph *g, Node *a, Shape shape); /* NumPy's rule: inserts the reshape, then graph_broadcast */
Node *graph_slice(Graph *g, Node *a, const int64_t *low, const int64_t *high, const int64_t *step);
Node *graph_pad(Graph *g, Node *a, const int64_t *low, const int64_t *high, const int64_t *interior, double fill);
Node *graph_concat(Graph *g, int n, Node *const *in, int dim);
Node *graph_reverse(Graph *g, Node *a, Axes dims);
/* Lists by place in `dims` (op/window.c): the positions stand in the dimension's place, the insides at the end. */
Node *graph_window(Graph *g, Node *a, Axes dims, const int64_t *size, const int64_t *stride, const int64_t *dilation);
Node *graph_unwindow(Graph *g, Node *a, Axes dims, const int64_t *size, const int64_t *stride, const int64_t *dilation,
                     const int64_t *extent);
Node *graph_reduce(Graph *g, Op op, Node *a, Axes dims); /* dims are dropped from the shape; argmax: one dim, i32 */
Node *graph_unreduce(Graph *g, Node *reduced, Shape shape, Axes dims); /* the dropped dims back by broadcasting */
Node *graph_dot(Graph *g, Node *a, Node *b, Axes batch, Axes batch_b, Axes contract, Axes contract_b);
Node *graph_matmul(Graph *g, Node *a, Node *b);              /* as torch.matmul, rank >= 1 each, batches broadcast */
Node *graph_gather(Graph *g, Node *x, Node *index, int dim); /* y[…,i…,…] = x[…,index[i…],…]; index i32 or i64 */
Node *graph_scatter(Graph *g, Node *x, Node *index, Node *source, int dim); /* x with source's rows added */
Node *graph_scatter_set(Graph *g, Node *x, Node *index, Node *source,
                        int dim); /* replaced by them; the last one wins */
Node *graph_cumsum(Graph *g, Node *x, int dim);
Node *graph_argsort(Graph *g, Node *x, int dim); /* i32 positions along dim; stable, NaN last */

/* ---- control (op/control.c): subgraphs are made with graph_bound for each input and an Output for each value; a
 * subgraph never changes after its node was made. All give the node whose values graph_result takes. ---- */
Node *graph_bound(Graph *body, const char *name, DType dtype, Shape shape, Loc loc); /* the next input */
Node *graph_result(Graph *g, Node *control, int k);
int control_values(const Node *control);                                    /* how many there are */
void control_value(const Node *control, int k, DType *dtype, Shape *shape); /* of value k */
/* in: carries, arrays whose dimension 0 are the rows, captured. The body gets an extra result for everything that a
 * gradient may want to keep (Attr.kept); values are the carries and the results that it had. */
Node *graph_scan(Graph *g, Graph *body, int n, Node *const *in, int carries, int rows, int64_t length, bool reverse,
                 Loc loc);
Node *graph_while(Graph *g, Graph *test, Graph *body, int n, Node *const *in, int carries, Loc loc);
Node *graph_cond(Graph *g, Node *predicate, Graph *body, Graph *other, int n, Node *const *captured, Loc loc);
Node *graph_checkpoint(Graph *g, Graph *body, int n, Node *const *captured, Loc loc);
Node *graph_custom(Graph *g, const Custom *rule, int values, int arguments, int n, Node *const *in, Loc loc);
/* The nodes of `from` once more, in g, reading `in` for its inputs; by node id. With names and lines as they are. */
Node **graph_inline(Graph *g, const Graph *from, Node *const *in);
/* Which values of a control node depend on the operands marked in `of`, by a differentiable path (or any)? */
void control_depends(const Node *control, const bool *of, bool differentiable, bool *values);

/* ---- autodiff (pass/autodiff.c): d y / d xs, nodes added to g. y needs a cotangent of its shape, or is scalar.
 * A NULL entry in the result: y does not depend on that x. Errors (an op without a gradient) carry the model's line. */
void graph_gradient(Graph *g, Node *y, Node *cotangent, int n, Node *const *xs, Node **gradients);
/* The same for several y with their cotangents (never NULL) at once; nothing is checked and no record is kept. */
void graph_gradients(Graph *g, int ny, Node *const *ys, Node *const *cotangents, int n, Node *const *xs,
                     Node **gradients);
bool graph_reaches(const Graph *g, const Node *x, const Node *y); /* does y depend on x by a differentiable path? */
/* grad_<op>: contribution to each operand, NULL where none. Fills dx[0 … nin-1]; g is the incoming gradient. */

/* ---- walking and rebuilding ---- */
/* A pass makes a new graph: for each live node in order, `rewrite` (may be NULL: copy) gets the node and its new
 * operands, and returns the new node. Inputs, outputs, assigns follow. Nodes not reached from outputs and assigns go.
 */
typedef Node *Rewrite(Graph *to, const Node *n, Node *const *in, void *context);
Graph *graph_rebuild(const Graph *g, Rewrite *rewrite, void *context);
Node *graph_copy_node(Graph *to, const Node *n, Node *const *in);
/* `pass` over every subgraph, innermost first, then over g: what the pipeline runs. */
Graph *graph_run(Graph *g, Graph *(*pass)(Graph *));
void graph_use_counts(const Graph *g, int *uses); /* uses[node id], outputs and assigns included */

/* ---- text: one line a node; parses back to an equal graph ---- */
void graph_print(Text *out, const Graph *g);
void module_print(Text *out, const Module *m);
Module *module_parse(Arena *arena, const char *file, const char *text); /* user errors name file and line */
void graph_verify(const Graph *g);                                      /* bug() when an invariant is broken */
void module_verify(const Module *m);

/* ---- reference evaluator (eval.c): f64 arithmetic for every float, exact integers ---- */
typedef struct Value {
  DType dtype;
  Shape shape;
  double *f;  /* float dtypes */
  int64_t *i; /* integers and bool (wrapped to the dtype's range) */
} Value;
/* States and inputs are looked up by these; NULL callbacks read zero. Values live in `arena`. */
typedef struct Env {
  Arena *arena;
  Value *(*state)(void *context, const State *state);
  Value *(*input)(void *context, const Input *input);
  void *context;
  bool round;    /* round every float node to its dtype, as the emitted code does; else keep f64 */
  Value **given; /* by node id, or NULL; a node that has one (of its dtype and shape) is not evaluated: central
                    differences vary it, or know it */
} Env;
Value **graph_eval(const Graph *g, const Env *env); /* indexed by node id */
Value *value_new(Arena *arena, DType dtype, Shape shape);
Value *value_of_tensor(Arena *arena, const Tensor *t);
Tensor *tensor_of_value(Arena *arena, const Value *v);

/* ---- passes (pass/<name>.c), ordered by passes.def ---- */
#define GRAPH_PASS(name, what) Graph *pass_##name(Graph *g);
#include "passes.def"
#undef GRAPH_PASS
void rules_fast(bool on); /* --fast: simplify applies the rules flagged FAST too */

/* ---- check.c: every gradient asked in m (as the front made it, before passes) against central differences in f64.
 * A line per gradient to `report`; false when a relative error is above 1e-6. ---- */
bool module_check(Text *report, const Module *m);
#endif
