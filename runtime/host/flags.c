/* flags.c: the command line of a built program. One row a flag; besides them, one flag for each nn.hyper of the model
 * (which wins when it has a flag's name, as in `epochs = nn.hyper("epochs", 10)`) and one, --FUNC.INPUT, for each
 * nn.input of a function (inputs.c reads its value).
 *
 * Forms: --name VALUE and --name=VALUE. A flag that is unknown, malformed or out of its range is refused with status
 * NNRT_USAGE; nothing is guessed. The options point into argv; only their tables are allocated. */
#include "host.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NNRT_AT(member) offsetof(nnrt_options, member), false
#define NNRT_TRAINING(member) offsetof(nnrt_options, member), true
const nnrt_flag nnrt_flags[] = {
    {"epochs", "N", "passes over the training data", NNRT_FLAG_COUNT, 0, NNRT_TRAINING(epochs)},
    {"steps", "N", "end the run after N steps in all; the phase that this cuts short still runs its `after`",
     NNRT_FLAG_COUNT, 0, NNRT_TRAINING(steps)},
    {"seed", "N", "for initial values, random numbers and the order of the data (default 0)", NNRT_FLAG_SEED, 0,
     NNRT_AT(seed)},
    {"threads", "N", "default: the processors that this process may use", NNRT_FLAG_COUNT, 1, NNRT_AT(threads)},
    {"data", "NAME=PATH",
     "other data for a source, or for several, NAME,NAME=PATH: PATH is FILE,FILE,... (one a field) or a folder; may be "
     "repeated",
     NNRT_FLAG_DATA, 0, NNRT_AT(data)},
    {"no-shuffle", NULL, "take the data in file order", NNRT_FLAG_SWITCH, 0, NNRT_TRAINING(no_shuffle)},
    {"init", "FILE", "begin with the weights of a safetensors file or an .npz archive", NNRT_FLAG_TEXT, 0,
     NNRT_AT(init)},
    {"init-partial", NULL, "take what fits of that file, and tell what does not", NNRT_FLAG_SWITCH, 0,
     NNRT_AT(init_partial)},
    {"init-convert", NULL, "take floats of another width from it, rounded", NNRT_FLAG_SWITCH, 0, NNRT_AT(init_convert)},
    {"save", "FILE", "write the weights at the end, as safetensors or, by the ending .npz, for NumPy", NNRT_FLAG_TEXT,
     0, NNRT_TRAINING(save)},
    {"checkpoint", "FILE", "write all of the run there while it goes on", NNRT_FLAG_TEXT, 0, NNRT_TRAINING(checkpoint)},
    {"checkpoint-every", "WHEN", "N steps, Ns, Nm or Nh of time, or \"epoch\" (default 10m)", NNRT_FLAG_EVERY, 0,
     NNRT_TRAINING(every)},
    {"checkpoint-keep", "N", "FILE and N - 1 older ones, FILE.1, FILE.2, ... (default 2)", NNRT_FLAG_COUNT, 1,
     NNRT_TRAINING(keep)},
    {"resume", "[FILE]",
     "go on from a checkpoint; without FILE from that of --checkpoint, or from the beginning if there is none",
     NNRT_FLAG_MAYBE, 0, NNRT_AT(resume)},
    {"log", "FILE", "write JSON Lines: one object a call, with its step, epoch and scalar outputs", NNRT_FLAG_TEXT, 0,
     NNRT_AT(log)},
    {"tensorboard", "DIR", "write the scalar outputs as an event file for TensorBoard", NNRT_FLAG_TEXT, 0,
     NNRT_TRAINING(tensorboard)},
    {"plot", "FILE.svg", "draw the scalar outputs as curves, anew after each epoch", NNRT_FLAG_SVG, 0,
     NNRT_TRAINING(plot)},
    {"quiet", NULL, "show no progress and no table", NNRT_FLAG_SWITCH, 0, NNRT_TRAINING(quiet)},
    {"eval", NULL, "evaluate the weights of --init or --resume once, print what comes out, and end", NNRT_FLAG_SWITCH,
     0, NNRT_TRAINING(eval)},
    {"predict", "FILE", "call a function for each row of FILE, with the weights of --init or --resume, and end",
     NNRT_FLAG_TEXT, 0, NNRT_AT(predict)},
    {"predict-with", "NAME", "which function, or FUNC.OUTPUT, where several fit", NNRT_FLAG_TEXT, 0,
     NNRT_AT(predict_with)},
    {"output", "FILE", "or -o FILE: where predictions go, a .csv or .npy (default: as CSV to standard output)",
     NNRT_FLAG_TEXT, 0, NNRT_AT(output)},
    {"profile", "FILE", "time the kernels of some steps, print a table, write a trace (JSON) for Perfetto, and end",
     NNRT_FLAG_TEXT, 0, NNRT_AT(profile)},
    {"profile-steps", "N", "of how many steps (default 10)", NNRT_FLAG_COUNT, 1, NNRT_AT(profile_steps)},
    {"bench", "N", "time N steps on one batch, print the times as JSON, and end", NNRT_FLAG_COUNT, 1, NNRT_AT(bench)},
    {"list-parameters", NULL, "print the model's state and end", NNRT_FLAG_SWITCH, 0, NNRT_AT(list_parameters)},
    {"version", NULL, "print what this program was made of and end", NNRT_FLAG_SWITCH, 0, NNRT_AT(version)},
    {"help", NULL, "print this and end", NNRT_FLAG_SWITCH, 0, NNRT_AT(help)},
};
const int nnrt_nflags = sizeof nnrt_flags / sizeof nnrt_flags[0];

