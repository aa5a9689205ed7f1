// A panel holds 16 outputs of a weight, side by side for each input: what a tile reads from left to right. A tile of
// six rows by two vectors keeps its sums in the 16 registers of AVX2, and its loads behind its multiply-adds.
#include "tensor/products/panels.h"

#include <string.h>

#include "tensor/products/small_product.h"

enum { PANEL = 2 * DM_LANES, ROWS = 6, STEPS = 4 };

size_t dm_panels_size(int n, int k)
{
    const size_t panels = (size_t)(n + PANEL - 1) / PANEL;
    return panels * PANEL * (size_t)k * sizeof(float);
}

void dm_panels_pack(int n, int k, const float *weight, float *panels)
{
    memset(panels, 0, dm_panels_size(n, k));
    for (int i = 0; i < n; i++) {
        float *to = panels + (size_t)(i / PANEL) * PANEL * (size_t)k + i % PANEL;
        for (int l = 0; l < k; l++, to += PANEL) *to = weight[(size_t)i * (size_t)k + (size_t)l];
    }
}

// Adds the next input of each row times its line of the panel.
DM_INLINE void add_input(Lanes sum[ROWS][2], const float *x, const float *x3, size_t k, const float *line, int rows)
{
    const Lanes first = *(const Lanes *)line, second = *(const Lanes *)(line + DM_LANES);
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        const float one = r < 3 ? x[(size_t)r * k] : x3[(size_t)(r - 3) * k];  // two bases: fewer addresses to keep
        sum[r][0] += one * first;
        sum[r][1] += one * second;
    }
}

// `rows` is a constant where this is inlined. y: 16 columns.
DM_INLINE void tile(const float *x, int rows, int k, const float *panel, float *y, size_t stride)
{
    Lanes sum[ROWS][2] = {0};
    const size_t apart = (size_t)k;
    const float *x3 = x + 3 * apart;
    int l = 0;
#pragma GCC unroll 1
    for (; l + STEPS <= k; l += STEPS, x += STEPS, x3 += STEPS, panel += STEPS * PANEL) {
#pragma GCC unroll 4
        for (int u = 0; u < STEPS; u++) add_input(sum, x + u, x3 + u, apart, panel + u * PANEL, rows);
    }
#pragma GCC unroll 1
    for (; l < k; l++, x++, x3++, panel += PANEL) add_input(sum, x, x3, apart, panel, rows);
#pragma GCC unroll 6
    for (size_t r = 0; r < (size_t)rows; r++) {
        *(Lanes *)(y + r * stride) = sum[r][0];
        *(Lanes *)(y + r * stride + DM_LANES) = sum[r][1];
    }
}

DM_CLONES
static void tile_of(const float *x, int rows, int k, const float *panel, float *y, size_t stride)
{
    switch (rows) {
    case 1: tile(x, 1, k, panel, y, stride); break;
    case 2: tile(x, 2, k, panel, y, stride); break;
    case 3: tile(x, 3, k, panel, y, stride); break;
    case 4: tile(x, 4, k, panel, y, stride); break;
    case 5: tile(x, 5, k, panel, y, stride); break;
    default: tile(x, ROWS, k, panel, y, stride); break;
    }
}

// The last panel may have fewer outputs than 16.
static void narrow_tile(const float *x, int rows, int k, const float *panel, float *y, size_t stride, int outputs)
{
    float whole[ROWS * PANEL];
    tile_of(x, rows, k, panel, whole, PANEL);
    for (size_t r = 0; r < (size_t)rows; r++)
        memcpy(y + r * stride, whole + r * PANEL, (size_t)outputs * sizeof(float));
}

// A panel stays in the first or second cache while all rows pass by it.
void dm_panels_multiply(const float *x, int rows, int k, const float *panels, int n, float *y, int stride)
{
    for (int j = 0; j < n; j += PANEL, panels += (size_t)PANEL * (size_t)k)
        for (int i = 0, high; i < rows; i += high) {
            high = dm_next_block(rows - i, ROWS);
            const float *from = x + (size_t)i * (size_t)k;
            float *to = y + (size_t)i * (size_t)stride + j;
            if (n - j >= PANEL)
                tile_of(from, high, k, panels, to, (size_t)stride);
            else
                narrow_tile(from, high, k, panels, to, (size_t)stride, n - j);
        }
}
