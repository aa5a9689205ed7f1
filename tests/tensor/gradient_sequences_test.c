// Recurrent cells, scans, and convolutions over windows. Their gradients against differences (gradient.h).
#include "tensor/gradient.h"

const char *const family = "sequences";

static Tensor *run_gru(Bench *b, const Case *c)
{
    const Tensor *input = bench_input(b, c->rows, 3 * c->in), *hidden = bench_input(b, c->rows, 3 * c->in);
    return dm_gru(&b->graph, input, hidden, bench_input(b, c->rows, c->in));
}

static Tensor *run_lstm(Bench *b, const Case *c)
{
    const Tensor *input = bench_input(b, c->rows, 4 * c->in), *hidden = bench_input(b, c->rows, 4 * c->in);
    return dm_lstm(&b->graph, input, hidden, bench_input(b, c->rows, 2 * c->in));
}

// The state of one step is what the next begins with.
static Tensor *run_lstm_twice(Bench *b, const Case *c)
{
    const Tensor *input = bench_input(b, c->rows, 4 * c->in), *hidden = bench_input(b, c->rows, 4 * c->in);
    const Tensor *state = dm_lstm(&b->graph, input, hidden, bench_input(b, c->rows, 2 * c->in));
    return dm_lstm(&b->graph, hidden, input, state);
}

// Three steps over rows of what was projected at once, the last with fewer sequences: the state goes from step to step.
static Tensor *run_gru_steps(Bench *b, const Case *c)
{
    const Tensor *input = bench_input(b, 2 * c->rows + 1, 3 * c->in);
    const Tensor *weight = bench_weight(b, 3 * c->in, c->in, 0.5f, 0), *bias = bench_weight(b, 1, 3 * c->in, 0.5f, 0);
    const Tensor *h = bench_input(b, c->rows, c->in);
    Tensor *now = dm_arena_take(&b->arena, 4 * sizeof(Tensor));
    now[0] = dm_rows(input, 0, c->rows), now[1] = dm_rows(input, c->rows, c->rows);
    now[2] = dm_rows(input, 2 * c->rows, 1);
    for (int i = 0; i < 2; i++) h = dm_gru(&b->graph, &now[i], dm_linear(&b->graph, h, weight, bias, DM_IDENTITY), h);
    now[3] = dm_rows(h, 0, 1);
    return dm_gru(&b->graph, &now[2], dm_linear(&b->graph, &now[3], weight, bias, DM_IDENTITY), &now[3]);
}

// Windows of three over nine rows, with gaps, a row twice in one window, and one that nobody sees.
static const int windows[] = {-1, 0, 1, 0, 1, 2, 1, 2, 3, 7, 7, -1, 5, -1, 4, 8, 3, 0};

static Tensor *run_unfold(Bench *b, const Case *c)
{
    return dm_unfold(&b->graph, bench_input(b, 9, c->in), (Window){DM_COUNT(windows) / 3, 3, windows});
}

// A weight that all rows share.
static Tensor *run_convolve(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, 9, c->in), *w = bench_weight(b, c->heads, 3, 1, 0);
    const float *across = c->heads == c->in ? dm_across(&b->graph, w) : NULL;
    return dm_convolve(&b->graph, x, (Kernels){w, c->heads, across}, (Window){DM_COUNT(windows) / 3, 3, windows});
}

static Tensor *run_convolve_by_row(Bench *b, const Case *c)
{
    const int n = DM_COUNT(windows) / 3;
    const Tensor *x = bench_input(b, 9, c->in), *w = bench_input(b, n, c->heads * 3);
    return dm_convolve(&b->graph, x, (Kernels){w, c->heads, NULL}, (Window){n, 3, windows});
}

static Tensor *run_softmax_groups(Bench *b, const Case *c)
{
    return dm_softmax_groups(&b->graph, bench_input(b, c->rows, c->in), c->out);
}

// Sequences of 1, 4 and 2 rows.
static Chain chain_of(Bench *b, int width)
{
    static const int start[] = {0, 1, 5}, length[] = {1, 4, 2};
    return dm_chain(&b->graph, (Spans){3, start, length}, 7, width);
}

static Tensor *run_running_mean(Bench *b, const Case *c)
{
    const Chain chain = chain_of(b, c->in);
    return dm_running_mean(&b->graph, bench_input(b, 7, c->in), &chain);
}

static Tensor *run_ssru(Bench *b, const Case *c)
{
    const Chain chain = chain_of(b, c->in);
    return dm_ssru(&b->graph, bench_input(b, 7, 2 * c->in), bench_weight(b, 1, c->in, 1, 0), &chain);
}

// clang-format off
const Case cases[] = {
    {.op = "gru", .what = "1", .run = run_gru, .rows = 3, .in = 1},
    {.op = "gru", .what = "7", .run = run_gru, .rows = 5, .in = 7},
    {.op = "gru", .what = "33", .run = run_gru, .rows = 4, .in = 33},

    {.op = "lstm", .what = "1", .run = run_lstm, .rows = 3, .in = 1},
    {.op = "lstm", .what = "33", .run = run_lstm, .rows = 4, .in = 33},
    {.op = "lstm", .what = "twice", .run = run_lstm_twice, .rows = 3, .in = 7},

    {.op = "gru", .what = "steps", .run = run_gru_steps, .rows = 3, .in = 9},

    {.op = "unfold", .what = "3", .run = run_unfold, .in = 3},
    {.op = "unfold", .what = "33", .run = run_unfold, .in = 33},

    {.op = "convolve", .what = "each column", .run = run_convolve, .in = 12, .heads = 12},
    {.op = "convolve", .what = "3 heads", .run = run_convolve, .in = 12, .heads = 3},
    {.op = "convolve", .what = "one head", .run = run_convolve, .in = 33, .heads = 1},
    {.op = "convolve", .what = "rows of their own", .run = run_convolve_by_row, .in = 12, .heads = 4},
    {.op = "convolve", .what = "rows and columns of their own", .run = run_convolve_by_row, .in = 7, .heads = 7},

    {.op = "softmax_groups", .what = "of 1", .run = run_softmax_groups, .rows = 2, .in = 3, .out = 1},
    {.op = "softmax_groups", .what = "of 5", .run = run_softmax_groups, .rows = 3, .in = 20, .out = 5},

    {.op = "running_mean", .what = "1", .run = run_running_mean, .in = 1},
    {.op = "running_mean", .what = "33", .run = run_running_mean, .in = 33},
    {.op = "ssru", .what = "1", .run = run_ssru, .in = 1},
    {.op = "ssru", .what = "3", .run = run_ssru, .in = 3},
    {.op = NULL},
};
// clang-format on
