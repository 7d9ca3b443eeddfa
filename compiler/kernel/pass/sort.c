/* sort.c: positions in ascending order along the last axis of a group: a stable merge sort from runs of one upwards.
 * NaN comes last, as the largest. There is one stable order, so nothing here can change a result.
 *
 *   for u parallel                                                              some lines
 *     for i { keys[i] = element(i); y[i] = i }
 *     for two levels at a time { merge runs of w: keys, y -> keys_2, places; merge runs of 2w: keys_2, places -> keys,
 * y }
 *
 * A level is one loop over its results without a branch that depends on keys: the head of the right run is taken when
 * the left one is used up or larger. Keys move with the positions, so memory is read in order. Short lines have their
 * scratch on the stack, longer ones a piece of an arena for each unit. */
#include "nest.h"

enum { UNITS_MAX = 64, LOCAL_BYTES = 16384 };

typedef struct Line { /* where keys and positions of one line are */
  const Buffer *keys, *places;
  Expr *keys_at, *places_at; /* of the line; places_at NULL: places are the group's result */
} Line;

typedef struct Sort {
  Nest *nest;
  int64_t n, rows, units, per_unit; /* elements of a line, lines, units and lines of a unit */
  DType dtype;                      /* of the keys */
  Line line[2];
} Sort;

static Expr *whole(Sort *s, int64_t value) { return expr_index(s->nest->arena, value); }

static Block *count_loop(Sort *s, Block *body, const char *name, int64_t n, Expr **var) {
  return nest_loop(s->nest, body, name, whole(s, 0), whole(s, n), 1, var);
}

/* The group's axis to element i; there is none when lines have one element. */
static void set_element(Sort *s, Expr *i) {
  if (s->n > 1) point_axis(&s->nest->gen, s->nest->group->kept, i);
}

static Expr *place_index(Sort *s, const Line *line, Expr *i) {
  if (line->places_at) return expr_add(s->nest->arena, line->places_at, i);
  set_element(s, i);
  return affine_expr(&s->nest->gen, s->nest->group->writes.at[0].index);
}

static Expr *key_index(Sort *s, const Line *line, Expr *i) { return expr_add(s->nest->arena, line->keys_at, i); }

/* `right` stands to the right of `left` and goes before it: smaller, or a number beside a NaN. */
static Expr *goes_before(Arena *a, Expr *right, Expr *left) {
  Expr *less = expr_op2(a, OP_lt, right, left);
  if (!dtype_is_float(left->type.dtype)) return less;
  Expr *left_nan = expr_op1(a, OP_not, expr_op2(a, OP_eq, left, left));
  return expr_op2(a, OP_or, less, expr_op2(a, OP_and, left_nan, expr_op2(a, OP_eq, right, right)));
}

/* ---- memory ---- */
static const Buffer *scratch(Sort *s, Block *body, const char *name, DType t, Expr *unit, Expr **at) {
  Nest *nest = s->nest;
  int64_t bytes = s->n * (2 * dtype_info[s->dtype].bytes + dtype_info[DT_i32].bytes);
  if (bytes > LOCAL_BYTES) {
    Slot *slot = program_slot(nest->program, HOME_scratch, name, t, shape_of(2, s->units, s->n), nest->group->loc);
    *at = expr_mul(nest->arena, unit, s->n);
    return point_buffer(&nest->gen, slot, true);
  }
  Buffer *b = buffer_local(nest->arena, name, t, s->n);
  vec_push(nest->arena, *body, stmt_local(nest->arena, b));
  *at = whole(s, 0);
  return b;
}

/* `for u parallel { for line … }`: the body for one line, its axes set. */
static Block *each_line(Sort *s, Block *body) {
  Nest *nest = s->nest;
  Arena *a = nest->arena;
  Expr *unit, *row;
  body = nest_units(nest, body, 0, NULL, s->units, &unit);
  s->line[0].keys = scratch(s, body, "keys", s->dtype, unit, &s->line[0].keys_at);
  s->line[0].places = point_buffer(&nest->gen, nest->group->writes.at[0].slot, true);
  s->line[1].keys = scratch(s, body, "keys_2", s->dtype, unit, &s->line[1].keys_at);
  s->line[1].places = scratch(s, body, "places", DT_i32, unit, &s->line[1].places_at);
  Expr *lo = nest_bind(nest, body, "lo", expr_mul(a, unit, s->per_unit), NULL);
  Expr *hi = expr_add(a, lo, whole(s, s->per_unit));
  if (s->units * s->per_unit > s->rows) hi = expr_op2(a, OP_minimum, hi, whole(s, s->rows));
  if (s->per_unit == 1)
    row = lo;
  else
    body = nest_loop(nest, body, "line", lo, hi, 1, &row);
  nest_set_axes(nest, body, 0, nest->group->kept, row);
  return body;
}

/* ---- one line ---- */
static void read_keys(Sort *s, Block *body) {
  Nest *nest = s->nest;
  Arena *a = nest->arena;
  Expr *i;
  body = count_loop(s, body, "i", s->n, &i);
  set_element(s, i);
  nest_scalar(nest, body);
  Expr *key = point_expr(&nest->gen, nest->group->phases.at[0].element);
  vec_push(a, *body, stmt_store(a, s->line[0].keys, key_index(s, &s->line[0], i), key, NULL));
  Expr *place = expr_cast(a, i, DT_i32, false);
  vec_push(a, *body, stmt_store(a, s->line[0].places, place_index(s, &s->line[0], i), place, NULL));
}

