/* movement.c: the core's functions that move and reduce: reshape transpose broadcast slice select pad reverse concat
 * stack, sum max min prod argmax argmin, cumsum argsort, matmul dot gather scatter, cast.
 *
 * Dimensions count from 1 and from the end with -1, ranges are inclusive (as string.sub); the graph counts from 0 with
 * exclusive ends. What the user got wrong is said here in his counting; what the graph's own infer_<op> finds is the
 * second line of defence. */
#include "vm.h"

/* The receiver of a method, and the line that its nodes get. */
typedef struct Call {
  Front *f;
  Graph *g;
  Node *x;
  Loc loc;
} Call;

static Call call_begin(lua_State *L, const char *what) {
  Call c = {.f = front_of(L)};
  c.x = value_node(L, 1, what);
  c.g = c.f->trace->graph;
  c.loc = place_here(L);
  return c;
}

static int call_end(lua_State *L, Call *c, Node *result) {
  c->g->at = NULL;
  handle_push(L, result);
  return 1;
}

static _Noreturn void call_fail(lua_State *L, const Call *c, MsgId id, const char *what, const char *a, const char *b) {
  diag_note(c->x->loc, MSG_made_here, place_text(c->f, c->x));
  front_fail(L, place_call(L), id, what, place_text(c->f, c->x), a, b);
}

/* ---- shapes ---- */
static int move_reshape(lua_State *L) {
  Call c = call_begin(L, "reshape");
  Shape s = value_shape(L, 2, "reshape", true);
  int64_t known = 1, open = -1, count = shape_count(c.x->shape);
  for (int d = 0; d < s.rank; ++d) {
    if (s.dim[d] < 0)
      open = d;
    else if (s.dim[d] > INT64_MAX / known / 2)
      call_fail(L, &c, MSG_reshape_size, "reshape", "more elements than there are", "");
    else
      known *= s.dim[d];
  }
  if (open >= 0) s.dim[open] = count / known;
  if (open >= 0 ? !s.dim[open] || count % known : known != count)
    call_fail(L, &c, MSG_reshape_size, "reshape",
              lua_pushfstring(L, "%I elements into %I", (LUAI_UACINT)count, (LUAI_UACINT)known), "");
  c.g->at = &c.loc;
  return call_end(L, &c, shape_equal(s, c.x->shape) ? c.x : graph_reshape(c.g, c.x, s));
}

static int move_transpose(lua_State *L) {
  Call c = call_begin(L, "transpose");
  Axes p = {.n = c.x->shape.rank};
  for (int d = 0; d < p.n; ++d) p.at[d] = d;
  if (lua_istable(L, 2)) {
    bool seen[RANK_MAX] = {false};
    if (value_length(L, 2) != p.n) call_fail(L, &c, MSG_transpose_list, "transpose", "", "");
    for (int d = 0; d < p.n; ++d) {
      lua_rawgeti(L, 2, d + 1);
      p.at[d] = value_dim(L, lua_gettop(L), p.n, "transpose", c.x);
      if (seen[p.at[d]]) call_fail(L, &c, MSG_transpose_list, "transpose", "", "");
      seen[p.at[d]] = true;
    }
  } else {
    int a = value_dim(L, 2, p.n, "transpose", c.x), b = value_dim(L, 3, p.n, "transpose", c.x);
    p.at[a] = b;
    p.at[b] = a;
  }
  c.g->at = &c.loc;
  return call_end(L, &c, graph_transpose(c.g, c.x, p));
}

static int move_broadcast(lua_State *L) {
  Call c = call_begin(L, "broadcast");
  Shape s = value_shape(L, 2, "broadcast", false), both;
  if (!shape_broadcast(c.x->shape, s, &both) || !shape_equal(both, s))
    call_fail(L, &c, MSG_broadcast_to, "broadcast", shape_text(c.f->arena, s), "");
  c.g->at = &c.loc;
  return call_end(L, &c, shape_equal(s, c.x->shape) ? c.x : graph_broadcast_to(c.g, c.x, s));
}

/* ---- parts ---- */
typedef struct Box {
  int64_t low[RANK_MAX], high[RANK_MAX], step[RANK_MAX];
} Box;

