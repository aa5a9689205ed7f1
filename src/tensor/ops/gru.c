// One step of a gated recurrent unit (Cho et al. 2014; gates in PyTorch's order, r | z | n, and its reset gate, which
// comes after the product). With a = W_i x + b_i (`input`) and b = W_h h + b_h (`hidden`), both [n, 3h]:
//   r = sigmoid(a_r + b_r),  z = sigmoid(a_z + b_z),  c = tanh(a_n + r * b_n),  h' = (1 - z) * c + z * h
// The products are dm_linear's: those of x for all steps at once, those of h step by step.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct Gru {
    const Tensor *input, *hidden, *h;
    Tensor *y;
    float *gates;    // [n, 3h] r, z, c
    float *scratch;  // [3h]
} Gru;

DM_CLONES
static void forward_row(const float *restrict a, const float *restrict b, const float *restrict h,
                        float *restrict gates, float *restrict y, int d)
{
#pragma omp simd
    for (int j = 0; j < d; j++) {
        const float r = dm_sigmoid(a[j] + b[j]), z = dm_sigmoid(a[d + j] + b[d + j]);
        const float c = dm_tanh(a[2 * d + j] + r * b[2 * d + j]);
        gates[j] = r, gates[d + j] = z, gates[2 * d + j] = c;
        y[j] = (1.0f - z) * c + z * h[j];
    }
}

// da_n = dh' (1 - z) (1 - c^2),    da_z = dh' (h - c) z (1 - z),  da_r = da_n b_n r (1 - r),
// db = da, but for db_n = da_n r,  dh = dh' z
DM_CLONES
static void backward_row(const Gru *u, int i, float *restrict da, GradientRow to_input, GradientRow to_hidden,
                         GradientRow to_h)
{
    const int d = u->y->cols;
    const float *restrict r = u->gates + (size_t)i * (size_t)(3 * d), *restrict z = r + d, *restrict c = z + d;
    const float *restrict h = dm_row(u->h, i), *restrict b = dm_row(u->hidden, i);
    const float *restrict dy = u->y->grad + (size_t)i * (size_t)d;
#pragma omp simd
    for (int j = 0; j < d; j++) {
        const float dn = dy[j] * (1.0f - z[j]) * (1.0f - c[j] * c[j]);
        da[j] = dn * b[2 * d + j] * r[j] * (1.0f - r[j]);
        da[d + j] = dy[j] * (h[j] - c[j]) * z[j] * (1.0f - z[j]);
        da[2 * d + j] = dn;
    }
    if (to_input.to) dm_pass_on(to_input.to, da, NULL, to_input.add, 3 * d);
    if (to_hidden.to) {
        dm_pass_on(to_hidden.to, da, NULL, to_hidden.add, 2 * d);
        dm_pass_on(to_hidden.to + 2 * d, da + 2 * d, r, to_hidden.add, d);
    }
    if (to_h.to) dm_pass_on(to_h.to, dy, z, to_h.add, d);
}

static void backward(Graph *g, void *record)
{
    const Gru *u = record;
    GradientRow input = dm_first_gradient_row(g, u->input), hidden = dm_first_gradient_row(g, u->hidden),
                h = dm_first_gradient_row(g, u->h);
    for (int i = 0; i < u->y->rows; i++) {
        backward_row(u, i, u->scratch, input, hidden, h);
        dm_next_gradient_row(&input);
        dm_next_gradient_row(&hidden);
        dm_next_gradient_row(&h);
    }
}

const Op dm_gru_op = {"gru", backward};

Tensor *dm_gru(Graph *g, const Tensor *input, const Tensor *hidden, const Tensor *h)
{
    const int n = h->rows, d = h->cols;
    assert(input->rows == n && hidden->rows == n && input->cols == 3 * d && hidden->cols == 3 * d);
    Tensor *y = dm_tensor(g, n, d);
    const size_t row = 3 * (size_t)d;
    float *gates = dm_arena_take(g->arena, (g->recording ? (size_t)n : 1) * row * sizeof(float));
    for (int i = 0; i < n; i++)
        forward_row(dm_row(input, i), dm_row(hidden, i), dm_row(h, i), gates + (g->recording ? (size_t)i * row : 0),
                    dm_row(y, i), d);
    Gru *u = dm_record(g, &dm_gru_op, y, sizeof *u);
    if (u) *u = (Gru){input, hidden, h, y, gates, dm_arena_take(g->arena, row * sizeof(float))};
    return y;
}
