// Outlines of a model for people: trees of {"text", "parts"} that dragoman info draws.
#pragma once
#include "core/cjson.h"

#include "model/config.h"

cJSON *dm_outline(const char *text);
void dm_outline_add(cJSON *outline, cJSON *part);  // takes the part over
// A list that begins with a line for each table of embeddings; `rest` stands behind it.
cJSON *dm_outline_of_embeddings(const ModelConfig *config, const char *rest);
cJSON *dm_outline_of_output(const ModelConfig *config);
