// Facts about the tape: which op was the first whose result is not finite.
#include <math.h>

#include "tensor/ops.h"
#include "tensor/op_table.h"
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
    for (int i = 0; i < 2; i++) w[i] = (Tensor){WIDTH, WIDTH, WIDTH, weights + i * WIDTH * WIDTH, NULL, true};
    gain = (Tensor){1, WIDTH, WIDTH, weights + 2 * WIDTH * WIDTH, NULL, true};
    bias = (Tensor){1, WIDTH, WIDTH, weights + 2 * WIDTH * WIDTH + WIDTH, NULL, true};
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

const Fact facts[] = {
    FACT(the_first_result_that_is_not_finite_is_found),
    {NULL, NULL},
};
