// Heads that look ahead against transformers: what MtpModel, by which generate(use_mtp=True) drafts, computes in
// float64 with a random folder (tests/golden/README.md). Log-probabilities, loss, every gradient, and drafts by them.
#include "folder/golden_folders.h"

#include "model/ahead.h"
#include "search/search.h"
#include "train/terms/term.h"

static const char folder[] = "glm4_moe/ahead";

typedef struct Read {
    Example example;
    Memory memory;
    Tensor *features;
} Read;

static Read read_corpus(Subject *s, float *gradients)
{
    const Expected *e = &s->expected;
    Graph *g = begin(s, gradients);
    const Architecture *a = s->model->architecture;
    Read read = {.example = {.source = dm_tokens(g->arena, e->pairs, e->source_length, e->source),
                             .read = dm_tokens(g->arena, e->pairs, e->target_length, e->inputs),
                             .written = e->outputs}};
    read.memory = a->encode(g, s->model, read.example.source);
    read.features = a->decode(g, s->model, read.memory, read.example.read);
    return read;
}

// Of each pair and head the pieces that it is to say.
static void log_probabilities_equal_transformers(void)
{
    Subject s;
    if (open_subject(&s, folder)) {
        cJSON *json = read_json(folder, "ahead.json");
        const cJSON *said_there = cJSON_GetObjectItemCaseSensitive(json, "log_probabilities");
        const Read read = read_corpus(&s, NULL);
        const Spans spans = read.example.read.spans;
        AheadSaid said[2];
        CU_ASSERT_EQUAL_FATAL(s.model->config.ahead, 2);
        dm_ahead_form(&s.model->config)
            ->say(&s.graph, s.model, &(AheadSeen){&read.example, &read.memory, read.features}, said);
        int compared = 0;
        for (int k = 1; k <= 2; k++) {
            const Tensor *p =
                dm_log_probabilities(&s.graph, said[k - 1].features, &s.model->output.weight, &s.model->output.bias);
            for (int i = 0, at = 0; i < s.expected.pairs; i++)
                for (int j = 0; j + k < spans.length[i]; j++, at++, compared++) {
                    const cJSON *of_pair = cJSON_GetArrayItem(said_there, i),
                                *of_head = cJSON_GetArrayItem(of_pair, k - 1);
                    const double want = cJSON_GetNumberValue(cJSON_GetArrayItem(of_head, j)),
                                 got = dm_row(p, at)[read.example.written[spans.start[i] + j + k]];
                    CU_ASSERT_EQUAL(said[k - 1].rows[at], spans.start[i] + j);
                    expect(fabs(got - want) < 1e-4, "pair %d, head %d, piece %d: %.7g, should be %.7g", i, k, j, got,
                           want);
                }
        }
        CU_ASSERT(compared > 100);
        cJSON_Delete(json);
    }
    close_subject(&s);
}

static void loss_and_gradients_equal_transformers(void)
{
    Subject s;
    if (open_subject(&s, folder)) {
        cJSON *json = read_json(folder, "ahead.json");
        const Read read = read_corpus(&s, s.gradients);
        const OutputLayer *output = &s.model->output;
        const double weight = number(json, "weight"), want = number(json, "ahead"),
                     got = dm_ahead.add(&(TermInput){.graph = &s.graph,
                                                     .model = s.model,
                                                     .memory = &read.memory,
                                                     .example = &read.example,
                                                     .features = read.features},
                                        weight);
        expect(fabs(got - want) <= 1e-5 * want, "loss %.9g, should be %.9g", got, want);
        output->kind->loss(&s.graph, output, &(Decoded){.features = read.features},
                           &(Targets){.ids = read.example.written, .smoothing = (float)figure(&s, "label_smoothing")});
        dm_backward(&s.graph);
        compare_tensors(&s, "ahead_gradients.safetensors", s.gradients);
        cJSON_Delete(json);
    }
    close_subject(&s);
}

// With drafts the text is still that of transformers, and some drafts are right.
static void drafts_change_nothing(void)
{
    Subject s;
    if (open_subject(&s, folder)) {
        const int none = 0;
        const dm_translate_options options = {.beam_size = 1, .max_length = 20, .draft = "self", .draft_length = 2};
        const Model *const models[] = {s.model};
        Graph *g = begin(&s, NULL);
        g->packs = dm_packs_create(chosen_backend(), DM_PRECISION_FP32);
        const SearchJob job = {
            .models = models, .model_count = 1, .source = dm_tokens(g->arena, 1, &none, NULL), .options = &options};
        Found found;
        CU_ASSERT_TRUE_FATAL(dm_search(g, &job, &found));
        const Hypothesis *h = &found.best[0];
        int want[MOST_IDS];
        const int count = copy_ids(want, cJSON_GetObjectItemCaseSensitive(pair_at(&s, 0), "greedy"));
        expect(count == h->pieces && !memcmp(want, h->ids, (size_t)h->count * sizeof(int)), "another text");
        expect(h->drafted.passes > 0 && h->drafted.pieces > 0, "%d passes", h->drafted.passes);
        dm_packs_destroy(g->packs);
    }
    close_subject(&s);
}

const Fact facts[] = {
    FACT(log_probabilities_equal_transformers),
    FACT(loss_and_gradients_equal_transformers),
    FACT(drafts_change_nothing),
    {NULL, NULL},
};
