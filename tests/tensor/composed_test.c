// Fused ops against what they are made of: other ops in a row, or plain loops in double.
#include "core/memory.h"
#include "tensor/check.h"

// Float32 sums of some hundred terms against the same in double, or in another order: relative to the largest value.
static const double tolerance = 1e-5;

static const int widths[] = {1, 3, 7, 8, 12, 33, 128};

static float *copy_floats(const float *from, size_t count)
{
    return memcpy(dm_allocate(count, sizeof(float)), from, count * sizeof(float));
}

static void residual_norm_equals_norm_of_residual(void)
{
    static const float rates[] = {0, 0.3f};
    enum { ROWS = 5 };
    for (size_t n = 0; n < DM_COUNT(widths) * DM_COUNT(rates); n++) {
        const int d = widths[n / DM_COUNT(rates)];
        const float rate = rates[n % DM_COUNT(rates)];
        const size_t size = (size_t)ROWS * (size_t)d;
        Bench b;
        bench_open(&b);
        float *y[2], *dx[2], *df[2], *weights[2];
        for (int fused = 0; fused < 2; fused++) {
            bench_begin(&b, true);
            memset(b.gradients, 0, BENCH_WEIGHTS * sizeof(float));
            const Tensor *x = bench_input(&b, ROWS, d), *f = bench_input(&b, ROWS, d);
            const Tensor *gain = bench_weight(&b, 1, d, 0.5f, 1), *bias = bench_weight(&b, 1, d, 0.5f, 0);
            Tensor *result =
                fused ? dm_residual_norm(&b.graph, x, f, rate, gain, bias, DM_NORM_EPSILON)
                      : dm_layer_norm(&b.graph, dm_residual(&b.graph, x, f, rate), gain, bias, DM_NORM_EPSILON);
            bench_backward(&b, result);
            y[fused] = copy_floats(result->data, size);
            dx[fused] = copy_floats(x->grad, size);
            df[fused] = copy_floats(f->grad, size);
            weights[fused] = copy_floats(b.gradients, b.parameters_used);
        }
        char what[64];
        snprintf(what, sizeof what, "residual_norm, width %d, dropout %g", d, rate);
        agree_floats(what, y[1], y[0], size, tolerance);
        agree_floats(what, dx[1], dx[0], size, tolerance);
        agree_floats(what, df[1], df[0], size, tolerance);
        agree_floats(what, weights[1], weights[0], b.parameters_used, tolerance);
        for (int i = 0; i < 2; i++) dm_free(y[i]), dm_free(dx[i]), dm_free(df[i]), dm_free(weights[i]);
        bench_close(&b);
    }
}

// Rows far from zero: the variance must not be the difference of two large numbers.
static void layer_norm_is_exact_far_from_zero(void)
{
    enum { D = 64 };
    Bench b;
    bench_open(&b);
    bench_begin(&b, false);
    Tensor *x = bench_input(&b, 1, D);
    const Tensor *gain = bench_weight(&b, 1, D, 0, 1), *bias = bench_weight(&b, 1, D, 0, 0);
    double mean = 0, variance = 0, want[D];
    for (int i = 0; i < D; i++) mean += (x->data[i] += 1000) / (double)D;
    for (int i = 0; i < D; i++) variance += (x->data[i] - mean) * (x->data[i] - mean) / D;
    for (int i = 0; i < D; i++) want[i] = (x->data[i] - mean) / sqrt(variance + 1e-5);
    // a float32 mean of numbers near 1,000 is off by up to 6e-5 of their deviation
    agree("layer_norm of 1,000 and a little", dm_layer_norm(&b.graph, x, gain, bias, DM_NORM_EPSILON)->data, want, D,
          1e-4);
    bench_close(&b);
}

static double activated(double x, Activation activation)
{
    switch (activation) {
    case DM_IDENTITY: return x;
    case DM_RELU: return x > 0 ? x : 0;
    case DM_GELU: return x * 0.5 * erfc(-x * sqrt(0.5));
    case DM_GELU_TANH: return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
    case DM_SWISH: return x / (1 + exp(-x));
    case DM_TANH: return tanh(x);
    case DM_SIGMOID: return 1 / (1 + exp(-x));
    }
    return NAN;
}

static double activated_slope(double x, Activation activation)
{
    const double h = 1e-5;
    if (activation == DM_RELU) return x > 0;
    return (activated(x + h, activation) - activated(x - h, activation)) / (2 * h);
}

