// MarianMTModel of transformers, which CTranslate2's converter reads too: post-norm, and sinusoids, or learned
// positions where the weights hold a table of them.
#include "folder/formats/format.h"

// What transformers wants to know of who trains the model further there; ours is among the options of the run.
void dm_write_their_training(cJSON *json, const ModelConfig *config)
{
    (void)config;
    cJSON_AddNumberToObject(json, "dropout", 0.1);
    cJSON_AddNumberToObject(json, "attention_dropout", 0);
    cJSON_AddNumberToObject(json, "activation_dropout", 0);
    cJSON_AddNumberToObject(json, "init_std", 0.02);
    cJSON_AddBoolToObject(json, "use_cache", true);
}

static const FormatFlag flags[] = {
    {"normalize_before", "false", "layer norms before the sublayers", NULL, false},
    {"normalize_embedding", "false", "a layer norm on the embeddings", NULL, false},
    {"add_final_layer_norm", "false", "a layer norm behind the last layer", NULL, false},
    {"static_position_embeddings", "true", "learned positions", "positions", false},
    {"is_encoder_decoder", "true", "a decoder without an encoder", NULL, false},
    {.key = NULL},
};

static const FormatMeans means[] = {{"norm_place", "post"}, {.key = NULL}};

const Format dm_marian_format = {.model_type = "marian",
                                 .class_name = "MarianMTModel",
                                 .architecture = &dm_transformer,
                                 .separate_vocabularies = true,
                                 .stored_positions = true,
                                 .flags = flags,
                                 .means = means,
                                 .write = dm_write_their_training};
