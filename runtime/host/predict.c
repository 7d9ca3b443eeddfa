/* predict.c: --predict FILE: one function over the rows of a file, one row out for each row in.
 *
 * A function fits when it reads fields of one source and each of its outputs has a row for each row of the batch. What
 * runs is the model narrowed to it: its source has the fields that the function reads and no others (a table needs no
 * column of labels, the files of a source with one a field are those of its features), is all of FILE in its order, and
 * fills its last batch with zeros, whose rows are cut off again. The function becomes a pass over that source, and the
 * schedule is this pass (eval.c). */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PREDICT_PIECE = 1 << 10 }; /* numbers that go out at a time */

/* ---- which function ---- */
bool nnrt_predict_fits(const nnrt_func *f) {
  const nnrt_variant *v = &f->variants[0];
  bool reads = false;
  if (f->nsources != 1 || f->whole_pass || !v->noutputs || v->rows < 1) return false;
  for (int i = 0; i < v->ninputs; i++) reads = reads || v->inputs[i].kind == NNRT_INPUT_FIELD;
  for (int i = 0; i < v->noutputs; i++)
    if (v->outputs[i].rank < 1 || v->outputs[i].dim[0] != v->rows) return false;
  return reads;
}

static int predict_none(nnrt_run *run, int n, const char *names) {
  const nnrt_model *m = run->model;
  const nnrt_source *s = m->nsources ? &m->sources[m->nsources - 1] : NULL;
  if (n)
    return nnrt_fail(&run->error, NNRT_USAGE, "--predict: several functions fit: say --predict-with one of %s", names);
  return nnrt_fail(&run->error, NNRT_USAGE,
                   "--predict: no function of this model gives one row for each row of a source: write one into %s, "
                   "such as predict = nn.func { on = \"%s\", function(b) return { class = net(b.%s):argmax(-1) } end }",
                   m->source ? m->source : "it", s ? s->name : "test", s && s->nfields ? s->fields[0].name : "x");
}

/* --predict-with FUNC or FUNC.OUTPUT: the function's number, or -1; *output: NULL where none is named. */
static int predict_named(const nnrt_model *m, const char *name, const char **output) {
  for (int f = 0; f < m->nfuncs; f++) {
    size_t n = strlen(m->funcs[f].name);
    if (strncmp(m->funcs[f].name, name, n) || (name[n] && name[n] != '.')) continue;
    *output = name[n] ? name + n + 1 : NULL;
    return f;
  }
  return -1;
}

static int predict_choose(nnrt_run *run, int *func, const char **output) {
  const nnrt_model *m = run->model;
  const char *name = run->options.predict_with;
  char names[512] = "";
  int n = 0, at = 0, named = name ? predict_named(m, name, output) : -1;
  for (int f = 0; f < m->nfuncs; f++) {
    if (!nnrt_predict_fits(&m->funcs[f])) continue;
    at = nnrt_text(names, sizeof names, at, n++ ? ", %s" : "%s", m->funcs[f].name);
    *func = f;
  }
  if (!n || (!name && n > 1)) return predict_none(run, n, names);
  if (name && (named < 0 || !nnrt_predict_fits(&m->funcs[named])))
    return nnrt_fail(&run->error, NNRT_USAGE, "--predict-with %s: %s; of this program fit: %s", name,
                     named < 0 ? "there is no such function" : "does not give one row for each row of a source", names);
  if (name) *func = named;
  return NNRT_GOOD;
}

/* ---- the narrowed model ---- */
/* place: of each field its new number, or -1. Rows of a text and of records have all their fields in any case. */
static void predict_fields(const nnrt_source *s, const nnrt_variant *v, int *place) {
  bool all = !strcmp(s->kind, "text") || !strcmp(s->kind, "records");
  for (int k = 0, n = 0; k < s->nfields; k++) {
    bool wanted = all;
    for (int i = 0; i < v->ninputs; i++)
      wanted = wanted || (v->inputs[i].kind == NNRT_INPUT_FIELD && v->inputs[i].field == k);
    place[k] = wanted ? n++ : -1;
  }
}

