/* test_routine.c: routines of the runtime that kernels call: each row of abi.def says the same to C and to the
 * compiler; the statement's text goes there and back, malformed calls are the user's errors, broken ones the
 * verifier's; order, report and dead-name analysis know that a call reads and writes; and an nnc without OpenBLAS says
 * so when it is to link it. */
#include "caught.h"
#include "emit/emit.h"

#include <ctype.h>

/* Of no definition for OpenBLAS, as in a build without it. */
#include "../../compiler/emit/build.c"
#include "../../compiler/emit/parts.c"

static Arena *arena;

/* ---- the table ---- */
typedef struct Row {
  const char *name, *dtype, *parameters, *operands;
} Row;
static const Row rows[] = {
#define NNRT_ROUTINE(name, dtype, parameters, operands) {#name, #dtype, #parameters, operands},
#include "../../runtime/abi.def"
};

/* The letter that a C parameter asks for; `type` is what an address has to point to. */
static char letter_of(const char *parameter, const char *type) {
  while (isspace((unsigned char)*parameter) || *parameter == '(') ++parameter;
  if (!strncmp(parameter, "int64_t ", 8) && !strchr(parameter, '*')) return 'i';
  bool constant = !strncmp(parameter, "const ", 6);
  if (constant) parameter += 6;
  if (constant && !strncmp(parameter, "void *", 6)) return 'a';
  size_t n = strlen(type);
  if (strncmp(parameter, type, n) || parameter[n] != ' ' || parameter[n + 1] != '*') return '?';
  return constant ? 'r' : 'w';
}

static void test_table(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
    const Routine *r = routine_find(rows[i].name);
    assert_non_null(r);
    assert_string_equal(dtype_info[r->dtype].name, rows[i].dtype);
    int n = 0;
    for (char *p = strtok(arena_strdup(arena, rows[i].parameters), ","); p; p = strtok(NULL, ","), ++n)
      if (letter_of(p, dtype_info[r->dtype].c) != r->operands[n])
        fail_msg("%s: parameter %d is '%s', the compiler takes it for '%c'", rows[i].name, n + 1, p, r->operands[n]);
    assert_int_equal(n, strlen(r->operands));
    assert_true(n <= ROUTINE_ARGS_MAX);
  }
  assert_null(routine_find("nnrt_main"));
}

/* ---- text ---- */
static const char text[] = "kernel k(x: f32[96], w: f32[96], y: f32[144] written)\n"
                           "  for u in 0..3 parallel\n"
                           "    let row: i64 = u * 4\n"
                           "    let rows: i64 = minimum(sub(12, row), 4)\n"
                           "    call nnrt_sgemm(rows, 12, 8, x[row * 8], 8, 1, w[0], 1, 8, y[row * 12], 12)\n";

static const char *printed(const Kernel *k) {
  Text out;
  text_init(&out, arena);
  kernel_print(&out, k);
  return text_str(&out);
}

static Kernel *kernel_of(const char *source) { return kernels_parse(arena, "test.ir", source)->at[0]; }

static void test_text(void **state) {
  (void)state;
  Kernel *k = kernel_of(text);
  const Stmt *s = k->body.at[0]->body.at[2];
  assert_int_equal(s->kind, S_routine);
  assert_ptr_equal(s->passed.at[3].buffer, k->params.at[0]);
  assert_ptr_equal(s->passed.at[9].buffer, k->params.at[2]);
  assert_null(s->passed.at[0].buffer);
  assert_string_equal(printed(k), printed(kernel_of(printed(k))));
  assert_non_null(strstr(printed(k), "call nnrt_sgemm(rows, 12, 8, x[row * 8], 8, 1, w[0], 1, 8, y[row * 12], 12)\n"));
}

static void parse_text(void *source) { kernels_parse(arena, "bad.ir", source); }

