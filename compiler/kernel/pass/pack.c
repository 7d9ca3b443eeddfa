/* pack.c: offsets for buffers whose lives are known (MIDDLE.md 5); memory.c says which.
 *
 * Two ways, the better result counts. Best fit: each buffer, in some order (size, life, size * life, start, end), goes
 * into the smallest, or the lowest, gap between those placed that live at the same time. If none of these reaches the
 * lower bound, a depth-first search from the ground up, as MiniMalloc does it (Moffitt, ASPLOS 2023): every packing can
 * be pushed down until each buffer rests on another one or on the ground, so it is enough to place buffers at rising
 * heights, each on the skyline of those that it meets. A branch ends where, at some interval, the skyline and all that
 * must still go above it exceed the height asked for. First the lower bound is asked for, then a little more each time.
 * The search is cut off by a count of its steps, never by a clock, so the plan of a program is always the same.
 * Stagger: buffers over 4 KB that one kernel walks together must not lie at nearly equal addresses modulo 4 KB (their
 * loads would look like the stores of the neighbour). They move up by at most 4 KB each where the bar allows it. */
#include "plan.h"

#include <stdlib.h>

enum { NODES = 1000, NODES_MAX = 100000, WORK_MAX = 60000000, PAGE = 4096, STAGGER = 256, LINE = 64, RULES = 5 };

typedef struct Pack {
  Arena *arena;
  Life *life;
  int n, intervals;
  int64_t bound;
  int *near, *near_at; /* near[near_at[i] … near_at[i + 1] - 1]: to be kept apart from i; NULL: nothing is */
  bool stagger, lowest;
  int *order, *placed; /* placed: by offset */
  bool *down;          /* has an offset */
  int64_t *best;       /* offsets of the best placement, which needs `least` bytes */
  int64_t least;
} Pack;

static void live_bytes(const Life *life, int n, int intervals, int64_t *sum) {
  for (int t = 0; t <= intervals; ++t) sum[t] = 0;
  for (int i = 0; i < n; ++i) {
    sum[life[i].first] += life[i].bytes;
    sum[life[i].last + 1] -= life[i].bytes;
  }
  for (int t = 1; t <= intervals; ++t) sum[t] += sum[t - 1];
}

int64_t lives_bound(Arena *arena, const Lives *lives, int intervals) {
  int64_t most = 0, *sum = NEW_N(arena, int64_t, intervals + 1);
  live_bytes(lives->at, lives->n, intervals, sum);
  for (int t = 0; t < intervals; ++t) most = sum[t] > most ? sum[t] : most;
  return most;
}

int64_t lives_bar(int64_t bound) { return bound + bound / (bound > 1 << 20 ? 50 : 20); }

static bool lives_meet(const Life *a, const Life *b) { return a->first <= b->last && b->first <= a->last; }

/* Keeps the offsets that all lives have now if they need less than the best so far. */
static void offsets_keep(Pack *p) {
  int64_t top = 0;
  for (int i = 0; i < p->n; ++i)
    if (p->life[i].offset + p->life[i].bytes > top) top = p->life[i].offset + p->life[i].bytes;
  if (top >= p->least) return;
  p->least = top;
  for (int i = 0; i < p->n; ++i) p->best[i] = p->life[i].offset;
}

/* ---- stagger ---- */
static void near_read(Pack *p, const bool *together) {
  VEC(int) near = {0};
  p->near_at = NEW_N(p->arena, int, p->n + 1);
  for (int i = 0; i < p->n; ++i) {
    for (int j = 0; j < p->n; ++j)
      if (together[i * p->n + j] && p->life[i].bytes > PAGE && p->life[j].bytes > PAGE) vec_push(p->arena, near, j);
    p->near_at[i + 1] = near.n;
  }
  p->near = near.at;
}

static bool too_near(int64_t a, int64_t b) {
  int64_t apart = (a - b) & (PAGE - 1);
  return apart < STAGGER || apart > PAGE - STAGGER;
}

static bool is_crowded(const Pack *p, int i, int64_t offset) {
  for (int k = p->near_at[i]; k < p->near_at[i + 1]; ++k)
    if (p->down[p->near[k]] && too_near(offset, p->life[p->near[k]].offset)) return true;
  return false;
}

