/* parse.c: graphs from text (the form is described in print.c). A node is read whole, then added by graph_add, which
 * infers its type; what the line says must be that type. Labels (%12, $3) are names: any numbering is read, each is
 * defined once and before its use.
 *
 * While a node is added, errors carry the line of the text; afterwards the node has the model's line that stands in it.
 */
#include "parse.h"

typedef struct Reading {
  Parser *p;
  Graph *g;
  Map nodes, inputs; /* by label */
} Reading;

/* One node's line, before it is added. */
typedef struct Line {
  Op op;
  VEC(Node *) in;
  Attr attr;
  int low_n, high_n, step_n, size_n, dilation_n; /* lengths of the lists; -1: absent */
  Elements elements;
  const char *state, *input;
  DType dtype;
  Shape shape;
} Line;

static void *labelled(const Parser *p, const Map *map) {
  void *found = map_get(map, p->token.text);
  if (!found) user_error(parser_loc(p), MSG_parse_undefined, p->token.text);
  return found;
}

static Node *parse_reference(Reading *r) {
  if (r->p->token.kind != T_node) parser_expected(r->p, "a node such as %12");
  Node *n = labelled(r->p, &r->nodes);
  parser_next(r->p);
  return n;
}

static void define(const Parser *p, Map *map, const char *label, void *what) {
  if (map_get(map, label)) user_error(parser_loc(p), MSG_parse_twice, label);
  map_put(map, label, what);
}

/* ---- attributes ---- */

static Axes parse_axes(Parser *p) {
  int64_t at[RANK_MAX];
  Axes axes = {.n = parser_list(p, at, 0, RANK_MAX - 1)};
  for (int k = 0; k < axes.n; ++k) axes.at[k] = (int)at[k];
  return axes;
}

static void parse_attribute(Parser *p, Line *l) {
  const char *key = p->token.text;
  const int64_t big = (int64_t)1 << 41;
  Attr *a = &l->attr;
  parser_next(p);
  parser_need(p, T_mark, "=");
  if (!strcmp(key, "axes"))
    a->axes = parse_axes(p);
  else if (!strcmp(key, "axes_b"))
    a->axes_b = parse_axes(p);
  else if (!strcmp(key, "batch"))
    a->batch = parse_axes(p);
  else if (!strcmp(key, "batch_b"))
    a->batch_b = parse_axes(p);
  else if (!strcmp(key, "low"))
    l->low_n = parser_list(p, a->low, -big, big);
  else if (!strcmp(key, "high"))
    l->high_n = parser_list(p, a->high, -big, big);
  else if (!strcmp(key, "step") || !strcmp(key, "interior"))
    l->step_n = parser_list(p, a->step, -big, big);
  else if (!strcmp(key, "size"))
    l->size_n = parser_list(p, a->size, -big, big);
  else if (!strcmp(key, "dilation"))
    l->dilation_n = parser_list(p, a->dilation, -big, big);
  else if (!strcmp(key, "dim"))
    a->dim = (int)parser_integer(p, 0, RANK_MAX - 1);
  else if (!strcmp(key, "fill"))
    a->fill = parser_double(p);
  else if (!strcmp(key, "place"))
    a->place = (uint32_t)parser_integer(p, 0, UINT32_MAX);
  else if (!strcmp(key, "value"))
    a->dim = (int)parser_integer(p, 0, 1000000);
  else if (!strcmp(key, "carries"))
    a->carries = (int)parser_integer(p, 0, 1000000);
  else if (!strcmp(key, "rows"))
    a->rows = (int)parser_integer(p, 0, 1000000);
  else if (!strcmp(key, "kept"))
    a->kept = (int)parser_integer(p, 0, 1000000);
  else if (!strcmp(key, "length"))
    a->high[0] = parser_integer(p, 1, big);
  else if (!strcmp(key, "reverse"))
    a->reverse = parser_integer(p, 0, 1);
  else if (!strcmp(key, "independent"))
    a->independent = parser_integer(p, 0, 1);
  else if (!strcmp(key, "frugal"))
    a->frugal = parser_integer(p, 0, 1);
  else
    user_error(parser_loc(p), MSG_parse_unknown, "attribute", key);
}

static void parse_operation(Reading *r, Line *l) {
  Parser *p = r->p;
  l->low_n = l->high_n = l->step_n = l->size_n = l->dilation_n = -1;
  while (!parser_is(p, T_mark, ":")) {
    if (p->token.kind == T_node) {
      Node *n = parse_reference(r);
      vec_push(p->arena, l->in, n);
    } else if (p->token.kind == T_input) {
      l->input = p->token.text;
      parser_next(p);
    } else if (p->token.kind == T_string) {
      l->state = parser_string(p, "a state's name");
    } else if (l->op == OP_const && l->elements.n == 0) {
      parser_elements(p, &l->elements);
    } else if (p->token.kind == T_word) {
      parse_attribute(p, l);
    } else if (!parser_take(p, T_mark, ",")) {
      parser_expected(p, "':'");
    }
  }
  parser_type(p, &l->dtype, &l->shape);
}

