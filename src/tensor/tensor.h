// Tensors and spans: what every op takes and gives.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// Row-major float32 [rows, cols]. Activations are [tokens, width]: no padding, a batch is the concatenation of its
// sentences. A tensor may be some columns of a wider one or some rows of a taller one (dm_columns, dm_rows): row r
// begins at data + r * stride.
typedef struct Tensor {
    int rows, cols, stride;
    float *data;
    bool parameter;        // data lies in the model's parameter buffer, its gradient in the graph's
    struct Tensor *whole;  // itself, or what it is a part of; NULL: nothing flows back here
    float *grad;           // of the whole, on the way back: same layout as data; NULL until dm_gradient is asked for it
    int written;           // of the whole: so many columns of grad, from the left, hold something; the rest is garbage
    int chain;             // of the whole: ops of the longest chain that begins by reading it, on the way back (Graph)
} Tensor;

// Sequence i is the rows start[i] ... start[i] + length[i] - 1 of whatever tensor the spans go with.
typedef struct Spans {
    int n;
    const int *start, *length;
} Spans;

static inline int dm_longest(Spans spans)
{
    int most = 0;
    for (int i = 0; i < spans.n; i++)
        if (spans.length[i] > most) most = spans.length[i];
    return most;
}

static inline float *dm_row(const Tensor *t, int row)
{
    return t->data + (size_t)row * (size_t)t->stride;
}

// The columns from ... from+cols-1 of t, as a view: same memory, same gradient.
static inline Tensor dm_columns(const Tensor *t, int from, int cols)
{
    return (Tensor){.rows = t->rows,
                    .cols = cols,
                    .stride = t->stride,
                    .data = t->data + from,
                    .parameter = t->parameter,
                    .whole = t->whole};
}

// The rows from ... from+rows-1 of t, likewise. Their gradient can only be added to (dm_gradient_sum).
static inline Tensor dm_rows(const Tensor *t, int from, int rows)
{
    return (Tensor){.rows = rows,
                    .cols = t->cols,
                    .stride = t->stride,
                    .data = dm_row(t, from),
                    .parameter = t->parameter,
                    .whole = t->whole};
}
