// Search on small random models against a plain reference, and on a scripted model where every score is known.
#include "decode/search.h"

#include "core/files.h"
#include "model/folder.h"
#include "small_model.h"

// ---- The reference: no caches, no batches, everything sorted ----------------------------------------------------

enum { LONGEST = 64 };

typedef struct Plain {
    int ids[LONGEST], count, pieces;
    double total, score;
} Plain;

typedef struct PlainCandidate {
    double total;
    int hypothesis, id;
} PlainCandidate;

typedef struct PlainSearch {
    Plain best;
    int finished;
    bool close;  // some choice hung on a difference that rounding may make
} PlainSearch;

static int in_order(const void *a, const void *b)
{
    const PlainCandidate *x = a, *y = b;
    if (x->total != y->total) return x->total > y->total ? -1 : 1;
    if (x->hypothesis != y->hypothesis) return x->hypothesis - y->hypothesis;
    return x->id - y->id;
}

static void finish(PlainSearch *s, Plain h, int pieces, double total, double normalize)
{
    h.pieces = pieces;
    h.total = total;
    h.score = total / pow(pieces, normalize);
    if (s->finished && fabs(h.score - s->best.score) < 1e-4) s->close = true;
    if (!s->finished || h.score > s->best.score) s->best = h;
    s->finished++;
}

// log softmax in double of what follows a prefix, the whole prefix decoded anew.
static void next_log_probabilities(Graph *g, const Model *model, Memory memory, const Plain *h, double *out)
{
    int inputs[LONGEST + 1], length = h->count + 1, vocabulary = model->output->rows;
    inputs[0] = model->config.decoder_start;
    memcpy(inputs + 1, h->ids, (size_t)h->count * sizeof(int));
    const Tensor *features = model->architecture->decode(g, model, memory, dm_tokens(g->arena, 1, &length, inputs));
    const float *x = dm_row(features, h->count);
    double largest = -INFINITY, sum = 0;
    for (int v = 0; v < vocabulary; v++) {
        out[v] = (double)model->output_bias->data[v];
        for (int i = 0; i < features->cols; i++) out[v] += (double)x[i] * (double)dm_row(model->output, v)[i];
        largest = fmax(largest, out[v]);
    }
    for (int v = 0; v < vocabulary; v++) sum += exp(out[v] - largest);
    for (int v = 0; v < vocabulary; v++) out[v] -= largest + log(sum);
}

static PlainSearch plain_search(const Model *model, int length, const int *ids, const SearchOptions *options)
{
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    int vocabulary = model->output->rows, size = options->beam_size, open = 1, at = 0;
    int limit = (int)ceil(options->max_length_factor * length) + 10;
    if (options->max_length && limit > options->max_length) limit = options->max_length;
    Memory memory = model->architecture->encode(&g, model, dm_tokens(&arena, 1, &length, ids));
    PlainSearch s = {0};
    Plain *now = dm_allocate((size_t)size, sizeof *now), *next = dm_allocate((size_t)size, sizeof *next);
    double *scores = dm_allocate((size_t)vocabulary, sizeof *scores);
    PlainCandidate *all = dm_allocate((size_t)(size * vocabulary), sizeof *all);
    while (open && s.finished < size && at < limit) {
        int n = 0, kept = 0;
        for (int h = 0; h < open; h++) {
            next_log_probabilities(&g, model, memory, &now[h], scores);
            for (int v = 0; v < vocabulary; v++) {
                bool bad = v == model->config.pad;
                for (int i = 0; i < model->config.bad_word_count; i++) bad = bad || v == model->config.bad_words[i];
                if (!bad) all[n++] = (PlainCandidate){now[h].total + scores[v], h, v};
            }
        }
        qsort(all, (size_t)n, sizeof *all, in_order);
        at++;
        for (int i = 0; i < n && i < 2 * size; i++) {
            const Plain *from = &now[all[i].hypothesis];
            if (i + 1 < n && all[i].total - all[i + 1].total < 1e-4) s.close = true;
            if (all[i].id == model->config.eos) {
                if (i < size) finish(&s, *from, at, all[i].total, options->normalize);
            } else if (kept < size) {
                next[kept] = *from;
                next[kept].total = all[i].total;
                next[kept].ids[next[kept].count++] = all[i].id;
                kept++;
            }
        }
        Plain *swapped = now;
        now = next;
        next = swapped;
        open = kept;
    }
    if (s.finished < size)
        for (int h = 0; h < open; h++) finish(&s, now[h], now[h].count, now[h].total, options->normalize);
    free(now);
    free(next);
    free(scores);
    free(all);
    dm_arena_destroy(&arena);
    return s;
}

