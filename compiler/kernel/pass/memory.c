/* memory.c: where everything lies (MIDDLE.md 5): offsets of all slots, sizes of the arenas.
 *
 * Needs: hosts in their final order with barriers (pass/order). Scratch: the life of a slot goes from the barrier
 * interval of its first use to that of its last one, both included, since kernels of one interval run at once on
 * different threads; pack.c gives offsets, all multiples of 64; the arena is as large as the neediest host. In place:
 * where lowering offers it (Slot.reuse) and the operand dies in the call, output and operand become one buffer, and the
 * kernel's two parameters aliases. A kernel that several calls share gets this only if all of them can. Parameters lie
 * in the order of construction, other states likewise, so that what is updated together lies in equal order. Inputs and
 * outputs form one block a host. The blocks of loops and branches are placed first, innermost first: what lives in one
 * lies in its frame, which is one buffer of the block around it. */
#include "plan.h"

#include <stdlib.h>

static int64_t round_up(int64_t n) { return (n + 63) & ~(int64_t)63; }

typedef struct BlockPlan {
  Host *host;
  Stmt *within; /* the loop or branch whose block it is, or NULL: the host's body */
  Plan plan;
  struct RootUse {
    int first_call, last_call, before; /* calls; before: the last one but one, or -1 */
    int leader;                        /* root whose buffer it shares; itself when none */
    int life;                          /* index in lives, of leaders in scratch */
  } * root;
  Lives lives;
} BlockPlan;

/* An operand and a result that may share memory. */
typedef struct Pair {
  BlockPlan *at;
  int in, out; /* roots */
  const Kernel *kernel;
  int in_param, out_param;
  bool granted;
} Pair;
typedef VEC(Pair) Pairs;

/* ---- lives ---- */
static void roots_read(BlockPlan *h) {
  Plan *plan = &h->plan;
  h->root = NEW_N(plan->arena, struct RootUse, plan->roots.n + 1);
  for (int r = 0; r < plan->roots.n; ++r) h->root[r] = (struct RootUse){-1, -1, -1, r, -1};
  for (int c = 0; c < plan->calls.n; ++c)
    for (int u = 0; u < plan->calls.at[c].uses.n; ++u) {
      struct RootUse *r = &h->root[plan->calls.at[c].uses.at[u].root];
      if (r->last_call == c) continue;
      if (r->first_call < 0) r->first_call = c;
      r->before = r->last_call;
      r->last_call = c;
    }
}

static int interval_of(const BlockPlan *h, int call) { return h->plan.calls.at[call].interval; }

static int leader_of(const BlockPlan *h, int r) {
  while (h->root[r].leader != r) r = h->root[r].leader;
  return r;
}

static void lives_read(BlockPlan *h) {
  Plan *plan = &h->plan;
  for (int r = 0; r < plan->roots.n; ++r) {
    Slot *s = plan->roots.at[r];
    if (!is_placed(plan, s) || leader_of(h, r) != r) continue;
    h->root[r].life = h->lives.n;
    Life life = {s, round_up(s->bytes), 0, interval_of(h, h->root[r].first_call), interval_of(h, h->root[r].last_call)};
    vec_push(plan->arena, h->lives, life);
  }
  for (int r = 0; r < plan->roots.n; ++r) {
    if (!is_placed(plan, plan->roots.at[r])) continue;
    Life *life = &h->lives.at[h->root[leader_of(h, r)].life];
    int last = interval_of(h, h->root[r].last_call);
    if (last > life->last) life->last = last;
  }
}

/* ---- in place ---- */
/* The only argument of the call that is this very slot, or -1. */
static int only_argument(const Plan *plan, int c, int r) {
  const PlanCall *call = &plan->calls.at[c];
  int found = -1;
  for (int u = 0; u < call->uses.n; ++u) {
    if (call->uses.at[u].root != r) continue;
    if (found >= 0 || call->stmt->args.at[u]->parent) return -1;
    found = u;
  }
  return found;
}

