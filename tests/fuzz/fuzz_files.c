/* fuzz_files.c: mutated data files never crash a built program: IDX files, plain and packed, texts, records, tables,
 * arrays of NumPy alone and in archives, tensors, images and sounds (where their libraries are there), weights as
 * safetensors and as archives, vocabularies, and checkpoints; half of the checkpoints and of the PNG files with sums
 * that are right.
 *
 *   fuzz_files [--seconds N | --minutes M | --count FILES] [--seed S] [--keep DIR]
 *
 * Valid files are made in every type of elements, then bytes are flipped, cut out, doubled, put in, or replaced by
 * values that break readers; headers are hit more often than elements. Each file is read in this process, which a
 * sanitizer build watches. Besides not crashing, a reader must keep its word: a status of 0 comes with as many rows as
 * the header says, all elements readable, labels below the classes and tokens in the vocabulary; a refusal comes with
 * a message that names the file and leaves no memory behind; and an unmutated file must be read (every hundredth is).
 * Some files change once more after they were opened. */
#include "host/host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 15, CLASSES = 10 };
static uint64_t random_state;
static char path[160];
static unsigned char bytes[FILE_MAX];
static int length, header_length, accepted, refused;

static uint32_t draw(uint32_t n) { /* splitmix64 */
  uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)((z ^ z >> 31) % n);
}

static _Noreturn void bad(const char *what, const char *message, const char *keep) {
  fprintf(stderr, "FAILED: %s: %s\n", what, message);
  char kept[256];
  snprintf(kept, sizeof kept, "%s/fuzz_files.bad", keep);
  if (rename(path, kept))
    perror(kept);
  else
    fprintf(stderr, "the file is %s\n", kept);
  exit(1);
}

static void put(void) {
  unlink(path); /* a file that is made new is not flushed when it is closed, one that is cut to 0 may be */
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || nnrt_write_all(file, bytes, length) || close(file)) {
    perror(path);
    exit(2);
  }
}

/* ---- valid files ---- */
static const struct {
  unsigned char code, size;
  int dtype;
} types[] = {{0x08, 1, NNRT_u8},  {0x09, 1, NNRT_i32}, {0x0B, 2, NNRT_i64}, {0x0C, 4, NNRT_i32},
             {0x0D, 4, NNRT_f32}, {0x0E, 8, NNRT_f64}, {0x08, 1, NNRT_f32}, {0x08, 1, NNRT_bf16}};

static void idx_make(nnrt_field *field, int64_t *rows) {
  int type = (int)draw(sizeof types / sizeof types[0]), rank = (int)draw(4), elements = 1;
  *field = (nnrt_field){.name = "x", .dtype = types[type].dtype, .rank = rank};
  *rows = 1 + draw(20);
  memcpy(bytes, (unsigned char[]){0, 0, types[type].code, (unsigned char)(rank + 1), 0, 0, 0, (unsigned char)*rows}, 8);
  header_length = 8 + 4 * rank;
  memset(bytes + 8, 0, (size_t)(4 * rank));
  for (int i = 0; i < rank; i++) {
    field->dim[i] = 1 + draw(5);
    bytes[11 + 4 * i] = (unsigned char)field->dim[i];
    elements *= (int)field->dim[i];
  }
  length = header_length + (int)*rows * elements * types[type].size;
  for (int i = header_length; i < length; i++) bytes[i] = 0;
  for (int i = header_length + types[type].size - 1; i < length; i += types[type].size)
    bytes[i] = (unsigned char)draw(CLASSES);
}

