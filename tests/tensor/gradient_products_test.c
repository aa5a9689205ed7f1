// Products, and what has weights besides: tables and gates. Their gradients against differences (gradient.h).
#include "tensor/gradient.h"

const char *const family = "products";

static Tensor *run_linear(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    const Tensor *weight = bench_weight(b, c->out, c->in, c->lattice ? 1 : 1 / sqrtf((float)c->in), 0);
    // On the lattice products are odd multiples of 1/4 and this bias of 1/8: no sum lies within 1/8 of relu's corner.
    const Tensor *bias = c->bias ? bench_weight(b, 1, c->out, c->lattice ? 0.25f : 0.5f, 0) : NULL;
    return dm_linear(&b->graph, x, weight, bias, c->activation);
}

// x is some columns of a wider tensor, as the parts of a joint projection are.
static Tensor *run_linear_of_columns(Bench *b, const Case *c)
{
    const Tensor *wide = bench_input(b, c->rows, c->in + 5);
    Tensor *x = dm_arena_take(&b->arena, sizeof(Tensor));
    *x = dm_columns(wide, 2, c->in);
    return dm_linear(&b->graph, x, bench_weight(b, c->out, c->in, 0.5f, 0), bench_weight(b, 1, c->out, 0.5f, 0),
                     c->activation);
}

// x is some rows of a taller tensor, as one step of many sequences is, and some columns of these.
static Tensor *run_linear_of_rows(Bench *b, const Case *c)
{
    const Tensor *tall = bench_input(b, c->rows + 3, c->in + 5);
    const Tensor columns = dm_columns(tall, 2, c->in);
    Tensor *x = dm_arena_take(&b->arena, sizeof(Tensor));
    *x = dm_rows(&columns, 2, c->rows);
    return dm_linear(&b->graph, x, bench_weight(b, c->out, c->in, 0.5f, 0), bench_weight(b, 1, c->out, 0.5f, 0),
                     c->activation);
}

static const int embedding_ids[] = {3, 1, 3, 6, 2, 0, 3, 5, 6};  // repeated and frozen ones; 4 is missing

static Tensor *run_embedding(Bench *b, const Case *c)
{
    enum { N = DM_COUNT(embedding_ids) };
    static float rows[N][200];
    static const float *pointers[N];
    for (int i = 0; i < N; i++) {
        pointers[i] = rows[i % 4];  // some share a row
        for (int j = 0; j < 200; j++) rows[i][j] = sinf((float)(i + j));
    }
    const Tensor *table = bench_weight(b, 7, c->in, 1, 0), *positions = NULL;
    if (c->out) {  // learned: rows of a table with some that nobody has
        positions = bench_weight(b, c->out, c->in, 1, 0);
        for (int i = 0; i < N; i++) pointers[i] = dm_row(positions, i % 4);
    }
    static const int mixed_ids[2 * N] = {3, 1, 3, 6, 2, 0, 3, 5, 6, 3, 3, 0, 1, 2, 4, 4, 6, 6};
    static const float shares[2 * N] = {0.5f, 0.5f, 1,    0,    0.25f, 0.75f, 0.1f, 0.9f,
                                        0.5f, 0.5f, 0.3f, 0.7f, 0.2f,  0.8f,  0.6f, 0.4f};
    static const Mixture mixture = {2, mixed_ids, shares};
    return dm_embedding(&b->graph, &(Embedding){.table = table,
                                                .n = N,
                                                .ids = embedding_ids,
                                                .mixture = c->mixed ? &mixture : NULL,
                                                .scale = sqrtf((float)c->in),
                                                .position_rows = c->bias ? pointers : NULL,
                                                .positions = positions,
                                                .frozen = c->frozen ? c->frozen : -1,
                                                .dropout = c->rate});
}

static Tensor *run_gate(Bench *b, const Case *c)
{
    return dm_gate(&b->graph, bench_input(b, c->rows, 2 * c->in), c->activation);
}

// As a block has it: the halves are a product.
static Tensor *run_gate_of_product(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    return dm_gate(&b->graph, dm_linear(&b->graph, x, bench_weight(b, 2 * c->out, c->in, 0.5f, 0), NULL, DM_IDENTITY),
                   c->activation);
}

