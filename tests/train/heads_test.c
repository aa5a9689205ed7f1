// Facts about the heads that align: the right ones are found, and a run leaves them in its folder.
#include "core/memory.h"
#include "train/heads.h"

#include "data/examples.h"
#include "data/lexicon.h"
#include "runs.h"

// ---- Attention made by hand -------------------------------------------------------------------------------------

enum { LAYERS = 2, HEADS = 3, PIECES = 4, ROWS = PIECES + 1, PAIRS = 2 };

typedef struct Bench {
    float attention[PAIRS][LAYERS][HEADS][ROWS][ROWS];
    int link[PAIRS][PIECES];
    SeenPair pair[PAIRS];
    SeenText text;
} Bench;

// Pairs that are translated piece by piece; all heads see the same everywhere.
static void set_up(Bench *b)
{
    for (int p = 0; p < PAIRS; p++) {
        for (int i = 0; i < PIECES; i++) b->link[p][i] = i;
        b->pair[p] = (SeenPair){ROWS, ROWS, (float *)b->attention[p], b->link[p]};
    }
    for (size_t k = 0; k < sizeof b->attention / sizeof(float); k++) ((float *)b->attention)[k] = 1.0f / ROWS;
    b->text = (SeenText){b->pair, PAIRS, LAYERS, HEADS};
}

// The head looks at `column` and nowhere else while it is at `row`.
static void look(Bench *b, int layer, int head, int row, int column)
{
    for (int p = 0; p < PAIRS; p++)
        for (int j = 0; j < ROWS; j++) b->attention[p][layer][head][row][j] = j == column;
}

static void the_head_that_is_the_diagonal_is_found(void)
{
    for (int layer = 0; layer < LAYERS; layer++)
        for (int head = 0; head < HEADS; head++)
            for (int shift = 0; shift < 2; shift++) {
                Bench b;
                FoundHeads found;
                set_up(&b);
                for (int i = 0; i < PIECES; i++) look(&b, layer, head, i + shift, i);
                dm_heads_choose(&found, &b.text, 2, NULL);
                CU_ASSERT(found.heads.layer == layer && found.heads.shift == shift);
                CU_ASSERT(found.heads.head_count == 1 && found.heads.heads[0] == head);
                CU_ASSERT(found.links == PAIRS * PIECES && found.agreement == 1);
                CU_ASSERT_DOUBLE_EQUAL(found.mass, 1, 1e-6);
                dm_alignment_heads_free(&found.heads);
            }
}

// Heads 0 and 2 of layer 1 know one half of the pieces each, and look at the end of sentence for the others; a head of
// the other layer knows three pieces of four.
static void heads_that_complete_each_other_are_taken_together(void)
{
    Bench b;
    FoundHeads found;
    set_up(&b);
    for (int i = 0; i < PIECES; i++) {
        look(&b, 1, 0, i, i < 2 ? i : PIECES);
        look(&b, 1, 2, i, i < 2 ? PIECES : i);
        look(&b, 0, 1, i, i < 3 ? i : 0);
    }
    dm_heads_choose(&found, &b.text, 1, NULL);
    CU_ASSERT(found.heads.layer == 1 && found.heads.shift == 0 && found.heads.head_count == 2);
    CU_ASSERT(found.heads.heads[0] == 0 && found.heads.heads[1] == 2);
    CU_ASSERT(found.agreement == 1);
    CU_ASSERT_DOUBLE_EQUAL(found.mass, 0.5, 1e-6);
    dm_alignment_heads_free(&found.heads);
}

static void of_heads_that_agree_as_often_the_surer_is_taken(void)
{
    Bench b;
    FoundHeads found;
    set_up(&b);
    for (int i = 0; i < PIECES; i++) {
        for (int p = 0; p < PAIRS; p++) b.attention[p][0][0][i][i] += 0.1f;
        look(&b, 0, 1, i, i);
    }
    dm_heads_choose(&found, &b.text, 1, NULL);
    CU_ASSERT(found.heads.head_count == 1 && found.heads.heads[0] == 1);
    dm_alignment_heads_free(&found.heads);
}

static void the_end_of_sentence_is_nothing_to_come_from(void)
{
    Bench b;
    FoundHeads found;
    set_up(&b);
    for (int i = 0; i < PIECES; i++) {
        look(&b, 1, 0, i, PIECES);
        for (int p = 0; p < PAIRS; p++) b.attention[p][1][0][i][PIECES] = 0.7f, b.attention[p][1][0][i][i] = 0.3f;
    }
    dm_heads_choose(&found, &b.text, 1, NULL);
    CU_ASSERT(found.heads.layer == 1 && found.heads.head_count == 1 && found.heads.heads[0] == 0);
    CU_ASSERT(found.agreement == 1);
    CU_ASSERT_DOUBLE_EQUAL(found.mass, 0.3, 1e-6);
    dm_alignment_heads_free(&found.heads);
}

