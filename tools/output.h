// Where a command's result goes: standard output, or a file. A file that is there already is replaced only when all
// that replaces it is written; a new one, a pipe, a terminal and a device are written as it goes.
#pragma once
#include "tools.h"

typedef struct Output {
    const char *name;  // for errors
    FILE *stream;
    char *path, *beside;  // what is replaced, its links followed, and what is written until then; NULL: as it goes
    int lock;             // of the file beside, until it has its name: what a kill leaves, the next removes
} Output;

// Before anything is opened for writing. path may be "-" for both, and NULL for what is read. What is written must not
// be what is read, under whatever name: by its own, through a link, or as a standard stream.
dm_status output_spare_file(const char *path, const char *read, dm_error *error);
// The same of the files of all --model.
dm_status output_spare_models(const char *path, const dm_options *options, dm_error *error);

// whole: a new file, too, has its name only when it is whole.
dm_status output_open(Output *output, const char *path, bool whole, dm_error *error);
// Closes it, and replaces the old file. Where `status` says that the command has failed, or where this does (which it
// says), the old file stays, and a new one that has nothing in it goes. Returns what is then true.
dm_status output_close(Output *output, dm_status status, dm_error *error);
// For handlers of signals that end the program, and only for them: what is written beside a file is removed.
void output_abandon(void);
