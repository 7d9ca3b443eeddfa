/* test_emit_statements.c: every statement of the kernel IR, and every expression that is no elementwise row, through
 * both printers: masked loads and stores, masks as values, transposes, local arrays, loops with steps, branches,
 * functions, lanes, serial kernels; each for the dtypes and widths that it has. What must come out is computed here
 * from the text's meaning. Also: the layout of the tables as LLVM is told it, against nnrt.h as the C compiler lays it
 * out. */
#define EMIT_FOLDER "test_emit_statements"
#include "emit_ways.h"

#include "emit/print.h"

typedef struct Expect {
  Slot *slot;
  unsigned char *bytes;
} Expect;
static VEC(Expect) expects;
static unsigned char *before;
enum { BEFORE_MAX = 1 << 20 };

/* A slot with a pattern in it: no two neighbours are equal, bools are 0 and 1. */
static Slot *filled_slot(World *w, const Buffer *b) {
  Slot *s = world_slot(w, b->name, b->dtype, b->count);
  int bytes = dtype_info[b->dtype].bytes;
  assert_true(s->offset + s->bytes <= BEFORE_MAX);
  for (int64_t i = 0; i < s->bytes; ++i)
    before[s->offset + i] = b->dtype == DT_bool ? (i * 7 / 3) & 1 : (unsigned char)(i / bytes * 5 + i % bytes * 3 + 1);
  return s;
}

/* Parses `text`, calls its last kernel on new slots, and returns them; the bytes that are expected start as a copy. */
static Expect *world_text(World *w, const char *text) {
  Kernels *k = kernels_parse(w->arena, "text", text);
  Kernel *last = k->at[k->n - 1];
  Slot *slots[8];
  int first = expects.n;
  for (int i = 0; i < k->n - 1; ++i) vec_push(w->arena, w->program->math, k->at[i]);
  for (int i = 0; i < last->params.n; ++i) {
    slots[i] = filled_slot(w, last->params.at[i]);
    unsigned char *bytes = arena_alloc(w->arena, (size_t)slots[i]->bytes);
    memcpy(bytes, before + slots[i]->offset, (size_t)slots[i]->bytes);
    vec_push(w->arena, expects, ((Expect){slots[i], bytes}));
  }
  world_call(w, last, last->params.n, slots);
  return &expects.at[first];
}

static void judge_expects(World *w, const char *way, const unsigned char *memory) {
  int wrong = 0;
  (void)w;
  for (int i = 0; i < expects.n; ++i) {
    const Slot *s = expects.at[i].slot;
    if (!memcmp(memory + s->offset, expects.at[i].bytes, (size_t)s->bytes)) continue;
    int64_t at = 0;
    while (memory[s->offset + at] == expects.at[i].bytes[at]) ++at;
    if (++wrong <= 20)
      print_error("%s: slot %d (%s %s), element %lld\n", way, s->id, s->name, dtype_info[s->dtype].name,
                  (long long)(at / dtype_info[s->dtype].bytes));
  }
  assert_int_equal(wrong, 0);
}

/* ---- cases ---- */
static const char *type_name(World *w, DType t, int lanes) {
  return lanes == 1 ? dtype_info[t].name : arena_printf(w->arena, "%sx%d", dtype_info[t].name, lanes);
}

/* 128 elements: lanes at 100 and above are not read (and give 0), those at 90 and above are not written to y. */
static void masks_add(World *w, DType t, int lanes) {
  const char *d = dtype_info[t].name, *v = type_name(w, t, lanes);
  Expect *e = world_text(w, arena_printf(w->arena,
                                         "kernel masks_%s_%d(x: %s[100], y: %s[90] written, z: %s[128] written)\n"
                                         "  for u in 0..%d parallel\n"
                                         "    let v: %s = load %s x[u * %d] mask mask<%d>(100 - u * %d)\n"
                                         "    store %s y[u * %d] = v mask mask<%d>(90 - u * %d)\n"
                                         "    store %s z[u * %d] = v\n",
                                         d, lanes, d, d, d, 128 / lanes, v, v, lanes, lanes, lanes, v, lanes, lanes,
                                         lanes, v, lanes));
  size_t bytes = (size_t)dtype_info[t].bytes;
  memcpy(e[1].bytes, e[0].bytes, 90 * bytes);
  memset(e[2].bytes, 0, 128 * bytes);
  memcpy(e[2].bytes, e[0].bytes, 100 * bytes);
}

