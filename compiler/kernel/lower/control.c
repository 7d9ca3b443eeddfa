/* control.c: scan, while and cond become S_for, S_while and S_if of the host function, with the kernels of their
 * subgraphs inside. What a turn reads and writes are slots like any other; those of rows move with the loop's variable
 * (Slot.turn).
 *
 * A carry lies in one of two ways. *In place*: one slot, which the body updates as a function updates a state (its
 * graph is lowered with the carry as a state, so readers of the old value come before the kernel that writes the new
 * one). *Stacked*, where its values are results too (the reverse pass reads them, or they are the outputs of a
 * recurrence): the turns read row t and write row t + 1 of one array of length + 1 rows, and nothing is copied.
 *
 * Calls of the body that read nothing which the loop changes (packed weights, above all) move in front of it. */
#include "lower.h"

/* ---- slots ---- */
static int64_t row_bytes(DType dtype, Shape shape) { return shape_count(shape) * dtype_info[dtype].bytes; }

static Slot *slot_new(Lowering *l, const char *name, DType dtype, Shape shape, Loc loc) {
  return program_slot(l->program, HOME_scratch, name, dtype, shape, loc);
}

static Slot *part_of(Lowering *l, Slot *parent, const char *name, DType dtype, Shape shape, int64_t offset) {
  Slot *s = program_slot(l->program, parent->home, name, dtype, shape, parent->loc);
  s->parent = parent;
  s->parent_offset = offset;
  return s;
}

/* Row t of the loop, or the row `shift` after it; in reverse the first turn has the last row. */
static Slot *row_of(Lowering *l, Slot *array, const char *name, DType dtype, Shape shape, const Stmt *loop,
                    bool reverse, int64_t first_row) {
  int64_t bytes = row_bytes(dtype, shape);
  Slot *s = part_of(l, array, name, dtype, shape, first_row * bytes);
  s->turn = loop->var;
  s->turn_stride = reverse ? -bytes : bytes;
  return s;
}

Slot *control_value_slot(Lowering *l, const Node *result) {
  const Node *c = result->in[0];
  if (!l->value[c->id]) l->value[c->id] = NEW_N(l->program->arena, Slot *, control_values(c) + 1);
  Slot **s = &l->value[c->id][result->attr->dim];
  if (!*s) *s = NEW(l->program->arena, Slot);
  (*s)->home = HOME_scratch;
  return *s;
}

/* The slot of value k, which readers may hold already, becomes what `made` is. */
static Slot *value_is(Lowering *l, const Node *c, int k, Slot *made) {
  Slot *s = l->value[c->id] ? l->value[c->id][k] : NULL;
  if (!s) return made;
  *s = *made;
  for (int i = l->program->slots.n - 1; i >= 0; --i)
    if (l->program->slots.at[i] == made) l->program->slots.at[i] = s;
  return s;
}

const Node *control_base(const Lowering *l, const Node *n) {
  while ((n->op == OP_reshape || n->op == OP_stop_gradient || n->op == OP_assign || n->op == OP_again ||
          n->op == OP_all_mean) &&
         !l->must[n->id])
    n = n->in[0];
  return n;
}

const Node *control_start(const Node *control, int operand) {
  const Node *n = node_in(control, operand);
  if (control->op == OP_cond || operand >= control->attr->carries) return NULL;
  while (n->op == OP_broadcast || n->op == OP_reshape || n->op == OP_stop_gradient) n = n->in[0];
  return n->op == OP_const && shape_count(n->shape) == 1 ? n : NULL;
}

static Slot *operand_slot(Lowering *l, const Node *operand) { return l->slot[control_base(l, operand)->id]; }

static const char *name_of(const Input *in, const Node *operand) {
  return strcmp(in->name, "x") || !operand->name ? in->name : operand->name;
}

