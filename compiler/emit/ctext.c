/* ctext.c: the pieces of C text that are not kernels: lines broken at 120 columns, comments, numbers, constant arrays
 * and the tables of nnrt.h as designated initialisers, in which what is zero is left out.
 *
 * Numbers are exact: the shortest decimal that reads back to the same float, with its suffix. */
#include "print.h"

#include <inttypes.h>
#include <math.h>

/* ---- lines ---- */
enum { COLUMNS = 120 };

/* Where to break text that is longer than `room`: after ", " or before an operator, as few brackets deep as can be, as
 * late as can be; 0 when nowhere. */
static size_t break_at(const char *s, size_t room) {
  size_t best = 0;
  int depth = 0, best_depth = 1000;
  bool quoted = false;
  for (size_t i = 0; s[i] && i <= room; ++i) {
    if (s[i] == '"' && (!i || s[i - 1] != '\\')) quoted = !quoted;
    if (quoted) continue;
    depth += strchr("([{", s[i]) ? 1 : strchr(")]}", s[i]) ? -1 : 0;
    bool comma = s[i] == ' ' && i && s[i - 1] == ',';
    bool sign = s[i] == ' ' && strchr("+-*/&|^<?:", s[i + 1]) && s[i + 1] && s[i + 2] == ' ';
    if (i < 4 || (!comma && !sign) || depth > best_depth) continue;
    best = i;
    best_depth = depth;
  }
  return best;
}

void c_line(Sheet *s, const char *line) {
  Text *out = s->out;
  int more = 0;
  for (;;) {
    size_t room = (size_t)(COLUMNS - 2 * (out->indent + more));
    size_t at = strlen(line) > room ? break_at(line, room) : 0;
    out->indent += more;
    text_printf(out, "%.*s\n", at ? (int)at : (int)strlen(line), line);
    out->indent -= more;
    if (!at) return;
    line += at + 1;
    more = 2;
  }
}

/* The last place up to n at which no character of UTF-8 is cut in two: not before a byte 10xxxxxx. */
static int characters_end(const char *text, int n) {
  while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80) --n;
  return n;
}

/* Lines of text become lines of one comment; a line that is too long ends in "...". Nothing when text is empty. */
void c_comment(Sheet *s, const char *text) {
  Text *out = s->out;
  int room = COLUMNS - 2 * out->indent - 6;
  for (const char *line = text; *line;) {
    size_t n = strcspn(line, "\n");
    bool last = !line[n] || !line[n + 1];
    text_puts(out, line == text ? "/* " : " * ");
    const char *safe = comment_safe(s->arena, arena_strndup(s->arena, line, n));
    int whole = (int)n > room ? characters_end(safe, room - 3) : (int)n;
    text_printf(out, (int)n > room ? "%.*s..." : "%.*s", whole, safe);
    text_puts(out, last ? " */\n" : "\n");
    line += n + (line[n] == '\n');
  }
}

/* ---- numbers ---- */
const char *c_float(Arena *a, DType dtype, double f) {
  bool single = dtype != DT_f64;
  if (isnan(f)) return "NAN";
  if (isinf(f)) return arena_printf(a, "%s%s", f < 0 ? "-" : "", "INFINITY");
  bool whole = f == floor(f) && fabs(f) < 1e9 && !(f == 0 && signbit(f));
  if (whole) return arena_printf(a, single ? "%.1ff" : "%.1f", f);
  const char *digits = single ? text_f32(a, (float)f) : text_f64(a, f);
  return arena_printf(a, "%s%s%s", digits, strpbrk(digits, ".e") ? "" : ".0", single ? "f" : "");
}

const char *c_integer(Arena *a, DType dtype, int64_t i) {
  if (dtype == DT_bool) return i ? "true" : "false";
  if (dtype == DT_i32 && i == INT32_MIN) return "INT32_MIN";
  if (dtype == DT_i64 && i == INT64_MIN) return "INT64_MIN";
  if (dtype == DT_u32) return arena_printf(a, i < 65536 ? "%" PRIu32 "u" : "0x%" PRIx32 "u", (uint32_t)i);
  return arena_printf(a, "%" PRId64, i);
}

/* ---- constant arrays ---- */
static const char *element_text(Arena *a, const Tensor *t, int64_t i) {
  int bytes = dtype_info[t->dtype].bytes;
  const char *at = (const char *)t->data + i * bytes;
  float single;
  double f = 0;
  uint64_t bits = 0;
  uint32_t word;
  uint16_t half;
  if (t->dtype == DT_f32) f = (memcpy(&single, at, 4), (double)single);
  if (t->dtype == DT_f64) memcpy(&f, at, 8);
  if (dtype_is_float(t->dtype) && bytes > 2) return c_float(a, t->dtype, f);
  if (bytes == 8) memcpy(&bits, at, 8);
  if (bytes == 4) bits = (memcpy(&word, at, 4), word);
  if (bytes == 2) bits = (memcpy(&half, at, 2), half);
  if (bytes == 1) bits = *(const unsigned char *)at;
  if (bytes < 4) return arena_printf(a, "%d", (int)bits);
  return c_integer(a, t->dtype, t->dtype == DT_i32 ? (int64_t)(int32_t)bits : (int64_t)bits);
}

