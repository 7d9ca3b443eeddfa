/* weights.c: states as a safetensors file, out (--save, nn.save) and in (--init, nn.load), and the same with notes
 * about a run, which makes it a checkpoint (checkpoint.c, resume.c).
 *
 * The format: a little-endian u64, the length of a JSON header {"name": {"dtype": "F32", "shape": [2,3],
 * "data_offsets": [begin, end]}, …}, then the bytes, offsets counting from their start. PyTorch's loader reads it with
 * names as in state_dict().
 *
 * Saved are the states that an act lists, else those that belong to model files (parameters and saved buffers), in the
 * table's order, NaNs written as one NaN; replace.c keeps what was there whole until the new file is. Loading wants
 * every such state by name (or an alias of a shared one), dtype and shape, and nothing else; the first difference is
 * named, and no state is changed before all of the header has been checked.
 *
 * A file with notes holds them as texts in the header's __metadata__, the first of them the CRC-32 of the whole file
 * (with zeros for its own eight digits).
 */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the order of nnrt_dtype. */
static const char *const weights_dtypes[] = {"F32", "F64", "F16", "BF16", "I32", "I64", "U32", "U8", "BOOL"};

static int64_t weights_bytes(const nnrt_state *s) {
  int64_t n = nnrt_dtype_bytes(s->dtype);
  for (int i = 0; i < s->rank; i++) n *= s->dim[i];
  return n;
}

static unsigned char *weights_at(const nnrt_state *s, const nnrt_memory *memory) {
  return (s->trained ? memory->params : memory->state) + s->offset;
}

static bool weights_little(void) {
  const uint16_t one = 1;
  unsigned char first;
  memcpy(&first, &one, 1);
  return first == 1;
}

/* Elements of a chunk between our order of bytes and the file's. */
static void weights_swap(unsigned char *at, int64_t bytes, int size) {
  if (weights_little() || size == 1) return;
  for (int64_t i = 0; i < bytes; i += size)
    for (int k = 0; k < size / 2; k++) {
      unsigned char kept = at[i + k];
      at[i + k] = at[i + size - 1 - k];
      at[i + size - 1 - k] = kept;
    }
}

static void weights_one_nan(unsigned char *at, int64_t bytes, int dtype) {
  if (!nnrt_dtype_is_float(dtype)) return;
  for (int64_t i = 0; i < bytes; i += nnrt_dtype_bytes(dtype)) {
    double x = nnrt_element(dtype, at + i);
    if (x == x) continue;
    static const uint64_t nan64 = 0x7FF8000000000000u;
    static const uint32_t nan32 = 0x7FC00000u;
    static const uint16_t nan16 = 0x7E00u, nan_bf16 = 0x7FC0u;
    const void *const nans[] = {&nan32, &nan64, &nan16, &nan_bf16};
    memcpy(at + i, nans[dtype], (size_t)nnrt_dtype_bytes(dtype));
  }
}

/* ---- which states, by which names ---- */
static const nnrt_state *weights_state(const nnrt_weights *w, int i) { return &w->model->states[w->at[i].state]; }

static void list_add(nnrt_weights *w, const char *name, int state) {
  if (w->at) w->at[w->n] = (nnrt_kept){name, state};
  w->n++;
}

static void list_model(nnrt_weights *w, bool aliases) {
  w->n = 0;
  for (int i = 0; i < w->model->nstates; i++) {
    const nnrt_state *s = &w->model->states[i];
    if (!s->saved && !w->all) continue;
    list_add(w, s->name, i);
    for (int k = 0; k < s->naliases && aliases; k++) list_add(w, s->aliases[k], i);
  }
}

static int list_make(nnrt_error *error, nnrt_weights *w, const nnrt_act *act, bool aliases) {
  bool own = act && act->nkept;
  list_model(w, aliases); /* counts */
  if (own) w->n = act->nkept;
  NNRT_TRY(nnrt_alloc(error, &w->at, w->n * (int64_t)sizeof *w->at, "the names of the weights"));
  if (own)
    memcpy(w->at, act->kept, (size_t)w->n * sizeof *w->at);
  else
    list_model(w, aliases);
  if (act) w->renames = act->renames, w->nrenames = act->nrenames;
  return NNRT_GOOD;
}

