// Every op's gradient against central differences of its forward: signed, element by element, inputs and weights, with
// fixed random weights on the outputs.
#include "core/memory.h"
#include "tensor/check.h"

#include <limits.h>

#include "tensor/ops/op_table.h"

// Forward is float32, so the difference quotient of a scalar of size S carries about 1e-7 S / step of rounding. With
// two steps, h and 2h, the error of order h^2 cancels (Richardson 1911) and what is left of h^4 is below the rounding
// for functions that bend on a scale of 1. h = 0.02 puts rounding near 1e-5 S; a wrong term shows from 1e-2 on.
static const float step = 0.02f;
static const double tolerance = 1e-3;  // of the tensor's largest gradient ...
static const double smallest = 0.05;   // ... but of no less than this: below lies the rounding of the scalar
enum { SAMPLE = 250 };                 // elements checked of a tensor that has more
static const float earlier = 0.25f;    // what the gradients hold before the way back, which has to add

typedef struct Layout {  // whose rows are whose, for attention
    int sequences;
    int query_start[4], query_length[4], key_start[4], key_length[4];
    int query_rows, key_rows;
} Layout;

typedef struct Case {
    const char *op;  // its row in dm_ops
    const char *what;
    Tensor *(*run)(Bench *b, const struct Case *c);  // NULL for a loss
    int rows, in, out;
    Activation activation;
    bool bias, causal, lattice, sigmoid;
    bool leans;     // attention, by slopes
    int window;     // of attention
    bool weighted;  // rows of the loss count 0, -1, 1 or 2 times
    bool constant;  // nothing flows back
    bool recorded;  // what comes out is something else where nothing is recorded
    float rate;     // of dropout, or of label smoothing
    int frozen;     // row of weight 0 that gets no gradient; 0 stands for none
    int heads;
    const Layout *layout;
} Case;

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

// Rows that overlap, of the result of an op: some are used twice, some never.
static Tensor *run_add_of_rows(Bench *b, const Case *c)
{
    const Tensor *x = dm_scale(&b->graph, bench_input(b, c->rows + 4, c->in), 2);
    Tensor *view = dm_arena_take(&b->arena, 2 * sizeof(Tensor));
    view[0] = dm_rows(x, 1, c->rows), view[1] = dm_rows(x, 2, c->rows);
    return dm_add(&b->graph, &view[0], &view[1]);
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
    return dm_embedding(&b->graph, &(Embedding){.table = table,
                                                .n = N,
                                                .ids = embedding_ids,
                                                .scale = sqrtf((float)c->in),
                                                .position_rows = c->bias ? pointers : NULL,
                                                .positions = positions,
                                                .frozen = c->frozen ? c->frozen : -1,
                                                .dropout = c->rate});
}

static Tensor *run_layer_norm(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    const Tensor *gain = bench_weight(b, 1, c->in, 0.5f, 1), *bias = bench_weight(b, 1, c->in, 0.5f, 0);
    return dm_layer_norm(&b->graph, x, gain, bias);
}

static Tensor *run_rms_norm(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    return dm_rms_norm(&b->graph, x, bench_weight(b, 1, c->in, 0.5f, 1));
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
    return dm_residual_norm(&b->graph, x, f, c->rate, gain, bias);
}

// Angles of rows of heads this wide.
static const float *const *turns_of(Bench *b, int rows, int width)
{
    const float **turns = dm_arena_take(&b->arena, (size_t)rows * sizeof *turns);
    for (int i = 0; i < rows; i++) {
        float *turn = dm_arena_take(&b->arena, (size_t)width * sizeof *turn);
        for (int j = 0; j < width / 2; j++) {
            turn[j] = cosf((float)(3 * i + j));
            turn[width / 2 + j] = sinf((float)(3 * i + j));
        }
        turns[i] = turn;
    }
    return turns;
}

static Attention attention_of(const Case *c, Tensor q, Tensor k, Tensor v)
{
    static const float slopes[] = {0.25f, 0.5f, 0.0625f, 0.125f, 1, 0.75f, 0.03125f, 0};
    const Layout *l = c->layout;
    return (Attention){.q = q,
                       .k = k,
                       .v = v,
                       .heads = c->heads,
                       .causal = c->causal,
                       .window = c->window,
                       .slopes = c->leans ? slopes : NULL,
                       .queries = {l->sequences, l->query_start, l->query_length},
                       .keys = {l->sequences, l->key_start, l->key_length}};
}

// q, k and v are tensors of their own.
static Tensor *run_attention(Bench *b, const Case *c)
{
    Tensor q = *bench_input(b, c->layout->query_rows, c->in);
    Tensor k = *bench_input(b, c->layout->key_rows, c->in), v = *bench_input(b, c->layout->key_rows, c->in);
    Attention args = attention_of(c, q, k, v);
    return dm_attention(&b->graph, &args);
}

