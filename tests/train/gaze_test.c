// Who looks at attention, in every architecture that has one to be taught, terms and the output that copies: what they
// cost by their formulas, and that what they send back is the slope of that.
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
     {2, 1, false}},
    {"transformer",
     "activation_function swish d_model 16 encoder_layers 1 decoder_layers 2 decoder_attention_heads 2",
     {2, DM_ALL_HEADS, false}},
    {"transformer",
     "activation_function swish d_model 16 encoder_layers 1 decoder_layers 2 decoder_attention_heads 2 norm_place pre",
     {1, 0, false}},
    {"transformer",
     "activation_function swish d_model 16 encoder_layers 1 decoder_layers 3 decoder_attention_heads 4",
     {2, 3, true}},
    {"rnn", "d_model 16 hidden_size 12 attention additive", {1, 0, false}},
    {"rnn", "d_model 16 hidden_size 12 attention dot decoder_layers 2", {1, 0, false}},
    {"rnn", "d_model 16 hidden_size 12 attention general cell lstm", {1, 0, false}},
    {"rnn", "d_model 16 hidden_size 12 attention general input_feeding 1", {1, DM_ALL_HEADS, false}},
    {"conv", "d_model 16 encoder_layers 1 decoder_layers 2 conv plain", {1, 0, false}},
    {"conv",
     "d_model 16 encoder_layers 1 decoder_layers 3 conv light heads 2 activation_function swish",
     {2, 1, false}},
};

static Example example_in(Arena *arena)
{
    const Tokens target = dm_tokens(arena, PAIRS, target_lengths, written);
    return (Example){.source = dm_tokens(arena, PAIRS, source_lengths, source_ids),
                     .read = dm_shifted(arena, target, START),
                     .written = target.ids,
                     .links = {first_link, link}};
}

static Setting setting_as(size_t subject, const char *more)
{
    char shape[256];
    snprintf(shape, sizeof shape, "%s %s", subjects[subject].shape, more);
    const ModelConfig config = small_config_of(dm_architecture(subjects[subject].type), VOCABULARY, shape);
    return setting_of(&config);
}

static Setting setting(size_t subject)
{
    return setting_as(subject, "");
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
    g->whole_target = gaze->whole;
    s->model->architecture->decode(g, s->model, s->model->architecture->encode(g, s->model, e.source), e.read);
    g->whole_target = false;
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
        const bool moves = !strncmp(parameter->name, "model.decoder.", 14) || !strncmp(parameter->name, "pointer.", 8);
        if (parameter->kind != DM_TRAINED || !moves) continue;
        const size_t end = parameter->offset + dm_parameter_size(parameter);
        for (size_t i = parameter->offset; i < end; i++) {
            const double d = dm_random_normal(&random) / 10;
            p->data[i] = from[i] + (float)(step * d);
            slope += d * (double)gradient[i];
        }
    }
    return slope;
}

static double (*run_this)(Setting *s, const ChosenTerms *terms, bool recording) = run;

static void check_slopes(Setting s, size_t subject, const ChosenTerms terms)
{
    const double step = 1e-3;
    const Parameters *p = &s.model->parameters;
    const size_t size = p->size * sizeof(float);
    run_this(&s, &terms, true);
    dm_backward(&s.graph);
    float *gradient = memcpy(dm_allocate(p->size, sizeof(float)), s.gradients, size),
          *weights = memcpy(dm_allocate(p->size, sizeof(float)), p->data, size);
    for (uint64_t direction = 0; direction < 6; direction++) {
        const double slope = move(p, weights, gradient, direction, step);
        const double above = run_this(&s, &terms, true);
        move(p, weights, gradient, direction, -step);
        const double difference = (above - run_this(&s, &terms, true)) / (2 * step);
        expect(fabs(slope - difference) <= 5e-3 * fmax(1, fabs(slope)), "%s: gradient %g, differences say %g",
               subjects[subject].shape, slope, difference);
    }
    dm_free(gradient), dm_free(weights);
    end(&s);
}

static void what_they_send_back_is_the_slope(void)
{
    for (size_t n = 0; n < DM_COUNT(subjects); n++) {
        check_slopes(setting(n), n, terms_of(n, 3, 0));
        check_slopes(setting(n), n, terms_of(n, 0, 3));
        check_slopes(setting(n), n, terms_of(n, 2, 1));
    }
}

