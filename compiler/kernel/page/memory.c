/* memory.c: the scratch arena over time as a picture: a rectangle a tensor, from the barrier interval in which it is
 * written first to the one in which it is read last, at the offset where it lies. Time goes to the right, one step a
 * barrier interval; those of a loop's body stand once, and what lives outside of the loop and is used in it lives
 * through all of them. */
#include "page.h"

#include <inttypes.h>

enum { LEFT = 76, TOP = 22, WIDE = 1150, HIGH = 380, BOTTOM = 24, GRID = 4 };

typedef struct Unit { /* what the arena holds: a slot that lies in it for itself */
  const Slot *slot;
  int first, last;
} Unit;

typedef struct Span { /* a loop or branch around the call that is looked at */
  const Stmt *stmt;
  int first, last;
} Span;

typedef struct Lifetimes {
  Arena *arena;
  VEC(Unit) units;
  Intern frames; /* Slot -> anything: it is a frame */
  VEC(Span) around;
  VEC(Span) loops; /* all */
  int now;
} Lifetimes;

static void frames_find(Lifetimes *l, const Block *b) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    if (s->frame) *intern_slot(&l->frames, &s->frame, sizeof s->frame) = s->frame;
    frames_find(l, &s->body);
    frames_find(l, &s->other);
  }
}

static const Slot *unit_slot(Lifetimes *l, const Slot *s) {
  while (s->parent && !*intern_slot(&l->frames, &s->parent, sizeof s->parent)) s = s->parent;
  return s;
}

static Unit *unit_of(Lifetimes *l, const Slot *s) {
  for (int i = 0; i < l->units.n; ++i)
    if (l->units.at[i].slot == s) return &l->units.at[i];
  vec_push(l->arena, l->units, ((Unit){s, l->now, l->now}));
  return &l->units.at[l->units.n - 1];
}

static void unit_extend(Unit *u, int first, int last) {
  if (first < u->first) u->first = first;
  if (last > u->last) u->last = last;
}

static void slot_use(Lifetimes *l, const Slot *arg) {
  const Slot *s = unit_slot(l, arg);
  if (s->home != HOME_scratch) return;
  Unit *u = unit_of(l, s);
  unit_extend(u, l->now, l->now);
  for (int i = l->around.n - 1; i >= 0 && l->around.at[i].stmt != s->within; --i)
    unit_extend(u, l->around.at[i].first, l->around.at[i].last);
}

static int intervals_in(const Block *b) {
  int n = 0;
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    if (s->kind == S_barrier) ++n;
    if (is_compound(s)) n += 2 + intervals_in(&s->body) + intervals_in(&s->other);
  }
  return n;
}

static void block_live(Lifetimes *l, const Block *b);

static void compound_live(Lifetimes *l, const Stmt *s) {
  int first = ++l->now;
  Span span = {s, first, first + intervals_in(&s->body) + intervals_in(&s->other)};
  vec_push(l->arena, l->around, span);
  vec_push(l->arena, l->loops, span);
  for (int i = 0; i < s->args.n; ++i) slot_use(l, s->args.at[i]);
  block_live(l, &s->body);
  block_live(l, &s->other);
  --l->around.n;
  l->now = span.last + 1;
}

static void block_live(Lifetimes *l, const Block *b) {
  for (int i = 0; i < b->n; ++i) {
    const Stmt *s = b->at[i];
    if (s->kind == S_barrier) ++l->now;
    for (int k = 0; s->kind == S_call && k < s->args.n; ++k) slot_use(l, s->args.at[k]);
    if (is_compound(s)) compound_live(l, s);
  }
}

/* ---- the picture ---- */
typedef struct Scale {
  double x, y; /* of an interval, of a byte */
  int64_t bytes;
} Scale;

static double up(const Scale *s, int64_t offset) { return TOP + HIGH - (double)offset * s->y; }

static void grid_draw(Page *page, const Scale *s, const Host *h) {
  for (int i = 0; i <= GRID; ++i) {
    int64_t at = s->bytes * i / GRID;
    text_printf(page->out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, LEFT + WIDE,
                up(s, at), up(s, at));
    text_printf(page->out, "<text class=\"small\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8,
                up(s, at) + 4, bytes_text(page->arena, at));
  }
  text_printf(
      page->out,
      "<line class=\"bound\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"><title>lower bound: %s bytes are alive "
      "at once</title></line>\n",
      LEFT, LEFT + WIDE, up(s, h->lower_bound), up(s, h->lower_bound), grouped(page->arena, h->lower_bound));
}