void c_array(Sheet *s, const char *name, const Tensor *t) {
  int64_t n = shape_count(t->shape);
  text_printf(s->out, "static _Alignas(64) const %s %s[%" PRId64 "] = {\n", dtype_info[t->dtype].c, name, n);
  ++s->out->indent;
  for (int64_t i = 0, column = 0; i < n; ++i) {
    const char *element = element_text(s->arena, t, i);
    int64_t width = (int64_t)strlen(element) + 2;
    bool wrap = column && column + width > COLUMNS - 2;
    text_printf(s->out, "%s%s,", wrap ? "\n" : column ? " " : "", element);
    column = wrap ? width : column + width;
  }
  --s->out->indent;
  text_puts(s->out, "\n};\n\n");
}

/* ---- tables ---- */
const char *c_string(Arena *arena, const char *s) {
  Text t;
  text_init(&t, arena);
  text_puts(&t, "\"");
  for (; *s; ++s) {
    unsigned char c = (unsigned char)*s;
    text_printf(&t, c == '"' || c == '\\' ? "\\%c" : c == '?' || c < 32 || c > 126 ? "\\%03o" : "%c", c);
  }
  text_puts(&t, "\"");
  return arena_strdup(arena, text_str(&t));
}

static const char *dims_text(Arena *arena, const Shape *shape) {
  Text t;
  text_init(&t, arena);
  for (int i = 0; i < shape->rank; ++i) text_printf(&t, "%s%" PRId64, i ? ", " : "{", shape->dim[i]);
  return shape->rank ? arena_printf(arena, "%s}", text_str(&t)) : NULL;
}

/* NULL: zero, which a designated initialiser leaves out. */
static const char *cell_text(Sheet *s, FieldKind kind, const Cell *cell) {
  static const char *const kinds[] = {"FIELD", "VALUE", "HYPER", "FIRST", "LAST", "EPOCH", "TOTAL_STEPS", "WEIGHT"};
  Arena *a = s->arena;
  switch (kind) {
  case FIELD_int:
  case FIELD_i64: return cell->text ? cell->text : cell->i ? c_integer(a, DT_i64, cell->i) : NULL;
  case FIELD_dtype: return arena_printf(a, "NNRT_%s", dtype_info[cell->i].name);
  case FIELD_source: return arena_printf(a, "NNRT_INPUT_%s", kinds[cell->i]);
  case FIELD_u64: return arena_printf(a, "0x%016" PRIx64, (uint64_t)cell->i);
  case FIELD_f64: return cell->f == 0 ? NULL : c_float(a, DT_f64, cell->f);
  case FIELD_text: return cell->text ? c_string(a, cell->text) : NULL;
  case FIELD_dims: return dims_text(a, cell->shape);
  case FIELD_table:
    return cell->table ? arena_printf(a, "%s%s", cell->table->single ? "&" : "", cell->table->name) : NULL;
  case FIELD_symbol: return cell->text ? arena_printf(a, "&%s", cell->text) : NULL;
  case FIELD_code: return cell->host ? host_name(s, cell->host, cell->i) : NULL;
  }
  return NULL;
}

/* One row: {.name = "x", .dtype = NNRT_f32}, or the bare value of a list. */
static const char *row_text(Sheet *s, const Record *r, const Cell *cells, const char *between) {
  Text line;
  text_init(&line, s->arena);
  for (int i = 0; i < r->n; ++i) {
    const char *text = cell_text(s, r->fields[i].kind, &cells[i]);
    if (!r->fields[i].name) return text ? text : "0";
    if (text) text_printf(&line, "%s.%s = %s", line.n ? between : "", r->fields[i].name, text);
  }
  return line.n ? text_str(&line) : "0";
}

static void table_emit(Sheet *s, const Table *t) {
  if (t->raw) return c_array(s, t->name, t->raw);
  const Record *r = t->record;
  bool list = !r->fields[0].name;
  bool pointers = list && r->fields[0].kind != FIELD_int;
  text_printf(s->out, "%sconst %s%s%s%s = {\n", t->exported ? "" : "static ", r->type, pointers ? "const " : " ",
              t->name, t->single ? "" : "[]");
  ++s->out->indent;
  if (t->single) text_printf(s->out, "%s,\n", row_text(s, r, t->cells.at, ",\n"));
  for (int i = 0; i < t->rows && !t->single; ++i)
    c_line(s, arena_printf(s->arena, list ? "%s," : "{%s},", row_text(s, r, &t->cells.at[i * r->n], ", ")));
  --s->out->indent;
  text_puts(s->out, "};\n\n");
}

void c_tables(Sheet *s, const Tables *tables) {
  for (int i = 0; i < tables->n; ++i) table_emit(s, tables->at[i]);
}
