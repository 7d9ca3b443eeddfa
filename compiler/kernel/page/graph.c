/* graph.c: the model's layers as a picture. A box is what one line of the model makes with one function of the library
 * (nn.Linear of line 7), whatever the number of nodes; layers that a loop of the model makes are one box with their
 * number. Drawn is the way from the data to the outputs: gradients, which have the lines of what they are gradients of,
 * and updates of states are left out but for one box at the end.
 *
 * Boxes stand in the order in which they are met. An arrow goes from a box to a later one; rows are the longest way
 * from the data, cut into columns. */
#include "page.h"

#include <inttypes.h>

enum { WIDE = 220, HIGH = 50, GAP_X = 30, GAP_Y = 30, ROWS_MAX = 11, LABEL = 25 };

typedef struct Box {
  Loc loc;
  const char *label;
  const Node *last; /* its value is what the box shows */
  int64_t parameters;
  Map times; /* names of parameters, digits starred -> how many (uintptr_t) */
  int most;  /* of them: how often the layer stands */
  int row, place;
  double x, y;
} Box;

typedef struct Edge {
  int from, to;
} Edge;

typedef struct Drawing {
  Page *page;
  Arena *arena;
  VEC(Box) boxes;
  VEC(Edge) edges;
  Map counted; /* names of states */
  int rows;    /* of one column */
} Drawing;

/* ---- boxes ---- */
static const char *shortened(Arena *arena, const char *s, size_t most) {
  s += strspn(s, " \t");
  size_t n = strcspn(s, "\r\n");
  if (n <= most) return arena_strndup(arena, s, n);
  n = most - 1;
  while (n && ((unsigned char)s[n] & 0xC0) == 0x80) --n; /* not within a character */
  return arena_printf(arena, "%.*s…", (int)n, s);
}

static const char *line_label(Drawing *d, Loc loc) {
  size_t bytes;
  const char *text = file_read(d->arena, loc.file, &bytes);
  for (int line = 1; text && line < loc.line; ++line) {
    text = strchr(text, '\n');
    if (text) ++text;
  }
  return text ? shortened(d->arena, text, LABEL) : "?";
}

static bool same_place(const Loc *a, const Loc *b) {
  bool via = a->via == b->via || (a->via && b->via && !strcmp(a->via, b->via));
  return via && a->line == b->line && !strcmp(a->file, b->file);
}

static int box_new(Drawing *d, Loc loc, const char *label) {
  Box b = {.loc = loc, .label = label};
  map_init(&b.times, d->arena);
  vec_push(d->arena, d->boxes, b);
  return d->boxes.n - 1;
}

static int box_of_line(Drawing *d, Loc loc) {
  for (int i = 0; i < d->boxes.n; ++i)
    if (d->boxes.at[i].loc.file && same_place(&d->boxes.at[i].loc, &loc)) return i;
  const char *via = loc.via && !strncmp(loc.via, "nn.", 3) ? loc.via + 3 : loc.via;
  return box_new(d, loc, via ? shortened(d->arena, via, LABEL) : line_label(d, loc));
}

static int box_of_input(Drawing *d, const Input *in) {
  const char *label = arena_printf(d->arena, "data: %s", in->name);
  for (int i = 0; i < d->boxes.n; ++i)
    if (!strcmp(d->boxes.at[i].label, label)) return i;
  return box_new(d, (Loc){0}, label);
}

static void edge_add(Drawing *d, int from, int to) {
  if (from < 0 || to < 0 || from >= to) return; /* an arrow back is the next turn of a loop of the model */
  for (int i = 0; i < d->edges.n; ++i)
    if (d->edges.at[i].from == from && d->edges.at[i].to == to) return;
  vec_push(d->arena, d->edges, ((Edge){from, to}));
}