/* The first offset from lo on, at most 4 KB later, that keeps its distance; lo when there is none. */
static int64_t staggered(const Pack *p, int i, int64_t lo) {
  if (!p->stagger || p->near_at[i] == p->near_at[i + 1]) return lo;
  for (int64_t at = lo; at <= lo + PAGE; at += LINE)
    if (!is_crowded(p, i, at)) return at;
  return lo;
}

static bool best_is_staggered(const Pack *p) {
  for (int i = 0; i < p->n; ++i)
    for (int k = p->near_at[i]; k < p->near_at[i + 1]; ++k)
      if (too_near(p->best[i], p->best[p->near[k]])) return false;
  return true;
}

/* ---- best fit ---- */
static int64_t best_fit(const Pack *p, int i, int count) {
  const Life *x = &p->life[i];
  int64_t end = 0, offset = -1, smallest = INT64_MAX;
  for (int k = 0; k < count; ++k) {
    const Life *y = &p->life[p->placed[k]];
    if (!lives_meet(x, y)) continue;
    int64_t gap = y->offset - end;
    if (gap >= x->bytes && (p->lowest ? offset < 0 : gap < smallest)) {
      int64_t at = staggered(p, i, end);
      if (at + x->bytes <= y->offset) {
        offset = at;
        smallest = gap;
      }
    }
    if (y->offset + y->bytes > end) end = y->offset + y->bytes;
  }
  return offset >= 0 ? offset : staggered(p, i, end);
}

static void placed_insert(Pack *p, int i, int count) {
  int k = count;
  for (; k > 0 && p->life[p->placed[k - 1]].offset > p->life[i].offset; --k) p->placed[k] = p->placed[k - 1];
  p->placed[k] = i;
}

/* Places, in the order set, all that have no offset yet. */
static void place_rest(Pack *p) {
  int count = 0;
  for (int i = 0; i < p->n; ++i)
    if (p->down[i]) placed_insert(p, i, count++);
  for (int k = 0; k < p->n; ++k) {
    int i = p->order[k];
    if (p->down[i]) continue;
    p->life[i].offset = best_fit(p, i, count);
    p->down[i] = true;
    placed_insert(p, i, count++);
  }
  offsets_keep(p);
}

static void nothing_placed(Pack *p) { memset(p->down, 0, sizeof *p->down * (size_t)p->n); }

static double order_key(const Life *x, int rule) {
  double length = x->last - x->first + 1, bytes = (double)x->bytes;
  switch (rule) {
  case 0: return bytes;
  case 1: return length;
  case 2: return bytes * length;
  case 3: return -(double)x->first;
  default: return x->last;
  }
}

typedef struct Keyed {
  double key;
  int i;
} Keyed;

static int by_key(const void *a, const void *b) { /* largest first; ties: as given */
  const Keyed *x = a, *y = b;
  return x->key != y->key ? (x->key < y->key) - (x->key > y->key) : x->i - y->i;
}

static void order_by(Pack *p, int rule) {
  Keyed *keyed = NEW_N(p->arena, Keyed, p->n);
  for (int i = 0; i < p->n; ++i) keyed[i] = (Keyed){order_key(&p->life[i], rule), i};
  qsort(keyed, (size_t)p->n, sizeof *keyed, by_key);
  for (int i = 0; i < p->n; ++i) p->order[i] = keyed[i].i;
}

/* ---- skyline search ---- */
typedef struct Raised {
  int i;
  int64_t low; /* as it was */
} Raised;

typedef struct Sky {
  Pack *pack;
  int64_t cap;    /* the height asked for */
  int64_t *low;   /* by life: the highest top of those placed that it meets */
  int64_t *rest;  /* by interval: bytes of those not placed */
  int64_t *alive; /* by interval: bytes of all */
  int *rank;      /* by life: its place in the order, which decides between equal heights */
  int *open;      /* not placed; sorted by low, then rank, when sky_look has seen them */
  int nopen;
  int *skip;            /* by interval: sky_look's way past intervals that it has judged */
  VEC(int) choices;     /* a stack: what may be placed next, of every depth */
  VEC(Raised) raised;   /* a stack: what placing has raised */
  int64_t nodes, *work; /* left */
} Sky;

static bool sky_before(const Sky *s, int a, int b) {
  return s->low[a] != s->low[b] ? s->low[a] < s->low[b] : s->rank[a] < s->rank[b];
}

static void sky_sort(Sky *s) { /* insertion: nearly sorted, since a placing raises few */
  for (int n = 1; n < s->nopen; ++n) {
    int i = s->open[n], k = n;
    for (; k > 0 && sky_before(s, i, s->open[k - 1]); --k) s->open[k] = s->open[k - 1];
    s->open[k] = i;
    *s->work -= n - k;
  }
}

