// Threads: one parallel region; every thread in it tells the GEMM libraries to stay on its own core.
#include "core/threads.h"

#include <locale.h>
#include <omp.h>

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
    const locale_t callers = uselocale((locale_t)0);
    char begin, end;
    HAPPENS_BEFORE(&begin);
#pragma omp parallel num_threads(threads)
    {
        HAPPENS_AFTER(&begin);
        const locale_t own = uselocale(callers);
        // A team of one is not "in parallel" for OpenMP, and a library would then start threads of its own.
        // The setting belongs to this implicit task and is gone after the region.
        omp_set_num_threads(1);
        int thread = omp_get_thread_num();
#pragma omp for schedule(monotonic : dynamic, 1)  // a job may wait for those before it: they must have begun
        for (int i = 0; i < count; i++) job(context, i, thread);
        uselocale(own);
        HAPPENS_BEFORE(&end);
    }
    HAPPENS_AFTER(&end);
}

int dm_processors(void)
{
    return omp_get_num_procs();
}
