// Attention (Vaswani et al. 2017, equation 1), fused over spans: for every sequence and head, with T queries, S keys
// and heads of width w:
//   P = softmax(Q K' / sqrt(w)) [T, S],  Y = P V [T, w]
// The matrices of one head are small (a sentence of 12 words: 12 x 32 times 32 x 12), too small for a library call, and
// stay in the first cache. Heads of long sequences go through the seam.
#include <assert.h>

#include "tensor/kernels.h"
#include "tensor/op_table.h"
#include "tensor/ops.h"

typedef struct AttentionRecord {
    Attention args;
    Tensor *y;
    float **p;  // [sequences * heads] P of each, rows `padded(S)` apart
} AttentionRecord;

enum { BLOCK = 16, LARGE = 64 * 64 * 64 };

// A row of scores is rounded up to whole blocks, so that the kernel needs no tail there.
static int padded(int n)
{
    return (n + BLOCK - 1) / BLOCK * BLOCK;
}

// C [m, n] (=, or += where add) A [m, k] B [k, n]. Element (i, p) of A is a[i * a_row + p * a_col], so a transposed A
// is the same call; rows of B and C are contiguous.
typedef struct Product {
    int m, n, k;
    const float *a;
    int a_row, a_col;
    const float *b;
    int ldb;
    float *c;
    int ldc;
    bool add;
} Product;

typedef float Vector __attribute__((vector_size(BLOCK * sizeof(float)), aligned(sizeof(float)), may_alias));

DM_CLONES
static void small_product(const Product *q)
{
    enum { ROWS = 4 };
    const Product p = *q;
    for (int i = 0; i < p.m; i += ROWS) {
        const int rows = p.m - i < ROWS ? p.m - i : ROWS;
        const float *a0 = p.a + (size_t)i * (size_t)p.a_row;
        // Rows past the end repeat the last one: computed, never stored.
        const float *a1 = a0 + (size_t)p.a_row * (rows > 1), *a2 = rows > 2 ? a1 + p.a_row : a0,
                    *a3 = rows > 3 ? a2 + p.a_row : a0;
        float *c = p.c + (size_t)i * (size_t)p.ldc;
        int j = 0;
        for (; j + BLOCK <= p.n; j += BLOCK) {
            Vector s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
            for (int l = 0; l < p.k; l++) {
                const Vector b = *(const Vector *)(p.b + (size_t)l * (size_t)p.ldb + j);
                const size_t at = (size_t)l * (size_t)p.a_col;
                s0 += a0[at] * b;
                s1 += a1[at] * b;
                s2 += a2[at] * b;
                s3 += a3[at] * b;
            }
            const Vector sums[ROWS] = {s0, s1, s2, s3};
            for (int r = 0; r < rows; r++) {
                Vector *to = (Vector *)(c + (size_t)r * (size_t)p.ldc + j);
                if (p.add)
                    *to += sums[r];
                else
                    *to = sums[r];
            }
        }
        for (; j < p.n; j++)
            for (int r = 0; r < rows; r++) {
                float sum = p.add ? c[(size_t)r * (size_t)p.ldc + j] : 0;
                for (int l = 0; l < p.k; l++)
                    sum += a0[(size_t)r * (size_t)p.a_row + (size_t)l * (size_t)p.a_col] *
                           p.b[(size_t)l * (size_t)p.ldb + j];
                c[(size_t)r * (size_t)p.ldc + j] = sum;
            }
    }
}

static void multiply(const Graph *g, const Product *p)
{
    if ((double)p->m * p->n * p->k < LARGE) {
        small_product(p);
        return;
    }
    const bool transposed = p->a_row == 1 && p->a_col != 1;
    dm_gemm(g, (Gemm){.m = p->m,
                      .n = p->n,
                      .k = p->k,
                      .a = p->a,
                      .lda = transposed ? p->a_col : p->a_row,
                      .transpose_a = transposed,
                      .b = p->b,
                      .ldb = p->ldb,
                      .c = p->c,
                      .ldc = p->ldc,
                      .beta = p->add ? 1 : 0});
}