static Tensor *run_affinity(Bench *b, const Case *c)
{
    const Tensor *wide = bench_input(b, c->rows, c->in + 5);
    Tensor *x = dm_arena_take(&b->arena, sizeof(Tensor));
    *x = dm_columns(wide, 2, c->in);
    return dm_affinity(&b->graph, x, bench_weight(b, c->out, c->in, 0.5f, 0));
}

// Several ops in a row, a tensor used twice: the order of the tape and the adding up.
static Tensor *run_chain(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    const Tensor *weight = bench_weight(b, c->in, c->in, 0.5f, 0), *bias = bench_weight(b, 1, c->in, 0.5f, 0);
    const Tensor *gain = bench_weight(b, 1, c->in, 0.5f, 1);
    const Tensor *h = dm_linear(&b->graph, x, weight, bias, DM_TANH);
    const Tensor *again = dm_linear(&b->graph, h, weight, bias, DM_SWISH);  // the same weight twice
    const Tensor *sum = dm_residual(&b->graph, h, again, 0.25f);
    const Tensor *normed = dm_layer_norm(&b->graph, sum, gain, bias, DM_NORM_EPSILON);
    return dm_concatenate(&b->graph, dm_add(&b->graph, normed, x), dm_scale(&b->graph, h, 0.5f));
}

// Three steps of a layer, each of one sequence less; announced for so many rows in all that the last one has its
// gradient to itself where there are less than all.
static Tensor *run_linear_sum(Bench *b, const Case *c)
{
    const Tensor *weight = bench_weight(b, c->in, c->in, 0.5f, 0), *h = bench_input(b, c->rows, c->in),
                 *bias = c->bias ? bench_weight(b, 1, c->in, 0.5f, 0) : NULL;
    dm_linear_sum(&b->graph, weight, bias, c->out);
    for (int i = 0; i < 3; i++) {
        const Tensor *going = dm_view(&b->graph, dm_rows(h, 0, c->rows - i));
        h = dm_linear(&b->graph, going, weight, bias, c->activation);
    }
    return (Tensor *)h;
}

