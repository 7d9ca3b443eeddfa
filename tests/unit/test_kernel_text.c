/* test_kernel_text.c: the kernel IR's text form and its verifier. What builders made prints, parses and prints the
 * same; a parsed kernel does what its text says (run by kernel_eval.h); malformed text is the user's error with its
 * line; no mutated text crashes; index arithmetic folds to what it means; the verifier finds each broken invariant. */
#include "caught.h"
#include "kernel_eval.h"

static Arena *arena;

static const char *printed(const Kernel *k) {
  Text out;
  text_init(&out, arena);
  kernel_print(&out, k);
  return text_str(&out);
}

/* ---- there and back ---- */
static Type f32x(int lanes) { return type_of(DT_f32, lanes); }
static Type index_type(void) { return type_of(DT_i64, 1); }

static void push(Block *b, Stmt *s) { vec_push(arena, *b, s); }

/* Lanes 0 and 3 of four. */
static Expr *outer_lanes(Arena *a) {
  Expr *lanes = expr_lanes(a, 4, (int64_t[]){1, 0, -1, 1});
  return expr_op2(a, OP_eq, lanes, expr_int(a, lanes->type, 1));
}

/* y[i] = relu(x[i]) * scale over 37 elements by 4 lanes with a mask, and a transpose through a local array. */
static Kernel *built_kernel(void) {
  Arena *a = arena;
  Kernel *k = kernel_new(a, "relu_scale_1");
  k->comment = "y [37] = \"relu\"(x) * scale\\";
  k->flops = 74;
  k->bytes_read = k->bytes_written = 148;
  Loc loc = {"my model.lua", 17, "nn.ReLU"};
  vec_push(a, k->locs, loc);
  Buffer *x = kernel_param(a, k, "x", DT_f32, 37, false), *y = kernel_param(a, k, "y", DT_f32, 37, true);
  Buffer *m = kernel_param(a, k, "m", DT_f32, 16, false), *t = kernel_param(a, k, "t", DT_f32, 16, true);
  t->align = 4;
  Var *scale = var_new(a, "scale", f32x(1));
  vec_push(a, k->scalars, scale);
  Stmt *block = stmt_block(a, loc, "x:relu()");
  push(&k->body, block);
  Var *u = var_new(a, "u", index_type()), *at = var_new(a, "at", index_type()), *v = var_new(a, "v", f32x(4));
  Stmt *loop = stmt_for(a, FOR_parallel, u, expr_index(a, 0), expr_index(a, 10), 1);
  push(&block->body, loop);
  Expr *i = expr_mul(a, expr_var(a, u), 4),
       *mask = expr_mask(a, expr_op2(a, OP_sub, expr_index(a, 37), expr_var(a, at)), 4);
  push(&loop->body, stmt_let(a, at, i));
  push(&loop->body, stmt_var(a, v, expr_load(a, x, expr_var(a, at), 4, mask)));
  Expr *zero = expr_const(a, f32x(4), 0), *low = expr_op2(a, OP_le, expr_var(a, v), zero);
  push(&loop->body, stmt_set(a, v, expr_op3(a, OP_where, low, zero, expr_var(a, v))));
  push(&loop->body, stmt_store(a, y, expr_var(a, at),
                               expr_op2(a, OP_mul, expr_var(a, v), expr_splat(a, expr_var(a, scale), 4)), mask));
  push(&loop->body, stmt_prefetch(a, y, expr_add(a, expr_var(a, at), expr_index(a, 16))));
  Stmt *first = stmt_if(a, expr_op2(a, OP_eq, expr_imod(a, expr_var(a, u), 10), expr_index(a, 0)));
  push(&loop->body, first);
  Buffer *copy = buffer_local(a, "copy", DT_f32, 16);
  push(&first->body, stmt_local(a, copy));
  push(&first->body,
       stmt_transpose(a, 4, copy, expr_index(a, 0), expr_index(a, 4), m, expr_index(a, 0), expr_index(a, 4)));
  Var *j = var_new(a, "j", index_type());
  Stmt *rows = stmt_for(a, FOR_unrolled, j, expr_index(a, 0), expr_index(a, 16), 4);
  push(&first->body, rows);
  push(&rows->body, stmt_store(a, t, expr_var(a, j), expr_load(a, copy, expr_var(a, j), 4, NULL), NULL));
  Expr *sides = expr_shuffle(a, expr_var(a, v), zero, (int[]){0, 0, 5, 3});
  Expr *lanes = outer_lanes(a);
  push(&first->other, stmt_set(a, v, expr_op3(a, OP_where, lanes, sides, expr_var(a, v))));
  Var *last = var_new(a, "last", f32x(1));
  push(&first->other, stmt_let(a, last, expr_extract(a, expr_var(a, v), 3)));
  return k;
}

