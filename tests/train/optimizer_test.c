// Facts about the optimizer and the schedules: against plain references, and the same bytes for any number of threads.
#include <math.h>

#include "core/memory.h"
#include "core/random.h"
#include "test.h"
#include "train/optimizer.h"

enum { ROWS = 300, COLS = 70, LANES = 3, FROZEN = 7 };  // more than two blocks of the optimizer

// A matrix with a frozen row, a vector, and a vector that is not trained; all random but the frozen row, which is zero.
static Parameters make_parameters(void)
{
    Parameters p = {0};
    int matrix = dm_declare_matrix(&p, "matrix", ROWS, COLS, DM_INIT_EMBEDDING);
    dm_declare_vector(&p, "vector", 33, DM_INIT_XAVIER);
    int fixed = dm_declare_vector(&p, "fixed", 5, DM_INIT_ONE);
    p.list[matrix].frozen_row = FROZEN;
    p.list[fixed].kind = DM_FIXED;
    dm_parameters_allocate(&p);
    dm_parameters_initialise(&p, 5);
    return p;
}

static Optimizer make_optimizer(const Parameters *p, bool adam, int threads)
{
    Optimizer o = {.adam = adam, .beta1 = 0.9, .beta2 = 0.98, .epsilon = 1e-9, .lane_count = LANES, .threads = threads};
    dm_optimizer_create(&o, p);
    return o;
}

// Random gradients in all lanes, the frozen row included, whatever an op may have left there.
static void fill_lanes(Optimizer *o, uint32_t update)
{
    for (int lane = 0; lane < o->lane_count; lane++) {
        Random random = dm_random(17, update, (uint32_t)lane, 0);
        for (size_t i = 0; i < o->size; i++) o->lanes.lane[lane][i] = (float)dm_random_normal(&random);
    }
}

static bool frozen(size_t i)
{
    return i / COLS == FROZEN;
}

// The sum of the lanes over `count`, in double; returns its norm.
static double plain_gradient(const Optimizer *o, long count, double *g)
{
    double squares = 0;
    for (size_t i = 0; i < o->size; i++) {
        g[i] = 0;
        for (int lane = 0; lane < o->lane_count && !frozen(i); lane++)
            g[i] += (double)o->lanes.lane[lane][i] / (double)count;
        squares += g[i] * g[i];
    }
    return sqrt(squares);
}

static void check_near(const float *got, const double *wanted, size_t n, double tolerance)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) wrong += !(fabs((double)got[i] - wanted[i]) < tolerance);  // NaN is wrong
    CU_ASSERT(wrong == 0);
}

// Ten updates against the formulas as the papers have them, in double.
static void compare_with_plain_updates(bool adam, double clip_norm, double decay)
{
    Parameters p = make_parameters();
    Optimizer o = make_optimizer(&p, adam, 1);
    o.decay = decay;
    double *weights = calloc(p.size, sizeof(double)), *m = calloc(p.size, sizeof(double));
    double *v = calloc(p.size, sizeof(double)), *g = calloc(p.size, sizeof(double));
    for (size_t i = 0; i < p.size; i++) weights[i] = (double)p.data[i];
    for (long t = 1; t <= 10; t++) {
        const double rate = 0.01 * (double)t;
        const long count = 100 + t;
        fill_lanes(&o, (uint32_t)t);
        double norm = plain_gradient(&o, count, g), clip = clip_norm > 0 && norm > clip_norm ? clip_norm / norm : 1;
        for (size_t i = 0; i < o.size; i++) {
            m[i] = 0.9 * m[i] + 0.1 * clip * g[i];
            v[i] = 0.98 * v[i] + 0.02 * clip * clip * g[i] * g[i];
            double step = m[i] / (1 - pow(0.9, (double)t)) / (sqrt(v[i] / (1 - pow(0.98, (double)t))) + 1e-9);
            weights[i] -= rate * (decay * weights[i] + (adam ? step : clip * g[i]));
        }
        StepResult result = dm_optimizer_step(&o, &p, &(Step){rate, clip_norm, count, t, NULL});
        CU_ASSERT_DOUBLE_EQUAL(result.gradient_norm, norm, 1e-6 * norm);
    }
    check_near(p.data, weights, p.size, 2e-5);
    free(weights), free(m), free(v), free(g);
    dm_optimizer_free(&o);
    dm_parameters_free(&p);
}

