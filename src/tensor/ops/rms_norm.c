// RMS normalisation (Zhang and Sennrich 2019, equation 4), row by row:
//   h = x / sqrt(mean(x^2) + eps),  y = gain * h.  x, y [n, d], gain [d]
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct RmsNorm {
    const Tensor *x, *gain;
    Tensor *y;
    float *scale;              // [n] 1 / sqrt(mean(x^2) + eps), kept for the way back
    float *unused, *unwanted;  // [d] where nobody wants the gradient of x, and of the gain
} RmsNorm;

DM_CLONES
static void forward_row(const float *restrict x, const float *restrict gain, float *restrict y, float *scale_out,
                        float epsilon, int d)
{
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (int j = 0; j < d; j++) squares += x[j] * x[j];
    const float scale = 1.0f / sqrtf(squares / (float)d + epsilon);
    for (int j = 0; j < d; j++) y[j] = gain[j] * (x[j] * scale);
    *scale_out = scale;
}

// With e = gain * dy:  dx = scale * (e - h * mean(e * h)),  dgain = sum(dy * h)
DM_CLONES
static void backward_row(const float *restrict x, const float *restrict gain, const float *restrict dy, float scale,
                         float *restrict dx, float *restrict dgain, int d)
{
    float along = 0;
#pragma omp simd reduction(+ : along)
    for (int j = 0; j < d; j++) along += gain[j] * dy[j] * (x[j] * scale);
    const float mean = along / (float)d;
    for (int j = 0; j < d; j++) {
        const float h = x[j] * scale;
        dx[j] += scale * (gain[j] * dy[j] - h * mean);
        dgain[j] += dy[j] * h;
    }
}

static void backward(Graph *g, void *record)
{
    const RmsNorm *r = record;
    const int d = r->x->cols;
    float *dx = dm_gradient(g, r->x), *dgain = dm_gradient(g, r->gain);
    for (int i = 0; i < r->x->rows; i++)
        backward_row(dm_row(r->x, i), r->gain->data, r->y->grad + (size_t)i * (size_t)d, r->scale[i],
                     dx ? dx + (size_t)i * (size_t)r->x->stride : r->unused, dgain ? dgain : r->unwanted, d);
}

const Op dm_rms_norm_op = {"rms_norm", backward};

Tensor *dm_rms_norm(Graph *g, const Tensor *x, const Tensor *gain, float epsilon)
{
    const int n = x->rows, d = x->cols;
    assert(gain->cols == d);
    Tensor *y = dm_tensor(g, n, d);
    float *scale = dm_arena_take(g->arena, (size_t)n * sizeof(float));
    for (int i = 0; i < n; i++) forward_row(dm_row(x, i), gain->data, dm_row(y, i), scale + i, epsilon, d);
    RmsNorm *r = dm_record(g, &dm_rms_norm_op, y, sizeof *r);
    if (!r) return y;
    const size_t size = 2 * (size_t)d * sizeof(float);
    float *scratch = memset(dm_arena_take(g->arena, size), 0, size);
    *r = (RmsNorm){x, gain, y, scale, scratch, scratch + d};
    return y;
}
