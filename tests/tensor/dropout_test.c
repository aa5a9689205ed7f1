// Dropout: how much is dropped, what the mask depends on, and that the way back uses the mask of the way forward.
#include "core/memory.h"
#include "tensor/check.h"

enum { ROWS = 60, WIDTH = 200, SIZE = ROWS * WIDTH };

// The mask of one op, seen through it: dropout of ones added to zeros, as the op leaves it in y.
typedef Tensor *Dropped(Bench *b, float p);

static Tensor *constant(Graph *g, int rows, int cols, float value)
{
    Tensor *t = dm_tensor(g, rows, cols);
    for (int i = 0; i < rows * cols; i++) t->data[i] = value;
    return t;
}

static Tensor *by_residual(Bench *b, float p)
{
    return dm_residual(&b->graph, constant(&b->graph, ROWS, WIDTH, 0), constant(&b->graph, ROWS, WIDTH, 1), p);
}

static Tensor *by_embedding(Bench *b, float p)
{
    static const int ids[ROWS];
    return dm_embedding(
        &b->graph,
        &(Embedding){
            .table = constant(&b->graph, 1, WIDTH, 1), .n = ROWS, .ids = ids, .scale = 1, .frozen = -1, .dropout = p});
}

static Tensor *by_dropout(Bench *b, float p)
{
    return dm_dropout(&b->graph, constant(&b->graph, ROWS, WIDTH, 1), p);
}

static Dropped *const ways[] = {by_residual, by_embedding, by_dropout};

// How much of p is dropped, and that the rest is scaled up by what is missing.
static void about_p_is_dropped_and_the_rest_is_scaled(void)
{
    static const float rates[] = {0.1f, 0.3f, 0.5f, 0.9f};
    Bench b;
    bench_open(&b);
    for (size_t w = 0; w < DM_COUNT(ways); w++)
        for (size_t r = 0; r < DM_COUNT(rates); r++) {
            bench_begin(&b, false);
            const double p = rates[r];
            const Tensor *y = ways[w](&b, rates[r]);
            long zeros = 0, of_column[WIDTH] = {0}, of_row[ROWS] = {0};
            for (int i = 0; i < SIZE; i++) {
                bool zero = y->data[i] == 0;
                zeros += zero;
                of_column[i % WIDTH] += zero;
                of_row[i / WIDTH] += zero;
                if (!zero && !(fabs(y->data[i] - 1 / (1 - p)) < 1e-5 / (1 - p)))
                    expect(false, "way %zu, p %g: element %d is %g", w, p, i, y->data[i]);
            }
            // five standard deviations of a binomial
            expect(fabs((double)zeros / SIZE - p) < 5 * sqrt(p * (1 - p) / SIZE), "way %zu: %ld of %d dropped at p %g",
                   w, zeros, SIZE, p);
            for (int i = 0; i < WIDTH; i++)
                if (fabs((double)of_column[i] / ROWS - p) > 5 * sqrt(p * (1 - p) / ROWS))
                    expect(false, "way %zu: %ld of %d dropped in column %d at p %g", w, of_column[i], ROWS, i, p);
            for (int i = 0; i < ROWS; i++)
                if (fabs((double)of_row[i] / WIDTH - p) > 5 * sqrt(p * (1 - p) / WIDTH))
                    expect(false, "way %zu: %ld of %d dropped in row %d at p %g", w, of_row[i], WIDTH, i, p);
        }
    bench_close(&b);
}

static float *mask_of(Bench *b, Dropped *way, uint64_t seed, uint32_t update, uint32_t shard, uint32_t op)
{
    bench_begin(b, false);
    b->graph.seed = seed;
    b->graph.update = update;
    b->graph.shard = shard;
    b->graph.op = op;
    return memcpy(dm_allocate(SIZE, sizeof(float)), way(b, 0.3f)->data, SIZE * sizeof(float));
}

// Two masks at p = 0.3 that know nothing of each other agree in 0.7^2 + 0.3^2 = 58% of the elements.
static bool unrelated(const float *one, const float *other)
{
    long same = 0;
    for (int i = 0; i < SIZE; i++) same += one[i] == other[i];
    return fabs((double)same / SIZE - 0.58) < 0.03;
}

static void the_mask_is_a_function_of_its_counters(void)
{
    static const uint64_t other_seeds[] = {8, UINT64_C(1) << 32 | 7};
    Bench b;
    bench_open(&b);
    for (size_t w = 0; w < DM_COUNT(ways); w++) {
        float *first = mask_of(&b, ways[w], 7, 3, 2, 5), *again = mask_of(&b, ways[w], 7, 3, 2, 5);
        CU_ASSERT(memcmp(first, again, SIZE * sizeof(float)) == 0);
        dm_free(again);
        float *others[] = {mask_of(&b, ways[w], other_seeds[0], 3, 2, 5), mask_of(&b, ways[w], other_seeds[1], 3, 2, 5),
                           mask_of(&b, ways[w], 7, 4, 2, 5), mask_of(&b, ways[w], 7, 3, 3, 5),
                           mask_of(&b, ways[w], 7, 3, 2, 6)};
        for (size_t i = 0; i < DM_COUNT(others); i++) {
            expect(unrelated(first, others[i]), "way %zu: mask %zu resembles the first", w, i);
            dm_free(others[i]);
        }
        dm_free(first);
    }
    bench_close(&b);
}

