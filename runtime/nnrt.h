/* nnrt.h: all that an emitted program includes. The tables below describe one compiled model; nnrt_main (host/) runs
 * it.
 *
 * An emitted file holds: kernels (static functions), one step function per entry and batch size, one `init`, the
 * tables, and `int main(int argc, char **argv) { return nnrt_main(&model, argc, argv); }`. A step function is SPMD:
 * every thread of the pool calls it with its own nnrt_thread; parallel loops cut their range by nnrt_lo/nnrt_hi;
 * nnrt_barrier stands between kernels. It allocates nothing. Sizes are bytes, offsets are from the start of their
 * arena; arenas are aligned to 64. */
#ifndef NNRT_H
#define NNRT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what a step function works on ---- */
typedef struct nnrt_memory {
  unsigned char *params, *state, *scratch, *output;
  const unsigned char *input; /* the block of this entry: batch fields, hypers, values (nnrt_input gives the offsets) */
  struct nnrt_marks *marks;   /* by thread; of steps that note their times (nnrt_variant.profiled) alone */
} nnrt_memory;

typedef struct nnrt_pool nnrt_pool;
typedef struct nnrt_thread {
  int id, count;
  nnrt_pool *pool; /* NULL: one thread, barriers are empty */
} nnrt_thread;

typedef void nnrt_step(const nnrt_memory *memory, const nnrt_thread *thread);

enum { NNRT_MARK_WAIT = -1, NNRT_MARK_END = -2 }; /* of nnrt_mark: waits at a barrier; the step is over */

/* ---- tables ---- */
typedef enum nnrt_dtype {
  NNRT_f32,
  NNRT_f64,
  NNRT_f16,
  NNRT_bf16,
  NNRT_i32,
  NNRT_i64,
  NNRT_u32,
  NNRT_u8,
  NNRT_bool
} nnrt_dtype; /* the order of dtype.def */

typedef struct nnrt_state {
  const char *name; /* "0.weight", as in PyTorch's state_dict */
  int dtype, rank;
  int64_t dim[8];
  int trained, saved; /* trained: lies in params, else in state */
  int64_t offset;
  int naliases;
  const char *const *aliases; /* other names that loading accepts */
} nnrt_state;

typedef struct nnrt_hyper {
  const char *name; /* the flag is --name */
  double value, min, max;
  int integer;
  const char *help; /* or NULL */
} nnrt_hyper;

typedef struct nnrt_field {
  const char *name;
  int dtype, rank;
  int64_t dim[8]; /* of one row */
} nnrt_field;

typedef struct nnrt_stored { /* a field in the records of a file */
  const char *type;          /* "u8", "i16", …: host/elements.c */
  int big;                   /* its numbers begin with their highest byte */
  int64_t at;                /* its first byte in a record */
} nnrt_stored;

typedef struct nnrt_heading { /* a column of a table in a file, and where it goes */
  const char *name;
  int field;
  int64_t at;      /* of the field's elements the first that it gives */
  int ncategories; /* its texts; 0: numbers. In a field of integers their number, in one of floats a 1 among zeros */
  const char *const *categories;
} nnrt_heading;

/* How the rows of a kind of source are read: host/host.h. These two are libraries of their own (media/), which only
 * programs with such sources link. */
typedef struct nnrt_format nnrt_format;
extern const nnrt_format nnrt_format_images, nnrt_format_wav;

typedef struct nnrt_source {
  const char *name, *kind; /* "train"; "idx", "text", … (files), "table" (values), "random" (made up) */
  int nfields;
  const nnrt_field *fields;
  int nfiles;
  const char *const *files; /* "idx": one per field; "records": one after the other; "npz", "safetensors", "text",
                             * "csv": one; "images", "wav": folders */
  int batch, shuffle;
  int64_t rows;              /* of all parts, promised at compile time, or -1 */
  int64_t classes;           /* integer labels must be below it; 0: unchecked */
  const void *const *values; /* "table": one array per field, all rows */
  int drop_last;             /* passes leave out what full batches do */
  int pad;                   /* the last batch of a pass is filled with zeros */
  double rate;               /* Poisson sampling: the probability of a row to be in a batch; 0: none */
  double from, to;           /* this part of all rows, permuted by split_seed; both 0: all, in file order */
  int64_t split_seed;
  const nnrt_stored *stored; /* "records": one per field */
  int64_t record, skip;      /* "records": bytes of one; bytes of each file before its first */
  int64_t stride;            /* "text": tokens from the beginning of a row to that of the next */
  int nheadings, separator;  /* "csv" */
  const nnrt_heading *headings;
  int fills; /* what has no number in it is `missing` */
  double missing;
  int stateful;              /* row b of a batch goes on where row b of the batch before it stopped */
  const char *vocabulary;    /* of tokens: "" bytes, else the characters of 0, 1, … in UTF-8; NULL: numbers */
  int64_t hertz;             /* "wav": samples a second */
  const nnrt_format *reader; /* NULL: host/reader.c knows it by its kind */
} nnrt_source;

