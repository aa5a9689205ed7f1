// Products of small matrices: those of one head of one sentence, which are too small for a call of the library and
// stay in the first cache. They work in vectors of DM_LANES floats: two of them side by side and six rows high, a block
// of sums fits the 16 registers of AVX2, and is enough to keep its two multiply-add units busy.
#pragma once
#include <stdbool.h>

#include "core/kernels.h"

enum { DM_LANES = 8 };
typedef float Lanes __attribute__((vector_size(DM_LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

// n, rounded up to whole vectors
static inline int dm_padded(int n)
{
    return (n + DM_LANES - 1) / DM_LANES * DM_LANES;
}

// Which elements of a product a causal mask leaves: with i the row of C, those at columns up to i + shift. What is
// beyond is zero in A, or not wanted in C.
typedef enum Triangle {
    DM_FULL,
    DM_C_LOWER,  // C (i, j) is wanted where j <= i + shift; may be left out elsewhere
    DM_A_LOWER,  // A (i, p) is zero where p > i + shift
    DM_A_UPPER,  // A (i, p) is zero where i > p + shift: a transposed A_LOWER
} Triangle;

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
    Triangle triangle;
    int shift;
    int padding;  // so many columns of C, the last ones, are made only because whole vectors are faster
} Product;

// The part of the product that makes rows from ... from+rows-1 of C, without what the triangle saves.
DM_INLINE Product dm_part(const Product *whole, int from, int rows)
{
    Product p = *whole;
    const int end = from + rows + p.shift;
    p.m = rows;
    p.a += (size_t)from * (size_t)p.a_row;
    p.c += (size_t)from * (size_t)p.ldc;
    if (p.triangle == DM_C_LOWER && dm_padded(end) < p.n) p.n = dm_padded(end);
    if (p.triangle == DM_A_LOWER && end < p.k) p.k = end;
    if (p.triangle == DM_A_UPPER && from > p.shift) {
        const int skipped = from - p.shift;
        p.a += (size_t)skipped * (size_t)p.a_col;
        p.b += (size_t)skipped * (size_t)p.ldb;
        p.k -= skipped;
    }
    return p;
}

void dm_small_product(const Product *p);

// to [w, padded(s)] = from' [s, w]; the padding is finite where `from` is.
void dm_transpose(const float *from, int stride, int s, int w, float *to);

// Of one query, with keys and values wherever they lie: row j of s is row rows[j] of the matrix, or with rows NULL row
// j. scores [padded(s)]: the dot products of q [w] and the keys [s, w]; those of the padding repeat others.
void dm_dot_rows(const float *q, const float *keys, int stride, const int *rows, int s, int w, float *scores);
// y [w]: the sum of the values [s, w], each p[j] times.
void dm_mix_rows(const float *p, const float *values, int stride, const int *rows, int s, int w, float *y);