// Against an identity layer and the activation computed on its result, and the same on the way back.
static void linear_with_activation_equals_linear_then_activation(void)
{
    static const Activation activations[] = {DM_RELU, DM_GELU, DM_GELU_TANH, DM_SWISH, DM_TANH, DM_SIGMOID};
    enum { ROWS = 6, IN = 9 };
    for (size_t n = 0; n < DM_COUNT(widths) * DM_COUNT(activations); n++) {
        const int out = widths[n / DM_COUNT(activations)];
        const Activation activation = activations[n % DM_COUNT(activations)];
        const size_t size = (size_t)ROWS * (size_t)out;
        Bench b;
        bench_open(&b);
        bench_begin(&b, true);
        const Tensor *weight = bench_weight(&b, out, IN, 1, 0), *bias = bench_weight(&b, 1, out, 1, 0);
        const Tensor *x = bench_input(&b, ROWS, IN);
        Tensor *plain = dm_linear(&b.graph, x, weight, bias, DM_IDENTITY);
        double *want = dm_allocate(size, sizeof(double));
        float *gradient = dm_gradient(&b.graph, plain);
        for (size_t i = 0; i < size; i++) {
            want[i] = activated(plain->data[i], activation);
            gradient[i] = (float)(b.output_weights[i] * activated_slope(plain->data[i], activation));
        }
        dm_backward(&b.graph);
        float *dx = copy_floats(x->grad, ROWS * IN), *weights = copy_floats(b.gradients, b.parameters_used);

        bench_begin(&b, true);
        memset(b.gradients, 0, BENCH_WEIGHTS * sizeof(float));
        bench_weight(&b, out, IN, 1, 0);
        bench_weight(&b, 1, out, 1, 0);
        const Tensor *same_x = bench_input(&b, ROWS, IN);
        Tensor *y = dm_linear(&b.graph, same_x, weight, bias, activation);
        bench_backward(&b, y);
        char what[64];
        snprintf(what, sizeof what, "activation %d, width %d", (int)activation, out);
        agree(what, y->data, want, size, tolerance);
        agree_floats(what, same_x->grad, dx, ROWS * IN, tolerance);
        agree_floats(what, b.gradients, weights, b.parameters_used, tolerance);
        dm_free(want);
        dm_free(dx);
        dm_free(weights);
        bench_close(&b);
    }
}

// Far out, activations are what their limits say, and no NaN comes of an overflow.
static void activations_hold_far_out(void)
{
    static const float far[] = {-1e4f, -100, -30, -9, -1e-20f, 0, 1e-20f, 9, 30, 100, 1e4f};
    static const Activation activations[] = {DM_IDENTITY, DM_RELU, DM_GELU, DM_GELU_TANH, DM_SWISH, DM_TANH};
    enum { N = DM_COUNT(far) };
    for (size_t n = 0; n < DM_COUNT(activations); n++) {
        Bench b;
        bench_open(&b);
        bench_begin(&b, true);
        Tensor *x = bench_input(&b, N, 1);
        Tensor *weight = dm_tensor(&b.graph, 1, 1);
        weight->data[0] = 1;
        memcpy(x->data, far, sizeof far);
        Tensor *y = dm_linear(&b.graph, x, weight, NULL, activations[n]);
        float *gradient = dm_gradient(&b.graph, y);
        for (int i = 0; i < N; i++) gradient[i] = 1;
        dm_backward(&b.graph);
        for (int i = 0; i < N; i++) {
            double want = activated(far[i], activations[n]);
            expect(fabs(y->data[i] - want) <= 1e-6 + 1e-6 * fabs(want), "activation %zu of %g is %g, should be %g", n,
                   far[i], y->data[i], want);
            if (far[i] != 0 && fabsf(far[i]) > 1e-3f) {
                double slope = far[i] < -50 && activations[n] ? 0 : activated_slope(far[i], activations[n]);
                expect(fabs(x->grad[i] - slope) <= 1e-4, "slope of activation %zu at %g is %g, should be %g", n, far[i],
                       x->grad[i], slope);
            }
        }
        bench_close(&b);
    }
}

typedef struct Shape {
    int sequences, query_start[3], query_length[3], key_start[3], key_length[3], query_rows, key_rows, width, heads;
    bool causal;
    int window;
    bool leans;
} Shape;

