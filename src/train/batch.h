// A shard as the model wants it: sources, target inputs shifted by one, target outputs.
#pragma once
#include "data/corpus.h"
#include "model/model.h"

typedef struct Batch {
    Tokens source;
    Tokens target;       // decoder_start w1 ... wn
    const int *outputs;  // w1 ... wn eos, [target.n]
} Batch;

// The pairs order[0 ... pairs-1] of the corpus, in the arena.
Batch dm_batch_make(Arena *arena, const Corpus *corpus, const int *order, int pairs, int decoder_start);