static void pieces_that_come_from_nowhere_do_not_count(void)
{
    Bench b;
    FoundHeads found;
    set_up(&b);
    for (int p = 0; p < PAIRS; p++)
        for (int i = 0; i < PIECES; i++) b.link[p][i] = p == 0 && i == 2 ? 3 : DM_NO_PIECE;
    look(&b, 1, 1, 2, 3);
    dm_heads_choose(&found, &b.text, 1, NULL);
    CU_ASSERT(found.links == 1 && found.agreement == 1 && found.heads.layer == 1 && found.heads.heads[0] == 1);
    CU_ASSERT_DOUBLE_EQUAL(found.mass, 1, 1e-6);
    dm_alignment_heads_free(&found.heads);
    b.link[0][2] = DM_NO_PIECE;
    dm_heads_choose(&found, &b.text, 1, NULL);
    CU_ASSERT(found.links == 0 && found.heads.head_count == 0 && !found.heads.heads);
}

// ---- What runs leave --------------------------------------------------------------------------------------------

// "alignment" of a folder's config.json as text, "" where there is none. It must be good for the folder's model.
static char *stored(const char *folder)
{
    char *path = dm_copy_string(scratch(folder)), *text = NULL;
    ModelConfig config;
    cJSON *extra = NULL;
    AlignmentHeads heads;
    Error error = {""};
    CU_ASSERT_EQUAL_FATAL(dm_config_read(&config, &extra, path, &error), DM_OK);
    CU_ASSERT_EQUAL(dm_alignment_heads_of(&heads, &config, extra, path, &error), DM_OK);
    const cJSON *alignment = cJSON_GetObjectItemCaseSensitive(extra, "alignment");
    char *printed = alignment ? cJSON_PrintUnformatted(alignment) : NULL;
    text = dm_copy_string(printed ? printed : "");
    cJSON_free(printed);
    cJSON_Delete(extra);
    dm_alignment_heads_free(&heads);
    dm_config_free(&config);
    dm_free(path);
    return text;
}

static bool same_stored(const char *a, const char *b)
{
    char *one = stored(a), *other = stored(b);
    const bool same = *one && strcmp(one, other) == 0;
    dm_free(one), dm_free(other);
    return same;
}

// A run's folder, and its training text as ids.
typedef struct Learnt {
    Model *model;
    const GemmBackend *gemm;
    Segmenter *segmenter;
    Corpus corpus;
    AlignmentHeads heads;
} Learnt;

