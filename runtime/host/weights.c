/* weights.c: which states a file of weights has, by which names, and the way out (--save, nn.save): a safetensors file,
 * or by a name that ends in .npz an archive of NumPy's (archive.c). The same with notes about a run is a checkpoint
 * (checkpoint.c). The way in: safetensors.c reads headers, match.c takes what the model wants.
 *
 * The format: a little-endian u64, the length of a JSON header {"name": {"dtype": "F32", "shape": [2,3],
 * "data_offsets": [begin, end]}, …}, then the bytes, offsets counting from their start. PyTorch's loader reads it with
 * names as in state_dict().
 *
 * Saved are the states that an act lists, else those that belong to model files (parameters and saved buffers), in the
 * table's order, NaNs written as one NaN; replace.c keeps what was there whole until the new file is.
 *
 * A file with notes holds them as texts in the header's __metadata__, the first of them the CRC-32 of the whole file
 * (with zeros for its own eight digits). */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order of nnrt_dtype. */
const char *const nnrt_weights_dtypes[] = {"F32", "F64", "F16", "BF16", "I32", "I64", "U32", "U8", "BOOL"};

int64_t nnrt_state_bytes(const nnrt_state *s) {
  int64_t n = nnrt_dtype_bytes(s->dtype);
  for (int i = 0; i < s->rank; i++) n *= s->dim[i];
  return n;
}

unsigned char *nnrt_state_at(const nnrt_state *s, const nnrt_memory *memory) {
  return (s->trained ? memory->params : memory->state) + s->offset;
}

/* Elements of a chunk between our order of bytes and the file's. */
static void weights_swap(unsigned char *at, int64_t bytes, int size) {
  if (!NNRT_BIG_ENDIAN || size == 1) return;
  for (int64_t i = 0; i < bytes; i += size)
    for (int k = 0; k < size / 2; k++) {
      unsigned char kept = at[i + k];
      at[i + k] = at[i + size - 1 - k];
      at[i + size - 1 - k] = kept;
    }
}

static void weights_one_nan(unsigned char *at, int64_t bytes, int dtype) {
  if (!nnrt_dtype_is_float(dtype)) return;
  for (int64_t i = 0; i < bytes; i += nnrt_dtype_bytes(dtype)) {
    double x = nnrt_element(dtype, at + i);
    if (x == x) continue;
    static const uint64_t nan64 = 0x7FF8000000000000u;
    static const uint32_t nan32 = 0x7FC00000u;
    static const uint16_t nan16 = 0x7E00u, nan_bf16 = 0x7FC0u;
    const void *const nans[] = {&nan32, &nan64, &nan16, &nan_bf16};
    memcpy(at + i, nans[dtype], (size_t)nnrt_dtype_bytes(dtype));
  }
}

/* ---- which states, by which names ---- */
const nnrt_state *nnrt_weights_state(const nnrt_weights *w, int i) { return &w->model->states[w->at[i].state]; }

static void list_add(nnrt_weights *w, const char *name, int state) {
  if (w->at) w->at[w->n] = (nnrt_kept){name, state};
  w->n++;
}

static void list_model(nnrt_weights *w, bool aliases) {
  w->n = 0;
  for (int i = 0; i < w->model->nstates; i++) {
    const nnrt_state *s = &w->model->states[i];
    if (!s->saved && !w->all) continue;
    list_add(w, s->name, i);
    for (int k = 0; k < s->naliases && aliases; k++) list_add(w, s->aliases[k], i);
  }
}

/* aliases: with the other names of each state, by which loading finds it. */
int nnrt_weights_list(nnrt_error *error, nnrt_weights *w, const nnrt_act *act, bool aliases) {
  bool own = act && act->nkept;
  list_model(w, aliases); /* counts */
  if (own) w->n = act->nkept;
  NNRT_TRY(nnrt_alloc(error, &w->at, w->n * (int64_t)sizeof *w->at, "the names of the weights"));
  if (own)
    memcpy(w->at, act->kept, (size_t)w->n * sizeof *w->at);
  else
    list_model(w, aliases);
  if (act) w->renames = act->renames, w->nrenames = act->nrenames;
  return NNRT_GOOD;
}

/* ---- out ---- */
int64_t nnrt_weights_room(const nnrt_weights *w) {
  int64_t n = 256;
  for (int i = 0; i < w->n; i++) n += 6 * (int64_t)strlen(w->at[i].name) + 320;
  return n;
}

