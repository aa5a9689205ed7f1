// Counting what a text is made of, to make a vocabulary of it.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct Counted {
    const char *piece;  // in the text, which goes on behind it
    size_t length;
    int64_t times;
} Counted;

// A hash table (open addressing) of what stands between spaces. It begins as zeros; the caller frees its slots.
typedef struct PieceCounter {
    Counted *slot;
    size_t slots, used;
} PieceCounter;

void dm_piece_count(PieceCounter *counter, const char *piece, size_t length);
// The pieces, the most frequent first (among equals by their bytes), lie in front afterwards.
void dm_pieces_sort(PieceCounter *counter);
char **dm_pieces_copy(const PieceCounter *counter, int count);  // the first ones, each by itself (dm_pieces_free)
