// Sequences of ids: copied into an arena, and shifted by one for teacher forcing.
#include "tensor/tokens.h"

#include <string.h>

Tokens dm_tokens(Arena *arena, int n, const int *lengths, const int *ids)
{
    int total = 0;
    for (int i = 0; i < n; i++) total += lengths[i];
    int *memory = dm_arena_take(arena, (size_t)(2 * total + 2 * n) * sizeof(int));
    int *copied = memory, *positions = memory + total, *start = memory + 2 * total, *length = start + n;
    if (total) memcpy(copied, ids, (size_t)total * sizeof(int));
    for (int i = 0, at = 0; i < n; at += lengths[i++]) {
        start[i] = at;
        length[i] = lengths[i];
        for (int j = 0; j < lengths[i]; j++) positions[at + j] = j;
    }
    return (Tokens){total, copied, positions, {n, start, length}, NULL};
}

Tokens dm_shifted(Arena *arena, Tokens written, int start)
{
    Tokens read = written;
    int *ids = dm_arena_take(arena, (size_t)written.n * sizeof(int));
    for (int i = 0; i < written.n; i++) ids[i] = written.positions[i] ? written.ids[i - 1] : start;
    read.ids = ids;
    if (!written.mixture) return read;
    const int most = written.mixture->most;  // what stands before is all there
    Mixture *mixture = dm_arena_take(arena, sizeof *mixture);
    int *pieces = dm_arena_take(arena, (size_t)(written.n * most) * sizeof(int));
    float *shares = dm_arena_take(arena, (size_t)(written.n * most) * sizeof(float));
    for (int i = 0; i < written.n * most; i++) {
        const bool before = written.positions[i / most];
        pieces[i] = before ? written.mixture->ids[i - most] : start;
        shares[i] = before ? written.mixture->shares[i - most] : i % most == 0;
    }
    *mixture = (Mixture){most, pieces, shares};
    read.mixture = mixture;
    return read;
}
