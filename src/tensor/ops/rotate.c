// Rotation of queries and keys by their places (Su et al. 2021, "RoFormer", equation 34), with the pairs that Llama
// has: in every head, w wide, columns j and j + w/2 turn by the angle a_ij of row i,
//   y_j = cos(a) x_j - sin(a) x_(j + w/2),  y_(j + w/2) = sin(a) x_j + cos(a) x_(j + w/2)
// so that the product of a query and a key depends on the distance of their places alone. x, y [n, d]
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct Rotate {
    const Tensor *x;
    Tensor *y;
    const float *const *turns;  // [n] rows of w/2 cosines and w/2 sines
    int heads;
} Rotate;

DM_CLONES
static void turn(float *restrict y, const float *restrict x, const float *restrict cosine, const float *restrict sine,
                 int half)
{
    for (int j = 0; j < half; j++) {
        y[j] = cosine[j] * x[j] - sine[j] * x[half + j];
        y[half + j] = sine[j] * x[j] + cosine[j] * x[half + j];
    }
}

// By the opposite angle: to (=, or += where add) R' from.
DM_CLONES
static void turn_back(float *restrict to, const float *restrict from, const float *restrict cosine,
                      const float *restrict sine, bool add, int half)
{
    for (int j = 0; j < half; j++) {
        to[j] = (add ? to[j] : 0) + cosine[j] * from[j] + sine[j] * from[half + j];
        to[half + j] = (add ? to[half + j] : 0) + cosine[j] * from[half + j] - sine[j] * from[j];
    }
}

// dx += R' dy
static void backward(Graph *g, void *record)
{
    const Rotate *r = record;
    const int width = r->y->cols / r->heads, half = width / 2;
    bool add;
    float *dx = dm_gradient_sum(g, r->x, &add);
    if (!dx) return;
    for (int i = 0; i < r->y->rows; i++, dx += r->x->stride)
        for (int h = 0; h < r->heads; h++)
            turn_back(dx + h * width, r->y->grad + (size_t)i * (size_t)r->y->stride + h * width, r->turns[i],
                      r->turns[i] + half, add, half);
}

const Op dm_rotate_op = {"rotate", backward};

Tensor *dm_rotate(Graph *g, const Tensor *x, const float *const *turns, int heads)
{
    assert(x->cols % (2 * heads) == 0);
    const int width = x->cols / heads, half = width / 2;
    Tensor *y = dm_tensor(g, x->rows, x->cols);
    for (int i = 0; i < x->rows; i++)
        for (int h = 0; h < heads; h++)
            turn(dm_row(y, i) + h * width, dm_row(x, i) + h * width, turns[i], turns[i] + half, half);
    Rotate *r = dm_record(g, &dm_rotate_op, y, sizeof *r);
    if (r) *r = (Rotate){x, y, turns, heads};
    return y;
}
