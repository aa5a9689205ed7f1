// What no other program has: all of the shape stands in config.json.
#include "folder/formats/format.h"

const Format dm_own_format = {.model_type = "dragoman", .separate_vocabularies = true};
