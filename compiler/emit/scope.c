/* scope.c: names of variables by C's scopes. In the IR names are unique within a kernel: a second k is k_2. C has
 * scopes, so that k_2 may be printed as k again where no other k is visible: the two branches of an if then look alike.
 *
 * Invariants: no name hides another one (-Wshadow); a name that was not made from another one of the kernel stays. */
#include "print.h"

#include <ctype.h>

static void collect(void *context, Stmt *s, int depth) {
  (void)depth;
  Map *all = context;
  const char *name = s->var ? s->var->name : s->local_buffer ? s->local_buffer->name : NULL;
  if (name) map_put(all, name, (void *)name);
}

void scope_init(Scope *scope, Arena *arena, const Kernel *k, const Map *globals) {
  *scope = (Scope){.arena = arena, .globals = globals};
  map_init(&scope->all, arena);
  for (int i = 0; i < k->params.n; ++i) map_put(&scope->all, k->params.at[i]->name, k->params.at[i]);
  for (int i = 0; i < k->scalars.n; ++i) map_put(&scope->all, k->scalars.at[i]->name, k->scalars.at[i]);
  block_walk(&k->body, 0, collect, &scope->all);
}

static bool is_visible(const Scope *scope, const char *name) {
  if (map_get(scope->globals, name)) return true;
  for (int i = 0; i < scope->open.n; ++i)
    if (!strcmp(scope->open.at[i].name, name)) return true;
  return false;
}

/* "k" of "k_2", if the kernel has a k too; else name itself. */
static const char *stem_of(const Scope *scope, const char *name) {
  const char *tail = strrchr(name, '_');
  if (!tail || tail == name || !isdigit((unsigned char)tail[1]) || tail[1 + strspn(tail + 1, "0123456789")])
    return name;
  const char *stem = arena_strndup(scope->arena, name, (size_t)(tail - name));
  return map_get(&scope->all, stem) ? stem_of(scope, stem) : name;
}

const char *scope_declare(Scope *scope, const void *object, const char *name, bool exact) {
  const char *stem = identifier_of(scope->arena, exact ? name : stem_of(scope, name)), *chosen = stem;
  for (int i = 2; is_visible(scope, chosen); ++i) chosen = arena_printf(scope->arena, "%s_%d", stem, i);
  vec_push(scope->arena, scope->open, ((struct ScopeEntry){object, chosen}));
  return chosen;
}

const char *scope_name(const Scope *scope, const void *object) {
  for (int i = scope->open.n - 1; i >= 0; --i)
    if (scope->open.at[i].object == object) return scope->open.at[i].name;
  bug("emit: a variable is used outside of its scope");
}
