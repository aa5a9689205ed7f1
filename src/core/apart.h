// Work that cannot be interrupted, done apart so that it can be given up: a child process does it and sends the result.
// For libraries that compute for minutes and ask nobody meanwhile. Given up, it leaves nothing behind: no thread, no
// memory, no file.
#pragma once
#include <stdio.h>

#include "core/error.h"
#include "core/stop.h"

// Writes its result, and nothing that the caller could see otherwise: what it changes in memory is gone with the child.
typedef void ApartWork(void *context, FILE *result);

// *bytes: all that the work wrote, which the caller frees. Asks `stop` ten times a second and DM_STOPPED if it says so;
// DM_FAILURE if there can be no child, or if it died. `what`: the work in a sentence, "training a segmenter".
Status dm_work_apart(ApartWork *work, void *context, Stop *stop, const char *what, char **bytes, size_t *size,
                     Error *error);
