// Connectionist temporal classification (Graves et al. 2006) of the output layer, the layer included. Rows 1 ... T of a
// sequence each say a piece or a blank; what is left of that once pieces that repeat are one, and blanks are gone, is
// the target y1 ... yU. P(y) is the sum over all paths that come to it, pi, of prod_t p_t(pi_t), p_t = softmax(W x_t +
// b). With l = blank y1 blank y2 ... yU blank, of S = 2U + 1 labels, and a path that moves on by one label or two (past
// a blank between different pieces, section 4.1):
//   a_t(s) = p_t(l_s) (a_t-1(s) + a_t-1(s-1) + [l_s is no blank, nor l_s-2] a_t-1(s-2)),      a_1 = p_1(l_1), p_1(l_2),
//   0 ... b_t(s) = p_t+1(l_s) b_t+1(s) + p_t+1(l_s+1) b_t+1(s+1) + [likewise] p_t+1(l_s+2) b_t+1(s+2),   b_T = 0 ... 0,
//   1, 1 P(y) = sum_s a_t(s) b_t(s) of any t,   dz_tw = p_t(w) - sum over the s whose l_s is w of a_t(s) b_t(s) / P(y)
// in logarithms and double precision. The logits of a chunk of whole sequences are there at once, [rows, V], and become
// dz.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/operand.h"
#include "tensor/ops/ops.h"

// The gradient was made on the way forward; nothing is left to do.
const Op dm_ctc_op = {"ctc", dm_no_gradient};

// One sequence: its logits, and a target in labels.
typedef struct Lattice {
    float *z;        // [rows, vocabulary]
    float *log_sum;  // [rows]
    int rows, vocabulary, labels;
    const int *label;      // [labels]
    double *said;          // [rows, labels] log p_t(l_s)
    double *forward;       // [rows, labels] log a
    double *behind, *now;  // [labels] log b of the row behind, and of this one
} Lattice;

// ---- Softmax of the rows --------------------------------------------------------------------------------------------

// Adds the bias (NULL: none) to a row of logits; returns log sum exp.
DM_CLONES
static float log_sum_of(float *restrict z, const float *restrict bias, int n)
{
    float most = -INFINITY, sum = 0;
    for (int j = 0; bias && j < n; j++) z[j] += bias[j];
#pragma omp simd reduction(max : most)
    for (int j = 0; j < n; j++) most = z[j] > most ? z[j] : most;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < n; j++) sum += dm_exp_negative(z[j] - most);
    return most + logf(sum);
}

// A row of logits becomes p.
DM_CLONES
static void softmax_row(float *z, float log_sum, int n)
{
    for (int j = 0; j < n; j++) z[j] = dm_exp_negative(z[j] - log_sum);
}

// ---- Forward and backward through the labels ------------------------------------------------------------------------

// log(e^a + e^b + e^c)
static double log_add(double a, double b, double c)
{
    const double most = fmax(a, fmax(b, c));
    return most == -INFINITY ? most : most + log(exp(a - most) + exp(b - most) + exp(c - most));
}

// Whether a path may come to label s from the last but one.
static bool skips(const Lattice *l, int s)
{
    return s % 2 && s >= 2 && l->label[s] != l->label[s - 2];
}

// log P(y); minus infinity: there are too few rows.
static double go_forward(Lattice *l)
{
    const int n = l->labels;
    for (int t = 0; t < l->rows; t++)
        for (int s = 0; s < n; s++)
            l->said[t * n + s] =
                (double)l->z[(size_t)t * (size_t)l->vocabulary + (size_t)l->label[s]] - (double)l->log_sum[t];
    for (int s = 0; s < n; s++) l->forward[s] = s < 2 ? l->said[s] : -INFINITY;
    for (int t = 1; t < l->rows; t++) {
        const double *before = l->forward + (t - 1) * n;
        for (int s = 0; s < n; s++)
            l->forward[t * n + s] = l->said[t * n + s] + log_add(before[s], s ? before[s - 1] : -INFINITY,
                                                                 skips(l, s) ? before[s - 2] : -INFINITY);
    }
    const double *last = l->forward + (l->rows - 1) * n;
    return log_add(last[n - 1], n > 1 ? last[n - 2] : -INFINITY, -INFINITY);
}

// p becomes dz, the last row first.
static void go_backward(Lattice *l, double log_p)
{
    const int n = l->labels;
    for (int t = l->rows - 1; t >= 0; t--) {
        const double *said = l->said + (t + 1) * n;  // of the row behind
        for (int s = 0; s < n; s++) {
            if (t == l->rows - 1)
                l->now[s] = s >= n - 2 ? 0 : -INFINITY;
            else
                l->now[s] = log_add(said[s] + l->behind[s], s + 1 < n ? said[s + 1] + l->behind[s + 1] : -INFINITY,
                                    s + 2 < n && skips(l, s + 2) ? said[s + 2] + l->behind[s + 2] : -INFINITY);
            l->z[(size_t)t * (size_t)l->vocabulary + (size_t)l->label[s]] -=
                (float)exp(l->forward[t * n + s] + l->now[s] - log_p);
        }
        double *const spent = l->behind;
        l->behind = l->now;
        l->now = spent;
    }
}

// ---- Chunk after chunk ----------------------------------------------------------------------------------------------

// Sequences first ... last-1, whose rows are from ... from+rows-1.
typedef struct Chunk {
    int first, last, from, rows;
} Chunk;

