// Small products: a block of C at a time, its sums in registers.
#include "tensor/products/small_product.h"

enum { ROWS = 6, WIDEST = 4 };

DM_INLINE const Lanes *in(const float *at)
{
    return (const Lanes *)at;
}

DM_INLINE Lanes *out(float *at)
{
    return (Lanes *)at;
}

// C [rows, vectors * DM_LANES] at column j; rows and vectors are constants where this is inlined.
DM_INLINE void block(const Product *p, int rows, int vectors, int j)
{
    Lanes sum[ROWS][WIDEST] = {0};
    const float *a = p->a, *b = p->b + j;
    const size_t a_row = (size_t)p->a_row, a_col = (size_t)p->a_col, ldb = (size_t)p->ldb, ldc = (size_t)p->ldc;
    for (int l = p->k; l > 0; l--, a += a_col, b += ldb) {
        Lanes row[WIDEST];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) row[v] = *in(b + v * DM_LANES);
#pragma GCC unroll 6
        for (size_t r = 0; r < (size_t)rows; r++)
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) sum[r][v] += a[r * a_row] * row[v];
    }
    float *c = p->c + j;
#pragma GCC unroll 6
    for (size_t r = 0; r < (size_t)rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            Lanes *to = out(c + r * ldc + v * DM_LANES);
            if (p->add) sum[r][v] += *to;
            *to = sum[r][v];
        }
}

DM_INLINE void rows_of_blocks(const Product *p, int rows)
{
    int j = 0;
    if (rows <= 2)  // few sums a vector: more vectors, so that one sum need not wait for another
        for (; j + 4 * DM_LANES <= p->n; j += 4 * DM_LANES) block(p, rows, 4, j);
    for (; j + 2 * DM_LANES <= p->n; j += 2 * DM_LANES) block(p, rows, 2, j);
    for (; j + DM_LANES <= p->n; j += DM_LANES) block(p, rows, 1, j);
    for (; j < p->n; j++)  // only heads of odd width end here
        for (int r = 0; r < rows; r++) {
            float *c = p->c + (size_t)r * (size_t)p->ldc + j, sum = p->add ? *c : 0;
            for (int l = 0; l < p->k; l++)
                sum += p->a[(size_t)r * (size_t)p->a_row + (size_t)l * (size_t)p->a_col] *
                       p->b[(size_t)l * (size_t)p->ldb + j];
            *c = sum;
        }
}

DM_CLONES
void dm_small_product(const Product *p)
{
    for (int i = 0, rows; i < p->m; i += rows) {
        rows = dm_next_block(p->m - i, ROWS);
        const Product part = dm_part(p, i, rows);
        switch (rows) {
        case 1: rows_of_blocks(&part, 1); break;
        case 2: rows_of_blocks(&part, 2); break;
        case 3: rows_of_blocks(&part, 3); break;
        case 4: rows_of_blocks(&part, 4); break;
        case 5: rows_of_blocks(&part, 5); break;
        default: rows_of_blocks(&part, ROWS); break;
        }
    }
}

#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

// An 8 x 8 square in three rounds: neighbours change places by one, by two and by four.
DM_INLINE void transpose_square(Lanes x[DM_LANES])
{
    Lanes y[DM_LANES];
#pragma GCC unroll 4
    for (int i = 0; i < DM_LANES; i += 2) {
        y[i] = PICK(x[i], x[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        y[i + 1] = PICK(x[i], x[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
#pragma GCC unroll 2
    for (int i = 0; i < DM_LANES; i += 4)
#pragma GCC unroll 2
        for (int k = 0; k < 2; k++) {
            x[i + k] = PICK(y[i + k], y[i + k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            x[i + k + 2] = PICK(y[i + k], y[i + k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        const Lanes low = x[i], high = x[i + 4];
        x[i] = PICK(low, high, 0, 1, 2, 3, 8, 9, 10, 11);
        x[i + 4] = PICK(low, high, 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

DM_CLONES
void dm_transpose(const float *from, int stride, int s, int w, float *to)
{
    const size_t wide = (size_t)dm_padded(s);
    for (int j = 0; j < s; j += DM_LANES) {
        const float *row[DM_LANES];  // the last one repeats where there is none
#pragma GCC unroll 8
        for (int i = 0; i < DM_LANES; i++) row[i] = from + (size_t)(j + i < s ? j + i : s - 1) * (size_t)stride;
        int c = 0;
        for (; c + DM_LANES <= w; c += DM_LANES) {
            Lanes x[DM_LANES];
#pragma GCC unroll 8
            for (int i = 0; i < DM_LANES; i++) x[i] = *in(row[i] + c);
            transpose_square(x);
#pragma GCC unroll 8
            for (size_t i = 0; i < DM_LANES; i++) *out(to + ((size_t)c + i) * wide + j) = x[i];
        }
        for (; c < w; c++)
            for (int i = 0; i < DM_LANES; i++) to[(size_t)c * wide + (size_t)(j + i)] = row[i][c];
    }
}

DM_INLINE const float *row_at(const float *matrix, int stride, const int *rows, int j)
{
    return matrix + (size_t)(rows ? rows[j] : j) * (size_t)stride;
}

// Eight sums of products, one a lane, are the sum of a transposed square.
DM_CLONES
void dm_dot_rows(const float *q, const float *keys, int stride, const int *rows, int s, int w, float *scores)
{
    for (int j = 0; j < s; j += DM_LANES) {
        const float *row[DM_LANES];
        Lanes x[DM_LANES] = {0};
#pragma GCC unroll 8
        for (int i = 0; i < DM_LANES; i++) row[i] = row_at(keys, stride, rows, j + i < s ? j + i : s - 1);
        int c = 0;
        for (; c + DM_LANES <= w; c += DM_LANES) {
            const Lanes query = *in(q + c);
#pragma GCC unroll 8
            for (int i = 0; i < DM_LANES; i++) x[i] += query * *in(row[i] + c);
        }
        transpose_square(x);
        Lanes sum = ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
        for (; c < w; c++)
            for (int i = 0; i < DM_LANES; i++) sum[i] += q[c] * row[i][c];
        *out(scores + j) = sum;
    }
}

// y [vectors * DM_LANES] at column c; vectors is a constant where this is inlined.
DM_INLINE void mix(const float *p, const float *values, int stride, const int *rows, int s, int vectors, float *y)
{
    enum { MOST = 8 };
    Lanes sum[MOST] = {0};
    for (int j = 0; j < s; j++) {
        const float *row = row_at(values, stride, rows, j);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) sum[v] += p[j] * *in(row + v * DM_LANES);
    }
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) *out(y + v * DM_LANES) = sum[v];
}

DM_CLONES
void dm_mix_rows(const float *p, const float *values, int stride, const int *rows, int s, int w, float *y)
{
    int c = 0;
    for (; c + 8 * DM_LANES <= w; c += 8 * DM_LANES) mix(p, values + c, stride, rows, s, 8, y + c);
    for (; c + 4 * DM_LANES <= w; c += 4 * DM_LANES) mix(p, values + c, stride, rows, s, 4, y + c);
    for (; c + DM_LANES <= w; c += DM_LANES) mix(p, values + c, stride, rows, s, 1, y + c);
    for (; c < w; c++) {
        y[c] = 0;
        for (int j = 0; j < s; j++) y[c] += p[j] * row_at(values, stride, rows, j)[c];
    }
}