static const Shape shapes[] = {
    {3, {4, 0, 5}, {1, 4, 7}, {4, 0, 5}, {1, 4, 7}, 12, 12, 8, 2, false, 0, false},
    {3, {4, 0, 5}, {1, 4, 7}, {4, 0, 5}, {1, 4, 7}, 12, 12, 33, 3, true, 0, false},
    {2, {0, 3}, {3, 2}, {0, 2}, {9, 6}, 5, 9, 12, 4, false, 0, false},
    {3, {0, 1, 3}, {1, 2, 1}, {0, 7, 12}, {7, 5, 1}, 4, 13, 6, 1, true, 0, false},
    {2, {0, 130}, {130, 20}, {0, 130}, {130, 20}, 150, 150, 64, 2, true, 0, false},
    {2, {0, 100}, {100, 1}, {0, 0}, {200, 170}, 101, 200, 128, 4, false, 0, false},
    {1, {0}, {1}, {0}, {300}, 1, 300, 32, 1, true, 0, false},
    {1, {0}, {1}, {0}, {19}, 1, 19, 218, 2, false, 0, false},
    {3, {4, 0, 5}, {1, 4, 7}, {4, 0, 5}, {1, 4, 7}, 12, 12, 8, 2, false, 0, true},
    {3, {4, 0, 5}, {1, 4, 7}, {4, 0, 5}, {1, 4, 7}, 12, 12, 33, 3, true, 0, true},
    {2, {0, 3}, {3, 2}, {0, 5}, {5, 7}, 5, 12, 6, 2, true, 0, true},
    {1, {0}, {1}, {0}, {19}, 1, 19, 24, 3, false, 0, true},
    // in windows: of less than a block, of a whole sentence, with a last block of one query
    {3, {4, 0, 5}, {1, 4, 7}, {4, 0, 5}, {1, 4, 7}, 12, 12, 8, 2, false, 1, false},
    {3, {4, 0, 5}, {1, 4, 7}, {4, 0, 5}, {1, 4, 7}, 12, 12, 33, 3, true, 3, true},
    {2, {0, 130}, {130, 20}, {0, 130}, {130, 20}, 150, 150, 64, 2, true, 5, false},
    {2, {0, 130}, {130, 20}, {0, 130}, {130, 20}, 150, 150, 12, 4, false, 20, true},
    {2, {0, 97}, {97, 33}, {0, 97}, {97, 33}, 130, 130, 24, 2, false, 40, true},
    {1, {0}, {97}, {0}, {97}, 97, 97, 16, 1, true, 1, true},
    {1, {0}, {300}, {0}, {300}, 300, 300, 64, 1, false, 120, false},
    {1, {0}, {40}, {0}, {90}, 40, 90, 14, 2, true, 33, true},
};

// Of a head, for keys in front of the query and behind it.
static const float slopes[] = {0.25f, 0.5f, 0.0625f, 0.125f, 1, 0.75f, 0.03125f, 0};

// One head of one sequence: P, Y and the gradients by the formulas, in double.
static void plain_head(const Shape *s, int sequence, int head, const Tensor *q, const Tensor *k, const Tensor *v,
                       const double *dy, double *y, double *p, double *dq, double *dk, double *dv)
{
    const int w = s->width / s->heads, nq = s->query_length[sequence], nk = s->key_length[sequence], d = s->width;
    const double scale = 1 / sqrt(w);
    for (int i = 0; i < nq; i++) {
        const int row = s->query_start[sequence] + i, seen = s->causal ? nk - nq + i + 1 : nk,
                  first = s->key_start[sequence];
        double *pi = p + i * nk, sum = 0, dot = 0;
        double *dp = dm_allocate((size_t)nk, sizeof(double));
        for (int j = 0; j < nk; j++) {
            double score = 0;
            for (int c = head * w; c < (head + 1) * w; c++)
                score += (double)dm_row(q, row)[c] * dm_row(k, first + j)[c];
            const int away = nk - nq + i - j;
            if (s->leans) score -= abs(away) * (double)slopes[2 * head + (away < 0)] / scale;
            pi[j] = j < seen && !(s->window && abs(away) > s->window) ? exp(score * scale) : 0;
            sum += pi[j];
        }
        for (int j = 0; j < nk; j++) {
            pi[j] /= sum;
            for (int c = head * w; c < (head + 1) * w; c++) {
                y[row * d + c] += pi[j] * dm_row(v, first + j)[c];
                dp[j] += dy[row * d + c] * dm_row(v, first + j)[c];
                dv[(first + j) * d + c] += pi[j] * dy[row * d + c];
            }
            dot += pi[j] * dp[j];
        }
        for (int j = 0; j < nk; j++)
            for (int c = head * w; c < (head + 1) * w; c++) {
                double ds = scale * pi[j] * (dp[j] - dot);
                dq[row * d + c] += ds * dm_row(k, first + j)[c];
                dk[(first + j) * d + c] += ds * dm_row(q, row)[c];
            }
        dm_free(dp);
    }
}

