// Facts about the tape: which op was the first whose result is not finite, and how long ops wait for one another.
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
    dm_layer_norm(&g, dm_add(&g, y, z), &gain, &bias, DM_NORM_EPSILON);
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

// Whoever asks for the gradient of a tensor or of parts of it, in whatever order, finds zeros where nobody has written.
static void check_parts(int rows, const char *order)
{
    static const struct {
        char name;
        int row, rows, col, cols;  // rows 0: all
    } parts[] = {{'a', 0, 0, 0, WIDTH},         {'b', 0, 0, WIDTH, WIDTH},     {'c', 0, 0, 2 * WIDTH, WIDTH},
                 {'w', 0, 0, 0, 3 * WIDTH},     {'e', 0, 0, WIDTH, 0},         {'1', 0, 1, 0, 3 * WIDTH},
                 {'2', 1, 1, 0, 3 * WIDTH},     {'3', 1, 2, 0, 3 * WIDTH},     {'4', 0, 1, WIDTH, WIDTH},
                 {'5', 2, 1, 2 * WIDTH, WIDTH}, {'6', 1, 2, WIDTH, 2 * WIDTH}, {'7', ROWS - 1, 1, 0, WIDTH}};
    for (int clears = 0; clears < 2; clears++) {
        Arena arena = {0};
        Graph g = {.arena = &arena, .recording = true};
        memset(dm_arena_take(&arena, 4096), 0xFF, 4096);
        dm_arena_reset(&arena);
        Tensor *x = dm_tensor(&g, rows, 3 * WIDTH);
        int times[ROWS][3 * WIDTH] = {{0}};
        for (const char *name = order; *name; name++) {
            size_t k = 0;
            while (parts[k].name != *name) k++;
            const int some = parts[k].rows ? parts[k].rows : rows;
            const Tensor of_rows = dm_rows(x, parts[k].row, some), of_cols = dm_columns(x, parts[k].col, parts[k].cols);
            const Tensor view =
                clears ? dm_columns(&of_rows, parts[k].col, parts[k].cols) : dm_rows(&of_cols, parts[k].row, some);
            bool add = true;
            float *to = clears ? dm_gradient(&g, &view) : dm_gradient_sum(&g, &view, &add);
            for (int i = 0; i < view.rows; i++)
                for (int j = 0; j < view.cols; j++) {
                    float *at = to + i * view.stride + j;
                    *at = (add ? *at : 0) + 1;
                    times[parts[k].row + i][parts[k].col + j]++;
                }
        }
        const float *gradient = dm_gradient(&g, x);
        int wrong = 0;
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < 3 * WIDTH; j++) wrong += gradient[i * 3 * WIDTH + j] != (float)times[i][j];
        CU_ASSERT_EQUAL(wrong, 0);
        if (wrong) fprintf(stderr, "parts %s of %d rows: %d elements are wrong\n", order, rows, wrong);
        dm_arena_destroy(&arena);
    }
}

static void a_gradient_is_zero_until_something_is_added(void)
{
    static const char *const columns[] = {"", "abc", "cba", "bac", "acb", "aab", "bbb", "w", "aw", "wa", "eaebc", "ae"};
    static const char *const rows[] = {"1",  "2",   "12",   "21",  "3",   "w3",   "3w",   "a1",   "1a",
                                       "4",  "4a",  "a4",   "ab4", "a5b", "ab5c", "6a",   "a6",   "77",
                                       "a7", "7ab", "b123", "e2",  "2e",  "a2bc", "ab3c", "abc3", "acb6"};
    for (size_t n = 0; n < sizeof columns / sizeof *columns; n++)
        for (int of = 1; of <= ROWS; of++) check_parts(of, columns[n]);
    for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) check_parts(ROWS, rows[n]);
    check_parts(1, "1");  // one row is all of it
    check_parts(1, "4a");
    check_parts(1, "a4c");
}

