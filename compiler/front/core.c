/* core.c: entries of the core (LANGUAGE.md, section 3) that are neither tensors, movement nor states: constants,
 * hypers, arguments, inputs, gradients; and what the library in prelude/ needs besides the language: objects with a
 * place, diagnostics by name, checks of tables. front_load is at the end.
 *
 * The library gets the table `core`; models see only the table `nn` that the library fills. */
#include "vm.h"

#include <math.h>
#include <stdlib.h>

/* ---- constants ---- */
static int core_constant(lua_State *L) {
  Front *f = front_of(L);
  int dtype = value_dtype(L, 2, "nn.constant");
  if (lua_istable(L, 1)) {
    handle_push(L, graph_const_tensor(f->trace->graph, value_tensor(L, 1, dtype, "nn.constant"), place_here(L)));
    return 1;
  }
  Operand o = value_operand(L, 1, "nn.constant");
  if (o.node) front_fail(L, place_call(L), MSG_constant_tensor, "nn.constant", "", "", "");
  if (dtype >= 0 && !dtype_is_float((DType)dtype) && o.value != floor(o.value))
    front_fail(L, place_call(L), MSG_list_fraction, "nn.constant", text_f64(f->arena, o.value), dtype_info[dtype].name,
               "");
  handle_push(L, dtype < 0 ? value_node(L, 1, "nn.constant") : trace_literal(f, (DType)dtype, o.value, place_here(L)));
  return 1;
}

/* nn.full(shape, value, dtype?): the value may be a scalar tensor. */
static int core_full(lua_State *L) {
  Front *f = front_of(L);
  Shape s = value_shape(L, 1, "nn.full", false);
  int dtype = value_dtype(L, 3, "nn.full");
  Loc loc = place_here(L);
  Operand o = value_operand(L, 2, "nn.full");
  Node *n = dtype >= 0 ? operand_node(f, o, (DType)dtype, loc) : value_node(L, 2, "nn.full");
  if (n->shape.rank) front_fail(L, place_call(L), MSG_full_scalar, place_text(f, n), "", "", "");
  f->trace->graph->at = &loc;
  n = s.rank ? graph_broadcast(f->trace->graph, n, s) : n;
  f->trace->graph->at = NULL;
  handle_push(L, n);
  return 1;
}

static int core_iota(lua_State *L) {
  int64_t n = value_integer(L, 1, "nn.iota", "a length");
  if (n < 1) front_fail(L, place_call(L), MSG_shape_size, "nn.iota", lua_tostring(L, 1), "", "");
  handle_push(L, graph_iota(front_of(L)->trace->graph, n, place_here(L)));
  return 1;
}

static int core_bits(lua_State *L) {
  Shape s = value_shape(L, 1, "nn.random", false);
  handle_push(L, trace_bits(L, s, "nn.random"));
  return 1;
}

/* ---- hypers, arguments, inputs ---- */
static const char *check_name(lua_State *L, int index, const char *what) {
  const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : NULL;
  if (!name) front_fail(L, place_call(L), MSG_name_wanted, what, value_kind(L, index), "", "");
  bool good = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z');
  for (const char *p = name; *p && good; ++p)
    good = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_';
  if (!good || strlen(name) > 63) front_fail(L, place_call(L), MSG_name_form, what, name, "", "");
  return arena_strdup(front_of(L)->arena, name);
}

static double hyper_option(lua_State *L, const char *key, double otherwise) {
  if (!lua_istable(L, 3)) return otherwise;
  int type = lua_getfield(L, 3, key);
  double x = type == LUA_TNIL ? otherwise : lua_tonumber(L, -1);
  if (type != LUA_TNIL && type != LUA_TNUMBER)
    front_fail(L, place_call(L), MSG_hyper_number, key, value_kind(L, -1), "", "");
  lua_pop(L, 1);
  return x;
}

static Hyper *hyper_find(Front *f, const char *name, int *index) {
  for (*index = 0; *index < f->module->hypers.n; ++*index)
    if (!strcmp(f->module->hypers.at[*index]->name, name)) return f->module->hypers.at[*index];
  return NULL;
}

