// Operands of the graph's products: in float32 the numbers themselves, in fewer bits a rounded copy.
#pragma once
#include "tensor/graph.h"

typedef struct Operand {
    const void *data;
    int stride;
    int rows;  // at least those it was made of; the additional ones are zero (DM_OPERAND_ROWS)
    Precision precision;
} Operand;

// Of rows [rows, cols] of an activation or a gradient, `stride` apart. The copy lies in the graph's arena.
Operand dm_operand(Graph *g, const float *data, int rows, int cols, int stride);
// Of a weight: its copy is the graph's, made once an update.
Operand dm_weight_operand(Graph *g, const Tensor *weight);

static inline const void *dm_operand_row(const Operand *operand, int row)
{
    const size_t at = (size_t)row * (size_t)operand->stride;
    return operand->precision == DM_PRECISION_BF16 ? (const void *)((const Bf16 *)operand->data + at)
                                                   : (const void *)((const float *)operand->data + at);
}
