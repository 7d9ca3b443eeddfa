/* lower.c: from Module to Program: memory for states, inputs and outputs; each function's graph cut into groups
 * (groups.c), each group handed to its schedule in an order that respects what reads and writes what.
 *
 * Nothing here looks at the machine: it is only passed on to the schedules in kernel/pass/. */
#include "lower.h"

#include <ctype.h>

/* ---- memory of leaves ---- */
static Slot *state_slot(Program *p, State *s) {
  Slot *slot = program_slot(p, s->trained ? HOME_params : HOME_state, s->name, s->dtype, s->shape, s->loc);
  slot->state = s;
  return slot;
}

static Slot *input_slot(Lowering *l, Input *input) {
  for (int i = 0; l->bound && i < l->graph->inputs.n; ++i)
    if (l->graph->inputs.at[i] == input) return l->bound[i];
  for (int i = 0; i < l->host->inputs.n; ++i)
    if (l->host->inputs.at[i]->input == input) return l->host->inputs.at[i];
  Slot *slot = program_slot(l->program, HOME_input, input->name, input->dtype, input->shape, input->loc);
  slot->input = input;
  vec_push(l->program->arena, l->host->inputs, slot);
  return slot;
}

static void leaf_slots(Lowering *l) {
  for (int i = 0; i < l->graph->nodes.n; ++i) {
    const Node *n = l->graph->nodes.at[i];
    if (n->op == OP_state) l->slot[i] = l->state_slot[n->attr->state->id];
    if (n->op == OP_input) l->slot[i] = input_slot(l, n->attr->input);
  }
}

/* ---- names: what the user would call the kernel, from the prelude functions and ops that made its members ---- */
static void name_part(char *name, size_t size, const char *part) {
  const char *dot = strrchr(part, '.');
  char word[32];
  size_t n = 0, used = strlen(name);
  for (const char *p = dot ? dot + 1 : part; *p && n + 1 < sizeof word; ++p)
    if (isalnum((unsigned char)*p) || *p == '_') word[n++] = (char)tolower((unsigned char)*p);
  word[n] = 0;
  if (!n || strstr(name, word) || used + n + 2 > size) return;
  if (used) name[used++] = '_';
  memcpy(name + used, word, n + 1);
}

static const char *cluster_name(Lowering *l, const Cluster *c) {
  char name[48] = "";
  for (int i = 0; i < c->roots.n; ++i) {
    const Root *r = &l->roots.at[c->roots.at[i]];
    const Node *n = r->fills ? r->fills : r->node;
    const char *op = n->op == OP_const ? "constant" : op_info[n->op].name; /* const is a word of C */
    name_part(name, sizeof name, n->loc.via ? n->loc.via : op);
    if (r->fills) name_part(name, sizeof name, "start");
  }
  return arena_strdup(l->arena, name[0] ? name : "kernel");
}

/* ---- clusters to groups ---- */
void slot_finish(Lowering *l, Slot *s, const Node *n) {
  if (s->bytes) return;
  Slot *made = program_slot(l->program, HOME_scratch, node_title(l->arena, n), n->dtype, n->shape, n->loc);
  *s = *made;
  l->program->slots.at[l->program->slots.n - 1] = s;
}

static void group_reduction(Lowering *l, int ci, Group *g, const Node *n) {
  Reduction r = {.op = n->op == OP_unwindow ? OP_sum : n->op, .dtype = n->dtype, .node = n};
  r.order = is_along(n) ? order_along(n->shape.dim[n->attr->dim]) : order_reduce(n);
  bool picks = n->op == OP_max || n->op == OP_min || n->op == OP_argmax || n->op == OP_argmin;
  r.chain = picks ? n->dtype : dtype_chain(n->dtype);
  r.element = reduce_element(l, ci, n);
  vec_push(l->arena, g->phases, r);
}

static void group_write(Lowering *l, int ci, Group *g, const Root *r) {
  Write w = {.slot = r->slot};
  w.value = root_point(l, ci, r, &w.full, &w.index);
  vec_push(l->arena, g->writes, w);
}

/* The product as one reduction too, for shapes that the plain nest computes. */
static void group_dot(Lowering *l, int ci, Group *g, const Node *n) {
  Cluster *c = l->clusters.at[ci];
  dot_space(l, c, n, g);
  Reduction r = {.op = OP_dot, .dtype = n->dtype, .chain = dtype_chain(n->dtype), .node = n, .order = g->dot_order};
  for (int k = 0; k < 2; ++k) {
    const Operand *o = k ? &g->b : &g->a;
    const Affine *index = affine_const(&c->set, o->offset);
    for (int i = 0; i < c->naxes; ++i)
      index = affine_add(&c->set, index, affine_scale(&c->set, affine_axis(&c->set, i), o->stride[i]));
    Point *p = NEW(l->arena, Point);
    *p = (Point){.kind = P_load, .dtype = n->dtype, .slot = o->slot, .index = index, .node = n->in[k]};
    *(k ? &r.factor : &r.element) = p;
  }
  vec_push(l->arena, g->phases, r);
}