/* Does root `out` begin in the call in which its `reuse` ends, and does no other call of that interval read it? */
static void pair_find(BlockPlan *h, int out, Pairs *pairs) {
  int in = plan_reuse(&h->plan, out);
  if (in < 0 || h->root[out].first_call != h->root[in].last_call) return;
  int c = h->root[out].first_call, before = h->root[in].before;
  if (h->plan.calls.at[c].stmt->kind != S_call) return;
  if (!is_placed(&h->plan, h->plan.roots.at[in]) || !is_placed(&h->plan, h->plan.roots.at[out])) return;
  if (before >= 0 && interval_of(h, before) == interval_of(h, c)) return;
  Pair pair = {
      h,   in, out, h->plan.calls.at[c].stmt->kernel, only_argument(&h->plan, c, in), only_argument(&h->plan, c, out),
      true};
  if (pair.in_param < 0 || pair.out_param < 0) return;
  const Buffer *from = pair.kernel->params.at[pair.in_param], *to = pair.kernel->params.at[pair.out_param];
  for (int i = 0; i < pair.kernel->params.n; ++i)
    if (pair.kernel->params.at[i]->alias >= 0) return;
  if (from->written || !to->written || from->dtype != to->dtype || from->count != to->count) return;
  vec_push(h->plan.arena, *pairs, pair);
}

typedef struct CallCount {
  const Kernel *kernel;
  int n;
} CallCount;

static void count_call(void *context, Stmt *s, int depth) {
  (void)depth;
  CallCount *c = context;
  c->n += s->kernel == c->kernel;
}

static int count_calls(const Program *p, const Kernel *k) {
  CallCount c = {k, 0};
  for (int h = 0; h < p->hosts.n; ++h) block_walk(&p->hosts.at[h]->body, 0, count_call, &c);
  return c.n;
}

static bool same_params(const Pair *a, const Pair *b) {
  return a->kernel == b->kernel && a->in_param == b->in_param && a->out_param == b->out_param;
}

/* Each parameter joins one pair at most, and each call of the kernel must offer the pair. */
static void pairs_grant(const Program *p, Pairs *pairs) {
  for (int i = 0; i < pairs->n; ++i) {
    Pair *a = &pairs->at[i];
    int offers = 0;
    for (int j = 0; j < pairs->n; ++j) {
      Pair *b = &pairs->at[j];
      offers += same_params(a, b);
      bool shares = b->in_param == a->in_param || b->out_param == a->out_param;
      if (j < i && b->granted && b->kernel == a->kernel && !same_params(a, b) && shares) a->granted = false;
      if (j < i && b->granted && b->at == a->at && b->in == a->in) a->granted = false;
    }
    if (offers != count_calls(p, a->kernel)) a->granted = false;
  }
  for (int i = 0; i < pairs->n; ++i) /* a refusal at one call refuses the others */
    for (int j = 0; j < pairs->n; ++j)
      if (same_params(&pairs->at[i], &pairs->at[j]) && !pairs->at[j].granted) pairs->at[i].granted = false;
}

static void pair_apply(const Pair *pair) {
  int first = pair->in_param < pair->out_param ? pair->in_param : pair->out_param;
  int second = pair->in_param + pair->out_param - first;
  pair->kernel->params.at[second]->alias = first;
  pair->at->root[pair->out].leader = pair->in;
}

/* ---- scratch ---- */
static bool *walked_together(const BlockPlan *h) {
  int n = h->lives.n;
  bool *together = NEW_N(h->plan.arena, bool, n *n + 1);
  for (int c = 0; c < h->plan.calls.n; ++c) {
    const PlanCall *call = &h->plan.calls.at[c];
    for (int u = 0; u < call->uses.n; ++u)
      for (int v = 0; v < call->uses.n; ++v) {
        int a = h->root[leader_of(h, call->uses.at[u].root)].life,
            b = h->root[leader_of(h, call->uses.at[v].root)].life;
        if (a >= 0 && b >= 0 && a != b) together[a * n + b] = true;
      }
  }
  return together;
}

/* Places what lives in the block: in the arena, or in the frame of its loop or branch. */
static void scratch_place(Program *p, BlockPlan *h) {
  lives_read(h);
  int64_t bytes = lives_pack(h->plan.arena, &h->lives, h->plan.intervals, walked_together(h));
  for (int r = 0; r < h->plan.roots.n; ++r) {
    Slot *s = h->plan.roots.at[r];
    if (!is_placed(&h->plan, s)) continue;
    int64_t offset = h->lives.at[h->root[leader_of(h, r)].life].offset;
    if (h->within) {
      s->parent = h->within->frame;
      s->parent_offset = offset;
    } else {
      s->offset = offset;
    }
  }
  if (h->within) {
    Slot *frame = h->within->frame; /* as large as the needier of two blocks */
    if (h->lives.n && bytes > frame->bytes) frame->shape.dim[0] = frame->bytes = bytes;
    return;
  }
  h->host->scratch_bytes = bytes;
  h->host->lower_bound = lives_bound(h->plan.arena, &h->lives, h->plan.intervals);
  if (bytes > p->scratch_bytes) p->scratch_bytes = bytes;
}

