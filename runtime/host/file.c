/* file.c: bytes from a file, or from what a .gz file holds, and bytes to a descriptor.
 *
 * A file that begins with gzip's magic number is read through zlib. How zlib comes in is chosen when the runtime is
 * compiled: NNRT_ZLIB links it; NNRT_NO_ZLIB leaves it out; with neither (a --standalone file built by plain cc) it is
 * looked for when a .gz file is met, so that such a program needs it for such files only. An nnrt_file is read from its
 * beginning on, nnrt_bytes at any position; offsets in messages count unpacked bytes. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- zlib: four calls ---- */
struct nnrt_gz {
  void *(*open)(int descriptor, const char *mode);
  int (*read)(void *gz, void *to, unsigned n);
  int (*close)(void *gz);
  const char *(*error)(void *gz, int *code);
};

#if defined(NNRT_ZLIB)
#include <zlib.h>
static void *gz_open(int descriptor, const char *mode) { return gzdopen(descriptor, mode); }
static int gz_read(void *gz, void *to, unsigned n) { return gzread((gzFile)gz, to, n); }
static int gz_close(void *gz) { return gzclose((gzFile)gz); }
static const char *gz_error(void *gz, int *code) { return gzerror((gzFile)gz, code); }
static const struct nnrt_gz gz_linked = {gz_open, gz_read, gz_close, gz_error};
static const struct nnrt_gz *gz_find(nnrt_file *file) { return (void)file, &gz_linked; }
static void gz_release(nnrt_file *file) { (void)file; }
static const char gz_absent[] = "zlib is not there";
#elif !defined(NNRT_NO_ZLIB) && (defined(__APPLE__) || (defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)))
#include <dlfcn.h> /* part of the C library there */
static const struct nnrt_gz *gz_find(nnrt_file *file) {
  static const char *const libraries[] = {"libz.so.1", "libz.1.dylib"}, *const names[] = {"gzdopen", "gzread",
                                                                                          "gzclose", "gzerror"};
  void *found[4];
  for (int i = 0; i < 2 && !file->library; i++) file->library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
  for (int i = 0; i < 4; i++)
    if (!file->library || !(found[i] = dlsym(file->library, names[i]))) return NULL;
  struct nnrt_gz *calls = malloc(sizeof *calls);
  if (calls) memcpy(calls, found, sizeof *calls); /* C knows no conversion between the two kinds of pointer */
  return calls;
}
static void gz_release(nnrt_file *file) {
  free((void *)file->calls);
  if (file->library) dlclose(file->library);
}
static const char gz_absent[] =
    "is packed by gzip, and the library libz.so.1 that unpacks it is not installed (zlib1g): "
    "unpack it with gunzip, or install it";
#else
static const struct nnrt_gz *gz_find(nnrt_file *file) { return (void)file, NULL; }
static void gz_release(nnrt_file *file) { (void)file; }
static const char gz_absent[] = "is packed by gzip, and this program was built without zlib: unpack it with gunzip";
#endif

static int gz_start(nnrt_file *file) {
  file->calls = gz_find(file);
  if (file->calls) file->gz = file->calls->open(file->descriptor, "rb");
  if (file->gz) return NNRT_GOOD;
  bool found = file->calls;
  nnrt_file_close(file);
  return nnrt_fail(file->error, NNRT_FAILED, "%s: %s", file->path, found ? "no memory for unpacking it" : gz_absent);
}

static int gz_fill(nnrt_file *file, unsigned char *to, int64_t n, int64_t *got) {
  while (*got < n) {
    int64_t want = n - *got < 1 << 30 ? n - *got : 1 << 30;
    int part = file->calls->read(file->gz, to + *got, (unsigned)want), code = 0;
    if (part > 0) {
      *got += part;
      continue;
    }
    const char *text = file->calls->error(file->gz, &code);
    if (part == 0 && code >= 0) return NNRT_GOOD;         /* the end */
    const char *cause = text ? strstr(text, ": ") : NULL; /* zlib puts "<fd:3>" in front */
    return nnrt_fail(file->error, NNRT_FAILED, "%s: broken gzip data at or after unpacked byte %lld: %s", file->path,
                     (long long)(file->at + *got), cause ? cause + 2 : "no cause given");
  }
  return NNRT_GOOD;
}

