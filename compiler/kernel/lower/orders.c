/* orders.c: the order of every reduction, a function of shapes alone (MIDDLE.md 3.2). Changing anything here changes
 * the bits that every model computes. */
#include "lower.h"

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Elements are numbered row-major over the reduced axes. Unit dims do not count. */
Order order_reduce(Shape operand, Axes axes) {
  int64_t n = 1;
  int innermost = operand.rank - 1;
  bool lanes = false;
  while (innermost > 0 && operand.dim[innermost] == 1) --innermost;
  for (int i = 0; i < axes.n; ++i) {
    n *= operand.dim[axes.at[i]];
    lanes |= axes.at[i] == innermost;
  }
  if (!lanes) {
    int64_t chunk = ceil_div(n, 64);
    return (Order){chunk > 64 ? chunk : 64, 1};
  }
  return (Order){n <= 65536 ? (n ? n : 1) : 16384, n < 1024 ? 16 : 64};
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
