// Making a model: the registry of architectures, sinusoids, and what all architectures share.
#include "model/model.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Architecture *const registry[] = {&dm_transformer};

const Architecture *dm_architecture(const char *name)
{
    for (size_t i = 0; i < DM_COUNT(registry); i++)
        if (strcmp(registry[i]->name, name) == 0) return registry[i];
    return NULL;
}

void dm_sinusoid(int position, int width, float *row)
{
    const int half = width / 2 + width % 2;
    for (int j = 0; j < width; j++) {
        const int k = j < half ? j : j - half;
        const double angle = position / pow(10000.0, 2.0 * k / width);
        row[j] = (float)(j < half ? sin(angle) : cos(angle));
    }
}

enum { KEPT_POSITIONS = 512 };  // of the sinusoids; longer sequences have theirs made on the way

Model *dm_model_create(const ModelConfig *config)
{
    Model *model = dm_allocate(1, sizeof *model);
    model->config = *config;
    model->architecture = dm_architecture(config->architecture);
    assert(model->architecture);
    model->architecture->declare(model);
    dm_parameters_allocate(&model->parameters);
    model->layers = dm_allocate(1, model->architecture->layers_size);
    model->architecture->connect(model);
    model->position_count = KEPT_POSITIONS;
    model->positions = dm_allocate((size_t)model->position_count * (size_t)config->width, sizeof(float));
    for (int i = 0; i < model->position_count; i++)
        dm_sinusoid(i, config->width, model->positions + (size_t)i * (size_t)config->width);
    return model;
}

void dm_model_destroy(Model *model)
{
    if (!model) return;
    model->architecture->disconnect(model);
    dm_parameters_free(&model->parameters);
    dm_config_free(&model->config);
    free(model->layers);
    free(model->positions);
    free(model);
}

Tokens dm_tokens(Arena *arena, int n, const int *lengths, const int *ids)
{
    int total = 0;
    for (int i = 0; i < n; i++) total += lengths[i];
    int *memory = dm_arena_take(arena, (size_t)(2 * total + 2 * n) * sizeof(int));
    int *copied = memory, *positions = memory + total, *start = memory + 2 * total, *length = start + n;
    if (total) memcpy(copied, ids, (size_t)total * sizeof(int));
    for (int i = 0, at = 0; i < n; at += lengths[i++]) {
        start[i] = at;
        length[i] = lengths[i];
        for (int j = 0; j < lengths[i]; j++) positions[at + j] = j;
    }
    return (Tokens){total, copied, positions, {n, start, length}};
}
