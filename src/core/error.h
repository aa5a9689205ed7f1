// Errors: what the input or the system can cause. A function that can fail returns a Status and writes
// one sentence into the caller's Error; what only a programmer can cause is an assertion.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "dragoman/dragoman.h"

typedef dm_status Status;  // DM_OK is 0, so `if (status)` reads "if it failed"
typedef dm_error Error;

// Writes the message (printf form, cut at the size of Error) and returns DM_FAILURE or DM_USAGE, so that a caller
// can say `return dm_fail(error, "%s: ...", path)`. error may be NULL.
Status dm_fail(Error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
Status dm_misuse(Error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

// 20000 -> "20,000", as messages write large numbers; returns text.
const char *dm_with_commas(size_t number, char text[32]);

// What stands behind a noun where so many are meant: "%d line%s".
static inline const char *dm_plural(size_t number)
{
    return number == 1 ? "" : "s";
}

#define DM_COUNT(array) (sizeof(array) / sizeof((array)[0]))
