// Softmax cross-entropy of the output layer, with label smoothing (Szegedy et al. 2016, section 7):
//   z = x W' + b,  log p_w = z_w - log sum exp z,
//   objective = sum_i weight_i ((1 - s) * -log p[target_i] + s * mean over all w but excluded of -log p[w])
//   dz_w = weight_i (p_w - (1 - s) [w = target] - s / (V - 1) [w not excluded])
// of a blend with -log P instead of -log p[target]. x [n, d], W [V, d], b [V], weight [n]. The [n, V] matrix is never
// whole. A chunk of rows goes through the vocabulary block by block: the logits of a block become e = exp(z - m), with
// the row's largest logit m in the block, while they are in cache. Once all blocks are done their sums say what p = e
// exp(m) / sum exp z is, and the blocks pass by once more to become dz and to be multiplied.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/operand.h"
#include "tensor/ops/ops.h"

enum { ROWS = DM_CROSS_ENTROPY_ROWS, COLUMNS = DM_CROSS_ENTROPY_COLUMNS };

// The gradient was made on the way forward; nothing is left to do.
const Op dm_cross_entropy_op = {"cross_entropy", dm_no_gradient};

// Adds the bias (NULL: none) to a row of logits; returns the largest, and the sum of all through *sum.
DM_CLONES
static float look_at_row(float *restrict z, const float *restrict bias, int n, float *sum)
{
    float max = -INFINITY, all = 0;
    for (int j = 0; bias && j < n; j++) z[j] += bias[j];
#pragma omp simd reduction(max : max) reduction(+ : all)
    for (int j = 0; j < n; j++) {
        max = z[j] > max ? z[j] : max;
        all += z[j];
    }
    *sum = all;
    return max;
}

// z becomes e = exp(z - max); returns the sum of e.
DM_CLONES
static float exponentiate(float *z, int n, float max)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < n; j++) {
        z[j] = dm_exp_negative(z[j] - max);
        sum += z[j];
    }
    return sum;
}

// e becomes dz, but for the target.
DM_CLONES
static void gradient_row(float *e, float factor, float share, int n)
{
    for (int j = 0; j < n; j++) e[j] = e[j] * factor - share;
}

DM_CLONES
static void gradient_row_bf16(Bf16 *e, float factor, float share, int n)
{
    for (int j = 0; j < n; j++) e[j] = dm_bf16(dm_of_bf16(e[j]) * factor - share);
}

// The work on a chunk of rows. Blocks are numbered from 0; the last one may be narrower.
typedef struct Chunk {
    const CrossEntropy *args;
    Operand x, weight;
    int from, rows, blocks;  // its first row
    const int *targets;      // [rows]; that of a row that does not count is some piece, of a blend it may be -1
    const float *weights;    // [rows] or NULL
    bool gradient;
    Precision precision;  // of e
    void *e;              // [blocks][x.rows, width of the block] e, then dz; without gradient one block that all share
    float *z;             // [x.rows, COLUMNS] the logits of a block, where e has fewer bits than they
    float *max, *sum;     // [blocks][ROWS] of e in the block
    float *others;        // [ROWS] sum of all logits but the excluded one, which may be huge (a bias of -10000)
    float *at_target;     // [ROWS] z[target]
    float *kept, *said;   // [ROWS] of a blend: how much of P(target) is p's, and log P(target)
} Chunk;

static float weight_of(const Chunk *c, int i)
{
    return c->weights ? c->weights[i] : 1;
}

static int block_of(int id)
{
    return id / COLUMNS;
}

static int width_of(const Chunk *c, int block)
{
    const int left = c->args->weight->rows - block * COLUMNS;
    return left < COLUMNS ? left : COLUMNS;
}

// Rows of a block lie side by side, without a gap: oneDNN is very slow at products where they do not.
static size_t block_start(const Chunk *c, int block)
{
    return c->gradient ? (size_t)block * (size_t)c->x.rows * COLUMNS : 0;
}

static float *e_float(const Chunk *c, int block)
{
    return (float *)c->e + block_start(c, block);
}

