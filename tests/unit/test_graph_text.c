/* test_graph_text.c: the text form: parse(print(x)) == x for a module that uses everything, exact numbers, what
 * malformed text is told, and mutations of a good text, which give a user error or a module that verifies, never
 * anything else. */
#include "caught.h"

#include <math.h>

static const char good[] = //
    "module \"tiny\" file \"models/tiny.lua\"\n"
    "state \"nnrt.seed\" saved : u32[2]\n"
    "state \"0.weight\" trained saved alias \"tied.weight\" alias \"b\\\"\\\\\\x09\" : f32[2,3] @models/tiny.lua:5 via "
    "\"nn.Linear\"\n"
    "  graph \"init\"\n"
    "    %0 = state \"nnrt.seed\" : u32[2]\n"
    "    %1 = const 0 : u32[]\n"
    "    %2 = random %0, %1, %1 place=4294967295 : u32[2,3]\n"
    "    %3 = cast %2 : f32[2,3]\n"
    "    output \"value\" = %3\n"
    "  end\n"
    "state \"step\" : i32[] @\"a b.lua\":1\n"
    "seed \"nnrt.seed\"\n"
    "hyper \"lr\" value=0.001 min=-inf max=inf help \"learning rate\" @models/tiny.lua:3\n"
    "hyper \"epochs\" value=10 min=1 max=100 integer\n"
    "source \"train\" kind \"idx\" batch=4 rows=60000 classes=3 shuffle @models/tiny.lua:9\n"
    "  field \"x\" : u8[3]\n"
    "  field \"y\" : u8[]\n"
    "  file \"x.gz\"\n"
    "  file \"y.gz\"\n"
    "end\n"
    "source \"points\" kind \"table\" batch=2 rows=3 classes=0 shuffle drop_last pad rate=0.25 split=7 from=0.5 to=1 "
    "vocabulary \"ab c\"\n"
    "  field \"t\" : i32[]\n"
    "  field \"p\" : f32[2]\n"
    "  values [1,0,2] : i32[3]\n"
    "  values [1,2,3,4,5,0.1] : f32[3,2]\n"
    "end\n"
    "source \"pages\" kind \"text\" batch=2 rows=-1 classes=2 split=0 from=0 to=0.9 stride=8 stateful vocabulary "
    "\"ab\"\n"
    "  field \"x\" : i32[8]\n"
    "  field \"y\" : i32[8]\n"
    "  file \"a.txt\"\n"
    "end\n"
    "source \"pixels\" kind \"records\" batch=2 rows=-1 classes=10 record=21 skip=4\n"
    "  field \"y\" : u8[] stored \"u8\" at=0\n"
    "  field \"x\" : i32[10] stored \"i16\" big at=1\n"
    "  file \"1.bin\"\n"
    "  file \"2.bin\"\n"
    "  file \"3.bin\"\n"
    "end\n"
    "source \"flowers\" kind \"csv\" batch=2 rows=-1 classes=0 separator=44 missing=-1.5\n"
    "  field \"k\" : i32[2]\n"
    "  file \"k.csv\"\n"
    "  column \"a b\" field=0 at=1\n"
    "  column \"kind\" field=0 at=0 category \"x\" category \"y, z\"\n"
    "end\n"
    "func \"train\" training sources=[0] @models/tiny.lua:12\n"
    "  variant rows=4\n"
    "  graph \"train\"\n"
    "    $0 = field \"x\" source=0 field=0 : u8[4,3] @models/tiny.lua:9\n"
    "    $1 = hyper \"lr\" hyper=0 : f32[]\n"
    "    $2 = value \"z\" default=[1,-2.5,inf] : f32[3]\n"
    "    $3 = first \"first\" source=0 : f32[]\n"
    "    %0 = input $0 : u8[4,3] @models/tiny.lua:9 \"x\"\n"
    "    %1 = cast %0 : f32[4,3]\n"
    "    %2 = state \"0.weight\" : f32[2,3] @models/tiny.lua:5\n"
    "    %3 = dot %1, %2 axes=[1] axes_b=[1] : f32[4,2] @models/tiny.lua:7 \"h\"\n"
    "    %4 = reshape %1 : f32[2,2,3]\n"
    "    %5 = transpose %2 axes=[1,0] : f32[3,2]\n"
    "    %6 = reshape %2 : f32[2,1,3]\n"
    "    %7 = dot %4, %6 batch=[0] batch_b=[0] axes=[2] axes_b=[2] : f32[2,2,1]\n"
    "    %8 = sum %3 axes=[0,1] : f32[]\n"
    "    %9 = slice %2 low=[0,0] high=[2,3] step=[1,2] : f32[2,2]\n"
    "    %10 = slice %2 low=[0,1] high=[1,3] : f32[1,2]\n"
    "    %11 = pad %10 low=[0,1] high=[1,0] interior=[0,1] fill=-0 : f32[2,4]\n"
    "    %12 = concat %9, %9, %9, %9, %9 dim=1 : f32[2,10]\n"
    "    %13 = reverse %12 axes=[1] : f32[2,10]\n"
    "    %14 = argmax %13 axes=[1] : i32[2]\n"
    "    %15 = gather %3 %14 dim=0 : f32[2,2]\n"
    "    %16 = scatter %3, %14, %15 dim=0 : f32[4,2]\n"
    "    %17 = iota : i32[4]\n"
    "    %18 = const [1,2.5,nan,-inf,1e-45,0.1] : f32[6]\n"
    "    %19 = const 0.1 : f64[2,2]\n"
    "    %20 = const [-9223372036854775808,9223372036854775807] : i64[2]\n"
    "    %21 = const [1,0] : bool[2]\n"
    "    %22 = const [65504,5.9604645e-08] : f16[2]\n"
    "    %23 = bitcast %1 : u32[4,3]\n"
    "    %24 = state \"step\" : i32[]\n"
    "    %25 = const 1 : i32[]\n"
    "    %26 = add %24, %25 : i32[]\n"
    "    %27 = assign \"step\" %26 : i32[]\n"
    "    %28 = input $1 : f32[]\n"
    "    %29 = broadcast %28 : f32[2,3]\n"
    "    %30 = mul %2, %29 : f32[2,3]\n"
    "    %31 = stop_gradient %30 : f32[2,3]\n"
    "    %32 = assign \"0.weight\" %31 : f32[2,3]\n"
    "    output \"loss\" = %8 @models/tiny.lua:12\n"
    "    output \"h\" = %3\n"
    "    gradient of %3 cotangent %3 by %2 is %30 by %1 is none @models/tiny.lua:12\n"
    "    gradient of %8\n"
    "  end\n"
    "end\n"
    "func \"stop\" whole_pass sources=[]\n"
    "  variant rows=0\n"
    "  graph \"stop\"\n"
    "    $0 = value \"bias\" default=[0,1] : f32[2]\n"
    "    $1 = weight \"weight\" source=1 : f32[2]\n"
    "    %0 = const 0 : f32[]\n"
    "    output \"now\" = %0\n"
    "  end\n"
    "end\n"
    "phase epochs=10 hyper=1 stop \"stop\" output=0\n"
    "  before load \"a b.safetensors\" times=1 every=1 tree \"w\" \"0.weight\" tree \"v\" \"0.weight\" "
    "rename \"module.\" \"\" rename \"x\" \"w\"\n"
    "  before \"stop\" times=1 every=1 input \"bias\" [0.5,2] : f32[2] write \"now.npy\" output=0 write \"-\" "
    "output=0\n"
    "  step \"train\" times=5 every=2 when \"stop\" output=0\n"
    "  each_epoch save \"w.safetensors\" times=1 every=3 when \"stop\" output=0\n"
    "  after \"stop\" times=1 every=1\n"
    "end\n"
    "phase steps=100\n"
    "  step \"train\" times=1 every=1\n"
    "end\n"
    "checkpoint every=0 keep=3 epochs best \"stop\" output=0 least\n";

