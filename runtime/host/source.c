/* source.c: opened data sources: rows by number, in file order or in the order that an epoch's shuffle gives.
 *
 * An "idx" source is one IDX file a field, all with the same number of rows, held in memory; the rows of a "table"
 * stand in the program. A "random" source is made up: each value is a function of (seed, source, field, row), so a
 * benchmark has data of any size and every run has the same. --data replaces the files of a source by others, or by a
 * folder that has files of the same names. A part of a split keeps the numbers of its rows (`subset`).
 *
 * A shuffled pass visits the rows in a permutation made by Philox from (seed, source, epoch): the same on every
 * platform, whatever was run before. It is made when its first batch is filled, by the thread that fills. A batch of a
 * Poisson source is drawn the same way, from (seed, source, number of the draw); a pass of it is as many draws as visit
 * all rows on the average. */
#include "host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { /* what the random streams are for */
       STREAM_SHUFFLE = 0x53687566,
       STREAM_MADE_UP = 0x4D616465,
       STREAM_POISSON = 0x506F6973,
       STREAM_SPLIT = 0x53706C69,
       NNRT_PATH_MAX = 4096
};

/* ---- which files ---- */
static const char *path_base(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static bool path_is_folder(const char *path) {
  struct stat about;
  return !stat(path, &about) && S_ISDIR(about.st_mode);
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

/* The path of field k: the k-th of a list A,B,…, the model's own name in a folder, or the model's own path. */
static int stream_path(nnrt_error *error, const nnrt_stream *s, const char *files, int k, char to[NNRT_PATH_MAX]) {
  const nnrt_source *source = s->source;
  if (!files) return nnrt_text(to, NNRT_PATH_MAX, 0, "%s", source->files[k]), NNRT_GOOD;
  if (path_is_folder(files)) {
    if (!source->files)
      return nnrt_fail(error, NNRT_FAILED, "--data %s=%s: the model names no files for it, so a folder says too little",
                       source->name, files);
    return path_in_folder(to, files, source->files[k]), NNRT_GOOD;
  }
  int commas = 0;
  for (const char *c = files; *c; c++) commas += *c == ',';
  if (commas + 1 != source->nfields)
    return nnrt_fail(error, NNRT_FAILED, "--data %s=%s: %d files were given; it has %d fields, each with a file",
                     source->name, files, commas + 1, source->nfields);
  for (; k > 0; k--) files += strcspn(files, ",") + 1;
  nnrt_text(to, NNRT_PATH_MAX, 0, "%.*s", (int)strcspn(files, ","), files);
  return NNRT_GOOD;
}

/* ---- opening ---- */
static int stream_read(nnrt_error *error, nnrt_stream *s, const char *files) {
  const nnrt_source *source = s->source;
  char path[NNRT_PATH_MAX], first[NNRT_PATH_MAX] = "";
  for (int k = 0; k < source->nfields; k++) {
    int64_t rows = 0;
    NNRT_TRY(stream_path(error, s, files, k, path));
    NNRT_TRY(nnrt_idx_read(error, path, &source->fields[k], source->classes, &s->columns[k], &rows));
    if (k && rows != s->rows)
      return nnrt_fail(error, NNRT_FAILED, "%s: has %lld rows (bytes 4 to 7), but %s has %lld", path, (long long)rows,
                       first, (long long)s->rows);
    s->rows = rows;
    if (!k) memcpy(first, path, sizeof first);
  }
  return NNRT_GOOD;
}

static bool source_is_part(const nnrt_source *source) { return source->from < source->to; }

static int64_t part_edge(double fraction, int64_t all) { return (int64_t)floor(fraction * (double)all + 0.5); }

/* Rows that the model was promised, of this part; -1: none. */
int64_t nnrt_source_rows(const nnrt_source *source) {
  if (source->rows < 0 || !source_is_part(source)) return source->rows;
  return part_edge(source->to, source->rows) - part_edge(source->from, source->rows);
}

static int64_t field_bytes(const nnrt_field *field) {
  int64_t elements = 1;
  for (int i = 0; i < field->rank; i++) elements *= field->dim[i];
  return elements * nnrt_dtype_bytes(field->dtype);
}

static int stream_make_up(nnrt_stream *s) {
  const nnrt_source *source = s->source;
  s->made_up = 1;
  s->rows = source->rows >= 0 ? source->rows : 64 * (int64_t)source->batch;
  for (int k = 0; k < source->nfields; k++) s->columns[k].row_bytes = field_bytes(&source->fields[k]);
  return NNRT_GOOD;
}

static int stream_copy_table(nnrt_error *error, nnrt_stream *s) {
  const nnrt_source *source = s->source;
  s->rows = source->rows;
  for (int k = 0; k < source->nfields; k++) {
    s->columns[k].row_bytes = field_bytes(&source->fields[k]);
    NNRT_TRY(nnrt_alloc(error, &s->columns[k].at, s->rows * s->columns[k].row_bytes, source->name));
    memcpy(s->columns[k].at, source->values[k], (size_t)(s->rows * s->columns[k].row_bytes));
  }
  return NNRT_GOOD;
}

/* The numbers of this part's rows, ascending: those that stand between its edges in one permutation of all rows. */
static int stream_cut(nnrt_error *error, nnrt_stream *s) {
  const nnrt_source *source = s->source;
  nnrt_random r;
  if (!source_is_part(source)) return NNRT_GOOD;
  int64_t low = part_edge(source->from, s->rows), high = part_edge(source->to, s->rows), n = 0;
  uint32_t *order;
  unsigned char *taken = NULL;
  NNRT_TRY(nnrt_alloc(error, &order, s->rows * (int64_t)sizeof *order, "the parts of a split"));
  int status = nnrt_alloc(error, &taken, s->rows, "the parts of a split");
  if (!status) {
    nnrt_random_start(&r, (uint64_t)source->split_seed, STREAM_SPLIT, 0);
    nnrt_random_shuffle(&r, order, (uint32_t)s->rows);
    for (int64_t i = low; i < high; i++) taken[order[i]] = 1;
    for (int64_t row = 0; row < s->rows; row++)
      if (taken[row]) order[n++] = (uint32_t)row;
  }
  free(taken);
  s->subset = order;
  s->rows = high - low;
  return status;
}

static int stream_fill(nnrt_error *error, nnrt_stream *s, const char *files) {
  const nnrt_source *source = s->source;
  NNRT_TRY(nnrt_alloc(error, &s->columns, source->nfields * (int64_t)sizeof *s->columns, source->name));
  if (!files && !strcmp(source->kind, "random"))
    NNRT_TRY(stream_make_up(s));
  else if (!files && !strcmp(source->kind, "table"))
    NNRT_TRY(stream_copy_table(error, s));
  else if (files || !strcmp(source->kind, "idx"))
    NNRT_TRY(stream_read(error, s, files));
  else
    return nnrt_fail(error, NNRT_FAILED, "this runtime has no reader for sources of kind \"%s\"", source->kind);
  if (s->rows > UINT32_MAX)
    return nnrt_fail(error, NNRT_FAILED, "%lld rows; at most %lld can be shuffled", (long long)s->rows,
                     (long long)UINT32_MAX);
  NNRT_TRY(stream_cut(error, s));
  if (s->shuffle || source->rate > 0)
    NNRT_TRY(nnrt_alloc(error, &s->order, s->rows * (int64_t)sizeof *s->order, "the order of the rows"));
  if (source->rate > 0) s->draws = (int64_t)fmax(1, floor(1 / source->rate + 0.5));
  s->order_epoch = -1;
  return NNRT_GOOD;
}

/* Errors are told with the source's name in front. The caller has set source, index, shuffle and seed. */
int nnrt_stream_open(nnrt_error *error, nnrt_stream *s, const char *files) {
  nnrt_error inner = {0};
  if (!stream_fill(&inner, s, files)) return NNRT_GOOD;
  nnrt_stream_close(s);
  return nnrt_fail(error, inner.status, "data %s: %s", s->source->name, inner.text);
}

void nnrt_stream_close(nnrt_stream *s) {
  for (int k = 0; s->columns && k < s->source->nfields; k++) free(s->columns[k].at);
  free(s->columns);
  free(s->order);
  free(s->subset);
  s->subset = NULL;
  s->columns = NULL;
  s->order = NULL;
}

/* ---- passes: batches of n rows, the last one perhaps padded; or draws, counted as rows ---- */
int nnrt_stream_weighted(const nnrt_stream *s) { return s->source->pad || s->draws; }

/* May a batch of n rows begin at `row`? */
int nnrt_stream_fits(const nnrt_stream *s, int64_t row, int64_t n) {
  if (s->draws) return row < s->draws;
  return s->source->pad ? row < s->rows : row + n <= s->rows;
}

int64_t nnrt_stream_step(const nnrt_stream *s, int64_t n) { return s->draws ? 1 : n; }

int64_t nnrt_stream_batches(const nnrt_stream *s, int64_t n) {
  if (s->draws) return s->draws;
  return s->source->pad ? (s->rows + n - 1) / n : s->rows / n;
}

/* ---- rows ---- */
/* Which rows are in draw number `draw`: each with the probability `rate`, to 2^-32. */
static void stream_draw(nnrt_stream *s, int64_t draw) {
  uint64_t below = (uint64_t)(s->source->rate * 0x1p32 + 0.5);
  nnrt_random r;
  if (s->order_epoch == draw) return;
  nnrt_random_start(&r, s->seed, STREAM_POISSON + (uint32_t)s->index, (uint64_t)draw);
  s->drawn = 0;
  for (int64_t row = 0; row < s->rows; row++)
    if (nnrt_random_bits(&r) < below) s->order[s->drawn++] = (uint32_t)row;
  s->order_epoch = draw;
}

/* Rows in the batch that begins at `first`; a Poisson draw may give more than n, which is the caller's to refuse. */
int64_t nnrt_stream_present(nnrt_stream *s, int in_order, int64_t epoch, int64_t first, int64_t n) {
  if (s->draws && !in_order) {
    stream_draw(s, epoch * s->draws + first);
    return s->drawn;
  }
  return first + n <= s->rows ? n : s->rows - first;
}

static void stream_order(nnrt_stream *s, int64_t epoch) {
  if (s->order_epoch == epoch) return;
  nnrt_random r;
  nnrt_random_start(&r, s->seed, STREAM_SHUFFLE + (uint32_t)s->index, (uint64_t)epoch);
  nnrt_random_shuffle(&r, s->order, (uint32_t)s->rows);
  s->order_epoch = epoch;
}

/* Floats uniform on [0, 1); labels (one integer a row) below the classes; other integers as pixels, 0 to 255. */
static void stream_invent(const nnrt_stream *s, int field, int64_t row, unsigned char *to) {
  const nnrt_field *f = &s->source->fields[field];
  int64_t bytes = nnrt_dtype_bytes(f->dtype), classes = s->source->classes > 0 ? s->source->classes : 10;
  bool real = f->dtype == NNRT_f32 || f->dtype == NNRT_f64 || f->dtype == NNRT_f16 || f->dtype == NNRT_bf16;
  uint32_t below = f->dtype == NNRT_bool ? 2 : f->rank ? 256 : (uint32_t)(classes < UINT32_MAX ? classes : UINT32_MAX);
  nnrt_random r;
  nnrt_random_start(&r, s->seed, STREAM_MADE_UP + ((uint32_t)s->index << 8) + (uint32_t)field, (uint64_t)row);
  for (int64_t i = 0; i < s->columns[field].row_bytes; i += bytes)
    nnrt_element_set(f->dtype, to + i, real ? (nnrt_random_bits(&r) >> 21) * 0x1p-11 : nnrt_random_below(&r, below));
}

/* n rows of a field into a batch; what it has too few of is zero. A pass in file order copies one run of bytes. */
void nnrt_stream_rows(nnrt_stream *s, int field, int in_order, int64_t epoch, int64_t first, int64_t n,
                      unsigned char *to) {
  const nnrt_column *c = &s->columns[field];
  bool drawn = s->draws && !in_order, permuted = s->shuffle && !in_order && !drawn;
  int64_t present = nnrt_stream_present(s, in_order, epoch, first, n), at = drawn ? 0 : first;
  if (present > n) present = n;
  if (permuted) stream_order(s, epoch);
  memset(to + present * c->row_bytes, 0, (size_t)((n - present) * c->row_bytes));
  if (!permuted && !drawn && !s->made_up && !s->subset) {
    memcpy(to, c->at + first * c->row_bytes, (size_t)(present * c->row_bytes));
    return;
  }
  for (int64_t i = 0; i < present; i++, to += c->row_bytes) {
    int64_t row = permuted || drawn ? s->order[at + i] : first + i;
    if (s->subset) row = s->subset[row];
    if (s->made_up)
      stream_invent(s, field, row, to);
    else
      memcpy(to, c->at + row * c->row_bytes, (size_t)c->row_bytes);
  }
}