static Bf16 *e_bf16(const Chunk *c, int block)
{
    return (Bf16 *)c->e + block_start(c, block);
}

// ---- Forward --------------------------------------------------------------------------------------------------------

// The logits of one row in one block: what the loss needs of them, then e (which in bf16 lies elsewhere, at `to`).
static void row_forward(const Chunk *c, int block, int i, float *z, Bf16 *to)
{
    const CrossEntropy *a = c->args;
    const int n = width_of(c, block), first = block * COLUMNS, target = c->targets[i] - first;
    float sum;
    const float max = look_at_row(z, a->bias ? a->bias->data + first : NULL, n, &sum);
    if (target >= 0 && target < n) c->at_target[i] = z[target];
    if (a->excluded >= 0 && block_of(a->excluded) == block) {
        const int excluded = a->excluded - first;
        float before;
        look_at_row(z, NULL, excluded, &before);
        look_at_row(z + excluded + 1, NULL, n - excluded - 1, &sum);
        sum += before;
    }
    c->others[i] += sum;
    c->max[block * ROWS + i] = max;
    c->sum[block * ROWS + i] = exponentiate(z, n, max);
    if (to) dm_round_bf16(z, to, (size_t)n);
}

static void block_forward(Graph *g, const Chunk *c, int block)
{
    const int n = width_of(c, block);
    const bool rounds = c->gradient && c->precision == DM_PRECISION_BF16;
    float *z = c->precision == DM_PRECISION_FP32 ? e_float(c, block) : c->z;
    dm_forward(g, &(Forward){.x = c->x,
                             .rows = c->rows,
                             .weight = c->args->weight,
                             .first = block * COLUMNS,
                             .count = n,
                             .y = z,
                             .stride = n});
    for (int i = 0; i < c->rows; i++) {
        const size_t row = (size_t)i * (size_t)n;
        row_forward(c, block, i, z + row, rounds ? e_bf16(c, block) + row : NULL);
    }
}

// ---- The loss of a row ----------------------------------------------------------------------------------------------

// -log P of a row of a blend, and what is needed of it on the way back.
static double blended_nll(const Chunk *c, int i, double log_p)
{
    const Blend *b = c->args->blend;
    const int row = c->from + i;
    const double of_p = log(b->share[row]) + log_p, of_rest = log(b->rest[row]), most = of_p > of_rest ? of_p : of_rest,
                 both = most + log(exp(of_p - most) + exp(of_rest - most)),
                 counts = (double)weight_of(c, i) * (1 - (double)c->args->smoothing);
    c->kept[i] = (float)exp(of_p - both);
    c->said[i] = (float)both;
    b->by_share[row] = -counts * exp(log_p - both);
    b->by_rest[row] = -counts * exp(-both);
    return -both;
}

// Adds a row to the loss; its factors exp(m) / sum exp z take the place of its m. Returns log sum exp z.
static float row_loss(const Chunk *c, int i, Loss *loss)
{
    const CrossEntropy *a = c->args;
    float max = c->max[i], sum = 0;
    for (int b = 1; b < c->blocks; b++) max = c->max[b * ROWS + i] > max ? c->max[b * ROWS + i] : max;
    for (int b = 0; b < c->blocks; b++) sum += c->sum[b * ROWS + i] * expf(c->max[b * ROWS + i] - max);
    for (int b = 0; b < c->blocks; b++) c->max[b * ROWS + i] = expf(c->max[b * ROWS + i] - max) / sum;
    const float log_sum = max + logf(sum);
    const int counted = a->weight->rows - (a->excluded >= 0);
    const double weight = weight_of(c, i), surprise = (double)log_sum - (double)c->at_target[i],
                 nll = a->blend ? blended_nll(c, i, -surprise) : surprise;
    if (weight == 0) return log_sum;
    loss->count++;
    loss->nll += weight * nll;
    loss->objective +=
        weight * ((1 - a->smoothing) * nll + a->smoothing * ((double)log_sum - (double)c->others[i] / counted));
    return log_sum;
}

// ---- Backward -------------------------------------------------------------------------------------------------------

