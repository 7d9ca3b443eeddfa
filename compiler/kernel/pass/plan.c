/* plan.c: reads the calls of a block of a host function into byte ranges of root slots (plan.h). */
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

/* A hash of the turns and strides on the way from s to its root. */
static uint64_t slot_moves(const Slot *s) {
  uint64_t moves = 0;
  for (; s; s = s->parent) {
    if (!s->turn) continue;
    struct {
      const Var *turn;
      int64_t stride;
      uint64_t more;
    } step = {s->turn, s->turn_stride, moves};
    moves = hash_bytes(&step, sizeof step) | 1;
  }
  return moves;
}

/* The smallest slot around s that stays where it is: s never leaves it. */
static Slot *moves_within(Slot *s) {
  Slot *all = s;
  for (; s; s = s->parent)
    if (s->turn) all = s->parent;
  return all;
}

static Use use_of(Plan *plan, Intern *table, Slot *s, bool written) {
  Use use = {.written = written, .moves = slot_moves(s)};
  Slot *root = slot_root(s, &use.lo);
  use.hi = use.lo + s->bytes;
  Slot *all = moves_within(s);
  slot_root(all, &use.all_lo);
  use.all_hi = use.all_lo + all->bytes;
  use.root = root_number(plan, table, root);
  return use;
}

static void read_args(Plan *plan, Intern *table, PlanCall *call, const Stmt *s) {
  if (s->args.n != s->kernel->params.n)
    bug("%s is called with %d slots for %d parameters", s->kernel->name, s->args.n, s->kernel->params.n);
  for (int i = 0; i < s->args.n; ++i)
    vec_push(plan->arena, call->uses, use_of(plan, table, s->args.at[i], s->kernel->params.at[i]->written));
}

/* ---- loops and branches ---- */
typedef struct Inside {
  Plan *plan;
  Intern *table;
  PlanCall *call;
  VEC(const Stmt *) around; /* the compound statements, outermost first */
} Inside;

static bool lives_inside(const Inside *in, const Slot *root) {
  for (int i = 0; i < in->around.n; ++i)
    if (root->within == in->around.at[i]) return true;
  return false;
}

/* What s is seen from outside these loops: a row that moves with one of them is the array that it is a row of. */
static Slot *seen_outside(const Inside *in, Slot *s) {
  Slot *seen = s;
  for (; s; s = s->parent)
    for (int i = 0; s->turn && i < in->around.n; ++i)
      if (s->turn == in->around.at[i]->var) seen = s->parent;
  return seen;
}

/* A use of memory from outside; what is read after it was written within is no read of what was there before. */
static void add_use(Inside *in, Slot *s, bool written) {
  int64_t offset;
  const Slot *root = slot_root(s, &offset);
  if (lives_inside(in, root)) return;
  Use use = use_of(in->plan, in->table, seen_outside(in, s), written);
  for (int i = 0; i < in->call->uses.n; ++i) {
    const Use *other = &in->call->uses.at[i];
    bool covers = other->root == use.root && other->lo <= use.lo && other->hi >= use.hi && other->moves == use.moves;
    if (covers && (other->written || !written)) return;
  }
  vec_push(in->plan->arena, in->call->uses, use);
}

static void read_inside(Inside *in, const Stmt *s);

static void read_block(Inside *in, const Block *b) {
  for (int i = 0; i < b->n; ++i) read_inside(in, b->at[i]);
}

static void read_inside(Inside *in, const Stmt *s) {
  for (int pass = 0; pass < 2; ++pass) /* what a call reads comes before what it writes */
    for (int i = 0; s->kind == S_call && i < s->args.n; ++i)
      if (s->kernel->params.at[i]->written == (pass == 1)) add_use(in, s->args.at[i], pass == 1);
  if (!is_compound(s)) return;
  if (s->frame) add_use(in, s->frame, true);
  vec_push(in->plan->arena, in->around, s);
  if (s->kind == S_if) add_use(in, s->args.at[0], false);
  read_block(in, &s->body);
  if (s->kind == S_while) add_use(in, s->args.at[0], false);
  read_block(in, &s->other);
  --in->around.n;
}

static void call_read(Plan *plan, Intern *table, Stmt *s, int interval) {
  PlanCall call = {.stmt = s, .serial = s->kind == S_call && kernel_is_serial(s->kernel), .interval = interval};
  Inside in = {.plan = plan, .table = table, .call = &call};
  if (s->kind == S_call)
    read_args(plan, table, &call, s);
  else
    read_inside(&in, s);
  vec_push(plan->arena, plan->calls, call);
}

bool ends_in_barrier(const Stmt *s) {
  if (s->kind == S_barrier) return true;
  return s->kind == S_for && s->body.n && ends_in_barrier(s->body.at[s->body.n - 1]);
}

void plan_read(Plan *plan, Arena *arena, const Block *block, const Stmt *within) {
  *plan = (Plan){.arena = arena, .within = within};
  Intern table;
  intern_init(&table, arena);
  int interval = 0;
  for (int i = 0; i < block->n; ++i) {
    Stmt *s = block->at[i];
    if (s->kind == S_barrier)
      ++interval;
    else if (s->kind == S_call || is_compound(s))
      call_read(plan, &table, s, interval), interval += ends_in_barrier(s);
    else
      bug("a host function holds a statement of kind %d", (int)s->kind);
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
