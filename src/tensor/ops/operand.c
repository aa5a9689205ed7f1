// Rounding what goes into a product.
#include "tensor/ops/operand.h"

#include <string.h>

#include "tensor/products/integer_panels.h"

static Operand in_bf16(Graph *g, const float *data, int rows, int cols, int stride)
{
    const int padded = dm_operand_rows(rows);
    const size_t width = (size_t)cols, size = (size_t)rows * width;
    Bf16 *copy = dm_arena_take(g->arena, (size_t)padded * width * sizeof *copy);
    if (stride == cols)
        dm_round_bf16(data, copy, size);
    else
        for (size_t i = 0; i < (size_t)rows; i++) dm_round_bf16(data + i * (size_t)stride, copy + i * width, width);
    memset(copy + size, 0, (size_t)(padded - rows) * width * sizeof *copy);
    return (Operand){copy, cols, padded, DM_PRECISION_BF16, NULL};
}

// As kernels of our own take them: a row is a whole number of pairs.
static Operand in_int16(Graph *g, const float *data, int rows, int cols, int stride)
{
    const size_t width = (size_t)dm_integer_panels_width(cols);
    int16_t *copy = dm_arena_take(g->arena, (size_t)rows * width * sizeof *copy);
    float *scales = dm_arena_take(g->arena, (size_t)rows * sizeof *scales);
    for (size_t i = 0; i < (size_t)rows; i++) {
        copy[(i + 1) * width - 1] = 0;
        scales[i] = dm_quantize_row_16(data + i * (size_t)stride, copy + i * width, cols);
    }
    return (Operand){copy, (int)(width * sizeof *copy), rows, DM_PRECISION_INT8, scales};
}

static Operand in_int8(Graph *g, const float *data, int rows, int cols, int stride)
{
    if (dm_packs_take_int16(g->packs)) return in_int16(g, data, rows, cols, stride);
    int8_t *copy = dm_arena_take(g->arena, (size_t)rows * (size_t)cols);
    float *scales = dm_arena_take(g->arena, (size_t)rows * sizeof *scales);
    for (size_t i = 0; i < (size_t)rows; i++)
        scales[i] = dm_quantize_row(data + i * (size_t)stride, copy + i * (size_t)cols, cols);
    return (Operand){copy, cols, rows, DM_PRECISION_INT8, scales};
}

// Packed products take rows without gaps.
static Operand in_fp32(Graph *g, const float *data, int rows, int cols, int stride)
{
    if (!g->packs || stride == cols) return (Operand){data, stride, rows, DM_PRECISION_FP32, NULL};
    const size_t width = (size_t)cols;
    float *copy = dm_arena_take(g->arena, (size_t)rows * width * sizeof *copy);
    for (size_t i = 0; i < (size_t)rows; i++) memcpy(copy + i * width, data + i * (size_t)stride, width * sizeof *copy);
    return (Operand){copy, cols, rows, DM_PRECISION_FP32, NULL};
}

Operand dm_operand(Graph *g, const float *data, int rows, int cols, int stride)
{
    const Precision precision = g->rounded ? DM_PRECISION_BF16
                                : g->packs ? dm_packs_precision(g->packs)
                                           : DM_PRECISION_FP32;
    switch (precision) {
    case DM_PRECISION_BF16: return in_bf16(g, data, rows, cols, stride);
    case DM_PRECISION_INT8: return in_int8(g, data, rows, cols, stride);
    default: return in_fp32(g, data, rows, cols, stride);
    }
}

static bool forward_packed(Graph *g, const Forward *f)
{
    const ArenaMark mark = dm_arena_mark(g->arena);
    const size_t count = (size_t)f->count;
    if (g->profile) g->profile->flops += 2.0 * (double)f->rows * f->count * f->weight->cols;
    const PackedProduct product = {
        .x = f->x.data,
        .scales = f->x.scales,
        .rows = f->rows,
        .weight = f->weight,
        .first = f->first,
        .count = f->count,
        .y = f->y,
        .stride = f->stride,
        .bias = f->bias,
        .scratch = dm_arena_take(g->arena, (size_t)dm_packed_scratch(f->rows) * count * sizeof(float))};
    const bool biased = dm_packed_multiply(g->packs, &product);
    dm_arena_release(g->arena, mark);
    return biased;
}

bool dm_forward(Graph *g, const Forward *f)
{
    if (g->packs) return forward_packed(g, f);
    const Operand weight = dm_weight_operand(g, f->weight);
    dm_gemm(g, (Gemm){.m = f->rows,
                      .n = f->count,
                      .k = f->weight->cols,
                      .a = f->x.data,
                      .lda = f->x.stride,
                      .b = dm_operand_row(&weight, f->first),
                      .ldb = weight.stride,
                      .transpose_b = true,
                      .c = f->y,
                      .ldc = f->stride,
                      .precision = f->x.precision});
    return false;
}

Operand dm_weight_operand(Graph *g, const Tensor *weight)
{
    if (!g->rounded || !weight->parameter)
        return dm_operand(g, weight->data, weight->rows, weight->cols, weight->stride);
    return (Operand){g->rounded + (weight->data - g->parameters), weight->stride, weight->rows, DM_PRECISION_BF16,
                     NULL};
}
