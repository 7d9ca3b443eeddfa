/* page.c: nnc --report=FILE.html: what the text report says (report.c), to look at: a summary, the model's layers, the
 * life of every tensor in the arena, the kernels in a table that sorts, and the model's own text with the cost of each
 * line beside it. Numbers are those of report.h, so both reports say the same.
 *
 * A kernel that several lines share counts for each of them equally, so that the lines add up to the call. */
#include "page.h"

#include <inttypes.h>

extern const char page_style[], page_script[]; /* page.css, page.js: embed.cmake */

const char *page_escape(Arena *arena, const char *s) {
  Text t;
  text_init(&t, arena);
  for (; *s; ++s) {
    const char *as = *s == '&' ? "&amp;" : *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : *s == '"' ? "&quot;" : NULL;
    if (as)
      text_puts(&t, as);
    else if ((unsigned char)*s >= 32 || *s == '\n' || *s == '\t')
      text_printf(&t, "%c", *s);
  }
  return arena_strdup(arena, text_str(&t));
}

static int file_number(Page *page, const char *file) {
  for (int i = 0; i < page->files.n; ++i)
    if (!strcmp(page->files.at[i], file)) return i;
  vec_push(page->arena, page->files, file);
  return page->files.n - 1;
}

const char *page_line(Page *page, Loc loc) {
  if (!loc.file || loc.line <= 0) return "";
  return arena_printf(page->arena, " data-l=\"%d:%d\"", file_number(page, loc.file), loc.line);
}

/* Neighbours are as far apart as can be: turns of the golden angle. */
const char *page_colour(Page *page, Loc loc) {
  if (!loc.file || loc.line <= 0) return "hsl(220 8% 62%)";
  int turns = loc.line + 7 * file_number(page, loc.file), angle = (int)((int64_t)turns * 137508 / 1000 % 360);
  return arena_printf(page->arena, "hsl(%d 58%% %d%%)", angle, 54 + turns % 3 * 5);
}

/* ---- costs by line ---- */
typedef struct LineCost {
  const char *file;
  int line;
  Costs costs;
} LineCost;
typedef VEC(LineCost) LineCosts;

static Costs *line_cost(Arena *arena, LineCosts *all, const char *file, int line) {
  for (int i = 0; i < all->n; ++i)
    if (all->at[i].line == line && !strcmp(all->at[i].file, file)) return &all->at[i].costs;
  vec_push(arena, *all, ((LineCost){file, line, {0, 0, 0}}));
  return &all->at[all->n - 1].costs;
}

static bool is_line(Loc loc) { return loc.file && loc.line > 0; }

/* The k-th of n equal parts that sum up to `all`. */
static int64_t part(int64_t all, int k, int n) { return all / n + (k < all % n); }

static void call_share(Page *page, LineCosts *all, const Stmt *s, int64_t turns) {
  Costs c = call_costs(page->arena, s);
  const Kernel *k = s->kernel;
  int lines = 0, at = 0;
  for (int i = 0; i < k->locs.n; ++i) lines += is_line(k->locs.at[i]);
  for (int i = 0; i < k->locs.n || (!lines && i == 0); ++i) {
    Loc loc = lines ? k->locs.at[i] : (Loc){"", 0, NULL};
    if (lines && !is_line(loc)) continue;
    int n = lines ? lines : 1;
    Costs *to = line_cost(page->arena, all, loc.file, loc.line);
    to->flops += turns * part(c.flops, at, n);
    to->reads += turns * part(c.reads, at, n);
    to->writes += turns * part(c.writes, at, n);
    ++at;
  }
}

static void block_share(Page *page, LineCosts *all, const Block *b, int64_t turns) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    int64_t inside = turns * (s->kind == S_for ? s->hi->value.i : 1);
    if (s->kind == S_call) call_share(page, all, s, turns);
    block_share(page, all, &s->body, inside);
    block_share(page, all, &s->other, inside);
  }
}

static double share(int64_t x, int64_t most) { return most ? 100.0 * (double)x / (double)most : 0; }

static void heat_cell(Page *page, const char *text, int64_t x, int64_t most) {
  text_printf(page->out, "<td class=\"n heat\"><i style=\"width:%.1f%%\"></i><span>%s</span></td>",
              share(x, most) * 0.8, x ? text : "");
}

