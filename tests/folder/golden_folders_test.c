// Golden folders against PyTorch: what the scripts in tests/golden computed in float64 with small random folders of
// every format. Loss, log-probabilities, attention, every gradient, greedy translation, ten updates of Adam.
#include "folder/golden_folders.h"

#include "train/optimizer.h"

static void loss_equals_pytorch(void)
{
    for (size_t i = 0; i < DM_COUNT(all_folders); i++) {
        Subject s;
        if (open_subject(&s, all_folders[i])) {
            Loss loss = run_corpus(&s, NULL, NULL);
            const double objective = figure(&s, "objective"), nll = figure(&s, "nll");
            CU_ASSERT_EQUAL(loss.count, (long)figure(&s, "count"));
            // float32 against float64: 1e-6 and less is what comes out
            expect(fabs(loss.objective - objective) <= 1e-5 * objective, "%s: objective %.9g, should be %.9g", s.folder,
                   loss.objective, objective);
            expect(fabs(loss.nll - nll) <= 1e-5 * nll, "%s: nll %.9g, should be %.9g", s.folder, loss.nll, nll);
        }
        close_subject(&s);
    }
}

static void log_probabilities_equal_pytorch(void)
{
    for (size_t i = 0; i < DM_COUNT(all_folders); i++) {
        Subject s;
        if (open_subject(&s, all_folders[i])) {
            float got[MOST_IDS];
            run_corpus(&s, NULL, got);
            for (int j = 0; j < s.expected.target_count; j++) {
                const double want = s.expected.log_probabilities[j];
                if (!(fabs(got[j] - want) <= 1e-4))
                    expect(false, "%s: log-probability %d is %.7g, should be %.7g", s.folder, j, got[j], want);
            }
            double sum = 0, nll = figure(&s, "nll");
            for (int j = 0; j < s.expected.target_count; j++) sum -= got[j];
            expect(fabs(sum - nll) <= 1e-4 * nll, "%s: log-probabilities sum to %g, should be %g", s.folder, -sum,
                   -nll);
        }
        close_subject(&s);
    }
}

// The weights of the source pieces where decoding pair by pair looked at them, one head.
static void compare_attention(const Subject *s, const AttentionView *view)
{
    for (int i = 0; i < s->expected.pairs; i++) {
        const cJSON *piece, *weight;
        const float *got = view->probabilities[i];
        int pieces = 0, weights = 0;
        cJSON_ArrayForEach(piece, cJSON_GetObjectItemCaseSensitive(pair_at(s, i), "attention"))
        {
            cJSON_ArrayForEach(weight, piece)
            {
                if (!(fabs(got[weights] - weight->valuedouble) <= 1e-5))
                    expect(false, "%s: pair %d, weight %d is %.7g, should be %.7g", s->folder, i, weights, got[weights],
                           weight->valuedouble);
                weights++;
            }
            pieces++;
        }
        CU_ASSERT_EQUAL(pieces, s->expected.target_length[i]);
        CU_ASSERT_EQUAL(weights, s->expected.target_length[i] * s->expected.source_length[i]);
    }
}

static void attention_equals_pytorch(void)
{
    static const char *const folders[] = {"rnn/shared", "rnn/deep", "rnn/dot", "rnn/general", "rnn/feeding"};
    for (size_t f = 0; f < DM_COUNT(folders); f++) {
        Subject s;
        if (open_subject(&s, folders[f])) {
            AttentionTap tap = {.only_cross = true};
            s.with.tap = &tap;
            run_corpus(&s, NULL, NULL);
            const bool one = tap.first && tap.first == tap.last && tap.first->heads == 1;
            expect(one, "%s: attention should have been looked at once, with one head", s.folder);
            if (one) compare_attention(&s, tap.first);
        }
        close_subject(&s);
    }
}

static void every_gradient_equals_pytorch(void)
{
    for (size_t i = 0; i < DM_COUNT(trained_folders); i++) {
        Subject s;
        if (open_subject(&s, trained_folders[i])) {
            run_corpus(&s, s.gradients, NULL);
            compare_tensors(&s, "gradients.safetensors", s.gradients);
            const Parameters *p = &s.model->parameters;
            const double largest = largest_of(s.gradients, p->trained_size);
            for (int j = 0; j < p->count; j++)
                for (int k = 0; without_gradient(&s, p->list[j].name) && k < p->list[j].tensor.cols; k++)
                    if (!(fabs(s.gradients[p->list[j].offset + (size_t)k]) <= 1e-5 * largest))
                        expect(false, "%s: %s should have no gradient", s.folder, p->list[j].name);
            for (size_t j = p->trained_size; j < p->size; j++)
                if (s.gradients[j] != 0) expect(false, "%s: the logits' bias has a gradient", s.folder);
        }
        close_subject(&s);
    }
}