/* ---- files ---- */
/* Data that Debian packages: /usr/share/datasets/NAME/… is in dataset-NAME. */
const char *nnrt_file_missing(const char *path, char *to, int size) {
  static const char root[] = "/usr/share/datasets/";
  const char *name = path + sizeof root - 1;
  to[0] = 0;
  if (!strncmp(path, root, sizeof root - 1) && strchr(name, '/'))
    nnrt_text(to, size, 0,
              "; install the Debian package dataset-%.*s (apt install dataset-%.*s), or name other files with --data",
              (int)strcspn(name, "/"), name, (int)strcspn(name, "/"), name);
  return to;
}

static int file_start(nnrt_file *file) {
  unsigned char magic[2] = {0};
  ssize_t n = pread(file->descriptor, magic, sizeof magic, 0);
  return n == 2 && magic[0] == 0x1F && magic[1] == 0x8B ? gz_start(file) : NNRT_GOOD;
}

/* Without O_NONBLOCK a pipe that no one writes to would be waited for, only to be refused. */
int nnrt_file_open(nnrt_file *file, nnrt_error *error, const char *path) {
  char hint[256] = "";
  struct stat about;
  *file = (nnrt_file){.path = path, .error = error, .descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file->descriptor < 0)
    return nnrt_fail(error, NNRT_FAILED, "%s: cannot be opened: %s%s", path, strerror(errno),
                     errno == ENOENT ? nnrt_file_missing(path, hint, sizeof hint) : "");
  if (!fstat(file->descriptor, &about) && !S_ISREG(about.st_mode)) {
    nnrt_file_close(file);
    return nnrt_fail(error, NNRT_FAILED, "%s: is not a regular file", path);
  }
  return file_start(file);
}

static int file_fill(nnrt_file *file, unsigned char *to, int64_t n, int64_t *got) {
  while (*got < n) {
    ssize_t part = read(file->descriptor, to + *got, (size_t)(n - *got));
    if (part == 0) break;
    if (part > 0)
      *got += part;
    else if (errno != EINTR)
      return nnrt_fail(file->error, NNRT_FAILED, "%s: cannot be read at byte %lld: %s", file->path,
                       (long long)(file->at + *got), strerror(errno));
  }
  return NNRT_GOOD;
}

int nnrt_file_read(nnrt_file *file, void *to, int64_t n, int64_t *got) {
  *got = 0;
  NNRT_TRY(file->gz ? gz_fill(file, to, n, got) : file_fill(file, to, n, got));
  file->at += *got;
  return NNRT_GOOD;
}

void nnrt_file_close(nnrt_file *file) {
  if (file->gz)
    file->calls->close(file->gz);
  else if (file->descriptor >= 0)
    close(file->descriptor);
  gz_release(file);
  *file = (nnrt_file){.path = file->path, .error = file->error, .descriptor = -1};
}

/* ---- a file by position ---- */
enum { BYTES_FIRST = 1 << 16, BYTES_LIMIT = 1 << 30 }; /* of what is unpacked into memory */

static int bytes_grow(nnrt_bytes *b, int64_t room) {
  unsigned char *more = room > BYTES_LIMIT ? NULL : realloc(b->held, (size_t)room);
  if (more) return b->held = more, NNRT_GOOD;
  return nnrt_fail(
      b->file.error, NNRT_FAILED,
      "%s: there is no memory for what it unpacks to, %lld bytes or more (at most %d are taken): unpack it "
      "with gunzip",
      b->file.path, (long long)b->size, BYTES_LIMIT);
}

static int bytes_unpack(nnrt_bytes *b) {
  int64_t room = BYTES_FIRST, got;
  do {
    NNRT_TRY(bytes_grow(b, room));
    NNRT_TRY(nnrt_file_read(&b->file, b->held + b->size, room - b->size, &got));
    b->size += got;
    room *= 2;
  } while (b->size == room / 2);
  return NNRT_GOOD;
}

static int bytes_start(nnrt_bytes *b) {
  struct stat about;
  int status = NNRT_GOOD;
  if (b->file.gz)
    status = bytes_unpack(b);
  else if (!fstat(b->file.descriptor, &about))
    b->size = about.st_size;
  b->file.error = NULL;
  if (status) nnrt_bytes_close(b);
  return status;
}

