// Runs whose attention is guided: what the head learns, what the folder says of it, and that a run that goes on has the
// links it began with.
#include "train/runs.h"

#include "data/examples.h"
#include "folder/alignment.h"
#include "data/linking.h"

// Links of the corpus of runs.h that a model does not come to by itself, for its target is the source from the end:
// each word stands for the one `shift` places further on.
static void write_links(const char *name, int shift)
{
    char *path = path_of("src"), *text = dm_copy_string("");
    write_side("src", false, 1);
    dm_lines lines;
    if (dm_lines_read(&lines, path, NULL)) abort();
    for (size_t i = 0; i < lines.count; i++) {
        const int words = dm_count_words(lines.line[i]);
        for (int k = 0; k < words; k++) {
            char *more = dm_format("%s%s%d-%d", text, k ? " " : "", (k + shift) % words, k);
            dm_free(text);
            text = more;
        }
        char *more = dm_format("%s\n", text);
        dm_free(text);
        text = more;
    }
    scratch_file(name, text, strlen(text));
    dm_lines_free(&lines);
    dm_free(text), dm_free(path);
}

static char *option_of_links(const char *name)
{
    char *path = path_of(name), *option = dm_format("guided-alignment %s", path);
    dm_free(path);
    return option;
}

// The share of target words for which these heads look most at the word of the same place.
static double agreement(const char *folder)
{
    Model *model = open_model(folder);
    cJSON *extra;
    ModelConfig config;
    AlignmentHeads heads;
    const GemmBackend *gemm;
    Segmenter *segmenter;
    Corpus corpus;
    Bitext bitext;
    Error error = {""};
    char *path = path_of(folder), *source = path_of("src"), *target = path_of("trg");
    if (dm_config_read(&config, &extra, path, &error) ||
        dm_alignment_heads_of(&heads, &model->config, extra, path, &error) ||
        dm_gemm_choose(&gemm, test_backend, model->config.width, &error) ||
        dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = path, .kind = "space"}, &error) ||
        dm_bitext_read(&bitext, &(BitextFiles){.path = {source, target}}, &error) ||
        dm_corpus_make(&corpus, &bitext, &(CorpusRules){.threads = 1}, segmenter, &error))
        abort();
    long hits = 0, all = 0;
    for (int pair = 0; pair < corpus.pairs; pair++) {
        Arena arena = {0};
        AttentionTap tap = {.only_cross = true, .only_layer = heads.layer + 1};
        Graph g = {.arena = &arena, .gemm = gemm, .parameters = model->parameters.data, .tap = &tap};
        g.whole_target = heads.whole;
        const Example e = dm_pairs.make(&arena, &corpus, &pair, 1, model->config.decoder_start);
        model->architecture->decode(&g, model, model->architecture->encode(&g, model, e.source), e.read);
        const int rows = e.read.n, columns = e.source.n;
        for (int i = 0; i + 1 < rows; i++, all++) {
            const float *seen = tap.first->probabilities[0] + (heads.heads[0] * rows + i) * columns;
            int best = 0;
            for (int j = 1; j < columns; j++) best = seen[j] > seen[best] ? j : best;
            hits += best == i;
        }
        dm_arena_destroy(&arena);
    }
    CU_ASSERT(heads.head_count == 1 && heads.shift == 0);
    dm_alignment_heads_free(&heads);
    dm_corpus_free(&corpus), dm_bitext_free(&bitext), dm_segmenter_close(segmenter);
    dm_config_free(&config), cJSON_Delete(extra), dm_model_destroy(model);
    dm_free(path), dm_free(source), dm_free(target);
    return (double)hits / (double)all;
}

static char *stored(const char *folder)
{
    char *path = path_of(folder);
    ModelConfig config;
    cJSON *extra;
    if (dm_config_read(&config, &extra, path, NULL)) abort();
    char *printed = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(extra, "alignment")),
         *text = dm_copy_string(printed ? printed : "");
    cJSON_free(printed), cJSON_Delete(extra), dm_config_free(&config), dm_free(path);
    return text;
}

static void a_guided_head_looks_where_the_links_are(void)
{
    write_links("straight", 0);
    char *links = option_of_links("straight");
    static const char *const kinds[][3] = {{"after 60e", "dec-depth 3", "guided-alignment-head 2"},
                                           {"after 60e", "dec-depth 1", "norm-place pre"},
                                           {"after 90e", "dec-depth 3", "guided-alignment-context whole"}};
    static const char *const wanted[] = {"{\"layer\":1,\"heads\":[1],\"shift\":0}",
                                         "{\"layer\":0,\"heads\":[0],\"shift\":0}",
                                         "{\"layer\":1,\"heads\":[0],\"shift\":0,\"whole\":true}"};
    for (size_t i = 0; i < DM_COUNT(kinds); i++) {
        train("guided",
              CHANGES(kinds[i][0], kinds[i][1], kinds[i][2], "add-loss guided-alignment 1", links, "overwrite"), NULL,
              NULL);
        char *said = stored("guided");
        CU_ASSERT_STRING_EQUAL(said, wanted[i]);
        const double found = agreement("guided");
        CU_ASSERT(found > 0.9);
        if (!(found > 0.9)) fprintf(stderr, "\n%s: %g\n", kinds[i][1], found);
        dm_free(said);
    }
    dm_free(links);
}

