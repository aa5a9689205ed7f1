// The draft of a run, and how it takes the place of the run before. config.json is written last into the draft and
// moved last out of it: a draft that has it is whole. training.safetensors is moved first: while the draft has it, what
// lies in the folder is the run before, and after that it is the new one. So each step can be done again after a kill,
// and after a power cut, for a step is on the disk before the next one begins.
#include "folder/draft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/memory.h"
#include "folder/folder_files.h"

static char *draft_of(const char *folder)
{
    return dm_folder_path(folder, DM_DRAFT_FOLDER);
}

void dm_draft_remove(const char *folder)
{
    char *draft = draft_of(folder);
    dm_folder_clear(draft);
    rmdir(draft);
    dm_free(draft);
}

Status dm_draft_make(char **draft, const char *folder, Error *error)
{
    dm_draft_remove(folder);
    *draft = draft_of(folder);
    return dm_make_folder(*draft, error);
}

static Status move_file(const char *draft, const char *folder, FolderFile file, Error *error)
{
    if (!dm_folder_has(draft, file)) return DM_OK;
    char *from = dm_folder_path(draft, file), *to = dm_folder_path(folder, file);
    Status status = DM_OK;
    if (rename(from, to) != 0) status = dm_fail(error, "cannot move %s to %s: %s", from, to, strerror(errno));
    dm_free(from);
    dm_free(to);
    return status;
}

// What was done in either is on the disk: a file that was moved stands in one of them, never in none.
static void sync_both(const char *folder, const char *draft)
{
    dm_sync_folder(folder);
    dm_sync_folder(draft);
}

Status dm_draft_install(const char *folder, Error *error)
{
    char *draft = draft_of(folder);
    sync_both(folder, draft);
    if (dm_folder_has(draft, DM_TRAINING_FILE)) {
        dm_folder_clear(folder);
        dm_sync_folder(folder);
    }
    Status status = move_file(draft, folder, DM_TRAINING_FILE, error);
    sync_both(folder, draft);
    for (int file = 0; file < DM_FOLDER_FILES && !status; file++)
        if (dm_folder_rows[file].of_run && file != DM_CONFIG_FILE)
            status = move_file(draft, folder, (FolderFile)file, error);
    sync_both(folder, draft);
    if (!status) status = move_file(draft, folder, DM_CONFIG_FILE, error);
    sync_both(folder, draft);
    if (!status) rmdir(draft);
    dm_free(draft);
    return status;
}

Status dm_draft_settle(bool *installed, const char *folder, Error *error)
{
    char *draft = draft_of(folder);
    *installed = dm_folder_has(draft, DM_CONFIG_FILE);
    dm_free(draft);
    if (*installed) return dm_draft_install(folder, error);
    dm_draft_remove(folder);
    return DM_OK;
}
