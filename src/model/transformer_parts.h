// What the files of the Transformer share: its layers, and what is the same for whole sequences and for one position.
#pragma once
#include <string.h>

#include "model/model.h"
#include "tensor/ops/ops.h"

typedef struct Linear {
    Tensor weight, bias;  // [out, in], [out]
} Linear;

typedef struct Norm {
    Tensor gain, bias;  // [width]
} Norm;

typedef struct EncoderLayer {
    Linear qkv, out;  // q, k and v above one another: one product makes all three
    Norm attention_norm;
    Linear fc1, fc2;
    Norm ffn_norm;
} EncoderLayer;

typedef struct DecoderLayer {
    EncoderLayer self;  // self-attention and feed-forward are the encoder's
    Linear query, key_value, cross_out;
    Norm cross_norm;
} DecoderLayer;

typedef struct Transformer {
    EncoderLayer *encoder;
    DecoderLayer *decoder;
    Tensor source_embedding, target_embedding, output, output_bias;
} Transformer;

static inline Tensor *dm_transformer_linear(Graph *g, const Linear *l, const Tensor *x)
{
    return dm_linear(g, x, &l->weight, &l->bias, DM_IDENTITY);
}

// Post-norm: x = norm(x + dropout(f(x))). mark: of the arena, between x and all that the layers take. Where nobody goes
// back through them or looks into them, the result takes the place of x and the rest is given back, so that layer after
// layer works in memory that is still in the processor's cache.
static inline Tensor *dm_transformer_after(Graph *g, ArenaMark mark, const Norm *norm, Tensor *x, const Tensor *f)
{
    Tensor *y = dm_residual_norm(g, x, f, g->dropout, &norm->gain, &norm->bias);
    if (g->recording || g->tap) return y;
    memcpy(x->data, y->data, (size_t)y->rows * (size_t)y->cols * sizeof(float));
    dm_arena_release(g->arena, mark);
    return x;
}

static inline Tensor *dm_transformer_feed_forward(Graph *g, const EncoderLayer *l, const Tensor *x,
                                                  Activation activation)
{
    return dm_transformer_linear(g, &l->fc2, dm_linear(g, x, &l->fc1.weight, &l->fc1.bias, activation));
}

Tensor *dm_transformer_embed(Graph *g, const Model *model, const Tensor *table, Tokens tokens);
// key_value [source tokens, 2 width]: of the encoded source
Tensor *dm_transformer_cross_attention(Graph *g, const DecoderLayer *l, const Tensor *x, Spans target,
                                       const Tensor *key_value, Spans source, int heads);

// Search, in a file of its own.
SearchState *dm_transformer_start(Graph *g, const Model *model, Memory memory);
Tensor *dm_transformer_step(Graph *g, SearchState *s, const int *ids);
void dm_transformer_reorder(SearchState *s, const int *from, int n);
void dm_transformer_finish(SearchState *s);
