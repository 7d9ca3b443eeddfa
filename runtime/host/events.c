/* events.c: --tensorboard DIR: an event file that TensorBoard opens, one a run: the scalar outputs of every function
 * under names like train/loss, at the step that they belong to.
 *
 * A file is a row of TFRecords: u64 length, masked CRC-32C of these 8 bytes, the bytes, their masked CRC-32C, all with
 * the lowest byte first (tensorflow/core/lib/io/record_writer.cc). A record is a protocol buffer, tsl's Event:
 *
 *   Event      { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5;
 *                SessionLog session_log = 7; }
 *   Summary    { repeated Value value = 1; }   Value { string tag = 1; float simple_value = 2; }
 *   SessionLog { Status status = 1; }          START = 1
 *
 * The first says "brain.Event:2", the second that a session starts at a step: readers drop what files before this one
 * tell of that step and later ones, since it is done again. Files are read in the order of their names, which hold the
 * time to the nanosecond. Every event has the time, so these files differ from run to run. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  EVENTS_ROOM = 1 << 16,  /* of the buffer, besides the longest event */
  EVENTS_FRAME = 16,      /* of a record: length, its sum, the sum of the bytes */
  EVENTS_HEAD = 9 + 11,   /* time and step, at most */
  EVENTS_PREFIX = 1 + 10, /* key and length of a member, at most */
  EVENTS_TAG = 512,
  EVENTS_FILE = 160, /* of the file's name, at most */
  EVENTS_MASK_SHIFT = 15
};
#define EVENTS_MASK 0xA282EAD8u

/* ---- protocol buffers: https://protobuf.dev/programming-guides/encoding ---- */
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_TEXT = 2, WIRE_32 = 5 };

static int varint_bytes(uint64_t x) {
  int n = 1;
  for (; x > 127; x >>= 7) n++;
  return n;
}

static unsigned char *put_varint(unsigned char *to, uint64_t x) {
  for (; x > 127; x >>= 7) *to++ = (unsigned char)(x | 128);
  *to++ = (unsigned char)x;
  return to;
}

static unsigned char *put_key(unsigned char *to, int field, int wire) {
  return put_varint(to, (uint64_t)(field << 3 | wire));
}

static unsigned char *put_length(unsigned char *to, int field, int64_t bytes) {
  return put_varint(put_key(to, field, WIRE_TEXT), (uint64_t)bytes);
}

/* ---- records ---- */
static uint32_t events_sum(nnrt_events *e, const unsigned char *at, int64_t n) {
  nnrt_crc_again(&e->crc);
  nnrt_crc_add(&e->crc, at, n);
  uint32_t sum = nnrt_crc_sum(&e->crc);
  return (sum >> EVENTS_MASK_SHIFT | sum << (32 - EVENTS_MASK_SHIFT)) + EVENTS_MASK;
}

/* Room for an event whose members behind time and step take at most n bytes, which begin where it says. */
static unsigned char *event_begin(nnrt_events *e, int64_t step, int64_t n) {
  struct timespec now;
  double wall;
  uint64_t bits;
  clock_gettime(CLOCK_REALTIME, &now);
  wall = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
  memcpy(&bits, &wall, sizeof bits);
  e->record = nnrt_sink_room(&e->sink, n + EVENTS_HEAD + EVENTS_FRAME);
  unsigned char *to = nnrt_low_put(put_key(e->record + 12, 1, WIRE_64), bits, 8);
  return put_varint(put_key(to, 2, WIRE_VARINT), (uint64_t)step);
}

static void event_end(nnrt_events *e, const unsigned char *end) {
  unsigned char *body = e->record + 12;
  int64_t n = end - body;
  nnrt_low_put(e->record, (uint64_t)n, 8);
  nnrt_low_put(e->record + 8, events_sum(e, e->record, 8), 4);
  nnrt_low_put(body + n, events_sum(e, body, n), 4);
  e->sink.used += n + EVENTS_FRAME;
}

/* ---- summaries ---- */
static int tag_make(char to[EVENTS_TAG], const nnrt_func *func, const nnrt_output *o) {
  int n = nnrt_name_text(to, EVENTS_TAG, 0, func->name);
  n = nnrt_text(to, EVENTS_TAG, n, "/");
  return nnrt_name_text(to, EVENTS_TAG, n, o->name);
}

static int64_t value_bytes(int64_t tag) { return 1 + varint_bytes((uint64_t)tag) + tag + 1 + 4; }

