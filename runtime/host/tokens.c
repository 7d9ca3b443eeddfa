/* tokens.c: a vocabulary that lies in a file, of tokens that are pieces of text (byte pair encoding: Gage 1994,
 * Sennrich et al. 2016; as SentencePiece has it, Kudo and Richardson 2018): from text to tokens and back.
 *
 * Files. A name that ends in .bin: llama2.c's, little-endian: i32, the bytes of the longest piece, then for each token
 * f32 score, i32 bytes, the bytes. Else a text, one token a line: the piece, or the piece, a tab and its score; \n \t
 * \r \\ and \xHH stand for what a line cannot hold. Without scores the earlier line has the higher one.
 *
 * In. A blank goes in front of a text that is not empty, if it is a token; characters of UTF-8 become their tokens, or
 * the tokens <0xHH> of their bytes, or <unk>. Then the two neighbours that together are the token of the highest score,
 * the leftmost of equal ones, become one, until no two are (llama2.c's order, by a heap: n log n). Out. <0xHH> is the
 * byte; <s>, </s>, <unk> and <pad> (with line ends around them, too) are no text; the blank in front is left out. */
#include "host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS_PIECE = 1 << 12, TOKENS_FILE = 1 << 28, TOKENS_TEXT = 1 << 30 };

typedef struct nnrt_piece {
  int64_t at; /* of its bytes */
  int32_t bytes;
  int32_t byte; /* of <0xHH>, else -1 */
  bool mark;    /* no text */
  double score;
} nnrt_piece;

struct nnrt_tokens {
  nnrt_error *error;
  const char *path;
  unsigned char *file; /* what it holds */
  int64_t size;
  unsigned char *text; /* the bytes of all pieces */
  nnrt_piece *pieces;
  int n, longest;
  int32_t *slots; /* tokens by the hash of their bytes, -1: free; a power of two of them */
  int64_t nslots, used;
  int32_t of_byte[256], unknown, blank; /* -1: none */
};

/* ---- finding a piece ---- */
static uint64_t piece_hash(const unsigned char *s, int64_t n) { /* FNV-1a */
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (int64_t i = 0; i < n; i++) h = (h ^ s[i]) * UINT64_C(0x100000001b3);
  return h ^ h >> 32;
}

static int32_t *piece_slot(const nnrt_tokens *t, const unsigned char *s, int64_t n) {
  int64_t i = (int64_t)(piece_hash(s, n) & (uint64_t)(t->nslots - 1));
  for (; t->slots[i] >= 0; i = (i + 1) & (t->nslots - 1)) {
    const nnrt_piece *p = &t->pieces[t->slots[i]];
    if (p->bytes == n && !memcmp(t->text + p->at, s, (size_t)n)) break;
  }
  return &t->slots[i];
}

static int32_t piece_find(const nnrt_tokens *t, const char *s) {
  return *piece_slot(t, (const unsigned char *)s, (int64_t)strlen(s));
}

/* ---- files ---- */
static int tokens_fail(const nnrt_tokens *t, int64_t byte, const char *found, const char *expected) {
  return nnrt_fail(t->error, NNRT_FAILED, "%s: %s at byte %lld; %s was expected", t->path, found, (long long)byte,
                   expected);
}

static int32_t tokens_i32(const unsigned char *at) { return (int32_t)(uint32_t)nnrt_low(at, 4); }

