/* orders.c: the order of every reduction, a function of shapes alone (MIDDLE.md 3.2). Changing anything here changes
 * the bits that every model computes. */
#include "lower.h"

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

ReduceSpace reduce_space(const Node *n) {
  Axes axes = phase_axes(n);
  bool back = n->op == OP_unwindow;
  Shape s = back ? n->shape : n->in[0]->shape;
  ReduceSpace space = {.rank = s.rank};
  for (int d = 0; d < s.rank; ++d) space.dim[d] = s.dim[d];
  for (int k = 0; k < axes.n; ++k) {
    int d = back ? space.rank++ : axes.at[k];
    if (back) space.dim[d] = n->attr->size[k];
    space.reduced[d] = true;
  }
  return space;
}

/* Elements are numbered row-major over the reduced axes. Unit dims do not count. unwindow's insides are no dimensions
 * of its operand's rows: it adds like a reduction of outer axes. */
Order order_reduce(const Node *n) {
  ReduceSpace s = reduce_space(n);
  int64_t count = 1;
  int innermost = s.rank - 1;
  while (innermost > 0 && s.dim[innermost] == 1) --innermost;
  for (int d = 0; d < s.rank; ++d) count *= s.reduced[d] ? s.dim[d] : 1;
  if (n->op == OP_unwindow || s.rank == 0 || !s.reduced[innermost]) {
    int64_t chunk = ceil_div(count, 64);
    return (Order){chunk > 64 ? chunk : 64, 1};
  }
  return (Order){count <= 65536 ? count : 16384, count < 1024 ? 16 : 64};
}

/* cumsum: one chain over the whole dimension. */
Order order_along(int64_t n) { return (Order){n, 1}; }

Order order_dot(int64_t batch, int64_t m, int64_t n, int64_t k, int *slices) {
  *slices = 1;
  if (m <= 2 || n <= 2) return (Order){k, k < 1024 ? 16 : 64};
  if (batch * ceil_div(m, 128) * ceil_div(n, 128) < 8 && k >= 2048) {
    int64_t most = k / 1024 < 16 ? k / 1024 : 16;
    while (2 * *slices <= most) *slices *= 2;
  }
  return (Order){ceil_div(ceil_div(k, *slices), 16) * 16, 1};
}
