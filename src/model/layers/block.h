// A layer of the encoder's kind, of which decoders have one too: self-attention and a feed-forward block, each with its
// norm (Vaswani et al. 2017, section 3.1). Parts of self-attention are apart, since what a query looks at differs: its own
// sequence, a prompt before it, the cache of a search.
#pragma once
#include "model/layers/feed_forward.h"
#include "model/layers/norm_place.h"
#include "model/layers/positions.h"

// key_width: of keys and of values, less than the width where heads share them.
typedef struct Block {
    Linear qkv, out;  // q, k and v above one another: one product makes all three
    Norm attention_norm;
    FeedForward ffn;
    Norm ffn_norm;
} Block;

// Declares LAYER.self_attn.{q,k,v,out}_proj with its norm, or another attention, whose projections stand in groups of
// letters: neighbours that one product makes.
void dm_attention_declare(Parameters *p, const NormKind *norm, const char *layer, const char *kind,
                          const char *const groups[], int width, int key_width);
// LAYER's feed-forward block with its norm. keys: of config.json, that give it its shape.
void dm_block_ffn_declare(Parameters *p, const NormKind *norm, const char *layer, const FeedForwardShape *ffn,
                          const char *keys);
// epsilon: of the norms; 0: the usual one
Block dm_block_find(const Parameters *p, const NormKind *norm, float epsilon, const FeedForwardShape *ffn,
                    const char *layer);
// The same of a layer that has something else in the place of self-attention.
Block dm_block_find_ffn(const Parameters *p, const NormKind *norm, float epsilon, const FeedForwardShape *ffn,
                        const char *layer);
void dm_block_free(Block *block);

// Queries [tokens, width], keys and values [tokens, key width] of these pieces, turned where positions turn them.
typedef struct Heads {
    Tensor q, k, v;
} Heads;
Heads dm_block_heads(const Sublayer *s, const Block *block, const Positions *positions, Tokens tokens, Tensor *x);
// x with what attention made of it, and then with what the feed-forward block makes of it.
Tensor *dm_block_mix(const Sublayer *s, const Block *block, Tensor *x, const Attention *attention);
Tensor *dm_block_feed_forward(const Sublayer *s, const Block *block, Tensor *x);
