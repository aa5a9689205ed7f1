// MarianMTModel of transformers, which CTranslate2's converter reads too: post-norm and sinusoids.
#include "folder/formats/format.h"

static const FormatFlag flags[] = {
    {"normalize_before", false, "layer norms before the sublayers"},
    {"normalize_embedding", false, "a layer norm on the embeddings"},
    {"add_final_layer_norm", false, "a layer norm behind the last layer"},
    {"static_position_embeddings", true, "learned positions"},
    {"is_encoder_decoder", true, "a decoder without an encoder"},
    {.key = NULL},
};

static const FormatMeans means[] = {{"norm_place", "post"}, {.key = NULL}};

const Format dm_marian_format = {.model_type = "marian",
                                 .class_name = "MarianMTModel",
                                 .architecture = &dm_transformer,
                                 .separate_vocabularies = true,
                                 .sinusoids = true,
                                 .flags = flags,
                                 .means = means};
