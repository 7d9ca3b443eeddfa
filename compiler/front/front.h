/* front.h: the way in: a model file in Lua becomes a Module (graph/graph.h).
 *
 * front_load runs the file once in a sandboxed Lua 5.4 state (sandbox.c) that knows `require "nn"`: the core in C
 * (core.c, trace.c) and the library in Lua (prelude/). Every error is a diagnostic of base.h and ends the run; nothing
 * of the Lua state outlives the call except what lies in the arena. */
#ifndef NNC_FRONT_H
#define NNC_FRONT_H

#include "../graph/graph.h"

typedef struct FrontDefine {
  const char *name, *value; /* -D name=value; value NULL: -D name, which is "true" */
} FrontDefine;

typedef struct FrontOptions {
  const char *path; /* of the model, as the user wrote it: it stands in every message */
  const FrontDefine *defines;
  int ndefines;
  DType float_dtype; /* --float: the default float of the model */
  const char *watch; /* --watch: a glob, the default of nn.train's `watch`; or NULL */
} FrontOptions;

Module *front_load(Arena *arena, const FrontOptions *options);
#endif