static Box box_whole(Shape s) {
  Box b;
  for (int d = 0; d < RANK_MAX; ++d) {
    b.low[d] = 0;
    b.high[d] = d < s.rank ? s.dim[d] : 0;
    b.step[d] = 1;
  }
  return b;
}

static int64_t position(lua_State *L, const Call *c, int index, const char *what, int dim) {
  int64_t size = c->x->shape.dim[dim], i = value_integer(L, index, what, "a position");
  int64_t from_one = i < 0 ? size + 1 + i : i;
  if (from_one < 1 || from_one > size)
    call_fail(L, c, MSG_position_range, what, lua_pushfstring(L, "%d", dim + 1),
              lua_pushfstring(L, "%I", (LUAI_UACINT)i));
  return from_one;
}

/* x:slice(dim, first, last, step?): first … last inclusive */
static int move_slice(lua_State *L) {
  Call c = call_begin(L, "slice");
  int dim = value_dim(L, 2, c.x->shape.rank, "slice", c.x);
  Box b = box_whole(c.x->shape);
  b.low[dim] = position(L, &c, 3, "slice", dim) - 1;
  if (!lua_isnoneornil(L, 4)) b.high[dim] = position(L, &c, 4, "slice", dim);
  if (!lua_isnoneornil(L, 5)) b.step[dim] = value_integer(L, 5, "slice", "a step");
  if (b.high[dim] <= b.low[dim] || b.step[dim] < 1)
    call_fail(L, &c, MSG_slice_empty, "slice", lua_pushfstring(L, "%d", dim + 1),
              lua_pushfstring(L, "%I to %I", (LUAI_UACINT)b.low[dim] + 1, (LUAI_UACINT)b.high[dim]));
  c.g->at = &c.loc;
  return call_end(L, &c, graph_slice(c.g, c.x, b.low, b.high, b.step));
}

static Shape shape_without(Shape s, int dim) {
  Shape r = {.rank = s.rank - 1};
  for (int d = 0, k = 0; d < s.rank; ++d)
    if (d != dim) r.dim[k++] = s.dim[d];
  return r;
}

static int move_select(lua_State *L) {
  Call c = call_begin(L, "select");
  int dim = value_dim(L, 2, c.x->shape.rank, "select", c.x);
  Box b = box_whole(c.x->shape);
  b.high[dim] = position(L, &c, 3, "select", dim);
  b.low[dim] = b.high[dim] - 1;
  c.g->at = &c.loc;
  Node *one = graph_slice(c.g, c.x, b.low, b.high, b.step);
  return call_end(L, &c, graph_reshape(c.g, one, shape_without(c.x->shape, dim)));
}

/* x:pad(dim, before, after, value?) */
static int move_pad(lua_State *L) {
  Call c = call_begin(L, "pad");
  int dim = value_dim(L, 2, c.x->shape.rank, "pad", c.x);
  int64_t low[RANK_MAX] = {0}, high[RANK_MAX] = {0}, interior[RANK_MAX] = {0};
  low[dim] = value_integer(L, 3, "pad", "an amount");
  high[dim] = lua_isnoneornil(L, 4) ? 0 : value_integer(L, 4, "pad", "an amount");
  if (low[dim] < 0 || high[dim] < 0) call_fail(L, &c, MSG_pad_amount, "pad", "", "");
  if (!lua_isnoneornil(L, 5) && lua_type(L, 5) != LUA_TNUMBER)
    front_fail(L, place_call(L), MSG_number_wanted, "pad", "the value", value_kind(L, 5), "");
  double fill = lua_isnoneornil(L, 5) ? 0 : lua_tonumber(L, 5);
  c.g->at = &c.loc;
  return call_end(L, &c, graph_pad(c.g, c.x, low, high, interior, fill));
}

static int move_reverse(lua_State *L) {
  Call c = call_begin(L, "reverse");
  Axes dims = value_dims(L, 2, "reverse", c.x);
  c.g->at = &c.loc;
  return call_end(L, &c, graph_reverse(c.g, c.x, dims));
}

