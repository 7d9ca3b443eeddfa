/* png.c: PNG files through libpng, as grey or red, green, blue of 8 bits: 16 bits are scaled to 8, 1 to 4 bits to all
 * of 0 to 255, palettes looked up, transparency left out (as PIL's convert("RGB") does); gamma and colour profiles are
 * not looked at. Interlaced files too. Every checksum is verified and the file must be there to its end.
 *
 * libpng ends a call by longjmp to png_guarded. What is alive across that lies in one struct, which it frees. */
#include "media.h"

#include <png.h>
#include <string.h>

typedef struct nnrt_png {
  nnrt_image *image;
  png_structp png;
  png_infop info;
  int64_t at;
  char why[128];
  int status; /* of what failed with a message of its own */
} nnrt_png;

static void png_failed(png_structp png, png_const_charp why) {
  nnrt_png *own = png_get_error_ptr(png);
  nnrt_text(own->why, sizeof own->why, 0, "%s", why);
  png_longjmp(png, 1);
}

static void png_warned(png_structp png, png_const_charp why) { (void)png, (void)why; }

static void png_fill(png_structp png, png_bytep to, size_t n) {
  nnrt_png *own = png_get_io_ptr(png);
  if ((int64_t)n > own->image->bytes - own->at) {
    char why[64];
    nnrt_text(why, sizeof why, 0, "truncated: it ends at byte %lld", (long long)own->image->bytes);
    png_error(png, why);
  }
  memcpy(to, own->image->file + own->at, n);
  own->at += (int64_t)n;
}

/* What libpng is to make of the file's pixels. */
static void png_ask(nnrt_png *own) {
  int depth = png_get_bit_depth(own->png, own->info), type = png_get_color_type(own->png, own->info);
  if (depth == 16) png_set_scale_16(own->png);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(own->png);
  if (type == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(own->png);
  png_set_strip_alpha(own->png);
}

static void png_decode(nnrt_png *own) {
  png_set_read_fn(own->png, own, png_fill);
  png_set_user_limits(own->png, NNRT_IMAGE_SIDE, NNRT_IMAGE_SIDE);
  png_read_info(own->png, own->info);
  png_ask(own);
  int passes = png_set_interlace_handling(own->png);
  png_read_update_info(own->png, own->info);
  nnrt_image *image = own->image;
  own->status = nnrt_image_room(image, png_get_image_width(own->png, own->info),
                                png_get_image_height(own->png, own->info), png_get_channels(own->png, own->info));
  if (own->status) png_longjmp(own->png, 1);
  size_t row = (size_t)image->width * (size_t)image->channels;
  if (png_get_rowbytes(own->png, own->info) != row) png_error(own->png, "its pixels are of no known kind");
  for (int pass = 0; pass < passes; pass++)
    for (int y = 0; y < image->height; y++) png_read_row(own->png, image->at + (size_t)y * row, NULL);
  png_read_end(own->png, NULL);
}

static bool png_guarded(nnrt_png *own) {
  if (setjmp(png_jmpbuf(own->png))) return false;
  png_decode(own);
  return true;
}

int nnrt_png_decode(nnrt_image *image) {
  nnrt_png own = {.image = image};
  own.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &own, png_failed, png_warned);
  own.info = own.png ? png_create_info_struct(own.png) : NULL;
  bool good = own.info && png_guarded(&own);
  png_destroy_read_struct(&own.png, &own.info, NULL);
  if (good || own.status) return own.status;
  return nnrt_image_bad(image, "PNG", own.why[0] ? own.why : "there is no memory for it");
}
