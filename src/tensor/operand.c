// Rounding what goes into a product.
#include "tensor/operand.h"

#include <string.h>

Operand dm_operand(Graph *g, const float *data, int rows, int cols, int stride)
{
    if (!g->rounded) return (Operand){data, stride, rows, DM_PRECISION_FP32};
    const int padded = dm_operand_rows(rows);
    const size_t width = (size_t)cols, size = (size_t)rows * width;
    Bf16 *copy = dm_arena_take(g->arena, (size_t)padded * width * sizeof *copy);
    if (stride == cols)
        dm_round_bf16(data, copy, size);
    else
        for (size_t i = 0; i < (size_t)rows; i++) dm_round_bf16(data + i * (size_t)stride, copy + i * width, width);
    memset(copy + size, 0, (size_t)(padded - rows) * width * sizeof *copy);
    return (Operand){copy, cols, padded, DM_PRECISION_BF16};
}

Operand dm_weight_operand(Graph *g, const Tensor *weight)
{
    if (!g->rounded || !weight->parameter)
        return dm_operand(g, weight->data, weight->rows, weight->cols, weight->stride);
    return (Operand){g->rounded + (weight->data - g->parameters), weight->stride, weight->rows, DM_PRECISION_BF16};
}
