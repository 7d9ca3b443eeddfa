/* join.c: small kernels that run in one barrier interval become one kernel (MIDDLE.md 1.2, rule 5): the column sums of
 * several biases with their updates, the casts of a batch's fields, the small packings of one layer.
 *
 * Needs: hosts in order with barriers (pass/order). Calls of one interval touch no common bytes of which one is
 * written, so their parallel loops may follow each other in one body, each cut over the threads as before: no bit
 * changes, and no balance. Joined are kernels that only this call uses (shared ones stay shared), that work in
 * parallel, and that are small: for a large one the call costs nothing, and its code is easier to read alone. A call
 * whose result may take the memory of an operand (Slot.reuse) is not joined with another reader of that operand, since
 * pass/memory looks at calls.
 *
 *   call sum_a(x, a) ; call sum_b(y, b)    ->    call sum_a(x, a, y, b)
 *
 * A trapped program's are left as they are: each is one operation that has a name. At the end the kernels that are left
 * get the numbers in their names anew, and the hosts that one thread runs are marked (alone.c). */
#include "plan.h"

enum { SMALL_WORK = 1 << 20, PARAMS_MAX = 32 };

typedef struct Join {
  Program *program;
  Intern calls; /* kernel -> how many calls there are */
} Join;

static void count_call(void *context, Stmt *s, int depth) {
  (void)depth;
  Join *j = context;
  if (s->kind == S_call) ++*(uintptr_t *)intern_slot(&j->calls, &s->kernel, sizeof s->kernel);
}

static void find_routine(void *context, Stmt *s, int depth) {
  (void)depth;
  if (s->kind == S_routine) *(bool *)context = true;
}

static bool is_small(const Join *j, const Stmt *s) {
  const Kernel *k = s->kernel;
  bool library = false;
  int64_t bytes = 0;
  if (*(uintptr_t *)intern_slot((Intern *)&j->calls, &k, sizeof k) != 1 || kernel_is_serial(k)) return false;
  block_walk(&k->body, 0, find_routine, &library);
  for (int i = 0; i < s->args.n; ++i) bytes += s->args.at[i]->bytes;
  return !library && k->flops < SMALL_WORK && bytes < SMALL_WORK;
}

/* Would `a` take memory that b reads, or b such of a's? */
static bool reuses(const Stmt *a, const Stmt *b) {
  for (int i = 0; i < a->args.n; ++i)
    for (int k = 0; k < b->args.n; ++k)
      if (a->args.at[i]->reuse == b->args.at[k] || b->args.at[k]->reuse == a->args.at[i]) return true;
  return false;
}

/* The parameter of `to` for this slot, which may be there already. */
static Buffer *param_for(Join *j, Kernel *to, Stmt *call, const Buffer *b, Slot *slot) {
  for (int i = 0; i < call->args.n; ++i)
    if (call->args.at[i] == slot && to->params.at[i]->count == b->count) return to->params.at[i];
  Buffer *copy = NEW(j->program->arena, Buffer);
  *copy = *b;
  copy->alias = -1;
  vec_push(j->program->arena, to->params, copy);
  vec_push(j->program->arena, call->args, slot);
  return copy;
}

/* ---- a body that names other buffers ---- */
typedef struct Renaming {
  const Buffer **from;
  Buffer **to;
  int n;
} Renaming;

static void rename_buffer(const Renaming *r, const Buffer **b) {
  for (int i = 0; i < r->n; ++i)
    if (*b == r->from[i]) {
      *b = r->to[i];
      return;
    }
}

static void rename_expr(const Renaming *r, Expr *e) {
  if (!e) return;
  if (e->kind == E_load) rename_buffer(r, &e->buffer);
  for (int i = 0; i < e->nargs; ++i) rename_expr(r, expr_arg(e, i));
}

static void rename_stmt(void *context, Stmt *s, int depth) {
  (void)depth;
  const Renaming *r = context;
  Expr *expr[STMT_EXPRS_MAX];
  int n = stmt_exprs(s, expr);
  for (int i = 0; i < n; ++i) rename_expr(r, expr[i]);
  rename_buffer(r, &s->buffer);
  rename_buffer(r, &s->source);
}

