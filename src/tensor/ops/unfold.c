// Unfold: the rows of a window side by side, so that a convolution is one product (Chellapilla et al. 2006):
//   y_i = [x_o(i,1) | ... | x_o(i,k)],  o(i,j) = order[i k + j];  zeros where it is -1.  x [.., d], y [n, k d]
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct Unfold {
    const Tensor *x;
    Window window;
    Tensor *y;
} Unfold;

DM_CLONES
static void add_row(float *restrict to, const float *restrict from, int d)
{
    for (int j = 0; j < d; j++) to[j] += from[j];
}

// dx_o(i,j) += the j-th part of dy_i
static void backward(Graph *g, void *record)
{
    const Unfold *u = record;
    float *dx = dm_gradient(g, u->x);
    const int d = u->x->cols, k = u->window.width;
    for (int i = 0; dx && i < u->y->rows; i++)
        for (int j = 0; j < k; j++) {
            const int row = u->window.order[(size_t)i * (size_t)k + (size_t)j];
            if (row >= 0)
                add_row(dx + (size_t)row * (size_t)u->x->stride,
                        u->y->grad + (size_t)i * (size_t)u->y->stride + (size_t)j * (size_t)d, d);
        }
}

const Op dm_unfold_op = {"unfold", backward};

Tensor *dm_unfold(Graph *g, const Tensor *x, Window window)
{
    const int d = x->cols, k = window.width;
    const size_t row = (size_t)d * sizeof(float);
    Tensor *y = dm_tensor(g, window.n, k * d);
    for (int i = 0; i < window.n; i++)
        for (int j = 0; j < k; j++) {
            const int from = window.order[(size_t)i * (size_t)k + (size_t)j];
            float *to = dm_row(y, i) + (size_t)j * (size_t)d;
            assert(from >= -1 && from < x->rows);
            if (from < 0)
                memset(to, 0, row);
            else
                memcpy(to, dm_row(x, from), row);
        }
    Unfold *u = dm_record(g, &dm_unfold_op, y, sizeof *u);
    if (u) *u = (Unfold){x, window, y};
    return y;
}
