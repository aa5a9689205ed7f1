// Small random models for the tests of decoding, built in memory.
#pragma once
#include "backend.h"

#include <math.h>

#include "core/random.h"
#include "search/search.h"
#include "model/model.h"

typedef struct Shape {
    uint64_t seed;
    int vocabulary, width, heads, layers;
    float eos_bias;  // how much the end of a sentence is favoured
    float scale;     // of the weights, to those of a fresh model; more than 1 makes peaked distributions
} Shape;

// Ids as in our own folders: </s> 0, <unk> 1, ..., pad last.
static inline Model *small_model(const Shape *shape)
{
    ModelConfig config = {.architecture = "transformer",
                          .source_vocabulary = shape->vocabulary,
                          .target_vocabulary = shape->vocabulary,
                          .shared_embeddings = true,
                          .tied_output = true,
                          .width = shape->width,
                          .encoder_layers = shape->layers,
                          .decoder_layers = shape->layers,
                          .encoder_heads = shape->heads,
                          .decoder_heads = shape->heads,
                          .encoder_ffn = 2 * shape->width,
                          .decoder_ffn = 2 * shape->width,
                          .activation = DM_RELU,
                          .activation_name = "relu",
                          .scale_embedding = true,
                          .pad = shape->vocabulary - 1,
                          .eos = 0,
                          .decoder_start = shape->vocabulary - 1};
    Model *model = dm_model_create(&config);
    Parameters *p = &model->parameters;
    dm_parameters_initialise(p, shape->seed);
    for (size_t i = 0; i < p->trained_size; i++) p->data[i] *= shape->scale;
    float *bias = dm_parameter(p, "final_logits_bias")->tensor.data;
    bias[config.eos] = shape->eos_bias;
    bias[config.pad] = -10000;
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
