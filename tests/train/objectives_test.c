// Objectives, row by row: what a shard costs, against a model that is asked piece by piece, and that the gradients are
// those of what is said to be minimised, terms included.
#include "core/memory.h"
#include "train/objectives/objective.h"

#include "model/small_model.h"

enum { PAIRS = 3, PIECES = 9, START = PAD };

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

static Loss run(const Objective *objective, Setting *s, bool recording, float smoothing, const ChosenTerms *terms)
{
    Graph *g = begin(s, recording, 0);
    const Example example = example_in(g->arena);
    return objective->run(&(ShardRun){g, s->model, &example, smoothing, terms});
}

// ---- Each by itself -------------------------------------------------------------------------------------------------

// log softmax in double of what follows the first `count` pieces of a target, the pair alone.
static void ask(Setting *s, int pair, int count, double log_p[VOCABULARY])
{
    const Architecture *a = s->model->architecture;
    const OutputLayer *output = &s->model->output;
    Graph *g = begin(s, false, 0);
    int source = 0, target = 0, inputs[PIECES] = {START}, length = count + 1;
    for (int i = 0; i < pair; i++) source += source_lengths[i], target += target_lengths[i];
    memcpy(inputs + 1, written + target, (size_t)count * sizeof(int));
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

// An objective joins by a row.
static const struct {
    const Objective *objective;
    void (*check)(const Objective *objective);
} cases[] = {{&dm_teacher_forcing, teacher_forcing}};

static void every_objective_costs_what_it_should(void)
{
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

static void check_gradient(const Objective *objective, const ChosenTerms *terms)
{
    const double step = 1e-3;
    const ModelConfig config = small_config();
    Setting s = setting_of(&config);
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
        const ModelConfig config = small_config();
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
    FACT(the_gradient_is_that_of_the_objective),
    FACT(terms_count_in_training_alone),
    {NULL, NULL},
};
