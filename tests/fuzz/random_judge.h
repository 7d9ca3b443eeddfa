/* random_judge.h: everything that must hold for a module of random functions, from text to bits. */
#ifndef NNC_RANDOM_JUDGE_H
#define NNC_RANDOM_JUDGE_H

#include "graph/graph.h"

#define VERDICTS(V)                                                                                                    \
  V(good, "good")                                                                                                      \
  V(text, "text does not round-trip")                                                                                  \
  V(passes, "passes change values")                                                                                    \
  V(compiler, "the compiler refuses")                                                                                  \
  V(crash, "the compiler crashes")                                                                                     \
  V(cc, "cc refuses the emitted C")                                                                                    \
  V(run, "the emitted C program fails")                                                                                \
  V(value, "the emitted C program and the evaluator differ")                                                           \
  V(threads, "one thread and three differ")                                                                            \
  V(object, "LLVM refuses the emitted text")                                                                           \
  V(object_run, "the LLVM program fails")                                                                              \
  V(bits, "C and LLVM differ")

typedef enum Verdict {
#define V(name, what) VERDICT_##name,
  VERDICTS(V)
#undef V
      VERDICT_COUNT
} Verdict;
extern const char *const verdict_text[VERDICT_COUNT];
extern const char *const verdict_word[VERDICT_COUNT];

typedef struct Judge {
  const char *folder;                           /* for this judge alone */
  const char *harness;                          /* harness.o */
  bool evaluator_only;                          /* text and passes */
  bool c_only;                                  /* and C, not LLVM */
  const char *machine_c, *machine_llvm, *level; /* of the C compiler: "-O2" */
  unsigned seconds;                             /* then the judged is as one that crashed */
  bool llvm_quick; /* LLVM with the few passes of emit_object's quick way, not at its -O3 */
} Judge;

/* In a child process, with a time limit: start, then wait. `why` (in arena) is what the child found. */
int judge_start(const Judge *j, Module *m);                     /* its process id */
Verdict judge_verdict(int status);                              /* of what waitpid gave */
const char *judge_why(Arena *arena, const Judge *j, int *func); /* func: index in the module, -1: not known */
void judge_clean(const Judge *j);                               /* removes what it wrote */
#endif
