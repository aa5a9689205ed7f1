// What may come next: the output layer and its softmax, for search.
//   z = x W' + b,  log p_w = z_w - log sum exp z
// x [n, d], W [V, d], b [V]. The logits are made a block at a time, some rows by some pieces, which stays in the second
// cache until all is taken from it: the sum of the softmax, kept on the way as sum exp(z - highest z so far) (Milakov
// and Gimelshein 2018, algorithm 3), and the best pieces.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/operand.h"
#include "tensor/ops/ops.h"

enum { ROWS = 256, PIECES = 512 };  // of a block
enum { LANES = 16, RUN = 256 };     // logits are looked at in groups: every LANES-th of a run

const Op dm_log_probabilities_op = {"log_probabilities", dm_no_gradient};
const Op dm_next_pieces_op = {"next_pieces", dm_no_gradient};

typedef struct Projection {
    const Tensor *x, *weight, *bias;
} Projection;

// Some rows by some pieces of its results, rows `stride` apart.
typedef struct Block {
    int row, rows, piece, pieces, stride;
    float *z;
} Block;

// The softmax of a row as far as it is known: the sum is of exp(z - highest).
typedef struct Softmax {
    float highest, sum;
} Softmax;

// Adds the bias (NULL: none) to the logits of a block and leaves the highest of every group: lane l of run r, which is
// every LANES-th logit of RUN, is group[r * LANES + l]. (Lanes side by side are compared at once.) What is no number is
// none of them.
DM_CLONES
static void add_bias_and_look(float *restrict z, const float *restrict bias, int n, float *restrict group)
{
    for (int from = 0; from < n; from += RUN, group += LANES) {
        const int to = from + RUN < n ? from + RUN : n;
        for (int j = from; bias && j < to; j++) z[j] += bias[j];
        float most[LANES];
        for (int l = 0; l < LANES; l++) most[l] = -INFINITY;
        int j = from;
        for (; j + LANES <= to; j += LANES)
#pragma omp simd
            for (int l = 0; l < LANES; l++) most[l] = z[j + l] > most[l] ? z[j + l] : most[l];
        for (int l = 0; j + l < to; l++) most[l] = z[j + l] > most[l] ? z[j + l] : most[l];
        for (int l = 0; l < LANES; l++) group[l] = most[l];
    }
}

DM_CLONES
static float highest_of(const float *group, int n)
{
    float highest = -INFINITY;
#pragma omp simd reduction(max : highest)
    for (int i = 0; i < n; i++) highest = group[i] > highest ? group[i] : highest;
    return highest;
}

// A logit that at least `best` of the groups reach, and not many more of them.
DM_CLONES
static float reached(const float *group, int n, int best)
{
    enum { HALVINGS = 7 };
    float low = INFINITY, high = -INFINITY;
#pragma omp simd reduction(min : low) reduction(max : high)
    for (int i = 0; i < n; i++) {
        low = group[i] < low ? group[i] : low;
        high = group[i] > high ? group[i] : high;
    }
    if (n < best) return -INFINITY;
    for (int halving = 0; halving < HALVINGS; halving++) {
        const float middle = low + (high - low) / 2;
        int above = 0;
#pragma omp simd reduction(+ : above)
        for (int i = 0; i < n; i++) above += group[i] >= middle;
        if (above >= best)
            low = middle;
        else
            high = middle;
    }
    return low;
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
    for (int j = 0; j < n; j++) sum += dm_exp_negative(z[j] - from);
    s->sum += sum;
}

static int at_most(int n, int most)
{
    return n < most ? n : most;
}

static bool comes_before(float logit, int id, float than, int than_id)
{
    return logit > than || (logit == than && id < than_id);
}

