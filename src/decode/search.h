// Search over any model's next-token scores: greedy is a beam of one.
#pragma once
#include "model/model.h"

typedef struct SearchOptions {
    int beam_size;
    double normalize;          // hypotheses are compared by log probability / length^normalize, end of sentence counted
    double max_length_factor;  // at most factor * source pieces + 10 pieces ...
    int max_length;            // ... and at most this many, end of sentence counted
} SearchOptions;

typedef struct Hypothesis {
    int *ids;                  // without end of sentence, in the arena
    int count;
    int pieces;                // count, and one for the end of sentence where it was reached
    double log_probability, score;
} Hypothesis;

// Translates a batch of sources: hypotheses[i] is the best one of sequence i. All memory is the graph's arena.
// Beam search: at each step the 2 * beam best continuations of a sentence (ties: the lower hypothesis, then the lower id)
// are gone through in order; those that end among the first `beam` are finished, the first `beam` others go on. It ends
// when `beam` hypotheses are finished, or at the length limit, where the open ones end as they are. Beam 1 is greedy.
void dm_search(Graph *g, const Model *model, Tokens source, const SearchOptions *options, Hypothesis *hypotheses);