static void group_scatter(Lowering *l, int ci, Group *g, const Root *r) {
  Write w = {.slot = r->slot};
  scatter_write(l, ci, r->node, &w);
  vec_push(l->arena, g->writes, w);
}

/* May the write take the memory of `slot`? Every read of it in the group is at the point that is written, and a row's
 * reductions end before the row is written (a running sum reads a point before it writes there). A product's operands
 * are read across points: never those. */
static bool may_take(const Group *g, const Write *w, const Slot *slot) {
  if (slot->home != HOME_scratch || slot == w->slot || slot->bytes != w->slot->bytes || slot == g->a.slot ||
      slot == g->b.slot)
    return false;
  bool along = (g->kind == GROUP_row || g->kind == GROUP_scan) && w->full;
  for (int i = 0; i < g->phases.n && g->kind != GROUP_dot; ++i)
    if (!point_reads_only_at(g->phases.at[i].element, slot, along ? w->index : NULL)) return false;
  for (int i = 0; i < g->writes.n; ++i)
    if (!point_reads_only_at(g->writes.at[i].value, slot, g->writes.at[i].full == w->full ? w->index : NULL))
      return false;
  return true;
}

static void group_reuse(Lowering *l, const Cluster *c, Group *g) {
  if (g->kind == GROUP_scatter) return;
  for (int i = 0; i < c->loads.n; ++i) {
    Slot *from = l->slot[c->loads.at[i]->id];
    for (int k = 0; k < g->writes.n; ++k) {
      Slot *to = g->writes.at[k].slot;
      if (to->home != HOME_scratch || to->reuse || !may_take(g, &g->writes.at[k], from)) continue;
      to->reuse = from;
      break;
    }
  }
}

static Group *group_make(Lowering *l, int ci) {
  Cluster *c = l->clusters.at[ci];
  Group *g = NEW(l->arena, Group);
  g->kind = c->kind;
  g->name = cluster_name(l, c);
  g->naxes = c->naxes;
  g->kept = c->kept;
  memcpy(g->extent, c->set.extent, sizeof g->extent);
  for (int i = 0; i < c->roots.n; ++i) {
    Root *r = &l->roots.at[c->roots.at[i]];
    if (r->slot) slot_finish(l, r->slot, r->fills ? r->fills : r->node);
    vec_push(l->arena, g->members, r->node);
    if (is_phase(r->node) && !r->copy) group_reduction(l, ci, g, r->node);
    if (r->node->op == OP_dot && !r->copy) group_dot(l, ci, g, r->node);
    if (c->kind == GROUP_scatter)
      group_scatter(l, ci, g, r);
    else if (r->slot)
      group_write(l, ci, g, r);
  }
  g->loc = g->members.at[0]->loc;
  group_reuse(l, c, g);
  return g;
}

/* ---- calls ---- */
static void add_lines(Lowering *l, Kernel *k, const Group *g) {
  for (int i = 0; i < g->members.n; ++i) {
    Loc loc = g->members.at[i]->loc;
    bool known = !loc.file || !loc.line; /* a counter of draws has the file only */
    for (int j = 0; j < k->locs.n; ++j)
      known |= k->locs.at[j].line == loc.line && !strcmp(k->locs.at[j].file, loc.file);
    if (!known) vec_push(l->arena, k->locs, loc);
  }
}

static void emit_calls(Lowering *l, const Group *g, const Calls *calls) {
  for (int i = 0; i < calls->n; ++i) {
    const Call *call = &calls->at[i];
    add_lines(l, call->kernel, g);
    kernel_finish(l->program, call->kernel);
    vec_push(l->arena, l->program->kernels, call->kernel);
    Stmt *s = NEW(l->arena, Stmt);
    s->kind = S_call;
    s->kernel = call->kernel;
    s->loc = g->loc;
    for (int k = 0; k < call->args.n; ++k) vec_push(l->arena, s->args, call->args.at[k]);
    vec_push(l->arena, *l->block, s);
  }
}

void lower_group(Lowering *l, const Group *g) {
  Calls calls = {0};
  const int slots = l->program->slots.n;
  if (g->kind == GROUP_scatter)
    schedule_scatter(l->program, g, &calls);
  else if (g->kind == GROUP_sort)
    schedule_sort(l->program, g, &calls);
  else if (g->kind != GROUP_dot || !schedule_dot(l->program, g, &calls))
    schedule_nest(l->program, g, &calls);
  emit_calls(l, g, &calls);
  if (l->program->trapped) trap_group(l, g, &calls, slots);
}

