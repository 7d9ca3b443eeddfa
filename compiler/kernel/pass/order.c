/* order.c: the order of a host function's kernels, then its barriers (MIDDLE.md 5).
 *
 * Needs: calls in some order that respects every dependence (lowering gives one). Keeps: for each pair of calls that
 * touch common bytes, one writing, their order. So no bit can change here.
 * First a list schedule that takes, of the calls that are ready, the one after which the fewest bytes more are live;
 * the better of it and the given order is kept. Then single calls move inside their dependence window while the peak of
 * live bytes falls, or the number of barriers at an equal peak. Liveness is counted in barrier intervals, as
 * pass/memory will: kernels of one interval run at once on different threads. Barriers are set last, as few as the
 * order allows: a call gets one before it if it conflicts with any call since the last one. */
#include "plan.h"

enum { EVALUATIONS_MAX = 1500, WORK_MAX = 30000000 };

typedef struct Order {
  Plan plan;
  int n;
  bool *conflict, *barrier; /* [n, n]: calls_conflict, calls_need_barrier; by the given order */
  int *interval;            /* by call */
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
  return s->home == HOME_scratch ? (s->bytes + 63) & ~(int64_t)63 : 0;
}

/* ---- cost of a sequence ---- */
static int place_intervals(Order *o, const int *sequence) {
  int interval = 0, start = 0;
  for (int i = 0; i < o->n; ++i) {
    for (int j = start; j < i; ++j)
      if (o->barrier[sequence[j] * o->n + sequence[i]]) {
        ++interval;
        start = i;
        break;
      }
    o->interval[sequence[i]] = interval;
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

static Cost sequence_cost(Order *o, const int *sequence) {
  int intervals = place_intervals(o, sequence);
  for (int r = 0; r < o->plan.roots.n; ++r) o->root[r].first_call = o->root[r].last_call = -1;
  for (int i = 0; i < o->n; ++i)
    for (int u = 0; u < o->plan.calls.at[sequence[i]].uses.n; ++u)
      live_use(&o->root[o->plan.calls.at[sequence[i]].uses.at[u].root], sequence[i], o->interval[sequence[i]]);
  for (int t = 0; t <= intervals; ++t) o->live[t] = 0;
  for (int r = 0; r < o->plan.roots.n; ++r) {
    o->live[o->root[r].first + root_reuses(o, r)] += root_bytes(o, r);
    o->live[o->root[r].last + 1] -= root_bytes(o, r);
  }
  int64_t sum = 0, peak = 0;
  for (int t = 0; t < intervals; ++t) {
    sum += o->live[t];
    if (sum > peak) peak = sum;
  }
  return (Cost){peak, intervals - 1};
}

/* ---- list schedule ---- */
/* Bytes that become live with the call, less those that nothing needs after it. */
static int64_t call_rise(const Order *o, int c) {
  const PlanCall *call = &o->plan.calls.at[c];
  int64_t rise = 0;
  for (int u = 0; u < call->uses.n; ++u) {
    int r = call->uses.at[u].root, earlier = 0;
    for (int v = 0; v < u; ++v) earlier |= call->uses.at[v].root == r;
    if (earlier) continue;
    if (o->root[r].first_call < 0) rise += root_bytes(o, r);
    if (o->root[r].users == 1) rise -= root_bytes(o, r);
  }
  return rise;
}

static void call_run(Order *o, int c) {
  const PlanCall *call = &o->plan.calls.at[c];
  for (int u = 0; u < call->uses.n; ++u) {
    int r = call->uses.at[u].root, earlier = 0;
    for (int v = 0; v < u; ++v) earlier |= call->uses.at[v].root == r;
    if (!earlier) o->root[r].users--;
    o->root[r].first_call = c;
  }
}

static void count_users(Order *o) {
  for (int r = 0; r < o->plan.roots.n; ++r) {
    o->root[r].users = 0;
    o->root[r].last_call = o->root[r].first_call = -1;
  }
  for (int c = 0; c < o->n; ++c)
    for (int u = 0; u < o->plan.calls.at[c].uses.n; ++u) {
      struct RootLife *r = &o->root[o->plan.calls.at[c].uses.at[u].root];
      r->users += r->last_call != c;
      r->last_call = c;
    }
}

static void list_schedule(Order *o, int *sequence) {
  int *waits = NEW_N(o->plan.arena, int, o->n + 1); /* for how many calls; -1: has run */
  count_users(o);
  for (int c = 0; c < o->n; ++c)
    for (int j = 0; j < c; ++j) waits[c] += o->conflict[j * o->n + c];
  for (int i = 0; i < o->n; ++i) {
    int best = -1;
    int64_t least = 0;
    for (int c = 0; c < o->n; ++c) {
      if (waits[c]) continue;
      int64_t rise = call_rise(o, c);
      if (best < 0 || rise < least) {
        best = c;
        least = rise;
      }
    }
    call_run(o, best);
    waits[best] = -1;
    for (int c = best + 1; c < o->n; ++c) waits[c] -= o->conflict[best * o->n + c];
    sequence[i] = best;
  }
}

/* ---- moves ---- */
/* Moves the call at `from` to `to`; the ones between shift by one. */
static void sequence_move(int *sequence, int from, int to) {
  int call = sequence[from], step = from < to ? 1 : -1;
  for (int i = from; i != to; i += step) sequence[i] = sequence[i + step];
  sequence[to] = call;
}

static bool in_conflict(const Order *o, int a, int b) { return o->conflict[a < b ? a * o->n + b : b * o->n + a]; }

/* The farthest place that the call at `from` can move to in direction step. */
static int window_end(const Order *o, const int *sequence, int from, int step) {
  int to = from;
  while (to + step >= 0 && to + step < o->n && !in_conflict(o, sequence[from], sequence[to + step])) to += step;
  return to;
}

/* Tries each place of the window of the call at `from`; keeps the first that is better. */
static bool try_moves(Order *o, int *sequence, int from, Cost *cost, int *budget) {
  for (int step = -1; step <= 1; step += 2) {
    int end = window_end(o, sequence, from, step);
    for (int to = from + step; (end - to) * step >= 0 && *budget > 0; to += step) {
      --*budget;
      sequence_move(sequence, from, to);
      Cost moved = sequence_cost(o, sequence);
      if (cost_less(moved, *cost)) {
        *cost = moved;
        return true;
      }
      sequence_move(sequence, to, from);
    }
  }
  return false;
}

static void improve(Order *o, int *sequence, Cost *cost) {
  int work = 1;
  for (int c = 0; c < o->n; ++c) work += 4 + o->plan.calls.at[c].uses.n;
  int budget = WORK_MAX / work < EVALUATIONS_MAX ? WORK_MAX / work : EVALUATIONS_MAX;
  for (bool again = true; again && budget > 0;) {
    again = false;
    for (int i = 0; i < o->n && budget > 0; ++i) again |= try_moves(o, sequence, i, cost, &budget);
  }
}

/* ---- the pass ---- */
static void order_read(Order *o, Arena *arena, const Host *h) {
  plan_read(&o->plan, arena, h);
  o->n = o->plan.calls.n;
  o->conflict = NEW_N(arena, bool, o->n * o->n + 1);
  o->barrier = NEW_N(arena, bool, o->n * o->n + 1);
  o->interval = NEW_N(arena, int, o->n + 1);
  o->live = NEW_N(arena, int64_t, o->n + 3);
  o->root = NEW_N(arena, struct RootLife, o->plan.roots.n + 1);
  for (int i = 0; i < o->n; ++i)
    for (int j = i + 1; j < o->n; ++j) {
      const PlanCall *a = &o->plan.calls.at[i], *b = &o->plan.calls.at[j];
      o->conflict[i * o->n + j] = calls_conflict(a, b);
      o->barrier[i * o->n + j] = o->barrier[j * o->n + i] = calls_need_barrier(a, b);
    }
  for (int r = 0; r < o->plan.roots.n; ++r) o->root[r].reuse = plan_reuse(&o->plan, r);
}

static void host_write(Order *o, Arena *arena, Host *h, const int *sequence) {
  place_intervals(o, sequence);
  h->body.n = 0;
  for (int i = 0; i < o->n; ++i) {
    if (i && o->interval[sequence[i]] != o->interval[sequence[i - 1]]) {
      Stmt *barrier = NEW(arena, Stmt);
      barrier->kind = S_barrier;
      vec_push(arena, h->body, barrier);
    }
    vec_push(arena, h->body, o->plan.calls.at[sequence[i]].stmt);
  }
}

static void order_host(Arena *arena, Host *h) {
  Arena *own = arena_new();
  Order o = {0};
  order_read(&o, own, h);
  int *given = NEW_N(own, int, o.n + 1), *listed = NEW_N(own, int, o.n + 1);
  for (int i = 0; i < o.n; ++i) given[i] = i;
  list_schedule(&o, listed);
  Cost cost = sequence_cost(&o, given), other = sequence_cost(&o, listed);
  bool better = cost_less(other, cost);
  improve(&o, better ? listed : given, better ? &other : &cost);
  host_write(&o, arena, h, better ? listed : given);
  arena_free(own);
}

void pass_order(Program *p) {
  diag_pass("order");
  for (int i = 0; i < p->hosts.n; ++i) order_host(p->arena, p->hosts.at[i]);
  p->stage = STAGE_order;
}