static void adam_equals_the_paper(void)
{
    compare_with_plain_updates(true, 0, 0);
    compare_with_plain_updates(true, 0, 0.5);
}

static void adam_with_clipping_equals_the_paper(void)
{
    compare_with_plain_updates(true, 0.25, 0);  // the norm is about 2.5
}

static void descent_with_and_without_clipping_is_plain(void)
{
    compare_with_plain_updates(false, 0, 0);
    compare_with_plain_updates(false, 0.25, 0.1);
    compare_with_plain_updates(false, 1000, 0);
}

static void frozen_rows_and_untrained_parameters_stay(void)
{
    Parameters p = make_parameters();
    Optimizer o = make_optimizer(&p, true, 2);
    for (long t = 1; t <= 3; t++) {
        fill_lanes(&o, (uint32_t)t);
        dm_optimizer_step(&o, &p, &(Step){0.1, 1, 10, t, NULL});
    }
    for (int j = 0; j < COLS; j++) CU_ASSERT(p.data[FROZEN * COLS + j] == 0);
    for (int j = 0; j < 5; j++) CU_ASSERT(dm_parameter(&p, "fixed")->tensor.data[j] == 1);
    dm_optimizer_free(&o);
    dm_parameters_free(&p);
}

// average += max(F, 1 - (t + 1) / (t + 10)) (w - average), from the first weights on, in double.
static void the_average_follows_the_weights(void)
{
    static const double shares[] = {0.3, 0.7};  // 0.3 is the larger one from t = 21 on, 0.7 from t = 3 on
    for (int i = 0; i < 2; i++) {
        Parameters p = make_parameters();
        Optimizer o = {.adam = i,
                       .beta1 = 0.9,
                       .beta2 = 0.98,
                       .epsilon = 1e-9,
                       .smoothing = shares[i],
                       .lane_count = LANES,
                       .threads = 1 + i};
        dm_optimizer_create(&o, &p);
        double *average = calloc(p.size, sizeof(double));
        for (size_t j = 0; j < p.size; j++) average[j] = (double)p.data[j];
        for (long t = 1; t <= 30; t++) {
            const double young = 9 / ((double)t + 10), share = young > shares[i] ? young : shares[i];
            fill_lanes(&o, (uint32_t)t);
            dm_optimizer_step(&o, &p, &(Step){0.1, 0, 10, t, NULL});
            for (size_t j = 0; j < p.size; j++) average[j] += share * ((double)p.data[j] - average[j]);
        }
        check_near(o.average, average, p.size, 1e-5);
        free(average);
        dm_optimizer_free(&o);
        dm_parameters_free(&p);
    }
}

// Of each parameter by itself, before clipping: they add up to the square of the norm.
static void the_squares_of_the_parameters_are_those_of_the_norm(void)
{
    for (int threads = 1; threads <= 3; threads++) {
        Parameters p = make_parameters();
        Optimizer o = make_optimizer(&p, true, threads);
        double *g = calloc(p.size, sizeof(double)), squares[3] = {-1, -1, -1};
        fill_lanes(&o, 3);
        const double norm = plain_gradient(&o, 50, g);
        StepResult result = dm_optimizer_step(&o, &p, &(Step){0.1, 0.25, 50, 1, squares});
        for (int i = 0; i < 2; i++) {
            double wanted = 0;
            for (size_t j = 0; j < dm_parameter_size(&p.list[i]); j++) wanted += pow(g[p.list[i].offset + j], 2);
            CU_ASSERT_DOUBLE_EQUAL(squares[i], wanted, 1e-6 * wanted);
        }
        CU_ASSERT_EQUAL(squares[2], 0);
        CU_ASSERT_DOUBLE_EQUAL(squares[0] + squares[1], result.gradient_norm * result.gradient_norm,
                               1e-9 * norm * norm);
        free(g);
        dm_optimizer_free(&o);
        dm_parameters_free(&p);
    }
}

enum { MEANS = 9, OTHERS = 4, STATISTICS = MEANS + OTHERS, TRAINED = 35 };

