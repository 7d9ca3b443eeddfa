/* idx.c: the reader of IDX files, the format of MNIST and its kin: two zero bytes, the type of the elements, the rank,
 * the dims (big-endian u32), then the elements (big-endian), the first dim counting rows.
 *
 * A file is read whole, checked completely, and kept as the field's dtype: what comes later only copies rows. Elements
 * may widen (u8 to f32) but never lose anything. Every refusal names the file, the byte, and what was expected. The
 * reader trusts nothing: sizes are checked against a limit before memory is asked for, and a file must hold exactly
 * what its header says. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

/* ---- the types of elements ---- */
typedef struct nnrt_idx_type {
  int code, bytes;
  const char *name;
  unsigned widens; /* to these dtypes, as a set */
} nnrt_idx_type;
#define NNRT_TO(dtype) (1u << (dtype))
static const nnrt_idx_type idx_types[] = {
    {0x08, 1, "u8",
     NNRT_TO(NNRT_u8) | NNRT_TO(NNRT_i32) | NNRT_TO(NNRT_i64) | NNRT_TO(NNRT_u32) | NNRT_TO(NNRT_f32) |
         NNRT_TO(NNRT_f64) | NNRT_TO(NNRT_f16) | NNRT_TO(NNRT_bf16)},
    {0x09, 1, "i8",
     NNRT_TO(NNRT_i32) | NNRT_TO(NNRT_i64) | NNRT_TO(NNRT_f32) | NNRT_TO(NNRT_f64) | NNRT_TO(NNRT_f16) |
         NNRT_TO(NNRT_bf16)},
    {0x0B, 2, "i16", NNRT_TO(NNRT_i32) | NNRT_TO(NNRT_i64) | NNRT_TO(NNRT_f32) | NNRT_TO(NNRT_f64)},
    {0x0C, 4, "i32", NNRT_TO(NNRT_i32) | NNRT_TO(NNRT_i64) | NNRT_TO(NNRT_f64)},
    {0x0D, 4, "f32", NNRT_TO(NNRT_f32) | NNRT_TO(NNRT_f64)},
    {0x0E, 8, "f64", NNRT_TO(NNRT_f64)},
};

static const nnrt_idx_type *idx_type(int code) {
  for (size_t i = 0; i < sizeof idx_types / sizeof idx_types[0]; i++)
    if (idx_types[i].code == code) return &idx_types[i];
  return NULL;
}

/* ---- the header ---- */
enum { NNRT_IDX_RANK = 8 };
#define NNRT_IDX_LIMIT ((int64_t)1 << 30) /* bytes of one file in memory */
typedef struct nnrt_idx {
  nnrt_file file;
  const nnrt_field *field;
  const nnrt_idx_type *type;
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

/* A row fits when the dims agree, those of size 1 left out: 28x28 fits [1,28,28]. */
static int idx_check_shape(nnrt_idx *x) {
  const nnrt_field *f = x->field;
  int i = 1, j = 0;
  x->rows = x->dim[0];
  x->row_elements = 1;
  for (int k = 1; k < x->rank; k++) x->row_elements *= x->dim[k];
  for (;; i++, j++) {
    while (i < x->rank && x->dim[i] == 1) i++;
    while (j < f->rank && f->dim[j] == 1) j++;
    if (i == x->rank || j == f->rank || x->dim[i] != f->dim[j]) break;
  }
  if (i == x->rank && j == f->rank) return NNRT_GOOD;
  char file[128], field[128];
  nnrt_shape_text(file, sizeof file, x->rank - 1, x->dim + 1);
  nnrt_shape_text(field, sizeof field, f->rank, f->dim);
  return nnrt_fail(x->file.error, NNRT_FAILED, "%s: its rows are %s (bytes 8 to %d); the field %s has rows of %s",
                   x->file.path, file, 3 + 4 * x->rank, f->name, field);
}

static int idx_check_type(nnrt_idx *x) {
  if (x->type->widens & NNRT_TO(x->field->dtype)) return NNRT_GOOD;
  return nnrt_fail(x->file.error, NNRT_FAILED,
                   "%s: its elements are %s (byte 2); the field %s is %s, which cannot hold them", x->file.path,
                   x->type->name, x->field->name, nnrt_dtype_name(x->field->dtype));
}

/* ---- the elements ---- */
static double idx_element(const nnrt_idx_type *type, const unsigned char *at) {
  unsigned char b[8];
  uint64_t u = 0;
  for (int i = 0; i < type->bytes; i++) u = u << 8 | at[i];
  switch (type->code) {
  case 0x09: return (int8_t)u;
  case 0x0B: return (int16_t)u;
  case 0x0C: return (int32_t)u;
  case 0x0D: {
    uint32_t bits = (uint32_t)u;
    memcpy(b, &bits, 4);
    return nnrt_element(NNRT_f32, b);
  }
  case 0x0E: memcpy(b, &u, 8); return nnrt_element(NNRT_f64, b);
  default: return (double)u;
  }
}

/* From the file's order of bytes and type to ours. The elements lie at the end of the buffer, so widening in place
 * never overtakes what is still to be read. */
static void idx_convert(const nnrt_idx *x, unsigned char *to, const unsigned char *from, int64_t n) {
  int dtype = x->field->dtype, bytes = nnrt_dtype_bytes(dtype);
  if (x->type->bytes == 1 && dtype == NNRT_u8) return;
  for (int64_t i = 0; i < n; i++)
    nnrt_element_set(dtype, to + i * bytes, idx_element(x->type, from + i * x->type->bytes));
}

static int idx_read_elements(nnrt_idx *x, nnrt_column *column) {
  int64_t n = x->rows * x->row_elements, wide = nnrt_dtype_bytes(x->field->dtype), got, more;
  int64_t size = n * x->type->bytes, held = n * wide, header = x->file.at;
  unsigned char *from, extra;
  NNRT_TRY(nnrt_alloc_raw(x->file.error, &column->at, held > size ? held : size, x->file.path));
  column->row_bytes = x->row_elements * wide;
  from = column->at + (held > size ? held - size : 0);
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
  idx_convert(x, column->at, from, n);
  return NNRT_GOOD;
}

/* Labels, one integer a row, are used as indices by the compiled step: they must be below the number of classes. */
static int idx_check_labels(nnrt_idx *x, const nnrt_column *column, int64_t classes, int64_t header) {
  int dtype = x->field->dtype;
  bool integer = dtype == NNRT_i32 || dtype == NNRT_i64 || dtype == NNRT_u32 || dtype == NNRT_u8;
  if (classes <= 0 || x->row_elements != 1 || x->field->rank || !integer) return NNRT_GOOD;
  for (int64_t i = 0; i < x->rows; i++) {
    double label = nnrt_element(dtype, column->at + i * column->row_bytes);
    if (label < 0 || label >= (double)classes)
      return nnrt_fail(x->file.error, NNRT_FAILED,
                       "%s: label %.0f in row %lld (byte %lld); there are %lld classes, 0 to %lld", x->file.path, label,
                       (long long)i, (long long)(header + i * x->type->bytes), (long long)classes,
                       (long long)classes - 1);
  }
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