// clang-format off
const Case cases[] = {
    {.op = "linear_sum", .what = "steps", .run = run_linear_sum, .rows = 5, .in = 7, .out = 12, .bias = true,
     .activation = DM_TANH},
    {.op = "linear_sum", .what = "more than announced", .run = run_linear_sum, .rows = 5, .in = 33, .out = 9,
     .activation = DM_TANH},
    {.op = "linear_sum", .what = "fewer than announced", .run = run_linear_sum, .rows = 4, .in = 8, .out = 30, .bias = true,
     .activation = DM_GELU},
    {.op = "linear", .what = "as it is", .run = run_linear, .rows = 5, .in = 7, .out = 12, .bias = true},
    {.op = "linear", .what = "no bias", .run = run_linear, .rows = 3, .in = 12, .out = 8},
    {.op = "linear", .what = "one by one", .run = run_linear, .rows = 1, .in = 1, .out = 1, .bias = true},
    {.op = "linear", .what = "wide", .run = run_linear, .rows = 9, .in = 128, .out = 33, .bias = true},
    {.op = "linear", .what = "many rows", .run = run_linear, .rows = 133, .in = 8, .out = 3, .bias = true},
    {.op = "linear", .what = "relu", .run = run_linear, .rows = 6, .in = 8, .out = 33, .bias = true, .lattice = true,
     .activation = DM_RELU},
    {.op = "linear", .what = "relu, no bias", .run = run_linear, .rows = 5, .in = 7, .out = 12, .lattice = true,
     .activation = DM_RELU},
    {.op = "linear", .what = "gelu", .run = run_linear, .rows = 4, .in = 7, .out = 33, .bias = true,
     .activation = DM_GELU},
    {.op = "linear", .what = "gelu, no bias", .run = run_linear, .rows = 4, .in = 8, .out = 3, .activation = DM_GELU},
    {.op = "linear", .what = "gelu by tanh", .run = run_linear, .rows = 4, .in = 7, .out = 33, .bias = true,
     .activation = DM_GELU_TANH},
    {.op = "linear", .what = "swish", .run = run_linear, .rows = 4, .in = 12, .out = 7, .bias = true,
     .activation = DM_SWISH},
    {.op = "linear", .what = "swish, wide", .run = run_linear, .rows = 3, .in = 3, .out = 128, .activation = DM_SWISH},
    {.op = "linear", .what = "tanh", .run = run_linear, .rows = 4, .in = 3, .out = 12, .bias = true,
     .activation = DM_TANH},
    {.op = "linear", .what = "tanh, no bias", .run = run_linear, .rows = 4, .in = 33, .out = 1, .activation = DM_TANH},
    {.op = "linear", .what = "of columns", .run = run_linear_of_columns, .rows = 4, .in = 8, .out = 7},
    {.op = "linear", .what = "gelu of columns", .run = run_linear_of_columns, .rows = 4, .in = 8, .out = 7,
     .activation = DM_GELU},
    {.op = "linear", .what = "of rows", .run = run_linear_of_rows, .rows = 4, .in = 8, .out = 7},
    {.op = "linear", .what = "gelu of one row", .run = run_linear_of_rows, .rows = 1, .in = 8, .out = 7,
     .activation = DM_GELU},

    {.op = "embedding", .what = "alone", .run = run_embedding, .in = 8},
    {.op = "embedding", .what = "positions", .run = run_embedding, .in = 7, .bias = true},
    {.op = "embedding", .what = "mixtures", .run = run_embedding, .in = 12, .bias = true, .frozen = 6, .mixed = true},
    {.op = "embedding", .what = "mixtures, dropout", .run = run_embedding, .in = 7, .rate = 0.3f, .mixed = true},
    {.op = "embedding", .what = "frozen row", .run = run_embedding, .in = 12, .bias = true, .frozen = 6},
    {.op = "embedding", .what = "dropout", .run = run_embedding, .in = 33, .bias = true, .frozen = 6, .rate = 0.3f},
    {.op = "embedding", .what = "dropout, one column", .run = run_embedding, .in = 1, .rate = 0.3f},
    {.op = "embedding", .what = "dropout, wide", .run = run_embedding, .in = 128, .rate = 0.1f, .bias = true},
    {.op = "embedding", .what = "learned positions", .run = run_embedding, .in = 12, .bias = true, .out = 6},
    {.op = "embedding", .what = "learned positions, frozen row", .run = run_embedding, .in = 7, .bias = true, .out = 4,
     .frozen = 6},
    {.op = "embedding", .what = "learned positions, dropout", .run = run_embedding, .in = 33, .bias = true, .out = 5,
     .frozen = 6, .rate = 0.3f},

    {.op = "gate", .what = "1", .run = run_gate, .rows = 3, .in = 1, .activation = DM_SWISH},
    {.op = "gate", .what = "linear", .run = run_gate, .rows = 4, .in = 7, .activation = DM_IDENTITY},
    {.op = "gate", .what = "swish", .run = run_gate, .rows = 4, .in = 33, .activation = DM_SWISH},
    {.op = "gate", .what = "gelu", .run = run_gate, .rows = 2, .in = 12, .activation = DM_GELU},
    {.op = "gate", .what = "gelu by tanh", .run = run_gate, .rows = 2, .in = 12, .activation = DM_GELU_TANH},
    {.op = "gate", .what = "tanh", .run = run_gate, .rows = 3, .in = 12, .activation = DM_TANH},
    {.op = "gate", .what = "of a product", .run = run_gate_of_product, .rows = 5, .in = 8, .out = 33,
     .activation = DM_GELU},

    {.op = "linear", .what = "sigmoid", .run = run_linear, .rows = 4, .in = 7, .out = 12, .bias = true,
     .activation = DM_SIGMOID},

    {.op = "affinity", .what = "8", .run = run_affinity, .rows = 5, .in = 12, .out = 8},
    {.op = "affinity", .what = "3", .run = run_affinity, .rows = 9, .in = 7, .out = 3},
    {.op = "affinity", .what = "33", .run = run_affinity, .rows = 1, .in = 8, .out = 33},

    {.op = "linear", .what = "a chain of ops", .run = run_chain, .rows = 4, .in = 12},
    {.op = NULL},
};
// clang-format on