static void hyper_check(lua_State *L, Front *f, const Hyper *h) {
  if (h->value >= h->min && h->value <= h->max) return;
  front_fail(L, place_call(L), MSG_hyper_range, h->name, text_f64(f->arena, h->value), text_f64(f->arena, h->min),
             text_f64(f->arena, h->max));
}

static int core_hyper(lua_State *L) {
  Front *f = front_of(L);
  const char *name = check_name(L, 1, "nn.hyper");
  if (f->trace->kind != TRACE_top) front_fail(L, place_call(L), MSG_state_inside, "nn.hyper", "", "", "");
  if (lua_type(L, 2) != LUA_TNUMBER) front_fail(L, place_call(L), MSG_hyper_number, name, value_kind(L, 2), "", "");
  int index;
  Hyper *h = hyper_find(f, name, &index);
  if (h && h->value != lua_tonumber(L, 2)) {
    diag_note(h->loc, MSG_first_here);
    front_fail(L, place_call(L), MSG_hyper_twice, name, "", "", "");
  }
  if (!h) {
    h = NEW(f->arena, Hyper);
    *h = (Hyper){name,
                 lua_tonumber(L, 2),
                 hyper_option(L, "min", -INFINITY),
                 hyper_option(L, "max", INFINITY),
                 lua_isinteger(L, 2),
                 NULL,
                 place_here(L)};
    if (lua_istable(L, 3) && lua_getfield(L, 3, "help") == LUA_TSTRING)
      h->help = arena_strdup(f->arena, lua_tostring(L, -1));
    hyper_check(L, f, h);
    vec_push(f->arena, f->module->hypers, h);
  }
  Input *input = NEW(f->arena, Input);
  *input = (Input){INPUT_hyper, name, f->options->float_dtype, {0}, -1, -1, index, NULL, h->loc};
  for (int i = 0; i < f->top->graph->inputs.n; ++i)
    if (f->top->graph->inputs.at[i]->hyper == index && f->top->graph->inputs.at[i]->kind == INPUT_hyper)
      input = f->top->graph->inputs.at[i];
  handle_push(L, graph_input(f->top->graph, input));
  return 1;
}

/* core.hyper_of(tensor) -> index of the hyper that it is, or nil */
static int core_hyper_of(lua_State *L) {
  Handle *h = handle_test(L, 1);
  if (!h || !h->node || h->node->op != OP_input || h->node->attr->input->kind != INPUT_hyper) return 0;
  lua_pushinteger(L, h->node->attr->input->hyper);
  lua_pushnumber(L, front_of(L)->module->hypers.at[h->node->attr->input->hyper]->value);
  return 2;
}

static const char *define_value(Front *f, const char *name, bool *given) {
  *given = false;
  const char *value = NULL;
  for (int i = 0; i < f->options->ndefines; ++i) {
    if (strcmp(f->options->defines[i].name, name)) continue;
    *given = true;
    value = f->options->defines[i].value;
  }
  return value;
}

static int core_arg(lua_State *L) {
  Front *f = front_of(L);
  const char *name = check_name(L, 1, "nn.arg");
  bool given;
  const char *value = define_value(f, name, &given);
  map_put(&f->args_seen, name, f);
  lua_settop(L, 2);
  int type = lua_type(L, 2);
  if (type != LUA_TBOOLEAN && type != LUA_TNIL && type != LUA_TNUMBER && type != LUA_TSTRING)
    front_fail(L, place_call(L), MSG_arg_default, name, value_kind(L, 2), "", "");
  if (!given) return 1;
  if (type == LUA_TBOOLEAN || (type == LUA_TNIL && !value)) {
    if (value && strcmp(value, "true") && strcmp(value, "false"))
      front_fail(L, place_call(L), MSG_arg_value, name, value, "true or false", "");
    lua_pushboolean(L, !value || !strcmp(value, "true"));
  } else if (type == LUA_TNUMBER) {
    if (!value || !lua_stringtonumber(L, value) || (lua_isinteger(L, 2) && !lua_isinteger(L, -1)))
      front_fail(L, place_call(L), MSG_arg_value, name, value ? value : "nothing",
                 lua_isinteger(L, 2) ? "a whole number" : "a number", "");
  } else {
    lua_pushstring(L, value ? value : "true");
  }
  return 1;
}

