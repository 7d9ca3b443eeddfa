/* verify.c: the invariants of graph.h, checked: after every pass in tests, and by nnc after the front. A broken one is
 * a bug of nnc (never of the model): the message names the pass that ran. */
#include "op/op.h"

static void verify_node(const Graph *g, const Node *n, int id) {
  const char *name = op_info[n->op].name;
  if (n->id != id) bug("graph '%s': %%%d stands at %d", g->name, n->id, id);
  if (!n->attr) bug("graph '%s': %%%d (%s) has no attributes", g->name, id, name);
  if (n->nin > 3 && !n->more) bug("graph '%s': %%%d (%s) has lost operands", g->name, id, name);
  for (int i = 0; i < n->nin; ++i) {
    const Node *x = node_in(n, i);
    if (!x || x->id < 0 || x->id >= id || g->nodes.at[x->id] != x)
      bug("graph '%s': operand %d of %%%d (%s) is not an earlier node of it", g->name, i, id, name);
  }
  Node again = *n;
  again.shape = (Shape){0};
  infer_node(g, &again);
  if (again.dtype != n->dtype || !shape_equal(again.shape, n->shape))
    bug("graph '%s': %%%d (%s) is %s %s, its operands give %s %s", g->name, id, name, dtype_info[n->dtype].name,
        shape_text(g->arena, n->shape), dtype_info[again.dtype].name, shape_text(g->arena, again.shape));
}

/* Inputs and states have one node each, and every input node's Input is in the signature. */
static void verify_leaves(const Graph *g) {
  Intern seen;
  intern_init(&seen, g->arena);
  for (int k = 0; k < g->inputs.n; ++k) *intern_slot(&seen, &g->inputs.at[k], sizeof(Input *)) = g->inputs.at[k];
  for (int id = 0; id < g->nodes.n; ++id) {
    const Node *n = g->nodes.at[id];
    if (n->op != OP_input && n->op != OP_state) continue;
    const void *of = n->op == OP_input ? (const void *)n->attr->input : (const void *)n->attr->state;
    void **slot = intern_slot(&seen, &of, sizeof of);
    if (n->op == OP_input && !*slot) bug("graph '%s': %%%d reads an input outside the signature", g->name, id);
    if (*slot && *slot != of)
      bug("graph '%s': %%%d is a second node of '%s'", g->name, id, ((const Node *)*slot)->name);
    *slot = (void *)n;
  }
}

static void verify_assigns(const Graph *g) {
  for (int k = 0; k < g->assigns.n; ++k) {
    const Node *a = g->assigns.at[k];
    if (a->op != OP_assign || a->id >= g->nodes.n || g->nodes.at[a->id] != a)
      bug("graph '%s': an assign that is not a node of it", g->name);
    if (k > 0 && g->assigns.at[k - 1]->attr->state->id >= a->attr->state->id)
      bug("graph '%s': assigns are not in the order of states", g->name);
    for (int id = a->id + 1; id < g->nodes.n; ++id)
      if (g->nodes.at[id]->op == OP_assign && g->nodes.at[id]->attr->state == a->attr->state)
        bug("graph '%s': %%%d assigns '%s' after the last assign", g->name, id, a->attr->state->name);
  }
}

void graph_verify(const Graph *g) {
  for (int id = 0; id < g->nodes.n; ++id) verify_node(g, g->nodes.at[id], id);
  verify_leaves(g);
  verify_assigns(g);
  for (int k = 0; k < g->outputs.n; ++k) {
    const Node *n = g->outputs.at[k].node;
    if (!n || n->id >= g->nodes.n || g->nodes.at[n->id] != n || !g->outputs.at[k].name)
      bug("graph '%s': output %d is not a node of it", g->name, k);
  }
}

static void verify_init(const Module *m, const State *s) {
  const Graph *g = s->init;
  if (!g) return;
  graph_verify(g);
  if (g->outputs.n != 1 || g->inputs.n || g->assigns.n) bug("state '%s': its initial graph is not one value", s->name);
  const Node *value = g->outputs.at[0].node;
  if (value->dtype != s->dtype || !shape_equal(value->shape, s->shape))
    bug("state '%s': its initial value differs", s->name);
  for (int id = 0; id < g->nodes.n; ++id)
    if (g->nodes.at[id]->op == OP_state && g->nodes.at[id]->attr->state != m->seed)
      bug("state '%s': its initial graph reads state '%s'", s->name, g->nodes.at[id]->attr->state->name);
}

static void verify_states_of(const Module *m, const Graph *g) {
  for (int id = 0; id < g->nodes.n; ++id) {
    const State *s = g->nodes.at[id]->attr->state;
    if (s && (s->id < 0 || s->id >= m->states.n || m->states.at[s->id] != s))
      bug("graph '%s': %%%d names a state outside the module", g->name, id);
  }
}

void module_verify(const Module *m) {
  Map names;
  map_init(&names, m->arena);
  for (int k = 0; k < m->states.n; ++k) {
    State *s = m->states.at[k];
    if (s->id != k) bug("state '%s' stands at %d", s->name, k);
    if (map_get(&names, s->name)) bug("two states are named '%s'", s->name);
    map_put(&names, s->name, s);
    verify_init(m, s);
  }
  for (int k = 0; k < m->funcs.n; ++k) {
    const Func *f = m->funcs.at[k];
    if (f->variants.n < 1) bug("function '%s' has no variant", f->name);
    for (int i = 0; i < f->sources.n; ++i)
      if (f->sources.at[i] < 0 || f->sources.at[i] >= m->sources.n) bug("function '%s' has no such source", f->name);
    for (int v = 0; v < f->variants.n; ++v) {
      graph_verify(f->variants.at[v].graph);
      verify_states_of(m, f->variants.at[v].graph);
    }
  }
}
