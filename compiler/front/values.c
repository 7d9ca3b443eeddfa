/* values.c: what a model writes (numbers, nested lists, names of dtypes, dimensions counted from 1) to what the graph
 * takes (tensors, shapes, axes counted from 0), with an error for everything else.
 *
 * A number in an expression is a literal: it has no dtype of its own and takes that of the other operand
 * (LANGUAGE.md, "Dtypes"). dtype_promote is the rule for two tensors: a float beats an integer, the wider beats the
 * narrower, bool beats nothing. */
#include "vm.h"

#include <math.h>

const char *place_text(Front *f, const Node *n) { return node_text(f->arena, n); }

const char *value_kind(lua_State *L, int index) {
  Object *object = place_object(L, index);
  if (object) return object->kind;
  if (handle_test(L, index)) return "a tensor";
  switch (lua_type(L, index)) {
  case LUA_TNONE:
  case LUA_TNIL: return "nil";
  case LUA_TNUMBER: return "a number";
  case LUA_TSTRING: return "a string";
  case LUA_TBOOLEAN: return "a boolean";
  case LUA_TFUNCTION: return "a function";
  case LUA_TTABLE: return "a table";
  default: return "a value of another kind";
  }
}

int64_t value_integer(lua_State *L, int index, const char *what, const char *which) {
  int whole = 0;
  lua_Integer i = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &whole) : 0;
  if (!whole)
    front_fail(L, place_call(L), MSG_integer_wanted, what, which,
               lua_type(L, index) == LUA_TNUMBER ? lua_tostring(L, index) : value_kind(L, index), "");
  return i;
}

int64_t value_length(lua_State *L, int index) {
  lua_Unsigned n = lua_rawlen(L, index), most = INT32_MAX; /* a list that long is one with holes */
  sandbox_charge(L, (long long)(n < most ? n : most));
  return (int64_t)(n < most ? n : most);
}

int value_dtype(lua_State *L, int index, const char *what) {
  Front *f = front_of(L);
  if (lua_isnoneornil(L, index)) return -1;
  const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : NULL;
  int dtype = name ? dtype_find(name) : -1;
  if (name && !strcmp(name, "float")) return (int)f->options->float_dtype;
  if (dtype >= 0) return dtype;
  const char *names[DTYPE_COUNT];
  for (int t = 0; t < DTYPE_COUNT; ++t) names[t] = dtype_info[t].name;
  const char *near = name ? diag_nearest(name, names, DTYPE_COUNT) : NULL;
  front_fail(L, place_call(L), MSG_dtype_unknown, what, name ? name : value_kind(L, index),
             near ? arena_printf(f->arena, " (did you mean %s?)", near) : "", "");
}

/* ---- shapes and dimensions ---- */
Shape value_shape(lua_State *L, int index, const char *what, bool open) {
  Loc loc = place_call(L);
  if (!lua_istable(L, index)) front_fail(L, loc, MSG_shape_wanted, what, value_kind(L, index), "", "");
  Shape s = {0};
  int64_t n = value_length(L, index);
  if (n > RANK_MAX) front_fail(L, loc, MSG_shape_rank, what, lua_pushfstring(L, "%d", (int)n), "", "");
  int holes = 0;
  for (s.rank = 0; s.rank < n; ++s.rank) {
    lua_rawgeti(L, index, s.rank + 1);
    int64_t size = value_integer(L, -1, what, "a size");
    lua_pop(L, 1);
    if (open && size == -1 && !holes++)
      size = -1;
    else if (size < 1)
      front_fail(L, loc, MSG_shape_size, what, lua_pushfstring(L, "%I", (LUAI_UACINT)size), "", "");
    s.dim[s.rank] = size;
  }
  return s;
}

int value_dim(lua_State *L, int index, int rank, const char *what, Node *x) {
  int64_t dim = value_integer(L, index, what, "a dimension");
  if (dim >= 1 && dim <= rank) return (int)dim - 1;
  if (dim < 0 && dim >= -rank) return (int)(rank + dim);
  Front *f = front_of(L);
  if (x) diag_note(x->loc, MSG_made_here, place_text(f, x));
  front_fail(L, place_call(L), MSG_dim_range, what, lua_pushfstring(L, "%I", (LUAI_UACINT)dim),
             x ? place_text(f, x) : "", lua_pushfstring(L, "%d", rank));
}