static const char *printed(Arena *arena, const Module *m) {
  Text text;
  text_init(&text, arena);
  module_print(&text, m);
  return text_str(&text);
}

/* The good text as print gives it: one separator in it is left out on purpose. */
static const char *canonical(Arena *arena) {
  char *s = arena_strdup(arena, good);
  Text text;
  text_init(&text, arena);
  for (char *line = s, *next; line && *line; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    if (strstr(line, "gather %3 %14"))
      text_puts(&text, "    %15 = gather %3, %14 dim=0 : f32[2,2]");
    else
      text_puts(&text, line);
    text_puts(&text, "\n");
  }
  return text_str(&text);
}

static bool tensors_equal(const Tensor *a, const Tensor *b) {
  if (!a || !b) return a == b;
  size_t bytes = (size_t)shape_count(a->shape) * (size_t)dtype_info[a->dtype].bytes;
  return a->dtype == b->dtype && shape_equal(a->shape, b->shape) && !memcmp(a->data, b->data, bytes);
}

static bool strings_equal(const char *a, const char *b) { return a && b ? !strcmp(a, b) : a == b; }

static void assert_loc_equal(Loc a, Loc b) {
  assert_true(strings_equal(a.file, b.file) && a.line == b.line && strings_equal(a.via, b.via));
}

