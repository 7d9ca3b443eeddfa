/* source.c: opened data sources: batches of rows, in file order or in the order that an epoch's shuffle gives. The rows
 * themselves come from a reader (reader.c). A part of a split keeps the numbers of its rows (`subset`); parts of a text
 * are cut by its reader, since they are runs of tokens.
 *
 * A shuffled pass visits the rows in a permutation made by Philox from (seed, source, epoch): the same on every
 * platform, whatever was run before. It is made when its first batch is filled, by the thread that fills. A batch of a
 * Poisson source is drawn the same way, from (seed, source, number of the draw); a pass of it is as many draws as visit
 * all rows on the average. A stateful source of n rows in batches of B is B lanes of n / B rows each: row b of a batch
 * is lane b's next. */
#include "host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { /* what the random streams are for */
       STREAM_SHUFFLE = 0x53687566,
       STREAM_POISSON = 0x506F6973,
       STREAM_SPLIT = 0x53706C69
};

/* ---- opening ---- */
static bool source_is_part(const nnrt_source *source) { return source->from < source->to; }

static int64_t part_edge(double fraction, int64_t all) { return (int64_t)floor(fraction * (double)all + 0.5); }

/* Rows that the model was promised, of this part; -1: none. */
int64_t nnrt_source_rows(const nnrt_source *source) {
  if (source->rows < 0 || !source_is_part(source)) return source->rows;
  return part_edge(source->to, source->rows) - part_edge(source->from, source->rows);
}

/* The numbers of this part's rows, ascending: those that stand between its edges in one permutation of all rows. */
static int stream_cut(nnrt_error *error, nnrt_stream *s) {
  const nnrt_source *source = s->source;
  nnrt_random r;
  if (!source_is_part(source)) return NNRT_GOOD;
  int64_t low = part_edge(source->from, s->rows), high = part_edge(source->to, s->rows), n = 0;
  uint32_t *order;
  unsigned char *taken = NULL;
  NNRT_TRY(nnrt_alloc(error, &order, s->rows * (int64_t)sizeof *order, "the parts of a split"));
  int status = nnrt_alloc(error, &taken, s->rows, "the parts of a split");
  if (!status) {
    nnrt_random_start(&r, (uint64_t)source->split_seed, STREAM_SPLIT, 0);
    nnrt_random_shuffle(&r, order, (uint32_t)s->rows);
    for (int64_t i = low; i < high; i++) taken[order[i]] = 1;
    for (int64_t row = 0; row < s->rows; row++)
      if (taken[row]) order[n++] = (uint32_t)row;
  }
  free(taken);
  s->subset = order;
  s->rows = high - low;
  return status;
}

/* Lanes of equal length: what they leave over at the end is left out. */
static void stream_lanes(nnrt_stream *s) {
  s->lane = s->rows / s->source->batch;
  if (s->lane > 0) s->rows = s->lane * s->source->batch;
}

static int stream_fill(nnrt_error *error, nnrt_stream *s, const char *files) {
  const nnrt_source *source = s->source;
  s->reader = (nnrt_reader){.source = source, .seed = s->seed, .tokens = s->tokens, .index = s->index};
  NNRT_TRY(nnrt_reader_open(error, &s->reader, files));
  s->rows = s->reader.rows;
  if (s->rows > UINT32_MAX)
    return nnrt_fail(error, NNRT_FAILED, "%lld rows; at most %lld can be shuffled", (long long)s->rows,
                     (long long)UINT32_MAX);
  if (!s->reader.format->parts) NNRT_TRY(stream_cut(error, s));
  if (source->stateful) stream_lanes(s);
  if (s->shuffle || source->rate > 0)
    NNRT_TRY(nnrt_alloc(error, &s->order, s->rows * (int64_t)sizeof *s->order, "the order of the rows"));
  if (source->rate > 0) s->draws = (int64_t)fmax(1, floor(1 / source->rate + 0.5));
  s->order_epoch = -1;
  return NNRT_GOOD;
}

