/* order.c: the order of a host function's kernels, then its barriers (MIDDLE.md 5).
 *
 * Needs: calls in some order that respects every dependence (lowering gives one). Keeps: for each pair of calls that
 * touch common bytes, one writing, their order. So no bit can change here.
 * First a list schedule that takes, of the calls that are ready, the one after which the fewest bytes more are live;
 * the better of it and the given order is kept. Then single calls move inside their dependence window while the peak of
 * live bytes falls, or the number of barriers at an equal peak. Liveness is counted in barrier intervals, as
 * pass/memory will: kernels of one interval run at once on different threads. Barriers are set last, as few as the
 * order allows: a call gets one before it if it conflicts with any call since the last one. The blocks of loops and
 * branches are ordered first, each on its own; a loop's ends in a barrier, since its turns follow each other, and what
 * follows the loop needs no other. */
#include "plan.h"

enum { EVALUATIONS_MAX = 1500, WORK_MAX = 30000000 };

typedef struct Order {
  Plan plan;
  int n;
  int *sequence, *position;    /* the calls in the order that is tried; where each call is in it */
  int *conflict, *conflict_at; /* conflict[conflict_at[c] … conflict_at[c + 1] - 1]: calls that c keeps its side of */
  int *touched, *touched_at;   /* likewise: the roots that c uses, each once */
  int *interval;               /* by call */
  struct RootLife {
    int first, last, before;   /* intervals; before: of the last call but one */
    int first_call, last_call; /* calls */
    int reuse;                 /* root whose memory this one may take, or -1 */
    int users;                 /* calls that use it and have not run (list schedule) */
  } * root;
  int64_t *live; /* by interval */
} Order;

/* What a sequence of calls costs: bytes first, then barriers. */
typedef struct Cost {
  int64_t peak;
  int barriers;
} Cost;

static bool cost_less(Cost a, Cost b) { return a.peak != b.peak ? a.peak < b.peak : a.barriers < b.barriers; }

static int64_t root_bytes(const Order *o, int r) {
  const Slot *s = o->plan.roots.at[r];
  return is_placed(&o->plan, s) ? (s->bytes + 63) & ~(int64_t)63 : 0;
}

/* ---- cost of a sequence ---- */
/* Does a barrier have to stand before the call, when the last one stands before place `start`? */
static bool needs_barrier(const Order *o, int c, int start) {
  for (int k = o->conflict_at[c]; k < o->conflict_at[c + 1]; ++k) {
    int other = o->conflict[k], at = o->position[other];
    bool both_serial = o->plan.calls.at[c].serial && o->plan.calls.at[other].serial; /* thread 0 runs them in order */
    if (at >= start && at < o->position[c] && !both_serial) return true;
  }
  return false;
}

/* Does the call at place i run behind the barrier that ends a loop? */
static bool follows_barrier(const Order *o, int i) {
  return i && ends_in_barrier(o->plan.calls.at[o->sequence[i - 1]].stmt);
}

static int place_intervals(Order *o) {
  int interval = 0, start = 0;
  for (int i = 0; i < o->n; ++i) {
    if (follows_barrier(o, i) || needs_barrier(o, o->sequence[i], start)) {
      ++interval;
      start = i;
    }
    o->interval[o->sequence[i]] = interval;
  }
  return interval + 1;
}

static void live_use(struct RootLife *r, int call, int interval) {
  if (r->last_call == call) return;
  if (r->first_call < 0) {
    r->first_call = call;
    r->first = interval;
  }
  r->before = r->last_call < 0 ? -1 : r->last;
  r->last_call = call;
  r->last = interval;
}

/* Does root r take over the memory of its `reuse`? Then the two count once where they meet. */
static bool root_reuses(const Order *o, int r) {
  const struct RootLife *out = &o->root[r];
  if (out->reuse < 0) return false;
  const struct RootLife *in = &o->root[out->reuse];
  return in->last_call == out->first_call && in->before < in->last;
}

