/* safetensors.c: what a safetensors file (weights.c says how it looks) has in its header: its tensors one by one, for
 * match.c, and the notes and the sum of a checkpoint. Nothing is believed: every place in the file is checked by who
 * uses it, and what is broken is named with the byte and what was expected. */
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the header's JSON, as little of it as the format allows ---- */
static int reader_fail(nnrt_weights_reader *r, const char *expected) {
  return nnrt_fail(r->error, NNRT_FAILED, "%s: its header is broken at byte %lld: %s was expected", r->path,
                   (long long)(8 + (r->at - r->text)), expected);
}

static bool reader_ends(nnrt_weights_reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')) r->at++;
  return r->at == r->end;
}

static bool reader_take(nnrt_weights_reader *r, char c) {
  if (reader_ends(r) || *r->at != c) return false;
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

static int reader_tensor(nnrt_weights_reader *r, nnrt_tensor *t) {
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

/* ---- all tensors ---- */
typedef struct nnrt_span { /* of the bytes of numbers */
  int64_t begin, end;
} nnrt_span;
typedef struct nnrt_spans {
  nnrt_span *at;
  int64_t n;
} nnrt_spans;
enum { TENSOR_TEXT = 48 }; /* no tensor takes less of a header: "":{"dtype":"","shape":[],"data_offsets":[0,0]}, */

static int span_compare(const void *a, const void *b) {
  const nnrt_span *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

/* The format: every byte of numbers is one tensor's. What overlaps would be read as something else than was written. */
static int spans_check(nnrt_weights_reader *r, nnrt_spans *spans) {
  int64_t at = 0;
  qsort(spans->at, (size_t)spans->n, sizeof *spans->at, span_compare);
  for (int64_t i = 0; i < spans->n && spans->at[i].begin == at && spans->at[i].end >= at; i++) at = spans->at[i].end;
  if (at == r->bytes) return NNRT_GOOD;
  return nnrt_fail(r->error, NNRT_FAILED,
                   "%s: is broken: its tensors overlap or leave out bytes at byte %lld of %lld of their numbers",
                   r->path, (long long)at, (long long)r->bytes);
}

static int tensor_visit(nnrt_weights_reader *r, nnrt_spans *spans, nnrt_tensor *t, void *context,
                        nnrt_tensor_visit *visit) {
  NNRT_TRY(reader_tensor(r, t));
  spans->at[spans->n++] = (nnrt_span){t->begin, t->end};
  t->all = r->bytes;
  t->place = (nnrt_extent){.bytes = &r->whole, .at = r->data + t->begin};
  return visit(context, t);
}

static int tensors_visit(nnrt_weights_reader *r, nnrt_spans *spans, void *context, nnrt_tensor_visit *visit) {
  r->at = r->text;
  NNRT_TRY(reader_expect(r, '{'));
  if (reader_take(r, '}')) return NNRT_GOOD;
  do {
    nnrt_tensor t = {.rank = 0};
    NNRT_TRY(reader_text(r, t.name, sizeof t.name));
    NNRT_TRY(reader_expect(r, ':'));
    if (strcmp(t.name, "__metadata__"))
      NNRT_TRY(tensor_visit(r, spans, &t, context, visit));
    else
      NNRT_TRY(reader_metadata(r));
  } while (reader_take(r, ','));
  return reader_expect(r, '}');
}

/* visit(context, tensor) for each tensor of the header. */
int nnrt_safetensors_each(nnrt_weights_reader *r, void *context, nnrt_tensor_visit *visit) {
  nnrt_spans spans = {0};
  int64_t most = (r->end - r->text) / TENSOR_TEXT + 1;
  NNRT_TRY(nnrt_alloc(r->error, &spans.at, most * (int64_t)sizeof *spans.at, "the file's header"));
  int status = tensors_visit(r, &spans, context, visit);
  if (!status && !reader_ends(r)) status = reader_fail(r, "the end");
  if (!status) status = spans_check(r, &spans);
  free(spans.at);
  return status;
}

/* ---- the file ---- */
static int reader_header(nnrt_weights_reader *r) {
  unsigned char length[8];
  struct stat about;
  int64_t got;
  NNRT_TRY(nnrt_file_read(&r->whole.file, length, 8, &got));
  uint64_t n = nnrt_low(length, 8);
  if (r->whole.file.gz || fstat(r->whole.file.descriptor, &about) || got < 8 || n > (uint64_t)about.st_size - 8 ||
      n > 1u << 27)
    return nnrt_fail(r->error, NNRT_FAILED,
                     "%s: not a safetensors file, or cut off: its first 8 bytes are no length of a header", r->path);
  NNRT_TRY(nnrt_alloc(r->error, &r->header, (int64_t)n, "the file's header"));
  NNRT_TRY(nnrt_file_read(&r->whole.file, r->header, (int64_t)n, &got));
  r->text = r->at = r->header;
  r->end = r->header + got;
  r->data = 8 + (int64_t)n;
  r->bytes = (int64_t)about.st_size - r->data;
  r->whole.size = about.st_size;
  return NNRT_GOOD;
}

/* A header of 64 MiB, which "PK" and a version would be the length of, does not begin with the zeros of its upper half.
 */
static bool reader_is_archive(const nnrt_weights_reader *r) {
  unsigned char begin[5];
  return pread(r->whole.file.descriptor, begin, sizeof begin, 0) == sizeof begin && !memcmp(begin, "PK\3\4", 4) &&
         begin[4];
}

/* The caller has set error and path; nnrt_weights_close is due whatever comes back. */
int nnrt_weights_open(nnrt_weights_reader *r) {
  NNRT_TRY(nnrt_file_open(&r->whole.file, r->error, r->path));
  r->archive = reader_is_archive(r);
  return r->archive ? NNRT_GOOD : reader_header(r);
}

/* Once more is nothing. */
void nnrt_weights_close(nnrt_weights_reader *r) {
  nnrt_bytes_close(&r->whole);
  for (int i = 0; i < r->nmembers; i++) nnrt_bytes_close(&r->members[i]);
  free(r->members);
  free(r->header);
  free(r->places);
  r->members = NULL, r->header = NULL, r->places = NULL, r->nmembers = 0;
}

/* ---- notes ---- */
/* Has it the notes of a checkpoint? */
bool nnrt_weights_checkpoint(const nnrt_weights_reader *r) {
  static const char begin[] = NNRT_WEIGHTS_HEAD NNRT_WEIGHTS_SUM;
  return r->end - r->text >= NNRT_WEIGHTS_SUM_AT + NNRT_WEIGHTS_DIGITS && !memcmp(r->text, begin, NNRT_WEIGHTS_SUM_AT);
}

/* Is the file whole? One without a sum is no checkpoint. */
int nnrt_weights_verify(nnrt_weights_reader *r) {
  unsigned char chunk[NNRT_WEIGHTS_CHUNK];
  char digits[NNRT_WEIGHTS_DIGITS + 1];
  nnrt_crc crc;
  int64_t got = 0, n = r->end - r->text;
  if (!nnrt_weights_checkpoint(r))
    return nnrt_fail(r->error, NNRT_FAILED,
                     "%s: is no checkpoint, or is damaged in its header (weights go in by --init)", r->path);
  nnrt_crc_start(&crc);
  nnrt_low_put(chunk, (uint64_t)n, 8);
  nnrt_crc_add(&crc, chunk, 8);
  nnrt_crc_add(&crc, r->text, NNRT_WEIGHTS_SUM_AT);
  nnrt_crc_add(&crc, "00000000", NNRT_WEIGHTS_DIGITS);
  nnrt_crc_add(&crc, r->text + NNRT_WEIGHTS_SUM_AT + NNRT_WEIGHTS_DIGITS,
               n - NNRT_WEIGHTS_SUM_AT - NNRT_WEIGHTS_DIGITS);
  do {
    NNRT_TRY(nnrt_file_read(&r->whole.file, chunk, NNRT_WEIGHTS_CHUNK, &got));
    nnrt_crc_add(&crc, chunk, got);
  } while (got == NNRT_WEIGHTS_CHUNK);
  nnrt_text(digits, sizeof digits, 0, "%08x", (unsigned)nnrt_crc_sum(&crc));
  if (!memcmp(digits, r->text + NNRT_WEIGHTS_SUM_AT, NNRT_WEIGHTS_DIGITS)) return NNRT_GOOD;
  return nnrt_fail(r->error, NNRT_FAILED,
                   "%s: is damaged or cut off: its CRC-32 is %.8s, and that of its %lld bytes is %s", r->path,
                   r->text + NNRT_WEIGHTS_SUM_AT, (long long)(r->data + r->bytes), digits);
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
