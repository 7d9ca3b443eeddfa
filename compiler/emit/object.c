/* object.c: LLVM text to assembly, object or bitcode, in this process, through LLVM's C API (LLVM 19).
 *
 * Flow: emit_llvm's text is parsed, verified, optimised with the passes of default<O3> (which add no fast-math: the
 * bits stay those of the text) and written by a target machine for the Program's machine. Names of CPUs and features
 * come from the table of machines only, because LLVM may end the process when it does not know one. Without LLVM every
 * call is a `limit`. Loop and SLP vectorisers stay off: kernels are vectors already, and what is scalar keeps its
 * order. The output is written beside its place and renamed. */
#include "emit.h"

#ifndef NNC_LLVM

bool emit_has_llvm(void) { return false; }

void emit_object(const char *llvm_text, const char *path, ObjectKind kind, const Machine *m) {
  (void)llvm_text, (void)path, (void)kind, (void)m;
  limit((Loc){0}, MSG_object_no_llvm);
}

#else

#include <llvm-c/Analysis.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include <errno.h>

typedef struct Object {
  Arena *arena;
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMTargetMachineRef target;
} Object;

bool emit_has_llvm(void) { return true; }

static const char *own_message(Object *o, char *message) {
  const char *copy = arena_strdup(o->arena, message ? message : "no message");
  LLVMDisposeMessage(message);
  return copy;
}

static void module_parse_text(Object *o, const char *text) {
  char *message = NULL;
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(text, strlen(text), "nnc");
  if (LLVMParseIRInContext(o->context, buffer, &o->module, &message))
    bug("emit: LLVM text: %s", own_message(o, message));
  message = NULL;
  bool broken = LLVMVerifyModule(o->module, LLVMReturnStatusAction, &message);
  const char *said = own_message(o, message);
  if (broken) bug("emit: LLVM module: %s", said);
}

static void target_make(Object *o, const Machine *m) {
  LLVMInitializeAllTargetInfos();
  LLVMInitializeAllTargets();
  LLVMInitializeAllTargetMCs();
  LLVMInitializeAllAsmPrinters();
  /* Normalised: thumbv7em-none-eabihf as it stands gives objects of the soft-float ABI. */
  char *message = NULL, *own = m->triple ? LLVMNormalizeTargetTriple(m->triple) : LLVMGetDefaultTargetTriple();
  const char *triple = arena_strdup(o->arena, own);
  LLVMTargetRef target = NULL;
  LLVMDisposeMessage(own);
  if (LLVMGetTargetFromTriple(triple, &target, &message))
    limit((Loc){0}, MSG_object_target, triple, own_message(o, message));
  o->target = LLVMCreateTargetMachine(target, triple, m->llvm_cpu ? m->llvm_cpu : "generic",
                                      m->llvm_features ? m->llvm_features : "", LLVMCodeGenLevelAggressive,
                                      LLVMRelocPIC, LLVMCodeModelDefault);
  if (!o->target) limit((Loc){0}, MSG_object_target, triple, "no target machine");
  LLVMSetTarget(o->module, triple);
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(o->target);
  LLVMSetModuleDataLayout(o->module, layout);
  LLVMDisposeTargetData(layout);
}

static void module_optimise(Object *o) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMPassBuilderOptionsSetLoopVectorization(options, false);
  LLVMPassBuilderOptionsSetLoopInterleaving(options, false);
  LLVMPassBuilderOptionsSetSLPVectorization(options, false);
  LLVMErrorRef error = LLVMRunPasses(o->module, "default<O3>", o->target, options);
  if (error) bug("emit: LLVM passes: %s", LLVMGetErrorMessage(error));
  LLVMDisposePassBuilderOptions(options);
}

static void module_write(Object *o, const char *path, ObjectKind kind) {
  char *message = NULL;
  const char *beside = arena_printf(o->arena, "%s.new", path);
  bool failed = kind == OBJECT_bitcode
                    ? LLVMWriteBitcodeToFile(o->module, beside) != 0
                    : LLVMTargetMachineEmitToFile(o->target, o->module, (char *)beside,
                                                  kind == OBJECT_object ? LLVMObjectFile : LLVMAssemblyFile, &message);
  if (!failed && rename(beside, path) == 0) return;
  const char *said = message ? own_message(o, message) : strerror(errno);
  remove(beside);
  user_error((Loc){path, 0, NULL}, MSG_object_unwritable, said);
}

void emit_object(const char *llvm_text, const char *path, ObjectKind kind, const Machine *m) {
  Object o = {.arena = arena_new(), .context = LLVMContextCreate()};
  module_parse_text(&o, llvm_text);
  target_make(&o, m);
  module_optimise(&o);
  module_write(&o, path, kind);
  LLVMDisposeTargetMachine(o.target);
  LLVMDisposeModule(o.module);
  LLVMContextDispose(o.context);
  arena_free(o.arena);
}

#endif
