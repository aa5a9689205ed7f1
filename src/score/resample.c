// Resampling over the statistics of lines: each trial is a sum and a score.
#include "score/resample.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/random.h"

enum { LINES_DRAWN, COINS };  // streams of random numbers; the trial numbers the streams within

static void add(double *sums, const double *statistics, int width)
{
    for (int k = 0; k < width; k++) sums[k] += statistics[k];
}

// sums: [width], for use inside
static double score_of_lines(const Sample *sample, const size_t *line, size_t lines, double *sums)
{
    const Measure *measure = sample->measure;
    memset(sums, 0, (size_t)measure->width * sizeof *sums);
    for (size_t i = 0; i < lines; i++) add(sums, sample->statistics + line[i] * (size_t)measure->width, measure->width);
    return measure->score(measure, sums);
}

// For the widest of them.
static double *sums_of(const Sample *samples, int count)
{
    int width = 0;
    for (int k = 0; k < count; k++) width = samples[k].measure->width > width ? samples[k].measure->width : width;
    return dm_allocate((size_t)width, sizeof(double));
}

void dm_bootstrap(Sample *samples, int count, size_t lines, int trials, uint64_t seed)
{
    for (int k = 0; k < count; k++) samples[k].scores = dm_allocate((size_t)trials, sizeof(double));
    size_t *drawn = dm_allocate(lines, sizeof *drawn);
    double *sums = sums_of(samples, count);
    for (int t = 0; t < trials; t++) {
        Random random = dm_random(seed, (uint32_t)t, LINES_DRAWN, 0);
        for (size_t i = 0; i < lines; i++) drawn[i] = dm_random_below(&random, lines);
        for (int k = 0; k < count; k++) samples[k].scores[t] = score_of_lines(&samples[k], drawn, lines, sums);
    }
    dm_free(drawn);
    dm_free(sums);
}

static double mean_of(const double *numbers, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++) sum += numbers[i];
    return sum / count;
}

static int ascending(const void *first, const void *second)
{
    double a = *(const double *)first, b = *(const double *)second;
    return (a > b) - (a < b);
}

void dm_interval(Sample *sample, int trials, double *mean, double *half)
{
    double *scores = sample->scores;
    qsort(scores, (size_t)trials, sizeof *scores, ascending);
    int tail = trials / 40;
    *mean = mean_of(scores, trials);
    *half = (scores[trials - 1 - tail] - scores[tail]) / 2;
}

static double p_value(int reached, int trials)
{
    return (reached + 1.0) / (trials + 1.0);
}

double dm_bootstrap_p(const Sample *baseline, const Sample *system, int trials, double difference)
{
    double *differences = dm_allocate((size_t)trials, sizeof *differences);
    for (int t = 0; t < trials; t++) differences[t] = fabs(system->scores[t] - baseline->scores[t]);
    double mean = mean_of(differences, trials);
    int reached = 0;
    for (int t = 0; t < trials; t++) reached += differences[t] - mean >= difference;
    dm_free(differences);
    return p_value(reached, trials);
}

// The difference in score of two texts that have each line of one of the systems, as the coins fall. here, there:
// [width], for use inside
static double difference_of_mixed(const Sample *one, const Sample *other, size_t lines, Random coins, double *here,
                                  double *there)
{
    const Measure *measure = one->measure;
    memset(here, 0, (size_t)measure->width * sizeof *here);
    memset(there, 0, (size_t)measure->width * sizeof *there);
    uint32_t coin = 0;
    for (size_t i = 0; i < lines; i++, coin >>= 1) {
        if (i % 32 == 0) coin = dm_random_next(&coins);
        size_t at = i * (size_t)measure->width;
        add(coin & 1 ? here : there, one->statistics + at, measure->width);
        add(coin & 1 ? there : here, other->statistics + at, measure->width);
    }
    return fabs(measure->score(measure, here) - measure->score(measure, there));
}

double dm_randomization_p(const Sample *baseline, const Sample *system, size_t lines, int trials, uint64_t seed,
                          double difference)
{
    assert(baseline->measure == system->measure);
    int reached = 0;
    double *here = sums_of(baseline, 1), *there = sums_of(baseline, 1);
    for (int t = 0; t < trials; t++) {
        Random coins = dm_random(seed, (uint32_t)t, COINS, 0);
        reached += difference_of_mixed(baseline, system, lines, coins, here, there) >= difference;
    }
    dm_free(here);
    dm_free(there);
    return p_value(reached, trials);
}
