/* print.c: the text form of graphs and of a whole Module, which parse.c and parse_module.c read back to an equal one.
 *
 * One line a node: `%5 = dot %1, %4 axes=[1] axes_b=[1] : f32[128,512] @models/m.lua:7 "h"`: number, op, operands, the
 * attributes that differ from their defaults, dtype and shape, the model's line, the user's name. Numbers are printed
 * with as many digits as it takes to read them back exactly; a constant whose elements are all the same is one number.
 * Dimensions count from 0 here, as in the structures. The subgraphs of a control node follow its line. */
#include "op/op.h"

#include <math.h>

static const char *const input_kind_name[] = {"field", "value",       "hyper",  "first", "last",
                                              "epoch", "total_steps", "weight", "bound"};

static void print_string(Text *out, const char *s) {
  text_puts(out, "\"");
  for (; *s; ++s) {
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\')
      text_printf(out, "\\%c", c);
    else if (c < 32 || c == 127)
      text_printf(out, "\\x%02x", c);
    else
      text_printf(out, "%c", c);
  }
  text_puts(out, "\"");
}

static bool is_bare(const char *s) {
  for (const char *p = s; *p; ++p)
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-", *p)) return false;
  return *s != 0;
}

static void print_loc(Text *out, Loc loc) {
  if (!loc.file) return;
  text_puts(out, " @");
  if (is_bare(loc.file))
    text_puts(out, loc.file);
  else
    print_string(out, loc.file);
  text_printf(out, ":%d", loc.line);
  if (!loc.via) return;
  text_puts(out, " via ");
  print_string(out, loc.via);
}

static void print_type(Text *out, DType dtype, Shape shape) {
  text_printf(out, " : %s%s", dtype_info[dtype].name, shape_text(out->arena, shape));
}

static void print_numbers(Text *out, const char *key, int n, const int64_t *at) {
  text_printf(out, " %s=[", key);
  for (int k = 0; k < n; ++k) text_printf(out, k ? ",%lld" : "%lld", (long long)at[k]);
  text_puts(out, "]");
}

static void print_axes(Text *out, const char *key, const Axes *axes) {
  int64_t at[RANK_MAX] = {0};
  for (int k = 0; k < axes->n; ++k) at[k] = axes->at[k];
  print_numbers(out, key, axes->n, at);
}

static bool all_are(const int64_t *at, int n, int64_t x) {
  for (int k = 0; k < n; ++k)
    if (at[k] != x) return false;
  return true;
}

/* ---- constants ---- */

/* 100, not 1e+02; everything else as short as it can be. */
static void print_double(Text *out, double x, bool single) {
  if (x == floor(x) && fabs(x) < 1e6)
    text_printf(out, "%.0f", x);
  else
    text_puts(out, single ? text_f32(out->arena, (float)x) : text_f64(out->arena, x));
}

static void print_element(Text *out, const Value *v, int64_t k) {
  if (v->i)
    text_printf(out, "%lld", (long long)v->i[k]);
  else
    print_double(out, v->f[k], v->dtype != DT_f64);
}

static void print_tensor(Text *out, const Tensor *t) {
  const Value *v = value_of_tensor(out->arena, t);
  int64_t count = shape_count(t->shape), same = 1;
  size_t bytes = (size_t)dtype_info[t->dtype].bytes;
  while (same < count && !memcmp(t->data, (const char *)t->data + (size_t)same * bytes, bytes)) ++same;
  if (same == count) {
    print_element(out, v, 0);
    return;
  }
  for (int64_t k = 0; k < count; ++k) {
    text_puts(out, k ? "," : "[");
    print_element(out, v, k);
  }
  text_puts(out, "]");
}

/* ---- nodes ---- */

static void print_box(Text *out, const Node *n, const char *step, int64_t usual) {
  int rank = n->shape.rank;
  print_numbers(out, "low", rank, n->attr->low);
  print_numbers(out, "high", rank, n->attr->high);
  if (!all_are(n->attr->step, rank, usual)) print_numbers(out, step, rank, n->attr->step);
}

static void print_dot(Text *out, const Attr *at) {
  if (at->batch.n) print_axes(out, "batch", &at->batch);
  if (at->batch_b.n) print_axes(out, "batch_b", &at->batch_b);
  print_axes(out, "axes", &at->axes);
  print_axes(out, "axes_b", &at->axes_b);
}

static void print_window(Text *out, const Attr *at, bool back) {
  int n = at->axes.n;
  print_axes(out, "axes", &at->axes);
  print_numbers(out, "size", n, at->size);
  if (!all_are(at->step, n, 1)) print_numbers(out, "step", n, at->step);
  if (!all_are(at->dilation, n, 1)) print_numbers(out, "dilation", n, at->dilation);
  if (back) print_numbers(out, "high", n, at->high);
}

