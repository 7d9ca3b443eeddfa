/* tool_tensors.c: the small file work of the test scripts, in C so that the tests need no Python.
 *
 *   tool_tensors init OUT NAME:ROWSxCOLUMNS:FAN_IN …   weights by the formula of tests/oracle/formula.py, bound
 * 1/sqrt(FAN_IN), as safetensors (f32)
 *   tool_tensors compare RUN REFERENCE STRIDE LIMIT   every STRIDE-th element of RUN's tensors against REFERENCE's;
 * exit code 1 when one is off by more
 *   tool_tensors fill IN OUT   the tensors of IN with weights and biases by the formula
 *   tool_tensors project FILE   the sum of each tensor times the formula's
 *   tool_tensors head IN OUT ROWS   the first ROWS rows of an uncompressed IDX file
 *   tool_tensors llama IN OUT   weights of llama2.c's format as safetensors (F64) with the names of Meta's Llama
 *
 * It links nothing of nnc: a reader or writer of ours that is wrong must not agree with itself here. Safetensors is an
 * 8-byte little-endian length, a JSON header {"name": {"dtype", "shape", "data_offsets"}}, then the bytes. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void die(const char *what, const char *which) {
  fprintf(stderr, "tool_tensors: %s: %s\n", what, which);
  exit(2);
}

typedef struct Bytes {
  char *at;
  size_t n;
} Bytes;

static Bytes file_bytes(const char *path) {
  FILE *in = fopen(path, "rb");
  if (!in) die("cannot read", path);
  Bytes b = {NULL, 0};
  size_t cap = 1 << 16, got;
  b.at = malloc(cap + 1);
  while (b.at && (got = fread(b.at + b.n, 1, cap - b.n, in)) > 0)
    if ((b.n += got) == cap) b.at = realloc(b.at, (cap *= 2) + 1);
  fclose(in);
  if (!b.at) die("no memory for", path);
  b.at[b.n] = 0;
  return b;
}

static FILE *file_new(const char *path) {
  FILE *out = fopen(path, "wb");
  if (!out) die("cannot write", path);
  return out;
}

/* ---- init ---- */
static double formula(uint32_t tensor, uint32_t element) {
  uint32_t h = element * 0x9E3779B1u + (tensor + 1) * 0x7F4A7C15u;
  h = (h ^ h >> 16) * 0x85EBCA6Bu;
  h = (h ^ h >> 13) * 0xC2B2AE35u;
  h ^= h >> 16;
  return h / 0x1p31 - 1.0;
}

typedef struct Spec {
  char name[64];
  long rows, columns, fan_in; /* columns 0: a vector */
} Spec;

static Spec spec_read(const char *text) {
  Spec s = {.columns = 0};
  if (sscanf(text, "%63[^:]:%ldx%ld:%ld", s.name, &s.rows, &s.columns, &s.fan_in) == 4) return s;
  s.columns = 0;
  if (sscanf(text, "%63[^:]:%ld:%ld", s.name, &s.rows, &s.fan_in) != 3) die("not NAME:SHAPE:FAN_IN", text);
  return s;
}

static long spec_count(Spec s) { return s.rows * (s.columns ? s.columns : 1); }

static int init(const char *path, int n, char **texts) {
  FILE *out = file_new(path);
  char header[4096] = "{";
  size_t length = 1;
  long offset = 0;
  for (int t = 0; t < n; t++) {
    Spec s = spec_read(texts[t]);
    char shape[64];
    snprintf(shape, sizeof shape, s.columns ? "%ld,%ld" : "%ld", s.rows, s.columns);
    length += (size_t)snprintf(header + length, sizeof header - length,
                               "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%ld,%ld]}", t ? "," : "",
                               s.name, shape, offset, offset + 4 * spec_count(s));
    offset += 4 * spec_count(s);
    if (length + 16 > sizeof header) die("too many tensors", path);
  }
  header[length++] = '}';
  while (length % 8) header[length++] = ' ';
  for (int i = 0; i < 8; i++) fputc((int)((uint64_t)length >> (8 * i) & 255), out);
  fwrite(header, 1, length, out);
  for (int t = 0; t < n; t++) {
    Spec s = spec_read(texts[t]);
    double bound = 1 / sqrt((double)s.fan_in);
    for (long i = 0; i < spec_count(s); i++) {
      float x = (float)(formula((uint32_t)t, (uint32_t)i) * bound);
      fwrite(&x, 4, 1, out);
    }
  }
  return fclose(out) == 0 ? 0 : 2;
}

