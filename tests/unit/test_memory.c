/* test_memory.c: pass_order and pass_memory on generated programs, and the packer on generated lives.
 *
 * The plan is judged without the code under test: an independent walk over the calls keeps, for every byte of scratch,
 * which slot wrote it last, and every read must find its own slot's bytes; two calls without a barrier between them may
 * not share a written byte; dependences of the given order must hold in the new one; the peak is compared with the
 * largest sum of live bytes, counted again here. */
#include "caught.h"
#include "kernel/pass/plan.h"

#include <stdlib.h>
#include <time.h>

static Arena *arena;
static uint64_t seed;

static int64_t draw(int64_t n) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (int64_t)(seed % (uint64_t)n);
}

/* ---- how far above the bound ---- */
enum { RATIOS_MAX = 1000 };

typedef struct Ratios {
  double at[RATIOS_MAX]; /* ascending */
  int n, above;          /* above the bar: 1.02 for a bound over 1 MB, 1.05 below */
} Ratios;

static void ratio_add(Ratios *r, int64_t top, int64_t bound) {
  double ratio = (double)top / (double)bound;
  int k = r->n++;
  assert_true(ratio >= 1 && k < RATIOS_MAX);
  for (; k > 0 && r->at[k - 1] > ratio; --k) r->at[k] = r->at[k - 1];
  r->at[k] = ratio;
  r->above += ratio > (bound > 1 << 20 ? 1.02 : 1.05);
}

static void ratios_print(const Ratios *r, const char *what) {
  static const double edge[] = {1, 1.002, 1.005, 1.01, 1.02, 1.05};
  print_message("%d %s, bytes needed over the lower bound: median %.4f, worst %.4f, above the bar %d;", r->n, what,
                r->at[r->n / 2], r->at[r->n - 1], r->above);
  for (size_t e = 0; e < sizeof edge / sizeof *edge; ++e) {
    int within = 0;
    while (within < r->n && r->at[within] <= edge[e]) ++within;
    print_message(" %d within %g%s", within, edge[e], edge[e] < 1.05 ? "," : "\n");
  }
}

/* ---- the packer ---- */
static void check_packed(const Lives *lives, int64_t top) {
  for (int i = 0; i < lives->n; ++i) {
    const Life *a = &lives->at[i];
    assert_true(a->offset >= 0 && a->offset % 64 == 0 && a->offset + a->bytes <= top);
    for (int j = 0; j < i; ++j) {
      const Life *b = &lives->at[j];
      bool time = a->first <= b->last && b->first <= a->last;
      assert_false(time && a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes);
    }
  }
}

/* Lives as training has them: activations from forward to their backward, gradients short, packs and partials local. */
static int training_lives(Lives *lives, int layers) {
  int intervals = 4 * layers + 4;
  for (int l = 0; l < layers; ++l) {
    int back = intervals - 2 * l - 2;
    int64_t width = 64 * (1 + draw(500));
    Life activation = {.bytes = width * 8, .first = 2 * l, .last = back};
    vec_push(arena, *lives, activation);
    for (int k = 0; k < 2 + draw(3); ++k) {
      int at = (int)draw(intervals - 2);
      Life local = {.bytes = 64 * (1 + draw(900)), .first = at, .last = at + (int)draw(3)};
      vec_push(arena, *lives, local);
    }
    Life gradient = {.bytes = width * 8, .first = back - 1, .last = back < intervals - 1 ? back + 1 : back};
    vec_push(arena, *lives, gradient);
  }
  return intervals + 3;
}

static int64_t bound_again(const Lives *lives, int intervals) {
  int64_t most = 0;
  for (int t = 0; t < intervals; ++t) {
    int64_t sum = 0;
    for (int i = 0; i < lives->n; ++i)
      sum += t >= lives->at[i].first && t <= lives->at[i].last ? lives->at[i].bytes : 0;
    most = sum > most ? sum : most;
  }
  return most;
}

