// Facts about shortlists: what vmap.txt may hold, which pieces a batch looks at, and that search finds what it would
// find if all other pieces were impossible.
#include "core/memory.h"
#include "search/shortlist.h"

#include "text/scratch.h"
#include "search/search.h"
#include "search/small_model.h"

enum { PIECES = 700, SENTENCES = 5 };

// </s> 0, <unk> 1, w2 ... w698, <pad> 699
static Segmenter *words(const char *folder)
{
    char *text = dm_allocate(PIECES * 16, 1), *path = dm_join_path(folder, "vocab.json");
    int at = sprintf(text, "{\"</s>\": 0, \"<unk>\": 1");
    for (int i = 2; i < PIECES - 1; i++) at += sprintf(text + at, ", \"w%d\": %d", i, i);
    sprintf(text + at, ", \"<pad>\": %d}\n", PIECES - 1);
    Segmenter *segmenter = NULL;
    Error error;
    if (dm_make_folder(folder, NULL) || dm_write_file(path, text, strlen(text), NULL) ||
        dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = folder, .kind = "space"}, &error))
        abort();
    dm_free(text);
    dm_free(path);
    return segmenter;
}

// Reads a list with this text, in a folder of its own. *status: what came of it.
static Shortlist *list_of(const char *text, Status *status, Error *error)
{
    char *folder = scratch_path("model");
    Segmenter *segmenter = words(folder);
    Shortlist *shortlist;
    char *path = scratch_write("model/list.txt", text);
    *status = dm_shortlist_read(&shortlist, path, segmenter, error);
    dm_segmenter_close(segmenter);
    dm_free(path);
    dm_free(folder);
    return shortlist;
}

