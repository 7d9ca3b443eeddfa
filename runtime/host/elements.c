/* elements.c: numbers as they are stored in data files, by the names that messages and tables use ("u8", "i16", …), in
 * either order of bytes, and their way into a dtype of ours. Numbers may widen (u8 to f32) but never lose anything: a
 * file of f64 is no file of f32. */
#include "host.h"

#include <math.h>
#include <string.h>

#define NNRT_TO(dtype) (1u << (dtype))
#define NNRT_TO_F64 NNRT_TO(NNRT_f64)
#define NNRT_TO_F32 (NNRT_TO_F64 | NNRT_TO(NNRT_f32))
#define NNRT_TO_HALVES (NNRT_TO(NNRT_f16) | NNRT_TO(NNRT_bf16))
#define NNRT_TO_I32 (NNRT_TO(NNRT_i32) | NNRT_TO(NNRT_i64))
static const nnrt_stored_type stored_types[] = {
    {"u8", 1, 'u', NNRT_TO(NNRT_u8) | NNRT_TO(NNRT_u32) | NNRT_TO_I32 | NNRT_TO_F32 | NNRT_TO_HALVES},
    {"i8", 1, 'i', NNRT_TO_I32 | NNRT_TO_F32 | NNRT_TO_HALVES},
    {"u16", 2, 'u', NNRT_TO(NNRT_u32) | NNRT_TO_I32 | NNRT_TO_F32},
    {"i16", 2, 'i', NNRT_TO_I32 | NNRT_TO_F32},
    {"u32", 4, 'u', NNRT_TO(NNRT_u32) | NNRT_TO(NNRT_i64) | NNRT_TO_F64},
    {"i32", 4, 'i', NNRT_TO_I32 | NNRT_TO_F64},
    {"i64", 8, 'i', NNRT_TO(NNRT_i64)},
    {"f16", 2, 'f', NNRT_TO(NNRT_f16) | NNRT_TO_F32},
    {"bf16", 2, 'b', NNRT_TO(NNRT_bf16) | NNRT_TO_F32},
    {"f32", 4, 'f', NNRT_TO_F32},
    {"f64", 8, 'f', NNRT_TO_F64},
    {"bool", 1, '?', NNRT_TO(NNRT_bool) | NNRT_TO(NNRT_u8) | NNRT_TO_I32 | NNRT_TO_F32},
};

const nnrt_stored_type *nnrt_stored_find(const char *name) {
  for (size_t i = 0; name && i < sizeof stored_types / sizeof stored_types[0]; i++)
    if (!strcmp(stored_types[i].name, name)) return &stored_types[i];
  return NULL;
}

bool nnrt_stored_fits(const nnrt_stored_type *type, int dtype) { return type->widens & NNRT_TO(dtype); }

static double stored_float(const nnrt_stored_type *type, uint64_t bits) {
  unsigned char b[8];
  uint32_t word = (uint32_t)bits;
  uint16_t half = (uint16_t)bits;
  if (type->bytes == 8) return memcpy(b, &bits, 8), nnrt_element(NNRT_f64, b);
  if (type->bytes == 4) return memcpy(b, &word, 4), nnrt_element(NNRT_f32, b);
  return memcpy(b, &half, 2), nnrt_element(type->kind == 'b' ? NNRT_bf16 : NNRT_f16, b);
}

static double stored_value(const nnrt_stored_type *type, uint64_t bits) {
  int unused = 64 - 8 * type->bytes;
  switch (type->kind) {
  case 'u': return (double)bits;
  case 'i': return (double)((int64_t)(bits << unused) >> unused);
  case '?': return bits != 0;
  default: return stored_float(type, bits);
  }
}

/* Do the bytes of the file lie as ours do? A bool's do when they are 0 or 1, so it is looked at. */
static bool stored_same(const nnrt_stored_type *type, bool big, int dtype) {
  return type->kind != '?' && (type->bytes == 1 || big == NNRT_BIG_ENDIAN) &&
         !strcmp(type->name, nnrt_dtype_name(dtype));
}

/* `to` and `from` may overlap when the elements end where `to` ends: widening never overtakes what is to be read. */
void nnrt_stored_convert(const nnrt_stored_type *type, bool big, const unsigned char *from, int dtype, void *to,
                         int64_t n) {
  unsigned char *at = to;
  int wide = nnrt_dtype_bytes(dtype), last = type->bytes - 1;
  if (stored_same(type, big, dtype)) {
    memmove(to, from, (size_t)(n * wide));
    return;
  }
  for (; n > 0; n--, from += type->bytes, at += wide) {
    uint64_t bits = 0;
    for (int i = 0; i <= last; i++) bits = bits << 8 | from[big ? i : last - i];
    if (type->bytes == 8 && dtype == NNRT_i64)
      memcpy(at, &bits, 8); /* a double would round it */
    else
      nnrt_element_set(dtype, at, stored_value(type, bits));
  }
}

/* Labels, one integer a row, are used as indices by the compiled step: they must be below the number of classes. */
bool nnrt_field_labels(const nnrt_field *f, int64_t classes) {
  bool integer = f->dtype == NNRT_i32 || f->dtype == NNRT_i64 || f->dtype == NNRT_u32 || f->dtype == NNRT_u8;
  return classes > 0 && !f->rank && integer;
}

int nnrt_label_check(nnrt_error *error, const char *path, const nnrt_field *field, int64_t classes, const void *at,
                     int64_t row, int64_t byte) {
  double label = nnrt_element(field->dtype, at);
  if (label >= 0 && label < (double)classes) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_FAILED, "%s: label %.0f in row %lld (byte %lld); there are %lld classes, 0 to %lld",
                   path, label, (long long)row, (long long)byte, (long long)classes, (long long)classes - 1);
}

/* Can an element of the dtype be this value? Floats are rounded. */
bool nnrt_value_fits(int dtype, double x) {
  if (nnrt_dtype_is_float(dtype)) return true;
  unsigned char element[8];
  if (x != floor(x)) return false;
  nnrt_element_set(dtype, element, x);
  return nnrt_element(dtype, element) == x;
}

/* A row fits when the dims agree, those of size 1 left out: 28x28 fits [1,28,28]. */
bool nnrt_shape_fits(int rank, const int64_t *dims, const nnrt_field *field) {
  for (int i = 0, j = 0;; i++, j++) {
    while (i < rank && dims[i] == 1) i++;
    while (j < field->rank && field->dim[j] == 1) j++;
    if (i == rank || j == field->rank) return i == rank && j == field->rank;
    if (dims[i] != field->dim[j]) return false;
  }
}

int64_t nnrt_field_elements(const nnrt_field *field) {
  int64_t n = 1;
  for (int i = 0; i < field->rank; i++) n *= field->dim[i];
  return n;
}

int64_t nnrt_field_bytes(const nnrt_field *field) {
  return nnrt_field_elements(field) * nnrt_dtype_bytes(field->dtype);
}
