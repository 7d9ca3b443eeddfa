/* parse_program.c: reads what print_program.c prints: the module in front (graph/parse_module.c), then the line
 * `program`, slots, kernels (parse.c) and hosts.
 *
 * A host names only kernels and slots above it; a slot may name later ones (its frame) and loops of hosts to come,
 * which are resolved when all are known. What is read is checked as far as the module and the printers rely on it, then
 * by program_verify, whose findings are the user's errors here (Program.text). */
#include "parse.h"
#include "pass/plan.h"

#include <errno.h>
#include <stdlib.h>

static const char ref_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";

/* A loop or branch of a host that a slot or a host named by its number. */
typedef struct Compound {
  Stmt *stmt;
  bool known; /* its host was read */
  Loc named;
} Compound;

/* A slot's reference to another one. */
typedef struct Pending {
  Slot *slot, **to;
  const char *name;
  int id;
  Loc loc;
} Pending;

typedef struct ProgramText {
  VEC(Compound) compounds;
  VEC(Pending) pending;
  VEC(Loc) lines; /* of the slots */
  VEC(Stmt *) around;
} ProgramText;

/* ---- words and references ---- */
static int parse_choice(Parser *p, const char *const *names, const char *what) {
  for (int i = 0; names[i]; ++i)
    if (parse_keyword(p, names[i])) return i;
  parse_expected(p, what);
}

static void parse_keyword_needed(Parser *p, const char *word) {
  if (!parse_keyword(p, word)) parse_expected(p, word);
}

static int64_t parse_amount(Parser *p) {
  int64_t bytes = parse_int(p);
  if (bytes < 0 || bytes > (int64_t)1 << 48) parse_invalid(p, "a number of bytes is 0 to 2^48");
  return bytes;
}

static int64_t parse_bytes(Parser *p, const char *word) {
  parse_keyword_needed(p, word);
  return parse_amount(p);
}

static const char *slot_name(const Slot *s) { return s->name ? s->name : "a slot"; }

/* name.12 or "any name".12 */
static int parse_ref_text(Parser *p, const char **name) {
  const char *word;
  parse_sign(p, "");
  if (p->at < p->end && *p->at == '"') {
    *name = parse_string(p);
    parse_need(p, ".");
    return parse_small(p, 0, INT32_MAX, "no slot has this number");
  }
  size_t n = 0;
  while (p->at + n < p->end && p->at[n] && strchr(ref_letters, p->at[n])) ++n;
  word = arena_strndup(p->arena, p->at, n);
  const char *dot = strrchr(word, '.');
  if (!dot || dot == word || !dot[1]) parse_expected(p, "a slot, as name.number");
  *name = arena_strndup(p->arena, word, (size_t)(dot - word));
  p->at += dot + 1 - word;
  return parse_small(p, 0, INT32_MAX, "no slot has this number");
}

static Slot *parse_ref(Parser *p) {
  const char *name;
  int id = parse_ref_text(p, &name);
  Slot *s = id < p->program->slots.n ? p->program->slots.at[id] : NULL;
  if (!s || strcmp(s->name ? s->name : "", name))
    parse_invalid(p, arena_printf(p->arena, "no slot above is called %s.%d", name, id));
  return s;
}

static void parse_later(Parser *p, Slot *s, Slot **to) {
  Pending later = {.slot = s, .to = to, .loc = parse_loc(p)};
  later.id = parse_ref_text(p, &later.name);
  vec_push(p->arena, p->rest->pending, later);
}

/* The number of a loop or branch. */
static Compound *parse_compound_number(Parser *p) {
  ProgramText *t = p->rest;
  int n = parse_small(p, 0, 100000, "loops and branches are numbered from 0");
  while (t->compounds.n <= n) {
    Stmt *s = NEW(p->arena, Stmt);
    s->var = var_new(p->arena, "t", type_of(DT_i64, 1));
    vec_push(p->arena, t->compounds, ((Compound){.stmt = s, .named = parse_loc(p)}));
  }
  return &t->compounds.at[n];
}

