// Attention, and what turns its queries and keys. Their gradients against differences (gradient.h).
#include "tensor/gradient.h"

const char *const family = "attention";

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

static Spans queries_of(const Case *c)
{
    return (Spans){c->layout->sequences, c->layout->query_start, c->layout->query_length};
}

static Spans keys_of(const Case *c)
{
    return (Spans){c->layout->sequences, c->layout->key_start, c->layout->key_length};
}

static const AttentionView *begin_looking(Bench *b, const Case *c, int heads)
{
    AttentionTap tap = {.gradients = b->graph.recording};
    if (c->looks) b->graph.tap = &tap;
    const AttentionView *view = dm_tap(&b->graph, DM_DECODER_ATTENTION, heads, queries_of(c), keys_of(c));
    b->graph.tap = NULL;
    return view;
}

// The loss: each probability times a number of its own.
static Tensor *look(Bench *b, const AttentionView *view, Tensor *y)
{
    int at = BENCH_OUTPUTS;
    b->loss = (Loss){0};
    for (int s = 0; view && s < view->queries.n; s++)
        for (int i = 0; i < view->heads * view->queries.length[s] * view->keys.length[s]; i++) {
            const double factor = b->output_weights[--at];
            b->loss.objective += factor * (double)view->probabilities[s][i];
            if (view->gradients) view->gradients[s][i] += (float)factor;
        }
    return y;
}

static Attention attention_of(const Case *c, Tensor q, Tensor k, Tensor v)
{
    static const float slopes[] = {0.25f, 0.5f, 0.0625f, 0.125f, 1, 0.75f, 0.03125f, 0};
    return (Attention){.q = q,
                       .k = k,
                       .v = v,
                       .heads = c->heads,
                       .key_heads = c->key_heads,
                       .causal = c->causal,
                       .window = c->window,
                       .slopes = c->leans ? slopes : NULL,
                       .queries = queries_of(c),
                       .keys = keys_of(c)};
}

static Tensor *attend(Bench *b, const Case *c, Attention args)
{
    args.view = begin_looking(b, c, args.heads);
    return look(b, args.view, dm_attention(&b->graph, &args));
}

// q, k and v are tensors of their own.
static Tensor *run_attention(Bench *b, const Case *c)
{
    Tensor q = *bench_input(b, c->layout->query_rows, c->in);
    Tensor k = *bench_input(b, c->layout->key_rows, c->in), v = *bench_input(b, c->layout->key_rows, c->in);
    return attend(b, c, attention_of(c, q, k, v));
}

// Keys and values are one tensor, as the annotations of a recurrent encoder are.
static Tensor *run_attention_of_one(Bench *b, const Case *c)
{
    Tensor q = *bench_input(b, c->layout->query_rows, c->in), k = *bench_input(b, c->layout->key_rows, c->in);
    return attend(b, c, attention_of(c, q, k, k));
}

// q, k and v are neighbours in one tensor, as one projection makes them.
static Tensor *run_attention_of_columns(Bench *b, const Case *c)
{
    const Tensor *x = bench_input(b, c->layout->query_rows, 3 * c->in);
    return attend(
        b, c, attention_of(c, dm_columns(x, 0, c->in), dm_columns(x, c->in, c->in), dm_columns(x, 2 * c->in, c->in)));
}

// The same, of fewer heads of keys and values than of queries.
static Tensor *run_attention_of_shared(Bench *b, const Case *c)
{
    const int width = c->in / c->heads * c->key_heads;
    const Tensor *x = bench_input(b, c->layout->query_rows, c->in + 2 * width);
    return attend(
        b, c,
        attention_of(c, dm_columns(x, 0, c->in), dm_columns(x, c->in, width), dm_columns(x, c->in + width, width)));
}