/* Errors are told with the source's name in front. The caller has set source, index, shuffle and seed. */
int nnrt_stream_open(nnrt_error *error, nnrt_stream *s, const char *files) {
  nnrt_error inner = {0};
  if (!stream_fill(&inner, s, files)) return NNRT_GOOD;
  nnrt_stream_close(s);
  return nnrt_fail(error, inner.status, "data %s: %s", s->source->name, inner.text);
}

void nnrt_stream_close(nnrt_stream *s) {
  nnrt_reader_close(&s->reader);
  free(s->order);
  free(s->subset);
  s->subset = NULL;
  s->order = NULL;
}

/* ---- passes: batches of n rows, the last one perhaps padded; or draws, counted as rows ---- */
int nnrt_stream_weighted(const nnrt_stream *s) { return s->source->pad || s->draws; }

/* May a batch of n rows begin at `row`? */
int nnrt_stream_fits(const nnrt_stream *s, int64_t row, int64_t n) {
  if (s->draws) return row < s->draws;
  return s->source->pad ? row < s->rows : row + n <= s->rows;
}

int64_t nnrt_stream_step(const nnrt_stream *s, int64_t n) { return s->draws ? 1 : n; }

int64_t nnrt_stream_batches(const nnrt_stream *s, int64_t n) {
  if (s->draws) return s->draws;
  return s->source->pad ? (s->rows + n - 1) / n : s->rows / n;
}

/* ---- rows ---- */
/* Which rows are in draw number `draw`: each with the probability `rate`, to 2^-32. */
static void stream_draw(nnrt_stream *s, int64_t draw) {
  uint64_t below = (uint64_t)(s->source->rate * 0x1p32 + 0.5);
  nnrt_random r;
  if (s->order_epoch == draw) return;
  nnrt_random_start(&r, s->seed, STREAM_POISSON + (uint32_t)s->index, (uint64_t)draw);
  s->drawn = 0;
  for (int64_t row = 0; row < s->rows; row++)
    if (nnrt_random_bits(&r) < below) s->order[s->drawn++] = (uint32_t)row;
  s->order_epoch = draw;
}

/* Rows in the batch that begins at `first`; a Poisson draw may give more than n, which is the caller's to refuse. */
int64_t nnrt_stream_present(nnrt_stream *s, int in_order, int64_t epoch, int64_t first, int64_t n) {
  if (s->draws && !in_order) {
    stream_draw(s, epoch * s->draws + first);
    return s->drawn;
  }
  return first + n <= s->rows ? n : s->rows - first;
}

static void stream_order(nnrt_stream *s, int64_t epoch) {
  if (s->order_epoch == epoch) return;
  nnrt_random r;
  nnrt_random_start(&r, s->seed, STREAM_SHUFFLE + (uint32_t)s->index, (uint64_t)epoch);
  nnrt_random_shuffle(&r, s->order, (uint32_t)s->rows);
  s->order_epoch = epoch;
}

/* The number of the row at a place of a pass. */
static int64_t stream_row(const nnrt_stream *s, bool permuted, int64_t place) {
  int64_t row = permuted ? s->order[place] : place;
  if (s->lane > 0) row = place % s->source->batch * s->lane + place / s->source->batch;
  return s->subset ? s->subset[row] : row;
}

/* n rows of a field into a batch; what it has too few of is zero. Rows that follow each other are read at once. */
int nnrt_stream_rows(nnrt_error *error, nnrt_stream *s, int field, int in_order, int64_t epoch, int64_t first,
                     int64_t n, unsigned char *to) {
  int64_t bytes = nnrt_field_bytes(&s->source->fields[field]);
  bool drawn = s->draws && !in_order, permuted = s->shuffle && !in_order && !drawn;
  int64_t present = nnrt_stream_present(s, in_order, epoch, first, n), at = drawn ? 0 : first;
  if (present > n) present = n;
  if (permuted) stream_order(s, epoch);
  memset(to + present * bytes, 0, (size_t)((n - present) * bytes));
  for (int64_t i = 0, run; i < present; i += run) {
    int64_t row = stream_row(s, permuted || drawn, at + i);
    for (run = 1; i + run < present && stream_row(s, permuted || drawn, at + i + run) == row + run;) run++;
    NNRT_TRY(s->reader.format->read(error, &s->reader, field, row, run, to + i * bytes));
  }
  return NNRT_GOOD;
}
