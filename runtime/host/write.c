/* write.c: outputs that go to files, as `write = { output = PATH }` of an act says: FILE.npy grows by one row a call,
 * FILE.txt and "-" (standard output) by lines, FILE.png is written anew.
 *
 * Files are made before the first step, with everything that later calls need: writing allocates nothing of ours. A row
 * of an .npy file is written before the header that counts it, so a run that dies in between leaves a file that reads;
 * its header has room for any count. Two acts that write one output to one file share it. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NUMBER_ROOM = 32 };

static const nnrt_output *writer_output(const nnrt_run *run, const nnrt_writer *w) {
  return &run->model->funcs[w->func].variants[0].outputs[w->output];
}

/* ---- NPY ---- */
static void rows_dims(const nnrt_output *o, int64_t rows, int64_t dims[NNRT_NPY_RANK]) {
  dims[0] = rows;
  for (int i = 0; i < o->rank; i++) dims[i + 1] = o->dim[i];
}

int64_t nnrt_rows_room(const nnrt_output *o) {
  char text[512];
  int64_t dims[NNRT_NPY_RANK];
  rows_dims(o, INT64_MAX, dims);
  return nnrt_npy_room(nnrt_npy_describe(text, sizeof text, o->dtype, o->rank + 1, dims));
}

void nnrt_rows_header(const nnrt_output *o, int64_t rows, int64_t room, char to[NNRT_ROWS_HEADER]) {
  int64_t dims[NNRT_NPY_RANK];
  rows_dims(o, rows, dims);
  nnrt_npy_put(to, room, o->dtype, o->rank + 1, dims);
}

static int npy_header(const nnrt_output *o, nnrt_writer *w) { /* an errno, or 0 */
  char header[NNRT_ROWS_HEADER];
  nnrt_rows_header(o, w->rows, w->header, header);
  if (pwrite(w->descriptor, header, (size_t)w->header, 0) != (ssize_t)w->header) return errno ? errno : EIO;
  return 0;
}

static int64_t npy_bytes(const nnrt_output *o) { return o->count * nnrt_dtype_bytes(nnrt_npy_dtype(o->dtype)); }

static int npy_row(const nnrt_output *o, nnrt_writer *w, const unsigned char *at) {
  int64_t bytes = npy_bytes(o);
  at = nnrt_npy_numbers(o->dtype, at, o->count, w->buffer);
  errno = 0;
  for (int64_t n = 0; n < bytes;) {
    ssize_t part = pwrite(w->descriptor, at + n, (size_t)(bytes - n), w->header + w->rows * bytes + n);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) return errno ? errno : EIO;
    n += part;
  }
  w->rows++;
  return npy_header(o, w);
}

/* ---- text: one line for the last dimension; tokens as characters or pieces, numbers with blanks between ---- */
static int64_t writer_token(const nnrt_writer *w, int64_t token, bool *begins, char *to) {
  return w->tokens ? nnrt_tokens_text(w->tokens, token, begins, to) : nnrt_token_text(w->words.characters, token, to);
}

static int64_t text_lines(const nnrt_output *o, const nnrt_writer *w, const unsigned char *at) {
  int bytes = nnrt_dtype_bytes(o->dtype);
  int64_t n = 0, last = o->rank ? o->dim[o->rank - 1] : 1;
  bool tokens = (w->tokens || w->words.characters) && o->dtype >= NNRT_i32 && o->dtype <= NNRT_u8, begins = true;
  for (int64_t i = 0; i < o->count; i++, at += bytes) {
    char *to = (char *)w->buffer + n;
    if (tokens)
      n += writer_token(w, (int64_t)nnrt_element(o->dtype, at), &begins, to);
    else
      n += nnrt_element_text(to, NUMBER_ROOM, o->dtype, at);
    bool ends = (i + 1) % last == 0;
    if (ends || !tokens) w->buffer[n++] = ends ? '\n' : ' ';
    begins = begins || ends;
  }
  return n;
}

static int text_write(const nnrt_output *o, nnrt_writer *w, const unsigned char *at) { /* an errno, or 0 */
  int64_t n = text_lines(o, w, at);
  w->rows += n;
  return nnrt_write_all(w->descriptor, w->buffer, n);
}

/* ---- before the first step ---- */
static int writer_room(nnrt_run *run, nnrt_writer *w) {
  const nnrt_output *o = writer_output(run, w);
  int64_t longest = w->tokens ? nnrt_tokens_longest(w->tokens) : 0;
  w->room =
      w->kind == NNRT_WRITE_TEXT ? o->count * ((longest > NUMBER_ROOM ? longest : NUMBER_ROOM) + 1) + 1 : 4 * o->count;
  if (w->kind == NNRT_WRITE_PICTURE && nnrt_picture_room(o, &w->room))
    return nnrt_fail(&run->error, NNRT_FAILED, "%s: too large a picture", w->path);
  return nnrt_alloc(&run->error, &w->buffer, w->room, w->path);
}

/* Bytes of a row; of a text, which counts bytes, 1. */
static int64_t writer_row(const nnrt_output *o, const nnrt_writer *w) {
  return w->kind == NNRT_WRITE_NPY ? npy_bytes(o) : 1;
}