enum {
  NNRT_INPUT_FIELD,
  NNRT_INPUT_VALUE,
  NNRT_INPUT_HYPER,
  NNRT_INPUT_FIRST,
  NNRT_INPUT_LAST,
  NNRT_INPUT_EPOCH,
  NNRT_INPUT_TOTAL_STEPS,
  NNRT_INPUT_WEIGHT
};
typedef struct nnrt_input {
  const char *name;
  int kind, dtype;
  int64_t count, offset;    /* elements; in the entry's input block */
  int source, field, hyper; /* indices, or -1 */
  const void *value;        /* NNRT_INPUT_VALUE: default, or NULL */
} nnrt_input;

typedef struct nnrt_output {
  const char *name;
  int dtype;
  int64_t count, offset; /* in the entry's output block */
  int rank;
  int64_t dim[8];
} nnrt_output;

typedef struct nnrt_variant {
  int rows; /* batch rows; 0 when the entry takes no source */
  nnrt_step *step;
  int ninputs, noutputs;
  const nnrt_input *inputs;
  const nnrt_output *outputs;
  int64_t input_bytes, output_bytes;
  int alone;           /* too little work to share: one thread runs it */
  nnrt_step *profiled; /* the same step, which notes when each call begins (nnc --profile); or NULL */
} nnrt_variant;

typedef struct nnrt_func {
  const char *name;
  int whole_pass; /* one call is a pass over its source: evaluation */
  int nsources;
  const int *sources;
  int nvariants;
  const nnrt_variant *variants; /* the full batch first */
} nnrt_func;

typedef struct nnrt_given { /* the value of one input of the function, for this act */
  const char *name;
  const void *value;
} nnrt_given;

typedef struct nnrt_write { /* one row a call to FILE.npy, FILE.txt or "-"; FILE.png is written anew */
  const char *path;
  int output;
} nnrt_write;

typedef struct nnrt_kept { /* a state of a file that is saved or loaded, by its name there */
  const char *name;
  int state;
} nnrt_kept;

typedef struct nnrt_rename { /* of names in a file; one that ends in "." stands for a beginning */
  const char *from, *to;
} nnrt_rename;

enum { NNRT_ACT_CALL, NNRT_ACT_SAVE, NNRT_ACT_LOAD };
typedef struct nnrt_act {
  int kind, func, times, every, when_func, when_output; /* -1 when not given */
  int ninputs, nwrites, nkept, nrenames;
  const nnrt_given *inputs;
  const nnrt_write *writes;
  const char *path;      /* save, load */
  const nnrt_kept *kept; /* none: the whole model */
  const nnrt_rename *renames;
} nnrt_act;

typedef struct nnrt_phase {
  int by_epochs;
  double count;
  int count_hyper; /* index in hypers, or -1 */
  int nbefore, nstep, neach_epoch, nafter;
  const nnrt_act *before, *step, *each_epoch, *after;
  int stop_func, stop_output; /* -1 */
} nnrt_phase;

typedef struct nnrt_traced { /* a tensor that a trapped program looks at */
  const char *name;
  int dtype, rank;
  int64_t dim[8];
  int memory; /* the number of the memory that it lies in: what was written there is what is read there */
  int kind;
} nnrt_traced;
enum {
  NNRT_TRACED_PARAMETER,
  NNRT_TRACED_STATE,
  NNRT_TRACED_SCRATCH,
  NNRT_TRACED_OUTPUT,
  NNRT_TRACED_INPUT,
  NNRT_TRACED_CONSTANT
};

typedef struct nnrt_trap { /* an operation: what it wrote, what it read */
  nnrt_step *step;
  const char *op, *kernel, *at, *line; /* at: "models/a.lua:7"; line: its text, or NULL */
  int infinite;                        /* an infinite constant stands in it */
  int ntensors, first;                 /* first: of its ranges among all */
  const nnrt_traced *tensors;          /* the output, the operands */
} nnrt_trap;

