// What labels are called, as config.json has it for transformers: "id2label", and "label2id" the other way.
#pragma once
#include "core/json.h"
#include "model/config.h"

// How many there are, and their names: each once and without blanks, which separate labels in a line.
void dm_label_names_read(ModelConfig *config, JsonFile *file);
void dm_label_names_write(cJSON *json, const ModelConfig *config);
