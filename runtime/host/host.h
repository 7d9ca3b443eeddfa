/* host.h: what the files of the hosted runtime share. One nnrt_run holds all of a running program: there are no globals
 * but what signal handlers write.
 *
 * Flow: driver.c (nnrt_main) reads the flags (flags.c), opens the sources (source.c over reader.c over a format over
 * file.c), allocates the arenas, starts the pool (pool.c) and the prefetch thread (prefetch.c), and runs the phases
 * (schedule.c), which call entries (entry.c), tell the log (log.c) and the progress (progress.c), and let checkpoints
 * be written (checkpoint.c), from which a run goes on (resume.c).
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
const char *nnrt_nearest(const char *word, int n, const char *const *words);           /* for "did you mean", or NULL */
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
  int64_t rows, lane; /* lane: rows of a lane of a stateful source, else 0 */
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
  int64_t keep, resuming, seed_given, eval, profile_steps;
  uint64_t seed;
  nnrt_every every;
  const char *log, *save, *init, *checkpoint, *resume, *predict, *predict_with, *output, *profile;
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
const char *nnrt_vocabulary(const nnrt_model *model, const nnrt_func *func);
int nnrt_token_text(const char *vocabulary, int64_t token, char to[8]); /* bytes of one character; 0: none */

/* ---- help.c: what is printed instead of training ---- */
void nnrt_help_print(const nnrt_model *model, const char *program);
void nnrt_version_print(const nnrt_model *model);
void nnrt_parameters_print(const nnrt_model *model);

typedef struct nnrt_run nnrt_run;

/* ---- log.c: JSON Lines ---- */
typedef struct nnrt_log {
  int descriptor; /* -1: none */
  const char *path;
  int failed; /* errno of the first failed write */
  int used;
  int64_t written; /* bytes of the file that were written */
  double flushed;
  char buffer[1 << 16];
} nnrt_log;
/* kept: bytes of a file that stay */
int nnrt_log_open(nnrt_error *error, nnrt_log *log, const nnrt_model *model, const char *path, int64_t kept);
void nnrt_log_call(nnrt_log *log, int64_t step, int64_t epoch, const nnrt_entry *entry);
void nnrt_log_flush(nnrt_log *log);
void nnrt_log_sync(nnrt_log *log); /* to the disk */
int nnrt_log_close(nnrt_error *error, nnrt_log *log);

/* ---- progress.c ---- */
enum { NNRT_SHOWN_MAX = 12, NNRT_TABLE_ROWS = 64 };
typedef struct nnrt_shown { /* a scalar output that is shown: of a step its mean, of an evaluation its value */
  int func, output, seen;
  double sum, epoch_sum, value;
  int64_t count, epoch_count;
} nnrt_shown;
typedef struct nnrt_progress {
  int quiet, terminal, columns, drawn, nshown, nrows, several;
  const nnrt_model *model;
  nnrt_shown shown[NNRT_SHOWN_MAX];
  struct nnrt_table_row {
    int64_t epoch;
    double seconds, value[NNRT_SHOWN_MAX];
    int seen[NNRT_SHOWN_MAX];
  } rows[NNRT_TABLE_ROWS]; /* the latest epochs, as a ring: row i is at i mod NNRT_TABLE_ROWS */
  double start, drawn_at, lined_at, epoch_start, evaluating; /* evaluating: seconds spent in passes */
  int64_t first, steps, total_steps, epochs, rows_seen, drawn_rows, epoch_rows;
} nnrt_progress;
void nnrt_progress_start(nnrt_progress *p, const nnrt_run *run);
void nnrt_progress_call(nnrt_progress *p, const nnrt_entry *entry, int func, double seconds);
void nnrt_progress_step(nnrt_progress *p, int64_t step, int64_t epoch, int64_t rows);
void nnrt_progress_epoch(nnrt_progress *p, int64_t epoch);
void nnrt_progress_end(nnrt_progress *p, const char *why);

/* ---- crc.c ---- */
typedef struct nnrt_crc {
  uint32_t sum, table[8][256];
} nnrt_crc;
void nnrt_crc_start(nnrt_crc *crc);
void nnrt_crc_add(nnrt_crc *crc, const void *bytes, int64_t n);
uint32_t nnrt_crc_sum(const nnrt_crc *crc);

/* ---- weights.c: safetensors ---- */
typedef struct nnrt_weights { /* states by their names in a file */
  const nnrt_model *model;
  const nnrt_memory *memory;
  const nnrt_rename *renames; /* of names in the file */
  int nrenames, n;
  nnrt_kept *at;
  bool all; /* not only what model files hold */
} nnrt_weights;
typedef struct nnrt_weights_reader {
  nnrt_error *error;
  const char *path, *text, *at, *end; /* text to end: the header */
  int64_t data, bytes;                /* where the data begin; how many there are */
  nnrt_file file;
  char *header;
  int64_t *places; /* by entry of the states that are wanted: where in the data it begins; -1: not there */
} nnrt_weights_reader;
int nnrt_weights_all(nnrt_error *error, nnrt_weights *w);
int64_t nnrt_weights_room(const nnrt_weights *w); /* of a header without notes */
int nnrt_weights_escape(char *to, int size, int n, const char *name);
int nnrt_weights_write(int file, const nnrt_weights *w, const char *notes, char *header, int64_t room, nnrt_crc *crc);
int nnrt_weights_open(nnrt_weights_reader *r);
int nnrt_weights_verify(nnrt_weights_reader *r); /* of a checkpoint */
bool nnrt_weights_note(const nnrt_weights_reader *r, const char *key, char *to, int size);
int nnrt_weights_match(nnrt_weights_reader *r, const nnrt_weights *w);
int nnrt_weights_take(nnrt_weights_reader *r, const nnrt_weights *w); /* once they match */
void nnrt_weights_close(nnrt_weights_reader *r);
/* Both take the states and names that the act lists, or the whole model when it is NULL or lists none. */
int nnrt_weights_save(nnrt_error *error, const nnrt_model *model, const nnrt_memory *memory, const char *path,
                      const nnrt_act *act);
int nnrt_weights_load(nnrt_error *error, const nnrt_model *model, const nnrt_memory *memory, const char *path,
                      const nnrt_act *act);

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
  const char *path, *vocabulary;
  int kind, func, output, descriptor;
  int64_t rows, header, room; /* rows: of a text its bytes; room: of the buffer */
  unsigned char *buffer;
} nnrt_writer;
int nnrt_picture_room(const nnrt_output *output, int64_t *bytes);
int64_t nnrt_picture_draw(const nnrt_output *output, const unsigned char *at, unsigned char *to, int64_t room);

int64_t nnrt_npy_room(const nnrt_output *row); /* bytes of the header of an array of rows, however many */
enum { NNRT_NPY_HEADER = 1024 };
int64_t nnrt_npy_header(const nnrt_output *row, int64_t rows, int64_t room, char to[NNRT_NPY_HEADER]); /* room */

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
  nnrt_stream *streams;
  nnrt_cursor *cursors;
  nnrt_entry *entries;
  nnrt_prefetch prefetch;
  nnrt_log log;
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
