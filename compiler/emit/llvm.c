/* llvm.c: a Program as LLVM IR text, in a subset that has been stable for long (opaque pointers, plain instructions, a
 * dozen intrinsics), with its tables: a whole program, like the C text and with the same bits.
 *
 * The printer keeps no state but numbers: every mutable variable and loop variable is an alloca of the entry block
 * (sroa makes registers of them), every for is head, body and exit, a let is the SSA value of its expression.
 * Elementwise ops are rows of instructions (llvm_rows.c). No fast-math flag and no loop metadata stand anywhere,
 * subnormals are kept, and fma is llvm.fma, or nnrt_fmaf where the machine has none. In memory a bool is a byte. */
#include "llvm.h"

#include <inttypes.h>

static const Type index_type = {DT_i64, 1}, pointer_type = {(DType)DT_pointer, 1}, void_type = {DT_bool, 0};
static const Operand thread = {{(DType)DT_pointer, 1}, "%thread"};

static const char *local_name(Printer *l, const char *name) { return FORMAT("%%%s", identifier_of(l->arena, name)); }

void ll_name_put(Printer *l, const void *object, const char *name) {
  *intern_slot(&l->values, &object, sizeof object) = (void *)name;
}

const char *ll_name_get(Printer *l, const void *object) { return *intern_slot(&l->values, &object, sizeof object); }

/* ---- branches: labels are a word and the number of their statement ---- */
void ll_branch(Printer *l, const char *condition, const char *yes, const char *no, int n) {
  text_printf(l->out, "  br i1 %s, label %%%s.%d, label %%%s.%d\n%s.%d:\n", condition, yes, n, no, n, yes, n);
}

/* Goes to a label; the text goes on at `next`. */
void ll_jump(Printer *l, const char *label, const char *next, int n) {
  text_printf(l->out, "  br label %%%s.%d\n%s.%d:\n", label, n, next, n);
}

/* ---- memory ---- */
static Operand address(Printer *l, const Buffer *b, Operand index) {
  const char *op = FORMAT("getelementptr inbounds %s,", dtype_info[b->dtype].llvm);
  return ll_list(l, pointer_type, op, 2, (Operand[]){{pointer_type, local_name(l, b->name)}, index});
}

static Type memory_type(Type t) { return t.dtype == DT_bool ? type_of(DT_u8, t.lanes) : t; }

static Operand align_of(Printer *l, Type t) { return ll_number(l, type_of(DT_i32, 1), dtype_info[t.dtype].bytes); }

static Operand load_from(Printer *l, Type t, Operand p, const Expr *only) {
  Type in = memory_type(t);
  Operand align = align_of(l, in), zero = {pointer_type, "@nnc.zero"}, v;
  Operand mask = only ? ll_expr(l, only) : (Operand){0};
  if (mask.name && t.lanes > 1) {
    v = ll_call(l, in, FORMAT("@llvm.masked.load.%s.p0", ll_suffix(l, in)), 4,
                (Operand[]){p, align, mask, ll_number(l, in, 0)});
  } else {
    if (mask.name) p = ll_list(l, pointer_type, "select", 3, (Operand[]){mask, p, zero});
    v = ll_new(l, in, FORMAT("load %s, ptr %s, align %s", ll_type(l, in), p.name, align.name));
  }
  return ll_cast(l, v, t.dtype);
}

static void store_to(Printer *l, Operand v, Operand p, const Expr *only) {
  Type in = memory_type(v.type);
  Operand align = align_of(l, in), mask = only ? ll_expr(l, only) : (Operand){0};
  v = ll_cast(l, v, in.dtype);
  if (mask.name && in.lanes > 1) {
    ll_call(l, void_type, FORMAT("@llvm.masked.store.%s.p0", ll_suffix(l, in)), 4, (Operand[]){v, p, align, mask});
    return;
  }
  int n = ++l->last;
  if (mask.name) ll_branch(l, mask.name, "on", "off", n);
  ll_new(l, void_type, FORMAT("store %s %s, ptr %s, align %s", ll_type(l, in), v.name, p.name, align.name));
  if (mask.name) ll_jump(l, "off", "off", n);
}

