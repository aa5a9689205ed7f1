// Scans: what a row says of all rows before it in its sequence, from a state that each hands on to the next.
//   running mean:  s_t = s_(t-1) + x_t,  y_t = s_t / t  (Zhang et al. 2018, "Accelerating neural Transformer via an
//   average attention network", equation 1) simpler simple recurrent unit, with x = [z | u]:  f_t = sigmoid(u_t + b),
//   s_t = f_t s_(t-1) + (1 - f_t) z_t, y_t = max(0, s_t)  (Kim et al. 2019, "From research to production and back",
//   section 4.2)
// Every element is summed by itself: a row is the same bytes whatever is asked with it. On the way back a row's
// gradient is handed to the one before it, which is the row above: what is recorded has a state of its own.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

static float *state_of(const Chain *chain, int row)
{
    return dm_row(&chain->state, chain->first + row);
}

// NULL: nothing stands before it.
static const float *before(const Chain *chain, int row)
{
    return chain->before[row] < 0 ? NULL : dm_row(&chain->state, chain->before[row]);
}

Chain dm_chain(Graph *g, Spans spans, int n, int width)
{
    int *rows = dm_arena_take(g->arena, 2 * (size_t)n * sizeof(int)), *place = rows + n;
    for (int s = 0; s < spans.n; s++)
        for (int j = 0; j < spans.length[s]; j++) {
            rows[spans.start[s] + j] = j ? spans.start[s] + j - 1 : -1;
            place[spans.start[s] + j] = j;
        }
    const Tensor state = {.rows = n,
                          .cols = width,
                          .stride = width,
                          .data = dm_arena_take(g->arena, (size_t)n * (size_t)width * sizeof(float))};
    return (Chain){.state = state, .before = rows, .place = place};
}

// ---- Running mean ---------------------------------------------------------------------------------------------------

typedef struct Mean {
    const Tensor *x;
    Tensor *y;
    Chain chain;
    float *ds;  // [d]
} Mean;

DM_CLONES
static void mean_row(float *restrict s, const float *restrict past, const float *restrict x, float *restrict y,
                     float count, int d)
{
    for (int j = 0; j < d; j++) {
        s[j] = x[j] + (past ? past[j] : 0);
        y[j] = s[j] / count;
    }
}

DM_CLONES
static void add_share(float *restrict ds, const float *restrict dy, float count, int d)
{
    for (int j = 0; j < d; j++) ds[j] += dy[j] / count;
}

// ds_t = ds_(t+1) + dy_t / t,  dx_t = ds_t
static void mean_backward(Graph *g, void *record)
{
    const Mean *m = record;
    const int d = m->y->cols;
    bool add;
    float *dx = dm_gradient_sum(g, m->x, &add);
    if (!dx) return;
    memset(m->ds, 0, (size_t)d * sizeof(float));
    for (int i = m->y->rows - 1; i >= 0; i--) {
        add_share(m->ds, m->y->grad + (size_t)i * (size_t)d, (float)(m->chain.place[i] + 1), d);
        dm_pass_on(dx + (size_t)i * (size_t)m->x->stride, m->ds, NULL, add, d);
        if (m->chain.before[i] < 0) memset(m->ds, 0, (size_t)d * sizeof(float));
    }
}

const Op dm_running_mean_op = {"running_mean", mean_backward};

Tensor *dm_running_mean(Graph *g, const Tensor *x, const Chain *chain)
{
    const int d = x->cols;
    assert(chain->state.cols == d);
    Tensor *y = dm_tensor(g, x->rows, d);
    for (int i = 0; i < x->rows; i++)
        mean_row(state_of(chain, i), before(chain, i), dm_row(x, i), dm_row(y, i), (float)(chain->place[i] + 1), d);
    Mean *m = dm_record(g, &dm_running_mean_op, y, sizeof *m);
    if (m) *m = (Mean){x, y, *chain, dm_arena_take(g->arena, (size_t)d * sizeof(float))};
    return y;
}

// ---- Simpler simple recurrent unit ----------------------------------------------------------------------------------

typedef struct Ssru {
    const Tensor *x, *bias;
    Tensor *y;
    Chain chain;
    float *f;        // [n, d]
    float *ds, *dx;  // [d], [2d]
} Ssru;

DM_CLONES
static void ssru_row(float *restrict s, const float *restrict past, const float *restrict x, const float *restrict bias,
                     float *restrict f, float *restrict y, int d)
{
#pragma omp simd
    for (int j = 0; j < d; j++) {
        f[j] = dm_sigmoid(x[d + j] + bias[j]);
        s[j] = f[j] * (past ? past[j] : 0) + (1.0f - f[j]) * x[j];
        y[j] = s[j] > 0 ? s[j] : 0;
    }
}

// With ds_t = dy_t [s_t > 0] + f_(t+1) ds_(t+1):
//   dz_t = ds_t (1 - f_t),  du_t = ds_t (s_(t-1) - z_t) f_t (1 - f_t),  db = sum of du_t
DM_CLONES
static void ssru_row_back(const float *restrict dy, const float *restrict s, const float *restrict past,
                          const float *restrict z, const float *restrict f, float *restrict ds, float *restrict dx,
                          float *restrict dbias, int d)
{
    for (int j = 0; j < d; j++) {
        const float sum = ds[j] + (s[j] > 0 ? dy[j] : 0), rest = 1.0f - f[j];
        dx[j] = sum * rest;
        dx[d + j] = sum * ((past ? past[j] : 0) - z[j]) * f[j] * rest;
        ds[j] = sum * f[j];
    }
    if (dbias)
        for (int j = 0; j < d; j++) dbias[j] += dx[d + j];
}

static void ssru_backward(Graph *g, void *record)
{
    const Ssru *r = record;
    const int d = r->y->cols;
    bool add;
    float *dx = dm_gradient_sum(g, r->x, &add), *dbias = dm_gradient(g, r->bias);
    memset(r->ds, 0, (size_t)d * sizeof(float));
    for (int i = r->y->rows - 1; i >= 0; i--) {
        ssru_row_back(r->y->grad + (size_t)i * (size_t)d, state_of(&r->chain, i), before(&r->chain, i), dm_row(r->x, i),
                      r->f + (size_t)i * (size_t)d, r->ds, r->dx, dbias, d);
        if (dx) dm_pass_on(dx + (size_t)i * (size_t)r->x->stride, r->dx, NULL, add, 2 * d);
        if (r->chain.before[i] < 0) memset(r->ds, 0, (size_t)d * sizeof(float));
    }
}

const Op dm_ssru_op = {"ssru", ssru_backward};

Tensor *dm_ssru(Graph *g, const Tensor *x, const Tensor *bias, const Chain *chain)
{
    const int d = x->cols / 2;
    assert(chain->state.cols == d && bias->cols == d);
    Tensor *y = dm_tensor(g, x->rows, d);
    float *f = dm_arena_take(g->arena, (g->recording ? (size_t)x->rows : 1) * (size_t)d * sizeof(float));
    for (int i = 0; i < x->rows; i++)
        ssru_row(state_of(chain, i), before(chain, i), dm_row(x, i), bias->data,
                 f + (g->recording ? (size_t)i * (size_t)d : 0), dm_row(y, i), d);
    Ssru *r = dm_record(g, &dm_ssru_op, y, sizeof *r);
    if (!r) return y;
    float *scratch = dm_arena_take(g->arena, 3 * (size_t)d * sizeof(float));
    *r = (Ssru){x, bias, y, *chain, f, scratch, scratch + d};
    return y;
}
