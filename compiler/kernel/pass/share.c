/* share.c: equal kernels become one (MIDDLE.md 7.3), so that code does not grow with depth: twelve equal layers print
 * one set of kernels and twelve calls.
 *
 * Key: the kernel's text with its own name, its buffers' and its variables' names replaced by numbers and without the
 * model's lines. Extents and strides are part of the text, so only kernels that are equal in every operation and shape
 * meet. The first one keeps its names and collects the lines of the others. Afterwards every kernel has a name of its
 * own. Runs before pass/memory, which decides about aliases with all calls of a kernel in sight. */
#include "../kernel.h"

#include <stdlib.h>

typedef struct Renaming {
  Arena *arena;
  bool restore;
  int n;
  VEC(const char *) names; /* in walking order */
  VEC(Loc) locs;
  VEC(const char *) texts;
  int names_at, locs_at;
} Renaming;

static void rename_one(Renaming *r, const char **name, char kind) {
  if (r->restore) {
    *name = r->names.at[r->names_at++];
    return;
  }
  vec_push(r->arena, r->names, *name);
  *name = arena_printf(r->arena, "%c%d", kind, r->n++);
}

static void rename_stmt(void *context, Stmt *s, int depth) {
  Renaming *r = context;
  (void)depth;
  bool declares = s->kind == S_for || s->kind == S_let || s->kind == S_var;
  if (declares) rename_one(r, &s->var->name, 'v');
  if (s->kind == S_local) rename_one(r, &s->local_buffer->name, 'l');
  if (s->kind != S_block) return;
  if (r->restore) {
    s->text = r->texts.at[r->locs_at];
    s->loc = r->locs.at[r->locs_at++];
    return;
  }
  vec_push(r->arena, r->locs, s->loc);
  vec_push(r->arena, r->texts, s->text);
  s->loc = (Loc){NULL, 0, NULL};
  s->text = NULL;
}

static void rename_kernel(Renaming *r, Kernel *k) {
  rename_one(r, &k->name, 'k');
  for (int i = 0; i < k->params.n; ++i) rename_one(r, &k->params.at[i]->name, 'b');
  for (int i = 0; i < k->scalars.n; ++i) rename_one(r, &k->scalars.at[i]->name, 's');
  block_walk(&k->body, 0, rename_stmt, r);
}

static const char *kernel_key(Arena *arena, Kernel *k) {
  Renaming r = {.arena = arena};
  Text text;
  const char *comment = k->comment;
  text_init(&text, arena);
  rename_kernel(&r, k);
  k->comment = NULL;
  kernel_print(&text, k);
  k->comment = comment;
  r.restore = true;
  rename_kernel(&r, k);
  return text_str(&text);
}

static void add_lines(Arena *arena, Kernel *to, const Kernel *from) {
  for (int i = 0; i < from->locs.n; ++i) {
    Loc loc = from->locs.at[i];
    bool known = false;
    for (int j = 0; j < to->locs.n; ++j)
      known |= to->locs.at[j].line == loc.line && !strcmp(to->locs.at[j].file, loc.file);
    if (!known) vec_push(arena, to->locs, loc);
  }
}

/* For walking over the calls. */
typedef struct Renamed {
  Arena *arena;
  const Map *chosen;
} Renamed;

static void unique_names(Program *p) {
  Map used;
  map_init(&used, p->arena);
  for (int i = 0; i < p->kernels.n; ++i) {
    Kernel *k = p->kernels.at[i];
    const char *name = k->name;
    for (int copy = 2; map_get(&used, name); ++copy) name = arena_printf(p->arena, "%s_%d", k->name, copy);
    k->name = name;
    map_put(&used, name, k);
  }
}

static void choose_kernel(void *context, Stmt *s, int depth) {
  (void)depth;
  Renamed *r = context;
  if (s->kind == S_call) s->kernel = map_get(r->chosen, arena_printf(r->arena, "%p", (const void *)s->kernel));
}

void pass_share(Program *p) {
  Map first;
  int kept = 0;
  map_init(&first, p->arena);
  Map chosen; /* by address, as text: kernel -> the one that stands for it */
  map_init(&chosen, p->arena);
  for (int i = 0; i < p->kernels.n; ++i) {
    Kernel *k = p->kernels.at[i];
    const char *key = kernel_key(p->arena, k);
    Kernel *equal = map_get(&first, key);
    map_put(&chosen, arena_printf(p->arena, "%p", (void *)k), equal ? equal : k);
    if (equal) {
      add_lines(p->arena, equal, k);
      continue;
    }
    map_put(&first, key, k);
    p->kernels.at[kept++] = k;
  }
  p->kernels.n = kept;
  for (int h = 0; h < p->hosts.n; ++h)
    block_walk(&p->hosts.at[h]->body, 0, choose_kernel, &(Renamed){p->arena, &chosen});
  unique_names(p);
  p->stage = STAGE_share;
}