/* ---- expressions ---- */
static Operand mask_value(Printer *l, const Expr *e) {
  Operand n = ll_expr(l, e->arg[0]), most = ll_number(l, index_type, e->type.lanes);
  Operand count = ll_cast(l, ll_call(l, index_type, "@llvm.smin.i64", 2, (Operand[]){n, most}), DT_i32);
  return ll_binary(l, "icmp slt", ll_numbers(l, e->type.lanes, NULL), ll_splat(l, count, e->type.lanes));
}

static Operand call_value(Printer *l, const Expr *e) {
  Operand *args = NEW_N(l->arena, Operand, e->nargs);
  for (int i = 0; i < e->nargs; ++i) args[i] = ll_expr(l, expr_arg(e, i));
  return ll_call(l, e->type, FORMAT("@%s", sheet_name(l->sheet, e->callee, e->callee->name)), e->nargs, args);
}

static Operand var_value(Printer *l, const Var *v) {
  const char *name = ll_name_get(l, v);
  return name ? (Operand){v->type, name}
              : ll_new(l, v->type, FORMAT("load %s, ptr %s", ll_type(l, v->type), local_name(l, v->name)));
}

Operand ll_expr(Printer *l, const Expr *e) {
  Operand a;
  switch (e->kind) {
  case E_const: return ll_const(l, e->type, e->value.f, e->value.i);
  case E_var: return var_value(l, e->var);
  case E_load:
    a = address(l, e->buffer, ll_expr(l, e->arg[0]));
    return load_from(l, e->type, a, e->nargs > 1 ? e->arg[1] : NULL);
  case E_op: return ll_op(l, e);
  case E_splat: return ll_splat(l, ll_expr(l, e->arg[0]), e->type.lanes);
  case E_lane: return ll_numbers(l, e->type.lanes, e->lane);
  case E_shuffle:
    a = ll_expr(l, e->arg[0]);
    return ll_list(l, e->type, "shufflevector", 3,
                   (Operand[]){a, ll_expr(l, e->arg[1]), ll_numbers(l, e->type.lanes, e->lane)});
  case E_mask: return mask_value(l, e);
  case E_idiv:
  case E_imod:
    a = ll_expr(l, e->arg[0]);
    return ll_binary(l, e->kind == E_idiv ? "udiv" : "urem", a, ll_expr(l, e->arg[1]));
  case E_extract:
    a = ll_expr(l, e->arg[0]);
    return ll_list(l, e->type, "extractelement", 2, (Operand[]){a, ll_number(l, index_type, e->value.i)});
  case E_call: return call_value(l, e);
  }
  bug("emit: expression kind %d", (int)e->kind);
}

/* ---- statements ---- */
static void block_print(Printer *l, const Block *b);

static void comment(Printer *l, const char *indent, const char *text) {
  text_printf(l->out, "%s; %s\n", indent, comment_safe(l->arena, text));
}

static void set_print(Printer *l, const char *name, Operand v) {
  ll_new(l, void_type, FORMAT("store %s %s, ptr %s", ll_type(l, v.type), v.name, name));
}

static void for_print(Printer *l, const Stmt *s) {
  const char *name = local_name(l, s->var->name);
  Operand lo = ll_expr(l, s->lo), hi = ll_expr(l, s->hi), part[] = {hi, thread};
  if (s->for_kind == FOR_parallel) lo = ll_call(l, index_type, "@nnrt_lo", 2, part);
  if (s->for_kind == FOR_parallel) hi = ll_call(l, index_type, "@nnrt_hi", 2, part);
  int n = ++l->last;
  set_print(l, name, lo);
  ll_jump(l, "head", "head", n);
  Operand i = ll_new(l, index_type, FORMAT("load i64, ptr %s", name));
  ll_branch(l, ll_binary(l, "icmp slt", i, hi).name, "body", "exit", n);
  ll_name_put(l, s->var, i.name);
  block_print(l, &s->body);
  set_print(l, name, ll_binary(l, "add nsw", i, ll_number(l, index_type, s->step)));
  ll_jump(l, "head", "exit", n);
}

