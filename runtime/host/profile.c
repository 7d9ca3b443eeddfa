/* profile.c: --profile FILE: where the time of a run's steps goes.
 *
 * The run is as always (data, schedule, log) but for what it would write over, and ends after PROFILE_WARM_UP steps and
 * the --profile-steps behind them, in which functions run their second step function: it calls nnrt_mark in front of
 * each kernel and barrier (nnc --profile). A mark ends what the thread was at and begins the next thing, so that each
 * thread's time within a step function is cut without gaps. Around that the main thread notes steps, waiting for
 * batches, and calls.
 *
 * Sums are kept of everything; the trace has as much as its buffers hold, which are made before the first step. A
 * thread's time that is neither a kernel's nor outside of all calls is waiting for other threads: at barriers, for the
 * call to begin, for it to end. */
#include "host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROFILE_WARM_UP = 5, PROFILE_STEPS = 10, PROFILE_EVENTS = 1 << 17, PROFILE_KEPT = 1 << 12 };
#define PROFILE_PEAK_SECONDS 0.1

/* ---- what the threads note ---- */
static void profile_event_add(nnrt_marks *m, int kind, int64_t number, double start, double end) {
  bool around = kind < NNRT_EVENT_KERNEL; /* what holds others finds room when they do not any more */
  if (m->nevents == PROFILE_EVENTS - (around ? 0 : PROFILE_KEPT)) {
    m->lost++;
    return;
  }
  m->events[m->nevents++] = (nnrt_event){start, end, kind, number};
}

void nnrt_mark(const nnrt_memory *memory, const nnrt_thread *thread, int64_t site) {
  nnrt_marks *m = &memory->marks[thread->id];
  double now = nnrt_seconds();
  if (m->site >= 0) {
    m->spent[m->site] += now - m->since;
    m->calls[m->site]++;
    profile_event_add(m, NNRT_EVENT_KERNEL, m->site, m->since, now);
  } else if (m->site == NNRT_MARK_WAIT) {
    profile_event_add(m, NNRT_EVENT_WAIT, 0, m->since, now);
  }
  m->site = site;
  m->since = now;
}

/* ---- what the main thread notes; 0 and nothing when it does not ---- */
double nnrt_profile_now(const nnrt_run *run) { return run->profile.recording ? nnrt_seconds() : 0; }

void nnrt_profile_span(nnrt_run *run, int kind, int64_t number, double start) {
  nnrt_profile *p = &run->profile;
  if (!p->recording) return;
  double end = nnrt_seconds();
  p->spent[kind] += end - start;
  profile_event_add(&p->marks[0], kind, number, start, end);
}

/* Under the lock of the thread that reads: a batch of entry number `number` has been filled, by whomever. */
void nnrt_profile_read(nnrt_marks *m, int64_t number, double start) {
  profile_event_add(m, NNRT_EVENT_READ, number, start, nnrt_seconds());
}

/* ---- the steps ---- */
void nnrt_profile_begin(nnrt_run *run) {
  nnrt_profile *p = &run->profile;
  if (!p->marks || p->seen++ < PROFILE_WARM_UP) return;
  p->recording = true;
  p->began = nnrt_seconds();
  if (!p->recorded) p->origin = p->began;
}

int nnrt_profile_step(nnrt_run *run) {
  nnrt_profile *p = &run->profile;
  if (!p->recording) return NNRT_GOOD;
  nnrt_profile_span(run, NNRT_EVENT_STEP, run->step, p->began);
  p->recording = false;
  return ++p->recorded < p->wanted ? NNRT_GOOD : NNRT_OVER;
}

