// Counting what a text is made of, to make a vocabulary of it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"

typedef struct CountedPiece {
    const char *piece;  // in the text, which goes on behind it, or kept
    size_t length;
    int64_t times;
} CountedPiece;

// A hash table (open addressing) of what stands between spaces. It begins as zeros, or with `keeps`.
typedef struct PieceCounter {
    CountedPiece *slot;
    size_t slots, used;
    bool keeps;  // the text goes before the count is done: pieces are copied
    Arena kept;
} PieceCounter;

void dm_piece_count(PieceCounter *counter, const char *piece, size_t length);
// The pieces, the most frequent first (among equals by their bytes), lie in front afterwards.
void dm_pieces_sort(PieceCounter *counter);
char **dm_pieces_copy(const PieceCounter *counter, int count);  // the first ones, each by itself (dm_pieces_free)
void dm_piece_counter_free(PieceCounter *counter);
