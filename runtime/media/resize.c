/* resize.c: an image in another size, each axis by itself: an axis that shrinks takes means over the stretch that a
 * pixel of the result covers, parts of pixels by their share ("area"); one that grows takes the two nearest pixels by
 * their distance, centres of pixels on centres ("bilinear", as PyTorch's align_corners = False).
 *
 * All weights are whole numbers and a result is one quotient, rounded half up: no bit depends on compiler or machine.
 * Of `from` pixels that become `to`, pixel o of the result covers [o * from, (o + 1) * from) where a pixel of the
 * image is `to` long; or it lies at ((2o + 1) * from - to) / 2to. Sides are at most 2^16, so that the sums fit. */
#include "media.h"

#include <stdlib.h>
#include <string.h>

static nnrt_span span_area(int64_t o, int64_t from, int64_t to) {
  int64_t low = o * from, high = low + from, first = low / to, last = (high - 1) / to;
  nnrt_span s = {.first = (int)first, .count = (int)(last - first + 1), .head = (uint32_t)from};
  if (s.count > 1) s.head = (uint32_t)((first + 1) * to - low), s.tail = (uint32_t)(high - last * to);
  return s;
}

static nnrt_span span_bilinear(int64_t o, int64_t from, int64_t to) {
  int64_t at = (2 * o + 1) * from - to;
  if (at < 0) at = 0;
  if (at > (from - 1) * 2 * to) at = (from - 1) * 2 * to;
  nnrt_span s = {.first = (int)(at / (2 * to)), .count = 1, .head = (uint32_t)(2 * to)};
  s.tail = (uint32_t)(at % (2 * to));
  if (s.tail) s.count = 2, s.head -= s.tail;
  return s;
}

static void axis_set(nnrt_resize_axis *axis, int from) {
  bool area = from >= axis->to;
  axis->inner = (uint32_t)axis->to;
  axis->sum = (uint32_t)(area ? from : 2 * axis->to);
  for (int o = 0; o < axis->to; o++)
    axis->spans[o] = area ? span_area(o, from, axis->to) : span_bilinear(o, from, axis->to);
}

/* One row of the image: [width, channels] to [to, channels], times the sum of the weights. */
static void row_shrink(const nnrt_resizer *r, const unsigned char *row, int channels) {
  for (int o = 0; o < r->x.to; o++)
    for (int c = 0; c < channels; c++) {
      const nnrt_span *s = &r->x.spans[o];
      const unsigned char *at = row + (size_t)s->first * (size_t)channels + c;
      uint32_t between = 0;
      for (int i = 1; i < s->count - 1; i++) between += at[i * channels];
      uint32_t tail = s->count > 1 ? s->tail * at[(s->count - 1) * channels] : 0;
      r->line[o * channels + c] = s->head * at[0] + r->x.inner * between + tail;
    }
}

static uint32_t span_weight(const nnrt_resize_axis *axis, const nnrt_span *s, int i) {
  return i == 0 ? s->head : i == s->count - 1 ? s->tail : axis->inner;
}

void nnrt_resize(nnrt_resizer *r, const nnrt_image *image, unsigned char *to) {
  int channels = image->channels, wide = r->x.to * channels;
  axis_set(&r->x, image->width);
  axis_set(&r->y, image->height);
  uint64_t all = (uint64_t)r->x.sum * r->y.sum;
  for (int o = 0; o < r->y.to; o++) {
    const nnrt_span *s = &r->y.spans[o];
    memset(r->sums, 0, (size_t)wide * sizeof *r->sums);
    for (int i = 0; i < s->count; i++) {
      row_shrink(r, image->at + (size_t)(s->first + i) * (size_t)image->width * (size_t)channels, channels);
      uint64_t weight = span_weight(&r->y, s, i);
      for (int k = 0; k < wide; k++) r->sums[k] += weight * r->line[k];
    }
    for (int k = 0; k < wide; k++) /* from [x, channel] to [channel, y, x] */
      to[((int64_t)(k % channels) * r->y.to + o) * r->x.to + k / channels] =
          (unsigned char)((r->sums[k] + all / 2) / all);
  }
}

int nnrt_resizer_make(nnrt_error *error, nnrt_resizer *r, int64_t height, int64_t width, int channels) {
  if (height < 1 || width < 1 || height > NNRT_IMAGE_SIDE || width > NNRT_IMAGE_SIDE)
    return nnrt_fail(error, NNRT_FAILED, "images of %lld by %lld pixels; sides from 1 to %d are made",
                     (long long)height, (long long)width, NNRT_IMAGE_SIDE);
  r->x.to = (int)width;
  r->y.to = (int)height;
  NNRT_TRY(nnrt_alloc(error, &r->x.spans, width * (int64_t)sizeof *r->x.spans, "an image"));
  NNRT_TRY(nnrt_alloc(error, &r->y.spans, height * (int64_t)sizeof *r->y.spans, "an image"));
  NNRT_TRY(nnrt_alloc(error, &r->line, width * channels * (int64_t)sizeof *r->line, "an image"));
  return nnrt_alloc(error, &r->sums, width * channels * (int64_t)sizeof *r->sums, "an image");
}

void nnrt_resizer_free(nnrt_resizer *r) {
  free(r->x.spans);
  free(r->y.spans);
  free(r->line);
  free(r->sums);
}
