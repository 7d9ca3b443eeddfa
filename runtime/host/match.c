/* match.c: what a model takes of a file of weights (--init, nn.load, --resume). Whole: every state that is wanted is in
 * the file by its name (or an alias of a shared one), dtype and shape, and there is nothing else; the first difference
 * is named, and no state is changed before all of them have been checked. Partial (--init-partial): every state that
 * fits is taken, and the rest of both sides is told. Floats of another width are taken when that is asked for
 * (--init-convert): rounded to the nearest, f64 above f32's largest number to infinity. */
#include "host.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct nnrt_match {
  nnrt_weights_reader *r;
  const nnrt_weights *w;
} nnrt_match;

/* ---- one tensor of the file ---- */
/* The name that a tensor of the file has here; "": it is left out. An exact rename goes before a beginning ("module."),
 * a longer beginning before a shorter one. */
static void name_renamed(const nnrt_weights *w, char *name, int size) {
  const nnrt_rename *found = NULL;
  for (int i = 0; i < w->nrenames; i++) {
    const nnrt_rename *r = &w->renames[i];
    size_t n = strlen(r->from), best = found ? strlen(found->from) : 0;
    bool whole = !strcmp(r->from, name), begins = n && r->from[n - 1] == '.' && !strncmp(r->from, name, n);
    if (whole || (begins && n > best)) found = r;
    if (whole) break;
  }
  if (!found) return;
  char renamed[1024];
  nnrt_text(renamed, sizeof renamed, 0, "%s%s", found->to, name + strlen(found->from));
  nnrt_text(name, size, 0, "%s", renamed);
  if (!renamed[0]) name[0] = 0;
}

/* Weights are wanted, and the file is a checkpoint: it has the other states too. */
static bool match_passes(const nnrt_match *m, const char *name) {
  if (!nnrt_weights_checkpoint(m->r)) return false;
  for (int i = 0; i < m->w->model->nstates; i++)
    if (!strcmp(m->w->model->states[i].name, name)) return true;
  return false;
}

static void names_add(nnrt_names *names, const char *name, const char *has, const char *wants) {
  if (names->n++ >= NNRT_NAMES_TOLD) return;
  names->used = nnrt_text(names->text, sizeof names->text, names->used, names->used ? ", %s" : "%s", name);
  if (has) names->used = nnrt_text(names->text, sizeof names->text, names->used, " has %s for %s", has, wants);
}

static int match_differs(nnrt_match *m, nnrt_tensor *t, const char *has, const char *wants, const char *remedy) {
  if (m->w->partial) return names_add(&m->r->different, t->name, has, wants), NNRT_GOOD;
  return nnrt_fail(m->r->error, NNRT_FAILED, "%s: %s is %s; the model's is %s%s", m->r->path, t->name, has, wants,
                   remedy);
}

/* How its numbers are stored; NULL: not as any that we know. */
const nnrt_stored_type *nnrt_tensor_type(const nnrt_tensor *t) {
  char name[sizeof t->dtype];
  for (size_t i = 0; i < sizeof name; i++) name[i] = (char)tolower((unsigned char)t->dtype[i]);
  return nnrt_stored_find(name);
}

/* Can it be the state's value? */
static int match_check(nnrt_match *m, nnrt_tensor *t, const nnrt_state *s) {
  char has[128], wants[128];
  const char *dtype = nnrt_weights_dtypes[s->dtype];
  const nnrt_stored_type *type = nnrt_tensor_type(t);
  bool floats = type && strchr("fb", type->kind) && nnrt_dtype_is_float(s->dtype), same = t->rank == s->rank;
  if (strcmp(t->dtype, dtype) && !(floats && m->w->convert))
    return match_differs(m, t, t->dtype, dtype, floats && m->w->begins ? " (--init-convert rounds it)" : "");
  for (int i = 0; i < s->rank && same; i++) same = t->dim[i] == s->dim[i];
  nnrt_shape_text(has, sizeof has, t->rank, t->dim);
  nnrt_shape_text(wants, sizeof wants, s->rank, s->dim);
  if (!same) return match_differs(m, t, has, wants, "");
  int64_t bytes = nnrt_state_bytes(s) / nnrt_dtype_bytes(s->dtype) * type->bytes;
  if (t->begin > t->end || t->end > t->all || t->end - t->begin != bytes)
    return nnrt_fail(m->r->error, NNRT_FAILED,
                     "%s: %s lies at bytes %lld to %lld of %lld, where %lld bytes were expected", m->r->path, t->name,
                     (long long)t->begin, (long long)t->end, (long long)t->all, (long long)bytes);
  t->place.type = type;
  t->place.size = bytes;
  return NNRT_GOOD;
}

static int match_place(nnrt_match *m, nnrt_tensor *t, int i) {
  nnrt_extent *place = &m->r->places[i];
  if (place->bytes) return nnrt_fail(m->r->error, NNRT_FAILED, "%s: has %s twice", m->r->path, t->name);
  NNRT_TRY(match_check(m, t, nnrt_weights_state(m->w, i)));
  *place = t->place;
  return NNRT_GOOD;
}

