/* test_memory.c: pass_order and pass_memory on generated programs, and the packer on generated lives.
 *
 * The plan is judged without the code under test: an independent walk over the calls keeps, for every byte of scratch,
 * which slot wrote it last, and every read must find its own slot's bytes; two calls without a barrier between them may
 * not share a written byte; dependences of the given order must hold in the new one; the peak is compared with the
 * largest sum of live bytes, counted again here. */
#include "caught.h"
#include "kernel/pass/plan.h"

#include <stdlib.h>

static Arena *arena;
static uint64_t seed;

static int64_t draw(int64_t n) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (int64_t)(seed % (uint64_t)n);
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

static void test_pack(void **state) {
  (void)state;
  double worst = 0;
  for (int round = 0; round < 60; ++round) {
    seed = 1000u + (uint64_t)round;
    Lives lives = {0};
    int intervals = training_lives(&lives, 3 + round % 30);
    int64_t bound = bound_again(&lives, intervals), top = lives_pack(arena, &lives, intervals, NULL);
    assert_int_equal(bound, lives_bound(arena, &lives, intervals));
    check_packed(&lives, top);
    double ratio = (double)top / (double)bound;
    worst = ratio > worst ? ratio : worst;
    assert_true(ratio >= 1);
  }
  print_message("60 generated lifetimes: worst ratio to the lower bound %.4f\n", worst);
  assert_true(worst <= 1.05);
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
  double worst = 1;
  int aliases = 0, fewer = 0, above = 0;
  for (int round = 0; round < 40; ++round) {
    World *w = new_world((uint64_t)round, 6 + round);
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
    double ratio = (double)w->program.scratch_bytes / (double)bound;
    worst = ratio > worst ? ratio : worst;
    above += ratio > 1.05;
    fewer += w->host.body.n < 2 * given.n - 1;
  }
  print_message("40 generated programs: worst peak %.4f of the lower bound, %d operands overwritten in place\n", worst,
                aliases);
  assert_true(worst <= 1.12 && above <= 2); /* random lives, unlike a network's, need not reach their bound at all */
  assert_true(aliases > 0);
  assert_true(fewer > 0); /* some barriers were left out */
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
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_pack),        cmocka_unit_test(test_pack_is_reproducible),
                                     cmocka_unit_test(test_stagger),     cmocka_unit_test(test_programs),
                                     cmocka_unit_test(test_order_helps), cmocka_unit_test(test_state_arenas),
                                     cmocka_unit_test(test_verifier),    cmocka_unit_test(test_report)};
  if (setjmp(*diag_guard())) return diag_exit_code();
  return cmocka_run_group_tests(tests, setup, teardown);
}
