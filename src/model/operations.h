// What a model multiplies, of any architecture: one of its configuration runs on a backend that writes down products
// and makes none (tensor/products/counting.h). Its weights are zeros that take no memory.
#pragma once
#include "model/model.h"
#include "tensor/products/counting.h"

typedef struct CountedModel {
    Model *model;
    float *weights, *gradients;
    size_t bytes;  // of both
    Arena arena;
} CountedModel;

Status dm_counted_create(CountedModel *counted, const ModelConfig *config, Error *error);
void dm_counted_free(CountedModel *counted);

// So many pieces in so many sentences, whose lengths differ by one at most.
typedef struct CountedText {
    int sentences, pieces;
} CountedText;

// Adding to the list: the encoder, and what a search makes of its result before the first piece.
void dm_count_reading(CountedModel *counted, CountedText source, CountedList *to);
// So many steps of a search, one piece each, of `beam` hypotheses of every sentence.
void dm_count_writing(CountedModel *counted, CountedText source, int beam, int steps, CountedList *to);
// A training shard: forward, loss and backward. As many sentences of the target as of the source. The result is how many
// ops the longest chain has that wait for one another on the way to the features (Graph, `chain`).
int dm_count_training(CountedModel *counted, CountedText source, CountedText target, CountedList *to);
// The encoder alone, and the way back through it; the result is its longest chain.
int dm_count_encoding(CountedModel *counted, CountedText source, CountedList *forward, CountedList *backward);