// As many sequences as rows are looked at together, or one.
static Chunk chunk_from(const Ctc *a, int first)
{
    Chunk c = {.first = first, .last = first, .from = a->rows.start[first]};
    while (c.last < a->rows.n && (c.last == first || c.rows + a->rows.length[c.last] <= DM_CROSS_ENTROPY_ROWS)) {
        assert(a->rows.start[c.last] == c.from + c.rows);
        c.rows += a->rows.length[c.last++];
    }
    return c;
}

static Lattice lattice_of(Graph *g, const Ctc *a, int s)
{
    const int pieces = a->targets.spans.length[s], labels = 2 * pieces + 1, rows = a->rows.length[s];
    const int *piece = a->targets.ids + a->targets.spans.start[s];
    int *label = dm_arena_take(g->arena, (size_t)labels * sizeof(int));
    for (int i = 0; i < labels; i++) {
        label[i] = i % 2 ? piece[i / 2] : a->blank;
        assert(label[i] >= 0 && label[i] < a->weight->rows && (i % 2 == 0 || label[i] != a->blank));
    }
    double *room = dm_arena_take(g->arena, (2 * (size_t)rows + 2) * (size_t)labels * sizeof(double));
    return (Lattice){.rows = rows,
                     .vocabulary = a->weight->rows,
                     .labels = labels,
                     .label = label,
                     .said = room,
                     .forward = room + rows * labels,
                     .behind = room + 2 * rows * labels,
                     .now = room + (2 * rows + 1) * labels};
}

// Leaves dz in the place of the logits, where it is wanted; of a target that no path comes to, zeros.
static double sequence_loss(Graph *g, const Ctc *a, int s, float *z, float *log_sum, bool gradient)
{
    const ArenaMark mark = dm_arena_mark(g->arena);
    Lattice l = lattice_of(g, a, s);
    l.z = z, l.log_sum = log_sum;
    const size_t size = (size_t)l.rows * (size_t)l.vocabulary;
    const double log_p = l.rows ? go_forward(&l) : l.labels == 1 ? 0 : -INFINITY;
    if (gradient && log_p == -INFINITY) memset(z, 0, size * sizeof *z);
    if (gradient && log_p > -INFINITY) {
        for (int t = 0; t < l.rows; t++) softmax_row(z + (size_t)t * (size_t)l.vocabulary, log_sum[t], l.vocabulary);
        go_backward(&l, log_p);
    }
    dm_arena_release(g->arena, mark);
    return log_p;
}

// dx += dz W,  dW += dz' x
static void chunk_backward(Graph *g, const Ctc *a, const Chunk *c, const Operand *x, float *z, float *dx, float *dw)
{
    const int v = a->weight->rows, d = a->x->cols;
    Operand dz = dm_operand(g, z, c->rows, v, v);
    const Operand weight = dm_weight_operand(g, a->weight);
    if (dx)
        dm_gemm(g, (Gemm){.m = c->rows,
                          .n = d,
                          .k = v,
                          .a = dz.data,
                          .lda = dz.stride,
                          .b = weight.data,
                          .ldb = weight.stride,
                          .c = dx + (size_t)c->from * (size_t)a->x->stride,
                          .ldc = a->x->stride,
                          .beta = 1,
                          .precision = dz.precision});
    if (dw && a->excluded >= 0) {
        for (int i = 0; i < c->rows; i++) z[(size_t)i * (size_t)v + (size_t)a->excluded] = 0;
        dz = dm_operand(g, z, c->rows, v, v);
    }
    if (dw)
        dm_gemm(g, (Gemm){.m = v,
                          .n = d,
                          .k = dz.rows,
                          .a = dz.data,
                          .lda = dz.stride,
                          .transpose_a = true,
                          .b = x->data,
                          .ldb = x->stride,
                          .c = dw,
                          .ldc = a->weight->stride,
                          .beta = 1,
                          .precision = dz.precision});
}

Loss dm_ctc(Graph *g, const Ctc *args)
{
    const Ctc *a = args;
    const int v = a->weight->rows;
    assert(a->weight->cols == a->x->cols && a->rows.n == a->targets.spans.n);
    dm_record(g, &dm_ctc_op, NULL, 0);
    float *dx = g->recording ? dm_gradient(g, a->x) : NULL, *dw = g->recording ? dm_gradient(g, a->weight) : NULL;
    Loss loss = {0};
    for (int first = 0; first < a->rows.n;) {
        const ArenaMark mark = dm_arena_mark(g->arena);
        const Chunk c = chunk_from(a, first);
        const Operand x = dm_operand(g, dm_row(a->x, c.from), c.rows, a->x->cols, a->x->stride);
        float *z = dm_arena_take(g->arena, (size_t)x.rows * (size_t)v * sizeof(float)),
              *log_sum = dm_arena_take(g->arena, (size_t)c.rows * sizeof(float));
        dm_forward(g, &(Forward){.x = x, .rows = c.rows, .weight = a->weight, .count = v, .y = z, .stride = v});
        for (int i = 0; i < c.rows; i++)
            log_sum[i] = log_sum_of(z + (size_t)i * (size_t)v, a->bias ? a->bias->data : NULL, v);
        for (int s = c.first, at = 0; s < c.last; at += a->rows.length[s++]) {
            const double log_p = sequence_loss(g, a, s, z + (size_t)at * (size_t)v, log_sum + at, dx || dw);
            if (a->log_probabilities) a->log_probabilities[s] = log_p;
            if (log_p == -INFINITY) continue;
            loss.nll -= log_p;
            loss.count += a->targets.spans.length[s] + 1;
        }
        if (dx || dw) chunk_backward(g, a, &c, &x, z, dx, dw);
        dm_arena_release(g->arena, mark);
        first = c.last;
    }
    loss.objective = loss.nll;
    return loss;
}
