// What may come next: the output layer and its softmax, for search.
//   z = x W' + b,  log p_w = z_w - log sum exp z
// x [n, d], W [V, d], b [V]. The logits are made a block at a time, some rows by some pieces, which stays in the second
// cache until all is taken from it: the sum of the softmax, kept on the way as sum exp(z - highest z so far) (Milakov
// and Gimelshein 2018, algorithm 3), and the best pieces.
#include <assert.h>

#include "tensor/kernels.h"
#include "tensor/op_table.h"
#include "tensor/ops.h"

enum { ROWS = 64, PIECES = 2048, GROUP = 64 };  // of a block; logits that are looked at as one

const Op dm_log_probabilities_op = {"log_probabilities", dm_no_gradient};
const Op dm_next_pieces_op = {"next_pieces", dm_no_gradient};

typedef struct OutputLayer {
    const Tensor *x, *weight, *bias;
} OutputLayer;

// Some rows by some pieces of its results, rows `stride` apart.
typedef struct Block {
    int row, rows, piece, pieces, stride;
    float *z;
} Block;

// z = x W', without the bias
static void multiply(const Graph *g, const OutputLayer *l, const Block *b)
{
    dm_gemm(g, (Gemm){.m = b->rows,
                      .n = b->pieces,
                      .k = l->x->cols,
                      .a = dm_row(l->x, b->row),
                      .lda = l->x->stride,
                      .b = dm_row(l->weight, b->piece),
                      .ldb = l->weight->stride,
                      .transpose_b = true,
                      .c = b->z,
                      .ldc = b->stride});
}

// The softmax of a row as far as it is known: the sum is of exp(z - highest).
typedef struct Softmax {
    float highest, sum;
} Softmax;

// Adds the bias (NULL: none) to the logits of a block and leaves the highest of every GROUP of them; returns the
// highest of all. What is no number is none of them.
DM_CLONES
static float add_bias(float *restrict z, const float *restrict bias, int n, float *restrict group)
{
    float highest = -INFINITY;
    for (int from = 0; from < n; from += GROUP) {
        const int to = from + GROUP < n ? from + GROUP : n;
        float most = -INFINITY;
        if (bias)
            for (int j = from; j < to; j++) z[j] += bias[j];
#pragma omp simd reduction(max : most)
        for (int j = from; j < to; j++) most = z[j] > most ? z[j] : most;
        group[from / GROUP] = most;
        highest = most > highest ? most : highest;
    }
    return highest;
}

// Logits without a single number above minus infinity add nothing, except that a NaN makes the sum one.
DM_CLONES
static void add_to_sum(Softmax *s, const float *z, int n, float highest)
{
    if (highest > s->highest) {
        s->sum *= dm_exp(s->highest - highest);
        s->highest = highest;
    }
    const float from = s->highest > -INFINITY ? s->highest : 0;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < n; j++) sum += dm_exp(z[j] - from);
    s->sum += sum;
}

// z[0 ... n-1] are the logits of piece `first` and those behind it. Nearly every group lies below the worst piece kept
// and is passed over.
static void keep_best(const NextPieces *next, int row, const float *z, int n, int first, const float *group)
{
    float *logit = dm_row(next->logits, row);
    int *id = next->ids + (size_t)row * (size_t)next->best;
    const int last = next->best - 1;
    for (int from = 0; from < n; from += GROUP) {
        if (!(group[from / GROUP] > logit[last])) continue;
        const int to = from + GROUP < n ? from + GROUP : n;
        for (int j = from; j < to; j++) {
            if (!(z[j] > logit[last])) continue;
            int at = last;
            for (; at > 0 && logit[at - 1] < z[j]; at--) {
                logit[at] = logit[at - 1];
                id[at] = id[at - 1];
            }
            logit[at] = z[j];
            id[at] = first + j;
        }
    }
}

static int at_most(int n, int most)
{
    return n < most ? n : most;
}

// log sum exp of every row. The logits are kept in `whole`, and the best of them in `next`, where these are not NULL.
// Block after block of the pieces, so that its weights are read once.
static float *log_sums(Graph *g, const OutputLayer *l, Tensor *whole, const NextPieces *next)
{
    const int n = l->x->rows, vocabulary = l->weight->rows;
    assert(l->weight->cols == l->x->cols && (!l->bias || l->bias->cols == vocabulary));
    float *log_sum = dm_arena_take(g->arena, (size_t)n * sizeof(float));
    const ArenaMark mark = dm_arena_mark(g->arena);
    Softmax *softmax = dm_arena_take(g->arena, (size_t)n * sizeof *softmax);
    for (int i = 0; i < n; i++) softmax[i] = (Softmax){-INFINITY, 0};
    const int stride = whole ? whole->stride : at_most(vocabulary, PIECES);
    float *z = whole ? NULL : dm_arena_take(g->arena, (size_t)at_most(n, ROWS) * (size_t)stride * sizeof(float));
    float highest_of[PIECES / GROUP];
    for (int piece = 0; piece < vocabulary; piece += PIECES)
        for (int row = 0; row < n; row += ROWS) {
            const Block b = {row,    at_most(n - row, ROWS),
                             piece,  at_most(vocabulary - piece, PIECES),
                             stride, whole ? dm_row(whole, row) + piece : z};
            multiply(g, l, &b);
            for (int i = 0; i < b.rows; i++) {
                float *logits = b.z + (size_t)i * (size_t)stride;
                const float highest = add_bias(logits, l->bias ? l->bias->data + piece : NULL, b.pieces, highest_of);
                add_to_sum(&softmax[row + i], logits, b.pieces, highest);
                if (next) keep_best(next, row + i, logits, b.pieces, piece, highest_of);
            }
        }
    for (int i = 0; i < n; i++) log_sum[i] = softmax[i].highest + logf(softmax[i].sum);
    dm_arena_release(g->arena, mark);
    return log_sum;
}

NextPieces dm_next_pieces(Graph *g, const Tensor *x, const Tensor *weight, const Tensor *bias, int best)
{
    const int n = x->rows;
    assert(best > 0);
    NextPieces next = {.best = best, .logits = dm_tensor(g, n, best)};
    dm_record(g, &dm_next_pieces_op, 0);
    next.ids = dm_arena_take(g->arena, (size_t)n * (size_t)best * sizeof(int));
    for (size_t i = 0; i < (size_t)n * (size_t)best; i++) {
        next.ids[i] = -1;
        next.logits->data[i] = -INFINITY;
    }
    next.log_sums = log_sums(g, &(OutputLayer){x, weight, bias}, NULL, &next);
    return next;
}

DM_CLONES
static void subtract(float *z, float log_sum, int n)
{
    for (int j = 0; j < n; j++) z[j] -= log_sum;
}

Tensor *dm_log_probabilities(Graph *g, const Tensor *x, const Tensor *weight, const Tensor *bias)
{
    Tensor *y = dm_tensor(g, x->rows, weight->rows);
    dm_record(g, &dm_log_probabilities_op, 0);
    const float *log_sum = log_sums(g, &(OutputLayer){x, weight, bias}, y, NULL);
    for (int i = 0; i < y->rows; i++) subtract(dm_row(y, i), log_sum[i], y->cols);
    return y;
}
