/* idx.c: the reader of IDX files, the format of MNIST and its kin: two zero bytes, the type of the elements, the rank,
 * the dims (big-endian u32), then the elements (big-endian), the first dim counting rows.
 *
 * A file is read whole, checked completely, and kept as the field's dtype: what comes later only copies rows. Elements
 * may widen (u8 to f32) but never lose anything. Every refusal names the file, the byte, and what was expected. The
 * reader trusts nothing: sizes are checked against a limit before memory is asked for, and a file must hold exactly
 * what its header says. */
#include "host.h"

#include <stdlib.h>

/* ---- the types of elements ---- */
static const struct idx_type {
  int code;
  const char *name;
} idx_types[] = {{0x08, "u8"}, {0x09, "i8"}, {0x0B, "i16"}, {0x0C, "i32"}, {0x0D, "f32"}, {0x0E, "f64"}};

static const nnrt_stored_type *idx_type(int code) {
  for (size_t i = 0; i < sizeof idx_types / sizeof idx_types[0]; i++)
    if (idx_types[i].code == code) return nnrt_stored_find(idx_types[i].name);
  return NULL;
}

/* ---- the header ---- */
enum { NNRT_IDX_RANK = 8 };
#define NNRT_IDX_LIMIT ((int64_t)1 << 30) /* bytes of one file in memory */
typedef struct nnrt_idx {
  nnrt_file file;
  const nnrt_field *field;
  const nnrt_stored_type *type;
  int rank;
  int64_t dim[NNRT_IDX_RANK], rows, row_elements;
} nnrt_idx;

static int idx_fail_ends(nnrt_idx *x, int64_t expected, const char *what) {
  return nnrt_fail(x->file.error, NNRT_FAILED, "%s: truncated: it ends at byte %lld of %lld, in %s", x->file.path,
                   (long long)x->file.at, (long long)expected, what);
}

static int idx_read_magic(nnrt_idx *x) {
  unsigned char m[4] = {0};
  int64_t got;
  NNRT_TRY(nnrt_file_read(&x->file, m, 4, &got));
  if (got < 4) return idx_fail_ends(x, 4, "the magic number of IDX");
  if (m[0] || m[1])
    return nnrt_fail(
        x->file.error, NNRT_FAILED,
        "%s: not an IDX file: it begins with bytes %02x %02x %02x %02x; 00 00, a type and a rank were expected",
        x->file.path, m[0], m[1], m[2], m[3]);
  x->type = idx_type(m[2]);
  if (!x->type)
    return nnrt_fail(
        x->file.error, NNRT_FAILED,
        "%s: byte 2 is %02x, which is no element type of IDX (08 u8, 09 i8, 0b i16, 0c i32, 0d f32, 0e f64)",
        x->file.path, m[2]);
  x->rank = m[3];
  if (x->rank < 1 || x->rank > NNRT_IDX_RANK)
    return nnrt_fail(x->file.error, NNRT_FAILED, "%s: byte 3 is %d; a rank from 1 to %d was expected", x->file.path,
                     x->rank, NNRT_IDX_RANK);
  return NNRT_GOOD;
}

static int idx_read_dims(nnrt_idx *x) {
  unsigned char d[4 * NNRT_IDX_RANK];
  int64_t got, elements = 1;
  NNRT_TRY(nnrt_file_read(&x->file, d, 4 * x->rank, &got));
  if (got < 4 * x->rank) return idx_fail_ends(x, 4 + 4 * x->rank, "the dims");
  for (int i = 0; i < x->rank; i++) {
    x->dim[i] = (int64_t)d[4 * i] << 24 | d[4 * i + 1] << 16 | d[4 * i + 2] << 8 | d[4 * i + 3];
    if (i && x->dim[i] == 0)
      return nnrt_fail(x->file.error, NNRT_FAILED, "%s: dim %d at byte %d is 0", x->file.path, i, 4 + 4 * i);
    int64_t dim = x->dim[i] > 1 ? x->dim[i] : 1; /* a file without rows still has rows of a size */
    elements = elements > NNRT_IDX_LIMIT / dim ? NNRT_IDX_LIMIT + 1 : elements * dim;
  }
  int64_t bytes =
      nnrt_dtype_bytes(x->field->dtype) > x->type->bytes ? nnrt_dtype_bytes(x->field->dtype) : x->type->bytes;
  if (elements > NNRT_IDX_LIMIT / bytes)
    return nnrt_fail(
        x->file.error, NNRT_FAILED,
        "%s: its dims (bytes 4 to %d) say more than %lld bytes of %s; this reader holds a file in memory and "
        "takes at most that",
        x->file.path, 3 + 4 * x->rank, (long long)NNRT_IDX_LIMIT, nnrt_dtype_name(x->field->dtype));
  return NNRT_GOOD;
}

