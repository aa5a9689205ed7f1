// Positions among the weights of a folder. Where a format leaves it open what they are, the tensors decide, as they do
// for transformers, which takes its table from the file where there is one: a table that is not the sinusoids that are
// computed here is one of learned positions, and has as many places as rows.
#pragma once
#include "folder/safetensors.h"
#include "model/model.h"

extern const char *const dm_position_tensors[3];  // of encoder and decoder; ends with NULL

// Whether config.json leaves it open: the model then has sinusoids, unless a table says otherwise.
bool dm_positions_are_open(const ModelConfig *config);
// Whether a table of this model is the sinusoids; a reduced precision is forgiven.
bool dm_are_sinusoids(const StoredTensor *stored, const ModelConfig *config);
// What the weights say of it goes into the configuration: of an open file, and of that of a folder, if it has one.
Status dm_positions_settle(ModelConfig *config, const SafeTensors *file, Error *error);
Status dm_positions_settle_in(ModelConfig *config, const char *folder, Error *error);
