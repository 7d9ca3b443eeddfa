/* select.c: a Module with fewer functions (nnc --only), and one without a driver (nnc --lib). It runs before the
 * passes.
 *
 * What only the functions that go had used goes with them: sources, hypers, states. The states of the model stay, since
 * files of weights hold them; an optimizer's moments are not among them. Of the driver stay the acts that call what is
 * left, or load or save weights; where no phase has a step left, one step calls once what tells something.
 *
 * Invariants: indices in functions, inputs, acts and phases are those of the shortened lists; states keep their order.
 */
#include "graph.h"

/* ---- which functions ---- */
static const char *names_text(const Module *m) {
  const char *text = "";
  for (int i = 0; i < m->funcs.n; ++i)
    text = arena_printf(m->arena, "%s%s%s", text, i ? ", " : "", m->funcs.at[i]->name);
  return text;
}

static _Noreturn void name_unknown(const Module *m, const char *name) {
  const char **names = NEW_N(m->arena, const char *, m->funcs.n + 1);
  for (int i = 0; i < m->funcs.n; ++i) names[i] = m->funcs.at[i]->name;
  const char *near = diag_nearest(name, names, m->funcs.n);
  const char *mean = near ? arena_printf(m->arena, "; did you mean %s?", near) : "";
  user_error((Loc){m->file, 0, NULL}, MSG_only_unknown, name, names_text(m), mean);
}

static void mark_names(const Module *m, const char *names, bool *wanted) {
  if (!*names) name_unknown(m, names);
  for (const char *p = names; *p;) {
    size_t n = strcspn(p, ",");
    const char *name = arena_strndup(m->arena, p, n);
    int found = -1;
    for (int i = 0; i < m->funcs.n; ++i)
      if (!strcmp(m->funcs.at[i]->name, name)) found = i;
    if (found < 0) name_unknown(m, name);
    wanted[found] = true;
    p += n + (p[n] == ',');
  }
}

/* ---- what they use; `map` gives the new index of an old one, or -1 ---- */
typedef struct Maps {
  int *func, *source, *hyper;
} Maps;

static int *map_new(Arena *arena, int n, const bool *kept) {
  int *map = NEW_N(arena, int, n + 1), next = 0;
  for (int i = 0; i < n; ++i) map[i] = kept[i] ? next++ : -1;
  return map;
}

static void mark_used(const Func *f, bool *source, bool *hyper, bool *state) {
  for (int i = 0; i < f->sources.n; ++i) source[f->sources.at[i]] = true;
  for (int v = 0; v < f->variants.n; ++v) {
    const Graph *g = f->variants.at[v].graph;
    for (int i = 0; i < g->inputs.n; ++i)
      if (g->inputs.at[i]->hyper >= 0) hyper[g->inputs.at[i]->hyper] = true;
    for (int id = 0; id < g->nodes.n; ++id)
      if (g->nodes.at[id]->attr->state) state[g->nodes.at[id]->attr->state->id] = true;
  }
}

/* An Input may belong to several graphs: each is renumbered once. */
static void renumber_inputs(Intern *done, const Graph *g, const Maps *maps) {
  for (int i = 0; i < g->inputs.n; ++i) {
    Input *in = g->inputs.at[i];
    void **seen = intern_slot(done, &in, sizeof in);
    if (*seen) continue;
    *seen = in;
    if (in->source >= 0) in->source = maps->source[in->source];
    if (in->hyper >= 0) in->hyper = maps->hyper[in->hyper];
  }
}

static void renumber_funcs(Module *m, const Maps *maps) {
  Intern done;
  intern_init(&done, m->arena);
  for (int i = 0; i < m->funcs.n; ++i) {
    Func *f = m->funcs.at[i];
    for (int k = 0; k < f->sources.n; ++k) f->sources.at[k] = maps->source[f->sources.at[k]];
    for (int v = 0; v < f->variants.n; ++v) renumber_inputs(&done, f->variants.at[v].graph, maps);
  }
}