/* ---- out ---- */
enum { WEIGHTS_CHUNK = 1 << 16 };

#define WEIGHTS_HEAD "{\"__metadata__\":{\"format\":\"pt\""
#define WEIGHTS_SUM ",\"nnrt.sum\":\""
enum { WEIGHTS_DIGITS = 8, WEIGHTS_SUM_AT = sizeof WEIGHTS_HEAD - 1 + sizeof WEIGHTS_SUM - 1 }; /* in the header */

int64_t nnrt_weights_room(const nnrt_weights *w) {
  int64_t n = 256;
  for (int i = 0; i < w->n; i++) n += 6 * (int64_t)strlen(w->at[i].name) + 320;
  return n;
}

int nnrt_weights_escape(char *to, int size, int n, const char *name) {
  for (; *name; name++) {
    if (*name == '"' || *name == '\\')
      n = nnrt_text(to, size, n, "\\%c", *name);
    else if ((unsigned char)*name < 32)
      n = nnrt_text(to, size, n, "\\u%04x", *name);
    else
      n = nnrt_text(to, size, n, "%c", *name);
  }
  return n;
}

/* Padded with spaces so that the data begin at a multiple of 64. */
static int header_write(const nnrt_weights *w, const char *notes, char *to, int size) {
  int64_t at = 0;
  int n = nnrt_text(to, size, 0, WEIGHTS_HEAD);
  if (notes) n = nnrt_text(to, size, n, WEIGHTS_SUM "%0*d\"%s", WEIGHTS_DIGITS, 0, notes);
  n = nnrt_text(to, size, n, "}");
  for (int i = 0; i < w->n; i++) {
    const nnrt_state *s = weights_state(w, i);
    n = nnrt_text(to, size, n, ",\"");
    n = nnrt_weights_escape(to, size, n, w->at[i].name);
    n = nnrt_text(to, size, n, "\":{\"dtype\":\"%s\",\"shape\":", weights_dtypes[s->dtype]);
    n += nnrt_shape_text(to + n, size - n, s->rank, s->dim);
    n = nnrt_text(to, size, n, ",\"data_offsets\":[%lld,%lld]}", (long long)at, (long long)(at + weights_bytes(s)));
    at += weights_bytes(s);
  }
  n = nnrt_text(to, size, n, "}");
  while ((n + 8) % 64) n = nnrt_text(to, size, n, " ");
  return n;
}

static int weights_write_state(int file, const nnrt_state *s, const nnrt_memory *memory, nnrt_crc *crc) {
  unsigned char chunk[WEIGHTS_CHUNK];
  int64_t all = weights_bytes(s);
  for (int64_t at = 0; at < all; at += WEIGHTS_CHUNK) {
    int64_t n = all - at < WEIGHTS_CHUNK ? all - at : WEIGHTS_CHUNK;
    memcpy(chunk, weights_at(s, memory) + at, (size_t)n);
    weights_one_nan(chunk, n, s->dtype);
    weights_swap(chunk, n, nnrt_dtype_bytes(s->dtype));
    if (crc) nnrt_crc_add(crc, chunk, n);
    int failed = nnrt_write_all(file, chunk, n);
    if (failed) return failed;
  }
  return 0;
}

static int weights_write_sum(int file, const nnrt_crc *crc) {
  char digits[WEIGHTS_DIGITS + 1];
  nnrt_text(digits, sizeof digits, 0, "%08x", (unsigned)nnrt_crc_sum(crc));
  errno = EIO; /* of a write that is cut short */
  return pwrite(file, digits, WEIGHTS_DIGITS, 8 + WEIGHTS_SUM_AT) == WEIGHTS_DIGITS ? 0 : errno;
}

/* The notes are members of a JSON object, each with a comma in front; NULL: none, and no sum. An errno, or 0. */
int nnrt_weights_write(int file, const nnrt_weights *w, const char *notes, char *header, int64_t room, nnrt_crc *crc) {
  unsigned char length[8];
  int n = header_write(w, notes, header, (int)room);
  for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)n >> 8 * i);
  if (crc) {
    nnrt_crc_start(crc);
    nnrt_crc_add(crc, length, 8);
    nnrt_crc_add(crc, header, n);
  }
  int failed = nnrt_write_all(file, length, 8);
  if (!failed) failed = nnrt_write_all(file, header, n);
  for (int i = 0; i < w->n && !failed; i++) failed = weights_write_state(file, weights_state(w, i), w->memory, crc);
  return failed || !crc ? failed : weights_write_sum(file, crc);
}

