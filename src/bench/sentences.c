// Made-up pairs of sentences: lengths as Multi30k's, or as a file has them, frequent pieces and rare ones.
#include <math.h>
#include <stdio.h>

#include "bench/bench.h"
#include "core/lines.h"
#include "core/memory.h"
#include "core/random.h"

enum { SHORTEST = 3, MOST_PIECES = 100000, MOST_SENTENCES = 10000000, TEXT_STREAM = 0x74657874 };

// ---- Lengths --------------------------------------------------------------------------------------------------------

static int clamp(double length)
{
    const int longest = DM_LONGEST_SENTENCE - 1;  // and its end
    return length < SHORTEST ? SHORTEST : length > longest ? longest : (int)length;
}

// Log-normal: mean 13, standard deviation 4; a translation is of nearly the same length.
static void draw_lengths(Random *random, int *source, int *target)
{
    const double length = 12.4 * exp(0.3 * dm_random_normal(random));
    *source = clamp(length + 0.5) + 1;
    *target = clamp(length * exp(0.15 * dm_random_normal(random)) + 0.5) + 1;
}

static Status read_lengths(const Bench *bench, const char *path, const dm_lines *lines, int *source, int *target,
                           Error *error)
{
    const int longest = bench->config.architecture->longest(&bench->config);
    const int most = longest <= MOST_PIECES ? longest - 1 : MOST_PIECES;
    for (size_t i = 0; i < lines->count; i++) {
        int end = 0;
        const int got = sscanf(lines->line[i], "%d %d %n", &source[i], &target[i], &end);
        if (got != 2 || lines->line[i][end] || source[i] < 1 || target[i] < 1 || source[i] > most || target[i] > most)
            return dm_fail(error,
                           "%s:%zu: \"%.60s\" is not two numbers from 1 to %d, the pieces of a sentence and of its "
                           "translation",
                           path, i + 1, lines->line[i], most);
    }
    return DM_OK;
}

// ---- Pieces ---------------------------------------------------------------------------------------------------------

// Zipf's law, roughly: of n pieces, piece i is drawn with a probability of about 1 / (i log n).
static int draw(Random *random, int n)
{
    return (int)exp(dm_random_uniform(random) * log(n)) - 1;
}

static int draw_piece(Random *random, const ModelConfig *c)
{
    const bool both = !c->architecture->labels(c) && c->target_vocabulary < c->source_vocabulary;
    const int n = both ? c->target_vocabulary : c->source_vocabulary;
    int id = draw(random, n);
    while (id == c->pad || id == c->eos) id = (id + 1) % n;
    return id;
}

static void draw_side(Random *random, const ModelConfig *c, int *ids, int length)
{
    for (int i = 0; i + 1 < length; i++) ids[i] = draw_piece(random, c);
    ids[length - 1] = c->eos;
}

// Every piece is a word, and the end is none.
static void shape_labels(Corpus *corpus, const ModelConfig *c)
{
    const bool words = c->architecture->labels(c) == DM_LABELS_OF_WORDS;
    corpus->places = dm_allocate((size_t)corpus->pairs, sizeof *corpus->places);
    for (int i = 0; i < corpus->pairs; i++) corpus->target_length[i] = words ? corpus->source_length[i] - 1 : 1;
}

static size_t draw_labels(Random *random, const ModelConfig *c, int *labels, int count)
{
    for (int i = 0; i < count; i++) {
        labels[i] = draw(random, c->target_vocabulary);
        labels[count + i] = i;
    }
    return (size_t)count;
}

static void draw_pieces(Corpus *corpus, const Bench *bench, Random *random)
{
    size_t rows = 0, used = 0;
    const bool labels = bench->config.architecture->labels(&bench->config) != DM_NO_LABELS;
    if (labels) shape_labels(corpus, &bench->config);
    for (int i = 0; i < corpus->pairs; i++)
        rows += (size_t)corpus->source_length[i] + (labels ? 2 : 1) * (size_t)corpus->target_length[i];
    corpus->ids = dm_allocate(rows, sizeof(int));
    for (int i = 0; i < corpus->pairs; i++) {
        corpus->line[i] = i + 1;
        corpus->source[i] = used;
        draw_side(random, &bench->config, corpus->ids + used, corpus->source_length[i]);
        used += (size_t)corpus->source_length[i];
        corpus->target[i] = used;
        if (labels) {
            used += draw_labels(random, &bench->config, corpus->ids + used, corpus->target_length[i]);
            corpus->places[i] = used;
            used += (size_t)corpus->target_length[i];
            continue;
        }
        draw_side(random, &bench->config, corpus->ids + used, corpus->target_length[i]);
        used += (size_t)corpus->target_length[i];
    }
}

Status dm_bench_text(Corpus *corpus, const Bench *bench, int usual, Error *error)
{
    const int asked = (int)dm_options_number(bench->options, "sentences"),
              length = (int)dm_options_number(bench->options, "length");
    const char *path = dm_options_text(bench->options, "lengths", 0);
    if (bench->config.architecture->labels(&bench->config) && dm_options_count(bench->options, "pad-to"))
        return dm_misuse(error, "--pad-to pads sentences and their translations, and this is a model of labels");
    dm_lines lines = {0};
    *corpus = (Corpus){0};
    Status status = path ? dm_lines_read(&lines, path, error) : DM_OK;
    if (status) return status;
    if (path && (!lines.count || lines.count > MOST_SENTENCES))
        status =
            dm_fail(error, "%s has %zu line%s: give it a length of a source and of a target on each of 1 to %d lines",
                    path, lines.count, dm_plural(lines.count), MOST_SENTENCES);
    const size_t pairs = path ? lines.count : (size_t)(asked ? asked : usual);
    if (!status)
        *corpus = (Corpus){.pairs = (int)pairs,
                           .source = dm_allocate(pairs, sizeof(size_t)),
                           .target = dm_allocate(pairs, sizeof(size_t)),
                           .source_length = dm_allocate(pairs, sizeof(int)),
                           .target_length = dm_allocate(pairs, sizeof(int)),
                           .line = dm_allocate(pairs, sizeof(int))};
    if (!status && path)
        status = read_lengths(bench, path, &lines, corpus->source_length, corpus->target_length, error);
    dm_lines_free(&lines);
    Random random = dm_random(bench->seed, TEXT_STREAM, 0, 0);
    for (size_t i = 0; i < pairs && !path; i++) {
        corpus->source_length[i] = corpus->target_length[i] = length;
        if (!length) draw_lengths(&random, &corpus->source_length[i], &corpus->target_length[i]);
    }
    if (status)
        dm_corpus_free(corpus);
    else
        draw_pieces(corpus, bench, &random);
    return status;
}
