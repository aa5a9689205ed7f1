// Search on small random models against a plain reference, against PyTorch, and in batches of any size.
#include "core/files.h"
#include "core/memory.h"
#include "folder/folder.h"
#include "search/plain_search.h"

// One model, and the best hypothesis of each source.
static void search(Graph *g, const Model *model, Tokens source, const dm_translate_options *options, Hypothesis *best)
{
    const SearchJob job = {.models = &model, .model_count = 1, .source = source, .options = options};
    Found *found = dm_arena_take(g->arena, (size_t)source.spans.n * sizeof *found);
    CU_ASSERT_TRUE_FATAL(dm_search(g, &job, found));
    for (int i = 0; i < source.spans.n; i++) best[i] = found[i].best[0];
}

typedef struct Case {
    Shape shape;
    dm_translate_options options;
} Case;

static const Case cases[] = {
    {{1, 23, 8, 2, 1, 0, 1.7f}, {BEAM(5, 1, 1.5, 0)}},
    {{2, 41, 16, 4, 2, 1, 1.7f}, {BEAM(4, 1, 2, 0)}},
    {{3, 300, 16, 2, 1, 2, 1.7f}, {BEAM(3, 0, 1.5, 0)}},
    {{10, 1500, 16, 2, 1, 0, 0.5f}, {BEAM(8, 1, 0.5, 0)}},  // many pieces of nearly the same probability
    {{4, 131, 8, 1, 2, 2, 1.7f}, {BEAM(1, 1, 1.5, 0)}},
    {{5, 31, 8, 2, 1, -3, 1.7f}, {BEAM(6, 0.6, 1, 7)}},
    {{6, 6, 8, 2, 1, 0, 1.7f}, {BEAM(12, 1, 1.5, 0)}},  // a beam wider than the vocabulary
    {{7, 65, 8, 2, 1, 3, 1.7f}, {BEAM(40, 1, 1, 12)}},
    {{8, 19, 12, 3, 2, 1, 1.7f}, {BEAM(5, 1, 1.5, 1)}},  // one piece and no more
    {{9, 3, 8, 2, 1, 0, 1.7f}, {BEAM(5, 1, 1, 0)}},      // end of sentence and one piece
};

enum { SENTENCES = 12, SOURCE_LONGEST = 14 };

// Everything that ended, in order, with its scores.
static void compare(const Found *found, const PlainSearch *s)
{
    CU_ASSERT_EQUAL_FATAL(found->count, s->count);
    for (int i = 0; i < s->count; i++) {
        const Hypothesis *h = &found->best[i];
        const Plain *plain = &s->finished[i];
        double sum = 0;
        for (int j = 0; j < h->pieces; j++) sum += h->piece_scores[j];
        CU_ASSERT_TRUE(same_ids(h, plain->ids, plain->count));
        CU_ASSERT_EQUAL(h->pieces, plain->pieces);
        CU_ASSERT_DOUBLE_EQUAL(h->log_probability, plain->total, 1e-4 * (1 + fabs(plain->total)));
        CU_ASSERT_DOUBLE_EQUAL(h->log_probability, sum, 1e-9 * (1 + fabs(sum)));
        CU_ASSERT_DOUBLE_EQUAL(h->score, plain->score, 1e-4);
    }
}

static int *copied(const int *ids, int count)
{
    int *copy = dm_allocate((size_t)count, sizeof *copy);
    return count ? memcpy(copy, ids, (size_t)count * sizeof *copy) : copy;
}