static void check_attention(const Shape *s, bool recording)
{
    Bench b;
    bench_open(&b);
    bench_begin(&b, recording);
    const size_t query_size = (size_t)s->query_rows * (size_t)s->width,
                 key_size = (size_t)s->key_rows * (size_t)s->width;
    const Tensor *q = bench_input(&b, s->query_rows, s->width);
    const Tensor *k = bench_input(&b, s->key_rows, s->width), *v = bench_input(&b, s->key_rows, s->width);
    float *probabilities[3];
    double *p[3];
    for (int i = 0; i < s->sequences; i++) {
        size_t size = (size_t)(s->heads * s->query_length[i] * s->key_length[i]);
        probabilities[i] = dm_allocate(size, sizeof(float));
        for (size_t j = 0; j < size; j++) probabilities[i][j] = NAN;  // what nobody sees is written too
        p[i] = dm_allocate(size, sizeof(double));
    }
    const AttentionView view = {.heads = s->heads, .probabilities = probabilities};
    Tensor *y = dm_attention(&b.graph, &(Attention){.q = *q,
                                                    .k = *k,
                                                    .v = *v,
                                                    .heads = s->heads,
                                                    .causal = s->causal,
                                                    .window = s->window,
                                                    .slopes = s->leans ? slopes : NULL,
                                                    .queries = {s->sequences, s->query_start, s->query_length},
                                                    .keys = {s->sequences, s->key_start, s->key_length},
                                                    .view = &view});
    double *want = dm_allocate(query_size, sizeof(double)), *dq = dm_allocate(query_size, sizeof(double));
    double *dk = dm_allocate(key_size, sizeof(double)), *dv = dm_allocate(key_size, sizeof(double));
    for (int i = 0; i < s->sequences; i++)
        for (int h = 0; h < s->heads; h++)
            plain_head(s, i, h, q, k, v, b.output_weights, want, p[i] + h * s->query_length[i] * s->key_length[i], dq,
                       dk, dv);
    char what[80];
    snprintf(what, sizeof what, "attention %d of shapes%s", (int)(s - shapes), recording ? ", on tape" : "");
    agree(what, y->data, want, query_size, tolerance);
    for (int i = 0; i < s->sequences; i++)
        agree(what, probabilities[i], p[i], (size_t)(s->heads * s->query_length[i] * s->key_length[i]), tolerance);
    if (recording) {
        bench_backward(&b, y);
        agree(what, q->grad, dq, query_size, tolerance);
        agree(what, k->grad, dk, key_size, tolerance);
        agree(what, v->grad, dv, key_size, tolerance);
    }
    for (int i = 0; i < s->sequences; i++) dm_free(probabilities[i]), dm_free(p[i]);
    dm_free(want);
    dm_free(dq);
    dm_free(dk);
    dm_free(dv);
    bench_close(&b);
}

static void attention_equals_plain_loops(void)
{
    for (size_t i = 0; i < DM_COUNT(shapes); i++) {
        check_attention(&shapes[i], false);
        check_attention(&shapes[i], true);
    }
}

// To the bit, forward and back.
static void a_window_over_all_is_none(void)
{
    enum { LENGTH = 45, WIDTH = 24 };
    static const int start = 0, length = LENGTH;
    for (int causal = 0; causal < 2; causal++) {
        float *y[2], *gradient[2];
        for (int window = 0; window < 2; window++) {
            Bench b;
            bench_open(&b);
            bench_begin(&b, true);
            const Tensor *x = bench_input(&b, LENGTH, 3 * WIDTH);
            const Spans spans = {1, &start, &length};
            const Tensor *mixed = dm_attention(&b.graph, &(Attention){.q = dm_columns(x, 0, WIDTH),
                                                                      .k = dm_columns(x, WIDTH, WIDTH),
                                                                      .v = dm_columns(x, 2 * WIDTH, WIDTH),
                                                                      .queries = spans,
                                                                      .keys = spans,
                                                                      .heads = 2,
                                                                      .causal = causal,
                                                                      .window = window ? LENGTH - 1 : 0,
                                                                      .slopes = slopes});
            bench_backward(&b, mixed);
            y[window] = copy_floats(mixed->data, LENGTH * WIDTH);
            gradient[window] = copy_floats(x->grad, 3 * LENGTH * WIDTH);
            bench_close(&b);
        }
        CU_ASSERT(memcmp(y[0], y[1], LENGTH * WIDTH * sizeof(float)) == 0);
        CU_ASSERT(memcmp(gradient[0], gradient[1], 3 * LENGTH * WIDTH * sizeof(float)) == 0);
        for (int i = 0; i < 2; i++) dm_free(y[i]), dm_free(gradient[i]);
    }
}

