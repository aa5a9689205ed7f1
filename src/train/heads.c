// The heads that align best. Attention aligns without having been told to (Garg et al. 2019, "Jointly learning to align
// and translate with Transformer models"), in some layers and heads much better than in others, and often best one row
// late: where a piece is read, not where it is predicted (Chen et al. 2020, "Accurate word alignment induction from
// neural machine translation").
#include "train/heads.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"
#include "core/threads.h"
#include "data/examples.h"
#include "data/lexicon.h"
#include "folder/folder.h"
#include "train/run.h"

enum {
    MOST_PAIRS = 500,       // evenly spread over the validation text
    MOST_PIECES = 200,      // of a side of them, ends of sentence among them
    MOST_FLOATS = 1 << 25,  // of attention
    JOB_PAIRS = 16,         // that go through the model together
};

// ---- Choosing ---------------------------------------------------------------------------------------------------

// A set of heads of one layer, with one shift, and how it does.
typedef struct HeadSet {
    int layer, shift, count;
    bool *chosen;  // [heads]
    long hits;     // -1: not measured
    double mass;   // summed over the linked pieces
} HeadSet;

static const float *row_of(const SeenText *text, const SeenPair *pair, int layer, int head, int row)
{
    const size_t map = (size_t)layer * (size_t)text->heads + (size_t)head;
    return pair->attention + (map * (size_t)pair->rows + (size_t)row) * (size_t)pair->columns;
}

static void mean_row(float *mean, const SeenText *text, const SeenPair *pair, const HeadSet *set, int row)
{
    memset(mean, 0, (size_t)pair->columns * sizeof *mean);
    for (int h = 0; h < text->heads; h++) {
        const float *seen = row_of(text, pair, set->layer, h, row);
        for (int j = 0; set->chosen[h] && j < pair->columns; j++) mean[j] += seen[j] / (float)set->count;
    }
}

// The source piece that is looked at most. The end of sentence is none: heads look there that have nothing to look at.
static int favourite(const float *mean, const SeenPair *pair)
{
    int best = 0;
    for (int j = 1; j + 1 < pair->columns; j++)
        if (mean[j] > mean[best]) best = j;
    return best;
}

static void measure(HeadSet *set, const SeenText *text)
{
    float mean[MOST_PIECES];
    set->hits = 0;
    set->mass = 0;
    for (int p = 0; p < text->pairs; p++) {
        const SeenPair *pair = &text->pair[p];
        assert(pair->columns <= MOST_PIECES);
        for (int i = 0; i + 1 < pair->rows; i++) {
            if (pair->link[i] < 0) continue;
            mean_row(mean, text, pair, set, i + set->shift);
            set->hits += favourite(mean, pair) == pair->link[i];
            set->mass += (double)mean[pair->link[i]];
        }
    }
}

static bool is_better(const HeadSet *a, const HeadSet *b)
{
    return a->hits != b->hits ? a->hits > b->hits : a->mass > b->mass;
}

// Adds the head with which the set does best; false if it does no better with any.
static bool grow(HeadSet *set, const SeenText *text, Stop *stop)
{
    HeadSet best = *set;
    int head = -1;
    for (int h = 0; h < text->heads; h++) {
        if (set->chosen[h]) continue;
        if (dm_stop_asked(stop)) return false;
        HeadSet trial = *set;
        trial.count++;
        set->chosen[h] = true;
        measure(&trial, text);
        set->chosen[h] = false;
        if (trial.hits > set->hits && is_better(&trial, &best)) best = trial, head = h;
    }
    if (head < 0) return false;
    *set = best;
    set->chosen[head] = true;
    return true;
}

typedef struct Choosing {
    const SeenText *text;
    HeadSet *set;  // [layers * 2]
    Stop *stop;
} Choosing;

static void choose_set(void *context, int index, int thread)
{
    (void)thread;
    const Choosing *choice = context;
    const SeenText *text = choice->text;
    HeadSet *set = &choice->set[index];
    *set = (HeadSet){.layer = index / 2,
                     .shift = index % 2,
                     .chosen = dm_allocate((size_t)text->heads, sizeof *set->chosen),
                     .hits = -1};
    while (grow(set, text, choice->stop)) continue;
}

