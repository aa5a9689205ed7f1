// Affinity: y = x W' in float32, whatever the graph's other products are in, so that what is chosen by y does not hang
// on their rounding; and a row of y is the same bytes whatever the other rows are.  x [n, in], W [out, in], y [n, out]
#include <assert.h>
#include <string.h>

#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"
#include "tensor/products/small_product.h"

typedef struct Affinity {
    const Tensor *x, *weight;
    Tensor *y;
} Affinity;

// C = op(A) B, or C + op(A) B, by our own kernel: there are few experts, and calls of the library cost more than they
// do. A backend that counts is told.
static void multiply(const Graph *g, Gemm p)
{
    if (g->gemm->counts) {
        dm_gemm(g, p);
        return;
    }
    if (g->profile) g->profile->flops += 2.0 * p.m * p.n * p.k;
    dm_small_product(&(Product){.m = p.m,
                                .n = p.n,
                                .k = p.k,
                                .a = p.a,
                                .a_row = p.transpose_a ? 1 : p.lda,
                                .a_col = p.transpose_a ? p.lda : 1,
                                .b = p.b,
                                .ldb = p.ldb,
                                .c = p.c,
                                .ldc = p.ldc,
                                .add = p.beta != 0});
}

// dx += dy W,  dW += dy' x
static void backward(Graph *g, void *record)
{
    const Affinity *a = record;
    const int n = a->x->rows, in = a->x->cols, out = a->weight->rows;
    bool add;
    float *dy = a->y->grad, *dx = dm_gradient_sum(g, a->x, &add), *dw = dm_gradient(g, a->weight);
    if (dx)
        multiply(g, (Gemm){.m = n,
                           .n = in,
                           .k = out,
                           .a = dy,
                           .lda = out,
                           .b = a->weight->data,
                           .ldb = a->weight->stride,
                           .c = dx,
                           .ldc = a->x->stride,
                           .beta = add ? 1 : 0});
    if (dw)
        multiply(g, (Gemm){.m = out,
                           .n = in,
                           .k = n,
                           .a = dy,
                           .lda = out,
                           .transpose_a = true,
                           .b = a->x->data,
                           .ldb = a->x->stride,
                           .c = dw,
                           .ldc = a->weight->stride,
                           .beta = 1});
}

const Op dm_affinity_op = {"affinity", backward};

// The weight is turned over, so that rows of y are whole vectors.
static void forward(Graph *g, const Tensor *x, const Tensor *weight, Tensor *y)
{
    const int n = x->rows, in = x->cols, out = weight->rows, wide = dm_padded(out);
    const ArenaMark mark = dm_arena_mark(g->arena);
    float *turned = dm_arena_take(g->arena, (size_t)in * (size_t)wide * sizeof(float));
    float *rows = wide == out ? y->data : dm_arena_take(g->arena, (size_t)n * (size_t)wide * sizeof(float));
    dm_transpose(weight->data, weight->stride, out, in, turned);
    multiply(g, (Gemm){.m = n,
                       .n = wide,
                       .k = in,
                       .a = x->data,
                       .lda = x->stride,
                       .b = turned,
                       .ldb = wide,
                       .c = rows,
                       .ldc = wide});
    for (int i = 0; rows != y->data && i < n; i++)
        memcpy(dm_row(y, i), rows + (size_t)i * (size_t)wide, (size_t)out * sizeof(float));
    dm_arena_release(g->arena, mark);
}

Tensor *dm_affinity(Graph *g, const Tensor *x, const Tensor *weight)
{
    assert(weight->cols == x->cols);
    Tensor *y = dm_tensor(g, x->rows, weight->rows);
    if (g->gemm->counts)
        multiply(g, (Gemm){.m = x->rows,
                           .n = weight->rows,
                           .k = x->cols,
                           .a = x->data,
                           .lda = x->stride,
                           .b = weight->data,
                           .ldb = weight->stride,
                           .transpose_b = true,
                           .c = y->data,
                           .ldc = y->stride});
    else
        forward(g, x, weight, y);
    Affinity *r = dm_record(g, &dm_affinity_op, y, sizeof *r);
    if (r) *r = (Affinity){x, weight, y};
    return y;
}