static Kernel *parsed(const char *text) { return kernels_parse(arena, "test.ir", text)->at[0]; }

static void test_there_and_back(void **state) {
  (void)state;
  Kernel *k = built_kernel();
  kernel_verify(k, machine_find("x86-64-v4"));
  const char *text = printed(k);
  Kernel *again = parsed(text);
  kernel_verify(again, machine_find("neon"));
  assert_string_equal(text, printed(again));
  assert_string_equal(again->comment, k->comment);
  assert_string_equal(again->locs.at[0].file, "my model.lua");
  assert_int_equal(again->locs.at[0].line, 17);
  assert_string_equal(again->body.at[0]->loc.via, "nn.ReLU");
  assert_int_equal(again->flops, 74);
  assert_false(again->params.at[0]->written);
  assert_true(again->params.at[1]->written);
  assert_int_equal(again->params.at[3]->align, 4);
}

static void test_built_runs(void **state) {
  (void)state;
  union EvalLane x[37], y[37] = {0}, m[16], t[16] = {0};
  for (int i = 0; i < 37; ++i) x[i].f = i % 3 ? i : -i;
  for (int i = 0; i < 16; ++i) m[i].f = i;
  Kernel *k = parsed(printed(built_kernel()));
  Expr *product = k->body.at[0]->body.at[0]->body.at[3]->expr;
  product->arg[1] = expr_const(arena, f32x(4), 0.5); /* eval_kernel gives memory only: the scalar becomes a constant */
  eval_kernel(k, (union EvalLane *[]){x, y, m, t});
  for (int i = 0; i < 37; ++i) assert_true(y[i].f == (i % 3 ? 0.5 * i : 0));
  for (int i = 0; i < 16; ++i) assert_true(t[i].f == i % 4 * 4 + i / 4);
}

/* Constants of every dtype, precedence, special floats: the second print equals the first, and the values are right. */
static void test_expressions(void **state) {
  (void)state;
  const char *text = "function f(x: f32, n: i64) -> f32\n"
                     "  let a: i64 = (n + 2) * 3 - 4 - (n - -5) * 2\n"
                     "  let b: i64 = n * 8 / 4 % 3 + sub(n, 3)\n"
                     "  let c: u32 = u32(4294967295)\n"
                     "  let d: i32 = i32(-0x80000000)\n"
                     "  let e: f64 = f64(1e-320)\n"
                     "  let g: f32 = x - (x + f32(inf)) * f32(-0)\n"
                     "  let h: bool = and(lt(x, f32(nan)), bool(1))\n"
                     "  let k: u8 = cast<u8>(n)\n"
                     "  return where(h, g, bitcast<f32>(c)) + cast<f32>(a + b)\n";
  Kernel *k = parsed(text), *again = parsed(printed(k));
  assert_string_equal(printed(k), printed(again));
  EvalValue args[2] = {{.type = f32x(1)}, {.type = index_type()}}, value;
  args[1].lane[0].i = 7;
  EvalFrame *f = eval_frame();
  for (int i = 0; i < 2; ++i) *eval_var(f, again->scalars.at[i]) = args[i];
  eval_block(f, &again->body);
  eval_expr(f, again->body.at[0]->expr, &value);
  assert_int_equal(value.lane[0].i, (7 + 2) * 3 - 4 - (7 + 5) * 2);
  eval_expr(f, again->body.at[1]->expr, &value);
  assert_int_equal(value.lane[0].i, 7 * 8 / 4 % 3 + (7 - 3));
  eval_expr(f, again->body.at[4]->expr, &value);
  assert_true(value.lane[0].f == 1e-320);
  free(f);
}