/* ---- first values ---- */
/* `to` begins as what lies in `from`, or as the constant where that is none. */
static void copy_slot(Lowering *l, const Node *what, Slot *from, const Node *constant, Slot *to) {
  int64_t count = shape_count(to->shape);
  AffineSet set;
  affine_init(&set, l->arena, count > 1, &count);
  const Affine *index = count > 1 ? affine_axis(&set, 0) : affine_const(&set, 0);
  Group *g = NEW(l->arena, Group);
  Point *p = NEW(l->arena, Point);
  *p = (Point){.kind = constant ? P_const : P_load, .dtype = to->dtype, .node = what};
  if (constant)
    point_value(l, p, constant->attr->value);
  else
    p->slot = from, p->index = index;
  *g = (Group){.kind = GROUP_map,
               .name = arena_printf(l->arena, "start_%s", to->name),
               .naxes = count > 1,
               .kept = count > 1,
               .loc = what->loc};
  g->extent[0] = count;
  vec_push(l->arena, g->members, what);
  vec_push(l->arena, g->writes, ((Write){.slot = to, .index = index, .value = p}));
  lower_group(l, g);
}

/* Is it a kernel of this graph that computes the operand, and does nothing else read it? Then it may be computed where
 * it is wanted. */
static bool is_ours(const Lowering *l, const Node *operand) {
  const Slot *s = l->slot[operand->id];
  bool computed = l->root_of[operand->id] >= 0 && operand->op != OP_result;
  return computed && s && s->home == HOME_scratch && !s->parent && l->uses[operand->id] == 1;
}

/* The first value of carry c is put at `offset` of storage. */
static void start_carry(Lowering *l, const Node *control, int c, Slot *storage, int64_t offset) {
  const Node *operand = node_in(control, c), *constant = control_start(control, c);
  Slot *s = l->slot[operand->id];
  if (!constant && is_ours(l, operand) && offset % 64 == 0) { /* kernels may rely on where a slot lies */
    s->parent = storage;
    s->parent_offset = offset;
    return;
  }
  Slot *first = part_of(l, storage, storage->name, operand->dtype, operand->shape, offset);
  copy_slot(l, operand, constant ? NULL : operand_slot(l, operand), constant, first);
}

/* ---- the loop of a scan ---- */
typedef struct Loop {
  Lowering *l;
  const Node *node;
  const Graph *body;
  Stmt *stmt;
  bool *stacked; /* by carry */
  Slot **bound;  /* by input */
  int *cell;     /* by output: the input that it updates in place, or -1 */
  Slot **output; /* by output: where the body writes it */
  bool *done;    /* by output: another one writes it already */
} Loop;

static Loop loop_of(const Lowering *l, const Node *n, Stmt *stmt) {
  int values = n->attr->body->outputs.n, inputs = n->attr->body->inputs.n;
  Loop p = {.l = (Lowering *)l, .node = n, .body = n->attr->body, .stmt = stmt};
  p.stacked = NEW_N(l->arena, bool, inputs + 1);
  p.bound = NEW_N(l->arena, Slot *, inputs + 1);
  p.cell = NEW_N(l->arena, int, values + 1);
  p.output = NEW_N(l->arena, Slot *, values + 1);
  p.done = NEW_N(l->arena, bool, values + 1);
  for (int k = 0; k < values; ++k) p.cell[k] = -1;
  return p;
}

static const Node *output_node(const Loop *p, int k) { return p->body->outputs.at[k].node; }

static bool is_input(const Loop *p, const Node *n, int k) {
  return n->op == OP_input && n->attr->input == p->body->inputs.at[k];
}

/* Result k is the carry c as it comes in, or as it goes out. */
static bool is_carry_in(const Loop *p, int k, int c) { return is_input(p, output_node(p, k), c); }
static bool is_carry_out(const Loop *p, int k, int c) { return output_node(p, k) == output_node(p, c); }

static void choose_stacked(Loop *p) {
  const Attr *a = p->node->attr;
  for (int c = 0; c < a->carries; ++c)
    for (int k = a->carries; k < p->body->outputs.n; ++k)
      p->stacked[c] |= is_carry_in(p, k, c) || (is_carry_out(p, k, c) && !is_input(p, output_node(p, c), c));
}

static Shape with_rows(Shape row, int64_t rows) {
  Shape s = {.rank = row.rank + 1, .dim = {rows}};
  memcpy(s.dim + 1, row.dim, sizeof row.dim - sizeof *row.dim);
  return s;
}