/* In one process: gzip is a stored block around the bytes, so that mutations reach what lies inside. */
static uint32_t crc_of(const unsigned char *at, int n) {
  uint32_t crc = ~0u;
  for (int i = 0; i < n; i++) {
    crc ^= at[i];
    for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

static void pack(void) {
  static const unsigned char head[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1};
  uint32_t crc = crc_of(bytes, length), n = (uint32_t)length;
  memmove(bytes + 15, bytes, (size_t)length);
  memcpy(bytes, head, sizeof head);
  bytes[11] = (unsigned char)n, bytes[12] = (unsigned char)(n >> 8), bytes[13] = (unsigned char)~n,
  bytes[14] = (unsigned char)(~n >> 8);
  for (int i = 0; i < 4; i++)
    bytes[15 + n + i] = (unsigned char)(crc >> 8 * i), bytes[19 + n + i] = (unsigned char)(n >> 8 * i);
  length += 23;
  header_length += 15;
}

/* ---- mutation ---- */
static int place(void) {
  return draw(3) && header_length > 0 && header_length < length ? (int)draw((uint32_t)header_length)
                                                                : (int)draw((uint32_t)length);
}

static void mutate_once(void) {
  static const unsigned char nasty[] = {0, 1, 0x7F, 0x80, 0xFF, '"', '{', '}', '[', '\\', ',', ':', '9', '-'};
  if (length < 1) return;
  int at = place(), n = 1 + (int)draw(8);
  if (n > length - at) n = length - at;
  switch (draw(7)) {
  case 0: bytes[at] ^= (unsigned char)(1u << draw(8)); break;
  case 1: bytes[at] = nasty[draw(sizeof nasty)]; break;
  case 2: bytes[at] = (unsigned char)draw(256); break;
  case 3: length = at; break;
  case 4:
    memmove(bytes + at, bytes + at + n, (size_t)(length - at - n));
    length -= n;
    break;
  case 5:
    if (length + n > FILE_MAX) break;
    memmove(bytes + at + n, bytes + at, (size_t)(length - at));
    length += n;
    break;
  default: memset(bytes + at, nasty[draw(sizeof nasty)], (size_t)n);
  }
}

static int mutate(void) {
  int times = draw(100) ? 1 + (int)draw(4) : 0;
  for (int i = 0; i < times; i++) mutate_once();
  return times;
}

/* ---- reading ---- */
static void check_refusal(const nnrt_error *error, int status, int mutated, const char *keep) {
  refused++;
  if (!mutated) bad("a good file is refused", error->text, keep);
  if (status != NNRT_FAILED || !strstr(error->text, path))
    bad("a refusal that does not name the file", error->text, keep);
}

static void try_idx(const char *keep) {
  nnrt_field field;
  nnrt_column column;
  nnrt_error error = {0};
  int64_t wanted, rows = -1;
  idx_make(&field, &wanted);
  if (!draw(4)) pack();
  int mutated = mutate(), status;
  put();
  status = nnrt_idx_read(&error, path, &field, CLASSES, &column, &rows);
  if (status) {
    if (column.at) bad("memory left behind", error.text, keep);
    check_refusal(&error, status, mutated, keep);
    return;
  }
  accepted++;
  if (rows < 0 || (!mutated && rows != wanted)) bad("wrong number of rows", "", keep);
  double sum = 0, most = 0;
  int size = nnrt_dtype_bytes(field.dtype);
  for (int64_t i = 0; i < rows * column.row_bytes; i += size) {
    double x = nnrt_element(field.dtype, column.at + i);
    sum += x;
    if (x > most || x < 0) most = x < 0 ? CLASSES : x;
  }
  bool labels = !field.rank && (field.dtype == NNRT_u8 || field.dtype == NNRT_i32 || field.dtype == NNRT_i64);
  if ((labels || !mutated) && most >= CLASSES) bad("a label that is no class", "", keep);
  free(column.at);
  if (sum == 0.123) puts("");
}

/* ---- readers that leave rows in their files, through source.c ---- */
static const char *const stream_files[] = {path};
static nnrt_field stream_fields[] = {{"x", NNRT_i32, 1, {4}}, {"y", NNRT_i32, 1, {4}}};
static const nnrt_stored stream_stored[] = {{"i16", 1, 1}, {"u8", 0, 0}};
static const nnrt_source text_source = {.name = "train",
                                        .kind = "text",
                                        .nfields = 2,
                                        .fields = stream_fields,
                                        .nfiles = 1,
                                        .files = stream_files,
                                        .batch = 2,
                                        .rows = -1,
                                        .stride = 3,
                                        .vocabulary = "aä€0"};

static const nnrt_source *text_make(void) {
  static const char *const characters[] = {"a", "ä", "€", "0"};
  length = header_length = 0;
  for (int i = 5 + (int)draw(draw(20) ? 100 : 1000); i > 0; i--) {
    const char *c = characters[draw(4)];
    memcpy(bytes + length, c, strlen(c));
    length += (int)strlen(c);
  }
  stream_fields[1] = (nnrt_field){"y", NNRT_i32, 1, {4}};
  return &text_source;
}

static const nnrt_source *records_make(void) {
  static nnrt_source source;
  source = text_source;
  source.kind = "records", source.stored = stream_stored, source.record = 9, source.classes = CLASSES;
  source.skip = header_length = (int)draw(4);
  length = header_length + 9 * (1 + (int)draw(50));
  for (int i = 0; i < length; i++) bytes[i] = (unsigned char)draw(CLASSES);
  stream_fields[1] = (nnrt_field){"y", NNRT_u8, 0, {0}};
  return &source;
}

static const char *const stream_kinds[] = {"one", "two"};
static const nnrt_heading stream_headings[] = {
    {"b", 0, 0, 0, NULL}, {"k", 0, 1, 2, stream_kinds}, {"a", 1, 0, 0, NULL}};

static const nnrt_source *table_make(void) {
  static nnrt_source source;
  source = text_source;
  source.kind = "csv", source.headings = stream_headings, source.nheadings = 3, source.separator = ',';
  source.classes = CLASSES, source.fills = 1;
  header_length = length = sprintf((char *)bytes, "k,a,\"b\",c\n");
  for (int i = (int)draw(30); i >= 0; i--)
    length += sprintf((char *)bytes + length, draw(2) ? "one,%u,%u,\"x\n\"\n" : "two,\"%u\",%u,\r\n", draw(CLASSES),
                      draw(99));
  stream_fields[1] = (nnrt_field){"y", NNRT_i32, 0, {0}};
  return &source;
}

static void bytes_number(unsigned n, int size) {
  for (; size > 0; size--, n >>= 8) bytes[length++] = (unsigned char)n;
}

/* The header and the numbers of one array: x of 4 numbers a row, or y of labels. */
static void array_make(int field, int rows) {
  static const char *const shapes[] = {"4)", ")"};
  int begins = length;
  length +=
      sprintf((char *)bytes + length, "\x93NUMPY\1%c%c%c{'descr': '<i4', 'fortran_order': False, 'shape': (%d, %s, }",
              0, 118, 0, rows, shapes[field]);
  while (length < begins + 127) bytes[length++] = ' ';
  bytes[length++] = '\n';
  for (int i = 0; i < rows * (field ? 1 : 4); i++) bytes_number(draw(CLASSES), 4);
}

static const nnrt_source *array_source(void) {
  static nnrt_source source;
  source = text_source;
  source.kind = "npy", source.nfields = 1, source.classes = CLASSES;
  length = 0;
  header_length = 128;
  array_make(0, 1 + (int)draw(30));
  return &source;
}

/* A zip archive of both arrays, stored. */
static const nnrt_source *archive_source(void) {
  static nnrt_source source;
  int rows = 1 + (int)draw(30), at[2], size[2];
  uint32_t crc[2];
  source = text_source;
  source.kind = "npz", source.classes = CLASSES;
  length = 0;
  for (int k = 0; k < 2; k++) {
    at[k] = length;
    length += 30;
    memset(bytes + at[k], 0, 30);
    memcpy(bytes + at[k], "PK\3\4", 4);
    bytes[at[k] + 26] = 5;
    length += sprintf((char *)bytes + length, "%c.npy", 'x' + k);
    int begins = length;
    array_make(k, rows);
    size[k] = length - begins;
    crc[k] = crc_of(bytes + begins, size[k]);
  }
  int directory = length;
  for (int k = 0; k < 2; k++) {
    memset(bytes + length, 0, 46);
    memcpy(bytes + length, "PK\1\2", 4);
    bytes[length + 28] = 5;
    length += 16;
    bytes_number(crc[k], 4);
    bytes_number((unsigned)size[k], 4);
    bytes_number((unsigned)size[k], 4);
    length += 14;
    bytes_number((unsigned)at[k], 4);
    length += sprintf((char *)bytes + length, "%c.npy", 'x' + k);
  }
  int end = length;
  memset(bytes + length, 0, 22);
  memcpy(bytes + length, "PK\5\6", 4);
  length += 12;
  bytes_number((unsigned)(end - directory), 4);
  bytes_number((unsigned)directory, 4);
  length += 2;
  header_length = 128;
  stream_fields[1] = (nnrt_field){"y", NNRT_i32, 0, {0}};
  return &source;
}

/* A safetensors file of both, and of one more that is passed over. */
static const nnrt_source *tensors_source(void) {
  static nnrt_source source;
  int rows = 1 + (int)draw(30);
  source = text_source;
  source.kind = "safetensors", source.classes = CLASSES;
  length = 8 + sprintf((char *)bytes + 8,
                       "{\"x\":{\"dtype\":\"I32\",\"shape\":[%d,4],\"data_offsets\":[4,%d]},\"y\":{\"shape\":[%d],"
                       "\"dtype\":\"I32\",\"data_offsets\":[%d,%d]},\"z\":{\"dtype\":\"F32\",\"shape\":[],"
                       "\"data_offsets\":[0,4]}}",
                       rows, 4 + 16 * rows, rows, 4 + 16 * rows, 4 + 20 * rows);
  header_length = length;
  nnrt_low_put(bytes, (uint64_t)length - 8, 8);
  for (int i = 0; i < 1 + 5 * rows; i++) bytes_number(draw(CLASSES), 4);
  stream_fields[1] = (nnrt_field){"y", NNRT_i32, 0, {0}};
  return &source;
}

/* Every row; or, where the file has changed, an error that names it. */
static void read_stream(nnrt_stream *s, bool changed, const char *keep) {
  unsigned char row[64];
  nnrt_error error = {0};
  double below = s->source->classes ? CLASSES : 4;
  for (int field = 0; field < s->source->nfields; field++)
    for (int64_t i = 0; i < s->rows; i++) {
      if (nnrt_stream_rows(&error, s, field, 0, 0, i, 1, row)) {
        if (!changed || !strstr(error.text, path)) bad("rows that cannot be read", error.text, keep);
        return;
      }
      const nnrt_field *f = &s->source->fields[field];
      double x = nnrt_element(f->dtype, row);
      bool floats = f->dtype == NNRT_f32;
      if (!floats && (!s->source->classes || !f->rank) && (x < 0 || x >= below)) bad("no token or label", "", keep);
    }
}

static void try_stream(const char *keep) {
  static const nnrt_source *(*const make[])(void) = {text_make,    records_make,   table_make,
                                                     array_source, archive_source, tensors_source};
  const nnrt_source *source = make[draw(6)]();
  nnrt_stream stream = {.source = source, .seed = 1, .shuffle = (int)draw(2)};
  nnrt_error error = {0};
  if (!draw(4) && strcmp(source->kind, "safetensors")) pack();
  int mutated = mutate();
  bool changed = false;
  put();
  int status = nnrt_stream_open(&error, &stream, NULL);
  if (status) {
    if (stream.reader.own || stream.order) bad("memory left behind", error.text, keep);
    check_refusal(&error, status, mutated, keep);
    return;
  }
  accepted++;
  if (!draw(4)) {
    changed = true;
    for (int i = 0; i < 3; i++) mutate_once();
    int file = open(path, O_WRONLY | O_TRUNC); /* the file that is open, not a new one */
    nnrt_write_all(file, bytes, length);
    close(file);
  }
  read_stream(&stream, changed, keep);
  nnrt_stream_close(&stream);
}

/* As --init, with and without its flags. */
static int take_weights(nnrt_error *error, const nnrt_model *model, const nnrt_memory *memory) {
  nnrt_weights w = {.model = model, .memory = memory, .partial = draw(2), .convert = draw(2)};
  nnrt_weights_reader r = {.error = error, .path = path};
  int status = nnrt_weights_open(&r);
  if (!status) status = nnrt_weights_list(error, &w, NULL, true);
  if (!status) status = nnrt_weights_match(&r, &w);
  if (!status) status = nnrt_weights_take(&r, &w);
  nnrt_weights_close(&r);
  free(w.at);
  return status;
}

/* ---- images and sounds: files of tests/oracle/media, decoded by libraries whose errors come back by longjmp ---- */
typedef enum Medium { MEDIUM_none, MEDIUM_image, MEDIUM_sound } Medium;
static const struct {
  const char *file;
  Medium kind;
} media[] = {
#ifdef NNRT_IMAGES
    {"images/ant/a.png", MEDIUM_image},
    {"images/ant/b_palette.PNG", MEDIUM_image},
    {"images/bee/a_grey16.png", MEDIUM_image},
    {"images/bee/c_adam7.png", MEDIUM_image},
    {"images/cow/a.jpg", MEDIUM_image},
    {"images/cow/b_progressive.jpeg", MEDIUM_image},
#endif
#ifdef NNRT_SOUND
    {"sounds/low/a_32.wav", MEDIUM_sound},
    {"sounds/low/b_float.wav", MEDIUM_sound},
    {"sounds/low/c_stereo.wav", MEDIUM_sound},
#endif
    {NULL, MEDIUM_none}};

static void media_load(int k) {
  char from[400];
  snprintf(from, sizeof from, NNC_SOURCE_DIR "/tests/oracle/media/%s", media[k].file);
  int file = open(from, O_RDONLY);
  length = file < 0 ? 0 : (int)read(file, bytes, FILE_MAX / 2);
  close(file);
  if (length <= 0) perror(from), exit(2);
  header_length = length < 200 ? length / 2 : 100;
}

/* Every chunk that is whole gets the checksum of what it says now. */
static void png_sums(void) {
  for (int64_t at = 8, n; at + 12 <= length; at += 12 + n) {
    n = (int64_t)bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
    if (n > length - at - 12) return;
    uint32_t sum = crc_of(bytes + at + 4, (int)n + 4);
    for (int i = 0; i < 4; i++) bytes[at + 8 + n + i] = (unsigned char)(sum >> (24 - 8 * i));
  }
}

static nnrt_source media_source(Medium kind, nnrt_field *field) {
  nnrt_source source = {.name = "train", .nfields = 1, .fields = field, .nfiles = 1, .files = stream_files, .batch = 1};
  source.kind = kind == MEDIUM_image ? "images" : "wav";
  source.rows = -1, source.hertz = 8000;
#ifdef NNRT_IMAGES
  *field = (nnrt_field){"x", NNRT_u8, 3, {draw(2) ? 1 : 3, 4, 5}};
  if (kind == MEDIUM_image) source.reader = &nnrt_format_images;
#endif
#ifdef NNRT_SOUND
  if (kind == MEDIUM_sound) source.reader = &nnrt_format_wav, *field = (nnrt_field){"x", NNRT_f32, 1, {16}};
#endif
  return source;
}

static void try_media(const char *keep) {
  _Alignas(64) static unsigned char row[64];
  int n = (int)(sizeof media / sizeof *media) - 1;
  if (n < 1) return;
  int k = (int)draw((uint32_t)n);
  nnrt_field field = {0};
  nnrt_source source = media_source(media[k].kind, &field);
  nnrt_stream stream = {.source = &source};
  nnrt_error error = {0};
  media_load(k);
  int mutated = mutate();
  if (draw(2) && length > 8 && bytes[1] == 'P') png_sums();
  put();
  int status = nnrt_stream_open(&error, &stream, NULL);
  if (!status) status = nnrt_stream_rows(&error, &stream, 0, 0, 0, 0, 1, row);
  if (status)
    check_refusal(&error, status, mutated, keep);
  else
    accepted++;
  nnrt_stream_close(&stream);
}

static void try_weights(const char *keep) {
  static unsigned char params[64], other[64];
  static const nnrt_state states[] = {
      {.name = "0.weight", .dtype = NNRT_f32, .rank = 2, .dim = {2, 3}, .trained = 1, .saved = 1, .offset = 0},
      {.name = "0.bias", .dtype = NNRT_f64, .rank = 1, .dim = {2}, .trained = 1, .saved = 1, .offset = 24},
      {.name = "n", .dtype = NNRT_i64, .rank = 0, .trained = 0, .saved = 1, .offset = 8},
  };
  const nnrt_model model = {.name = "m", .nstates = 3, .states = states};
  const nnrt_memory memory = {.params = params, .state = other};
  nnrt_error error = {0};
  static unsigned char saved[2][FILE_MAX];
  static int saved_length[2];
  int archive = (int)draw(2);
  if (!saved_length[archive]) { /* once: saving flushes to the disk */
    char name[200];
    snprintf(name, sizeof name, archive ? "%s.npz" : "%s", path);
    if (nnrt_weights_save(&error, &model, &memory, name, NULL)) bad("cannot be saved", error.text, keep);
    int file = open(name, O_RDONLY);
    saved_length[archive] = (int)read(file, saved[archive], FILE_MAX);
    close(file);
    unlink(name);
  }
  length = saved_length[archive];
  memcpy(bytes, saved[archive], (size_t)length);
  header_length = archive ? length : length - 48;
  int mutated = mutate();
  put();
  int status = take_weights(&error, &model, &memory);
  if (status)
    check_refusal(&error, status, mutated, keep);
  else
    accepted++;
}

/* ---- vocabularies: what is opened cuts texts into tokens that there are, and says them within its room ---- */
static int pieces_make(bool binary) {
  int n = 1 + (int)draw(20);
  length = 0;
  if (binary) bytes_number(4, 4);
  for (int i = 0; i < n; i++) {
    int size = 1 + (int)draw(4);
    if (binary) bytes_number(draw(8) << 24, 4), bytes_number((unsigned)size, 4);
    for (int k = 0; k < size; k++) bytes[length++] = (unsigned char)"ab <>0x\xC3\xA9"[draw(9)];
    if (!binary && draw(2)) length += sprintf((char *)bytes + length, "\t-%u", draw(30));
    if (!binary) bytes[length++] = '\n';
  }
  header_length = length;
  return n;
}

static void pieces_use(nnrt_tokens *tokens, int n, const char *keep) {
  char text[64], to[1 << 12];
  nnrt_error error = {0};
  int32_t *of;
  int64_t count, size = draw(sizeof text);
  bool begins = true;
  for (int i = 0; i < size; i++) text[i] = (char)"ab <>0x\xC3\xA9"[draw(9)];
  if (nnrt_tokens_longest(tokens) > (int)sizeof to) bad("a token of any length", "", keep);
  if (nnrt_tokens_of(&error, tokens, text, size, &of, &count)) {
    if (!strstr(error.text, "nor its bytes")) bad("a text that is not cut", error.text, keep);
    return;
  }
  for (int64_t i = 0; i < count; i++) {
    if (of[i] < 0 || of[i] >= n) bad("a token that is none", "", keep);
    if (nnrt_tokens_text(tokens, of[i], &begins, to) > nnrt_tokens_longest(tokens)) bad("a long token", "", keep);
  }
  free(of);
}

static void try_pieces(const char *keep) {
  char text_path[sizeof path];
  bool binary = draw(2);
  int n = pieces_make(binary), mutated = mutate();
  nnrt_error error = {0};
  nnrt_tokens *tokens;
  strcpy(text_path, path);
  if (binary) strcat(path, ".bin");
  put();
  int status = nnrt_tokens_open(&error, &tokens, path, n);
  if (status) {
    if (tokens) bad("memory left behind", error.text, keep);
    check_refusal(&error, status, mutated, keep);
  } else {
    accepted++;
    pieces_use(tokens, n, keep);
    nnrt_tokens_close(tokens);
  }
  if (binary) unlink(path);
  strcpy(path, text_path);
}

/* ---- checkpoints: what is read goes into a run, whose places must exist ---- */
static const nnrt_state run_states[] = {
    {.name = "w", .dtype = NNRT_f32, .rank = 1, .dim = {4}, .trained = 1, .saved = 1},
    {.name = "nnrt.seed", .dtype = NNRT_u32, .rank = 1, .dim = {2}}};
static const nnrt_output run_outputs[] = {{.name = "loss", .dtype = NNRT_f32, .count = 1}};
static const nnrt_variant run_variants[] = {{.rows = 2, .noutputs = 1, .outputs = run_outputs, .output_bytes = 4}};
static const int run_sources[] = {0};
static const nnrt_func run_funcs[] = {{"train", 0, 1, run_sources, 1, run_variants}};
static const nnrt_act run_acts[] = {{.func = 0, .times = 1, .every = 1, .when_func = -1, .when_output = -1}};
static const nnrt_phase run_phases[] = {
    {.count = 9, .count_hyper = -1, .nstep = 1, .step = run_acts, .stop_func = -1, .stop_output = -1},
    {.count = 9, .count_hyper = -1, .nstep = 1, .step = run_acts, .stop_func = -1, .stop_output = -1}};
static const nnrt_hyper run_hypers[] = {{"lr", 0.5, 0, 1, 0, NULL}};
static const nnrt_source run_data[] = {{.name = "rows", .kind = "random", .batch = 2, .rows = 10}};
static const nnrt_model run_model = {.name = "m",
                                     .nstates = 2,
                                     .states = run_states,
                                     .nhypers = 1,
                                     .hypers = run_hypers,
                                     .nsources = 1,
                                     .sources = run_data,
                                     .nfuncs = 1,
                                     .funcs = run_funcs,
                                     .nphases = 2,
                                     .phases = run_phases};

typedef struct Going { /* a run of that model as the driver would have it */
  nnrt_run run;
  nnrt_stream stream;
  nnrt_cursor cursor;
  nnrt_entry entry;
  double hyper, sum;
  char given;
  unsigned char params[64], state[64], output[64];
} Going;

static void going_make(Going *g) {
  memset(g, 0, sizeof *g);
  g->stream = (nnrt_stream){.source = run_data, .rows = 10};
  g->entry = (nnrt_entry){.func = run_funcs, .output = g->output, .latest = run_variants, .sums = &g->sum};
  g->hyper = 0.5;
  g->run = (nnrt_run){.model = &run_model, .phases = run_phases, .nphases = 2, .streams = &g->stream};
  g->run.cursors = &g->cursor, g->run.entries = &g->entry;
  g->run.memory = (nnrt_memory){.params = g->params, .state = g->state};
  g->run.options = (nnrt_options){.epochs = -1, .steps = -1, .bench = -1, .keep = 1, .hypers = &g->hyper};
  g->run.options.hyper_given = &g->given;
  g->run.options.checkpoint = g->run.options.resume = path;
  g->run.options.resuming = 1;
}

static void going_check(const Going *g, const char *keep) {
  const nnrt_position *p = &g->run.place;
  bool list =
      p->phase >= 0 && p->phase < 2 && p->list >= 0 && p->list < 4 && p->act >= 0 && p->time >= 0 && p->row >= 0;
  if (!list || p->act > (p->list == 1)) bad("a place that is not there", "", keep);
  if (g->cursor.row < 0 || g->cursor.row >= 10 || g->cursor.epoch < 0) bad("a row that is not there", "", keep);
  if (g->run.step < 0) bad("fewer than no steps", "", keep);
}

static void checkpoint_write(const char *keep, unsigned char *to, int *n) {
  static Going g;
  going_make(&g);
  if (nnrt_checkpoint_prepare(&g.run) || nnrt_checkpoint_signal(&g.run))
    bad("cannot be written", g.run.error.text, keep);
  nnrt_checkpoint_free(&g.run);
  int file = open(path, O_RDONLY);
  *n = (int)read(file, to, FILE_MAX);
  close(file);
}

/* Where the sum's digits stand, if they do: what is mutated gets the sum that it should have. */
static void sum_mend(void) {
  static const char name[] = "\"nnrt.sum\":\"";
  char digits[9];
  unsigned char *at = memmem(bytes, (size_t)length, name, sizeof name - 1);
  if (!at || at + sizeof name + 8 > bytes + length) return;
  memset(at + sizeof name - 1, '0', 8);
  snprintf(digits, sizeof digits, "%08x", crc_of(bytes, length));
  memcpy(at + sizeof name - 1, digits, 8);
}

static void try_checkpoint(const char *keep) {
  static unsigned char saved[FILE_MAX];
  static int saved_length;
  static Going g;
  if (!saved_length) checkpoint_write(keep, saved, &saved_length);
  length = saved_length;
  memcpy(bytes, saved, (size_t)length);
  header_length = length - 24;
  int mutated = mutate();
  if (draw(2)) sum_mend();
  put();
  going_make(&g);
  int status = nnrt_resume_open(&g.run);
  if (!status) status = nnrt_resume_restore(&g.run);
  if (status)
    check_refusal(&g.run.error, status, mutated, keep);
  else
    going_check(&g, keep), accepted++;
  nnrt_resume_free(&g.run);
}

int main(int argc, char **argv) {
  double seconds = 20;
  int count = 0;
  const char *keep = ".";
  random_state = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--seconds"))
      seconds = atof(argv[i + 1]);
    else if (!strcmp(argv[i], "--minutes"))
      seconds = 60 * atof(argv[i + 1]);
    else if (!strcmp(argv[i], "--count"))
      count = atoi(argv[i + 1]);
    else if (!strcmp(argv[i], "--seed"))
      random_state = strtoull(argv[i + 1], NULL, 0);
    else if (!strcmp(argv[i], "--keep"))
      keep = argv[i + 1];
    else
      return fprintf(stderr, "fuzz_files: what is \"%s\"?\n", argv[i]), 2;
  }
  /* in memory where that is: making the file is most of the time on a disk */
  snprintf(path, sizeof path, "%s/fuzz_files.%ld", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (long)getpid());
  double end = nnrt_seconds() + seconds;
  int tried = 0;
  static void (*const attempts[])(const char *) = {try_idx,    try_stream,     try_stream, try_weights,
                                                   try_pieces, try_checkpoint, try_media};
  for (; count ? tried < count : nnrt_seconds() < end; tried++) attempts[draw(7)](keep);
  unlink(path);
  printf("%d files: %d read, %d refused\n", tried, accepted, refused);
  return tried > 100 && accepted > 0 && refused > 0 ? 0 : 1;
}