// Keys and values are one tensor, as the annotations of a recurrent encoder are.
static Tensor *run_attention_of_one(Bench *b, const Case *c)
{
    Tensor q = *bench_input(b, c->layout->query_rows, c->in), k = *bench_input(b, c->layout->key_rows, c->in);
    Attention args = attention_of(c, q, k, k);
    return dm_attention(&b->graph, &args);
}

// q, k and v are neighbours in one tensor, as one projection makes them.
static Tensor *run_attention_of_columns(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->layout->query_rows, 3 * c->in);
    Attention args =
        attention_of(c, dm_columns(x, 0, c->in), dm_columns(x, c->in, c->in), dm_columns(x, 2 * c->in, c->in));
    return dm_attention(&b->graph, &args);
}

// As a layer has it: queries and keys turn, which are some columns of what values are columns of too.
static Tensor *run_attention_of_turned(Bench *b, const Case *c)
{
    Tensor *x = bench_input(b, c->layout->query_rows, 3 * c->in), *qk = dm_view(&b->graph, dm_columns(x, 0, 2 * c->in));
    const Tensor *turned = dm_rotate(&b->graph, qk, turns_of(b, qk->rows, c->in / c->heads), 2 * c->heads);
    Attention args = attention_of(c, dm_columns(turned, 0, c->in), dm_columns(turned, c->in, c->in),
                                  dm_columns(x, 2 * c->in, c->in));
    return dm_attention(&b->graph, &args);
}

static Tensor *run_rotate(Bench *b, const Case *c)
{
    return dm_rotate(&b->graph, bench_input(b, c->rows, c->in), turns_of(b, c->rows, c->in / c->heads), c->heads);
}

// k and value are neighbours in one tensor.
static Tensor *run_additive_attention(Bench *b, const Case *c)
{
    const Layout *l = c->layout;
    const Tensor *q = bench_input(b, l->query_rows, c->in), *x = bench_input(b, l->key_rows, c->in + c->out);
    return dm_additive_attention(&b->graph,
                                 &(AdditiveAttention){.q = *q,
                                                      .k = dm_columns(x, 0, c->in),
                                                      .value = dm_columns(x, c->in, c->out),
                                                      .v = bench_weight(b, 1, c->in, 1, 0),
                                                      .queries = {l->sequences, l->query_start, l->query_length},
                                                      .keys = {l->sequences, l->key_start, l->key_length}});
}

static Tensor *run_cross_entropy(Bench *b, const Case *c)
{
    static int targets[512];
    static float values[512], weights[512];
    Random random = dm_random(5, 0, 0, 0);
    for (int i = 0; i < c->rows; i++) {
        do targets[i] = (int)dm_random_below(&random, (uint64_t)c->out);
        while (c->frozen && targets[i] == c->frozen);
    }
    for (int i = 0; i < c->out; i++) values[i] = (float)dm_random_normal(&random) * 0.5f;
    for (int i = 0; c->weighted && i < c->rows; i++) {
        weights[i] = (float)dm_random_below(&random, 4) - 1;
        if (weights[i] == 0) targets[i] = i % 2 ? INT_MIN : INT_MAX;
    }
    Tensor *bias = dm_arena_take(&b->arena, sizeof(Tensor));
    *bias = (Tensor){.rows = 1, .cols = c->out, .stride = c->out, .data = values};
    const Tensor *x = bench_input(b, c->rows, c->in);
    b->loss = dm_cross_entropy(&b->graph, &(CrossEntropy){.x = x,
                                                          .weight = bench_weight(b, c->out, c->in, 0.5f, 0),
                                                          .bias = c->bias ? bias : NULL,
                                                          .targets = targets,
                                                          .smoothing = c->rate,
                                                          .weights = c->weighted ? weights : NULL,
                                                          .excluded = c->frozen ? c->frozen : -1});
    return NULL;
}

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

// The last piece has a bias of -10000 where there are any; both losses at once go into the same gradients.
static Tensor *run_divergence(Bench *b, const Case *c)
{
    static float values[512];
    Random random = dm_random(5, 0, 0, 0);
    for (int i = 0; i < c->out; i++) values[i] = (float)dm_random_normal(&random) * 0.5f;
    values[c->out - 1] = -10000;
    Tensor *bias = dm_arena_take(&b->arena, sizeof(Tensor));
    *bias = (Tensor){.rows = 1, .cols = c->out, .stride = c->out, .data = values};
    const Tensor *x = bench_input(b, c->rows, c->in), *weight = bench_weight(b, c->out, c->in, 0.5f, 0);
    const Divergence args = {.x = x,
                             .weight = weight,
                             .bias = c->bias ? bias : NULL,
                             .excluded = c->frozen ? c->frozen : -1,
                             .factor = -0.75f};
    b->loss = (Loss){0};
    if (c->weighted) {
        static const int targets[8] = {1, 0, 3, 2, 1, 2, 0, 1};
        b->loss =
            dm_cross_entropy(&b->graph, &(CrossEntropy){.x = x, .weight = weight, .targets = targets, .excluded = -1});
    }
    b->loss.objective += args.factor * dm_divergence(&b->graph, &args);
    return NULL;
}

