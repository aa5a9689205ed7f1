// The model folder, ours and other people's. config.json, generation_config.json and
// model.safetensors are read and written here; which files there are says folder_files.h.
#pragma once
#include "core/cjson.h"

#include "folder/safetensors.h"
#include "model/model.h"
#include "text/segmenter.h"

// Reads config.json (and generation_config.json where there is one) strictly: a missing key, a wrong type, a value that
// makes no sense is named with the file. *extra (may be NULL): our part, the object "dragoman", or NULL where there is
// none; the caller deletes it.
Status dm_config_read(ModelConfig *config, cJSON **extra, const char *folder, Error *error);
// Writes both files for a model of ours. extra: our part, kept by the caller.
Status dm_config_write(const ModelConfig *config, const cJSON *extra, const char *folder, Error *error);
// Puts an entry into our part of a config.json that is there, and leaves all else in it as it is. Takes the value over.
Status dm_config_store(const char *folder, const char *key, cJSON *value, Error *error);

// A row of the shape into an object, under its key.
void dm_shape_json(cJSON *json, const ModelConfig *config, const ShapeRow *row);

// config.json and model.safetensors -> a model. Every missing, extra or misshapen tensor is named; tied copies
// (lm_head.weight and the like) are accepted where they agree with what they are tied to. *extra as above.
Status dm_model_read(Model **model, cJSON **extra, const char *folder, Error *error);

// The bytes that each parameter of a model takes in a file, which is checked as above: bytes [parameters.count], and
// how its matrices are stored: model->stored. The parameters need no memory.
Status dm_weights_measure(Model *model, size_t *bytes, const char *path, Error *error);

// The weights of a model to or from any safetensors file: names and shapes as in model.safetensors. data: a buffer laid
// out as model->parameters.data (an average, say), or NULL for the model's own.
Status dm_weights_write(const Model *model, const float *data, const char *path, Error *error);
Status dm_weights_read(const Model *model, float *data, const char *path, Error *error);

// Opens the segmenter of the model in `folder`, and checks that its vocabularies have the model's sizes. extra: our
// part of config.json, or NULL. On failure *segmenter may be open all the same: the caller closes it.
Status dm_segmenter_of(Segmenter **segmenter, const ModelConfig *config, const cJSON *extra, const char *folder,
                       Error *error);
// tokenizer.json and tokenizer_config.json, where the format of the model has its texts cut by these.
Status dm_tokenizer_write(const ModelConfig *config, const Segmenter *segmenter, const char *folder, Error *error);
