// The path from the first piece of a source to the last state of the encoder, in layers.
#pragma once
#include "model/model.h"

ModelConfig dm_with_encoder_layers(const ModelConfig *config, int layers);
// One sentence, the first piece of which stands nowhere else.
Tokens dm_bench_sentence(Arena *arena, const ModelConfig *config, int length);

// Of a source of `length` pieces:
typedef struct Path {
    int layers;    // the fewest through which the last state feels the first piece; 0: it does not through `tried`
    int tried;     // the most that were tried
    double share;  // through these, what arrives of the first piece as a share of what does of all others together
} Path;
Path dm_path(const ModelConfig *config, int length, uint64_t seed, const GemmBackend *gemm);
