// Sequences of ids, as models read and write them.
#pragma once
#include "core/arena.h"
#include "tensor/tensor.h"

// What stands in the place of single ids: shares of several.
typedef struct Mixture {
    int most;             // ids of a row
    const int *ids;       // [n, most]
    const float *shares;  // [n, most] of their embeddings; none at all: a row is read as its place alone
} Mixture;

// Some sequences of ids, concatenated.
typedef struct Tokens {
    int n;                 // rows
    const int *ids;        // [n]
    const int *positions;  // [n] place of each in its sequence, from 0
    Spans spans;
    const Mixture *mixture;  // which is read instead of ids, where embeddings are added up; NULL: there is none
} Tokens;

// Tokens in the arena: copies ids and spans, sets positions. lengths [n], ids concatenated.
Tokens dm_tokens(Arena *arena, int n, const int *lengths, const int *ids);

// Teacher forcing: what a decoder reads while it writes the sequences w1 ... wn (the last is the end of sentence):
// `start` w1 ... w(n-1), so that row i reads what stands before the piece that it is to predict.
Tokens dm_shifted(Arena *arena, Tokens written, int start);
