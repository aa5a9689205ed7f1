// Terms that look at attention, in every architecture that has one to be taught: what they cost by their formulas, and
// that what they send back is the slope of that.
#include "train/objectives/objective.h"

#include "model/small_model.h"

enum { PAIRS = 3, PIECES = 9, SOURCES = 8, START = PAD };

static const int source_lengths[PAIRS] = {4, 1, 3}, target_lengths[PAIRS] = {3, 5, 1};
static const int source_ids[SOURCES] = {3, 9, 2, 0, 0, 7, 7, 0}, written[PIECES] = {5, 6, 0, 7, 8, 9, 7, 0, 0};
// The second piece comes from two, the third, an end, from none.
static const int first_link[PIECES + 1] = {0, 1, 3, 3, 4, 4, 5, 5, 6, 8}, link[] = {1, 0, 2, 0, 0, 0, 1, 2};

static const struct {
    const char *type, *shape;
    Gaze gaze;
} subjects[] = {
    {"transformer",
     "activation_function swish d_model 16 encoder_layers 1 decoder_layers 3 decoder_attention_heads 4",
     {2, 1}},
    {"transformer",
     "activation_function swish d_model 16 encoder_layers 1 decoder_layers 2 decoder_attention_heads 2",
     {2, DM_ALL_HEADS}},
    {"transformer",
     "activation_function swish d_model 16 encoder_layers 1 decoder_layers 2 decoder_attention_heads 2 norm_place pre",
     {1, 0}},
    {"rnn", "d_model 16 hidden_size 12 attention additive", {1, 0}},
    {"rnn", "d_model 16 hidden_size 12 attention dot decoder_layers 2", {1, 0}},
    {"rnn", "d_model 16 hidden_size 12 attention general cell lstm", {1, 0}},
    {"rnn", "d_model 16 hidden_size 12 attention general input_feeding 1", {1, DM_ALL_HEADS}},
    {"conv", "d_model 16 encoder_layers 1 decoder_layers 2 conv plain", {1, 0}},
    {"conv", "d_model 16 encoder_layers 1 decoder_layers 3 conv light heads 2 activation_function swish", {2, 1}},
};

static Example example_in(Arena *arena)
{
    const Tokens target = dm_tokens(arena, PAIRS, target_lengths, written);
    return (Example){.source = dm_tokens(arena, PAIRS, source_lengths, source_ids),
                     .read = dm_shifted(arena, target, START),
                     .written = target.ids,
                     .links = {first_link, link}};
}

static Setting setting(size_t subject)
{
    const ModelConfig config =
        small_config_of(dm_architecture(subjects[subject].type), VOCABULARY, subjects[subject].shape);
    return setting_of(&config);
}

static ChosenTerms terms_of(size_t subject, double guided, double coverage)
{
    ChosenTerms terms = {.copies = 1, .gaze = subjects[subject].gaze};
    if (guided > 0) terms.term[terms.count] = &dm_guided_alignment, terms.weight[terms.count++] = guided;
    if (coverage > 0) terms.term[terms.count] = &dm_coverage, terms.weight[terms.count++] = coverage;
    return terms;
}

static double run(Setting *s, const ChosenTerms *terms, bool recording)
{
    Graph *g = begin(s, recording, 0);
    const Example example = example_in(g->arena);
    return dm_teacher_forcing
        .run(&(ShardRun){.graph = g, .model = s->model, .example = &example, .smoothing = 0.1f, .terms = terms})
        .objective;
}

// What the gaze sees: row i of a pair gives piece j of its source so much.
typedef struct Seen {
    double p[PAIRS][5][4];
} Seen;

static Seen see(Setting *s, const Gaze *gaze)
{
    AttentionTap tap = {0};
    Graph *g = begin(s, false, 0);
    const Example e = example_in(g->arena);
    g->tap = &tap;
    s->model->architecture->decode(g, s->model, s->model->architecture->encode(g, s->model, e.source), e.read);
    g->tap = NULL;
    const AttentionView *view = tap.first;
    for (int layer = 0;; view = view->next)
        if (view->kind == DM_CROSS_ATTENTION && ++layer == gaze->layer) break;
    Seen seen = {{{{0}}}};
    for (int k = 0; k < PAIRS; k++)
        for (int h = 0; h < view->heads; h++)
            for (int i = 0; i < target_lengths[k]; i++)
                for (int j = 0; j < source_lengths[k]; j++) {
                    const double p = view->probabilities[k][(h * target_lengths[k] + i) * source_lengths[k] + j];
                    if (gaze->head < 0) seen.p[k][i][j] += p / view->heads;
                    if (gaze->head == h) seen.p[k][i][j] = p;
                }
    return seen;
}

static double guided_by_formula(const Seen *seen)
{
    double sum = 0;
    for (int k = 0, row = 0; k < PAIRS; k++)
        for (int i = 0; i < target_lengths[k]; i++, row++)
            for (int at = first_link[row]; at < first_link[row + 1]; at++)
                sum -= log(seen->p[k][i][link[at]] + 1e-6) / (first_link[row + 1] - first_link[row]);
    return sum;
}

