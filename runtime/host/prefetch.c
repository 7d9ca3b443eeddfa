/* prefetch.c: fills input blocks ahead of the calls that read them, on a thread of its own.
 *
 * Each entry with a source has two blocks for each batch size. While a step reads one, the other is filled with the
 * batch that the same entry is expected to get next. The guess never matters for the result: `take` says which batch it
 * wants, and fills it where it stands when the thread has not begun with it: when it was guessed wrongly, when the
 * thread is late, and when the batch is filled faster than a thread can be asked (or the system gives no thread).
 * Either way one thread at a time fills, so the streams need no lock; everything else here is under one.
 *
 * Waking the thread costs the caller some 25 microseconds where a processor that sleeps must be interrupted through a
 * hypervisor. So where steps come at an even pace the thread wakes by itself: it naps until shortly after the next
 * order is due. A pace that was guessed wrongly costs one signal: who finds a batch not begun in a nap ends it.
 *
 * Batch sizes, rows and order come from the batch. What is in a block besides (hypers, values of inputs) is not touched
 * here: the caller's thread writes it, also while a block is being filled. */
#include "host.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define BATCH_QUICK 5e-6 /* seconds: to wake a thread and be woken by it takes as long */
#define NAP_LEAST 1e-3   /* seconds between orders: who wakes within a shorter step takes a thread's core from it */
#define NAP_MOST 5e-2    /* from here on the caller does not feel what waking costs */
enum { BATCH_NONE, BATCH_ASKED, BATCH_FILLING, BATCH_READY }; /* nnrt_entry.state */

/* ---- filling one block ---- */
static int batch_fill_field(nnrt_prefetch *p, nnrt_entry *e, const nnrt_batch *b, const nnrt_input *in,
                            unsigned char *to) {
  for (int k = 0; k < e->func->nsources; k++) {
    nnrt_stream *s = &p->streams[e->func->sources[k]];
    if (e->func->sources[k] != in->source) continue;
    int64_t rows = in->count / nnrt_field_elements(&s->source->fields[in->field]);
    nnrt_error inner = {0};
    if (nnrt_stream_rows(&inner, s, in->field, b->pass, b->place[k].epoch, b->place[k].row, rows, to))
      return nnrt_fail(&e->failed, inner.status, "data %s: %s", s->source->name, inner.text);
  }
  return NNRT_GOOD;
}

static void batch_fill_weight(nnrt_prefetch *p, const nnrt_entry *e, const nnrt_batch *b, const nnrt_input *in,
                              unsigned char *to) {
  int bytes = nnrt_dtype_bytes(in->dtype);
  for (int k = 0; k < e->func->nsources; k++) {
    if (e->func->sources[k] != in->source) continue;
    int64_t present =
        nnrt_stream_present(&p->streams[in->source], b->pass, b->place[k].epoch, b->place[k].row, in->count);
    for (int64_t i = 0; i < in->count; i++) nnrt_element_set(in->dtype, to + i * bytes, i < present);
  }
}

/* Has a Poisson draw given more rows than the batch holds? */
static int batch_check(nnrt_prefetch *p, nnrt_entry *e, const nnrt_batch *b) {
  for (int k = 0; k < e->func->nsources && !b->pass; k++) {
    nnrt_stream *s = &p->streams[e->func->sources[k]];
    if (!s->draws) continue;
    int64_t drawn = nnrt_stream_present(s, 0, b->place[k].epoch, b->place[k].row, s->source->batch);
    if (drawn > s->source->batch)
      return nnrt_fail(&e->failed, NNRT_FAILED,
                       "data %s: a Poisson draw took %lld rows, and a batch holds %d: the run ends, since leaving rows "
                       "out would change the sampling; compile it with a larger `batch`",
                       s->source->name, (long long)drawn, s->source->batch);
  }
  return NNRT_GOOD;
}