const Tensor *input_value(lua_State *L, int index, const Input *input, const char *what) {
  Front *f = front_of(L);
  Tensor *value = value_tensor(L, index, (int)input->dtype, what);
  if (!value->shape.rank && input->shape.rank) {
    Value *one = value_of_tensor(f->arena, value), *all = value_new(f->arena, input->dtype, input->shape);
    for (int64_t i = 0; i < shape_count(input->shape); ++i)
      if (all->f)
        all->f[i] = one->f[0];
      else
        all->i[i] = one->i[0];
    return tensor_of_value(f->arena, all);
  }
  if (!shape_equal(value->shape, input->shape))
    front_fail(L, place_call(L), MSG_input_default, what, shape_text(f->arena, value->shape),
               shape_text(f->arena, input->shape), "");
  return value;
}

/* nn.input(shape, dtype?, default?, name): the library gives the name when it finds it. */
static int core_input(lua_State *L) {
  Front *f = front_of(L);
  if (f->trace->kind != TRACE_top) front_fail(L, place_call(L), MSG_state_inside, "nn.input", "", "", "");
  Input *input = NEW(f->arena, Input);
  int dtype = value_dtype(L, 2, "nn.input");
  Shape s = value_shape(L, 1, "nn.input", false);
  *input = (Input){INPUT_value, "input",      dtype < 0 ? f->options->float_dtype : (DType)dtype, s, -1, -1, -1,
                   NULL,        place_here(L)};
  input->name = arena_printf(f->arena, "input%d", f->top->graph->inputs.n);
  if (!lua_isnoneornil(L, 3)) input->value = input_value(L, 3, input, "nn.input");
  handle_push(L, graph_input(f->top->graph, input));
  return 1;
}

static int core_input_name(lua_State *L) {
  Handle *h = handle_test(L, 1);
  if (!h || !h->node || h->node->op != OP_input || h->node->attr->input->kind != INPUT_value)
    front_fail(L, place_call(L), MSG_input_wanted, value_kind(L, 1), "", "", "");
  h->node->attr->input->name = h->node->name = check_name(L, 2, "nn.func's inputs");
  return 0;
}

static int core_total_steps(lua_State *L) {
  Front *f = front_of(L);
  Graph *g = f->trace->root->graph;
  if (f->trace->root->kind != TRACE_func)
    front_fail(L, place_call(L), MSG_state_outside, "the number of steps of the run", "", "", "");
  Input *input = NULL;
  for (int i = 0; i < g->inputs.n; ++i)
    if (g->inputs.at[i]->kind == INPUT_total_steps) input = g->inputs.at[i];
  if (!input) {
    input = NEW(f->arena, Input);
    *input = (Input){INPUT_total_steps, "total_steps", DT_f32, {0}, -1, -1, -1, NULL, place_here(L)};
  }
  Loc loc = place_here(L);
  Node *n = graph_input(g, input);
  g->at = &loc;
  n = graph_cast(g, n, dtype_chain(f->options->float_dtype)); /* bf16 counts to 256, f16 to 65504 */
  g->at = NULL;
  handle_push(L, trace_reach(L, f->trace, f->trace->root, n));
  return 1;
}

/* ---- gradients ---- */
static bool *reaching(Front *f, const Graph *g, const Node *y) { /* what y depends on */
  bool *need = NEW_N(f->arena, bool, g->nodes.n);
  need[y->id] = true;
  for (int id = y->id; id >= 0; --id)
    for (int i = 0; need[id] && i < g->nodes.at[id]->nin; ++i) need[node_in(g->nodes.at[id], i)->id] = true;
  return need;
}

