// Where the partner of a word stands, before one looks at the words: about as far into its sentence (Dyer, Chahuneau and
// Smith 2013, "A simple, fast, and effective reparameterization of IBM Model 2", section 2). Target word i of m comes from
// NULL with probability p0, and else from source word j of n with
//   d(j | i, m, n) = (1 - p0) exp(-tension |i/m - j/n|) / Z,   i and j from 1,
// and the other way round likewise.
#pragma once
#include "text/segmenter.h"

// Of both ways: of[DM_TARGET] is for target words, which come from source words, of[DM_SOURCE] for source words.
typedef struct BothWays {
    double of[2];
} BothWays;

// The priors of a shape. Cells are those of a pair's meetings, NULL among them.
typedef struct Diagonal {
    int sources, targets;  // 0: none yet
    double tension[2];
    BothWays *prior;     // [cells]
    double *distance;    // [cells] |i/m - j/n|; 0 with NULL
    // Of the distance, over what comes from a word: the mean and the variance under the prior, summed over the words.
    BothWays mean, variance;
} Diagonal;

void dm_diagonal_make(Diagonal *diagonal);  // with room for any shape
void dm_diagonal_free(Diagonal *diagonal);
// Nothing is done where it has this shape and tension already.
void dm_diagonal_set(Diagonal *diagonal, int sources, int targets, const double tension[2]);
