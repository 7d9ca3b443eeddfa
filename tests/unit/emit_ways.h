/* emit_ways.h: a Program built by hand, printed, compiled in every way that is installed here, and run: what the tests
 * of the printers share. The C ways are each vector level that the processor has and the generic lane loops, AArch64
 * under qemu-user; LLVM is in process. Bits are compared by a Judge, which sees the scratch arena as the program left
 * it. */
#ifndef EMIT_WAYS_H
#define EMIT_WAYS_H
#define _POSIX_C_SOURCE 200809L
#include "emit/emit.h"
#include "nnrt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- building ---- */
typedef struct World {
  Arena *arena;
  Program *program;
  Host *host;
  Machine machine;
} World;

static void world_init(World *w) {
  Arena *a = arena_new();
  *w = (World){.arena = a, .program = NEW(a, Program), .host = NEW(a, Host), .machine = *machine_find("native")};
  for (int t = 0; t < DTYPE_COUNT; ++t)
    w->machine.lanes[t] = 16; /* more than fits: registers are the compilers' affair here */
  w->machine.hard_fma = true;
  *w->program = (Program){.arena = a, .module = module_new(a), .machine = &w->machine, .max_threads = 4};
  w->program->module->name = "test";
  w->program->module->file = "test.lua";
  w->host->name = "init";
  vec_push(a, w->program->hosts, w->host);
}

static Slot *world_slot(World *w, const char *name, DType dtype, int64_t count) {
  Slot *s = program_slot(w->program, HOME_scratch, name, dtype, shape_of(1, count), (Loc){0});
  s->offset = w->program->scratch_bytes;
  w->program->scratch_bytes += (s->bytes + 63) / 64 * 64;
  return s;
}

static void world_call(World *w, Kernel *k, int n, Slot *const *slots) {
  kernel_finish(w->program, k);
  kernel_verify(k, &w->machine);
  vec_push(w->arena, w->program->kernels, k);
  Stmt *call = NEW(w->arena, Stmt), *barrier = NEW(w->arena, Stmt);
  call->kind = S_call;
  call->kernel = k;
  barrier->kind = S_barrier;
  for (int i = 0; i < n; ++i) vec_push(w->arena, call->args, slots[i]);
  vec_push(w->arena, w->host->body, call);
  vec_push(w->arena, w->host->body, barrier);
}

/* ---- compiling and running ---- */
static const char *const folder = NNC_BUILD_DIR "/" EMIT_FOLDER; /* the test's own: tests run side by side */

static void file_put(const char *path, const char *text) {
  if (!file_write(path, text, strlen(text))) fail_msg("%s cannot be written", path);
}

/* What an emitted program needs of the runtime; libm's fma is exact. With RUNNER it is a program of its own: run it on
 * the arena in one file, leave it in another. */
static const char support[] =
    "#include <math.h>\n#include <nnrt.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
    "void nnrt_barrier(const nnrt_thread *t) { (void)t; }\n"
    "float nnrt_fmaf(float a, float b, float c) { return fmaf(a, b, c); }\n"
    "double nnrt_fma(double a, double b, double c) { return fma(a, b, c); }\n"
    "#ifdef RUNNER\n"
    "extern const nnrt_model test_model;\n"
    "int main(int argc, char **argv) {\n"
    "  size_t n = (size_t)test_model.scratch_bytes, threads = (size_t)atoi(argv[1]);\n"
    "  unsigned char *m = aligned_alloc(64, (n + 63) / 64 * 64);\n"
    "  FILE *in = fopen(argv[2], \"rb\"), *out = fopen(argv[argc - 1], \"wb\");\n"
    "  if (fread(m, 1, n, in) != n) return 1;\n"
    "  for (size_t i = 0; i < threads; ++i)\n"
    "    test_model.init(&(nnrt_memory){m, m, m, m, m}, &(nnrt_thread){(int)i, (int)threads, 0});\n"
    "  return fwrite(m, 1, n, out) == n && fclose(out) == 0 ? 0 : 1;\n}\n#endif\n";

static bool run_command(Arena *arena, const char *command) {
  const char *log = arena_printf(arena, "%s/log", folder);
  int status = system(arena_printf(arena, "%s > %s 2>&1", command, log));
  size_t n = 0;
  char *said = file_read(arena, log, &n);
  if (status || n) print_error("%s\n%.4000s\n", command, said ? said : "");
  return status == 0 && n == 0; /* a warning is a failure */
}

static const char *link_object(World *w, const char *object, const char *name) {
  const char *so = arena_printf(w->arena, "%s/%s.so", folder, name);
  file_put(arena_printf(w->arena, "%s/support.c", folder), support);
  bool good = run_command(w->arena, arena_printf(w->arena, "cc -shared -fPIC -I%s/runtime -o %s %s %s/support.c -lm",
                                                 NNC_SOURCE_DIR, so, object, folder));
  assert_true(good);
  return so;
}

