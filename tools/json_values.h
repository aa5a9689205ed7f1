// Values in JSON that others wrote: model folders, logs, what the library says of itself. What is missing is no error.
#pragma once
#include <cjson/cJSON.h>

#include "dragoman/dragoman.h"

const cJSON *json_find(const cJSON *object, const char *name);          // NULL: there is none, or this is no object
double json_number(const cJSON *object, const char *name);              // NAN: there is none
const char *json_string(const cJSON *object, const char *name);         // "": there is none
void json_copy_string(cJSON *to, const char *name, const cJSON *text);  // null, where it is no string
// An object, out of a file; where there is no such file, *json stays as it was. The caller deletes it.
dm_status json_read(cJSON **json, const char *path, dm_error *error);
