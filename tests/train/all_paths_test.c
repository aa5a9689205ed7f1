// What writes all at once, as training runs it and as search reads it, against PyTorch in float64
// (tests/golden/README.md).
#include "folder/golden_folders.h"

#include "search/search.h"
#include "train/objectives/objective.h"

static void loss_and_gradients_equal_pytorch(void)
{
    static const ChosenTerms no_terms = {.copies = 1};
    Subject s;
    if (open_subject(&s, "order/ctc")) {
        const Expected *e = &s.expected;
        Graph *g = begin(&s, s.gradients);
        const Tokens written = dm_tokens(g->arena, e->pairs, e->target_length, e->outputs);
        const Example example = {.source = dm_tokens(g->arena, e->pairs, e->source_length, e->source),
                                 .read = dm_shifted(g->arena, written, s.model->config.decoder_start),
                                 .written = written.ids};
        const Loss loss =
            dm_all_paths.run(&(ShardRun){.graph = g, .model = s.model, .example = &example, .terms = &no_terms});
        dm_backward(g);
        const double objective = figure(&s, "objective");
        CU_ASSERT_EQUAL(loss.count, (long)figure(&s, "count"));
        expect(fabs(loss.objective - objective) <= 1e-5 * objective, "objective %.9g, should be %.9g", loss.objective,
               objective);
        CU_ASSERT_EQUAL(loss.nll, loss.objective);
        compare_tensors(&s, "gradients.safetensors", s.gradients);
    }
    close_subject(&s);
}

static void same_as_said(const Found *found, const cJSON *said, int pair)
{
    int ids[MOST_IDS];
    const Hypothesis *h = &found->best[0];
    const int count = copy_ids(ids, cJSON_GetObjectItemCaseSensitive(said, "ids"));
    bool same = found->count == 1 && h->count == count && h->pieces == count + 1 &&
                (!count || !memcmp(h->ids, ids, (size_t)count * sizeof(int)));
    const cJSON *scores = cJSON_GetObjectItemCaseSensitive(said, "piece_scores");
    double sum = 0;
    for (int i = 0; same && i <= count; i++) {
        sum += h->piece_scores[i];
        same = fabs(h->piece_scores[i] - cJSON_GetArrayItem(scores, i)->valuedouble) <= 1e-4;
    }
    expect(same && fabs(sum - h->log_probability) <= 1e-6, "pair %d: another path of %d pieces", pair, h->count);
}

// All together, and each alone.
static void what_is_found_is_what_pytorch_finds(void)
{
    Subject s;
    if (open_subject(&s, "order/ctc")) {
        const Expected *e = &s.expected;
        const Model *model = s.model;
        const dm_translate_options options = {.normalize = 1};
        Found found[MOST_PAIRS], alone;
        Packs *packs = dm_packs_create(chosen_backend(), DM_PRECISION_FP32);
        begin(&s, NULL)->packs = packs;
        SearchJob job = {.models = &model,
                         .model_count = 1,
                         .source = dm_tokens(&s.arena, e->pairs, e->source_length, e->source),
                         .options = &options};
        CU_ASSERT_TRUE(dm_search(&s.graph, &job, found));
        for (int i = 0, from = 0; i < e->pairs; from += e->source_length[i++]) {
            const cJSON *said = cJSON_GetObjectItemCaseSensitive(pair_at(&s, i), "found");
            CU_ASSERT_PTR_NOT_NULL(said);
            if (said) same_as_said(&found[i], said, i);
            job.source = dm_tokens(&s.arena, 1, &e->source_length[i], e->source + from);
            CU_ASSERT_TRUE(dm_search(&s.graph, &job, &alone));
            CU_ASSERT(alone.best[0].log_probability == found[i].best[0].log_probability);
        }
        dm_packs_destroy(packs);
    }
    close_subject(&s);
}

const Fact facts[] = {
    FACT(loss_and_gradients_equal_pytorch),
    FACT(what_is_found_is_what_pytorch_finds),
    {NULL, NULL},
};