static Cost sequence_cost(Order *o) {
  int intervals = place_intervals(o);
  for (int r = 0; r < o->plan.roots.n; ++r) o->root[r].first_call = o->root[r].last_call = -1;
  for (int i = 0; i < o->n; ++i) {
    int c = o->sequence[i];
    for (int k = o->touched_at[c]; k < o->touched_at[c + 1]; ++k) live_use(&o->root[o->touched[k]], c, o->interval[c]);
  }
  for (int t = 0; t <= intervals; ++t) o->live[t] = 0;
  for (int r = 0; r < o->plan.roots.n; ++r) {
    o->live[o->root[r].first + root_reuses(o, r)] += root_bytes(o, r);
    o->live[o->root[r].last + 1] -= root_bytes(o, r);
  }
  int own = intervals - 1; /* barriers that are not a loop's */
  for (int i = 1; i < o->n; ++i) own -= follows_barrier(o, i);
  int64_t sum = 0, peak = 0;
  for (int t = 0; t < intervals; ++t) {
    sum += o->live[t];
    if (sum > peak) peak = sum;
  }
  return (Cost){peak, own};
}

/* ---- list schedule ---- */
/* Bytes that become live with the call, less those that nothing needs after it. */
static int64_t call_rise(const Order *o, int c) {
  int64_t rise = 0;
  for (int k = o->touched_at[c]; k < o->touched_at[c + 1]; ++k) {
    const struct RootLife *r = &o->root[o->touched[k]];
    if (r->first_call < 0) rise += root_bytes(o, o->touched[k]);
    if (r->users == 1) rise -= root_bytes(o, o->touched[k]);
  }
  return rise;
}

static void call_run(Order *o, int c) {
  for (int k = o->touched_at[c]; k < o->touched_at[c + 1]; ++k) {
    o->root[o->touched[k]].users--;
    o->root[o->touched[k]].first_call = c;
  }
}

static void count_users(Order *o) {
  for (int r = 0; r < o->plan.roots.n; ++r) {
    o->root[r].users = 0;
    o->root[r].first_call = -1;
  }
  for (int k = 0; k < o->touched_at[o->n]; ++k) o->root[o->touched[k]].users++;
}

/* Which of the calls that are ready (their number in *n) raises the live bytes least; ties: the first as given. */
static int ready_take(const Order *o, int *ready, int *n) {
  int best = 0;
  int64_t least = INT64_MAX;
  for (int i = 0; i < *n; ++i) {
    int64_t rise = call_rise(o, ready[i]);
    if (rise > least || (rise == least && ready[i] > ready[best])) continue;
    best = i;
    least = rise;
  }
  int call = ready[best];
  ready[best] = ready[--*n];
  return call;
}

static void list_schedule(Order *o, int *sequence) {
  int *waits = NEW_N(o->plan.arena, int, o->n + 1), *ready = NEW_N(o->plan.arena, int, o->n + 1), nready = 0;
  count_users(o);
  for (int c = 0; c < o->n; ++c) {
    for (int k = o->conflict_at[c]; k < o->conflict_at[c + 1]; ++k) waits[c] += o->conflict[k] < c;
    if (!waits[c]) ready[nready++] = c;
  }
  for (int i = 0; i < o->n; ++i) {
    int c = sequence[i] = ready_take(o, ready, &nready);
    call_run(o, c);
    for (int k = o->conflict_at[c]; k < o->conflict_at[c + 1]; ++k)
      if (o->conflict[k] > c && --waits[o->conflict[k]] == 0) ready[nready++] = o->conflict[k];
  }
}

/* ---- moves ---- */
static void sequence_put(Order *o, int call, int place) {
  o->sequence[place] = call;
  o->position[call] = place;
}

/* Moves the call at `from` to `to`; the ones between shift by one. */
static void sequence_move(Order *o, int from, int to) {
  int call = o->sequence[from], step = from < to ? 1 : -1;
  for (int i = from; i != to; i += step) sequence_put(o, o->sequence[i + step], i);
  sequence_put(o, call, to);
}

