/* sample.c: an LD_PRELOAD library that samples where a program's processor time goes, for the table of kernels that
 * ./dev bench prints.
 *
 * Every millisecond of processor time (of all threads) a signal notes the program counter. At exit the file named by
 * SAMPLES gets one counter a line, relative to the program's load address, as nm prints addresses; what lies in a
 * shared library is written as 0. tests/bench/bench.sh turns them into shares by function: kernels are functions of the
 * emitted file, so no debug information is needed. */
#define _GNU_SOURCE
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

enum { MAX_SAMPLES = 1 << 20 };
static uintptr_t samples[MAX_SAMPLES], base, limit;
static int taken;

static void note(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  const ucontext_t *u = context;
#if defined(__x86_64__)
  uintptr_t pc = (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  uintptr_t pc = u->uc_mcontext.pc;
#else
  uintptr_t pc = 0;
#endif
  int i = __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
  if (i < MAX_SAMPLES) samples[i] = pc;
}

/* The first object is the program itself. */
static int program_range(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size, (void)unused;
  base = info->dlpi_addr;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    uintptr_t end = info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
    if (info->dlpi_phdr[i].p_type == PT_LOAD && end > limit) limit = end;
  }
  return 1;
}

__attribute__((constructor)) static void start(void) {
  if (!getenv("SAMPLES")) return;
  dl_iterate_phdr(program_range, NULL);
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGPROF, &action, NULL);
  struct itimerval every = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_PROF, &every, NULL);
}

__attribute__((destructor)) static void stop(void) {
  const char *path = getenv("SAMPLES");
  if (!path) return;
  struct itimerval never = {{0, 0}, {0, 0}};
  setitimer(ITIMER_PROF, &never, NULL);
  FILE *out = fopen(path, "w");
  if (!out) return;
  for (int i = 0; i < taken && i < MAX_SAMPLES; i++) {
    uintptr_t at = samples[i] - base;
    fprintf(out, "%016lx\n", (unsigned long)(at < limit ? at : 0));
  }
  fclose(out);
}
