/* build.c: an executable from C text: the text goes into `cc -x c -` by a pipe (no temporary file, no shell), with the
 * flags that a user would give and the runtime library, from the build tree or the installed prefix.
 *
 * CC names another compiler. Its own messages pass through to standard error: they should not exist. */
#define _POSIX_C_SOURCE 200809L
#include "emit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef NNC_RUNTIME_LIBRARY
#define NNC_RUNTIME_LIBRARY "libnnrt.a"
#define NNC_RUNTIME_INCLUDE "."
#define NNC_INSTALL_PREFIX "/usr/local"
#define NNC_RUNTIME_ZLIB 1
#endif

#ifndef NNC_RUNTIME_BLAS
#define NNC_RUNTIME_BLAS NULL
#define NNC_RUNTIME_OPENBLAS NULL
#endif

enum { ARGS_MAX = 32, EXIT_NO_COMPILER = 127 };

static bool is_readable(const char *path) { return access(path, R_OK) == 0; }

static const char *library_path(void) {
  return is_readable(NNC_RUNTIME_LIBRARY) ? NNC_RUNTIME_LIBRARY : NNC_INSTALL_PREFIX "/lib/libnnrt.a";
}

/* Of the runtime's part for OpenBLAS, with OpenBLAS behind it in *openblas. */
static const char *blas_path(const char **openblas) {
  static const char *const places[] = {NNC_RUNTIME_BLAS, NNC_INSTALL_PREFIX "/lib/libnnrt_blas.a"};
  *openblas = NNC_RUNTIME_OPENBLAS;
  for (int i = 0; *openblas && is_readable(*openblas) && i < 2; ++i)
    if (is_readable(places[i])) return places[i];
  limit((Loc){0}, MSG_blas_missing);
}

static const char *include_flag(void) {
  return is_readable(NNC_RUNTIME_INCLUDE "/nnrt.h") ? "-I" NNC_RUNTIME_INCLUDE : "-I" NNC_INSTALL_PREFIX "/include";
}

static void command_of(const char *cc, const char *path, bool blas, const char **args) {
  const char *const words[] = {cc, "-std=c17", "-O3", "-x", "c", include_flag(), "-", "-x", "none", "-o", path};
  int n = sizeof words / sizeof *words;
  memcpy(args, words, sizeof words);
  if (blas) args[n] = blas_path(&args[n + 1]), n += 2;
  args[n++] = library_path();
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

void emit_executable(const char *c_text, const char *path, bool blas) {
  const char *cc = getenv("CC") && *getenv("CC") ? getenv("CC") : "cc", *args[ARGS_MAX];
  int ends[2], status = 0;
  command_of(cc, path, blas, args);
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