/* ---- the head ---- */
void parse_program_head(Parser *p) {
  Program *program = p->program;
  if (program->machine || p->kernels->n || program->slots.n || program->hosts.n)
    parse_invalid(p, "the line of the program stands once, in front of its parts");
  parse_keyword_needed(p, "machine");
  const char *name = parse_string(p);
  program->machine = machine_find(name);
  if (!program->machine) parse_invalid(p, arena_printf(p->arena, "there is no machine '%s'", name));
  if (parse_keyword(p, "blas")) {
    Machine *with = NEW(p->arena, Machine);
    *with = *program->machine;
    with->blas = parse_string(p);
    if (strcmp(with->blas, "openblas")) parse_invalid(p, "the only library for products is openblas");
    program->machine = with;
  }
  parse_keyword_needed(p, "after");
  program->stage = (Stage)parse_choice(p, stage_names, "the name of a pass: lower, share, order, join or memory");
  parse_keyword_needed(p, "threads");
  program->max_threads = parse_small(p, 1, 1024, "a program has 1 to 1024 threads");
  program->params_bytes = parse_bytes(p, "params");
  program->state_bytes = parse_bytes(p, "state");
  program->scratch_bytes = parse_bytes(p, "scratch");
  parse_line_end(p);
  parse_next_line(p);
}

/* ---- slots ---- */
static Shape parse_shape(Parser *p) {
  Shape s = {0};
  double count = 1;
  parse_need(p, "[");
  while (!parse_sign(p, "]")) {
    if (s.rank) parse_need(p, ",");
    if (s.rank == RANK_MAX) parse_invalid(p, "a shape has at most 8 dimensions");
    int64_t dim = parse_int(p);
    count *= (double)dim;
    if (dim < 1 || count > 0x1p40) parse_invalid(p, "a slot holds 1 to 2^40 elements");
    s.dim[s.rank++] = dim;
  }
  return s;
}

static uint64_t parse_bits(Parser *p, int bytes) {
  char *stop;
  errno = 0;
  unsigned long long bits = strtoull(p->at, &stop, 16);
  if (errno || (bytes < 8 && bits >> 8 * bytes)) parse_invalid(p, "an element has more bits than its dtype");
  p->at = stop;
  return bits;
}

static void put_bits(unsigned char *to, uint64_t bits, int bytes) {
  uint8_t one = (uint8_t)bits;
  uint16_t two = (uint16_t)bits;
  uint32_t four = (uint32_t)bits;
  const void *const from[] = {[1] = &one, [2] = &two, [4] = &four, [8] = &bits};
  memcpy(to, from[bytes], (size_t)bytes);
}

static void parse_value(Parser *p, Slot *s) {
  VEC(uint64_t) bits = {0};
  int bytes = dtype_info[s->dtype].bytes;
  while (parse_sign(p, "0x")) vec_push(p->arena, bits, parse_bits(p, bytes));
  if (bits.n != shape_count(s->shape)) parse_invalid(p, "a constant has as many elements as its shape");
  Tensor *t = NEW(p->arena, Tensor);
  unsigned char *data = arena_alloc(p->arena, (size_t)bits.n * (size_t)bytes);
  for (int i = 0; i < bits.n; ++i) {
    if (s->dtype == DT_bool && bits.at[i] > 1) parse_invalid(p, "a bool is 0 or 1");
    put_bits(data + (size_t)i * (size_t)bytes, bits.at[i], bytes);
  }
  *t = (Tensor){s->dtype, s->shape, data};
  s->value = t;
}

static void parse_slot_state(Parser *p, Slot *s) {
  const char *name = parse_string(p);
  Module *m = p->program->module;
  for (int i = 0; i < m->states.n; ++i)
    if (!strcmp(m->states.at[i]->name, name)) s->state = m->states.at[i];
  if (!s->state) parse_invalid(p, arena_printf(p->arena, "the module has no state %s", name));
  if (s->state->dtype != s->dtype || !shape_equal(s->state->shape, s->shape) ||
      s->home != (s->state->trained ? HOME_params : HOME_state))
    parse_invalid(p, arena_printf(p->arena, "the slot is not of the dtype, shape and home of state %s", name));
}

static void parse_slot_part(Parser *p, Slot *s) {
  parse_keyword_needed(p, "of");
  parse_later(p, s, &s->parent);
  parse_need(p, "+");
  s->parent_offset = parse_amount(p);
}