static double coverage_by_formula(const Seen *seen)
{
    double sum = 0;
    for (int k = 0; k < PAIRS; k++)
        for (int i = 0; i < target_lengths[k]; i++)
            for (int j = 0; j < source_lengths[k]; j++) {
                double covered = 0;
                for (int before = 0; before < i; before++) covered += seen->p[k][before][j];
                sum += fmin(seen->p[k][i][j], covered);
            }
    return sum;
}

static void terms_cost_what_their_formulas_say(void)
{
    for (size_t n = 0; n < DM_COUNT(subjects); n++) {
        Setting s = setting(n);
        const Seen seen = see(&s, &subjects[n].gaze);
        const ChosenTerms none = terms_of(n, 0, 0), guided = terms_of(n, 0.5, 0), coverage = terms_of(n, 0, 0.25);
        const double plain = run(&s, &none, true), more = run(&s, &guided, true) - plain,
                     covered = run(&s, &coverage, true) - plain,
                     wanted[] = {0.5 * guided_by_formula(&seen), 0.25 * coverage_by_formula(&seen)};
        expect(fabs(more - wanted[0]) <= 1e-5 * plain, "%s: guided %.9g, should be %.9g", subjects[n].shape, more,
               wanted[0]);
        expect(fabs(covered - wanted[1]) <= 1e-5 * plain, "%s: coverage %.9g, should be %.9g", subjects[n].shape,
               covered, wanted[1]);
        CU_ASSERT(more > 0.1 && covered > 0.1);
        CU_ASSERT_EQUAL(run(&s, &guided, false), run(&s, &none, false));  // they count in training alone
        end(&s);
    }
}

// Moves the decoder's weights by `step` along a random direction. (In the encoder of a plain convolution the gradient
// is scaled down on purpose.) Returns the slope that the gradient says there is.
static double move(const Parameters *p, const float *from, const float *gradient, uint64_t direction, double step)
{
    Random random = dm_random(direction, 0, 0, 0);
    double slope = 0;
    for (int k = 0; k < p->count; k++) {
        const Parameter *parameter = &p->list[k];
        if (parameter->kind != DM_TRAINED || strncmp(parameter->name, "model.decoder.", 14) != 0) continue;
        const size_t end = parameter->offset + dm_parameter_size(parameter);
        for (size_t i = parameter->offset; i < end; i++) {
            const double d = dm_random_normal(&random) / 10;
            p->data[i] = from[i] + (float)(step * d);
            slope += d * (double)gradient[i];
        }
    }
    return slope;
}

static void check_slopes(size_t subject, double guided, double coverage)
{
    const double step = 1e-3;
    const ChosenTerms terms = terms_of(subject, guided, coverage);
    Setting s = setting(subject);
    const Parameters *p = &s.model->parameters;
    const size_t size = p->size * sizeof(float);
    run(&s, &terms, true);
    dm_backward(&s.graph);
    float *gradient = memcpy(dm_allocate(p->size, sizeof(float)), s.gradients, size),
          *weights = memcpy(dm_allocate(p->size, sizeof(float)), p->data, size);
    for (uint64_t direction = 0; direction < 6; direction++) {
        const double slope = move(p, weights, gradient, direction, step);
        const double above = run(&s, &terms, true);
        move(p, weights, gradient, direction, -step);
        const double difference = (above - run(&s, &terms, true)) / (2 * step);
        expect(fabs(slope - difference) <= 5e-3 * fmax(1, fabs(slope)), "%s: gradient %g, differences say %g",
               subjects[subject].shape, slope, difference);
    }
    dm_free(gradient), dm_free(weights);
    end(&s);
}

static void what_they_send_back_is_the_slope(void)
{
    for (size_t n = 0; n < DM_COUNT(subjects); n++) {
        check_slopes(n, 3, 0);
        check_slopes(n, 0, 3);
        check_slopes(n, 2, 1);
    }
}

// Nothing is known of some texts.
static void without_links_nothing_is_added(void)
{
    const ChosenTerms guided = terms_of(0, 1, 0), none = terms_of(0, 0, 0);
    Setting s = setting(0);
    Graph *g = begin(&s, true, 0);
    Example example = example_in(g->arena);
    example.links = (RowLinks){0};
    const double without =
        dm_teacher_forcing.run(&(ShardRun){.graph = g, .model = s.model, .example = &example, .terms = &guided})
            .objective;
    g = begin(&s, true, 0);
    example = example_in(g->arena);
    CU_ASSERT_EQUAL(
        without, dm_teacher_forcing.run(&(ShardRun){.graph = g, .model = s.model, .example = &example, .terms = &none})
                     .objective);
    end(&s);
}

const Fact facts[] = {
    FACT(terms_cost_what_their_formulas_say),
    FACT(what_they_send_back_is_the_slope),
    FACT(without_links_nothing_is_added),
    {NULL, NULL},
};
