// What the weights of a folder say of the shape, where config.json leaves it open or says too much: what positions are
// (folder/stored_positions.h), and whether there are the heads that it speaks of. transformers saves a model without those
// that it drafts by, and still writes down how many there were.
#pragma once
#include "folder/safetensors.h"
#include "model/model.h"

// Of an open file, and of that of a folder, if it has one.
Status dm_stored_shape_settle(ModelConfig *config, const SafeTensors *file, Error *error);
Status dm_stored_shape_settle_in(ModelConfig *config, const char *folder, Error *error);
