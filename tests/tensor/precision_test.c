// Products in bfloat16: what is rounded, and that ops come to the same as in float32 but for that rounding. Where this
// processor or library has no such products, the refusal is what is tested.
#include "core/memory.h"
#include "tensor/check.h"

#include "tensor/ops/operand.h"

// A product of two rounded numbers is off by up to 2 * 2^-9 of itself; gradients go through two such products, and what
// is left of a sum whose terms cancel is small against them.
static const double tolerance = 2e-2;

static void rounding_is_to_nearest_even(void)
{
    static const struct {
        float from;
        Bf16 to;
    } cases[] = {{0, 0},
                 {-0.0f, 0x8000},
                 {1, 0x3F80},
                 {-2.5f, 0xC020},
                 {0x1.01p0f, 0x3F80},      // halfway, the last place kept is even
                 {0x1.03p0f, 0x3F82},      // halfway, it is odd
                 {0x1.010002p0f, 0x3F81},  // a little more than halfway
                 {0x1.FFp127f, 0x7F80},    // beyond the largest
                 {INFINITY, 0x7F80},
                 {-INFINITY, 0xFF80},
                 {0x1p-149f, 0}};
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        expect(dm_bf16(cases[i].from) == cases[i].to, "%a becomes %04x, should be %04x", cases[i].from,
               dm_bf16(cases[i].from), cases[i].to);
    uint32_t all_ones = 0x7FFFFFFF;  // a NaN that would overflow into -0
    float nan;
    memcpy(&nan, &all_ones, sizeof nan);
    CU_ASSERT(isnan(dm_of_bf16(dm_bf16(nan))) && isnan(dm_of_bf16(dm_bf16(-NAN))));
}

// On the backend of this run, if it has bf16 here; otherwise the message must say what to do.
static bool have_bf16(void)
{
    const GemmBackend *backend = NULL;
    Error error = {""};
    if (!dm_gemm_choose_for(&backend, DM_PRECISION_BF16, test_backend, 64, &error)) return true;
    expect(strstr(error.message, "--precision fp32") != NULL, "the message is: %s", error.message);
    return false;
}

typedef struct Results {
    float *y, *dx, *weights;
    double objective;
} Results;

typedef void Case(Bench *b, int rows, Results *results);

static float *copy_of(const float *from, size_t count)
{
    return memcpy(dm_allocate(count, sizeof(float)), from, count * sizeof(float));
}

static void linear_case(Bench *b, int rows, Results *r)
{
    enum { IN = 40, OUT = 24 };
    const Tensor *x = bench_input(b, rows, IN), *weight = bench_weight(b, OUT, IN, 0.2f, 0),
                 *bias = bench_weight(b, 1, OUT, 1, 0);
    if (b->graph.rounded) dm_round_bf16(b->parameters, (Bf16 *)(size_t)b->graph.rounded, BENCH_WEIGHTS);
    Tensor *y = dm_linear(&b->graph, x, weight, bias, DM_TANH);
    bench_backward(b, y);
    r->y = copy_of(y->data, (size_t)rows * OUT);
    r->dx = copy_of(x->grad, (size_t)rows * IN);
}

// With weights and without. More than a block of the vocabulary, and with the larger number of rows more than a chunk.
static void cross_entropy_of(Bench *b, int rows, bool weighted, Results *r)
{
    enum { D = 16, VOCABULARY = DM_CROSS_ENTROPY_COLUMNS + 60, PAD = VOCABULARY - 1 };
    const Tensor *x = bench_input(b, rows, D), *weight = bench_weight(b, VOCABULARY, D, 0.5f, 0);
    if (b->graph.rounded) dm_round_bf16(b->parameters, (Bf16 *)(size_t)b->graph.rounded, BENCH_WEIGHTS);
    int *targets = dm_allocate((size_t)rows, sizeof *targets);
    float *weights = dm_allocate((size_t)rows, sizeof *weights);
    for (int i = 0; i < rows; i++) {
        weights[i] = i % 4 == 3 ? 0 : 1.0f / (float)(1 + i % 4);
        targets[i] = weighted && i % 4 == 3 ? PAD : i * 37 % (VOCABULARY - 1);
    }
    r->y = dm_allocate((size_t)rows, sizeof(float));
    r->objective = dm_cross_entropy(&b->graph, &(CrossEntropy){.x = x,
                                                               .weight = weight,
                                                               .targets = targets,
                                                               .smoothing = 0.1f,
                                                               .excluded = PAD,
                                                               .weights = weighted ? weights : NULL,
                                                               .log_probabilities = r->y})
                       .objective;
    for (int i = 0; i < D; i++) CU_ASSERT_EQUAL(bench_gradient(b, 0)[PAD * D + i], 0);
    r->dx = copy_of(x->grad, (size_t)rows * D);
    dm_free(targets);
    dm_free(weights);
}

