// Attention (Vaswani et al. 2017, equation 1), fused over spans: for every sequence and head, with T queries, S keys
// and heads of width w:
//   P = softmax(Q K' / sqrt(w) - slopes * distance) [T, S],  Y = P V [T, w]
// The matrices of one head are small (a sentence of 12 words: 12 x 32 times 32 x 12), too small for a library call, and
// stay in the first cache. Heads of long sequences go through the seam.
// With a window, the queries of a sequence are taken in blocks, each against the stretch of keys that any of them sees:
// time and memory grow with T times the window. A sequence that the window holds as a whole is one block, and comes out
// to the bit as without a window.
// One query of a sequence is summed in another order than several, for which a transposed copy of the keys pays. Where
// the graph goes row by row, several are each summed as one: who asks for many pieces at once (search/speculative.c) is
// told to the bit what it would be told piece by piece.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"
#include "tensor/ops/softmax.h"
#include "tensor/products/small_product.h"

typedef struct AttentionRecord {
    Attention args;
    Tensor *y;
    Random stream;  // of the masks of P, a row for each of its rows
    float **p;      // [heads] P of each head, block after block, sequence after sequence; rows `dm_padded(S)` apart
} AttentionRecord;

// Products of more multiplications than LARGE go to the library, those under a causal mask in pieces of PIECE rows. A
// backend that counts hears of each one as a whole, whatever its size, and none is made: zeros are left.
enum { LARGE = 64 * 64 * 64, PIECE = 64 };
enum { BLOCK = 32 };  // queries of a block: few, or a narrow window costs what it hides; not so few that vectors idle

static void multiply(const Graph *g, const Product *whole)
{
    if (g->gemm->counts) {
        dm_count_product(g, whole->m, whole->n - whole->padding, whole->k);
        for (size_t i = 0; !whole->add && i < (size_t)whole->m; i++)
            memset(whole->c + i * (size_t)whole->ldc, 0, (size_t)whole->n * sizeof(float));
        return;
    }
    if ((double)whole->m * whole->n * whole->k < LARGE) {
        dm_small_product(whole);
        return;
    }
    const int step = whole->triangle == DM_FULL ? whole->m : PIECE;
    for (int i = 0; i < whole->m; i += step) {
        const Product p = dm_part(whole, i, whole->m - i < step ? whole->m - i : step);
        const bool transposed = p.a_row == 1 && p.a_col != 1;
        dm_gemm(g, (Gemm){.m = p.m,
                          .n = p.n,
                          .k = p.k,
                          .a = p.a,
                          .lda = transposed ? p.a_col : p.a_row,
                          .transpose_a = transposed,
                          .b = p.b,
                          .ldb = p.ldb,
                          .c = p.c,
                          .ldc = p.ldc,
                          .beta = p.add ? 1 : 0});
    }
}

// One head of one sequence, or of a block of it: rows of queries and keys, columns of the head.
typedef struct Head {
    int sequence;
    int t, s, w, wide;           // queries, keys, width, dm_padded(keys)
    int first, more;             // keys that the first query sees, and how many more each of the next
    int query, key;              // first row of queries and of keys
    int column, key_column;      // first column of queries, and of keys and values
    bool again;                  // the head before it had these keys, too
    int place;                   // of the first query among the keys
    bool causal;                 // a query sees no key behind its place: what products may leave out
    int before, behind;          // of a block: how many keys on either side of its place a query sees
    int block_query, block_key;  // how many queries and keys of the sequence stand in front of the block
    const int *rows;             // of the keys, counted from `key`; NULL: side by side
    float scale;
    const float *slopes;  // [2], or NULL
} Head;

// Whether every query of the sequence is near enough to all keys.
static bool is_whole(const Attention *a, int sequence)
{
    return !a->window || a->keys.length[sequence] <= a->window + 1;
}

static int blocks_of(const Attention *a, int sequence)
{
    return is_whole(a, sequence) ? 1 : (a->queries.length[sequence] + BLOCK - 1) / BLOCK;
}

