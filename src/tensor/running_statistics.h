// Statistics: parameters that follow the mean of what shards see, such as the running mean and variance of batch norm.
// A lane (train/lanes.h) holds the gradients of the trained ones and, behind them, for every number of a statistic the
// sum over the rows that saw it, and behind all of these for every number how many rows that were. Shards add to a lane
// in their turns, lanes are added by their numbers: the bytes depend on no thread.
#pragma once
#include "tensor/graph.h"
#include "tensor/parameters.h"

// What an update has seen is so much of the running value: momentum of PyTorch's norms.
#define DM_STATISTIC_SHARE 0.1f

size_t dm_lane_size(const Parameters *parameters);  // in floats

// On the way back: the shard has seen so many rows, whose mean is `mean` [its size].
void dm_statistic_add(Graph *g, const Tensor *statistic, const float *mean, int rows);
// After an update, with what stands behind the gradients in the sum of the lanes: running = (1 - share) running + share
// sum / rows. What no row has seen stays as it is. Zeros are left there.
void dm_statistics_follow(const Parameters *parameters, float *sums);
