/* data.h: from files to the batch of a call: numbers as they are stored, archives, arrays, vocabularies, rows of a
 * source by number, their order, functions with their blocks, and the thread that fills these. A part of host.h. */
#ifndef NNRT_DATA_H
#define NNRT_DATA_H

#include "common.h"

/* ---- elements.c: numbers as they are stored in files ---- */
typedef struct nnrt_stored_type {
  const char *name; /* "u8", "i16", … */
  int bytes;
  char kind;       /* u i f b (bf16) ? (bool) */
  unsigned widens; /* to these dtypes, as a set */
} nnrt_stored_type;
const nnrt_stored_type *nnrt_stored_find(const char *name); /* or NULL */
bool nnrt_stored_fits(const nnrt_stored_type *type, int dtype);
void nnrt_stored_convert(const nnrt_stored_type *type, bool big, const unsigned char *from, int dtype, void *to,
                         int64_t n);
bool nnrt_value_fits(int dtype, double x);
bool nnrt_shape_fits(int rank, const int64_t *dims, const nnrt_field *field); /* those of size 1 left out */
int64_t nnrt_field_elements(const nnrt_field *field);                         /* of one row */
int64_t nnrt_field_bytes(const nnrt_field *field);
bool nnrt_field_labels(const nnrt_field *field, int64_t classes); /* is it labels that must be below the classes? */
int nnrt_label_check(nnrt_error *error, const char *path, const nnrt_field *field, int64_t classes, const void *at,
                     int64_t row, int64_t byte);

/* ---- zip.c ---- */
int nnrt_zip_open(nnrt_error *error, nnrt_bytes *bytes, const char *path, const char *base, const char *ending,
                  int64_t *at);

/* ---- zip.c: all members ---- */
typedef int nnrt_zip_visit(void *context, const char *name, int length);
int nnrt_zip_members(nnrt_error *error, const char *path, void *context, nnrt_zip_visit *visit);

/* ---- array.c: an array of NumPy ---- */
enum { NNRT_NPY_RANK = 9 };
typedef struct nnrt_npy {
  nnrt_bytes bytes;
  const nnrt_stored_type *type;
  bool big;
  int rank;
  int64_t dim[NNRT_NPY_RANK], at, row_bytes; /* at: of the first number */
  unsigned char *row;
  char path[4400]; /* with the member's name */
} nnrt_npy;
int nnrt_npy_header(nnrt_error *error, nnrt_npy *array);
int nnrt_npy_describe(char *to, int size, int dtype, int rank, const int64_t *dims);
int64_t nnrt_npy_room(int n);
void nnrt_npy_put(char *to, int64_t room, int dtype, int rank, const int64_t *dims);
int nnrt_npy_dtype(int dtype); /* in which numbers of a dtype go out */
const unsigned char *nnrt_npy_numbers(int dtype, const unsigned char *from, int64_t n, unsigned char *wide);

/* ---- tokens.c: a vocabulary in a file ---- */
typedef struct nnrt_tokens nnrt_tokens;
int nnrt_tokens_open(nnrt_error *error, nnrt_tokens **tokens, const char *path, int size);
void nnrt_tokens_close(nnrt_tokens *tokens);
int nnrt_tokens_longest(const nnrt_tokens *tokens); /* bytes of a token's text */
int nnrt_tokens_of(nnrt_error *error, const nnrt_tokens *tokens, const char *text, int64_t n, int32_t **to,
                   int64_t *count);
int nnrt_tokens_text(const nnrt_tokens *tokens, int64_t token, bool *begins, char *to);

/* ---- reader.c: the rows of a source by number, whatever they lie in ---- */
typedef struct nnrt_column { /* all rows of one field, row after row, in the field's dtype */
  unsigned char *at;
  int64_t row_bytes;
} nnrt_column;
typedef struct nnrt_reader {
  const nnrt_source *source;
  const struct nnrt_format *format; /* NULL: not opened */
  int nfiles, index;                /* index: of the source */
  char **paths;
  uint64_t seed;
  const nnrt_tokens *tokens; /* of the program, or NULL */
  int64_t rows;
  nnrt_column *columns; /* of formats that hold their rows in memory */
  void *own;            /* the format's */
} nnrt_reader;
/* each: one a field; any: one by one; trees: one by one, and a folder stands for what is in it */
enum { NNRT_FILES_NONE, NNRT_FILES_ONE, NNRT_FILES_EACH, NNRT_FILES_ANY, NNRT_FILES_TREES };
struct nnrt_format {
  const char *kind;
  int files;
  bool parts;                                          /* the reader cuts the part of a split itself */
  int (*open)(nnrt_error *error, nnrt_reader *reader); /* sets rows; what failed is closed too */
  int (*read)(nnrt_error *error, nnrt_reader *reader, int field, int64_t row, int64_t n, unsigned char *to);
  void (*close)(nnrt_reader *reader);
};
extern const nnrt_format nnrt_format_idx, nnrt_format_records, nnrt_format_text, nnrt_format_npy, nnrt_format_npz,
    nnrt_format_safetensors, nnrt_format_csv;