// Pairs one by one add up to the gradient of all at once.
static void gradients_of_pairs_add_up(void)
{
    static const char *const folders[] = {"marian/shared-swish", "pegasus/relu", "rnn/deep"};
    for (size_t f = 0; f < DM_COUNT(folders); f++) {
        Subject s;
        if (open_subject(&s, folders[f])) {
            for (int i = 0; i < s.expected.pairs; i++)
                run_pairs(&s, i, i + 1, (float)figure(&s, "label_smoothing"), s.gradients, NULL);
            compare_tensors(&s, "gradients.safetensors", s.gradients);
        }
        close_subject(&s);
    }
}

// The corpus behind itself: twice the same pairs.
static void double_corpus(Expected *e)
{
    const int pairs = e->pairs, sources = e->source_count, targets = e->target_count;
    memcpy(e->source_length + pairs, e->source_length, (size_t)pairs * sizeof(int));
    memcpy(e->target_length + pairs, e->target_length, (size_t)pairs * sizeof(int));
    memcpy(e->source + sources, e->source, (size_t)sources * sizeof(int));
    memcpy(e->inputs + targets, e->inputs, (size_t)targets * sizeof(int));
    memcpy(e->outputs + targets, e->outputs, (size_t)targets * sizeof(int));
    e->pairs *= 2, e->source_count *= 2, e->target_count *= 2;
}

// PyTorch was given the masks that are drawn here: it is known which op takes which stream, and where masks go.
static void loss_under_dropout_equals_pytorch(void)
{
    Subject s;
    if (open_subject(&s, "marian/shared-relu")) {
        cJSON *json = read_json(s.folder, "r_drop.json");
        double_corpus(&s.expected);
        s.with = (Graph){.dropout = (float)number(json, "dropout"),
                         .seed = (uint64_t)number(json, "seed"),
                         .update = (uint32_t)number(json, "update"),
                         .shard = (uint32_t)number(json, "shard")};
        const Loss loss = run_corpus(&s, NULL, NULL);
        const double objective = number(json, "objective"), nll = number(json, "nll");
        CU_ASSERT_EQUAL(loss.count, (long)number(json, "count"));
        expect(fabs(loss.objective - objective) <= 1e-5 * objective, "objective %.9g, should be %.9g", loss.objective,
               objective);
        expect(fabs(loss.nll - nll) <= 1e-5 * nll, "nll %.9g, should be %.9g", loss.nll, nll);
        cJSON_Delete(json);
    }
    close_subject(&s);
}

// ---- Greedy search --------------------------------------------------------------------------------------------------

// The most probable piece but pad.
static int best_of(const float *log_probabilities, int vocabulary, int pad)
{
    int best = pad ? 0 : 1;
    for (int i = 0; i < vocabulary; i++)
        if (i != pad && log_probabilities[i] > log_probabilities[best]) best = i;
    return best;
}

enum { MOST_STEPS = 20 };

static void translate_greedily(Subject *s, Packs *packs, int made[][MOST_STEPS])
{
    const Model *m = s->model;
    const int n = s->expected.pairs;
    Graph *g = begin(s, NULL);
    g->packs = packs;
    Memory memory =
        m->architecture->encode(g, m, dm_tokens(g->arena, n, s->expected.source_length, s->expected.source));
    SearchState *state = m->architecture->start(g, m, memory, MOST_STEPS);
    int ids[MOST_PAIRS];
    for (int i = 0; i < n; i++) ids[i] = m->config.decoder_start;
    for (int step = 0; step < MOST_STEPS; step++) {
        const Tensor *all = m->output.kind->log_probabilities(
            g, &m->output, &(Decoded){.features = m->architecture->extend(g, state, ids, NULL)});
        for (int i = 0; i < n; i++) ids[i] = made[i][step] = best_of(dm_row(all, i), all->cols, m->config.pad);
    }
    m->architecture->finish(state);
}

typedef struct Agreement {
    int compared, equal;
} Agreement;

