/* host.h: what the files of the hosted runtime share. One nnrt_run holds all of a running program: there are no globals
 * but what signal handlers write.
 *
 * Flow: driver.c (nnrt_main) reads the flags (flags.c), opens the sources (source.c over reader.c over a format over
 * file.c), allocates the arenas, starts the pool (pool.c) and the prefetch thread (prefetch.c), and runs the phases
 * (schedule.c), which call entries (entry.c), tell what happens (show.c: log.c, events.c, plot.c, progress.c), and let
 * checkpoints be written (checkpoint.c), from which a run goes on (resume.c).
 *
 * Errors: a function that can fail returns a status and leaves one message in the nnrt_error that it was given;
 * NNRT_TRY hands it on. Nothing exits, nothing prints but nnrt_main and the two that write to the user. Everything is
 * allocated before the first step; between the first and the last step nothing calls malloc. */
#ifndef NNRT_HOST_H
#define NNRT_HOST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "../core/core.h"
#include "../nnrt.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- status.c ---- */
enum { NNRT_GOOD = 0, NNRT_FAILED = 1, NNRT_USAGE = 2 }; /* also the exit codes; 128 + signal when one ended the run */
enum { NNRT_OVER = -1 }; /* the run has what it wanted: no failure, and nothing goes on */
typedef struct nnrt_run nnrt_run;
typedef struct nnrt_error {
  int status;
  char text[1024];
} nnrt_error;

int nnrt_fail(nnrt_error *error, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define NNRT_TRY(call)                                                                                                 \
  do {                                                                                                                 \
    int nnrt_status = (call);                                                                                          \
    if (nnrt_status) return nnrt_status;                                                                               \
  } while (0)
int nnrt_alloc(nnrt_error *error, void *pointer, int64_t bytes, const char *what); /* zeroed, aligned to 64; free() */
int nnrt_alloc_raw(nnrt_error *error, void *pointer, int64_t bytes, const char *what); /* not zeroed */
double nnrt_seconds(void);                                                             /* monotonic */
int nnrt_character(const char *text);                             /* bytes of the UTF-8 character there, or 0 */
int nnrt_name_text(char *to, int size, int at, const char *name); /* appends it so that it can be shown */
bool nnrt_path_ends(const char *path, const char *end);
const char *nnrt_nearest(const char *word, int n, const char *const *words); /* for "did you mean", or NULL */
int nnrt_text(char *to, int size, int at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));                              /* appends, cuts; the new length */
const char *nnrt_grouped(char to[32], int64_t n);                       /* 245,760 */
int nnrt_shape_text(char *to, int size, int rank, const int64_t *dims); /* [1,28,28] */

/* ---- dtypes (status.c) ---- */
int nnrt_dtype_bytes(int dtype);
int nnrt_dtype_is_float(int dtype);
const char *nnrt_dtype_name(int dtype);                               /* "f32" */
double nnrt_element(int dtype, const void *at);                       /* the value of one element */
void nnrt_element_set(int dtype, void *at, double value);             /* nearest, saturating for integers */
int nnrt_element_text(char *to, int size, int dtype, const void *at); /* as JSON: every value reads back */

/* ---- pool.c ---- */
int nnrt_usable_cpus(void);
int nnrt_pool_start(nnrt_error *error, nnrt_pool **pool, int threads); /* one thread: *pool stays NULL */
void nnrt_pool_run(nnrt_pool *pool, nnrt_step *step, const nnrt_memory *memory);
void nnrt_pool_stop(nnrt_pool *pool);

enum { NNRT_PATH_MAX = 4096 };

/* ---- file.c: a file, or what a .gz file holds ---- */
typedef struct nnrt_file {
  const char *path;
  nnrt_error *error;
  int descriptor;
  int64_t at; /* bytes given out so far */
  void *gz, *library;
  const struct nnrt_gz *calls;
} nnrt_file;
int nnrt_file_open(nnrt_file *file, nnrt_error *error, const char *path);
int nnrt_file_read(nnrt_file *file, void *to, int64_t n, int64_t *got); /* *got < n at the end of the file only */
void nnrt_file_close(nnrt_file *file);
const char *nnrt_file_missing(const char *path, char *to, int size); /* which package has it, or "" */
int nnrt_write_all(int descriptor, const void *bytes, int64_t n);    /* 0, or errno */
typedef struct nnrt_paper {                                          /* a file that is written in pieces */
  int descriptor, failed, used;                                      /* failed: errno of the first write that did */
  char buffer[1 << 16];
} nnrt_paper;
void nnrt_paper_text(nnrt_paper *paper, const char *format, ...) __attribute__((format(printf, 2, 3)));
void nnrt_paper_bytes(nnrt_paper *paper, const void *bytes, int64_t n);
void nnrt_paper_flush(nnrt_paper *paper);
void nnrt_say(const nnrt_model *model, const char *text); /* a line on standard error */
int nnrt_file_cut(nnrt_error *error, const char *path, int descriptor,
                  int64_t bytes); /* to go on writing behind them */

