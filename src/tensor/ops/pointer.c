// Copying (See et al. 2017, "Get to the point: Summarization with pointer-generator networks", equations 8 and 9): what
// comes next is a piece of the vocabulary, or a piece of the source, in the measure in which that is looked at,
//   P_i(w) = g_i p_i(w) + (1 - g_i) sum of a_ij over the source pieces j that are w
//   g_i = sigmoid(x_i + sum_j a_ij s_j + b)
// with p the softmax over the vocabulary, a the attention of row i, x what the row itself says of g, and s_j = w_h' h_j
// what source piece j says of it where it is looked at, so that the sum is their w_h' h*_i. A piece of the source has a
// number of its own, beyond the vocabulary, where that has none for it.
#include <assert.h>
#include <math.h>

#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"
#include "tensor/seen.h"

// The gradient was made on the way forward; nothing is left to do.
const Op dm_pointer_op = {"pointer", dm_no_gradient};

static const double least = 1e-20;  // of the probability of what is copied: its logarithm is finite

// One row, the place of its query, and the source pieces that it sees: their rows are first ... first + keys - 1.
typedef struct Row {
    int row, sequence, place, first, keys;
} Row;

static Row row_at(const Pointer *p, int sequence, int place)
{
    const AttentionView *view = p->view;
    return (Row){view->queries.start[sequence] + place, sequence, place, view->keys.start[sequence],
                 view->keys.length[sequence]};
}

static double seen(const Pointer *p, const Row *r, int j)
{
    return dm_seen(p->view, p->head, r->sequence, r->place, j);
}

// g and 1 - g, each to its last digit.
typedef struct Gate {
    double open, shut;
} Gate;

static Gate gate_of(const Pointer *p, const Row *r)
{
    double x = (double)*dm_row(p->gate, r->row) + (double)p->bias->data[0];
    for (int j = 0; j < r->keys; j++) x += seen(p, r, j) * (double)*dm_row(p->source, r->first + j);
    return (Gate){1 / (1 + exp(-x)), 1 / (1 + exp(x))};
}

// How much of what a row sees is this piece.
static double copied(const Pointer *p, const Row *r, int piece)
{
    double sum = 0;
    for (int j = 0; j < r->keys; j++)
        if (p->copies[r->first + j] == piece) sum += seen(p, r, j);
    return sum;
}

// Whether no source piece in front of it is the same.
static bool is_first(const Pointer *p, const Row *r, int j)
{
    for (int i = 0; i < j; i++)
        if (p->copies[r->first + i] == p->copies[r->first + j]) return false;
    return true;
}

// ---- The loss -------------------------------------------------------------------------------------------------------

// dL/dg and dL/d(what is copied) go on to all that they are made of.
typedef struct PointerBack {
    float *gate, *source, *bias;  // gradients; NULL: not wanted
    int stride;                   // of `gate`
} PointerBack;

static void row_back(const Pointer *p, const PointerBack *b, const Row *r, Gate gate, int piece, double by_open,
                     double by_rest)
{
    const double by_x = (by_open - by_rest * copied(p, r, piece)) * gate.open * gate.shut;
    for (int j = 0; j < r->keys; j++) {
        const double same = p->copies[r->first + j] == piece, s = (double)*dm_row(p->source, r->first + j);
        dm_send_back(p->view, p->head, r->sequence, r->place, j, by_x * s + by_rest * gate.shut * same);
        if (b->source) b->source[(size_t)(r->first + j) * (size_t)p->source->stride] += (float)(by_x * seen(p, r, j));
    }
    if (b->gate) b->gate[(size_t)r->row * (size_t)p->gate->stride] += (float)by_x;
    if (b->bias) b->bias[0] += (float)by_x;
}

Loss dm_pointer_loss(Graph *g, const Pointer *p, const CrossEntropy *args)
{
    const int n = args->x->rows, vocabulary = args->weight->rows;
    const size_t rows = (size_t)n;
    dm_record(g, &dm_pointer_op, NULL, 0);
    int *targets = dm_arena_take(g->arena, rows * sizeof(int));
    double *memory = dm_arena_take(g->arena, 4 * rows * sizeof(double));
    Gate *gates = dm_arena_take(g->arena, rows * sizeof(Gate));
    const Blend blend = {memory, memory + rows, memory + 2 * rows, memory + 3 * rows};
    for (int i = 0; i < n; i++) {
        const bool counts = !args->weights || args->weights[i] != 0;
        targets[i] = counts && args->targets[i] < vocabulary ? args->targets[i] : -1;
        memory[i] = 1, memory[n + i] = least;
    }
    for (int s = 0; s < p->view->queries.n; s++)
        for (int i = 0; i < p->view->queries.length[s]; i++) {
            const Row r = row_at(p, s, i);
            if (args->weights && args->weights[r.row] == 0) continue;
            gates[r.row] = gate_of(p, &r);
            memory[r.row] = gates[r.row].open;
            memory[n + r.row] = gates[r.row].shut * copied(p, &r, args->targets[r.row]) + least;
        }
    CrossEntropy blended = *args;
    blended.targets = targets;
    blended.blend = &blend;
    const Loss loss = dm_cross_entropy(g, &blended);
    if (!g->recording) return loss;
    const PointerBack back = {
        .gate = dm_gradient(g, p->gate), .source = dm_gradient(g, p->source), .bias = dm_gradient(g, p->bias)};
    for (int s = 0; s < p->view->queries.n; s++)
        for (int i = 0; i < p->view->queries.length[s]; i++) {
            const Row r = row_at(p, s, i);
            if (args->weights && args->weights[r.row] == 0) continue;
            row_back(p, &back, &r, gates[r.row], args->targets[r.row], blend.by_share[r.row], blend.by_rest[r.row]);
        }
    return loss;
}

