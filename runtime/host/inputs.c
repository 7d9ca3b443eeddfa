/* inputs.c: the values of nn.input, which a function takes besides its batch: from the act that calls it, else from the
 * flag --FUNC.INPUT TEXT|FILE, else the model's default.
 *
 * Numbers are separated by blanks or commas; one number stands for all. Where a source has a vocabulary, the text of an
 * integer input is made of its tokens: the last ones when it is longer than the input, with blanks (or token 0, where
 * the vocabulary has none) in front when it is shorter; where the tokens are pieces in a file (tokens.c), with token 0.
 * Everything is read before the first step; an act then copies
 * its values into the blocks of its function. */
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_FILE_MAX = 1 << 24 }; /* bytes of a FILE */

/* ---- which input ---- */
int nnrt_input_first(const nnrt_model *m, int func) {
  int n = 0;
  for (int f = 0; f < func; f++) n += m->funcs[f].variants[0].ninputs;
  return n;
}

int nnrt_input_find(const nnrt_model *m, const char *name, size_t n) {
  for (int f = 0; f < m->nfuncs; f++) {
    size_t own = strlen(m->funcs[f].name);
    if (own >= n || strncmp(m->funcs[f].name, name, own) || name[own] != '.') continue;
    for (int i = 0; i < m->funcs[f].variants[0].ninputs; i++) {
      const nnrt_input *in = &m->funcs[f].variants[0].inputs[i];
      if (in->kind == NNRT_INPUT_VALUE && strlen(in->name) == n - own - 1 &&
          !strncmp(in->name, name + own + 1, n - own - 1))
        return nnrt_input_first(m, f) + i;
    }
  }
  return -1;
}

/* ---- vocabularies ---- */
static int character_bytes(const char *s) {
  int n = 1;
  while (((unsigned char)s[n] & 0xC0) == 0x80) n++;
  return n;
}

static bool words_found(nnrt_words *words, const nnrt_source *s) {
  words->characters = s->vocabulary;
  words->in_file = !s->vocabulary && (!strcmp(s->kind, "bpe") || !strcmp(s->kind, "text"));
  return words->characters || words->in_file;
}

/* Of the function's sources, else of the first source that has one. A text without characters is made of the program's
 * tokens. */
nnrt_words nnrt_vocabulary(const nnrt_model *m, const nnrt_func *func) {
  nnrt_words words = {0};
  for (int k = 0; k < func->nsources; k++)
    if (words_found(&words, &m->sources[func->sources[k]])) return words;
  for (int k = 0; k < m->nsources; k++)
    if (words_found(&words, &m->sources[k])) return words;
  return words;
}

static const nnrt_source *tokens_source(const nnrt_model *m) {
  for (int k = 0; k < m->nsources; k++)
    if (!strcmp(m->sources[k].kind, "bpe")) return &m->sources[k];
  return NULL;
}

int nnrt_words_open(nnrt_run *run) {
  const nnrt_source *s = tokens_source(run->model);
  if (!s) return NNRT_GOOD;
  nnrt_reader r = {.source = s};
  int status = nnrt_reader_files(&run->error, &r, run->options.data[s - run->model->sources]);
  if (!status) status = nnrt_tokens_open(&run->error, &run->tokens, r.paths[0], (int)s->classes);
  nnrt_reader_close(&r);
  return status;
}

int nnrt_token_text(const char *vocabulary, int64_t token, char to[8]) {
  if (token < 0 || (!*vocabulary && token > 255)) return 0;
  to[0] = (char)token;
  if (!*vocabulary) return 1;
  for (; *vocabulary && token > 0; token--) vocabulary += character_bytes(vocabulary);
  int n = *vocabulary ? character_bytes(vocabulary) : 0;
  if (n > 7) n = 7;
  memcpy(to, vocabulary, (size_t)n);
  return n;
}

static int64_t token_of(const char *vocabulary, const char *s, int n) {
  if (!*vocabulary) return (unsigned char)*s;
  int64_t token = 0;
  for (const char *v = vocabulary; *v; v += character_bytes(v), token++)
    if (character_bytes(v) == n && !memcmp(v, s, (size_t)n)) return token;
  return -1;
}

/* ---- from text to a value ---- */
typedef struct nnrt_value_reader {
  nnrt_error *error;
  const char *func, *text, *vocabulary;
  const nnrt_tokens *tokens; /* in place of a vocabulary */
  const nnrt_input *input;
} nnrt_value_reader;

