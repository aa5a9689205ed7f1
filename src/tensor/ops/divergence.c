// How far two passes over the same tokens, each with masks of its own, are apart (R-Drop, Liang et al. 2021): with
//   p_i = softmax(W x_i + b),  q_i = softmax(W x_{n+i} + b),  l = log p - log q
//   L = sum_i 1/2 (KL(p_i||q_i) + KL(q_i||p_i)) = sum_i 1/2 sum_w (p_w - q_w) l_w
//   dz^p_w = 1/2 (p_w (l_w - KL(p||q)) + p_w - q_w),  dz^q_w = 1/2 (q_w (-l_w - KL(q||p)) + q_w - p_w)
// x [2n, d], W [V, d], b [V]. l is a difference of logits, so that what no probability is left of (a bias of -10000)
// adds 0 times something finite. The [2n, V] matrix is never whole: a chunk of pairs goes through the vocabulary block
// by block, once for the sums of its softmaxes, and once more, its logits kept, for L and dz, which take their place.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/operand.h"
#include "tensor/ops/ops.h"

enum { PAIRS = DM_CROSS_ENTROPY_ROWS / 2, COLUMNS = DM_CROSS_ENTROPY_COLUMNS };

// The gradient was made on the way forward; nothing is left to do.
const Op dm_divergence_op = {"divergence", dm_no_gradient};

// The softmax of a row as far as it is known: `sum` of exp(z - highest), `along` of exp(z - highest) (z^p - z^q).
typedef struct Softmax {
    float highest, sum, along;
} Softmax;

// Of one pair: log sum exp z, KL(p||q) and KL(q||p).
typedef struct Pair {
    float log_sum[2], divergence[2];
} Pair;

// The work on a chunk of pairs. Half 0 is p, half 1 is q.
typedef struct Chunk {
    const Divergence *args;
    Operand x[2];
    int pairs, blocks;
    float *z[2];          // [blocks][pairs, width of the block] the logits, then dz
    Softmax *softmax[2];  // [pairs]
    Pair *pair;           // [pairs]
} Chunk;

static int width_of(const Chunk *c, int block)
{
    const int left = c->args->weight->rows - block * COLUMNS;
    return left < COLUMNS ? left : COLUMNS;
}

// The logits of a half in a block: rows lie side by side, as products like them.
static float *logits(const Chunk *c, int half, int block)
{
    return c->z[half] + (size_t)block * (size_t)c->pairs * COLUMNS;
}

// ---- The sums of the softmaxes --------------------------------------------------------------------------------------

// Adds the bias (NULL: none) to a row of logits; returns the largest.
DM_CLONES
static float add_bias(float *restrict z, const float *restrict bias, int n)
{
    float highest = -INFINITY;
    for (int j = 0; bias && j < n; j++) z[j] += bias[j];
#pragma omp simd reduction(max : highest)
    for (int j = 0; j < n; j++) highest = z[j] > highest ? z[j] : highest;
    return highest;
}

// z: that of p or that of q
DM_CLONES
static void add_to_sums(Softmax *s, const float *z, const float *p, const float *q, int n, float highest)
{
    if (highest > s->highest) {
        const float less = dm_exp(s->highest - highest);
        s->sum *= less;
        s->along *= less;
        s->highest = highest;
    }
    float sum = 0, along = 0;
#pragma omp simd reduction(+ : sum, along)
    for (int j = 0; j < n; j++) {
        const float e = dm_exp_negative(z[j] - s->highest);
        sum += e;
        along += e * (p[j] - q[j]);
    }
    s->sum += sum;
    s->along += along;
}

static void block_forward(Graph *g, const Chunk *c, int block)
{
    const Divergence *a = c->args;
    const int n = width_of(c, block), first = block * COLUMNS;
    for (int half = 0; half < 2; half++)
        dm_forward(g, &(Forward){.x = c->x[half],
                                 .rows = c->pairs,
                                 .weight = a->weight,
                                 .first = first,
                                 .count = n,
                                 .y = logits(c, half, block),
                                 .stride = n});
    const float *bias = a->bias ? a->bias->data + first : NULL;
    for (int i = 0; i < c->pairs; i++) {
        float *p = logits(c, 0, block) + (size_t)i * (size_t)n, *q = logits(c, 1, block) + (size_t)i * (size_t)n;
        const float highest_p = add_bias(p, bias, n), highest_q = add_bias(q, bias, n);
        add_to_sums(&c->softmax[0][i], p, p, q, n, highest_p);
        add_to_sums(&c->softmax[1][i], q, p, q, n, highest_q);
    }
}

// KL(p||q) is the mean of l under p.
static Pair pair_of(const Softmax *p, const Softmax *q)
{
    Pair pair = {.log_sum = {p->highest + logf(p->sum), q->highest + logf(q->sum)}};
    const float apart = pair.log_sum[0] - pair.log_sum[1];
    pair.divergence[0] = p->along / p->sum - apart;
    pair.divergence[1] = apart - q->along / q->sum;
    return pair;
}

// ---- L and its gradient ---------------------------------------------------------------------------------------------

