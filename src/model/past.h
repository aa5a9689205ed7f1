// What the slots of a search have taken so far. Every piece that a slot takes is a row of the architecture's caches,
// and no row ever moves: slots that go on from the same one share its past, and each keeps a list of the rows that are
// its own. To go back is to shorten the list.
#pragma once
#include "core/arena.h"

typedef struct PastLists {
    int slots, steps;  // room
    int *rows;         // [slots, steps]: of each slot the row of each of its pieces
    int *length;       // [slots]
    int *source;       // [slots] which source it reads
} PastLists;

typedef struct Past {
    int n;           // slots
    int used, room;  // rows of the caches
    PastLists now, next;
} Past;

void dm_past_start(Past *past, int n);
void dm_past_keep(Past *past, const int *from, const int *lengths, int n);
// New rows behind the slots: lengths[i] for slot i (NULL: one each). Returns how many there are in all: they are the
// rows used ... used + count - 1, which count from then on.
int dm_past_extend(Past *past, const int *lengths);
void dm_past_free(Past *past);

static inline int *dm_past_rows(const Past *past, int slot)
{
    return past->now.rows + (size_t)slot * (size_t)past->now.steps;
}

// Room for `more` rows in caches of rows of this width, which lie in the arena: what is in them moves along. All caches
// of a past are given together.
void dm_past_make_room(Past *past, Arena *arena, float **caches, int count, size_t width, int more);
