/* host.h: what the files of the hosted runtime share. One nnrt_run holds all of a running program: there are no globals
 * but what signal handlers write.
 *
 * Flow: driver.c (nnrt_main) reads the flags (flags.c), opens the sources (source.c over reader.c over a format over
 * file.c), allocates the arenas, starts the pool (pool.c) and the prefetch thread (prefetch.c), and runs the phases
 * (schedule.c), which call entries (entry.c), tell what happens (show.c: log.c, events.c, plot.c, progress.c), and let
 * checkpoints be written (checkpoint.c), from which a run goes on (resume.c).
 *
 * Its parts, in an order in which each needs only those before it: common.h (errors, texts, dtypes, threads, files),
 * data.h (from files to the batch of a call), weights.h (states in files), show.h (who is told what happens), run.h
 * (the run, and what is done to it).
 *
 * Errors: a function that can fail returns a status and leaves one message in the nnrt_error that it was given;
 * NNRT_TRY hands it on. Nothing exits; nnrt_main prints the message, show.c one after which the run goes on. Everything
 * is allocated before the first step; between the first and the last step nothing calls malloc. */
#ifndef NNRT_HOST_H
#define NNRT_HOST_H

#include "common.h"
#include "data.h"
#include "run.h"
#include "show.h"
#include "weights.h"
#endif