static void assert_attr_equal(const Attr *a, const Attr *b) {
  assert_true(tensors_equal(a->value, b->value));
  assert_true(strings_equal(a->state ? a->state->name : NULL, b->state ? b->state->name : NULL));
  assert_true((a->input != NULL) == (b->input != NULL));
  Attr x = *a, y = *b;
  x.value = y.value = NULL;
  x.state = y.state = NULL;
  x.input = y.input = NULL;
  assert_memory_equal(&x, &y, sizeof x);
}

static void assert_graph_equal(const Graph *a, const Graph *b) {
  assert_string_equal(a->name, b->name);
  assert_true(a->nodes.n == b->nodes.n && a->inputs.n == b->inputs.n && a->outputs.n == b->outputs.n);
  assert_true(a->assigns.n == b->assigns.n && a->asked.n == b->asked.n);
  for (int id = 0; id < a->nodes.n; ++id) {
    const Node *x = a->nodes.at[id], *y = b->nodes.at[id];
    assert_true(x->op == y->op && x->dtype == y->dtype && shape_equal(x->shape, y->shape) && x->nin == y->nin);
    for (int i = 0; i < x->nin; ++i) assert_int_equal(node_in(x, i)->id, node_in(y, i)->id);
    assert_attr_equal(x->attr, y->attr);
    assert_loc_equal(x->loc, y->loc);
    assert_true(strings_equal(x->name, y->name));
  }
  for (int k = 0; k < a->inputs.n; ++k) {
    const Input *x = a->inputs.at[k], *y = b->inputs.at[k];
    assert_true(x->kind == y->kind && x->source == y->source && x->field == y->field && x->hyper == y->hyper);
    assert_true(strings_equal(x->name, y->name) && tensors_equal(x->value, y->value));
    assert_true(x->dtype == y->dtype && shape_equal(x->shape, y->shape));
  }
  for (int k = 0; k < a->outputs.n; ++k) {
    assert_string_equal(a->outputs.at[k].name, b->outputs.at[k].name);
    assert_int_equal(a->outputs.at[k].node->id, b->outputs.at[k].node->id);
  }
  for (int k = 0; k < a->assigns.n; ++k) assert_int_equal(a->assigns.at[k]->id, b->assigns.at[k]->id);
}

static void assert_state_equal(const State *x, const State *y) {
  assert_true(x->id == y->id && x->dtype == y->dtype && x->trained == y->trained && x->saved == y->saved);
  assert_true(shape_equal(x->shape, y->shape) && x->aliases.n == y->aliases.n);
  for (int k = 0; k < x->aliases.n; ++k) assert_string_equal(x->aliases.at[k], y->aliases.at[k]);
  assert_string_equal(x->name, y->name);
  assert_true((x->init != NULL) == (y->init != NULL));
  if (x->init) assert_graph_equal(x->init, y->init);
  assert_loc_equal(x->loc, y->loc);
}

static void test_round_trip(void **state) {
  (void)state;
  Arena *arena = arena_new();
  if (setjmp(*diag_guard())) fail_msg("the good text was refused");
  Module *m = module_parse(arena, "good.ir", good);
  module_verify(m);
  const char *once = printed(arena, m);
  assert_string_equal(once, canonical(arena));
  Module *n = module_parse(arena, "again.ir", once);
  module_verify(n);
  assert_string_equal(printed(arena, n), once);
  assert_int_equal(m->states.n, n->states.n);
  for (int k = 0; k < m->states.n; ++k) assert_state_equal(m->states.at[k], n->states.at[k]);
  for (int k = 0; k < m->funcs.n; ++k)
    assert_graph_equal(m->funcs.at[k]->variants.at[0].graph, n->funcs.at[k]->variants.at[0].graph);
  arena_free(arena);
}

