// The output layer, its losses and what search needs of it, against plain loops in double and against one another.
#include "core/memory.h"
#include "tensor/check.h"

// Float32 sums of some hundred terms against the same in double, or in another order: relative to the largest value.
static const double tolerance = 1e-5;

static float *copy_floats(const float *from, size_t count)
{
    return memcpy(dm_allocate(count, sizeof(float)), from, count * sizeof(float));
}

// log softmax(x W' + b) of one row, in double.
static void plain_log_softmax(const Tensor *x, int row, const Tensor *weight, const float *bias, double *z)
{
    double most = -INFINITY, sum = 0;
    for (int w = 0; w < weight->rows; w++) {
        z[w] = bias ? bias[w] : 0;
        for (int j = 0; j < x->cols; j++) z[w] += (double)dm_row(x, row)[j] * dm_row(weight, w)[j];
        most = fmax(most, z[w]);
    }
    for (int w = 0; w < weight->rows; w++) sum += exp(z[w] - most);
    for (int w = 0; w < weight->rows; w++) z[w] -= most + log(sum);
}

typedef struct LossCase {
    int rows, width, vocabulary;
    float smoothing;
    int excluded;
    float excluded_bias;  // 0: no bias at all
} LossCase;

static const LossCase losses[] = {
    {5, 8, 16, 0, -1, 0},
    {1, 3, 2, 0.1f, -1, 0},
    {70, 12, 33, 0.1f, 32, 0.5f},
    {150, 33, 129, 0.1f, 0, -1},
    {64, 7, 100, 0.2f, 99, -1e4f},
    {129, 16, 257, 0, 256, -1e4f},
    {3, 24, 4200, 0.1f, 4199, -1e4f},
};

static void check_loss(const LossCase *c)
{
    const int n = c->rows, d = c->width, v = c->vocabulary;
    Bench b;
    bench_open(&b);
    bench_begin(&b, true);
    const Tensor *x = bench_input(&b, n, d), *weight = bench_weight(&b, v, d, 0.5f, 0);
    float *bias_values = dm_allocate((size_t)v, sizeof(float)), *got = dm_allocate((size_t)n, sizeof(float));
    int *targets = dm_allocate((size_t)n, sizeof(int));
    const bool biased = c->excluded_bias != 0;
    for (int i = 0; i < v; i++)
        bias_values[i] = i == c->excluded ? c->excluded_bias : (float)dm_random_normal(&b.random);
    for (int i = 0; i < n; i++) do
            targets[i] = (int)dm_random_below(&b.random, (uint64_t)v);
        while (targets[i] == c->excluded);
    Tensor bias = {.rows = 1, .cols = v, .stride = v, .data = bias_values};

    const int counted = v - (c->excluded >= 0);
    double *z = dm_allocate((size_t)v, sizeof(double)), *log_probabilities = dm_allocate((size_t)n, sizeof(double));
    double *all = dm_allocate((size_t)n * (size_t)v, sizeof(double));
    double *dx = dm_allocate((size_t)n * (size_t)d, sizeof(double)),
           *dw = dm_allocate((size_t)v * (size_t)d, sizeof(double));
    double objective = 0, nll = 0, smoothing = c->smoothing;
    for (int i = 0; i < n; i++) {
        plain_log_softmax(x, i, weight, biased ? bias_values : NULL, z);
        memcpy(all + i * v, z, (size_t)v * sizeof(double));
        log_probabilities[i] = z[targets[i]];
        nll -= z[targets[i]];
        double mean = 0;
        for (int w = 0; w < v; w++) mean += w == c->excluded ? 0 : -z[w] / counted;
        objective += (1 - smoothing) * -z[targets[i]] + smoothing * mean;
        for (int w = 0; w < v; w++) {
            double dz =
                exp(z[w]) - (w == targets[i] ? 1 - smoothing : 0) - (w == c->excluded ? 0 : smoothing / counted);
            for (int j = 0; j < d; j++) dx[i * d + j] += dz * dm_row(weight, w)[j];
            for (int j = 0; w != c->excluded && j < d; j++) dw[w * d + j] += dz * dm_row(x, i)[j];
        }
    }

    CrossEntropy args = {.x = x,
                         .weight = weight,
                         .bias = biased ? &bias : NULL,
                         .targets = targets,
                         .smoothing = c->smoothing,
                         .excluded = c->excluded,
                         .log_probabilities = got};
    Loss loss = dm_cross_entropy(&b.graph, &args);
    dm_backward(&b.graph);
    char what[80];
    snprintf(what, sizeof what, "cross_entropy %d", (int)(c - losses));
    CU_ASSERT_EQUAL(loss.count, n);
    expect(fabs(loss.nll - nll) <= tolerance * nll, "%s: nll %.9g, should be %.9g", what, loss.nll, nll);
    expect(fabs(loss.objective - objective) <= tolerance * objective, "%s: objective %.9g, should be %.9g", what,
           loss.objective, objective);
    agree(what, got, log_probabilities, (size_t)n, tolerance);
    agree(what, x->grad, dx, (size_t)n * (size_t)d, tolerance);
    agree(what, b.gradients, dw, (size_t)v * (size_t)d, tolerance);

    Tensor *table = dm_log_probabilities(&b.graph, x, weight, biased ? &bias : NULL);
    for (int i = 0; i < n; i++) {
        bool good = true;
        for (int w = 0; w < v; w++)
            good &= fabs(dm_row(table, i)[w] - all[i * v + w]) <= tolerance * (1 + fabs(all[i * v + w]));
        if (!good) expect(false, "log_probabilities %d: row %d is off", (int)(c - losses), i);
    }
    dm_free(bias_values);
    dm_free(got);
    dm_free(targets);
    dm_free(z);
    dm_free(log_probabilities);
    dm_free(all);
    dm_free(dx);
    dm_free(dw);
    bench_close(&b);
}

