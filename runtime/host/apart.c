/* apart.c: what a run reads stays as it is, and no file is written for two things, however their paths are written. The
 * run's own files are those of its flags, the checkpoints beside --checkpoint's, and what the program saves and writes.
 */
#include "host.h"

#include <string.h>

/* ---- flags ---- */
enum { PATHS = 9, PATHS_WRITTEN = 6 };
typedef struct nnrt_flag_path {
  const char *flag, *path;
} nnrt_flag_path;

static void paths_list(const nnrt_options *o, nnrt_flag_path files[PATHS]) {
  const nnrt_flag_path all[PATHS] = {{"log", o->log},   {"save", o->save},     {"checkpoint", o->checkpoint},
                                     {"plot", o->plot}, {"output", o->output}, {"profile", o->profile},
                                     {"init", o->init}, {"resume", o->resume}, {"predict", o->predict}};
  memcpy(files, all, sizeof all);
}

/* A file is written for one thing, and what is read is not logged over. (Reading and replacing one is no mistake:
 * --init and --save, --resume and --checkpoint.) */
int nnrt_flags_apart(nnrt_error *error, const nnrt_options *o) {
  nnrt_flag_path files[PATHS];
  paths_list(o, files);
  for (int i = 0; i < PATHS_WRITTEN; i++)
    for (int k = i + 1; k < (i ? PATHS_WRITTEN : PATHS); k++)
      if (files[i].path && files[k].path && nnrt_path_same(files[i].path, files[k].path))
        return nnrt_fail(error, NNRT_USAGE, "--%s and --%s both name %s", files[i].flag, files[k].flag, files[i].path);
  return NNRT_GOOD;
}

/* No flag names `path`, which is `what`, as a file to write. */
static int flags_spare(nnrt_error *error, const nnrt_options *o, const char *path, const char *what) {
  nnrt_flag_path files[PATHS];
  paths_list(o, files);
  for (int i = 0; i < PATHS_WRITTEN; i++)
    if (files[i].path && nnrt_path_same(files[i].path, path))
      return nnrt_fail(error, NNRT_USAGE, "--%s %s: would write over %s", files[i].flag, files[i].path, what);
  return NNRT_GOOD;
}

/* ---- what a run writes that no flag names ---- */
typedef struct nnrt_reading { /* a file that is read; NULL: it is the flags that must not name what is written */
  const char *path, *what;
} nnrt_reading;

static int apart(nnrt_run *run, const nnrt_reading *reading, const char *path, const char *what) {
  if (!reading) return flags_spare(&run->error, &run->options, path, what);
  if (!nnrt_path_same(path, reading->path)) return NNRT_GOOD;
  return nnrt_fail(&run->error, NNRT_FAILED, "%s: %s would be written over %s", path, what, reading->what);
}

static int suffixed_apart(nnrt_run *run, const nnrt_reading *reading, const char *path, const char *suffix,
                          const char *what) {
  char file[NNRT_PATH_MAX];
  if (nnrt_text(file, sizeof file, 0, "%s.%s", path, suffix) >= (int)sizeof file - 1) return NNRT_GOOD;
  return apart(run, reading, file, what);
}

/* Beside what a link leads to, as replace.c has them. */
static int beside_apart(nnrt_run *run, const nnrt_reading *reading, const char *path, const char *suffix,
                        const char *what) {
  char target[NNRT_PATH_MAX];
  return suffixed_apart(run, reading, nnrt_links_follow(path, target) ? path : target, suffix, what);
}

static int checkpoints_apart(nnrt_run *run, const nnrt_reading *reading) {
  enum { LOOKED_AT = 100 }; /* generations */
  if (!nnrt_checkpoint_wanted(run)) return NNRT_GOOD;
  const char *path = nnrt_checkpoint_path(run);
  if (!run->options.checkpoint) NNRT_TRY(apart(run, reading, path, "the run's checkpoint"));
  for (int k = 1; k < nnrt_checkpoint_generations(run) && k < LOOKED_AT; k++) {
    char number[16];
    nnrt_text(number, sizeof number, 0, "%d", k);
    NNRT_TRY(beside_apart(run, reading, path, number, "an older checkpoint of the run"));
  }
  NNRT_TRY(suffixed_apart(run, reading, path, "best", "the best checkpoint of the run"));
  return beside_apart(run, reading, path, "new", "a checkpoint that is being written");
}

static int replaced_apart(nnrt_run *run, const nnrt_reading *reading) {
  const nnrt_options *o = &run->options;
  const char *const replaced[] = {o->save, o->plot, o->output, o->profile};
  for (size_t i = 0; i < sizeof replaced / sizeof replaced[0]; i++)
    if (replaced[i]) NNRT_TRY(beside_apart(run, reading, replaced[i], "new", "a file that is being written"));
  return NNRT_GOOD;
}

static int act_apart(nnrt_run *run, const nnrt_reading *reading, const nnrt_act *a) {
  bool again = a->kind == NNRT_ACT_SAVE && run->options.save && nnrt_path_same(a->path, run->options.save);
  if (a->kind == NNRT_ACT_SAVE && !again) NNRT_TRY(apart(run, reading, a->path, "what the program saves"));
  for (int k = 0; k < a->nwrites; k++)
    if (strcmp(a->writes[k].path, "-") != 0)
      NNRT_TRY(apart(run, reading, a->writes[k].path, "what the program writes"));
  return NNRT_GOOD;
}

static int acts_apart(nnrt_run *run, const nnrt_reading *reading) {
  for (int i = 0; i < 4 * run->nphases; i++) {
    int n;
    const nnrt_act *acts = nnrt_phase_list(&run->phases[i / 4], i % 4, &n);
    for (int a = 0; a < n; a++) NNRT_TRY(act_apart(run, reading, &acts[a]));
  }
  return NNRT_GOOD;
}

static int written_apart(nnrt_run *run, const nnrt_reading *reading) {
  NNRT_TRY(checkpoints_apart(run, reading));
  NNRT_TRY(replaced_apart(run, reading));
  return run->options.bench >= 0 || run->options.profile ? NNRT_GOOD : acts_apart(run, reading);
}

/* ---- all of a run ---- */
static int reading_apart(nnrt_run *run, const char *path, const char *what) {
  NNRT_TRY(flags_spare(&run->error, &run->options, path, what));
  return written_apart(run, &(nnrt_reading){path, what});
}

/* Also of a source that this run does not open. */
static int source_apart(nnrt_run *run, int number) {
  const nnrt_source *s = &run->model->sources[number];
  nnrt_reader r = {.source = s};
  char what[256];
  nnrt_text(what, sizeof what, 0, "a file of the data %s", s->name);
  int status = nnrt_reader_files(&run->error, &r, run->options.data[number]);
  for (int k = 0; r.paths && k < r.nfiles && !status; k++) status = reading_apart(run, r.paths[k], what);
  nnrt_reader_close(&r);
  return status;
}

int nnrt_files_apart(nnrt_run *run) {
  NNRT_TRY(written_apart(run, NULL));
  for (int i = 0; i < run->model->nsources; i++) NNRT_TRY(source_apart(run, i));
  return NNRT_GOOD;
}
