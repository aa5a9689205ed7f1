// Training on the metric: what is made smaller is not the surprise at the reference but the expected cost of what the
// model would write, 1 - BLEU of the sentence, say. Candidates y of a sentence are searched for or drawn, with the
// weights as they are and without dropout; then
//   minimum risk (Shen et al. 2016, "Minimum risk training for neural machine translation", equations 8 to 13):
//     R = sum over y of Q(y) cost(y),  Q(y) in proportion to P(y)^sharpness, over distinct draws and the reference; of
//     a beam's hypotheses P(y)^(sharpness / pieces of y) (Edunov et al. 2018, "Classical structured prediction losses
//     for sequence to sequence learning", equation 8)
//   self-critical (Rennie et al. 2017, "Self-critical sequence training for image captioning", equation 9):
//     the gradient is (cost(y) - cost(greedy)) d log P(y), y drawn
// A sentence counts as many times as its reference has pieces, so that R stands beside the cross-entropy of a piece.
// The source is encoded once for all its candidates.
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "score/score.h"
#include "search/search.h"
#include "train/objectives/objective.h"

enum { DRAWS = 0x7269736B };  // a random stream, beyond the ops of any graph

// ---- The expected cost ----------------------------------------------------------------------------------------------

double dm_expected_cost(int n, const double *log_probabilities, const double *costs, double *slope)
{
    double most = -INFINITY, sum = 0, risk = 0;
    for (int i = 0; i < n; i++) most = fmax(most, log_probabilities[i]);
    for (int i = 0; i < n; i++) sum += exp(log_probabilities[i] - most);
    for (int i = 0; i < n; i++) risk += exp(log_probabilities[i] - most) / sum * costs[i];
    for (int i = 0; i < n && slope; i++) slope[i] = exp(log_probabilities[i] - most) / sum * (costs[i] - risk);
    return risk;
}

// ---- What a candidate costs -----------------------------------------------------------------------------------------

typedef struct CostRow {
    const char *name, *about;
    Measure (*measure)(MeasureSettings settings);
    double (*of_statistics)(const Measure *measure, const double *statistics);  // 0: nothing is wrong
} CostRow;

// With 1 added to matches and totals of more than one word (Lin and Och 2004), for a sentence often has no match.
static double without_bleu(const Measure *measure, const double *statistics)
{
    (void)measure;
    return 1 - dm_sentence_bleu(statistics);
}

static double without_score(const Measure *measure, const double *statistics)
{
    return 1 - measure->score(measure, statistics) / 100;
}

static double rate(const Measure *measure, const double *statistics)
{
    return measure->score(measure, statistics) / 100;
}

static const CostRow costs[] = {
    {"bleu", "1 - BLEU of the sentence, with 1 added to what is counted of 2 to 4 words (Lin and Och 2004)",
     dm_bleu_measure, without_bleu},
    {"chrf", "1 - chrF", dm_chrf_measure, without_score},
    {"ter", "TER", dm_ter_measure, rate},
    {"wer", "edits by words of the reference", dm_wer_measure, rate},
    {"cer", "the same by characters", dm_cer_measure, rate},
    {.name = NULL},
};

Choice dm_risk_cost_choice(int index)
{
    return (Choice){costs[index].name, costs[index].about};
}

static double cost_of(const RiskSettings *risk, const char *hypothesis, const char *reference)
{
    const CostRow *row = &costs[risk->cost];
    const Measure measure = row->measure((MeasureSettings){.tokenizer = risk->tokenizer});
    const char *const *references[] = {&reference};
    const Comparison comparison = {&hypothesis, references, 1, 1};
    double *statistics = dm_allocate((size_t)measure.width, sizeof *statistics);
    measure.count(&measure, &comparison, 0, statistics);
    const double cost = row->of_statistics(&measure, statistics);
    dm_free(statistics);
    return cost;
}

// ---- Candidates -----------------------------------------------------------------------------------------------------

