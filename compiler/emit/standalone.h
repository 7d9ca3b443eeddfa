/* standalone.h: the runtime's sources as text inside nnc; emit.cmake makes the definitions from runtime/standalone.txt.
 */
#ifndef NNC_EMIT_STANDALONE_H
#define NNC_EMIT_STANDALONE_H

typedef struct StandaloneFile {
  const char *path; /* in the source tree: "runtime/core/fma.c" */
  const char *text;
} StandaloneFile;
extern const StandaloneFile standalone_files[];
extern const int standalone_count;
#endif
