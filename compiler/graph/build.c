/* build.c: graph_add, the one way into a graph, and the shorthands on it; modules and their states.
 *
 * graph_add infers shape and dtype (graph/op/), copies attributes and operands, and keeps the lists of the graph:
 * inputs, leaves, and for each state its last assign. Builders fold nothing: what the front or a gradient rule asks for
 * is what stands in the dump. A shorthand takes its line from its first operand. */
#include "op/op.h"

Graph *graph_new(Arena *arena, const char *name) {
  Graph *g = NEW(arena, Graph);
  g->arena = arena;
  g->name = arena_strdup(arena, name);
  return g;
}

Module *module_new(Arena *arena) {
  Module *m = NEW(arena, Module);
  m->arena = arena;
  return m;
}

State *module_state(Module *m, const char *name, DType dtype, Shape shape, bool trained, Loc loc) {
  State *s = NEW(m->arena, State);
  s->id = m->states.n;
  s->name = arena_strdup(m->arena, name);
  s->dtype = dtype;
  s->shape = shape;
  s->trained = trained;
  s->saved = true;
  s->loc = loc;
  vec_push(m->arena, m->states, s);
  return s;
}

/* ---- vocabularies ---- */
bool source_is_tokens(const Source *s) { return !strcmp(s->kind, "bpe"); }

const Source *module_tokens(const Module *m) {
  for (int i = 0; i < m->sources.n; ++i)
    if (source_is_tokens(m->sources.at[i])) return m->sources.at[i];
  return NULL;
}

static bool words_found(Vocabulary *words, const Source *s) {
  words->characters = s->vocabulary;
  words->in_file = !s->vocabulary && (source_is_tokens(s) || !strcmp(s->kind, "text"));
  return words->characters || words->in_file;
}

/* Of the function's sources, else of the first source that has one (runtime/host/inputs.c has the same rule). */
Vocabulary module_vocabulary(const Module *m, const Func *func) {
  Vocabulary words = {0};
  for (int i = 0; i < func->sources.n; ++i)
    if (words_found(&words, m->sources.at[func->sources.at[i]])) return words;
  for (int i = 0; i < m->sources.n; ++i)
    if (words_found(&words, m->sources.at[i])) return words;
  return words;
}

/* ---- graph_add ---- */

static void register_input(Graph *g, Input *input) {
  for (int k = 0; k < g->inputs.n; ++k)
    if (g->inputs.at[k] == input) return;
  vec_push(g->arena, g->inputs, input);
}

/* Takes the place of the state's earlier assign, or goes where its state's number puts it. */
static void register_assign(Graph *g, Node *n) {
  int k = 0;
  while (k < g->assigns.n && g->assigns.at[k]->attr->state->id < n->attr->state->id) ++k;
  if (k < g->assigns.n && g->assigns.at[k]->attr->state == n->attr->state) {
    g->assigns.at[k] = n;
    return;
  }
  vec_push(g->arena, g->assigns, n);
  for (int j = g->assigns.n - 1; j > k; --j) g->assigns.at[j] = g->assigns.at[j - 1];
  g->assigns.at[k] = n;
}

Node *graph_add(Graph *g, Op op, int nin, Node *const *in, const Attr *attr, Loc loc) {
  static const Attr no_attr;
  Node *n = NEW(g->arena, Node);
  n->id = g->nodes.n;
  n->op = op;
  n->nin = nin;
  n->loc = g->at ? *g->at : loc;
  n->attr = attr ? memcpy(NEW(g->arena, Attr), attr, sizeof *attr) : &no_attr;
  if (nin > 3) n->more = memcpy(NEW_N(g->arena, Node *, nin), in, sizeof *in * (size_t)nin);
  for (int i = 0; i < nin; ++i) {
    if (i < 3) n->in[i] = in[i];
    if (!in[i] || in[i]->id >= g->nodes.n || g->nodes.at[in[i]->id] != in[i])
      bug("%s: operand %d is not a node of graph '%s'", op_info[op].name, i, g->name);
  }
  infer_node(g, n);
  vec_push(g->arena, g->nodes, n);
  if (op == OP_input) register_input(g, n->attr->input);
  if (op == OP_input || op == OP_state) vec_push(g->arena, g->leaves, n);
  if (op == OP_assign) register_assign(g, n);
  return n;
}

