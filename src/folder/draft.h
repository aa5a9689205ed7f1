// The draft of a run: train.new in the model folder, in which a run that begins makes its files. They take the place of
// what the run before has left when all of them are there, the first checkpoint among them; until then that run stands
// as it was. A kill at any moment leaves the one or the other, which dm_draft_settle sees to. Under the folder's lock.
#pragma once
#include <stdbool.h>

#include "core/error.h"

// Writes come in any order, but config.json comes last: with it, the draft is whole.
Status dm_draft_make(char **draft, const char *folder, Error *error);  // its path; the caller frees it
Status dm_draft_install(const char *folder, Error *error);             // the draft is whole
void dm_draft_remove(const char *folder);                              // nothing happens where there is none
// What a kill has left of a draft: installed if it is whole (*installed), else removed.
Status dm_draft_settle(bool *installed, const char *folder, Error *error);
