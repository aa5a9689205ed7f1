// Precisions of matrix products: float32, or operands of fewer bits that are summed in float32. Weights, moments,
// norms, softmax and loss are float32 whatever the products are.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum Precision {
    DM_PRECISION_FP32,
    DM_PRECISION_BF16,  // bfloat16: the upper half of a float32, 8 bits of mantissa
    DM_PRECISION_INT8,  // integers from -127 to 127, a scale for every row; in search alone
} Precision;

Precision dm_precision(const char *name);  // of --precision: "fp32", "bf16", "int8"
const char *dm_precision_name(Precision precision);

typedef uint16_t Bf16;

// Rows of an operand of fewer bits are rounded up to a multiple of this, the additional ones zero: where rows are what
// a product sums over (the gradient of a weight), there are then few different lengths, and the library makes code for
// each.
enum { DM_OPERAND_ROWS = 16 };
static inline int dm_operand_rows(int rows)
{
    return (rows + DM_OPERAND_ROWS - 1) / DM_OPERAND_ROWS * DM_OPERAND_ROWS;
}

// Rounds to nearest, ties to even: adds just under half of the last place kept, and that place itself where it is odd.
// NaN stays NaN.
static inline Bf16 dm_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    return (Bf16)((bits & 0x7FFFFFFF) > 0x7F800000 ? 0x7FC0 : rounded);
}

static inline float dm_of_bf16(Bf16 x)
{
    const uint32_t bits = (uint32_t)x << 16;
    float wide;
    memcpy(&wide, &bits, sizeof wide);
    return wide;
}

// A row of a matrix in 8 bits: from[i] is about to[i] * scale, to[i] from -127 to 127. Returns the scale, 0 for a row
// of zeros. What to[i] * scale comes to is exact in float32, and gives the same integers and scale again.
float dm_quantize_row(const float *from, int8_t *to, int n);

// The same integers in 16 bits, as dm_integer_panels_multiply takes them.
float dm_quantize_row_16(const float *from, int16_t *to, int n);

// Back: y_j = sums_j * (scale * scales_j) + bias_j, of a sum of products of a row with rows that have these scales.
// bias may be NULL, and y may lie where the sums are.
void dm_widen_row(const int32_t *sums, float scale, const float *scales, const float *bias, int n, float *y);

void dm_round_bf16(const float *from, Bf16 *to, size_t n);