/* ---- elementwise ---- */

Node *graph_op1(Graph *g, Op op, Node *a) { return graph_add(g, op, 1, &a, NULL, a->loc); }
Node *graph_op2(Graph *g, Op op, Node *a, Node *b) { return graph_add(g, op, 2, (Node *[]){a, b}, NULL, a->loc); }
Node *graph_op3(Graph *g, Op op, Node *a, Node *b, Node *c) {
  return graph_add(g, op, 3, (Node *[]){a, b, c}, NULL, a->loc);
}

Node *graph_cast(Graph *g, Node *a, DType dtype) {
  return a->dtype == dtype ? a : graph_add(g, OP_cast, 1, &a, &(Attr){.dtype = dtype}, a->loc);
}

Node *graph_bitcast(Graph *g, Node *a, DType dtype) {
  return graph_add(g, OP_bitcast, 1, &a, &(Attr){.dtype = dtype}, a->loc);
}

/* ---- leaves ---- */

Node *graph_const(Graph *g, DType dtype, double value, Loc loc) {
  Value *v = value_new(g->arena, dtype, (Shape){0});
  if (v->f)
    v->f[0] = value;
  else
    v->i[0] = dtype == DT_bool ? value != 0 : dtype_saturate(dtype, value);
  return graph_add(g, OP_const, 0, NULL, &(Attr){.value = tensor_of_value(g->arena, v)}, loc);
}

Node *graph_const_tensor(Graph *g, const Tensor *value, Loc loc) {
  Tensor *copy = NEW(g->arena, Tensor);
  size_t bytes = (size_t)shape_count(value->shape) * (size_t)dtype_info[value->dtype].bytes;
  *copy = *value;
  copy->data = memcpy(arena_alloc(g->arena, bytes), value->data, bytes);
  return graph_add(g, OP_const, 0, NULL, &(Attr){.value = copy}, loc);
}

Node *graph_full(Graph *g, DType dtype, Shape shape, double value, Loc loc) {
  Node *c = graph_const(g, dtype, value, loc);
  return shape.rank ? graph_broadcast(g, c, shape) : c;
}

Node *graph_like(Graph *g, const Node *like, double value) {
  return graph_full(g, like->dtype, like->shape, value, like->loc);
}

Node *graph_input(Graph *g, Input *input) {
  for (int k = 0; k < g->leaves.n; ++k)
    if (g->leaves.at[k]->op == OP_input && g->leaves.at[k]->attr->input == input) return g->leaves.at[k];
  Node *n = graph_add(g, OP_input, 0, NULL, &(Attr){.input = input}, input->loc);
  n->name = input->name;
  return n;
}

Node *graph_state(Graph *g, State *state, Loc loc) {
  for (int k = 0; k < g->leaves.n; ++k)
    if (g->leaves.at[k]->op == OP_state && g->leaves.at[k]->attr->state == state) return g->leaves.at[k];
  return graph_add(g, OP_state, 0, NULL, &(Attr){.state = state}, loc);
}

Node *graph_assign(Graph *g, State *state, Node *value, Loc loc) {
  return graph_add(g, OP_assign, 1, &value, &(Attr){.state = state}, loc);
}

Node *graph_iota(Graph *g, int64_t n, Loc loc) { return graph_add(g, OP_iota, 0, NULL, &(Attr){.high = {n}}, loc); }

static Attr attr_of_shape(Shape shape) {
  Attr attr = {.rank = shape.rank};
  for (int d = 0; d < shape.rank; ++d) attr.high[d] = shape.dim[d];
  return attr;
}

Node *graph_random(Graph *g, Node *seed, Node *calls, Node *turn, Shape shape, uint32_t place, Loc loc) {
  Attr attr = attr_of_shape(shape);
  attr.place = place;
  return graph_add(g, OP_random, 3, (Node *[]){seed, calls, turn}, &attr, loc);
}

/* ---- movement ---- */

