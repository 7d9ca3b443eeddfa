/* verify_program.c: the invariants of a whole program: its kernels (verify.c), the calls of its hosts, and its plan.
 *
 * The plan is checked by addresses, without regard to how pass/memory found it: bytes of an arena are followed through
 * the calls. Within one barrier interval no byte may be written by one call and touched by another (thread 0 runs
 * serial kernels one after the other, so those may); a slot in scratch must find what was written for it; and
 * parameters of one call that overlap, one of them written, must be marked as aliases. */
#include "pass/plan.h"

#include <stdarg.h>

/* Where a piece of memory lies: an arena and a range of it. */
typedef struct Range {
  Home home;
  int64_t lo, hi;
} Range;

static Range slot_range(const Slot *s) { return (Range){s->home, s->offset, s->offset + s->bytes}; }

static bool ranges_meet(Range a, Range b) { return a.home == b.home && a.lo < b.hi && b.lo < a.hi; }

/* A bug of ours, or, in a program that was read from its text, the user's error: at a line of it where that is known.
 */
static _Noreturn void wrong(const Program *p, Loc at, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (!p->text) bug("%s", text);
  Loc file = {p->text, 0, NULL};
  user_error(at.file && !strcmp(at.file, p->text) ? at : file, MSG_kernel_text, arena_strdup(p->arena, text));
}

static const Loc nowhere = {NULL, 0, NULL};

static const char *slot_name(const Slot *s) { return s->name ? s->name : "a slot"; }

/* ---- one call ---- */
static void check_argument(const Program *p, const Host *h, const Stmt *s, int i) {
  const Kernel *k = s->kernel;
  const Buffer *param = k->params.at[i];
  const Slot *arg = s->args.at[i];
  if (param->dtype != arg->dtype)
    wrong(p, s->loc, "host %s: %s gets %s for %s of another dtype", h->name, k->name, slot_name(arg), param->name);
  if (param->count * dtype_info[param->dtype].bytes > arg->bytes)
    wrong(p, s->loc, "host %s: %s gets %s for %s, which is larger", h->name, k->name, slot_name(arg), param->name);
  if (param->written && (arg->home == HOME_constant || arg->home == HOME_input))
    wrong(p, s->loc, "host %s: %s writes to %s, which is an input or a constant", h->name, k->name, slot_name(arg));
}

static void check_call(const Program *p, const Host *h, const Stmt *s) {
  const Kernel *k = s->kernel;
  if (s->args.n != k->params.n)
    wrong(p, s->loc, "host %s: %s is called with %d slots for %d parameters", h->name, k->name, s->args.n, k->params.n);
  if (k->scalars.n || k->result.lanes) wrong(p, s->loc, "host %s: %s is no kernel of slots alone", h->name, k->name);
  for (int i = 0; i < s->args.n; ++i) check_argument(p, h, s, i);
}

static int alias_of(const Kernel *k, int i) { return k->params.at[i]->alias >= 0 ? k->params.at[i]->alias : i; }

static void check_aliases(const Program *p, const Host *h, const Stmt *s) {
  const Kernel *k = s->kernel;
  for (int i = 0; i < s->args.n; ++i)
    for (int j = 0; j < i; ++j) {
      const Slot *a = s->args.at[i], *b = s->args.at[j];
      bool meet = ranges_meet(slot_range(a), slot_range(b)) && a->home != HOME_constant;
      bool marked = alias_of(k, i) == alias_of(k, j);
      if (meet && !marked && (k->params.at[i]->written || k->params.at[j]->written))
        wrong(p, s->loc, "host %s: %s gets %s and %s, which overlap", h->name, k->name, slot_name(a), slot_name(b));
      if (marked && (a->home != b->home || a->offset != b->offset))
        wrong(p, s->loc, "host %s: %s takes %s and %s for one buffer, which they are not", h->name, k->name,
              slot_name(a), slot_name(b));
    }
}

/* ---- calls of one interval ---- */
static const char *call_name(const PlanCall *c) { return c->stmt->kernel ? c->stmt->kernel->name : "a loop or branch"; }

static Range use_range(const Plan *plan, const Use *use) {
  const Slot *root = plan->roots.at[use->root];
  return (Range){root->home, root->offset + use->lo, root->offset + use->hi};
}

/* By addresses; ranges of one array that move in different ways meet in some turn. */
static bool uses_share(const Plan *plan, const Use *a, const Use *b) {
  const Slot *root = plan->roots.at[a->root];
  if (root->home == HOME_constant) return false;
  if (a->root == b->root) return uses_meet(a, b);
  return ranges_meet(use_range(plan, a), use_range(plan, b));
}