// ---- Copying --------------------------------------------------------------------------------------------------------

// The first source has two pieces that the vocabulary does not have, of which the second piece of the first target is
// one.
static const int copies[SOURCES] = {VOCABULARY, 9, VOCABULARY + 2, 0, 0, 7, 7, 0};
static const int copied[PIECES] = {5, VOCABULARY + 2, 0, 7, 8, 9, 7, 0, 7};

static Loss copy(Setting *s, const ChosenTerms *terms, bool recording, float smoothing)
{
    Graph *g = begin(s, recording, 0);
    Example example = example_in(g->arena);
    example.copies = copies;
    example.written = copied;
    return dm_teacher_forcing.run(
        &(ShardRun){.graph = g, .model = s->model, .example = &example, .smoothing = smoothing, .terms = terms});
}

static double run_copying(Setting *s, const ChosenTerms *terms, bool recording)
{
    return copy(s, terms, recording, 0.1f).objective;
}

static double dot(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

// In double, of what the model says without its output (See et al. 2017, equations 8 and 9).
static double copying_by_formula(Setting *s)
{
    const Gaze gaze = dm_usual_gaze(&s->model->config);
    const Seen seen = see(s, &gaze);
    const OutputLayer *o = &s->model->output;
    Graph *g = begin(s, false, 0);
    const Example e = example_in(g->arena);
    const Memory memory = s->model->architecture->encode(g, s->model, e.source);
    const Tensor *x = s->model->architecture->decode(g, s->model, memory, e.read);
    double nll = 0;
    for (int k = 0, row = 0; k < PAIRS; k++)
        for (int i = 0; i < target_lengths[k]; i++, row++) {
            const float *features = dm_row(x, row);
            double z[VOCABULARY], sum = 0, gate = (double)o->copying.bias.data[0], of_source = 0;
            for (int v = 0; v < VOCABULARY; v++)
                sum += exp(z[v] = (double)o->bias.data[v] + dot(features, dm_row(&o->weight, v), x->cols));
            gate += dot(features, o->copying.gate.data, x->cols) +
                    dot(dm_row(&o->copying.embeddings, e.read.ids[row]), o->copying.gate.data + x->cols, x->cols);
            for (int j = 0; j < source_lengths[k]; j++) {
                const int at = e.source.spans.start[k] + j;
                gate += seen.p[k][i][j] * dot(dm_row(memory.rows, at), o->copying.source.data, memory.rows->cols);
                if (copies[at] == copied[row]) of_source += seen.p[k][i][j];
            }
            const double open = 1 / (1 + exp(-gate)), p = copied[row] < VOCABULARY ? exp(z[copied[row]]) / sum : 0;
            nll -= log(open * p + (1 - open) * of_source);
        }
    return nll;
}

static void copying_costs_what_the_paper_says(void)
{
    for (size_t n = 0; n < DM_COUNT(subjects); n++) {
        const ChosenTerms none = {.copies = 1};
        Setting s = setting_as(n, "output_layer pointer");
        const double wanted = copying_by_formula(&s);
        const Loss loss = copy(&s, &none, false, 0);
        expect(fabs(loss.nll - wanted) <= 1e-5 * wanted, "%s: %.9g nats, should be %.9g", subjects[n].shape, loss.nll,
               wanted);
        CU_ASSERT_EQUAL(loss.count, PIECES);
        end(&s);
    }
}

static void the_slope_of_copying_is_that_of_its_cost(void)
{
    run_this = run_copying;
    for (size_t n = 0; n < DM_COUNT(subjects); n++) {
        ChosenTerms guided = terms_of(n, 1, 0.5);
        Setting s = setting_as(n, "output_layer pointer");
        guided.gaze = s.model->output.gaze;
        check_slopes(s, n, (ChosenTerms){.copies = 1});
        check_slopes(setting_as(n, "output_layer pointer"), n, guided);
    }
    run_this = run;
}

// The second pair, piece by piece in two slots or all pieces at once, against what a whole sequence says.
static void search_is_told_what_training_says(void)
{
    enum { ROWS = 5, FIRST = 3 };
    for (size_t n = 0; n < DM_COUNT(subjects); n++) {
        Setting s = setting_as(n, "output_layer pointer");
        const Architecture *a = s.model->architecture;
        const OutputLayer *o = &s.model->output;
        Graph *g = begin(&s, false, 0);
        const int length = 3, rows = ROWS, from[2] = {0, 0}, own[3] = {VOCABULARY, 7, 0}, sources[3] = {1, 7, 0};
        const Tokens source = dm_tokens(g->arena, 1, &length, sources),
                     read = dm_shifted(g->arena, dm_tokens(g->arena, 1, &rows, written + FIRST), START);
        const Memory memory = a->encode(g, s.model, source);
        const Decoded whole = dm_decode_rows(g, s.model, memory, read, own, (Gaze){0});
        const Tensor *wanted = o->kind->log_probabilities(g, o, &whole);
        SearchState *state = a->start(g, s.model, memory, ROWS);
        for (int i = 0; i < ROWS; i++) {
            const int slots = i ? 2 : 1, ids[2] = {read.ids[i], read.ids[i]};
            const Decoded step = dm_extend_rows(g, s.model, state, memory.rows, own, ids, NULL);
            const Tensor *got = o->kind->log_probabilities(g, o, &step);
            const NextPieces best = o->kind->next_pieces(g, o, &step, 3);
            for (int slot = 0; slot < slots; slot++) {
                for (int w = 0; w < wanted->cols; w++)
                    expect(fabsf(expf(dm_row(got, slot)[w]) - expf(dm_row(wanted, i)[w])) <= 1e-5f,
                           "%s: piece %d of row %d is %g, should be %g", subjects[n].shape, w, i,
                           (double)dm_row(got, slot)[w], (double)dm_row(wanted, i)[w]);
                for (int k = 0; k < 3; k++)
                    CU_ASSERT_DOUBLE_EQUAL(dm_row(best.logits, slot)[k], dm_row(got, slot)[best.ids[3 * slot + k]],
                                           1e-4);
            }
            a->keep(state, from, NULL, 2, ROWS);
        }
        a->finish(state);
        state = a->start(g, s.model, memory, ROWS);
        const Decoded at_once = dm_extend_rows(g, s.model, state, memory.rows, own, read.ids, &rows);
        const Tensor *got = o->kind->log_probabilities(g, o, &at_once);
        for (int i = 0; i < ROWS * VOCABULARY; i++)
            CU_ASSERT_DOUBLE_EQUAL(expf(dm_row(got, i / VOCABULARY)[i % VOCABULARY]),
                                   expf(dm_row(wanted, i / VOCABULARY)[i % VOCABULARY]), 1e-5);
        a->finish(state);
        end(&s);
    }
}

// What stands at the end of a target is seen from its beginning on, but not by the pass that predicts it.
static void a_whole_target_is_seen_in_a_pass_of_its_own(void)
{
    for (size_t n = 0; n < DM_COUNT(subjects); n++) {
        Setting s = setting(n);
        double first[2];
        float predicted[2];
        for (int other = 0; other < 2; other++) {
            int ids[PIECES];
            memcpy(ids, written, sizeof ids);
            ids[1] += other;  // the decoder reads it in the third row
            Graph *g = begin(&s, false, 0);
            const Example e = example_in(g->arena);
            const Tokens read = dm_shifted(g->arena, dm_tokens(g->arena, PAIRS, target_lengths, ids), START);
            const Memory memory = s.model->architecture->encode(g, s.model, e.source);
            const Decoded d = dm_decode_rows(g, s.model, memory, read, NULL, subjects[n].gaze);
            first[other] = dm_seen(d.view, subjects[n].gaze.head, 0, 0, 1);
            predicted[other] = dm_row(d.features, 0)[0];
        }
        CU_ASSERT_EQUAL(first[0] != first[1], subjects[n].gaze.whole);
        CU_ASSERT_EQUAL(predicted[0], predicted[1]);
        end(&s);
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
    FACT(terms_cost_what_their_formulas_say),          FACT(what_they_send_back_is_the_slope),
    FACT(a_whole_target_is_seen_in_a_pass_of_its_own), FACT(without_links_nothing_is_added),
    FACT(copying_costs_what_the_paper_says),           FACT(the_slope_of_copying_is_that_of_its_cost),
    FACT(search_is_told_what_training_says),           {NULL, NULL},
};
