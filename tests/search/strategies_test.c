// The table of strategies: which options want which, and that dm_search runs the first that is wanted.
#include "search/small_model.h"

enum { SENTENCES = 4, LONGEST_SOURCE = 8 };

// A strategy joins by a row.
static const struct {
    const Strategy *strategy;
    const char *name;
    dm_translate_options options;
} cases[] = {
    {&dm_labels_strategy, "labels", {BEAM(1, 1, 1, 12)}},
    {&dm_labels_strategy, "labels", {BEAM(1, 1, 1, 12), .n_best = 3}},
    {&dm_mask_predict_strategy, "mask-predict", {BEAM(1, 1, 1, 12), .iterations = 3, .length_beam = 2}},
    {&dm_mask_predict_strategy, "mask-predict", {BEAM(1, 1, 1, 12), .length_low = 2, .length_high = 4, .n_best = 2}},
    {&dm_prefix_beam_strategy, "prefix-beam", {BEAM(3, 1, 1, 12), .n_best = 2}},
    {&dm_best_path_strategy, "best-path", {BEAM(1, 1, 1, 12)}},
    {&dm_speculative_strategy, "speculative", {BEAM(1, 1, 1, 12), .draft = "lookup"}},
    {&dm_sample_strategy, "sample", {BEAM(1, 1, 1, 12), .sampling = DM_SAMPLE_FULL, .temperature = 1, .seed = 4}},
    {&dm_sample_strategy,
     "sample",
     {BEAM(1, 1, 1, 12), .sampling = DM_SAMPLE_TOPK, .sampling_limit = 3, .temperature = 1, .seed = 4, .n_best = 2}},
    {&dm_beam_strategy, "beam", {BEAM(1, 1, 1, 12)}},
    {&dm_beam_strategy, "beam", {BEAM(4, 1, 1, 12), .n_best = 3}},
};

static bool is_of_labels(size_t k)
{
    return cases[k].strategy == &dm_labels_strategy;
}

static const Ids two_places[SENTENCES] = {
    {(int[]){0, 0}, 2}, {(int[]){0, 1}, 2}, {(int[]){1, 1}, 2}, {(int[]){1, 0}, 2}};

static Model *plain, *labels, *in_any_order, *at_once;

static Model *small_labels(void)
{
    ModelConfig config = small_config_of(&dm_labels, 53, "d_model 16 encoder_layers 1");
    config.target_vocabulary = 5;
    Model *model = dm_model_create(&config);
    dm_model_initialise(model, 3);
    return model;
}

static Model *small_of(const char *shape)
{
    const ModelConfig config = small_config_of(&dm_transformer, 53, shape);
    Model *model = dm_model_create(&config);
    dm_model_initialise(model, 3);
    return model;
}

static void make_models(void)
{
    plain = small_model(&(Shape){11, 53, 16, 4, 2, 1, 1.2f});
    labels = small_labels();
    in_any_order = small_of("d_model 16 decoder_mask none");
    at_once = small_of("d_model 16 decoder_mask none output_layer ctc ctc_upsample 2");
}

static void free_models(void)
{
    dm_model_destroy(plain);
    dm_model_destroy(labels);
    dm_model_destroy(in_any_order);
    dm_model_destroy(at_once);
}

static Model *const *model_of(size_t k)
{
    if (cases[k].strategy == &dm_mask_predict_strategy) return &in_any_order;
    if (cases[k].strategy == &dm_best_path_strategy || cases[k].strategy == &dm_prefix_beam_strategy) return &at_once;
    return is_of_labels(k) ? &labels : &plain;
}

static SearchJob job_of(size_t k)
{
    return (SearchJob){.models = (const Model *const *)model_of(k),
                       .model_count = 1,
                       .options = &cases[k].options,
                       .unknown = 1,
                       .places = is_of_labels(k) ? two_places : NULL};
}

static void every_strategy_has_a_case(void)
{
    for (int i = 0; dm_strategies[i]; i++) {
        bool found = false;
        for (size_t k = 0; k < DM_COUNT(cases); k++) found = found || cases[k].strategy == dm_strategies[i];
        CU_ASSERT(found);
        if (!found) fprintf(stderr, "\nthere is no case of %s\n", dm_strategies[i]->name);
    }
}

static void the_first_that_is_wanted_is_the_one_that_is_meant(void)
{
    make_models();
    for (size_t k = 0; k < DM_COUNT(cases); k++) {
        int first = 0;
        const SearchJob job = job_of(k);
        while (dm_strategies[first] && !dm_strategies[first]->is_wanted(&job)) first++;
        CU_ASSERT_PTR_EQUAL(dm_strategies[first], cases[k].strategy);
        CU_ASSERT_STRING_EQUAL(cases[k].strategy->name, cases[k].name);
    }
    free_models();
}

static void the_last_is_always_wanted(void)
{
    int last = 0;
    while (dm_strategies[last + 1]) last++;
    make_models();
    CU_ASSERT(dm_strategies[last]->is_wanted(&(SearchJob){.options = &(dm_translate_options){.beam_size = 1}}));
    for (size_t k = 0; k < DM_COUNT(cases); k++) {
        const SearchJob job = job_of(k);
        CU_ASSERT(dm_strategies[last]->is_wanted(&job));
    }
    free_models();
}

static bool same_found(const Found *a, const Found *b)
{
    bool same = a->count == b->count;
    for (int i = 0; same && i < a->count; i++)
        same = same_ids(&a->best[i], b->best[i].ids, b->best[i].count) && a->best[i].score == b->best[i].score;
    return same;
}

static void search_runs_it(void)
{
    make_models();
    Found found[DM_COUNT(cases)][SENTENCES], alone[SENTENCES];
    Arena arena = {0};
    const Tokens source = random_sources(&arena, plain, SENTENCES, LONGEST_SOURCE, 5);
    for (size_t k = 0; k < DM_COUNT(cases); k++) {
        Graph g = graph_for(&arena, *model_of(k));
        SearchJob job = job_of(k);
        job.source = source;
        CU_ASSERT_TRUE(dm_search(&g, &job, found[k]));
        CU_ASSERT_TRUE(cases[k].strategy->run(&g, &job, alone));
        for (int i = 0; i < SENTENCES; i++) CU_ASSERT(same_found(&found[k][i], &alone[i]));
    }
    for (size_t k = 0; k + 1 < DM_COUNT(cases); k++) {  // else this says little
        int differ = 0;
        for (int i = 0; i < SENTENCES; i++) differ += !same_found(&found[k][i], &found[k + 1][i]);
        CU_ASSERT(differ > 0);
    }
    dm_arena_destroy(&arena);
    free_models();
}

static void of_no_source_nothing_is_found(void)
{
    Model *model = small_model(&(Shape){11, 53, 16, 4, 2, 1, 1.2f});
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    for (size_t k = 0; k < DM_COUNT(cases); k++) {
        const SearchJob job = {.models = (const Model *const *)&model,
                               .model_count = 1,
                               .source = dm_tokens(&arena, 0, NULL, NULL),
                               .options = &cases[k].options};
        CU_ASSERT_TRUE(dm_search(&g, &job, NULL));
    }
    dm_arena_destroy(&arena);
    dm_model_destroy(model);
}

const Fact facts[] = {
    FACT(every_strategy_has_a_case),     FACT(the_first_that_is_wanted_is_the_one_that_is_meant),
    FACT(the_last_is_always_wanted),     FACT(search_runs_it),
    FACT(of_no_source_nothing_is_found), {NULL, NULL},
};
