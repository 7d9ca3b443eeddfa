/* uniform.c: reading and making constants whose elements are all one value. Shared by fold, simplify, views and the
 * matcher of rules.c. Values are compared as bits where nodes are merged and as numbers where a rule names them; the
 * number of a 64-bit integer is only given when a double holds it. */
#include "uniform.h"

#include <math.h>

static bool tensor_all_equal(const Tensor *t) {
  size_t bytes = (size_t)dtype_info[t->dtype].bytes;
  int64_t n = shape_count(t->shape);
  const char *data = t->data;
  for (int64_t i = 1; i < n; ++i)
    if (memcmp(data, data + (size_t)i * bytes, bytes) != 0) return false;
  return true;
}

const Tensor *uniform_of(const Node *n) {
  while (n->op == OP_broadcast || n->op == OP_reshape) n = n->in[0];
  if (n->op != OP_const) return NULL;
  const Tensor *value = n->attr->value;
  int64_t count = shape_count(value->shape);
  return count == 1 || (count <= 64 && tensor_all_equal(value)) ? value : NULL;
}

Tensor *tensor_new(Arena *arena, DType dtype, Shape shape) {
  Tensor *t = NEW(arena, Tensor);
  t->dtype = dtype, t->shape = shape;
  t->data = arena_alloc(arena, (size_t)shape_count(shape) * (size_t)dtype_info[dtype].bytes);
  return t;
}

const Tensor *tensor_first(Arena *arena, const Tensor *t) {
  Tensor *first = tensor_new(arena, t->dtype, (Shape){0});
  memcpy(first->data, t->data, (size_t)dtype_info[t->dtype].bytes);
  return first;
}

Node *uniform_node(Graph *to, const Tensor *scalar, Shape shape, Loc loc) {
  Node *value = graph_const_tensor(to, tensor_first(to->arena, scalar), loc);
  return shape.rank == 0 ? value : graph_broadcast(to, value, shape);
}

bool tensor_bits_equal(const Tensor *a, const Tensor *b) {
  int64_t n = shape_count(a->shape);
  if (a->dtype != b->dtype || n != shape_count(b->shape)) return false;
  return memcmp(a->data, b->data, (size_t)n * (size_t)dtype_info[a->dtype].bytes) == 0;
}

/* f16 (5 exponent bits) and bf16 (8) differ from each other only in the split of the 15 bits below the sign. */
static double half_number(uint16_t bits, int exponent_bits) {
  int mantissa_bits = 15 - exponent_bits;
  int exponent = (bits & 0x7fff) >> mantissa_bits, top = (1 << exponent_bits) - 1, bias = top / 2;
  int mantissa = bits & ((1 << mantissa_bits) - 1);
  double value;
  if (exponent == top)
    value = mantissa ? NAN : INFINITY;
  else if (exponent == 0)
    value = ldexp(mantissa, 1 - bias - mantissa_bits);
  else
    value = ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
  return bits & 0x8000 ? -value : value;
}

#define READ(T, data, into)                                                                                            \
  do {                                                                                                                 \
    T element;                                                                                                         \
    memcpy(&element, (data), sizeof element);                                                                          \
    (into) = (double)element;                                                                                          \
  } while (0)

bool tensor_number(const Tensor *scalar, double *value) {
  int64_t wide;
  uint16_t half;
  switch (scalar->dtype) {
  case DT_f32: READ(float, scalar->data, *value); return true;
  case DT_f64: READ(double, scalar->data, *value); return true;
  case DT_i32: READ(int32_t, scalar->data, *value); return true;
  case DT_u32: READ(uint32_t, scalar->data, *value); return true;
  case DT_u8:
  case DT_bool: READ(uint8_t, scalar->data, *value); return true;
  case DT_i64:
    memcpy(&wide, scalar->data, sizeof wide);
    *value = (double)wide;
    return wide >= -(INT64_C(1) << 53) && wide <= INT64_C(1) << 53;
  case DT_f16:
  case DT_bf16:
    memcpy(&half, scalar->data, sizeof half);
    *value = half_number(half, scalar->dtype == DT_f16 ? 5 : 8);
    return true;
  default: return false;
  }
}

bool tensor_is_number(const Tensor *scalar, double value) {
  double x;
  if (!tensor_number(scalar, &x) || x != value) return false;
  return x != 0 || !dtype_is_float(scalar->dtype) || !signbit(x) == !signbit(value);
}
