// Softmax cross-entropy of the output layer, with label smoothing (Szegedy et al. 2016, section 7):
//   z = x W' + b,  log p_w = z_w - log sum exp z,
//   objective = sum_i (1 - s) * -log p[target_i] + s * mean over all w but excluded of -log p[w]
//   dz_w = p_w - (1 - s) [w = target] - s / (V - 1) [w not excluded]
// x [n, d], W [V, d], b [V]. The [n, V] matrix is never whole: chunks of rows, whose logits stay in cache, go forward
// and back before the next chunk begins.
#include <assert.h>

#include "tensor/kernels.h"
#include "tensor/op_table.h"
#include "tensor/ops.h"

enum { CHUNK = DM_CROSS_ENTROPY_ROWS };

// The gradient was made on the way forward; nothing is left to do.
const Op dm_cross_entropy_op = {"cross_entropy", dm_no_gradient};
const Op dm_log_probabilities_op = {"log_probabilities", dm_no_gradient};

DM_CLONES
static void add_bias(float *restrict z, const float *restrict bias, int n)
{
    for (int j = 0; j < n; j++) z[j] += bias[j];
}

DM_CLONES
static float sum_row(const float *z, int n)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < n; j++) sum += z[j];
    return sum;
}

// z becomes exp(z - max); returns log sum exp z, and the sum of the new z through *sum.
DM_CLONES
static float exponentiate(float *z, int n, float *sum)
{
    float max;
    *sum = dm_exp_row(z, n, &max);
    return max + logf(*sum);
}

// e = exp(z - max) becomes dz, but for the target.
DM_CLONES
static void gradient_row(float *e, float inverse, float share, int n)
{
    for (int j = 0; j < n; j++) e[j] = e[j] * inverse - share;
}

static void logits(const Graph *g, const Tensor *x, const Tensor *weight, const Tensor *bias, int from, int rows,
                   float *z)
{
    const int vocabulary = weight->rows;
    dm_gemm(g, (Gemm){.m = rows,
                      .n = vocabulary,
                      .k = x->cols,
                      .a = dm_row(x, from),
                      .lda = x->stride,
                      .b = weight->data,
                      .ldb = weight->stride,
                      .transpose_b = true,
                      .c = z,
                      .ldc = vocabulary});
    for (size_t i = 0; bias && i < (size_t)rows; i++) add_bias(z + i * (size_t)vocabulary, bias->data, vocabulary);
}

// One row of logits: adds to the loss, and turns the logits into their gradient where that is wanted.
static void loss_row(const CrossEntropy *a, int i, float *z, Loss *loss, bool gradient)
{
    const int n = a->weight->rows, target = a->targets[i];
    assert(target >= 0 && target < n && target != a->excluded);
    const float at_target = z[target];
    float others = 0;  // the sum of all logits but the excluded one, which may be huge (a bias of -10000)
    if (a->smoothing > 0 && a->excluded < 0) others = sum_row(z, n);
    if (a->smoothing > 0 && a->excluded >= 0)
        others = sum_row(z, a->excluded) + sum_row(z + a->excluded + 1, n - a->excluded - 1);
    float sum;
    const float log_sum = exponentiate(z, n, &sum);
    const int counted = n - (a->excluded >= 0);
    const double nll = (double)log_sum - (double)at_target;
    loss->nll += nll;
    loss->objective += (1 - a->smoothing) * nll + a->smoothing * ((double)log_sum - (double)others / counted);
    if (a->log_probabilities) a->log_probabilities[i] = (float)-nll;
    if (!gradient) return;
    const float share = a->smoothing / (float)counted;
    gradient_row(z, 1.0f / sum, share, n);
    z[target] -= 1 - a->smoothing;
    if (a->excluded >= 0) z[a->excluded] += share;
}

Loss dm_cross_entropy(Graph *g, const CrossEntropy *args)
{
    const CrossEntropy *a = args;
    const int n = a->x->rows, d = a->x->cols, vocabulary = a->weight->rows;
    assert(a->weight->cols == d && (!a->bias || a->bias->cols == vocabulary));
    dm_record(g, &dm_cross_entropy_op, 0);
    float *dx = g->recording ? dm_gradient(g, a->x) : NULL, *dw = g->recording ? dm_gradient(g, a->weight) : NULL;
    Loss loss = {.count = n};
    ArenaMark mark = dm_arena_mark(g->arena);
    float *z = dm_arena_take(g->arena, (size_t)(n < CHUNK ? n : CHUNK) * (size_t)vocabulary * sizeof(float));
    for (int from = 0; from < n; from += CHUNK) {
        const int rows = n - from < CHUNK ? n - from : CHUNK;
        logits(g, a->x, a->weight, a->bias, from, rows, z);
        for (int i = 0; i < rows; i++) loss_row(a, from + i, z + (size_t)i * (size_t)vocabulary, &loss, dx || dw);
        if (dx)
            dm_gemm(g, (Gemm){.m = rows,
                              .n = d,
                              .k = vocabulary,
                              .a = z,
                              .lda = vocabulary,
                              .b = a->weight->data,
                              .ldb = a->weight->stride,
                              .c = dx + (size_t)from * (size_t)a->x->stride,
                              .ldc = a->x->stride,
                              .beta = 1});
        for (size_t i = 0; a->excluded >= 0 && i < (size_t)rows; i++)
            z[i * (size_t)vocabulary + (size_t)a->excluded] = 0;
        if (dw)
            dm_gemm(g, (Gemm){.m = vocabulary,
                              .n = d,
                              .k = rows,
                              .a = z,
                              .lda = vocabulary,
                              .transpose_a = true,
                              .b = dm_row(a->x, from),
                              .ldb = a->x->stride,
                              .c = dw,
                              .ldc = a->weight->stride,
                              .beta = 1});
    }
    dm_arena_release(g->arena, mark);
    return loss;
}

DM_CLONES
static void subtract(float *z, float log_sum, int n)
{
    for (int j = 0; j < n; j++) z[j] -= log_sum;
}

DM_CLONES
static float log_sum_exp(const float *z, int n)
{
    float max = z[0], sum = 0;
#pragma omp simd reduction(max : max)
    for (int j = 0; j < n; j++) max = z[j] > max ? z[j] : max;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < n; j++) sum += dm_exp(z[j] - max);
    return max + logf(sum);
}

Tensor *dm_log_probabilities(Graph *g, const Tensor *x, const Tensor *weight, const Tensor *bias)
{
    const int vocabulary = weight->rows;
    Tensor *y = dm_tensor(g, x->rows, vocabulary);
    dm_record(g, &dm_log_probabilities_op, 0);
    logits(g, x, weight, bias, 0, x->rows, y->data);
    for (int i = 0; i < x->rows; i++) subtract(dm_row(y, i), log_sum_exp(dm_row(y, i), vocabulary), vocabulary);
    return y;
}
