// The texts that options name.
#pragma once
#include "data/bitext.h"
#include "options/options.h"

// Whether two such options name text alone: one file, or one column of a file.
bool dm_is_text_alone(const dm_options *options, const char *sets, const char *tsv);
// The files of the text that one of them names; neither path nor tsv where none does.
BitextFiles dm_bitext_files_of_options(const dm_options *options, const char *sets, const char *tsv);
// The text that one of them names, if either does: files of both sides, or one of columns; or text alone.
Status dm_bitext_of_options(Bitext *text, const dm_options *options, const char *sets, const char *tsv, Error *error);
// Whether the texts of these options, ending with NULL, can be read; standard input may be named once.
Status dm_inputs_check(const dm_options *options, const char *const *names, Error *error);
