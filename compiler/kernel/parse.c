/* parse.c: reads kernels and functions from their text form (print.c shows it; parse_expr.c reads expressions).
 *
 * Recursive descent by lines: the indent of a line says which block it belongs to. Variables are unique within a
 * kernel, so one map holds them; that they are in scope where they are used, and every other invariant, is what
 * kernel_problem checks afterwards: here its findings become user errors with the line. Other parts of a program's dump
 * (slots, hosts) are parse_program.c's, or skipped. parse(print(k)) prints as k does. */
#include "parse.h"

enum { COUNT_LOG2_MAX = 40 };

static void parse_block(Parser *p, Block *block, int level);

static void define(Parser *p, const char *word, Var *var, Buffer *buffer) {
  if (map_get(&p->names, word)) parse_invalid(p, arena_printf(p->arena, "the name %s is taken", word));
  Name *name = NEW(p->arena, Name);
  *name = (Name){var, buffer, false};
  map_put(&p->names, word, name);
}

/* ---- pieces ---- */
static int64_t parse_count(Parser *p) {
  parse_need(p, "[");
  int64_t count = parse_int(p);
  if (count < 1 || count > (int64_t)1 << COUNT_LOG2_MAX) parse_invalid(p, "a buffer holds 1 to 2^40 elements");
  parse_need(p, "]");
  return count;
}

int parse_small(Parser *p, int64_t least, int64_t most, const char *problem) {
  int64_t n = parse_int(p);
  if (n < least || n > most) parse_invalid(p, problem);
  return (int)n;
}

Loc parse_model_loc(Parser *p) {
  Loc loc = {.file = parse_string(p)};
  parse_need(p, ":");
  loc.line = parse_small(p, 0, INT32_MAX, "no line has this number");
  if (parse_keyword(p, "via")) loc.via = parse_string(p);
  return loc;
}

static int parse_align(Parser *p) {
  return parse_keyword(p, "align") ? parse_small(p, 1, 4096, "an alignment is 1 to 4096 bytes") : 64;
}

/* ---- statements ---- */
static void parse_for(Parser *p, Stmt *s) {
  s->kind = S_for;
  const char *word = parse_name(p);
  Name *known = map_get(&p->names, word);
  s->var = known && known->loop ? known->var : var_new(p->arena, word, type_of(DT_i64, 1));
  if (!parse_keyword(p, "in")) parse_expected(p, "in");
  s->lo = parse_expr(p);
  parse_need(p, "..");
  s->hi = parse_expr(p);
  s->step = parse_keyword(p, "step") ? parse_int(p) : 1;
  s->for_kind = parse_keyword(p, "parallel") ? FOR_parallel : parse_keyword(p, "unrolled") ? FOR_unrolled : FOR_serial;
  if (parse_keyword(p, "by")) s->unroll = parse_small(p, 1, 1 << 20, "a loop is unrolled by 1 to 2^20");
  if (known && known->loop) return; /* one variable may run several loops, one after the other */
  define(p, word, s->var, NULL);
  ((Name *)map_get(&p->names, word))->loop = true;
}

static void parse_binding(Parser *p, Stmt *s) {
  const char *name = parse_name(p);
  parse_need(p, ":");
  s->var = var_new(p->arena, name, parse_type(p));
  parse_need(p, "=");
  s->expr = parse_expr(p);
  define(p, name, s->var, NULL);
}

static void parse_let(Parser *p, Stmt *s) {
  s->kind = S_let;
  parse_binding(p, s);
}

static void parse_var(Parser *p, Stmt *s) {
  s->kind = S_var;
  parse_binding(p, s);
}

static void parse_set(Parser *p, Stmt *s) {
  s->kind = S_set;
  const char *word = parse_name(p);
  const Name *name = map_get(&p->names, word);
  if (!name || !name->var) parse_invalid(p, arena_printf(p->arena, "no variable is called %s", word));
  s->var = name->var;
  parse_need(p, "=");
  s->expr = parse_expr(p);
}

static void parse_store(Parser *p, Stmt *s) {
  s->kind = S_store;
  Type type = parse_type(p);
  s->buffer = parse_buffer(p);
  parse_need(p, "[");
  s->index = parse_expr(p);
  parse_need(p, "]");
  parse_need(p, "=");
  s->expr = parse_expr(p);
  if (parse_keyword(p, "mask")) s->mask = parse_primary(p);
  if (s->expr->type.dtype != type.dtype || s->expr->type.lanes != type.lanes)
    parse_invalid(p, "a store has another type than its value");
}

static void parse_prefetch(Parser *p, Stmt *s) {
  s->kind = S_prefetch;
  s->buffer = parse_buffer(p);
  parse_need(p, "[");
  s->index = parse_expr(p);
  parse_need(p, "]");
}

