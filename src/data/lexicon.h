// A lexicon: which words translate which, t(target | source) and t(source | target), learnt from pairs of sentences, and by
// it where each word of a pair comes from. Words are numbers: of words, or ids of pieces.
#pragma once
#include "core/stop.h"
#include "data/corpus.h"
#include "data/diagonal.h"
#include "data/meetings.h"

enum { DM_NO_PIECE = -1, LEXICON_ROUNDS = 5 };

typedef struct Lexicon {
    Meetings meetings;  // the table, and what was learnt from
    BothWays *chance;   // [entries] of[DM_TARGET] is t(target | source), of[DM_SOURCE] t(source | target)
    double tension[2];  // of the diagonal, of each way
    double log_likelihood[2][LEXICON_ROUNDS];  // of the words of a side in nats, before each round of EM
} Lexicon;

// The same pairs give the same bytes, with any number of threads. False: `stop` (which may be NULL) said so, and the
// lexicon says nothing that counts. The pairs' words stay the caller's, and are looked at until it is freed.
bool dm_lexicon_fit(Lexicon *lexicon, const PiecePair *pairs, int count, int threads, Stop *stop);
void dm_lexicon_free(Lexicon *lexicon);

// Of two words, either of which may be DM_NO_PIECE for NULL. 0 where they never met.
BothWays dm_lexicon_chance(const Lexicon *lexicon, int source, int target);

PiecePair dm_lexicon_pair(const Corpus *corpus, int pair);
// Pairs to learn pieces from: all of a small corpus, of a large one some, evenly spread, so that time and memory have a bound.
// The caller frees the list.
PiecePair *dm_lexicon_pairs(const Corpus *corpus, int *count);

// The most probable alignments: from[DM_TARGET][i] is the place in the source that target word i comes from, or
// DM_NO_PIECE, and from[DM_SOURCE] the other way round; either may be NULL. A link is as probable as both ways find it (Liang,
// Taskar and Klein 2006, "Alignment by agreement"). A pair of very many words is aligned in parts, each with what is as far
// in the other sentence.
void dm_lexicon_align(const Lexicon *lexicon, const PiecePair *pair, int *const from[2]);
// The same of all pairs that it was learnt from and of those that were left out: from[side][pair].
void dm_lexicon_align_all(Lexicon *lexicon, const PiecePair *pairs, int count, int *const *const from[2], int threads);
