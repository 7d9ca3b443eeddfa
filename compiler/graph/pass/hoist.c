/* hoist.c: takes out of loops what need not be done turn by turn (MIDDLE.md 4.3).
 *
 *   invariants   what reads captured operands alone is computed once in front of the loop and captured, when a product,
 * a reduction, a heavy row, an index or a loop is in it. Cheap maps and movement stay: they are fused with their
 * readers, and views cost nothing. before       a product that reads rows and invariants alone, such as W_ih x_t,
 * becomes one product over all turns (batch_rules.c), whose rows the loop takes; and so does every result that depends
 * on no carry. after        a result that is a product of other results and invariants, such as dx_t = dgates_t W_ih,
 * becomes one product over all turns behind the loop.
 *
 *   scan h, x, w, u { h' = tanh(w x + u h) }    ->    y = dot(x, w) over [T, B, …] ; scan h, y, u { h' = tanh(y + u h)
 * }
 *
 * By shape alone: a product in front is taken when one turn's part of it is at most PART times what a turn reads of
 * rows and leaves in carries and results, so memory does not explode. A loop with a loop in it keeps its products: its
 * turns are large already; and so does a frugal one (checkpoint = k), which would lose what it saves.
 * Of a while loop, whose turns are not counted, only invariants are taken, and no loop that might not end. */
#include "batch.h"

enum { PART = 16 };

/* What a node of the body depends on; the largest of its operands'. */
typedef enum Kind { KIND_none, KIND_invariant, KIND_row, KIND_carry } Kind;

typedef struct Hoist {
  Graph *to;
  const Node *loop;
  Node *const *in; /* its operands in `to` */
  const Graph *body;
  int carries, rows;
  int64_t length;
  bool whole; /* its turns keep what they do: there is a loop in it, or it is frugal */
  /* by node of the body */
  Kind *kind;
  bool *heavy;    /* something in it is worth computing once */
  bool *cut;      /* computed outside: the loop takes it */
  Node **outside; /* in `to`: once, or with the turns in front */
  bool *of;
  Node **bound; /* in the new body, for what was cut */
  /* by output */
  bool *moved, *sunk;
  Node **direct; /* its value, when the loop does not give it any more */
  int *number;
} Hoist;

static int input_of(const Graph *g, const Node *n) {
  for (int k = 0; n->op == OP_input && k < g->inputs.n; ++k)
    if (g->inputs.at[k] == n->attr->input) return k;
  return -1;
}

/* ---- what depends on what ---- */
static bool is_heavy(const Node *n) {
  OpFamily family = op_info[n->op].family;
  if (op_is_elementwise(n->op)) return op_info[n->op].math || n->op == OP_div || n->op == OP_sqrt;
  return family == FAMILY_DOT || family == FAMILY_REDUCE || family == FAMILY_INDEX || family == FAMILY_ALONG ||
         n->op == OP_unwindow || n->attr->body || n->op == OP_random || n->op == OP_result;
}

static bool holds(const Graph *g, bool (*is)(const Node *)) {
  for (int id = 0; g && id < g->nodes.n; ++id) {
    const Node *n = g->nodes.at[id];
    if (is(n) || holds(n->attr->body, is) || holds(n->attr->other, is)) return true;
  }
  return false;
}
static bool is_while(const Node *n) { return n->op == OP_while; }
static bool is_loop(const Node *n) { return n->op == OP_while || n->op == OP_scan; }

static Kind kind_of(const Hoist *h, const Node *n) {
  int k = input_of(h->body, n);
  if (k >= 0) return k < h->carries ? KIND_carry : k < h->carries + h->rows ? KIND_row : KIND_invariant;
  Kind kind = KIND_none;
  for (int i = 0; i < n->nin; ++i)
    if (h->kind[node_in(n, i)->id] > kind) kind = h->kind[node_in(n, i)->id];
  bool endless = h->loop->op == OP_while && (is_while(n) || holds(n->attr->body, is_while));
  return (n->attr->body && kind == KIND_row) || endless ? KIND_carry : kind;
}

