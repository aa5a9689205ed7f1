// What a translation looks at: the attention that its pieces give to those of the source.
#pragma once
#include "search/search.h"
#include "folder/alignment.h"

// [pieces without end of sentence][source pieces, end of sentence last]
typedef struct Look {
    int rows, columns;
    float *weights;
} Look;

// found: of every sequence of the job's source. looks[i][h]: what hypothesis h of sequence i looks at. In the graph's arena.
Look **dm_looks(Graph *g, const Model *model, const AlignmentHeads *heads, const SearchJob *job, const Found *found);

// Ranks the hypotheses of a sentence anew, coverage counted, and leaves the n_best best (dm_translate_options).
void dm_rank_by_coverage(const dm_translate_options *options, Found *found, Look *looks);
