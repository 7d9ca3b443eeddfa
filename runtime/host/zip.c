/* zip.c: the members of a zip archive, each as nnrt_bytes. A stored member is read where it lies in the archive, once
 * it has been gone through for its checksum. A deflated one is a gzip file but for its head and its tail: it is made
 * into one, in a file without a name, and unpacked as any .gz is, which also checks its length and its checksum.
 *
 * The archive's directory is at its end; each size and place in it is checked against the archive before it is used.
 * Archives of several parts, encrypted ones, and those beyond 4 GiB (zip64) are refused. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ZIP_END = 22, ZIP_ENTRY = 46, ZIP_LOCAL = 30, ZIP_COMMENT = 65535, ZIP_STORED = 0, ZIP_DEFLATED = 8 };

typedef struct nnrt_zip {
  nnrt_bytes file;
  nnrt_error *error;
  const char *path;
  unsigned char *directory;
  int64_t directory_at, directory_size;
  int64_t at, packed, unpacked; /* of the member */
  uint32_t crc, method, flags;
} nnrt_zip;

static uint32_t zip_number(const unsigned char *at, int bytes) { return (uint32_t)nnrt_low(at, bytes); }

static int zip_fail(nnrt_zip *z, int64_t byte, const char *what) {
  return nnrt_fail(z->error, NNRT_FAILED, "%s: %s at byte %lld", z->path, what, (long long)byte);
}

/* ---- the directory ---- */
static int zip_end(nnrt_zip *z, const unsigned char *end, int64_t at) {
  z->directory_size = zip_number(end + 12, 4);
  z->directory_at = zip_number(end + 16, 4);
  if (z->directory_at == UINT32_MAX || z->directory_size == UINT32_MAX)
    return zip_fail(z, at, "a zip64 archive, which is not read,");
  if (zip_number(end + 4, 4)) return zip_fail(z, at, "one part of several of an archive");
  if (z->directory_at + z->directory_size > at) return zip_fail(z, at + 12, "a directory that lies outside the file");
  NNRT_TRY(nnrt_alloc(z->error, &z->directory, z->directory_size, z->path));
  return nnrt_bytes_read(z->error, &z->file, z->directory_at, z->directory_size, z->directory);
}

static int zip_directory(nnrt_zip *z) {
  int64_t n = z->file.size < ZIP_COMMENT + ZIP_END ? z->file.size : ZIP_COMMENT + ZIP_END, i = n - ZIP_END;
  unsigned char *tail;
  NNRT_TRY(nnrt_alloc(z->error, &tail, n, z->path));
  int status = nnrt_bytes_read(z->error, &z->file, z->file.size - n, n, tail);
  while (!status && i >= 0 && memcmp(tail + i, "PK\5\6", 4)) i--;
  if (!status)
    status = i < 0 ? nnrt_fail(z->error, NNRT_FAILED,
                               "%s: no .npz file, or truncated: a zip archive ends with PK 05 06", z->path)
                   : zip_end(z, tail + i, z->file.size - n + i);
  free(tail);
  return status;
}

static bool zip_named(const unsigned char *name, int64_t n, const char *base, const char *ending) {
  int64_t own = (int64_t)strlen(base), end = (int64_t)strlen(ending);
  return n == own + end && !memcmp(name, base, (size_t)own) && !memcmp(name + own, ending, (size_t)end);
}

/* The entry at byte i of the directory: the length of its name, and of all of it. */
static int zip_entry(nnrt_zip *z, int64_t i, int64_t *name, int64_t *all) {
  const unsigned char *entry = z->directory + i;
  if (z->directory_size - i < ZIP_ENTRY || memcmp(entry, "PK\1\2", 4))
    return zip_fail(z, z->directory_at + i, "no entry of the directory, which begins with PK 01 02,");
  *name = zip_number(entry + 28, 2);
  *all = ZIP_ENTRY + *name + zip_number(entry + 30, 2) + zip_number(entry + 32, 2);
  if (*all > z->directory_size - i) return zip_fail(z, z->directory_at + i, "an entry that ends behind the directory");
  return NNRT_GOOD;
}

static int zip_find(nnrt_zip *z, const char *base, const char *ending) {
  char names[400];
  int listed = 0;
  for (int64_t i = 0, name, all; i < z->directory_size; i += all) {
    const unsigned char *entry = z->directory + i;
    NNRT_TRY(zip_entry(z, i, &name, &all));
    if (zip_named(entry + ZIP_ENTRY, name, base, ending)) {
      z->flags = zip_number(entry + 8, 2), z->method = zip_number(entry + 10, 2), z->crc = zip_number(entry + 16, 4);
      z->packed = zip_number(entry + 20, 4), z->unpacked = zip_number(entry + 24, 4), z->at = zip_number(entry + 42, 4);
      return NNRT_GOOD;
    }
    listed = nnrt_text(names, sizeof names, listed, "%s%.*s", listed ? ", " : "", (int)name,
                       (const char *)entry + ZIP_ENTRY);
  }
  return nnrt_fail(z->error, NNRT_FAILED, "%s: has no array %s%s; it has: %s", z->path, base, ending,
                   listed ? names : "none");
}