static void if_print(Printer *l, const Stmt *s) {
  Operand condition = ll_expr(l, s->expr);
  int n = ++l->last;
  ll_branch(l, condition.name, "then", "else", n);
  block_print(l, &s->body);
  ll_jump(l, "end", "else", n);
  block_print(l, &s->other);
  ll_jump(l, "end", "end", n);
}

static void store_print(Printer *l, const Stmt *s) {
  Operand p = address(l, s->buffer, ll_expr(l, s->index)), v = ll_expr(l, s->expr);
  store_to(l, v, p, s->mask);
}

static void prefetch_print(Printer *l, const Stmt *s) {
  const Type t = {DT_i32, 1};
  Operand given[] = {address(l, s->buffer, ll_expr(l, s->index)), ll_number(l, t, 0), ll_number(l, t, 2),
                     ll_number(l, t, 1)};
  ll_call(l, void_type, "@llvm.prefetch.p0", 4, given);
}

static Operand row_address(Printer *l, const Buffer *b, Operand index, Operand stride, int row) {
  return address(l, b, ll_binary(l, "add", index, ll_binary(l, "mul", stride, ll_number(l, index_type, row))));
}

static void transpose_print(Printer *l, const Stmt *s) {
  Type t = memory_type(type_of(s->buffer->dtype, s->lanes));
  Operand row[TRANSPOSE_MAX], next[TRANSPOSE_MAX], to = ll_expr(l, s->index), stride = ll_expr(l, s->stride);
  Operand from = ll_expr(l, s->source_index), source_stride = ll_expr(l, s->source_stride);
  for (int i = 0; i < s->lanes; ++i) row[i] = load_from(l, t, row_address(l, s->source, from, source_stride, i), NULL);
  for (int step = 0; 1 << step < s->lanes; ++step) {
    for (int i = 0; i < s->lanes; ++i) {
      Shuffle x = transpose_shuffle(s->lanes, dtype_info[t.dtype].bytes, step, i);
      Operand lanes = ll_numbers(l, s->lanes, x.lane);
      next[i] = ll_list(l, t, "shufflevector", 3, (Operand[]){row[x.first], row[x.second], lanes});
    }
    memcpy(row, next, sizeof row);
  }
  for (int i = 0; i < s->lanes; ++i) store_to(l, row[i], row_address(l, s->buffer, to, stride, i), NULL);
}

static void routine_print(Printer *l, const Stmt *s) {
  int n = s->passed.n;
  Operand *args = NEW_N(l->arena, Operand, n + 1);
  for (int i = 0; i < n; ++i) {
    const RoutineArg *x = &s->passed.at[i];
    args[i] = ll_expr(l, x->value);
    if (x->buffer) args[i] = address(l, x->buffer, args[i]);
  }
  ll_declare(l, void_type, FORMAT("@%s", s->routine->name), n, args);
  ll_call(l, void_type, FORMAT("@%s", s->routine->name), n, args);
}

static void stmt_print(Printer *l, const Stmt *s) {
  switch (s->kind) {
  case S_for: for_print(l, s); return;
  case S_let:
    if (is_used(&l->used, s->var)) ll_name_put(l, s->var, ll_expr(l, s->expr).name);
    return;
  case S_var:
  case S_set: set_print(l, local_name(l, s->var->name), ll_expr(l, s->expr)); return;
  case S_store: store_print(l, s); return;
  case S_prefetch: prefetch_print(l, s); return;
  case S_transpose: transpose_print(l, s); return;
  case S_routine: routine_print(l, s); return;
  case S_if: if_print(l, s); return;
  case S_block:
    if (s->loc.file) comment(l, "  ", FORMAT("%s:%d %s", s->loc.file, s->loc.line, s->text ? s->text : ""));
    block_print(l, &s->body);
    return;
  case S_local: return;
  case S_return: ll_list(l, void_type, "ret", 1, (Operand[]){ll_expr(l, s->expr)}); return;
  case S_call:
  case S_while:
  case S_barrier: bug("emit: a host statement in a kernel");
  }
}

