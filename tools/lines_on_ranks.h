// Lines that several ranks translate, or go on with.
#pragma once
#include "chunks.h"

// All of the input: rank 0 has it, and the output.
dm_status translate_on_ranks(Job *job, Input *input, dm_exchange *exchange, dm_error *error);
