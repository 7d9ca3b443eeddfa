/* status.c: the message slot, memory, time, small texts, and the dtypes as the host sees them.
 *
 * Everything here is used by the other files of host/ and depends on none of them. Texts go into buffers of their
 * caller: what runs between two steps must not allocate. */
#include "host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* ---- errors ---- */
/* The beginning and the end of a text that is too long for an error: a path stands in the middle, what is wrong with it
 * behind. Characters stay whole. */
static void text_shorten(char *to, size_t size, const char *text, size_t n) {
  size_t head = size / 2 - 2, tail = n - head;
  while (head > 0 && (text[head] & 0xC0) == 0x80) head--;
  while (tail < n && (text[tail] & 0xC0) == 0x80) tail++;
  snprintf(to, size, "%.*s…%s", (int)head, text, text + tail);
}

int nnrt_fail(nnrt_error *error, int status, const char *format, ...) {
  char text[2 * NNRT_PATH_MAX];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  size_t n = strlen(text);
  if (n < sizeof error->text)
    memcpy(error->text, text, n + 1);
  else
    text_shorten(error->text, sizeof error->text, text, n);
  return error->status = status;
}

/* `pointer` is the address of a pointer of any type. Large blocks lie on huge pages where the system has them: arenas
 * are walked end to end in every step. */
int nnrt_alloc_raw(nnrt_error *error, void *pointer, int64_t bytes, const char *what) {
  void *memory = NULL;
  size_t size = bytes > 0 ? (size_t)bytes : 1, huge = (size_t)2 << 20;
  if (bytes < 0 || (uint64_t)bytes > SIZE_MAX / 2 || posix_memalign(&memory, size >= huge ? huge : 64, size))
    return nnrt_fail(error, NNRT_FAILED, "no memory for %s: %lld bytes", what, (long long)bytes);
#if defined(MADV_HUGEPAGE)
  if (size >= huge) madvise(memory, size, MADV_HUGEPAGE); /* a wish: refusing it changes nothing */
#endif
  memcpy(pointer, &memory, sizeof memory);
  return NNRT_GOOD;
}

int nnrt_alloc(nnrt_error *error, void *pointer, int64_t bytes, const char *what) {
  void *memory = NULL;
  NNRT_TRY(nnrt_alloc_raw(error, &memory, bytes, what));
  memset(memory, 0, bytes > 0 ? (size_t)bytes : 1);
  memcpy(pointer, &memory, sizeof memory);
  return NNRT_GOOD;
}

double nnrt_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- texts ---- */
int nnrt_text(char *to, int size, int at, const char *format, ...) {
  if (at >= size - 1) return at;
  va_list list;
  va_start(list, format);
  int n = vsnprintf(to + at, (size_t)(size - at), format, list);
  va_end(list);
  return n < 0 ? at : n < size - at ? at + n : size - 1;
}

const char *nnrt_grouped(char to[32], int64_t n) {
  char digits[24];
  int length = snprintf(digits, sizeof digits, "%lld", (long long)(n < 0 ? -n : n)), at = 0;
  if (n < 0) to[at++] = '-';
  for (int i = 0; i < length; i++) {
    if (i && (length - i) % 3 == 0) to[at++] = ',';
    to[at++] = digits[i];
  }
  to[at] = 0;
  return to;
}

int nnrt_shape_text(char *to, int size, int rank, const int64_t *dims) {
  int n = nnrt_text(to, size, 0, "[");
  for (int i = 0; i < rank; i++) n = nnrt_text(to, size, n, i ? ",%lld" : "%lld", (long long)dims[i]);
  return nnrt_text(to, size, n, "]");
}

/* Bytes of the UTF-8 character at `at` (RFC 3629); 0: there is none. */
int nnrt_character(const char *text) {
  const unsigned char *at = (const unsigned char *)text, lead = at[0];
  int n = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  for (int i = 1; i < n; i++)
    if ((at[i] & 0xC0) != 0x80) return 0;
  bool too_long = (lead == 0xE0 && at[1] < 0xA0) || (lead == 0xF0 && at[1] < 0x90);
  bool no_character = (lead == 0xED && at[1] > 0x9F) || (lead == 0xF4 && at[1] > 0x8F);
  return too_long || no_character ? 0 : n;
}

