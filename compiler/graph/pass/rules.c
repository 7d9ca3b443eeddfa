/* rules.c: parses the texts of rules.def into patterns, matches them against nodes, and builds right sides.
 *
 * Used by simplify.c (all rules, by the op at their root) and by tests/rules. The grammar is C's for the operators that
 * rules.def lists; a rule that does not parse is a bug of ours and ends the run at once. Matching looks at the nodes of
 * the graph under construction, so operands are already rewritten; a number matches a constant whose elements are all
 * that number (uniform.h). Cost: a rule is only taken when its right side is cheaper, which rules_parse asserts, so
 * that rewriting ends. */
#include "rules.h"
#include "uniform.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

static bool guard_any(DType t) { return t < DTYPE_COUNT; }
static bool guard_real(DType t) { return dtype_is_float(t); }
static bool guard_integer(DType t) { return dtype_is_integer(t); }
static bool guard_discrete(DType t) { return !dtype_is_float(t); }
static bool guard_boolean(DType t) { return t == DT_bool; }
static bool guard_negates(DType t) { return dtype_is_float(t) || dtype_info[t].kind == KIND_SIGNED; }

#define RULE2(from, to) RULE4(from, to, EXACT, any)
#define RULE3(from, to, flag) RULE4(from, to, flag, any)
#define RULE4(from, to, flag, guard) {from, to, RULE_##flag, guard_##guard, #guard},
#define RULE_PICK(a, b, c, d, pick, ...) pick
#define RULE(...) RULE_PICK(__VA_ARGS__, RULE4, RULE3, RULE2, ~)(__VA_ARGS__)
const RuleText rule_texts[] = {
#include "../rules.def"
};
#undef RULE
const int rule_text_count = (int)(sizeof rule_texts / sizeof *rule_texts);

static bool fast_allowed;
void rules_fast(bool on) { fast_allowed = on; }

/* ---- text to pattern: precedence climbing over one table of binary operators ---- */
typedef struct Reader {
  Arena *arena;
  const char *text, *at;
  char names[RULE_VARS][16];
  int nvars;
} Reader;

static const struct Binary {
  const char *sign;
  int level; /* higher binds tighter */
  Op op;
} binaries[] = {
    {"|", 1, OP_or}, {"^", 2, OP_xor}, {"&", 3, OP_and}, {"==", 4, OP_eq}, {"<=", 4, OP_le},
    {"<", 4, OP_lt}, {"+", 5, OP_add}, {"-", 5, OP_sub}, {"*", 6, OP_mul}, {"/", 6, OP_div},
};

static Pattern *parse_level(Reader *r, int level);

static char peek(Reader *r) {
  while (*r->at == ' ') ++r->at;
  return *r->at;
}

static bool accept(Reader *r, const char *sign) {
  peek(r);
  size_t n = strlen(sign);
  if (strncmp(r->at, sign, n) != 0) return false;
  r->at += n;
  return true;
}

static void expect(Reader *r, const char *sign) {
  if (!accept(r, sign)) bug("rules.def: '%s': '%s' expected before '%s'", r->text, sign, r->at);
}

static Pattern *pattern_op(Reader *r, Op op, int n, Pattern *const *arg) {
  Pattern *p = NEW(r->arena, Pattern);
  p->kind = PAT_op, p->op = op, p->n = n;
  for (int i = 0; i < n; ++i) p->arg[i] = arg[i];
  return p;
}

static Pattern *pattern_number(Reader *r, double value, bool truth) {
  Pattern *p = NEW(r->arena, Pattern);
  p->kind = PAT_number, p->value = value, p->truth = truth;
  return p;
}

static Pattern *pattern_var(Reader *r, const char *name, size_t n) {
  Pattern *p = NEW(r->arena, Pattern);
  p->kind = PAT_var;
  for (p->var = 0; p->var < r->nvars; ++p->var)
    if (strlen(r->names[p->var]) == n && memcmp(r->names[p->var], name, n) == 0) return p;
  if (r->nvars == RULE_VARS || n >= sizeof r->names[0]) bug("rules.def: '%s': too many variables", r->text);
  memcpy(r->names[r->nvars++], name, n);
  return p;
}