static void block_print(Printer *l, const Block *b) {
  for (int i = 0; i < b->n; ++i) stmt_print(l, b->at[i]);
}

/* ---- functions ---- */
static void alloca_print(void *context, Stmt *s, int depth) {
  (void)depth;
  Printer *l = context;
  const Buffer *b = s->local_buffer;
  bool mutable = s->kind == S_var || s->kind == S_for; /* one variable may run several loops */
  if (mutable && !map_get(&l->locals, s->var->name))
    text_printf(l->out, "  %s = alloca %s\n", local_name(l, s->var->name), ll_type(l, s->var->type));
  if (mutable) map_put(&l->locals, s->var->name, s->var);
  if (s->kind == S_local)
    text_printf(l->out, "  %s = alloca [%" PRId64 " x %s], align %d\n", local_name(l, b->name), b->count,
                dtype_info[b->dtype].llvm, b->align);
}

static const char *params_text(Printer *l, const Kernel *k) {
  Text text;
  text_init(&text, l->arena);
  for (int i = 0; i < k->params.n; ++i) {
    const Buffer *b = k->params.at[i];
    text_printf(&text, "%sptr%s%s align %d %s", i ? ", " : "", buffer_is_restrict(k, i) ? " noalias" : "",
                b->written ? "" : " readonly", b->align, local_name(l, b->name));
  }
  for (int i = 0; i < k->scalars.n; ++i) {
    const Var *v = k->scalars.at[i];
    ll_name_put(l, v, local_name(l, v->name));
    text_printf(&text, "%s%s %s", text.n ? ", " : "", ll_type(l, v->type), ll_name_get(l, v));
  }
  if (!k->result.lanes && !kernel_is_serial(k)) text_printf(&text, "%sptr %%thread", text.n ? ", " : "");
  return text_str(&text);
}

static void kernel_emit(Printer *l, const Kernel *k) {
  bool function = k->result.lanes > 0;
  l->last = 0;
  intern_init(&l->values, l->arena);
  used_init(&l->used, l->arena, k);
  if (k->comment) comment(l, "", k->comment);
  for (int i = 0; i < k->locs.n; ++i) comment(l, "", FORMAT("%s:%d", k->locs.at[i].file, k->locs.at[i].line));
  text_printf(l->out, "define internal %s @%s(%s) #%d {\n", ll_type(l, k->result), sheet_name(l->sheet, k, k->name),
              params_text(l, k), function);
  map_init(&l->locals, l->arena);
  block_walk(&k->body, 0, alloca_print, l);
  block_print(l, &k->body);
  text_puts(l->out, function ? "}\n\n" : "  ret void\n}\n\n");
}

/* ---- constants and tables ---- */
static const char *bytes_text(Printer *l, const void *data, size_t n) {
  Text text;
  text_init(&text, l->arena);
  for (const unsigned char *c = data, *end = c + n; c < end; ++c)
    text_printf(&text, *c == '"' || *c == '\\' || *c < 32 || *c > 126 ? "\\%02X" : "%c", *c);
  return text_str(&text);
}

/* Elements as the host's bytes: LLVM objects are made for little-endian machines, as is every host of nnc. */
static void array_emit(Printer *l, const char *name, const Tensor *t) {
  size_t n = (size_t)shape_count(t->shape) * (size_t)dtype_info[t->dtype].bytes;
  text_printf(l->out, "@%s = internal constant [%zu x i8] c\"%s\", align 64\n", name, n, bytes_text(l, t->data, n));
}