/* ---- what a file holds ---- */
typedef struct Entry {
  char name[128], dtype[8];
  int rank;
  long shape[8], begin, end; /* bytes behind the header */
} Entry;

static uint64_t header_length(Bytes file) {
  uint64_t n = 0;
  for (int i = 0; i < 8 && file.n >= 8; i++) n |= (uint64_t)(unsigned char)file.at[i] << (8 * i);
  return n;
}

static size_t entry_size(const Entry *e) { return e->dtype[1] == '6' ? 8 : 4; } /* F64, I64; F32 */

/* `at` is its `"dtype"`: the name stands before `": {"dtype"` */
static Entry entry_read(const char *at) {
  Entry e = {.rank = 0};
  const char *close = at;
  while (*close != ':') close--;
  while (*close != '"') close--;
  const char *open = close - 1;
  while (*open != '"') open--;
  snprintf(e.name, sizeof e.name, "%.*s", (int)(close - open - 1), open + 1);
  const char *shape = strstr(at, "\"shape\""), *offsets = strstr(at, "\"data_offsets\"");
  if (!shape || !offsets || sscanf(at, "\"dtype\" : \"%7[A-Z0-9]", e.dtype) != 1 ||
      sscanf(offsets, "\"data_offsets\" : [ %ld , %ld", &e.begin, &e.end) != 2)
    die("no dtype, shape and data_offsets", e.name);
  if (strcmp(e.dtype, "F32") && strcmp(e.dtype, "F64") && strcmp(e.dtype, "I64")) die("not f32, f64 or i64", e.name);
  for (const char *number = strchr(shape, '['); number && *number != ']' && e.rank < 8;
       number = strpbrk(number + 1, ",]")) {
    char *after;
    long size = strtol(number + 1, &after, 10);
    if (after > number + 1) e.shape[e.rank++] = size; /* [] has none */
  }
  return e;
}

static int entry_order(const void *a, const void *b) {
  return strcmp(((const Entry *)a)->name, ((const Entry *)b)->name);
}

/* The tensors of a file, sorted by name; at most 512. */
static int entries_read(Bytes file, const char *path, Entry **list) {
  uint64_t header = header_length(file);
  if (header < 2 || header > file.n - 8) die("not a safetensors file", path);
  char *text = calloc(1, header + 1);
  *list = calloc(512, sizeof **list);
  if (!text || !*list) die("no memory for", path);
  memcpy(text, file.at + 8, header);
  int n = 0;
  for (const char *at = text; n < 512 && (at = strstr(at, "\"dtype\"")); at++) {
    (*list)[n] = entry_read(at);
    if ((*list)[n].begin < 0 || (uint64_t)(*list)[n].end > file.n - 8 - header)
      die("offsets outside the file", (*list)[n].name);
    n++;
  }
  free(text);
  if (!n) die("no tensors in", path);
  qsort(*list, (size_t)n, sizeof **list, entry_order);
  return n;
}

static long entry_count(const Entry *e) { return (e->end - e->begin) / (long)entry_size(e); }

static char *element_at(Bytes file, const Entry *e, long i) {
  return file.at + 8 + header_length(file) + e->begin + i * (long)entry_size(e);
}

static double element(Bytes file, const Entry *e, long i) {
  const char *at = element_at(file, e, i);
  float narrow;
  double wide;
  int64_t whole;
  if (e->dtype[0] == 'I') return memcpy(&whole, at, 8), (double)whole;
  if (entry_size(e) == 8) return memcpy(&wide, at, 8), wide;
  return memcpy(&narrow, at, 4), (double)narrow;
}