// ---- Search ---------------------------------------------------------------------------------------------------------

// log P of a piece whose log p is this: minus infinity beyond the vocabulary.
static float blended(Gate gate, double log_p, double seen_of_it)
{
    if (!(seen_of_it > 0)) return (float)(log(gate.open) + log_p);
    return (float)log(gate.open * exp(log_p) + gate.shut * seen_of_it);
}

Tensor *dm_pointer_log_probabilities(Graph *g, const Pointer *p, const Tensor *vocabulary)
{
    const int pieces = vocabulary->cols, all = pieces + dm_longest(p->view->keys);
    Tensor *y = dm_tensor(g, vocabulary->rows, all);
    dm_record(g, &dm_pointer_op, y, 0);
    for (int s = 0; s < p->view->queries.n; s++)
        for (int i = 0; i < p->view->queries.length[s]; i++) {
            const Row r = row_at(p, s, i);
            const Gate gate = gate_of(p, &r);
            const float *from = dm_row(vocabulary, r.row), opened = (float)log(gate.open);
            float *to = dm_row(y, r.row);
            for (int w = 0; w < all; w++) to[w] = w < pieces ? from[w] + opened : -INFINITY;
            for (int j = 0; j < r.keys; j++) {
                const int w = p->copies[r.first + j];
                assert(w < all);
                if (is_first(p, &r, j))
                    to[w] = blended(gate, w < pieces ? (double)from[w] : -INFINITY, copied(p, &r, w));
            }
        }
    return y;
}

typedef struct Merging {
    Graph *g;
    const Pointer *p;
    const Tensor *x, *weight, *bias;
    NextPieces vocabulary, next;
} Merging;

// log p of a piece of the vocabulary that may be none of the best.
static double log_p_of(const Merging *m, int row, int piece)
{
    const NextPieces *v = &m->vocabulary;
    const int *ids = v->ids + (size_t)row * (size_t)v->best;
    for (int k = 0; k < v->best; k++)
        if (ids[k] == piece) return (double)(dm_row(v->logits, row)[k] - v->log_sums[row]);
    const float *x = dm_row(m->x, row), *w = dm_row(m->weight, piece);
    double logit = m->bias ? (double)m->bias->data[piece] : 0;
    for (int j = 0; j < m->x->cols; j++) logit += (double)x[j] * (double)w[j];
    return logit - (double)v->log_sums[row];
}

static void keep(const Merging *m, int row, int piece, float log_p)
{
    float *best = dm_row(m->next.logits, row);
    int *ids = m->next.ids + (size_t)row * (size_t)m->next.best, at = m->next.best;
    while (at > 0 && (log_p > best[at - 1] || (log_p == best[at - 1] && piece < ids[at - 1]))) at--;
    if (at == m->next.best || !(log_p > -INFINITY)) return;
    for (int k = m->next.best - 1; k > at; k--) best[k] = best[k - 1], ids[k] = ids[k - 1];
    best[at] = log_p;
    ids[at] = piece;
}

// A piece that is none of the source's loses the same factor as all of its kind: of these the best are those of p.
static void merge_row(const Merging *m, const Row *r)
{
    const NextPieces *v = &m->vocabulary;
    const int *ids = v->ids + (size_t)r->row * (size_t)v->best, pieces = m->weight->rows;
    const Gate gate = gate_of(m->p, r);
    for (int j = 0; j < r->keys; j++) {
        const int w = m->p->copies[r->first + j];
        if (is_first(m->p, r, j))
            keep(m, r->row, w, blended(gate, w < pieces ? log_p_of(m, r->row, w) : -INFINITY, copied(m->p, r, w)));
    }
    for (int k = 0; k < v->best && ids[k] >= 0; k++) {
        bool of_source = false;
        for (int j = 0; j < r->keys; j++) of_source = of_source || m->p->copies[r->first + j] == ids[k];
        if (of_source) continue;
        keep(m, r->row, ids[k], (float)log(gate.open) + (dm_row(v->logits, r->row)[k] - v->log_sums[r->row]));
    }
}

NextPieces dm_pointer_next_pieces(Graph *g, const Pointer *p, const Tensor *x, const Tensor *weight, const Tensor *bias,
                                  int best)
{
    const size_t n = (size_t)x->rows, room = n * (size_t)best;
    Merging m = {g, p, x, weight, bias, dm_next_pieces(g, x, weight, bias, best), {.best = best}};
    m.next.logits = dm_tensor(g, x->rows, best);
    m.next.ids = dm_arena_take(g->arena, room * sizeof(int));
    m.next.log_sums = memset(dm_arena_take(g->arena, n * sizeof(float)), 0, n * sizeof(float));
    for (size_t i = 0; i < room; i++) m.next.ids[i] = -1, m.next.logits->data[i] = -INFINITY;
    dm_record(g, &dm_pointer_op, NULL, 0);
    for (int s = 0; s < p->view->queries.n; s++)
        for (int i = 0; i < p->view->queries.length[s]; i++) {
            const Row r = row_at(p, s, i);
            merge_row(&m, &r);
        }
    return m.next;
}
