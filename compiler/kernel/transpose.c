/* transpose.c: n x n elements in n registers, transposed by shuffles of two registers, for n a power of 2.
 *
 * First each block of group x group elements (128 bits) in itself: a step brings units of 1, 2, … elements of two rows
 * together, alternating, from the lower or the upper half of each group. Then the blocks among the rows: a step takes
 * every second group of two rows. Both are one instruction on processors that work in 128-bit parts (unpack, shuffle).
 */
#include "kernel.h"

static int unpack_lane(int j, int n, int group, int unit, int upper) {
  int p = j % group, from = j - p + (upper ? group / 2 : 0) + p / (2 * unit) * unit + p % unit;
  return p / unit % 2 ? n + from : from;
}

static int block_lane(int j, int group, int odd) { return (2 * (j / group) + odd) * group + j % group; }

Shuffle transpose_shuffle(int n, int bytes, int step, int i) {
  int group = 16 / bytes < n ? 16 / bytes : n, unit = 1 << step, blocks = n / group, block = i / group;
  bool inside = unit < group;
  Shuffle s;
  s.first = inside ? i - i % (2 * unit) + i % (2 * unit) / 2 : block % (blocks / 2) * 2 * group + i % group;
  s.second = s.first + (inside ? unit : group);
  for (int j = 0; j < n; ++j)
    s.lane[j] = inside ? unpack_lane(j, n, group, unit, i % 2) : block_lane(j, group, block >= blocks / 2);
  return s;
}
