// Threads: the one place that knows OpenMP. Work is a numbered list of jobs (shards, batches of sentences);
// inside a job everything is single-threaded, the GEMM libraries included.
#pragma once

typedef void Job(void *context, int index, int thread);  // thread: 0 ... threads-1, for per-thread memory

// Runs job(context, i, thread) for i in 0 ... count-1; threads take the next index as they become free, so a job
// may wait for jobs of lower index and for no others. Returns when all are done. Where one of them finds no memory, or
// gives up (core/scope.h), those that have not begun are left out, and the caller's scope is left for the same reason.
void dm_parallel(int threads, int count, Job *job, void *context);

// What a job calls again and again while it waits for another: lets others work, and does not return once one has
// failed, for it may be the one that is waited for.
void dm_wait_for_others(void);

int dm_processors(void);  // how many this process may use
