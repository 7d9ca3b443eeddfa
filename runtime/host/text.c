/* text.c: a text as rows of tokens, for language models: field 0 is a window of the text, field 1 the token that
 * follows each of its tokens. Row i begins at token i * stride, so rows of a stride as long as the window do not
 * overlap. A part of a split is a run of tokens: the first 90 % and the rest have no token in common.
 *
 * Where the program's tokens are pieces in a file (tokens.c), all of the text is cut into them when it is opened, and
 * they are held in memory. Else the tokens are bytes, or the characters of the vocabulary, which are UTF-8. The file is
 * looked through once, when it is opened, for what is no character of the vocabulary; then windows are read where they
 * lie. Where characters have several bytes, the places of every 256th one are kept. */
#include "host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MARK = 256, TEXT_CHUNK = 1 << 16, TEXT_CHARACTER = 4 };

typedef struct nnrt_text_character {
  uint32_t code; /* its bytes */
  int32_t token;
} nnrt_text_character;

typedef struct nnrt_text_reader {
  nnrt_bytes bytes;
  int32_t single[256]; /* the tokens of characters of one byte; -1: none */
  nnrt_text_character *several;
  int nseveral;
  int64_t first, tokens; /* of this part; before that, of the file */
  int32_t *pieces;       /* all of its tokens, where they are pieces */
  int64_t *marks;        /* the bytes at which tokens 0, TEXT_MARK, … begin; NULL: a byte is a token */
  unsigned char *buffer; /* the bytes of a window, or of a chunk */
} nnrt_text_reader;

/* ---- characters ---- */
static int text_bytes(const unsigned char *s, int64_t n) { /* of the character at s, of which n bytes are there */
  int bytes = 1;
  while (bytes < n && (s[bytes] & 0xC0) == 0x80) bytes++;
  return bytes;
}

static uint32_t text_code(const unsigned char *s, int n) {
  uint32_t code = 0;
  for (int i = 0; i < n; i++) code = code << 8 | s[i];
  return code;
}

static int text_compare(const void *a, const void *b) {
  uint32_t x = ((const nnrt_text_character *)a)->code, y = ((const nnrt_text_character *)b)->code;
  return (x > y) - (x < y);
}

/* The token of the character at s, or -1; *bytes is how long it is. */
static int32_t text_token(const nnrt_text_reader *t, const unsigned char *s, int64_t n, int *bytes) {
  *bytes = t->nseveral ? text_bytes(s, n) : 1;
  if (*bytes == 1) return t->single[*s];
  if (*bytes > TEXT_CHARACTER) return -1;
  nnrt_text_character key = {text_code(s, *bytes), 0};
  const nnrt_text_character *found = bsearch(&key, t->several, (size_t)t->nseveral, sizeof *t->several, text_compare);
  return found ? found->token : -1;
}

static int text_vocabulary(nnrt_error *error, nnrt_text_reader *t, const char *vocabulary) {
  int32_t token = 0;
  for (int i = 0; i < 256; i++) t->single[i] = *vocabulary ? -1 : i;
  NNRT_TRY(nnrt_alloc(error, &t->several, (int64_t)(strlen(vocabulary) / 2 + 1) * (int64_t)sizeof *t->several,
                      "the vocabulary"));
  const unsigned char *s = (const unsigned char *)vocabulary;
  for (int64_t left = (int64_t)strlen(vocabulary); left > 0; token++) {
    int n = text_bytes(s, left);
    if (n == 1)
      t->single[*s] = token;
    else if (n <= TEXT_CHARACTER)
      t->several[t->nseveral++] = (nnrt_text_character){text_code(s, n), token};
    s += n;
    left -= n;
  }
  qsort(t->several, (size_t)t->nseveral, sizeof *t->several, text_compare);
  return NNRT_GOOD;
}

/* ---- looking through the file ---- */
typedef struct nnrt_text_scan {
  int64_t at, line, tokens; /* bytes and tokens so far */
} nnrt_text_scan;

static int text_foreign(nnrt_error *error, const nnrt_text_reader *t, const unsigned char *s, int n, int64_t at,
                        int64_t line) {
  char shown[16];
  if (n <= TEXT_CHARACTER && (n > 1 ? s[0] >= 0xC0 : s[0] > 32 && s[0] < 127))
    nnrt_text(shown, sizeof shown, 0, "'%.*s'", n, (const char *)s);
  else
    nnrt_text(shown, sizeof shown, 0, "the byte %02x", s[0]);
  return nnrt_fail(error, NNRT_FAILED, "%s: %s at byte %lld (line %lld) is no character of the vocabulary",
                   t->bytes.file.path, shown, (long long)at, (long long)line);
}

/* The characters that are whole in the n bytes; `last`: no more follow. */
static int text_scan_chunk(nnrt_error *error, nnrt_text_reader *t, nnrt_text_scan *c, int64_t n, bool last) {
  int64_t i = 0;
  for (int bytes; i < n && (last || n - i > TEXT_CHARACTER); i += bytes) {
    int32_t token = text_token(t, t->buffer + i, n - i, &bytes);
    if (token < 0) return text_foreign(error, t, t->buffer + i, bytes, c->at + i, c->line);
    if (t->marks && c->tokens % TEXT_MARK == 0) t->marks[c->tokens / TEXT_MARK] = c->at + i;
    c->tokens++;
    c->line += t->buffer[i] == '\n';
  }
  c->at += i;
  return NNRT_GOOD;
}

