// A corpus: a bitext becomes ids in memory, pair by pair.
#include "data/corpus.h"

#include <limits.h>
#include <string.h>

#include "core/memory.h"
#include "core/threads.h"
#include "data/windows.h"

enum { JOB_PAIRS = 256 };  // pairs that a thread encodes at a time

typedef struct Encoding {
    const Segmenter *segmenter;
    char **line[2];  // of each Side; NULL: text alone has no source
    int pairs;
    Ids *ids[2];     // [pairs] of each Side
    Ids *copies[2];  // [pairs] what the ids are copied as; NULL: nobody asks
    Ids *places;     // [pairs] of labels
    Stop *stop;
} Encoding;

static void encode_some(void *context, int index, int thread)
{
    (void)thread;
    const Encoding *e = context;
    if (dm_stop_asked(e->stop)) return;
    int start = index * JOB_PAIRS, end = e->pairs - start < JOB_PAIRS ? e->pairs : start + JOB_PAIRS;
    for (int i = start; i < end; i++)
        for (Side side = DM_SOURCE; side <= DM_TARGET; side++) {
            if (!e->line[side]) continue;
            if (side == DM_SOURCE)
                dm_encode_source(e->segmenter, e->line[side][i], &e->ids[side][i], &e->places[i]);
            else
                dm_encode(e->segmenter, side, e->line[side][i], &e->ids[side][i]);
        }
    for (int i = start; i < end && e->copies[DM_SOURCE]; i++)
        dm_encode_copies(e->segmenter, e->line[DM_SOURCE][i], e->line[DM_TARGET][i], &e->copies[DM_SOURCE][i],
                         &e->copies[DM_TARGET][i]);
}

static bool is_alone(const Encoding *e)
{
    return !e->line[DM_SOURCE];
}

static bool has_labels(const Encoding *e)
{
    return dm_segmenter_labels(e->segmenter) != DM_NO_LABELS;
}

// Rows to say a target: one for each piece, and for a blank between two that are the same. Its end needs none.
static int rows_for(const int *target, int count)
{
    int rows = count - 1;
    for (int i = 1; i + 1 < count; i++) rows += target[i] == target[i - 1];
    return rows;
}

bool dm_corpus_takes(Corpus *corpus, const PairIds *pair, const CorpusRules *rules)
{
    const int target = pair->target + pair->labels, source = pair->alone ? target : pair->source,
              less = source < target ? source : target, more = source < target ? target : source;
    const bool empty = less < rules->shortest, too_long = rules->max_length && more > rules->max_length && !pair->alone;
    const bool unsaid = rules->upsample && rows_for(pair->id + pair->source, pair->target) > rules->upsample * source;
    corpus->skipped_empty += empty;
    corpus->skipped_long += too_long && !empty;
    corpus->skipped_unsaid += unsaid && !too_long && !empty;
    return !empty && !too_long && !unsaid;
}

void dm_corpus_index(Corpus *corpus, const PairIds *pair, const CorpusRules *rules)
{
    const int windows = pair->alone ? dm_windows(pair->target, rules->max_length) : 1;
    corpus->cut += windows > 1;
    for (int w = 0; w < windows; w++) {
        const int first = dm_window_start(pair->target, windows, w), next = corpus->pairs++;
        corpus->line[next] = pair->line;
        corpus->source[next] = pair->at;
        corpus->source_length[next] = pair->source;
        corpus->target[next] = pair->at + (size_t)pair->source + (size_t)first;
        corpus->target_length[next] = dm_window_start(pair->target, windows, w + 1) - first;
    }
}

void dm_corpus_make_index(Corpus *corpus, size_t pairs)
{
    corpus->source = dm_allocate(pairs, sizeof *corpus->source);
    corpus->target = dm_allocate(pairs, sizeof *corpus->target);
    corpus->source_length = dm_allocate(pairs, sizeof *corpus->source_length);
    corpus->target_length = dm_allocate(pairs, sizeof *corpus->target_length);
    corpus->line = dm_allocate(pairs, sizeof *corpus->line);
}

void dm_corpus_make_room(Corpus *corpus, size_t pairs, size_t pieces)
{
    dm_corpus_make_index(corpus, pairs);
    corpus->ids = dm_allocate(pieces, sizeof *corpus->ids);
}

static void append(Corpus *corpus, size_t *used, Ids pieces)
{
    if (pieces.count) memcpy(corpus->ids + *used, pieces.id, (size_t)pieces.count * sizeof *corpus->ids);
    *used += (size_t)pieces.count;
}

static void append_copies(Corpus *corpus, size_t at, Ids copies)
{
    if (corpus->copies && copies.count)
        memcpy(corpus->copies + at, copies.id, (size_t)copies.count * sizeof *corpus->copies);
}

// The ids of a pair behind all others.
static PairIds put_ids(Corpus *corpus, size_t *used, const Encoding *e, int pair)
{
    const Ids source = is_alone(e) ? (Ids){0} : e->ids[DM_SOURCE][pair], target = e->ids[DM_TARGET][pair];
    const PairIds put = {.id = corpus->ids + *used,
                         .at = *used,
                         .source = source.count,
                         .target = target.count,
                         .line = pair + 1,
                         .alone = is_alone(e),
                         .labels = has_labels(e)};
    append(corpus, used, source);
    append(corpus, used, target);
    return put;
}

static void put_rest(Corpus *corpus, size_t *used, const Encoding *e, int pair, const PairIds *put)
{
    if (corpus->copies) {
        append_copies(corpus, put->at, e->copies[DM_SOURCE][pair]);
        append_copies(corpus, put->at + (size_t)put->source, e->copies[DM_TARGET][pair]);
    }
    if (!corpus->places) return;
    corpus->places[corpus->pairs - 1] = *used;
    append(corpus, used, e->places[pair]);
}

