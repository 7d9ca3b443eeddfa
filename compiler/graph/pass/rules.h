/* rules.h: the rewrite rules of rules.def as patterns, and what they share with the passes that use them.
 *
 * A pattern is a tree over elementwise ops, variables and numbers. rules.c parses the text, matches a pattern against
 * nodes, and builds the nodes of a right side. simplify.c applies the rules; tests/rules checks them on numbers and so
 * includes this header too. */
#ifndef NNC_RULES_H
#define NNC_RULES_H

#include "../graph.h"

enum { RULE_VARS = 6 };

typedef enum RuleFlag { RULE_EXACT, RULE_NEAR, RULE_FAST } RuleFlag;

typedef enum PatternKind { PAT_var, PAT_number, PAT_op } PatternKind;

typedef struct Pattern Pattern;
struct Pattern {
  PatternKind kind;
  int var;      /* PAT_var: by first appearance on the left, from 0 */
  double value; /* PAT_number; -0 is told from 0 */
  bool truth;   /* PAT_number written `true`: bool only */
  Op op;        /* PAT_op */
  int n;
  Pattern *arg[3];
};

typedef bool RuleGuard(DType dtype);

typedef struct RuleText {
  const char *from, *to;
  RuleFlag flag;
  RuleGuard *guard; /* on the dtype of variable 0; never NULL */
  const char *guard_name;
} RuleText;

typedef struct Rule {
  const RuleText *text;
  Pattern *from, *to;
  int nvars, commuting; /* variables; ops of `from` that commute */
} Rule;

typedef struct Rules {
  VEC(Rule *) all;
  VEC(Rule *) by_op[OP_COUNT]; /* by the op at the root of `from`, in the order of rules.def */
} Rules;

extern const RuleText rule_texts[];
extern const int rule_text_count;

Rules *rules_parse(Arena *arena);                           /* rules.def; bug() when a text is malformed */
Rule *rule_parse(Arena *arena, const RuleText *text);       /* one of them */
int pattern_cost(const Pattern *p);                         /* the measure that every rule lowers */
int op_cost(Op op);                                         /* an elementwise op, per element */
bool rule_match(const Rule *rule, Node *n, Node **binding); /* binding[RULE_VARS]; guard included */
/* The nodes of a pattern with the bound ones, of shape `like`; new nodes get its place in the model. */
Node *pattern_build(Graph *to, const Pattern *p, Node *const *binding, DType dtype, const Node *like);
Node *rule_build(Graph *to, const Rule *rule, Node *const *binding, const Node *like);
bool op_commutes(Op op); /* operands 0 and 1 may change places without changing a bit (NaN payloads apart) */
#endif