static int match_tensor(void *context, nnrt_tensor *t) {
  nnrt_match *m = context;
  char in_file[sizeof t->name];
  memcpy(in_file, t->name, sizeof in_file);
  name_renamed(m->w, t->name, sizeof t->name);
  if (!t->name[0] && in_file[0]) return NNRT_GOOD;
  for (int i = 0; i < m->w->n; i++)
    if (!strcmp(m->w->at[i].name, t->name)) return match_place(m, t, i);
  if (match_passes(m, t->name)) return NNRT_GOOD;
  if (m->w->partial) return names_add(&m->r->foreign, in_file, NULL, NULL), NNRT_GOOD;
  return nnrt_fail(m->r->error, NNRT_FAILED, "%s: has %s, which the model has not", m->r->path, in_file);
}

/* ---- all of them ---- */
/* Is the state of entry i in the file, by any of its names? As it should be (with a type), if `taken`. */
static bool state_placed(const nnrt_weights_reader *r, const nnrt_weights *w, int i, bool taken) {
  for (int k = 0; k < w->n; k++) {
    const nnrt_extent *place = &r->places[k];
    if (w->at[k].state == w->at[i].state && place->bytes && (place->type || !taken)) return true;
  }
  return false;
}

int nnrt_weights_match(nnrt_weights_reader *r, const nnrt_weights *w) {
  nnrt_match m = {r, w};
  NNRT_TRY(nnrt_alloc(r->error, &r->places, w->n * (int64_t)sizeof *r->places, "the file's header"));
  NNRT_TRY(r->archive ? nnrt_archive_each(r, &m, match_tensor) : nnrt_safetensors_each(r, &m, match_tensor));
  for (int i = 0; i < w->n; i++) {
    if (state_placed(r, w, i, false)) continue;
    if (!w->partial)
      return nnrt_fail(r->error, NNRT_FAILED, "%s: has no %s, which the model needs", r->path, w->at[i].name);
    if (!i || w->at[i - 1].state != w->at[i].state) names_add(&r->absent, w->at[i].name, NULL, NULL);
  }
  return NNRT_GOOD;
}

/* ---- numbers ---- */
static int state_take(nnrt_weights_reader *r, const nnrt_state *s, const nnrt_memory *memory,
                      const nnrt_extent *place) {
  unsigned char chunk[NNRT_WEIGHTS_CHUNK], *to = nnrt_state_at(s, memory);
  int bytes = place->type->bytes;
  for (int64_t at = 0, n; at < place->size; at += n) {
    n = place->size - at < NNRT_WEIGHTS_CHUNK ? place->size - at : NNRT_WEIGHTS_CHUNK;
    NNRT_TRY(nnrt_bytes_read(r->error, place->bytes, place->at + at, n, chunk));
    nnrt_stored_convert(place->type, place->big, chunk, s->dtype, to, n / bytes);
    to += n / bytes * nnrt_dtype_bytes(s->dtype);
  }
  return NNRT_GOOD;
}

int nnrt_weights_take(nnrt_weights_reader *r, const nnrt_weights *w) {
  for (int i = 0; i < w->n; i++)
    if (r->places[i].type) NNRT_TRY(state_take(r, nnrt_weights_state(w, i), w->memory, &r->places[i]));
  return NNRT_GOOD;
}

static int weights_read(nnrt_weights_reader *r, nnrt_weights *w, const nnrt_act *act) {
  NNRT_TRY(nnrt_weights_open(r));
  NNRT_TRY(nnrt_weights_list(r->error, w, act, true));
  NNRT_TRY(nnrt_weights_match(r, w));
  return nnrt_weights_take(r, w);
}

int nnrt_weights_load(nnrt_error *error, const nnrt_model *m, const nnrt_memory *memory, const char *path,
                      const nnrt_act *act) {
  nnrt_weights w = {.model = m, .memory = memory};
  nnrt_weights_reader r = {.error = error, .path = path};
  int status = weights_read(&r, &w, act);
  nnrt_weights_close(&r);
  free(w.at);
  return status;
}

/* ---- --init ---- */
static int names_told(char *to, int size, int n, const char *what, const nnrt_names *names) {
  if (!names->n) return n;
  return nnrt_text(to, size, n, "; %s: %d (%s%s)", what, names->n, names->text,
                   names->n > NNRT_NAMES_TOLD ? ", …" : "");
}

/* What a partial match left, on both sides. Taking nothing at all is a mistake in the file's name. */
static int match_report(const nnrt_weights_reader *r, const nnrt_weights *w) {
  char text[4096];
  int states = 0, taken = 0, n;
  for (int i = 0; i < w->n; i++) {
    if (i && w->at[i - 1].state == w->at[i].state) continue;
    states++;
    taken += state_placed(r, w, i, true);
  }
  n = nnrt_text(text, sizeof text, 0, "%s: %d of %d states are taken from it", r->path, taken, states);
  n = names_told(text, sizeof text, n, "not in it", &r->absent);
  n = names_told(text, sizeof text, n, "in it only", &r->foreign);
  names_told(text, sizeof text, n, "in it otherwise", &r->different);
  if (!taken) return nnrt_fail(r->error, NNRT_FAILED, "%s", text);
  nnrt_say(w->model, text);
  return NNRT_GOOD;
}

int nnrt_weights_begin(nnrt_run *run) {
  const nnrt_options *o = &run->options;
  nnrt_weights w = {.model = run->model, .memory = &run->memory};
  nnrt_weights_reader r = {.error = &run->error, .path = o->init};
  w.begins = true, w.partial = o->init_partial, w.convert = o->init_convert;
  int status = weights_read(&r, &w, NULL);
  if (!status && w.partial) status = match_report(&r, &w);
  nnrt_weights_close(&r);
  free(w.at);
  return status;
}