/* FIRST, LAST and EPOCH speak of the input's source, or of the function's first one. */
static double batch_scalar(const nnrt_entry *e, const nnrt_batch *b, const nnrt_input *in) {
  int k = 0;
  while (k < e->func->nsources && e->func->sources[k] != in->source) k++;
  if (k == e->func->nsources) k = 0;
  if (in->kind == NNRT_INPUT_EPOCH) return (double)(e->func->nsources && !b->pass ? b->place[k].epoch : b->epoch);
  return (double)(in->kind == NNRT_INPUT_FIRST ? b->place[k].first : b->place[k].last);
}

static int batch_fill_input(nnrt_prefetch *p, nnrt_entry *e, const nnrt_batch *b, const nnrt_input *in,
                            unsigned char *to) {
  if (in->kind == NNRT_INPUT_FIELD) return batch_fill_field(p, e, b, in, to);
  if (in->kind == NNRT_INPUT_WEIGHT)
    batch_fill_weight(p, e, b, in, to);
  else if (in->kind == NNRT_INPUT_FIRST || in->kind == NNRT_INPUT_LAST || in->kind == NNRT_INPUT_EPOCH)
    nnrt_element_set(in->dtype, to, batch_scalar(e, b, in));
  return NNRT_GOOD;
}

static void batch_fill(nnrt_prefetch *p, nnrt_entry *e, const nnrt_batch *b, unsigned char *block) {
  const nnrt_variant *v = &e->func->variants[b->variant];
  e->failed.status = NNRT_GOOD;
  int status = batch_check(p, e, b);
  for (int i = 0; i < v->ninputs && !status; i++)
    status = batch_fill_input(p, e, b, &v->inputs[i], block + v->inputs[i].offset);
}

static unsigned char *batch_block(const nnrt_entry *e, const nnrt_batch *b, int side) {
  return e->blocks[2 * b->variant + side];
}

/* ---- the thread ---- */
static nnrt_entry *prefetch_first(nnrt_prefetch *p, int state) {
  for (int i = 0; i < p->nentries; i++)
    if (p->entries[i].state == state) return &p->entries[i];
  return NULL;
}

/* Until an order is there, or may be. A nap is for where several batches could be filled between two orders. */
static void prefetch_rest(nnrt_prefetch *p) {
  if (p->every > NAP_LEAST && p->every < NAP_MOST && p->every > 4 * p->took) {
    double until = p->ordered + 1.25 * p->every;
    struct timespec t = {(time_t)until, (long)(1e9 * (until - (double)(time_t)until))};
    p->nap = true;
    int status = pthread_cond_timedwait(&p->asked, &p->lock, &t);
    p->nap = false;
    if (status != ETIMEDOUT || prefetch_first(p, BATCH_ASKED) || p->stop) return;
  }
  pthread_cond_wait(&p->asked, &p->lock);
}

/* Under the lock: a batch has been filled since `start`. */
static void prefetch_filled(nnrt_prefetch *p, nnrt_entry *e, double start) {
  p->took = nnrt_seconds() - start;
  e->quick = p->took < BATCH_QUICK;
  if (p->marks) nnrt_profile_read(p->marks, e - p->entries, start);
}