static void test_dump_is_read(void **state) {
  (void)state;
  const char *text =
      "program m: machine scalar\nslot a.0: f32[4] in scratch at 0\n\n"
      "function one() -> f32\n  return f32(1)\n\n# a comment\nkernel k(y: f32[4] written)\n"
      "  for i in 0..4 # and one here\n    store f32 y[i] = call one()\n\nhost h: input 0\n  call k(a.0)\n  barrier\n";
  Kernels *all = kernels_parse(arena, "test.ir", text);
  assert_int_equal(all->n, 2);
  union EvalLane y[4];
  eval_kernel(all->at[1], (union EvalLane *[]){y});
  for (int i = 0; i < 4; ++i) assert_true(y[i].f == 1);
}

/* ---- folding ---- */
static int64_t value_at(const Expr *e, const Var *v, int64_t x) {
  EvalFrame *f = eval_frame();
  EvalValue out = {.type = index_type()};
  out.lane[0].i = x;
  *eval_var(f, v) = out;
  eval_expr(f, e, &out);
  free(f);
  return out.lane[0].i;
}

/* Random sums and products of a variable and constants: folded and evaluated, against plain arithmetic. */
static void test_folding(void **state) {
  (void)state;
  uint64_t seed = 42;
  Var *v = var_new(arena, "v", index_type());
  for (int round = 0; round < 3000; ++round) {
    Expr *e = expr_var(arena, v);
    int64_t want = 11;
    for (int step = 0; step < 6; ++step) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      int64_t c = (int64_t)(seed >> 60) - 3, d = (int64_t)(seed >> 40 & 7) + 1;
      switch (seed >> 33 & 7) {
      case 0: e = expr_add(arena, e, expr_index(arena, c)), want += c; break;
      case 1: e = expr_add(arena, expr_index(arena, c), e), want += c; break;
      case 2: e = expr_mul(arena, e, c), want *= c; break;
      case 3: e = expr_add(arena, e, expr_var(arena, v)), want += 11; break;
      case 4: e = expr_op2(arena, OP_sub, e, expr_index(arena, c)), want -= c; break;
      case 5:
        want = want < 0 ? want : want / d, e = want < 0 || value_at(e, v, 11) < 0 ? e : expr_idiv(arena, e, d);
        break;
      case 6:
        want = want < 0 ? want : want % d, e = want < 0 || value_at(e, v, 11) < 0 ? e : expr_imod(arena, e, d);
        break;
      default: e = expr_op2(arena, OP_maximum, e, expr_index(arena, c)), want = want > c ? want : c; break;
      }
    }
    assert_int_equal(value_at(e, v, 11), want);
  }
  Expr *x = expr_var(arena, v);
  assert_ptr_equal(expr_add(arena, x, expr_index(arena, 0)), x);
  assert_ptr_equal(expr_mul(arena, x, 1), x);
  assert_int_equal(expr_mul(arena, x, 0)->kind, E_const);
  Expr *f = expr_var(arena, var_new(arena, "f", f32x(1))),
       *sum = expr_op2(arena, OP_add, f, expr_const(arena, f32x(1), 0));
  assert_int_equal(sum->kind, E_op); /* x + 0 is not x for -0 */
}

/* ---- errors ---- */
static void parse_text(void *text) { kernels_parse(arena, "bad.ir", text); }

