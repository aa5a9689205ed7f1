// Depthwise convolution, whose weights several columns may share (Kaiser et al. 2017; Wu et al. 2019, equations 4 to
// 7):
//   y_ic = sum_j w_hj x_o(i,j)c,  h = c div (d / heads),  o(i,j) = order[i k + j];  nothing is added where it is -1
// w is [heads, k], or of each row by itself [n, heads k].  x [.., d], y [n, d]
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct Convolve {
    const Tensor *x, *w;
    int heads;
    const float *across;  // NULL: columns share weights
    Window window;
    Tensor *y;
} Convolve;

static bool is_shared(const Convolve *c)
{
    return c->w->rows == c->heads && c->w->cols == c->window.width;
}

// Weights of head h for row i: k of them.
static const float *weights_of(const Convolve *c, int i, int h)
{
    return is_shared(c) ? dm_row(c->w, h) : dm_row(c->w, i) + (size_t)h * (size_t)c->window.width;
}

DM_CLONES
static void add_scaled(float *restrict to, const float *restrict from, float factor, int n)
{
    for (int j = 0; j < n; j++) to[j] += factor * from[j];
}

DM_CLONES
static float dot(const float *restrict a, const float *restrict b, int n)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < n; j++) sum += a[j] * b[j];
    return sum;
}

// Where every column has weights of its own, they are taken across: w' [k, d].
DM_CLONES
static void add_product(float *restrict to, const float *restrict a, const float *restrict b, int n)
{
    for (int j = 0; j < n; j++) to[j] += a[j] * b[j];
}

const float *dm_across(Graph *g, const Tensor *w)
{
    float *turned = dm_arena_take(g->arena, (size_t)w->rows * (size_t)w->cols * sizeof(float));
    for (int c = 0; c < w->rows; c++)
        for (int j = 0; j < w->cols; j++) turned[(size_t)j * (size_t)w->rows + (size_t)c] = dm_row(w, c)[j];
    return turned;
}

static int row_at(const Convolve *c, int i, int j)
{
    return c->window.order[(size_t)i * (size_t)c->window.width + (size_t)j];
}

// dx_o(i,j)c += w_hj dy_ic,  dw_hj += sum over the columns of h of dy_ic x_o(i,j)c
static void backward_heads(const Convolve *c, float *dx, float *dw)
{
    const int d = c->x->cols, part = d / c->heads, k = c->window.width;
    const bool own = !is_shared(c);
    for (int i = 0; i < c->y->rows; i++) {
        const float *dy = c->y->grad + (size_t)i * (size_t)c->y->stride;
        for (int j = 0; j < k; j++) {
            const int row = row_at(c, i, j);
            if (row < 0) continue;
            for (int h = 0; h < c->heads; h++) {
                const size_t from = (size_t)h * (size_t)part;
                if (dx)
                    add_scaled(dx + (size_t)row * (size_t)c->x->stride + from, dy + from, weights_of(c, i, h)[j], part);
                float *to = !dw   ? NULL
                            : own ? dw + (size_t)i * (size_t)c->w->stride + (size_t)h * (size_t)k + j
                                  : dw + (size_t)h * (size_t)c->w->stride + j;
                if (to) *to += dot(dy + from, dm_row(c->x, row) + from, part);
            }
        }
    }
}

static void backward_across(Graph *g, const Convolve *c, float *dx, float *dw)
{
    const int d = c->x->cols, k = c->window.width;
    const size_t size = (size_t)k * (size_t)d;
    float *sum = memset(dm_arena_take(g->arena, size * sizeof(float)), 0, size * sizeof(float));
    for (int i = 0; i < c->y->rows; i++)
        for (int j = 0; j < k; j++) {
            const int row = row_at(c, i, j);
            const float *dy = c->y->grad + (size_t)i * (size_t)c->y->stride;
            if (row < 0) continue;
            if (dx) add_product(dx + (size_t)row * (size_t)c->x->stride, c->across + (size_t)j * (size_t)d, dy, d);
            add_product(sum + (size_t)j * (size_t)d, dy, dm_row(c->x, row), d);
        }
    for (int column = 0; dw && column < d; column++)
        for (int j = 0; j < k; j++)
            dw[(size_t)column * (size_t)c->w->stride + (size_t)j] += sum[(size_t)j * (size_t)d + (size_t)column];
}

static void backward(Graph *g, void *record)
{
    const Convolve *c = record;
    float *dx = dm_gradient(g, c->x), *dw = dm_gradient(g, c->w);
    if (dx) dm_count_product(g, c->y->rows, c->x->cols, c->window.width);
    if (dw) dm_count_product(g, c->y->rows, c->x->cols, c->window.width);
    const ArenaMark mark = dm_arena_mark(g->arena);
    if (c->across)
        backward_across(g, c, dx, dw);
    else
        backward_heads(c, dx, dw);
    dm_arena_release(g->arena, mark);
}

const Op dm_convolve_op = {"convolve", backward};

static void forward(const Convolve *c)
{
    const int d = c->x->cols, part = d / c->heads, k = c->window.width;
    for (int i = 0; i < c->y->rows; i++) {
        float *y = memset(dm_row(c->y, i), 0, (size_t)d * sizeof(float));
        for (int j = 0; j < k; j++) {
            const int row = row_at(c, i, j);
            assert(row >= -1 && row < c->x->rows);
            if (row < 0) continue;
            if (c->across) add_product(y, c->across + (size_t)j * (size_t)d, dm_row(c->x, row), d);
            for (int h = 0; !c->across && h < c->heads; h++)
                add_scaled(y + (size_t)h * (size_t)part, dm_row(c->x, row) + (size_t)h * (size_t)part,
                           weights_of(c, i, h)[j], part);
        }
    }
}

Tensor *dm_convolve(Graph *g, const Tensor *x, Kernels kernels, Window window)
{
    Tensor *y = dm_tensor(g, window.n, x->cols);
    const Convolve here = {x, kernels.w, kernels.heads, kernels.across, window, y};
    assert(x->cols % here.heads == 0 && (!here.across || here.heads == x->cols));
    assert(is_shared(&here) || (!here.across && here.w->rows == window.n && here.w->cols == here.heads * window.width));
    dm_count_product(g, window.n, x->cols, window.width);
    forward(&here);
    Convolve *c = dm_record(g, &dm_convolve_op, y, sizeof *c);
    if (c) *c = here;
    return y;
}
