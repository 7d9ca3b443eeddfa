/* tensor.c: tensors as Lua sees them: the userdata, its operators, and the elementwise functions.
 *
 * Every elementwise row of ops/elementwise.def becomes a function of the core and a method, with no line here: operands
 * are promoted to one dtype and broadcast to one shape (NumPy's rules), and the graph gets the casts and broadcasts as
 * nodes of their own, since it has no implicit ones. Lua turns the results of `<` and `==` into booleans, so those
 * operators raise an error that names the method. */
#include "vm.h"

#include <math.h>

static const char metatable[] = "nn.tensor";

Handle *handle_test(lua_State *L, int index) { return luaL_testudata(L, index, metatable); }

static Handle *handle_new(lua_State *L) {
  Front *f = front_of(L);
  Handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  *h = (Handle){.serial = f->objects++};
  luaL_setmetatable(L, metatable);
  return h;
}

Handle *handle_push(lua_State *L, Node *node) {
  Handle *h = handle_new(L);
  h->node = node;
  h->trace = front_of(L)->trace;
  h->loc = node->loc;
  return h;
}

Handle *handle_push_state(lua_State *L, State *state) {
  Handle *h = handle_new(L);
  h->state = state;
  h->loc = state->loc;
  return h;
}

/* ---- dtypes and shapes of elementwise operands ---- */
static bool literal_fits(DType t, Operand o) {
  if (dtype_is_float(t)) return true;
  if (o.boolean) return t == DT_bool;
  if (!o.integer || t == DT_bool) return false;
  switch (t) {
  case DT_u8: return o.value >= 0 && o.value <= 255;
  case DT_i32: return o.value >= INT32_MIN && o.value <= INT32_MAX;
  case DT_u32: return o.value >= 0 && o.value <= UINT32_MAX;
  default: return true;
  }
}

/* The dtype of a literal that does not fit the tensors beside it, or that stands alone. */
static DType literal_alone(const Front *f, Operand o) {
  if (o.boolean) return DT_bool;
  if (!o.integer) return f->options->float_dtype;
  return literal_fits(DT_i32, o) ? DT_i32 : DT_i64;
}

static DType common_dtype(Front *f, char domain, int n, const Operand *in) {
  int t = -1;
  for (int i = 0; i < n; ++i)
    if (in[i].node) t = t < 0 ? (int)in[i].dtype : (int)dtype_promote(f, (DType)t, in[i].dtype);
  for (int i = 0; i < n; ++i) {
    if (in[i].node || (t >= 0 && literal_fits((DType)t, in[i]))) continue;
    DType alone = literal_alone(f, in[i]);
    t = t < 0 ? (int)alone : (int)dtype_promote(f, (DType)t, alone);
  }
  if (domain == 'F' && !dtype_is_float((DType)t)) return f->options->float_dtype;
  if (domain == 'N' && t == DT_bool) return DT_i32;
  return (DType)t;
}

static const char *operand_text(Front *f, Operand o) {
  return o.node ? place_text(f, o.node) : text_f64(f->arena, o.value);
}

static Shape common_shape(Front *f, const char *name, int n, const Operand *in) {
  Shape shape = {0};
  for (int i = 0; i < n; ++i) {
    if (shape_broadcast(shape, in[i].shape, &shape)) continue;
    for (int k = 0; k <= i; ++k)
      if (in[k].node) diag_note(in[k].node->loc, MSG_made_here, operand_text(f, in[k]));
    place_notes(f->L);
    user_error(place_call(f->L), MSG_elementwise_broadcast, name, operand_text(f, in[i ? i - 1 : 0]),
               operand_text(f, in[i]));
  }
  return shape;
}