static Parameters make_statistics(void)
{
    Parameters p = {.kind = DM_STATISTIC};
    dm_declare_vector(&p, "means", MEANS, DM_INIT_ZERO);
    p.kind = DM_FIXED;
    dm_declare_vector(&p, "fixed", 5, DM_INIT_ONE);
    p.kind = DM_TRAINED;
    dm_declare_matrix(&p, "matrix", TRAINED / 7, 7, DM_INIT_XAVIER);
    p.kind = DM_STATISTIC;
    dm_declare_vector(&p, "others", OTHERS, DM_INIT_ONE);
    dm_parameters_allocate(&p);
    dm_parameters_initialise(&p, 5);
    return p;
}

// running = 0.9 running + 0.1 (sum of all lanes / rows of all lanes) in double, whatever rate and clipping are; what
// nobody has seen stays. The moving average of the weights follows them too, and the gradient's norm knows nothing of
// it.
static void statistics_follow_the_mean_over_the_rows_of_all_lanes(void)
{
    for (int smooth = 0; smooth < 2; smooth++) {
        Parameters p = make_statistics();
        Optimizer o = {.adam = true,
                       .beta1 = 0.9,
                       .beta2 = 0.98,
                       .epsilon = 1e-9,
                       .smoothing = smooth ? 0.9 : 0,
                       .lane_count = LANES,
                       .threads = 1 + smooth};
        dm_optimizer_create(&o, &p);
        CU_ASSERT(o.size == TRAINED && o.lanes.size == TRAINED + 2 * STATISTICS);
        double running[STATISTICS], average[STATISTICS];
        for (int i = 0; i < STATISTICS; i++) average[i] = running[i] = i < MEANS ? 0 : 1;
        for (long t = 1; t <= 5; t++) {
            fill_lanes(&o, (uint32_t)t);
            Random random = dm_random(4, (uint32_t)t, 0, 0);
            for (int i = 0; i < STATISTICS; i++) {
                double sum = 0, rows = 0;
                for (int lane = 0; lane < LANES; lane++) {
                    float *seen = o.lanes.lane[lane] + TRAINED + i;
                    seen[STATISTICS] = (float)dm_random_below(&random, i == 3 ? 1 : 50);
                    seen[0] = seen[STATISTICS] * (float)dm_random_normal(&random);
                    sum += (double)seen[0], rows += (double)seen[STATISTICS];
                }
                if (rows > 0) running[i] = 0.9 * running[i] + 0.1 * sum / rows;
                average[i] += 0.9 * (running[i] - average[i]);
            }
            double *g = calloc(p.size, sizeof(double)), norm = plain_gradient(&o, 10, g);
            free(g);
            StepResult result = dm_optimizer_step(&o, &p, &(Step){0.1, 0.01, 10, t, NULL});
            CU_ASSERT_DOUBLE_EQUAL(result.gradient_norm, norm, 1e-6 * norm);
            for (int lane = 0; lane < LANES; lane++)
                for (size_t i = 0; i < o.lanes.size; i++)
                    if (o.lanes.lane[lane][i] != 0) CU_FAIL("something was left in a lane");
        }
        check_near(p.data + TRAINED, running, STATISTICS, 1e-5);
        CU_ASSERT_EQUAL(p.data[TRAINED + 3], 0);
        if (smooth) check_near(o.average + TRAINED, average, STATISTICS, 1e-5);
        for (int j = 0; j < 5; j++) CU_ASSERT(dm_parameter(&p, "fixed")->tensor.data[j] == 1);
        dm_optimizer_free(&o);
        dm_parameters_free(&p);
    }
}

static void a_step_leaves_the_lanes_at_zero(void)
{
    Parameters p = make_parameters();
    Optimizer o = make_optimizer(&p, true, 2);
    fill_lanes(&o, 1);
    dm_optimizer_step(&o, &p, &(Step){0.1, 1, 10, 1, NULL});
    for (int lane = 0; lane < LANES; lane++)
        for (size_t i = 0; i < o.size; i++)
            if (o.lanes.lane[lane][i] != 0) CU_FAIL("a gradient was left");
    dm_optimizer_free(&o);
    dm_parameters_free(&p);
}

