/* npy.c: arrays as NumPy saves them, rows along the first dimension: .npy files (1.0 to 3.0, C order, either order of
 * bytes, also .npy.gz), one a field, and .npz archives (zip, stored or deflated; zip.c), which have a member NAME.npy
 * for each field.
 *
 * Rows stay in their files and are read when a batch takes them. The header is a literal of Python:
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }
 * A file must hold exactly what its header says; labels are looked at when it is opened, and again when they are read.
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>

enum { NPY_RANK = 9, NPY_HEADER = 4096 };

typedef struct nnrt_npy { /* one array */
  nnrt_bytes bytes;
  const nnrt_stored_type *type;
  bool big;
  int rank;
  int64_t dim[NPY_RANK], at, row_bytes; /* at: of the first number */
  unsigned char *row;
  char path[4400]; /* with the member's name */
} nnrt_npy;

/* ---- the header ---- */
typedef struct nnrt_npy_text {
  const char *start, *at;
  int64_t begins; /* at this byte of the file */
  nnrt_npy *npy;
  nnrt_error *error;
  bool fortran;
  int seen;
} nnrt_npy_text;

static int array_fail(nnrt_npy_text *t, const char *expected) {
  return nnrt_fail(t->error, NNRT_FAILED, "%s: its header has \"%.12s\" at byte %lld; %s was expected", t->npy->path,
                   t->at, (long long)(t->begins + (t->at - t->start)), expected);
}

static bool array_take(nnrt_npy_text *t, const char *word) {
  t->at += strspn(t->at, " \n");
  if (strncmp(t->at, word, strlen(word))) return false;
  t->at += strlen(word);
  return true;
}

/* '<f4': the order of bytes, the kind, the bytes of a number. */
static int array_descr(nnrt_npy_text *t) {
  static const struct array_name {
    const char *numpy, *name;
  } names[] = {{"b1", "bool"}, {"i1", "i8"},  {"u1", "u8"},  {"i2", "i16"}, {"u2", "u16"}, {"i4", "i32"},
               {"u4", "u32"},  {"i8", "i64"}, {"f2", "f16"}, {"f4", "f32"}, {"f8", "f64"}};
  t->at += strspn(t->at, " \n");
  if (*t->at != '\'' || !strchr("<>|=", t->at[1])) return array_fail(t, "a type of numbers such as '<f4'");
  for (size_t i = 0; i < sizeof names / sizeof names[0] && !t->npy->type; i++)
    if (!strncmp(t->at + 2, names[i].numpy, 2) && t->at[4] == '\'') t->npy->type = nnrt_stored_find(names[i].name);
  if (!t->npy->type) return array_fail(t, "one of b1 i1 u1 i2 u2 i4 u4 i8 f2 f4 f8");
  t->npy->big = t->at[1] == '>';
  t->at += 5;
  return NNRT_GOOD;
}

static int array_shape(nnrt_npy_text *t) {
  if (!array_take(t, "(")) return array_fail(t, "a shape such as (60000, 28)");
  while (!array_take(t, ")")) {
    char *end;
    t->at += strspn(t->at, " \n");
    if (t->npy->rank == NPY_RANK || *t->at < '0' || *t->at > '9') return array_fail(t, "a size or ')'");
    long long size = strtoll(t->at, &end, 10);
    if (end - t->at > 15) return array_fail(t, "a smaller size");
    t->npy->dim[t->npy->rank++] = size;
    t->at = end;
    if (!array_take(t, ",") && *t->at != ')') return array_fail(t, "',' or ')'");
  }
  return NNRT_GOOD;
}

static int array_item(nnrt_npy_text *t) {
  static const char *const keys[] = {"'descr':", "'fortran_order':", "'shape':"};
  const char *begins = t->at + strspn(t->at, " \n");
  int key = 0;
  while (key < 3 && !array_take(t, keys[key])) key++;
  if (key == 3 || t->seen >> key & 1)
    return t->at = begins, array_fail(t, "one of 'descr', 'fortran_order' and 'shape', each once");
  t->seen |= 1 << key;
  if (key == 0) return array_descr(t);
  if (key == 2) return array_shape(t);
  t->fortran = array_take(t, "True");
  return t->fortran || array_take(t, "False") ? NNRT_GOOD : array_fail(t, "True or False");
}