Axes value_dims(lua_State *L, int index, const char *what, Node *x) {
  Axes axes = {0};
  int rank = x->shape.rank;
  if (lua_isnoneornil(L, index)) {
    for (; axes.n < rank; ++axes.n) axes.at[axes.n] = axes.n;
    return axes;
  }
  bool seen[RANK_MAX] = {false};
  int64_t n = lua_istable(L, index) ? value_length(L, index) : 1;
  for (int i = 1; i <= n; ++i) {
    if (lua_istable(L, index))
      lua_rawgeti(L, index, i);
    else
      lua_pushvalue(L, index);
    int dim = value_dim(L, lua_gettop(L), rank, what, x);
    lua_pop(L, 1);
    if (seen[dim])
      front_fail(L, place_call(L), MSG_dim_twice, what, lua_pushfstring(L, "%d", dim + 1), place_text(front_of(L), x),
                 "");
    seen[dim] = true;
  }
  for (int d = 0; d < rank; ++d)
    if (seen[d]) axes.at[axes.n++] = d;
  return axes;
}

bool value_flag(lua_State *L, int index, const char *what, const char *name) {
  if (!lua_isnoneornil(L, index) && !lua_isboolean(L, index))
    front_fail(L, place_call(L), MSG_boolean_wanted, what, name, value_kind(L, index), "");
  return lua_toboolean(L, index);
}

/* ---- nested lists ---- */
typedef struct Fill {
  lua_State *L;
  const char *what;
  Shape shape;
  bool integers, booleans;
  VEC(double) values;
  VEC(int64_t) exact;
} Fill;

static void fill_shape(Fill *fill, int index) { /* along the first elements */
  lua_State *L = fill->L;
  int depth = 0;
  lua_pushvalue(L, index);
  for (; lua_istable(L, -1); ++depth) {
    luaL_checkstack(L, 4, NULL);
    int64_t n = value_length(L, -1);
    if (!n) front_fail(L, place_call(L), MSG_list_empty, fill->what, "", "", "");
    if (depth == RANK_MAX) front_fail(L, place_call(L), MSG_shape_rank, fill->what, "a deeper list", "", "");
    fill->shape.dim[depth] = n;
    lua_rawgeti(L, -1, 1);
  }
  fill->shape.rank = depth;
  lua_pop(L, depth + 1);
}

enum { NUMBER_STEPS = 64 }; /* so that one list, named many times, gives no more numbers than Lua could hold */

static void fill_number(Fill *fill, int index) {
  lua_State *L = fill->L;
  sandbox_charge(L, NUMBER_STEPS);
  Front *f = front_of(L);
  int type = lua_type(L, index);
  if (type != LUA_TNUMBER && type != LUA_TBOOLEAN)
    front_fail(L, place_call(L), MSG_list_element, fill->what, value_kind(L, index), "", "");
  bool boolean = type == LUA_TBOOLEAN, integer = lua_isinteger(L, index);
  if (fill->values.n && boolean != fill->booleans) front_fail(L, place_call(L), MSG_list_mixed, fill->what, "", "", "");
  fill->booleans = boolean;
  fill->integers = (fill->integers || !fill->values.n) && integer;
  double value = boolean ? lua_toboolean(L, index) : lua_tonumber(L, index);
  vec_push(f->arena, fill->exact,
           boolean   ? lua_toboolean(L, index)
           : integer ? (int64_t)lua_tointeger(L, index)
                     : (int64_t)0);
  vec_push(f->arena, fill->values, value);
}

static void fill_list(Fill *fill, int index, int depth) {
  lua_State *L = fill->L;
  if (depth == fill->shape.rank) {
    if (lua_istable(L, index)) front_fail(L, place_call(L), MSG_list_ragged, fill->what, "", "", "");
    fill_number(fill, index);
    return;
  }
  if (!lua_istable(L, index) || value_length(L, index) != fill->shape.dim[depth])
    front_fail(L, place_call(L), MSG_list_ragged, fill->what, "", "", "");
  for (int i = 1; i <= fill->shape.dim[depth]; ++i) {
    lua_rawgeti(L, index, i);
    fill_list(fill, lua_gettop(L), depth + 1);
    lua_pop(L, 1);
  }
}