/* With the tables that go by field (fields, files and stored numbers where they do) or name one (headings). */
static int predict_source(nnrt_run *run, nnrt_source *s, const int *place) {
  nnrt_predict *p = &run->predict;
  const nnrt_source old = *s;
  NNRT_TRY(nnrt_alloc(&run->error, &p->fields, old.nfields * (int64_t)sizeof *p->fields, old.name));
  NNRT_TRY(nnrt_alloc(&run->error, &p->files, old.nfields * (int64_t)sizeof *p->files, old.name));
  NNRT_TRY(nnrt_alloc(&run->error, &p->headings, old.nheadings * (int64_t)sizeof *p->headings, old.name));
  bool each = old.files && old.nfiles == old.nfields && strcmp(old.kind, "records") != 0;
  s->nfields = s->nheadings = 0;
  for (int k = 0; k < old.nfields; k++) {
    if (place[k] < 0) continue;
    if (each) p->files[s->nfields] = old.files[k];
    p->fields[s->nfields++] = old.fields[k];
  }
  for (int i = 0; i < old.nheadings; i++) {
    if (place[old.headings[i].field] < 0) continue;
    p->headings[s->nheadings] = old.headings[i];
    p->headings[s->nheadings++].field = place[old.headings[i].field];
  }
  s->fields = p->fields;
  s->headings = p->headings;
  if (each) s->files = p->files, s->nfiles = s->nfields;
  s->shuffle = s->drop_last = s->stateful = 0;
  s->rate = s->from = s->to = 0;
  s->rows = -1;
  s->pad = 1;
  return NNRT_GOOD;
}

static int predict_func(nnrt_run *run, const nnrt_func *func, const int *place) {
  nnrt_predict *p = &run->predict;
  const nnrt_variant *v = &func->variants[0];
  NNRT_TRY(nnrt_alloc(&run->error, &p->inputs, v->ninputs * (int64_t)sizeof *p->inputs, func->name));
  for (int i = 0; i < v->ninputs; i++) {
    p->inputs[i] = v->inputs[i];
    if (v->inputs[i].kind == NNRT_INPUT_FIELD) p->inputs[i].field = place[v->inputs[i].field];
  }
  p->variant = *v;
  p->variant.inputs = p->inputs;
  p->func = *func;
  p->func.nvariants = 1;
  p->func.variants = &p->variant;
  p->func.whole_pass = 1;
  return NNRT_GOOD;
}

static int predict_narrow(nnrt_run *run, int func) {
  nnrt_predict *p = &run->predict;
  const nnrt_model *m = run->model;
  const nnrt_func *f = &m->funcs[func];
  int *place;
  NNRT_TRY(nnrt_alloc(&run->error, &p->sources, m->nsources * (int64_t)sizeof *p->sources, "the sources"));
  memcpy(p->sources, m->sources, (size_t)m->nsources * sizeof *p->sources);
  nnrt_source *s = &p->sources[f->sources[0]];
  NNRT_TRY(nnrt_alloc(&run->error, &place, s->nfields * (int64_t)sizeof *place, s->name));
  predict_fields(s, &f->variants[0], place);
  int status = predict_source(run, s, place);
  if (!status) status = predict_func(run, f, place);
  free(place);
  if (status) return status;
  const char **inputs = run->options.inputs; /* of this function alone */
  memmove(inputs, inputs + nnrt_input_first(m, func), (size_t)f->variants[0].ninputs * sizeof *inputs);
  if (run->options.data[f->sources[0]])
    return nnrt_fail(&run->error, NNRT_USAGE, "--data %s=%s: --predict gives the rows of %s", s->name,
                     run->options.data[f->sources[0]], s->name);
  run->options.data[f->sources[0]] = run->options.predict;
  p->model = *m;
  p->model.sources = p->sources;
  p->model.nfuncs = 1;
  p->model.funcs = &p->func;
  p->model.checkpoint = NULL;
  run->model = &p->model;
  return NNRT_GOOD;
}

