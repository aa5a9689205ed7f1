// Matrices in fewer bits, and a model that is stored so.
#pragma once
#include "model/model.h"

// How the folder of a model holds its matrices, as --precision calls it: "fp32", "bf16" or "int8".
const char *dm_stored_precision(const Model *model);
Dtype dm_dtype_of_precision(const char *precision);

// A row of a matrix in 8 bits: row[j] is about to[j] * scale, to[j] from -127 to 127. Returns the scale, 0 for a row of
// zeros. What to[j] * scale comes to is exact in float32, and gives the same numbers and scale again.
float dm_quantize_row(const float *row, int count, int8_t *to);

// The weights of a model into a file: the matrices as this type, biases and norms in float32. DM_DTYPE_BF16 or
// DM_DTYPE_I8.
Status dm_weights_quantize(const Model *model, Dtype dtype, const char *path, Error *error);