static void cross_entropy_equals_plain_log_softmax(void)
{
    for (size_t i = 0; i < DM_COUNT(losses); i++) check_loss(&losses[i]);
}

// To the bit: weights of 1 are no weights; rows of weight 0 are as good as away; what counts twice gives twice of it.
static void weights_count_rows(void)
{
    enum { N = DM_CROSS_ENTROPY_ROWS + 40, D = 8, V = DM_CROSS_ENTROPY_COLUMNS + 30 };
    static float weights[4][N];
    static int targets[N];
    for (int i = 0; i < N; i++) {
        targets[i] = i * 37 % (V - 1);
        weights[1][i] = 1;
        weights[2][i] = 2;
        weights[3][i] = (float)(i % 3);
    }
    Bench b;
    bench_open(&b);
    Loss loss[4];
    float *dx[4], *dw[4], log_probabilities[4][N];
    for (int k = 0; k < 4; k++) {
        bench_begin(&b, true);
        memset(b.gradients, 0, BENCH_WEIGHTS * sizeof(float));
        const Tensor *x = bench_input(&b, N, D);
        for (int i = 0; k == 3 && i < N; i += 3) targets[i] = i % 2 ? -1 : V + 1000;
        loss[k] = dm_cross_entropy(&b.graph, &(CrossEntropy){.x = x,
                                                             .weight = bench_weight(&b, V, D, 0.5f, 0),
                                                             .targets = targets,
                                                             .smoothing = 0.1f,
                                                             .excluded = V - 1,
                                                             .weights = k ? weights[k] : NULL,
                                                             .log_probabilities = log_probabilities[k]});
        dx[k] = copy_floats(x->grad, N * D);
        dw[k] = copy_floats(b.gradients, V * D);
    }
    CU_ASSERT(loss[0].objective == loss[1].objective && loss[0].nll == loss[1].nll && loss[0].count == N);
    CU_ASSERT(loss[1].count == N && loss[2].count == N && loss[3].count == N - (N + 2) / 3);
    CU_ASSERT(!memcmp(dx[0], dx[1], N * D * sizeof(float)) && !memcmp(dw[0], dw[1], V * D * sizeof(float)));
    CU_ASSERT(loss[2].objective == 2 * loss[0].objective && loss[2].nll == 2 * loss[0].nll);
    for (int i = 0; i < N * D; i++) {
        const float factor = weights[3][i / D];
        if (dx[2][i] == 2 * dx[0][i] && dx[3][i] == factor * dx[0][i]) continue;
        expect(false, "gradient %d is %g, with weights %g and %g", i, dx[0][i], dx[2][i], dx[3][i]);
        break;
    }
    double objective = 0, nll = 0, *want = dm_allocate(V * D, sizeof(double));
    for (int i = 0; i < N; i++) {
        CU_ASSERT_EQUAL(log_probabilities[3][i], weights[3][i] > 0 ? log_probabilities[0][i] : 0);
        nll -= weights[3][i] * log_probabilities[0][i];
    }
    expect(fabs(loss[3].nll - nll) <= tolerance * nll, "nll is %g, should be %g", loss[3].nll, nll);

    // Those of weight 1 and 2 by themselves, those of 2 a second time.
    static int of[N], rows;
    for (int twice = 0; twice < 2; twice++) {
        bench_begin(&b, true);
        memset(b.gradients, 0, BENCH_WEIGHTS * sizeof(float));
        const Tensor *x = bench_input(&b, N, D);
        rows = 0;
        for (int i = 0; i < N; i++)
            if (weights[3][i] > (float)twice) of[rows++] = i;
        static int chosen[N];
        for (int i = 0; i < rows; i++) chosen[i] = targets[of[i]];
        objective += dm_cross_entropy(&b.graph, &(CrossEntropy){.x = dm_collect(&b.graph, &x, 1, of, rows),
                                                                .weight = bench_weight(&b, V, D, 0.5f, 0),
                                                                .targets = chosen,
                                                                .smoothing = 0.1f,
                                                                .excluded = V - 1})
                         .objective;
        for (int i = 0; i < V * D; i++) want[i] += b.gradients[i];
    }
    expect(fabs(loss[3].objective - objective) <= tolerance * objective, "objective is %g, should be %g",
           loss[3].objective, objective);
    agree("weighted gradient of the weight", dw[3], want, V * D, tolerance);
    for (int k = 0; k < 4; k++) dm_free(dx[k]), dm_free(dw[k]);
    dm_free(want);
    bench_close(&b);
}

