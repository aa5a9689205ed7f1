// The folder of a run: the lock, and a look at what lies there before anything is written.
#include "folder/folder_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files.h"
#include "core/json.h"
#include "core/memory.h"
#include "folder/folder_files.h"

// Is the open file still the one of that name? Whoever held it before may have removed it (dm_folder_unlock).
static bool is_named(int file, const char *path)
{
    struct stat held, named;
    return fstat(file, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
           held.st_dev == named.st_dev;
}

// The lock file, open and locked; -1: errno says why not. *held: open, but another process has it.
static int open_lock(const char *path, bool *held)
{
    for (;;) {
        const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        *held = false;
        if (file < 0) return file;
        if (flock(file, LOCK_EX | LOCK_NB) != 0) {
            const int reason = errno;
            *held = reason == EWOULDBLOCK;
            if (*held) return file;
            close(file);
            errno = reason;
            return -1;
        }
        if (is_named(file, path)) return file;
        close(file);
    }
}

Status dm_folder_lock(int *lock, const char *folder, Error *error)
{
    *lock = -1;
    Status status = dm_make_folder(folder, error);
    if (status) return status;
    char *path = dm_folder_path(folder, DM_LOCK_FILE), holder[32] = "";
    bool held;
    int file = open_lock(path, &held);
    if (file < 0) {
        status = dm_fail(error, "cannot lock %s: %s", path, strerror(errno));
    } else if (held) {
        if (read(file, holder, sizeof holder - 1) > 0) holder[strcspn(holder, "\n")] = '\0';
        close(file);
        status =
            dm_fail(error, "%s: another process%s%s is at work there: wait for it, stop it, or give another --model",
                    folder, *holder ? ", number " : "", holder);
    } else {
        int length = snprintf(holder, sizeof holder, "%ld\n", (long)getpid());
        if (ftruncate(file, 0) != 0 || write(file, holder, (size_t)length) < 0) {
            // Only for the sentence above; the lock holds without it.
        }
        *lock = file;
        dm_folder_sweep(folder);
    }
    dm_free(path);
    return status;
}

void dm_folder_unlock(int lock, const char *folder)
{
    char *path = dm_folder_path(folder, DM_LOCK_FILE);
    unlink(path);
    close(lock);
    dm_free(path);
}

// Is there a part of ours in config.json? A file that cannot be read counts as somebody else's.
static bool is_ours(const char *config)
{
    JsonFile file;
    dm_json_open(&file, config, NULL);
    bool ours = cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(dm_json_find(&file, "dragoman"), "training"));
    dm_json_close(&file);
    return ours;
}

Status dm_folder_check_ours(const char *folder, Error *error)
{
    char *config = dm_folder_path(folder, DM_CONFIG_FILE);
    Status status = DM_OK;
    if (dm_exists(config) && !is_ours(config))
        status = dm_fail(error,
                         "%s holds a model that was not trained here (config.json has no \"dragoman\" with a "
                         "\"training\"): give another --model; to start from this one, add --pretrained-model %s",
                         folder, folder);
    dm_free(config);
    return status;
}

Status dm_folder_inspect(FolderContent *content, const char *folder, Error *error)
{
    Status status = dm_folder_check_ours(folder, error);
    *content = dm_folder_has(folder, DM_TRAINING_FILE) ? DM_FOLDER_BEGUN : DM_FOLDER_FREE;
    if (!status && *content == DM_FOLDER_FREE && dm_folder_has_weights(folder))
        status =
            dm_fail(error,
                    "%s holds a model, but not the state of its training (training.safetensors): give another "
                    "--model, start from this one in another folder with --pretrained-model %s, or replace it with "
                    "--overwrite",
                    folder, folder);
    return status;
}
