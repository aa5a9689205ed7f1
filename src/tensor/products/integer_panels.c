// A panel holds 16 outputs of a weight: for each pair of inputs, those of the first output, of the second, and so on.
// One instruction (pmaddwd) multiplies the pairs of eight outputs by a pair of x, in 16 bits, and adds the two products
// of each in 32. As in panels.c, a tile of six rows by two vectors fills the registers.
#include "tensor/products/integer_panels.h"

#include <string.h>

#include "core/kernels.h"
#include "tensor/products/precision.h"

enum { PANEL = 16, ROWS = 6 };

size_t dm_integer_panels_size(int n, int k)
{
    const size_t panels = (size_t)(n + PANEL - 1) / PANEL;
    return panels * PANEL * (size_t)dm_integer_panels_width(k);
}

void dm_integer_panels_pack(int n, int k, const int8_t *weight, int8_t *panels)
{
    memset(panels, 0, dm_integer_panels_size(n, k));
    for (int i = 0; i < n; i++) {
        int8_t *to = panels + (size_t)(i / PANEL) * PANEL * (size_t)dm_integer_panels_width(k) + 2 * (i % PANEL);
        for (int l = 0; l < k; l++) to[(size_t)(l / 2) * 2 * PANEL + l % 2] = weight[(size_t)i * (size_t)k + (size_t)l];
    }
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define AVX2        __attribute__((target("avx2,fma")))
#define INLINE_AVX2 AVX2 static inline __attribute__((always_inline))

bool dm_integer_panels_possible(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

INLINE_AVX2 __m256i pair_of(const int16_t *x)
{
    int32_t pair;
    memcpy(&pair, x, sizeof pair);
    return _mm256_set1_epi32(pair);
}

INLINE_AVX2 __m256i widened(const int8_t *eight_pairs)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)eight_pairs));
}

// `rows` is a constant where this is inlined.
INLINE_AVX2 void tile(const int16_t *x, int rows, int pairs, const int8_t *panel, int32_t sums[ROWS][PANEL])
{
    const size_t apart = 2 * (size_t)pairs;
    const int16_t *x3 = x + 3 * apart;  // two bases: fewer addresses to keep
    __m256i sum[ROWS][2];
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
#pragma GCC unroll 2
    for (int p = 0; p < pairs; p++, x += 2, x3 += 2, panel += 2 * PANEL) {
        const __m256i first = widened(panel), second = widened(panel + PANEL);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            const __m256i pair = pair_of(r < 3 ? x + (size_t)r * apart : x3 + (size_t)(r - 3) * apart);
            sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(pair, first));
            sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(pair, second));
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        _mm256_storeu_si256((__m256i *)sums[r], sum[r][0]);
        _mm256_storeu_si256((__m256i *)(sums[r] + PANEL / 2), sum[r][1]);
    }
}

AVX2 static void tile_of(const int16_t *x, int rows, int pairs, const int8_t *panel, int32_t sums[ROWS][PANEL])
{
    switch (rows) {
    case 1: tile(x, 1, pairs, panel, sums); break;
    case 2: tile(x, 2, pairs, panel, sums); break;
    case 3: tile(x, 3, pairs, panel, sums); break;
    case 4: tile(x, 4, pairs, panel, sums); break;
    case 5: tile(x, 5, pairs, panel, sums); break;
    default: tile(x, ROWS, pairs, panel, sums); break;
    }
}

// A panel stays in the first or second cache while all rows pass by it.
void dm_integer_panels_multiply(const IntegerPanels *weight, const int16_t *x, const float *x_scales, int rows,
                                const float *bias, float *y, int stride)
{
    const int width = dm_integer_panels_width(weight->k), n = weight->n;
    const int8_t *panel = weight->panels;
    for (int j = 0; j < n; j += PANEL, panel += (size_t)PANEL * (size_t)width) {
        const int outputs = n - j < PANEL ? n - j : PANEL;  // of the last panel maybe fewer
        for (int i = 0, high; i < rows; i += high) {
            int32_t sums[ROWS][PANEL];
            high = dm_next_block(rows - i, ROWS);
            tile_of(x + (size_t)i * (size_t)width, high, width / 2, panel, sums);
            for (int r = 0; r < high; r++)
                dm_widen_row(sums[r], x_scales[i + r], weight->scales + j, bias ? bias + j : NULL, outputs,
                             y + (size_t)(i + r) * (size_t)stride + j);
        }
    }
}
#else
bool dm_integer_panels_possible(void)
{
    return false;
}

void dm_integer_panels_multiply(const IntegerPanels *weight, const int16_t *x, const float *x_scales, int rows,
                                const float *bias, float *y, int stride)
{
    (void)weight, (void)x, (void)x_scales, (void)rows, (void)bias, (void)y, (void)stride;
}
#endif
