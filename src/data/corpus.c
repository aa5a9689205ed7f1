// A parallel corpus: two text files become ids in memory, pair by pair.
#include "data/corpus.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/threads.h"

enum { JOB_PAIRS = 256 };  // pairs that a thread encodes at a time

typedef struct Encoding {
    const Segmenter *segmenter;
    char **source_line, **target_line;
    int pairs;
    Ids *source, *target;  // [pairs]
} Encoding;

static void encode_some(void *context, int index, int thread)
{
    (void)thread;
    const Encoding *e = context;
    int start = index * JOB_PAIRS, end = e->pairs - start < JOB_PAIRS ? e->pairs : start + JOB_PAIRS;
    for (int i = start; i < end; i++) {
        dm_encode(e->segmenter, DM_SOURCE, e->source_line[i], &e->source[i]);
        dm_encode(e->segmenter, DM_TARGET, e->target_line[i], &e->target[i]);
    }
}

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t\r\v\f")] == '\0';
}

// The first line where one side is empty and the other is not: there a line may have slipped in.
static Status unequal(const CorpusFiles *files, const dm_lines *source, const dm_lines *target, Error *error)
{
    char a[32], b[32], c[32];
    size_t both = source->count < target->count ? source->count : target->count;
    dm_with_commas(source->count, a);
    dm_with_commas(target->count, b);
    for (size_t i = 0; i < both; i++) {
        bool no_source = is_blank(source->line[i]), no_target = is_blank(target->line[i]);
        if (no_source != no_target)
            return dm_fail(error,
                           "%s has %s lines and %s %s: the first pair that may be out of step is at line %s (%s is "
                           "empty there)",
                           files->source, a, files->target, b, dm_with_commas(i + 1, c),
                           no_source ? files->source : files->target);
    }
    return dm_fail(error, "%s has %s lines and %s %s: line by line, one must be the translation of the other",
                   files->source, a, files->target, b);
}

static Status check_lines(const CorpusFiles *files, const dm_lines *source, const dm_lines *target, Error *error)
{
    if (source->count == 0 && target->count == 0)
        return dm_fail(error, "%s and %s are empty: give it text, one sentence a line", files->source, files->target);
    if (source->count == 0 || target->count == 0)
        return dm_fail(error, "%s is empty, but %s is not: give it text, one sentence a line",
                       source->count ? files->target : files->source, source->count ? files->source : files->target);
    if (source->count != target->count) return unequal(files, source, target, error);
    if (source->count > INT_MAX / 2)
        return dm_fail(error, "%s has more than %d lines: divide it", files->source, INT_MAX / 2);
    return DM_OK;
}

// Copies the ids of the pairs that stay behind one another.
static Status keep_pairs(Corpus *corpus, const Encoding *encoding, const CorpusFiles *files, Error *error)
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
        bool too_long = files->max_length && (source->count > files->max_length || target->count > files->max_length);
        if (empty && !files->keep_all) {
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
    if (corpus->skipped_long == 0)
        return dm_fail(error, "%s and %s leave no sentence pair: each has an empty side", files->source, files->target);
    return dm_fail(
        error,
        "%s and %s leave no sentence pair: %d have an empty side and %d a side of more than %d pieces: raise "
        "--max-length",
        files->source, files->target, corpus->skipped_empty, corpus->skipped_long, files->max_length);
}

Status dm_corpus_read(Corpus *corpus, dm_lines *source_lines, dm_lines *target_lines, const CorpusFiles *files,
                      const Segmenter *segmenter, Error *error)
{
    dm_lines source = {0}, target = {0};
    Encoding encoding = {.segmenter = segmenter};
    *corpus = (Corpus){0};
    Status status = dm_lines_read(&source, files->source, error);
    if (!status) status = dm_lines_read(&target, files->target, error);
    if (!status) status = check_lines(files, &source, &target, error);
    if (status) goto done;
    encoding.source_line = source.line;
    encoding.target_line = target.line;
    encoding.pairs = (int)source.count;
    encoding.source = dm_allocate(source.count, sizeof *encoding.source);
    encoding.target = dm_allocate(source.count, sizeof *encoding.target);
    dm_parallel(files->threads > 0 ? files->threads : 1, (encoding.pairs + JOB_PAIRS - 1) / JOB_PAIRS, encode_some,
                &encoding);
    status = keep_pairs(corpus, &encoding, files, error);
done:
    for (int i = 0; i < encoding.pairs; i++) {
        free(encoding.source[i].id);
        free(encoding.target[i].id);
    }
    free(encoding.source);
    free(encoding.target);
    if (!status && source_lines) *source_lines = source, source = (dm_lines){0};
    if (!status && target_lines) *target_lines = target, target = (dm_lines){0};
    dm_lines_free(&source);
    dm_lines_free(&target);
    if (status) dm_corpus_free(corpus);
    return status;
}

void dm_corpus_free(Corpus *corpus)
{
    free(corpus->ids);
    free(corpus->source);
    free(corpus->target);
    free(corpus->source_length);
    free(corpus->target_length);
    free(corpus->line);
    *corpus = (Corpus){0};
}