/* Integers give i32, or i64 when one does not fit; numbers with a point the default float. */
static DType fill_dtype(const Fill *fill, const Front *f) {
  if (fill->booleans) return DT_bool;
  if (!fill->integers) return f->options->float_dtype;
  for (int i = 0; i < fill->exact.n; ++i)
    if (fill->exact.at[i] < INT32_MIN || fill->exact.at[i] > INT32_MAX) return DT_i64;
  return DT_i32;
}

Tensor *value_tensor(lua_State *L, int index, int dtype, const char *what) {
  Front *f = front_of(L);
  Fill fill = {.L = L, .what = what};
  luaL_checkstack(L, 3 * RANK_MAX, NULL);
  fill_shape(&fill, index);
  fill_list(&fill, index, 0);
  Value *v = value_new(f->arena, dtype < 0 ? fill_dtype(&fill, f) : (DType)dtype, fill.shape);
  for (int i = 0; i < fill.values.n; ++i)
    if (v->f)
      v->f[i] = fill.values.at[i];
    else if (v->dtype == DT_bool)
      v->i[i] = fill.values.at[i] != 0;
    else if (floor(fill.values.at[i]) != fill.values.at[i])
      front_fail(L, place_call(L), MSG_list_fraction, what, text_f64(f->arena, fill.values.at[i]),
                 dtype_info[v->dtype].name, "");
    else
      v->i[i] = fill.integers || fill.booleans ? fill.exact.at[i] : (int64_t)fill.values.at[i];
  return tensor_of_value(f->arena, v);
}

/* ---- operands ---- */
Operand value_operand(lua_State *L, int index, const char *what) {
  Operand o = {0};
  Handle *h = handle_test(L, index);
  if (h) {
    o.node = trace_node(L, h, what);
    place_name(L, index, h);
    o.dtype = o.node->dtype;
    o.shape = o.node->shape;
  } else if (lua_type(L, index) == LUA_TNUMBER) {
    o.value = lua_tonumber(L, index);
    o.integer = lua_isinteger(L, index);
  } else if (lua_isboolean(L, index)) {
    o.value = lua_toboolean(L, index);
    o.boolean = true;
  } else {
    front_fail(L, place_call(L), MSG_operand_kind, what, value_kind(L, index), "", "");
  }
  return o;
}

/* A number alone: an integer is i32, another the default float. */
static DType literal_dtype(const Front *f, Operand o) {
  if (o.boolean) return DT_bool;
  if (!o.integer) return f->options->float_dtype;
  return o.value < INT32_MIN || o.value > INT32_MAX ? DT_i64 : DT_i32;
}

Node *value_node(lua_State *L, int index, const char *what) {
  Front *f = front_of(L);
  Operand o = value_operand(L, index, what);
  return o.node ? o.node : trace_literal(f, literal_dtype(f, o), o.value, place_here(L));
}

Node *operand_node(Front *f, Operand o, DType dtype, Loc loc) {
  if (!o.node) return trace_literal(f, dtype, o.value, loc);
  return graph_cast(f->trace->graph, o.node, dtype);
}

static int dtype_width(DType t) { /* the order of widening within floats and within integers */
  static const DType order[] = {DT_bool, DT_u8, DT_i32, DT_u32, DT_i64, DT_bf16, DT_f16, DT_f32, DT_f64};
  for (int i = 0; i < (int)(sizeof order / sizeof *order); ++i)
    if (order[i] == t) return i;
  return 0;
}

DType dtype_promote(Front *f, DType a, DType b) {
  if (a == b) return a;
  if ((a == DT_i32 && b == DT_u32) || (a == DT_u32 && b == DT_i32)) return DT_i64;
  if ((a == DT_f16 && b == DT_bf16) || (a == DT_bf16 && b == DT_f16)) return DT_f32;
  (void)f;
  return dtype_width(a) > dtype_width(b) ? a : b;
}
