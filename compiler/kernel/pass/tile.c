/* tile.c: how a matrix product is cut: which axis the vectors run along, the register tile, what is packed, blocks and
 * units of work. All of it follows from the machine's data and the extents and changes speed only: the chain of every
 * output is one fma per k, ascending, whatever is chosen here.
 *
 * Every choice is compared by an estimate in cycles: a step of k costs a tile of r rows and v vectors the larger of its
 * r * v fmas, its r + v loads (both `fma_per_cycle` at a time) and one latency; the panel streams from L2, which the
 * 0.1 * v stands for. On x86-64-v4 this gives 13 or 14 rows of 2 vectors, 98 to 100 % of the peak when measured. */
#include "dot.h"

#include <stdlib.h>

enum {
  PAGE = 4096,   /* addresses that differ by it share a set of L1 */
  ROWS_MAX = 16, /* streams of broadcast loads that L1 and the TLB bear */
  VECTORS_MAX = 4,
  UNIT_CYCLES = 3000, /* work of a unit, at least, where there is enough */
  PART_BYTES = 16384, /* a local array */
};

static const double NEVER = 1e18; /* cycles: only where there is no other way */

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* ---- operands ---- */
static DotSide side_of(const DotPlan *d, const Group *g, const Operand *o, int line_axis) {
  DotSide s = {.slot = o->slot, .offset = o->offset, .line = o->stride[line_axis], .depth = o->stride[g->naxes - 1]};
  for (int i = 0; i < d->nbatch; ++i) s.batch[i] = o->stride[d->batch_axis[i]];
  for (int i = 0; i < d->nk - 1; ++i) s.outer[i] = o->stride[g->kept + i];
  return s;
}

/* Copies that packing makes, where it is packed: once for batch axes along which the operand does not move. */
static double pack_elements(const DotPlan *d, const DotSide *side, int64_t lines) {
  double copies = (double)lines * (double)d->depth;
  for (int i = 0; i < d->nbatch; ++i) copies *= side->batch[i] ? (double)d->batch_extent[i] : 1;
  return copies;
}

/* Would packing copy each element many times, as the columns of a convolution do? Then it is read in place. */
static bool pack_multiplies(const DotPlan *d, const DotSide *side, int64_t lines) {
  return pack_elements(d, side, lines) > 1.25 * (double)shape_count(side->slot->shape) + 1024;
}

/* Do steps of the stride fall into the same few sets of L1? */
static bool is_aliased(const DotPlan *d, int64_t stride) {
  int64_t bytes = stride * dtype_info[d->dtype].bytes;
  return bytes != 0 && bytes % PAGE == 0 && d->depth > 64;
}

static bool wide_wants_pack(const DotPlan *d, const Machine *m) {
  if (d->wide.line != 1) return d->lanes > 1;
  if (pack_multiplies(d, &d->wide, d->columns)) return false;
  if (d->columns % d->lanes && !m->masks && d->tiles > 1) return true;
  int64_t bytes = d->wide.depth * dtype_info[d->dtype].bytes;
  return d->tiles > 4 && (is_aliased(d, d->wide.depth) || (bytes > PAGE && d->depth > 256));
}

static bool narrow_wants_pack(const DotPlan *d) {
  if (d->panels <= 2 || pack_multiplies(d, &d->narrow, d->rows)) return false;
  if (d->narrow.depth == 1) return is_aliased(d, d->narrow.line) && dot_tile_rows(d) > 8;
  if (d->narrow.line == 1) return is_aliased(d, d->narrow.depth) && d->tiles > 1;
  return true;
}

/* ---- the register tile ---- */
static double step_cycles(const Machine *m, int64_t rows, int vectors) {
  double fma = (double)(rows * vectors) / m->fma_per_cycle, loads = (double)(rows + vectors) / m->fma_per_cycle;
  double least = m->fma_latency, cycles = fma > loads ? fma : loads;
  return (cycles > least ? cycles : least) + 0.1 * vectors + 0.01 * (double)rows;
}

