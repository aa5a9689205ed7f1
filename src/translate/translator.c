// Text in, text out: lines become ids, lines of like length share a batch, threads take batches, and the results lie in
// the order of the lines. What shares a batch depends on the lines alone, so the bytes do not depend on the threads.
#include "translate/translator.h"

#include <assert.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/scope.h"
#include "core/threads.h"
#include "core/utf8.h"

typedef struct Line {
    Ids source, target;  // target: of rescoring, or the prefix, which has no end of sentence
    Ids places;          // in the source, that labels are of
    Ids copies;          // what the source's pieces are copied as, where the model copies; else none
    int index;           // which line it is
} Line;

typedef struct Work {
    const Translator *translator;
    const char *const *sources, *const *targets;
    Line *lines;       // [count], in the caller's order at first, then by length
    int *batch_start;  // [batches + 1] into lines
    Arena *arenas;     // one for each thread
    int rank, ranks;   // of those that share the batches out, this one
    dm_translation *translations;
    dm_rescored *rescored;
    atomic_bool stopped;
} Work;

static int weight(const Line *line)
{
    return line->source.count + line->target.count;
}

// Long ones first: the threads end at about the same time.
static int by_length(const void *a, const void *b)
{
    const Line *x = a, *y = b;
    int difference = weight(y) - weight(x);
    return difference ? difference : x->index - y->index;
}

static void segment(void *context, int index, int thread)
{
    (void)thread;
    Work *work = context;
    const Segmenter *segmenter = work->translator->segmenter;
    const char *const *prefixes = work->translator->options.prefixes;
    Line *line = &work->lines[index];
    line->index = index;
    if (dm_translator_goes_on(work->translator)) {
        line->source = dm_beginning(segmenter, work->sources[index]);
        return;
    }
    if (!work->targets && dm_is_blank(work->sources[index])) return;
    dm_encode_source(segmenter, work->sources[index], &line->source, &line->places);
    const bool begun = !work->targets && prefixes && !dm_is_blank(prefixes[index]);
    const char *target = work->targets ? work->targets[index] : begun ? prefixes[index] : NULL;
    if (dm_translator_copies(work->translator))
        dm_encode_copies(segmenter, work->sources[index], target, &line->copies, &line->target);
    else if (target)
        dm_encode(segmenter, DM_TARGET, target, &line->target);
    line->target.count -= begun;
}

void dm_take_search_defaults(dm_translate_options *options, const SearchDefaults *search)
{
    if (options->beam_size <= 0) options->beam_size = search->beam_size > 0 ? search->beam_size : 5;
    if (options->normalize < 0) options->normalize = search->says_normalize ? search->normalize : 1;
    if (options->min_length < 0) options->min_length = search->min_length;
    if (options->no_repeat_ngram < 0) options->no_repeat_ngram = search->no_repeat_ngram;
}

// More rows make better products, and fewer keep the hypotheses' keys and values in the core's own cache.
int dm_mini_batch(int asked, int beam, size_t lines)
{
    enum { GREEDY = 32, BEAM = 16, LEAST = 8, BATCHES = 4 };
    if (asked) return asked;
    const size_t most = beam == 1 ? GREEDY : BEAM, share = (lines + BATCHES - 1) / BATCHES;
    return (int)(share < LEAST ? LEAST : share > most ? most : share);
}

int dm_cut_batches(int *start, const int *lengths, int count, int most)
{
    int batches = 0;
    long pieces = 0;
    start[0] = 0;
    for (int i = 0; i < count; i++) {
        const int sentences = i - start[batches];
        if (sentences && (sentences == most || pieces + lengths[i] > DM_BATCH_PIECES)) {
            start[++batches] = i;
            pieces = 0;
        }
        pieces += lengths[i];
    }
    if (count) start[++batches] = count;
    return batches;
}

// Cuts lines[0 ... count-1] into batches; returns how many.
static int cut_batches(Work *work, int count)
{
    const dm_translate_options *o = &work->translator->options;
    const int mini_batch = dm_mini_batch(o->mini_batch, work->targets ? 1 : o->beam_size, (size_t)count);
    int *lengths = dm_allocate((size_t)count + 1, sizeof(int));
    for (int i = 0; i < count; i++) lengths[i] = weight(&work->lines[i]);
    work->batch_start = dm_allocate((size_t)count + 1, sizeof(int));
    const int batches = dm_cut_batches(work->batch_start, lengths, count, mini_batch);
    dm_free(lengths);
    return batches;
}

static Graph graph_of(const Work *work, int thread)
{
    dm_arena_reset(&work->arenas[thread]);
    return (Graph){.arena = &work->arenas[thread],
                   .gemm = work->translator->gemm,
                   .packs = work->translator->packs,
                   .parameters = work->translator->models[0]->parameters.data};
}

static const Ids *source_of(const Line *line)
{
    return &line->source;
}

static const Ids *target_of(const Line *line)
{
    return &line->target;
}

static const Ids *places_of(const Line *line)
{
    return &line->places;
}

