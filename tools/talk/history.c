// What was typed in earlier conversations: a text file, a line for a line, that nobody else can read. Where it cannot
// be read or written there is no history, and that is all.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "talk.h"

static char *joined(const char *folder, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

// Every folder on the way to the file. What stands in the way is noticed when the file is opened.
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

// $XDG_STATE_HOME/dragoman/history; ~/.local/state is what stands for the variable where it is not set, or not to an
// absolute path.
char *history_path(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    if (state && *state == '/')
        path = joined(state, "dragoman/history");
    else if (home && *home == '/')
        path = joined(home, ".local/state/dragoman/history");
    if (path) make_folders(path);
    return path;
}

// A file that has grown long is replaced by its last lines.
static void shorten(const char *path, char *const *lines, int count)
{
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.%ld", path, (long)getpid()) < 0) return;
    const int descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    for (int i = 0; i < count && file; i++) fprintf(file, "%s\n", lines[i]);
    if (file) {
        const bool good = !ferror(file);
        if (fclose(file) == 0 && good)
            rename(temporary, path);
        else
            unlink(temporary);
    }
    free(temporary);
}

int history_read(const char *path, int most, char ***lines)
{
    char **kept = calloc((size_t)most, sizeof *kept), *line = NULL;
    FILE *file = fopen(path, "re");
    size_t room = 0;
    long seen = 0;
    int count = 0;
    for (ssize_t length; kept && file && (length = getline(&line, &room, file)) > 0; seen++) {
        if (line[length - 1] == '\n') line[length - 1] = '\0';
        char *copy = strdup(line);
        if (!copy) break;
        if (count == most) {
            free(kept[0]);
            memmove(kept, kept + 1, (size_t)(--count) * sizeof *kept);
        }
        kept[count++] = copy;
    }
    if (seen > 2L * most) shorten(path, kept, count);
    if (file) fclose(file);
    free(line);
    *lines = kept;
    return count;
}

void history_add(const char *path, const char *line)
{
    char *whole = NULL;
    const int length = asprintf(&whole, "%s\n", line),
              file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    // In one piece, so that the lines of two conversations do not mix.
    const bool added = length > 0 && file >= 0 && write(file, whole, (size_t)length) == length;
    (void)added;
    if (length > 0) free(whole);
    if (file >= 0) close(file);
}