static int array_dictionary(nnrt_npy_text *t) {
  if (!array_take(t, "{")) return array_fail(t, "'{'");
  while (!array_take(t, "}")) {
    NNRT_TRY(array_item(t));
    if (!array_take(t, ",") && *t->at != '}') return array_fail(t, "',' or '}'");
  }
  if (t->seen != 7) return array_fail(t, "'descr', 'fortran_order' and 'shape' in front of it");
  if (!t->fortran || t->npy->rank < 2) return NNRT_GOOD;
  return nnrt_fail(t->error, NNRT_FAILED,
                   "%s: is in Fortran's order, its first dimension running fastest; save numpy.ascontiguousarray of it",
                   t->npy->path);
}

static int array_header(nnrt_error *error, nnrt_npy *a) {
  unsigned char head[12];
  char text[NPY_HEADER + 1];
  int64_t left = a->bytes.size - a->at;
  if (left < 12)
    return nnrt_fail(error, NNRT_FAILED, "%s: truncated: it has %lld bytes, and a header more", a->path,
                     (long long)left);
  NNRT_TRY(nnrt_bytes_read(error, &a->bytes, a->at, 12, head));
  if (memcmp(head, "\x93NUMPY", 6) || head[6] < 1 || head[6] > 3)
    return nnrt_fail(error, NNRT_FAILED, "%s: no .npy file of version 1.0 to 3.0: it begins with %02x %02x %02x %02x",
                     a->path, head[0], head[1], head[2], head[6]);
  int64_t begins = head[6] == 1 ? 10 : 12, n = head[8] | head[9] << 8;
  if (begins == 12) n |= (int64_t)head[10] << 16 | (int64_t)head[11] << 24;
  if (n > NPY_HEADER || begins + n > left)
    return nnrt_fail(error, NNRT_FAILED, "%s: its header says that it has %lld bytes; there are %lld, and %d are taken",
                     a->path, (long long)n, (long long)(left - begins), NPY_HEADER);
  NNRT_TRY(nnrt_bytes_read(error, &a->bytes, a->at + begins, n, text));
  text[n] = 0;
  nnrt_npy_text t = {.start = text, .at = text, .begins = begins, .npy = a, .error = error};
  a->at += begins + n;
  return array_dictionary(&t);
}

/* ---- does it fit the field? ---- */
static int array_check_size(nnrt_error *error, nnrt_npy *a) {
  int64_t left = a->bytes.size - a->at, rows = a->dim[0];
  a->row_bytes = a->type->bytes;
  for (int i = 1; i < a->rank; i++) {
    if (a->dim[i] < 1 || a->row_bytes > ((int64_t)1 << 40) / a->dim[i])
      return nnrt_fail(error, NNRT_FAILED, "%s: dimension %d of its shape is %lld", a->path, i + 1,
                       (long long)a->dim[i]);
    a->row_bytes *= a->dim[i];
  }
  if (rows == left / a->row_bytes && left % a->row_bytes == 0) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_FAILED,
                   "%s: %s: its header promises %lld rows of %lld bytes, and %lld bytes are there, from byte %lld on",
                   a->path, rows > left / a->row_bytes ? "truncated" : "there is more data behind its rows",
                   (long long)rows, (long long)a->row_bytes, (long long)left, (long long)a->at);
}