/* ---- file.c: a file by position: read where it lies or, packed by gzip, unpacked into memory ---- */
typedef struct nnrt_bytes {
  nnrt_file file;
  unsigned char *held; /* what a .gz file holds, or NULL */
  int64_t size;
} nnrt_bytes;
int nnrt_bytes_open(nnrt_error *error, nnrt_bytes *bytes, const char *path);
int nnrt_bytes_adopt(nnrt_error *error, nnrt_bytes *bytes, const char *path, int descriptor);     /* of an open file */
int nnrt_bytes_read(nnrt_error *error, const nnrt_bytes *bytes, int64_t at, int64_t n, void *to); /* all n */
void nnrt_bytes_close(nnrt_bytes *bytes);

/* ---- zip.c ---- */
int nnrt_zip_open(nnrt_error *error, nnrt_bytes *bytes, const char *path, const char *base, const char *ending,
                  int64_t *at);

/* ---- zip.c: all members ---- */
typedef int nnrt_zip_visit(void *context, const char *name, int length);
int nnrt_zip_members(nnrt_error *error, const char *path, void *context, nnrt_zip_visit *visit);

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
    nnrt_format_csv;
int nnrt_reader_open(nnrt_error *error, nnrt_reader *reader, const char *files); /* files: --data's, or NULL */
/* One file as --data says, else as the model does; to: NNRT_PATH_MAX bytes */
int nnrt_reader_path(nnrt_error *error, const nnrt_source *source, const char *files, char *to);
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
  int nentries, running, stop, next;
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

/* ---- flags.c ---- */
enum { NNRT_EVERY_NONE, NNRT_EVERY_STEPS, NNRT_EVERY_SECONDS, NNRT_EVERY_EPOCH };
typedef struct nnrt_every { /* when a checkpoint is due */
  int kind;
  int64_t n;
} nnrt_every;
typedef struct nnrt_options {
  int64_t help, version, list_parameters, quiet, no_shuffle, epochs, steps, threads, bench; /* -1: not given */
  int64_t keep, resuming, seed_given, eval, profile_steps, init_partial, init_convert;
  uint64_t seed;
  nnrt_every every;
  const char *log, *save, *init, *checkpoint, *resume, *predict, *predict_with, *output, *profile, *tensorboard, *plot;
  const char **data;   /* by source: the text after NAME=, or NULL */
  const char **inputs; /* by function and input of its first variant (nnrt_input_first): the text of --FUNC.INPUT */
  double *hypers;      /* by hyper */
  char *hyper_given;   /* by hyper: did a flag give it? */
} nnrt_options;
enum {
  NNRT_FLAG_SWITCH,
  NNRT_FLAG_COUNT,
  NNRT_FLAG_SEED,
  NNRT_FLAG_TEXT,
  NNRT_FLAG_SVG,
  NNRT_FLAG_DATA,
  NNRT_FLAG_EVERY,
  NNRT_FLAG_MAYBE
};
typedef struct nnrt_flag {
  const char *name, *value, *help;
  int kind;
  int64_t min;
  size_t at; /* in nnrt_options */
} nnrt_flag;
extern const nnrt_flag nnrt_flags[];
extern const int nnrt_nflags;
int nnrt_options_read(nnrt_error *error, nnrt_options *options, const nnrt_model *model, int argc, char **argv);
void nnrt_options_free(nnrt_options *options);

/* ---- inputs.c: values of nn.input ---- */
int nnrt_input_first(const nnrt_model *model,
                     int func); /* where its inputs begin among all; nfuncs: how many there are */
