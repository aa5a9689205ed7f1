// What the three files of `dragoman info` share.
#pragma once
#include <cjson/cJSON.h>

// Draws what `dragoman info --json` prints, on standard output.
void info_draw(const cJSON *json);
void info_draw_prepared(const cJSON *json);  // the same of a prepared text
// Draws what dm_expert_uses says of a model.
void info_draw_experts(const cJSON *json);