/* ---- several ---- */
static int list_nodes(lua_State *L, const char *what, Call *c, Node ***nodes) {
  c->f = front_of(L);
  if (!lua_istable(L, 1)) front_fail(L, place_call(L), MSG_list_wanted, what, value_kind(L, 1), "", "");
  int n = (int)value_length(L, 1);
  if (n < 1) front_fail(L, place_call(L), MSG_list_wanted, what, "an empty list", "", "");
  *nodes = NEW_N(c->f->arena, Node *, n);
  for (int i = 0; i < n; ++i) {
    lua_rawgeti(L, 1, i + 1);
    (*nodes)[i] = value_node(L, lua_gettop(L), what);
    lua_pop(L, 1);
  }
  c->x = (*nodes)[0];
  c->g = c->f->trace->graph;
  c->loc = place_here(L);
  DType dtype = c->x->dtype;
  for (int i = 1; i < n; ++i) dtype = dtype_promote(c->f, dtype, (*nodes)[i]->dtype);
  c->g->at = &c->loc;
  for (int i = 0; i < n; ++i) (*nodes)[i] = graph_cast(c->g, (*nodes)[i], dtype);
  c->g->at = NULL;
  return n;
}

static void check_alike(lua_State *L, const char *what, const Call *c, int n, Node *const *nodes, int except) {
  for (int i = 1; i < n; ++i) {
    Shape a = nodes[0]->shape, b = nodes[i]->shape;
    if (a.rank == b.rank && except >= 0) b.dim[except] = a.dim[except];
    if (shape_equal(a, b)) continue;
    diag_note(nodes[0]->loc, MSG_made_here, place_text(c->f, nodes[0]));
    diag_note(nodes[i]->loc, MSG_made_here, place_text(c->f, nodes[i]));
    front_fail(L, place_call(L), MSG_join_shape, what, place_text(c->f, nodes[0]), place_text(c->f, nodes[i]), "");
  }
}

static int move_concat(lua_State *L) {
  Call c;
  Node **nodes;
  int n = list_nodes(L, "concat", &c, &nodes);
  if (!c.x->shape.rank) call_fail(L, &c, MSG_concat_scalar, "concat", "", "");
  int dim = lua_isnoneornil(L, 2) ? 0 : value_dim(L, 2, c.x->shape.rank, "concat", c.x);
  check_alike(L, "concat", &c, n, nodes, dim);
  c.g->at = &c.loc;
  return call_end(L, &c, n == 1 ? nodes[0] : graph_concat(c.g, n, nodes, dim));
}

static int move_stack(lua_State *L) {
  Call c;
  Node **nodes;
  int n = list_nodes(L, "stack", &c, &nodes), rank = c.x->shape.rank + 1;
  check_alike(L, "stack", &c, n, nodes, -1);
  if (rank > RANK_MAX) call_fail(L, &c, MSG_shape_rank, "stack", "", "");
  int dim = lua_isnoneornil(L, 2) ? 0 : value_dim(L, 2, rank, "stack", NULL);
  Shape s = {.rank = rank};
  for (int d = 0, k = 0; d < rank; ++d) s.dim[d] = d == dim ? 1 : c.x->shape.dim[k++];
  c.g->at = &c.loc;
  for (int i = 0; i < n; ++i) nodes[i] = graph_reshape(c.g, nodes[i], s);
  return call_end(L, &c, n == 1 ? nodes[0] : graph_concat(c.g, n, nodes, dim));
}

/* ---- reductions: (x, dims?, keep?) ---- */
static Shape shape_kept(Shape s, Axes dims) {
  for (int i = 0; i < dims.n; ++i) s.dim[dims.at[i]] = 1;
  return s;
}

static int move_reduce(lua_State *L) {
  Op op = (Op)lua_tointeger(L, lua_upvalueindex(1));
  const char *what = op_info[op].name;
  Call c = call_begin(L, what);
  Axes dims = value_dims(L, 2, what, c.x);
  bool keep = value_flag(L, 3, what, "keep"), position_op = op == OP_argmax || op == OP_argmin;
  if (position_op && dims.n != 1 && !lua_isnoneornil(L, 2)) call_fail(L, &c, MSG_arg_dims, what, "", "");
  c.g->at = &c.loc;
  if (c.x->dtype == DT_bool || (c.x->dtype == DT_u8 && (op == OP_sum || op == OP_prod)))
    c.x = graph_cast(c.g, c.x, DT_i32);
  Node *x = c.x, *y = x;
  if (position_op && dims.n != 1) {
    x = graph_reshape(c.g, x, shape_of(1, shape_count(x->shape)));
    dims = (Axes){.n = 1};
  }
  if (dims.n) y = graph_reduce(c.g, op, x, dims);
  if (keep && dims.n) y = graph_reshape(c.g, y, shape_kept(x->shape, dims));
  return call_end(L, &c, y);
}