static void parse_slot_turn(Parser *p, Slot *s) {
  s->turn = parse_compound_number(p)->stmt->var;
  parse_need(p, "*");
  s->turn_stride = parse_int(p);
  if (s->turn_stride > (int64_t)1 << 44 || s->turn_stride < -((int64_t)1 << 44))
    parse_invalid(p, "a turn moves a slot by at most 2^44 bytes");
}

static bool home_is_given(const Slot *s) { return s->home != HOME_scratch; }

static void parse_slot_fact(Parser *p, Slot *s) {
  if (parse_keyword(p, "state")) {
    parse_slot_state(p, s);
  } else if (parse_keyword(p, "part")) {
    parse_slot_part(p, s);
  } else if (parse_keyword(p, "reuse")) {
    parse_later(p, s, &s->reuse);
  } else if (parse_keyword(p, "turn")) {
    parse_slot_turn(p, s);
  } else if (parse_keyword(p, "within")) {
    s->within = parse_compound_number(p)->stmt;
  } else if (parse_keyword(p, "bytes")) {
    s->bytes = parse_amount(p);
    if (home_is_given(s) || s->bytes % dtype_info[s->dtype].bytes)
      parse_invalid(p, "only scratch has another size than its shape");
  } else if (parse_keyword(p, "key")) {
    s->key = parse_string(p);
  } else if (parse_keyword(p, "value") && s->home == HOME_constant) {
    parse_value(p, s);
  } else if (parse_keyword(p, "from")) {
    s->loc = parse_model_loc(p);
  } else {
    parse_expected(p, "state, part, turn, within, bytes, reuse, key, value or from");
  }
}

void parse_slot(Parser *p) {
  const char *name;
  if (!p->program->machine) parse_expected(p, "the line of the program in front");
  if (p->program->hosts.n) parse_invalid(p, "slots stand before hosts");
  if (parse_ref_text(p, &name) != p->program->slots.n) parse_invalid(p, "slots are numbered from 0 in their order");
  parse_need(p, ":");
  Type type = parse_type(p);
  if (type.lanes != 1) parse_invalid(p, "a slot has elements of one lane");
  Shape shape = parse_shape(p);
  parse_keyword_needed(p, "in");
  Home home = (Home)parse_choice(p, home_name, "params, state, scratch, input, output or constant");
  Slot *s = program_slot(p->program, home, *name ? name : NULL, type.dtype, shape, (Loc){NULL, 0, NULL});
  if (parse_keyword(p, "at")) s->offset = parse_amount(p);
  vec_push(p->arena, p->rest->lines, parse_loc(p));
  for (parse_sign(p, ""); p->at < p->end; parse_sign(p, "")) parse_slot_fact(p, s);
  parse_next_line(p);
}

/* ---- hosts ---- */
static bool slot_listed(int n, Slot *const *slots, const Slot *s) {
  for (int i = 0; i < n; ++i)
    if (slots[i] == s) return true;
  return false;
}

static void parse_host_func(Parser *p, Host *h) {
  const char *name = parse_string(p);
  const Module *m = p->program->module;
  for (int i = 0; i < m->funcs.n; ++i)
    if (!strcmp(m->funcs.at[i]->name, name)) h->func = m->funcs.at[i];
  if (!h->func) parse_invalid(p, arena_printf(p->arena, "the module has no function %s", name));
  parse_keyword_needed(p, "rows");
  h->rows = parse_small(p, 0, INT32_MAX, "no variant has this number of rows");
  for (int i = 0; i < h->func->variants.n; ++i)
    if (h->func->variants.at[i].rows == h->rows) h->graph = h->func->variants.at[i].graph;
  if (!h->graph) parse_invalid(p, "no variant of the function has this number of rows");
}

static void parse_host_input(Parser *p, Host *h) {
  Slot *s = parse_ref(p);
  parse_need(p, "=");
  parse_need(p, "$");
  int k = parse_small(p, 0, INT32_MAX, "no input has this number");
  if (!h->graph || k >= h->graph->inputs.n) parse_invalid(p, "the graph has no input of this number");
  s->input = h->graph->inputs.at[k];
  if (s->home != HOME_input || slot_listed(h->inputs.n, h->inputs.at, s) || s->input->dtype != s->dtype ||
      !shape_equal(s->input->shape, s->shape))
    parse_invalid(p, "the slot is not in input, or not of the input's dtype and shape");
  vec_push(p->arena, h->inputs, s);
}