int nnrt_reader_open(nnrt_error *error, nnrt_reader *reader, const char *files); /* files: --data's, or NULL */
/* Which files they are, whether they are there or not: format and paths of a reader that has a source */
int nnrt_reader_files(nnrt_error *error, nnrt_reader *reader, const char *files);
void nnrt_reader_close(nnrt_reader *reader);
int nnrt_columns_make(nnrt_error *error, nnrt_reader *reader); /* without their rows */
int nnrt_columns_read(nnrt_error *error, nnrt_reader *reader, int field, int64_t row, int64_t n, unsigned char *to);
void nnrt_columns_free(nnrt_reader *reader);

/* ---- idx.c ---- */
int nnrt_idx_read(nnrt_error *error, const char *path, const nnrt_field *field, int64_t classes, nnrt_column *column,
                  int64_t *rows);

/* ---- source.c ---- */
typedef struct nnrt_stream { /* an opened source; `order` belongs to whoever fills batches */
  const nnrt_source *source;
  int index, shuffle;
  uint64_t seed;
  const nnrt_tokens *tokens; /* of the program, or NULL */
  int64_t rows, lane;        /* lane: rows of a lane of a stateful source, else 0 */
  nnrt_reader reader;
  uint32_t *order, *subset; /* subset: the rows of a part of a split */
  int64_t order_epoch;
  int64_t draws, drawn; /* Poisson: draws in a pass, 0 otherwise; rows in the latest draw, which are in `order` */
} nnrt_stream;
int64_t nnrt_source_rows(const nnrt_source *source);
int nnrt_stream_open(nnrt_error *error, nnrt_stream *stream, const char *files); /* files: --data's, or NULL */
void nnrt_stream_close(nnrt_stream *stream);
int nnrt_stream_weighted(const nnrt_stream *stream); /* does it deliver one shape, with weights? */
int nnrt_stream_fits(const nnrt_stream *stream, int64_t row, int64_t n);
int64_t nnrt_stream_step(const nnrt_stream *stream, int64_t n);    /* from the beginning of a batch to the next one */
int64_t nnrt_stream_batches(const nnrt_stream *stream, int64_t n); /* of a pass */
int64_t nnrt_stream_present(nnrt_stream *stream, int in_order, int64_t epoch, int64_t first, int64_t n);
int nnrt_stream_rows(nnrt_error *error, nnrt_stream *stream, int field, int in_order, int64_t epoch, int64_t first,
                     int64_t n, unsigned char *to);

/* ---- entries: functions with their blocks, and the batch that a call gets ---- */
enum { NNRT_SOURCES_MAX = 8 };
typedef struct nnrt_batch {
  int variant, pass; /* pass: of a whole pass, in file order; the sources' own places stay where they are */
  int64_t epoch;     /* of the run, for passes and functions without a source; else 0 */
  struct nnrt_place {
    int64_t epoch, row, first, last;
  } place[NNRT_SOURCES_MAX]; /* by source of the function */
} nnrt_batch;

typedef struct nnrt_entry {
  const nnrt_func *func;
  unsigned char **blocks;     /* [variant][2] input blocks */
  unsigned char *output;      /* of the latest call */
  const nnrt_variant *latest; /* NULL before the first call */
  nnrt_batch batch;           /* of the block that is being filled or is ready */
  int state, side;            /* of that block: prefetch.c */
  bool quick;                 /* the latest one was filled in no time */
  nnrt_error failed;          /* of filling that block; status 0: it is good */
  int64_t calls;
  double *sums; /* by output, of its first element, over the calls since the last line of the log */
  int64_t gathered;
  nnrt_given *values;    /* by input of the first variant: what a flag or the model gives; value NULL: nothing */
  unsigned char **owned; /* values that came from flags */
  const nnrt_act *act;   /* whose inputs are in the blocks, or NULL */
} nnrt_entry;

/* ---- prefetch.c ---- */
typedef struct nnrt_prefetch {
  nnrt_stream *streams;
  nnrt_entry *entries;
  int nentries, running, stop;
  double ordered, every;    /* when the latest batch was ordered; seconds since the one before */
  double took;              /* seconds to fill the latest one */
  bool nap;                 /* the thread wakes by itself */
  struct nnrt_marks *marks; /* what it notes of its work, or NULL */
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t asked, ready;
} nnrt_prefetch;
int nnrt_prefetch_start(nnrt_error *error, nnrt_prefetch *prefetch);
void nnrt_prefetch_stop(nnrt_prefetch *prefetch);
void nnrt_prefetch_ask(nnrt_prefetch *prefetch, nnrt_entry *entry, const nnrt_batch *batch);
int nnrt_prefetch_take(nnrt_error *error, nnrt_prefetch *prefetch, nnrt_entry *entry, const nnrt_batch *batch,
                       unsigned char **block);
#endif
