// The types of numbers that tensors of a safetensors file have.
#include "folder/dtypes.h"

#include <stdint.h>
#include <string.h>

const DtypeRow dm_dtypes[DM_DTYPES] = {
    [DM_DTYPE_F32] = {"F32", 4}, [DM_DTYPE_F16] = {"F16", 2}, [DM_DTYPE_BF16] = {"BF16", 2}, [DM_DTYPE_I8] = {"I8", 1}};

static const Dtype of_precision[] = {
    [DM_PRECISION_FP32] = DM_DTYPE_F32, [DM_PRECISION_BF16] = DM_DTYPE_BF16, [DM_PRECISION_INT8] = DM_DTYPE_I8};

Dtype dm_dtype_of_precision(Precision precision)
{
    return of_precision[precision];
}

Precision dm_precision_of_dtype(Dtype dtype)
{
    int precision = DM_PRECISION_INT8;
    while (precision && of_precision[precision] != dtype) precision--;
    return (Precision)precision;
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// IEEE 754 binary16: 1 bit sign, 5 exponent, 10 fraction.
static float half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 31) return from_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent == 0) return (sign ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
    return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

// Copied, not cast: they may lie anywhere.
void dm_dtype_to_float(Dtype dtype, const unsigned char *from, size_t count, float *out)
{
    if (dtype == DM_DTYPE_F32) {
        memcpy(out, from, count * sizeof *out);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint16_t bits;
        memcpy(&bits, from + 2 * i, sizeof bits);
        out[i] = dtype == DM_DTYPE_F16 ? half_to_float(bits) : from_bits((uint32_t)bits << 16);
    }
}
