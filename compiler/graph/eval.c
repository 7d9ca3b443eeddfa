/* eval.c: the reference evaluator: every node of a graph in f64 (floats) and exact integers, by the eval_<op> functions
 * of graph/op/. It is the oracle of the emitters and of the gradients, and the constant folder.
 *
 * With env->round each float node is rounded to its dtype, as emitted code does; reductions and products are plain f64
 * inside. Nodes that only hand a value on share its memory. Values are never written after their node was evaluated. */
#include "op/op.h"

/* These ops fill *y with somebody's memory; all others write into memory that stands ready. */
static bool hands_on(Op op) {
  return op == OP_const || op == OP_input || op == OP_state || op == OP_reshape || op == OP_assign ||
         op == OP_stop_gradient || op == OP_again || op == OP_all_mean || op == OP_result;
}

static void round_value(Value *v) {
  if (!v->f || v->dtype == DT_f64) return;
  for (int64_t k = 0, count = shape_count(v->shape); k < count; ++k) v->f[k] = dtype_round(v->dtype, v->f[k]);
}

static Value *eval_node(const Eval *e, const Node *n) {
  Value *v = e->env->given ? e->env->given[n->id] : NULL;
  if (v) return v;
  if (!hands_on(n->op)) {
    v = value_new(e->arena, n->dtype, n->shape);
    op_rules[n->op].eval(e, n, v);
    if (e->env->round) round_value(v);
    return v;
  }
  v = NEW(e->arena, Value);
  v->dtype = n->dtype;
  v->shape = n->shape;
  op_rules[n->op].eval(e, n, v);
  return v;
}

Value **graph_eval(const Graph *g, const Env *env) {
  Eval e = {.env = env, .arena = env->arena, .values = NEW_N(env->arena, Value *, g->nodes.n + 1)};
  e.several = NEW_N(env->arena, Value **, g->nodes.n + 1);
  for (int id = 0; id < g->nodes.n; ++id) e.values[id] = eval_node(&e, g->nodes.at[id]);
  return e.values;
}