/* The peaks are measured before anything else runs on the pool. */
int nnrt_profile_prepare(nnrt_run *run) {
  nnrt_profile *p = &run->profile;
  const nnrt_model *m = run->model;
  if (!run->options.profile) return NNRT_GOOD;
  NNRT_TRY(nnrt_replace_possible(&run->error, run->options.profile));
  p->wanted = run->options.profile_steps > 0 ? run->options.profile_steps : PROFILE_STEPS;
  p->flops = nnrt_peak_flops(run->pool, run->threads, PROFILE_PEAK_SECONDS);
  p->bytes = nnrt_peak_bytes(run->pool);
  NNRT_TRY(nnrt_alloc(&run->error, &p->marks, run->threads * (int64_t)sizeof *p->marks, "the profile"));
  NNRT_TRY(nnrt_alloc(&run->error, &p->reader.events, PROFILE_EVENTS * (int64_t)sizeof(nnrt_event), "the profile"));
  run->prefetch.marks = &p->reader;
  for (int t = 0; t < run->threads; t++) {
    nnrt_marks *k = &p->marks[t];
    k->site = NNRT_MARK_END;
    NNRT_TRY(nnrt_alloc(&run->error, &k->spent, m->nsites * (int64_t)sizeof *k->spent, "the profile"));
    NNRT_TRY(nnrt_alloc(&run->error, &k->calls, m->nsites * (int64_t)sizeof *k->calls, "the profile"));
    NNRT_TRY(nnrt_alloc(&run->error, &k->events, PROFILE_EVENTS * (int64_t)sizeof *k->events, "the profile"));
  }
  return NNRT_GOOD;
}

void nnrt_profile_free(nnrt_run *run) {
  nnrt_profile *p = &run->profile;
  for (int t = 0; p->marks && t < run->threads; t++) {
    free(p->marks[t].spent);
    free(p->marks[t].calls);
    free(p->marks[t].events);
  }
  free(p->reader.events);
  free(p->marks);
}

/* ---- the trace: JSON that chrome://tracing and ui.perfetto.dev read; times in microseconds, to the nanosecond ---- */
static int profile_event_compare(const void *a, const void *b) { /* what holds another stands before it */
  const nnrt_event *x = a, *y = b;
  if (x->start != y->start) return x->start < y->start ? -1 : 1;
  if (x->end != y->end) return x->end > y->end ? -1 : 1;
  return x->kind - y->kind;
}

/* Rounded from one origin, so that what lies within another still does. */
static int64_t profile_event_time(const nnrt_run *run, double time) {
  return (int64_t)floor((time - run->profile.origin) * 1e9 + 0.5);
}

/* As JSON takes it: a line of the model may hold anything. */
static void profile_trace_name(char *to, int size, const char *name) {
  char shown[1024];
  nnrt_name_text(shown, sizeof shown, 0, name);
  nnrt_json_text(to, size, 0, shown);
}

static void profile_trace_texts(nnrt_paper *out, const nnrt_site *s) {
  char text[4096];
  const char *const names[] = {"from", "line"}, *const texts[] = {s->from, s->line};
  for (int i = 0; i < 2; i++) {
    if (!texts[i] || strlen(texts[i]) > sizeof text / 8) continue; /* cut, it might end in half a character */
    profile_trace_name(text, sizeof text, texts[i]);
    nnrt_paper_text(out, "\"%s\":\"%s\",", names[i], text);
  }
}

static void profile_trace_arguments(const nnrt_run *run, nnrt_paper *out, const nnrt_event *e) {
  if (e->kind != NNRT_EVENT_KERNEL) return nnrt_paper_text(out, "}");
  const nnrt_site *s = &run->model->sites[e->number];
  nnrt_paper_text(out, ",\"args\":{");
  profile_trace_texts(out, s);
  nnrt_paper_text(out, "\"flops\":%lld,\"bytes_read\":%lld,\"bytes_written\":%lld}}", (long long)s->flops,
                  (long long)s->reads, (long long)s->writes);
}

static void profile_trace_event(const nnrt_run *run, nnrt_paper *out, int thread, const nnrt_event *e) {
  static const char *const kinds[] = {"step", "data", "call", "kernel", "wait", "read"};
  bool call = e->kind == NNRT_EVENT_CALL || e->kind == NNRT_EVENT_READ;
  char step[32], name[512];
  const char *const names[] = {step,
                               "waiting for data",
                               call ? run->model->funcs[e->number].name : "",
                               e->kind == NNRT_EVENT_KERNEL ? run->model->sites[e->number].kernel : "",
                               "waiting for other threads",
                               call ? run->model->funcs[e->number].name : ""};
  int64_t start = profile_event_time(run, e->start), took = profile_event_time(run, e->end) - start;
  nnrt_text(step, sizeof step, 0, "step %lld", (long long)e->number);
  nnrt_paper_text(out, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%lld.%03lld,\"dur\":%lld.%03lld,\"cat\":\"%s\"",
                  thread, (long long)start / 1000, (long long)start % 1000, (long long)took / 1000,
                  (long long)took % 1000, kinds[e->kind]);
  profile_trace_name(name, sizeof name, names[e->kind]);
  nnrt_paper_text(out, ",\"name\":\"%s\"", name);
  profile_trace_arguments(run, out, e);
}