static const Ids *copies_of(const Line *line)
{
    return &line->copies;
}

// What n lines have of this kind as tokens in the arena.
static Tokens tokens_of(Arena *arena, const Line *lines, int n, const Ids *(*of)(const Line *line))
{
    size_t total = 0;
    int *lengths = dm_arena_take(arena, (size_t)n * sizeof(int));
    for (int i = 0; i < n; i++) total += (size_t)(lengths[i] = of(&lines[i])->count);
    int *ids = dm_arena_take(arena, total * sizeof(int)), *at = ids;
    for (int i = 0; i < n; at += lengths[i++])
        if (lengths[i]) memcpy(at, of(&lines[i])->id, (size_t)lengths[i] * sizeof(int));
    return dm_tokens(arena, n, lengths, ids);
}

// What search tells of a line while it is being translated.
typedef struct Batch {
    const Translator *translator;
    const Line *lines;
    const char *const *sources;
} Batch;

char *dm_text_of(const Translator *t, const char *line, const int *ids, int count)
{
    if (dm_translator_goes_on(t)) return dm_go_on_with(t->segmenter, line, ids, count);
    if (!dm_translator_copies(t)) return dm_decode(t->segmenter, ids, count);
    Ids copies;
    char **pieces = dm_pieces_to_copy(t->segmenter, line, &copies),
         *text = dm_decode_copies(t->segmenter, ids, count, pieces);
    dm_pieces_free(pieces, copies.count);
    dm_free(copies.id);
    return text;
}

void dm_tell_partial(const Translator *t, const char *line, size_t number, const int *ids, int count)
{
    const dm_translate_options *o = &t->options;
    char *text = dm_text_of(t, line, ids, count), *end = text + strlen(text);
    while (end - text >= 3 && memcmp(end - 3, "\xEF\xBF\xBD", 3) == 0) *(end -= 3) = '\0';  // not all its bytes yet
    Scope *paused = dm_scope_pause();
    o->partial(o->context, number, text);
    dm_scope_resume(paused);
    dm_free(text);
}

static void tell_partial(void *context, int sentence, const int *ids, int count)
{
    const Batch *batch = context;
    const int line = batch->lines[sentence].index;
    dm_tell_partial(batch->translator, batch->sources[line], (size_t)line, ids, count);
}

// What pieces of the sources are among those of the target: what is spelt alike.
static const int *alike(Arena *arena, const Translator *t, Tokens source)
{
    const Vocabulary *from = dm_segmenter_vocabulary(t->segmenter, DM_SOURCE),
                     *to = dm_segmenter_vocabulary(t->segmenter, DM_TARGET);
    int *ids = dm_arena_take(arena, (size_t)source.n * sizeof(int));
    for (int i = 0; i < source.n; i++) ids[i] = dm_vocabulary_id(to, dm_vocabulary_piece(from, source.ids[i]));
    return ids;
}

static void translate_batch(void *context, int own, int thread)
{
    Work *work = context;
    const int index = work->rank + own * work->ranks;
    const Translator *t = work->translator;
    const dm_translate_options *o = &t->options;
    Batch batch = {t, work->lines + work->batch_start[index], work->sources};
    const int n = work->batch_start[index + 1] - work->batch_start[index];
    if (work->stopped) return;
    Graph g = graph_of(work, thread);
    Found *found = dm_arena_take(g.arena, (size_t)n * sizeof *found);
    Ids *prefixes = dm_arena_take(g.arena, (size_t)n * sizeof *prefixes);
    Ids *places = dm_arena_take(g.arena, (size_t)n * sizeof *places);
    size_t *numbers = dm_arena_take(g.arena, (size_t)n * sizeof *numbers);
    for (int i = 0; i < n; i++) {
        prefixes[i] = batch.lines[i].target;
        places[i] = batch.lines[i].places;
        numbers[i] = o->first_line + (size_t)batch.lines[i].index;
    }
    const Tokens source = tokens_of(g.arena, batch.lines, n, source_of);
    const SearchJob job = {.models = t->models,
                           .model_count = t->model_count,
                           .shortlist = t->shortlist,
                           .drafter = t->drafter,
                           .alike = o->draft && !dm_translator_goes_on(t) ? alike(g.arena, t, source) : NULL,
                           .source = source,
                           .copies = dm_translator_copies(t) ? tokens_of(g.arena, batch.lines, n, copies_of).ids : NULL,
                           .unknown = dm_unknown_piece(t->segmenter, DM_TARGET),
                           .options = o,
                           .prefixes = prefixes,
                           .places = dm_segmenter_labels(t->segmenter) ? places : NULL,
                           .lines = numbers,
                           .stops = t->stops,
                           .stop_count = t->stop_count,
                           .partial = o->partial ? tell_partial : NULL,
                           .context = &batch};
    if (!dm_search(&g, &job, found)) {
        work->stopped = true;
        return;
    }
    Look **looks = NULL;
    if (o->alignment || o->unk_replace || o->coverage_penalty != 0)
        looks = dm_looks(&g, t->models[0], &t->heads, &job, found);
    for (int i = 0; i < n; i++) {
        if (o->coverage_penalty != 0) dm_rank_by_coverage(o, &found[i], looks[i]);
        const int line = batch.lines[i].index;
        work->translations[line] = dm_put_into_words(t, work->sources[line], &found[i], looks ? looks[i] : NULL);
    }
}