static void print_counts(Text *out, const Attr *at) { text_printf(out, " carries=%d rows=%d", at->carries, at->rows); }

static void print_attributes(Text *out, const Node *n) {
  const Attr *at = n->attr;
  uint64_t fill;
  memcpy(&fill, &at->fill, sizeof fill);
  switch (n->op) {
  case OP_transpose:
  case OP_reverse:
  case OP_sum:
  case OP_prod:
  case OP_max:
  case OP_min:
  case OP_argmax:
  case OP_argmin: print_axes(out, "axes", &at->axes); break;
  case OP_dot: print_dot(out, at); break;
  case OP_window:
  case OP_unwindow: print_window(out, at, n->op == OP_unwindow); break;
  case OP_slice: print_box(out, n, "step", 1); break;
  case OP_pad:
    print_box(out, n, "interior", 0);
    if (!fill) break;
    text_puts(out, " fill=");
    print_double(out, at->fill, false);
    break;
  case OP_concat:
  case OP_cumsum:
  case OP_argsort:
  case OP_gather:
  case OP_scatter:
  case OP_scatter_set: text_printf(out, " dim=%d", at->dim); break;
  case OP_again:
  case OP_random: text_printf(out, " place=%lld", (long long)at->place); break;
  case OP_result: text_printf(out, " value=%d", at->dim); break;
  case OP_scan:
    print_counts(out, at);
    text_printf(out, " length=%lld", (long long)at->high[0]);
    if (at->kept) text_printf(out, " kept=%d", at->kept);
    if (at->reverse) text_puts(out, " reverse=1");
    if (at->independent) text_puts(out, " independent=1");
    if (at->frugal) text_puts(out, " frugal=1");
    break;
  case OP_while:
  case OP_custom: print_counts(out, at); break;
  default: break;
  }
}

static int input_number(const Graph *g, const Input *input) {
  for (int k = 0; k < g->inputs.n; ++k)
    if (g->inputs.at[k] == input) return k;
  return -1;
}

static void print_node(Text *out, const Graph *g, const Node *n) {
  text_printf(out, "%%%d = %s", n->id, op_info[n->op].name);
  if (n->op == OP_const) {
    text_puts(out, " ");
    print_tensor(out, n->attr->value);
  }
  if (n->op == OP_input) text_printf(out, " $%d", input_number(g, n->attr->input));
  if (n->op == OP_state || n->op == OP_assign) {
    text_puts(out, " ");
    print_string(out, n->attr->state->name);
  }
  for (int i = 0; i < n->nin; ++i) text_printf(out, i ? ", %%%d" : " %%%d", node_in(n, i)->id);
  print_attributes(out, n);
  print_type(out, n->dtype, n->shape);
  print_loc(out, n->loc);
  if (n->name) {
    text_puts(out, " ");
    print_string(out, n->name);
  }
  text_puts(out, "\n");
  ++out->indent;
  if (n->attr->body) graph_print(out, n->attr->body);
  if (n->attr->other) graph_print(out, n->attr->other);
  --out->indent;
}

static void print_input(Text *out, int number, const Input *input) {
  text_printf(out, "$%d = %s ", number, input_kind_name[input->kind]);
  print_string(out, input->name ? input->name : "");
  if (input->source >= 0) text_printf(out, " source=%d", input->source);
  if (input->field >= 0) text_printf(out, " field=%d", input->field);
  if (input->hyper >= 0) text_printf(out, " hyper=%d", input->hyper);
  if (input->value) {
    text_puts(out, " default=");
    print_tensor(out, input->value);
  }
  print_type(out, input->dtype, input->shape);
  print_loc(out, input->loc);
  text_puts(out, "\n");
}

static void print_asked(Text *out, const Asked *asked) {
  text_printf(out, "gradient of %%%d", asked->y->id);
  if (asked->cotangent) text_printf(out, " cotangent %%%d", asked->cotangent->id);
  for (int k = 0; k < asked->n; ++k) {
    text_printf(out, " by %%%d is ", asked->xs[k]->id);
    if (asked->gradients[k])
      text_printf(out, "%%%d", asked->gradients[k]->id);
    else
      text_puts(out, "none");
  }
  print_loc(out, asked->loc);
  text_puts(out, "\n");
}