static int64_t summary_bytes(const nnrt_func *func, const nnrt_variant *v) {
  char tag[EVENTS_TAG];
  int64_t bytes = 0;
  for (int i = 0; i < v->noutputs; i++) {
    if (v->outputs[i].count != 1) continue;
    int64_t value = value_bytes(tag_make(tag, func, &v->outputs[i]));
    bytes += 1 + varint_bytes((uint64_t)value) + value;
  }
  return bytes;
}

static unsigned char *put_value(unsigned char *to, const nnrt_func *func, const nnrt_output *o, double value) {
  char tag[EVENTS_TAG];
  int n = tag_make(tag, func, o);
  float single = (float)value;
  uint32_t bits;
  memcpy(&bits, &single, sizeof bits);
  to = put_length(put_length(to, 1, value_bytes(n)), 1, n);
  memcpy(to, tag, (size_t)n);
  return nnrt_low_put(put_key(to + n, 2, WIRE_32), bits, 4);
}

void nnrt_events_call(nnrt_events *e, int64_t step, const nnrt_entry *entry) {
  if (!e->sink.buffer || !entry->latest) return;
  int64_t bytes = summary_bytes(entry->func, entry->latest);
  if (!bytes) return;
  unsigned char *to = put_length(event_begin(e, step, bytes + EVENTS_PREFIX), 5, bytes);
  for (int i = 0; i < entry->latest->noutputs; i++)
    if (entry->latest->outputs[i].count == 1)
      to = put_value(to, entry->func, &entry->latest->outputs[i], nnrt_entry_mean(entry, i));
  event_end(e, to);
}

/* ---- the file ---- */
/* The folder, and those that it lies in. */
static int folder_make(char *path) { /* an errno, or 0 */
  struct stat about;
  for (char *at = path + 1;; at++) {
    char c = *at;
    if (c && c != '/') continue;
    *at = 0;
    int failed = mkdir(path, 0777) && errno != EEXIST ? errno : 0;
    *at = c;
    if (failed) return failed;
    if (!c) break;
  }
  return stat(path, &about) ? errno : S_ISDIR(about.st_mode) ? 0 : ENOTDIR;
}

static void events_name(nnrt_events *e) {
  struct timespec now;
  char host[64] = "";
  clock_gettime(CLOCK_REALTIME, &now);
  if (gethostname(host, sizeof host - 1) || !*host) nnrt_text(host, sizeof host, 0, "localhost");
  for (char *at = host; *at; at++)
    if (*at == '/') *at = '-';
  nnrt_text(e->path, sizeof e->path, (int)strlen(e->path), "/events.out.tfevents.%010lld.%09ld.%s.%ld",
            (long long)now.tv_sec, now.tv_nsec, host, (long)getpid());
}

static void events_start(nnrt_events *e, int64_t step) {
  static const char version[] = "brain.Event:2";
  unsigned char *to = event_begin(e, 0, sizeof version + EVENTS_PREFIX);
  to = put_length(to, 3, sizeof version - 1);
  memcpy(to, version, sizeof version - 1);
  event_end(e, to + sizeof version - 1);
  to = put_length(event_begin(e, step, EVENTS_PREFIX + 2), 7, 2);
  event_end(e, put_varint(put_key(to, 1, WIRE_VARINT), 1));
}

int nnrt_events_open(nnrt_run *run) {
  nnrt_events *e = &run->events;
  const nnrt_model *m = run->model;
  const char *folder = run->options.tensorboard;
  int64_t most = 0;
  if (!folder) return NNRT_GOOD;
  if (nnrt_text(e->path, sizeof e->path, 0, "%s", folder) > NNRT_PATH_MAX - EVENTS_FILE)
    return nnrt_fail(&run->error, NNRT_FAILED, "--tensorboard: the path is too long");
  int failed = folder_make(e->path);
  if (failed)
    return nnrt_fail(&run->error, NNRT_FAILED, "--tensorboard %s: cannot be made: %s", folder, strerror(failed));
  for (int f = 0; f < m->nfuncs; f++)
    for (int v = 0; v < m->funcs[f].nvariants; v++) {
      int64_t bytes = summary_bytes(&m->funcs[f], &m->funcs[f].variants[v]);
      if (bytes > most) most = bytes;
    }
  events_name(e);
  nnrt_crc_start_c(&e->crc);
  NNRT_TRY(nnrt_sink_open(&run->error, &e->sink, "--tensorboard", e->path, O_EXCL, EVENTS_ROOM + most));
  events_start(e, run->resumed ? run->step + 1 : 0);
  nnrt_sink_flush(&e->sink);
  return NNRT_GOOD;
}
