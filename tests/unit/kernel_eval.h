/* kernel_eval.h: runs functions and kernels of the kernel IR by walking their trees, one lane after the other, for
 * tests. Slow and plain; what it knows of arithmetic comes from elementwise.def's laws and C's fmaf, nothing from the
 * printers. */
#ifndef KERNEL_EVAL_H
#define KERNEL_EVAL_H

#include "kernel/kernel.h"

#include <math.h>
#include <stdlib.h>

enum { EVAL_LANES = 64, EVAL_NAMES = 512 };

typedef struct EvalValue {
  Type type;
  union EvalLane {
    double f; /* floats: f32 is kept rounded */
    int64_t i;
  } lane[EVAL_LANES];
} EvalValue;

typedef struct EvalMemory {
  const Buffer *buffer;
  union EvalLane *at;
} EvalMemory;

typedef struct EvalFrame {
  int nvars, nbuffers;
  struct {
    const Var *var;
    EvalValue value;
  } vars[EVAL_NAMES];
  EvalMemory buffers[32];
  EvalValue result;
} EvalFrame;

static void eval_function(const Kernel *k, const EvalValue *args, EvalValue *result);
static void eval_expr(EvalFrame *f, const Expr *e, EvalValue *out);

static inline int64_t eval_wrap(DType t, int64_t x) {
  switch (t) {
  case DT_i32: return (int32_t)x;
  case DT_u32: return (uint32_t)x;
  case DT_u8: return (uint8_t)x;
  case DT_bool: return x & 1;
  default: return x;
  }
}

static inline double eval_float(Op op, bool single, double a, double b, double c) {
  switch (op) {
  case OP_neg: return -a;
  case OP_abs: return fabs(a);
  case OP_floor: return floor(a);
  case OP_sqrt: return single ? (double)sqrtf((float)a) : sqrt(a);
  case OP_add: return single ? (double)((float)a + (float)b) : a + b;
  case OP_sub: return single ? (double)((float)a - (float)b) : a - b;
  case OP_mul: return single ? (double)((float)a * (float)b) : a * b;
  case OP_div: return single ? (double)((float)a / (float)b) : a / b;
  case OP_fma: return single ? (double)fmaf((float)a, (float)b, (float)c) : fma(a, b, c);
  case OP_minimum: return a != a || a < b ? a : b;
  case OP_maximum: return a != a || a > b ? a : b;
  default: abort();
  }
}

static inline int64_t eval_integer(Op op, DType t, int64_t a, int64_t b) {
  int bits = 8 * dtype_info[t].bytes;
  uint64_t mask = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
  bool out = b < 0 || b >= bits;
  switch (op) {
  case OP_neg: return (int64_t)(0 - (uint64_t)a);
  case OP_abs: return a < 0 ? -a : a;
  case OP_add: return (int64_t)((uint64_t)a + (uint64_t)b);
  case OP_sub: return (int64_t)((uint64_t)a - (uint64_t)b);
  case OP_mul: return (int64_t)((uint64_t)a * (uint64_t)b);
  case OP_and: return a & b;
  case OP_or: return a | b;
  case OP_xor: return a ^ b;
  case OP_not: return ~a;
  case OP_shl: return out ? 0 : (int64_t)(((uint64_t)a << b) & mask);
  case OP_shr:
    if (dtype_info[t].kind == KIND_SIGNED) return a >> (out ? bits - 1 : b);
    return out ? 0 : (int64_t)(((uint64_t)a & mask) >> b);
  case OP_mulhi: return (int64_t)(((uint64_t)a & mask) * ((uint64_t)b & mask) >> 32);
  case OP_minimum: return a < b ? a : b;
  case OP_maximum: return a > b ? a : b;
  default: abort();
  }
}

static inline bool eval_compare(Op op, bool is_float, union EvalLane a, union EvalLane b) {
  if (op == OP_lt) return is_float ? a.f < b.f : a.i < b.i;
  if (op == OP_le) return is_float ? a.f <= b.f : a.i <= b.i;
  return is_float ? a.f == b.f : a.i == b.i;
}

