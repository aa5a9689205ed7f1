// Pieces that are read without their embeddings, as if they were blotted out: their places stay.
#pragma once
#include "core/choice.h"
#include "data/corpus.h"
#include "tensor/tokens.h"

typedef enum CutoffKind { DM_CUTOFF_TOKENS, DM_CUTOFF_SPAN } CutoffKind;
Choice dm_cutoff_choice(int index);

typedef struct Blotting {
    float words[2];     // of each Side: how probable it is for a piece (Gal and Ghahramani 2016; Sennrich et al. 2016,
                        // "Edinburgh neural machine translation systems for WMT 16", section 3.2.3)
    float cutoff;       // of the second copy of sentences, on both sides, the share that is cut off (Shen et al. 2020)
    CutoffKind kind;
    uint64_t seed;
} Blotting;

// copies: of the sentences, 1 or 2. What a target begins with is no word, and stays.
Tokens dm_blotted(Arena *arena, const Blotting *how, Tokens tokens, Side side, uint32_t update, uint32_t shard, int copies);