// The translations of all folders in which every choice was made by at least this much.
static Agreement agreement_with_pytorch(Precision precision, bool packed, double least_margin)
{
    Agreement agreement = {0, 0};
    for (size_t f = 0; f < DM_COUNT(all_folders); f++) {
        Subject s;
        if (open_subject(&s, all_folders[f]) && !has_labels(&s)) {
            int made[MOST_PAIRS][MOST_STEPS];
            Packs *packs = packed ? dm_packs_create(chosen_backend(), precision) : NULL;
            translate_greedily(&s, packs, made);
            dm_packs_destroy(packs);
            for (int i = 0; i < s.expected.pairs; i++) {
                int want[MOST_IDS], count = copy_ids(want, cJSON_GetObjectItemCaseSensitive(pair_at(&s, i), "greedy"));
                const cJSON *margin = cJSON_GetObjectItemCaseSensitive(pair_at(&s, i), "greedy_margin");
                if (!cJSON_IsNumber(margin) || margin->valuedouble < least_margin) continue;  // a coin toss
                if (count > MOST_STEPS) count = MOST_STEPS;
                agreement.compared++;
                agreement.equal += memcmp(made[i], want, (size_t)count * sizeof(int)) == 0;
            }
        }
        close_subject(&s);
    }
    return agreement;
}

static void greedy_translations_equal_pytorch(void)
{
    for (int packed = 0; packed < 2; packed++) {
        const Agreement a = agreement_with_pytorch(DM_PRECISION_FP32, packed, 1e-3);
        expect(a.equal == a.compared, "%d of %d translations differ", a.compared - a.equal, a.compared);
        expect(a.compared >= 20, "only %d translations were compared", a.compared);
    }
}

// Where no choice was close: rounded numbers have 8 bits.
static void nearly_all_translations_in_fewer_bits_equal_pytorch(void)
{
    const GemmBackend *backend = chosen_backend();
    for (int precision = DM_PRECISION_BF16; precision <= DM_PRECISION_INT8; precision++) {
        const GemmBackend *same;
        if (dm_gemm_choose_for_search(&same, (Precision)precision, backend->name, NULL, NULL)) continue;
        const Agreement a = agreement_with_pytorch((Precision)precision, true, 0.02);
        expect(10 * a.equal >= 9 * a.compared, "%s: %d of %d translations differ",
               dm_precision_name((Precision)precision), a.compared - a.equal, a.compared);
        expect(a.compared >= 20, "only %d translations were compared", a.compared);
    }
}

// ---- Ten updates ----------------------------------------------------------------------------------------------------

// Ten updates of Adam as README.md beside the folders says, on the pairs that have text on both sides.
static void ten_updates(Subject *s)
{
    Optimizer optimizer = {.adam = true, .beta1 = 0.9, .beta2 = 0.98, .epsilon = 1e-9, .lane_count = 1, .threads = 1};
    dm_optimizer_create(&optimizer, &s->model->parameters);
    const Expected *e = &s->expected;
    for (int update = 1; update <= 10; update++) {
        long count = 0;
        for (int i = 0; i < e->pairs; i++)
            if (e->source_length[i] != 1 && e->target_length[i] > (has_labels(s) ? 0 : 1))
                count +=
                    run_pairs(s, i, i + 1, (float)figure(s, "label_smoothing"), optimizer.lanes.lane[0], NULL).count;
        StepResult result = dm_optimizer_step(&optimizer, &s->model->parameters,
                                              &(Step){.rate = 0.001, .clip_norm = 0, .count = count, .update = update});
        CU_ASSERT(isfinite(result.gradient_norm));
    }
    dm_optimizer_free(&optimizer);
}

static void weights_after_ten_updates_equal_pytorch(void)
{
    for (size_t i = 0; i < DM_COUNT(trained_folders); i++) {
        Subject s;
        if (open_subject(&s, trained_folders[i])) {
            ten_updates(&s);
            compare_tensors(&s, "after_ten_updates.safetensors", s.model->parameters.data);
            for (int j = 0; j < s.model->parameters.count; j++) {
                const Parameter *p = &s.model->parameters.list[j];
                for (int k = 0; p->frozen_row >= 0 && k < p->tensor.cols; k++)
                    CU_ASSERT_EQUAL(dm_row(&p->tensor, p->frozen_row)[k], 0);
            }
        }
        close_subject(&s);
    }
}

const Fact facts[] = {
    FACT(loss_equals_pytorch),
    FACT(log_probabilities_equal_pytorch),
    FACT(attention_equals_pytorch),
    FACT(every_gradient_equals_pytorch),
    FACT(gradients_of_pairs_add_up),
    FACT(loss_under_dropout_equals_pytorch),
    FACT(greedy_translations_equal_pytorch),
    FACT(nearly_all_translations_in_fewer_bits_equal_pytorch),
    FACT(weights_after_ten_updates_equal_pytorch),
    {NULL, NULL},
};
