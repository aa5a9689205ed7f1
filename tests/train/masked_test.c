// Masked pieces as training runs them, against PyTorch in float64, which masked the same (tests/golden/README.md); and
// which are masked.
#include "folder/golden_folders.h"

#include "train/objectives/objective.h"

enum { UNKNOWN = 1 };

static const ChosenTerms no_terms = {.copies = 1};

static Example example_of(const Expected *e, Arena *arena, int start, int first, int last)
{
    int source = 0, target = 0;
    for (int i = 0; i < first; i++) source += e->source_length[i], target += e->target_length[i];
    const Tokens written = dm_tokens(arena, last - first, e->target_length + first, e->outputs + target);
    return (Example){.source = dm_tokens(arena, last - first, e->source_length + first, e->source + source),
                     .read = dm_shifted(arena, written, start),
                     .written = written.ids};
}

static Loss run(Subject *s, int first, int last, float *gradients, double smoothing)
{
    Graph *g = begin(s, gradients);
    const Example example = example_of(&s->expected, g->arena, s->model->config.decoder_start, first, last);
    return dm_masked.run(&(ShardRun){.graph = g,
                                     .model = s->model,
                                     .example = &example,
                                     .smoothing = (float)smoothing,
                                     .terms = &no_terms,
                                     .unknown = UNKNOWN});
}

static void loss_and_gradients_equal_pytorch(void)
{
    Subject s;
    if (open_subject(&s, "order/masked")) {
        s.with = (Graph){.seed = (uint64_t)figure(&s, "seed"),
                         .update = (uint32_t)figure(&s, "update"),
                         .shard = (uint32_t)figure(&s, "shard")};
        const double objective = figure(&s, "objective"), nll = figure(&s, "nll");
        const Loss loss = run(&s, 0, s.expected.pairs, s.gradients, figure(&s, "label_smoothing"));
        dm_backward(&s.graph);
        CU_ASSERT_EQUAL(loss.count, (long)figure(&s, "count"));
        expect(fabs(loss.objective - objective) <= 1e-5 * objective, "objective %.9g, should be %.9g", loss.objective,
               objective);
        expect(fabs(loss.nll - nll) <= 1e-5 * nll, "nll %.9g, should be %.9g", loss.nll, nll);
        compare_tensors(&s, "gradients.safetensors", s.gradients);
    }
    close_subject(&s);
}

static void in_validation_a_line_is_masked_the_same_in_any_company(void)
{
    Subject s;
    if (open_subject(&s, "order/masked")) {
        const int pairs = s.expected.pairs;
        const Loss all = run(&s, 0, pairs, NULL, 0), again = run(&s, 0, pairs, NULL, 0);
        Loss each = {0};
        for (int i = 0; i < pairs; i++) {
            const Loss one = run(&s, i, i + 1, NULL, 0);
            each.nll += one.nll, each.count += one.count;
        }
        CU_ASSERT(all.count == each.count && all.count > pairs && fabs(all.nll - each.nll) <= 1e-5 * all.nll);
        CU_ASSERT(again.nll == all.nll);
        s.with.update = 7;
        CU_ASSERT_EQUAL(run(&s, 0, pairs, NULL, 0).nll, all.nll);
    }
    close_subject(&s);
}

// Of the ten pieces of a pair, over many updates: 1 to 10 of them.
static void any_number_is_masked_as_often_as_any_other(void)
{
    enum { UPDATES = 4000, PAIR = 8, PIECES = 10 };
    Subject s;
    if (open_subject(&s, "order/masked")) {
        long counts[PIECES + 1] = {0};
        CU_ASSERT_EQUAL_FATAL(s.expected.target_length[PAIR], PIECES + 1);
        for (uint32_t update = 1; update <= UPDATES; update++) {
            s.with = (Graph){.seed = 1, .update = update};
            const Loss loss = run(&s, PAIR, PAIR + 1, s.gradients, 0);
            counts[loss.count]++;
        }
        double chi = 0;
        for (int i = 1; i <= PIECES; i++) chi += pow((double)counts[i] - UPDATES / PIECES, 2) / (UPDATES / PIECES);
        expect(counts[0] == 0 && chi < 21.7 /* 1 % of 9 degrees */, "numbers of masks: chi square %g", chi);
    }
    close_subject(&s);
}

const Fact facts[] = {
    FACT(loss_and_gradients_equal_pytorch),
    FACT(in_validation_a_line_is_masked_the_same_in_any_company),
    FACT(any_number_is_masked_as_often_as_any_other),
    {NULL, NULL},
};