static void stack_carry(Loop *p, int c) {
  Lowering *l = p->l;
  const Attr *a = p->node->attr;
  const Node *operand = node_in(p->node, c);
  const char *name = name_of(p->body->inputs.at[c], operand);
  int64_t n = a->high[0], bytes = row_bytes(operand->dtype, operand->shape);
  Slot *stack = slot_new(l, name, operand->dtype, with_rows(operand->shape, n + 1), operand->loc);
  start_carry(l, p->node, c, stack, a->reverse ? n * bytes : 0);
  p->bound[c] = row_of(l, stack, name, operand->dtype, operand->shape, p->stmt, a->reverse, a->reverse ? n : 0);
  p->output[c] = row_of(l, stack, name, operand->dtype, operand->shape, p->stmt, a->reverse, a->reverse ? n - 1 : 1);
  value_is(l, p->node, c, part_of(l, stack, name, operand->dtype, operand->shape, a->reverse ? 0 : n * bytes));
  for (int k = a->carries; k < p->body->outputs.n; ++k) {
    bool in = is_carry_in(p, k, c), out = is_carry_out(p, k, c);
    if ((!in && !out) || p->done[k]) continue;
    int64_t first = in == a->reverse ? bytes : 0;
    value_is(l, p->node, k, part_of(l, stack, name, operand->dtype, with_rows(operand->shape, n), first));
    p->done[k] = true;
  }
}

/* The state whose slot the value may take from the start: the node's operand is the state itself, no other operand lies
 * in its memory, and the value goes nowhere but into the state. Who else reads the state comes before (order_states);
 * where that cannot be, it is settled. NULL: there is none. */
static const Node *updated_state(const Lowering *l, const Node *control, int operand, int value) {
  const Node *s = node_in(control, operand), *result = NULL;
  if (s->op != OP_state || l->settled[s->attr->state->id]) return NULL;
  for (int i = 0; i < control->nin; ++i)
    if (i != operand && control_base(l, node_in(control, i)) == s) return NULL;
  for (int id = control->id + 1; id < l->graph->nodes.n; ++id) {
    const Node *n = l->graph->nodes.at[id];
    if (n->op == OP_result && n->in[0] == control && n->attr->dim == value) result = n;
  }
  if (!result || l->uses[result->id] != 1) return NULL;
  for (int i = 0; i < l->graph->assigns.n; ++i)
    if (l->graph->assigns.at[i]->in[0] == result && l->graph->assigns.at[i]->attr->state == s->attr->state) return s;
  return NULL;
}

/* The operand (a state, counted among the captured ones) that value k updates in place: one branch hands it on as it
 * came, so that only the other one writes, and not at all where it need not. -1: none. */
static int cond_cell(const Lowering *l, const Node *n, int k) {
  const Graph *branch[2] = {n->attr->body, n->attr->other};
  for (int b = 0; b < 2; ++b) {
    const Node *v = branch[b]->outputs.at[k].node;
    for (int i = 0; v->op == OP_input && i < branch[b]->inputs.n; ++i)
      if (branch[b]->inputs.at[i] == v->attr->input && updated_state(l, n, i + 1, k)) return i;
  }
  return -1;
}

static void keep_carry(Loop *p, int c) {
  Lowering *l = p->l;
  const Node *operand = node_in(p->node, c), *state = updated_state(l, p->node, c, c);
  const char *name = name_of(p->body->inputs.at[c], operand);
  Slot *cell =
      state ? l->state_slot[state->attr->state->id] : slot_new(l, name, operand->dtype, operand->shape, operand->loc);
  if (!state) start_carry(l, p->node, c, cell, 0);
  p->output[c] = p->bound[c] = cell;
  p->cell[c] = c;
  value_is(l, p->node, c, part_of(l, cell, name, operand->dtype, operand->shape, 0));
}

bool control_updates(const Lowering *l, const Node *assign) {
  const Node *result = assign->in[0], *c = result->op == OP_result ? result->in[0] : NULL;
  if (!c) return false;
  if (c->op == OP_cond) return cond_cell(l, c, result->attr->dim) >= 0;
  int k = result->attr->dim;
  if (k >= c->attr->carries) return false;
  Loop p = loop_of(l, c, NULL);
  if (c->op == OP_scan) choose_stacked(&p);
  return !p.stacked[k] && updated_state(l, c, k, k);
}