int nnrt_input_find(const nnrt_model *model, const char *name, size_t n); /* "generate.prompt" to its number, or -1 */
typedef struct nnrt_words { /* what a function's tokens are; neither: numbers */
  const char *characters;   /* as nnrt_source.vocabulary */
  bool in_file;             /* those of the program's source of kind "bpe" */
} nnrt_words;
const nnrt_source *nnrt_tokens_source(const nnrt_model *model); /* that source, or NULL */
nnrt_words nnrt_vocabulary(const nnrt_model *model, const nnrt_func *func);
int nnrt_token_text(const char *vocabulary, int64_t token, char to[8]); /* bytes of one character; 0: none */

/* ---- help.c: what is printed instead of training ---- */
void nnrt_help_print(const nnrt_model *model, const char *program);
void nnrt_version_print(const nnrt_model *model);
void nnrt_parameters_print(const nnrt_model *model);

/* ---- crc.c ---- */
typedef struct nnrt_crc {
  uint32_t sum, table[8][256];
} nnrt_crc;
void nnrt_crc_start(nnrt_crc *crc);
void nnrt_crc_start_c(nnrt_crc *crc); /* CRC-32C */
void nnrt_crc_again(nnrt_crc *crc);   /* another sum of the same kind */
void nnrt_crc_add(nnrt_crc *crc, const void *bytes, int64_t n);
uint32_t nnrt_crc_sum(const nnrt_crc *crc);

/* ---- sink.c: a file that grows while the run goes on ---- */
typedef struct nnrt_sink {
  const char *flag, *path;
  unsigned char *buffer; /* NULL: none */
  int descriptor;
  int failed;                  /* errno of the first failed write */
  int told;                    /* of that failure */
  int64_t used, room, written; /* written: bytes of the file that are there */
  double flushed;
} nnrt_sink;
int nnrt_sink_open(nnrt_error *error, nnrt_sink *s, const char *flag, const char *path, int more, int64_t room);
void *nnrt_sink_room(nnrt_sink *s, int64_t n);
void nnrt_sink_flush(nnrt_sink *s);
void nnrt_sink_tick(nnrt_sink *s, double now); /* flushes what has waited */
void nnrt_sink_sync(nnrt_sink *s);             /* to the disk */
int nnrt_sink_close(nnrt_error *error, nnrt_sink *s);

/* ---- log.c: JSON Lines ---- */
int nnrt_log_open(nnrt_run *run);
void nnrt_log_call(nnrt_sink *log, int64_t step, int64_t epoch, const nnrt_entry *entry);

/* ---- events.c: TensorBoard ---- */
typedef struct nnrt_events {
  nnrt_sink sink;
  nnrt_crc crc;
  unsigned char *record; /* the one that is being made, in the sink's buffer */
  char path[NNRT_PATH_MAX];
} nnrt_events;
int nnrt_events_open(nnrt_run *run);
void nnrt_events_call(nnrt_events *e, int64_t step, const nnrt_entry *entry);

/* ---- curve.c, axis.c, plot.c: curves of outputs, and their picture ---- */
enum { NNRT_CURVES_MAX = 12, NNRT_CURVE_POINTS = 256, NNRT_CURVE_NAME = 512, NNRT_TICKS_MAX = 24 };
typedef struct nnrt_point {
  double step;
  float value;
} nnrt_point;
typedef struct nnrt_curve {
  int func, output, n;
  int64_t calls, gathered; /* calls of a point; of the one that is being made so far */
  double steps, sum;       /* over these */
  nnrt_point points[NNRT_CURVE_POINTS];
} nnrt_curve;
typedef struct nnrt_curves {
  int n;
  nnrt_curve at[NNRT_CURVES_MAX];
} nnrt_curves;
bool nnrt_output_watched(const nnrt_output *output);
int nnrt_curves_open(nnrt_run *run);
void nnrt_curve_add(nnrt_curve *c, int64_t step, double value);
nnrt_point nnrt_curve_open(const nnrt_curve *c);
int nnrt_curve_name(const nnrt_run *run, const nnrt_curve *c, char to[NNRT_CURVE_NAME]);
int64_t nnrt_curves_room(const nnrt_run *run); /* of all of them as text */
int nnrt_curve_text(const nnrt_curve *c, char *to, int size, int n);