/* Two runs being merged: the next of the left one, that of the right one, and their ends. */
typedef struct Runs {
  Var *left, *right, *middle, *end;
} Runs;

static void set(Sort *s, Block *body, Var *v, Expr *value) {
  vec_push(s->nest->arena, *body, stmt_set(s->nest->arena, v, value));
}

static Expr *at_most(Sort *s, Expr *x, int64_t most) { return expr_op2(s->nest->arena, OP_minimum, x, whole(s, most)); }

static void next_runs(Sort *s, Block *body, const Runs *r, Expr *k, Expr *width) {
  Arena *a = s->nest->arena;
  Stmt *done = stmt_if(a, expr_op2(a, OP_eq, k, expr_var(a, r->end)));
  vec_push(a, *body, done);
  set(s, &done->body, r->left, k);
  set(s, &done->body, r->middle, at_most(s, expr_add(a, k, width), s->n));
  set(s, &done->body, r->right, expr_var(a, r->middle));
  set(s, &done->body, r->end, at_most(s, expr_add(a, expr_var(a, r->middle), width), s->n));
}

static void take_one(Sort *s, Block *body, const Runs *r, Expr *k, const Line *from, const Line *to) {
  Nest *nest = s->nest;
  Arena *a = nest->arena;
  Expr *left = expr_var(a, r->left), *right = expr_var(a, r->right);
  Expr *i = nest_bind(nest, body, "i", at_most(s, left, s->n - 1), NULL);
  Expr *j = nest_bind(nest, body, "j", at_most(s, right, s->n - 1), NULL);
  Expr *x = nest_bind(nest, body, "x", expr_load(a, from->keys, key_index(s, from, i), 1, NULL), NULL);
  Expr *y = nest_bind(nest, body, "y", expr_load(a, from->keys, key_index(s, from, j), 1, NULL), NULL);
  Expr *used_up = expr_op2(a, OP_le, expr_var(a, r->middle), left);
  Expr *takes = expr_op2(a, OP_and, expr_op2(a, OP_lt, right, expr_var(a, r->end)),
                         expr_op2(a, OP_or, used_up, goes_before(a, y, x)));
  takes = nest_bind(nest, body, "takes_right", takes, NULL);
  Expr *taken = nest_bind(nest, body, "taken", expr_op3(a, OP_where, takes, j, i), NULL);
  Expr *place = expr_load(a, from->places, place_index(s, from, taken), 1, NULL);
  vec_push(a, *body, stmt_store(a, to->keys, key_index(s, to, k), expr_op3(a, OP_where, takes, y, x), NULL));
  vec_push(a, *body, stmt_store(a, to->places, place_index(s, to, k), place, NULL));
  set(s, body, r->left, expr_add(a, left, expr_op3(a, OP_where, takes, whole(s, 0), whole(s, 1))));
  set(s, body, r->right, expr_add(a, right, expr_op3(a, OP_where, takes, whole(s, 1), whole(s, 0))));
}

static void merge_level(Sort *s, Block *body, const Line *from, const Line *to, Var *width) {
  Nest *nest = s->nest;
  Arena *a = nest->arena;
  Runs r;
  Expr *k;
  nest_bind(nest, body, "left", whole(s, 0), &r.left);
  nest_bind(nest, body, "middle", whole(s, 0), &r.middle);
  nest_bind(nest, body, "right", whole(s, 0), &r.right);
  nest_bind(nest, body, "end", whole(s, 0), &r.end);
  Block *loop = count_loop(s, body, "k", s->n, &k);
  next_runs(s, loop, &r, k, expr_var(a, width));
  take_one(s, loop, &r, k, from, to);
  set(s, body, width, expr_mul(a, expr_var(a, width), 2));
}

void schedule_sort(Program *p, const Group *g, Calls *calls) {
  Nest nest;
  Block body = {0};
  Expr *pair;
  Var *width;
  int levels = 0;
  nest_init(&nest, p, g);
  Sort s = {.nest = &nest, .n = 1, .rows = 1, .dtype = g->phases.at[0].element->dtype};
  for (int i = 0; i < g->naxes; ++i) *(i < g->kept ? &s.rows : &s.n) *= nest.extent[i];
  s.per_unit = (s.rows + UNITS_MAX - 1) / UNITS_MAX;
  s.units = (s.rows + s.per_unit - 1) / s.per_unit;
  while (((int64_t)1 << levels) < s.n) ++levels;
  Block *line = each_line(&s, &body);
  read_keys(&s, line);
  if (levels) {
    nest_bind(&nest, line, "width", whole(&s, 1), &width);
    Block *loop = count_loop(&s, line, "pair", (levels + 1) / 2, &pair);
    merge_level(&s, loop, &s.line[0], &s.line[1], width);
    merge_level(&s, loop, &s.line[1], &s.line[0], width);
  }
  nest_done(&nest, body, calls);
}