static int skip_find(int *skip, int t) {
  while (skip[t] != t) t = skip[t] = skip[skip[t]];
  return t;
}

/* Can all that is open still end below the cap? At each interval the next buffer starts at `last` or, if all that live
 * there have to lie higher, at the least of their lows. Each interval is met once: by the lowest that lives there. */
static bool sky_fits(Sky *s, int64_t last) {
  for (int t = 0; t <= s->pack->intervals; ++t) s->skip[t] = t;
  for (int n = 0; n < s->nopen; ++n) {
    const Life *x = &s->pack->life[s->open[n]];
    int64_t low = s->low[s->open[n]] > last ? s->low[s->open[n]] : last;
    for (int t = skip_find(s->skip, x->first); t <= x->last; t = skip_find(s->skip, t)) {
      if (low + s->rest[t] > s->cap) return false;
      s->skip[t] = t + 1;
    }
  }
  return true;
}

/* Pushes what may come next, lowest first: on the skyline not below what came last, and with no room below it for
 * another open one (which would then be pushed down there). False: this branch cannot end below the cap. */
static bool sky_look(Sky *s, int64_t last) {
  *s->work -= 4 * s->nopen + 2 * s->pack->intervals;
  sky_sort(s);
  if (!sky_fits(s, last)) return false;
  int64_t end = INT64_MAX;
  for (int n = 0; n < s->nopen; ++n) {
    int64_t top = s->low[s->open[n]] + s->pack->life[s->open[n]].bytes;
    if (top < end) end = top;
  }
  for (int n = 0; n < s->nopen; ++n)
    if (s->low[s->open[n]] >= last && s->low[s->open[n]] < end) vec_push(s->pack->arena, s->choices, s->open[n]);
  return true;
}

static void sky_place(Sky *s, int i) {
  Life *x = &s->pack->life[i];
  int kept = 0;
  x->offset = staggered(s->pack, i, s->low[i]);
  s->pack->down[i] = true;
  for (int t = x->first; t <= x->last; ++t) s->rest[t] -= x->bytes;
  for (int n = 0; n < s->nopen; ++n) {
    int j = s->open[n];
    if (j == i) continue;
    s->open[kept++] = j;
    if (!lives_meet(x, &s->pack->life[j]) || s->low[j] >= x->offset + x->bytes) continue;
    vec_push(s->pack->arena, s->raised, ((Raised){j, s->low[j]}));
    s->low[j] = x->offset + x->bytes;
  }
  s->nopen = kept;
}

static void sky_lift(Sky *s, int i, int raised) {
  const Life *x = &s->pack->life[i];
  for (; s->raised.n > raised; --s->raised.n) {
    const Raised *r = &s->raised.at[s->raised.n - 1];
    s->low[r->i] = r->low;
  }
  for (int t = x->first; t <= x->last; ++t) s->rest[t] += x->bytes;
  s->pack->down[i] = false;
  s->open[s->nopen++] = i;
}

static bool sky_search(Sky *s, int64_t last) {
  if (s->nopen == 0) return true;
  if (--s->nodes < 0 || *s->work < 0) return false;
  int begin = s->choices.n, raised = s->raised.n;
  if (!sky_look(s, last)) return false;
  for (int k = begin, end = s->choices.n; k < end && s->nodes >= 0 && *s->work >= 0; ++k) {
    int i = s->choices.at[k];
    int64_t low = s->low[i];
    sky_place(s, i);
    if (sky_search(s, low)) return true;
    sky_lift(s, i, raised);
    s->choices.n = end;
  }
  s->choices.n = begin;
  return false;
}

static Sky *sky_new(Pack *p, int64_t *work) {
  Sky *s = NEW(p->arena, Sky);
  *s = (Sky){.pack = p, .work = work};
  s->low = NEW_N(p->arena, int64_t, p->n);
  s->rest = NEW_N(p->arena, int64_t, p->intervals + 1);
  s->alive = NEW_N(p->arena, int64_t, p->intervals + 1);
  live_bytes(p->life, p->n, p->intervals, s->alive);
  s->rank = NEW_N(p->arena, int, p->n);
  s->open = NEW_N(p->arena, int, p->n);
  s->skip = NEW_N(p->arena, int, p->intervals + 1);
  return s;
}