// z[0 ... n-1] are the logits of piece `first` and those behind it. Nearly every group lies below the worst piece kept
// and is passed over; before that is one, below what the groups say that it will have to be.
static void keep_best(const NextPieces *next, int row, const float *z, int n, int first, const float *group)
{
    float *logit = dm_row(next->logits, row);
    int *id = next->ids + (size_t)row * (size_t)next->best;
    const int last = next->best - 1, groups = (n + RUN - 1) / RUN * LANES;
    const float least = id[last] < 0 ? reached(group, groups, next->best) : -INFINITY;
    for (int i = 0; i < groups; i++) {
        if (!(group[i] >= logit[last] && group[i] >= least)) continue;
        const int from = i / LANES * RUN + i % LANES, to = at_most(i / LANES * RUN + RUN, n);
        for (int j = from; j < to; j += LANES) {
            if (!(z[j] >= least && comes_before(z[j], first + j, logit[last], id[last]))) continue;
            int at = last;
            for (; at > 0 && comes_before(z[j], first + j, logit[at - 1], id[at - 1]); at--) {
                logit[at] = logit[at - 1];
                id[at] = id[at - 1];
            }
            logit[at] = z[j];
            id[at] = first + j;
        }
    }
}

// log sum exp of every row. The logits are kept in `whole`, and the best of them in `next`, where these are not NULL.
// Block after block of the pieces, so that its weights are read once.
static float *log_sums(Graph *g, const Projection *l, Tensor *whole, const NextPieces *next)
{
    const int n = l->x->rows, vocabulary = l->weight->rows;
    assert(l->weight->cols == l->x->cols && (!l->bias || l->bias->cols == vocabulary));
    float *log_sum = dm_arena_take(g->arena, (size_t)n * sizeof(float));
    const ArenaMark mark = dm_arena_mark(g->arena);
    Softmax *softmax = dm_arena_take(g->arena, (size_t)n * sizeof *softmax);
    for (int i = 0; i < n; i++) softmax[i] = (Softmax){-INFINITY, 0};
    const size_t room = (size_t)at_most(n, ROWS) * (size_t)at_most(vocabulary, PIECES);
    float *z = whole ? NULL : dm_arena_take(g->arena, room * sizeof(float));
    float group[PIECES / RUN * LANES];
    const Operand x = dm_operand(g, l->x->data, n, l->x->cols, l->x->stride);
    for (int piece = 0; piece < vocabulary; piece += PIECES)
        for (int row = 0; row < n; row += ROWS) {
            const int pieces = at_most(vocabulary - piece, PIECES);
            const Block b = {row,    at_most(n - row, ROWS),         piece,
                             pieces, whole ? whole->stride : pieces, whole ? dm_row(whole, row) + piece : z};
            const float *bias = l->bias ? l->bias->data + piece : NULL;
            if (dm_forward(g, &(Forward){.x = dm_operand_from(&x, row),
                                         .rows = b.rows,
                                         .weight = l->weight,
                                         .first = piece,
                                         .count = b.pieces,
                                         .y = b.z,
                                         .stride = b.stride,
                                         .bias = bias}))
                bias = NULL;
            for (int i = 0; i < b.rows; i++) {
                float *logits = b.z + (size_t)i * (size_t)b.stride;
                add_bias_and_look(logits, bias, b.pieces, group);
                add_to_sum(&softmax[row + i], logits, b.pieces, highest_of(group, (b.pieces + RUN - 1) / RUN * LANES));
                if (next) keep_best(next, row + i, logits, b.pieces, piece, group);
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
    dm_record(g, &dm_next_pieces_op, NULL, 0);
    next.ids = dm_arena_take(g->arena, (size_t)n * (size_t)best * sizeof(int));
    for (size_t i = 0; i < (size_t)n * (size_t)best; i++) {
        next.ids[i] = -1;
        next.logits->data[i] = -INFINITY;
    }
    next.log_sums = log_sums(g, &(Projection){x, weight, bias}, NULL, &next);
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
    dm_record(g, &dm_log_probabilities_op, y, 0);
    const float *log_sum = log_sums(g, &(Projection){x, weight, bias}, y, NULL);
    for (int i = 0; i < y->rows; i++) subtract(dm_row(y, i), log_sum[i], y->cols);
    return y;
}
