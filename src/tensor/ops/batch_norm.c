// Batch normalisation (Ioffe and Szegedy 2015, algorithm 1), feature by feature:
//   h = (x - mean) / sqrt(var + eps),  y = gain * h + bias.  x, y [n, d], all else [d]
// Where the graph records, mean and variance are those of the n rows, and are added on the way back to what the running
// ones follow; elsewhere they are the running ones, and a row is by itself. As in PyTorch's BatchNorm1d, h has the
// variance over n and the running one follows that over n - 1; a single row, which it refuses, has none of the latter.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"
#include "tensor/running_statistics.h"

typedef struct BatchNorm {
    const Tensor *x, *gain, *bias, *running_mean, *running_variance;
    Tensor *y;
    float *mean, *variance, *rstd;  // [d] of the rows, kept for the way back
    float *dgain, *dbias;           // [d] scratch: of these rows alone
} BatchNorm;

DM_CLONES
static void add_row(float *restrict sum, const float *restrict x, int d)
{
    for (int j = 0; j < d; j++) sum[j] += x[j];
}

DM_CLONES
static void add_squares(float *restrict sum, const float *restrict x, const float *restrict mean, int d)
{
    for (int j = 0; j < d; j++) sum[j] += (x[j] - mean[j]) * (x[j] - mean[j]);
}

static void divide(float *sum, int n, int d)
{
    for (int j = 0; j < d; j++) sum[j] /= (float)n;
}

static void moments(const Tensor *x, float *mean, float *variance)
{
    const int n = x->rows, d = x->cols;
    memset(mean, 0, (size_t)d * sizeof *mean);
    memset(variance, 0, (size_t)d * sizeof *variance);
    for (int i = 0; i < n; i++) add_row(mean, dm_row(x, i), d);
    divide(mean, n, d);
    for (int i = 0; i < n; i++) add_squares(variance, dm_row(x, i), mean, d);
    divide(variance, n, d);
}

DM_CLONES
static void forward_row(const BatchNorm *b, const float *restrict x, float *restrict y, int d)
{
    const float *restrict gain = b->gain->data, *restrict bias = b->bias->data, *restrict mean = b->mean,
                          *restrict rstd = b->rstd;
    for (int j = 0; j < d; j++) y[j] = gain[j] * ((x[j] - mean[j]) * rstd[j]) + bias[j];
}

// dgain = sum(dy * h),  dbias = sum(dy)
DM_CLONES
static void sum_row(const BatchNorm *b, const float *restrict x, const float *restrict dy, int d)
{
    const float *restrict mean = b->mean, *restrict rstd = b->rstd;
    float *restrict dgain = b->dgain, *restrict dbias = b->dbias;
    for (int j = 0; j < d; j++) {
        dgain[j] += dy[j] * ((x[j] - mean[j]) * rstd[j]);
        dbias[j] += dy[j];
    }
}

// dx = gain * rstd * (dy - dbias / n - h * dgain / n)
DM_CLONES
static void backward_row(const BatchNorm *b, const float *restrict x, const float *restrict dy, float *restrict dx,
                         int d)
{
    const float *restrict gain = b->gain->data, *restrict mean = b->mean, *restrict rstd = b->rstd,
                          *restrict dgain = b->dgain, *restrict dbias = b->dbias;
    const float part = 1.0f / (float)b->x->rows;
    for (int j = 0; j < d; j++) {
        const float h = (x[j] - mean[j]) * rstd[j];
        dx[j] += gain[j] * rstd[j] * (dy[j] - part * (dbias[j] + h * dgain[j]));
    }
}

static void add_statistics(Graph *g, const BatchNorm *b)
{
    const int n = b->x->rows, d = b->x->cols;
    dm_statistic_add(g, b->running_mean, b->mean, n);
    if (n == 1) return;
    for (int j = 0; j < d; j++) b->variance[j] *= (float)n / (float)(n - 1);
    dm_statistic_add(g, b->running_variance, b->variance, n);
}

static void backward(Graph *g, void *record)
{
    const BatchNorm *b = record;
    const int n = b->x->rows, d = b->x->cols;
    float *dx = dm_gradient(g, b->x);
    const float *dy = b->y->grad;
    for (int i = 0; i < n; i++) sum_row(b, dm_row(b->x, i), dy + (size_t)i * (size_t)d, d);
    for (int i = 0; dx && i < n; i++)
        backward_row(b, dm_row(b->x, i), dy + (size_t)i * (size_t)d, dx + (size_t)i * (size_t)b->x->stride, d);
    float *dgain = dm_gradient(g, b->gain), *dbias = dm_gradient(g, b->bias);
    if (dgain) add_row(dgain, b->dgain, d);
    if (dbias) add_row(dbias, b->dbias, d);
    add_statistics(g, b);
}

const Op dm_batch_norm_op = {"batch_norm", backward};

Tensor *dm_batch_norm(Graph *g, const Tensor *x, const Tensor *gain, const Tensor *bias, const Tensor *mean,
                      const Tensor *variance)
{
    const int n = x->rows, d = x->cols;
    assert(gain->cols == d && bias->cols == d && mean->cols == d && variance->cols == d);
    const size_t row = (size_t)d * sizeof(float);
    BatchNorm here = {.x = x, .gain = gain, .bias = bias, .running_mean = mean, .running_variance = variance};
    here.y = dm_tensor(g, n, d);
    here.rstd = dm_arena_take(g->arena, row);
    if (g->recording) {
        assert(n > 0);
        here.mean = dm_arena_take(g->arena, row);
        here.variance = dm_arena_take(g->arena, row);
        moments(x, here.mean, here.variance);
    } else {
        here.mean = mean->data;
        here.variance = variance->data;
    }
    for (int j = 0; j < d; j++) here.rstd[j] = 1.0f / sqrtf(here.variance[j] + DM_NORM_EPSILON);
    for (int i = 0; i < n; i++) forward_row(&here, dm_row(x, i), dm_row(here.y, i), d);
    BatchNorm *b = dm_record(g, &dm_batch_norm_op, here.y, sizeof *b);
    if (!b) return here.y;
    here.dgain = memset(dm_arena_take(g->arena, 2 * row), 0, 2 * row);
    here.dbias = here.dgain + d;
    *b = here;
    return here.y;
}