/* The farthest place that the call at `from` can move to in direction step. */
static int window_end(const Order *o, int from, int step) {
  int c = o->sequence[from], end = step < 0 ? 0 : o->n - 1;
  for (int k = o->conflict_at[c]; k < o->conflict_at[c + 1]; ++k) {
    int at = o->position[o->conflict[k]] - step; /* the place beside it */
    if ((at + step - from) * step > 0 && (end - at) * step > 0) end = at;
  }
  return end;
}

/* Tries each place of the window of the call at `from`; keeps the first that is better. */
static bool try_moves(Order *o, int from, Cost *cost, int *budget) {
  for (int step = -1; step <= 1; step += 2) {
    int end = window_end(o, from, step);
    for (int to = from + step; (end - to) * step >= 0 && *budget > 0; to += step) {
      --*budget;
      sequence_move(o, from, to);
      Cost moved = sequence_cost(o);
      if (cost_less(moved, *cost)) {
        *cost = moved;
        return true;
      }
      sequence_move(o, to, from);
    }
  }
  return false;
}

static void improve(Order *o, Cost cost) {
  int work = 1 + 4 * o->n + o->touched_at[o->n] + o->conflict_at[o->n];
  int budget = WORK_MAX / work < EVALUATIONS_MAX ? WORK_MAX / work : EVALUATIONS_MAX;
  for (bool again = true; again && budget > 0;) {
    again = false;
    for (int i = 0; i < o->n && budget > 0; ++i) again |= try_moves(o, i, &cost, &budget);
  }
}

/* ---- reading ---- */
typedef struct RootUses {
  VEC(int) writers, all; /* pairs: call, index of the use */
} RootUses;

static RootUses *uses_by_root(Order *o) {
  RootUses *of = NEW_N(o->plan.arena, RootUses, o->plan.roots.n + 1);
  for (int c = 0; c < o->n; ++c)
    for (int u = 0; u < o->plan.calls.at[c].uses.n; ++u) {
      const Use *use = &o->plan.calls.at[c].uses.at[u];
      RootUses *r = &of[use->root];
      vec_push(o->plan.arena, r->all, c);
      vec_push(o->plan.arena, r->all, u);
      if (!use->written) continue;
      vec_push(o->plan.arena, r->writers, c);
      vec_push(o->plan.arena, r->writers, u);
    }
  return of;
}

static void touched_read(Order *o) {
  VEC(int) touched = {0};
  int *seen = NEW_N(o->plan.arena, int, o->plan.roots.n + 1); /* by root: the last call that used it, plus one */
  o->touched_at = NEW_N(o->plan.arena, int, o->n + 1);
  for (int c = 0; c < o->n; ++c) {
    for (int u = 0; u < o->plan.calls.at[c].uses.n; ++u) {
      int r = o->plan.calls.at[c].uses.at[u].root;
      if (seen[r] != c + 1) vec_push(o->plan.arena, touched, r);
      seen[r] = c + 1;
    }
    o->touched_at[c + 1] = touched.n;
  }
  o->touched = touched.at;
}

/* Two calls conflict if they touch common bytes and one of them writes. Only uses of one root are compared, and reads
 * with writes alone: a weight that all calls read makes no pairs. */
static void conflicts_read(Order *o) {
  VEC(int) conflicts = {0};
  RootUses *of = uses_by_root(o);
  int *seen = NEW_N(o->plan.arena, int, o->n + 1);
  o->conflict_at = NEW_N(o->plan.arena, int, o->n + 1);
  for (int c = 0; c < o->n; ++c) {
    seen[c] = c + 1;
    for (int u = 0; u < o->plan.calls.at[c].uses.n; ++u) {
      const Use *x = &o->plan.calls.at[c].uses.at[u];
      int n = x->written ? of[x->root].all.n : of[x->root].writers.n;
      const int *pair = x->written ? of[x->root].all.at : of[x->root].writers.at;
      for (int k = 0; k < n; k += 2) {
        const Use *y = &o->plan.calls.at[pair[k]].uses.at[pair[k + 1]];
        if (seen[pair[k]] == c + 1 || !uses_meet(x, y)) continue;
        vec_push(o->plan.arena, conflicts, pair[k]);
        seen[pair[k]] = c + 1;
      }
    }
    o->conflict_at[c + 1] = conflicts.n;
  }
  o->conflict = conflicts.at;
}