typedef struct nnrt_axis {
  double low, high, ticks[NNRT_TICKS_MAX];
  int n, decimals;
  bool log;
} nnrt_axis;
void nnrt_axis_linear(nnrt_axis *a, double low, double high, int n, bool whole);
void nnrt_axis_log(nnrt_axis *a, double low, double high);
double nnrt_axis_place(const nnrt_axis *a, double x);
int nnrt_axis_label(const nnrt_axis *a, int tick, char *to, int size);

typedef struct nnrt_plot {
  char *text; /* NULL: no --plot */
  int size, ready, told;
  double drawn_at, took;
} nnrt_plot;
int nnrt_plot_open(nnrt_run *run);
void nnrt_plot_call(nnrt_run *run, const nnrt_entry *entry, int func);
bool nnrt_plot_due(const nnrt_run *run, bool epoch);
int nnrt_plot_text(const nnrt_run *run, char *to, int size);
int nnrt_plot_write(nnrt_error *error, nnrt_run *run);
void nnrt_plot_free(nnrt_run *run);

/* ---- progress.c, epochs.c ---- */
enum { NNRT_SHOWN_MAX = 12, NNRT_TABLE_ROWS = 64 };
typedef struct nnrt_shown { /* a scalar output that is shown: of a step its mean, of an evaluation its value */
  int func, output, seen;
  double sum, epoch_sum, value, told; /* told: by the latest line */
  int64_t count, epoch_count;
} nnrt_shown;
typedef struct nnrt_table {
  int n, stride, five; /* epochs that stay are a stride apart; five: it becomes twice as long next, else five times */
  int64_t seen, first; /* epochs in all, the first one's number */
  struct nnrt_table_row {
    int64_t epoch;
    double seconds, value[NNRT_SHOWN_MAX];
    int seen[NNRT_SHOWN_MAX];
  } rows[NNRT_TABLE_ROWS];
} nnrt_table;
typedef struct nnrt_progress {
  int quiet, terminal, drawn, nshown, several;
  const nnrt_model *model;
  nnrt_shown shown[NNRT_SHOWN_MAX];
  nnrt_table table;
  double start, drawn_at, stayed_at, epoch_start; /* stayed_at: when the latest end of an epoch was told */
  double evaluating, epoch_evaluating;            /* seconds spent in passes; when the epoch began */
  double rate, rated_at, rated_evaluating;        /* samples/s, since when they are counted */
  int64_t first, steps, total_steps, epoch, epochs;
  int64_t rows_seen, epoch_rows, rated_rows;
  const char *passing; /* the function whose pass goes on, or NULL */
  int passed;          /* percent of it */
} nnrt_progress;
void nnrt_progress_start(nnrt_progress *p, const nnrt_run *run);
void nnrt_progress_call(nnrt_progress *p, const nnrt_entry *entry, int func, double seconds);
void nnrt_progress_pass(nnrt_progress *p, const nnrt_func *func, int64_t row, int64_t rows);
void nnrt_progress_step(nnrt_progress *p, int64_t step, int64_t epoch, int64_t rows);
void nnrt_progress_epoch(nnrt_progress *p, int64_t epoch);
void nnrt_progress_clear(nnrt_progress *p);
void nnrt_progress_leave(nnrt_progress *p);
void nnrt_progress_end(nnrt_progress *p, const char *why);
bool nnrt_shown_passes(const nnrt_progress *p, const nnrt_shown *s);
int nnrt_shown_name(const nnrt_progress *p, const nnrt_shown *s, char *to, int size);
int nnrt_shown_value(const nnrt_progress *p, const nnrt_shown *s, double value, char *to, int size);
void nnrt_table_add(nnrt_progress *p, double seconds);
void nnrt_table_print(const nnrt_progress *p);

/* ---- show.c ---- */
int nnrt_show_open(nnrt_run *run);
void nnrt_show_call(nnrt_run *run, int func, double seconds);
void nnrt_show_pass(nnrt_run *run, const nnrt_func *func, int64_t row, int64_t rows);
void nnrt_show_step(nnrt_run *run, int64_t rows);
void nnrt_show_epoch(nnrt_run *run);
void nnrt_show_sync(nnrt_run *run);
int nnrt_show_close(nnrt_error *error, nnrt_run *run);

