/* records.c: files of records of equal size, as CIFAR's: each field at a fixed byte of the record, its elements in a
 * row, the rows of one file after those of the other. A file may begin with bytes that are skipped.
 *
 * Rows stay in their files and are read when a batch takes them. A file must hold whole records; labels are looked at
 * when it is opened, and again when they are read. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

typedef struct nnrt_records {
  nnrt_bytes *files;
  int64_t *ends; /* the number of the row behind the last one of each file */
  unsigned char *buffer;
} nnrt_records;

static int records_count(nnrt_error *error, nnrt_reader *r, int k) {
  nnrt_records *own = r->own;
  const nnrt_source *source = r->source;
  int64_t size = own->files[k].size, rest = (size - source->skip) % source->record;
  if (size < source->skip)
    return nnrt_fail(error, NNRT_FAILED, "%s: truncated: it ends at byte %lld, in the %lld before its first record",
                     r->paths[k], (long long)size, (long long)source->skip);
  int64_t rows = (size - source->skip) / source->record;
  if (rest)
    return nnrt_fail(error, NNRT_FAILED,
                     "%s: truncated: it ends at byte %lld, in record %lld, of whose %lld bytes it has %lld",
                     r->paths[k], (long long)size, (long long)rows, (long long)source->record, (long long)rest);
  r->rows += rows;
  own->ends[k] = r->rows;
  return NNRT_GOOD;
}

static int records_find(const nnrt_records *own, int64_t row) {
  int k = 0;
  while (row >= own->ends[k]) k++;
  return k;
}

static int records_row(nnrt_error *error, nnrt_reader *r, int field, int64_t row, unsigned char *to) {
  const nnrt_records *own = r->own;
  const nnrt_source *source = r->source;
  const nnrt_field *f = &source->fields[field];
  const nnrt_stored *stored = &source->stored[field];
  const nnrt_stored_type *type = nnrt_stored_find(stored->type);
  int k = records_find(own, row);
  int64_t own_row = row - (k ? own->ends[k - 1] : 0), n = nnrt_field_elements(f);
  int64_t at = source->skip + own_row * source->record + stored->at;
  NNRT_TRY(nnrt_bytes_read(error, &own->files[k], at, n * type->bytes, own->buffer));
  nnrt_stored_convert(type, stored->big, own->buffer, f->dtype, to, n);
  return nnrt_field_labels(f, source->classes)
             ? nnrt_label_check(error, r->paths[k], f, source->classes, to, own_row, at)
             : NNRT_GOOD;
}

static int records_read(nnrt_error *error, nnrt_reader *r, int field, int64_t row, int64_t n, unsigned char *to) {
  int64_t bytes = nnrt_field_bytes(&r->source->fields[field]);
  for (int64_t i = 0; i < n; i++) NNRT_TRY(records_row(error, r, field, row + i, to + i * bytes));
  return NNRT_GOOD;
}

static int records_check_labels(nnrt_error *error, nnrt_reader *r) {
  unsigned char label[8];
  for (int k = 0; k < r->source->nfields; k++)
    for (int64_t row = 0; row < r->rows && nnrt_field_labels(&r->source->fields[k], r->source->classes); row++)
      NNRT_TRY(records_row(error, r, k, row, label));
  return NNRT_GOOD;
}

/* Each field lies within a record, as numbers that its dtype holds: the tables are not trusted. */
static int records_check_layout(nnrt_error *error, const nnrt_source *source) {
  for (int k = 0; k < source->nfields; k++) {
    const nnrt_field *f = &source->fields[k];
    const nnrt_stored_type *type = nnrt_stored_find(source->stored[k].type);
    int64_t room = source->record - source->stored[k].at;
    if (!type || !nnrt_stored_fits(type, f->dtype) || nnrt_field_elements(f) > room / type->bytes)
      return nnrt_fail(error, NNRT_FAILED, "the field %s does not lie within a record of %lld bytes as %s", f->name,
                       (long long)source->record, source->stored[k].type);
  }
  return NNRT_GOOD;
}

static int records_open(nnrt_error *error, nnrt_reader *r) {
  nnrt_records *own;
  NNRT_TRY(records_check_layout(error, r->source));
  NNRT_TRY(nnrt_alloc(error, &own, sizeof *own, r->source->name));
  r->own = own;
  NNRT_TRY(nnrt_alloc(error, &own->files, r->nfiles * (int64_t)sizeof *own->files, r->source->name));
  NNRT_TRY(nnrt_alloc(error, &own->ends, r->nfiles * (int64_t)sizeof *own->ends, r->source->name));
  NNRT_TRY(nnrt_alloc(error, &own->buffer, r->source->record, r->source->name));
  for (int k = 0; k < r->nfiles; k++) {
    NNRT_TRY(nnrt_bytes_open(error, &own->files[k], r->paths[k]));
    NNRT_TRY(records_count(error, r, k));
  }
  return records_check_labels(error, r);
}

static void records_close(nnrt_reader *r) {
  nnrt_records *own = r->own;
  for (int k = 0; own && own->files && k < r->nfiles; k++) nnrt_bytes_close(&own->files[k]);
  if (!own) return;
  free(own->files);
  free(own->ends);
  free(own->buffer);
  free(own);
}

const nnrt_format nnrt_format_records = {"records", NNRT_FILES_ANY, false, records_open, records_read, records_close};