static int weights_save(nnrt_error *error, nnrt_weights *w, const char *path) {
  char *header;
  int64_t room = nnrt_weights_room(w);
  nnrt_replacement r;
  NNRT_TRY(nnrt_alloc(error, &header, room, "the file's header"));
  int status = nnrt_replace_begin(error, &r, path);
  if (!status) status = nnrt_replace_end(error, &r, nnrt_weights_write(r.descriptor, w, NULL, header, room, NULL));
  free(header);
  return status;
}

/* Every state, for checkpoints. */
int nnrt_weights_all(nnrt_error *error, nnrt_weights *w) {
  w->all = true;
  return list_make(error, w, NULL, false);
}

int nnrt_weights_save(nnrt_error *error, const nnrt_model *m, const nnrt_memory *memory, const char *path,
                      const nnrt_act *act) {
  nnrt_weights w = {.model = m, .memory = memory};
  int status = list_make(error, &w, act, false);
  if (!status) status = weights_save(error, &w, path);
  free(w.at);
  return status;
}

/* ---- in: the header's JSON, as little of it as the format allows ---- */
typedef struct nnrt_tensor_entry {
  char name[256], dtype[16];
  int rank;
  int64_t dim[8], begin, end;
} nnrt_tensor_entry;

static int reader_fail(nnrt_weights_reader *r, const char *expected) {
  return nnrt_fail(r->error, NNRT_FAILED, "%s: its header is broken at byte %lld: %s was expected", r->path,
                   (long long)(8 + (r->at - r->text)), expected);
}

static bool reader_take(nnrt_weights_reader *r, char c) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')) r->at++;
  if (r->at == r->end || *r->at != c) return false;
  r->at++;
  return true;
}

static int reader_expect(nnrt_weights_reader *r, char c) {
  char expected[] = {'"', c, '"', 0};
  return reader_take(r, c) ? NNRT_GOOD : reader_fail(r, expected);
}

static int reader_hex(nnrt_weights_reader *r, int *code) {
  *code = 0;
  for (int i = 0; i < 4; i++, r->at++) {
    static const char digits[] = "0123456789abcdef";
    const char *d = r->at < r->end && *r->at ? strchr(digits, *r->at | 32) : NULL;
    if (!d) return reader_fail(r, "\\u and four hexadecimal digits");
    *code = *code * 16 + (int)(d - digits);
  }
  return NNRT_GOOD;
}

/* Too long a text is cut: it then is no name that we have. Escapes above ASCII become "?". */
static int reader_text(nnrt_weights_reader *r, char *to, int size) {
  int n = 0;
  NNRT_TRY(reader_expect(r, '"'));
  while (r->at < r->end && *r->at != '"') {
    int c = (unsigned char)*r->at++;
    if (c == '\\' && r->at < r->end) {
      static const char escapes[] = "nrtbf", meant[] = "\n\r\t\b\f";
      c = *r->at++;
      const char *e = c ? strchr(escapes, c) : NULL;
      if (c == 'u') {
        NNRT_TRY(reader_hex(r, &c));
        if (c > 126) c = '?';
      } else if (e)
        c = meant[e - escapes];
    }
    if (n < size - 1) to[n++] = (char)c;
  }
  to[n] = 0;
  return reader_expect(r, '"');
}

static int reader_number(nnrt_weights_reader *r, int64_t *value) {
  while (r->at < r->end && *r->at == ' ') r->at++;
  if (r->at == r->end || *r->at < '0' || *r->at > '9') return reader_fail(r, "a whole number");
  for (*value = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
    if (*value > INT64_MAX / 16) return reader_fail(r, "a smaller number");
    *value = *value * 10 + (*r->at - '0');
  }
  return NNRT_GOOD;
}

