// Parts of a model by the names of its parameters, whatever its architecture: what dragoman info counts, and the layers
// whose gradients a run tells apart.
#pragma once
#include "tensor/parameters.h"

typedef enum Part { DM_EMBEDDINGS, DM_ENCODER, DM_DECODER, DM_AHEAD, DM_OUTPUT, DM_PARTS } Part;

const char *dm_part_name(Part part);
Part dm_part_of(const Parameter *parameter);
// "encoder.0", of what lies in a layer; "encoder", "embeddings" and so on of what lies in none.
Name dm_layer_of(const Parameter *parameter);