// to [w, padded(S)] = from' [S, w], the padding zero
DM_CLONES
static void transpose(const float *from, int stride, int s, int w, float *to)
{
    const int wide = padded(s);
    for (int c = 0; c < w; c++) {
        float *row = to + (size_t)c * (size_t)wide;
        for (int j = 0; j < s; j++) row[j] = from[(size_t)j * (size_t)stride + c];
        for (int j = s; j < wide; j++) row[j] = 0;
    }
}

// The first `seen` scores of a row become probabilities, the others 0.
DM_CLONES
static void softmax_row(float *scores, int seen, int wide, float scale)
{
    float max;
    for (int j = 0; j < seen; j++) scores[j] *= scale;
    const float inverse = 1.0f / dm_exp_row(scores, seen, &max);
    for (int j = 0; j < seen; j++) scores[j] *= inverse;
    for (int j = seen; j < wide; j++) scores[j] = 0;
}

// dS = scale * P * (dP - sum(P * dP)), row by row, in place of dP
DM_CLONES
static void softmax_back_row(const float *restrict p, float *restrict dp, int wide, float scale)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < wide; j++) sum += p[j] * dp[j];
    for (int j = 0; j < wide; j++) dp[j] = scale * p[j] * (dp[j] - sum);
}

// A single query: dot products instead of a transposed copy of the keys.
DM_CLONES
static void scores_of_one(const float *q, const float *k, int stride, int s, int w, float *scores)
{
    for (int j = 0; j < s; j++) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int c = 0; c < w; c++) sum += q[c] * k[(size_t)j * (size_t)stride + c];
        scores[j] = sum;
    }
}

// One head of one sequence: rows of queries and keys, columns of the head.
typedef struct Head {
    int t, s, w, wide;       // queries, keys, width, padded(keys)
    int query, key, column;  // first row of queries and of keys, first column
    float scale;
} Head;

static Head head_of(const Attention *a, int sequence, int h)
{
    const int w = a->q.cols / a->heads, s = a->keys.length[sequence];
    return (Head){.t = a->queries.length[sequence],
                  .s = s,
                  .w = w,
                  .wide = padded(s),
                  .query = a->queries.start[sequence],
                  .key = a->keys.start[sequence],
                  .column = h * w,
                  .scale = 1.0f / sqrtf((float)w)};
}

static const float *at(const Tensor *t, int row, int column)
{
    return dm_row(t, row) + column;
}

static void probabilities(const Graph *g, const Attention *a, const Head *h, float *p, float *transposed)
{
    const float *q = at(&a->q, h->query, h->column), *k = at(&a->k, h->key, h->column);
    if (h->t == 1) {
        scores_of_one(q, k, a->k.stride, h->s, h->w, p);
    } else {
        transpose(k, a->k.stride, h->s, h->w, transposed);
        multiply(g, &(Product){.m = h->t,
                               .n = h->wide,
                               .k = h->w,
                               .a = q,
                               .a_row = a->q.stride,
                               .a_col = 1,
                               .b = transposed,
                               .ldb = h->wide,
                               .c = p,
                               .ldc = h->wide});
    }
    for (int i = 0; i < h->t; i++)
        softmax_row(p + (size_t)i * (size_t)h->wide, a->causal ? h->s - h->t + i + 1 : h->s, h->wide, h->scale);
}

