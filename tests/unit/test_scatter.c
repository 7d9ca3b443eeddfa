/* test_scatter.c: writing some rows of a large tensor costs those rows: no kernel copies the whole of it where the
 * tensor dies, be it a state that is assigned or a value in scratch; and where the old value is read afterwards, it is
 * copied. Judged by the calls that lowering makes: which of them get memory of the tensor's size.
 *
 * That the values are right is what tests/fuzz asks (random graphs have states whose rows are replaced). */
#include "caught.h"
#include "kernel/kernel.h"

static Arena *arena;

static const char head[] = "module \"t\" file \"t.lua\"\n"
                           "state \"nnrt.seed\" saved : u32[2]\n"
                           "state \"cache\" saved : f32[512,64]\n"
                           "seed \"nnrt.seed\"\n"
                           "func \"f\" sources=[]\n  variant rows=0\n  graph \"f\"\n"
                           "    $0 = value \"at\" default=0 : i32[1]\n"
                           "    $1 = value \"row\" default=0 : f32[1,64]\n"
                           "    $2 = value \"x\" default=0 : f32[512,64]\n"
                           "    %0 = state \"cache\" : f32[512,64]\n"
                           "    %1 = input $0 : i32[1]\n"
                           "    %2 = input $1 : f32[1,64]\n"
                           "    %3 = input $2 : f32[512,64]\n";

typedef struct Case {
  const char *what, *body;
  int scatters, others; /* calls that get memory of the whole size */
  int scratch;          /* slots of the whole size in scratch */
} Case;

static const Case cases[] = {
    {"a row of a state",
     "    %4 = scatter_set %0, %1, %2 dim=0 : f32[512,64]\n"
     "    %5 = assign \"cache\" %4 : f32[512,64]\n",
     1, 0, 0},
    {"a row added to a state",
     "    %4 = scatter %0, %1, %2 dim=0 : f32[512,64]\n"
     "    %5 = assign \"cache\" %4 : f32[512,64]\n",
     1, 0, 0},
    {"two rows, one after the other, by way of another shape",
     "    %4 = scatter_set %0, %1, %2 dim=0 : f32[512,64]\n"
     "    %5 = reshape %4 : f32[32768]\n"
     "    %6 = reshape %5 : f32[512,64]\n"
     "    %7 = scatter %6, %1, %2 dim=0 : f32[512,64]\n"
     "    %8 = reshape %7 : f32[512,64]\n"
     "    %9 = assign \"cache\" %8 : f32[512,64]\n",
     2, 0, 0},
    {"a state assigned twice",
     "    %4 = scatter_set %0, %1, %2 dim=0 : f32[512,64]\n"
     "    %5 = assign \"cache\" %4 : f32[512,64]\n"
     "    %6 = scatter_set %5, %1, %2 dim=0 : f32[512,64]\n"
     "    %7 = assign \"cache\" %6 : f32[512,64]\n",
     2, 0, 0},
    {"the old version is read first",
     "    %4 = scatter_set %0, %1, %2 dim=0 : f32[512,64]\n"
     "    %5 = assign \"cache\" %4 : f32[512,64]\n"
     "    %6 = sum %0 axes=[1] : f32[512]\n"
     "    output \"y\" = %6\n",
     1, 1, 0},
    {"the old version is read later: a copy to scratch, and back", /* start, sum, max, back */
     "    %4 = scatter_set %0, %1, %2 dim=0 : f32[512,64]\n"
     "    %5 = assign \"cache\" %4 : f32[512,64]\n"
     "    %6 = sum %4 axes=[1] : f32[512]\n"
     "    %7 = broadcast %6 : f32[512]\n"
     "    %8 = gather %0, %1 dim=0 : f32[1,64]\n"
     "    %9 = reshape %6 : f32[8,64]\n"
     "    %10 = max %9 axes=[0] : f32[64]\n"
     "    %11 = reshape %10 : f32[1,64]\n"
     "    %12 = mul %8, %11 : f32[1,64]\n"
     "    output \"y\" = %12\n",
     1, 4, 1},
    {"another state's rows into this one: its start is the copy",
     "    %4 = scatter_set %3, %1, %2 dim=0 : f32[512,64]\n"
     "    %5 = assign \"cache\" %4 : f32[512,64]\n",
     1, 1, 0},
    {"a product in scratch, its rows replaced twice",
     "    %4 = dot %3, %2 axes=[1] axes_b=[1] : f32[512,1]\n"
     "    %5 = dot %4, %2 axes=[1] axes_b=[0] : f32[512,64]\n"
     "    %6 = scatter_set %5, %1, %2 dim=0 : f32[512,64]\n"
     "    %7 = scatter_set %6, %1, %2 dim=0 : f32[512,64]\n"
     "    %8 = max %7 axes=[0] : f32[64]\n"
     "    output \"y\" = %8\n",
     2, 3, 1},
    {"zeros are written, not copied",
     "    %4 = const 0 : f32[]\n"
     "    %5 = broadcast %4 : f32[512,64]\n"
     "    %6 = scatter %5, %1, %2 dim=0 : f32[512,64]\n"
     "    %7 = max %6 axes=[0] : f32[64]\n"
     "    output \"y\" = %7\n",
     1, 2, 1},
};

static bool is_whole(const Slot *s) { return shape_count(s->shape) >= 512 * 64; }

static bool adds_or_sets(const Kernel *k) {
  return strstr(k->name, "scatter") != NULL && strstr(k->name, "start") == NULL;
}

static void run_case(const Case *c) {
  arena = arena_new();
  Module *m = module_parse(arena, "t.graph", arena_printf(arena, "%s%s  end\nend\n", head, c->body));
  Program *p = kernel_lower(m, machine_find("x86-64-v3"), arena);
  const Host *h = p->hosts.at[1];
  int scatters = 0, others = 0;
  VEC(const Slot *) scratch = {0};
  for (int i = 0; i < h->body.n; ++i) {
    const Stmt *call = h->body.at[i];
    bool whole = false;
    for (int k = 0; k < call->args.n; ++k) {
      const Slot *s = call->args.at[k];
      while (s->parent) s = s->parent;
      whole |= is_whole(s);
      bool known = !is_whole(s) || s->home != HOME_scratch;
      for (int j = 0; j < scratch.n; ++j) known |= scratch.at[j] == s;
      if (!known) vec_push(arena, scratch, s);
    }
    if (whole) *(adds_or_sets(call->kernel) ? &scatters : &others) += 1;
  }
  if (scatters != c->scatters || others != c->others || scratch.n != c->scratch)
    fail_msg("%s: %d scatters, %d other calls, %d arrays of the whole size; expected %d, %d, %d", c->what, scatters,
             others, scratch.n, c->scatters, c->others, c->scratch);
  arena_free(arena);
}

static void test_cases(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) run_case(&cases[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
  if (setjmp(*diag_guard())) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