typedef struct nnrt_site {      /* a call of a kernel in a profiled step */
  const char *kernel, *from;    /* from: "models/a.lua:7, 9" */
  const char *line;             /* the text of the first of these lines, or NULL */
  int64_t flops, reads, writes; /* of one call by all threads; reads and writes: bytes */
} nnrt_site;

typedef struct nnrt_checkpoint { /* what the program asks for; flags go before it */
  int every, by_epochs, keep;    /* every: steps, 0 when not given; keep: generations, 0 when not given */
  int best_func, best_output;    /* -1 */
  int best_least;                /* the best is the smallest */
} nnrt_checkpoint;

typedef struct nnrt_model {
  const char *name, *source, *compiler; /* "fashion_mlp", "models/fashion_mlp.lua", "nnc 0.1" */
  uint64_t hash;                        /* of the optimised program's text */
  int64_t params_bytes, state_bytes, scratch_bytes;
  int max_threads;
  int nstates, nhypers, nsources, nfuncs, nphases;
  const nnrt_state *states;
  const nnrt_hyper *hypers;
  const nnrt_source *sources;
  const nnrt_func *funcs;
  const nnrt_phase *phases;
  nnrt_step *init; /* writes every state's initial value; reads state `nnrt.seed` (u32 [2]), which the caller has set */
  int64_t seed_offset; /* of nnrt.seed in the state arena, or -1 */
  int ntraps;          /* --trap; else 0 */
  const nnrt_trap *traps;
  int64_t trap_offset;               /* of their ranges (nnrt_range) in the state arena */
  const nnrt_checkpoint *checkpoint; /* or NULL */
  int nsites;                        /* --profile; else 0 */
  const nnrt_site *sites;
} nnrt_model;

/* ---- a model as a library (nnc --lib): host/library.c. The emitted functions are shells around these, which never
 * print, never exit and, after nnrt_library_create, allocate nothing but while a file is saved or loaded. ---- */
typedef struct nnrt_library nnrt_library; /* the head of a context: the first NNRT_LIBRARY_HEAD bytes of its memory */
enum { NNRT_LIBRARY_HEAD = 2048 };

typedef struct nnrt_layout { /* where things lie in a context's memory; multiples of 64 */
  int64_t bytes;             /* of all of it */
  int64_t latest, hypers;    /* by function: its latest variant; doubles */
  int64_t params, state, scratch, input;
  const int64_t *outputs; /* by function: its output block */
} nnrt_layout;

typedef struct nnrt_argument { /* what a call hands in for one input */
  const char *name;
  int kind, source; /* of the input */
  const void *at;   /* NNRT_INPUT_FIELD, _WEIGHT, _VALUE */
  double number;    /* NNRT_INPUT_FIRST, _LAST, _EPOCH */
} nnrt_argument;

/* threads 0: as many as there are processors. NULL: nnrt_library_error says why. */
nnrt_library *nnrt_library_create(const nnrt_model *model, const nnrt_layout *layout, int threads);
nnrt_library *nnrt_library_place(const nnrt_model *model, const nnrt_layout *layout, void *memory, size_t bytes,
                                 int threads);
void nnrt_library_destroy(nnrt_library *library);
/* The text of the latest failure; of no library: why there is none. */
const char *nnrt_library_error(const nnrt_library *library, const nnrt_model *model);
int nnrt_library_init(nnrt_library *library, uint64_t seed);
int nnrt_library_hyper(nnrt_library *library, int hyper, double value);
int nnrt_library_total_steps(nnrt_library *library, int64_t steps);
int nnrt_library_call(nnrt_library *library, int func, int rows, const nnrt_argument *given, int n);
const void *nnrt_library_output(const nnrt_library *library, int func, int output); /* of the function's latest call */
int nnrt_library_save(nnrt_library *library, const char *path);
int nnrt_library_load(nnrt_library *library, const char *path);
/* NULL: there is no such state. *data: its elements in the context; *dtype: "f32", … */
const nnrt_state *nnrt_library_state(nnrt_library *library, const char *name, void **data, const char **dtype);

/* ---- routines: one row each in abi.def ---- */
#define NNRT(result, name, parameters, llvm) result name parameters;
#define NNRT_LOCAL(result, name, parameters, value, llvm)                                                              \
  static inline result name parameters { return value; }
#define NNRT_ROUTINE(name, dtype, parameters, operands) void name parameters;
#include "abi.def"

#ifdef __cplusplus
}
#endif
#endif