static void classify(Hoist *h) {
  for (int id = 0; id < h->body->nodes.n; ++id) {
    const Node *n = h->body->nodes.at[id];
    h->kind[id] = kind_of(h, n);
    h->heavy[id] = is_heavy(n);
    for (int i = 0; i < n->nin; ++i) h->heavy[id] |= h->heavy[node_in(n, i)->id];
  }
}

/* ---- outside ---- */
/* n of the body in `to`, with all that it reads there; NULL: it cannot be computed for all turns at once. */
static Node *put_outside(Hoist *h, const Node *n) {
  Arena *arena = h->to->arena;
  bool *wanted = NEW_N(arena, bool, n->id + 1);
  wanted[n->id] = true;
  for (int id = n->id; id >= 0; --id)
    for (int i = 0; wanted[id] && !h->outside[id] && i < h->body->nodes.at[id]->nin; ++i)
      wanted[node_in(h->body->nodes.at[id], i)->id] = true;
  for (int id = 0; id <= n->id; ++id) {
    const Node *x = h->body->nodes.at[id];
    if (!wanted[id] || h->outside[id]) continue;
    int k = input_of(h->body, x);
    if (k >= 0) {
      h->outside[id] = h->in[k];
      h->of[id] = k < h->carries + h->rows;
      continue;
    }
    Node **in = NEW_N(arena, Node *, x->nin + 1);
    bool *of = NEW_N(arena, bool, x->nin + 1);
    for (int i = 0; i < x->nin; ++i) {
      in[i] = h->outside[node_in(x, i)->id];
      h->of[id] |= of[i] = h->of[node_in(x, i)->id];
    }
    h->outside[id] = h->of[id] ? batch_node(h->to, x, in, of, h->length) : graph_copy_node(h->to, x, in);
    if (!h->outside[id]) return NULL;
  }
  return h->outside[n->id];
}

/* For every turn: [length, …]. */
static Node *all_turns(Hoist *h, const Node *n) {
  Node *y = put_outside(h, n);
  return !y || h->of[n->id] ? y : batch_rows(h->to, y, h->length);
}

/* ---- what is taken in front ---- */
static bool grows(const Node *n) {
  for (int i = 0; i < n->nin; ++i)
    if (shape_count(node_in(n, i)->shape) >= shape_count(n->shape)) return false;
  return true;
}

static bool takes_invariant(const Hoist *h, const Node *n) {
  bool light = !is_heavy(n) && grows(n);
  return h->kind[n->id] == KIND_invariant && h->heavy[n->id] &&
         (op_info[n->op].family != FAMILY_MOVE || n->op == OP_unwindow) && !light && !n->attr->body;
}

/* Elements that a turn reads of rows and leaves behind. */
static int64_t turn_elements(const Hoist *h) {
  int64_t count = 0;
  for (int k = 0; k < h->carries + h->rows; ++k) count += shape_count(h->body->inputs.at[k]->shape);
  for (int k = h->carries; k < h->body->outputs.n; ++k) count += shape_count(h->body->outputs.at[k].node->shape);
  return count;
}

static bool takes_product(const Hoist *h, const Node *n) {
  return n->op == OP_dot && h->kind[n->id] == KIND_row && h->length > 1 && !h->whole &&
         shape_count(n->shape) <= PART * turn_elements(h);
}

/* Results that depend on no carry leave the loop. */
static void move_results(Hoist *h) {
  for (int k = h->carries; h->loop->op == OP_scan && k < h->body->outputs.n; ++k) {
    const Node *n = h->body->outputs.at[k].node;
    if (h->kind[n->id] == KIND_carry || (h->whole && n->op != OP_input)) continue;
    h->direct[k] = all_turns(h, n);
    h->moved[k] = h->direct[k] != NULL;
  }
}

/* ---- what is done behind ---- */
static bool is_view(const Node *n) { return n->op == OP_transpose || n->op == OP_reshape; }

/* Is it, or is it a view of, a result that the loop gives anyway, or what is known outside? */
static bool known_behind(Hoist *h, const Node *n) {
  if (h->kind[n->id] < KIND_carry) return put_outside(h, n) != NULL;
  for (int k = h->carries; k < h->body->outputs.n; ++k)
    if (h->body->outputs.at[k].node == n && !h->sunk[k]) return true;
  return is_view(n) && n->shape.rank < RANK_MAX && known_behind(h, node_in(n, 0));
}