static void cross_entropy_case(Bench *b, int rows, Results *r)
{
    cross_entropy_of(b, rows, false, r);
}

static void weighted_case(Bench *b, int rows, Results *r)
{
    cross_entropy_of(b, rows, true, r);
}

static void divergence_case(Bench *b, int rows, Results *r)
{
    enum { D = 16, VOCABULARY = DM_CROSS_ENTROPY_COLUMNS + 60, PAD = VOCABULARY - 1 };
    const Tensor *x = bench_input(b, 2 * rows, D), *weight = bench_weight(b, VOCABULARY, D, 0.5f, 0);
    if (b->graph.rounded) dm_round_bf16(b->parameters, (Bf16 *)(size_t)b->graph.rounded, BENCH_WEIGHTS);
    r->objective = dm_divergence(&b->graph, &(Divergence){.x = x, .weight = weight, .excluded = PAD, .factor = 2});
    for (int i = 0; i < D; i++) CU_ASSERT_EQUAL(bench_gradient(b, 0)[PAD * D + i], 0);
    r->y = copy_of((const float[]){(float)r->objective}, 1);
    r->dx = copy_of(x->grad, (size_t)(2 * rows) * D);
}

static void compare(const char *name, Case *run, int rows, size_t outputs, size_t inputs)
{
    if (!have_bf16()) return;
    Bench b;
    Results results[2] = {{0}, {0}};
    Bf16 *rounded = dm_allocate(BENCH_WEIGHTS, sizeof *rounded);
    bench_open(&b);
    for (int bf16 = 0; bf16 < 2; bf16++) {
        bench_begin(&b, true);
        memset(b.gradients, 0, BENCH_WEIGHTS * sizeof(float));
        b.graph.rounded = bf16 ? rounded : NULL;
        run(&b, rows, &results[bf16]);
        results[bf16].weights = copy_of(b.gradients, b.parameters_used);
    }
    const Results *fp32 = &results[0], *bf16 = &results[1];
    agree_floats(name, bf16->y, fp32->y, outputs, tolerance);
    agree_floats(name, bf16->dx, fp32->dx, inputs, tolerance);
    agree_floats(name, bf16->weights, fp32->weights, b.parameters_used, tolerance);
    expect(fabs(bf16->objective - fp32->objective) <= 1e-3 * fabs(fp32->objective), "%s: objective %g, should be %g",
           name, bf16->objective, fp32->objective);
    // They are not the same numbers: the products were in bf16.
    CU_ASSERT(memcmp(bf16->y, fp32->y, outputs * sizeof(float)) != 0);
    for (int i = 0; i < 2; i++) dm_free(results[i].y), dm_free(results[i].dx), dm_free(results[i].weights);
    dm_free(rounded);
    bench_close(&b);
}

static void linear_in_bf16_is_linear_but_for_rounding(void)
{
    static const int rows[] = {1, 15, 16, 37};
    for (size_t i = 0; i < DM_COUNT(rows); i++)
        compare("linear in bf16", linear_case, rows[i], (size_t)rows[i] * 24, (size_t)rows[i] * 40);
}

static void cross_entropy_in_bf16_is_the_same_but_for_rounding(void)
{
    static const int rows[] = {1, 16, 37, DM_CROSS_ENTROPY_ROWS + 21};
    for (size_t i = 0; i < DM_COUNT(rows); i++) {
        compare("cross_entropy in bf16", cross_entropy_case, rows[i], (size_t)rows[i], (size_t)rows[i] * 16);
        compare("weighted, in bf16", weighted_case, rows[i], (size_t)rows[i], (size_t)rows[i] * 16);
    }
}

static void divergence_in_bf16_is_the_same_but_for_rounding(void)
{
    static const int pairs[] = {1, 16, 37, DM_CROSS_ENTROPY_ROWS / 2 + 21};
    for (size_t i = 0; i < DM_COUNT(pairs); i++)
        compare("divergence in bf16", divergence_case, pairs[i], 1, (size_t)(2 * pairs[i]) * 16);
}

const Fact facts[] = {
    FACT(rounding_is_to_nearest_even),
    FACT(linear_in_bf16_is_linear_but_for_rounding),
    FACT(cross_entropy_in_bf16_is_the_same_but_for_rounding),
    FACT(divergence_in_bf16_is_the_same_but_for_rounding),
    {NULL, NULL},
};