/* blocks.3.attn.weight is of the layer blocks.*.attn: so many of it there are. */
static void box_reads(Drawing *d, int box, const State *s) {
  Box *b = &d->boxes.at[box];
  if (!s->trained || map_get(&d->counted, s->name)) return;
  map_put(&d->counted, s->name, (void *)s);
  b->parameters += shape_count(s->shape);
  char *pattern = arena_strdup(d->arena, s->name);
  for (char *c = pattern; *c; ++c)
    if (*c >= '0' && *c <= '9') *c = '*';
  uintptr_t times = (uintptr_t)map_get(&b->times, pattern) + 1;
  map_put(&b->times, pattern, (void *)times);
  if ((int)times > b->most) b->most = (int)times;
}

/* ---- reading the graph ---- */
static bool *nodes_needed(Drawing *d, const Graph *g) {
  bool *needed = NEW_N(d->arena, bool, g->nodes.n + 1);
  for (int i = 0; i < g->outputs.n; ++i) needed[g->outputs.at[i].node->id] = true;
  for (int i = g->nodes.n - 1; i >= 0; --i)
    for (int k = 0; needed[i] && k < g->nodes.at[i]->nin; ++k) needed[node_in(g->nodes.at[i], k)->id] = true;
  return needed;
}

static int *graph_boxes(Drawing *d, const Graph *g, const int *inputs);

/* A loop's or branch's nodes have boxes of their own; its results come from those of its body's outputs. */
static int *control_boxes(Drawing *d, const Node *n, const int *box) {
  const Graph *body = n->attr->body;
  int first = n->op == OP_cond, *inputs = NEW_N(d->arena, int, body->inputs.n + 1);
  for (int i = 0; i < body->inputs.n; ++i) inputs[i] = i + first < n->nin ? box[node_in(n, i + first)->id] : -1;
  int *inside = graph_boxes(d, body, inputs), *out = NEW_N(d->arena, int, body->outputs.n + 1);
  for (int i = 0; i < body->outputs.n; ++i) out[i] = inside[body->outputs.at[i].node->id];
  return out;
}

/* inputs: the boxes of the inputs of a body; NULL: of a function, whose inputs have boxes of their own. */
static int input_box(Drawing *d, const Graph *g, const Node *n, const int *inputs) {
  for (int i = 0; inputs && i < g->inputs.n; ++i)
    if (g->inputs.at[i] == n->attr->input) return inputs[i];
  if (n->attr->input->kind != INPUT_field) return -1;
  int box = box_of_input(d, n->attr->input);
  d->boxes.at[box].last = n;
  return box;
}

/* Is there anything but constants in it? These are shared between lines that have nothing to do with each other. */
static bool is_made(const Node *n, const int *box) {
  bool made = n->op == OP_random;
  for (int k = 0; k < n->nin; ++k) made |= box[node_in(n, k)->id] >= 0 || node_in(n, k)->op == OP_state;
  return made;
}

static int node_box(Drawing *d, const Node *n, const int *box) {
  int at = -1;
  if (!is_made(n, box)) return -1;
  if (n->loc.file && n->loc.line > 0) at = box_of_line(d, n->loc);
  for (int k = 0; k < n->nin; ++k) {
    const Node *x = node_in(n, k);
    if (at < 0) at = box[x->id];
    if (at >= 0 && x->op == OP_state) box_reads(d, at, x->attr->state);
    edge_add(d, box[x->id], at);
  }
  if (at >= 0) d->boxes.at[at].last = n;
  return at;
}

/* The box of each node, or -1: of constants, states, flags, and what leads to no output. */
static int *graph_boxes(Drawing *d, const Graph *g, const int *inputs) {
  bool *needed = nodes_needed(d, g);
  int *box = NEW_N(d->arena, int, g->nodes.n + 1), **results = NEW_N(d->arena, int *, g->nodes.n + 1);
  for (int i = 0; i < g->nodes.n; ++i) {
    const Node *n = g->nodes.at[i];
    box[i] = -1;
    if (!needed[i] || n->op == OP_const || n->op == OP_state || n->op == OP_iota) continue;
    if (n->op == OP_input)
      box[i] = input_box(d, g, n, inputs);
    else if (op_info[n->op].family == FAMILY_CONTROL && n->op != OP_result && n->attr->body)
      results[i] = control_boxes(d, n, box);
    else if (n->op == OP_result && results[n->in[0]->id] && n->attr->dim < n->in[0]->attr->body->outputs.n)
      box[i] = results[n->in[0]->id][n->attr->dim];
    else
      box[i] = node_box(d, n, box);
  }
  return box;
}

