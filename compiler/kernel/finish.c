/* finish.c: kernel_finish, the last step of making a kernel, after the schedule has built its body.
 *
 * Names: the kernel, parameters, scalars, local arrays and variables get identifiers that are unique within the kernel
 * and are no words of C or of the text form, so that every printer can use them as they are. The first of a name keeps
 * it, the next ones are name_2, name_3, …
 *
 * Math: rows marked MATH in elementwise.def become calls of instances of math.ir (math.c). Halves: f16 and bf16 compute
 * in f32 and round once, at the node, by casts that stand here and nowhere else; selection (W) and conversions (X) take
 * them as they are. Expressions may be shared, so each is rewritten once and in place.
 *
 * Lines: those of the body's blocks join k->locs, ascending and without repeats. */
#include "kernel.h"

#include <stdlib.h>

typedef struct Finish {
  Program *program;
  Arena *arena;
  Map names;      /* name -> itself */
  Intern touched; /* pointers to what was named or rewritten */
  Kernel *kernel;
} Finish;

/* ---- names ---- */
static bool is_reserved(const char *name) {
  static const char *const words[] = {
      "auto",     "break",    "case",  "char",   "const",  "continue", "default", "do",     "double",  "else",
      "enum",     "extern",   "float", "for",    "goto",   "if",       "inline",  "int",    "long",    "register",
      "return",   "restrict", "short", "signed", "sizeof", "static",   "struct",  "switch", "typedef", "union",
      "volatile", "unsigned", "void",  "while",  "load",   "call",     "main",    "asm",    "typeof"};
  for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
    if (!strcmp(name, words[i])) return true;
  return false;
}

/* f32, f32x16: names of types */
static bool is_type_name(const char *name) {
  for (int t = 0; t < DTYPE_COUNT; ++t) {
    size_t n = strlen(dtype_info[t].name);
    if (strncmp(name, dtype_info[t].name, n)) continue;
    if (!name[n] || (name[n] == 'x' && name[n + 1 + strspn(name + n + 1, "0123456789")] == 0)) return true;
  }
  return false;
}

static char *identifier(Arena *arena, const char *name) {
  char *s = arena_printf(arena, "%s%s", name && *name && !strchr("0123456789", *name) ? "" : "v", name ? name : "");
  for (char *c = s; *c; ++c)
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c)) *c = '_';
  return is_reserved(s) || is_type_name(s) ? arena_printf(arena, "%s_", s) : s;
}

static const char *unique_name(Finish *f, const char *name) {
  char *plain = identifier(f->arena, name), *s = plain;
  for (int i = 2; map_get(&f->names, s); ++i) s = arena_printf(f->arena, "%s_%d", plain, i);
  map_put(&f->names, s, s);
  return s;
}

static bool is_first(Finish *f, const void *p) {
  void **slot = intern_slot(&f->touched, &p, sizeof p);
  if (*slot) return false;
  *slot = f;
  return true;
}

static void name_var(Finish *f, Var *v) {
  if (v && is_first(f, v)) v->name = unique_name(f, v->name);
}

static void name_buffer(Finish *f, Buffer *b) {
  if (b && is_first(f, b)) b->name = unique_name(f, b->name);
}

/* ---- math and halves ---- */
static bool computes_in_f32(const Expr *e) {
  char domain = op_info[e->op].domain;
  return dtype_is_half(e->arg[0]->type.dtype) && domain != 'W' && domain != 'X';
}

static void math_replace(Finish *f, Expr *e) {
  e->callee = math_instance(f->program, e->op, e->type);
  e->kind = E_call;
}

static void op_finish(Finish *f, Expr *e) {
  if (computes_in_f32(e)) {
    Expr *args[3], *y = NULL;
    for (int i = 0; i < e->nargs; ++i) args[i] = expr_cast(f->arena, e->arg[i], DT_f32, false);
    y = expr_op(f->arena, e->op, e->nargs, args);
    if (op_info[e->op].math) math_replace(f, y);
    *e = e->type.dtype == DT_bool ? *y : *expr_cast(f->arena, y, e->type.dtype, false);
  } else if (op_info[e->op].math) {
    math_replace(f, e);
  }
}

static void expr_finish(Finish *f, Expr *e) {
  if (!e || !is_first(f, e)) return;
  for (int i = 0; i < e->nargs; ++i) expr_finish(f, expr_arg(e, i));
  if (e->kind == E_op) op_finish(f, e);
}

/* ---- lines ---- */
static int loc_compare(const void *pa, const void *pb) {
  const Loc *a = pa, *b = pb;
  int order = a->file && b->file ? strcmp(a->file, b->file) : !!a->file - !!b->file;
  return order ? order : (a->line > b->line) - (a->line < b->line);
}

static void locs_sort(Kernel *k) {
  if (!k->locs.n) return;
  qsort(k->locs.at, (size_t)k->locs.n, sizeof *k->locs.at, loc_compare);
  int n = 1;
  for (int i = 1; i < k->locs.n; ++i)
    if (loc_compare(&k->locs.at[n - 1], &k->locs.at[i])) k->locs.at[n++] = k->locs.at[i];
  k->locs.n = n;
}

static void stmt_finish(void *context, Stmt *s, int depth) {
  (void)depth;
  Finish *f = context;
  Expr *expr[STMT_EXPRS_MAX];
  int n = stmt_exprs(s, expr);
  for (int i = 0; i < n; ++i) expr_finish(f, expr[i]);
  name_var(f, s->var);
  name_buffer(f, s->local_buffer);
  if (s->kind == S_block && s->loc.file) vec_push(f->arena, f->kernel->locs, s->loc);
}

void kernel_finish(Program *p, Kernel *k) {
  Finish f = {.program = p, .arena = p->arena, .kernel = k};
  map_init(&f.names, p->arena);
  intern_init(&f.touched, p->arena);
  k->name = identifier(p->arena, k->name);
  for (int i = 0; i < k->params.n; ++i) name_buffer(&f, k->params.at[i]);
  for (int i = 0; i < k->scalars.n; ++i) name_var(&f, k->scalars.at[i]);
  block_walk(&k->body, 0, stmt_finish, &f);
  locs_sort(k);
}