static const char *string_name(Printer *l, const char *s) {
  const char *name = map_get(&l->strings, s);
  if (name) return name;
  name = FORMAT("@nnc.text.%d", l->strings.n);
  map_put(&l->strings, s, (void *)name);
  text_printf(l->out, "%s = private unnamed_addr constant [%zu x i8] c\"%s\\00\"\n", name, strlen(s) + 1,
              bytes_text(l, s, strlen(s)));
  return name;
}

/* An object of the runtime, declared when it is first named. */
static const char *symbol_name(Printer *l, const char *symbol) {
  const char *name = map_get(&l->strings, symbol);
  if (name) return name;
  name = FORMAT("@%s", symbol);
  map_put(&l->strings, symbol, (void *)name);
  text_printf(l->out, "%s = external constant i8\n", name);
  return name;
}

static Type field_type(FieldKind kind) {
  static const int dtypes[] = {
      [FIELD_int] = DT_i32,       [FIELD_dtype] = DT_i32,    [FIELD_source] = DT_i32,    [FIELD_i64] = DT_i64,
      [FIELD_u64] = DT_i64,       [FIELD_f64] = DT_f64,      [FIELD_text] = DT_pointer,  [FIELD_dims] = DT_dims,
      [FIELD_table] = DT_pointer, [FIELD_code] = DT_pointer, [FIELD_symbol] = DT_pointer};
  return type_of((DType)dtypes[kind], 1);
}

static const char *dims_text(Printer *l, const Shape *s) {
  Operand dim[RANK_MAX];
  for (int i = 0; i < RANK_MAX; ++i) dim[i] = ll_number(l, index_type, i < s->rank ? s->dim[i] : 0);
  return FORMAT("[%s]", ll_operands(l, RANK_MAX, dim));
}

static const char *cell_text(Printer *l, FieldKind kind, const Cell *c) {
  switch (kind) {
  case FIELD_f64: return ll_scalar(l, DT_f64, c->f, 0);
  case FIELD_text: return c->text ? string_name(l, c->text) : "null";
  case FIELD_table: return c->table ? FORMAT("@%s", c->table->name) : "null";
  case FIELD_symbol: return c->text ? symbol_name(l, c->text) : "null";
  case FIELD_code: return c->host ? FORMAT("@%s", host_name(l->sheet, c->host, c->i)) : "null";
  case FIELD_dims: return dims_text(l, c->shape);
  default: return ll_scalar(l, DT_i64, 0, c->i);
  }
}

/* Of a record, or of a list of bare values. */
static const char *row_type(Printer *l, const Record *r) {
  return r->fields[0].name ? FORMAT("%%%s", r->type) : ll_type(l, field_type(r->fields[0].kind));
}

static const char *row_text(Printer *l, const Record *r, const Cell *cells) {
  Operand *cell = NEW_N(l->arena, Operand, r->n);
  for (int i = 0; i < r->n; ++i)
    cell[i] = (Operand){field_type(r->fields[i].kind), cell_text(l, r->fields[i].kind, &cells[i])};
  const char *text = ll_operands(l, r->n, cell);
  return r->fields[0].name ? FORMAT("%%%s { %s }", r->type, text) : text;
}

static void table_emit(Printer *l, const Table *t) {
  if (t->raw) return array_emit(l, t->name, t->raw);
  Text rows;
  text_init(&rows, l->arena);
  for (int i = 0; i < t->rows; ++i)
    text_printf(&rows, "%s%s", i ? ", " : "", row_text(l, t->record, &t->cells.at[i * t->record->n]));
  const char *type = t->single ? "" : FORMAT("[%d x %s] [", t->rows, row_type(l, t->record));
  text_printf(l->out, "@%s = %sconstant %s%s%s\n", t->name, t->exported ? "" : "internal ", type, text_str(&rows),
              t->single ? "" : "]");
}

static void record_emit(Printer *l, const Record *r) {
  Operand *field = NEW_N(l->arena, Operand, r->n);
  for (int i = 0; i < r->n; ++i) field[i].type = field_type(r->fields[i].kind);
  text_printf(l->out, "%%%s = type { %s }\n", r->type, ll_operands(l, r->n, field));
}

