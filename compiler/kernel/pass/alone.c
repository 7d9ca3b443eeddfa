/* alone.c: which host functions one thread runs (Host.alone): those whose kernels are so small that the threads would
 * wait for each other longer than they work.
 *
 * Needs: hosts in order, with barriers. A barrier of two threads costs 0.1 to 0.3 microseconds on a quiet machine, and
 * what one thread wrote has to come to the other; a switch of processes, some 10 microseconds, where another program
 * has one of the processors. So a host is left to one thread when the work between two barriers, loops counted by their
 * turns, is so little that two threads do not even gain on a quiet machine (docs/performance.md, "Small models"). Bits
 * do not depend on the number of threads, and so not on this.
 *
 * Work is operations of elements, and elements that pass through memory, by the costs that lowering gave the kernels.
 * The barriers stay, since memory is planned in them; they print as nothing. */
#include "plan.h"

enum { WORK_MIN = 1 << 16 };

typedef struct Work {
  double work, meetings; /* loops in loops would overflow integers */
} Work;

static Work work_of(const Block *b) {
  Work w = {0, 0};
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    if (s->kind == S_barrier) w.meetings++;
    if (s->kind == S_call)
      w.work += (double)s->kernel->flops + (double)(s->kernel->bytes_read + s->kernel->bytes_written) / 4;
    if (!is_compound(s)) continue;
    Work body = work_of(&s->body), other = work_of(&s->other);
    double turns = s->kind == S_for ? (double)s->hi->value.i : 1; /* of a while: as many above as below the line */
    w.work += turns * (body.work + other.work);
    w.meetings += turns * (body.meetings + other.meetings);
  }
  return w;
}

static bool is_light(const Host *h) {
  enum { ENDS = 2 }; /* where the threads begin and end a call */
  Work w = work_of(&h->body);
  return w.work < (w.meetings + ENDS) * WORK_MIN;
}

void hosts_alone(Program *p) {
  for (int i = 0; i < p->hosts.n; ++i) p->hosts.at[i]->alone = p->hosts.at[i]->func && is_light(p->hosts.at[i]);
}
