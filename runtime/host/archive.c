/* archive.c: weights in an archive of NumPy's, a zip of one member NAME.npy for each state (array.c has their headers,
 * zip.c reads members), so that numpy.load(FILE)[NAME] is the state.
 *
 * Out: members are stored, as numpy.savez does; every size and sum stands in front of its member, so a member's bytes
 * are gone through twice. bf16 goes out as f32, exactly. An archive has at most 4 GiB and 65535 members, which is asked
 * before a run begins. In: stored and deflated members, whatever wrote them; all stay open until the weights are read,
 * so that nothing is taken of an archive of which a part is damaged. */
#include "host.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { ARCHIVE_LOCAL = 30, ARCHIVE_ENTRY = 46, ARCHIVE_END = 22, ARCHIVE_HEADER = 1024, ARCHIVE_MOST = 65535 };
#define ARCHIVE_ENDING ".npy"

bool nnrt_archive_named(const char *path) { return nnrt_path_ends(path, ".npz"); }

/* ---- out ---- */
typedef struct nnrt_archive_member {
  uint32_t crc, size, at; /* of header and numbers; where the member begins */
} nnrt_archive_member;
typedef struct nnrt_archive {
  const nnrt_weights *w;
  int file;      /* -1: sizes and sums are taken, nothing is written */
  nnrt_crc *crc; /* NULL while the file is written */
  nnrt_archive_member *members;
} nnrt_archive;

static int64_t archive_header(const nnrt_state *s, char header[ARCHIVE_HEADER]) {
  int64_t room = nnrt_npy_room(nnrt_npy_describe(header, ARCHIVE_HEADER, nnrt_npy_dtype(s->dtype), s->rank, s->dim));
  nnrt_npy_put(header, room, nnrt_npy_dtype(s->dtype), s->rank, s->dim);
  return room;
}

static int64_t archive_size(const nnrt_state *s) {
  char header[ARCHIVE_HEADER];
  return archive_header(s, header) +
         nnrt_state_bytes(s) / nnrt_dtype_bytes(s->dtype) * nnrt_dtype_bytes(nnrt_npy_dtype(s->dtype));
}

static int64_t archive_name(const nnrt_weights *w, int i) {
  return (int64_t)strlen(w->at[i].name) + (int64_t)sizeof ARCHIVE_ENDING - 1;
}

int nnrt_archive_fits(nnrt_error *error, const nnrt_weights *w, const char *path) {
  int64_t bytes = ARCHIVE_END;
  for (int i = 0; i < w->n; i++)
    bytes += ARCHIVE_LOCAL + ARCHIVE_ENTRY + 2 * archive_name(w, i) + archive_size(nnrt_weights_state(w, i));
  if (bytes < UINT32_MAX && w->n <= ARCHIVE_MOST) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_FAILED,
                   "%s: an .npz archive has at most 4 GiB and %d arrays; this one would have %lld bytes and %d: save "
                   "safetensors, under a name that does not end in .npz",
                   path, ARCHIVE_MOST, (long long)bytes, w->n);
}

static int archive_put(nnrt_archive *a, const void *bytes, int64_t n) { /* an errno, or 0 */
  if (!a->crc) return nnrt_write_all(a->file, bytes, n);
  nnrt_crc_add(a->crc, bytes, n);
  return 0;
}

/* Header and numbers of state i. */
static int archive_state(nnrt_archive *a, int i) {
  const nnrt_state *s = nnrt_weights_state(a->w, i);
  unsigned char chunk[NNRT_WEIGHTS_CHUNK], wide[2 * NNRT_WEIGHTS_CHUNK];
  char header[ARCHIVE_HEADER];
  int failed = archive_put(a, header, archive_header(s, header));
  for (int64_t at = 0, n, all = nnrt_state_bytes(s); at < all && !failed; at += n) {
    n = nnrt_weights_chunk(s, a->w->memory, at, chunk);
    int64_t numbers = n / nnrt_dtype_bytes(s->dtype);
    failed = archive_put(a, nnrt_npy_numbers(s->dtype, chunk, numbers, wide),
                         numbers * nnrt_dtype_bytes(nnrt_npy_dtype(s->dtype)));
  }
  return failed;
}

/* What a member's head and its entry in the directory share: version 2.0 needed, a name in UTF-8, stored, the earliest
 * date there is. */
static unsigned char *archive_fields(unsigned char *at, const nnrt_archive_member *m, int64_t name) {
  static const unsigned char fields[] = {20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0};
  memcpy(at, fields, sizeof fields);
  at = nnrt_low_put(at + sizeof fields, m->crc, 4);
  at = nnrt_low_put(nnrt_low_put(at, m->size, 4), m->size, 4);
  return nnrt_low_put(nnrt_low_put(at, (uint32_t)name, 2), 0, 2);
}

static int archive_head(nnrt_archive *a, int i, const unsigned char *head, int64_t n) {
  int failed = nnrt_write_all(a->file, head, n);
  if (!failed) failed = nnrt_write_all(a->file, a->w->at[i].name, (int64_t)strlen(a->w->at[i].name));
  return failed ? failed : nnrt_write_all(a->file, ARCHIVE_ENDING, sizeof ARCHIVE_ENDING - 1);
}

