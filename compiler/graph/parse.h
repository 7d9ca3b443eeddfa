/* parse.h: the reader of the text form, private to graph/: lex.c cuts the text into tokens, parse.c reads graphs,
 * parse_module.c the rest. Malformed text raises a user error that names file and line; what is read is checked as a
 * builder would check it, so no text, however mangled, gives a graph that graph_verify refuses. */
#ifndef NNC_GRAPH_PARSE_H
#define NNC_GRAPH_PARSE_H

#include "op/op.h"

typedef enum TokenKind {
  T_end,
  T_line,   /* end of a line */
  T_word,   /* [A-Za-z_][A-Za-z0-9_]* */
  T_number, /* begins with a digit, a sign or a dot */
  T_string, /* text: unescaped */
  T_node,   /* %12 */
  T_input,  /* $3 */
  T_place,  /* @file:line; text: file, line */
  T_mark,   /* one of = : , [ ] */
} TokenKind;

typedef struct Token {
  TokenKind kind;
  const char *text;
  int line; /* T_place */
} Token;

typedef struct Parser {
  Arena *arena;
  const char *file, *at;
  int line; /* of the token in hand */
  Token token;
  Module *module;
  Map states;
  int depth; /* of subgraphs */
} Parser;

void parser_next(Parser *p);
Loc parser_loc(const Parser *p);
_Noreturn void parser_expected(const Parser *p, const char *what);
_Noreturn void parser_unknown(const Parser *p, const char *what);
bool parser_is(const Parser *p, TokenKind kind, const char *text); /* text NULL: any */
bool parser_take(Parser *p, TokenKind kind, const char *text);
void parser_need(Parser *p, TokenKind kind, const char *text);
const char *parser_string(Parser *p, const char *what);
const char *parser_word(Parser *p, const char *what);
double parser_double(Parser *p);
int64_t parser_integer(Parser *p, int64_t low, int64_t high);
int parser_list(Parser *p, int64_t at[RANK_MAX], int64_t low, int64_t high); /* [1,2,3] */
void parser_type(Parser *p, DType *dtype, Shape *shape);                     /* : f32[2,3] */
Loc parser_place(Parser *p);                                                 /* [@file:line [via "x"]] */
void parser_line(Parser *p);                                                 /* the end of this line, and empty ones */

/* The elements of a constant: read before its type is known. */
typedef struct Elements {
  int64_t n;
  bool list;
  VEC(const char *) at;
} Elements;
void parser_elements(Parser *p, Elements *e);
Tensor *elements_tensor(Parser *p, const Elements *e, DType dtype, Shape shape);

Graph *parse_graph(Parser *p); /* from the word `graph` to its `end` */
#endif