static int idx_check_shape(nnrt_idx *x) {
  const nnrt_field *f = x->field;
  x->rows = x->dim[0];
  x->row_elements = 1;
  for (int k = 1; k < x->rank; k++) x->row_elements *= x->dim[k];
  if (nnrt_shape_fits(x->rank - 1, x->dim + 1, f)) return NNRT_GOOD;
  char file[128], field[128];
  nnrt_shape_text(file, sizeof file, x->rank - 1, x->dim + 1);
  nnrt_shape_text(field, sizeof field, f->rank, f->dim);
  return nnrt_fail(x->file.error, NNRT_FAILED, "%s: its rows are %s (bytes 8 to %d); the field %s has rows of %s",
                   x->file.path, file, 3 + 4 * x->rank, f->name, field);
}

static int idx_check_type(nnrt_idx *x) {
  if (nnrt_stored_fits(x->type, x->field->dtype)) return NNRT_GOOD;
  return nnrt_fail(x->file.error, NNRT_FAILED,
                   "%s: its elements are %s (byte 2); the field %s is %s, which cannot hold them", x->file.path,
                   x->type->name, x->field->name, nnrt_dtype_name(x->field->dtype));
}

/* ---- the elements ---- */
static int idx_read_elements(nnrt_idx *x, nnrt_column *column) {
  int64_t n = x->rows * x->row_elements, wide = nnrt_dtype_bytes(x->field->dtype), got, more;
  int64_t size = n * x->type->bytes, held = n * wide, header = x->file.at;
  unsigned char *from, extra;
  NNRT_TRY(nnrt_alloc_raw(x->file.error, &column->at, held > size ? held : size, x->file.path));
  column->row_bytes = x->row_elements * wide;
  from = column->at + (held > size ? held - size : 0); /* at the end, so that they can widen in place */
  NNRT_TRY(nnrt_file_read(&x->file, from, size, &got));
  if (got < size)
    return nnrt_fail(x->file.error, NNRT_FAILED,
                     "%s: truncated: it ends at byte %lld, in row %lld of %lld; its header promises %lld bytes",
                     x->file.path, (long long)x->file.at, (long long)(got / (x->row_elements * x->type->bytes)),
                     (long long)x->rows, (long long)(header + size));
  NNRT_TRY(nnrt_file_read(&x->file, &extra, 1, &more));
  if (more)
    return nnrt_fail(x->file.error, NNRT_FAILED, "%s: there is more data after its %lld rows, at byte %lld",
                     x->file.path, (long long)x->rows, (long long)(header + size));
  nnrt_stored_convert(x->type, true, from, x->field->dtype, column->at, n);
  return NNRT_GOOD;
}

static int idx_check_labels(nnrt_idx *x, const nnrt_column *column, int64_t classes, int64_t header) {
  if (!nnrt_field_labels(x->field, classes) || x->row_elements != 1) return NNRT_GOOD;
  for (int64_t i = 0; i < x->rows; i++)
    NNRT_TRY(nnrt_label_check(x->file.error, x->file.path, x->field, classes, column->at + i * column->row_bytes, i,
                              header + i * x->type->bytes));
  return NNRT_GOOD;
}

static int idx_read_all(nnrt_idx *x, int64_t classes, nnrt_column *column) {
  NNRT_TRY(idx_read_magic(x));
  NNRT_TRY(idx_check_type(x));
  NNRT_TRY(idx_read_dims(x));
  NNRT_TRY(idx_check_shape(x));
  int64_t header = x->file.at;
  NNRT_TRY(idx_read_elements(x, column));
  return idx_check_labels(x, column, classes, header);
}

int nnrt_idx_read(nnrt_error *error, const char *path, const nnrt_field *field, int64_t classes, nnrt_column *column,
                  int64_t *rows) {
  nnrt_idx x = {.field = field};
  *column = (nnrt_column){0};
  NNRT_TRY(nnrt_file_open(&x.file, error, path));
  int status = idx_read_all(&x, classes, column);
  nnrt_file_close(&x.file);
  *rows = x.rows;
  if (!status) return NNRT_GOOD;
  free(column->at);
  *column = (nnrt_column){0};
  return status;
}

/* ---- as a source: one file a field, all with the same number of rows ---- */
static int idx_open(nnrt_error *error, nnrt_reader *r) {
  NNRT_TRY(nnrt_columns_make(error, r));
  for (int k = 0; k < r->source->nfields; k++) {
    int64_t rows = 0;
    NNRT_TRY(nnrt_idx_read(error, r->paths[k], &r->source->fields[k], r->source->classes, &r->columns[k], &rows));
    if (k && rows != r->rows)
      return nnrt_fail(error, NNRT_FAILED, "%s: has %lld rows (bytes 4 to 7), but %s has %lld", r->paths[k],
                       (long long)rows, r->paths[0], (long long)r->rows);
    r->rows = rows;
  }
  return NNRT_GOOD;
}

const nnrt_format nnrt_format_idx = {"idx", NNRT_FILES_EACH, false, idx_open, nnrt_columns_read, nnrt_columns_free};
