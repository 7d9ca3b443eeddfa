/* array.c: one array as NumPy saves it, in a file of its own or as a member of an archive: its header, read and
 * written. The header (numpy.lib.format 1.0 to 3.0) is a literal of Python:
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }
 * Numbers follow in C order, in either order of bytes, exactly as many as the header says. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

enum { NPY_HEADER = 4096, NPY_ALIGN = 64 };

/* ---- in ---- */
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
  if (*t->at != '\'' || !t->at[1] || !strchr("<>|=", t->at[1])) return array_fail(t, "a type of numbers such as '<f4'");
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
    if (t->npy->rank == NNRT_NPY_RANK || *t->at < '0' || *t->at > '9') return array_fail(t, "a size or ')'");
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

/* The caller has set bytes, path and `at`, where the header begins; then it is where the numbers begin. */
int nnrt_npy_header(nnrt_error *error, nnrt_npy *a) {
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
  int64_t begins = head[6] == 1 ? 10 : 12, n = (int64_t)nnrt_low(head + 8, head[6] == 1 ? 2 : 4);
  if (n > NPY_HEADER || begins + n > left)
    return nnrt_fail(error, NNRT_FAILED, "%s: its header says that it has %lld bytes; there are %lld, and %d are taken",
                     a->path, (long long)n, (long long)(left - begins), NPY_HEADER);
  NNRT_TRY(nnrt_bytes_read(error, &a->bytes, a->at + begins, n, text));
  text[n] = 0;
  nnrt_npy_text t = {.start = text, .at = text, .begins = begins, .npy = a, .error = error};
  a->at += begins + n;
  return array_dictionary(&t);
}

/* ---- out ---- */
/* bf16, which NumPy has not, goes out as f32, exactly. */
int nnrt_npy_dtype(int dtype) { return dtype == NNRT_bf16 ? NNRT_f32 : dtype; }

/* n numbers as they go out: where they lie, or in `wide`, twice as long. */
const unsigned char *nnrt_npy_numbers(int dtype, const unsigned char *from, int64_t n, unsigned char *wide) {
  if (dtype != NNRT_bf16) return from;
  for (int64_t i = 0; i < n; i++) nnrt_element_set(NNRT_f32, wide + 4 * i, nnrt_element(NNRT_bf16, from + 2 * i));
  return wide;
}

/* The text of a header. */
int nnrt_npy_describe(char *to, int size, int dtype, int rank, const int64_t *dims) {
  static const char *const types[] = {"f4", "f8", "f2", "f4", "i4", "i8", "u4", "u1", "b1"};
  char order = nnrt_dtype_bytes(dtype) == 1 ? '|' : NNRT_BIG_ENDIAN ? '>' : '<';
  int n = nnrt_text(to, size, 0, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", order, types[dtype]);
  for (int i = 0; i < rank; i++)
    n = nnrt_text(to, size, n, i ? " %lld%s" : "%lld%s", (long long)dims[i], i + 1 < rank || !i ? "," : "");
  return nnrt_text(to, size, n, "), }");
}

/* Of a header with a text of n bytes, so that the numbers begin at a multiple of NPY_ALIGN. */
int64_t nnrt_npy_room(int n) { return (10 + n + 1 + NPY_ALIGN - 1) / NPY_ALIGN * NPY_ALIGN; }

/* The header of `room` bytes, version 1.0. */
void nnrt_npy_put(char *to, int64_t room, int dtype, int rank, const int64_t *dims) {
  memcpy(to, "\x93NUMPY\x01\x00", 8);
  to[8] = (char)((room - 10) & 255);
  to[9] = (char)((room - 10) >> 8);
  int n = 10 + nnrt_npy_describe(to + 10, (int)room - 10, dtype, rank, dims);
  memset(to + n, ' ', (size_t)(room - 1 - n));
  to[room - 1] = '\n';
}
