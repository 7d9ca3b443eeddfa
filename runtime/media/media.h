/* media.h: what the readers of folders of images and of sounds share. They are parts of the runtime beside libnnrt.a:
 * libnnrt_images.a (images.c over png.c, jpeg.c, resize.c) and libnnrt_sound.a (wav.c), which call libpng, libjpeg and
 * libsndfile; folder.c, which calls neither, lies in libnnrt.a.
 *
 * Only the names of the files are held; each is opened, checked and decoded when a batch takes it, in every pass again.
 * The libraries allocate while they decode (in the thread that fills batches), which is the one exception to
 * host.h's rule; what is ours is kept from row to row and grows to the largest file. */
#ifndef NNRT_MEDIA_H
#define NNRT_MEDIA_H

#include "../host/host.h"

/* ---- folder.c ---- */
typedef struct nnrt_folder { /* the files of a source in the order of their rows */
  char *names;               /* their paths, each with the 0 behind it */
  int64_t *at;               /* by row: where in names its path begins */
  int32_t *labels;           /* by row */
  int64_t rows, used, names_room, rows_room;
} nnrt_folder;
int nnrt_folder_open(nnrt_error *error, nnrt_folder *folder, const nnrt_reader *reader, const char *const *endings);
const char *nnrt_folder_path(const nnrt_folder *folder, int64_t row);
void nnrt_folder_close(nnrt_folder *folder);

/* ---- images: png.c, jpeg.c ---- */
enum { NNRT_IMAGE_SIDE = 1 << 16, NNRT_IMAGE_PIXELS = 1 << 26 }; /* what is decoded at most */
typedef struct nnrt_image {                                      /* 8 bits a channel, grey or red, green, blue */
  const char *path;
  nnrt_error *error;
  const unsigned char *file; /* the whole file */
  int64_t bytes;
  int width, height, channels;
  unsigned char *at; /* [height, width, channels] */
  int64_t room;
} nnrt_image;
int nnrt_image_room(nnrt_image *image, int64_t width, int64_t height, int channels); /* sets them, makes `at` hold it */
int nnrt_image_bad(const nnrt_image *image, const char *what, const char *why);
int nnrt_png_decode(nnrt_image *image);
int nnrt_jpeg_decode(nnrt_image *image);

/* ---- resize.c ---- */
typedef struct nnrt_span { /* the pixels along one axis that make one of the result */
  int first, count;
  uint32_t head, tail; /* weights of the first and of the last; one alone has head */
} nnrt_span;
typedef struct nnrt_resize_axis {
  int to;              /* pixels of the result */
  uint32_t inner, sum; /* the weight of those between; of all */
  nnrt_span *spans;
} nnrt_resize_axis;
typedef struct nnrt_resizer {
  nnrt_resize_axis x, y;
  uint32_t *line; /* of one row of the image, made as wide as the result */
  uint64_t *sums; /* of a row of the result */
} nnrt_resizer;
int nnrt_resizer_make(nnrt_error *error, nnrt_resizer *resizer, int64_t height, int64_t width, int channels);
void nnrt_resize(nnrt_resizer *resizer, const nnrt_image *image, unsigned char *to); /* [channels, height, width] */
void nnrt_resizer_free(nnrt_resizer *resizer);
#endif