static int reader_numbers(nnrt_weights_reader *r, int64_t *to, int most, int *n) {
  *n = 0;
  NNRT_TRY(reader_expect(r, '['));
  if (reader_take(r, ']')) return NNRT_GOOD;
  do {
    if (*n == most) return reader_fail(r, "a shorter list");
    NNRT_TRY(reader_number(r, &to[(*n)++]));
  } while (reader_take(r, ','));
  return reader_expect(r, ']');
}

static int reader_tensor(nnrt_weights_reader *r, nnrt_tensor_entry *t) {
  char key[32];
  int64_t offsets[2] = {-1, -1};
  int n = 0;
  t->rank = -1;
  NNRT_TRY(reader_expect(r, '{'));
  do {
    NNRT_TRY(reader_text(r, key, sizeof key));
    NNRT_TRY(reader_expect(r, ':'));
    if (!strcmp(key, "dtype"))
      NNRT_TRY(reader_text(r, t->dtype, sizeof t->dtype));
    else if (!strcmp(key, "shape"))
      NNRT_TRY(reader_numbers(r, t->dim, 8, &t->rank));
    else if (!strcmp(key, "data_offsets"))
      NNRT_TRY(reader_numbers(r, offsets, 2, &n));
    else
      return reader_fail(r, "dtype, shape or data_offsets");
  } while (reader_take(r, ','));
  NNRT_TRY(reader_expect(r, '}'));
  if (t->rank < 0 || n != 2 || !t->dtype[0]) return reader_fail(r, "a dtype, a shape and two data_offsets");
  t->begin = offsets[0];
  t->end = offsets[1];
  return NNRT_GOOD;
}

static int reader_metadata(nnrt_weights_reader *r) {
  char text[2];
  NNRT_TRY(reader_expect(r, '{'));
  if (reader_take(r, '}')) return NNRT_GOOD;
  do {
    NNRT_TRY(reader_text(r, text, sizeof text));
    NNRT_TRY(reader_expect(r, ':'));
    NNRT_TRY(reader_text(r, text, sizeof text));
  } while (reader_take(r, ','));
  return reader_expect(r, '}');
}

/* ---- in: against the model ---- */
static bool reader_is_checkpoint(const nnrt_weights_reader *r) {
  static const char begin[] = WEIGHTS_HEAD WEIGHTS_SUM;
  return r->end - r->text >= WEIGHTS_SUM_AT + WEIGHTS_DIGITS && !memcmp(r->text, begin, WEIGHTS_SUM_AT);
}

static int tensor_check(nnrt_weights_reader *r, const nnrt_tensor_entry *t, const nnrt_state *s) {
  char has[128], wants[128];
  if (strcmp(t->dtype, weights_dtypes[s->dtype]))
    return nnrt_fail(r->error, NNRT_FAILED, "%s: %s is %s; the model's is %s", r->path, t->name, t->dtype,
                     weights_dtypes[s->dtype]);
  bool same = t->rank == s->rank;
  for (int i = 0; i < s->rank && same; i++) same = t->dim[i] == s->dim[i];
  nnrt_shape_text(has, sizeof has, t->rank, t->dim);
  nnrt_shape_text(wants, sizeof wants, s->rank, s->dim);
  if (!same) return nnrt_fail(r->error, NNRT_FAILED, "%s: %s is %s; the model's is %s", r->path, t->name, has, wants);
  if (t->begin > t->end || t->end > r->bytes || t->end - t->begin != weights_bytes(s))
    return nnrt_fail(r->error, NNRT_FAILED, "%s: %s lies at bytes %lld to %lld of %lld, where %lld bytes were expected",
                     r->path, t->name, (long long)t->begin, (long long)t->end, (long long)r->bytes,
                     (long long)weights_bytes(s));
  return NNRT_GOOD;
}

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
static bool tensor_passes(const nnrt_weights_reader *r, const nnrt_weights *w, const char *name) {
  if (!reader_is_checkpoint(r)) return false;
  for (int i = 0; i < w->model->nstates; i++)
    if (!strcmp(w->model->states[i].name, name)) return true;
  return false;
}

