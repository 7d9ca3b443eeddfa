/* caught.h: runs something that may end in a diagnostic and gives back the text and the exit code. */
#ifndef NNC_TEST_CAUGHT_H
#define NNC_TEST_CAUGHT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "graph/graph.h"

typedef struct Caught {
  int code; /* 0: nothing was raised */
  char text[4096];
} Caught;

/* `run` gets `context`; what it raises lands in *c. */
static inline void catch_error(Caught *c, void (*run)(void *), void *context) {
  FILE *f = tmpfile();
  if (!f) fail_msg("no temporary file");
  c->code = 0;
  diag_stream(f);
  if (setjmp(*diag_guard()) == 0)
    run(context);
  else
    c->code = diag_exit_code();
  diag_stream(NULL);
  rewind(f);
  c->text[fread(c->text, 1, sizeof c->text - 1, f)] = 0;
  fclose(f);
}

#define assert_contains(text, part)                                                                                    \
  do {                                                                                                                 \
    if (!strstr((text), (part))) fail_msg("'%s' is not in: %s", (part), (text));                                       \
  } while (0)
#endif
