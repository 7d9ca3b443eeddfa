/* run.h: one run: what its command line says, all that it holds, and what the files of the driver do to it. A part of
 * host.h. */
#ifndef NNRT_RUN_H
#define NNRT_RUN_H

#include "show.h"
#include "weights.h"

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
  size_t at;   /* in nnrt_options */
  bool trains; /* nothing for a program that only predicts */
} nnrt_flag;
extern const nnrt_flag nnrt_flags[];
extern const int nnrt_nflags;
int nnrt_options_read(nnrt_error *error, nnrt_options *options, const nnrt_model *model, int argc, char **argv);
void nnrt_options_free(nnrt_options *options);

/* ---- apart.c ---- */
int nnrt_flags_apart(nnrt_error *error, const nnrt_options *options);
/* Once data are open and phases are planned, before a file is opened to be written. */
int nnrt_files_apart(nnrt_run *run);

/* ---- inputs.c: values of nn.input ---- */
int nnrt_input_first(const nnrt_model *model,
                     int func); /* where its inputs begin among all; nfuncs: how many there are */
int nnrt_input_find(const nnrt_model *model, const char *name, size_t n); /* "generate.prompt" to its number, or -1 */
typedef struct nnrt_words { /* what a function's tokens are; neither: numbers */
  const char *characters;   /* as nnrt_source.vocabulary */
  bool in_file;             /* those of the program's source of kind "bpe" */
} nnrt_words;
nnrt_words nnrt_vocabulary(const nnrt_model *model, const nnrt_func *func);
int nnrt_token_text(const char *vocabulary, int64_t token, char to[8]); /* bytes of one character; 0: none */

/* ---- help.c: what is printed instead of training ---- */
void nnrt_help_print(const nnrt_model *model, const char *program);
void nnrt_version_print(const nnrt_model *model);
void nnrt_parameters_print(const nnrt_model *model);

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
  nnrt_grids grids;
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
bool nnrt_only_predicts(const nnrt_model *m);                               /* it has no run of its own */
int nnrt_schedule_plan(nnrt_run *run);                                      /* phases, default phase, planned steps */
void nnrt_schedule_needs(const nnrt_run *run, int whole, char *need); /* by source: will a call of this run read it? */
int nnrt_schedule_whole(const nnrt_run *run); /* or does --steps end it within the first epoch? */
int nnrt_schedule_count(nnrt_run *run);       /* once the sources are open */
int nnrt_schedule_run(nnrt_run *run);

/* checkpoint.c */
const char *nnrt_checkpoint_path(nnrt_run *run); /* of this run's checkpoints, whether it writes any or not */
bool nnrt_checkpoint_wanted(const nnrt_run *run);
int nnrt_checkpoint_generations(const nnrt_run *run); /* that stay, with the newest */
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
bool nnrt_predict_fits(const nnrt_func *f); /* one row out for each row of a source? */
int nnrt_predict_plan(nnrt_run *run);       /* narrows run->model to the function */
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
