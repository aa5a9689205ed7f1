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
    DM_INIT_GATES,      // three matrices above one another, each by itself: +-sqrt(6 / (in + out / 3))
    DM_INIT_FOUR_GATES,  // the same of four
    DM_INIT_FORGET,     // four parts, the second 1 and the others 0: forget gates that start open (Gers et al. 2000)
    DM_INIT_GATED,      // normal, deviation sqrt(4 / in): of what a sigmoid halves (Gehring et al. 2017, section 3.5)
    DM_INIT_EMBEDDING,  // normal, deviation in^-0.5
    // DM_INIT_XAVIER over sqrt(residuals): of a product that is added to a stream, one of so many, which then does not
    // grow with the depth (Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.3)
    DM_INIT_RESIDUAL,
    DM_INIT_ROUTER,     // normal, variance 0.1 / in (Fedus et al. 2021, section 2.4): no expert is far from the others
} Init;

// They lie in this order.
typedef enum ParameterKind {
    DM_TRAINED,
    DM_STATISTIC,  // follows what the shards of an update see (tensor/running_statistics.h): no gradient, no moments
    DM_FIXED,      // no gradient, no step
    DM_BALANCED,  // no gradient: what training adds to the choice of experts, by the load of each (train/expert_loads.h)
} ParameterKind;

typedef struct Parameter {
    char name[96];
    Tensor tensor;  // data set once the buffer exists
    int rank;       // of its shape in the file: 1, [cols], or 2, [rows, cols]
    ParameterKind kind;
    bool full;      // stays in full precision where a folder holds matrices in fewer bits
    double idle;    // the share of the tokens that do not need it
    bool may_lack;  // a file without it means zeros
    bool absent;    // it is zeros, and stands in no file
    Init init;
    int residuals;      // of DM_INIT_RESIDUAL; 0 is 1
    int frozen_row;     // a row that is zero and stays zero (pad), or -1
    size_t offset;      // of its first float in the buffer
    const char *keys;   // of config.json, separated by spaces: those that give it its shape
    const char *depth;  // the key that says how many such layers there are; NULL: it is in none
} Parameter;

// Where the buffer lies, if it is there already.
typedef struct WeightBuffer {
    float *data;   // NULL: nowhere yet
    void *memory;  // that it lies in, freed with the parameters; NULL: it is somebody else's
} WeightBuffer;

typedef struct Parameters {
    Parameter *list;
    int count;
    float *data;
    size_t size;                          // floats in the buffer
    size_t trained_size, statistic_size;  // the first so many are trained, so many behind them are statistics
    WeightBuffer place;
    // of what is declared from here on:
    const char *keys, *depth;
    ParameterKind kind;
    int residuals;
    double idle;
    bool unbiased;  // linear layers have no biases
} Parameters;

// A name made of others, as printf makes it.
typedef struct Name {
    char text[160];
} Name;
Name dm_name(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Declaring: the architecture names its weights in order; a weight lies behind the last one of its kind, so neighbours
// make one larger matrix (q, k and v). Returns the index, which holds until the next declaration.
int dm_declare_matrix(Parameters *p, const char *name, int rows, int cols, Init init);
int dm_declare_vector(Parameters *p, const char *name, int cols, Init init);
// After the last declaration: the buffer, zeroed, unless it has a place, and every tensor's data.
void dm_parameters_allocate(Parameters *p);
void dm_parameters_initialise(Parameters *p, uint64_t seed);

const Parameter *dm_parameter(const Parameters *p, const char *name);          // NULL: no such name
size_t dm_parameter_size(const Parameter *parameter);                          // in floats
size_t dm_parameters_of_kind(const Parameters *p, ParameterKind kind);         // all of them, in floats
bool dm_parameter_is_finite(const Parameter *parameter, const float *buffer);  // its part of this buffer
// The parameter of this name, which must be there, and the ones behind it, `count` in all, as one tensor: stacked by
// rows (vectors: side by side).
Tensor dm_parameters_joined(const Parameters *p, const char *name, int count);
void dm_parameters_free(Parameters *p);