Node *graph_reshape(Graph *g, Node *a, Shape shape) {
  Attr attr = attr_of_shape(shape);
  return graph_add(g, OP_reshape, 1, &a, &attr, a->loc);
}

Node *graph_transpose(Graph *g, Node *a, Axes permutation) {
  return graph_add(g, OP_transpose, 1, &a, &(Attr){.axes = permutation}, a->loc);
}

Node *graph_broadcast(Graph *g, Node *a, Shape shape) {
  Attr attr = attr_of_shape(shape);
  return graph_add(g, OP_broadcast, 1, &a, &attr, a->loc);
}

Node *graph_broadcast_to(Graph *g, Node *a, Shape shape) {
  if (shape_equal(a->shape, shape)) return a;
  if (a->shape.rank > 0 && a->shape.rank < shape.rank) {
    Shape aligned = {.rank = shape.rank};
    for (int d = 0, missing = shape.rank - a->shape.rank; d < shape.rank; ++d)
      aligned.dim[d] = d < missing ? 1 : a->shape.dim[d - missing];
    a = graph_reshape(g, a, aligned);
  }
  return shape_equal(a->shape, shape) ? a : graph_broadcast(g, a, shape);
}

Node *graph_slice(Graph *g, Node *a, const int64_t *low, const int64_t *high, const int64_t *step) {
  Attr attr = {0};
  for (int d = 0; d < a->shape.rank; ++d) {
    attr.low[d] = low[d];
    attr.high[d] = high[d];
    attr.step[d] = step ? step[d] : 1;
  }
  return graph_add(g, OP_slice, 1, &a, &attr, a->loc);
}

Node *graph_pad(Graph *g, Node *a, const int64_t *low, const int64_t *high, const int64_t *interior, double fill) {
  Attr attr = {.fill = fill};
  for (int d = 0; d < a->shape.rank; ++d) {
    attr.low[d] = low[d];
    attr.high[d] = high[d];
    attr.step[d] = interior ? interior[d] : 0;
  }
  return graph_add(g, OP_pad, 1, &a, &attr, a->loc);
}

Node *graph_concat(Graph *g, int n, Node *const *in, int dim) {
  Loc loc = n > 0 ? in[0]->loc : (Loc){0};
  return graph_add(g, OP_concat, n, in, &(Attr){.dim = dim}, loc);
}

Node *graph_reverse(Graph *g, Node *a, Axes dims) {
  return graph_add(g, OP_reverse, 1, &a, &(Attr){.axes = dims}, a->loc);
}

static Attr attr_of_window(Axes dims, const int64_t *size, const int64_t *stride, const int64_t *dilation) {
  Attr attr = {.axes = dims};
  for (int k = 0; k < dims.n; ++k) attr.size[k] = size[k], attr.step[k] = stride[k], attr.dilation[k] = dilation[k];
  return attr;
}

Node *graph_window(Graph *g, Node *a, Axes dims, const int64_t *size, const int64_t *stride, const int64_t *dilation) {
  Attr attr = attr_of_window(dims, size, stride, dilation);
  return graph_add(g, OP_window, 1, &a, &attr, a->loc);
}

Node *graph_unwindow(Graph *g, Node *a, Axes dims, const int64_t *size, const int64_t *stride, const int64_t *dilation,
                     const int64_t *extent) {
  Attr attr = attr_of_window(dims, size, stride, dilation);
  for (int k = 0; k < dims.n; ++k) attr.high[k] = extent[k];
  return graph_add(g, OP_unwindow, 1, &a, &attr, a->loc);
}

/* ---- reductions ---- */

Node *graph_reduce(Graph *g, Op op, Node *a, Axes dims) {
  return graph_add(g, op, 1, &a, &(Attr){.axes = dims}, a->loc);
}

Node *graph_unreduce(Graph *g, Node *reduced, Shape shape, Axes dims) {
  Shape kept = shape;
  for (int k = 0; k < dims.n; ++k) kept.dim[dims.at[k]] = 1;
  if (reduced->shape.rank == 0) return shape.rank ? graph_broadcast(g, reduced, shape) : reduced;
  Node *a = reshape_if(g, reduced, kept);
  return shape_equal(kept, shape) ? a : graph_broadcast(g, a, shape);
}