static void divergence_is_nothing_between_equals_and_the_same_both_ways(void)
{
    enum { N = 5, D = 6, V = 300 };
    Bench b;
    bench_open(&b);
    bench_begin(&b, true);
    const Tensor *x = bench_input(&b, 2 * N, D), *weight = bench_weight(&b, V, D, 1, 0);
    Tensor *bias = dm_tensor(&b.graph, 1, V);
    for (int i = 0; i < V; i++) bias->data[i] = i % 7 ? 0 : -10000;
    static const int swapped[] = {5, 6, 7, 8, 9, 0, 1, 2, 3, 4}, equal[] = {0, 1, 2, 3, 4, 0, 1, 2, 3, 4};
    const Tensor *back = dm_collect(&b.graph, &x, 1, swapped, 2 * N), *same = dm_collect(&b.graph, &x, 1, equal, 2 * N);
    Divergence args = {.x = x, .weight = weight, .bias = bias, .excluded = -1, .factor = 1};
    const double there = dm_divergence(&b.graph, &args);
    args.x = back;
    expect(fabs(dm_divergence(&b.graph, &args) - there) <= tolerance * there, "%g one way only", there);
    args.x = same;
    const double none = dm_divergence(&b.graph, &args);
    expect(there > 1 && fabs(none) < 1e-5, "equals are %g apart, others %g", none, there);
    for (int i = 0; i < 2 * N * D; i++)
        if (!(fabsf(same->grad[i]) < 1e-5f)) expect(false, "gradient %d between equals is %g", i, same->grad[i]);
    bench_close(&b);
}

