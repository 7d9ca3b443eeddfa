/* leaf.c: const, input, state, iota, random: nodes that begin a graph. None has a gradient with respect to anything:
 * each may itself be what a gradient is asked for.
 *
 * random is a pure function: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") keyed
 * by the seed. `calls` and `turn` are scalars, or arrays whose dimensions lead those of the result: then each of their
 * elements has a draw of its own over the dimensions that follow (nn.vmap). Element e of a draw takes word (e div 16)
 * mod 4 of the block with counter (e div 64)*16 + e mod 16, so that up to 16 lanes fill without shuffles whatever the
 * vector width (MIDDLE.md 1.3). */
#include "op.h"

#define NO_GRADIENT(name)                                                                                              \
  void grad_##name(Graph *g, Node *y, Node *dy, const bool *want, Node **dx) {                                         \
    (void)g, (void)y, (void)dy, (void)want, (void)dx;                                                                  \
  }
NO_GRADIENT(const)
NO_GRADIENT(input)
NO_GRADIENT(state)
NO_GRADIENT(iota)
NO_GRADIENT(random)

void infer_const(const Graph *g, Node *n) {
  (void)g;
  if (!n->attr->value) user_error(n->loc, MSG_const_none);
  n->dtype = n->attr->value->dtype;
  n->shape = n->attr->value->shape;
}

void eval_const(const Eval *e, const Node *n, Value *y) { *y = *value_of_tensor(e->arena, n->attr->value); }

void infer_input(const Graph *g, Node *n) {
  (void)g;
  if (!n->attr->input) bug("input: no Input");
  n->dtype = n->attr->input->dtype;
  n->shape = n->attr->input->shape;
}

/* What the caller of the evaluator gave must be what the graph says, else readers would run past its end. */
static void take_given(const Eval *e, const Node *n, const Value *given, Value *y) {
  if (!given) given = value_new(e->arena, n->dtype, n->shape);
  if (given->dtype != n->dtype || !shape_equal(given->shape, n->shape))
    bug("%%%d was given a value of another shape", n->id);
  *y = *given;
  if (!y->f || !e->env->round) return;
  *y = *value_new(e->arena, n->dtype, n->shape);
  for (int64_t k = 0, count = shape_count(n->shape); k < count; ++k) y->f[k] = dtype_round(n->dtype, given->f[k]);
}

void eval_input(const Eval *e, const Node *n, Value *y) {
  take_given(e, n, e->env->input ? e->env->input(e->env->context, n->attr->input) : NULL, y);
}

void infer_state(const Graph *g, Node *n) {
  (void)g;
  if (!n->attr->state) bug("state: no State");
  n->dtype = n->attr->state->dtype;
  n->shape = n->attr->state->shape;
}

void eval_state(const Eval *e, const Node *n, Value *y) {
  take_given(e, n, e->env->state ? e->env->state(e->env->context, n->attr->state) : NULL, y);
}

void infer_iota(const Graph *g, Node *n) {
  (void)g;
  n->dtype = DT_i32;
  n->shape = shape_of(1, n->attr->high[0]);
  if (n->attr->high[0] > INT32_MAX) user_error(n->loc, MSG_shape_large, "iota", shape_text(g->arena, n->shape));
}

void eval_iota(const Eval *e, const Node *n, Value *y) {
  (void)e;
  for (int64_t k = 0; k < n->shape.dim[0]; ++k) y->i[k] = k;
}

static bool leads(Shape s, Shape of) {
  of.rank = s.rank <= of.rank ? s.rank : of.rank;
  return shape_equal(s, of);
}

void infer_random(const Graph *g, Node *n) {
  const Node *seed = node_in(n, 0), *calls = node_in(n, 1), *turn = node_in(n, 2);
  n->dtype = DT_u32;
  n->shape = attr_shape(n->attr);
  bool fits = seed->dtype == DT_u32 && calls->dtype == DT_u32 && turn->dtype == DT_u32 && seed->shape.rank == 1 &&
              seed->shape.dim[0] == 2 && leads(calls->shape, n->shape) && leads(turn->shape, n->shape);
  if (!fits) user_error(n->loc, MSG_random_operand, node_text(g->arena, seed), node_text(g->arena, calls));
}

static void philox(const uint32_t key_in[2], uint32_t c[4]) {
  uint32_t key[2] = {key_in[0], key_in[1]};
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ key[0], (uint32_t)p1, (uint32_t)(p0 >> 32) ^ c[3] ^ key[1],
                        (uint32_t)p0};
    memcpy(c, next, sizeof next);
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
}

void eval_random(const Eval *e, const Node *n, Value *y) {
  const int64_t *seed = eval_in(e, n, 0)->i;
  uint32_t key[2] = {(uint32_t)seed[0], (uint32_t)seed[1]};
  const Value *calls = eval_in(e, n, 1), *turn = eval_in(e, n, 2);
  int64_t count = shape_count(n->shape), per_call = count / shape_count(calls->shape);
  int64_t per_turn = count / shape_count(turn->shape), draw = per_call < per_turn ? per_call : per_turn;
  for (int64_t i = 0; i < count; ++i) {
    int64_t k = i % draw;
    uint32_t c[4] = {(uint32_t)(k / 64 * 16 + k % 16), (uint32_t)turn->i[i / per_turn],
                     (uint32_t)calls->i[i / per_call], n->attr->place};
    philox(key, c);
    y->i[i] = c[k / 16 % 4];
  }
}