/* ---- from a line to a node ---- */

static void fill_shape(Line *l) {
  l->attr.rank = l->shape.rank;
  memcpy(l->attr.high, l->shape.dim, sizeof l->attr.high);
}

static void fill_box(Parser *p, Line *l) {
  int rank = l->in.n > 0 ? l->in.at[0]->shape.rank : 0;
  for (int d = 0; l->step_n < 0 && d < rank; ++d) l->attr.step[d] = l->op == OP_slice;
  if (l->low_n != rank || l->high_n != rank || (l->step_n >= 0 && l->step_n != rank))
    user_error(parser_loc(p), MSG_parse_box, op_info[l->op].name, rank);
}

static void fill_window(Parser *p, Line *l) {
  int n = l->attr.axes.n;
  for (int k = 0; l->step_n < 0 && k < n; ++k) l->attr.step[k] = 1;
  for (int k = 0; l->dilation_n < 0 && k < n; ++k) l->attr.dilation[k] = 1;
  bool steps = l->step_n < 0 || l->step_n == n, dilations = l->dilation_n < 0 || l->dilation_n == n;
  if (l->size_n != n || !steps || !dilations || l->high_n != (l->op == OP_unwindow ? n : -1))
    user_error(parser_loc(p), MSG_parse_window, op_info[l->op].name, n);
}

static bool has_leaf(const Graph *g, const void *of) {
  for (int k = 0; k < g->leaves.n; ++k)
    if (g->leaves.at[k]->attr->input == of || g->leaves.at[k]->attr->state == of) return true;
  return false;
}

static void fill_state(Parser *p, const Graph *g, Line *l) {
  if (!l->state) parser_expected(p, "a state's name");
  l->attr.state = map_get(&p->states, l->state);
  if (!l->attr.state) user_error(parser_loc(p), MSG_parse_unknown, "state", l->state);
  if (l->op == OP_state && has_leaf(g, l->attr.state)) user_error(parser_loc(p), MSG_parse_twice, l->state);
}

static void fill_input(Reading *r, Line *l) {
  if (!l->input) parser_expected(r->p, "an input such as $0");
  l->attr.input = map_get(&r->inputs, l->input);
  if (!l->attr.input) user_error(parser_loc(r->p), MSG_parse_undefined, l->input);
  if (has_leaf(r->g, l->attr.input)) user_error(parser_loc(r->p), MSG_parse_twice, l->input);
}

static void fill_attributes(Reading *r, Line *l) {
  switch (l->op) {
  case OP_cast:
  case OP_bitcast: l->attr.dtype = l->dtype; break;
  case OP_const: l->attr.value = l->elements.n ? elements_tensor(r->p, &l->elements, l->dtype, l->shape) : NULL; break;
  case OP_input: fill_input(r, l); break;
  case OP_state:
  case OP_assign: fill_state(r->p, r->g, l); break;
  case OP_iota:
  case OP_random:
  case OP_reshape:
  case OP_broadcast: fill_shape(l); break;
  case OP_slice:
  case OP_pad: fill_box(r->p, l); break;
  case OP_window:
  case OP_unwindow: fill_window(r->p, l); break;
  default: break;
  }
  if (l->op == OP_iota) l->attr.rank = 0;
}

static Node *add_line(Reading *r, Line *l) {
  Parser *p = r->p;
  int operands = op_info[l->op].operands;
  if (operands >= 0 && l->in.n != operands)
    user_error(parser_loc(p), MSG_parse_operands, op_info[l->op].name, operands, l->in.n);
  if (l->op == OP_iota && l->shape.rank != 1) parser_expected(p, "a shape of one dimension");
  fill_attributes(r, l);
  Loc here = parser_loc(p);
  r->g->at = &here;
  Node *n = graph_add(r->g, l->op, l->in.n, l->in.at, &l->attr, here);
  r->g->at = NULL;
  if (n->dtype != l->dtype || !shape_equal(n->shape, l->shape))
    user_error(here, MSG_parse_type, op_info[l->op].name, dtype_info[n->dtype].name, shape_text(p->arena, n->shape),
               dtype_info[l->dtype].name, shape_text(p->arena, l->shape));
  return n;
}

static int subgraphs(Op op) {
  if (op == OP_scan || op == OP_checkpoint) return 1;
  return op == OP_while || op == OP_cond ? 2 : 0;
}

/* The subgraphs stand after the line, which they end. */
static void parse_subgraphs(Parser *p, Line *l) {
  enum { DEPTH_MAX = 32 };
  if (++p->depth > DEPTH_MAX) user_error(parser_loc(p), MSG_parse_deep, DEPTH_MAX);
  parser_line(p);
  l->attr.body = parse_graph(p);
  if (subgraphs(l->op) == 2) l->attr.other = parse_graph(p);
  --p->depth;
}

