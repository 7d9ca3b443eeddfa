/* driver.c: phases and their acts become the Module. The library (prelude/driver.lua) reads `run` and checks its words;
 * here acts meet the functions: inputs that they give, outputs that they write, states that they save and load.
 *
 * Invariants: when a phase is read all functions are traced, so an act's inputs and outputs are those of the first
 * variant's graph; a path is written from one output of one function only, since a file has one row shape. */
#include "vm.h"

/* ---- inputs = { name = value } ---- */
static const Input *input_find(const Graph *g, const char *name) {
  for (int i = 0; i < g->inputs.n; ++i)
    if (g->inputs.at[i]->kind == INPUT_value && !strcmp(g->inputs.at[i]->name, name)) return g->inputs.at[i];
  return NULL;
}

static _Noreturn void input_unknown(lua_State *L, const Func *func, const char *name) {
  Front *f = front_of(L);
  const Graph *g = func->variants.at[0].graph;
  VEC(const char *) names = {0};
  for (int i = 0; i < g->inputs.n; ++i)
    if (g->inputs.at[i]->kind == INPUT_value) vec_push(f->arena, names, g->inputs.at[i]->name);
  const char *near = diag_nearest(name, names.at, names.n);
  front_fail(L, place_call(L), MSG_act_input, func->name, name,
             near ? arena_printf(f->arena, " (did you mean '%s'?)", near) : "", "");
}

static int character_bytes(const char *s) {
  int n = 1;
  while (((unsigned char)s[n] & 0xC0) == 0x80) ++n;
  return n;
}

/* The token of the character at s, or -1. */
static int64_t token_of(const char *vocabulary, const char *s, int n) {
  if (!*vocabulary) return (unsigned char)*s;
  int64_t token = 0;
  for (const char *v = vocabulary; *v; v += character_bytes(v), ++token)
    if (character_bytes(v) == n && !memcmp(v, s, (size_t)n)) return token;
  return -1;
}

/* A text for an input of tokens: the last ones when it is longer; in front of a shorter one stands the blank (or token
 * 0 where the vocabulary has none). The built program reads --FUNC.INPUT by the same rule. */
static const Tensor *text_value(lua_State *L, const char *vocabulary, const Input *input, const char *text) {
  Front *f = front_of(L);
  VEC(int64_t) tokens = {0};
  for (const char *s = text; *s;) {
    int n = *vocabulary ? character_bytes(s) : 1;
    int64_t token = token_of(vocabulary, s, n);
    if (token < 0)
      front_fail(L, place_call(L), MSG_text_character, input->name, arena_strndup(f->arena, s, (size_t)n), "", "");
    vec_push(f->arena, tokens, token);
    s += n;
  }
  Value *v = value_new(f->arena, input->dtype, input->shape);
  int64_t count = shape_count(input->shape), blank = token_of(vocabulary, " ", 1);
  for (int64_t i = 0; i < count; ++i) {
    int64_t from = tokens.n - count + i;
    v->i[i] = from >= 0 ? tokens.at[from] : blank < 0 ? 0 : blank;
  }
  return tensor_of_value(f->arena, v);
}

static void read_given(lua_State *L, Act *act) { /* name at -2, value at -1 */
  Front *f = front_of(L);
  const Func *func = f->module->funcs.at[act->func];
  const char *name = lua_type(L, -2) == LUA_TSTRING ? arena_strdup(f->arena, lua_tostring(L, -2)) : value_kind(L, -2);
  const Input *input = input_find(func->variants.at[0].graph, name);
  if (!input) input_unknown(L, func, name);
  Vocabulary words = module_vocabulary(f->module, func);
  bool text = lua_type(L, -1) == LUA_TSTRING && dtype_is_integer(input->dtype);
  if (text && words.in_file) front_fail(L, place_call(L), MSG_text_tokens, name, func->name, name, "");
  const Tensor *value = text && words.characters
                            ? text_value(L, words.characters, input, lua_tostring(L, -1))
                            : input_value(L, lua_gettop(L), input, arena_printf(f->arena, "input '%s'", name));
  vec_push(f->arena, act->inputs, ((ActInput){name, value}));
}

