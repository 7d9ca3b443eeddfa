/* parse.h: the inside of the text form's parser, shared by parse.c (heads, statements) and parse_expr.c (expressions).
 */
#ifndef NNC_PARSE_H
#define NNC_PARSE_H

#include "kernel.h"

/* How a text that is generic over lanes is read (math.ir): the types f, i, u and m, and who is called. */
typedef struct ParseTypes {
  Type f, i, u, m;
  const Kernel *(*callee)(void *context, const char *name); /* NULL: unknown */
  void *context;
} ParseTypes;
Kernels *kernels_parse_generic(Arena *arena, const char *file, const char *text, const ParseTypes *types);

/* A reader of one text: lines with their indent, a cursor in the current one. */
typedef struct Parser {
  Arena *arena;
  const char *file, *next; /* next: start of the line after the current one */
  const char *at, *end;    /* cursor, end of the current line */
  int line, indent, depth; /* indent: levels of the current line, -1 past the end */
  const ParseTypes *types; /* or NULL */
  Kernels *kernels;
  Map functions; /* name -> Kernel */
  Map names;     /* of the kernel under construction: name -> Name */
  Kernel *kernel;
} Parser;

typedef struct Name {
  Var *var;
  Buffer *buffer;
  bool loop; /* var runs a loop */
} Name;

Loc parse_loc(const Parser *p);
bool parse_next_line(Parser *p);
_Noreturn void parse_expected(Parser *p, const char *what);
_Noreturn void parse_invalid(Parser *p, const char *problem);
void parse_enter(Parser *p);                  /* one level deeper: refuses what is nested too deeply */
bool parse_sign(Parser *p, const char *sign); /* accepts it if it comes next */
void parse_need(Parser *p, const char *sign);
const char *parse_word(Parser *p);               /* an identifier, or NULL */
const char *parse_name(Parser *p);               /* an identifier, needed */
bool parse_keyword(Parser *p, const char *word); /* accepts it if it comes next */
int64_t parse_int(Parser *p);                    /* with sign, decimal or 0x */
const char *parse_string(Parser *p);
bool parse_type_word(Parser *p, const char *word, Type *type);
Type parse_type(Parser *p);
const Buffer *parse_buffer(Parser *p);
Expr *parse_expr(Parser *p);
Expr *parse_primary(Parser *p);
#endif
