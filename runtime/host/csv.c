/* csv.c: tables as text, RFC 4180: a line of the columns' names, then a line a row; columns stand between separators,
 * or in quotes, where "" is one quote and separators and ends of lines are text. Lines end with LF or CR LF; empty ones
 * are passed over.
 *
 * A source takes columns by their names, in any order. They are numbers, or texts of a list of categories; what is
 * missing is refused unless the model says which number stands for it. The rows are parsed once, when the file is
 * opened, and held as numbers. */
#include "host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct nnrt_csv {
  nnrt_error *error;
  nnrt_reader *reader;
  char *text, *at;          /* the file, in which quoted columns are unpacked where they lie; 0 ends it */
  int64_t size, line, rows; /* line: of the row that is being read, from 1 */
  int ncolumns, *columns;   /* of each heading, the place of its column */
} nnrt_csv;

static int csv_fail(const nnrt_csv *c, const char *column, const char *value, const char *what) {
  char shown[41] = "";
  nnrt_name_text(shown, sizeof shown, 0, value);
  return nnrt_fail(c->error, NNRT_FAILED, "%s: line %lld, column %s: '%s' %s", c->reader->paths[0], (long long)c->line,
                   column, shown, what);
}

/* ---- from the text to columns ---- */
static bool csv_ends(const nnrt_csv *c) { return c->at == c->text + c->size; }

/* A quoted column: what it holds is moved to its beginning. */
static int csv_quoted(nnrt_csv *c, char **value, int64_t *lines) {
  char *to = ++c->at;
  for (*value = to;; c->at++) {
    if (csv_ends(c))
      return nnrt_fail(c->error, NNRT_FAILED, "%s: line %lld: a quote that does not end", c->reader->paths[0],
                       (long long)c->line);
    if (*c->at == '"' && *++c->at != '"') break;
    *lines += *c->at == '\n';
    *to++ = *c->at;
  }
  if (!csv_ends(c) && *c->at != c->reader->source->separator && !strchr("\r\n", *c->at))
    return nnrt_fail(c->error, NNRT_FAILED, "%s: line %lld: a column goes on behind its quotes, with '%c'",
                     c->reader->paths[0], (long long)c->line, *c->at);
  *to = 0;
  return NNRT_GOOD;
}

/* The next column of the line; *last: it is the last one, and the next line begins. */
static int csv_column(nnrt_csv *c, char **value, bool *last, int64_t *lines) {
  char *end = NULL;
  *value = c->at;
  if (*c->at == '"')
    NNRT_TRY(csv_quoted(c, value, lines));
  else
    while (!csv_ends(c) && *c->at != c->reader->source->separator && *c->at != '\n') c->at++;
  end = c->at;
  *last = csv_ends(c) || *c->at != c->reader->source->separator;
  if (*last && end > *value && end[-1] == '\r') end--;
  if (!csv_ends(c) && *c->at == '\r') c->at++; /* behind quotes */
  if (!csv_ends(c) && (!*last || *c->at == '\n')) *lines += *c->at++ == '\n';
  *end = 0; /* in quotes it ends before */
  return NNRT_GOOD;
}

static void csv_skip_empty(nnrt_csv *c) {
  while (!csv_ends(c) && (*c->at == '\n' || (*c->at == '\r' && c->at[1] == '\n'))) {
    c->at += *c->at == '\r' ? 2 : 1;
    c->line++;
  }
}

/* ---- the first line ---- */
/* What the line has is said: a name misspelt or another separator is seen at once. */
static int csv_lacks(const nnrt_csv *c, const char *name, const char *has) {
  return nnrt_fail(c->error, NNRT_FAILED, "%s: its first line names no column '%s'; it has %s", c->reader->paths[0],
                   name, has[0] ? has : "none");
}

