// Links of pairs, by a lexicon that is learnt from these pairs: what dragoman align does with words, and training with pieces.
#pragma once
#include "data/lexicon.h"
#include "data/symmetrize.h"

// Links of each pair, in their order, for the caller to free. False: `stop` (which may be NULL) said so, and there are none.
bool dm_align_pairs(LinkedPairs *links, const PiecePair *pairs, int count, const Symmetrization *how, int threads,
                    Stop *stop);