// The logits of a pair become scale * 2 dz; returns sum (p - q) l.
DM_CLONES
static float gradient_rows(float *restrict p, float *restrict q, int n, const Pair *pair, float scale)
{
    const float log_p = pair->log_sum[0], log_q = pair->log_sum[1];
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < n; j++) {
        const float l = p[j] - q[j] - (log_p - log_q);
        const float of_p = dm_exp_negative(p[j] - log_p), of_q = dm_exp_negative(q[j] - log_q);
        sum += (of_p - of_q) * l;
        p[j] = scale * (of_p * (l - pair->divergence[0]) + of_p - of_q);
        q[j] = scale * (of_q * (-l - pair->divergence[1]) + of_q - of_p);
    }
    return sum;
}

static double block_divergence(const Chunk *c, int block)
{
    const int n = width_of(c, block);
    double sum = 0;
    for (int i = 0; i < c->pairs; i++)
        sum += (double)gradient_rows(logits(c, 0, block) + (size_t)i * (size_t)n,
                                     logits(c, 1, block) + (size_t)i * (size_t)n, n, &c->pair[i], c->args->factor / 2);
    return sum / 2;
}

// dx += dz W,  dW += dz' x of one half in one block; dx of the half's rows, dW of the block's
static void half_backward(Graph *g, const Chunk *c, int half, int block, float *dx, float *dw)
{
    const Divergence *a = c->args;
    const int n = width_of(c, block), d = a->x->cols, first = block * COLUMNS, excluded = a->excluded - first;
    float *z = logits(c, half, block);
    Operand dz = dm_operand(g, z, c->pairs, n, n);
    const Operand weight = dm_weight_operand(g, a->weight);
    if (dx)
        dm_gemm(g, (Gemm){.m = c->pairs,
                          .n = d,
                          .k = n,
                          .a = dz.data,
                          .lda = dz.stride,
                          .b = dm_operand_row(&weight, first),
                          .ldb = weight.stride,
                          .c = dx,
                          .ldc = a->x->stride,
                          .beta = 1,
                          .precision = dz.precision});
    if (dw && a->excluded >= 0 && excluded >= 0 && excluded < n) {
        for (size_t i = 0; i < (size_t)c->pairs; i++) z[i * (size_t)n + (size_t)excluded] = 0;
        dz = dm_operand(g, z, c->pairs, n, n);
    }
    if (dw)
        dm_gemm(g, (Gemm){.m = n,
                          .n = d,
                          .k = dz.rows,
                          .a = dz.data,
                          .lda = dz.stride,
                          .transpose_a = true,
                          .b = c->x[half].data,
                          .ldb = c->x[half].stride,
                          .c = dw + (size_t)first * (size_t)a->weight->stride,
                          .ldc = a->weight->stride,
                          .beta = 1,
                          .precision = dz.precision});
}

// ---- Chunk after chunk ----------------------------------------------------------------------------------------------

static Chunk new_chunk(Graph *g, const Divergence *a, int from)
{
    const int n = a->x->rows / 2, vocabulary = a->weight->rows, left = n - from, pairs = left < PAIRS ? left : PAIRS;
    Chunk c = {.args = a, .pairs = pairs, .blocks = (vocabulary + COLUMNS - 1) / COLUMNS};
    for (int half = 0; half < 2; half++) {
        c.x[half] = dm_operand(g, dm_row(a->x, half * n + from), pairs, a->x->cols, a->x->stride);
        c.z[half] = dm_arena_take(g->arena, (size_t)pairs * (size_t)vocabulary * sizeof(float));
        c.softmax[half] = dm_arena_take(g->arena, (size_t)pairs * sizeof(Softmax));
        for (int i = 0; i < pairs; i++) c.softmax[half][i] = (Softmax){-INFINITY, 0, 0};
    }
    c.pair = dm_arena_take(g->arena, (size_t)pairs * sizeof(Pair));
    return c;
}

double dm_divergence(Graph *g, const Divergence *args)
{
    const Divergence *a = args;
    const int n = a->x->rows / 2;
    assert(a->x->rows == 2 * n && a->weight->cols == a->x->cols && (!a->bias || a->bias->cols == a->weight->rows));
    dm_record(g, &dm_divergence_op, NULL, 0);
    float *dx = g->recording ? dm_gradient(g, a->x) : NULL, *dw = g->recording ? dm_gradient(g, a->weight) : NULL;
    double sum = 0;
    for (int from = 0; from < n; from += PAIRS) {
        const ArenaMark mark = dm_arena_mark(g->arena);
        const Chunk c = new_chunk(g, a, from);
        for (int block = 0; block < c.blocks; block++) block_forward(g, &c, block);
        for (int i = 0; i < c.pairs; i++) c.pair[i] = pair_of(&c.softmax[0][i], &c.softmax[1][i]);
        for (int block = 0; block < c.blocks; block++) {
            sum += block_divergence(&c, block);
            for (int half = 0; half < 2 && (dx || dw); half++) {
                const ArenaMark rounded = dm_arena_mark(g->arena);
                const size_t row = (size_t)(half * n + from);
                half_backward(g, &c, half, block, dx ? dx + row * (size_t)a->x->stride : NULL, dw);
                dm_arena_release(g->arena, rounded);
            }
        }
        dm_arena_release(g->arena, mark);
    }
    return sum;
}
