// Search on small random models against a plain reference, and on a scripted model where every score is known.
#include "decode/search.h"

#include "core/files.h"
#include "model/folder.h"
#include "small_model.h"

// ---- The reference: no caches, no batches, everything sorted ----------------------------------------------------

enum { LONGEST = 64 };

#define BEAM(size, exponent, factor, most)                                                                             \
    .beam_size = size, .normalize = exponent, .max_length_factor = factor, .max_length = most

typedef struct Plain {
    int ids[LONGEST], count, pieces;
    double total, score;
} Plain;

typedef struct PlainCandidate {
    double worth, total;
    int hypothesis, id;
} PlainCandidate;

typedef struct PlainSearch {
    const Model *models[2];
    int model_count, length;
    const int *ids, *prefix;
    int prefix_count;
    const dm_translate_options *options;
    Plain *finished;  // in the order of their ends, then of their scores
    int count;
    bool close;  // some choice hung on a difference that rounding may make
} PlainSearch;

static int in_order(const void *a, const void *b)
{
    const PlainCandidate *x = a, *y = b;
    if (x->worth != y->worth) return x->worth > y->worth ? -1 : 1;
    if (x->hypothesis != y->hypothesis) return x->hypothesis - y->hypothesis;
    return x->id - y->id;
}

static void finish(PlainSearch *s, Plain h, int pieces, double total)
{
    h.pieces = pieces;
    h.total = total;
    h.score = total / pow(pieces, s->options->normalize);
    int at = s->count++;
    for (int i = 0; i < at; i++)
        if (fabs(h.score - s->finished[i].score) < 1e-4) s->close = true;
    for (; at > 0 && s->finished[at - 1].score < h.score; at--) s->finished[at] = s->finished[at - 1];
    s->finished[at] = h;
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

// The logarithm of the mean of what the models say.
static void ask_all(Arena *arena, const PlainSearch *s, const Plain *h, double *out)
{
    const int vocabulary = s->models[0]->output->rows;
    double *one = dm_allocate((size_t)vocabulary, sizeof *one);
    for (int v = 0; v < vocabulary; v++) out[v] = 0;
    for (int m = 0; m < s->model_count; m++) {
        Graph g = graph_for(arena, s->models[m]);
        const Memory memory =
            s->models[m]->architecture->encode(&g, s->models[m], dm_tokens(arena, 1, &s->length, s->ids));
        next_log_probabilities(&g, s->models[m], memory, h, one);
        for (int v = 0; v < vocabulary; v++) out[v] += exp(one[v]) / s->model_count;
    }
    for (int v = 0; v < vocabulary; v++) out[v] = log(out[v]);
    free(one);
}

static bool repeats(const Plain *h, int id, int n)
{
    int ids[LONGEST + 1], count = h->count + 1;
    memcpy(ids, h->ids, sizeof h->ids);
    ids[h->count] = id;
    for (int at = 0; at + n < count; at++)
        if (memcmp(ids + at, ids + count - n, (size_t)n * sizeof(int)) == 0) return true;
    return false;
}

static bool may_follow(const PlainSearch *s, const Plain *h, int id)
{
    const ModelConfig *c = &s->models[0]->config;
    if (h->count < s->prefix_count) return id == s->prefix[h->count];
    for (int i = 0; i < c->bad_word_count; i++)
        if (id == c->bad_words[i]) return false;
    if (id == c->pad || (id == c->eos && h->count < s->options->min_length)) return false;
    return id == c->eos || !s->options->no_repeat_ngram || !repeats(h, id, s->options->no_repeat_ngram);
}

// The ways to continue a hypothesis, the best first, each by `diversity` worse than the one before.
static int continue_one(Arena *arena, PlainSearch *s, const Plain *h, int hypothesis, PlainCandidate *out)
{
    const int vocabulary = s->models[0]->output->rows;
    double *scores = dm_allocate((size_t)vocabulary, sizeof *scores);
    int n = 0;
    ask_all(arena, s, h, scores);
    for (int v = 0; v < vocabulary; v++)
        if (may_follow(s, h, v)) out[n++] = (PlainCandidate){h->total + scores[v], h->total + scores[v], hypothesis, v};
    qsort(out, (size_t)n, sizeof *out, in_order);
    for (int i = 0; i < n && i < 2 * s->options->beam_size; i++) {
        if (i + 1 < n && out[i].total - out[i + 1].total < 1e-4) s->close = true;
        out[i].worth -= s->options->diversity * i;
    }
    free(scores);
    return n < 2 * s->options->beam_size ? n : 2 * s->options->beam_size;
}

static void plain_search(PlainSearch *s)
{
    const dm_translate_options *o = s->options;
    Arena arena = {0};
    int vocabulary = s->models[0]->output->rows, size = o->beam_size, open = 1, at = 0;
    int limit = (int)ceil(o->max_length_factor * s->length) + 10;
    if (limit < s->prefix_count + 10) limit = s->prefix_count + 10;
    if (o->max_length && limit > o->max_length) limit = o->max_length;
    s->finished = dm_allocate(3 * (size_t)size, sizeof *s->finished);
    Plain *now = dm_allocate((size_t)size, sizeof *now), *next = dm_allocate((size_t)size, sizeof *next);
    PlainCandidate *all = dm_allocate((size_t)(size * vocabulary), sizeof *all);
    while (open && s->count < size && at < limit) {
        int n = 0, kept = 0;
        for (int h = 0; h < open; h++) {
            dm_arena_reset(&arena);
            n += continue_one(&arena, s, &now[h], h, all + n);
        }
        qsort(all, (size_t)n, sizeof *all, in_order);
        at++;
        for (int i = 0; i < n && i < 2 * size; i++) {
            const Plain *from = &now[all[i].hypothesis];
            if (i + 1 < n && all[i].worth - all[i + 1].worth < 1e-4) s->close = true;
            if (all[i].id == s->models[0]->config.eos) {
                if (i < size) finish(s, *from, at, all[i].total);
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
    if (s->count < size)
        for (int h = 0; h < open; h++) finish(s, now[h], now[h].count, now[h].total);
    free(now);
    free(next);
    free(all);
    dm_arena_destroy(&arena);
}

static PlainSearch plain_search_of(const Model *model, int length, const int *ids, const dm_translate_options *options)
{
    PlainSearch s = {.models = {model}, .model_count = 1, .length = length, .ids = ids, .options = options};
    plain_search(&s);
    return s;
}

static bool same_ids(const Hypothesis *h, const int *ids, int count)
{
    return h->count == count && (!count || memcmp(h->ids, ids, (size_t)count * sizeof(int)) == 0);
}

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

// Searches with one model or two, and with prefixes for every second sentence where they are wanted. Returns how many
// of the sentences could be compared.
static int compare_all(const Shape *shape, const dm_translate_options *options, int models, int prefix_length)
{
    Model *model[2] = {small_model(shape), small_model(shape)};
    dm_model_destroy(model[1]);
    model[1] = small_model(&(Shape){shape->seed + 50, shape->vocabulary, 4, 1, 1, shape->eos_bias, shape->scale});
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
        free(s.finished);
    }
    dm_arena_destroy(&arena);
    dm_model_destroy(model[0]);
    dm_model_destroy(model[1]);
    return compared;
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
        model->config.bad_words = dm_allocate(2, sizeof(int));
        model->config.bad_word_count = 2;
        model->config.bad_words[0] = 4, model->config.bad_words[1] = 5;
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
        search(&g, model, source, &cases[c].options, together);
        for (int i = 0; i < SENTENCES; i++) {
            Hypothesis alone;
            const int *ids = source.ids + source.spans.start[i];
            search(&g, model, dm_tokens(&arena, 1, &source.spans.length[i], ids), &cases[c].options, &alone);
            PlainSearch plain = plain_search_of(model, source.spans.length[i], ids, &cases[c].options);
            free(plain.finished);
            if (plain.close) continue;
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
    dm_translate_options options = {BEAM(4, 1, 1.5, 0)};
    Tokens source = random_sources(&arena, model, SENTENCES, SOURCE_LONGEST, 8);
    Hypothesis found[SENTENCES];
    dm_parameter(&model->parameters, "final_logits_bias")->tensor.data[28] = 50;  // pad, very much wanted
    search(&g, model, source, &options, found);
    int wanted = found[1].ids[0];
    model->config.bad_words = dm_allocate(2, sizeof(int));
    model->config.bad_words[model->config.bad_word_count++] = wanted;
    model->config.bad_words[model->config.bad_word_count++] = 28;
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

// Searches for one source of four pieces; what is found lies in the arena. The logit of `id` behind `last` is
// scores[id] + table[id][last] (table may be NULL); the start is pad, 5.
static Found table_found(Arena *arena, const float scores[SCRIPTED], const float *table, int eos,
                         const dm_translate_options *options)
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
    const Tensor output = {.rows = SCRIPTED, .cols = SCRIPTED, .stride = SCRIPTED, .data = weight, .parameter = true};
    const Tensor output_bias = {.rows = 1, .cols = SCRIPTED, .stride = SCRIPTED, .data = bias};
    const Model model = {.config = {.eos = eos, .pad = SCRIPTED - 1, .decoder_start = SCRIPTED - 1, .width = SCRIPTED},
                         .architecture = &scripted,
                         .output = &output,
                         .output_bias = &output_bias};
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
    FACT(the_best_few_pieces_are_as_good_as_all),
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
    FACT(pieces_are_drawn_as_often_as_they_are_probable),
    FACT(a_draw_depends_on_seed_and_line_alone),
    FACT(a_search_that_is_stopped_says_so),
    {NULL, NULL},
};