static void test_malformed(void **state) {
  (void)state;
  static const struct {
    const char *text, *want;
  } table[] = {
      {"nonsense\n", "bad.ir:1: kernel text: expected kernel or function, found nonsense"},
      {"kernel k(\n", "bad.ir:1: kernel text: expected a name, found the end of the line"},
      {"kernel k(x: f33[4])\n", "bad.ir:1: kernel text: expected a type, found f33[4])"},
      {"kernel k(x: f32[0])\n", "bad.ir:1: kernel text: a buffer holds 1 to 2^40 elements"},
      {"kernel k(x: f32[4] alias 0)\n", "bad.ir:1: kernel text: an alias is the number of an earlier buffer"},
      {"kernel k(x: f32[4])\n  for i in 0..4\n      let a: i64 = i\n",
       "bad.ir:3: kernel text: this line is indented too far"},
      {"kernel k(x: f32[4])\n   let a: i64 = 1\n", "bad.ir:2: kernel text: blocks are indented by two spaces a level"},
      {"kernel k(x: f32[4])\n  let a: i64 = b\n", "bad.ir:2: kernel text: no variable is called b"},
      {"kernel k(x: f32[4])\n  let a: f32 = load f32 y[0]\n", "bad.ir:2: kernel text: expected a buffer, found y[0]"},
      {"kernel k(x: f32[4])\n  let a: f64 = load f64 x[0]\n",
       "bad.ir:2: kernel text: a load has another dtype than its buffer"},
      {"kernel k(x: f32[4])\n  store f32 x[0] = f32(1)\n",
       "bad.ir:2: kernel text: x is stored to, but not marked written"},
      {"kernel k(x: f32[4])\n  prefetch y[0]\n", "bad.ir:2: kernel text: expected a buffer, found y[0]"},
      {"kernel k(x: f32[4])\n  prefetch x[f32(1)]\n", "bad.ir:2: kernel text: an index must be an i64 scalar"},
      {"kernel k(x: f32[4])\n  let a: i64 = 1 + f32(1)\n",
       "bad.ir:2: kernel text: add has operands of different dtypes"},
      {"kernel k(x: f32[4])\n  let a: i64 = add(1)\n", "bad.ir:2: kernel text: add has the wrong number of operands"},
      {"kernel k(x: f32[4])\n  let a: f32 = exq(f32(1))\n", "bad.ir:2: kernel text: exq is no op and no type"},
      {"kernel k(x: f32[4])\n  let a: i32 = i32(3000000000)\n",
       "bad.ir:2: kernel text: a constant does not fit its type"},
      {"kernel k(x: f32[4])\n  let a: i64 = 99999999999999999999\n",
       "bad.ir:2: kernel text: a number does not fit 64 bits"},
      {"kernel k(x: f32[4])\n  let a: i64 = 7 / 0\n", "bad.ir:2: kernel text: only an index is divided"},
      {"kernel k(x: f32[4])\n  let a: f32x3 = f32x3(0)\n",
       "bad.ir:2: kernel text: lanes must be 2, 4, 8, 16, 32 or 64"},
      {"kernel k(x: f32[4])\n  let a: i32x4 = lane<4>(0, 1)\n",
       "bad.ir:2: kernel text: a list of lanes has another length"},
      {"kernel k(x: f32[4])\n  let a: i32x2 = shuffle<0, 1, 2>(lane<2>, lane<2>)\n",
       "bad.ir:2: kernel text: a shuffle takes two vectors of its lanes"},
      {"kernel k(x: f32[4])\n  let a: i32x2 = shuffle<0, 4>(lane<2>, lane<2>)\n",
       "bad.ir:2: kernel text: shuffle takes lanes that its operands have"},
      {"kernel k(x: f32[4])\n  let a: boolx2 = shuffle<0, 1>(mask<2>(1), mask<2>(2))\n",
       "bad.ir:2: kernel text: shuffle takes two vectors of its type, which are not of bool"},
      {"kernel k(x: f32[4])\n  let a: i64 = 1\n  set a = 2\n",
       "bad.ir:3: kernel text: a is set, but is not a mutable variable"},
      {"kernel k(x: f32[4])\n  let a: i64 = 1 2\n", "bad.ir:2: kernel text: expected the end of the line, found 2"},
      {"kernel k(x: f32[4])\n  let x: i64 = 1\n", "bad.ir:2: kernel text: the name x is taken"},
      {"kernel k(x: f32[4])\n  if lt(1, 2)\n    let a: i64 = 1\n  let b: i64 = a\n",
       "bad.ir:4: kernel text: a is not defined here"},
      {"kernel k(x: f32[4])\n  return f32(1)\n",
       "bad.ir:2: kernel text: a return stands only at the end of a function"},
      {"kernel k(x: f32[4])\n  for i in 0..4 step 0\n",
       "bad.ir:2: kernel text: the step of the loop over i is not positive"},
      {"kernel k(x: f32[4])\n  for i in 0..4\n    for j in 0..4 parallel\n",
       "bad.ir:3: kernel text: the parallel loop over j is not at the top"},
      {"kernel k(x: f32[4])\n  for i in 1..4 parallel\n",
       "bad.ir:2: kernel text: the parallel loop over i does not run from 0"},
      {"kernel k(x: f32[4])\n  local t: f32[5000]\n",
       "bad.ir:2: kernel text: the local array t does not hold 1 to 16384 bytes"},
      {"kernel k(x: f32[4] written)\n  for i in 0..4 parallel\n    let a: i64 = i\n  store f32 x[0] = f32(1)\n",
       "bad.ir:4: kernel text: x is stored to outside the parallel loop"},
      {"function f(x: f32) -> f32\n  let y: f32 = x\n",
       "bad.ir:1: kernel text: the function f does not end with its return"},
      {"function f(x: f32) -> f64\n  return x\n", "bad.ir:2: kernel text: f returns another type than it says"},
      {"function f(x: f32) -> f32\n  return call g(x)\n", "bad.ir:2: kernel text: no function is called g"},
      {"function f(x: f32) -> f32\n  return x\nfunction f(x: f32) -> f32\n  return x\n",
       "bad.ir:3: kernel text: the name f is taken"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    Caught c;
    catch_error(&c, parse_text, (void *)(uintptr_t)table[i].text);
    assert_int_equal(c.code, 1);
    assert_contains(c.text, table[i].want);
  }
}

static void test_deep_nesting(void **state) {
  (void)state;
  enum { DEEP = 100000 };
  static const char *const head[] = {"function f(x: f32) -> f32\n  return ", "kernel k(x: f32[4])\n  let a: i64 = "},
                           *const piece[] = {"neg(", "1 + "};
  for (int k = 0; k < 2; ++k) {
    Text out;
    text_init(&out, arena);
    text_puts(&out, head[k]);
    for (int i = 0; i < DEEP; ++i) text_puts(&out, piece[k]);
    text_puts(&out, "1\n");
    Caught c;
    catch_error(&c, parse_text, (void *)(uintptr_t)text_str(&out));
    assert_int_equal(c.code, 1);
    assert_contains(c.text, "nested too deeply");
  }
}

/* Bytes of a good text replaced, dropped and doubled: read, or refused with a user error, never more. */
static void test_mutations(void **state) {
  (void)state;
  const char *good = printed(built_kernel());
  size_t n = strlen(good);
  uint64_t seed = 7;
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    char *text = arena_alloc(arena, 2 * n + 2);
    memcpy(text, good, n + 1);
    for (int k = 0; k < 1 + round % 3; ++k) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      size_t at = (size_t)(seed >> 33) % n, length = strlen(text);
      if (at >= length) continue;
      switch (seed >> 20 & 3) {
      case 0: text[at] = "()[]<>:,;=+-*/%. \n\"#0179xfiku"[seed >> 8 & 31 ? (seed >> 8 & 31) % 29 : 0]; break;
      case 1: memmove(text + at, text + at + 1, length - at); break;
      case 2: text[at] = 0; break;
      default: memmove(text + at + 1, text + at, length - at + 1); break;
      }
    }
    Caught c;
    catch_error(&c, parse_text, text);
    assert_true(c.code == 0 || c.code == 1);
    refused += c.code;
  }
  assert_true(refused > 1000);
}

