// Embedding: y_i = dropout(scale * table[ids[i]] + position_rows[i]). table [vocabulary, d], y [n, d]
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct EmbeddingRecord {
    Embedding args;
    Tensor *y;
    Random stream;
    float *mask;  // one row of scratch
} EmbeddingRecord;

DM_CLONES
static void forward_row(float *restrict y, const float *restrict row, const float *restrict position,
                        const float *restrict mask, float scale, int d)
{
    for (int j = 0; j < d; j++) y[j] = scale * row[j];
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

// dtable[ids[i]] += scale * mask_i * dy_i,  dposition_rows[i] += mask_i * dy_i
static void backward(Graph *g, void *record)
{
    const EmbeddingRecord *e = record;
    const Embedding *a = &e->args;
    float *dtable = dm_gradient(g, a->table), *dpositions = a->positions ? dm_gradient(g, a->positions) : NULL;
    const int d = e->y->cols;
    for (int i = 0; i < a->n; i++) {
        const bool wanted = dtable && a->ids[i] != a->frozen;
        const float *dy = e->y->grad + (size_t)i * (size_t)d;
        if (!wanted && !dpositions) continue;
        if (e->mask) dm_dropout_row(&e->stream, i, d, a->dropout, e->mask);
        if (wanted) backward_row(dtable + (size_t)a->ids[i] * (size_t)d, dy, e->mask, a->scale, d);
        if (dpositions) backward_row(dpositions + (a->position_rows[i] - a->positions->data), dy, e->mask, 1, d);
    }
}

const Op dm_embedding_op = {"embedding", backward};

Tensor *dm_embedding(Graph *g, const Embedding *args)
{
    const int d = args->table->cols;
    Tensor *y = dm_tensor(g, args->n, d);
    EmbeddingRecord here = {.args = *args, .y = y};
    if (args->dropout > 0) {
        here.stream = dm_graph_random(g);
        here.mask = dm_arena_take(g->arena, (size_t)dm_mask_size(d) * sizeof(float));
    }
    for (int i = 0; i < args->n; i++) {
        assert(args->ids[i] >= 0 && args->ids[i] < args->table->rows);
        if (here.mask) dm_dropout_row(&here.stream, i, d, args->dropout, here.mask);
        forward_row(dm_row(y, i), dm_row(args->table, args->ids[i]),
                    args->position_rows ? args->position_rows[i] : NULL, here.mask, args->scale, d);
    }
    EmbeddingRecord *e = dm_record(g, &dm_embedding_op, y, sizeof *e);
    if (e) *e = here;
    return y;
}