/* What was read is what stands in the text, not only what print repeats. */
static void test_contents(void **state) {
  (void)state;
  Arena *arena = arena_new();
  if (setjmp(*diag_guard())) fail_msg("the good text was refused");
  Module *m = module_parse(arena, "good.ir", good);
  assert_string_equal(m->states.at[1]->aliases.at[1], "b\"\\\t");
  assert_ptr_equal(m->seed, m->states.at[0]);
  assert_true(isinf(m->hypers.at[0]->min) && m->hypers.at[0]->value == 0.001 && m->hypers.at[1]->integer);
  assert_true(m->sources.at[0]->shuffle && m->sources.at[0]->rows == 60000 && m->sources.at[0]->fields.n == 2);
  const Graph *g = m->funcs.at[0]->variants.at[0].graph;
  assert_string_equal(g->nodes.at[3]->name, "h");
  assert_int_equal(g->nodes.at[3]->loc.line, 7);
  assert_int_equal(((const int64_t *)g->nodes.at[20]->attr->value->data)[0], INT64_MIN);
  assert_true(((const float *)g->nodes.at[18]->attr->value->data)[4] == 0x1p-149f);
  assert_int_equal(((const uint16_t *)g->nodes.at[22]->attr->value->data)[0], 0x7bff);
  assert_true(signbit(g->nodes.at[11]->attr->fill) != 0);
  const Phase *p = m->phases.at[0];
  assert_true(p->by_epochs && p->count.value == 10 && p->count.hyper == 1 && p->stop_func == 1);
  assert_true(p->step.at[0].times == 5 && p->step.at[0].when_func == 1 && p->each_epoch.at[0].func == -1);
  assert_true(p->each_epoch.at[0].kind == ACT_save && p->each_epoch.at[0].every == 3 && !p->each_epoch.at[0].tree.n);
  const Act *load = &p->before.at[0], *stop = &p->before.at[1];
  assert_true(load->kind == ACT_load && load->tree.n == 2 && load->tree.at[1].state == m->states.at[1]);
  assert_string_equal(load->renames.at[0].from, "module.");
  assert_true(stop->writes.n == 2 && ((const float *)stop->inputs.at[0].value->data)[1] == 2);
  const Source *pages = m->sources.at[2], *pixels = m->sources.at[3];
  assert_true(pages->stride == 8 && pages->stateful && pages->to == 0.9 && pixels->record == 21 && pixels->skip == 4);
  assert_true(pixels->files.n == 3 && pixels->stored.n == 2 && pixels->stored.at[1].big &&
              pixels->stored.at[1].at == 1);
  const Source *flowers = m->sources.at[4];
  assert_true(flowers->fills && flowers->missing == -1.5 && flowers->separator == ',' && flowers->headings.n == 2);
  assert_string_equal(flowers->headings.at[1].categories.at[1], "y, z");
  const Source *points = m->sources.at[1];
  assert_true(points->pad && points->drop_last && points->rate == 0.25 && points->from == 0.5 &&
              points->split_seed == 7);
  assert_true(((const float *)points->values.at[1]->data)[5] == 0.1f && m->sources.at[0]->to == 1);
  arena_free(arena);
}

/* Any labels, blank lines, comments; places are optional. */
static void test_liberties(void **state) {
  (void)state;
  Arena *arena = arena_new();
  if (setjmp(*diag_guard())) fail_msg("refused");
  Module *m =
      module_parse(arena, "x.ir",
                   "\n# a comment\nmodule \"x\"\n\nfunc \"f\" sources=[] # one\n  variant rows=0\n"
                   "graph \"f\"\n%x = const 1 : f32[]\n\n%long77 = exp %x : f32[]\noutput \"y\" = %long77\nend\nend");
  assert_int_equal(m->funcs.at[0]->variants.at[0].graph->nodes.n, 2);
  arena_free(arena);
}

/* ---- malformed text: one replacement in the good text, and what is said ---- */

