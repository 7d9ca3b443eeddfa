/* vm.h: what the files of the front share: one Front per run, the graph being traced, and tensors as Lua sees them.
 *
 *   sandbox.c  the Lua state: memory, limits, files  globals.c what Lua code may call
 *   place.c    which line of the model is running
 *   values.c   numbers and nested lists to tensors; arguments            trace.c   the graph being built, states, draws
 *   tensor.c   the userdata, its operators and methods                   core.c    the entries of the core, by name
 *   movement.c shapes and reductions                                     program.c sources, functions, phases -> Module
 *   driver.c   phases, acts, what they write         control.c bodies of loops and branches
 *   prelude.c  the library, embedded
 *
 * Invariants: at any time exactly one trace is current: the top one while the file runs, a function's while it is
 * traced, a state's while its initial value is made. A Handle is read only through trace_node, which brings it into the
 * current graph or says why it cannot. Errors go to user_error and never come back: Lua's pcall cannot catch them. */
#ifndef NNC_FRONT_VM_H
#define NNC_FRONT_VM_H

#include "front.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

typedef enum TraceKind {
  TRACE_top,
  TRACE_func,
  TRACE_init,
  TRACE_body, /* of a loop, a branch, a checkpoint: what it reads from outside becomes an input */
  TRACE_rule, /* the backward function of nn.custom_gradient, within the gradient of a loop or branch */
} TraceKind;

/* An input of a body (control.c). */
typedef enum BoundClass { BOUND_carry, BOUND_row, BOUND_captured } BoundClass;
typedef struct Bound {
  BoundClass class;
  Node *outer, *inner; /* in the parent's graph; in the body's */
  State *state;        /* the state whose version it is, or NULL */
  bool hidden;         /* not the model's own carry or row: a state's, or the number of turns */
} Bound;

typedef struct Trace {
  TraceKind kind;
  Graph *graph;
  const char *name; /* of the function */
  bool training;
  struct Trace *parent, *root; /* body: the trace around it; the function's (itself when it is no body) */
  Loc loc;                     /* body: the line that opened it */
  VEC(Bound) bound;            /* body: its inputs, in the order of the graph's */
  VEC(bool) assigned;          /* body: by state id */
  VEC(int) substituted;        /* by state id: how many nn.functional_call hold its version */
  Node *turn;                  /* body: u32, the number of this turn of all loops around, once a draw has asked */
  int64_t length;              /* body of a scan; 0: not known (while_loop) or no loop */
  bool loops;                  /* body of scan or while_loop */
  VEC(Node *) version;         /* by state id: the current version, NULL when not read yet */
  VEC(Node *) imported;        /* by node id of the top graph */
  VEC(Node *) compared;        /* results of comparison methods: each must be used */
  Intern literals;             /* rank-0 constants by dtype and value */
  State *calls;                /* the function's call counter, once it has drawn */
  int draws;                   /* places given so far */
  const char *still;           /* function: for whom nothing may be drawn, NULL: draws are welcome */
  Node *key;                   /* nn.with { key = … }: stands for the count of calls; NULL outside */
  struct Trace *key_trace;     /* whose node it is */
  int key_draws;
} Trace;

/* A tensor as Lua holds it. */
typedef struct Handle {
  State *state; /* a state: reads give its current version; then node and trace are NULL */
  Node *node;
  Trace *trace; /* whose graph node is in */
  Loc loc;      /* where it was made */
  int serial;   /* order of construction: of keys in pairs */
} Handle;

/* What the library registers for a module, an optimizer or a source: order of construction and the user's line. */
typedef struct Object {
  int id;
  Loc loc;
  const char *kind; /* "nn.Linear" */
} Object;

typedef struct Front {
  Arena *arena;
  const FrontOptions *options;
  lua_State *L, *asking; /* asking: the one whose call of nn.grad runs */
  Module *module;
  Trace *top, *trace;
  Loc rule;         /* the line whose gradient nn.custom_gradient makes */
  VEC(Loc) located; /* places that library objects stand for, innermost last (place.c) */
  Map sources;      /* path -> path: stable names of model files */
  Map args_seen;    /* names that nn.arg asked for */
  Map calls;        /* function name -> its call counter */
  int objects;
  size_t live, churn; /* bytes that Lua holds, bytes it ever asked for */
  long long steps;    /* instructions so far */
  Loc exhausted;      /* the line that asked for more memory than there is */
  void *free_list[96];
  Map names;          /* names of states that are taken */
  VEC(State *) named; /* states with a path, in the order of naming */
  int model_states;   /* the first of them lie in `model` */
  int kept_states;    /* the first of them lie in `model` or `state`: they stay even when no function reads them */
  Acts writing;       /* one write of one function each: what goes to which file */
  bool finished;      /* nn.program was called */
} Front;

static inline Front *front_of(lua_State *L) { return *(Front **)lua_getextraspace(L); }

/* sandbox.c */
lua_State *sandbox_new(Front *f);
void sandbox_load(Front *f, const char *path, Loc from); /* pushes the chunk of a model file */
int sandbox_handler(lua_State *L); /* message handler: an uncaught Lua error becomes a diagnostic */
void sandbox_out_of_memory(Front *f);
void sandbox_charge(lua_State *L, long long steps); /* work that is done in C, where no hook runs, as instructions */
int sandbox_require(lua_State *L);

