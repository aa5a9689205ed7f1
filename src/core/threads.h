// Threads: the one place that knows OpenMP. Work is a numbered list of jobs (shards, batches of sentences);
// inside a job everything is single-threaded, the GEMM libraries included.
#pragma once

typedef void Job(void *context, int index, int thread);  // thread: 0 ... threads-1, for per-thread memory

// Runs job(context, i, thread) for i in 0 ... count-1, in the caller's locale (locale.h); threads take the next index as
// they become free, so a job may wait for jobs of lower index and for no others. Returns when all are done.
void dm_parallel(int threads, int count, Job *job, void *context);

int dm_processors(void);  // how many this process may use