typedef VEC(BlockPlan *) BlockPlans;

/* Innermost blocks first. */
static void blocks_read(BlockPlans *plans, Arena *own, Host *host, Block *block, Stmt *within, Pairs *pairs) {
  for (int i = 0; i < block->n; ++i) {
    Stmt *s = block->at[i];
    if (!is_compound(s)) continue;
    if (s->frame) s->frame->bytes = 0; /* it was a guess */
    blocks_read(plans, own, host, &s->body, s, pairs);
    blocks_read(plans, own, host, &s->other, s, pairs);
  }
  BlockPlan *h = NEW(own, BlockPlan);
  h->host = host;
  h->within = within;
  plan_read(&h->plan, own, block, within);
  roots_read(h);
  for (int r = 0; r < h->plan.roots.n; ++r) pair_find(h, r, pairs);
  vec_push(own, *plans, h);
}

static void scratch_plan(Program *p, Arena *own) {
  BlockPlans plans = {0};
  Pairs pairs = {0};
  for (int i = 0; i < p->hosts.n; ++i) blocks_read(&plans, own, p->hosts.at[i], &p->hosts.at[i]->body, NULL, &pairs);
  pairs_grant(p, &pairs);
  for (int i = 0; i < pairs.n; ++i)
    if (pairs.at[i].granted) pair_apply(&pairs.at[i]);
  p->scratch_bytes = 0;
  for (int i = 0; i < plans.n; ++i) scratch_place(p, plans.at[i]);
}

/* ---- the other arenas ---- */
/* Order of construction; a block of states counts as its first one. */
static int state_order(const Program *p, const Slot *root) {
  int64_t offset;
  int least = root->state ? root->state->id : INT32_MAX;
  for (int i = 0; i < p->slots.n; ++i) {
    Slot *s = p->slots.at[i];
    if (s->parent && s->state && slot_root(s, &offset) == root && s->state->id < least) least = s->state->id;
  }
  return least;
}

static int64_t place_states(const Program *p, Arena *own, Home home) {
  VEC(Slot *) sorted = {0};
  VEC(int) order = {0};
  for (int i = 0; i < p->slots.n; ++i) {
    Slot *s = p->slots.at[i];
    if (s->home != home || s->parent) continue;
    int key = state_order(p, s), k = sorted.n;
    vec_push(own, sorted, s);
    vec_push(own, order, key);
    for (; k > 0 && order.at[k - 1] > key; --k) {
      order.at[k] = order.at[k - 1];
      sorted.at[k] = sorted.at[k - 1];
    }
    order.at[k] = key;
    sorted.at[k] = s;
  }
  int64_t end = 0;
  for (int i = 0; i < sorted.n; ++i) {
    sorted.at[i]->offset = end;
    end += round_up(sorted.at[i]->bytes);
  }
  return end;
}

static int64_t place_row(Slot *const *slots, int n) {
  int64_t end = 0;
  for (int i = 0; i < n; ++i) {
    slots[i]->offset = end;
    end += round_up(slots[i]->bytes);
  }
  return end;
}

void pass_memory(Program *p) {
  diag_pass("memory");
  Arena *own = arena_new();
  scratch_plan(p, own);
  p->params_bytes = place_states(p, own, HOME_params);
  p->state_bytes = place_states(p, own, HOME_state);
  for (int i = 0; i < p->hosts.n; ++i) {
    Host *h = p->hosts.at[i];
    h->input_bytes = place_row(h->inputs.at, h->inputs.n);
    h->output_bytes = place_row(h->outputs.at, h->outputs.n);
  }
  for (int i = 0; i < p->slots.n; ++i) {
    int64_t offset;
    Slot *s = p->slots.at[i], *root = slot_root(s, &offset);
    if (s != root) s->offset = root->offset + offset;
  }
  p->stage = STAGE_memory;
  arena_free(own);
}
