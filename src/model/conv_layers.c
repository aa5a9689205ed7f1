// The layers of the convolutional encoder-decoders that are the same for whole sequences and for the pieces of a
// search.
#include <math.h>

#include "model/conv.h"

static const float half_root = 0.70710678f;

Tensor *dm_conv_embed(Graph *g, const Model *model, bool decoder, Tokens tokens)
{
    const Conv *c = model->layers;
    Embedding embedding = {.table = decoder ? &c->embeddings.target : &c->embeddings.source,
                           .n = tokens.n,
                           .ids = tokens.ids,
                           .mixture = tokens.mixture,
                           .scale = sqrtf((float)model->config.width),
                           .frozen = model->config.pad,
                           .dropout = g->dropout};
    dm_positions_add(g, &c->positions[decoder], tokens, &embedding);
    return dm_embedding(g, &embedding);
}

Tensor *dm_conv_sum(Graph *g, const Tensor *a, const Tensor *b)
{
    return dm_scale(g, dm_add(g, a, b), half_root);
}

const Tensor *dm_conv_inner(Graph *g, const Model *model, const ConvLayer *l, const Tensor *x)
{
    if (!dm_conv_is_light(&model->config)) return dm_dropout(g, x, g->dropout);
    return dm_gate(g, dm_linear_apply(g, &l->conv, x), DM_SIGMOID);
}

// Light: [heads, k]; dynamic: [rows, heads k] (Wu et al. 2019, equations 6 and 7). A third of the dropout is theirs.
Kernels dm_conv_kernels(Graph *g, const Model *model, const ConvLayer *l, const Tensor *own)
{
    const ConvShape *shape = dm_conv_shape(&model->config);
    const Tensor *weights = &l->weights;
    if (shape->kind == DM_CONV_PLAIN) return (Kernels){0};
    if (shape->kind == DM_CONV_SEPARABLE) return (Kernels){weights, weights->rows, dm_across(g, weights)};
    if (shape->kind == DM_CONV_DYNAMIC) weights = dm_linear(g, own, weights, NULL, DM_IDENTITY);
    return (Kernels){dm_dropout(g, dm_softmax_groups(g, weights, l->width), g->dropout / 3), shape->heads, NULL};
}

Tensor *dm_conv_mix(Graph *g, const Model *model, const ConvLayer *l, const Tensor *u, Kernels kernels, Window window)
{
    const Tensor *seen = kernels.w ? dm_convolve(g, u, kernels, window) : dm_unfold(g, u, window);
    if (dm_conv_is_light(&model->config)) return dm_linear_apply(g, &l->mixed, seen);
    return dm_gate(g, dm_linear_apply(g, &l->conv, seen), DM_SIGMOID);
}

// One head, whose scores are not scaled. memory: [z | y]
Tensor *dm_conv_look(Graph *g, const Model *model, const ConvLayer *l, Tensor *u, const Tensor *embedded,
                     const ConvRows *rows, const Tensor *memory)
{
    const int d = model->config.width;
    const Tensor *q = dm_scale(g, dm_add(g, dm_linear_apply(g, &l->query, u), embedded), half_root * sqrtf((float)d));
    const Spans target = rows->tokens.spans;
    const Tensor *mixed = dm_attention(g, &(Attention){.q = *q,
                                                       .k = dm_columns(memory, 0, d),
                                                       .v = dm_columns(memory, d, d),
                                                       .queries = target,
                                                       .keys = rows->source,
                                                       .heads = 1,
                                                       .view = dm_tap(g, DM_CROSS_ATTENTION, 1, target, rows->source)});
    return dm_conv_sum(g, dm_linear_apply(g, &l->out, dm_scale_rows(g, mixed, rows->roots)), u);
}

Tensor *dm_conv_cross(const Sublayer *s, const Model *model, const ConvLayer *l, Tensor *x, const ConvRows *rows,
                      const Tensor *key_value)
{
    const int heads = dm_conv_shape(&model->config)->heads, d = model->config.width;
    const Spans target = rows->tokens.spans;
    const Tensor *mixed =
        dm_attention(s->g, &(Attention){.q = *dm_linear_apply(s->g, &l->query, dm_enter(s, x)),
                                        .k = dm_columns(key_value, 0, d),
                                        .v = dm_columns(key_value, d, d),
                                        .queries = target,
                                        .keys = rows->source,
                                        .heads = heads,
                                        .view = dm_tap(s->g, DM_CROSS_ATTENTION, heads, target, rows->source)});
    return dm_leave(s, x, dm_linear_apply(s->g, &l->out, mixed));
}

Tensor *dm_conv_end(Graph *g, const Model *model, const ConvStack *stack, Tensor *x)
{
    if (!dm_conv_is_light(&model->config)) return dm_linear_apply(g, &stack->last, x);
    return ((const Conv *)model->layers)->norm_place->at_end ? stack->norm.kind->apply(g, &stack->norm, x) : x;
}
