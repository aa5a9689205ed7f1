// Prefix beam search against all paths there are: of few rows and few pieces each can be followed.
#include "model/small_model.h"

#include "search/search.h"

enum { FEW = 5, BLANK = EOS, ROWS = 6, PATHS = 15625 /* FEW^ROWS */, MOST_TEXTS = 4096, WIDE = 3000 };

typedef struct AnyText {
    int ids[ROWS], count;
    double probability;
} AnyText;

static AnyText texts[MOST_TEXTS];
static int text_count;

static AnyText *text_of(const int *ids, int count)
{
    for (int i = 0; i < text_count; i++)
        if (texts[i].count == count && !memcmp(texts[i].ids, ids, (size_t)count * sizeof(int))) return &texts[i];
    CU_ASSERT_FATAL(text_count < MOST_TEXTS);
    AnyText *text = &texts[text_count++];
    *text = (AnyText){.count = count};
    memcpy(text->ids, ids, (size_t)count * sizeof(int));
    return text;
}

// By the definition: what is left of a path once pieces that repeat are one and blanks are gone.
static void follow_all_paths(const Tensor *rows, int pad)
{
    text_count = 0;
    for (int path = 0; path < PATHS; path++) {
        double log_p = 0;
        int ids[ROWS], count = 0, last = BLANK, rest = path;
        for (int t = 0; t < ROWS; t++, rest /= FEW) {
            const int id = rest % FEW;
            log_p += id == pad ? -INFINITY : (double)dm_row(rows, t)[id];
            if (id != BLANK && id != last) ids[count++] = id;
            last = id;
        }
        if (log_p > -INFINITY) text_of(ids, count)->probability += exp(log_p);
    }
}

static bool begins(const AnyText *text, const int *ids, int count)
{
    return text->count >= count && !memcmp(text->ids, ids, (size_t)count * sizeof(int));
}

static double probability_of_beginning(const int *ids, int count)
{
    double sum = 0;
    for (int i = 0; i < text_count; i++) sum += begins(&texts[i], ids, count) ? texts[i].probability : 0;
    return sum;
}

static const int source[] = {2, 3, EOS}, source_length = 3;

typedef struct Asked {
    Model *model;
    Arena arena;
    Graph graph;
} Asked;

// A model whose paths have been followed.
static Asked asked(uint64_t seed, float scale)
{
    ModelConfig config =
        small_config_of(&dm_transformer, FEW,
                        "d_model 8 encoder_layers 1 decoder_layers 1 decoder_mask none output_layer ctc "
                        "ctc_upsample 2");
    Asked a = {.model = random_model(&config, seed)};
    for (size_t i = 0; i < a.model->parameters.trained_size; i++) a.model->parameters.data[i] *= scale;
    a.model->output.bias.data[config.pad] = -10000;  // as training has it
    return a;
}

static Found find(Asked *a, int width, int n_best)
{
    a->graph = (Graph){.arena = &a->arena, .gemm = chosen_backend(), .parameters = a->model->parameters.data};
    Graph *g = &a->graph;
    const Model *m = a->model;
    const dm_translate_options options = {.beam_size = width, .n_best = n_best, .normalize = 1, .max_length_factor = 3};
    const SearchJob job = {.models = (const Model *const *)&a->model,
                           .model_count = 1,
                           .source = dm_tokens(&a->arena, 1, &source_length, source),
                           .options = &options};
    const Memory memory = m->architecture->encode(g, m, job.source);
    const Tokens places = dm_places_at_once(g->arena, &m->config, memory.spans);
    CU_ASSERT_EQUAL_FATAL(places.n, ROWS);
    follow_all_paths(m->output.kind->log_probabilities(
                         g, &m->output, &(Decoded){.features = m->architecture->decode(g, m, memory, places)}),
                     m->config.pad);
    Found found;
    CU_ASSERT_TRUE_FATAL(dm_search(g, &job, &found));
    return found;
}

static void end_asked(Asked *a)
{
    dm_arena_destroy(&a->arena);
    dm_model_destroy(a->model);
}

static void a_wide_beam_finds_the_most_probable_texts(void)
{
    for (int seed = 1; seed <= 6; seed++) {
        Asked a = asked((uint64_t)seed, seed % 2 ? 1 : 3);
        const Found found = find(&a, WIDE, 20);
        expect(found.count == 20, "%d texts", found.count);
        for (int i = 0; i < found.count; i++) {
            const Hypothesis *h = &found.best[i];
            const AnyText *text = text_of(h->ids, h->count);
            expect(fabs(h->log_probability - log(text->probability)) < 1e-5,
                   "seed %d, text %d: %g, and by all paths %g", seed, i, h->log_probability, log(text->probability));
            int better = 0;
            for (int k = 0; k < text_count; k++) better += texts[k].probability > text->probability * (1 + 1e-6);
            expect(better <= i, "seed %d: %d texts are more probable than number %d", seed, better, i);
        }
        end_asked(&a);
    }
}

// However narrow the beam; and each piece by itself.
static void what_is_said_of_a_text_is_exact(void)
{
    for (int seed = 1; seed <= 6; seed++) {
        Asked a = asked((uint64_t)seed, seed % 2 ? 1 : 3);
        const Found found = find(&a, 2, 2);
        CU_ASSERT_EQUAL(found.count, 2);
        for (int i = 0; i < found.count; i++) {
            const Hypothesis *h = &found.best[i];
            double sum = 0;
            CU_ASSERT_EQUAL_FATAL(h->pieces, h->count + 1);
            for (int j = 0; j <= h->count; j++) {
                const double upto =
                    j < h->count ? probability_of_beginning(h->ids, j + 1) : text_of(h->ids, h->count)->probability;
                sum += h->piece_scores[j];
                expect(fabs(sum - log(upto)) < 1e-5, "seed %d, text %d, piece %d: %g, and by all paths %g", seed, i, j,
                       sum, log(upto));
            }
            expect(fabs(sum - h->log_probability) < 1e-9 && fabs(h->score - h->log_probability) < 1e-12,
                   "pieces come to %g, the text to %g, its score is %g", sum, h->log_probability, h->score);
        }
        end_asked(&a);
    }
}

// The most probable path need not be of the most probable text.
static void it_is_no_worse_than_the_best_path(void)
{
    int better = 0;
    for (int seed = 1; seed <= 20; seed++) {
        Asked a = asked((uint64_t)seed, 1);
        const Found path = find(&a, 1, 1), beam = find(&a, 3, 1);
        const double of_path = text_of(path.best[0].ids, path.best[0].count)->probability,
                     of_beam = text_of(beam.best[0].ids, beam.best[0].count)->probability;
        expect(of_beam >= of_path * (1 - 1e-6), "seed %d: %g, and the best path's text %g", seed, of_beam, of_path);
        better += of_beam > of_path * (1 + 1e-6);
        end_asked(&a);
    }
    expect(better > 0, "it was never better");
}

const Fact facts[] = {
    FACT(a_wide_beam_finds_the_most_probable_texts),
    FACT(what_is_said_of_a_text_is_exact),
    FACT(it_is_no_worse_than_the_best_path),
    {NULL, NULL},
};
