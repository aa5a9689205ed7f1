// What the updates of a round cost each of the ranks that make them.
#pragma once
#include "core/cjson.h"
#include "train/optimizer.h"
#include "train/update.h"

// Sums over updates, in one rank. All are doubles: they are handed over as they lie.
typedef struct Share {
    double computing;       // seconds in which it waited for nobody
    double waiting;         // seconds until all ranks had run their shards
    double exchanging;      // seconds in which gradients and weights passed
    double sent, received;  // bytes
    double shards;
} Share;

// An update: dm_shards_train, which says how many pieces it was of, and dm_optimizer_step.
void dm_share_update(Share *share, Workers *workers, const ShardRange *range, Optimizer *optimizer,
                     Parameters *parameters, Step step);
// A list with an object for each rank, in rank 0; called by all.
cJSON *dm_shares_describe(const Share *own, Exchange *exchange);