static long count_links(const SeenText *text)
{
    long links = 0;
    for (int p = 0; p < text->pairs; p++)
        for (int i = 0; i + 1 < text->pair[p].rows; i++) links += text->pair[p].link[i] >= 0;
    return links;
}

static void take_set(FoundHeads *found, const HeadSet *best, int heads)
{
    found->heads = (AlignmentHeads){
        .layer = best->layer, .shift = best->shift, .heads = dm_allocate((size_t)best->count, sizeof(int))};
    for (int h = 0; h < heads; h++)
        if (best->chosen[h]) found->heads.heads[found->heads.head_count++] = h;
    found->agreement = (double)best->hits / (double)found->links;
    found->mass = best->mass / (double)found->links;
}

void dm_heads_choose(FoundHeads *found, const SeenText *text, int threads, Stop *stop)
{
    *found = (FoundHeads){.links = count_links(text)};
    if (!found->links) return;
    const int sets = 2 * text->layers;
    Choosing choice = {text, dm_allocate((size_t)sets, sizeof *choice.set), stop};
    dm_parallel(threads, sets, choose_set, &choice);
    if (dm_stop_asked(stop)) found->links = 0;
    const HeadSet *best = choice.set;
    for (int i = 1; i < sets; i++)
        if (is_better(&choice.set[i], best)) best = &choice.set[i];
    if (found->links) take_set(found, best, text->heads);
    for (int i = 0; i < sets; i++) dm_free(choice.set[i].chosen);
    dm_free(choice.set);
}

void dm_heads_measure(FoundHeads *found, const SeenText *text, const AlignmentHeads *heads)
{
    *found = (FoundHeads){.links = count_links(text)};
    HeadSet set = {.layer = heads->layer, .shift = heads->shift, .count = heads->head_count};
    set.chosen = dm_allocate((size_t)text->heads, sizeof *set.chosen);
    for (int i = 0; i < heads->head_count; i++) set.chosen[heads->heads[i]] = true;
    measure(&set, text);
    take_set(found, &set, text->heads);
    dm_free(set.chosen);
}

// ---- Looking ----------------------------------------------------------------------------------------------------

// Some of the validation text, and room for what is seen of it. order: [pairs] which pairs of the corpus.
static SeenText take_pairs(int **order, const Corpus *corpus, SourceAttention seen)
{
    const int most = corpus->pairs < MOST_PAIRS ? corpus->pairs : MOST_PAIRS;
    SeenText text = {.pair = dm_allocate((size_t)most, sizeof *text.pair), .layers = seen.layers, .heads = seen.heads};
    *order = dm_allocate((size_t)most, sizeof **order);
    size_t room = MOST_FLOATS;
    for (int k = 0; k < most; k++) {
        const int pair = (int)((int64_t)corpus->pairs * k / most);
        const int rows = corpus->target_length[pair], columns = corpus->source_length[pair];
        if (rows < 2 || columns < 2 || rows > MOST_PIECES || columns > MOST_PIECES) continue;
        const size_t floats = (size_t)text.layers * (size_t)text.heads * (size_t)rows * (size_t)columns;
        if (floats > room) break;
        room -= floats;
        (*order)[text.pairs] = pair;
        text.pair[text.pairs++] =
            (SeenPair){rows, columns, dm_allocate(floats, sizeof(float)), dm_allocate((size_t)rows - 1, sizeof(int))};
    }
    return text;
}

static void free_text(SeenText *text)
{
    for (int p = 0; p < text->pairs; p++) {
        dm_free(text->pair[p].attention);
        dm_free(text->pair[p].link);
    }
    dm_free(text->pair);
}

typedef struct Viewing {
    const Model *model;
    const GemmBackend *gemm;
    const Corpus *corpus;
    const int *order;
    SeenText *text;
    bool whole;  // as alignments will be made
    Stop *stop;
} Viewing;