/* Operands cast to the common dtype and broadcast; where keeps its first operand bool. */
Node *elementwise(Front *f, Op op, int n, Operand *in, Loc loc) {
  char domain = op_info[op].domain;
  int first = op == OP_where;
  Graph *g = f->trace->graph;
  Node *operand[3] = {NULL, NULL, NULL};
  Shape shape = common_shape(f, op_info[op].name, n, in);
  DType dtype = common_dtype(f, domain, n - first, in + first);
  g->at = &loc;
  for (int i = 0; i < n; ++i) {
    operand[i] = operand_node(f, in[i], i < first ? DT_bool : dtype, loc);
    if (!shape_equal(operand[i]->shape, shape)) operand[i] = graph_broadcast_to(g, operand[i], shape);
  }
  Node *result = graph_add(g, op, n, operand, NULL, loc);
  g->at = NULL;
  return result;
}

static Operand operand_of(Node *n) { return (Operand){.node = n, .dtype = n->dtype, .shape = n->shape}; }

static Node *binary(Front *f, Op op, Operand a, Operand b, Loc loc) {
  return elementwise(f, op, 2, (Operand[]){a, b}, loc);
}

static int push_node(lua_State *L, Node *n) {
  handle_push(L, n);
  return 1;
}

/* Function and method of a row: upvalue 1 is the op. */
static int elementwise_call(lua_State *L) {
  Front *f = front_of(L);
  Op op = (Op)lua_tointeger(L, lua_upvalueindex(1));
  Operand in[3];
  int n = op_info[op].operands;
  if (lua_gettop(L) > n)
    front_fail(L, place_call(L), MSG_argument_count, op_info[op].name, lua_pushfstring(L, "%d", n),
               lua_pushfstring(L, "%d", lua_gettop(L)), "");
  for (int i = 0; i < n; ++i) in[i] = value_operand(L, i + 1, op_info[op].name);
  return push_node(L, elementwise(f, op, n, in, place_here(L)));
}

/* ---- comparisons: gt and ge are lt and le the other way round ---- */
typedef struct Comparison {
  const char *name;
  Op op;
  bool swap, negate;
} Comparison;
static const Comparison comparisons[] = {{"lt", OP_lt, false, false}, {"le", OP_le, false, false},
                                         {"gt", OP_lt, true, false},  {"ge", OP_le, true, false},
                                         {"eq", OP_eq, false, false}, {"ne", OP_eq, false, true}};

static int comparison_call(lua_State *L) {
  Front *f = front_of(L);
  const Comparison *c = &comparisons[lua_tointeger(L, lua_upvalueindex(1))];
  Operand a = value_operand(L, 1, c->name), b = value_operand(L, 2, c->name);
  Loc loc = place_here(L);
  Node *n = c->swap ? binary(f, c->op, b, a, loc) : binary(f, c->op, a, b, loc);
  if (c->negate) n = graph_op1(f->trace->graph, OP_not, n);
  vec_push(f->arena, f->trace->compared, n);
  return push_node(L, n);
}

static int comparison_operator(lua_State *L) { /* __lt, __le, __eq */
  static const char *const text[] = {"<", "<=", "=="}, *const method[] = {":lt (or :gt)", ":le (or :ge)",
                                                                          ":eq (or :ne)"};
  int k = (int)lua_tointeger(L, lua_upvalueindex(1));
  front_fail(L, place_call(L), MSG_compare_operator, text[k], method[k], "", "");
}

/* ---- operators ---- */
static int operator_call(lua_State *L) {
  Front *f = front_of(L);
  Op op = (Op)lua_tointeger(L, lua_upvalueindex(1));
  Operand a = value_operand(L, 1, op_info[op].name), b = value_operand(L, 2, op_info[op].name);
  return push_node(L, binary(f, op, a, b, place_here(L)));
}

static Operand as_float(Front *f, Operand o, Loc loc) { /* `/` of integers is a float */
  if (!o.node || dtype_is_float(o.dtype)) return o;
  return operand_of(operand_node(f, o, f->options->float_dtype, loc));
}

static int operator_divide(lua_State *L) {
  Front *f = front_of(L);
  Loc loc = place_here(L);
  Operand a = as_float(f, value_operand(L, 1, "div"), loc), b = as_float(f, value_operand(L, 2, "div"), loc);
  if (!a.node) a.integer = false;
  return push_node(L, binary(f, OP_div, a, b, loc));
}