static double tile_cycles(const DotPlan *d, const Machine *m, int64_t rows, int vectors) {
  if (!rows || !vectors) return 0;
  return (double)d->depth * step_cycles(m, rows, vectors) + 40 + 2 * (double)(rows * vectors);
}

static double row_of_tiles(const DotPlan *d, const Machine *m, int vectors) {
  return (double)d->tall * tile_cycles(d, m, d->base + 1, vectors) +
         (double)(d->tiles - d->tall) * tile_cycles(d, m, d->base, vectors);
}

static void set_tiles(DotPlan *d, int64_t tiles) {
  d->tiles = tiles;
  d->base = d->rows / tiles;
  d->tall = d->rows % tiles;
}

static void set_width(DotPlan *d, int vectors) {
  d->vectors = vectors;
  d->width = (int64_t)vectors * d->lanes;
  d->full = d->columns / d->width;
  d->edge_vectors = (int)ceil_div(d->columns % d->width, d->lanes);
  d->panels = d->full + (d->edge_vectors > 0);
}

int64_t dot_tile_rows(const DotPlan *plan) { return plan->base + (plan->tall > 0); }

/* Packing: cycles an element, measured; through registers or one by one. Tiles of rows fill their vectors less well. */
static double pack_cycles(const DotPlan *d, const DotSide *side, int64_t lines) {
  bool fast = d->lanes > 1 && (side->depth == 1 || side->line == 1);
  return (!fast ? 2.0 : side == &d->wide ? 0.4 : 0.6) * pack_elements(d, side, lines);
}

static void estimate(DotPlan *d, const Machine *m) {
  d->pack_wide = wide_wants_pack(d, m);
  d->pack_narrow = narrow_wants_pack(d);
  double sweep = (double)d->full * row_of_tiles(d, m, d->vectors) + row_of_tiles(d, m, d->edge_vectors);
  double bodies = 1; /* each body of code costs instruction cache, compile time and a reader */
  if (d->tall > 0) bodies += 0.02;
  if (d->edge_vectors > 0 && d->full > 0) bodies += 0.02;
  bool far = !d->pack_narrow && d->narrow.line * dtype_info[d->dtype].bytes > PAGE;
  if (far) bodies += 0.05; /* each row has a page of its own */
  d->cycles = (double)d->batch * sweep * bodies;
  if (d->pack_wide && pack_multiplies(d, &d->wide, d->columns)) d->cycles += NEVER;
  if (d->pack_wide) d->cycles += pack_cycles(d, &d->wide, d->columns);
  if (d->pack_narrow) d->cycles += pack_cycles(d, &d->narrow, d->rows);
}

static DotPlan best_tile(DotPlan d, const Machine *m) {
  DotPlan best = {.cycles = -1};
  for (int vectors = 1; vectors <= VECTORS_MAX; ++vectors)
    for (int64_t rows = 1; rows <= ROWS_MAX && rows <= d.rows; ++rows) {
      if (rows * vectors + vectors + 1 > m->vregs) continue;
      set_tiles(&d, ceil_div(d.rows, rows));
      set_width(&d, vectors);
      if (!d.full && d.edge_vectors < vectors) continue;
      estimate(&d, m);
      if (best.cycles < 0 || d.cycles < best.cycles) best = d;
    }
  return best;
}

/* ---- which axis the vectors run along ---- */
DotPlan dot_sides(const Machine *m, const Group *g, int row_axis, int column_axis) {
  DotPlan d = {.dtype = dtype_chain(g->dot_dtype), .batch = 1, .nk = g->nk, .depth = 1};
  bool along_m = column_axis < row_axis;
  d.lanes = m->lanes[d.dtype];
  d.row_axis = row_axis;
  d.column_axis = column_axis;
  for (int i = 0; i < g->kept; ++i) {
    if (i == row_axis || i == column_axis) continue;
    d.batch_axis[d.nbatch] = i;
    d.batch_extent[d.nbatch++] = g->extent[i];
    d.batch *= g->extent[i];
  }
  for (int i = 0; i < d.nk; ++i) d.depth *= d.k_extent[i] = g->extent[g->kept + i];
  d.rows = g->extent[row_axis];
  d.columns = g->extent[column_axis];
  d.narrow = side_of(&d, g, along_m ? &g->b : &g->a, row_axis);
  d.wide = side_of(&d, g, along_m ? &g->a : &g->b, column_axis);
  d.slices = g->slices > 1 ? g->slices : 1;
  d.slice = d.slices > 1 ? g->dot_order.chunk : d.depth;
  return d;
}

