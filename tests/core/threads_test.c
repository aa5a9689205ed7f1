// Threads: every job is run once, whatever the number of threads, and may wait for earlier ones.
#include "test.h"

#include <omp.h>
#include <stdatomic.h>

#include "core/threads.h"

enum { JOBS = 1000 };

typedef struct Tally {
    atomic_int runs[JOBS], done;
    atomic_int wrong_thread, wide_teams;
    int threads;
} Tally;

static void count(void *context, int index, int thread)
{
    Tally *tally = context;
    atomic_fetch_add(&tally->runs[index], 1);
    if (thread < 0 || thread >= tally->threads) atomic_fetch_add(&tally->wrong_thread, 1);
    if (omp_get_max_threads() != 1) atomic_fetch_add(&tally->wide_teams, 1);
}

static void every_index_runs_once(void)
{
    static const int counts[] = {0, 1, 2, 7, JOBS};
    for (int threads = 1; threads <= 3; threads++) {
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            static Tally tally;
            memset(&tally, 0, sizeof tally);
            tally.threads = threads;
            dm_parallel(threads, counts[c], count, &tally);
            int wrong = 0;
            for (int i = 0; i < JOBS; i++) wrong += atomic_load(&tally.runs[i]) != (i < counts[c]);
            CU_ASSERT_EQUAL(wrong, 0);
            CU_ASSERT_EQUAL(atomic_load(&tally.wrong_thread), 0);
        }
    }
}

static void inside_a_job_all_is_single_threaded_and_outside_nothing_changes(void)
{
    int before = omp_get_max_threads();
    for (int threads = 1; threads <= 3; threads++) {
        static Tally tally;
        memset(&tally, 0, sizeof tally);
        tally.threads = threads;
        dm_parallel(threads, JOBS, count, &tally);
        CU_ASSERT_EQUAL(atomic_load(&tally.wide_teams), 0);
        CU_ASSERT_EQUAL(omp_get_max_threads(), before);
    }
}

static void in_turn(void *context, int index, int thread)
{
    Tally *tally = context;
    (void)thread;
    while (atomic_load(&tally->done) != index) {  // of all lower jobs, none may wait for this one
    }
    atomic_store(&tally->done, index + 1);
}

static void a_job_may_wait_for_those_of_lower_index(void)
{
    for (int threads = 1; threads <= 3; threads++) {
        static Tally tally;
        memset(&tally, 0, sizeof tally);
        dm_parallel(threads, 100, in_turn, &tally);
        CU_ASSERT_EQUAL(atomic_load(&tally.done), 100);
    }
}

static void there_is_a_processor(void)
{
    CU_ASSERT(dm_processors() >= 1);
}

const Fact facts[] = {
    FACT(every_index_runs_once),
    FACT(inside_a_job_all_is_single_threaded_and_outside_nothing_changes),
    FACT(a_job_may_wait_for_those_of_lower_index),
    FACT(there_is_a_processor),
    {NULL, NULL},
};