/* One kernel walks what begins in one interval. */
static bool *walked_together(const Lives *lives) {
  bool *together = NEW_N(arena, bool, lives->n * lives->n);
  for (int i = 0; i < lives->n; ++i)
    for (int j = 0; j < lives->n; ++j) together[i * lives->n + j] = i != j && lives->at[i].first == lives->at[j].first;
  return together;
}

static void test_pack(void **state) {
  (void)state;
  for (int stagger = 0; stagger < 2; ++stagger) {
    Ratios ratios = {.n = 0};
    int fewest = INT32_MAX, most = 0;
    for (int round = 0; round < 60; ++round) {
      seed = 1000u + (uint64_t)round;
      Lives lives = {0};
      int intervals = training_lives(&lives, 8 + round / 2);
      fewest = lives.n < fewest ? lives.n : fewest;
      most = lives.n > most ? lives.n : most;
      int64_t bound = bound_again(&lives, intervals);
      int64_t top = lives_pack(arena, &lives, intervals, stagger ? walked_together(&lives) : NULL);
      assert_int_equal(bound, lives_bound(arena, &lives, intervals));
      check_packed(&lives, top);
      ratio_add(&ratios, top, bound);
    }
    ratios_print(&ratios, arena_printf(arena, "generated lifetimes of %d to %d buffers%s", fewest, most,
                                       stagger ? ", staggered" : ""));
    assert_true(fewest <= 38 && most >= 186);
    assert_int_equal(ratios.above, 0);
  }
}

/* Is there a packing of `height` bytes? By brute force: each offset is tried for each buffer. */
static bool packs_in(const Lives *lives, int64_t *at, int n, int64_t height) {
  if (n == lives->n) return true;
  const Life *a = &lives->at[n];
  for (at[n] = 0; at[n] + a->bytes <= height; at[n] += 64) {
    bool free = true;
    for (int j = 0; j < n && free; ++j) {
      const Life *b = &lives->at[j];
      free = a->first > b->last || b->first > a->last || at[n] >= at[j] + b->bytes || at[j] >= at[n] + a->bytes;
    }
    if (free && packs_in(lives, at, n + 1, height)) return true;
  }
  return false;
}

/* Few buffers that leave no byte unused at any interval: the hardest to pack. */
static int tight_lives(Lives *lives, int units) {
  enum { INTERVALS = 16 };
  int64_t alive[INTERVALS] = {0};
  for (int t = 0; t < INTERVALS; ++t)
    while (alive[t] < units) {
      int64_t most = units - alive[t], size = 1 + draw(most < 4 ? most : 4);
      int last = t + (int)draw(5);
      if (last >= INTERVALS) last = INTERVALS - 1;
      while (alive[last] + size > units) --last;
      for (int k = t; k <= last; ++k) alive[k] += size;
      Life life = {.bytes = 64 * size, .first = t, .last = last};
      vec_push(arena, *lives, life);
    }
  return INTERVALS;
}

/* Small cases, where the best is known: some of them cannot reach the lower bound. */
static void test_pack_is_best(void **state) {
  (void)state;
  int above = 0;
  for (int round = 0; round < 300; ++round) {
    seed = 4000u + (uint64_t)round * 7919u;
    Lives lives = {0};
    int intervals = tight_lives(&lives, 5 + round % 3);
    int64_t bound = bound_again(&lives, intervals), best = bound, *at = NEW_N(arena, int64_t, lives.n);
    while (!packs_in(&lives, at, 0, best)) best += 64;
    int64_t top = lives_pack(arena, &lives, intervals, NULL);
    check_packed(&lives, top);
    assert_int_equal(top, best);
    above += best > bound;
  }
  print_message("300 small packings are the best there are; %d of them lie above the lower bound\n", above);
  assert_true(above > 0);
}

static void test_pack_is_reproducible(void **state) {
  (void)state;
  Lives lives[2] = {{0}};
  int64_t top[2];
  for (int k = 0; k < 2; ++k) {
    seed = 77;
    int intervals = training_lives(&lives[k], 20);
    top[k] = lives_pack(arena, &lives[k], intervals, NULL);
  }
  assert_int_equal(top[0], top[1]);
  for (int i = 0; i < lives[0].n; ++i) assert_int_equal(lives[0].at[i].offset, lives[1].at[i].offset);
}

