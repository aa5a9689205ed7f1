// A count of pieces.
#include "text/piece_counter.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/memory.h"

static bool is_piece(const CountedPiece *slot, const char *piece, size_t length)
{
    return slot->length == length && memcmp(slot->piece, piece, length) == 0;
}

static CountedPiece *find(const PieceCounter *counter, const char *piece, size_t length)
{
    size_t at = dm_hash_text(piece, length) & (counter->slots - 1);
    while (counter->slot[at].piece && !is_piece(&counter->slot[at], piece, length))
        at = (at + 1) & (counter->slots - 1);
    return &counter->slot[at];
}

static const char *keep(PieceCounter *counter, const char *piece, size_t length)
{
    return memcpy(dm_arena_take(&counter->kept, length), piece, length);
}

void dm_piece_count(PieceCounter *counter, const char *piece, size_t length)
{
    if (2 * counter->used >= counter->slots) {
        PieceCounter old = *counter;
        counter->slots = old.slots ? 2 * old.slots : 1024;
        counter->slot = dm_allocate(counter->slots, sizeof *counter->slot);
        for (size_t i = 0; i < old.slots; i++)
            if (old.slot[i].piece) *find(counter, old.slot[i].piece, old.slot[i].length) = old.slot[i];
        dm_free(old.slot);
    }
    CountedPiece *found = find(counter, piece, length);
    if (!found->piece) {
        *found = (CountedPiece){counter->keeps ? keep(counter, piece, length) : piece, length, 0};
        counter->used++;
    }
    found->times++;
}

static int more_often(const void *left, const void *right)
{
    const CountedPiece *a = left, *b = right;
    if (a->times != b->times) return a->times < b->times ? 1 : -1;
    int order = memcmp(a->piece, b->piece, a->length < b->length ? a->length : b->length);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

void dm_pieces_sort(PieceCounter *counter)
{
    size_t kept = 0;
    for (size_t i = 0; i < counter->slots; i++)
        if (counter->slot[i].piece) counter->slot[kept++] = counter->slot[i];
    if (kept) qsort(counter->slot, kept, sizeof *counter->slot, more_often);
}

char **dm_pieces_copy(const PieceCounter *counter, int count)
{
    char **pieces = dm_allocate((size_t)count, sizeof *pieces);
    for (int i = 0; i < count; i++) pieces[i] = dm_format("%.*s", (int)counter->slot[i].length, counter->slot[i].piece);
    return pieces;
}

void dm_piece_counter_free(PieceCounter *counter)
{
    dm_free(counter->slot);
    dm_arena_destroy(&counter->kept);
    *counter = (PieceCounter){0};
}
