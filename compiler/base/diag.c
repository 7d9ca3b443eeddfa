/* diag.c: diagnostics: three voices and warnings, notes, the source line, and the jump out of the run (STYLE.md 2.3).
 *
 * The first error ends the run: it is printed as
 *     model.lua:17: matmul: inner sizes differ: h [32,128] x w2 [64,10] (128 vs 64)
 *        17 | local z = h:matmul(w2)
 *     model.lua:12: note: h [32,128] was made here
 * and control goes to the frame that called setjmp on diag_guard(). A compiler run is one thread, so the state here is
 * static: nothing else in the compiler has any. */
#include "base.h"

#include <stdarg.h>
#include <stdlib.h>

static const char *const message_format[MSG_COUNT] = {
#define MSG(id, format) format,
#include "messages.def"
#undef MSG
};

enum { NOTE_MAX = 8, SOURCE_MAX = 64 };
static struct {
  jmp_buf guard;
  int exit_code;
  FILE *out;
  const char *pass;
  struct {
    Loc loc;
    char text[512];
  } note[NOTE_MAX];
  int notes;
  struct {
    const char *file, *text;
    size_t n;
  } source[SOURCE_MAX];
  int sources;
} diag;

jmp_buf *diag_guard(void) {
  diag.notes = 0;
  diag.exit_code = 0;
  return &diag.guard;
}
int diag_exit_code(void) { return diag.exit_code; }
void diag_pass(const char *name) { diag.pass = name; }
void diag_stream(FILE *out) { diag.out = out; }

void diag_source(const char *file, const char *text, size_t n) {
  if (diag.sources == SOURCE_MAX) diag.sources = 0;
  diag.source[diag.sources].file = file;
  diag.source[diag.sources].text = text;
  diag.source[diag.sources++].n = n;
}

const char *loc_text(Arena *arena, Loc loc) {
  return loc.file ? arena_printf(arena, "%s:%d%s%s", loc.file, loc.line, loc.via ? " in " : "", loc.via ? loc.via : "")
                  : "";
}

static FILE *stream(void) { return diag.out ? diag.out : stderr; }

static void print_place(Loc loc) {
  if (loc.file) fprintf(stream(), loc.line > 0 ? "%s:%d: " : "%s: ", loc.file, loc.line);
}

static void print_source_line(Loc loc) {
  for (int i = diag.sources - 1; loc.file && i >= 0; --i) {
    if (strcmp(diag.source[i].file, loc.file)) continue;
    const char *p = diag.source[i].text, *end = p + diag.source[i].n;
    for (int line = 1; line < loc.line && p < end; ++line) {
      p = memchr(p, '\n', (size_t)(end - p));
      if (!p) return;
      ++p;
    }
    const char *stop = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    int n = (int)((stop ? stop : end) - p);
    if (loc.line > 0 && n > 0) fprintf(stream(), "%5d | %.*s\n", loc.line, n > 200 ? 200 : n, p);
    return;
  }
}

static void print_via(Loc loc) {
  if (loc.via) fprintf(stream(), "        (in %s)\n", loc.via);
}

void diag_note(Loc loc, MsgId id, ...) {
  if (diag.notes == NOTE_MAX) return;
  va_list args;
  va_start(args, id);
  vsnprintf(diag.note[diag.notes].text, sizeof diag.note[0].text, message_format[id], args);
  va_end(args);
  diag.note[diag.notes++].loc = loc;
}

static void print_notes(void) {
  for (int i = 0; i < diag.notes; ++i) {
    print_place(diag.note[i].loc);
    fprintf(stream(), "note: %s\n", diag.note[i].text);
    print_source_line(diag.note[i].loc);
  }
  diag.notes = 0;
}

static _Noreturn void leave(int exit_code) {
  fflush(stream());
  diag.exit_code = exit_code;
  longjmp(diag.guard, 1);
}

static void report(Loc loc, const char *voice, MsgId id, va_list args) {
  print_place(loc);
  fputs(voice, stream());
  vfprintf(stream(), message_format[id], args);
  fputc('\n', stream());
  print_source_line(loc);
  print_via(loc);
  print_notes();
}

void warning(Loc loc, MsgId id, ...) {
  va_list args;
  va_start(args, id);
  report(loc, "warning: ", id, args);
  va_end(args);
}

_Noreturn void user_error(Loc loc, MsgId id, ...) {
  va_list args;
  va_start(args, id);
  report(loc, loc.file ? "" : "nnc: ", id, args);
  va_end(args);
  leave(1);
}

_Noreturn void limit(Loc loc, MsgId id, ...) {
  va_list args;
  va_start(args, id);
  report(loc, loc.file ? "not supported yet: " : "nnc: not supported yet: ", id, args);
  va_end(args);
  leave(1);
}

_Noreturn void usage_error(MsgId id, ...) {
  va_list args;
  va_start(args, id);
  report((Loc){NULL, 0, NULL}, "nnc: ", id, args);
  va_end(args);
  fputs("usage: nnc model.lua -o OUTPUT [options]; nnc --help lists them\n", stream());
  leave(2);
}

_Noreturn void bug(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stream(), "nnc: internal error%s%s: ", diag.pass ? " in " : "", diag.pass ? diag.pass : "");
  vfprintf(stream(), format, args);
  fputs("\nThis is a bug in nnc; please report it with the model.\n", stream());
  va_end(args);
  leave(3);
}

/* Edit distance (Levenshtein), cut at 24 characters. */
static int distance(const char *a, const char *b) {
  enum { CUT = 24 };
  int row[CUT + 1], n = (int)strlen(b);
  if (n > CUT || strlen(a) > CUT) return CUT;
  for (int j = 0; j <= n; ++j) row[j] = j;
  for (int i = 1; a[i - 1]; ++i) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= n; ++j) {
      int best = diagonal + (a[i - 1] != b[j - 1]);
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row[n];
}

const char *diag_nearest(const char *word, const char *const *words, int n) {
  const char *best = NULL;
  int least = (int)strlen(word) / 2 + 1;
  for (int i = 0; i < n; ++i) {
    int d = distance(word, words[i]);
    if (d < least) {
      least = d;
      best = words[i];
    }
  }
  return best;
}
