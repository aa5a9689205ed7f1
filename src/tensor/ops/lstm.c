// One step of a long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000; gates in PyTorch's order,
// i | f | g | o). With a = W_i x + b_i (`input`) and b = W_h h + b_h (`hidden`), both [n, 4h], and state = [h | c]:
//   i, f, o = sigmoid(a + b),  g = tanh(a_g + b_g),  c' = f * c + i * g,  h' = o * tanh(c'),  y = [h' | c']
// The products are dm_linear's: those of x for all steps at once, those of h step by step.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct Lstm {
    const Tensor *input, *hidden, *state;
    Tensor *y;
    float *gates;    // [n, 5h] i, f, g, o, tanh(c')
    float *scratch;  // [4h]
} Lstm;

DM_CLONES
static void forward_row(const float *restrict a, const float *restrict b, const float *restrict c,
                        float *restrict gates, float *restrict y, int d)
{
#pragma omp simd
    for (int j = 0; j < d; j++) {
        const float i = dm_sigmoid(a[j] + b[j]), f = dm_sigmoid(a[d + j] + b[d + j]);
        const float g = dm_tanh(a[2 * d + j] + b[2 * d + j]), o = dm_sigmoid(a[3 * d + j] + b[3 * d + j]);
        const float next = f * c[j] + i * g, t = dm_tanh(next);
        gates[j] = i, gates[d + j] = f, gates[2 * d + j] = g, gates[3 * d + j] = o, gates[4 * d + j] = t;
        y[j] = o * t;
        y[d + j] = next;
    }
}

// With t = tanh(c'):  dc' += dh' o (1 - t^2),  do = dh' t o (1 - o),  di = dc' g i (1 - i),  dg = dc' i (1 - g^2),
// df = dc' c f (1 - f),  dc = dc' f
DM_CLONES
static void backward_row(const Lstm *l, int row, float *restrict da, GradientRow to_input, GradientRow to_hidden,
                         float *restrict dc)
{
    const int d = l->y->cols / 2;
    const float *restrict i = l->gates + (size_t)row * (size_t)(5 * d), *restrict f = i + d, *restrict g = f + d;
    const float *restrict o = g + d, *restrict t = o + d, *restrict c = dm_row(l->state, row) + d;
    const float *restrict dy = l->y->grad + (size_t)row * (size_t)(2 * d);
#pragma omp simd
    for (int j = 0; j < d; j++) {
        const float dnext = dy[d + j] + dy[j] * o[j] * (1.0f - t[j] * t[j]);
        da[j] = dnext * g[j] * i[j] * (1.0f - i[j]);
        da[d + j] = dnext * c[j] * f[j] * (1.0f - f[j]);
        da[2 * d + j] = dnext * i[j] * (1.0f - g[j] * g[j]);
        da[3 * d + j] = dy[j] * t[j] * o[j] * (1.0f - o[j]);
    }
    if (to_input.to) dm_pass_on(to_input.to, da, NULL, to_input.add, 4 * d);
    if (to_hidden.to) dm_pass_on(to_hidden.to, da, NULL, to_hidden.add, 4 * d);
    for (int j = 0; dc && j < d; j++) dc[j] += (dy[d + j] + dy[j] * o[j] * (1.0f - t[j] * t[j])) * f[j];
}

// Of h nothing comes back but through `hidden`.
static void backward(Graph *g, void *record)
{
    const Lstm *l = record;
    const int d = l->y->cols / 2;
    GradientRow input = dm_first_gradient_row(g, l->input), hidden = dm_first_gradient_row(g, l->hidden);
    float *state = dm_gradient(g, l->state);
    for (int i = 0; i < l->y->rows; i++) {
        backward_row(l, i, l->scratch, input, hidden, state ? state + (size_t)i * (size_t)l->state->stride + d : NULL);
        dm_next_gradient_row(&input);
        dm_next_gradient_row(&hidden);
    }
}

const Op dm_lstm_op = {"lstm", backward};

Tensor *dm_lstm(Graph *g, const Tensor *input, const Tensor *hidden, const Tensor *state)
{
    const int n = state->rows, d = state->cols / 2;
    assert(input->rows == n && hidden->rows == n && input->cols == 4 * d && hidden->cols == 4 * d);
    Tensor *y = dm_tensor(g, n, 2 * d);
    const size_t row = 5 * (size_t)d;
    float *gates = dm_arena_take(g->arena, (g->recording ? (size_t)n : 1) * row * sizeof(float));
    for (int i = 0; i < n; i++)
        forward_row(dm_row(input, i), dm_row(hidden, i), dm_row(state, i) + d,
                    gates + (g->recording ? (size_t)i * row : 0), dm_row(y, i), d);
    Lstm *l = dm_record(g, &dm_lstm_op, y, sizeof *l);
    if (l) *l = (Lstm){input, hidden, state, y, gates, dm_arena_take(g->arena, 4 * (size_t)d * sizeof(float))};
    return y;
}
