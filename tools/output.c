// The output of a command: what it must not be, and how it takes the place of an old file.
#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- What it must not be --------------------------------------------------------------------------------------------

// Regular files only: a terminal or /dev/null may be read and written at once.
static bool find_file(const char *path, int standard, struct stat *info)
{
    return (strcmp(path, "-") == 0 ? fstat(standard, info) : stat(path, info)) == 0 && S_ISREG(info->st_mode);
}

dm_status output_spare_file(const char *path, const char *read, dm_error *error)
{
    struct stat out, in;
    if (!read || !find_file(path, STDOUT_FILENO, &out) || !find_file(read, STDIN_FILENO, &in)) return DM_OK;
    if (out.st_dev != in.st_dev || out.st_ino != in.st_ino) return DM_OK;
    return failure(error, "%s and %s are the same file, which would be lost: give another output",
                   strcmp(read, "-") == 0 ? "standard input" : read, strcmp(path, "-") == 0 ? "standard output" : path);
}

dm_status output_spare_models(const char *path, const dm_options *options, dm_error *error)
{
    if (strcmp(path, "-") == 0) path = "/dev/stdout";
    for (int i = 0; i < dm_options_count(options, "model"); i++) {
        const char *folder = dm_options_text(options, "model", i);
        if (dm_model_has_file(folder, path))
            return failure(error, "%s is a file of the model in %s, which would be lost: give another output", path,
                           folder);
    }
    return DM_OK;
}

// ---- An old file ----------------------------------------------------------------------------------------------------

// The file beside, while there is one. Set before the handlers, and never freed while they may look at it.
static char *volatile unfinished;

void output_abandon(void)
{
    if (unfinished) unlink(unfinished);
}

static void on_end(int number)
{
    sigset_t one;
    output_abandon();
    sigemptyset(&one);
    sigaddset(&one, number);
    signal(number, SIG_DFL);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
}

static void watch_signals(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ, SIGXCPU};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct sigaction now;
        sigaction(ends[i], NULL, &now);
        if (now.sa_handler == SIG_DFL) handle_signal(ends[i], on_end, SA_RESTART);
    }
}

// NAME.PROCESS-NUMBER.tmp
static bool is_beside(const char *entry, const char *name)
{
    const size_t length = strlen(name);
    int end = 0;
    if (strncmp(entry, name, length) != 0) return false;
    sscanf(entry + length, ".%*u-%*u.tmp%n", &end);
    return end && !entry[length + (size_t)end];
}

static bool is_named(int file, int folder, const char *name)
{
    struct stat held, named;
    return fstat(file, &held) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

// Removes what killed commands have left beside the same file. Who lives holds the lock of its file, as the library's
// writers do (core/files.c).
static void remove_abandoned(const char *path)
{
    const char *name = strrchr(path, '/') + 1;  // a path of realpath has one
    char *folder = format_text("%.*s", (int)(name - path), path);
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        if (!is_beside(entry->d_name, name)) continue;
        const int file = openat(dirfd(listing), entry->d_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (file < 0) continue;
        if (flock(file, LOCK_EX | LOCK_NB) == 0 && is_named(file, dirfd(listing), entry->d_name))
            unlinkat(dirfd(listing), entry->d_name, 0);
        close(file);
    }
    if (listing) closedir(listing);
    free(folder);
}

// With its folder, if only "./".
static char *new_path(const char *name)
{
    return format_text("%s%s", strchr(name, '/') ? "" : "./", name);
}

// Opens a file beside, with the owner and mode of the old one (NULL: there is none) as far as that is allowed. The
// number tells it from those that other processes have made.
static FILE *open_beside(Output *output, const struct stat *old)
{
    int file = -1;
    output->path = old ? realpath(output->name, NULL) : new_path(output->name);
    if (!output->path || (old && access(output->path, W_OK) != 0)) return NULL;
    remove_abandoned(output->path);
    for (unsigned number = 0; file < 0; number++) {
        free(output->beside);
        output->beside = format_text("%s.%ld-%u.tmp", output->path, (long)getpid(), number);
        file = open(output->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST) return NULL;
        if (file >= 0 && flock(file, LOCK_EX) == 0 && !is_named(file, AT_FDCWD, output->beside)) {
            close(file);  // somebody took it for a dead one's before it was locked
            file = -1;
        }
    }
    output->lock = fcntl(file, F_DUPFD_CLOEXEC, 0);
    unfinished = output->beside;
    watch_signals();
    if (old && fchown(file, old->st_uid, old->st_gid) != 0) {
        // Then it is ours.
    }
    if (old) fchmod(file, old->st_mode & 0777);
    return fdopen(file, "wb");
}

dm_status output_open(Output *output, const char *path, bool whole, dm_error *error)
{
    struct stat old;
    const bool standard = strcmp(path, "-") == 0, there = !standard && stat(path, &old) == 0;
    *output = (Output){.name = standard ? "standard output" : path, .lock = -1};
    if (standard)
        output->stream = stdout;
    else if (there ? S_ISREG(old.st_mode) : whole)
        output->stream = open_beside(output, there ? &old : NULL);
    else
        output->stream = fopen(path, "wb");
    if (output->stream) return DM_OK;
    dm_status status = failure(error, "cannot write %s: %s", path, strerror(errno));
    return output_close(output, status, error);
}

// A file that nobody has waited for to be whole.
static bool is_new_file(const Output *output)
{
    struct stat info;
    return !output->beside && fstat(fileno(output->stream), &info) == 0 && S_ISREG(info.st_mode);
}

// A new file is written as it goes, for those who want to see it grow. Where the command fails before the first byte,
// it has not been made.
static void remove_empty(const char *path)
{
    struct stat info;
    if (lstat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0) unlink(path);
}

dm_status output_close(Output *output, dm_status status, dm_error *error)
{
    dm_error late;
    if (output->stream) {
        const bool is_new = is_new_file(output), by_us = is_new && output->stream != stdout;
        dm_status end = finish_output(output->stream, output->name, output->beside && !status, &late);
        if (!status && end) *error = late, status = end;
        const size_t used = strlen(error->message);
        if (end && is_new)
            snprintf(error->message + used, sizeof error->message - used, "; what %s holds is not all", output->name);
        if (status && by_us) remove_empty(output->name);
    }
    const bool made = unfinished != NULL;
    if (made && !status && rename(output->beside, output->path) != 0)
        status = failure(error, "cannot write %s: %s", output->name, strerror(errno));
    if (made && status) unlink(output->beside);
    unfinished = NULL;
    if (output->lock >= 0) close(output->lock);
    free(output->beside);
    free(output->path);
    *output = (Output){.lock = -1};
    return status;
}
