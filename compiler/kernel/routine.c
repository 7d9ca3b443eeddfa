/* routine.c: the routines of the runtime that kernels call, from the table that also gives their C prototypes. */
#include "kernel.h"

static const Routine routines[] = {
#define NNRT_ROUTINE(name, dtype, parameters, operands) {#name, DT_##dtype, operands},
#include "../../runtime/abi.def"
};

const Routine *routine_find(const char *name) {
  for (size_t i = 0; i < sizeof routines / sizeof *routines; ++i)
    if (!strcmp(routines[i].name, name)) return &routines[i];
  return NULL;
}
