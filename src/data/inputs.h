// The texts that options name.
#pragma once
#include "data/bitext.h"
#include "options/options.h"

// The text that one of two options names, if either does: files of both sides, or one of columns.
Status dm_bitext_of_options(Bitext *text, const dm_options *options, const char *sets, const char *tsv, Error *error);
// Whether the texts of these options, ending with NULL, can be read; standard input may be named once.
Status dm_inputs_check(const dm_options *options, const char *const *names, Error *error);