static void choose_sunk(Hoist *h) {
  for (int k = h->carries; h->loop->op == OP_scan && h->length > 1 && k < h->body->outputs.n; ++k) {
    const Node *n = h->body->outputs.at[k].node;
    const Node *product = n;
    while (is_view(product) && product->shape.rank < RANK_MAX) product = node_in(product, 0);
    if (h->moved[k] || product->op != OP_dot || product->shape.rank >= RANK_MAX || h->kind[n->id] != KIND_carry ||
        h->whole)
      continue;
    h->sunk[k] = true; /* not by itself */
    for (int j = h->carries; j < h->body->outputs.n; ++j) h->sunk[k] &= j == k || h->body->outputs.at[j].node != n;
    h->sunk[k] &= known_behind(h, node_in(product, 0)) && known_behind(h, node_in(product, 1));
  }
}

/* From what the loop must give, downwards: what it takes from outside, and what it computes. */
static bool *mark_needed(Hoist *h) {
  bool *needed = NEW_N(h->to->arena, bool, h->body->nodes.n + 1);
  for (int k = 0; k < h->body->outputs.n; ++k)
    if (!h->moved[k] && !h->sunk[k]) needed[h->body->outputs.at[k].node->id] = true;
  for (int id = h->body->nodes.n - 1; id >= 0; --id) {
    const Node *n = h->body->nodes.at[id];
    if (!needed[id] || n->op == OP_input) continue;
    if (takes_invariant(h, n) || takes_product(h, n)) h->cut[id] = put_outside(h, n) != NULL;
    for (int i = 0; !h->cut[id] && i < n->nin; ++i) needed[node_in(n, i)->id] = true;
  }
  return needed;
}

/* ---- the new loop ---- */
static Node *rebuild_body(Graph *to, const Node *n, Node *const *in, void *context) {
  Hoist *h = context;
  if (!h->cut[n->id]) return graph_copy_node(to, n, in);
  return h->bound[n->id] = graph_bound(to, n->name ? n->name : op_info[n->op].name, n->dtype, n->shape, n->loc);
}

/* Inputs: those that were there, with new rows behind the rows and new captured ones at the end. */
static Node **arrange(Hoist *h, Graph *body, int *rows) {
  VEC(Input *) inputs = {0};
  Arena *arena = h->to->arena;
  int old = h->body->inputs.n, first = h->carries + h->rows;
  Node **operand = NEW_N(arena, Node *, body->inputs.n + 1);
  for (int part = 0; part < 4; ++part) { /* carries and rows, new rows, captured, new captured */
    for (int k = part == 0 ? 0 : first; part % 2 == 0 && k < (part == 0 ? first : old); ++k) {
      operand[inputs.n] = h->in[k];
      vec_push(arena, inputs, h->body->inputs.at[k]);
    }
    for (int id = 0; part % 2 == 1 && id < h->body->nodes.n; ++id) {
      if (!h->bound[id] || h->of[id] != (part == 1)) continue;
      operand[inputs.n] = h->outside[id];
      vec_push(arena, inputs, h->bound[id]->attr->input);
      *rows += part == 1;
    }
  }
  for (int k = 0; k < inputs.n; ++k) body->inputs.at[k] = inputs.at[k];
  return operand;
}

/* A test reads what it read; the new inputs are there because the body has them. */
static Graph *test_with_inputs(const Hoist *h, const Graph *test, const Graph *body) {
  Graph *g = graph_rebuild(test, NULL, NULL);
  for (int k = h->body->inputs.n; k < body->inputs.n; ++k) {
    const Input *i = body->inputs.at[k];
    graph_bound(g, i->name, i->dtype, i->shape, i->loc);
  }
  return g;
}

