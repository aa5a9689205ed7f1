// Products with packed int8 weights by kernels of our own, for processors that have AVX2 but no int8 products:
//   y_ij = (sum_l x_il w_jl) * scale_x_i * scale_w_j + bias_j,  x [rows, k], W [n, k], all from -127 to 127
// The sums are exact. Multiplying pairs of 16 bits, which AVX2 can, makes one and a half times as many products as
// float32 has, and reads a quarter of the bytes.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool dm_integer_panels_possible(void);  // on this processor, in this build

size_t dm_integer_panels_size(int n, int k);  // in bytes
void dm_integer_panels_pack(int n, int k, const int8_t *weight, int8_t *panels);

// A row of x is this long: k, and a zero where k is odd.
static inline int dm_integer_panels_width(int k)
{
    return (k + 1) / 2 * 2;
}

typedef struct IntegerPanels {
    int n, k;
    const int8_t *panels;
    const float *scales;  // [n] of the weight
} IntegerPanels;

// x [rows, dm_integer_panels_width(k)], bias [n] or NULL, rows of y `stride` apart. A row of the result depends on no
// other row, nor on how many there are.
void dm_integer_panels_multiply(const IntegerPanels *weight, const int16_t *x, const float *x_scales, int rows,
                                const float *bias, float *y, int stride);
