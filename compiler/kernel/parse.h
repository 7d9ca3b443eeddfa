/* parse.h: the inside of the text form: of its parser, shared by parse.c (heads, statements), parse_expr.c
 * (expressions) and parse_program.c (slots, hosts), and of its printer (print.c, print_program.c). */
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
  Program *program;         /* NULL: only kernels and functions are wanted, the rest is skipped */
  struct ProgramText *rest; /* parse_program.c's */
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
int parse_small(Parser *p, int64_t least, int64_t most, const char *problem);
Loc parse_model_loc(Parser *p); /* "file":line [via "x"] */
void parse_line_end(Parser *p);
const char *parse_kernel_name(Parser *p); /* name, or name@2: the second of that name */
void parse_sections(Parser *p);           /* all of the text */
/* After the word that begins the section: to the line behind it. */
void parse_program_head(Parser *p);
void parse_slot(Parser *p);
void parse_host(Parser *p);
const char *program_line(const char *text); /* where the line of the word `program` starts, or NULL */

/* ---- printing ---- */
void print_quoted(Text *out, const char *s);
void print_loc(Text *out, Loc loc);
void print_kernel(Text *out, const Kernel *k, const char *name);
extern const char *const stage_names[];
#endif
