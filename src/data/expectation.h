// The first half of a round of EM: for each word of each pair, how much of it comes from which word of the other side, by
// what the lexicon says so far; and the sums of that over all pairs.
#pragma once
#include "core/stop.h"
#include "data/diagonal.h"
#include "data/lexicon.h"

// Of one thread.
typedef struct Workspace {
    Diagonal diagonal;
    BothWays *chance;  // [cells of a pair]
    BothWays *column;  // [MOST_WORDS + 1]
} Workspace;

Workspace *dm_workspaces_make(int threads);
void dm_workspaces_free(Workspace *workspaces, int threads);

// What pairs add up to, of both ways.
typedef struct PairSums {
    BothWays log_likelihood;
    BothWays words;           // that do not come from NULL, in expectation
    BothWays distance;        // from their partners, summed over them
    BothWays mean, variance;  // of that under the prior
} PairSums;

// Fills share, [cells] as meetings have them: of[DM_TARGET] is how much of target word i comes from source word j, NULL among
// these. entry: those of the pair's meetings; NULL: they are looked up. Adds to *sums, unless it is NULL.
void dm_expect_pair(BothWays *share, const Lexicon *lexicon, Workspace *workspace, const PiecePair *pair,
                    const uint32_t *entry, PairSums *sums);
// All pairs of the lexicon's meetings. count: [entries] how often each is used. Where `stop` says so, what there is by then.
void dm_expect(BothWays *count, PairSums *sums, Lexicon *lexicon, Workspace *workspaces, int threads, Stop *stop);
