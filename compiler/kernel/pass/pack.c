/* pack.c: offsets for buffers whose lives are known (MIDDLE.md 5); memory.c says which.
 *
 * Best fit: each buffer, in some order, goes into the smallest gap between those placed that live at the same time.
 * Four orders are tried (size, life, size * life, start), then the best of them is searched: a buffer that touches the
 * top moves earlier in the order, and the placement is kept unless it needs more. At most 400 steps with a fixed seed,
 * so the plan of a program is always the same. Stagger: buffers over 4 KB that one kernel walks together must not lie
 * at nearly equal addresses modulo 4 KB (their loads would look like the stores of the neighbour). They get up to 4 KB
 * of slack each where the bound allows it. */
#include "plan.h"

#include <stdlib.h>

enum { STEPS_MAX = 200, WORK_MAX = 16000000, PAGE = 4096, STAGGER = 256, LINE = 64 };

typedef struct Pack {
  Arena *arena;
  Life *life;
  int n;
  const bool *together; /* [n, n] or NULL */
  bool stagger, lowest; /* lowest: the lowest gap, not the smallest */
  int *order, *placed;  /* placed: by offset */
  int64_t *best;        /* offsets of the best placement */
  uint64_t random;
} Pack;

int64_t lives_bound(const Lives *lives, int intervals) {
  int64_t most = 0;
  for (int t = 0; t < intervals; ++t) {
    int64_t sum = 0;
    for (int i = 0; i < lives->n; ++i)
      if (lives->at[i].first <= t && t <= lives->at[i].last) sum += lives->at[i].bytes;
    if (sum > most) most = sum;
  }
  return most;
}

/* ---- one placement ---- */
static bool lives_meet(const Life *a, const Life *b) { return a->first <= b->last && b->first <= a->last; }

static bool is_crowded(const Pack *p, int i, int64_t offset, int count) {
  if (!p->stagger || !p->together || p->life[i].bytes <= PAGE) return false;
  for (int k = 0; k < count; ++k) {
    int j = p->placed[k];
    if (!p->together[i * p->n + j] || p->life[j].bytes <= PAGE) continue;
    int64_t apart = (offset - p->life[j].offset) & (PAGE - 1);
    if (apart < STAGGER || apart > PAGE - STAGGER) return true;
  }
  return false;
}

/* The first offset from lo on, at most 4 KB later, that keeps its distance; lo when there is none. */
static int64_t staggered(const Pack *p, int i, int64_t lo, int count) {
  for (int64_t at = lo; at <= lo + PAGE; at += LINE)
    if (!is_crowded(p, i, at, count)) return at;
  return lo;
}

static int64_t best_fit(const Pack *p, int i, int count) {
  const Life *x = &p->life[i];
  int64_t end = 0, offset = -1, least = INT64_MAX;
  for (int k = 0; k < count; ++k) {
    const Life *y = &p->life[p->placed[k]];
    if (!lives_meet(x, y)) continue;
    int64_t gap = y->offset - end;
    if (gap >= x->bytes && (p->lowest ? offset < 0 : gap < least)) {
      int64_t at = staggered(p, i, end, count);
      if (at + x->bytes <= y->offset) {
        offset = at;
        least = gap;
      }
    }
    if (y->offset + y->bytes > end) end = y->offset + y->bytes;
  }
  return offset >= 0 ? offset : staggered(p, i, end, count);
}

static int64_t place_all(Pack *p) {
  int64_t top = 0;
  for (int count = 0; count < p->n; ++count) {
    int i = p->order[count], k = count;
    p->life[i].offset = best_fit(p, i, count);
    if (p->life[i].offset + p->life[i].bytes > top) top = p->life[i].offset + p->life[i].bytes;
    for (; k > 0 && p->life[p->placed[k - 1]].offset > p->life[i].offset; --k) p->placed[k] = p->placed[k - 1];
    p->placed[k] = i;
  }
  return top;
}

static void offsets_keep(Pack *p) {
  for (int i = 0; i < p->n; ++i) p->best[i] = p->life[i].offset;
}