/* ---- verifier ---- */
static void verify(void *k) { kernel_verify(k, machine_find("x86-64-v3")); }

static void refused(Kernel *k, const char *want) {
  Caught c;
  catch_error(&c, verify, k);
  assert_int_equal(c.code, 3);
  assert_contains(c.text, want);
}

static void test_verifier(void **state) {
  (void)state;
  Kernel *k = built_kernel();
  Stmt *loop = k->body.at[0]->body.at[0];
  loop->body.at[1]->var->type = loop->body.at[1]->expr->type = f32x(16);
  refused(k, "wider than the registers of x86-64-v3");
  k = built_kernel();
  k->body.at[0]->body.at[0]->body.at[1]->expr->arg[0] = expr_const(arena, f32x(1), 0);
  refused(k, "an index must be an i64 scalar");
  k = built_kernel();
  k->body.at[0]->body.at[0]->body.at[0]->var->name = "x";
  refused(k, "the name x is taken");
  k = built_kernel();
  k->body.at[0]->body.at[0]->body.at[1]->kind = S_let;
  refused(k, "v is set, but is not a mutable variable");
  k = built_kernel();
  k->params.at[1]->alias = 1;
  refused(k, "alias of none before it");
  k = built_kernel();
  k->body.at[0]->body.at[0]->body.at[0]->expr = NULL;
  refused(k, "a statement lacks a part");
  k = built_kernel();
  Stmt *barrier = stmt_block(arena, (Loc){NULL, 0, NULL}, "");
  barrier->kind = S_barrier;
  push(&k->body, barrier);
  refused(k, "calls and barriers belong to host functions");
}