/* Buffers over 4 KB that are walked together keep 256 bytes apart modulo 4 KB, if that costs at most 2 %. */
static void test_stagger(void **state) {
  (void)state;
  enum { N = 8 };
  Lives lives = {0};
  bool together[N * N];
  for (int i = 0; i < N; ++i) {
    Life life = {.bytes = 1 << 20, .first = 0, .last = 3};
    vec_push(arena, lives, life);
  }
  for (int i = 0; i < N * N; ++i) together[i] = i / N != i % N;
  int64_t top = lives_pack(arena, &lives, 4, together);
  check_packed(&lives, top);
  assert_true(top <= (int64_t)(1.02 * N * (1 << 20)));
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < i; ++j) {
      int64_t apart = (lives.at[i].offset - lives.at[j].offset) & 4095;
      assert_true(apart >= 256 && apart <= 4096 - 256);
    }
}

/* ---- generated programs ---- */
typedef struct World {
  Program program;
  Host host;
  VEC(Slot *) made; /* scratch slots that have been written so far */
} World;

static Shape vector(int64_t n) { return shape_of(1, (int64_t)n); }

static Slot *new_slot(World *w, Home home, int64_t n) {
  Slot *s = program_slot(&w->program, home, arena_printf(arena, "s%d", w->program.slots.n), DT_f32, vector(n),
                         (Loc){NULL, 0, NULL});
  if (home == HOME_input) vec_push(arena, w->host.inputs, s);
  if (home == HOME_output) vec_push(arena, w->host.outputs, s);
  return s;
}

/* A kernel that reads and writes these slots; parallel ones have a parallel loop, empty as far as planning goes. */
static void new_call(World *w, Slot *const *reads, int nreads, Slot *const *writes, int nwrites, bool serial) {
  Kernel *k = kernel_new(arena, arena_printf(arena, "k%d", w->program.kernels.n));
  Stmt *call = NEW(arena, Stmt);
  call->kind = S_call;
  call->kernel = k;
  for (int i = 0; i < nreads + nwrites; ++i) {
    Slot *s = i < nreads ? reads[i] : writes[i - nreads];
    kernel_param(arena, k, arena_printf(arena, "p%d", i), s->dtype, s->bytes / 4, i >= nreads);
    vec_push(arena, call->args, s);
  }
  Var *u = var_new(arena, "u", type_of(DT_i64, 1));
  if (!serial)
    vec_push(arena, k->body, stmt_for(arena, FOR_parallel, u, expr_index(arena, 0), expr_index(arena, 8), 1));
  vec_push(arena, w->program.kernels, k);
  vec_push(arena, w->host.body, call);
}

static bool contains(Slot *const *slots, int n, const Slot *s) {
  for (int i = 0; i < n; ++i)
    if (slots[i] == s) return true;
  return false;
}

/* One more call: one to three reads of what exists, one or two new slots; now and then a write into an old slot, or two
 * halves of a block by two calls; sometimes the new slot may take over what it reads (reuse). */
static void grow(World *w) {
  Slot *reads[3], *writes[2];
  int nreads = 0, nwrites = 0;
  for (int i = 0; i < 1 + draw(3) && w->made.n; ++i) {
    int64_t back = draw(3) ? draw(w->made.n < 4 ? w->made.n : 4) : draw(w->made.n);
    Slot *s = w->made.at[w->made.n - 1 - back];
    if (!contains(reads, nreads, s)) reads[nreads++] = s;
  }
  bool offers = nreads && !reads[0]->parent && draw(3) == 0;
  Slot *out = new_slot(w, HOME_scratch, offers ? reads[0]->bytes / 4 : 16 * (1 + draw(4000)));
  if (offers) out->reuse = reads[0];
  writes[nwrites++] = out;
  if (draw(6) == 0 && w->made.n) { /* also overwrite an old one */
    Slot *old = w->made.at[draw(w->made.n)];
    if (!contains(reads, nreads, old)) writes[nwrites++] = old;
  }
  new_call(w, reads, nreads, writes, nwrites, draw(5) == 0);
  vec_push(arena, w->made, out);
  if (draw(5)) return;
  Slot *block = new_slot(w, HOME_scratch, 2048); /* two halves, written apart, read as one */
  for (int half = 0; half < 2; ++half) {
    Slot *part = new_slot(w, HOME_scratch, 1024);
    part->parent = block;
    part->parent_offset = half * 4096;
    new_call(w, &out, 1, &part, 1, false);
  }
  vec_push(arena, w->made, block);
}