// All masks of a block are those of its corners.
static Head block_of(const Head *whole, const Attention *a, int block)
{
    Head b = *whole;
    b.block_query = block * BLOCK;
    b.t = whole->t - b.block_query < BLOCK ? whole->t - b.block_query : BLOCK;
    b.before = a->window;
    b.behind = a->causal ? 0 : a->window;
    const int place = whole->place + b.block_query, end = place + b.t + b.behind;
    b.block_key = place > b.before ? place - b.before : 0;
    b.place = place - b.block_key;
    b.s = b.first = (end < whole->s ? end : whole->s) - b.block_key;
    b.wide = dm_padded(b.s);
    b.more = 0;
    b.causal = false;
    b.query += b.block_query;
    b.key += b.block_key;
    return b;
}

// The first head; the others have other columns and slopes (head_at).
static Head first_head(const Attention *a, int sequence, int block)
{
    const int w = a->q.cols / a->heads, t = a->queries.length[sequence], s = a->keys.length[sequence];
    const Head whole = {.sequence = sequence,
                        .t = t,
                        .s = s,
                        .w = w,
                        .wide = dm_padded(s),
                        .first = a->causal ? s - t + 1 : s,
                        .more = a->causal ? 1 : 0,
                        .query = a->queries.start[sequence],
                        .key = a->rows ? 0 : a->keys.start[sequence],
                        .place = s - t,
                        .causal = a->causal,
                        .rows = a->rows ? a->rows + a->keys.start[sequence] : NULL,
                        .scale = 1.0f / sqrtf((float)w)};
    return is_whole(a, sequence) ? whole : block_of(&whole, a, block);
}

static void head_at(Head *head, const Attention *a, int h)
{
    const int group = a->key_heads ? a->heads / a->key_heads : 1;
    head->column = h * head->w;
    head->key_column = h / group * head->w;
    head->again = h % group;
    head->slopes = a->slopes ? a->slopes + 2 * h : NULL;
}

// Queries and keys of the largest head or block.
static int most_queries(const Attention *a)
{
    const int longest = dm_longest(a->queries), most = a->window >= BLOCK ? a->window + 1 : BLOCK;
    return a->window && most < longest ? most : longest;
}

static int most_keys(const Attention *a)
{
    const int longest = dm_longest(a->keys), most = BLOCK + (a->causal ? 1 : 2) * a->window;
    return a->window && most < longest ? most : longest;
}

static int most_blocks(const Attention *a)
{
    int blocks = 0;
    for (int s = 0; s < a->queries.n; s++) blocks += blocks_of(a, s);
    return blocks;
}

static const float *at(const Tensor *t, int row, int column)
{
    return dm_row(t, row) + column;
}

// Scores that `scale` is still to multiply, each less by the slope of its side for every place of distance.
DM_CLONES
static void lean(const Head *h, float *p)
{
    const float before = h->slopes[0] / h->scale, behind = h->slopes[1] / h->scale;
    for (int i = 0; i < h->t; i++, p += h->wide) {
        const int place = h->place + i, seen = h->first + i * h->more;
        for (int j = 0; j < place; j++) p[j] -= before * (float)(place - j);
        for (int j = place + 1; j < seen; j++) p[j] -= behind * (float)(j - place);
    }
}

// What a query of a block does not see, though another one of it does.
static void hide_corners(const Head *h, float *p)
{
    for (int i = 0; i < h->t; i++, p += h->wide) {
        const int place = h->place + i;
        for (int j = 0; j < place - h->before; j++) p[j] = -INFINITY;
        for (int j = place + h->behind + 1; j < h->s; j++) p[j] = -INFINITY;
    }
}

static void probabilities(const Graph *g, const Attention *a, const Head *h, float *p, float *transposed)
{
    const float *q = at(&a->q, h->query, h->column), *k = at(&a->k, h->key, h->key_column);
    if (h->t == 1 || g->row_by_row) {
        dm_count_product(g, h->t, h->s, h->w);
        for (int i = 0; i < h->t; i++)
            dm_dot_rows(q + (size_t)i * (size_t)a->q.stride, k, a->k.stride, h->rows, h->s, h->w,
                        p + (size_t)i * (size_t)h->wide);
    } else {
        dm_transpose(k, a->k.stride, h->s, h->w, transposed);
        multiply(g, &(Product){.m = h->t,
                               .n = h->wide,
                               .k = h->w,
                               .a = q,
                               .a_row = a->q.stride,
                               .a_col = 1,
                               .b = transposed,
                               .ldb = h->wide,
                               .c = p,
                               .ldc = h->wide,
                               .triangle = h->causal ? DM_C_LOWER : DM_FULL,
                               .shift = h->place,
                               .padding = h->wide - h->s});
    }
    if (h->slopes) lean(h, p);
    if (h->before) hide_corners(h, p);
    dm_softmax_rows(p, h->t, h->wide, h->first, h->more, h->scale);
}

