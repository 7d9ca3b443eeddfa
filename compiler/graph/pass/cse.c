/* cse.c: shares equal nodes: same op, dtype, shape, attributes and operands. One walk in order with a table of keys, so
 * operands are shared before their readers are looked at and the time is linear.
 *
 * Two draws of random numbers are equal only with equal `place`, seed and count (all in the key). Assigns are never
 * shared: each is a version of its state. Operands of ops that commute are sorted in the key, not in the node: a + b
 * and b + a are one value to the bit, NaN payloads apart. The node that comes first stays, with its line and name.
 *
 *   c = add a b ; d = add b a ; e = mul c d    ->    c = add a b ; e = mul c c */
#include "rules.h"

typedef struct Key {
  Arena *arena;
  char *at;
  size_t n, cap;
} Key;

static void key_bytes(Key *k, const void *bytes, size_t n) {
  if (k->n + n > k->cap) {
    size_t cap = 2 * (k->n + n) + 256;
    char *at = arena_alloc(k->arena, cap);
    if (k->n > 0) memcpy(at, k->at, k->n);
    k->at = at, k->cap = cap;
  }
  memcpy(k->at + k->n, bytes, n);
  k->n += n;
}

static void key_int(Key *k, int64_t x) { key_bytes(k, &x, sizeof x); }

static void key_shape(Key *k, Shape s) {
  key_int(k, s.rank);
  key_bytes(k, s.dim, (size_t)s.rank * sizeof *s.dim);
}

static void key_axes(Key *k, const Axes *axes) {
  key_int(k, axes->n);
  key_bytes(k, axes->at, (size_t)axes->n * sizeof *axes->at);
}

static void key_attr(Key *k, const Attr *a) {
  key_axes(k, &a->axes), key_axes(k, &a->axes_b);
  key_axes(k, &a->batch), key_axes(k, &a->batch_b);
  key_bytes(k, a->low, sizeof a->low), key_bytes(k, a->high, sizeof a->high), key_bytes(k, a->step, sizeof a->step);
  key_bytes(k, a->size, sizeof a->size), key_bytes(k, a->dilation, sizeof a->dilation);
  key_int(k, a->dtype), key_int(k, a->dim), key_int(k, a->place);
  key_bytes(k, &a->fill, sizeof a->fill);
  key_bytes(k, &a->state, sizeof(State *)), key_bytes(k, &a->input, sizeof(Input *));
  if (a->value) {
    key_shape(k, a->value->shape);
    key_bytes(k, a->value->data, (size_t)shape_count(a->value->shape) * (size_t)dtype_info[a->value->dtype].bytes);
  }
}

static void key_node(Key *k, const Node *n, Node *const *in) {
  k->n = 0;
  key_int(k, n->op), key_int(k, n->dtype), key_int(k, n->nin);
  key_shape(k, n->shape);
  int swap = op_is_elementwise(n->op) && op_commutes(n->op) && in[0]->id > in[1]->id;
  for (int i = 0; i < n->nin; ++i) key_int(k, in[i < 2 ? i ^ swap : i]->id);
  key_attr(k, n->attr);
}

typedef struct Cse {
  Intern table;
  Key key;
} Cse;

static Node *share(Graph *to, const Node *n, Node *const *in, void *context) {
  Cse *cse = context;
  if (n->op == OP_assign || n->attr->body) return graph_copy_node(to, n, in); /* subgraphs are not compared */
  key_node(&cse->key, n, in);
  void **slot = intern_slot(&cse->table, cse->key.at, cse->key.n);
  if (!*slot) *slot = graph_copy_node(to, n, in);
  return *slot;
}

Graph *pass_cse(Graph *g) {
  Cse cse = {.key.arena = g->arena};
  intern_init(&cse.table, g->arena);
  return graph_rebuild(g, share, &cse);
}