/* A name for people: a ? for what cannot be shown. */
int nnrt_name_text(char *to, int size, int at, const char *name) {
  while (*name) {
    int n = nnrt_character(name);
    bool shown = n && (unsigned char)*name >= 32 && *name != 127;
    if (at + n >= size) return at;
    at = shown ? nnrt_text(to, size, at, "%.*s", n, name) : nnrt_text(to, size, at, "?");
    name += n ? n : 1;
  }
  return at;
}

/* Characters of a text in UTF-8. */
int nnrt_characters(const char *text) {
  int n = 0;
  for (; *text; text++) n += (*text & 0xC0) != 0x80;
  return n;
}

/* What stands between the quotes of a text in JSON. */
int nnrt_json_text(char *to, int size, int at, const char *text) {
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      at = nnrt_text(to, size, at, "\\%c", *text);
    else if ((unsigned char)*text < 32)
      at = nnrt_text(to, size, at, "\\u%04x", *text);
    else
      at = nnrt_text(to, size, at, "%c", *text);
  }
  return at;
}

bool nnrt_path_ends(const char *path, const char *end) {
  size_t n = strlen(path), m = strlen(end);
  return n > m && !strcmp(path + n - m, end);
}

unsigned char *nnrt_low_put(unsigned char *to, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; i++) *to++ = (unsigned char)(number >> 8 * i);
  return to;
}

uint64_t nnrt_low(const unsigned char *at, int bytes) {
  uint64_t number = 0;
  for (int i = bytes - 1; i >= 0; i--) number = number << 8 | at[i];
  return number;
}

/* Edit distance with neighbours exchanged counted once (optimal string alignment); words over 31 letters are far. */
static int word_distance(const char *a, const char *b) {
  int n = (int)strlen(a), m = (int)strlen(b), d[32][32];
  if (n > 31 || m > 31) return 99;
  for (int i = 0; i <= n; i++)
    for (int j = 0; j <= m; j++) {
      if (!i || !j) {
        d[i][j] = i + j;
        continue;
      }
      int same = a[i - 1] == b[j - 1], best = d[i - 1][j - 1] + !same;
      if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
      if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
        best = d[i - 2][j - 2] + 1;
      d[i][j] = best;
    }
  return d[n][m];
}

const char *nnrt_nearest(const char *word, int n, const char *const *words) {
  const char *nearest = NULL;
  int best = (int)strlen(word) / 3 + 1;
  for (int i = 0; i < n; i++) {
    int distance = word_distance(word, words[i]);
    if (distance <= best && (!nearest || distance < best)) best = distance, nearest = words[i];
  }
  return nearest;
}

/* ---- dtypes ---- */
static const struct dtype_row {
  const char *name;
  int bytes;
} dtype_rows[] = {{"f32", 4}, {"f64", 8}, {"f16", 2}, {"bf16", 2}, {"i32", 4},
                  {"i64", 8}, {"u32", 4}, {"u8", 1},  {"bool", 1}};
enum { DTYPES = sizeof dtype_rows / sizeof dtype_rows[0] };

int nnrt_dtype_bytes(int dtype) { return dtype >= 0 && dtype < (int)DTYPES ? dtype_rows[dtype].bytes : 0; }
int nnrt_dtype_is_float(int dtype) {
  return dtype == NNRT_f32 || dtype == NNRT_f64 || dtype == NNRT_f16 || dtype == NNRT_bf16;
}
const char *nnrt_dtype_name(int dtype) { return dtype >= 0 && dtype < (int)DTYPES ? dtype_rows[dtype].name : "?"; }