static void parse_node(Reading *r) {
  Parser *p = r->p;
  Line l = {0};
  const char *label = p->token.text;
  parser_next(p);
  parser_need(p, T_mark, "=");
  int op = p->token.kind == T_word ? op_find(p->token.text) : -1;
  if (op < 0) parser_unknown(p, "op");
  parser_next(p);
  l.op = (Op)op;
  parse_operation(r, &l);
  Loc place = parser_place(p);
  const char *name = p->token.kind == T_string ? parser_string(p, "a name") : NULL;
  if (subgraphs(l.op)) parse_subgraphs(p, &l);
  Node *n = add_line(r, &l);
  n->loc = place;
  n->name = name;
  define(p, &r->nodes, label, n);
  if (!subgraphs(l.op)) parser_line(p);
}

/* ---- inputs, outputs, the record of gradients ---- */

static InputKind parse_input_kind(Parser *p) {
  static const char *const names[] = {"field", "value",       "hyper",  "first", "last",
                                      "epoch", "total_steps", "weight", "bound"};
  for (int k = 0; k < (int)(sizeof names / sizeof *names); ++k)
    if (parser_take(p, T_word, names[k])) return (InputKind)k;
  parser_unknown(p, "kind of input");
}

static void parse_input(Reading *r) {
  Parser *p = r->p;
  Input *input = NEW(p->arena, Input);
  Elements elements = {0};
  const char *label = p->token.text;
  parser_next(p);
  parser_need(p, T_mark, "=");
  input->kind = parse_input_kind(p);
  input->name = parser_string(p, "a name");
  input->source = input->field = input->hyper = -1;
  while (!parser_is(p, T_mark, ":")) {
    const char *key = parser_word(p, "':'");
    parser_need(p, T_mark, "=");
    if (!strcmp(key, "default") && elements.n == 0)
      parser_elements(p, &elements);
    else if (!strcmp(key, "source"))
      input->source = (int)parser_integer(p, 0, 1000000);
    else if (!strcmp(key, "field"))
      input->field = (int)parser_integer(p, 0, 1000000);
    else if (!strcmp(key, "hyper"))
      input->hyper = (int)parser_integer(p, 0, 1000000);
    else
      user_error(parser_loc(p), MSG_parse_unknown, "attribute", key);
  }
  parser_type(p, &input->dtype, &input->shape);
  if (elements.n) input->value = elements_tensor(p, &elements, input->dtype, input->shape);
  input->loc = parser_place(p);
  define(p, &r->inputs, label, input);
  vec_push(p->arena, r->g->inputs, input);
}

static void parse_output(Reading *r) {
  Output o = {.name = parser_string(r->p, "a name")};
  for (int k = 0; k < r->g->outputs.n; ++k)
    if (!strcmp(r->g->outputs.at[k].name, o.name)) user_error(parser_loc(r->p), MSG_parse_twice, o.name);
  parser_need(r->p, T_mark, "=");
  o.node = parse_reference(r);
  o.loc = parser_place(r->p);
  vec_push(r->p->arena, r->g->outputs, o);
}

static void parse_asked(Reading *r) {
  Parser *p = r->p;
  Asked asked = {0};
  VEC(Node *) xs = {0}, gradients = {0};
  parser_need(p, T_word, "of");
  asked.y = parse_reference(r);
  if (parser_take(p, T_word, "cotangent")) asked.cotangent = parse_reference(r);
  while (parser_take(p, T_word, "by")) {
    Node *x = parse_reference(r);
    parser_need(p, T_word, "is");
    Node *dx = parser_take(p, T_word, "none") ? NULL : parse_reference(r);
    if (dx && (dx->dtype != x->dtype || !shape_equal(dx->shape, x->shape)))
      user_error(parser_loc(p), MSG_parse_gradient, node_text(p->arena, dx), node_text(p->arena, x));
    vec_push(p->arena, xs, x);
    vec_push(p->arena, gradients, dx);
  }
  asked.n = xs.n;
  asked.xs = xs.at;
  asked.gradients = gradients.at;
  asked.loc = parser_place(p);
  const Node *c = asked.cotangent ? asked.cotangent : asked.y;
  if (!dtype_is_float(c->dtype) || c->dtype != asked.y->dtype ||
      (asked.cotangent ? !shape_equal(c->shape, asked.y->shape) : shape_count(c->shape) != 1))
    user_error(parser_loc(p), MSG_grad_cotangent, node_text(p->arena, asked.y), node_text(p->arena, c));
  vec_push(p->arena, r->g->asked, asked);
}

Graph *parse_graph(Parser *p) {
  parser_need(p, T_word, "graph");
  Reading r = {.p = p, .g = graph_new(p->arena, parser_string(p, "a name"))};
  map_init(&r.nodes, p->arena);
  map_init(&r.inputs, p->arena);
  parser_line(p);
  while (!parser_take(p, T_word, "end")) {
    if (p->token.kind == T_node) {
      parse_node(&r); /* with the end of its line */
      continue;
    }
    if (p->token.kind == T_input)
      parse_input(&r);
    else if (parser_take(p, T_word, "output"))
      parse_output(&r);
    else if (parser_take(p, T_word, "gradient"))
      parse_asked(&r);
    else
      parser_expected(p, "a node, an input, an output, a gradient or 'end'");
    parser_line(p);
  }
  parser_line(p);
  return r.g;
}