typedef struct NextCase {
    int rows, width, vocabulary, best;
    float grid;  // what all numbers are multiples of, so that sums are exact; with 1 most logits equal many others
    bool biased;
} NextCase;

// Blocks of rows and of pieces, looked at by groups: at their borders, before and behind them.
static const NextCase nexts[] = {
    {1, 8, 10, 1, 0.125f, true}, {3, 8, 64, 5, 1, false},    {65, 4, 65, 12, 0.125f, true},
    {300, 8, 512, 3, 1, true},   {2, 8, 513, 1, 1, true},    {256, 16, 2111, 10, 0.125f, false},
    {130, 8, 4100, 12, 1, true}, {5, 16, 6200, 40, 1, true}, {2, 3, 7, 9, 0.125f, true},
};

// The best of a row by the plain rule: higher first, then the lower id; -1: none.
static int best_after(const float *p, int n, int last)
{
    int best = -1;
    for (int i = 0; i < n; i++) {
        if (!(p[i] > -INFINITY) || (last >= 0 && !(p[i] < p[last] || (p[i] == p[last] && i > last)))) continue;
        if (best < 0 || p[i] > p[best]) best = i;
    }
    return best;
}

static void check_next(const NextCase *c)
{
    Bench b;
    bench_open(&b);
    bench_begin(&b, false);
    Tensor *x = bench_input(&b, c->rows, c->width);
    const Tensor *weight = bench_weight(&b, c->vocabulary, c->width, 1, 0);
    Tensor *bias = dm_tensor(&b.graph, 1, c->vocabulary);
    for (int w = 0; w < c->vocabulary; w++)
        bias->data[w] = w % 7 == 3 ? -INFINITY : w % 5 ? 0 : (float)dm_random_normal(&b.random);
    for (int i = 0; i < c->rows * c->width; i++) x->data[i] = c->grid * roundf(x->data[i] / c->grid);
    for (int i = 0; i < c->vocabulary * c->width; i++) weight->data[i] = c->grid * roundf(weight->data[i] / c->grid);
    for (int i = 0; i < c->vocabulary; i++) bias->data[i] = c->grid * roundf(bias->data[i] / c->grid);
    const Tensor *all = dm_log_probabilities(&b.graph, x, weight, c->biased ? bias : NULL);
    const NextPieces next = dm_next_pieces(&b.graph, x, weight, c->biased ? bias : NULL, c->best);
    int wrong = 0;
    for (int i = 0; i < c->rows; i++)
        for (int k = 0, last = -1; k < c->best; k++) {
            const int id = next.ids[i * c->best + k],
                      want = k && last < 0 ? -1 : best_after(dm_row(all, i), all->cols, last);
            const float logit = dm_row(next.logits, i)[k];
            wrong += id != want;
            wrong += want < 0 ? logit != -INFINITY : logit - next.log_sums[i] != dm_row(all, i)[want];
            last = want;
        }
    expect(!wrong, "next_pieces %d: %d are wrong", (int)(c - nexts), wrong);
    bench_close(&b);
}

static void next_pieces_are_the_best_log_probabilities(void)
{
    for (size_t i = 0; i < DM_COUNT(nexts); i++) check_next(&nexts[i]);
}