static void tables_emit(Printer *l) {
  const Tables *tables = tables_build(l->sheet);
  for (int i = 0; i < tables->n; ++i) table_emit(l, tables->at[i]);
  if (!l->sheet->options->no_main)
    text_printf(l->out,
                "\ndefine i32 @main(i32 %%argc, ptr %%argv) #2 {\n"
                "  %%code = call i32 @nnrt_main(ptr @%s, i32 %%argc, ptr %%argv)\n  ret i32 %%code\n}\n",
                tables->at[tables->n - 1]->name);
}

/* ---- the module ---- */
static void runtime_emit(Printer *l) {
  static const char *const routines[] = {
#define NNRT(result, name, parameters, llvm) llvm,
#define NNRT_LOCAL(result, name, parameters, value, llvm) "\n" llvm,
#include "../../runtime/abi.def"
  };
  for (size_t i = 0; i < sizeof routines / sizeof *routines; ++i) text_printf(l->out, "%s\n", routines[i]);
  text_puts(l->out, "\n");
}

static void attributes_emit(Printer *l, const Machine *m) {
  static const char *const kinds[] = {"noinline", "alwaysinline", ""};
  int bits = m->lanes[DT_f32] * 32 < 128 ? 128 : m->lanes[DT_f32] * 32;
  for (int i = 0; i < 3; ++i) {
    text_printf(l->out, "attributes #%d = { %s nounwind \"denormal-fp-math\"=\"ieee,ieee\"", i, kinds[i]);
    if (m->llvm_cpu) text_printf(l->out, " \"target-cpu\"=\"%s\"", m->llvm_cpu);
    if (m->llvm_features && *m->llvm_features) text_printf(l->out, " \"target-features\"=\"%s\"", m->llvm_features);
    text_printf(l->out, " \"prefer-vector-width\"=\"%d\" \"min-legal-vector-width\"=\"%d\" }\n", bits, bits);
  }
}

void emit_llvm(Text *out, const Program *p, const EmitOptions *o) {
  Sheet s;
  sheet_init(&s, out, o);
  s.program = p;
  Printer printer = {.sheet = &s, .arena = s.arena, .out = out}, *l = &printer;
  const char *file = p->module->file ? p->module->file : "text";
  map_init(&l->intrinsics, s.arena);
  map_init(&l->strings, s.arena);
  comment(l, "", FORMAT("%s: compiled from %s by %s for %s", p->module->name, file, o->compiler, p->machine->name));
  if (emit_parts(p)) text_puts(out, FORMAT("; link: %s\n", link_text(p)));
  if (p->machine->triple) text_printf(out, "target triple = \"%s\"\n\n", p->machine->triple);
  text_puts(out, "%nnrt_memory = type { ptr, ptr, ptr, ptr, ptr, ptr }\n");
  for (int i = 0; record_at(i); ++i) record_emit(l, record_at(i));
  text_puts(out, "@nnc.zero = internal constant i64 0\n");
  for (int i = 0; i < p->slots.n; ++i) {
    const Slot *slot = p->slots.at[i];
    if (slot->home == HOME_constant && !slot->parent) array_emit(l, constant_name(&s, slot), slot->value);
  }
  runtime_emit(l);
  for (int i = 0; i < p->math.n; ++i) kernel_emit(l, p->math.at[i]);
  for (int i = 0; i < p->kernels.n; ++i) kernel_emit(l, p->kernels.at[i]);
  for (int i = 0; i < p->hosts.n; ++i) {
    ll_host(l, p->hosts.at[i], false);
    if (host_is_profiled(&s, p->hosts.at[i])) ll_host(l, p->hosts.at[i], true);
  }
  tables_emit(l);
  text_puts(out, "\n");
  for (int i = 0; i < l->intrinsics.n; ++i) text_printf(out, "%s\n", l->intrinsics.slots[i].key);
  attributes_emit(l, p->machine);
}