// For search: nothing flows back.
static Tensor *run_log_probabilities(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    return dm_log_probabilities(&b->graph, x, bench_weight(b, c->out, c->in, 0.5f, 0),
                                bench_weight(b, 1, c->out, 0.5f, 0));
}

static Tensor *run_next_pieces(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    return dm_next_pieces(&b->graph, x, bench_weight(b, c->out, c->in, 0.5f, 0), bench_weight(b, 1, c->out, 0.5f, 0), 5)
        .logits;
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

// Windows of three over nine rows, with gaps, a row twice in one window, and one that nobody sees.
static const int windows[] = {-1, 0, 1, 0, 1, 2, 1, 2, 3, 7, 7, -1, 5, -1, 4, 8, 3, 0};

static Tensor *run_unfold(Bench *b, const Case *c)
{
    return dm_unfold(&b->graph, bench_input(b, 9, c->in), (Window){DM_COUNT(windows) / 3, 3, windows});
}

// A weight that all rows share.
static Tensor *run_convolve(Bench *b, const Case *c)
{
    return dm_convolve(&b->graph, bench_input(b, 9, c->in), bench_weight(b, c->heads, 3, 1, 0), c->heads,
                       (Window){DM_COUNT(windows) / 3, 3, windows});
}

static Tensor *run_convolve_by_row(Bench *b, const Case *c)
{
    const int n = DM_COUNT(windows) / 3;
    return dm_convolve(&b->graph, bench_input(b, 9, c->in), bench_input(b, n, c->heads * 3), c->heads,
                       (Window){n, 3, windows});
}

static Tensor *run_softmax_groups(Bench *b, const Case *c)
{
    return dm_softmax_groups(&b->graph, bench_input(b, c->rows, c->in), c->out);
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

static Tensor *run_affinity(Bench *b, const Case *c)
{
    const Tensor *wide = bench_input(b, c->rows, c->in + 5);
    Tensor *x = dm_arena_take(&b->arena, sizeof(Tensor));
    *x = dm_columns(wide, 2, c->in);
    return dm_affinity(&b->graph, x, bench_weight(b, c->out, c->in, 0.5f, 0));
}

// Of logits so far apart that no difference quotient changes a choice; every row has its experts in another order.
static const Routing *spread_route(Bench *b, const Case *c)
{
    Tensor *ranks = dm_tensor(&b->graph, c->rows, c->out);
    for (int i = 0; i < c->rows; i++)
        for (int e = 0; e < c->out; e++) dm_row(ranks, i)[e] = 1.5f * (float)((e * 3 + i * i) % c->out);
    const Tensor *logits = dm_add(&b->graph, ranks, dm_scale(&b->graph, bench_input(b, c->rows, c->out), 0.2f));
    return dm_route(&b->graph, &(Route){.logits = logits, .top = c->heads, .sigmoid = c->sigmoid});
}

static Tensor *run_route(Bench *b, const Case *c)
{
    return spread_route(b, c)->gates;
}

// As a block has it: the parts are made of rows of one tensor; every other one is these rows themselves. A row of the
// part of the first choice is looked at besides, and so has a gradient already.
static Tensor *run_combine(Bench *b, const Case *c)
{
    const Routing *r = spread_route(b, c);
    const Tensor *sorted = dm_scale(&b->graph, bench_input(b, c->rows * c->heads, c->in), -1), *parts[16] = {NULL};
    for (int e = 0; e < r->experts; e++) {
        const int rows = r->start[e + 1] - r->start[e];
        const Tensor *view = dm_view(&b->graph, dm_rows(sorted, r->start[e], rows));
        if (rows) parts[e] = e % 2 ? view : dm_scale(&b->graph, view, 1.5f);
    }
    const int *rows = memset(dm_arena_take(&b->arena, (size_t)c->rows * sizeof(int)), 0, (size_t)c->rows * sizeof(int));
    const Tensor *combined = dm_combine(&b->graph, r, parts, c->in);
    return dm_add(&b->graph, combined, dm_collect(&b->graph, &parts[r->chosen[0]], 1, rows, c->rows));
}

static Tensor *run_balance(Bench *b, const Case *c)
{
    const double factor = 2.5;
    b->loss = (Loss){.objective = factor * dm_balance(&b->graph, spread_route(b, c), factor)};
    return NULL;
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

// Several ops in a row, a tensor used twice: the order of the tape and the adding up.
static Tensor *run_chain(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->rows, c->in);
    const Tensor *weight = bench_weight(b, c->in, c->in, 0.5f, 0), *bias = bench_weight(b, 1, c->in, 0.5f, 0);
    const Tensor *gain = bench_weight(b, 1, c->in, 0.5f, 1);
    const Tensor *h = dm_linear(&b->graph, x, weight, bias, DM_TANH);
    const Tensor *again = dm_linear(&b->graph, h, weight, bias, DM_SWISH);  // the same weight twice
    const Tensor *sum = dm_residual(&b->graph, h, again, 0.25f);
    const Tensor *normed = dm_layer_norm(&b->graph, sum, gain, bias);
    return dm_concatenate(&b->graph, dm_add(&b->graph, normed, x), dm_scale(&b->graph, h, 0.5f));
}

// Self-attention over sequences of 5, 1, 8 and 3 rows, in another order than they lie.
static const Layout short_spans = {4, {9, 0, 1, 14}, {5, 1, 8, 3}, {9, 0, 1, 14}, {5, 1, 8, 3}, 17, 17};
static const Layout one_token = {1, {0}, {1}, {0}, {1}, 1, 1};
static const Layout blocks = {2, {0, 65}, {65, 20}, {0, 65}, {65, 20}, 85, 85};  // of attention in a window
static const Layout long_spans = {2, {0, 131}, {131, 37}, {0, 131}, {131, 37}, 168, 168};
// Queries over other rows than their own; the last sequence shares half of the keys of the first, two share all of
// them. Key rows 12 and 13 are nobody's.
static const Layout cross = {4, {0, 4, 5, 9}, {4, 1, 4, 2}, {2, 9, 2, 0}, {7, 3, 7, 4}, 11, 14};
static const Layout long_cross = {3, {0, 20, 133}, {20, 113, 1}, {0, 0, 90}, {120, 100, 64}, 134, 154};
// A step of a recurrent decoder: one query each, in another order than the keys; two share theirs.
static const Layout decoder_step = {4, {2, 0, 1, 3}, {1, 1, 1, 1}, {0, 9, 9, 3}, {9, 4, 4, 1}, 4, 13};
static const Layout against_cache = {3, {0, 1, 4}, {1, 3, 2}, {0, 8, 14}, {8, 6, 2}, 6, 16};

// clang-format off
static const Case cases[] = {
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
    {.op = "embedding", .what = "frozen row", .run = run_embedding, .in = 12, .bias = true, .frozen = 6},
    {.op = "embedding", .what = "dropout", .run = run_embedding, .in = 33, .bias = true, .frozen = 6, .rate = 0.3f},
    {.op = "embedding", .what = "dropout, one column", .run = run_embedding, .in = 1, .rate = 0.3f},
    {.op = "embedding", .what = "dropout, wide", .run = run_embedding, .in = 128, .rate = 0.1f, .bias = true},
    {.op = "embedding", .what = "learned positions", .run = run_embedding, .in = 12, .bias = true, .out = 6},
    {.op = "embedding", .what = "learned positions, frozen row", .run = run_embedding, .in = 7, .bias = true, .out = 4,
     .frozen = 6},
    {.op = "embedding", .what = "learned positions, dropout", .run = run_embedding, .in = 33, .bias = true, .out = 5,
     .frozen = 6, .rate = 0.3f},

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

    {.op = "attention", .what = "self", .run = run_attention_of_columns, .in = 8, .heads = 2, .layout = &short_spans},
    {.op = "attention", .what = "self, heads of one", .run = run_attention_of_columns, .in = 3, .heads = 3,
     .layout = &short_spans},
    {.op = "attention", .what = "self, 33 wide", .run = run_attention_of_columns, .in = 33, .heads = 3,
     .layout = &short_spans},
    {.op = "attention", .what = "self, 128 wide", .run = run_attention_of_columns, .in = 128, .heads = 4,
     .layout = &short_spans},
    {.op = "attention", .what = "causal", .run = run_attention_of_columns, .in = 12, .heads = 2, .causal = true,
     .layout = &short_spans},
    {.op = "attention", .what = "causal, one head", .run = run_attention, .in = 7, .heads = 1, .causal = true,
     .layout = &short_spans},
    {.op = "attention", .what = "one token", .run = run_attention_of_columns, .in = 8, .heads = 2, .causal = true,
     .layout = &one_token},
    {.op = "attention", .what = "cross", .run = run_attention, .in = 12, .heads = 3, .layout = &cross},
    {.op = "attention", .what = "keys that are the values", .run = run_attention_of_one, .in = 12, .heads = 3,
     .layout = &short_spans},
    {.op = "attention", .what = "shared keys that are the values", .run = run_attention_of_one, .in = 12, .heads = 1,
     .layout = &cross},
    {.op = "attention", .what = "against a cache", .run = run_attention, .in = 8, .heads = 2, .causal = true,
     .layout = &against_cache},
    {.op = "attention", .what = "long", .run = run_attention_of_columns, .in = 24, .heads = 2, .layout = &long_spans},
    {.op = "attention", .what = "long, causal", .run = run_attention_of_columns, .in = 24, .heads = 2, .causal = true,
     .layout = &long_spans},
    {.op = "attention", .what = "long, cross", .run = run_attention, .in = 14, .heads = 2, .layout = &long_cross},

    {.op = "attention", .what = "leaning", .run = run_attention_of_columns, .in = 12, .heads = 2, .leans = true,
     .layout = &short_spans},
    {.op = "attention", .what = "leaning, causal", .run = run_attention_of_columns, .in = 24, .heads = 3, .leans = true,
     .causal = true, .layout = &short_spans},
    {.op = "attention", .what = "in a window", .run = run_attention_of_columns, .in = 8, .heads = 2, .window = 2,
     .layout = &short_spans},
    {.op = "attention", .what = "in a window, causal", .run = run_attention, .in = 7, .heads = 1, .window = 3,
     .causal = true, .layout = &short_spans},
    {.op = "attention", .what = "in a window, blocks", .run = run_attention_of_columns, .in = 6, .heads = 2,
     .window = 9, .layout = &blocks},
    {.op = "attention", .what = "in a window, blocks, leaning, causal", .run = run_attention_of_columns, .in = 6,
     .heads = 2, .window = 25, .causal = true, .leans = true, .layout = &blocks},
    {.op = "attention", .what = "turned", .run = run_attention_of_turned, .in = 12, .heads = 2, .layout = &short_spans},
    {.op = "attention", .what = "turned, in a window, causal", .run = run_attention_of_turned, .in = 16, .heads = 4,
     .window = 2, .causal = true, .layout = &short_spans},
    {.op = "rotate", .what = "one pair", .run = run_rotate, .rows = 3, .in = 2, .heads = 1},
    {.op = "rotate", .what = "heads", .run = run_rotate, .rows = 5, .in = 18, .heads = 3},
    {.op = "rotate", .what = "wide", .run = run_rotate, .rows = 4, .in = 128, .heads = 2},

    {.op = "additive_attention", .what = "step", .run = run_additive_attention, .in = 8, .out = 12,
     .layout = &decoder_step},
    {.op = "additive_attention", .what = "step, 33 wide", .run = run_additive_attention, .in = 33, .out = 7,
     .layout = &decoder_step},
    {.op = "additive_attention", .what = "one by one", .run = run_additive_attention, .in = 1, .out = 1,
     .layout = &one_token},
    {.op = "additive_attention", .what = "several queries", .run = run_additive_attention, .in = 7, .out = 33,
     .layout = &cross},

    {.op = "cross_entropy", .what = "plain", .run = run_cross_entropy, .rows = 5, .in = 8, .out = 11},
    {.op = "cross_entropy", .what = "bias", .run = run_cross_entropy, .rows = 4, .in = 7, .out = 16, .bias = true},
    {.op = "cross_entropy", .what = "smoothing", .run = run_cross_entropy, .rows = 4, .in = 12, .out = 33,
     .rate = 0.1f},
    {.op = "cross_entropy", .what = "smoothing, excluded", .run = run_cross_entropy, .rows = 6, .in = 8, .out = 37,
     .rate = 0.1f, .frozen = 36, .bias = true},
    {.op = "cross_entropy", .what = "excluded", .run = run_cross_entropy, .rows = 6, .in = 8, .out = 13, .frozen = 12},
    {.op = "cross_entropy", .what = "excluded in the middle", .run = run_cross_entropy, .rows = 3, .in = 3, .out = 13,
     .rate = 0.2f, .frozen = 5, .bias = true},
    {.op = "cross_entropy", .what = "many rows", .run = run_cross_entropy, .rows = 150, .in = 7, .out = 45,
     .rate = 0.1f, .frozen = 44, .bias = true},
    {.op = "cross_entropy", .what = "large vocabulary", .run = run_cross_entropy, .rows = 67, .in = 33, .out = 501,
     .rate = 0.1f, .frozen = 500, .bias = true},

    {.op = "cross_entropy", .what = "weights", .run = run_cross_entropy, .rows = 9, .in = 7, .out = 16,
     .weighted = true},
    {.op = "cross_entropy", .what = "weights, smoothing, excluded", .run = run_cross_entropy, .rows = 40, .in = 8,
     .out = 301, .weighted = true, .rate = 0.1f, .frozen = 300, .bias = true},

    {.op = "divergence", .what = "one pair", .run = run_divergence, .rows = 2, .in = 8, .out = 11},
    {.op = "divergence", .what = "bias", .run = run_divergence, .rows = 10, .in = 7, .out = 16, .bias = true},
    {.op = "divergence", .what = "excluded", .run = run_divergence, .rows = 6, .in = 3, .out = 13, .frozen = 5},
    {.op = "divergence", .what = "large vocabulary", .run = run_divergence, .rows = 14, .in = 12, .out = 301,
     .frozen = 300, .bias = true},
    {.op = "divergence", .what = "many pairs", .run = run_divergence, .rows = DM_CROSS_ENTROPY_ROWS + 26, .in = 3,
     .out = 9, .bias = true},
    {.op = "divergence", .what = "and cross_entropy", .run = run_divergence, .rows = 8, .in = 7, .out = 10,
     .weighted = true},

    {.op = "log_probabilities", .what = "33", .run = run_log_probabilities, .rows = 3, .in = 7, .out = 33,
     .constant = true},
    {.op = "next_pieces", .what = "5 of 33", .run = run_next_pieces, .rows = 3, .in = 7, .out = 33, .constant = true},

    {.op = "linear_sum", .what = "steps", .run = run_linear_sum, .rows = 5, .in = 7, .out = 12, .bias = true,
     .activation = DM_TANH},
    {.op = "linear_sum", .what = "more than announced", .run = run_linear_sum, .rows = 5, .in = 33, .out = 9,
     .activation = DM_TANH},
    {.op = "linear_sum", .what = "fewer than announced", .run = run_linear_sum, .rows = 4, .in = 8, .out = 30, .bias = true,
     .activation = DM_GELU},
    {.op = "gru", .what = "1", .run = run_gru, .rows = 3, .in = 1},
    {.op = "gru", .what = "7", .run = run_gru, .rows = 5, .in = 7},
    {.op = "gru", .what = "33", .run = run_gru, .rows = 4, .in = 33},
    {.op = "lstm", .what = "1", .run = run_lstm, .rows = 3, .in = 1},
    {.op = "lstm", .what = "33", .run = run_lstm, .rows = 4, .in = 33},
    {.op = "lstm", .what = "twice", .run = run_lstm_twice, .rows = 3, .in = 7},
    {.op = "gru", .what = "steps", .run = run_gru_steps, .rows = 3, .in = 9},

    {.op = "gate", .what = "1", .run = run_gate, .rows = 3, .in = 1, .activation = DM_SWISH},
    {.op = "gate", .what = "linear", .run = run_gate, .rows = 4, .in = 7, .activation = DM_IDENTITY},
    {.op = "gate", .what = "swish", .run = run_gate, .rows = 4, .in = 33, .activation = DM_SWISH},
    {.op = "gate", .what = "gelu", .run = run_gate, .rows = 2, .in = 12, .activation = DM_GELU},
    {.op = "gate", .what = "tanh", .run = run_gate, .rows = 3, .in = 12, .activation = DM_TANH},
    {.op = "gate", .what = "of a product", .run = run_gate_of_product, .rows = 5, .in = 8, .out = 33,
     .activation = DM_GELU},

    {.op = "unfold", .what = "3", .run = run_unfold, .in = 3},
    {.op = "unfold", .what = "33", .run = run_unfold, .in = 33},
    {.op = "convolve", .what = "each column", .run = run_convolve, .in = 12, .heads = 12},
    {.op = "convolve", .what = "3 heads", .run = run_convolve, .in = 12, .heads = 3},
    {.op = "convolve", .what = "one head", .run = run_convolve, .in = 33, .heads = 1},
    {.op = "convolve", .what = "rows of their own", .run = run_convolve_by_row, .in = 12, .heads = 4},
    {.op = "convolve", .what = "rows and columns of their own", .run = run_convolve_by_row, .in = 7, .heads = 7},
    {.op = "softmax_groups", .what = "of 1", .run = run_softmax_groups, .rows = 2, .in = 3, .out = 1},
    {.op = "softmax_groups", .what = "of 5", .run = run_softmax_groups, .rows = 3, .in = 20, .out = 5},
    {.op = "scale_rows", .what = "7", .run = run_scale_rows, .rows = 4, .in = 7},
    {.op = "scale_gradient", .what = "twice", .run = run_scale_gradient, .rows = 3, .in = 7},
    {.op = "linear", .what = "sigmoid", .run = run_linear, .rows = 4, .in = 7, .out = 12, .bias = true,
     .activation = DM_SIGMOID},
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

    {.op = "affinity", .what = "8", .run = run_affinity, .rows = 5, .in = 12, .out = 8},
    {.op = "affinity", .what = "3", .run = run_affinity, .rows = 9, .in = 7, .out = 3},
    {.op = "affinity", .what = "33", .run = run_affinity, .rows = 1, .in = 8, .out = 33},
    {.op = "route", .what = "top 2", .run = run_route, .rows = 6, .out = 5, .heads = 2},
    {.op = "route", .what = "top 1", .run = run_route, .rows = 5, .out = 4, .heads = 1},
    {.op = "route", .what = "all", .run = run_route, .rows = 4, .out = 4, .heads = 4},
    {.op = "route", .what = "sigmoid, top 3", .run = run_route, .rows = 5, .out = 8, .heads = 3, .sigmoid = true},
    {.op = "route", .what = "sigmoid, top 1", .run = run_route, .rows = 5, .out = 4, .heads = 1, .sigmoid = true},
    {.op = "combine", .what = "top 2", .run = run_combine, .rows = 6, .in = 7, .out = 5, .heads = 2},
    {.op = "combine", .what = "top 1, some without rows", .run = run_combine, .rows = 3, .in = 33, .out = 8, .heads = 1},
    {.op = "combine", .what = "sigmoid, top 3", .run = run_combine, .rows = 5, .in = 12, .out = 4, .heads = 3,
     .sigmoid = true},
    {.op = "balance", .what = "top 2", .run = run_balance, .rows = 6, .out = 5, .heads = 2},
    {.op = "balance", .what = "sigmoid, top 1", .run = run_balance, .rows = 5, .out = 4, .heads = 1, .sigmoid = true},

    {.op = "add", .what = "33", .run = run_add, .rows = 4, .in = 33},
    {.op = "add", .what = "x + x", .run = run_add_to_itself, .rows = 3, .in = 7},
    {.op = "add", .what = "rows of x", .run = run_add_of_rows, .rows = 3, .in = 7},
    {.op = "scale", .what = "12", .run = run_scale, .rows = 3, .in = 12},
    {.op = "concatenate", .what = "7 and 1", .run = run_concatenate, .rows = 4, .in = 7, .out = 1},
    {.op = "concatenate", .what = "3 and 33", .run = run_concatenate, .rows = 3, .in = 3, .out = 33},
    {.op = "collect", .what = "1", .run = run_collect, .in = 1},
    {.op = "collect", .what = "33", .run = run_collect, .in = 33},
    {.op = "dropout", .what = "7", .run = run_dropout_alone, .rows = 5, .in = 7, .rate = 0.3f},
    {.op = "dropout", .what = "128", .run = run_dropout_alone, .rows = 2, .in = 128, .rate = 0.3f},
    {.op = "dropout", .what = "x + dropout", .run = run_dropout, .rows = 5, .in = 33, .rate = 0.3f},
    {.op = "dropout", .what = "0", .run = run_dropout, .rows = 5, .in = 3},
    {.op = "linear", .what = "a chain of ops", .run = run_chain, .rows = 4, .in = 12},
};
// clang-format on

static double scalar(Bench *b, const Case *c)
{
    bench_begin(b, false);
    b->graph.recording = c->recorded;
    return bench_scalar(b, c->run(b, c));
}

// The derivative of the scalar by one stored number.
static double slope(Bench *b, const Case *c, float *value)
{
    double quotient[2];
    float kept = *value;
    for (int i = 0; i < 2; i++) {
        float high = kept + step * (float)(i + 1), low = kept - step * (float)(i + 1);
        *value = high;
        double above = scalar(b, c);
        *value = low;
        double below = scalar(b, c);
        quotient[i] = (above - below) / ((double)high - low);
    }
    *value = kept;
    return (4 * quotient[0] - quotient[1]) / 3;
}

// gradient [size] (with `earlier` in it) against the slopes by values [size]; of a frozen row nothing was to be added.
static void compare(Bench *b, const Case *c, const char *name, int index, float *values, const float *gradient,
                    size_t size, size_t frozen_from, size_t frozen_to)
{
    double largest = smallest;
    for (size_t i = 0; i < size; i++) largest = fmax(largest, fabsf(gradient[i] - earlier));
    Random random = dm_random(11, 0, 0, 0);
    size_t checked = size > SAMPLE ? SAMPLE : size;
    for (size_t n = 0; n < checked; n++) {
        size_t i = checked < size ? dm_random_below(&random, size) : n;
        bool frozen = c->constant || (frozen_from <= i && i < frozen_to);
        double analytic = (double)gradient[i] - earlier, numeric = frozen ? 0 : slope(b, c, values + i);
        if (fabs(analytic - numeric) <= (frozen ? 0 : tolerance * largest)) continue;
        expect(false, "%s, %s: gradient of %s %d, element %zu of %zu, is %.6g; differences say %.6g (largest %.3g)",
               c->op, c->what, name, index, i, size, analytic, numeric, largest);
        return;
    }
    expect(isfinite(largest), "%s, %s: gradient of %s %d is not finite", c->op, c->what, name, index);
}

// Inputs that have a gradient already are added to, others are written: here `earlier` comes before or after.
static void add_earlier(Bench *b)
{
    for (int i = 0; i < b->input_count; i++) {
        float *gradient = dm_gradient(&b->graph, b->inputs[i].tensor);
        for (int j = 0; gradient && j < b->inputs[i].rows * b->inputs[i].cols; j++) gradient[j] += earlier;
    }
}

static void run_both_ways(Bench *b, const Case *c, bool weights_wanted, bool first)
{
    bench_begin(b, true);
    if (!weights_wanted) b->graph.gradients = NULL;
    for (size_t i = 0; i < BENCH_WEIGHTS; i++) b->gradients[i] = earlier;
    Tensor *y = c->run(b, c);
    if (!first) add_earlier(b);
    bench_backward(b, y);
    if (first) add_earlier(b);
}

static float *copy_floats(const float *from, size_t count)
{
    return memcpy(dm_allocate(count, sizeof(float)), from, count * sizeof(float));
}

static void gradients_agree_with_differences(void)
{
    for (size_t n = 0; n < 2 * DM_COUNT(cases); n++) {
        const Case *c = &cases[n / 2];
        Bench b;
        bench_open(&b);
        b.lattice = c->lattice;
        run_both_ways(&b, c, true, n % 2);
        float *gradient[BENCH_TENSORS];  // the differences overwrite the arena
        for (int i = 0; i < b.input_count; i++)
            gradient[i] = copy_floats(b.inputs[i].tensor->grad, (size_t)b.inputs[i].rows * (size_t)b.inputs[i].cols);
        for (int i = 0; i < b.input_count; i++) {
            compare(&b, c, "input", i, b.inputs[i].values, gradient[i],
                    (size_t)b.inputs[i].rows * (size_t)b.inputs[i].cols, 0, 0);
            dm_free(gradient[i]);
        }
        for (int i = 0; i < b.weight_count; i++) {
            const Tensor *w = &b.weights[i];
            size_t width = (size_t)w->cols, frozen = i == 0 && c->frozen ? (size_t)c->frozen * width : (size_t)-1;
            compare(&b, c, "weight", i, w->data, bench_gradient(&b, i), (size_t)w->rows * width, frozen,
                    frozen == (size_t)-1 ? frozen : frozen + width);
        }
        for (size_t i = b.parameters_used; i < b.parameters_used + 64; i++)
            if (b.gradients[i] != earlier) expect(false, "%s, %s: wrote behind the last gradient", c->op, c->what);
        bench_close(&b);
    }
}

static void every_op_has_a_case(void)
{
    CU_ASSERT_PTR_NOT_NULL(dm_ops[0]);
    for (int i = 0; dm_ops[i]; i++) {
        bool found = false;
        CU_ASSERT_PTR_NOT_NULL(dm_ops[i]->backward);
        for (size_t n = 0; n < DM_COUNT(cases); n++)
            if (!strcmp(cases[n].op, dm_ops[i]->name)) found = true;
        expect(found, "op %s has no case in gradient_test.c", dm_ops[i]->name);
    }
}

static void every_case_names_an_op(void)
{
    for (size_t n = 0; n < DM_COUNT(cases); n++) {
        bool found = false;
        for (int i = 0; dm_ops[i]; i++)
            if (!strcmp(cases[n].op, dm_ops[i]->name)) found = true;
        expect(found, "there is no op %s", cases[n].op);
    }
}

// Recording changes nothing of what comes out, but where that is said.
static void forward_is_the_same_without_a_tape(void)
{
    for (size_t n = 0; n < DM_COUNT(cases); n++) {
        const Case *c = &cases[n];
        if (c->recorded) continue;
        Bench b;
        bench_open(&b);
        bench_begin(&b, true);
        double recorded = bench_scalar(&b, c->run(&b, c));
        double plain = scalar(&b, c);
        expect(fabs(recorded - plain) <= 1e-5 * (1 + fabs(plain)), "%s, %s: %.9g on tape, %.9g without", c->op, c->what,
               recorded, plain);
        CU_ASSERT_PTR_NULL(b.graph.tape);
        bench_close(&b);
    }
}

// Where the inputs want no gradient the weights get theirs, and the other way round.
static void an_unwanted_gradient_is_left_out(void)
{
    for (size_t n = 0; n < DM_COUNT(cases); n++) {
        const Case *c = &cases[n];
        Bench b;
        bench_open(&b);
        run_both_ways(&b, c, true, true);
        float *weights = copy_floats(b.gradients, b.parameters_used + 1);
        float *inputs = NULL;
        size_t input_size = b.input_count ? (size_t)b.inputs[0].rows * (size_t)b.inputs[0].cols : 0;
        if (input_size) inputs = copy_floats(b.inputs[0].tensor->grad, input_size);

        b.inputs_constant = true;
        run_both_ways(&b, c, true, true);
        char what[128];
        snprintf(what, sizeof what, "%s, %s: weights without inputs", c->op, c->what);
        agree_floats(what, b.gradients, weights, b.parameters_used + 1, 1e-6);

        b.inputs_constant = false;
        run_both_ways(&b, c, false, false);
        snprintf(what, sizeof what, "%s, %s: inputs without weights", c->op, c->what);
        if (input_size) agree_floats(what, b.inputs[0].tensor->grad, inputs, input_size, 1e-6);
        for (size_t i = 0; i < BENCH_WEIGHTS; i++)
            if (b.gradients[i] != earlier) expect(false, "%s, %s: wrote into unwanted gradients", c->op, c->what);
        dm_free(inputs);
        dm_free(weights);
        bench_close(&b);
    }
}

const Fact facts[] = {
    FACT(every_op_has_a_case),
    FACT(every_case_names_an_op),
    FACT(gradients_agree_with_differences),
    FACT(forward_is_the_same_without_a_tape),
    FACT(an_unwanted_gradient_is_left_out),
    {NULL, NULL},
};