void graph_print(Text *out, const Graph *g) {
  text_puts(out, "graph ");
  print_string(out, g->name ? g->name : "");
  text_puts(out, "\n");
  ++out->indent;
  for (int k = 0; k < g->inputs.n; ++k) print_input(out, k, g->inputs.at[k]);
  for (int id = 0; id < g->nodes.n; ++id) print_node(out, g, g->nodes.at[id]);
  for (int k = 0; k < g->outputs.n; ++k) {
    text_puts(out, "output ");
    print_string(out, g->outputs.at[k].name);
    text_printf(out, " = %%%d", g->outputs.at[k].node->id);
    print_loc(out, g->outputs.at[k].loc);
    text_puts(out, "\n");
  }
  for (int k = 0; k < g->asked.n; ++k) print_asked(out, &g->asked.at[k]);
  --out->indent;
  text_puts(out, "end\n");
}

/* ---- modules ---- */

static void print_named(Text *out, const char *keyword, const char *name) {
  text_printf(out, "%s ", keyword);
  print_string(out, name ? name : "");
}

static void print_state(Text *out, const State *s) {
  print_named(out, "state", s->name);
  if (s->trained) text_puts(out, " trained");
  if (s->saved) text_puts(out, " saved");
  for (int k = 0; k < s->aliases.n; ++k) print_named(out, " alias", s->aliases.at[k]);
  print_type(out, s->dtype, s->shape);
  print_loc(out, s->loc);
  text_puts(out, "\n");
  ++out->indent;
  if (s->init) graph_print(out, s->init);
  --out->indent;
}

static void print_hyper(Text *out, const Hyper *h) {
  print_named(out, "hyper", h->name);
  text_puts(out, " value=");
  print_double(out, h->value, false);
  text_puts(out, " min=");
  print_double(out, h->min, false);
  text_puts(out, " max=");
  print_double(out, h->max, false);
  if (h->integer) text_puts(out, " integer");
  if (h->help) print_named(out, " help", h->help);
  print_loc(out, h->loc);
  text_puts(out, "\n");
}

static void print_keyed(Text *out, const char *key, double x) {
  text_printf(out, " %s=", key);
  print_double(out, x, false);
}

static void print_stored(Text *out, const Stored *s) {
  print_named(out, " stored", s->type);
  if (s->big) text_puts(out, " big");
  text_printf(out, " at=%lld", (long long)s->at);
}

static void print_heading(Text *out, const Heading *h) {
  print_named(out, "column", h->name);
  text_printf(out, " field=%d at=%lld", h->field, (long long)h->at);
  for (int k = 0; k < h->categories.n; ++k) print_named(out, " category", h->categories.at[k]);
  text_puts(out, "\n");
}

static void print_source(Text *out, const Source *s) {
  print_named(out, "source", s->name);
  print_named(out, " kind", s->kind);
  text_printf(out, " batch=%d rows=%lld classes=%lld", s->batch, (long long)s->rows, (long long)s->classes);
  if (s->shuffle) text_puts(out, " shuffle");
  if (s->drop_last) text_puts(out, " drop_last");
  if (s->pad) text_puts(out, " pad");
  if (s->rate > 0) print_keyed(out, "rate", s->rate);
  if (s->from > 0 || s->to < 1) {
    text_printf(out, " split=%lld", (long long)s->split_seed);
    print_keyed(out, "from", s->from);
    print_keyed(out, "to", s->to);
  }
  if (s->record) text_printf(out, " record=%lld skip=%lld", (long long)s->record, (long long)s->skip);
  if (s->stride) text_printf(out, " stride=%lld", (long long)s->stride);
  if (s->separator) text_printf(out, " separator=%d", s->separator);
  if (s->fills) print_keyed(out, "missing", s->missing);
  if (s->hertz) text_printf(out, " hertz=%lld", (long long)s->hertz);
  if (s->stateful) text_puts(out, " stateful");
  if (s->vocabulary) print_named(out, " vocabulary", s->vocabulary);
  print_loc(out, s->loc);
  text_puts(out, "\n");
  ++out->indent;
  for (int k = 0; k < s->fields.n; ++k) {
    print_named(out, "field", s->fields.at[k].name);
    print_type(out, s->fields.at[k].dtype, s->fields.at[k].shape);
    if (k < s->stored.n) print_stored(out, &s->stored.at[k]);
    text_puts(out, "\n");
  }
  for (int k = 0; k < s->files.n; ++k) {
    print_named(out, "file", s->files.at[k]);
    text_puts(out, "\n");
  }
  for (int k = 0; k < s->headings.n; ++k) print_heading(out, &s->headings.at[k]);
  for (int k = 0; k < s->values.n; ++k) {
    text_puts(out, "values ");
    print_tensor(out, s->values.at[k]);
    print_type(out, s->values.at[k]->dtype, s->values.at[k]->shape);
    text_puts(out, "\n");
  }
  --out->indent;
  text_puts(out, "end\n");
}