// Of all sentences, those of each behind one another; the reference is the first.
typedef struct Candidates {
    int n;
    int *first;       // [sentences + 1]
    const int **ids;  // [n] with the end of sentence
    int *length;
    int *said;         // [n] pieces of it that the model has said: an end that a limit has set is none
    double *cost;      // [n]
    double *baseline;  // [sentences] of self-critical training
} Candidates;

static const Choice sources[] = {
    {"sample", "drawn from the model (Shen et al. 2016)"},
    {"beam", "the hypotheses of a beam search (Edunov et al. 2018)"},
    {NULL, NULL},
};

Choice dm_risk_candidates_choice(int index)
{
    return sources[index];
}

static void search(Graph *g, const ShardRun *shard, int n, bool draws, Found *found)
{
    const Tokens source = shard->example->source;
    const Spans targets = shard->example->read.spans;
    dm_translate_options options = {.beam_size = n, .n_best = n, .normalize = 1};
    if (draws) {
        Random random = dm_random(g->seed, g->update, g->shard, DRAWS);
        options.sampling = DM_SAMPLE_FULL;
        options.temperature = 1;
        options.seed = ((unsigned long long)dm_random_next(&random) << 32) | dm_random_next(&random);
    }
    int *limits = dm_arena_take(g->arena, (size_t)source.spans.n * sizeof(int));
    for (int i = 0; i < source.spans.n; i++) limits[i] = 2 * targets.length[i] + 10;
    dm_search(g,
              &(SearchJob){
                  .models = &shard->model, .model_count = 1, .source = source, .options = &options, .limits = limits},
              found);
}

static bool is_known(const Candidates *c, int first, const int *ids, int length)
{
    for (int i = first; i < c->n; i++)
        if (c->length[i] == length && !memcmp(c->ids[i], ids, (size_t)length * sizeof(int))) return true;
    return false;
}

static char *text_of(const ShardRun *shard, const int *ids, int length)
{
    return dm_decode(shard->risk->segmenter, ids, length - 1);
}

static void add(const ShardRun *shard, Candidates *c, const int *ids, int length, int said, const char *reference)
{
    char *text = text_of(shard, ids, length);
    c->ids[c->n] = ids;
    c->length[c->n] = length;
    c->said[c->n] = said;
    c->cost[c->n++] = cost_of(shard->risk, text, reference);
    dm_free(text);
}

// With the end of sentence, also where a limit cut it off: as text it ends there.
static const int *with_end(Arena *arena, const Hypothesis *h, int eos)
{
    int *ids = dm_arena_take(arena, ((size_t)h->count + 1) * sizeof(int));
    if (h->count) memcpy(ids, h->ids, (size_t)h->count * sizeof(int));
    ids[h->count] = eos;
    return ids;
}

static Candidates candidates_of(Graph *g, const ShardRun *shard, bool critical)
{
    const RiskSettings *risk = shard->risk;
    const Spans targets = shard->example->read.spans;
    const int sentences = targets.n, eos = shard->model->config.eos;
    const size_t room = (size_t)sentences * ((size_t)risk->candidates + 1);
    Candidates c = {.first = dm_arena_take(g->arena, ((size_t)sentences + 1) * sizeof(int)),
                    .ids = dm_arena_take(g->arena, room * sizeof(int *)),
                    .length = dm_arena_take(g->arena, room * sizeof(int)),
                    .said = dm_arena_take(g->arena, room * sizeof(int)),
                    .cost = dm_arena_take(g->arena, room * sizeof(double)),
                    .baseline = dm_arena_take(g->arena, (size_t)sentences * sizeof(double))};
    Found *found = dm_arena_take(g->arena, 2 * (size_t)sentences * sizeof *found), *greedy = found + sentences;
    search(g, shard, risk->candidates, critical || !risk->from_beam, found);
    if (critical) search(g, shard, 1, false, greedy);
    for (int i = 0; i < sentences; i++) {
        const int *reference = shard->example->written + targets.start[i];
        char *text = text_of(shard, reference, targets.length[i]);
        c.first[i] = c.n;
        add(shard, &c, reference, targets.length[i], targets.length[i], text);
        for (int k = 0; k < found[i].count; k++) {
            const Hypothesis *h = &found[i].best[k];
            const int *ids = with_end(g->arena, h, eos);
            if (critical || !is_known(&c, c.first[i], ids, h->count + 1))
                add(shard, &c, ids, h->count + 1, h->pieces, text);
        }
        if (critical) {
            char *best = text_of(shard, greedy[i].best[0].ids, greedy[i].best[0].count + 1);
            c.baseline[i] = cost_of(risk, best, text);
            dm_free(best);
        }
        dm_free(text);
    }
    c.first[sentences] = c.n;
    return c;
}

