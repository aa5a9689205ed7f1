// The heart of an update: threads take shards, run them forward and backward, and add the gradients to lanes.
#pragma once
#include <stdatomic.h>

#include "core/stop.h"

#include "train/blotting.h"
#include "train/expert_loads.h"
#include "train/objectives/objective.h"
#include "train/optimizer.h"

// What stays the same from update to update.
typedef struct Workers {
    const Model *model;
    const ExampleKind *examples;  // to train on; NULL: those that the model is for, which are always evaluated
    const Objective *objective;
    const ChosenTerms *terms;
    ScheduledSampling sampling;
    RiskSettings risk;
    int unknown;  // piece of the target; -1: there is none
    const GemmBackend *gemm;
    int threads;
    float dropout, inner_dropout, attention_dropout, layer_drop, smoothing;
    Blotting blotting;
    uint64_t seed;
    const Bf16 *rounded;  // the optimizer's, for products in bf16; NULL: in float32
    Profile *profiles;    // [threads] what each spends its time on; NULL: nobody asks
    Exchange *exchange;   // with the ranks that run the shards of other lanes; NULL: alone
    Stop *stop;           // ends an evaluation, whose loss says nothing then; NULL: nobody will want to
    // made by dm_workers_create
    Arena *arenas;      // [threads]
    atomic_int *turns;  // [lanes] how many shards are done with the lane
    Loss *losses;       // [loss_room] of the shards
    Loss *dealt;        // [loss_room] the same, rank by rank
    int loss_room;
    ExpertLoads loads;  // of the last update
} Workers;

void dm_workers_create(Workers *workers, int lanes);
void dm_workers_free(Workers *workers);

// The shards first ... last-1 of a plan.
typedef struct ShardRange {
    const Corpus *corpus;
    const Plan *plan;
    int first, last;
} ShardRange;

// Shard i adds its gradients to lane i mod lanes, after shard i - lanes has. Returns the sum of the losses;
// workers->losses holds those of the shards. A rank runs the shards of its lanes.
Loss dm_shards_train(Workers *workers, const ShardRange *range, long update, const Optimizer *optimizer);
// One shard of an update once more, alone, to see what went wrong in it. With gradients (as large as a lane): forward
// and backward into them, *bad untouched. Without (NULL): forward alone, and *bad says which result is not finite.
void dm_shard_again(Workers *workers, const ShardRange *range, long update, int index, float *gradients,
                    BadResult *bad);
// Without dropout, smoothing or gradients. Ranks have every so-manieth shard.
Loss dm_shards_evaluate(Workers *workers, const ShardRange *range);