/* ---- orders ---- */
static double order_key(const Life *x, int rule) {
  double length = x->last - x->first + 1, bytes = (double)x->bytes;
  switch (rule) {
  case 0: return bytes;
  case 1: return length;
  case 2: return bytes * length;
  default: return -(double)x->first;
  }
}

static void order_by(Pack *p, int rule) {
  for (int i = 0; i < p->n; ++i) { /* insertion: stable, and n is small */
    double key = order_key(&p->life[i], rule);
    int k = i;
    for (; k > 0 && order_key(&p->life[p->order[k - 1]], rule) < key; --k) p->order[k] = p->order[k - 1];
    p->order[k] = i;
  }
}

static uint64_t random_below(Pack *p, int bound) { /* xorshift */
  p->random ^= p->random << 13;
  p->random ^= p->random >> 7;
  p->random ^= p->random << 17;
  return p->random % (uint64_t)bound;
}

/* Moves one of the buffers that touch the top before an earlier one that lives at the same time. */
static void order_disturb(Pack *p, int64_t top) {
  int touching = 0, position = 0;
  for (int k = 0; k < p->n; ++k) {
    const Life *x = &p->life[p->order[k]];
    if (x->offset + x->bytes == top && random_below(p, ++touching) == 0) position = k;
  }
  if (!position) return;
  int moved = p->order[position], to = position, met = 0;
  for (int k = 0; k < position; ++k)
    if (lives_meet(&p->life[moved], &p->life[p->order[k]]) && random_below(p, ++met) == 0) to = k;
  memmove(&p->order[to + 1], &p->order[to], sizeof(int) * (size_t)(position - to));
  p->order[to] = moved;
}

/* ---- search ---- */
/* From one order on: disturb, place again, keep what needs no more. */
static int64_t climb(Pack *p, int rule, int steps, int64_t bound, int64_t best) {
  int *chosen = NEW_N(p->arena, int, p->n);
  order_by(p, rule);
  int64_t least = place_all(p);
  for (int step = 0;; ++step) {
    if (least < best) {
      best = least;
      offsets_keep(p);
    }
    if (step == steps || best <= bound) return best;
    memcpy(chosen, p->order, sizeof(int) * (size_t)p->n);
    order_disturb(p, least);
    int64_t top = place_all(p);
    if (top <= least) {
      least = top;
    } else {
      memcpy(p->order, chosen, sizeof(int) * (size_t)p->n);
      least = place_all(p);
    }
  }
}

static int64_t search(Pack *p, int64_t bound) {
  int steps = WORK_MAX / 8 / p->n / p->n;
  int64_t best = INT64_MAX;
  for (int rule = 0; rule < 4; ++rule) best = climb(p, rule, 0, bound, best);
  if (steps > STEPS_MAX) steps = STEPS_MAX;
  for (int rule = 0; rule < 8 && best > bound; ++rule) {
    p->lowest = rule & 1;
    best = climb(p, rule / 2, steps, bound, best);
  }
  p->lowest = false;
  return best;
}

int64_t lives_pack(Arena *arena, Lives *lives, int intervals, const bool *together) {
  if (!lives->n) return 0;
  Pack p = {.arena = arena, .life = lives->at, .n = lives->n, .together = together, .random = 88172645463325252u};
  p.order = NEW_N(arena, int, p.n);
  p.placed = NEW_N(arena, int, p.n);
  p.best = NEW_N(arena, int64_t, p.n);
  int64_t bound = lives_bound(lives, intervals), plain = search(&p, bound), top = plain;
  int64_t *unstaggered = p.best;
  if (together) {
    p.stagger = true;
    p.best = NEW_N(arena, int64_t, p.n);
    top = search(&p, bound + bound / 100); /* a little more is well spent */
    if (top > plain && top > bound + bound / (bound > 1 << 20 ? 50 : 20)) {
      p.best = unstaggered;
      top = plain;
    }
  }
  for (int i = 0; i < p.n; ++i) lives->at[i].offset = p.best[i];
  return top;
}
