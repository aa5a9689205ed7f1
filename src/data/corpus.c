// A parallel corpus: a bitext becomes ids in memory, pair by pair.
#include "data/corpus.h"

#include <string.h>

#include "core/memory.h"
#include "core/threads.h"

enum { JOB_PAIRS = 256 };  // pairs that a thread encodes at a time

typedef struct Encoding {
    const Segmenter *segmenter;
    char **source_line, **target_line;
    int pairs;
    Ids *source, *target;  // [pairs]
    Stop *stop;
} Encoding;

static void encode_some(void *context, int index, int thread)
{
    (void)thread;
    const Encoding *e = context;
    if (dm_stop_asked(e->stop)) return;
    int start = index * JOB_PAIRS, end = e->pairs - start < JOB_PAIRS ? e->pairs : start + JOB_PAIRS;
    for (int i = start; i < end; i++) {
        dm_encode(e->segmenter, DM_SOURCE, e->source_line[i], &e->source[i]);
        dm_encode(e->segmenter, DM_TARGET, e->target_line[i], &e->target[i]);
    }
}

// Copies the ids of the pairs that stay behind one another.
static Status keep_pairs(Corpus *corpus, const Encoding *encoding, const CorpusRules *rules, const char *name,
                         Error *error)
{
    size_t ids = 0, used = 0;
    int all = encoding->pairs;
    for (int i = 0; i < all; i++) ids += (size_t)encoding->source[i].count + (size_t)encoding->target[i].count;
    corpus->ids = dm_allocate(ids, sizeof *corpus->ids);
    corpus->source = dm_allocate((size_t)all, sizeof *corpus->source);
    corpus->target = dm_allocate((size_t)all, sizeof *corpus->target);
    corpus->source_length = dm_allocate((size_t)all, sizeof *corpus->source_length);
    corpus->target_length = dm_allocate((size_t)all, sizeof *corpus->target_length);
    corpus->line = dm_allocate((size_t)all, sizeof *corpus->line);
    for (int i = 0; i < all; i++) {
        const Ids *source = &encoding->source[i], *target = &encoding->target[i];
        bool empty = source->count == 1 || target->count == 1;  // nothing but the end of sentence
        bool too_long = rules->max_length && (source->count > rules->max_length || target->count > rules->max_length);
        if (empty && !rules->keep_all) {
            corpus->skipped_empty++;
        } else if (too_long) {
            corpus->skipped_long++;
        } else {
            int pair = corpus->pairs++;
            corpus->line[pair] = i + 1;
            corpus->source[pair] = used;
            corpus->source_length[pair] = source->count;
            memcpy(corpus->ids + used, source->id, (size_t)source->count * sizeof *corpus->ids);
            used += (size_t)source->count;
            corpus->target[pair] = used;
            corpus->target_length[pair] = target->count;
            memcpy(corpus->ids + used, target->id, (size_t)target->count * sizeof *corpus->ids);
            used += (size_t)target->count;
        }
    }
    if (used) corpus->ids = dm_reallocate(corpus->ids, used, sizeof *corpus->ids);
    if (corpus->pairs) return DM_OK;
    if (corpus->skipped_long == 0) return dm_fail(error, "%s: no sentence pair is left: each has an empty side", name);
    return dm_fail(error,
                   "%s: no sentence pair is left: %d have an empty side and %d a side of more than %d pieces: raise "
                   "--max-length",
                   name, corpus->skipped_empty, corpus->skipped_long, rules->max_length);
}

Status dm_corpus_make(Corpus *corpus, const Bitext *bitext, const CorpusRules *rules, const Segmenter *segmenter,
                      Error *error)
{
    size_t count = bitext->lines[DM_SOURCE].count;
    Encoding encoding = {.segmenter = segmenter,
                         .source_line = bitext->lines[DM_SOURCE].line,
                         .target_line = bitext->lines[DM_TARGET].line,
                         .pairs = (int)count,
                         .source = dm_allocate(count, sizeof *encoding.source),
                         .target = dm_allocate(count, sizeof *encoding.target),
                         .stop = rules->stop};
    *corpus = (Corpus){0};
    dm_parallel(rules->threads > 0 ? rules->threads : 1, (encoding.pairs + JOB_PAIRS - 1) / JOB_PAIRS, encode_some,
                &encoding);
    const bool stopped = dm_stop_asked(rules->stop);
    if (stopped) dm_fail(error, "%s: stopped while it was cut into pieces", bitext->name);
    Status status = stopped ? DM_STOPPED : keep_pairs(corpus, &encoding, rules, bitext->name, error);
    for (int i = 0; i < encoding.pairs; i++) {
        dm_free(encoding.source[i].id);
        dm_free(encoding.target[i].id);
    }
    dm_free(encoding.source);
    dm_free(encoding.target);
    if (status) dm_corpus_free(corpus);
    return status;
}

void dm_corpus_free(Corpus *corpus)
{
    dm_free(corpus->ids);
    dm_free(corpus->source);
    dm_free(corpus->target);
    dm_free(corpus->source_length);
    dm_free(corpus->target_length);
    dm_free(corpus->line);
    *corpus = (Corpus){0};
}
