/* window.c: x:window { dims, size, stride, dilation } and x:unwindow { dims, size, stride, dilation, extent }, the
 * sliding views of the core (graph/op/window.c says what they mean). `dims` lists the windowed dimensions, from 1; the
 * other fields have a number for each of them, or one number for all; stride and dilation are 1 when left out. What
 * does not fit is said here in the user's counting. */
#include "vm.h"

typedef struct Windows {
  lua_State *L;
  const char *what;
  Node *x;
  Axes dims;
  int64_t size[RANK_MAX], stride[RANK_MAX], dilation[RANK_MAX], extent[RANK_MAX];
} Windows;

static void read_sizes(Windows *w, const char *field, int64_t usual, int64_t *to) {
  lua_State *L = w->L;
  lua_getfield(L, 2, field);
  bool list = lua_istable(L, -1), missing = lua_isnil(L, -1);
  if (missing && !usual) front_fail(L, place_call(L), MSG_field_missing, w->what, field, "", "");
  if (list && value_length(L, -1) != w->dims.n)
    front_fail(L, place_call(L), MSG_window_list, w->what, field, lua_pushfstring(L, "%d", (int)value_length(L, -1)),
               lua_pushfstring(L, "%d", w->dims.n));
  for (int k = 0; k < w->dims.n; ++k) {
    if (list) lua_rawgeti(L, -1, k + 1);
    to[k] = missing ? usual : value_integer(L, -1, w->what, field);
    if (list) lua_pop(L, 1);
    if (to[k] < 1)
      front_fail(L, place_call(L), MSG_number_range, w->what, field, "at least 1",
                 lua_pushfstring(L, "%I", (LUAI_UACINT)to[k]));
  }
  lua_pop(L, 1);
}

static void read_dims(Windows *w, int rank) {
  lua_State *L = w->L;
  lua_getfield(L, 2, "dims");
  bool list = lua_istable(L, -1), seen[RANK_MAX] = {false};
  if (lua_isnil(L, -1)) front_fail(L, place_call(L), MSG_field_missing, w->what, "dims", "", "");
  int n = list ? (int)value_length(L, -1) : 1;
  for (int k = 0; k < n; ++k) {
    if (list) lua_rawgeti(L, -1, k + 1);
    int d = value_dim(L, lua_gettop(L), rank, w->what, w->x);
    if (list) lua_pop(L, 1);
    if (seen[d])
      front_fail(L, place_call(L), MSG_dim_twice, w->what, lua_pushfstring(L, "%d", d + 1),
                 place_text(front_of(L), w->x), "");
    seen[d] = true;
    w->dims.at[w->dims.n++] = d;
  }
  lua_pop(L, 1);
}

static void check_fields(lua_State *L, const char *what, bool back) {
  static const char *const known[] = {"dims", "size", "stride", "dilation", "extent"};
  int count = back ? 5 : 4;
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "1";
    int k = 0;
    while (k < count && strcmp(key, known[k])) ++k;
    if (k < count) continue;
    const char *near = diag_nearest(key, known, count);
    front_fail(L, place_call(L), MSG_field_unknown, what, key,
               near ? arena_printf(front_of(L)->arena, " (did you mean '%s'?)", near) : "", "");
  }
}

static void read_windows(Windows *w, lua_State *L, const char *what, bool back) {
  *w = (Windows){.L = L, .what = what, .x = value_node(L, 1, what)};
  if (!lua_istable(L, 2)) front_fail(L, place_call(L), MSG_table_wanted, what, value_kind(L, 2), "", "");
  check_fields(L, what, back);
  int rank = w->x->shape.rank;
  if (back) { /* the insides are the last dimensions */
    lua_getfield(L, 2, "dims");
    rank -= lua_istable(L, -1) ? (int)value_length(L, -1) : 1;
    lua_pop(L, 1);
  }
  read_dims(w, rank < 0 ? 0 : rank);
  read_sizes(w, "size", 0, w->size);
  read_sizes(w, "stride", 1, w->stride);
  read_sizes(w, "dilation", 1, w->dilation);
  if (back) read_sizes(w, "extent", 0, w->extent);
}

static _Noreturn void window_fail(const Windows *w, int k, int64_t extent) {
  Front *f = front_of(w->L);
  diag_note(w->x->loc, MSG_made_here, place_text(f, w->x));
  front_fail(w->L, place_call(w->L), MSG_window_large, w->what,
             arena_printf(f->arena, "%lld with dilation %lld", (long long)w->size[k], (long long)w->dilation[k]),
             arena_printf(f->arena, "dimension %d (of %lld)", w->dims.at[k] + 1, (long long)extent),
             place_text(f, w->x));
}

static int finish(lua_State *L, Trace *t, Node *y) {
  t->graph->at = NULL;
  handle_push(L, y);
  return 1;
}

static void check_reach(const Windows *w, int k, int64_t extent) {
  int64_t room = extent - 1;
  if (w->size[k] > extent || (w->size[k] > 1 && w->dilation[k] > room / (w->size[k] - 1))) window_fail(w, k, extent);
}

int move_window(lua_State *L) {
  Windows w;
  read_windows(&w, L, "window", false);
  for (int k = 0; k < w.dims.n; ++k) check_reach(&w, k, w.x->shape.dim[w.dims.at[k]]);
  if (w.x->shape.rank + w.dims.n > RANK_MAX)
    front_fail(L, place_call(L), MSG_shape_rank, "window",
               lua_pushfstring(L, "%d, %d of them new", w.x->shape.rank + w.dims.n, w.dims.n), "", "");
  Trace *t = front_of(L)->trace;
  Loc loc = place_here(L);
  t->graph->at = &loc;
  return finish(L, t, graph_window(t->graph, w.x, w.dims, w.size, w.stride, w.dilation));
}

int move_unwindow(lua_State *L) {
  Windows w;
  read_windows(&w, L, "unwindow", true);
  Front *f = front_of(L);
  int rank = w.x->shape.rank - w.dims.n;
  for (int k = 0; k < w.dims.n; ++k) {
    check_reach(&w, k, w.extent[k]);
    int64_t positions = (w.extent[k] - 1 - (w.size[k] - 1) * w.dilation[k]) / w.stride[k] + 1;
    if (w.x->shape.dim[w.dims.at[k]] == positions && w.x->shape.dim[rank + k] == w.size[k]) continue;
    diag_note(w.x->loc, MSG_made_here, place_text(f, w.x));
    front_fail(L, place_call(L), MSG_unwindow_shape, "unwindow", place_text(f, w.x),
               arena_printf(f->arena, "%lld in dimension %d", (long long)positions, w.dims.at[k] + 1),
               arena_printf(f->arena, "%lld in dimension %d", (long long)w.size[k], rank + k + 1));
  }
  Loc loc = place_here(L);
  f->trace->graph->at = &loc;
  return finish(L, f->trace, graph_unwindow(f->trace->graph, w.x, w.dims, w.size, w.stride, w.dilation, w.extent));
}