static int csv_header(nnrt_csv *c) {
  const nnrt_source *source = c->reader->source;
  char has[256] = "";
  int64_t lines = 0;
  int at = 0;
  bool last = false;
  if (c->size >= 3 && !memcmp(c->text, "\xEF\xBB\xBF", 3)) c->at += 3;
  for (int i = 0; i < source->nheadings; i++) c->columns[i] = -1;
  csv_skip_empty(c);
  for (; !last; c->ncolumns++) {
    char *name;
    NNRT_TRY(csv_column(c, &name, &last, &lines));
    if (at) at = nnrt_text(has, sizeof has, at, ", ");
    at = nnrt_name_text(has, sizeof has, at, name);
    for (int i = 0; i < source->nheadings; i++) {
      if (strcmp(source->headings[i].name, name)) continue;
      if (c->columns[i] >= 0) return csv_fail(c, name, name, "stands in the header twice");
      c->columns[i] = c->ncolumns;
    }
  }
  c->line += lines;
  for (int i = 0; i < source->nheadings; i++)
    if (c->columns[i] < 0) return csv_lacks(c, source->headings[i].name, has);
  return NNRT_GOOD;
}

/* ---- one column of a row ---- */
static unsigned char *csv_place(const nnrt_csv *c, const nnrt_heading *h, int64_t at) {
  const nnrt_column *column = &c->reader->columns[h->field];
  int bytes = nnrt_dtype_bytes(c->reader->source->fields[h->field].dtype);
  return column->at + c->rows * column->row_bytes + at * bytes;
}

static bool csv_float(int dtype) { return dtype <= NNRT_bf16; }

static int csv_category(nnrt_csv *c, const nnrt_heading *h, const char *value) {
  int dtype = c->reader->source->fields[h->field].dtype, k = 0;
  while (k < h->ncategories && strcmp(h->categories[k], value)) k++;
  if (k == h->ncategories) return csv_fail(c, h->name, value, "is none of the categories");
  if (csv_float(dtype))
    nnrt_element_set(dtype, csv_place(c, h, h->at + k), 1);
  else
    nnrt_element_set(dtype, csv_place(c, h, h->at), k);
  return NNRT_GOOD;
}