static void transposes_add(World *w, DType t, int lanes) {
  const char *d = dtype_info[t].name;
  int n = lanes * (lanes + 5) + 2;
  Expect *e = world_text(w, arena_printf(w->arena,
                                         "kernel transpose_%s_%d(x: %s[%d], y: %s[%d] written)\n"
                                         "  transpose %d y[2; %d] = x[1; %d]\n",
                                         d, lanes, d, n, d, n, lanes, lanes + 5, lanes + 3));
  size_t bytes = (size_t)dtype_info[t].bytes;
  for (int i = 0; i < lanes; ++i)
    for (int j = 0; j < lanes; ++j)
      memcpy(e[1].bytes + (size_t)(2 + i * (lanes + 5) + j) * bytes,
             e[0].bytes + (size_t)(1 + j * (lanes + 3) + i) * bytes, bytes);
}

static const char mixture_text[] =
    "function twice_%d(v: i32x8, n: i32) -> i32x8\n"
    "  var c: i32x8 = i32x8(0)\n"
    "  set c = v + splat<8>(n)\n"
    "  return c + v\n"
    "kernel mixture_%d(x: i32[64], y: i32[64] written, z: i32[64] written, b: bool[64] written)\n"
    "  for u in 0..8 parallel\n"
    "    block \"a block */ of a comment\" at \"model.lua\":7\n"
    "      local part: i32[8]\n"
    "      var c: i32x8 = i32x8(0)\n"
    "      var d: i32x8 = i32x8(0)\n"
    "      var s: i32 = i32(1)\n"
    "      for k in 0..8 step 3\n"
    "        set c = c + splat<8>(load i32 x[u * 8 + k])\n"
    "      for j in 0..2 unrolled\n"
    "        set s = s * i32(-3)\n"
    "      set d = c + lane<8>\n"
    "      store i32x8 part[0] = d\n"
    "      let unused: i32x8 = load i32x8 part[0]\n"
    "      let odd: i64 = u %% 2\n"
    "      if eq(odd, 1)\n"
    "        store i32x8 y[u * 8] = call twice_%d(load i32x8 part[0], s)\n"
    "      else\n"
    "        store i32x8 y[u * 8] = splat<8>(extract<2>(d)) * splat<8>(s)\n"
    "      store i32x8 z[u * 8] = where(and(mask<8>(u), not(mask<8>(2))), lane<8>, splat<8>(cast<i32>(u / 3 + 1 - "
    "odd)))\n"
    "      store boolx8 b[u * 8] = eq(lt(c, d), mask<8>(5))\n";

static void mixture_add(World *w, int id) {
  Expect *e = world_text(w, arena_printf(w->arena, mixture_text, id, id, id));
  const int32_t *x = (const int32_t *)(void *)e[0].bytes;
  int32_t *y = (int32_t *)(void *)e[1].bytes, *z = (int32_t *)(void *)e[2].bytes;
  for (int u = 0; u < 8; ++u)
    for (int l = 0; l < 8; ++l) {
      uint32_t c = (uint32_t)x[u * 8] + (uint32_t)x[u * 8 + 3] + (uint32_t)x[u * 8 + 6], two = (c + 2) * 9;
      uint32_t d = c + (uint32_t)l, odd = u % 2 ? 2 * d + 9 : two;
      y[u * 8 + l] = (int32_t)odd;
      z[u * 8 + l] = l < u && l >= 2 ? l : u / 3 + 1 - u % 2;
      e[3].bytes[u * 8 + l] = ((int32_t)c < (int32_t)d) == (l < 5);
    }
}

/* Thread 0 alone runs a kernel without a parallel loop: three threads would add 1 three times. */
static void serial_add(World *w) {
  Expect *e = world_text(w, "kernel serial(y: i64[3] written)\n"
                            "  for i in 0..3\n"
                            "    store i64 y[i] = (load i64 y[i]) + cast<i64>(u32(1))\n");
  for (int i = 0; i < 3; ++i) ++((int64_t *)(void *)e[0].bytes)[i];
}

