// Self-attention and feed-forward, as every layer has them.
#include "model/layers/block.h"

// ---- Parameters -----------------------------------------------------------------------------------------------------

// Declares PREFIX.q_proj.weight and so on for the letters, one after the other, then their biases, so that neighbours
// can be joined.
static void declare_projections(Parameters *p, const char *prefix, const char *letters, int width, int key_width)
{
    for (const char *letter = letters; *letter; letter++)
        dm_declare_matrix(p, dm_name("%s.%c_proj.weight", prefix, *letter).text, *letter == 'q' ? width : key_width,
                          width, DM_INIT_ATTENTION);
    for (const char *letter = letters; *letter && !p->unbiased; letter++)
        dm_declare_vector(p, dm_name("%s.%c_proj.bias", prefix, *letter).text, *letter == 'q' ? width : key_width,
                          DM_INIT_ZERO);
}

void dm_attention_declare(Parameters *p, const NormKind *norm, const char *layer, const char *kind,
                          const char *const groups[], int width, int key_width)
{
    const Name prefix = dm_name("%.60s.%s", layer, kind);
    p->keys = "d_model";
    for (; *groups; groups++) declare_projections(p, prefix.text, *groups, width, key_width);
    dm_linear_declare_as(p, dm_name("%s.out_proj", prefix.text).text, width, width, DM_INIT_RESIDUAL);
    norm->declare(p, dm_name("%s_layer_norm", prefix.text).text, width);
}

void dm_block_ffn_declare(Parameters *p, const NormKind *norm, const char *layer, const FeedForwardShape *ffn,
                          const char *keys)
{
    p->keys = keys;
    dm_feed_forward_of(ffn)->declare(p, layer, ffn);
    p->keys = "d_model";
    norm->declare(p, dm_name("%s.final_layer_norm", layer).text, ffn->width);
}

Block dm_block_find_ffn(const Parameters *p, const NormKind *norm, float epsilon, const FeedForwardShape *ffn,
                        const char *layer)
{
    return (Block){.ffn = dm_feed_forward_find(p, layer, ffn),
                   .ffn_norm = dm_norm_find(p, norm, dm_name("%s.final_layer_norm", layer).text, epsilon)};
}

Block dm_block_find(const Parameters *p, const NormKind *norm, float epsilon, const FeedForwardShape *ffn,
                    const char *layer)
{
    Block found = dm_block_find_ffn(p, norm, epsilon, ffn, layer);
    found.qkv = dm_linear_find(p, dm_name("%s.self_attn.q_proj", layer).text, 3);
    found.out = dm_linear_find(p, dm_name("%s.self_attn.out_proj", layer).text, 1);
    found.attention_norm = dm_norm_find(p, norm, dm_name("%s.self_attn_layer_norm", layer).text, epsilon);
    return found;
}

void dm_block_free(Block *block)
{
    dm_feed_forward_free(&block->ffn);
}

// ---- On the way -----------------------------------------------------------------------------------------------------

Heads dm_block_heads(const Sublayer *s, const Block *block, const Positions *positions, Tokens tokens, Tensor *x)
{
    const int width = x->cols, key_width = (block->qkv.weight.rows - width) / 2;
    const Tensor *qkv = dm_linear_apply(s->g, &block->qkv, dm_enter(s, x));
    const Tensor qk = dm_positions_turn(s->g, positions, tokens, dm_columns(qkv, 0, width + key_width));
    return (Heads){dm_columns(&qk, 0, width), dm_columns(&qk, width, key_width),
                   dm_columns(qkv, width + key_width, key_width)};
}

Tensor *dm_block_mix(const Sublayer *s, const Block *block, Tensor *x, const Attention *attention)
{
    return dm_leave(s, x, dm_linear_apply(s->g, &block->out, dm_attention(s->g, attention)));
}

Tensor *dm_block_feed_forward(const Sublayer *s, const Block *block, Tensor *x)
{
    return dm_leave(s, x, block->ffn.kind->apply(s->g, &block->ffn, dm_enter(s, x)));
}
