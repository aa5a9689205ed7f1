// The mean of the rows of each sequence:  y_s = sum of x_i over the rows of s / their number,  0 where there are none.
//   x [n, d] -> y [sequences, d]
#include <string.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct SpanMeans {
    const Tensor *x;
    Spans spans;
    Tensor *y;
} SpanMeans;

DM_CLONES
static void add_share(float *restrict to, const float *restrict from, float share, int n)
{
    for (int j = 0; j < n; j++) to[j] += share * from[j];
}

static float share_of(Spans spans, int s)
{
    return 1 / (float)spans.length[s];
}

// dx_i += dy_s / rows of s
static void backward(Graph *g, void *record)
{
    const SpanMeans *m = record;
    float *dx = dm_gradient(g, m->x);
    for (int s = 0; dx && s < m->spans.n; s++) {
        const float *dy = m->y->grad + (size_t)s * (size_t)m->y->stride;
        for (int i = 0; i < m->spans.length[s]; i++)
            add_share(dx + (size_t)(m->spans.start[s] + i) * (size_t)m->x->stride, dy, share_of(m->spans, s),
                      m->x->cols);
    }
}

const Op dm_span_means_op = {"span_means", backward};

Tensor *dm_span_means(Graph *g, const Tensor *x, Spans spans)
{
    Tensor *y = dm_tensor(g, spans.n, x->cols);
    for (int s = 0; s < spans.n; s++) {
        memset(dm_row(y, s), 0, (size_t)x->cols * sizeof(float));
        for (int i = 0; i < spans.length[s]; i++)
            add_share(dm_row(y, s), dm_row(x, spans.start[s] + i), share_of(spans, s), x->cols);
    }
    SpanMeans *m = dm_record(g, &dm_span_means_op, y, sizeof *m);
    if (m) *m = (SpanMeans){x, spans, y};
    return y;
}