/* ---- the member ---- */
static int zip_member(nnrt_zip *z) {
  unsigned char local[ZIP_LOCAL];
  if (z->flags & 1) return zip_fail(z, z->at, "an encrypted member");
  if (z->method != ZIP_STORED && z->method != ZIP_DEFLATED)
    return zip_fail(z, z->at, "a member that is neither stored nor deflated");
  if (z->at == UINT32_MAX || z->packed == UINT32_MAX || z->unpacked == UINT32_MAX)
    return zip_fail(z, z->directory_at, "a member of 4 GiB or more (zip64), which is not read, in the directory");
  if (z->at + ZIP_LOCAL > z->file.size) return zip_fail(z, z->at, "the end of the file before a member");
  NNRT_TRY(nnrt_bytes_read(z->error, &z->file, z->at, ZIP_LOCAL, local));
  if (memcmp(local, "PK\3\4", 4)) return zip_fail(z, z->at, "no member, which begins with PK 03 04,");
  z->at += ZIP_LOCAL + zip_number(local + 26, 2) + zip_number(local + 28, 2);
  if (z->at + z->packed > z->file.size) return zip_fail(z, z->at, "a member that ends behind the file");
  if (z->method == ZIP_STORED && z->packed != z->unpacked)
    return zip_fail(z, z->at, "a stored member of two different sizes");
  return NNRT_GOOD;
}

enum { ZIP_PIECE = 1 << 16 };

static int64_t zip_piece(const nnrt_zip *z, int64_t done) {
  return z->packed - done < ZIP_PIECE ? z->packed - done : ZIP_PIECE;
}

static int zip_check_stored(nnrt_zip *z) {
  unsigned char piece[ZIP_PIECE];
  nnrt_crc crc;
  nnrt_crc_start(&crc);
  for (int64_t done = 0, n; done < z->packed; done += n) {
    n = zip_piece(z, done);
    NNRT_TRY(nnrt_bytes_read(z->error, &z->file, z->at + done, n, piece));
    nnrt_crc_add(&crc, piece, n);
  }
  if (nnrt_crc_sum(&crc) == z->crc) return NNRT_GOOD;
  return nnrt_fail(z->error, NNRT_FAILED,
                   "%s: damaged: the member of %lld bytes at byte %lld has the checksum %08x; the archive says %08x",
                   z->path, (long long)z->packed, (long long)z->at, nnrt_crc_sum(&crc), z->crc);
}

static int zip_copy(nnrt_zip *z, FILE *to) {
  static const unsigned char head[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255};
  unsigned char piece[ZIP_PIECE], tail[8];
  bool good = fwrite(head, 1, sizeof head, to) == sizeof head;
  for (int64_t done = 0, n; done < z->packed && good; done += n) {
    n = zip_piece(z, done);
    NNRT_TRY(nnrt_bytes_read(z->error, &z->file, z->at + done, n, piece));
    good = fwrite(piece, 1, (size_t)n, to) == (size_t)n;
  }
  nnrt_low_put(nnrt_low_put(tail, z->crc, 4), (uint64_t)z->unpacked, 4);
  good = good && fwrite(tail, 1, sizeof tail, to) == sizeof tail && !fflush(to);
  return good ? NNRT_GOOD : zip_fail(z, z->at, "no room in the temporary folder for unpacking the member");
}

static int zip_unpack(nnrt_zip *z, nnrt_bytes *bytes) {
  FILE *file = tmpfile();
  if (!file) return zip_fail(z, z->at, "no temporary file for unpacking the member");
  int status = zip_copy(z, file), descriptor = status ? -1 : dup(fileno(file));
  fclose(file);
  if (status) return status;
  if (descriptor < 0) return zip_fail(z, z->at, "no temporary file for unpacking the member");
  return nnrt_bytes_adopt(z->error, bytes, z->path, descriptor);
}

static int zip_read(nnrt_zip *z, nnrt_bytes *bytes, const char *base, const char *ending, int64_t *at) {
  NNRT_TRY(zip_directory(z));
  NNRT_TRY(zip_find(z, base, ending));
  NNRT_TRY(zip_member(z));
  *at = z->method == ZIP_STORED ? z->at : 0;
  if (z->method == ZIP_DEFLATED) return zip_unpack(z, bytes);
  NNRT_TRY(zip_check_stored(z));
  *bytes = z->file; /* up to the member's end */
  bytes->size = z->at + z->unpacked;
  z->file = (nnrt_bytes){0};
  return NNRT_GOOD;
}

/* The member base + ending of the archive: its first byte is at *at of the bytes, its last one is their last. */
int nnrt_zip_open(nnrt_error *error, nnrt_bytes *bytes, const char *path, const char *base, const char *ending,
                  int64_t *at) {
  nnrt_zip z = {.error = error, .path = path};
  *bytes = (nnrt_bytes){0};
  NNRT_TRY(nnrt_bytes_open(error, &z.file, path));
  int status = zip_read(&z, bytes, base, ending, at);
  nnrt_bytes_close(&z.file);
  free(z.directory);
  return status;
}

static int zip_visit(nnrt_zip *z, void *context, nnrt_zip_visit *visit) {
  NNRT_TRY(zip_directory(z));
  for (int64_t i = 0, name, all; i < z->directory_size; i += all) {
    NNRT_TRY(zip_entry(z, i, &name, &all));
    NNRT_TRY(visit(context, (const char *)z->directory + i + ZIP_ENTRY, (int)name));
  }
  return NNRT_GOOD;
}

/* visit(context, name, its length) for each member of the archive, in the order of its directory. */
int nnrt_zip_members(nnrt_error *error, const char *path, void *context, nnrt_zip_visit *visit) {
  nnrt_zip z = {.error = error, .path = path};
  NNRT_TRY(nnrt_bytes_open(error, &z.file, path));
  int status = zip_visit(&z, context, visit);
  nnrt_bytes_close(&z.file);
  free(z.directory);
  return status;
}
