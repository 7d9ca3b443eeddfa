/* walk.c: going through statement trees, for the passes, the verifier and the report. */
#include "kernel.h"

int stmt_exprs(const Stmt *s, Expr *expr[STMT_EXPRS_MAX]) {
  Expr *const field[] = {s->lo, s->hi, s->index, s->expr, s->mask, s->source_index, s->stride, s->source_stride};
  int n = 0;
  for (size_t i = 0; i < sizeof field / sizeof *field; ++i)
    if (field[i]) expr[n++] = field[i];
  for (int i = 0; i < s->passed.n && i < ROUTINE_ARGS_MAX; ++i)
    if (s->passed.at[i].value) expr[n++] = s->passed.at[i].value;
  return n;
}

void block_walk(const Block *b, int depth, void (*visit)(void *context, Stmt *s, int depth), void *context) {
  for (int i = 0; i < b->n; ++i) {
    visit(context, b->at[i], depth);
    block_walk(&b->at[i]->body, depth + 1, visit, context);
    block_walk(&b->at[i]->other, depth + 1, visit, context);
  }
}

static void find_parallel(void *context, Stmt *s, int depth) {
  (void)depth;
  if (s->kind == S_for && s->for_kind == FOR_parallel) *(bool *)context = true;
}

bool kernel_is_serial(const Kernel *k) {
  bool parallel = false;
  block_walk(&k->body, 0, find_parallel, &parallel);
  return !parallel;
}

static void find_routine(void *context, Stmt *s, int depth) {
  (void)depth;
  if (s->kind == S_routine && s->routine != routine_find("nnrt_range")) *(bool *)context = true;
}

bool program_calls_blas(const Program *p) {
  bool found = false;
  for (int i = 0; i < p->kernels.n; ++i) block_walk(&p->kernels.at[i]->body, 0, find_routine, &found);
  return found;
}
