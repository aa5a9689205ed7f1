// Layer normalisation (Ba et al. 2016, equation 4), row by row:
//   h = (x - mean(x)) / sqrt(var(x) + eps),  y = gain * h + bias.  x, y [n, d], gain, bias [d]
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct LayerNorm {
    const Tensor *x, *gain, *bias;
    Tensor *y;
    float epsilon;
    float *mean, *rstd;    // [n], kept for the way back
    float *dx, *unwanted;  // [d] scratch; [d] where nobody wants the gradient of gain or bias
} LayerNorm;

DM_CLONES
static void forward_row(const LayerNorm *l, int i)
{
    dm_norm_row(dm_row(l->x, i), l->gain->data, l->bias->data, dm_row(l->y, i), l->mean + i, l->rstd + i, l->epsilon,
                l->x->cols);
}

DM_CLONES
static void backward_row(const LayerNorm *l, int i, float *dgain, float *dbias, float *to)
{
    const int d = l->x->cols;
    dm_norm_row_back(dm_row(l->x, i), l->gain->data, l->y->grad + (size_t)i * (size_t)d, l->mean[i], l->rstd[i], l->dx,
                     dgain, dbias, d);
    for (int j = 0; to && j < d; j++) to[j] += l->dx[j];
}

static void backward(Graph *g, void *record)
{
    const LayerNorm *l = record;
    float *dx = dm_gradient(g, l->x), *dgain = dm_gradient(g, l->gain), *dbias = dm_gradient(g, l->bias);
    if (!dgain) dgain = l->unwanted;
    if (!dbias) dbias = l->unwanted + l->x->cols;
    for (int i = 0; i < l->x->rows; i++)
        backward_row(l, i, dgain, dbias, dx ? dx + (size_t)i * (size_t)l->x->stride : NULL);
}

const Op dm_layer_norm_op = {"layer_norm", backward};

Tensor *dm_layer_norm(Graph *g, const Tensor *x, const Tensor *gain, const Tensor *bias, float epsilon)
{
    const int n = x->rows, d = x->cols;
    assert(gain->cols == d && bias->cols == d);
    LayerNorm here = {.x = x, .gain = gain, .bias = bias, .y = dm_tensor(g, n, d), .epsilon = epsilon};
    here.mean = dm_arena_take(g->arena, 2 * (size_t)n * sizeof(float));
    here.rstd = here.mean + n;
    for (int i = 0; i < n; i++) forward_row(&here, i);
    LayerNorm *l = dm_record(g, &dm_layer_norm_op, here.y, sizeof *l);
    if (!l) return here.y;
    here.dx = dm_arena_take(g->arena, 3 * (size_t)d * sizeof(float));
    here.unwanted = memset(here.dx + d, 0, 2 * (size_t)d * sizeof(float));
    *l = here;
    return l->y;
}