/* ---- products ---- */

Node *graph_dot(Graph *g, Node *a, Node *b, Axes batch, Axes batch_b, Axes contract, Axes contract_b) {
  Attr attr = {.axes = contract, .axes_b = contract_b, .batch = batch, .batch_b = batch_b};
  return graph_add(g, OP_dot, 2, (Node *[]){a, b}, &attr, a->loc);
}

/* The last `keep` dims of a, with batch dims `batch` in front. */
static Node *with_batch(Graph *g, Node *a, Shape batch, int keep) {
  Shape s = batch;
  for (int d = a->shape.rank - keep; d < a->shape.rank; ++d) s.dim[s.rank++] = a->shape.dim[d];
  return graph_broadcast_to(g, a, s);
}

static _Noreturn void matmul_error(Graph *g, const Node *a, const Node *b, MsgId id, int64_t ka, int64_t kb) {
  diag_note(a->loc, MSG_made_here, node_text(g->arena, a));
  diag_note(b->loc, MSG_made_here, node_text(g->arena, b));
  user_error(g->at ? *g->at : a->loc, id, node_text(g->arena, a), node_text(g->arena, b), (long long)ka, (long long)kb);
}

/* torch.matmul: a vector on either side stands for one row or column, which the result drops; leading dims are batches
 * and broadcast. A b without batches is one plain product with all rows of a. */
Node *graph_matmul(Graph *g, Node *a, Node *b) {
  int ra = a->shape.rank, rb = b->shape.rank;
  if (ra == 0 || rb == 0) matmul_error(g, a, b, MSG_matmul_rank, 0, 0);
  int ka = ra - 1, kb = rb == 1 ? 0 : rb - 2;
  if (a->shape.dim[ka] != b->shape.dim[kb]) matmul_error(g, a, b, MSG_matmul_sizes, a->shape.dim[ka], b->shape.dim[kb]);
  Axes none = {0};
  if (rb <= 2) return graph_dot(g, a, b, none, none, (Axes){1, {ka}}, (Axes){1, {kb}});
  int keep_a = ra == 1 ? 1 : 2;
  Shape batch_a = {.rank = ra - keep_a}, batch_b = {.rank = rb - 2}, batch;
  memcpy(batch_a.dim, a->shape.dim, sizeof batch_a.dim);
  memcpy(batch_b.dim, b->shape.dim, sizeof batch_b.dim);
  if (!shape_broadcast(batch_a, batch_b, &batch)) matmul_error(g, a, b, MSG_matmul_batch, 0, 0);
  if (batch.rank + 2 > RANK_MAX)
    user_error(g->at ? *g->at : a->loc, MSG_rank_large, "matmul", RANK_MAX, node_text(g->arena, b));
  a = with_batch(g, a, batch, keep_a);
  b = with_batch(g, b, batch, 2);
  Axes dims = {.n = batch.rank};
  for (int d = 0; d < batch.rank; ++d) dims.at[d] = d;
  return graph_dot(g, a, b, dims, dims, (Axes){1, {a->shape.rank - 1}}, (Axes){1, {b->shape.rank - 2}});
}

/* ---- index ---- */

Node *graph_gather(Graph *g, Node *x, Node *index, int dim) {
  return graph_add(g, OP_gather, 2, (Node *[]){x, index}, &(Attr){.dim = dim}, x->loc);
}

Node *graph_scatter(Graph *g, Node *x, Node *index, Node *source, int dim) {
  return graph_add(g, OP_scatter, 3, (Node *[]){x, index, source}, &(Attr){.dim = dim}, x->loc);
}

Node *graph_scatter_set(Graph *g, Node *x, Node *index, Node *source, int dim) {
  return graph_add(g, OP_scatter_set, 3, (Node *[]){x, index, source}, &(Attr){.dim = dim}, x->loc);
}

Node *graph_cumsum(Graph *g, Node *x, int dim) { return graph_add(g, OP_cumsum, 1, &x, &(Attr){.dim = dim}, x->loc); }

Node *graph_argsort(Graph *g, Node *x, int dim) { return graph_add(g, OP_argsort, 1, &x, &(Attr){.dim = dim}, x->loc); }
