/* llvm.c: a Program as LLVM IR text, in a subset that has been stable for long (opaque pointers, plain instructions, a
 * dozen intrinsics), with its tables: a whole program, like the C text and with the same bits.
 *
 * The printer keeps no state but numbers: every mutable variable and loop variable is an alloca of the entry block
 * (sroa makes registers of them), every for is head, body and exit, a let is the SSA value of its expression.
 * Elementwise rows are the instruction rows of elementwise.def; only conversions and mulhi are spelled out here. No
 * fast-math flag and no loop metadata stand anywhere, subnormals are kept, and fma is llvm.fma, or nnrt_fmaf where the
 * machine has none. f16 and bf16 are widened to f32 for arithmetic and the result is rounded once. In memory a bool is
 * a byte. */
#include "llvm.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- memory ---- */
static const char *buffer_value(Printer *l, const Buffer *b) {
  return FORMAT("%%%s", identifier_of(l->arena, b->name));
}

static const char *address(Printer *l, const Buffer *b, const char *index) {
  return ll_instruction(
      l, FORMAT("getelementptr inbounds %s, ptr %s, i64 %s", dtype_info[b->dtype].llvm, buffer_value(l, b), index));
}

/* bool lives in memory as bytes. */
static Type memory_type(Type t) { return t.dtype == DT_bool ? ll_retyped(t, DT_u8) : t; }

static const char *load_from(Printer *l, Type t, const char *p, const char *mask) {
  Type in = memory_type(t);
  const char *type = ll_type_text(l, in), *lanes = ll_type_text(l, ll_retyped(t, DT_bool)), *v;
  int align = dtype_info[in.dtype].bytes;
  if (mask && t.lanes > 1) {
    const char *name = FORMAT("@llvm.masked.load.%s.p0", ll_suffix_text(l, in));
    ll_declare(l, FORMAT("declare %s %s(ptr, i32, %s, %s)", type, name, lanes, type));
    v = ll_instruction(
        l, FORMAT("call %s %s(ptr %s, i32 %d, %s %s, %s zeroinitializer)", type, name, p, align, lanes, mask, type));
  } else {
    if (mask) p = ll_instruction(l, FORMAT("select i1 %s, ptr %s, ptr @nnc.zero", mask, p));
    v = ll_instruction(l, FORMAT("load %s, ptr %s, align %d", type, p, align));
  }
  return t.dtype == DT_bool ? ll_binary(l, "icmp ne", in, v, ll_number(l, in, 0)) : v;
}

static void store_to(Printer *l, Type t, const char *v, const char *p, const char *mask) {
  Type in = memory_type(t);
  const char *type = ll_type_text(l, in), *lanes = ll_type_text(l, ll_retyped(t, DT_bool));
  int align = dtype_info[in.dtype].bytes;
  if (t.dtype == DT_bool) v = ll_convert(l, "zext", t, in, v);
  if (mask && t.lanes > 1) {
    const char *name = FORMAT("@llvm.masked.store.%s.p0", ll_suffix_text(l, in));
    ll_declare(l, FORMAT("declare void %s(%s, ptr, i32, %s)", name, type, lanes));
    return ll_line(l, FORMAT("call void %s(%s %s, ptr %s, i32 %d, %s %s)", name, type, v, p, align, lanes, mask));
  }
  int label = ++l->last;
  if (mask) text_printf(l->out, "  br i1 %s, label %%on.%d, label %%off.%d\non.%d:\n", mask, label, label, label);
  ll_line(l, FORMAT("store %s %s, ptr %s, align %d", type, v, p, align));
  if (mask) text_printf(l->out, "  br label %%off.%d\noff.%d:\n", label, label);
}

static const char *load_value(Printer *l, const Expr *e) {
  const char *p = address(l, e->buffer, ll_expr_value(l, e->arg[0]));
  return load_from(l, e->type, p, e->nargs > 1 && e->arg[1] ? ll_expr_value(l, e->arg[1]) : NULL);
}