static inline union EvalLane eval_bitcast(DType from, DType to, union EvalLane a) {
  union EvalLane r = a;
  if (from == DT_f32) {
    float x = (float)a.f;
    int32_t n;
    memcpy(&n, &x, 4);
    r.i = eval_wrap(to, n);
  } else if (to == DT_f32) {
    int32_t n = (int32_t)a.i;
    float x;
    memcpy(&x, &n, 4);
    r.f = x;
  } else if (from != DT_f64 && to != DT_f64) {
    r.i = eval_wrap(to, a.i);
  } /* f64 and i64 share the union's bits */
  return r;
}

static inline union EvalLane eval_cast(DType from, DType to, union EvalLane a) {
  union EvalLane r;
  if (dtype_is_float(to)) {
    double x = dtype_is_float(from) ? a.f : (double)a.i;
    r.f = to == DT_f32 ? (double)(float)(dtype_is_float(from) ? x : (float)a.i) : x;
  } else {
    r.i = eval_wrap(to, dtype_is_float(from) ? (int64_t)a.f : a.i);
  }
  return r;
}

static inline union EvalLane eval_lane(const Expr *e, const EvalValue *x, int l) {
  union EvalLane a = x[0].lane[l], b = x[1].lane[l], c = x[2].lane[l], r;
  DType t = x[0].type.dtype;
  switch (e->op) {
  case OP_where: return a.i ? b : c;
  case OP_cast: return eval_cast(t, e->type.dtype, a);
  case OP_bitcast: return eval_bitcast(t, e->type.dtype, a);
  case OP_lt:
  case OP_le:
  case OP_eq: r.i = eval_compare(e->op, dtype_is_float(t), a, b); return r;
  default: break;
  }
  if (dtype_is_float(t))
    r.f = eval_float(e->op, t == DT_f32, a.f, b.f, c.f);
  else
    r.i = eval_wrap(t, eval_integer(e->op, t, a.i, b.i));
  return r;
}

static inline union EvalLane *eval_memory(EvalFrame *f, const Buffer *b) {
  for (int i = f->nbuffers - 1; i >= 0; --i)
    if (f->buffers[i].buffer == b) return f->buffers[i].at;
  abort();
}

static inline EvalValue *eval_var(EvalFrame *f, const Var *v) {
  for (int i = f->nvars - 1; i >= 0; --i)
    if (f->vars[i].var == v) return &f->vars[i].value;
  if (f->nvars == EVAL_NAMES) abort();
  f->vars[f->nvars].var = v;
  return &f->vars[f->nvars++].value;
}

static inline int64_t eval_index(EvalFrame *f, const Expr *e) {
  EvalValue v;
  eval_expr(f, e, &v);
  return v.lane[0].i;
}

static inline void eval_load(EvalFrame *f, const Expr *e, EvalValue *out) {
  int64_t at = eval_index(f, e->arg[0]);
  EvalValue mask;
  if (e->nargs > 1) eval_expr(f, e->arg[1], &mask);
  const union EvalLane zero = {.i = 0};
  for (int l = 0; l < e->type.lanes; ++l) {
    bool on = e->nargs < 2 || mask.lane[l].i;
    if (on && (at + l < 0 || at + l >= e->buffer->count)) abort();
    out->lane[l] = on ? eval_memory(f, e->buffer)[at + l] : zero;
  }
}

static inline void eval_inner(EvalFrame *f, const Expr *e, EvalValue *out) {
  EvalValue args[8];
  memset(args, 0, sizeof *args * 3);
  for (int i = 0; i < e->nargs; ++i) eval_expr(f, expr_arg(e, i), &args[i]);
  if (e->kind == E_call) {
    eval_function(e->callee, args, out);
    return;
  }
  for (int l = 0; l < e->type.lanes; ++l) {
    if (e->kind == E_op) out->lane[l] = eval_lane(e, args, l);
    if (e->kind == E_splat) out->lane[l] = args[0].lane[0];
    if (e->kind == E_mask) out->lane[l].i = l < args[0].lane[0].i;
    if (e->kind == E_idiv) out->lane[l].i = args[0].lane[l].i / args[1].lane[l].i;
    if (e->kind == E_imod) out->lane[l].i = args[0].lane[l].i % args[1].lane[l].i;
    if (e->kind == E_shuffle) out->lane[l] = args[e->lane[l] / e->type.lanes].lane[e->lane[l] % e->type.lanes];
    if (e->kind == E_extract) out->lane[l] = args[0].lane[e->value.i];
  }
}