/* Runs the program's init as `threads` threads one after the other (no barrier is crossed within a kernel). */
static void run_init(World *w, const char *so, int threads, unsigned char *memory) {
  void *library = dlopen(so, RTLD_NOW | RTLD_LOCAL);
  if (!library) fail_msg("%s", dlerror());
  const nnrt_model *model = dlsym(library, "test_model");
  assert_non_null(model);
  assert_string_equal(model->name, "test");
  assert_int_equal(model->scratch_bytes, w->program->scratch_bytes);
  for (int i = 0; i < threads; ++i)
    model->init(&(nnrt_memory){.params = memory, .state = memory, .scratch = memory, .output = memory, .input = memory},
                &(nnrt_thread){.id = i, .count = threads});
  dlclose(library);
}

typedef struct Way {
  const char *name, *cc, *macro, *flags;
  bool (*here)(void);
  const char *emulator; /* NULL: runs in this process */
} Way;
static bool always(void) { return true; }
#if defined(__x86_64__)
static bool has_v3(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}
static bool has_v4(void) {
  return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}
#else
static bool has_v3(void) { return false; }
static bool has_v4(void) { return false; }
#endif
static const Way ways[] = {
    {"gcc_v4", "gcc", "NNRT_V4", "-O3", has_v4, NULL},
    {"gcc_v3", "gcc", "NNRT_V3", "-O2", has_v3, NULL},
    {"gcc_generic", "gcc", "NNRT_GENERIC", "-O1", always, NULL},
    {"clang_v4", "clang", "NNRT_V4", "-O2", has_v4, NULL},
    {"clang19_v3", "clang-19", "NNRT_V3", "-O1", has_v3, NULL},
    {"aarch64", "aarch64-linux-gnu-gcc", "NNRT_NEON", "-O2", always, "qemu-aarch64"},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static bool is_installed(Arena *arena, const char *cc) {
  return system(arena_printf(arena, "command -v %s > /dev/null 2>&1", cc)) == 0;
}

/* -Wno-psabi: vectors here are also longer than registers, and gcc notes that its ABI for them changed once. */
static const char *compile_c(World *w, const Way *way) {
  Text text;
  text_init(&text, w->arena);
  w->machine.simd_macro = way->macro;
  emit_c(&text, w->program, &(EmitOptions){.compiler = "nnc", .no_main = true});
  const char *c = arena_printf(w->arena, "%s/%s.c", folder, way->name),
             *o = arena_printf(w->arena, "%s/%s.o", folder, way->name);
  file_put(c, text_str(&text));
  assert_true(run_command(
      w->arena,
      arena_printf(w->arena, "%s -std=c17 %s -Wall -Wextra -Wshadow -Wno-psabi -fPIC -I%s/runtime -c -o %s %s", way->cc,
                   way->flags, NNC_SOURCE_DIR, o, c)));
  return o;
}

static const char *compile_llvm(World *w) {
  Text text;
  text_init(&text, w->arena);
  emit_llvm(&text, w->program, &(EmitOptions){.compiler = "nnc", .no_main = true});
  const char *o = arena_printf(w->arena, "%s/llvm.o", folder);
  file_put(arena_printf(w->arena, "%s/llvm.ll", folder), text_str(&text));
  emit_object(text_str(&text), o, OBJECT_object, &w->machine, false);
  return o;
}

typedef void Judge(World *w, const char *way, const unsigned char *memory);

static void run_emulated(World *w, const Way *way, const char *object, int threads, unsigned char *memory) {
  Arena *a = w->arena;
  size_t n = (size_t)w->program->scratch_bytes, got = 0;
  const char *path = arena_printf(a, "%s/%s", folder, way->name);
  file_put(arena_printf(a, "%s/support.c", folder), support);
  assert_true(file_write(arena_printf(a, "%s.in", path), (char *)memory, n));
  assert_true(run_command(a, arena_printf(a, "%s -static -DRUNNER -I%s/runtime -o %s %s %s/support.c -lm", way->cc,
                                          NNC_SOURCE_DIR, path, object, folder)));
  assert_true(run_command(a, arena_printf(a, "%s %s %d %s.in %s.out", way->emulator, path, threads, path, path)));
  char *after = file_read(a, arena_printf(a, "%s.out", path), &got);
  assert_int_equal(got, n);
  memcpy(memory, after, n);
}

static void run_way(World *w, const Way *way, const char *object, const unsigned char *before, int threads,
                    Judge *judge) {
  size_t n = (size_t)w->program->scratch_bytes;
  unsigned char *memory = aligned_alloc(64, (n + 63) / 64 * 64);
  assert_non_null(memory);
  memcpy(memory, before, n);
  if (way->emulator)
    run_emulated(w, way, object, threads, memory);
  else
    run_init(w, link_object(w, object, way->name), threads, memory);
  judge(w, way->name, memory);
  free(memory);
}

static void run_all(World *w, const unsigned char *before, int threads, Judge *judge) {
  mkdir(folder, 0777);
  for (int i = 0; i < WAYS; ++i) {
    bool here = ways[i].here() && is_installed(w->arena, ways[i].cc) &&
                (!ways[i].emulator || is_installed(w->arena, ways[i].emulator));
    if (here)
      run_way(w, &ways[i], compile_c(w, &ways[i]), before, threads, judge);
    else
      print_message("skipped: %s: the compiler or the processor's level is not here\n", ways[i].name);
  }
  if (emit_has_llvm())
    run_way(w, &(Way){.name = "llvm"}, compile_llvm(w), before, threads, judge);
  else
    print_message("skipped: llvm: this build has no LLVM\n");
}

#endif
