/* trap.c: programs of nnc --trap: what each operation made and read, and who made the first NaN or infinity.
 *
 * Behind each operation the step calls nnrt_range for its operands and its output; what it sees stays as it is from the
 * first time on that the output is bad (loops come by again). When the step is over, bad states and outputs are looked
 * for, and from there the way back: to the operation that wrote a bad operand, until one is found that made something
 * bad of good operands. So what a NaN did not come from is never named, and what reached nothing (the exponential of a
 * saturated sigmoid, a masked row) stops nothing. An infinity is bad unless it came from infinite data or a constant.
 */
#include "host.h"

#include <math.h>
#include <string.h>

/* Of each tensor: its smallest and largest finite element, how many are NaN, how many infinite; whether the search for
 * an origin has been there. */
enum { RANGE_LOW, RANGE_HIGH, RANGE_NANS, RANGE_INFINITIES, RANGE_VISITED, RANGE };

/* ---- looking ---- */
static bool range_bad(const double *r) { return r[RANGE_NANS] > 0 || r[RANGE_INFINITIES] > 0; }

static void range_add(double *r, double x) {
  if (isnan(x))
    r[RANGE_NANS]++;
  else if (isinf(x))
    r[RANGE_INFINITIES]++;
  else {
    if (x < r[RANGE_LOW]) r[RANGE_LOW] = x;
    if (x > r[RANGE_HIGH]) r[RANGE_HIGH] = x;
  }
}

/* Floats in their order as integers, and back. */
static int32_t range_key(int32_t bits) { return bits ^ ((bits >> 31) & INT32_MAX); }

static double range_of_key(int32_t key) {
  float x;
  key = range_key(key);
  memcpy(&x, &key, sizeof x);
  return (double)x + 0.0; /* no minus before a zero */
}

/* Without a branch, by integers: what compilers make vectors of. */
static void range_f32(double *r, const int32_t *bits, int n) {
  int32_t low = INT32_MAX, high = INT32_MIN, nans = 0, others = 0;
  for (int i = 0; i < n; i++) {
    int32_t size = bits[i] & INT32_MAX, key = range_key(bits[i]), bad = size >= 0x7F800000;
    int32_t at_least = bad ? INT32_MAX : key, at_most = bad ? INT32_MIN : key;
    low = at_least < low ? at_least : low;
    high = at_most > high ? at_most : high;
    nans += size > 0x7F800000;
    others += size == 0x7F800000;
  }
  r[RANGE_NANS] += nans;
  r[RANGE_INFINITIES] += others;
  if (nans + others == n) return;
  if (range_of_key(low) < r[RANGE_LOW]) r[RANGE_LOW] = range_of_key(low);
  if (range_of_key(high) > r[RANGE_HIGH]) r[RANGE_HIGH] = range_of_key(high);
}

void nnrt_range(int64_t dtype, int64_t count, const void *x, int64_t at, double *seen) {
  enum { BLOCK = 1024 };
  double r[RANGE] = {INFINITY, -INFINITY, 0, 0, 0};
  int32_t bits[BLOCK];
  if (range_bad(seen)) return;
  for (int64_t i = 0; i < count && dtype == NNRT_f32; i += BLOCK) {
    int n = count - i < BLOCK ? (int)(count - i) : BLOCK;
    memcpy(bits, (const float *)x + i, (size_t)n * sizeof *bits);
    range_f32(r, bits, n);
  }
  for (int64_t i = 0; i < count && dtype != NNRT_f32; i++)
    range_add(r, nnrt_element((int)dtype, (const char *)x + i * nnrt_dtype_bytes((int)dtype)));
  memcpy(seen + at * RANGE, r, sizeof r);
}

/* ---- the way back ---- */
typedef struct nnrt_origin {
  const nnrt_trap *trap;
  int tensor; /* 0: the operation made it; else this operand came in so, and nothing in this call wrote it */
} nnrt_origin;

static double *trap_ranges(const nnrt_run *run) {
  return (double *)(void *)(run->memory.state + run->model->trap_offset);
}

static double *trap_range(const nnrt_run *run, const nnrt_trap *t, int tensor) {
  return trap_ranges(run) + (t->first + tensor) * (int64_t)RANGE;
}

static bool trap_has(const nnrt_run *run, const nnrt_trap *t, int tensor, int kind) {
  return trap_range(run, t, tensor)[kind] > 0;
}

static bool trap_feeds(const nnrt_trap *writer, const nnrt_trap *t, int tensor) {
  return writer->step == t->step && writer->tensors[0].memory == t->tensors[tensor].memory;
}

static bool origin_find(const nnrt_run *run, const nnrt_trap *t, nnrt_origin *origin);

