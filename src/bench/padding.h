// Padding put in on purpose (padding.c).
#pragma once
#include "data/corpus.h"

// Of the longest of some pairs, and `least` at least.
int dm_padded_length(const int *length, const int *order, int count, int least);
// Group g of the pairs, order[start[g] ... start[g + 1] - 1], is filled up until all in it are equally long on either
// side.
void dm_pad_corpus(Corpus *corpus, const int *order, const int *start, int groups, int least, int pad);
