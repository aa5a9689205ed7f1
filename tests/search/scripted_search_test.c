// Search where every score is known: a scripted model says the same at every step of every hypothesis. And sampling, of
// which the probabilities are known.
#include "search/small_model.h"

enum { SCRIPTED = 6, SENTENCES = 12, SOURCE_LONGEST = 14 };

struct SearchState {
    int n;
};

static SearchState state;

static Memory scripted_encode(Graph *g, const Model *model, Tokens source)
{
    (void)model;
    return (Memory){.rows = dm_tensor(g, source.n, SCRIPTED), .spans = source.spans};
}

static SearchState *scripted_start(Graph *g, const Model *model, Memory memory, int room)
{
    (void)g;
    (void)model;
    (void)room;
    state.n = memory.spans.n;
    return &state;
}

// One-hot: the column of the last piece is what the output layer takes from its weight.
static Tensor *scripted_extend(Graph *g, SearchState *s, const int *ids, const int *lengths)
{
    CU_ASSERT_PTR_NULL_FATAL(lengths);  // beam and samples go on by one piece
    Tensor *x = dm_tensor(g, s->n, SCRIPTED);
    for (int i = 0; i < s->n; i++)
        for (int id = 0; id < SCRIPTED; id++) dm_row(x, i)[id] = id == ids[i];
    return x;
}

static void scripted_keep(SearchState *s, const int *from, const int *lengths, int n, int room)
{
    (void)from;
    (void)room;
    CU_ASSERT_PTR_NULL_FATAL(lengths);
    s->n = n;
}

static int scripted_longest(const ModelConfig *config)
{
    return config->width == SCRIPTED ? INT_MAX : 0;
}

static void scripted_finish(SearchState *s)
{
    (void)s;
}

// Searches for one source of four pieces; what is found lies in the arena. The logit of `id` behind `last` is
// scores[id] + table[id][last] (table may be NULL); the start is pad, 5.
static Found table_found(Arena *arena, const float scores[SCRIPTED], const float *table, int eos,
                         const dm_translate_options *options)
{
    static const Architecture scripted = {.name = "scripted",
                                          .writing = dm_writes_on,
                                          .longest = scripted_longest,
                                          .encode = scripted_encode,
                                          .start = scripted_start,
                                          .extend = scripted_extend,
                                          .keep = scripted_keep,
                                          .finish = scripted_finish};
    float weight[SCRIPTED * SCRIPTED] = {0}, bias[SCRIPTED];
    if (table) memcpy(weight, table, sizeof weight);
    memcpy(bias, scores, sizeof bias);
    const OutputLayer output = {
        .kind = &dm_softmax,
        .weight = {.rows = SCRIPTED, .cols = SCRIPTED, .stride = SCRIPTED, .data = weight, .parameter = true},
        .bias = {.rows = 1, .cols = SCRIPTED, .stride = SCRIPTED, .data = bias},
        .pad = SCRIPTED - 1};
    const Model model = {.config = {.examples = &dm_pairs,
                                    .eos = eos,
                                    .pad = SCRIPTED - 1,
                                    .decoder_start = SCRIPTED - 1,
                                    .width = SCRIPTED},
                         .architecture = &scripted,
                         .output = output};
    Graph g = {.arena = arena, .gemm = chosen_backend()};
    int length = 4, ids[] = {1, 2, 3, 0};
    const Model *models = &model;
    const SearchJob job = {
        .models = &models, .model_count = 1, .source = dm_tokens(arena, 1, &length, ids), .options = options};
    Found found;
    CU_ASSERT_TRUE_FATAL(dm_search(&g, &job, &found));
    return found;
}

static Hypothesis table_search(Arena *arena, const float scores[SCRIPTED], const float *table, int eos,
                               const dm_translate_options *options)
{
    return table_found(arena, scores, table, eos, options).best[0];
}

static Hypothesis scripted_search(Arena *arena, const float scores[SCRIPTED], int eos,
                                  const dm_translate_options *options)
{
    return table_search(arena, scores, NULL, eos, options);
}

static void ties_go_to_the_lower_id(void)
{
    Arena arena = {0};
    Hypothesis h = scripted_search(&arena, (float[SCRIPTED]){0}, 4, &(dm_translate_options){BEAM(1, 1, 1, 3)});
    CU_ASSERT_TRUE(same_ids(&h, (int[]){0, 0, 0}, 3));
    h = scripted_search(&arena, (float[SCRIPTED]){-5, -5, 0, -5, -5, -5}, 4, &(dm_translate_options){BEAM(3, 0, 1, 2)});
    CU_ASSERT_TRUE(same_ids(&h, (int[]){2, 2}, 2));
    dm_arena_destroy(&arena);
}

static void the_length_limit_is_reached_and_kept(void)
{
    Arena arena = {0};
    const float never_ends[SCRIPTED] = {-INFINITY, 0, 1, 0, 0, 9};
    Hypothesis h = scripted_search(&arena, never_ends, 0, &(dm_translate_options){BEAM(4, 1, 1.3, 0)});
    CU_ASSERT_EQUAL(h.count, 16);  // ceil(1.3 * 4) + 10
    CU_ASSERT_EQUAL(h.pieces, 16);
    h = scripted_search(&arena, never_ends, 0, &(dm_translate_options){BEAM(4, 1, 1.3, 1)});
    CU_ASSERT_EQUAL(h.count, 1);
    dm_arena_destroy(&arena);
}