// The masks of P, and where P goes with them.
typedef struct Mask {
    Random stream;
    float rate;
    int cols;
    float *row;      // scratch
    float *dropped;  // scratch: a head of P
} Mask;

static Mask mask_of(Graph *g, const Attention *a, Random stream)
{
    const int wide = dm_padded(most_keys(a));
    return (Mask){.stream = stream,
                  .rate = a->dropout,
                  .cols = wide,
                  .row = dm_arena_take(g->arena, (size_t)dm_mask_size(wide) * sizeof(float)),
                  .dropped = dm_arena_take(g->arena, (size_t)most_queries(a) * (size_t)wide * sizeof(float))};
}

// to = mask * from of a head, whose first row is that one of all; from may be to. Masks are as wide as the longest, so
// that each row has numbers of its own.
static void drop(const Mask *mask, int row, const Head *h, const float *from, float *to)
{
    for (int i = 0; i < h->t; i++, from += h->wide, to += h->wide) {
        dm_dropout_row(&mask->stream, row + i, mask->cols, mask->rate, mask->row);
        for (int j = 0; j < h->s; j++) to[j] = mask->row[j] * from[j];
    }
}

static void mix(const Graph *g, const Attention *a, const Head *h, const float *p, Tensor *y)
{
    const float *v = at(&a->v, h->key, h->key_column);
    float *to = dm_row(y, h->query) + h->column;
    if (h->t == 1 || g->row_by_row) {
        dm_count_product(g, h->t, h->w, h->s);
        for (int i = 0; i < h->t; i++)
            dm_mix_rows(p + (size_t)i * (size_t)h->wide, v, a->v.stride, h->rows, h->s, h->w,
                        to + (size_t)i * (size_t)y->stride);
    } else {
        multiply(g, &(Product){.m = h->t,
                               .n = h->w,
                               .k = h->s,
                               .a = p,
                               .a_row = h->wide,
                               .a_col = 1,
                               .b = v,
                               .ldb = a->v.stride,
                               .c = to,
                               .ldc = y->stride,
                               .triangle = h->causal ? DM_A_LOWER : DM_FULL,
                               .shift = h->place});
    }
}

// What the heads on their way back share.
typedef struct AttentionBack {
    const AttentionRecord *record;
    float *dp, *transposed;  // scratch
    Mask mask;               // nothing where P was mixed whole
    float *dq, *dk, *dv;     // NULL: not wanted
    bool add_q, add_k, add_v;
} AttentionBack;

// dP += what those who look at P send back to it
static void add_sent(const Attention *a, const Head *h, float *dp)
{
    const size_t t = (size_t)a->queries.length[h->sequence], s = (size_t)a->keys.length[h->sequence];
    const float *sent = a->view->gradients[h->sequence] +
                        ((size_t)(h->column / h->w) * t + (size_t)h->block_query) * s + (size_t)h->block_key;
    for (int i = 0; i < h->t; i++, dp += h->wide, sent += s)
        for (int j = 0; j < h->s; j++) dp[j] += sent[j];
}

