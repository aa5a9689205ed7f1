// Operands of the graph's products: in float32 the numbers themselves, in fewer bits a rounded copy.
#pragma once
#include "tensor/graph.h"

typedef struct Operand {
    const void *data;
    int stride;  // in numbers; in int8 bytes, of which dm_packs_take_int16 wants two a number
    int rows;    // at least those it was made of; in bf16 there are additional ones, zero (DM_OPERAND_ROWS)
    Precision precision;
    const float *scales;  // [rows] of int8
} Operand;

// Of rows [rows, cols] of an activation or a gradient, `stride` apart. The copy lies in the graph's arena.
Operand dm_operand(Graph *g, const float *data, int rows, int cols, int stride);
// y [rows, count] = x W', as the graph multiplies: W is `count` rows of the weight, from row `first` on. True: the bias
// is added already, for it cost no pass of its own.
typedef struct Forward {
    Operand x;
    int rows;
    const Tensor *weight;
    int first, count;
    float *y;
    int stride;         // of y
    const float *bias;  // [count] or NULL
} Forward;
bool dm_forward(Graph *g, const Forward *args);

// Of a weight, for products that are not in its packed copy: its copy is the graph's, made once an update.
Operand dm_weight_operand(Graph *g, const Tensor *weight);

static inline const void *dm_operand_row(const Operand *operand, int row)
{
    static const size_t sizes[] = {
        [DM_PRECISION_FP32] = sizeof(float), [DM_PRECISION_BF16] = sizeof(Bf16), [DM_PRECISION_INT8] = 1};
    return (const char *)operand->data + (size_t)row * (size_t)operand->stride * sizes[operand->precision];
}

// The operand from a row on.
static inline Operand dm_operand_from(const Operand *operand, int row)
{
    return (Operand){dm_operand_row(operand, row), operand->stride, operand->rows - row, operand->precision,
                     operand->scales ? operand->scales + row : NULL};
}