/* d y / d x is nowhere: the loss read an older version of the state, or does not depend on x at all. */
static _Noreturn void grad_unreached(lua_State *L, const Graph *g, Node *y, Node *x, const State *s) {
  Front *f = front_of(L);
  bool *need = reaching(f, g, y);
  for (int id = 0; s && id < g->nodes.n; ++id) {
    const Node *n = g->nodes.at[id];
    if (!need[id] || n == x || n->attr->state != s) continue;
    diag_note(x->loc, MSG_state_assigned, s->name);
    diag_note(y->loc, MSG_made_here, place_text(f, y));
    front_fail(L, place_call(L), MSG_grad_stale, place_text(f, y), s->name, "", "");
  }
  diag_note(s ? s->loc : x->loc, MSG_made_here, place_text(f, x));
  diag_note(y->loc, MSG_made_here, place_text(f, y));
  front_fail(L, place_call(L), MSG_grad_unused, place_text(f, y), place_text(f, x), "", "");
}

static Node *grad_operand(lua_State *L, int index, const char *which) {
  Handle *h = handle_test(L, index);
  if (!h) front_fail(L, place_call(L), MSG_grad_operand, which, value_kind(L, index), "", "");
  Node *n = trace_node(L, h, "nn.grad");
  place_name(L, index, h);
  if (!dtype_is_float(n->dtype)) {
    diag_note(n->loc, MSG_made_here, place_text(front_of(L), n));
    place_notes(L);
    user_error(place_call(L), MSG_grad_float, dtype_info[n->dtype].name, place_text(front_of(L), n));
  }
  return n;
}

static Node *grad_cotangent(lua_State *L, int index, const Node *y) {
  Front *f = front_of(L);
  if (lua_isnoneornil(L, index)) {
    if (!y->shape.rank) return NULL;
    diag_note(y->loc, MSG_made_here, place_text(f, y));
    place_notes(L);
    user_error(place_call(L), MSG_grad_scalar, place_text(f, y));
  }
  Node *c = grad_operand(L, index, "the cotangent");
  if (c->dtype == y->dtype && shape_equal(c->shape, y->shape)) return c;
  place_notes(L);
  user_error(place_call(L), MSG_grad_cotangent, place_text(f, y), place_text(f, c));
}