static bool same_ids(const Hypothesis *h, const int *ids, int count)
{
    return h->count == count && (!count || memcmp(h->ids, ids, (size_t)count * sizeof(int)) == 0);
}

typedef struct Case {
    Shape shape;
    SearchOptions options;
} Case;

static const Case cases[] = {
    {{1, 23, 8, 2, 1, 0, 1.7f}, {5, 1, 1.5, 0}},
    {{2, 41, 16, 4, 2, 1, 1.7f}, {4, 1, 2, 0}},
    {{3, 300, 16, 2, 1, 2, 1.7f}, {3, 0, 1.5, 0}},
    {{10, 1500, 16, 2, 1, 0, 0.5f}, {8, 1, 0.5, 0}},  // many pieces of nearly the same probability
    {{4, 131, 8, 1, 2, 2, 1.7f}, {1, 1, 1.5, 0}},
    {{5, 31, 8, 2, 1, -3, 1.7f}, {6, 0.6, 1, 7}},
    {{6, 6, 8, 2, 1, 0, 1.7f}, {12, 1, 1.5, 0}},  // a beam wider than the vocabulary
    {{7, 65, 8, 2, 1, 3, 1.7f}, {40, 1, 1, 12}},
    {{8, 19, 12, 3, 2, 1, 1.7f}, {5, 1, 1.5, 1}},  // one piece and no more
    {{9, 3, 8, 2, 1, 0, 1.7f}, {5, 1, 1, 0}},      // end of sentence and one piece
};

enum { SENTENCES = 12, SOURCE_LONGEST = 14 };

static void beam_search_equals_the_plain_reference(void)
{
    int compared = 0;
    for (size_t c = 0; c < DM_COUNT(cases); c++) {
        Model *model = small_model(&cases[c].shape);
        Arena arena = {0};
        Graph g = graph_for(&arena, model);
        Tokens source = random_sources(&arena, model, SENTENCES, SOURCE_LONGEST, c);
        Hypothesis found[SENTENCES];
        dm_search(&g, model, source, &cases[c].options, found);
        for (int i = 0; i < SENTENCES; i++) {
            PlainSearch s =
                plain_search(model, source.spans.length[i], source.ids + source.spans.start[i], &cases[c].options);
            if (s.close) continue;
            compared++;
            CU_ASSERT_TRUE(same_ids(&found[i], s.best.ids, s.best.count));
            CU_ASSERT_EQUAL(found[i].pieces, s.best.pieces);
            CU_ASSERT_DOUBLE_EQUAL(found[i].log_probability, s.best.total, 1e-4 * (1 + fabs(s.best.total)));
            CU_ASSERT_DOUBLE_EQUAL(found[i].score, s.best.score, 1e-4);
        }
        dm_arena_destroy(&arena);
        dm_model_destroy(model);
    }
    CU_ASSERT_TRUE(compared > (int)DM_COUNT(cases) * SENTENCES * 3 / 4);
}

static void beam_one_equals_greedy(void)
{
    Model *model = small_model(&(Shape){11, 53, 16, 4, 2, 1, 1.7f});
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    Tokens source = random_sources(&arena, model, SENTENCES, SOURCE_LONGEST, 5);
    Hypothesis found[SENTENCES];
    dm_search(&g, model, source, &(SearchOptions){1, 1, 1.5, 0}, found);
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
        dm_search(&g, model, dm_tokens(&arena, 1, &length, source), &(SearchOptions){1, 1, 100, GOLDEN_LIMIT}, &found);
        CU_ASSERT_TRUE(same_ids(&found, greedy, count - ended));
        CU_ASSERT_EQUAL(found.pieces, count);
        pairs++;
    }
    CU_ASSERT_TRUE(pairs > 5);
    cJSON_Delete(expected);
    dm_arena_destroy(&arena);
    dm_model_destroy(model);
    free(text);
    free(path);
}