/* ---- weights.c: states in files, out ---- */
typedef struct nnrt_weights { /* states by their names in a file */
  const nnrt_model *model;
  const nnrt_memory *memory;
  const nnrt_rename *renames; /* of names in the file */
  int nrenames, n;
  nnrt_kept *at;
  bool all;              /* not only what model files hold */
  bool partial, convert; /* in: what fits is enough; floats may have another width */
  bool begins;           /* in: by --init, whose flags messages name */
} nnrt_weights;
enum { NNRT_WEIGHTS_CHUNK = 1 << 16 };
#define NNRT_WEIGHTS_HEAD "{\"__metadata__\":{\"format\":\"pt\""
#define NNRT_WEIGHTS_SUM ",\"nnrt.sum\":\""
enum { /* in the header */
       NNRT_WEIGHTS_DIGITS = 8,
       NNRT_WEIGHTS_SUM_AT = sizeof NNRT_WEIGHTS_HEAD - 1 + sizeof NNRT_WEIGHTS_SUM - 1
};
extern const char *const nnrt_weights_dtypes[];
int64_t nnrt_state_bytes(const nnrt_state *state);
unsigned char *nnrt_state_at(const nnrt_state *state, const nnrt_memory *memory);
const nnrt_state *nnrt_weights_state(const nnrt_weights *w, int i);
int nnrt_weights_list(nnrt_error *error, nnrt_weights *w, const nnrt_act *act, bool aliases);
int nnrt_weights_all(nnrt_error *error, nnrt_weights *w);
int64_t nnrt_weights_chunk(const nnrt_state *state, const nnrt_memory *memory, int64_t at, unsigned char *to);
int64_t nnrt_weights_room(const nnrt_weights *w); /* of a header without notes */
int nnrt_weights_escape(char *to, int size, int n, const char *name);
int nnrt_weights_write(int file, const nnrt_weights *w, const char *notes, char *header, int64_t room, nnrt_crc *crc);
int nnrt_weights_possible(nnrt_error *error, const nnrt_model *model, const char *path);
/* The states and names that the act lists, or the whole model when it is NULL or lists none. */
int nnrt_weights_save(nnrt_error *error, const nnrt_model *model, const nnrt_memory *memory, const char *path,
                      const nnrt_act *act);

/* ---- safetensors.c: in ---- */
typedef struct nnrt_extent { /* where the numbers of a tensor lie */
  const nnrt_bytes *bytes;   /* NULL: not in the file */
  int64_t at, size;
  const nnrt_stored_type *type; /* NULL: none that we have */
  bool big;
} nnrt_extent;
typedef struct nnrt_tensor { /* in a file; names and dtypes as in safetensors */
  char name[256], dtype[16];
  int rank;
  int64_t dim[NNRT_NPY_RANK], begin, end, all; /* begin, end: in all the bytes of numbers of the file or member */
  nnrt_extent place;
} nnrt_tensor;
enum { NNRT_NAMES_TOLD = 8 };
typedef struct nnrt_names { /* how many, and the first of them */
  int n, used;
  char text[1200];
} nnrt_names;
typedef struct nnrt_weights_reader {
  nnrt_error *error;
  const char *path, *text, *at, *end; /* text to end: the header */
  int64_t data, bytes;                /* where the data begin; how many there are */
  nnrt_bytes whole;
  bool archive;
  nnrt_bytes *members; /* of an archive */
  int nmembers;
  char *header;
  nnrt_extent *places;                   /* by entry of the states that are wanted */
  nnrt_names absent, foreign, different; /* of a partial match: not in the file, in it only, in it otherwise */
} nnrt_weights_reader;
typedef int nnrt_tensor_visit(void *context, nnrt_tensor *tensor);
int nnrt_weights_open(nnrt_weights_reader *r);
int nnrt_safetensors_each(nnrt_weights_reader *r, void *context, nnrt_tensor_visit *visit);
bool nnrt_weights_checkpoint(const nnrt_weights_reader *r);
int nnrt_weights_verify(nnrt_weights_reader *r); /* of a checkpoint */
bool nnrt_weights_note(const nnrt_weights_reader *r, const char *key, char *to, int size);
void nnrt_weights_close(nnrt_weights_reader *r);

/* ---- archive.c: weights in an archive of NumPy's ---- */
bool nnrt_archive_named(const char *path);
int nnrt_archive_fits(nnrt_error *error, const nnrt_weights *w, const char *path);
int nnrt_archive_save(nnrt_error *error, const nnrt_weights *w, const char *path);
int nnrt_archive_each(nnrt_weights_reader *r, void *context, nnrt_tensor_visit *visit);

