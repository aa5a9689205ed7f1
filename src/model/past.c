// The lists of rows of the slots of a search.
#include "model/past.h"

#include <string.h>

#include "core/error.h"
#include "core/memory.h"

// Keeps what stands in them.
static void make_room(PastLists *lists, int slots, int steps)
{
    if (slots <= lists->slots && steps <= lists->steps) return;
    PastLists larger = {.slots = slots > lists->slots ? slots : lists->slots,
                        .steps = steps > lists->steps ? 2 * steps : lists->steps};
    larger.rows = dm_allocate((size_t)larger.slots * (size_t)larger.steps, sizeof(int));
    larger.length = dm_allocate((size_t)larger.slots, sizeof(int));
    larger.source = dm_allocate((size_t)larger.slots, sizeof(int));
    for (int i = 0; i < lists->slots; i++) {
        larger.length[i] = lists->length[i];
        larger.source[i] = lists->source[i];
        if (lists->length[i])
            memcpy(larger.rows + (size_t)i * (size_t)larger.steps, lists->rows + (size_t)i * (size_t)lists->steps,
                   (size_t)lists->length[i] * sizeof(int));
    }
    dm_free(lists->rows);
    dm_free(lists->length);
    dm_free(lists->source);
    *lists = larger;
}

static int longest(const PastLists *lists, int n)
{
    int most = 0;
    for (int i = 0; i < n; i++) most = lists->length[i] > most ? lists->length[i] : most;
    return most;
}

void dm_past_start(Past *past, int n)
{
    *past = (Past){.n = n};
    make_room(&past->now, n, 1);
    for (int i = 0; i < n; i++) past->now.source[i] = i;
}

void dm_past_keep(Past *past, const int *from, const int *lengths, int n)
{
    make_room(&past->next, n, longest(&past->now, past->n) + 1);
    for (int i = 0; i < n; i++) {
        const int slot = from[i], length = lengths ? lengths[i] : past->now.length[slot];
        memcpy(past->next.rows + (size_t)i * (size_t)past->next.steps, dm_past_rows(past, slot),
               (size_t)length * sizeof(int));
        past->next.length[i] = length;
        past->next.source[i] = past->now.source[slot];
    }
    const PastLists spent = past->now;
    past->now = past->next;
    past->next = spent;
    past->n = n;
}

int dm_past_extend(Past *past, const int *lengths)
{
    int most = 1, count = 0;
    for (int i = 0; lengths && i < past->n; i++) most = lengths[i] > most ? lengths[i] : most;
    make_room(&past->now, past->n, longest(&past->now, past->n) + most);
    for (int i = 0; i < past->n; i++) {
        int *rows = dm_past_rows(past, i);
        for (int j = 0; j < (lengths ? lengths[i] : 1); j++) rows[past->now.length[i]++] = past->used + count++;
    }
    past->used += count;
    return count;
}

// From the second step on, a beam has as many slots as it will ever have: as many steps of it as most lines need.
static int room_for(const Past *past, int more)
{
    enum { STEPS = 31 };
    const int needed = past->used + more, steps = longest(&past->now, past->n);
    if (needed <= past->room) return past->room;
    return steps == 0 ? needed : steps == 1 ? past->used + STEPS * more : 2 * needed;
}

void dm_past_make_room(Past *past, Arena *arena, float **caches, int count, size_t width, int more)
{
    const int room = room_for(past, more);
    if (room == past->room) return;
    for (int i = 0; i < count; i++) {
        float *larger = dm_arena_take(arena, (size_t)room * width * sizeof(float));
        if (past->used) memcpy(larger, caches[i], (size_t)past->used * width * sizeof(float));
        caches[i] = larger;
    }
    past->room = room;
}

void dm_past_free(Past *past)
{
    PastLists *const lists[] = {&past->now, &past->next};
    for (int i = 0; i < 2; i++) {
        dm_free(lists[i]->rows);
        dm_free(lists[i]->length);
        dm_free(lists[i]->source);
    }
    *past = (Past){0};
}