static int operator_floor_divide(lua_State *L) {
  Front *f = front_of(L);
  Loc loc = place_here(L);
  Node *q = binary(f, OP_div, value_operand(L, 1, "//"), value_operand(L, 2, "//"), loc);
  return push_node(L, dtype_is_float(q->dtype) ? graph_add(f->trace->graph, OP_floor, 1, &q, NULL, loc) : q);
}

/* x ^ n for n = 1, 2, 3, 4 is products, x ^ 0.5 the square root; else exp and log of the runtime (pow). */
static Node *power(Front *f, Operand x, Operand y, Loc loc) {
  Node *square;
  if (y.node || y.boolean) return binary(f, OP_pow, x, y, loc);
  if (y.value == 0.5) return elementwise(f, OP_sqrt, 1, &x, loc);
  if (y.value == -0.5) return elementwise(f, OP_rsqrt, 1, &x, loc);
  if (y.value == -1) return binary(f, OP_div, (Operand){.value = 1}, as_float(f, x, loc), loc);
  if (y.value == 1) return x.node;
  if (y.value != 2 && y.value != 3 && y.value != 4) return binary(f, OP_pow, x, y, loc);
  square = binary(f, OP_mul, x, x, loc);
  if (y.value == 2) return square;
  return binary(f, OP_mul, operand_of(square), y.value == 3 ? x : operand_of(square), loc);
}

static int operator_power(lua_State *L) {
  Front *f = front_of(L);
  Operand x = value_operand(L, 1, "pow"), y = value_operand(L, 2, "pow");
  Loc loc = place_here(L);
  return push_node(L, x.node ? power(f, x, y, loc) : binary(f, OP_pow, x, y, loc));
}

static int operator_negate(lua_State *L) {
  Operand x = value_operand(L, 1, "neg");
  return push_node(L, elementwise(front_of(L), OP_neg, 1, &x, place_here(L)));
}

static int operator_not(lua_State *L) {
  Operand x = value_operand(L, 1, "~");
  return push_node(L, elementwise(front_of(L), OP_not, 1, &x, place_here(L)));
}

static int operator_refused(lua_State *L) {
  front_fail(L, place_call(L), MSG_operator_refused, lua_tostring(L, lua_upvalueindex(1)),
             lua_tostring(L, lua_upvalueindex(2)), "", "");
}

/* ---- fields: shape, rank, dtype; x[i]; methods ---- */
static Shape handle_shape(const Handle *h) { return h->state ? h->state->shape : h->node->shape; }
static DType handle_dtype(const Handle *h) { return h->state ? h->state->dtype : h->node->dtype; }

static int push_shape(lua_State *L, Shape s) {
  lua_createtable(L, s.rank, 0);
  for (int d = 0; d < s.rank; ++d) {
    lua_pushinteger(L, s.dim[d]);
    lua_rawseti(L, -2, d + 1);
  }
  return 1;
}

static _Noreturn void unknown_method(lua_State *L, const char *name) { /* the methods are on the top of the stack */
  Front *f = front_of(L);
  VEC(const char *) names = {0};
  static const char *const fields[] = {"shape", "rank", "dtype"};
  for (int i = 0; i < 3; ++i) vec_push(f->arena, names, fields[i]);
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) vec_push(f->arena, names, lua_tostring(L, -2));
  const char *near = diag_nearest(name, names.at, names.n);
  front_fail(L, place_call(L), MSG_method_unknown, name,
             near ? arena_printf(f->arena, " (did you mean '%s'?)", near) : "", "", "");
}

static int tensor_index(lua_State *L) {
  Handle *h = luaL_checkudata(L, 1, metatable);
  if (lua_type(L, 2) == LUA_TNUMBER) {
    lua_getfield(L, lua_upvalueindex(1), "select");
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 3, 1);
    return 1;
  }
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
  if (!name) front_fail(L, place_call(L), MSG_method_unknown, value_kind(L, 2), "", "", "");
  if (!strcmp(name, "shape")) return push_shape(L, handle_shape(h));
  if (!strcmp(name, "rank")) return lua_pushinteger(L, handle_shape(h).rank), 1;
  if (!strcmp(name, "dtype")) return lua_pushstring(L, dtype_info[handle_dtype(h)].name), 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  if (lua_getfield(L, -1, name) != LUA_TNIL) return 1;
  lua_pop(L, 1);
  unknown_method(L, name);
}

