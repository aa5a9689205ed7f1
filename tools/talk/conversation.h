// A conversation with a model on a terminal.
#pragma once
#include "tools.h"

// Opens the models, and asks for lines with editing and history until Ctrl-D or :quit; a line that begins with
// a colon is a command (:help). Writes each translation, or of models of text alone each line with what it goes on with,
// to output, everything else to the screen.
dm_status hold_conversation(const dm_options *options, FILE *output, dm_error *error);