static void bind_rows(Loop *p) {
  const Attr *a = p->node->attr;
  for (int k = a->carries; k < p->body->inputs.n; ++k) {
    Slot *s = operand_slot(p->l, node_in(p->node, k));
    const Input *in = p->body->inputs.at[k];
    if (k < a->carries + a->rows)
      s = row_of(p->l, s, name_of(in, node_in(p->node, k)), in->dtype, in->shape, p->stmt, a->reverse,
                 a->reverse ? a->high[0] - 1 : 0);
    p->bound[k] = s;
  }
}

static void bind_results(Loop *p) {
  Lowering *l = p->l;
  const Attr *a = p->node->attr;
  for (int k = a->carries; k < p->body->outputs.n; ++k) {
    if (p->done[k]) continue;
    const Node *n = output_node(p, k);
    const char *name = n->name ? n->name : op_info[n->op].name;
    Slot *all = value_is(l, p->node, k, slot_new(l, name, n->dtype, with_rows(n->shape, a->high[0]), n->loc));
    p->output[k] = row_of(l, all, name, n->dtype, n->shape, p->stmt, a->reverse, a->reverse ? a->high[0] - 1 : 0);
  }
}

/* ---- a subgraph over states: an output that updates an input in place is the next version of a state ---- */
typedef struct AsState {
  const Graph *sub;
  State **state; /* by input, or NULL */
} AsState;

static Node *input_as_state(Graph *to, const Node *n, Node *const *in, void *context) {
  const AsState *p = context;
  for (int i = 0; n->op == OP_input && i < p->sub->inputs.n; ++i)
    if (p->state[i] && p->sub->inputs.at[i] == n->attr->input) return graph_state(to, p->state[i], n->loc);
  return graph_copy_node(to, n, in);
}

static State *state_of_input(Lowering *l, const Input *in, int id) {
  State *s = NEW(l->arena, State);
  *s = (State){.id = id, .name = in->name, .dtype = in->dtype, .shape = in->shape, .loc = in->loc};
  return s;
}

static void lower_subgraph(const Loop *p, const Graph *sub, Block *block) {
  Lowering *l = p->l;
  int n = sub->outputs.n, kept = 0;
  AsState as = {sub, NEW_N(l->arena, State *, sub->inputs.n + 1)};
  Slot **states = NEW_N(l->arena, Slot *, n + 1), **outputs = NEW_N(l->arena, Slot *, n + 1);
  for (int k = 0; k < n; ++k) {
    if (p->cell[k] < 0) continue;
    states[k] = NEW(l->arena, Slot);
    as.state[p->cell[k]] = state_of_input(l, sub->inputs.at[p->cell[k]], k);
  }
  Graph *g = graph_rebuild(sub, input_as_state, &as);
  for (int k = 0; k < n; ++k) {
    Output o = g->outputs.at[k];
    State *s = p->cell[k] < 0 ? NULL : as.state[p->cell[k]];
    bool same = s && o.node->op == OP_state && o.node->attr->state == s;
    states[k] = p->output[k];
    if (s && !same) graph_assign(g, s, o.node, o.loc);
    if (s || p->done[k]) continue;
    outputs[kept] = p->output[k];
    g->outputs.at[kept++] = o;
  }
  g->outputs.n = kept;
  const Stmt *outer = l->program->within;
  l->program->within = p->stmt;
  lower_graph(l, block, g, n, states, outputs, p->bound);
  l->program->within = outer;
}

/* ---- what does not change moves in front of the loop ---- */
static bool moves_with(const Slot *s, const Stmt *loop) {
  for (; s; s = s->parent)
    if (s->turn == loop->var && s->turn) return true;
  return false;
}

static const Slot *root_of(const Slot *s) {
  while (s->parent) s = s->parent;
  return s;
}

/* Does a call at any depth of b write to this memory? */
static bool block_writes(const Block *b, const Slot *root, const Stmt *except) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    for (int k = 0; s->kind == S_call && s != except && k < s->args.n; ++k)
      if (s->kernel->params.at[k]->written && root_of(s->args.at[k]) == root) return true;
    if (block_writes(&s->body, root, except) || block_writes(&s->other, root, except)) return true;
  }
  return false;
}

static bool is_invariant(const Stmt *loop, const Block *b, const Stmt *call) {
  if (call->kind != S_call) return false;
  for (int k = 0; k < call->args.n; ++k) {
    const Slot *s = call->args.at[k], *root = root_of(s);
    bool written = call->kernel->params.at[k]->written;
    if (moves_with(s, loop)) return false;
    if (written && (root->within != loop || root->home != HOME_scratch)) return false;
    if (block_writes(b, root, written ? call : NULL)) return false;
  }
  return true;
}

