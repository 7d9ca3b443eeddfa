/* help.c: what a built program prints instead of training: --help, made from the model's tables, --version and
 * --list-parameters. All of it goes to standard output. */
#include "host.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static int64_t state_elements(const nnrt_state *s) {
  int64_t n = 1;
  for (int i = 0; i < s->rank; i++) n *= s->dim[i];
  return n;
}

static int64_t model_parameters(const nnrt_model *m) {
  int64_t n = 0;
  for (int i = 0; i < m->nstates; i++) n += m->states[i].trained ? state_elements(&m->states[i]) : 0;
  return n;
}

static bool hyper_named(const nnrt_model *m, const char *name) {
  for (int i = 0; i < m->nhypers; i++)
    if (!strcmp(m->hypers[i].name, name)) return true;
  return false;
}

/* ---- --help ---- */
static void help_checkpoint(const nnrt_model *m) {
  const nnrt_checkpoint *c = m->checkpoint;
  printf(" (default %s.checkpoint.safetensors", m->name);
  if (c && c->every) printf(", every %d steps", c->every);
  if (c) printf("%s", c->by_epochs ? ", every epoch)" : ")");
  if (!c) printf(", when another of these flags asks for them)");
  if (!c || c->best_func < 0) return;
  const nnrt_func *f = &m->funcs[c->best_func];
  printf("; FILE.best: where %s.%s was %s", f->name, f->variants[0].outputs[c->best_output].name,
         c->best_least ? "least" : "greatest");
}

static void help_flags(const nnrt_model *m) {
  char left[64];
  printf("\nFlags\n");
  for (int i = 0; i < nnrt_nflags; i++) {
    const nnrt_flag *f = &nnrt_flags[i];
    if (hyper_named(m, f->name) || (f->trains && nnrt_only_predicts(m))) continue;
    snprintf(left, sizeof left, "--%s%s%s", f->name, f->value ? " " : "", f->value ? f->value : "");
    printf("  %-20s  %s", left, f->help);
    if (!strcmp(f->name, "threads")) printf(" (%d), at most %d", nnrt_usable_cpus(), m->max_threads);
    if (!strcmp(f->name, "checkpoint")) help_checkpoint(m);
    printf("\n");
  }
}

static void help_hypers(const nnrt_model *m) {
  char left[64];
  if (m->nhypers) printf("\nValues of this model\n");
  for (int i = 0; i < m->nhypers; i++) {
    const nnrt_hyper *h = &m->hypers[i];
    snprintf(left, sizeof left, "--%s %s", h->name, h->integer ? "N" : "X");
    printf("  %-20s  %s%s(default %g", left, h->help ? h->help : "", h->help ? " " : "", h->value);
    if (h->min > -INFINITY) printf(", at least %g", h->min);
    if (h->max < INFINITY) printf(", at most %g", h->max);
    printf(")\n");
  }
}

static void help_inputs(const nnrt_model *m) {
  char left[128];
  bool head = false;
  for (int f = 0; f < m->nfuncs; f++)
    for (int i = 0; i < m->funcs[f].variants[0].ninputs; i++) {
      const nnrt_input *in = &m->funcs[f].variants[0].inputs[i];
      if (in->kind != NNRT_INPUT_VALUE) continue;
      if (!head) printf("\nInputs of functions\n"), head = true;
      nnrt_words words = nnrt_vocabulary(m, &m->funcs[f]);
      bool text = (words.characters || words.in_file) && in->dtype >= NNRT_i32 && in->dtype <= NNRT_u8;
      snprintf(left, sizeof left, "--%s.%s X|FILE", m->funcs[f].name, in->name);
      printf("  %-20s  %s: %lld x %s%s\n", left, text ? "text" : "numbers", (long long)in->count,
             nnrt_dtype_name(in->dtype), in->value ? "" : " (no default)");
    }
}

static void help_sources(const nnrt_model *m) {
  char shape[128];
  if (m->nsources) printf("\nData\n");
  for (int i = 0; i < m->nsources; i++) {
    const nnrt_source *s = &m->sources[i];
    if (!strcmp(s->kind, "bpe")) {
      printf("  %-20s  %lld tokens\n  %20s  %s\n", s->name, (long long)s->classes, "", s->files[0]);
      continue;
    }
    printf("  %-20s  batches of %s%d%s", s->name, s->rate > 0 ? "at most " : "", s->batch,
           s->shuffle ? ", shuffled" : "");
    if (s->rate > 0) printf(", each row with probability %g", s->rate);
    if (s->values) printf(", in the program");
    if (s->stateful) printf(", each row going on with the text");
    if (!s->files && !s->values) printf(", made up");
    printf("\n");
    for (int k = 0; k < s->nfields; k++) {
      nnrt_shape_text(shape, sizeof shape, s->fields[k].rank, s->fields[k].dim);
      bool own = s->nfiles == s->nfields && !strcmp(s->kind, "idx");
      printf("  %20s  %s %s %s%s%s\n", "", s->fields[k].name, nnrt_dtype_name(s->fields[k].dtype), shape,
             own ? "  " : "", own ? s->files[k] : "");
    }
    for (int k = 0; k < s->nfiles && strcmp(s->kind, "idx"); k++) printf("  %20s  %s\n", "", s->files[k]);
  }
}

void nnrt_help_print(const nnrt_model *m, const char *program) {
  char number[32];
  printf("%s: %s the model of %s (%s parameters)\n", m->name, nnrt_only_predicts(m) ? "predicts by" : "trains",
         m->source ? m->source : "a text", nnrt_grouped(number, model_parameters(m)));
  printf("usage: %s [FLAG ...]\n", program);
  help_flags(m);
  help_hypers(m);
  help_inputs(m);
  help_sources(m);
}

/* ---- --version ---- */
void nnrt_version_print(const nnrt_model *m) {
  char params[32], state[32], scratch[32];
  printf("%s, compiled from %s by %s\n", m->name, m->source ? m->source : "a text", m->compiler);
  printf("model %016" PRIx64 "\n", m->hash);
  printf("arenas in bytes: parameters %s, state %s, scratch %s; at most %d threads\n",
         nnrt_grouped(params, m->params_bytes), nnrt_grouped(state, m->state_bytes),
         nnrt_grouped(scratch, m->scratch_bytes), m->max_threads);
}

/* ---- --list-parameters ---- */
void nnrt_parameters_print(const nnrt_model *m) {
  int wide = 4;
  char shape[128], number[32];
  for (int i = 0; i < m->nstates; i++)
    if ((int)strlen(m->states[i].name) > wide) wide = (int)strlen(m->states[i].name);
  for (int i = 0; i < m->nstates; i++) {
    const nnrt_state *s = &m->states[i];
    nnrt_shape_text(shape, sizeof shape, s->rank, s->dim);
    printf("%-*s  %-4s  %-16s  %12s  %s\n", wide, s->name, nnrt_dtype_name(s->dtype), shape,
           nnrt_grouped(number, state_elements(s)),
           s->trained ? "parameter"
           : s->saved ? "buffer"
                      : "state");
  }
  printf("%s parameters\n", nnrt_grouped(number, model_parameters(m)));
}
