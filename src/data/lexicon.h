// A lexicon: t(target piece | source piece), learnt from a parallel corpus, and by it where each target piece of a pair
// comes from. Ids are those of the corpus; the end of sentence takes no part.
#pragma once
#include "data/corpus.h"

enum { DM_NO_PIECE = -1, LEXICON_ROUNDS = 5 };

// Sparse: a source piece has entries for the target pieces that stand opposite it in some pair. The last row is that of
// NULL, from which target pieces come that nothing in the source stands for.
typedef struct Lexicon {
    int sources;                            // rows before NULL's
    size_t *row;                            // [sources + 2] the entries of row s: row[s] ... row[s + 1] - 1
    int *target;                            // their target pieces, ascending in a row
    double *probability;                    // ... and t, which sums to 1 in a row
    int pairs;                              // that it was learnt from
    double log_likelihood[LEXICON_ROUNDS];  // of these pairs in nats, before each round of EM
} Lexicon;

// From every pair of a small corpus; of a large one from some of them, evenly spread, so that time and memory have a
// bound. Single-threaded: the same corpus gives the same bytes. False: `stop` (which may be NULL) said so, and the
// lexicon says nothing that counts.
bool dm_lexicon_fit(Lexicon *lexicon, const Corpus *corpus, Stop *stop);
void dm_lexicon_free(Lexicon *lexicon);

// t(target | source); source may be DM_NO_PIECE for NULL. 0 where they never stood opposite one another.
double dm_lexicon_probability(const Lexicon *lexicon, int source, int target);

// A pair without its ends of sentence.
typedef struct PiecePair {
    const int *source, *target;
    int sources, targets;
} PiecePair;
PiecePair dm_lexicon_pair(const Corpus *corpus, int pair);

// The most probable alignment: from[i] is the place in the source that target piece i comes from, or DM_NO_PIECE.
void dm_lexicon_align(const Lexicon *lexicon, const PiecePair *pair, int *from);