static void normalize_decides_between_short_and_long(void)
{
    Arena arena = {0};
    const float scores[SCRIPTED] = {0, 0.5f, -9, -9, -9, -99};  // each piece costs less than the end
    Hypothesis sum = scripted_search(&arena, scores, 0, &(dm_translate_options){BEAM(4, 0, 1, 0)});
    Hypothesis mean = scripted_search(&arena, scores, 0, &(dm_translate_options){BEAM(4, 1, 1, 0)});
    CU_ASSERT_EQUAL(sum.count, 0);
    CU_ASSERT_EQUAL(sum.pieces, 1);
    CU_ASSERT_TRUE(mean.count > 1);
    CU_ASSERT_DOUBLE_EQUAL(mean.score, mean.log_probability / mean.pieces, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(sum.score, sum.log_probability, 1e-12);
    dm_arena_destroy(&arena);
}

// At the start piece 1 is best, the end second, piece 2 third; the end is sure behind 2 and far away behind 1.
static void an_ended_hypothesis_leaves_its_place_to_another(void)
{
    Arena arena = {0};
    float table[SCRIPTED][SCRIPTED] = {0};
    const float none[SCRIPTED] = {0, 0, 0, -99, -99, -99};
    table[1][5] = 2, table[0][5] = 1.9f, table[2][5] = 1.8f;
    table[0][2] = 20;
    table[0][1] = -20;
    Hypothesis h = table_search(&arena, none, *table, 0, &(dm_translate_options){BEAM(2, 1, 1, 0)});
    CU_ASSERT_TRUE(same_ids(&h, (int[]){2}, 1));
    CU_ASSERT_EQUAL(h.pieces, 2);
    dm_arena_destroy(&arena);
}

static void scores_that_are_no_numbers_end_the_search(void)
{
    Arena arena = {0};
    const float lost[][SCRIPTED] = {{NAN, NAN, NAN, NAN, NAN, NAN},
                                    {NAN, 1, 1, 1, 1, 1},
                                    {INFINITY, 0, 0, 0, 0, 0},
                                    {-INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY},
                                    {-INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, 0}};
    for (size_t i = 0; i < DM_COUNT(lost); i++)
        for (int beam = 1; beam < 10; beam += 4) {
            Hypothesis h = scripted_search(&arena, lost[i], 0, &(dm_translate_options){BEAM(beam, 1, 1, 0)});
            CU_ASSERT_TRUE(h.count >= 0 && h.count <= 14);
            CU_ASSERT_TRUE(isfinite(h.score) && isfinite(h.log_probability));
            for (int j = 0; j < h.count; j++) CU_ASSERT_TRUE(h.ids[j] >= 0 && h.ids[j] < SCRIPTED - 1);
        }
    const float one_way[SCRIPTED] = {-INFINITY, -INFINITY, 0, -INFINITY, -INFINITY, -INFINITY};
    Hypothesis h = scripted_search(&arena, one_way, 0, &(dm_translate_options){BEAM(5, 1, 0.1, 4)});
    CU_ASSERT_TRUE(same_ids(&h, (int[]){2, 2, 2, 2}, 4));
    CU_ASSERT_DOUBLE_EQUAL(h.log_probability, 0, 1e-9);
    dm_arena_destroy(&arena);
}

// ---- Sampling -----------------------------------------------------------------------------------------------------

// Draws many pieces of known probabilities and counts them; `weights` are what they should be drawn in proportion to.
static void check_draws(const dm_translate_options *sampling, const double weights[SCRIPTED - 1])
{
    enum { DRAWS = 20000 };
    const float scores[SCRIPTED] = {1, 0, 2, -1, 1.5f, 9};
    dm_translate_options o = *sampling;
    o.n_best = DRAWS;
    o.max_length = 1;
    o.max_length_factor = 1;
    Arena arena = {0};
    double sum = 0;
    for (int id = 0; id < SCRIPTED - 1; id++) sum += weights[id];
    Found found = table_found(&arena, scores, NULL, 0, &o);
    CU_ASSERT_EQUAL_FATAL(found.count, DRAWS);
    int count[SCRIPTED] = {0};
    for (int i = 0; i < DRAWS; i++) count[found.best[i].count ? found.best[i].ids[0] : 0]++;
    for (int id = 0; id < SCRIPTED - 1; id++) {
        const double p = weights[id] / sum, deviation = sqrt(p * (1 - p) / DRAWS);
        CU_ASSERT_DOUBLE_EQUAL(count[id] / (double)DRAWS, p, 4 * deviation);
    }
    CU_ASSERT_EQUAL(count[SCRIPTED - 1], 0);  // pad
    dm_arena_destroy(&arena);
}

static void pieces_are_drawn_as_often_as_they_are_probable(void)
{
    const double e = exp(1);
    check_draws(&(dm_translate_options){.sampling = DM_SAMPLE_FULL, .temperature = 1, .seed = 1},
                (double[]){e, 1, e * e, 1 / e, exp(1.5)});
    check_draws(&(dm_translate_options){.sampling = DM_SAMPLE_FULL, .temperature = 0.5, .seed = 2},
                (double[]){exp(2), 1, exp(4), exp(-2), exp(3)});
    check_draws(&(dm_translate_options){.sampling = DM_SAMPLE_TOPK, .sampling_limit = 2, .temperature = 1, .seed = 3},
                (double[]){0, 0, e * e, 0, exp(1.5)});
    check_draws(&(dm_translate_options){.sampling = DM_SAMPLE_TOPK, .sampling_limit = 1, .temperature = 1, .seed = 3},
                (double[]){0, 0, 1, 0, 0});
    // 2 has 0.46 of the probability (the pad apart), 4 brings it to 0.74, 0 to 0.91
    check_draws(&(dm_translate_options){.sampling = DM_SAMPLE_TOPP, .sampling_limit = 0.8, .temperature = 1, .seed = 4},
                (double[]){e, 0, e * e, 0, exp(1.5)});
    check_draws(&(dm_translate_options){.sampling = DM_SAMPLE_TOPP, .sampling_limit = 0.3, .temperature = 1, .seed = 5},
                (double[]){0, 0, 1, 0, 0});
}

// Of two or four pieces that are alike each has exactly its share of the probability, and the lower ids come first.
static void top_p_takes_no_piece_beyond_its_share(void)
{
    enum { DRAWS = 200 };
    const float scores[SCRIPTED] = {-INFINITY, -INFINITY, 0, 0, -INFINITY, 9},
                quarters[SCRIPTED] = {-INFINITY, 0, 0, 0, 0, 9};
    const struct {
        const float *scores;
        double share;
        int last;  // piece that may be drawn
    } cases[] = {{scores, 0.5, 2},   {scores, 0.50001, 3}, {scores, 1, 3},      {quarters, 0.25, 1},
                 {quarters, 0.5, 2}, {quarters, 0.75, 3},  {quarters, 0.76, 4}, {quarters, 1e-9, 1}};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Arena arena = {0};
        const dm_translate_options o = {.sampling = DM_SAMPLE_TOPP,
                                        .sampling_limit = cases[i].share,
                                        .temperature = 1,
                                        .seed = 6,
                                        .n_best = DRAWS,
                                        .max_length = 1,
                                        .max_length_factor = 1};
        const Found found = table_found(&arena, cases[i].scores, NULL, 0, &o);
        int highest = 0;
        for (int k = 0; k < found.count; k++)
            if (found.best[k].count && found.best[k].ids[0] > highest) highest = found.best[k].ids[0];
        CU_ASSERT_EQUAL(found.count, DRAWS);
        CU_ASSERT_EQUAL(highest, cases[i].last);
        dm_arena_destroy(&arena);
    }
}