typedef struct nnrt_flags_reader {
  nnrt_error *error;
  nnrt_options *options;
  const nnrt_model *model;
  int argc, at;
  char **argv;
} nnrt_flags_reader;

/* ---- values ---- */
static int flag_fail(const nnrt_flags_reader *r, const char *name, const char *text, const char *wanted) {
  return nnrt_fail(r->error, NNRT_USAGE, "--%s: \"%s\" is not %s", name, text, wanted);
}

static int flag_count(const nnrt_flags_reader *r, const nnrt_flag *f, const char *text, int64_t *value) {
  char *end, wanted[64];
  errno = 0;
  long long n = strtoll(text, &end, 10);
  snprintf(wanted, sizeof wanted, "a whole number of at least %lld", (long long)f->min);
  if (end == text || *end || errno || text[0] == ' ' || n < f->min) return flag_fail(r, f->name, text, wanted);
  *value = n;
  return NNRT_GOOD;
}

static int flag_seed(const nnrt_flags_reader *r, const nnrt_flag *f, const char *text, uint64_t *value) {
  char *end;
  errno = 0;
  unsigned long long n = strtoull(text, &end, 0);
  if (text[0] < '0' || text[0] > '9' || *end || errno)
    return flag_fail(r, f->name, text, "a whole number from 0 to 2^64 - 1");
  *value = n;
  return NNRT_GOOD;
}

static int flag_every(const nnrt_flags_reader *r, const nnrt_flag *f, const char *text, nnrt_every *every) {
  static const char wanted[] = "a number of steps, of seconds (30s), minutes (10m) or hours (2h), or \"epoch\"";
  char *end;
  errno = 0;
  long long n = strtoll(text, &end, 10), unit = *end == 'h' ? 3600 : *end == 'm' ? 60 : 1;
  if (!strcmp(text, "epoch")) return *every = (nnrt_every){NNRT_EVERY_EPOCH, 1}, NNRT_GOOD;
  bool time = *end == 's' || *end == 'm' || *end == 'h';
  if (text[0] < '0' || text[0] > '9' || end[time] || errno || n < 1 || n > INT64_MAX / 3600)
    return flag_fail(r, f->name, text, wanted);
  *every = (nnrt_every){time ? NNRT_EVERY_SECONDS : NNRT_EVERY_STEPS, n * unit};
  return NNRT_GOOD;
}

static int flag_hyper(const nnrt_flags_reader *r, int k, const char *text) {
  const nnrt_hyper *h = &r->model->hypers[k];
  char *end, wanted[128];
  int n = nnrt_text(wanted, sizeof wanted, 0, h->integer ? "a whole number" : "a number");
  double value = strtod(text, &end);
  if (h->min > -INFINITY) n = nnrt_text(wanted, sizeof wanted, n, " of at least %g", h->min);
  if (h->max < INFINITY)
    nnrt_text(wanted, sizeof wanted, n, "%s at most %g", h->min > -INFINITY ? " and" : " of", h->max);
  bool bad = end == text || *end || text[0] == ' ' || !isfinite(value) || (h->integer && value != floor(value));
  if (bad || value < h->min || value > h->max) return flag_fail(r, h->name, text, wanted);
  r->options->hypers[k] = value;
  r->options->hyper_given[k] = 1;
  return NNRT_GOOD;
}