static bool csv_missing(const char *value) {
  static const char *const words[] = {"", "?", "NA", "N/A", "NaN", "nan", "null"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (!strcmp(value, words[i])) return true;
  return false;
}

static int label_fail(const nnrt_csv *c, const char *column, const char *value) {
  char what[96];
  long long classes = c->reader->source->classes;
  nnrt_text(what, sizeof what, 0, "is no label: there are %lld classes, 0 to %lld", classes, classes - 1);
  return csv_fail(c, column, value, what);
}

/* 1e39 as f32, 1e999 as anything; "inf" was asked for. */
static bool csv_overflows(int dtype, double x, const char *value) {
  unsigned char element[8];
  nnrt_element_set(dtype, element, x);
  return isinf(nnrt_element(dtype, element)) && !strpbrk(value, "iI");
}

static int csv_number(nnrt_csv *c, const nnrt_heading *h, const char *value) {
  const nnrt_source *source = c->reader->source;
  const nnrt_field *f = &source->fields[h->field];
  char *end;
  value += strspn(value, " \t");
  double x = strtod(value, &end);
  bool number = end != value && !end[strspn(end, " \t")];
  if (csv_missing(value) || (number && isnan(x))) { /* "NAN", "-nan" … */
    if (!source->fills) return csv_fail(c, h->name, value, "is missing: say which number stands for it (missing = …)");
    x = source->missing;
  } else if (!number) {
    return csv_fail(c, h->name, value, "is no number");
  } else if (csv_overflows(f->dtype, x, value)) {
    return csv_fail(c, h->name, value, "is too large for the field");
  }
  if (!nnrt_value_fits(f->dtype, x)) return csv_fail(c, h->name, value, "is no whole number that fits");
  if (nnrt_field_labels(f, source->classes) && !(x >= 0 && x < (double)source->classes))
    return label_fail(c, h->name, value);
  nnrt_element_set(f->dtype, csv_place(c, h, h->at), x);
  return NNRT_GOOD;
}

/* ---- rows ---- */
static int csv_row(nnrt_csv *c) {
  const nnrt_source *source = c->reader->source;
  int64_t lines = 0;
  bool last = false;
  int n = 0;
  for (; !last; n++) {
    char *value;
    NNRT_TRY(csv_column(c, &value, &last, &lines));
    for (int i = 0; i < source->nheadings; i++)
      if (c->columns[i] == n)
        NNRT_TRY(source->headings[i].ncategories ? csv_category(c, &source->headings[i], value)
                                                 : csv_number(c, &source->headings[i], value));
  }
  if (n != c->ncolumns)
    return nnrt_fail(c->error, NNRT_FAILED, "%s: line %lld has %d columns; the first one has %d", c->reader->paths[0],
                     (long long)c->line, n, c->ncolumns);
  c->line += lines;
  c->rows++;
  return NNRT_GOOD;
}

/* Rows are lines, or fewer. */
static int csv_make_room(nnrt_csv *c) {
  nnrt_reader *r = c->reader;
  int64_t rows = 1;
  for (int64_t i = 0; i < c->size; i++) rows += c->text[i] == '\n';
  NNRT_TRY(nnrt_columns_make(c->error, r));
  for (int k = 0; k < r->source->nfields; k++) {
    if (rows > INT64_MAX / 2 / r->columns[k].row_bytes)
      return nnrt_fail(c->error, NNRT_FAILED, "%s: has too many rows for memory", r->paths[0]);
    NNRT_TRY(nnrt_alloc(c->error, &r->columns[k].at, rows * r->columns[k].row_bytes, r->paths[0]));
  }
  return NNRT_GOOD;
}

/* Each column gives elements that its field has: the tables are not trusted. */
static int csv_check_tables(nnrt_error *error, const nnrt_source *source) {
  for (int i = 0; i < source->nheadings; i++) {
    const nnrt_heading *h = &source->headings[i];
    bool there = h->field >= 0 && h->field < source->nfields;
    const nnrt_field *f = &source->fields[there ? h->field : 0];
    int64_t wide = h->ncategories && csv_float(f->dtype) ? h->ncategories : 1;
    if (!there || h->at < 0 || h->at > nnrt_field_elements(f) - wide)
      return nnrt_fail(error, NNRT_FAILED, "the column %s does not fit into a field", h->name);
  }
  return NNRT_GOOD;
}

static int csv_read_all(nnrt_csv *c, const nnrt_bytes *bytes) {
  NNRT_TRY(nnrt_alloc_raw(c->error, &c->text, bytes->size + 1, c->reader->paths[0]));
  NNRT_TRY(nnrt_bytes_read(c->error, bytes, 0, bytes->size, c->text));
  NNRT_TRY(nnrt_alloc(c->error, &c->columns, c->reader->source->nheadings * (int64_t)sizeof *c->columns, "columns"));
  c->size = bytes->size;
  c->at = c->text;
  c->text[c->size] = 0;
  if (memchr(c->text, 0, (size_t)c->size))
    return nnrt_fail(c->error, NNRT_FAILED, "%s: is no text: it has a byte 00 at byte %lld", c->reader->paths[0],
                     (long long)strlen(c->text));
  NNRT_TRY(csv_make_room(c));
  NNRT_TRY(csv_header(c));
  for (csv_skip_empty(c); !csv_ends(c); csv_skip_empty(c)) NNRT_TRY(csv_row(c));
  c->reader->rows = c->rows;
  return NNRT_GOOD;
}

static int csv_open(nnrt_error *error, nnrt_reader *r) {
  nnrt_csv c = {.error = error, .reader = r, .line = 1};
  nnrt_bytes bytes;
  NNRT_TRY(csv_check_tables(error, r->source));
  NNRT_TRY(nnrt_bytes_open(error, &bytes, r->paths[0]));
  int status = csv_read_all(&c, &bytes);
  nnrt_bytes_close(&bytes);
  free(c.text);
  free(c.columns);
  return status;
}

const nnrt_format nnrt_format_csv = {"csv", NNRT_FILES_ONE, false, csv_open, nnrt_columns_read, nnrt_columns_free};