/* ---- finish ---- */
static void test_finish(void **state) {
  (void)state;
  Program p = {.arena = arena};
  Arena *a = arena;
  Kernel *k = kernel_new(a, "k");
  Buffer *x = kernel_param(a, k, "0.weight", DT_f16, 8, false), *y = kernel_param(a, k, "float", DT_f16, 8, true);
  Stmt *one = stmt_block(a, (Loc){"m.lua", 9, NULL}, "b"), *two = stmt_block(a, (Loc){"m.lua", 3, NULL}, "a");
  push(&k->body, one);
  push(&k->body, two);
  for (int i = 0; i < 2; ++i) {
    Var *v = var_new(a, "v", type_of(DT_f16, 1));
    push(&one->body, stmt_let(a, v, expr_op1(a, OP_exp, expr_load(a, x, expr_index(a, i), 1, NULL))));
    push(&one->body, stmt_store(a, y, expr_index(a, i), expr_var(a, v), NULL));
  }
  kernel_finish(&p, k);
  kernel_finish(&p, k); /* again changes nothing */
  kernel_verify(k, NULL);
  assert_string_equal(x->name, "v0_weight");
  assert_string_equal(y->name, "float_");
  assert_string_equal(one->body.at[0]->var->name, "v");
  assert_string_equal(one->body.at[2]->var->name, "v_2");
  assert_int_equal(k->locs.n, 2);
  assert_int_equal(k->locs.at[0].line, 3);
  const Expr *e = one->body.at[0]->expr; /* f16 computes in f32 */
  assert_int_equal(e->op, OP_cast);
  assert_int_equal(e->arg[0]->kind, E_call);
  assert_string_equal(e->arg[0]->callee->name, "exp_f32");
  assert_int_equal(p.math.n, 1);
}

static void test_machines(void **state) {
  (void)state;
  for (int i = 0; machine_at(i); ++i) {
    const Machine *m = machine_at(i);
    assert_ptr_equal(machine_find(m->name), m);
    assert_true(m->lanes[DT_f32] >= 1 && m->vregs >= 8 && m->l1 <= m->l2 && m->l2 <= m->l3);
  }
  assert_null(machine_find("pdp-11"));
  assert_non_null(machine_find("native"));
  assert_true(machine_find("native")->l1 >= 4096);
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
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_built_runs), cmocka_unit_test(test_expressions),
      cmocka_unit_test(test_dump_is_read),   cmocka_unit_test(test_folding),    cmocka_unit_test(test_malformed),
      cmocka_unit_test(test_deep_nesting),   cmocka_unit_test(test_mutations),  cmocka_unit_test(test_verifier),
      cmocka_unit_test(test_finish),         cmocka_unit_test(test_machines)};
  if (setjmp(*diag_guard())) return diag_exit_code();
  return cmocka_run_group_tests(tests, setup, teardown);
}
