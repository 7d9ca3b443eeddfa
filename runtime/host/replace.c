/* replace.c: files that are replaced as a whole (--save, nn.save, pictures): at any time, whatever happens, the name
 * leads to all of the old file or all of the new one.
 *
 * The new one is written as FILE.new, flushed, and renamed over FILE; then the folder is flushed. Where FILE is a link,
 * both are what it leads to, and the link stays. There is one FILE.new, not one a process: what a killed run left is
 * used again by the next, which holds a lock on it, so that of two runs with one --save the second waits. A user's own
 * file of that name is lost.
 *
 * Where older generations are kept, FILE becomes FILE.1 (by a second link, so that FILE is there at any time), FILE.1
 * becomes FILE.2 … before the new one takes its name. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int replace_fail(nnrt_error *error, const char *path, int why) {
  return nnrt_fail(error, NNRT_FAILED, "%s: cannot be written: %s", path, strerror(why));
}

/* How much of a path is its folder, with the slash. */
static int folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? (int)(slash - path + 1) : 0;
}

/* The target of a path that may be a link to a link …, whether there is anything at the end or not. An errno, or 0. */
int nnrt_links_follow(const char *path, char *to) {
  enum { LINKS_MAX = 40 };
  char link[NNRT_PATH_MAX], next[NNRT_PATH_MAX];
  int size = NNRT_PATH_MAX - 12; /* ".new", ".2147483" */
  if (nnrt_text(to, size, 0, "%s", path) >= size - 1) return ENAMETOOLONG;
  for (int i = 0; i < LINKS_MAX; i++) {
    ssize_t n = readlink(to, link, sizeof link - 1);
    if (n < 0) return 0;
    link[n] = 0;
    int folder = *link == '/' ? 0 : folder_length(to);
    if (nnrt_text(next, size, 0, "%.*s%s", folder, to, link) >= size - 1) return ENAMETOOLONG;
    memcpy(to, next, sizeof next);
  }
  return ELOOP;
}

/* What a path leads to: the file that is there, or else its name in a folder. False: nothing is known of it. */
typedef struct replace_identity {
  dev_t device;
  ino_t number;
  char name[NNRT_PATH_MAX];
} replace_identity;

static bool path_identify(const char *path, replace_identity *id) {
  char target[NNRT_PATH_MAX], folder[NNRT_PATH_MAX];
  struct stat about;
  if (nnrt_links_follow(path, target)) return false;
  bool there = !stat(target, &about);
  int n = folder_length(target);
  nnrt_text(folder, sizeof folder, 0, "%.*s", n ? n : 1, n ? target : ".");
  if (!there && stat(folder, &about)) return false;
  nnrt_text(id->name, sizeof id->name, 0, "%s", there ? "" : target + n);
  id->device = about.st_dev, id->number = about.st_ino;
  return true;
}

/* Do both lead to one file, however they are written, or would they, once it is there? */
bool nnrt_path_same(const char *a, const char *b) {
  replace_identity x, y;
  if (!strcmp(a, b)) return true;
  if (!path_identify(a, &x) || !path_identify(b, &y)) return false;
  return x.device == y.device && x.number == y.number && !strcmp(x.name, y.name);
}

/* The folder's entry must be on the disk too before the new name is safe. */
static int folder_flush(const char *path) {
  char folder[NNRT_PATH_MAX];
  int n = folder_length(path);
  nnrt_text(folder, sizeof folder, 0, "%.*s", n ? n : 1, n ? path : ".");
  int descriptor = open(folder, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0; /* one that may be written and not read */
  int failed = fsync(descriptor) && errno != EINVAL ? errno : 0;
  close(descriptor);
  return failed;
}

/* Opens and locks `beside`, by the name that it has once the lock is there: who held the lock may have renamed it. File
 * systems without locks go without. */
static int beside_open(const char *beside) {
  for (;;) {
    struct stat ours, named;
    int file = open(beside, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (file < 0) return -1;
    while (flock(file, LOCK_EX) && errno == EINTR) continue;
    bool same = !fstat(file, &ours) && !stat(beside, &named) && ours.st_ino == named.st_ino;
    if (same && S_ISREG(ours.st_mode) && !ftruncate(file, 0)) return file;
    if (same && S_ISREG(ours.st_mode)) return close(file), -1;
    close(file);
    if (same) return errno = EEXIST, -1;
  }
}

/* A device is not replaced: by root, --save /dev/null would leave the machine without one. */
int nnrt_replace_begin(nnrt_error *error, nnrt_replacement *r, const char *path) {
  struct stat about;
  r->path = path;
  r->keep = 1;
  int failed = nnrt_links_follow(path, r->target);
  if (failed) return replace_fail(error, path, failed);
  bool there = !stat(r->target, &about);
  if (there && !S_ISREG(about.st_mode))
    return nnrt_fail(error, NNRT_FAILED, "%s: cannot be written: is not a regular file", path);
  nnrt_text(r->beside, sizeof r->beside, 0, "%s.new", r->target);
  r->descriptor = beside_open(r->beside);
  if (r->descriptor < 0) return replace_fail(error, path, errno);
  if (there) (void)!fchmod(r->descriptor, about.st_mode & 07777); /* who may read it stays as it was */
  return NNRT_GOOD;
}

/* File systems without links: FILE is away for a moment, and FILE.1 is there. */
static int generations_shift(const nnrt_replacement *r) {
  char older[NNRT_PATH_MAX], newer[NNRT_PATH_MAX];
  int last = 0;
  do nnrt_text(older, sizeof older, 0, "%s.%d", r->target, ++last);
  while (last < r->keep - 1 && !access(older, F_OK));
  for (int i = last; i > 1; i--) {
    nnrt_text(older, sizeof older, 0, "%s.%d", r->target, i);
    nnrt_text(newer, sizeof newer, 0, "%s.%d", r->target, i - 1);
    if (rename(newer, older) && errno != ENOENT) return errno;
  }
  nnrt_text(older, sizeof older, 0, "%s.1", r->target);
  if (unlink(older) && errno != ENOENT) return errno;
  if (!link(r->target, older) || errno == ENOENT) return 0;
  return rename(r->target, older) ? errno : 0;
}

/* The lock is given up last. After a failure what was there stays. */
int nnrt_replace_end(nnrt_error *error, nnrt_replacement *r, int failed) {
  if (!failed && fsync(r->descriptor)) failed = errno;
  if (!failed && r->keep > 1) failed = generations_shift(r);
  if (!failed && rename(r->beside, r->target)) failed = errno;
  if (failed)
    unlink(r->beside);
  else
    failed = folder_flush(r->target);
  if (close(r->descriptor) && !failed) failed = errno;
  return failed ? replace_fail(error, r->path, failed) : NNRT_GOOD;
}

/* Whether a run may end with this file is asked before it begins. */
int nnrt_replace_possible(nnrt_error *error, const char *path) {
  nnrt_replacement r;
  NNRT_TRY(nnrt_replace_begin(error, &r, path));
  unlink(r.beside);
  close(r.descriptor);
  return NNRT_GOOD;
}
