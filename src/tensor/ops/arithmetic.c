// Add, scale and concatenate: the plain arithmetic of tensors.
#include <assert.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct Arithmetic {
    const Tensor *a, *b;
    Tensor *y;
    float factor;
    const float *factors;  // [n]
} Arithmetic;

// out += factor * in
DM_CLONES
static void accumulate(float *restrict out, const float *restrict in, float factor, int n)
{
    for (int j = 0; j < n; j++) out[j] += factor * in[j];
}

static void accumulate_rows(Graph *g, const Tensor *to, const Tensor *y, int first_column, float factor)
{
    float *gradient = dm_gradient(g, to);
    if (!gradient) return;
    for (size_t i = 0; i < (size_t)y->rows; i++)
        accumulate(gradient + i * (size_t)to->stride, y->grad + i * (size_t)y->stride + first_column, factor, to->cols);
}

// y = a + b:  da += dy,  db += dy
static void backward_add(Graph *g, void *record)
{
    const Arithmetic *r = record;
    accumulate_rows(g, r->a, r->y, 0, 1);
    accumulate_rows(g, r->b, r->y, 0, 1);
}

const Op dm_add_op = {"add", backward_add};

Tensor *dm_add(Graph *g, const Tensor *a, const Tensor *b)
{
    assert(a->rows == b->rows && a->cols == b->cols);
    Tensor *y = dm_tensor(g, a->rows, a->cols);
    for (int i = 0; i < a->rows; i++)
        for (int j = 0; j < a->cols; j++) dm_row(y, i)[j] = dm_row(a, i)[j] + dm_row(b, i)[j];
    Arithmetic *r = dm_record(g, &dm_add_op, y, sizeof *r);
    if (r) *r = (Arithmetic){.a = a, .b = b, .y = y};
    return y;
}

// y = factor * x:  dx += factor * dy
static void backward_scale(Graph *g, void *record)
{
    const Arithmetic *r = record;
    accumulate_rows(g, r->a, r->y, 0, r->factor);
}

const Op dm_scale_op = {"scale", backward_scale};

Tensor *dm_scale(Graph *g, const Tensor *x, float factor)
{
    Tensor *y = dm_tensor(g, x->rows, x->cols);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->cols; j++) dm_row(y, i)[j] = factor * dm_row(x, i)[j];
    Arithmetic *r = dm_record(g, &dm_scale_op, y, sizeof *r);
    if (r) *r = (Arithmetic){.a = x, .y = y, .factor = factor};
    return y;
}

// y_i = factor_i * x_i:  dx_i += factor_i * dy_i
static void backward_scale_rows(Graph *g, void *record)
{
    const Arithmetic *r = record;
    float *gradient = dm_gradient(g, r->a);
    for (size_t i = 0; gradient && i < (size_t)r->y->rows; i++)
        accumulate(gradient + i * (size_t)r->a->stride, r->y->grad + i * (size_t)r->y->stride, r->factors[i],
                   r->a->cols);
}

const Op dm_scale_rows_op = {"scale_rows", backward_scale_rows};

Tensor *dm_scale_rows(Graph *g, const Tensor *x, const float *factors)
{
    Tensor *y = dm_tensor(g, x->rows, x->cols);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->cols; j++) dm_row(y, i)[j] = factors[i] * dm_row(x, i)[j];
    Arithmetic *r = dm_record(g, &dm_scale_rows_op, y, sizeof *r);
    if (r) *r = (Arithmetic){.a = x, .y = y, .factors = factors};
    return y;
}

// y = x:  dx += factor * dy
const Op dm_scale_gradient_op = {"scale_gradient", backward_scale};

Tensor *dm_scale_gradient(Graph *g, const Tensor *x, float factor)
{
    if (!g->recording) return (Tensor *)x;
    Tensor *y = dm_tensor(g, x->rows, x->cols);
    for (int i = 0; i < x->rows; i++) memcpy(dm_row(y, i), dm_row(x, i), (size_t)x->cols * sizeof(float));
    Arithmetic *r = dm_record(g, &dm_scale_gradient_op, y, sizeof *r);
    if (r) *r = (Arithmetic){.a = x, .y = y, .factor = factor};
    return y;
}

// y = [a b], [n, p] and [n, q] -> [n, p + q]:  da += the first p columns of dy, db += the others
static void backward_concatenate(Graph *g, void *record)
{
    const Arithmetic *r = record;
    accumulate_rows(g, r->a, r->y, 0, 1);
    accumulate_rows(g, r->b, r->y, r->a->cols, 1);
}

const Op dm_concatenate_op = {"concatenate", backward_concatenate};

Tensor *dm_concatenate(Graph *g, const Tensor *a, const Tensor *b)
{
    assert(a->rows == b->rows);
    Tensor *y = dm_tensor(g, a->rows, a->cols + b->cols);
    for (int i = 0; i < a->rows; i++) {
        memcpy(dm_row(y, i), dm_row(a, i), (size_t)a->cols * sizeof(float));
        memcpy(dm_row(y, i) + a->cols, dm_row(b, i), (size_t)b->cols * sizeof(float));
    }
    Arithmetic *r = dm_record(g, &dm_concatenate_op, y, sizeof *r);
    if (r) *r = (Arithmetic){.a = a, .b = b, .y = y};
    return y;
}
