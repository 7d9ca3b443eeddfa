/* memory.c: arenas, vectors, the string map and the interning table.
 *
 * An arena is a list of blocks that grow by doubling; nothing in it is freed before the arena. That is what makes
 * errors that jump out of deep recursion (diag.c) leak-free. Order of insertion is kept wherever something can be
 * walked, so that the same source gives the same output. */
#define _DEFAULT_SOURCE /* madvise */
#include "base.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { BLOCK_LEAST = 1 << 16, BLOCK_MOST = 1 << 24, BLOCK_APART = 1 << 20, HUGE_PAGE = 1 << 21 };

typedef struct ArenaBlock {
  struct ArenaBlock *next;
  size_t used, size;
  max_align_t data[];
} ArenaBlock;

struct Arena {
  ArenaBlock *blocks;
  Arena *parts, *next; /* freed with it; the next part of the arena that this one is a part of */
};

static void *system_alloc(size_t bytes) {
  void *p = calloc(1, bytes);
  if (!p) {
    fputs("nnc: out of memory\n", stderr);
    exit(1);
  }
  return p;
}

void memory_settle(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, BLOCK_APART); /* else blocks come back used, and calloc has to clear them */
#endif
}

/* A large block in large pages, where the system has them: a program of many kernels is hundreds of MB of graph and
 * text, and a third of the time would go by on the first touch of each small page. */