/* The path for the source of this name, of n bytes. */
static int flag_source(const nnrt_flags_reader *r, const char *text, size_t n, const char *path) {
  const nnrt_model *m = r->model;
  char names[512] = "";
  int at = 0;
  for (int i = 0; i < m->nsources; i++) {
    const char *name = m->sources[i].name;
    at = nnrt_text(names, sizeof names, at, i ? ", %s" : "%s", name);
    if (strlen(name) != n || strncmp(name, text, n)) continue;
    r->options->data[i] = path;
    return NNRT_GOOD;
  }
  return nnrt_fail(r->error, NNRT_USAGE, "--data: there is no source \"%.*s\"; this program has: %s", (int)n, text,
                   m->nsources ? names : "none");
}

static int flag_data(const nnrt_flags_reader *r, const char *text) {
  size_t n = strcspn(text, "=");
  if (!text[n] || !text[n + 1]) return flag_fail(r, "data", text, "of the form NAME=PATH or NAME,NAME=PATH");
  for (size_t from = 0; from <= n;) {
    size_t to = from + strcspn(text + from, ",=");
    NNRT_TRY(flag_source(r, text + from, to - from, text + n + 1));
    from = to + 1;
  }
  return NNRT_GOOD;
}

static int flag_value(const nnrt_flags_reader *r, const nnrt_flag *f, const char *text) {
  char *to = (char *)r->options + f->at;
  int64_t count = 1;
  switch (f->kind) {
  case NNRT_FLAG_DATA: return flag_data(r, text);
  case NNRT_FLAG_SEED: r->options->seed_given = 1; return flag_seed(r, f, text, &r->options->seed);
  case NNRT_FLAG_EVERY: return flag_every(r, f, text, &r->options->every);
  case NNRT_FLAG_MAYBE: r->options->resuming = 1; /* fall through */
  case NNRT_FLAG_SVG:
  case NNRT_FLAG_TEXT:
    if (f->kind == NNRT_FLAG_SVG && !nnrt_path_ends(text, ".svg"))
      return flag_fail(r, f->name, text, "a path that ends in .svg");
    if (!*text) return flag_fail(r, f->name, text, "a path");
    memcpy(to, &text, sizeof text);
    return NNRT_GOOD;
  case NNRT_FLAG_COUNT: NNRT_TRY(flag_count(r, f, text, &count)); break;
  default: break;
  }
  memcpy(to, &count, sizeof count);
  return NNRT_GOOD;
}

/* ---- names ---- */
static int hyper_find(const nnrt_model *m, const char *name, size_t n) {
  for (int i = 0; i < m->nhypers; i++)
    if (strlen(m->hypers[i].name) == n && !strncmp(m->hypers[i].name, name, n)) return i;
  return -1;
}

static const nnrt_flag *flag_find(const char *name, size_t n) {
  for (int i = 0; i < nnrt_nflags; i++)
    if (strlen(nnrt_flags[i].name) == n && !strncmp(nnrt_flags[i].name, name, n)) return &nnrt_flags[i];
  return NULL;
}

/* "generate.prompt" for each nn.input, as far as there is room. */
static int input_names(const nnrt_model *m, char names[16][128], const char **words, int n) {
  int used = 0;
  for (int f = 0; f < m->nfuncs; f++)
    for (int i = 0; i < m->funcs[f].variants[0].ninputs; i++) {
      const nnrt_input *in = &m->funcs[f].variants[0].inputs[i];
      if (in->kind != NNRT_INPUT_VALUE || used == 16 || n == 64) continue;
      nnrt_text(names[used], 128, 0, "%s.%s", m->funcs[f].name, in->name);
      words[n++] = names[used++];
    }
  return n;
}