static int text_scan(nnrt_error *error, nnrt_text_reader *t) {
  nnrt_text_scan c = {.line = 1};
  while (c.at < t->bytes.size) {
    int64_t left = t->bytes.size - c.at, n = left < TEXT_CHUNK ? left : TEXT_CHUNK;
    NNRT_TRY(nnrt_bytes_read(error, &t->bytes, c.at, n, t->buffer));
    NNRT_TRY(text_scan_chunk(error, t, &c, n, n == left));
  }
  t->tokens = c.tokens;
  return NNRT_GOOD;
}

/* ---- windows ---- */
static int text_changed(nnrt_error *error, const nnrt_text_reader *t, int64_t at) {
  return nnrt_fail(error, NNRT_FAILED, "%s: is another text than when it was opened, at byte %lld", t->bytes.file.path,
                   (long long)at);
}

/* n tokens from token `first` of the file on. */
static int text_window(nnrt_error *error, nnrt_text_reader *t, int64_t first, int64_t n, unsigned char *to) {
  int64_t skip = t->marks ? first % TEXT_MARK : 0, at = t->marks ? t->marks[first / TEXT_MARK] : first;
  int64_t size = t->marks ? (skip + n) * TEXT_CHARACTER : n, token = -skip;
  if (size > t->bytes.size - at) size = t->bytes.size - at;
  NNRT_TRY(nnrt_bytes_read(error, &t->bytes, at, size, t->buffer));
  int64_t i = 0;
  for (int bytes; token < n && i < size; i += bytes, token++) {
    int32_t value = text_token(t, t->buffer + i, size - i, &bytes);
    if (value < 0) return text_changed(error, t, at + i);
    if (token >= 0) memcpy(to + 4 * token, &value, 4);
  }
  return token < n ? text_changed(error, t, at + i) : NNRT_GOOD;
}

static int text_tokens(nnrt_error *error, nnrt_text_reader *t, int64_t first, int64_t n, unsigned char *to) {
  if (!t->pieces) return text_window(error, t, first, n, to);
  memcpy(to, t->pieces + first, (size_t)n * sizeof *t->pieces);
  return NNRT_GOOD;
}

static int text_read(nnrt_error *error, nnrt_reader *r, int field, int64_t row, int64_t n, unsigned char *to) {
  nnrt_text_reader *t = r->own;
  int64_t length = r->source->fields[0].dim[0], stride = r->source->stride;
  for (int64_t i = 0; i < n; i++)
    NNRT_TRY(text_tokens(error, t, t->first + (row + i) * stride + (field == 1), length, to + 4 * i * length));
  return NNRT_GOOD;
}

/* ---- opening ---- */
/* The part's own tokens, and how many rows they are. */
static int text_cut(nnrt_error *error, nnrt_reader *r) {
  nnrt_text_reader *t = r->own;
  const nnrt_source *source = r->source;
  int64_t all = t->tokens, end = all, length = source->fields[0].dim[0];
  if (source->from < source->to) {
    t->first = (int64_t)floor(source->from * (double)all + 0.5);
    end = (int64_t)floor(source->to * (double)all + 0.5);
  }
  t->tokens = end - t->first;
  if (t->tokens <= length)
    return nnrt_fail(error, NNRT_FAILED, "%s: has %lld tokens%s; a row takes %lld and the one that follows",
                     r->paths[0], (long long)t->tokens, t->tokens < all ? " in this part" : "", (long long)length);
  r->rows = (t->tokens - 1 - length) / source->stride + 1;
  return NNRT_GOOD;
}

static int text_pieces(nnrt_error *error, nnrt_reader *r, nnrt_text_reader *t) {
  char *text;
  NNRT_TRY(nnrt_bytes_open(error, &t->bytes, r->paths[0]));
  NNRT_TRY(nnrt_alloc_raw(error, &text, t->bytes.size, r->paths[0]));
  int status = nnrt_bytes_read(error, &t->bytes, 0, t->bytes.size, text);
  if (!status) status = nnrt_tokens_of(error, r->tokens, text, t->bytes.size, &t->pieces, &t->tokens);
  free(text);
  return status ? status : text_cut(error, r);
}

static int text_open(nnrt_error *error, nnrt_reader *r) {
  nnrt_text_reader *t;
  int64_t window = (TEXT_MARK + r->source->fields[0].dim[0]) * TEXT_CHARACTER;
  NNRT_TRY(nnrt_alloc(error, &t, sizeof *t, r->source->name));
  r->own = t;
  if (!r->source->vocabulary) return text_pieces(error, r, t);
  NNRT_TRY(text_vocabulary(error, t, r->source->vocabulary));
  NNRT_TRY(nnrt_bytes_open(error, &t->bytes, r->paths[0]));
  NNRT_TRY(nnrt_alloc(error, &t->buffer, window > TEXT_CHUNK ? window : TEXT_CHUNK, r->source->name));
  if (t->nseveral)
    NNRT_TRY(nnrt_alloc(error, &t->marks, (t->bytes.size / TEXT_MARK + 1) * (int64_t)sizeof *t->marks, r->paths[0]));
  if (*r->source->vocabulary)
    NNRT_TRY(text_scan(error, t));
  else
    t->tokens = t->bytes.size;
  return text_cut(error, r);
}

static void text_close(nnrt_reader *r) {
  nnrt_text_reader *t = r->own;
  if (!t) return;
  nnrt_bytes_close(&t->bytes);
  free(t->several);
  free(t->marks);
  free(t->pieces);
  free(t->buffer);
  free(t);
}

const nnrt_format nnrt_format_text = {"text", NNRT_FILES_ONE, true, text_open, text_read, text_close};