static int tensor_place(nnrt_weights_reader *r, const nnrt_weights *w, nnrt_tensor_entry *t, int64_t *places) {
  char in_file[sizeof t->name];
  memcpy(in_file, t->name, sizeof in_file);
  name_renamed(w, t->name, sizeof t->name);
  if (!t->name[0] && in_file[0]) return NNRT_GOOD;
  for (int i = 0; i < w->n; i++) {
    if (strcmp(w->at[i].name, t->name)) continue;
    NNRT_TRY(tensor_check(r, t, weights_state(w, i)));
    if (places[i] >= 0) return nnrt_fail(r->error, NNRT_FAILED, "%s: has %s twice", r->path, t->name);
    places[i] = t->begin;
    return NNRT_GOOD;
  }
  if (tensor_passes(r, w, t->name)) return NNRT_GOOD;
  return nnrt_fail(r->error, NNRT_FAILED, "%s: has %s, which the model has not", r->path, in_file);
}

/* Is the state of entry i in the file, by any of its names? */
static bool state_placed(const nnrt_weights *w, const int64_t *places, int i) {
  for (int k = 0; k < w->n; k++)
    if (w->at[k].state == w->at[i].state && places[k] >= 0) return true;
  return false;
}

/* places[i]: where in the data the tensor of entry i begins; -1: it is not there. */
static int header_read(nnrt_weights_reader *r, const nnrt_weights *w, int64_t *places) {
  nnrt_tensor_entry t;
  for (int i = 0; i < w->n; i++) places[i] = -1;
  NNRT_TRY(reader_expect(r, '{'));
  if (!reader_take(r, '}')) {
    do {
      t = (nnrt_tensor_entry){.rank = 0};
      NNRT_TRY(reader_text(r, t.name, sizeof t.name));
      NNRT_TRY(reader_expect(r, ':'));
      if (!strcmp(t.name, "__metadata__")) {
        NNRT_TRY(reader_metadata(r));
        continue;
      }
      NNRT_TRY(reader_tensor(r, &t));
      NNRT_TRY(tensor_place(r, w, &t, places));
    } while (reader_take(r, ','));
    NNRT_TRY(reader_expect(r, '}'));
  }
  for (int i = 0; i < w->n; i++)
    if (!state_placed(w, places, i))
      return nnrt_fail(r->error, NNRT_FAILED, "%s: has no %s, which the model needs", r->path, w->at[i].name);
  return NNRT_GOOD;
}