static void join(Join *j, Stmt *into, Stmt *call) {
  Arena *arena = j->program->arena;
  Kernel *to = (Kernel *)into->kernel, *from = (Kernel *)call->kernel;
  Renaming r = {NEW_N(arena, const Buffer *, from->params.n + 1), NEW_N(arena, Buffer *, from->params.n + 1),
                from->params.n};
  for (int i = 0; i < from->params.n; ++i) {
    r.from[i] = from->params.at[i];
    r.to[i] = param_for(j, to, into, from->params.at[i], call->args.at[i]);
    r.to[i]->written |= from->params.at[i]->written;
  }
  block_walk(&from->body, 0, rename_stmt, &r);
  for (int i = 0; i < from->body.n; ++i) vec_push(arena, to->body, from->body.at[i]);
  for (int i = 0; i < from->locs.n; ++i) vec_push(arena, to->locs, from->locs.at[i]);
  to->flops += from->flops;
  to->bytes_read += from->bytes_read;
  to->bytes_written += from->bytes_written;
  kernel_finish(j->program, to);
}

static void drop_kernel(Program *p, const Kernel *k) {
  int kept = 0;
  for (int i = 0; i < p->kernels.n; ++i)
    if (p->kernels.at[i] != k) p->kernels.at[kept++] = p->kernels.at[i];
  p->kernels.n = kept;
}

/* ---- one interval ---- */
static bool may_join(const Join *j, const Stmt *into, const Stmt *call) {
  for (int i = 0; i < into->args.n; ++i)
    if (into->kernel->params.at[i]->alias >= 0) return false;
  return is_small(j, call) && into->args.n + call->args.n <= PARAMS_MAX && !reuses(into, call);
}

static void join_block(Join *j, Block *b) {
  Stmt *into = NULL;
  int kept = 0;
  for (int i = 0; i < b->n; ++i) {
    Stmt *s = b->at[i];
    if (s->kind != S_call) {
      into = NULL; /* a barrier, a loop, a branch */
      join_block(j, &s->body);
      join_block(j, &s->other);
    } else if (into && may_join(j, into, s)) {
      join(j, into, s);
      drop_kernel(j->program, s->kernel);
      continue;
    } else if (!into && is_small(j, s)) {
      into = s;
    }
    b->at[kept++] = s;
  }
  b->n = kept;
}

/* ---- names: those that are left count up without gaps ---- */
/* The name without its number, where that is another kernel's name: linear_adam of linear_adam_4. */
static const char *name_stem(Arena *arena, const Map *names, const char *name) {
  const char *at = strrchr(name, '_');
  if (!at || !at[1] || at[1 + strspn(at + 1, "0123456789")]) return name;
  const char *stem = arena_strndup(arena, name, (size_t)(at - name));
  return map_get(names, stem) ? stem : name;
}

static void number_names(Program *p, const Map *names) {
  Map used;
  map_init(&used, p->arena);
  for (int i = 0; i < p->kernels.n; ++i) {
    const char *stem = name_stem(p->arena, names, p->kernels.at[i]->name), *name = stem;
    for (int copy = 2; map_get(&used, name); ++copy) name = arena_printf(p->arena, "%s_%d", stem, copy);
    map_put(&used, name, p->kernels.at[i]);
    p->kernels.at[i]->name = name;
  }
}

void pass_join(Program *p) {
  Join j = {.program = p};
  Map names;
  map_init(&names, p->arena);
  for (int i = 0; i < p->kernels.n; ++i) map_put(&names, p->kernels.at[i]->name, p->kernels.at[i]);
  intern_init(&j.calls, p->arena);
  for (int h = 0; h < p->hosts.n; ++h) block_walk(&p->hosts.at[h]->body, 0, count_call, &j);
  for (int h = 0; h < p->hosts.n && !p->trapped; ++h) join_block(&j, &p->hosts.at[h]->body);
  number_names(p, &names);
  hosts_alone(p);
  p->stage = STAGE_join;
}