static int array_check(nnrt_error *error, nnrt_npy *a, const nnrt_field *f) {
  char file[160], field[160];
  if (a->rank < 1) return nnrt_fail(error, NNRT_FAILED, "%s: is one number, shape (), and has no rows", a->path);
  if (!nnrt_stored_fits(a->type, f->dtype))
    return nnrt_fail(error, NNRT_FAILED, "%s: its numbers are %s; the field %s is %s, which cannot hold them", a->path,
                     a->type->name, f->name, nnrt_dtype_name(f->dtype));
  NNRT_TRY(array_check_size(error, a));
  if (nnrt_shape_fits(a->rank - 1, a->dim + 1, f)) return NNRT_GOOD;
  nnrt_shape_text(file, sizeof file, a->rank - 1, a->dim + 1);
  nnrt_shape_text(field, sizeof field, f->rank, f->dim);
  return nnrt_fail(error, NNRT_FAILED, "%s: its rows are %s; the field %s has rows of %s", a->path, file, f->name,
                   field);
}

/* ---- rows ---- */
static int array_row(nnrt_error *error, nnrt_reader *r, int field, int64_t row, unsigned char *to) {
  nnrt_npy *a = (nnrt_npy *)r->own + field;
  const nnrt_field *f = &r->source->fields[field];
  int64_t at = a->at + row * a->row_bytes;
  NNRT_TRY(nnrt_bytes_read(error, &a->bytes, at, a->row_bytes, a->row));
  nnrt_stored_convert(a->type, a->big, a->row, f->dtype, to, a->row_bytes / a->type->bytes);
  return nnrt_field_labels(f, r->source->classes) ? nnrt_label_check(error, a->path, f, r->source->classes, to, row, at)
                                                  : NNRT_GOOD;
}

static int array_read(nnrt_error *error, nnrt_reader *r, int field, int64_t row, int64_t n, unsigned char *to) {
  int64_t bytes = nnrt_field_bytes(&r->source->fields[field]);
  for (int64_t i = 0; i < n; i++) NNRT_TRY(array_row(error, r, field, row + i, to + i * bytes));
  return NNRT_GOOD;
}

/* ---- opening ---- */
static int array_open_field(nnrt_error *error, nnrt_reader *r, int k) {
  nnrt_npy *a = (nnrt_npy *)r->own + k;
  const nnrt_field *f = &r->source->fields[k];
  unsigned char label[8];
  if (r->format == &nnrt_format_npy) {
    nnrt_text(a->path, sizeof a->path, 0, "%s", r->paths[k]);
    NNRT_TRY(nnrt_bytes_open(error, &a->bytes, r->paths[k]));
  } else {
    nnrt_text(a->path, sizeof a->path, 0, "%s: %s.npy", r->paths[0], f->name);
    NNRT_TRY(nnrt_zip_open(error, &a->bytes, r->paths[0], f->name, ".npy", &a->at));
  }
  NNRT_TRY(array_header(error, a));
  NNRT_TRY(array_check(error, a, f));
  NNRT_TRY(nnrt_alloc(error, &a->row, a->row_bytes, a->path));
  if (k && a->dim[0] != r->rows)
    return nnrt_fail(error, NNRT_FAILED, "%s: has %lld rows, but %s has %lld", a->path, (long long)a->dim[0],
                     ((nnrt_npy *)r->own)->path, (long long)r->rows);
  r->rows = a->dim[0];
  for (int64_t row = 0; row < r->rows && nnrt_field_labels(f, r->source->classes); row++)
    NNRT_TRY(array_row(error, r, k, row, label));
  return NNRT_GOOD;
}

static int array_open(nnrt_error *error, nnrt_reader *r) {
  NNRT_TRY(nnrt_alloc(error, &r->own, r->source->nfields * (int64_t)sizeof(nnrt_npy), r->source->name));
  for (int k = 0; k < r->source->nfields; k++) NNRT_TRY(array_open_field(error, r, k));
  return NNRT_GOOD;
}

static void array_close(nnrt_reader *r) {
  nnrt_npy *a = r->own;
  for (int k = 0; a && k < r->source->nfields; k++) {
    nnrt_bytes_close(&a[k].bytes);
    free(a[k].row);
  }
  free(a);
}

const nnrt_format nnrt_format_npy = {"npy", NNRT_FILES_EACH, false, array_open, array_read, array_close};
const nnrt_format nnrt_format_npz = {"npz", NNRT_FILES_ONE, false, array_open, array_read, array_close};
