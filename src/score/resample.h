// How much of a score is chance: bootstrap resampling (Efron 1979; Koehn 2004) and approximate randomization (Noreen
// 1989; Riezler and Maxwell 2005), as sacreBLEU does them. The random numbers are ours (core/random.h): figures agree
// with sacreBLEU's within what the draw leaves open, and to the last bit with those of the same seed here.
#pragma once
#include <stdint.h>

#include "score/score.h"

// One system's text by one measure.
typedef struct Sample {
    const Measure *measure;
    double *statistics;  // [lines][measure->width]
    double *scores;      // of resamples, [trials]; NULL: there are none. The owner frees both
} Sample;

// Scores `trials` resamples, each of as many lines as there are, drawn with replacement. The same lines are drawn for
// all samples, so that their scores can be compared trial by trial.
void dm_bootstrap(Sample *samples, int count, size_t lines, int trials, uint64_t seed);
// The mean of the resamples' scores, and half the distance of their 2.5% and 97.5% quantiles. Sorts them.
void dm_interval(Sample *sample, int trials, double *mean, double *half);

// p-values: how probable a difference in score as large as the one that was measured would be if chance alone made it.
//   p = (1 + number of trials that reach the difference) / (1 + trials)
// In a trial of the bootstrap, what has to reach it is |s - b| less its mean over all trials, with the scores s and b
// of system and baseline on the same lines. In a trial of the randomization, it is the difference of two texts that got
// from each line one system's translation and the other's, as a coin fell. A trial that just reaches the difference
// counts, so that p is 1 for two equal texts (sacreBLEU leaves it out, and has the least p possible for them).
double dm_bootstrap_p(const Sample *baseline, const Sample *system, int trials, double difference);
double dm_randomization_p(const Sample *baseline, const Sample *system, size_t lines, int trials, uint64_t seed,
                          double difference);