/* A run that is resumed goes on behind what its checkpoint counts. */
static int writer_open(nnrt_run *run, nnrt_writer *w) {
  const nnrt_output *o = writer_output(run, w);
  bool out = !strcmp(w->path, "-");
  w->kind = nnrt_path_ends(w->path, ".npy")   ? NNRT_WRITE_NPY
            : nnrt_path_ends(w->path, ".png") ? NNRT_WRITE_PICTURE
                                              : NNRT_WRITE_TEXT;
  w->words = nnrt_vocabulary(run->model, &run->model->funcs[w->func]);
  w->tokens = w->words.in_file ? run->tokens : NULL;
  NNRT_TRY(writer_room(run, w));
  if (w->kind == NNRT_WRITE_PICTURE) return NNRT_GOOD;
  w->rows = out ? 0 : nnrt_resume_number(run, "write", w->path);
  w->descriptor = out ? STDOUT_FILENO : open(w->path, O_WRONLY | O_CREAT | (w->rows ? 0 : O_TRUNC) | O_CLOEXEC, 0666);
  int failed = w->descriptor < 0 ? errno : 0;
  if (w->kind == NNRT_WRITE_NPY) w->header = nnrt_rows_room(o);
  if (!failed && w->rows)
    NNRT_TRY(nnrt_file_cut(&run->error, w->path, w->descriptor, w->header + w->rows * writer_row(o, w)));
  if (!failed && w->kind == NNRT_WRITE_NPY) failed = npy_header(o, w);
  return failed ? nnrt_fail(&run->error, NNRT_FAILED, "%s: cannot be written: %s", w->path, strerror(failed))
                : NNRT_GOOD;
}

static nnrt_writer *writer_find(const nnrt_run *run, int func, const nnrt_write *write) {
  for (int i = 0; i < run->nwriters; i++)
    if (run->writers[i].func == func && run->writers[i].output == write->output &&
        !strcmp(run->writers[i].path, write->path))
      return &run->writers[i];
  return NULL;
}

/* Visits every write of the schedule: counts them, or opens those that are new. */
static int writers_visit(nnrt_run *run, bool opens, int *count) {
  for (int i = 0; i < 4 * run->nphases; i++) {
    int n;
    const nnrt_act *acts = nnrt_phase_list(&run->phases[i / 4], i % 4, &n);
    for (int a = 0; a < n; a++)
      for (int k = 0; k < acts[a].nwrites; k++, ++*count) {
        const nnrt_write *write = &acts[a].writes[k];
        if (!opens || writer_find(run, acts[a].func, write)) continue;
        nnrt_writer *w = &run->writers[run->nwriters++];
        *w = (nnrt_writer){.path = write->path, .func = acts[a].func, .output = write->output, .descriptor = -1};
        NNRT_TRY(writer_open(run, w));
      }
  }
  return NNRT_GOOD;
}

int nnrt_writers_open(nnrt_run *run) {
  int count = 0;
  NNRT_TRY(writers_visit(run, false, &count));
  NNRT_TRY(nnrt_alloc(&run->error, &run->writers, count * (int64_t)sizeof *run->writers, "the files to write"));
  return writers_visit(run, true, &count);
}

/* ---- after a call ---- */
static int picture_write(nnrt_run *run, nnrt_writer *w, const unsigned char *at) {
  nnrt_replacement r;
  int64_t n = nnrt_picture_draw(writer_output(run, w), at, w->buffer, w->room);
  NNRT_TRY(nnrt_replace_begin(&run->error, &r, w->path));
  return nnrt_replace_end(&run->error, &r, n < 0 ? ENOMEM : nnrt_write_all(r.descriptor, w->buffer, n));
}

static int writer_call(nnrt_run *run, nnrt_writer *w, const unsigned char *at) {
  const nnrt_output *o = writer_output(run, w);
  int failed = 0;
  if (w->descriptor == STDOUT_FILENO) nnrt_progress_clear(&run->progress);
  if (w->kind == NNRT_WRITE_PICTURE) return picture_write(run, w, at);
  if (w->kind == NNRT_WRITE_NPY)
    failed = npy_row(o, w, at);
  else
    failed = text_write(o, w, at);
  return failed ? nnrt_fail(&run->error, NNRT_FAILED, "%s: cannot be written: %s", w->path, strerror(failed))
                : NNRT_GOOD;
}

int nnrt_writers_call(nnrt_run *run, const nnrt_act *act) {
  const nnrt_entry *e = &run->entries[act->func];
  for (int k = 0; k < act->nwrites && e->latest && run->nwriters; k++) /* a profile writes none */
    NNRT_TRY(writer_call(run, writer_find(run, act->func, &act->writes[k]),
                         e->output + e->latest->outputs[act->writes[k].output].offset));
  return NNRT_GOOD;
}

void nnrt_writers_sync(nnrt_run *run) {
  for (int i = 0; i < run->nwriters; i++)
    if (run->writers[i].descriptor > STDERR_FILENO) (void)!fdatasync(run->writers[i].descriptor);
}

int nnrt_writers_close(nnrt_run *run) {
  int failed = 0;
  const char *path = "";
  for (int i = 0; i < run->nwriters; i++) {
    nnrt_writer *w = &run->writers[i];
    if (w->descriptor > STDERR_FILENO && close(w->descriptor) && !failed) failed = errno, path = w->path;
    free(w->buffer);
  }
  free(run->writers);
  run->nwriters = 0;
  return failed ? nnrt_fail(&run->error, NNRT_FAILED, "%s: cannot be written: %s", path, strerror(failed)) : NNRT_GOOD;
}
