// Made-up text goes to the search as ids. A random model ends its sentences anywhere or nowhere, so it is kept from
// ending them, and all become as long as the made-up translations are on average; or, where the text is uneven, each as
// long as its own.
#include <stdlib.h>
#include <string.h>

#include "bench/padding.h"
#include "bench/text.h"
#include "bench/without_cache.h"
#include "core/memory.h"
#include "core/threads.h"
#include "translate/translator.h"

typedef struct MadeUp {
    const Bench *bench;
    Manner manner;
    dm_translate_options options;
    Corpus corpus;
    Model *model;
    Packs *packs;
    int *order;        // [pairs]
    bool is_uneven;    // of this pass
    bool is_padded;    // the sentences of a batch, to the longest of them and ...
    int pad_to;        // ... so many pieces at least
    int *batch_start;  // [pairs + 1] into the order, of the sentences that are being translated
    Pieces *pieces;    // [pairs] of each batch
    Arena *arenas;     // [threads]
} MadeUp;

// The sources of a batch. Padding stands behind them.
static Tokens sources_of(const MadeUp *all, Arena *arena, const int *pair, int n)
{
    const Corpus *c = &all->corpus;
    const int longest = all->is_padded ? dm_padded_length(c->source_length, pair, n, all->pad_to) : 0;
    int *lengths = dm_arena_take(arena, (size_t)n * sizeof(int)), rows = 0;
    for (int i = 0; i < n; i++) rows += lengths[i] = all->is_padded ? longest : c->source_length[pair[i]];
    int *ids = dm_arena_take(arena, (size_t)rows * sizeof(int)), *at = ids;
    for (int i = 0; i < n; at += lengths[i++]) {
        const int words = c->source_length[pair[i]];
        memcpy(at, c->ids + c->source[pair[i]], (size_t)words * sizeof(int));
        for (int j = words; j < lengths[i]; j++) at[j] = all->bench->config.eos;
    }
    return dm_tokens(arena, n, lengths, ids);
}

static void search_batch(void *context, int index, int thread)
{
    MadeUp *all = context;
    const Corpus *c = &all->corpus;
    const int *pair = all->order + all->batch_start[index], n = all->batch_start[index + 1] - all->batch_start[index];
    Arena *arena = &all->arenas[thread];
    dm_arena_reset(arena);
    const Tokens sources = sources_of(all, arena, pair, n);
    int *limits = all->is_uneven ? dm_arena_take(arena, (size_t)n * sizeof(int)) : NULL;
    const int last = all->is_padded ? dm_padded_length(c->target_length, pair, n, 0) : 0;
    for (int i = 0; i < n && limits; i++) limits[i] = all->is_padded ? last : c->target_length[pair[i]];

    const Model *model = all->model;
    Graph g = {.arena = arena, .gemm = all->bench->gemm, .parameters = model->parameters.data, .packs = all->packs};
    Found *found = dm_arena_take(arena, (size_t)n * sizeof *found);
    Ids *places = c->places ? dm_arena_take(arena, (size_t)n * sizeof *places) : NULL;
    for (int i = 0; i < n && places; i++) places[i] = (Ids){c->ids + c->places[pair[i]], c->target_length[pair[i]]};
    const SearchJob job = {.models = &model,
                           .model_count = 1,
                           .source = sources,
                           .places = places,
                           .options = &all->options,
                           .limits = limits};
    dm_search(&g, &job, found);
    all->pieces[index] = (Pieces){0};
    for (int i = 0; i < n; i++) {
        all->pieces[index].source += c->source_length[pair[i]];
        all->pieces[index].target += limits ? c->target_length[pair[i]] : found[i].best[0].pieces;
    }
}

// Batches as the translator cuts them; returns how many.
static int cut_batches(MadeUp *all, int first, int count)
{
    int *lengths = dm_allocate((size_t)count, sizeof(int));
    for (int i = 0; i < count; i++) lengths[i] = all->corpus.source_length[all->order[first + i]];
    const int most = dm_mini_batch(all->manner.mini_batch, all->manner.beam, (size_t)count),
              batches = dm_cut_batches(all->batch_start, lengths, count, most);
    for (int i = 0; i <= batches; i++) all->batch_start[i] += first;
    dm_free(lengths);
    return batches;
}