/* Padded with spaces so that the data begin at a multiple of 64. */
static int header_write(const nnrt_weights *w, const char *notes, char *to, int size) {
  int64_t at = 0;
  int n = nnrt_text(to, size, 0, NNRT_WEIGHTS_HEAD);
  if (notes) n = nnrt_text(to, size, n, NNRT_WEIGHTS_SUM "%0*d\"%s", NNRT_WEIGHTS_DIGITS, 0, notes);
  n = nnrt_text(to, size, n, "}");
  for (int i = 0; i < w->n; i++) {
    const nnrt_state *s = nnrt_weights_state(w, i);
    n = nnrt_text(to, size, n, ",\"");
    n = nnrt_json_text(to, size, n, w->at[i].name);
    n = nnrt_text(to, size, n, "\":{\"dtype\":\"%s\",\"shape\":", nnrt_weights_dtypes[s->dtype]);
    n += nnrt_shape_text(to + n, size - n, s->rank, s->dim);
    n = nnrt_text(to, size, n, ",\"data_offsets\":[%lld,%lld]}", (long long)at, (long long)(at + nnrt_state_bytes(s)));
    at += nnrt_state_bytes(s);
  }
  n = nnrt_text(to, size, n, "}");
  while ((n + 8) % 64) n = nnrt_text(to, size, n, " ");
  return n;
}

/* Up to NNRT_WEIGHTS_CHUNK bytes of a state from byte `at` on, in our order of bytes. */
int64_t nnrt_weights_chunk(const nnrt_state *s, const nnrt_memory *memory, int64_t at, unsigned char *to) {
  int64_t left = nnrt_state_bytes(s) - at, n = left < NNRT_WEIGHTS_CHUNK ? left : NNRT_WEIGHTS_CHUNK;
  memcpy(to, nnrt_state_at(s, memory) + at, (size_t)n);
  weights_one_nan(to, n, s->dtype);
  return n;
}

static int weights_write_state(int file, const nnrt_state *s, const nnrt_memory *memory, nnrt_crc *crc) {
  unsigned char chunk[NNRT_WEIGHTS_CHUNK];
  for (int64_t at = 0, n, all = nnrt_state_bytes(s); at < all; at += n) {
    n = nnrt_weights_chunk(s, memory, at, chunk);
    weights_swap(chunk, n, nnrt_dtype_bytes(s->dtype));
    if (crc) nnrt_crc_add(crc, chunk, n);
    int failed = nnrt_write_all(file, chunk, n);
    if (failed) return failed;
  }
  return 0;
}

static int weights_write_sum(int file, const nnrt_crc *crc) {
  char digits[NNRT_WEIGHTS_DIGITS + 1];
  nnrt_text(digits, sizeof digits, 0, "%08x", (unsigned)nnrt_crc_sum(crc));
  errno = EIO; /* of a write that is cut short */
  return pwrite(file, digits, NNRT_WEIGHTS_DIGITS, 8 + NNRT_WEIGHTS_SUM_AT) == NNRT_WEIGHTS_DIGITS ? 0 : errno;
}

/* The notes are members of a JSON object, each with a comma in front; NULL: none, and no sum. An errno, or 0. */
int nnrt_weights_write(int file, const nnrt_weights *w, const char *notes, char *header, int64_t room, nnrt_crc *crc) {
  unsigned char length[8];
  int n = header_write(w, notes, header, (int)room);
  nnrt_low_put(length, (uint64_t)n, 8);
  if (crc) {
    nnrt_crc_start(crc);
    nnrt_crc_add(crc, length, 8);
    nnrt_crc_add(crc, header, n);
  }
  int failed = nnrt_write_all(file, length, 8);
  if (!failed) failed = nnrt_write_all(file, header, n);
  for (int i = 0; i < w->n && !failed; i++)
    failed = weights_write_state(file, nnrt_weights_state(w, i), w->memory, crc);
  return failed || !crc ? failed : weights_write_sum(file, crc);
}

static int weights_save(nnrt_error *error, nnrt_weights *w, const char *path) {
  char *header;
  int64_t room = nnrt_weights_room(w);
  nnrt_replacement r;
  if (nnrt_archive_named(path)) return nnrt_archive_save(error, w, path);
  NNRT_TRY(nnrt_alloc(error, &header, room, "the file's header"));
  int status = nnrt_replace_begin(error, &r, path);
  if (!status) status = nnrt_replace_end(error, &r, nnrt_weights_write(r.descriptor, w, NULL, header, room, NULL));
  free(header);
  return status;
}

/* Every state, for checkpoints. */
int nnrt_weights_all(nnrt_error *error, nnrt_weights *w) {
  w->all = true;
  return nnrt_weights_list(error, w, NULL, false);
}

int nnrt_weights_save(nnrt_error *error, const nnrt_model *m, const nnrt_memory *memory, const char *path,
                      const nnrt_act *act) {
  nnrt_weights w = {.model = m, .memory = memory};
  int status = nnrt_weights_list(error, &w, act, false);
  if (!status) status = weights_save(error, &w, path);
  free(w.at);
  return status;
}

/* Whether a run may end with this file is asked before it begins. */
int nnrt_weights_possible(nnrt_error *error, const nnrt_model *m, const char *path) {
  nnrt_weights w = {.model = m};
  int status = nnrt_weights_list(error, &w, NULL, false);
  if (!status && nnrt_archive_named(path)) status = nnrt_archive_fits(error, &w, path);
  free(w.at);
  return status ? status : nnrt_replace_possible(error, path);
}