static void source_row(Page *page, const char *file, int line, const char *text, const Costs *c, const Costs *most) {
  Arena *a = page->arena;
  Loc loc = {file, line, NULL};
  text_printf(page->out, "<tr%s><td>", c->flops || c->reads || c->writes ? page_line(page, loc) : "");
  if (line) text_printf(page->out, "%d", line);
  text_printf(page->out, "</td><td><pre class=\"code\">%s</pre></td>", page_escape(a, text));
  heat_cell(page, count_text(a, c->flops), c->flops, most->flops);
  heat_cell(page, bytes_text(a, c->reads + c->writes), c->reads + c->writes, most->reads);
  text_puts(page->out, "</tr>\n");
}

static void source_file(Page *page, const LineCosts *all, const char *file, const Costs *most) {
  static const Costs none = {0, 0, 0};
  size_t bytes;
  Arena *a = page->arena;
  const char *text = file_read(a, file, &bytes);
  text_printf(page->out, "<h3><code>%s</code></h3>\n<div class=\"panel\"><table class=\"source\"><thead><tr><th></th>",
              page_escape(a, *file ? file : "made by no line"));
  text_puts(page->out, "<th></th><th class=\"n\">FLOP</th><th class=\"n\">bytes</th></tr></thead><tbody>\n");
  for (int line = *file ? 1 : 0; text ? *text : line == 0; ++line) {
    const Costs *c = &none;
    size_t n = text ? strcspn(text, "\n") : 0;
    for (int i = 0; i < all->n; ++i)
      if (all->at[i].line == line && !strcmp(all->at[i].file, file)) c = &all->at[i].costs;
    source_row(page, file, line, text ? arena_strndup(a, text, n) : "counters, indices", c, most);
    if (text) text += n + (text[n] == '\n');
  }
  text_puts(page->out, "</tbody></table></div>\n");
}

static void page_source(Page *page) {
  LineCosts all = {0};
  Costs most = {0, 0, 0};
  block_share(page, &all, &page->host->body, 1);
  for (int i = 0; i < all.n; ++i) {
    const Costs *c = &all.at[i].costs;
    if (c->flops > most.flops) most.flops = c->flops;
    if (c->reads + c->writes > most.reads) most.reads = c->reads + c->writes;
    if (*all.at[i].file) file_number(page, all.at[i].file);
  }
  text_printf(page->out,
              "<h2 id=\"source\">The model, line by line</h2>\n<p>Operations and bytes of one call of <code>%s</code>. "
              "A kernel that several lines share counts for each equally. Point at a line to see its tensors above."
              "</p>\n",
              page->host->name);
  for (int i = 0; i < page->files.n; ++i) source_file(page, &all, page->files.at[i], &most);
  for (int i = 0; i < all.n; ++i)
    if (!*all.at[i].file) source_file(page, &all, "", &most);
}

/* ---- kernels ---- */
static void kernel_row(Page *page, const Stmt *s, int64_t turns, int64_t total) {
  Arena *a = page->arena;
  Costs c = call_costs(a, s);
  int64_t flops = c.flops * turns, moved = c.reads + c.writes;
  Loc loc = s->kernel->locs.n ? s->kernel->locs.at[0] : s->loc;
  text_printf(page->out, "<tr%s><td><code>%s</code>", page_line(page, loc), page_escape(a, s->kernel->name));
  if (turns > 1) text_printf(page->out, " × %" PRId64, turns);
  if (s->kernel->comment) text_printf(page->out, "<small>%s</small>", page_escape(a, s->kernel->comment));
  text_printf(page->out,
              "</td><td class=\"n heat\" data-v=\"%" PRId64 "\"><i style=\"width:%.1f%%\"></i><span>%s</span></td>",
              flops, share(flops, total) * 0.8, count_text(a, c.flops));
  text_printf(page->out, "<td class=\"n\" data-v=\"%" PRId64 "\">%s</td>", c.reads * turns, bytes_text(a, c.reads));
  text_printf(page->out, "<td class=\"n\" data-v=\"%" PRId64 "\">%s</td>", c.writes * turns, bytes_text(a, c.writes));
  double intensity = moved ? (double)c.flops / (double)moved : 0;
  text_printf(page->out, "<td class=\"n wide\" data-v=\"%.4f\">%.1f</td><td class=\"wide\"><code>%s</code></td></tr>\n",
              intensity, intensity, page_escape(a, lines_text(a, s->kernel)));
}

