/* text.c: a string that grows, exact float text, and files.
 *
 * Text indents by two spaces a level at the start of each line; emitters and printers write through it alone.
 * text_f64 and text_f32 give the shortest decimal that reads back to the same number. */
#include "base.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

void text_init(Text *text, Arena *arena) { *text = (Text){.arena = arena}; }

static void text_room(Text *text, size_t more) {
  if (text->n + more + 1 <= text->cap) return;
  size_t cap = text->cap ? text->cap : 1024;
  while (cap < text->n + more + 1) cap *= 2;
  char *at = arena_alloc(text->arena, cap);
  if (text->n) memcpy(at, text->at, text->n);
  text->at = at;
  text->cap = cap;
}

static void text_char(Text *text, char c) {
  text_room(text, 1);
  text->at[text->n++] = c;
}

void text_puts(Text *text, const char *s) {
  for (; *s; ++s) {
    if (!text->mid_line && *s != '\n')
      for (int i = 0; i < 2 * text->indent; ++i) text_char(text, ' ');
    text->mid_line = *s != '\n';
    text_char(text, *s);
  }
}

void text_printf(Text *text, const char *format, ...) {
  char small[512];
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(small, sizeof small, format, args);
  va_end(args);
  if ((size_t)n < sizeof small) {
    text_puts(text, small);
  } else {
    char *large = arena_alloc(text->arena, (size_t)n + 1);
    vsnprintf(large, (size_t)n + 1, format, again);
    text_puts(text, large);
  }
  va_end(again);
}

const char *text_str(Text *text) {
  text_room(text, 0);
  text->at[text->n] = 0;
  return text->at;
}

/* ---- names ---- */
/* Bytes of the character of UTF-8 at s (RFC 3629), which is no control character; 0: there is none such. */
static int character_shown(const unsigned char *s) {
  int n = *s < 0x80 ? 1 : *s < 0xC2 ? 0 : *s < 0xE0 ? 2 : *s < 0xF0 ? 3 : *s < 0xF5 ? 4 : 0;
  for (int i = 1; i < n; ++i)
    if ((s[i] & 0xC0) != 0x80) return 0;
  bool control = *s < 0x20 || *s == 0x7F || (*s == 0xC2 && s[1] < 0xA0);
  bool too_long = (*s == 0xE0 && s[1] < 0xA0) || (*s == 0xF0 && s[1] < 0x90);
  bool no_character = (*s == 0xED && s[1] > 0x9F) || (*s == 0xF4 && s[1] > 0x8F);
  return control || too_long || no_character ? 0 : n;
}

/* Files of weights, the log and TensorBoard hold names as UTF-8; the runtime's readers take NAME_BYTES of one. */
bool text_is_name(const char *s) {
  enum { NAME_BYTES = 255 };
  size_t n = strlen(s);
  if (!n || n > NAME_BYTES) return false;
  for (int bytes; *s; s += bytes)
    if (!(bytes = character_shown((const unsigned char *)s))) return false;
  return true;
}

static const char *float_special(double x) { return isnan(x) ? "nan" : x > 0 ? "inf" : "-inf"; }

static const char *shortest(Arena *arena, double x, bool wide) {
  if (!isfinite(x)) return float_special(x);
  char buffer[40];
  int sure = wide ? DBL_DIG : FLT_DIG, most = wide ? DBL_DECIMAL_DIG : FLT_DECIMAL_DIG;
  /* So many digits come back as they are from a number that is not subnormal (C17 5.2.4.2.2): the shortest text has
   * fewer only if this one, without its zeros at the end, has. */
  bool normal = fabs(x) >= (wide ? DBL_MIN : (double)FLT_MIN);
  int digits = 1;
  if (normal) {
    snprintf(buffer, sizeof buffer, "%.*e", sure - 1, x);
    const char *last = strchr(buffer, 'e') - 1;
    for (digits = sure; *last == '0'; --last) --digits;
  }
  for (; digits <= most; digits = normal && digits < sure ? sure + 1 : digits + 1) {
    snprintf(buffer, sizeof buffer, "%.*g", digits, x);
    if (wide ? strtod(buffer, NULL) == x : strtof(buffer, NULL) == (float)x) break;
  }
  return arena_strdup(arena, buffer);
}

const char *text_f64(Arena *arena, double x) { return shortest(arena, x, true); }

const char *text_f32(Arena *arena, float x) { return shortest(arena, (double)x, false); }

char *file_read(Arena *arena, const char *path, size_t *bytes) {
  FILE *f = fopen(path, "rb");
  if (!f) return NULL;
  size_t n = 0, cap = 1 << 16;
  char *at = arena_alloc(arena, cap + 1);
  for (size_t got; (got = fread(at + n, 1, cap - n, f)) > 0;) {
    n += got;
    if (n < cap) continue;
    char *more = arena_alloc(arena, 2 * cap + 1);
    memcpy(more, at, n);
    at = more;
    cap *= 2;
  }
  int failed = ferror(f) ? errno : 0;
  fclose(f);
  errno = failed ? failed : 0;
  if (failed) return NULL;
  at[n] = 0;
  *bytes = n;
  return at;
}

bool file_write(const char *path, const char *bytes, size_t n) {
  size_t length = strlen(path);
  char *beside = malloc(length + 5);
  if (!beside) return false;
  memcpy(beside, path, length);
  memcpy(beside + length, ".new", 5);
  FILE *f = fopen(beside, "wb");
  bool good = f != NULL;
  if (f) {
    good = fwrite(bytes, 1, n, f) == n;
    good = (fclose(f) == 0) && good;
  }
  good = good && rename(beside, path) == 0;
  int failed = errno;
  if (!good && f) remove(beside);
  free(beside);
  errno = failed;
  return good;
}