// dP = dY V',  dV += P' dY,  dS = softmax_back(P, dP) / sqrt(w),  dQ += dS K,  dK += dS' Q
static void head_back(Graph *g, const AttentionRecord *r, const Head *h, const float *p, float *dp, float *transposed)
{
    const Attention *a = &r->args;
    const size_t stride = (size_t)r->y->stride;
    const float *dy = r->y->grad + (size_t)h->query * stride + h->column;
    float *dq = dm_gradient(g, &a->q), *dk = dm_gradient(g, &a->k), *dv = dm_gradient(g, &a->v);
    transpose(at(&a->v, h->key, h->column), a->v.stride, h->s, h->w, transposed);
    multiply(g, &(Product){.m = h->t,
                           .n = h->wide,
                           .k = h->w,
                           .a = dy,
                           .a_row = r->y->stride,
                           .a_col = 1,
                           .b = transposed,
                           .ldb = h->wide,
                           .c = dp,
                           .ldc = h->wide});
    if (dv)
        multiply(g, &(Product){.m = h->s,
                               .n = h->w,
                               .k = h->t,
                               .a = p,
                               .a_row = 1,
                               .a_col = h->wide,
                               .b = dy,
                               .ldb = r->y->stride,
                               .c = dv + (size_t)h->key * (size_t)a->v.stride + h->column,
                               .ldc = a->v.stride,
                               .add = true});
    for (int i = 0; i < h->t; i++)
        softmax_back_row(p + (size_t)i * (size_t)h->wide, dp + (size_t)i * (size_t)h->wide, h->wide, h->scale);
    if (dq)
        multiply(g, &(Product){.m = h->t,
                               .n = h->w,
                               .k = h->s,
                               .a = dp,
                               .a_row = h->wide,
                               .a_col = 1,
                               .b = at(&a->k, h->key, h->column),
                               .ldb = a->k.stride,
                               .c = dq + (size_t)h->query * (size_t)a->q.stride + h->column,
                               .ldc = a->q.stride,
                               .add = true});
    if (dk)
        multiply(g, &(Product){.m = h->s,
                               .n = h->w,
                               .k = h->t,
                               .a = dp,
                               .a_row = 1,
                               .a_col = h->wide,
                               .b = at(&a->q, h->query, h->column),
                               .ldb = a->q.stride,
                               .c = dk + (size_t)h->key * (size_t)a->k.stride + h->column,
                               .ldc = a->k.stride,
                               .add = true});
}

static int longest(Spans spans)
{
    int most = 0;
    for (int i = 0; i < spans.n; i++)
        if (spans.length[i] > most) most = spans.length[i];
    return most;
}

static float *scratch(Graph *g, int rows, int cols)
{
    return dm_arena_take(g->arena, (size_t)rows * (size_t)cols * sizeof(float));
}

static void backward(Graph *g, void *record)
{
    const AttentionRecord *r = record;
    const Attention *a = &r->args;
    const int wide = padded(longest(a->keys));
    ArenaMark mark = dm_arena_mark(g->arena);
    float *dp = scratch(g, longest(a->queries), wide), *transposed = scratch(g, a->q.cols / a->heads, wide);
    for (int s = 0; s < a->queries.n; s++)
        for (int h = 0; h < a->heads; h++) {
            Head head = head_of(a, s, h);
            head_back(g, r, &head, r->p[s * a->heads + h], dp, transposed);
        }
    dm_arena_release(g->arena, mark);
}

const Op dm_attention_op = {"attention", backward};

Tensor *dm_attention(Graph *g, const Attention *args)
{
    const Attention *a = args;
    assert(a->q.cols % a->heads == 0 && a->k.cols == a->q.cols && a->v.cols == a->q.cols && a->queries.n == a->keys.n);
    Tensor *y = dm_tensor(g, a->q.rows, a->q.cols);
    AttentionRecord *r = dm_record(g, &dm_attention_op, sizeof *r);
    if (r) *r = (AttentionRecord){*a, y, dm_arena_take(g->arena, (size_t)(a->queries.n * a->heads) * sizeof(float *))};
    const int wide = padded(longest(a->keys));
    float *kept = r ? NULL : scratch(g, longest(a->queries), wide);
    float *transposed = scratch(g, a->q.cols / a->heads, wide);
    for (int s = 0; s < a->queries.n; s++)
        for (int h = 0; h < a->heads; h++) {
            const Head head = head_of(a, s, h);
            assert(!a->causal || head.s >= head.t);
            float *p = r ? r->p[s * a->heads + h] = scratch(g, head.t, head.wide) : kept;
            probabilities(g, a, &head, p, transposed);
            multiply(g, &(Product){.m = head.t,
                                   .n = head.w,
                                   .k = head.s,
                                   .a = p,
                                   .a_row = head.wide,
                                   .a_col = 1,
                                   .b = at(&a->v, head.key, head.column),
                                   .ldb = a->v.stride,
                                   .c = dm_row(y, head.query) + head.column,
                                   .ldc = y->stride});
            if (a->probabilities)
                for (int i = 0; i < head.t; i++)
                    memcpy(a->probabilities[s] + ((size_t)h * (size_t)head.t + (size_t)i) * (size_t)head.s,
                           p + (size_t)i * (size_t)head.wide, (size_t)head.s * sizeof(float));
        }
    return y;
}
