// The layers of the Transformer that are the same for whole sequences and for the pieces of a search.
#include <math.h>
#include <string.h>

#include "model/transformer.h"

static Tensor *embed(Graph *g, const Model *model, bool decoder, Tokens tokens, float dropout)
{
    const Transformer *t = model->layers;
    const int width = model->config.width;
    Embedding embedding = {.table = decoder ? &t->embeddings.target : &t->embeddings.source,
                           .n = tokens.n,
                           .ids = tokens.ids,
                           .mixture = tokens.mixture,
                           .scale = dm_transformer_shape(&model->config)->scale_embedding ? sqrtf((float)width) : 1,
                           .frozen = dm_frozen_piece(&model->config),
                           .dropout = dropout};
    dm_positions_add(g, &t->positions[decoder], tokens, &embedding);
    return dm_embedding(g, &embedding);
}

Tensor *dm_transformer_embed(Graph *g, const Model *model, bool decoder, Tokens tokens)
{
    return embed(g, model, decoder, tokens, g->dropout);
}

Tensor *dm_transformer_places(Graph *g, const Model *model, Tokens tokens)
{
    return embed(g, model, true, tokens, 0);
}

Tensor *dm_transformer_cross_attention(const Sublayer *s, const Model *model, const DecoderLayer *l, Tensor *x,
                                       Spans target, const Tensor *key_value, Spans source)
{
    const int heads = dm_transformer_shape(&model->config)->decoder_heads;
    const Tensor *mixed =
        dm_attention(s->g, &(Attention){.q = *dm_linear_apply(s->g, &l->query, dm_enter(s, x)),
                                        .k = dm_columns(key_value, 0, x->cols),
                                        .v = dm_columns(key_value, x->cols, x->cols),
                                        .queries = target,
                                        .keys = source,
                                        .heads = heads,
                                        .dropout = s->g->attention_dropout,
                                        .view = dm_tap(s->g, DM_CROSS_ATTENTION, heads, target, source)});
    return dm_leave(s, x, dm_linear_apply(s->g, &l->cross_out, mixed));
}

Tensor *dm_transformer_end(Graph *g, const Model *model, const Norm *norm, Tensor *x)
{
    return ((const Transformer *)model->layers)->norm_place->at_end ? norm->kind->apply(g, norm, x) : x;
}