static const char *mask_value(Printer *l, const Expr *e) {
  Type t = ll_retyped(e->type, DT_i32), index = type_of(DT_i64, 1);
  const char *n = ll_expr_value(l, e->arg[0]), *most = ll_number(l, index, e->type.lanes);
  const char *least = ll_choose(l, ll_binary(l, "icmp slt", index, n, most), index, n, most);
  const char *count = ll_splat(l, t, ll_convert(l, "trunc", index, type_of(DT_i32, 1), least));
  return ll_binary(l, "icmp slt", t, t.lanes == 1 ? "0" : ll_lane_numbers(l, t.lanes, 0, 1), count);
}

static const char *call_value(Printer *l, const Expr *e) {
  Text args;
  text_init(&args, l->arena);
  for (int i = 0; i < e->nargs; ++i) {
    const Expr *x = expr_arg(e, i);
    text_printf(&args, "%s%s %s", i ? ", " : "", ll_type_text(l, x->type), ll_expr_value(l, x));
  }
  return ll_instruction(l, FORMAT("call %s @%s(%s)", ll_type_text(l, e->type),
                                  sheet_name(l->sheet, e->callee, e->callee->name), text_str(&args)));
}

static const char *var_value(Printer *l, const Var *v) {
  const char *value = *intern_slot(&l->values, &v, sizeof v);
  return value ? value
               : ll_instruction(
                     l, FORMAT("load %s, ptr %%%s", ll_type_text(l, v->type), identifier_of(l->arena, v->name)));
}

const char *ll_expr_value(Printer *l, const Expr *e) {
  Type index = type_of(DT_i64, 1);
  switch (e->kind) {
  case E_const: return ll_const_text(l, e->type, e->value.f, e->value.i);
  case E_var: return var_value(l, e->var);
  case E_load: return load_value(l, e);
  case E_op: return ll_op_value(l, e);
  case E_splat: return ll_splat(l, e->type, ll_expr_value(l, e->arg[0]));
  case E_lane: return e->type.lanes == 1 ? "0" : ll_lane_numbers(l, e->type.lanes, 0, 1);
  case E_mask: return mask_value(l, e);
  case E_idiv:
  case E_imod: {
    const char *a = ll_expr_value(l, e->arg[0]);
    return ll_binary(l, e->kind == E_idiv ? "udiv" : "urem", index, a, ll_expr_value(l, e->arg[1]));
  }
  case E_extract:
    return ll_instruction(l, FORMAT("extractelement %s %s, i64 %" PRId64, ll_type_text(l, e->arg[0]->type),
                                    ll_expr_value(l, e->arg[0]), e->value.i));
  case E_call: return call_value(l, e);
  }
  bug("emit: expression kind %d", (int)e->kind);
}

/* ---- transposes in registers ---- */
/* Element of the concatenation of two rows that lane j of a step takes. Unpack: units of `unit` elements of both rows
 * alternate, from the lower or upper half of each group of `group` elements (128 bits). Blocks: every second group. */
static int unpack_lane(int j, int lanes, int group, int unit, int upper) {
  int p = j % group, from = j - p + (upper ? group / 2 : 0) + p / (2 * unit) * unit + p % unit;
  return p / unit % 2 ? lanes + from : from;
}

static int block_lane(int j, int group, int odd) { return (2 * (j / group) + odd) * group + j % group; }

static const char *shuffle(Printer *l, Type t, const char *a, const char *b, int group, int unit, int second) {
  Text mask;
  text_init(&mask, l->arena);
  for (int j = 0; j < t.lanes; ++j)
    text_printf(&mask, "%si32 %d", j ? ", " : "<",
                unit ? unpack_lane(j, t.lanes, group, unit, second) : block_lane(j, group, second));
  const char *type = ll_type_text(l, t);
  return ll_instruction(
      l, FORMAT("shufflevector %s %s, %s %s, <%d x i32> %s>", type, a, type, b, t.lanes, text_str(&mask)));
}

