/* lex.c: the tokens of the text form and the small phrases that occur everywhere in it: strings, numbers in range,
 * lists, types, places. Lines matter (one node a line), `#` begins a comment. All errors of form are raised here. */
#include "parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

Loc parser_loc(const Parser *p) { return (Loc){p->file, p->line, NULL}; }

static const char *token_text(const Parser *p) {
  switch (p->token.kind) {
  case T_end: return "the end of the text";
  case T_line: return "the end of the line";
  default: return arena_printf(p->arena, "'%.60s'", p->token.text);
  }
}

_Noreturn void parser_expected(const Parser *p, const char *what) {
  user_error(parser_loc(p), MSG_parse_expected, what, token_text(p));
}

_Noreturn void parser_unknown(const Parser *p, const char *what) {
  user_error(parser_loc(p), MSG_parse_unknown, what, token_text(p));
}

/* ---- tokens ---- */

static void lex_run(Parser *p, TokenKind kind, const char *more) {
  const char *from = p->at++;
  while (isalnum((unsigned char)*p->at) || (*p->at && strchr(more, *p->at))) ++p->at;
  p->token.kind = kind;
  p->token.text = arena_strndup(p->arena, from, (size_t)(p->at - from));
}

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/* "…" with \" \\ and \xHH; a string ends on its line and holds no zero byte. */
static const char *lex_string(Parser *p) {
  size_t room = strcspn(p->at + 1, "\n") + 1, n = 0;
  char *s = arena_alloc(p->arena, room);
  const char *c = p->at + 1;
  for (; *c && *c != '\n' && *c != '"'; ++c) {
    if (*c != '\\') {
      s[n++] = *c;
    } else if (c[1] == '"' || c[1] == '\\') {
      s[n++] = *++c;
    } else if (c[1] == 'x' && hex(c[2]) >= 0 && hex(c[3]) >= 0 && (hex(c[2]) || hex(c[3]))) {
      s[n++] = (char)(hex(c[2]) * 16 + hex(c[3]));
      c += 3;
    } else {
      user_error(parser_loc(p), MSG_parse_escape);
    }
  }
  if (*c != '"') user_error(parser_loc(p), MSG_parse_open_string);
  p->at = c + 1;
  return s;
}

static void lex_place(Parser *p) {
  ++p->at;
  const char *file;
  if (*p->at == '"') {
    file = lex_string(p);
  } else {
    const char *from = p->at;
    while (isalnum((unsigned char)*p->at) || (*p->at && strchr("_./+-", *p->at))) ++p->at;
    file = arena_strndup(p->arena, from, (size_t)(p->at - from));
  }
  char *end = NULL;
  errno = 0;
  bool digits = *p->at == ':' && isdigit((unsigned char)p->at[1]);
  long line = digits ? strtol(p->at + 1, &end, 10) : 0;
  if (!digits || !*file || errno || line > 1000000000) user_error(parser_loc(p), MSG_parse_place);
  p->token = (Token){T_place, file, (int)line};
  p->at = end;
}

static void skip_blanks(Parser *p) {
  while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r') ++p->at;
  if (*p->at == '#') p->at += strcspn(p->at, "\n");
}

void parser_next(Parser *p) {
  if (p->token.kind == T_line) ++p->line;
  skip_blanks(p);
  char c = *p->at;
  if (!c)
    p->token = (Token){T_end, "", 0};
  else if (c == '\n')
    p->token = (Token){T_line, "", 0}, ++p->at;
  else if (isalpha((unsigned char)c) || c == '_')
    lex_run(p, T_word, "_");
  else if (isdigit((unsigned char)c) || c == '-' || c == '+' || c == '.')
    lex_run(p, T_number, "+-.");
  else if (c == '%' || c == '$')
    lex_run(p, c == '%' ? T_node : T_input, "");
  else if (c == '@')
    lex_place(p);
  else if (c == '"')
    p->token = (Token){T_string, lex_string(p), 0};
  else
    p->token = (Token){T_mark, arena_strndup(p->arena, p->at++, 1), 0};
}

/* ---- phrases ---- */

bool parser_is(const Parser *p, TokenKind kind, const char *text) {
  return p->token.kind == kind && (!text || !strcmp(p->token.text, text));
}

bool parser_take(Parser *p, TokenKind kind, const char *text) {
  if (!parser_is(p, kind, text)) return false;
  parser_next(p);
  return true;
}

void parser_need(Parser *p, TokenKind kind, const char *text) {
  if (!parser_take(p, kind, text)) parser_expected(p, arena_printf(p->arena, "'%s'", text));
}

