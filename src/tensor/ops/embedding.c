// Embedding: y_i = dropout(scale * sum_k shares[i, k] table[ids[i, k]] + position_rows[i]), where a row without a
// mixture has one id, whose share is 1. table [vocabulary, d], y [n, d]
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct EmbeddingRecord {
    Embedding args;
    Mixture of;  // the ids, whichever they are
    Tensor *y;
    Random stream;
    float *mask;  // one row of scratch
} EmbeddingRecord;

DM_CLONES
static void add_row(float *restrict y, const float *restrict row, float scale, bool first, int d)
{
    if (first)
        for (int j = 0; j < d; j++) y[j] = scale * row[j];
    else
        for (int j = 0; j < d; j++) y[j] += scale * row[j];
}

DM_CLONES
static void finish_row(float *restrict y, const float *restrict position, const float *restrict mask, int d)
{
    if (position)
        for (int j = 0; j < d; j++) y[j] += position[j];
    if (mask)
        for (int j = 0; j < d; j++) y[j] *= mask[j];
}

DM_CLONES
static void backward_row(float *restrict drow, const float *restrict dy, const float *restrict mask, float scale, int d)
{
    if (mask)
        for (int j = 0; j < d; j++) drow[j] += scale * mask[j] * dy[j];
    else
        for (int j = 0; j < d; j++) drow[j] += scale * dy[j];
}

static float share_of(const Mixture *m, int k)
{
    return m->shares ? m->shares[k] : 1;
}

static Mixture ids_of(const Embedding *a)
{
    return a->mixture ? *a->mixture : (Mixture){.most = 1, .ids = a->ids};
}

// dtable[ids[i, k]] += shares[i, k] * scale * mask_i * dy_i,  dposition_rows[i] += mask_i * dy_i
static void backward(Graph *g, void *record)
{
    const EmbeddingRecord *e = record;
    const Embedding *a = &e->args;
    float *dtable = dm_gradient(g, a->table), *dpositions = a->positions ? dm_gradient(g, a->positions) : NULL;
    const int d = e->y->cols;
    for (int i = 0; i < a->n; i++) {
        const float *dy = e->y->grad + (size_t)i * (size_t)d;
        if (e->mask) dm_dropout_row(&e->stream, i, d, a->dropout, e->mask);
        for (int k = i * e->of.most; dtable && k < (i + 1) * e->of.most; k++)
            if (e->of.ids[k] != a->frozen)
                backward_row(dtable + (size_t)e->of.ids[k] * (size_t)d, dy, e->mask, a->scale * share_of(&e->of, k), d);
        if (dpositions) backward_row(dpositions + (a->position_rows[i] - a->positions->data), dy, e->mask, 1, d);
    }
}

const Op dm_embedding_op = {"embedding", backward};

Tensor *dm_embedding(Graph *g, const Embedding *args)
{
    const int d = args->table->cols;
    Tensor *y = dm_tensor(g, args->n, d);
    EmbeddingRecord here = {.args = *args, .of = ids_of(args), .y = y};
    if (args->dropout > 0) {
        here.stream = dm_graph_random(g);
        here.mask = dm_arena_take(g->arena, (size_t)dm_mask_size(d) * sizeof(float));
    }
    for (int i = 0; i < args->n; i++) {
        for (int k = i * here.of.most; k < (i + 1) * here.of.most; k++) {
            assert(here.of.ids[k] >= 0 && here.of.ids[k] < args->table->rows);
            add_row(dm_row(y, i), dm_row(args->table, here.of.ids[k]), args->scale * share_of(&here.of, k),
                    k == i * here.of.most, d);
        }
        if (here.mask) dm_dropout_row(&here.stream, i, d, args->dropout, here.mask);
        finish_row(dm_row(y, i), args->position_rows ? args->position_rows[i] : NULL, here.mask, d);
    }
    EmbeddingRecord *e = dm_record(g, &dm_embedding_op, y, sizeof *e);
    if (e) *e = here;
    return y;
}
