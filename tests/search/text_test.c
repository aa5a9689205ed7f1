// Search that goes on with a text: what is found hangs on the text alone, whatever shares a batch with it; equal
// beginnings are read once; texts end at a stop, or where places end; and a state that is handed in goes on from what
// it has read.
#include "model/small_model.h"

#include "search/search.h"

enum { START = 0, MOST_TEXTS = 6, LENGTH = 9 };

static const char *const shapes[] = {
    "d_model 16 decoder_layers 2 decoder_attention_heads 2 decoder_ffn_dim 24 max_position_embeddings 40",
    "d_model 16 decoder_layers 3 decoder_attention_heads 4 key_value_heads 2 positions rotary attention_window 3",
};

// ---- A model that counts the pieces it reads ------------------------------------------------------------------------

static int rows_read;

static Tensor *counting_extend(Graph *g, SearchState *state, const int *ids, const int *lengths)
{
    Tensor *features = dm_lm.extend(g, state, ids, lengths);
    rows_read += features->rows;
    return features;
}

static Setting text_model(const char *shape, bool starts)
{
    static Architecture counting;
    counting = dm_lm;
    counting.extend = counting_extend;
    ModelConfig config = small_config_of(&dm_lm, VOCABULARY, shape);
    config.architecture = &counting;
    config.examples = &dm_text;
    config.decoder_start = starts ? START : -1;
    Setting s = setting_of(&config);
    for (size_t i = 0; i < s.model->parameters.trained_size; i++) s.model->parameters.data[i] *= 3;  // peaked
    s.model->output.bias.data[config.eos] = -4;
    return s;
}

static Graph *begin_text(Setting *s)
{
    dm_packs_destroy(s->graph.packs);
    begin(s, false, 0);
    s->graph.packs = dm_packs_create(s->graph.gemm, DM_PRECISION_FP32);  // as whoever searches has them
    return &s->graph;
}

static void end_text(Setting *s)
{
    dm_packs_destroy(s->graph.packs);
    end(s);
}

// ---- Texts ----------------------------------------------------------------------------------------------------------

typedef struct Texts {
    int n, length[MOST_TEXTS], ids[MOST_TEXTS][LENGTH];
} Texts;

static const Texts alike = {
    .n = 4,
    .length = {6, 9, 5, 6},
    .ids = {{4, 8, 3, 9, 11, 7}, {4, 8, 3, 9, 5, 5, 5, 2, 6}, {4, 8, 3, 9, 11}, {4, 8, 3, 9, 11, 7}}};
static const Texts different = {.n = 4, .length = {3, 1, 4, 0}, .ids = {{9, 2, 9}, {9}, {9, 2, 1, 7}, {0}}};

static Tokens tokens_of(Arena *arena, const Texts *texts, int first, int n)
{
    int ids[MOST_TEXTS * LENGTH], at = 0;
    for (int i = first; i < first + n; at += texts->length[i++])
        memcpy(ids + at, texts->ids[i], (size_t)texts->length[i] * sizeof(int));
    return dm_tokens(arena, n, texts->length + first, ids);
}

// Some of the texts, as one batch.
static void find(Setting *s, const Texts *texts, int first, int n, const dm_translate_options *o, Found *found)
{
    const Model *model = s->model;
    static const int stops[] = {13, 14};
    size_t numbers[MOST_TEXTS];
    for (int i = 0; i < n; i++) numbers[i] = (size_t)(first + i);
    const SearchJob job = {.models = &model,
                           .model_count = 1,
                           .source = tokens_of(s->graph.arena, texts, first, n),
                           .options = o,
                           .lines = numbers,
                           .stops = stops,
                           .stop_count = o->stop_count};
    CU_ASSERT_TRUE_FATAL(dm_search(&s->graph, &job, found));
}

static bool same_found(const Found *a, const Found *b)
{
    bool same = a->count == b->count;
    for (int i = 0; same && i < a->count; i++) {
        const Hypothesis *x = &a->best[i], *y = &b->best[i];
        same = x->count == y->count && x->pieces == y->pieces &&
               !memcmp(x->ids, y->ids, (size_t)x->count * sizeof(int)) &&
               !memcmp(x->piece_scores, y->piece_scores, (size_t)x->pieces * sizeof(double));
    }
    return same;
}

