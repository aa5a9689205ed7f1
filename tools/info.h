// What the two files of `dragoman info` share.
#pragma once
#include <cjson/cJSON.h>

// Draws what `dragoman info --json` prints, on standard output.
void info_draw(const cJSON *json);