/* ---- match.c: what a model takes of a file ---- */
int nnrt_weights_match(nnrt_weights_reader *r, const nnrt_weights *w);
int nnrt_weights_take(nnrt_weights_reader *r, const nnrt_weights *w); /* once they match */
int nnrt_weights_load(nnrt_error *error, const nnrt_model *model, const nnrt_memory *memory, const char *path,
                      const nnrt_act *act);
int nnrt_weights_begin(nnrt_run *run); /* --init */

/* ---- replace.c: a file is whole at any time ---- */
typedef struct nnrt_replacement {
  const char *path;           /* as the user wrote it */
  char target[NNRT_PATH_MAX]; /* what links lead to */
  char beside[NNRT_PATH_MAX]; /* TARGET.new */
  int descriptor;             /* of `beside` */
  int keep;                   /* files that are kept, this one included: 1 */
} nnrt_replacement;
int nnrt_replace_begin(nnrt_error *error, nnrt_replacement *r, const char *path);
int nnrt_replace_end(nnrt_error *error, nnrt_replacement *r, int failed); /* failed: an errno, or 0 */
int nnrt_links_follow(const char *path, char *to);                        /* to: NNRT_PATH_MAX bytes; an errno, or 0 */
int nnrt_replace_possible(nnrt_error *error, const char *path);

/* ---- write.c, picture.c: outputs that go to files ---- */
enum { NNRT_WRITE_NPY, NNRT_WRITE_TEXT, NNRT_WRITE_PICTURE };
typedef struct nnrt_writer {
  const char *path;
  nnrt_words words;
  const nnrt_tokens *tokens; /* of words that are in a file */
  int kind, func, output, descriptor;
  int64_t rows, header, room; /* rows: of a text its bytes; room: of the buffer */
  unsigned char *buffer;
} nnrt_writer;
int nnrt_picture_room(const nnrt_output *output, int64_t *bytes);
int64_t nnrt_picture_draw(const nnrt_output *output, const unsigned char *at, unsigned char *to, int64_t room);

enum { NNRT_ROWS_HEADER = 1024 };
int64_t nnrt_rows_room(const nnrt_output *row); /* bytes of the .npy header of an array of rows, however many */
void nnrt_rows_header(const nnrt_output *row, int64_t rows, int64_t room, char to[NNRT_ROWS_HEADER]);

/* ---- peak.c: what the threads of a pool can do together ---- */
double nnrt_peak_flops(nnrt_pool *pool, int threads, double seconds);
double nnrt_peak_bytes(nnrt_pool *pool);

/* ---- profile.c ---- */
enum {
  NNRT_EVENT_STEP,
  NNRT_EVENT_DATA,
  NNRT_EVENT_CALL,
  NNRT_EVENT_KERNEL,
  NNRT_EVENT_WAIT,
  NNRT_EVENT_READ,
  NNRT_EVENTS
};
typedef struct nnrt_event {
  double start, end;
  int kind;
  int64_t number; /* of the step, the function, the site */
} nnrt_event;
typedef struct nnrt_marks { /* of one thread, alone on its lines of the cache */
  _Alignas(64) double since;
  int64_t site;   /* what it is at since then */
  double *spent;  /* by site */
  int64_t *calls; /* by site */
  nnrt_event *events;
  int64_t nevents, lost;
} nnrt_marks;
typedef struct nnrt_profile {
  nnrt_marks *marks; /* by thread; NULL: there is no profile */
  nnrt_marks reader; /* of the thread that fills batches */
  bool recording;
  int64_t seen, recorded, wanted; /* steps */
  double began, origin;           /* of the step; of the first one */
  double spent[NNRT_EVENTS];      /* by the main thread */
  double flops, bytes;            /* the peaks */
  nnrt_paper paper;
} nnrt_profile;

/* ---- predict.c ---- */
typedef struct nnrt_predict { /* the model that is left of the function, and where its rows go */
  nnrt_model model;
  nnrt_func func;
  nnrt_variant variant;
  nnrt_source *sources;
  nnrt_field *fields;
  const char **files;
  nnrt_heading *headings;
  nnrt_input *inputs;
  int first, end; /* outputs that are written */
  bool opened;
  nnrt_replacement replacement;
  nnrt_paper paper;
} nnrt_predict;

