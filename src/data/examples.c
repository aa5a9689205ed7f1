// Pairs: the sentences of both sides one after another, without padding.
#include "data/examples.h"

#include <string.h>

static Tokens side(Arena *arena, const Corpus *corpus, const size_t *start, const int *length, const int *order,
                   int count)
{
    int *lengths = dm_arena_take(arena, (size_t)count * sizeof(int));
    size_t rows = 0;
    for (int i = 0; i < count; i++) rows += (size_t)(lengths[i] = length[order[i]]);
    int *ids = dm_arena_take(arena, rows * sizeof(int)), *at = ids;
    for (int i = 0; i < count; at += lengths[i++])
        memcpy(at, corpus->ids + start[order[i]], (size_t)lengths[i] * sizeof(int));
    return dm_tokens(arena, count, lengths, ids);
}

static Example make_pairs(Arena *arena, const Corpus *c, const int *order, int count, int start)
{
    const Tokens source = side(arena, c, c->source, c->source_length, order, count),
                 written = side(arena, c, c->target, c->target_length, order, count);
    return (Example){.source = source, .read = dm_shifted(arena, written, start), .written = written.ids};
}

const ExampleKind dm_pairs = {"pairs", make_pairs};

const ExampleKind *const dm_example_kinds[] = {&dm_pairs, NULL};

static const void *doubled(Arena *arena, const void *from, size_t bytes)
{
    char *to = dm_arena_take(arena, 2 * bytes);
    memcpy(to, from, bytes);
    memcpy(to + bytes, from, bytes);
    return to;
}

static Tokens tokens_twice(Arena *arena, Tokens t)
{
    const int *lengths = doubled(arena, t.spans.length, (size_t)t.spans.n * sizeof(int)),
              *ids = doubled(arena, t.ids, (size_t)t.n * sizeof(int));
    return dm_tokens(arena, 2 * t.spans.n, lengths, ids);
}

Example dm_example_twice(Arena *arena, const Example *e)
{
    const size_t rows = (size_t)e->read.n;
    return (Example){.source = tokens_twice(arena, e->source),
                     .read = tokens_twice(arena, e->read),
                     .written = doubled(arena, e->written, rows * sizeof(int)),
                     .weights = e->weights ? doubled(arena, e->weights, rows * sizeof(float)) : NULL};
}
