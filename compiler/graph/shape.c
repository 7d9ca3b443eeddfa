/* shape.c: arithmetic on static shapes and the text of shapes and nodes for messages.
 *
 * Everything that asks "how many elements", "how far apart" or "does it broadcast" asks here. Shapes hold at most
 * RANK_MAX dimensions of at least 1 element and 2^40 elements together (infer_node checks), so no product below
 * overflows. */
#include "graph.h"

#include <ctype.h>
#include <stdarg.h>

Shape shape_of(int rank, ...) {
  Shape s = {.rank = rank};
  va_list args;
  va_start(args, rank);
  for (int d = 0; d < rank; ++d) s.dim[d] = va_arg(args, int64_t);
  va_end(args);
  return s;
}

int64_t shape_count(Shape s) {
  int64_t count = 1;
  for (int d = 0; d < s.rank; ++d) count *= s.dim[d];
  return count;
}

bool shape_equal(Shape a, Shape b) {
  if (a.rank != b.rank) return false;
  for (int d = 0; d < a.rank; ++d)
    if (a.dim[d] != b.dim[d]) return false;
  return true;
}

void shape_strides(Shape s, int64_t stride[RANK_MAX]) {
  int64_t step = 1;
  for (int d = s.rank - 1; d >= 0; --d) {
    stride[d] = step;
    step *= s.dim[d];
  }
}

/* Dimensions are matched from the last one; a missing one counts as 1. */
bool shape_broadcast(Shape a, Shape b, Shape *result) {
  Shape r = {.rank = a.rank > b.rank ? a.rank : b.rank};
  for (int d = 0; d < r.rank; ++d) {
    int da = d - (r.rank - a.rank), db = d - (r.rank - b.rank);
    int64_t na = da < 0 ? 1 : a.dim[da], nb = db < 0 ? 1 : b.dim[db];
    if (na != nb && na != 1 && nb != 1) return false;
    r.dim[d] = na == 1 ? nb : na;
  }
  *result = r;
  return true;
}

const char *shape_text(Arena *arena, Shape s) {
  Text text;
  text_init(&text, arena);
  text_puts(&text, "[");
  for (int d = 0; d < s.rank; ++d) text_printf(&text, d ? ",%lld" : "%lld", (long long)s.dim[d]);
  text_puts(&text, "]");
  return text_str(&text);
}

const char *node_title(Arena *arena, const Node *n) {
  if (n->name) return n->name;
  if (!n->loc.via) return op_info[n->op].name;
  const char *dot = strrchr(n->loc.via, '.');
  char *title = arena_strdup(arena, dot ? dot + 1 : n->loc.via);
  for (char *c = title; *c; ++c) *c = (char)tolower((unsigned char)*c);
  return title;
}

const char *node_text(Arena *arena, const Node *n) {
  const char *what = n->name ? n->name : dtype_info[n->dtype].name;
  return arena_printf(arena, "%s %s", what, shape_text(arena, n->shape));
}
