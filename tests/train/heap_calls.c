/* heap_calls.c: an LD_PRELOAD library that counts heap calls, for tests/train/no_allocation.sh.
 *
 * A run of n steps and one of 2n steps must make the same number of calls: then none is made between the first and the
 * last step. At exit it appends one line to the file named by HEAP_CALLS: allocations and frees, of all threads. It
 * calls glibc's own entries below, so that nothing recurses, and allocates nothing itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static long allocations, frees;
static void count(long *what) { __atomic_fetch_add(what, 1, __ATOMIC_RELAXED); }

void *malloc(size_t n) { return count(&allocations), __libc_malloc(n); }
void *calloc(size_t n, size_t size) { return count(&allocations), __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { return count(&allocations), __libc_realloc(p, n); }
void *memalign(size_t align, size_t n) { return count(&allocations), __libc_memalign(align, n); }
void *aligned_alloc(size_t align, size_t n) { return count(&allocations), __libc_memalign(align, n); }
int posix_memalign(void **p, size_t align, size_t n) {
  count(&allocations);
  *p = __libc_memalign(align, n);
  return *p ? 0 : ENOMEM;
}
void free(void *p) {
  if (p) count(&frees);
  __libc_free(p);
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("HEAP_CALLS");
  char line[64];
  int n = snprintf(line, sizeof line, "%ld %ld\n", allocations, frees);
  int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
  if (file < 0 || write(file, line, (size_t)n) != n) perror("heap_calls");
}