static int archive_member(nnrt_archive *a, int i) {
  unsigned char head[ARCHIVE_LOCAL] = "PK\3\4";
  archive_fields(head + 4, &a->members[i], archive_name(a->w, i));
  int failed = archive_head(a, i, head, sizeof head);
  return failed ? failed : archive_state(a, i);
}

static int archive_entry(nnrt_archive *a, int i) {
  unsigned char head[ARCHIVE_ENTRY] = "PK\1\2\24";
  archive_fields(head + 6, &a->members[i], archive_name(a->w, i));
  nnrt_low_put(head + 42, a->members[i].at, 4);
  return archive_head(a, i, head, sizeof head);
}

/* Sizes, sums and places of all members; where the directory begins. */
static uint32_t archive_plan(nnrt_archive *a) {
  uint32_t at = 0;
  for (int i = 0; i < a->w->n; i++) {
    nnrt_archive_member *m = &a->members[i];
    nnrt_crc_start(a->crc);
    archive_state(a, i);
    *m = (nnrt_archive_member){nnrt_crc_sum(a->crc), (uint32_t)archive_size(nnrt_weights_state(a->w, i)), at};
    at += (uint32_t)(ARCHIVE_LOCAL + archive_name(a->w, i)) + m->size;
  }
  return at;
}

static int archive_write(nnrt_archive *a) { /* an errno, or 0 */
  unsigned char end[ARCHIVE_END] = "PK\5\6";
  uint32_t directory = archive_plan(a), size = 0;
  int failed = 0;
  a->crc = NULL;
  for (int i = 0; i < a->w->n && !failed; i++) failed = archive_member(a, i);
  for (int i = 0; i < a->w->n && !failed; i++) {
    failed = archive_entry(a, i);
    size += (uint32_t)(ARCHIVE_ENTRY + archive_name(a->w, i));
  }
  unsigned char *at = nnrt_low_put(end + 8, (uint32_t)a->w->n, 2);
  nnrt_low_put(nnrt_low_put(nnrt_low_put(at, (uint32_t)a->w->n, 2), size, 4), directory, 4);
  return failed ? failed : nnrt_write_all(a->file, end, sizeof end);
}

int nnrt_archive_save(nnrt_error *error, const nnrt_weights *w, const char *path) {
  nnrt_crc crc;
  nnrt_archive a = {.w = w, .crc = &crc};
  nnrt_replacement r;
  NNRT_TRY(nnrt_archive_fits(error, w, path));
  NNRT_TRY(nnrt_alloc(error, &a.members, w->n * (int64_t)sizeof *a.members, "the archive's directory"));
  int status = nnrt_replace_begin(error, &r, path);
  a.file = r.descriptor;
  if (!status) status = nnrt_replace_end(error, &r, archive_write(&a));
  free(a.members);
  return status;
}

/* ---- in ---- */
typedef struct nnrt_archive_reader {
  nnrt_weights_reader *r;
  void *context;
  nnrt_tensor_visit *visit;
} nnrt_archive_reader;

static int members_count(void *context, const char *name, int n) {
  (void)name, (void)n;
  ++*(int *)context;
  return NNRT_GOOD;
}

/* The name of the array in it; what is no array is a tensor of a dtype that fits nothing, so it is told like one. */
static bool member_named(nnrt_tensor *t, const char *name, int n) {
  int own = n - (int)(sizeof ARCHIVE_ENDING - 1);
  bool array = own > 0 && !memcmp(name + own, ARCHIVE_ENDING, sizeof ARCHIVE_ENDING - 1);
  nnrt_text(t->name, sizeof t->name, 0, "%.*s", array ? own : n, name);
  return array && own < (int)sizeof t->name && !memchr(name, 0, (size_t)own);
}

static int member_visit(void *context, const char *name, int n) {
  nnrt_archive_reader *m = context;
  nnrt_weights_reader *r = m->r;
  nnrt_tensor t = {.dtype = "FILE"};
  nnrt_bytes *bytes = &r->members[r->nmembers];
  if (!member_named(&t, name, n)) return m->visit(m->context, &t);
  nnrt_npy a = {0};
  nnrt_text(a.path, sizeof a.path, 0, "%s: %s.npy", r->path, t.name);
  NNRT_TRY(nnrt_zip_open(r->error, bytes, r->path, t.name, ARCHIVE_ENDING, &a.at));
  r->nmembers++;
  a.bytes = *bytes;
  NNRT_TRY(nnrt_npy_header(r->error, &a));
  t.rank = a.rank;
  memcpy(t.dim, a.dim, sizeof t.dim);
  for (int i = 0; a.type->name[i]; i++) t.dtype[i] = (char)toupper((unsigned char)a.type->name[i]), t.dtype[i + 1] = 0;
  t.end = t.all = bytes->size - a.at;
  t.place = (nnrt_extent){.bytes = bytes, .at = a.at, .big = a.big};
  return m->visit(m->context, &t);
}

/* visit(context, tensor) for each array of the archive. */
int nnrt_archive_each(nnrt_weights_reader *r, void *context, nnrt_tensor_visit *visit) {
  nnrt_archive_reader m = {r, context, visit};
  int count = 0;
  NNRT_TRY(nnrt_zip_members(r->error, r->path, &count, members_count));
  NNRT_TRY(nnrt_alloc(r->error, &r->members, count * (int64_t)sizeof *r->members, "the archive's directory"));
  return nnrt_zip_members(r->error, r->path, &m, member_visit);
}
