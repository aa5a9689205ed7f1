// Precisions by name, and from float32 to fewer bits.
#include "tensor/products/precision.h"

#include "core/kernels.h"

static const char *const names[] = {
    [DM_PRECISION_FP32] = "fp32", [DM_PRECISION_BF16] = "bf16", [DM_PRECISION_INT8] = "int8"};

Precision dm_precision(const char *name)
{
    int precision = DM_PRECISION_INT8;
    while (precision && strcmp(names[precision], name) != 0) precision--;
    return (Precision)precision;
}

const char *dm_precision_name(Precision precision)
{
    return names[precision];
}

// max |x| / 127, rounded up to 17 bits: 7 bits times 17 are the 24 of a float32, so that integer * scale is exact, and
// 127 * scale / 127 is scale.
static float scale_of(float largest)
{
    uint32_t bits;
    largest /= 127;
    memcpy(&bits, &largest, sizeof bits);
    bits = (bits + 0x7F) & ~0x7Fu;
    memcpy(&largest, &bits, sizeof bits);
    return largest;
}

DM_INLINE float scale_of_row(const float *from, int n)
{
    float largest = 0;
#pragma omp simd reduction(max : largest)
    for (int i = 0; i < n; i++) largest = fabsf(from[i]) > largest ? fabsf(from[i]) : largest;
    return scale_of(largest);
}

// To the nearest integer, which is small.
DM_INLINE int32_t rounded(float x)
{
    const float shifted = x + 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer that lies in the low bits
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    return bits;
}

DM_CLONES
float dm_quantize_row(const float *restrict from, int8_t *restrict to, int n)
{
    const float scale = scale_of_row(from, n), inverse = scale > 0 ? 1 / scale : 0;
    for (int i = 0; i < n; i++) to[i] = (int8_t)rounded(from[i] * inverse);
    return scale;
}

DM_CLONES
float dm_quantize_row_16(const float *restrict from, int16_t *restrict to, int n)
{
    const float scale = scale_of_row(from, n), inverse = scale > 0 ? 1 / scale : 0;
    for (int i = 0; i < n; i++) to[i] = (int16_t)rounded(from[i] * inverse);
    return scale;
}

DM_CLONES
void dm_widen_row(const int32_t *sums, float scale, const float *restrict scales, const float *restrict bias, int n,
                  float *y)
{
    if (bias)
        for (int j = 0; j < n; j++) y[j] = (float)sums[j] * (scale * scales[j]) + bias[j];
    else
        for (int j = 0; j < n; j++) y[j] = (float)sums[j] * (scale * scales[j]);
}

DM_CLONES
void dm_round_bf16(const float *restrict from, Bf16 *restrict to, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = dm_bf16(from[i]);
}