// ---- The objectives -------------------------------------------------------------------------------------------------

// The same source for all candidates of a sentence.
static Memory repeated(Graph *g, Memory memory, const Candidates *c)
{
    int *start = dm_arena_take(g->arena, 2 * (size_t)c->n * sizeof(int)), *length = start + c->n;
    for (int i = 0; i < memory.spans.n; i++)
        for (int k = c->first[i]; k < c->first[i + 1]; k++) {
            start[k] = memory.spans.start[i];
            length[k] = memory.spans.length[i];
        }
    memory.spans = (Spans){c->n, start, length};
    return memory;
}

static Tokens written_of(Graph *g, const Candidates *c)
{
    size_t rows = 0;
    for (int k = 0; k < c->n; k++) rows += (size_t)c->length[k];
    int *ids = dm_arena_take(g->arena, rows * sizeof(int)), *at = ids;
    for (int k = 0; k < c->n; at += c->length[k++]) memcpy(at, c->ids[k], (size_t)c->length[k] * sizeof(int));
    return dm_tokens(g->arena, c->n, c->length, ids);
}

// What -log P(y) of each candidate counts in the loss, and what the objective is: of one sentence.
static double weigh(const RiskSettings *risk, bool critical, const Candidates *c, int sentence, const double *log_p,
                    double *weight)
{
    const int first = c->first[sentence], n = c->first[sentence + 1] - first;
    if (critical) {  // what has this gradient, for these draws
        double sum = 0;
        weight[first] = 0;  // the reference is not drawn
        for (int k = first + 1; k < first + n; k++) {
            weight[k] = (c->baseline[sentence] - c->cost[k]) / (n - 1);
            sum -= weight[k] * log_p[k];
        }
        return sum;
    }
    double *sharp = dm_allocate(2 * (size_t)n, sizeof *sharp), *slope = sharp + n;
    for (int k = 0; k < n; k++)
        sharp[k] = risk->sharpness * log_p[first + k] / (risk->from_beam ? c->said[first + k] : 1);
    const double expected = dm_expected_cost(n, sharp, c->cost + first, slope);
    for (int k = 0; k < n; k++)
        weight[first + k] = -slope[k] * risk->sharpness / (risk->from_beam ? c->said[first + k] : 1);
    dm_free(sharp);
    return expected;
}

static void sum_rows(const Candidates *c, const Tokens *written, const float *rows, double *log_p)
{
    for (int k = 0; k < c->n; k++) {
        log_p[k] = 0;
        for (int j = 0; j < c->said[k]; j++) log_p[k] += (double)rows[written->spans.start[k] + j];
    }
}