static World *new_world(uint64_t start, int calls) {
  World *w = NEW(arena, World);
  seed = start * 2654435761u + 88172645463325252u;
  w->program = (Program){.arena = arena, .machine = machine_find("scalar"), .max_threads = 16};
  w->host.name = "train";
  Slot *in = new_slot(w, HOME_input, 1000), *first = new_slot(w, HOME_scratch, 1000),
       *out = new_slot(w, HOME_output, 10);
  new_call(w, &in, 1, &first, 1, false);
  vec_push(arena, w->made, first);
  while (w->host.body.n < calls) grow(w);
  Slot *weight = new_slot(w, HOME_params, 500), *moment = new_slot(w, HOME_state, 500);
  new_call(w, &w->made.at[w->made.n - 1], 1, (Slot *[]){weight, moment}, 2, false);
  new_call(w, &w->made.at[w->made.n - 1], 1, &out, 1, true);
  Host *h = &w->host;
  vec_push(arena, w->program.hosts, h);
  return w;
}

/* ---- the independent judge ---- */
static bool written_in(const Stmt *s, int i) { return s->kernel->params.at[i]->written; }

static const Slot *root_of(const Slot *s) { return s->parent ? s->parent : s; }

static bool slots_meet(const Slot *a, const Slot *b) {
  int64_t x = a->parent ? a->parent_offset : 0, y = b->parent ? b->parent_offset : 0;
  return root_of(a) == root_of(b) && x < y + b->bytes && y < x + a->bytes;
}

static bool calls_depend(const Stmt *a, const Stmt *b) {
  for (int i = 0; i < a->args.n; ++i)
    for (int j = 0; j < b->args.n; ++j)
      if ((written_in(a, i) || written_in(b, j)) && slots_meet(a->args.at[i], b->args.at[j])) return true;
  return false;
}

static int position(const Block *b, const Stmt *s) {
  for (int i = 0; i < b->n; ++i)
    if (b->at[i] == s) return i;
  fail_msg("a call is gone");
  return -1;
}

static void check_order(const Block *before, const Block *after) {
  int calls = 0;
  for (int i = 0; i < after->n; ++i) calls += after->at[i]->kind == S_call;
  assert_int_equal(calls, before->n);
  for (int i = 0; i < before->n; ++i)
    for (int j = 0; j < i; ++j)
      if (calls_depend(before->at[j], before->at[i]))
        assert_true(position(after, before->at[j]) < position(after, before->at[i]));
}

