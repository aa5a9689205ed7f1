// The folder in which a text is prepared, OUTPUT.new, until it is whole and takes its name. A kill leaves it there,
// unlocked, and the next command of that output begins it anew.
#pragma once
#include "core/error.h"

extern const char *const dm_prepared_copies[2];  // names of texts in it that can be read only once

typedef struct PreparedDraft {
    char *output;
    char *path;  // NULL: there is none
    int lock;
} PreparedDraft;

// What stands under the name of the output is refused, or with `overwrite` all but a prepared text. The draft stays where
// it is until it is removed.
Status dm_prepared_draft_make(PreparedDraft *draft, const char *output, bool overwrite, Error *error);
Status dm_prepared_draft_install(PreparedDraft *draft, Error *error);
void dm_prepared_draft_remove(PreparedDraft *draft);  // what was not installed, and what was replaced
