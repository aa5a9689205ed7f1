// The output of a command: what it must not be, and how it takes the place of an old file.
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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

// Opens a file beside, with the owner and mode of the old one as far as that is allowed. The number tells it from those
// that other processes, or killed ones, have made.
static FILE *open_beside(Output *output, const struct stat *old)
{
    int file = -1;
    output->path = realpath(output->name, NULL);
    if (!output->path || access(output->path, W_OK) != 0) return NULL;
    for (unsigned number = 0; file < 0; number++) {
        free(output->beside);
        output->beside = format_text("%s.%ld-%u.tmp", output->path, (long)getpid(), number);
        file = open(output->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST) return NULL;
    }
    unfinished = output->beside;
    watch_signals();
    if (fchown(file, old->st_uid, old->st_gid) != 0) {
        // Then it is ours.
    }
    fchmod(file, old->st_mode & 0777);
    return fdopen(file, "wb");
}

dm_status output_open(Output *output, const char *path, dm_error *error)
{
    struct stat old;
    const bool standard = strcmp(path, "-") == 0;
    *output = (Output){.name = standard ? "standard output" : path};
    if (standard)
        output->stream = stdout;
    else if (stat(path, &old) == 0 && S_ISREG(old.st_mode))
        output->stream = open_beside(output, &old);
    else
        output->stream = fopen(path, "wb");
    if (output->stream) return DM_OK;
    dm_status status = failure(error, "cannot write %s: %s", path, strerror(errno));
    return output_close(output, status, error);
}

dm_status output_close(Output *output, dm_status status, dm_error *error)
{
    dm_error late;
    if (output->stream) {
        dm_status end = finish_output(output->stream, output->name, output->beside && !status, &late);
        if (!status && end) *error = late, status = end;
    }
    const bool made = unfinished != NULL;
    if (made && !status && rename(output->beside, output->path) != 0)
        status = failure(error, "cannot write %s: %s", output->name, strerror(errno));
    if (made && status) unlink(output->beside);
    unfinished = NULL;
    free(output->beside);
    free(output->path);
    *output = (Output){0};
    return status;
}
