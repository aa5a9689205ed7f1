// safetensors: u64 little-endian header length, JSON header, row-major data. Read strictly, written atomically.
#pragma once
#include <stdint.h>

#include "core/error.h"
#include "folder/dtypes.h"

typedef struct StoredTensor StoredTensor;
struct StoredTensor {
    char *name;
    Dtype dtype;
    int rank;
    int64_t shape[8];
    size_t elements;
    const unsigned char *bytes;  // into the file's memory; NULL: only the header was read
    const StoredTensor *scale;   // of I8: F32 [rows, 1], a factor for each row, NAME_scale in the file; else NULL
};

typedef struct SafeTensors {
    char *path;
    StoredTensor *list;
    int count;
    char *metadata;  // the __metadata__ object as JSON text, or NULL
    void *memory;    // the file, read, or its header
    size_t size;     // of the file
    bool header_only;
} SafeTensors;

// Checks everything the header says against itself and the file: length, offsets (no gap, no overlap, in range), dtype,
// sizes, names (no duplicate), and that every tensor of int8 has its scale. Every error names the file and the tensor.
Status dm_safetensors_open(SafeTensors *file, const char *path, Error *error);
// The header alone: tensors have no bytes. For who wants to know what there is before it makes room for it.
Status dm_safetensors_open_header(SafeTensors *file, const char *path, Error *error);
void dm_safetensors_close(SafeTensors *file);
const StoredTensor *dm_safetensors_find(const SafeTensors *file, const char *name);  // NULL: no such tensor
void dm_stored_to_float(const StoredTensor *tensor, float *out);  // [elements], converted to float32, scaled
size_t dm_stored_bytes(const StoredTensor *tensor);               // what it takes in the file, with its scale

// What to write.
typedef struct TensorToStore {
    const char *name;
    Dtype dtype;
    int rank;
    int64_t shape[2];
    const void *data;
} TensorToStore;

// In this order, the first one at a multiple of DM_DATA_ALIGNMENT, so that the file, once read, can be used as it is.
enum { DM_DATA_ALIGNMENT = 64 };
// metadata: JSON text of an object whose values are strings, or NULL ({"format": "pt"} is always added).
Status dm_safetensors_write(const char *path, const TensorToStore *tensors, int count, const char *metadata,
                            Error *error);
