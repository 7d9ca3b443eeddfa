/* entry.c: calling the model's functions: their input and output blocks, the batches they get, their outputs.
 *
 * A call of an ordinary function takes the next batch of each of its sources; sources wrap by themselves, dropping a
 * last partial batch. A call of a whole-pass function (nn.evaluate) visits every row once, in file order, and leaves
 * the sources' places alone: full batches by the first variant, the rest row by row by the variant of one row. Its
 * outputs are those of the last call of the pass.
 *
 * All blocks of all entries lie in two allocations: two input blocks a variant (one is filled while the other is read),
 * one output block an entry. Hypers and the number of steps are written once into every block; values of nn.input when
 * an act has its own (inputs.c). */
#include "host.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_ALIGN = 64 };
static int64_t block_aligned(int64_t n) { return (n + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN; }

/* Rows that a variant takes of the function's k-th source. */
int64_t nnrt_batch_rows(const nnrt_run *run, const nnrt_func *func, const nnrt_variant *variant, int k) {
  const nnrt_source *source = &run->model->sources[func->sources[k]];
  for (int i = 0; i < variant->ninputs; i++) {
    const nnrt_input *in = &variant->inputs[i];
    if (in->kind == NNRT_INPUT_FIELD && in->source == func->sources[k])
      return in->count / nnrt_field_elements(&source->fields[in->field]);
  }
  return variant->rows > 0 && k == 0 ? variant->rows : source->batch;
}

/* ---- blocks ---- */
static int input_check(nnrt_run *run, const nnrt_func *func, const nnrt_input *in) {
  if (in->kind != NNRT_INPUT_FIELD) return NNRT_GOOD;
  const nnrt_field *f = &run->model->sources[in->source].fields[in->field];
  if (f->dtype == in->dtype && in->count % nnrt_field_elements(f) == 0) return NNRT_GOOD;
  return nnrt_fail(&run->error, NNRT_FAILED, "%s: its input %s does not hold rows of the field %s", func->name,
                   in->name, f->name);
}

static int func_check(nnrt_run *run, const nnrt_func *func) {
  if (func->nsources > NNRT_SOURCES_MAX || func->nvariants < 1)
    return nnrt_fail(&run->error, NNRT_FAILED,
                     "%s: %d sources and %d variants; from 0 to %d and at least 1 are supported", func->name,
                     func->nsources, func->nvariants, NNRT_SOURCES_MAX);
  for (int v = 0; v < func->nvariants; v++)
    for (int i = 0; i < func->variants[v].ninputs; i++) NNRT_TRY(input_check(run, func, &func->variants[v].inputs[i]));
  return NNRT_GOOD;
}

/* Gives each block its place from `inputs` and `outputs` on; with NULL only the sizes are counted. */
static void entries_place(nnrt_run *run, int64_t *input_bytes, int64_t *output_bytes) {
  *input_bytes = *output_bytes = 0;
  for (int f = 0; f < run->model->nfuncs; f++) {
    nnrt_entry *e = &run->entries[f];
    int64_t most = 0;
    for (int v = 0; v < e->func->nvariants; v++) {
      const nnrt_variant *variant = &e->func->variants[v];
      if (variant->output_bytes > most) most = variant->output_bytes;
      for (int side = 0; side < 2; side++) {
        if (run->inputs) e->blocks[2 * v + side] = run->inputs + *input_bytes;
        if (side || e->func->nsources) *input_bytes += block_aligned(variant->input_bytes);
      }
    }
    if (run->outputs) e->output = run->outputs + *output_bytes;
    *output_bytes += block_aligned(most);
  }
}

int nnrt_entries_build(nnrt_run *run) {
  const nnrt_model *m = run->model;
  int64_t input_bytes, output_bytes;
  NNRT_TRY(nnrt_alloc(&run->error, &run->entries, m->nfuncs * (int64_t)sizeof *run->entries, "the functions"));
  for (int f = 0; f < m->nfuncs; f++) {
    nnrt_entry *e = &run->entries[f];
    NNRT_TRY(func_check(run, &m->funcs[f]));
    e->func = &m->funcs[f];
    NNRT_TRY(nnrt_alloc(&run->error, &e->blocks, e->func->nvariants * 2 * (int64_t)sizeof *e->blocks, "the blocks"));
    NNRT_TRY(nnrt_alloc(&run->error, &e->sums, e->func->variants[0].noutputs * (int64_t)sizeof *e->sums, "the sums"));
  }
  entries_place(run, &input_bytes, &output_bytes);
  NNRT_TRY(nnrt_alloc(&run->error, &run->inputs, input_bytes, "the input blocks"));
  NNRT_TRY(nnrt_alloc(&run->error, &run->outputs, output_bytes, "the output blocks"));
  entries_place(run, &input_bytes, &output_bytes);
  return NNRT_GOOD;
}

void nnrt_entries_free(nnrt_run *run) {
  for (int f = 0; run->entries && f < run->model->nfuncs; f++) {
    free(run->entries[f].blocks);
    free(run->entries[f].sums);
  }
  free(run->entries);
  free(run->inputs);
  free(run->outputs);
}

static void constant_write(const nnrt_run *run, const nnrt_input *in, unsigned char *to) {
  int bytes = nnrt_dtype_bytes(in->dtype);
  if (in->kind != NNRT_INPUT_HYPER && in->kind != NNRT_INPUT_TOTAL_STEPS) return;
  double value = in->kind == NNRT_INPUT_HYPER ? run->options.hypers[in->hyper] : (double)run->planned_steps;
  for (int64_t i = 0; i < in->count; i++) nnrt_element_set(in->dtype, to + i * bytes, value);
}

void nnrt_entries_constants(nnrt_run *run) {
  for (int f = 0; f < run->model->nfuncs; f++)
    for (int v = 0; v < run->entries[f].func->nvariants; v++) {
      const nnrt_variant *variant = &run->entries[f].func->variants[v];
      for (int i = 0; i < 2 * variant->ninputs; i++)
        constant_write(run, &variant->inputs[i / 2],
                       run->entries[f].blocks[2 * v + i % 2] + variant->inputs[i / 2].offset);
    }
}

/* ---- can the data feed the function? ---- */
static int variant_single(const nnrt_func *func) {
  for (int v = 0; v < func->nvariants; v++)
    if (func->variants[v].rows == 1) return v;
  return -1;
}

static int pass_check(nnrt_run *run, const nnrt_func *func, int64_t rows, int64_t batch) {
  const nnrt_source *source = &run->model->sources[func->sources[0]];
  int64_t promised = nnrt_source_rows(source);
  char a[32], b[32];
  for (int k = 1; k < func->nsources; k++)
    if (run->streams[func->sources[k]].rows != rows)
      return nnrt_fail(&run->error, NNRT_FAILED, "%s: a pass over data of %s and %s rows", func->name,
                       nnrt_grouped(a, rows), nnrt_grouped(b, run->streams[func->sources[k]].rows));
  if (variant_single(func) >= 0 || rows % batch == 0 || source->drop_last || source->pad || source->rate > 0)
    return NNRT_GOOD;
  if (promised < 0 || promised % batch) return NNRT_GOOD; /* the model chose to drop the rest */
  return nnrt_fail(
      &run->error, NNRT_FAILED,
      "data %s: has %s rows; %s was compiled for %s, which its batch of %lld divides: give a multiple of that",
      source->name, nnrt_grouped(a, rows), func->name, nnrt_grouped(b, promised), (long long)batch);
}

int nnrt_entries_check(nnrt_run *run, int f) {
  const nnrt_func *func = &run->model->funcs[f];
  for (int k = 0; k < func->nsources; k++) {
    const nnrt_stream *s = &run->streams[func->sources[k]];
    int64_t batch = nnrt_batch_rows(run, func, &func->variants[0], k);
    if (!s->reader.format) continue; /* not read by this run */
    bool rest = (func->whole_pass && variant_single(func) >= 0) || nnrt_stream_weighted(s);
    if (rest && s->rows < 1)
      return nnrt_fail(&run->error, NNRT_FAILED, "data %s: has no rows, which %s is to be called for", s->source->name,
                       func->name);
    if (s->rows < batch && !rest)
      return nnrt_fail(&run->error, NNRT_FAILED, "data %s: has %lld rows; a batch of %s takes %lld", s->source->name,
                       (long long)s->rows, func->name, (long long)batch);
    if (func->whole_pass && k == 0) NNRT_TRY(pass_check(run, func, s->rows, batch));
  }
  return NNRT_GOOD;
}

/* ---- calls ---- */
void nnrt_variant_run(const nnrt_run *run, const nnrt_variant *variant, const nnrt_memory *memory) {
  nnrt_step *step = run->profile.recording && variant->profiled ? variant->profiled : variant->step;
  nnrt_pool_run(variant->alone ? NULL : run->pool, step, memory);
}

static int entry_step(nnrt_run *run, nnrt_entry *e, int variant, const unsigned char *block) {
  nnrt_memory memory = run->memory;
  memory.input = block;
  memory.output = e->output;
  memory.marks = run->profile.recording ? run->profile.marks : NULL;
  nnrt_trap_begin(run);
  double start = nnrt_profile_now(run);
  nnrt_variant_run(run, &e->func->variants[variant], &memory);
  nnrt_profile_span(run, NNRT_EVENT_CALL, e->func - run->model->funcs, start);
  e->latest = &e->func->variants[variant];
  e->calls++;
  return nnrt_trap_check(run, e->latest->step, e->func->name);
}

static int entry_take(nnrt_run *run, nnrt_entry *e, const nnrt_batch *batch, unsigned char **block) {
  double start = nnrt_profile_now(run);
  NNRT_TRY(nnrt_prefetch_take(&run->error, &run->prefetch, e, batch, block));
  nnrt_profile_span(run, NNRT_EVENT_DATA, 0, start);
  return NNRT_GOOD;
}

/* The batch at the sources' places. */
static nnrt_batch batch_next(const nnrt_run *run, const nnrt_entry *e) {
  nnrt_batch b = {.epoch = e->func->nsources ? 0 : run->epoch};
  for (int k = 0; k < e->func->nsources; k++) {
    int source = e->func->sources[k];
    int64_t n = nnrt_batch_rows(run, e->func, &e->func->variants[0], k), row = run->cursors[source].row;
    b.place[k].epoch = run->cursors[source].epoch;
    b.place[k].row = row;
    b.place[k].first = row == 0;
    b.place[k].last = !nnrt_stream_fits(&run->streams[source], row + nnrt_stream_step(&run->streams[source], n), n);
  }
  return b;
}

static void cursors_advance(nnrt_run *run, const nnrt_entry *e) {
  for (int k = 0; k < e->func->nsources; k++) {
    nnrt_cursor *c = &run->cursors[e->func->sources[k]];
    const nnrt_stream *s = &run->streams[e->func->sources[k]];
    int64_t n = nnrt_batch_rows(run, e->func, &e->func->variants[0], k);
    c->row += nnrt_stream_step(s, n);
    if (!nnrt_stream_fits(s, c->row, n)) c->row = 0, c->epoch++;
  }
}

static int call_batch(nnrt_run *run, nnrt_entry *e) {
  nnrt_batch batch = batch_next(run, e), guess;
  for (int k = 0; k < e->func->nsources; k++) { /* another function may have left less than our batch */
    nnrt_cursor *c = &run->cursors[e->func->sources[k]];
    if (nnrt_stream_fits(&run->streams[e->func->sources[k]], c->row,
                         nnrt_batch_rows(run, e->func, &e->func->variants[0], k)))
      continue;
    c->row = 0, c->epoch++;
    batch = batch_next(run, e);
  }
  unsigned char *block;
  NNRT_TRY(entry_take(run, e, &batch, &block));
  cursors_advance(run, e);
  guess = batch_next(run, e);
  if (e->func->nsources) nnrt_prefetch_ask(&run->prefetch, e, &guess);
  return entry_step(run, e, batch.variant, block);
}

/* How a pass is cut: full batches, then single rows where there is a variant of one, or one padded batch. */
typedef struct nnrt_cut {
  int64_t n, end;
  bool padded;
} nnrt_cut;

static nnrt_cut pass_cut(const nnrt_run *run, const nnrt_entry *e) {
  const nnrt_stream *s = &run->streams[e->func->sources[0]];
  nnrt_cut cut = {.n = nnrt_batch_rows(run, e->func, &e->func->variants[0], 0), .end = s->rows};
  cut.padded = nnrt_stream_weighted(s);
  if (!cut.padded && variant_single(e->func) < 0) cut.end -= cut.end % cut.n;
  return cut;
}

static int64_t cut_rows(const nnrt_cut *cut, int64_t row) {
  return cut->padded || row + cut->n <= cut->end ? cut->n : 1;
}

static nnrt_batch batch_of_pass(const nnrt_run *run, const nnrt_entry *e, const nnrt_cut *cut, int64_t row) {
  int64_t n = cut_rows(cut, row);
  nnrt_batch b = {.pass = 1, .epoch = run->epoch, .variant = n == cut->n ? 0 : variant_single(e->func)};
  for (int k = 0; k < e->func->nsources; k++) {
    b.place[k].row = row;
    b.place[k].first = row == 0;
    b.place[k].last = row + n >= cut->end;
  }
  return b;
}

static int call_pass(nnrt_run *run, nnrt_entry *e) {
  nnrt_cut cut = pass_cut(run, e);
  int64_t next;
  for (int64_t row = run->place.row; row < cut.end; row = next) {
    nnrt_batch batch = batch_of_pass(run, e, &cut, row), guess;
    unsigned char *block;
    NNRT_TRY(entry_take(run, e, &batch, &block));
    next = row + cut_rows(&cut, row);
    guess = batch_of_pass(run, e, &cut, next < cut.end ? next : 0);
    nnrt_prefetch_ask(&run->prefetch, e, &guess);
    NNRT_TRY(entry_step(run, e, batch.variant, block));
    NNRT_TRY(nnrt_predict_rows(run, e, row));
    nnrt_show_pass(run, e->func, next, cut.end);
    if (nnrt_signalled() && next < cut.end) {
      run->place.row = next;
      return nnrt_fail(&run->error, 128 + nnrt_signalled(), "stopped by a signal within a pass of %s", e->func->name);
    }
  }
  run->place.row = 0;
  return NNRT_GOOD;
}

int nnrt_entry_call(nnrt_run *run, int func) {
  nnrt_entry *e = &run->entries[func];
  return e->func->whole_pass && e->func->nsources ? call_pass(run, e) : call_batch(run, e);
}

/* ---- outputs ---- */
double nnrt_metric(const nnrt_run *run, int func, int output) {
  const nnrt_entry *e = &run->entries[func];
  if (!e->latest) return 0;
  return nnrt_element(e->latest->outputs[output].dtype, e->output + e->latest->outputs[output].offset);
}

static double output_value(const nnrt_entry *e, int i) {
  return nnrt_element(e->latest->outputs[i].dtype, e->output + e->latest->outputs[i].offset);
}

void nnrt_entry_gather(nnrt_entry *e) {
  for (int i = 0; e->latest && i < e->latest->noutputs; i++)
    if (e->latest->outputs[i].count == 1) e->sums[i] += output_value(e, i);
  e->gathered++;
}

/* One call's value as it is. */
double nnrt_entry_mean(const nnrt_entry *e, int output) {
  return e->gathered > 1 ? e->sums[output] / (double)e->gathered : output_value(e, output);
}

void nnrt_entry_forget(nnrt_entry *e) {
  for (int i = 0; e->latest && i < e->latest->noutputs; i++) e->sums[i] = 0;
  e->gathered = 0;
}