static void test_statements(void **state) {
  (void)state;
  World w;
  world_init(&w);
  before = arena_alloc(w.arena, BEFORE_MAX);
  if (setjmp(*diag_guard())) fail_msg("a diagnostic");
  for (int t = 0; t < DTYPE_COUNT; ++t)
    for (int lanes = 1; lanes <= 16; lanes *= 2) {
      masks_add(&w, t, lanes);
      if (lanes > 1) transposes_add(&w, t, lanes);
    }
  mixture_add(&w, 1);
  serial_add(&w);
  run_all(&w, before, 3, judge_expects);
  arena_free(w.arena);
}

/* ---- tables ---- */
typedef struct Layout {
  const char *type;
  size_t bytes;
  size_t last; /* offset of the last field */
} Layout;
static const Layout layouts[] = {
    {"nnrt_state", sizeof(nnrt_state), offsetof(nnrt_state, aliases)},
    {"nnrt_hyper", sizeof(nnrt_hyper), offsetof(nnrt_hyper, help)},
    {"nnrt_field", sizeof(nnrt_field), offsetof(nnrt_field, dim)},
    {"nnrt_stored", sizeof(nnrt_stored), offsetof(nnrt_stored, at)},
    {"nnrt_heading", sizeof(nnrt_heading), offsetof(nnrt_heading, categories)},
    {"nnrt_source", sizeof(nnrt_source), offsetof(nnrt_source, reader)},
    {"nnrt_input", sizeof(nnrt_input), offsetof(nnrt_input, value)},
    {"nnrt_output", sizeof(nnrt_output), offsetof(nnrt_output, dim)},
    {"nnrt_variant", sizeof(nnrt_variant), offsetof(nnrt_variant, profiled)},
    {"nnrt_func", sizeof(nnrt_func), offsetof(nnrt_func, variants)},
    {"nnrt_given", sizeof(nnrt_given), offsetof(nnrt_given, value)},
    {"nnrt_write", sizeof(nnrt_write), offsetof(nnrt_write, output)},
    {"nnrt_kept", sizeof(nnrt_kept), offsetof(nnrt_kept, state)},
    {"nnrt_rename", sizeof(nnrt_rename), offsetof(nnrt_rename, to)},
    {"nnrt_act", sizeof(nnrt_act), offsetof(nnrt_act, renames)},
    {"nnrt_phase", sizeof(nnrt_phase), offsetof(nnrt_phase, stop_output)},
    {"nnrt_checkpoint", sizeof(nnrt_checkpoint), offsetof(nnrt_checkpoint, best_least)},
    {"nnrt_model", sizeof(nnrt_model), offsetof(nnrt_model, sites)},
    {"nnrt_site", sizeof(nnrt_site), offsetof(nnrt_site, writes)},
    {"nnrt_traced", sizeof(nnrt_traced), offsetof(nnrt_traced, kind)},
    {"nnrt_trap", sizeof(nnrt_trap), offsetof(nnrt_trap, tensors)},
};

static size_t field_bytes(FieldKind kind) {
  switch (kind) {
  case FIELD_int:
  case FIELD_dtype:
  case FIELD_source: return sizeof(int);
  case FIELD_i64:
  case FIELD_u64: return sizeof(int64_t);
  case FIELD_f64: return sizeof(double);
  case FIELD_dims: return 8 * sizeof(int64_t);
  default: return sizeof(void *);
  }
}

/* LLVM lays a struct out as C does: each field at a multiple of its alignment. */
static void test_layouts(void **state) {
  (void)state;
  int n = 0;
  for (const Record *r; (r = record_at(n)) != NULL; ++n) {
    size_t at = 0, last = 0;
    for (int i = 0; i < r->n; ++i) {
      size_t bytes = field_bytes(r->fields[i].kind), align = bytes > 8 ? 8 : bytes;
      last = (at + align - 1) / align * align;
      at = last + bytes;
    }
    const Layout *layout = NULL;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; ++i)
      if (!strcmp(layouts[i].type, r->type)) layout = &layouts[i];
    assert_non_null(layout);
    assert_int_equal(last, layout->last);
    assert_int_equal((at + 7) / 8 * 8, (layout->bytes + 7) / 8 * 8);
  }
  assert_int_equal(n, sizeof layouts / sizeof layouts[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_statements), cmocka_unit_test(test_layouts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
