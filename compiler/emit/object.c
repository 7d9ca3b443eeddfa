/* object.c: LLVM text to assembly, object or bitcode, in this process, through LLVM's C API (LLVM 19).
 *
 * Flow: emit_llvm's text is parsed, verified, optimised with the passes of default<O3> (which add no fast-math: the
 * bits stay those of the text) and written by a target machine for the Program's machine. Names of CPUs and features
 * come from the table of machines only, because LLVM may end the process when it does not know one. Without LLVM every
 * call is a `limit`. Loop and SLP vectorisers stay off: kernels are vectors already, and what is scalar keeps its
 * order. The output is written beside its place and renamed.
 *
 * LLVM is loaded when it is asked for: it is a hundred MB, and to link it made every run of nnc 20 ms longer, most of
 * which end before. The functions are rows of llvm_library.def; those that set up a target have LLVM's own tables. */
#include "emit.h"

#ifndef NNC_LLVM

bool emit_has_llvm(void) { return false; }

void emit_object(const char *llvm_text, const char *path, ObjectKind kind, const Machine *m, bool quick) {
  (void)llvm_text, (void)path, (void)kind, (void)m, (void)quick;
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

#include <dlfcn.h>
#include <errno.h>

static struct {
#define LLVM_CALL(result, name, parameters) result(*name) parameters;
#include "llvm_library.def"
#undef LLVM_CALL
} llvm;

/* The rows against LLVM's headers. */
#define LLVM_CALL(result, name, parameters) result LLVM##name parameters;
#include "llvm_library.def"
#undef LLVM_CALL

typedef struct Object {
  Arena *arena;
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMTargetMachineRef target;
  bool quick;
} Object;

/* The address of a function; C has no conversion to it from what dlsym gives, POSIX says this one. */
static bool library_find(void *library, const char *name, void *at) {
  void *found = dlsym(library, name);
  memcpy(at, &found, sizeof found);
  return found != NULL;
}

static void target_initialize(void *library, const char *name) {
  void (*initialize)(void);
  if (library_find(library, name, &initialize)) initialize();
}

static bool library_load(void) {
  void *library = dlopen(NNC_LLVM, RTLD_LAZY | RTLD_LOCAL);
  if (!library) library = dlopen(strrchr(NNC_LLVM, '/') + 1, RTLD_LAZY | RTLD_LOCAL); /* wherever the loader finds it */
  if (!library) return false;
  bool all = true;
#define LLVM_CALL(result, name, parameters) all &= library_find(library, "LLVM" #name, &llvm.name);
#include "llvm_library.def"
#undef LLVM_CALL
  if (!all) return false;
#define LLVM_TARGET(name)                                                                                              \
  target_initialize(library, "LLVMInitialize" #name "TargetInfo");                                                     \
  target_initialize(library, "LLVMInitialize" #name "Target");                                                         \
  target_initialize(library, "LLVMInitialize" #name "TargetMC");
#include <llvm/Config/Targets.def>
#define LLVM_ASM_PRINTER(name) target_initialize(library, "LLVMInitialize" #name "AsmPrinter");
#include <llvm/Config/AsmPrinters.def>
  return true;
}

bool emit_has_llvm(void) {
  static enum { NOT_TRIED, LOADED, ABSENT } state;
  if (state == NOT_TRIED) state = library_load() ? LOADED : ABSENT;
  return state == LOADED;
}

static const char *own_message(Object *o, char *message) {
  const char *copy = arena_strdup(o->arena, message ? message : "no message");
  llvm.DisposeMessage(message);
  return copy;
}

static void module_parse_text(Object *o, const char *text) {
  char *message = NULL;
  LLVMMemoryBufferRef buffer = llvm.CreateMemoryBufferWithMemoryRangeCopy(text, strlen(text), "nnc");
  if (llvm.ParseIRInContext(o->context, buffer, &o->module, &message))
    bug("emit: LLVM text: %s", own_message(o, message));
  message = NULL;
  bool broken = llvm.VerifyModule(o->module, LLVMReturnStatusAction, &message);
  const char *said = own_message(o, message);
  if (broken) bug("emit: LLVM module: %s", said);
}

static void target_make(Object *o, const Machine *m) {
  /* Normalised: thumbv7em-none-eabihf as it stands gives objects of the soft-float ABI. */
  char *message = NULL, *own = m->triple ? llvm.NormalizeTargetTriple(m->triple) : llvm.GetDefaultTargetTriple();
  const char *triple = arena_strdup(o->arena, own);
  LLVMTargetRef target = NULL;
  llvm.DisposeMessage(own);
  if (llvm.GetTargetFromTriple(triple, &target, &message))
    limit((Loc){0}, MSG_object_target, triple, own_message(o, message));
  o->target = llvm.CreateTargetMachine(
      target, triple, m->llvm_cpu ? m->llvm_cpu : "generic", m->llvm_features ? m->llvm_features : "",
      o->quick ? LLVMCodeGenLevelNone : LLVMCodeGenLevelAggressive, LLVMRelocPIC, LLVMCodeModelDefault);
  if (!o->target) limit((Loc){0}, MSG_object_target, triple, "no target machine");
  llvm.SetTarget(o->module, triple);
  LLVMTargetDataRef layout = llvm.CreateTargetDataLayout(o->target);
  llvm.SetModuleDataLayout(o->module, layout);
  llvm.DisposeTargetData(layout);
}

/* Quick: the few passes that draw conclusions from what the text promises (that arguments do not overlap, where a load
 * may move), at a fifteenth of the time. */
static void module_optimise(Object *o) {
  const char *passes = o->quick ? "function(sroa,early-cse<memssa>,loop-mssa(licm),gvn,dse)" : "default<O3>";
  LLVMPassBuilderOptionsRef options = llvm.CreatePassBuilderOptions();
  llvm.PassBuilderOptionsSetLoopVectorization(options, false);
  llvm.PassBuilderOptionsSetLoopInterleaving(options, false);
  llvm.PassBuilderOptionsSetSLPVectorization(options, false);
  LLVMErrorRef error = llvm.RunPasses(o->module, passes, o->target, options);
  if (error) bug("emit: LLVM passes: %s", llvm.GetErrorMessage(error));
  llvm.DisposePassBuilderOptions(options);
}

static void module_write(Object *o, const char *path, ObjectKind kind) {
  char *message = NULL;
  const char *beside = arena_printf(o->arena, "%s.new", path);
  bool failed = kind == OBJECT_bitcode
                    ? llvm.WriteBitcodeToFile(o->module, beside) != 0
                    : llvm.TargetMachineEmitToFile(o->target, o->module, beside,
                                                   kind == OBJECT_object ? LLVMObjectFile : LLVMAssemblyFile, &message);
  if (!failed && rename(beside, path) == 0) return;
  const char *said = message ? own_message(o, message) : strerror(errno);
  remove(beside);
  user_error((Loc){path, 0, NULL}, MSG_object_unwritable, said);
}

void emit_object(const char *llvm_text, const char *path, ObjectKind kind, const Machine *m, bool quick) {
  if (!emit_has_llvm()) limit((Loc){0}, MSG_object_no_llvm);
  Object o = {.arena = arena_new(), .context = llvm.ContextCreate(), .quick = quick};
  module_parse_text(&o, llvm_text);
  target_make(&o, m);
  module_optimise(&o);
  module_write(&o, path, kind);
  llvm.DisposeTargetMachine(o.target);
  llvm.DisposeModule(o.module);
  llvm.ContextDispose(o.context);
  arena_free(o.arena);
}

#endif
