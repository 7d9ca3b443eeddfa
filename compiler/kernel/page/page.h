/* page.h: private to kernel/page/: the report as one page (nnc --report=FILE.html). page.c makes the page and its
 * tables, memory.c the arena over time, graph.c the model's layers. The page is XHTML that browsers read as HTML: all
 * tags are closed, and nothing is loaded from elsewhere. */
#ifndef NNC_PAGE_H
#define NNC_PAGE_H

#include "../report.h"

typedef struct Page {
  Text *out;
  Arena *arena;
  const Program *program;
  const Host *host; /* that the page is about first: a step of training */
  VEC(const char *) files;
} Page;

const char *page_escape(Arena *arena, const char *text); /* for text and for attributes */
/* " data-l="0:12"", which the script lights together, or "" for what no line of the model made. */
const char *page_line(Page *page, Loc loc);
const char *page_colour(Page *page, Loc loc); /* each line has its own */

void page_memory(Page *page, const Host *host);
void page_graph(Page *page, const Host *host);
#endif