static void a_draw_depends_on_seed_and_line_alone(void)
{
    Model *model = small_model(&(Shape){11, 53, 16, 4, 2, 1, 1.2f});
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    const Tokens source = random_sources(&arena, model, SENTENCES, SOURCE_LONGEST, 5);
    dm_translate_options o = {.max_length_factor = 1, .n_best = 3, .sampling = DM_SAMPLE_FULL, .temperature = 1};
    SearchJob job = {.models = (const Model *const *)&model, .model_count = 1, .source = source, .options = &o};
    Found together[SENTENCES], alone, other;
    int differ = 0;
    CU_ASSERT_TRUE(dm_search(&g, &job, together));
    for (size_t i = 0; i < SENTENCES; i++) {
        job.source = dm_tokens(&arena, 1, &source.spans.length[i], source.ids + source.spans.start[i]);
        job.lines = &i;
        o.seed = 0;
        CU_ASSERT_TRUE(dm_search(&g, &job, &alone));
        o.seed = 1;
        CU_ASSERT_TRUE(dm_search(&g, &job, &other));
        CU_ASSERT_EQUAL_FATAL(alone.count, 3);
        for (int k = 0; k < 3; k++) {
            CU_ASSERT_TRUE(same_ids(&together[i].best[k], alone.best[k].ids, alone.best[k].count));
            differ += !same_ids(&other.best[k], alone.best[k].ids, alone.best[k].count);
        }
    }
    CU_ASSERT_TRUE(differ > SENTENCES);
    dm_arena_destroy(&arena);
    dm_model_destroy(model);
}

const Fact facts[] = {
    FACT(ties_go_to_the_lower_id),
    FACT(the_length_limit_is_reached_and_kept),
    FACT(normalize_decides_between_short_and_long),
    FACT(an_ended_hypothesis_leaves_its_place_to_another),
    FACT(scores_that_are_no_numbers_end_the_search),
    FACT(pieces_are_drawn_as_often_as_they_are_probable),
    FACT(top_p_takes_no_piece_beyond_its_share),
    FACT(a_draw_depends_on_seed_and_line_alone),
    {NULL, NULL},
};
