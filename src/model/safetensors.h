// safetensors: u64 little-endian header length, JSON header, row-major data. Read strictly, written atomically.
#pragma once
#include <stdint.h>

#include "core/error.h"

typedef enum Dtype { DM_F32, DM_F16, DM_BF16 } Dtype;

typedef struct StoredTensor {
    char *name;
    Dtype dtype;
    int rank;
    int64_t shape[8];
    size_t elements;
    const unsigned char *bytes;  // into the file's memory
} StoredTensor;

typedef struct SafeTensors {
    char *path;
    StoredTensor *list;
    int count;
    char *metadata;      // the __metadata__ object as JSON text, or NULL
    const void *mapped;  // the file, mapped read-only
    size_t size;
} SafeTensors;

// Checks everything the header says against itself and the file: length, offsets (no gap, no overlap, in range), dtype,
// sizes, names (no duplicate). Every error names the file and the tensor.
Status dm_safetensors_open(SafeTensors *file, const char *path, Error *error);
void dm_safetensors_close(SafeTensors *file);
const StoredTensor *dm_safetensors_find(const SafeTensors *file, const char *name);  // NULL: no such tensor
void dm_stored_to_float(const StoredTensor *tensor, float *out);                     // [elements], converted to float32

// What to write: float32 only.
typedef struct TensorToStore {
    const char *name;
    int rank;
    int64_t shape[2];
    const float *data;
} TensorToStore;

// metadata: JSON text of an object whose values are strings, or NULL ({"format": "pt"} is always added).
Status dm_safetensors_write(const char *path, const TensorToStore *tensors, int count, const char *metadata,
                            Error *error);
