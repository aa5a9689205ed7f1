// Products with packed float32 weights by kernels of our own, where the library has none: y [rows, n] = x W', x [rows,
// k], W [n, k]. What a call of a library spends on ordering a weight anew is much where there are few rows.
#pragma once
#include <stddef.h>

size_t dm_panels_size(int n, int k);  // in bytes
void dm_panels_pack(int n, int k, const float *weight, float *panels);
// Rows of y lie `stride` apart. A row of the result depends on no other row, nor on how many there are.
void dm_panels_multiply(const float *x, int rows, int k, const float *panels, int n, float *y, int stride);
