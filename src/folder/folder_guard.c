// The folder of a run: the lock, and a look at what lies there before anything is written.
#include "folder/folder_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/files.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/scope.h"
#include "folder/folder_files.h"

// The lock file, open and locked; -1: errno says why not. *held: open, but another process has it.
static int open_lock(const char *path, bool *held)
{
    for (;;) {
        const int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
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
        if (dm_is_named(file, AT_FDCWD, path)) return file;  // not one that its holder has removed
        close(file);
    }
}

static void let_go(void *lock)
{
    close(*(int *)lock);
    *(int *)lock = -1;
}

// What the lock file says of its holder, "4711 train": where the command begins that the process runs, or ran.
static const char *command_of(char *holder)
{
    holder[strcspn(holder, "\n")] = '\0';
    const size_t number = strspn(holder, "0123456789");
    return number && holder[number] == ' ' ? holder + number + 1 : "";
}

static Status say_held(int file, const char *folder, Error *error)
{
    char holder[64] = "";
    if (read(file, holder, sizeof holder - 1) < 0) *holder = '\0';
    const char *command = command_of(holder);
    if (!*command)
        return dm_fail(error, "%s: another process is at work there: wait for it, stop it, or give another folder",
                       folder);
    return dm_fail(error,
                   "%s: another process, number %.*s (dragoman %s), is at work there: wait for it, stop it, or give "
                   "another folder",
                   folder, (int)(command - 1 - holder), holder, command);
}

bool dm_folder_lock_names(const char *folder, const char *command)
{
    char *path = dm_folder_path(folder, DM_LOCK_FILE), holder[64] = "";
    const int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const bool names = file >= 0 && read(file, holder, sizeof holder - 1) > 0 && !strcmp(command_of(holder), command);
    if (file >= 0) close(file);
    dm_free(path);
    return names;
}

Status dm_folder_lock(int *lock, const char *folder, const char *command, Error *error)
{
    *lock = -1;
    Status status = dm_make_folder(folder, error);
    if (status) return status;
    char *path = dm_folder_path(folder, DM_LOCK_FILE);
    bool held;
    int file = open_lock(path, &held);
    if (file < 0) {
        status = dm_fail(error, "cannot lock %s: %s", path, strerror(errno));
    } else if (held) {
        status = say_held(file, folder, error);
        close(file);
    } else {
        if (ftruncate(file, 0) != 0 || dprintf(file, "%ld %s\n", (long)getpid(), command) < 0) {
            // Only for the sentence above; the lock holds without it.
        }
        *lock = file;
        dm_guard(let_go, lock);
        dm_folder_sweep(folder);
    }
    dm_free(path);
    return status;
}

void dm_folder_unlock(int *lock, const char *folder)
{
    if (*lock < 0) return;
    char *path = dm_folder_path(folder, DM_LOCK_FILE);
    unlink(path);
    dm_free(path);
    dm_unguard(lock);
    let_go(lock);
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