static void the_number_of_threads_does_not_change_a_bit(void)
{
    Parameters reference = make_parameters();
    for (int threads = 1; threads <= 3; threads++) {
        Parameters p = make_parameters();
        Optimizer o = make_optimizer(&p, true, threads);
        double norm = 0;
        for (long t = 1; t <= 5; t++) {
            fill_lanes(&o, (uint32_t)t);
            norm += dm_optimizer_step(&o, &p, &(Step){0.1, 0.5, 10, t, NULL}).gradient_norm;
        }
        static double first_norm;
        if (threads == 1) {
            memcpy(reference.data, p.data, p.size * sizeof(float));
            first_norm = norm;
        }
        CU_ASSERT(memcmp(reference.data, p.data, p.size * sizeof(float)) == 0);
        CU_ASSERT(norm == first_norm);
        dm_optimizer_free(&o);
        dm_parameters_free(&p);
    }
    dm_parameters_free(&reference);
}

static void a_gradient_that_is_not_finite_changes_nothing_and_is_named(void)
{
    Parameters p = make_parameters(), before = make_parameters();
    Optimizer o = make_optimizer(&p, true, 1);
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        fill_lanes(&o, 1);
        o.lanes.lane[2][ROWS * COLS + 4] = bad[i];
        StepResult result = dm_optimizer_step(&o, &p, &(Step){0.1, 1, 10, 1, NULL});
        CU_ASSERT(!isfinite(result.gradient_norm));
        CU_ASSERT(memcmp(p.data, before.data, p.size * sizeof(float)) == 0);
        const Parameter *culprit = dm_optimizer_culprit(&o, &p);
        CU_ASSERT(culprit && strcmp(culprit->name, "vector") == 0);
        for (size_t j = 0; j < o.size; j++) o.lanes.lane[0][j] = 0;
    }
    dm_optimizer_free(&o);
    dm_parameters_free(&p);
    dm_parameters_free(&before);
}

static void the_rate_follows_the_schedule(void)
{
    static const struct {
        const char *kind;
        long warmup, end, update;
        double wanted;  // of a peak of 1
    } cases[] = {
        {"constant", 0, 0, 1, 1},          {"constant", 0, 0, 1000, 1},  {"constant", 4, 0, 1, 0.25},
        {"constant", 4, 0, 3, 0.75},       {"constant", 4, 0, 4, 1},     {"constant", 4, 0, 5, 1},
        {"inv-sqrt", 100, 0, 1, 0.01},     {"inv-sqrt", 100, 0, 100, 1}, {"inv-sqrt", 100, 0, 400, 0.5},
        {"inv-sqrt", 0, 0, 1, 1},          {"inv-sqrt", 0, 0, 4, 0.5},   {"linear", 0, 10, 5, 0.5},
        {"linear", 10, 110, 5, 0.5},       {"linear", 10, 110, 10, 1},   {"linear", 10, 110, 60, 0.5},
        {"linear", 10, 110, 110, 0},       {"linear", 10, 110, 500, 0},  {"cosine", 10, 110, 10, 1},
        {"cosine", 10, 110, 35, 0.853553}, {"cosine", 10, 110, 60, 0.5}, {"cosine", 10, 110, 110, 0},
        {"cosine", 10, 5, 20, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Schedule schedule = {cases[i].kind, 2, cases[i].warmup, cases[i].end};
        CU_ASSERT_DOUBLE_EQUAL(dm_learn_rate(&schedule, cases[i].update), 2 * cases[i].wanted, 2e-6);
    }
}

const Fact facts[] = {
    FACT(adam_equals_the_paper),
    FACT(adam_with_clipping_equals_the_paper),
    FACT(descent_with_and_without_clipping_is_plain),
    FACT(frozen_rows_and_untrained_parameters_stay),
    FACT(the_average_follows_the_weights),
    FACT(the_squares_of_the_parameters_are_those_of_the_norm),
    FACT(statistics_follow_the_mean_over_the_rows_of_all_lanes),
    FACT(a_step_leaves_the_lanes_at_zero),
    FACT(the_number_of_threads_does_not_change_a_bit),
    FACT(a_gradient_that_is_not_finite_changes_nothing_and_is_named),
    FACT(the_rate_follows_the_schedule),
    {NULL, NULL},
};