static void set(const Chunk *c, int block, int i, int column, float value)
{
    const size_t at = (size_t)i * (size_t)width_of(c, block) + (size_t)column;
    if (c->precision == DM_PRECISION_BF16)
        e_bf16(c, block)[at] = dm_bf16(value);
    else
        e_float(c, block)[at] = value;
}

static float get(const Chunk *c, int block, int i, int column)
{
    const size_t at = (size_t)i * (size_t)width_of(c, block) + (size_t)column;
    return c->precision == DM_PRECISION_BF16 ? dm_of_bf16(e_bf16(c, block)[at]) : e_float(c, block)[at];
}

// Of a blend, what the target gives p is less, and what the smoothing gives it is as ever:
//   dz_w = weight_i (((1 - s) kept_i + s) p_w - (1 - s) kept_i [w = target] - s / (V - 1) [w not excluded])
static float kept_of(const Chunk *c, int i)
{
    return (1 - c->args->smoothing) * c->kept[i];
}

// e becomes dz in one block. log_sum: [rows]
static void block_gradient(const Chunk *c, int block, const float *log_sum)
{
    const CrossEntropy *a = c->args;
    const int n = width_of(c, block), first = block * COLUMNS, counted = a->weight->rows - (a->excluded >= 0);
    for (int i = 0; i < c->rows; i++) {
        const size_t row = (size_t)i * (size_t)width_of(c, block);
        const float weight = weight_of(c, i), whole = a->blend ? kept_of(c, i) + a->smoothing : 1,
                    factor = weight * c->max[block * ROWS + i] * whole;
        const float share = weight * (a->smoothing / (float)counted);
        const int target = c->targets[i];
        if (c->precision == DM_PRECISION_BF16)
            gradient_row_bf16(e_bf16(c, block) + row, factor, share, n);
        else
            gradient_row(e_float(c, block) + row, factor, share, n);
        if (target >= 0 && block_of(target) == block)
            set(c, block, i, target - first,
                weight * whole * expf(c->at_target[i] - log_sum[i]) - share -
                    weight * (a->blend ? kept_of(c, i) : 1 - a->smoothing));
        if (a->excluded >= 0 && block_of(a->excluded) == block)
            set(c, block, i, a->excluded - first, get(c, block, i, a->excluded - first) + share);
    }
    if (c->precision == DM_PRECISION_BF16)
        memset(e_bf16(c, block) + (size_t)c->rows * (size_t)n, 0,
               (size_t)(c->x.rows - c->rows) * (size_t)n * sizeof(Bf16));
}

// dx += dz W,  dW += dz' x of one block; dx of the chunk's rows, dW of the block's
static void block_backward(Graph *g, const Chunk *c, int block, float *dx, float *dw)
{
    const CrossEntropy *a = c->args;
    const int n = width_of(c, block), d = a->x->cols, first = block * COLUMNS;
    const void *dz = c->precision == DM_PRECISION_BF16 ? (void *)e_bf16(c, block) : (void *)e_float(c, block);
    if (dx)
        dm_gemm(g, (Gemm){.m = c->rows,
                          .n = d,
                          .k = n,
                          .a = dz,
                          .lda = n,
                          .b = dm_operand_row(&c->weight, first),
                          .ldb = c->weight.stride,
                          .c = dx,
                          .ldc = a->x->stride,
                          .beta = 1,
                          .precision = c->precision});
    for (int i = 0; i < c->rows && a->excluded >= 0 && block_of(a->excluded) == block; i++)
        set(c, block, i, a->excluded - first, 0);
    if (dw)
        dm_gemm(g, (Gemm){.m = n,
                          .n = d,
                          .k = c->x.rows,
                          .a = dz,
                          .lda = n,
                          .transpose_a = true,
                          .b = c->x.data,
                          .ldb = c->x.stride,
                          .c = dw + (size_t)first * (size_t)a->weight->stride,
                          .ldc = a->weight->stride,
                          .beta = 1,
                          .precision = c->precision});
}

// ---- Chunk after chunk ----------------------------------------------------------------------------------------------

