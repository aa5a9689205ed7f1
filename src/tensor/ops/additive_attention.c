// Additive attention (Bahdanau et al. 2015, appendix A.1.2), for every query i over the keys j of its sequence:
//   e_ij = sum_l v_l tanh(q_il + k_jl),  a_i = softmax(e_i),  y_i = sum_j a_ij value_j
// q [nq, a] and k [nk, a] are the projected state and annotations, value [nk, c] the annotations, v [a], y [nq, c].
// The a are kept for the way back, the tanh is made again: it is `a` numbers for every pair of a query and a key, more
// than a cache holds, and to make one takes no longer than to read it from memory.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"
#include "tensor/ops/softmax.h"
#include "tensor/products/small_product.h"

typedef struct AdditiveRecord {
    AdditiveAttention args;
    Tensor *y;
    float **p;  // [sequences] a of each, a row for every query, dm_padded(keys) apart
} AdditiveRecord;

// One query and the keys that it sees.
typedef struct Query {
    int row, key, keys, wide;  // of q, first of k and value, how many, dm_padded(keys)
    float *p;                  // [wide]
    const float *sent;         // [keys] what those who look at p send back to it; NULL: nothing
} Query;

DM_CLONES
static void scores(const float *restrict q, const float *restrict k, int stride, const float *restrict v, int keys,
                   int a, float *restrict e)
{
    for (int j = 0; j < keys; j++, k += stride) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int l = 0; l < a; l++) sum += v[l] * dm_tanh(q[l] + k[l]);
        e[j] = sum;
    }
}

// t_l = tanh(q_l + k_jl):  dv_l += de_j t_l,  ds_l = de_j v_l (1 - t_l^2),  dq_l += ds_l,  dk_jl += ds_l
DM_CLONES
static void scores_back(const float *restrict q, const float *restrict k, int stride, const float *restrict v, int keys,
                        int a, const float *restrict de, float *restrict dq, float *restrict dk, int dk_stride,
                        float *restrict dv)
{
    for (int j = 0; j < keys; j++, k += stride, dk += dk_stride)
#pragma omp simd
        for (int l = 0; l < a; l++) {
            const float t = dm_tanh(q[l] + k[l]), ds = de[j] * v[l] * (1.0f - t * t);
            dv[l] += de[j] * t;
            dq[l] += ds;
            dk[l] += ds;
        }
}

// dvalue_j += a_j dy
DM_CLONES
static void mix_back(const float *restrict p, const float *restrict dy, int keys, int c, float *restrict dvalue,
                     int stride)
{
    for (int j = 0; j < keys; j++, dvalue += stride)
        for (int l = 0; l < c; l++) dvalue[l] += p[j] * dy[l];
}

static Query query_of(const AdditiveAttention *a, int sequence, int i, float *p)
{
    const int keys = a->keys.length[sequence], wide = dm_padded(keys);
    const AttentionView *view = a->view;
    return (Query){
        .row = a->queries.start[sequence] + i,
        .key = a->keys.start[sequence],
        .keys = keys,
        .wide = wide,
        .p = p + (size_t)i * (size_t)wide,
        .sent = view && view->gradients ? view->gradients[sequence] + (size_t)i * (size_t)keys : NULL,
    };
}

// Those of a query: the scores, and the sum of the values. On the way back as many for the gradients of either side.
static void count_products(const Graph *g, const AdditiveAttention *a, int keys)
{
    dm_count_product(g, 1, keys, a->q.cols);
    dm_count_product(g, 1, a->value.cols, keys);
}

static float *floats(Graph *g, size_t rows, int cols)
{
    return dm_arena_take(g->arena, rows * (size_t)cols * sizeof(float));
}

// Where gradients go; those that are not wanted to a row of scratch.
typedef struct AdditiveBack {
    float *dq, *dk, *dvalue, *dv;  // dvalue: NULL where it is not wanted
    int dq_stride, dk_stride;
    float *de;  // [padded keys] scratch
} AdditiveBack;