static int tensor_newindex(lua_State *L) {
  bool is_state = handle_test(L, 1) && handle_test(L, 1)->state;
  front_fail(L, place_call(L), MSG_tensor_assigned,
             is_state ? "nn.assign gives a state a new version" : "compute a new one with nn.where or nn.scatter", "",
             "", "");
}

static int tensor_tostring(lua_State *L) {
  Front *f = front_of(L);
  const Handle *h = luaL_checkudata(L, 1, metatable);
  lua_pushfstring(L, "%s %s%s", h->state ? "state" : "tensor", dtype_info[handle_dtype(h)].name,
                  shape_text(f->arena, handle_shape(h)));
  return 1;
}

/* ---- registration: the table of the core and that of the methods get the same functions ---- */
static void register_function(lua_State *L, const char *name, lua_CFunction c, lua_Integer upvalue) {
  lua_pushinteger(L, upvalue);
  lua_pushcclosure(L, c, 1);
  lua_pushvalue(L, -1);
  lua_setfield(L, -4, name);
  lua_setfield(L, -2, name);
}

static void register_rows(lua_State *L) {
  for (int op = 0; op < OP_FIRST_STRUCTURAL; ++op) {
    const char *name = op_info[op].name;
    if (op_info[op].domain == 'X' || op_info[op].domain == 'C') continue;
    if (op == OP_and || op == OP_or || op == OP_xor || op == OP_not)
      name = lua_pushfstring(L, "logical_%s", name), lua_remove(L, -1);
    register_function(L, name, elementwise_call, op);
  }
  for (int k = 0; k < (int)(sizeof comparisons / sizeof *comparisons); ++k)
    register_function(L, comparisons[k].name, comparison_call, k);
}

static void set_operator(lua_State *L, const char *event, Op op) {
  lua_pushinteger(L, op);
  lua_pushcclosure(L, operator_call, 1);
  lua_setfield(L, -2, event);
}

static void refuse_operator(lua_State *L, const char *event, const char *text, const char *instead) {
  lua_pushstring(L, text);
  lua_pushstring(L, instead);
  lua_pushcclosure(L, operator_refused, 2);
  lua_setfield(L, -2, event);
}

static void set_operators(lua_State *L) { /* the metatable is on the top */
  static const luaL_Reg plain[] = {{"__div", operator_divide},      {"__idiv", operator_floor_divide},
                                   {"__pow", operator_power},       {"__unm", operator_negate},
                                   {"__bnot", operator_not},        {"__newindex", tensor_newindex},
                                   {"__tostring", tensor_tostring}, {NULL, NULL}};
  static const char *const orders[] = {"__lt", "__le", "__eq"};
  luaL_setfuncs(L, plain, 0);
  set_operator(L, "__add", OP_add);
  set_operator(L, "__sub", OP_sub);
  set_operator(L, "__mul", OP_mul);
  set_operator(L, "__mod", OP_mod);
  set_operator(L, "__band", OP_and);
  set_operator(L, "__bor", OP_or);
  set_operator(L, "__bxor", OP_xor);
  set_operator(L, "__shl", OP_shl);
  set_operator(L, "__shr", OP_shr);
  for (int k = 0; k < 3; ++k) {
    lua_pushinteger(L, k);
    lua_pushcclosure(L, comparison_operator, 1);
    lua_setfield(L, -2, orders[k]);
  }
  refuse_operator(L, "__len", "#", "x.shape[1] is the size of the first dimension, x.rank the number of dimensions");
  refuse_operator(L, "__concat", "..", "nn.concat({ a, b }, dim) joins tensors");
  refuse_operator(L, "__call", "a call", "a tensor is a value; only modules and functions are called");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
}

void tensor_core(lua_State *L) { /* stack: core */
  lua_newtable(L);               /* methods */
  register_rows(L);
  luaL_newmetatable(L, metatable);
  set_operators(L);
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, tensor_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_setfield(L, -2, "methods");
}