static Status translate(Text *text, int first, int count, Pieces *pieces, Error *error)
{
    (void)error;
    MadeUp *all = text->own;
    const int batches = cut_batches(all, first, count);
    all->is_uneven = text->is_uneven;
    dm_parallel(all->manner.threads < batches ? all->manner.threads : batches, batches, search_batch, all);
    *pieces = (Pieces){0};
    for (int i = 0; i < batches; i++) {
        pieces->source += all->pieces[i].source;
        pieces->target += all->pieces[i].target;
    }
    return DM_OK;
}

static void close_text(Text *text)
{
    MadeUp *all = text->own;
    for (int i = 0; i < all->manner.threads; i++) dm_arena_destroy(&all->arenas[i]);
    dm_corpus_free(&all->corpus);
    dm_model_destroy(all->model);
    dm_packs_destroy(all->packs);
    dm_free(all->order);
    dm_free(all->batch_start);
    dm_free(all->pieces);
    dm_free(all->arenas);
    dm_free(all);
}

typedef struct Place {
    int index, length;  // of the source
} Place;

static int longer_first(const void *a, const void *b)
{
    const Place *x = a, *y = b;
    return x->length != y->length ? y->length - x->length : x->index - y->index;
}

// As the translator has them, so that sentences of like length share a batch.
static void sort_by_length(MadeUp *all)
{
    const int pairs = all->corpus.pairs;
    Place *places = dm_allocate((size_t)pairs, sizeof *places);
    for (int i = 0; i < pairs; i++) places[i] = (Place){i, all->corpus.source_length[i]};
    qsort(places, (size_t)pairs, sizeof *places, longer_first);
    for (int i = 0; i < pairs; i++) all->order[i] = places[i].index;
    dm_free(places);
}

Status dm_text_made_up(Text *text, const Bench *bench, const Manner *manner, Error *error)
{
    Corpus corpus;
    if (dm_options_flag(bench->options, "no-cache") && dm_outputs[bench->config.output]->copies)
        return dm_misuse(
            error,
            "--no-cache decodes all pieces anew, and what --output-layer %s looks at is known of the new ones "
            "alone: leave it out",
            dm_outputs[bench->config.output]->name);
    Status status = dm_bench_text(&corpus, bench, 1000, error);
    if (status) return status;
    const int pairs = corpus.pairs;
    MadeUp *all = dm_allocate(1, sizeof *all);
    *all = (MadeUp){.bench = bench,
                    .manner = *manner,
                    .corpus = corpus,
                    .model = dm_bench_model(bench),
                    .is_padded = dm_options_count(bench->options, "pad-to"),
                    .pad_to = (int)dm_options_number(bench->options, "pad-to"),
                    .packs = dm_packs_create(bench->gemm, bench->precision),
                    .order = dm_allocate((size_t)pairs, sizeof(int)),
                    .batch_start = dm_allocate((size_t)pairs + 1, sizeof(int)),
                    .pieces = dm_allocate((size_t)pairs, sizeof(Pieces)),
                    .arenas = dm_allocate((size_t)manner->threads, sizeof(Arena))};
    dm_translate_options_read(&all->options, NULL, NULL);
    all->options.beam_size = manner->beam;
    dm_take_search_defaults(&all->options, &bench->config.search);
    if (!corpus.places) all->model->output.bias.data[bench->config.eos] = -10000;
    if (dm_options_flag(bench->options, "no-cache")) dm_bench_forget(all->model);
    for (int i = 0; i < pairs && dm_is_text_model(&bench->config); i++)
        all->corpus.source_length[i] = 1;  // a text goes on from its first piece
    long pieces = 0;
    for (int i = 0; i < pairs; i++) pieces += all->corpus.target_length[i];
    all->options.max_length = (int)((pieces + pairs / 2) / pairs);
    for (int i = 0; i < pairs; i++) all->order[i] = i;
    if (!manner->one_by_one) sort_by_length(all);
    *text = (Text){.sentences = pairs, .translate = translate, .close = close_text, .own = all};
    for (int i = 0; i < pairs; i++) text->mean_length += (double)all->corpus.source_length[i] / pairs;
    return DM_OK;
}