int nnrt_bytes_open(nnrt_error *error, nnrt_bytes *b, const char *path) {
  *b = (nnrt_bytes){0};
  NNRT_TRY(nnrt_file_open(&b->file, error, path));
  return bytes_start(b);
}

int nnrt_bytes_adopt(nnrt_error *error, nnrt_bytes *b, const char *path, int descriptor) {
  *b = (nnrt_bytes){.file = {.path = path, .error = error, .descriptor = descriptor}};
  lseek(descriptor, 0, SEEK_SET);
  NNRT_TRY(file_start(&b->file));
  return bytes_start(b);
}

int nnrt_bytes_read(nnrt_error *error, const nnrt_bytes *b, int64_t at, int64_t n, void *to) {
  if (b->held) return memcpy(to, b->held + at, (size_t)n), NNRT_GOOD;
  for (int64_t got = 0; got < n;) {
    ssize_t part = pread(b->file.descriptor, (unsigned char *)to + got, (size_t)(n - got), at + got);
    if (part == 0)
      return nnrt_fail(error, NNRT_FAILED, "%s: ends before byte %lld; it had %lld when it was opened", b->file.path,
                       (long long)(at + got + 1), (long long)b->size);
    if (part > 0)
      got += part;
    else if (errno != EINTR)
      return nnrt_fail(error, NNRT_FAILED, "%s: cannot be read at byte %lld: %s", b->file.path, (long long)(at + got),
                       strerror(errno));
  }
  return NNRT_GOOD;
}

/* Once more is nothing; so is one of zeros. */
void nnrt_bytes_close(nnrt_bytes *b) {
  if (b->file.path) nnrt_file_close(&b->file);
  free(b->held);
  *b = (nnrt_bytes){0};
}

/* What a run before wrote behind them is cut off; what is no regular file stays as it is. */
int nnrt_file_cut(nnrt_error *error, const char *path, int descriptor, int64_t bytes) {
  struct stat about;
  if (fstat(descriptor, &about) || !S_ISREG(about.st_mode)) return NNRT_GOOD;
  if (about.st_size < bytes)
    return nnrt_fail(error, NNRT_FAILED, "%s: has %lld bytes; %lld of it were written when the checkpoint was made",
                     path, (long long)about.st_size, (long long)bytes);
  if (!ftruncate(descriptor, bytes) && lseek(descriptor, 0, SEEK_END) >= 0) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_FAILED, "%s: cannot be written: %s", path, strerror(errno));
}

bool nnrt_path_is_folder(const char *path) {
  struct stat about;
  return !stat(path, &about) && S_ISDIR(about.st_mode);
}

/* ---- a file that is written in pieces ---- */
void nnrt_paper_flush(nnrt_paper *paper) {
  if (!paper->failed) paper->failed = nnrt_write_all(paper->descriptor, paper->buffer, paper->used);
  paper->used = 0;
}

void nnrt_paper_bytes(nnrt_paper *paper, const void *bytes, int64_t n) {
  if (n > (int64_t)sizeof paper->buffer - paper->used) nnrt_paper_flush(paper);
  if (n > (int64_t)sizeof paper->buffer) {
    if (!paper->failed) paper->failed = nnrt_write_all(paper->descriptor, bytes, n);
    return;
  }
  memcpy(paper->buffer + paper->used, bytes, (size_t)n);
  paper->used += (int)n;
}

void nnrt_paper_text(nnrt_paper *paper, const char *format, ...) {
  char text[8192];
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  nnrt_paper_bytes(paper, text, n < (int)sizeof text ? n : (int)sizeof text - 1);
}

int nnrt_write_all(int descriptor, const void *bytes, int64_t n) {
  const char *at = bytes;
  while (n > 0) {
    ssize_t part = write(descriptor, at, (size_t)n);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return errno;
    at += part;
    n -= part;
  }
  return 0;
}

/* What the user should know although all is well. */
void nnrt_say(const nnrt_model *model, const char *text) {
  char line[4400];
  int n = nnrt_text(line, sizeof line, 0, "%s: %s\n", model->name, text);
  nnrt_write_all(STDERR_FILENO, line, n);
}
