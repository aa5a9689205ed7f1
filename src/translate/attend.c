// Attention to look at: a line is translated by search, then encoder and decoder read line and translation once more,
// as in training, with a tap in the graph that keeps the probabilities of every head.
#include <string.h>

#include "core/memory.h"
#include "translate/translator.h"

// copied: of the source, which pieces beyond the vocabulary are places in; NULL: there are none.
static char **pieces_of(const Segmenter *segmenter, Side side, const int *ids, int count, char *const *copied)
{
    const Vocabulary *vocabulary = dm_segmenter_vocabulary(segmenter, side);
    const int size = dm_vocabulary_size(vocabulary);
    char **pieces = dm_allocate((size_t)count, sizeof *pieces);
    for (int i = 0; i < count; i++)
        pieces[i] = dm_copy_string(ids[i] < size ? dm_vocabulary_piece(vocabulary, ids[i]) : copied[ids[i] - size]);
    return pieces;
}

// All layers of one kind, one below the other; none where the architecture has none.
static dm_attention_maps maps_of(const AttentionTap *tap, AttentionKind kind)
{
    dm_attention_maps maps = {0};
    for (const AttentionView *view = tap->first; view; view = view->next) {
        if (view->kind != kind) continue;
        maps.layers++;
        maps.heads = view->heads;
        maps.rows = view->queries.length[0];
        maps.columns = view->keys.length[0];
    }
    const size_t layer = (size_t)maps.heads * (size_t)maps.rows * (size_t)maps.columns;
    if (maps.layers) maps.weights = dm_allocate((size_t)maps.layers * layer, sizeof(float));
    float *to = maps.weights;
    for (const AttentionView *view = tap->first; view; view = view->next) {
        if (view->kind != kind) continue;
        memcpy(to, view->probabilities[0], layer * sizeof(float));
        to += layer;
    }
    return maps;
}

// The translation that dm_translate gives as the first line of a call. False: stopped.
static bool translate(Graph *g, const Translator *t, Tokens source, const int *copies, Hypothesis *best)
{
    const dm_translate_options *o = &t->options;
    Ids prefix = {0};
    Found found;
    if (o->prefixes) dm_encode(t->segmenter, DM_TARGET, o->prefixes[0], &prefix);
    if (prefix.count) prefix.count--;  // the end of the sentence
    const SearchJob job = {.models = t->models,
                           .model_count = t->model_count,
                           .source = source,
                           .copies = copies,
                           .unknown = dm_unknown_piece(t->segmenter, DM_TARGET),
                           .options = o,
                           .prefixes = &prefix,
                           .lines = &o->first_line};
    const bool done = dm_search(g, &job, &found);
    dm_free(prefix.id);
    if (done && o->coverage_penalty != 0)
        dm_rank_by_coverage(o, &found, dm_looks(g, t->models[0], &t->heads, &job, &found)[0]);
    if (done) *best = found.best[0];
    return done;
}

bool dm_translator_attend(const Translator *t, const char *line, dm_attended *out)
{
    const Model *model = t->models[0];
    Arena arena = {0};
    AttentionTap tap = {0};
    Graph g = {.arena = &arena, .gemm = t->gemm, .packs = t->packs, .parameters = model->parameters.data};
    Ids ids = {0}, copies = {0};
    dm_encode(t->segmenter, DM_SOURCE, line, &ids);
    const Tokens source = dm_tokens(&arena, 1, &ids.count, ids.id);
    Hypothesis found = {0};
    char **pieces = dm_translator_copies(t) ? dm_pieces_to_copy(t->segmenter, line, &copies) : NULL;
    if (source.n > 1 && !translate(&g, t, source, copies.id, &found)) {  // more than the end of the sentence
        dm_pieces_free(pieces, copies.count);
        dm_free(copies.id);
        dm_free(ids.id);
        dm_arena_destroy(&arena);
        return false;
    }

    const int count = found.count + 1;  // with the end of sentence, whether or not the search came to it
    int *ids_written = dm_arena_take(&arena, (size_t)count * sizeof(int));
    if (found.count) memcpy(ids_written, found.ids, (size_t)found.count * sizeof(int));
    ids_written[found.count] = model->config.eos;
    const Tokens written = dm_tokens(&arena, 1, &count, ids_written),
                 known = dm_readable(&arena, model, written, dm_unknown_piece(t->segmenter, DM_TARGET));

    g.tap = &tap;
    const Memory memory = model->architecture->encode(&g, model, source);
    model->architecture->decode(&g, model, memory, dm_shifted(&arena, known, model->config.decoder_start));
    *out = (dm_attended){
        .text = dm_decode_copies(t->segmenter, found.ids, found.count, pieces),
        .source_pieces = ids.count,
        .target_pieces = count,
        .source = pieces_of(t->segmenter, DM_SOURCE, ids.id, ids.count, NULL),
        .target = pieces_of(t->segmenter, DM_TARGET, written.ids, count, pieces),
        .encoder = maps_of(&tap, DM_ENCODER_ATTENTION),
        .decoder = maps_of(&tap, DM_DECODER_ATTENTION),
        .cross = maps_of(&tap, DM_CROSS_ATTENTION),
    };
    dm_pieces_free(pieces, copies.count);
    dm_free(copies.id);
    dm_free(ids.id);
    dm_arena_destroy(&arena);
    return true;
}

static void free_pieces(char **pieces, int count)
{
    for (int i = 0; i < count; i++) dm_free(pieces[i]);
    dm_free(pieces);
}

void dm_attended_free(dm_attended *attended)
{
    dm_free(attended->text);
    free_pieces(attended->source, attended->source_pieces);
    free_pieces(attended->target, attended->target_pieces);
    dm_free(attended->encoder.weights);
    dm_free(attended->decoder.weights);
    dm_free(attended->cross.weights);
    *attended = (dm_attended){0};
}