/* ---- compare ---- */
static int compare_one(Bytes run, const Entry *e, Bytes reference, const Entry *to, long stride, double limit) {
  if (!e || (entry_count(e) + stride - 1) / stride != entry_count(to)) {
    printf("%-12s %ld elements, the reference has %ld of every %ld\n", to->name, e ? entry_count(e) : 0,
           entry_count(to), stride);
    return 1;
  }
  double worst = 0;
  for (long i = 0; i < entry_count(to); i++) {
    double d = fabs(element(run, e, i * stride) - element(reference, to, i));
    if (!(d <= worst)) worst = d; /* a NaN stays */
  }
  printf("%-12s %7ld elements compared, largest difference %.2e\n", to->name, entry_count(to), worst);
  return !(worst <= limit);
}

static int compare(const char *run_path, const char *reference_path, long stride, double limit) {
  Bytes run = file_bytes(run_path), reference = file_bytes(reference_path);
  Entry *have, *want;
  int n_have = entries_read(run, run_path, &have), n_want = entries_read(reference, reference_path, &want), bad = 0;
  for (int i = 0; i < n_want; i++)
    bad += compare_one(run, bsearch(&want[i], have, (size_t)n_have, sizeof *have, entry_order), reference, &want[i],
                       stride, limit);
  return bad != 0;
}

/* ---- fill, project: tests/oracle/formula.py's fill and project say the same ---- */
static int ends_with(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && !strcmp(text + n - m, end);
}

/* Weights of two dimensions and more within 1/sqrt(elements of a row), those of norms around 1, biases around 0; what
 * else there is (statistics) stays. */
static int fill_one(Bytes file, const Entry *e, uint32_t t) {
  double bound = 0.1, plus = 0;
  long row = 1;
  for (int d = 1; d < e->rank; d++) row *= e->shape[d];
  if (e->rank > 1)
    bound = 1 / sqrt((double)row);
  else if (ends_with(e->name, "weight"))
    plus = 1;
  else if (!ends_with(e->name, "bias"))
    return 0;
  for (long i = 0; i < entry_count(e); i++) {
    double x = plus + formula(t, (uint32_t)i) * bound;
    float narrow = (float)x;
    memcpy(element_at(file, e, i), entry_size(e) == 8 ? (void *)&x : (void *)&narrow, entry_size(e));
  }
  return 1;
}

static int fill(const char *in, const char *path) {
  Bytes file = file_bytes(in);
  Entry *list;
  int n = entries_read(file, in, &list), filled = 0;
  for (int t = 0; t < n; t++) filled += fill_one(file, &list[t], (uint32_t)t);
  FILE *out = file_new(path);
  fwrite(file.at, 1, file.n, out);
  return fclose(out) == 0 && filled ? 0 : 2;
}

/* "NAME sum": each tensor times the formula's, which sees every element */
static int project(const char *path) {
  Bytes file = file_bytes(path);
  Entry *list;
  int n = entries_read(file, path, &list);
  for (int t = 0; t < n; t++) {
    double sum = 0;
    for (long i = 0; i < entry_count(&list[t]); i++)
      sum += element(file, &list[t], i) * formula((uint32_t)t, (uint32_t)i);
    printf("%s %.17g\n", list[t].name, sum);
  }
  return 0;
}

