// Matrices in fewer bits, and a model that is stored so.
#pragma once
#include "folder/safetensors.h"
#include "model/model.h"

// The weights of a model into a file: the matrices as this type, biases and norms in float32. DM_DTYPE_BF16 or
// DM_DTYPE_I8.
Status dm_weights_quantize(const Model *model, Dtype dtype, const char *path, Error *error);