/* ---- write = { output = path } ---- */
static bool ends_with(const char *s, const char *end) {
  size_t n = strlen(s), m = strlen(end);
  return n > m && !strcmp(s + n - m, end);
}

/* [h,w], [n,h,w], or [n,c,h,w] of one or three channels. */
static bool is_picture(Shape s) {
  return s.rank == 2 || s.rank == 3 || (s.rank == 4 && (s.dim[1] == 1 || s.dim[1] == 3));
}

/* Another output goes to that file already. */
static bool written_otherwise(const Front *f, const Act *act, const ActWrite *w) {
  for (int i = 0; i < f->writing.n; ++i) {
    const Act *other = &f->writing.at[i];
    const ActWrite *their = &other->writes.at[0];
    if (!strcmp(their->path, w->path) && strcmp(w->path, "-") &&
        (other->func != act->func || their->output != w->output))
      return true;
  }
  return false;
}

static void read_write(lua_State *L, Act *act, const char *output, const char *path) {
  Front *f = front_of(L);
  const Func *func = f->module->funcs.at[act->func];
  const Graph *g = func->variants.at[0].graph;
  ActWrite w = {arena_strdup(f->arena, path), 0};
  while (w.output < g->outputs.n && strcmp(g->outputs.at[w.output].name, output)) ++w.output;
  if (w.output == g->outputs.n) bug("the library writes no output '%s'", output);
  const Node *n = g->outputs.at[w.output].node;
  bool png = ends_with(path, ".png");
  if (!png && !ends_with(path, ".npy") && !ends_with(path, ".txt") && strcmp(path, "-"))
    front_fail(L, place_call(L), MSG_write_path, output, path, "", "");
  if (png && !is_picture(n->shape)) front_fail(L, place_call(L), MSG_write_picture, output, place_text(f, n), "", "");
  if (written_otherwise(f, act, &w)) front_fail(L, place_call(L), MSG_write_twice, path, "", "", "");
  vec_push(f->arena, act->writes, w);
  Act one = {.func = act->func};
  vec_push(f->arena, one.writes, w);
  vec_push(f->arena, f->writing, one);
}

/* ---- nn.save, nn.load ---- */
static void read_kept(lua_State *L, Act *act) { /* { name, state } at the top */
  lua_geti(L, -1, 1);
  lua_geti(L, -2, 2);
  const Handle *h = handle_test(L, -1);
  ActState kept = {arena_strdup(front_of(L)->arena, luaL_checkstring(L, -2)), h ? h->state : NULL};
  if (!kept.state) bug("the library keeps '%s', which is no state", kept.name);
  vec_push(front_of(L)->arena, act->tree, kept);
  lua_pop(L, 2);
}

/* ---- acts ---- */
static int act_integer(lua_State *L, const char *key, int otherwise) {
  return (int)field_integer(L, lua_gettop(L), key, otherwise);
}

/* Runs `each` for the elements of the list at key; the element is at the top. */
static void each_element(lua_State *L, const char *key, Act *act, void (*each)(lua_State *, Act *)) {
  if (lua_getfield(L, -1, key) == LUA_TTABLE)
    for (int i = 1, n = (int)luaL_len(L, -1); i <= n; ++i) {
      lua_geti(L, -1, i);
      each(L, act);
      lua_pop(L, 1);
    }
  lua_pop(L, 1);
}

static void read_pair(lua_State *L, const char **a, const char **b) { /* { text, text } at the top */
  lua_geti(L, -1, 1);
  lua_geti(L, -2, 2);
  *a = arena_strdup(front_of(L)->arena, luaL_checkstring(L, -2));
  *b = arena_strdup(front_of(L)->arena, luaL_checkstring(L, -1));
  lua_pop(L, 2);
}

static void read_rename(lua_State *L, Act *act) {
  ActRename r;
  read_pair(L, &r.from, &r.to);
  vec_push(front_of(L)->arena, act->renames, r);
}