/* ---- head ---- */
static int head(const char *in, const char *path, uint32_t rows) {
  Bytes file = file_bytes(in);
  int rank = file.n > 4 ? file.at[3] : 0;
  if (rank < 1 || rank > 4 || file.n < 4 + 4 * (size_t)rank) die("not an IDX file of bytes", in);
  size_t row = 1, header = 4 + 4 * (size_t)rank;
  for (int d = 1; d < rank; d++) {
    const unsigned char *p = (const unsigned char *)file.at + 4 + 4 * d;
    row *= (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
  }
  if (header + rows * row > file.n) die("fewer rows than asked for in", in);
  for (int i = 0; i < 4; i++) file.at[4 + i] = (char)(rows >> (24 - 8 * i));
  FILE *out = file_new(path);
  fwrite(file.at, 1, header + rows * row, out);
  return fclose(out) == 0 ? 0 : 2;
}

/* ---- llama ---- */
typedef struct Part { /* of the file, in its order: a stack of one matrix a layer, or one matrix */
  const char *name;   /* %d is the layer */
  int stacked;
  long rows, columns; /* columns 0: a vector */
} Part;

static long part_count(Part p) { return p.rows * (p.columns ? p.columns : 1); }

static int part_header(char *to, size_t size, Part p, int layer, long offset) {
  char name[64], shape[48];
  snprintf(name, sizeof name, p.name, layer);
  snprintf(shape, sizeof shape, p.columns ? "%ld,%ld" : "%ld", p.rows, p.columns);
  return snprintf(to, size, "%s\"%s\":{\"dtype\":\"F64\",\"shape\":[%s],\"data_offsets\":[%ld,%ld]}", offset ? "," : "",
                  name, shape, offset, offset + 8 * part_count(p));
}

static int llama(const char *in, const char *path) {
  Bytes file = file_bytes(in);
  int32_t head[7]; /* dim, hidden, layers, heads, kv_heads, vocab, length */
  if (file.n < sizeof head) die("no header in", in);
  memcpy(head, file.at, sizeof head);
  long dim = head[0], hidden = head[1], kv = dim / head[3] * head[4];
  const Part parts[] = {{"output.weight", 0, head[5], dim}, /* the tied embedding by its first path */
                        {"layers.%d.attention_norm.weight", 1, dim, 0},
                        {"layers.%d.attention.wq.weight", 1, dim, dim},
                        {"layers.%d.attention.wk.weight", 1, kv, dim},
                        {"layers.%d.attention.wv.weight", 1, kv, dim},
                        {"layers.%d.attention.wo.weight", 1, dim, dim},
                        {"layers.%d.ffn_norm.weight", 1, dim, 0},
                        {"layers.%d.feed_forward.w1.weight", 1, hidden, dim},
                        {"layers.%d.feed_forward.w2.weight", 1, dim, hidden},
                        {"layers.%d.feed_forward.w3.weight", 1, hidden, dim},
                        {"norm.weight", 0, dim, 0}};
  size_t capacity = 1 << 20, length = 1;
  char *header = calloc(1, capacity);
  if (!header) die("no memory for", path);
  header[0] = '{';
  long offset = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    for (int l = 0; l < (parts[i].stacked ? head[2] : 1) && length < capacity - 512; l++) {
      length += (size_t)part_header(header + length, capacity - length, parts[i], l, offset);
      offset += 8 * part_count(parts[i]);
    }
  header[length++] = '}';
  while (length % 8) header[length++] = ' ';
  if (file.n < sizeof head + (size_t)offset / 2) die("too short", in);
  FILE *out = file_new(path);
  for (int i = 0; i < 8; i++) fputc((int)((uint64_t)length >> (8 * i) & 255), out);
  fwrite(header, 1, length, out);
  for (long i = 0; i < offset / 8; i++) {
    float x;
    memcpy(&x, file.at + sizeof head + 4 * (size_t)i, 4);
    double wide = x;
    fwrite(&wide, 8, 1, out);
  }
  free(header);
  return fclose(out) == 0 ? 0 : 2;
}

int main(int argc, char **argv) {
  const char *command = argc > 1 ? argv[1] : "";
  if (!strcmp(command, "init") && argc > 3) return init(argv[2], argc - 3, argv + 3);
  if (!strcmp(command, "compare") && argc == 6) return compare(argv[2], argv[3], atol(argv[4]), atof(argv[5]));
  if (!strcmp(command, "fill") && argc == 4) return fill(argv[2], argv[3]);
  if (!strcmp(command, "project") && argc == 3) return project(argv[2]);
  if (!strcmp(command, "head") && argc == 5) return head(argv[2], argv[3], (uint32_t)atol(argv[4]));
  if (!strcmp(command, "llama") && argc == 4) return llama(argv[2], argv[3]);
  fprintf(stderr, "usage: tool_tensors init|compare|fill|project|head|llama …\n");
  return 2;
}