static Node *make_loop(Hoist *h) {
  Graph part = *h->body;
  Attr attr = *h->loop->attr;
  memset(&part.outputs, 0, sizeof part.outputs);
  for (int k = 0; k < h->body->outputs.n; ++k) {
    bool gone = h->moved[k] || h->sunk[k];
    h->number[k] = part.outputs.n;
    if (!gone) vec_push(h->to->arena, part.outputs, h->body->outputs.at[k]);
    attr.kept -= gone && k >= h->body->outputs.n - h->loop->attr->kept;
  }
  if (part.outputs.n == 0) return graph_const(h->to, DT_bool, 0, h->loop->loc); /* nothing is left of it */
  attr.body = graph_rebuild(&part, rebuild_body, h);
  Node **operand = arrange(h, attr.body, &attr.rows);
  if (attr.other) attr.other = test_with_inputs(h, attr.other, attr.body);
  return graph_add(h->to, h->loop->op, attr.body->inputs.n, operand, &attr, h->loop->loc);
}

static void do_behind(Hoist *h, Node *loop) {
  for (int k = h->carries; k < h->body->outputs.n; ++k) {
    int id = h->body->outputs.at[k].node->id;
    if (h->moved[k] || h->sunk[k] || h->kind[id] != KIND_carry) continue;
    h->outside[id] = graph_result(h->to, loop, h->number[k]);
    h->of[id] = true;
  }
  for (int k = h->carries; k < h->body->outputs.n; ++k)
    if (h->sunk[k]) h->direct[k] = all_turns(h, h->body->outputs.at[k].node);
}

/* ---- the pass ---- */
typedef struct Loops {
  Node ***direct; /* by id of a loop of the old graph */
  int **number;
} Loops;

static Hoist hoist_of(Graph *to, const Node *n, Node *const *in) {
  Arena *arena = to->arena;
  const Graph *body = n->attr->body;
  int nodes = body->nodes.n + 1, values = body->outputs.n + 1;
  Hoist h = {.to = to, .loop = n, .in = in, .body = body, .carries = n->attr->carries};
  h.rows = n->op == OP_scan ? n->attr->rows : 0;
  h.whole = holds(body, is_loop) || n->attr->frugal;
  h.length = n->op == OP_scan ? n->attr->high[0] : 0;
  h.kind = NEW_N(arena, Kind, nodes);
  h.heavy = NEW_N(arena, bool, nodes), h.cut = NEW_N(arena, bool, nodes), h.of = NEW_N(arena, bool, nodes);
  h.outside = NEW_N(arena, Node *, nodes), h.bound = NEW_N(arena, Node *, nodes);
  h.moved = NEW_N(arena, bool, values), h.sunk = NEW_N(arena, bool, values);
  h.direct = NEW_N(arena, Node *, values), h.number = NEW_N(arena, int, values);
  return h;
}

static Node *hoist_loop(Graph *to, const Node *n, Node *const *in, Loops *loops) {
  Hoist h = hoist_of(to, n, in);
  classify(&h);
  move_results(&h);
  choose_sunk(&h);
  bool *needed = mark_needed(&h);
  for (int k = 0; k < h.body->outputs.n; ++k) /* the loop computes it anyway */
    h.sunk[k] &= !needed[h.body->outputs.at[k].node->id];
  Node *loop = make_loop(&h);
  do_behind(&h, loop);
  loop->name = n->name;
  loops->direct[n->id] = h.direct, loops->number[n->id] = h.number;
  return loop;
}

static Node *hoisted(Graph *to, const Node *n, Node *const *in, void *context) {
  Loops *l = context;
  if (is_loop(n)) return hoist_loop(to, n, in, l);
  if (n->op != OP_result || !l->number[n->in[0]->id]) return graph_copy_node(to, n, in);
  Node *direct = l->direct[n->in[0]->id][n->attr->dim];
  if (direct) return direct;
  Node *copy = graph_result(to, in[0], l->number[n->in[0]->id][n->attr->dim]);
  copy->name = n->name;
  return copy;
}

Graph *pass_hoist(Graph *g) {
  Loops l = {NEW_N(g->arena, Node **, g->nodes.n + 1), NEW_N(g->arena, int *, g->nodes.n + 1)};
  bool any = false;
  for (int id = 0; id < g->nodes.n; ++id) any |= is_loop(g->nodes.at[id]);
  return any ? pass_dce(graph_rebuild(g, hoisted, &l)) : g;
}