static int value_fail(const nnrt_value_reader *r, const char *at, int n, const char *what) {
  return nnrt_fail(r->error, NNRT_USAGE, "--%s.%s: \"%.*s\" %s", r->func, r->input->name, n, at, what);
}

static int value_tokens(const nnrt_value_reader *r, unsigned char *to) {
  const nnrt_input *in = r->input;
  int bytes = nnrt_dtype_bytes(in->dtype);
  int64_t n = 0, blank = token_of(r->vocabulary, " ", 1), at = 0;
  for (const char *s = r->text; *s; s += *r->vocabulary ? character_bytes(s) : 1) n++;
  for (int64_t i = 0; i < in->count - n; i++)
    nnrt_element_set(in->dtype, to + i * bytes, blank < 0 ? 0 : (double)blank);
  for (const char *s = r->text; *s; at++) {
    int length = *r->vocabulary ? character_bytes(s) : 1;
    int64_t token = token_of(r->vocabulary, s, length), place = in->count - n + at;
    if (token < 0) return value_fail(r, s, length, "is no character of the vocabulary");
    if (place >= 0) nnrt_element_set(in->dtype, to + place * bytes, (double)token);
    s += length;
  }
  return NNRT_GOOD;
}

/* The last ones of the text's tokens; token 0 stands in front of fewer. */
static int value_pieces(const nnrt_value_reader *r, unsigned char *to) {
  const nnrt_input *in = r->input;
  int bytes = nnrt_dtype_bytes(in->dtype);
  int32_t *tokens;
  int64_t n;
  NNRT_TRY(nnrt_tokens_of(r->error, r->tokens, r->text, (int64_t)strlen(r->text), &tokens, &n));
  for (int64_t i = 0, from = n - in->count; i < in->count; i++, from++)
    nnrt_element_set(in->dtype, to + i * bytes, from < 0 ? 0 : tokens[from]);
  free(tokens);
  return NNRT_GOOD;
}

static int value_numbers(const nnrt_value_reader *r, unsigned char *to) {
  static const char between[] = " ,\t\r\n";
  const nnrt_input *in = r->input;
  int bytes = nnrt_dtype_bytes(in->dtype);
  int64_t n = 0;
  char *end;
  for (const char *s = r->text + strspn(r->text, between); *s; s = end + strspn(end, between), n++) {
    double x = strtod(s, &end);
    int length = (int)strcspn(s, between);
    if (end != s + length) return value_fail(r, s, length, "is not a number");
    if (!nnrt_value_fits(in->dtype, x))
      return value_fail(r, s, length, in->dtype == NNRT_bool ? "is neither 0 nor 1" : "is no whole number that fits");
    if (n < in->count) nnrt_element_set(in->dtype, to + n * bytes, x);
  }
  for (int64_t i = 1; i < in->count && n == 1; i++) memcpy(to + i * bytes, to, (size_t)bytes);
  if (n == in->count || n == 1) return NNRT_GOOD;
  return nnrt_fail(r->error, NNRT_USAGE, "--%s.%s: takes %lld numbers (or one for all), not %lld", r->func, in->name,
                   (long long)in->count, (long long)n);
}

/* The text itself, or what a file of that name holds (without the newline at its end): then *held, to be freed. */
static int value_text(const nnrt_value_reader *r, const char *text, const char **what, char **held) {
  struct stat about;
  nnrt_file file;
  int64_t got = 0;
  *what = text;
  *held = NULL;
  if (stat(text, &about) || !S_ISREG(about.st_mode)) return NNRT_GOOD;
  if (about.st_size > INPUT_FILE_MAX)
    return nnrt_fail(r->error, NNRT_USAGE, "--%s.%s: %s: has more than %d bytes", r->func, r->input->name, text,
                     INPUT_FILE_MAX);
  NNRT_TRY(nnrt_file_open(&file, r->error, text));
  int status = nnrt_alloc(r->error, held, (int64_t)about.st_size + 1, text);
  if (!status) status = nnrt_file_read(&file, *held, (int64_t)about.st_size, &got);
  nnrt_file_close(&file);
  if (got && (*held)[got - 1] == '\n') (*held)[got - 1] = 0;
  *what = *held;
  return status;
}

