// Small random models for the tests of decoding, built in memory.
#pragma once
#include "backend.h"

#include <math.h>

#include "core/random.h"
#include "model/small_config.h"
#include "search/search.h"

typedef struct Shape {
    uint64_t seed;
    int vocabulary, width, heads, layers;
    float eos_bias;  // how much the end of a sentence is favoured
    float scale;     // of the weights, to those of a fresh model; more than 1 makes peaked distributions
} Shape;

static inline Model *small_model(const Shape *shape)
{
    const ModelConfig config = small_transformer(shape->vocabulary, shape->width, shape->layers, shape->heads);
    Model *model = dm_model_create(&config);
    Parameters *p = &model->parameters;
    dm_model_initialise(model, shape->seed);
    for (size_t i = 0; i < p->trained_size; i++) p->data[i] *= shape->scale;
    model->output.bias.data[config.eos] = shape->eos_bias;
    return model;
}

static inline Graph graph_for(Arena *arena, const Model *model)
{
    return (Graph){.arena = arena, .gemm = chosen_backend(), .parameters = model->parameters.data};
}

// n sequences of 1 to longest ids, end of sentence behind them; pad is not among them.
static inline Tokens random_sources(Arena *arena, const Model *model, int n, int longest, uint64_t seed)
{
    Random random = dm_random(seed, 1, 2, 3);
    int *lengths = dm_arena_take(arena, (size_t)n * sizeof(int));
    int *ids = dm_arena_take(arena, (size_t)(n * (longest + 1)) * sizeof(int)), *at = ids;
    for (int i = 0; i < n; i++) {
        lengths[i] = i == 0 ? 1 : 2 + (int)dm_random_below(&random, (uint32_t)longest);  // one is end of sentence alone
        for (int j = 0; j + 1 < lengths[i]; j++)
            *at++ = 1 + (int)dm_random_below(&random, (uint32_t)(model->config.source_vocabulary - 2));
        *at++ = model->config.eos;
    }
    return dm_tokens(arena, n, lengths, ids);
}

#define BEAM(size, exponent, factor, most)                                                                             \
    .beam_size = size, .normalize = exponent, .max_length_factor = factor, .max_length = most

static inline bool same_ids(const Hypothesis *h, const int *ids, int count)
{
    return h->count == count && (!count || memcmp(h->ids, ids, (size_t)count * sizeof(int)) == 0);
}
