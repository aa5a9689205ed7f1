// Making a model, and what all architectures share.
#include "model/model.h"

#include "core/memory.h"
#include "model/ahead.h"

void dm_model_declare(Model *model)
{
    model->architecture->declare(model);
    dm_ahead_declare(model);
}

Model *dm_model_create_in(const ModelConfig *config, WeightBuffer place)
{
    Model *model = dm_allocate(1, sizeof *model);
    model->config = *config;
    model->architecture = config->architecture;
    dm_model_declare(model);
    model->parameters.place = place;
    dm_parameters_allocate(&model->parameters);
    model->layers = dm_allocate(1, model->architecture->layers_size);
    model->architecture->connect(model);
    dm_ahead_connect(model);
    return model;
}

Model *dm_model_create(const ModelConfig *config)
{
    return dm_model_create_in(config, (WeightBuffer){0});
}

void dm_model_initialise(Model *model, uint64_t seed)
{
    dm_parameters_initialise(&model->parameters, seed);
    if (model->config.biases == DM_BIASES && model->output.pad >= 0)
        model->output.bias.data[model->output.pad] = -10000;
}

void dm_model_destroy(Model *model)
{
    if (!model) return;
    model->architecture->disconnect(model);
    dm_ahead_disconnect(model);
    dm_parameters_free(&model->parameters);
    dm_config_free(&model->config);
    dm_free(model->layers);
    dm_free(model);
}

Status dm_needs_pieces_in_order(const ModelConfig *config, const char *what, Error *error)
{
    if (config->architecture->writing(config) == DM_PIECE_BY_PIECE) return DM_OK;
    return dm_misuse(error, "%s goes by pieces that are written one after the other, and this model writes %s", what,
                     dm_writing_name(config->architecture->writing(config)));
}

Status dm_needs_source_attention(const ModelConfig *config, const char *what, Error *error)
{
    Status status = dm_needs_pieces_in_order(config, what, error);
    if (status) return status;
    if (config->architecture->source_attention(config).layers) return DM_OK;
    return dm_misuse(error,
                     "%s asks which source pieces the model looks at while it writes, and this one (%s, without "
                     "attention to the source) looks at none",
                     what, config->architecture->name);
}

Status dm_needs_taught_attention(const ModelConfig *config, const char *what, Error *error)
{
    Status status = dm_needs_source_attention(config, what, error);
    if (status || !config->architecture->source_attention(config).within) return status;
    return dm_misuse(error,
                     "%s teaches the decoder's attention to the source, and in a model of type %s that is part of its "
                     "attention to all that it has read: leave it out, or take --type transformer",
                     what, config->architecture->name);
}