static void check_race(const Program *p, const Host *h, const Plan *plan, const PlanCall *a, const PlanCall *b) {
  if (a->serial && b->serial) return;
  for (int i = 0; i < a->uses.n; ++i)
    for (int j = 0; j < b->uses.n; ++j) {
      const Use *x = &a->uses.at[i], *y = &b->uses.at[j];
      if ((x->written || y->written) && uses_share(plan, x, y))
        wrong(p, b->stmt->loc, "host %s: no barrier between %s and %s, which share %s", h->name, call_name(a),
              call_name(b), slot_name(plan->roots.at[y->root]));
    }
}

static void check_races(const Program *p, const Host *h, const Plan *plan) {
  for (int i = 0; i < plan->calls.n; ++i)
    for (int j = i - 1; j >= 0 && plan->calls.at[j].interval == plan->calls.at[i].interval; --j)
      check_race(p, h, plan, &plan->calls.at[j], &plan->calls.at[i]);
}

/* ---- contents ---- */
/* A read of slot s by call c must find bytes that a call wrote to its root before, and nobody overwrote since. */
static void check_read(const Program *p, const Host *h, const Plan *plan, int c, int u) {
  const Use *use = &plan->calls.at[c].uses.at[u];
  const Slot *root = plan->roots.at[use->root];
  for (int i = c - 1; i >= 0; --i)
    for (int k = 0; k < plan->calls.at[i].uses.n; ++k) {
      const Use *other = &plan->calls.at[i].uses.at[k];
      if (!other->written) continue;
      if (uses_meet(other, use)) return;
      if (other->root != use->root && uses_share(plan, other, use))
        wrong(p, plan->calls.at[c].stmt->loc, "host %s: %s reads %s, which %s has overwritten", h->name,
              call_name(&plan->calls.at[c]), slot_name(root), call_name(&plan->calls.at[i]));
    }
  wrong(p, plan->calls.at[c].stmt->loc, "host %s: %s reads %s, which nothing has written", h->name,
        call_name(&plan->calls.at[c]), slot_name(root));
}

static void check_contents(const Program *p, const Host *h, const Plan *plan) {
  for (int c = 0; c < plan->calls.n; ++c)
    for (int u = 0; u < plan->calls.at[c].uses.n; ++u) {
      const Use *use = &plan->calls.at[c].uses.at[u];
      if (!use->written && is_placed(plan, plan->roots.at[use->root])) check_read(p, h, plan, c, u);
    }
}

/* ---- arenas ---- */
static void check_slot(const Program *p, const Slot *s) {
  int64_t size = s->home == HOME_params    ? p->params_bytes
                 : s->home == HOME_state   ? p->state_bytes
                 : s->home == HOME_scratch ? p->scratch_bytes
                                           : INT64_MAX;
  if (s->offset < 0 || s->offset + s->bytes > size) wrong(p, nowhere, "%s lies outside its arena", slot_name(s));
  if (!s->parent && s->offset % 64) wrong(p, nowhere, "%s does not lie at a multiple of 64", slot_name(s));
  if (s->parent &&
      (s->offset != s->parent->offset + s->parent_offset || s->parent_offset + s->bytes > s->parent->bytes))
    wrong(p, nowhere, "%s does not lie in %s", slot_name(s), slot_name(s->parent));
}

static void check_block(const Program *p, const Host *h, const Block *block, const Stmt *within) {
  Plan plan;
  for (int i = 0; i < block->n; ++i) {
    const Stmt *s = block->at[i];
    if (s->kind == S_call) check_call(p, h, s);
    if (s->kind == S_call && p->stage == STAGE_memory) check_aliases(p, h, s);
    if (is_compound(s)) check_block(p, h, &s->body, s);
    if (is_compound(s)) check_block(p, h, &s->other, s);
  }
  plan_read(&plan, p->arena, block, within);
  if (p->stage != STAGE_memory) return;
  check_races(p, h, &plan);
  check_contents(p, h, &plan);
}

static void check_names(const Program *p) {
  Map names;
  map_init(&names, p->arena);
  for (int i = 0; i < p->kernels.n; ++i) {
    if (map_get(&names, p->kernels.at[i]->name)) wrong(p, nowhere, "two kernels are called %s", p->kernels.at[i]->name);
    map_put(&names, p->kernels.at[i]->name, p->kernels.at[i]);
  }
}

static void check_kernels(const Program *p, int n, Kernel *const *kernels) {
  for (int i = 0; i < n; ++i) {
    const Stmt *at = NULL;
    const char *problem = kernel_problem(p->arena, kernels[i], p->machine, &at);
    if (problem) wrong(p, at ? at->loc : nowhere, "kernel %s: %s", kernels[i]->name, problem);
  }
}

void program_verify(const Program *p) {
  check_kernels(p, p->math.n, p->math.at);
  check_kernels(p, p->kernels.n, p->kernels.at);
  if (p->stage > STAGE_lower) check_names(p);
  for (int i = 0; p->stage == STAGE_memory && i < p->slots.n; ++i) check_slot(p, p->slots.at[i]);
  for (int i = 0; i < p->hosts.n; ++i) check_block(p, p->hosts.at[i], &p->hosts.at[i]->body, NULL);
}