static void kernel_rows(Page *page, const Block *b, int64_t turns, int64_t total) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    int64_t inside = turns * (s->kind == S_for ? s->hi->value.i : 1);
    if (s->kind == S_call) kernel_row(page, s, turns, total);
    kernel_rows(page, &s->body, inside, total);
    kernel_rows(page, &s->other, inside, total);
  }
}

static void page_kernels(Page *page, const Host *h, int64_t total) {
  text_puts(page->out,
            "<div class=\"panel\"><table><thead><tr><th class=\"sort\">kernel</th>"
            "<th class=\"sort n\">FLOP</th><th class=\"sort n\">reads</th><th class=\"sort n\">writes</th>"
            "<th class=\"sort n wide\">FLOP a byte</th><th class=\"sort wide\">from</th></tr></thead><tbody>\n");
  kernel_rows(page, &h->body, 1, total);
  text_puts(page->out, "</tbody></table></div>\n");
}

/* ---- one function ---- */
static const char *rows_text(Arena *a, const Host *h) { return h->rows ? arena_printf(a, " on %d rows", h->rows) : ""; }

static void page_host(Page *page, const Host *h) {
  Arena *a = page->arena;
  int calls = 0, barriers = 0;
  Costs c = block_costs(a, &h->body, &calls, &barriers);
  const char *name = page_escape(a, h->name);
  text_printf(page->out, "<h2 id=\"%s\">%s</h2>\n", name, name);
  text_printf(page->out,
              "<p>One call%s: %d kernel calls, %d barriers, %sFLOP, %s read, %s written. Input %s, output %s.%s</p>\n",
              rows_text(a, h), calls, barriers, count_text(a, c.flops), bytes_text(a, c.reads), bytes_text(a, c.writes),
              bytes_text(a, h->input_bytes), bytes_text(a, h->output_bytes),
              h->alone ? " Too little work to share: one thread runs it." : "");
  if (h->graph) page_graph(page, h);
  page_memory(page, h);
  text_puts(page->out, "<h3>Kernels</h3>\n");
  page_kernels(page, h, c.flops);
}

static void page_others(Page *page) {
  for (int i = 0; i < page->program->hosts.n; ++i) {
    const Host *h = page->program->hosts.at[i];
    if (h == page->host) continue;
    text_printf(page->out, "<details><summary>%s</summary>\n", page_escape(page->arena, h->name));
    page_host(page, h);
    text_puts(page->out, "</details>\n");
  }
}

/* ---- the head ---- */
static void card(Page *page, const char *value, const char *what) {
  text_printf(page->out, "<div class=\"card\"><b>%s</b><span>%s</span></div>\n", value, what);
}

static void page_cards(Page *page) {
  Arena *a = page->arena;
  const Program *p = page->program;
  int calls = 0, barriers = 0, tensors = 0;
  int64_t elements = 0;
  for (int i = 0; i < p->module->states.n; ++i) {
    const State *s = p->module->states.at[i];
    if (!s->trained) continue;
    ++tensors;
    elements += shape_count(s->shape);
  }
  Costs c = block_costs(a, &page->host->body, &calls, &barriers);
  text_puts(page->out, "<div class=\"cards\">\n");
  card(page, grouped(a, elements), arena_printf(a, "parameters in %d tensors", tensors));
  card(page, arena_printf(a, "%sFLOP", count_text(a, c.flops)), arena_printf(a, "a call of %s", page->host->name));
  card(page, bytes_text(a, c.reads + c.writes), "moved in it");
  card(page, bytes_text(a, p->params_bytes + p->state_bytes + p->scratch_bytes), "of memory, all of it");
  card(page, bytes_text(a, p->scratch_bytes), "of it scratch");
  card(page, arena_printf(a, "%d", p->kernels.n), "kernels");
  text_puts(page->out, "</div>\n");
}

