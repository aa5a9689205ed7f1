// A corpus whose text is cut by chance: each epoch has other pieces, from (seed, epoch, pair, side) alone.
#include <string.h>

#include "core/memory.h"
#include "core/threads.h"
#include "data/corpus.h"

enum { JOB_PAIRS = 256 };                     // pairs that a thread cuts at a time
static const uint32_t of_noise = 0x6e6f6973;  // the streams, which are nobody else's

typedef struct Cutting {
    const Corpus *from;
    const CorpusNoise *how;
    Ids *ids[2];  // [pairs] of each Side
} Cutting;

static const int *ids_of(const Corpus *corpus, Side side, int pair)
{
    return corpus->ids + (side == DM_SOURCE ? corpus->source : corpus->target)[pair];
}

static int length_of(const Corpus *corpus, Side side, int pair)
{
    return (side == DM_SOURCE ? corpus->source_length : corpus->target_length)[pair];
}

// What comes out longer than a pair may be stays as it was.
static void cut_side(const Cutting *c, Side side, int pair)
{
    const Ids clean = {(int *)ids_of(c->from, side, pair), length_of(c->from, side, pair)};
    Ids *noisy = &c->ids[side][pair];
    Random stream = dm_random(c->how->seed, c->how->epoch, (uint32_t)pair, of_noise + (uint32_t)side);
    dm_noise_cut(c->how->noise, side, &stream, clean, noisy);
    if (!c->how->max_length || noisy->count <= c->how->max_length) return;
    memcpy(noisy->id, clean.id, (size_t)clean.count * sizeof *clean.id);
    noisy->count = clean.count;
}

static void cut_some(void *context, int index, int thread)
{
    (void)thread;
    const Cutting *c = context;
    const int start = index * JOB_PAIRS, end = c->from->pairs - start < JOB_PAIRS ? c->from->pairs : start + JOB_PAIRS;
    for (int i = start; i < end; i++)
        for (Side side = DM_SOURCE; side <= DM_TARGET; side++) cut_side(c, side, i);
}

static void take(Corpus *corpus, size_t *used, Side side, int pair, const Ids *ids)
{
    (side == DM_SOURCE ? corpus->source : corpus->target)[pair] = *used;
    (side == DM_SOURCE ? corpus->source_length : corpus->target_length)[pair] = ids->count;
    if (ids->count) memcpy(corpus->ids + *used, ids->id, (size_t)ids->count * sizeof *ids->id);
    *used += (size_t)ids->count;
}

void dm_corpus_noisy(Corpus *corpus, const Corpus *from, const CorpusNoise *how)
{
    const size_t pairs = (size_t)from->pairs;
    Cutting cutting = {from, how, {dm_allocate(pairs, sizeof(Ids)), dm_allocate(pairs, sizeof(Ids))}};
    dm_parallel(how->threads, (from->pairs + JOB_PAIRS - 1) / JOB_PAIRS, cut_some, &cutting);
    size_t pieces = 0, used = 0;
    for (size_t i = 0; i < pairs; i++)
        pieces += (size_t)cutting.ids[DM_SOURCE][i].count + (size_t)cutting.ids[DM_TARGET][i].count;
    *corpus = (Corpus){.pairs = from->pairs};
    dm_corpus_make_room(corpus, pairs, pieces);
    for (int i = 0; i < from->pairs; i++) {
        corpus->line[i] = from->line[i];
        for (Side side = DM_SOURCE; side <= DM_TARGET; side++) {
            take(corpus, &used, side, i, &cutting.ids[side][i]);
            dm_free(cutting.ids[side][i].id);
        }
    }
    dm_free(cutting.ids[DM_SOURCE]);
    dm_free(cutting.ids[DM_TARGET]);
}