static void *prefetch_main(void *argument) {
  nnrt_prefetch *p = argument;
  pthread_mutex_lock(&p->lock);
  while (!p->stop) {
    nnrt_entry *e = prefetch_first(p, BATCH_ASKED);
    if (!e) {
      prefetch_rest(p);
      continue;
    }
    e->state = BATCH_FILLING;
    unsigned char *block = batch_block(e, &e->batch, e->side);
    pthread_mutex_unlock(&p->lock);
    double start = nnrt_seconds();
    batch_fill(p, e, &e->batch, block);
    pthread_mutex_lock(&p->lock);
    prefetch_filled(p, e, start);
    e->state = BATCH_READY;
    pthread_cond_signal(&p->ready);
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

int nnrt_prefetch_start(nnrt_error *error, nnrt_prefetch *p) {
  sigset_t all, before;
  pthread_condattr_t clock; /* that of nnrt_seconds */
  if (pthread_condattr_init(&clock) || pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) ||
      pthread_mutex_init(&p->lock, NULL) || pthread_cond_init(&p->asked, &clock) || pthread_cond_init(&p->ready, NULL))
    return nnrt_fail(error, NNRT_FAILED, "no memory for the prefetch thread");
  pthread_condattr_destroy(&clock);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  p->running = !pthread_create(&p->thread, NULL, prefetch_main, p);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return NNRT_GOOD;
}

void nnrt_prefetch_stop(nnrt_prefetch *p) {
  if (!p->running) return;
  pthread_mutex_lock(&p->lock);
  p->stop = 1;
  pthread_cond_signal(&p->asked);
  pthread_mutex_unlock(&p->lock);
  pthread_join(p->thread, NULL);
  p->running = 0;
  pthread_cond_destroy(&p->ready);
  pthread_cond_destroy(&p->asked);
  pthread_mutex_destroy(&p->lock);
}

/* ---- the two calls ---- */
static bool batch_same(const nnrt_batch *a, const nnrt_batch *b, int nsources) {
  bool same = a->variant == b->variant && a->pass == b->pass && a->epoch == b->epoch;
  for (int k = 0; k < nsources && same; k++)
    same = a->place[k].epoch == b->place[k].epoch && a->place[k].row == b->place[k].row &&
           a->place[k].first == b->place[k].first && a->place[k].last == b->place[k].last;
  return same;
}

void nnrt_prefetch_ask(nnrt_prefetch *p, nnrt_entry *e, const nnrt_batch *batch) {
  if (!p->running) return;
  pthread_mutex_lock(&p->lock);
  while (e->state == BATCH_FILLING) pthread_cond_wait(&p->ready, &p->lock);
  if (!e->quick) {
    double now = nnrt_seconds();
    e->batch = *batch;
    e->state = BATCH_ASKED;
    p->every = now - p->ordered;
    p->ordered = now;
    if (!p->nap) pthread_cond_signal(&p->asked);
  }
  pthread_mutex_unlock(&p->lock);
}

/* The nap was too long: orders came sooner than the pace said, as after a call that took long. */
static void prefetch_wake(nnrt_prefetch *p) {
  p->every = 0;
  pthread_cond_signal(&p->asked);
}

/* Here and now, once the thread fills nothing. */
static void prefetch_here(nnrt_prefetch *p, nnrt_entry *e, const nnrt_batch *batch) {
  if (e->state == BATCH_ASKED) e->state = BATCH_NONE; /* the thread need not begin with it */
  while (prefetch_first(p, BATCH_FILLING)) pthread_cond_wait(&p->ready, &p->lock);
  double start = nnrt_seconds();
  batch_fill(p, e, batch, batch_block(e, batch, e->side));
  prefetch_filled(p, e, start);
}

/* The block, once it is filled; or the error that filling it met. */
int nnrt_prefetch_take(nnrt_error *error, nnrt_prefetch *p, nnrt_entry *e, const nnrt_batch *batch,
                       unsigned char **block) {
  if (!p->running || !e->func->nsources) {
    *block = batch_block(e, batch, 0);
    batch_fill(p, e, batch, *block);
  } else {
    pthread_mutex_lock(&p->lock);
    bool asked = e->state != BATCH_NONE && batch_same(&e->batch, batch, e->func->nsources);
    if (asked && e->state == BATCH_ASKED && p->nap) prefetch_wake(p);
    while (asked && e->state != BATCH_READY && prefetch_first(p, BATCH_FILLING)) pthread_cond_wait(&p->ready, &p->lock);
    if (!asked || e->state != BATCH_READY) prefetch_here(p, e, batch);
    *block = batch_block(e, batch, e->side);
    e->state = BATCH_NONE;
    e->side ^= 1;
    pthread_mutex_unlock(&p->lock);
  }
  return e->failed.status ? nnrt_fail(error, e->failed.status, "%s", e->failed.text) : NNRT_GOOD;
}
