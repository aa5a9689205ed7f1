// A folder for the files of one test program, which is gone with them when the program ends.
#pragma once
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/files.h"

static char scratch_folder[128];

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(path);
}

static void remove_scratch(void)
{
    nftw(scratch_folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

// The path of a file in the folder, good until the next call.
static const char *scratch(const char *name)
{
    static char path[256];
    if (!*scratch_folder) {
        const char *base = getenv("TMPDIR");
        snprintf(scratch_folder, sizeof scratch_folder, "%s/dragoman_test_XXXXXX", base && *base ? base : "/tmp");
        if (!mkdtemp(scratch_folder)) abort();
        atexit(remove_scratch);
    }
    snprintf(path, sizeof path, "%s/%s", scratch_folder, name);
    return path;
}

static inline const char *scratch_file(const char *name, const char *bytes, size_t size)
{
    const char *path = scratch(name);
    dm_error error;
    if (dm_write_file(path, bytes, size, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    return path;
}