/* ---- the pass ---- */
static void order_read(Order *o, Arena *arena, const Block *block, const Stmt *within) {
  plan_read(&o->plan, arena, block, within);
  o->n = o->plan.calls.n;
  o->sequence = NEW_N(arena, int, o->n + 1);
  o->position = NEW_N(arena, int, o->n + 1);
  o->interval = NEW_N(arena, int, o->n + 1);
  o->live = NEW_N(arena, int64_t, o->n + 3);
  o->root = NEW_N(arena, struct RootLife, o->plan.roots.n + 1);
  for (int r = 0; r < o->plan.roots.n; ++r) o->root[r].reuse = plan_reuse(&o->plan, r);
  touched_read(o);
  conflicts_read(o);
}

static Cost order_take(Order *o, const int *sequence) {
  for (int i = 0; i < o->n; ++i) sequence_put(o, sequence[i], i);
  return sequence_cost(o);
}

static void barrier_write(Arena *arena, Block *block) {
  Stmt *barrier = NEW(arena, Stmt);
  barrier->kind = S_barrier;
  vec_push(arena, *block, barrier);
}

static void block_write(Order *o, Arena *arena, Block *block, const Stmt *within) {
  place_intervals(o);
  block->n = 0;
  for (int i = 0; i < o->n; ++i) {
    bool begins = i && o->interval[o->sequence[i]] != o->interval[o->sequence[i - 1]];
    if (begins && !follows_barrier(o, i)) barrier_write(arena, block);
    vec_push(arena, *block, o->plan.calls.at[o->sequence[i]].stmt);
  }
  bool turns = within && within->kind != S_if && block->n;
  if (turns && !ends_in_barrier(block->at[block->n - 1])) barrier_write(arena, block);
}

static int64_t order_block(Program *p, Block *block, const Stmt *within);

/* What lives within s gets a frame, for now of the bytes that are alive in it at once; pass/memory sets its size. */
static void order_inside(Program *p, Stmt *s, const Stmt *within) {
  int64_t body = order_block(p, &s->body, s), other = order_block(p, &s->other, s);
  int64_t bytes = body > other ? body : other;
  if (!bytes) return;
  const Stmt *outer = p->within;
  p->within = within;
  s->frame = program_slot(p, HOME_scratch, "frame", DT_u8, shape_of(1, bytes), s->loc);
  p->within = outer;
}

/* Returns the bytes that are alive in it at once. */
static int64_t order_block(Program *p, Block *block, const Stmt *within) {
  for (int i = 0; i < block->n; ++i)
    if (is_compound(block->at[i])) order_inside(p, block->at[i], within);
  Arena *own = arena_new(), *arena = p->arena;
  Order o = {0};
  order_read(&o, own, block, within);
  int *given = NEW_N(own, int, o.n + 1), *listed = NEW_N(own, int, o.n + 1);
  for (int i = 0; i < o.n; ++i) given[i] = i;
  list_schedule(&o, listed);
  Cost cost = order_take(&o, listed), other = order_take(&o, given);
  improve(&o, cost_less(cost, other) ? order_take(&o, listed) : other);
  int64_t peak = sequence_cost(&o).peak;
  block_write(&o, arena, block, within);
  arena_free(own);
  return peak;
}

void pass_order(Program *p) {
  diag_pass("order");
  for (int i = 0; i < p->hosts.n; ++i) order_block(p, &p->hosts.at[i]->body, NULL);
  p->stage = STAGE_order;
}
