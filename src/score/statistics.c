// From the lines of a text to the statistics of a measure, and to its score.
#include <assert.h>

#include "core/error.h"
#include "core/memory.h"
#include "score/score.h"

double *dm_statistics(const Measure *measure, const Comparison *comparison)
{
    assert(measure->width <= DM_MOST_STATISTICS);
    double *statistics = dm_allocate(comparison->count, (size_t)measure->width * sizeof *statistics);
    for (size_t i = 0; i < comparison->count; i++)
        measure->count(measure, comparison, i, statistics + i * (size_t)measure->width);
    return statistics;
}

void dm_add_up(const Measure *measure, const double *statistics, size_t count, double *sums)
{
    for (int k = 0; k < measure->width; k++) sums[k] = 0;
    for (size_t i = 0; i < count; i++, statistics += measure->width)
        for (int k = 0; k < measure->width; k++) sums[k] += statistics[k];
}

double dm_score_of(Measure measure, const char *const *hypotheses, const char *const *references, size_t count)
{
    double *statistics = dm_statistics(&measure, &(Comparison){hypotheses, &references, count, 1});
    double sums[DM_MOST_STATISTICS];
    dm_add_up(&measure, statistics, count, sums);
    dm_free(statistics);
    return measure.score(&measure, sums);
}