static void greedy_equals_pytorch(void)
{
    static const char *const folders[] = {"shared-swish", "shared-relu", "separate", "untied", "half", "bfloat"};
    for (size_t i = 0; i < DM_COUNT(folders); i++) {
        char *folder = dm_format("%s/golden/marian/%s", TEST_DATA, folders[i]);
        greedy_equals_pytorch_in(folder);
        free(folder);
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
        dm_search(&g, model, source, &cases[c].options, together);
        for (int i = 0; i < SENTENCES; i++) {
            Hypothesis alone;
            const int *ids = source.ids + source.spans.start[i];
            dm_search(&g, model, dm_tokens(&arena, 1, &source.spans.length[i], ids), &cases[c].options, &alone);
            if (plain_search(model, source.spans.length[i], ids, &cases[c].options).close) continue;
            CU_ASSERT_TRUE(same_ids(&together[i], alone.ids, alone.count));
            CU_ASSERT_DOUBLE_EQUAL(together[i].score, alone.score, 1e-5 * (1 + fabs(alone.score)));
        }
        dm_arena_destroy(&arena);
        dm_model_destroy(model);
    }
}

static void bad_words_and_pad_are_never_taken(void)
{
    Model *model = small_model(&(Shape){13, 29, 8, 2, 1, -2, 1.7f});
    Arena arena = {0};
    Graph g = graph_for(&arena, model);
    SearchOptions options = {4, 1, 1.5, 0};
    Tokens source = random_sources(&arena, model, SENTENCES, SOURCE_LONGEST, 8);
    Hypothesis found[SENTENCES];
    dm_parameter(&model->parameters, "final_logits_bias")->tensor.data[28] = 50;  // pad, very much wanted
    dm_search(&g, model, source, &options, found);
    int wanted = found[1].ids[0];
    model->config.bad_words = dm_allocate(2, sizeof(int));
    model->config.bad_words[model->config.bad_word_count++] = wanted;
    model->config.bad_words[model->config.bad_word_count++] = 28;
    dm_search(&g, model, source, &options, found);
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
    SearchState *state = model->architecture->start(&g, model, memory);
    Random random = dm_random(9, 0, 0, 0);
    Plain slot[SLOTS] = {0}, moved[SLOTS];
    int source_of[SLOTS] = {0, 1, 2, 3}, moved_source[SLOTS], from[SLOTS], ids[SLOTS], n = SOURCES;
    for (int i = 0; i < SLOTS; i++) ids[i] = model->config.decoder_start;
    double worst = 0, expected[37];
    for (int step = 0; step < STEPS; step++) {
        ArenaMark mark = dm_arena_mark(&arena);
        const Tensor *x = model->architecture->step(&g, state, ids);
        const Tensor *got = dm_log_probabilities(&g, x, model->output, model->output_bias);
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
        model->architecture->reorder(state, from, n = next);
    }
    CU_ASSERT_TRUE(worst < 1e-5);
    model->architecture->finish(state);
    dm_arena_destroy(&arena);
    dm_arena_destroy(&scratch);
    dm_model_destroy(model);
}

// ---- A scripted model: the scores are the same at every step and for every hypothesis ---------------------------

enum { SCRIPTED = 6 };

struct SearchState {
    int n;
};

static SearchState state;

static Memory scripted_encode(Graph *g, const Model *model, Tokens source)
{
    (void)model;
    return (Memory){dm_tensor(g, source.n, SCRIPTED), source.spans};
}

static SearchState *scripted_start(Graph *g, const Model *model, Memory memory)
{
    (void)g;
    (void)model;
    state.n = memory.spans.n;
    return &state;
}

// One-hot: the column of the last piece is what the output layer takes from its weight.
static Tensor *scripted_step(Graph *g, SearchState *s, const int *ids)
{
    Tensor *x = dm_tensor(g, s->n, SCRIPTED);
    for (int i = 0; i < s->n; i++)
        for (int id = 0; id < SCRIPTED; id++) dm_row(x, i)[id] = id == ids[i];
    return x;
}

static void scripted_reorder(SearchState *s, const int *from, int n)
{
    (void)from;
    s->n = n;
}

static void scripted_finish(SearchState *s)
{
    (void)s;
}

// Searches for one source of four pieces; found->ids lie in the arena. The logit of `id` behind `last` is scores[id] +
// table[id][last] (table may be NULL); the start is pad, 5.
static Hypothesis table_search(Arena *arena, const float scores[SCRIPTED], const float *table, int eos,
                               const SearchOptions *options)
{
    static const Architecture scripted = {.name = "scripted",
                                          .encode = scripted_encode,
                                          .start = scripted_start,
                                          .step = scripted_step,
                                          .reorder = scripted_reorder,
                                          .finish = scripted_finish};
    float weight[SCRIPTED * SCRIPTED] = {0}, bias[SCRIPTED];
    if (table) memcpy(weight, table, sizeof weight);
    memcpy(bias, scores, sizeof bias);
    const Tensor output = {SCRIPTED, SCRIPTED, SCRIPTED, weight, NULL, true};
    const Tensor output_bias = {1, SCRIPTED, SCRIPTED, bias, NULL, false};
    const Model model = {.config = {.eos = eos, .pad = SCRIPTED - 1, .decoder_start = SCRIPTED - 1, .width = SCRIPTED},
                         .architecture = &scripted,
                         .output = &output,
                         .output_bias = &output_bias};
    Graph g = {.arena = arena, .gemm = chosen_backend()};
    int length = 4, ids[] = {1, 2, 3, 0};
    Hypothesis found;
    dm_search(&g, &model, dm_tokens(arena, 1, &length, ids), options, &found);
    return found;
}