// Searches with one model or two, and with prefixes for every second sentence where they are wanted. Returns how many
// of the sentences could be compared.
static int compare_told(const Shape *shape, const SearchDefaults *told, const dm_translate_options *options, int models,
                        int prefix_length)
{
    Model *model[2] = {small_model(shape), small_model(shape)};
    dm_model_destroy(model[1]);
    model[1] = small_model(&(Shape){shape->seed + 50, shape->vocabulary, 4, 1, 1, shape->eos_bias, shape->scale});
    SearchDefaults *search = &model[0]->config.search;
    *search = *told;
    search->bad_words = copied(told->bad_words, told->bad_word_count);
    search->bad_first = copied(told->bad_first, told->bad_first_count);
    Arena arena = {0};
    Graph g = graph_for(&arena, model[0]);
    const Tokens source = random_sources(&arena, model[0], SENTENCES, SOURCE_LONGEST, shape->seed);
    dm_translate_options o = *options;
    o.n_best = 1000;
    Ids prefixes[SENTENCES] = {0};
    for (int i = 0; i < SENTENCES; i += 2)
        prefixes[i] = (Ids){(int *)source.ids + source.spans.start[i],
                            prefix_length < source.spans.length[i] ? prefix_length : source.spans.length[i] - 1};
    const SearchJob job = {.models = (const Model *const *)model,
                           .model_count = models,
                           .source = source,
                           .options = &o,
                           .prefixes = prefixes};
    Found found[SENTENCES];
    int compared = 0;
    CU_ASSERT_TRUE_FATAL(dm_search(&g, &job, found));
    for (int i = 0; i < SENTENCES; i++) {
        PlainSearch s = {.models = {model[0], model[1]},
                         .model_count = models,
                         .length = source.spans.length[i],
                         .ids = source.ids + source.spans.start[i],
                         .prefix = prefixes[i].id,
                         .prefix_count = prefixes[i].count,
                         .options = &o};
        plain_search(&s);
        if (!s.close) compare(&found[i], &s);
        compared += !s.close;
        dm_free(s.finished);
    }
    dm_arena_destroy(&arena);
    dm_model_destroy(model[0]);
    dm_model_destroy(model[1]);
    return compared;
}

static int compare_all(const Shape *shape, const dm_translate_options *options, int models, int prefix_length)
{
    return compare_told(shape, &(SearchDefaults){0}, options, models, prefix_length);
}

static void beam_search_equals_the_plain_reference(void)
{
    int compared = 0;
    for (size_t c = 0; c < DM_COUNT(cases); c++) compared += compare_all(&cases[c].shape, &cases[c].options, 1, 0);
    CU_ASSERT_TRUE(compared > (int)DM_COUNT(cases) * SENTENCES / 2);
}

static void an_ensemble_equals_the_plain_reference(void)
{
    int compared = 0;
    for (size_t c = 0; c < 3; c++) compared += compare_all(&cases[c].shape, &cases[c].options, 2, 0);
    CU_ASSERT_TRUE(compared > 3 * SENTENCES / 2);
}

static void prefixes_equal_the_plain_reference(void)
{
    int compared = 0;
    for (size_t c = 0; c < 3; c++)
        for (int length = 1; length < 10; length += 4)
            compared += compare_all(&cases[c].shape, &cases[c].options, 1, length);
    CU_ASSERT_TRUE(compared > 9 * SENTENCES / 2);
}

static void rules_and_diversity_equal_the_plain_reference(void)
{
    static const dm_translate_options rules[] = {
        {BEAM(4, 1, 1, 0), .min_length = 6},
        {BEAM(3, 1, 1, 4), .min_length = 30},  // longer than the limit allows
        {BEAM(4, 1, 1, 0), .no_repeat_ngram = 1},
        {BEAM(4, 1, 1, 0), .no_repeat_ngram = 2},
        {BEAM(1, 1, 1, 0), .no_repeat_ngram = 3},
        {BEAM(4, 1, 1, 0), .diversity = 0.7},
        {BEAM(6, 0.6, 1, 0), .diversity = 3, .min_length = 3, .no_repeat_ngram = 2},
    };
    int compared = 0;
    for (size_t r = 0; r < DM_COUNT(rules); r++) {
        compared += compare_all(&(Shape){31 + r, 23, 8, 2, 1, 0, 1.7f}, &rules[r], 1, 0);
        compared += compare_all(&(Shape){61 + r, 5, 8, 2, 1, -1, 1.7f}, &rules[r], 1, 3);  // soon nothing may follow
    }
    CU_ASSERT_TRUE(compared > (int)DM_COUNT(rules) * SENTENCES);
}