static void eval_expr(EvalFrame *f, const Expr *e, EvalValue *out) {
  switch (e->kind) {
  case E_const:
    for (int l = 0; l < e->type.lanes; ++l) {
      if (dtype_is_float(e->type.dtype))
        out->lane[l].f = e->value.f;
      else
        out->lane[l].i = e->value.i;
    }
    break;
  case E_var: *out = *eval_var(f, e->var); break;
  case E_load: eval_load(f, e, out); break;
  case E_lane:
    for (int l = 0; l < e->type.lanes; ++l) out->lane[l].i = e->lane ? e->lane[l] : l;
    break;
  default: eval_inner(f, e, out); break;
  }
  out->type = e->type;
}

static void eval_block(EvalFrame *f, const Block *b);

static inline void eval_store(EvalFrame *f, const Stmt *s) {
  EvalValue value, mask;
  int64_t at = eval_index(f, s->index);
  eval_expr(f, s->expr, &value);
  if (s->mask) eval_expr(f, s->mask, &mask);
  for (int l = 0; l < value.type.lanes; ++l) {
    if (s->mask && !mask.lane[l].i) continue;
    if (at + l < 0 || at + l >= s->buffer->count) abort();
    eval_memory(f, s->buffer)[at + l] = value.lane[l];
  }
}

static inline void eval_transpose(EvalFrame *f, const Stmt *s) {
  int64_t at = eval_index(f, s->index), stride = eval_index(f, s->stride);
  int64_t from = eval_index(f, s->source_index), source_stride = eval_index(f, s->source_stride);
  for (int i = 0; i < s->lanes; ++i)
    for (int j = 0; j < s->lanes; ++j)
      eval_memory(f, s->buffer)[at + i * stride + j] = eval_memory(f, s->source)[from + j * source_stride + i];
}

static inline void eval_for(EvalFrame *f, const Stmt *s) {
  int64_t lo = eval_index(f, s->lo), hi = eval_index(f, s->hi);
  for (int64_t i = lo; i < hi; i += s->step) {
    EvalValue *v = eval_var(f, s->var);
    v->type = type_of(DT_i64, 1);
    v->lane[0].i = i;
    eval_block(f, &s->body);
  }
}

static void eval_block(EvalFrame *f, const Block *b) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    EvalValue value;
    switch (s->kind) {
    case S_for: eval_for(f, s); break;
    case S_let:
    case S_var:
    case S_set:
      eval_expr(f, s->expr, &value);
      *eval_var(f, s->var) = value;
      break;
    case S_store: eval_store(f, s); break;
    case S_prefetch: break;
    case S_transpose: eval_transpose(f, s); break;
    case S_if: eval_block(f, eval_index(f, s->expr) ? &s->body : &s->other); break;
    case S_local:
      if (f->nbuffers == 32) abort();
      f->buffers[f->nbuffers++] =
          (EvalMemory){s->local_buffer, calloc((size_t)s->local_buffer->count, sizeof(union EvalLane))};
      break;
    case S_block: eval_block(f, &s->body); break;
    case S_return: eval_expr(f, s->expr, &f->result); break;
    default: abort();
    }
  }
}

static inline EvalFrame *eval_frame(void) {
  EvalFrame *f = malloc(sizeof *f); /* large, and nearly all of it unused */
  if (!f) abort();
  f->nvars = f->nbuffers = 0;
  return f;
}

/* The result of a math function. */
static void eval_function(const Kernel *k, const EvalValue *args, EvalValue *result) {
  EvalFrame *f = eval_frame();
  for (int i = 0; i < k->scalars.n; ++i) *eval_var(f, k->scalars.at[i]) = args[i];
  eval_block(f, &k->body);
  *result = f->result;
  for (int i = 0; i < f->nbuffers; ++i) free(f->buffers[i].at);
  free(f);
}

/* Runs a kernel on memory given for its parameters, in their order. */
static inline void eval_kernel(const Kernel *k, union EvalLane *const *memory) {
  EvalFrame *f = eval_frame();
  for (int i = 0; i < k->params.n; ++i) f->buffers[f->nbuffers++] = (EvalMemory){k->params.at[i], memory[i]};
  eval_block(f, &k->body);
  for (int i = k->params.n; i < f->nbuffers; ++i) free(f->buffers[i].at);
  free(f);
}
#endif