static void parse_host_outputs(Parser *p, Host *h) {
  do {
    Slot *s = parse_ref(p);
    const Node *n = h->graph && h->outputs.n < h->graph->outputs.n ? h->graph->outputs.at[h->outputs.n].node : NULL;
    if (!n || s->home != HOME_output || s->dtype != n->dtype || !shape_equal(s->shape, n->shape))
      parse_invalid(p, "the slot is not in output, or not of the dtype and shape of the graph's output");
    vec_push(p->arena, h->outputs, s);
  } while (parse_sign(p, ","));
}

/* What a host may use here: its own inputs and outputs, and what moves with a loop only inside that. */
static Slot *parse_use(Parser *p, Host *h) {
  Slot *s = parse_ref(p);
  if ((s->home == HOME_input && !s->parent && !slot_listed(h->inputs.n, h->inputs.at, s)) ||
      (s->home == HOME_output && !s->parent && !slot_listed(h->outputs.n, h->outputs.at, s)))
    parse_invalid(p, arena_printf(p->arena, "%s is an input or output of another host", slot_name(s)));
  for (const Slot *part = s; part; part = part->parent) {
    bool inside = !part->turn;
    for (int i = 0; i < p->rest->around.n; ++i) inside |= p->rest->around.at[i]->var == part->turn;
    if (!inside) parse_invalid(p, arena_printf(p->arena, "%s moves with a loop that is not here", slot_name(s)));
  }
  return s;
}

static void parse_call(Parser *p, Host *h, Stmt *s) {
  s->kind = S_call;
  const char *name = parse_kernel_name(p);
  s->kernel = map_get(&p->functions, name);
  if (!s->kernel || s->kernel->result.lanes)
    parse_invalid(p, arena_printf(p->arena, "no kernel above is called %s", name));
  parse_need(p, "(");
  while (!parse_sign(p, ")")) {
    if (s->args.n) parse_need(p, ",");
    vec_push(p->arena, s->args, parse_use(p, h));
  }
}

static void parse_condition(Parser *p, Host *h, Stmt *s) {
  Slot *flag = parse_use(p, h);
  if (flag->dtype != DT_bool || shape_count(flag->shape) != 1) parse_invalid(p, "a condition is one bool");
  vec_push(p->arena, s->args, flag);
}

static void parse_statements(Parser *p, Host *h, Block *block, int level);

/* From behind the word: `for 0 of 10`, `if 1 flag.4`, `repeat 2`, then its frame and line, then its blocks. */
static Stmt *parse_compound(Parser *p, Host *h, StmtKind kind, int level) {
  Compound *c = parse_compound_number(p);
  Stmt *s = c->stmt;
  if (c->known) parse_invalid(p, "two loops or branches have one number");
  c->known = true;
  s->kind = kind;
  if (kind == S_for) {
    parse_keyword_needed(p, "of");
    s->lo = expr_index(p->arena, 0);
    s->hi = expr_index(p->arena, parse_small(p, 1, INT32_MAX, "a loop has 1 to 2^31 - 1 turns"));
    s->step = 1;
  }
  if (kind == S_if) parse_condition(p, h, s);
  if (parse_keyword(p, "frame")) s->frame = parse_use(p, h);
  if (s->frame && s->frame->home != HOME_scratch) parse_invalid(p, "a frame lies in scratch");
  if (parse_keyword(p, "from")) s->loc = parse_model_loc(p);
  parse_line_end(p);
  parse_next_line(p);
  vec_push(p->arena, p->rest->around, s);
  parse_enter(p);
  parse_statements(p, h, &s->body, level + 1);
  if (kind == S_while && (p->indent != level || !parse_keyword(p, "while"))) parse_expected(p, "while");
  if (kind == S_while) parse_condition(p, h, s);
  bool other = kind == S_while || (kind == S_if && p->indent == level && parse_keyword(p, "else"));
  if (other) parse_line_end(p);
  if (other) parse_next_line(p);
  if (other) parse_statements(p, h, &s->other, level + 1);
  p->depth--;
  --p->rest->around.n;
  if (kind != S_for) s->var = NULL;
  return s;
}

static bool parse_compound_word(Parser *p, StmtKind *kind) {
  if (parse_keyword(p, "for"))
    *kind = S_for;
  else if (parse_keyword(p, "if"))
    *kind = S_if;
  else if (parse_keyword(p, "repeat"))
    *kind = S_while;
  else
    return false;
  return true;
}