static Learnt open_learnt(const char *name)
{
    Learnt l;
    Error error = {""};
    cJSON *extra;
    char *folder = path_of(name), *source = path_of("src"), *target = path_of("trg");
    const BitextFiles files = {.path = {source, target}};
    Bitext bitext = {0};
    if (dm_model_read(&l.model, &extra, folder, &error) ||
        dm_alignment_heads_of(&l.heads, &l.model->config, extra, folder, &error) ||
        dm_gemm_choose(&l.gemm, test_backend, l.model->config.width, &error) ||
        dm_segmenter_open(&l.segmenter,
                          &(SegmenterFiles){.folder = folder, .kind = "space", .eos = l.model->config.eos}, &error) ||
        dm_bitext_read(&bitext, &files, &error) ||
        dm_corpus_make(&l.corpus, &bitext, &(CorpusRules){.threads = 1}, l.segmenter, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    cJSON_Delete(extra);
    dm_bitext_free(&bitext);
    dm_free(folder), dm_free(source), dm_free(target);
    return l;
}

static void close_learnt(Learnt *l)
{
    dm_model_destroy(l->model);
    dm_corpus_free(&l->corpus);
    dm_segmenter_close(l->segmenter);
    dm_alignment_heads_free(&l->heads);
}

// The source piece at which the heads look most for a target piece; the pair goes through the model alone.
static void look_at_pair(const Learnt *l, int pair, int *place)
{
    Arena arena = {0};
    AttentionTap tap = {0};
    Graph g = {.arena = &arena, .gemm = l->gemm, .parameters = l->model->parameters.data, .tap = &tap};
    const Example example = dm_pairs.make(&arena, &l->corpus, &pair, 1, l->model->config.decoder_start);
    const Memory memory = l->model->architecture->encode(&g, l->model, example.source);
    l->model->architecture->decode(&g, l->model, memory, example.read);
    const AttentionView *view = tap.first;
    for (int layer = -1;; view = view->next)
        if (view->kind == DM_CROSS_ATTENTION && ++layer == l->heads.layer) break;
    const int rows = example.read.n, columns = example.source.n;
    for (int i = 0; i + 1 < rows; i++) {
        double most = -1;
        for (int j = 0; j + 1 < columns; j++) {
            double sum = 0;
            for (int k = 0; k < l->heads.head_count; k++)
                sum += (double)view->probabilities[0][(l->heads.heads[k] * rows + i + l->heads.shift) * columns + j];
            if (sum > most) most = sum, place[i] = j;
        }
    }
    dm_arena_destroy(&arena);
}

static void what_is_stored_is_how_well_these_heads_align(void)
{
    char *valid = validation_on_itself();
    train("learns",
          CHANGES("after 150e", "dropout 0", "label-smoothing 0", "dim-emb 32", "dec-depth 2", "learn-rate 0.005",
                  valid, "valid-freq 300u"),
          NULL, NULL);
    Learnt l = open_learnt("learns");
    int count;
    PiecePair *pairs = dm_lexicon_pairs(&l.corpus, &count);
    Lexicon lexicon;
    dm_lexicon_fit(&lexicon, pairs, count, 1, NULL);
    long links = 0, hits = 0;
    for (int p = 0; p < l.corpus.pairs; p++) {
        const PiecePair pair = pairs[p];
        int from[8], place[8];
        dm_lexicon_align(&lexicon, &pair, (int *const[2]){NULL, from});
        look_at_pair(&l, p, place);
        for (int i = 0; i < pair.targets; i++) {
            links += from[i] >= 0;
            hits += from[i] >= 0 && from[i] == place[i];
        }
    }
    const double agreement = last_figure("learns", "alignment", "agreement");
    CU_ASSERT(agreement > 0.6);  // by chance it would be a third
    CU_ASSERT_DOUBLE_EQUAL((double)hits / (double)links, agreement, 1e-5);
    CU_ASSERT(last_figure("learns", "alignment", "links") == (double)links);
    CU_ASSERT(last_figure("learns", "alignment", "layer") == l.heads.layer);
    CU_ASSERT(last_figure("learns", "alignment", "shift") == l.heads.shift);
    dm_lexicon_free(&lexicon);
    dm_free(pairs);
    close_learnt(&l);
    dm_free(valid);
}

static void neither_threads_nor_stops_change_what_is_stored(void)
{
    char *valid = validation_on_itself();
    const char *const changes[] = {"after 12e", valid, "valid-freq 20u", "dec-depth 2", NULL};
    train("whole", changes, NULL, NULL);
    const char *more[8] = {"cpu-threads 3"};
    memcpy(more + 1, changes, sizeof changes);
    train("threads", more, NULL, NULL);
    CU_ASSERT(same_stored("threads", "whole") && same_journal("threads", "whole"));
    train("stopped", changes, &(Watcher){.stop_after = 25}, NULL);
    char *before = stored("stopped");
    CU_ASSERT_STRING_EQUAL(before, "");
    train("stopped", more, NULL, NULL);
    CU_ASSERT(same_stored("stopped", "whole") && same_journal("stopped", "whole"));

    // Going on with a run that was complete replaces what it stored.
    train("longer", CHANGES("after 2e", valid, "valid-freq 20u", "dec-depth 2"), NULL, NULL);
    CU_ASSERT(!same_stored("longer", "whole"));
    train("longer", changes, NULL, NULL);
    CU_ASSERT(same_stored("longer", "whole"));
    dm_free(before), dm_free(valid);
}

static void without_validation_nothing_is_stored(void)
{
    train("blind", CHANGES("after 2e"), NULL, NULL);
    char *text = stored("blind");
    CU_ASSERT_STRING_EQUAL(text, "");
    CU_ASSERT(last_figure("blind", "alignment", "layer") == -1);
    dm_free(text);
}

// A step that changes nothing, begun from the folder: what it measures is the folder's model.safetensors.
static void the_weights_that_the_folder_ends_with_are_measured(void)
{
    static const char *const kinds[][2] = {{"averaged", "average 8"}, {"smoothed", "exponential-smoothing 0.02"}};
    char *valid = validation_on_itself();
    train("plain", CHANGES("after 20e", valid, "valid-freq 1e", "dec-depth 2"), NULL, NULL);
    for (size_t i = 0; i < DM_COUNT(kinds); i++) {
        const char *folder = kinds[i][0];
        train(folder, CHANGES("after 20e", valid, "valid-freq 1e", "dec-depth 2", kinds[i][1]), NULL, NULL);
        char *start = path_of(folder), *change = dm_format("pretrained-model %s", start);
        train("again", CHANGES(change, "after 1u", valid, "learn-rate 1e-12", "lr-warmup 0", "overwrite"), NULL, NULL);
        CU_ASSERT(same_stored(folder, "again"));
        CU_ASSERT(!same_stored(folder, "plain"));  // the weights of the run itself: else this test says nothing
        dm_free(start), dm_free(change);
    }
    dm_free(valid);
}

const Fact facts[] = {
    FACT(the_head_that_is_the_diagonal_is_found),
    FACT(heads_that_complete_each_other_are_taken_together),
    FACT(of_heads_that_agree_as_often_the_surer_is_taken),
    FACT(the_end_of_sentence_is_nothing_to_come_from),
    FACT(pieces_that_come_from_nowhere_do_not_count),
    FACT(what_is_stored_is_how_well_these_heads_align),
    FACT(neither_threads_nor_stops_change_what_is_stored),
    FACT(without_validation_nothing_is_stored),
    FACT(the_weights_that_the_folder_ends_with_are_measured),
    {NULL, NULL},
};
