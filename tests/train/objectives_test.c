// Objectives, row by row: what a shard costs, against a model that is asked piece by piece, and that the gradients are
// those of what is said to be minimised, terms included.
#include "core/memory.h"
#include "train/objectives/objective.h"

#include "core/scratch.h"
#include "model/small_model.h"
#include "translate/translator.h"

enum { PAIRS = 3, PIECES = 9, START = PAD, UNKNOWN = 1 };

static const int source_lengths[PAIRS] = {4, 1, 3}, target_lengths[PAIRS] = {3, 5, 1};
static const int source_ids[] = {3, 9, 2, 0, 0, 7, 7, 0}, written[PIECES] = {5, 6, 0, 7, 8, 9, 7, 0, 0};

static const ChosenTerms no_terms = {.copies = 1};

static Example example_in(Arena *arena)
{
    const Tokens target = dm_tokens(arena, PAIRS, target_lengths, written);
    return (Example){.source = dm_tokens(arena, PAIRS, source_lengths, source_ids),
                     .read = dm_shifted(arena, target, START),
                     .written = target.ids};
}

// Pieces are words: "</s>", "<unk>", "w2" ...
static RiskSettings risk = {.cost = 3 /* wer */, .candidates = 4, .sharpness = 0.3, .mix = 0.25};

static void open_segmenter(void)
{
    static Segmenter *segmenter;
    char pieces[VOCABULARY][8] = {"</s>", "<unk>"};
    const char *list[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
        if (i > 1) snprintf(pieces[i], sizeof pieces[i], "w%d", i);
        list[i] = pieces[i];
    }
    Error error;
    Vocabulary *vocabulary = dm_vocabulary_create(list, VOCABULARY);
    if (!dm_vocabulary_write(vocabulary, scratch("vocab.json"), &error) &&
        !dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = scratch_folder, .kind = "space"}, &error))
        risk.segmenter = segmenter;
    dm_vocabulary_free(vocabulary);
    risk.tokenizer = dm_tokenizer("none");
}

// Half of what is read is the reference's: of 1 - 0.5 i, in the first update.
static const ScheduledSampling half = {.decay = 1, .constants = {1, 0.5, 0}, .passes = 1};

static Loss run(const Objective *objective, Setting *s, bool recording, float smoothing, const ChosenTerms *terms)
{
    Graph *g = begin(s, recording, 0);
    const Example example = example_in(g->arena);
    return objective->run(&(ShardRun){g, s->model, &example, smoothing, terms, &half, &risk, UNKNOWN});
}

static ModelConfig config_for(const Objective *objective)
{
    ModelConfig config = small_config();
    if (objective->writing != DM_PIECE_BY_PIECE) dm_transformer_shape(&config)->decoder_mask = DM_MASK_NONE;
    if (objective->writing == DM_AT_ONCE) config.output = 2, dm_transformer_shape(&config)->ctc_upsample = 3;
    return config;
}

// ---- Each by itself -------------------------------------------------------------------------------------------------

// log softmax in double of what follows what has been read, the pair alone: [count] pieces behind the start.
static void ask_behind(Setting *s, int pair, const int *behind, int count, double log_p[VOCABULARY])
{
    const Architecture *a = s->model->architecture;
    const OutputLayer *output = &s->model->output;
    Graph *g = begin(s, false, 0);
    int source = 0, inputs[64] = {START}, length = count + 1;
    for (int i = 0; i < pair; i++) source += source_lengths[i];
    if (count) memcpy(inputs + 1, behind, (size_t)count * sizeof(int));
    const Memory memory = a->encode(g, s->model, dm_tokens(g->arena, 1, &source_lengths[pair], source_ids + source));
    const Tensor *features = a->decode(g, s->model, memory, dm_tokens(g->arena, 1, &length, inputs));
    double sum = 0;
    for (int v = 0; v < VOCABULARY; v++) {
        log_p[v] = (double)output->bias.data[v];
        for (int j = 0; j < features->cols; j++)
            log_p[v] += (double)dm_row(features, count)[j] * (double)dm_row(&output->weight, v)[j];
        sum += exp(log_p[v]);
    }
    for (int v = 0; v < VOCABULARY; v++) log_p[v] -= log(sum);
}

static void ask(Setting *s, int pair, int count, double log_p[VOCABULARY])
{
    int target = 0;
    for (int i = 0; i < pair; i++) target += target_lengths[i];
    ask_behind(s, pair, written + target, count, log_p);
}

