/* plan.c: reads the calls of a host function into byte ranges of root slots (plan.h). */
#include "plan.h"

Slot *slot_root(Slot *s, int64_t *offset) {
  *offset = 0;
  for (int depth = 0; s->parent; s = s->parent) {
    *offset += s->parent_offset;
    if (++depth > 64) bug("slot %s: its parents form a ring", s->name);
  }
  return s;
}

static int root_number(Plan *plan, Intern *table, Slot *root) {
  void **cell = intern_slot(table, &root, sizeof root);
  if (!*cell) {
    vec_push(plan->arena, plan->roots, root);
    int *number = NEW(plan->arena, int);
    *number = plan->roots.n - 1;
    *cell = number;
  }
  return *(int *)*cell;
}

static void call_read(Plan *plan, Intern *table, Stmt *s, int interval) {
  PlanCall call = {.stmt = s, .serial = kernel_is_serial(s->kernel), .interval = interval};
  if (s->args.n != s->kernel->params.n)
    bug("%s is called with %d slots for %d parameters", s->kernel->name, s->args.n, s->kernel->params.n);
  for (int i = 0; i < s->args.n; ++i) {
    Use use = {.written = s->kernel->params.at[i]->written};
    Slot *root = slot_root(s->args.at[i], &use.lo);
    use.hi = use.lo + s->args.at[i]->bytes;
    use.root = root_number(plan, table, root);
    vec_push(plan->arena, call.uses, use);
  }
  vec_push(plan->arena, plan->calls, call);
}

void plan_read(Plan *plan, Arena *arena, const Host *h) {
  *plan = (Plan){.arena = arena};
  Intern table;
  intern_init(&table, arena);
  int interval = 0;
  for (int i = 0; i < h->body.n; ++i) {
    Stmt *s = h->body.at[i];
    if (s->kind == S_barrier)
      ++interval;
    else if (s->kind == S_call)
      call_read(plan, &table, s, interval);
    else
      bug("host %s: only calls and barriers are planned", h->name);
  }
  plan->intervals = interval + 1;
}

int plan_reuse(const Plan *plan, int r) {
  const Slot *out = plan->roots.at[r], *in = out->reuse;
  if (!in || in->parent || in->home != HOME_scratch || out->home != HOME_scratch || in->bytes != out->bytes) return -1;
  for (int i = 0; i < plan->roots.n; ++i)
    if (plan->roots.at[i] == in && i != r) return i;
  return -1;
}
