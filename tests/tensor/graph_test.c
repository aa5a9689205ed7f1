// Facts about the tape: which op was the first whose result is not finite.
#include <math.h>

#include "tensor/ops/ops.h"
#include "tensor/ops/op_table.h"
#include "test.h"

enum { ROWS = 3, WIDTH = 4, WEIGHTS = 2 * WIDTH * WIDTH + 2 * WIDTH };

// norm(x W1' + scale (x W2')): two linear ops, scale, add, layer_norm
static BadResult run(float *weights, float factor)
{
    static Arena arena;
    static Tensor w[2], gain, bias;
    dm_arena_reset(&arena);
    Graph g = {.arena = &arena, .parameters = weights, .recording = true};
    dm_error error;
    if (dm_gemm_choose(&g.gemm, test_backend, WIDTH, &error)) abort();
    for (int i = 0; i < 2; i++)
        w[i] = (Tensor){
            .rows = WIDTH, .cols = WIDTH, .stride = WIDTH, .data = weights + i * WIDTH * WIDTH, .parameter = true};
    gain = (Tensor){.rows = 1, .cols = WIDTH, .stride = WIDTH, .data = weights + 2 * WIDTH * WIDTH, .parameter = true};
    bias = (Tensor){
        .rows = 1, .cols = WIDTH, .stride = WIDTH, .data = weights + 2 * WIDTH * WIDTH + WIDTH, .parameter = true};
    Tensor *x = dm_tensor(&g, ROWS, WIDTH);
    for (int i = 0; i < ROWS * WIDTH; i++) x->data[i] = (float)(i * i % 7) + 1;
    Tensor *y = dm_linear(&g, x, &w[0], NULL, DM_IDENTITY);
    Tensor *z = dm_scale(&g, dm_linear(&g, x, &w[1], NULL, DM_IDENTITY), factor);
    dm_layer_norm(&g, dm_add(&g, y, z), &gain, &bias);
    return dm_first_bad_result(&g);
}

static void the_first_result_that_is_not_finite_is_found(void)
{
    static const struct {
        int weight;  // that is set to `value`
        float value, factor;
        const Op *op;   // NULL: none
        int parameter;  // offset of the one that is named
        bool before;
    } cases[] = {
        {0, 1, 1, NULL, 0, false},
        {0, INFINITY, 1, &dm_linear_op, 0, false},
        {WIDTH * WIDTH, NAN, 1, &dm_linear_op, WIDTH * WIDTH, false},
        {0, 1, INFINITY, &dm_scale_op, WIDTH * WIDTH, true},
        {0, 3e38f, 1e38f, &dm_linear_op, 0, false},
        {0, 1, 3e38f, &dm_scale_op, WIDTH * WIDTH, true},
        {2 * WIDTH * WIDTH, NAN, 1, &dm_layer_norm_op, 2 * WIDTH * WIDTH, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float weights[WEIGHTS];
        for (int j = 0; j < WEIGHTS; j++) weights[j] = 1 + (float)(j % 5);
        weights[cases[i].weight] = cases[i].value;
        BadResult bad = run(weights, cases[i].factor);
        CU_ASSERT(bad.op == cases[i].op);
        if (!bad.op || !cases[i].op) continue;
        CU_ASSERT(bad.result->rows == ROWS && bad.result->cols == WIDTH);
        CU_ASSERT(bad.parameter && bad.parameter->data == weights + cases[i].parameter);
        CU_ASSERT(bad.before == cases[i].before);
    }
}

// Whoever asks for the gradient of a tensor or of its columns, in whatever order, finds zeros where nobody has written.
static void a_gradient_is_zero_until_something_is_added(void)
{
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {0, 2, 1}, {0, 0, 1}, {1, 1, 1}};
    for (size_t n = 0; n < sizeof orders / sizeof *orders; n++)
        for (int clears = 0; clears < 2; clears++) {
            Arena arena = {0};
            Graph g = {.arena = &arena, .recording = true};
            memset(dm_arena_take(&arena, 4096), 0xFF, 4096);
            dm_arena_reset(&arena);
            Tensor *x = dm_tensor(&g, ROWS, 3 * WIDTH);
            int times[3] = {0};
            for (int k = 0; k < 3; k++) {
                const Tensor view = dm_columns(x, orders[n][k] * WIDTH, WIDTH);
                bool add = true;
                float *to = clears ? dm_gradient(&g, &view) : dm_gradient_sum(&g, &view, &add);
                for (int i = 0; i < ROWS * WIDTH; i++) {
                    float *at = to + i / WIDTH * view.stride + i % WIDTH;
                    *at = (add ? *at : 0) + 1;
                }
                times[orders[n][k]]++;
            }
            const float *gradient = dm_gradient(&g, x);
            for (int i = 0; i < ROWS * 3 * WIDTH; i++) CU_ASSERT(gradient[i] == (float)times[i % (3 * WIDTH) / WIDTH]);
            dm_arena_destroy(&arena);
        }
}

const Fact facts[] = {
    FACT(a_gradient_is_zero_until_something_is_added),
    FACT(the_first_result_that_is_not_finite_is_found),
    {NULL, NULL},
};