static void parse_statements(Parser *p, Host *h, Block *block, int level) {
  StmtKind kind;
  while (p->indent == level) {
    Stmt *s = NEW(p->arena, Stmt);
    s->loc = parse_loc(p);
    if (parse_compound_word(p, &kind)) {
      s = parse_compound(p, h, kind, level);
    } else {
      s->kind = S_barrier;
      if (parse_keyword(p, "call"))
        parse_call(p, h, s);
      else if (!parse_keyword(p, "barrier"))
        parse_expected(p, "call, barrier, for, if or repeat");
      parse_line_end(p);
      parse_next_line(p);
    }
    vec_push(p->arena, *block, s);
  }
  if (p->indent > level) parse_invalid(p, "this line is indented too far");
}

static void check_block(Parser *p, const Program *program, int64_t bytes, int n, Slot *const *slots) {
  for (int i = 0; program->stage == STAGE_memory && i < n; ++i)
    if (slots[i]->offset + slots[i]->bytes > bytes)
      parse_invalid(p, arena_printf(p->arena, "%s lies outside its block of the host", slot_name(slots[i])));
}

/* What slots say of each other, when the first host begins: no slot comes behind it. */
static void resolve_slots(Parser *p) {
  ProgramText *t = p->rest;
  for (int i = 0; i < t->pending.n; ++i) {
    const Pending *x = &t->pending.at[i];
    Slot *to = x->id < p->program->slots.n ? p->program->slots.at[x->id] : NULL;
    if (!to || to == x->slot || strcmp(to->name ? to->name : "", x->name))
      user_error(x->loc, MSG_kernel_text, arena_printf(p->arena, "no other slot is called %s.%d", x->name, x->id));
    *x->to = to;
  }
  for (int i = 0; i < p->program->slots.n; ++i) {
    const Slot *s = p->program->slots.at[i];
    int depth = 0;
    for (const Slot *up = s; up && depth <= 32; up = up->parent) ++depth;
    bool fits = depth <= 32 && (!s->turn || s->parent);
    if (s->parent) fits = fits && s->parent->home == s->home && s->parent_offset + s->bytes <= s->parent->bytes;
    if (!fits) user_error(t->lines.at[i], MSG_kernel_text, "the slot does not lie in the slot that it is a part of");
    if (s->home == HOME_constant && !s->value && !s->parent)
      user_error(t->lines.at[i], MSG_kernel_text, "expected the value of a constant");
  }
}

void parse_host(Parser *p) {
  Host *h = NEW(p->arena, Host);
  if (!p->program->hosts.n) resolve_slots(p);
  if (!p->program->machine) parse_expected(p, "the line of the program in front");
  h->name = parse_string(p);
  if (parse_keyword(p, "func")) parse_host_func(p, h);
  for (int i = 0; i < p->program->hosts.n; ++i)
    if (p->program->hosts.at[i]->func == h->func && p->program->hosts.at[i]->rows == h->rows)
      parse_invalid(p, "there are two hosts of one variant");
  if (!h->func != !p->program->hosts.n) parse_invalid(p, "the first host, and no other, belongs to no function");
  h->alone = h->func && parse_keyword(p, "alone");
  h->input_bytes = parse_bytes(p, "input");
  h->output_bytes = parse_bytes(p, "output");
  h->scratch_bytes = parse_bytes(p, "scratch");
  h->lower_bound = parse_bytes(p, "least");
  parse_line_end(p);
  vec_push(p->arena, p->program->hosts, h);
  parse_next_line(p);
  if (p->indent == 1 && parse_keyword(p, "inputs")) {
    do parse_host_input(p, h);
    while (parse_sign(p, ","));
    parse_line_end(p);
    parse_next_line(p);
  }
  if (p->indent == 1 && parse_keyword(p, "outputs")) {
    parse_host_outputs(p, h);
    parse_line_end(p);
    parse_next_line(p);
  }
  parse_statements(p, h, &h->body, 1);
  if (h->graph && h->outputs.n != h->graph->outputs.n) parse_invalid(p, "a host above lacks outputs of its graph");
  check_block(p, p->program, h->input_bytes, h->inputs.n, h->inputs.at);
  check_block(p, p->program, h->output_bytes, h->outputs.n, h->outputs.at);
}