// With M the mask of dropout, dP = M * (dY V') + what is sent back,  dV += (M * P)' dY,  dS = dm_softmax_back(P, dP),
// dQ += dS K,  dK += dS' Q
static void head_back(Graph *g, const AttentionBack *b, const Head *h, const float *p, int row)
{
    const Attention *a = &b->record->args;
    const Tensor *y = b->record->y;
    const float *dy = y->grad + (size_t)h->query * (size_t)y->stride + h->column;
    float *dp = b->dp, *transposed = b->transposed;
    dm_transpose(at(&a->v, h->key, h->key_column), a->v.stride, h->s, h->w, transposed);
    multiply(g, &(Product){.m = h->t,
                           .n = h->wide,
                           .k = h->w,
                           .a = dy,
                           .a_row = y->stride,
                           .a_col = 1,
                           .b = transposed,
                           .ldb = h->wide,
                           .c = dp,
                           .ldc = h->wide,
                           .triangle = h->causal ? DM_C_LOWER : DM_FULL,
                           .shift = h->place,
                           .padding = h->wide - h->s});
    if (b->mask.dropped) {
        drop(&b->mask, row, h, p, b->mask.dropped);
        drop(&b->mask, row, h, dp, dp);
    }
    if (b->dv)
        multiply(g, &(Product){.m = h->s,
                               .n = h->w,
                               .k = h->t,
                               .a = b->mask.dropped ? b->mask.dropped : p,
                               .a_row = 1,
                               .a_col = h->wide,
                               .b = dy,
                               .ldb = y->stride,
                               .c = b->dv + (size_t)h->key * (size_t)a->v.stride + h->key_column,
                               .ldc = a->v.stride,
                               .add = b->add_v || h->again,
                               .triangle = h->causal ? DM_A_UPPER : DM_FULL,
                               .shift = h->place});
    if (a->view && a->view->gradients) add_sent(a, h, dp);
    dm_softmax_back(p, dp, h->t, h->wide, h->first, h->more, h->scale);
    if (b->dq)
        multiply(g, &(Product){.m = h->t,
                               .n = h->w,
                               .k = h->s,
                               .a = dp,
                               .a_row = h->wide,
                               .a_col = 1,
                               .b = at(&a->k, h->key, h->key_column),
                               .ldb = a->k.stride,
                               .c = b->dq + (size_t)h->query * (size_t)a->q.stride + h->column,
                               .ldc = a->q.stride,
                               .add = b->add_q,
                               .triangle = h->causal ? DM_A_LOWER : DM_FULL,
                               .shift = h->place});
    if (b->dk)
        multiply(g, &(Product){.m = h->s,
                               .n = h->w,
                               .k = h->t,
                               .a = dp,
                               .a_row = 1,
                               .a_col = h->wide,
                               .b = at(&a->q, h->query, h->column),
                               .ldb = a->q.stride,
                               .c = b->dk + (size_t)h->key * (size_t)a->k.stride + h->key_column,
                               .ldc = a->k.stride,
                               .add = b->add_k || h->again,
                               .triangle = h->causal ? DM_A_UPPER : DM_FULL,
                               .shift = h->place});
}

static float *scratch(Graph *g, int rows, int cols)
{
    return dm_arena_take(g->arena, (size_t)rows * (size_t)cols * sizeof(float));
}

// Rows may only be written where each belongs to one sequence, and to one block of it.
static float *gradient_of(Graph *g, const Tensor *t, Spans spans, bool shared, bool *add)
{
    int rows = 0, i = 0;
    for (; i < spans.n && spans.start[i] == rows; i++) rows += spans.length[i];
    if (!shared && i == spans.n && rows == t->rows) return dm_gradient_sum(g, t, add);
    *add = true;
    return dm_gradient(g, t);
}

static void backward(Graph *g, void *record)
{
    const AttentionRecord *r = record;
    const Attention *a = &r->args;
    const int wide = dm_padded(most_keys(a));
    AttentionBack b = {.record = r};
    b.dq = gradient_of(g, &a->q, a->queries, false, &b.add_q);
    const bool one =
        a->k.data == a->v.data;  // tensor: what comes to values is written first, then that of keys is added
    if (one) b.dv = gradient_of(g, &a->v, a->keys, a->window, &b.add_v);
    b.dk = gradient_of(g, &a->k, a->keys, a->window, &b.add_k);
    if (!one) b.dv = gradient_of(g, &a->v, a->keys, a->window, &b.add_v);
    const ArenaMark mark = dm_arena_mark(g->arena);
    b.dp = scratch(g, most_queries(a), wide);
    b.transposed = scratch(g, a->q.cols / a->heads, wide);
    if (a->dropout > 0) b.mask = mask_of(g, a, r->stream);
    float *const *p = r->p;
    int row = 0;
    for (int s = 0; s < a->queries.n; s++)
        for (int block = 0; block < blocks_of(a, s); block++) {
            Head head = first_head(a, s, block);
            for (int h = 0; h < a->heads; h++) {
                head_at(&head, a, h);
                head_back(g, &b, &head, *p++, row);
                row += head.t;
            }
        }
    dm_arena_release(g->arena, mark);
}