const char *parser_string(Parser *p, const char *what) {
  const char *s = p->token.text;
  if (p->token.kind != T_string) parser_expected(p, what);
  parser_next(p);
  return s;
}

const char *parser_word(Parser *p, const char *what) {
  const char *s = p->token.text;
  if (p->token.kind != T_word) parser_expected(p, what);
  parser_next(p);
  return s;
}

static double to_double(const Parser *p, const char *s) {
  char *end;
  double x = strtod(s, &end);
  if (*end || end == s) user_error(parser_loc(p), MSG_parse_number, s);
  return x;
}

static int64_t to_integer(const Parser *p, const char *s, int64_t low, int64_t high) {
  char *end;
  errno = 0;
  long long x = strtoll(s, &end, 10);
  if (*end || end == s || errno || x < low || x > high) user_error(parser_loc(p), MSG_parse_number, s);
  return x;
}

/* A number may be a word: inf, nan. */
double parser_double(Parser *p) {
  if (p->token.kind != T_number && p->token.kind != T_word) parser_expected(p, "a number");
  double x = to_double(p, p->token.text);
  parser_next(p);
  return x;
}

int64_t parser_integer(Parser *p, int64_t low, int64_t high) {
  if (p->token.kind != T_number) parser_expected(p, "a number");
  int64_t x = to_integer(p, p->token.text, low, high);
  parser_next(p);
  return x;
}

int parser_list(Parser *p, int64_t at[RANK_MAX], int64_t low, int64_t high) {
  int n = 0;
  parser_need(p, T_mark, "[");
  while (!parser_is(p, T_mark, "]")) {
    if (n > 0) parser_need(p, T_mark, ",");
    if (n == RANK_MAX) parser_expected(p, "']'");
    at[n++] = parser_integer(p, low, high);
  }
  parser_next(p);
  return n;
}

void parser_type(Parser *p, DType *dtype, Shape *shape) {
  parser_need(p, T_mark, ":");
  int t = p->token.kind == T_word ? dtype_find(p->token.text) : -1;
  if (t < 0) parser_unknown(p, "dtype");
  parser_next(p);
  *dtype = (DType)t;
  *shape = (Shape){0};
  shape->rank = parser_list(p, shape->dim, 1, (int64_t)1 << 40);
  double count = 1;
  for (int d = 0; d < shape->rank; ++d) count *= (double)shape->dim[d];
  if (count > 0x1p40) user_error(parser_loc(p), MSG_shape_large, dtype_info[t].name, shape_text(p->arena, *shape));
}

Loc parser_place(Parser *p) {
  Loc loc = {NULL, 0, NULL};
  if (p->token.kind != T_place) return loc;
  loc.file = p->token.text;
  loc.line = p->token.line;
  parser_next(p);
  if (parser_take(p, T_word, "via")) loc.via = parser_string(p, "a function's name");
  return loc;
}

void parser_line(Parser *p) {
  if (p->token.kind != T_line && p->token.kind != T_end) parser_expected(p, "the end of the line");
  while (p->token.kind == T_line) parser_next(p);
}

/* ---- constants ---- */

static void parse_element(Parser *p, Elements *e) {
  if (p->token.kind != T_number && p->token.kind != T_word) parser_expected(p, "a number");
  vec_push(p->arena, e->at, p->token.text);
  ++e->n;
  parser_next(p);
}

void parser_elements(Parser *p, Elements *e) {
  e->list = parser_take(p, T_mark, "[");
  if (!e->list) {
    parse_element(p, e);
    return;
  }
  while (!parser_is(p, T_mark, "]")) {
    if (e->n > 0) parser_need(p, T_mark, ",");
    parse_element(p, e);
  }
  parser_next(p);
}

Tensor *elements_tensor(Parser *p, const Elements *e, DType dtype, Shape shape) {
  int64_t count = shape_count(shape), low = INT64_MIN, high = INT64_MAX;
  if (e->list ? e->n != count : e->n != 1)
    user_error(parser_loc(p), MSG_parse_elements, (long long)count, (long long)e->n);
  if (count > (int64_t)1 << 28) user_error(parser_loc(p), MSG_shape_large, "const", shape_text(p->arena, shape));
  if (!dtype_is_float(dtype) && dtype != DT_i64) {
    low = dtype_saturate(dtype, -1e30);
    high = dtype == DT_bool ? 1 : dtype_saturate(dtype, 1e30);
  }
  Value *v = value_new(p->arena, dtype, shape);
  for (int64_t k = 0; k < count; ++k) {
    const char *s = e->at.at[e->list ? k : 0];
    if (v->f)
      v->f[k] = to_double(p, s);
    else
      v->i[k] = to_integer(p, s, low, high);
  }
  return tensor_of_value(p->arena, v);
}
