/* emit.h: the printers of a Program: C, LLVM IR, one self-contained C file; and what compilers make of them.
 *
 * Flow: main.c hands over a Program whose passes have run (each for has its kind, each value its lanes, each slot its
 * offset). Printers print and never choose, so the same Program gives the same bits through each of them. The tables of
 * nnrt.h are described once (tables.c) and printed by both. Nothing here changes a Program. */
#ifndef NNC_EMIT_H
#define NNC_EMIT_H

#include "../kernel/kernel.h"

typedef struct EmitOptions {
  const char *compiler; /* "nnc 0.1" */
  bool no_main;         /* kernels, step functions and tables only; the model is exported as <name>_model */
  const char *header;   /* a library instead of a program (--lib): the name of its header, which the file includes */
  bool alone;           /* the file will have the runtime in it: what its header says of building it */
  bool source_lines;    /* comments quote the model's lines; its files are read for that */
  bool profile;         /* every step function a second time, which notes when each of its calls begins */
} EmitOptions;

void emit_c(Text *out, const Program *p, const EmitOptions *o);
void emit_llvm(Text *out, const Program *p, const EmitOptions *o);

/* One C file with the runtime inside, which plain `cc -O3 x.c -lm` builds. Programs are the same Module lowered for n
 * machines, best first; the built program runs the first one that its processor has. */
void emit_standalone(Text *out, int n, const Program *const *programs, const EmitOptions *o);

/* The header of a library, whose C file is that of emit_c or emit_standalone with the same options. */
void emit_library_header(Text *out, int n, const Program *const *programs, const EmitOptions *o);

/* The same file without the runtime: n kernel sets behind one table. emit_c is the case n = 1. */
void emit_c_sets(Text *out, int n, const Program *const *programs, const EmitOptions *o);

/* ---- LLVM in process (object.c); without it every call is a `limit` ---- */
typedef enum ObjectKind { OBJECT_assembly, OBJECT_object, OBJECT_bitcode } ObjectKind;
bool emit_has_llvm(void);
/* Parses, verifies, optimises (quick: a little, which is enough for what runs once) and writes the text that emit_llvm
 * made. A path that cannot be written: user_error. */
void emit_object(const char *llvm_text, const char *path, ObjectKind kind, const Machine *m, bool quick);

/* ---- parts of the runtime that are libraries of their own, which only programs that need them link (parts.c) ---- */
typedef enum EmitPart {
  PART_blas,   /* matrix products: nnc --blas=openblas */
  PART_images, /* nn.data.images */
  PART_sound,  /* nn.data.wav */
  EMIT_PARTS
} EmitPart;
unsigned emit_parts(const Program *p); /* bits 1 << PART_… */

/* ---- cc (build.c): compiles C text and links the runtime library and the parts (a `limit` where one is not); the
 * compiler's own messages go to stderr ---- */
void emit_executable(Arena *arena, const char *c_text, const char *path, unsigned parts);
#endif