static const dm_translate_options manners[] = {
    {.beam_size = 1, .n_best = 1, .max_length = 8},
    {.beam_size = 3, .n_best = 3, .normalize = 1, .max_length = 8, .stop_count = 2},
    {.beam_size = 1,
     .n_best = 4,
     .sampling = DM_SAMPLE_FULL,
     .temperature = 1,
     .seed = 7,
     .max_length = 8,
     .stop_count = 2},
};

// To the bit.
static void a_text_does_not_depend_on_its_company(void)
{
    for (size_t i = 0; i < DM_COUNT(shapes); i++)
        for (int starts = 0; starts < 2; starts++)
            for (size_t m = 0; m < DM_COUNT(manners); m++)
                for (int kind = 0; kind < 2; kind++) {
                    Setting s = text_model(shapes[i], starts);
                    Texts texts = kind ? different : alike;
                    if (!starts && kind) texts.n = 3;  // nothing begins with nothing
                    Found together[MOST_TEXTS], alone;
                    begin_text(&s);
                    find(&s, &texts, 0, texts.n, &manners[m], together);
                    for (int k = 0; k < texts.n; k++) {
                        find(&s, &texts, k, 1, &manners[m], &alone);
                        expect(same_found(&alone, &together[k]), "shape %zu, start %d, manner %zu: text %d of %d", i,
                               starts, m, k, kind);
                    }
                    end_text(&s);
                }
}

static void what_texts_begin_with_is_read_once(void)
{
    const dm_translate_options one = {.beam_size = 1, .n_best = 1, .max_length = 1};
    for (int starts = 0; starts < 2; starts++) {
        Setting s = text_model(shapes[0], starts);
        Found found[MOST_TEXTS];
        begin_text(&s);
        rows_read = 0;
        find(&s, &alike, 0, 4, &one, found);
        // What all have: the start, and four pieces; behind them 1, 4, 0 and 1; and the last one of each, to search.
        CU_ASSERT_EQUAL(rows_read, starts + 4 + (1 + 4 + 0 + 1) + 4);
        rows_read = 0;
        find(&s, &different, 0, starts ? 4 : 3, &one, found);
        CU_ASSERT_EQUAL(rows_read, starts ? (3 + 1 + 4) + 4 : (2 + 0 + 3) + 3);
        end_text(&s);
    }
}

// The log-probabilities are those that decode gives the pieces behind the text.
static void what_is_found_is_as_probable_as_it_says(void)
{
    for (size_t m = 0; m < DM_COUNT(manners); m++)
        for (int starts = 0; starts < 2; starts++) {
            Setting s = text_model(shapes[0], starts);
            const Architecture *a = s.model->architecture;
            Graph *g = begin_text(&s);
            Found found[MOST_TEXTS];
            find(&s, &alike, 0, alike.n, &manners[m], found);
            for (int k = 0; k < alike.n; k++)
                for (int h = 0; h < found[k].count; h++) {
                    const Hypothesis *best = &found[k].best[h];
                    const int given = alike.length[k] + starts, nothing = 0, all = given + best->pieces - 1;
                    int read[1 + 3 * LENGTH] = {START}, written[1 + 3 * LENGTH];
                    memcpy(read + starts, alike.ids[k], (size_t)alike.length[k] * sizeof(int));
                    memcpy(read + given, best->ids, (size_t)best->count * sizeof(int));
                    memcpy(written, read + 1, (size_t)(all - 1) * sizeof(int));
                    written[all - 1] = best->pieces > best->count ? EOS : best->ids[best->count - 1];
                    const Memory none = a->encode(g, s.model, dm_tokens(g->arena, 1, &nothing, NULL));
                    const Tensor *x = a->decode(g, s.model, none, dm_tokens(g->arena, 1, &all, read));
                    float scores[3 * LENGTH];
                    s.model->output.kind->loss(g, &s.model->output, &(Decoded){.features = x},
                                               &(Targets){.ids = written, .log_probabilities = scores});
                    double sum = 0;
                    for (int j = 0; j < best->pieces; j++) {
                        sum += (double)scores[given - 1 + j];
                        expect(fabs((double)scores[given - 1 + j] - best->piece_scores[j]) < 2e-4,
                               "manner %zu, text %d, piece %d: %g instead of %g", m, k, j, best->piece_scores[j],
                               (double)scores[given - 1 + j]);
                    }
                    CU_ASSERT_DOUBLE_EQUAL(sum, best->log_probability, 1e-3);
                }
            end_text(&s);
        }
}