static float tokens_f32(const unsigned char *at) {
  int32_t bits = tokens_i32(at);
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static int binary_read(nnrt_tokens *t, int size) {
  char found[96];
  int64_t at = 4;
  if (t->size < 4) return tokens_fail(t, t->size, "the end", "the bytes of the longest piece");
  t->longest = tokens_i32(t->file);
  if (t->longest < 1 || t->longest > TOKENS_PIECE) {
    nnrt_text(found, sizeof found, 0, "a longest piece of %d bytes", t->longest);
    return tokens_fail(t, 0, found, "1 to 4096");
  }
  for (; t->n < size; t->n++) {
    nnrt_piece *p = &t->pieces[t->n];
    nnrt_text(found, sizeof found, 0, "the end in front of token %d of %d", t->n, size);
    if (t->size - at < 8) return tokens_fail(t, t->size, found, "a score and a length");
    *p = (nnrt_piece){.score = (double)tokens_f32(t->file + at), .bytes = tokens_i32(t->file + at + 4), .at = t->used};
    if (!isfinite(p->score)) return tokens_fail(t, at, "a score that is not finite", "a number");
    nnrt_text(found, sizeof found, 0, "token %d has %d bytes", t->n, p->bytes);
    if (p->bytes < 1 || p->bytes > t->longest) return tokens_fail(t, at + 4, found, "1 to those of the longest piece");
    at += 8;
    nnrt_text(found, sizeof found, 0, "the end within token %d of %d", t->n, size);
    if (t->size - at < p->bytes) return tokens_fail(t, t->size, found, "all of it");
    memcpy(t->text + t->used, t->file + at, (size_t)p->bytes);
    t->used += p->bytes;
    at += p->bytes;
  }
  nnrt_text(found, sizeof found, 0, "more behind token %d, the last", size - 1);
  return at == t->size ? NNRT_GOOD : tokens_fail(t, at, found, "the end");
}

static int hex_digit(int c) { /* or -1 */
  if (c >= '0' && c <= '9') return c - '0';
  c |= 32;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character behind a backslash at *at, which moves behind it; -1: there is none such. */
static int piece_escaped(const unsigned char *s, int64_t n, int64_t *at) {
  static const char names[] = "ntr\\", meant[] = "\n\t\r\\";
  const char *name = *at < n && s[*at] ? strchr(names, s[*at]) : NULL;
  int high = *at + 2 < n && s[*at] == 'x' ? hex_digit(s[*at + 1]) : -1;
  int low = high < 0 ? -1 : hex_digit(s[*at + 2]);
  if (!name && low < 0) return -1;
  *at += name ? 1 : 3;
  return name ? (unsigned char)meant[name - names] : high * 16 + low;
}

/* The line of n bytes from byte `at` on. */
static int piece_line(nnrt_tokens *t, int64_t at, int64_t n) {
  const unsigned char *s = t->file + at;
  nnrt_piece *p = &t->pieces[t->n];
  char number[64], *end;
  int64_t i = 0;
  *p = (nnrt_piece){.score = -t->n, .at = t->used};
  while (i < n && s[i] != '\t') {
    int64_t begin = i;
    int c = s[i++];
    if (c == '\\') c = piece_escaped(s, n, &i);
    if (c < 0) return tokens_fail(t, at + begin, "another escape", "\\n, \\t, \\r, \\\\ or \\xHH");
    t->text[t->used++] = (unsigned char)c;
  }
  p->bytes = (int32_t)(t->used - p->at);
  if (!p->bytes) return tokens_fail(t, at, "a line without a token", "one token a line");
  if (p->bytes > TOKENS_PIECE) return tokens_fail(t, at, "a token of more than 4096 bytes", "a shorter one");
  if (p->bytes > t->longest) t->longest = p->bytes;
  if (i == n) return NNRT_GOOD;
  nnrt_text(number, sizeof number, 0, "%.*s", (int)(n - i - 1 < 60 ? n - i - 1 : 60), (const char *)s + i + 1);
  p->score = strtod(number, &end);
  bool good = end != number && !*end && n - i - 1 < 60 && isfinite(p->score);
  return good ? NNRT_GOOD : tokens_fail(t, at + i + 1, "no score", "a number up to the end of the line");
}

static int lines_read(nnrt_tokens *t, int size) {
  char found[96];
  for (int64_t at = 0, n; at < t->size; at += n + 1, t->n++) {
    const unsigned char *end = memchr(t->file + at, '\n', (size_t)(t->size - at));
    n = (end ? end - t->file : t->size) - at;
    nnrt_text(found, sizeof found, 0, "more behind token %d, the last", size - 1);
    if (t->n == size) return tokens_fail(t, at, found, "the end");
    NNRT_TRY(piece_line(t, at, n > 0 && t->file[at + n - 1] == '\r' ? n - 1 : n));
  }
  nnrt_text(found, sizeof found, 0, "the end behind %d tokens of %d", t->n, size);
  return t->n == size ? NNRT_GOOD : tokens_fail(t, t->size, found, "a token");
}

/* ---- opening ---- */
static bool piece_is_mark(const unsigned char *s, int n) {
  static const char *const marks[] = {"<s>", "</s>", "<unk>", "<pad>"};
  while (n > 0 && *s == '\n') s++, n--;
  while (n > 0 && s[n - 1] == '\n') n--;
  for (int i = 0; i < 4; i++)
    if ((int)strlen(marks[i]) == n && !memcmp(marks[i], s, (size_t)n)) return true;
  return false;
}

/* Of two equal pieces the first counts. */
static int tokens_index(nnrt_tokens *t) {
  for (t->nslots = 16; t->nslots < 2 * (int64_t)t->n; t->nslots *= 2) continue;
  NNRT_TRY(nnrt_alloc(t->error, &t->slots, t->nslots * (int64_t)sizeof *t->slots, t->path));
  memset(t->slots, 0xFF, (size_t)t->nslots * sizeof *t->slots);
  memset(t->of_byte, 0xFF, sizeof t->of_byte);
  for (int i = 0; i < t->n; i++) {
    nnrt_piece *p = &t->pieces[i];
    const unsigned char *s = t->text + p->at;
    int32_t *slot = piece_slot(t, s, p->bytes);
    if (*slot < 0) *slot = i;
    p->mark = piece_is_mark(s, p->bytes);
    bool byte = p->bytes == 6 && !memcmp(s, "<0x", 3) && s[5] == '>' && hex_digit(s[3]) >= 0 && hex_digit(s[4]) >= 0;
    p->byte = byte ? hex_digit(s[3]) * 16 + hex_digit(s[4]) : -1;
    if (byte && t->of_byte[p->byte] < 0) t->of_byte[p->byte] = i;
  }
  t->unknown = piece_find(t, "<unk>");
  t->blank = piece_find(t, " ");
  return NNRT_GOOD;
}

static int tokens_load(nnrt_tokens *t, int size) {
  nnrt_bytes bytes;
  bool binary = nnrt_path_ends(t->path, ".bin");
  NNRT_TRY(nnrt_bytes_open(t->error, &bytes, t->path));
  t->size = bytes.size;
  int status = t->size > TOKENS_FILE ? tokens_fail(t, TOKENS_FILE, "more than 256 MiB", "the end") : NNRT_GOOD;
  if (!status) status = nnrt_alloc(t->error, &t->file, t->size, t->path);
  if (!status) status = nnrt_alloc(t->error, &t->text, t->size, t->path);
  if (!status) status = nnrt_bytes_read(t->error, &bytes, 0, t->size, t->file);
  nnrt_bytes_close(&bytes);
  if (!status) status = nnrt_alloc(t->error, &t->pieces, size * (int64_t)sizeof *t->pieces, t->path);
  if (!status) status = binary ? binary_read(t, size) : lines_read(t, size);
  return status ? status : tokens_index(t);
}

/* size: how many tokens the model counts on. What is opened is to be closed; after a failure *tokens is NULL. */
int nnrt_tokens_open(nnrt_error *error, nnrt_tokens **tokens, const char *path, int size) {
  NNRT_TRY(nnrt_alloc(error, tokens, sizeof **tokens, path));
  nnrt_tokens *t = *tokens;
  t->error = error;
  t->path = path;
  int status = tokens_load(t, size);
  free(t->file);
  t->file = NULL;
  t->error = NULL;
  if (status) nnrt_tokens_close(t), *tokens = NULL;
  return status;
}

void nnrt_tokens_close(nnrt_tokens *t) {
  if (!t) return;
  free(t->text);
  free(t->pieces);
  free(t->slots);
  free(t);
}

int nnrt_tokens_longest(const nnrt_tokens *t) { return t->longest; }

/* ---- from text to tokens ---- */
typedef struct nnrt_link { /* a token of the text so far; the next and the one before, -1: none */
  int32_t token, before, next;
} nnrt_link;
typedef struct nnrt_pair { /* two neighbours that together are a token */
  double score;
  int32_t left, right, joined; /* as the links were when the pair was found */
  int32_t left_token, right_token;
} nnrt_pair;
typedef struct nnrt_encoder {
  const nnrt_tokens *t;
  nnrt_error *error;
  nnrt_link *links;
  int64_t n;
  nnrt_pair *heap; /* the best at 0: a pair is better than the two below it */
  int64_t nheap;
} nnrt_encoder;

static bool pair_before(const nnrt_pair *a, const nnrt_pair *b) {
  return a->score > b->score || (a->score == b->score && a->left < b->left);
}

static void heap_push(nnrt_encoder *e, nnrt_pair pair) {
  int64_t i = e->nheap++;
  for (; i > 0 && pair_before(&pair, &e->heap[(i - 1) / 2]); i = (i - 1) / 2) e->heap[i] = e->heap[(i - 1) / 2];
  e->heap[i] = pair;
}

static nnrt_pair heap_pop(nnrt_encoder *e) {
  nnrt_pair best = e->heap[0], last = e->heap[--e->nheap];
  int64_t i = 0;
  for (int64_t k = 1; k < e->nheap; k = 2 * i + 1) {
    if (k + 1 < e->nheap && pair_before(&e->heap[k + 1], &e->heap[k])) k++;
    if (!pair_before(&e->heap[k], &last)) break;
    e->heap[i] = e->heap[k];
    i = k;
  }
  e->heap[i] = last;
  return best;
}

static void pair_add(nnrt_encoder *e, int32_t left, int32_t right) {
  const nnrt_tokens *t = e->t;
  unsigned char both[2 * TOKENS_PIECE];
  if (left < 0 || right < 0) return;
  int32_t of_left = e->links[left].token, of_right = e->links[right].token;
  const nnrt_piece *a = &t->pieces[of_left], *b = &t->pieces[of_right];
  if (a->bytes + b->bytes > t->longest) return;
  memcpy(both, t->text + a->at, (size_t)a->bytes);
  memcpy(both + a->bytes, t->text + b->at, (size_t)b->bytes);
  int32_t joined = *piece_slot(t, both, a->bytes + b->bytes);
  if (joined >= 0) heap_push(e, (nnrt_pair){t->pieces[joined].score, left, right, joined, of_left, of_right});
}

static void link_add(nnrt_encoder *e, int32_t token) {
  e->links[e->n] = (nnrt_link){token, (int32_t)e->n - 1, (int32_t)e->n + 1};
  e->n++;
}

/* Its token, else those of its bytes, else <unk>. */
static int character_add(nnrt_encoder *e, const unsigned char *s, int n, int64_t at) {
  int32_t token = *piece_slot(e->t, s, n);
  if (token >= 0) return link_add(e, token), NNRT_GOOD;
  bool bytes = true;
  for (int i = 0; i < n; i++) bytes = bytes && e->t->of_byte[s[i]] >= 0;
  if (!bytes && e->t->unknown < 0)
    return nnrt_fail(e->error, NNRT_FAILED,
                     "%s: has neither '%.*s', the character at byte %lld, nor its bytes, nor <unk>", e->t->path, n,
                     (const char *)s, (long long)at);
  if (!bytes) return link_add(e, e->t->unknown), NNRT_GOOD;
  for (int i = 0; i < n; i++) link_add(e, e->t->of_byte[s[i]]);
  return NNRT_GOOD;
}

static int characters_add(nnrt_encoder *e, const unsigned char *s, int64_t n) {
  if (n && e->t->blank >= 0) link_add(e, e->t->blank);
  for (int64_t i = 0, bytes; i < n; i += bytes) {
    for (bytes = 1; bytes < 4 && i + bytes < n && (s[i + bytes] & 0xC0) == 0x80;) bytes++;
    NNRT_TRY(character_add(e, s + i, (int)bytes, i));
  }
  if (e->n) e->links[e->n - 1].next = -1;
  return NNRT_GOOD;
}

/* The pair of the heap, if its two are what they were. The left one stays, as both. */
static void pair_join(nnrt_encoder *e, nnrt_pair p) {
  nnrt_link *left = &e->links[p.left], *right = &e->links[p.right];
  if (left->token != p.left_token || right->token != p.right_token || left->next != p.right) return;
  left->token = p.joined;
  left->next = right->next;
  right->token = -1;
  if (left->next >= 0) e->links[left->next].before = p.left;
  pair_add(e, left->before, p.left);
  pair_add(e, p.left, left->next);
}

static int encoder_run(nnrt_encoder *e, const char *text, int64_t n, int32_t **to, int64_t *count) {
  NNRT_TRY(nnrt_alloc_raw(e->error, &e->links, (n + 1) * (int64_t)sizeof *e->links, "the tokens of a text"));
  NNRT_TRY(nnrt_alloc_raw(e->error, &e->heap, (3 * n + 3) * (int64_t)sizeof *e->heap, "the tokens of a text"));
  NNRT_TRY(characters_add(e, (const unsigned char *)text, n));
  for (int32_t i = 0; i + 1 < e->n; i++) pair_add(e, i, i + 1);
  while (e->nheap) pair_join(e, heap_pop(e));
  NNRT_TRY(nnrt_alloc_raw(e->error, to, (e->n + 1) * (int64_t)sizeof **to, "the tokens of a text"));
  *count = 0;
  for (int64_t i = e->n ? 0 : -1; i >= 0; i = e->links[i].next) (*to)[(*count)++] = e->links[i].token;
  return NNRT_GOOD;
}

/* The tokens of a text of n bytes, *to to be freed. */
int nnrt_tokens_of(nnrt_error *error, const nnrt_tokens *t, const char *text, int64_t n, int32_t **to, int64_t *count) {
  nnrt_encoder e = {.t = t, .error = error};
  *to = NULL;
  if (n > TOKENS_TEXT)
    return nnrt_fail(error, NNRT_FAILED, "%s: a text of %lld bytes is cut into tokens; at most %d are", t->path,
                     (long long)n, TOKENS_TEXT);
  int status = encoder_run(&e, text, n, to, count);
  free(e.links);
  free(e.heap);
  return status;
}

/* ---- from tokens to text ---- */
/* The text of a token into `to`, of nnrt_tokens_longest bytes; how many they are. *begins: nothing but marks stood in
 * front of it, and then still does. */
int nnrt_tokens_text(const nnrt_tokens *t, int64_t token, bool *begins, char *to) {
  if (token < 0 || token >= t->n) return 0;
  const nnrt_piece *p = &t->pieces[token];
  const unsigned char *s = t->text + p->at;
  if (p->mark) return *begins = true, 0;
  int skip = *begins && p->byte < 0 && *s == ' ';
  *begins = false;
  if (p->byte >= 0) return to[0] = (char)p->byte, 1;
  memcpy(to, s + skip, (size_t)(p->bytes - skip));
  return p->bytes - skip;
}
