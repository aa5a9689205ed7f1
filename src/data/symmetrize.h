// One alignment of a pair of two: of one, each target word comes from a source word, of the other, each source word from a
// target word (Och and Ney 2003, "A systematic comparison of various statistical alignment models"; Koehn, Och and Marcu
// 2003, "Statistical phrase-based translation").
#pragma once
#include "core/choice.h"
#include "text/links.h"

// The two alignments: of[DM_TARGET][i] is the place in the source that target word i comes from, or -1; of[DM_SOURCE][j]
// that in the target that source word j comes from.
typedef struct TwoAlignments {
    const int *of[2];
    int sources, targets;
} TwoAlignments;

typedef struct Symmetrization Symmetrization;
Choice dm_symmetrization_choice(int index);
const Symmetrization *dm_symmetrization_of(const char *name);
// The links of the next pair.
void dm_symmetrize(LinkedPairs *pairs, const Symmetrization *how, const TwoAlignments *two);
