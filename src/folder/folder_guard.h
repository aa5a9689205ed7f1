// The folder of a run: who may use it, and what may be done with what lies there.
#pragma once
#include "core/error.h"

typedef enum FolderContent {
    DM_FOLDER_FREE,   // no model: a run may begin here
    DM_FOLDER_BEGUN,  // a run with a checkpoint: it goes on
} FolderContent;

// Makes the folder if need be and locks it; *lock is a file descriptor. `command` is what others are told of whoever
// holds it. The lock ends with the process, however it ends; the file that it is on, train.lock, may then stay behind
// and locks nothing. What the last holder left half written, where it was killed, is removed.
// *lock stays where it is until it is given back: it is guarded (core/scope.h).
Status dm_folder_lock(int *lock, const char *folder, const char *command, Error *error);
// Is there a lock file, held or left behind by a kill, whose process has run this command?
bool dm_folder_lock_names(const char *folder, const char *command);
// Gives the lock back and removes its file: there is one while somebody writes in the folder.
void dm_folder_unlock(int *lock, const char *folder);  // -1: there is none
// A model that somebody else made is neither trained on nor removed.
Status dm_folder_check_ours(const char *folder, Error *error);
// What is there. A model of somebody else's, or one without the state of its training, is refused.
Status dm_folder_inspect(FolderContent *content, const char *folder, Error *error);