/* What lies in front of the first recorded step is left out: the thread that reads has noted it, too. */
static void profile_trace_thread(const nnrt_run *run, nnrt_paper *out, int thread, const char *name, nnrt_marks *m) {
  qsort(m->events, (size_t)m->nevents, sizeof *m->events, profile_event_compare);
  nnrt_paper_text(out, ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}}",
                  thread, name);
  for (int64_t i = 0; i < m->nevents; i++)
    if (m->events[i].start >= run->profile.origin) profile_trace_event(run, out, thread, &m->events[i]);
}

static int profile_trace_write(nnrt_run *run) {
  nnrt_profile *p = &run->profile;
  nnrt_replacement r;
  char name[32], model[2048];
  NNRT_TRY(nnrt_replace_begin(&run->error, &r, run->options.profile));
  profile_trace_name(model, sizeof model, run->model->name);
  nnrt_paper *out = &p->paper;
  *out = (nnrt_paper){.descriptor = r.descriptor};
  nnrt_paper_text(out,
                  "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"model\":\"%s\",\"threads\":%d,\"steps\":%lld,"
                  "\"peak_gflops\":%.6g,\"peak_gbytes\":%.6g},\"traceEvents\":[\n",
                  model, run->threads, (long long)p->recorded, p->flops / 1e9, p->bytes / 1e9);
  nnrt_paper_text(out, "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"%s\"}}", model);
  for (int t = 0; t < run->threads; t++) {
    nnrt_text(name, sizeof name, 0, "thread %d", t);
    profile_trace_thread(run, out, t, name, &p->marks[t]);
  }
  pthread_mutex_lock(&run->prefetch.lock);
  profile_trace_thread(run, out, run->threads, "reading data", &p->reader);
  pthread_mutex_unlock(&run->prefetch.lock);
  nnrt_paper_text(out, "\n]}\n");
  nnrt_paper_flush(out);
  return nnrt_replace_end(&run->error, &r, out->failed);
}

/* ---- the table: a row a kernel, of all its calls ---- */
typedef struct nnrt_profile_row {
  const nnrt_site *site;
  double time, longest;       /* of all threads; of the thread that was longest at it */
  double calls, flops, bytes; /* in all recorded steps */
} nnrt_profile_row;

static void profile_row_add(const nnrt_run *run, nnrt_profile_row *row, double *by_thread, int64_t site) {
  const nnrt_site *s = &run->model->sites[site];
  int64_t calls = 0;
  row->longest = 0;
  for (int t = 0; t < run->threads; t++) {
    const nnrt_marks *m = &run->profile.marks[t];
    if (m->calls[site] > calls) calls = m->calls[site];
    row->time += m->spent[site];
    by_thread[t] += m->spent[site];
    if (by_thread[t] > row->longest) row->longest = by_thread[t];
  }
  row->calls += (double)calls;
  row->flops += (double)calls * (double)s->flops;
  row->bytes += (double)calls * (double)(s->reads + s->writes);
}

static int profile_row_compare(const void *a, const void *b) {
  const nnrt_profile_row *x = a, *y = b;
  return x->time != y->time ? (x->time < y->time ? 1 : -1) : strcmp(x->site->kernel, y->site->kernel);
}

/* How many rows there are: kernels that ran. by_thread: a row of `threads` zeros for each site. */
static int profile_rows(const nnrt_run *run, nnrt_profile_row *rows, double *by_thread) {
  const nnrt_model *m = run->model;
  int n = 0, kept = 0;
  for (int i = 0; i < m->nsites; i++) {
    int at = 0;
    while (at < n && strcmp(rows[at].site->kernel, m->sites[i].kernel)) at++;
    if (at == n) rows[n++] = (nnrt_profile_row){.site = &m->sites[i]};
    profile_row_add(run, &rows[at], by_thread + (int64_t)at * run->threads, i);
  }
  for (int i = 0; i < n; i++)
    if (rows[i].calls > 0) rows[kept++] = rows[i];
  qsort(rows, (size_t)kept, sizeof *rows, profile_row_compare);
  return kept;
}