// As a layer has it: queries and keys turn, which are some columns of what values are columns of too.
static Tensor *run_attention_of_turned(Bench *b, const Case *c)
{
    Tensor *x = bench_input(b, c->layout->query_rows, 3 * c->in), *qk = dm_view(&b->graph, dm_columns(x, 0, 2 * c->in));
    const Tensor *turned = dm_rotate(&b->graph, qk, turns_of(b, qk->rows, c->in / c->heads), 2 * c->heads);
    return attend(b, c,
                  attention_of(c, dm_columns(turned, 0, c->in), dm_columns(turned, c->in, c->in),
                               dm_columns(x, 2 * c->in, c->in)));
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
    const AttentionView *view = begin_looking(b, c, 1);
    return look(b, view,
                dm_additive_attention(&b->graph, &(AdditiveAttention){.q = *q,
                                                                      .k = dm_columns(x, 0, c->in),
                                                                      .value = dm_columns(x, c->in, c->out),
                                                                      .v = bench_weight(b, 1, c->in, 1, 0),
                                                                      .queries = queries_of(c),
                                                                      .keys = keys_of(c),
                                                                      .view = view}));
}

// Self-attention over sequences of 5, 1, 8 and 3 rows, in another order than they lie.
static const Layout short_spans = {4, {9, 0, 1, 14}, {5, 1, 8, 3}, {9, 0, 1, 14}, {5, 1, 8, 3}, 17, 17};
static const Layout in_order = {2, {0, 5}, {5, 4}, {0, 5}, {5, 4}, 9, 9};  // so that gradients are written, not added
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
const Case cases[] = {
    {.op = "attention", .what = "self", .run = run_attention_of_columns, .in = 8, .heads = 2, .layout = &short_spans},
    {.op = "attention", .what = "self, heads of one", .run = run_attention_of_columns, .in = 3, .heads = 3,
     .layout = &short_spans},
    {.op = "attention", .what = "self, 33 wide", .run = run_attention_of_columns, .in = 33, .heads = 3,
     .layout = &short_spans},
    {.op = "attention", .what = "self, 128 wide", .run = run_attention_of_columns, .in = 128, .heads = 4,
     .layout = &short_spans},
    {.op = "attention", .what = "shared keys", .run = run_attention_of_shared, .in = 12, .heads = 4, .key_heads = 2,
     .layout = &in_order},
    {.op = "attention", .what = "one for all, causal, a window", .run = run_attention_of_shared, .in = 12, .heads = 3,
     .key_heads = 1, .causal = true, .window = 2, .layout = &short_spans},
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
    {.op = "attention", .what = "looked at, cross", .run = run_attention, .in = 12, .heads = 3, .looks = true,
     .layout = &cross},
    {.op = "attention", .what = "looked at, causal", .run = run_attention_of_columns, .in = 12, .heads = 2,
     .causal = true, .looks = true, .layout = &short_spans},
    {.op = "attention", .what = "looked at, long", .run = run_attention, .in = 14, .heads = 2, .looks = true,
     .layout = &long_cross},
    {.op = "attention", .what = "looked at, keys that are the values", .run = run_attention_of_one, .in = 12,
     .heads = 1, .looks = true, .layout = &cross},
    {.op = "attention", .what = "looked at, in a window, blocks, causal", .run = run_attention_of_columns, .in = 6,
     .heads = 2, .window = 9, .causal = true, .looks = true, .layout = &blocks},
    {.op = "attention", .what = "looked at, one for all", .run = run_attention_of_shared, .in = 12, .heads = 3,
     .key_heads = 1, .looks = true, .layout = &short_spans},
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
    {.op = "additive_attention", .what = "looked at, step", .run = run_additive_attention, .in = 8, .out = 12,
     .looks = true, .layout = &decoder_step},
    {.op = "additive_attention", .what = "looked at, several queries", .run = run_additive_attention, .in = 7,
     .out = 9, .looks = true, .layout = &cross},
    {.op = "additive_attention", .what = "several queries", .run = run_additive_attention, .in = 7, .out = 33,
     .layout = &cross},
    {.op = NULL},
};
// clang-format on