static void what_cannot_be_used_is_refused(void)
{
    static const char *const cases[][2] = {
        {"w2\tw3 w4\nw5\tw6 w4711\n", "line 2: the model has no piece 'w4711'"},
        {"\tw3\nw2 w3\n", "line 2 has no tab"},
        {"", "is empty"},
        {"foo\tw3\nw2\t\n", "has no target for any piece"},
        {"dragoman:bytes=000000000000\t\n", "has no target for any piece"},
        {"dragoman:bytes=000000000012\t\nw2\tw3\nw3\tw", "of 12 bytes behind its first line 11 are there"},
        {"dragoman:bytes=000000000012\t\nw2\tw3\n", "is not whole"},
        {"dragoman:bytes=000000000012\t\nw2\tw3\nw3\tw45\n", "is not whole"},
        {"dragoman:bytes=", "line 1 has no tab"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Status status;
        Error error;
        CU_ASSERT(!list_of(cases[i][0], &status, &error) && status != DM_OK);
        CU_ASSERT(contains(error.message, cases[i][1]) && contains(error.message, "list.txt"));
    }
    char *folder = scratch_path("empty");
    Segmenter *segmenter = words(folder);
    Shortlist *shortlist;
    Error error;
    char *path = scratch_path("nowhere.txt");
    CU_ASSERT(dm_shortlist_read(&shortlist, path, segmenter, &error) != DM_OK && !shortlist);
    CU_ASSERT(contains(error.message, path));
    dm_free(path);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

static void what_is_whole_is_taken(void)
{
    static const char *const cases[] = {"dragoman:bytes=000000000012\t\nw2\tw3\nw3\tw4\n",
                                        "dragoman:bytes=000000000012\t\nw2\tw3\nw3\tw4", "w2\tw3\nw3\tw4\n"};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Status status;
        Error error = {""};
        Shortlist *shortlist = list_of(cases[i], &status, &error);
        CU_ASSERT_STRING_EQUAL(error.message, "");
        CU_ASSERT(shortlist && status == DM_OK);
        dm_shortlist_free(shortlist);
    }
}

static bool is_listed(const OutputLayer *output, int id)
{
    for (int i = 0; i < output->weight.rows; i++)
        if (output->ids[i] == id) return true;
    return false;
}

// Listed are the end of sentence, what always is, and what the source says; then the lowest ids, to a multiple of 256.
static void a_batch_looks_at_what_its_pieces_may_become(void)
{
    Status status;
    Error error;
    Shortlist *shortlist =
        list_of("\tw650 w651\nw2\tw600 w2\nw3\tw601  w602\nw2 w3\tw690\nw4\tw691\nfoo\tw692\n", &status, &error);
    CU_ASSERT_FATAL(status == DM_OK);
    Model *model =
        small_model(&(Shape){.seed = 1, .vocabulary = PIECES, .width = 8, .heads = 2, .layers = 1, .scale = 1});
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    int lengths[] = {2, 2}, ids[] = {2, 0, 3, 0};
    OutputLayer *output = dm_shortlist_output(shortlist, &g, model, dm_tokens(&arena, 2, lengths, ids));
    CU_ASSERT_FATAL(output && output->weight.rows == 256 && output->bias.cols == 256);
    static const int listed[] = {0, 2, 600, 601, 602, 650, 651}, others[] = {690, 691, 692, 603};
    for (size_t i = 0; i < DM_COUNT(listed); i++) CU_ASSERT(is_listed(output, listed[i]));
    for (size_t i = 0; i < DM_COUNT(others); i++) CU_ASSERT(!is_listed(output, others[i]));
    for (int i = 0; i < 256; i++) {
        const int id = output->ids[i];
        CU_ASSERT(i == 0 || id > output->ids[i - 1]);
        CU_ASSERT(id < 250 || is_listed(output, id));
        CU_ASSERT(output->bias.data[i] == model->output.bias.data[id]);
        CU_ASSERT(memcmp(dm_row(&output->weight, i), dm_row(&model->output.weight, id), 8 * sizeof(float)) == 0);
    }
    dm_short_output_free(output);
    dm_model_destroy(model);

    model = small_model(&(Shape){.seed = 1, .vocabulary = 256, .width = 8, .heads = 2, .layers = 1, .scale = 1});
    Shortlist *same = list_of("w2\tw3\n", &status, &error);
    CU_ASSERT(status == DM_OK && !dm_shortlist_output(same, &g, model, dm_tokens(&arena, 2, lengths, ids)));
    dm_model_destroy(model);
    dm_shortlist_free(same);
    dm_shortlist_free(shortlist);
    dm_arena_destroy(&arena);
}

// Wherever in the vocabulary it stands and whatever the list says: else no translation could end.
static void the_end_of_sentence_is_always_looked_at(void)
{
    Status status;
    Error error;
    Shortlist *shortlist = list_of("\tw650 w651\nw2\tw600\n", &status, &error);
    CU_ASSERT_FATAL(status == DM_OK);
    Model *model =
        small_model(&(Shape){.seed = 1, .vocabulary = PIECES, .width = 8, .heads = 2, .layers = 1, .scale = 1});
    model->config.eos = 690;
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    int lengths[] = {2}, ids[] = {2, 690};
    OutputLayer *output = dm_shortlist_output(shortlist, &g, model, dm_tokens(&arena, 1, lengths, ids));
    CU_ASSERT_FATAL(output && output->weight.rows == 256);
    CU_ASSERT(is_listed(output, 690));
    dm_short_output_free(output);
    dm_model_destroy(model);
    dm_shortlist_free(shortlist);
    dm_arena_destroy(&arena);
}

static void search_finds_what_it_finds_where_other_pieces_are_impossible(void)
{
    Status status;
    Error error;
    Shortlist *shortlist = list_of("\tw650 w651 w652 w653\nw5\tw600\nw6\tw601\n", &status, &error);
    CU_ASSERT_FATAL(status == DM_OK);
    for (int beam = 1; beam <= 4; beam += 3) {
        Model *model = small_model(
            &(Shape){.seed = 3, .vocabulary = PIECES, .width = 16, .heads = 2, .layers = 2, .eos_bias = 3, .scale = 2});
        for (int id = 600; id < PIECES - 1; id++)
            model->output.bias.data[id] = 4;  // where rows and ids are not the same
        const Model *models[] = {model};
        Arena arena = {0};
        Graph g = graph_for(&arena, model);
        g.packs = dm_packs_create(g.gemm, DM_PRECISION_FP32);  // NULL with OpenBLAS
        const dm_translate_options options = {BEAM(beam, 1, 3, 12)};
        Found found[SENTENCES], expected[SENTENCES];
        SearchJob job = {.models = models,
                         .model_count = 1,
                         .shortlist = shortlist,
                         .source = random_sources(&arena, model, SENTENCES, 6, 4),
                         .options = &options};
        CU_ASSERT(dm_search(&g, &job, found));
        const OutputLayer *output = dm_shortlist_output(shortlist, &g, model, job.source);
        for (int id = 0; id < PIECES; id++)
            if (!is_listed(output, id)) model->output.bias.data[id] = -10000;
        job.shortlist = NULL;
        CU_ASSERT(dm_search(&g, &job, expected));
        int far = 0;
        for (int i = 0; i < SENTENCES; i++) {
            const Hypothesis *a = &found[i].best[0], *b = &expected[i].best[0];
            CU_ASSERT(a->count == b->count && memcmp(a->ids, b->ids, (size_t)a->count * sizeof(int)) == 0);
            CU_ASSERT(fabs(a->score - b->score) < 1e-4);
            for (int k = 0; k < a->count; k++) far += a->ids[k] >= 600;
        }
        CU_ASSERT(far > SENTENCES);  // else this says little
        dm_packs_destroy(output->packs);
        dm_packs_destroy(g.packs);
        dm_model_destroy(model);
        dm_arena_destroy(&arena);
    }
    dm_shortlist_free(shortlist);
}

const Fact facts[] = {
    FACT(what_cannot_be_used_is_refused),
    FACT(what_is_whole_is_taken),
    FACT(the_end_of_sentence_is_always_looked_at),
    FACT(a_batch_looks_at_what_its_pieces_may_become),
    FACT(search_finds_what_it_finds_where_other_pieces_are_impossible),
    {NULL, NULL},
};
