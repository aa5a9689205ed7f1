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

void dm_sinusoids(int first, int count, int width, float *rows)
{
    const int half = width / 2 + width % 2;
    for (int k = 0; k < half; k++) {
        const double length = pow(10000.0, 2.0 * k / width);
        for (int i = 0; i < count; i++) {
            const double angle = (first + i) / length;
            float *row = rows + (size_t)i * (size_t)width;
            row[k] = (float)sin(angle);
            if (half + k < width) row[half + k] = (float)cos(angle);
        }
    }
}

enum { KEPT_POSITIONS = 512 };  // of the sinusoids; longer sequences have theirs made on the way

Model *dm_model_create_mapped(const ModelConfig *config, Mapping mapping)
{
    Model *model = dm_allocate(1, sizeof *model);
    model->config = *config;
    model->architecture = dm_architecture(config->architecture);
    assert(model->architecture);
    model->architecture->declare(model);
    model->parameters.mapping = mapping;
    dm_parameters_allocate(&model->parameters);
    model->layers = dm_allocate(1, model->architecture->layers_size);
    model->architecture->connect(model);
    model->position_count = KEPT_POSITIONS;
    model->positions = dm_allocate((size_t)model->position_count * (size_t)config->width, sizeof(float));
    dm_sinusoids(0, model->position_count, config->width, model->positions);
    return model;
}

Model *dm_model_create(const ModelConfig *config)
{
    return dm_model_create_mapped(config, (Mapping){0});
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
