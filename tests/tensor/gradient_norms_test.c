// Norms, residual connections and dropout. Their gradients against differences (gradient.h).
#include "tensor/gradient.h"

const char *const family = "norms";

static Tensor *run_layer_norm(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    const Tensor *gain = bench_weight(b, 1, c->in, 0.5f, 1), *bias = bench_weight(b, 1, c->in, 0.5f, 0);
    return dm_layer_norm(&b->graph, x, gain, bias, DM_NORM_EPSILON);
}

static Tensor *run_rms_norm(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    return dm_rms_norm(&b->graph, x, bench_weight(b, 1, c->in, 0.5f, 1), DM_RMS_EPSILON);
}

// The running mean and variance, which nothing flows back to, take no part in what is recorded.
static Tensor *run_batch_norm(Bench *b, const Case *c)
{
    static float nothing[256];
    const Tensor *x = bench_input(b, c->rows, c->in);
    const Tensor *gain = bench_weight(b, 1, c->in, 0.5f, 1), *bias = bench_weight(b, 1, c->in, 0.5f, 0);
    Tensor *running = dm_arena_take(&b->arena, sizeof(Tensor));
    *running = (Tensor){.rows = 1, .cols = c->in, .stride = c->in, .data = nothing};
    return dm_batch_norm(&b->graph, x, gain, bias, running, running);
}

static Tensor *run_residual(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in), *f = bench_input(b, c->rows, c->in);
    return dm_residual(&b->graph, x, f, c->rate);
}

static Tensor *run_residual_norm(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in), *f = bench_input(b, c->rows, c->in);
    const Tensor *gain = bench_weight(b, 1, c->in, 0.5f, 1), *bias = bench_weight(b, 1, c->in, 0.5f, 0);
    return dm_residual_norm(&b->graph, x, f, c->rate, gain, bias, DM_NORM_EPSILON);
}

// The result is used, and x beside it.
static Tensor *run_dropout(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    return dm_add(&b->graph, x, dm_dropout(&b->graph, x, c->rate));
}

static Tensor *run_dropout_alone(Bench *b, const Case *c)
{
    return dm_dropout(&b->graph, bench_input(b, c->rows, c->in), c->rate);
}

// clang-format off
const Case cases[] = {
    {.op = "layer_norm", .what = "1", .run = run_layer_norm, .rows = 2, .in = 1},
    {.op = "layer_norm", .what = "3", .run = run_layer_norm, .rows = 3, .in = 3},
    {.op = "layer_norm", .what = "7", .run = run_layer_norm, .rows = 5, .in = 7},
    {.op = "layer_norm", .what = "12", .run = run_layer_norm, .rows = 1, .in = 12},
    {.op = "layer_norm", .what = "33", .run = run_layer_norm, .rows = 6, .in = 33},
    {.op = "layer_norm", .what = "128", .run = run_layer_norm, .rows = 3, .in = 128},

    {.op = "residual", .what = "3", .run = run_residual, .rows = 4, .in = 3},
    {.op = "residual", .what = "dropout 1", .run = run_residual, .rows = 9, .in = 1, .rate = 0.3f},
    {.op = "residual", .what = "dropout 7", .run = run_residual, .rows = 5, .in = 7, .rate = 0.3f},
    {.op = "residual", .what = "dropout 33", .run = run_residual, .rows = 5, .in = 33, .rate = 0.3f},
    {.op = "residual", .what = "dropout 128", .run = run_residual, .rows = 2, .in = 128, .rate = 0.3f},

    {.op = "residual_norm", .what = "7", .run = run_residual_norm, .rows = 5, .in = 7},
    {.op = "residual_norm", .what = "128", .run = run_residual_norm, .rows = 3, .in = 128},
    {.op = "residual_norm", .what = "dropout 3", .run = run_residual_norm, .rows = 4, .in = 3, .rate = 0.3f},
    {.op = "residual_norm", .what = "dropout 12", .run = run_residual_norm, .rows = 4, .in = 12, .rate = 0.3f},
    {.op = "residual_norm", .what = "dropout 33", .run = run_residual_norm, .rows = 5, .in = 33, .rate = 0.3f},
    {.op = "residual_norm", .what = "dropout 128", .run = run_residual_norm, .rows = 2, .in = 128, .rate = 0.3f},

    {.op = "rms_norm", .what = "1", .run = run_rms_norm, .rows = 2, .in = 1},
    {.op = "rms_norm", .what = "3", .run = run_rms_norm, .rows = 3, .in = 3},
    {.op = "rms_norm", .what = "12", .run = run_rms_norm, .rows = 1, .in = 12},
    {.op = "rms_norm", .what = "33", .run = run_rms_norm, .rows = 6, .in = 33},
    {.op = "rms_norm", .what = "128", .run = run_rms_norm, .rows = 3, .in = 128},

    {.op = "batch_norm", .what = "one row", .run = run_batch_norm, .rows = 1, .in = 7, .recorded = true},
    {.op = "batch_norm", .what = "1", .run = run_batch_norm, .rows = 7, .in = 1, .recorded = true},
    {.op = "batch_norm", .what = "7", .run = run_batch_norm, .rows = 9, .in = 7, .recorded = true},
    {.op = "batch_norm", .what = "33", .run = run_batch_norm, .rows = 12, .in = 33, .recorded = true},
    {.op = "batch_norm", .what = "many rows", .run = run_batch_norm, .rows = 133, .in = 3, .recorded = true},

    {.op = "dropout", .what = "7", .run = run_dropout_alone, .rows = 5, .in = 7, .rate = 0.3f},
    {.op = "dropout", .what = "128", .run = run_dropout_alone, .rows = 2, .in = 128, .rate = 0.3f},
    {.op = "dropout", .what = "x + dropout", .run = run_dropout, .rows = 5, .in = 33, .rate = 0.3f},
    {.op = "dropout", .what = "0", .run = run_dropout, .rows = 5, .in = 3},
    {.op = NULL},
};
// clang-format on