/* Opens the lives that meet an interval with `level` bytes or more alive. */
static void sky_open(Sky *s, int rule, int64_t level) {
  Pack *p = s->pack;
  s->nopen = s->raised.n = s->choices.n = 0;
  nothing_placed(p);
  order_by(p, rule);
  for (int k = 0; k < p->n; ++k) {
    int i = p->order[k];
    int64_t most = 0;
    for (int t = p->life[i].first; t <= p->life[i].last; ++t) most = s->alive[t] > most ? s->alive[t] : most;
    s->low[i] = 0;
    s->rank[i] = k;
    if (most >= level) s->open[s->nopen++] = i;
  }
  memset(s->rest, 0, sizeof *s->rest * (size_t)(p->intervals + 1));
  for (int n = 0; n < s->nopen; ++n)
    for (int t = p->life[s->open[n]].first; t <= p->life[s->open[n]].last; ++t) s->rest[t] += p->life[s->open[n]].bytes;
}

/* One search for a packing of at most cap bytes; the lives that never meet `level` bytes go into the gaps afterwards.
 * False with nodes left over: there is none. */
static bool sky_try(Sky *s, int rule, int64_t cap, int64_t level, int64_t nodes) {
  Pack *p = s->pack;
  sky_open(s, rule, level);
  s->cap = cap;
  s->nodes = nodes + s->nopen;
  if (!sky_search(s, 0)) return false;
  order_by(p, 0);
  place_rest(p);
  if (p->least > cap) s->nodes = -1;
  return p->least <= cap;
}

/* Asks for the bound, then for a little more each time, a line at least, until a packing is found. */
static void sky_climb(Sky *s, int64_t level, int64_t nodes) {
  static const int over[] = {0, 1, 2, 4, 8, 12, 20}; /* in 1/400 of the bound */
  Pack *p = s->pack;
  for (int k = 0; k < (int)(sizeof over / sizeof *over); ++k) {
    int64_t more = p->bound / 400 * over[k], cap = p->bound + (more > k * LINE ? more : k * LINE);
    bool known = false;
    for (int rule = 0; rule < RULES && !known && cap < p->least && *s->work >= 0; ++rule)
      known = sky_try(s, rule, cap, level, nodes) || s->nodes >= 0;
  }
}

/* ---- all ways, until one needs no more than `enough` ---- */
static void search_fits(Pack *p, int64_t enough) {
  for (int rule = 0; rule < 2 * RULES && p->least > enough; ++rule) {
    p->lowest = rule & 1;
    order_by(p, rule / 2);
    nothing_placed(p);
    place_rest(p);
  }
}

/* The crowded intervals first: in a large program they are few, and a search over all buffers would try the ways of
 * one region again for each way of another. More steps only when the bar is missed. */
static void search(Pack *p, int64_t enough) {
  p->least = INT64_MAX;
  search_fits(p, enough);
  if (p->least <= enough) return;
  int64_t work = WORK_MAX, nodes = NODES;
  Sky *sky = sky_new(p, &work);
  sky_climb(sky, p->bound / 10 * 9, nodes);
  if (p->least > enough) sky_climb(sky, 0, nodes);
  while (p->least > lives_bar(p->bound) && work >= 0 && nodes < NODES_MAX) sky_climb(sky, 0, nodes *= 10);
}

int64_t lives_pack(Arena *arena, Lives *lives, int intervals, const bool *together) {
  if (!lives->n) return 0;
  Pack p = {.arena = arena, .life = lives->at, .n = lives->n, .intervals = intervals};
  p.bound = lives_bound(arena, lives, intervals);
  p.order = NEW_N(arena, int, p.n);
  p.placed = NEW_N(arena, int, p.n);
  p.down = NEW_N(arena, bool, p.n);
  p.best = NEW_N(arena, int64_t, p.n);
  search(&p, p.bound);
  if (together) near_read(&p, together);
  if (together && !best_is_staggered(&p)) {
    int64_t plain = p.least, *unstaggered = p.best;
    p.stagger = true;
    p.best = NEW_N(arena, int64_t, p.n);
    search(&p, p.bound + p.bound / 100); /* a little more is well spent */
    if (p.least > plain && p.least > lives_bar(p.bound)) {
      p.best = unstaggered;
      p.least = plain;
    }
  }
  for (int i = 0; i < p.n; ++i) lives->at[i].offset = p.best[i];
  return p.least;
}