static Pattern *parse_call(Reader *r, const char *name, size_t n) {
  const char *word = arena_strndup(r->arena, name, n);
  int op = op_find(word);
  if (op < 0 || !op_is_elementwise((Op)op)) bug("rules.def: '%s': no elementwise op '%s'", r->text, word);
  Pattern *arg[3];
  int count = 0;
  do {
    if (count == 3) bug("rules.def: '%s': too many operands", r->text);
    arg[count++] = parse_level(r, 1);
  } while (accept(r, ","));
  expect(r, ")");
  if (count != op_info[op].operands) bug("rules.def: '%s': %s takes %d operands", r->text, word, op_info[op].operands);
  return pattern_op(r, (Op)op, count, arg);
}

static Pattern *parse_word(Reader *r) {
  const char *name = r->at;
  while (isalnum((unsigned char)*r->at) || *r->at == '_') ++r->at;
  size_t n = (size_t)(r->at - name);
  if (n == 4 && memcmp(name, "true", 4) == 0) return pattern_number(r, 1, true);
  return accept(r, "(") ? parse_call(r, name, n) : pattern_var(r, name, n);
}

static Pattern *parse_number(Reader *r, double sign) {
  char *end;
  double value = strtod(r->at, &end);
  r->at = end;
  return pattern_number(r, sign * value, false);
}

static Pattern *parse_unary(Reader *r) {
  if (accept(r, "-")) {
    if (isdigit((unsigned char)peek(r))) return parse_number(r, -1);
    Pattern *a = parse_unary(r);
    return pattern_op(r, OP_neg, 1, &a);
  }
  if (accept(r, "~")) {
    Pattern *a = parse_unary(r);
    return pattern_op(r, OP_not, 1, &a);
  }
  if (accept(r, "(")) {
    Pattern *a = parse_level(r, 1);
    expect(r, ")");
    return a;
  }
  char c = peek(r);
  if (isdigit((unsigned char)c)) return parse_number(r, 1);
  if (!isalpha((unsigned char)c)) bug("rules.def: '%s': operand expected before '%s'", r->text, r->at);
  return parse_word(r);
}

static const struct Binary *accept_binary(Reader *r, int level) {
  for (size_t i = 0; i < sizeof binaries / sizeof *binaries; ++i)
    if (binaries[i].level == level && accept(r, binaries[i].sign)) return &binaries[i];
  return NULL;
}

static Pattern *parse_level(Reader *r, int level) {
  if (level > 6) return parse_unary(r);
  Pattern *a = parse_level(r, level + 1);
  const struct Binary *b;
  while ((b = accept_binary(r, level)) != NULL) {
    Pattern *arg[2] = {a, parse_level(r, level + 1)};
    a = pattern_op(r, b->op, 2, arg);
  }
  return a;
}

static Pattern *parse_side(Reader *r, const char *text) {
  r->text = r->at = text;
  Pattern *p = parse_level(r, 1);
  if (peek(r) != 0) bug("rules.def: '%s': trailing '%s'", text, r->at);
  return p;
}

static int pattern_commuting(const Pattern *p) {
  if (p->kind != PAT_op) return 0;
  int count = op_commutes(p->op);
  for (int i = 0; i < p->n; ++i) count += pattern_commuting(p->arg[i]);
  return count;
}

Rule *rule_parse(Arena *arena, const RuleText *text) {
  Reader r = {.arena = arena};
  Rule *rule = NEW(arena, Rule);
  rule->text = text;
  rule->from = parse_side(&r, text->from);
  rule->nvars = r.nvars;
  rule->commuting = pattern_commuting(rule->from);
  rule->to = parse_side(&r, text->to);
  if (r.nvars != rule->nvars) bug("rules.def: '%s' has a variable that '%s' lacks", text->to, text->from);
  return rule;
}

Rules *rules_parse(Arena *arena) {
  Rules *rules = NEW(arena, Rules);
  for (int i = 0; i < rule_text_count; ++i) {
    Rule *rule = rule_parse(arena, &rule_texts[i]);
    if (rule->from->kind != PAT_op) bug("rules.def: '%s' is no op", rule->text->from);
    if (pattern_cost(rule->to) >= pattern_cost(rule->from)) bug("rules.def: '%s' gets no cheaper", rule->text->from);
    vec_push(arena, rules->all, rule);
    vec_push(arena, rules->by_op[rule->from->op], rule);
  }
  return rules;
}

