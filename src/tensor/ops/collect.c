// Collect: rows from here and there. Row i of y [n, d] is row order[i] of the parts [.., d] put one below the other, or
// zeros where order[i] is -1; so what a recurrent network made step by step becomes sentence by sentence again.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct Collect {
    const Tensor **parts;
    int *start;  // [count + 1] the first row of each part
    int count;
    const int *order;
    Tensor *y;
} Collect;

// The part that has this row: the last that begins no later.
static int part_of(const Collect *c, int row)
{
    int low = 0, high = c->count;
    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        if (c->start[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

DM_CLONES
static void add_row(float *restrict to, const float *restrict from, int n)
{
    dm_pass_on(to, from, NULL, true, n);
}

// dparts[order[i]] += dy_i
static void backward(Graph *g, void *record)
{
    const Collect *c = record;
    float **gradient = dm_arena_take(g->arena, (size_t)c->count * sizeof(float *));
    for (int k = 0; k < c->count; k++) gradient[k] = dm_gradient(g, c->parts[k]);
    for (int i = 0; i < c->y->rows; i++) {
        if (c->order[i] < 0) continue;
        const int k = part_of(c, c->order[i]), row = c->order[i] - c->start[k];
        if (gradient[k])
            add_row(gradient[k] + (size_t)row * (size_t)c->parts[k]->stride,
                    c->y->grad + (size_t)i * (size_t)c->y->stride, c->y->cols);
    }
}

const Op dm_collect_op = {"collect", backward};

Tensor *dm_collect(Graph *g, const Tensor *const *parts, int count, const int *order, int n)
{
    assert(count > 0);
    Tensor *y = dm_tensor(g, n, parts[0]->cols);
    Collect c = {.parts = dm_arena_take(g->arena, (size_t)count * sizeof *parts),
                 .start = dm_arena_take(g->arena, ((size_t)count + 1) * sizeof(int)),
                 .count = count,
                 .order = order,
                 .y = y};
    memcpy(c.parts, parts, (size_t)count * sizeof *parts);
    c.start[0] = 0;
    for (int k = 0; k < count; k++) {
        assert(parts[k]->cols == y->cols);
        c.start[k + 1] = c.start[k] + parts[k]->rows;
    }
    const size_t row = (size_t)y->cols * sizeof(float);
    for (int i = 0; i < n; i++) {
        assert(order[i] >= -1 && order[i] < c.start[count]);
        if (order[i] < 0) {
            memset(dm_row(y, i), 0, row);
            continue;
        }
        const int k = part_of(&c, order[i]);
        memcpy(dm_row(y, i), dm_row(parts[k], order[i] - c.start[k]), row);
    }
    Collect *r = dm_record(g, &dm_collect_op, y, sizeof *r);
    if (r) *r = c;
    return y;
}
