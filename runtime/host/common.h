/* common.h: what every file of the hosted runtime may need: errors, small texts, dtypes, the pool of threads, files in
 * and out, sums. A part of host.h. */
#ifndef NNRT_COMMON_H
#define NNRT_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "../core/core.h"
#include "../nnrt.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- status.c ---- */
enum { NNRT_GOOD = 0, NNRT_FAILED = 1, NNRT_USAGE = 2 }; /* also the exit codes; 128 + signal when one ended the run */
enum { NNRT_OVER = -1 }; /* the run has what it wanted: no failure, and nothing goes on */
typedef struct nnrt_run nnrt_run;
typedef struct nnrt_error {
  int status;
  char text[1024];
} nnrt_error;

int nnrt_fail(nnrt_error *error, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define NNRT_TRY(call)                                                                                                 \
  do {                                                                                                                 \
    int nnrt_status = (call);                                                                                          \
    if (nnrt_status) return nnrt_status;                                                                               \
  } while (0)
int nnrt_alloc(nnrt_error *error, void *pointer, int64_t bytes, const char *what); /* zeroed, aligned to 64; free() */
int nnrt_alloc_raw(nnrt_error *error, void *pointer, int64_t bytes, const char *what); /* not zeroed */
double nnrt_seconds(void);                                                             /* monotonic */
int nnrt_character(const char *text);                             /* bytes of the UTF-8 character there, or 0 */
int nnrt_name_text(char *to, int size, int at, const char *name); /* appends it so that it can be shown */
int nnrt_characters(const char *text);                            /* of UTF-8 */
int nnrt_json_text(char *to, int size, int at, const char *text); /* appends it, escaped */
bool nnrt_path_ends(const char *path, const char *end);
unsigned char *nnrt_low_put(unsigned char *to, uint64_t number, int bytes); /* the lowest byte first; -> behind it */
uint64_t nnrt_low(const unsigned char *at, int bytes);
const char *nnrt_nearest(const char *word, int n, const char *const *words); /* for "did you mean", or NULL */
int nnrt_text(char *to, int size, int at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));                              /* appends, cuts; the new length */
const char *nnrt_grouped(char to[32], int64_t n);                       /* 245,760 */
int nnrt_shape_text(char *to, int size, int rank, const int64_t *dims); /* [1,28,28] */

/* ---- dtypes (status.c) ---- */
enum { NNRT_BIG_ENDIAN = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ }; /* how numbers lie in our memory */
int nnrt_dtype_bytes(int dtype);
int nnrt_dtype_is_float(int dtype);
const char *nnrt_dtype_name(int dtype);                               /* "f32" */
double nnrt_element(int dtype, const void *at);                       /* the value of one element */
void nnrt_element_set(int dtype, void *at, double value);             /* nearest, saturating for integers */
int nnrt_element_text(char *to, int size, int dtype, const void *at); /* as JSON: every value reads back */

/* ---- pool.c ---- */
int nnrt_usable_cpus(void);
int nnrt_pool_start(nnrt_error *error, nnrt_pool **pool, int threads); /* one thread: *pool stays NULL */
void nnrt_pool_run(nnrt_pool *pool, nnrt_step *step, const nnrt_memory *memory);
void nnrt_pool_stop(nnrt_pool *pool);

enum { NNRT_PATH_MAX = 4096 };

/* ---- file.c: a file, or what a .gz file holds ---- */
typedef struct nnrt_file {
  const char *path;
  nnrt_error *error;
  int descriptor;
  int64_t at; /* bytes given out so far */
  void *gz, *library;
  const struct nnrt_gz *calls;
} nnrt_file;
int nnrt_file_open(nnrt_file *file, nnrt_error *error, const char *path);
int nnrt_file_read(nnrt_file *file, void *to, int64_t n, int64_t *got); /* *got < n at the end of the file only */
void nnrt_file_close(nnrt_file *file);
const char *nnrt_file_missing(const char *path, char *to, int size); /* which package has it, or "" */
bool nnrt_path_is_folder(const char *path);
int nnrt_write_all(int descriptor, const void *bytes, int64_t n); /* 0, or errno */
typedef struct nnrt_paper {                                       /* a file that is written in pieces */
  int descriptor, failed, used;                                   /* failed: errno of the first write that did */
  char buffer[1 << 16];
} nnrt_paper;
void nnrt_paper_text(nnrt_paper *paper, const char *format, ...) __attribute__((format(printf, 2, 3)));
void nnrt_paper_bytes(nnrt_paper *paper, const void *bytes, int64_t n);
void nnrt_paper_flush(nnrt_paper *paper);
void nnrt_say(const nnrt_model *model, const char *text); /* a line on standard error */
int nnrt_file_cut(nnrt_error *error, const char *path, int descriptor,
                  int64_t bytes); /* to go on writing behind them */

/* ---- file.c: a file by position: read where it lies or, packed by gzip, unpacked into memory ---- */
typedef struct nnrt_bytes {
  nnrt_file file;
  unsigned char *held; /* what a .gz file holds, or NULL */
  int64_t size;
} nnrt_bytes;
int nnrt_bytes_open(nnrt_error *error, nnrt_bytes *bytes, const char *path);
int nnrt_bytes_adopt(nnrt_error *error, nnrt_bytes *bytes, const char *path, int descriptor);     /* of an open file */
int nnrt_bytes_read(nnrt_error *error, const nnrt_bytes *bytes, int64_t at, int64_t n, void *to); /* all n */
void nnrt_bytes_close(nnrt_bytes *bytes);

/* ---- crc.c ---- */
typedef struct nnrt_crc {
  uint32_t sum, table[8][256];
} nnrt_crc;
void nnrt_crc_start(nnrt_crc *crc);
void nnrt_crc_start_c(nnrt_crc *crc); /* CRC-32C */
void nnrt_crc_again(nnrt_crc *crc);   /* another sum of the same kind */
void nnrt_crc_add(nnrt_crc *crc, const void *bytes, int64_t n);
uint32_t nnrt_crc_sum(const nnrt_crc *crc);

/* ---- replace.c: a file is whole at any time ---- */
typedef struct nnrt_replacement {
  const char *path;           /* as the user wrote it */
  char target[NNRT_PATH_MAX]; /* what links lead to */
  char beside[NNRT_PATH_MAX]; /* TARGET.new */
  int descriptor;             /* of `beside` */
  int keep;                   /* files that are kept, this one included: 1 */
} nnrt_replacement;
int nnrt_replace_begin(nnrt_error *error, nnrt_replacement *r, const char *path);
int nnrt_replace_end(nnrt_error *error, nnrt_replacement *r, int failed); /* failed: an errno, or 0 */
bool nnrt_path_same(const char *a, const char *b);
int nnrt_links_follow(const char *path, char *to); /* to: NNRT_PATH_MAX bytes; an errno, or 0 */
int nnrt_replace_possible(nnrt_error *error, const char *path);
#endif