static Loss run(const ShardRun *shard, bool critical)
{
    if (!shard->graph->recording) return dm_teacher_forcing.run(shard);
    const RiskSettings *risk = shard->risk;
    const Architecture *a = shard->model->architecture;
    const OutputLayer *output = &shard->model->output;
    Graph *g = shard->graph, copy = *g;
    copy.recording = false;
    dm_drop_nothing(&copy);
    copy.routes = NULL;
    const Candidates c = candidates_of(&copy, shard, critical);
    const Tokens written = written_of(g, &c), read = dm_shifted(g->arena, written, shard->model->config.decoder_start);
    const Memory memory = repeated(g, a->encode(g, shard->model, shard->example->source), &c);
    const Tensor *features = a->decode(g, shard->model, memory, read);
    const size_t rows = (size_t)written.n, candidates = (size_t)c.n;
    float *log_rows = dm_arena_take(g->arena, 3 * rows * sizeof(float)), *weights = log_rows + rows,
          *of_reference = weights + rows;
    double *log_p = dm_arena_take(g->arena, 2 * candidates * sizeof(double)), *weight = log_p + candidates;
    copy = *g;
    copy.recording = false;
    output->kind->loss(&copy, output, &(Decoded){.features = features},
                       &(Targets){.ids = written.ids, .log_probabilities = log_rows});
    sum_rows(&c, &written, log_rows, log_p);

    Loss loss = {0};
    const double share = 1 - risk->mix;
    memset(of_reference, 0, rows * sizeof(float));
    for (int i = 0; i < shard->example->read.spans.n; i++) {
        const int pieces = c.length[c.first[i]], reference = written.spans.start[c.first[i]];
        loss.objective += share * pieces * weigh(risk, critical, &c, i, log_p, weight);
        loss.nll -= log_p[c.first[i]];
        loss.count += pieces;
        for (int j = 0; j < pieces; j++) of_reference[reference + j] = (float)risk->mix;
        for (int k = c.first[i]; k < c.first[i + 1]; k++)
            for (int j = 0; j < c.length[k]; j++)
                weights[written.spans.start[k] + j] = j < c.said[k] ? (float)(share * pieces * weight[k]) : 0;
    }
    const Example example = {
        .source = shard->example->source, .read = read, .written = written.ids, .weights = weights};
    loss.objective += dm_terms_add(
        shard->terms,
        &(TermInput){.graph = g, .model = shard->model, .memory = &memory, .example = &example, .features = features});
    output->kind->loss(g, output, &(Decoded){.features = features}, &(Targets){.ids = written.ids, .weights = weights});
    if (risk->mix > 0)
        loss.objective +=
            output->kind
                ->loss(g, output, &(Decoded){.features = features},
                       &(Targets){.ids = written.ids, .weights = of_reference, .smoothing = shard->smoothing})
                .objective;
    return loss;
}

static Loss run_minimum_risk(const ShardRun *shard)
{
    return run(shard, false);
}

static Loss run_self_critical(const ShardRun *shard)
{
    return run(shard, true);
}

const Objective dm_minimum_risk = {
    .name = "minimum-risk",
    .about = "the expected cost of what the model would write falls (Shen et al. 2016); begin with a trained model",
    .run = run_minimum_risk};
const Objective dm_self_critical = {.name = "self-critical",
                                    .about = "what is drawn becomes more probable where it is better than what greedy "
                                             "search finds, and less where it is worse "
                                             "(Rennie et al. 2017); begin with a trained model",
                                    .run = run_self_critical};

// ---- The options ----------------------------------------------------------------------------------------------------

Status dm_risk_of_options(RiskSettings *risk, dm_options *o, Error *error)
{
    const char *objective = dm_options_text(o, "objective", 0);
    const bool minimum = strcmp(objective, dm_minimum_risk.name) == 0;
    *risk = (RiskSettings){0};
    if (!minimum && strcmp(objective, dm_self_critical.name) != 0) return DM_OK;
    risk->cost = dm_chosen(dm_risk_cost_choice, dm_options_text(o, "risk-cost", 0));
    risk->candidates = (int)dm_options_number(o, "risk-candidates");
    risk->mix = dm_options_number(o, "risk-mix");
    if (!minimum) return DM_OK;
    risk->from_beam = dm_chosen(dm_risk_candidates_choice, dm_options_text(o, "risk-from", 0)) == 1;
    if (!dm_options_count(o, "risk-sharpness")) {
        Status status = dm_options_set_default(o, "risk-sharpness", risk->from_beam ? "1" : "0.005", error);
        if (status) return status;
    }
    risk->sharpness = dm_options_number(o, "risk-sharpness");
    return DM_OK;
}