static const Buffer *parse_strided(Parser *p, Expr **index, Expr **stride) {
  const Buffer *buffer = parse_buffer(p);
  parse_need(p, "[");
  *index = parse_expr(p);
  parse_need(p, ";");
  *stride = parse_expr(p);
  parse_need(p, "]");
  return buffer;
}

static void parse_transpose(Parser *p, Stmt *s) {
  s->kind = S_transpose;
  s->lanes = parse_small(p, 2, 64, "a transpose has 2 to 64 lanes");
  s->buffer = parse_strided(p, &s->index, &s->stride);
  parse_need(p, "=");
  s->source = parse_strided(p, &s->source_index, &s->source_stride);
}

static void parse_routine(Parser *p, Stmt *s) {
  s->kind = S_routine;
  const char *name = parse_name(p);
  s->routine = routine_find(name);
  if (!s->routine) parse_invalid(p, arena_printf(p->arena, "no routine of the runtime is called %s", name));
  parse_need(p, "(");
  for (const char *kind = s->routine->operands; *kind; ++kind) {
    RoutineArg x = {0};
    if (kind > s->routine->operands) parse_need(p, ",");
    if (*kind != 'i') x.buffer = parse_buffer(p);
    if (x.buffer) parse_need(p, "[");
    x.value = parse_expr(p);
    if (x.buffer) parse_need(p, "]");
    vec_push(p->arena, s->passed, x);
  }
  parse_need(p, ")");
}

static void parse_if(Parser *p, Stmt *s) {
  s->kind = S_if;
  s->expr = parse_expr(p);
}

static void parse_local(Parser *p, Stmt *s) {
  s->kind = S_local;
  const char *name = parse_name(p);
  parse_need(p, ":");
  Type type = parse_type(p);
  if (type.lanes != 1) parse_invalid(p, "a buffer has elements of one lane");
  s->local_buffer = buffer_local(p->arena, name, type.dtype, parse_count(p));
  s->local_buffer->align = parse_align(p);
  define(p, name, NULL, s->local_buffer);
}

static void parse_model_block(Parser *p, Stmt *s) {
  s->kind = S_block;
  s->text = parse_string(p);
  s->loc = (Loc){NULL, 0, NULL};
  if (parse_keyword(p, "at")) s->loc = parse_model_loc(p);
}

static void parse_return(Parser *p, Stmt *s) {
  s->kind = S_return;
  s->expr = parse_expr(p);
}

static const struct Statement {
  const char *word;
  void (*parse)(Parser *p, Stmt *s);
  bool body;
} statements[] = {
    {"for", parse_for, true},        {"let", parse_let, false},      {"var", parse_var, false},
    {"set", parse_set, false},       {"store", parse_store, false},  {"transpose", parse_transpose, false},
    {"if", parse_if, true},          {"local", parse_local, false},  {"block", parse_model_block, true},
    {"return", parse_return, false}, {"call", parse_routine, false}, {"prefetch", parse_prefetch, false},
};

static const struct Statement *parse_statement_word(Parser *p) {
  const char *start = p->at, *word = parse_word(p);
  for (size_t i = 0; word && i < sizeof statements / sizeof *statements; ++i)
    if (!strcmp(word, statements[i].word)) return &statements[i];
  p->at = start;
  parse_expected(p, "a statement");
}

void parse_line_end(Parser *p) {
  if (!parse_sign(p, "")) return;
  if (p->at < p->end) parse_expected(p, "the end of the line");
}

static void parse_statement(Parser *p, Block *block, int level) {
  Stmt *s = NEW(p->arena, Stmt);
  const struct Statement *row = parse_statement_word(p);
  s->loc = parse_loc(p);
  row->parse(p, s);
  parse_line_end(p);
  vec_push(p->arena, *block, s);
  parse_next_line(p);
  if (row->body) parse_block(p, &s->body, level + 1);
  if (s->kind == S_if && p->indent == level && parse_keyword(p, "else")) {
    parse_line_end(p);
    parse_next_line(p);
    parse_block(p, &s->other, level + 1);
  }
}

static void parse_block(Parser *p, Block *block, int level) {
  parse_enter(p);
  while (p->indent == level) parse_statement(p, block, level);
  if (p->indent > level) parse_invalid(p, "this line is indented too far");
  p->depth--;
}