static Status check_known(const Encoding *e, int pair, const char *name, Error *error)
{
    char *unknown = dm_unknown_label(e->segmenter, e->line[DM_TARGET][pair]);
    Status status = DM_OK;
    if (unknown)
        status =
            dm_fail(error, "%s: line %d has the label %.100s, which this model does not have", name, pair + 1, unknown);
    dm_free(unknown);
    return status;
}

Status dm_corpus_check_rest(const Corpus *corpus, bool alone, const CorpusRules *rules, const char *name, Error *error)
{
    if (corpus->pairs) return DM_OK;
    if (alone) return dm_fail(error, "%s: no line is left: all are empty", name);
    if (corpus->skipped_unsaid)
        return dm_fail(error,
                       "%s: no sentence pair is left: %d %s a target that does not fit the rows of their source: raise "
                       "--ctc-upsample",
                       name, corpus->skipped_unsaid, corpus->skipped_unsaid == 1 ? "has" : "have");
    if (corpus->skipped_long == 0) return dm_fail(error, "%s: no sentence pair is left: each has an empty side", name);
    return dm_fail(error,
                   "%s: no sentence pair is left: %d %s an empty side and %d a side of more than %d pieces: raise "
                   "--max-length",
                   name, corpus->skipped_empty, corpus->skipped_empty == 1 ? "has" : "have", corpus->skipped_long,
                   rules->max_length);
}

// Copies the ids of the pairs that stay behind one another.
static Status keep_pairs(Corpus *corpus, const Encoding *e, const CorpusRules *rules, const char *name, Error *error)
{
    size_t pieces = 0, pairs = 0, used = 0;
    for (int i = 0; i < e->pairs; i++) {
        const Ids *target = &e->ids[DM_TARGET][i];
        pieces +=
            (size_t)target->count + (is_alone(e) ? 0 : (size_t)e->ids[DM_SOURCE][i].count) + (size_t)e->places[i].count;
        pairs += is_alone(e) ? (size_t)dm_windows(target->count, rules->max_length) : 1;
    }
    if (pairs > INT_MAX / 2) return dm_fail(error, "%s makes more than %d windows: divide it", name, INT_MAX / 2);
    dm_corpus_make_room(corpus, pairs, pieces);
    if (e->copies[DM_SOURCE]) corpus->copies = dm_allocate(pieces, sizeof *corpus->copies);
    if (has_labels(e)) corpus->places = dm_allocate(pairs, sizeof *corpus->places);
    Status status = DM_OK;
    for (int i = 0; i < e->pairs && !status; i++) {
        const size_t before = used;
        const PairIds put = put_ids(corpus, &used, e, i);
        if (!dm_corpus_takes(corpus, &put, rules)) {
            used = before;
            continue;
        }
        dm_corpus_index(corpus, &put, rules);
        put_rest(corpus, &used, e, i, &put);
        if (has_labels(e) && !rules->unknown) status = check_known(e, i, name, error);
    }
    if (status) return status;
    if (used) corpus->ids = dm_reallocate(corpus->ids, used, sizeof *corpus->ids);
    if (used && corpus->copies) corpus->copies = dm_reallocate(corpus->copies, used, sizeof *corpus->copies);
    return dm_corpus_check_rest(corpus, is_alone(e), rules, name, error);
}

Status dm_corpus_make(Corpus *corpus, const Bitext *bitext, const CorpusRules *rules, const Segmenter *segmenter,
                      Error *error)
{
    const size_t count = dm_bitext_count(bitext);
    Encoding encoding = {.segmenter = segmenter, .pairs = (int)count, .stop = rules->stop};
    for (int side = bitext->alone ? DM_TARGET : DM_SOURCE; side <= DM_TARGET; side++) {
        encoding.line[side] = bitext->lines[side].line;
        encoding.ids[side] = dm_allocate(count, sizeof(Ids));
        if (rules->copies) encoding.copies[side] = dm_allocate(count, sizeof(Ids));
    }
    encoding.places = dm_allocate(count, sizeof(Ids));
    *corpus = (Corpus){0};
    dm_parallel(rules->threads > 0 ? rules->threads : 1, (encoding.pairs + JOB_PAIRS - 1) / JOB_PAIRS, encode_some,
                &encoding);
    const bool stopped = dm_stop_asked(rules->stop);
    if (stopped) dm_fail(error, "%s: stopped while it was cut into pieces", bitext->name);
    Status status = stopped ? DM_STOPPED : keep_pairs(corpus, &encoding, rules, bitext->name, error);
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        for (int i = 0; encoding.ids[side] && i < encoding.pairs; i++) dm_free(encoding.ids[side][i].id);
        for (int i = 0; encoding.copies[side] && i < encoding.pairs; i++) dm_free(encoding.copies[side][i].id);
        dm_free(encoding.ids[side]);
        dm_free(encoding.copies[side]);
    }
    for (int i = 0; i < encoding.pairs; i++) dm_free(encoding.places[i].id);
    dm_free(encoding.places);
    if (status) dm_corpus_free(corpus);
    return status;
}

void dm_corpus_free(Corpus *corpus)
{
    if (!corpus->mapped) {
        dm_free(corpus->ids);
        dm_free(corpus->copies);
    }
    dm_free(corpus->source);
    dm_free(corpus->target);
    dm_free(corpus->source_length);
    dm_free(corpus->target_length);
    dm_free(corpus->places);
    dm_free(corpus->line);
    dm_free(corpus->links.first);
    dm_free(corpus->links.target);
    dm_free(corpus->links.source);
    *corpus = (Corpus){0};
}