// Nothing is divided by the width of a tensor without columns, nor written into it.
static void rows_of_an_empty_tensor_are_empty(void)
{
    Arena arena = {0};
    Graph g = {.arena = &arena, .recording = true};
    const Tensor *no_columns = dm_tensor(&g, ROWS, 0), *no_rows = dm_tensor(&g, 0, WIDTH);
    const Tensor views[] = {dm_rows(no_columns, 1, 2), dm_rows(no_rows, 0, 0)};
    for (int i = 0; i < 2; i++) CU_ASSERT(dm_gradient(&g, &views[i]) != NULL);
    dm_arena_destroy(&arena);
}

// ---- Chains ---------------------------------------------------------------------------------------------------------

static Tensor *in_a_row(Graph *g, const Tensor *x)
{
    return dm_scale(g, dm_scale(g, dm_scale(g, x, 2), 2), 2);
}

static Tensor *side_by_side(Graph *g, const Tensor *x)
{
    return dm_add(g, dm_scale(g, x, 2), dm_scale(g, x, 3));
}

static Tensor *longer_way_first(Graph *g, const Tensor *x)
{
    const Tensor *read = dm_scale(g, x, 2), *one = in_a_row(g, read), *other = dm_scale(g, read, 2);
    return dm_add(g, one, other);
}

static Tensor *longer_way_last(Graph *g, const Tensor *x)
{
    const Tensor *read = dm_scale(g, x, 2), *one = dm_scale(g, read, 2), *other = in_a_row(g, read);
    return dm_add(g, one, other);
}

// Each step reads rows of what the one before has made.
static Tensor *step_by_step(Graph *g, const Tensor *x)
{
    Tensor *y = dm_scale(g, x, 2);
    for (int rows = ROWS - 1; rows > 0; rows--) y = dm_scale(g, dm_view(g, dm_rows(y, 0, rows)), 2);
    return y;
}

static Tensor *row_by_row(Graph *g, const Tensor *x)
{
    static const int order[ROWS] = {0, 1, 2};
    const Tensor *rows[ROWS];
    for (int i = 0; i < ROWS; i++) rows[i] = dm_scale(g, dm_view(g, dm_rows(x, i, 1)), 2);
    return dm_collect(g, rows, ROWS, order, ROWS);
}

static Tensor *what_nobody_reads(Graph *g, const Tensor *x)
{
    in_a_row(g, x);
    return dm_scale(g, x, 2);
}

static Tensor *of_a_constant(Graph *g, const Tensor *x)
{
    Tensor *constant = dm_tensor(g, ROWS, WIDTH);
    memset(constant->data, 0, ROWS * WIDTH * sizeof(float));
    constant->whole = NULL;
    return dm_add(g, x, dm_scale(g, constant, 2));
}

static void a_chain_is_of_ops_that_wait_for_one_another(void)
{
    static const struct {
        Tensor *(*make)(Graph *g, const Tensor *x);
        int chain;
    } cases[] = {{in_a_row, 3},        {side_by_side, 2}, {longer_way_first, 5},  {longer_way_last, 5},
                 {step_by_step, ROWS}, {row_by_row, 2},   {what_nobody_reads, 3}, {of_a_constant, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int asks = 0; asks < 2; asks++) {
            Arena arena = {0};
            int chain = -1;
            Graph g = {.arena = &arena, .recording = true, .chain = asks ? &chain : NULL};
            Tensor *x = dm_tensor(&g, ROWS, WIDTH);
            memset(x->data, 0, ROWS * WIDTH * sizeof(float));
            const Tensor *y = cases[i].make(&g, x);
            dm_backward(&g);
            CU_ASSERT_EQUAL(chain, asks ? cases[i].chain : -1);
            CU_ASSERT_EQUAL(x->chain > 0, asks && y != NULL);
            dm_arena_destroy(&arena);
        }
}

const Fact facts[] = {
    FACT(a_chain_is_of_ops_that_wait_for_one_another),
    FACT(a_gradient_is_zero_until_something_is_added),
    FACT(rows_of_an_empty_tensor_are_empty),
    FACT(the_first_result_that_is_not_finite_is_found),
    {NULL, NULL},
};
