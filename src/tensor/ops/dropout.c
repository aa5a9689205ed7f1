// Dropout (Srivastava et al. 2014): y = mask * x. x, y [n, d]; the mask is 0 with probability p and 1 / (1 - p)
// otherwise, and is made again on the way back. (Where a residual or an embedding follows, those have it built in.)
#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct Dropout {
    const Tensor *x;
    Tensor *y;
    float rate;
    Random stream;
    float *mask;  // one row of scratch
} Dropout;

// to (=, or += where add) mask * from
DM_CLONES
static void mask_row(float *restrict to, const float *restrict from, const float *restrict mask, bool add, int d)
{
    if (add)
        dm_pass_on(to, from, mask, true, d);
    else
        dm_pass_on(to, from, mask, false, d);
}

// dx += mask * dy
static void backward(Graph *g, void *record)
{
    const Dropout *r = record;
    const int d = r->y->cols;
    bool add;
    float *dx = dm_gradient_sum(g, r->x, &add);
    for (int i = 0; dx && i < r->y->rows; i++) {
        dm_dropout_row(&r->stream, i, d, r->rate, r->mask);
        mask_row(dx + (size_t)i * (size_t)r->x->stride, r->y->grad + (size_t)i * (size_t)d, r->mask, add, d);
    }
}

const Op dm_dropout_op = {"dropout", backward};

Tensor *dm_dropout(Graph *g, const Tensor *x, float rate)
{
    if (rate <= 0) return (Tensor *)x;
    Tensor *y = dm_tensor(g, x->rows, x->cols);
    const Dropout here = {.x = x,
                          .y = y,
                          .rate = rate,
                          .stream = dm_graph_random(g),
                          .mask = dm_arena_take(g->arena, (size_t)dm_mask_size(x->cols) * sizeof(float))};
    for (int i = 0; i < x->rows; i++) {
        dm_dropout_row(&here.stream, i, x->cols, rate, here.mask);
        mask_row(dm_row(y, i), dm_row(x, i), here.mask, false, x->cols);
    }
    Dropout *r = dm_record(g, &dm_dropout_op, y, sizeof *r);
    if (r) *r = here;
    return y;
}
