// Tensors and spans: what every op takes and gives.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// Row-major float32 [rows, cols]. Activations are [tokens, width]: no padding, a batch is the concatenation of its
// sentences. A tensor may be some columns of a wider one (dm_columns): row r begins at data + r * stride.
typedef struct Tensor {
    int rows, cols, stride;
    float *data;
    float *grad;  // same layout as data; NULL: nothing flows back here. A parameter's gradient is the graph's affair.
    bool parameter;  // data lies in the model's parameter buffer
} Tensor;

// Sequence i is the rows start[i] ... start[i] + length[i] - 1 of whatever tensor the spans go with.
typedef struct Spans {
    int n;
    const int *start, *length;
} Spans;

static inline float *dm_row(const Tensor *t, int row)
{
    return t->data + (size_t)row * (size_t)t->stride;
}

// The columns from ... from+cols-1 of t, as a view: same memory, same gradient.
static inline Tensor dm_columns(const Tensor *t, int from, int cols)
{
    return (Tensor){t->rows, cols, t->stride, t->data + from, t->grad ? t->grad + from : NULL, t->parameter};
}
