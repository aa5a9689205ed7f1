// What a decoder keeps of the pieces that the slots of a search have taken, layer by layer, in rows that never move
// (model/past.h): their keys and values, or the states of a scan.
#pragma once
#include "model/layers/block.h"
#include "model/past.h"

typedef struct KeyCache {
    Arena *arena;  // of start: the caches lie there, so that a thread's next batch finds their memory warm
    Past past;
    int layers, width;  // width: of a row: of keys and values together, or of a state
    int key_heads;      // as Attention has them
    float **rows;       // [layers] [past.room][row_size]
} KeyCache;

// shape: layers, width and key_heads
void dm_key_cache_start(KeyCache *c, KeyCache shape, Arena *arena, int slots);
void dm_key_cache_make_room(KeyCache *c, int more);  // rows
void dm_key_cache_free(KeyCache *c);

// The rows that a call of extend adds, as the layers see them.
typedef struct Fresh {
    Tokens tokens;
    int first;        // their rows in the caches begin here
    Spans each, own;  // every row by itself, and what it looks at: a stretch of the lists
} Fresh;

// ids behind the slots, lengths[i] for slot i (NULL: one each). What every piece sees is its slot's past, itself included,
// as far as a window of attention goes; 0: all of it.
Fresh dm_key_cache_extend(KeyCache *c, Graph *g, const int *ids, const int *lengths, int window);
// Puts keys and values of the rows from `first` on into a layer's cache.
void dm_key_cache_fill(KeyCache *c, int layer, int first, const Tensor *k, const Tensor *v);
// The states of fresh pieces in the cache of a layer, each of which goes on from that of the piece before it.
Chain dm_key_cache_chain(const KeyCache *c, int layer, Graph *g, const Fresh *fresh);
// Self-attention of fresh pieces to the cache of a layer, of which they become a part.
Tensor *dm_key_cache_attend(KeyCache *c, int layer, const Sublayer *s, const Block *block, const Positions *positions,
                            Tensor *x, const Fresh *fresh);