static Hypothesis scripted_search(Arena *arena, const float scores[SCRIPTED], int eos, const SearchOptions *options)
{
    return table_search(arena, scores, NULL, eos, options);
}

static void ties_go_to_the_lower_id(void)
{
    Arena arena = {0};
    Hypothesis h = scripted_search(&arena, (float[SCRIPTED]){0}, 4, &(SearchOptions){1, 1, 1, 3});
    CU_ASSERT_TRUE(same_ids(&h, (int[]){0, 0, 0}, 3));
    h = scripted_search(&arena, (float[SCRIPTED]){-5, -5, 0, -5, -5, -5}, 4, &(SearchOptions){3, 0, 1, 2});
    CU_ASSERT_TRUE(same_ids(&h, (int[]){2, 2}, 2));
    dm_arena_destroy(&arena);
}

static void the_length_limit_is_reached_and_kept(void)
{
    Arena arena = {0};
    const float never_ends[SCRIPTED] = {-INFINITY, 0, 1, 0, 0, 9};
    Hypothesis h = scripted_search(&arena, never_ends, 0, &(SearchOptions){4, 1, 1.3, 0});
    CU_ASSERT_EQUAL(h.count, 16);  // ceil(1.3 * 4) + 10
    CU_ASSERT_EQUAL(h.pieces, 16);
    h = scripted_search(&arena, never_ends, 0, &(SearchOptions){4, 1, 1.3, 1});
    CU_ASSERT_EQUAL(h.count, 1);
    dm_arena_destroy(&arena);
}

static void normalize_decides_between_short_and_long(void)
{
    Arena arena = {0};
    const float scores[SCRIPTED] = {0, 0.5f, -9, -9, -9, -99};  // each piece costs less than the end
    Hypothesis sum = scripted_search(&arena, scores, 0, &(SearchOptions){4, 0, 1, 0});
    Hypothesis mean = scripted_search(&arena, scores, 0, &(SearchOptions){4, 1, 1, 0});
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
    Hypothesis h = table_search(&arena, none, *table, 0, &(SearchOptions){2, 1, 1, 0});
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
            Hypothesis h = scripted_search(&arena, lost[i], 0, &(SearchOptions){beam, 1, 1, 0});
            CU_ASSERT_TRUE(h.count >= 0 && h.count <= 14);
            CU_ASSERT_TRUE(isfinite(h.score) && isfinite(h.log_probability));
            for (int j = 0; j < h.count; j++) CU_ASSERT_TRUE(h.ids[j] >= 0 && h.ids[j] < SCRIPTED - 1);
        }
    const float one_way[SCRIPTED] = {-INFINITY, -INFINITY, 0, -INFINITY, -INFINITY, -INFINITY};
    Hypothesis h = scripted_search(&arena, one_way, 0, &(SearchOptions){5, 1, 0.1, 4});
    CU_ASSERT_TRUE(same_ids(&h, (int[]){2, 2, 2, 2}, 4));
    CU_ASSERT_DOUBLE_EQUAL(h.log_probability, 0, 1e-9);
    dm_arena_destroy(&arena);
}

const Fact facts[] = {
    FACT(beam_search_equals_the_plain_reference),
    FACT(beam_one_equals_greedy),
    FACT(greedy_equals_pytorch),
    FACT(a_batch_of_one_equals_a_batch_of_many),
    FACT(bad_words_and_pad_are_never_taken),
    FACT(a_step_equals_the_whole_sequence),
    FACT(ties_go_to_the_lower_id),
    FACT(the_length_limit_is_reached_and_kept),
    FACT(normalize_decides_between_short_and_long),
    FACT(an_ended_hypothesis_leaves_its_place_to_another),
    FACT(scores_that_are_no_numbers_end_the_search),
    {NULL, NULL},
};
