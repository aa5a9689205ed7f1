// Linear: y = f(x W' + b). x [n, in], W [out, in], b [out], y [n, out]
#include <assert.h>
#include <string.h>

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
    LinearSum *sum;  // NULL: it adds to the gradients of W and b by itself
    int first;       // its rows of the sum
} Linear;

// A layer that is applied step after step has a gradient of few rows in each step, and to add them one by one would be
// to read and write all of dW as often as there are steps. They are put side by side, and one product is made of all
// when the way back comes to where the sum was announced.
struct LinearSum {
    const Tensor *weight, *bias;
    int rows, used;
    float *x, *dz;  // [rows, in], [rows, out]
    LinearSum *next;
};

DM_CLONES
static void add_rows(float *restrict sum, const float *restrict rows, int n, int cols)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < cols; j++) sum[j] += rows[(size_t)i * (size_t)cols + (size_t)j];
}

// dW += dz' x,  db += sum of the rows of dz
static void weights_back(Graph *g, const Tensor *weight, const Tensor *bias, Operand of_dz, const float *dz,
                         const Tensor *x)
{
    float *dw = dm_gradient(g, weight);
    if (dw) {
        const ArenaMark mark = dm_arena_mark(g->arena);
        const Operand of_x = dm_operand(g, x->data, x->rows, x->cols, x->stride);
        dm_gemm(g, (Gemm){.m = weight->rows,
                          .n = x->cols,
                          .k = of_dz.rows,
                          .a = of_dz.data,
                          .lda = of_dz.stride,
                          .transpose_a = true,
                          .b = of_x.data,
                          .ldb = of_x.stride,
                          .c = dw,
                          .ldc = weight->stride,
                          .beta = 1,
                          .precision = of_dz.precision});
        dm_arena_release(g->arena, mark);
    }
    float *db = bias ? dm_gradient(g, bias) : NULL;
    if (db) add_rows(db, dz, x->rows, weight->rows);
}

// dz = dy f'(z),  dx += dz W
static void backward(Graph *g, void *record)
{
    const Linear *l = record;
    const int n = l->x->rows, in = l->x->cols, out = l->weight->rows;
    bool add;
    float *dz = l->y->grad, *dx = dm_gradient_sum(g, l->x, &add);
    if (l->activation != DM_IDENTITY)
        for (size_t i = 0; i < (size_t)n; i++)
            dm_derive_row(dz + i * (size_t)out, dm_row(l->y, (int)i), l->before ? l->before + i * (size_t)out : NULL,
                          out, l->activation);
    if (l->sum && g->asked) dm_gradient(g, l->weight);  // whose this is
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
    if (l->sum)
        memcpy(l->sum->dz + (size_t)l->first * (size_t)out, dz, (size_t)n * (size_t)out * sizeof(float));
    else
        weights_back(g, l->weight, l->bias, of_dz, dz, l->x);
    dm_arena_release(g->arena, mark);
}

const Op dm_linear_op = {"linear", backward};

static void sum_backward(Graph *g, void *record)
{
    const LinearSum *s = record;
    const Tensor x = {.rows = s->used, .cols = s->weight->cols, .stride = s->weight->cols, .data = s->x};
    if (!s->used) return;
    const ArenaMark mark = dm_arena_mark(g->arena);
    const int out = s->weight->rows;
    weights_back(g, s->weight, s->bias, dm_operand(g, s->dz, s->used, out, out), s->dz, &x);
    dm_arena_release(g->arena, mark);
}

const Op dm_linear_sum_op = {"linear_sum", sum_backward};

void dm_linear_sum(Graph *g, const Tensor *weight, const Tensor *bias, int rows)
{
    LinearSum *s = dm_record(g, &dm_linear_sum_op, NULL, sizeof *s);
    if (!s) return;
    *s = (LinearSum){.weight = weight, .bias = bias, .rows = rows, .next = g->sums};
    s->x = dm_arena_take(g->arena, (size_t)rows * (size_t)weight->cols * sizeof(float));
    s->dz = dm_arena_take(g->arena, (size_t)rows * (size_t)weight->rows * sizeof(float));
    g->sums = s;
}

// The sum that this weight has room in for so many rows more.
static LinearSum *sum_of(const Graph *g, const Tensor *weight, int rows)
{
    LinearSum *s = g->sums;
    while (s && (s->weight->data != weight->data || s->used + rows > s->rows)) s = s->next;
    return s;
}

static void keep_rows(LinearSum *sum, const Tensor *x)
{
    const size_t width = (size_t)x->cols;
    for (int i = 0; i < x->rows; i++)
        memcpy(sum->x + (size_t)(sum->used + i) * width, dm_row(x, i), width * sizeof(float));
    sum->used += x->rows;
}

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
    if (l && (activation == DM_GELU || activation == DM_GELU_TANH || activation == DM_SWISH))
        before = dm_arena_take(g->arena, (size_t)n * (size_t)out * sizeof(float));
    if (l) {
        LinearSum *sum = sum_of(g, weight, n);
        *l = (Linear){x, weight, bias, y, before, activation, sum, sum ? sum->used : 0};
        if (sum) keep_rows(sum, x);
    }
    if (b || activation != DM_IDENTITY)
        for (size_t i = 0; i < (size_t)n; i++)
            dm_activate_row(dm_row(y, (int)i), b, before ? before + i * (size_t)out : NULL, out, activation);
    return y;
}
