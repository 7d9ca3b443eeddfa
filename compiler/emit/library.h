/* library.h: the description of a model as a library (nnc --lib), made once (library.c) for its header
 * (library_header.c) and for the functions at the end of its C file (library_code.c), so that they agree. */
#ifndef NNC_EMIT_LIBRARY_H
#define NNC_EMIT_LIBRARY_H

#include "print.h"

typedef struct Argument {
  const char *name, *shape;
  const Input *input;
} Argument;

typedef struct Result {
  const char *name, *shape;
  const Output *output;
} Result;

typedef struct Entry {
  const Func *func;
  const char *name, *outputs, *rows; /* function, type of its results, constant with its batch */
  VEC(Argument) arguments;
  VEC(Result) results;
} Entry;

struct Library {
  Sheet *sheet;
  Arena *arena;
  const Program *program;                                /* of the first kernel set: entries are the same in all */
  const char *model, *upper, *layout, *outputs, *chosen; /* chosen: the function that takes the kernel set */
  const char *vocabulary;                                /* of the first source that has one, or NULL */
  VEC(Entry) entries;
  VEC(int) hypers; /* that an entry reads */
  VEC(const char *) setters;
  bool total_steps;                                                      /* an entry reads it */
  int64_t latest, values, params, state, scratch, input, *output, bytes; /* places in a context; its size */
};

enum { LIBRARY_HEAD = 2048 }; /* NNRT_LIBRARY_HEAD, with which the emitted file compares it */

const char *library_type(DType dtype);                     /* in the interface */
const char *library_signature(Library *l, const Entry *e); /* of the function, without a semicolon */
bool library_is_array(const Argument *a);                  /* is it handed in by address? */
#endif