static void what_the_folder_says_equals_the_plain_reference(void)
{
    static int pieces[] = {3, 7, 9, 11};
    static const SearchDefaults told[] = {
        {.end = DM_END_WHEN_WORSE},
        {.end = DM_END_AT_LIMIT},
        {.says_first = true, .first = 5},
        {.says_first = true, .first = 5, .bad_first = pieces, .bad_first_count = 4, .end = DM_END_WHEN_WORSE},
        {.bad_first = pieces, .bad_first_count = 4, .renormalize = true},
        {.bad_words = pieces, .bad_word_count = 4, .renormalize = true, .end = DM_END_WHEN_WORSE},
        {.max_length = 7, .ends_at_limit = true},
        {.max_length = 5, .ends_at_limit = true, .says_first = true, .first = 4, .end = DM_END_AT_LIMIT},
    };
    static const dm_translate_options options[] = {
        {BEAM(4, 1, 1.5, 0)}, {BEAM(1, 1, 1.5, 0)}, {BEAM(5, 0.4, 1, 0), .min_length = 3}, {BEAM(3, 0, 1, 0)}};
    int compared = 0;
    for (size_t t = 0; t < DM_COUNT(told); t++)
        for (size_t o = 0; o < DM_COUNT(options); o++)
            for (int flat = 0; flat < 2; flat++)  // many ways that are about as good, and few
                compared +=
                    compare_told(&(Shape){101 + t, 23, 8, 2, 1, 1, flat ? 0.8f : 1.7f}, &told[t], &options[o], 1, 0);
    CU_ASSERT_TRUE(compared > (int)(DM_COUNT(told) * DM_COUNT(options)) * SENTENCES);
}

static void equal_to_the_bit(const Found *one, const Found *other)
{
    CU_ASSERT_EQUAL_FATAL(one->count, other->count);
    for (int i = 0; i < one->count; i++) {
        const Hypothesis *a = &one->best[i], *b = &other->best[i];
        CU_ASSERT_TRUE(same_ids(a, b->ids, b->count));
        CU_ASSERT_TRUE(a->score == b->score && a->log_probability == b->log_probability && a->pieces == b->pieces);
    }
}

// Candidates come from the best few pieces, or from whole rows where n-grams must not be repeated, however long ones.
// Every piece has a twin of the same score.
static void the_best_few_pieces_are_as_good_as_all(void)
{
    static const dm_translate_options options[] = {
        {BEAM(1, 1, 1.5, 0)},
        {BEAM(5, 1, 1.5, 0)},
        {BEAM(4, 0.6, 1.5, 0), .min_length = 8},
        {BEAM(3, 1, 1.5, 0), .diversity = 0.3},
        {BEAM(20, 1, 1, 12)},
        {BEAM(127, 1, 1, 4)},  // more than is kept in order
    };
    for (size_t n = 0; n < 2 * DM_COUNT(options); n++) {
        Model *model = small_model(&(Shape){71 + n, n % 2 ? 24 : 2300, 8, 2, 1, 1, 1.7f});
        float *embedding = dm_parameter(&model->parameters, "model.shared.weight")->tensor.data;
        for (int id = 2; id + 2 < model->config.target_vocabulary; id += 2)
            memcpy(embedding + (id + 1) * 8, embedding + id * 8, 8 * sizeof(float));
        model->config.search.bad_words = dm_allocate(2, sizeof(int));
        model->config.search.bad_word_count = 2;
        model->config.search.bad_words[0] = 4, model->config.search.bad_words[1] = 5;
        float *bias = dm_parameter(&model->parameters, "final_logits_bias")->tensor.data;
        bias[4] = bias[5] = bias[model->config.pad] = 9;  // what may not come is wanted most
        Arena arena = {0};
        Graph g = graph_for(&arena, model);
        dm_translate_options o = options[n / 2];
        o.n_best = 1000;
        Found few[SENTENCES], all[SENTENCES];
        const SearchJob job = {.models = (const Model *const *)&model,
                               .model_count = 1,
                               .source = random_sources(&arena, model, SENTENCES, SOURCE_LONGEST, n),
                               .options = &o};
        CU_ASSERT_TRUE_FATAL(dm_search(&g, &job, few));
        o.no_repeat_ngram = 1000;
        CU_ASSERT_TRUE_FATAL(dm_search(&g, &job, all));
        for (int i = 0; i < SENTENCES; i++) equal_to_the_bit(&few[i], &all[i]);
        dm_arena_destroy(&arena);
        dm_model_destroy(model);
    }
}