typedef struct Malformed {
  const char *from, *to, *text;
  int after; /* lines from the start of `from` to the one that is named; -1: the file alone */
} Malformed;
static const Malformed malformed[] = {
    {"module \"tiny\"", "modul \"tiny\"", "'module' expected, found 'modul'", 0},
    {"%1 = cast %0", "%1 = cats %0", "unknown op: 'cats'", 0},
    {"%4 = reshape", "%3 = reshape", "'%3' is defined twice", 0},
    {"dot %1, %2", "dot %1, %99", "'%99' is not defined", 0},
    {"dot %1, %2", "dot %1", "dot: 2 operands expected, found 1", 0},
    {"f32[4,2] @models/tiny.lua:7", "f32[4,3] @models/tiny.lua:7", "dot gives f32 [4,2], the line says f32 [4,3]", 0},
    {"axes=[1] axes_b=[1]", "axes=[9] axes_b=[1]", "not a number that fits here: '9'", 0},
    {"axes=[1] axes_b=[1]", "axis=[1] axes_b=[1]", "unknown attribute: axis", 0},
    {"axes=[1] axes_b=[1]", "axes=[0] axes_b=[1]", "dot: sizes differ", 0},
    {"input $0", "input $7", "'$7' is not defined", 0},
    {"input $1", "input $0", "'$0' is defined twice", 0},
    {"state \"step\" : i32[]\n    %25", "state \"stop\" : i32[]\n    %25", "unknown state: stop", 0},
    {"state \"step\" : i32[]\n    %25", "state \"0.weight\" : f32[2,3]\n    %25", "'0.weight' is defined twice", 0},
    {"f64[2,2]", "f65[2,2]", "unknown dtype: 'f65'", 0},
    {"f64[2,2]", "f64[2,0]", "not a number that fits here: '0'", 0},
    {"f64[2,2]", "f64[9999999,9999999]", "f64: more than 2^40 elements", 0},
    {"f64[2,2]", "f64[2,2,2,2,2,2,2,2,2]", "']' expected, found '2'", 0},
    {"const 0.1", "const 0.1x", "not a number that fits here: '0.1x'", 0},
    {"const [1,0] : bool", "const [1,2] : bool", "not a number that fits here: '2'", 0},
    {"const [1,0] : bool", "const [1] : bool", "2 numbers expected, found 1", 0},
    {"const [1,0] : bool", "const : bool", "constant: no value", 0},
    {"low=[0,1] high=[1,3]", "low=[0] high=[1,3]", "slice: low, high and step need 2 numbers each", 0},
    {"dot %1, %2 axes=[1] axes_b=[1]", "window %1 axes=[1] size=[1,2]",
     "window: size, step, dilation (and high, of unwindow alone) need 1 numbers each", 0},
    {"dot %1, %2 axes=[1] axes_b=[1]", "unwindow %1 axes=[0] size=[3]", "unwindow: size, step, dilation", 0},
    {"\"loss\" = %8 @models/tiny.lua:12", "\"loss\" = %8 @models/tiny.lua", "a place looks like @file:12", 0},
    {"output \"h\"", "output \"loss\"", "'loss' is defined twice", 0},
    {"by %2 is %30", "by %2 is %3", "a gradient that is not like its tensor: h [4,2] for f32 [2,3]", 0},
    {"alias \"tied.weight\"", "alias \"tied.weight", "':' expected", 0},
    {"help \"learning rate\"", "help \"learning rate", "a string that does not end", 0},
    {"help \"learning rate\"", "help \"learning\\q rate\"", "a string knows only the escapes", 0},
    {"output \"value\" = %3", "output \"value\" = %2", "the initial graph of '0.weight' must have no inputs", -5},
    {"seed \"nnrt.seed\"\n", "", "the initial graph of '0.weight' reads 'nnrt.seed'; it may read the seed only", -1},
    {"seed \"nnrt.seed\"", "seed \"step\"", "the seed must be a state u32 [2]", 0},
    {"sources=[0]", "sources=[5]", "not a number that fits here: '5'", 0},
    {"field=0 at=1", "field=0 at=2", "source 'flowers': its files or values do not fit its fields", -3},
    {" separator=44", "", "source 'flowers': its files or values do not fit its fields", 0},
    {"file \"y.gz\"\n", "\n", "source 'train': its files or values do not fit its fields", -4},
    {"file \"a.txt\"\n", "\n", "source 'pages': its files or values do not fit its fields", -3},
    {" stride=8", "", "source 'pages': its files or values do not fit its fields", 0},
    {"\"y\" : i32[8]", "\"y\" : i32[9]", "source 'pages': its files or values do not fit its fields", -2},
    {" vocabulary \"ab\"", "", "source 'pages': its files or values do not fit its fields", 0},
    {" stored \"i16\" big at=1", "", "source 'pixels': its files or values do not fit its fields", -2},
    {"record=21 ", "", "source 'pixels': its files or values do not fit its fields", 0},
    {"i32[3]", "i32[1,3]", "source 'points': its files or values do not fit its fields", -3},
    {"values [1,0,2]", "values [1,0]", "3 numbers expected, found 2", 0},
    {"from=0.5", "from=1.5", "not a number that fits here: '1.5'", 0},
    {"from=0.5", "from=1", "source 'points': its files or values do not fit its fields", 0},
    {"weight \"weight\" source=1", "weight \"weight\"", "input 'weight' names a source, field or hyper", -1},
    {"input \"bias\" [0.5,2] : f32[2]", "input \"bias\" 2 : f32[]", "input 'bias' names a source, field or hyper", 0},
    {"write \"-\" output=0", "write \"-\" output=1", "not a number that fits here: '1'", 0},
    {"tree \"w\" \"0.weight\"", "tree \"w\" \"1.weight\"", "unknown state: '1.weight'", 0},
    {"each_epoch save", "each_epoch keep", "a function's name expected, found 'keep'", 0},
    {"hyper \"lr\" hyper=0", "hyper \"lr\" hyper=5", "input 'lr' names a source, field or hyper that is not there", -1},
    {"func \"stop\" whole", "func \"train\" whole", "'train' is defined twice", 0},
    {"step \"train\" times=5", "step \"trian\" times=5", "unknown function: 'trian'", 0},
    {"times=5", "times=0", "not a number that fits here: '0'", 0},
    {"when \"stop\" output=0", "when \"stop\" output=1", "not a number that fits here: '1'", 0},
    {"best \"stop\" output=0", "best \"stop\" output=1", "not a number that fits here: '1'", 0},
    {"keep=3 epochs", "keep=-1 epochs", "not a number that fits here: '-1'", 0},
    {"phase steps=100", "phase forever=100", "'steps' expected, found 'forever'", 0},
    {"every=1\nend\nphase", "every=1\nphase",
     "'before', 'step', 'each_epoch', 'after' or 'end' expected, found 'phase'", 1},
};

