/* base.h: what every room of the compiler stands on: an arena, vectors, a string map, an interning table, a growing
 * text, files, and diagnostics. Nothing here knows about tensors.
 *
 * Memory: everything is allocated from arenas and freed with them, at the end. No function returns NULL for want of
 * memory; when the system has none, the program ends with one line (voice: limit).
 *
 * Errors have three voices (STYLE.md 2.3): user_error (the model or the command line is wrong), limit (valid, but not
 * supported), bug (ours). The first error ends the run: it prints and jumps to the frame that diag_guard set. */
#ifndef NNC_BASE_H
#define NNC_BASE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- arena ---- */
typedef struct Arena Arena;
void memory_settle(void); /* once, first of all: large blocks come from the system and go back to it */
Arena *arena_new(void);
Arena *arena_part(Arena *of);   /* freed with `of` at the latest; what it holds goes before by arena_clear */
void arena_clear(Arena *arena); /* frees all that it holds, and keeps it for new things */
void arena_free(Arena *arena);
void *arena_alloc(Arena *arena, size_t bytes); /* zeroed, aligned to 16 */
char *arena_strndup(Arena *arena, const char *text, size_t n);
char *arena_strdup(Arena *arena, const char *text);
char *arena_printf(Arena *arena, const char *format, ...);
#define NEW(arena, T) ((T *)arena_alloc((arena), sizeof(T)))
#define NEW_N(arena, T, n) ((T *)arena_alloc((arena), sizeof(T) * (size_t)(n)))

/* ---- vectors: `VEC(Node *) nodes;` then vec_push(arena, nodes, x), nodes.at[i], nodes.n.
 * x is evaluated after room was made: it must not itself push to the same vector. ---- */
#define VEC(T)                                                                                                         \
  struct {                                                                                                             \
    T *at;                                                                                                             \
    int n, cap;                                                                                                        \
  }
void *vec_grow(Arena *arena, void *at, int n, int *cap, size_t size); /* room for one more */
#define vec_push(arena, v, x)                                                                                          \
  ((v).at = vec_grow((arena), (v).at, (v).n, &(v).cap, sizeof *(v).at), (v).at[(v).n++] = (x))

/* ---- map from strings to pointers; walking it in order of insertion is deterministic ---- */
typedef struct Map {
  Arena *arena;
  struct MapSlot {
    const char *key;
    void *value;
  } * slots; /* in order of insertion */
  int n, cap;
  int *index;
  int index_cap;
} Map;
void map_init(Map *map, Arena *arena);
void *map_get(const Map *map, const char *key); /* NULL when absent */
void map_put(Map *map, const char *key, void *value);

/* ---- intern: equal bytes give the same pointer; the key is copied ---- */
typedef struct Intern {
  Arena *arena;
  struct InternSlot {
    uint64_t hash;
    const void *key;
    size_t bytes;
    void *value;
  } * slots;
  size_t n, cap;
} Intern;
void intern_init(Intern *table, Arena *arena);
void **intern_slot(Intern *table, const void *key, size_t bytes); /* *slot is NULL when the key is new: fill it */
uint64_t hash_bytes(const void *bytes, size_t n);                 /* FNV-1a, 64 bit */

/* ---- text: a string that grows; two spaces a level of indent at the start of each line ---- */
typedef struct Text {
  Arena *arena;
  char *at;
  size_t n, cap;
  int indent;
  bool mid_line;
} Text;
void text_init(Text *text, Arena *arena);
void text_printf(Text *text, const char *format, ...);
void text_puts(Text *text, const char *s);
const char *text_str(Text *text); /* zero-terminated, valid until the next write */
bool text_is_name(const char *s); /* can it name what goes into files and is shown? */

/* ---- files ---- */
char *file_read(Arena *arena, const char *path, size_t *bytes); /* NULL with errno set */
bool file_write(const char *path, const char *bytes, size_t n); /* beside, then renamed; false with errno set */

/* ---- exact float text: shortest decimal that reads back to the same double (or float) ---- */
const char *text_f64(Arena *arena, double x); /* "inf", "-inf", "nan" for the specials */
const char *text_f32(Arena *arena, float x);

/* ---- diagnostics ---- */
typedef struct Loc {
  const char *file; /* NULL: no place in a model */
  int line;
  const char *via; /* the prelude function through which the user's line made it ("nn.Linear"), or NULL */
} Loc;
const char *loc_text(Arena *arena, Loc loc); /* "model.lua:7 in nn.gelu"; "": made by no line of the model */

typedef enum MsgId {
#define MSG(id, format) MSG_##id,
#include "messages.def"
#undef MSG
  MSG_COUNT
} MsgId;

/* Notes are queued and printed after the next error: "  model.lua:12: h [32,128] was made here". */
void diag_note(Loc loc, MsgId id, ...);
void warning(Loc loc, MsgId id, ...);              /* printed; the run goes on */
_Noreturn void user_error(Loc loc, MsgId id, ...); /* exit code 1 */
_Noreturn void usage_error(MsgId id, ...);         /* wrong command line; exit code 2 */
_Noreturn void limit(Loc loc, MsgId id, ...);      /* exit code 1 */
_Noreturn void bug(const char *format, ...);       /* exit code 3; names the pass that runs (diag_pass) */

/* One guard is active at a time: `if (setjmp(*diag_guard()) == 0) … else code = diag_exit_code();` */
jmp_buf *diag_guard(void);
int diag_exit_code(void);
void diag_pass(const char *name);                                            /* what `bug` names */
void diag_source(const char *file, const char *text, size_t n);              /* so that errors can show the line */
void diag_stream(FILE *out);                                                 /* default stderr; tests redirect */
const char *diag_nearest(const char *word, const char *const *words, int n); /* for "did you mean", or NULL */
#endif
