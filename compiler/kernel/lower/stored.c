/* stored.c: which values become roots, though every reader could compute them (MIDDLE.md 1.2): what a product or a loop
 * reads in place, what a broadcast would repeat, and maps that several clusters would compute and that are not cheap.
 */
#include "lower.h"

/* Operations that each reader does again rather than read their result. A single number (a schedule's rate, which the
 * update of every parameter reads) takes no memory to speak of. */
enum { CHEAP_OPS = 8, CHEAP_SCALAR_OPS = 4 };

/* A product reads views of what is stored; where a view needs divisions it is stored itself, or, under a window, what
 * the window looks at: never the windows, which repeat it. */
static const Node *operand_home(Lowering *l, const Node *n) {
  const Node *base, *home = n;
  int64_t stride[RANK_MAX], offset;
  if (operand_plain(l, n, &base, stride, &offset)) return base;
  for (const Node *x = n; op_info[x->op].family == FAMILY_MOVE && x->op != OP_concat && !l->must[x->id]; x = x->in[0]) {
    bool window = x->op == OP_window;
    if (!window) continue;
    const Node *below = x->in[0];
    l->must[below->id] = true;
    bool plain = operand_plain(l, n, &base, stride, &offset);
    l->must[below->id] = false;
    if (!plain) break;
    home = below;
  }
  return home;
}

static void must_operand(Lowering *l, const Node *n) {
  const Node *home = operand_home(l, n);
  if (!in_memory(home)) l->must[home->id] = true;
}

/* Broadcasting repeats what comes before it: an expression with a heavy row is computed once, in front. */
static bool is_heavy(Op op) {
  return op == OP_exp || op == OP_log || op == OP_tanh || op == OP_erf || op == OP_pow || op == OP_div ||
         op == OP_sqrt || op == OP_rsqrt || op == OP_sin || op == OP_cos || op == OP_expm1 || op == OP_log1p;
}

static bool repeats_outside(const Node *broadcast) {
  const Node *x = broadcast->in[0];
  bool inner = false;
  for (int d = x->shape.rank - 1; d >= 0; --d) {
    if (x->shape.dim[d] != broadcast->shape.dim[d] && inner) return true;
    inner |= x->shape.dim[d] != 1;
  }
  return false;
}

static const Node *heavy_below(const Lowering *l, const Node *n, int depth) {
  if (depth == 0 || is_leaf(n) || l->must[n->id] || (family(n) != FAMILY_ELEMENTWISE && family(n) != FAMILY_MOVE))
    return NULL;
  if (is_heavy(n->op)) return n;
  for (int i = 0; i < n->nin; ++i) {
    const Node *found = heavy_below(l, node_in(n, i), depth - 1);
    if (found) return found;
  }
  return NULL;
}

/* A map over several results of one size that only feeds a further reduction: computed where those results are, one
 * array crosses instead of several (the loss of a row is log s - z_y, and its sum over rows is another kernel). */
static int results_read(const Node *n, int64_t count, int depth) {
  if (family(n) == FAMILY_REDUCE) return shape_count(n->shape) == count ? 1 : -1000;
  if (is_leaf(n)) return shape_count(n->shape) > 1 && n->op != OP_const ? -1000 : 0;
  if (depth == 0 || (!op_is_elementwise(n->op) && family(n) != FAMILY_MOVE)) return -1000;
  int sum = 0;
  for (int i = 0; i < n->nin; ++i) sum += results_read(node_in(n, i), count, depth - 1);
  return sum;
}

static void must_feed(Lowering *l, const Node *reduce) {
  const Node *x = reduce->in[0];
  while (x->op == OP_reshape) x = x->in[0];
  if (op_is_elementwise(x->op) && results_read(x, shape_count(x->shape), 8) > 1) l->must[x->id] = true;
}

void must_be_stored(Lowering *l) {
  for (int i = 0; i < l->graph->nodes.n; ++i) {
    const Node *n = l->graph->nodes.at[i];
    if (l->program->trapped && op_is_elementwise(n->op)) l->must[i] = true;
    if (n->op == OP_dot) {
      must_operand(l, n->in[0]);
      must_operand(l, n->in[1]);
    }
    if (family(n) == FAMILY_REDUCE) must_feed(l, n);
    for (int k = 0; is_control(n) && k < n->nin; ++k) {
      const Node *x = control_base(l, node_in(n, k));
      if (!in_memory(x) && !control_start(n, k)) l->must[x->id] = true;
    }
    if (n->op == OP_gather && !in_memory(n->in[0])) l->must[n->in[0]->id] = true;
    if (n->op == OP_broadcast && repeats_outside(n)) {
      const Node *heavy = heavy_below(l, n->in[0], 16);
      if (heavy) l->must[heavy->id] = true;
    }
  }
}

/* ---- maps that several clusters would compute ---- */
static bool cheap(const Lowering *l, const Node *n, int *ops) {
  if (is_leaf(n) || n->op == OP_random || l->must[n->id] || family(n) == FAMILY_REDUCE) return true;
  if (n->op == OP_dot || is_along(n) || is_scatter(n) || n->op == OP_gather || is_heavy(n->op)) return false;
  if (op_is_elementwise(n->op) && --*ops < 0) return false;
  for (int i = 0; i < n->nin; ++i)
    if (!cheap(l, node_in(n, i), ops)) return false;
  return true;
}

static bool random_below(const Node *n, int depth) {
  if (n->op == OP_random) return true;
  if (depth == 0 || (family(n) != FAMILY_ELEMENTWISE && family(n) != FAMILY_MOVE)) return false;
  for (int i = 0; i < n->nin; ++i)
    if (random_below(node_in(n, i), depth - 1)) return true;
  return false;
}

/* A dropout mask is never stored: comparing random bits again costs no memory (MIDDLE.md 1.2, rule 2). */
static bool is_mask_of_random(const Node *n) { return n->dtype == DT_bool && random_below(n, 6); }

bool store_shared_maps(Lowering *l) {
  bool changed = false;
  for (int i = 0; i < l->graph->nodes.n; ++i) {
    const Node *n = l->graph->nodes.at[i];
    int ops = shape_count(n->shape) == 1 ? CHEAP_SCALAR_OPS : CHEAP_OPS;
    if (l->user[i] != USER_MANY || l->must[i] || is_mask_of_random(n) || cheap(l, n, &ops)) continue;
    l->must[i] = changed = true;
  }
  return changed;
}