/* First each group x group block in itself, then the blocks among the rows. */
static void transpose_rows(Printer *l, Type t, const char **row) {
  const char *next[16];
  int n = t.lanes, group = 16 / dtype_info[t.dtype].bytes;
  if (group > n) group = n;
  for (int unit = 1; unit < group; unit *= 2) {
    for (int i = 0; i < n; ++i) {
      int first = i - i % (2 * unit) + i % (2 * unit) / 2;
      next[i] = shuffle(l, t, row[first], row[first + unit], group, unit, i % 2);
    }
    memcpy(row, next, sizeof next);
  }
  for (int done = group; done < n; done *= 2) {
    int blocks = n / group;
    for (int i = 0; i < n; ++i) {
      int at = i / group, pair = at % (blocks / 2) * 2 * group + i % group;
      next[i] = shuffle(l, t, row[pair], row[pair + group], group, 0, at >= blocks / 2);
    }
    memcpy(row, next, sizeof next);
  }
}

static void transpose_print(Printer *l, const Stmt *s) {
  Type t = memory_type(type_of(s->buffer->dtype, s->lanes)), index = type_of(DT_i64, 1);
  const char *row[16], *to = ll_expr_value(l, s->index), *stride = ll_expr_value(l, s->stride);
  const char *from = ll_expr_value(l, s->source_index), *source_stride = ll_expr_value(l, s->source_stride);
  for (int i = 0; i < s->lanes; ++i) {
    const char *offset = ll_binary(l, "mul", index, source_stride, ll_number(l, index, i));
    row[i] = load_from(l, t, address(l, s->source, ll_binary(l, "add", index, from, offset)), NULL);
  }
  transpose_rows(l, t, row);
  for (int i = 0; i < s->lanes; ++i) {
    const char *offset = ll_binary(l, "mul", index, stride, ll_number(l, index, i));
    store_to(l, t, row[i], address(l, s->buffer, ll_binary(l, "add", index, to, offset)), NULL);
  }
}

/* ---- statements ---- */
static void block_print(Printer *l, const Block *b);

static void bind(Printer *l, const Var *v, const char *value) {
  *intern_slot(&l->values, &v, sizeof v) = (void *)value;
}
static void label(Printer *l, const char *name, int n) { text_printf(l->out, "%s.%d:\n", name, n); }

static void comment(Printer *l, const char *indent, const char *text) {
  text_printf(l->out, "%s; %s\n", indent, comment_safe(l->arena, text));
}

static void for_print(Printer *l, const Stmt *s) {
  const char *name = identifier_of(l->arena, s->var->name), *lo, *hi;
  if (s->for_kind == FOR_parallel) {
    lo = ll_instruction(l, FORMAT("call i64 @nnrt_lo(i64 %" PRId64 ", ptr %%thread)", s->hi->value.i));
    hi = ll_instruction(l, FORMAT("call i64 @nnrt_hi(i64 %" PRId64 ", ptr %%thread)", s->hi->value.i));
  } else {
    lo = ll_expr_value(l, s->lo);
    hi = ll_expr_value(l, s->hi);
  }
  int n = ++l->last;
  ll_line(l, FORMAT("store i64 %s, ptr %%%s", lo, name));
  ll_line(l, FORMAT("br label %%head.%d", n));
  label(l, "head", n);
  const char *i = ll_instruction(l, FORMAT("load i64, ptr %%%s", name));
  const char *more = ll_instruction(l, FORMAT("icmp slt i64 %s, %s", i, hi));
  ll_line(l, FORMAT("br i1 %s, label %%body.%d, label %%exit.%d", more, n, n));
  label(l, "body", n);
  bind(l, s->var, i);
  block_print(l, &s->body);
  const char *next = ll_instruction(l, FORMAT("add nsw i64 %s, %" PRId64, i, s->step));
  ll_line(l, FORMAT("store i64 %s, ptr %%%s", next, name));
  ll_line(l, FORMAT("br label %%head.%d", n));
  label(l, "exit", n);
}

