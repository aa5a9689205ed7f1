// A small Transformer with random weights, for the tests of the model: its configuration, and a graph to run it in.
#pragma once
#include "core/memory.h"
#include "model/small_config.h"
#include "tensor/check.h"

enum { VOCABULARY = 31, PAD = VOCABULARY - 1, EOS = 0, WIDTH = 16 };

static inline ModelConfig small_config(void)
{
    ModelConfig c = small_transformer(VOCABULARY, WIDTH, 2, 2);
    *dm_transformer_shape(&c) = (TransformerShape){.encoder_layers = 2,
                                                   .decoder_layers = 3,
                                                   .encoder_heads = 2,
                                                   .decoder_heads = 4,
                                                   .encoder_ffn = 20,
                                                   .decoder_ffn = 24,
                                                   .activation = named("activation_function", "swish"),
                                                   .norm = named("norm", "layer"),
                                                   .norm_place = named("norm_place", "post"),
                                                   .positions = named("positions", "sine"),
                                                   .max_positions = 16,
                                                   .scale_embedding = true};
    return c;
}

// All weights random, biases and norms too, so that each of them matters; frozen rows stay zero.
static inline Model *random_model(const ModelConfig *config, uint64_t seed)
{
    Model *model = dm_model_create(config);
    dm_parameters_initialise(&model->parameters, seed);
    Random random = dm_random(seed, 77, 0, 0);
    for (int i = 0; i < model->parameters.count; i++) {
        Parameter *p = &model->parameters.list[i];
        if (p->full && !p->absent)
            for (int j = 0; j < p->tensor.cols; j++) p->tensor.data[j] += 0.3f * (float)dm_random_normal(&random);
        if (p->kind == DM_STATISTIC)  // some are variances
            for (int j = 0; j < p->tensor.cols; j++) p->tensor.data[j] = 0.1f + fabsf(p->tensor.data[j]);
    }
    return model;
}

typedef struct Setting {
    Model *model;
    Arena arena;
    Graph graph;
    float *gradients;
    float more;  // dropout in places where the model has none by itself, and layers that are passed over; 0: none
} Setting;

static inline Setting setting_of(const ModelConfig *config)
{
    Setting s = {.model = random_model(config, 5)};
    s.gradients = dm_allocate(s.model->parameters.size + s.model->parameters.statistic_size, sizeof(float));
    return s;
}

static inline Graph *begin(Setting *s, bool recording, float dropout)
{
    dm_arena_reset(&s->arena);
    s->graph = (Graph){.arena = &s->arena,
                       .gemm = chosen_backend(),
                       .parameters = s->model->parameters.data,
                       .gradients = recording ? s->gradients : NULL,
                       .statistics = s->model->parameters.statistic_size,
                       .recording = recording,
                       .dropout = dropout,
                       .inner_dropout = s->more,
                       .attention_dropout = s->more,
                       .layer_drop = s->more,
                       .seed = 3,
                       .update = 1};
    return &s->graph;
}

static inline void end(Setting *s)
{
    dm_arena_destroy(&s->arena);
    dm_free(s->gradients);
    dm_model_destroy(s->model);
}