// The slots of two beams, of three hypotheses and of one, and a slot whose keys begin where those of the second do but
// go on for longer: all at once, and each by itself.
static void slots_that_share_keys_see_what_each_sees_alone(void)
{
    enum { SLOTS = 5, KEYS = 21, WIDTH = 40, HEADS = 2 };
    static const int row[SLOTS] = {0, 1, 2, 3, 4}, one[SLOTS] = {1, 1, 1, 1, 1};
    static const int start[SLOTS] = {0, 0, 0, 9, 9}, length[SLOTS] = {9, 9, 9, 11, 12};
    Bench b;
    bench_open(&b);
    bench_begin(&b, false);
    Tensor q = *bench_input(&b, SLOTS, WIDTH), k = *bench_input(&b, KEYS, WIDTH), v = *bench_input(&b, KEYS, WIDTH);
    Attention args = {.q = q, .k = k, .v = v, .queries = {SLOTS, row, one}, .keys = {SLOTS, start, length}};
    args.heads = HEADS;
    const Tensor *together = dm_attention(&b.graph, &args);
    for (int i = 0; i < SLOTS; i++) {
        args.queries = (Spans){1, row + i, one};
        args.keys = (Spans){1, start + i, length + i};
        const Tensor *alone = dm_attention(&b.graph, &args);
        char what[32];
        snprintf(what, sizeof what, "slot %d", i);
        agree_floats(what, dm_row(together, i), dm_row(alone, i), WIDTH, tolerance);
    }
    bench_close(&b);
}

// Keys that lie anywhere, some twice, against the same keys side by side; heads as wide as all blocks of the kernels
// and a rest.
static void listed_keys_are_as_good_as_a_copy(void)
{
    enum { SLOTS = 3, KEYS = 13, LISTED = 21, HEADS = 2, WIDTH = HEADS * (64 + 32 + 8 + 5) };
    static const int row[SLOTS] = {0, 1, 2}, one[SLOTS] = {1, 1, 1}, start[SLOTS] = {9, 0, 20},
                     length[SLOTS] = {11, 8, 1};
    static const int rows[LISTED] = {4, 4, 0, 12, 7, 3, 8, 9, -1, 0, 1, 2, 3, 4, 5, 12, 11, 10, 9, 8, 6};
    Bench b;
    bench_open(&b);
    bench_begin(&b, false);
    Tensor q = *bench_input(&b, SLOTS, WIDTH), k = *bench_input(&b, KEYS, WIDTH), v = *bench_input(&b, KEYS, WIDTH);
    Tensor k_copy = *bench_input(&b, LISTED, WIDTH), v_copy = *bench_input(&b, LISTED, WIDTH);
    for (int i = 0; i < LISTED; i++) {
        if (rows[i] < 0) continue;  // between two lists
        memcpy(dm_row(&k_copy, i), dm_row(&k, rows[i]), WIDTH * sizeof(float));
        memcpy(dm_row(&v_copy, i), dm_row(&v, rows[i]), WIDTH * sizeof(float));
    }
    Attention args = {.q = q, .k = k, .v = v, .rows = rows, .heads = HEADS};
    args.queries = (Spans){SLOTS, row, one};
    args.keys = (Spans){SLOTS, start, length};
    const Tensor *listed = dm_attention(&b.graph, &args);
    args.k = k_copy, args.v = v_copy, args.rows = NULL;
    const Tensor *copied = dm_attention(&b.graph, &args);
    agree_floats("listed keys", listed->data, copied->data, SLOTS * WIDTH, 0);
    bench_close(&b);
}

const Fact facts[] = {
    FACT(residual_norm_equals_norm_of_residual),
    FACT(layer_norm_is_exact_far_from_zero),
    FACT(linear_with_activation_equals_linear_then_activation),
    FACT(activations_hold_far_out),
    FACT(attention_equals_plain_loops),
    FACT(a_window_over_all_is_none),
    FACT(slots_that_share_keys_see_what_each_sees_alone),
    FACT(listed_keys_are_as_good_as_a_copy),
    {NULL, NULL},
};