static void rescore_batch(void *context, int index, int thread)
{
    Work *work = context;
    const Model *model = work->translator->models[0];
    const Line *lines = work->lines + work->batch_start[index];
    int n = work->batch_start[index + 1] - work->batch_start[index];
    Graph g = graph_of(work, thread);
    const bool labels = dm_segmenter_labels(work->translator->segmenter) != DM_NO_LABELS;
    const Tokens source = tokens_of(g.arena, lines, n, source_of), written = tokens_of(g.arena, lines, n, target_of),
                 known = dm_readable(g.arena, model, written, dm_unknown_piece(work->translator->segmenter, DM_TARGET)),
                 read = labels ? tokens_of(g.arena, lines, n, places_of)
                               : dm_shifted(g.arena, known, model->config.decoder_start);
    const int *copies = model->output.kind->copies ? tokens_of(g.arena, lines, n, copies_of).ids : source.ids;
    const Memory memory = model->architecture->encode(&g, model, source);
    float *scores = dm_arena_take(g.arena, (size_t)written.n * sizeof(float));
    const Decoded decoded = dm_decode_rows(&g, model, memory, read, copies, (Gaze){0});
    model->output.kind->loss(&g, &model->output, &decoded, &(Targets){.ids = written.ids, .log_probabilities = scores});
    for (int i = 0; i < n; i++) {
        dm_rescored *out = &work->rescored[lines[i].index];
        int pieces = written.spans.length[i];
        *out = (dm_rescored){0, pieces, dm_allocate((size_t)pieces, sizeof(double))};
        for (int j = 0; j < pieces; j++) {
            out->word_scores[j] = (double)scores[written.spans.start[i] + j];
            out->log_probability += out->word_scores[j];
        }
    }
}

// Of a line where nothing was to be translated.
static dm_translation empty_translation(void)
{
    dm_translation empty = {.count = 1, .hypotheses = dm_allocate(1, sizeof *empty.hypotheses)};
    empty.hypotheses[0].text = dm_copy_string("");
    return empty;
}

// Segments, sorts, cuts, and lets the threads run `batch` over all lines of at least `shortest` pieces.
static void run_batches(Work *work, int count, Job *batch, int shortest)
{
    int threads = work->translator->options.threads;
    work->lines = dm_allocate((size_t)count, sizeof(Line));
    dm_parallel(threads < count ? threads : count, count, segment, work);
    qsort(work->lines, (size_t)count, sizeof(Line), by_length);
    int worth = count;
    while (worth && weight(&work->lines[worth - 1]) < shortest) worth--;
    for (int i = worth; i < count; i++) work->translations[work->lines[i].index] = empty_translation();

    const int batches = (cut_batches(work, worth) + work->ranks - 1 - work->rank) / work->ranks;
    if (threads > batches) threads = batches;
    work->arenas = dm_allocate((size_t)threads, sizeof(Arena));
    if (batches) dm_parallel(threads, batches, batch, work);
    for (int i = 0; i < threads; i++) dm_arena_destroy(&work->arenas[i]);
    for (int i = 0; i < count; i++) {
        dm_free(work->lines[i].source.id);
        dm_free(work->lines[i].target.id);
        dm_free(work->lines[i].places.id);
        dm_free(work->lines[i].copies.id);
    }
    dm_free(work->arenas);
    dm_free(work->batch_start);
    dm_free(work->lines);
}

bool dm_translator_run_share(const Translator *translator, const char *const *lines, size_t count, int rank, int ranks,
                             dm_translation *out)
{
    assert(count <= INT_MAX);
    if (!count) return true;
    memset(out, 0, count * sizeof *out);
    Work work = {.translator = translator, .sources = lines, .rank = rank, .ranks = ranks, .translations = out};
    enum { SHORTEST = 2 };  // the end of sentence alone, or not even that, is nothing to translate
    run_batches(&work, (int)count, translate_batch, dm_translator_goes_on(translator) ? 0 : SHORTEST);
    if (work.stopped) dm_translations_free(out, count);
    return !work.stopped;
}

bool dm_translator_run(const Translator *translator, const char *const *lines, size_t count, dm_translation *out)
{
    return dm_translator_run_share(translator, lines, count, 0, 1, out);
}

void dm_translator_rescore(const Translator *translator, const char *const *sources, const char *const *targets,
                           size_t count, dm_rescored *out)
{
    assert(count <= INT_MAX);
    if (!count) return;
    Work work = {.translator = translator, .sources = sources, .targets = targets, .ranks = 1, .rescored = out};
    run_batches(&work, (int)count, rescore_batch, 0);
}
