/* npy.c: rows of arrays as NumPy saves them, along the first dimension: .npy files (also .npy.gz), one a field, and
 * .npz archives (zip, stored or deflated; zip.c), which have a member NAME.npy for each field. Headers are array.c's.
 * Or rows of the tensors of a safetensors file (safetensors.c), which has one by the name of each field, and may have
 * others.
 *
 * Rows stay in their files and are read when a batch takes them. A file must hold exactly what its header says; labels
 * are looked at when it is opened, and again when they are read. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

/* ---- does it fit the field? ---- */
static int arrays_check_size(nnrt_error *error, nnrt_npy *a) {
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

static int arrays_check(nnrt_error *error, nnrt_npy *a, const nnrt_field *f) {
  char file[160], field[160];
  if (a->rank < 1) return nnrt_fail(error, NNRT_FAILED, "%s: is one number, shape (), and has no rows", a->path);
  if (!nnrt_stored_fits(a->type, f->dtype))
    return nnrt_fail(error, NNRT_FAILED, "%s: its numbers are %s; the field %s is %s, which cannot hold them", a->path,
                     a->type->name, f->name, nnrt_dtype_name(f->dtype));
  NNRT_TRY(arrays_check_size(error, a));
  if (nnrt_shape_fits(a->rank - 1, a->dim + 1, f)) return NNRT_GOOD;
  nnrt_shape_text(file, sizeof file, a->rank - 1, a->dim + 1);
  nnrt_shape_text(field, sizeof field, f->rank, f->dim);
  return nnrt_fail(error, NNRT_FAILED, "%s: its rows are %s; the field %s has rows of %s", a->path, file, f->name,
                   field);
}

/* ---- rows ---- */
static int arrays_row(nnrt_error *error, nnrt_reader *r, int field, int64_t row, unsigned char *to) {
  nnrt_npy *a = (nnrt_npy *)r->own + field;
  const nnrt_field *f = &r->source->fields[field];
  int64_t at = a->at + row * a->row_bytes;
  NNRT_TRY(nnrt_bytes_read(error, &a->bytes, at, a->row_bytes, a->row));
  nnrt_stored_convert(a->type, a->big, a->row, f->dtype, to, a->row_bytes / a->type->bytes);
  return nnrt_field_labels(f, r->source->classes) ? nnrt_label_check(error, a->path, f, r->source->classes, to, row, at)
                                                  : NNRT_GOOD;
}

static int arrays_read(nnrt_error *error, nnrt_reader *r, int field, int64_t row, int64_t n, unsigned char *to) {
  int64_t bytes = nnrt_field_bytes(&r->source->fields[field]);
  for (int64_t i = 0; i < n; i++) NNRT_TRY(arrays_row(error, r, field, row + i, to + i * bytes));
  return NNRT_GOOD;
}

/* ---- a tensor of a safetensors file ---- */
typedef struct arrays_wanted {
  nnrt_error *error;
  nnrt_npy *array;
  const char *name;
  nnrt_tensor found;
  char others[400];
  int used;
  bool any;
} arrays_wanted;

static int arrays_tensor(void *context, nnrt_tensor *t) {
  arrays_wanted *w = context;
  w->used = nnrt_text(w->others, sizeof w->others, w->used, w->used ? ", %s" : "%s", t->name);
  if (strcmp(t->name, w->name)) return NNRT_GOOD;
  if (w->any) return nnrt_fail(w->error, NNRT_FAILED, "%s: stands in the file twice", w->array->path);
  w->found = *t;
  w->any = true;
  return NNRT_GOOD;
}

/* Places are within the file: nnrt_safetensors_each has looked at all of them. */
static int arrays_take_tensor(arrays_wanted *w, nnrt_weights_reader *r) {
  nnrt_npy *a = w->array;
  const nnrt_tensor *t = &w->found;
  if (r->archive) return nnrt_fail(w->error, NNRT_FAILED, "%s: is an archive (.npz), no safetensors file", r->path);
  NNRT_TRY(nnrt_safetensors_each(r, w, arrays_tensor));
  if (!w->any)
    return nnrt_fail(w->error, NNRT_FAILED, "%s: has no tensor %s; it has: %s", r->path, w->name,
                     w->used ? w->others : "none");
  a->type = nnrt_tensor_type(t);
  if (!a->type) return nnrt_fail(w->error, NNRT_FAILED, "%s: its numbers are %s, which is not read", a->path, t->dtype);
  a->rank = t->rank;
  memcpy(a->dim, t->dim, sizeof a->dim);
  a->at = r->data + t->begin;
  a->bytes = r->whole; /* up to the tensor's end */
  a->bytes.size = r->data + t->end;
  a->bytes.file.error = NULL;
  r->whole = (nnrt_bytes){0};
  return NNRT_GOOD;
}

static int arrays_open_tensor(nnrt_error *error, nnrt_npy *a, const char *path, const char *name) {
  nnrt_weights_reader r = {.error = error, .path = path};
  arrays_wanted wanted = {.error = error, .array = a, .name = name};
  int status = nnrt_weights_open(&r);
  if (!status) status = arrays_take_tensor(&wanted, &r);
  nnrt_weights_close(&r);
  return status;
}

/* ---- opening ---- */
static int arrays_open_file(nnrt_error *error, nnrt_reader *r, int k, nnrt_npy *a) {
  const char *name = r->source->fields[k].name;
  if (r->format == &nnrt_format_npy) {
    nnrt_text(a->path, sizeof a->path, 0, "%s", r->paths[k]);
    NNRT_TRY(nnrt_bytes_open(error, &a->bytes, r->paths[k]));
    return nnrt_npy_header(error, a);
  }
  bool archive = r->format == &nnrt_format_npz;
  nnrt_text(a->path, sizeof a->path, 0, archive ? "%s: %s.npy" : "%s: %s", r->paths[0], name);
  if (!archive) return arrays_open_tensor(error, a, r->paths[0], name);
  NNRT_TRY(nnrt_zip_open(error, &a->bytes, r->paths[0], name, ".npy", &a->at));
  return nnrt_npy_header(error, a);
}

static int arrays_open_field(nnrt_error *error, nnrt_reader *r, int k) {
  nnrt_npy *a = (nnrt_npy *)r->own + k;
  const nnrt_field *f = &r->source->fields[k];
  unsigned char label[8];
  NNRT_TRY(arrays_open_file(error, r, k, a));
  NNRT_TRY(arrays_check(error, a, f));
  NNRT_TRY(nnrt_alloc(error, &a->row, a->row_bytes, a->path));
  if (k && a->dim[0] != r->rows)
    return nnrt_fail(error, NNRT_FAILED, "%s: has %lld rows, but %s has %lld", a->path, (long long)a->dim[0],
                     ((nnrt_npy *)r->own)->path, (long long)r->rows);
  r->rows = a->dim[0];
  for (int64_t row = 0; row < r->rows && nnrt_field_labels(f, r->source->classes); row++)
    NNRT_TRY(arrays_row(error, r, k, row, label));
  return NNRT_GOOD;
}

static int arrays_open(nnrt_error *error, nnrt_reader *r) {
  NNRT_TRY(nnrt_alloc(error, &r->own, r->source->nfields * (int64_t)sizeof(nnrt_npy), r->source->name));
  for (int k = 0; k < r->source->nfields; k++) NNRT_TRY(arrays_open_field(error, r, k));
  return NNRT_GOOD;
}

static void arrays_close(nnrt_reader *r) {
  nnrt_npy *a = r->own;
  for (int k = 0; a && k < r->source->nfields; k++) {
    nnrt_bytes_close(&a[k].bytes);
    free(a[k].row);
  }
  free(a);
}

const nnrt_format nnrt_format_npy = {"npy", NNRT_FILES_EACH, false, arrays_open, arrays_read, arrays_close};
const nnrt_format nnrt_format_npz = {"npz", NNRT_FILES_ONE, false, arrays_open, arrays_read, arrays_close};
const nnrt_format nnrt_format_safetensors = {"safetensors", NNRT_FILES_ONE, false,
                                             arrays_open,   arrays_read,    arrays_close};
