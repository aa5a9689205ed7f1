// A conversation with a model on a terminal.
#pragma once
#include "tools.h"

// Asks for lines with editing and history until an empty one, or Ctrl-D; writes each translation to output, its score
// and speed to standard error.
dm_status translate_conversation(dm_model *model, const dm_translate_options *options, FILE *output, dm_error *error);
