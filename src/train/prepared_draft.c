// The draft of a prepared text, from its lock to its name.
#include "train/prepared_draft.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files.h"
#include "core/memory.h"
#include "data/prepared.h"
#include "folder/folder_guard.h"
#include "text/segmenter.h"

#define COMMAND "prepare"  // as the lock says it

const char *const dm_prepared_copies[2] = {"text-source", "text-target"};

static void remove_copies(const char *folder)
{
    for (int side = 0; side < 2; side++) {
        char *path = dm_join_path(folder, dm_prepared_copies[side]);
        unlink(path);
        dm_free(path);
    }
}

// What killed writers have left.
static void remove_temporaries(const char *folder)
{
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing));)
        if (dm_temporary_stem(entry->d_name)) unlinkat(dirfd(listing), entry->d_name, 0);
    if (listing) closedir(listing);
}

static void clear(const char *folder)
{
    dm_prepared_clear(folder);
    dm_segmenter_remove(folder);
    remove_copies(folder);
    remove_temporaries(folder);
}

static bool is_empty(const char *folder)
{
    DIR *listing = opendir(folder);
    int entries = 0;
    while (listing && readdir(listing)) entries++;
    if (listing) closedir(listing);
    return entries == 2;  // itself and the one above
}

// No other folder can take the place of "." and "..", nor of one that something is mounted on.
static bool is_fixed(const char *folder)
{
    const char *last = strrchr(folder, '/');
    last = last ? last + 1 : folder;
    char *above = dm_format("%s/..", folder);
    struct stat self, parent;
    const bool there = stat(folder, &self) == 0 && stat(above, &parent) == 0;
    dm_free(above);
    return strcmp(last, ".") == 0 || strcmp(last, "..") == 0 ||
           (there && (self.st_dev != parent.st_dev || self.st_ino == parent.st_ino));
}

static Status check_output(const char *output, bool overwrite, Error *error)
{
    bool there;
    char link;
    Status status = dm_look_for(&there, output, error);
    if (readlink(output, &link, 1) > 0)
        return dm_fail(error, "%s is a link: give the folder that it leads to, whose name the text gets", output);
    if (!status && is_fixed(output))
        return dm_fail(error,
                       "%s cannot be replaced by the folder in which the text is prepared, for it is \".\" or something "
                       "is mounted on it: give the name of a folder",
                       output);
    if (status || !there || (dm_is_folder(output) && is_empty(output))) return status;
    if (!dm_is_prepared(output))
        return dm_fail(error, "%s is there already, and is no prepared text: give another --output", output);
    if (overwrite) return DM_OK;
    return dm_fail(error, "%s holds a prepared text already: give another --output, or --overwrite to replace it",
                   output);
}

// Whose folder of this name is that? Ours is empty, or a kill has left it with the lock of a prepare.
static Status check_draft(const char *path, Error *error)
{
    bool there;
    Status status = dm_look_for(&there, path, error);
    if (status || !there || !dm_is_folder(path) || is_empty(path) || dm_folder_lock_names(path, COMMAND)) return status;
    return dm_fail(error,
                   "%s is there already, where the text is prepared before it gets its name, and no dragoman prepare "
                   "has left it: move it away, or give another --output",
                   path);
}

Status dm_prepared_draft_make(PreparedDraft *draft, const char *output, bool overwrite, Error *error)
{
    size_t length = strlen(output);
    while (length > 1 && output[length - 1] == '/') length--;
    char *name = dm_format("%.*s", (int)length, output), *path = dm_format("%s.new", name);
    *draft = (PreparedDraft){.lock = -1};
    Status status = check_output(name, overwrite, error);
    if (!status) status = check_draft(path, error);
    if (!status) status = dm_folder_lock(&draft->lock, path, COMMAND, error);
    if (status) {
        dm_free(path);
        dm_free(name);
        return status;
    }
    draft->output = name;
    draft->path = path;
    clear(path);
    return DM_OK;
}

static void sync_folder_of(const char *path)
{
    char *above = dm_format("%s/..", path);
    dm_sync_folder(above);
    dm_free(above);
}

// Where there is an output it becomes the draft in the same moment, and is removed as one; file systems that cannot do
// that lose it before.
Status dm_prepared_draft_install(PreparedDraft *draft, Error *error)
{
    remove_copies(draft->path);
    dm_sync_folder(draft->path);
    bool moved = false;
    if (dm_is_prepared(draft->output)) {
        moved = renameat2(AT_FDCWD, draft->path, AT_FDCWD, draft->output, RENAME_EXCHANGE) == 0;
        if (!moved) clear(draft->output);
    }
    if (!moved && rename(draft->path, draft->output) != 0)
        return dm_fail(error, "cannot move %s to %s: %s", draft->path, draft->output, strerror(errno));
    sync_folder_of(draft->output);
    dm_folder_unlock(&draft->lock, draft->output);
    return DM_OK;
}

void dm_prepared_draft_remove(PreparedDraft *draft)
{
    if (!draft->path) return;
    clear(draft->path);
    dm_folder_unlock(&draft->lock, draft->path);
    rmdir(draft->path);
    dm_free(draft->path);
    dm_free(draft->output);
    *draft = (PreparedDraft){.lock = -1};
}