// Rows of one mask differ, and so do those of two ops in a row: each takes a stream of its own.
static void rows_and_ops_have_masks_of_their_own(void)
{
    Bench b;
    bench_open(&b);
    for (size_t w = 0; w < DM_COUNT(ways); w++) {
        bench_begin(&b, false);
        const Tensor *one = ways[w](&b, 0.3f), *two = ways[w](&b, 0.3f);
        CU_ASSERT(unrelated(one->data, two->data));
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < i; j++)
                if (!memcmp(dm_row(one, i), dm_row(one, j), WIDTH * sizeof(float)))
                    expect(false, "way %zu: rows %d and %d have the same mask", w, i, j);
    }
    bench_close(&b);
}

static void residual_and_its_norm_draw_the_same_mask(void)
{
    Bench b;
    bench_open(&b);
    float gradients[2][SIZE];
    for (int fused = 0; fused < 2; fused++) {
        bench_begin(&b, true);
        const Tensor *x = constant(&b.graph, ROWS, WIDTH, 0), *f = constant(&b.graph, ROWS, WIDTH, 1);
        const Tensor *gain = constant(&b.graph, 1, WIDTH, 1), *bias = constant(&b.graph, 1, WIDTH, 0);
        Tensor *y = fused ? dm_residual_norm(&b.graph, x, f, 0.3f, gain, bias, DM_NORM_EPSILON)
                          : dm_residual(&b.graph, x, f, 0.3f);
        bench_backward(&b, y);
        memcpy(gradients[fused], f->grad, sizeof gradients[fused]);
    }
    for (int i = 0; i < SIZE; i++)
        if ((gradients[0][i] == 0) != (gradients[1][i] == 0)) {
            expect(false, "element %d is dropped by one and not by the other", i);
            break;
        }
    bench_close(&b);
}

static void the_way_back_uses_the_mask_of_the_way_forward(void)
{
    Bench b;
    bench_open(&b);
    bench_begin(&b, true);
    const Tensor *x = constant(&b.graph, ROWS, WIDTH, 0), *f = constant(&b.graph, ROWS, WIDTH, 1);
    Tensor *y = dm_residual(&b.graph, x, f, 0.3f);
    for (int i = 0; i < 3; i++) by_residual(&b, 0.5f);  // streams drawn in between change nothing
    float *gradient = dm_gradient(&b.graph, y);
    for (int i = 0; i < SIZE; i++) gradient[i] = 1;
    dm_backward(&b.graph);
    CU_ASSERT(memcmp(f->grad, y->data, SIZE * sizeof(float)) == 0);  // both are the mask
    for (int i = 0; i < SIZE; i++)
        if (x->grad[i] != 1) {
            expect(false, "what goes past dropout came back as %g", x->grad[i]);
            break;
        }
    bench_close(&b);
}

static void alone_it_goes_back_by_its_mask_too(void)
{
    Bench b;
    bench_open(&b);
    bench_begin(&b, true);
    const Tensor *x = constant(&b.graph, ROWS, WIDTH, 1);
    Tensor *y = dm_dropout(&b.graph, x, 0.3f);
    for (int i = 0; i < 3; i++) by_dropout(&b, 0.5f);
    float *gradient = dm_gradient(&b.graph, y);
    for (int i = 0; i < SIZE; i++) gradient[i] = 1;
    dm_backward(&b.graph);
    CU_ASSERT(memcmp(x->grad, y->data, SIZE * sizeof(float)) == 0);
    CU_ASSERT(dm_dropout(&b.graph, x, 0) == x);
    bench_close(&b);
}

static void a_rate_of_zero_changes_nothing(void)
{
    Bench b;
    bench_open(&b);
    for (size_t w = 0; w < DM_COUNT(ways); w++) {
        bench_begin(&b, true);
        const Tensor *y = ways[w](&b, 0);
        for (int i = 0; i < SIZE; i++)
            if (y->data[i] != 1) {
                expect(false, "way %zu: element %d is %g", w, i, y->data[i]);
                break;
            }
    }
    bench_close(&b);
}

const Fact facts[] = {
    FACT(about_p_is_dropped_and_the_rest_is_scaled),
    FACT(the_mask_is_a_function_of_its_counters),
    FACT(rows_and_ops_have_masks_of_their_own),
    FACT(residual_and_its_norm_draw_the_same_mask),
    FACT(the_way_back_uses_the_mask_of_the_way_forward),
    FACT(alone_it_goes_back_by_its_mask_too),
    FACT(a_rate_of_zero_changes_nothing),
    {NULL, NULL},
};