// Copies what the heads of all layers see.
static void keep_attention(SeenText *text, int first, const AttentionTap *tap)
{
    int layer = 0;
    for (const AttentionView *view = tap->first; view; view = view->next) {
        if (view->kind != DM_CROSS_ATTENTION) continue;
        for (int s = 0; s < view->queries.n; s++) {
            const SeenPair *pair = &text->pair[first + s];
            const size_t size = (size_t)text->heads * (size_t)pair->rows * (size_t)pair->columns;
            memcpy(pair->attention + (size_t)layer * size, view->probabilities[s], size * sizeof(float));
        }
        layer++;
    }
    assert(layer == text->layers);
}

static void look_at_some(void *context, int index, int thread)
{
    (void)thread;
    const Viewing *look = context;
    const Model *model = look->model;
    const int first = index * JOB_PAIRS, left = look->text->pairs - first;
    if (dm_stop_asked(look->stop)) return;
    Arena arena = {0};
    AttentionTap tap = {0};
    Graph g = {.arena = &arena, .gemm = look->gemm, .parameters = model->parameters.data, .tap = &tap};
    g.whole_target = look->whole;
    const Example pairs = dm_examples_of(&model->config)
                              ->make(&arena, look->corpus, look->order + first, left < JOB_PAIRS ? left : JOB_PAIRS,
                                     model->config.decoder_start);
    const Memory memory = model->architecture->encode(&g, model, pairs.source);
    model->architecture->decode(&g, model, memory, pairs.read);
    keep_attention(look->text, first, &tap);
    dm_arena_destroy(&arena);
}

static void link_pairs(SeenText *text, const int *order, const Corpus *corpus, Run *run)
{
    int count;
    PiecePair *training = dm_lexicon_pairs(&run->corpus, &count);
    Lexicon lexicon;
    const bool learnt = dm_lexicon_fit(&lexicon, training, count, run->settings.threads, &run->stop);
    for (int p = 0; p < text->pairs && learnt; p++) {
        const PiecePair pair = dm_lexicon_pair(corpus, order[p]);
        dm_lexicon_align(&lexicon, &pair, (int *const[2]){NULL, text->pair[p].link});
    }
    dm_lexicon_free(&lexicon);
    dm_free(training);
}

// ---- At the end of a run ----------------------------------------------------------------------------------------

// Heads that were guided are those that align; others are looked for.
static void find_heads(FoundHeads *found, Run *run, const Model *model, const SeenText *text)
{
    if (!dm_terms_have(&run->terms, &dm_guided_alignment)) {
        dm_heads_choose(found, text, run->settings.threads, &run->stop);
        return;
    }
    AlignmentHeads guided = dm_alignment_heads_of_gaze(&run->terms.gaze, &model->config);
    dm_heads_measure(found, text, &guided);
    dm_alignment_heads_free(&guided);
}

static Status keep_found(Run *run, const FoundHeads *found, Error *error)
{
    if (!found->links) return DM_OK;
    Status status = dm_report_heads(run, found, error);
    if (status) return status;
    return dm_alignment_heads_store(&found->heads, found->agreement, run->settings.folder, error);
}

Status dm_heads_keep(Run *run, Error *error)
{
    const Corpus *corpus = dm_validator_corpus(run->validator);
    Model *model;  // as the folder has it: the run goes on with weights of its own
    Status status = dm_model_read(&model, NULL, run->settings.folder, error);
    if (status) return status;
    int *order;
    SeenText text = take_pairs(&order, corpus, model->architecture->source_attention(&model->config));
    Viewing look = {model, run->gemm, corpus, order, &text, run->terms.gaze.whole, &run->stop};
    dm_parallel(run->settings.threads, (text.pairs + JOB_PAIRS - 1) / JOB_PAIRS, look_at_some, &look);
    link_pairs(&text, order, corpus, run);
    FoundHeads found = {0};
    if (!dm_stop_asked(&run->stop)) find_heads(&found, run, model, &text);
    status = dm_stop_asked(&run->stop) ? DM_STOPPED : keep_found(run, &found, error);
    dm_alignment_heads_free(&found.heads);
    free_text(&text);
    dm_free(order);
    dm_model_destroy(model);
    return status;
}