/* What writes the parameters: behind everything else. */
static void update_box(Drawing *d, const Graph *g) {
  int tensors = 0, before = d->boxes.n;
  Loc loc = {0};
  for (int i = 0; i < g->assigns.n; ++i) {
    const Node *n = g->assigns.at[i];
    if (!n->attr->state->trained) continue;
    ++tensors;
    loc = n->loc;
  }
  if (!tensors || !before) return;
  const char *via = loc.via && !strncmp(loc.via, "nn.", 3) ? loc.via + 3 : "update";
  int box = box_new(d, loc, arena_printf(d->arena, "%s of %d tensors", via, tensors));
  edge_add(d, before - 1, box);
}

/* ---- places ---- */
static int rows_set(Drawing *d) {
  int rows = 0;
  for (int i = 0; i < d->boxes.n; ++i) {
    Box *b = &d->boxes.at[i];
    for (int e = 0; e < d->edges.n; ++e)
      if (d->edges.at[e].to == i && d->boxes.at[d->edges.at[e].from].row >= b->row)
        b->row = d->boxes.at[d->edges.at[e].from].row + 1;
    for (int k = 0; k < i; ++k) b->place += d->boxes.at[k].row == b->row;
    if (b->row >= rows) rows = b->row + 1;
  }
  return rows;
}

static int row_count(const Drawing *d, int row) {
  int n = 0;
  for (int i = 0; i < d->boxes.n; ++i) n += d->boxes.at[i].row == row;
  return n;
}

/* Returns the width of the picture; *high: its height. */
static double boxes_place(Drawing *d, int rows, double *high) {
  int columns = (rows + ROWS_MAX - 1) / ROWS_MAX;
  double left = GAP_X;
  d->rows = (rows + columns - 1) / columns;
  *high = 0;
  for (int top = 0; top < rows; top += d->rows) {
    int most = 1;
    for (int r = top; r < top + d->rows && r < rows; ++r)
      if (row_count(d, r) > most) most = row_count(d, r);
    double wide = most * (WIDE + GAP_X);
    for (int i = 0; i < d->boxes.n; ++i) {
      Box *b = &d->boxes.at[i];
      if (b->row < top || b->row >= top + d->rows) continue;
      b->x = left + wide / 2 + (b->place - (row_count(d, b->row) - 1) / 2.0) * (WIDE + GAP_X) - (WIDE + GAP_X) / 2.0;
      b->y = GAP_Y + (b->row - top) * (HIGH + GAP_Y);
      if (b->y + HIGH + GAP_Y > *high) *high = b->y + HIGH + GAP_Y;
    }
    left += wide + GAP_X;
  }
  return left;
}

/* ---- the picture ---- */
static void edge_draw(Drawing *d, const Edge *e) {
  const Box *a = &d->boxes.at[e->from], *b = &d->boxes.at[e->to];
  double x0 = a->x + WIDE / 2.0, y0 = a->y + HIGH, x1 = b->x + WIDE / 2.0, y1 = b->y - 3;
  int span = b->row - a->row;
  bool column = a->row / d->rows != b->row / d->rows;
  text_puts(d->page->out, "<path class=\"edge\" marker-end=\"url(#arrow)\" d=\"");
  if (column) /* out at the right, in at the left */
    text_printf(d->page->out, "M%.0f %.0f C%.0f %.0f %.0f %.0f %.0f %.0f", a->x + WIDE, y0 - HIGH / 2.0,
                a->x + WIDE + 26, y0 - HIGH / 2.0, b->x - 30, y1 + HIGH / 2.0, b->x - 3, y1 + HIGH / 2.0 + 3);
  else if (span > 1) /* past the boxes between */
    text_printf(d->page->out, "M%.0f %.0f C%.0f %.0f %.0f %.0f %.0f %.0f", a->x + WIDE, y0 - HIGH / 2.0,
                a->x + WIDE + 16 + 4 * span, y0, b->x + WIDE + 16 + 4 * span, y1 + HIGH / 2.0 - 16, b->x + WIDE + 3,
                y1 + HIGH / 2.0 + 3);
  else
    text_printf(d->page->out, "M%.0f %.0f C%.0f %.0f %.0f %.0f %.0f %.0f", x0, y0, x0, y0 + 14, x1, y1 - 14, x1, y1);
  text_puts(d->page->out, "\"/>\n");
}

