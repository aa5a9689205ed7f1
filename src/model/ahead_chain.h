// Heads that are a chain, in search: each has read all rows that the decoder has made of its slot, with the pieces that
// come k behind those that these rows have read, and keeps keys and values of them.
#pragma once
#include "model/ahead.h"
#include "model/key_cache.h"

typedef struct AheadChain {
    const Model *model;
    KeyCache cache;  // a layer for each head
} AheadChain;

// The caches lie in this arena, and take of it what they need at any time.
void dm_chain_start(AheadChain *chain, const Model *model, Arena *arena, int slots);
// Slot i goes on from what slot from[i] was, with its first rows[i] rows.
void dm_chain_keep(AheadChain *chain, const int *from, const int *rows, int n);
void dm_chain_finish(AheadChain *chain);
// The rows that come behind each slot, lengths[i] of slot i: for all heads, each of which then reads them once, in order.
Fresh dm_chain_extend(AheadChain *chain, Graph *g, const int *lengths);
// What head k makes of these rows -> [rows, width]. hidden: what head k - 1 has made of them, of the first what the decoder
// has. ids and positions: of the pieces that come k behind those that the rows have read.
Tensor *dm_chain_read(AheadChain *chain, Graph *g, int k, const Fresh *fresh, const int *ids, const int *positions,
                      const Tensor *hidden);
