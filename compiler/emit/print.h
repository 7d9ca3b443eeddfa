/* print.h: what the printers of this room share: names of globals, dead lets, the model's lines, the tables.
 *
 * A Sheet is one output file in the making. Names of globals are unique in it and are neither words of C nor functions
 * of its library; where a file has several kernel sets, the names of each end in its own suffix ("_v3"). */
#ifndef NNC_EMIT_PRINT_H
#define NNC_EMIT_PRINT_H

#include "emit.h"

typedef struct Sheet {
  Arena *arena;
  Text *out;
  const EmitOptions *options;
  const Program *program;  /* the set that is being printed */
  const char *suffix;      /* of its names: "" or "_v3" */
  Map names;               /* every global name of the file */
  Map constants;           /* those of constant arrays */
  Intern named;            /* object -> its name */
  Map sources;             /* file -> its text, or NULL */
  VEC(const Stmt *) sites; /* calls of the set's profiled steps, in the order in which they were printed */
} Sheet;
void sheet_init(Sheet *s, Text *out, const EmitOptions *o);
/* The name of a kernel, host, slot or table in this file, made from `wanted` on the first call. */
const char *sheet_name(Sheet *s, const void *object, const char *wanted);
const char *identifier_of(Arena *arena, const char *text); /* "0.weight" -> "p0_weight", "for" -> "for_" */
const char *model_name(Sheet *s);                          /* of the module, as an identifier */
const char *constant_name(Sheet *s, const Slot *slot);     /* of a constant array */
const char *host_name(Sheet *s, const Host *h, bool profiled);
bool host_is_profiled(const Sheet *s, const Host *h); /* is it printed a second time? */
int site_add(Sheet *s, const Stmt *call);             /* its number in the table of calls */

/* The model's line that loc names, trimmed; NULL when there is none to show. */
const char *source_line(Sheet *s, Loc loc);
const char *comment_safe(Arena *arena, const char *text); /* one line, in which no comment begins or ends */

/* Pointers to Vars and Buffers of k that something alive reads or, for buffers, writes. */
typedef struct Used {
  Intern set;
} Used;
void used_init(Used *used, Arena *arena, const Kernel *k);
bool is_used(Used *used, const void *var_or_buffer);

/* Names of variables by C's scopes (scope.c). Leaving a scope is cutting `open` to the length that it had. */
typedef struct Scope {
  Arena *arena;
  Map all;            /* every name of the kernel */
  const Map *globals; /* variables of the file, which are visible everywhere */
  VEC(struct ScopeEntry {
    const void *object;
    const char *name;
  })
  open;
} Scope;
void scope_init(Scope *scope, Arena *arena, const Kernel *k, const Map *globals);
/* The name for a Var or Buffer from here to the end of its scope; exact: not shortened (parameters). */
const char *scope_declare(Scope *scope, const void *object, const char *name, bool exact);
const char *scope_name(const Scope *scope, const void *object);

bool buffer_is_restrict(const Kernel *k, int param); /* no other parameter is the same memory */
const char *promise_text(const Program *p);          /* what its results depend on, for the head of the file */
uint64_t program_hash(const Program *p);             /* of what was compiled; the same for every machine */

/* ---- parts.c ---- */
typedef struct Part {
  const char *link;          /* the flags of it and of what it calls */
  const char *name;          /* libnnrt_blas.a */
  const char *library;       /* in the build tree; NULL: this nnc was built without */
  const char *foreign[2];    /* what it calls: full paths, NULL behind them */
  const char *package;       /* Debian's that were not there */
  const char *kind, *reader; /* kind: of the sources that it reads, or NULL; reader: by this object of nnrt.h */
} Part;
extern const Part emit_part[EMIT_PARTS];
const char *link_text(const Program *p);       /* what a program of an emitted file links */
void parts_refuse(const Program *p);           /* a source that one reads: a self-contained file has none */
const char *part_reader(const Source *source); /* the object of a part that reads it, or NULL */

/* ---- the tables of nnrt.h as typed constants (tables.c) ---- */
typedef enum FieldKind {
  FIELD_int,    /* i: int */
  FIELD_dtype,  /* i: nnrt_dtype, an int */
  FIELD_source, /* i: what an input is, NNRT_INPUT_…, an int */
  FIELD_i64,    /* i; text, if given, is the #define that C prints for it */
  FIELD_u64,    /* i, printed in hexadecimal */
  FIELD_f64,    /* f */
  FIELD_text,   /* text; NULL: a null pointer */
  FIELD_dims,   /* shape: int64_t [8] */
  FIELD_table,  /* table: pointer to its first row; NULL: a null pointer */
  FIELD_symbol, /* text: a pointer to this object of the runtime; NULL: a null pointer */
  FIELD_code,   /* host: pointer to the step function; i: not 0: to the profiled one */
} FieldKind;

typedef struct RecordField {
  const char *name; /* NULL: the row is this one value (arrays of int, of text) */
  FieldKind kind;
} RecordField;

typedef struct Record {
  const char *type; /* "nnrt_state" */
  int n;
  const RecordField *fields;
} Record;

typedef struct Table Table;
typedef struct Cell {
  int64_t i;
  double f;
  const char *text;
  const Shape *shape;
  const Table *table; /* NULL: a null pointer */
  const Host *host;
} Cell;

struct Table {
  const Record *record; /* NULL: raw values, `raw` */
  const char *name;     /* final */
  bool single;          /* one row, not an array */
  bool exported;
  int rows;
  VEC(Cell) cells;   /* row by row */
  const Tensor *raw; /* default of an input */
};
typedef VEC(Table *) Tables;
/* All tables of the sheet's program, each after those it points to; the last is the nnrt_model. */
Tables *tables_build(Sheet *s);
const Record *record_at(int i); /* the structs of nnrt.h; NULL past the end */

/* ---- a model as a library (library.c, library_header.c, library_code.c) ---- */
typedef struct Library Library;
Library *library_new(Sheet *s, int n, const Program *const *sets); /* before any other name is given */
void library_emit(Library *l, int n, const Program *const *sets, const char *const *models);

/* bundle.c */
const char *scratch_define(Arena *arena, const char *suffix); /* "SCRATCH_BYTES_V4" */
const char *set_word(const Program *p);                       /* the machine's name in nnrt_simd.h: "V4" */

/* ---- C text that is not kernels (ctext.c) ---- */
void c_line(Sheet *s, const char *line); /* a statement, broken when it is longer than 120 columns */
void c_comment(Sheet *s, const char *text);
const char *c_string(Arena *a, const char *text); /* "text", as a literal */
const char *c_float(Arena *a, DType dtype, double f);
const char *c_integer(Arena *a, DType dtype, int64_t i);
void c_array(Sheet *s, const char *name, const Tensor *t);
void c_tables(Sheet *s, const Tables *tables);
uint32_t half_bits(DType dtype, double f); /* of an f16 or bf16 constant */

/* ---- constants, math, kernels and step functions of the sheet's program (cfamily.c, chost.c) ---- */
void c_kernels(Sheet *s);
void c_host(Sheet *s, const Host *host, const char *barrier,
            bool profiled); /* barrier: that statement of the dialect */
#endif