static void print_func(Text *out, const Func *f) {
  print_named(out, "func", f->name);
  if (f->training) text_puts(out, " training");
  if (f->whole_pass) text_puts(out, " whole_pass");
  text_puts(out, " sources=[");
  for (int k = 0; k < f->sources.n; ++k) text_printf(out, k ? ",%d" : "%d", f->sources.at[k]);
  text_puts(out, "]");
  print_loc(out, f->loc);
  text_puts(out, "\n");
  ++out->indent;
  for (int k = 0; k < f->variants.n; ++k) {
    text_printf(out, "variant rows=%d\n", f->variants.at[k].rows);
    graph_print(out, f->variants.at[k].graph);
  }
  --out->indent;
  text_puts(out, "end\n");
}

/* Functions by name, outputs by number. */
static void print_metric(Text *out, const Module *m, const char *key, int func, int output) {
  if (func < 0) return;
  print_named(out, key, m->funcs.at[func]->name);
  text_printf(out, " output=%d", output);
}

static void print_pair(Text *out, const char *keyword, const char *a, const char *b) {
  print_named(out, keyword, a);
  print_named(out, "", b);
}

static void print_act(Text *out, const Module *m, const char *list, const Act *act) {
  if (act->kind == ACT_call)
    print_named(out, list, m->funcs.at[act->func]->name);
  else
    print_named(out, arena_printf(out->arena, "%s %s", list, act->kind == ACT_save ? "save" : "load"), act->path);
  text_printf(out, " times=%d every=%d", act->times, act->every);
  print_metric(out, m, " when", act->when_func, act->when_output);
  for (int k = 0; k < act->inputs.n; ++k) {
    print_named(out, " input", act->inputs.at[k].name);
    text_puts(out, " ");
    print_tensor(out, act->inputs.at[k].value);
    print_type(out, act->inputs.at[k].value->dtype, act->inputs.at[k].value->shape);
  }
  for (int k = 0; k < act->writes.n; ++k) {
    print_named(out, " write", act->writes.at[k].path);
    text_printf(out, " output=%d", act->writes.at[k].output);
  }
  for (int k = 0; k < act->tree.n; ++k) print_pair(out, " tree", act->tree.at[k].name, act->tree.at[k].state->name);
  for (int k = 0; k < act->renames.n; ++k) print_pair(out, " rename", act->renames.at[k].from, act->renames.at[k].to);
  text_puts(out, "\n");
}

static void print_phase(Text *out, const Module *m, const Phase *p) {
  text_printf(out, "phase %s=", p->by_epochs ? "epochs" : "steps");
  print_double(out, p->count.value, false);
  if (p->count.hyper >= 0) text_printf(out, " hyper=%d", p->count.hyper);
  print_metric(out, m, " stop", p->stop_func, p->stop_output);
  text_puts(out, "\n");
  ++out->indent;
  for (int k = 0; k < p->before.n; ++k) print_act(out, m, "before", &p->before.at[k]);
  for (int k = 0; k < p->step.n; ++k) print_act(out, m, "step", &p->step.at[k]);
  for (int k = 0; k < p->each_epoch.n; ++k) print_act(out, m, "each_epoch", &p->each_epoch.at[k]);
  for (int k = 0; k < p->after.n; ++k) print_act(out, m, "after", &p->after.at[k]);
  --out->indent;
  text_puts(out, "end\n");
}

static void print_checkpoint(Text *out, const Module *m, const Checkpoint *c) {
  text_printf(out, "checkpoint every=%d keep=%d", c->every, c->keep);
  if (c->by_epochs) text_puts(out, " epochs");
  print_metric(out, m, " best", c->best_func, c->best_output);
  if (c->best_least) text_puts(out, " least");
  text_puts(out, "\n");
}

void module_print(Text *out, const Module *m) {
  print_named(out, "module", m->name);
  if (m->file) print_named(out, " file", m->file);
  text_puts(out, "\n");
  for (int k = 0; k < m->states.n; ++k) print_state(out, m->states.at[k]);
  if (m->seed) {
    print_named(out, "seed", m->seed->name);
    text_puts(out, "\n");
  }
  for (int k = 0; k < m->hypers.n; ++k) print_hyper(out, m->hypers.at[k]);
  for (int k = 0; k < m->sources.n; ++k) print_source(out, m->sources.at[k]);
  for (int k = 0; k < m->funcs.n; ++k) print_func(out, m->funcs.at[k]);
  for (int k = 0; k < m->phases.n; ++k) print_phase(out, m, m->phases.at[k]);
  if (m->checkpoint) print_checkpoint(out, m, m->checkpoint);
}
