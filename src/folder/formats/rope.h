// What Llama and those after it say of rotary positions in config.json.
#pragma once
#include "core/json.h"
#include "model/model.h"

// Their base to where it is read, "rope_theta". Angles that are scaled are a complaint, and columns of a head that do not
// turn; share: of those that turn, where nothing is said.
void dm_rope_read(JsonFile *file, double share);
void dm_rope_write(cJSON *json);  // what "rope_theta" says, in the words of later versions, too
// A complaint where heads are not as wide as all of them together are by the width.
void dm_head_width_check(JsonFile *file);
