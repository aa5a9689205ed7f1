// Parameters: every weight is a named view into one buffer. Gradients, Adam moments and averages are parallel buffers
// of the same layout. Names are those of the tensors in model.safetensors.
#pragma once
#include <stdint.h>

#include "tensor/tensor.h"

typedef enum Init {
    DM_INIT_ZERO,
    DM_INIT_ONE,
    DM_INIT_XAVIER,     // uniform +-sqrt(6 / (in + out)) (Glorot and Bengio 2010)
    DM_INIT_ATTENTION,  // the same as if q, k and v were one matrix: +-sqrt(6 / (in + 3 out)); it converges sooner
    DM_INIT_EMBEDDING,  // normal, deviation width^-0.5
} Init;

typedef struct Parameter {
    char name[96];
    Tensor tensor;  // data set once the buffer exists
    bool vector;    // its shape in the file is [cols] rather than [rows, cols]
    bool trained;
    Init init;
    int frozen_row;  // a row that is zero and stays zero (pad), or -1
    size_t offset;   // of its first float in the buffer
} Parameter;

// A file in memory, privately: what is written there stays in memory. Pages that are only read are the file's own.
typedef struct Mapping {
    void *file;  // NULL: none
    size_t size;
    float *data;  // where the buffer begins in it
} Mapping;

typedef struct Parameters {
    Parameter *list;
    int count;
    float *data;
    size_t size;          // floats in the buffer
    size_t trained_size;  // the first so many are trained; the rest (biases of the logits) are not
    Mapping mapping;      // that the buffer lies in, if any
} Parameters;

// Declaring: the architecture names its weights in order, trained ones first; a weight begins where the last one ended,
// so neighbours make one larger matrix (q, k and v). Returns the index.
int dm_declare_matrix(Parameters *p, const char *name, int rows, int cols, Init init);
int dm_declare_vector(Parameters *p, const char *name, int cols, Init init);
// After the last declaration: the buffer, zeroed, unless it is mapped, and every tensor's data.
void dm_parameters_allocate(Parameters *p);
void dm_parameters_initialise(Parameters *p, uint64_t seed);

const Parameter *dm_parameter(const Parameters *p, const char *name);  // NULL: no such name
// One tensor over `count` neighbours from `first` on, stacked by rows (vectors: side by side).
Tensor dm_joined(const Parameters *p, int first, int count);
void dm_parameters_free(Parameters *p);
