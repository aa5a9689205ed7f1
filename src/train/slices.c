// What ranks hand one another in a step of the optimizer.
#include "train/slices.h"

#include "core/memory.h"

static size_t size_of(const Slices *s)
{
    return s->end - s->from;
}

void dm_slices_create(Slices *s, Exchange *exchange, const Lanes *lanes, size_t size)
{
    const size_t blocks = (size + DM_BLOCK - 1) / DM_BLOCK;
    const int ranks = dm_ranks(exchange), rank = dm_rank(exchange);
    *s = (Slices){.exchange = exchange,
                  .rank = rank,
                  .ranks = ranks,
                  .start = dm_allocate((size_t)ranks + 1, sizeof *s->start),
                  .sum = dm_allocate((size_t)lanes->count, sizeof *s->sum)};
    for (int i = 1; i <= ranks; i++) {
        const size_t end = blocks * (size_t)i / (size_t)ranks * DM_BLOCK;
        s->start[i] = end < size ? end : size;
    }
    s->from = s->start[rank];
    s->end = s->start[rank + 1];
    int roots[DM_MOST_SUBTREES], received = 0;
    for (int i = 0; i < ranks; i++) received += i == rank ? 0 : dm_lanes_subtrees(lanes->count, i, ranks, roots);
    if (received) s->room = dm_allocate((size_t)received * size_of(s) + 1, sizeof *s->room);
    float *room = s->room;
    for (int i = 0; i < ranks; i++) {
        const int subtrees = dm_lanes_subtrees(lanes->count, i, ranks, roots);
        for (int t = 0; t < subtrees; t++) {
            s->sum[roots[t]] = i == rank ? lanes->lane[roots[t]] + s->from : room;
            if (i != rank) room += size_of(s);
        }
    }
}

void dm_slices_free(Slices *s)
{
    dm_free(s->start);
    dm_free(s->room);
    dm_free(s->sum);
    *s = (Slices){0};
}

int dm_slices_first_block(const Slices *s, int rank)
{
    return (int)((s->start[rank] + DM_BLOCK - 1) / DM_BLOCK);
}

void dm_slices_receive(const Slices *s, const Lanes *lanes)
{
    int roots[DM_MOST_SUBTREES];
    for (int i = 1; i < s->ranks; i++) {
        const int from = (s->rank + i) % s->ranks, subtrees = dm_lanes_subtrees(lanes->count, from, s->ranks, roots);
        for (int t = 0; t < subtrees; t++)
            dm_exchange_receive(s->exchange, from, s->sum[roots[t]], size_of(s) * sizeof(float));
    }
}

void dm_slices_send(const Slices *s, const Lanes *lanes, int to)
{
    int roots[DM_MOST_SUBTREES];
    const int subtrees = dm_lanes_subtrees(lanes->count, s->rank, s->ranks, roots);
    for (int t = 0; t < subtrees; t++)
        dm_exchange_send(s->exchange, to, lanes->lane[roots[t]] + s->start[to],
                         (s->start[to + 1] - s->start[to]) * sizeof(float));
}

// Where slices begin in a buffer of such units, in bytes; first: where the units do not go by floats. To be freed.
static size_t *starts(const Slices *s, size_t unit, const int *first)
{
    size_t *start = dm_allocate((size_t)s->ranks + 1, sizeof *start);
    for (int i = 0; i <= s->ranks; i++) start[i] = unit * (first ? (size_t)first[i] : s->start[i]);
    return start;
}

static void gather(const Slices *s, void *buffer, size_t unit, const int *first)
{
    if (!s->exchange) return;
    size_t *start = starts(s, unit, first);
    dm_exchange_gather(s->exchange, buffer, start);
    dm_free(start);
}

void dm_slices_gather(const Slices *s, float *buffer)
{
    gather(s, buffer, sizeof *buffer, NULL);
}

void dm_slices_gather_doubles(const Slices *s, double *numbers, const int *first)
{
    gather(s, numbers, sizeof *numbers, first);
}

void dm_slices_collect(const Slices *s, const float *own, float *all)
{
    size_t *start = starts(s, sizeof *own, NULL);
    dm_exchange_collect(s->exchange, own, all, start);
    dm_free(start);
}

void dm_slices_deal(const Slices *s, const float *all, float *own)
{
    size_t *start = starts(s, sizeof *own, NULL);
    dm_exchange_deal(s->exchange, all, own, start);
    dm_free(start);
}
