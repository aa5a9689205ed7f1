// Divergence: when a run has left the world of numbers, and what to say of it.
#pragma once
#include "train/run.h"

// Does it leave a perplexity that is a number? (An even guess among a million pieces costs 14 nats; 700 are a ruin.)
bool dm_is_cost(const Loss *loss);
// An update whose cost is none, or whose gradient is not finite: fails with the place where it began (op, shape,
// parameter, shard, lines of the text) and with advice. It runs the shards again, so nothing may have changed since.
Status dm_run_diverged(Run *run, long update, const ShardRange *range, Error *error);
// Fails if a step has made weights that are not finite: they are not to be saved.
Status dm_run_check_weights(const Run *run, Error *error);