static void test_malformed(void **state) {
  (void)state;
  static const struct {
    const char *call, *want;
  } table[] = {
      {"call nnrt_main(1)", "bad.ir:2: kernel text: no routine of the runtime is called nnrt_main"},
      {"call nnrt_sgemm(1, 2)", "bad.ir:2: kernel text: expected ',', found )"},
      {"call nnrt_sgemm(1, 2, 3, 4, 1, 1, x[0], 1, 1, y[0], 1)", "bad.ir:2: kernel text: expected a name, found 4"},
      {"call nnrt_sgemm(1, 1, 1, x[0], 1, 1, x[0], 1, 1, x[0], 1)", "bad.ir:2: kernel text: x is stored to, but not"},
      {"call nnrt_dgemm(1, 1, 1, x[0], 1, 1, x[0], 1, 1, y[0], 1)",
       "bad.ir:2: kernel text: nnrt_dgemm gets x of another"},
      {"call nnrt_sgemm(f32(1), 1, 1, x[0], 1, 1, x[0], 1, 1, y[0], 1)",
       "bad.ir:2: kernel text: an operand of a routine must be an i64 scalar"},
      {"call nnrt_sgemm(1, 1, 1, x[f32(0)], 1, 1, x[0], 1, 1, y[0], 1)", "an index must be an i64 scalar"},
      {"call nnrt_sgemm(1, 1, 1, x[0], 1, 1, x[0], 1, 1, y[0], 1) 2", "expected the end of the line, found 2"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    Caught c;
    catch_error(&c, parse_text, arena_printf(arena, "kernel k(x: f32[4], y: f32[4] written)\n  %s\n", table[i].call));
    assert_int_equal(c.code, 1);
    assert_contains(c.text, table[i].want);
  }
}

static void refused(Kernel *k, const char *want) {
  const char *problem = kernel_problem(arena, k, NULL, NULL);
  assert_non_null(problem);
  assert_contains(problem, want);
}

static void test_verifier(void **state) {
  (void)state;
  Kernel *k = kernel_of(text);
  k->body.at[0]->body.at[2]->passed.n--;
  refused(k, "too few or too many operands");
  k = kernel_of(text);
  k->body.at[0]->body.at[2]->passed.at[0].buffer = k->params.at[0];
  refused(k, "gets an address for a number");
  k = kernel_of(text);
  k->body.at[0]->body.at[2]->passed.at[1].value = NULL;
  refused(k, "an operand of a routine must be an i64 scalar");
  k = kernel_of(text);
  vec_push(arena, k->body, k->body.at[0]->body.at[2]); /* beside the parallel loop, with its variables out of scope */
  refused(k, "is not defined here");
}

/* ---- what others know of the call ---- */
static Program *program_of(Kernel *k, const Machine *m) {
  Program *p = NEW(arena, Program);
  Host *init = NEW(arena, Host);
  *p = (Program){.arena = arena, .module = module_new(arena), .machine = m, .max_threads = 4};
  p->module->name = "test";
  init->name = "init";
  vec_push(arena, p->hosts, init);
  vec_push(arena, p->kernels, k);
  Stmt *call = NEW(arena, Stmt);
  call->kind = S_call;
  call->kernel = k;
  for (int j = 0; j < k->params.n; ++j) {
    const Buffer *b = k->params.at[j];
    vec_push(arena, call->args, program_slot(p, HOME_scratch, b->name, b->dtype, shape_of(1, b->count), (Loc){0}));
  }
  vec_push(arena, init->body, call);
  return p;
}

static void test_others(void **state) {
  (void)state;
  Machine m = *machine_find("scalar");
  Text report, c, plain;
  text_init(&report, arena);
  text_init(&c, arena);
  text_init(&plain, arena);
  m.blas = "openblas";
  Program *p = program_of(kernel_of(text), &m);
  program_report(&report, p);
  assert_non_null(strstr(text_str(&report), "768 B read, 576 B written")); /* 2 * 96 * 4 and 144 * 4 */
  emit_c(&c, p, &(EmitOptions){.compiler = "nnc", .no_main = true});
  assert_int_equal(emit_parts(p), 1 << PART_blas);
  assert_non_null(strstr(text_str(&c), "nnrt_sgemm(rows, 12, 8, &x[row * 8], 8, 1, w, 1, 8, &y[row * 12], 12);"));
  assert_non_null(strstr(text_str(&c), "const int64_t rows = ")); /* alive: the call uses it */
  assert_null(strstr(text_str(&c), "(void)"));                    /* every parameter is used */
  assert_non_null(strstr(text_str(&c), "-lnnrt_blas -lopenblas -lnnrt"));
  Program *without = program_of(kernel_of("kernel k(y: f32[1] written)\n  store f32 y[0] = f32(1)\n"), &m);
  emit_c(&plain, without, &(EmitOptions){.compiler = "nnc", .no_main = true});
  assert_int_equal(emit_parts(without), 0);
  assert_null(strstr(text_str(&plain), "openblas"));
}

/* ---- a build without OpenBLAS ---- */
static void link_it(void *path) { emit_executable(arena, "int main(void) { return 0; }\n", path, 1 << PART_blas); }

static void test_missing(void **state) {
  (void)state;
  Caught c;
  catch_error(&c, link_it, (void *)(uintptr_t) "test_routine.out");
  assert_int_equal(c.code, 1);
  assert_contains(c.text, "this nnc was built without OpenBLAS (Debian: libopenblas-pthread-dev)");
  assert_int_not_equal(access("test_routine.out", F_OK), 0);
}

int main(void) {
  arena = arena_new();
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_table),     cmocka_unit_test(test_text),
                                     cmocka_unit_test(test_malformed), cmocka_unit_test(test_verifier),
                                     cmocka_unit_test(test_others),    cmocka_unit_test(test_missing)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  arena_free(arena);
  return failed;
}
