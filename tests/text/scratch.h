// Files for tests of text.
#pragma once
#include <string.h>

#include "core/memory.h"
#include "core/scratch.h"

// The path of a name in the folder of the test; the caller frees it.
static inline char *scratch_path(const char *name)
{
    return dm_copy_string(scratch(name));
}

// Writes a file there, in a folder of it if the name says so; returns its path, which the caller frees.
static inline char *scratch_write(const char *name, const char *text)
{
    char *path = scratch_path(name), *folder = dm_copy_string(path);
    *strrchr(folder, '/') = '\0';
    if (dm_make_folder(folder, NULL) || dm_write_file(path, text, strlen(text), NULL)) abort();
    dm_free(folder);
    return path;
}

static inline bool contains(const char *message, const char *part)
{
    if (strstr(message, part)) return true;
    fprintf(stderr, "\n    \"%s\" is not in: %s\n", part, message);
    return false;
}