/* ---- along a dimension: (x, dim) ---- */
static int move_along(lua_State *L) {
  Op op = (Op)lua_tointeger(L, lua_upvalueindex(1));
  const char *what = op_info[op].name;
  Call c = call_begin(L, what);
  int dim = value_dim(L, 2, c.x->shape.rank, what, c.x);
  c.g->at = &c.loc;
  if (c.x->dtype == DT_bool || (c.x->dtype == DT_u8 && op == OP_cumsum)) c.x = graph_cast(c.g, c.x, DT_i32);
  return call_end(L, &c, (op == OP_cumsum ? graph_cumsum : graph_argsort)(c.g, c.x, dim));
}

/* ---- products ---- */
static void same_dtype(Call *c, Node **a, Node **b) {
  DType t = dtype_promote(c->f, (*a)->dtype, (*b)->dtype);
  c->g->at = &c->loc;
  *a = graph_cast(c->g, *a, t);
  *b = graph_cast(c->g, *b, t);
}

static int move_matmul(lua_State *L) {
  Call c = call_begin(L, "matmul");
  Node *a = c.x, *b = value_node(L, 2, "matmul");
  same_dtype(&c, &a, &b);
  return call_end(L, &c, graph_matmul(c.g, a, b));
}

static Axes list_dims(lua_State *L, int index, const char *what, Node *x) { /* in the order written */
  Axes axes = {0};
  if (lua_isnoneornil(L, index)) return axes;
  int64_t n = lua_istable(L, index) ? value_length(L, index) : 1;
  for (int i = 1; i <= n && axes.n < RANK_MAX; ++i) {
    if (lua_istable(L, index))
      lua_rawgeti(L, index, i);
    else
      lua_pushvalue(L, index);
    axes.at[axes.n++] = value_dim(L, lua_gettop(L), x->shape.rank, what, x);
    lua_pop(L, 1);
  }
  return axes;
}

static void check_dot(lua_State *L, const Call *c, Node *a, Node *b, Axes da, Axes db) {
  bool fits = da.n == db.n;
  for (int i = 0; fits && i < da.n; ++i) fits = a->shape.dim[da.at[i]] == b->shape.dim[db.at[i]];
  if (fits) return;
  Front *f = c->f;
  diag_note(a->loc, MSG_made_here, place_text(f, a));
  diag_note(b->loc, MSG_made_here, place_text(f, b));
  const char *sizes = "lists of dimensions differ in length";
  for (int i = 0; da.n == db.n && i < da.n; ++i)
    if (a->shape.dim[da.at[i]] != b->shape.dim[db.at[i]])
      sizes =
          arena_printf(f->arena, "%lld vs %lld", (long long)a->shape.dim[da.at[i]], (long long)b->shape.dim[db.at[i]]);
  front_fail(L, place_call(L), MSG_dot_front, lua_isstring(L, 7) ? lua_tostring(L, 7) : "dot", place_text(f, a),
             place_text(f, b), sizes);
}

/* nn.dot(a, b, dims of a, dims of b, batch dims of a?, batch dims of b?): sums over the pairs of dims; the result has
 * the batch dims, then the others of a, then those of b. The seventh argument is the library function's name. */
static int move_dot(lua_State *L) {
  lua_settop(L, 7);
  Call c = call_begin(L, "dot");
  Node *a = c.x, *b = value_node(L, 2, "dot");
  Axes da = list_dims(L, 3, "dot", a), db = list_dims(L, 4, "dot", b);
  Axes ba = list_dims(L, 5, "dot", a), bb = list_dims(L, 6, "dot", b);
  check_dot(L, &c, a, b, da, db);
  check_dot(L, &c, a, b, ba, bb);
  same_dtype(&c, &a, &b);
  return call_end(L, &c, graph_dot(c.g, a, b, ba, bb, da, db));
}

/* ---- by index ---- */
static Node *index_node(lua_State *L, Call *c, int at, const char *what) {
  Node *index = value_node(L, at, what);
  if (dtype_is_float(index->dtype) || index->dtype == DT_bool) {
    diag_note(index->loc, MSG_made_here, place_text(c->f, index));
    front_fail(L, place_call(L), MSG_index_dtype, what, dtype_info[index->dtype].name, place_text(c->f, index), "");
  }
  c->g->at = &c->loc;
  return index->dtype == DT_i64 ? index : graph_cast(c->g, index, DT_i32);
}