static int predict_output_choose(nnrt_run *run, const char *name) {
  nnrt_predict *p = &run->predict;
  p->first = 0;
  p->end = p->variant.noutputs;
  for (int i = 0; name && i < p->variant.noutputs; i++)
    if (!strcmp(p->variant.outputs[i].name, name)) return p->first = i, p->end = i + 1, NNRT_GOOD;
  if (!name) return NNRT_GOOD;
  return nnrt_fail(&run->error, NNRT_USAGE, "--predict-with %s: %s has no output \"%s\"", run->options.predict_with,
                   p->func.name, name);
}

/* ---- the file that is written ---- */
static bool predict_is_npy(const nnrt_run *run) {
  return run->options.output && nnrt_path_ends(run->options.output, ".npy");
}

static int predict_output_check(nnrt_run *run) {
  const nnrt_predict *p = &run->predict;
  const char *path = run->options.output;
  if (path && !predict_is_npy(run) && !nnrt_path_ends(path, ".csv"))
    return nnrt_fail(&run->error, NNRT_USAGE, "-o %s: predictions go to a file that ends in .csv or .npy", path);
  if (!predict_is_npy(run) || p->end - p->first == 1) return NNRT_GOOD;
  return nnrt_fail(&run->error, NNRT_USAGE,
                   "-o %s: holds one array, and %s gives %d: say which, --predict-with %s.%s, or write a .csv", path,
                   p->func.name, p->end - p->first, p->func.name, p->variant.outputs[0].name);
}

/* Before anything is opened. */
int nnrt_predict_plan(nnrt_run *run) {
  int func = 0;
  const char *output = NULL;
  if (!run->options.predict) return NNRT_GOOD;
  NNRT_TRY(predict_choose(run, &func, &output));
  NNRT_TRY(predict_narrow(run, func));
  NNRT_TRY(predict_output_choose(run, output));
  return predict_output_check(run);
}

/* One row of an output. */
static nnrt_output predict_row(const nnrt_predict *p, int i) {
  nnrt_output row = p->variant.outputs[i];
  row.count /= p->variant.rows;
  row.rank--;
  memmove(row.dim, row.dim + 1, (size_t)row.rank * sizeof *row.dim);
  return row;
}

/* A name that has what the format means something by stands in quotes. */
static void predict_csv_name(nnrt_paper *out, const char *name, int64_t element) {
  bool quoted = strpbrk(name, ",\"\r\n") != NULL;
  if (quoted) nnrt_paper_text(out, "\"");
  for (; *name; name++) nnrt_paper_text(out, *name == '"' ? "\"\"" : "%c", *name);
  if (element >= 0) nnrt_paper_text(out, ".%lld", (long long)element);
  if (quoted) nnrt_paper_text(out, "\"");
}

/* "class", or "scores.0", "scores.1" … of one that has several numbers a row. */
static void predict_csv_header(const nnrt_predict *p, nnrt_paper *out) {
  const char *between = "";
  for (int i = p->first; i < p->end; i++) {
    nnrt_output row = predict_row(p, i);
    for (int64_t k = 0; k < row.count; k++, between = ",") {
      nnrt_paper_text(out, "%s", between);
      predict_csv_name(out, row.name, row.rank ? k : -1);
    }
  }
  nnrt_paper_text(out, "\n");
}