// Of links that the text itself has: each piece comes from the same one, which stands at the other end.
static void a_text_links_itself(void)
{
    char *valid = validation_on_itself();
    const char *const changes[] = {"after 60e", "dec-depth 2", "add-loss guided-alignment 1", "guided-alignment auto",
                                   valid,       NULL};
    train("itself", changes, NULL, NULL);
    CU_ASSERT(last_figure("itself", "alignment", "agreement") > 0.8);
    const char *more[8] = {"cpu-threads 3"};
    memcpy(more + 1, changes, sizeof changes);
    train("again", more, &(Watcher){.stop_after = 17}, NULL);
    train("again", more, NULL, NULL);
    CU_ASSERT(same_file("again", "itself", "model.safetensors") && same_journal("again", "itself"));
    dm_free(valid);
}

// It is not looked for, but measured.
static void validation_measures_the_guided_head(void)
{
    write_links("straight", 0);
    char *links = option_of_links("straight"), *valid = validation_on_itself();
    train("measured", CHANGES("after 3e", "dec-depth 2", "add-loss guided-alignment", links, valid), NULL, NULL);
    char *said = stored("measured");
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "{\"layer\":0,\"heads\":[0],\"shift\":0,\"agreement\":"));
    CU_ASSERT(last_figure("measured", "alignment", "layer") == 0 && last_figure("measured", "alignment", "shift") == 0);
    CU_ASSERT(last_figure("measured", "alignment", "links") > 30);
    dm_free(said), dm_free(links), dm_free(valid);
}

static void neither_threads_nor_stops_change_a_guided_run(void)
{
    write_links("straight", 0);
    char *links = option_of_links("straight");
    const char *const changes[] = {"after 8e", "dec-depth 2", "add-loss guided-alignment 0.5 coverage 0.25 r-drop",
                                   links, NULL};
    train("whole", changes, NULL, NULL);
    const char *more[8] = {"cpu-threads 3"};
    memcpy(more + 1, changes, sizeof changes);
    train("threads", more, NULL, NULL);
    CU_ASSERT(same_file("threads", "whole", "model.safetensors") && same_journal("threads", "whole"));
    train("stopped", changes, &(Watcher){.stop_after = 17}, NULL);
    train("stopped", more, NULL, NULL);
    CU_ASSERT(same_file("stopped", "whole", "model.safetensors") && same_journal("stopped", "whole"));
    train("plain", CHANGES("after 8e", "dec-depth 2"), NULL, NULL);
    CU_ASSERT(!same_file("plain", "whole", "model.safetensors"));
    dm_free(links);
}

static void a_run_goes_on_with_its_own_links_alone(void)
{
    dm_error error;
    write_links("straight", 0), write_links("crooked", 1), write_links("elsewhere", 0);
    char *links = option_of_links("straight"), *others = option_of_links("crooked"),
         *same = option_of_links("elsewhere");
    train("begun", CHANGES("after 8e", "add-loss guided-alignment", links), &(Watcher){.stop_after = 5}, NULL);
    train("begun", CHANGES("after 8e", "add-loss guided-alignment", others), NULL, &error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "crooked: these are not the links that the run in "));
    train("begun", CHANGES("after 8e", "add-loss guided-alignment", same), NULL, &error);
    CU_ASSERT_STRING_EQUAL(error.message, "");
    train("begun", CHANGES("after 12e", "add-loss coverage", "change"), NULL, &error);
    CU_ASSERT_STRING_EQUAL(error.message, "");
    dm_free(links), dm_free(others), dm_free(same);
}

static void what_cannot_be_is_refused(void)
{
    dm_error error;
    scratch_file("few", "0-0\n", 4);
    write_links("straight", 0);
    char *few = option_of_links("few"), *links = option_of_links("straight");
    const struct {
        const char *changes[5], *wanted;
    } cases[] = {
        {{"add-loss guided-alignment"},
         "--add-loss guided-alignment learns from a file: name it by --guided-alignment"},
        {{links},
         "--guided-alignment has no effect without --add-loss: leave it out, or take --add-loss guided-alignment"},
        {{"add-loss guided-alignment", few}, "few has 1 line and "},
        {{"add-loss guided-alignment", links, "objective minimum-risk"},
         "and --objective minimum-risk reads what the model"},
        {{"add-loss guided-alignment", links, "layer-drop 0.2"}, "and --layer-drop passes over layers"},
        {{"add-loss guided-alignment", links, "guided-alignment-layer 2"}, "the decoder of this model has 1 layer"},
        {{"add-loss guided-alignment coverage", links, "guided-alignment-context whole"},
         "--add-loss coverage adds up"},
        {{"add-loss guided-alignment", links, "guided-alignment-context whole", "dec-autoreg ssru"},
         "needs a decoder with self-attention"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        train("refused", cases[i].changes, NULL, &error);
        const bool says = strstr(error.message, cases[i].wanted) != NULL;
        CU_ASSERT(says);
        if (!says) fprintf(stderr, "\nwanted: %s\n   got: %s\n", cases[i].wanted, error.message);
    }
    dm_free(few), dm_free(links);
}

const Fact facts[] = {
    FACT(a_guided_head_looks_where_the_links_are),
    FACT(a_text_links_itself),
    FACT(validation_measures_the_guided_head),
    FACT(neither_threads_nor_stops_change_a_guided_run),
    FACT(a_run_goes_on_with_its_own_links_alone),
    FACT(what_cannot_be_is_refused),
    {NULL, NULL},
};