static void ask_huge_pages(void *block, size_t bytes) {
#ifdef MADV_HUGEPAGE
  uintptr_t from = ((uintptr_t)block + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
  uintptr_t to = ((uintptr_t)block + bytes) & ~(uintptr_t)(HUGE_PAGE - 1);
  if (from < to) (void)madvise((void *)from, to - from, MADV_HUGEPAGE); /* refused: small pages do as well */
#else
  (void)block, (void)bytes;
#endif
}

Arena *arena_new(void) { return system_alloc(sizeof(Arena)); }

Arena *arena_part(Arena *of) {
  Arena *part = arena_new();
  part->next = of->parts;
  return of->parts = part;
}

void arena_clear(Arena *arena) {
  for (ArenaBlock *b = arena->blocks, *next; b; b = next) {
    next = b->next;
    free(b);
  }
  for (Arena *part = arena->parts, *next; part; part = next) {
    next = part->next;
    arena_free(part);
  }
  arena->blocks = NULL;
  arena->parts = NULL;
}

void arena_free(Arena *arena) {
  arena_clear(arena);
  free(arena);
}

void *arena_alloc(Arena *arena, size_t bytes) {
  size_t need = (bytes + 15) & ~(size_t)15;
  ArenaBlock *b = arena->blocks;
  if (!b || b->size - b->used < need) {
    size_t size = !b ? BLOCK_LEAST : b->size < BLOCK_MOST ? 2 * b->size : BLOCK_MOST;
    if (size < need) size = need;
    ArenaBlock *fresh = system_alloc(sizeof *fresh + size);
    if (size >= 2 * HUGE_PAGE) ask_huge_pages(fresh, sizeof *fresh + size);
    fresh->size = size;
    fresh->next = b;
    arena->blocks = b = fresh;
  }
  void *p = (char *)b->data + b->used;
  b->used += need;
  return p;
}

char *arena_strndup(Arena *arena, const char *text, size_t n) {
  char *s = arena_alloc(arena, n + 1);
  memcpy(s, text, n);
  return s;
}

char *arena_strdup(Arena *arena, const char *text) { return arena_strndup(arena, text, strlen(text)); }

char *arena_printf(Arena *arena, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  va_end(args);
  char *s = arena_alloc(arena, (size_t)n + 1);
  vsnprintf(s, (size_t)n + 1, format, again);
  va_end(again);
  return s;
}

void *vec_grow(Arena *arena, void *at, int n, int *cap, size_t size) {
  if (n < *cap) return at;
  int grown = *cap ? 2 * *cap : 8;
  void *p = arena_alloc(arena, (size_t)grown * size);
  if (n) memcpy(p, at, (size_t)n * size);
  *cap = grown;
  return p;
}

uint64_t hash_bytes(const void *bytes, size_t n) {
  const unsigned char *p = bytes;
  uint64_t h = 14695981039346656037u;
  for (size_t i = 0; i < n; ++i) h = (h ^ p[i]) * 1099511628211u;
  return h;
}

/* ---- map: slots in order of insertion, an open-addressed index of slot number + 1 beside them ---- */
void map_init(Map *map, Arena *arena) { *map = (Map){.arena = arena}; }

static int *map_probe(const Map *map, const char *key) {
  uint64_t mask = (uint64_t)map->index_cap - 1;
  for (uint64_t i = hash_bytes(key, strlen(key)) & mask;; i = (i + 1) & mask) {
    int slot = map->index[i];
    if (!slot || !strcmp(map->slots[slot - 1].key, key)) return &map->index[i];
  }
}

void *map_get(const Map *map, const char *key) {
  if (!map->n) return NULL;
  int slot = *map_probe(map, key);
  return slot ? map->slots[slot - 1].value : NULL;
}

static void map_rehash(Map *map) {
  map->index_cap = map->index_cap ? 2 * map->index_cap : 16;
  map->index = NEW_N(map->arena, int, map->index_cap);
  for (int i = 0; i < map->n; ++i) *map_probe(map, map->slots[i].key) = i + 1;
}

void map_put(Map *map, const char *key, void *value) {
  if (2 * (map->n + 1) > map->index_cap) map_rehash(map);
  int *slot = map_probe(map, key);
  if (*slot) {
    map->slots[*slot - 1].value = value;
    return;
  }
  map->slots = vec_grow(map->arena, map->slots, map->n, &map->cap, sizeof *map->slots);
  map->slots[map->n].key = arena_strdup(map->arena, key);
  map->slots[map->n].value = value;
  *slot = ++map->n;
}

/* ---- intern ---- */
/* Keys of nodes with long lists are hundreds of bytes: eight at a time. No value of it leaves the process. */
static uint64_t hash_words(const void *bytes, size_t n) {
  const unsigned char *p = bytes;
  uint64_t h = n, word;
  for (; n; p += sizeof word, n -= n < sizeof word ? n : sizeof word) {
    word = 0;
    memcpy(&word, p, n < sizeof word ? n : sizeof word);
    h = (h ^ word) * 0x9E3779B97F4A7C15u;
    h ^= h >> 29;
  }
  return h;
}

void intern_init(Intern *table, Arena *arena) { *table = (Intern){.arena = arena}; }

static struct InternSlot *intern_probe(const Intern *table, uint64_t hash, const void *key, size_t bytes) {
  size_t mask = table->cap - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    struct InternSlot *s = &table->slots[i];
    if (!s->key || (s->hash == hash && s->bytes == bytes && !memcmp(s->key, key, bytes))) return s;
  }
}

static void intern_rehash(Intern *table) {
  struct InternSlot *old = table->slots;
  size_t old_cap = table->cap;
  table->cap = old_cap ? 2 * old_cap : 64;
  table->slots = NEW_N(table->arena, struct InternSlot, table->cap);
  for (size_t i = 0; i < old_cap; ++i)
    if (old[i].key) *intern_probe(table, old[i].hash, old[i].key, old[i].bytes) = old[i];
}

void **intern_slot(Intern *table, const void *key, size_t bytes) {
  if (2 * (table->n + 1) > table->cap) intern_rehash(table);
  uint64_t hash = hash_words(key, bytes);
  struct InternSlot *s = intern_probe(table, hash, key, bytes);
  if (!s->key) {
    *s = (struct InternSlot){hash, arena_strndup(table->arena, key, bytes), bytes, NULL};
    table->n++;
  }
  return &s->value;
}
