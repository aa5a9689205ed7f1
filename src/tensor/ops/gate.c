// Gate: the product of two halves, one of them behind an activation (Shazeer 2020, "GLU variants improve Transformer"):
//   y = f(a) * b,  x = [a | b] [n, 2d],  y [n, d]
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/activate.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct Gate {
    const Tensor *x;
    Tensor *y;
    Activation activation;
    float *activated, *da;  // [d] scratch
} Gate;

DM_CLONES
static void multiply_row(float *restrict y, const float *restrict b, int d)
{
    for (int j = 0; j < d; j++) y[j] *= b[j];
}

DM_CLONES
static void split_row(const float *restrict dy, const float *restrict activated, const float *restrict b,
                      float *restrict da, float *restrict db, int d)
{
    for (int j = 0; j < d; j++) {
        da[j] = dy[j] * b[j];
        db[j] += dy[j] * activated[j];
    }
}

DM_CLONES
static void add_row(float *restrict to, const float *restrict from, int d)
{
    for (int j = 0; j < d; j++) to[j] += from[j];
}

// db += dy * f(a),  da += dy * b * f'(a)
static void backward(Graph *g, void *record)
{
    const Gate *r = record;
    const int d = r->y->cols;
    float *dx = dm_gradient(g, r->x);
    if (!dx) return;
    for (int i = 0; i < r->y->rows; i++, dx += r->x->stride) {
        const float *a = dm_row(r->x, i), *b = a + d, *dy = r->y->grad + (size_t)i * (size_t)r->y->stride;
        memcpy(r->activated, a, (size_t)d * sizeof(float));
        dm_activate_row(r->activated, NULL, NULL, d, r->activation);
        split_row(dy, r->activated, b, r->da, dx + d, d);
        dm_derive_row(r->da, r->activated, a, d, r->activation);
        add_row(dx, r->da, d);
    }
}

const Op dm_gate_op = {"gate", backward};

Tensor *dm_gate(Graph *g, const Tensor *x, Activation activation)
{
    assert(x->cols % 2 == 0);
    const int d = x->cols / 2;
    Tensor *y = dm_tensor(g, x->rows, d);
    for (int i = 0; i < x->rows; i++) {
        memcpy(dm_row(y, i), dm_row(x, i), (size_t)d * sizeof(float));
        dm_activate_row(dm_row(y, i), NULL, NULL, d, activation);
        multiply_row(dm_row(y, i), dm_row(x, i) + d, d);
    }
    Gate *r = dm_record(g, &dm_gate_op, y, sizeof *r);
    if (!r) return y;
    float *scratch = dm_arena_take(g->arena, 2 * (size_t)d * sizeof(float));
    *r = (Gate){x, y, activation, scratch, scratch + d};
    return y;
}
