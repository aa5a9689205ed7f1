// Files for tests of text: a folder of the test's own, which is gone when the program ends.
#pragma once
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"

static char scratch_root[512];

static inline int scratch_remove(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)info, (void)flag, (void)walk;
    return remove(path);
}

static inline void scratch_clean(void)
{
    nftw(scratch_root, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
}

// The path of a name in that folder; the caller frees it.
static inline char *scratch(const char *name)
{
    if (!*scratch_root) {
        const char *base = getenv("TMPDIR");
        snprintf(scratch_root, sizeof scratch_root, "%s/dragoman_test_XXXXXX", base && *base ? base : "/tmp");
        if (!mkdtemp(scratch_root)) abort();
        atexit(scratch_clean);
    }
    return dm_join_path(scratch_root, name);
}

// Writes a file there, in a folder of it if the name says so; returns its path, which the caller frees.
static inline char *scratch_write(const char *name, const char *text)
{
    char *path = scratch(name), *folder = dm_copy_string(path);
    *strrchr(folder, '/') = '\0';
    if (dm_make_folder(folder, NULL) || dm_write_file(path, text, strlen(text), NULL)) abort();
    free(folder);
    return path;
}

static inline bool contains(const char *message, const char *part)
{
    if (strstr(message, part)) return true;
    fprintf(stderr, "\n    \"%s\" is not in: %s\n", part, message);
    return false;
}
