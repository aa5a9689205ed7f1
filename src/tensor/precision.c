// Precisions by name, and from float32 to fewer bits.
#include "tensor/precision.h"

#include "tensor/kernels.h"

Precision dm_precision(const char *name)
{
    return strcmp(name, "bf16") == 0 ? DM_PRECISION_BF16 : DM_PRECISION_FP32;
}

DM_CLONES
void dm_round_bf16(const float *restrict from, Bf16 *restrict to, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = dm_bf16(from[i]);
}
