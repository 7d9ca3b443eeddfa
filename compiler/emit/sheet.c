/* sheet.c: what all printers need to know about the file that they write: identifiers, unique global names, the model's
 * lines for comments, which lets of a kernel anything reads, which parameters may be restrict.
 *
 * Invariants: a name is given once and stays; names do not depend on pointers, so that the same Program prints the same
 * text. A let that nothing alive reads is not printed (it would be a warning); loads have no effect, so nothing is
 * lost. */
#include "print.h"

#include <ctype.h>
#include <math.h>

/* ---- names ---- */
static bool is_word(const char *name) {
  static const char *const words[] = {
      "auto",     "break",  "case",     "char",    "const",   "continue", "default",  "do",       "double",  "else",
      "enum",     "extern", "float",    "for",     "goto",    "if",       "inline",   "int",      "long",    "register",
      "restrict", "return", "short",    "signed",  "sizeof",  "static",   "struct",   "switch",   "typedef", "union",
      "unsigned", "void",   "volatile", "while",   "asm",     "typeof",   "bool",     "true",     "false",   "main",
      "NULL",     "NAN",    "INFINITY", "unix",    "linux",   "errno",    "stdin",    "stdout",   "stderr",  "thread",
      "memory",   "int8_t", "int16_t",  "int32_t", "int64_t", "uint8_t",  "uint16_t", "uint32_t", "uint64_t"};
  for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
    if (!strcmp(name, words[i])) return true;
  return false;
}

const char *identifier_of(Arena *arena, const char *text) {
  char *s = arena_printf(arena, "%s%s", *text && !isdigit((unsigned char)*text) ? "" : "p", text);
  for (char *c = s; *c; ++c)
    if (!isalnum((unsigned char)*c) || (unsigned char)*c > 127) *c = '_';
  return is_word(s) ? arena_printf(arena, "%s_", s) : s;
}

/* remainder, and its forms for float and long double, remainderf and remainderl */
static bool is_of_libc(const char *name) {
#define NAME(f) #f,
  static const char *const functions[] = {
#include "libc_names.def"
  };
#undef NAME
  size_t length = strlen(name);
  size_t other = length > 1 && strchr("fl", name[length - 1]) ? length - 1 : length;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
    size_t n = strlen(functions[i]);
    if ((n == length || n == other) && !strncmp(name, functions[i], n)) return true;
  }
  return false;
}

/* Ops and functions of models share names with functions of the C library (exp, random, remainder): globals of that
 * name get a number. */
static bool is_taken(Sheet *s, const char *name) {
  return map_get(&s->names, name) || op_find(name) >= 0 || is_of_libc(name);
}

const char *sheet_name(Sheet *s, const void *object, const char *wanted) {
  void **slot = intern_slot(&s->named, &object, sizeof object);
  if (*slot) return *slot;
  const char *plain = identifier_of(s->arena, wanted), *name = arena_printf(s->arena, "%s%s", plain, s->suffix);
  for (int i = 2; is_taken(s, name); ++i) name = arena_printf(s->arena, "%s_%d%s", plain, i, s->suffix);
  map_put(&s->names, name, (void *)name);
  return *slot = (void *)name;
}

const char *model_name(Sheet *s) { return identifier_of(s->arena, s->program->module->name); }

const char *constant_name(Sheet *s, const Slot *slot) {
  const char *name = sheet_name(s, slot, arena_printf(s->arena, "constant_%d", slot->id));
  map_put(&s->constants, name, (void *)name);
  return name;
}

const char *host_name(Sheet *s, const Host *h, bool profiled) {
  if (profiled) return sheet_name(s, &h->body, arena_printf(s->arena, "%s_profiled", h->name));
  return sheet_name(s, h, h->name);
}

/* Not `init`, which is no step. */
bool host_is_profiled(const Sheet *s, const Host *h) { return s->options->profile && h->func; }

int site_add(Sheet *s, const Stmt *call) {
  vec_push(s->arena, s->sites, call);
  return s->sites.n - 1;
}

void sheet_init(Sheet *s, Text *out, const EmitOptions *o) {
  *s = (Sheet){.arena = out->arena, .out = out, .options = o, .suffix = ""};
  map_init(&s->names, s->arena);
  map_init(&s->constants, s->arena);
  map_init(&s->sources, s->arena);
  intern_init(&s->named, s->arena);
}