static float *floats(Graph *g, size_t count)
{
    return dm_arena_take(g->arena, count * sizeof(float));
}

// Rows that do not count get a target that is none of the caller's.
static const int *targets_of(Graph *g, const CrossEntropy *a, int from, int rows)
{
    if (!a->weights) return a->targets + from;
    int *targets = dm_arena_take(g->arena, (size_t)rows * sizeof *targets);
    for (int i = 0; i < rows; i++) targets[i] = a->weights[from + i] != 0 ? a->targets[from + i] : 0;
    return targets;
}

static Chunk new_chunk(Graph *g, const CrossEntropy *a, int from, bool gradient)
{
    const int vocabulary = a->weight->rows, left = a->x->rows - from, rows = left < ROWS ? left : ROWS;
    Chunk c = {.args = a,
               .x = dm_operand(g, dm_row(a->x, from), rows, a->x->cols, a->x->stride),
               .weight = gradient ? dm_weight_operand(g, a->weight) : (Operand){0},
               .from = from,
               .rows = rows,
               .targets = targets_of(g, a, from, rows),
               .weights = a->weights ? a->weights + from : NULL,
               .blocks = (vocabulary + COLUMNS - 1) / COLUMNS,
               .gradient = gradient};
    const int wide = vocabulary < COLUMNS ? vocabulary : COLUMNS;
    const size_t stats = (size_t)c.blocks * ROWS, elements = (size_t)c.x.rows * (size_t)(gradient ? vocabulary : wide);
    c.precision = g->rounded ? DM_PRECISION_BF16 : DM_PRECISION_FP32;
    c.e = dm_arena_take(g->arena, elements * (c.precision == DM_PRECISION_BF16 ? sizeof(Bf16) : sizeof(float)));
    if (c.precision == DM_PRECISION_BF16) c.z = floats(g, (size_t)c.x.rows * (size_t)wide);
    c.max = floats(g, 2 * stats);
    c.sum = c.max + stats;
    c.others = memset(floats(g, ROWS), 0, ROWS * sizeof(float));
    c.at_target = floats(g, ROWS);
    if (!a->blend) return c;
    for (int i = 0; i < ROWS; i++) c.at_target[i] = -INFINITY;
    c.kept = floats(g, 2 * ROWS);
    c.said = c.kept + ROWS;
    return c;
}

Loss dm_cross_entropy(Graph *g, const CrossEntropy *args)
{
    const CrossEntropy *a = args;
    assert(a->weight->cols == a->x->cols && (!a->bias || a->bias->cols == a->weight->rows));
    dm_record(g, &dm_cross_entropy_op, NULL, 0);
    float *dx = g->recording ? dm_gradient(g, a->x) : NULL, *dw = g->recording ? dm_gradient(g, a->weight) : NULL;
    Loss loss = {0};
    for (int from = 0; from < a->x->rows; from += ROWS) {
        const ArenaMark mark = dm_arena_mark(g->arena);
        const Chunk c = new_chunk(g, a, from, dx || dw);
        float log_sum[ROWS];
        for (int i = 0; i < c.rows; i++)
            assert(c.targets[i] >= (a->blend ? -1 : 0) && c.targets[i] < a->weight->rows &&
                   (c.targets[i] < 0 || c.targets[i] != a->excluded || weight_of(&c, i) == 0));
        for (int block = 0; block < c.blocks; block++) block_forward(g, &c, block);
        for (int i = 0; i < c.rows; i++) {
            log_sum[i] = row_loss(&c, i, &loss);
            if (a->log_probabilities)
                a->log_probabilities[from + i] = weight_of(&c, i) == 0 ? 0
                                                 : a->blend            ? c.said[i]
                                                                       : c.at_target[i] - log_sum[i];
        }
        for (int block = 0; block < c.blocks && c.gradient; block++) {
            block_gradient(&c, block, log_sum);
            block_backward(g, &c, block, dx ? dx + (size_t)from * (size_t)a->x->stride : NULL, dw);
        }
        dm_arena_release(g->arena, mark);
    }
    return loss;
}
