// The types of numbers that tensors of a safetensors file have.
#pragma once
#include <stddef.h>

#include "tensor/products/precision.h"

typedef enum Dtype { DM_DTYPE_F32, DM_DTYPE_F16, DM_DTYPE_BF16, DM_DTYPE_I8, DM_DTYPES } Dtype;

typedef struct DtypeRow {
    const char *name;  // in the file
    size_t size;       // of a number, in bytes
} DtypeRow;
extern const DtypeRow dm_dtypes[DM_DTYPES];

Dtype dm_dtype_of_precision(Precision precision);
Precision dm_precision_of_dtype(Dtype dtype);  // float32 for one that is no precision to compute in
// Numbers of one of the floating-point types, which lie at any address.
void dm_dtype_to_float(Dtype dtype, const unsigned char *from, size_t count, float *out);