/* ---- the driver ---- */
static bool act_stays(const Act *a, const Maps *maps) {
  if (a->when_func >= 0 && maps->func[a->when_func] < 0) return false;
  return a->kind != ACT_call || maps->func[a->func] >= 0;
}

/* The acts that stay, renumbered; how many of them call a function. */
static int acts_shorten(Acts *acts, const Maps *maps) {
  int n = 0, calls = 0;
  for (int i = 0; i < acts->n; ++i) {
    Act a = acts->at[i];
    if (!act_stays(&a, maps)) continue;
    if (a.kind == ACT_call) a.func = maps->func[a.func];
    if (a.when_func >= 0) a.when_func = maps->func[a.when_func];
    calls += a.kind == ACT_call;
    acts->at[n++] = a;
  }
  acts->n = n;
  return calls;
}

static bool phase_shorten(const Module *m, Phase *p, const Maps *maps) {
  int calls = acts_shorten(&p->step, maps);
  acts_shorten(&p->before, maps);
  acts_shorten(&p->each_epoch, maps);
  acts_shorten(&p->after, maps);
  if (p->count.hyper >= 0) p->count.hyper = maps->hyper[p->count.hyper];
  if (p->stop_func >= 0) p->stop_func = maps->func[p->stop_func];
  if (p->stop_func < 0) p->stop_output = -1;
  const Func *first = NULL; /* the first call of a step: its batches are what epochs are counted by */
  for (int i = p->step.n - 1; i >= 0; --i)
    if (p->step.at[i].kind == ACT_call) first = m->funcs.at[p->step.at[i].func];
  return calls && !(p->by_epochs && (!first->sources.n || first->whole_pass));
}

static const Act *acts_find(const Acts *acts, int func) {
  for (int i = 0; i < acts->n; ++i)
    if (acts->at[i].kind == ACT_call && acts->at[i].func == func) return &acts->at[i];
  return NULL;
}

/* One call of the function, with the inputs and files of its first one in phases that go: what a model says behind its
 * training, it says without it, too. */
static Act act_once(const Module *m, int nphases, int func) {
  const Act *found = NULL;
  for (int i = 0; i < nphases && !found; ++i) {
    const Phase *p = m->phases.at[i];
    const Acts *const lists[] = {&p->before, &p->step, &p->each_epoch, &p->after};
    for (int l = 0; l < 4 && !found; ++l) found = acts_find(lists[l], func);
  }
  Act a = found ? *found : (Act){.func = func};
  a.times = a.every = 1;
  a.when_func = a.when_output = -1;
  return a;
}

/* Does a call of it leave anything, if only a number to look at? Rows for the rows of a batch are what --predict asks
 * for. */
static bool act_tells(const Module *m, const Act *a) {
  const Func *f = m->funcs.at[a->func];
  const Graph *g = f->variants.at[0].graph;
  if (!f->sources.n || a->writes.n || g->assigns.n) return true;
  for (int i = 0; i < g->outputs.n; ++i)
    if (!g->outputs.at[i].node->shape.rank) return true;
  return false;
}

/* One step in which every function is called once that tells something; without any the program has no run. */
static void phase_once(Module *m, int nphases) {
  Phase *p = NEW(m->arena, Phase);
  *p = (Phase){.count = {.value = 1, .hyper = -1}, .stop_func = -1, .stop_output = -1};
  for (int i = 0; i < m->funcs.n; ++i) {
    Act a = act_once(m, nphases, i);
    if (act_tells(m, &a)) vec_push(m->arena, p->step, a);
  }
  m->phases.n = 0;
  if (p->step.n) vec_push(m->arena, m->phases, p);
}

static void phases_shorten(Module *m, const Maps *maps) {
  int n = 0, all = m->phases.n;
  for (int i = 0; i < all; ++i)
    if (phase_shorten(m, m->phases.at[i], maps)) m->phases.at[n++] = m->phases.at[i];
  m->phases.n = n;
  if (!n) phase_once(m, all);
}