static DotPlan plan_along(const Machine *m, const Group *g, int row_axis, int column_axis) {
  DotPlan d = best_tile(dot_sides(m, g, row_axis, column_axis), m);
  VectorAxis v = {d.column_axis, d.lanes, 0};
  for (int i = 0; i < g->writes.n; ++i) {
    const Write *w = &g->writes.at[i];
    if (!vector_contiguous(&v, w->index) || !point_vectorises(w->value, &v, true))
      d.cycles += 3.0 * (double)(d.batch * d.rows * d.columns);
  }
  return d;
}

/* ---- blocks and units ---- */

/* A panel that is too long for L2 is cut along k: the tiles of a unit pass one piece after the other and keep their
 * partial chains in a local array, which bounds the unit. */
static void cut_depth(DotPlan *d, const Machine *m) {
  int64_t bytes = dtype_info[d->dtype].bytes, longest = m->l2 / 4 / (d->width * bytes);
  d->depth_block = d->slice;
  if (d->tiles < 4 || d->slice <= longest || d->slice < 1024) return;
  int64_t pieces = ceil_div(d->slice, longest > 512 ? longest : 512);
  d->depth_block = ceil_div(ceil_div(d->slice, pieces), 16) * 16;
  int64_t most = PART_BYTES / bytes / d->width / dot_tile_rows(d);
  d->blocks = ceil_div(d->tiles, most);
  d->per_block = d->per_unit = ceil_div(d->tiles, d->blocks);
}

/* Rows that do not fit in half of L2 are cut into blocks; all panels pass over one block before the next. */
static void cut_rows(DotPlan *d, const Machine *m) {
  int64_t bytes = d->rows * d->slice * dtype_info[d->dtype].bytes, blocks = ceil_div(bytes, m->l2 / 2);
  if (d->panels > 1 && blocks > 1 && blocks * 4 <= d->tiles) {
    set_tiles(d, ceil_div(d->tiles, blocks) * blocks);
    d->blocks = blocks;
  }
  d->per_block = d->tiles / d->blocks;
  double one = tile_cycles(d, m, d->base, d->vectors);
  d->per_unit = one < UNIT_CYCLES ? (int64_t)(UNIT_CYCLES / one) + 1 : 1;
  if (d->per_unit > d->per_block) d->per_unit = d->per_block;
  d->per_unit = ceil_div(d->per_block, ceil_div(d->per_block, d->per_unit));
}

/* One axis of m and one of n are rows and columns, whichever way round; the others are walked like batches. */
static DotPlan best_axes(const Machine *m, const Group *g) {
  DotPlan best = {.cycles = -1};
  for (int turned = 0; turned < 2; ++turned)
    for (int i = g->nb; i < g->nb + g->nm; ++i)
      for (int j = g->nb + g->nm; j < g->kept; ++j) {
        DotPlan d = turned ? plan_along(m, g, j, i) : plan_along(m, g, i, j);
        bool near = d.cycles == best.cycles && llabs(d.narrow.line) < llabs(best.narrow.line);
        if (best.cycles < 0 || d.cycles < best.cycles || near) best = d;
      }
  return best;
}

DotPlan dot_plan(const Machine *m, const Group *g) {
  DotPlan d = best_axes(m, g);
  d.blocks = 1;
  cut_depth(&d, m);
  if (d.depth_block == d.slice) cut_rows(&d, m);
  return d;
}

int64_t dot_tile_pitch(const DotPlan *plan, const Machine *m) {
  int64_t lanes = m->lanes[plan->dtype];
  return ceil_div(dot_tile_rows(plan), lanes) * lanes;
}