/* ---- the run ---- */
typedef struct nnrt_cursor { /* where a source's next batch begins */
  int64_t epoch, row;
} nnrt_cursor;
typedef struct nnrt_position { /* the call that comes next: list 0 … 3 of a phase, act of the list, time of the act, row
                                */
  int phase, list, act, time;
  int64_t row;
} nnrt_position;
typedef struct nnrt_course { /* of one phase */
  const nnrt_phase *phase;
  int64_t count, steps, epochs, passes; /* passes: of the leading source when the epoch began */
  int64_t finished;                     /* by the latest step */
  int leading;                          /* source, or -1 */
  int64_t rows;                         /* of a step */
  bool cut;                             /* --steps ended the phase with an epoch that is not its last */
} nnrt_course;
typedef struct nnrt_keeper { /* checkpoint.c */
  const char *path;          /* NULL: no checkpoints are written */
  char own_path[NNRT_PATH_MAX], best_path[NNRT_PATH_MAX];
  nnrt_every every;
  int keep;
  nnrt_weights weights;
  char *notes, *header;
  int64_t notes_room, header_room;
  nnrt_crc crc;
  double written_at, best;
  int64_t run;                      /* nnrt_checkpoint_run */
  int64_t written_step, best_calls; /* best_calls: of the metric's function when it was last looked at */
  nnrt_position written_place;
} nnrt_keeper;
typedef struct nnrt_resume { /* resume.c: a checkpoint that is open */
  nnrt_weights_reader reader;
  nnrt_weights weights;
  char path[NNRT_PATH_MAX];
} nnrt_resume;
struct nnrt_run {
  const nnrt_model *model;
  const nnrt_phase *phases; /* the model's, or the default phase */
  int nphases;
  nnrt_phase default_phase;
  nnrt_act default_acts[2];
  nnrt_options options;
  nnrt_error error;
  nnrt_memory memory;
  unsigned char *inputs, *outputs; /* the blocks of all entries */
  int threads, streams_open, pool_started;
  nnrt_pool *pool;
  nnrt_tokens *tokens; /* of the program's source of kind "bpe" */
  nnrt_stream *streams;
  nnrt_cursor *cursors;
  nnrt_entry *entries;
  nnrt_prefetch prefetch;
  nnrt_sink log;
  nnrt_events events;
  nnrt_curves *curves; /* NULL: no --plot */
  nnrt_plot plot;
  nnrt_progress progress;
  nnrt_writer *writers;
  int nwriters;
  int64_t step, limit, epoch, planned_steps, planned_epochs; /* limit: --steps, or -1 */
  nnrt_position place;
  nnrt_course course;
  nnrt_keeper keeper;
  nnrt_resume resume;
  bool resumed;    /* the run goes on from a checkpoint */
  nnrt_act *asked; /* the calls of --eval and --predict */
  nnrt_profile profile;
  nnrt_predict predict;
};

/* entry.c */
int nnrt_entries_build(nnrt_run *run);
int nnrt_entries_check(nnrt_run *run, int func); /* can its sources feed it? before the first call */
void nnrt_entries_constants(nnrt_run *run);      /* hypers, total_steps into every block */
void nnrt_entries_free(nnrt_run *run);
void nnrt_entry_gather(nnrt_entry *entry);                   /* adds its outputs to the sums */
double nnrt_entry_mean(const nnrt_entry *entry, int output); /* since nnrt_entry_forget */
void nnrt_entry_forget(nnrt_entry *entry);
int nnrt_entry_call(nnrt_run *run, int func); /* one call, or one whole pass; status 128 + n when a signal came */
void nnrt_variant_run(const nnrt_run *run, const nnrt_variant *variant, const nnrt_memory *memory);
double nnrt_metric(const nnrt_run *run, int func, int output);
int64_t nnrt_batch_rows(const nnrt_run *run, const nnrt_func *func, const nnrt_variant *variant, int k);

/* trap.c: programs of nnc --trap */
void nnrt_trap_begin(nnrt_run *run); /* before a call: forgets what was seen */
/* Behind a call of `step`, which is `what`: fails, naming the operation that made it, when a NaN or an infinity that no
 * one asked for lies in a state or an output. */
int nnrt_trap_check(nnrt_run *run, nnrt_step *step, const char *what);

