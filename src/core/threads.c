// Threads: one parallel region; every thread in it tells the GEMM libraries to stay on its own core.
#include "core/threads.h"

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/scope.h"

typedef struct Region {
    Job *job;
    void *context;
    Scope *caller;
    atomic_bool failing;  // a job has failed; the first of them writes why:
    Error error;
} Region;

static _Thread_local Region *working_in;

static void run_job(Region *region, int index, int thread)
{
    if (atomic_load_explicit(&region->failing, memory_order_relaxed)) return;
    Scope scope;
    Error error;
    dm_scope_begin_job(&scope, region->caller, thread, &error);
    if (setjmp(scope.escape)) {
        if (!atomic_exchange(&region->failing, true)) region->error = error;
    } else {
        region->job(region->context, index, thread);
        dm_scope_end(&scope);
    }
}

void dm_wait_for_others(void)
{
    if (working_in && atomic_load_explicit(&working_in->failing, memory_order_relaxed))
        dm_give_up("another job of the region has failed");
    sched_yield();
}

// The thread sanitizer sees nothing of how OpenMP's threads wait for one another, so it is told: what comes before a
// region is seen in it, and what is done in it, behind it.
#ifdef DM_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#define HAPPENS_BEFORE(what) __tsan_release(what)
#define HAPPENS_AFTER(what)  __tsan_acquire(what)
#else
#define HAPPENS_BEFORE(what) (void)(what)
#define HAPPENS_AFTER(what)  (void)(what)
#endif

void dm_parallel(int threads, int count, Job *job, void *context)
{
    char begin, end;
    HAPPENS_BEFORE(&begin);
    Region region = {.job = job, .context = context, .caller = dm_scope_here()};
#pragma omp parallel num_threads(threads)
    {
        HAPPENS_AFTER(&begin);
        // A team of one is not "in parallel" for OpenMP, and a library would then start threads of its own.
        // The setting belongs to this implicit task and is gone after the region.
        omp_set_num_threads(1);
        const int thread = omp_get_thread_num();
        Region *outer = working_in;
        working_in = &region;
#pragma omp for schedule(monotonic : dynamic, 1)  // a job may wait for those before it: they must have begun
        for (int i = 0; i < count; i++) run_job(&region, i, thread);
        working_in = outer;
        HAPPENS_BEFORE(&end);
    }
    HAPPENS_AFTER(&end);
    if (atomic_load(&region.failing)) dm_give_up(region.error.message);
}

int dm_processors(void)
{
    return omp_get_num_procs();
}