static int flag_unknown(const nnrt_flags_reader *r, const char *argument) {
  const char *words[64], *name = argument;
  char word[64], names[16][128];
  int n = 0;
  for (int i = 0; i < nnrt_nflags; i++) words[n++] = nnrt_flags[i].name;
  for (int i = 0; i < r->model->nhypers && n < 64; i++) words[n++] = r->model->hypers[i].name;
  n = input_names(r->model, names, words, n);
  while (*name == '-') name++;
  nnrt_text(word, sizeof word, 0, "%.*s", (int)strcspn(name, "="), name);
  const char *nearest = *word ? nnrt_nearest(word, n, words) : NULL;
  return nnrt_fail(r->error, NNRT_USAGE, "unknown %s \"%s\"%s%s%s", argument[0] == '-' ? "flag" : "argument", argument,
                   nearest ? "; did you mean --" : "", nearest ? nearest : "", nearest ? "?" : "");
}

static int flags_one(nnrt_flags_reader *r) {
  const char *argument = r->argv[r->at++], *text;
  bool o = !strcmp(argument, "-o"); /* whatever hyper is called "output" */
  if (o) argument = "--output";
  const char *name = argument + 2;
  if (strncmp(argument, "--", 2)) return flag_unknown(r, argument);
  size_t n = strcspn(name, "=");
  int hyper = o ? -1 : hyper_find(r->model, name, n);
  int input = hyper < 0 ? nnrt_input_find(r->model, name, n) : -1;
  const nnrt_flag *f = hyper < 0 && input < 0 ? flag_find(name, n) : NULL;
  if (hyper < 0 && input < 0 && !f) return flag_unknown(r, argument);
  bool takes = !f || f->kind != NNRT_FLAG_SWITCH;
  if (!takes && name[n]) return nnrt_fail(r->error, NNRT_USAGE, "--%s takes no value", f->name);
  if (!takes) return flag_value(r, f, "");
  bool may = f && f->kind == NNRT_FLAG_MAYBE, next = r->at < r->argc && !(may && !strncmp(r->argv[r->at], "--", 2));
  text = name[n] ? name + n + 1 : next ? r->argv[r->at++] : NULL;
  if (may && !text) return r->options->resuming = 1, NNRT_GOOD;
  if (!text) return nnrt_fail(r->error, NNRT_USAGE, "--%.*s needs a value", (int)n, name);
  if (input >= 0) return r->options->inputs[input] = text, NNRT_GOOD;
  return hyper >= 0 ? flag_hyper(r, hyper, text) : flag_value(r, f, text);
}

/* ---- all of them ---- */
static int threads_choose(nnrt_error *error, nnrt_options *o, const nnrt_model *m) {
  int usable = nnrt_usable_cpus();
  if (o->threads < 0) o->threads = usable < m->max_threads ? usable : m->max_threads > 0 ? m->max_threads : 1;
  if (o->threads <= (m->max_threads > 0 ? m->max_threads : 1)) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_USAGE, "--threads %lld: this program was compiled for at most %d (nnc --max-threads)",
                   (long long)o->threads, m->max_threads);
}

int nnrt_options_read(nnrt_error *error, nnrt_options *options, const nnrt_model *model, int argc, char **argv) {
  nnrt_flags_reader r = {error, options, model, argc, 1, argv};
  int64_t inputs = nnrt_input_first(model, model->nfuncs);
  *options = (nnrt_options){.epochs = -1, .steps = -1, .threads = -1, .bench = -1, .keep = -1};
  NNRT_TRY(nnrt_alloc(error, &options->data, model->nsources * (int64_t)sizeof *options->data, "the flags"));
  NNRT_TRY(nnrt_alloc(error, &options->inputs, inputs * (int64_t)sizeof *options->inputs, "the flags"));
  NNRT_TRY(nnrt_alloc(error, &options->hypers, model->nhypers * (int64_t)sizeof *options->hypers, "the flags"));
  NNRT_TRY(nnrt_alloc(error, &options->hyper_given, model->nhypers, "the flags"));
  for (int i = 0; i < model->nhypers; i++) options->hypers[i] = model->hypers[i].value;
  while (r.at < argc) NNRT_TRY(flags_one(&r));
  NNRT_TRY(nnrt_modes_check(error, options, model));
  NNRT_TRY(nnrt_flags_apart(error, options));
  if ((options->init_partial || options->init_convert) && !options->init)
    return nnrt_fail(error, NNRT_USAGE, "--init-%s says how --init FILE is read, which is not given",
                     options->init_partial ? "partial" : "convert");
  return threads_choose(error, options, model);
}

void nnrt_options_free(nnrt_options *options) {
  free(options->data);
  free(options->inputs);
  free(options->hypers);
  free(options->hyper_given);
}
