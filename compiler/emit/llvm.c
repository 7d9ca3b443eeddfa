#include "print.h"

void emit_llvm(Text *out, const Program *p, const EmitOptions *o) {
  (void)out, (void)p, (void)o;
  limit((Loc){0}, MSG_object_no_llvm);
}
