/* tool_events.c: reads event files of TensorBoard by the formats' own descriptions, for tests/train/show.sh: TFRecords
 * (tensorflow/core/lib/io/record_writer.cc) that hold protocol buffers
 * (https://protobuf.dev/programming-guides/encoding). CRC-32C bit by bit.
 *
 *   tool_events FILE      for each event a line: "version TEXT", "start STEP", or a value: "STEP TAG VALUE" (%.9g)
 *
 * Exit code 1 with a message at the first byte that is wrong; 3 when the file ends within a record. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void bad(const char *what, long at) {
  fflush(stdout);
  fprintf(stderr, "%s at byte %ld\n", what, at);
  exit(1);
}

/* ---- frames ---- */
static uint32_t masked_crc(const unsigned char *at, uint64_t n) {
  uint32_t c = ~(uint32_t)0;
  for (uint64_t i = 0; i < n; i++) {
    c ^= at[i];
    for (int bit = 0; bit < 8; bit++) c = (c >> 1) ^ (c & 1 ? 0x82F63B78u : 0);
  }
  c = ~c;
  return ((c >> 15) | (c << 17)) + 0xa282ead8u;
}

static uint64_t low_first(const unsigned char *at, int bytes) {
  uint64_t x = 0;
  for (int i = bytes - 1; i >= 0; i--) x = x << 8 | at[i];
  return x;
}

/* ---- messages ---- */
typedef struct Message {
  const unsigned char *at, *end;
} Message;
typedef struct Member {
  int field, wire;
  uint64_t number; /* varint, or the bits of 64 and 32 */
  Message inner;   /* of a text or a message */
} Member;

static uint64_t varint(Message *m) {
  uint64_t x = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (m->at == m->end) bad("a number is cut off", 0);
    unsigned char byte = *m->at++;
    x |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return x;
  }
  bad("a number is too long", 0);
}

static void skip_to(Message *m, uint64_t n, Message *taken) {
  if (n > (uint64_t)(m->end - m->at)) bad("a member is longer than its message", 0);
  *taken = (Message){m->at, m->at + n};
  m->at += n;
}

static int member_next(Message *m, Member *to) {
  if (m->at == m->end) return 0;
  uint64_t key = varint(m);
  *to = (Member){.field = (int)(key >> 3), .wire = (int)(key & 7)};
  switch (to->wire) {
  case 0: to->number = varint(m); break;
  case 1: skip_to(m, 8, &to->inner), to->number = low_first(to->inner.at, 8); break;
  case 2: skip_to(m, varint(m), &to->inner); break;
  case 5: skip_to(m, 4, &to->inner), to->number = low_first(to->inner.at, 4); break;
  default: bad("a member of an unknown kind", 0);
  }
  return 1;
}

static void value_print(uint64_t step, Message value) {
  Message tag = {0};
  Member member;
  uint32_t bits = 0;
  float x;
  while (member_next(&value, &member)) {
    if (member.field == 1 && member.wire == 2) tag = member.inner;
    if (member.field == 2 && member.wire == 5) bits = (uint32_t)member.number;
  }
  if (!tag.at) bad("a value has no tag", 0);
  memcpy(&x, &bits, sizeof x);
  printf("%" PRIu64 " %.*s %.9g\n", step, (int)(tag.end - tag.at), (const char *)tag.at, (double)x);
}

static void event_print(Message event) {
  Member member, inner;
  uint64_t step = 0;
  double wall = 0;
  while (member_next(&event, &member)) {
    Message body = member.inner;
    if (member.field == 1 && member.wire == 1) memcpy(&wall, &member.number, sizeof wall);
    if (member.field == 2 && member.wire == 0) step = member.number;
    if (member.field == 3 && member.wire == 2)
      printf("version %.*s\n", (int)(body.end - body.at), (const char *)body.at);
    while (member.field == 5 && member_next(&body, &inner))
      if (inner.field == 1) value_print(step, inner.inner);
    while (member.field == 7 && member_next(&body, &inner))
      if (inner.field == 1 && inner.number == 1) printf("start %" PRIu64 "\n", step);
  }
  if (!(wall > 1.6e9 && wall < 1e11)) bad("an event has no time", 0);
}

int main(int argc, char **argv) {
  unsigned char head[12], foot[4];
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (!file) return perror(argc == 2 ? argv[1] : "tool_events"), 1;
  for (size_t got; (got = fread(head, 1, sizeof head, file)) > 0;) {
    long at = ftell(file);
    if (got < sizeof head) return 3;
    if (low_first(head + 8, 4) != masked_crc(head, 8)) bad("the sum of a length is wrong", at - 4);
    uint64_t n = low_first(head, 8);
    unsigned char *body = n < 1u << 24 ? malloc(n + 1) : NULL;
    if (!body) bad("a record is too long", at - 12);
    if (fread(body, 1, n, file) < n || fread(foot, 1, sizeof foot, file) < sizeof foot) return 3;
    if (low_first(foot, 4) != masked_crc(body, n)) bad("the sum of a record is wrong", at);
    event_print((Message){body, body + n});
    free(body);
  }
  fclose(file);
  return 0;
}