static void unit_draw(Page *page, const Scale *s, const Unit *u) {
  Arena *a = page->arena;
  const Slot *slot = u->slot;
  double high = (double)slot->bytes * s->y;
  if (high < 1.2) high = 1.2;
  text_printf(page->out,
              "<rect class=\"t\"%s x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"><title>%s %s%s\n%s "
              "at %s, intervals %d to %d\n%s</title></rect>\n",
              page_line(page, slot->loc), LEFT + u->first * s->x, up(s, slot->offset) - high,
              (u->last - u->first + 1) * s->x, high, page_colour(page, slot->loc),
              page_escape(a, slot->name ? slot->name : "?"), dtype_info[slot->dtype].name, shape_text(a, slot->shape),
              bytes_text(a, slot->bytes), grouped(a, slot->offset), u->first, u->last,
              page_escape(a, loc_text(a, slot->loc)));
}

/* Where there is room for it, a tensor's name is written into it. */
static void unit_label(Page *page, const Scale *s, const Unit *u) {
  double high = (double)u->slot->bytes * s->y, wide = (u->last - u->first + 1) * s->x;
  const char *name = u->slot->name ? u->slot->name : "";
  if (high < 15 || wide < 12 + 6.2 * (double)strlen(name)) return;
  text_printf(page->out,
              "<text class=\"small\" style=\"fill:#10151d;pointer-events:none\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
              LEFT + u->first * s->x + 5, up(s, u->slot->offset) - high / 2 + 4, page_escape(page->arena, name));
}

static bool is_frame(Lifetimes *l, const Slot *s) { return *intern_slot(&l->frames, &s, sizeof s) != NULL; }

static void page_loops(Page *page, const Scale *s, const Lifetimes *l) {
  for (int i = 0; i < l->loops.n; ++i) {
    const Span *o = &l->loops.at[i];
    const char *what = o->stmt->kind == S_for  ? arena_printf(page->arena, "%" PRId64 " times", o->stmt->hi->value.i)
                       : o->stmt->kind == S_if ? "branch"
                                               : "while";
    text_printf(page->out,
                "<rect class=\"frame\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/><text class=\"small\" "
                "x=\"%.1f\" y=\"%d\">%s</text>\n",
                LEFT + o->first * s->x, TOP - 4, (o->last - o->first + 1) * s->x, HIGH + 4, LEFT + o->first * s->x + 3,
                TOP - 8, what);
  }
}

void page_memory(Page *page, const Host *h) {
  Arena *a = page->arena;
  Lifetimes l = {.arena = a};
  if (!h->scratch_bytes) return;
  intern_init(&l.frames, a);
  frames_find(&l, &h->body);
  block_live(&l, &h->body);
  Scale s = {(double)WIDE / (l.now + 1), (double)HIGH / (double)h->scratch_bytes, h->scratch_bytes};
  double ratio = h->lower_bound ? (double)h->scratch_bytes / (double)h->lower_bound : 1;
  text_printf(
      page->out,
      "<h3>Scratch over time</h3>\n<p>%s bytes; at least %s are alive at once (dashed; ratio %.4f). A rectangle "
      "is a tensor: its offset, and the %d barrier intervals from left to right in which it lives.</p>\n",
      grouped(a, h->scratch_bytes), grouped(a, h->lower_bound), ratio, l.now + 1);
  text_printf(page->out, "<div class=\"panel\"><svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\">\n",
              LEFT + WIDE + 8, TOP + HIGH + BOTTOM, LEFT + WIDE + 8);
  grid_draw(page, &s, h);
  page_loops(page, &s, &l);
  for (int i = 0; i < l.units.n; ++i)
    if (!is_frame(&l, l.units.at[i].slot)) unit_draw(page, &s, &l.units.at[i]);
  for (int i = 0; i < l.units.n; ++i)
    if (!is_frame(&l, l.units.at[i].slot)) unit_label(page, &s, &l.units.at[i]);
  text_printf(page->out, "<text class=\"small\" x=\"%d\" y=\"%d\">time: one step a barrier</text></svg></div>\n", LEFT,
              TOP + HIGH + 18);
}