/* ---- half precision: nearest even on the way in, exact on the way out ---- */
static double half_value(uint16_t h) {
  int e = h >> 10 & 31, m = h & 1023;
  double x = e == 31 ? (m ? NAN : INFINITY) : e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
  return h >> 15 ? -x : x;
}

static uint16_t half_bits(double x) {
  uint16_t sign = signbit(x) ? 0x8000 : 0;
  x = fabs(x);
  if (isnan(x)) return 0x7E00;
  if (x == 0) return sign;
  if (x >= 65520) return sign | 0x7C00;
  int e;
  frexp(x, &e);
  if (e < -13) e = -13; /* below 2^-14 the spacing stays 2^-24 */
  double units = nearbyint(ldexp(x, 11 - e));
  return sign | (uint16_t)(((e + 13) << 10) + (int)units);
}

static double bfloat_value(uint16_t h) {
  uint32_t bits = (uint32_t)h << 16;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static uint16_t bfloat_bits(double value) {
  float x = (float)value;
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (isnan(x)) return 0x7FC0;
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/* ---- one element ---- */
#define NNRT_LOAD(T)                                                                                                   \
  T x;                                                                                                                 \
  memcpy(&x, at, sizeof x);                                                                                            \
  return (double)x

double nnrt_element(int dtype, const void *at) {
  switch (dtype) {
  case NNRT_f32: {
    NNRT_LOAD(float);
  }
  case NNRT_f64: {
    NNRT_LOAD(double);
  }
  case NNRT_i32: {
    NNRT_LOAD(int32_t);
  }
  case NNRT_i64: {
    NNRT_LOAD(int64_t);
  }
  case NNRT_u32: {
    NNRT_LOAD(uint32_t);
  }
  case NNRT_f16:
  case NNRT_bf16: {
    uint16_t h;
    memcpy(&h, at, sizeof h);
    return dtype == NNRT_f16 ? half_value(h) : bfloat_value(h);
  }
  default: return *(const unsigned char *)at;
  }
}

#define NNRT_STORE(T, v)                                                                                               \
  do {                                                                                                                 \
    T x = (T)(v);                                                                                                      \
    memcpy(at, &x, sizeof x);                                                                                          \
  } while (0)

static double element_within(double x, double low, double high) { return !(x > low) ? low : x < high ? x : high; }

void nnrt_element_set(int dtype, void *at, double value) {
  switch (dtype) {
  case NNRT_f32: NNRT_STORE(float, value); break;
  case NNRT_f64: NNRT_STORE(double, value); break;
  case NNRT_i32: NNRT_STORE(int32_t, element_within(value, INT32_MIN, INT32_MAX)); break;
  case NNRT_i64: NNRT_STORE(int64_t, element_within(value, -0x1p63, 0x1.fffffffffffffp62)); break;
  case NNRT_u32: NNRT_STORE(uint32_t, element_within(value, 0, UINT32_MAX)); break;
  case NNRT_f16: NNRT_STORE(uint16_t, half_bits(value)); break;
  case NNRT_bf16: NNRT_STORE(uint16_t, bfloat_bits(value)); break;
  case NNRT_u8: NNRT_STORE(uint8_t, element_within(value, 0, 255)); break;
  default: NNRT_STORE(uint8_t, value != 0);
  }
}

/* JSON has no NaN and no infinity: they are written as texts. */
int nnrt_element_text(char *to, int size, int dtype, const void *at) {
  if (dtype == NNRT_i64) {
    int64_t i;
    memcpy(&i, at, sizeof i);
    return nnrt_text(to, size, 0, "%lld", (long long)i);
  }
  double x = nnrt_element(dtype, at);
  if (dtype == NNRT_bool) return nnrt_text(to, size, 0, x != 0 ? "true" : "false");
  if (isnan(x)) return nnrt_text(to, size, 0, "\"nan\"");
  if (isinf(x)) return nnrt_text(to, size, 0, x > 0 ? "\"inf\"" : "\"-inf\"");
  return nnrt_text(to, size, 0, dtype == NNRT_f32 ? "%.9g" : "%.17g", x);
}