static int move_gather(lua_State *L) {
  Call c = call_begin(L, "gather");
  int dim = value_dim(L, 2, c.x->shape.rank, "gather", c.x);
  Node *index = index_node(L, &c, 3, "gather");
  return call_end(L, &c, graph_gather(c.g, c.x, index, dim));
}

static int move_scatter(lua_State *L) {
  Call c = call_begin(L, "scatter");
  int dim = value_dim(L, 2, c.x->shape.rank, "scatter", c.x);
  Node *index = index_node(L, &c, 3, "scatter");
  c.g->at = NULL;
  Node *source = value_node(L, 4, "scatter");
  const char *mode = lua_isnoneornil(L, 5) ? "add" : lua_tostring(L, 5);
  bool set = mode && !strcmp(mode, "set");
  if (!mode || (!set && strcmp(mode, "add")))
    front_fail(L, place_call(L), MSG_mode_unknown, "scatter", mode ? mode : value_kind(L, 5), "", "");
  c.g->at = &c.loc;
  source = graph_cast(c.g, source, c.x->dtype);
  return call_end(L, &c, (set ? graph_scatter_set : graph_scatter)(c.g, c.x, index, source, dim));
}

/* ---- dtype ---- */
static int move_cast(lua_State *L) {
  Call c = call_begin(L, "cast");
  int dtype = value_dtype(L, 2, "cast");
  if (dtype < 0) front_fail(L, place_call(L), MSG_dtype_unknown, "cast", "nil", "", "");
  c.g->at = &c.loc;
  return call_end(L, &c, graph_cast(c.g, c.x, (DType)dtype));
}

static int move_bitcast(lua_State *L) {
  Call c = call_begin(L, "bitcast");
  int dtype = value_dtype(L, 2, "bitcast");
  if (dtype < 0) front_fail(L, place_call(L), MSG_dtype_unknown, "bitcast", "nil", "", "");
  c.g->at = &c.loc;
  return call_end(L, &c, graph_bitcast(c.g, c.x, (DType)dtype));
}

static int move_stop_gradient(lua_State *L) {
  Call c = call_begin(L, "stop_gradient");
  return call_end(L, &c, graph_add(c.g, OP_stop_gradient, 1, &c.x, NULL, c.loc));
}

/* A method for each op, which the function finds in its upvalue. */
static void methods_of(lua_State *L, const Op *ops, int n, lua_CFunction function) {
  for (int k = 0; k < n; ++k) {
    lua_pushinteger(L, ops[k]);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, op_info[ops[k]].name);
  }
}

void movement_core(lua_State *L) { /* stack: core, methods */
  static const luaL_Reg both[] = {{"reshape", move_reshape},
                                  {"transpose", move_transpose},
                                  {"broadcast", move_broadcast},
                                  {"slice", move_slice},
                                  {"select", move_select},
                                  {"pad", move_pad},
                                  {"reverse", move_reverse},
                                  {"window", move_window},
                                  {"unwindow", move_unwindow},
                                  {"matmul", move_matmul},
                                  {"dot", move_dot},
                                  {"gather", move_gather},
                                  {"scatter", move_scatter},
                                  {"cast", move_cast},
                                  {"bitcast", move_bitcast},
                                  {"stop_gradient", move_stop_gradient},
                                  {NULL, NULL}};
  static const Op reductions[] = {OP_sum, OP_max, OP_min, OP_prod, OP_argmax, OP_argmin};
  static const Op along[] = {OP_cumsum, OP_argsort};
  luaL_setfuncs(L, both, 0);
  methods_of(L, reductions, (int)(sizeof reductions / sizeof *reductions), move_reduce);
  methods_of(L, along, (int)(sizeof along / sizeof *along), move_along);
  for (lua_pushnil(L); lua_next(L, -2);) { /* methods are functions of the core too */
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_settable(L, -5);
  }
  static const luaL_Reg functions[] = {{"concat", move_concat}, {"stack", move_stack}, {NULL, NULL}};
  lua_pushvalue(L, -2);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