/* core.gradient(y, list of tensors and states, cotangent?, unused) -> list */
static int core_gradient(lua_State *L) {
  Front *f = front_of(L);
  Graph *g = f->trace->graph;
  bool zero = lua_type(L, 4) == LUA_TSTRING && !strcmp(lua_tostring(L, 4), "zero");
  Node *y = grad_operand(L, 1, "its first argument"), *cotangent = grad_cotangent(L, 3, y);
  int n = (int)luaL_len(L, 2);
  Node **xs = NEW_N(f->arena, Node *, n + 1), **gradients = NEW_N(f->arena, Node *, n + 1);
  State **states = NEW_N(f->arena, State *, n + 1);
  for (int i = 0; i < n; ++i) {
    lua_geti(L, 2, i + 1);
    xs[i] = grad_operand(L, lua_gettop(L), "what it differentiates by");
    states[i] = handle_test(L, -1)->state;
    lua_pop(L, 1);
  }
  for (int i = 0; i < n; ++i) body_check_gradient(L, f->trace, y, xs[i]);
  f->asking = L;
  graph_gradient(g, y, cotangent, n, xs, gradients);
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; ++i) {
    if (!gradients[i] && !zero) grad_unreached(L, g, y, xs[i], states[i]);
    handle_push(L, gradients[i] ? gradients[i] : graph_like(g, xs[i], 0));
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* ---- what the library asks about values ---- */
static int core_kind(lua_State *L) { /* "tensor", "state", a module's kind, or nil */
  Handle *h = handle_test(L, 1);
  Object *object = place_object(L, 1);
  if (h)
    lua_pushstring(L, h->state ? "state" : "tensor");
  else if (object)
    lua_pushstring(L, object->kind);
  else
    lua_pushnil(L);
  return 1;
}

static int core_state(lua_State *L) { /* trained, saved, name */
  const Handle *h = handle_test(L, 1);
  if (!h || !h->state) return 0;
  lua_pushboolean(L, h->state->trained);
  lua_pushboolean(L, h->state->saved);
  lua_pushstring(L, h->state->name);
  return 3;
}

static int core_serial(lua_State *L) {
  const Handle *h = handle_test(L, 1);
  lua_pushinteger(L, h ? h->serial : 0);
  return 1;
}

static int core_float(lua_State *L) {
  lua_pushstring(L, dtype_info[front_of(L)->options->float_dtype].name);
  return 1;
}

static int core_watched(lua_State *L) {
  lua_pushstring(L, front_of(L)->options->watch); /* nil for NULL */
  return 1;
}

static int core_what(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushstring(L, value_kind(L, 1));
  return 1;
}

/* `*` any text, `?` one character; linear in time (the last star is the only one to come back to). */
static bool glob(const char *p, const char *s) {
  const char *star = NULL, *back = NULL;
  while (*s) {
    if (*p == '*') {
      star = p++;
      back = s;
    } else if (*p == *s || *p == '?') {
      ++p;
      ++s;
    } else if (star) {
      p = star + 1;
      s = ++back;
    } else {
      return false;
    }
  }
  while (*p == '*') ++p;
  return !*p;
}

static int core_glob(lua_State *L) {
  lua_pushboolean(L, glob(luaL_checkstring(L, 1), luaL_checkstring(L, 2)));
  return 1;
}

/* ---- objects ---- */
static int core_object(lua_State *L) {
  place_register(L, 1, luaL_checkstring(L, 2));
  lua_settop(L, 1);
  return 1;
}

static int core_module(lua_State *L) {
  place_register(L, 1, luaL_checkstring(L, 2));
  lua_settop(L, 1);
  if (luaL_newmetatable(L, "nn.module")) {
    lua_pushcfunction(L, place_module_call);
    lua_setfield(L, -2, "__call");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
  }
  lua_setmetatable(L, 1);
  return 1;
}

/* ---- diagnostics from Lua, by the name of their row; the row takes strings only ---- */
static const char *const message_name[MSG_COUNT] = {
#define MSG(id, format) #id,
#include "../base/messages.def"
#undef MSG
};

static MsgId message_find(const char *name) {
  for (int id = 0; id < MSG_COUNT; ++id)
    if (!strcmp(message_name[id], name)) return (MsgId)id;
  bug("the library names no message '%s'", name);
}

static const char *message_argument(lua_State *L, int index) {
  if (lua_isnoneornil(L, index)) return "";
  return lua_type(L, index) == LUA_TNUMBER || lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index)
                                                                                : value_kind(L, index);
}

static int core_fail(lua_State *L) {
  MsgId id = message_find(luaL_checkstring(L, 1));
  front_fail(L, place_call(L), id, message_argument(L, 2), message_argument(L, 3), message_argument(L, 4),
             message_argument(L, 5));
}

/* The same at the place of an object: what is wrong is where it was made. */
static int core_fail_at(lua_State *L) {
  Object *object = place_object(L, 1);
  MsgId id = message_find(luaL_checkstring(L, 2));
  front_fail(L, object ? object->loc : place_call(L), id, message_argument(L, 3), message_argument(L, 4),
             message_argument(L, 5), message_argument(L, 6));
}

static int core_warn_at(lua_State *L) {
  Object *object = place_object(L, 1);
  warning(object ? object->loc : place_call(L), message_find(luaL_checkstring(L, 2)), message_argument(L, 3),
          message_argument(L, 4), message_argument(L, 5), message_argument(L, 6));
  return 0;
}

static int core_limit(lua_State *L) {
  place_notes(L);
  limit(place_call(L), MSG_unsupported, message_argument(L, 1));
}

static int core_nearest(lua_State *L) { /* (word, list) -> " (did you mean 'x'?)" or "" */
  Front *f = front_of(L);
  VEC(const char *) words = {0};
  const char *word = message_argument(L, 1);
  for (int i = 1, n = (int)luaL_len(L, 2); i <= n; ++i) {
    lua_geti(L, 2, i);
    if (lua_type(L, -1) == LUA_TSTRING) vec_push(f->arena, words, arena_strdup(f->arena, lua_tostring(L, -1)));
    lua_pop(L, 1);
  }
  const char *near = diag_nearest(word, words.at, words.n);
  lua_pushstring(L, near ? arena_printf(f->arena, " (did you mean '%s'?)", near) : "");
  return 1;
}