typedef struct Given {
  Arena *arena;
  const char *text;
} Given;
static void run_parse(void *context) {
  Given *s = context;
  module_verify(module_parse(s->arena, "t.ir", s->text));
}

static void test_malformed(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof malformed / sizeof *malformed; ++k) {
    const Malformed *m = &malformed[k];
    Arena *arena = arena_new();
    const char *at = strstr(good, m->from);
    if (!at) fail_msg("'%s' is not in the good text", m->from);
    const char *text = arena_printf(arena, "%.*s%s%s", (int)(at - good), good, m->to, at + strlen(m->from));
    Caught c;
    catch_error(&c, run_parse, &(Given){arena, text});
    if (c.code != 1) fail_msg("'%s' was not refused (code %d): %s", m->to, c.code, c.text);
    int line = 1 + m->after;
    for (const char *p = good; p < at; ++p) line += *p == '\n';
    assert_contains(c.text, m->after == -1 ? arena_printf(arena, "t.ir: %s", m->text)
                                           : arena_printf(arena, "t.ir:%d: %s", line, m->text));
    arena_free(arena);
  }
}

/* ---- mutations ---- */

static uint64_t seed = 88172645463325252u;
static uint32_t pick(uint32_t n) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 20) % n;
}

/* A few bytes changed, a piece cut out, or a piece of one place put into another. */
static void mutate(char *text, size_t *n) {
  static const char bytes[] = "%$@\"[],:=0123456789-. \nabcdefioprstux\\\xff";
  for (uint32_t times = 1 + pick(3); times > 0; --times) {
    size_t at = pick((uint32_t)*n), length = 1 + pick(12), from = pick((uint32_t)*n);
    switch (pick(4)) {
    case 0: text[at] = bytes[pick(sizeof bytes - 1)]; break;
    case 1:
      if (at + length >= *n) break;
      memmove(text + at, text + at + length, *n - at - length);
      *n -= length;
      break;
    case 2:
      if (at + length < *n && from + length < *n) memmove(text + at, text + from, length);
      break;
    default: *n = pick(64) ? *n : at + 1;
    }
  }
  text[*n] = 0;
}

static void test_mutations(void **state) {
  (void)state;
  int accepted = 0, refused = 0;
  for (int k = 0; k < 6000; ++k) {
    Arena *arena = arena_new();
    size_t n = sizeof good - 1;
    char *text = memcpy(arena_alloc(arena, n + 1), good, n + 1);
    mutate(text, &n);
    Caught c;
    catch_error(&c, run_parse, &(Given){arena, text});
    if (c.code > 1) fail_msg("code %d: %s\n%s", c.code, c.text, text);
    if (c.code == 1 && !strstr(c.text, "t.ir")) fail_msg("no place in: %s", c.text);
    ++*(c.code ? &refused : &accepted);
    arena_free(arena);
  }
  assert_true(accepted > 100 && refused > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip), cmocka_unit_test(test_contents),  cmocka_unit_test(test_liberties),
      cmocka_unit_test(test_malformed),  cmocka_unit_test(test_mutations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
