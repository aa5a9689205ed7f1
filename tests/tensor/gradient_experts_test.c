// Experts: who goes where, what comes of it, and how evenly. Their gradients against differences (gradient.h).
#include "tensor/gradient.h"

const char *const family = "experts";

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

// clang-format off
const Case cases[] = {
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
    {.op = NULL},
};
// clang-format on