/* Clusters in an order in which each comes after its ancestors; the oldest first among those that may run. */
static void schedule_all(Lowering *l) {
  bool *done = NEW_N(l->arena, bool, l->clusters.n + 1);
  for (int left = 0; left < l->clusters.n; ++left) {
    for (int ci = 0; ci < l->clusters.n; ++ci) {
      bool ready = !done[ci];
      for (int dep = 0; ready && dep < l->clusters.n; ++dep) ready = done[dep] || !cluster_before(l, dep, ci);
      if (!ready) continue;
      done[ci] = true;
      const Cluster *c = l->clusters.at[ci];
      if (c->dropped) break;
      if (c->kind == GROUP_control)
        control_lower(l, l->roots.at[c->roots.at[0]].node);
      else
        lower_group(l, group_make(l, ci));
      break;
    }
  }
}

void lower_graph(const Lowering *around, Block *block, const Graph *g, int states, Slot **state_slots,
                 Slot **output_slots, Slot *const *bound) {
  Program *p = around->program;
  Lowering l = {
      .arena = arena_part(p->arena), .program = p, .host = around->host, .block = block, .graph = g, .bound = bound};
  l.root_of = NEW_N(p->arena, int, g->nodes.n + 1);
  l.must = NEW_N(p->arena, bool, g->nodes.n + 1);
  l.slot = NEW_N(p->arena, Slot *, g->nodes.n + 1);
  l.user = NEW_N(p->arena, int, g->nodes.n + 1);
  l.settled = NEW_N(p->arena, bool, states + 1);
  for (int i = 0; i < states; ++i) l.settled[i] = p->trapped; /* what was read stays until it was looked at */
  l.value = NEW_N(p->arena, Slot **, g->nodes.n + 1);
  l.uses = NEW_N(p->arena, int, g->nodes.n + 1);
  graph_use_counts(g, l.uses);
  l.states = states;
  l.state_slot = state_slots;
  l.output_slot = output_slots;
  leaf_slots(&l);
  groups_choose(&l);
  schedule_all(&l);
}

static void lower_host(Program *p, Host *host, const Graph *g, Slot **state_slots, Slot **output_slots) {
  Lowering outside = {.arena = p->arena, .program = p, .host = host};
  lower_graph(&outside, &host->body, g, p->module->states.n, state_slots, output_slots, NULL);
}

/* ---- hosts ---- */
static Host *host_new(Program *p, const char *name, Func *func, int rows, Graph *graph) {
  Host *h = NEW(p->arena, Host);
  h->name = name;
  h->func = func;
  h->rows = rows;
  h->graph = graph;
  vec_push(p->arena, p->hosts, h);
  return h;
}

static void lower_init(Program *p, Slot **state_slots) {
  Host *init = host_new(p, "init", NULL, 0, NULL);
  for (int i = 0; i < p->module->states.n; ++i) {
    State *s = p->module->states.at[i];
    if (s->init) lower_host(p, init, s->init, state_slots, &state_slots[i]);
  }
}

static void lower_func(Program *p, Func *f, Slot **state_slots) {
  for (int v = 0; v < f->variants.n; ++v) {
    Graph *g = f->variants.at[v].graph;
    int rows = f->variants.at[v].rows;
    Host *h = host_new(p, rows ? arena_printf(p->arena, "%s_%d", f->name, rows) : f->name, f, rows, g);
    for (int i = 0; i < g->outputs.n; ++i) {
      const Output *o = &g->outputs.at[i];
      vec_push(p->arena, h->outputs, program_slot(p, HOME_output, o->name, o->node->dtype, o->node->shape, o->loc));
    }
    lower_host(p, h, g, state_slots, h->outputs.at);
  }
}

static Program *program_lower(Module *m, const Machine *machine, Arena *arena, bool trapped) {
  Program *p = NEW(arena, Program);
  p->arena = arena;
  p->module = m;
  p->machine = machine;
  p->max_threads = 16;
  Slot **state_slots = NEW_N(arena, Slot *, m->states.n + 1);
  for (int i = 0; i < m->states.n; ++i) state_slots[i] = state_slot(p, m->states.at[i]);
  if (trapped) trap_start(p);
  lower_init(p, state_slots);
  for (int i = 0; i < m->funcs.n; ++i) lower_func(p, m->funcs.at[i], state_slots);
  return p;
}

Program *kernel_lower(Module *m, const Machine *machine, Arena *arena) {
  return program_lower(m, machine, arena, false);
}

Program *kernel_lower_trapped(Module *m, const Machine *machine, Arena *arena) {
  return program_lower(m, machine, arena, true);
}
