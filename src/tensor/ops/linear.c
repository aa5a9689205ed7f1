// Linear: y = f(x W' + b). x [n, in], W [out, in], b [out], y [n, out]
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/activate.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/operand.h"
#include "tensor/ops/ops.h"

typedef struct Linear {
    const Tensor *x, *weight, *bias;
    Tensor *y;
    float *before;  // [n, out] x W' + b where the derivative needs it (gelu, swish), else NULL
    Activation activation;
} Linear;

DM_CLONES
static void add_rows(float *restrict sum, const float *restrict rows, int n, int cols)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < cols; j++) sum[j] += rows[(size_t)i * (size_t)cols + (size_t)j];
}

// dz = dy f'(z),  dx += dz W,  dW += dz' x,  db += sum of the rows of dz
static void backward(Graph *g, void *record)
{
    const Linear *l = record;
    const int n = l->x->rows, in = l->x->cols, out = l->weight->rows;
    bool add;
    float *dz = l->y->grad, *dx = dm_gradient_sum(g, l->x, &add), *dw = dm_gradient(g, l->weight);
    if (l->activation != DM_IDENTITY)
        for (size_t i = 0; i < (size_t)n; i++)
            dm_derive_row(dz + i * (size_t)out, dm_row(l->y, (int)i), l->before ? l->before + i * (size_t)out : NULL,
                          out, l->activation);
    const ArenaMark mark = dm_arena_mark(g->arena);
    const Operand of_dz = dm_operand(g, dz, n, out, out), of_weight = dm_weight_operand(g, l->weight);
    if (dx)
        dm_gemm(g, (Gemm){.m = n,
                          .n = in,
                          .k = out,
                          .a = of_dz.data,
                          .lda = of_dz.stride,
                          .b = of_weight.data,
                          .ldb = of_weight.stride,
                          .c = dx,
                          .ldc = l->x->stride,
                          .beta = add ? 1 : 0,
                          .precision = of_dz.precision});
    const Operand of_x = dw ? dm_operand(g, l->x->data, n, in, l->x->stride) : (Operand){0};
    if (dw)
        dm_gemm(g, (Gemm){.m = out,
                          .n = in,
                          .k = of_dz.rows,
                          .a = of_dz.data,
                          .lda = of_dz.stride,
                          .transpose_a = true,
                          .b = of_x.data,
                          .ldb = of_x.stride,
                          .c = dw,
                          .ldc = l->weight->stride,
                          .beta = 1,
                          .precision = of_dz.precision});
    dm_arena_release(g->arena, mark);
    float *db = l->bias ? dm_gradient(g, l->bias) : NULL;
    if (db) add_rows(db, dz, n, out);
}

const Op dm_linear_op = {"linear", backward};

Tensor *dm_linear(Graph *g, const Tensor *x, const Tensor *weight, const Tensor *bias, Activation activation)
{
    const int n = x->rows, in = x->cols, out = weight->rows;
    assert(weight->cols == in && (!bias || bias->cols == out));
    Tensor *y = dm_tensor(g, n, out);
    if (n == 0) return y;
    const ArenaMark mark = dm_arena_mark(g->arena);
    const float *b = bias ? bias->data : NULL;
    if (dm_forward(g, &(Forward){.x = dm_operand(g, x->data, n, in, x->stride),
                                 .rows = n,
                                 .weight = weight,
                                 .first = 0,
                                 .count = out,
                                 .y = y->data,
                                 .stride = out,
                                 .bias = b}))
        b = NULL;
    dm_arena_release(g->arena, mark);
    Linear *l = dm_record(g, &dm_linear_op, y, sizeof *l);
    float *before = NULL;
    if (l && (activation == DM_GELU || activation == DM_SWISH))
        before = dm_arena_take(g->arena, (size_t)n * (size_t)out * sizeof(float));
    if (l) *l = (Linear){x, weight, bias, y, before, activation};
    if (b || activation != DM_IDENTITY)
        for (size_t i = 0; i < (size_t)n; i++)
            dm_activate_row(dm_row(y, (int)i), b, before ? before + i * (size_t)out : NULL, out, activation);
    return y;
}
