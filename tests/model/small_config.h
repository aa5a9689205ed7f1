// The configuration of a small Transformer, for all tests that make a model. Ids are those of our own folders: </s> 0,
// <unk> 1, ..., pad last.
#pragma once
#include "model/transformer.h"

// What a shape says by name: named("activation_function", "swish").
static inline int named(const char *key, const char *name)
{
    return dm_shape_index(dm_shape_row(&dm_transformer, key), name);
}

// Both sides of this many layers and heads; all else is what is usual, or the test says it.
static inline ModelConfig small_transformer(int vocabulary, int width, int layers, int heads)
{
    ModelConfig config = {.architecture = &dm_transformer,
                          .source_vocabulary = vocabulary,
                          .target_vocabulary = vocabulary,
                          .shared_embeddings = true,
                          .tied_output = true,
                          .pad = vocabulary - 1,
                          .eos = 0,
                          .decoder_start = vocabulary - 1};
    dm_shape_take_usual(&config);
    TransformerShape *shape = dm_transformer_shape(&config);
    config.width = width;
    shape->encoder_layers = shape->decoder_layers = layers;
    shape->encoder_heads = shape->decoder_heads = heads;
    shape->encoder_ffn = shape->decoder_ffn = 2 * width;
    return config;
}
