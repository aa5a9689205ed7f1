// What the experts of a model have to do in an update: counted over its shards in integers, which add up to the same in
// any order, shown in the log, and what --balance bias evens out.
#pragma once
#include <stdatomic.h>

#include "model/layers/experts.h"
#include "model/model.h"
#include "ranks/exchange.h"

typedef struct ExpertLoads {
    int routers, experts;    // of each; no routers: a model without experts
    atomic_llong *chosen;    // [routers][experts] how often each was chosen
    atomic_llong *tokens;    // [routers] that chose
    atomic_llong *entropies;  // [routers] the sum of theirs, in 2^-20 nats
} ExpertLoads;

void dm_expert_loads_create(ExpertLoads *loads, const Model *model);
void dm_expert_loads_free(ExpertLoads *loads);
void dm_expert_loads_clear(ExpertLoads *loads);                    // before an update
void dm_expert_loads_add(ExpertLoads *loads, const RouteTap *tap);  // of a shard, from any thread

// What the shards of all ranks have added.
void dm_expert_loads_gather(ExpertLoads *loads, Exchange *exchange);

// After an update: the share of its choices that an expert had, and the mean entropy of what its tokens chose by.
double dm_expert_load(const ExpertLoads *loads, int router, int expert);
double dm_router_entropy(const ExpertLoads *loads, int router);

// Wang et al. 2024, "Auxiliary-loss-free load balancing", algorithm 1:  bias_i += rate * sign(mean load - load_i)
void dm_expert_loads_even_out(const ExpertLoads *loads, Parameters *parameters, double rate);
