/* reader.c: the rows of a source by number, whatever they lie in. A format (idx.c, records.c, text.c, …) opens the
 * files of a source, says how many rows there are, and reads rows of a field into a buffer; what is done with the
 * numbers (order, parts, batches) is source.c's. Here: which files, and the formats that need none.
 *
 * Everything is checked when it is opened, so that a bad file is refused before the first step. Formats that leave
 * rows in their files check again what they read: a file may change under a run. Reading allocates nothing.
 *
 * --data NAME=PATH replaces the files: by a list A,B,…, or by a folder that has files of the same names. */
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STREAM_MADE_UP = 0x4D616465 /* what the random stream is for */ };

/* ---- which files ---- */
static const char *path_base(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* FOLDER/NAME as the model has it; or with .gz taken off or put on when only that file is there. */
static void path_in_folder(char to[NNRT_PATH_MAX], const char *folder, const char *file) {
  const char *name = path_base(file);
  int n = (int)strlen(name), packed = n > 3 && !strcmp(name + n - 3, ".gz");
  char other[NNRT_PATH_MAX];
  nnrt_text(to, NNRT_PATH_MAX, 0, "%s/%s", folder, name);
  nnrt_text(other, NNRT_PATH_MAX, 0, "%s/%.*s%s", folder, packed ? n - 3 : n, name, packed ? "" : ".gz");
  if (access(to, R_OK) && !access(other, R_OK)) memcpy(to, other, sizeof other);
}

static int path_commas(const char *files) {
  int n = 0;
  for (; *files; files++) n += *files == ',';
  return n;
}

/* How many files there are, once it is clear that there may be so many. */
static int reader_count_files(nnrt_error *error, nnrt_reader *r, const char *files) {
  const nnrt_source *source = r->source;
  r->nfiles = source->nfiles;
  if (!files) return NNRT_GOOD;
  if (nnrt_path_is_folder(files) && r->format->files != NNRT_FILES_TREES) {
    if (source->nfiles) return NNRT_GOOD;
    return nnrt_fail(error, NNRT_FAILED, "--data %s=%s: the model names no files for it, so a folder says too little",
                     source->name, files);
  }
  r->nfiles = path_commas(files) + 1;
  if (r->format->files == NNRT_FILES_EACH && r->nfiles != source->nfields)
    return nnrt_fail(error, NNRT_FAILED, "--data %s=%s: %d files were given; it has %d fields, each with a file",
                     source->name, files, r->nfiles, source->nfields);
  if (r->format->files == NNRT_FILES_ONE && r->nfiles != 1)
    return nnrt_fail(error, NNRT_FAILED, "--data %s=%s: %d files were given; it takes one", source->name, files,
                     r->nfiles);
  return NNRT_GOOD;
}

/* The path of file k: the k-th of a list, the model's own name in a folder, or the model's own path. */
static int reader_paths(nnrt_error *error, nnrt_reader *r, const char *files) {
  bool folder = files && r->format->files != NNRT_FILES_TREES && nnrt_path_is_folder(files);
  NNRT_TRY(reader_count_files(error, r, files));
  NNRT_TRY(nnrt_alloc(error, &r->paths, r->nfiles * (int64_t)sizeof *r->paths, r->source->name));
  for (int k = 0; k < r->nfiles; k++) {
    NNRT_TRY(nnrt_alloc(error, &r->paths[k], NNRT_PATH_MAX, r->source->name));
    if (folder) {
      path_in_folder(r->paths[k], files, r->source->files[k]);
    } else if (files) {
      int n = (int)strcspn(files, ",");
      nnrt_text(r->paths[k], NNRT_PATH_MAX, 0, "%.*s", n, files);
      files += n + 1;
    } else {
      nnrt_text(r->paths[k], NNRT_PATH_MAX, 0, "%s", r->source->files[k]);
    }
  }
  return NNRT_GOOD;
}

static void nothing_close(nnrt_reader *r) { (void)r; }

/* ---- rows in memory, one column a field ---- */
int nnrt_columns_make(nnrt_error *error, nnrt_reader *r) {
  NNRT_TRY(nnrt_alloc(error, &r->columns, r->source->nfields * (int64_t)sizeof *r->columns, r->source->name));
  for (int k = 0; k < r->source->nfields; k++) r->columns[k].row_bytes = nnrt_field_bytes(&r->source->fields[k]);
  return NNRT_GOOD;
}

int nnrt_columns_read(nnrt_error *error, nnrt_reader *r, int field, int64_t row, int64_t n, unsigned char *to) {
  const nnrt_column *c = &r->columns[field];
  (void)error;
  memcpy(to, c->at + row * c->row_bytes, (size_t)(n * c->row_bytes));
  return NNRT_GOOD;
}

void nnrt_columns_free(nnrt_reader *r) {
  for (int k = 0; r->columns && k < r->source->nfields; k++) free(r->columns[k].at);
  free(r->columns);
}

/* ---- "table": the rows stand in the program ---- */
static int table_open(nnrt_error *error, nnrt_reader *r) {
  (void)error;
  r->rows = r->source->rows;
  return NNRT_GOOD;
}

static int table_read(nnrt_error *error, nnrt_reader *r, int field, int64_t row, int64_t n, unsigned char *to) {
  int64_t bytes = nnrt_field_bytes(&r->source->fields[field]);
  (void)error;
  memcpy(to, (const unsigned char *)r->source->values[field] + row * bytes, (size_t)(n * bytes));
  return NNRT_GOOD;
}

static const nnrt_format format_table = {"table", NNRT_FILES_NONE, false, table_open, table_read, nothing_close};

/* ---- "random": each value is a function of (seed, source, field, row), so every run has the same ---- */
static int random_open(nnrt_error *error, nnrt_reader *r) {
  (void)error;
  r->rows = r->source->rows >= 0 ? r->source->rows : 64 * (int64_t)r->source->batch;
  return NNRT_GOOD;
}

/* Floats uniform on [0, 1); labels (one integer a row) below the classes; other integers as pixels, 0 to 255. */
static void random_row(const nnrt_reader *r, int field, int64_t row, unsigned char *to) {
  const nnrt_field *f = &r->source->fields[field];
  int64_t bytes = nnrt_dtype_bytes(f->dtype), all = nnrt_field_bytes(f);
  int64_t classes = r->source->classes > 0 ? r->source->classes : 10;
  bool real = nnrt_dtype_is_float(f->dtype);
  uint32_t below = f->dtype == NNRT_bool ? 2 : f->rank ? 256 : (uint32_t)(classes < UINT32_MAX ? classes : UINT32_MAX);
  nnrt_random draw;
  nnrt_random_start(&draw, r->seed, STREAM_MADE_UP + ((uint32_t)r->index << 8) + (uint32_t)field, (uint64_t)row);
  for (int64_t i = 0; i < all; i += bytes)
    nnrt_element_set(f->dtype, to + i,
                     real ? (nnrt_random_bits(&draw) >> 21) * 0x1p-11 : nnrt_random_below(&draw, below));
}

static int random_read(nnrt_error *error, nnrt_reader *r, int field, int64_t row, int64_t n, unsigned char *to) {
  int64_t bytes = nnrt_field_bytes(&r->source->fields[field]);
  (void)error;
  for (int64_t i = 0; i < n; i++) random_row(r, field, row + i, to + i * bytes);
  return NNRT_GOOD;
}

static const nnrt_format format_random = {"random", NNRT_FILES_NONE, false, random_open, random_read, nothing_close};

/* ---- "bpe": a vocabulary, which is opened by tokens.c and has no rows ---- */
static int reader_missing(nnrt_error *error, nnrt_reader *r) {
  return nnrt_fail(error, NNRT_FAILED, "this runtime has no reader for sources of kind \"%s\"", r->source->kind);
}

static const nnrt_format format_tokens = {"bpe", NNRT_FILES_ONE, false, reader_missing, NULL, nothing_close};

/* ---- opening ---- */
/* Files given for a source that has none in the model are IDX files. */
static const nnrt_format *format_find(const char *kind, bool files) {
  static const nnrt_format *const formats[] = {
      &nnrt_format_idx,         &nnrt_format_records, &nnrt_format_text, &nnrt_format_npy, &nnrt_format_npz,
      &nnrt_format_safetensors, &nnrt_format_csv,     &format_table,     &format_random,   &format_tokens};
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
    if (!strcmp(formats[i]->kind, kind))
      return files && formats[i]->files == NNRT_FILES_NONE ? &nnrt_format_idx : formats[i];
  return NULL;
}

int nnrt_reader_files(nnrt_error *error, nnrt_reader *r, const char *files) {
  r->format = r->source->reader ? r->source->reader : format_find(r->source->kind, files != NULL);
  return r->format && r->format->files != NNRT_FILES_NONE ? reader_paths(error, r, files) : NNRT_GOOD;
}

/* The caller has set source, seed and index, and closes what failed to open too. */
int nnrt_reader_open(nnrt_error *error, nnrt_reader *r, const char *files) {
  NNRT_TRY(nnrt_reader_files(error, r, files));
  return r->format ? r->format->open(error, r) : reader_missing(error, r);
}

void nnrt_reader_close(nnrt_reader *r) {
  if (r->format) r->format->close(r);
  for (int k = 0; r->paths && k < r->nfiles; k++) free(r->paths[k]);
  free(r->paths);
  *r = (nnrt_reader){0};
}
