// Softmax of each group of neighbouring columns by itself:  y_ij = exp(x_ij) / sum over the group of j of exp(x_i.)
//   x, y [n, groups * width]
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct SoftmaxGroups {
    const Tensor *x;
    int width;
    Tensor *y;
} SoftmaxGroups;

static void softmax(const float *x, float *y, int n)
{
    float most = x[0], sum = 0;
    for (int j = 1; j < n; j++) most = x[j] > most ? x[j] : most;
    for (int j = 0; j < n; j++) sum += y[j] = dm_exp_negative(x[j] - most);
    for (int j = 0; j < n; j++) y[j] /= sum;
}

// dx = y (dy - sum over the group of y dy)
static void backward(Graph *g, void *record)
{
    const SoftmaxGroups *s = record;
    float *dx = dm_gradient(g, s->x);
    for (int i = 0; dx && i < s->y->rows; i++)
        for (int from = 0; from < s->y->cols; from += s->width) {
            const float *y = dm_row(s->y, i) + from, *dy = s->y->grad + (size_t)i * (size_t)s->y->stride + from;
            float *to = dx + (size_t)i * (size_t)s->x->stride + from, sum = 0;
            for (int j = 0; j < s->width; j++) sum += y[j] * dy[j];
            for (int j = 0; j < s->width; j++) to[j] += y[j] * (dy[j] - sum);
        }
}

const Op dm_softmax_groups_op = {"softmax_groups", backward};

Tensor *dm_softmax_groups(Graph *g, const Tensor *x, int width)
{
    assert(width > 0 && x->cols % width == 0);
    Tensor *y = dm_tensor(g, x->rows, x->cols);
    for (int i = 0; i < x->rows; i++)
        for (int from = 0; from < x->cols; from += width) softmax(dm_row(x, i) + from, dm_row(y, i) + from, width);
    SoftmaxGroups *s = dm_record(g, &dm_softmax_groups_op, y, sizeof *s);
    if (s) *s = (SoftmaxGroups){x, width, y};
    return y;
}