static double profile_ratio(double x, double y) { return y > 0 ? x / y : 0; }

static void profile_row_print(const nnrt_run *run, const nnrt_profile_row *r) {
  const nnrt_profile *p = &run->profile;
  double steps = (double)p->recorded, mean = r->time / run->threads;
  double flops = profile_ratio(r->flops, r->longest), bytes = profile_ratio(r->bytes, r->longest);
  printf("%6.2f %%  %9.4f  %5.4g  %8.1f %4.0f %%  %7.1f %4.0f %%  %-28s  %s\n",
         100 * profile_ratio(mean, p->spent[NNRT_EVENT_STEP]), 1e3 * mean / steps, r->calls / steps, flops / 1e9,
         100 * profile_ratio(flops, p->flops), bytes / 1e9, 100 * profile_ratio(bytes, p->bytes), r->site->kernel,
         r->site->from);
}

static void profile_rest_print(const nnrt_run *run, double seconds, const char *what) {
  double all = run->profile.spent[NNRT_EVENT_STEP];
  printf("%6.2f %%  %9.4f  %37s%s\n", 100 * profile_ratio(seconds, all), 1e3 * seconds / (double)run->profile.recorded,
         "", what);
}

/* Of one thread alone what is no kernel within a call is no waiting. */
static void profile_rest(const nnrt_run *run, double kernels) {
  const double *spent = run->profile.spent;
  double outside = spent[NNRT_EVENT_STEP] - spent[NNRT_EVENT_DATA] - spent[NNRT_EVENT_CALL];
  double waiting = spent[NNRT_EVENT_CALL] - kernels;
  bool alone = run->threads == 1;
  profile_rest_print(run, outside + (alone ? waiting : 0), "outside kernels");
  profile_rest_print(run, spent[NNRT_EVENT_DATA], "waiting for data");
  profile_rest_print(run, alone ? 0 : waiting, "waiting for other threads");
  profile_rest_print(run, spent[NNRT_EVENT_STEP], "a step");
}

static int profile_table(nnrt_run *run) {
  const nnrt_profile *p = &run->profile;
  const nnrt_model *m = run->model;
  nnrt_profile_row *rows;
  double *by_thread = NULL, kernels = 0;
  NNRT_TRY(nnrt_alloc(&run->error, &rows, m->nsites * (int64_t)sizeof *rows, "the table"));
  int status = nnrt_alloc(&run->error, &by_thread, m->nsites * (int64_t)sizeof *by_thread * run->threads, "the table");
  int n = status ? 0 : profile_rows(run, rows, by_thread);
  printf("%s: %lld steps of %.4g ms by %d thread%s, which can do %.1f GFLOP/s (f32) and move %.1f GB/s\n\n", m->name,
         (long long)p->recorded, 1e3 * p->spent[NNRT_EVENT_STEP] / (double)p->recorded, run->threads,
         run->threads > 1 ? "s" : "", p->flops / 1e9, p->bytes / 1e9);
  printf("   share  ms a step  calls   GFLOP/s  peak     GB/s   peak  %-28s  %s\n", "kernel", "from");
  for (int i = 0; i < n; i++) {
    profile_row_print(run, &rows[i]);
    kernels += rows[i].time / run->threads;
  }
  profile_rest(run, kernels);
  free(rows);
  free(by_thread);
  return status;
}

int nnrt_profile_end(nnrt_run *run) {
  nnrt_profile *p = &run->profile;
  int64_t lost = 0;
  if (!p->recorded)
    return nnrt_fail(&run->error, NNRT_FAILED, "--profile: the run was over after %lld steps; %d go before the first",
                     (long long)p->seen, PROFILE_WARM_UP);
  for (int t = 0; t < run->threads; t++) lost += p->marks[t].lost;
  NNRT_TRY(profile_trace_write(run));
  NNRT_TRY(profile_table(run));
  if (lost) printf("the trace lacks the last %lld events; the table counts them\n", (long long)lost);
  return NNRT_GOOD;
}
