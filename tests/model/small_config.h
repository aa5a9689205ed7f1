// Configurations of small models, for all tests that make one. Ids are those of our own folders: </s> 0, <unk> 1, ...,
// pad last.
#pragma once
#include <stdlib.h>
#include <string.h>

#include "model/transformer.h"

// What a shape says by name: named("activation_function", "swish").
static inline int named(const char *key, const char *name)
{
    return dm_shape_index(dm_shape_row(&dm_transformer, key), name);
}

// A value with which a row counts that is with these.
static inline int value_with(const ShapeWith *with)
{
    return (with->low + with->high) / 2;
}

static inline void let_count(ModelConfig *config, const ShapeRow *row)
{
    if (row->with[0].key)
        dm_shape_set(config, dm_shape_row(config->architecture, row->with[0].key), value_with(row->with));
}

// Of any architecture. shape: "d_model 16 norm_place pre", what is not usual.
static inline ModelConfig small_config_of(const Architecture *architecture, int vocabulary, const char *shape)
{
    ModelConfig config = {.architecture = architecture,
                          .source_vocabulary = vocabulary,
                          .target_vocabulary = vocabulary,
                          .shared_embeddings = true,
                          .tied_output = true,
                          .pad = vocabulary - 1,
                          .eos = 0,
                          .decoder_start = vocabulary - 1};
    char words[512], *rest = NULL;
    dm_shape_take_usual(&config);
    if (architecture->labels(&config)) {
        config.shared_embeddings = config.tied_output = false;
        config.decoder_start = -1;
    }
    snprintf(words, sizeof words, "%s", shape);
    for (char *key = strtok_r(words, " ", &rest); key; key = strtok_r(NULL, " ", &rest)) {
        const ShapeRow *row = dm_shape_row(architecture, key);
        const char *value = strtok_r(NULL, " ", &rest);
        if (!row || !value) abort();
        dm_shape_set(&config, row, row->type == DM_SHAPE_NAME ? dm_shape_index(row, value) : atoi(value));
    }
    return config;
}

// Both sides of this many layers and heads; all else is what is usual, or the test says it.
static inline ModelConfig small_transformer(int vocabulary, int width, int layers, int heads)
{
    ModelConfig config = small_config_of(&dm_transformer, vocabulary, "");
    TransformerShape *shape = dm_transformer_shape(&config);
    config.width = width;
    shape->encoder_layers = shape->decoder_layers = layers;
    shape->encoder_heads = shape->decoder_heads = heads;
    shape->encoder_ffn = shape->decoder_ffn = 2 * width;
    return config;
}