/* inputs.c */
int nnrt_words_open(nnrt_run *run);                        /* the file of the tokens */
int nnrt_values_read(nnrt_run *run);                       /* flags and defaults of every function */
int nnrt_values_check(nnrt_run *run, const nnrt_act *act); /* has every input of the act's function a value? */
void nnrt_values_put(nnrt_run *run, const nnrt_act *act);  /* into the blocks of the act's function */
void nnrt_values_free(nnrt_run *run);

/* write.c */
int nnrt_writers_open(nnrt_run *run);
int nnrt_writers_call(nnrt_run *run, const nnrt_act *act); /* after a call of the act's function */
void nnrt_writers_sync(nnrt_run *run);                     /* to the disk */
int nnrt_writers_close(nnrt_run *run);

/* schedule.c */
const nnrt_act *nnrt_phase_list(const nnrt_phase *phase, int list, int *n); /* 0 … 3: before, step, each_epoch, after */
const nnrt_act *nnrt_phase_leader(const nnrt_phase *phase);                 /* the first call of a step */
int nnrt_schedule_plan(nnrt_run *run);                                      /* phases, default phase, planned steps */
void nnrt_schedule_needs(const nnrt_run *run, int whole, char *need); /* by source: will a call of this run read it? */
int nnrt_schedule_whole(const nnrt_run *run); /* or does --steps end it within the first epoch? */
int nnrt_schedule_count(nnrt_run *run);       /* once the sources are open */
int nnrt_schedule_run(nnrt_run *run);

/* checkpoint.c */
const char *nnrt_checkpoint_path(nnrt_run *run); /* of this run's checkpoints, whether it writes any or not */
int nnrt_checkpoint_prepare(nnrt_run *run);
int nnrt_checkpoint_step(nnrt_run *run, bool epoch);            /* after a step: if one is due */
int nnrt_checkpoint_phase(nnrt_run *run);                       /* when the steps of a phase are over */
int nnrt_checkpoint_signal(nnrt_run *run);                      /* when a signal ends the run */
int64_t nnrt_checkpoint_run(const nnrt_run *run);               /* a sum over schedule and data */
uint64_t nnrt_checkpoint_bits(int dtype, const void *at);       /* of one element, as a number */
void nnrt_checkpoint_set(int dtype, void *at, uint64_t number); /* back */
void nnrt_checkpoint_free(nnrt_run *run);

/* resume.c */
int nnrt_resume_open(nnrt_run *run);    /* before anything else: flags come from it too */
int nnrt_resume_restore(nnrt_run *run); /* when everything is open */
bool nnrt_resume_note(const nnrt_run *run, const char *kind, const char *name, char *to, int size);
int64_t nnrt_resume_number(const nnrt_run *run, const char *kind, const char *name); /* of a note; 0: not resumed */
void nnrt_resume_free(nnrt_run *run);

/* bench.c */
int nnrt_bench(nnrt_run *run);

/* eval.c: --eval, --predict */
bool nnrt_trains(const nnrt_options *options); /* neither of them */
int nnrt_modes_check(nnrt_error *error, const nnrt_options *options, const nnrt_model *model);
int nnrt_eval_plan(nnrt_run *run); /* the schedule */
int64_t nnrt_eval_logged(const nnrt_run *run);
int nnrt_eval_print(const nnrt_run *run);

/* predict.c */
int nnrt_predict_plan(nnrt_run *run); /* narrows run->model to the function */
int nnrt_predict_open(nnrt_run *run);
int nnrt_predict_rows(nnrt_run *run, const nnrt_entry *entry, int64_t row); /* after a batch that began at `row` */
int nnrt_predict_close(nnrt_run *run, int status);
void nnrt_predict_free(nnrt_run *run);

/* profile.c */
int nnrt_profile_prepare(nnrt_run *run);
double nnrt_profile_now(const nnrt_run *run);
void nnrt_profile_span(nnrt_run *run, int kind, int64_t number, double start); /* NNRT_EVENT_… since `start` */
void nnrt_profile_read(nnrt_marks *marks, int64_t number, double start);
void nnrt_profile_begin(nnrt_run *run); /* before a step */
int nnrt_profile_step(nnrt_run *run);   /* after it; NNRT_OVER: that was the last */
int nnrt_profile_end(nnrt_run *run);
void nnrt_profile_free(nnrt_run *run);

/* driver.c */
int nnrt_signalled(void); /* the signal that asked the run to end, or 0 */
#endif