int nnrt_predict_open(nnrt_run *run) {
  nnrt_predict *p = &run->predict;
  char header[NNRT_ROWS_HEADER];
  if (!run->options.predict) return NNRT_GOOD;
  p->paper = (nnrt_paper){.descriptor = STDOUT_FILENO};
  if (run->options.output) {
    NNRT_TRY(nnrt_replace_begin(&run->error, &p->replacement, run->options.output));
    p->paper.descriptor = p->replacement.descriptor;
  }
  p->opened = true;
  nnrt_output row = predict_row(p, p->first);
  int64_t rows = run->streams[p->func.sources[0]].rows, room = nnrt_rows_room(&row);
  if (predict_is_npy(run)) {
    nnrt_rows_header(&row, rows, room, header);
    nnrt_paper_bytes(&p->paper, header, room);
  } else {
    predict_csv_header(p, &p->paper);
  }
  return NNRT_GOOD;
}

/* ---- rows ---- */
static void predict_csv_number(nnrt_paper *out, int dtype, const unsigned char *at) {
  char text[64];
  int n = nnrt_element_text(text, sizeof text, dtype, at);
  bool quoted = text[0] == '"'; /* "nan" of JSON */
  nnrt_paper_bytes(out, text + quoted, n - 2 * quoted);
}

static void predict_csv_row(const nnrt_predict *p, nnrt_paper *out, const unsigned char *block, int64_t number) {
  const char *between = "";
  for (int i = p->first; i < p->end; i++) {
    nnrt_output row = predict_row(p, i);
    int bytes = nnrt_dtype_bytes(row.dtype);
    const unsigned char *at = block + row.offset + number * row.count * bytes;
    for (int64_t k = 0; k < row.count; k++, between = ",") {
      nnrt_paper_text(out, "%s", between);
      predict_csv_number(out, row.dtype, at + k * bytes);
    }
  }
  nnrt_paper_text(out, "\n");
}

static void predict_npy_rows(const nnrt_predict *p, nnrt_paper *out, const unsigned char *block, int64_t rows) {
  nnrt_output row = predict_row(p, p->first);
  int bytes = nnrt_dtype_bytes(row.dtype), out_bytes = nnrt_dtype_bytes(nnrt_npy_dtype(row.dtype));
  unsigned char wide[PREDICT_PIECE * 4];
  for (int64_t i = 0, n, all = rows * row.count; i < all; i += n) {
    n = all - i < PREDICT_PIECE ? all - i : PREDICT_PIECE;
    nnrt_paper_bytes(out, nnrt_npy_numbers(row.dtype, block + row.offset + i * bytes, n, wide), n * out_bytes);
  }
}

static int predict_lost(nnrt_run *run) {
  return nnrt_fail(&run->error, NNRT_FAILED, "%s: cannot be written: %s",
                   run->options.output ? run->options.output : "standard output", strerror(run->predict.paper.failed));
}

int nnrt_predict_rows(nnrt_run *run, const nnrt_entry *e, int64_t row) {
  nnrt_predict *p = &run->predict;
  if (!p->opened) return NNRT_GOOD;
  int64_t left = run->streams[p->func.sources[0]].rows - row, rows = left < p->variant.rows ? left : p->variant.rows;
  if (predict_is_npy(run)) predict_npy_rows(p, &p->paper, e->output, rows);
  for (int64_t i = 0; i < rows && !predict_is_npy(run); i++) predict_csv_row(p, &p->paper, e->output, i);
  return p->paper.failed ? predict_lost(run) : NNRT_GOOD;
}

/* A run that failed leaves the file as it was. */
int nnrt_predict_close(nnrt_run *run, int status) {
  nnrt_predict *p = &run->predict;
  nnrt_error before = run->error;
  if (!p->opened) return status;
  p->opened = false;
  nnrt_paper_flush(&p->paper);
  if (!run->options.output) return status || !p->paper.failed ? status : predict_lost(run);
  int ended = nnrt_replace_end(&run->error, &p->replacement, status ? ECANCELED : p->paper.failed);
  if (!status) return ended;
  run->error = before;
  return status;
}

void nnrt_predict_free(nnrt_run *run) {
  nnrt_predict *p = &run->predict;
  free(p->sources);
  free(p->fields);
  free(p->files);
  free(p->headings);
  free(p->inputs);
}
