// The mean of several checkpoints.
#pragma once
#include "model/model.h"

// The mean of the weights in these files, summed in double in their order. weights: [parameters.size]
Status dm_weights_average(const Model *model, char *const *paths, int count, float *weights, Error *error);