static int state_read(nnrt_weights_reader *r, const nnrt_state *s, unsigned char *to, int64_t place) {
  int64_t all = weights_bytes(s);
  for (int64_t at = 0; at < all;) {
    ssize_t n = pread(r->file.descriptor, to + at, (size_t)(all - at), r->data + place + at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return nnrt_fail(r->error, NNRT_FAILED, "%s: cannot be read at byte %lld: %s", r->path,
                       (long long)(r->data + place + at), n ? strerror(errno) : "it ends there");
    at += n;
  }
  weights_swap(to, all, nnrt_dtype_bytes(s->dtype));
  return NNRT_GOOD;
}

int nnrt_weights_take(nnrt_weights_reader *r, const nnrt_weights *w) {
  for (int i = 0; i < w->n; i++)
    if (r->places[i] >= 0)
      NNRT_TRY(state_read(r, weights_state(w, i), weights_at(weights_state(w, i), w->memory), r->places[i]));
  return NNRT_GOOD;
}

/* ---- in: the file ---- */
static int reader_header(nnrt_weights_reader *r) {
  unsigned char length[8];
  struct stat about;
  int64_t got;
  uint64_t n = 0;
  NNRT_TRY(nnrt_file_read(&r->file, length, 8, &got));
  for (int i = 7; i >= 0; i--) n = n << 8 | length[i];
  if (r->file.gz || fstat(r->file.descriptor, &about) || got < 8 || n > (uint64_t)about.st_size - 8 || n > 1u << 27)
    return nnrt_fail(r->error, NNRT_FAILED,
                     "%s: not a safetensors file, or cut off: its first 8 bytes are no length of a header", r->path);
  NNRT_TRY(nnrt_alloc(r->error, &r->header, (int64_t)n, "the file's header"));
  NNRT_TRY(nnrt_file_read(&r->file, r->header, (int64_t)n, &got));
  r->text = r->at = r->header;
  r->end = r->header + got;
  r->data = 8 + (int64_t)n;
  r->bytes = (int64_t)about.st_size - r->data;
  return NNRT_GOOD;
}

/* The caller has set error and path; nnrt_weights_close is due whatever comes back. */
int nnrt_weights_open(nnrt_weights_reader *r) {
  NNRT_TRY(nnrt_file_open(&r->file, r->error, r->path));
  return reader_header(r);
}

void nnrt_weights_close(nnrt_weights_reader *r) {
  if (r->file.path) nnrt_file_close(&r->file);
  free(r->header);
  free(r->places);
  r->file.path = NULL;
  r->header = NULL;
  r->places = NULL;
}

/* Every tensor that is wanted is there and fits, and there is no other. */
int nnrt_weights_match(nnrt_weights_reader *r, const nnrt_weights *w) {
  NNRT_TRY(nnrt_alloc(r->error, &r->places, w->n * (int64_t)sizeof *r->places, "the file's header"));
  r->at = r->text;
  return header_read(r, w, r->places);
}

int nnrt_weights_load(nnrt_error *error, const nnrt_model *m, const nnrt_memory *memory, const char *path,
                      const nnrt_act *act) {
  nnrt_weights w = {.model = m, .memory = memory};
  nnrt_weights_reader r = {.error = error, .path = path};
  int status = nnrt_weights_open(&r);
  if (!status) status = list_make(error, &w, act, true);
  if (!status) status = nnrt_weights_match(&r, &w);
  if (!status) status = nnrt_weights_take(&r, &w);
  nnrt_weights_close(&r);
  free(w.at);
  return status;
}

/* ---- in: notes ---- */
/* Is the file whole? One without a sum is no checkpoint. */
int nnrt_weights_verify(nnrt_weights_reader *r) {
  unsigned char chunk[WEIGHTS_CHUNK];
  char digits[WEIGHTS_DIGITS + 1];
  nnrt_crc crc;
  int64_t got = 0, n = r->end - r->text;
  if (!reader_is_checkpoint(r))
    return nnrt_fail(r->error, NNRT_FAILED,
                     "%s: is no checkpoint, or is damaged in its header (weights go in by --init)", r->path);
  nnrt_crc_start(&crc);
  for (int i = 0; i < 8; i++) chunk[i] = (unsigned char)((uint64_t)n >> 8 * i);
  nnrt_crc_add(&crc, chunk, 8);
  nnrt_crc_add(&crc, r->text, WEIGHTS_SUM_AT);
  nnrt_crc_add(&crc, "00000000", WEIGHTS_DIGITS);
  nnrt_crc_add(&crc, r->text + WEIGHTS_SUM_AT + WEIGHTS_DIGITS, n - WEIGHTS_SUM_AT - WEIGHTS_DIGITS);
  do {
    NNRT_TRY(nnrt_file_read(&r->file, chunk, WEIGHTS_CHUNK, &got));
    nnrt_crc_add(&crc, chunk, got);
  } while (got == WEIGHTS_CHUNK);
  nnrt_text(digits, sizeof digits, 0, "%08x", (unsigned)nnrt_crc_sum(&crc));
  if (!memcmp(digits, r->text + WEIGHTS_SUM_AT, WEIGHTS_DIGITS)) return NNRT_GOOD;
  return nnrt_fail(r->error, NNRT_FAILED,
                   "%s: is damaged or cut off: its CRC-32 is %.8s, and that of its %lld bytes is %s", r->path,
                   r->text + WEIGHTS_SUM_AT, (long long)(r->data + r->bytes), digits);
}

/* The text of a note; false: there is none. */
bool nnrt_weights_note(const nnrt_weights_reader *reader, const char *key, char *to, int size) {
  nnrt_error ignored;
  nnrt_weights_reader r = *reader;
  char name[512];
  r.error = &ignored;
  r.at = r.text + sizeof "{\"__metadata__\":" - 1;
  if (!reader_take(&r, '{')) return false;
  do {
    if (reader_text(&r, name, sizeof name) || reader_expect(&r, ':') || reader_text(&r, to, size)) return false;
    if (!strcmp(name, key)) return true;
  } while (reader_take(&r, ','));
  return false;
}
