/* stream_case.h: for tests of readers that go through source.c: one stream at a time, opened from `path` (file_case.h)
 * or from other files, which must work or be refused with a message. */
#ifndef STREAM_CASE_H
#define STREAM_CASE_H

#include "file_case.h"
#include "host/host.h"

static nnrt_error error;
static nnrt_stream stream;
static const char *const files[] = {path};

static int source_open(const nnrt_source *source, const char *data) {
  nnrt_stream_close(&stream);
  error = (nnrt_error){0};
  stream = (nnrt_stream){.source = source, .seed = 1, .shuffle = source->shuffle};
  return nnrt_stream_open(&error, &stream, data);
}
static inline void source_opens(const nnrt_source *source, const char *data, int64_t rows) {
  if (source_open(source, data)) fail_msg("%s", error.text);
  assert_int_equal(stream.rows, rows);
}
static inline void source_fails(const nnrt_source *source, const char *data, const char *message) {
  assert_int_equal(source_open(source, data), NNRT_FAILED);
  if (!strstr(error.text, message)) fail_msg("\"%s\" was expected in: %s", message, error.text);
}
#endif
