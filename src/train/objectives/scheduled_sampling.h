// The settings of scheduled sampling (scheduled_sampling.c), as options say them.
#pragma once
#include "core/error.h"
#include "options/options.h"

typedef enum SampledFrom { DM_SAMPLED_BEST, DM_SAMPLED_DRAWN, DM_SAMPLED_MIXED } SampledFrom;

typedef struct ScheduledSampling {
    int decay;  // of dm_sampling_decay_choice
    double constants[3];
    SampledFrom from;
    int passes;  // 0: piece by piece
} ScheduledSampling;

Choice dm_sampling_decay_choice(int index);
Choice dm_sampled_from_choice(int index);
// How probable it is that a piece that is read is the reference's, at this update, from 1.
double dm_sampling_share(const ScheduledSampling *sampling, double update);
// The constants that nobody has given are filled in, so that the record of a run has them. DM_USAGE where options do not
// go together.
Status dm_sampling_of_options(ScheduledSampling *sampling, dm_options *options, Error *error);