static void teacher_forcing(const Objective *objective)
{
    const ModelConfig config = small_config();
    Setting s = setting_of(&config);
    double wanted = 0, log_p[VOCABULARY];
    for (int pair = 0, at = 0; pair < PAIRS; pair++)
        for (int count = 0; count < target_lengths[pair]; count++) {
            ask(&s, pair, count, log_p);
            wanted -= log_p[written[at++]];
        }
    const Loss loss = run(objective, &s, false, 0, &no_terms);
    expect(fabs(loss.nll - wanted) <= 1e-5 * wanted, "%.9g nats, should be %.9g", loss.nll, wanted);
    CU_ASSERT_EQUAL(loss.count, PIECES);
    CU_ASSERT_DOUBLE_EQUAL(loss.objective, loss.nll, 1e-9 * wanted);
    end(&s);
}

// ---- Scheduled sampling ---------------------------------------------------------------------------------------------

static int best_of(const double log_p[VOCABULARY])
{
    int best = 0;
    for (int v = 1; v < VOCABULARY; v++) best = log_p[v] > log_p[best] ? v : best;
    return best;
}

// The loss where all that is read but the start is the model's own: piece by piece, or after so many passes.
static double own_loss(Setting *s, int passes)
{
    double loss = 0, log_p[VOCABULARY];
    for (int pair = 0, at = 0; pair < PAIRS; at += target_lengths[pair++]) {
        int read[PIECES], next[PIECES] = {0};
        memcpy(read, written + at, (size_t)target_lengths[pair] * sizeof(int));
        for (int pass = 0; pass < (passes ? passes : PIECES); pass++, memcpy(read, next, sizeof read))
            for (int count = 0; count + 1 < target_lengths[pair]; count++) {
                ask_behind(s, pair, read, count, log_p);
                next[count] = best_of(log_p);
            }
        for (int count = 0; count < target_lengths[pair]; count++) {
            ask_behind(s, pair, read, count, log_p);
            loss -= log_p[written[at + count]];
        }
    }
    return loss;
}

static Loss run_sampled(const Objective *objective, Setting *s, const ScheduledSampling *how)
{
    Graph *g = begin(s, true, 0);
    const Example example = example_in(g->arena);
    return objective->run(&(ShardRun){g, s->model, &example, 0, &no_terms, how, NULL, UNKNOWN});
}

static void all_is_the_models_own(const Objective *objective, Setting *s)
{
    const double by_reference = run(&dm_teacher_forcing, s, false, 0, &no_terms).nll;
    for (int passes = 0; passes < 7; passes++) {
        const ScheduledSampling never = {.decay = 1, .constants = {1, 1, 0}, .passes = passes};
        const double wanted = own_loss(s, passes), got = run_sampled(objective, s, &never).nll;
        expect(fabs(got - wanted) <= 1e-5 * wanted, "%d passes: %.9g nats, should be %.9g", passes, got, wanted);
        expect(fabs(got - by_reference) > 1e-3, "%d passes: as by the reference", passes);
    }
    const ScheduledSampling always = {.decay = 1, .constants = {1, 0, 0}, .passes = 1};
    CU_ASSERT_EQUAL(run_sampled(objective, s, &always).nll, by_reference);
}

// Over many updates, each of which draws another second piece.
static void what_is_drawn_is_as_probable_as_the_model_says(const Objective *objective, Setting *s)
{
    enum { UPDATES = 4000 };
    static const int source[] = {3, 9, 2, 0}, target[] = {5, 0}, lengths[] = {4, 2};
    double first[VOCABULARY], second[VOCABULARY], mean = 0, square = 0, sum = 0;
    ask_behind(s, 0, NULL, 0, first);
    for (int v = 0; v < VOCABULARY; v++) {
        ask_behind(s, 0, &v, 1, second);
        mean -= exp(first[v]) * second[0];
        square += exp(first[v]) * second[0] * second[0];
    }
    for (int passes = 0; passes < 2; passes++, sum = 0) {
        const ScheduledSampling drawn = {
            .decay = 1, .constants = {1, 1, 0}, .from = DM_SAMPLED_DRAWN, .passes = passes};
        for (uint32_t update = 1; update <= UPDATES; update++) {
            Graph *g = begin(s, true, 0);
            g->update = update;
            const Tokens written_here = dm_tokens(g->arena, 1, &lengths[1], target);
            const Example example = {.source = dm_tokens(g->arena, 1, &lengths[0], source),
                                     .read = dm_shifted(g->arena, written_here, START),
                                     .written = written_here.ids};
            sum += objective->run(&(ShardRun){g, s->model, &example, 0, &no_terms, &drawn, NULL, UNKNOWN}).nll;
        }
        const double off = sum / UPDATES - (mean - first[5]), deviation = sqrt((square - mean * mean) / UPDATES);
        expect(fabs(off) < 4 * deviation, "%d passes: off by %g, a deviation is %g", passes, off, deviation);
    }
}

