// The keys of generation_config.json that say how a model is searched, and what they mean here.
#pragma once
#include "core/json.h"
#include "model/config.h"

// file: generation_config.json, or config.json of a folder that has none: transformers, too, looks into one alone. The
// vocabularies and ids of the configuration are known. A value that would make transformers' text another than ours is
// a complaint.
void dm_search_read(ModelConfig *config, JsonFile *file);
// news: lengths are those of what is new, which of a decoder alone is not all.
void dm_search_write(cJSON *json, const ModelConfig *config, bool news);
