// Residual connection, alone (pre-norm) or with the layer normalisation behind it in the same pass (post-norm):
//   s = x + mask * f,  y = s  or  y = norm(s).  All [n, d]; mask is dropout's, 0 or 1 / (1 - p).
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct Residual {
    const Tensor *x, *f, *gain, *bias;  // gain and bias: NULL without norm
    Tensor *y;
    float *sum, *mean, *rstd;  // with norm: s [n, d] and the moments of its rows [n]
    float *ds, *unwanted;      // with norm: [d] scratch; [2 d] where nobody wants dgain and dbias
    float epsilon, dropout;
    Random stream;
    float *mask;  // one row of scratch; NULL without dropout
} Residual;

DM_CLONES
static void add_row(const float *restrict x, const float *restrict f, const float *restrict mask, float *restrict s,
                    int d)
{
    if (mask)
        for (int j = 0; j < d; j++) s[j] = x[j] + mask[j] * f[j];
    else
        for (int j = 0; j < d; j++) s[j] = x[j] + f[j];
}

DM_CLONES
static void norm_row(const float *s, const float *gain, const float *bias, float *y, float *mean, float *rstd,
                     float epsilon, int d)
{
    dm_norm_row(s, gain, bias, y, mean, rstd, epsilon, d);
}

DM_CLONES
static void norm_row_back(const Residual *r, int i, float *dgain, float *dbias)
{
    const int d = r->x->cols;
    dm_norm_row_back(r->sum + (size_t)i * (size_t)d, r->gain->data, r->y->grad + (size_t)i * (size_t)d, r->mean[i],
                     r->rstd[i], r->ds, dgain, dbias, d);
}

// dx += ds,  df += mask * ds
DM_CLONES
static void split_row(const float *ds, const float *mask, GradientRow dx, GradientRow df, int d)
{
    if (dx.to && dx.add)
        dm_pass_on(dx.to, ds, NULL, true, d);
    else if (dx.to)
        memcpy(dx.to, ds, (size_t)d * sizeof(float));
    if (df.to && mask && df.add)
        dm_pass_on(df.to, ds, mask, true, d);
    else if (df.to && mask)
        dm_pass_on(df.to, ds, mask, false, d);
    else if (df.to)
        dm_pass_on(df.to, ds, NULL, df.add, d);
}

static void backward(Graph *g, void *record)
{
    const Residual *r = record;
    const int d = r->x->cols;
    float *dgain = NULL, *dbias = NULL;
    GradientRow dx = dm_first_gradient_row(g, r->x), df = dm_first_gradient_row(g, r->f);
    if (r->gain) {
        dgain = dm_gradient(g, r->gain), dbias = dm_gradient(g, r->bias);
        if (!dgain) dgain = r->unwanted;
        if (!dbias) dbias = r->unwanted + d;
    }
    for (int i = 0; i < r->x->rows; i++) {
        const float *ds = r->y->grad + (size_t)i * (size_t)d;
        if (r->gain) {
            norm_row_back(r, i, dgain, dbias);
            ds = r->ds;
        }
        if (r->mask) dm_dropout_row(&r->stream, i, d, r->dropout, r->mask);
        split_row(ds, r->mask, dx, df, d);
        dm_next_gradient_row(&dx);
        dm_next_gradient_row(&df);
    }
}

const Op dm_residual_op = {"residual", backward};
const Op dm_residual_norm_op = {"residual_norm", backward};

static Tensor *residual(Graph *g, Residual here)
{
    const int n = here.x->rows, d = here.x->cols;
    assert(here.f->rows == n && here.f->cols == d);
    here.y = dm_tensor(g, n, d);
    here.sum = here.y->data;
    const size_t row = (size_t)d * sizeof(float);
    if (here.dropout > 0) {
        here.stream = dm_graph_random(g);
        here.mask = dm_arena_take(g->arena, (size_t)dm_mask_size(d) * sizeof(float));
    }
    if (here.gain) {
        here.mean = dm_arena_take(g->arena, 2 * (size_t)n * sizeof(float));
        here.rstd = here.mean + n;
        here.sum = dm_arena_take(g->arena, (g->recording ? (size_t)n : 1) * row);
    }
    for (int i = 0; i < n; i++) {
        float *s = here.gain && !g->recording ? here.sum : here.sum + (size_t)i * (size_t)d;
        if (here.mask) dm_dropout_row(&here.stream, i, d, here.dropout, here.mask);
        add_row(dm_row(here.x, i), dm_row(here.f, i), here.mask, s, d);
        if (here.gain)
            norm_row(s, here.gain->data, here.bias->data, dm_row(here.y, i), here.mean + i, here.rstd + i, here.epsilon,
                     d);
    }
    Residual *r = dm_record(g, here.gain ? &dm_residual_norm_op : &dm_residual_op, here.y, sizeof *r);
    if (!r) return here.y;
    if (here.gain) {
        here.ds = dm_arena_take(g->arena, 3 * row);
        here.unwanted = memset(here.ds + d, 0, 2 * row);
    }
    *r = here;
    return here.y;
}

Tensor *dm_residual(Graph *g, const Tensor *x, const Tensor *f, float dropout)
{
    return residual(g, (Residual){.x = x, .f = f, .dropout = dropout});
}

Tensor *dm_residual_norm(Graph *g, const Tensor *x, const Tensor *f, float dropout, const Tensor *gain,
                         const Tensor *bias, float epsilon)
{
    return residual(g, (Residual){.x = x, .f = f, .dropout = dropout, .gain = gain, .bias = bias, .epsilon = epsilon});
}