static void next_pieces_that_are_no_numbers_are_none(void)
{
    enum { V = 2100 };
    Bench b;
    bench_open(&b);
    bench_begin(&b, false);
    const Tensor *x = bench_input(&b, 1, 1), *weight = bench_weight(&b, V, 1, 0, 0);
    Tensor *bias = dm_tensor(&b.graph, 1, V);
    for (int i = 0; i < V; i++) bias->data[i] = -INFINITY;
    NextPieces next = dm_next_pieces(&b.graph, x, weight, bias, 2);
    CU_ASSERT(next.ids[0] == -1 && next.ids[1] == -1);
    bias->data[V - 1] = 3;  // all of the first block is impossible
    next = dm_next_pieces(&b.graph, x, weight, bias, 2);
    CU_ASSERT(next.ids[0] == V - 1 && next.ids[1] == -1);
    CU_ASSERT_DOUBLE_EQUAL(next.log_sums[0], 3, 1e-6);
    for (int at = 0; at < V; at += V - 1) {
        bias->data[at] = NAN;
        next = dm_next_pieces(&b.graph, x, weight, bias, 2);
        CU_ASSERT(next.ids[0] == (at ? -1 : V - 1) && next.ids[1] == -1);
        CU_ASSERT(isnan(next.log_sums[0]));
        CU_ASSERT(isnan(dm_log_probabilities(&b.graph, x, weight, bias)->data[5]));
    }
    bench_close(&b);
}

static void logits_of_any_size_give_finite_losses(void)
{
    enum { D = 4, V = 20 };
    Bench b;
    bench_open(&b);
    bench_begin(&b, true);
    Tensor *x = bench_input(&b, 2, D);
    for (int i = 0; i < 2 * D; i++) x->data[i] *= 1000;
    const Tensor *weight = bench_weight(&b, V, D, 1, 0);
    Loss loss = dm_cross_entropy(
        &b.graph,
        &(CrossEntropy){.x = x, .weight = weight, .targets = (const int[]){3, 4}, .smoothing = 0.1f, .excluded = -1});
    double z[V] = {0};
    double want = 0;
    for (int i = 0; i < 2; i++) {
        plain_log_softmax(x, i, weight, NULL, z);
        want -= z[3 + i];
    }
    expect(fabs(loss.nll - want) <= 1e-5 * fabs(want) + 1e-3, "nll %g, should be %g", loss.nll, want);
    CU_ASSERT(isfinite(loss.objective));
    for (int i = 0; i < V * D; i++)
        if (!isfinite(b.gradients[i])) expect(false, "gradient %d is %g", i, b.gradients[i]);
    bench_close(&b);
}

static void a_nan_is_not_hidden(void)
{
    enum { D = 4, V = 20 };
    Bench b;
    bench_open(&b);
    bench_begin(&b, true);
    Tensor *x = bench_input(&b, 3, D);
    x->data[D + 1] = NAN;
    const Tensor *weight = bench_weight(&b, V, D, 1, 0);
    Loss loss = dm_cross_entropy(
        &b.graph, &(CrossEntropy){.x = x, .weight = weight, .targets = (const int[]){3, 4, 5}, .excluded = -1});
    CU_ASSERT(isnan(loss.nll));
    const Tensor pair = dm_rows(x, 0, 2);
    CU_ASSERT(isnan(dm_divergence(&b.graph, &(Divergence){.x = &pair, .weight = weight, .excluded = -1})));
    static const Activation activations[] = {DM_IDENTITY, DM_RELU, DM_GELU, DM_GELU_TANH, DM_SWISH, DM_TANH};
    for (size_t i = 0; i < DM_COUNT(activations); i++)
        CU_ASSERT(isnan(dm_row(dm_linear(&b.graph, x, weight, NULL, activations[i]), 1)[0]));
    bench_close(&b);
}

const Fact facts[] = {
    FACT(cross_entropy_equals_plain_log_softmax),
    FACT(weights_count_rows),
    FACT(divergence_is_nothing_between_equals_and_the_same_both_ways),
    FACT(next_pieces_are_the_best_log_probabilities),
    FACT(next_pieces_that_are_no_numbers_are_none),
    FACT(logits_of_any_size_give_finite_losses),
    FACT(a_nan_is_not_hidden),
    {NULL, NULL},
};