/* ---- cost: a rough count of instructions an element; at least 1, so that fewer nodes are cheaper ---- */
int op_cost(Op op) {
  switch (op) {
  case OP_div:
  case OP_sqrt: return 8;
  case OP_rsqrt:
  case OP_mod: return 15;
  case OP_fma: return 4;
  case OP_add:
  case OP_sub:
  case OP_mul: return 3;
  case OP_not: return 1;
  default: return op_info[op].math ? 40 : 2;
  }
}

int pattern_cost(const Pattern *p) {
  if (p->kind != PAT_op) return 0;
  int cost = op_cost(p->op);
  for (int i = 0; i < p->n; ++i) cost += pattern_cost(p->arg[i]);
  return cost;
}

bool op_commutes(Op op) {
  switch (op) {
  case OP_add:
  case OP_mul:
  case OP_eq:
  case OP_and:
  case OP_or:
  case OP_xor:
  case OP_mulhi:
  case OP_fma: return true;
  default: return false; /* maximum and minimum give their second operand when both are equal: -0 and 0 differ */
  }
}

/* ---- matching ---- */
static bool same_value(const Node *a, const Node *b) {
  if (a == b) return true;
  const Tensor *x = uniform_of(a), *y = uniform_of(b);
  return x && y && shape_equal(a->shape, b->shape) && tensor_bits_equal(x, y);
}

/* `swaps` has a bit for each op of the pattern that commutes, in preorder: set, its operands change places. */
static bool match(const Pattern *p, Node *n, unsigned *swaps, Node **binding) {
  if (p->kind == PAT_number) {
    const Tensor *value = uniform_of(n);
    return value && (!p->truth || n->dtype == DT_bool) && tensor_is_number(value, p->value);
  }
  if (p->kind == PAT_var) {
    if (binding[p->var]) return same_value(binding[p->var], n);
    binding[p->var] = n;
    return true;
  }
  if (n->op != p->op) return false;
  int swap = 0;
  if (op_commutes(p->op)) swap = *swaps & 1, *swaps >>= 1;
  for (int i = 0; i < p->n; ++i)
    if (!match(p->arg[i], n->in[i < 2 ? i ^ swap : i], swaps, binding)) return false;
  return true;
}

bool rule_match(const Rule *rule, Node *n, Node **binding) {
  if (rule->text->flag == RULE_FAST && !fast_allowed) return false;
  for (unsigned order = 0; order < 1u << rule->commuting; ++order) {
    unsigned swaps = order;
    memset(binding, 0, sizeof *binding * RULE_VARS);
    if (match(rule->from, n, &swaps, binding)) return !binding[0] || rule->text->guard(binding[0]->dtype);
  }
  return false;
}

/* ---- building ---- */
/* The dtype of a comparison's operands cannot be told from its result: the first operand that is no number says it. */
static DType operand_dtype(const Pattern *p, Node *const *binding, DType result) {
  if (p->kind == PAT_var) return binding[p->var]->dtype;
  if (p->kind == PAT_number || op_info[p->op].domain != 'C') return result;
  for (int i = 0; i < p->n; ++i)
    if (p->arg[i]->kind != PAT_number) return operand_dtype(p->arg[i], binding, result);
  return result;
}

static Node *build_op(Graph *to, const Pattern *p, Node *const *binding, DType dtype, const Node *like) {
  DType inner = op_info[p->op].domain == 'C' ? operand_dtype(p, binding, dtype) : dtype;
  Node *in[3];
  for (int i = 0; i < p->n; ++i) {
    bool condition = op_info[p->op].domain == 'W' && i == 0;
    in[i] = pattern_build(to, p->arg[i], binding, condition ? DT_bool : inner, like);
  }
  return graph_add(to, p->op, p->n, in, NULL, like->loc);
}

Node *pattern_build(Graph *to, const Pattern *p, Node *const *binding, DType dtype, const Node *like) {
  switch (p->kind) {
  case PAT_var: return binding[p->var];
  case PAT_number: return graph_full(to, dtype, like->shape, p->value, like->loc);
  default: return build_op(to, p, binding, dtype, like);
  }
}

Node *rule_build(Graph *to, const Rule *rule, Node *const *binding, const Node *like) {
  return pattern_build(to, rule->to, binding, like->dtype, like);
}
