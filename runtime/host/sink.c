/* sink.c: a file that grows while a run goes on (--log, --tensorboard).
 *
 * What is written gathers in a buffer that is made before the first step; it goes to the file when it is full, a second
 * after the last time, after each epoch, with each checkpoint, and at the end. A failure (a full disk) does not end the
 * run, whose weights are worth more than what it tells: from then on nothing is written, the user is told at once
 * (show.c), and the exit code is 1. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SINK_SECONDS 1.0 /* what was told longer ago than this is in the file */

/* more: of open's flags. room: bytes of the buffer. */
int nnrt_sink_open(nnrt_error *error, nnrt_sink *s, const char *flag, const char *path, int more, int64_t room) {
  s->flag = flag;
  s->path = path;
  s->room = room;
  NNRT_TRY(nnrt_alloc(error, &s->buffer, room, flag));
  s->descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | more, 0666);
  s->flushed = nnrt_seconds();
  if (s->descriptor >= 0) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_FAILED, "%s %s: cannot be written: %s", flag, path, strerror(errno));
}

/* n bytes, at most `room`; who fills them adds them to `used`. */
void *nnrt_sink_room(nnrt_sink *s, int64_t n) {
  if (s->room - s->used < n) nnrt_sink_flush(s);
  return s->buffer + s->used;
}

void nnrt_sink_flush(nnrt_sink *s) {
  if (!s->buffer) return;
  if (!s->failed) s->failed = nnrt_write_all(s->descriptor, s->buffer, s->used);
  if (!s->failed) s->written += s->used;
  s->used = 0;
  s->flushed = nnrt_seconds();
}

void nnrt_sink_tick(nnrt_sink *s, double now) {
  if (s->used && now - s->flushed > SINK_SECONDS) nnrt_sink_flush(s);
}

void nnrt_sink_sync(nnrt_sink *s) {
  nnrt_sink_flush(s);
  if (s->buffer) (void)!fdatasync(s->descriptor); /* a pipe has no disk */
}

int nnrt_sink_close(nnrt_error *error, nnrt_sink *s) {
  if (!s->buffer) return NNRT_GOOD;
  nnrt_sink_flush(s);
  if (s->descriptor >= 0 && close(s->descriptor) && !s->failed) s->failed = errno;
  free(s->buffer);
  s->buffer = NULL;
  if (!s->failed) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_FAILED, "%s %s: is incomplete: %s", s->flag, s->path, strerror(s->failed));
}