/* ---- the whole ---- */
static _Noreturn void incomplete(const Program *p, const char *format, const char *name) {
  user_error((Loc){p->text, 0, NULL}, MSG_kernel_text, arena_printf(p->arena, format, name));
}

static void check_states(const Program *p) {
  for (int i = 0; i < p->module->states.n; ++i) {
    int found = 0;
    for (int k = 0; k < p->slots.n; ++k) found += p->slots.at[k]->state == p->module->states.at[i];
    if (found != 1) incomplete(p, "the state %s has no slot, or several", p->module->states.at[i]->name);
  }
}

static void check_variants(const Program *p) {
  if (!p->hosts.n) incomplete(p, "there is no host%s", "");
  for (int i = 0; i < p->module->funcs.n; ++i) {
    const Func *f = p->module->funcs.at[i];
    int found = 0;
    for (int k = 0; k < p->hosts.n; ++k) found += p->hosts.at[k]->func == f;
    if (found != f->variants.n) incomplete(p, "a variant of the function %s has no host", f->name);
  }
}

/* Loops are there; what moves with one stays inside its array in every turn. */
static void check_compounds(const Program *p, const ProgramText *t) {
  for (int i = 0; i < t->compounds.n; ++i)
    if (!t->compounds.at[i].known)
      user_error(t->compounds.at[i].named, MSG_kernel_text, "no host has the loop or branch of this number");
  for (int i = 0; i < p->slots.n; ++i) {
    const Slot *s = p->slots.at[i];
    for (int k = 0; s->turn && k < t->compounds.n; ++k) {
      const Stmt *loop = t->compounds.at[k].stmt;
      if (loop->var != s->turn) continue;
      double last = (double)s->parent_offset + (double)s->turn_stride * (double)(loop->hi->value.i - 1);
      if (last < 0 || last + (double)s->bytes > (double)s->parent->bytes)
        user_error(t->lines.at[i], MSG_kernel_text, "the slot leaves the array that it is a row of");
    }
    bool loops = !s->turn;
    for (int k = 0; k < t->compounds.n; ++k) loops |= t->compounds.at[k].stmt->var == s->turn;
    if (!loops) user_error(t->lines.at[i], MSG_kernel_text, "the slot turns with a branch, which has no turns");
  }
}

/* Kernels alone: a program that never calls them. */
static void make_around(Program *p, const char *file) {
  const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
  p->module = module_new(p->arena);
  p->module->name = arena_strndup(p->arena, name, strcspn(name, "."));
  p->module->file = p->text;
  p->max_threads = 16;
  p->stage = STAGE_memory;
  Host *init = NEW(p->arena, Host);
  init->name = "init";
  vec_push(p->arena, p->hosts, init);
}

const char *program_line(const char *text) {
  for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
    if (!strncmp(line, "program ", 8)) return line;
  return NULL;
}

Program *program_parse(Arena *arena, const char *file, const char *text, const Machine *machine) {
  Program *program = NEW(arena, Program);
  program->arena = arena;
  program->text = arena_strdup(arena, file);
  Parser p = {.arena = arena, .file = program->text, .program = program, .kernels = NEW(arena, Kernels)};
  map_init(&p.functions, arena);
  p.rest = NEW(arena, ProgramText);
  const char *start = program_line(text);
  if (start) {
    const char *module = arena_strndup(arena, text, (size_t)(start - text));
    program->module = module_parse(arena, file, module);
    for (const char *c = text; c < start; ++c) p.line += *c == '\n';
  }
  p.next = p.at = p.end = start ? start : text;
  parse_sections(&p);
  for (int i = 0; i < p.kernels->n; ++i) {
    Kernel *k = p.kernels->at[i];
    if (k->result.lanes)
      vec_push(arena, program->math, k);
    else
      vec_push(arena, program->kernels, k);
  }
  if (start) {
    if (!program->hosts.n) resolve_slots(&p);
    check_states(program);
    check_variants(program);
    check_compounds(program, p.rest);
  } else {
    if (!p.kernels->n) incomplete(program, "there is nothing in it%s", "");
    program->machine = machine;
    make_around(program, file);
  }
  program_verify(program);
  return program;
}
