/* poison.h: a planned Program whose dead scratch is filled with NaN, so that a plan that gives two buffers the same
 * bytes at the same time, or a kernel that reads what nothing has written, shows in the numbers.
 *
 * At every barrier of every host, the lines of 64 bytes that no buffer needs any more get all bits set (NaN in each
 * float, -1 or the largest number in each integer), by kernels of their own between that barrier and one more. The
 * lives are read anew here, from the calls and the offsets alone, without pass/memory's view of them. The bits of all
 * results must stay what they were. `early` cuts lives short by one barrier: a plan known to be wrong, which must show.
 * Before the first call, whoever runs the program fills the whole of scratch. */
#ifndef TEST_POISON_H
#define TEST_POISON_H
#include "kernel/kernel.h"

enum { POISON_LINE = 64 };

typedef struct PoisonLife {
  const Slot *root;
  int64_t lo, hi;  /* lines */
  int first, last; /* barrier intervals */
} PoisonLife;
typedef VEC(PoisonLife) PoisonLives;

static void poison_use(Arena *arena, PoisonLives *lives, const Slot *s, int interval) {
  while (s->parent) s = s->parent;
  if (s->home != HOME_scratch) return;
  for (int i = 0; i < lives->n; ++i)
    if (lives->at[i].root == s) {
      lives->at[i].last = interval;
      return;
    }
  PoisonLife life = {s, s->offset / POISON_LINE, (s->offset + s->bytes + POISON_LINE - 1) / POISON_LINE, interval,
                     interval};
  vec_push(arena, *lives, life);
}

/* A call, or a loop or branch with all that is called in it: its memory is used from its start to its end. */
static void poison_statement(Arena *arena, PoisonLives *lives, const Stmt *s, int interval) {
  for (int k = 0; k < s->args.n; ++k) poison_use(arena, lives, s->args.at[k], interval);
  for (int i = 0; i < s->body.n; ++i) poison_statement(arena, lives, s->body.at[i], interval);
  for (int i = 0; i < s->other.n; ++i) poison_statement(arena, lives, s->other.at[i], interval);
}

static void poison_lives(Arena *arena, PoisonLives *lives, const Host *h) {
  int interval = 0;
  for (int i = 0; i < h->body.n; ++i) {
    interval += h->body.at[i]->kind == S_barrier;
    poison_statement(arena, lives, h->body.at[i], interval);
  }
}

/* The kernel that fills so many words; one for each count. */
static const Kernel *poison_kernel(Program *p, int64_t words) {
  const char *name = arena_printf(p->arena, "poison_%lld", (long long)words);
  for (int i = p->kernels.n - 1; i >= 0; --i)
    if (!strcmp(p->kernels.at[i]->name, name)) return p->kernels.at[i];
  Arena *a = p->arena;
  Kernel *k = kernel_new(a, name);
  Buffer *dead = kernel_param(a, k, "dead", DT_u32, words, true);
  Var *i = var_new(a, "i", type_of(DT_i64, 1));
  Stmt *loop = stmt_for(a, FOR_serial, i, expr_index(a, 0), expr_index(a, words), 1);
  Expr *ones = expr_int(a, type_of(DT_u32, 1), UINT32_MAX);
  vec_push(a, loop->body, stmt_store(a, dead, expr_var(a, i), ones, NULL));
  vec_push(a, k->body, loop);
  kernel_finish(p, k);
  vec_push(a, p->kernels, k);
  return k;
}

static void poison_lines(Program *p, Block *body, int64_t lo, int64_t hi) {
  int64_t words = (hi - lo) * POISON_LINE / 4;
  Slot *dead = program_slot(p, HOME_scratch, "dead", DT_u32, shape_of(1, words), (Loc){NULL, 0, NULL});
  dead->offset = lo * POISON_LINE;
  Stmt *call = NEW(p->arena, Stmt);
  call->kind = S_call;
  call->kernel = poison_kernel(p, words);
  vec_push(p->arena, call->args, dead);
  vec_push(p->arena, *body, call);
}

/* What dies with interval t: alive then, and in no life that goes on. */
static void poison_after(Program *p, Block *body, const PoisonLives *lives, int t, int early) {
  int64_t lines = (p->scratch_bytes + POISON_LINE - 1) / POISON_LINE;
  char *dies = NEW_N(p->arena, char, lines + 1);
  for (int pass = 0; pass < 2; ++pass)
    for (int i = 0; i < lives->n; ++i) {
      const PoisonLife *x = &lives->at[i];
      int last = x->last - early;
      if (pass == 0 ? x->first <= t && t <= last : x->first <= t && t < last)
        memset(dies + x->lo, pass == 0, (size_t)(x->hi - x->lo));
    }
  for (int64_t lo = 0; lo < lines; ++lo) {
    int64_t hi = lo;
    while (dies[hi]) ++hi;
    if (hi > lo) poison_lines(p, body, lo, hi);
    lo = hi;
  }
}

static Stmt *poison_barrier(Program *p) {
  Stmt *barrier = NEW(p->arena, Stmt);
  barrier->kind = S_barrier;
  return barrier;
}

static void program_poison(Program *p, int early) {
  for (int h = 0; h < p->hosts.n; ++h) {
    Host *host = p->hosts.at[h];
    PoisonLives lives = {0};
    Block body = {0};
    int t = 0;
    poison_lives(p->arena, &lives, host);
    for (int i = 0; i < host->body.n; ++i) {
      vec_push(p->arena, body, host->body.at[i]);
      if (host->body.at[i]->kind != S_barrier) continue;
      int before = body.n;
      poison_after(p, &body, &lives, t++, early);
      if (body.n > before) vec_push(p->arena, body, poison_barrier(p));
    }
    host->body = body;
  }
}
#endif