/* globals.c */
void globals_open(lua_State *L); /* the libraries that the library and a model may use */
int globals_pairs(lua_State *L); /* as a model's pairs */

/* place.c */
Loc place_here(lua_State *L);                        /* the user's line that runs now */
Loc place_call(lua_State *L);                        /* the same, but never the line of a library object */
Loc place_line(lua_State *L);                        /* the same by lines alone; makes nothing in Lua */
void place_notes(lua_State *L);                      /* queues "called from here" for the user's outer frames */
void place_name(lua_State *L, int index, Handle *h); /* gives the tensor the name of the user's local that holds it */
int place_enter(lua_State *L);                       /* C closure around a library function: (function, its name) */
int place_at(lua_State *L);                          /* core.at(object, f, …): f's nodes get the object's place */
int place_module_call(lua_State *L);                 /* __call of modules */
int place_rule(lua_State *L);                        /* (f, …): the library's nodes in f get the place Front.rule */
Object *place_object(lua_State *L, int index);       /* or NULL */
Object *place_register(lua_State *L, int index, const char *kind);

/* values.c */
typedef struct Operand {
  Node *node; /* NULL: a literal */
  DType dtype;
  Shape shape;
  double value;
  bool integer, boolean; /* literals */
} Operand;
Tensor *value_tensor(lua_State *L, int index, int dtype, const char *what);   /* dtype -1: as the numbers say */
Shape value_shape(lua_State *L, int index, const char *what, bool open);      /* open: one size may be -1 */
int value_dim(lua_State *L, int index, int rank, const char *what, Node *x);  /* 1 … rank, -1 the last -> from 0 */
Axes value_dims(lua_State *L, int index, const char *what, Node *x);          /* nil: all */
bool value_flag(lua_State *L, int index, const char *what, const char *name); /* true, false or nothing */
int64_t value_integer(lua_State *L, int index, const char *what, const char *which);
int64_t value_length(lua_State *L, int index); /* of a list that a model wrote: read raw, as its items are */
int value_dtype(lua_State *L, int index, const char *what); /* nil: -1 */
Operand value_operand(lua_State *L, int index, const char *what);
Node *value_node(lua_State *L, int index, const char *what); /* tensors; numbers become constants */
Node *operand_node(Front *f, Operand o, DType dtype, Loc loc);
DType dtype_promote(Front *f, DType a, DType b);
const char *value_kind(lua_State *L, int index); /* "a number", "nil", … for messages */
const char *place_text(Front *f, const Node *n); /* node_text in the front's arena */

/* trace.c */
Trace *trace_new(Front *f, TraceKind kind, const char *name);
Node *trace_node(lua_State *L, Handle *h, const char *what);
Node *trace_reach(lua_State *L, Trace *t, Trace *from,
                  Node *n); /* n of `from` in t, which is it or within it; or NULL */
Node *trace_state(lua_State *L, State *s, const char *what);
Node *trace_version(lua_State *L, Trace *t, State *s); /* the current one in t */
void trace_set_version(Front *f, Trace *t, State *s, Node *value);
void trace_assign(Front *f, Trace *t, State *s, Node *value, Loc loc);
Node *trace_literal(Front *f, DType dtype, double value, Loc loc);
Node *trace_bits(lua_State *L, Shape shape, const char *what);
State *trace_state_new(Front *f, const char *name, DType dtype, Shape shape, bool trained, Loc loc);
void trace_finish(lua_State *L, Trace *t); /* the call counter, the laws that hold for a whole function */
void trace_check_compared(Trace *t);
void trace_core(lua_State *L); /* core: parameter buffer assign value initial with training */
void trace_function(lua_State *L, Func *func, int rows, int index);
void trace_place_init(Front *f, State *s); /* places of the draws of an initial value, by the state's final name */

/* tensor.c */
Handle *handle_test(lua_State *L, int index);
Handle *handle_push(lua_State *L, Node *node);
Handle *handle_push_state(lua_State *L, State *state);
Node *elementwise(Front *f, Op op, int n, Operand *in, Loc loc);
void tensor_core(lua_State *L); /* registers metatable, operators, elementwise functions in the table at the top */

/* window.c */
int move_window(lua_State *L);
int move_unwindow(lua_State *L);

/* control.c */
Node *body_capture(Trace *t, Node *outer, State *s); /* the input of body t that stands for a node of its parent */
Node *body_turn(lua_State *L, Trace *t);
void body_check_gradient(lua_State *L, Trace *t, Node *y, Node *x); /* no path from x to y leaves the body */
void control_core(lua_State *L);

/* core.c */
const Tensor *input_value(lua_State *L, int index, const Input *input, const char *what); /* one number: all of them */

/* program.c, driver.c */
int64_t field_integer(lua_State *L, int index, const char *key, int64_t otherwise);
const char *field_string(lua_State *L, int index, const char *key); /* or NULL */
void driver_core(lua_State *L);                                     /* core.program: phase, shape */
void driver_states(const Module *m, bool *keep);                    /* those that phases save or load */

/* movement.c, core.c, program.c, prelude.c */
void movement_core(lua_State *L);
void core_open(lua_State *L);
void program_core(lua_State *L);
void program_finish(lua_State *L);
void prelude_open(lua_State *L); /* runs the prelude, leaves the table nn on the stack */

_Noreturn void front_fail(lua_State *L, Loc loc, MsgId id, const char *a, const char *b, const char *c, const char *d);
#endif
