/* report.h: what the two reports, text (report.c) and page (page/), share: costs of calls, and numbers as text. */
#ifndef NNC_REPORT_H
#define NNC_REPORT_H

#include "pass/plan.h"

/* Of a block, loops counted by their turns; how many calls and barriers stand in it is added. */
Costs block_costs(Arena *arena, const Block *b, int *calls, int *barriers);

const char *bytes_text(Arena *arena, int64_t n); /* "1.50 MiB" */
const char *count_text(Arena *arena, int64_t n); /* "2.10 G" */
const char *grouped(Arena *arena, int64_t n);    /* "1,234,567" */
#endif
