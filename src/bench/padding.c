// Padding put in on purpose, to measure what it costs: programs that know of no spans fill the sentences of a batch up
// until all are equally long, compute the filling as well, and take it away again by masks. Here it is computed, and a
// mask, which takes no time to speak of, is left out: what comes out is of no use, whatever piece it is filled up with,
// and how long it took is.
#include <string.h>

#include "bench/padding.h"
#include "core/memory.h"

int dm_padded_length(const int *length, const int *order, int count, int least)
{
    int longest = least;
    for (int i = 0; i < count; i++) longest = length[order[i]] > longest ? length[order[i]] : longest;
    return longest;
}

// Copies a sentence behind the others and fills it up.
static size_t fill_up(int *to, const int *from, int length, int padded, int pad)
{
    memcpy(to, from, (size_t)length * sizeof(int));
    for (int i = length; i < padded; i++) to[i] = pad;
    return (size_t)padded;
}

void dm_pad_corpus(Corpus *c, const int *order, const int *start, int groups, int least, int pad)
{
    size_t rows = 0, used = 0;
    for (int g = 0; g < groups; g++) {
        const int *of = order + start[g], n = start[g + 1] - start[g];
        rows += (size_t)n * (size_t)(dm_padded_length(c->source_length, of, n, least) +
                                     dm_padded_length(c->target_length, of, n, least));
    }
    int *ids = dm_allocate(rows, sizeof *ids);
    for (int g = 0; g < groups; g++) {
        const int *of = order + start[g], n = start[g + 1] - start[g];
        const int source = dm_padded_length(c->source_length, of, n, least),
                  target = dm_padded_length(c->target_length, of, n, least);
        for (int i = 0; i < n; i++) {
            const int k = of[i];
            const size_t first = used;
            used += fill_up(ids + used, c->ids + c->source[k], c->source_length[k], source, pad);
            const size_t second = used;
            used += fill_up(ids + used, c->ids + c->target[k], c->target_length[k], target, pad);
            c->source[k] = first, c->source_length[k] = source;
            c->target[k] = second, c->target_length[k] = target;
        }
    }
    dm_free(c->ids);
    c->ids = ids;
}
