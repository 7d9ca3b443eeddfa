/* jpeg.c: JPEG files through libjpeg(-turbo), baseline and progressive, as grey or red, green, blue of 8 bits, by its
 * exact integer transform (islow). Files of four channels (CMYK, YCCK) are refused: what they mean as red, green and
 * blue depends on a profile. The orientation that a camera noted (EXIF) is not looked at.
 *
 * Where libjpeg would go on with made-up pixels and a warning (a file that ends too soon, codes that do not exist),
 * the file is refused; warnings about what changes no pixel are passed over. libjpeg's errors come back by longjmp to
 * jpeg_guarded. What is alive across that lies in one struct, which is freed behind it. */
#include "media.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

typedef struct nnrt_jpeg {
  struct jpeg_error_mgr errors; /* the first: libjpeg hands it back */
  struct jpeg_decompress_struct jpeg;
  nnrt_image *image;
  char why[JMSG_LENGTH_MAX];
  int status; /* of what failed with a message of its own */
  jmp_buf back;
} nnrt_jpeg;

static void jpeg_failed(j_common_ptr jpeg) {
  nnrt_jpeg *own = (nnrt_jpeg *)jpeg->err;
  jpeg->err->format_message(jpeg, own->why);
  longjmp(own->back, 1);
}

static void jpeg_noted(j_common_ptr jpeg, int level) {
  int code = jpeg->err->msg_code;
  bool harmless = code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR;
  if (level < 0 && !harmless) jpeg_failed(jpeg);
}

static void jpeg_said(j_common_ptr jpeg) { (void)jpeg; }

static void jpeg_refuse(nnrt_jpeg *own, const char *why) {
  nnrt_text(own->why, sizeof own->why, 0, "%s", why);
  longjmp(own->back, 1);
}

static void jpeg_decode(nnrt_jpeg *own) {
  struct jpeg_decompress_struct *jpeg = &own->jpeg;
  nnrt_image *image = own->image;
  jpeg_create_decompress(jpeg);
  jpeg_mem_src(jpeg, image->file, (unsigned long)image->bytes);
  jpeg_read_header(jpeg, TRUE);
  if (jpeg->num_components != 1 && jpeg->num_components != 3)
    jpeg_refuse(own, "it has four channels (CMYK): convert it to red, green, blue or grey");
  jpeg->out_color_space = jpeg->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg->dct_method = JDCT_ISLOW;
  own->status = nnrt_image_room(image, jpeg->image_width, jpeg->image_height, jpeg->num_components);
  if (own->status) longjmp(own->back, 1);
  jpeg_start_decompress(jpeg);
  size_t row = (size_t)image->width * (size_t)image->channels;
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW to = image->at + jpeg->output_scanline * row;
    jpeg_read_scanlines(jpeg, &to, 1);
  }
  jpeg_finish_decompress(jpeg);
}

static bool jpeg_guarded(nnrt_jpeg *own) {
  if (setjmp(own->back)) return false;
  jpeg_decode(own);
  return true;
}

int nnrt_jpeg_decode(nnrt_image *image) {
  nnrt_jpeg own = {.image = image};
  own.jpeg.err = jpeg_std_error(&own.errors);
  own.errors.error_exit = jpeg_failed;
  own.errors.emit_message = jpeg_noted;
  own.errors.output_message = jpeg_said;
  bool good = jpeg_guarded(&own);
  jpeg_destroy_decompress(&own.jpeg);
  return good || own.status ? own.status : nnrt_image_bad(image, "JPEG", own.why);
}