static void beam_one_equals_greedy(void)
{
    Model *model = small_model(&(Shape){11, 53, 16, 4, 2, 1, 1.7f});
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    Tokens source = random_sources(&arena, model, SENTENCES, SOURCE_LONGEST, 5);
    Hypothesis found[SENTENCES];
    search(&g, model, source, &(dm_translate_options){BEAM(1, 1, 1.5, 0)}, found);
    double scores[53];
    for (int i = 0; i < SENTENCES; i++) {
        Memory memory = model->architecture->encode(
            &g, model, dm_tokens(&arena, 1, &source.spans.length[i], source.ids + source.spans.start[i]));
        Plain h = {0};
        bool ended = false, close = false;
        while (!ended && h.count < (int)ceil(1.5 * source.spans.length[i]) + 10) {
            next_log_probabilities(&g, model, memory, &h, scores);
            int best = 0, second = -1;
            for (int v = 1; v < 52; v++)  // 52 is pad
                if (scores[v] > scores[best])
                    second = best, best = v;
                else if (second < 0 || scores[v] > scores[second])
                    second = v;
            close = close || scores[best] - scores[second] < 1e-4;
            ended = best == model->config.eos;
            if (!ended) h.ids[h.count++] = best;
        }
        CU_ASSERT_TRUE(close || same_ids(&found[i], h.ids, h.count));
    }
    dm_arena_destroy(&arena);
    dm_model_destroy(model);
}

