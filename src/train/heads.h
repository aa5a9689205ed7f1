// Which heads of the decoder look at the source piece that they translate, measured at the end of a run: the validation
// text goes through the finished model, and the attention of every head is compared with what a lexicon of the training
// text says of the same pairs.
#pragma once
#include "core/stop.h"
#include "folder/alignment.h"

typedef struct Run Run;

// The cross-attention of a pair under teacher forcing, and what it should be.
typedef struct SeenPair {
    int rows, columns;  // target and source pieces, the ends of sentence, which come last, among them
    float *attention;   // [layers, heads, rows, columns], row i predicts target piece i
    int *link;          // [rows - 1] the source piece that a target piece comes from, or DM_NO_PIECE
} SeenPair;

typedef struct SeenText {
    SeenPair *pair;  // [pairs]
    int pairs, layers, heads;
} SeenText;

typedef struct FoundHeads {
    AlignmentHeads heads;
    long links;        // target pieces that come from somewhere
    double agreement;  // share of them of which the heads say the same
    double mass;       // share of these heads' attention that lies where they come from
} FoundHeads;

// For every layer and shift a set of heads is chosen greedily, and the best set of all is taken. found->links is 0
// where there is nothing to choose by, or where `stop` (which may be NULL) said so, and the set is then empty. The
// caller frees found->heads.
void dm_heads_choose(FoundHeads *found, const SeenText *text, int threads, Stop *stop);

// The same of heads that are given. found->links is 0 where there is nothing to measure them by.
void dm_heads_measure(FoundHeads *found, const SeenText *text, const AlignmentHeads *heads);

// Measures model.safetensors, says so, and stores the result in config.json. DM_STOPPED: run->stop said so, and nothing
// is stored.
Status dm_heads_keep(Run *run, Error *error);