static int value_read(nnrt_value_reader *r, const char *text, unsigned char **to) {
  bool integer = r->input->dtype >= NNRT_i32 && r->input->dtype <= NNRT_u8;
  char *held;
  NNRT_TRY(nnrt_alloc(r->error, to, r->input->count * nnrt_dtype_bytes(r->input->dtype), r->input->name));
  int status = value_text(r, text, &r->text, &held);
  if (!status)
    status = integer && r->tokens       ? value_pieces(r, *to)
             : integer && r->vocabulary ? value_tokens(r, *to)
                                        : value_numbers(r, *to);
  free(held);
  return status;
}

/* ---- all of them ---- */
int nnrt_values_read(nnrt_run *run) {
  const nnrt_model *m = run->model;
  for (int f = 0; f < m->nfuncs; f++) {
    nnrt_entry *e = &run->entries[f];
    const nnrt_variant *v = &m->funcs[f].variants[0];
    NNRT_TRY(nnrt_alloc(&run->error, &e->values, v->ninputs * (int64_t)sizeof *e->values, "the inputs"));
    NNRT_TRY(nnrt_alloc(&run->error, &e->owned, v->ninputs * (int64_t)sizeof *e->owned, "the inputs"));
    for (int i = 0; i < v->ninputs; i++) {
      nnrt_value_reader r = {.error = &run->error, .func = m->funcs[f].name, .input = &v->inputs[i]};
      if (r.input->kind != NNRT_INPUT_VALUE) continue;
      const char *text = run->options.inputs[nnrt_input_first(m, f) + i];
      nnrt_words words = nnrt_vocabulary(m, &m->funcs[f]);
      r.vocabulary = words.characters;
      r.tokens = words.in_file ? run->tokens : NULL;
      if (text) NNRT_TRY(value_read(&r, text, &e->owned[i]));
      e->values[i] = (nnrt_given){r.input->name, text ? e->owned[i] : r.input->value};
    }
  }
  return NNRT_GOOD;
}

static const void *given_find(const nnrt_given *at, int n, const char *name) {
  for (int i = 0; i < n; i++)
    if (at[i].name && !strcmp(at[i].name, name)) return at[i].value;
  return NULL;
}

static const void *value_of(const nnrt_entry *e, const nnrt_act *act, const nnrt_input *in) {
  const void *own = given_find(act->inputs, act->ninputs, in->name);
  return own ? own : given_find(e->values, e->func->variants[0].ninputs, in->name);
}

int nnrt_values_check(nnrt_run *run, const nnrt_act *act) {
  const nnrt_entry *e = &run->entries[act->func];
  for (int v = 0; v < e->func->nvariants; v++)
    for (int i = 0; i < e->func->variants[v].ninputs; i++) {
      const nnrt_input *in = &e->func->variants[v].inputs[i];
      if (in->kind == NNRT_INPUT_VALUE && !value_of(e, act, in))
        return nnrt_fail(&run->error, NNRT_USAGE, "%s: its input %s has no default: give --%s.%s", e->func->name,
                         in->name, e->func->name, in->name);
    }
  return NNRT_GOOD;
}

/* Nothing to do when the blocks hold this act's values, or those of another that gives none either. */
void nnrt_values_put(nnrt_run *run, const nnrt_act *act) {
  nnrt_entry *e = &run->entries[act->func];
  if (e->act && (e->act == act || (!act->ninputs && !e->act->ninputs))) return;
  e->act = act;
  for (int v = 0; v < e->func->nvariants; v++)
    for (int i = 0; i < 2 * e->func->variants[v].ninputs; i++) {
      const nnrt_input *in = &e->func->variants[v].inputs[i / 2];
      if (in->kind == NNRT_INPUT_VALUE)
        memcpy(e->blocks[2 * v + i % 2] + in->offset, value_of(e, act, in),
               (size_t)(in->count * nnrt_dtype_bytes(in->dtype)));
    }
}

void nnrt_values_free(nnrt_run *run) {
  for (int f = 0; run->entries && f < run->model->nfuncs; f++) {
    nnrt_entry *e = &run->entries[f];
    for (int i = 0; e->owned && i < run->model->funcs[f].variants[0].ninputs; i++) free(e->owned[i]);
    free(e->owned);
    free(e->values);
  }
}