// expected.json of a golden folder: what PyTorch translated each source to, in at most 20 pieces.
static void greedy_equals_pytorch_in(const char *folder)
{
    enum { GOLDEN_LIMIT = 20, MOST_IDS = 256 };
    Error error = {""};
    Model *model = NULL;
    char *text = NULL, *path = dm_join_path(folder, "expected.json");
    CU_ASSERT_EQUAL_FATAL(dm_model_read(&model, NULL, folder, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_read_file(path, &text, NULL, &error), DM_OK);
    cJSON *expected = cJSON_Parse(text), *pair, *id;
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    int pairs = 0;
    cJSON_ArrayForEach(pair, cJSON_GetObjectItemCaseSensitive(expected, "pairs"))
    {
        int source[MOST_IDS], length = 0, greedy[MOST_IDS], count = 0;
        cJSON_ArrayForEach(id, cJSON_GetObjectItemCaseSensitive(pair, "source")) source[length++] = id->valueint;
        cJSON_ArrayForEach(id, cJSON_GetObjectItemCaseSensitive(pair, "greedy")) greedy[count++] = id->valueint;
        bool ended = count && greedy[count - 1] == model->config.eos;
        Hypothesis found;
        search(&g, model, dm_tokens(&arena, 1, &length, source), &(dm_translate_options){BEAM(1, 1, 100, GOLDEN_LIMIT)},
               &found);
        CU_ASSERT_TRUE(same_ids(&found, greedy, count - ended));
        CU_ASSERT_EQUAL(found.pieces, count);
        pairs++;
    }
    CU_ASSERT_TRUE(pairs > 5);
    cJSON_Delete(expected);
    dm_arena_destroy(&arena);
    dm_model_destroy(model);
    dm_free(text);
    dm_free(path);
}

static void greedy_equals_pytorch(void)
{
    static const char *const folders[] = {"shared-swish", "shared-relu", "separate", "untied", "half", "bfloat"};
    for (size_t i = 0; i < DM_COUNT(folders); i++) {
        char *folder = dm_format("%s/golden/marian/%s", TEST_DATA, folders[i]);
        greedy_equals_pytorch_in(folder);
        dm_free(folder);
    }
}

static void a_batch_of_one_equals_a_batch_of_many(void)
{
    for (size_t c = 0; c < DM_COUNT(cases); c++) {
        Model *model = small_model(&cases[c].shape);
        Arena arena = {0};
        Graph g = graph_for(&arena, model);
        Tokens source = random_sources(&arena, model, SENTENCES, SOURCE_LONGEST, 100 + c);
        Hypothesis together[SENTENCES];
        search(&g, model, source, &cases[c].options, together);
        for (int i = 0; i < SENTENCES; i++) {
            Hypothesis alone;
            const int *ids = source.ids + source.spans.start[i];
            search(&g, model, dm_tokens(&arena, 1, &source.spans.length[i], ids), &cases[c].options, &alone);
            PlainSearch plain = plain_search_of(model, source.spans.length[i], ids, &cases[c].options);
            dm_free(plain.finished);
            if (plain.close) continue;
            CU_ASSERT_TRUE(same_ids(&together[i], alone.ids, alone.count));
            CU_ASSERT_DOUBLE_EQUAL(together[i].score, alone.score, 1e-5 * (1 + fabs(alone.score)));
        }
        dm_arena_destroy(&arena);
        dm_model_destroy(model);
    }
}

// Where sentences have limits of their own, the options' count no longer, and one that ends early leaves the others as
// they are.
static void each_sentence_keeps_its_own_limit(void)
{
    static const int limits[SENTENCES] = {7, 1, 3, 12, 5, 5, 9, 2, 8, 4, 6, 10};
    Model *model = small_model(&(Shape){13, 29, 8, 2, 1, -2, 1.7f});
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    const Model *models = model;
    dm_translate_options options = {BEAM(3, 1, 1, 2)};
    model->output.bias.data[model->config.eos] = -10000;
    Tokens source = random_sources(&arena, model, SENTENCES, SOURCE_LONGEST, 9);
    Found found[SENTENCES], alone;
    SearchJob job = {.models = &models, .model_count = 1, .source = source, .options = &options, .limits = limits};
    CU_ASSERT_TRUE_FATAL(dm_search(&g, &job, found));
    for (int i = 0; i < SENTENCES; i++) {
        CU_ASSERT_EQUAL(found[i].best[0].count, limits[i]);
        job.source = dm_tokens(&arena, 1, &source.spans.length[i], source.ids + source.spans.start[i]);
        job.limits = &limits[i];
        CU_ASSERT_TRUE_FATAL(dm_search(&g, &job, &alone));
        CU_ASSERT_TRUE(same_ids(&found[i].best[0], alone.best[0].ids, alone.best[0].count));
    }
    dm_arena_destroy(&arena);
    dm_model_destroy(model);
}

static void bad_words_and_pad_are_never_taken(void)
{
    Model *model = small_model(&(Shape){13, 29, 8, 2, 1, -2, 1.7f});
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    dm_translate_options options = {BEAM(4, 1, 1.5, 0)};
    Tokens source = random_sources(&arena, model, SENTENCES, SOURCE_LONGEST, 8);
    Hypothesis found[SENTENCES];
    dm_parameter(&model->parameters, "final_logits_bias")->tensor.data[28] = 50;  // pad, very much wanted
    search(&g, model, source, &options, found);
    int wanted = found[1].ids[0];
    model->config.search.bad_words = dm_allocate(2, sizeof(int));
    model->config.search.bad_words[model->config.search.bad_word_count++] = wanted;
    model->config.search.bad_words[model->config.search.bad_word_count++] = 28;
    search(&g, model, source, &options, found);
    for (int i = 0; i < SENTENCES; i++)
        for (int j = 0; j < found[i].count; j++) CU_ASSERT_TRUE(found[i].ids[j] != 28 && found[i].ids[j] != wanted);
    dm_arena_destroy(&arena);
    dm_model_destroy(model);
}

// ---- Steps with caches against whole sequences ----------------------------------------------------------------------

// Slots are moved about after every step, more and fewer of them; what each slot says next has to be what the whole
// sequence of its history says.
static void a_step_equals_the_whole_sequence(void)
{
    enum { SOURCES = 4, SLOTS = 9, STEPS = 60 };
    Model *model = small_model(&(Shape){17, 37, 16, 4, 2, 0, 1.2f});
    Arena arena = {0}, scratch = {0};
    Graph g = graph_for(&arena, model), whole = graph_for(&scratch, model);
    Tokens sources = random_sources(&arena, model, SOURCES, SOURCE_LONGEST, 3);
    Memory memory = model->architecture->encode(&g, model, sources);
    SearchState *state = model->architecture->start(&g, model, memory, 1);
    Random random = dm_random(9, 0, 0, 0);
    Plain slot[SLOTS] = {0}, moved[SLOTS];
    int source_of[SLOTS] = {0, 1, 2, 3}, moved_source[SLOTS], from[SLOTS], ids[SLOTS], n = SOURCES;
    for (int i = 0; i < SLOTS; i++) ids[i] = model->config.decoder_start;
    double worst = 0, expected[37];
    for (int step = 0; step < STEPS; step++) {
        ArenaMark mark = dm_arena_mark(&arena);
        const Tensor *x = model->architecture->extend(&g, state, ids, NULL);
        const Tensor *got = model->output.kind->log_probabilities(&g, &model->output, &(Decoded){.features = x});
        CU_ASSERT_EQUAL_FATAL(got->rows, n);
        for (int i = 0; i < n; i++) {
            int source = source_of[i], length = sources.spans.length[source];
            dm_arena_reset(&scratch);
            Tokens one = dm_tokens(&scratch, 1, &length, sources.ids + sources.spans.start[source]);
            Memory its = model->architecture->encode(&whole, model, one);
            next_log_probabilities(&whole, model, its, &slot[i], expected);
            for (int v = 0; v < 36; v++)  // without pad, at -10000
                worst = fmax(worst, fabs(expected[v] - (double)dm_row(got, i)[v]) / fmax(1, fabs(expected[v])));
        }
        dm_arena_release(&arena, mark);
        int next = 1 + (int)dm_random_below(&random, SLOTS);
        for (int i = 0; i < next; i++) {
            from[i] = (int)dm_random_below(&random, (uint32_t)n);
            moved[i] = slot[from[i]];
            moved_source[i] = source_of[from[i]];
            ids[i] = (int)dm_random_below(&random, 36);
            moved[i].ids[moved[i].count++] = ids[i];
        }
        memcpy(slot, moved, sizeof slot);
        memcpy(source_of, moved_source, sizeof source_of);
        model->architecture->keep(state, from, NULL, n = next, 1);
    }
    CU_ASSERT_TRUE(worst < 1e-5);
    model->architecture->finish(state);
    dm_arena_destroy(&arena);
    dm_arena_destroy(&scratch);
    dm_model_destroy(model);
}

static bool at_once(void *context)
{
    ++*(int *)context;
    return true;
}

static void a_search_that_is_stopped_says_so(void)
{
    Model *model = small_model(&(Shape){11, 53, 16, 4, 2, -9, 1.2f});
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    int asked = 0;
    const dm_translate_options o = {.beam_size = 2, .max_length_factor = 1, .context = &asked, .stop = at_once};
    const SearchJob job = {.models = (const Model *const *)&model,
                           .model_count = 1,
                           .source = random_sources(&arena, model, SENTENCES, SOURCE_LONGEST, 5),
                           .options = &o};
    Found found[SENTENCES];
    CU_ASSERT_FALSE(dm_search(&g, &job, found));
    CU_ASSERT_EQUAL(asked, 1);
    dm_arena_destroy(&arena);
    dm_model_destroy(model);
}

const Fact facts[] = {
    FACT(beam_search_equals_the_plain_reference),
    FACT(an_ensemble_equals_the_plain_reference),
    FACT(prefixes_equal_the_plain_reference),
    FACT(rules_and_diversity_equal_the_plain_reference),
    FACT(what_the_folder_says_equals_the_plain_reference),
    FACT(the_best_few_pieces_are_as_good_as_all),
    FACT(beam_one_equals_greedy),
    FACT(greedy_equals_pytorch),
    FACT(a_batch_of_one_equals_a_batch_of_many),
    FACT(each_sentence_keeps_its_own_limit),
    FACT(bad_words_and_pad_are_never_taken),
    FACT(a_step_equals_the_whole_sequence),
    FACT(a_search_that_is_stopped_says_so),
    {NULL, NULL},
};