void core_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"constant", core_constant},
                                       {"full", core_full},
                                       {"iota", core_iota},
                                       {"bits", core_bits},
                                       {"hyper", core_hyper},
                                       {"hyper_of", core_hyper_of},
                                       {"arg", core_arg},
                                       {"input", core_input},
                                       {"input_name", core_input_name},
                                       {"total_steps", core_total_steps},
                                       {"gradient", core_gradient},
                                       {"kind", core_kind},
                                       {"state", core_state},
                                       {"serial", core_serial},
                                       {"float", core_float},
                                       {"watched", core_watched},
                                       {"what", core_what},
                                       {"glob", core_glob},
                                       {"object", core_object},
                                       {"module", core_module},
                                       {"at", place_at},
                                       {"fail", core_fail},
                                       {"fail_at", core_fail_at},
                                       {"warn_at", core_warn_at},
                                       {"limit", core_limit},
                                       {"nearest", core_nearest},
                                       {NULL, NULL}};
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  trace_core(L);
  tensor_core(L);
  lua_getfield(L, -1, "methods");
  movement_core(L);
  lua_pop(L, 1);
  program_core(L);
  control_core(L);
}

/* ---- the run ---- */
static void check_defines(Front *f) {
  const char **names = NEW_N(f->arena, const char *, f->args_seen.n + 1);
  for (int i = 0; i < f->args_seen.n; ++i) names[i] = f->args_seen.slots[i].key;
  for (int i = 0; i < f->options->ndefines; ++i) {
    const char *name = f->options->defines[i].name;
    if (map_get(&f->args_seen, name)) continue;
    const char *near = diag_nearest(name, names, f->args_seen.n);
    user_error((Loc){f->options->path, 0, NULL}, MSG_define_unknown, name,
               near ? arena_printf(f->arena, " (did you mean %s?)", near) : "");
  }
}

static int front_main(lua_State *L) {
  Front *f = front_of(L);
  lua_pushcfunction(L, sandbox_handler);
  globals_open(L);
  prelude_open(L);
  lua_getfield(L, LUA_REGISTRYINDEX, "loaded");
  lua_insert(L, -2);
  lua_setfield(L, -2, "nn");
  lua_pop(L, 1);
  sandbox_load(f, f->options->path, (Loc){NULL, 0, NULL});
  if (lua_pcall(L, 0, 1, 1) == LUA_ERRMEM) sandbox_out_of_memory(f);
  Object *object = place_object(L, -1);
  if (!object || strcmp(object->kind, "nn.program"))
    user_error((Loc){f->options->path, 0, NULL}, MSG_program_missing, value_kind(L, -1));
  program_finish(L);
  check_defines(f);
  return 0;
}

Module *front_load(Arena *arena, const FrontOptions *options) {
  Front *f = NEW(arena, Front);
  *f = (Front){.arena = arena, .options = options, .module = module_new(arena)};
  map_init(&f->sources, arena);
  map_init(&f->args_seen, arena);
  map_init(&f->calls, arena);
  map_init(&f->names, arena);
  f->module->file = arena_strdup(arena, options->path);
  Loc nowhere = {f->module->file, 0, NULL};
  f->module->seed = module_state(f->module, "nnrt.seed", DT_u32, shape_of(1, (int64_t)2), false, nowhere);
  f->module->seed->saved = false;
  f->top = f->trace = trace_new(f, TRACE_top, "the file");
  lua_State *L = f->L = sandbox_new(f);
  lua_pushcfunction(L, front_main);
  int status = lua_pcall(L, 0, 0, 0);
  if (status == LUA_ERRMEM) sandbox_out_of_memory(f);
  if (status != LUA_OK) bug("the library: %s", lua_tostring(L, -1));
  return f->module;
}