/* The best by a function that is left out is no question any more. */
static void checkpoint_shorten(Module *m, const Maps *maps) {
  if (!m->checkpoint || m->checkpoint->best_func < 0) return;
  Checkpoint *c = NEW(m->arena, Checkpoint);
  *c = *m->checkpoint;
  c->best_func = maps->func[c->best_func];
  if (c->best_func < 0) c->best_output = -1;
  m->checkpoint = c;
}

/* A phase's count may be a hyper, whatever its functions read. */
static void mark_counts(const Module *m, const bool *func, bool *hyper) {
  for (int i = 0; i < m->phases.n; ++i) {
    const Phase *p = m->phases.at[i];
    for (int a = 0; a < p->step.n && p->count.hyper >= 0; ++a)
      if (p->step.at[a].kind == ACT_call && func[p->step.at[a].func]) hyper[p->count.hyper] = true;
  }
}

static void mark_kept(const Acts *acts, bool *state) {
  for (int i = 0; i < acts->n; ++i)
    for (int k = 0; k < acts->at[i].tree.n; ++k) state[acts->at[i].tree.at[k].state->id] = true;
}

/* Inputs and outputs of functions without data are texts in the first vocabulary (runtime/host/inputs.c): it stays. One
 * in a file is the first source. */
static void mark_vocabulary(const Module *m, bool *source) {
  for (int i = 0; i < m->sources.n; ++i)
    if (m->sources.at[i]->vocabulary || source_is_tokens(m->sources.at[i])) {
      source[i] = true;
      return;
    }
}

/* ---- all of it ---- */
static void states_shorten(Module *m, bool *keep) {
  int n = 0;
  if (m->seed) keep[m->seed->id] = true;
  for (int i = 0; i < m->phases.n; ++i) {
    const Phase *p = m->phases.at[i];
    const Acts *const lists[] = {&p->before, &p->step, &p->each_epoch, &p->after};
    for (int l = 0; l < 4; ++l) mark_kept(lists[l], keep);
  }
  for (int i = 0; i < m->states.n; ++i) {
    State *s = m->states.at[i];
    if (!keep[i] && !s->saved) continue;
    m->states.at[n] = s;
    s->id = n++;
  }
  m->states.n = n;
}

#define SHORTEN(list, map)                                                                                             \
  do {                                                                                                                 \
    int shortened = 0;                                                                                                 \
    for (int i = 0; i < (list).n; ++i)                                                                                 \
      if ((map)[i] >= 0) (list).at[shortened++] = (list).at[i];                                                        \
    (list).n = shortened;                                                                                              \
  } while (0)

void module_only(Module *m, const char *names) {
  Arena *a = m->arena;
  bool *func = NEW_N(a, bool, m->funcs.n + 1), *source = NEW_N(a, bool, m->sources.n + 1);
  bool *hyper = NEW_N(a, bool, m->hypers.n + 1), *state = NEW_N(a, bool, m->states.n + 1);
  mark_names(m, names, func);
  for (int i = 0; i < m->funcs.n; ++i) {
    if (func[i])
      mark_used(m->funcs.at[i], source, hyper, state);
    else
      vec_push(a, m->left_out, m->funcs.at[i]->name);
  }
  mark_counts(m, func, hyper);
  mark_vocabulary(m, source);
  const Maps maps = {map_new(a, m->funcs.n, func), map_new(a, m->sources.n, source), map_new(a, m->hypers.n, hyper)};
  SHORTEN(m->funcs, maps.func);
  SHORTEN(m->sources, maps.source);
  SHORTEN(m->hypers, maps.hyper);
  renumber_funcs(m, &maps);
  phases_shorten(m, &maps);
  checkpoint_shorten(m, &maps);
  states_shorten(m, state);
}

void module_library(Module *m) {
  m->phases.n = 0;
  m->checkpoint = NULL;
  for (int i = 0; i < m->sources.n; ++i) {
    Source *s = m->sources.at[i];
    s->files.n = s->values.n = s->stored.n = s->headings.n = 0;
  }
}