static void arena_row(Page *page, const char *what, int64_t bytes) {
  text_printf(page->out, "<tr><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n", what,
              grouped(page->arena, bytes), bytes_text(page->arena, bytes));
}

static void page_arenas(Page *page) {
  const Program *p = page->program;
  text_puts(page->out,
            "<h2 id=\"memory\">Memory</h2>\n<p>Three arenas of constant size; nothing is allocated after the "
            "start.</p>\n<div class=\"panel\"><table><thead><tr><th>arena</th><th class=\"n\">bytes</th><th "
            "class=\"n\"></th></tr></thead><tbody>\n");
  arena_row(page, "parameters", p->params_bytes);
  arena_row(page, "state", p->state_bytes);
  arena_row(page, "scratch", p->scratch_bytes);
  text_puts(page->out, "</tbody></table></div>\n");
}

static void state_rows(Page *page, Home home) {
  Arena *a = page->arena;
  for (int i = 0; i < page->program->slots.n; ++i) {
    const Slot *s = page->program->slots.at[i];
    if (!s->state || s->home != home) continue;
    text_printf(page->out, "<tr%s><td><code>%s</code></td><td><code>%s%s</code></td>", page_line(page, s->loc),
                page_escape(a, s->name), dtype_info[s->dtype].name, shape_text(a, s->shape));
    text_printf(page->out,
                "<td class=\"n\" data-v=\"%" PRId64 "\">%s</td><td class=\"n\" data-v=\"%" PRId64
                "\">%s</td><td>%s</td></tr>\n",
                s->bytes, bytes_text(a, s->bytes), s->offset, grouped(a, s->offset), home_name[home]);
  }
}

static void page_states(Page *page) {
  text_printf(page->out,
              "<details><summary>All %d states</summary><div class=\"panel\"><table><thead><tr><th class=\"sort\">"
              "state</th><th class=\"sort\">shape</th><th class=\"sort n\">size</th><th class=\"sort n\">offset</th>"
              "<th class=\"sort\">arena</th></tr></thead><tbody>\n",
              page->program->module->states.n);
  state_rows(page, HOME_params);
  state_rows(page, HOME_state);
  text_puts(page->out, "</tbody></table></div></details>\n");
}

/* A step of training, where the program has one. */
static const Host *main_host(const Program *p) {
  const Module *m = p->module;
  int func = m->phases.n && m->phases.at[0]->step.n ? m->phases.at[0]->step.at[0].func : 0;
  for (int i = 0; i < p->hosts.n; ++i)
    if (p->hosts.at[i]->func && m->funcs.n > func && p->hosts.at[i]->func == m->funcs.at[func]) return p->hosts.at[i];
  return p->hosts.at[p->hosts.n - 1];
}

static void page_head(Page *page) {
  const Program *p = page->program;
  const char *name = page_escape(page->arena, p->module->name ? p->module->name : "model");
  text_printf(page->out,
              "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\"><head><meta "
              "charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
              "<title>%s: report</title>\n<style>\n%s</style></head>\n<body><main>\n<h1>%s</h1>\n",
              name, page_style, name);
  text_printf(page->out, "<p>compiled from <code>%s</code> for %s, at most %d threads</p>\n",
              page_escape(page->arena, p->module->file ? p->module->file : "?"), p->machine ? p->machine->name : "?",
              p->max_threads);
  text_printf(page->out,
              "<nav><a href=\"#%s\">%s</a><a href=\"#memory\">memory</a><a href=\"#source\">line by line</a></nav>\n",
              page->host->name, page->host->name);
}

void program_page(Text *out, const Program *p) {
  Page page = {.out = out, .arena = out->arena, .program = p};
  if (!p->hosts.n) return;
  page.host = main_host(p);
  if (p->module->file) file_number(&page, p->module->file);
  page_head(&page);
  page_cards(&page);
  page_host(&page, page.host);
  page_arenas(&page);
  page_states(&page);
  page_source(&page);
  text_puts(out, "<h2>The other functions</h2>\n");
  page_others(&page);
  text_printf(out, "</main><script>\n%s</script></body></html>\n", page_script);
}
