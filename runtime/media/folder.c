/* folder.c: the files of a source that lie in folders. With labels a path is a folder of folders, one a class; without
 * them a folder of files, or one file. Files and classes are taken in the order of their names as bytes, so that it is
 * the same everywhere; what begins with a dot or ends in something else is passed over.
 *
 * The label of a class is its place in the model's list of names or, where the model has only their number, among the
 * sorted names of the folders. A folder that the list lacks is refused, and so is another number of folders: labels
 * would mean other things than in the model. */
#include "media.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct nnrt_entries { /* the names in a folder, sorted */
  struct dirent **at;
  int n;
} nnrt_entries;

static int entry_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static int entry_compare(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static int entries_open(nnrt_error *error, nnrt_entries *e, const char *path) {
  e->n = scandir(path, &e->at, entry_visible, entry_compare);
  if (e->n >= 0) return NNRT_GOOD;
  *e = (nnrt_entries){0};
  return nnrt_fail(error, NNRT_FAILED, "%s: the folder cannot be read: %s", path, strerror(errno));
}

static void entries_close(nnrt_entries *e) {
  for (int i = 0; i < e->n; i++) free(e->at[i]);
  free(e->at);
}

static int join(nnrt_error *error, char to[NNRT_PATH_MAX], const char *folder, const char *name) {
  if (strlen(folder) + strlen(name) + 2 > NNRT_PATH_MAX)
    return nnrt_fail(error, NNRT_FAILED, "%s/%s: the path is too long", folder, name);
  nnrt_text(to, NNRT_PATH_MAX, 0, "%s/%s", folder, name);
  return NNRT_GOOD;
}

static bool ends_as(const char *name, const char *const *endings) {
  for (; *endings; endings++) {
    size_t n = strlen(name), m = strlen(*endings);
    if (n > m && !strcasecmp(name + n - m, *endings)) return true;
  }
  return false;
}

/* ---- rows ---- */
static int grow(nnrt_error *error, void *pointer, int64_t *room, int64_t wanted, size_t size, const char *path) {
  void *at, *grown;
  int64_t more = wanted + wanted / 2 + 64;
  if (wanted <= *room) return NNRT_GOOD;
  memcpy(&at, pointer, sizeof at);
  grown = realloc(at, (size_t)more * size);
  if (!grown) return nnrt_fail(error, NNRT_FAILED, "%s: there is no memory for the names of the files", path);
  memcpy(pointer, &grown, sizeof grown);
  *room = more;
  return NNRT_GOOD;
}

static int folder_add(nnrt_error *error, nnrt_folder *f, const char *path, int32_t label) {
  int64_t n = (int64_t)strlen(path) + 1, room = f->rows_room;
  NNRT_TRY(grow(error, &f->names, &f->names_room, f->used + n, 1, path));
  NNRT_TRY(grow(error, &f->labels, &room, f->rows + 1, sizeof *f->labels, path));
  NNRT_TRY(grow(error, &f->at, &f->rows_room, f->rows + 1, sizeof *f->at, path));
  memcpy(f->names + f->used, path, (size_t)n);
  f->at[f->rows] = f->used;
  f->labels[f->rows++] = label;
  f->used += n;
  return NNRT_GOOD;
}

/* The files of one folder; *n: how many. */
static int folder_files(nnrt_error *error, nnrt_folder *f, const char *path, const char *const *endings,
                        int32_t label) {
  nnrt_entries e = {0};
  char file[NNRT_PATH_MAX];
  int64_t before = f->rows;
  int status = entries_open(error, &e, path);
  for (int i = 0; i < e.n && !status; i++) {
    if (!ends_as(e.at[i]->d_name, endings)) continue;
    status = join(error, file, path, e.at[i]->d_name);
    if (!status && !nnrt_path_is_folder(file)) status = folder_add(error, f, file, label);
  }
  entries_close(&e);
  if (status || f->rows > before) return status;
  return nnrt_fail(error, NNRT_FAILED, "%s: there is no file in it that ends in %s", path, endings[0]);
}

/* ---- classes ---- */
typedef struct nnrt_classes {
  const char *path;
  int n; /* folders so far */
  int64_t wanted;
  int nnames;
  const char *const *names; /* of the model; or none */
} nnrt_classes;

static int class_label(nnrt_error *error, const nnrt_classes *c, const char *name, int32_t *label) {
  *label = (int32_t)c->n - 1;
  if (!c->nnames) return NNRT_GOOD;
  for (int i = 0; i < c->nnames; i++)
    if (!strcmp(c->names[i], name)) return *label = i, NNRT_GOOD;
  const char *near = nnrt_nearest(name, c->nnames, c->names);
  return nnrt_fail(error, NNRT_FAILED, "%s/%s: the folder is none of the model's %d classes%s%s%s", c->path, name,
                   c->nnames, near ? " (is it \"" : "", near ? near : "", near ? "\"?)" : "");
}

/* Counts the folder; with endings its files become rows. */
static int class_add(nnrt_error *error, nnrt_folder *f, nnrt_classes *c, const char *name, const char *const *endings) {
  char path[NNRT_PATH_MAX];
  int32_t label;
  NNRT_TRY(join(error, path, c->path, name));
  if (!nnrt_path_is_folder(path)) return NNRT_GOOD;
  c->n++;
  if (!endings) return NNRT_GOOD;
  NNRT_TRY(class_label(error, c, name, &label));
  return folder_files(error, f, path, endings, label);
}

static int folder_classes(nnrt_error *error, nnrt_folder *f, nnrt_classes *c, const char *const *endings) {
  nnrt_entries e = {0};
  int status = entries_open(error, &e, c->path);
  for (int i = 0; i < e.n && !status; i++) status = class_add(error, f, c, e.at[i]->d_name, NULL);
  if (!status && !c->nnames && c->n != c->wanted)
    status = nnrt_fail(error, NNRT_FAILED, "%s: has %d folders; the model has %lld classes, one a folder", c->path,
                       c->n, (long long)c->wanted);
  c->n = 0;
  for (int i = 0; i < e.n && !status; i++) status = class_add(error, f, c, e.at[i]->d_name, endings);
  entries_close(&e);
  return status;
}

/* ---- the source ---- */
static bool reader_labels(const nnrt_source *source) {
  for (int k = 0; k < source->nfields; k++)
    if (!source->fields[k].rank) return true;
  return false;
}

static int folder_path(nnrt_error *error, nnrt_folder *f, const nnrt_reader *r, const char *path,
                       const char *const *endings) {
  const nnrt_source *source = r->source;
  nnrt_classes c = {.path = path, .wanted = source->classes};
  if (!reader_labels(source))
    return nnrt_path_is_folder(path) ? folder_files(error, f, path, endings, 0) : folder_add(error, f, path, 0);
  for (int i = 0; i < source->nheadings; i++)
    c.nnames = source->headings[i].ncategories, c.names = source->headings[i].categories;
  return folder_classes(error, f, &c, endings);
}

/* endings: of the files' names, with NULL behind them. What failed is closed too. */
int nnrt_folder_open(nnrt_error *error, nnrt_folder *folder, const nnrt_reader *reader, const char *const *endings) {
  for (int k = 0; k < reader->nfiles; k++) NNRT_TRY(folder_path(error, folder, reader, reader->paths[k], endings));
  if (folder->rows) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_FAILED, "%s: there is no file in it that ends in %s", reader->paths[0], endings[0]);
}

const char *nnrt_folder_path(const nnrt_folder *folder, int64_t row) { return folder->names + folder->at[row]; }

void nnrt_folder_close(nnrt_folder *folder) {
  free(folder->names);
  free(folder->at);
  free(folder->labels);
  *folder = (nnrt_folder){0};
}
