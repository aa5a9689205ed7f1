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
    Ids *source, *target, *places;  // [pairs]
    Stop *stop;
} Encoding;

static void encode_some(void *context, int index, int thread)
{
    (void)thread;
    const Encoding *e = context;
    if (dm_stop_asked(e->stop)) return;
    int start = index * JOB_PAIRS, end = e->pairs - start < JOB_PAIRS ? e->pairs : start + JOB_PAIRS;
    for (int i = start; i < end; i++) {
        dm_encode_source(e->segmenter, e->source_line[i], &e->source[i], &e->places[i]);
        dm_encode(e->segmenter, DM_TARGET, e->target_line[i], &e->target[i]);
    }
}

static size_t put(Corpus *corpus, size_t *used, const Ids *ids)
{
    const size_t at = *used;
    if (ids->count) memcpy(corpus->ids + at, ids->id, (size_t)ids->count * sizeof *corpus->ids);
    *used += (size_t)ids->count;
    return at;
}

static Status check_known(const Encoding *encoding, int pair, const char *name, Error *error)
{
    char *unknown = dm_unknown_label(encoding->segmenter, encoding->target_line[pair]);
    Status status = DM_OK;
    if (unknown)
        status =
            dm_fail(error, "%s: line %d has the label %.100s, which this model does not have", name, pair + 1, unknown);
    dm_free(unknown);
    return status;
}

// Copies the ids of the pairs that stay behind one another.
static Status keep_pairs(Corpus *corpus, const Encoding *encoding, const CorpusRules *rules, const char *name,
                         Error *error)
{
    const bool labels = dm_segmenter_labels(encoding->segmenter) != DM_NO_LABELS;
    const int nothing = labels ? 0 : 1;  // of a target: the end of sentence, or not even that
    size_t ids = 0, used = 0;
    int all = encoding->pairs;
    for (int i = 0; i < all; i++)
        ids +=
            (size_t)encoding->source[i].count + (size_t)encoding->target[i].count + (size_t)encoding->places[i].count;
    corpus->ids = dm_allocate(ids, sizeof *corpus->ids);
    corpus->source = dm_allocate((size_t)all, sizeof *corpus->source);
    corpus->target = dm_allocate((size_t)all, sizeof *corpus->target);
    corpus->source_length = dm_allocate((size_t)all, sizeof *corpus->source_length);
    corpus->target_length = dm_allocate((size_t)all, sizeof *corpus->target_length);
    corpus->line = dm_allocate((size_t)all, sizeof *corpus->line);
    if (labels) corpus->places = dm_allocate((size_t)all, sizeof *corpus->places);
    for (int i = 0; i < all; i++) {
        const Ids *source = &encoding->source[i], *target = &encoding->target[i];
        bool empty = source->count == 1 || target->count == nothing;
        bool too_long = rules->max_length && (source->count > rules->max_length || target->count > rules->max_length);
        if (empty && !rules->keep_all) {
            corpus->skipped_empty++;
        } else if (too_long) {
            corpus->skipped_long++;
        } else {
            int pair = corpus->pairs++;
            corpus->line[pair] = i + 1;
            corpus->source_length[pair] = source->count;
            corpus->target_length[pair] = target->count;
            corpus->source[pair] = put(corpus, &used, source);
            corpus->target[pair] = put(corpus, &used, target);
            if (!labels) continue;
            corpus->places[pair] = put(corpus, &used, &encoding->places[i]);
            if (rules->keep_all) continue;
            Status status = check_known(encoding, i, name, error);
            if (status) return status;
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
                         .places = dm_allocate(count, sizeof *encoding.places),
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
        dm_free(encoding.places[i].id);
    }
    dm_free(encoding.source);
    dm_free(encoding.target);
    dm_free(encoding.places);
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
    dm_free(corpus->places);
    dm_free(corpus->line);
    *corpus = (Corpus){0};
}