static void if_print(Printer *l, const Stmt *s) {
  const char *condition = ll_expr_value(l, s->expr);
  int n = ++l->last;
  ll_line(l, FORMAT("br i1 %s, label %%then.%d, label %%else.%d", condition, n, n));
  label(l, "then", n);
  block_print(l, &s->body);
  ll_line(l, FORMAT("br label %%end.%d", n));
  label(l, "else", n);
  block_print(l, &s->other);
  ll_line(l, FORMAT("br label %%end.%d", n));
  label(l, "end", n);
}

static void store_print(Printer *l, const Stmt *s) {
  const char *p = address(l, s->buffer, ll_expr_value(l, s->index)), *v = ll_expr_value(l, s->expr);
  store_to(l, s->expr->type, v, p, s->mask ? ll_expr_value(l, s->mask) : NULL);
}

static void stmt_print(Printer *l, const Stmt *s) {
  switch (s->kind) {
  case S_for: for_print(l, s); return;
  case S_let:
    if (is_used(&l->used, s->var)) bind(l, s->var, ll_expr_value(l, s->expr));
    return;
  case S_var:
  case S_set: {
    const char *v = ll_expr_value(l, s->expr);
    ll_line(l,
            FORMAT("store %s %s, ptr %%%s", ll_type_text(l, s->var->type), v, identifier_of(l->arena, s->var->name)));
    return;
  }
  case S_store: store_print(l, s); return;
  case S_transpose: transpose_print(l, s); return;
  case S_if: if_print(l, s); return;
  case S_block:
    if (s->loc.file) comment(l, "  ", FORMAT("%s:%d %s", s->loc.file, s->loc.line, s->text ? s->text : ""));
    block_print(l, &s->body);
    return;
  case S_local: return;
  case S_return: ll_line(l, FORMAT("ret %s %s", ll_type_text(l, s->expr->type), ll_expr_value(l, s->expr))); return;
  case S_call:
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
  bool variable = s->kind == S_var || s->kind == S_for;
  const void *object = variable ? (const void *)s->var : s->kind == S_local ? (const void *)s->local_buffer : NULL;
  void **slot = object ? intern_slot(&l->slots, &object, sizeof object) : NULL;
  if (!slot || *slot) return;
  *slot = l;
  if (variable)
    ll_line(l, FORMAT("%%%s = alloca %s", identifier_of(l->arena, s->var->name), ll_type_text(l, s->var->type)));
  else
    ll_line(l, FORMAT("%s = alloca [%" PRId64 " x %s], align %d", buffer_value(l, s->local_buffer),
                      s->local_buffer->count, dtype_info[s->local_buffer->dtype].llvm, s->local_buffer->align));
}

static void printer_reset(Printer *l, const Kernel *k) {
  l->last = 0;
  intern_init(&l->values, l->arena);
  intern_init(&l->slots, l->arena);
  used_init(&l->used, l->arena, k);
}

static const char *params_text(Printer *l, const Kernel *k) {
  Text text;
  text_init(&text, l->arena);
  for (int i = 0; i < k->params.n; ++i) {
    const Buffer *b = k->params.at[i];
    text_printf(&text, "%sptr%s%s align %d %s", i ? ", " : "", buffer_is_restrict(k, i) ? " noalias" : "",
                b->written ? "" : " readonly", b->align, buffer_value(l, b));
  }
  for (int i = 0; i < k->scalars.n; ++i) {
    const Var *v = k->scalars.at[i];
    const char *name = FORMAT("%%%s", identifier_of(l->arena, v->name));
    text_printf(&text, "%s%s %s", text.n ? ", " : "", ll_type_text(l, v->type), name);
    bind(l, v, name);
  }
  if (!k->result.lanes && !kernel_is_serial(k)) text_printf(&text, "%sptr %%thread", text.n ? ", " : "");
  return text_str(&text);
}

static void kernel_emit(Printer *l, const Kernel *k) {
  bool function = k->result.lanes > 0;
  printer_reset(l, k);
  if (k->comment) comment(l, "", k->comment);
  for (int i = 0; i < k->locs.n; ++i) comment(l, "", FORMAT("%s:%d", k->locs.at[i].file, k->locs.at[i].line));
  text_printf(l->out, "define internal %s @%s(%s) #%d {\n", function ? ll_type_text(l, k->result) : "void",
              sheet_name(l->sheet, k, k->name), params_text(l, k), function ? 1 : 0);
  block_walk(&k->body, 0, alloca_print, l);
  block_print(l, &k->body);
  text_puts(l->out, function ? "}\n\n" : "  ret void\n}\n\n");
}

/* ---- host functions ---- */
static const char *slot_value(Printer *l, const Slot *slot) {
  static const char *const home[] = {[HOME_params] = "params",
                                     [HOME_state] = "state",
                                     [HOME_scratch] = "scratch",
                                     [HOME_input] = "input",
                                     [HOME_output] = "output"};
  if (slot->home == HOME_constant) return FORMAT("@%s", sheet_name(l->sheet, slot, FORMAT("constant_%d", slot->id)));
  void **value = intern_slot(&l->values, &slot, sizeof slot);
  if (*value) return *value;
  return *value = (void *)ll_instruction(
             l, FORMAT("getelementptr inbounds i8, ptr %%%s, i64 %" PRId64, home[slot->home], slot->offset));
}

static void call_emit(Printer *l, const Stmt *s) {
  bool serial = kernel_is_serial(s->kernel);
  Text args;
  text_init(&args, l->arena);
  for (int i = 0; i < s->args.n; ++i) text_printf(&args, "%sptr %s", i ? ", " : "", slot_value(l, s->args.at[i]));
  if (!serial) text_printf(&args, "%sptr %%thread", args.n ? ", " : "");
  int n = ++l->last;
  if (serial) text_printf(l->out, "  br i1 %%first, label %%on.%d, label %%off.%d\non.%d:\n", n, n, n);
  ll_line(l, FORMAT("call void @%s(%s)", sheet_name(l->sheet, s->kernel, s->kernel->name), text_str(&args)));
  if (serial) text_printf(l->out, "  br label %%off.%d\noff.%d:\n", n, n);
}

static void host_emit(Printer *l, const Host *h) {
  static const char *const home[] = {"params", "state", "scratch", "output", "input"}; /* the order of nnrt_memory */
  l->last = 0;
  intern_init(&l->values, l->arena);
  text_printf(l->out, "define internal void @%s(ptr noalias readonly %%memory, ptr %%thread) #2 {\n",
              sheet_name(l->sheet, h, h->name));
  for (int i = 0; i < 5; ++i) {
    text_printf(l->out, "  %%%s.at = getelementptr inbounds %%nnrt_memory, ptr %%memory, i32 0, i32 %d\n", home[i], i);
    text_printf(l->out, "  %%%s = load ptr, ptr %%%s.at\n", home[i], home[i]);
  }
  text_puts(l->out, "  %id = load i32, ptr %thread\n  %first = icmp eq i32 %id, 0\n");
  for (int i = 0; i < h->body.n; ++i) /* all addresses first: calls of serial kernels open blocks */
    for (int k = 0; k < h->body.at[i]->args.n; ++k) slot_value(l, h->body.at[i]->args.at[k]);
  for (int i = 0; i < h->body.n; ++i)
    if (h->body.at[i]->kind == S_call)
      call_emit(l, h->body.at[i]);
    else
      ll_line(l, "call void @nnrt_barrier(ptr %thread)");
  text_puts(l->out, "  ret void\n}\n\n");
}

/* ---- constants and tables ---- */
static const char *bytes_text(Printer *l, const void *data, size_t n) {
  Text text;
  text_init(&text, l->arena);
  for (size_t i = 0; i < n; ++i) {
    unsigned char c = ((const unsigned char *)data)[i];
    text_printf(&text, c == '"' || c == '\\' || c < 32 || c > 126 ? "\\%02X" : "%c", c);
  }
  return text_str(&text);
}

/* Elements as the host's bytes: LLVM objects are made for little-endian machines, as is every host of nnc. */
static void array_emit(Printer *l, const char *name, const Tensor *t) {
  size_t n = (size_t)shape_count(t->shape) * (size_t)dtype_info[t->dtype].bytes;
  text_printf(l->out, "@%s = internal constant [%zu x i8] c\"%s\", align 64\n", name, n, bytes_text(l, t->data, n));
}

static const char *string_value(Printer *l, const char *s) {
  const char *name = map_get(&l->strings, s);
  if (name) return name;
  name = FORMAT("@nnc.text.%d", l->strings.n);
  map_put(&l->strings, s, (void *)name);
  return name;
}

static const char *cell_value(Printer *l, FieldKind kind, const Cell *c) {
  Text text;
  switch (kind) {
  case FIELD_int:
  case FIELD_dtype:
  case FIELD_source: return FORMAT("i32 %" PRId64, c->i);
  case FIELD_i64:
  case FIELD_u64: return FORMAT("i64 %" PRId64, c->i);
  case FIELD_f64: return FORMAT("double %s", ll_scalar_const(l, DT_f64, c->f, 0));
  case FIELD_text: return c->text ? FORMAT("ptr %s", string_value(l, c->text)) : "ptr null";
  case FIELD_table: return c->table ? FORMAT("ptr @%s", c->table->name) : "ptr null";
  case FIELD_code: return c->host ? FORMAT("ptr @%s", sheet_name(l->sheet, c->host, c->host->name)) : "ptr null";
  case FIELD_dims:
    text_init(&text, l->arena);
    for (int i = 0; i < RANK_MAX; ++i)
      text_printf(&text, "%si64 %" PRId64, i ? ", " : "[8 x i64] [", i < c->shape->rank ? c->shape->dim[i] : 0);
    return FORMAT("%s]", text_str(&text));
  }
  return NULL;
}

static const char *row_value(Printer *l, const Record *r, const Cell *cells) {
  Text text;
  if (!r->fields[0].name) return cell_value(l, r->fields[0].kind, cells);
  text_init(&text, l->arena);
  for (int i = 0; i < r->n; ++i) text_printf(&text, "%s%s", i ? ", " : "", cell_value(l, r->fields[i].kind, &cells[i]));
  return FORMAT("%%%s { %s }", r->type, text_str(&text));
}

static const char *record_type(Printer *l, const Record *r) {
  if (r->fields[0].name) return FORMAT("%%%s", r->type);
  return r->fields[0].kind == FIELD_int ? "i32" : "ptr";
}

static void table_emit(Printer *l, const Table *t) {
  if (t->raw) return array_emit(l, t->name, t->raw);
  text_printf(l->out, "@%s = %sconstant ", t->name, t->exported ? "" : "internal ");
  if (t->single) {
    text_printf(l->out, "%s\n", row_value(l, t->record, t->cells.at));
    return;
  }
  text_printf(l->out, "[%d x %s] [", t->rows, record_type(l, t->record));
  for (int i = 0; i < t->rows; ++i)
    text_printf(l->out, "%s%s", i ? ", " : "", row_value(l, t->record, &t->cells.at[i * t->record->n]));
  text_puts(l->out, "]\n");
}

static void record_emit(Printer *l, const Record *r) {
  static const char *const types[] = {
      [FIELD_int] = "i32",  [FIELD_dtype] = "i32",     [FIELD_source] = "i32", [FIELD_i64] = "i64",
      [FIELD_u64] = "i64",  [FIELD_f64] = "double",    [FIELD_text] = "ptr",   [FIELD_table] = "ptr",
      [FIELD_code] = "ptr", [FIELD_dims] = "[8 x i64]"};
  text_printf(l->out, "%%%s = type { ", r->type);
  for (int i = 0; i < r->n; ++i) text_printf(l->out, "%s%s", i ? ", " : "", types[r->fields[i].kind]);
  text_puts(l->out, " }\n");
}

static void tables_emit(Printer *l) {
  const Tables *tables = tables_build(l->sheet);
  for (int i = 0; i < tables->n; ++i) table_emit(l, tables->at[i]);
  for (int i = 0; i < l->strings.n; ++i) {
    const char *s = l->strings.slots[i].key;
    text_printf(l->out, "%s = private unnamed_addr constant [%zu x i8] c\"%s\\00\"\n",
                (char *)l->strings.slots[i].value, strlen(s) + 1, bytes_text(l, s, strlen(s)));
  }
  if (!l->sheet->options->no_main)
    text_printf(l->out,
                "\ndefine i32 @main(i32 %%argc, ptr %%argv) #2 {\n"
                "  %%code = call i32 @nnrt_main(ptr @%s, i32 %%argc, ptr %%argv)\n  ret i32 %%code\n}\n",
                tables->at[tables->n - 1]->name);
}

/* ---- the module ---- */
static void runtime_emit(Printer *l) {
  static const char *const declarations[] = {
#define NNRT(result, name, parameters, llvm) llvm,
#include "../../runtime/abi.def"
#undef NNRT
  };
  for (size_t i = 0; i < sizeof declarations / sizeof *declarations; ++i) text_printf(l->out, "%s\n", declarations[i]);
  static const char *const part[2][2] = {{"lo", "%id"}, {"hi", "%next"}};
  for (int i = 0; i < 2; ++i)
    text_printf(l->out,
                "\ndefine internal i64 @nnrt_%s(i64 %%count, ptr %%thread) #1 {\n"
                "  %%id.32 = load i32, ptr %%thread\n"
                "  %%at = getelementptr inbounds i8, ptr %%thread, i64 4\n"
                "  %%threads.32 = load i32, ptr %%at\n"
                "  %%id = sext i32 %%id.32 to i64\n"
                "  %%threads = sext i32 %%threads.32 to i64\n"
                "  %%next = add i64 %%id, 1\n"
                "  %%product = mul i64 %%count, %s\n"
                "  %%part = sdiv i64 %%product, %%threads\n"
                "  ret i64 %%part\n}\n",
                part[i][0], part[i][1]);
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
  Printer l = {.sheet = &s, .arena = s.arena, .out = out};
  map_init(&l.intrinsics, s.arena);
  map_init(&l.strings, s.arena);
  comment(&l, "",
          arena_printf(s.arena, "%s: compiled from %s by %s for %s", p->module->name,
                       p->module->file ? p->module->file : "text", o->compiler, p->machine->name));
  if (p->machine->triple) text_printf(out, "target triple = \"%s\"\n\n", p->machine->triple);
  text_puts(out, "%nnrt_memory = type { ptr, ptr, ptr, ptr, ptr }\n");
  for (int i = 0; record_at(i); ++i) record_emit(&l, record_at(i));
  text_puts(out, "@nnc.zero = internal constant i64 0\n");
  for (int i = 0; i < p->slots.n; ++i) {
    const Slot *slot = p->slots.at[i];
    if (slot->home == HOME_constant) array_emit(&l, slot_value(&l, slot) + 1, slot->value);
  }
  runtime_emit(&l);
  for (int i = 0; i < p->math.n; ++i) kernel_emit(&l, p->math.at[i]);
  for (int i = 0; i < p->kernels.n; ++i) kernel_emit(&l, p->kernels.at[i]);
  for (int i = 0; i < p->hosts.n; ++i) host_emit(&l, p->hosts.at[i]);
  tables_emit(&l);
  text_puts(out, "\n");
  for (int i = 0; i < l.intrinsics.n; ++i) text_printf(out, "%s\n", l.intrinsics.slots[i].key);
  attributes_emit(&l, p->machine);
}