// da_j = dy . value_j + what is sent back to a_j,  de = a (da - sum a da),  and on through the scores
static void query_back(const Graph *g, const AdditiveRecord *r, const AdditiveBack *b, const Query *at)
{
    const AdditiveAttention *a = &r->args;
    const float *dy = r->y->grad + (size_t)at->row * (size_t)r->y->stride;
    const int c = a->value.cols;
    for (int twice = 0; twice < 2; twice++) count_products(g, a, at->keys);
    dm_dot_rows(dy, dm_row(&a->value, at->key), a->value.stride, NULL, at->keys, c, b->de);
    for (int j = 0; at->sent && j < at->keys; j++) b->de[j] += at->sent[j];
    if (b->dvalue)
        mix_back(at->p, dy, at->keys, c, b->dvalue + (size_t)at->key * (size_t)a->value.stride, a->value.stride);
    dm_softmax_back(at->p, b->de, 1, at->wide, at->keys, 0, 1);
    scores_back(dm_row(&a->q, at->row), dm_row(&a->k, at->key), a->k.stride, a->v->data, at->keys, a->q.cols, b->de,
                b->dq + (size_t)at->row * (size_t)b->dq_stride, b->dk + (size_t)at->key * (size_t)b->dk_stride,
                b->dk_stride, b->dv);
}

static void backward(Graph *g, void *record)
{
    const AdditiveRecord *r = record;
    const AdditiveAttention *a = &r->args;
    const int width = a->q.cols;
    AdditiveBack b = {.dq = dm_gradient(g, &a->q),
                      .dk = dm_gradient(g, &a->k),
                      .dvalue = dm_gradient(g, &a->value),
                      .dv = dm_gradient(g, a->v),
                      .dq_stride = a->q.stride,
                      .dk_stride = a->k.stride};
    const ArenaMark mark = dm_arena_mark(g->arena);
    float *unwanted = memset(floats(g, 3, width), 0, 3 * (size_t)width * sizeof(float));
    if (!b.dq) b.dq = unwanted, b.dq_stride = 0;
    if (!b.dk) b.dk = unwanted + width, b.dk_stride = 0;
    if (!b.dv) b.dv = unwanted + 2 * width;
    b.de = floats(g, 1, dm_padded(dm_longest(a->keys)));
    for (int s = 0; s < a->queries.n; s++)
        for (int i = 0; i < a->queries.length[s]; i++) {
            const Query at = query_of(a, s, i, r->p[s]);
            query_back(g, r, &b, &at);
        }
    dm_arena_release(g->arena, mark);
}

const Op dm_additive_attention_op = {"additive_attention", backward};

Tensor *dm_additive_attention(Graph *g, const AdditiveAttention *args)
{
    const AdditiveAttention *a = args;
    const int width = a->q.cols;
    assert(a->queries.n == a->keys.n && a->k.cols == width && a->v->cols == width && a->k.rows == a->value.rows);
    Tensor *y = dm_tensor(g, a->q.rows, a->value.cols);
    AdditiveRecord *r = dm_record(g, &dm_additive_attention_op, y, sizeof *r);
    if (r) *r = (AdditiveRecord){*a, y, dm_arena_take(g->arena, (size_t)a->queries.n * sizeof(float *))};
    const int most = dm_padded(dm_longest(a->keys));
    float *kept = r ? NULL : floats(g, (size_t)dm_longest(a->queries), most);
    for (int s = 0; s < a->queries.n; s++) {
        const size_t queries = (size_t)a->queries.length[s], keys = (size_t)a->keys.length[s];
        float *p = r ? r->p[s] = floats(g, queries, dm_padded((int)keys)) : kept;
        for (int i = 0; i < (int)queries; i++) {
            const Query at = query_of(a, s, i, p);
            count_products(g, a, at.keys);
            scores(dm_row(&a->q, at.row), dm_row(&a->k, at.key), a->k.stride, a->v->data, at.keys, width, at.p);
            dm_softmax_rows(at.p, 1, at.wide, at.keys, 0, 1);
            dm_mix_rows(at.p, dm_row(&a->value, at.key), a->value.stride, NULL, at.keys, y->cols, dm_row(y, at.row));
            if (a->view) memcpy(a->view->probabilities[s] + (size_t)i * keys, at.p, keys * sizeof(float));
        }
    }
    return y;
}
