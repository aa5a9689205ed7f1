// Files: read whole, written whole. A file is written beside its final name, synced and renamed, so that a reader
// sees the old one or the new one and never half of it.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/error.h"

char *dm_join_path(const char *folder, const char *name);  // the caller frees it
bool dm_exists(const char *path);
// Whether something is at the path. An error that says why where that cannot be told: no permission to look, say.
Status dm_look_for(bool *there, const char *path, Error *error);
bool dm_is_folder(const char *path);
// Fails where these bytes, of a file that messages call so, are what Git LFS leaves in its place.
Status dm_refuse_pointer(const char *name, const void *bytes, size_t size, Error *error);
// Whether an open file is still the one of that name in a folder (a descriptor, or AT_FDCWD): who held a lock on it may
// have removed it before we got the lock.
bool dm_is_named(int file, int folder, const char *name);
bool dm_is_same_file(const char *one, const char *other);  // both are there, and one in truth: links count

// The whole file as bytes with a NUL behind them (not counted in *size; size may be NULL). The caller frees it.
// A folder, a missing or an unreadable file, or what Git LFS has left in the place of one, is an error that names the
// path and the reason. So is a pipe, which would be waited for, ...
Status dm_read_file(const char *path, char **bytes, size_t *size, Error *error);
// ... but where the user has named it: it may be one that his shell makes.
Status dm_read_named_file(const char *path, char **bytes, size_t *size, Error *error);

// A file that is being written beside `path`, under a name that no other writer has, be it of the same path. It has the
// mode of the file that it replaces, else that of any new file. The writer holds a lock on it, which ends with its
// process: what a kill has left is known by that, and goes when somebody writes the same path.
typedef struct FileWriter {
    FILE *stream;
    char *path, *temporary;
    int lock;  // a descriptor, held until the file has its name; -1: none
} FileWriter;

Status dm_writer_open(FileWriter *writer, const char *path, Error *error);
// Flushes, syncs, renames, and syncs the folder. On failure (a full disk, say) the old file is untouched, the temporary
// one removed, and the error says what to do. The writer is closed either way.
Status dm_writer_commit(FileWriter *writer, Error *error);
void dm_writer_discard(FileWriter *writer);

// Of the name of a file that a writer has not committed, a killed one's perhaps: how long the final name is, which it
// begins with. 0: no such name.
size_t dm_temporary_stem(const char *name);

Status dm_write_file(const char *path, const void *bytes, size_t size, Error *error);  // open, write, commit
Status dm_make_folder(const char *path, Error *error);  // with its parents; existing is fine
// What was made, moved or removed in it up to here is on the disk before anything that comes after.
void dm_sync_folder(const char *folder);
