// Plain arithmetic of tensors, and rows in another order. Their gradients against differences (gradient.h).
#include "tensor/gradient.h"

const char *const family = "arithmetic";

// Rows that overlap, of the result of an op: some are used twice, some never.
static Tensor *run_add_of_rows(Bench *b, const Case *c)
{
    const Tensor *x = dm_scale(&b->graph, bench_input(b, c->rows + 4, c->in), 2);
    Tensor *view = dm_arena_take(&b->arena, 2 * sizeof(Tensor));
    view[0] = dm_rows(x, 1, c->rows), view[1] = dm_rows(x, 2, c->rows);
    return dm_add(&b->graph, &view[0], &view[1]);
}

static Tensor *run_add(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in), *y = bench_input(b, c->rows, c->in);
    return dm_add(&b->graph, x, y);
}

// x + x: both ways back end in the same gradient.
static Tensor *run_add_to_itself(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    return dm_add(&b->graph, x, x);
}

static Tensor *run_scale(Bench *b, const Case *c)
{
    return dm_scale(&b->graph, bench_input(b, c->rows, c->in), -1.75f);
}

static Tensor *run_concatenate(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in), *y = bench_input(b, c->rows, c->out);
    return dm_concatenate(&b->graph, x, y);
}

// Three parts, the second without a row, the third some columns of a wider tensor and twice among them; row 3 of all is
// never taken.
static Tensor *run_collect(Bench *b, const Case *c)
{
    static const int order[] = {4, 0, -1, 2, 5, 4, 1, 0, 6, -1, 7};
    const Tensor *one = bench_input(b, 4, c->in), *none = dm_tensor(&b->graph, 0, c->in);
    Tensor *columns = dm_arena_take(&b->arena, sizeof(Tensor));
    *columns = dm_columns(bench_input(b, 2, c->in + 3), 2, c->in);
    const Tensor *parts[] = {one, none, columns, columns};
    return dm_collect(&b->graph, parts, DM_COUNT(parts), order, DM_COUNT(order));
}

static Tensor *run_scale_rows(Bench *b, const Case *c)
{
    static const float factors[] = {2, -0.5f, 0, 1};
    return dm_scale_rows(&b->graph, bench_input(b, c->rows, c->in), factors);
}

// Forward it is x: so that differences can see it, it comes twice, and half of each comes back.
static Tensor *run_scale_gradient(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in), *half = dm_scale_gradient(&b->graph, x, 0.5f);
    return dm_scale(&b->graph, dm_add(&b->graph, half, dm_scale_gradient(&b->graph, x, 1.5f)), 1);
}

// The second sequence has no row; the last row is nobody's.
static Tensor *run_span_means(Bench *b, const Case *c)
{
    static const int start[] = {0, 3, 3, 4}, length[] = {3, 0, 1, 4};
    return dm_span_means(&b->graph, bench_input(b, 9, c->in), (Spans){4, start, length});
}

// clang-format off
const Case cases[] = {
    {.op = "scale_rows", .what = "7", .run = run_scale_rows, .rows = 4, .in = 7},

    {.op = "scale_gradient", .what = "twice", .run = run_scale_gradient, .rows = 3, .in = 7},

    {.op = "add", .what = "33", .run = run_add, .rows = 4, .in = 33},
    {.op = "add", .what = "x + x", .run = run_add_to_itself, .rows = 3, .in = 7},
    {.op = "add", .what = "rows of x", .run = run_add_of_rows, .rows = 3, .in = 7},

    {.op = "scale", .what = "12", .run = run_scale, .rows = 3, .in = 12},

    {.op = "concatenate", .what = "7 and 1", .run = run_concatenate, .rows = 4, .in = 7, .out = 1},
    {.op = "concatenate", .what = "3 and 33", .run = run_concatenate, .rows = 3, .in = 3, .out = 33},

    {.op = "collect", .what = "1", .run = run_collect, .in = 1},
    {.op = "collect", .what = "33", .run = run_collect, .in = 33},

    {.op = "span_means", .what = "1", .run = run_span_means, .in = 1},
    {.op = "span_means", .what = "33", .run = run_span_means, .in = 33},
    {.op = NULL},
};
// clang-format on
