// From the lines of a text to the statistics of a measure, and to its score.
#include "core/error.h"
#include "core/memory.h"
#include "score/score.h"

void dm_measure_look(Measure *measure, const Comparison *comparison)
{
    if (measure->look) measure->look(measure, comparison);
}

void dm_measure_forget(Measure *measure)
{
    if (measure->forget) measure->forget(measure);
}

double *dm_statistics(const Measure *measure, const Comparison *comparison)
{
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
    const Comparison comparison = {hypotheses, &references, count, 1};
    dm_measure_look(&measure, &comparison);
    double *statistics = dm_statistics(&measure, &comparison), *sums = dm_allocate((size_t)measure.width, sizeof *sums);
    dm_add_up(&measure, statistics, count, sums);
    const double score = measure.score(&measure, sums);
    dm_free(statistics);
    dm_free(sums);
    dm_measure_forget(&measure);
    return score;
}
