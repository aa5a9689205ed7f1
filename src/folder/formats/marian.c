// MarianMTModel of transformers, which CTranslate2's converter reads too: post-norm, and sinusoids, or learned
// positions where the weights hold a table of them.
#include "folder/formats/format.h"

static const FormatFlag flags[] = {
    {"normalize_before", false, "layer norms before the sublayers", NULL},
    {"normalize_embedding", false, "a layer norm on the embeddings", NULL},
    {"add_final_layer_norm", false, "a layer norm behind the last layer", NULL},
    {"static_position_embeddings", true, "learned positions", "positions"},
    {"is_encoder_decoder", true, "a decoder without an encoder", NULL},
    {.key = NULL},
};

static const FormatMeans means[] = {{"norm_place", "post"}, {.key = NULL}};

const Format dm_marian_format = {.model_type = "marian",
                                 .class_name = "MarianMTModel",
                                 .architecture = &dm_transformer,
                                 .separate_vocabularies = true,
                                 .stored_positions = true,
                                 .flags = flags,
                                 .means = means};