/* Through those that wrote this operand; what was there before the call is an origin itself when it holds a NaN. */
static bool origin_behind(const nnrt_run *run, const nnrt_trap *t, int tensor, int kind, nnrt_origin *origin) {
  const nnrt_model *m = run->model;
  bool fresh = t->tensors[tensor].kind == NNRT_TRACED_SCRATCH;
  for (int i = 0; i < m->ntraps; i++)
    if (trap_feeds(&m->traps[i], t, tensor) && origin_find(run, &m->traps[i], origin)) return true;
  if (fresh || kind != RANGE_NANS) return false;
  *origin = (nnrt_origin){t, tensor};
  return true;
}

/* Is anything of this kind among the operands? Then *origin is where it came from, if that is found. */
static bool origin_among(const nnrt_run *run, const nnrt_trap *t, int kind, bool *found, nnrt_origin *origin) {
  bool any = false;
  for (int i = 1; i < t->ntensors && !*found; i++) {
    if (!trap_has(run, t, i, kind)) continue;
    any = true;
    *found = origin_behind(run, t, i, kind, origin);
  }
  return any;
}

/* False: what it made is good, was asked for, or came from where the search has been. */
static bool origin_find(const nnrt_run *run, const nnrt_trap *t, nnrt_origin *origin) {
  double *r = trap_range(run, t, 0);
  bool found = false, nan = r[RANGE_NANS] > 0;
  if (!range_bad(r) || r[RANGE_VISITED] > 0) return false;
  r[RANGE_VISITED] = 1;
  if (origin_among(run, t, RANGE_NANS, &found, origin)) return found;
  bool infinite = origin_among(run, t, RANGE_INFINITIES, &found, origin);
  if (found) return true;
  *origin = (nnrt_origin){t, 0};
  return nan || !(infinite || t->infinite);
}

/* ---- what is said ---- */
static int count_text(char *to, int size, int n, double count, const char *one, const char *more) {
  if (count == 0) return n;
  return nnrt_text(to, size, n, ", %.0f %s", count, count == 1 ? one : more);
}

static int tensor_text(const nnrt_run *run, const nnrt_trap *t, int i, char *to, int size, int n) {
  static const char *const kinds[] = {"parameter ", "state ", "", "output ", "input ", "constant "};
  const nnrt_traced *x = &t->tensors[i];
  const double *r = trap_range(run, t, i);
  char shape[128];
  nnrt_shape_text(shape, sizeof shape, x->rank, x->dim);
  n = nnrt_text(to, size, n, "\n    %s%s%s, %s %s: ", i ? "reads " : "makes ", kinds[x->kind], x->name,
                nnrt_dtype_name(x->dtype), shape);
  if (r[RANGE_LOW] > r[RANGE_HIGH])
    n = nnrt_text(to, size, n, "nothing finite");
  else
    n = nnrt_text(to, size, n, "%.9g to %.9g", r[RANGE_LOW], r[RANGE_HIGH]);
  n = count_text(to, size, n, r[RANGE_NANS], "NaN", "NaN");
  return count_text(to, size, n, r[RANGE_INFINITIES], "infinity", "infinities");
}

static int origin_fail(nnrt_run *run, const nnrt_origin *o, const char *what) {
  const nnrt_trap *t = o->trap;
  const bool nan = trap_range(run, t, o->tensor)[RANGE_NANS] > 0;
  const char *kind = nan ? "NaN" : "infinity";
  char text[sizeof run->error.text];
  int n = nnrt_text(text, sizeof text, 0, "%s in step %lld (%s): ", kind, (long long)run->step, what);
  if (o->tensor)
    n = nnrt_text(text, sizeof text, n, "it came in with %s, which %s reads", t->tensors[o->tensor].name, t->op);
  else
    n = nnrt_text(text, sizeof text, n, "made by %s", t->op);
  n = nnrt_text(text, sizeof text, n, "\n  %s%s%s\n  kernel %s", t->at, t->line ? ": " : "", t->line ? t->line : "",
                t->kernel);
  for (int i = 0; i < t->ntensors; i++) n = tensor_text(run, t, i, text, sizeof text, n);
  return nnrt_fail(&run->error, NNRT_FAILED, "%s", text);
}

/* ---- a call ---- */
void nnrt_trap_begin(nnrt_run *run) {
  const nnrt_model *m = run->model;
  if (!m->ntraps) return;
  const nnrt_trap *last = &m->traps[m->ntraps - 1];
  memset(trap_ranges(run), 0, (size_t)(last->first + last->ntensors) * RANGE * sizeof(double));
}

/* A state, an output: what is left of a call. */
static bool trap_stays(const nnrt_trap *t) { return t->tensors[0].kind != NNRT_TRACED_SCRATCH; }

int nnrt_trap_check(nnrt_run *run, nnrt_step *step, const char *what) {
  nnrt_origin origin;
  for (int i = 0; i < run->model->ntraps; i++) {
    const nnrt_trap *t = &run->model->traps[i];
    if (t->step == step && trap_stays(t) && origin_find(run, t, &origin)) return origin_fail(run, &origin, what);
  }
  return NNRT_GOOD;
}