// With one piece that outweighs all others a mixture is that piece.
static void a_mixture_of_one_is_the_best(const Objective *objective, Setting *s)
{
    const ScheduledSampling mixed = {.decay = 1, .constants = {1, 1, 0}, .from = DM_SAMPLED_MIXED, .passes = 1},
                            best = {.decay = 1, .constants = {1, 1, 0}, .passes = 1};
    const double apart = run_sampled(objective, s, &mixed).nll;
    expect(fabs(apart - run_sampled(objective, s, &best).nll) > 1e-3, "a mixture is the best piece alone");
    s->model->output.bias.data[7] += 100;
    const double of_mixture = run_sampled(objective, s, &mixed).nll, of_best = run_sampled(objective, s, &best).nll;
    s->model->output.bias.data[7] -= 100;
    expect(fabs(of_mixture - of_best) <= 1e-5 * of_best, "%.9g nats, should be %.9g", of_mixture, of_best);
}

static void scheduled_sampling(const Objective *objective)
{
    const ModelConfig config = small_config();
    Setting s = setting_of(&config);
    all_is_the_models_own(objective, &s);
    what_is_drawn_is_as_probable_as_the_model_says(objective, &s);
    a_mixture_of_one_is_the_best(objective, &s);
    end(&s);
}

static void the_reference_fades_as_the_paper_says(void)
{
    const ScheduledSampling sigmoid = {.decay = 0, .constants = {500}},
                            linear = {.decay = 1, .constants = {0.9, 0.001, 0.25}},
                            power = {.decay = 2, .constants = {0.99}};
    CU_ASSERT_DOUBLE_EQUAL(dm_sampling_share(&sigmoid, 500 * log(500)), 0.5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(dm_sampling_share(&sigmoid, 1e9), 0, 0);
    CU_ASSERT_DOUBLE_EQUAL(dm_sampling_share(&linear, 100), 0.8, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(dm_sampling_share(&linear, 1000), 0.25, 0);
    CU_ASSERT_DOUBLE_EQUAL(dm_sampling_share(&power, 50), pow(0.99, 50), 1e-12);
    CU_ASSERT_STRING_EQUAL(dm_sampling_decay_choice(1).name, "linear");
}

// ---- Training on the metric -----------------------------------------------------------------------------------------

static void the_slope_of_the_expected_cost_agrees_with_differences(void)
{
    enum { N = 5 };
    double log_p[N] = {-3, -1.5, -0.2, -7, -2}, slope[N];
    static const double costs[N] = {0, 0.5, 1, 0.25, 0.75};
    double sum = 0, wanted = 0;
    for (int i = 0; i < N; i++) sum += exp(log_p[i]);
    for (int i = 0; i < N; i++) wanted += exp(log_p[i]) / sum * costs[i];
    CU_ASSERT_DOUBLE_EQUAL(dm_expected_cost(N, log_p, costs, slope), wanted, 1e-12);
    for (int i = 0; i < N; i++) {
        const double at = log_p[i], step = 1e-5;
        log_p[i] = at + step;
        const double above = dm_expected_cost(N, log_p, costs, NULL);
        log_p[i] = at - step;
        const double difference = (above - dm_expected_cost(N, log_p, costs, NULL)) / (2 * step);
        log_p[i] = at;
        CU_ASSERT_DOUBLE_EQUAL(slope[i], difference, 1e-9);
    }
}

static double log_probability(Setting *s, int pair, const int *ids, int n)
{
    double sum = 0, log_p[VOCABULARY];
    for (int count = 0; count < n; count++) {
        ask_behind(s, pair, ids, count, log_p);
        sum += log_p[ids[count]];
    }
    return sum;
}

static int edits(const int *a, int n, const int *b, int m)
{
    int row[64] = {0};
    for (int j = 0; j <= m; j++) row[j] = j;
    for (int i = 1; i <= n; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            const int above = row[j], replaced = diagonal + (a[i - 1] != b[j - 1]);
            const int moved = (above < row[j - 1] ? above : row[j - 1]) + 1;
            diagonal = above;
            row[j] = moved < replaced ? moved : replaced;
        }
    }
    return row[m];
}

// The hypotheses of a beam, found for each pair alone, and its reference: [n] ids with their ends; returns n. said: pieces
// of the model's, without an end that a limit has set.
static int hypotheses_of(Setting *s, int pair, int ids[8][64], int *length, int *said)
{
    int source = 0, target = 0, n = 1;
    for (int i = 0; i < pair; i++) source += source_lengths[i], target += target_lengths[i];
    memcpy(ids[0], written + target, (size_t)target_lengths[pair] * sizeof(int));
    said[0] = length[0] = target_lengths[pair];
    dm_translate_options options;
    dm_translate_options_read(&options, NULL, NULL);
    dm_take_search_defaults(&options, &s->model->config.search);
    options.beam_size = options.n_best = risk.candidates;
    const int limit = 2 * target_lengths[pair] + 10;
    Graph *g = begin(s, false, 0);
    const Model *model = s->model;
    Found found;
    dm_search(g,
              &(SearchJob){.models = &model,
                           .model_count = 1,
                           .source = dm_tokens(g->arena, 1, &source_lengths[pair], source_ids + source),
                           .options = &options,
                           .limits = &limit},
              &found);
    for (int k = 0; k < found.count; k++) {
        const Hypothesis *h = &found.best[k];
        int known = 0;
        for (int i = 0; i < h->count; i++) ids[n][i] = h->ids[i];
        ids[n][length[n] = h->count] = EOS;
        length[n]++;
        said[n] = h->pieces;
        for (int i = 0; i < n; i++)
            known += length[i] == length[n] && !memcmp(ids[i], ids[n], (size_t)length[n] * sizeof(int));
        if (!known) n++;
    }
    return n;
}

static void minimum_risk(const Objective *objective)
{
    const ModelConfig config = small_config();
    Setting s = setting_of(&config);
    const RiskSettings before = risk;
    risk.from_beam = true, risk.sharpness = 2;
    double wanted = 0, nll = 0;
    for (int pair = 0; pair < PAIRS; pair++) {
        int ids[8][64], length[8], said[8];
        double sharp[8], cost[8];
        const int n = hypotheses_of(&s, pair, ids, length, said);
        CU_ASSERT(n > 2);
        for (int k = 0; k < n; k++) {
            const double log_p = log_probability(&s, pair, ids[k], said[k]);
            sharp[k] = risk.sharpness * log_p / said[k];
            cost[k] = (double)edits(ids[k], length[k] - 1, ids[0], length[0] - 1);
            cost[k] = length[0] > 1 ? cost[k] / (length[0] - 1) : cost[k] > 0;
            if (!k) nll -= log_p;
        }
        wanted += length[0] * dm_expected_cost(n, sharp, cost, NULL);
    }
    wanted = (1 - risk.mix) * wanted + risk.mix * nll;
    const Loss loss = run(objective, &s, true, 0, &no_terms);
    expect(fabs(loss.objective - wanted) <= 1e-5 * wanted, "%.9g, should be %.9g", loss.objective, wanted);
    expect(fabs(loss.nll - nll) <= 1e-5 * nll, "%.9g nats, should be %.9g", loss.nll, nll);
    CU_ASSERT_EQUAL(loss.count, PIECES);
    risk = before;
    end(&s);
}

// Where all that can be drawn costs the same as what greedy search finds, nothing is learnt.
static void self_critical(const Objective *objective)
{
    const ModelConfig config = small_config();
    Setting s = setting_of(&config);
    const RiskSettings before = risk;
    risk.mix = 0;
    CU_ASSERT(fabs(run(objective, &s, true, 0, &no_terms).objective) > 1e-3);
    s.model->output.bias.data[EOS] += 1000;  // all are empty
    CU_ASSERT_DOUBLE_EQUAL(run(objective, &s, true, 0, &no_terms).objective, 0, 1e-9);
    s.model->output.bias.data[EOS] -= 2000;  // all are cut off, by an end that nobody has drawn
    const double cut_off = run(objective, &s, true, 0, &no_terms).objective;
    CU_ASSERT(fabs(cut_off) > 1e-3);
    s.model->output.bias.data[EOS] -= 1000;
    CU_ASSERT_DOUBLE_EQUAL(run(objective, &s, true, 0, &no_terms).objective, cut_off, 1e-9 * fabs(cut_off));
    s.model->output.bias.data[EOS] += 2000;
    risk = before;
    end(&s);
}

// All of it is masked where there is one piece, and then the loss is what the model says of a mask alone.
static void masked(const Objective *objective)
{
    enum { PIECE = 5 };
    static const int source[] = {3, 9, 2, 0}, target[] = {PIECE, 0}, lengths[] = {4, 2}, one = 1, unknown = UNKNOWN;
    const ModelConfig config = config_for(objective);
    Setting s = setting_of(&config);
    const Architecture *a = s.model->architecture;
    Graph *g = begin(&s, false, 0);
    const Tokens written_here = dm_tokens(g->arena, 1, &lengths[1], target),
                 read = dm_tokens(g->arena, 1, &lengths[0], source);
    const Example example = {.source = read, .read = dm_shifted(g->arena, written_here, START), .written = target};
    const Loss loss = objective->run(&(ShardRun){g, s.model, &example, 0, &no_terms, &half, &risk, UNKNOWN});
    const Memory memory = a->encode(g, s.model, read);
    const Tensor *x = a->decode(g, s.model, memory, dm_tokens(g->arena, 1, &one, &unknown)),
                 *log_p = dm_log_probabilities(g, x, &s.model->output.weight, &s.model->output.bias),
                 *length = dm_length_log_probabilities(g, &s.model->output, memory.rows, memory.spans);
    const double nll = -(double)log_p->data[PIECE], of_length = -(double)length->data[dm_length_class(3, 1)];
    expect(fabs(loss.nll - nll) <= 1e-5 * nll && loss.count == 1, "%.9g nats, should be %.9g", loss.nll, nll);
    expect(fabs(loss.objective - nll - 0.1 * of_length) <= 1e-5 * nll, "%.9g, should be %.9g", loss.objective,
           nll + 0.1 * of_length);
    end(&s);
}

// Of one piece and two rows there are three ways: it twice, or before a blank, or behind one.
static void all_paths(const Objective *objective)
{
    enum { PIECE = 5 };
    static const int source[] = {0}, target[] = {PIECE, 0}, lengths[] = {1, 2};
    ModelConfig config = config_for(objective);
    dm_transformer_shape(&config)->ctc_upsample = 2;
    Setting s = setting_of(&config);
    const Architecture *a = s.model->architecture;
    Graph *g = begin(&s, false, 0);
    const Tokens written_here = dm_tokens(g->arena, 1, &lengths[1], target),
                 read = dm_tokens(g->arena, 1, &lengths[0], source);
    const Example example = {.source = read, .read = dm_shifted(g->arena, written_here, START), .written = target};
    const Loss loss = objective->run(&(ShardRun){g, s.model, &example, 0, &no_terms, &half, &risk, UNKNOWN});
    const Memory memory = a->encode(g, s.model, read);
    const Tensor *x = a->decode(g, s.model, memory, dm_places_at_once(g->arena, &config, memory.spans)),
                 *log_p = dm_log_probabilities(g, x, &s.model->output.weight, &s.model->output.bias);
    const double piece[2] = {exp((double)dm_row(log_p, 0)[PIECE]), exp((double)dm_row(log_p, 1)[PIECE])},
                 blank[2] = {exp((double)dm_row(log_p, 0)[EOS]), exp((double)dm_row(log_p, 1)[EOS])},
                 nll = -log(piece[0] * piece[1] + piece[0] * blank[1] + blank[0] * piece[1]);
    expect(fabs(loss.nll - nll) <= 1e-5 * nll && loss.count == 2, "%.9g nats, should be %.9g", loss.nll, nll);
    end(&s);
}

// An objective joins by a row.
static const struct {
    const Objective *objective;
    void (*check)(const Objective *objective);
} cases[] = {{&dm_teacher_forcing, teacher_forcing},
             {&dm_scheduled_sampling, scheduled_sampling},
             {&dm_minimum_risk, minimum_risk},
             {&dm_self_critical, self_critical},
             {&dm_masked, masked},
             {&dm_all_paths, all_paths}};

static void every_objective_costs_what_it_should(void)
{
    open_segmenter();
    for (int i = 0; dm_objectives[i]; i++) {
        int known = 0;
        for (size_t k = 0; k < DM_COUNT(cases); k++)
            if (cases[k].objective == dm_objectives[i]) cases[k].check(dm_objectives[i]), known++;
        expect(known == 1, "there are %d cases of %s", known, dm_objectives[i]->name);
    }
}

// ---- What all of them keep ------------------------------------------------------------------------------------------

// Half the sum of the squares of the features, times the weight.
static double half_squares(const TermInput *in, double weight)
{
    const Tensor *features = in->features;
    double sum = 0;
    float *gradient = dm_gradient(in->graph, features);
    for (int i = 0; i < features->rows; i++)
        for (int j = 0; j < features->cols; j++) {
            const float x = dm_row(features, i)[j];
            sum += 0.5 * weight * (double)x * (double)x;
            if (gradient) gradient[i * features->cols + j] += (float)weight * x;
        }
    return sum;
}

static const Term squares = {.name = "squares", .copies = 1, .add = half_squares};
static const ChosenTerms with_squares = {.term = {&squares}, .weight = {0.25}, .count = 1, .copies = 1};

// Moves all trained weights by `step` along a random direction; the row of pad, which is frozen, stays. Returns the
// slope of the objective that the gradient says there is.
static double move(const Parameters *p, const float *from, const float *gradient, uint64_t direction, double step)
{
    Random random = dm_random(direction, 0, 0, 0);
    const Parameter *table = dm_parameter(p, "model.shared.weight");
    const size_t frozen = table->offset + PAD * WIDTH;
    double slope = 0;
    for (size_t i = 0; i < p->trained_size; i++) {
        const double d = i >= frozen && i < frozen + WIDTH ? 0 : dm_random_normal(&random) / 10;
        p->data[i] = from[i] + (float)(step * d);
        slope += d * (double)gradient[i];
    }
    return slope;
}

// Where translations are short, the weights move none of them.
static void check_gradient(const Objective *objective, const ChosenTerms *terms)
{
    const double step = 1e-3;
    const ModelConfig config = config_for(objective);
    Setting s = setting_of(&config);
    s.model->output.bias.data[EOS] += 4;
    const Parameters *p = &s.model->parameters;
    const size_t size = p->size * sizeof(float);
    run(objective, &s, true, 0.1f, terms);
    dm_backward(&s.graph);
    float *gradient = memcpy(dm_allocate(p->size, sizeof(float)), s.gradients, size),
          *weights = memcpy(dm_allocate(p->size, sizeof(float)), p->data, size);
    for (uint64_t direction = 0; direction < 5; direction++) {
        const double slope = move(p, weights, gradient, direction, step);
        const double above = run(objective, &s, true, 0.1f, terms).objective;
        move(p, weights, gradient, direction, -step);
        const double difference = (above - run(objective, &s, true, 0.1f, terms).objective) / (2 * step);
        expect(fabs(slope - difference) <= 5e-3 * fmax(1, fabs(slope)), "%s: gradient %g, differences say %g",
               objective->name, slope, difference);
    }
    dm_free(gradient), dm_free(weights);
    end(&s);
}

static void the_gradient_is_that_of_the_objective(void)
{
    for (int i = 0; dm_objectives[i]; i++) {
        check_gradient(dm_objectives[i], &no_terms);
        check_gradient(dm_objectives[i], &with_squares);
    }
}

static void terms_count_in_training_alone(void)
{
    for (int i = 0; dm_objectives[i]; i++) {
        const ModelConfig config = config_for(dm_objectives[i]);
        Setting s = setting_of(&config);
        const Loss plain = run(dm_objectives[i], &s, true, 0.1f, &no_terms),
                   more = run(dm_objectives[i], &s, true, 0.1f, &with_squares),
                   seen = run(dm_objectives[i], &s, false, 0.1f, &with_squares),
                   unchanged = run(dm_objectives[i], &s, false, 0.1f, &no_terms);
        CU_ASSERT(more.objective > plain.objective + 1 && more.nll == plain.nll && more.count == plain.count);
        CU_ASSERT(seen.objective == unchanged.objective && seen.nll == unchanged.nll);
        end(&s);
    }
}

static void objectives_are_found_by_their_names_alone(void)
{
    for (int i = 0; dm_objectives[i]; i++) CU_ASSERT_PTR_EQUAL(dm_objective(dm_objectives[i]->name), dm_objectives[i]);
    CU_ASSERT_PTR_NULL(dm_objective("teacher"));
    CU_ASSERT_PTR_NULL(dm_objective(""));
}

const Fact facts[] = {
    FACT(objectives_are_found_by_their_names_alone),
    FACT(every_objective_costs_what_it_should),
    FACT(the_reference_fades_as_the_paper_says),
    FACT(the_slope_of_the_expected_cost_agrees_with_differences),
    FACT(the_gradient_is_that_of_the_objective),
    FACT(terms_count_in_training_alone),
    {NULL, NULL},
};