static void a_stop_ends_a_text_and_belongs_to_it(void)
{
    Setting s = text_model(shapes[0], true);
    int stopped = 0, others = 0;
    for (int width = 1; width <= 4; width += 3) {
        const dm_translate_options o = {
            .beam_size = width, .n_best = width, .normalize = 1, .max_length = 12, .stop_count = 2};
        Found found[MOST_TEXTS];
        s.model->output.bias.data[13] = 2.0f;
        begin_text(&s);
        find(&s, &alike, 0, alike.n, &o, found);
        for (int k = 0; k < alike.n; k++)
            for (int h = 0; h < found[k].count; h++) {
                const Hypothesis *best = &found[k].best[h];
                for (int j = 0; j + 1 < best->count; j++) CU_ASSERT(best->ids[j] != 13 && best->ids[j] != 14);
                const int last = best->count ? best->ids[best->count - 1] : -1;
                CU_ASSERT(best->pieces == best->count || last != 13);
                stopped += last == 13 || last == 14;
                others += last != 13 && last != 14;
            }
    }
    expect(stopped > 4 && others > 0, "%d texts have stopped, %d not", stopped, others);
    end_text(&s);
}

static void a_text_ends_where_places_do(void)
{
    Setting s = text_model("d_model 16 decoder_layers 1 decoder_attention_heads 2 positions learned "
                           "max_position_embeddings 11",
                           true);
    const dm_translate_options o = {.beam_size = 1, .n_best = 1, .max_length = 100};
    Found found[MOST_TEXTS];
    s.model->output.bias.data[EOS] = -10000;
    begin_text(&s);
    find(&s, &alike, 0, alike.n, &o, found);
    for (int k = 0; k < alike.n; k++) {
        CU_ASSERT_EQUAL(found[k].best[0].count, 10 - alike.length[k]);
        CU_ASSERT_EQUAL(found[k].best[0].pieces, found[k].best[0].count);
    }
    end_text(&s);
}

// What a state has read, and what is read behind it, is one text.
static void a_state_goes_on_from_what_it_has_read(void)
{
    enum { GIVEN = 4 };  // pieces of text 1 that come first
    for (size_t m = 0; m < DM_COUNT(manners); m++)
        for (int starts = 0; starts < 2; starts++) {
            Setting s = text_model(shapes[0], starts);
            const Model *model = s.model;
            const Architecture *a = model->architecture;
            Graph *g = begin_text(&s);
            Found whole, parts;
            find(&s, &alike, 1, 1, &manners[m], &whole);
            const int nothing = 0, first = 0, read = GIVEN + starts, rest = LENGTH - GIVEN;
            int ids[GIVEN + 1] = {START};
            memcpy(ids + starts, alike.ids[1], GIVEN * sizeof(int));
            Memory none = a->encode(g, model, dm_tokens(g->arena, 1, &nothing, NULL));
            SearchState *state = a->start(g, model, none, read);
            a->extend(g, state, ids, &read);
            const size_t number = 1;
            const SearchJob job = {.models = &model,
                                   .model_count = 1,
                                   .source = dm_tokens(g->arena, 1, &rest, alike.ids[1] + GIVEN),
                                   .options = &manners[m],
                                   .lines = &number,
                                   .stops = (const int[]){13, 14},
                                   .stop_count = manners[m].stop_count,
                                   .states = &state,
                                   .read = read};
            for (int turn = 0; turn < 2; turn++) {  // it is left so that it can be asked again
                CU_ASSERT_TRUE_FATAL(dm_search(g, &job, &parts));
                expect(same_found(&whole, &parts), "manner %zu, start %d, turn %d", m, starts, turn);
                a->keep(state, &first, &read, 1, 1);
            }
            a->finish(state);
            end_text(&s);
        }
}

const Fact facts[] = {FACT(a_text_does_not_depend_on_its_company),
                      FACT(what_texts_begin_with_is_read_once),
                      FACT(what_is_found_is_as_probable_as_it_says),
                      FACT(a_stop_ends_a_text_and_belongs_to_it),
                      FACT(a_text_ends_where_places_do),
                      FACT(a_state_goes_on_from_what_it_has_read),
                      {NULL, NULL}};