static bool bytes_meet(const Slot *a, const Slot *b) {
  return a->home == b->home && a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

/* Calls between two barriers run at once, unless both are serial. */
static void check_barriers(const Block *body) {
  for (int i = 0; i < body->n; ++i)
    for (int j = i - 1; j >= 0 && body->at[j]->kind != S_barrier && body->at[i]->kind != S_barrier; --j) {
      const Stmt *a = body->at[j], *b = body->at[i];
      if (kernel_is_serial(a->kernel) && kernel_is_serial(b->kernel)) continue;
      for (int x = 0; x < a->args.n; ++x)
        for (int y = 0; y < b->args.n; ++y)
          if (written_in(a, x) || written_in(b, y)) assert_false(bytes_meet(a->args.at[x], b->args.at[y]));
    }
}

/* Every 64 bytes of scratch remember the root slot whose contents they hold. */
static void check_contents(const Program *p, const Block *body) {
  const Slot **owner = calloc((size_t)(p->scratch_bytes / 64) + 1, sizeof *owner);
  for (int i = 0; i < body->n; ++i)
    for (int pass = 0; pass < 2; ++pass) /* reads first, then writes */
      for (int k = 0; body->at[i]->kind == S_call && k < body->at[i]->args.n; ++k) {
        const Slot *s = body->at[i]->args.at[k];
        if (s->home != HOME_scratch || written_in(body->at[i], k) != (pass == 1)) continue;
        assert_true(s->offset >= 0 && s->offset + s->bytes <= p->scratch_bytes);
        for (int64_t at = s->offset / 64; at < (s->offset + s->bytes + 63) / 64; ++at) {
          if (pass == 0) assert_ptr_equal(owner[at], root_of(s));
          owner[at] = root_of(s);
        }
      }
  free(owner);
}

/* Parameters of one call may overlap only as marked aliases. */
static int check_aliases(const Block *body) {
  int aliases = 0;
  for (int i = 0; i < body->n; ++i) {
    const Stmt *s = body->at[i];
    for (int x = 0; s->kind == S_call && x < s->args.n; ++x)
      for (int y = 0; y < x; ++y) {
        const Buffer *b = s->kernel->params.at[x];
        if (b->alias == y) {
          ++aliases;
          assert_int_equal(s->args.at[x]->offset, s->args.at[y]->offset);
          assert_true(s->args.at[x]->reuse == s->args.at[y] || s->args.at[y]->reuse == s->args.at[x]);
        } else if (written_in(s, x) || written_in(s, y)) {
          assert_false(bytes_meet(s->args.at[x], s->args.at[y]));
        }
      }
  }
  return aliases;
}

/* The largest sum of live bytes over intervals; slots that share memory count once. */
static int64_t bound_of(const Program *p, const Block *body) {
  int64_t most = 0;
  int intervals = 1;
  for (int i = 0; i < body->n; ++i) intervals += body->at[i]->kind == S_barrier;
  for (int t = 0; t < intervals; ++t) {
    int64_t sum = 0;
    for (int k = 0; k < p->slots.n; ++k) {
      const Slot *s = p->slots.at[k];
      int first = -1, last = -1, at = 0, shared = 0;
      for (int i = 0; i < body->n; ++i) {
        at += body->at[i]->kind == S_barrier;
        for (int x = 0; body->at[i]->kind == S_call && x < body->at[i]->args.n; ++x) {
          if (root_of(body->at[i]->args.at[x]) != s) continue;
          if (first < 0) {
            first = at;
            for (int y = 0; y < body->at[i]->args.n; ++y)
              shared |= s->reuse && body->at[i]->args.at[y] == s->reuse && s->reuse->offset == s->offset;
          }
          last = at;
        }
      }
      if (s->home == HOME_scratch && !s->parent && first + shared <= t && t <= last && first >= 0)
        sum += (s->bytes + 63) / 64 * 64;
    }
    most = sum > most ? sum : most;
  }
  return most;
}

static void test_programs(void **state) {
  (void)state;
  Ratios ratios = {.n = 0};
  int aliases = 0, fewer = 0;
  for (int round = 0; round < 400; ++round) {
    World *w = new_world((uint64_t)round, 6 + round % 60);
    Block given = {0};
    for (int i = 0; i < w->host.body.n; ++i) vec_push(arena, given, w->host.body.at[i]);
    pass_order(&w->program);
    check_order(&given, &w->host.body);
    pass_memory(&w->program);
    check_barriers(&w->host.body);
    check_contents(&w->program, &w->host.body);
    aliases += check_aliases(&w->host.body);
    program_verify(&w->program);
    int64_t bound = bound_of(&w->program, &w->host.body);
    assert_int_equal(w->host.lower_bound, bound);
    ratio_add(&ratios, w->program.scratch_bytes, bound);
    fewer += w->host.body.n < 2 * given.n - 1;
  }
  ratios_print(&ratios, "generated programs");
  print_message("%d operands are overwritten in place\n", aliases);
  assert_int_equal(ratios.above, 0);
  assert_true(aliases > 0);
  assert_true(fewer > 0); /* some barriers were left out */
}

/* A network of many layers: forward with packed weights, backward, updates. About 2,000 calls. */
static World *deep_world(int layers) {
  World *w = new_world(1, 1);
  Slot **input = NEW_N(arena, Slot *, layers), **weight = NEW_N(arena, Slot *, layers), *x = w->made.at[0];
  for (int l = 0; l < layers; ++l) {
    Slot *y = new_slot(w, HOME_scratch, 4096 * (1 + l % 4)), *packed = new_slot(w, HOME_scratch, 3000);
    weight[l] = new_slot(w, HOME_params, 3000);
    new_call(w, &weight[l], 1, &packed, 1, false);
    new_call(w, (Slot *[]){x, packed}, 2, &y, 1, false);
    input[l] = x;
    x = y;
  }
  for (int l = layers - 1; l >= 0; --l) {
    Slot *dx = new_slot(w, HOME_scratch, input[l]->bytes / 4), *dw = new_slot(w, HOME_scratch, 3000),
         *moment = new_slot(w, HOME_state, 3000);
    new_call(w, (Slot *[]){x, input[l]}, 2, &dw, 1, false);
    new_call(w, (Slot *[]){x, weight[l]}, 2, &dx, 1, false);
    new_call(w, &dw, 1, (Slot *[]){weight[l], moment}, 2, false);
    x = dx;
  }
  return w;
}

/* As init is: nothing depends on anything. */
static World *loose_world(int calls) {
  World *w = new_world(1, 1);
  for (int i = 0; i < calls; ++i) {
    Slot *s = new_slot(w, HOME_params, 100);
    new_call(w, NULL, 0, &s, 1, i % 7 == 0);
  }
  return w;
}

/* Planning grows about linearly: far below a second for 2,000 calls; the limit is for sanitizers and busy machines. */
static void test_large(void **state) {
  (void)state;
  World *worlds[] = {deep_world(400), loose_world(2000), new_world(3, 2000)};
  Ratios ratios = {.n = 0};
  for (int k = 0; k < 3; ++k) {
    clock_t start = clock();
    pass_order(&worlds[k]->program);
    clock_t middle = clock();
    pass_memory(&worlds[k]->program);
    double order = (double)(middle - start) / CLOCKS_PER_SEC, memory = (double)(clock() - middle) / CLOCKS_PER_SEC;
    program_verify(&worlds[k]->program);
    ratio_add(&ratios, worlds[k]->program.scratch_bytes, worlds[k]->host.lower_bound);
    print_message("%d calls: order %.3f s, memory %.3f s\n", worlds[k]->program.kernels.n, order, memory);
    assert_true(order + memory < 20);
  }
  ratios_print(&ratios, "large programs");
  assert_int_equal(ratios.above, 0);
}

/* Ordering may not need more than the given order does. */
static void test_order_helps(void **state) {
  (void)state;
  int64_t given = 0, ordered = 0;
  for (int round = 0; round < 20; ++round)
    for (int k = 0; k < 2; ++k) {
      World *w = new_world(500 + (uint64_t)round, 40);
      if (k) {
        pass_order(&w->program);
      } else { /* every call in an interval of its own */
        Block apart = {0};
        for (int i = 0; i < w->host.body.n; ++i) {
          Stmt *barrier = NEW(arena, Stmt);
          barrier->kind = S_barrier;
          vec_push(arena, apart, w->host.body.at[i]);
          vec_push(arena, apart, barrier);
        }
        w->host.body = apart;
      }
      pass_memory(&w->program);
      *(k ? &ordered : &given) += w->host.lower_bound;
    }
  print_message(
      "20 generated programs: live bytes at the peak %.3f of the given order's, a barrier after each call there\n",
      (double)ordered / (double)given);
  assert_true(ordered <= given);
}

/* ---- arenas ---- */
static void test_state_arenas(void **state) {
  (void)state;
  Module *m = module_new(arena);
  World *w = new_world(3, 5);
  w->program.module = m;
  static const char *const name[] = {"w", "m.w", "v.w", "b", "m.b"};
  Slot *slot[5];
  for (int i = 4; i >= 0; --i) slot[i] = new_slot(w, i % 3 ? HOME_state : HOME_params, 10 + 10 * i);
  for (int i = 0; i < 5; ++i)
    slot[i]->state = module_state(m, name[i], DT_f32, slot[i]->shape, i % 3 == 0, (Loc){NULL, 0, NULL});
  pass_order(&w->program);
  pass_memory(&w->program);
  assert_true(slot[0]->offset < slot[3]->offset); /* construction order, whatever the slots' order is */
  assert_true(slot[1]->offset < slot[2]->offset && slot[2]->offset < slot[4]->offset);
  assert_int_equal(slot[3]->offset, 64);
  assert_int_equal(slot[2]->offset - slot[1]->offset, 128);
  assert_int_equal(w->host.input_bytes, 4032);
  assert_int_equal(w->host.output_bytes, 64);
}

/* ---- the verifier of programs finds broken plans ---- */
static void verify(void *p) { program_verify(p); }

static void test_verifier(void **state) {
  (void)state;
  Caught c;
  World *w = new_world(11, 20);
  pass_order(&w->program);
  pass_memory(&w->program);
  catch_error(&c, verify, &w->program);
  assert_int_equal(c.code, 0);
  for (int i = 0; i < w->host.body.n; ++i) { /* without its barriers */
    if (w->host.body.at[i]->kind != S_barrier) continue;
    memmove(&w->host.body.at[i], &w->host.body.at[i + 1], sizeof(Stmt *) * (size_t)(w->host.body.n - i - 1));
    --w->host.body.n;
    --i;
  }
  catch_error(&c, verify, &w->program);
  assert_int_equal(c.code, 3);
  assert_contains(c.text, "no barrier between");
  w = new_world(12, 20);
  pass_order(&w->program);
  pass_memory(&w->program);
  for (int i = 0; i < w->program.slots.n; ++i) /* all at one place */
    if (w->program.slots.at[i]->home == HOME_scratch && !w->program.slots.at[i]->parent)
      w->program.slots.at[i]->offset = 0;
  catch_error(&c, verify, &w->program);
  assert_int_equal(c.code, 3);
  w = new_world(13, 8);
  vec_push(arena, w->host.body, w->host.body.at[0]);
  w->host.body.at[0] = w->host.body.at[1];
  pass_order(&w->program);
  pass_memory(&w->program);
  catch_error(&c, verify, &w->program);
  assert_int_equal(c.code, 3);
  assert_contains(c.text, "which nothing has written");
}

static void test_report(void **state) {
  (void)state;
  World *w = new_world(14, 12);
  w->program.module = module_new(arena);
  w->program.module->name = "m";
  w->program.kernels.at[0]->flops = 1234567;
  w->program.kernels.at[0]->bytes_read = 4000;
  Loc loc = {"m.lua", 12, NULL};
  vec_push(arena, w->program.kernels.at[0]->locs, loc);
  pass_order(&w->program);
  pass_memory(&w->program);
  Text out;
  text_init(&out, arena);
  program_report(&out, &w->program);
  assert_contains(text_str(&out), "1.23 M");
  assert_contains(text_str(&out), "m.lua:12");
  assert_contains(text_str(&out), "lower bound");
}

static int setup(void **state) {
  (void)state;
  arena = arena_new();
  return 0;
}

static int teardown(void **state) {
  (void)state;
  arena_free(arena);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_pack),        cmocka_unit_test(test_pack_is_best),
                                     cmocka_unit_test(test_large),       cmocka_unit_test(test_pack_is_reproducible),
                                     cmocka_unit_test(test_stagger),     cmocka_unit_test(test_programs),
                                     cmocka_unit_test(test_order_helps), cmocka_unit_test(test_state_arenas),
                                     cmocka_unit_test(test_verifier),    cmocka_unit_test(test_report)};
  if (setjmp(*diag_guard())) return diag_exit_code();
  return cmocka_run_group_tests(tests, setup, teardown);
}
