// PegasusForConditionalGeneration of transformers: pre-norm with a norm at the end of either stack, Marian's positions,
// one vocabulary. The first two flags are what CTranslate2's converter asks for.
#include "folder/formats/format.h"

static const FormatFlag flags[] = {
    {"normalize_before", "true", "layer norms behind the sublayers", NULL, false},
    {"normalize_embedding", "false", "a layer norm on the embeddings", NULL, false},
    {"add_final_layer_norm", "true", "no layer norm behind the last layer", NULL, false},
    {"static_position_embeddings", "true", "learned positions", "positions", false},
    {"is_encoder_decoder", "true", "a decoder without an encoder", NULL, false},
    {.key = NULL},
};

static const FormatMeans means[] = {{"norm_place", "pre"}, {.key = NULL}};

const Format dm_pegasus_format = {.model_type = "pegasus",
                                  .class_name = "PegasusForConditionalGeneration",
                                  .architecture = &dm_transformer,
                                  .stored_positions = true,
                                  .flags = flags,
                                  .means = means,
                                  .write = dm_write_their_training};