const Op dm_attention_op = {"attention", backward};

// Neighbours that see the same keys, as the hypotheses of a beam see their source, become one sequence of more queries.
static Attention joined(Graph *g, const Attention *from)
{
    Attention a = *from;
    const size_t n = (size_t)from->queries.n;
    int *query = dm_arena_take(g->arena, 4 * n * sizeof(int)), *queries = query + n, *key = queries + n,
        *keys = key + n;
    int count = 0;
    for (size_t i = 0; i < n; i++) {
        const int last = count - 1, start = from->queries.start[i];
        if (last >= 0 && query[last] + queries[last] == start && key[last] == from->keys.start[i] &&
            keys[last] == from->keys.length[i]) {
            queries[last] += from->queries.length[i];
            continue;
        }
        query[count] = start, queries[count] = from->queries.length[i];
        key[count] = from->keys.start[i], keys[count] = from->keys.length[i];
        count++;
    }
    a.queries = (Spans){count, query, queries};
    a.keys = (Spans){count, key, keys};
    return a;
}

// P as it is looked at: zeros where a query does not see.
static void show(const Attention *a, int h, const Head *head, const float *p)
{
    const size_t t = (size_t)a->queries.length[head->sequence], s = (size_t)a->keys.length[head->sequence];
    for (int i = 0; i < head->t; i++, p += head->wide) {
        float *row = a->view->probabilities[head->sequence] + ((size_t)h * t + (size_t)(head->block_query + i)) * s;
        if ((size_t)head->s < s) memset(row, 0, s * sizeof *row);
        memcpy(row + head->block_key, p, (size_t)head->s * sizeof *row);
    }
}

Tensor *dm_attention(Graph *g, const Attention *args)
{
    const bool whole = g->recording || args->causal || args->view || args->rows || args->window || args->slopes ||
                       args->dropout > 0;  // sequences stay as they are
    const Attention used = whole ? *args : joined(g, args), *a = &used;
    assert(args->queries.n == args->keys.n);
    assert(a->q.cols % a->heads == 0 && (!a->key_heads || a->heads % a->key_heads == 0));
    assert(a->k.cols == a->v.cols && a->k.cols * a->heads == a->q.cols * (a->key_heads ? a->key_heads : a->heads));
    assert(!a->rows || !(g->recording || a->window));
    Tensor *y = dm_tensor(g, a->q.rows, a->q.cols);
    const Random stream = a->dropout > 0 ? dm_graph_random(g) : (Random){0};
    AttentionRecord *r = dm_record(g, &dm_attention_op, y, sizeof *r);
    if (r)
        *r = (AttentionRecord){*a, y, stream,
                               dm_arena_take(g->arena, (size_t)most_blocks(a) * (size_t)a->heads * sizeof(float *))};
    const int wide = dm_padded(most_keys(a));
    const Mask mask = a->dropout > 0 ? mask_of(g, a, stream) : (Mask){0};
    int row = 0;
    float *kept = r ? NULL : scratch(g, most_queries(a), wide), **p = r ? r->p : &kept;
    float *transposed = scratch(g, a->q.cols / a->heads, wide);
    for (int s = 0; s < a->queries.n; s++) {
        assert(!(a->causal || a->window || a->slopes) || a->keys.length[s] >= a->queries.length[s]);
        for (int block = 0; block < blocks_of(a, s); block++) {
            Head head = first_head(a, s, block);
            assert(!a->rows || head.t == 1);
            for (int h = 0; h < a->heads; h++) {
                head_at(&head, a, h);
                if (r) *p = scratch(g, head.t, head.wide);
                probabilities(g, a, &head, *p, transposed);
                if (mask.dropped) drop(&mask, row, &head, *p, mask.dropped);
                mix(g, a, &head, mask.dropped ? mask.dropped : *p, y);
                row += head.t;
                if (a->view) show(a, h, &head, *p);
                if (r) p++;
            }
        }
    }
    return y;
}
