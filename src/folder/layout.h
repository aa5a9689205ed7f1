// What a file of weights holds for the parameters of a model: a tensor for each, or for several that are neighbours, under
// the names and in the layouts of the format that its folder has.
#pragma once
#include "folder/formats/format.h"
#include "folder/safetensors.h"

typedef struct LaidOut {
    Name name;
    const char *added;  // a tensor that each row has something from, and which is written as zeros; NULL: none
    int first, count;  // parameters
    bool transposed;
    int rank;
    int64_t shape[2];
} LaidOut;

typedef struct Layout {
    const Format *format;
    LaidOut *list;
    int count;
    bool whole;  // all parameters stand in it
} Layout;

Layout dm_layout_of(const ModelConfig *config, const Parameters *parameters);
void dm_layout_free(Layout *layout);
bool dm_layout_has(const ModelConfig *config, const Parameter *parameter);  // else it stands in no file: it is zeros

// From a file to its place in a buffer of the parameters, and from there to a file. *memory: behind what is to be
// stored, where it does not lie in the buffer so; the caller frees it.
void dm_laid_out_read(const LaidOut *tensor, const Parameters *parameters, const StoredTensor *stored, float *data);
TensorToStore dm_laid_out_to_store(const LaidOut *tensor, const Parameters *parameters, const float *data,
                                   float **memory);

// The first row of `stored` to each row of a tensor in its place in the buffer.
void dm_laid_out_add(const LaidOut *tensor, const Parameters *parameters, const StoredTensor *stored, float *data);
// What is written for all that is added, [layout->count] at most; returns how many. *memory: as above.
int dm_layout_added(const Layout *layout, TensorToStore *tensors, float **memory);
