// Losses of the output layer, and what search asks of it. Their gradients against differences (gradient.h).
#include <limits.h>

#include "tensor/gradient.h"
#include "tensor/seen.h"

const char *const family = "outputs";

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

// Two sequences, whose attention is an op's; the first source piece of each is none of the vocabulary's. Targets are
// pieces of the vocabulary, of the source, and what can only be copied.
static Tensor *run_pointer(Bench *b, const Case *c)
{
    static int targets[64], copies[64], query_start[2], query_length[2], key_start[2], key_length[2];
    static float weights[64];
    const int heads = c->heads ? c->heads : 1, keys = 9;
    query_length[0] = query_start[1] = c->rows / 3, query_length[1] = c->rows - c->rows / 3;
    key_length[0] = key_start[1] = 4, key_length[1] = keys - 4;
    const Spans queries = {2, query_start, query_length}, seen = {2, key_start, key_length};
    Random random = dm_random(6, 0, 0, 0);
    for (int j = 0; j < keys; j++) copies[j] = (int)dm_random_below(&random, (uint64_t)c->out);
    copies[0] = copies[4] = copies[7] = c->out;
    for (int i = 0; i < c->rows; i++) {
        const int own = copies[i < c->rows / 3 ? i % 4 : 4 + i % 5];
        targets[i] = i % 3 ? own : (int)dm_random_below(&random, (uint64_t)c->out);
        weights[i] = (float)dm_random_below(&random, 4) - 1;
    }
    AttentionTap tap = {.gradients = b->graph.recording};
    b->graph.tap = &tap;
    const AttentionView *view = dm_tap(&b->graph, DM_CROSS_ATTENTION, heads, queries, seen);
    b->graph.tap = NULL;
    const Tensor *q = bench_input(b, c->rows, 4 * heads), *k = bench_input(b, keys, 4 * heads);
    dm_attention(
        &b->graph,
        &(Attention){.q = *q, .k = *k, .v = *k, .heads = heads, .queries = queries, .keys = seen, .view = view});
    const Tensor *x = bench_input(b, c->rows, c->in);
    const Pointer pointer = {.gate = bench_input(b, c->rows, 1),
                             .source = bench_input(b, keys, 1),
                             .bias = bench_weight(b, 1, 1, 1, 0),
                             .view = view,
                             .head = c->heads ? DM_ALL_HEADS : 0,
                             .copies = copies};
    b->loss = dm_pointer_loss(&b->graph, &pointer,
                              &(CrossEntropy){.x = x,
                                              .weight = bench_weight(b, c->out, c->in, 0.5f, 0),
                                              .targets = targets,
                                              .smoothing = c->rate,
                                              .weights = c->weighted ? weights : NULL,
                                              .excluded = -1});
    return NULL;
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

// Sequences of 5 rows and 2 pieces each, of which every third has the same piece twice and one more, which leaves no
// room to choose; the last one has no piece. Where it is weighted, the first has more pieces than can be.
static Tensor *run_ctc(Bench *b, const Case *c)
{
    static int start[256], length[256], lengths[256], targets[1024];
    static float values[512];
    const int sequences = c->rows / 5, blank = c->frozen == 1 ? 2 : 1;
    Random random = dm_random(5, 0, 0, 0);
    int count = 0;
    for (int s = 0; s < sequences; s++) {
        start[s] = 5 * s, length[s] = 5;
        lengths[s] = s + 1 == sequences ? 0 : s % 3 == 2 ? 4 : c->weighted && s == 0 ? 6 : 2;
        for (int i = 0; i < lengths[s]; i++) {
            do targets[count + i] = (int)dm_random_below(&random, (uint64_t)c->out);
            while (targets[count + i] == blank || (c->frozen && targets[count + i] == c->frozen));
            if (lengths[s] == 4 && i == 2) targets[count + i] = targets[count + i - 1];
        }
        count += lengths[s];
    }
    for (int i = 0; i < c->out; i++) values[i] = (float)dm_random_normal(&random) * 0.5f;
    Tensor *bias = dm_arena_take(&b->arena, sizeof(Tensor));
    *bias = (Tensor){.rows = 1, .cols = c->out, .stride = c->out, .data = values};
    const Tensor *x = bench_input(b, c->rows, c->in);
    b->loss = dm_ctc(&b->graph, &(Ctc){.x = x,
                                       .weight = bench_weight(b, c->out, c->in, 0.5f, 0),
                                       .bias = c->bias ? bias : NULL,
                                       .rows = {sequences, start, length},
                                       .targets = dm_tokens(&b->arena, sequences, lengths, targets),
                                       .blank = blank,
                                       .excluded = c->frozen ? c->frozen : -1});
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

// clang-format off
const Case cases[] = {
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

    {.op = "pointer", .what = "plain", .run = run_pointer, .rows = 7, .in = 8, .out = 11},
    {.op = "pointer", .what = "smoothing", .run = run_pointer, .rows = 9, .in = 7, .out = 33, .rate = 0.1f},
    {.op = "pointer", .what = "large vocabulary", .run = run_pointer, .rows = 12, .in = 5, .out = 301, .rate = 0.2f},
    {.op = "pointer", .what = "weights, the mean of three heads", .run = run_pointer, .rows = 12, .in = 7, .out = 16,
     .heads = 3, .weighted = true, .rate = 0.1f},

    {.op = "divergence", .what = "one pair", .run = run_divergence, .rows = 2, .in = 8, .out = 11},
    {.op = "divergence", .what = "bias", .run = run_divergence, .rows = 10, .in = 7, .out = 16, .bias = true},
    {.op = "divergence", .what = "excluded", .run = run_divergence, .rows = 6, .in = 3, .out = 13, .frozen = 5},
    {.op = "divergence", .what = "large vocabulary", .run = run_divergence, .rows = 14, .in = 12, .out = 301,
     .frozen = 300, .bias = true},
    {.op = "divergence", .what = "many pairs", .run = run_divergence, .rows = DM_CROSS_ENTROPY_ROWS + 26, .in = 3,
     .out = 9, .bias = true},
    {.op = "divergence", .what = "and cross_entropy", .run = run_divergence, .rows = 8, .in = 7, .out = 10,
     .weighted = true},

    {.op = "ctc", .what = "blanks alone", .run = run_ctc, .rows = 5, .in = 4, .out = 6},
    {.op = "ctc", .what = "bias, excluded", .run = run_ctc, .rows = 20, .in = 7, .out = 11, .bias = true, .frozen = 10},
    {.op = "ctc", .what = "too many pieces", .run = run_ctc, .rows = 15, .in = 7, .out = 11, .weighted = true},
    {.op = "ctc", .what = "several chunks", .run = run_ctc, .rows = DM_CROSS_ENTROPY_ROWS + 28, .in = 3, .out = 9},

    {.op = "log_probabilities", .what = "33", .run = run_log_probabilities, .rows = 3, .in = 7, .out = 33,
     .constant = true},

    {.op = "next_pieces", .what = "5 of 33", .run = run_next_pieces, .rows = 3, .in = 7, .out = 33, .constant = true},
    {.op = NULL},
};
// clang-format on
