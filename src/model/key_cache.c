// The caches of a search, and what looks back at them: self-attention, or a scan.
#include "model/key_cache.h"

#include <limits.h>
#include <string.h>

#include "core/memory.h"

// Padded: the rows of a step are often a multiple of a power of two, so that those of one slot would fall into the same
// few sets of the processor's caches.
static size_t row_size(const KeyCache *c)
{
    enum { PADDING = 16 };
    return (size_t)c->width + PADDING;
}

void dm_key_cache_start(KeyCache *c, KeyCache shape, Arena *arena, int slots)
{
    *c = shape;
    c->arena = arena;
    c->rows = dm_allocate((size_t)c->layers, sizeof *c->rows);
    dm_past_start(&c->past, slots);
}

void dm_key_cache_make_room(KeyCache *c, int more)
{
    dm_past_make_room(&c->past, c->arena, c->rows, c->layers, row_size(c), more);
}

void dm_key_cache_free(KeyCache *c)
{
    dm_free(c->rows);
    dm_past_free(&c->past);
}

Fresh dm_key_cache_extend(KeyCache *c, Graph *g, const int *ids, const int *lengths, int window)
{
    Past *past = &c->past;
    int more = past->n;
    if (lengths) more = 0;
    for (int i = 0; lengths && i < past->n; i++) more += lengths[i];
    dm_key_cache_make_room(c, more);  // none is taken where keep has made it
    const int first = past->used, slots = past->n, count = dm_past_extend(past, lengths),
              most = window ? window + 1 : INT_MAX;
    const size_t n = (size_t)count, m = (size_t)slots;
    int *memory = dm_arena_take(g->arena, (5 * n + 2 * m) * sizeof(int));
    int *position = memory, *row = position + n, *one = row + n, *list_start = one + n, *list_length = list_start + n,
        *start = list_length + n, *length = start + m;
    for (int i = 0, at = 0; i < slots; i++) {
        start[i] = at;
        length[i] = lengths ? lengths[i] : 1;
        for (int j = 0; j < length[i]; j++, at++) {
            position[at] = past->now.length[i] - length[i] + j;
            row[at] = at;
            one[at] = 1;
            list_length[at] = position[at] < most ? position[at] + 1 : most;
            list_start[at] = i * past->now.steps + position[at] + 1 - list_length[at];
        }
    }
    return (Fresh){.tokens = {count, ids, position, {slots, start, length}},
                   .first = first,
                   .each = {count, row, one},
                   .own = {count, list_start, list_length}};
}

static Tensor cache_of(const KeyCache *c, int layer)
{
    return (Tensor){.rows = c->past.used, .cols = c->width, .stride = (int)row_size(c), .data = c->rows[layer]};
}

void dm_key_cache_fill(KeyCache *c, int layer, int first, const Tensor *k, const Tensor *v)
{
    const Tensor cache = cache_of(c, layer);
    const size_t size = (size_t)k->cols * sizeof(float);
    for (int i = 0; i < k->rows; i++) {
        float *kept = dm_row(&cache, first + i);
        memcpy(kept, dm_row(k, i), size);
        memcpy(kept + k->cols, dm_row(v, i), size);
    }
}

Chain dm_key_cache_chain(const KeyCache *c, int layer, Graph *g, const Fresh *fresh)
{
    const Spans spans = fresh->tokens.spans;
    int *before = dm_arena_take(g->arena, (size_t)fresh->tokens.n * sizeof(int));
    for (int i = 0; i < spans.n; i++) {
        const int *rows = dm_past_rows(&c->past, i);
        for (int j = spans.start[i]; j < spans.start[i] + spans.length[i]; j++)
            before[j] = fresh->tokens.positions[j] ? rows[fresh->tokens.positions[j] - 1] : -1;
    }
    return (Chain){cache_of(c, layer), fresh->first, before, fresh->tokens.positions};
}

Tensor *dm_key_cache_attend(KeyCache *c, int layer, const Sublayer *s, const Block *block, const Positions *positions,
                            Tensor *x, const Fresh *fresh)
{
    const Heads made = dm_block_heads(s, block, positions, fresh->tokens, x);
    const Tensor cache = cache_of(c, layer);
    dm_key_cache_fill(c, layer, fresh->first, &made.k, &made.v);
    return dm_block_mix(s, block, x,
                        &(Attention){.q = made.q,
                                     .k = dm_columns(&cache, 0, made.k.cols),
                                     .v = dm_columns(&cache, made.k.cols, made.v.cols),
                                     .queries = fresh->each,
                                     .keys = fresh->own,
                                     .rows = c->past.now.rows,
                                     .heads = positions->shape.heads,
                                     .key_heads = c->key_heads,
                                     .slopes = positions->slopes});
}
