// A shard as the model wants it: the sentences of both sides one after another, without padding.
#include "train/batch.h"

#include <string.h>

Batch dm_batch_make(Arena *arena, const Corpus *corpus, const int *order, int pairs, int decoder_start)
{
    int *source_length = dm_arena_take(arena, (size_t)pairs * sizeof(int));
    int *target_length = dm_arena_take(arena, (size_t)pairs * sizeof(int));
    size_t source_rows = 0, target_rows = 0;
    for (int i = 0; i < pairs; i++) {
        source_rows += (size_t)(source_length[i] = corpus->source_length[order[i]]);
        target_rows += (size_t)(target_length[i] = corpus->target_length[order[i]]);
    }
    int *source = dm_arena_take(arena, source_rows * sizeof(int));
    int *inputs = dm_arena_take(arena, target_rows * sizeof(int));
    int *outputs = dm_arena_take(arena, target_rows * sizeof(int));
    int *from = source, *in = inputs, *out = outputs;
    for (int i = 0; i < pairs; i++) {
        size_t n = (size_t)target_length[i];
        const int *target = corpus->ids + corpus->target[order[i]];
        memcpy(from, corpus->ids + corpus->source[order[i]], (size_t)source_length[i] * sizeof(int));
        in[0] = decoder_start;
        memcpy(in + 1, target, (n - 1) * sizeof(int));
        memcpy(out, target, n * sizeof(int));
        from += source_length[i], in += n, out += n;
    }
    return (Batch){
        .source = dm_tokens(arena, pairs, source_length, source),
        .target = dm_tokens(arena, pairs, target_length, inputs),
        .outputs = outputs,
    };
}
