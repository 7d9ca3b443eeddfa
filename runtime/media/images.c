/* images.c: folders of PNG and JPEG files as rows: x, u8 [channels, height, width], and y, i32, the class of the file's
 * folder. A file is decoded as what its first bytes say, made grey or coloured as the model has it, and resized.
 *
 * Grey of colours is PIL's: (19595 red + 38470 green + 7471 blue + 2^15) / 2^16; of grey all three colours have the
 * same values. */
#include "media.h"

#include <stdlib.h>
#include <string.h>

typedef struct nnrt_images {
  nnrt_folder folder;
  nnrt_image image;
  nnrt_resizer resizer;
  unsigned char *file; /* the bytes of the file that is read */
  int64_t file_room;
} nnrt_images;

/* ---- what the decoders call ---- */
int nnrt_image_bad(const nnrt_image *image, const char *what, const char *why) {
  return nnrt_fail(image->error, NNRT_FAILED, "%s: is no good %s file: %s", image->path, what, why);
}

static int room(nnrt_error *error, unsigned char **at, int64_t *held, int64_t wanted, const char *path) {
  if (wanted <= *held) return NNRT_GOOD;
  unsigned char *more = realloc(*at, (size_t)wanted);
  if (!more) return nnrt_fail(error, NNRT_FAILED, "%s: there is no memory for its %lld bytes", path, (long long)wanted);
  *at = more;
  *held = wanted;
  return NNRT_GOOD;
}

int nnrt_image_room(nnrt_image *image, int64_t width, int64_t height, int channels) {
  bool sides = width > 0 && height > 0 && width <= NNRT_IMAGE_SIDE && height <= NNRT_IMAGE_SIDE;
  if (!sides || width * height > NNRT_IMAGE_PIXELS)
    return nnrt_fail(image->error, NNRT_FAILED, "%s: has %lld by %lld pixels; at most %d in all are read", image->path,
                     (long long)height, (long long)width, NNRT_IMAGE_PIXELS);
  image->width = (int)width;
  image->height = (int)height;
  image->channels = channels;
  return room(image->error, &image->at, &image->room, width * height * channels, image->path);
}

/* ---- one file ---- */
static int images_load(nnrt_images *own) {
  nnrt_image *image = &own->image;
  nnrt_bytes bytes;
  NNRT_TRY(nnrt_bytes_open(image->error, &bytes, image->path));
  int status = room(image->error, &own->file, &own->file_room, bytes.size, image->path);
  if (!status) status = nnrt_bytes_read(image->error, &bytes, 0, bytes.size, own->file);
  image->file = own->file;
  image->bytes = bytes.size;
  nnrt_bytes_close(&bytes);
  return status;
}

static int images_decode(nnrt_image *image) {
  const unsigned char *m = image->file;
  if (image->bytes >= 8 && !memcmp(m, "\x89PNG\r\n\x1a\n", 8)) return nnrt_png_decode(image);
  if (image->bytes >= 3 && m[0] == 0xFF && m[1] == 0xD8 && m[2] == 0xFF) return nnrt_jpeg_decode(image);
  if (image->bytes < 8)
    return nnrt_fail(image->error, NNRT_FAILED, "%s: truncated: it has %lld bytes", image->path,
                     (long long)image->bytes);
  return nnrt_fail(image->error, NNRT_FAILED, "%s: is neither PNG nor JPEG: it begins with bytes %02x %02x %02x %02x",
                   image->path, m[0], m[1], m[2], m[3]);
}

static void image_grey(nnrt_image *image) {
  int64_t n = (int64_t)image->width * image->height;
  if (image->channels == 1) return;
  for (int64_t i = 0; i < n; i++) {
    const unsigned char *p = image->at + 3 * i;
    image->at[i] = (unsigned char)((19595u * p[0] + 38470u * p[1] + 7471u * p[2] + (1u << 15)) >> 16);
  }
  image->channels = 1;
}

static int images_row(nnrt_error *error, nnrt_images *own, const nnrt_field *f, int64_t row, unsigned char *to) {
  nnrt_image *image = &own->image;
  int64_t plane = f->dim[1] * f->dim[2];
  image->error = error;
  image->path = nnrt_folder_path(&own->folder, row);
  NNRT_TRY(images_load(own));
  NNRT_TRY(images_decode(image));
  if (f->dim[0] == 1) image_grey(image);
  nnrt_resize(&own->resizer, image, to);
  for (int64_t c = image->channels; c < f->dim[0]; c++) memcpy(to + c * plane, to, (size_t)plane);
  return NNRT_GOOD;
}

/* ---- the format ---- */
static int images_read(nnrt_error *error, nnrt_reader *r, int field, int64_t row, int64_t n, unsigned char *to) {
  nnrt_images *own = r->own;
  const nnrt_field *f = &r->source->fields[field];
  if (!f->rank) return memcpy(to, own->folder.labels + row, (size_t)n * sizeof(int32_t)), NNRT_GOOD;
  int64_t bytes = nnrt_field_bytes(f);
  for (int64_t i = 0; i < n; i++) NNRT_TRY(images_row(error, own, f, row + i, to + i * bytes));
  return NNRT_GOOD;
}

/* The tables are not trusted. */
static int images_check(nnrt_error *error, const nnrt_field *f) {
  bool label = !f->rank && f->dtype == NNRT_i32;
  if (label || (f->rank == 3 && f->dtype == NNRT_u8 && (f->dim[0] == 1 || f->dim[0] == 3))) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_FAILED, "the field %s is neither an image, u8 [1 or 3, height, width], nor a label",
                   f->name);
}

static int images_open(nnrt_error *error, nnrt_reader *r) {
  static const char *const endings[] = {".png", ".jpg", ".jpeg", NULL};
  nnrt_images *own;
  NNRT_TRY(nnrt_alloc(error, &own, sizeof *own, r->source->name));
  r->own = own;
  for (int k = 0; k < r->source->nfields; k++) {
    const nnrt_field *f = &r->source->fields[k];
    NNRT_TRY(images_check(error, f));
    if (f->rank && !own->resizer.line) NNRT_TRY(nnrt_resizer_make(error, &own->resizer, f->dim[1], f->dim[2], 3));
  }
  NNRT_TRY(nnrt_folder_open(error, &own->folder, r, endings));
  r->rows = own->folder.rows;
  return NNRT_GOOD;
}

static void images_close(nnrt_reader *r) {
  nnrt_images *own = r->own;
  if (!own) return;
  nnrt_folder_close(&own->folder);
  nnrt_resizer_free(&own->resizer);
  free(own->image.at);
  free(own->file);
  free(own);
}

const nnrt_format nnrt_format_images = {"images", NNRT_FILES_TREES, false, images_open, images_read, images_close};
