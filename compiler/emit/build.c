/* build.c: an executable from C text: the text goes into `cc -x c -` by a pipe (no temporary file, no shell), with the
 * flags that a user would give and the runtime library: that beside nnc where it is installed, else the build tree's.
 *
 * CC names another compiler. Its own messages pass through to standard error: they should not exist. */
#define _POSIX_C_SOURCE 200809L
#include "print.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef NNC_RUNTIME_LIBRARY
#define NNC_RUNTIME_LIBRARY "libnnrt.a"
#define NNC_RUNTIME_INCLUDE "."
#define NNC_INSTALL_PREFIX "/usr/local"
#define NNC_INSTALL_LIBRARY "lib"
#define NNC_INSTALL_INCLUDE "include"
#define NNC_RUNTIME_ZLIB 1
#endif

enum { ARGS_MAX = 32, EXIT_NO_COMPILER = 127 };

static bool is_readable(const char *path) { return access(path, R_OK) == 0; }

/* ---- where the runtime is ---- */
/* The prefix that this nnc was installed to: PREFIX/bin/nnc runs. Where the system does not say what runs, the one that
 * it was configured for. */
static const char *installed_prefix(Arena *arena) {
  char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  if (n <= 0 || n == (ssize_t)sizeof path) return NNC_INSTALL_PREFIX;
  for (int up = 0; up < 2 && n > 0; ++up)
    while (n > 0 && path[--n] != '/') continue;
  return arena_strndup(arena, path, (size_t)n);
}

/* The first that is there of a file of this installation, of the build tree, and of the prefix that was configured. */
static const char *runtime_file(Arena *arena, const char *folder, const char *name, const char *built) {
  const char *of_self = arena_printf(arena, "%s/%s/%s", installed_prefix(arena), folder, name);
  if (is_readable(of_self)) return of_self;
  if (built && is_readable(built)) return built;
  return arena_printf(arena, "%s/%s/%s", NNC_INSTALL_PREFIX, folder, name);
}

static const char *library_path(Arena *arena) {
  return runtime_file(arena, NNC_INSTALL_LIBRARY, "libnnrt.a", NNC_RUNTIME_LIBRARY);
}

/* A part of the runtime with the libraries that it calls behind it; the new number of words. */
static int part_words(Arena *arena, const Part *part, const char **args, int n) {
  args[n] = runtime_file(arena, NNC_INSTALL_LIBRARY, part->name, part->library);
  bool there = part->library && is_readable(args[n++]);
  for (int i = 0; i < 2 && part->foreign[i] && there; ++i) there = is_readable(args[n++] = part->foreign[i]);
  if (!there) limit((Loc){0}, MSG_part_missing, part->package);
  return n;
}

static const char *include_flag(Arena *arena) {
  const char *header = runtime_file(arena, NNC_INSTALL_INCLUDE, "nnrt.h", NNC_RUNTIME_INCLUDE "/nnrt.h");
  return arena_printf(arena, "-I%.*s", (int)(strrchr(header, '/') - header), header);
}

static void command_of(Arena *arena, const char *cc, const char *path, unsigned parts, const char **args) {
  const char *const words[] = {cc, "-std=c17", "-O3", "-x", "c", include_flag(arena), "-", "-x", "none", "-o", path};
  int n = sizeof words / sizeof *words;
  memcpy(args, words, sizeof words);
  for (int i = 0; i < EMIT_PARTS; ++i)
    if (parts >> i & 1) n = part_words(arena, &emit_part[i], args, n);
  args[n++] = library_path(arena);
  args[n++] = "-lm";
  args[n++] = "-pthread";
  if (NNC_RUNTIME_ZLIB) args[n++] = "-lz";
  args[n] = NULL;
}

/* Writes all of text; false when the reader has gone. */
static bool pipe_write(int to, const char *text, size_t n) {
  while (n) {
    ssize_t wrote = write(to, text, n);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text += wrote;
    n -= (size_t)wrote;
  }
  return true;
}

static pid_t compiler_start(const char *const *args, const int ends[2]) {
  pid_t child = fork();
  if (child != 0) return child;
  dup2(ends[0], STDIN_FILENO);
  close(ends[0]);
  close(ends[1]);
  execvp(args[0], (char *const *)args);
  _exit(EXIT_NO_COMPILER);
}

/* A folder that is not there is our message: of the linker's nobody would guess the cause. */
static void folder_check(Arena *arena, const char *path) {
  const char *slash = strrchr(path, '/');
  const char *folder = slash ? arena_printf(arena, "%.*s/", (int)(slash - path), path) : ".";
  if (access(folder, W_OK) != 0) user_error((Loc){path, 0, NULL}, MSG_file_unwritable, strerror(errno));
}

void emit_executable(Arena *arena, const char *c_text, const char *path, unsigned parts) {
  const char *cc = getenv("CC") && *getenv("CC") ? getenv("CC") : "cc", *args[ARGS_MAX];
  int ends[2], status = 0;
  folder_check(arena, path);
  command_of(arena, cc, path, parts, args);
  if (pipe(ends) != 0) user_error((Loc){0}, MSG_cc_missing, cc, strerror(errno));
  void (*before)(int) = signal(SIGPIPE, SIG_IGN);
  pid_t child = compiler_start(args, ends);
  close(ends[0]);
  bool written = child > 0 && pipe_write(ends[1], c_text, strlen(c_text));
  close(ends[1]);
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  signal(SIGPIPE, before);
  if (child < 0) user_error((Loc){0}, MSG_cc_missing, cc, strerror(errno));
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (code == EXIT_NO_COMPILER) user_error((Loc){0}, MSG_cc_missing, cc, "it was not found");
  if (code != 0 || !written) user_error((Loc){0}, MSG_cc_failed, cc, code);
}