/* ---- heads ---- */
static void parse_param(Parser *p, Kernel *k) {
  const char *name = parse_name(p);
  parse_need(p, ":");
  Type type = parse_type(p);
  if (!parse_sign(p, "[")) {
    Var *scalar = var_new(p->arena, name, type);
    define(p, name, scalar, NULL);
    vec_push(p->arena, k->scalars, scalar);
    return;
  }
  --p->at; /* the bracket belongs to the count */
  if (k->scalars.n) parse_invalid(p, "buffers stand before scalars");
  if (type.lanes != 1) parse_invalid(p, "a buffer has elements of one lane");
  Buffer *b = kernel_param(p->arena, k, name, type.dtype, parse_count(p), false);
  define(p, name, NULL, b);
  b->align = parse_align(p);
  b->written = parse_keyword(p, "written");
  if (parse_keyword(p, "alias"))
    b->alias = parse_small(p, 0, k->params.n - 2, "an alias is the number of an earlier buffer");
}

static void parse_params(Parser *p, Kernel *k) {
  parse_need(p, "(");
  if (parse_sign(p, ")")) return;
  do parse_param(p, k);
  while (parse_sign(p, ","));
  parse_need(p, ")");
}

static void parse_costs(Parser *p, Kernel *k) {
  int64_t *const field[] = {&k->flops, &k->bytes_read, &k->bytes_written};
  static const char *const word[] = {"flops", "reads", "writes"};
  for (int i = 0; i < 3; ++i) {
    if (!parse_keyword(p, word[i])) parse_expected(p, word[i]);
    *field[i] = parse_int(p);
  }
}

static void parse_facts(Parser *p, Kernel *k) {
  for (; p->indent == 1; parse_next_line(p)) {
    if (parse_keyword(p, "about")) {
      k->comment = parse_string(p);
    } else if (parse_keyword(p, "from")) {
      Loc loc = parse_model_loc(p);
      vec_push(p->arena, k->locs, loc);
    } else if (parse_keyword(p, "costs")) {
      parse_costs(p, k);
    } else {
      return;
    }
    parse_line_end(p);
  }
}

static void parse_check(Parser *p, const Kernel *k, Loc head) {
  const Stmt *at = NULL;
  const char *problem = kernel_problem(p->arena, k, NULL, &at);
  if (problem) user_error(at && at->kind != S_block ? at->loc : head, MSG_kernel_text, problem);
}

const char *parse_kernel_name(Parser *p) {
  const char *name = parse_name(p);
  if (!parse_sign(p, "@")) return name;
  return arena_printf(p->arena, "%s@%d", name, parse_small(p, 2, 1 << 20, "kernels of one name count from 2"));
}

static void parse_kernel(Parser *p, bool function) {
  Loc head = parse_loc(p);
  const char *name = parse_kernel_name(p);
  Kernel *k = p->kernel = kernel_new(p->arena, arena_strndup(p->arena, name, strcspn(name, "@")));
  if (map_get(&p->functions, name)) parse_invalid(p, arena_printf(p->arena, "the name %s is taken", name));
  map_init(&p->names, p->arena);
  parse_params(p, k);
  if (function) {
    parse_need(p, "->");
    k->result = parse_type(p);
  }
  parse_line_end(p);
  parse_next_line(p);
  parse_facts(p, k);
  parse_block(p, &k->body, 1);
  parse_check(p, k, head);
  map_put(&p->functions, name, k);
  vec_push(p->arena, *p->kernels, k);
}

static void skip_section(Parser *p) {
  while (parse_next_line(p) && p->indent > 0) {}
}

void parse_sections(Parser *p) {
  static const struct {
    const char *word;
    void (*parse)(Parser *p);
  } parts[] = {{"program", parse_program_head}, {"slot", parse_slot}, {"host", parse_host}};
  for (parse_next_line(p); p->indent >= 0;) {
    size_t part = 0;
    if (p->indent) parse_invalid(p, "this line is indented too far");
    if (parse_keyword(p, "kernel")) {
      parse_kernel(p, false);
    } else if (parse_keyword(p, "function")) {
      parse_kernel(p, true);
    } else {
      while (part < 3 && !parse_keyword(p, parts[part].word)) ++part;
      if (part == 3) parse_expected(p, p->program ? "kernel, function, slot or host" : "kernel or function");
      (p->program ? parts[part].parse : skip_section)(p);
    }
  }
}

Kernels *kernels_parse_generic(Arena *arena, const char *file, const char *text, const ParseTypes *types) {
  const char *start = program_line(text); /* behind a module */
  if (!start) start = text;
  Parser p = {.arena = arena, .file = file, .next = start, .at = start, .end = start, .types = types};
  for (const char *c = text; c < start; ++c) p.line += *c == '\n';
  p.kernels = NEW(arena, Kernels);
  map_init(&p.functions, arena);
  parse_sections(&p);
  return p.kernels;
}

Kernels *kernels_parse(Arena *arena, const char *file, const char *text) {
  return kernels_parse_generic(arena, file, text, NULL);
}