static void move_out(Lowering *l, Stmt *loop, Block *b, const Stmt *outer) {
  int kept = 0;
  for (int i = 0; i < b->n; ++i) {
    Stmt *s = b->at[i];
    if (!is_invariant(loop, b, s)) {
      b->at[kept++] = s;
      continue;
    }
    for (int k = 0; k < s->args.n; ++k)
      if (s->kernel->params.at[k]->written) s->args.at[k]->within = outer;
    vec_push(l->arena, *l->block, s);
    b->at[i] = NEW(l->arena, Stmt); /* it writes nothing here any more */
    b->at[i]->kind = S_barrier;
  }
  b->n = kept;
}

/* ---- the three ---- */
static Stmt *stmt_of(Lowering *l, StmtKind kind, const Node *n) {
  Stmt *s = NEW(l->arena, Stmt);
  s->kind = kind;
  s->loc = n->loc;
  s->text = op_info[n->op].name;
  return s;
}

static void lower_scan(Lowering *l, const Node *n) {
  const Stmt *outer = l->program->within;
  Stmt *stmt = stmt_of(l, S_for, n);
  stmt->for_kind = FOR_serial;
  stmt->var = var_new(l->arena, "t", type_of(DT_i64, 1));
  stmt->lo = expr_index(l->arena, 0);
  stmt->hi = expr_index(l->arena, n->attr->high[0]);
  stmt->step = 1;
  Loop p = loop_of(l, n, stmt);
  choose_stacked(&p);
  for (int c = 0; c < n->attr->carries; ++c) p.stacked[c] ? stack_carry(&p, c) : keep_carry(&p, c);
  bind_rows(&p);
  bind_results(&p);
  lower_subgraph(&p, p.body, &stmt->body);
  move_out(l, stmt, &stmt->body, outer);
  vec_push(l->arena, *l->block, stmt);
}

static void lower_while(Lowering *l, const Node *n) {
  const Stmt *outer = l->program->within;
  Stmt *stmt = stmt_of(l, S_while, n);
  Loop p = loop_of(l, n, stmt);
  Slot *go = slot_new(l, "go_on", DT_bool, (Shape){0}, n->loc);
  for (int c = 0; c < n->attr->carries; ++c) keep_carry(&p, c);
  bind_rows(&p);
  vec_push(l->arena, stmt->args, go);
  l->program->within = stmt;
  lower_graph(l, &stmt->body, n->attr->other, 0, NULL, &go, p.bound);
  l->program->within = outer;
  lower_subgraph(&p, p.body, &stmt->other);
  move_out(l, stmt, &stmt->other, outer);
  vec_push(l->arena, *l->block, stmt);
}

static void lower_cond(Lowering *l, const Node *n) {
  Stmt *stmt = stmt_of(l, S_if, n);
  Loop p = loop_of(l, n, stmt);
  for (int k = 1; k < n->nin; ++k) p.bound[k - 1] = operand_slot(l, node_in(n, k));
  for (int k = 0; k < control_values(n); ++k) {
    const Node *v = output_node(&p, k);
    const char *name = v->name ? v->name : "value";
    p.cell[k] = cond_cell(l, n, k);
    if (p.cell[k] < 0) {
      p.output[k] = value_is(l, n, k, slot_new(l, name, v->dtype, v->shape, v->loc));
      continue;
    }
    p.output[k] = p.bound[p.cell[k]];
    value_is(l, n, k, part_of(l, p.output[k], name, v->dtype, v->shape, 0));
  }
  vec_push(l->arena, stmt->args, operand_slot(l, node_in(n, 0)));
  lower_subgraph(&p, n->attr->body, &stmt->body);
  lower_subgraph(&p, n->attr->other, &stmt->other);
  vec_push(l->arena, *l->block, stmt);
}

void control_lower(Lowering *l, const Node *n) {
  switch (n->op) {
  case OP_scan: lower_scan(l, n); break;
  case OP_while: lower_while(l, n); break;
  case OP_cond: lower_cond(l, n); break;
  default: bug("%s was not taken away before lowering", op_info[n->op].name);
  }
}