static const char *box_detail(Drawing *d, const Box *b) {
  Arena *a = d->arena;
  const char *text = b->loc.line > 0 ? arena_printf(a, "line %d", b->loc.line) : "";
  if (b->last) text = arena_printf(a, "%s%s%s", text, *text ? " · " : "", shape_text(a, b->last->shape));
  if (b->parameters) text = arena_printf(a, "%s · %s", text, count_text(a, b->parameters));
  return text;
}

static void box_draw(Drawing *d, const Box *b) {
  Arena *a = d->arena;
  Text *out = d->page->out;
  text_printf(out, "<g%s><rect class=\"box\" x=\"%.0f\" y=\"%.0f\" width=\"%d\" height=\"%d\" rx=\"8\"/>",
              page_line(d->page, b->loc), b->x, b->y, WIDE, HIGH);
  text_printf(out, "<rect class=\"t\" x=\"%.0f\" y=\"%.0f\" width=\"5\" height=\"%d\" rx=\"2\" fill=\"%s\"%s/>", b->x,
              b->y + 6, HIGH - 12, page_colour(d->page, b->loc), page_line(d->page, b->loc));
  text_printf(out, "<text class=\"strong\" x=\"%.0f\" y=\"%.0f\">%s</text>", b->x + 14, b->y + 21,
              page_escape(a, b->label));
  if (b->most > 1)
    text_printf(out, "<text class=\"strong\" text-anchor=\"end\" x=\"%.0f\" y=\"%.0f\">%d ×</text>", b->x + WIDE - 10,
                b->y + 21, b->most);
  text_printf(out, "<text class=\"small\" x=\"%.0f\" y=\"%.0f\">%s</text>", b->x + 14, b->y + 38, box_detail(d, b));
  text_printf(out, "<title>%s\n%s\n%s parameters</title></g>\n", page_escape(a, b->label),
              page_escape(a, loc_text(a, b->loc)), grouped(a, b->parameters));
}

/* They stand first, whatever reads them first. */
static void data_boxes(Drawing *d, const Graph *g) {
  for (int i = 0; i < g->nodes.n; ++i)
    if (g->nodes.at[i]->op == OP_input) input_box(d, g, g->nodes.at[i], NULL);
}

void page_graph(Page *page, const Host *h) {
  Drawing d = {.page = page, .arena = page->arena};
  map_init(&d.counted, d.arena);
  data_boxes(&d, h->graph);
  graph_boxes(&d, h->graph, NULL);
  update_box(&d, h->graph);
  if (!d.boxes.n) return;
  double high, wide = boxes_place(&d, rows_set(&d), &high);
  text_puts(page->out, "<h3>Layers</h3>\n<p>From the data to the outputs: what a line makes, the shape that leaves it, "
                       "its parameters.</p>\n");
  text_printf(page->out,
              "<div class=\"panel\"><svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" role=\"img\"><defs><marker "
              "id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"6\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
              "orient=\"auto-start-reverse\"><path d=\"M0 0 L8 4 L0 8 z\" style=\"fill:#8a94a6\"/></marker></defs>\n",
              wide, high, wide);
  for (int i = 0; i < d.edges.n; ++i) edge_draw(&d, &d.edges.at[i]);
  for (int i = 0; i < d.boxes.n; ++i) box_draw(&d, &d.boxes.at[i]);
  text_puts(page->out, "</svg></div>\n");
}