static void read_output(lua_State *L, Act *act) {
  const char *output, *path;
  read_pair(L, &output, &path);
  read_write(L, act, output, path);
}

static Act read_act(lua_State *L) { /* { func | save | load, times, every, … } at the top */
  Act act = {.func = act_integer(L, "func", -1),
             .times = act_integer(L, "times", 1),
             .every = act_integer(L, "every", 1),
             .when_func = act_integer(L, "when_func", -1),
             .when_output = act_integer(L, "when_output", -1)};
  const char *save = field_string(L, lua_gettop(L), "save"), *load = field_string(L, lua_gettop(L), "load");
  act.kind = save ? ACT_save : load ? ACT_load : ACT_call;
  act.path = save ? save : load;
  if (lua_getfield(L, -1, "inputs") == LUA_TTABLE)
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) read_given(L, &act);
  lua_pop(L, 1);
  each_element(L, "write", &act, read_output);
  each_element(L, "tree", &act, read_kept);
  each_element(L, "rename", &act, read_rename);
  return act;
}

/* ---- phases ---- */
static void read_acts(lua_State *L, const char *key, Acts *acts) {
  if (lua_getfield(L, 1, key) == LUA_TTABLE)
    for (int i = 1, n = (int)luaL_len(L, -1); i <= n; ++i) {
      lua_geti(L, -1, i);
      Act act = read_act(L);
      vec_push(front_of(L)->arena, *acts, act);
      lua_pop(L, 1);
    }
  lua_pop(L, 1);
}

static int program_phase(lua_State *L) { /* { before, step, each_epoch, after, by_epochs, count, hyper, stop_… } */
  Front *f = front_of(L);
  Phase *p = NEW(f->arena, Phase);
  read_acts(L, "before", &p->before);
  read_acts(L, "step", &p->step);
  read_acts(L, "each_epoch", &p->each_epoch);
  read_acts(L, "after", &p->after);
  lua_settop(L, 1);
  lua_getfield(L, 1, "by_epochs");
  p->by_epochs = lua_toboolean(L, -1);
  lua_getfield(L, 1, "count");
  p->count.value = lua_tonumber(L, -1);
  p->count.hyper = (int)field_integer(L, 1, "hyper", -1);
  p->stop_func = (int)field_integer(L, 1, "stop_func", -1);
  p->stop_output = (int)field_integer(L, 1, "stop_output", -1);
  vec_push(f->arena, f->module->phases, p);
  return 0;
}

static int program_checkpoint(lua_State *L) { /* { every, keep, by_epochs, best_func, best_output, best_least } */
  Front *f = front_of(L);
  Checkpoint *c = NEW(f->arena, Checkpoint);
  c->every = (int)field_integer(L, 1, "every", 0);
  c->keep = (int)field_integer(L, 1, "keep", 0);
  c->best_func = (int)field_integer(L, 1, "best_func", -1);
  c->best_output = (int)field_integer(L, 1, "best_output", -1);
  lua_getfield(L, 1, "by_epochs");
  c->by_epochs = lua_toboolean(L, -1);
  lua_getfield(L, 1, "best_least");
  c->best_least = lua_toboolean(L, -1);
  f->module->checkpoint = c;
  return 0;
}

void driver_core(lua_State *L) { /* stack: core.program */
  lua_pushcfunction(L, program_phase);
  lua_setfield(L, -2, "phase");
  lua_pushcfunction(L, program_checkpoint);
  lua_setfield(L, -2, "checkpoint");
}

void driver_states(const Module *m, bool *keep) {
  for (int i = 0; i < m->phases.n; ++i) {
    const Phase *p = m->phases.at[i];
    const Acts *const lists[] = {&p->before, &p->step, &p->each_epoch, &p->after};
    for (int l = 0; l < 4; ++l)
      for (int a = 0; a < lists[l]->n; ++a)
        for (int k = 0; k < lists[l]->at[a].tree.n; ++k) keep[lists[l]->at[a].tree.at[k].state->id] = true;
  }
}
