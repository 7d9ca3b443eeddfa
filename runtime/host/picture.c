/* picture.c: a tensor as a PNG file in memory: pictures [h,w], [n,h,w] or [n,c,h,w] of one channel (grey) or three
 * (RGB), eight in a row with two black pixels around each, as torchvision's make_grid lays them.
 *
 * Floats are brightness 0 to 1, integers 0 to 255; what is outside is cut. The format: PNG specification (W3C, third
 * edition), 8 bits a channel, no filter. The stream is zlib's where the runtime is linked with it, else stored as it
 * is, which every reader takes as well: a self-contained program needs no library. */
#include "host.h"

#include <string.h>
#ifdef NNRT_ZLIB
#include <zlib.h>
#endif

enum { PICTURE_ROW = 8, PICTURE_GAP = 2, STORED_MAX = 65535 };

typedef struct nnrt_picture {
  int64_t n, channels, h, w, columns, rows, wide, high, line; /* line: bytes of one, its filter byte included */
} nnrt_picture;

static nnrt_picture picture_of(const nnrt_output *o) {
  nnrt_picture p = {.n = 1, .channels = 1, .h = o->dim[o->rank - 2], .w = o->dim[o->rank - 1]};
  if (o->rank > 2) p.n = o->dim[0];
  if (o->rank > 3) p.channels = o->dim[1];
  p.columns = p.n < PICTURE_ROW ? p.n : PICTURE_ROW;
  p.rows = (p.n + p.columns - 1) / p.columns;
  int64_t gap = p.n > 1 ? PICTURE_GAP : 0;
  p.wide = p.columns * (p.w + gap) + gap;
  p.high = p.rows * (p.h + gap) + gap;
  p.line = 1 + p.wide * p.channels;
  return p;
}

/* ---- the pixels ---- */
static unsigned char pixel(int dtype, const unsigned char *at) {
  double x = nnrt_element(dtype, at);
  if (nnrt_dtype_is_float(dtype)) x = x * 255 + 0.5;
  if (dtype == NNRT_bool) x *= 255;
  return (unsigned char)(x >= 255 ? 255 : x > 0 ? x : 0); /* NaN is black */
}

static void picture_lay(const nnrt_picture *p, const nnrt_output *o, const unsigned char *at, unsigned char *lines) {
  int bytes = nnrt_dtype_bytes(o->dtype);
  int64_t gap = p->n > 1 ? PICTURE_GAP : 0;
  memset(lines, 0, (size_t)(p->high * p->line));
  for (int64_t i = 0; i < p->n; i++)
    for (int64_t c = 0; c < p->channels; c++)
      for (int64_t y = 0; y < p->h; y++)
        for (int64_t x = 0; x < p->w; x++, at += bytes) {
          int64_t row = gap + i / p->columns * (p->h + gap) + y, column = gap + i % p->columns * (p->w + gap) + x;
          lines[row * p->line + 1 + column * p->channels + c] = pixel(o->dtype, at);
        }
}

/* ---- the file ---- */
static void put_u32(unsigned char *to, uint32_t x) {
  for (int i = 0; i < 4; i++) to[i] = (unsigned char)(x >> (24 - 8 * i));
}

static uint32_t chunk_sum(const unsigned char *at, int64_t n) { /* PNG, annex D */
  nnrt_crc crc;
  nnrt_crc_start(&crc);
  nnrt_crc_add(&crc, at, n);
  return nnrt_crc_sum(&crc);
}

/* Length, name, n bytes that stand at to + 8 already, sum. */
static int64_t chunk_end(unsigned char *to, const char name[5], int64_t n) {
  put_u32(to, (uint32_t)n);
  memcpy(to + 4, name, 4);
  put_u32(to + 8 + n, chunk_sum(to + 4, n + 4));
  return n + 12;
}

#ifdef NNRT_ZLIB
static int64_t stream_room(int64_t n) { return (int64_t)compressBound((uLong)n); }
static int64_t stream_pack(unsigned char *to, int64_t room, const unsigned char *from, int64_t n) {
  uLongf packed = (uLongf)room;
  return compress2(to, &packed, from, (uLong)n, 6) == Z_OK ? (int64_t)packed : -1;
}
#else
static int64_t stream_room(int64_t n) { return n + 5 * (n / STORED_MAX + 1) + 6; }
static int64_t stream_pack(unsigned char *to, int64_t room, const unsigned char *from, int64_t n) { /* RFC 1950, 1951 */
  unsigned char *start = to;
  uint32_t a = 1, b = 0;
  (void)room;
  for (int64_t i = 0; i < n; i++) a = (a + from[i]) % 65521, b = (b + a) % 65521;
  *to++ = 0x78, *to++ = 0x01;
  for (int64_t at = 0, part; at < n; at += part, to += part) {
    part = n - at < STORED_MAX ? n - at : STORED_MAX;
    const unsigned char head[5] = {at + part == n, (unsigned char)part, (unsigned char)(part >> 8),
                                   (unsigned char)~part, (unsigned char)(~part >> 8)};
    memcpy(to, head, sizeof head);
    to += sizeof head;
    memcpy(to, from + at, (size_t)part);
  }
  put_u32(to, b << 16 | a);
  return to + 4 - start;
}
#endif

enum { PICTURE_HEAD = 8 + 25 + 8, PICTURE_TAIL = 4 + 12 };

/* Bytes that nnrt_picture_draw needs: the file, and the pixels behind it. NNRT_FAILED: too large a picture. */
int nnrt_picture_room(const nnrt_output *o, int64_t *bytes) {
  nnrt_picture p = picture_of(o);
  if (p.wide > 1 << 20 || p.high > 1 << 20 || p.line * p.high > 1 << 30) return NNRT_FAILED;
  *bytes = PICTURE_HEAD + stream_room(p.line * p.high) + PICTURE_TAIL + p.line * p.high;
  return NNRT_GOOD;
}

/* The bytes of the file, which begins at `to`; negative: zlib found no memory. */
int64_t nnrt_picture_draw(const nnrt_output *o, const unsigned char *at, unsigned char *to, int64_t room) {
  static const unsigned char magic[8] = {0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A};
  nnrt_picture p = picture_of(o);
  unsigned char *lines = to + room - p.line * p.high;
  picture_lay(&p, o, at, lines);
  memcpy(to, magic, sizeof magic);
  put_u32(to + 16, (uint32_t)p.wide);
  put_u32(to + 20, (uint32_t)p.high);
  memcpy(to + 24, (const unsigned char[]){8, p.channels == 3 ? 2 : 0, 0, 0, 0}, 5);
  int64_t n = 8 + chunk_end(to + 8, "IHDR", 13);
  int64_t packed = stream_pack(to + n + 8, stream_room(p.line * p.high), lines, p.line * p.high);
  if (packed < 0) return -1;
  n += chunk_end(to + n, "IDAT", packed);
  return n + chunk_end(to + n, "IEND", 0);
}