/* ---- the model's lines ---- */
static const char *source_text(Sheet *s, const char *file) {
  static const char absent[] = "";
  const char *text = map_get(&s->sources, file);
  if (!text) {
    size_t bytes;
    text = file_read(s->arena, file, &bytes);
    map_put(&s->sources, file, (void *)(text ? text : absent));
  }
  return text == absent ? NULL : text;
}

const char *source_line(Sheet *s, Loc loc) {
  const char *at = loc.file && s->options->source_lines ? source_text(s, loc.file) : NULL;
  for (int line = 1; at && line < loc.line; ++line) {
    at = strchr(at, '\n');
    if (at) ++at;
  }
  if (!at) return NULL;
  at += strspn(at, " \t");
  size_t n = strcspn(at, "\r\n");
  while (n && isspace((unsigned char)at[n - 1])) --n;
  return n ? arena_strndup(s->arena, at, n) : NULL;
}

const char *comment_safe(Arena *arena, const char *text) {
  char *safe = arena_strdup(arena, text);
  for (char *c = safe; *c; ++c)
    if (iscntrl((unsigned char)*c) || (c[0] == '*' && c[1] == '/') || (c[0] == '/' && c[1] == '*')) *c = ' ';
  return safe;
}

/* ---- what is read ---- */
static void use(Used *used, const void *p) { *intern_slot(&used->set, &p, sizeof p) = used; }
bool is_used(Used *used, const void *var_or_buffer) {
  return *intern_slot(&used->set, &var_or_buffer, sizeof var_or_buffer) != NULL;
}

static void use_expr(Used *used, const Expr *e) {
  if (!e) return;
  if (e->kind == E_var) use(used, e->var);
  if (e->kind == E_load) use(used, e->buffer);
  for (int i = 0; i < e->nargs; ++i) use_expr(used, expr_arg(e, i));
}

/* From the last statement to the first, so that a let's uses are known when it is met. */
static void use_block(Used *used, const Block *b) {
  for (int i = b->n - 1; i >= 0; --i) {
    Stmt *s = b->at[i];
    use_block(used, &s->other);
    use_block(used, &s->body);
    if (s->kind == S_let && !is_used(used, s->var)) continue;
    if (s->buffer) use(used, s->buffer);
    if (s->source) use(used, s->source);
    for (int k = 0; k < s->passed.n; ++k)
      if (s->passed.at[k].buffer) use(used, s->passed.at[k].buffer);
    Expr *expr[STMT_EXPRS_MAX];
    int n = stmt_exprs(s, expr);
    for (int k = 0; k < n; ++k) use_expr(used, expr[k]);
  }
}

void used_init(Used *used, Arena *arena, const Kernel *k) {
  intern_init(&used->set, arena);
  use_block(used, &k->body);
}

bool buffer_is_restrict(const Kernel *k, int param) {
  if (k->params.at[param]->alias >= 0) return false;
  for (int i = 0; i < k->params.n; ++i)
    if (k->params.at[i]->alias == param) return false;
  return true;
}

/* ---- constants ---- */
uint32_t half_bits(DType dtype, double f) {
  float x = (float)f;
  uint32_t bits, a;
  memcpy(&bits, &x, sizeof bits);
  if (dtype == DT_bf16) return isnan(f) ? 0x7fc0 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  uint32_t sign = bits >> 16 & 0x8000;
  a = bits & 0x7fffffff;
  if (isnan(f)) return 0x7e00;
  if (a >= 0x477ff000) return sign | 0x7c00;
  if (a < 0x38800000) return sign | (uint32_t)nearbyint(ldexp(fabs((double)x), 24));
  return sign | (((a + 0xfff + (a >> 13 & 1)) >> 13) - (112 << 10));
}

/* ---- what the file may promise ---- */
const char *promise_text(const Program *p) {
  return emit_parts(p) & 1 << PART_blas
             ? "Large matrix products are OpenBLAS's: the results have the same bits for any number of threads, but "
               "only on one\n"
               "kind of processor with one build of OpenBLAS."
             : "The results have the same bits with any compiler, optimisation, processor and number of threads.";
}

/* ---- hash ---- */
uint64_t program_hash(const Program *p) {
  Text text;
  text_init(&text, p->arena);
  for (int i = 0; i < p->hosts.n; ++i)
    if (p->hosts.at[i]->graph) graph_print(&text, p->hosts.at[i]->graph);
  return hash_bytes(text_str(&text), text.n);
}
